package store

import (
	"context"
	"iter"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// progressEvery is how often a watch asks how far it is. A watch that saw no change for long would otherwise begin
// again, after the loss of a connection, at a revision that was compacted long ago.
const progressEvery = 10 * time.Second

func (s *etcd) Watch(ctx context.Context, rev Revision) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		ctx, leave := s.enter(ctx)
		defer leave()
		w := watch{etcd: s, last: rev, yield: yield}
		for wait := (backoff{first: 10 * time.Millisecond, most: time.Second}); ; {
			began := w.last
			err := w.follow(ctx)
			switch {
			case w.left:
				return
			case context.Cause(ctx) == ErrClosed:
				yield(Change{}, ErrClosed)
				return
			case ctx.Err() != nil:
				return
			case err != nil && lasting(err):
				yield(Change{}, err)
				return
			case w.last > began:
				wait.reset()
			}
			wait.sleep(ctx) // if ctx ends, so does the watch of the next round
		}
	}
}

// A watch is what outlives the watches of etcd that it is made of.
type watch struct {
	*etcd
	last  Revision // all up to it was yielded
	yield func(Change, error) bool
	left  bool // the consumer wants no more
}

// follow watches until etcd ends the watch, as it does if the member loses its leader. A connection that is lost the
// client replaces by itself; that one is lost, though nothing was said, the keepalive of the connection finds out.
func (w *watch) follow(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	responses := w.client.Watch(ctx, w.Prefix,
		clientv3.WithPrefix(), clientv3.WithRev(int64(w.last)+1), clientv3.WithProgressNotify())
	progress := time.NewTicker(progressEvery)
	defer progress.Stop()
	for {
		select {
		case resp, ok := <-responses:
			switch {
			case !ok:
				return nil
			case resp.Err() != nil:
				return typed(ctx, resp.Err())
			case resp.IsProgressNotify():
				w.last = max(w.last, Revision(resp.Header.Revision))
			case !w.changes(resp.Events):
				return nil
			}
		case <-progress.C:
			w.client.RequestProgress(ctx) // best effort: if it fails, so does the watch
		}
	}
}

// changes yields what one response holds: whole revisions, in order. (Fragments, which would split a revision, were not
// asked for.) It reports whether the consumer wants more.
func (w *watch) changes(events []*clientv3.Event) bool {
	for len(events) > 0 {
		rev := events[0].Kv.ModRevision
		n := 1
		for n < len(events) && events[n].Kv.ModRevision == rev {
			n++
		}
		if Revision(rev) > w.last {
			w.last = Revision(rev)
			if !w.yield(w.change(Revision(rev), events[:n]), nil) {
				w.left = true
				return false
			}
		}
		events = events[n:]
	}
	return true
}

func (s *etcd) change(rev Revision, events []*clientv3.Event) Change {
	c := Change{Revision: rev}
	for _, e := range events {
		if e.Type == clientv3.EventTypeDelete {
			c.Deletes = append(c.Deletes, s.storeKey(e.Kv.Key))
		} else {
			c.Puts = append(c.Puts, s.record(e.Kv))
		}
	}
	return c
}
