package main

import (
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/bench/internal/show"
)

// TestAgreement compares the answers of all engines to every request, and to a sample of them where the peers are slow.
func TestAgreement(t *testing.T) {
	all, err := requests(mission)
	if err != nil {
		t.Fatal(err)
	}
	list, err := scenarios()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			sample := all
			switch s.name {
			case "1,000 statements":
				sample = all[:len(all)/4]
			case manyStatements:
				sample = all[:100]
			}
			contenders, err := contend(s.policies, sample)
			if err != nil {
				t.Fatal(err)
			}
			if err := agree(contenders, sample); err != nil {
				t.Error(err)
			}
			for _, c := range contenders {
				// Agreement says nothing if an engine is asked for little, or always says the same.
				if len(c.requests) < len(sample)/2 {
					t.Errorf("%s can express %d requests of %d", c.name(), len(c.requests), len(sample))
				}
				if c.module() != "" {
					answers(t, c)
				}
			}
		})
	}
}

func answers(t *testing.T, c contender) {
	t.Helper()
	seen := map[bool]int{}
	for i := range c.requests {
		allowed, err := c.decider.decide(i)
		if err != nil {
			t.Fatal(err)
		}
		seen[allowed]++
	}
	if seen[true] < 10 || seen[false] < 5 {
		t.Errorf("%s allows %d requests and denies %d; want some of either", c.name(), seen[true], seen[false])
	}
}

// TestRequests checks what the mission's requests must hold: answers that are known from AWS's page.
func TestRequests(t *testing.T) {
	all, err := requests(mission)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := find(mission)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newContender(writ{}, policies{identity: []document{doc}}, all)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		action   string
		resource string // a part of the ARN
		called   bool
		allowed  bool
	}{
		{"iam:PassRole", ":role/", false, true},
		{"dynamodb:CreateTable", ":table/", false, false},
		{"dynamodb:CreateTable", ":table/", true, true},
		{"cloudformation:CreateStack", ":stack/amplify-app", false, true},
		{"cloudformation:CreateStack", ":elsewhere/", true, false},
		{"ssm:GetParameters", ":parameter/amplify/", false, true},
		{"ssm:GetParameters", ":elsewhere/", false, false},
	} {
		found := false
		for i, r := range all {
			if r.action != want.action || !strings.Contains(r.resource, want.resource) || (r.context != nil) != want.called {
				continue
			}
			found = true
			if allowed, err := c.decider.decide(i); err != nil || allowed != want.allowed {
				t.Errorf("%v: allowed = %t, %v; want %t", r, allowed, err, want.allowed)
			}
		}
		if !found {
			t.Errorf("no request for %s on …%s…", want.action, want.resource)
		}
	}
}

// TestDisagreement checks that a wrong answer would be noticed.
func TestDisagreement(t *testing.T) {
	list, all := smallest(t)
	list[3].decider = wrong{}
	err := agree(list, all)
	if err == nil || !strings.Contains(err.Error(), "cedar-go says true") {
		t.Errorf("agree = %v; want cedar-go's answers", err)
	}
}

// wrong allows everything.
type wrong struct{}

func (wrong) decide(int) (bool, error) { return true, nil }

// TestReport measures a little and looks for every engine and scenario in the document.
func TestReport(t *testing.T) {
	list, all := smallest(t)
	results, err := measure(list, 1, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.engine != engines[i].name() || r.median <= 0 || r.min <= 0 || r.requests == 0 {
			t.Errorf("measured %+v", r)
		}
	}
	if a := results[1].allocs; a >= 0.01 {
		t.Errorf("Writ allocates %v times for a decision", a)
	}
	r := report{rounds: 1, requests: all}
	for _, name := range []string{onePolicy, guarded, fewStatements, manyStatements} {
		r.scenarios = append(r.scenarios, scenarioResult{name, results})
	}
	for _, ref := range []string{mission, "AmazonS3ReadOnlyAccess"} {
		c, err := measureCompile(ref, 1)
		if err != nil {
			t.Fatal(err)
		}
		r.compile = append(r.compile, c)
	}
	var b strings.Builder
	r.write(&b)
	for _, want := range []string{"| 1 policy ", "| cedar-go ", "| OPA ", "| casbin ", "- casbin: ", mission + " (10,849 bytes)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the document has no %q:\n%s", want, &b)
		}
	}
}

func smallest(t *testing.T) ([]contender, []request) {
	t.Helper()
	all, err := requests(mission)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := find(mission)
	if err != nil {
		t.Fatal(err)
	}
	list, err := contend(policies{identity: []document{doc}}, all)
	if err != nil {
		t.Fatal(err)
	}
	return list, all
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{show.Duration(49.6), "49.6 ns"}, {show.Duration(999.6), "1.00 µs"}, {show.Duration(12345678), "12.3 ms"},
		{ratio(3), "3.00 ×"}, {ratio(123456.7), "123,457 ×"},
		{thousands(999), "999"}, {thousands(1000), "1,000"}, {thousands(22091), "22,091"},
		{count(0.0004), "0"}, {count(101.8), "101.8"}, {count(2), "2"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
