package escalate_test

import (
	"slices"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/vectors"
)

// TestSets has policies that public lists call vulnerable, each with its way found, and policies that must not be called
// administration.
func TestSets(t *testing.T) {
	t.Parallel()
	sets, err := vectors.EscalationSets()
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	for _, s := range sets {
		outcomes[s.Administration]++
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			h := &escalate.Holder{Principal: s.Holder, Tags: s.Tags, Policies: policiesOf(t, &s.EscalationPolicies)}
			a, err := escalate.Analyze(t.Context(), h, escalate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := a.Administration.String()
			if a.Full {
				got = "full"
			}
			if got != s.Administration {
				t.Errorf("administration is %s, want %s", got, s.Administration)
			}
			switch {
			case a.Shortest == nil:
				if s.Method != "" {
					t.Errorf("there is no way, want %s", s.Method)
				}
			case a.Shortest.Method.ID != s.Method || !slices.Equal(actionsOf(a.Shortest), s.Requests):
				t.Errorf("the shortest way is %s by %s, want %s by %s", a.Shortest.Method.ID, actionsOf(a.Shortest), s.Method, s.Requests)
			}
			for _, id := range s.Usable {
				if f := findingOf(a, id); !f.Status.Usable() {
					t.Errorf("%s is %s: %v", id, f.Status, f.Missing)
				}
			}
			for _, id := range s.Closed {
				if f := findingOf(a, id); f.Status.Usable() || f.Status == escalate.Unknown {
					t.Errorf("%s is %s: %v", id, f.Status, f.Requests)
				}
			}
			confirm(t, s.Name, h, a.Findings...)
		})
	}
	if outcomes["proved"] < 40 || outcomes["refuted"] < 20 || outcomes["full"] == 0 {
		t.Errorf("the sets are %v; there must be some of all kinds", outcomes)
	}
}

func actionsOf(f *escalate.Finding) (list []string) {
	for i := range f.Requests {
		list = append(list, f.Requests[i].Action)
	}
	return list
}
