package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, nil) }

func TestClusterKeepsTheLaw(t *testing.T) {
	c := storetest.NewCluster(t, 3)
	storetest.Test(t, func(t *testing.T) store.Store { return c.Open(t) })
	t.Run("DefragmentationLosesNothing", func(t *testing.T) {
		s := c.Open(t)
		rev, err := s.Update(t.Context(), func(tx store.Txn) error { tx.Put("key", []byte("value")); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Defragment(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := s.View(t.Context(), rev, func(r store.Reader) error { _, err := r.Get("key"); return err }); err != nil {
			t.Error(err)
		}
	})
}

// An ack is an Update that the store acknowledged.
type ack struct {
	key string
	rev store.Revision
}

// writing writes as fast as it can, from several goroutines, until it is stopped. What fails may or may not be there.
type writing struct {
	mu    sync.Mutex
	acks  []ack
	ended atomic.Bool
	group sync.WaitGroup
}

// stop waits for what is under way.
func (w *writing) stop() {
	w.ended.Store(true)
	w.group.Wait()
}

func startWriting(t *testing.T, s store.Store) *writing {
	w := &writing{}
	t.Cleanup(w.stop)
	for g := range 4 {
		w.group.Go(func() {
			for i := 0; !w.ended.Load(); i++ {
				key := fmt.Sprintf("%d/%d", g, i)
				rev, err := s.Update(t.Context(), func(tx store.Txn) error {
					if ok, err := tx.Any(key); ok || err != nil {
						return errors.Join(err, errors.New("the key is there already"))
					}
					tx.Put(key, []byte(key))
					tx.Put("last/"+key[:1], []byte(key))
					return nil
				})
				switch {
				case err == nil:
					w.mu.Lock()
					w.acks = append(w.acks, ack{key, rev})
					w.mu.Unlock()
				case !errors.Is(err, store.ErrUncertain) && !errors.Is(err, store.ErrUnavailable):
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	return w
}

// wait waits until n more were acknowledged.
func (w *writing) wait(t *testing.T, n int) {
	t.Helper()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.acks)
	}
	n += count()
	for deadline := time.Now().Add(storetest.Patience); count() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d acknowledged, want %d", count(), n)
		}
	}
}

func TestKilledLeaderLosesNothingAcknowledged(t *testing.T) {
	c := storetest.NewCluster(t, 3)
	s := c.Open(t)
	base, err := s.Update(t.Context(), func(tx store.Txn) error { tx.Put("begin", nil); return nil })
	if err != nil {
		t.Fatal(err)
	}
	watched := make(chan map[string]store.Revision)
	go func() {
		seen := map[string]store.Revision{}
		last := base
		for change, err := range s.Watch(t.Context(), base) {
			if err != nil {
				t.Errorf("Watch: %v", err)
				break
			}
			if change.Revision <= last || len(change.Puts) != 2 && change.Puts[0].Key != "end" {
				t.Errorf("after revision %d came %+v", last, change)
			}
			last = change.Revision
			for _, r := range change.Puts {
				if _, twice := seen[r.Key]; twice && r.Key[:4] != "last" {
					t.Errorf("%s was seen twice", r.Key)
				}
				seen[r.Key] = change.Revision
			}
			if _, end := seen["end"]; end {
				break
			}
		}
		watched <- seen
	}()

	w := startWriting(t, s)
	for range 2 {
		w.wait(t, 100)
		leader := c.Leader()
		c.Kill(leader)
		w.wait(t, 100) // the others have a new leader
		c.Restart(leader)
		c.WaitFor(leader)
	}
	w.stop()
	for {
		_, err := s.Update(t.Context(), func(tx store.Txn) error { tx.Put("end", nil); return nil })
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrUncertain) {
			t.Fatal(err)
		}
	}
	seen := <-watched
	stored := map[string]store.Record{}
	if err := s.View(t.Context(), 0, func(r store.Reader) error {
		for record, err := range r.List("") {
			if err != nil {
				return err
			}
			stored[record.Key] = record
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, a := range w.acks {
		if r := stored[a.key]; string(r.Value) != a.key || r.Revision != a.rev {
			t.Errorf("%s, acknowledged at %d, is %q at %d", a.key, a.rev, r.Value, r.Revision)
		}
	}
	for key, r := range stored {
		if seen[key] != r.Revision && key != "begin" && r.Revision < seen["end"] { // an uncertain one may come later
			t.Errorf("the watch saw %s at %d, it is at %d", key, seen[key], r.Revision)
		}
	}
	for key := range seen {
		if _, ok := stored[key]; !ok {
			t.Errorf("the watch saw %s, which is not there", key)
		}
	}
}

// Without most members nothing can be written, and the store says so rather than wait for ever; when they are back, so
// is it, and its watch as well.
func TestStoreSurvivesTheLossOfMostMembers(t *testing.T) {
	t.Parallel()
	c := storetest.NewCluster(t, 3)
	s := c.Open(t)
	put := func(key string) (store.Revision, error) {
		ctx, cancel := context.WithTimeout(t.Context(), storetest.Patience)
		defer cancel()
		return s.Update(ctx, func(tx store.Txn) error { tx.Put(key, nil); return nil })
	}
	rev, err := put("before")
	if err != nil {
		t.Fatal(err)
	}
	saw := make(chan store.Change, 100)
	go func() {
		for change, err := range s.Watch(t.Context(), rev) {
			if err != nil {
				t.Errorf("Watch: %v", err)
			}
			saw <- change
		}
	}()
	leader := c.Leader()
	other := (leader + 1) % 3
	c.Kill(leader)
	c.Kill(other)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	lost := func(tx store.Txn) error { tx.Put("lost", nil); return nil }
	if _, err := s.Update(short, lost); !errors.Is(err, store.ErrUncertain) {
		t.Errorf("Update without most members = %v, want ErrUncertain", err)
	}
	// It takes an election to notice.
	for st := (store.Status{Leader: "?"}); st.Leader != ""; time.Sleep(10 * time.Millisecond) {
		if st, err = s.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st.Leader == "" && (st.Members != 3 || len(st.Alarms) != 3) {
			t.Errorf("Status = %+v; want two that do not answer, and no leader", st)
		}
	}
	c.Restart(leader)
	c.Restart(other)
	for err = store.ErrUncertain; errors.Is(err, store.ErrUncertain); {
		rev, err = put("after")
	}
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(storetest.Patience); ; {
		select {
		case change := <-saw:
			if change.Revision == rev {
				return
			}
		case <-deadline:
			t.Fatal("the watch did not come back")
		}
	}
}

func TestDialWithTLSAndPassword(t *testing.T) {
	t.Parallel()
	c := storetest.NewSecureCluster(t, 1)
	client := c.Client(t)
	ctx, cancel := context.WithTimeout(t.Context(), storetest.Patience)
	defer cancel()
	config := c.Config()
	config.Username, config.Password = "writ", "secret"
	for _, err := range []error{
		second(client.UserAdd(ctx, "root", "root")),
		second(client.UserGrantRole(ctx, "root", "root")),
		second(client.UserAdd(ctx, "writ", "secret")),
		second(client.RoleAdd(ctx, "writ")),
		second(client.RoleGrantPermission(ctx, "writ", config.Prefix, clientv3.GetPrefixRangeEnd(config.Prefix),
			clientv3.PermissionType(clientv3.PermReadWrite))),
		second(client.UserGrantRole(ctx, "writ", "writ")),
		second(client.AuthEnable(ctx)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Dial(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rev, err := s.Update(ctx, func(tx store.Txn) error {
		if ok, err := tx.Any(""); ok || err != nil {
			return fmt.Errorf("Any = %v, %w", ok, err)
		}
		tx.Put("key", nil)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for change, err := range s.Watch(ctx, rev-1) {
		if err != nil || change.Revision != rev {
			t.Errorf("Watch yields %+v, %v", change, err)
		}
		break
	}
	if st, err := s.Status(ctx); err != nil || st.Members != 1 || len(st.Alarms) > 0 {
		t.Errorf("Status = %+v, %v", st, err)
	}

	for name, wrong := range map[string]struct {
		change func(*store.Config)
		want   string
	}{
		"wrong password":      {func(c *store.Config) { c.Password = "guess" }, "authentication failed"},
		"no password":         {func(c *store.Config) { c.Password = "" }, "needs a name and a password"},
		"nobody":              {func(c *store.Config) { c.Username, c.Password = "", "" }, "user name is empty"},
		"another's prefix":    {func(c *store.Config) { c.Prefix = "/other/" }, "permission denied"},
		"no trust":            {func(c *store.Config) { c.TLS = nil }, "unknown authority"},
		"no TLS":              {func(c *store.Config) { c.TLS, c.Endpoints = nil, plain(c.Endpoints) }, "server preface"},
		"no endpoints":        {func(c *store.Config) { c.Endpoints = nil }, "no etcd endpoints"},
		"nobody at that port": {func(c *store.Config) { c.Endpoints = []string{"https://127.0.0.1:1"} }, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // some wait
			config := config
			wrong.change(&config)
			s, err := store.Dial(t.Context(), config)
			if err == nil {
				s.Close()
				t.Fatal("Dial succeeds")
			}
			if !strings.Contains(err.Error(), wrong.want) {
				t.Errorf("Dial = %v, want %q", err, wrong.want)
			}
		})
	}
}

// plain are the URLs without TLS.
func plain(urls []string) (plain []string) {
	for _, url := range urls {
		plain = append(plain, "http"+strings.TrimPrefix(url, "https"))
	}
	return plain
}

func second[T any](_ T, err error) error { return err }
