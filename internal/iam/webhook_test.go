package iam

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTheLawsOfWebhooks publishes, moves cursors and settles at random, in the turns of deliverers that have the claim, lost it, or never
// had it. After each step, each entry since the webhook's creation is one of these: not yet come to, pending, dead, or delivered.
func TestTheLawsOfWebhooks(t *testing.T) {
	settled, lost := 0, 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		tx := NewTxn(memory{})
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		must(CreatePublisher(tx, Publisher{"platform", "/platform/", now}))
		entries := 0
		publish := func() {
			p := &Published{Publication: Publication{Time: now, Created: now, Publisher: "platform", Path: "/platform/", Policy: fmt.Sprint("P", entries), Document: NewDocument("x")}}
			_, err := Publish(tx, p)
			must(err)
			entries++
		}
		for range r.IntN(5) {
			publish()
		}
		before := entries
		must(CreateWebhook(tx, &Webhook{Account: testAccount, Name: "x", ID: "wh-1"}))
		if err := CreateWebhook(tx, &Webhook{Account: testAccount, Name: "x"}); !Is(err, EntityAlreadyExists) {
			t.Fatalf("a second of the name: %v", err)
		}
		cursor := func() *WebhookCursor {
			c, err := Get[WebhookCursor](tx, WebhookCursorKey(testAccount, "x"))
			must(err)
			return c
		}
		delivered := map[int]bool{}
		claims := 0
		claim := []string{"", "", ""} // of deliverers, as they believe
		for step := range 120 {
			now = now.Add(time.Minute)
			n := r.IntN(len(claim))
			turn := Turn{Account: testAccount, Webhook: "x", Was: claim[n], Claim: ""}
			if r.IntN(4) > 0 {
				claims++
				turn.Claim = fmt.Sprint("c", claims)
			}
			if r.IntN(3) == 0 {
				turn.Was = cursor().Claim // it saw the claim for too long
			}
			holds := turn.Was == cursor().Claim
			var err error
			switch r.IntN(6) {
			case 0:
				publish()
				continue
			case 1:
				err = ClaimWebhook(tx, turn)
			case 2, 3:
				from := cursor().After
				to := min(entries, from+r.IntN(3))
				var made []int
				for e := from + 1; e <= to; e++ {
					made = append(made, e)
				}
				if r.IntN(5) == 0 && from > 0 { // by a state that is old
					if err := AdvanceWebhook(tx, turn, from-1, to, made, now); !Is(err, ConcurrentModification) {
						t.Fatalf("seed %d, step %d: a cursor that moved on is moved: %v", seed, step, err)
					}
					continue
				}
				err = AdvanceWebhook(tx, turn, from, to, made, now)
			default:
				entry := before + 1 + r.IntN(max(1, entries-before))
				d, getErr := Get[Delivery](tx, DeliveryKey(testAccount, "x", entry))
				must(getErr)
				if d == nil {
					if dead, _ := Get[DeadLetter](tx, DeadLetterKey(testAccount, "x", entry)); dead != nil && r.IntN(3) == 0 {
						_, err := Redeliver(tx, testAccount, "x", entry, now)
						must(err)
					}
					continue
				}
				a := Attempt{Time: now, Delivered: r.IntN(3) == 0}
				if !a.Delivered && r.IntN(2) == 0 {
					a.Next = now.Add(time.Hour)
				}
				if err = SettleDelivery(tx, turn, d, a); err == nil {
					settled++
					if a.Delivered {
						delivered[entry] = true
					}
				}
			}
			switch {
			case holds != (err == nil):
				t.Fatalf("seed %d, step %d: whoever holds the claim (%v) got %v", seed, step, holds, err)
			case err == nil:
				claim[n] = turn.Claim
			case !Is(err, ConcurrentModification):
				t.Fatal(err)
			default:
				lost++
			}
			after := cursor().After
			for e := 1; e <= entries; e++ {
				d, err := Get[Delivery](tx, DeliveryKey(testAccount, "x", e))
				must(err)
				dead, err := Get[DeadLetter](tx, DeadLetterKey(testAccount, "x", e))
				must(err)
				states := 0
				for _, is := range []bool{e <= before || e > after, d != nil, dead != nil, delivered[e]} {
					if is {
						states++
					}
				}
				if states != 1 {
					t.Fatalf("seed %d, step %d: entry %d of %d, cursor %d: pending %v, dead %v, delivered %v", seed, step, e, entries, after, d, dead, delivered[e])
				}
			}
		}
	}
	if settled < 200 || lost < 200 {
		t.Errorf("%d attempts were settled and %d turns lost: the test shows nothing", settled, lost)
	}
}
