package graph

import (
	"slices"
)

// This file is about searches, which go over hubs. The administration of the account with index i is the node -1-i.

func rootOf(a *account) int32 { return -1 - a.index }

func (g *Graph) addChange(c changing) {
	for _, n := range c.members {
		h := hub{class: g.nodes[n].class, members: []int32{n}, method: c.method, assumes: c.assumes, on: c.on}
		if c.group != nil {
			h.members = c.members
			h.set = g.sets.intern([]int32{g.memberOf(c.group)})
			g.hubs = append(g.hubs, &h)
			return
		}
		if to := g.changed(n, c.change); to != n {
			h.set = g.sets.intern([]int32{to})
			g.hubs = append(g.hubs, &h)
		}
	}
}

// index makes what searches go over.
func (g *Graph) index() {
	g.ofNode = make([][]int32, len(g.nodes))
	g.intoSet = make([][]int32, len(g.sets.sets))
	g.setsWith = make([][]int32, len(g.nodes))
	g.intoRoot = make([][]int32, len(g.accounts))
	for i, h := range g.hubs {
		n := int32(i)
		if h.members == nil {
			g.ofClass[h.class] = append(g.ofClass[h.class], n)
		} else {
			for _, m := range h.members {
				g.ofNode[m] = append(g.ofNode[m], n)
			}
		}
		if h.root {
			a := h.class.account.index
			g.intoRoot[a] = append(g.intoRoot[a], n)
		} else {
			g.intoSet[h.set] = append(g.intoSet[h.set], n)
		}
	}
	for i, set := range g.sets.sets {
		for _, n := range set {
			g.setsWith[n] = append(g.setsWith[n], int32(i))
		}
	}
}

func (h *hub) from() []int32 {
	if h.members != nil {
		return h.members
	}
	return h.class.members
}

// hubsOf yields the hubs that a node is a member of.
func (g *Graph) hubsOf(n int32, yield func(h *hub)) {
	for _, i := range g.ofNode[n] {
		yield(g.hubs[i])
	}
	if c := g.nodes[n].class; c != nil {
		for _, i := range g.ofClass[c] {
			yield(g.hubs[i])
		}
	}
}

// A Search bounds which edges count.
type Search struct {
	Sure  bool // only those that assume nothing
	Limit int  // how many paths are returned; 0 means 1
}

func (s *Search) counts(h *hub) bool { return !s.Sure || len(h.assumes) == 0 }

// far is the distance of a node that does not reach the goal.
const far = int32(1) << 30

// A distance says how many edges each node is from a goal.
type distance struct {
	nodes, roots []int32
}

func (d *distance) of(n int32) int32 {
	if n < 0 {
		return d.roots[-1-n]
	}
	return d.nodes[n]
}

// distances searches backwards from goals.
func (g *Graph) distances(goals []int32, s Search) *distance {
	d := &distance{make([]int32, len(g.nodes)), make([]int32, len(g.accounts))}
	for i := range d.nodes {
		d.nodes[i] = far
	}
	for i := range d.roots {
		d.roots[i] = far
	}
	var queue []int32
	reach := func(n, at int32) {
		switch {
		case n < 0 && d.roots[-1-n] > at:
			d.roots[-1-n] = at
		case n >= 0 && d.nodes[n] > at:
			d.nodes[n] = at
		default:
			return
		}
		queue = append(queue, n)
	}
	for _, n := range goals {
		reach(n, 0)
	}
	seenSet, seenHub := make([]bool, len(g.sets.sets)), make([]bool, len(g.hubs))
	pass := func(i, at int32) {
		if seenHub[i] || !s.counts(g.hubs[i]) {
			return
		}
		seenHub[i] = true
		for _, m := range g.hubs[i].from() {
			reach(m, at)
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		at := d.of(n) + 1
		if n < 0 {
			for _, i := range g.intoRoot[-1-n] {
				pass(i, at)
			}
			continue
		}
		for _, set := range g.setsWith[n] {
			if seenSet[set] {
				continue
			}
			seenSet[set] = true
			for _, i := range g.intoSet[set] {
				pass(i, at)
			}
		}
		if int(n) < g.entities {
			reach(rootOf(g.nodes[n].account), at)
		}
	}
	return d
}

// An edge is one from a node, by a hub; nil from an account's administration.
type edge struct {
	to  int32
	hub *hub
}

// nearer yields the edges of a node that lead nearer to the goal, one for each target and method, those that assume least first.
func (g *Graph) nearer(n int32, d *distance, s Search) (list []edge) {
	want := d.of(n) - 1
	if n < 0 {
		for i := range g.entities {
			if d.nodes[i] == want && rootOf(g.nodes[i].account) == n {
				list = append(list, edge{int32(i), nil})
			}
		}
		return list
	}
	g.hubsOf(n, func(h *hub) {
		switch {
		case !s.counts(h):
		case h.root:
			if root := rootOf(h.class.account); d.of(root) == want {
				list = append(list, edge{root, h})
			}
		default:
			for _, t := range g.sets.sets[h.set] {
				if d.nodes[t] == want {
					list = append(list, edge{t, h})
				}
			}
		}
	})
	slices.SortStableFunc(list, func(a, b edge) int { return len(a.hub.assumes) - len(b.hub.assumes) })
	return list
}

// reached lists the nodes that one reaches, with the number of edges; the roots, too.
func (g *Graph) reached(from int32, s Search) *distance {
	d := &distance{make([]int32, len(g.nodes)), make([]int32, len(g.accounts))}
	for i := range d.nodes {
		d.nodes[i] = far
	}
	for i := range d.roots {
		d.roots[i] = far
	}
	seenSet, seenHub := make([]bool, len(g.sets.sets)), map[*hub]bool{}
	queue := []int32{from}
	d.nodes[from] = 0
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		at := d.of(n) + 1
		reach := func(t int32) {
			switch {
			case t < 0 && d.roots[-1-t] > at:
				d.roots[-1-t] = at
			case t >= 0 && d.nodes[t] > at:
				d.nodes[t] = at
			default:
				return
			}
			queue = append(queue, t)
		}
		if n < 0 {
			for i := range g.entities {
				if rootOf(g.nodes[i].account) == n {
					reach(int32(i))
				}
			}
			continue
		}
		g.hubsOf(n, func(h *hub) {
			if seenHub[h] || !s.counts(h) {
				return
			}
			seenHub[h] = true
			if h.root {
				reach(rootOf(h.class.account))
				return
			}
			if !seenSet[h.set] {
				seenSet[h.set] = true
				for _, t := range g.sets.sets[h.set] {
					reach(t)
				}
			}
		})
	}
	return d
}
