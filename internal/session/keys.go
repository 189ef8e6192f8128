// Package session makes what Writ hands out and keeps secret: access keys, sealed session tokens, encoded authorization
// messages, password hashes and the seeds of virtual MFA devices.
//
// # Keys
//
// [Keys] are derived with HKDF from master keys of 32 bytes, which live in a file outside of the store
// ([LoadOrCreate]). Whoever has a copy of the store alone has no secret. There is one subkey for each purpose, so that
// a text sealed for one is not one of another:
//
//	SealSecret, OpenSecret    secret access keys at rest, seeds, private keys; bound to the id of what they belong to
//	SealToken, OpenToken      session tokens; the session is in the token and nowhere else
//	SealMessage, OpenMessage  encoded authorization messages; bound to the account of the caller
//
// All are sealed with XChaCha20-Poly1305. Its nonces have 24 bytes and can be random, however many tokens a server
// makes; those of AES-GCM could not. A sealed text begins with the id of its master key. There may be several: the last
// in the file seals, all of them open. [Rotate] adds one. To take an old one away invalidates what it sealed, which is
// how to revoke every session at once.
//
// # Sessions
//
// A [Session] is all that temporary credentials mean. A token of a format that this version does not know is refused: a
// newer version may have put restrictions into it which must not be overlooked.
//
// # Ids, passwords, one-time codes
//
// [NewAccessKeyID], [NewUniqueID] and [NewSecret] have AWS's forms. [HashPassword] uses argon2id. [VerifyTOTP] is RFC
// 6238 with AWS's parameters.
//
// Randomness and the clock are arguments. A source of randomness that fails is a reason to panic: there is nothing safe
// to do without one, and crypto/rand never fails.
package session

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// A Master is a master key.
type Master struct {
	ID  byte // not 0
	Key [32]byte
}

// Keys seals and opens. It does not change and may be used by several goroutines at once.
type Keys struct {
	rand    io.Reader
	newest  byte
	masters [256]*subkeys
}

type subkeys struct{ secrets, tokens, messages cipher.AEAD }

// NewKeys returns keys from a master key that is made here and kept nowhere: what they seal is lost with them.
func NewKeys(rand io.Reader) (*Keys, error) {
	m := Master{ID: 1}
	if _, err := io.ReadFull(rand, m.Key[:]); err != nil {
		return nil, err
	}
	return KeysOf(rand, m)
}

// KeysOf returns the keys that belong to some master keys. The last one seals. The nonces come from rand.
func KeysOf(rand io.Reader, masters ...Master) (*Keys, error) {
	if len(masters) == 0 {
		return nil, errors.New("there is no master key")
	}
	k := &Keys{rand: rand}
	for _, m := range masters {
		if m.ID == 0 || k.masters[m.ID] != nil {
			return nil, fmt.Errorf("the id of a master key is a number from 1 to 255, and its own: %d is not", m.ID)
		}
		s := &subkeys{}
		for _, purpose := range []struct {
			info string
			key  *cipher.AEAD
		}{
			{"writ secret at rest", &s.secrets}, {"writ session token", &s.tokens}, {"writ authorization message", &s.messages},
		} {
			key, err := hkdf.Key(sha256.New, m.Key[:], nil, purpose.info, chacha20poly1305.KeySize)
			if err != nil {
				return nil, err
			}
			if *purpose.key, err = chacha20poly1305.NewX(key); err != nil {
				return nil, err
			}
		}
		k.masters[m.ID], k.newest = s, m.ID
	}
	return k, nil
}

const keyFileHead = `# Master keys of Writ: a number and 32 bytes in base64 a line. The last seals, all of them open.
# Whoever has this file and the store has every secret access key. Without this file the store's secrets are lost.
`

// maxKeyFile is the size beyond which a file is not one of master keys.
const maxKeyFile = 64 << 10

// LoadOrCreate reads the file of master keys, and creates it, with one key, if it is not there. A file that others than
// its owner can read is refused.
func LoadOrCreate(path string) (*Keys, error) {
	masters, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		m := Master{ID: 1}
		fill(rand.Reader, m.Key[:])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		// With a link, unlike with a rename, the first of two servers that start at the same moment wins, and the other
		// one reads its file.
		err = writeKeyFile(path, []Master{m}, os.Link)
		if err == nil || errors.Is(err, fs.ErrExist) {
			masters, err = readKeyFile(path)
		}
	}
	if err != nil {
		return nil, err
	}
	k, err := KeysOf(rand.Reader, masters...)
	if err != nil {
		return nil, fmt.Errorf("master key file %s: %w", path, err)
	}
	return k, nil
}

// Rotate adds a master key to a file. Servers that have read it seal with the new key when they start again.
func Rotate(path string) error {
	masters, err := readKeyFile(path)
	if err != nil {
		return err
	}
	m := Master{ID: masters[len(masters)-1].ID + 1}
	if _, err := KeysOf(rand.Reader, append(masters, m)...); err != nil {
		return fmt.Errorf("master key file %s: %w", path, err)
	}
	fill(rand.Reader, m.Key[:])
	return writeKeyFile(path, append(masters, m), os.Rename)
}

func readKeyFile(path string) ([]Master, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("master key file %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("master key file %s can be read by others (mode %04o): chmod 600 it, and consider its keys known",
			path, mode)
	}
	src, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	masters, err := parseKeyFile(src)
	if err != nil {
		return nil, fmt.Errorf("master key file %s: %w", path, err)
	}
	return masters, nil
}

// parseKeyFile reads the lines of a file. Errors name a line and repeat nothing of it.
func parseKeyFile(src []byte) (masters []Master, err error) {
	if len(src) > maxKeyFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxKeyFile)
	}
	n := 0
	for line := range bytes.Lines(src) {
		n++
		fields := strings.Fields(string(line))
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		malformed := fmt.Errorf("line %d is not a number from 1 to 255 and 32 bytes in base64", n)
		if len(fields) != 2 {
			return nil, malformed
		}
		id, err := strconv.ParseUint(fields[0], 10, 8)
		if err != nil || id == 0 {
			return nil, malformed
		}
		key, err := base64.StdEncoding.Strict().DecodeString(fields[1])
		if err != nil || len(key) != 32 {
			return nil, malformed
		}
		masters = append(masters, Master{byte(id), [32]byte(key)})
	}
	if len(masters) == 0 {
		return nil, errors.New("it has no key")
	}
	return masters, nil
}

// writeKeyFile writes a file beside its place, and puts it there when it is whole and on disk.
func writeKeyFile(path string, masters []Master, put func(from, to string) error) error {
	out := []byte(keyFileHead)
	for _, m := range masters {
		out = fmt.Appendf(out, "%d %s\n", m.ID, base64.StdEncoding.EncodeToString(m.Key[:]))
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".master-*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(out)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := put(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// A Reason says why a sealed text was not opened.
type Reason int

// The reasons.
const (
	Malformed    Reason = iota + 1 // not in the form of a sealed text
	UnknownKey                     // sealed with a master key that is not there
	Forged                         // damaged, made by somebody else, or sealed for something else
	NewerVersion                   // of a format that this version does not know
	TooLarge
)

var reasons = [...]string{
	Malformed: "it is not a sealed text", UnknownKey: "its master key is not there",
	Forged:       "it was changed, or is not this server's",
	NewerVersion: "a newer version made it", TooLarge: "it is too large",
}

func (r Reason) String() string {
	if r > 0 && int(r) < len(reasons) {
		return reasons[r]
	}
	return fmt.Sprintf("Reason(%d)", int(r))
}

// An Error is something that cannot be sealed or opened.
type Error struct {
	What   string // "session token", "secret", "authorization message"
	Reason Reason
}

func (e *Error) Error() string { return "the " + e.What + " cannot be used: " + e.Reason.String() }

const (
	nonceSize = chacha20poly1305.NonceSizeX
	sealing   = 1 + nonceSize + chacha20poly1305.Overhead // what sealing adds
)

// seal returns key id, nonce and ciphertext.
func (k *Keys) seal(key cipher.AEAD, plain, bound []byte) []byte {
	out := make([]byte, 1+nonceSize, sealing+len(plain))
	out[0] = k.newest
	fill(k.rand, out[1:])
	return key.Seal(out, out[1:], plain, bound)
}

// open opens what seal returned. The function purpose picks one of the subkeys. The sealed bytes are overwritten.
func (k *Keys) open(what string, sealed, bound []byte, purpose func(*subkeys) cipher.AEAD) ([]byte, error) {
	if len(sealed) < sealing {
		return nil, &Error{what, Malformed}
	}
	s := k.masters[sealed[0]]
	if s == nil {
		return nil, &Error{what, UnknownKey}
	}
	box := sealed[1+nonceSize:]
	plain, err := purpose(s).Open(box[:0], sealed[1:1+nonceSize], box, bound)
	if err != nil {
		return nil, &Error{what, Forged}
	}
	return plain, nil
}

// SealSecret encrypts a secret for the store. It opens with the same id only, so that a sealed secret cannot be moved
// to another access key.
func (k *Keys) SealSecret(id, secret string) []byte {
	return k.seal(k.masters[k.newest].secrets, []byte(secret), []byte(id))
}

// OpenSecret decrypts a secret. The error is an [*Error].
func (k *Keys) OpenSecret(id string, sealed []byte) (string, error) {
	plain, err := k.open("secret", bytes.Clone(sealed), []byte(id), func(s *subkeys) cipher.AEAD { return s.secrets })
	return string(plain), err
}

// fill fills b with randomness, or panics.
func fill(rand io.Reader, b []byte) {
	if _, err := io.ReadFull(rand, b); err != nil {
		panic("session: no randomness: " + err.Error())
	}
}
