package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
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
	floor := &http.Server{Handler: bareHandler(w.Root.SecretAccessKey)}
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
func bareHandler(secret string) http.Handler {
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
	const users = 256
	var tags []request
	for i := range users {
		name := fmt.Sprint("user-", i)
		if err := w.do(ctx, url.Values{"Action": {"CreateUser"}, "UserName": {name}}); err != nil {
			return err
		}
		r, err := w.call(ctx, url.Values{"Action": {"TagUser"}, "UserName": {name}, "Tags.member.1.Key": {"k"}, "Tags.member.1.Value": {"v"}})
		if err != nil {
			return err
		}
		tags = append(tags, r)
	}
	var n atomic.Int64
	contenders := []contender{
		{"bare etcd", e.transactions(writers, &n)},
		{"TagUser", sendOver(writers, w.address, func(i int) request { return tags[i%users] })},
	}
	rates, err := compete(ctx, contenders, rounds, round)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## Writes\n\nBare etcd: transactions of a guard and three puts by %d writers, in process, durable. TagUser: signed calls over HTTP on as many connections,\n"+
		"each of which reads, changes and writes one user in a durable transaction, and is answered when the node's own snapshot has it. The goal is at least 0.5 ×.\n\n", writers)
	compare(b, contenders, rates, "transactions")
	return nil
}

const writers = 64
