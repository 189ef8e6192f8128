package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/pdp"
)

// statuses are those of methods, in the order in which they are listed.
var statuses = []escalate.Status{escalate.Open, escalate.Scoped, escalate.Forwarded, escalate.Unknown, escalate.Inert, escalate.Closed}

// escalationText prints an analysis for a reader at a terminal.
func (p *program) escalationText(q *escalation) {
	a := q.analysis
	p.print("%s", p.escalationVerdict(q))
	if s := a.Shortest; s != nil {
		p.print("")
		p.print("shortest  %s: it %s", s.Method.ID, s.Method.Title)
		p.requestLines(s)
		p.conditions(s)
	}
	for _, status := range statuses {
		var rows [][]string
		for _, f := range a.Findings {
			if f.Status == status {
				rows = append(rows, []string{"  " + f.Method.ID, gainOf(f), summaryOf(f)})
			}
		}
		if len(rows) == 0 {
			continue
		}
		p.print("")
		if status == escalate.Closed && !q.all {
			p.print("%s, of which --all says what is missing", p.statusHeading(status, len(rows)))
			continue
		}
		p.print("%s", p.statusHeading(status, len(rows)))
		for _, line := range aligned(rows) {
			p.print("%s", printable(line))
		}
	}
	if next := q.next(); next != "" && isPrintable(next) {
		p.print("")
		p.print("next  %s", next)
	}
}

func (p *program) escalationVerdict(q *escalation) string {
	name := printable(q.holderName())
	switch {
	case q.analysis.Full:
		return p.screen.red("administrator") + "  " + name + " is an administrator already"
	case q.analysis.Administration == prove.Proved && len(q.analysis.Shortest.Needs) > 0:
		return p.screen.red("can") + "  " + name + " can become an administrator, if there is " + alternativesAnd(q.analysis.Shortest.Needs)
	case q.analysis.Administration == prove.Proved:
		return p.screen.red("can") + "  " + name + " can become an administrator"
	case q.analysis.Administration == prove.Refuted:
		return p.screen.green("cannot") + "  " + name + " cannot become an administrator by any of the " + counted(len(q.analysis.Findings), "method")
	}
	return p.screen.yellow("unknown") + "  it is not known whether " + name + " can become an administrator"
}

// alternativesAnd joins phrases that all hold.
func alternativesAnd(phrases []string) string { return strings.Join(phrases, " and ") }

func (p *program) statusHeading(s escalate.Status, n int) string {
	paint := p.screen.red
	switch s {
	case escalate.Closed, escalate.Inert:
		paint = p.screen.green
	case escalate.Unknown:
		paint = p.screen.yellow
	}
	return fmt.Sprintf("%s  %s", paint(s.String()), counted(n, "method"))
}

// gainOf is what comes of a finding's method for this holder.
func gainOf(f *escalate.Finding) string {
	switch {
	case !f.Status.Usable():
		return f.Method.Gains.String()
	case f.Administration && f.Method.Gains == escalate.Principal:
		return "principal"
	case f.Administration:
		return "administration"
	case f.Method.Gains == escalate.Administration:
		return "within boundary"
	}
	return f.Method.Gains.String()
}

// summaryOf says in a line what a finding is.
func summaryOf(f *escalate.Finding) string {
	if !f.Status.Usable() {
		var parts []string
		for _, m := range f.Missing {
			parts = append(parts, strings.TrimPrefix(strings.Join(m.Actions, " or ")+": "+m.Reason, ": "))
		}
		return strings.Join(parts, "; ")
	}
	var actions []string
	for i := range f.Requests {
		actions = append(actions, f.Requests[i].Action)
	}
	text := strings.Join(actions, ", ")
	if len(f.Scope) > 0 {
		text += ", on " + fewOf(f.Scope)
	}
	if len(f.Needs) > 0 {
		text += "; needs " + alternativesAnd(f.Needs)
	}
	if len(f.Assumes) > 0 {
		text += "; if " + alternativesAnd(f.Assumes)
	}
	return text
}

// fewOf lists texts, not too many.
func fewOf(list []string) string {
	const shown = 3
	if n := len(list); n > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), n-shown)
	}
	return strings.Join(list, ", ")
}

// requestLines prints the requests of a finding, numbered.
func (p *program) requestLines(f *escalate.Finding) {
	var rows [][]string
	for i := range f.Requests {
		r := &f.Requests[i]
		var context []string
		for _, key := range slices.Sorted(maps.Keys(r.Context)) {
			context = append(context, key+"="+strings.Join(r.Context[key], ","))
		}
		if r.Trust != nil {
			context = append(context, "(the role's trust policy names the holder)")
		}
		rows = append(rows, []string{fmt.Sprintf("  %d", i+1), r.Action, r.Resource, strings.Join(context, " ")})
	}
	for _, line := range aligned(rows) {
		p.print("%s", printable(line))
	}
}

// conditions prints what a finding takes to be so.
func (p *program) conditions(f *escalate.Finding) {
	var rows [][]string
	if f.Through != "" {
		rows = append(rows, []string{"  through", f.Through})
	}
	for _, list := range []struct {
		name string
		of   []string
	}{{"on", f.Scope}, {"needs", f.Needs}, {"assumes", f.Assumes}} {
		for i, text := range list.of {
			name := ""
			if i == 0 {
				name = list.name
			}
			rows = append(rows, []string{"  " + name, text})
		}
	}
	for _, line := range aligned(rows) {
		p.print("%s", printable(line))
	}
}

// methodText prints all that is known of one method.
func (p *program) methodText(q *escalation, r *escalate.Remedies) {
	i := slices.IndexFunc(q.analysis.Findings, func(f *escalate.Finding) bool { return f.Method.ID == q.method.text })
	f := q.analysis.Findings[i]
	heading := p.statusHeading(f.Status, 1)
	p.print("%s  %s: the holder %s", strings.TrimSuffix(heading, "  "+counted(1, "method")), f.Method.ID, f.Method.Title)
	for _, m := range f.Missing {
		p.print("  missing  %s", printable(strings.TrimPrefix(strings.Join(m.Actions, " or ")+": "+m.Reason, ": ")))
	}
	if !f.Status.Usable() {
		return
	}
	p.requestLines(f)
	p.conditions(f)
	p.print("  gains  %s", gainOf(f))
	for i := range f.Requests {
		if q.side.canBeNamed() && f.Requests[i].Trust == nil {
			if next := decideCommand(q.side, pdp.RequestOf(&f.Requests[i].Witness), true); isPrintable(next) {
				p.print("")
				p.print("next  %s", next)
				break
			}
		}
	}
	remedy := r.Each[f.Method.ID]
	if remedy == nil {
		return
	}
	p.print("")
	p.print("what closes it:")
	p.print("%s", remedy.Document.Format())
	for _, line := range takes(remedy) {
		p.print("%s", line)
	}
}

// next is the command that shows more.
func (q *escalation) next() string {
	if !q.side.canBeNamed() {
		return ""
	}
	words := append([]string{"writ", "escalate"}, q.side.flags...)
	if q.principal.given() {
		words = append(words, "--principal", q.principal.text)
	}
	switch {
	case q.analysis.Shortest != nil:
		return shellQuoted(append(words, "--method", q.analysis.Shortest.Method.ID))
	case q.analysis.Full:
		return shellQuoted(append(words, "--remedy"))
	}
	return ""
}
