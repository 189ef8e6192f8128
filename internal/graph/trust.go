package graph

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// trusts are the trust policies, each once, and what is found in them.
type trusts struct {
	trust    []*trust // by node; nil for users, and roles without one
	all      []*trust
	named    map[int32][]*trust              // by a principal that they name
	running  map[string][]int32              // roles by account and service that they trust
	provided map[string][]provided           // roles by account and kind of provider
	lent     map[string]map[*account][]int32 // roles, by whom of which account can assume them without being named, and their own account
}

// A provided is a role that trusts an identity provider.
type provided struct {
	role     int32
	provider string // ARN
}

// A trust is a trust policy.
type trust struct {
	index     int
	doc       *policy.Document
	compiled  *eval.Policy
	roles     []int32
	assumable bool     // some Allow is about sts:AssumeRole
	principal []string // facts about the principal that it mentions
	facts     []string // and about the role
	named     []int32  // principals that it names
	apart     bool     // principals are told apart otherwise than by being allowed: each is judged by itself
}

var assumeMatch = strings.ToLower(assumeRole)

func isAbout(st *policy.Statement, lower string) bool {
	return st.Action.Not != slices.ContainsFunc(st.Action.Values, func(v policy.Value) bool {
		return glob.Compile(strings.ToLower(v.Text)).Match(lower)
	})
}

// readTrusts reads the trust policies of all roles.
func (g *Graph) readTrusts(ctx context.Context) error {
	g.trust = make([]*trust, len(g.nodes))
	g.named, g.running, g.provided, g.lent = map[int32][]*trust{}, map[string][]int32{}, map[string][]provided{}, map[string]map[*account][]int32{}
	known := map[[sha256.Size]byte]*trust{}
	for i, n := range g.nodes {
		if n.entity.Trust == nil {
			continue
		}
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key := sha256.Sum256(n.entity.Trust.Format())
		t := known[key]
		if t == nil {
			var err error
			if t, err = g.newTrust(n.entity.Trust); err != nil {
				return fmt.Errorf("the trust policy of %s: %w", n.entity.ARN, err)
			}
			t.index = len(g.all)
			known[key] = t
			g.all = append(g.all, t)
		}
		t.roles = append(t.roles, int32(i))
		g.trust[i] = t
		for _, p := range providersOf(t.doc) {
			kind := p[strings.LastIndexByte(p, ':')+1:]
			kind, _, _ = strings.Cut(kind, "/")
			place := n.account.id + kind
			g.provided[place] = append(g.provided[place], provided{int32(i), p})
		}
	}
	for _, t := range g.all {
		for _, n := range t.named {
			g.named[n] = append(g.named[n], t)
		}
	}
	for _, a := range g.accounts {
		for _, kind := range []string{"user", "role"} {
			g.lend(a, kind)
		}
	}
	return nil
}

func (g *Graph) newTrust(doc *policy.Document) (*trust, error) {
	t := &trust{doc: doc}
	var err error
	if t.compiled, err = eval.Compile(doc, eval.Resource); err != nil {
		return nil, err
	}
	for i := range doc.Statements {
		st := &doc.Statements[i]
		if !isAbout(st, assumeMatch) || st.Principal == nil {
			continue
		}
		t.assumable = t.assumable || st.Effect == policy.Allow
		t.apart = t.apart || st.Principal.Not
		for _, p := range st.Principal.Entries {
			if p.Type != policy.AWS {
				continue
			}
			if n, ok := g.byARN[p.Name.Text]; ok {
				if t.apart = t.apart || st.Effect == policy.Deny; !slices.Contains(t.named, n) {
					t.named = append(t.named, n)
				}
			}
		}
		s := g.statement(st, doc.Version, g.about(st))
		for _, k := range s.principal {
			add(&t.principal, k)
		}
		for _, k := range s.facts {
			add(&t.facts, k)
		}
	}
	return t, nil
}

// providersOf returns the ARNs of the identity providers that a trust policy allows.
func providersOf(doc *policy.Document) (list []string) {
	for i := range doc.Statements {
		st := &doc.Statements[i]
		if st.Effect != policy.Allow || st.Principal == nil || st.Principal.Not {
			continue
		}
		for _, p := range st.Principal.Entries {
			if p.Type == policy.Federated && strings.Contains(p.Name.Text, "-provider/") {
				add(&list, p.Name.Text)
			}
		}
	}
	return list
}

// lend finds the roles that principals of an account can assume without being named, by the account of the role.
func (g *Graph) lend(a *account, kind string) {
	who := nobodyOf(a, kind)
	lent := map[*account][]int32{}
	for _, t := range g.all {
		delegates, open := false, false
		for i := range t.doc.Statements {
			st := &t.doc.Statements[i]
			if st.Effect == policy.Allow && isAbout(st, assumeMatch) && t.compiled.Names(i, who) {
				delegates = true
				open = open || st.Principal != nil && (st.Principal.Not || slices.ContainsFunc(st.Principal.Entries, func(p policy.Principal) bool {
					return p.Type == policy.AWS && p.Name.Text == "*"
				}))
			}
		}
		if !delegates {
			continue
		}
		for _, r := range t.roles {
			of := g.nodes[r].account
			lent[of] = append(lent[of], r)
			if open && of == a && !slices.Contains(a.open, r) {
				a.open = append(a.open, r)
			}
		}
	}
	for _, list := range lent {
		slices.Sort(list)
	}
	slices.Sort(a.open)
	g.lent[kind+a.id] = lent
}

// nobodyOf returns a principal of an account whom nothing names.
func nobodyOf(a *account, kind string) eval.Principal {
	text := "arn:aws:iam::" + a.id + ":user/writ-nobody-of-this-name"
	if kind == "role" {
		text = "arn:aws:sts::" + a.id + ":assumed-role/writ-nobody-of-this-name/session"
	}
	who, err := eval.ParsePrincipal(text)
	if err != nil {
		return eval.Principal{}
	}
	return who
}

// mayBeNamed reports whether a node can assume a role that its own policies need not allow.
func (g *Graph) mayBeNamed(n int32) bool {
	return len(g.named[g.nodes[n].of]) > 0 || len(g.nodes[n].account.open) > 0
}

// trusting returns the roles of an account that trust a service.
func (g *Graph) trusting(ctx context.Context, a *account, service string) ([]int32, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := a.id + service
	if list, ok := g.running[key]; ok {
		return list, nil
	}
	var list []int32
	for _, t := range g.all {
		first := slices.IndexFunc(t.roles, func(r int32) bool { return g.nodes[r].account == a })
		if first < 0 {
			continue
		}
		ok, err := t.serves(ctx, service, g.nodes[t.roles[first]])
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, r := range t.roles[first:] {
			if g.nodes[r].account == a {
				list = append(list, r)
			}
		}
	}
	slices.Sort(list)
	g.running[key] = list
	return list, nil
}

// isAboutIdentity reports whether a condition is about what users and roles have, and services do not.
func isAboutIdentity(c policy.Condition) bool {
	key := strings.ToLower(c.Key.Text)
	return key == "aws:username" || key == "aws:userid" || strings.HasPrefix(key, "aws:principal") && key != "aws:principalisawsservice" && !strings.HasPrefix(key, "aws:principalservicename")
}

// serves reports whether a service can assume a role with the trust policy. Conditions that can be met are taken to be.
func (t *trust) serves(ctx context.Context, service string, role *node) (bool, error) {
	federated := policy.Document{Version: t.doc.Version}
	direct := policy.Document{Version: t.doc.Version}
	who, err := eval.ParsePrincipal(service)
	if err != nil {
		return false, nil
	}
	conditions := false
	for i := range t.doc.Statements {
		st := t.doc.Statements[i]
		if st.Principal == nil {
			continue
		}
		bare := st
		bare.Principal, bare.Resource = nil, values("*")
		if t.compiled.Names(i, who) && isAbout(&st, assumeMatch) && !(st.Effect == policy.Allow && slices.ContainsFunc(st.Condition, isAboutIdentity)) {
			direct.Statements = append(direct.Statements, bare)
			conditions = conditions || len(st.Condition) > 0
		}
		if !st.Principal.Not && slices.ContainsFunc(st.Principal.Entries, func(p policy.Principal) bool { return p.Type == policy.Federated && p.Name.Text == service }) {
			federated.Statements = append(federated.Statements, bare)
		}
	}
	if slices.ContainsFunc(federated.Statements, func(st policy.Statement) bool { return st.Effect == policy.Allow }) {
		return true, nil
	}
	if len(direct.Statements) == 0 {
		return false, nil
	}
	context, err := condition.NewContext(map[string][]string{"aws:SourceAccount": {role.account.id}, "aws:SecureTransport": {"true"}})
	if err != nil {
		return false, err
	}
	p := eval.Policies{Resource: t.compiled}
	if p.Decide(&eval.Request{Principal: who, Action: assumeRole, Resource: role.entity.ARN, Context: context}).Allowed() {
		return true, nil
	}
	if !conditions {
		return false, nil
	}
	subject, err := prove.NewSubject(prove.Policies{Identity: []*policy.Document{&direct}})
	if err != nil {
		return false, err
	}
	among := document1(policy.Allow, assumeRole)
	among.Statements[0].Resource = values(role.entity.ARN)
	among.Statements[0].Condition = []policy.Condition{{
		Operator: policy.Value{Text: "StringEquals"}, Key: policy.Value{Text: "aws:SourceAccount"}, Values: values(role.account.id).Values,
	}}
	r, err := subject.Allows(ctx, among, prove.Options{Universe: prove.Reference, First: true})
	return err == nil && r.Answer == prove.Refuted, err
}
