package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

// A ledger is a store in memory whose failures a test can choose. Writing is not by Update, but by commit.
type ledger struct {
	store.Store // nil: a Live needs no more than View and Watch

	mu      sync.Mutex
	records map[string]store.Record
	changes []store.Change
	grown   chan struct{}  // closed at the next commit
	oldest  store.Revision // that the log reaches back to
	broken  error          // of Watch, at once
	silent  atomic.Bool    // View does not answer
	loads   atomic.Int32
}

func newLedger(records ...iam.Record) *ledger {
	s := &ledger{records: map[string]store.Record{}, grown: make(chan struct{})}
	s.commit(change(0, nil, records...))
	return s
}

// commit adds changes, each at a revision of its own, before anybody sees one of them. It returns the last revision.
func (s *ledger) commit(changes ...store.Change) (rev store.Revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		rev = store.Revision(len(s.changes) + 1)
		c.Revision = rev
		for _, key := range c.Deletes {
			delete(s.records, key)
		}
		for _, r := range c.Puts {
			s.records[r.Key] = r
		}
		s.changes = append(s.changes, c)
	}
	s.wake()
	return rev
}

// wake wakes whoever watches.
func (s *ledger) wake() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// raw is a change of a record that this release may not know.
func raw(key, value string) store.Change {
	return store.Change{Puts: []store.Record{{Key: key, Value: []byte(value)}}}
}

func (s *ledger) breakWatch(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
	s.wake()
}

func (s *ledger) View(ctx context.Context, _ store.Revision, fn func(store.Reader) error) error {
	if s.silent.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return fn(reader{rev: store.Revision(len(s.changes)), records: s.records, loads: &s.loads})
}

type reader struct {
	store.Reader
	rev     store.Revision
	records map[string]store.Record
	loads   *atomic.Int32
}

func (r reader) Revision() store.Revision { return r.rev }

func (r reader) List(string) iter.Seq2[store.Record, error] {
	r.loads.Add(1)
	return func(yield func(store.Record, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(r.records)) {
			if !yield(r.records[key], nil) {
				return
			}
		}
	}
}

func (s *ledger) Watch(ctx context.Context, rev store.Revision) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		for {
			s.mu.Lock()
			changes, grown, broken, oldest := s.changes[rev:], s.grown, s.broken, s.oldest
			s.mu.Unlock()
			switch {
			case broken != nil:
				yield(store.Change{}, broken)
				return
			case rev < oldest:
				yield(store.Change{}, store.ErrCompacted)
				return
			}
			for _, c := range changes {
				if !yield(c, nil) {
					return
				}
				rev = c.Revision
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

func user(name string) *iam.User { return &iam.User{Header: header("AIDA"+name, name)} }

func has(s *Snapshot, name string) bool { return Get[iam.User](s, iam.UserKey(account, name)) != nil }

// following runs a test in a bubble with a Live that follows the ledger.
func following(t *testing.T, s *ledger, test func(t *testing.T, l *Live, log *bytes.Buffer)) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s.grown = make(chan struct{}) // one of the bubble
		l, err := Follow(t.Context(), s, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		test(t, l, &log)
	})
}

func TestLiveLoadsAndFollows(t *testing.T) {
	s := newLedger(user("alice"))
	s.commit(raw("guard/ANPA1/AIDA1", "1"))
	following(t, s, func(t *testing.T, l *Live, log *bytes.Buffer) {
		before := l.Current()
		if before.Revision != 2 || !has(before, "alice") {
			t.Fatalf("loaded revision %d", before.Revision)
		}
		rev := s.commit(change(0, []string{iam.UserKey(account, "alice")}, user("bob")))
		after, err := l.Wait(t.Context(), rev)
		if err != nil || after.Revision != rev || has(after, "alice") || !has(after, "bob") {
			t.Errorf("after the change: revision %d, error %v", after.Revision, err)
		}
		if !has(before, "alice") || has(before, "bob") {
			t.Error("the old snapshot changed")
		}
		if l.Err() != nil || s.loads.Load() != 1 || log.Len() > 0 {
			t.Errorf("error %v, %d loads, log %s", l.Err(), s.loads.Load(), log)
		}
	})
}

func TestLiveLoadsAgainAfterACompaction(t *testing.T) {
	s := newLedger(user("alice"))
	following(t, s, func(t *testing.T, l *Live, log *bytes.Buffer) {
		synctest.Wait()
		s.mu.Lock()
		s.oldest = 3
		s.mu.Unlock()
		rev := s.commit(change(0, []string{iam.UserKey(account, "alice")}), change(0, nil, user("bob")))
		got, err := l.Wait(t.Context(), rev)
		if err != nil || has(got, "alice") || !has(got, "bob") {
			t.Errorf("error %v", err)
		}
		if l.Err() != nil || log.Len() > 0 || s.loads.Load() != 2 {
			t.Errorf("a compaction is a failure: %v, %s, %d loads", l.Err(), log, s.loads.Load())
		}
	})
}

func TestFollowRefusesAStateThatItCannotRead(t *testing.T) {
	for key, value := range map[string]string{
		iam.UserKey(account, "new"): "2 {}",
		"spaceship/enterprise":      "1 {}",
		iam.RoleKey(account, "bad"): "1 {",
	} {
		s := newLedger(user("alice"))
		s.commit(raw(key, value))
		var format *iam.FormatError
		if _, err := Follow(t.Context(), s, slog.New(slog.DiscardHandler)); !errors.As(err, &format) || format.Key != key {
			t.Errorf("%s = %s: error %v", key, value, err)
		}
	}
}

func TestARecordThatCannotBeReadStopsTheSnapshot(t *testing.T) {
	s := newLedger(user("alice"))
	following(t, s, func(t *testing.T, l *Live, log *bytes.Buffer) {
		c := change(0, []string{iam.UserKey(account, "alice")}, user("bob"))
		c.Puts = append(c.Puts, raw("user/"+account+"/new", "2 {}").Puts...)
		rev := s.commit(c)
		var format *iam.FormatError
		if _, err := l.Wait(t.Context(), rev); !errors.As(err, &format) {
			t.Fatalf("Wait: %v", err)
		}
		for range 3 {
			time.Sleep(2 * retryAfter)
			synctest.Wait()
			if now := l.Current(); !errors.As(l.Err(), &format) || now.Revision != 1 || has(now, "bob") {
				t.Fatalf("revision %d, error %v: a part of a change was applied", now.Revision, l.Err())
			}
		}
		if n := s.loads.Load(); n > 10 {
			t.Errorf("the state was loaded %d times in seconds", n)
		}
		if log.Len() == 0 {
			t.Error("nothing was logged")
		}

		rev = s.commit(change(0, []string{"user/" + account + "/new"}))
		time.Sleep(2 * retryAfter)
		synctest.Wait()
		if now := l.Current(); l.Err() != nil || now.Revision != rev || has(now, "alice") || !has(now, "bob") {
			t.Errorf("when the record is gone: revision %d, error %v", now.Revision, l.Err())
		}
	})
}

func TestAWatchThatFailsIsNotTriedInALoop(t *testing.T) {
	s := newLedger(user("alice"))
	following(t, s, func(t *testing.T, l *Live, log *bytes.Buffer) {
		denied := errors.New("permission denied")
		s.breakWatch(denied)
		synctest.Wait()
		if !errors.Is(l.Err(), denied) {
			t.Fatalf("error %v", l.Err())
		}
		time.Sleep(10*retryAfter + retryAfter/2)
		if n := s.loads.Load(); n < 5 || n > 12 {
			t.Errorf("%d loads in ten seconds", n)
		}
		s.breakWatch(nil)
		rev := s.commit(change(0, nil, user("bob")))
		time.Sleep(2 * retryAfter)
		if _, err := l.Wait(t.Context(), rev); err != nil {
			t.Errorf("when the watch works again: %v", err)
		}
	})
}

func TestNothingIsDecidedOnceTheStoreIsSilentForLong(t *testing.T) {
	s := newLedger(user("alice"))
	following(t, s, func(t *testing.T, l *Live, _ *bytes.Buffer) {
		time.Sleep(10 * MaxSilence)
		if err := l.Err(); err != nil {
			t.Fatalf("of a store that answers: %v", err)
		}
		s.silent.Store(true)
		time.Sleep(MaxSilence / 2)
		if err := l.Err(); err != nil {
			t.Errorf("after half of the time: %v", err)
		}
		time.Sleep(MaxSilence)
		if err := l.Err(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		s.silent.Store(false)
		time.Sleep(MaxSilence / 6)
		if err := l.Err(); err != nil {
			t.Errorf("once the store answers again: %v", err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	following(t, newLedger(user("alice")), func(t *testing.T, l *Live, _ *bytes.Buffer) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := l.Wait(ctx, 99); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		if _, err := l.Wait(ctx, 1); err != nil {
			t.Errorf("for what is there: %v", err)
		}
	})
}

// Compaction, deletion and reload as etcd does them; readers and a waiter for each write at once, for the race detector.
func TestLiveFollowsEtcd(t *testing.T) {
	ctx := t.Context()
	s, err := member.Start(ctx, member.Config{Ephemeral: true, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	following, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := Follow(following, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string) store.Revision {
		rev, err := s.Update(ctx, func(tx store.Txn) error {
			iam.NewTxn(tx).Put(user(name))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return rev
	}
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for n := range 25 {
				name := fmt.Sprint("user", w, "-", n)
				got, err := l.Wait(ctx, write(name))
				if err != nil || !has(got, name) {
					t.Errorf("%s is not there: %v", name, err)
				}
				for range got.List(iam.UserKey(account, ""), "") {
				}
			}
		})
	}
	all.Wait()
	if n := l.Current().Count(iam.UserKey(account, "")); n != 100 {
		t.Errorf("%d users", n)
	}

	gate := gated{s, make(chan struct{})}
	late, err := Follow(following, gate, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	write("unseen")
	rev := write("unseen-too")
	if err := s.Compact(ctx, rev); err != nil {
		t.Fatal(err)
	}
	close(gate.open)
	got, err := late.Wait(ctx, rev)
	if err != nil || !has(got, "unseen") || late.Err() != nil {
		t.Errorf("after a compaction: %v, %v", err, late.Err())
	}
	if got, err = late.Wait(ctx, write("later")); err != nil || !has(got, "later") {
		t.Errorf("later: %v", err)
	}
}

// A gated store begins to watch when it is opened.
type gated struct {
	store.Store
	open chan struct{}
}

func (g gated) Watch(ctx context.Context, rev store.Revision) iter.Seq2[store.Change, error] {
	<-g.open
	return g.Store.Watch(ctx, rev)
}
