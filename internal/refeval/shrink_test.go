package refeval_test

import (
	"maps"
	"slices"

	"github.com/writ-iam/writ/internal/refeval"
	"github.com/writ-iam/writ/policy"
)

// shrink makes the case smaller, part by part, as long as it fails.
func shrink(c refeval.Case, fails func(refeval.Case) bool) refeval.Case {
	for again := true; again; {
		again = false
		for _, e := range edits(&c) {
			smaller := clone(c)
			e(&smaller)
			compact(&smaller)
			if fails(smaller) {
				c, again = smaller, true
				break // the other edits were for the larger one
			}
		}
	}
	return c
}

// documents are the places of the case's documents, in one order for cases of one shape.
func documents(c *refeval.Case) []**policy.Document {
	places := []**policy.Document{&c.ResourcePolicy, &c.Boundary}
	lists := append([][]*policy.Document{c.Identity, c.Session, c.Endpoint}, slices.Concat(c.SCPs, c.RCPs)...)
	for _, list := range lists {
		for i := range list {
			places = append(places, &list[i])
		}
	}
	return slices.DeleteFunc(places, func(d **policy.Document) bool { return *d == nil })
}

// compact takes out the documents that are nil.
func compact(c *refeval.Case) {
	isNil := func(d *policy.Document) bool { return d == nil }
	for _, list := range []*[]*policy.Document{&c.Identity, &c.Session, &c.Endpoint} {
		*list = slices.DeleteFunc(*list, isNil)
	}
	for _, levels := range [][][]*policy.Document{c.SCPs, c.RCPs} {
		for i := range levels {
			levels[i] = slices.DeleteFunc(levels[i], isNil)
		}
	}
}

func clone(c refeval.Case) refeval.Case {
	c.Context = maps.Clone(c.Context)
	c.Identity, c.Session, c.Endpoint = slices.Clone(c.Identity), slices.Clone(c.Session), slices.Clone(c.Endpoint)
	c.SCPs, c.RCPs = slices.Clone(c.SCPs), slices.Clone(c.RCPs)
	for _, levels := range [][][]*policy.Document{c.SCPs, c.RCPs} {
		for i := range levels {
			levels[i] = slices.Clone(levels[i])
		}
	}
	for _, place := range documents(&c) {
		doc := **place
		doc.Statements = slices.Clone(doc.Statements)
		for i := range doc.Statements {
			s := &doc.Statements[i]
			s.Action.Values, s.Resource.Values = slices.Clone(s.Action.Values), slices.Clone(s.Resource.Values)
			s.Condition = slices.Clone(s.Condition)
			for j := range s.Condition {
				s.Condition[j].Values = slices.Clone(s.Condition[j].Values)
			}
			if s.Principal != nil {
				p := *s.Principal
				p.Entries = slices.Clone(p.Entries)
				s.Principal = &p
			}
		}
		*place = &doc
	}
	return c
}

// edits are the steps that make the case smaller, the large ones first.
func edits(c *refeval.Case) []func(*refeval.Case) {
	var list []func(*refeval.Case)
	add := func(e func(*refeval.Case)) { list = append(list, e) }
	for i := range documents(c) {
		add(func(c *refeval.Case) { *documents(c)[i] = nil })
	}
	for i := range c.SCPs {
		add(func(c *refeval.Case) { c.SCPs = slices.Delete(c.SCPs, i, i+1) })
	}
	for i := range c.RCPs {
		add(func(c *refeval.Case) { c.RCPs = slices.Delete(c.RCPs, i, i+1) })
	}
	for i, place := range documents(c) {
		for j := range (*place).Statements {
			statements := func(c *refeval.Case) *[]policy.Statement { return &(*documents(c)[i]).Statements }
			add(func(c *refeval.Case) { *statements(c) = slices.Delete(*statements(c), j, j+1) })
			s := &(*place).Statements[j]
			for k := range s.Condition {
				condition := func(c *refeval.Case) *[]policy.Condition { return &(*statements(c))[j].Condition }
				add(func(c *refeval.Case) { *condition(c) = slices.Delete(*condition(c), k, k+1) })
				for l := range s.Condition[k].Values {
					add(func(c *refeval.Case) {
						v := &(*condition(c))[k].Values
						*v = slices.Delete(*v, l, l+1)
					})
				}
			}
			if s.Principal != nil {
				for k := range s.Principal.Entries {
					add(func(c *refeval.Case) {
						e := &(*statements(c))[j].Principal.Entries
						*e = slices.Delete(*e, k, k+1)
					})
				}
			}
			for k := range s.Action.Values {
				add(func(c *refeval.Case) { v := &(*statements(c))[j].Action.Values; *v = slices.Delete(*v, k, k+1) })
			}
			for k := range s.Resource.Values {
				add(func(c *refeval.Case) { v := &(*statements(c))[j].Resource.Values; *v = slices.Delete(*v, k, k+1) })
			}
			simplify := func(get func(*policy.Statement) *policy.Element) {
				e := get(s)
				if len(e.Values) == 0 || len(e.Values) == 1 && e.Values[0].Text == "*" && !e.Not {
					return
				}
				add(func(c *refeval.Case) {
					*get(&(*statements(c))[j]) = policy.Element{Values: []policy.Value{{Text: "*"}}}
				})
			}
			simplify(func(s *policy.Statement) *policy.Element { return &s.Action })
			simplify(func(s *policy.Statement) *policy.Element { return &s.Resource })
		}
		if (*place).Version != policy.VNone {
			add(func(c *refeval.Case) { (*documents(c)[i]).Version = policy.VNone })
		}
	}
	for key, values := range c.Context {
		add(func(c *refeval.Case) { delete(c.Context, key) })
		for i := range values {
			if len(values) > 1 {
				add(func(c *refeval.Case) { c.Context[key] = slices.Delete(slices.Clone(c.Context[key]), i, i+1) })
			}
		}
	}
	for _, text := range []func(*refeval.Case) *string{
		func(c *refeval.Case) *string { return &c.SessionIssuer },
		func(c *refeval.Case) *string { return &c.UniqueID },
		func(c *refeval.Case) *string { return &c.ResourceAccount },
	} {
		if *text(c) != "" {
			add(func(c *refeval.Case) { *text(c) = "" })
		}
	}
	return list
}
