package iam

import (
	"slices"
	"strings"
	"unicode"

	"github.com/writ-iam/writ/managed"
)

// The quotas of AWS that are kept within one record. Those that AWS raises on request are at their default.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	MaxAttached        = 10 // managed policies a user, group or role
	MaxVersions        = 5
	MaxAccessKeys      = 2 // a user
	MaxGroups          = 10
	MaxTags            = 50
	MaxPolicySize      = 6144 // characters of a managed policy, white space not counted, as for the following
	MaxUserInline      = 2048
	MaxGroupInline     = 5120
	MaxRoleInline      = 10240
	MaxTrustSize       = 2048
	MaxUsers           = 5000
	MaxGroupsInAccount = 300
	MaxRoles           = 1000
	MaxPolicies        = 1500
	MaxProfiles        = 1000
)

// An Identity is a user, a group or a role: what policies are attached to.
type Identity interface {
	Record
	ARN() string
	Head() *Header
	Policies() *Grants
	// Kind is "user", "group" or "role", as in the identity's ARN.
	Kind() string
	inlineQuota() int
}

func (h *Header) Head() *Header     { return h }
func (g *Grants) Policies() *Grants { return g }

func (*User) Kind() string  { return "user" }
func (*Group) Kind() string { return "group" }
func (*Role) Kind() string  { return "role" }

func (*User) inlineQuota() int  { return MaxUserInline }
func (*Group) inlineQuota() int { return MaxGroupInline }
func (*Role) inlineQuota() int  { return MaxRoleInline }

// An Entity is a user or a role: an identity that makes requests, and may have a permissions boundary and tags.
type Entity interface {
	Identity
	boundary() *string
	Tagged() *[]Tag
}

func (u *User) boundary() *string { return &u.Boundary }
func (r *Role) boundary() *string { return &r.Boundary }

// A Tagged record has tags.
type Tagged interface {
	Record
	Tagged() *[]Tag
}

func (a *Account) Tagged() *[]Tag           { return &a.Tags }
func (u *User) Tagged() *[]Tag              { return &u.Tags }
func (r *Role) Tagged() *[]Tag              { return &r.Tags }
func (p *Policy) Tagged() *[]Tag            { return &p.Tags }
func (p *InstanceProfile) Tagged() *[]Tag   { return &p.Tags }
func (d *MFADevice) Tagged() *[]Tag         { return &d.Tags }
func (p *OIDCProvider) Tagged() *[]Tag      { return &p.Tags }
func (p *SAMLProvider) Tagged() *[]Tag      { return &p.Tags }
func (c *ServerCertificate) Tagged() *[]Tag { return &c.Tags }
func (u *Unit) Tagged() *[]Tag              { return &u.Tags }
func (p *OrgPolicy) Tagged() *[]Tag         { return &p.Tags }

// GetIdentity reads the user, group or role of a key.
func GetIdentity(tx Txn, key string) (Identity, error) {
	kind, rest, _ := strings.Cut(key, "/")
	_, name, _ := strings.Cut(rest, "/")
	switch kind {
	case "user":
		return identity(need[User](tx, key, noSuch, kind, name))
	case "group":
		return identity(need[Group](tx, key, noSuch, kind, name))
	case "role":
		return identity(need[Role](tx, key, noSuch, kind, name))
	}
	return nil, &FormatError{key, "not the key of an identity"}
}

// noSuch is AWS's message for a user, group or role that is not there.
const noSuch = "The %s with name %s cannot be found."

// identity keeps a nil pointer from becoming an Identity that is not nil.
func identity[P interface {
	*T
	Identity
}, T any](p P, err error) (Identity, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// modifiable is GetIdentity for a change that a customer asks for.
func modifiable(tx Txn, key string) (Identity, error) {
	who, err := GetIdentity(tx, key)
	if err == nil {
		err = unmodifiable(who)
	}
	if err != nil {
		return nil, err
	}
	return who, nil
}

// attachable finds the managed policy of an ARN that an account is about to use: AWS's, or the account's own. It
// returns the unique id of the account's own, to guard it; AWS's need no guard, since nobody can delete them.
func attachable(tx Txn, account, arn string) (id string, err error) {
	if err := CheckPolicyARN(arn); err != nil {
		return "", err
	}
	if !IsAWSManaged(arn) {
		p, err := findPolicy(tx, account, arn, notAttachable)
		if err != nil {
			return "", err
		}
		return p.ID, nil
	}
	shipped, ok := managed.Lookup(arn)
	owned, err := Get[OwnedPolicy](tx, OwnedPolicyKey(arn[strings.LastIndexByte(arn, '/')+1:]))
	if err != nil {
		return "", err
	}
	switch {
	case !ok && (owned == nil || owned.ARN() != arn):
		return "", Errorf(NoSuchEntity, notAttachable, arn)
	case ok && strings.HasPrefix(shipped.Path, ServiceLinkedPath):
		return "", Errorf(PolicyNotAttachable, "Cannot attach a Service Role Policy to a Customer Role.")
	case ok && shipped.Deprecated, owned != nil && owned.Deprecated:
		return "", Errorf(PolicyNotAttachable, "Policy %s is deprecated: it stays where it is attached, "+
			"but cannot be attached again.", arn)
	}
	return "", nil
}

// attached returns the unique id of a managed policy that an account uses already; it is "" for one of AWS's, which may
// even have left the catalogue since.
func attached(tx Txn, account, arn string) (id string, err error) {
	if IsAWSManaged(arn) {
		return "", nil
	}
	p, err := FindPolicy(tx, account, arn)
	if err != nil {
		return "", err
	}
	return p.ID, nil
}

// AttachPolicy attaches a managed policy to the identity of a key. Attaching again changes nothing.
func AttachPolicy(tx Txn, key, arn string) error {
	who, err := modifiable(tx, key)
	if err != nil {
		return err
	}
	g := who.Policies()
	if slices.Contains(g.Attached, arn) {
		return nil
	}
	id, err := attachable(tx, who.Head().Account, arn)
	if err != nil {
		return err
	}
	if len(g.Attached) >= MaxAttached {
		kind := who.Kind()
		return Errorf(LimitExceeded, "Cannot exceed quota for PoliciesPer%s: %d",
			strings.ToUpper(kind[:1])+kind[1:], MaxAttached)
	}
	g.Attached = append(g.Attached, arn)
	if id != "" {
		tx.guard(id, who.Head().ID)
	}
	tx.Put(who)
	return nil
}

// DetachPolicy detaches a managed policy from the identity of a key.
func DetachPolicy(tx Txn, key, arn string) error {
	who, err := modifiable(tx, key)
	if err != nil {
		return err
	}
	if err := CheckPolicyARN(arn); err != nil {
		return err
	}
	g := who.Policies()
	i := slices.Index(g.Attached, arn)
	if i < 0 {
		return NoPolicy(arn)
	}
	id, err := attached(tx, who.Head().Account, arn)
	if err != nil {
		return err
	}
	g.Attached = slices.Delete(g.Attached, i, i+1)
	if id != "" {
		tx.unguard(id, who.Head().ID)
	}
	tx.Put(who)
	return nil
}

// Size counts the characters of a document as quotas do: without white space.
func Size(text string) (n int) {
	for _, c := range text {
		if !unicode.IsSpace(c) {
			n++
		}
	}
	return n
}

// PutInline embeds a policy in the identity of a key, in place of one of that name if there is one.
func PutInline(tx Txn, key, name string, doc *Document) error {
	who, err := modifiable(tx, key)
	if err != nil {
		return err
	}
	g := who.Policies()
	i, found := slices.BinarySearchFunc(g.Inline, name, inlineByName)
	if found {
		g.Inline[i].Document = doc
	} else {
		g.Inline = slices.Insert(g.Inline, i, Inline{name, doc})
	}
	total := 0
	for _, p := range g.Inline {
		total += Size(p.Document.Text)
	}
	if total > who.inlineQuota() {
		return Errorf(LimitExceeded, "Maximum policy size of %d bytes exceeded for %s %s",
			who.inlineQuota(), who.Kind(), who.Head().Name)
	}
	tx.Put(who)
	return nil
}

func inlineByName(p Inline, name string) int { return strings.Compare(p.Name, name) }

// NoInline is AWS's message for an inline policy that is not there.
func NoInline(kind, name string) error {
	return Errorf(NoSuchEntity, "The %s policy with name %s cannot be found.", kind, name)
}

// FindInline finds an inline policy by its name.
func (g *Grants) FindInline(name string) (*Document, bool) {
	i, found := slices.BinarySearchFunc(g.Inline, name, inlineByName)
	if !found {
		return nil, false
	}
	return g.Inline[i].Document, true
}

// DeleteInline removes an inline policy from the identity of a key.
func DeleteInline(tx Txn, key, name string) error {
	who, err := modifiable(tx, key)
	if err != nil {
		return err
	}
	g := who.Policies()
	i, found := slices.BinarySearchFunc(g.Inline, name, inlineByName)
	if !found {
		return NoInline(who.Kind(), name)
	}
	g.Inline = slices.Delete(g.Inline, i, i+1)
	tx.Put(who)
	return nil
}

// SetBoundary sets the permissions boundary of the user or role of a key to the managed policy of an ARN; "" removes
// it.
func SetBoundary(tx Txn, key, arn string) error {
	who, err := modifiable(tx, key)
	if err != nil {
		return err
	}
	e, ok := who.(Entity)
	if !ok {
		return &FormatError{key, "not the key of a user or role"}
	}
	if err := setBoundary(tx, e, arn); err != nil {
		return err
	}
	tx.Put(e)
	return nil
}

// setBoundary changes the boundary in the record, and its guards.
func setBoundary(tx Txn, e Entity, arn string) error {
	account, from, now := e.Head().Account, e.Head().ID+"/boundary", e.boundary()
	if *now == arn {
		return nil
	}
	next := ""
	if arn != "" {
		id, err := attachable(tx, account, arn)
		if err != nil {
			return err
		}
		next = id
	}
	if *now != "" {
		id, err := attached(tx, account, *now)
		if err != nil {
			return err
		}
		if id != "" {
			tx.unguard(id, from)
		}
	}
	if next != "" {
		tx.guard(next, from)
	}
	*now = arn
	return nil
}

// SameTagKey reports whether two keys are those of one tag: whether they differ in case at most. It is as condition
// keys are told apart, which strings.EqualFold is not for all letters: a request whose tags make one condition key
// twice cannot be decided.
func SameTagKey(a, b string) bool { return a == b || strings.ToLower(a) == strings.ToLower(b) }

// SetTags adds tags to the record of a key, or changes the values of those it has. Keys are told apart without regard
// to case. The record is left to the caller to Put.
func SetTags(r Tagged, tags []Tag) error {
	have := r.Tagged()
	for _, t := range tags {
		if i := slices.IndexFunc(*have, func(h Tag) bool { return SameTagKey(h.Key, t.Key) }); i >= 0 {
			(*have)[i] = t
		} else {
			*have = append(*have, t)
		}
	}
	slices.SortFunc(*have, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	if len(*have) > MaxTags {
		return Errorf(LimitExceeded, "The number of tags has reached the maximum limit.")
	}
	return nil
}

// RemoveTags removes the tags of these keys; those that are not there do no harm.
func RemoveTags(r Tagged, keys []string) {
	have := r.Tagged()
	*have = slices.DeleteFunc(*have, func(t Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return SameTagKey(k, t.Key) })
	})
}
