package refeval_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/refeval"
	"github.com/writ-iam/writ/policy"
)

const workers = 8

// TestEngineAgreesWithReference holds package eval against the reference, over cases of fixed seeds.
func TestEngineAgreesWithReference(t *testing.T) {
	n := casesPerWorker
	if testing.Short() {
		n /= 10
	}
	counts := make([]map[string]map[string]int, workers)
	t.Run("workers", func(t *testing.T) {
		for w := range workers {
			counts[w] = make(map[string]map[string]int)
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(w), 1))
				for i := range n {
					c := refeval.Generate(r)
					outcome, difference := compare(c)
					if difference != "" {
						reportDifference(t, c, difference)
						return
					}
					if i%8 == 0 {
						checkOrder(t, r, c, outcome)
					}
					count(counts[w], kindOf(c), outcome)
				}
			})
		}
	})
	if !t.Failed() {
		checkCoverage(t, counts)
	}
}

// count notes an outcome for the kind of principal, and for all of them.
func count(counts map[string]map[string]int, kind, outcome string) {
	for _, k := range []string{kind, "all"} {
		if counts[k] == nil {
			counts[k] = make(map[string]int)
		}
		counts[k][outcome]++
	}
}

const failed = "error"

// checkCoverage keeps the generator from growing vacuous: each outcome must be common, for each kind of principal.
func checkCoverage(t *testing.T, counts []map[string]map[string]int) {
	sum := make(map[string]map[string]int)
	for _, of := range counts {
		for kind, outcomes := range of {
			if sum[kind] == nil {
				sum[kind] = make(map[string]int)
			}
			for outcome, n := range outcomes {
				sum[kind][outcome] += n
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(sum)) {
		total := 0
		for _, n := range sum[kind] {
			total += n
		}
		line := fmt.Sprintf("%-15s %7d", kind, total)
		for _, outcome := range []string{refeval.Allowed, refeval.ExplicitDeny, refeval.ImplicitDeny, failed} {
			share := 100 * float64(sum[kind][outcome]) / float64(total)
			line += fmt.Sprintf("  %s %.1f%%", outcome, share)
			if share < 2 && kind != "nonsense" {
				t.Errorf("%s: only %.1f%% of the cases come out as %s", kind, share, outcome)
			}
		}
		t.Log(line)
	}
	if len(sum) < 10 {
		t.Errorf("only %d kinds of principals", len(sum))
	}
}

// kindOf names the kind of the case's principal, for counting.
func kindOf(c refeval.Case) string {
	p := c.Principal
	if _, err := eval.ParsePrincipal(p); err != nil {
		return "nonsense"
	}
	for _, kind := range []string{":user/", ":role/", ":assumed-role/", ":federated-user/"} {
		if strings.Contains(p, kind) {
			return strings.Trim(kind, ":/")
		}
	}
	switch {
	case p == "":
		return "unnamed"
	case p == "*":
		return "anonymous"
	case strings.Contains(p, "-provider/"), p == "accounts.google.com":
		return "provider"
	case strings.HasSuffix(p, ".amazonaws.com"):
		return "service"
	}
	return "root"
}

// compare decides the case both ways. It returns the outcome, and what differs if anything does.
func compare(c refeval.Case) (outcome, difference string) {
	defer func() {
		if p := recover(); p != nil {
			difference = fmt.Sprintf("panic: %v", p)
		}
	}()
	want, wantErr := refeval.Decide(c)
	policies, request, gotErr := compile(c)
	switch {
	case (wantErr != nil) != (gotErr != nil):
		return "", fmt.Sprintf("the engine's error is %v, the reference's %v", gotErr, wantErr)
	case wantErr != nil:
		return failed, ""
	}
	d := policies.Decide(request)
	if got := d.Outcome.String(); got != want {
		return want, fmt.Sprintf("the engine says %s (by %v), the reference %s", got, d.By, want)
	}
	if x := policies.Explain(request); x.Decision != d {
		return want, fmt.Sprintf("Decide says %+v, Explain %+v", d, x.Decision)
	}
	return want, ""
}

// compile makes of the case what package eval takes.
func compile(c refeval.Case) (*eval.Policies, *eval.Request, error) {
	var first error
	one := func(t eval.PolicyType, doc *policy.Document) *eval.Policy {
		if doc == nil {
			return nil
		}
		p, err := eval.Compile(doc, t)
		if err != nil && first == nil {
			first = err
		}
		return p
	}
	list := func(t eval.PolicyType, docs []*policy.Document) []*eval.Policy {
		var of []*eval.Policy
		for _, doc := range docs {
			of = append(of, one(t, doc))
		}
		return of
	}
	levels := func(t eval.PolicyType, docs [][]*policy.Document) [][]*eval.Policy {
		var of [][]*eval.Policy
		for _, level := range docs {
			of = append(of, list(t, level))
		}
		return of
	}
	policies := &eval.Policies{
		Identity: list(eval.Identity, c.Identity), Resource: one(eval.Resource, c.ResourcePolicy),
		Boundary: one(eval.Boundary, c.Boundary), Session: list(eval.Session, c.Session),
		SCPs: levels(eval.SCP, c.SCPs), RCPs: levels(eval.RCP, c.RCPs), Endpoint: list(eval.Endpoint, c.Endpoint),
	}
	if first != nil {
		return nil, nil, first
	}
	who, err := eval.ParsePrincipal(c.Principal)
	if err == nil && c.SessionIssuer != "" {
		who, err = who.WithSessionIssuer(c.SessionIssuer)
	}
	if err != nil {
		return nil, nil, err
	}
	if c.UniqueID != "" {
		who = who.WithUniqueID(c.UniqueID)
	}
	context, err := condition.NewContext(c.Context)
	if err != nil {
		return nil, nil, err
	}
	return policies, &eval.Request{
		Principal: who, Action: c.Action, Resource: c.Resource, ResourceAccount: c.ResourceAccount, Context: context,
	}, nil
}

// checkOrder: the order of statements, policies, values and conditions does not matter, nor does printing a policy and
// reading it again.
func checkOrder(t *testing.T, r *rand.Rand, c refeval.Case, outcome string) {
	shuffled := clone(c)
	for _, list := range [][]*policy.Document{shuffled.Identity, shuffled.Session, shuffled.Endpoint} {
		shuffle(r, list)
	}
	for _, levels := range [][][]*policy.Document{shuffled.SCPs, shuffled.RCPs} {
		shuffle(r, levels)
		for _, level := range levels {
			shuffle(r, level)
		}
	}
	for _, place := range documents(&shuffled) {
		statements := (*place).Statements
		shuffle(r, statements)
		for i := range statements {
			shuffle(r, statements[i].Action.Values)
			shuffle(r, statements[i].Resource.Values)
			shuffle(r, statements[i].Condition)
			for _, condition := range statements[i].Condition {
				shuffle(r, condition.Values)
			}
		}
		again, err := policy.Parse((*place).Format())
		if err != nil {
			t.Fatalf("a policy does not read as it was printed: %v\n%s", err, (*place).Format())
		}
		*place = again
	}
	got, difference := compare(shuffled)
	if difference != "" {
		reportDifference(t, shuffled, difference)
	} else if got != outcome {
		t.Errorf("in another order %s, not %s:\n%s", got, outcome, show(c))
	}
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

func reportDifference(t *testing.T, c refeval.Case, difference string) {
	t.Helper()
	small := shrink(c, func(c refeval.Case) bool { _, d := compare(c); return d != "" })
	_, smallDifference := compare(small)
	t.Errorf("%s\nShrunk: %s\n%s", difference, smallDifference, show(small))
}

// show prints the case so that it can become a vector.
func show(c refeval.Case) string {
	var b strings.Builder
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	field("principal", c.Principal)
	field("session issuer", c.SessionIssuer)
	field("unique id", c.UniqueID)
	field("action", c.Action)
	field("resource", c.Resource)
	field("resource account", c.ResourceAccount)
	if len(c.Context) > 0 {
		context, _ := json.Marshal(c.Context)
		field("context", string(context))
	}
	doc := func(name string, d *policy.Document) {
		if d != nil {
			fmt.Fprintf(&b, "-- %s --\n%s\n", name, d.Format())
		}
	}
	list := func(name string, docs []*policy.Document) {
		for i, d := range docs {
			doc(fmt.Sprintf("%s[%d]", name, i), d)
		}
	}
	levels := func(name string, levels [][]*policy.Document) {
		for i, level := range levels {
			if len(level) == 0 {
				fmt.Fprintf(&b, "-- %s[%d]: no policies --\n", name, i)
			}
			list(fmt.Sprintf("%s[%d]", name, i), level)
		}
	}
	list("identity", c.Identity)
	doc("resource", c.ResourcePolicy)
	doc("boundary", c.Boundary)
	list("session", c.Session)
	levels("scp", c.SCPs)
	levels("rcp", c.RCPs)
	list("endpoint", c.Endpoint)
	return b.String()
}

// FuzzEngineAgreesWithReference lets the fuzzer make the choices of the generator.
func FuzzEngineAgreesWithReference(f *testing.F) {
	r := rand.New(rand.NewPCG(0, 0))
	for _, n := range []int{0, 20, 60, 120, 200, 400} {
		seed := make([]byte, n)
		for i := range seed {
			seed[i] = byte(r.IntN(256))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 2000 {
			return // longer than any case
		}
		source := refeval.Bytes(choices)
		c := refeval.Generate(&source)
		if _, difference := compare(c); difference != "" {
			reportDifference(t, c, difference)
		}
	})
}
