package smt_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/smt"
	"github.com/writ-iam/writ/policy"
)

const madeUp = 100

// TestProverAgreesWithZ3 asks an SMT solver the questions that the prover answers. What the solver finds, the engine must
// confirm, so that a question that is put wrongly does not pass for a right one.
func TestProverAgreesWithZ3(t *testing.T) {
	if _, err := smt.Solver(); err != nil {
		t.Skip("z3 is not installed; Debian's package z3 has it, and make test installs it")
	}
	r := rand.New(rand.NewPCG(smt.Seed, 0))
	pairs, err := smt.Steps("AdministratorAccess-Amplify")
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) != 11 {
		t.Errorf("%d steps of AdministratorAccess-Amplify, want 11", len(pairs))
	}
	drawn, left, err := smt.Successive(r, smt.Drawn, smt.Largest)
	if err != nil {
		t.Fatal(err)
	}
	if len(drawn) < smt.Drawn {
		t.Errorf("%d pairs of managed policies, want %d", len(drawn), smt.Drawn)
	}
	n := 0
	for _, k := range left {
		n += k
	}
	t.Logf("%d pairs of managed policies are left out, because the question cannot be put: %v", n, left)
	pairs = append(pairs, drawn...)

	type asked struct {
		name string
		a, b *policy.Document
	}
	work := make(chan asked)
	var group sync.WaitGroup
	var mu sync.Mutex
	counts := map[string]int{}
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for q := range work {
				outcome := ask(t, q.name, q.a, q.b)
				mu.Lock()
				counts[outcome]++
				mu.Unlock()
			}
		})
	}
	for _, p := range pairs {
		work <- asked{p.Name, p.A, p.B}
		work <- asked{p.Name + ", the other way round", p.B, p.A}
	}
	for _, p := range smt.MadeUp(r, madeUp) {
		work <- asked{p.Name, p.A, p.B}
	}
	close(work)
	group.Wait()
	total := 0
	for outcome, k := range maps.All(counts) {
		if total += k; outcome == "" {
			t.Errorf("%d questions without an outcome", k)
		}
	}
	t.Logf("%d questions: %v", total, counts)
	if counts["no answer in time"]*10 >= total {
		t.Errorf("z3 has no answer to %d of %d questions", counts["no answer in time"], total)
	}
}

// ask asks both, and returns what came of it.
func ask(t *testing.T, name string, a, b *policy.Document) string {
	ca, errA := eval.Compile(a, eval.Identity)
	cb, errB := eval.Compile(b, eval.Identity)
	if errA != nil || errB != nil {
		t.Errorf("%s: %v, %v", name, errA, errB)
		return ""
	}
	q, err := smt.Exceeds(a, b)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return ""
	}
	answer, found, err := q.Ask(t.Context())
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, q.Text)
		return ""
	}
	result, err := prove.Exceeds(context.Background(), prove.Policies{Identity: []*policy.Document{a}}, prove.Policies{Identity: []*policy.Document{b}}, prove.Options{First: true})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return ""
	}
	if found != nil {
		ctx, err := condition.NewContext(found.Context)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return ""
		}
		req := &eval.Request{Action: found.Action, Resource: found.Resource, ResourceAccount: found.ResourceAccount, Context: ctx}
		if ca.Outcome(req) != eval.Allowed || cb.Outcome(req) == eval.Allowed {
			t.Errorf("%s: the engine does not confirm what z3 found: %+v\n%s\n---\n%s", name, *found, a.Format(), b.Format())
			return ""
		}
	}
	switch {
	case result.Answer == prove.Unknown:
		t.Errorf("%s: the prover does not know: %v", name, result.Unknown)
		return "prover: unknown"
	case answer == smt.Unknown:
		return "no answer in time"
	case answer == smt.Sat && result.Answer == prove.Proved:
		t.Errorf("%s: said to be proved, but z3 found %+v\n%s\n---\n%s", name, found, a.Format(), b.Format())
	case answer == smt.Unsat && result.Answer == prove.Refuted:
		t.Errorf("%s: said to be refuted by %+v, but z3 says that there is none\n%s\n---\n%s", name, result.Differences[0].Witness, a.Format(), b.Format())
	}
	return answer.String()
}
