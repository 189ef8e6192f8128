package op

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/sigv4"
)

// MaxBody is the number of bytes that a request's body may have. What the store takes in one transaction is not much
// more.
const MaxBody = 1 << 20

// maxTime is how long a call may take. What waits longer waits for a store that does not answer, and clients would
// rather try again.
const maxTime = 15 * time.Second

// A Protocol is how an API's operations look on the wire.
type Protocol interface {
	// Decode reads an operation's input and holds it against the model.
	Decode(m *awsmodel.Operation, q *Request, in any) error
	// Encode writes an operation's output.
	Encode(m *awsmodel.Operation, out any, requestID string) (Response, error)
	// EncodeError writes an error. The HTTP status is the model's.
	EncodeError(s *awsmodel.Service, e *iam.Error, requestID string) Response
}

// A Request is an HTTP request, read whole.
type Request struct {
	HTTP      *http.Request
	Body      []byte
	Form      url.Values // of the Query protocol
	Service   *Service
	Operation string
}

// A Response is what goes back.
type Response struct {
	Status      int
	ContentType string
	ErrorType   string // for the header of JSON protocols
	Body        []byte
}

// A Handler serves APIs over HTTP.
type Handler struct {
	Backend  *Backend
	Services []*Service
	Log      *slog.Logger
	Limit    func(account string) bool // reports whether the account may make one more call now; nil for no limit
	// Observe is told of each answer; nil for nobody. The operation is "" if it is none of the service's.
	Observe func(service, operation string, status int, took time.Duration)

	keys sigv4.Keys
}

// The errors that there can be before there is an operation.
var (
	errTooLarge  = iam.Errorf("RequestEntityTooLarge", "The request body is larger than %d bytes.", MaxBody)
	errMethod    = iam.Errorf("InvalidAction", "The APIs are served by POST / and, for the Query protocol, by GET /.")
	errThrottled = iam.Errorf("Throttling", "Rate exceeded")
)

// ServeHTTP takes one request from the first byte to the last.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := h.Backend.Now()
	c := &Call{
		Backend: h.Backend, Time: began, RequestID: uuid(h.Backend.Rand), UserAgent: r.UserAgent(), Secure: r.TLS != nil,
	}
	c.SourceIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	q := &Request{HTTP: r}
	out, in, err := h.survive(r.Context(), c, q)

	service := q.Service
	if service == nil {
		service = h.answering(r)
	}
	var resp Response
	if err == nil {
		if resp, err = service.Protocol.Encode(c.operation.model, out, c.RequestID); err != nil {
			h.Log.Error("the answer cannot be encoded", "operation", q.Operation, "request", c.RequestID, "error", err)
		}
	}
	var told *iam.Error
	if err != nil {
		told = failure(err)
		if told.Code == iam.ServiceFailure {
			h.Log.Error("a call failed", "operation", q.Operation, "request", c.RequestID, "error", err)
		}
		resp = service.Protocol.EncodeError(service.Model, told, c.RequestID)
	}
	if err := h.audit(c, q, in, out, told); err != nil { // what is not on record is not told to have gone well
		h.Log.Error("the audit log cannot be written", "request", c.RequestID, "error", err)
		resp = service.Protocol.EncodeError(service.Model, failure(err), c.RequestID)
	}
	w.Header().Set("Content-Type", resp.ContentType)
	w.Header().Set("X-Amzn-RequestId", c.RequestID)
	if resp.ErrorType != "" {
		w.Header().Set("X-Amzn-ErrorType", resp.ErrorType)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(resp.Body)))
	w.WriteHeader(resp.Status)
	w.Write(resp.Body)
	if h.Observe != nil {
		operation := q.Operation
		if !service.Served(operation) { // anything, and of any length
			operation = ""
		}
		h.Observe(service.Name, operation, resp.Status, h.Backend.Now().Sub(began))
	}
}

// answering is the API whose protocol a request is answered in that is one for no API: JSON if it names a target.
func (h *Handler) answering(r *http.Request) *Service {
	json := r.Header.Get("X-Amz-Target") != ""
	for _, s := range h.Services {
		if (s.Model.TargetPrefix != "") == json {
			return s
		}
	}
	return h.Services[0]
}

// survive is serve, but for a panic, which becomes a failure of the call: it is answered and on record like others.
func (h *Handler) survive(ctx context.Context, c *Call, q *Request) (out, in any, err error) {
	defer func() {
		if r := recover(); r != nil {
			h.Log.Error("a call panicked", "operation", q.Operation, "panic", r, "stack", string(debug.Stack()))
			out, in, err = nil, nil, fmt.Errorf("panic: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	return h.serve(ctx, c, q)
}

// serve is the way of a request: see the package comment.
func (h *Handler) serve(ctx context.Context, c *Call, q *Request) (out, in any, err error) {
	if err := h.read(q); err != nil {
		return nil, nil, err
	}
	// From here on: a client that sends its body slowly gets neither an old state nor an old time.
	if err := h.identify(c, q); err != nil {
		return nil, nil, err
	}
	o := q.Service.operations[q.Operation]
	if o == nil {
		return nil, nil, q.Service.unserved(q.Operation)
	}
	c.service, c.operation = q.Service, o
	in = o.input()
	if err := q.Service.Protocol.Decode(o.model, q, in); err != nil {
		return nil, in, err
	}
	if err := c.Caller.may(q.Service, o); err != nil {
		return nil, in, err
	}
	target, err := o.target(c, in)
	if err != nil {
		return nil, in, err
	}
	tags := tagsOf(in)
	if err := tags.check(); err != nil {
		return nil, in, err
	}
	if err := c.authorize(target, tags); err != nil {
		return nil, in, err
	}
	out, err = o.handle(ctx, c, in)
	return out, in, err
}

// identify gives a call its state and its caller. That the snapshot does not follow the store is looked at first, because if it
// does, the state that is current afterwards is good.
func (h *Handler) identify(c *Call, q *Request) error {
	if err := h.Backend.Live.Err(); err != nil { // what is decided on an old state may be wrong
		return err
	}
	c.State, c.Time = h.Backend.Live.Current(), h.Backend.Now()
	if err := h.authenticate(c, q); err != nil {
		return err
	}
	h.noteUse(c, q)
	if c.Caller != nil && h.Limit != nil && !h.Limit(c.Caller.Account) {
		return errThrottled
	}
	return nil
}

// noteUse notes that the caller's access key, or its role, was used.
func (h *Handler) noteUse(c *Call, q *Request) {
	if c.Caller == nil || h.Backend.Used == nil {
		return
	}
	use := iam.Use{
		ID: c.Caller.AccessKeyID, Time: c.Time.UTC().Truncate(time.Second), Service: q.Service.Name, Region: c.Region,
	}
	if c.Caller.Session != nil {
		if c.Caller.Entity == nil || c.Caller.Entity.Kind() != "role" {
			return
		}
		use.ID, use.Service = c.Caller.Entity.Head().ID, ""
	}
	h.Backend.Used(use)
}

// read reads the body, and finds the operation's name.
func (h *Handler) read(q *Request) (err error) {
	r := q.HTTP
	if r.ContentLength > MaxBody {
		return errTooLarge
	}
	q.Body, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge
	}
	if err != nil {
		return &iam.Error{Code: "IncompleteBody", Message: "The request's body could not be read to its end."}
	}
	if r.URL.Path != "/" && r.URL.Path != "" || r.Method != http.MethodPost && r.Method != http.MethodGet {
		return errMethod
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, name, _ := strings.Cut(target, ".")
		for _, s := range h.Services {
			if s.Model.TargetPrefix != "" && s.Model.TargetPrefix == prefix {
				q.Service, q.Operation = s, name
				return nil
			}
		}
		return &iam.Error{Code: "UnknownOperationException", Message: "There is no API with the target " + prefix + "."}
	}
	if q.Form, err = url.ParseQuery(r.URL.RawQuery); err == nil && r.Method == http.MethodPost {
		var form url.Values
		form, err = url.ParseQuery(string(q.Body))
		for key, values := range form {
			q.Form[key] = values
		}
	}
	if err != nil {
		return &iam.Error{Code: "MalformedQueryString", Message: "The query string contains a syntax error."}
	}
	q.Operation = q.Form.Get("Action")
	version := q.Form.Get("Version")
	for _, s := range h.Services {
		if s.Model.TargetPrefix == "" && s.Model.Version == version {
			q.Service = s
		}
	}
	switch {
	case q.Operation == "":
		return &iam.Error{Code: "MissingAction", Message: "The request is missing an action or a required parameter."}
	case q.Service == nil:
		return errNoOperation(q.Operation, version)
	}
	return nil
}

// clip bounds what a message repeats of a request.
func clip(s string) string {
	if len(s) > 128 {
		return s[:128] + "…"
	}
	return s
}

// uuid makes the id of a request or of an event.
func uuid(rand io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		panic(err) // without randomness nothing here is safe
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
