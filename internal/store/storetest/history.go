package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/writ-iam/writ/internal/store"
)

// A model is the simplest store there is. Its records are values with the revisions that put them.
type model map[string]store.Record

func (m model) list(prefix string) []store.Record {
	var all []store.Record
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(key, prefix) {
			all = append(all, m[key])
		}
	}
	return all
}

func (m model) apply(c store.Change) {
	for _, key := range c.Deletes {
		delete(m, key)
	}
	for _, r := range c.Puts {
		m[r.Key] = r
	}
}

// A step is one thing that a transaction did, and what it saw.
type step struct {
	op    string // get, list, any, put, delete
	key   string
	saw   string
	value string
}

// saw is what a step sees in the model. Writes change it.
func (m model) saw(s step) string {
	switch s.op {
	case "get":
		if r, ok := m[s.key]; ok {
			return fmt.Sprint(r)
		}
		return "nothing"
	case "list":
		return fmt.Sprint(m.list(s.key))
	case "any":
		return fmt.Sprint(len(m.list(s.key)) > 0)
	case "put":
		m[s.key] = store.Record{Key: s.key, Value: []byte(s.value)}
	case "delete":
		delete(m, s.key)
	}
	return ""
}

// do does the same to a store.
func do(r store.Reader, s step) (string, error) {
	switch s.op {
	case "get":
		record, err := r.Get(s.key)
		if errors.Is(err, store.ErrNotFound) {
			return "nothing", nil
		}
		return fmt.Sprint(record), err
	case "list":
		var all []store.Record
		for record, err := range r.List(s.key) {
			if err != nil {
				return "", err
			}
			all = append(all, record)
		}
		return fmt.Sprint(all), nil
	case "any":
		any, err := r.Any(s.key)
		return fmt.Sprint(any), err
	case "put":
		r.(store.Txn).Put(s.key, []byte(s.value))
	case "delete":
		r.(store.Txn).Delete(s.key)
	}
	return "", nil
}

// randomSteps are reads, and writes among them if the transaction may write. Few keys make many conflicts.
func randomSteps(random *rand.Rand, writes bool, mark string) []step {
	key := func() string { return fmt.Sprintf("%c/%d", 'a'+random.IntN(3), random.IntN(4)) }
	steps := make([]step, 1+random.IntN(6))
	for i := range steps {
		s := step{key: key()}
		switch n := random.IntN(12); {
		case n < 3 && writes:
			s.op, s.value = "put", fmt.Sprint(mark, ".", i)
		case n < 5 && writes:
			s.op = "delete"
		case n < 7:
			s.op, s.key = "list", s.key[:2]
		case n < 8:
			s.op, s.key = "any", s.key[:2]
		case n < 9:
			s.op = "any"
		default:
			s.op = "get"
		}
		steps[i] = s
	}
	if slices.ContainsFunc(steps, func(s step) bool { return s.op == "delete" }) {
		// Deletes of absent keys would make no revision, by which the transaction is found again.
		steps = append(steps, step{op: "put", key: "d/" + mark[:1], value: mark})
	}
	return steps
}

// A done is a transaction that was committed, or a view.
type done struct {
	steps  []step
	rev    store.Revision
	writes map[string]step // the last of each key
}

// historyIsSerial runs random transactions at once. What Watch yields is then replayed into a model: each transaction
// must have seen exactly what the model holds just before its revision, and have changed what its change says.
func historyIsSerial(t *testing.T, s store.Store) {
	const workers, times = 6, 40
	base := put(t, s, "begin")
	var mu sync.Mutex
	var all []done
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 1))
			last := base
			for i := range times {
				d, err := act(patient(t), s, randomSteps(random, i%4 > 0, fmt.Sprintf("%d.%d", w, i)))
				if err != nil {
					t.Error(err)
					return
				}
				if d.rev < last {
					t.Errorf("revision %d after %d", d.rev, last)
				}
				last = d.rev
				mu.Lock()
				all = append(all, d)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	put(t, s, "end")

	states := map[store.Revision]model{base: {}} // after each change
	changes := map[store.Revision]store.Change{}
	order := []store.Revision{base}
	view(t, s, func(r store.Reader) error { // what was there at first
		record, err := r.Get("begin")
		states[base]["begin"] = record
		return err
	})
	for c, err := range s.Watch(patient(t), base) {
		if err != nil {
			t.Fatal(err)
		}
		state := maps.Clone(states[order[len(order)-1]])
		state.apply(c)
		states[c.Revision], changes[c.Revision] = state, c
		order = append(order, c.Revision)
		if _, ended := state["end"]; ended {
			break
		}
	}
	at := func(rev store.Revision) model { // the state of the last change up to rev
		i, found := slices.BinarySearch(order, rev)
		if !found {
			i--
		}
		return maps.Clone(states[order[i]])
	}
	claimed := map[store.Revision]bool{base: true, order[len(order)-1]: true}
	for _, d := range all {
		before := at(d.rev)
		if len(d.writes) > 0 {
			if claimed[d.rev] {
				t.Errorf("two transactions made revision %d", d.rev)
			}
			claimed[d.rev] = true
			before = at(d.rev - 1)
			d.check(t, before, changes[d.rev])
		}
		for _, s := range d.steps {
			if want := before.saw(s); want != s.saw {
				t.Errorf("revision %d: %s %q saw %s, want %s", d.rev, s.op, s.key, s.saw, want)
			}
		}
	}
	for _, rev := range order {
		if !claimed[rev] {
			t.Errorf("no transaction made revision %d: %+v", rev, changes[rev])
		}
	}
	view(t, s, func(r store.Reader) error {
		got, err := do(r, step{op: "list"})
		if want := states[order[len(order)-1]].saw(step{op: "list"}); got != want {
			t.Errorf("at last the store holds\n%s, want\n%s", got, want)
		}
		return err
	})
}

// act does the steps in a transaction, or in a view if they only read.
func act(ctx context.Context, s store.Store, plan []step) (d done, err error) {
	run := func(r store.Reader) error {
		d = done{steps: slices.Clone(plan), writes: map[string]step{}, rev: r.Revision()}
		for i, s := range d.steps {
			saw, err := do(r, s)
			if err != nil {
				return err
			}
			d.steps[i].saw = saw
			if s.op == "put" || s.op == "delete" {
				d.writes[s.key] = s
			}
		}
		return nil
	}
	if !slices.ContainsFunc(plan, func(s step) bool { return s.op == "put" || s.op == "delete" }) {
		err = s.View(ctx, 0, run)
		return d, err
	}
	rev, err := s.Update(ctx, func(tx store.Txn) error { return run(tx) })
	d.rev = rev
	return d, err
}

// check compares the change with what the transaction wrote: each put, and each delete of a key that was there.
func (d *done) check(t *testing.T, before model, c store.Change) {
	var want, got []string
	for key, s := range d.writes {
		if _, was := before[key]; s.op == "put" || was {
			want = append(want, s.op+" "+key+" "+s.value)
		}
	}
	for _, r := range c.Puts {
		got = append(got, "put "+r.Key+" "+string(r.Value))
	}
	for _, key := range c.Deletes {
		got = append(got, "delete "+key+" ")
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("revision %d changed %q, want %q", d.rev, got, want)
	}
}
