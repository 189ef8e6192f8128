package store

import (
	"context"
	"math/rand/v2"
	"time"
)

// A backoff waits a random time, up to a bound that doubles from first to most: those who met once should not meet
// again.
type backoff struct{ first, most, bound time.Duration }

// sleep returns early, with the reason, if ctx is done.
func (b *backoff) sleep(ctx context.Context) error {
	b.bound = min(max(2*b.bound, b.first), b.most)
	timer := time.NewTimer(rand.N(b.bound) + 1)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *backoff) reset() { b.bound = 0 }
