package iam

import (
	"errors"

	"github.com/writ-iam/writ/internal/store"
)

// A First names the account that the first start made: how a server finds the root user whose credentials it writes to
// a file.
type First struct{ Account string }

// Key is the same for all: there is one.
func (f *First) Key() string { return "first/account" }

// FirstAccount returns the first account, or nil if there is none yet.
func FirstAccount(tx Txn) (*Account, error) {
	f, err := Get[First](tx, (*First)(nil).Key())
	if err != nil || f == nil {
		return nil, err
	}
	return Get[Account](tx, AccountKey(f.Account))
}

// CreateFirstAccount adds the first account with its root user's access key.
func CreateFirstAccount(tx Txn, a *Account, root *AccessKey) error {
	tx.Put(&First{a.ID})
	tx.Put(root)
	return create(tx, a, "Account %s already exists.", a.ID)
}

// FirstRoot reads the first account, and an access key of its root user, which is nil if there is none any more.
func FirstRoot(r store.Reader) (*Account, *AccessKey, error) {
	tx := Txn{readOnly{r}}
	a, err := FirstAccount(tx)
	if err == nil && a == nil {
		err = errors.New("the first account is not there")
	}
	if err != nil || len(a.Keys) == 0 {
		return a, nil, err
	}
	k, err := Get[AccessKey](tx, AccessKeyKey(a.Keys[0]))
	return a, k, err
}

// readOnly is a reader where a transaction is asked for; what it is told to write is not written.
type readOnly struct{ store.Reader }

func (readOnly) Put(string, []byte) {}
func (readOnly) Delete(string)      {}
