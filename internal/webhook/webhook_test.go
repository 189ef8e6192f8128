package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/store"
)

// TestWhatIsPublishedIsSent: what comes after the webhook, in order, signed as another's library verifies it.
func TestWhatIsPublishedIsSent(t *testing.T) {
	w := newWorld(t)
	to := newReceiver(t, nil)
	w.publish(iam.Publication{Policy: "Before"})
	secret := w.create("all", to.URL, iam.WebhookFilter{})
	w.publish(iam.Publication{Policy: "Deployer", Note: "deploys", Document: iam.NewDocument(allow("s3:GetObject"))})
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "incomparable", Added: []string{"iam:ListRoles"}, Removed: []string{"s3:GetObject"}, Reason: "moved", Feature: "roles", By: "arn:aws:iam::111122223333:user/dev"})
	d := w.node(w.store)
	w.run(d)
	if want := []string{id("all", 2), id("all", 3)}; !slices.Equal(to.ids(), want) {
		t.Fatalf("got %v, want %v", to.ids(), want)
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range to.all() {
		if err := verifier.Verify([]byte(m.body), m.header); err != nil {
			t.Error(err)
		}
		if verifier.Verify([]byte(m.body+" "), m.header) == nil {
			t.Error("another body verifies")
		}
		if got := m.header.Get("Content-Type"); got != "application/json" {
			t.Error(got)
		}
	}
	other, _ := standardwebhooks.NewWebhook(w.create("other", to.URL, iam.WebhookFilter{}))
	if m := to.all()[0]; other.Verify([]byte(m.body), m.header) == nil {
		t.Error("it verifies by the secret of another webhook")
	}
	if got, want := to.all()[0].header.Get("webhook-id"), fmt.Sprintf("msg_wh-all_2_%d", w.now().Unix()); got != want {
		t.Errorf("the id is %s, want %s", got, want)
	}
	var first, second map[string]any
	if err := json.Unmarshal([]byte(to.all()[0].body), &first); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(to.all()[1].body), &second); err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:iam::aws:policy/platform/Deployer"
	attributes := map[string]any{
		"publisher": "platform", "policy": "Deployer", "arn": arn, "version": "v2", "verdict": "incomparable", "removal": true, "feature": "roles",
		"services": []any{"iam", "s3"}, "servicesAdded": []any{"iam"}, "servicesRemoved": []any{"s3"},
	}
	if !reflect.DeepEqual(second["attributes"], attributes) || second["type"] != "managed_policy.published" {
		t.Errorf("got %v", second)
	}
	data := second["data"].(map[string]any)
	for name, want := range map[string]any{
		"id": "tag:writ-iam,2026:" + arn + "@v2", "entry": 3.0, "arn": arn, "version": "v2", "verdict": "incomparable", "reason": "moved",
		"added": []any{"iam:ListRoles"}, "removed": []any{"s3:GetObject"}, "publishedBy": "arn:aws:iam::111122223333:user/dev",
	} {
		if !reflect.DeepEqual(data[name], want) {
			t.Errorf("%s is %v, want %v", name, data[name], want)
		}
	}
	if a := first["attributes"].(map[string]any); !reflect.DeepEqual(a["servicesAdded"], []any{"s3"}) || a["removal"] != false {
		t.Errorf("the first version: %v", a)
	}
	if len(w.pending("all"))+len(w.dead("all")) > 0 {
		t.Error("something is left")
	}
}

// TestWhatFailsIsAttemptedAgain by the schedule, with the same id and body and another date, and ends among the dead letters.
func TestWhatFailsIsAttemptedAgain(t *testing.T) {
	w := newWorld(t)
	to := newReceiver(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusBadGateway) })
	w.create("down", to.URL, iam.WebhookFilter{})
	w.publish(iam.Publication{Policy: "Deployer"})
	d := w.node(w.store)
	w.run(d)
	for n, delay := range delays {
		list := w.pending("down")
		if len(to.all()) != n+1 || len(list) != 1 || list[0].Attempts != n+1 || list[0].Status != 502 || list[0].Error != "the answer is 502 Bad Gateway" {
			t.Fatalf("after attempt %d of %d: %+v", n+1, len(to.all()), list)
		}
		wait := list[0].Next.Sub(w.now())
		if off := float64(wait)/float64(delay) - 1; off < -jitter-0.01 || off > jitter+0.01 {
			t.Errorf("attempt %d is followed by %v; the schedule says %v", n+1, wait, delay)
		}
		w.turn(wait - time.Second)
		if w.run(d); len(to.all()) != n+1 {
			t.Errorf("attempt %d came too early", n+2)
		}
		w.turn(time.Second)
		w.run(d)
	}
	dead := w.dead("down")
	if len(to.all()) != 10 || len(w.pending("down")) > 0 || len(dead) != 1 || dead[0].Entry != 1 || dead[0].Attempts != 10 || dead[0].Status != 502 {
		t.Fatalf("%d attempts, %+v", len(to.all()), dead)
	}
	first := to.all()[0]
	for _, m := range to.all()[1:] {
		if m.body != first.body || m.header.Get("webhook-id") != first.header.Get("webhook-id") {
			t.Error("an attempt has another id or body")
		}
	}
	if last := to.all()[9]; last.header.Get("webhook-timestamp") == first.header.Get("webhook-timestamp") {
		t.Error("the date of an attempt is that of the first")
	}
	w.turn(1000 * time.Hour)
	if w.run(d); len(to.all()) != 10 {
		t.Error("a dead letter was attempted")
	}

	// Redelivered, it begins anew, and is taken.
	to.answer = nil
	w.update(func(tx iam.Txn) error { _, err := iam.Redeliver(tx, account, "down", 1, w.now().UTC()); return err })
	w.run(d)
	if ids := to.ids(); len(ids) != 11 || ids[10] != ids[0] || len(w.dead("down"))+len(w.pending("down")) > 0 {
		t.Errorf("after redelivery: %v", ids)
	}
	_, err := w.store.Update(t.Context(), func(tx store.Txn) error {
		_, err := iam.Redeliver(iam.NewTxn(tx), account, "down", 1, w.now())
		return err
	})
	if !iam.Is(err, iam.NoSuchEntity) {
		t.Errorf("redelivered once more: %v", err)
	}
}

// TestAnswers: what counts as taken, and what is said of what does not.
func TestAnswers(t *testing.T) {
	w := newWorld(t)
	slow := make(chan struct{})
	defer close(slow)
	far := newReceiver(t, nil)
	entry := w.publish(iam.Publication{Policy: "Deployer"})
	d := w.node(w.store)
	for _, test := range []struct {
		answer func(http.ResponseWriter)
		status int
		err    string
		after  time.Duration // the next attempt, at least
	}{
		{func(w http.ResponseWriter) { w.WriteHeader(200) }, 200, "", 0},
		{func(w http.ResponseWriter) { w.WriteHeader(202); w.Write(make([]byte, 1<<20)) }, 202, "", 0},
		{func(w http.ResponseWriter) { w.WriteHeader(400) }, 400, "the answer is 400 Bad Request", 0},
		{func(w http.ResponseWriter) { w.WriteHeader(599) }, 599, "the answer is 599", 0},
		{func(w http.ResponseWriter) { w.Header().Set("Location", far.URL); w.WriteHeader(307) }, 307, "the answer is a redirect (307 Temporary Redirect), which is not followed", 0},
		{func(w http.ResponseWriter) { w.Header().Set("Retry-After", "3600"); w.WriteHeader(429) }, 429, "the answer is 429 Too Many Requests", time.Hour},
		{func(h http.ResponseWriter) {
			h.Header().Set("Retry-After", w.now().Add(2*time.Hour).UTC().Format(http.TimeFormat))
			h.WriteHeader(503)
		}, 503, "the answer is 503 Service Unavailable", 2*time.Hour - time.Second},
		{func(w http.ResponseWriter) { w.Header().Set("Retry-After", "99999999"); w.WriteHeader(503) }, 503, "the answer is 503 Service Unavailable", maxDelay},
		{func(w http.ResponseWriter) { w.Header().Set("Retry-After", "soon"); w.WriteHeader(503) }, 503, "the answer is 503 Service Unavailable", 0},
		{func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 0, "the connection was closed without an answer", 0},
	} {
		to := newReceiver(t, func(w http.ResponseWriter, _ int) { test.answer(w) })
		h := &iam.Webhook{Account: account, Name: "x", ID: "wh-x", URL: to.URL}
		h.Sealed = w.keys.SealSecret(h.ID, NewSecret(zeros{}))
		a := d.attempt(t.Context(), h, &iam.Delivery{Account: account, Webhook: "x", Entry: entry.Entry})
		most := max(test.after, delays[0]) + delays[0]
		if a.Status != test.status || a.Error != test.err || a.Delivered != (test.err == "") ||
			test.err != "" && (a.Next.Before(w.now().Add(test.after)) || a.Next.After(w.now().Add(most))) {
			t.Errorf("got %+v; want status %d, %q, and a pause of %v", a, test.status, test.err, test.after)
		}
	}
	if len(far.all()) > 0 {
		t.Error("a redirect was followed")
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	h := &iam.Webhook{Account: account, Name: "x", ID: "wh-x", URL: gone.URL}
	h.Sealed = w.keys.SealSecret(h.ID, NewSecret(zeros{}))
	if a := d.attempt(t.Context(), h, &iam.Delivery{Entry: entry.Entry}); a.Error != "no connection could be made" {
		t.Errorf("%+v", a)
	}
	hung := newReceiver(t, func(http.ResponseWriter, int) { <-slow })
	h.URL = hung.URL
	d.client.Timeout = 50 * time.Millisecond
	if a := d.attempt(t.Context(), h, &iam.Delivery{Entry: entry.Entry}); a.Error != "no answer within 15s" {
		t.Errorf("%+v", a)
	}
	h.Sealed = w.keys.SealSecret("wh-y", NewSecret(zeros{}))
	if a := d.attempt(t.Context(), h, &iam.Delivery{Entry: entry.Entry}); a.Delivered || !strings.HasPrefix(a.Error, "the secret cannot be used") {
		t.Errorf("%+v", a)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestGoneDisables: the webhook gets no more, and goes on where it was when it is enabled.
func TestGoneDisables(t *testing.T) {
	w := newWorld(t)
	to := newReceiver(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusGone) })
	w.create("gone", to.URL, iam.WebhookFilter{})
	for range 3 {
		w.publish(iam.Publication{Policy: "Deployer"})
	}
	d := w.node(w.store)
	w.run(d)
	w.publish(iam.Publication{Policy: "Deployer"})
	w.turn(1000 * time.Hour)
	w.run(d)
	if h := w.hook("gone"); len(to.all()) != 1 || !strings.HasPrefix(h.Disabled, "its receiver answered 410 Gone on 2") {
		t.Fatalf("%d attempts, %+v", len(to.all()), h)
	}
	if dead := w.dead("gone"); len(dead) != 1 || dead[0].Entry != 1 || len(w.pending("gone")) != 2 {
		t.Errorf("dead %+v", dead)
	}
	_, err := w.store.Update(t.Context(), func(tx store.Txn) error {
		_, err := iam.Redeliver(iam.NewTxn(tx), account, "gone", 1, w.now())
		return err
	})
	if !iam.Is(err, iam.EntityTemporarilyUnmodifable) {
		t.Errorf("redelivered to a webhook that is disabled: %v", err)
	}
	to.answer = nil
	w.update(func(tx iam.Txn) error { return iam.EnableWebhook(tx, account, "gone") })
	w.update(func(tx iam.Txn) error { _, err := iam.Redeliver(tx, account, "gone", 1, w.now().UTC()); return err })
	w.run(d)
	got := to.ids()[1:]
	slices.Sort(got)
	if want := []string{id("gone", 1), id("gone", 2), id("gone", 3), id("gone", 4)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestATestIsSentOnce, and is a dead letter if it is not taken.
func TestATestIsSentOnce(t *testing.T) {
	w := newWorld(t)
	to := newReceiver(t, func(w http.ResponseWriter, n int) { w.WriteHeader(map[int]int{1: 500, 2: 200}[n]) })
	w.create("x", to.URL, iam.WebhookFilter{Verdicts: []string{"narrower"}})
	d := w.node(w.store)
	for range 2 {
		w.turn(time.Second)
		w.update(func(tx iam.Txn) error { _, err := iam.TestWebhook(tx, account, "x", w.now().UTC()); return err })
		w.run(d)
		if n := len(to.all()); len(w.dead("x")) != 2-n || len(w.pending("x")) > 0 {
			t.Errorf("after test %d: dead %v, pending %v", n, w.dead("x"), w.pending("x"))
		}
	}
	if ids := to.ids(); len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("ids %v", ids)
	}
	if body := to.all()[0].body; !strings.Contains(body, `"type":"webhook.test"`) || !strings.Contains(body, `arn:aws:writ::111122223333:webhook/x`) {
		t.Error(body)
	}
}

// TestTwoNodesDeliverOnce: both run on one store, as they do in a cluster.
func TestTwoNodesDeliverOnce(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var to []*receiver
	for n := range 4 {
		to = append(to, newReceiver(t, nil))
		w.create(fmt.Sprint("h", n), to[n].URL, iam.WebhookFilter{})
	}
	ended := make(chan struct{}, 2)
	for range 2 {
		d := w.node(w.store)
		go func() { d.Run(ctx); ended <- struct{}{} }()
	}
	const entries = 40
	for range entries {
		w.publish(iam.Publication{Policy: "Deployer"})
	}
	until(t, func() bool {
		for range w.current().List("delivery/", "") {
			return false
		}
		return !slices.ContainsFunc(to, func(r *receiver) bool { return len(r.all()) < entries })
	})
	cancel()
	<-ended
	<-ended
	for n, r := range to {
		var want []string
		for entry := range entries {
			want = append(want, id(fmt.Sprint("h", n), entry+1))
		}
		if got := r.ids(); !slices.Equal(got, want) {
			t.Errorf("receiver %d got %v", n, got)
		}
		if w.pending(fmt.Sprint("h", n)) != nil {
			t.Errorf("receiver %d: %v", n, w.pending(fmt.Sprint("h", n)))
		}
	}
}

// until waits for a condition.
func until(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

// TestASlowReceiverHoldsNobodyElse.
func TestASlowReceiverHoldsNobodyElse(t *testing.T) {
	w := newWorld(t)
	stop := make(chan struct{})
	slow := newReceiver(t, func(http.ResponseWriter, int) { <-stop })
	fast := newReceiver(t, nil)
	w.create("a-slow", slow.URL, iam.WebhookFilter{})
	w.create("fast", fast.URL, iam.WebhookFilter{})
	ctx, cancel := context.WithCancel(t.Context())
	d := w.node(w.store)
	ended := make(chan struct{})
	go func() { d.Run(ctx); close(ended) }()
	w.publish(iam.Publication{Policy: "Deployer"})
	until(t, func() bool { return len(slow.all()) == 1 })
	for range 5 {
		w.publish(iam.Publication{Policy: "Deployer"})
	}
	until(t, func() bool { return len(fast.all()) == 6 })
	// The end does not wait for it, and leaves the claim to others: it is attempted by another node at once.
	cancel()
	<-ended
	close(stop)
	w.run(w.node(w.store))
	if got := slow.ids(); len(got) != 7 || got[0] != got[1] || len(w.pending("a-slow")) > 0 {
		t.Errorf("got %v", got)
	}
}

// TestACrashLosesNothing lets nodes die before and after any of their transactions, while entries are published and receivers fail
// now and then, and others go on. In the end each entry that a webhook asks for was sent, or is a dead letter; what was sent twice had
// the same id and body; and nothing was sent that was not asked for.
func TestACrashLosesNothing(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 2))
	w.publish(iam.Publication{Policy: "Early"})
	flaky := newReceiver(t, nil)
	flaky.answer = func(w http.ResponseWriter, n int) {
		if n%3 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusOK)
	}
	steady := newReceiver(t, nil)
	w.create("flaky", flaky.URL, iam.WebhookFilter{})
	w.create("steady", steady.URL, iam.WebhookFilter{Verdicts: []string{"broader"}})
	want := map[string]bool{}
	deaths := 0
	for step := range 50 {
		for range r.IntN(4) {
			verdict := []string{"broader", "equivalent"}[r.IntN(2)]
			e := w.publish(iam.Publication{Policy: fmt.Sprint("P", step%7), Verdict: verdict})
			want[id("flaky", e.Entry)] = true
			if verdict == "broader" {
				want[id("steady", e.Entry)] = true
			}
		}
		m := &mortal{Store: w.store, lives: 1 + r.IntN(12), after: r.IntN(2) == 0}
		d := w.node(m)
		w.run(d)
		w.turn(lease) // whoever died has a claim that stands for so long
		w.run(d)
		if m.isDead() {
			deaths++
		}
	}
	d := w.node(w.store)
	for range 3 * len(delays) { // no matter what failed, until it is sent
		w.run(d)
		w.turn(25 * time.Hour)
	}
	sent, bodies := map[string]int{}, map[string]string{}
	for _, m := range append(flaky.all(), steady.all()...) {
		key := m.id()
		sent[key]++
		if !want[key] {
			t.Errorf("%s was sent", key)
		}
		if bodies[key] != "" && bodies[key] != m.body {
			t.Errorf("%s has two bodies", key)
		}
		bodies[key] = m.body
	}
	twice := 0
	for key := range want {
		if sent[key] == 0 {
			t.Errorf("%s was not sent", key)
		}
		if sent[key] > 1 && strings.Contains(key, "steady") {
			twice++
		}
	}
	if len(w.pending("flaky"))+len(w.pending("steady"))+len(w.dead("flaky"))+len(w.dead("steady")) > 0 {
		t.Errorf("left: %v, %v, %v, %v", w.pending("flaky"), w.pending("steady"), w.dead("flaky"), w.dead("steady"))
	}
	if deaths < 15 || twice == 0 || twice > deaths {
		t.Errorf("%d nodes died, and %d messages of %d came twice: the test shows nothing", deaths, twice, len(want))
	}
}

// TestAClaimLapsesByTheClockOfWhoeverSeesIt: not before it was seen unchanged for the lease.
func TestAClaimLapsesByTheClockOfWhoeverSeesIt(t *testing.T) {
	w := newWorld(t)
	to := newReceiver(t, nil)
	w.create("x", to.URL, iam.WebhookFilter{})
	w.publish(iam.Publication{Policy: "Deployer"})
	dying := w.node(&mortal{Store: w.store, lives: 2}) // before it settles
	w.run(dying)
	if len(to.all()) != 1 || len(w.pending("x")) != 1 {
		t.Fatalf("sent %v, pending %v", to.ids(), w.pending("x"))
	}
	d := w.node(w.store)
	if got := w.run(d); got != lease || len(to.all()) != 1 {
		t.Errorf("it looks again in %v, and has sent %v", got, to.ids())
	}
	w.turn(lease - time.Second)
	if w.run(d); len(to.all()) != 1 {
		t.Error("the claim was taken too early")
	}
	w.turn(time.Second)
	if w.run(d); !slices.Equal(to.ids(), []string{id("x", 1), id("x", 1)}) || len(w.pending("x")) > 0 {
		t.Errorf("sent %v", to.ids())
	}
	// Who comes back from a long sleep cannot settle any more.
	turn := iam.Turn{Account: account, Webhook: "x", Was: dying.node + "-1", Claim: ""}
	_, err := w.store.Update(t.Context(), func(tx store.Txn) error {
		return iam.SettleDelivery(iam.NewTxn(tx), turn, &iam.Delivery{Account: account, Webhook: "x", Entry: 1}, iam.Attempt{Delivered: true})
	})
	if !iam.Is(err, iam.ConcurrentModification) {
		t.Errorf("a claim that was lost settles: %v", err)
	}
}

// TestADeletedWebhookGetsNothing, though it is deleted while it is worked on; nor does an account that is closed.
func TestADeletedWebhookGetsNothing(t *testing.T) {
	w := newWorld(t)
	remove := func() {
		for done := false; !done; {
			w.update(func(tx iam.Txn) (err error) { done, err = iam.DeleteWebhook(tx, account, "x"); return err })
		}
	}
	var once bool
	to := newReceiver(t, nil)
	to.answer = func(h http.ResponseWriter, _ int) {
		if !once {
			remove()
		}
		once = true
		h.WriteHeader(http.StatusInternalServerError)
	}
	w.create("x", to.URL, iam.WebhookFilter{})
	for range 3 {
		w.publish(iam.Publication{Policy: "Deployer"})
	}
	d := w.node(w.store)
	w.run(d)
	if w.current(); len(to.all()) != 1 || w.hook("x") != nil || len(w.pending("x")) > 0 {
		t.Errorf("sent %v, left %v", to.ids(), w.pending("x"))
	}
	w.create("x", to.URL, iam.WebhookFilter{}) // a namesake begins anew
	w.update(func(tx iam.Txn) error { tx.Put(&iam.Account{ID: account, Suspended: true}); return nil })
	w.publish(iam.Publication{Policy: "Deployer"})
	w.turn(time.Hour)
	if w.run(d); len(to.all()) != 1 {
		t.Errorf("sent %v", to.ids())
	}
}

// TestManyDeliveriesAreDeleted, more than a transaction takes.
func TestManyDeliveriesAreDeleted(t *testing.T) {
	w := newWorld(t)
	w.create("x", "https://example.com/", iam.WebhookFilter{})
	for from := 0; from < 1200; from += 300 {
		var entries []int
		for e := range 300 {
			entries = append(entries, from+e+1)
		}
		turn := iam.Turn{Account: account, Webhook: "x"}
		w.update(func(tx iam.Txn) error { return iam.AdvanceWebhook(tx, turn, from, from+300, entries, w.now()) })
	}
	n := 0
	for done := false; !done; n++ {
		w.update(func(tx iam.Txn) (err error) { done, err = iam.DeleteWebhook(tx, account, "x"); return err })
	}
	for key := range w.current().List("delivery/", "") {
		t.Errorf("left: %s", key)
	}
	if n != 3 || w.hook("x") != nil {
		t.Errorf("after %d transactions: %v", n, w.hook("x"))
	}
}
