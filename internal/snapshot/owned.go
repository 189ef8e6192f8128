package snapshot

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/managed"
)

// An OwnerPolicy is a managed policy of an owner, customers' own left aside: one of the shipped catalogue, one that a publisher
// published here, or one of the catalogue with what came to it here.
type OwnerPolicy struct {
	Name       string
	Path       string
	ARN        string
	Publisher  string // iam.AWSPublisher for one of the catalogue
	Created    time.Time
	Deprecated bool

	state   *Snapshot
	shipped *managed.Policy  // nil for a publisher's
	owned   *iam.OwnedPolicy // nil if nothing was published here
}

// An OwnerVersion is a version of an owner's policy.
type OwnerVersion struct {
	ID      string
	Created time.Time // zero if it is not known

	shipped *managed.Version
	entry   *iam.Publication
}

// OwnerPolicy returns the owner's policy of an ARN, or nil.
func (s *Snapshot) OwnerPolicy(arn string) *OwnerPolicy {
	if !iam.IsAWSManaged(arn) {
		return nil
	}
	shipped, _ := managed.Lookup(arn)
	owned := Get[iam.OwnedPolicy](s, iam.OwnedPolicyKey(arn[strings.LastIndexByte(arn, '/')+1:]))
	if owned != nil && owned.ARN() != arn {
		owned = nil
	}
	return s.ownerPolicy(shipped, owned)
}

// OwnerPolicyNamed returns the owner's policy of a name, whatever its path, or nil.
func (s *Snapshot) OwnerPolicyNamed(name string) *OwnerPolicy {
	shipped, _ := managed.Lookup(name)
	return s.ownerPolicy(shipped, Get[iam.OwnedPolicy](s, iam.OwnedPolicyKey(name)))
}

func (s *Snapshot) ownerPolicy(shipped *managed.Policy, owned *iam.OwnedPolicy) *OwnerPolicy {
	p := &OwnerPolicy{state: s, shipped: shipped, owned: owned}
	switch {
	case shipped != nil:
		p.Name, p.Path, p.ARN, p.Publisher = shipped.Name, shipped.Path, shipped.ARN, iam.AWSPublisher
		p.Created, p.Deprecated = shipped.Versions()[0].Created, shipped.Deprecated
	case owned != nil:
		p.Name, p.Path, p.ARN, p.Publisher, p.Created = owned.Name, owned.Path, owned.ARN(), owned.Publisher, owned.Created
	default:
		return nil
	}
	p.Deprecated = p.Deprecated || owned != nil && owned.Deprecated
	return p
}

// OwnerPolicies yields all owners' policies, by name.
func (s *Snapshot) OwnerPolicies() iter.Seq[*OwnerPolicy] {
	return func(yield func(*OwnerPolicy) bool) {
		var own []*iam.OwnedPolicy // those that are not in the catalogue
		for _, r := range s.List(iam.OwnedPolicyKey(""), "") {
			if p := r.(*iam.OwnedPolicy); p.Publisher != iam.AWSPublisher || !isShipped(p.Name) {
				own = append(own, p)
			}
		}
		slices.SortFunc(own, func(a, b *iam.OwnedPolicy) int { return strings.Compare(a.Name, b.Name) })
		for _, shipped := range managed.All() {
			for len(own) > 0 && own[0].Name < shipped.Name {
				if !yield(s.ownerPolicy(nil, own[0])) {
					return
				}
				own = own[1:]
			}
			if !yield(s.OwnerPolicyNamed(shipped.Name)) {
				return
			}
		}
		for _, p := range own {
			if !yield(s.ownerPolicy(nil, p)) {
				return
			}
		}
	}
}

func isShipped(name string) bool {
	_, ok := managed.Lookup(name)
	return ok
}

// Versions returns the policy's versions, oldest first. There is at least one.
func (p *OwnerPolicy) Versions() (all []OwnerVersion) {
	if p.shipped != nil {
		for _, v := range p.shipped.Versions() {
			all = append(all, OwnerVersion{ID: v.ID, Created: v.Created, shipped: v})
		}
	}
	if p.owned != nil {
		for _, v := range p.owned.Versions {
			all = append(all, OwnerVersion{v.ID, v.Created, nil, Get[iam.Publication](p.state, iam.PublicationKey(v.Entry))})
		}
	}
	return all
}

// Default returns the version in force.
func (p *OwnerPolicy) Default() OwnerVersion {
	if p.owned != nil {
		if n := len(p.owned.Versions); n > 0 {
			v := p.owned.Versions[n-1]
			return OwnerVersion{v.ID, v.Created, nil, Get[iam.Publication](p.state, iam.PublicationKey(v.Entry))}
		}
	}
	v := p.shipped.Default()
	return OwnerVersion{ID: v.ID, Created: v.Created, shipped: v}
}

// Version finds a version by its id.
func (p *OwnerPolicy) Version(id string) (OwnerVersion, bool) {
	all := p.Versions()
	i := slices.IndexFunc(all, func(v OwnerVersion) bool { return v.ID == id })
	if i < 0 {
		return OwnerVersion{}, false
	}
	return all[i], true
}

// Document returns the version's document. It is nil if the store has lost it, which denies.
func (v OwnerVersion) Document() *iam.Document {
	switch {
	case v.shipped != nil:
		return awsDocument(v.shipped)
	case v.entry != nil:
		return v.entry.Document
	}
	return nil
}

// Publication returns the entry of the history that the version is from; nil for one of the shipped catalogue.
func (v OwnerVersion) Publication() *iam.Publication { return v.entry }

// A Reach is an identity that a managed policy bears on directly.
type Reach struct {
	Who iam.Identity
	As  string // "policy" or "boundary"
}

// InUse reports whether a managed policy is attached to, or the boundary of, something in an account.
func (s *Snapshot) InUse(account, arn string) bool {
	return s.Count(AttachedPrefix(account, arn)) > 0 || s.Count(BoundaryPrefix(account, arn)) > 0
}

// Reached yields the identities of all accounts that a managed policy is attached to, or serves as a boundary, account by account.
func (s *Snapshot) Reached(arn string) iter.Seq[Reach] {
	return func(yield func(Reach) bool) {
		for _, r := range s.List(iam.AccountKey(""), "") {
			account := r.(*iam.Account).ID
			for _, who := range s.List(AttachedPrefix(account, arn), "") {
				if !yield(Reach{who.(iam.Identity), "policy"}) {
					return
				}
			}
			for _, who := range s.List(BoundaryPrefix(account, arn), "") {
				if !yield(Reach{who.(iam.Identity), "boundary"}) {
					return
				}
			}
		}
	}
}
