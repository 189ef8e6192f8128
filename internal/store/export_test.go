package store

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Client is the client of etcd that a store uses.
func Client(s Store) *clientv3.Client { return s.(*etcd).client }

// Defragment gives unused space back, whether it is much or little.
func Defragment(ctx context.Context, s Store) error { return s.(*etcd).defragment(ctx) }
