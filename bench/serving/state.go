package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

// propagation measures the time from the answer to a write at one node until another node decides by it.
func propagation(ctx context.Context, b *bytes.Buffer, rounds int, round time.Duration) error {
	progress("another node: measuring")
	dir, err := os.MkdirTemp("", "writ-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := url.URL{Scheme: "http", Host: free.Addr().String()}
	free.Close()
	e, err := startEtcd(filepath.Join(dir, "etcd"), at)
	if err != nil {
		return err
	}
	defer e.close()
	config := server.Config{
		Etcd: &store.Config{Endpoints: []string{at.String()}}, KeyFile: filepath.Join(dir, "master.key"),
		RootCredentials: filepath.Join(dir, "root"), AuditFile: filepath.Join(dir, "audit-1"),
	}
	first, err := start(ctx, config)
	if err != nil {
		return err
	}
	defer first.Close(ctx)
	config.AuditFile = filepath.Join(dir, "audit-2")
	second, err := start(ctx, config)
	if err != nil {
		return err
	}
	defer second.Close(ctx)

	var took []float64
	for i := range 200 {
		before := time.Now()
		if err := first.do(ctx, url.Values{"Action": {"CreateUser"}, "UserName": {fmt.Sprint("u", i)}}); err != nil {
			return err
		}
		written := time.Now()
		r, err := second.call(ctx, url.Values{"Action": {"GetUser"}, "UserName": {fmt.Sprint("u", i)}})
		if err != nil {
			return err
		}
		for sendOnce(second.address, r) != nil {
			if time.Since(before) > 10*time.Second {
				return fmt.Errorf("a write has not reached the other node in 10 s")
			}
		}
		took = append(took, float64(time.Since(written).Microseconds())/1000)
	}
	fmt.Fprintf(b, "\n## From a commit to another node\n\nTwo servers on one etcd member, over TCP. From the answer to CreateUser at the first until GetUser at the second finds the user, which includes that call:\n"+
		"%.1f ms at the median of %d (goal: below 20 ms).\n", median(took), len(took))
	return nil
}

// large measures what a state with many roles costs.
func large(ctx context.Context, b *bytes.Buffer, roles int) error {
	progress("%d roles: writing them", roles)
	dir, err := os.MkdirTemp("", "writ-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := start(ctx, server.Config{Data: dir})
	if err != nil {
		return err
	}
	if err := w.Close(ctx); err != nil {
		return err
	}
	s, err := member.Start(ctx, member.Config{Dir: filepath.Join(dir, "etcd"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	const batch = 500
	for from := 0; from < roles; from += batch {
		if _, err := s.Update(ctx, func(tx store.Txn) error {
			for i := from; i < min(from+batch, roles); i++ {
				tx.Put(role(i).Key(), iam.Encode(role(i)))
			}
			return nil
		}); err != nil {
			return err
		}
	}
	progress("%d roles: loading them", roles)
	before := heap()
	following, stop := context.WithCancel(ctx)
	live, err := snapshot.Follow(following, s, slog.New(slog.DiscardHandler))
	if err != nil {
		stop()
		return err
	}
	perRole := float64(heap()-before) / float64(roles)
	runtime.KeepAlive(live)
	stop()
	if err := s.Close(); err != nil {
		return err
	}
	began := time.Now()
	if w, err = start(ctx, server.Config{Data: dir}); err != nil {
		return err
	}
	took := time.Since(began)
	size := int64(0)
	if info, err := os.Stat(filepath.Join(dir, "etcd", "member", "snap", "db")); err == nil {
		size = info.Size()
	}
	fmt.Fprintf(b, "\n## A large state\n\n%d roles with two attached policies each: the snapshot takes %.0f bytes a role, and the database %.0f MB. A server starts with it, from the call to the open\n"+
		"port and the loaded snapshot, in %.1f s.\n", roles, perRole, float64(size)/1e6, took.Seconds())
	return w.Close(ctx)
}

func role(i int) *iam.Role {
	return &iam.Role{
		Header: iam.Header{Account: account, Name: fmt.Sprintf("service-role-%06d", i), Path: "/", ID: fmt.Sprintf("AROA%017d", i), Created: time.Unix(1764000000, 0).UTC()},
		Grants: iam.Grants{Attached: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess-Amplify"}},
		Trust:  iam.NewDocument(trust), MaxSession: 3600,
	}
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
