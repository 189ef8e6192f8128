package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
)

// add puts a difference among the findings, in words. What was found to hold always, or under the
// same circumstances, is not said again.
func (f *findings) add(ctx context.Context, q *question, g *goal, relevant []*statement, c *class, w Witness) error {
	d := Difference{Witness: w, When: g.when(c.about(relevant))}
	if g.s.ref.Policy != "" {
		d.By = []StatementRef{g.s.ref}
	}
	if g.denied != nil {
		d.Denied = []StatementRef{g.denied.ref}
	}
	if f.said == nil {
		f.said = map[string]bool{}
	}
	isNew := func(action string) bool {
		lower := lowerAction(action)
		return !f.said[lower] && !f.said[lower+" "+d.When]
	}
	for _, name := range c.names {
		if isNew(name) {
			d.Actions = append(d.Actions, name)
		}
	}
	for _, p := range g.patternsOf(c) {
		if isNew(p) {
			d.Patterns = append(d.Patterns, p)
		}
	}
	if len(d.Actions)+len(d.Patterns) == 0 {
		return nil
	}
	for _, a := range slices.Concat(d.Actions, d.Patterns) {
		f.said[strings.TrimSpace(lowerAction(a)+" "+d.When)] = true
	}
	if err := q.example(ctx, g, relevant, c, &d); err != nil {
		return err
	}
	if len(d.Actions) == 0 {
		d.Actions, d.Patterns = d.Patterns, nil
	}
	// In the reference universe, actions that the policies do not tell apart may differ by their resources.
	kind := fmt.Sprint(c.of, d.When, g.s.id, d.Denied)
	if i, ok := f.kinds[kind]; ok {
		e := &f.differences[i]
		e.Actions = append(e.Actions, d.Actions...)
		return nil
	}
	if f.kinds == nil {
		f.kinds = map[string]int{}
	}
	f.kinds[kind] = len(f.differences)
	f.differences = append(f.differences, d)
	return nil
}

// example makes the witness one of a real action on a resource that fits it, if there is such a one: of the actions that are in
// the service reference the first that there is a fitting request for.
func (q *question) example(ctx context.Context, g *goal, relevant []*statement, c *class, d *Difference) error {
	if len(d.Actions) == 0 {
		return nil
	}
	action := d.Actions[0]
	tried := map[string]bool{}
	for _, a := range d.Actions {
		if _, ok := authref.LookupAction(a); !ok {
			continue
		}
		if len(tried) == 0 {
			action = a
		}
		// Actions on the same resources come out the same, and a reader does not wait for the hundredth.
		const enough = 20
		if text := domainText(a); q.options.Universe != Open || tried[text] || len(tried) == enough {
			continue
		} else {
			tried[text] = true
		}
		real := *c
		real.example = a
		w, _, err := q.decide(ctx, g, relevant, &real, q.referenceDomains(a))
		if err != nil && !errors.Is(err, errBound) {
			return err
		}
		if w != nil {
			d.Witness = *w
			return nil
		}
	}
	w := d.Witness
	w.Action = action
	if q.confirms(&w) {
		d.Witness = w
	}
	return nil
}

// patternsOf returns the patterns that an open class comes from: those of the Deny that makes the difference, if the Allow has
// all of them, and otherwise those of the Allow.
func (g *goal) patternsOf(c *class) []string {
	if d := g.denied; d != nil && !d.actionNot && !g.s.actionNot {
		list := d.patternsOf(c)
		if !slices.ContainsFunc(list, func(p string) bool { return !g.own.match(lowerAction(p)) }) {
			return list
		}
	}
	return g.s.patternsOf(c)
}

// patternsOf returns the patterns of the statement that an open class comes from.
func (s *statement) patternsOf(c *class) (list []string) {
	if !c.open {
		return nil
	}
	if s.actionNot {
		return []string{"* but " + strings.Join(s.actions, ", ")}
	}
	for _, a := range s.actions {
		if set := newActionSet(&statement{lowered: []string{lowerAction(a)}}); strings.ContainsAny(a, "*?") && (set.match(lowerAction(c.beyond)) || set.all) {
			list = append(list, a)
		}
	}
	return list
}

// when says under which circumstances the goal's statement allows, and where the other side allows or denies.
func (g *goal) when(statements []*statement) string {
	text := g.s.circumstances()
	var others []string
	if g.denied != nil {
		if c := g.denied.circumstances(); c != "" {
			others = append(others, c)
		}
		if len(others) > 0 {
			text = strings.TrimSpace(text + " where denied " + others[0])
		}
		return text
	}
	for _, s := range statements {
		if slices.Contains(g.failing.allows, s) {
			if c := s.circumstances(); !slices.Contains(others, c) {
				others = append(others, c)
			}
		}
	}
	const shown = 3
	if n := len(others); n > shown {
		others = append(others[:shown], fmt.Sprintf("in %d more cases", n-shown))
	}
	if len(others) > 0 {
		text = strings.TrimSpace(text + " except " + strings.Join(others, ", and except "))
	}
	return text
}

// circumstances puts a statement's resources, conditions and principals into words; "" if there are none.
func (s *statement) circumstances() string {
	var parts []string
	if s.resources != nil {
		on := "on "
		if s.src.Resource.Not {
			on = "on all but "
		}
		parts = append(parts, on+fewOf(s.resources))
	}
	for i := range s.src.Condition {
		c := &s.src.Condition[i]
		parts = append(parts, fmt.Sprintf("if %s %s %s", c.Operator.Text, c.Key.Text, fewOf(c.Strings())))
	}
	if p := s.src.Principal; p != nil {
		var names []string
		for _, e := range p.Entries {
			names = append(names, e.Name.Text)
		}
		who := "for "
		if p.Not {
			who = "for all but "
		}
		if !slices.Equal(names, []string{"*"}) {
			parts = append(parts, who+fewOf(names))
		}
	}
	return strings.Join(parts, " ")
}

// fewOf lists texts, not too many.
func fewOf(list []string) string {
	const shown = 4
	if n := len(list); n > shown {
		return fmt.Sprintf("%s or %d more", strings.Join(list[:shown-1], ", "), n-shown+1)
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
	return strings.Join(list, "")
}
