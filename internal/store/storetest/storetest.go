// Package storetest is the law of package store: what every store must do, as tests that run against any of them; and
// what such tests are made of: clusters of etcd, and processes that can be killed.
//
// A package that uses the latter has a TestMain that calls Main.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/store"
)

// Test checks that the stores of open keep the law. Each call of open makes an empty store that is closed with the test
// that it is given. The stores may share an etcd, so that revisions begin anywhere, and have to be Compact-ed together.
func Test(t *testing.T, open func(t *testing.T) store.Store) {
	for _, law := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"GetReturnsWhatWasPut", getReturnsWhatWasPut},
		{"ListYieldsThePrefixInOrder", listYieldsThePrefixInOrder},
		{"AnyLooksForThePrefix", anyLooksForThePrefix},
		{"TransactionReadsItsOwnWrites", transactionReadsItsOwnWrites},
		{"DeleteOfAnAbsentKeyChangesNothing", deleteOfAnAbsentKeyChangesNothing},
		{"UpdateThatFailsWritesNothing", updateThatFailsWritesNothing},
		{"UpdateThatOnlyReadsReturnsWhatItRead", updateThatOnlyReadsReturnsWhatItRead},
		{"ViewIsOneState", viewIsOneState},
		{"ViewWaitsForTheRevision", viewWaitsForTheRevision},
		{"ReadsAreGuarded", readsAreGuarded},
		{"UnrelatedChangesDoNotConflict", unrelatedChangesDoNotConflict},
		{"WriteSkewCannotHappen", writeSkewCannotHappen},
		{"ContentionEndsInProgress", contentionEndsInProgress},
		{"EndlessConflictIsAnError", endlessConflictIsAnError},
		{"LargeTransactions", largeTransactions},
		{"EndedContextEndsTheCall", endedContextEndsTheCall},
		{"WatchYieldsUpdatesWholeAndInOrder", watchYieldsUpdatesWholeAndInOrder},
		{"WatchBeginsAfterItsRevision", watchBeginsAfterItsRevision},
		{"WatchEndsWithItsContext", watchEndsWithItsContext},
		{"WatchOfACompactedRevisionEnds", watchOfACompactedRevisionEnds},
		{"HistoryIsSerial", historyIsSerial},
		{"StatusIsFilled", statusIsFilled},
		{"ClosedStoreSaysSo", closedStoreSaysSo},
	} {
		t.Run(law.name, func(t *testing.T) { law.test(t, open(t)) })
	}
}

// Patience is how long a test waits for what must come.
const Patience = time.Minute

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// update makes a transaction that must succeed.
func update(t testing.TB, s store.Store, fn func(store.Txn)) store.Revision {
	t.Helper()
	rev, err := s.Update(patient(t), func(tx store.Txn) error { fn(tx); return nil })
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	return rev
}

func put(t testing.TB, s store.Store, keys ...string) store.Revision {
	t.Helper()
	return update(t, s, func(tx store.Txn) {
		for _, key := range keys {
			tx.Put(key, []byte("value of "+key))
		}
	})
}

func view(t testing.TB, s store.Store, fn func(store.Reader) error) {
	t.Helper()
	if err := s.View(patient(t), 0, fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func list(r store.Reader, prefix string) (keys []string, err error) {
	for record, err := range r.List(prefix) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, record.Key)
	}
	return keys, nil
}

// wantKeys checks what the prefix lists.
func wantKeys(t testing.TB, r store.Reader, prefix string, want ...string) {
	t.Helper()
	got, err := list(r, prefix)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("List(%q) = %q, %v; want %q", prefix, got, err, want)
	}
}

func wantAny(t testing.TB, r store.Reader, prefix string, want bool) {
	t.Helper()
	if got, err := r.Any(prefix); err != nil || got != want {
		t.Errorf("Any(%q) = %v, %v; want %v", prefix, got, err, want)
	}
}

func wantValue(t testing.TB, r store.Reader, key, want string) {
	t.Helper()
	if got, err := r.Get(key); err != nil || string(got.Value) != want || got.Key != key {
		t.Errorf("Get(%q) = %q %q, %v; want %q", key, got.Key, got.Value, err, want)
	}
}

func wantAbsent(t testing.TB, r store.Reader, key string) {
	t.Helper()
	if got, err := r.Get(key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get(%q) = %q, %v; want ErrNotFound", key, got.Value, err)
	}
}

func getReturnsWhatWasPut(t *testing.T, s store.Store) {
	for _, key := range []string{"k", "a/b", "a/ü", "a/\x00", "a/\xff", ""} {
		first := update(t, s, func(tx store.Txn) {
			wantAbsent(t, tx, key)
			tx.Put(key, []byte("1"))
		})
		view(t, s, func(r store.Reader) error {
			wantValue(t, r, key, "1")
			if got, _ := r.Get(key); got.Revision != first {
				t.Errorf("revision of %q is %d, want %d", key, got.Revision, first)
			}
			return nil
		})
		second := update(t, s, func(tx store.Txn) { tx.Put(key, nil) })
		if second <= first {
			t.Errorf("revision %d after %d", second, first)
		}
		view(t, s, func(r store.Reader) error { wantValue(t, r, key, ""); return nil })
		update(t, s, func(tx store.Txn) { tx.Delete(key) })
		view(t, s, func(r store.Reader) error { wantAbsent(t, r, key); return nil })
	}
}

func listYieldsThePrefixInOrder(t *testing.T, s store.Store) {
	view(t, s, func(r store.Reader) error { wantKeys(t, r, ""); return nil })
	rev := put(t, s, "b", "a/2", "a", "a/10", "a/1", "a0", "a/\xff", "a/\xff\xff", "c")
	view(t, s, func(r store.Reader) error {
		wantKeys(t, r, "a/", "a/1", "a/10", "a/2", "a/\xff", "a/\xff\xff")
		wantKeys(t, r, "a", "a", "a/1", "a/10", "a/2", "a/\xff", "a/\xff\xff", "a0")
		wantKeys(t, r, "a/\xff", "a/\xff", "a/\xff\xff")
		wantKeys(t, r, "b", "b")
		wantKeys(t, r, "d")
		wantKeys(t, r, "", "a", "a/1", "a/10", "a/2", "a/\xff", "a/\xff\xff", "a0", "b", "c")
		for record, err := range r.List("a/2") {
			if err != nil || record.Revision != rev || string(record.Value) != "value of a/2" {
				t.Errorf("List yields %+v, %v", record, err)
			}
		}
		n := 0
		for range r.List("") {
			if n++; n == 2 {
				break
			}
		}
		if n != 2 {
			t.Errorf("left after 2 records, got %d", n)
		}
		return nil
	})
}

func anyLooksForThePrefix(t *testing.T, s store.Store) {
	view(t, s, func(r store.Reader) error { wantAny(t, r, "", false); return nil })
	put(t, s, "a/1", "b")
	view(t, s, func(r store.Reader) error {
		for prefix, want := range map[string]bool{
			"": true, "a": true, "a/": true, "a/1": true, "a/10": false, "a/0": false, "c": false,
		} {
			wantAny(t, r, prefix, want)
		}
		return nil
	})
}

func transactionReadsItsOwnWrites(t *testing.T, s store.Store) {
	put(t, s, "a/2", "a/4", "a/6", "b/1", "b/2")
	update(t, s, func(tx store.Txn) {
		tx.Put("a/1", []byte("new"))
		tx.Put("a/4", []byte("changed"))
		tx.Put("a/5", []byte("gone again"))
		tx.Delete("a/5")
		tx.Delete("a/6")
		tx.Put("a/7", []byte("last"))
		wantKeys(t, tx, "a/", "a/1", "a/2", "a/4", "a/7")
		wantValue(t, tx, "a/4", "changed")
		wantAbsent(t, tx, "a/5")
		wantAbsent(t, tx, "a/6")
		wantAny(t, tx, "a/6", false)
		wantAny(t, tx, "a/7", true)
		wantAny(t, tx, "b/", true)
		tx.Delete("b/1")
		wantAny(t, tx, "b/", true)
		tx.Delete("b/2")
		wantAny(t, tx, "b/", false)
		wantKeys(t, tx, "b/")
		for record, err := range tx.List("a/") { // writing what one ranges over must do no harm
			if err != nil {
				t.Error(err)
			}
			tx.Put(record.Key, append([]byte("again "), record.Value...))
		}
		if r, err := tx.Get("a/1"); err != nil || r.Revision != 0 {
			t.Errorf("own write has revision %d, %v", r.Revision, err)
		}
		tx.Delete("a/7")
		tx.Put("a/7", []byte("back"))
	})
	view(t, s, func(r store.Reader) error {
		wantKeys(t, r, "", "a/1", "a/2", "a/4", "a/7")
		wantValue(t, r, "a/1", "again new")
		wantValue(t, r, "a/4", "again changed")
		wantValue(t, r, "a/7", "back")
		return nil
	})
}

func deleteOfAnAbsentKeyChangesNothing(t *testing.T, s store.Store) {
	rev := put(t, s, "a")
	if got := update(t, s, func(tx store.Txn) { tx.Delete("b") }); got < rev {
		t.Errorf("revision %d after %d", got, rev)
	}
	last := put(t, s, "c")
	changes := follow(t, s, rev, 1)
	if changes[0].Revision != last {
		t.Errorf("Watch yields %+v, want revision %d", changes[0], last)
	}
}

func updateThatFailsWritesNothing(t *testing.T, s store.Store) {
	put(t, s, "a")
	refusal := errors.New("refused")
	rev, err := s.Update(patient(t), func(tx store.Txn) error {
		tx.Put("b", nil)
		tx.Delete("a")
		return refusal
	})
	if rev != 0 || err != refusal {
		t.Errorf("Update = %d, %v; want the error of the function", rev, err)
	}
	err = s.View(patient(t), 0, func(r store.Reader) error { wantKeys(t, r, "", "a"); return refusal })
	if err != refusal {
		t.Errorf("View = %v; want the error of the function", err)
	}
}

func updateThatOnlyReadsReturnsWhatItRead(t *testing.T, s store.Store) {
	rev := put(t, s, "a")
	var read store.Revision
	if got := update(t, s, func(tx store.Txn) { read = tx.Revision() }); got != read || got < rev {
		t.Errorf("Update = %d, read %d, after %d", got, read, rev)
	}
	if got := update(t, s, func(store.Txn) {}); got < rev {
		t.Errorf("Update of nothing = %d after %d", got, rev)
	}
}

func viewIsOneState(t *testing.T, s store.Store) {
	rev := put(t, s, "a/1", "a/2")
	view(t, s, func(r store.Reader) error {
		wantValue(t, r, "a/1", "value of a/1")
		at := r.Revision()
		if at < rev {
			t.Errorf("View is of revision %d, which is before %d", at, rev)
		}
		update(t, s, func(tx store.Txn) {
			tx.Put("a/1", []byte("changed"))
			tx.Delete("a/2")
			tx.Put("a/3", nil)
		})
		wantValue(t, r, "a/1", "value of a/1")
		wantKeys(t, r, "a/", "a/1", "a/2")
		wantAny(t, r, "a/3", false)
		if r.Revision() != at {
			t.Errorf("Revision went from %d to %d", at, r.Revision())
		}
		return nil
	})
	view(t, s, func(r store.Reader) error {
		at := r.Revision() // pins as well
		put(t, s, "a/4")
		wantKeys(t, r, "a/", "a/1", "a/3")
		if r.Revision() != at {
			t.Errorf("Revision went from %d to %d", at, r.Revision())
		}
		return nil
	})
}

func viewWaitsForTheRevision(t *testing.T, s store.Store) {
	rev := put(t, s, "a")
	short, cancel := context.WithTimeout(patient(t), 20*time.Millisecond)
	defer cancel()
	read := func(r store.Reader) error { _, err := r.Get("b"); return err }
	if err := s.View(short, rev+1_000_000, read); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("View of a revision that does not come = %v", err)
	}
	viewed := make(chan error)
	go func() { viewed <- s.View(patient(t), rev+1, read) }()
	for done := false; !done; { // other revisions may come in between, from other stores on the same etcd
		put(t, s, "b")
		select {
		case err := <-viewed:
			if done = true; err != nil {
				t.Errorf("View = %v", err)
			}
		case <-time.After(time.Millisecond):
		}
	}
}

func contentionEndsInProgress(t *testing.T, s store.Store) {
	const writers, times = 12, 8
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range times {
				if _, err := s.Update(patient(t), func(tx store.Txn) error {
					r, err := tx.Get("counter")
					if err != nil && !errors.Is(err, store.ErrNotFound) {
						return err
					}
					tx.Put("counter", append(bytes.Clone(r.Value), 'x'))
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	view(t, s, func(r store.Reader) error {
		if got, err := r.Get("counter"); len(got.Value) != writers*times {
			t.Errorf("counter = %d, %v; want %d", len(got.Value), err, writers*times)
		}
		return nil
	})
}

func endlessConflictIsAnError(t *testing.T, s store.Store) {
	runs := 0
	_, err := s.Update(patient(t), func(tx store.Txn) error {
		tx.Get("a")
		put(t, s, "a")
		tx.Put("b", nil)
		runs++
		return nil
	})
	if !errors.Is(err, store.ErrConflict) || runs < 2 {
		t.Errorf("Update = %v after %d runs, want ErrConflict", err, runs)
	}
	view(t, s, func(r store.Reader) error { wantAbsent(t, r, "b"); return nil })
}

func largeTransactions(t *testing.T, s store.Store) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	rev := update(t, s, func(tx store.Txn) { tx.Put("big", big) })
	if c := follow(t, s, rev-1, 1)[0]; len(c.Puts) != 1 || !bytes.Equal(c.Puts[0].Value, big) {
		t.Error("the large value did not come through Watch")
	}
	many := func(n int) func(store.Txn) error {
		return func(tx store.Txn) error {
			for i := range n {
				tx.Put("many/"+string(rune('0'+i%10))+string(rune(0x4e00+i)), []byte("x"))
			}
			return nil
		}
	}
	for name, fn := range map[string]func(store.Txn) error{
		"value":      func(tx store.Txn) error { tx.Put("huge", bytes.Repeat(big, 32)); return nil },
		"operations": many(20_001),
	} {
		if _, err := s.Update(patient(t), fn); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("too large a transaction (%s): %.100v; want ErrTooLarge", name, err)
		}
	}
	rev, err := s.Update(patient(t), many(2000))
	if err != nil {
		t.Fatal(err)
	}
	if c := follow(t, s, rev-1, 1)[0]; len(c.Puts) != 2000 {
		t.Errorf("Watch yields %d puts, want 2000 in one Change", len(c.Puts))
	}
	update(t, s, func(tx store.Txn) { // reads and deletes as many
		for r := range tx.List("many/") {
			tx.Delete(r.Key)
		}
	})
	view(t, s, func(r store.Reader) error {
		wantKeys(t, r, "", "big")
		if got, err := r.Get("big"); err != nil || !bytes.Equal(got.Value, big) {
			t.Errorf("the large value is of %d bytes, %v", len(got.Value), err)
		}
		return nil
	})
}

func endedContextEndsTheCall(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := s.Update(ctx, func(tx store.Txn) error {
		tx.Get("a")
		tx.Put("a", nil)
		cancel()
		return nil
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v", err)
	}
	unwanted := func(store.Reader) error { t.Error("called"); return nil }
	if err := s.View(ctx, 0, unwanted); !errors.Is(err, context.Canceled) {
		t.Errorf("View = %v", err)
	}
	if err := s.Compact(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact = %v", err)
	}
	view(t, s, func(r store.Reader) error { wantAbsent(t, r, "a"); return nil })
}

func statusIsFilled(t *testing.T, s store.Store) {
	rev := put(t, s, "a")
	st, err := s.Status(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	if st.Revision < rev || st.Size <= 0 || st.Used <= 0 || st.Quota <= 0 || st.Members < 1 || st.Leader == "" ||
		len(st.Alarms) > 0 {
		t.Errorf("Status = %+v after revision %d", st, rev)
	}
}

func closedStoreSaysSo(t *testing.T, s store.Store) {
	rev := put(t, s, "a")
	watched := make(chan error)
	go func() {
		var last error
		for _, err := range s.Watch(context.Background(), rev-1) {
			if last = err; err == nil {
				watched <- nil
			}
		}
		watched <- last
	}()
	<-watched
	inside := make(chan error)
	go func() {
		inside <- s.View(context.Background(), rev+1_000_000, func(r store.Reader) error {
			_, err := r.Get("a")
			return err
		})
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close = %v", err)
	}
	_, update := s.Update(context.Background(), func(tx store.Txn) error { tx.Put("b", nil); return nil })
	_, status := s.Status(context.Background())
	var watch error
	for _, err := range s.Watch(context.Background(), 0) {
		watch = err
	}
	for name, err := range map[string]error{
		"View":           s.View(context.Background(), 0, func(store.Reader) error { return nil }),
		"Update":         update,
		"Watch":          watch,
		"Compact":        s.Compact(context.Background(), 1),
		"Status":         status,
		"a Watch before": <-watched,
		"a View before":  <-inside,
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s = %v, want ErrClosed", name, err)
		}
	}
}
