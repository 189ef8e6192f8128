package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/cli"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/vectors"
)

// TestVectors runs all vectors through writ decide --cases in one go.
func TestVectors(t *testing.T) {
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	failures := 0
	for _, v := range all {
		for _, c := range v.Cases {
			if err := enc.Encode(c); err != nil {
				t.Fatal(err)
			}
			if c.Want.Outcome == "error" {
				failures++
			}
		}
	}
	var stdout, stderr bytes.Buffer
	status := cli.Run(context.Background(), []string{"decide", "--cases", "-"}, &in, &stdout, &stderr)
	if want := map[bool]int{false: 0, true: 2}[failures > 0]; status != want {
		t.Errorf("the exit status is %d, not %d: %s", status, want, &stderr)
	}

	answers := bufio.NewScanner(&stdout)
	answers.Buffer(nil, 1<<20)
	for _, v := range all {
		t.Run(strings.TrimSuffix(v.File, ".txtar"), func(t *testing.T) {
			for _, c := range v.Cases {
				if !answers.Scan() {
					t.Fatalf("%s has no answer", c.ID)
				}
				var a pdp.Answer
				a.Verdict = new(pdp.Verdict)
				if err := json.Unmarshal(answers.Bytes(), &a); err != nil {
					t.Fatalf("%v\n%s", err, answers.Bytes())
				}
				if problem := compare(c, a); problem != "" {
					t.Errorf("%s, line %d: %s %s on %q: %s", c.ID, c.Line, c.Want.Outcome, c.Request.Action, c.Request.Resource, problem)
				}
			}
		})
	}
	if answers.Scan() {
		t.Errorf("there are more answers than cases: %s", answers.Bytes())
	}
}

// compare says what in an answer is not as the case wants it.
func compare(c vectors.Case, a pdp.Answer) string {
	var problems []string
	if string(a.ID) != strconv.Quote(c.ID) {
		problems = append(problems, "the id is "+string(a.ID))
	}
	if c.Want.Outcome == "error" {
		if a.Error == "" || !strings.Contains(a.Error, c.Want.Error) {
			problems = append(problems, fmt.Sprintf("the error is %q, without %q", a.Error, c.Want.Error))
		}
		return strings.Join(problems, "; ")
	}
	if a.Decision != c.Want.Outcome {
		problems = append(problems, strings.TrimSpace(a.Decision+" "+a.Error))
	}
	var matched, near []string
	for _, m := range a.Matched {
		matched = append(matched, fmt.Sprintf("%s#%d", m.Policy, m.Statement))
	}
	for _, m := range a.NearMisses {
		near = append(near, fmt.Sprintf("%s#%d:%s", m.Policy, m.Statement, m.Element))
	}
	for _, list := range []struct {
		name      string
		got, want []string
	}{
		{"decidedBy", a.DecidedBy, c.Want.DecidedBy},
		{"blockedBy", a.BlockedBy, c.Want.BlockedBy},
		{"missing", a.MissingContext, c.Want.Missing},
		{"matched", matched, c.Want.Matched},
		{"near", near, c.Want.Near},
	} {
		if got := slices.Sorted(slices.Values(list.got)); list.want != nil && !slices.Equal(got, list.want) {
			problems = append(problems, fmt.Sprintf("%s is %q, not %q", list.name, got, list.want))
		}
	}
	return strings.Join(problems, "; ")
}
