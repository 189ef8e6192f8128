package session

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// A virtual MFA device shows codes of six digits that change every 30 seconds (RFC 6238 with HMAC-SHA-1): AWS's are
// such devices, and it is what authenticator apps take without being told. Its seed is 64 letters of base32, as AWS's.
const (
	totpStep   = 30 // seconds
	totpDigits = 6
	totpSize   = 40 // bytes of a seed
	totpSkew   = 1  // steps that a device's clock may be off, or a person slow
	minSeed    = 10 // bytes of a seed that came from elsewhere
	maxSeed    = 128
)

var seedEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTPSecret makes the seed of a virtual MFA device.
func NewTOTPSecret(rand io.Reader) string {
	var b [totpSize]byte
	fill(rand, b[:])
	return seedEncoding.EncodeToString(b[:])
}

// TOTPCounter is the counter of a moment: the number of steps since 1970.
func TOTPCounter(now time.Time) int64 { return now.Unix() / totpStep }

// TOTP is the code that a device shows at a counter, or "" if the seed is not one. Compare codes with [VerifyTOTP] and
// [VerifyTOTPPair].
func TOTP(seed string, counter int64) string {
	key := seedKey(seed)
	if key == nil {
		return ""
	}
	return hotp(key, counter, totpDigits)
}

// VerifyTOTP reports whether a code is good now, and its counter. A counter up to the last one used is not good any
// more, so that nobody can use a code that was seen: whoever accepts the code must remember its counter in the same
// transaction.
func VerifyTOTP(seed, code string, now time.Time, lastUsed int64) (counter int64, ok bool) {
	key := seedKey(seed)
	if key == nil {
		return 0, false
	}
	current := TOTPCounter(now)
	for c := current - totpSkew; c <= current+totpSkew; c++ {
		if same(hotp(key, c, totpDigits), code) && c > lastUsed {
			counter, ok = c, true
		}
	}
	return counter, ok
}

// VerifyTOTPPair reports whether two codes follow each other, as EnableMFADevice and ResyncMFADevice ask for, and the
// counter of the second. The second is looked for up to window steps around now, the nearest first; two codes are
// twelve digits, so that the window can be wide. Both counters must be later than the last one used.
func VerifyTOTPPair(seed, first, second string, now time.Time, lastUsed, window int64) (counter int64, ok bool) {
	key := seedKey(seed)
	if key == nil {
		return 0, false
	}
	current := TOTPCounter(now)
	found := func(c int64) bool {
		return c-1 > lastUsed && same(hotp(key, c, totpDigits), second) && same(hotp(key, c-1, totpDigits), first)
	}
	for n := range window + 1 {
		if found(current - n) {
			return current - n, true
		}
		if found(current + n) {
			return current + n, true
		}
	}
	return 0, false
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// seedKey returns the bytes of a seed, or nil.
func seedKey(seed string) []byte {
	b, err := seedEncoding.DecodeString(seed)
	if err != nil || len(b) < minSeed || len(b) > maxSeed {
		return nil
	}
	return b
}

// hotp is RFC 4226.
func hotp(key []byte, counter int64, digits int) string {
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter)))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%modulus)
}
