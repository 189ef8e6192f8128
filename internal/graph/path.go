package graph

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/internal/authdetails"
)

// A Node is a user or role, or the administration of an account.
type Node struct {
	Entity  *authdetails.Entity // nil for administration
	Account string
	// Changed says what a method has made of it: "without its permissions boundary". Empty for one as it is.
	Changed string

	id int32
}

// String returns "user/dev" or "role/ci", with what is changed, or "admin".
func (n Node) String() string {
	if n.Entity == nil {
		return "admin"
	}
	text := n.Entity.ARN[strings.LastIndexByte(n.Entity.ARN, ':')+1:]
	if n.Changed != "" {
		text += " " + n.Changed
	}
	return text
}

// IsAdmin reports whether the node is the administration of an account.
func (n Node) IsAdmin() bool { return n.Entity == nil }

func (g *Graph) node(i int32) Node {
	if i < 0 {
		return Node{Account: g.accounts[-1-i].id, id: i}
	}
	n := g.nodes[i]
	out := Node{Entity: n.entity, Account: n.account.id, Changed: n.change.String(), id: i}
	if n.group != nil {
		out.Changed = strings.TrimSpace("in group/" + n.group.Name + " " + out.Changed)
	}
	return out
}

// A NameError says that a text names no principal of the accounts.
type NameError struct{ Reason string }

func (e *NameError) Error() string { return e.Reason }

// Principal finds a user or role by its ARN, or by what stands behind the account in it, if that tells it apart: "user/dev".
// A name without its path will do.
func (g *Graph) Principal(name string) (Node, error) {
	if i, ok := g.byARN[name]; ok && int(i) < g.entities {
		return g.node(i), nil
	}
	var found []int32
	for i := range g.entities {
		e := g.nodes[i].entity
		if e.ARN[strings.LastIndexByte(e.ARN, ':')+1:] == name || e.Kind+"/"+e.Name == name || e.Name == name {
			found = append(found, int32(i))
		}
	}
	switch len(found) {
	case 1:
		return g.node(found[0]), nil
	case 0:
		if _, err := arn.Parse(name); err == nil {
			return Node{}, &NameError{fmt.Sprintf("%s is not in the details", name)}
		}
		return Node{}, &NameError{fmt.Sprintf("%q is no user or role in the details; expected user/NAME, role/NAME or an ARN", name)}
	}
	return Node{}, &NameError{fmt.Sprintf("%q may be %s or %s; give the ARN", name, g.nodes[found[0]].entity.ARN, g.nodes[found[1]].entity.ARN)}
}

// Goal finds what a path is to lead to: "admin", the administration of any account, "admin:ACCOUNT", or a principal.
func (g *Graph) Goal(name string) ([]Node, error) {
	account, ok := strings.CutPrefix(name, "admin:")
	if name != "admin" && !ok {
		n, err := g.Principal(name)
		return []Node{n}, err
	}
	var list []Node
	for _, a := range g.accounts {
		if !ok || a.id == account {
			list = append(list, g.node(rootOf(a)))
		}
	}
	if len(list) == 0 {
		return nil, &NameError{fmt.Sprintf("account %q is not in the details", account)}
	}
	return list, nil
}

// A Path is a way from one node to another.
type Path struct {
	Steps []Step
}

// Assumes lists what the steps assume.
func (p *Path) Assumes() (list []string) {
	for i := range p.Steps {
		for _, a := range p.Steps[i].Assumes {
			add(&list, a)
		}
	}
	return list
}

// A Step is one method on a path.
type Step struct {
	From, To Node
	// Method is how; nil if From has all permissions that the SCPs leave, or is the administration of To's account.
	Method  *escalate.Method
	Assumes []string
	Also    []*escalate.Method // other methods that do the same, in the order of what they assume

	hub *hub
}

// Paths returns the shortest paths from a principal to one of some goals: those that assume nothing, if there are any, and
// otherwise those with assumptions. There are none if there is no path.
func (g *Graph) Paths(from Node, to []Node, s Search) []Path {
	var goals []int32
	for _, n := range to {
		goals = append(goals, n.id)
	}
	sure := s
	sure.Sure = true
	d := g.distances(goals, sure)
	if d.of(from.id) == far && !s.Sure {
		sure.Sure = false
		d = g.distances(goals, sure)
	}
	if at := d.of(from.id); at == far || at == 0 {
		return nil
	}
	limit := cmp.Or(max(s.Limit, 0), 1)
	var paths []Path
	var walk func(n int32, steps []Step)
	walk = func(n int32, steps []Step) {
		if len(paths) == limit {
			return
		}
		if d.of(n) == 0 {
			paths = append(paths, Path{slices.Clone(steps)})
			return
		}
		edges := g.nearer(n, d, sure)
		for i := 0; i < len(edges) && len(paths) < limit; i++ {
			e := edges[i]
			if slices.ContainsFunc(edges[:i], func(o edge) bool { return o.to == e.to }) {
				continue
			}
			step := Step{From: g.node(n), To: g.node(e.to)}
			if e.hub != nil && e.hub.method != nil {
				step.Method, step.Assumes, step.hub = e.hub.method.Method, e.hub.assumes, e.hub
				for _, o := range edges[i+1:] {
					if o.to == e.to && o.hub.method != nil && o.hub.method.Method != step.Method && !slices.Contains(step.Also, o.hub.method.Method) {
						step.Also = append(step.Also, o.hub.method.Method)
					}
				}
			}
			walk(e.to, append(steps, step))
		}
	}
	walk(from.id, nil)
	return paths
}

// Requests returns the requests of a step, in their order, each of which package eval allows by all policies that bear on the
// holder. There are none for a step without a method.
func (g *Graph) Requests(ctx context.Context, s *Step) ([]escalate.Request, error) {
	if s.Method == nil {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	from := g.nodes[s.From.id]
	h := g.holdingOf(from)
	asker, err := escalate.NewAsker(ctx, g.holderOf(s.From.id, h.policies()), escalate.Options{MaxStates: g.options.MaxStates})
	if err != nil {
		return nil, err
	}
	m := s.hub.method
	on := maps.Clone(s.hub.on)
	if on == nil {
		on = map[escalate.Resource]string{}
	}
	g.know(asker, from.of)
	role := int32(-1)
	if s.To.id >= 0 && m.target != "" {
		if m.target == "role" {
			on[onRole], role = s.To.Entity.ARN, s.To.id
		} else {
			on[onUser] = s.To.Entity.ARN
		}
		g.know(asker, s.To.id)
		for _, p := range g.provided[from.account.id+m.trusts] {
			if p.role == s.To.id && m.trusts != "" {
				on[providerOf[m.trusts]] = p.provider
			}
		}
	} else if n, ok := g.byARN[on[onRole]+on[onUser]]; ok {
		g.know(asker, n)
		role = n
	}
	var requests []escalate.Request
	if len(m.judged.Steps) > 0 {
		f := asker.JudgeOn(m.judged, on)
		if !f.Status.Usable() {
			return nil, fmt.Errorf("%s cannot use %s after all: %s", s.From, m.ID, f.Status)
		}
		requests = f.Requests
	}
	if m.assumes && role >= 0 {
		f, err := asker.Assume(g.nodes[role].entity.ARN, g.trust[role].doc, g.nodes[role].account.rcps)
		if err != nil {
			return nil, err
		}
		if !f.Status.Usable() {
			return nil, fmt.Errorf("%s cannot assume %s after all", s.From, g.nodes[role].entity.ARN)
		}
		requests = append(requests, f.Requests...)
	}
	return requests, nil
}

// FirstSteps returns, for each principal that reaches one of some goals, the first step of its shortest path, by ARN: of one that
// assumes nothing, if there is any. Of those that a change has been made of, too, which stand behind the others.
func (g *Graph) FirstSteps(to []Node, s Search) (list []Step) {
	var goals []int32
	for _, n := range to {
		goals = append(goals, n.id)
	}
	searches := []Search{{Sure: true}}
	if !s.Sure {
		searches = append(searches, s)
	}
	taken := make([]bool, len(g.nodes))
	for _, s := range searches {
		d := g.distances(goals, s)
		best := map[*hub]int32{} // the target of a hub that is nearest to the goal
		nearest := func(h *hub) int32 {
			if h.root {
				return rootOf(h.class.account)
			}
			t, ok := best[h]
			if !ok {
				set := g.sets.sets[h.set]
				t = set[0]
				for _, n := range set[1:] {
					if d.nodes[n] < d.nodes[t] {
						t = n
					}
				}
				best[h] = t
			}
			return t
		}
		for i := range g.nodes {
			if at := d.nodes[i]; taken[i] || at == far || at == 0 {
				continue
			}
			taken[i] = true
			var found *edge
			g.hubsOf(int32(i), func(h *hub) {
				if t := nearest(h); s.counts(h) && d.of(t) == d.nodes[i]-1 && (found == nil || len(h.assumes) < len(found.hub.assumes)) {
					found = &edge{t, h}
				}
			})
			if found != nil {
				step := Step{From: g.node(int32(i)), To: g.node(found.to), Assumes: found.hub.assumes, hub: found.hub}
				if m := found.hub.method; m != nil {
					step.Method = m.Method
				}
				list = append(list, step)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Step) int { return int(a.From.id) - int(b.From.id) })
	return list
}

// Reached lists whom a principal can become, the administrations of accounts first, then by ARN. Those that it reaches as an
// administrator of their account are left out.
func (g *Graph) Reached(from Node, s Search) (list []Node) {
	d := g.reached(from.id, s)
	for i := range g.accounts {
		if d.roots[i] != far {
			list = append(list, g.node(int32(-1-i)))
		}
	}
	for i := range g.nodes {
		if n := g.nodes[i]; d.nodes[i] != far && d.nodes[i] > 0 && d.roots[n.account.index] == far {
			list = append(list, g.node(int32(i)))
		}
	}
	return list
}

// Size says how large the graph is.
func (g *Graph) Size() (principals, classes, hubs, sets int) {
	return g.entities, len(g.ofClass), len(g.hubs), len(g.sets.sets)
}

// Accounts returns the ids of the accounts.
func (g *Graph) Accounts() (list []string) {
	for _, a := range g.accounts {
		list = append(list, a.id)
	}
	return list
}
