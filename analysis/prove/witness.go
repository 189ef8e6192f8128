package prove

import (
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
)

// witness makes a request of what is left in the domains, and lets the engine confirm it. It returns nil if that does not.
func (q *question) witness(sp *space, domains []domain, c *class) *Witness {
	p := sp.principals[domains[principalVar].cells.First()]
	w := Witness{Principal: p.text, SessionIssuer: p.issuer, Action: c.example, Resource: "*", Context: map[string][]string{}}
	if p.uniqueID != "" {
		w.Context["aws:userid"] = []string{p.uniqueID}
	}
	acct := sp.accounts[domains[sp.parts[4]].cells.First()]
	if !sp.shapes[domains[shapeVar].cells.First()].star {
		parts := []string{"arn"}
		for i := 1; i < arnParts; i++ {
			parts = append(parts, sp.texts[sp.parts[i]][domains[sp.parts[i]].cells.First()])
		}
		w.Resource = strings.Join(parts, ":")
		if acct.part == "" {
			w.ResourceAccount = acct.key
		}
	} else {
		w.ResourceAccount = acct.key
	}
	for _, n := range sp.keys {
		if values := sp.valuesOf(n, &domains[n]); len(values) > 0 {
			w.Context[sp.names[n]] = values
		}
	}
	if !q.confirms(&w) {
		return nil
	}
	q.simplify(&w)
	return &w
}

// valuesOf returns values for a key.
func (sp *space) valuesOf(n int, d *domain) []string {
	texts := sp.texts[n]
	if d.size == nil {
		if i := d.cells.First(); i > 0 {
			return []string{texts[i]}
		}
		return nil
	}
	if d.size.Has(none) {
		return nil
	}
	if only := d.only(); d.size.Has(one) && !only.Empty() {
		return []string{texts[only.First()]}
	}
	var values []string
	add := func(i int) {
		if i > 0 && !slices.Contains(values, texts[i]) {
			values = append(values, texts[i])
		}
	}
	if d.first != nil {
		add(meet(d.first, d.cells).First())
	}
	for _, need := range d.need {
		add(meet(need, d.cells).First())
	}
	if len(values) == 0 {
		add(d.cells.First())
	}
	if d.last != nil {
		values = append(values, texts[meet(d.last, d.cells).First()])
	}
	if len(values) < 2 && !d.size.Has(one) { // there must be several
		for i := range d.cells.All {
			if len(values) < 2 {
				add(i)
			}
		}
		if len(values) < 2 {
			values = append(values, values[0])
		}
	}
	return values
}

// simplify makes the request easier to read, as long as the engine still confirms it: with a name in place of what stands
// for any, and without what is not needed.
func (q *question) simplify(w *Witness) {
	better := func(change func(*Witness)) {
		v := *w
		v.Context = maps.Clone(w.Context)
		change(&v)
		if q.confirms(&v) {
			*w = v
		}
	}
	if hasFresh(w) {
		better(func(v *Witness) {
			rename := strings.NewReplacer(string(fresh), "erin", string(fresh+1), "frank", string(fresh+2), "grace", string(fresh+3), "heidi")
			v.Principal, v.SessionIssuer, v.Resource = rename.Replace(v.Principal), rename.Replace(v.SessionIssuer), rename.Replace(v.Resource)
			for key, values := range v.Context {
				list := slices.Clone(values)
				for i := range list {
					list[i] = rename.Replace(list[i])
				}
				v.Context[key] = list
			}
		})
	}
	for _, key := range slices.Sorted(maps.Keys(w.Context)) {
		better(func(v *Witness) { delete(v.Context, key) })
		for len(w.Context[key]) > 1 {
			before := len(w.Context[key])
			better(func(v *Witness) { v.Context[key] = v.Context[key][1:] })
			if len(w.Context[key]) == before {
				break
			}
		}
	}
	if w.SessionIssuer != "" {
		better(func(v *Witness) { v.SessionIssuer = "" })
	}
	if w.Principal != "" && q.mode == ofIdentity {
		better(func(v *Witness) { v.Principal, v.SessionIssuer = "", "" })
	}
	if w.ResourceAccount != "" {
		better(func(v *Witness) { v.ResourceAccount = "" })
	}
	if len(w.Context) == 0 {
		w.Context = nil
	}
}

func hasFresh(w *Witness) bool {
	has := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r >= fresh && r < fresh+0x100 })
	}
	for _, values := range w.Context {
		if slices.ContainsFunc(values, has) {
			return true
		}
	}
	return has(w.Principal) || has(w.Resource) || has(w.SessionIssuer)
}

// confirms asks the engine whether a allows the request and b does not.
func (q *question) confirms(w *Witness) bool {
	req, err := w.Request()
	if err != nil {
		return false
	}
	return q.allows(q.a, req) && !q.allows(q.b, req) && (q.only == nil || q.only.Outcome(req) == eval.Allowed)
}

// Request returns the request for package eval.
func (w *Witness) Request() (*eval.Request, error) {
	who, err := eval.ParsePrincipal(w.Principal)
	if err != nil {
		return nil, err
	}
	if w.SessionIssuer != "" {
		if who, err = who.WithSessionIssuer(w.SessionIssuer); err != nil {
			return nil, err
		}
	}
	context, err := condition.NewContext(w.Context)
	if err != nil {
		return nil, err
	}
	if id := context.Values("aws:userid"); len(id) == 1 {
		who = who.WithUniqueID(id[0])
	}
	return &eval.Request{Principal: who, Action: w.Action, Resource: w.Resource, ResourceAccount: w.ResourceAccount, Context: context}, nil
}

// allows asks the engine whether a side allows a request. A resource-based policy is asked by itself; of the others, what is
// not compared is taken to allow.
func (q *question) allows(s *side, req *eval.Request) bool {
	if s.nothing {
		return false
	}
	if q.mode == ofResource {
		return s.policies.Resource.Outcome(req) == eval.Allowed && !s.deniedByRCP(req)
	}
	p := s.policies
	if q.written {
		return len(p.Identity) == 1 && p.Identity[0].Outcome(req) == eval.Allowed
	}
	account := req.ResourceAccount
	if a, err := arn.Parse(req.Resource); err == nil && account == "" {
		account = a.Account
	}
	mine := req.Principal.Account()
	if q.mode == ofLimits || account != "" && mine != "" && account != mine && account != "aws" {
		p.Resource = allFromAll
	}
	return p.Decide(req).Allowed()
}

func (s *side) deniedByRCP(req *eval.Request) bool {
	for _, level := range s.policies.RCPs {
		for _, p := range level {
			if p.Outcome(req) == eval.ExplicitDeny && (&eval.Policies{Resource: allFromAll, RCPs: [][]*eval.Policy{{p}}}).Decide(req).Outcome == eval.ExplicitDeny {
				return true
			}
		}
	}
	return false
}

// allFromAll is the policy of a resource that lets everybody do everything.
var allFromAll = mustCompile(everythingFromAll, eval.Resource)
