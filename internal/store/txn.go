package store

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// errStale says that something that a transaction read is no longer so.
var errStale = errors.New("store: conflict")

// A txn is a state, what was read of it, and what is to be written.
type txn struct {
	state
	writes map[string]write

	// What the commit is guarded by. The keys are those in etcd.
	got    map[string]int64 // the revision of each record that was read; 0 for one that was not there
	exists map[string]bool  // keys of which it was only asked whether there are any such
	ranges []keyRange
}

type write struct {
	value   []byte
	deleted bool
}

// A keyRange was read as a whole, from the first key to before the last.
type keyRange struct{ from, to string }

func (s *etcd) newTxn(base state) *txn {
	return &txn{state: base, writes: map[string]write{}, got: map[string]int64{}, exists: map[string]bool{}}
}

func (t *txn) Put(key string, value []byte) { t.writes[key] = write{value: value} }
func (t *txn) Delete(key string)            { t.writes[key] = write{deleted: true} }

func (t *txn) Get(key string) (Record, error) {
	if w, ok := t.writes[key]; ok {
		if w.deleted {
			return Record{}, ErrNotFound
		}
		return Record{Key: key, Value: w.value}, nil
	}
	r, err := t.state.Get(key)
	if err == nil || errors.Is(err, ErrNotFound) {
		t.got[t.etcdKey(key)] = int64(r.Revision)
	}
	return r, err
}

// List merges what the store has with what the transaction wrote. Of a range that is left early only that part is
// guarded which was seen.
func (t *txn) List(prefix string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		own := t.written(prefix)
		yieldOwn := func(key string) bool {
			w := t.writes[key]
			return w.deleted || yield(Record{Key: key, Value: w.value}, nil)
		}
		for r, err := range t.state.List(prefix) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			seen := keyRange{t.etcdKey(prefix), t.etcdKey(r.Key) + "\x00"}
			for ; len(own) > 0 && own[0] < r.Key; own = own[1:] {
				if !yieldOwn(own[0]) {
					t.ranges = append(t.ranges, seen)
					return
				}
			}
			more := true
			if len(own) > 0 && own[0] == r.Key {
				more, own = yieldOwn(own[0]), own[1:]
			} else {
				t.got[t.etcdKey(r.Key)] = int64(r.Revision)
				more = yield(r, nil)
			}
			if !more {
				t.ranges = append(t.ranges, seen)
				return
			}
		}
		t.ranges = append(t.ranges, keyRange{t.etcdKey(prefix), t.prefixEnd(prefix)})
		for _, key := range own {
			if !yieldOwn(key) {
				return
			}
		}
	}
}

// Any is guarded by the one key that it found, or else by the whole range.
func (t *txn) Any(prefix string) (bool, error) {
	own := t.written(prefix)
	if slices.ContainsFunc(own, func(key string) bool { return !t.writes[key].deleted }) {
		return true, nil
	}
	from, to := t.etcdKey(prefix), t.prefixEnd(prefix)
	resp, err := t.read(from, clientv3.WithRange(to), clientv3.WithLimit(int64(len(own))+1), clientv3.WithKeysOnly())
	if err != nil {
		return false, err
	}
	for _, kv := range resp.Kvs {
		if !t.writes[t.storeKey(kv.Key)].deleted {
			t.exists[string(kv.Key)] = true
			return true, nil
		}
	}
	t.ranges = append(t.ranges, keyRange{from, to})
	return false, nil
}

// written lists the keys with the prefix that the transaction wrote, in their order.
func (t *txn) written(prefix string) []string {
	var keys []string
	for key := range t.writes {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// guards are the comparisons that hold as long as what was read is still so. For a range that is two things: nothing
// in it is newer than what was read, and none of the keys read is gone.
func (t *txn) guards() []clientv3.Cmp {
	guards := make([]clientv3.Cmp, 0, len(t.got)+len(t.exists)+len(t.ranges))
	for key, rev := range t.got {
		guards = append(guards, clientv3.Compare(clientv3.ModRevision(key), "=", rev))
	}
	for key := range t.exists {
		guards = append(guards, clientv3.Compare(clientv3.CreateRevision(key), ">", 0))
	}
	slices.SortFunc(t.ranges, func(a, b keyRange) int { return strings.Compare(a.from+"\x00"+a.to, b.from+"\x00"+b.to) })
	for _, r := range slices.Compact(t.ranges) {
		guards = append(guards, clientv3.Compare(clientv3.ModRevision(r.from).WithRange(r.to), "<", int64(t.rev)+1))
	}
	return guards
}

// commit writes, or returns errStale.
func (t *txn) commit() (Revision, error) {
	if len(t.writes) == 0 {
		rev := t.Revision()
		return rev, t.err
	}
	writes := make([]clientv3.Op, 0, len(t.writes))
	for _, key := range slices.Sorted(maps.Keys(t.writes)) {
		if w := t.writes[key]; w.deleted {
			writes = append(writes, clientv3.OpDelete(t.etcdKey(key)))
		} else {
			writes = append(writes, clientv3.OpPut(t.etcdKey(key), string(w.value)))
		}
	}
	var resp *clientv3.TxnResponse
	sent := false
	err := t.call(t.ctx, func() (err error) {
		sent = true
		resp, err = t.client.Txn(t.ctx).If(t.guards()...).Then(writes...).Commit()
		return err
	})
	switch {
	case err != nil && sent && !refused(err):
		return 0, fmt.Errorf("%w: %w", ErrUncertain, typed(t.ctx, err))
	case err != nil && sent: // etcd has answered, so that a context that ended since is not the reason
		return 0, typed(t.life, err)
	case err != nil:
		return 0, err
	case !resp.Succeeded:
		return 0, errStale
	}
	return Revision(resp.Header.Revision), nil
}
