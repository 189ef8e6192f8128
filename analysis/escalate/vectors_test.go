package escalate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
	"github.com/writ-iam/writ/vectors"
)

// ways has the vectors of each method, by its id.
func ways(t *testing.T) []vectors.EscalationMethod {
	t.Helper()
	list, err := vectors.EscalationMethods()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEveryMethodHasVectors keeps the table and the vectors together: a method is a row and its vectors.
func TestEveryMethodHasVectors(t *testing.T) {
	have := map[string]bool{}
	for _, w := range ways(t) {
		if have[w.Method] {
			t.Errorf("%s: %s is there twice", w.File, w.Method)
		}
		have[w.Method] = true
		names, kinds, usable := map[string]bool{}, map[string]int{}, map[bool]int{}
		for _, v := range w.Vectors {
			if names[v.Name] {
				t.Errorf("%s: %s has two vectors named %q", w.File, w.Method, v.Name)
			}
			names[v.Name] = true
			kinds[v.Is]++
			if v.Is == "conditioned" {
				usable[isUsable(v.Status)]++
			}
			if fits := map[string]bool{"open": v.Status == "open", "missing": v.Status == "closed" && v.Missing != nil, "denied": v.Status == "closed",
				"conditioned": true}; !fits[v.Is] {
				t.Errorf("%s: %s, %q: it is %q and %q", w.File, w.Method, v.Name, v.Is, v.Status)
			}
		}
		groups := 0
		for _, step := range w.Calls {
			if !step[0].Trusted {
				groups++
			}
		}
		if kinds["open"] == 0 || kinds["missing"] != groups || kinds["denied"] < 2 || usable[true] == 0 || usable[false] == 0 {
			t.Errorf("%s: %s has the vectors %v, with %d calls; there must be an open one, one without each call, two that are denied, and conditions that can and that cannot be met",
				w.File, w.Method, kinds, groups)
		}
	}
	for _, m := range escalate.Methods() {
		if !have[m.ID] {
			t.Errorf("%s has no vectors", m.ID)
		}
		delete(have, m.ID)
	}
	for id := range have {
		t.Errorf("there are vectors of %s, and no such method", id)
	}
}

func isUsable(status string) bool {
	return status == "open" || status == "scoped" || status == "forwarded"
}

func TestVectors(t *testing.T) {
	t.Parallel()
	methods := map[string]*escalate.Method{}
	for _, m := range escalate.Methods() {
		methods[m.ID] = m
	}
	for _, w := range ways(t) {
		t.Run(w.Method, func(t *testing.T) {
			t.Parallel()
			for _, v := range w.Vectors {
				h := holderOf(t, &v, &w)
				asker, err := escalate.NewAsker(t.Context(), h, escalate.Options{})
				if err != nil {
					t.Fatalf("%q: %v", v.Name, err)
				}
				f := asker.Judge(methods[w.Method], "")
				if problem := check(f, &v); problem != "" {
					t.Errorf("%q: %s", v.Name, problem)
				}
				confirm(t, v.Name, h, f)
				if problem := brute(t, h, &w, &v); problem != "" {
					t.Errorf("%q: by trying the calls: %s", v.Name, problem)
				}
				if v.Is != "open" && (v.Boundary == nil || !f.Status.Usable()) {
					continue // what comes of it is as for the open one
				}
				a, err := escalate.Analyze(t.Context(), h, escalate.Options{})
				if err != nil {
					t.Fatalf("%q: %v", v.Name, err)
				}
				if g := findingOf(a, w.Method); g.Status != f.Status || g.Administration != v.Administration {
					t.Errorf("%q: among all methods it is %s, with administration %t", v.Name, g.Status, g.Administration)
				}
				confirm(t, v.Name, h, a.Findings...)
			}
		})
	}
}

// check compares a finding with its vector.
func check(f *escalate.Finding, v *vectors.EscalationVector) string {
	if f.Status.String() != v.Status {
		return fmt.Sprintf("%s, want %s; missing %v, requests %v", f.Status, v.Status, f.Missing, f.Requests)
	}
	if v.Missing != nil {
		var missing [][]string
		for _, m := range f.Missing {
			missing = append(missing, m.Actions)
		}
		if !slices.EqualFunc(missing, v.Missing, slices.Equal) {
			return fmt.Sprintf("missing is %v, want %v", missing, v.Missing)
		}
	}
	var assumes []string
	for k, list := range v.Assumes {
		assumes = append(assumes, strings.ToLower(fmt.Sprintf("%s is %s", k, strings.Join(list, ", "))))
	}
	found := slices.Clone(f.Assumes)
	for i := range found {
		found[i] = strings.ToLower(found[i])
	}
	if slices.Sort(found); !slices.Equal(found, slices.Sorted(slices.Values(assumes))) {
		return fmt.Sprintf("assumes %v, want %v", found, assumes)
	}
	switch {
	case f.Status.Usable() != (len(f.Requests) > 0):
		return fmt.Sprintf("%s with %d requests", f.Status, len(f.Requests))
	case !f.Status.Usable() && len(f.Missing) == 0:
		return "nothing is missing"
	case (f.Through != "") != (f.Status == escalate.Forwarded):
		return fmt.Sprintf("%s through %q", f.Status, f.Through)
	}
	return ""
}

func findingOf(a *escalate.Analysis, id string) *escalate.Finding {
	for _, f := range a.Findings {
		if f.Method.ID == id {
			return f
		}
	}
	return nil
}

// confirm checks that each request of each usable finding is allowed by the engine, compiled afresh.
func confirm(t *testing.T, name string, h *escalate.Holder, findings ...*escalate.Finding) {
	t.Helper()
	own := compile(t, &h.Policies)
	free := map[bool]*eval.Policies{}
	for _, f := range findings {
		if !f.Status.Usable() {
			continue
		}
		for i := range f.Requests {
			p := own
			if f.Method.Gains == escalate.Restriction && f.Administration && i >= len(f.Method.Steps) { // what limited it is gone
				lifted := liftedOf(f.Method, &h.Policies)
				boundary := lifted.Boundary == nil
				if free[boundary] == nil {
					free[boundary] = compile(t, &lifted)
				}
				p = free[boundary]
			}
			if problem := allowed(t, p, &f.Requests[i]); problem != "" {
				t.Errorf("%q: %s: %s", name, f.Method.ID, problem)
			}
		}
	}
}

// liftedOf returns policies without what a method takes away.
func liftedOf(m *escalate.Method, p *prove.Policies) prove.Policies {
	q := *p
	if strings.HasPrefix(m.ID, "iam-boundary-") {
		q.Boundary = nil
		return q
	}
	q.Identity = nil
	for _, d := range p.Identity {
		c := *d
		c.Statements = slices.DeleteFunc(slices.Clone(d.Statements), func(s policy.Statement) bool { return s.Effect == policy.Deny })
		if len(c.Statements) > 0 {
			q.Identity = append(q.Identity, &c)
		}
	}
	return q
}

func allowed(t *testing.T, p *eval.Policies, r *escalate.Request) string {
	t.Helper()
	q := *p
	if r.Trust != nil {
		var err error
		if q.Resource, err = eval.Compile(r.Trust, eval.Resource); err != nil {
			return err.Error()
		}
	}
	who, err := eval.ParsePrincipal(r.Principal)
	if err == nil && r.SessionIssuer != "" {
		who, err = who.WithSessionIssuer(r.SessionIssuer)
	}
	if err != nil {
		return err.Error()
	}
	values, err := condition.NewContext(r.Context)
	if err != nil {
		return err.Error()
	}
	if d := q.Decide(&eval.Request{Principal: who, Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount, Context: values}); !d.Allowed() {
		return fmt.Sprintf("%s on %s with %v is not allowed: %v", r.Action, r.Resource, r.Context, d.Outcome)
	}
	return ""
}

func compile(t *testing.T, p *prove.Policies) *eval.Policies {
	t.Helper()
	one := func(d *policy.Document, as eval.PolicyType) *eval.Policy {
		c, err := eval.Compile(d, as)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := &eval.Policies{}
	for _, d := range p.Identity {
		c.Identity = append(c.Identity, one(d, eval.Identity))
	}
	if p.Boundary != nil {
		c.Boundary = one(p.Boundary, eval.Boundary)
	}
	for _, level := range p.SCPs {
		var docs []*eval.Policy
		for _, d := range level {
			docs = append(docs, one(d, eval.SCP))
		}
		c.SCPs = append(c.SCPs, docs)
	}
	return c
}

// holderOf returns the holder of a vector.
func holderOf(t *testing.T, v *vectors.EscalationVector, w *vectors.EscalationMethod) *escalate.Holder {
	t.Helper()
	h := &escalate.Holder{Principal: w.Holder, Tags: v.Tags, Policies: policiesOf(t, &v.EscalationPolicies)}
	if v.Holder != "" {
		h.Principal = v.Holder
	}
	return h
}

func policiesOf(t *testing.T, p *vectors.EscalationPolicies) (q prove.Policies) {
	t.Helper()
	for _, src := range p.Identity {
		q.Identity = append(q.Identity, document(t, src))
	}
	if p.Boundary != nil {
		q.Boundary = document(t, p.Boundary)
	}
	for _, level := range p.SCPs {
		docs := []*policy.Document{}
		for _, src := range level {
			docs = append(docs, document(t, src))
		}
		q.SCPs = append(q.SCPs, docs)
	}
	return q
}

// document reads a document, or looks for the managed policy of a reference.
func document(t *testing.T, src []byte) *policy.Document {
	t.Helper()
	var ref string
	if json.Unmarshal(src, &ref) == nil {
		v, err := managed.Find(ref)
		if err != nil {
			t.Fatal(err)
		}
		src = v.Document()
	}
	doc, err := policy.Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return doc
}

// brute makes the calls of a method with the engine, as they are listed with the vectors and on both kinds of names, and says what
// does not agree with the status. It knows nothing of how the package works.
func brute(t *testing.T, h *escalate.Holder, w *vectors.EscalationMethod, v *vectors.EscalationVector) string {
	t.Helper()
	p := compile(t, &h.Policies)
	session := h.Principal
	if strings.Contains(session, ":role/") {
		session = strings.Replace(session, ":iam::", ":sts::", 1)
		session = strings.Replace(session, ":role/", ":assumed-role/", 1) + "/session"
	}
	trust, err := policy.Parse(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole"}}`, session))
	if err != nil {
		t.Fatal(err)
	}
	try := func(c *vectors.EscalationCall, prefix string, more map[string][]string) bool {
		for _, on := range c.On {
			r := &escalate.Request{Witness: prove.Witness{Principal: session, Action: c.Action, Resource: strings.ReplaceAll(on, "{}", prefix), Context: map[string][]string{
				"aws:SecureTransport": {"true"}, "aws:PrincipalIsAWSService": {"false"}, "aws:ViaAWSService": {"false"}, "aws:PrincipalArn": {h.Principal},
			}}}
			r.ResourceAccount = "111122223333"
			if c.Trusted {
				r.Trust = trust
			}
			for k, value := range h.Tags {
				r.Context["aws:PrincipalTag/"+k] = []string{value}
			}
			maps.Copy(r.Context, c.Context)
			maps.Copy(r.Context, v.Assumes)
			maps.Copy(r.Context, more)
			if allowed(t, p, r) != "" {
				return false
			}
		}
		return true
	}
	all := func(prefix string, more ...map[string][]string) bool {
		return !slices.ContainsFunc(w.Calls, func(step []vectors.EscalationCall) bool {
			return !slices.ContainsFunc(step, func(c vectors.EscalationCall) bool {
				return slices.ContainsFunc(more, func(m map[string][]string) bool { return try(&c, prefix, m) })
			})
		})
	}
	const plain, team = "", "team-"
	direct := map[string][]string(nil)
	via := map[string][]string{"aws:CalledVia": {"cloudformation.amazonaws.com"}, "aws:ViaAWSService": {"true"}}
	got := "closed"
	switch {
	case all(plain, direct) && all(team, direct):
		got = "open"
	case all(plain, direct) || all(team, direct):
		got = "scoped"
	case v.Status == "forwarded" && all(plain, direct, via):
		got = "forwarded"
	}
	if want := v.Status; got != want && !(got == "closed" && want == "inert") {
		return fmt.Sprintf("%s, want %s", got, want)
	}
	return ""
}
