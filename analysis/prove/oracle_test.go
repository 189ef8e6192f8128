package prove_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/refeval"
	"github.com/writ-iam/writ/policy"
)

// The oracle: policies and requests are made up over one small vocabulary by the generator of package refeval, and every
// answer of the prover is held against requests that are simply tried.

// pool makes up requests as the prover takes them to be.
func pool(r *rand.Rand, n int) (cases []refeval.Case) {
	for len(cases) < n {
		cases = append(cases, regulars(refeval.Generate(r))...)
	}
	return cases
}

// regulars makes requests of cases as the prover takes them to be, and leaves out those that cannot be: condition keys that follow
// from principal and resource do follow, and keys that have one value have one.
func regulars(cases ...refeval.Case) (list []refeval.Case) {
	for _, c := range cases {
		if _, err := request(c); err != nil || c.Principal == "" || strings.HasPrefix(c.Principal, "arn:aws:iam::") && strings.Contains(c.Principal, ":role/") {
			continue
		}
		if c.SessionIssuer == "" && strings.Contains(c.Principal, ":assumed-role/") || strings.Contains(c.Principal, ":federated-user/") {
			continue
		}
		c.Context = maps.Clone(c.Context)
		for _, key := range slices.Collect(maps.Keys(c.Context)) {
			switch lower := strings.ToLower(key); {
			case strings.HasPrefix(lower, "aws:principal") && !strings.HasPrefix(lower, "aws:principaltag/"),
				lower == "aws:username", lower == "aws:userid", lower == "aws:resourceaccount":
				delete(c.Context, key)
			case len(c.Context[key]) > 1 && !authref.Multivalued(lower):
				c.Context[key] = c.Context[key][:1]
			}
		}
		if parts := strings.SplitN(c.Resource, ":", 6); len(parts) == 6 && parts[4] != "" {
			c.ResourceAccount = ""
		}
		if strings.HasPrefix(c.Principal, "arn:aws:sts::") && c.UniqueID != "" {
			c.UniqueID = strings.TrimSuffix(c.UniqueID, ":s1") + ":session"
		}
		list = append(list, c)
	}
	return list
}

// sideOf takes the policies of a case for one side of a comparison.
func sideOf(c refeval.Case, resource bool) prove.Policies {
	if resource {
		return prove.Policies{Resource: c.ResourcePolicy}
	}
	return prove.Policies{Identity: c.Identity, Boundary: c.Boundary, Session: c.Session, SCPs: c.SCPs, RCPs: c.RCPs}
}

// mutate changes a few things in documents, so that the sides are near each other.
func mutate(r *rand.Rand, docs []*policy.Document, other []*policy.Document) (changed []*policy.Document) {
	for _, d := range docs {
		c := *d
		c.Statements = nil
		for i := range d.Statements {
			s := d.Statements[i].Clone()
			switch r.IntN(8) {
			case 0:
				continue
			case 1:
				if len(s.Condition) > 0 {
					s.Condition = s.Condition[1:]
				}
			case 2:
				if len(s.Resource.Values) > 1 {
					s.Resource.Values = s.Resource.Values[1:]
				}
			case 3:
				if len(s.Action.Values) > 1 {
					s.Action.Values = s.Action.Values[1:]
				}
			case 4:
				if len(other) > 0 && len(other[0].Statements[0].Condition) > 0 && s.Principal == nil == (other[0].Statements[0].Principal == nil) {
					s.Condition = other[0].Statements[0].Condition
				}
			}
			c.Statements = append(c.Statements, s)
		}
		if len(c.Statements) > 0 {
			changed = append(changed, &c)
		}
	}
	if r.IntN(4) == 0 {
		changed = append(changed, other...)
	}
	return changed
}

// compiled is a side as the engine has it.
type compiled struct {
	policies eval.Policies
	resource bool
	limits   bool
}

func compile(p prove.Policies, resource, limits bool) (c compiled, err error) {
	one := func(t eval.PolicyType, doc *policy.Document) *eval.Policy {
		if doc == nil {
			return nil
		}
		compiled, e := eval.Compile(doc, t)
		if e != nil {
			err = e
		}
		return compiled
	}
	list := func(t eval.PolicyType, docs []*policy.Document) (of []*eval.Policy) {
		for _, d := range docs {
			of = append(of, one(t, d))
		}
		return of
	}
	c.resource, c.limits = resource, limits
	e := &c.policies
	e.Identity, e.Boundary, e.Session, e.Resource = list(eval.Identity, p.Identity), one(eval.Boundary, p.Boundary), list(eval.Session, p.Session), one(eval.Resource, p.Resource)
	for _, level := range p.SCPs {
		e.SCPs = append(e.SCPs, list(eval.SCP, level))
	}
	for _, level := range p.RCPs {
		e.RCPs = append(e.RCPs, list(eval.RCP, level))
	}
	if limits {
		e.Identity = []*eval.Policy{one(eval.Identity, parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))}
	}
	return c, err
}

func parse(text string) *policy.Document {
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("%v in %s", err, text))
	}
	return doc
}

var fromAll = func() *eval.Policy {
	p, err := eval.Compile(parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`), eval.Resource)
	if err != nil {
		panic(err)
	}
	return p
}()

// allows says whether the side allows the request, the other side of a request across accounts given.
func (c *compiled) allows(req *eval.Request) bool {
	if c.resource {
		return c.policies.Resource.Outcome(req) == eval.Allowed
	}
	p := c.policies
	account := req.ResourceAccount
	if parts := strings.SplitN(req.Resource, ":", 6); len(parts) == 6 && account == "" {
		account = parts[4]
	}
	if mine := req.Principal.Account(); c.limits || account != "" && account != "aws" && mine != "" && account != mine {
		p.Resource = fromAll
	}
	return p.Decide(req).Allowed()
}

func request(c refeval.Case) (*eval.Request, error) {
	who, err := eval.ParsePrincipal(c.Principal)
	if err == nil && c.SessionIssuer != "" {
		who, err = who.WithSessionIssuer(c.SessionIssuer)
	}
	if err != nil {
		return nil, err
	}
	if c.UniqueID != "" {
		who = who.WithUniqueID(c.UniqueID)
	}
	ctx, err := condition.NewContext(c.Context)
	return &eval.Request{Principal: who, Action: c.Action, Resource: c.Resource, ResourceAccount: c.ResourceAccount, Context: ctx}, err
}

// concerns reports whether the principal is of the kinds that a comparison is for.
func concerns(c refeval.Case, resource, limits, organization bool) bool {
	own := strings.HasPrefix(c.Principal, "arn:aws:iam::") && strings.Contains(c.Principal, ":user/") || strings.Contains(c.Principal, ":assumed-role/")
	linked := strings.Contains(c.SessionIssuer, ":role/aws-service-role/")
	switch {
	case resource:
		return true
	case organization && linked:
		return false
	}
	return own
}

func format(p prove.Policies) string {
	var b strings.Builder
	docs := func(name string, list ...*policy.Document) {
		for _, d := range list {
			if d != nil {
				fmt.Fprintf(&b, "%s: %s\n", name, d.Format())
			}
		}
	}
	docs("identity", p.Identity...)
	docs("resource", p.Resource)
	docs("boundary", p.Boundary)
	docs("session", p.Session...)
	for _, l := range p.SCPs {
		docs("scp", l...)
	}
	for _, l := range p.RCPs {
		docs("rcp", l...)
	}
	return b.String()
}

// TestProverAgreesWithTrying compares sides that are made up, and tries requests on both.
func TestProverAgreesWithTrying(t *testing.T) {
	counts := map[prove.Answer]int{}
	for seed := range uint64(oracleRounds) {
		r := rand.New(rand.NewPCG(seed, 7))
		requests := pool(r, 120)
		for range 12 {
			resource := r.IntN(3) == 0
			x, y := refeval.Generate(r), refeval.Generate(r)
			if resource && (x.ResourcePolicy == nil || y.ResourcePolicy == nil) {
				continue
			}
			x.RCPs, y.RCPs = nil, nil
			a := sideOf(x, resource)
			b := a
			if resource {
				if m := mutate(r, []*policy.Document{a.Resource}, []*policy.Document{y.ResourcePolicy}); len(m) > 0 {
					b.Resource = m[0]
				}
			} else {
				b.Identity = mutate(r, a.Identity, y.Identity)
				if r.IntN(3) == 0 {
					b.Boundary = y.Boundary
				}
				if r.IntN(3) == 0 {
					b.SCPs = y.SCPs
				}
			}
			limits := !resource && len(a.Identity) == 0 && len(b.Identity) == 0
			ca, errA := compile(a, resource, limits)
			cb, errB := compile(b, resource, limits)
			if errA != nil || errB != nil {
				continue
			}
			for turn := range 2 {
				result, err := prove.Exceeds(context.Background(), a, b, prove.Options{First: true})
				if err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, format(a))
				}
				counts[result.Answer]++
				for _, c := range requests {
					if !concerns(c, resource, limits, len(a.SCPs)+len(b.SCPs)+len(a.RCPs)+len(b.RCPs) > 0) {
						continue
					}
					req, err := request(c)
					if err != nil {
						t.Fatal(err)
					}
					if ca.allows(req) && !cb.allows(req) && result.Answer == prove.Proved {
						t.Fatalf("seed %d, turn %d: said to be proved, but %+v %v is allowed by the first and not by the second:\n%s\n---\n%s", seed, turn,
							[]string{c.Principal, c.SessionIssuer, c.UniqueID, c.Action, c.Resource, c.ResourceAccount}, c.Context, format(a), format(b))
					}
				}
				for _, d := range result.Differences {
					req, err := d.Witness.Request()
					if err != nil {
						t.Fatalf("seed %d: %v", seed, err)
					}
					if !ca.allows(req) || cb.allows(req) {
						t.Fatalf("seed %d: the witness %+v is none:\n%s\n---\n%s", seed, d.Witness, format(a), format(b))
					}
				}
				a, b, ca, cb = b, a, cb, ca
			}
		}
	}
	t.Logf("%v", counts)
	if counts[prove.Refuted] < 30 || counts[prove.Proved] < 30 || counts[prove.Unknown]*10 > counts[prove.Proved] {
		t.Errorf("the answers are %v", counts)
	}
}

const (
	oracleRounds = 40
	universes    = 60
)

// FuzzProver lets the fuzzer make the choices of the generator: two cases, whose policies are compared and whose requests are
// tried.
func FuzzProver(f *testing.F) {
	r := rand.New(rand.NewPCG(0, 0))
	for _, n := range []int{0, 60, 200, 400, 800} {
		seed := make([]byte, n)
		for i := range seed {
			seed[i] = byte(r.IntN(256))
		}
		f.Add(seed, n%3 == 0)
	}
	f.Fuzz(func(t *testing.T, choices []byte, resource bool) {
		if len(choices) > 3000 {
			return // longer than any two cases
		}
		source := refeval.Bytes(choices)
		x, y := refeval.Generate(&source), refeval.Generate(&source)
		if resource && (x.ResourcePolicy == nil || y.ResourcePolicy == nil) {
			return
		}
		a, b := sideOf(x, resource), sideOf(y, resource)
		limits := !resource && len(a.Identity)+len(b.Identity) == 0
		ca, errA := compile(a, resource, limits)
		cb, errB := compile(b, resource, limits)
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second) // what takes longer is unknown, and teaches the fuzzer little
		defer cancel()
		result, err := prove.Exceeds(ctx, a, b, prove.Options{MaxStates: 5000})
		if errA != nil || errB != nil {
			if err == nil {
				t.Fatalf("no error for a policy that is not compiled: %v, %v", errA, errB)
			}
			return
		}
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, format(a), format(b))
		}
		for _, d := range result.Differences {
			confirm(t, a, b, &ca, &cb, d.Witness, "fuzzed")
		}
		for _, c := range regulars(x, y) {
			if !concerns(c, resource, limits, len(a.SCPs)+len(b.SCPs)+len(a.RCPs)+len(b.RCPs) > 0) {
				continue
			}
			if req, err := request(c); err == nil && result.Answer == prove.Proved && ca.allows(req) && !cb.allows(req) {
				t.Fatalf("said to be proved, but %+v is allowed by the first and not by the second:\n%s\n---\n%s", c, format(a), format(b))
			}
		}
	})
}
