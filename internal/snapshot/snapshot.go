// Package snapshot is the view of the store that requests are served from: every record decoded and indexed, in memory.
//
// A Snapshot does not change. [Live] follows the store's watch; with each change it makes the next snapshot, which
// shares nearly all of its structure with the one before, and swaps one pointer. Readers take no lock, and one request
// reads one snapshot, so that it sees one state from its authentication to its answer.
//
// Everything is in one ordered tree: the records under the keys that package iam gives them, and beside them what
// follows from the records:
//
//	id/AIDA…                               the user, group, role, policy … of a unique id
//	attached/ACCOUNT/POLICY ARN/KIND/NAME  the identity that the policy is attached to; KIND is user, group or role
//	boundary/ACCOUNT/POLICY ARN/KIND/NAME  the user or role whose boundary it is
//	member/GROUP ID/NAME                   the user
//	instance/ROLE ID/NAME                  the instance profile that holds the role
//	count/PREFIX                           how many there are: records of a kind in an account, and of each of the
//	                                       above but ids, those of one policy, group or role
//
// Policy documents are compiled when a decision first needs them. Equal texts are one [iam.Document], so that a hundred
// thousand roles which trust the same service hold one text and one compiled policy.
package snapshot

import (
	"iter"
	"slices"
	"strings"

	"github.com/google/btree"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/store"
)

// A Snapshot is the state of the store at one revision.
type Snapshot struct {
	Revision store.Revision
	tree     *btree.BTreeG[entry]
}

type entry struct {
	key   string
	value any // an iam.Record, or an int for a count
}

func less(a, b entry) bool { return a.key < b.key }

// Get returns the record of a key, or nil.
func Get[T any, P interface {
	*T
	iam.Record
}](s *Snapshot, key string) P {
	e, _ := s.tree.Get(entry{key: key})
	p, _ := e.value.(P)
	return p
}

// ByID returns the record of a unique id, or nil.
func (s *Snapshot) ByID(id string) iam.Record {
	e, _ := s.tree.Get(entry{key: "id/" + id})
	r, _ := e.value.(iam.Record)
	return r
}

// List yields the records whose keys begin with prefix and come after the key after, which may be "", in the order of
// their keys.
func (s *Snapshot) List(prefix, after string) iter.Seq2[string, iam.Record] {
	return func(yield func(string, iam.Record) bool) {
		from := prefix
		if after >= prefix {
			from = after + "\x00"
		}
		s.tree.AscendGreaterOrEqual(entry{key: from}, func(e entry) bool {
			if !strings.HasPrefix(e.key, prefix) {
				return false
			}
			r, ok := e.value.(iam.Record)
			return !ok || yield(e.key, r)
		})
	}
}

// Count returns how many records there are below a prefix that ends in a slash: "user/111122223333/",
// "attached/111122223333/arn:…/".
func (s *Snapshot) Count(prefix string) int {
	e, _ := s.tree.Get(entry{key: "count/" + prefix})
	n, _ := e.value.(int)
	return n
}

// Used returns the ARNs of the managed policies that are attached in an account or are a boundary there, sorted.
func (s *Snapshot) Used(account string) (arns []string) {
	for _, prefix := range []string{"count/" + attachedIn + account + "/", "count/" + boundaryIn + account + "/"} {
		s.tree.AscendGreaterOrEqual(entry{key: prefix}, func(e entry) bool {
			arn, below := strings.CutPrefix(e.key, prefix)
			if below {
				arns = append(arns, strings.TrimSuffix(arn, "/"))
			}
			return below
		})
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

// The prefixes under which what follows from records is listed.

const (
	attachedIn = "attached/"
	boundaryIn = "boundary/"
)

func AttachedPrefix(account, policy string) string { return attachedIn + account + "/" + policy + "/" }
func BoundaryPrefix(account, policy string) string { return boundaryIn + account + "/" + policy + "/" }
func MemberPrefix(group string) string             { return "member/" + group + "/" }
func InstancePrefix(role string) string            { return "instance/" + role + "/" }

// derived yields the keys of what follows from a record, and for each whether it is counted below its prefix.
func derived(r iam.Record, yield func(key, counted string)) {
	switch r := r.(type) {
	case *iam.User:
		identity(r, yield)
		for _, g := range r.Groups {
			yield(MemberPrefix(g)+strings.ToLower(r.Name), MemberPrefix(g))
		}
	case *iam.Group:
		identity(r, yield)
	case *iam.Role:
		identity(r, yield)
	case *iam.Policy:
		yield("id/"+r.ID, "")
	case *iam.InstanceProfile:
		yield("id/"+r.ID, "")
		if r.Role != "" {
			yield(InstancePrefix(r.Role)+strings.ToLower(r.Name), InstancePrefix(r.Role))
		}
	case *iam.ServerCertificate:
		yield("id/"+r.ID, "")
	}
}

func identity(r iam.Identity, yield func(key, counted string)) {
	h := r.Head()
	yield("id/"+h.ID, "")
	for _, arn := range r.Policies().Attached {
		p := AttachedPrefix(h.Account, arn)
		yield(p+r.Kind()+"/"+strings.ToLower(h.Name), p)
	}
	if b := boundary(r); b != "" {
		p := BoundaryPrefix(h.Account, b)
		yield(p+r.Kind()+"/"+strings.ToLower(h.Name), p)
	}
}

func boundary(r iam.Identity) string {
	switch r := r.(type) {
	case *iam.User:
		return r.Boundary
	case *iam.Role:
		return r.Boundary
	}
	return ""
}

// Empty returns the snapshot of a store that holds nothing.
func Empty() *Snapshot { return &Snapshot{tree: btree.NewG(32, less)} }

// put adds a record, in place of one of its key if there is one.
func (s *Snapshot) put(key string, r iam.Record) {
	s.delete(key)
	s.tree.ReplaceOrInsert(entry{key, r})
	s.count(family(key), 1)
	derived(r, func(key, counted string) {
		s.tree.ReplaceOrInsert(entry{key, r})
		s.count(counted, 1)
	})
}

// delete removes the record of a key.
func (s *Snapshot) delete(key string) {
	e, found := s.tree.Delete(entry{key: key})
	if !found {
		return
	}
	s.count(family(key), -1)
	derived(e.value.(iam.Record), func(key, counted string) {
		s.tree.Delete(entry{key: key})
		s.count(counted, -1)
	})
}

// family returns the prefix that a record is counted under: kind and account, or the kind alone where the key has no
// account.
func family(key string) string {
	kind, rest, _ := strings.Cut(key, "/")
	account, _, ok := strings.Cut(rest, "/")
	if !ok {
		return kind + "/"
	}
	return kind + "/" + account + "/"
}

func (s *Snapshot) count(prefix string, by int) {
	if prefix == "" {
		return
	}
	key := "count/" + prefix
	e, _ := s.tree.Get(entry{key: key})
	n, _ := e.value.(int)
	if n += by; n == 0 {
		s.tree.Delete(entry{key: key})
		return
	}
	s.tree.ReplaceOrInsert(entry{key, n})
}
