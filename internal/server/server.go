// Package server puts the floors below together: a store, the snapshot that follows it, the APIs on one HTTP listener,
// and what surrounds them: the first account, health, metrics, limits, and an end that loses nothing.
//
//	POST /         the APIs: IAM, STS, Organizations and Writ's own, told apart by the request
//	GET /healthz   200 while the process lives
//	GET /readyz    200 while it can serve: the store answers and the snapshot follows it; otherwise 503 and the reason
//	GET /metrics   figures in Prometheus' text format
//	GET /feeds/…   the history of managed policies, as RSS, Atom and JSON Feed
//
// # The first start
//
// A store without accounts gets one: its root user is in the store like any other, and its access key is written to a
// file in the format of AWS's shared credentials, with mode 0600. If that file is lost, the next start writes it again:
// whoever holds the store and the master key holds the root.
//
// # The master key
//
// Secrets in the store are encrypted, and session tokens sealed, with a key that is not in the store: a file in the
// data folder, or the one that [Config.KeyFile] names. All servers on one cluster need the same file.
package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/internal/audit"
	"github.com/writ-iam/writ/internal/feeds"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
	"github.com/writ-iam/writ/internal/webhook"
)

// A Config says how to serve. The zero Config, but for an account, is a server on a free port of the loopback interface
// whose state is gone afterwards.
type Config struct {
	Listen    string        // host:port; "" for a free port of 127.0.0.1
	Data      string        // folder of the store in this process
	Ephemeral bool          // keep nothing
	Etcd      *store.Config // a cluster, in place of a store in this process

	Account         string // of the first start: twelve digits
	RootCredentials string // file for the first account's root access key; "" for root-credentials in the data folder
	KeyFile         string // the master key; "" for master.key in the data folder
	AuditFile       string // "" for audit.jsonl in the data folder

	TLS *tls.Config // nil for plain HTTP, which is for loopback only
	// PrivateWebhooks lets webhooks lead to private and loopback addresses, and to the latter by http.
	PrivateWebhooks bool

	Rate float64      // calls a second and account; 0 for DefaultRate, below 0 for no limit
	Log  *slog.Logger // nil for none
	Now  func() time.Time
}

// DefaultRate is how many calls a second an account may make. It is meant to stop a loop gone wild, not to bill.
const DefaultRate = 20000

// The bounds on what comes in.
const (
	maxHeader     = 64 << 10
	maxConcurrent = 1024
	maxReaders    = 64 // of feeds, besides
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
)

// A Server is one that serves. Close ends it.
type Server struct {
	Root Root // the first account's root

	config   Config
	store    store.Store
	live     *snapshot.Live
	keys     *session.Keys
	audit    *audit.Log
	uses     *uses
	metrics  *metrics
	http     *http.Server
	listener net.Listener
	cancel   context.CancelFunc
	delivers chan struct{} // closed when no delivery of a webhook is under way any more; nil if none ever was
	failed   chan error
}

// Start opens the store, loads its state and begins to serve.
func Start(ctx context.Context, c Config) (_ *Server, err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{config: c, cancel: cancel, failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.Close(ctx)
		}
	}()
	if s.listener, err = net.Listen("tcp", c.Listen); err != nil { // first: it is what fails when a server runs already
		return nil, err
	}
	if s.store, err = c.open(ctx); err != nil {
		return nil, err
	}
	if s.keys, err = c.keys(ctx, s.store); err != nil {
		return nil, err
	}
	if s.Root, err = c.firstAccount(ctx, s.store, s.keys); err != nil {
		return nil, err
	}
	if s.live, err = snapshot.Follow(running, s.store, c.Log); err != nil {
		return nil, err
	}
	if s.audit, err = c.auditLog(); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(s)
	s.uses = recordUses(running, s.store, s.live, c.Log)
	go store.Maintain(running, s.store, c.Log)
	s.deliver(running)
	s.serve()
	return s, nil
}

// check refuses what cannot work, before anything is opened.
func (c *Config) check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen address %q: %w", c.Listen, err)
	}
	if ip := net.ParseIP(host); c.TLS == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("listen address %q is not on the loopback interface: that needs TLS", c.Listen)
	}
	if !arn.IsAccountID(c.Account) {
		return fmt.Errorf("account %q is not one of twelve digits", c.Account)
	}
	if c.Etcd != nil && (c.KeyFile == "" || c.RootCredentials == "" || c.AuditFile == "") && c.Data == "" {
		return errors.New("with etcd elsewhere, say where the master key, the root credentials and the audit log are: " +
			"name a data folder, or each of them")
	}
	return nil
}

// file is the path of a file that a setting names, or of one in the data folder. Without either it is "".
func (c *Config) file(setting, name string) string {
	if setting == "" && c.Data != "" {
		return filepath.Join(c.Data, name)
	}
	return setting
}

// keys reads the master key. A new one is made only for a store that nobody has written to: what is in another was
// sealed with a key that is somewhere.
func (c *Config) keys(ctx context.Context, s store.Store) (*session.Keys, error) {
	path := c.file(c.KeyFile, "master.key")
	if path == "" {
		return session.NewKeys(rand.Reader)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		used := false
		if err := s.View(ctx, 0, func(r store.Reader) (err error) { used, err = r.Any("account/"); return err }); err != nil {
			return nil, err
		}
		if used {
			return nil, fmt.Errorf("%s is not there, and the store is in use: put the master key there "+
				"that its secrets were encrypted with, or name its file", path)
		}
	}
	return session.LoadOrCreate(path)
}

func (c *Config) open(ctx context.Context) (store.Store, error) {
	if c.Etcd != nil {
		return store.Dial(ctx, *c.Etcd)
	}
	m := member.Config{Ephemeral: c.Ephemeral || c.Data == "", Logger: c.Log}
	if !m.Ephemeral {
		m.Dir = filepath.Join(c.Data, "etcd")
	}
	return member.Start(ctx, m)
}

func (c *Config) auditLog() (*audit.Log, error) {
	if path := c.file(c.AuditFile, "audit.jsonl"); path != "" {
		return audit.Open(path)
	}
	return audit.Discard(), nil
}

// serve answers requests until Close.
func (s *Server) serve() {
	handler := &op.Handler{
		Backend: &op.Backend{
			Store: s.store, Live: s.live, Keys: s.keys, Audit: s.audit,
			Now: s.config.Now, Rand: rand.Reader, Used: s.uses.used, PrivateWebhooks: s.config.PrivateWebhooks,
		},
		Services: services(), Log: s.config.Log,
		Limit: newLimiter(s.config.Rate, s.config.Now).allow, Observe: s.metrics.observe,
	}
	mux := http.NewServeMux()
	mux.Handle("/", bounded(handler, maxConcurrent))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.Handle(feeds.Path, bounded(s.feeds(handler), maxReaders))
	s.http = &http.Server{
		Handler: mux, TLSConfig: s.config.TLS, MaxHeaderBytes: maxHeader,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
	}
	go func() {
		var err error
		if s.config.TLS != nil {
			err = s.http.ServeTLS(s.listener, "", "")
		} else {
			err = s.http.Serve(s.listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

// feeds serves the history of managed policies. An account's own feed is a call like others.
func (s *Server) feeds(calls *op.Handler) http.Handler {
	return &feeds.Handler{
		State: s.live.Current, Now: s.config.Now,
		Admit: func(r *http.Request, in *feeds.Reading) (*op.Call, error) {
			return calls.Admit(r, "writ", "ListCatalogEntries", in, op.Target{Resource: "*"})
		},
	}
}

// deliver sends what is published to webhooks, until ctx is done.
func (s *Server) deliver(ctx context.Context) {
	d := webhook.New(webhook.Config{
		Store: s.store, Live: s.live, Keys: s.keys, Now: s.config.Now, Rand: rand.Reader, Log: s.config.Log, Alone: s.config.Etcd == nil, Private: s.config.PrivateWebhooks,
		Observe: s.metrics.delivered,
	})
	s.delivers = make(chan struct{})
	go func() {
		defer close(s.delivers)
		d.Run(ctx)
	}()
}

// ready tells whether calls can be served.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	err := s.live.Err()
	if err == nil {
		var status store.Status
		if status, err = s.store.Status(ctx); err == nil && len(status.Alarms) > 0 {
			err = fmt.Errorf("store: %s", status.Alarms[0])
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// URL is where the APIs are.
func (s *Server) URL() string {
	if s.config.TLS != nil {
		return "https://" + s.listener.Addr().String()
	}
	return "http://" + s.listener.Addr().String()
}

// Failed yields an error if serving ends by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Close lets the calls under way end, for as long as ctx allows, and then closes the store.
func (s *Server) Close(ctx context.Context) error {
	var errs []error
	if s.http != nil {
		err := s.http.Shutdown(ctx)
		if err != nil {
			s.http.Close() // what is still under way has no store any more
		}
		errs = append(errs, err)
	} else if s.listener != nil {
		errs = append(errs, s.listener.Close())
	}
	if s.uses != nil {
		s.uses.flush(ctx)
	}
	s.cancel()
	if s.delivers != nil {
		<-s.delivers // it writes what it last did
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.audit != nil {
		errs = append(errs, s.audit.Close())
	}
	return errors.Join(errs...)
}

// bounded refuses requests when too many are under way.
func bounded(h http.Handler, max int) http.Handler {
	room := make(chan struct{}, max)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
			h.ServeHTTP(w, r)
		default:
			http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
		}
	})
}
