package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// pageSize is how many records one request lists. It is large because etcd counts all that is left at each page: a
// million keys in pages of 10,000 take seven times as long as in one.
const pageSize = 500_000

// A state is one revision of the store, to read. Its first read asks for the newest state and pins that.
type state struct {
	*etcd
	ctx context.Context
	min Revision
	rev Revision // 0 until it is pinned
	err error    // the first failure: what was read after it would have gaps
}

// read gets a key, or with options a range, at the pinned revision.
func (s *state) read(key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	if s.err != nil {
		return nil, s.err
	}
	resp, err := s.pinned(key, options)
	if err != nil {
		s.err = typed(s.ctx, err)
		return nil, s.err
	}
	return resp, nil
}

func (s *state) pinned(key string, options []clientv3.OpOption) (*clientv3.GetResponse, error) {
	if s.rev == 0 {
		return s.pin(key, options)
	}
	// A revision is the same on every member that has reached it, so any may answer.
	options = append(options, clientv3.WithRev(int64(s.rev)))
	resp, err := s.get(key, append(options, clientv3.WithSerializable()))
	if errors.Is(err, rpctypes.ErrFutureRev) { // this one has not: let it catch up with the leader first
		resp, err = s.get(key, options)
	}
	return resp, err
}

// pin makes the first read, whose answer tells the revision that it read.
func (s *state) pin(key string, options []clientv3.OpOption) (*clientv3.GetResponse, error) {
	if s.Single {
		options = append(options, clientv3.WithSerializable())
	}
	for wait := (backoff{first: time.Millisecond, most: 100 * time.Millisecond}); ; {
		resp, err := s.get(key, options)
		if err != nil {
			return nil, err
		}
		if rev := Revision(resp.Header.Revision); rev >= s.min {
			s.rev = rev
			return resp, nil
		}
		if err := wait.sleep(s.ctx); err != nil {
			return nil, err
		}
	}
}

func (s *state) get(key string, options []clientv3.OpOption) (resp *clientv3.GetResponse, err error) {
	err = s.call(s.ctx, func() error {
		resp, err = s.client.Get(s.ctx, key, options...)
		return err
	})
	return resp, err
}

func (s *state) Revision() Revision {
	if s.rev == 0 {
		s.read(s.etcdKey(""), clientv3.WithCountOnly()) // a failure is kept in s.err
	}
	return s.rev
}

func (s *state) Get(key string) (Record, error) {
	resp, err := s.read(s.etcdKey(key))
	if err != nil {
		return Record{}, err
	}
	if len(resp.Kvs) == 0 {
		return Record{}, ErrNotFound
	}
	return s.record(resp.Kvs[0]), nil
}

func (s *state) List(prefix string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		from, end := s.etcdKey(prefix), s.prefixEnd(prefix)
		for {
			resp, err := s.read(from, clientv3.WithRange(end), clientv3.WithLimit(pageSize))
			if err != nil {
				yield(Record{}, err)
				return
			}
			for i, kv := range resp.Kvs {
				resp.Kvs[i] = nil // so that a large range need not stay in memory twice
				if !yield(s.record(kv), nil) {
					return
				}
				from = string(kv.Key) + "\x00"
			}
			if !resp.More {
				return
			}
		}
	}
}

func (s *state) Any(prefix string) (bool, error) {
	resp, err := s.read(s.etcdKey(prefix),
		clientv3.WithRange(s.prefixEnd(prefix)), clientv3.WithLimit(1), clientv3.WithKeysOnly())
	return err == nil && len(resp.Kvs) > 0, err
}

func (s *etcd) record(kv *mvccpb.KeyValue) Record {
	return Record{Key: s.storeKey(kv.Key), Value: kv.Value, Revision: Revision(kv.ModRevision)}
}
