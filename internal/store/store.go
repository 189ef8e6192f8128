// Package store keeps the state of Writ: a versioned, transactional map from keys to records, on etcd.
//
// There is one engine in two sizes: a single member of etcd in this process (package member starts it), and a cluster
// of etcd that any number of servers share (Dial). Both are the same Store, with the same transactions and the same
// watch; package storetest is the law that they keep.
//
// A store knows nothing of users and policies. Package iam gives keys and records their meaning.
//
// # Transactions
//
// A transaction reads one revision of the store, and commits only if all that it read is still so: the records it got,
// the absence of those it did not find, and the ranges it listed, new and deleted keys included. So transactions are
// serializable, in an order that agrees with real time. They are optimistic: nobody waits for a lock, and whoever
// finds a conflict runs again, a bounded number of times. A transaction costs one round trip for each read and one for
// the commit; a blind write costs the commit alone.
//
// A transaction that wrote nothing is not validated: what it read was one state, and current when it was read.
//
// # On a cluster
//
// Use etcd 3.6 or newer, and start each member with --max-txn-ops=10000: each record that a transaction read counts as
// an operation, and so does each that it writes, whichever are more; with the default of 128 a large transaction fails
// with ErrTooLarge. For values of more than a megabyte raise --max-request-bytes too. The user that Dial is given
// needs read and write permission for the prefix; to compact and to defragment, which Maintain does, it needs the role
// root, or else the operators of the cluster see to both (--auto-compaction-retention).
//
// Other programs may keep their keys in the same cluster, under other prefixes. They make revisions too, so the
// revisions of a store rise but need not be consecutive.
package store

import (
	"context"
	"iter"
)

// A Revision numbers the states of a store: each Update that writes makes the next state. The zero Revision is older
// than every state.
type Revision int64

// A Record is what a key holds, and the revision that put it there. A record that a transaction reads back from its
// own writes has the zero Revision. The value may be shared with other readers: do not change it.
type Record struct {
	Key      string
	Value    []byte
	Revision Revision
}

// A Reader reads one consistent state. It is for one goroutine, and until the function that it was given to returns.
// A failed read fails the View or Update, even if that function ignores the error; ErrNotFound is no failure.
type Reader interface {
	// Revision is that of the state that is read.
	Revision() Revision

	// Get returns the record of the key, or ErrNotFound.
	Get(key string) (Record, error)

	// List yields the records whose keys begin with prefix, in the order of their keys. It ends after the first error.
	List(prefix string) iter.Seq2[Record, error]

	// Any reports whether there is a key that begins with prefix.
	Any(prefix string) (bool, error)
}

// A Txn is a transaction: what it read still holds when what it wrote is committed, the absence of keys included. It
// reads its own writes, but a List need not show what is written while it is ranged over.
type Txn interface {
	Reader
	Put(key string, value []byte)
	Delete(key string)
}

// A Store is a versioned, transactional map from keys to records. It is safe for concurrent use.
type Store interface {
	// View calls fn on one consistent state, no older than min and no older than what was committed before the call,
	// and returns the error of fn. If min is still to come, the first read waits for it, until ctx is done.
	View(ctx context.Context, min Revision, fn func(Reader) error) error

	// Update commits what fn puts and deletes, all or nothing, and returns the revision it made; if fn wrote nothing,
	// the revision it read. On a conflict it runs fn again, on a newer state, so fn must do nothing that it cannot
	// repeat. If fn returns an error, nothing is written and Update returns that error as it is.
	//
	// The errors of the commit are ErrConflict, ErrFull, ErrTooLarge and ErrClosed; and ErrUncertain, if the answer to
	// the commit was lost.
	Update(ctx context.Context, fn func(Txn) error) (Revision, error)

	// Watch yields what each Update after rev wrote, whole, once and in order, until ctx is done. It survives the loss
	// of a leader or a connection. It ends with ErrCompacted if the log no longer reaches back to rev: then View, and
	// Watch again from the revision viewed. When ctx is done it ends without an error. An Update that changed nothing,
	// as one that only deleted absent keys, makes no Change.
	Watch(ctx context.Context, rev Revision) iter.Seq2[Change, error]

	// Compact forgets the states before rev, so that their space can be used again. To forget them twice is no error.
	Compact(ctx context.Context, rev Revision) error

	// Status tells how the store is. It fails only if no member answers.
	Status(ctx context.Context) (Status, error)

	// Close ends the store. What is under way ends with ErrClosed, and so does what comes later.
	Close() error
}

// A Change is what one Update wrote.
type Change struct {
	Revision Revision
	Puts     []Record
	Deletes  []string // keys
}

// A Status is the condition of a store.
type Status struct {
	Revision Revision
	Size     int64    // bytes the database takes on disk
	Used     int64    // bytes of these in use
	Quota    int64    // bytes it may take; 0 if not known
	Members  int      // of the cluster
	Leader   string   // name or address of the leader; "" if there is none
	Alarms   []string // what is wrong, in words: "no space: …"
}
