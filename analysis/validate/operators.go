package validate

import (
	"strings"

	"github.com/writ-iam/writ/authref"
	cond "github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/internal/jsontree"
)

// A family is a kind of comparison.
type family string

// The families, by the beginning of the operators' names.
const (
	stringFamily  family = "String"
	numericFamily family = "Numeric"
	dateFamily    family = "Date"
	boolFamily    family = "Bool"
	binaryFamily  family = "Binary"
	ipFamily      family = "IpAddress"
	arnFamily     family = "Arn"
	nullFamily    family = "Null"
)

// hasVariables reports whether AWS's page lets values under operators of the family have policy variables.
func (f family) hasVariables() bool { return f == stringFamily || f == arnFamily }

// A setOperator is what stands before an operator's colon.
type setOperator uint8

const (
	noSet setOperator = iota
	forAnyValue
	forAllValues
)

// An operator is a condition operator as far as it can be read.
type operator struct {
	written  string
	base     string // as AWS spells it, without set operator and IfExists
	known    bool
	family   family
	set      setOperator
	ifExists bool
	negated  bool
}

// parseOperator reads the name of an operator. Null is read with what it cannot have, too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func parseOperator(name string) operator {
	o := operator{written: name}
	rest := name
	if prefix, base, ok := strings.Cut(name, ":"); ok {
		rest = base
		switch strings.ToLower(prefix) {
		case "foranyvalue":
			o.set = forAnyValue
		case "forallvalues":
			o.set = forAllValues
		default:
			return o
		}
	}
	const suffix = "IfExists"
	if n := len(rest) - len(suffix); n > 0 && strings.EqualFold(rest[n:], suffix) {
		rest, o.ifExists = rest[:n], true
	}
	op, err := cond.ParseOperator(rest)
	if err != nil {
		return o
	}
	o.base, o.known = op.String(), true
	o.negated = strings.Contains(o.base, "Not")
	for _, f := range []family{stringFamily, numericFamily, dateFamily, boolFamily, binaryFamily, arnFamily, nullFamily} {
		if strings.HasPrefix(o.base, string(f)) {
			o.family = f
			return o
		}
	}
	o.family = ipFamily // IpAddress, NotIpAddress
	return o
}

// holdsOnlyIfPresent reports whether the condition is false in a request that has no such key.
func (o *operator) holdsOnlyIfPresent() bool {
	return o.known && !o.negated && !o.ifExists && o.set != forAllValues && o.family != nullFamily
}

// isLike reports whether * and ? are wildcards under the operator.
func (o *operator) isLike() bool { return o.family == arnFamily || strings.HasSuffix(o.base, "Like") }

// operators judges condition operators by themselves and with their keys.
func (d *document) operators() {
	for _, s := range d.statements {
		for _, m := range s.members() {
			if m.name == "Condition" {
				d.checkOperators(m.value)
			}
		}
		for _, c := range s.condition {
			if c.known {
				d.checkSet(c)
				d.checkKeyType(c)
				d.checkWildcards(c)
			}
		}
	}
}

func (d *document) checkOperators(v value) {
	d.checkSpellings(v, "the operator")
	for _, m := range v.members() {
		o := parseOperator(m.name)
		switch {
		case !o.known:
			d.report("INVALID_CONDITION_OPERATOR", m.key, "there is no condition operator %s%s", quoted(m.name), d.didYouMean(m.name, operatorNames))
		case o.family == nullFamily && o.ifExists:
			d.report("NULL_WITH_IF_EXISTS", m.key, "Null asks whether the key exists, so it takes no IfExists; remove it")
		case o.family == nullFamily && o.set != noSet:
			d.report("NULL_WITH_QUALIFIER", m.key, "Null takes no set operator; write Null alone")
		}
		if m.value.Kind == jsontree.Object {
			d.checkSpellings(m.value, "the condition key")
		}
	}
}

// operatorNames are the operators that are suggested for others.
var operatorNames = []string{
	"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "BinaryEquals", "Bool", "DateEquals", "DateGreaterThan",
	"DateGreaterThanEquals", "DateLessThan", "DateLessThanEquals", "DateNotEquals", "IpAddress", "NotIpAddress", "Null",
	"NumericEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "NumericLessThan", "NumericLessThanEquals",
	"NumericNotEquals", "StringEquals", "StringEqualsIgnoreCase", "StringLike", "StringNotEquals", "StringNotEqualsIgnoreCase",
	"StringNotLike",
}

// checkSpellings reports keys of one object that differ in case at most.
func (d *document) checkSpellings(v value, what string) {
	first := map[string]member{}
	for _, m := range v.members() {
		lower := strings.ToLower(m.name)
		if other, twice := first[lower]; twice {
			d.reportAll("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", []Location{m.key, other.key}, "%s %s was given already as %s; put the values together", what, quoted(m.name), quoted(other.name))
			continue
		}
		first[lower] = m
	}
}

// checkSet judges whether the operator fits the number of values that a request has for the key.
func (d *document) checkSet(c *condition) {
	if c.family == nullFamily || isAudience(c.key) {
		return
	}
	t, known := typeOfKey(c.key)
	several := authref.Multivalued(c.key) || t.Multivalued()
	switch {
	case c.set == noSet && several:
		d.report("MISSING_QUALIFIER", c.operatorKey, "a request can have several values for %s; write ForAnyValue:%s or ForAllValues:%s", c.key, c.base, c.base)
	case c.set == forAllValues && known && !several:
		d.report("FORALLVALUES_WITH_SINGLE_VALUED_KEY", c.operatorKey, "ForAllValues holds without %s, too, which has one value at most; remove ForAllValues", c.key)
	}
}

// checkKeyType judges whether the operator compares what the key has.
func (d *document) checkKeyType(c *condition) {
	t, known := typeOfKey(c.key)
	if !known || c.family == nullFamily {
		return
	}
	t = t.Single()
	want := map[authref.ConditionType]family{
		authref.String: stringFamily, authref.ARN: arnFamily, authref.Bool: boolFamily, authref.Date: dateFamily,
		authref.Numeric: numericFamily, authref.IPAddress: ipFamily, authref.Binary: binaryFamily,
	}[t]
	switch {
	case want == "" || want == c.family:
	case t == authref.ARN && c.family == stringFamily:
		if strings.HasSuffix(c.base, "Like") {
			d.report("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", c.operatorKey, "a * of %s passes over the colons of the ARN in %s; write %s", c.base, c.key, strings.Replace(c.base, "String", "Arn", 1))
		}
	case t == authref.String && c.family == arnFamily && strings.Contains(c.key, "/"), t == authref.String && c.family == arnFamily && hasPrefixFold(c.key, "kms:EncryptionContext:"):
		// What stands in a tag or an encryption context can be an ARN.
	case strings.EqualFold(c.key, "aws:EpochTime") && c.family == numericFamily:
	case t == authref.Numeric && c.family == dateFamily, t == authref.Date && c.family == numericFamily:
		d.report("TYPE_MISMATCH", c.operatorKey, "%s is a %s; use one of the %s operators", c.key, strings.ToLower(t.String()), want)
	default:
		d.report("TYPE_MISMATCH", c.operatorKey, "%s is of type %s, which %s does not compare; use %s", c.key, t, c.base, operatorOf(want))
	}
}

// operatorOf names the operators of a family.
func operatorOf(f family) string {
	switch f {
	case boolFamily:
		return "Bool"
	case binaryFamily:
		return "BinaryEquals"
	case ipFamily:
		return "IpAddress or NotIpAddress"
	}
	return "one of the " + string(f) + " operators"
}

// checkWildcards judges wildcards in the values.
func (d *document) checkWildcards(c *condition) {
	for _, v := range c.values {
		if v.Kind != jsontree.String {
			continue
		}
		text := withoutEscapes(v.Text)
		switch {
		case c.family == stringFamily && !c.isLike() && strings.ContainsAny(text, "*?"):
			like := "StringLike"
			if c.negated {
				like = "StringNotLike"
			}
			d.report("WILDCARD_WITHOUT_LIKE_OPERATOR", v.location(), "* and ? are no wildcards under %s; if they are meant as such, use %s", c.base, like)
		case c.isLike() && text != "" && strings.Trim(text, "*") == "":
			d.checkAnything(c, v)
		case c.isLike() && c.family == stringFamily:
			d.checkSensitive(c, v, text)
		}
	}
}

// checkAnything judges a pattern that every value matches: it only asks whether the key is there, or nothing.
func (d *document) checkAnything(c *condition, v value) {
	switch {
	case c.set == forAnyValue && c.ifExists:
	case c.set == forAnyValue && c.negated:
		d.report("REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION", v.location(), "* matches every value of %s, so this never holds; write the values that are meant, or remove the statement", c.key)
	case c.negated:
		d.report("EQUIVALENT_TO_NULL_TRUE", v.location(), `* matches every value, so this only asks whether the key is absent; write "Null": {%s: "true"}`, quoted(c.key))
	case c.ifExists || c.set == forAllValues:
		d.report("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", v.location(), "* matches every value, so this always holds; remove the key %s", c.key)
	default:
		d.report("EQUIVALENT_TO_NULL_FALSE", v.location(), `* matches every value, so this only asks whether the key is there; write "Null": {%s: "false"}`, quoted(c.key))
	}
}

// checkSensitive judges a pattern for an id, of which a part says nothing.
func (d *document) checkSensitive(c *condition, v value, text string) {
	switch key := strings.ToLower(c.key); {
	case key == "aws:userid":
		if id, _, _ := strings.Cut(text, ":"); id != "*" && strings.ContainsAny(id, "*?") {
			d.report("WILDCARD_USAGE_TOO_PERMISSIVE", v.location(), "%s matches ids of others, too; write the id out, and * at most behind the colon, as in AROAEXAMPLEID:*", quoted(v.Text))
		}
	case !sensitiveKeys[key]:
	case strings.ContainsAny(text, "*?"):
		d.report("WILDCARD_USAGE_TOO_PERMISSIVE", v.location(), "%s matches values of others for %s, too; write the values out, under %s", quoted(v.Text), c.key, equalsOf(c))
	case hasForeignVariable(v.Text):
		d.report("VARIABLE_USAGE_TOO_PERMISSIVE", v.location(), "%s should be compared as it is, not with a pattern that has a policy variable; write %s", c.key, equalsOf(c))
	}
}

// hasForeignVariable reports whether a text has a policy variable that can stand for anything, as a tag can; those of
// sensitive keys stand for ids.
func hasForeignVariable(text string) bool {
	for {
		_, rest, ok := strings.Cut(text, "${")
		if !ok {
			return false
		}
		var name string
		name, text, _ = strings.Cut(rest, "}")
		if name != "*" && name != "?" && name != "$" && !sensitiveKeys[strings.ToLower(name)] {
			return true
		}
	}
}

// equalsOf returns the operator that compares as a Like operator does, but without wildcards.
func equalsOf(c *condition) string { return strings.Replace(c.base, "Like", "Equals", 1) }

// withoutEscapes returns a text without its variables and without ${*}, ${?} and ${$}, which are no wildcards.
func withoutEscapes(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteByte('x')
		if _, s, ok = strings.Cut(rest, "}"); !ok {
			return b.String()
		}
	}
}

// isAudience reports whether a key is the audience of a web identity token, of which some providers have several.
func isAudience(key string) bool {
	provider, claim, ok := cutLast(key, ":")
	return ok && strings.EqualFold(claim, "aud") && strings.Contains(provider, ".")
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
