package history

import (
	"slices"
	"testing"

	"github.com/writ-iam/writ/managed"
)

// TestEveryShippedVersionHasItsMeaning, and nothing else has one.
func TestEveryShippedVersionHasItsMeaning(t *testing.T) {
	n := 0
	for _, p := range managed.All() {
		for i, v := range p.Versions() {
			m := MeaningOf(v)
			if n++; m == nil || !slices.Contains(Verdicts, m.Verdict) || (m.Verdict == New) != (i == 0) {
				t.Fatalf("%s: %+v", v.Ref(), m)
			}
		}
	}
	if len(meanings()) != n {
		t.Errorf("%d meanings of %d versions: go run ./internal/gen/report", len(meanings()), n)
	}
}

// TestMeaningsAreOfToday works a part of them out again.
func TestMeaningsAreOfToday(t *testing.T) {
	for _, name := range []string{"AdministratorAccess-Amplify", "AmazonRDSReadOnlyAccess", "AWSLambda_ReadOnlyAccess", "AmazonDataZoneSageMakerEnvironmentRolePermissionsBoundary"} {
		p, ok := managed.Lookup(name)
		if !ok {
			t.Fatal(name)
		}
		for i, step := range Steps(p) {
			u := &Update{Step: step, Verdict: New}
			if i > 0 {
				var err error
				if u, err = step.Update(t.Context(), Options{}); err != nil {
					t.Fatal(err)
				}
			}
			want, err := u.Meaning()
			if err != nil {
				t.Fatal(err)
			}
			got := MeaningOf(step.After)
			if got.Verdict != want.Verdict || !slices.Equal(got.Added, want.Added) || !slices.Equal(got.Removed, want.Removed) {
				t.Errorf("%s: %+v, not %+v: go run ./internal/gen/report", step.After.Ref(), got, want)
			}
		}
	}
}
