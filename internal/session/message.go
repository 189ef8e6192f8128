package session

import (
	"bytes"
	"compress/flate"
	"crypto/cipher"
	"encoding/base64"
	"io"
)

// MaxMessage is how long an encoded authorization message may be: DecodeAuthorizationMessage takes no longer one.
const MaxMessage = 10240

// maxPlainMessage is how large a message may become when it is opened.
const maxPlainMessage = 256 << 10

const messageName = "authorization message"

// The first byte of a message says how it is packed.
const (
	storedMessage   = 0
	deflatedMessage = 1
)

// SealMessage returns an encoded authorization message, in letters that need no encoding in a URL. It can be opened for
// the same account only. The error is an [*Error]: a message may be too large.
//
// A message is compressed only if it would not fit otherwise. How well a text compresses says something of what is in
// it, and the one who gets the message chose parts of it.
func (k *Keys) SealMessage(account string, message []byte) (string, error) {
	packed := append([]byte{storedMessage}, message...)
	encoding := base64.RawURLEncoding
	if len(message) > maxPlainMessage {
		return "", &Error{messageName, TooLarge}
	}
	if encoding.EncodedLen(sealing+len(packed)) > MaxMessage {
		var out bytes.Buffer
		out.WriteByte(deflatedMessage)
		w, err := flate.NewWriter(&out, flate.DefaultCompression)
		if err != nil {
			return "", err
		}
		if _, err := w.Write(message); err != nil {
			return "", err
		}
		if err := w.Close(); err != nil {
			return "", err
		}
		packed = out.Bytes()
	}
	if encoding.EncodedLen(sealing+len(packed)) > MaxMessage {
		return "", &Error{messageName, TooLarge}
	}
	return encoding.EncodeToString(k.seal(k.masters[k.newest].messages, packed, []byte(account))), nil
}

// OpenMessage returns what an encoded authorization message of the account says. The error is an [*Error].
func (k *Keys) OpenMessage(account, encoded string) ([]byte, error) {
	if len(encoded) > MaxMessage {
		return nil, &Error{messageName, TooLarge}
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, &Error{messageName, Malformed}
	}
	packed, err := k.open(messageName, sealed, []byte(account), func(s *subkeys) cipher.AEAD { return s.messages })
	if err != nil {
		return nil, err
	}
	if len(packed) == 0 || packed[0] > deflatedMessage {
		return nil, &Error{messageName, NewerVersion}
	}
	if packed[0] == storedMessage {
		return packed[1:], nil
	}
	message, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed[1:])), maxPlainMessage+1))
	switch {
	case err != nil:
		return nil, &Error{messageName, Malformed}
	case len(message) > maxPlainMessage:
		return nil, &Error{messageName, TooLarge}
	}
	return message, nil
}
