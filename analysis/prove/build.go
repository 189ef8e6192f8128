package prove

import (
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/lang"
)

// This file puts statements into formulas over a space.

// in makes the formula that a variable is in one of the cells.
func (sp *space) in(of int, set bitset.Set) *formula {
	return sp.literal(of, in, set, sp.vars[of].cells)
}

func (sp *space) literal(of int, is relation, set bitset.Set, n int) *formula {
	switch {
	case set.Empty() && (is == in || is == some || is == count || is == first || is == last):
		return no
	case set.Len() == n && (is == in || is == all || is == count || is == first || is == last):
		return yes
	}
	return &formula{lit: literal{of, is, set}}
}

// matches is the formula that a statement, whose action is the class's, matches the request.
func (sp *space) matches(s *statement) *formula {
	kids := []*formula{sp.named(s), sp.resource(s)}
	for i := range s.conditions {
		kids = append(kids, sp.condition(s, &s.conditions[i]))
	}
	return allOf(kids...)
}

// bound is the formula that policies of a type apply to the principal. Those of the principal's own side do not to services,
// providers and anonymous callers, and nobody can give the root user a permissions boundary.
func (sp *space) bound(t eval.PolicyType) *formula {
	set := bitset.New(len(sp.principals))
	for i, p := range sp.principals {
		switch t {
		case eval.Resource, eval.RCP, eval.Endpoint:
			set.Add(i)
		default:
			if p.kind != aService && p.kind != aProvider && p.kind != nobody && (t != eval.Boundary || p.kind != theRoot) {
				set.Add(i)
			}
		}
	}
	return sp.in(principalVar, set)
}

// named is the formula that the statement's Principal element names the principal.
func (sp *space) named(s *statement) *formula {
	if s.src.Principal == nil {
		return yes
	}
	set := bitset.New(len(sp.principals))
	for i, p := range sp.principals {
		if s.compiled.Names(s.ref.Statement, p.who) {
			set.Add(i)
		}
	}
	return sp.in(principalVar, set)
}

// resource is the formula that the statement's Resource or NotResource element matches.
func (sp *space) resource(s *statement) *formula {
	if s.resources == nil {
		return yes
	}
	var ways, known []*formula
	for _, text := range s.resources {
		if isAny(text) { // of NotResource: all that there is
			ways = append(ways, yes)
			continue
		}
		for _, a := range sp.assignments(sp.variablesOf(text, s)) {
			if filled, ok := a.fill(text, s); ok {
				ways = append(ways, allOf(a.given, sp.arn(filled, s.options.Version.HasVariables())))
			} else { // a variable without a value: a NotResource matches nothing then
				known = append(known, not(a.given, sp.vars))
			}
		}
	}
	f := anyOf(ways...)
	if s.src.Resource.Not {
		return allOf(append(known, not(f, sp.vars))...)
	}
	return f
}

// arn is the formula that a pattern over ARNs matches.
func (sp *space) arn(text string, variables bool) *formula {
	stars := bitset.New(len(sp.shapes))
	for i, s := range sp.shapes {
		if !s.star {
			stars.Add(i)
		}
	}
	kids := []*formula{sp.in(shapeVar, stars)}
	parts, _ := lang.SplitARN(text, variables)
	if parts == nil || lang.ARN(text, variables) == nil {
		return no
	}
	for i := 1; i < len(parts); i++ {
		kids = append(kids, sp.in(sp.parts[i], sp.partCells[i][partKey(parts[i])]))
	}
	return allOf(kids...)
}

// wellFormed is the formula that the ARN is of one of the shapes.
func (sp *space) wellFormed() *formula {
	var ways []*formula
	for i, s := range sp.shapes {
		kids := []*formula{sp.in(shapeVar, bitset.Of(len(sp.shapes), i))}
		for j := 1; j < len(s.parts); j++ {
			kids = append(kids, sp.in(sp.parts[j], sp.partCells[j][partKey(s.parts[j])]))
		}
		ways = append(ways, allOf(kids...))
	}
	return anyOf(ways...)
}

// condition is the formula that a condition holds: for each assignment to its variables, where it does.
func (sp *space) condition(s *statement, c *compiledCondition) *formula {
	var ways []*formula
	for _, a := range sp.assignments(c.variables(s)) {
		ways = append(ways, allOf(a.given, sp.conditionUnder(c, &a)))
	}
	return anyOf(ways...)
}

// conditionUnder is the formula that a condition holds under an assignment to its variables. What it is in a cell, package
// condition says.
func (sp *space) conditionUnder(c *compiledCondition, a *assignment) *formula {
	key := c.c.Key().Lower()
	holdsFor := func(values []string) bool { return c.c.Evaluate(a.scope(key, values)) == condition.True }
	switch {
	case isPrincipalKey(key):
		set := bitset.New(len(sp.principals))
		for i := range sp.principals {
			b := *a
			b.principal = &sp.principals[i]
			if c.c.Evaluate(b.scope("", nil)) == condition.True {
				set.Add(i)
			}
		}
		return sp.in(principalVar, set)
	case key == resourceAccountKey:
		set := bitset.New(len(sp.accounts))
		for i := range sp.accounts {
			b := *a
			b.account = &sp.accounts[i]
			if c.c.Evaluate(b.scope("", nil)) == condition.True {
				set.Add(i)
			}
		}
		return sp.in(sp.parts[accountPart], set)
	case !sp.domain.carries(key):
		return constant(holdsFor(nil))
	}
	n := sp.keys[dimensionOf(key)]
	texts, v := sp.texts[n], sp.vars[n]
	values := bitset.New(v.cells)
	for i, text := range texts[1:] {
		if holdsFor([]string{text}) {
			values.Add(i + 1)
		}
	}
	orAbsent := values.Clone()
	if holdsFor(nil) {
		orAbsent.Add(0)
	}
	if !v.list {
		return sp.in(n, orAbsent)
	}
	nothing, single, something := sp.counts(n, none), sp.counts(n, one), sp.counts(n, one, several)
	switch op := c.c.Operator(); {
	case key == calledViaFirstKey:
		return sp.literal(n, first, orAbsent, v.cells)
	case key == calledViaLastKey:
		return sp.literal(n, last, orAbsent, v.cells)
	case op.Comparison() == condition.Presence:
		return anyOf(allOf(constant(orAbsent.Has(0)), nothing), allOf(constant(!values.Empty()), something))
	case len(c.src.Values) == 0:
		return no
	case op.ForAnyValue():
		return sp.literal(n, some, values, v.cells)
	case op.ForAllValues():
		values.Add(0)
		return sp.literal(n, all, values, v.cells)
	}
	// Without a set operator, a list of several values fits nothing, nor does any list of a key that is known to be one.
	return anyOf(allOf(constant(orAbsent.Has(0)), nothing), allOf(single, sp.literal(n, some, values, v.cells)))
}

// counts is the formula that a list has one of the sizes.
func (sp *space) counts(n int, of ...int) *formula {
	return sp.literal(n, count, bitset.Of(sizes, of...), sizes)
}

// domains returns what is possible before anything is asked: all.
func (sp *space) domains() []domain {
	domains := make([]domain, len(sp.vars))
	for i, v := range sp.vars {
		domains[i] = v.domain()
	}
	return domains
}
