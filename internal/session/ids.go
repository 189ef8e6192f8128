package session

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
)

// The letters of AWS's ids: those of base32.
const idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// The 16 letters after an access key id's prefix are ten bytes in base32. Of their first 48 bits, the highest says that
// an account is there, the next 40 are the account's number, and the rest is random.
const (
	accountMark  = 1 << 47
	accountMask  = 0x7fffffffff80
	accountShift = 7
	maxAccount   = 999_999_999_999
)

// NewAccessKeyID makes an access key id with one of AWS's prefixes: AKIA for long-term and ASIA for temporary
// credentials. It has the account's number in it, as on AWS, so that GetAccessKeyInfo can answer for keys that are not
// here any more. An account that is not twelve digits is left out.
func NewAccessKeyID(rand io.Reader, prefix, account string) string {
	var b [10]byte
	fill(rand, b[:])
	head := binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...)) &^ (accountMark | accountMask)
	if n, ok := accountNumber(account); ok {
		head |= accountMark | n<<accountShift
	} else {
		head |= binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...)) & accountMask
	}
	var out [8]byte
	binary.BigEndian.PutUint64(out[:], head)
	copy(b[:6], out[2:])
	return prefix + base32.StdEncoding.EncodeToString(b[:])
}

// AccountOf returns the account that an access key id has in it. Ids that AWS made before 2019 have none.
func AccountOf(accessKeyID string) (account string, ok bool) {
	if len(accessKeyID) != 20 {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(accessKeyID[4:])
	if err != nil || len(b) != 10 { // line breaks are skipped
		return "", false
	}
	head := binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...))
	n := head & accountMask >> accountShift
	if head&accountMark == 0 || n > maxAccount {
		return "", false
	}
	return fmt.Sprintf("%012d", n), true
}

func accountNumber(account string) (uint64, bool) {
	n, err := strconv.ParseUint(account, 10, 64)
	return n, err == nil && len(account) == 12
}

// NewUniqueID makes the unique id of an entity: one of AWS's prefixes, such as AIDA, and 17 letters.
func NewUniqueID(rand io.Reader, prefix string) string {
	var b [17]byte
	fill(rand, b[:])
	for i := range b {
		b[i] = idLetters[b[i]&31]
	}
	return prefix + string(b[:])
}

// NewSecret makes a secret access key: 40 letters of base64.
func NewSecret(rand io.Reader) string {
	var b [30]byte
	fill(rand, b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}
