package graph

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// Allowed are principals who may do something: a class of those with the same statements about it.
type Allowed struct {
	Members []Node
	// Request is one that package eval allows the first of them.
	Request *escalate.Request
	Assumes []string // facts with which it is allowed, if there are any
	Doubt   string   // why it is not known whether they may, if it is not; there is no request then
}

// WhoCan lists the principals who may do something to a resource, class by class, the largest first. Those who may if it is known
// stand at the end. For sts:AssumeRole on a role of the details, its trust policy counts; the resource-based policies of other
// resources are not in the details.
func (g *Graph) WhoCan(ctx context.Context, action, resource string) ([]Allowed, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var t *trust
	target, known := g.byARN[resource]
	if known && strings.EqualFold(action, assumeRole) && g.nodes[target].kind() == "role" {
		t = g.trust[target]
	}
	a := asking{g: g, action: strings.ToLower(action), resource: resource, documents: map[*document][]*statement{}}
	type group struct {
		members  []int32
		policies prove.Policies
	}
	groups := map[string]*group{}
	var order []string
	for i := range g.entities {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		n := g.nodes[i]
		key, policies, granted := a.classOf(n)
		switch {
		case t != nil:
			named := slices.Contains(t.named, int32(i))
			if !granted && !named && !slices.Contains(n.account.open, target) {
				continue
			}
			key += factText(n, slices.Concat(t.principal, g.nodes[target].account.limiting))
			if named || t.apart {
				key += n.entity.ARN
			}
		case !granted:
			continue
		}
		if groups[key] == nil {
			groups[key] = &group{policies: policies}
			order = append(order, key)
		}
		groups[key].members = append(groups[key].members, int32(i))
	}
	var list []Allowed
	for _, key := range order {
		gr := groups[key]
		asker, err := escalate.NewAsker(ctx, g.holderOf(gr.members[0], gr.policies), escalate.Options{MaxStates: g.options.MaxStates})
		if err != nil {
			return nil, fmt.Errorf("the policies of %s: %w", g.nodes[gr.members[0]].entity.ARN, err)
		}
		if known {
			g.know(asker, target)
		}
		var f *escalate.Finding
		if t != nil {
			f, err = asker.Assume(resource, t.doc, g.nodes[target].account.rcps)
		} else {
			f = asker.May(action, resource)
		}
		if err != nil {
			return nil, err
		}
		var one Allowed
		switch {
		case f.Status.Usable():
			one = Allowed{Request: &f.Requests[0], Assumes: f.Assumes}
			if owner, err := arn.Parse(resource); t == nil && err == nil && owner.Account != "" && owner.Account != g.nodes[gr.members[0]].account.id && owner.Account != "aws" {
				one.Assumes = append([]string{"a policy of the resource, in account " + owner.Account + ", allows it, too"}, one.Assumes...)
			}
		case f.Status == escalate.Unknown:
			one.Doubt = f.Missing[0].Reason
		default:
			continue
		}
		for _, m := range gr.members {
			one.Members = append(one.Members, g.node(m))
		}
		list = append(list, one)
	}
	rank := func(a *Allowed) int {
		if a.Request == nil {
			return 2
		}
		return min(len(a.Assumes), 1)
	}
	slices.SortStableFunc(list, func(a, b Allowed) int {
		if x, y := rank(&a), rank(&b); x != y {
			return x - y
		}
		return len(b.Members) - len(a.Members)
	})
	return list, nil
}

// An asking sorts principals by what their policies say of one action.
type asking struct {
	g         *Graph
	action    string
	resource  string
	documents map[*document][]*statement
}

// about returns the statements of a document that are about the action, and may be about the resource.
func (a *asking) about(d *document) []*statement {
	list, ok := a.documents[d]
	if !ok {
		for i := range d.src.Statements {
			if st := &d.src.Statements[i]; isAbout(st, a.action) && a.mayMatch(st) {
				list = append(list, a.g.statement(st, d.src.Version, a.g.library.about(st)))
			}
		}
		a.documents[d] = list
	}
	return list
}

// mayMatch reports whether a statement can be about the resource.
func (a *asking) mayMatch(st *policy.Statement) bool {
	if st.Resource.Not {
		return true
	}
	text := glob.Split(a.resource)
	return slices.ContainsFunc(st.Resource.Values, func(v policy.Value) bool {
		if strings.Trim(v.Text, "*") == "" || strings.Contains(v.Text, "${") {
			return true
		}
		m := glob.SplitARN(glob.Compile(v.Text))
		return m.Match(&text)
	})
}

// classOf returns what a node has in common with those of its class, the policies that matter, and whether some Allow is about
// the action.
func (a *asking) classOf(n *node) (key string, p prove.Policies, granted bool) {
	h := a.g.holdingOf(n)
	text := appendID([]byte(n.kind()), uint32(n.account.index))
	var principal []string
	reduce := func(docs []*document) (list []*policy.Document) {
		for _, d := range docs {
			reduced := &policy.Document{Version: d.src.Version}
			for _, s := range a.about(d) {
				text = appendID(text, s.id)
				for _, f := range s.principal {
					add(&principal, f)
				}
				reduced.Statements = append(reduced.Statements, *s.src)
			}
			if len(reduced.Statements) > 0 {
				list = append(list, reduced)
			}
		}
		text = append(text, '|')
		if list == nil {
			list = []*policy.Document{harmless}
		}
		return list
	}
	p.Identity = reduce(h.identity)
	granted = slices.ContainsFunc(p.Identity, func(d *policy.Document) bool {
		return d != harmless && slices.ContainsFunc(d.Statements, func(st policy.Statement) bool { return st.Effect == policy.Allow })
	})
	if h.boundary != nil {
		p.Boundary = reduce([]*document{h.boundary})[0]
	}
	for _, level := range h.scps {
		p.SCPs = append(p.SCPs, reduce(level))
	}
	if h.scps == nil {
		text = append(text, '-')
	}
	slices.Sort(principal)
	return string(text) + factText(n, principal), p, granted
}

// A Capacity is what a principal may do, and whom it can become.
type Capacity struct {
	Full     bool          // it has all that the SCPs leave; nothing is listed then
	Allows   *prove.Result // classes of actions, with when they are allowed; nil if it is Full
	Policies []string      // what the statements of Allows call "identity[0]" and so on, by name
	Becomes  []Node        // by one step
	Reaches  []Node        // by more
}

// WhatCan says what a principal may do itself, by its policies within its permissions boundary and the SCPs, and whom it can become.
func (g *Graph) WhatCan(ctx context.Context, who Node, s Search) (*Capacity, error) {
	if who.id < 0 {
		return nil, fmt.Errorf("%s is no principal", who)
	}
	c := &Capacity{Full: g.nodes[who.id].full}
	seen := map[int32]bool{}
	g.hubsOf(who.id, func(h *hub) {
		if h.root && h.method != nil && s.counts(h) {
			seen[rootOf(h.class.account)] = true
		} else if !h.root && s.counts(h) {
			for _, t := range g.sets.sets[h.set] {
				seen[t] = true
			}
		}
	})
	delete(seen, who.id)
	for _, n := range slices.Sorted(maps.Keys(seen)) {
		c.Becomes = append(c.Becomes, g.node(n))
	}
	for _, n := range g.Reached(who, s) {
		if !seen[n.id] && !(c.Full && n.Account == who.Account) {
			c.Reaches = append(c.Reaches, n)
		}
	}
	if c.Full {
		return c, nil
	}
	g.mu.Lock()
	h := g.holdingOf(g.nodes[who.id])
	names := g.namesOf(g.nodes[who.id])
	g.mu.Unlock()
	for _, d := range h.identity {
		c.Policies = append(c.Policies, names[d])
	}
	var err error
	c.Allows, err = prove.Empty(ctx, h.policies(), prove.Options{Universe: prove.Reference, MaxStates: g.options.MaxStates})
	return c, err
}

// namesOf returns the names of a node's documents.
func (g *Graph) namesOf(n *node) map[*document]string {
	names := map[*document]string{}
	for _, e := range g.carriers(n) {
		of := ""
		if e.Kind == "group" {
			of = " of group/" + e.Name
		}
		for _, in := range e.Inline {
			names[g.document(in.Document)] = in.Name + of
		}
		for _, arn := range e.Attached {
			if d := g.managed(arn); d != nil {
				names[d] = arn[strings.LastIndexByte(arn, '/')+1:] + of
			}
		}
	}
	return names
}
