package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/policy"
)

// An explainer puts a decision into words for a reader at a terminal, in some fifteen lines at most.
type explainer struct {
	screen   screen
	args     []string // of the command line
	flags    int      // how many of args there are before the place for more flags
	request  *pdp.Request
	policies *policies
	x        *eval.Explanation
}

// Of each kind of reason as many are shown.
const (
	maxMatched = 5
	maxMisses  = 2
	maxKeys    = 6
	maxNotes   = 3
)

func (e *explainer) lines() []string {
	resource := e.request.Resource
	if resource == "" {
		resource = "*"
	}
	verdict := e.x.Decision.Outcome.String()
	if e.x.Decision.Allowed() {
		verdict = e.screen.green(verdict)
	} else {
		verdict = e.screen.red(verdict)
	}
	lines := []string{fmt.Sprintf("%s  %s on %s", verdict, printable(e.request.Action), printable(resource))}
	add := func(label, text string) {
		lines = append(lines, printable(fmt.Sprintf("  %-11s  %s", label, text)))
	}
	more := func(all, shown int, what string) {
		if all > shown {
			add("", fmt.Sprintf("and %d more %s (--json lists all)", all-shown, what))
		}
	}

	matched := e.matched()
	for _, line := range aligned(e.rows(matched[:min(len(matched), maxMatched)])) {
		effect, rest, _ := strings.Cut(line, " ")
		add(effect, strings.TrimLeft(rest, " "))
	}
	more(len(matched), maxMatched, "statements")
	for _, text := range e.blocked() {
		add("blocked", text)
	}
	for _, m := range e.x.NearMisses[:min(len(e.x.NearMisses), maxMisses)] {
		row := e.rows([]eval.StatementRef{m.StatementRef})[0]
		add("would allow", strings.TrimRight(strings.Join(row[1:], "  "), " "))
		add("", fmt.Sprintf("but for its %s: %s", m.Element, m.Reason))
	}
	more(len(e.x.NearMisses), maxMisses, "that would allow but for one element")
	if keys := e.x.MissingContext; len(keys) > 0 {
		text := strings.Join(keys[:min(len(keys), maxKeys)], ", ")
		if len(keys) > maxKeys {
			text += fmt.Sprintf(" and %d more (--json lists all)", len(keys)-maxKeys)
		}
		add("not given", text)
	}
	for _, note := range e.x.Notes[:min(len(e.x.Notes), maxNotes)] {
		add("note", note)
	}
	more(len(e.x.Notes), maxNotes, "notes")
	if command := e.next(); command != "" && isPrintable(command) {
		add("next", command)
	}
	return lines
}

// matched returns the statements that match, those that settled the decision first.
func (e *explainer) matched() []eval.StatementRef {
	matched := slices.Clone(e.x.Matched)
	rank := func(r eval.StatementRef) int {
		if e.settles(r) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(matched, func(a, b eval.StatementRef) int { return rank(a) - rank(b) })
	return matched
}

// settles reports whether a statement that matches is one that the decision comes from.
func (e *explainer) settles(r eval.StatementRef) bool {
	d := e.x.Decision
	return d.By.Has(r.Type) && (r.Source.Effect == policy.Deny || d.Allowed())
}

// rows returns for each statement its effect, its policy's place among the policies, its place in the source, its
// index and its Sid.
func (e *explainer) rows(refs []eval.StatementRef) [][]string {
	rows := make([][]string, len(refs))
	for i, r := range refs {
		from := e.policies.sources[r.Policy()]
		rows[i] = []string{
			string(r.Source.Effect),
			r.Policy(),
			from.at(r.Source.Span.Start),
			fmt.Sprintf("Statement[%d]", r.Statement),
			printable(r.Source.Sid.Text),
		}
	}
	return rows
}

// blocked says what had to allow and did not.
func (e *explainer) blocked() (texts []string) {
	d := e.x.Decision
	if d.Outcome != eval.ImplicitDeny {
		return nil
	}
	switch {
	case len(e.policies.sources) == 0:
		return []string{"no policy is given"}
	case d.By == 0 && !d.Unlisted:
		return []string{"no statement allows it"}
	}
	for _, by := range e.x.BlockedBy {
		switch by.Type {
		case eval.Boundary:
			texts = append(texts, "the permissions boundary does not allow it")
		case eval.Session:
			texts = append(texts, "no session policy allows it")
		case eval.Endpoint:
			texts = append(texts, "no VPC endpoint policy allows it")
		case eval.Resource:
			texts = append(texts, "the resource's side must allow it, too, and does not")
		case eval.Identity:
			texts = append(texts, "the principal's side must allow it, too, and does not")
		case eval.SCP:
			texts = append(texts, fmt.Sprintf("no statement of %v (level %d of %d) allows it", by, by.Level+1, len(e.policies.SCPs)))
		}
	}
	return texts
}

// next returns a command that is useful after this one: the same with the context that gets the request allowed, or
// the one that shows the managed policy in question.
func (e *explainer) next() string {
	if pairs := e.remedy(); pairs != nil {
		words := slices.Concat([]string{"writ"}, e.args[:e.flags])
		for _, pair := range pairs {
			words = append(words, "--context", pair)
		}
		return shellQuoted(append(words, e.args[e.flags:]...))
	}
	for _, place := range e.inQuestion() {
		if ref := e.policies.sources[place].ref; ref != "" {
			return "writ catalog show " + ref
		}
	}
	return ""
}

// inQuestion returns the places of the policies that a reader will want to look at: those that settled the decision,
// or nearly would have.
func (e *explainer) inQuestion() (places []string) {
	for _, by := range e.x.BlockedBy {
		places = append(places, by.String(), by.String()+"[0]")
	}
	for _, r := range e.x.Matched {
		if e.settles(r) {
			places = append(places, r.Policy())
		}
	}
	for _, m := range e.x.NearMisses {
		places = append(places, m.Policy())
	}
	return places
}

// remedy returns key=value pairs of the request context that, added to the request, get it allowed: values that a
// statement names which nearly allows it, or denies it.
func (e *explainer) remedy() []string {
	if e.x.Decision.Allowed() || len(e.x.MissingContext) == 0 {
		return nil
	}
	var statements []*policy.Statement
	for _, m := range e.x.NearMisses {
		statements = append(statements, m.Source)
	}
	for _, m := range e.x.Matched {
		statements = append(statements, m.Source)
	}
	for _, s := range statements {
		with := *e.request
		with.Context = maps.Clone(e.request.Context)
		var pairs []string
		for _, c := range s.Condition {
			missing := slices.ContainsFunc(e.x.MissingContext, func(k string) bool { return strings.EqualFold(k, c.Key.Text) })
			value, ok := example(c, s.Effect)
			if _, given := with.Context[c.Key.Text]; missing && ok && !given {
				with.Context[c.Key.Text] = []string{value}
				pairs = append(pairs, c.Key.Text+"="+value)
			}
		}
		if pairs == nil {
			continue
		}
		if x, err := with.Explain(&e.policies.Policies); err == nil && x.Decision.Allowed() {
			return pairs
		}
	}
	return nil
}

// example returns a value that may make a condition true in an Allow, or false in a Deny.
func example(c policy.Condition, effect policy.Effect) (string, bool) {
	if len(c.Values) == 0 || strings.EqualFold(c.Operator.Text, "Null") {
		return "", false
	}
	value := c.Values[0].Text
	if effect == policy.Deny {
		switch value {
		case "true":
			return "false", true
		case "false":
			return "true", true
		}
	}
	return value, !strings.ContainsAny(value, "*?$")
}
