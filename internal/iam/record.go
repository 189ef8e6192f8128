package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/writ-iam/writ/internal/store"
)

// format is the number of the format that records are written in.
const format = "1 "

// A FormatError says that a record cannot be read.
type FormatError struct {
	Key    string
	Reason string
}

func (e *FormatError) Error() string { return "record " + e.Key + ": " + e.Reason }

// Encode returns what the store keeps of a record.
func Encode(r Record) []byte {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // the records' types hold nothing that JSON cannot say
	}
	return append([]byte(format), text...)
}

// Decode reads a record from the value of its key. It returns nil for a key that holds no record: a guard. The error,
// if any, is a [*FormatError].
func Decode(key string, value []byte) (Record, error) {
	r := blank(key)
	if r == nil {
		if isGuard(key) {
			return nil, nil
		}
		return nil, &FormatError{key, "a kind of record that this release does not know; a newer release wrote it"}
	}
	text, ok := bytes.CutPrefix(value, []byte(format))
	if !ok {
		number, _, _ := bytes.Cut(value, []byte(" "))
		return nil, &FormatError{key, fmt.Sprintf("format %.10q, and this release reads format %q; "+
			"a newer release wrote it", number, format[:len(format)-1])}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // what this release does not know may be a restriction, and would be lost at the next Put
	if err := d.Decode(r); err != nil {
		return nil, &FormatError{key, err.Error()}
	}
	return r, nil
}

// A Txn is a transaction over records.
type Txn struct{ store store.Txn }

// NewTxn returns the transaction as one over records.
func NewTxn(tx store.Txn) Txn { return Txn{tx} }

// record is the constraint that *T is a Record.
type record[T any] interface {
	*T
	Record
}

// Get reads the record of a key; it is nil, without an error, if there is none. The record is the caller's, to change
// and Put.
func Get[T any, P record[T]](tx Txn, key string) (P, error) {
	stored, err := tx.store.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := Decode(key, stored.Value)
	if err != nil {
		return nil, err
	}
	p, ok := r.(P)
	if !ok {
		return nil, &FormatError{key, fmt.Sprintf("a %T, not a %T", r, p)}
	}
	return p, nil
}

// need is Get of what must be there.
func need[T any, P record[T]](tx Txn, key, message string, args ...any) (P, error) {
	p, err := Get[T, P](tx, key)
	if err == nil && p == nil {
		err = Errorf(NoSuchEntity, message, args...)
	}
	return p, err
}

// Put writes a record.
func (tx Txn) Put(r Record) { tx.store.Put(r.Key(), Encode(r)) }

// Delete removes a record.
func (tx Txn) Delete(r Record) { tx.store.Delete(r.Key()) }

// create writes a record whose key must be free.
func create[T any, P record[T]](tx Txn, r P, message string, args ...any) error {
	there, err := Get[T, P](tx, r.Key())
	if err == nil && there != nil {
		err = Errorf(EntityAlreadyExists, message, args...)
	}
	if err == nil {
		tx.Put(r)
	}
	return err
}

// A guard stands for one reference to an entity that does not name the referrer itself: "guard/" and the unique id
// referred to, "/" and that of the referrer. A referrer that refers twice, say with a policy and with a boundary, has a
// suffix.
func guard(to, from string) string { return "guard/" + to + "/" + from }

func isGuard(key string) bool { return len(key) > 6 && key[:6] == "guard/" }

func (tx Txn) guard(to, from string)   { tx.store.Put(guard(to, from), []byte{'1'}) }
func (tx Txn) unguard(to, from string) { tx.store.Delete(guard(to, from)) }

// guarded reports whether anything refers to the entity.
func (tx Txn) guarded(to string) (bool, error) { return tx.store.Any(guard(to, "")) }
