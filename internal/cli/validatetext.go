package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/writ-iam/writ/analysis/validate"
	"github.com/writ-iam/writ/policy"
)

// findingsText prints each finding with the line it is in and a mark under the place, and what they come to.
func (p *program) findingsText(all []*validated) {
	for _, v := range all {
		lines := bytes.Split(v.src, []byte("\n"))
		width := len(fmt.Sprint(len(lines)))
		var line []rune
		number := 0 // of line; many findings can be in one that is long
		for _, f := range v.findings {
			span := f.Locations[0].Span
			kind := f.Type.String()
			if f.Type >= validate.SecurityWarning {
				kind = p.screen.red(kind)
			} else {
				kind = p.screen.yellow(kind)
			}
			p.print("%s:%d:%d  %s  %s  %s", printable(v.name), span.Start.Line, span.Start.Column, kind, f.Code, printable(f.Details))
			if number != span.Start.Line {
				number = span.Start.Line
				line = []rune(string(lines[min(number, len(lines))-1]))
			}
			source, mark := excerpt(line, span)
			p.print("  %*d | %s", width, span.Start.Line, source)
			p.print("  %*s | %s", width, "", p.screen.red(mark))
		}
		p.print("%s", v.summary())
	}
	for _, line := range nextLines(all) {
		p.print("%s", line)
	}
}

// The most characters of a line that are shown, and of those before and behind the mark.
const (
	maxLine   = 100
	maxBefore = 40
)

// excerpt returns the line that a span begins in, or a piece of it if it is long, and what marks the span under it.
func excerpt(line []rune, span policy.Span) (source, mark string) {
	from := min(span.Start.Column-1, len(line))
	to := len(line)
	if span.End.Line == span.Start.Line {
		to = min(max(span.End.Column-1, from), len(line))
	}
	start, end := 0, len(line)
	if len(line) > maxLine {
		start = max(0, min(from-maxBefore, len(line)-maxLine))
		end = min(len(line), start+maxLine)
	}
	to = min(to, end)
	shown := make([]rune, 0, maxLine+2)
	if start > 0 {
		shown = append(shown, '…')
		from, to = from+1, to+1
	}
	for _, r := range line[start:end] {
		switch {
		case r == '\t' || r == '\r':
			r = ' '
		case !unicode.IsPrint(r):
			r = unicode.ReplacementChar
		}
		shown = append(shown, r)
	}
	if end < len(line) {
		shown = append(shown, '…')
	}
	return strings.TrimRight(string(shown), " "), strings.Repeat(" ", max(0, from-start)) + strings.Repeat("^", max(1, to-from))
}

// summary says how many findings of each type there are, and as what the policy was judged.
func (v *validated) summary() string {
	var counts [validate.Error + 1]int
	for _, f := range v.findings {
		counts[f.Type]++
	}
	var parts []string
	for t := validate.Error; t >= validate.Suggestion; t-- {
		if n := counts[t]; n > 0 {
			word := strings.ReplaceAll(strings.ToLower(t.String()), "_", " ")
			if n > 1 {
				word += "s"
			}
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	if parts == nil {
		parts = []string{"no findings"}
	}
	judged := "judged as " + policyPhrases[v.options.Type]
	if v.guessed {
		judged += ", which is a guess: " + guessReasons[v.options.Type] + " (--type says otherwise)"
	}
	return fmt.Sprintf("%s: %s; %s", printable(v.name), strings.Join(parts, ", "), judged)
}

var policyPhrases = map[validate.PolicyType]string{
	validate.Identity: "an identity-based policy", validate.Resource: "a resource-based policy",
	validate.SCP: "a service control policy", validate.RCP: "a resource control policy", validate.Trust: "a role's trust policy",
}

var guessReasons = map[validate.PolicyType]string{
	validate.Identity: "it has no Principal", validate.Resource: "it has a Principal",
	validate.Trust: "it has a Principal, and only actions of STS",
}

// nextLines says where to read about the gravest finding, and what to run next.
func nextLines(all []*validated) (lines []string) {
	var worst *validate.Finding
	for _, v := range all {
		for i := range v.findings {
			if f := &v.findings[i]; worst == nil || f.Type > worst.Type {
				worst = f
			}
		}
	}
	if worst != nil {
		lines = append(lines, "  more  "+worst.LearnMoreLink())
	}
	for _, v := range all {
		switch {
		case v.name == "stdin" || !isPrintable(v.name):
		case v.managed && len(v.findings) > 0:
			return append(lines, "  next  "+shellQuoted([]string{"writ", "catalog", "show", v.name}))
		case len(v.findings) == 0 && v.options.Type == validate.Identity:
			if action, ok := someAction(v.src); ok {
				return append(lines, "  next  "+shellQuoted([]string{"writ", "decide", "--policy", v.name, "--action", action}))
			}
		case len(v.findings) > 0 && worst.Type < validate.Error:
			return append(lines, "  next  "+shellQuoted([]string{"writ", "validate", v.name, "--fail-on", strings.ReplaceAll(strings.ToLower(worst.Type.String()), "_", "-")}))
		}
	}
	return lines
}

// someAction returns an action that the policy is about, without wildcards.
func someAction(src []byte) (string, bool) {
	doc, err := policy.Parse(src)
	if err != nil {
		return "", false
	}
	for _, s := range doc.Statements {
		for _, a := range s.Action.Strings() {
			if !s.Action.Not && !strings.ContainsAny(a, "*?") {
				return a, true
			}
		}
	}
	return "s3:GetObject", true
}
