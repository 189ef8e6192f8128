// Command bench measures how long one access decision takes in Writ, and in other open engines that can be given the same
// policies: cedar-go, OPA and casbin. All decide the same requests, on real AWS managed policies, in one run; a lookup of the
// action's name in a Go map is the floor.
//
//	go run . -o ../docs/performance.md
//
// # What is compared
//
// A policy document is converted mechanically into the form in which an engine is quickest ([engine]): action groups for
// Cedar and casbin, rules that OPA can index. The conversion is not measured, nor is that of a request: what is measured is
// one call that has its policies compiled and its request in the engine's own types. Before anything is measured, all
// engines must give the same answer to every request that they can express.
//
// # How it is measured
//
// The engines take turns, round by round, so that what else the machine does strikes all alike. A round is a fixed number
// of decisions, which goes through the requests in a fixed random order; the result is the median over the rounds. Ratios are
// taken within a round. Rounds are short, because a long one is the likelier to be interrupted. The garbage of one engine is
// collected before the next begins.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	rounds := flag.Int("rounds", 31, "measure `n` rounds")
	round := flag.Duration("round", 5*time.Millisecond, "size a round, in decisions, to take about this long")
	out := flag.String("o", "", "write the document to `file`, and not to standard output")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	r, err := measureAll(*rounds, *round)
	if err != nil {
		return err
	}
	r.command = "go run ."
	flag.Visit(func(f *flag.Flag) { r.command += fmt.Sprintf(" -%s %s", f.Name, f.Value) })
	var b bytes.Buffer
	r.write(&b)
	if *out == "" {
		_, err = b.WriteTo(os.Stdout)
		return err
	}
	return os.WriteFile(*out, b.Bytes(), 0o644)
}

// measureAll checks and measures every scenario, and reports its progress on standard error.
func measureAll(rounds int, round time.Duration) (*report, error) {
	all, err := requests(mission)
	if err != nil {
		return nil, err
	}
	scenarios, err := scenarios()
	if err != nil {
		return nil, err
	}
	r := &report{requests: all, rounds: rounds, round: round}
	for _, s := range scenarios {
		progress("%s: compiling", s.name)
		contenders, err := contend(s.policies, all)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		progress("%s: comparing answers", s.name)
		if err := agree(contenders, all); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		progress("%s: measuring %d rounds", s.name, rounds)
		results, err := measure(contenders, rounds, round)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		r.scenarios = append(r.scenarios, scenarioResult{s.name, results})
	}
	for _, ref := range []string{mission, "ReadOnlyAccess"} {
		progress("%s: measuring compilation", ref)
		c, err := measureCompile(ref, min(rounds, 5))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref, err)
		}
		r.compile = append(r.compile, c)
	}
	progress("writ decide: measuring from start to exit")
	if r.start, err = startToExit(20); err != nil {
		// Of all that is measured this alone needs a built command, and the rest stands without it.
		progress("writ decide: left out: %v", err)
	}
	return r, nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
