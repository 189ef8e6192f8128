package store

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A sham is a store that only says what it is told to say, and remembers what it was asked.
type sham struct {
	Store
	status        Status
	err           error
	compactions   []Revision
	defragmented  int
	statusesAsked int
}

func (s *sham) Status(context.Context) (Status, error) {
	s.statusesAsked++
	return s.status, s.err
}

func (s *sham) Compact(_ context.Context, rev Revision) error {
	s.compactions = append(s.compactions, rev)
	return nil
}

func (s *sham) defragment(context.Context) error {
	s.defragmented++
	return nil
}

func (s *sham) compacted() Revision {
	if len(s.compactions) == 0 {
		return 0
	}
	return s.compactions[len(s.compactions)-1]
}

func TestLogKeepsTenMinutesAndTenThousandRevisions(t *testing.T) {
	s := &sham{}
	k := keeper{store: s}
	now := time.Unix(0, 0)
	round := func(after time.Duration, rev Revision) {
		t.Helper()
		now = now.Add(after)
		s.status.Revision = rev
		if err := k.round(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	want := func(rev Revision) {
		t.Helper()
		if got := s.compacted(); got != rev {
			t.Fatalf("compacted to %d, want %d", got, rev)
		}
	}
	round(0, 50_000)
	round(5*time.Minute, 100_000)
	want(0) // it is not known yet what is ten minutes old
	round(5*time.Minute, 101_000)
	want(50_000)
	round(5*time.Minute, 102_000)
	want(92_000) // revision 100,000 is ten minutes old, but one of the last 10,000
	round(9*time.Minute, 200_000)
	want(102_000 - 1000) // what is just short of ten minutes old, 102,000, stays
	n := len(s.compactions)
	round(time.Minute, 200_000)
	want(102_000)
	round(time.Minute, 200_000)
	if len(s.compactions) != n+1 {
		t.Errorf("compacted again, though nothing is new: %d", s.compactions)
	}
	if s.defragmented > 0 {
		t.Error("defragmented without need")
	}
}

func TestLogIsShorterWhereSpaceIsScarce(t *testing.T) {
	for name, c := range map[string]struct {
		status     Status
		compact    Revision
		defragment int
	}{
		"half the quota":  {Status{Revision: 100_000, Size: 600, Used: 501, Quota: 1000}, 90_000, 0},
		"less":            {Status{Revision: 100_000, Size: 600, Used: 500, Quota: 1000}, 0, 0},
		"all of it":       {Status{Revision: 100_000, Size: 1000, Used: 1000, Quota: 1000}, 100_000, 1},
		"alarm":           {Status{Revision: 100_000, Quota: 1000, Alarms: []string{noSpace + ": x"}}, 100_000, 1},
		"unknown quota":   {Status{Revision: 100_000, Size: 1000, Used: 1000}, 0, 0},
		"few revisions":   {Status{Revision: 9_000, Size: 600, Used: 600, Quota: 1000}, 0, 0},
		"unused space":    {Status{Revision: 100_000, Size: 200 << 20, Used: 50 << 20}, 0, 1},
		"some of it":      {Status{Revision: 100_000, Size: 200 << 20, Used: 120 << 20}, 0, 0},
		"a little of it":  {Status{Revision: 100_000, Size: 60 << 20, Used: 1 << 20}, 0, 0},
		"another's alarm": {Status{Revision: 100_000, Alarms: []string{"no leader: x"}}, 0, 0},
	} {
		s := &sham{status: c.status}
		k := keeper{store: s}
		if err := k.round(t.Context(), time.Unix(0, 0)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s.compacted() != c.compact || s.defragmented != c.defragment {
			t.Errorf("%s: compacted to %d and defragmented %d times, want %d and %d",
				name, s.compacted(), s.defragmented, c.compact, c.defragment)
		}
	}
}

func TestMaintainLogsAFailureOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		s := &sham{err: errors.New("out of order")}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Second)
		defer cancel()
		Maintain(ctx, s, slog.New(slog.NewTextHandler(&out, nil)))
		if s.statusesAsked != 11 || strings.Count(out.String(), "out of order") != 1 {
			t.Errorf("tried %d times, logged:\n%s", s.statusesAsked, &out)
		}
	})
}
