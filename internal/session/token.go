package session

import (
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"
)

// A Kind says what a session is one of.
type Kind byte

// The kinds. Their numbers are in tokens and stay.
const (
	AssumedRole   Kind = iota + 1 // AssumeRole and its relatives
	User                          // GetSessionToken by a user
	Federated                     // GetFederationToken by a user
	Root                          // GetSessionToken by the root user
	FederatedRoot                 // GetFederationToken by the root user
	lastKind
)

// Version is the version of the format of tokens.
const Version = 1

// A Session is what temporary security credentials mean. Times are kept to the second.
type Session struct {
	Version     int    // of the format that the token has; in a session that is to be sealed, 0 or Version
	AccessKeyID string // ASIA…
	Secret      string
	Account     string
	Kind        Kind
	PrincipalID string // unique id of the role or user; the account's id for its root user
	Name        string // role session name, or federated user name
	Issued      time.Time
	Expires     time.Time
	Region      string // where it was issued; "" if it does not matter

	Policies          []string // session policies: the documents that were passed
	PolicyARNs        []string // session policies: the managed ones
	Tags              []Tag
	TransitiveTagKeys []string
	SourceIdentity    string

	MFA         bool // the caller had given an MFA code
	MFATime     time.Time
	Chained     bool         // a role assumed by a role
	WebIdentity *WebIdentity // of AssumeRoleWithWebIdentity
	CalledVia   []string     // service principals through which the call goes, first one first

	// ForwardedKey is the long-term access key that a forward access session stands for; "" if it stands for a session.
	ForwardedKey string
}

// A Tag is a session tag.
type Tag struct{ Key, Value string }

// A WebIdentity is who the identity provider said it was.
type WebIdentity struct {
	Provider string // as in aws:FederatedProvider
	Subject  string
	Audience string
	Context  map[string][]string // condition keys that the identity token gives values to
}

// The bounds on a token. Its base64 is 4/3 of it, and goes into a header.
const (
	maxSession = 32 << 10
	maxToken   = (maxSession + sealing + 2) / 3 * 4
)

const tokenName = "session token"

// SealToken returns the session's token, in the alphabet of AWS's. The error is an [*Error]: a session may be too
// large.
func (k *Keys) SealToken(s *Session) (string, error) {
	if s.Version != 0 && s.Version != Version {
		return "", &Error{tokenName, NewerVersion}
	}
	w := writer{buf: append(make([]byte, 0, 512), Version)}
	s.fields(&w)
	if len(w.buf) > maxSession {
		return "", &Error{tokenName, TooLarge}
	}
	return base64.StdEncoding.EncodeToString(k.seal(k.masters[k.newest].tokens, w.buf, nil)), nil
}

// OpenToken returns the session of a token. It does not look at the clock: see Expires. The error is an [*Error].
func (k *Keys) OpenToken(token string) (*Session, error) {
	if len(token) > maxToken {
		return nil, &Error{tokenName, TooLarge}
	}
	sealed, err := strictBase64.DecodeString(token)
	if err != nil {
		return nil, &Error{tokenName, Malformed}
	}
	plain, err := k.open(tokenName, sealed, nil, func(s *subkeys) cipher.AEAD { return s.tokens })
	if err != nil {
		return nil, err
	}
	if len(plain) == 0 || plain[0] != Version {
		return nil, &Error{tokenName, NewerVersion}
	}
	r := reader{rest: string(plain[1:])}
	s := &Session{Version: Version}
	s.fields(&r)
	if r.bad || r.rest != "" || s.Kind == 0 || s.Kind >= lastKind {
		return nil, &Error{tokenName, Malformed}
	}
	return s, nil
}

// One text for one token: without Strict, the unused bits at the end could be anything. Line breaks, which
// encoding/base64 skips, are the exception.
var strictBase64 = base64.StdEncoding.Strict()

// fields names the fields in the order of the format, for writing and for reading. The order is that of version 1:
// whatever is added, removed or moved makes a new version.
func (s *Session) fields(c coder) {
	c.text(&s.AccessKeyID)
	c.text(&s.Secret)
	c.text(&s.Account)
	c.byte((*byte)(&s.Kind))
	c.text(&s.PrincipalID)
	c.text(&s.Name)
	c.time(&s.Issued)
	c.time(&s.Expires)
	c.text(&s.Region)
	c.texts(&s.Policies)
	c.texts(&s.PolicyARNs)
	n := len(s.Tags)
	if c.count(&n); n != len(s.Tags) {
		s.Tags = make([]Tag, n)
	}
	for i := range s.Tags {
		c.text(&s.Tags[i].Key)
		c.text(&s.Tags[i].Value)
	}
	c.texts(&s.TransitiveTagKeys)
	c.text(&s.SourceIdentity)
	c.bool(&s.MFA)
	c.time(&s.MFATime)
	c.bool(&s.Chained)
	c.texts(&s.CalledVia)
	c.text(&s.ForwardedKey)
	web := s.WebIdentity != nil
	if c.bool(&web); web {
		if s.WebIdentity == nil {
			s.WebIdentity = &WebIdentity{}
		}
		s.WebIdentity.fields(c)
	}
}

func (w *WebIdentity) fields(c coder) {
	c.text(&w.Provider)
	c.text(&w.Subject)
	c.text(&w.Audience)
	keys := slices.Sorted(maps.Keys(w.Context))
	n := len(keys)
	if c.count(&n); n != len(keys) {
		keys, w.Context = make([]string, n), make(map[string][]string, n)
	}
	for _, key := range keys {
		c.text(&key)
		values := w.Context[key]
		c.texts(&values)
		w.Context[key] = values
	}
}

// A coder writes what is there, or reads into it.
type coder interface {
	byte(*byte)
	bool(*bool)
	time(*time.Time)
	count(*int) // of what follows
	text(*string)
	texts(*[]string)
}

type writer struct{ buf []byte }

func (w *writer) byte(b *byte) { w.buf = append(w.buf, *b) }

func (w *writer) bool(b *bool) {
	if *b {
		w.buf = append(w.buf, 1)
	} else {
		w.buf = append(w.buf, 0)
	}
}

// time writes 0 for the zero time.
func (w *writer) time(t *time.Time) {
	seconds := int64(0)
	if !t.IsZero() {
		seconds = t.Unix()
	}
	w.buf = binary.AppendVarint(w.buf, seconds)
}

func (w *writer) count(n *int) { w.buf = binary.AppendUvarint(w.buf, uint64(*n)) }

func (w *writer) text(s *string) {
	w.buf = binary.AppendUvarint(w.buf, uint64(len(*s)))
	w.buf = append(w.buf, *s...)
}

func (w *writer) texts(list *[]string) {
	n := len(*list)
	w.count(&n)
	for i := range *list {
		w.text(&(*list)[i])
	}
}

// A reader cuts texts out of one string. After the first mistake it reads nothing any more.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) fail() { r.bad, r.rest = true, "" }

func (r *reader) byte(b *byte) {
	if r.rest == "" {
		r.fail()
		return
	}
	*b, r.rest = r.rest[0], r.rest[1:]
}

func (r *reader) bool(b *bool) {
	var v byte
	r.byte(&v)
	*b = v == 1
	if v > 1 {
		r.fail()
	}
}

func (r *reader) time(t *time.Time) {
	u, n := r.uvarint()
	if n <= 0 {
		r.fail()
		return
	}
	seconds := int64(u >> 1)
	if u&1 != 0 {
		seconds = ^seconds
	}
	if r.rest = r.rest[n:]; seconds != 0 {
		*t = time.Unix(seconds, 0).UTC()
	}
}

// count reads the number of things that follow. Each has a byte at least, so that a small token cannot claim many.
func (r *reader) count(n *int) {
	u, size := r.uvarint()
	if size <= 0 || u > math.MaxInt32 || int(u) > len(r.rest)-size {
		*n = 0
		r.fail()
		return
	}
	*n, r.rest = int(u), r.rest[size:]
}

func (r *reader) text(s *string) {
	var n int
	r.count(&n)
	*s, r.rest = r.rest[:n], r.rest[n:]
}

func (r *reader) texts(list *[]string) {
	var n int
	if r.count(&n); n == 0 {
		return
	}
	*list = make([]string, n)
	for i := range *list {
		r.text(&(*list)[i])
	}
}

// uvarint is binary.Uvarint for a string.
func (r *reader) uvarint() (u uint64, size int) {
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		c := r.rest[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				return 0, 0
			}
			return u | uint64(c)<<(7*i), i + 1
		}
		u |= uint64(c&0x7f) << (7 * i)
	}
	return 0, 0
}
