package member_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
	"github.com/writ-iam/writ/internal/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.Main(m, map[string]storetest.Role{"load": load})
}

func start(t testing.TB, c member.Config) store.Store {
	t.Helper()
	s, err := member.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestMemberKeepsTheLaw(t *testing.T) {
	storetest.Test(t, func(t *testing.T) store.Store { return start(t, member.Config{Dir: t.TempDir()}) })
}

func TestEphemeralMemberKeepsTheLaw(t *testing.T) {
	storetest.Test(t, func(t *testing.T) store.Store { return start(t, member.Config{Ephemeral: true}) })
}

func put(t *testing.T, s store.Store, key, value string) store.Revision {
	t.Helper()
	rev, err := s.Update(context.Background(), func(tx store.Txn) error { tx.Put(key, []byte(value)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func TestMemberKeepsItsStateInAPrivateFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := start(t, member.Config{Dir: dir})
	rev := put(t, s, "key", "value")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"", "member", "member/wal", "member/snap"} {
		if fi, err := os.Stat(filepath.Join(dir, sub)); err != nil || fi.Mode().Perm() != 0o700 {
			t.Errorf("folder %q: %v, %v", sub, fi.Mode(), err)
		}
	}
	s = start(t, member.Config{Dir: dir})
	err := s.View(context.Background(), rev, func(r store.Reader) error {
		got, err := r.Get("key")
		if string(got.Value) != "value" || got.Revision != rev {
			t.Errorf("after a restart the record is %+v", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for c, err := range s.Watch(context.Background(), rev-1) {
		if err != nil || c.Revision != rev {
			t.Errorf("after a restart Watch yields %+v, %v", c, err)
		}
		break
	}
}

func TestFolderIsForOneMember(t *testing.T) {
	dir := t.TempDir()
	s := start(t, member.Config{Dir: dir})
	if _, err := member.Start(context.Background(), member.Config{Dir: dir}); !errors.Is(err, member.ErrInUse) {
		t.Errorf("second Start = %v, want ErrInUse", err)
	}
	s.Close()
	start(t, member.Config{Dir: dir})
}

func TestStartThatFailsSaysWhy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx context.Context
		member.Config
	}{
		"no folder":        {context.Background(), member.Config{}},
		"a file":           {context.Background(), member.Config{Dir: file}},
		"below a file":     {context.Background(), member.Config{Dir: filepath.Join(file, "x"), Ephemeral: true}},
		"an ended context": {ended, member.Config{Ephemeral: true}},
	} {
		if _, err := member.Start(c.ctx, c.Config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEphemeralMemberLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := start(t, member.Config{Dir: dir, Ephemeral: true})
	put(t, s, "key", "value")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("Close leaves %v, %v", left, err)
	}
}

func TestNothingIsLoggedWhereNothingIsWrong(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	for range 2 {
		s := start(t, member.Config{Dir: dir, Logger: log})
		put(t, s, "key", "value")
		s.Close()
	}
	if out.Len() > 0 {
		t.Errorf("logged:\n%s", &out)
	}
}

func TestWarningsAreLogged(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	start(t, member.Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&out, nil))}).Close()
	want := `level=WARN msg="etcd: check file permission"`
	if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), want) {
		t.Errorf("logged:\n%s", &out)
	}
}

func TestDamagedFolderIsAnError(t *testing.T) {
	dir := t.TempDir()
	s := start(t, member.Config{Dir: dir})
	put(t, s, "key", "value")
	s.Close()
	db := filepath.Join(dir, "member", "snap", "db")
	if err := os.WriteFile(db, bytes.Repeat([]byte("x"), 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := member.Start(context.Background(), member.Config{Dir: dir}); err == nil {
		s.Close()
		t.Error("Start on a damaged database succeeds")
	} else if !strings.Contains(err.Error(), "invalid database") {
		t.Errorf("Start = %v", err)
	}
}

// A store that is full says so, and Maintain makes room again once something was deleted.
func TestFullStoreRecovers(t *testing.T) {
	const quota = 4 << 20
	s := start(t, member.Config{Dir: t.TempDir(), Quota: quota})
	value := string(bytes.Repeat([]byte("x"), 256<<10))
	var err error
	for err == nil {
		_, err = s.Update(context.Background(), func(tx store.Txn) error { tx.Put("key", []byte(value)); return nil })
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("Update = %v, want ErrFull", err)
	}
	st, err := s.Status(context.Background())
	if err != nil || len(st.Alarms) != 1 || st.Quota != quota {
		t.Errorf("Status = %+v, %v; want an alarm", st, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), storetest.Patience)
	defer cancel()
	go store.Maintain(ctx, s, slog.New(slog.DiscardHandler))
	for err = store.ErrFull; errors.Is(err, store.ErrFull) && ctx.Err() == nil; {
		_, err = s.Update(ctx, func(tx store.Txn) error { tx.Put("key", nil); return nil })
	}
	if err != nil {
		t.Errorf("after Maintain: %v", err)
	}
	if st, err := s.Status(ctx); err != nil || len(st.Alarms) > 0 || st.Size >= quota {
		t.Errorf("after Maintain: %+v, %v", st, err)
	}
}
