package history

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/writ-iam/writ/authref"
)

// A Cache keeps results. It may lose them, and may be used by several goroutines and programs at once.
type Cache interface {
	// Get returns what was put under a key, or nil.
	Get(key string) []byte
	// Put keeps data under a key, which is a name of hexadecimal digits. Where it cannot, it does not matter to the result.
	Put(key string, data []byte)
}

// A result is what is kept of a step.
type result struct {
	Verdict Verdict  `json:"verdict"`
	Added   []Change `json:"added"`
	Removed []Change `json:"removed"`
	Unknown []Doubt  `json:"unknown"`
}

// compared returns the result of a step, from the cache if that has it.
func (o *Options) compared(ctx context.Context, s Step) (*result, error) {
	key := o.key(s)
	if o.Cache != nil {
		if r := decode(key, o.Cache.Get(key)); r != nil {
			return r, ctx.Err()
		}
	}
	r, err := s.compare(ctx, *o)
	if err != nil {
		return nil, err
	}
	if o.Cache != nil {
		data, err := encode(key, r)
		if err != nil {
			return nil, err
		}
		o.Cache.Put(key, data)
	}
	return r, nil
}

// key returns what a result is kept under: a hash of all that it is worked out from.
func (o *Options) key(s Step) string {
	var before, after [sha256.Size]byte // zero for the document before the first
	if s.Before != nil {
		before = sha256.Sum256(s.Before.Document())
	}
	after = sha256.Sum256(s.After.Document())
	sum := sha256.Sum256(fmt.Appendf(nil, "history %d %s %q %s %x %x", Method, o.Universe, o.Service, authref.AsOf, before, after))
	return hex.EncodeToString(sum[:])
}

// What is kept is two lines: a hash of the key and of the second line, and that: the result as JSON.

func encode(key string, r *result) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s\n%s\n", checksum(key, text), text), nil
}

// decode returns nil for what encode did not make for this key.
func decode(key string, data []byte) *result {
	sum, text, _ := bytes.Cut(data, []byte("\n"))
	text, whole := bytes.CutSuffix(text, []byte("\n"))
	if !whole || string(sum) != checksum(key, text) {
		return nil
	}
	r := new(result)
	if json.Unmarshal(text, r) != nil {
		return nil
	}
	return r
}

func checksum(key string, text []byte) string {
	sum := sha256.Sum256(append([]byte(key+"\n"), text...))
	return hex.EncodeToString(sum[:])
}
