package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
	"github.com/writ-iam/writ/internal/store/storetest"
)

// A transaction of the benchmarks reads one record and puts three. The bare one has a guard instead, and knows what it
// would have read.

func throughStore(s store.Store) func(ctx context.Context, id int64) error {
	return func(ctx context.Context, id int64) error {
		_, err := s.Update(ctx, func(tx store.Txn) error {
			if _, err := tx.Get(fmt.Sprint("guard/", id)); err == nil {
				return fmt.Errorf("%d is there already", id)
			}
			for _, kind := range []string{"user", "name", "policy"} {
				tx.Put(fmt.Sprint(kind, "/", id), value)
			}
			return nil
		})
		return err
	}
}

func bare(client *clientv3.Client) func(ctx context.Context, id int64) error {
	return func(ctx context.Context, id int64) error {
		var puts []clientv3.Op
		for _, kind := range []string{"user", "name", "policy"} {
			puts = append(puts, clientv3.OpPut(fmt.Sprint("/bare/", kind, "/", id), string(value)))
		}
		guard := clientv3.Compare(clientv3.ModRevision(fmt.Sprint("/bare/guard/", id)), "=", 0)
		_, err := client.Txn(ctx).If(guard).Then(puts...).Commit()
		return err
	}
}

var value = make([]byte, 200)

// BenchmarkUpdate compares Update with the bare transaction of etcd. With the member in process, both are on the same.
func BenchmarkUpdate(b *testing.B) {
	dir := b.TempDir()
	s, err := member.Start(b.Context(), member.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	cluster := storetest.NewCluster(b, 3)
	var id atomic.Int64
	for _, engine := range []struct {
		name string
		does func(context.Context, int64) error
	}{
		{"engine=member/through=bare", bare(store.Client(s))},
		{"engine=member/through=store", throughStore(s)},
		{"engine=cluster/through=bare", bare(cluster.Client(b))},
		{"engine=cluster/through=store", throughStore(cluster.Open(b))},
	} {
		for _, writers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", engine.name, writers), func(b *testing.B) {
				var left atomic.Int64
				left.Store(int64(b.N))
				var group sync.WaitGroup
				b.ResetTimer()
				for range writers {
					group.Go(func() {
						for left.Add(-1) >= 0 {
							if err := engine.does(b.Context(), id.Add(1)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				group.Wait()
			})
		}
	}
}

func BenchmarkView(b *testing.B) {
	s, err := member.Start(b.Context(), member.Config{Ephemeral: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Update(b.Context(), func(tx store.Txn) error {
		for i := range 1000 {
			tx.Put(fmt.Sprintf("key/%d", i), value)
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := s.View(b.Context(), 0, func(r store.Reader) error { _, err := r.Get("key/500"); return err }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("List1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := s.View(b.Context(), 0, func(r store.Reader) error {
				for _, err := range r.List("key/") {
					if err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
