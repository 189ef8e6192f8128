package op

import (
	"net"
	"net/http"

	"github.com/writ-iam/writ/internal/iam"
)

// Admit takes a request that reaches the server by another way than the APIs' as a call of an operation: a feed about an account
// is one. It is authenticated, counted, authorised and audited as a call with the input in is; then the rest is up to whoever
// asked. An error denies; it is an [*iam.Error], for the caller of the call.
func (h *Handler) Admit(r *http.Request, service, operation string, in any, t Target) (*Call, error) {
	c := &Call{
		Backend: h.Backend, Time: h.Backend.Now(), RequestID: uuid(h.Backend.Rand), UserAgent: r.UserAgent(), Secure: r.TLS != nil,
	}
	c.SourceIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	q := &Request{HTTP: r, Operation: operation}
	for _, s := range h.Services {
		if s.Name == service {
			q.Service = s
		}
	}
	if q.Service == nil || !q.Service.Served(operation) {
		panic("op: " + service + ":" + operation + " is not served")
	}
	var told *iam.Error
	if err := h.admit(c, q, t); err != nil {
		told = failure(err)
		if told.Code == iam.ServiceFailure {
			h.Log.Error("a call failed", "operation", operation, "request", c.RequestID, "error", err)
		}
	}
	if err := h.audit(c, q, in, nil, told); err != nil { // as for the APIs: what is not on record is not told to have gone well
		h.Log.Error("the audit log cannot be written", "request", c.RequestID, "error", err)
		told = failure(err)
	}
	if told != nil {
		return nil, told
	}
	return c, nil
}

// admit is serve without input and handler.
func (h *Handler) admit(c *Call, q *Request, t Target) error {
	if err := h.identify(c, q); err != nil {
		return err
	}
	c.service, c.operation = q.Service, q.Service.operations[q.Operation]
	if err := c.Caller.may(q.Service, c.operation); err != nil {
		return err
	}
	return c.authorize(t, requestTags{})
}
