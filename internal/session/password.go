package session

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The cost of argon2id: 19 MiB and two passes, the first of OWASP's recommendations, at 20 to 40 ms on one core. Each
// hash says what it cost, so that these can be raised without making passwords invalid.
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashSalt    = 16
	hashSize    = 32
)

// The most that a hash may cost to verify, whoever made it.
const (
	maxHashMemory  = 256 << 10
	maxHashPasses  = 16
	maxHashThreads = 16
)

// HashPassword returns the hash of a password, as a PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func HashPassword(rand io.Reader, password string) string {
	var salt [hashSalt]byte
	fill(rand, salt[:])
	sum := argon2.IDKey([]byte(password), salt[:], hashPasses, hashMemory, hashThreads, hashSize)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, hashMemory, hashPasses, hashThreads, enc.EncodeToString(salt[:]), enc.EncodeToString(sum))
}

// VerifyPassword reports whether a hash is that of the password. A text that is no hash, or one that would cost too
// much, is that of none.
func VerifyPassword(hash, password string) bool {
	part := strings.Split(hash, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false
	}
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil ||
		part[3] != fmt.Sprintf("m=%d,t=%d,p=%d", memory, passes, threads) {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	want, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(want) < 16 || len(want) > 64 ||
		passes < 1 || passes > maxHashPasses || threads < 1 || threads > maxHashThreads || memory > maxHashMemory {
		return false
	}
	sum := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(sum, want) == 1
}
