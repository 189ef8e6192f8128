// Package graph says who can become whom in accounts that are known, and who can reach administration.
//
//	g, err := graph.Build(ctx, &details, graph.Options{}, nil)
//	…
//	for _, p := range g.Paths("arn:aws:iam::111122223333:user/dev", "admin", graph.Search{}) {
//		for _, s := range p.Steps {
//			fmt.Println(s.From, s.Method.Title, s.To)
//		}
//	}
//
// # Nodes and edges
//
// Nodes are the users and roles, and the administration of each account. An edge is a method of package escalate by which its
// holder becomes another principal, or an administrator. What a method needs and the account knows is checked: the
// service that a role is passed to must be trusted by the role, a group must be one that the holder is in, a
// policy one that is attached to it. What nobody can see in the details (a function that runs with a role, whether somebody has
// two access keys already, MFA) stays as an assumption of the edge, and [Search] can leave such edges out.
//
// An administrator has all that the SCPs leave. Administration of an account is taken to include all its principals.
//
// A method that takes a permissions boundary or a Deny away, or gives the holder all that its boundary leaves, leads to
// the same principal as it is then, which is a node of its own: see [Node.Changed]. So does one that joins a group: to a user with the group's
// policies.
//
// # How large accounts are built
//
// Principals are not compared with each other one by one.
//
//   - Of each policy document it is worked out once which actions of the methods its statements are about. A principal without a
//     method whose every step some Allow is about is done.
//   - Principals with the same statements about the actions of their methods are one class, and judged once. Facts about the
//     principal (its name, its tags) make a difference only where those statements mention them.
//   - The users and roles that a class can reach by a method are found from the patterns of its statements in the sorted ARNs,
//     and from the trust policies by service and by account. Those that no pattern, no tag that is asked about and no trust policy tells
//     apart are judged once, by package escalate: that is, by the engine and the prover.
//   - What comes out is a hub: all members of a class, a method, a set of targets. Sets are kept once. Searches go over hubs.
package graph

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/policy"
)

// Options are what a graph is built with, besides the details. The zero Options are good defaults.
type Options struct {
	// Document returns the document in force of a managed policy that the details do not have, or nil.
	Document func(arn string) *policy.Document
	// SCPs returns the service control policies above an account, one list a level, from the root down.
	SCPs func(account string) [][]*policy.Document
	// RCPs returns the resource control policies above an account, likewise. They bear on who can assume its roles.
	RCPs func(account string) [][]*policy.Document
	// Methods are those that count; nil means all.
	Methods   []*escalate.Method
	MaxStates int // as in package prove
}

// A Graph is who can become whom. It is safe for concurrent use once built.
type Graph struct {
	// Doubts says where the prover found no answer: there may be edges that are not in the graph.
	Doubts []string

	options      Options
	details      *authdetails.Details
	methods      []*shape
	actions      []string // that the methods call
	forwarding   []int    // of these, those that bring a service to make calls
	covered      map[string]bool
	compiledDocs map[compileKey]*eval.Policy
	accounts     []*account
	nodes        []*node // users and roles, by ARN; then what they can be changed into
	entities     int     // how many nodes are users and roles
	byARN        map[string]int32
	numbers      []int32 // from 0 up to the entities

	library
	trusts
	hubs []*hub
	sets setTable

	// What searches go over.
	ofNode   [][]int32 // hubs of single members
	ofClass  map[*class][]int32
	intoSet  [][]int32 // hubs by set
	setsWith [][]int32 // sets by node
	intoRoot [][]int32 // hubs to administration, by account

	mu     sync.Mutex
	cells  map[string][]cell
	within map[string][]int32
}

// An account is one in the details.
type account struct {
	index        int32
	id           string
	scps         [][]*document
	rcps         [][]*policy.Document
	limiting     []string // facts about the principal that the RCPs mention
	users, roles span     // nodes
	prefix       string
	groups       []*authdetails.Entity
	open         []int32 // roles that everybody in the account can assume, whatever identity-based policies say
}

// A span is a range of nodes: an account's users, or its roles.
type span struct{ lo, hi int32 }

// A hub is an edge from each of some principals to each of some.
type hub struct {
	class   *class  // all its members, if there is no list of them
	members []int32 // some of them
	method  *shape
	root    bool  // to administration of the class's account
	set     int32 // or else to these
	assumes []string
	on      map[escalate.Resource]string // what else the method acts on
}

// Read takes accounts in, without working out who can become whom: that is enough for [Graph.WhoCan]. The error is that of a trust
// policy that cannot be compiled, or of ctx.
func Read(ctx context.Context, d *authdetails.Details, o Options) (*Graph, error) {
	if o.Methods == nil {
		o.Methods = escalate.Methods()
	}
	g := &Graph{
		options: o, details: d, byARN: map[string]int32{}, ofClass: map[*class][]int32{},
		covered: map[string]bool{}, compiledDocs: map[compileKey]*eval.Policy{}, cells: map[string][]cell{}, within: map[string][]int32{},
	}
	g.actions = escalate.Actions(append([]*escalate.Method{{Steps: []escalate.Step{{escalate.AssumeCall}}}}, o.Methods...))
	g.library.init(g.actions, o.Document)
	for _, a := range escalate.Forwarding() {
		g.forwarding = append(g.forwarding, g.place[a])
	}
	for _, m := range o.Methods {
		if s := g.newShape(m); s != nil {
			g.methods = append(g.methods, s)
		}
	}
	g.addEntities()
	g.numbers = make([]int32, g.entities)
	for i := range g.numbers {
		g.numbers[i] = int32(i)
	}
	return g, g.readTrusts(ctx)
}

// Build works the graph out. It calls progress, if there is one, with how many of the principals are done. The error is that of a
// policy that cannot be compiled, or of ctx.
func Build(ctx context.Context, d *authdetails.Details, o Options, progress func(done, all int)) (*Graph, error) {
	g, err := Read(ctx, d, o)
	if err != nil {
		return nil, err
	}
	done := 0
	for from := 0; from < len(g.nodes); { // methods that change their holder add nodes
		fresh, err := g.classify(ctx, from)
		if err != nil {
			return nil, err
		}
		for _, n := range g.nodes[from:] {
			if n.class == nil {
				done++
			}
		}
		from = len(g.nodes)
		if err := g.judgeAll(ctx, fresh, func(n int) {
			if done += n; progress != nil {
				progress(min(done, g.entities), g.entities)
			}
		}); err != nil {
			return nil, err
		}
	}
	g.index()
	g.elements, g.cells, g.within, g.covered, g.compiledDocs = nil, nil, nil, map[string]bool{}, map[compileKey]*eval.Policy{}
	slices.Sort(g.Doubts)
	g.Doubts = slices.Compact(g.Doubts)
	return g, nil
}

// Missing returns the ARNs of managed policies of which no document is known: they are taken to allow nothing.
func (g *Graph) Missing() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.missingList()
}

// judgeAll judges classes, as many at once as there are processors.
func (g *Graph) judgeAll(ctx context.Context, classes []*class, progress func(int)) error {
	results := make([]*judging, len(classes))
	next := make(chan int)
	done := make(chan int)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				results[i] = g.judge(ctx, classes[i])
				done <- i
			}
		})
	}
	go func() {
		defer close(next)
		for i := range classes {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		wg.Wait()
		close(done)
	}()
	var failed error
	for i := range done {
		if err := results[i].err; err != nil && failed == nil {
			failed = err
			cancel()
		}
		progress(len(classes[i].members))
	}
	if failed == nil {
		failed = ctx.Err()
	}
	if failed != nil {
		return failed
	}
	for _, c := range classes { // what they were judged by
		c.policies, c.identity, c.limits, c.methods = prove.Policies{}, nil, nil, nil
	}
	for _, j := range results {
		for _, h := range j.hubs {
			if h.members != nil || len(h.class.members) > 0 {
				g.addHub(h)
			}
		}
		for _, c := range j.changes {
			g.addChange(c)
		}
		g.Doubts = append(g.Doubts, j.doubts...)
	}
	return nil
}

func (g *Graph) addHub(h *pending) {
	hub := h.hub
	if !hub.root {
		hub.set = g.sets.intern(h.targets)
	}
	g.hubs = append(g.hubs, &hub)
}

// A setTable keeps sets of nodes, each once.
type setTable struct {
	sets  [][]int32
	known map[uint64][]int32 // by a hash
}

func (t *setTable) intern(set []int32) int32 {
	if t.known == nil {
		t.known = map[uint64][]int32{}
	}
	hash := uint64(14695981039346656037)
	for _, n := range set {
		hash = (hash ^ uint64(uint32(n))) * 1099511628211
	}
	for _, i := range t.known[hash] {
		if slices.Equal(t.sets[i], set) {
			return i
		}
	}
	i := int32(len(t.sets))
	t.sets, t.known[hash] = append(t.sets, set), append(t.known[hash], i)
	return i
}
