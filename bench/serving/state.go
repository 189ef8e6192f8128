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
	"slices"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

// A pair is two servers on one etcd member, over TCP.
type pair struct {
	first, second *writ
	etcd          string // endpoint
	close         func()
}

func startPair(ctx context.Context) (_ *pair, err error) {
	p, closers := &pair{}, []func(){}
	p.close = func() {
		for _, c := range slices.Backward(closers) {
			c()
		}
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	dir, err := os.MkdirTemp("", "writ-bench-")
	if err != nil {
		return nil, err
	}
	closers = append(closers, func() { os.RemoveAll(dir) })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := url.URL{Scheme: "http", Host: free.Addr().String()}
	free.Close()
	e, err := startEtcd(filepath.Join(dir, "etcd"), at)
	if err != nil {
		return nil, err
	}
	closers = append(closers, e.close)
	p.etcd = at.String()
	config := server.Config{
		Etcd: &store.Config{Endpoints: []string{p.etcd}}, KeyFile: filepath.Join(dir, "master.key"), RootCredentials: filepath.Join(dir, "root"),
	}
	for i, w := range []**writ{&p.first, &p.second} {
		config.AuditFile = filepath.Join(dir, fmt.Sprint("audit-", i))
		if *w, err = start(ctx, config); err != nil {
			return nil, err
		}
		closers = append(closers, func() { (*w).Close(ctx) })
	}
	return p, nil
}

// until sends a request to the second server until it succeeds, and says how long that took, in milliseconds.
func (p *pair) until(r request) (float64, error) {
	began := time.Now()
	for {
		err := sendOnce(p.second.address, r)
		took := time.Since(began)
		switch {
		case err == nil:
			return float64(took.Microseconds()) / 1000, nil
		case took > 10*time.Second:
			return 0, fmt.Errorf("a write has not reached the other node in 10 s: %w", err)
		}
	}
}

// propagation measures the time from the answer to a write at one node until another node decides by it.
func propagation(ctx context.Context, b *bytes.Buffer, rounds int, round time.Duration) error {
	progress("another node: measuring")
	p, err := startPair(ctx)
	if err != nil {
		return err
	}
	defer p.close()

	var took []float64
	for i := range 200 {
		r, err := p.second.call(ctx, url.Values{"Action": {"GetUser"}, "UserName": {fmt.Sprint("u", i)}})
		if err != nil {
			return err
		}
		if err := p.first.do(ctx, url.Values{"Action": {"CreateUser"}, "UserName": {fmt.Sprint("u", i)}}); err != nil {
			return err
		}
		ms, err := p.until(r)
		if err != nil {
			return err
		}
		took = append(took, ms)
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
	if err := writeRoles(ctx, s, 0, roles, role); err != nil {
		return err
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

// writeRoles puts the roles from one number up to another.
func writeRoles(ctx context.Context, s store.Store, from, to int, role func(i int) *iam.Role) error {
	const batch = 500
	for ; from < to; from += batch {
		if _, err := s.Update(ctx, func(tx store.Txn) error {
			for i := from; i < min(from+batch, to); i++ {
				tx.Put(role(i).Key(), iam.Encode(role(i)))
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
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
