package store

import (
	"context"
	"errors"
	"time"
)

// maxAttempts bounds how often a transaction runs. As the waits in between double, a transaction meets so many
// conflicts only where much more is written to the same keys than etcd can commit.
const maxAttempts = 24

func (s *etcd) View(ctx context.Context, min Revision, fn func(Reader) error) error {
	ctx, leave := s.enter(ctx)
	defer leave()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	view := &state{etcd: s, ctx: ctx, min: min}
	if err := fn(view); err != nil {
		return err
	}
	return view.err
}

func (s *etcd) Update(ctx context.Context, fn func(Txn) error) (Revision, error) {
	ctx, leave := s.enter(ctx)
	defer leave()
	var wait backoff
	for range maxAttempts {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		began := time.Now()
		rev, err := s.attempt(ctx, fn)
		if !errors.Is(err, errStale) {
			return rev, err
		}
		if wait.first == 0 { // as long as an attempt takes, on this disk and network
			wait = backoff{first: max(time.Since(began), 100*time.Microsecond), most: 200 * time.Millisecond}
		}
		if err := wait.sleep(ctx); err != nil {
			return 0, err
		}
	}
	return 0, ErrConflict
}

// attempt runs fn once, and commits.
func (s *etcd) attempt(ctx context.Context, fn func(Txn) error) (Revision, error) {
	t := s.newTxn(state{etcd: s, ctx: ctx})
	err := fn(t)
	switch {
	case errors.Is(t.err, ErrCompacted): // the state that it read was forgotten meanwhile: it takes a newer one
		return 0, errStale
	case err != nil:
		return 0, err
	case t.err != nil:
		return 0, t.err
	}
	return t.commit()
}
