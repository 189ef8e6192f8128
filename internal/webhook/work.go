package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
)

// A todo is what there is to do for a webhook in one state.
type todo struct {
	from, to int   // where the cursor is, and where it is to be
	entries  []int // on the way, that the webhook asks for

	delivery *iam.Delivery // to be attempted; nil for none
	due      int           // deliveries that are to be attempted
	next     time.Time     // when one will be; long after now for none
}

func (t *todo) now() bool { return t.to > t.from || t.delivery != nil }

// todo finds what there is to do for a webhook. New entries come before attempts, so that these are in order.
func (d *Deliverer) todo(s *snapshot.Snapshot, w *iam.Webhook, now time.Time) *todo {
	t := &todo{next: now.Add(maxPause)}
	w = snapshot.Get[iam.Webhook](s, w.Key())
	if w == nil || w.Disabled != "" {
		return t
	}
	account := snapshot.Get[iam.Account](s, iam.AccountKey(w.Account))
	cursor := snapshot.Get[iam.WebhookCursor](s, iam.WebhookCursorKey(w.Account, w.Name))
	if account == nil || account.Suspended || cursor == nil {
		return t
	}
	t.from, t.to = cursor.After, cursor.After
	for _, r := range s.List(iam.PublicationKey(0), iam.PublicationKey(cursor.After)) {
		if len(t.entries) == maxMade {
			break
		}
		p := r.(*iam.Publication)
		if t.to = p.Entry; Wants(s, w, p) {
			t.entries = append(t.entries, p.Entry)
		}
	}
	for _, r := range s.List(iam.DeliveriesPrefix(w.Account, w.Name), "") {
		switch p := r.(*iam.Delivery); {
		case p.Next.After(now):
			if p.Next.Before(t.next) {
				t.next = p.Next
			}
		default:
			if t.due++; t.delivery == nil || p.Next.Before(t.delivery.Next) {
				t.delivery = p
			}
		}
	}
	return t
}

// claim makes a claim that nobody ever had.
func (d *Deliverer) claim() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claims++
	return fmt.Sprintf("%s-%d", d.node, d.claims)
}

// A job is the work on a webhook, from the first transaction to the last.
type job struct {
	*Deliverer
	hook *iam.Webhook
	turn iam.Turn
	mine bool // the claim that is there is this job's
}

// update runs a transaction, which puts a claim in the place of the one that was there, and waits for the state that it makes.
// At the end there is still a moment for it, so that the next deliverer need not wait.
func (j *job) update(ctx context.Context, claim string, fn func(iam.Txn) error) error {
	ending := ctx.Err() != nil
	if ending {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
	}
	j.turn.Claim = claim
	rev, err := j.Store.Update(ctx, func(tx store.Txn) error { return fn(iam.NewTxn(tx)) })
	if err != nil {
		return err
	}
	if j.turn.Was, j.mine = claim, claim != ""; !ending {
		_, err = j.Live.Wait(ctx, rev)
	}
	return err
}

func (j *job) advance(ctx context.Context, claim string, t *todo, now time.Time) error {
	return j.update(ctx, claim, func(tx iam.Txn) error { return iam.AdvanceWebhook(tx, j.turn, t.from, t.to, t.entries, utc(now)) })
}

func (j *job) claimed(ctx context.Context, claim string) error {
	return j.update(ctx, claim, func(tx iam.Txn) error { return iam.ClaimWebhook(tx, j.turn) })
}

func (j *job) settle(ctx context.Context, claim string, p *iam.Delivery, a iam.Attempt) error {
	return j.update(ctx, claim, func(tx iam.Txn) error { return iam.SettleDelivery(tx, j.turn, p, a) })
}

// do does what there is to do for the webhook, until there is nothing or others are to have their turn.
func (j *job) do(ctx context.Context) error {
	for attempts := 0; ; {
		now := j.Now()
		todo := j.todo(j.Live.Current(), j.hook, now)
		var err error
		switch {
		case !todo.now() || attempts == maxTurn:
			return j.end(ctx)
		case todo.to > todo.from && len(todo.entries) == 0 && todo.delivery == nil: // nothing to attempt
			err = j.advance(ctx, "", todo, now)
		case todo.to > todo.from:
			err = j.advance(ctx, j.claim(), todo, now)
		case !j.mine:
			err = j.claimed(ctx, j.claim()) // and then look again: what was due may have been settled by another
		default:
			attempts++
			err = j.try(ctx, todo.delivery)
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, j.end(ctx))
		}
	}
}

// try attempts a delivery.
func (j *job) try(ctx context.Context, p *iam.Delivery) error {
	result := j.attempt(ctx, j.hook, p)
	if ctx.Err() != nil && !result.Delivered { // it is not known what came of it
		return nil
	}
	claim := ""
	if after := j.todo(j.Live.Current(), j.hook, j.Now()); result.Disable == "" && (after.to > after.from || after.due > 1) {
		claim = j.claim()
	}
	err := j.settle(ctx, claim, p, result)
	if err == nil {
		j.observe(j.hook, p, &result)
	}
	return err
}

// end gives the claim up, if it is this job's.
func (j *job) end(ctx context.Context) error {
	if !j.mine {
		return nil
	}
	return j.claimed(ctx, "")
}

// observe tells of an attempt.
func (d *Deliverer) observe(w *iam.Webhook, p *iam.Delivery, a *iam.Attempt) {
	outcome := Failed
	switch {
	case a.Delivered:
		outcome = Delivered
	case a.Next.IsZero():
		outcome = Dead
		d.Log.Warn("a webhook's delivery is a dead letter", "account", w.Account, "webhook", w.Name, "entry", p.Entry, "error", a.Error)
	}
	if a.Disable != "" {
		d.Log.Warn("a webhook is disabled", "account", w.Account, "webhook", w.Name, "reason", a.Disable)
	}
	if d.Observe != nil {
		d.Observe(outcome)
	}
}

// utc is a time as records have it.
func utc(t time.Time) time.Time { return t.UTC().Round(0) }
