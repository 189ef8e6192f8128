package snapshot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/store"
)

// Live is the newest snapshot of a store, kept so by its watch.
type Live struct {
	store   store.Store
	log     *slog.Logger
	current atomic.Pointer[Snapshot]
	docs    map[string]weak.Pointer[iam.Document] // by text; only the follower touches it, and sweepAt
	sweepAt int                                   // how many docs there are when those no longer in use are forgotten

	mu      sync.Mutex
	newer   chan struct{} // closed when current changes
	failure atomic.Pointer[error]

	began time.Time
	heard atomic.Int64 // when the store last answered, in nanoseconds since began
}

// MaxSilence is how long decisions go on while the store does not answer. What was revoked elsewhere in the meantime is
// not known here, so that this is also how long it can stay good.
const MaxSilence = time.Minute

// Follow loads the store's state and follows it until ctx is done. A record that cannot be read is an error here; when
// it appears later, the snapshot stays where it is and Err says why, because to leave it out could turn a denial into
// an allowance.
func Follow(ctx context.Context, s store.Store, log *slog.Logger) (*Live, error) {
	l := &Live{
		store: s, log: log, docs: map[string]weak.Pointer[iam.Document]{}, sweepAt: minSweep, newer: make(chan struct{}),
	}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	l.began = time.Now()
	go l.follow(ctx)
	go l.listen(ctx)
	return l, nil
}

// listen asks the store, again and again, whether it is there. An idle watch does not tell.
func (l *Live) listen(ctx context.Context) {
	tick := time.NewTicker(MaxSilence / 12)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		asking, cancel := context.WithTimeout(ctx, MaxSilence/12)
		if err := l.store.View(asking, 0, func(r store.Reader) error { r.Revision(); return nil }); err == nil {
			l.heard.Store(int64(time.Since(l.began)))
		}
		cancel()
	}
}

// silence is how long the store has not answered.
func (l *Live) silence() time.Duration { return time.Since(l.began) - time.Duration(l.heard.Load()) }

// Current returns the newest snapshot.
func (l *Live) Current() *Snapshot { return l.current.Load() }

// Err says why the snapshot does not follow the store, or returns nil if it does.
func (l *Live) Err() error {
	if err := l.failure.Load(); err != nil {
		return *err
	}
	if silence := l.silence(); silence > MaxSilence {
		return fmt.Errorf("%w: no answer for %v", store.ErrUnavailable, silence.Round(time.Second))
	}
	return nil
}

// Wait returns a snapshot that is no older than a revision.
func (l *Live) Wait(ctx context.Context, rev store.Revision) (*Snapshot, error) {
	for {
		l.mu.Lock()
		newer := l.newer
		l.mu.Unlock()
		if s := l.Current(); s.Revision >= rev {
			return s, nil
		}
		if err := l.Err(); err != nil {
			return nil, err
		}
		select {
		case <-newer:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// wake wakes whoever waits.
func (l *Live) wake() {
	l.mu.Lock()
	close(l.newer)
	l.newer = make(chan struct{})
	l.mu.Unlock()
}

// publish makes a snapshot the current one. Only then the failure is over: whoever sees no failure gets this snapshot.
func (l *Live) publish(s *Snapshot) {
	l.current.Store(s)
	l.failure.Store(nil)
	l.wake()
}

func (l *Live) fail(err error) {
	l.failure.Store(&err)
	l.wake()
}

// load reads the whole state.
func (l *Live) load(ctx context.Context) error {
	s := Empty()
	err := l.store.View(ctx, 0, func(r store.Reader) error {
		s.Revision = r.Revision()
		for stored, err := range r.List("") {
			if err != nil {
				return err
			}
			record, err := iam.Decode(stored.Key, stored.Value)
			if err != nil {
				return err
			}
			if record != nil {
				l.share(record)
				s.put(stored.Key, record)
			}
		}
		return nil
	})
	if err == nil {
		l.publish(s)
	}
	return err
}

// retryAfter is how long to wait before what failed is tried again.
const retryAfter = time.Second

// follow applies what the watch yields. A compaction in between, or any other end of the watch, is followed by a load.
func (l *Live) follow(ctx context.Context) {
	for ctx.Err() == nil {
		moved, err := l.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errors.Is(err, store.ErrCompacted) {
			l.fail(err)
			l.log.Error("the snapshot cannot follow the store", "error", err)
			if !moved { // not the first time, or soon again
				pause(ctx)
			}
		}
		if err := l.load(ctx); err != nil && ctx.Err() == nil {
			l.fail(err)
			l.log.Error("the snapshot cannot be loaded", "error", err)
			pause(ctx)
		}
	}
}

// watch applies changes until the watch ends. It reports whether there was one.
func (l *Live) watch(ctx context.Context) (moved bool, err error) {
	for change, err := range l.store.Watch(ctx, l.Current().Revision) {
		if err == nil {
			err = l.apply(change)
		}
		if err != nil {
			return moved, err
		}
		moved = true
	}
	return moved, nil
}

func pause(ctx context.Context) {
	select {
	case <-time.After(retryAfter):
	case <-ctx.Done():
	}
}

// apply makes the next snapshot.
func (l *Live) apply(c store.Change) error {
	next := &Snapshot{Revision: c.Revision, tree: l.Current().tree.Clone()}
	for _, key := range c.Deletes {
		next.delete(key)
	}
	for _, stored := range c.Puts {
		r, err := iam.Decode(stored.Key, stored.Value)
		if err != nil {
			return err
		}
		if r != nil {
			l.share(r)
			next.put(stored.Key, r)
		}
	}
	l.publish(next)
	return nil
}

// share replaces the record's documents by those of equal text that are in use.
func (l *Live) share(r iam.Record) {
	switch r := r.(type) {
	case iam.Identity:
		inline := r.Policies().Inline
		for i := range inline {
			inline[i].Document = l.shared(inline[i].Document)
		}
		if role, ok := r.(*iam.Role); ok {
			role.Trust = l.shared(role.Trust)
		}
	case *iam.Policy:
		for i := range r.Versions {
			r.Versions[i].Document = l.shared(r.Versions[i].Document)
		}
	case *iam.OrgPolicy:
		r.Document = l.shared(r.Document)
	case *iam.Publication:
		r.Document = l.shared(r.Document)
	}
}

// minSweep is the number of texts below which none is forgotten.
const minSweep = 1024

// shared returns the document of equal text that is in use, if there is one. Texts that are no longer in use are
// forgotten each time that there are twice as many as were left the last time.
func (l *Live) shared(d *iam.Document) *iam.Document {
	if d == nil || len(d.Bound) > 0 {
		return d
	}
	if known := l.docs[d.Text].Value(); known != nil {
		return known
	}
	if len(l.docs) >= l.sweepAt {
		maps.DeleteFunc(l.docs, func(_ string, p weak.Pointer[iam.Document]) bool { return p.Value() == nil })
		l.sweepAt = max(minSweep, 2*len(l.docs))
	}
	l.docs[d.Text] = weak.Make(d)
	return d
}
