package webhook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

const account = "111122223333"

// A world is a store with an account and a publisher, and a clock that the test turns.
type world struct {
	t     *testing.T
	store store.Store
	keys  *session.Keys
	live  *snapshot.Live
	ahead atomic.Int64
	began time.Time
	last  store.Revision
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	s, err := member.Start(t.Context(), member.Config{Ephemeral: true, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	keys, err := session.NewKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: s, keys: keys, began: time.Now()}
	w.live = w.follow(s)
	w.update(func(tx iam.Txn) error {
		tx.Put(&iam.Account{ID: account})
		return iam.CreatePublisher(tx, iam.Publisher{Name: "platform", Path: "/platform/", Created: w.now()})
	})
	return w
}

func (w *world) now() time.Time       { return w.began.Add(time.Duration(w.ahead.Load())) }
func (w *world) turn(d time.Duration) { w.ahead.Add(int64(d)) }

func (w *world) follow(s store.Store) *snapshot.Live {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	w.t.Cleanup(cancel)
	live, err := snapshot.Follow(ctx, s, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	return live
}

func (w *world) update(fn func(iam.Txn) error) {
	w.t.Helper()
	rev, err := w.store.Update(w.t.Context(), func(tx store.Txn) error { return fn(iam.NewTxn(tx)) })
	if err != nil {
		w.t.Fatal(err)
	}
	w.last = rev
	w.state(w.live)
}

// state is a state that has all that the test wrote.
func (w *world) state(live *snapshot.Live) *snapshot.Snapshot {
	w.t.Helper()
	s, err := live.Wait(w.t.Context(), w.last)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// create makes a webhook, and returns its secret.
func (w *world) create(name, url string, f iam.WebhookFilter) string {
	w.t.Helper()
	secret := NewSecret(rand.Reader)
	h := &iam.Webhook{Account: account, Name: name, ID: "wh-" + name, URL: url, Filter: f, Created: w.now()}
	h.Sealed = w.keys.SealSecret(h.ID, secret)
	w.update(func(tx iam.Txn) error { return iam.CreateWebhook(tx, h) })
	return secret
}

func allow(action string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"*"}}`
}

// publish publishes a policy of a name that nobody has, and returns the entry.
func (w *world) publish(p iam.Publication) *iam.Publication {
	w.t.Helper()
	p.Time, p.Created, p.Publisher, p.Path = w.now().UTC(), w.now().UTC(), "platform", "/platform/"
	if p.Verdict == "" {
		p.Verdict = "new"
	}
	if p.Document == nil {
		p.Document = iam.NewDocument(allow("iam:ListUsers"))
	}
	var entered *iam.Publication
	w.update(func(tx iam.Txn) (err error) {
		draft := p
		was := ""
		if owned, err := iam.Get[iam.OwnedPolicy](tx, iam.OwnedPolicyKey(p.Policy)); err == nil && owned != nil {
			was = owned.Versions[len(owned.Versions)-1].ID
		}
		entered, err = iam.Publish(tx, &iam.Published{Publication: draft, Was: was})
		return err
	})
	return entered
}

// node makes a deliverer as another process would have it.
func (w *world) node(s store.Store) *Deliverer {
	w.t.Helper()
	return New(Config{
		Store: s, Live: w.follow(s), Keys: w.keys, Now: w.now, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler), Private: true,
	})
}

// run lets a node do all that is due, and returns how long there will be no more.
func (w *world) run(d *Deliverer) time.Duration {
	w.t.Helper()
	for {
		w.state(d.Live)
		wait := d.round(w.t.Context())
		d.mu.Lock()
		busy := len(d.busy)
		d.mu.Unlock()
		if d.works.Wait(); busy == 0 {
			return wait
		}
	}
}

func (w *world) pending(hook string) (list []*iam.Delivery) {
	for _, r := range w.current().List(iam.DeliveriesPrefix(account, hook), "") {
		list = append(list, r.(*iam.Delivery))
	}
	return list
}

func (w *world) dead(hook string) (list []*iam.DeadLetter) {
	for _, r := range w.current().List(iam.DeadLettersPrefix(account, hook), "") {
		list = append(list, r.(*iam.DeadLetter))
	}
	return list
}

func (w *world) hook(name string) *iam.Webhook {
	return snapshot.Get[iam.Webhook](w.current(), iam.WebhookKey(account, name))
}

// current is the newest state of the store.
func (w *world) current() *snapshot.Snapshot {
	w.t.Helper()
	err := w.store.View(w.t.Context(), 0, func(r store.Reader) error { w.last = r.Revision(); return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return w.state(w.live)
}

// A receiver keeps what it gets. The function answer says what it answers; nil for 204.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(w http.ResponseWriter, nth int)
}

type received struct {
	header http.Header
	body   string
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, nth int)) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.got = append(r.got, received{q.Header, string(body)})
	n := len(r.got)
	r.mu.Unlock()
	if r.answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	r.answer(w, n)
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received{}, r.got...)
}

// ids are the messages in the order in which they came: their ids, without the dates of the entries.
func (r *receiver) ids() (list []string) {
	for _, m := range r.all() {
		list = append(list, m.id())
	}
	return list
}

func (m *received) id() string {
	text := m.header.Get("webhook-id")
	if i := strings.LastIndexByte(text, '_'); !strings.Contains(text, "_test_") {
		return text[:i]
	}
	return text
}

func id(hook string, entry int) string { return fmt.Sprintf("msg_wh-%s_%d", hook, entry) }

// A mortal store dies at one of its updates: just before it, or just after.
type mortal struct {
	store.Store
	mu    sync.Mutex
	lives int // updates until then
	after bool
	dead  bool
}

var errDead = errors.New("the process is dead")

func (m *mortal) Update(ctx context.Context, fn func(store.Txn) error) (store.Revision, error) {
	m.mu.Lock()
	m.lives--
	die := m.lives == 0
	if m.dead || die && !m.after {
		m.dead = true
		m.mu.Unlock()
		return 0, errDead
	}
	m.dead = die
	m.mu.Unlock()
	rev, err := m.Store.Update(ctx, fn)
	if die {
		return 0, errDead
	}
	return rev, err
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}
