package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/sigv4"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

const account = "111122223333"

// trust is the trust policy of all roles here.
const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"amplify.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// A writ is a running server and its root user.
type writ struct {
	*server.Server
	address string
}

func start(ctx context.Context, c server.Config) (*writ, error) {
	c.Account, c.Rate = account, -1
	s, err := server.Start(ctx, c)
	if err != nil {
		return nil, err
	}
	return &writ{s, strings.TrimPrefix(s.URL(), "http://")}, nil
}

// call signs a request of the root user.
func (w *writ) call(ctx context.Context, form url.Values) (request, error) {
	return signed(ctx, w.address, w.Root.AccessKeyID, w.Root.SecretAccessKey, form)
}

// do makes calls one after another.
func (w *writ) do(ctx context.Context, forms ...url.Values) error {
	for _, form := range forms {
		r, err := w.call(ctx, form)
		if err != nil {
			return err
		}
		if err := sendOnce(w.address, r); err != nil {
			return fmt.Errorf("%s: %w", form.Get("Action"), err)
		}
	}
	return nil
}

// reads compares GetUser and ListAttachedRolePolicies with a bare handler.
func reads(ctx context.Context, b *bytes.Buffer, rounds int, round time.Duration) error {
	progress("reads: measuring %d rounds", rounds)
	dir, err := os.MkdirTemp("", "writ-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := start(ctx, server.Config{Data: dir})
	if err != nil {
		return err
	}
	defer w.Close(ctx)
	if err := w.do(ctx,
		url.Values{"Action": {"CreateUser"}, "UserName": {"bench"}},
		url.Values{"Action": {"CreateRole"}, "RoleName": {"bench"}, "AssumeRolePolicyDocument": {trust}},
		url.Values{"Action": {"AttachRolePolicy"}, "RoleName": {"bench"}, "PolicyArn": {"arn:aws:iam::aws:policy/ReadOnlyAccess"}},
		url.Values{"Action": {"AttachRolePolicy"}, "RoleName": {"bench"}, "PolicyArn": {"arn:aws:iam::aws:policy/AdministratorAccess-Amplify"}},
		url.Values{"Action": {"CreateAccessKey"}, "UserName": {"bench"}},
	); err != nil {
		return err
	}
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	floor := &http.Server{Handler: bareHandler(w.Root.SecretAccessKey, func(context.Context) error { return nil })}
	go floor.Serve(bare)
	defer floor.Close()

	always := func(address string, form url.Values) (func(context.Context) (int, error), error) {
		r, err := signed(ctx, address, w.Root.AccessKeyID, w.Root.SecretAccessKey, form)
		return send(address, func(int) request { return r }), err
	}
	getUser := url.Values{"Action": {"GetUser"}, "UserName": {"bench"}}
	var contenders []contender
	for _, c := range []struct {
		name, address string
		form          url.Values
	}{
		{"the bare handler", bare.Addr().String(), getUser},
		{"GetUser", w.address, getUser},
		{"ListAttachedRolePolicies", w.address, url.Values{"Action": {"ListAttachedRolePolicies"}, "RoleName": {"bench"}}},
	} {
		work, err := always(c.address, c.form)
		if err != nil {
			return err
		}
		contenders = append(contenders, contender{c.name, work})
	}
	rates, err := compete(ctx, contenders, rounds, round)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## Reads\n\nSigned calls over HTTP on %d connections, by an account's root user, with the audit log on disk. The bare handler reads the\n"+
		"body, checks the signature with the same code and its cache of signing keys, and answers a small XML document. The goal is at least 0.5 ×.\n\n", connections)
	compare(b, contenders, rates, "calls")
	return nil
}

// bareHandler is the floor: it does what any handler of a signed request must.
func bareHandler(secret string, work func(context.Context) error) http.Handler {
	var keys sigv4.Keys
	answer := []byte(`<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User><Path>/</Path><UserName>bench</UserName>` +
		`</User></GetUserResult><ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></GetUserResponse>`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			var sig *sigv4.Signature
			if sig, err = sigv4.Parse(r); err == nil {
				err = keys.Verify(sig, r, body, secret, time.Now())
			}
		}
		if err == nil {
			err = work(r.Context())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		w.Write(answer)
	})
}

// writes compares transactions of the store and calls that write with bare etcd.
func writes(ctx context.Context, b *bytes.Buffer, rounds int, round time.Duration) error {
	progress("writes: measuring %d rounds", rounds)
	dir, err := os.MkdirTemp("", "writ-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	e, err := startEtcd(filepath.Join(dir, "bare"))
	if err != nil {
		return err
	}
	defer e.close()
	w, err := start(ctx, server.Config{Data: filepath.Join(dir, "writ")})
	if err != nil {
		return err
	}
	defer w.Close(ctx)
	tags, err := w.taggings(ctx)
	if err != nil {
		return err
	}
	plain, err := member.Start(ctx, member.Config{Dir: filepath.Join(dir, "store"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer plain.Close()
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var n atomic.Int64
	floor := &http.Server{Handler: bareHandler(w.Root.SecretAccessKey, func(ctx context.Context) error { return e.transaction(ctx, n.Add(1)) })}
	go floor.Serve(bare)
	defer floor.Close()
	floorRequest, err := signed(ctx, bare.Addr().String(), w.Root.AccessKeyID, w.Root.SecretAccessKey, url.Values{"Action": {"TagUser"}})
	if err != nil {
		return err
	}
	contenders := []contender{
		{"bare etcd", repeat(func(ctx context.Context) error { return e.transaction(ctx, n.Add(1)) })},
		{"bare etcd, reading the guard first", repeat(func(ctx context.Context) error { return e.readingTransaction(ctx, n.Add(1)) })},
		{"the store", repeat(func(ctx context.Context) error { return transaction(ctx, plain, n.Add(1)) })},
		{"a bare handler on bare etcd", sendOver(writers, bare.Addr().String(), func(int) request { return floorRequest })},
		{"TagUser", sendOver(writers, w.address, func(i int) request { return tags[i%len(tags)] })},
	}
	rates, err := compete(ctx, contenders, rounds, round)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## Writes\n\nBare etcd and the store: transactions of a guard and three puts by %d writers, in process, durable. The store reads\n"+
		"the guard first; a bare transaction need not, and one that does is beside it. The bare handler checks the signature of a call over HTTP and makes such a transaction. TagUser is a signed call that reads, changes and writes one user in a durable transaction, writes the audit log, and is\n"+
		"answered when the node's own snapshot has the change. The goal is at least 0.5 ×: the store to bare etcd, and TagUser to the bare handler (%.2f ×).\n\n",
		writers, median(ratios(rates[4], rates[3])))
	compare(b, contenders, rates, "transactions")
	return nil
}

// transaction is the store's one of a guard and three puts.
func transaction(ctx context.Context, s store.Store, i int64) error {
	key := fmt.Sprint("k", i%4096)
	_, err := s.Update(ctx, func(tx store.Txn) error {
		if _, err := tx.Get(key + "/none"); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("the guard is there: %v", err)
		}
		value := fmt.Appendf(make([]byte, 0, 320), "%-300d", i)
		tx.Put(key, value)
		tx.Put(key+"/a", value)
		tx.Put(key+"/b", value)
		return nil
	})
	return err
}

const writers = 64

// taggings makes users, and requests each of which gives a tag of one a value that it does not have when they are sent in turn.
func (w *writ) taggings(ctx context.Context) (tags []request, err error) {
	const users, values = 256, 8
	for value := range values {
		for i := range users {
			name := fmt.Sprint("user-", i)
			if value == 0 {
				if err := w.do(ctx, url.Values{"Action": {"CreateUser"}, "UserName": {name}}); err != nil {
					return nil, err
				}
			}
			r, err := w.call(ctx, url.Values{
				"Action": {"TagUser"}, "UserName": {name}, "Tags.member.1.Key": {"k"}, "Tags.member.1.Value": {fmt.Sprint(value)},
			})
			if err != nil {
				return nil, err
			}
			tags = append(tags, r)
		}
	}
	return tags, nil
}
