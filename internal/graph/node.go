package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/policy"
)

// A change is what a method makes of its holder. Changes add up.
type change uint8

const (
	unbounded  change = 1 << iota // it has no permissions boundary any more
	noInline                      // … nor its inline policies with a Deny
	noAttached                    // … nor its managed policies with a Deny
	noGroup                       // … nor those of its groups
	everything                    // it has all that its boundary leaves
)

func (c change) String() string {
	var list []string
	for i, text := range []string{
		"without its permissions boundary", "without its inline policies with a Deny", "without its managed policies with a Deny",
		"without its groups' policies with a Deny", "with all that its permissions boundary allows",
	} {
		if c&(1<<i) != 0 {
			list = append(list, text)
		}
	}
	return strings.Join(list, ", ")
}

// A node is a user or role, or what a method makes of one.
type node struct {
	entity  *authdetails.Entity
	account *account
	of      int32 // itself, or whom it is a change of
	change  change
	group   *authdetails.Entity // for somebody who joins a group and has no other policies
	class   *class              // nil for one that can do nothing
	full    bool                // it has all that the SCPs leave
}

func (n *node) kind() string { return n.entity.Kind }

// isReserved reports whether a role is one that only AWS can make, change or pass.
func isReserved(e *authdetails.Entity) bool {
	return strings.Contains(e.ARN, ":role/aws-reserved/") || isServiceLinked(e)
}

func isServiceLinked(e *authdetails.Entity) bool {
	return strings.Contains(e.ARN, ":role/aws-service-role/")
}

// addEntities makes the nodes of the users and roles.
func (g *Graph) addEntities() {
	byID := map[string]*account{}
	principals := g.details.Principals()
	g.entities = len(principals)
	accountOf := func(id string) *account {
		a := byID[id]
		if a == nil {
			a = &account{id: id}
			byID[id] = a
			g.accounts = append(g.accounts, a)
			if g.options.SCPs != nil {
				for _, level := range g.options.SCPs(id) {
					var docs []*document
					for _, doc := range level {
						docs = append(docs, g.document(doc))
					}
					a.scps = append(a.scps, docs)
				}
			}
			if g.options.RCPs != nil {
				a.rcps = g.options.RCPs(id)
				for _, level := range a.rcps {
					for _, doc := range level {
						for _, s := range g.document(doc).statements {
							for _, f := range s.principal {
								add(&a.limiting, f)
							}
						}
					}
				}
			}
		}
		return a
	}
	for i, e := range principals {
		a := accountOf(e.Account)
		n := int32(i)
		place := &a.users
		if e.Kind == "role" {
			place = &a.roles
		}
		if place.hi == 0 {
			place.lo = n
		}
		place.hi = n + 1
		a.prefix = e.ARN[:strings.LastIndexByte(e.ARN, ':')+1]
		g.byARN[e.ARN] = n
		g.nodes = append(g.nodes, &node{entity: e, account: a, of: n})
	}
	for _, group := range g.details.Groups {
		a := accountOf(group.Account)
		a.groups = append(a.groups, group)
	}
	slices.SortFunc(g.accounts, func(a, b *account) int { return cmp.Compare(a.id, b.id) })
	for i, a := range g.accounts {
		a.index = int32(i)
	}
}

// A holding is all policies that bear on a node.
type holding struct {
	identity []*document
	boundary *document
	scps     [][]*document
}

// managed returns the document of a managed policy, or nil.
func (g *Graph) managed(arn string) *document {
	var doc *policy.Document
	if m := g.details.Policies[arn]; m != nil {
		doc = m.Versions[m.Default]
	} else if g.find != nil {
		doc = g.find(arn)
	}
	if doc == nil {
		g.missing[arn] = true
		return nil
	}
	return g.document(doc)
}

// attached returns the ARNs of the managed policies that a node has, by itself and by groups.
func (g *Graph) attached(n *node) (list []string) {
	for _, e := range g.carriers(n) {
		list = append(list, e.Attached...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// carriers returns what a node has identity-based policies of: itself, and its groups.
func (g *Graph) carriers(n *node) []*authdetails.Entity {
	if n.group != nil {
		return []*authdetails.Entity{n.group}
	}
	return append([]*authdetails.Entity{n.entity}, g.details.GroupsOf(n.entity)...)
}

// holdingOf returns the policies of a node.
func (g *Graph) holdingOf(n *node) (h holding) {
	for _, e := range g.carriers(n) {
		gone := e == n.entity && n.change&noInline != 0 || e.Kind == "group" && n.change&noGroup != 0
		for i := range e.Inline {
			if d := g.document(e.Inline[i].Document); !gone || !d.denies {
				h.identity = append(h.identity, d)
			}
		}
		gone = e == n.entity && n.change&noAttached != 0 || e.Kind == "group" && n.change&noGroup != 0
		for _, arn := range e.Attached {
			if d := g.managed(arn); d != nil && (!gone || !d.denies) {
				h.identity = append(h.identity, d)
			}
		}
	}
	if n.change&everything != 0 {
		h.identity = append(h.identity, g.document(allOfIt))
	}
	slices.SortFunc(h.identity, func(a, b *document) int { return cmp.Compare(a.id, b.id) })
	h.identity = slices.Compact(h.identity)
	if n.entity.Boundary != "" && n.change&unbounded == 0 && n.group == nil {
		if h.boundary = g.managed(n.entity.Boundary); h.boundary == nil {
			h.boundary = g.document(nothing) // a boundary that is not known is taken to allow nothing
		}
	}
	if !isServiceLinked(n.entity) {
		h.scps = n.account.scps
	}
	return h
}

// key is a text that holdings of one account have in common if they are the same.
func (h *holding) key(a *account) string {
	key := appendID(nil, uint32(a.index))
	for _, d := range h.identity {
		key = appendID(key, d.id)
	}
	key = append(key, '/')
	if h.boundary != nil {
		key = appendID(key, h.boundary.id)
	}
	if h.scps == nil {
		key = append(key, '-')
	}
	return string(key)
}

// policies returns the policies as package prove has them. There is always an identity-based one.
func (h *holding) policies() (p prove.Policies) {
	for _, d := range h.identity {
		p.Identity = append(p.Identity, d.src)
	}
	if len(p.Identity) == 0 {
		p.Identity = []*policy.Document{harmless}
	}
	if h.boundary != nil {
		p.Boundary = h.boundary.src
	}
	for _, level := range h.scps {
		var docs []*policy.Document
		for _, d := range level {
			docs = append(docs, d.src)
		}
		p.SCPs = append(p.SCPs, docs)
	}
	return p
}

func values(texts ...string) (e policy.Element) {
	for _, text := range texts {
		e.Values = append(e.Values, policy.Value{Text: text})
	}
	return e
}

func document1(effect policy.Effect, action string) *policy.Document {
	return &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{Effect: effect, Action: values(action), Resource: values("*")}}}
}

var (
	allOfIt  = document1(policy.Allow, "*")
	nothing  = document1(policy.Deny, "*")
	harmless = document1(policy.Allow, "sts:GetCallerIdentity") // which needs no permission
)

// changed returns the node that a change makes of another one.
func (g *Graph) changed(n int32, c change) int32 {
	was := g.nodes[n]
	key := fmt.Sprintf("%s|%d|%v", was.entity.ARN, was.change|c, was.group != nil)
	if i, ok := g.byARN[key]; ok {
		return i
	}
	i := int32(len(g.nodes))
	g.byARN[key] = i
	g.nodes = append(g.nodes, &node{entity: was.entity, account: was.account, of: was.of, change: was.change | c, group: was.group})
	return i
}

// memberOf returns the node of somebody who joins a group.
func (g *Graph) memberOf(group *authdetails.Entity) int32 {
	if i, ok := g.byARN[group.ARN]; ok {
		return i
	}
	i := int32(len(g.nodes))
	g.byARN[group.ARN] = i
	a := g.accounts[slices.IndexFunc(g.accounts, func(a *account) bool { return a.id == group.Account })]
	who := &authdetails.Entity{Kind: "user", Name: "member-of-" + group.Name, Account: group.Account, Groups: []string{group.Name}}
	who.ARN = group.ARN[:strings.LastIndexByte(group.ARN, ':')+1] + "user/" + who.Name
	g.nodes = append(g.nodes, &node{entity: who, account: a, of: i, group: group})
	return i
}
