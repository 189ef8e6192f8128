package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Keys verifies signatures, and remembers the signing keys of those that were good, because to derive one takes four
// times HMAC. The zero value is ready, and may be used by several goroutines at once.
//
// Only keys with which a signature was verified are remembered: whoever does not have a secret cannot fill the memory
// with scopes. It is bounded all the same, as are the secrets that are in it.
type Keys struct {
	mu          sync.RWMutex
	young, aged map[scope]*[sha256.Size]byte
}

// scope is what a signing key depends on. The secret is compared with secrets only, never with what a client sent.
type scope struct{ secret, date, region, service string }

// generation is how many keys are remembered before those that were not used meanwhile are forgotten: at most twice as
// many are there.
const generation = 4096

// Verify recomputes the signature of a request whose body was read, by the rules of IAM and STS, and checks its time.
// The error is an [*Error].
func (k *Keys) Verify(s *Signature, r *http.Request, body []byte, secret string, now time.Time) error {
	return k.VerifyBy(Rules{}, s, r, body, secret, now)
}

// VerifyBy verifies by the rules of another service.
func (k *Keys) VerifyBy(rules Rules, s *Signature, r *http.Request, body []byte, secret string, now time.Time) error {
	return k.VerifyHash(rules, s, r, sha256.Sum256(body), secret, now)
}

// VerifyHash verifies a request of whose body there is no more than the hash.
func (k *Keys) VerifyHash(
	rules Rules, s *Signature, r *http.Request, hash [sha256.Size]byte, secret string, now time.Time,
) error {
	if err := s.current(now.UTC()); err != nil {
		return err
	}
	if err := s.headersSigned(r.Header, rules); err != nil {
		return err
	}
	var bodyHash [2 * sha256.Size]byte
	hex.Encode(bodyHash[:], hash[:])
	for _, announced := range r.Header["X-Amz-Content-Sha256"] {
		if strings.TrimSpace(announced) != string(bodyHash[:]) {
			return mismatch(BodyMismatch,
				"The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	canonical, err := s.appendCanonical(make([]byte, 0, 2048), r, rules, bodyHash[:])
	if err != nil {
		return err
	}
	toSign := s.appendStringToSign(make([]byte, 0, 256), canonical)

	at := scope{secret, s.Date, s.Region, s.Service}
	key := k.find(at)
	known := key != nil
	if !known {
		key = signingKey(at)
	}
	mac := hmac.New(sha256.New, key[:])
	mac.Write(toSign)
	var sum [sha256.Size]byte
	var want [2 * sha256.Size]byte
	hex.Encode(want[:], mac.Sum(sum[:0]))
	if subtle.ConstantTimeCompare(want[:], []byte(s.signature)) != 1 {
		return notMatching(canonical, toSign)
	}
	if !known {
		k.keep(at, key)
	}
	return nil
}

// Verify recomputes the signature without remembering the signing key.
func (s *Signature) Verify(r *http.Request, body []byte, secret string, now time.Time) error {
	return new(Keys).Verify(s, r, body, secret, now)
}

// current checks the time of the signature.
func (s *Signature) current(now time.Time) error {
	window := Window
	if s.Presigned {
		window = s.Expires
	}
	if now.Sub(s.Time) > window {
		return expired(s.Time, now, window)
	}
	if s.Time.Sub(now) > Window {
		return notYetCurrent(s.Time, now)
	}
	return nil
}

// headersSigned checks that no header that says something to a service was added to what was signed.
func (s *Signature) headersSigned(header http.Header, rules Rules) error {
	for name := range header {
		if len(name) < len("X-Amz-") || !strings.EqualFold(name[:len("X-Amz-")], "X-Amz-") {
			continue
		}
		if rules.UnsignedToken && name == "X-Amz-Security-Token" {
			continue
		}
		if !s.signs(strings.ToLower(name)) {
			return unsignedHeader(strings.ToLower(name))
		}
	}
	return nil
}

func (s *Signature) appendStringToSign(b, canonical []byte) []byte {
	b = append(b, Algorithm+"\n"...)
	b = s.Time.AppendFormat(b, timeFormat)
	b = append(b, '\n')
	b = append(b, s.Date...)
	b = append(b, '/')
	b = append(b, s.Region...)
	b = append(b, '/')
	b = append(b, s.Service...)
	b = append(b, "/"+terminator+"\n"...)
	hash := sha256.Sum256(canonical)
	return hex.AppendEncode(b, hash[:])
}

// signingKey derives a key.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#calculate-signature
func signingKey(at scope) *[sha256.Size]byte {
	key := []byte("AWS4" + at.secret)
	for _, part := range []string{at.date, at.region, at.service, terminator} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return (*[sha256.Size]byte)(key)
}

// find returns the key of a scope if it is remembered. One of the older generation moves to the younger.
func (k *Keys) find(at scope) *[sha256.Size]byte {
	k.mu.RLock()
	key, isYoung := k.young[at]
	if !isYoung {
		key = k.aged[at]
	}
	k.mu.RUnlock()
	if key != nil && !isYoung {
		k.keep(at, key)
	}
	return key
}

func (k *Keys) keep(at scope, key *[sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.young == nil || len(k.young) >= generation {
		k.young, k.aged = map[scope]*[sha256.Size]byte{}, k.young
	}
	// The strings are parts of a request's header, which must not stay in memory with them.
	at.date, at.region, at.service = strings.Clone(at.date), strings.Clone(at.region), strings.Clone(at.service)
	k.young[at] = key
}
