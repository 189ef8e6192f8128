package storetest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

// A Cluster is one of etcd, whose members are processes on ports of the loopback interface.
type Cluster struct {
	t       testing.TB
	members []*clusterMember
	tls     *tls.Config // nil, if it speaks plain HTTP
	opened  atomic.Int32
}

type clusterMember struct {
	etcdConfig
	process *Process
}

// An etcdConfig is what a process needs to know that plays etcd.
type etcdConfig struct {
	Name, Dir, Client, Peer, Cluster string
	Certificate, Key                 string // files; "" for plain HTTP
}

// etcdRole is the role of a member of a cluster.
const etcdRole = "etcd"

// NewCluster runs a cluster of n members until the end of the test.
func NewCluster(t testing.TB, n int) *Cluster {
	t.Helper()
	return newCluster(t, n, "http", &Cluster{t: t}, etcdConfig{})
}

// NewSecureCluster is NewCluster with TLS.
func NewSecureCluster(t testing.TB, n int) *Cluster {
	t.Helper()
	cert, key, roots := certificate(t)
	c := &Cluster{t: t, tls: &tls.Config{RootCAs: roots}}
	return newCluster(t, n, "https", c, etcdConfig{Certificate: cert, Key: key})
}

func newCluster(t testing.TB, n int, scheme string, c *Cluster, common etcdConfig) *Cluster {
	t.Helper()
	ports := freePorts(t, 2*n)
	dir := t.TempDir()
	for i := range n {
		m := &clusterMember{etcdConfig: common}
		m.Name = fmt.Sprint("m", i)
		m.Dir = filepath.Join(dir, m.Name)
		m.Client = fmt.Sprintf("%s://127.0.0.1:%d", scheme, ports[2*i])
		m.Peer = fmt.Sprintf("http://127.0.0.1:%d", ports[2*i+1])
		c.members = append(c.members, m)
		common.Cluster += fmt.Sprintf(",%s=%s", m.Name, m.Peer)
	}
	for _, m := range c.members {
		m.Cluster = common.Cluster[1:]
		m.start(t)
	}
	for i := range c.members {
		c.WaitFor(i)
	}
	return c
}

// freePorts finds ports that nobody listens on.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // at the end, so that none is found twice
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func (m *clusterMember) start(t testing.TB) {
	t.Helper()
	config, err := json.Marshal(m.etcdConfig)
	if err != nil {
		t.Fatal(err)
	}
	m.process = Start(t, etcdRole, string(config))
}

// Kill kills a member, without warning.
func (c *Cluster) Kill(i int) { c.members[i].process.Kill() }

// Restart starts a member that was killed. WaitFor waits until it has joined.
func (c *Cluster) Restart(i int) {
	c.t.Helper()
	c.members[i].start(c.t)
}

// WaitFor waits until a member that was started has joined the cluster.
func (c *Cluster) WaitFor(i int) {
	c.t.Helper()
	select {
	case _, running := <-c.members[i].process.Lines:
		if !running {
			log, _ := os.ReadFile(c.members[i].log())
			c.t.Fatalf("etcd ended:\n%s", log)
		}
	case <-time.After(Patience):
		c.t.Fatalf("member %d has not joined", i)
	}
}

// Endpoints are the URLs of the members, for clients.
func (c *Cluster) Endpoints() (urls []string) {
	for _, m := range c.members {
		urls = append(urls, m.Client)
	}
	return urls
}

// Config is how to Dial the cluster. Each has a prefix of its own.
func (c *Cluster) Config() store.Config {
	return store.Config{Endpoints: c.Endpoints(), TLS: c.tls, Prefix: fmt.Sprintf("/test%d/", c.opened.Add(1))}
}

// Open makes an empty store on the cluster, which is closed at the end of the test.
func (c *Cluster) Open(t testing.TB) store.Store {
	t.Helper()
	s, err := store.Dial(patient(t), c.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Client is a bare client of etcd, which is closed at the end of the test.
func (c *Cluster) Client(t testing.TB) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: c.Endpoints(), TLS: c.tls, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Leader waits until the members that run have one leader, and says which.
func (c *Cluster) Leader() int {
	c.t.Helper()
	client := c.Client(c.t)
	for ctx := patient(c.t); ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		for i, m := range c.members {
			asked, cancel := context.WithTimeout(ctx, time.Second)
			st, err := client.Status(asked, m.Client)
			cancel()
			if err == nil && st.Leader == st.Header.MemberId {
				return i
			}
		}
	}
	c.t.Fatal("no leader")
	return 0
}

func (c *etcdConfig) log() string { return c.Dir + ".log" }

// runEtcd is the role of a member: it says that it is ready, and then runs until it is killed.
func runEtcd(args []string) error {
	var c etcdConfig
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return err
	}
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir, cfg.InitialCluster = c.Name, c.Dir, c.Cluster
	for _, u := range []struct {
		url    string
		listen *[]url.URL
		say    *[]url.URL
	}{
		{c.Client, &cfg.ListenClientUrls, &cfg.AdvertiseClientUrls},
		{c.Peer, &cfg.ListenPeerUrls, &cfg.AdvertisePeerUrls},
	} {
		parsed, err := url.Parse(u.url)
		if err != nil {
			return err
		}
		*u.listen, *u.say = []url.URL{*parsed}, []url.URL{*parsed}
	}
	cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = c.Certificate, c.Key
	cfg.TickMs, cfg.ElectionMs = 50, 500 // so that a leader that was killed is missed soon
	cfg.MaxTxnOps, cfg.MaxRequestBytes = member.MaxTxnOps, member.MaxRequestBytes
	cfg.LogOutputs, cfg.LogLevel = []string{c.log()}, "warn"
	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return err
	}
	<-etcd.Server.ReadyNotify()
	fmt.Println("ready")
	return <-etcd.Err()
}
