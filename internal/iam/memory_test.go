package iam

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/store"
)

// memory is a transaction on a map: laws need no more.
type memory map[string][]byte

func (m memory) Revision() store.Revision { return 1 }

func (m memory) Get(key string) (store.Record, error) {
	value, ok := m[key]
	if !ok {
		return store.Record{}, store.ErrNotFound
	}
	return store.Record{Key: key, Value: value, Revision: 1}, nil
}

func (m memory) List(prefix string) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if strings.HasPrefix(key, prefix) && !yield(store.Record{Key: key, Value: m[key], Revision: 1}, nil) {
				return
			}
		}
	}
}

func (m memory) Any(prefix string) (bool, error) {
	for range m.List(prefix) {
		return true, nil
	}
	return false, nil
}

func (m memory) Put(key string, value []byte) { m[key] = value }
func (m memory) Delete(key string)            { delete(m, key) }

const testAccount = "111122223333"

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newAccount is a transaction on a state with one account and these users.
func newAccount(t *testing.T, users ...string) Txn {
	t.Helper()
	tx := NewTxn(memory{})
	tx.Put(&Account{ID: testAccount, Name: "Example Corp", Email: "root@example.com", Created: testTime})
	for _, name := range users {
		if err := CreateUser(tx, &User{Header: testHeader("AIDA"+name, name)}); err != nil {
			t.Fatal(err)
		}
	}
	return tx
}

func testHeader(id, name string) Header {
	return Header{Account: testAccount, Name: name, Path: "/", ID: id, Created: testTime}
}

// wantCode checks an error's code; "" is for none.
func wantCode(t *testing.T, what string, err error, code Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !Is(err, code) {
		t.Errorf("%s: error %v, want code %q", what, err, code)
	}
}
