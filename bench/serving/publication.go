package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/writapi"
)

// updates is how often a managed policy is published for a median.
const updates = 30

// publication measures what it costs to publish a version of a managed policy that a few identities have, and many, and how
// long it takes until another node decides by it.
func publication(ctx context.Context, b *bytes.Buffer, roles int) error {
	p, err := startPair(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.json(ctx, "CreatePublisher", &writapi.CreatePublisherInput{Name: "platform", Path: "/platform/"}); err != nil {
		return err
	}
	if err := p.publish(ctx, 0); err != nil {
		return err
	}
	key, err := p.reader(ctx)
	if err != nil {
		return err
	}
	s, err := store.Dial(ctx, store.Config{Endpoints: []string{p.etcd}})
	if err != nil {
		return err
	}
	defer s.Close()

	fmt.Fprintf(b, "\n## An update of a managed policy\n\nTwo servers on one etcd member, over TCP. Each of %d updates of a publisher's policy lets whoever has it read one user more. Publishing is the call, with the\n"+
		"comparison with the version in force; the other node decides by it once a call that only the update allows succeeds there, counted from the answer of\n"+
		"the publication, that call included (goal: below 50 ms, whatever the number of identities). Medians, and the longest.\n\n"+
		"| attached to | publishing, ms | longest | decided at the other node after, ms | longest |\n|---:|---:|---:|---:|---:|\n", updates)
	written, version := 0, 0
	for _, attached := range []int{min(100, roles), roles} {
		progress("%d identities with a managed policy: writing them", attached)
		if err := writeRoles(ctx, s, written, attached, holder); err != nil {
			return err
		}
		written = attached
		if err := p.settled(ctx, attached-1); err != nil {
			return err
		}
		progress("%d identities with a managed policy: measuring", attached)
		var published, decided []float64
		for range updates {
			version++
			read := url.Values{"Action": {"GetUser"}, "UserName": {fmt.Sprint("u", version)}}
			if err := p.first.do(ctx, url.Values{"Action": {"CreateUser"}, "UserName": {read.Get("UserName")}}); err != nil {
				return err
			}
			r, err := signed(ctx, p.second.address, key.ID, key.Secret, read)
			if err != nil {
				return err
			}
			if sendOnce(p.second.address, r) == nil {
				return fmt.Errorf("%s is allowed before the update", read.Get("UserName"))
			}
			began := time.Now()
			if err := p.publish(ctx, version); err != nil {
				return err
			}
			published = append(published, float64(time.Since(began).Microseconds())/1000)
			ms, err := p.until(r)
			if err != nil {
				return err
			}
			decided = append(decided, ms)
		}
		fmt.Fprintf(b, "| %d | %.1f | %.1f | %.1f | %.1f |\n", attached+1, median(published), longest(published), median(decided), longest(decided))
	}
	return nil
}

func longest(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	return most
}

// holder is a role with the policy.
func holder(i int) *iam.Role {
	r := role(i)
	r.Attached = []string{"arn:aws:iam::aws:policy/platform/Reader"}
	return r
}

// publish puts the version in force that allows to read the users from u0 to that of a number.
func (p *pair) publish(ctx context.Context, last int) error {
	var users []string
	for i := range last + 1 {
		users = append(users, fmt.Sprintf("arn:aws:iam::%s:user/u%d", account, i))
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": "iam:GetUser", "Resource": users}}})
	if err != nil {
		return err
	}
	return p.json(ctx, "PublishManagedPolicy", &writapi.PublishManagedPolicyInput{
		Publisher: "platform", Name: "Reader", Document: string(document), Note: "one user more"})
}

// json calls an operation of the server's own API at the first server.
func (p *pair) json(ctx context.Context, operation string, in any) error {
	r, err := signedJSON(ctx, p.first.address, p.first.Root.AccessKeyID, p.first.Root.SecretAccessKey, operation, in)
	if err == nil {
		err = sendOnce(p.first.address, r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

type accessKey struct {
	ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
	Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
}

// reader makes a user with the policy, and its access key.
func (p *pair) reader(ctx context.Context) (*accessKey, error) {
	if err := p.first.do(ctx,
		url.Values{"Action": {"CreateUser"}, "UserName": {"reader"}},
		url.Values{"Action": {"AttachUserPolicy"}, "UserName": {"reader"}, "PolicyArn": {"arn:aws:iam::aws:policy/platform/Reader"}},
	); err != nil {
		return nil, err
	}
	r, err := p.first.call(ctx, url.Values{"Action": {"CreateAccessKey"}, "UserName": {"reader"}})
	if err != nil {
		return nil, err
	}
	key := new(accessKey)
	return key, answer(p.first.address, r, func(resp *http.Response) error { return xml.NewDecoder(resp.Body).Decode(key) })
}

// settled waits until both servers have the role of a number.
func (p *pair) settled(ctx context.Context, i int) error {
	for _, w := range []*writ{p.first, p.second} {
		r, err := w.call(ctx, url.Values{"Action": {"GetRole"}, "RoleName": {holder(i).Name}})
		if err != nil {
			return err
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if err := sendOnce(w.address, r); err == nil {
				break
			} else if time.Now().After(deadline) {
				return err
			}
		}
	}
	return nil
}
