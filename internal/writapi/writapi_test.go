package writapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/writtest"
)

var ctx = context.Background()

const account = writtest.Account

// A world is a server whose clock the test turns, with a client of Writ's own API.
type world struct {
	*writtest.Server
	t     *testing.T
	mu    sync.Mutex
	ahead time.Duration
}

func newWorld(t *testing.T) *world {
	t.Parallel()
	w := &world{t: t}
	w.Server = writtest.NewAt(t, w.now)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

func (w *world) turn(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) root() aws.Config { return w.Config(w.AccessKeyID, w.SecretAccessKey, "") }

// An apiError is what Writ's API answers.
type apiError struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
	status  int
}

func (e *apiError) Error() string { return e.Type + ": " + e.Message }

// signed signs a request as the SDK does.
func (w *world) signed(
	who aws.Config, service, method, url string, header http.Header, body []byte, at time.Time,
) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	w.must(err)
	for name, values := range header {
		r.Header[name] = values
	}
	c, err := who.Credentials.Retrieve(ctx)
	w.must(err)
	sum := sha256.Sum256(body)
	w.must(v4.NewSigner().SignHTTP(ctx, c, r, hex.EncodeToString(sum[:]), service, writtest.Region, at))
	return r
}

// call calls Writ's API.
func call[Out any](w *world, who aws.Config, operation string, in any) (*Out, error) {
	w.t.Helper()
	body, ok := in.([]byte)
	if !ok {
		var err error
		body, err = json.Marshal(in)
		w.must(err)
	}
	header := http.Header{"X-Amz-Target": {"Writ." + operation}, "Content-Type": {"application/x-amz-json-1.1"}}
	resp, err := http.DefaultClient.Do(w.signed(who, "writ", "POST", w.URL, header, body, time.Now()))
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode != http.StatusOK {
		e := &apiError{status: resp.StatusCode}
		w.must(json.Unmarshal(text, e))
		return nil, e
	}
	out := new(Out)
	w.must(json.Unmarshal(text, out))
	return out, nil
}

// register registers a service and returns its credentials.
func (w *world) register(name string) aws.Config {
	w.t.Helper()
	out, err := call[writapi.RegisterServiceOutput](w, w.root(), "RegisterService", writapi.RegisterServiceInput{
		Name: name,
	})
	w.must(err)
	return w.Config(out.AccessKey.AccessKeyID, out.AccessKey.SecretAccessKey, "")
}

// A backend is a service: an HTTP server that keeps the last request that it got.
type backend struct {
	*httptest.Server
	got chan writapi.Request
}

func newBackend(t *testing.T) *backend {
	b := &backend{got: make(chan writapi.Request, 1)}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		header := r.Header.Clone()
		header.Set("Host", r.Host)
		b.got <- writapi.Request{Method: r.Method, URL: r.RequestURI, Headers: header, Body: body}
	}))
	t.Cleanup(b.Close)
	return b
}

// received sends a signed request to a service, and returns it as the service got it.
func (w *world) received(b *backend, who aws.Config, service string, at time.Time) writapi.Request {
	w.t.Helper()
	body := []byte("Action=CreateStack&Version=2010-05-15&StackName=app")
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	r := w.signed(who, service, "POST", b.URL+"/path%20of/it?x=1&y=a%2Fb", header, body, at)
	resp, err := http.DefaultClient.Do(r)
	w.must(err)
	resp.Body.Close()
	return <-b.got
}

// forward hands a request over.
func (w *world) forward(service aws.Config, q writapi.Request) (*writapi.CreateForwardAccessSessionOutput, error) {
	w.t.Helper()
	return call[writapi.CreateForwardAccessSessionOutput](w, service, "CreateForwardAccessSession", writapi.CreateForwardAccessSessionInput{
		CallerRequest: q,
	})
}

func (w *world) with(c writapi.Credentials) aws.Config {
	return w.Config(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

// user makes a user with a managed policy, and returns its credentials.
func (w *world) user(name, policyARN string) aws.Config {
	w.t.Helper()
	_, err := w.IAM().CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	if policyARN != "" {
		_, err = w.IAM().AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: &policyARN})
		w.must(err)
	}
	k, err := w.IAM().CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return w.Config(*k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey, "")
}

const trustAccount = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + account + `"},
	"Action":"sts:AssumeRole"}}`

// assumed makes a role with a managed policy, and returns the credentials of a session.
func (w *world) assumed(user aws.Config, role, policyARN string) aws.Config {
	w.t.Helper()
	r, err := w.IAM().CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: &role, AssumeRolePolicyDocument: aws.String(trustAccount),
	})
	w.must(err)
	_, err = w.IAM().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &policyARN})
	w.must(err)
	out, err := sts.NewFromConfig(user).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: r.Role.Arn, RoleSessionName: aws.String("deploy"),
	})
	w.must(err)
	return w.Config(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var own *apiError
	var e smithy.APIError
	switch {
	case errors.As(err, &own) && own.Type == code && strings.Contains(own.Message, message):
	case errors.As(err, &e) && e.ErrorCode() == code && strings.Contains(e.ErrorMessage(), message):
	default:
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"

func TestAmplifyMayTagARoleOnlyThroughCloudFormation(t *testing.T) {
	w := newWorld(t)
	dev := w.user("dev", administrator)
	role := w.assumed(dev, "amplify-admin", "arn:aws:iam::aws:policy/AdministratorAccess-Amplify")
	_, err := w.IAM().CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("amplify-app-authRole"), AssumeRolePolicyDocument: aws.String(trustAccount),
	})
	w.must(err)
	tag := &iam.TagRoleInput{
		RoleName: aws.String("amplify-app-authRole"), Tags: []types.Tag{{Key: aws.String("user:Stack"), Value: aws.String("dev")}},
	}

	_, err = iam.NewFromConfig(role).TagRole(ctx, tag)
	wantError(t, err, "AccessDenied", "assumed-role/amplify-admin/deploy is not authorized to perform: iam:TagRole")

	cloudformation := w.register("cloudformation.amazonaws.com")
	out, err := w.forward(cloudformation, w.received(newBackend(t), role, "cloudformation", time.Now()))
	w.must(err)
	if out.Caller.ARN != "arn:aws:sts::"+account+":assumed-role/amplify-admin/deploy" ||
		!slices.Equal(out.CalledVia, []string{"cloudformation.amazonaws.com"}) {
		t.Errorf("got %+v", out)
	}
	if life := out.Credentials.Expiration.Sub(w.now()); life > 15*time.Minute || life < 14*time.Minute {
		t.Errorf("lasts %v", life)
	}
	_, err = iam.NewFromConfig(w.with(out.Credentials)).TagRole(ctx, tag)
	w.must(err)

	// Through another service it is not.
	other := w.register("servicecatalog.amazonaws.com")
	out, err = w.forward(other, w.received(newBackend(t), role, "servicecatalog", time.Now()))
	w.must(err)
	_, err = iam.NewFromConfig(w.with(out.Credentials)).TagRole(ctx, tag)
	wantError(t, err, "AccessDenied", "iam:TagRole")
}

func TestTheChainOfServicesGrows(t *testing.T) {
	w := newWorld(t)
	dev := w.user("dev", "")
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*",
		"Condition":{"StringEquals":{
			"aws:CalledViaFirst":"cloudformation.amazonaws.com","aws:CalledViaLast":"dynamodb.amazonaws.com"},
		"Bool":{"aws:ViaAWSService":"true"},"Null":{"aws:TokenIssueTime":"true","aws:MultiFactorAuthPresent":"true"}}}}`
	_, err := w.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String("dev"), PolicyName: aws.String("p"), PolicyDocument: &policy,
	})
	w.must(err)
	cloudformation, dynamodb := w.register("cloudformation.amazonaws.com"), w.register("dynamodb.amazonaws.com")
	list := func(who aws.Config) error {
		_, err := iam.NewFromConfig(who).ListUsers(ctx, &iam.ListUsersInput{})
		return err
	}
	wantError(t, list(dev), "AccessDenied", "iam:ListUsers")
	first, err := w.forward(cloudformation, w.received(newBackend(t), dev, "cloudformation", time.Now()))
	w.must(err)
	wantError(t, list(w.with(first.Credentials)), "AccessDenied", "iam:ListUsers")
	second, err := w.forward(dynamodb, w.received(newBackend(t), w.with(first.Credentials), "dynamodb", time.Now()))
	w.must(err)
	want := []string{"cloudformation.amazonaws.com", "dynamodb.amazonaws.com"}
	if !slices.Equal(second.CalledVia, want) {
		t.Errorf("got %v", second.CalledVia)
	}
	w.must(list(w.with(second.Credentials)))

	// It ends with any of the services.
	_, err = call[writapi.DeregisterServiceOutput](w, w.root(), "DeregisterService", writapi.DeregisterServiceInput{
		Name: "cloudformation.amazonaws.com",
	})
	w.must(err)
	wantError(t, list(w.with(second.Credentials)), "InvalidClientTokenId", "")
	_, err = w.forward(cloudformation, w.received(newBackend(t), dev, "cloudformation", time.Now()))
	wantError(t, err, "InvalidClientTokenId", "")
}

func TestWhatIsNotForwarded(t *testing.T) {
	w := newWorld(t)
	dev := w.user("dev", administrator)
	service := w.register("cloudformation.amazonaws.com")
	b := newBackend(t)
	good := func() writapi.Request { return w.received(b, dev, "cloudformation", time.Now()) }
	changed := func(f func(*writapi.Request)) writapi.Request {
		q := good()
		f(&q)
		return q
	}
	c, err := dev.Credentials.Retrieve(ctx)
	w.must(err)

	for name, c := range map[string]struct {
		q             writapi.Request
		code, message string
	}{
		"stale": {
			w.received(b, dev, "cloudformation", time.Now().Add(-6*time.Minute)), "InvalidForwardedRequest",
			"Signature expired",
		},
		"not yet current": {
			w.received(b, dev, "cloudformation", time.Now().Add(6*time.Minute)), "InvalidForwardedRequest",
			"not yet current",
		},
		"another service": {
			w.received(b, dev, "dynamodb", time.Now()), "InvalidForwardedRequest",
			"Credential should be scoped to correct service: 'cloudformation'",
		},
		"another secret": {
			w.received(b, w.Config(c.AccessKeyID, "wrong", ""), "cloudformation", time.Now()), "InvalidForwardedRequest",
			"SignatureDoesNotMatch",
		},
		"unknown caller": {
			w.received(b, w.Config("AKIAQQQQQQQQQQQQQQQQ", "x", ""), "cloudformation", time.Now()), "InvalidForwardedRequest",
			"InvalidClientTokenId",
		},
		"a service": {
			w.received(b, service, "cloudformation", time.Now()), "InvalidForwardedRequest", "signed by a service",
		},
		"another body": {
			changed(func(q *writapi.Request) { q.Body = append(q.Body, 'x') }), "InvalidForwardedRequest",
			"SignatureDoesNotMatch",
		},
		"another URL": {
			changed(func(q *writapi.Request) { q.URL = "/" }), "InvalidForwardedRequest", "SignatureDoesNotMatch",
		},
		"another method": {
			changed(func(q *writapi.Request) { q.Method = "PUT" }), "InvalidForwardedRequest", "SignatureDoesNotMatch",
		},
		"another host": {
			changed(func(q *writapi.Request) { q.Headers["Host"] = []string{"elsewhere"} }), "InvalidForwardedRequest",
			"SignatureDoesNotMatch",
		},
		"more headers": {
			changed(func(q *writapi.Request) { q.Headers["X-Amz-Target"] = []string{"x"} }), "InvalidForwardedRequest",
			"not signed",
		},
		"not signed": {
			changed(func(q *writapi.Request) { delete(q.Headers, "Authorization") }), "InvalidForwardedRequest",
			"MissingAuthenticationToken",
		},
		"another hash": {
			changed(func(q *writapi.Request) { q.Body, q.BodySHA256 = nil, strings.Repeat("0", 64) }),
			"InvalidForwardedRequest", "SignatureDoesNotMatch",
		},
		"body and hash": {
			changed(func(q *writapi.Request) { q.BodySHA256 = strings.Repeat("0", 64) }), "ValidationError",
			"BodySHA256",
		},
		"no URL": {changed(func(q *writapi.Request) { q.URL = "" }), "ValidationError", "URL"},
		"a header twice": {
			changed(func(q *writapi.Request) { q.Headers["host"] = []string{"x"} }), "ValidationError", "twice",
		},
	} {
		out, err := w.forward(service, c.q)
		t.Run(name, func(t *testing.T) {
			if wantError(t, err, c.code, c.message); out != nil {
				t.Error("credentials were issued")
			}
		})
	}

	q := good()
	_, err = w.forward(dev, q)
	wantError(t, err, "AccessDenied", "Only a registered service")
	for _, seconds := range []int32{899, 3601, -1} {
		_, err = call[writapi.CreateForwardAccessSessionOutput](w, service, "CreateForwardAccessSession", writapi.CreateForwardAccessSessionInput{
			CallerRequest: q, DurationSeconds: seconds,
		})
		wantError(t, err, "ValidationError", "DurationSeconds")
	}
	// A request is good for one session, until it is stale: of several at once one is answered.
	results := make(chan error, 8)
	for range cap(results) {
		go func() { _, err := w.forward(service, q); results <- err }()
	}
	issued := 0
	for range cap(results) {
		if err := <-results; err == nil {
			issued++
		} else {
			wantError(t, err, "RequestAlreadyForwarded", "")
		}
	}
	if issued != 1 {
		t.Errorf("%d sessions were issued for one request", issued)
	}
	_, err = w.forward(service, q)
	wantError(t, err, "RequestAlreadyForwarded", "")
	q.Headers["User-Agent"] = []string{"another"}
	_, err = w.forward(service, q)
	wantError(t, err, "RequestAlreadyForwarded", "")
}

func TestTheHashOfABodyIsEnough(t *testing.T) {
	w := newWorld(t)
	service := w.register("cloudformation.amazonaws.com")
	q := w.received(newBackend(t), w.user("dev", ""), "cloudformation", time.Now())
	sum := sha256.Sum256(q.Body)
	q.Body, q.BodySHA256 = nil, hex.EncodeToString(sum[:])
	_, err := w.forward(service, q)
	w.must(err)
}

func TestAPresignedRequestIsForwardedWhileItIsFresh(t *testing.T) {
	w := newWorld(t)
	dev := w.user("dev", "")
	service := w.register("cloudformation.amazonaws.com")
	c, err := dev.Credentials.Retrieve(ctx)
	w.must(err)
	presigned := func(at time.Time) writapi.Request {
		const list = "https://cloudformation.example.com/?Action=ListStacks&X-Amz-Expires=3600"
		r, err := http.NewRequest("GET", list, nil)
		w.must(err)
		empty := sha256.Sum256(nil)
		url, header, err := v4.NewSigner().PresignHTTP(
			ctx, c, r, hex.EncodeToString(empty[:]), "cloudformation", writtest.Region, at)
		w.must(err)
		return writapi.Request{Method: "GET", URL: url, Headers: header}
	}
	_, err = w.forward(service, presigned(time.Now()))
	w.must(err)
	_, err = w.forward(service, presigned(time.Now().Add(-10*time.Minute)))
	wantError(t, err, "InvalidForwardedRequest", "signed more than 5 minutes ago")
}

func TestAForwardAccessSessionEndsWithWhatItStandsFor(t *testing.T) {
	w := newWorld(t)
	dev := w.user("dev", administrator)
	service := w.register("cloudformation.amazonaws.com")
	b := newBackend(t)
	forwarded := func(who aws.Config) aws.Config {
		out, err := w.forward(service, w.received(b, who, "cloudformation", time.Now()))
		w.must(err)
		return w.with(out.Credentials)
	}
	list := func(who aws.Config) error {
		_, err := iam.NewFromConfig(who).ListUsers(ctx, &iam.ListUsersInput{})
		return err
	}

	ofKey := forwarded(dev)
	w.must(list(ofKey)) // IAM is open to it, as to the key
	c, err := dev.Credentials.Retrieve(ctx)
	w.must(err)
	for _, status := range []types.StatusType{types.StatusTypeInactive, types.StatusTypeActive} {
		_, err = w.IAM().UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{
			UserName: aws.String("dev"), AccessKeyId: &c.AccessKeyID, Status: status,
		})
		w.must(err)
		if status == types.StatusTypeInactive {
			wantError(t, list(ofKey), "InvalidClientTokenId", "")
		} else {
			w.must(list(ofKey))
		}
	}

	role := w.assumed(dev, "r", administrator)
	ofRole := forwarded(role)
	w.must(list(ofRole))
	_, err = w.IAM().DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{
		RoleName: aws.String("r"), PolicyArn: aws.String(administrator),
	})
	w.must(err)
	wantError(t, list(ofRole), "AccessDenied", "iam:ListUsers")
	_, err = w.IAM().DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("r")})
	w.must(err)
	wantError(t, list(ofRole), "InvalidClientTokenId", "")

	_, err = w.IAM().DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{
		UserName: aws.String("dev"), AccessKeyId: &c.AccessKeyID,
	})
	w.must(err)
	wantError(t, list(ofKey), "InvalidClientTokenId", "")
	ofRoot := forwarded(w.root())
	w.must(list(ofRoot))
}

func TestAForwardAccessSessionDoesNotOutliveTheCallersSession(t *testing.T) {
	w := newWorld(t)
	dev := w.user("dev", administrator)
	service := w.register("cloudformation.amazonaws.com")
	arn := "arn:aws:iam::" + account + ":role/r"
	w.assumed(dev, "r", administrator)
	s, err := sts.NewFromConfig(dev).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("deploy"), DurationSeconds: aws.Int32(900),
	})
	w.must(err)
	w.turn(2 * time.Minute)
	role := w.Config(*s.Credentials.AccessKeyId, *s.Credentials.SecretAccessKey, *s.Credentials.SessionToken)
	out, err := w.forward(service, w.received(newBackend(t), role, "cloudformation", time.Now()))
	w.must(err)
	if !out.Credentials.Expiration.Equal(*s.Credentials.Expiration) {
		t.Errorf("ends at %v, the caller's at %v", out.Credentials.Expiration, *s.Credentials.Expiration)
	}
	// Nor does it get another one.
	client := sts.NewFromConfig(w.with(out.Credentials))
	_, err = client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("deploy")})
	wantError(t, err, "AccessDenied", "Cannot call AssumeRole with forward access session credentials")
	_, err = client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
}

func TestServicesAreTheOperatorsToRegister(t *testing.T) {
	w := newWorld(t)
	dev := w.user("dev", "")
	in := writapi.RegisterServiceInput{Name: "orders.example.com"}
	_, err := call[writapi.RegisterServiceOutput](w, dev, "RegisterService", in)
	wantError(t, err, "AccessDenied",
		"not authorized to perform: writ:RegisterService on resource: arn:aws:writ::"+account+":service/orders.example.com")
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"writ:*",
		"Resource":"arn:aws:writ::` + account + `:service/*.example.com"}}`
	_, err = w.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String("dev"), PolicyName: aws.String("p"), PolicyDocument: &policy,
	})
	w.must(err)
	out, err := call[writapi.RegisterServiceOutput](w, dev, "RegisterService", in)
	w.must(err)
	if s := out.Service; s.Name != in.Name || s.SigningName != "orders" || len(s.AccessKeys) != 1 ||
		s.AccessKeys[0] != out.AccessKey.AccessKeyID {
		t.Errorf("got %+v", out)
	}
	for name, c := range map[string]struct {
		operation, code string
		in              any
	}{
		"twice":        {"RegisterService", "EntityAlreadyExists", in},
		"no principal": {"RegisterService", "ValidationError", writapi.RegisterServiceInput{Name: "orders"}},
		"an identity provider": {
			"RegisterService", "ValidationError", writapi.RegisterServiceInput{Name: "accounts.google.com"},
		},
		"Writ's own name": {
			"RegisterService",
			"ValidationError", writapi.RegisterServiceInput{Name: "x.example.com", SigningName: "iam"},
		},
		"unknown to rotate": {
			"RotateServiceKey", "NoSuchEntity", writapi.RotateServiceKeyInput{Name: "x.example.com"},
		},
		"unknown to deregister": {
			"DeregisterService", "NoSuchEntity", writapi.DeregisterServiceInput{Name: "x.example.com"},
		},
		"misspelt":     {"RegisterService", "SerializationException", []byte(`{"Nmae":"x.example.com"}`)},
		"two inputs":   {"RegisterService", "SerializationException", []byte(`{"Name":"x.example.com"}{}`)},
		"no operation": {"RegisterEverything", "InvalidAction", []byte(`{}`)},
	} {
		_, err := call[struct{}](w, w.root(), c.operation, c.in)
		t.Run(name, func(t *testing.T) { wantError(t, err, c.code, "") })
	}

	// The key before stays good until the next rotation.
	service := w.Config(out.AccessKey.AccessKeyID, out.AccessKey.SecretAccessKey, "")
	who := func(c aws.Config) error {
		id, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err == nil && *id.Arn != in.Name {
			t.Errorf("got %s", *id.Arn)
		}
		return err
	}
	w.must(who(service))
	for n := range 2 {
		out, err := call[writapi.RotateServiceKeyOutput](w, dev, "RotateServiceKey", writapi.RotateServiceKeyInput{
			Name: in.Name,
		})
		w.must(err)
		w.must(who(w.Config(out.AccessKey.AccessKeyID, out.AccessKey.SecretAccessKey, "")))
		if err := who(service); n == 0 {
			w.must(err)
		} else {
			wantError(t, err, "InvalidClientTokenId", "")
		}
	}
	w.register("billing.example.com")
	list, err := call[writapi.ListServicesOutput](w, w.root(), "ListServices", writapi.ListServicesInput{})
	w.must(err)
	if len(list.Services) != 2 || list.Services[0].Name != "billing.example.com" ||
		len(list.Services[1].AccessKeys) != 2 {
		t.Errorf("got %+v", list)
	}
}

func TestAServiceAssumesTheRolesThatTrustIt(t *testing.T) {
	w := newWorld(t)
	service := w.register("amplify.amazonaws.com")
	trust := strings.Replace(trustAccount, `{"AWS":"`+account+`"}`, `{"Service":"amplify.amazonaws.com"}`, 1)
	r, err := w.IAM().CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("backend"), AssumeRolePolicyDocument: &trust,
	})
	w.must(err)
	in := &sts.AssumeRoleInput{RoleArn: r.Role.Arn, RoleSessionName: aws.String("deploy")}
	_, err = sts.NewFromConfig(service).AssumeRole(ctx, in)
	w.must(err)
	_, err = sts.NewFromConfig(w.register("lambda.amazonaws.com")).AssumeRole(ctx, in)
	wantError(t, err, "AccessDenied", "sts:AssumeRole")
	_, err = iam.NewFromConfig(service).ListUsers(ctx, &iam.ListUsersInput{})
	wantError(t, err, "AccessDenied", "iam:ListUsers")
}
