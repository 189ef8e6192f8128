// Command report writes docs/managed-policies-report.md: what package history finds in all shipped versions of AWS managed
// policies, and how three policies for job functions compare with rules over the service reference. All figures in the
// report are computed here. It also writes what the feeds say of these versions.
//
//	go run ./internal/gen/report
//
// It takes a few minutes at first, and keeps what it works out where writ catalog audit does.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/cachedir"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("report: ")
	out := flag.String("o", "docs/managed-policies-report.md", "`file` to write the report to")
	meanings := flag.String("meanings", "internal/history/meanings.json.gz", "`file` to write the meanings of the versions to")
	cache := flag.String("cache", "", "`folder` for results (default: that of writ catalog audit)")
	jobs := flag.Int("jobs", 0, "how many updates to work out at once (default: one for each processor)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	text, short, err := write(ctx, *cache, *jobs)
	if err == nil {
		err = os.WriteFile(*out, text, 0o666)
	}
	if err == nil {
		err = os.WriteFile(*meanings, short, 0o666)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// A report is what the sections are written from.
type report struct {
	bytes.Buffer
	updates [2][]*history.Update          // by universe: all steps but the first of each policy
	granted map[*managed.Version][]string // actions of the default versions, in the reference universe
}

func (r *report) line(format string, args ...any) { fmt.Fprintf(r, format+"\n", args...) }

func write(ctx context.Context, cache string, jobs int) (text, meanings []byte, err error) {
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, nil, err
		}
		cache = filepath.Join(user, "writ", "history")
	}
	dir, err := cachedir.Open(cache)
	if err != nil {
		return nil, nil, err
	}
	r := &report{granted: map[*managed.Version][]string{}}
	var steps, defaults []history.Step
	for _, p := range managed.All() {
		steps = append(steps, history.Steps(p)[1:]...)
		defaults = append(defaults, history.Step{After: p.Default()})
	}
	for _, u := range []prove.Universe{prove.Open, prove.Reference} {
		r.updates[u] = make([]*history.Update, len(steps))
		o := history.Options{Universe: u, Cache: dir}
		if err := history.All(ctx, steps, o, jobs, func(i int, x *history.Update) { r.updates[u][i] = x }); err != nil {
			return nil, nil, err
		}
	}
	o := history.Options{Universe: prove.Reference, Cache: dir}
	err = history.All(ctx, defaults, o, jobs, func(i int, x *history.Update) { r.granted[x.After] = names(x.Added) })
	if err != nil {
		return nil, nil, err
	}
	if meanings, err = r.meanings(); err != nil {
		return nil, nil, err
	}
	r.head()
	r.verdicts()
	r.years()
	r.unknown()
	if err := r.amplify(ctx, dir); err != nil {
		return nil, nil, err
	}
	if err := r.rules(ctx); err != nil {
		return nil, nil, err
	}
	r.largest()
	r.losses()
	return r.Bytes(), meanings, dir.Err()
}

// meanings is the file of package history.
func (r *report) meanings() ([]byte, error) {
	all := map[string]*history.Meaning{}
	add := func(u *history.Update) (err error) {
		all[u.After.Ref()], err = u.Meaning()
		return err
	}
	for _, p := range managed.All() {
		if err := add(&history.Update{Step: history.Steps(p)[0], Verdict: history.New}); err != nil {
			return nil, err
		}
	}
	for _, u := range r.updates[prove.Open] {
		if err := add(u); err != nil {
			return nil, err
		}
	}
	return history.Compressed(all)
}

// names returns the actions in some changes, without patterns.
func names(changes []history.Change) (list []string) {
	for _, c := range changes {
		list = append(list, c.Actions...)
	}
	return unique(list)
}
