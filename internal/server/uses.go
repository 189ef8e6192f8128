package server

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
)

// How exact the last use of keys, passwords and roles is. AWS itself says no more than that it is updated within some
// hours.
const (
	useInterval  = time.Minute // a use is not written again within this time
	flushEvery   = 500 * time.Millisecond
	usesPerWrite = 100
)

// uses writes when credentials and roles were last used, some at a time and not for each call, so that reading stays
// cheap.
type uses struct {
	store store.Store
	live  *snapshot.Live
	log   *slog.Logger
	mu    sync.Mutex
	next  map[string]iam.Use
}

func recordUses(ctx context.Context, s store.Store, l *snapshot.Live, log *slog.Logger) *uses {
	u := &uses{store: s, live: l, log: log, next: map[string]iam.Use{}}
	go func() {
		tick := time.NewTicker(flushEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				u.flush(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
	return u
}

// used notes a use; it never waits for the store.
func (u *uses) used(use iam.Use) {
	last := snapshot.Get[iam.Use](u.live.Current(), iam.UseKey(use.ID))
	if last != nil && use.Time.Sub(last.Time) < useInterval {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, noted := u.next[use.ID]; !noted && len(u.next) < 100*usesPerWrite {
		u.next[use.ID] = use
	}
}

// flush writes what was noted. A use that cannot be written is not kept: the next one is.
func (u *uses) flush(ctx context.Context) {
	u.mu.Lock()
	next := u.next
	u.next = map[string]iam.Use{} // nobody else has the other one now
	u.mu.Unlock()
	state := u.live.Current()
	maps.DeleteFunc(next, func(id string, _ iam.Use) bool { return isGone(state, id) })
	for some := range slices.Chunk(slices.Collect(maps.Values(next)), usesPerWrite) {
		if _, err := u.store.Update(ctx, func(tx store.Txn) error {
			for _, use := range some {
				iam.NewTxn(tx).Put(&use)
			}
			return nil
		}); err != nil && ctx.Err() == nil {
			u.log.Warn("the last use of credentials cannot be written", "error", err)
		}
	}
}

// isGone reports whether what was used has been deleted since. Its record of use, which was deleted with it, would stay
// for ever if it were written again.
func isGone(s *snapshot.Snapshot, id string) bool {
	return s.ByID(id) == nil && snapshot.Get[iam.AccessKey](s, iam.AccessKeyKey(id)) == nil
}
