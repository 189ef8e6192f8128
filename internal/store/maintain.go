package store

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// The laws of Maintain.
const (
	maintainEvery = time.Minute
	keepTime      = 10 * time.Minute // of log, so that a watch that lost its connection finds its place again
	keepRevisions = 10_000
	unusedLeast   = 64 << 20 // bytes that make a defragmentation worth its while
)

// Maintain keeps a store small until ctx is done. Each minute it compacts: the log keeps what is younger than ten
// minutes and the last 10,000 revisions; these alone, when more than half of the quota is in use; and nothing but the
// newest state when the quota is used up. It gives the space back when most of the file is unused, one member at a
// time, and takes back the alarm of etcd that stopped writing when there is room again.
//
// Servers that share a cluster may all do so. What fails is logged, once, and tried again.
func Maintain(ctx context.Context, s Store, log *slog.Logger) {
	k := keeper{store: s}
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	said := ""
	for {
		failure := ""
		if err := k.round(ctx, time.Now()); err != nil && ctx.Err() == nil {
			failure = err.Error()
		}
		if failure != said && failure != "" {
			log.Warn("the store could not be compacted or defragmented", "error", failure)
		}
		said = failure
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// A keeper remembers when the store was at which revision.
type keeper struct {
	store     Store
	marks     []mark // of the last keepTime, oldest first
	compacted Revision
}

type mark struct {
	at  time.Time
	rev Revision
}

// A defragmenter is a store that can give unused space back.
type defragmenter interface {
	defragment(ctx context.Context) error
}

// round does what is due.
func (k *keeper) round(ctx context.Context, now time.Time) error {
	st, err := k.store.Status(ctx)
	if err != nil {
		return err
	}
	if rev := k.due(st, now); rev > k.compacted {
		if err := k.store.Compact(ctx, rev); err != nil {
			return err
		}
		k.compacted = rev
		if st, err = k.store.Status(ctx); err != nil {
			return err
		}
	}
	if d, ok := k.store.(defragmenter); ok && (st.full() || st.loose()) {
		return d.defragment(ctx)
	}
	return nil
}

// due is the revision to compact to.
func (k *keeper) due(st Status, now time.Time) Revision {
	k.marks = append(k.marks, mark{now, st.Revision})
	old := 0 // the last mark that is old enough
	for old+1 < len(k.marks) && now.Sub(k.marks[old+1].at) >= keepTime {
		old++
	}
	k.marks = k.marks[old:]
	switch {
	case st.full():
		return st.Revision
	case st.Quota > 0 && st.Used > st.Quota/2:
		return st.Revision - keepRevisions
	case now.Sub(k.marks[0].at) < keepTime:
		return 0
	}
	return min(k.marks[0].rev, st.Revision-keepRevisions)
}

// full reports whether the quota is used up, and loose whether most of the file is unused.
func (st *Status) full() bool  { return st.Quota > 0 && st.Size >= st.Quota || st.noSpace() }
func (st *Status) loose() bool { return st.Size-st.Used > max(unusedLeast, st.Size/2) }

func (st *Status) noSpace() bool {
	return slices.ContainsFunc(st.Alarms, func(a string) bool { return strings.HasPrefix(a, noSpace) })
}

// defragment gives unused space back, the leader last, so that it moves no more than once. A member does not answer
// while it is at it.
func (s *etcd) defragment(ctx context.Context) error {
	ctx, leave := s.enter(ctx)
	defer leave()
	nodes := s.nodes(ctx)
	slices.SortStableFunc(nodes, func(a, b node) int { return cmp.Compare(a.rank(), b.rank()) })
	var failed error
	for _, n := range nodes {
		if n.status == nil {
			continue
		}
		failed = errors.Join(failed, typed(ctx, s.call(ctx, func() error {
			_, err := s.client.Defragment(ctx, n.endpoint)
			return err
		})))
	}
	return errors.Join(failed, s.disarm(ctx))
}

func (n *node) rank() int {
	if n.status != nil && n.status.Leader == n.status.Header.MemberId {
		return 1
	}
	return 0
}

// disarm takes back the alarm of each member that has room again.
func (s *etcd) disarm(ctx context.Context) error {
	room := map[uint64]bool{}
	for _, n := range s.nodes(ctx) {
		if n.status != nil {
			room[n.status.Header.MemberId] = n.status.DbSize < n.status.DbSizeQuota/10*9
		}
	}
	return typed(ctx, s.call(ctx, func() error {
		alarms, err := s.client.AlarmList(ctx)
		if err != nil {
			return err
		}
		for _, a := range alarms.Alarms {
			if a.Alarm == etcdserverpb.AlarmType_NOSPACE && room[a.MemberID] {
				if _, err := s.client.AlarmDisarm(ctx, &clientv3.AlarmMember{MemberID: a.MemberID, Alarm: a.Alarm}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}
