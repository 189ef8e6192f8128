package escalate_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/policy"
)

// closed checks that remedies of a holder whose principal is known close what they say.
func closed(t *testing.T, h *escalate.Holder, a *escalate.Analysis, o escalate.RemedyOptions) *escalate.Remedies {
	t.Helper()
	r, err := a.Remedy(t.Context(), h, o)
	if err != nil {
		t.Fatal(err)
	}
	with := func(doc *policy.Document) escalate.Holder {
		w := *h
		w.Policies.Identity = append(slices.Clip(h.Policies.Identity), doc)
		return w
	}
	checked := map[string]bool{}
	for id, remedy := range r.Each {
		if !slices.ContainsFunc(remedy.Closes, func(m *escalate.Method) bool { return m.ID == id }) {
			t.Errorf("the remedy of %s does not say that it closes it", id)
		}
		text := string(remedy.Document.Format())
		if checked[text] {
			continue
		}
		checked[text] = true
		w := with(remedy.Document)
		asker, err := escalate.NewAsker(t.Context(), &w, escalate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range remedy.Closes {
			if f := asker.Judge(m, ""); f.Status.Usable() || f.Status == escalate.Unknown {
				t.Errorf("with the remedy of %s, %s is %s", id, m.ID, f.Status)
			}
		}
	}
	for _, f := range a.Findings {
		if f.Administration && f.Status.Usable() && r.Each[f.Method.ID] == nil {
			t.Errorf("there is no remedy of %s", f.Method.ID)
		}
	}
	if r.All == nil {
		t.Error("there is no remedy of all")
		return r
	}
	w := with(r.All.Document)
	if b := analyze(t, &w); b.Administration != prove.Refuted {
		t.Errorf("with the remedy of all, administration is %s, by %+v", b.Administration, b.Shortest)
	}
	if _, err := policy.Parse(r.All.Document.Format()); err != nil {
		t.Error(err)
	}
	bound := *h
	bound.Policies.Boundary = r.All.Boundary()
	if h.Policies.Boundary == nil {
		b := analyze(t, &bound)
		for _, m := range r.All.Closes {
			if f := findingOf(b, m.ID); f.Status.Usable() {
				t.Errorf("with the remedy of all as a boundary, %s is %s", m.ID, f.Status)
			}
		}
	}
	return r
}

func TestRemedies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ref, principal string }{
		{"AdministratorAccess-Amplify@v10", "arn:aws:iam::111122223333:role/dev"},
		{"PowerUserAccess", "arn:aws:iam::111122223333:role/dev"},
		{"IAMFullAccess", "arn:aws:iam::111122223333:user/dev"},
		{"AdministratorAccess", "arn:aws:iam::111122223333:role/admin"},
	} {
		t.Run(c.ref, func(t *testing.T) {
			t.Parallel()
			src, err := json.Marshal(c.ref)
			if err != nil {
				t.Fatal(err)
			}
			h := &escalate.Holder{Principal: c.principal, Policies: prove.Policies{Identity: []*policy.Document{document(t, src)}}}
			r := closed(t, h, analyze(t, h), escalate.RemedyOptions{})
			for id, remedy := range r.Each {
				if remedy.Takes == nil || remedy.Takes.Answer == prove.Unknown {
					t.Errorf("what the remedy of %s takes is %v", id, remedy.Takes)
				}
			}
			if r.All != nil && (r.All.Takes == nil || r.All.Takes.Answer == prove.Unknown) {
				t.Errorf("what the remedy of all takes is %v", r.All.Takes)
			}
		})
	}
}

func TestRemediesOfVectors(t *testing.T) {
	t.Parallel()
	n := 0
	for i, w := range ways(t) {
		v := w.Vectors[0]
		if !v.Administration || i%5 > 0 {
			continue
		}
		n++
		t.Run(w.Method, func(t *testing.T) {
			t.Parallel()
			h := holderOf(t, &v, &w)
			r := closed(t, h, analyze(t, h), escalate.RemedyOptions{})
			if takes := r.Each[w.Method].Takes; takes.Answer != prove.Refuted || len(takes.Differences) == 0 {
				t.Errorf("it is %s that the remedy takes nothing", takes.Answer)
			}
		})
	}
	if n < 15 {
		t.Errorf("there are %d vectors of administration", n)
	}
}

// TestRemedyWithBoundary leaves it to the holder to make roles, if they have a boundary that is required.
func TestRemedyWithBoundary(t *testing.T) {
	t.Parallel()
	const limit = "arn:aws:iam::111122223333:policy/limit"
	may := func(h *escalate.Holder, r *escalate.Remedies, action string, context map[string][]string) string {
		p := h.Policies
		p.Identity = append(slices.Clip(p.Identity), r.All.Document)
		request := escalate.Request{Witness: prove.Witness{Principal: "arn:aws:sts::111122223333:assumed-role/dev/session", Action: action,
			Resource: "arn:aws:iam::111122223333:role/new", Context: context}}
		return allowed(t, compile(t, &p), &request)
	}
	for _, more := range []string{"", `,"iam:DeleteRolePermissionsBoundary"`, `,"iam:PutRolePermissionsBoundary"`} {
		h := &escalate.Holder{Principal: "arn:aws:iam::111122223333:role/dev", Policies: prove.Policies{Identity: []*policy.Document{
			documentOf(t, `{"Effect":"Allow","Action":["iam:CreateRole","iam:AttachRolePolicy"`+more+`],"Resource":"*"}`),
		}}}
		r := closed(t, h, analyze(t, h), escalate.RemedyOptions{RequiredBoundary: limit})
		if problem := may(h, r, "iam:CreateRole", map[string][]string{"iam:PermissionsBoundary": {limit}}); problem != "" {
			t.Errorf("with %s: %s", more, problem)
		}
		for action, context := range map[string]map[string][]string{
			"iam:DeleteRolePermissionsBoundary": {"iam:PermissionsBoundary": {limit}},
			"iam:PutRolePermissionsBoundary":    {"iam:PermissionsBoundary": {"arn:aws:iam::aws:policy/AdministratorAccess"}},
		} {
			if may(h, r, action, context) == "" {
				t.Errorf("with %s: the boundary that is required can be taken away by %s", more, action)
			}
		}
	}
}
