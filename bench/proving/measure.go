package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/smt"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// A pair is two successive versions, as they are published.
type pair struct {
	name   string
	source [2][]byte
	side   [2]prove.Policies
}

func newPair(a, b *managed.Version) (p pair, err error) {
	p.name = a.Ref() + " to " + b.ID
	for i, v := range []*managed.Version{a, b} {
		p.source[i] = v.Document()
		doc, err := policy.Parse(p.source[i])
		if err != nil {
			return p, fmt.Errorf("%s: %w", v.Ref(), err)
		}
		p.side[i].Identity = []*policy.Document{doc}
	}
	return p, nil
}

// stepsOf returns the steps in the history of a managed policy.
func stepsOf(name string) (pairs []pair, err error) {
	p, ok := managed.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("there is no managed policy %s", name)
	}
	versions := p.Versions()
	for i := range versions[1:] {
		pair, err := newPair(versions[i], versions[i+1])
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// seed is that of what is drawn.
const seed = 1

// draw draws from all pairs of successive versions of all managed policies.
func draw(n int) (pairs []pair, err error) {
	var all [][2]*managed.Version
	for _, p := range managed.All() {
		versions := p.Versions()
		for i := range versions[1:] {
			all = append(all, [2]*managed.Version{versions[i], versions[i+1]})
		}
	}
	for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(all))[:min(n, len(all))] {
		p, err := newPair(all[i][0], all[i][1])
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// A direction is a question: what the one side of a pair allows and the other does not.
type direction int

const (
	removes direction = iota // what the older version allows and the newer does not
	adds
	directions
)

func (d direction) String() string { return [...]string{"removes", "adds"}[d] }

var universes = [...]prove.Universe{prove.Open, prove.Reference}

// A result is what became of the questions about a pair. Times are in nanoseconds, medians over the rounds.
type result struct {
	name        string
	floor       float64
	took        [len(universes)][directions]float64
	toFloor     [len(universes)][directions]float64 // median of the ratios
	answers     [len(universes)][directions]prove.Answer
	differences [len(universes)][directions]int
}

// ask asks all questions about the pairs. With first, an answer ends at the first difference.
func ask(ctx context.Context, pairs []pair, rounds int, first bool) ([]result, error) {
	type samples struct {
		floor []float64
		took  [len(universes)][directions][]float64
	}
	taken, results := make([]samples, len(pairs)), make([]result, len(pairs))
	for round := range rounds + 1 { // the first is to warm up
		runtime.GC()
		for i := range pairs {
			p, r, s := &pairs[i], &results[i], &taken[i]
			r.name = p.name
			began := time.Now()
			if err := p.compile(); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			floor := float64(time.Since(began).Nanoseconds())
			if round > 0 {
				s.floor = append(s.floor, floor)
			}
			for u, universe := range universes {
				for d := range directions {
					began := time.Now()
					got, err := prove.Exceeds(ctx, p.side[d], p.side[1-d], prove.Options{Universe: universe, First: first})
					took := float64(time.Since(began).Nanoseconds())
					if err != nil {
						return nil, fmt.Errorf("%s: %w", p.name, err)
					}
					r.answers[u][d], r.differences[u][d] = got.Answer, len(got.Differences)
					if round > 0 {
						s.took[u][d] = append(s.took[u][d], took)
					}
				}
			}
		}
	}
	for i := range results {
		r, s := &results[i], &taken[i]
		r.floor = median(s.floor)
		for u := range universes {
			for d := range directions {
				r.took[u][d] = median(s.took[u][d])
				r.toFloor[u][d] = median(ratios(s.took[u][d], s.floor))
			}
		}
	}
	return results, nil
}

// compile does what the floor is: it parses and compiles both documents.
func (p *pair) compile() error {
	for _, source := range p.source {
		doc, err := policy.Parse(source)
		if err == nil {
			_, err = eval.Compile(doc, eval.Identity)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func ratios(a, b []float64) []float64 {
	list := make([]float64, len(a))
	for i := range a {
		list[i] = a[i] / b[i]
	}
	return list
}

func median(list []float64) float64 { return quantile(list, 0.5) }

// quantile returns the least value that the part q of the values do not exceed; for one half, the middle of the two in the middle.
func quantile(list []float64, q float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	if q == 0.5 {
		return (list[(n-1)/2] + list[n/2]) / 2
	}
	at := int(float64(n)*q+0.999999) - 1
	return list[max(0, min(at, n-1))]
}

// A peerResult is what Writ and Z3 take for the same questions.
type peerResult struct {
	questions  int
	none       int       // to which Z3 had no answer in time
	writ, z3   []float64 // nanoseconds, by question
	left       int       // pairs that cannot be put to Z3
	unanswered float64   // the time after which Z3 is given up, in nanoseconds
}

// askBoth asks Writ and Z3 the questions of the sample that package smt's test has, too.
func askBoth(ctx context.Context, rounds int) (*peerResult, error) {
	sample, err := smt.Steps(mission)
	if err != nil {
		return nil, err
	}
	drawn, left, err := smt.Successive(rand.New(rand.NewPCG(smt.Seed, 0)), smt.Drawn, smt.Largest)
	if err != nil {
		return nil, err
	}
	r := &peerResult{unanswered: smt.Seconds * 1e9}
	for _, n := range left {
		r.left += n
	}
	for _, p := range append(sample, drawn...) {
		for range 2 {
			q, err := smt.Exceeds(p.A, p.B)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			a, b := prove.Policies{Identity: []*policy.Document{p.A}}, prove.Policies{Identity: []*policy.Document{p.B}}
			var took []float64
			var answer prove.Answer
			for range rounds {
				began := time.Now()
				got, err := prove.Exceeds(ctx, a, b, prove.Options{First: true})
				if err != nil {
					return nil, fmt.Errorf("%s: %w", p.Name, err)
				}
				took, answer = append(took, float64(time.Since(began).Nanoseconds())), got.Answer
			}
			began := time.Now()
			said, _, err := q.Ask(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			r.z3, r.writ = append(r.z3, float64(time.Since(began).Nanoseconds())), append(r.writ, median(took))
			switch {
			case said == smt.Unknown:
				r.none++
			case (said == smt.Sat) != (answer == prove.Refuted):
				return nil, fmt.Errorf("%s: Writ says %v, and Z3 %v", p.Name, answer, said)
			}
			r.questions++
			p.A, p.B = p.B, p.A
		}
	}
	return r, nil
}

// solverVersion returns what z3 says of itself.
func solverVersion(ctx context.Context) (string, error) {
	path, err := smt.Solver()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	version, _, _ := strings.Cut(strings.TrimSpace(string(out)), " - ")
	return strings.Replace(version, "version ", "", 1), err
}

// startToExit builds the command writ and returns how many nanoseconds one `writ validate` takes, the process included: the median
// over the runs.
func startToExit(ctx context.Context, runs int) (float64, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	exe := filepath.Join(dir, "writ")
	build := exec.CommandContext(ctx, "go", "build", "-o", exe, "./cmd/writ")
	build.Dir = ".." // the module that bench's own replaces, so that the command is built as users build it
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	if out, err := exec.CommandContext(ctx, exe, "validate", "--help").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("writ validate --help: %w: %s", err, bytes.TrimSpace(out))
	}
	var samples []float64
	for range runs {
		cmd := exec.CommandContext(ctx, exe, "validate", mission)
		began := time.Now()
		err := cmd.Run() // findings may be a status of their own
		took := time.Since(began)
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
			return 0, fmt.Errorf("writ validate %s: %w", mission, err)
		}
		samples = append(samples, float64(took.Nanoseconds()))
	}
	return median(samples), nil
}
