package condition

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// A Context is the request context: what a request carries besides principal, action and resource, as keys with their
// values. Keys do not differ by case, the part behind a slash (aws:RequestTag/Team) included. The zero Context is
// empty. A Context does not change, and is safe for concurrent use.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
type Context struct {
	values map[string][]string // by lower-case key
}

// NewContext makes a context of the values, which it copies. A key without values counts as absent. Two keys that
// differ only in case are an error.
func NewContext(values map[string][]string) (Context, error) {
	c := Context{make(map[string][]string, len(values))}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		lower := strings.ToLower(key)
		if key == "" {
			return Context{}, fmt.Errorf("the request context has an empty key")
		}
		if _, twice := c.values[lower]; twice {
			return Context{}, fmt.Errorf("the request context has the key %q twice, in different case", key)
		}
		c.values[lower] = slices.Clone(values[key])
	}
	return c, nil
}

// Values returns the values of a key, nil if it is absent.
func (c Context) Values(key string) []string { return slices.Clone(c.values[strings.ToLower(key)]) }

// All ranges over the keys, in lower case, and their values.
func (c Context) All() iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for _, key := range slices.Sorted(maps.Keys(c.values)) {
			if !yield(key, slices.Clone(c.values[key])) {
				return
			}
		}
	}
}

// A Scope is what conditions are evaluated in: the request context, and the values of those global keys that follow
// from who asks for which resource. Where the context has such a key, its value counts.
type Scope struct {
	Context Context
	Derived Derived
}

// Derived holds the values of the global keys that every request has, one by one: an empty one is absent.
type Derived [numDerived]string

// The keys in Derived.
const (
	PrincipalARN = iota
	PrincipalAccount
	PrincipalType
	PrincipalIsAWSService
	PrincipalServiceName
	UserName
	UserID
	ResourceAccount
	numDerived
)

// derivedKeys are the lower-case names of the keys in Derived.
var derivedKeys = [numDerived]string{
	PrincipalARN:          "aws:principalarn",
	PrincipalAccount:      "aws:principalaccount",
	PrincipalType:         "aws:principaltype",
	PrincipalIsAWSService: "aws:principalisawsservice",
	PrincipalServiceName:  "aws:principalservicename",
	UserName:              "aws:username",
	UserID:                "aws:userid",
	ResourceAccount:       "aws:resourceaccount",
}

// A Key is a condition key, ready for looking up.
type Key struct {
	name        string // as the policy has it
	lower       string
	derived     int8 // index in Derived, or -1
	multivalued bool
}

func (o Options) key(name string) Key {
	lower := strings.ToLower(name)
	return Key{
		name:        name,
		lower:       lower,
		derived:     int8(slices.Index(derivedKeys[:], lower)),
		multivalued: o.Multivalued != nil && o.Multivalued(lower),
	}
}

// String returns the key as the policy has it.
func (k Key) String() string { return k.name }

// Is reports whether the key is the named one; name is in lower case.
func (k Key) Is(name string) bool { return k.lower == name }

// values returns the request's values of the key. The slice must not be kept.
func (s *Scope) values(k *Key) []string {
	if len(s.Context.values) > 0 {
		if v, ok := s.Context.values[k.lower]; ok {
			return v
		}
	}
	if k.derived >= 0 && s.Derived[k.derived] != "" {
		return s.Derived[k.derived : k.derived+1]
	}
	return nil
}

// Values returns the request's values of a key, nil if it is absent. The slice must not be changed.
func (s *Scope) Values(k Key) []string { return s.values(&k) }

// value returns the value of a key that has one: keys that are lists have no place in a policy variable.
func (s *Scope) value(k *Key) (string, bool) {
	v := s.values(k)
	if len(v) != 1 || k.multivalued {
		return "", false
	}
	return v[0], true
}
