package store

import clientv3 "go.etcd.io/etcd/client/v3"

// Client is the client of etcd that a store uses.
func Client(s Store) *clientv3.Client { return s.(*etcd).client }
