package main

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/server"
)

// BenchmarkGetUser is for profiles: go test -bench GetUser -cpuprofile cpu.out ./serving
func BenchmarkGetUser(b *testing.B) {
	ctx := context.Background()
	w, err := start(ctx, server.Config{Data: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close(ctx)
	if err := w.do(ctx, url.Values{"Action": {"CreateUser"}, "UserName": {"bench"}}); err != nil {
		b.Fatal(err)
	}
	r, err := w.call(ctx, url.Values{"Action": {"GetUser"}, "UserName": {"bench"}})
	if err != nil {
		b.Fatal(err)
	}
	work := send(w.address, func(int) request { return r })
	for b.Loop() {
		turn, cancel := context.WithTimeout(ctx, 3*time.Second)
		if _, err := work(turn); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}

// BenchmarkTagUser is for profiles of writes.
func BenchmarkTagUser(b *testing.B) {
	ctx := context.Background()
	w, err := start(ctx, server.Config{Data: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close(ctx)
	tags, err := w.taggings(ctx)
	if err != nil {
		b.Fatal(err)
	}
	work := sendOver(writers, w.address, func(i int) request { return tags[i%len(tags)] })
	for b.Loop() {
		turn, cancel := context.WithTimeout(ctx, 3*time.Second)
		n, err := work(turn)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/3, "writes/s")
		cancel()
	}
}
