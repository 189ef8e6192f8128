// Package condition evaluates the Condition element of IAM policies: the condition operators, and the values of the
// request context that they test.
//
// A [Condition] is one key under one operator, compiled from a [policy.Condition]. [Condition.Evaluate] answers
// [True], [False], or [Missing] where the condition is false because the request does not carry the key, so that an
// explanation can name it. Evaluation allocates nothing and cannot fail: what is not understood (an unknown
// operator, a CIDR block that is none, a date that is none) is refused by [Compile] with its position, because a
// condition that silently fails to match turns a Deny into an allow.
//
// All operators of AWS are here: the String, Numeric, Date, Bool, Binary, IpAddress, Arn and Null families, their
// negations, the suffix IfExists, and the prefixes ForAnyValue: and ForAllValues:. The values are compared as the
// pages say:
//
//   - The values listed for a key are alternatives; under a negated operator the request's value must differ from all.
//   - A key that is absent makes a positive operator false, a negated one true, and any with IfExists true, but for
//     ForAnyValue, which is false, and ForAllValues, which is true.
//   - A key with several values needs ForAnyValue or ForAllValues; without, the condition is false.
//   - Numbers are compared as decimals, dates as instants, addresses by prefix, and ARNs part by part.
//   - Policy variables are read in the string and ARN operators and in Bool; see [ARNPattern].
//
// This package does not know which keys AWS has, nor which of them are lists; package authref does, and [Compile] is
// told.
//
// Implemented from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html.
package condition

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// A Result is what a condition says of a request. The zero Result is False.
type Result uint8

// The results.
const (
	False   Result = iota
	Missing        // false, because the request context does not have the key
	True
)

// A Condition is one key under one operator, compiled. It does not change, and is safe for concurrent use.
type Condition struct {
	op  Operator
	key Key
	n   int // how many values the policy lists; with none, nothing matches

	// The values, in the form of the operator's family.
	texts    []text
	arns     []ARNPattern
	numbers  []decimal
	dates    []instant
	prefixes []netip.Prefix
	binaries [][]byte
	null     [2]bool // Null: lists false, lists true
}

// Options is what Compile needs to know besides the condition.
type Options struct {
	Version policy.Version // whether ${…} is a variable
	// Multivalued tells whether a key is a list in the request context; nil means that none is known to be.
	Multivalued func(key string) bool
	// Lenient accepts policy variables where AWS reads them as text that can never match: under Numeric, Date, Binary,
	// IpAddress and Null, unless they are negated. It is for statements in which a condition that never holds can
	// only deny.
	Lenient bool
}

// Compile checks a condition and compiles it. The error, if any, is a [*policy.Error] whose path starts at the
// condition's operator.
func Compile(c policy.Condition, o Options) (*Condition, error) {
	fail := func(v policy.Value, path, format string, args ...any) (*Condition, error) {
		return nil, &policy.Error{Pos: v.Span.Start, Path: path, Reason: fmt.Sprintf(format, args...)}
	}
	op, err := ParseOperator(c.Operator.Text)
	if err != nil {
		return fail(c.Operator, c.Operator.Text, "%v", err)
	}
	path := c.Operator.Text + "." + c.Key.Text
	if c.Key.Text == "" {
		return fail(c.Key, c.Operator.Text, "the condition key is empty")
	}
	cond := &Condition{op: op, key: o.key(c.Key.Text), n: len(c.Values)}
	for i, v := range c.Values {
		if err := cond.add(v, o); err != nil {
			if len(c.Values) > 1 {
				path = fmt.Sprintf("%s[%d]", path, i)
			}
			return fail(v, path, "%v", err)
		}
	}
	return cond, nil
}

// add compiles one of the values that the policy lists.
func (c *Condition) add(v policy.Value, o Options) (err error) {
	if o.Lenient && !c.op.negated && o.Version.HasVariables() && !c.op.family.hasVariables() && strings.Contains(v.Text, "${") {
		return nil // a text that is no number, date, address …: it matches nothing
	}
	switch c.op.family {
	case stringEquals, stringEqualsIgnoreCase, stringLike, boolean:
		t, err := compileText(v.Text, c.op.family == stringLike, o)
		if err != nil {
			return err
		}
		if c.op.family == boolean && t.template == nil && !isBool(t.literal) {
			return fmt.Errorf("%q is not a boolean; expected true or false", v.Text)
		}
		c.texts = append(c.texts, t)
	case arnLike:
		p, err := ParseARNPattern(v.Text, o)
		if err != nil {
			return err
		}
		c.arns = append(c.arns, p)
	case numeric:
		d, ok := parseDecimal(v.Text)
		if !ok {
			return fmt.Errorf("%q is not a number", v.Text)
		}
		c.numbers = append(c.numbers, d)
	case date:
		d, ok := parseInstant(v.Text)
		if !ok {
			return fmt.Errorf("%q is not a date; expected one such as 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970", v.Text)
		}
		c.dates = append(c.dates, d)
	case ipAddress:
		p, err := parsePrefix(v.Text)
		if err != nil {
			return fmt.Errorf("%q is not an IP address or CIDR block; expected one such as 203.0.113.0/24", v.Text)
		}
		c.prefixes = append(c.prefixes, p)
	case binary:
		b, ok := appendBinary(nil, v.Text)
		if !ok {
			return fmt.Errorf("%q is not base64", v.Text)
		}
		c.binaries = append(c.binaries, b)
	case null:
		if !isBool(v.Text) {
			return fmt.Errorf("%q is not a boolean; expected true (the key is absent) or false (it is present)", v.Text)
		}
		if strings.EqualFold(v.Text, "true") {
			c.null[1] = true
		} else {
			c.null[0] = true
		}
	}
	return nil
}

// Operator returns the condition's operator.
func (c *Condition) Operator() Operator { return c.op }

// Key returns the condition's key.
func (c *Condition) Key() Key { return c.key }

// Evaluate tests the request's values. It is the whole of the logic: what an absent key means, what a list of values
// means, and what a negation does.
func (c *Condition) Evaluate(s *Scope) Result {
	if c.n == 0 {
		return False
	}
	var one [1]string
	values := s.values(&c.key, &one)
	if c.op.family == null {
		return result(len(values) == 0 && c.null[1] || len(values) > 0 && c.null[0])
	}
	if len(values) == 0 {
		switch {
		case c.op.set == forAllValues:
			return True
		case c.op.set == forAnyValue:
			return Missing // with IfExists and negated, too
		case c.op.ifExists, c.op.negated:
			return True
		}
		return Missing
	}
	switch c.op.set {
	case forAllValues:
		for _, v := range values {
			if c.matches(v, s) == c.op.negated {
				return False
			}
		}
		return True
	case forAnyValue:
		for _, v := range values {
			if c.matches(v, s) != c.op.negated {
				return True
			}
		}
		return False
	}
	if len(values) > 1 || c.key.multivalued {
		return False // a list needs a set operator
	}
	return result(c.matches(values[0], s) != c.op.negated)
}

func result(ok bool) Result {
	if ok {
		return True
	}
	return False
}

// matches reports whether one value of the request fits one of the policy's values, leaving negation aside. A value
// that cannot be read (as a number, say) fits none.
func (c *Condition) matches(v string, s *Scope) bool {
	switch c.op.family {
	case stringEquals:
		for i := range c.texts {
			if c.texts[i].equals(v, s, false) {
				return true
			}
		}
	case stringEqualsIgnoreCase, boolean:
		if c.op.family == boolean && !isBool(v) {
			return false
		}
		for i := range c.texts {
			if c.texts[i].equals(v, s, true) {
				return true
			}
		}
	case stringLike:
		for i := range c.texts {
			if c.texts[i].like(v, s) {
				return true
			}
		}
	case arnLike:
		var a ARN
		a.Set(v)
		for i := range c.arns {
			if matches, _ := c.arns[i].Match(&a, s); matches {
				return true
			}
		}
	case numeric:
		d, ok := parseDecimal(v)
		for i := range c.numbers {
			if ok && c.op.order.holds(d.compare(c.numbers[i])) {
				return true
			}
		}
	case date:
		d, ok := parseInstant(v)
		for i := range c.dates {
			if ok && c.op.order.holds(d.compare(c.dates[i])) {
				return true
			}
		}
	case ipAddress:
		addr, err := netip.ParseAddr(v)
		for i := range c.prefixes {
			if err == nil && c.prefixes[i].Contains(addr) {
				return true
			}
		}
	case binary:
		var buf [256]byte
		b, ok := appendBinary(buf[:0], v)
		for i := range c.binaries {
			if ok && slices.Equal(b, c.binaries[i]) {
				return true
			}
		}
	}
	return false
}

// AbsentKeys calls yield for each key that the condition refers to, variables included, and the request does not have.
func (c *Condition) AbsentKeys(s *Scope, yield func(key string)) {
	if !s.has(&c.key) {
		yield(c.key.name)
	}
	for i := range c.texts {
		c.texts[i].template.absentKeys(s, yield)
	}
	for i := range c.arns {
		c.arns[i].AbsentKeys(s, yield)
	}
}
