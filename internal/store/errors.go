package store

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The errors of a store, to be told apart with errors.Is. They come with what etcd said. What is none of them is a
// fault of the setup, as a permission that etcd did not grant, and does not go away by itself.
var (
	ErrNotFound    = errors.New("store: no such key")
	ErrCompacted   = errors.New("store: the log no longer reaches back to that revision")
	ErrConflict    = errors.New("store: too many conflicts with other transactions")
	ErrFull        = errors.New("store: the quota is used up: compact and defragment, or raise it")
	ErrTooLarge    = errors.New("store: a transaction is larger than the store takes")
	ErrClosed      = errors.New("store: closed")
	ErrUnavailable = errors.New("store: etcd does not answer, or has no leader")

	// ErrUncertain comes with the reason, for which errors.Is is true as well: ErrUnavailable, ErrClosed, or that of
	// the context. The transaction may have been committed, or may still be.
	ErrUncertain = errors.New("store: it is not known whether the transaction was committed")
)

// kinds says which of etcd's errors is which of ours. It is the only place that does.
var kinds = []struct {
	etcd error
	kind error
	hint string
}{
	{rpctypes.ErrCompacted, ErrCompacted, ""},
	{rpctypes.ErrNoSpace, ErrFull, ""},
	{rpctypes.ErrRequestTooLarge, ErrTooLarge, "the limit is etcd's --max-request-bytes"},
	{rpctypes.ErrTooManyOps, ErrTooLarge, "the limit is etcd's --max-txn-ops"},
}

// typed gives an error of etcd its type. A context that has ended is the reason for whatever failed.
func typed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	for _, k := range kinds {
		switch {
		case !errors.Is(err, k.etcd):
		case k.hint != "":
			return fmt.Errorf("%w: %w (%s)", k.kind, err, k.hint)
		default:
			return fmt.Errorf("%w: %w", k.kind, err)
		}
	}
	switch code(err) {
	case codes.ResourceExhausted: // of gRPC, before etcd sees the request; etcd's own are above
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("store: %w", err)
}

// refused reports whether etcd's answer to a commit says that it was not done. Any other error leaves that open.
func refused(err error) bool {
	switch code(err) {
	case codes.InvalidArgument, codes.ResourceExhausted, codes.PermissionDenied, codes.Unauthenticated,
		codes.FailedPrecondition, codes.OutOfRange, codes.NotFound, codes.Unimplemented:
		return true
	}
	return false
}

// lasting reports whether a watch that failed so would fail again.
func lasting(err error) bool {
	switch code(err) {
	case codes.PermissionDenied, codes.Unauthenticated, codes.InvalidArgument, codes.OutOfRange, codes.Unimplemented:
		return true
	}
	return errors.Is(err, ErrCompacted) || errors.Is(err, ErrClosed)
}

func code(err error) codes.Code {
	if e, ok := errors.AsType[rpctypes.EtcdError](err); ok {
		return e.Code()
	}
	return status.Code(err)
}
