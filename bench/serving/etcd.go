package main

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
)

// An etcd is a bare member: in this process, or on loopback ports so that servers can share it.
type etcd struct {
	member *embed.Etcd
	client *clientv3.Client
}

// startEtcd starts a member that listens at the URLs, or nowhere.
func startEtcd(dir string, listen ...url.URL) (*etcd, error) {
	c := embed.NewConfig()
	c.Dir, c.LogLevel, c.TickMs, c.ElectionMs = dir, "panic", 10, 100
	c.MaxTxnOps = 10_000
	peer, err := url.Parse("http://localhost:0")
	if err != nil {
		return nil, err
	}
	c.ListenClientUrls, c.AdvertiseClientUrls = listen, listen
	c.ListenPeerUrls, c.AdvertisePeerUrls = nil, []url.URL{*peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	m, err := embed.StartEtcd(c)
	if err != nil {
		return nil, err
	}
	<-m.Server.ReadyNotify()
	return &etcd{m, v3client.New(m.Server)}, nil
}

func (e *etcd) close() {
	e.client.Close()
	e.member.Close()
}

// transaction commits one of a guard and three puts.
func (e *etcd) transaction(ctx context.Context, i int64) error {
	key, value := fmt.Sprint("k", i%4096), fmt.Sprintf("%-300d", i)
	_, err := e.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key+"/none"), "=", 0)).
		Then(clientv3.OpPut(key, value), clientv3.OpPut(key+"/a", value), clientv3.OpPut(key+"/b", value)).Commit()
	return err
}

// readingTransaction reads the guard before it commits a transaction on it, as whoever does not know its revision must.
func (e *etcd) readingTransaction(ctx context.Context, i int64) error {
	if _, err := e.client.Get(ctx, fmt.Sprint("k", i%4096, "/none")); err != nil {
		return err
	}
	return e.transaction(ctx, i)
}

// repeat makes the work of a contender whose writers each do something over and over.
func repeat(do func(context.Context) error) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		var done atomic.Int64
		var wg sync.WaitGroup
		errs := make(chan error, writers)
		for range writers {
			wg.Go(func() {
				for ctx.Err() == nil {
					if err := do(context.WithoutCancel(ctx)); err != nil {
						errs <- err
						return
					}
					done.Add(1)
				}
			})
		}
		wg.Wait()
		select {
		case err := <-errs:
			return 0, err
		default:
			return int(done.Load()), nil
		}
	}
}
