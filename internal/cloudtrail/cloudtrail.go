// Package cloudtrail reads records of AWS CloudTrail, and says which actions they used, on which resources.
//
//	err := cloudtrail.Read(file, func(r *cloudtrail.Record) error {
//		calls, reason := r.Call()
//		…
//	})
//
// # What is read
//
// [Read] takes what CloudTrail and its tools write, compressed by gzip or not, and tells the forms apart by itself: the files that a trail
// delivers ({"Records": […]}), the output of aws cloudtrail lookup-events ({"Events": […]}, where each has its record as a text), a list of
// records, one record, and records one after another, as in the audit log of writ serve. It holds one record at a time, of [MaxSize] bytes
// at most. What is not of the form of a record is an [*Error] with the number of the record and the place; nothing is skipped.
//
// # From an event to a call
//
// CloudTrail records operations, and policies name actions. Mostly these are called alike, and tables here have the rest: the prefixes of
// services whose endpoints are called otherwise, the operations of S3, of Lambda with the date of their version, of the control plane of API
// Gateway, whose actions are the verbs of HTTP. What comes of it must be an action of package authref: an event that is none is said to be
// not understood, with the reason, and never left out.
//
// The resource is one of those that the record names, if the action acts on its type; otherwise it is made of the parameters of the request
// by the format of the ARN, with * in place of what they do not say. An action that acts on no resource has *. Records seldom say the path of
// an IAM role: a role is taken to have none unless its ARN is there.
//
// iam:PassRole is never an event. It is derived from the parameters of operations that pass a role.
//
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
package cloudtrail

import (
	"fmt"
	"strings"
	"time"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// A Record is one event.
type Record struct {
	EventID            string
	EventTime          time.Time
	EventSource        string // "iam.amazonaws.com"
	EventName          string // the operation
	EventType          string // "AwsApiCall"
	EventCategory      string // "Management", "Data" …
	AWSRegion          string
	SourceIPAddress    string
	UserAgent          string
	RecipientAccountID string
	ErrorCode          string
	ReadOnly           bool
	UserIdentity       UserIdentity
	RequestParameters  *jsontree.Node // an object; nil if there are none
	Resources          []string       // the ARNs of what the call acted on
}

// A UserIdentity is who made the call.
type UserIdentity struct {
	Type             string // "IAMUser", "AssumedRole", "AWSService" …
	ARN              string
	AccountID        string
	InvokedBy        string // the service that made the call
	SessionIssuer    string // the ARN of the role that the session is one of
	MFAAuthenticated string // "true" or "false"; empty if it is not said
}

// Caller is who the call counts for: the role of a session, otherwise the ARN of the identity, or what else is known of it.
func (u *UserIdentity) Caller() string {
	for _, name := range []string{u.SessionIssuer, u.ARN, u.InvokedBy, u.AccountID, u.Type} {
		if name != "" {
			return name
		}
	}
	return "unknown"
}

// Is reports whether an ARN is that of the identity, or of the role that it is a session of.
func (u *UserIdentity) Is(arn string) bool { return arn == u.ARN || arn == u.SessionIssuer }

// Principal returns the identity for package eval: the zero Principal if it cannot be told.
func (u *UserIdentity) Principal() eval.Principal {
	p, err := eval.ParsePrincipal(u.ARN)
	if err != nil {
		return eval.Principal{}
	}
	if u.SessionIssuer != "" {
		if of, err := p.WithSessionIssuer(u.SessionIssuer); err == nil {
			return of
		}
	}
	return p
}

// record reads a record from its tree.
func record(n *jsontree.Node) (*Record, error) {
	o, err := objectOf(n, "")
	if err != nil {
		return nil, err
	}
	if inner := o.members["CloudTrailEvent"]; inner != nil && inner.Kind == jsontree.String { // of lookup-events
		tree, err := jsontree.Parse([]byte(inner.Text))
		if err != nil {
			return nil, &policy.Error{Pos: inner.Span.Start, Path: "CloudTrailEvent", Reason: err.Error()}
		}
		r, err := record(tree)
		if err != nil {
			return nil, &policy.Error{Pos: inner.Span.Start, Path: "CloudTrailEvent", Reason: err.Error()}
		}
		return r, nil
	}
	r := &Record{
		EventID: o.text("eventID"), EventSource: o.text("eventSource"), EventName: o.text("eventName"), EventType: o.text("eventType"),
		EventCategory: o.text("eventCategory"), AWSRegion: o.text("awsRegion"), SourceIPAddress: o.text("sourceIPAddress"),
		UserAgent: o.text("userAgent"), RecipientAccountID: o.text("recipientAccountId"), ErrorCode: o.text("errorCode"),
		ReadOnly: o.bool("readOnly"), RequestParameters: o.value("requestParameters", jsontree.Object),
	}
	at := o.text("eventTime")
	for _, required := range []struct{ name, value string }{{"eventTime", at}, {"eventSource", r.EventSource}, {"eventName", r.EventName}} {
		if o.err == nil && required.value == "" {
			return nil, &policy.Error{Pos: n.Span.Start, Reason: fmt.Sprintf("this is no record of CloudTrail: it has no %s", required.name)}
		}
	}
	if o.err == nil {
		if r.EventTime, err = time.Parse(time.RFC3339, at); err != nil {
			return nil, &policy.Error{Pos: o.members["eventTime"].Span.Start, Path: "eventTime", Reason: fmt.Sprintf("%q is no time; expected one such as 2026-01-31T12:00:00Z", at)}
		}
	}
	o.each("resources", func(one *object) {
		if arn := one.text("ARN"); arn != "" {
			r.Resources = append(r.Resources, arn)
		}
	})
	who := o.object("userIdentity")
	session := who.object("sessionContext")
	r.UserIdentity = UserIdentity{
		Type: who.text("type"), ARN: who.text("arn"), AccountID: who.text("accountId"), InvokedBy: who.text("invokedBy"),
		SessionIssuer: session.object("sessionIssuer").text("arn"), MFAAuthenticated: session.object("attributes").text("mfaAuthenticated"),
	}
	return r, o.err
}

// An object is one of which members are read. The first error is kept, and shared with the objects in it.
type object struct {
	path    string
	members map[string]*jsontree.Node
	*fault
}

type fault struct{ err error }

func objectOf(n *jsontree.Node, path string) (*object, error) {
	o := &object{path: path, members: map[string]*jsontree.Node{}, fault: &fault{}}
	o.fill(n)
	return o, o.err
}

func (o *object) fill(n *jsontree.Node) {
	if n.Kind != jsontree.Object {
		o.fail(n, o.path, "expected an object, found %s", n.Kind)
		return
	}
	for _, m := range n.Members {
		if o.members[m.Key.Text] != nil {
			o.fail(m.Value, o.at(m.Key.Text), "the member is given twice")
		}
		o.members[m.Key.Text] = m.Value
	}
}

func (o *object) at(name string) string { return strings.TrimPrefix(o.path+"."+name, ".") }

func (o *object) fail(n *jsontree.Node, path, format string, args ...any) {
	if o.err == nil {
		o.err = &policy.Error{Pos: n.Span.Start, Path: path, Reason: fmt.Sprintf(format, args...)}
	}
}

// value returns a member of a kind, and nil if there is none or it is null.
func (o *object) value(name string, kind jsontree.Kind) *jsontree.Node {
	n := o.members[name]
	if n == nil || n.Kind == jsontree.Null {
		return nil
	}
	if n.Kind != kind {
		o.fail(n, o.at(name), "expected %s, found %s", kind, n.Kind)
		return nil
	}
	return n
}

func (o *object) text(name string) string {
	if n := o.value(name, jsontree.String); n != nil {
		return n.Text
	}
	return ""
}

func (o *object) bool(name string) bool {
	n := o.value(name, jsontree.Bool)
	return n != nil && n.Text == "true"
}

// object returns a member that is an object, and one without members if there is none.
func (o *object) object(name string) *object {
	in := &object{path: o.at(name), members: map[string]*jsontree.Node{}, fault: o.fault}
	if n := o.value(name, jsontree.Object); n != nil {
		in.fill(n)
	}
	return in
}

// each calls f with each object of a list.
func (o *object) each(name string, f func(*object)) {
	n := o.value(name, jsontree.Array)
	if n == nil {
		return
	}
	for i, element := range n.Elements {
		in := &object{path: fmt.Sprintf("%s[%d]", o.at(name), i), members: map[string]*jsontree.Node{}, fault: o.fault}
		in.fill(element)
		f(in)
	}
}
