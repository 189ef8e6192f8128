package condition

import (
	"fmt"
	"strings"
)

// A family is a kind of comparison.
type family uint8

const (
	stringEquals family = iota
	stringEqualsIgnoreCase
	stringLike
	numeric
	date
	boolean
	binary
	ipAddress
	arnLike
	null
)

// hasVariables reports whether ${…} is a policy variable under operators of the family. The pages on operators and on
// variables disagree about Bool; AWS accepts them there.
func (f family) hasVariables() bool {
	return f == stringEquals || f == stringEqualsIgnoreCase || f == stringLike || f == arnLike || f == boolean
}

// An order is the comparison of a numeric or date operator.
type order uint8

const (
	equal order = iota
	less
	lessEqual
	greater
	greaterEqual
)

// holds reports whether the order holds for a comparison that came out as c (-1, 0, 1).
func (o order) holds(c int) bool {
	switch o {
	case less:
		return c < 0
	case lessEqual:
		return c <= 0
	case greater:
		return c > 0
	case greaterEqual:
		return c >= 0
	}
	return c == 0
}

// A setOperator says how the several values of a key count.
type setOperator uint8

const (
	noSet setOperator = iota
	forAnyValue
	forAllValues
)

// An Operator is a condition operator: a base such as StringLike, and what stands around it.
type Operator struct {
	name     string // as AWS spells it
	family   family
	order    order
	negated  bool
	ifExists bool
	set      setOperator
}

// operators is the table of all operators, without prefix and suffix, by lower-case name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = func() map[string]Operator {
	table := make(map[string]Operator)
	add := func(name string, f family, o order, negated bool) {
		table[strings.ToLower(name)] = Operator{name: name, family: f, order: o, negated: negated}
	}
	add("StringEquals", stringEquals, equal, false)
	add("StringNotEquals", stringEquals, equal, true)
	add("StringEqualsIgnoreCase", stringEqualsIgnoreCase, equal, false)
	add("StringNotEqualsIgnoreCase", stringEqualsIgnoreCase, equal, true)
	add("StringLike", stringLike, equal, false)
	add("StringNotLike", stringLike, equal, true)
	for prefix, f := range map[string]family{"Numeric": numeric, "Date": date} {
		add(prefix+"Equals", f, equal, false)
		add(prefix+"NotEquals", f, equal, true)
		add(prefix+"LessThan", f, less, false)
		add(prefix+"LessThanEquals", f, lessEqual, false)
		add(prefix+"GreaterThan", f, greater, false)
		add(prefix+"GreaterThanEquals", f, greaterEqual, false)
	}
	add("Bool", boolean, equal, false)
	add("BinaryEquals", binary, equal, false)
	add("IpAddress", ipAddress, equal, false)
	add("NotIpAddress", ipAddress, equal, true)
	add("ArnEquals", arnLike, equal, false) // ArnEquals and ArnLike behave identically
	add("ArnNotEquals", arnLike, equal, true)
	add("ArnLike", arnLike, equal, false)
	add("ArnNotLike", arnLike, equal, true)
	add("Null", null, equal, false)
	return table
}()

// ParseOperator reads an operator's name, prefix and suffix included. AWS's page gives no word on case; names are
// accepted in any, as AWS does.
func ParseOperator(s string) (Operator, error) {
	base, set := s, noSet
	if prefix, rest, ok := strings.Cut(s, ":"); ok {
		switch {
		case strings.EqualFold(prefix, "ForAnyValue"):
			base, set = rest, forAnyValue
		case strings.EqualFold(prefix, "ForAllValues"):
			base, set = rest, forAllValues
		default:
			return Operator{}, fmt.Errorf("unknown set operator %q; expected ForAnyValue or ForAllValues", prefix)
		}
	}
	lower := strings.ToLower(base)
	lower, ifExists := strings.CutSuffix(lower, "ifexists")
	op, ok := operators[lower]
	switch {
	case !ok:
		return Operator{}, fmt.Errorf("unknown condition operator %q", s)
	case op.family == null && ifExists:
		return Operator{}, fmt.Errorf("%q: Null cannot be combined with IfExists", s)
	case op.family == null && set != noSet:
		return Operator{}, fmt.Errorf("%q: Null takes no set operator", s)
	}
	op.set, op.ifExists = set, ifExists
	return op, nil
}

// String returns the operator as AWS spells it.
func (o Operator) String() string {
	s := o.name
	switch o.set {
	case forAnyValue:
		s = "ForAnyValue:" + s
	case forAllValues:
		s = "ForAllValues:" + s
	}
	if o.ifExists {
		s += "IfExists"
	}
	return s
}

// AsksForText reports whether the operator holds for certain texts or ARNs: one of the String or Arn families, not negated.
func (o Operator) AsksForText() bool {
	return !o.negated && (o.family == stringEquals || o.family == stringEqualsIgnoreCase || o.family == stringLike || o.family == arnLike)
}
