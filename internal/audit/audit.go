// Package audit writes one record for each call, whatever came of it, in the form of AWS CloudTrail's events: what
// reads CloudTrail's files can read these, one JSON object a line.
//
//	log, err := audit.Open("audit.jsonl")
//	err = log.Write(&record)    // an error means that the call is not on record: do not lose it
//
// A [Record] has CloudTrail's names and order, and the eventVersion whose meaning it follows. [Parameters] turns the
// input or the output of an operation into requestParameters or responseElements, without what is secret: a table says
// which members are, and a test walks all types of the SDK for members that sound like it. Signatures, tokens and
// bodies are never in a record.
//
// Sizes are bounded, as in CloudTrail: a text that is too long is shortened, and what makes a record too large is left
// out and named in "omitted".
//
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// EventVersion is the version of CloudTrail's records that these follow.
const EventVersion = "1.11"

// What is the same in all records of calls of an API.
const (
	EventType     = "AwsApiCall"
	EventCategory = "Management"
)

// The types of a UserIdentity.
const (
	Root            = "Root"
	IAMUser         = "IAMUser"
	AssumedRole     = "AssumedRole"
	FederatedUser   = "FederatedUser"
	AWSService      = "AWSService"
	WebIdentityUser = "WebIdentityUser"
	Unknown         = "Unknown" // credentials that no one is known for
)

// A Time is written as CloudTrail does: in UTC, to the second.
type Time struct{ time.Time }

// MarshalJSON writes the time.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05Z"`), nil
}

// A Record is one call.
type Record struct {
	EventVersion        string         `json:"eventVersion"` // EventVersion, if empty
	UserIdentity        UserIdentity   `json:"userIdentity"`
	EventTime           Time           `json:"eventTime"`
	EventSource         string         `json:"eventSource"` // iam.amazonaws.com
	EventName           string         `json:"eventName"`   // the operation
	AWSRegion           string         `json:"awsRegion"`
	SourceIPAddress     string         `json:"sourceIPAddress"`
	UserAgent           string         `json:"userAgent"`
	ErrorCode           string         `json:"errorCode,omitempty"`
	ErrorMessage        string         `json:"errorMessage,omitempty"`
	RequestParameters   map[string]any `json:"requestParameters"` // null without any, as in CloudTrail
	ResponseElements    map[string]any `json:"responseElements"`  // of operations that change something
	AdditionalEventData map[string]any `json:"additionalEventData,omitempty"`
	RequestID           string         `json:"requestID"`
	EventID             string         `json:"eventID"`
	ReadOnly            bool           `json:"readOnly"`
	Resources           []Resource     `json:"resources,omitempty"`
	EventType           string         `json:"eventType"` // EventType, if empty
	ManagementEvent     bool           `json:"managementEvent"`
	RecipientAccountID  string         `json:"recipientAccountId"`
	SharedEventID       string         `json:"sharedEventID,omitempty"` // one call, records for several accounts
	EventCategory       string         `json:"eventCategory"`           // EventCategory, if empty
	TLSDetails          *TLSDetails    `json:"tlsDetails,omitempty"`
	Omitted             []string       `json:"omitted,omitempty"` // members that were too large; not CloudTrail's
}

// A UserIdentity is who made the call.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
type UserIdentity struct {
	Type             string          `json:"type"`
	PrincipalID      string          `json:"principalId,omitempty"`
	ARN              string          `json:"arn,omitempty"`
	AccountID        string          `json:"accountId,omitempty"`
	AccessKeyID      string          `json:"accessKeyId,omitempty"`
	UserName         string          `json:"userName,omitempty"`
	IdentityProvider string          `json:"identityProvider,omitempty"` // of a WebIdentityUser
	InvokedBy        string          `json:"invokedBy,omitempty"`        // the service that made the call
	SessionContext   *SessionContext `json:"sessionContext,omitempty"`
}

// A SessionContext is there if the credentials were temporary.
type SessionContext struct {
	SessionIssuer       *SessionIssuer     `json:"sessionIssuer,omitempty"`
	WebIDFederationData *WebIDFederation   `json:"webIdFederationData,omitempty"`
	Attributes          *SessionAttributes `json:"attributes,omitempty"`
	SourceIdentity      string             `json:"sourceIdentity,omitempty"`
}

// A SessionIssuer is the role or user that the session is one of.
type SessionIssuer struct {
	Type        string `json:"type"` // Role, User or Root
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName,omitempty"`
}

// A WebIDFederation is what an identity provider said.
type WebIDFederation struct {
	FederatedProvider string            `json:"federatedProvider,omitempty"`
	Attributes        map[string]string `json:"attributes,omitempty"`
}

// SessionAttributes are when a session was made, and whether with an MFA code.
type SessionAttributes struct {
	CreationDate     Time `json:"creationDate"`
	MFAAuthenticated Flag `json:"mfaAuthenticated"`
}

// A Flag is a bool that CloudTrail writes as a text.
type Flag bool

// MarshalJSON writes "true" or "false", with quotes.
func (f Flag) MarshalJSON() ([]byte, error) {
	if f {
		return []byte(`"true"`), nil
	}
	return []byte(`"false"`), nil
}

// A Resource is what a call acted on.
type Resource struct {
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type,omitempty"` // AWS::IAM::Role
	ARN       string `json:"ARN"`
}

// TLSDetails say how a call came.
type TLSDetails struct {
	TLSVersion               string `json:"tlsVersion"`
	CipherSuite              string `json:"cipherSuite"`
	ClientProvidedHostHeader string `json:"clientProvidedHostHeader,omitempty"`
}

// The bounds on a record and its members, in bytes. A record of CloudTrail has 256 KB at most.
const (
	maxRecord    = 256 << 10
	maxUserAgent = 1024
	maxMessage   = 1024
	maxText      = 2048
	maxLarge     = 64 << 10 // what a member may have, once a record is too large
	maxResources = 100
)

// line returns the record as a line, with defaults, and without what is too large.
func (r *Record) line() ([]byte, error) {
	b := *r
	for _, d := range []struct {
		at    *string
		value string
	}{{&b.EventVersion, EventVersion}, {&b.EventType, EventType}, {&b.EventCategory, EventCategory}} {
		if *d.at == "" {
			*d.at = d.value
		}
	}
	b.UserAgent = clip(b.UserAgent, maxUserAgent)
	b.ErrorMessage = clip(b.ErrorMessage, maxMessage)
	for _, s := range []*string{
		&b.EventVersion, &b.EventType, &b.EventCategory, &b.EventSource, &b.EventName, &b.AWSRegion, &b.SourceIPAddress,
		&b.ErrorCode, &b.RequestID, &b.EventID, &b.RecipientAccountID, &b.SharedEventID, &b.UserIdentity.Type,
		&b.UserIdentity.PrincipalID, &b.UserIdentity.ARN, &b.UserIdentity.AccountID, &b.UserIdentity.AccessKeyID,
		&b.UserIdentity.UserName, &b.UserIdentity.IdentityProvider, &b.UserIdentity.InvokedBy,
	} {
		*s = clip(*s, maxText)
	}
	omit := func(name string) { b.Omitted = append(slices.Clip(b.Omitted), name) }
	if len(b.Resources) > maxResources {
		b.Resources = b.Resources[:maxResources]
		omit("resources")
	}
	out, err := encode(&b)
	if err != nil || len(out) <= maxRecord {
		return out, err
	}
	for _, p := range []struct {
		name  string
		value any
		drop  func()
	}{
		{"requestParameters", b.RequestParameters, func() { b.RequestParameters = nil }},
		{"responseElements", b.ResponseElements, func() { b.ResponseElements = nil }},
		{"additionalEventData", b.AdditionalEventData, func() { b.AdditionalEventData = nil }},
		{"resources", b.Resources, func() { b.Resources = nil }},
		{"sessionContext", b.UserIdentity.SessionContext, func() { b.UserIdentity.SessionContext = nil }},
		{"tlsDetails", b.TLSDetails, func() { b.TLSDetails = nil }},
	} {
		if out, err := encode(p.value); err != nil || len(out) > maxLarge {
			p.drop()
			omit(p.name)
		}
	}
	return encode(&b)
}

// clip shortens a text to about max bytes, at the end of a character.
func clip(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return strings.ToValidUTF8(s[:max], "�") + "..."
}

// encode writes JSON without escaping what only HTML minds, so that user agents stay readable. Control characters are
// escaped: a record is one line.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// A Log takes records. It may be used by several goroutines at once.
type Log struct {
	mu      sync.Mutex
	idle    *sync.Cond // on mu: nobody writes any more
	next    *batch     // what is written next; nil if nothing waits
	writing bool       // somebody leads, and has what follows
	closed  bool

	w     io.Writer
	file  *os.File
	path  string
	size  int64
	limit int64 // of a file, before it is put aside
	aside int   // the number that the last file was put aside under
	torn  bool  // the last write ended in the middle of a line
}

// New returns a log that writes to w.
func New(w io.Writer) *Log {
	l := &Log{w: w}
	l.idle = sync.NewCond(&l.mu)
	return l
}

// Discard returns a log that keeps nothing.
func Discard() *Log { return New(io.Discard) }

// DefaultSize is how large a file becomes before it is put aside.
const DefaultSize = 256 << 20

// Open returns a log that appends to a file, which only its owner can read if it is made here. A file of DefaultSize is
// put aside under its name with the next free number: audit.jsonl.1 is the oldest one. Nothing is ever deleted here; to
// collect and to delete is the operator's. What was written survives the end of the process at once, and that of the
// machine as soon as the operating system has written it to disk.
func Open(path string) (*Log, error) { return OpenSize(path, DefaultSize) }

// OpenSize returns a log whose files are put aside when they would become larger than limit; 0 is never.
func OpenSize(path string, limit int64) (*Log, error) {
	l := New(nil)
	l.path, l.limit = path, limit
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open opens the file. One that ends in the middle of a line, because a machine stopped in it, gets an end of line
// first.
func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	l.torn = false
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		var last [1]byte
		if _, err = f.ReadAt(last[:], info.Size()-1); err == nil {
			l.torn = last[0] != '\n'
		}
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.w, l.size = f, f, info.Size()
	return nil
}

// rotate puts the file aside and opens a new one. If it cannot, what follows goes into the file that there is: a large
// file is better than a lost record.
func (l *Log) rotate() error {
	aside := ""
	for {
		l.aside++
		aside = fmt.Sprintf("%s.%d", l.path, l.aside)
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return err
		}
	}
	if err := os.Rename(l.path, aside); err != nil {
		return err
	}
	old := l.file
	if err := l.open(); err != nil {
		return errors.Join(err, os.Rename(aside, l.path))
	}
	return errors.Join(old.Sync(), old.Close())
}

// Write writes a record. An error means that the record is not, or not wholly, where it belongs; the caller must not go
// on as if it were. Records that come while others are being written are then written together.
func (l *Log) Write(r *Record) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return os.ErrClosed
	}
	if l.next == nil {
		l.next = &batch{done: make(chan struct{}), lead: make(chan struct{}, 1)}
	}
	b := l.next
	b.lines = append(b.lines, line...)
	leads := !l.writing
	l.writing = true
	l.mu.Unlock()
	if !leads {
		select {
		case <-b.done:
			return b.err
		case <-b.lead:
		}
	}
	l.lead()
	return b.err
}

// A batch is the lines that are written at once. Of those who wait for it one is told to write it.
type batch struct {
	lines []byte
	err   error
	done  chan struct{} // closed when the lines are written, or are not
	lead  chan struct{}
}

// lead writes the batch that waits, which has at least the line of the caller, and passes the lead on.
func (l *Log) lead() {
	l.mu.Lock()
	b := l.next
	l.next = nil
	l.mu.Unlock()

	b.err = l.write(b.lines) // there is one leader, so that nobody else writes
	close(b.done)

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next != nil {
		l.next.lead <- struct{}{}
		return
	}
	l.writing = false
	l.idle.Broadcast()
}

// write writes lines to the file, and to new ones if they have no room in it.
func (l *Log) write(lines []byte) error {
	for len(lines) > 0 {
		n := l.fitting(lines)
		if n == 0 {
			if err := l.rotate(); err != nil {
				l.size = 0 // try again when as much again was written
			}
			n = max(l.fitting(lines), bytes.IndexByte(lines, '\n')+1)
		}
		if err := l.append(lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

// fitting returns how many bytes of whole lines the file has room for.
func (l *Log) fitting(lines []byte) int {
	if l.file == nil || l.limit <= 0 || l.size+int64(len(lines)) <= l.limit {
		return len(lines)
	}
	room := max(0, l.limit-l.size)
	n := bytes.LastIndexByte(lines[:room], '\n') + 1
	if n == 0 && l.size == 0 { // a line that is longer than a file may be has one of its own
		n = bytes.IndexByte(lines, '\n') + 1
	}
	return n
}

func (l *Log) append(lines []byte) error {
	if l.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := l.w.Write(lines)
	l.size += int64(n)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	l.torn = n > 0 && lines[n-1] != '\n' || n == 0 && l.torn
	return err
}

// Close brings what was written to disk and closes the file. Records are not taken any more.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	for l.writing {
		l.idle.Wait()
	}
	if l.file == nil {
		return nil
	}
	err := l.file.Sync()
	return errors.Join(err, l.file.Close())
}
