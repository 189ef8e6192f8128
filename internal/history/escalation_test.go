package history

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// TestEveryShippedVersionHasItsEscalation, and nothing else has one.
func TestEveryShippedVersionHasItsEscalation(t *testing.T) {
	n := 0
	for _, p := range managed.All() {
		for _, v := range p.Versions() {
			e := EscalationOf(v)
			if n++; e == nil || !slices.Contains(Admins, e.Admin) || e.Admin != Cannot && e.Admin != AdminUnknown && len(e.Usable) == 0 {
				t.Fatalf("%s: %+v", v.Ref(), e)
			}
		}
	}
	if len(escalations()) != n {
		t.Errorf("%d escalations of %d versions: go run ./internal/gen/escalations", len(escalations()), n)
	}
}

// TestEscalationsAreOfToday works a part of them out again.
func TestEscalationsAreOfToday(t *testing.T) {
	for _, name := range []string{"AdministratorAccess-Amplify", "IAMFullAccess", "WellArchitectedConsoleFullAccess", "AWSLambda_FullAccess", "SecurityAudit"} {
		p, ok := managed.Lookup(name)
		if !ok {
			t.Fatal(name)
		}
		versions := p.Versions()
		if len(versions) > 12 {
			versions = versions[len(versions)-1:]
		}
		for _, v := range versions {
			doc, err := policy.Parse(v.Document())
			if err != nil {
				t.Fatal(err)
			}
			want, err := EscalationOfDocument(t.Context(), doc)
			if err != nil {
				t.Fatal(err)
			}
			if got := EscalationOf(v); got.Admin != want.Admin || !maps.Equal(got.Usable, want.Usable) {
				t.Errorf("%s: %+v, not %+v: go run ./internal/gen/escalations", v.Ref(), got, want)
			}
		}
	}
}

// TestAmplifyEscalation: with its first version all goes through CloudFormation; the second has direct ways.
func TestAmplifyEscalation(t *testing.T) {
	p, _ := managed.Lookup("AdministratorAccess-Amplify")
	steps := Steps(p)
	first, err := steps[0].Escalation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first.Was != "" || first.Is != Can || !strings.HasPrefix(first.Words(), "the holder can become an administrator; opens pf-iam-005 (forwarded), ") {
		t.Errorf("v1: %s", first.Words())
	}
	e := EscalationOf(steps[0].After)
	for _, id := range []string{"iam-createrole-attach", "iam-createrole-put", "pf-lambda-001"} {
		if e.Usable[id] != "forwarded" {
			t.Errorf("v1: %s is %q", id, e.Usable[id])
		}
	}
	second, err := steps[1].Escalation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !second.Does("opens") || second.Does("closes") || second.Opened[0] != (MethodChange{"pf-iam-005", "forwarded", "open"}) {
		t.Errorf("v2: %+v", second)
	}
	if fifth, err := steps[4].Escalation(t.Context()); err != nil || !fifth.Nothing() || fifth.Words() != "" {
		t.Errorf("v5: %+v, %v", fifth, err)
	}
}

// TestEscalationChanges: what opens and closes, and the words for it.
func TestEscalationChanges(t *testing.T) {
	before := &Escalation{Admin: CanIf, Usable: map[string]string{"pf-sts-001": "open", "pf-iam-002": "forwarded", "pf-iam-004": "scoped"}}
	after := &Escalation{Admin: Cannot, Usable: map[string]string{"pf-iam-002": "open", "pf-iam-004": "scoped"}}
	c := after.Change(before)
	if want := "the holder cannot become an administrator, and before it could become one if what a method needs is there; opens pf-iam-002 (forwarded to open); closes pf-sts-001"; c.Words() != want {
		t.Errorf("%s", c.Words())
	}
	var none *EscalationChange
	if !none.Nothing() || none.Words() != "" || none.Does("opens") || after.Change(after).Words() != "" {
		t.Error("nothing is something")
	}
	if _, err := EscalationOfDocument(context.Background(), &policy.Document{}); err == nil {
		t.Error("an empty document is no error")
	}
}
