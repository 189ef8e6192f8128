package server

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

func TestTheUseOfWhatWasDeletedIsNotKept(t *testing.T) {
	s, err := member.Start(t.Context(), member.Config{Ephemeral: true, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := s.Update(ctx, func(tx store.Txn) error {
		iam.NewTxn(tx).Put(&iam.AccessKey{ID: "AKIA1", Account: "111122223333"})
		iam.NewTxn(tx).Put(&iam.Role{Header: iam.Header{Account: "111122223333", Name: "r", ID: "AROA1"}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	live, err := snapshot.Follow(ctx, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	u := &uses{store: s, live: live, log: slog.New(slog.DiscardHandler), next: map[string]iam.Use{}}
	for _, id := range []string{"AKIA1", "AROA1", "AKIAGONE", "AROAGONE"} {
		u.used(iam.Use{ID: id, Time: time.Unix(1, 0).UTC()})
	}
	u.flush(ctx)
	if err := s.View(ctx, 0, func(r store.Reader) error {
		for _, id := range []string{"AKIA1", "AROA1"} {
			if _, err := r.Get(iam.UseKey(id)); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		n := 0
		for range r.List("use/") {
			n++
		}
		if n != 2 {
			t.Errorf("%d uses are kept", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
