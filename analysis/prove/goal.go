package prove

import (
	"cmp"
	"slices"
)

// This file takes a question apart into goals, and leaves out of them what both sides say word for word: of an update of a
// policy, that is nearly all.

// A goal is a part of the question: requests that one Allow of a matches by some of its actions and resources, and that
// b does not allow for one reason.
type goal struct {
	s       *statement // the Allow, less what b has word for word
	own     actionSet  // of s
	gate    int        // of a, that s is of
	failing *gate      // of b: none of its Allows matches
	denied  *statement // or of b: this Deny matches
}

// goals takes the question apart.
func (q *question) goals() (goals []goal) {
	for i := range q.b.gates {
		gb := &q.b.gates[i]
		if slices.ContainsFunc(q.a.gates, func(ga gate) bool { return ga.t == gb.t && within(ga.allows, gb.allows) }) {
			continue // what passes that gate of a passes this one
		}
		from := max(slices.IndexFunc(q.a.gates, func(ga gate) bool { return ga.name == gb.name }), 0)
		for _, s := range q.a.gates[from].allows {
			if s = s.less(gb.allows); s != nil {
				goals = append(goals, goal{s: s, own: newActionSet(s), gate: from, failing: gb})
			}
		}
	}
	for _, d := range q.b.denies {
		if within([]*statement{d}, q.a.denies) {
			continue
		}
		for _, s := range q.a.gates[0].allows {
			goals = append(goals, goal{s: s, own: newActionSet(s), denied: d})
		}
	}
	// The least restricted first: what they find need not be found again under a condition.
	slices.SortStableFunc(goals, func(x, y goal) int { return cmp.Compare(x.s.restrictions(), y.s.restrictions()) })
	return goals
}

func (s *statement) restrictions() int {
	n := 2 * len(s.conditions)
	if s.resources != nil {
		n++
	}
	return n
}

// within reports whether each of the statements is said by one of the others, word for word.
func within(statements, others []*statement) bool {
	for _, s := range statements {
		if !slices.ContainsFunc(others, func(t *statement) bool {
			return s.text == t.text && s.t == t.t && sameSet(s.lowered, t.lowered) && sameSet(s.resources, t.resources)
		}) {
			return false
		}
	}
	return true
}

func lowered(list []string) []string {
	low := make([]string, len(list))
	for i, s := range list {
		low[i] = lowerAction(s)
	}
	return low
}

func sameSet(a, b []string) bool { return (a == nil) == (b == nil) && subset(a, b) && subset(b, a) }

func subset(a, b []string) bool {
	if len(a) == 0 {
		return true
	}
	has := make(map[string]bool, len(b))
	for _, s := range b {
		has[s] = true
	}
	for _, s := range a {
		if !has[s] {
			return false
		}
	}
	return true
}

// less returns the statement without the actions and resources that one of the others has, too, under the same
// conditions, and nil if nothing is left.
func (s *statement) less(others []*statement) *statement {
	for _, t := range others {
		if s.text != t.text {
			continue
		}
		switch resourcesWithin := t.resources == nil || s.resources != nil && subset(s.resources, t.resources); {
		case s.actionNot || s.src.Resource.Not:
			if sameSet(s.lowered, t.lowered) && sameSet(s.resources, t.resources) {
				return nil
			}
		case resourcesWithin:
			if s = s.with(missing(s.actions, t.actions, lowerAction), s.resources); len(s.actions) == 0 {
				return nil
			}
		case s.resources != nil && subset(s.lowered, t.lowered):
			s = s.with(s.actions, missing(s.resources, t.resources, func(r string) string { return r }))
		}
	}
	return s
}

func (s *statement) with(actions, resources []string) *statement {
	c := *s
	c.actions, c.lowered, c.resources = actions, lowered(actions), resources
	return &c
}

// missing returns what of a list another one does not have.
func missing(list, other []string, key func(string) string) (left []string) {
	has := make(map[string]bool, len(other))
	for _, s := range other {
		has[key(s)] = true
	}
	for _, s := range list {
		if !has[key(s)] {
			left = append(left, s)
		}
	}
	return left
}
