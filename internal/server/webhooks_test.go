package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/store/storetest"
	"github.com/writ-iam/writ/internal/writapi"
)

// A receiver of webhooks keeps the bodies of messages by their ids.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	bodies map[string]string
	times  map[string]int // that each came
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusOK, bodies: map[string]string{}, times: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		id := q.Header.Get("webhook-id")
		if was, ok := r.bodies[id]; ok && was != string(body) {
			t.Errorf("%s has two bodies", id)
		}
		r.bodies[id] = string(body)
		r.times[id]++
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

// has reports whether a message came that has a text.
func (r *receiver) has(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, body := range r.bodies {
		if strings.Contains(body, text) {
			return true
		}
	}
	return false
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it does not come", what)
		}
	}
}

// TestWebhooksSurviveKills kills a server while it publishes and delivers. What was acknowledged comes all the same, if need be twice.
func TestWebhooksSurviveKills(t *testing.T) {
	dir, to := t.TempDir(), newReceiver(t)
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for round := range 3 {
		p := storetest.Start(t, "serve", dir)
		var url, id, secret string
		if _, err := fmt.Sscan(<-p.Lines, &url, &id, &secret); err != nil {
			t.Fatal(err)
		}
		c := configAt(url, id, secret, "")
		if round == 0 {
			if err := writ(c, "CreatePublisher", writapi.CreatePublisherInput{Name: "platform", Path: "/platform/"}, &writapi.CreatePublisherOutput{}); err != nil {
				t.Fatal(err)
			}
			if err := writ(c, "CreateWebhook", writapi.CreateWebhookInput{Name: "all", URL: to.URL}, &writapi.CreateWebhookOutput{}); err != nil {
				t.Fatal(err)
			}
		}
		var workers sync.WaitGroup
		enough := make(chan struct{}, 1000)
		for w := range 2 {
			workers.Go(func() {
				for i := 0; ; i++ {
					e, err := publish(c, fmt.Sprintf("Policy%d", w), fmt.Sprintf("a:%d-%d", round, i))
					if err != nil {
						return // killed
					}
					mu.Lock()
					acknowledged[`"id":"tag:writ-iam,2026:`+e.PolicyARN+"@"+e.VersionID+`"`] = true
					mu.Unlock()
					select {
					case enough <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 20 {
			<-enough
		}
		p.Kill()
		workers.Wait()
	}
	start(t, server.Config{Data: dir, PrivateWebhooks: true})
	for id := range acknowledged {
		until(t, id, func() bool { return to.has(id) })
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	twice := 0
	for _, n := range to.times {
		if n > 1 {
			twice++
		}
	}
	if len(acknowledged) < 60 || twice > 3 {
		t.Errorf("%d were published; %d of %d messages came more than once, after three kills", len(acknowledged), twice, len(to.times))
	}
}

// TestTheSecretIsNotOnRecord: the signing secret is in the answer, and neither in the audit log nor, as it is, in the store's files; and
// the metrics count what was attempted.
func TestTheSecretIsNotOnRecord(t *testing.T) {
	dir, to := t.TempDir(), newReceiver(t)
	s := start(t, server.Config{Data: dir, PrivateWebhooks: true})
	var out writapi.CreateWebhookOutput
	if err := writ(root(s), "CreateWebhook", writapi.CreateWebhookInput{Name: "x", URL: to.URL}, &out); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, []byte(`"signingSecret":"HIDDEN_DUE_TO_SECURITY_REASONS"`)) || !bytes.Contains(log, []byte("arn:aws:writ::"+account+":webhook/x")) {
		t.Errorf("the audit log has %s", log)
	}
	secret := strings.TrimPrefix(out.SigningSecret, "whsec_")
	if len(secret) != 44 {
		t.Fatal("the secret is not one of 32 bytes")
	}
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the secret is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
		to.mu.Lock()
		to.status = status
		to.mu.Unlock()
		if err := writ(root(s), "TestWebhook", writapi.TestWebhookInput{Name: "x"}, &writapi.TestWebhookOutput{}); err != nil {
			t.Fatal(err)
		}
		until(t, "a test", func() bool {
			var got writapi.GetWebhookOutput
			return writ(root(s), "GetWebhook", writapi.GetWebhookInput{Name: "x"}, &got) == nil && got.Webhook.Pending == 0
		})
	}
	for _, want := range []string{
		`writ_webhook_attempts_total{outcome="delivered"} 1`, `writ_webhook_attempts_total{outcome="failed"} 0`, `writ_webhook_attempts_total{outcome="dead"} 1`,
		"writ_webhook_pending 0", "writ_webhook_dead_letters 1",
	} {
		until(t, want, func() bool {
			_, body := get(t, http.DefaultClient, s.URL()+"/metrics")
			return strings.Contains(body, "\n"+want+"\n")
		})
	}
}
