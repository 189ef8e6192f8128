package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// A result is what one engine's rounds came to.
type result struct {
	engine    string
	requests  int     // that the engine could express
	decisions int     // in a round
	median    float64 // nanoseconds for a decision, over the rounds
	min       float64
	toFloor   float64 // how many times the floor's and Writ's time in the same round: the median over the rounds
	toWrit    float64
	allocs    float64 // allocations for a decision
}

// measure lets the contenders decide in turn, round by round.
func measure(list []contender, rounds int, round time.Duration) ([]result, error) {
	turns := make([]turn, len(list))
	for i, c := range list {
		t := &turns[i]
		t.contender = c
		if err := t.size(round); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name(), err)
		}
	}
	samples := make([][]float64, len(list))
	for range rounds {
		for i := range turns {
			runtime.GC()
			took, err := turns[i].run()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", list[i].name(), err)
			}
			samples[i] = append(samples[i], float64(took.Nanoseconds())/float64(turns[i].decisions))
		}
	}
	var results []result
	for i := range turns {
		t := &turns[i]
		allocs, err := t.allocs()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", list[i].name(), err)
		}
		results = append(results, result{
			engine:    t.name(),
			requests:  len(t.requests),
			decisions: t.decisions,
			median:    median(samples[i]),
			min:       slices.Min(samples[i]),
			toFloor:   median(ratios(samples[i], samples[0])),
			toWrit:    median(ratios(samples[i], samples[1])),
			allocs:    allocs,
		})
	}
	return results, nil
}

// leastDecisions is the least number of decisions in a round, so that some of each kind of request are among them.
const leastDecisions = 64

// A turn is a contender's rounds. Each begins at the request where the last one ended.
type turn struct {
	contender
	decisions int // in a round
	next      int
}

// size finds the number of decisions that take about as long as a round is to take: a multiple of the requests, unless one
// pass over them takes longer.
func (t *turn) size(round time.Duration) error {
	for t.decisions = 1; ; t.decisions *= 2 {
		took := round
		for range 3 { // the least: another process may have had the processor meanwhile
			once, err := t.run()
			if err != nil {
				return err
			}
			took = min(took, once)
		}
		if took >= round/4 {
			t.decisions = max(leastDecisions, int(float64(t.decisions)*float64(round)/float64(took)))
			break
		}
	}
	if n := len(t.requests); t.decisions > n {
		t.decisions -= t.decisions % n
		t.next = 0
	}
	return nil
}

func (t *turn) run() (time.Duration, error) {
	i, n := t.next, len(t.requests)
	start := time.Now()
	for range t.decisions {
		if _, err := t.decider.decide(i); err != nil {
			return 0, err
		}
		if i++; i == n {
			i = 0
		}
	}
	took := time.Since(start)
	t.next = i
	return took, nil
}

// allocs counts the allocations of one round, and divides them by its decisions.
func (t *turn) allocs() (float64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := t.run()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(t.decisions), err
}

// ratios divides round by round, so that what slows the machine down for a while cancels out.
func ratios(a, b []float64) []float64 {
	list := make([]float64, len(a))
	for i := range a {
		list[i] = a[i] / b[i]
	}
	return list
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

// A compileResult is how long each engine takes to compile one policy, from its source in the engine's language.
type compileResult struct {
	policy string
	size   int       // of the document, in bytes
	took   []float64 // nanoseconds, by engine; the floor's are those of filling the map
}

func measureCompile(ref string, rounds int) (compileResult, error) {
	doc, err := find(ref)
	if err != nil {
		return compileResult{}, err
	}
	r := compileResult{policy: ref, size: len(doc.src), took: make([]float64, len(engines))}
	sources := make([]source, len(engines))
	for i, e := range engines {
		if sources[i], _, err = e.translate(policies{identity: []document{doc}}); err != nil {
			return compileResult{}, fmt.Errorf("%s: %w", e.name(), err)
		}
	}
	samples := make([][]float64, len(engines))
	for range rounds {
		for i, s := range sources {
			runtime.GC()
			start := time.Now()
			if _, err := s.compile(); err != nil {
				return compileResult{}, fmt.Errorf("%s: %w", engines[i].name(), err)
			}
			samples[i] = append(samples[i], float64(time.Since(start).Nanoseconds()))
		}
	}
	for i := range samples {
		r.took[i] = median(samples[i])
	}
	return r, nil
}

// startToExit builds the command writ and returns how many nanoseconds one `writ decide` takes, the process included: the
// median over the runs.
func startToExit(runs int) (float64, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	exe := filepath.Join(dir, "writ")
	build := exec.Command("go", "build", "-o", exe, "./cmd/writ")
	build.Dir = ".." // the module that bench's own replaces, so that the command is built as users build it
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	var samples []float64
	for range runs {
		cmd := exec.Command(exe, "decide", "--policy", mission, "--principal", caller,
			"--action", "lambda:CreateFunction", "--resource", "arn:aws:lambda:"+region+":"+account+":function:app")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		start := time.Now()
		err := cmd.Run()
		took := time.Since(start)
		if err != nil { // not allowed, too
			return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
		}
		samples = append(samples, float64(took.Nanoseconds()))
	}
	return median(samples), nil
}
