package writapi

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/sigv4"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store/member"
)

func TestForwardedRequestsAreForgottenWhenTheyAreStale(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := member.Start(ctx, member.Config{Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	live, err := snapshot.Follow(ctx, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	signed := func(at time.Time) *sigv4.Signature {
		stamp := at.Format("20060102T150405Z")
		sig, err := sigv4.Parse(&http.Request{Header: http.Header{"X-Amz-Date": {stamp}, "Authorization": {
			"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/" + stamp[:8] + "/us-east-1/cloudformation/aws4_request, " +
				"SignedHeaders=host, Signature=00",
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	c := &op.Call{Backend: &op.Backend{Store: s, Live: live}, State: live.Current()}
	for n := range 30 {
		c.Time = now.Add(time.Duration(n) * time.Minute)
		if err := once(ctx, c, signed(c.Time)); err != nil {
			t.Fatal(err)
		}
		if err := once(ctx, c, signed(c.Time)); !iam.Is(err, alreadyForwarded) {
			t.Fatalf("the second time: %v", err)
		}
	}
	kept := 0
	for range c.State.List("forwarded/", "") {
		kept++
	}
	if kept != 21 { // twenty minutes, both ends included
		t.Errorf("%d are kept", kept)
	}
}
