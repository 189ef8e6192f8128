package member

import (
	"context"
	"errors"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/pkg/v3/traceutil"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// kv reads single keys where etcd keeps them. The way of other requests, through authentication, quotas and traces that a
// store in this process has no use for, takes several times as long as the read, and every transaction begins with one.
type kv struct {
	clientv3.KV
	server *etcdserver.EtcdServer
}

func (k kv) Get(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	op := clientv3.OpGet(key, options...)
	if !op.IsSerializable() || op.RangeBytes() != nil || op.IsKeysOnly() || op.IsCountOnly() {
		return k.KV.Get(ctx, key, options...)
	}
	// The mode is that of a read that is short: it shares the buffer of what is not yet in the database with the
	// writer. The other mode copies the buffer, which under load is most of the work.
	read := k.server.KV().Read(mvcc.SharedBufReadTxMode, traceutil.TODO())
	r, err := read.Range(ctx, op.KeyBytes(), nil, mvcc.RangeOptions{Rev: op.Rev()})
	read.End()
	switch {
	case errors.Is(err, mvcc.ErrCompacted):
		return nil, rpctypes.ErrCompacted
	case errors.Is(err, mvcc.ErrFutureRev):
		return nil, rpctypes.ErrFutureRev
	case err != nil:
		return nil, err
	}
	return &clientv3.GetResponse{Header: &pb.ResponseHeader{Revision: r.Rev}, Kvs: r.KVs, Count: int64(r.Count)}, nil
}
