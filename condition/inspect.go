package condition

import "strings"

// This file is for those who do not evaluate a condition but reason about it: what kind of values it compares, and which
// policy variables it depends on.

// A Comparison is what an operator takes the values of a key for.
type Comparison uint8

// The comparisons.
const (
	Texts      Comparison = iota // StringEquals and its negation
	FoldedText                   // StringEqualsIgnoreCase
	Patterns                     // StringLike
	ARNs                         // ArnLike, ArnEquals
	Numbers
	Dates
	Booleans
	Addresses
	Bytes    // BinaryEquals
	Presence // Null
)

// Comparison returns what the operator takes values for, whether or not it is negated.
func (o Operator) Comparison() Comparison {
	return [...]Comparison{
		stringEquals: Texts, stringEqualsIgnoreCase: FoldedText, stringLike: Patterns, arnLike: ARNs, numeric: Numbers,
		date: Dates, boolean: Booleans, ipAddress: Addresses, binary: Bytes, null: Presence,
	}[o.family]
}

// ForAnyValue reports whether the operator has that prefix.
func (o Operator) ForAnyValue() bool { return o.set == forAnyValue }

// ForAllValues reports whether the operator has that prefix.
func (o Operator) ForAllValues() bool { return o.set == forAllValues }

// Negated reports whether the operator is one that holds where the values differ.
func (o Operator) Negated() bool { return o.negated }

// IfExists reports whether the operator has that suffix.
func (o Operator) IfExists() bool { return o.ifExists }

// HasVariables reports whether policy variables are read in the operator's values.
func (o Operator) HasVariables() bool { return o.family.hasVariables() }

// Lower returns the key's name in lower case, by which keys are told apart.
func (k Key) Lower() string { return k.lower }

// Multivalued reports whether the key is known to be a list in the request context.
func (k Key) Multivalued() bool { return k.multivalued }

// Variables returns the keys, in lower case, whose values a text of a policy takes in. ${*}, ${?} and ${$} are no variables.
// The error is that of a variable that cannot be read.
func Variables(text string, o Options) ([]string, error) {
	t, _, err := parseTemplate(text, false, o)
	if t == nil {
		return nil, err
	}
	var keys []string
	for i := range t.parts {
		if t.parts[i].variable {
			keys = append(keys, t.parts[i].key.lower)
		}
	}
	return keys, nil
}

// Fill returns a text of a policy with its variables replaced by what they stand for in the scope: *, ? and $ in that are
// written ${*}, ${?} and ${$}, so that the text still means what it did. If a variable has no value, known is false: the
// text fits nothing.
func Fill(text string, o Options, s *Scope) (filled string, known bool, err error) {
	if !o.Version.HasVariables() || !strings.Contains(text, "${") {
		return text, true, nil
	}
	if _, _, err := parseTemplate(text, false, o); err != nil {
		return "", false, err
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), true, nil
		}
		inside, after, _ := strings.Cut(rest, "}")
		text = after
		if inside == "*" || inside == "?" || inside == "$" {
			b.WriteString("${" + inside + "}")
			continue
		}
		p, err := parseVariable(inside, o)
		if err != nil {
			return "", false, err
		}
		value, ok := p.value(s)
		if !ok {
			return "", false, nil
		}
		b.WriteString(escape.Replace(value))
	}
}

var escape = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

// Escape returns the text of a policy, in a version with variables, that stands for a value and nothing else.
func Escape(value string) string { return escape.Replace(value) }
