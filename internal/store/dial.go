package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
)

// A Config says how to reach a cluster of etcd.
type Config struct {
	Endpoints []string    // URLs of the members, or of some
	TLS       *tls.Config // nil for what the URLs say: with http none, with https the authorities of the system
	Username  string      // "" for a cluster without authentication
	Password  string
	Prefix    string // what the keys begin with; DefaultPrefix, if ""
}

const (
	// dialTimeout bounds the wait for the first answer.
	dialTimeout = 5 * time.Second

	// A connection is dead if it is silent for so long, and then for so long again when it is asked. etcd does not
	// let itself be asked more often than every five seconds.
	keepaliveTime    = 10 * time.Second
	keepaliveTimeout = 5 * time.Second

	// maxMessage is above what any etcd takes, so that it is etcd that says what is too large.
	maxMessage = 256 << 20
)

// Dial returns a Store on a cluster of etcd that has answered. Its errors are ErrUnavailable, the reason of ctx, and
// those of a wrong setup, as a password that is refused.
func Dial(ctx context.Context, c Config) (Store, error) {
	if len(c.Endpoints) == 0 {
		return nil, errors.New("store: no etcd endpoints are given")
	}
	if (c.Username == "") != (c.Password == "") {
		return nil, errors.New("store: an etcd user needs a name and a password")
	}
	within, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := c.probe(within); err != nil {
		return nil, c.failure(err)
	}
	client, err := clientv3.New(c.client(ctx))
	if err != nil {
		return nil, c.failure(typed(ctx, err))
	}
	s := New(client, Options{Prefix: c.Prefix})
	if err := s.View(within, 0, func(r Reader) error { r.Revision(); return nil }); err != nil {
		s.Close()
		return nil, c.failure(err)
	}
	return s, nil
}

// client is how to make a client, which outlives ctx.
func (c *Config) client(ctx context.Context) clientv3.Config {
	return clientv3.Config{
		Endpoints: c.Endpoints, TLS: c.TLS, Username: c.Username, Password: c.Password,
		Context: context.WithoutCancel(ctx), Logger: zap.NewNop(),
		DialTimeout: dialTimeout, DialKeepAliveTime: keepaliveTime, DialKeepAliveTimeout: keepaliveTimeout,
		MaxCallSendMsgSize: maxMessage,
	}
}

// probe waits until a member answers, be it that it wants a password. The client of etcd waits too, but does not tell
// what it waited for: a name that is not known, a port where nobody listens, a certificate that is not trusted.
func (c *Config) probe(ctx context.Context) error {
	config := c.client(ctx)
	config.Username, config.Password = "", ""
	client, err := clientv3.New(config)
	if err != nil {
		return typed(ctx, err)
	}
	defer client.Close()
	reason := errors.New("no answer")
	for wait := (backoff{first: 10 * time.Millisecond, most: 200 * time.Millisecond}); ; {
		_, err := etcdserverpb.NewMaintenanceClient(client.ActiveConnection()).Status(ctx, &etcdserverpb.StatusRequest{})
		switch {
		case code(err) == codes.Unavailable:
			reason = err
		case ctx.Err() == nil:
			return nil
		}
		if cause := wait.sleep(ctx); cause != nil {
			return fmt.Errorf("%w: %w (%w)", ErrUnavailable, reason, cause)
		}
	}
}

func (c *Config) failure(err error) error {
	return fmt.Errorf("etcd at %s: %w", strings.Join(c.Endpoints, ", "), err)
}
