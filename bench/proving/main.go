// Command proving measures how long the answer takes to the question what a change to a policy means: on the history of
// AdministratorAccess-Amplify, and on versions of all AWS managed policies, beside a floor and, if it is installed, the SMT solver Z3.
//
//	go run ./proving -o ../docs/performance-proving.md
//
// # How it is measured
//
// A question is asked in one direction: what does one version allow that the next one does not, or the other way round. All are asked
// once a round, in a fixed order, with the floor in between, and a question's time is its median over the rounds. The floor is to parse
// and to compile both documents; ratios to it are taken within a round. Z3 is started once for a question, as a process.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/writ-iam/writ/bench/internal/show"
)

const mission = "AdministratorAccess-Amplify"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "proving:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 5, "ask each question `n` times")
	pairs := flag.Int("pairs", 500, "draw `n` pairs of versions of managed policies")
	out := flag.String("o", "", "write the document to `file`, and not to standard output")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || *pairs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	r, err := measureAll(ctx, *rounds, *pairs)
	if err != nil {
		return err
	}
	r.command = "go run ./proving"
	flag.Visit(func(f *flag.Flag) { r.command += fmt.Sprintf(" -%s %s", f.Name, f.Value) })
	var b bytes.Buffer
	r.write(&b)
	if *out == "" {
		_, err := b.WriteTo(os.Stdout)
		return err
	}
	return os.WriteFile(*out, b.Bytes(), 0o644)
}

// measureAll measures all that the document tells, and reports its progress on standard error.
func measureAll(ctx context.Context, rounds, pairs int) (*report, error) {
	r := &report{rounds: rounds, machine: fmt.Sprintf("%s, %s, %d processors", runtime.Version(), show.CPU(), runtime.NumCPU())}
	steps, err := stepsOf(mission)
	if err != nil {
		return nil, err
	}
	drawn, err := draw(pairs)
	if err != nil {
		return nil, err
	}
	progress("the steps of %s", mission)
	if r.steps, err = ask(ctx, steps, rounds, false); err != nil {
		return nil, err
	}
	progress("%d pairs of managed policies", len(drawn))
	if r.drawn, err = ask(ctx, drawn, rounds, false); err != nil {
		return nil, err
	}
	if r.solver, err = solverVersion(ctx); err != nil {
		progress("z3: left out: %v", err)
	} else {
		progress("z3")
		if r.peer, err = askBoth(ctx, rounds); err != nil {
			return nil, err
		}
	}
	progress("writ validate: from start to exit")
	if r.validate, err = startToExit(ctx, 20); err != nil {
		progress("writ validate: left out: %v", err)
	}
	return r, nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
