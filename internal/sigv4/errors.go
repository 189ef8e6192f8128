package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Reason says what is wrong with a request's signature.
type Reason int

// The reasons.
const (
	Missing        Reason = iota + 1 // the request is not signed
	Malformed                        // the parts of the signature are not all there, or cannot be read
	Unsupported                      // the algorithm is not AWS4-HMAC-SHA256
	Ambiguous                        // something that must be there once is there twice
	InvalidKeyID                     // the access key id cannot be one
	WrongScope                       // the credential is for another day, service or terminator, or for no region
	Expired                          // signed too long ago
	NotYetCurrent                    // signed in the future
	UnsignedHeader                   // a header that must be signed is not
	BodyMismatch                     // the body is not the one that X-Amz-Content-Sha256 announces
	Mismatch                         // the signature is not that of the request
)

var reasons = [...]string{
	Missing: "missing", Malformed: "malformed", Unsupported: "unsupported", Ambiguous: "ambiguous",
	InvalidKeyID: "invalid key id",
	WrongScope:   "wrong scope", Expired: "expired", NotYetCurrent: "not yet current", UnsignedHeader: "unsigned header",
	BodyMismatch: "body mismatch", Mismatch: "mismatch",
}

func (r Reason) String() string {
	if r > 0 && int(r) < len(reasons) {
		return reasons[r]
	}
	return fmt.Sprintf("Reason(%d)", int(r))
}

// An Error is a signature that is not accepted. Code, Status and Message are those that AWS answers with. No error
// holds a secret, nor the whole of anything that may be one because it was put into the wrong place: an Authorization
// header is named by its hash, as by AWS.
type Error struct {
	Reason  Reason
	Code    string
	Status  int
	Message string

	// CanonicalRequest and StringToSign are what the signature should have been made from, for a Mismatch. AWS sends
	// both to the client, which can compare them with its own. They repeat the signed headers, a session token among
	// them: they are for the client and not for a log.
	CanonicalRequest, StringToSign string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Explained is the message with the canonical request and the string to sign, in AWS's words, for a Mismatch; for
// others it is the message.
func (e *Error) Explained() string {
	if e.CanonicalRequest == "" {
		return e.Message
	}
	return e.Message + "\n\nThe Canonical String for this request should have been\n'" + e.CanonicalRequest +
		"'\n\nThe String-to-Sign should have been\n'" + e.StringToSign + "'\n"
}

// The codes.
const (
	codeIncomplete = "IncompleteSignature"
	codeMismatch   = "SignatureDoesNotMatch"
)

func incomplete(r Reason, format string, args ...any) error {
	return &Error{Reason: r, Code: codeIncomplete, Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

func mismatch(r Reason, format string, args ...any) error {
	return &Error{Reason: r, Code: codeMismatch, Status: http.StatusForbidden, Message: fmt.Sprintf(format, args...)}
}

func missing() error {
	return &Error{
		Reason: Missing, Code: "MissingAuthenticationToken", Status: http.StatusForbidden,
		Message: "Request is missing Authentication Token",
	}
}

func invalidKeyID() error {
	return &Error{
		Reason: InvalidKeyID, Code: "InvalidClientTokenId", Status: http.StatusForbidden,
		Message: "The security token included in the request is invalid.",
	}
}

func unsignedHeader(name string) error {
	return &Error{
		Reason: UnsignedHeader, Code: "AccessDenied", Status: http.StatusForbidden,
		Message: "There were headers present in the request which were not signed: " + shown(name),
	}
}

func notMatching(canonical, toSign []byte) error {
	return &Error{
		Reason: Mismatch, Code: codeMismatch, Status: http.StatusForbidden,
		Message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret " +
			"Access Key and signing method. Consult the service documentation for details.",
		CanonicalRequest: string(canonical), StringToSign: string(toSign),
	}
}

func expired(signed, now time.Time, window time.Duration) error {
	return mismatch(Expired, "Signature expired: %s is now earlier than %s (%s - %s)",
		signed.Format(timeFormat), now.Add(-window).Format(timeFormat), now.Format(timeFormat), span(window))
}

func notYetCurrent(signed, now time.Time) error {
	return mismatch(NotYetCurrent, "Signature not yet current: %s is still later than %s (%s + %s)",
		signed.Format(timeFormat), now.Add(Window).Format(timeFormat), now.Format(timeFormat), span(Window))
}

// span is a duration as in AWS's messages.
func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return fmt.Sprintf("%d sec.", d/time.Second)
}

// hashed names a text that must not be repeated, as AWS does.
func hashed(s string) string {
	h := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(h[:])
}

// shown makes a text of a request fit for a message: short, and printable ASCII.
func shown(s string) string {
	if len(s) > 64 {
		s = s[:64] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
