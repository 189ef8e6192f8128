// Package sigv4 verifies AWS Signature Version 4.
//
//	sig, err := sigv4.Parse(r)           // what the client claims: an access key id, a scope, a time
//	…                                    // find the secret of sig.AccessKeyID
//	err = keys.Verify(sig, r, body, secret, now)
//
// [Parse] reads the Authorization header, or the query parameters of a presigned URL. Nothing of a [Signature] counts
// until [Keys.Verify] has recomputed it over the request and compared the two in constant time. Errors are of type
// [*Error], with AWS's codes and messages.
//
// # What is verified
//
//   - Host is signed, and so is every header whose name begins with X-Amz-, as AWS's page demands: whoever sees a
//     signed request can neither send it to another server, nor add a session token or a target to it. [Rules] can
//     except the session token.
//   - The time is that of X-Amz-Date, or of Date if there is none. It is part of what is signed whether or not the
//     header is. It is at most five minutes before or after now; a presigned URL holds for X-Amz-Expires seconds, or
//     for fifteen minutes without it.
//   - The credential's scope names the day of that time, any region, and a service; [Signature.CheckService] holds it
//     against the services that the caller serves. Clients with an endpoint of their own sign IAM requests for their
//     own region, so that the region cannot be checked.
//   - The body counts always, by its SHA-256: there is no UNSIGNED-PAYLOAD, and a header X-Amz-Content-Sha256 must be
//     the body's hash.
//   - What must be there once is refused when it is there twice: Authorization, a date, a session token, a query
//     parameter of the signature.
//
// # What is not
//
// AWS4-ECDSA-P256-SHA256 (Signature Version 4A) and Signature Version 2 are refused with an error that says so.
// Streaming signatures of S3, with one for each chunk of the body, are not known here. A signature that is captured can
// be sent again, unchanged, for five minutes; AWS allows it too, and TLS is what keeps it from being captured.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Algorithm is the one that is known.
const Algorithm = "AWS4-HMAC-SHA256"

// Window is how far the time of a request may be from now.
const Window = 5 * time.Minute

// The lifetime of presigned URLs.
const (
	MaxExpires     = 604800 * time.Second // seven days: as long as a signing key holds on AWS
	DefaultExpires = 15 * time.Minute     // without X-Amz-Expires, which the AWS SDK for Go v2 does not add for STS
)

const (
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"
	terminator = "aws4_request"
)

// The bounds on what is read.
const (
	maxAuthorization = 16 << 10
	maxSignedHeaders = 128
	maxScopePart     = 64
	maxKeyID         = 128
)

// A Signature is what a request says about who signed it, and how. All of it is the client's word until it is verified.
type Signature struct {
	AccessKeyID   string
	Date          string // of the scope: YYYYMMDD
	Region        string
	Service       string
	Time          time.Time     // in UTC
	SecurityToken string        // of temporary credentials; "" for others
	SignedHeaders []string      // lower case, sorted, without repetition
	Presigned     bool          // signed in the query
	Expires       time.Duration // of a presigned URL; 0 for others

	names     string // the signed headers as they were given
	signature string
}

// Scope is the credential's scope: date, region, service and the terminator.
func (s *Signature) Scope() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/" + terminator
}

// Value is the signature itself, in hexadecimal: of two requests that are not the same, it is not the same.
func (s *Signature) Value() string { return s.signature }

// CheckService returns AWS's error if the credential is scoped to none of the services.
func (s *Signature) CheckService(names ...string) error {
	if slices.Contains(names, s.Service) {
		return nil
	}
	return mismatch(WrongScope, "Credential should be scoped to correct service: '%s'.", strings.Join(names, "' or '"))
}

// Parse reads the signature of a request. The error is an [*Error]; its Reason is Missing if the request is not signed
// at all.
func Parse(r *http.Request) (*Signature, error) {
	header := r.Header["Authorization"]
	query := r.URL != nil && strings.Contains(r.URL.RawQuery, "X-Amz-")
	if query {
		params, err := authParams(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		if params.any() {
			if len(header) > 0 {
				return nil, mismatch(Ambiguous,
					"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
			}
			return params.signature()
		}
	}
	switch {
	case len(header) == 0 && r.URL != nil && strings.Contains(r.URL.RawQuery, "AWSAccessKeyId="):
		return nil, incomplete(Unsupported, "Signature Version 2 is not supported. Sign with %s.", Algorithm)
	case len(header) == 0:
		return nil, missing()
	case len(header) > 1:
		return nil, incomplete(Ambiguous, "The request has more than one Authorization header.")
	}
	return parseHeader(header[0], r.Header)
}

// parseHeader reads an Authorization header, and the headers that belong to it.
func parseHeader(authorization string, header http.Header) (*Signature, error) {
	if len(authorization) > maxAuthorization {
		return nil, incomplete(Malformed, "The Authorization header is longer than %d bytes.", maxAuthorization)
	}
	algorithm, rest, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	if algorithm == "" {
		return nil, missing()
	}
	if algorithm != Algorithm && strings.HasPrefix(algorithm, "AWS4-") {
		return nil, unsupported(algorithm)
	}
	var credential, names, signature string
	if algorithm == Algorithm {
		for part := range strings.SplitSeq(rest, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			key, value, ok := strings.Cut(part, "=")
			if !ok {
				return nil, incomplete(Malformed, "Invalid key=value pair (missing equal-sign) in Authorization "+
					"header (hashed with SHA-256 and encoded with Base64): '%s'.", hashed(authorization))
			}
			var into *string
			switch key {
			case "Credential":
				into = &credential
			case "SignedHeaders":
				into = &names
			case "Signature":
				into = &signature
			default:
				return nil, incomplete(Malformed,
					"The Authorization header has a parameter that is not known: '%s'.", shown(key))
			}
			if *into != "" {
				return nil, incomplete(Ambiguous, "The Authorization header has more than one '%s' parameter.", key)
			}
			*into = value
		}
	}
	given, err := once(header, "X-Amz-Date", "Date")
	if err != nil {
		return nil, err
	}
	var lacks []string
	for _, p := range []struct{ name, value string }{
		{"Credential", credential}, {"Signature", signature}, {"SignedHeaders", names},
	} {
		if p.value == "" {
			lacks = append(lacks, "Authorization header requires '"+p.name+"' parameter.")
		}
	}
	if given == "" {
		lacks = append(lacks, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if len(lacks) > 0 {
		return nil, incomplete(Malformed, "%s (Hashed with SHA-256 and encoded with Base64) Authorization=%s",
			strings.Join(lacks, " "), hashed(authorization))
	}
	s := &Signature{names: names, signature: signature}
	if s.SecurityToken, err = once(header, "X-Amz-Security-Token"); err != nil {
		return nil, err
	}
	return s.complete(credential, given)
}

// once returns the value of the first of some headers that is there. One that is there twice is an error.
func once(header http.Header, names ...string) (string, error) {
	for _, name := range names {
		switch values := header[name]; len(values) {
		case 0:
		case 1:
			return strings.TrimSpace(values[0]), nil
		default:
			return "", incomplete(Ambiguous, "The request has more than one '%s' header.", name)
		}
	}
	return "", nil
}

// The parameters of a presigned URL.
const (
	paramAlgorithm = iota
	paramCredential
	paramDate
	paramExpires
	paramSignedHeaders
	paramSignature
	paramToken
	numParams
)

var paramNames = [numParams]string{
	"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
	"X-Amz-Security-Token",
}

type queryParams [numParams]struct {
	value string
	there bool
}

// authParams finds a signature's parameters in a query. Their names are as given here, upper and lower case included:
// others are no more than parameters of the operation, as they are for AWS.
func authParams(raw string) (p queryParams, err error) {
	for part := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(key)
		if err != nil {
			return p, malformedQuery()
		}
		i := slices.Index(paramNames[:], name)
		if i < 0 {
			continue
		}
		if p[i].there {
			return p, incomplete(Ambiguous, "The query-string parameter '%s' must be there once.", name)
		}
		if p[i].value, err = url.QueryUnescape(value); err != nil {
			return p, malformedQuery()
		}
		p[i].there = true
	}
	return p, nil
}

// any reports whether the query is that of a presigned URL, or of something that was meant to be one.
func (p *queryParams) any() bool {
	return p[paramAlgorithm].there || p[paramSignature].there || p[paramCredential].there
}

func malformedQuery() error {
	return &Error{
		Reason: Malformed, Code: "MalformedQueryString", Status: http.StatusNotFound, // which is what AWS's page has
		Message: "The query string contains a syntax error.",
	}
}

func unsupported(algorithm string) error {
	return incomplete(Unsupported, "Unsupported AWS 'algorithm': '%s'", shown(algorithm))
}

// signature reads the parameters.
func (p *queryParams) signature() (*Signature, error) {
	if a := p[paramAlgorithm]; a.there && a.value != Algorithm {
		return nil, unsupported(a.value)
	}
	var lacks []string
	for i, name := range paramNames {
		if p[i].value == "" && i != paramExpires && i != paramToken {
			lacks = append(lacks, "AWS query-string parameters must include '"+name+"'.")
		}
	}
	if len(lacks) > 0 {
		return nil, incomplete(Malformed, "%s Re-examine the query-string parameters.", strings.Join(lacks, " "))
	}
	s := &Signature{
		Presigned: true, Expires: DefaultExpires, SecurityToken: p[paramToken].value,
		names: p[paramSignedHeaders].value, signature: p[paramSignature].value,
	}
	if e := p[paramExpires]; e.there {
		n, err := strconv.ParseUint(e.value, 10, 32)
		if s.Expires = time.Duration(n) * time.Second; err != nil || n == 0 || s.Expires > MaxExpires {
			return nil, incomplete(Malformed, "X-Amz-Expires must be a number of seconds from 1 to 604800.")
		}
	}
	if len(s.names) > maxAuthorization {
		return nil, incomplete(Malformed, "X-Amz-SignedHeaders is longer than %d bytes.", maxAuthorization)
	}
	return s.complete(p[paramCredential].value, p[paramDate].value)
}

// complete fills in what is read from the credential, the date and the names of signed headers.
func (s *Signature) complete(credential, date string) (*Signature, error) {
	if err := s.read(credential, date); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Signature) read(credential, date string) error {
	var ok bool
	if s.Time, ok = parseTime(date); !ok {
		return incomplete(Malformed,
			"Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", shown(date))
	}
	if err := s.scope(credential); err != nil {
		return err
	}
	if day := s.Time.Format(dateFormat); s.Date != day {
		return mismatch(WrongScope, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "+
			"from HTTP: '%s' != '%s', from '%s'.", shown(s.Date), day, s.Time.Format(timeFormat))
	}
	if strings.Count(s.names, ";") >= maxSignedHeaders {
		return incomplete(Malformed, "More than %d headers are signed.", maxSignedHeaders)
	}
	s.SignedHeaders = strings.Split(s.names, ";")
	for i, name := range s.SignedHeaders {
		switch {
		case !isHeaderName(name):
			return incomplete(Malformed,
				"SignedHeaders must be names of headers in lower case, with semicolons between them.")
		case i > 0 && name <= s.SignedHeaders[i-1]:
			return incomplete(Malformed, "SignedHeaders must be sorted, with each name once.")
		}
	}
	if !s.signs("host") {
		return mismatch(UnsignedHeader, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

// scope reads a credential. Messages do not repeat what may be a secret access key that was given as an access key id:
// those have slashes.
func (s *Signature) scope(credential string) error {
	part := strings.SplitN(credential, "/", 6)
	if len(part) != 5 {
		return incomplete(Malformed,
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term")
	}
	s.AccessKeyID, s.Date, s.Region, s.Service = part[0], part[1], part[2], part[3]
	switch {
	case !isWord(s.AccessKeyID, maxKeyID):
		return invalidKeyID()
	case part[4] != terminator:
		return mismatch(WrongScope,
			"Credential should be scoped with a valid terminator: '%s', not '%s'.", terminator, shown(part[4]))
	case !isWord(s.Region, maxScopePart):
		return mismatch(WrongScope, "Credential should be scoped to a valid region, not '%s'.", shown(s.Region))
	case !isWord(s.Service, maxScopePart):
		return mismatch(WrongScope, "Credential should be scoped to correct service.")
	}
	return nil
}

// parseTime reads the basic format of ISO 8601, or the format of HTTP, which only a Date header has.
func parseTime(s string) (time.Time, bool) {
	// The layout alone would take a fraction of a second, which is not in what the client signed.
	if t, err := time.Parse(timeFormat, s); err == nil && len(s) == len(timeFormat) {
		return t, true
	}
	t, err := http.ParseTime(s)
	return t.UTC(), err == nil && t.Year() > 0 && t.Year() < 10000
}

// signs reports whether a header is signed.
func (s *Signature) signs(name string) bool {
	_, ok := slices.BinarySearch(s.SignedHeaders, name)
	return ok
}

// isWord reports whether s is a text of letters, digits, hyphens and underscores, not empty and not too long.
func isWord(s string, max int) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= max
}

func isAlphanumeric(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' }

// isHeaderName reports whether s is a token of HTTP without upper case.
func isHeaderName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return s != ""
}
