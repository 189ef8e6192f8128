package op

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/writ-iam/writ/internal/audit"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
)

// Backend is what calls work on.
type Backend struct {
	Store store.Store
	Live  *snapshot.Live
	Keys  *session.Keys
	Audit *audit.Log
	Now   func() time.Time
	Rand  io.Reader     // cryptographic randomness
	Used  func(iam.Use) // notes that a credential or a role was used; it does not wait

	PrivateWebhooks bool // webhooks may lead to private addresses
}

// A Call is one request on its way.
type Call struct {
	*Backend
	Caller    *Caller // nil for an unsigned operation
	State     *snapshot.Snapshot
	Time      time.Time
	RequestID string
	Region    string // that the client signed for
	SourceIP  string
	UserAgent string
	Secure    bool // came over TLS

	service   *Service
	operation *Operation
	decisions []decided // for the audit and the authorization message
}

// Account is the account that the caller acts in.
func (c *Call) Account() string {
	if c.Caller == nil {
		return ""
	}
	return c.Caller.Account
}

// Update runs a transaction, and then waits until this node's snapshot holds what it wrote, so that whoever writes and
// then reads sees it. State is that snapshot afterwards.
func (c *Call) Update(ctx context.Context, fn func(iam.Txn) error) error {
	var tx noted
	rev, err := c.Store.Update(ctx, func(t store.Txn) error {
		tx = noted{Txn: t}
		return fn(iam.NewTxn(&tx))
	})
	if err != nil {
		return err
	}
	if !tx.wrote {
		// On a cluster that others use too, the revision that was read may be one that the snapshot does not come to.
		c.State = c.Live.Current()
		return nil
	}
	s, err := c.Live.Wait(ctx, rev)
	if err != nil {
		return err
	}
	c.State = s
	return nil
}

// noted is a transaction that notes whether it writes.
type noted struct {
	store.Txn
	wrote bool
}

func (t *noted) Put(key string, value []byte) {
	t.wrote = true
	t.Txn.Put(key, value)
}

func (t *noted) Delete(key string) {
	t.wrote = true
	t.Txn.Delete(key)
}

// NewID makes a unique id with one of AWS's prefixes, such as AIDA.
func (c *Call) NewID(prefix string) string { return session.NewUniqueID(c.Rand, prefix) }

// Header makes the header of a new entity of the caller's account. Times on the wire are in seconds.
func (c *Call) Header(prefix, name string, path *string) iam.Header {
	h := iam.Header{
		Account: c.Account(), Name: name, Path: "/", ID: c.NewID(prefix), Created: c.Time.UTC().Truncate(time.Second),
	}
	if path != nil && *path != "" {
		h.Path = *path
	}
	return h
}

// User returns the account's user of a name, or AWS's error.
func (c *Call) User(name string) (*iam.User, error) {
	if u := snapshot.Get[iam.User](c.State, iam.UserKey(c.Account(), name)); u != nil {
		return u, nil
	}
	return nil, iam.Errorf(iam.NoSuchEntity, "The user with name %s cannot be found.", name)
}

// Group returns the account's group of a name, or AWS's error.
func (c *Call) Group(name string) (*iam.Group, error) {
	if g := snapshot.Get[iam.Group](c.State, iam.GroupKey(c.Account(), name)); g != nil {
		return g, nil
	}
	return nil, iam.Errorf(iam.NoSuchEntity, "The group with name %s cannot be found.", name)
}

// Role returns the account's role of a name, or AWS's error.
func (c *Call) Role(name string) (*iam.Role, error) {
	if r := snapshot.Get[iam.Role](c.State, iam.RoleKey(c.Account(), name)); r != nil {
		return r, nil
	}
	return nil, iam.Errorf(iam.NoSuchEntity, "The role with name %s cannot be found.", name)
}

// failure turns an error that is not for callers into one that is. It is the only place where that happens.
func failure(err error) *iam.Error {
	var known *iam.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, store.ErrConflict):
		return &iam.Error{
			Code: iam.ConcurrentModification,
			Message: "The request was rejected because multiple requests to change this object were submitted " +
				"simultaneously. Wait a few minutes and submit your request again.",
		}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrFull), errors.Is(err, context.DeadlineExceeded):
		return &iam.Error{
			Code: iam.ServiceUnavailable, Message: "The request has failed due to a temporary failure of the server.",
		}
	case errors.Is(err, store.ErrTooLarge):
		return &iam.Error{Code: iam.LimitExceeded, Message: "The entity would be larger than the store takes."}
	}
	return &iam.Error{
		Code:    iam.ServiceFailure,
		Message: "The request processing has failed because of an unknown error, exception or failure.",
	}
}
