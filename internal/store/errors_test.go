package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestErrorsOfEtcdHaveTypes(t *testing.T) {
	for _, c := range []struct {
		etcd    error
		kind    error
		says    string
		refused bool
	}{
		{rpctypes.ErrCompacted, ErrCompacted, "", true},
		{rpctypes.ErrNoSpace, ErrFull, "", true},
		{rpctypes.ErrRequestTooLarge, ErrTooLarge, "--max-request-bytes", true},
		{rpctypes.ErrTooManyOps, ErrTooLarge, "--max-txn-ops", true},
		{status.Error(codes.ResourceExhausted, "grpc: received message larger than max"), ErrTooLarge, "", true},
		{rpctypes.ErrNoLeader, ErrUnavailable, "no leader", false},
		{rpctypes.ErrTimeout, ErrUnavailable, "timed out", false},
		{rpctypes.ErrTimeoutDueToLeaderFail, ErrUnavailable, "", false},
		{rpctypes.ErrLeaderChanged, ErrUnavailable, "", false},
		{rpctypes.ErrStopped, ErrUnavailable, "", false},
		{status.Error(codes.Unavailable, "connection refused"), ErrUnavailable, "refused", false},
		{rpctypes.ErrPermissionDenied, rpctypes.ErrPermissionDenied, "permission denied", true},
		{rpctypes.ErrCorrupt, rpctypes.ErrCorrupt, "", false},
	} {
		err := typed(t.Context(), c.etcd)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v becomes %v, want %v", c.etcd, err, c.kind)
		}
		if refused(c.etcd) != c.refused {
			t.Errorf("refused(%v) = %v", c.etcd, !c.refused)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrClosed)
	if err := typed(ctx, rpctypes.ErrTimeout); err != ErrClosed {
		t.Errorf("in a store that was closed: %v", err)
	}
	if err := typed(ctx, nil); err != nil {
		t.Errorf("no error becomes %v", err)
	}
}
