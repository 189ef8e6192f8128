package condition

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
)

// A Context is the request context: what a request carries besides principal, action and resource, as keys with their
// values. Keys do not differ by case, the part behind a slash (aws:RequestTag/Team) included. The zero Context is
// empty. A Context does not change, and is safe for concurrent use.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
type Context struct {
	keys []contextKey // sorted by name
}

// A contextKey is a key with its values.
type contextKey struct {
	name   string // in lower case
	values []string
}

// find returns the values of a key, given in lower case.
func (c Context) find(name string) []string {
	if len(c.keys) > 8 {
		i, ok := slices.BinarySearchFunc(c.keys, name, func(k contextKey, name string) int { return strings.Compare(k.name, name) })
		if !ok {
			return nil
		}
		return c.keys[i].values
	}
	for i := range c.keys { // the common case: to look at all takes less time than a map does
		if c.keys[i].name == name {
			return c.keys[i].values
		}
	}
	return nil
}

// NewContext makes a context of the values, which it copies. A key without values counts as absent. Two keys that
// differ only in case are an error.
func NewContext(values map[string][]string) (Context, error) {
	if _, empty := values[""]; empty {
		return Context{}, fmt.Errorf("the request context has an empty key")
	}
	c := Context{keys: make([]contextKey, 0, len(values))}
	for key, list := range values {
		c.keys = append(c.keys, contextKey{strings.ToLower(key), slices.Clone(list)})
	}
	slices.SortFunc(c.keys, func(a, b contextKey) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(c.keys); i++ {
		if name := c.keys[i].name; name == c.keys[i-1].name {
			return Context{}, twice(name, values)
		}
	}
	c.keys = slices.DeleteFunc(c.keys, func(k contextKey) bool { return len(k.values) == 0 })
	return c, nil
}

// twice is the error for a key that values have in more than one spelling.
func twice(name string, values map[string][]string) error {
	var spelled []string
	for key := range values {
		if strings.ToLower(key) == name {
			spelled = append(spelled, key)
		}
	}
	slices.Sort(spelled)
	return fmt.Errorf("the request context has a key twice, as %q and as %q", spelled[0], spelled[1])
}

// Values returns the values of a key, nil if it is absent.
func (c Context) Values(key string) []string { return slices.Clone(c.find(strings.ToLower(key))) }

// All ranges over the keys, in lower case, and their values.
func (c Context) All() iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for _, k := range c.keys {
			if !yield(k.name, slices.Clone(k.values)) {
				return
			}
		}
	}
}

// A Scope is what conditions are evaluated in: the request context, and the global keys that follow from who asks, where
// the resource is, and, for aws:CalledViaFirst and aws:CalledViaLast, from the context's aws:CalledVia. Where the context has such a key, its value counts.
type Scope struct {
	Context         Context
	Caller          *Caller // nil if nothing is known
	ResourceAccount string  // aws:ResourceAccount, if it is an account id
}

// A Caller holds the global keys that follow from the principal. An empty one is absent.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties
type Caller struct {
	PrincipalARN          string // aws:PrincipalArn
	PrincipalAccount      string // aws:PrincipalAccount
	PrincipalType         string // aws:PrincipalType
	PrincipalIsAWSService string // aws:PrincipalIsAWSService
	PrincipalServiceName  string // aws:PrincipalServiceName
	UserName              string // aws:username
	UserID                string // aws:userid
}

// resourceAccount leaves out what is no account, such as the "aws" in the ARN of a managed policy.
func (s *Scope) resourceAccount() string {
	if arn.IsAccountID(s.ResourceAccount) {
		return s.ResourceAccount
	}
	return ""
}

// calledVia returns the first or the last service of the chain that the request came through.
func (s *Scope) calledVia(k derived) string {
	chain := s.Context.find("aws:calledvia")
	switch {
	case len(chain) == 0:
		return ""
	case k == calledViaFirst:
		return chain[0]
	}
	return chain[len(chain)-1]
}

// derived is a key that the scope knows besides those of the context.
type derived uint8

const (
	notDerived derived = iota
	principalARN
	principalAccount
	principalType
	principalIsAWSService
	principalServiceName
	userName
	userID
	resourceAccount
	calledViaFirst
	calledViaLast
)

func derivedKey(lower string) derived {
	switch lower {
	case "aws:principalarn":
		return principalARN
	case "aws:principalaccount":
		return principalAccount
	case "aws:principaltype":
		return principalType
	case "aws:principalisawsservice":
		return principalIsAWSService
	case "aws:principalservicename":
		return principalServiceName
	case "aws:username":
		return userName
	case "aws:userid":
		return userID
	case "aws:resourceaccount":
		return resourceAccount
	case "aws:calledviafirst":
		return calledViaFirst
	case "aws:calledvialast":
		return calledViaLast
	}
	return notDerived
}

// derive returns the value of a derived key, and "" if it is absent.
func (s *Scope) derive(k derived) string {
	switch {
	case k == notDerived:
		return ""
	case k == resourceAccount:
		return s.resourceAccount()
	case k == calledViaFirst, k == calledViaLast:
		return s.calledVia(k)
	case s.Caller == nil:
		return ""
	}
	switch k {
	case principalARN:
		return s.Caller.PrincipalARN
	case principalAccount:
		if s.Caller.PrincipalAccount == "" && s.Caller.PrincipalType == "User" {
			return s.resourceAccount() // a user of whom only that is known
		}
		return s.Caller.PrincipalAccount
	case principalType:
		return s.Caller.PrincipalType
	case principalIsAWSService:
		return s.Caller.PrincipalIsAWSService
	case principalServiceName:
		return s.Caller.PrincipalServiceName
	case userName:
		return s.Caller.UserName
	case userID:
		return s.Caller.UserID
	}
	return ""
}

// A Key is a condition key, ready for looking up.
type Key struct {
	name        string // as the policy has it
	lower       string
	derived     derived
	multivalued bool
}

func (o Options) key(name string) Key {
	lower := strings.ToLower(name)
	return Key{
		name:        name,
		lower:       lower,
		derived:     derivedKey(lower),
		multivalued: o.Multivalued != nil && o.Multivalued(lower),
	}
}

// Is reports whether the key is the named one; name is in lower case.
func (k Key) Is(name string) bool { return k.lower == name }

// values returns the request's values of the key. A single derived value is put into one, which must outlive the
// result. The slice must not be kept or changed.
func (s *Scope) values(k *Key, one *[1]string) []string {
	if v := s.Context.find(k.lower); v != nil {
		return v
	}
	if one[0] = s.derive(k.derived); one[0] != "" {
		return one[:]
	}
	return nil
}

// has reports whether the request has the key.
func (s *Scope) has(k *Key) bool {
	var one [1]string
	return len(s.values(k, &one)) > 0
}

// value returns the value of a key that has one: keys that are lists have no place in a policy variable.
func (s *Scope) value(k *Key) (string, bool) {
	var one [1]string
	v := s.values(k, &one)
	if len(v) != 1 || k.multivalued {
		return "", false
	}
	return v[0], true
}

// Values returns the request's values of a key, nil if it is absent.
func (s *Scope) Values(k Key) []string {
	var one [1]string
	return slices.Clone(s.values(&k, &one))
}
