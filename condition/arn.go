package condition

import (
	"strings"

	"github.com/writ-iam/writ/internal/glob"
)

// An ARNPattern is a pattern over ARNs, as the Resource element and the ARN operators hold them: * and ? are wildcards,
// ${…} is a policy variable. It is matched part by part: a wildcard in one of the first five parts of an ARN stays within
// it, and a * at the end of a pattern of fewer parts stands for the others, too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
type ARNPattern struct {
	fixed    glob.ARN
	template *template // if there are variables; then fixed is not set
	start    string
	problem  string
}

// ParseARNPattern reads a pattern. The error is one of a policy variable that cannot be read.
func ParseARNPattern(s string, o Options) (p ARNPattern, err error) {
	t, fixed, err := parseTemplate(s, true, o)
	if err != nil {
		return ARNPattern{}, err
	}
	if t == nil {
		p.fixed = glob.SplitARN(fixed)
		p.start, _ = fixed.Prefix()
		if !p.fixed.CanMatch() {
			p.problem = "has fewer than six parts, and no * at its end to stand for the others"
		}
		return p, nil
	}
	p.template, p.start = t, t.start()
	if variableBeforeFifthColon(s) {
		p.problem = "has a policy variable before its fifth colon, where none is read"
	}
	return p, nil
}

// variableBeforeFifthColon reports whether one of the first five parts has a variable; ${*}, ${?} and ${$} are none.
func variableBeforeFifthColon(s string) bool {
	for colons := 0; s != "" && colons < 5; {
		switch {
		case strings.HasPrefix(s, "${*}"), strings.HasPrefix(s, "${?}"), strings.HasPrefix(s, "${$}"):
			s = s[4:]
			continue
		case strings.HasPrefix(s, "${"):
			return true
		case s[0] == ':':
			colons++
		}
		s = s[1:]
	}
	return false
}

// Problem says why the pattern, in a Resource element, can match nothing; it is empty for others.
func (p *ARNPattern) Problem() string { return p.problem }

// Start returns the text that all ARNs it matches start with.
func (p *ARNPattern) Start() string { return p.start }

// Match reports whether the pattern matches the ARN. If a variable has no value, the pattern matches nothing, and known
// is false.
func (p *ARNPattern) Match(a *ARN, s *Scope) (matches, known bool) {
	if p.template == nil {
		return p.fixed.Match(&a.split), true
	}
	var buf [resolved]byte
	b, ok := p.template.appendPattern(buf[:0], s)
	if !ok {
		return false, false
	}
	filled := glob.SplitARN(pattern(b))
	return filled.Match(&a.split), true
}

// AbsentKeys calls yield for each key of a variable without a default that the request does not have.
func (p *ARNPattern) AbsentKeys(s *Scope, yield func(key string)) { p.template.absentKeys(s, yield) }

// An ARN is a text taken apart, to be matched against many patterns. What is no ARN of six parts matches none of them.
type ARN struct {
	split glob.SplitText
}

// Set takes a text apart, into a zero a.
func (a *ARN) Set(s string) { a.split.Set(s) }

// Account returns the fifth part; it is empty if the text is not an ARN.
func (a *ARN) Account() string { return a.split.Account() }

// Resource returns the sixth part; it is empty if the text is not an ARN.
func (a *ARN) Resource() string { return a.split.Resource() }
