package validate

import (
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// hasVariable reports whether a text has the beginning of a policy variable. ${*}, ${?} and ${$} are none: they stand for
// the characters.
func hasVariable(s string) bool {
	for {
		_, rest, ok := strings.Cut(s, "${")
		switch {
		case !ok:
			return false
		case strings.HasPrefix(rest, "*}"), strings.HasPrefix(rest, "?}"), strings.HasPrefix(rest, "$}"):
			s = rest[2:]
		default:
			return true
		}
	}
}

// withoutVariables returns the text with a * in the place of each variable.
func withoutVariables(s string) string {
	before, rest, ok := strings.Cut(s, "${")
	if !ok {
		return s
	}
	var b strings.Builder
	for ok {
		b.WriteString(before)
		b.WriteByte('*')
		if _, s, ok = strings.Cut(rest, "}"); !ok {
			return b.String()
		}
		before, rest, ok = strings.Cut(s, "${")
	}
	b.WriteString(before)
	return b.String()
}

// variables judges the policy variables.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (d *document) variables() {
	for _, s := range d.statements {
		for _, m := range s.members() {
			switch m.name {
			case "Sid", "Effect":
				d.noVariables(m.value, m.name)
			case "Action", "NotAction":
				for _, v := range m.value.texts() {
					d.noVariables(v, m.name)
				}
			case "Principal", "NotPrincipal":
				for _, p := range s.principal.entries {
					d.noVariables(p.value, m.name)
				}
			}
		}
		for _, v := range s.resource.values {
			d.checkVariables(v)
		}
		for _, c := range s.condition {
			for _, v := range c.values {
				if v.Kind != jsontree.String || !hasVariable(v.Text) {
					continue
				}
				if c.known && !c.family.hasVariables() {
					d.report("INVALID_VARIABLE_FOR_OPERATOR", v.location(), "%s takes no policy variable; use one of the String or Arn operators, or write the value out", c.base)
					continue
				}
				d.checkVariables(v)
			}
		}
	}
}

func (d *document) noVariables(v value, name string) {
	if v.Kind == jsontree.String && hasVariable(v.Text) {
		d.report("VARIABLE_UNSUPPORTED_IN_ELEMENT", v.location(), "%s takes no policy variable; only Resource and Condition do", name)
	}
}

// checkVariables reports the first thing that is wrong with the variables of a text.
func (d *document) checkVariables(v value) {
	at := 0
	for {
		i := strings.Index(v.Text[at:], "${")
		if i < 0 {
			return
		}
		start := at + i
		length := strings.IndexByte(v.Text[start:], '}')
		if length < 0 {
			if d.version == string(policy.V2012) {
				d.report("MISSING_BRACE_IN_VARIABLE", v.part(start, len(v.Text)-start), "the policy variable does not end; add a }")
			}
			return
		}
		inside := v.Text[start+len("${") : start+length]
		at = start + length + 1
		if inside == "*" || inside == "?" || inside == "$" {
			continue
		}
		here := func() Location { return v.part(start, length+1) }
		if d.version != string(policy.V2012) {
			d.report("VARIABLE_UNSUPPORTED_IN_VERSION", here(), `the policy variable ${%s} is text in this version of the language; write "Version": "2012-10-17"`, inside)
			return
		}
		if d.checkVariable(inside, here) {
			return
		}
	}
}

// checkVariable reports what is wrong with one variable, and whether anything is.
func (d *document) checkVariable(inside string, at func() Location) bool {
	name, fallback, hasDefault := strings.Cut(inside, ",")
	bad := strings.IndexFunc(name, func(r rune) bool { return strings.ContainsRune(`"'!#$%^&*()=?<>[]{};|\`+"`~", r) })
	_, isTag := authref.GlobalConditionKey(name) // a tag's key may hold spaces
	isTag = isTag && strings.Contains(name, "/")
	fallback = strings.TrimSpace(fallback)
	switch {
	case strings.TrimSpace(inside) == "" || strings.TrimSpace(name) == "":
		d.report("EMPTY_VARIABLE", at(), "the policy variable names no key; name one or remove it")
	case strings.Contains(name, " ") && !isTag:
		d.report("UNSUPPORTED_SPACE_IN_VARIABLE", at(), "the name of the policy variable has a space; remove it")
	case bad >= 0 && !isTag:
		d.report("UNSUPPORTED_SYMBOL_IN_VARIABLE", at(), "the name of the policy variable has the character %s; remove it", quoted(name[bad:bad+1]))
	case hasDefault && (len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\''):
		d.report("MISSING_QUOTE_IN_VARIABLE", at(), "the default of the policy variable must stand in single quotes: ${%s, 'value'}", strings.TrimSpace(name))
	default:
		return false
	}
	return true
}
