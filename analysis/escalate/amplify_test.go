package escalate_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/policy"
	"github.com/writ-iam/writ/vectors"
)

// TestAmplify compares what the package says of AdministratorAccess-Amplify with what was read from its versions by hand.
func TestAmplify(t *testing.T) {
	t.Parallel()
	readings, err := vectors.EscalationReadings()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readings {
		t.Run(r.Policy, func(t *testing.T) {
			t.Parallel()
			ref, err := json.Marshal(r.Policy)
			if err != nil {
				t.Fatal(err)
			}
			h := &escalate.Holder{Policies: prove.Policies{Identity: []*policy.Document{document(t, ref)}}}
			a, err := escalate.Analyze(t.Context(), h, escalate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Methods) != len(a.Findings) {
				t.Errorf("%d methods are read, of %d", len(r.Methods), len(a.Findings))
			}
			for _, m := range r.Methods {
				f := findingOf(a, m.Method)
				if f == nil || m.Reason == "" {
					t.Errorf("%s: no such method, or no reason", m.Method)
				} else if f.Status.String() != m.Status {
					t.Errorf("%s is %s, want %s: %s; missing %v, requests %v", m.Method, f.Status, m.Status, m.Reason, f.Missing, actionsOf(f))
				}
			}
			s := a.Shortest
			if a.Administration != prove.Proved || a.Full || s == nil || s.Method.ID != r.Method || !slices.Equal(actionsOf(s), r.Requests) || s.Through != r.Through {
				t.Fatalf("administration %s, by %+v", a.Administration, s)
			}
			if len(s.Assumes)+len(s.Needs) > 0 {
				t.Errorf("the shortest way assumes %q and needs %q", s.Assumes, s.Needs)
			}
			confirm(t, r.Policy, h, a.Findings...)
		})
	}
}
