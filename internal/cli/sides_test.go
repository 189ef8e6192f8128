package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/policy"
)

func TestWhatDoesNotEndIsLeftBehind(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	_, cutOff, err := within(t.Context(), time.Millisecond, func(context.Context) (int, error) {
		<-forever
		return 1, nil
	})
	if cutOff != "no answer within 1ms; --timeout gives it more time" || err != nil {
		t.Errorf("got %q, %v", cutOff, err)
	}
	_, cutOff, err = within(t.Context(), time.Millisecond, func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
	if cutOff == "" || err != nil {
		t.Errorf("got %q, %v", cutOff, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, cutOff, err = within(ended, time.Minute, func(ctx context.Context) (int, error) { return 0, ctx.Err() }); cutOff != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v", cutOff, err)
	}
	if answer, cutOff, err := within(t.Context(), time.Minute, func(context.Context) (int, error) { return 7, nil }); answer != 7 || cutOff != "" || err != nil {
		t.Errorf("got %d, %q, %v", answer, cutOff, err)
	}
}

// TestFederatedUsersNeedASessionPolicy: without one, the command would not show what it is to show.
func TestFederatedUsersNeedASessionPolicy(t *testing.T) {
	s := &side{flags: []string{"--resource-policy", "x.json"}}
	s.Resource = new(policy.Document)
	r := &pdp.Request{Principal: "arn:aws:sts::111122223333:federated-user/example", Action: "s3:GetObject", Resource: "*"}
	const administrators = "--policy AdministratorAccess --session AdministratorAccess"
	if got := decideCommand(s, r, true); !strings.Contains(got, administrators) {
		t.Error(got)
	}
}

func TestWrapped(t *testing.T) {
	words := strings.Fields("one, two, three, four, five")
	for _, c := range []struct {
		width, most int
		want        []string
	}{
		{100, 0, []string{"one, two, three, four, five"}},
		{12, 0, []string{"one, two,", "three, four,", "five"}},
		{12, 2, []string{"one, two,", "three, four, … 1 more"}},
		{1, 2, []string{"one,", "two, … 3 more"}},
	} {
		if got := wrapped(words, c.width, c.most); !slices.Equal(got, c.want) {
			t.Errorf("wrapped to %d characters and %d lines: %q", c.width, c.most, got)
		}
	}
	if got := hanging("  ", []string{strings.Repeat("a", 60), strings.Repeat("b", 60)}); len(got) != 2 || !strings.HasPrefix(got[1], "    b") {
		t.Errorf("%q", got)
	}
}

func TestVerdictsAreColoured(t *testing.T) {
	s := &side{name: "x"}
	for verdict, colour := range map[prove.Verdict]string{
		prove.Equivalent: "32", prove.Narrower: "32", prove.Broader: "31", prove.Incomparable: "31", prove.Undecided: "33",
	} {
		text := diffText{screen: screen{colours: true}, comparison: &prove.Comparison{Verdict: verdict}, old: s, new: s}
		if got := text.verdict(); !strings.HasPrefix(got, "\x1b[1;"+colour+"m"+verdict.String()+"\x1b[m  ") {
			t.Errorf("%q", got)
		}
	}
}

func TestResourceTypesAreThoseOfAccessAnalyzer(t *testing.T) {
	if n := len(publicResourceTypes); n != 26 || !slices.IsSorted(publicResourceTypes) {
		t.Errorf("%d resource types, %q", n, publicResourceTypes)
	}
}
