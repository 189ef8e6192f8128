package condition

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/writ-iam/writ/internal/glob"
)

// A template is a text with policy variables: ${aws:username}, ${aws:PrincipalTag/team, 'none'} with a default for an
// absent key, and ${*}, ${?} and ${$} for the characters themselves. What a variable stands for is text: an asterisk in
// it is no wildcard. A variable whose key is absent, or is a list, has no value, and then the template fits nothing.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
type template struct {
	parts []part
}

// A part is a stretch of text or a variable.
type part struct {
	text     glob.Pattern // with wildcards, if the template's text has any
	variable bool
	key      Key
	fallback string
	hasValue bool // there is a default, perhaps empty
}

// parseTemplate reads a text with variables, and with * and ? as wildcards outside of them. It returns nil for a text
// whose variables, if any, are all known now, and its pattern.
func parseTemplate(s string, wildcards bool, o Options) (*template, glob.Pattern, error) {
	add := glob.Literal
	if wildcards {
		add = glob.Append
	}
	if !o.Version.HasVariables() {
		return nil, glob.Pattern(add(nil, s)), nil
	}
	var t template
	var fixed []byte
	for {
		before, rest, found := strings.Cut(s, "${")
		fixed = add(fixed, before)
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, "", fmt.Errorf("the policy variable ${%s has no }", rest)
		}
		s = after
		if inside == "*" || inside == "?" || inside == "$" {
			fixed = glob.Literal(fixed, inside)
			continue
		}
		v, err := parseVariable(inside, o)
		if err != nil {
			return nil, "", err
		}
		if len(fixed) > 0 {
			t.parts = append(t.parts, part{text: glob.Pattern(fixed)})
			fixed = nil
		}
		t.parts = append(t.parts, v)
	}
	if t.parts == nil {
		return nil, glob.Pattern(fixed), nil
	}
	if len(fixed) > 0 {
		t.parts = append(t.parts, part{text: glob.Pattern(fixed)})
	}
	return &t, "", nil
}

// parseVariable reads what stands between ${ and }: a key, perhaps with a default.
func parseVariable(s string, o Options) (part, error) {
	name, fallback, hasDefault := strings.Cut(s, ",")
	v := part{variable: true, key: o.key(strings.TrimSpace(name)), hasValue: hasDefault}
	if v.key.name == "" {
		return part{}, fmt.Errorf("the policy variable ${%s} names no key", s)
	}
	if hasDefault {
		fallback = strings.TrimSpace(fallback)
		if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
			return part{}, fmt.Errorf("the default of the policy variable ${%s} is not in single quotes", s)
		}
		v.fallback = fallback[1 : len(fallback)-1]
	}
	return v, nil
}

// value returns what the variable stands for.
func (p *part) value(s *Scope) (string, bool) {
	if v, ok := s.value(&p.key); ok {
		return v, true
	}
	// A default is for an absent key; a key that is a list has no value, but is there.
	return p.fallback, p.hasValue && !s.has(&p.key)
}

// appendPattern adds the template with its variables filled in to buf; it reports false if one has no value.
func (t *template) appendPattern(buf []byte, s *Scope) ([]byte, bool) {
	for i := range t.parts {
		p := &t.parts[i]
		if !p.variable {
			buf = append(buf, p.text...)
			continue
		}
		v, ok := p.value(s)
		if !ok {
			return buf, false
		}
		buf = glob.Literal(buf, v)
	}
	return buf, true
}

// resolved is the size of the buffer on the stack for a template with its variables filled in; what is longer goes to
// the heap.
const resolved = 256

// pattern views b as a pattern without copying it; b must not change while the pattern is in use.
func pattern(b []byte) glob.Pattern {
	return glob.Pattern(unsafe.String(unsafe.SliceData(b), len(b)))
}

// match reports whether the template, as a pattern, matches the text.
func (t *template) match(v string, s *Scope) bool {
	var buf [resolved]byte
	b, ok := t.appendPattern(buf[:0], s)
	return ok && pattern(b).Match(v)
}

// equals reports whether the template, which has no wildcards, is the text.
func (t *template) equals(v string, s *Scope, ignoreCase bool) bool {
	if ignoreCase {
		var buf [resolved]byte
		b, ok := t.appendPattern(buf[:0], s)
		return ok && strings.EqualFold(string(pattern(b)), v)
	}
	for i := range t.parts {
		p := &t.parts[i]
		text, ok := string(p.text), true
		if p.variable {
			text, ok = p.value(s)
		}
		if !ok || !strings.HasPrefix(v, text) {
			return false
		}
		v = v[len(text):]
	}
	return v == ""
}

// start returns the text before the first variable or wildcard, whose end is not known before a request comes.
func (t *template) start() string {
	if t.parts[0].variable {
		return ""
	}
	start, _ := t.parts[0].text.Prefix()
	return start
}

// absentKeys calls yield for each key of a variable without a default that the request does not have. A nil
// template has none.
func (t *template) absentKeys(s *Scope, yield func(key string)) {
	if t == nil {
		return
	}
	for i := range t.parts {
		if p := &t.parts[i]; p.variable && !p.hasValue && !s.has(&p.key) {
			yield(p.key.name)
		}
	}
}

// A text is a value of a string operator: fixed, or a template.
type text struct {
	literal  string
	pattern  glob.Pattern
	template *template
}

func compileText(s string, wildcards bool, o Options) (text, error) {
	t, p, err := parseTemplate(s, wildcards, o)
	if err != nil {
		return text{}, err
	}
	return text{string(p), p, t}, nil
}

func (t *text) equals(v string, s *Scope, ignoreCase bool) bool {
	switch {
	case t.template != nil:
		return t.template.equals(v, s, ignoreCase)
	case ignoreCase:
		return strings.EqualFold(t.literal, v)
	}
	return t.literal == v
}

func (t *text) like(v string, s *Scope) bool {
	if t.template != nil {
		return t.template.match(v, s)
	}
	return t.pattern.Match(v)
}
