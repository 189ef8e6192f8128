package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/policy"
)

// A class is nodes that have the same statements about the actions of their methods. One stands for all.
type class struct {
	account  *account
	kind     string
	members  []int32
	policies prove.Policies // what of the statements' documents is about the actions
	identity []*statement
	limits   []*statement // of the boundary and the SCPs
	methods  []*shape
	full     bool // the members have all that the SCPs leave …
	free     bool // … or no boundary that matters
	bounded  bool // they have a boundary
	denied   bool // they have a Deny in an identity-based policy
}

// A profile is a holding, and what follows from it for nodes of a kind.
type profile struct {
	holding
	methods    []*shape
	reduced    prove.Policies
	identity   []*statement
	limits     []*statement
	key        []byte
	principal  []string // facts about the principal that matter
	full, free bool
	nothing    bool // there is no method
}

// classify sorts the nodes from a place on into classes, and returns the new ones.
func (g *Graph) classify(ctx context.Context, from int) (fresh []*class, err error) {
	profiles, classes := map[string]*profile{}, map[string]*class{}
	for i := from; i < len(g.nodes); i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		n := g.nodes[i]
		if isServiceLinked(n.entity) {
			continue // AWS alone acts with it
		}
		h := g.holdingOf(n)
		key := n.kind() + h.key(n.account)
		p := profiles[key]
		if p == nil {
			if p, err = g.newProfile(ctx, h, n); err != nil {
				return nil, err
			}
			profiles[key] = p
		}
		n.full = p.full
		if p.nothing && !g.mayBeNamed(int32(i)) {
			continue
		}
		classKey := string(p.key) + factText(n, p.principal)
		c := classes[classKey]
		if c == nil {
			c = &class{
				account: n.account, kind: n.kind(), policies: p.reduced, identity: p.identity, limits: p.limits, methods: p.methods, full: p.full, free: p.free,
				bounded: p.boundary != nil, denied: slices.ContainsFunc(p.holding.identity, func(d *document) bool { return d.denies }),
			}
			classes[classKey] = c
			fresh = append(fresh, c)
		}
		c.members = append(c.members, int32(i))
		n.class = c
	}
	return fresh, nil
}

// factText returns the values of facts about a node.
func factText(n *node, keys []string) string {
	var b strings.Builder
	for _, key := range keys {
		b.WriteString("\x00" + key + "\x00")
		if tag, ok := strings.CutPrefix(key, "aws:principaltag/"); ok {
			if v, ok := tagOf(n.entity.Tags, tag); ok {
				b.WriteString("=" + v)
			}
			continue
		}
		b.WriteString(n.entity.ARN)
	}
	return b.String()
}

// tagOf returns the value of a tag, whose key is given in lower case.
func tagOf(tags map[string]string, lower string) (string, bool) {
	for k, v := range tags {
		if strings.ToLower(k) == lower {
			return v, true
		}
	}
	return "", false
}

func (g *Graph) newProfile(ctx context.Context, h holding, n *node) (*profile, error) {
	p := &profile{holding: h}
	allows := bitset.New(len(g.actions))
	for _, d := range h.identity {
		allows.Union(d.allows)
	}
	relevant := bitset.New(len(g.actions))
	relevant.Add(g.place[assumeRole])
	forwards := false
	for _, m := range g.methods {
		if !m.isAssume() && (m.kind == "" || m.kind == n.kind()) && m.granted(allows) {
			p.methods = append(p.methods, m)
			relevant.Union(m.actions)
			forwards = true
		}
	}
	if forwards {
		for _, a := range g.forwarding {
			relevant.Add(a)
		}
	}
	var err error
	if p.full, err = g.isFull(ctx, &h, n); err != nil {
		return nil, err
	}
	if p.free, err = g.isFree(ctx, &h, n); err != nil {
		return nil, err
	}
	p.nothing = len(p.methods) == 0 && !p.full && !allows.Has(g.place[assumeRole])
	// What of the documents is about the actions that matter.
	key := append([]byte(n.kind()), 0)
	key = appendID(key, uint32(n.account.index))
	for _, b := range []bool{p.full, p.free, h.boundary != nil, h.scps == nil} {
		if b {
			key = append(key, '1')
		} else {
			key = append(key, '0')
		}
	}
	if slices.ContainsFunc(h.identity, func(d *document) bool { return d.denies }) {
		key = append(key, 'd')
	}
	reduce := func(docs []*document, into *[]*statement) []*policy.Document {
		var list []*statement
		for _, d := range docs {
			for _, s := range d.statements {
				if s.about.Meets(relevant) {
					list = append(list, s)
				}
			}
		}
		slices.SortFunc(list, func(a, b *statement) int { return int(a.id) - int(b.id) })
		list = slices.Compact(list)
		var reduced []*policy.Document
		for _, s := range list {
			key = appendID(key, s.id)
			*into = append(*into, s)
			for _, f := range s.principal {
				add(&p.principal, f)
			}
			i := slices.IndexFunc(reduced, func(d *policy.Document) bool { return d.Version == s.version })
			if i < 0 {
				i = len(reduced)
				reduced = append(reduced, &policy.Document{Version: s.version})
			}
			reduced[i].Statements = append(reduced[i].Statements, g.restricted(s, relevant))
		}
		key = append(key, '|')
		if reduced == nil {
			reduced = []*policy.Document{harmless}
		}
		return reduced
	}
	p.reduced.Identity = reduce(h.identity, &p.identity)
	if h.boundary != nil {
		docs := reduce([]*document{h.boundary}, &p.limits)
		p.reduced.Boundary = docs[0]
	}
	for _, level := range h.scps {
		p.reduced.SCPs = append(p.reduced.SCPs, reduce(level, &p.limits))
	}
	slices.Sort(p.principal)
	p.key = key
	return p, nil
}

// newAsker makes an asker of a class as one of its members.
func (g *Graph) newAsker(ctx context.Context, c *class, member int32) (*escalate.Asker, error) {
	s, err := escalate.NewAsker(ctx, g.holderOf(member, c.policies), escalate.Options{MaxStates: g.options.MaxStates})
	if err != nil {
		return nil, fmt.Errorf("the policies of %s: %w", g.nodes[member].entity.ARN, err)
	}
	return s, nil
}

// holderOf returns a node with some policies as a holder.
func (g *Graph) holderOf(n int32, p prove.Policies) *escalate.Holder {
	e := g.nodes[n].entity
	tags := e.Tags
	if tags == nil {
		tags = map[string]string{}
	}
	return &escalate.Holder{Policies: p, Principal: e.ARN, Tags: tags}
}

// isFull reports whether a holding is all that the SCPs leave.
func (g *Graph) isFull(ctx context.Context, h *holding, n *node) (bool, error) {
	if !slices.ContainsFunc(h.identity, func(d *document) bool { return d.wide }) {
		return false, nil
	}
	limit := holding{identity: []*document{g.document(allOfIt)}, scps: h.scps}
	return g.covers(ctx, h, &limit, n)
}

// isFree reports whether a holding has no permissions boundary that matters.
func (g *Graph) isFree(ctx context.Context, h *holding, n *node) (bool, error) {
	if h.boundary == nil {
		return true, nil
	}
	if !h.boundary.wide {
		return false, nil
	}
	all := []*document{g.document(allOfIt)}
	return g.covers(ctx, &holding{identity: all, boundary: h.boundary, scps: h.scps}, &holding{identity: all, scps: h.scps}, n)
}

// probes are requests that whoever is allowed all is allowed.
var probes = []eval.Request{
	{Action: "iam:PutUserPolicy", Resource: "arn:aws:iam::111122223333:user/writ-probe"},
	{Action: "iam:CreateRole", Resource: "arn:aws:iam::111122223333:role/writ-probe"},
	{Action: "organizations:LeaveOrganization", Resource: "*"},
	{Action: "writ-probe:Probe", Resource: "*"},
	{Action: "s3:PutObject", Resource: "arn:aws:s3:::writ-probe/writ-probe"},
	{Action: "ec2:RunInstances", Resource: "arn:aws:ec2:writ-probe:111122223333:instance/writ-probe"},
}

// covers reports whether a holding allows all that another one does. A request that it does not is looked for first.
func (g *Graph) covers(ctx context.Context, h, limit *holding, n *node) (bool, error) {
	key := h.key(n.account) + "covers" + limit.key(n.account)
	if known, ok := g.covered[key]; ok {
		return known, nil
	}
	a, err := g.compiled(h)
	if err != nil {
		return false, fmt.Errorf("the policies of %s: %w", n.entity.ARN, err)
	}
	b, err := g.compiled(limit)
	if err != nil {
		return false, fmt.Errorf("the policies of %s: %w", n.entity.ARN, err)
	}
	answer := true
	for i := range probes {
		r := probes[i]
		answer = answer && (a.Decide(&r).Allowed() || !b.Decide(&r).Allowed())
	}
	if answer {
		r, err := prove.Exceeds(ctx, limit.policies(), h.policies(), prove.Options{First: true, MaxStates: g.options.MaxStates})
		if err != nil {
			return false, err
		}
		if r.Answer == prove.Unknown {
			g.Doubts = append(g.Doubts, n.entity.ARN+": it is not known whether it is an administrator: "+r.Unknown[0].Reason)
		}
		answer = r.Answer == prove.Proved
	}
	g.covered[key] = answer
	return answer, nil
}

// compiled compiles a holding, document by document, each once.
func (g *Graph) compiled(h *holding) (p eval.Policies, err error) {
	one := func(d *document, t eval.PolicyType) (c *eval.Policy) {
		if err != nil {
			return nil
		}
		key := compileKey{d, t}
		if c = g.compiledDocs[key]; c == nil {
			if c, err = eval.Compile(d.src, t); err == nil && d.wide {
				g.compiledDocs[key] = c
			}
		}
		return c
	}
	for _, d := range h.identity {
		p.Identity = append(p.Identity, one(d, eval.Identity))
	}
	if h.boundary != nil {
		p.Boundary = one(h.boundary, eval.Boundary)
	}
	for _, level := range h.scps {
		var list []*eval.Policy
		for _, d := range level {
			list = append(list, one(d, eval.SCP))
		}
		p.SCPs = append(p.SCPs, list)
	}
	return p, err
}

type compileKey struct {
	d *document
	t eval.PolicyType
}
