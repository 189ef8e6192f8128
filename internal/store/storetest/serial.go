package storetest

import (
	"errors"
	"testing"

	"github.com/writ-iam/writ/internal/store"
)

// reads are the ways to read, and the change that makes each of them stale.
var reads = []struct {
	name   string
	before []string // keys
	read   func(store.Txn) error
	change func(store.Txn)
}{
	{"record changed", []string{"a"},
		func(tx store.Txn) error { _, err := tx.Get("a"); return err },
		func(tx store.Txn) { tx.Put("a", []byte("other")) }},
	{"record put again", []string{"a"},
		func(tx store.Txn) error { _, err := tx.Get("a"); return err },
		func(tx store.Txn) { tx.Put("a", []byte("value of a")) }},
	{"record deleted", []string{"a"},
		func(tx store.Txn) error { _, err := tx.Get("a"); return err },
		func(tx store.Txn) { tx.Delete("a") }},
	{"absent key put", nil,
		func(tx store.Txn) error { _, err := tx.Get("a"); return found(err) },
		func(tx store.Txn) { tx.Put("a", nil) }},
	{"listed record changed", []string{"l/1", "l/2"},
		func(tx store.Txn) error { _, err := list(tx, "l/"); return err },
		func(tx store.Txn) { tx.Put("l/2", nil) }},
	{"key put in a listed range", []string{"l/1", "l/3"},
		func(tx store.Txn) error { _, err := list(tx, "l/"); return err },
		func(tx store.Txn) { tx.Put("l/2", nil) }},
	{"key put at the end of a listed range", []string{"l/1"},
		func(tx store.Txn) error { _, err := list(tx, "l/"); return err },
		func(tx store.Txn) { tx.Put("l/\xff\xff", nil) }},
	{"key put in an empty range", nil,
		func(tx store.Txn) error { _, err := list(tx, "l/"); return err },
		func(tx store.Txn) { tx.Put("l/1", nil) }},
	{"record deleted in a listed range", []string{"l/1", "l/2", "l/3"},
		func(tx store.Txn) error { _, err := list(tx, "l/"); return err },
		func(tx store.Txn) { tx.Delete("l/2") }},
	{"only record of a listed range deleted", []string{"l/1"},
		func(tx store.Txn) error { _, err := list(tx, "l/"); return err },
		func(tx store.Txn) { tx.Delete("l/1") }},
	{"key put in the part of a range that was read", []string{"l/1", "l/3", "l/5"},
		func(tx store.Txn) error {
			for r, err := range tx.List("l/") {
				if err != nil || r.Key == "l/3" {
					return err
				}
			}
			return nil
		},
		func(tx store.Txn) { tx.Put("l/2", nil) }},
	{"range listed over own writes", []string{"l/1"},
		func(tx store.Txn) error { tx.Put("l/1", nil); tx.Put("l/2", nil); _, err := list(tx, "l/"); return err },
		func(tx store.Txn) { tx.Put("l/3", nil) }},
	{"any in an empty range", nil,
		func(tx store.Txn) error { _, err := tx.Any("l/"); return err },
		func(tx store.Txn) { tx.Put("l/1", nil) }},
	{"any whose only key is deleted", []string{"l/1"},
		func(tx store.Txn) error { _, err := tx.Any("l/"); return err },
		func(tx store.Txn) { tx.Delete("l/1") }},
	{"any in a range that the transaction emptied", []string{"l/1"},
		func(tx store.Txn) error { tx.Delete("l/1"); _, err := tx.Any("l/"); return err },
		func(tx store.Txn) { tx.Put("l/2", nil) }},
}

func found(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// runs makes a transaction that reads and then writes, with a change in between the first time, and tells how often it
// ran.
func runs(t *testing.T, s store.Store, read func(store.Txn) error, change func(store.Txn)) (n int) {
	t.Helper()
	if _, err := s.Update(patient(t), func(tx store.Txn) error {
		if err := read(tx); err != nil && n == 0 {
			return err
		}
		if n++; n == 1 {
			update(t, s, change)
		}
		tx.Put("written", nil)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func clear(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Txn) {
		for r := range tx.List("") {
			tx.Delete(r.Key)
		}
	})
}

func readsAreGuarded(t *testing.T, s store.Store) {
	for _, c := range reads {
		t.Run(c.name, func(t *testing.T) {
			clear(t, s)
			put(t, s, c.before...)
			if n := runs(t, s, c.read, c.change); n != 2 {
				t.Errorf("ran %d times, want 2", n)
			}
		})
	}
}

func unrelatedChangesDoNotConflict(t *testing.T, s store.Store) {
	for _, c := range reads {
		t.Run(c.name, func(t *testing.T) {
			clear(t, s)
			put(t, s, append([]string{"l", "b"}, c.before...)...)
			if n := runs(t, s, c.read, func(tx store.Txn) {
				tx.Put("l", nil)  // just before the range
				tx.Put("l0", nil) // and after
				tx.Delete("b")
			}); n != 1 {
				t.Errorf("ran %d times, want 1", n)
			}
		})
	}
}

// Two transactions each read what the other writes. In whatever order they commit, one of them must see the other.
func writeSkewCannotHappen(t *testing.T, s store.Store) {
	for name, looks := range map[string]func(tx store.Txn, other string) (bool, error){
		"Get": func(tx store.Txn, other string) (bool, error) {
			_, err := tx.Get(other + "/on")
			return err == nil, found(err)
		},
		"List": func(tx store.Txn, other string) (bool, error) {
			keys, err := list(tx, other+"/")
			return len(keys) > 0, err
		},
		"Any": func(tx store.Txn, other string) (bool, error) { return tx.Any(other + "/") },
	} {
		t.Run(name, func(t *testing.T) {
			clear(t, s)
			meet := make(chan bool) // both have read before either writes
			done := make(chan bool)
			one := func(self, other string, wait func()) {
				first, taken := true, false
				_, err := s.Update(patient(t), func(tx store.Txn) (err error) {
					taken, err = looks(tx, other)
					if err == nil && !taken {
						tx.Put(self+"/on", nil)
					}
					if first {
						first = false
						wait()
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				done <- !taken
			}
			go one("left", "right", func() { meet <- true })
			go one("right", "left", func() { <-meet })
			if a, b := <-done, <-done; a == b {
				t.Errorf("one transaction wrote: %v, the other: %v; want only one", a, b)
			}
		})
	}
}
