package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-iam/writ/bench/internal/show"
)

// A report is all that was measured in a run.
type report struct {
	command   string
	rounds    int
	round     time.Duration
	requests  []request
	scenarios []scenarioResult
	compile   []compileResult
	start     float64 // nanoseconds from start to exit of writ decide; 0 if not measured
}

type scenarioResult struct {
	name    string
	results []result // in the order of engines
}

// write writes the report as a document in Markdown.
func (r *report) write(w io.Writer) {
	fmt.Fprintf(w, `# Performance

One access decision, in Writ and in other open engines that can be given the same policies. The document is the output of the
benchmark in bench/, made by this command in that directory:

    %s

%s, %s, %d processors. Peers: %s.

All engines decide the same %s requests: each action of %s, on a resource of a
type that the action takes, and, where the policy lists resources, on one inside and one outside of each pattern; and a tenth as many
actions that the policy does not list. Each is asked for directly, and forwarded by CloudFormation
(aws:CalledVia). They come in a fixed random order, so that neither caches nor branch prediction know what is next.
Policies and requests are converted to an engine's own types beforehand. Before anything was measured, each engine gave
Writ's answer to every request that it can express.

The floor is one lookup of the action's name in a Go map of all actions that AWS has: what any engine must at least do that keeps its
policies by action. The engines took turns over %d rounds, each engine with its fixed number of decisions a round, for about
%v (slow engines longer), after a collection of garbage. Times are medians over the rounds; ratios are taken within each
round, and are medians, too. The times depend on the machine and on what else it did: compare the ratios.

`, r.command, runtime.Version(), show.CPU(), runtime.NumCPU(), strings.Join(versions(), ", "),
		thousands(len(r.requests)), mission, r.rounds, r.round)

	r.writeGoals(w)
	r.writeSummary(w)
	r.writeFigures(w)
	r.writeCompile(w)
	r.writeLimits(w)
}

// writeGoals compares the run to what Writ promises.
func (r *report) writeGoals(w io.Writer) {
	fmt.Fprint(w, "## Goals\n\n")
	t := table{left: 1}
	t.row("Writ", "goal", "this run")
	t.row("one policy, to the map lookup", "at most 3 ×", ratio(r.own(onePolicy).toFloor))
	t.row("the same, given the request as texts", "", ratio(r.fromText(onePolicy).toFloor))
	t.row("20 policies, boundary and SCP, to the map lookup", "at most 12 ×", ratio(r.own(guarded).toFloor))
	t.row("the same, given the request as texts", "", ratio(r.fromText(guarded).toFloor))
	// These two are apart in time: to compare them, both are measured by the floor.
	t.row("10,000 statements, to 10", "at most 2 ×", ratio(r.own(manyStatements).toFloor/r.own(fewStatements).toFloor))
	allocs := 0.0
	for _, s := range r.scenarios {
		allocs = max(allocs, s.results[1].allocs)
	}
	t.row("allocations for a decision", "none", count(allocs))
	for i, goal := range []string{"below 1 ms", "below 10 ms"} {
		t.row("parsing and compiling "+r.compile[i].policy, goal, show.Duration(r.compile[i].took[1]))
	}
	if r.start > 0 {
		t.row("`writ decide`, from start to exit", "below 50 ms", show.Duration(r.start))
	}
	t.write(w)
}

// own returns Writ's result in a scenario.
func (r *report) own(scenario string) result { return r.result(scenario, 1) }

// fromText returns that of Writ given texts.
func (r *report) fromText(scenario string) result { return r.result(scenario, 2) }

func (r *report) result(scenario string, engine int) result {
	for _, s := range r.scenarios {
		if s.name == scenario {
			return s.results[engine]
		}
	}
	return result{}
}

func (r *report) writeSummary(w io.Writer) {
	fmt.Fprint(w, "## Time for one decision\n\n")
	times, ratios := table{left: 1}, table{left: 1}
	head, ratioHead := []string{"policies"}, []string{"policies", engines[1].name() + " to " + engines[0].name()}
	for i, e := range engines {
		head = append(head, e.name())
		if i > 1 {
			ratioHead = append(ratioHead, e.name()+" to "+engines[1].name())
		}
	}
	times.row(head...)
	ratios.row(ratioHead...)
	for _, s := range r.scenarios {
		row, ratioRow := []string{s.name}, []string{s.name, ratio(s.results[1].toFloor)}
		for i, x := range s.results {
			row = append(row, show.Duration(x.median))
			if i > 1 {
				ratioRow = append(ratioRow, ratio(x.toWrit))
			}
		}
		times.row(row...)
		ratios.row(ratioRow...)
	}
	times.write(w)
	fmt.Fprint(w, "Ratios:\n\n")
	ratios.write(w)
}

func (r *report) writeFigures(w io.Writer) {
	fmt.Fprint(w, `## All figures

"Requests" are those that the engine can express; each round goes on where the one before ended.

`)
	t := table{left: 2}
	t.row("policies", "engine", "requests", "decisions a round", "median, ns", "least, ns", "to map lookup", "to Writ", "allocations")
	for _, s := range r.scenarios {
		for _, x := range s.results {
			t.row(s.name, x.engine, thousands(x.requests), thousands(x.decisions), thousands(int(x.median)), thousands(int(x.min)),
				ratio(x.toFloor), ratio(x.toWrit), count(x.allocs))
		}
	}
	t.write(w)
}

func (r *report) writeCompile(w io.Writer) {
	fmt.Fprint(w, `## Time to compile a policy

From the source in the engine's own language to where it can decide; for Writ, from the policy document. The peers'
sources list the actions that a wildcard stands for.

`)
	t := table{left: 1}
	head := []string{"policy"}
	for i, e := range engines {
		if i != 0 && i != 2 { // the floor compiles nothing, and Writ only once
			head = append(head, e.name())
		}
	}
	t.row(head...)
	for _, c := range r.compile {
		row := []string{fmt.Sprintf("%s (%s bytes)", c.policy, thousands(c.size))}
		for i, took := range c.took {
			if i != 0 && i != 2 {
				row = append(row, show.Duration(took))
			}
		}
		t.row(row...)
	}
	t.write(w)
}

func (r *report) writeLimits(w io.Writer) {
	fmt.Fprint(w, `## What the peers cannot express

A request is left out for an engine if a statement that the engine cannot express is about its action and resource. How many
are left out, of all requests:

`)
	t := table{left: 1}
	head := []string{"policies"}
	for _, e := range engines[3:] {
		head = append(head, e.name())
	}
	t.row(head...)
	for _, s := range r.scenarios {
		row := []string{s.name}
		for _, x := range s.results[3:] {
			row = append(row, thousands(len(r.requests)-x.requests))
		}
		t.row(row...)
	}
	t.write(w)
	fmt.Fprint(w, `In the forms that are measured, the peers do less than IAM asks for. They compare the names of actions in AWS's spelling only, take a
wildcard for the actions that the service authorization reference knows, and have no policy variables; a statement with
one is left out.

`)
	for _, e := range engines[2:] {
		fmt.Fprintf(w, "- %s\n", e.limits())
	}
}

// versions returns the versions of the peers, as they are built in.
func versions() []string {
	info, _ := debug.ReadBuildInfo()
	var list []string
	for _, d := range info.Deps {
		if slices.ContainsFunc(engines, func(e engine) bool { return e.module() != "" && e.module() == d.Path }) {
			list = append(list, d.Path+" "+d.Version)
		}
	}
	return list
}

func ratio(x float64) string {
	if x < 999.5 {
		return show.Digits(x) + " ×"
	}
	return thousands(int(x+.5)) + " ×"
}

// count prints a mean of counts. One allocation of the runtime's own among a hundred thousand decisions is none.
func count(x float64) string {
	if x < 0.01 {
		return "0"
	}
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
}

// thousands prints n with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
