// Package member runs a single member of etcd in this process: the store of a Writ that is one server, and of tests.
//
// It listens on no port; the client calls the server in process. It is ready in about a tenth of a second. What an
// Update has acknowledged is on disk, unless the member is ephemeral.
//
// The folder is for one process at a time, and holds what an etcd of version 3.7 keeps in its --data-dir.
package member

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	"github.com/writ-iam/writ/internal/store"
)

// The limits of a member.
const (
	// DefaultQuota is as large as etcd recommends a database to be.
	DefaultQuota = 8 << 30

	// MaxTxnOps is how many records a transaction may read, and how many it may write.
	MaxTxnOps = 10_000

	// MaxRequestBytes is how large what a transaction writes may be, keys, guards and values together.
	MaxRequestBytes = 8 << 20
)

// A single member elects itself as soon as it lets itself, so it need not be patient: milliseconds.
const (
	tick     = 10
	election = 100
)

// ErrInUse is the error of Start in a folder that another process uses.
var ErrInUse = errors.New("member: the folder is in use by another process")

// A Config says where a member keeps its state. The zero Config is not valid: name a Dir, or be Ephemeral.
type Config struct {
	// Dir is the folder of the state. It is made, with mode 0700, if it is not there.
	Dir string

	// Ephemeral keeps the state in a new folder in Dir, or in the system's folder for such, that Close removes. It
	// does not wait for the disk, so that writing is fast, and nothing would survive a crash.
	Ephemeral bool

	// Quota is how many bytes the database may take; DefaultQuota, if 0.
	Quota int64

	// Logger gets the warnings and errors of etcd; nobody, if nil.
	Logger *slog.Logger
}

// Start runs a member and returns the store on it. Closing the store ends the member. If another process uses the
// folder, the error is ErrInUse.
func Start(ctx context.Context, c Config) (_ store.Store, err error) {
	m := &member{}
	defer func() {
		if r := recover(); r != nil { // this is how etcd says that it cannot open its files
			err = fmt.Errorf("member: etcd cannot run in %s: %v", m.dir, r)
		}
		if err != nil {
			m.close()
		}
	}()
	if err := m.openDir(c); err != nil {
		return nil, err
	}
	if err := m.checkDatabase(); err != nil {
		return nil, err
	}
	if m.etcd, err = embed.StartEtcd(m.config(c)); err != nil {
		return nil, fmt.Errorf("member: %w", err)
	}
	select {
	case <-m.etcd.Server.ReadyNotify(): // all that was committed before is applied
	case err := <-m.etcd.Err():
		return nil, fmt.Errorf("member: %w", err)
	case <-m.etcd.Server.StopNotify():
		return nil, errors.New("member: etcd ended as it started")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	client := v3client.New(m.etcd.Server)
	client.Maintenance = maintenance{client.Maintenance, m.etcd.Server}
	client.KV = kv{client.KV, m.etcd.Server}
	return store.New(client, store.Options{Single: true, Close: m.close}), nil
}

// A member is what Start opened and close closes.
type member struct {
	dir       string
	ephemeral bool
	lock      *fileutil.LockedFile
	etcd      *embed.Etcd
}

// openDir makes the folder and locks it. etcd has a lock too, but would wait for it.
func (m *member) openDir(c Config) (err error) {
	if m.dir = c.Dir; c.Ephemeral {
		if m.dir, err = os.MkdirTemp(c.Dir, "writ-etcd-"); err != nil {
			return fmt.Errorf("member: %w", err)
		}
		m.ephemeral = true
	} else if c.Dir == "" {
		return errors.New("member: no folder is given")
	} else if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return fmt.Errorf("member: %w", err)
	}
	m.lock, err = fileutil.TryLockFile(filepath.Join(m.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		return fmt.Errorf("%w: %s", ErrInUse, m.dir)
	}
	if err != nil {
		return fmt.Errorf("member: %w", err)
	}
	return nil
}

// checkDatabase opens the database, if there is one, as etcd will do: but etcd would end the process if it cannot.
func (m *member) checkDatabase() error {
	path := filepath.Join(m.dir, "member", "snap", "db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return fmt.Errorf("member: the database %s cannot be opened: %w", path, err)
	}
	return db.Close()
}

func (m *member) config(c Config) *embed.Config {
	cfg := embed.NewConfig()
	cfg.Name = "writ"
	cfg.Dir = m.dir
	cfg.ListenClientUrls, cfg.ListenPeerUrls, cfg.ListenMetricsUrls = nil, nil, nil
	cfg.AdvertiseClientUrls = nil
	cfg.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: "localhost:0"}} // etcd wants one; nobody calls it
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.TickMs, cfg.ElectionMs = tick, election
	cfg.MaxTxnOps, cfg.MaxRequestBytes = MaxTxnOps, MaxRequestBytes
	cfg.QuotaBackendBytes = c.Quota
	if c.Quota == 0 {
		cfg.QuotaBackendBytes = DefaultQuota
	}
	cfg.UnsafeNoFsync = c.Ephemeral
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zapLogger(c.Logger))
	return cfg
}

// close ends the member: what it acknowledged is on disk already. It can be called at any state of Start.
func (m *member) close() (err error) {
	if m.etcd != nil {
		m.etcd.Close()
	}
	if m.lock != nil {
		err = m.lock.Close()
	}
	if m.ephemeral {
		err = errors.Join(err, os.RemoveAll(m.dir))
	}
	return err
}

// maintenance replaces a call that etcd's own client in process cannot make: it wants a health service to notify.
type maintenance struct {
	clientv3.Maintenance
	server *etcdserver.EtcdServer
}

func (m maintenance) Defragment(context.Context, string) (*clientv3.DefragmentResponse, error) {
	return &clientv3.DefragmentResponse{}, m.server.Defragment()
}
