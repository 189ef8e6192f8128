package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/storetest"
	"github.com/writ-iam/writ/writtest"
)

const account = "111122223333"

func TestMain(m *testing.M) { storetest.Main(m, map[string]storetest.Role{"serve": serve}) }

// start starts a server that ends with the test.
func start(t *testing.T, c server.Config) *server.Server {
	t.Helper()
	if c.Account == "" {
		c.Account = account
	}
	s, err := server.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *server.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func config(s *server.Server, id, secret, token string) aws.Config {
	return configAt(s.URL(), id, secret, token)
}

// configAt is writtest's, whose clients do not break off long answers, for a region of its own.
func configAt(url, id, secret, token string) aws.Config {
	c := (&writtest.Server{URL: url}).Config(id, secret, token)
	c.Region = "eu-west-1"
	return c
}

func root(s *server.Server) aws.Config {
	return config(s, s.Root.AccessKeyID, s.Root.SecretAccessKey, "")
}

// code is the error code of an API's answer; "" for none.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestARestartKeepsTheStateAndTheRootCredentials(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "writ-data")
	first, err := server.Start(t.Context(), server.Config{Account: account, Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := iam.NewFromConfig(root(first)).CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("alice")}); err != nil {
		t.Fatal(err)
	}
	stop(t, first)
	info, err := os.Stat(filepath.Join(dir, "root-credentials"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("root-credentials: %v, %v", info, err)
	}
	if err := os.Remove(filepath.Join(dir, "root-credentials")); err != nil {
		t.Fatal(err)
	}
	second := start(t, server.Config{Account: "999999999999", Data: dir})
	if second.Root.Account != first.Root.Account || second.Root.AccessKeyID != first.Root.AccessKeyID || second.Root.SecretAccessKey != first.Root.SecretAccessKey {
		t.Errorf("the root user is %+v and was %+v", second.Root, first.Root)
	}
	if text, err := os.ReadFile(second.Root.File); err != nil || !strings.Contains(string(text), first.Root.SecretAccessKey) {
		t.Errorf("a lost credentials file is not written again: %v", err)
	}
	if _, err := iam.NewFromConfig(root(second)).GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("alice")}); err != nil {
		t.Error(err)
	}
}

func TestAnotherMasterKeyIsRefused(t *testing.T) {
	dir := t.TempDir()
	first, err := server.Start(t.Context(), server.Config{Account: account, Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	stop(t, first)
	_, err = server.Start(t.Context(), server.Config{Account: account, Data: dir, KeyFile: filepath.Join(dir, "another.key")})
	if err == nil || !strings.Contains(err.Error(), "master key") {
		t.Errorf("error %v", err)
	}
}

func TestAMissingMasterKeyIsNotMadeAnew(t *testing.T) {
	dir := t.TempDir()
	first, err := server.Start(t.Context(), server.Config{Account: account, Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	stop(t, first)
	key := filepath.Join(dir, "master.key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err = server.Start(t.Context(), server.Config{Account: account, Data: dir}); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a new master key was made for a store that is in use")
	}
}

func TestConfigsThatCannotWorkAreRefused(t *testing.T) {
	for name, c := range map[string]server.Config{
		"plain HTTP beyond loopback":       {Account: account, Listen: "0.0.0.0:0"},
		"plain HTTP on all interfaces":     {Account: account, Listen: ":0"},
		"no address":                       {Account: account, Listen: "8650"},
		"an account of eleven digits":      {Account: "11112222333"},
		"a cluster and no place for files": {Account: account, Etcd: &store.Config{Endpoints: []string{"http://127.0.0.1:1"}}},
	} {
		if s, err := server.Start(t.Context(), c); err == nil {
			t.Errorf("%s: no error", name)
			stop(t, s)
		}
	}
}

func TestAPortInUseIsAnErrorBeforeAnythingIsOpened(t *testing.T) {
	s := start(t, server.Config{})
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := server.Start(t.Context(), server.Config{Account: account, Data: dir, Listen: strings.TrimPrefix(s.URL(), "http://")}); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the data folder was made")
	}
}

func TestHealthAndMetrics(t *testing.T) {
	s := start(t, server.Config{})
	if _, err := sts.NewFromConfig(root(s)).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/healthz": "ok\n", "/readyz": "ok\n", "/metrics": `writ_calls_total{operation="GetCallerIdentity",service="sts",status="200"} 1`,
	} {
		if status, body := get(t, http.DefaultClient, s.URL()+path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
}

func TestTLS(t *testing.T) {
	model := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate, which is for 127.0.0.1
	defer model.Close()
	s := start(t, server.Config{TLS: &tls.Config{Certificates: model.TLS.Certificates}, Listen: "127.0.0.1:0"})
	pool := x509.NewCertPool()
	pool.AddCert(model.Certificate())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	if status, _ := get(t, client, s.URL()+"/readyz"); status != 200 {
		t.Error(status)
	}
	c := root(s)
	c.HTTPClient = client
	if _, err := iam.NewFromConfig(c).ListUsers(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestThrottling(t *testing.T) {
	now := time.Now().UTC()
	s := start(t, server.Config{Rate: 2, Now: func() time.Time { return now }})
	client := sts.NewFromConfig(root(s))
	for i, want := range []string{"", "", "Throttling"} {
		if _, err := client.GetCallerIdentity(t.Context(), nil); code(err) != want {
			t.Errorf("call %d: %v", i, err)
		}
	}
	now = now.Add(time.Second)
	if _, err := client.GetCallerIdentity(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// TestRequestsThatAreNotWhatTheySeem: each is answered with AWS's code and status, changes nothing, and is on record.
func TestRequestsThatAreNotWhatTheySeem(t *testing.T) {
	dir := t.TempDir()
	s := start(t, server.Config{Data: dir})
	ctx := t.Context()
	client := iam.NewFromConfig(root(s))
	for _, name := range []string{"gone", "kept"} {
		if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)}); err != nil {
			t.Fatal(err)
		}
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("gone")})
	if err != nil {
		t.Fatal(err)
	}
	gone := config(s, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	session, err := sts.NewFromConfig(root(s)).GetSessionToken(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := []byte(*session.Credentials.SessionToken)
	token[len(token)/2] ^= 1
	userSession, err := sts.NewFromConfig(gone).GetSessionToken(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("gone"), AccessKeyId: key.AccessKey.AccessKeyId}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("gone")}); err != nil {
		t.Fatal(err)
	}
	before := revision(t, s)

	late := root(s)
	late.HTTPClient = atTime{-6 * time.Minute}
	for _, c := range []struct {
		name   string
		config aws.Config
		want   string
	}{
		{"bad signature", config(s, s.Root.AccessKeyID, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""), "SignatureDoesNotMatch"},
		{"unknown key", config(s, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""), "InvalidClientTokenId"},
		{"key of a deleted user", gone, "InvalidClientTokenId"},
		{"session of a deleted user", config(s, *userSession.Credentials.AccessKeyId, *userSession.Credentials.SecretAccessKey, *userSession.Credentials.SessionToken), "InvalidClientTokenId"},
		{"tampered token", config(s, *session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, string(token)), "InvalidClientTokenId"},
		{"token of another key", config(s, s.Root.AccessKeyID, s.Root.SecretAccessKey, *session.Credentials.SessionToken), "InvalidClientTokenId"},
		{"altered after it was signed", withTransport(root(s), altered{}), "SignatureDoesNotMatch"},
		{"wrong date", late, "SignatureDoesNotMatch"},
		{"no signature", withTransport(root(s), unsigned{}), "MissingAuthenticationToken"},
		{"body over the limit", withTransport(root(s), large{}), "RequestEntityTooLarge"},
	} {
		_, err := iam.NewFromConfig(c.config).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("mallory")})
		if code(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := client.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("mallory")}); code(err) != "NoSuchEntity" {
		t.Errorf("GetUser: %v", err)
	}
	if after := revision(t, s); after != before {
		t.Errorf("the store went from revision %s to %s", before, after)
	}
	counts := map[string]int{}
	log, err := os.ReadFile(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(log) {
		var r struct{ EventName, ErrorCode string }
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		counts[r.ErrorCode]++
	}
	for want, n := range map[string]int{
		"SignatureDoesNotMatch": 3, "InvalidClientTokenId": 5, "MissingAuthenticationToken": 1, "RequestEntityTooLarge": 1, "NoSuchEntity": 1,
	} {
		if counts[want] != n {
			t.Errorf("the audit log has %s %d times, want %d", want, counts[want], n)
		}
	}
	for _, secret := range []string{s.Root.SecretAccessKey, *key.AccessKey.SecretAccessKey, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken} {
		if bytes.Contains(log, []byte(secret)) {
			t.Error("the audit log has a secret")
		}
	}
}

// revision is that of the snapshot, once what is written in the background is there.
func revision(t *testing.T, s *server.Server) string {
	t.Helper()
	last := ""
	for range 50 {
		_, body := get(t, http.DefaultClient, s.URL()+"/metrics")
		_, rest, _ := strings.Cut(body, "\nwrit_snapshot_revision ")
		now, _, _ := strings.Cut(rest, "\n")
		if now == last {
			return now
		}
		last = now
		time.Sleep(time.Second) // longer than the last use of a key waits to be written
	}
	t.Fatal("the revision does not come to rest")
	return ""
}

func withTransport(c aws.Config, client aws.HTTPClient) aws.Config {
	c.HTTPClient = client
	return c
}

// What lies between a client and the server.
type (
	altered  struct{}
	unsigned struct{}
	large    struct{}
	atTime   struct{ shift time.Duration }
)

func replace(r *http.Request, old, new string) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	body = bytes.Replace(body, []byte(old), []byte(new), 1)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return http.DefaultClient.Do(r)
}

func (altered) Do(r *http.Request) (*http.Response, error) { return replace(r, "mallory", "mallors") }

func (unsigned) Do(r *http.Request) (*http.Response, error) {
	r.Header.Del("Authorization")
	return http.DefaultClient.Do(r)
}

func (large) Do(r *http.Request) (*http.Response, error) {
	return replace(r, "mallory", "mallory&X="+strings.Repeat("x", 1<<20))
}

func (a atTime) Do(r *http.Request) (*http.Response, error) {
	at := time.Now().Add(a.shift).UTC()
	date := r.Header.Get("X-Amz-Date")
	r.Header.Set("X-Amz-Date", at.Format("20060102T150405Z"))
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), date[:8], at.Format("20060102"), 1))
	return http.DefaultClient.Do(r)
}

func TestServersOnOneClusterShareTheState(t *testing.T) {
	cluster := storetest.NewCluster(t, 3)
	dir := t.TempDir()
	c := server.Config{
		Etcd: &store.Config{Endpoints: cluster.Endpoints()}, KeyFile: filepath.Join(dir, "master.key"),
		RootCredentials: filepath.Join(dir, "root-credentials"), AuditFile: filepath.Join(dir, "audit-1.jsonl"),
	}
	one := start(t, c)
	c.AuditFile = filepath.Join(dir, "audit-2.jsonl")
	two := start(t, c)
	if one.Root.AccessKeyID != two.Root.AccessKeyID {
		t.Fatalf("two first accounts: %+v and %+v", one.Root, two.Root)
	}
	ctx := t.Context()
	if _, err := iam.NewFromConfig(root(one)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("alice")}); err != nil {
		t.Fatal(err)
	}
	key, err := iam.NewFromConfig(root(one)).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("alice")})
	if err != nil {
		t.Fatal(err)
	}
	alice := sts.NewFromConfig(config(two, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, ""))
	eventually(t, func() error { _, err := alice.GetCallerIdentity(ctx, nil); return err })
	if _, err := iam.NewFromConfig(root(two)).UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{
		UserName: aws.String("alice"), AccessKeyId: key.AccessKey.AccessKeyId, Status: "Inactive",
	}); err != nil {
		t.Fatal(err)
	}
	onOne := sts.NewFromConfig(config(one, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, ""))
	eventually(t, func() error {
		if _, err := onOne.GetCallerIdentity(ctx, nil); code(err) != "InvalidClientTokenId" {
			return errors.New("an inactive key is taken")
		}
		return nil
	})
}

// eventually waits for something that another node has to hear of.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatal(err)
}
