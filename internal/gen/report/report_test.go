package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/history"
)

func TestTexts(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 22091: "22,091", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
	if got := cell("a|b* _c_"); got != `a\|b\* \_c\_` {
		t.Errorf("a cell is %s", got)
	}
	changes := []history.Change{
		{Actions: []string{"s3:GetObject", "s3:ListBucket", "iam:PassRole"}, When: "on arn:aws:s3:::b/*"},
		{Actions: []string{"s3:PutObject", "s3:PutObjectAcl"}},
	}
	if got := compact(changes, 1); got != "`s3:` 1 list, 1 read, 1 write, 1 permissions management; `iam:PassRole`" {
		t.Errorf("compact: %s", got)
	}
	if got := circumstances(changes); got != `on arn:aws:s3:::b/\*; and 1 more` {
		t.Errorf("circumstances: %s", got)
	}
	if got := circumstances(changes[1:]); got != "always" {
		t.Errorf("circumstances: %s", got)
	}
}

// TestReportIsOfToday works out what the report says of AdministratorAccess-Amplify: when that changes, so may the rest.
func TestReportIsOfToday(t *testing.T) {
	text, err := os.ReadFile("../../../docs/managed-policies-report.md")
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := r.amplify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), r.String()) {
		t.Errorf("docs/managed-policies-report.md is old: go run ./internal/gen/report\n%s", r.String())
	}
}

func TestSplit(t *testing.T) {
	out, in := split([]string{"a", "b", "c"}, []string{"b", "d"})
	if !slices.Equal(out, []string{"a", "c"}) || !slices.Equal(in, []string{"b"}) {
		t.Errorf("%q, %q", out, in)
	}
}

// TestRulesAreOfTheirLevels holds a rule against the policy that it makes.
func TestRulesAreOfTheirLevels(t *testing.T) {
	l := rule{authref.Tagging}
	ruled, err := l.policies()
	if err != nil {
		t.Fatal(err)
	}
	r, err := prove.Empty(t.Context(), ruled, prove.Options{Universe: prove.Reference})
	if err != nil {
		t.Fatal(err)
	}
	want := unique(l.actions())
	if got := differing(r); !slices.Equal(got, want) || len(want) < 300 {
		t.Errorf("%d actions of the level, and %d that the rule allows", len(want), len(got))
	}
	for _, a := range telling {
		if _, ok := authref.LookupAction(a); !ok {
			t.Errorf("there is no action %s", a)
		}
	}
}
