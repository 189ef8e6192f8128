package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/bench/internal/show"
)

// A report is all that was measured in a run.
type report struct {
	command, machine string
	rounds           int
	steps, drawn     []result
	solver           string      // the version of Z3; empty if it is not there
	peer             *peerResult // nil without it
	validate         float64     // nanoseconds from start to exit of writ validate; 0 if not measured
}

// write writes the report as a document in Markdown.
func (r *report) write(w io.Writer) {
	fmt.Fprintf(w, `# Performance of proofs

What does a new version of a policy allow that the old one did not, and the other way round? The document is the output of this
command, in the directory bench:

    %s

%s. Each question was asked %d times, all of them once a round, and its time is the median over the rounds. A question is one
direction: what the new version adds, or removes. Every answer lists all classes of actions that differ, each with a request that the
engine has confirmed, unless something else is said. The floor is to parse and to compile both documents, in the same rounds; ratios are taken
within a round, and are medians, too. The times depend on the machine and on what else it did: compare the ratios and the medians.

In the open universe any action, resource and key counts; in the reference universe, those of AWS's service reference.

`, r.command, r.machine, r.rounds)
	r.writeGoals(w)
	r.writeSteps(w)
	r.writeDrawn(w)
	r.writePeer(w)
}

// A figure is what many questions came to, in one universe or in all.
type figure struct {
	n              int
	times, toFloor []float64
	worst          string
	doubtful       []string // questions that are unknown
	longest        float64
}

func (f *figure) add(r *result, u int) {
	for d := range directions {
		f.n++
		name := fmt.Sprintf("%s, %v, %v", r.name, d, universes[u])
		f.times, f.toFloor = append(f.times, r.took[u][d]), append(f.toFloor, r.toFloor[u][d])
		if r.answers[u][d] == prove.Unknown {
			f.doubtful = append(f.doubtful, name)
		}
		if t := r.took[u][d]; t > f.longest {
			f.longest, f.worst = t, name
		}
	}
}

func figures(results []result) (each [len(universes)]figure, all figure) {
	for i := range results {
		for u := range universes {
			each[u].add(&results[i], u)
			all.add(&results[i], u)
		}
	}
	return each, all
}

// writeGoals compares the run to what Writ promises.
func (r *report) writeGoals(w io.Writer) {
	_, all := figures(r.drawn)
	fmt.Fprint(w, "## Goals\n\n| Writ | goal | this run |\n|---|---:|---:|\n")
	row := func(what, goal, got string) { fmt.Fprintf(w, "| %s | %s | %s |\n", what, goal, got) }
	row("a direction of a version change, median", "below 3 ms", show.Duration(quantile(all.times, 0.5)))
	row("99 of 100", "below 250 ms", show.Duration(quantile(all.times, 0.99)))
	row("the longest", "below 5 s", show.Duration(all.longest))
	row("unknown", "below 1 in 200", share(len(all.doubtful), all.n))
	if r.validate > 0 {
		row("`writ validate "+mission+"`, from start to exit", "below 100 ms", show.Duration(r.validate))
	}
	fmt.Fprintln(w)
	if r.validate == 0 {
		fmt.Fprint(w, "The command `writ validate` was not measured: it could not be built and run.\n\n")
	}
}

func (r *report) writeSteps(w io.Writer) {
	fmt.Fprintf(w, "## The history of %s\n\nProved: the direction has no difference. Refuted: it has as many classes of actions as are said.\n\n"+
		"| step | direction | open | answer | to floor | reference | answer | to floor |\n|---|---|---:|---|---:|---:|---|---:|\n", mission)
	for i := range r.steps {
		s := &r.steps[i]
		for _, d := range []direction{adds, removes} {
			fmt.Fprintf(w, "| %s | %v ", strings.TrimPrefix(s.name, mission+"@"), d)
			for u := range universes {
				answer := s.answers[u][d].String()
				if n := s.differences[u][d]; n > 0 {
					answer += fmt.Sprintf(", %d", n)
				}
				fmt.Fprintf(w, "| %s | %s | %s ", show.Duration(s.took[u][d]), answer, ratio(s.toFloor[u][d]))
			}
			fmt.Fprintln(w, "|")
		}
	}
	fmt.Fprintln(w)
}

func (r *report) writeDrawn(w io.Writer) {
	each, all := figures(r.drawn)
	var floor []float64
	for i := range r.drawn {
		floor = append(floor, r.drawn[i].floor)
	}
	fmt.Fprintf(w, "## Pairs of versions of all managed policies\n\n%d pairs of successive versions, drawn with a fixed seed, in both directions. The floor's median is %s.\n\n"+
		"| universe | questions | median | 90 of 100 | 99 of 100 | longest | unknown | median to floor |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
		len(r.drawn), show.Duration(median(floor)))
	row := func(name string, f *figure) {
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s | %s | %s |\n", name, f.n, show.Duration(quantile(f.times, 0.5)), show.Duration(quantile(f.times, 0.9)),
			show.Duration(quantile(f.times, 0.99)), show.Duration(f.longest), share(len(f.doubtful), f.n), ratio(median(f.toFloor)))
	}
	for u := range universes {
		row(universes[u].String(), &each[u])
	}
	row("both", &all)
	fmt.Fprintf(w, "\nThe longest: %s.\n", all.worst)
	if len(all.doubtful) > 0 {
		fmt.Fprintf(w, "Unknown: %s.\n", strings.Join(all.doubtful, "; "))
	}
	fmt.Fprintln(w)
}

func (r *report) writePeer(w io.Writer) {
	fmt.Fprint(w, "## Beside an SMT solver\n\n")
	if r.peer == nil {
		fmt.Fprint(w, "Z3 is left out, because it is not installed.\n")
		return
	}
	p := r.peer
	fmt.Fprintf(w, `%s on the questions that package internal/smt puts to it in SMT-LIB 2, and tests the prover's answers by: the steps above and small documents
(%d pairs of managed policies that came up cannot be expressed, and are left out), both ways, in the open universe. Z3's time is that of one process, its
start included, and of one run. Writ stops at the first difference, too, and its times are medians over the rounds. Both have one request to show, which
for Writ the engine has confirmed.

| | questions | median | 90 of 100 | longest | no answer in %d s |
|---|---:|---:|---:|---:|---:|
`, r.solver, p.left, int(p.unanswered/1e9))
	fmt.Fprintf(w, "| Writ | %d | %s | %s | %s | 0 |\n", p.questions, show.Duration(median(p.writ)), show.Duration(quantile(p.writ, 0.9)), show.Duration(quantile(p.writ, 1)))
	fmt.Fprintf(w, "| Z3 | %d | %s | %s | %s | %d |\n\n", p.questions, show.Duration(median(p.z3)), show.Duration(quantile(p.z3, 0.9)), show.Duration(quantile(p.z3, 1)), p.none)
	fmt.Fprintf(w, "Z3's median is %s Writ's, and the median of the ratios, question by question, %s. ", ratio(median(p.z3)/median(p.writ)), ratio(median(ratios(p.z3, p.writ))))
	fmt.Fprint(w, "Where Z3 has an answer, it is Writ's.\n")
}

// share prints a count among many.
func share(k, n int) string {
	if k == 0 {
		return "none"
	}
	return fmt.Sprintf("%d of %d", k, n)
}

func ratio(x float64) string { return show.Digits(x) + " ×" }
