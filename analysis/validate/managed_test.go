package validate_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/writ-iam/writ/analysis/validate"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/managed"
)

var update = flag.Bool("update", false, "write docs/managed-policies-findings.md")

const findingsTable = "../../docs/managed-policies-findings.md"

// A tally is how often a code is found.
type tally struct {
	findings, policies int
	example            string // the first policy
}

// TestManagedPolicies validates the latest version of every AWS managed policy, and compares what is found with the table
// in docs. Rows of redundancy are compared with -update only, which writes them: to prove it takes longer than all else.
func TestManagedPolicies(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !*update {
		cancel() // so that nothing is proved
	}
	policies := managed.All()
	found := make([][]validate.Finding, len(policies))
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			for i := worker; i < len(policies); i += 2 {
				var err error
				found[i], err = validate.Validate(ctx, policies[i].Default().Document(), validate.Options{})
				if *update && err != nil {
					t.Errorf("%s: redundancy is not judged: %v", policies[i].Name, err)
				}
			}
		})
	}
	wg.Wait()
	counts := map[string]*tally{}
	clean := 0
	for i, findings := range found {
		seen := map[string]bool{}
		for _, f := range findings {
			c := counts[f.Code]
			if c == nil {
				c = &tally{example: policies[i].Name}
				counts[f.Code] = c
			}
			c.findings++
			if !seen[f.Code] {
				c.policies++
			}
			seen[f.Code] = true
			if f.Code == "INVALID_ACTION" {
				checkInvalid(t, policies[i].Default().Document(), f)
			}
		}
		if !slices.ContainsFunc(findings, func(f validate.Finding) bool { return !strings.HasPrefix(f.Code, "REDUNDANT_") }) {
			clean++
		}
	}
	want := table(counts, len(policies), clean)
	if *update {
		if err := os.WriteFile(findingsTable, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(findingsTable)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := withoutRedundancy(string(got)), withoutRedundancy(want); got != want {
		t.Errorf("docs/managed-policies-findings.md is not current; run go test ./analysis/validate -run TestManagedPolicies -update\n%s", want)
	}
}

// TestManagedPoliciesWithProof validates every fortieth policy with the search for redundancy.
func TestManagedPoliciesWithProof(t *testing.T) {
	all := managed.All()
	for i := 0; i < len(all); i += 40 {
		if _, err := validate.Validate(context.Background(), all[i].Default().Document(), validate.Options{}); err != nil {
			t.Errorf("%s: redundancy is not judged: %v", all[i].Name, err)
		}
	}
}

// checkInvalid checks that an action that is called invalid is not in the reference.
func checkInvalid(t *testing.T, src []byte, f validate.Finding) {
	span := f.Locations[0].Span
	action := strings.Trim(string(src[span.Start.Offset:span.End.Offset]), `"`)
	if names, err := authref.Expand(action); err == nil && len(names) > 0 {
		t.Errorf("%s is called invalid, and is %s", action, names[0])
	}
}

func withoutRedundancy(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| `REDUNDANT_") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func table(counts map[string]*tally, policies, clean int) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# What is found in AWS managed policies

The findings of %swrit validate%s in the latest versions of all %s AWS managed policies, judged as identity-based policies with
the service authorization reference of %s. %s of them have no finding but of redundancy. This page is written by

    go test ./analysis/validate -run TestManagedPolicies -update

An invalid action or service mostly is one that AWS has withdrawn, or that its reference does not list. An action is never called
invalid if the reference has it.

| issue code | type | findings | policies | for example |
|---|---|--:|--:|---|
`, "`", "`", thousands(policies), authref.AsOf, thousands(clean))
	for t := validate.Error; t >= validate.Suggestion; t-- {
		for _, c := range validate.Checks() {
			if n := counts[c.Code]; n != nil && c.Type == t {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.Code, c.Type, thousands(n.findings), thousands(n.policies), n.example)
			}
		}
	}
	return b.String()
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
