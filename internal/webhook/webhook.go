// Package webhook sends what is published to the URLs of webhooks.
//
// Each node of a cluster runs a [Deliverer]. It follows the snapshot; for a webhook that is behind the history it moves the
// cursor and makes deliveries of the entries that the webhook asks for ([Wants]), and attempts those that are due. What these are
// is in the store, under the laws of package iam, and nothing is remembered here that a crash would lose.
//
// # Once, at least
//
// One node at a time attempts the deliveries of a webhook: the one whose claim is in the webhook's cursor. It writes another claim
// with the result of each attempt. Who sees the same claim for as long as [lease], by its own clock, takes its holder for gone; no
// two clocks are compared. An attempt takes no longer than [timeout], which is much less. So in the ordinary case each entry is
// sent once; if a node dies between an attempt and its result, the entry is sent again, and has the same webhook-id. A node that
// has the store alone need not wait for who is gone. A webhook's entries come in the order of the history, but for those that
// have to be attempted again.
//
// # On the wire
//
// An attempt is a POST as Standard Webhooks has it: JSON, with the headers webhook-id, webhook-timestamp and webhook-signature, the
// HMAC-SHA256 of "id.timestamp.body" under the webhook's secret. Any answer of the 200s is a delivery; 410 disables the webhook;
// all else fails, redirects included. What failed is attempted again by the specification's schedule, [delays], or later
// if Retry-After says so; after the last attempt it is a dead letter.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
//
// # Where to
//
// URLs are https, and lead to public addresses: the address is checked when it is dialled, after the name was resolved, so that a
// name cannot lead into the operator's network ([guard]). No proxy is used, which would resolve names itself. The operator may
// allow private addresses, but not those at which clouds hand out credentials.
package webhook

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
)

const (
	lease      = time.Minute      // how long a claim stands that does not change
	timeout    = 15 * time.Second // of an attempt
	retryAfter = time.Second      // of what the store refused
	grace      = time.Second      // for what must still be written at the end
	maxPause   = time.Minute      // between two looks, whatever the clock says
	maxWorkers = 64               // webhooks at once
	maxTurn    = 20               // attempts before other webhooks have their turn
	maxMade    = 100              // deliveries in one transaction
)

// A Config is what a deliverer works with.
type Config struct {
	Store   store.Store
	Live    *snapshot.Live
	Keys    *session.Keys
	Now     func() time.Time
	Rand    io.Reader
	Log     *slog.Logger
	Alone   bool           // no other node uses the store, so that a claim that is there is of a process that ended
	Private bool           // webhooks may lead to private addresses
	Roots   *x509.CertPool // nil for those of the system
	Observe func(Outcome)  // is told of each attempt
}

// An Outcome is what came of an attempt.
type Outcome string

// The outcomes.
const (
	Delivered Outcome = "delivered"
	Failed    Outcome = "failed" // and will be attempted again
	Dead      Outcome = "dead"
)

// A Deliverer attempts deliveries, beside those of other nodes. Run makes it work.
type Deliverer struct {
	Config
	client *http.Client
	node   string // what its claims begin with

	mu     sync.Mutex
	claims int
	busy   map[string]bool      // webhooks that are worked on here, by key
	hold   map[string]time.Time // webhooks that are left alone until then
	seen   map[string]sighting
	last   string // the key of the webhook that was last begun with
	works  sync.WaitGroup
	ended  chan struct{} // has something when some work ended
}

// A sighting is a claim, and when it was first seen.
type sighting struct {
	claim string
	since time.Time
}

// New makes a deliverer.
func New(c Config) *Deliverer {
	return &Deliverer{
		Config: c, client: newClient(c.Private, c.Roots), node: session.NewUniqueID(c.Rand, ""),
		busy: map[string]bool{}, hold: map[string]time.Time{}, seen: map[string]sighting{}, ended: make(chan struct{}, 1),
	}
}

// Run delivers until ctx is done, and what is under way has ended.
func (d *Deliverer) Run(ctx context.Context) {
	defer d.works.Wait()
	changed := make(chan struct{}, 1)
	go d.follow(ctx, d.Live.Current().Revision, changed) // from a state that the first round is not older than
	for ctx.Err() == nil {
		began := time.Now()
		wait := d.round(ctx)
		// A store that many write to changes all the time: to look is to take a tenth of the time at most.
		pause(ctx, min(9*time.Since(began), retryAfter))
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-d.ended:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// follow tells of each change of the snapshot after a revision.
func (d *Deliverer) follow(ctx context.Context, rev store.Revision, changed chan<- struct{}) {
	for ctx.Err() == nil {
		s, err := d.Live.Wait(ctx, rev+1)
		if err != nil { // the store does not answer
			pause(ctx, retryAfter)
			continue
		}
		rev = s.Revision
		signal(changed)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// round begins work on the webhooks for which there is some, and returns how long there will be no more if nothing changes.
func (d *Deliverer) round(ctx context.Context) (wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.Live.Current() // no older than what those wrote who are busy no more
	var hooks []*iam.Webhook
	for _, r := range s.List("webhook/", "") {
		hooks = append(hooks, r.(*iam.Webhook))
	}
	wait = maxPause
	if len(hooks) == 0 { // the clock is left alone, too: who has no webhooks need not share it
		return wait
	}
	now := d.Now()
	later := func(t time.Time) { wait = max(0, min(wait, t.Sub(now))) }
	maps.DeleteFunc(d.hold, func(_ string, until time.Time) bool { return !now.Before(until) })
	seen := map[string]sighting{}
	for _, w := range hooks {
		key := w.Key()
		switch c := snapshot.Get[iam.WebhookCursor](s, iam.WebhookCursorKey(w.Account, w.Name)); {
		case c == nil || c.Claim == "":
		case d.seen[key].claim == c.Claim:
			seen[key] = d.seen[key]
		default:
			seen[key] = sighting{c.Claim, now}
		}
	}
	d.seen = seen
	// Those after the one that was begun with last come first, so that each has its turn.
	first := slices.IndexFunc(hooks, func(w *iam.Webhook) bool { return w.Key() > d.last })
	for i := range hooks {
		w := hooks[(max(first, 0)+i)%len(hooks)]
		key := w.Key()
		claim := seen[key]
		todo := d.todo(s, w, now)
		switch {
		case d.busy[key]:
		case !todo.now():
			later(todo.next)
		case claim.claim != "" && !d.Alone && now.Sub(claim.since) < lease:
			later(claim.since.Add(lease))
		case !d.hold[key].IsZero():
			later(d.hold[key])
		case len(d.busy) < maxWorkers:
			d.busy[key], d.last = true, key
			d.works.Go(func() { d.turn(ctx, w, claim.claim) })
		}
	}
	return wait
}

// turn works on a webhook, in place of whoever had the claim.
func (d *Deliverer) turn(ctx context.Context, w *iam.Webhook, was string) {
	j := &job{Deliverer: d, hook: w, turn: iam.Turn{Account: w.Account, Webhook: w.Name, Was: was}}
	err := j.do(ctx)
	d.mu.Lock()
	delete(d.busy, w.Key())
	if err != nil {
		d.hold[w.Key()] = d.Now().Add(retryAfter)
	}
	d.mu.Unlock()
	signal(d.ended)
	if _, told := errors.AsType[*iam.Error](err); err != nil && !told && ctx.Err() == nil {
		d.Log.Warn("a webhook's deliveries wait for the store", "account", w.Account, "webhook", w.Name, "error", err)
	}
}
