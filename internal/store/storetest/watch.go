package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/writ-iam/writ/internal/store"
)

// follow returns the first n changes after rev.
func follow(t testing.TB, s store.Store, rev store.Revision, n int) (changes []store.Change) {
	t.Helper()
	for c, err := range s.Watch(patient(t), rev) {
		if err != nil {
			t.Fatalf("Watch: %v", err)
		}
		if changes = append(changes, c); len(changes) == n {
			return changes
		}
	}
	t.Fatalf("Watch ended after %d changes of %d", len(changes), n)
	return nil
}

func watchYieldsUpdatesWholeAndInOrder(t *testing.T, s store.Store) {
	const writers, times, width = 4, 25, 7
	base := put(t, s, "begin")
	type seen struct {
		watcher int
		changes []store.Change
	}
	results := make(chan seen)
	for i := range 2 { // from the beginning, as it happens
		go func() { results <- seen{i, follow(t, s, base, writers*times)} }()
	}
	var mu sync.Mutex
	made := map[store.Revision]string{}
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range times {
				mark := fmt.Sprintf("%d.%d", w, i)
				rev, err := s.Update(patient(t), func(tx store.Txn) error {
					for k := range width {
						tx.Put(fmt.Sprintf("%d/%d", w, k), []byte(mark))
					}
					if i > 0 {
						tx.Delete(fmt.Sprintf("%d/old%d", w, i-1))
					}
					tx.Put(fmt.Sprintf("%d/old%d", w, i), []byte(mark))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				made[rev] = mark
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for range 2 {
		r := <-results
		last := base
		for _, c := range r.changes {
			if c.Revision <= last {
				t.Fatalf("watcher %d: revision %d after %d", r.watcher, c.Revision, last)
			}
			last = c.Revision
			mark := made[c.Revision]
			var w, i int
			fmt.Sscanf(mark, "%d.%d", &w, &i)
			deletes := 0
			if i > 0 {
				deletes = 1
			}
			if len(c.Puts) != width+1 || len(c.Deletes) != deletes {
				t.Errorf("revision %d has %d puts and %d deletes, want %d and %d",
					c.Revision, len(c.Puts), len(c.Deletes), width+1, deletes)
			}
			for _, p := range c.Puts {
				if string(p.Value) != mark || p.Revision != c.Revision {
					t.Errorf("revision %d: %q = %q at %d, want %q", c.Revision, p.Key, p.Value, p.Revision, mark)
				}
			}
		}
	}
}

func watchBeginsAfterItsRevision(t *testing.T, s store.Store) {
	var revs []store.Revision
	for i := range 5 {
		revs = append(revs, put(t, s, fmt.Sprint("k", i)))
	}
	for i, rev := range revs[:4] {
		var got []store.Revision
		for _, c := range follow(t, s, rev, 4-i) {
			got = append(got, c.Revision)
		}
		if !slices.Equal(got, revs[i+1:]) {
			t.Errorf("Watch after %d yields %d, want %d", rev, got, revs[i+1:])
		}
	}
	later := make(chan []store.Change)
	ahead := revs[4] + 3 // not there yet: what comes up to it is not wanted
	go func() { later <- follow(t, s, ahead, 1) }()
	var rev store.Revision
	for rev <= ahead {
		rev = put(t, s, "later")
	}
	if got := <-later; got[0].Revision <= ahead || got[0].Revision > rev {
		t.Errorf("Watch after %d yields %d; the last is %d", ahead, got[0].Revision, rev)
	}
}

func watchEndsWithItsContext(t *testing.T, s store.Store) {
	rev := put(t, s, "a")
	ctx, cancel := context.WithCancel(patient(t))
	defer cancel()
	n := 0
	for _, err := range s.Watch(ctx, rev-1) {
		if n++; err != nil {
			t.Error(err)
		}
		cancel() // it ends here, without another round
	}
	if n != 1 {
		t.Errorf("Watch yields %d times", n)
	}
	for range s.Watch(ctx, rev-1) {
		t.Error("Watch of an ended context yields something")
	}
}

func watchOfACompactedRevisionEnds(t *testing.T, s store.Store) {
	old := put(t, s, "a")
	put(t, s, "b")
	put(t, s, "a", "c")
	rev := update(t, s, func(tx store.Txn) { tx.Delete("b") })
	for range 2 { // the second time there is nothing to do
		if err := s.Compact(patient(t), rev); err != nil {
			t.Fatal(err)
		}
	}
	var ended error
	for _, err := range s.Watch(patient(t), old) {
		ended = err
	}
	if !errors.Is(ended, store.ErrCompacted) {
		t.Errorf("Watch of a compacted revision ends with %v", ended)
	}
	next := put(t, s, "d")
	if c := follow(t, s, rev, 1)[0]; c.Revision != next {
		t.Errorf("Watch after the compaction yields %+v", c)
	}
	view(t, s, func(r store.Reader) error { wantKeys(t, r, "", "a", "c", "d"); return nil })
	if err := s.Compact(patient(t), next+1_000_000); err == nil {
		t.Error("a revision to come was compacted")
	}
}
