package writapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/sigv4"
	"github.com/writ-iam/writ/internal/snapshot"
)

// A Request is an HTTP request as a service received it. Every header that is signed must be among the headers, Host
// included, which many HTTP servers keep elsewhere.
type Request struct {
	Method  string
	URL     string // as in the request line: "/?Action=CreateStack"
	Headers map[string][]string
	Body    []byte // base64 on the wire

	// BodySHA256 is the hash of the body, in hexadecimal, in place of a body that is not handed over. The headers
	// must then have Content-Length, if that is signed.
	BodySHA256 string `json:",omitempty"`
}

type CreateForwardAccessSessionInput struct {
	CallerRequest   Request
	DurationSeconds int32 // from 900, which 0 stands for, to 3600
}

type CreateForwardAccessSessionOutput struct {
	Credentials Credentials
	Caller      Caller
	CalledVia   []string // the services through which the session came
}

// Credentials act as the caller. The members are those that the AWS SDKs read from a credential process.
type Credentials struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

// A Caller is who signed the request.
type Caller struct {
	Account string
	ARN     string `json:"Arn"`
	UserID  string `json:"UserId"`
}

// The codes of errors about the request that a service hands over, as opposed to the one that it signed itself.
const (
	invalidRequest   iam.Code = "InvalidForwardedRequest"
	alreadyForwarded iam.Code = "RequestAlreadyForwarded"
)

// The bounds on forward access sessions.
const (
	defaultForward = 15 * time.Minute
	maxForward     = time.Hour
	maxCalledVia   = 16 // services in a chain
	maxOutdated    = 100
)

// notForwarded is the reason why no session is issued for a request.
func notForwarded(err error) error {
	if e, ok := err.(*iam.Error); ok {
		return iam.Errorf(invalidRequest, "The request that was handed over is not accepted: %s: %s", e.Code, e.Message)
	}
	return err
}

var forwards = []op.Operation{op.New("CreateForwardAccessSession", onForward, createForwardAccessSession)}

// onForward admits registered services. They need no policy: what they get is what the caller may do, and the proof
// of the caller is in the request.
func onForward(c *op.Call, _ *CreateForwardAccessSessionInput) (op.Target, error) {
	if c.Caller.Service == "" {
		return op.Target{}, iam.Errorf(iam.AccessDenied,
			"Only a registered service can create a forward access session.")
	}
	return op.Target{Free: true}, nil
}

// http rebuilds the request, but for its body, of which it returns the hash.
func (q *Request) http() (*http.Request, [sha256.Size]byte, error) {
	hash, err := q.hash()
	if err != nil {
		return nil, hash, err
	}
	u, err := url.ParseRequestURI(q.URL)
	if err != nil {
		return nil, hash, iam.Errorf(iam.ValidationError, "URL must be the one of the request line.")
	}
	r := &http.Request{Method: q.Method, URL: u, Host: u.Host, Header: http.Header{}, ContentLength: int64(len(q.Body))}
	if strings.HasPrefix(q.URL, "/") {
		r.RequestURI = q.URL
	}
	for name, values := range q.Headers {
		name = http.CanonicalHeaderKey(name)
		if _, twice := r.Header[name]; twice {
			return nil, hash, iam.Errorf(iam.ValidationError,
				"The header %.64q is there twice; its values belong into one list.", name)
		}
		r.Header[name] = values
	}
	if host := r.Header["Host"]; len(host) == 1 {
		r.Host = host[0]
	}
	r.Header.Del("Host")
	if q.BodySHA256 != "" {
		r.ContentLength = -1
	}
	return r, hash, nil
}

func (q *Request) hash() ([sha256.Size]byte, error) {
	if q.BodySHA256 == "" {
		return sha256.Sum256(q.Body), nil
	}
	hash, err := hex.DecodeString(q.BodySHA256)
	if err != nil || len(hash) != sha256.Size || len(q.Body) > 0 {
		return [sha256.Size]byte{}, iam.Errorf(iam.ValidationError,
			"BodySHA256 must be a hash in hexadecimal, and takes the place of Body.")
	}
	return [sha256.Size]byte(hash), nil
}

func createForwardAccessSession(
	ctx context.Context, c *op.Call, in *CreateForwardAccessSessionInput,
) (*CreateForwardAccessSessionOutput, error) {
	life := time.Duration(in.DurationSeconds) * time.Second
	if life == 0 {
		life = defaultForward
	}
	if life < defaultForward || life > maxForward {
		return nil, iam.Errorf(iam.ValidationError,
			"DurationSeconds must be from %d to %d.", defaultForward/time.Second, maxForward/time.Second)
	}
	service := snapshot.Get[iam.Service](c.State, iam.ServiceKey(c.Caller.Service))
	if service == nil {
		return nil, iam.Errorf(iam.NoSuchEntity, iam.NoService, c.Caller.Service)
	}
	r, body, err := in.CallerRequest.http()
	if err != nil {
		return nil, err
	}
	caller, sig, err := c.Presented(r, body, service.SigningName)
	if err != nil {
		return nil, notForwarded(err)
	}
	s, err := forwarded(c, caller, service.Name)
	if err != nil {
		return nil, err
	}
	until := c.Time.Add(life)
	if !s.Expires.IsZero() && s.Expires.Before(until) {
		until = s.Expires
	}
	if err := once(ctx, c, sig); err != nil {
		return nil, err
	}
	token, err := c.Issue(s, until)
	if err != nil {
		return nil, err
	}
	return &CreateForwardAccessSessionOutput{
		Credentials: Credentials{s.AccessKeyID, s.Secret, token, s.Expires},
		Caller:      Caller{caller.Account, caller.ARN, caller.UserID},
		CalledVia:   s.CalledVia,
	}, nil
}

// forwarded makes the session that acts as a caller, through one service more.
func forwarded(c *op.Call, caller *op.Caller, service string) (*session.Session, error) {
	if caller.Service != "" {
		return nil, iam.Errorf(invalidRequest,
			"The request was signed by a service; only those of users, roles and root users are forwarded.")
	}
	var s session.Session
	switch {
	case caller.Session != nil:
		s = *caller.Session
	case caller.Root():
		s = session.Session{Kind: session.Root, PrincipalID: caller.Account}
	default:
		s = session.Session{Kind: session.User, PrincipalID: caller.Entity.Head().ID}
	}
	if caller.Session == nil {
		s.Account, s.ForwardedKey, s.Issued = caller.Account, caller.AccessKeyID, c.Time
	}
	if len(s.CalledVia) >= maxCalledVia {
		return nil, iam.Errorf(invalidRequest, "The request came through %d services already.", maxCalledVia)
	}
	s.CalledVia = append(append([]string(nil), s.CalledVia...), service)
	return &s, nil
}

// once takes note of a request, at all servers on the store, and refuses one that it saw before.
func once(ctx context.Context, c *op.Call, sig *sigv4.Signature) error {
	f := &iam.Forwarded{Time: sig.Time.UTC().Format("20060102T150405Z"), Signature: sig.Value()}
	// What was signed before this is refused as stale, by the clock of any server that is right enough to serve.
	oldest := iam.ForwardedKey(c.Time.UTC().Add(-4*sigv4.Window).Format("20060102T150405Z"), "")
	var outdated []string
	for key := range c.State.List(iam.ForwardedKey("", "")[:len("forwarded/")], "") {
		if key >= oldest || len(outdated) == maxOutdated {
			break
		}
		outdated = append(outdated, key)
	}
	err := c.Update(ctx, func(tx iam.Txn) error { return iam.Forward(tx, f, outdated) })
	if iam.Is(err, iam.EntityAlreadyExists) {
		return iam.Errorf(alreadyForwarded,
			"A session was issued for this request before. Each request is good for one.")
	}
	return err
}
