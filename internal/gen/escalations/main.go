// Command escalations works out what each shipped version of an AWS managed policy lets its holder become, for package
// internal/history to embed, and writes docs/escalation-report.md.
//
//	go run ./internal/gen/escalations
//
// It takes a few minutes. Run it when package analysis/escalate or the catalogue changes.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("escalations: ")
	data := flag.String("o", "internal/history/escalations.json.gz", "`file` to write the results to")
	report := flag.String("report", "docs/escalation-report.md", "`file` to write the report to")
	jobs := flag.Int("jobs", runtime.GOMAXPROCS(0), "how many versions to work out at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	all, err := workOut(ctx, *jobs)
	if err == nil {
		var text []byte
		if text, err = history.Compressed(all); err == nil {
			err = os.WriteFile(*data, text, 0o666)
		}
	}
	if err == nil {
		err = os.WriteFile(*report, reportOf(all), 0o666)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// workOut returns the results by "NAME@VERSION".
func workOut(ctx context.Context, jobs int) (map[string]*history.Escalation, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	versions := make(chan *managed.Version)
	all := map[string]*history.Escalation{}
	var workers sync.WaitGroup
	var one sync.Mutex
	for range jobs {
		workers.Go(func() {
			for v := range versions {
				doc, err := policy.Parse(v.Document())
				var e *history.Escalation
				if err == nil {
					e, err = history.EscalationOfDocument(ctx, doc)
				}
				if err != nil {
					cancel(fmt.Errorf("%s: %w", v.Ref(), err))
					continue
				}
				one.Lock()
				all[v.Ref()] = e
				one.Unlock()
			}
		})
	}
	for _, p := range managed.All() {
		for _, v := range p.Versions() {
			if ctx.Err() == nil {
				versions <- v
			}
		}
	}
	close(versions)
	workers.Wait()
	return all, context.Cause(ctx)
}

// reportOf writes the report.
func reportOf(all map[string]*history.Escalation) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# What AWS managed policies let their holder become")
	line("")
	line("Each managed policy by itself, in its default version, judged by %d methods of privilege escalation", len(escalate.Methods()))
	line("([how](escalation.md)), and the updates that changed the answer. The page is written by")
	line("")
	line("    go run ./internal/gen/escalations")
	line("")
	line("and `writ escalate --policy NAME` says of a policy by which requests. A policy *can if* there is something else: an administrator's")
	line("role that the holder may pass or assume, a resource that runs with one.")
	line("")
	line("## Default versions")
	line("")
	line("| the holder | policies |")
	line("|---|--:|")
	by := map[history.Admin][]*managed.Version{}
	for _, p := range managed.All() {
		v := p.Default()
		a := all[v.Ref()].Admin
		by[a] = append(by[a], v)
	}
	for _, a := range history.Admins {
		if len(by[a]) > 0 || a != history.AdminUnknown {
			line("| %s | %d |", words[a], len(by[a]))
		}
	}
	line("")
	for _, a := range history.Admins[:4] {
		if len(by[a]) == 0 {
			continue
		}
		line("## The holder %s", words[a])
		line("")
		line("| policy | version | usable methods | of which open |")
		line("|---|---|--:|--:|")
		for _, v := range by[a] {
			open := 0
			for _, s := range all[v.Ref()].Usable {
				if s == escalate.Open.String() {
					open++
				}
			}
			line("| %s | %s | %d | %d |", v.Policy.Name, v.ID, len(all[v.Ref()].Usable), open)
		}
		line("")
	}
	line("## Methods")
	line("")
	line("How many default versions each method can be used with.")
	line("")
	line("| method | what the holder does | open | scoped | forwarded |")
	line("|---|---|--:|--:|--:|")
	for _, m := range escalate.Methods() {
		n := map[string]int{}
		for _, p := range managed.All() {
			n[all[p.Default().Ref()].Usable[m.ID]]++
		}
		line("| %s | %s | %d | %d | %d |", m.ID, m.Title, n["open"], n["scoped"], n["forwarded"])
	}
	line("")
	line("## Updates that changed the answer")
	line("")
	line("| policy | version | date | before | after |")
	line("|---|---|---|---|---|")
	for _, p := range managed.All() {
		for _, s := range history.Steps(p)[1:] {
			before, after := all[s.Before.Ref()], all[s.After.Ref()]
			if before.Admin == after.Admin {
				continue
			}
			day := "unknown"
			if !s.After.Created.IsZero() {
				day = s.After.Created.Format(time.DateOnly)
			}
			line("| %s | %s | %s | %s | %s |", p.Name, s.After.ID, day, before.Admin, after.Admin)
		}
	}
	line("")
	amplify(line, all)
	return b.Bytes()
}

// words complete "the holder".
var words = map[history.Admin]string{
	history.Already: "is an administrator already", history.Can: "can become an administrator", history.CanIf: "can become an administrator, if",
	history.Cannot: "cannot become an administrator", history.AdminUnknown: "may or may not become an administrator: it is not known",
}

// amplify says version by version what AdministratorAccess-Amplify lets its holder do.
func amplify(line func(string, ...any), all map[string]*history.Escalation) {
	p, _ := managed.Lookup("AdministratorAccess-Amplify")
	line("## AdministratorAccess-Amplify, version by version")
	line("")
	line("| version | date | opens | closes |")
	line("|---|---|---|---|")
	for _, s := range history.Steps(p) {
		var before *history.Escalation
		if s.Before != nil {
			before = all[s.Before.Ref()]
		}
		opened, closed := all[s.After.Ref()].Since(before)
		line("| %s | %s | %s | %s |", s.After.ID, s.After.Created.Format(time.DateOnly), changesOf(opened), changesOf(closed))
	}
}

func changesOf(list []history.MethodChange) string {
	var texts []string
	for _, c := range list {
		texts = append(texts, fmt.Sprintf("%s (%s to %s)", c.ID, c.Was, c.Is))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
