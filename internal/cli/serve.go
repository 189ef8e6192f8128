package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/store"
)

const serveHelp = `Serve the IAM and STS APIs to the AWS CLI, the SDKs, Terraform and your own programs.

Every API is on one port. The state is kept on etcd: in this process, in the folder of --data; on a cluster that any number of
servers share, with --etcd-endpoints; or nowhere, with --ephemeral.

The first start makes an account, writes its root user's access key to a file and prints the lines that make the AWS CLI use it.
A restart keeps both. What a caller may do is decided by the policies in the store, and by nothing else.`

const serveExamples = `  # in the folder writ-data, on 127.0.0.1:8650
  writ serve

  # for a test: up in a moment, and nothing stays
  writ serve --ephemeral --listen 127.0.0.1:0

  # one of several servers on an etcd cluster
  writ serve --listen 0.0.0.0:8650 --tls-cert server.pem --tls-key server.key --data /var/lib/writ \
      --etcd-endpoints https://etcd-1:2379,https://etcd-2:2379,https://etcd-3:2379 --etcd-cacert ca.pem`

// serveFlags are the flags of writ serve.
type serveFlags struct {
	server.Config
	etcd               []string
	etcdCA, cert, key  string
	etcdCert, etcdKey  string
	etcdUser, password string
	jsonLog            bool
	quiet              bool
}

func (p *program) serve() *cobra.Command {
	f := &serveFlags{}
	c := &cobra.Command{
		Use: "serve", Short: "serve the IAM and STS APIs", Long: serveHelp, Example: serveExamples, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runServe(c.Context(), f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.Listen, "listen", "127.0.0.1:8650", "`address` to listen on; without TLS it must be on the loopback interface")
	flags.StringVar(&f.Data, "data", "", "`folder` for the state, the master key, the root credentials and the audit log (default writ-data)")
	flags.BoolVar(&f.Ephemeral, "ephemeral", false, "keep nothing")
	flags.StringVar(&f.Account, "account", "111122223333", "`id` of the account that the first start makes")
	flags.StringVar(&f.RootCredentials, "root-credentials", "", "`file` for the root user's access key (default root-credentials in the data folder)")
	flags.StringVar(&f.KeyFile, "key-file", "", "`file` of the master key, which all servers on one store share (default master.key in the data folder)")
	flags.StringVar(&f.AuditFile, "audit-log", "", "`file` for the audit log (default audit.jsonl in the data folder)")
	flags.StringVar(&f.cert, "tls-cert", "", "`file` of the server's certificate, PEM")
	flags.StringVar(&f.key, "tls-key", "", "`file` of the certificate's key, PEM")
	flags.Float64Var(&f.Rate, "rate", server.DefaultRate, "calls a second that each account may make; -1 for no limit")
	flags.BoolVar(&f.PrivateWebhooks, "webhook-allow-private", false, "let webhooks lead to private and loopback addresses, and to the latter by http")
	flags.StringSliceVar(&f.etcd, "etcd-endpoints", nil, "`URLs` of an etcd cluster")
	flags.StringVar(&f.etcdCA, "etcd-cacert", "", "`file` of the authorities that the cluster's certificates are checked by, PEM")
	flags.StringVar(&f.etcdCert, "etcd-cert", "", "`file` of the certificate to show to the cluster, PEM")
	flags.StringVar(&f.etcdKey, "etcd-key", "", "`file` of that certificate's key, PEM")
	flags.StringVar(&f.etcdUser, "etcd-user", "", "`name` of the etcd user; its password is in WRIT_ETCD_PASSWORD")
	flags.BoolVar(&f.jsonLog, "json", false, "log as JSON")
	return c
}

// config turns the flags into the server's configuration.
func (f *serveFlags) config(p *program) (server.Config, error) {
	c := f.Config
	if c.Ephemeral && (c.Data != "" || len(f.etcd) > 0) {
		return c, errors.New("--ephemeral keeps nothing: it does not go with --data or --etcd-endpoints")
	}
	if c.Data == "" && !c.Ephemeral {
		c.Data = "writ-data"
	}
	if (f.cert == "") != (f.key == "") {
		return c, errors.New("--tls-cert and --tls-key go together")
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return c, err
		}
		c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if len(f.etcd) > 0 {
		cluster, err := f.cluster()
		if err != nil {
			return c, err
		}
		c.Etcd = cluster
	} else if f.etcdCA+f.etcdCert+f.etcdKey+f.etcdUser != "" {
		return c, errors.New("the flags that begin with --etcd- need --etcd-endpoints")
	}
	if f.jsonLog {
		c.Log = slog.New(slog.NewJSONHandler(p.stderr, nil))
	} else {
		c.Log = slog.New(slog.NewTextHandler(p.stderr, nil))
	}
	return c, nil
}

func (f *serveFlags) cluster() (*store.Config, error) {
	c := &store.Config{Endpoints: f.etcd, Username: f.etcdUser, Password: os.Getenv("WRIT_ETCD_PASSWORD")}
	if !strings.HasPrefix(f.etcd[0], "https://") && f.etcdCA+f.etcdCert == "" {
		return c, nil
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if f.etcdCA != "" {
		pem, err := os.ReadFile(f.etcdCA)
		if err != nil {
			return nil, err
		}
		c.TLS.RootCAs = x509.NewCertPool()
		if !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", f.etcdCA)
		}
	}
	if f.etcdCert != "" {
		pair, err := tls.LoadX509KeyPair(f.etcdCert, f.etcdKey)
		if err != nil {
			return nil, err
		}
		c.TLS.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// grace is how long calls that are under way may take when the server is told to end.
const grace = 10 * time.Second

func (p *program) runServe(ctx context.Context, f *serveFlags) error {
	c, err := f.config(p)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	s, err := server.Start(ctx, c)
	if err != nil {
		return err
	}
	if err := p.announce(s); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case err = <-s.Failed():
	}
	ending, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return errors.Join(err, s.Close(ending))
}

// announce prints where the server is and the lines that make clients use it.
func (p *program) announce(s *server.Server) error {
	fmt.Fprintf(p.stdout, "writ serves account %s at %s\n\n", s.Root.Account, s.URL())
	fmt.Fprintf(p.stdout, "  export AWS_ENDPOINT_URL=%s\n  export AWS_DEFAULT_REGION=us-east-1\n", s.URL())
	if s.Root.File != "" {
		path, err := filepath.Abs(s.Root.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "  export AWS_SHARED_CREDENTIALS_FILE=%s\n", path)
	} else {
		fmt.Fprintf(p.stdout, "  export AWS_ACCESS_KEY_ID=%s\n  export AWS_SECRET_ACCESS_KEY=%s\n", s.Root.AccessKeyID, s.Root.SecretAccessKey)
	}
	fmt.Fprintf(p.stdout, "\n  next  aws sts get-caller-identity\n")
	return p.stdout.Flush()
}
