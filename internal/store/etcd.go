package store

import (
	"context"
	"errors"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// DefaultPrefix is what the keys of a store begin with in etcd, if nothing else is said.
const DefaultPrefix = "/writ/"

// Options are how New uses a client of etcd. The zero Options are right for a cluster.
type Options struct {
	// Prefix is what the keys of the store begin with in etcd; DefaultPrefix, if "". Stores of different prefixes do
	// not see each other, provided that none of these begins with another.
	Prefix string

	// Single says that the client's etcd has one member and never more. All that was committed is then applied where
	// it is read, so reads need not ask a leader, which would make them wait for the disk.
	Single bool

	// Close, if not nil, is called when the store has been closed, and the client with it.
	Close func() error
}

// New makes a Store of a client of etcd. The store closes the client.
func New(client *clientv3.Client, o Options) Store {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	s := &etcd{client: client, Options: o}
	s.life, s.end = context.WithCancelCause(context.Background())
	return s
}

// etcd is the Store.
type etcd struct {
	Options
	client *clientv3.Client

	life context.Context // ends with ErrClosed
	end  context.CancelCauseFunc

	// calls is held for reading during each call to etcd, so that Close does not take the server away under one.
	calls sync.RWMutex

	closing  sync.Once
	closeErr error
}

// enter begins an operation: its context ends with ErrClosed when the store is closed. The function that it returns
// ends the operation.
func (s *etcd) enter(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(ErrClosed) })
	if s.life.Err() != nil {
		cancel(ErrClosed)
	}
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// call calls etcd, unless ctx has ended.
func (s *etcd) call(ctx context.Context, fn func() error) error {
	s.calls.RLock()
	defer s.calls.RUnlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fn()
}

func (s *etcd) Compact(ctx context.Context, rev Revision) error {
	ctx, leave := s.enter(ctx)
	defer leave()
	err := typed(ctx, s.call(ctx, func() error {
		_, err := s.client.Compact(ctx, int64(rev), clientv3.WithCompactPhysical())
		return err
	}))
	if errors.Is(err, ErrCompacted) { // by another server, or before
		return nil
	}
	return err
}

func (s *etcd) Close() error {
	s.closing.Do(func() {
		s.end(ErrClosed)
		s.calls.Lock() // what is under way ends now, as its context has
		defer s.calls.Unlock()
		if err := s.client.Close(); err != nil && !errors.Is(err, context.Canceled) { // it cancels its own context
			s.closeErr = err
		}
		if s.Options.Close != nil {
			s.closeErr = errors.Join(s.closeErr, s.Options.Close())
		}
	})
	return s.closeErr
}

// etcdKey is the key in etcd; storeKey is the way back.
func (s *etcd) etcdKey(key string) string      { return s.Prefix + key }
func (s *etcd) storeKey(key []byte) string     { return strings.TrimPrefix(string(key), s.Prefix) }
func (s *etcd) prefixEnd(prefix string) string { return clientv3.GetPrefixRangeEnd(s.Prefix + prefix) }
