package prove

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/policy"
)

// A question is what a allows and b does not.
type question struct {
	a, b    *side
	mode    mode
	options Options
	all     []*statement // of both sides, by id
	actions []actionSet  // by id

	partitions []string // of AWS, that resources are in
	accounts   []string // for examples: those that the policies do not name go first

	only    *eval.Policy // nil, or what must allow the request, too
	public  bool         // the request must come from the public
	written bool         // a policy is taken by what it says, without what AWS adds

	answerOnly bool // nobody asks which actions differ
}

func newQuestion(a, b Policies, o Options) (*question, error) {
	q := &question{options: o}
	switch {
	case a.Resource != nil || b.Resource != nil:
		q.mode = ofResource
	case len(a.Identity) > 0 || len(b.Identity) > 0:
		q.mode = ofIdentity
	default:
		q.mode = ofLimits
	}
	for i, p := range []Policies{a, b} {
		s, err := newSide(p, q.mode, len(q.all))
		if err != nil {
			if e, ok := err.(*PolicyError); ok {
				e.Side = i
			}
			return nil, err
		}
		for _, g := range s.gates {
			q.all = append(q.all, g.allows...)
		}
		q.all = append(q.all, s.denies...)
		if i == 0 {
			q.a = s
		} else {
			q.b = s
		}
	}
	for i, s := range q.all { // those that can never match have no number
		s.id = i
		q.actions = append(q.actions, newActionSet(s))
	}
	q.partitions, q.accounts = partitionsOf(q.all), examplesOf(q.all)
	return q, nil
}

// reversed returns the question of what b allows and a does not.
func (q *question) reversed() *question {
	r := *q
	r.a, r.b = q.b, q.a
	return &r
}

// ask answers the question.
func (q *question) ask(ctx context.Context) (*Result, error) {
	r := &Result{Answer: Proved, Universe: q.options.Universe}
	found := findings{}
	for _, g := range q.goals() {
		if err := q.pursue(ctx, g, &found); errors.Is(err, context.DeadlineExceeded) {
			found.doubts = append(found.doubts, Doubt{slices.Clone(g.s.actions), "the time for it was up"})
			break
		} else if err != nil {
			return nil, err
		}
		if q.options.First && len(found.differences) > 0 {
			break
		}
	}
	r.Differences, r.Unknown = found.differences, found.doubts
	for i := range r.Differences {
		if list := r.Differences[i].Actions; !slices.IsSortedFunc(list, compareNames) {
			slices.SortFunc(list, compareNames)
		}
	}
	slices.SortStableFunc(r.Differences, func(x, y Difference) int { return compareNames(x.Actions[0], y.Actions[0]) })
	switch {
	case len(r.Differences) > 0:
		r.Answer = Refuted
	case len(r.Unknown) > 0:
		r.Answer = Unknown
	}
	return r, nil
}

// findings are what the goals have come to.
type findings struct {
	differences []Difference
	doubts      []Doubt
	kinds       map[string]int  // of the differences, by class and circumstances
	said        map[string]bool // actions, in lower case, with the circumstances under which they were found to differ
}

// pursue looks for differences of one goal, class by class.
func (q *question) pursue(ctx context.Context, g goal, found *findings) error {
	relevant := q.relevant(&g)
	classes, complete := q.classes(&g, relevant)
	if !complete {
		found.doubts = append(found.doubts, Doubt{slices.Clone(g.s.actions), fmt.Sprintf("its actions fall into classes by more than %d states", q.options.states())})
	}
	for i := range classes {
		c := &classes[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.settledByAWS() {
			continue
		}
		w, doubt, err := q.decide(ctx, &g, relevant, c, c.domains)
		switch {
		case errors.Is(err, errBound):
			doubt = fmt.Sprintf("the search took more than %d steps", q.options.states())
		case err != nil:
			return err
		}
		if w == nil && doubt == "" {
			continue
		}
		if q.answerOnly {
			if w != nil {
				found.differences = append(found.differences, Difference{Actions: []string{w.Action}, Witness: *w})
				return nil
			}
			found.doubts = append(found.doubts, Doubt{Reason: doubt})
			continue
		}
		q.name(&g, relevant, c)
		if w == nil {
			found.doubts = append(found.doubts, Doubt{slices.Concat(c.names, g.patternsOf(c)), doubt})
			continue
		}
		if err := found.add(ctx, q, &g, relevant, c, *w); err != nil {
			return err
		}
		if q.options.First {
			return nil
		}
	}
	return nil
}

// relevant returns the statements that a goal depends on.
func (q *question) relevant(g *goal) (list []*statement) {
	list = append(list, g.s)
	for i := range q.a.gates {
		if i != g.gate {
			list = append(list, q.a.gates[i].allows...)
		}
	}
	list = append(list, q.a.denies...)
	if g.denied != nil {
		return append(list, g.denied)
	}
	return append(list, g.failing.allows...)
}

// about returns those of the statements whose actions the class is of.
func (c *class) about(statements []*statement) (list []*statement) {
	for _, s := range statements {
		if c.of.Has(s.id) != s.actionNot && (s.t != eval.RCP || c.isRCP()) {
			list = append(list, s)
		}
	}
	return list
}

// decide looks for a request of the class that fits the goal. Without one, doubt says why that proves nothing; empty:
// there is none.
func (q *question) decide(ctx context.Context, g *goal, relevant []*statement, c *class, domains []requestDomain) (w *Witness, doubt string, err error) {
	statements := c.about(relevant)
	if g.denied != nil && !slices.Contains(statements, g.denied) {
		return nil, "", nil // an RCP, and a service that RCPs do not apply to
	}
	if g.failing != nil {
		for _, s := range statements {
			if slices.Contains(g.failing.allows, s) && s.unrestricted() {
				return nil, "", nil
			}
		}
	}
	steps := q.options.states()
	for i := range domains {
		d := &domains[i]
		sp := newSpace(q, g, c, d, statements)
		s := search{ctx: ctx, steps: steps}
		cells, err := s.solve(sp.domains(), []*formula{q.formula(sp, g, statements, c)})
		if steps = s.steps; err != nil {
			return nil, "", err
		}
		if cells == nil {
			doubt = cmp.Or(doubt, firstOf(sp.doubts))
			continue
		}
		if w := q.witness(sp, cells, c); w != nil {
			return w, "", nil
		}
		doubt = "a request was found that the engine does not confirm"
	}
	return nil, doubt, nil
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func (s *statement) unrestricted() bool {
	everybody := s.src.Principal == nil
	if p := s.src.Principal; p != nil && !p.Not {
		everybody = slices.ContainsFunc(p.Entries, func(e policy.Principal) bool { return e.Type == policy.AWS && e.Name.Text == "*" })
	}
	return s.resources == nil && len(s.conditions) == 0 && everybody
}

// formula is what must hold of a request that fits the goal. The statements are those about the class.
func (q *question) formula(sp *space, g *goal, statements []*statement, c *class) *formula {
	isAbout := func(s *statement) bool {
		return slices.ContainsFunc(statements, func(t *statement) bool { return t.id == s.id })
	}
	kids := []*formula{sp.wellFormed(), sp.matches(g.s), q.allowedByAWS(sp, c)}
	for i := range q.a.gates {
		if i == g.gate {
			continue
		}
		var ways []*formula
		for _, s := range q.a.gates[i].allows {
			if isAbout(s) {
				ways = append(ways, sp.matches(s))
			}
		}
		kids = append(kids, anyOf(append(ways, not(sp.bound(q.a.gates[i].t), sp.vars))...))
	}
	for _, s := range q.a.denies {
		if isAbout(s) {
			kids = append(kids, not(allOf(sp.bound(s.t), sp.matches(s)), sp.vars))
		}
	}
	if q.public {
		kids = append(kids, sp.byThePublic(q.fixedAccounts(), statements))
	}
	if g.denied != nil {
		return allOf(append(kids, sp.bound(g.denied.t), sp.matches(g.denied))...)
	}
	kids = append(kids, sp.bound(g.failing.t))
	for _, s := range g.failing.allows {
		if isAbout(s) {
			kids = append(kids, not(sp.matches(s), sp.vars))
		}
	}
	return allOf(kids...)
}

// allowedByAWS is the formula that AWS does not refuse the request whatever policies say; package eval has these rules.
func (q *question) allowedByAWS(sp *space, c *class) *formula {
	if !q.hasOwnRules() {
		return yes
	}
	except := func(kind principalKind) *formula {
		set := bitset.New(len(sp.principals))
		for i, p := range sp.principals {
			if p.kind != kind {
				set.Add(i)
			}
		}
		return sp.in(principalVar, set)
	}
	switch {
	case c.special == getFederationToken:
		return except(aSession)
	case c.special == assumeRole:
		return except(theRoot)
	case c.special == writesIAM:
		return not(anyOf(sp.arn(ownedByAWS, false), sp.arn(reservedRoles, false)), sp.vars)
	}
	return yes
}

// hasOwnRules reports whether AWS's own rules on some actions count, such as that GetCallerIdentity needs no permission. They
// are about the principal's side.
func (q *question) hasOwnRules() bool { return q.mode != ofResource && !q.written }

// What AWS owns and nobody can change.
const (
	ownedByAWS    = "arn:*:*:*:aws:*"
	reservedRoles = "arn:*:*:*:*:role/aws-reserved/*"
)
