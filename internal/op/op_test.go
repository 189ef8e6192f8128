package op

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/audit"
	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
)

const (
	account = "111122223333"
	other   = "444455556666"
	secret  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A world is a handler over a store of its own, with a few operations that the tests give it.
type world struct {
	*testing.T
	*Handler
	audit    *bytes.Buffer
	observed []string
	clock    func() time.Time
}

func newWorld(t *testing.T, records ...iam.Record) *world {
	t.Helper()
	s, err := member.Start(t.Context(), member.Config{Ephemeral: true, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); s.Close() })
	keys, err := session.NewKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, audit: new(bytes.Buffer), clock: func() time.Time { return now }}
	w.Handler = &Handler{
		Backend: &Backend{
			Store: s, Keys: keys, Audit: audit.New(w.audit), Rand: rand.Reader,
			Now: func() time.Time { return w.clock() },
		},
		Log: slog.New(slog.DiscardHandler),
		Observe: func(service, operation string, _ int, _ time.Duration) {
			w.observed = append(w.observed, service+":"+operation)
		},
	}
	w.Services = []*Service{
		NewService("iam", awsmodel.IAM(), Query, []Operation{
			New("ListUsers", Everything[iamsdk.ListUsersInput], w.listUsers),
		}),
		NewService("sts", awsmodel.STS(), Query, []Operation{
			New("GetCallerIdentity", func(*Call, *sts.GetCallerIdentityInput) (Target, error) {
				return Target{Free: true}, nil
			}, getCallerIdentity),
		}),
		NewService("organizations", awsmodel.Organizations(), JSON, []Operation{
			New("ListRoots", Everything[organizations.ListRootsInput], listRoots),
		}),
	}
	w.put(records...)
	if w.Backend.Live, err = snapshot.Follow(ctx, s, w.Log); err != nil {
		t.Fatal(err)
	}
	return w
}

// put writes records; with a snapshot it waits for them.
func (w *world) put(records ...iam.Record) {
	w.Helper()
	rev, err := w.Backend.Store.Update(w.Context(), func(tx store.Txn) error {
		for _, r := range records {
			iam.NewTxn(tx).Put(r)
		}
		return nil
	})
	if err == nil && w.Backend.Live != nil {
		_, err = w.Backend.Live.Wait(w.Context(), rev)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) key(id, account, owner string) *iam.AccessKey {
	return &iam.AccessKey{ID: id, Account: account, Owner: owner, Sealed: w.Backend.Keys.SealSecret(id, secret)}
}

// withRoot is a world with an account, whose root user has the key AKIAROOT.
func withRoot(t *testing.T) *world {
	w := newWorld(t, &iam.Account{ID: account})
	w.put(w.key("AKIAROOT000000000000", account, account))
	return w
}

func getCallerIdentity(_ context.Context, c *Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Arn: aws.String(c.Caller.ARN)}, nil
}

func listRoots(context.Context, *Call, *organizations.ListRootsInput) (*organizations.ListRootsOutput, error) {
	return nil, iam.Errorf(iam.LimitExceeded, "never mind")
}

// listUsers fails as its path prefix says.
func (w *world) listUsers(_ context.Context, c *Call, in *iamsdk.ListUsersInput) (*iamsdk.ListUsersOutput, error) {
	switch aws.ToString(in.PathPrefix) {
	case "/known/":
		return nil, iam.Errorf(iam.NoSuchEntity, "There is no such thing.")
	case "/wrapped/":
		return nil, errors.Join(errors.New("at the door"), iam.Errorf(iam.DeleteConflict, "Still there."))
	case "/conflict/":
		return nil, store.ErrConflict
	case "/large/":
		return nil, store.ErrTooLarge
	case "/uncertain/":
		return nil, store.ErrUncertain
	case "/unknown/":
		return nil, errors.New("a password: hunter2")
	case "/panic/":
		panic("hunter2")
	case "/unavailable/":
		return nil, store.ErrUnavailable
	case "/late/":
		return nil, context.DeadlineExceeded
	}
	return &iamsdk.ListUsersOutput{}, nil
}

// A reply is what comes back.
type reply struct {
	status int
	header http.Header
	body   string
}

// send signs a request as the root user, for a service, and sends it.
func (w *world) send(r *http.Request, service, body string) reply {
	w.Helper()
	hash := sha256.Sum256([]byte(body))
	who := aws.Credentials{AccessKeyID: "AKIAROOT000000000000", SecretAccessKey: secret}
	err := v4.NewSigner().SignHTTP(w.Context(), who, r, hex.EncodeToString(hash[:]), service, "eu-west-1", w.clock())
	if err != nil {
		w.Fatal(err)
	}
	return w.unsigned(r)
}

func (w *world) unsigned(r *http.Request) reply {
	out := httptest.NewRecorder()
	w.ServeHTTP(out, r)
	return reply{out.Code, out.Header(), out.Body.String()}
}

// query sends a call of the Query protocol.
func (w *world) query(service, body string) reply {
	w.Helper()
	r := httptest.NewRequest("POST", "http://writ.test/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r, service, body)
}

func (w *world) wants(got reply, status int, parts ...string) {
	w.Helper()
	if got.status != status {
		w.Errorf("status %d, want %d: %s", got.status, status, got.body)
	}
	for _, part := range parts {
		if !strings.Contains(got.body, part) {
			w.Errorf("the answer has no %s: %s", part, got.body)
		}
	}
}

// lastAudit is the last record of the audit log.
func (w *world) lastAudit() (r audit.Record) {
	w.Helper()
	lines := strings.Split(strings.TrimSpace(w.audit.String()), "\n")
	var v struct {
		EventName, ErrorCode, ErrorMessage, RequestID string
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		w.Fatal(err)
	}
	r.EventName, r.ErrorCode, r.ErrorMessage, r.RequestID = v.EventName, v.ErrorCode, v.ErrorMessage, v.RequestID
	return r
}

const iamVersion, stsVersion = "&Version=2010-05-08", "&Version=2011-06-15"

func TestErrorsOfHandlersReachTheClientAsAWSHasThem(t *testing.T) {
	w := withRoot(t)
	for _, test := range []struct {
		prefix string
		status int
		code   string
		text   string
	}{
		{"known", 404, "NoSuchEntity", "There is no such thing."},
		{"wrapped", 409, "DeleteConflict", "Still there."},
		{"conflict", 409, "ConcurrentModification", "Wait a few minutes"},
		{"large", 409, "LimitExceeded", "larger than the store takes"},
		{"uncertain", 500, "ServiceFailure", "unknown error"},
		{"unknown", 500, "ServiceFailure", "unknown error"},
		{"panic", 500, "ServiceFailure", "unknown error"},
		{"unavailable", 503, "ServiceUnavailable", "temporary failure"},
		{"late", 503, "ServiceUnavailable", "temporary failure"},
	} {
		got := w.query("iam", "Action=ListUsers&PathPrefix=%2F"+test.prefix+"%2F"+iamVersion)
		id := got.header.Get("X-Amzn-RequestId")
		w.wants(got, test.status, "<Code>"+test.code+"</Code>", test.text, "<RequestId>"+id+"</RequestId>")
		if strings.Contains(got.body+w.audit.String(), "hunter2") {
			t.Errorf("what is not for callers is told: %s", got.body)
		}
		if r := w.lastAudit(); r.EventName != "ListUsers" || r.ErrorCode != test.code || r.RequestID != id {
			t.Errorf("%s: audit %+v", test.prefix, r)
		}
	}
	if got := w.query("iam", "Action=ListUsers"+iamVersion); got.status != 200 || w.lastAudit().ErrorCode != "" {
		t.Errorf("without an error: %+v", got)
	}
	got := w.target("AWSOrganizationsV20161128.ListRoots", "organizations")
	w.wants(got, 400, `"ConstraintViolationException"`, "never mind")
	if e := got.header.Get("X-Amzn-ErrorType"); e != "ConstraintViolationException" {
		t.Errorf("header %q", e)
	}
}

// target sends a call of a JSON protocol.
func (w *world) target(target, service string) reply {
	w.Helper()
	r := httptest.NewRequest("POST", "http://writ.test/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	return w.send(r, service, "{}")
}

func TestOperationsThatAreNotThereAreNamed(t *testing.T) {
	w := withRoot(t)
	w.wants(w.query("iam", "Action=CreateUser&UserName=x"+iamVersion), 400,
		"<Code>UnsupportedOperation</Code>", "CreateUser is an operation of AWS")
	w.wants(w.query("iam", "Action=FlyToTheMoon"+iamVersion), 400,
		"<Code>InvalidAction</Code>", "Could not find operation FlyToTheMoon for version 2010-05-08")
	w.wants(w.query("iam", "Action=ListUsers&Version=2001-01-01"), 400,
		"<Code>InvalidAction</Code>", "Could not find operation ListUsers for version 2001-01-01")
	w.wants(w.query("iam", "UserName=x"+iamVersion), 400, "<Code>MissingAction</Code>")
	w.wants(w.query("iam", "Action=%zz"+iamVersion), 404, "<Code>MalformedQueryString</Code>")

	got := w.target("AWSOrganizationsV20161128.FlyToTheMoon", "organizations")
	w.wants(got, 400, "UnknownOperationException", "Could not find operation FlyToTheMoon")
	w.wants(w.target("AWSOrganizationsV20161128.ListHandshakesForAccount", "organizations"), 400, "UnsupportedOperation")
	got = w.target("DynamoDB_20120810.ListTables", "dynamodb")
	w.wants(got, 400, `"__type":"UnknownOperationException"`, "There is no API with the target DynamoDB_20120810.")
	if ct := got.header.Get("Content-Type"); !strings.Contains(ct, "json") {
		t.Errorf("a JSON request of no API is answered in %s", ct)
	}

	long := strings.Repeat("x", 5000)
	got = w.query("iam", "Action="+long+iamVersion)
	w.wants(got, 400, "<Code>InvalidAction</Code>")
	if len(got.body) > 1000 || len(w.lastAudit().EventName) > 1000 {
		t.Error("a long name is repeated whole")
	}
	w.query("iam", "Action=%ff%fe"+iamVersion)
	for _, o := range w.observed {
		if o != "iam:" && o != "organizations:" && o != "iam:ListUsers" {
			t.Errorf("observed %.100q: callers can make as many names as they like", o)
		}
	}
	w.query("iam", "Action=ListUsers"+iamVersion)
	if last := w.observed[len(w.observed)-1]; last != "iam:ListUsers" {
		t.Errorf("observed %q", last)
	}
}

func TestAPresignedGetIsAnswered(t *testing.T) {
	w := withRoot(t)
	presign := func() *http.Request {
		r := httptest.NewRequest("GET", "http://writ.test/?Action=GetCallerIdentity&X-Amz-Expires=60"+stsVersion, nil)
		r.Header.Set("X-K8s-Aws-Id", "cluster") // as authenticators for Kubernetes have it
		who := aws.Credentials{AccessKeyID: "AKIAROOT000000000000", SecretAccessKey: secret}
		hash := sha256.Sum256(nil)
		uri, header, err := v4.NewSigner().PresignHTTP(
			t.Context(), who, r, hex.EncodeToString(hash[:]), "sts", "us-east-1", now)
		if err != nil {
			t.Fatal(err)
		}
		signed := httptest.NewRequest("GET", uri, nil)
		for name, values := range header {
			signed.Header[name] = values
		}
		return signed
	}
	w.wants(w.unsigned(presign()), 200, "<Arn>arn:aws:iam::"+account+":root</Arn>")

	r := presign()
	r.Header.Set("X-K8s-Aws-Id", "another")
	w.wants(w.unsigned(r), 403, "<Code>SignatureDoesNotMatch</Code>")
	r = presign()
	q := r.URL.Query()
	q.Set("Action", "GetSessionToken")
	r.URL.RawQuery = q.Encode()
	w.wants(w.unsigned(r), 403, "<Code>SignatureDoesNotMatch</Code>")
	r = presign()
	w.clock = func() time.Time { return now.Add(61 * time.Second) }
	if got := w.unsigned(r); got.status != 403 {
		t.Errorf("after it expired: %+v", got)
	}
}

func TestOnlyPostAndGetOfTheRootAreServed(t *testing.T) {
	w := withRoot(t)
	for _, r := range []*http.Request{
		httptest.NewRequest("PUT", "/?Action=GetCallerIdentity"+stsVersion, nil),
		httptest.NewRequest("DELETE", "/", nil),
		httptest.NewRequest("POST", "/other", strings.NewReader("Action=GetCallerIdentity"+stsVersion)),
	} {
		w.wants(w.unsigned(r), 400, "<Code>InvalidAction</Code>", "served by POST /")
	}
	w.wants(w.unsigned(httptest.NewRequest("POST", "/", iotest.ErrReader(errors.New("cut off")))), 400, "IncompleteBody")
	w.wants(w.unsigned(httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", MaxBody+1)))), 413,
		"<Code>RequestEntityTooLarge</Code>")
	chunked := httptest.NewRequest("POST", "/", io.LimitReader(zeros{}, MaxBody+1))
	chunked.ContentLength = -1
	w.wants(w.unsigned(chunked), 413, "<Code>RequestEntityTooLarge</Code>")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestThrottlingIsAnsweredWithAWSsCode(t *testing.T) {
	w := withRoot(t)
	left := 1
	w.Limit = func(of string) bool {
		if of != account {
			t.Errorf("the limit of %q is asked for", of)
		}
		left--
		return left >= 0
	}
	w.wants(w.query("sts", "Action=GetCallerIdentity"+stsVersion), 200)
	w.wants(w.query("sts", "Action=GetCallerIdentity"+stsVersion), 400, "<Code>Throttling</Code>", "Rate exceeded")
	if r := w.lastAudit(); r.ErrorCode != "Throttling" {
		t.Errorf("audit %+v", r)
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader("Action=GetCallerIdentity"+stsVersion))
	w.wants(w.unsigned(r), 403, "<Code>MissingAuthenticationToken</Code>") // counts for nobody
	if left != -1 {
		t.Error("a call that is not signed counts for an account")
	}
	w.Limit = func(string) bool { return false }
	w.wants(w.target("AWSOrganizationsV20161128.ListRoots", "organizations"), 400, `"TooManyRequestsException"`)
}

// A body that comes late must not keep what was true when the headers came.
func TestASlowBodyIsDecidedOnTheStateOfItsEnd(t *testing.T) {
	w := withRoot(t)
	body := "Action=GetCallerIdentity" + stsVersion
	r := httptest.NewRequest("POST", "http://writ.test/", nil)
	hash := sha256.Sum256([]byte(body))
	who := aws.Credentials{AccessKeyID: "AKIAROOT000000000000", SecretAccessKey: secret}
	if err := v4.NewSigner().SignHTTP(t.Context(), who, r, hex.EncodeToString(hash[:]), "sts", "x", now); err != nil {
		t.Fatal(err)
	}
	revoke := sync.OnceFunc(func() {
		k := w.key("AKIAROOT000000000000", account, account)
		k.Inactive = true
		w.put(k)
	})
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), hook(revoke)))
	w.wants(w.unsigned(r), 403, "<Code>InvalidClientTokenId</Code>")
}

// hook is an empty reader that does something when it is read.
type hook func()

func (h hook) Read([]byte) (int, error) {
	h()
	return 0, io.EOF
}

func TestNothingIsDecidedOnAStateThatDoesNotFollowTheStore(t *testing.T) {
	w := withRoot(t)
	write := func(fn func(store.Txn)) {
		if _, err := w.Backend.Store.Update(t.Context(), func(tx store.Txn) error { fn(tx); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx store.Txn) { tx.Put("spaceship/enterprise", []byte("1 {}")) })
	waitFor(t, func() bool { return w.Backend.Live.Err() != nil })
	w.wants(w.query("sts", "Action=GetCallerIdentity"+stsVersion), 500, "<Code>ServiceFailure</Code>")
	write(func(tx store.Txn) { tx.Delete("spaceship/enterprise") })
	waitFor(t, func() bool { return w.Backend.Live.Err() == nil })
	w.wants(w.query("sts", "Action=GetCallerIdentity"+stsVersion), 200)
}

func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

func TestWhatIsNotOnRecordIsNotToldToHaveGoneWell(t *testing.T) {
	w := withRoot(t)
	w.Backend.Audit = audit.New(full{})
	w.wants(w.query("sts", "Action=GetCallerIdentity"+stsVersion), 500, "<Code>")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A cluster that others use too has revisions that are none of this store's.
type shared struct{ store.Store }

func (s shared) Update(ctx context.Context, fn func(store.Txn) error) (store.Revision, error) {
	rev, err := s.Store.Update(ctx, fn)
	return rev + 1000, err
}

func TestAnUpdateThatWroteNothingWaitsForNothing(t *testing.T) {
	w := withRoot(t)
	w.Backend.Store = shared{w.Backend.Store}
	c := &Call{Backend: w.Backend}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := c.Update(ctx, func(tx iam.Txn) error {
		_, err := iam.Get[iam.Account](tx, iam.AccountKey(account))
		return err
	})
	if err != nil || c.State == nil {
		t.Errorf("error %v", err)
	}
}

func TestUpdateShowsWhatItWrote(t *testing.T) {
	w := withRoot(t)
	c := &Call{Backend: w.Backend}
	for n := range 2 {
		runs := 0
		err := c.Update(t.Context(), func(tx iam.Txn) error {
			if runs++; runs > 1 && n == 1 {
				t.Error("it ran again")
			}
			tx.Put(&iam.User{Header: iam.Header{Account: account, Name: "alice", ID: "AIDA1", Path: "/"}})
			return nil
		})
		if _, missing := c.userNamed("alice"); err != nil || missing != nil {
			t.Errorf("error %v, %v", err, missing)
		}
	}
	wrong := iam.Errorf(iam.LimitExceeded, "no more")
	err := c.Update(t.Context(), func(tx iam.Txn) error {
		tx.Put(&iam.User{Header: iam.Header{Account: account, Name: "bob", ID: "AIDA2", Path: "/"}})
		return wrong
	})
	if _, missing := c.userNamed("bob"); !errors.Is(err, wrong) || missing == nil {
		t.Errorf("an update that failed: %v, %v", err, missing)
	}
}

func (c *Call) userNamed(name string) (*iam.User, error) {
	c.Caller = &Caller{Account: account}
	return c.User(name)
}
