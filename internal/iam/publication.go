package iam

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
)

// This file has the laws of what owners publish. Managed policies have owners: AWS, whose catalogue is part of the program,
// and publishers that the operator names. Owners publish versions; customers attach the policy and cannot change it. Every
// publication is an entry of the catalogue's history: entries are never changed, taken away or moved, their dates never go
// back, and each is written in the transaction that makes it true, so that a policy and its history cannot differ.

// A Publisher is an owner of managed policies besides AWS. Their paths begin with the publisher's.
type Publisher struct {
	Name    string
	Path    string // as in "/platform/", below arn:aws:iam::aws:policy
	Created time.Time
}

// Publishers are all publishers, in one record: their paths must not overlap.
type Publishers struct{ List []Publisher }

// AWSPublisher is the name of the owner of the catalogue that is part of the program.
const AWSPublisher = "aws"

// An OwnedPolicy is a managed policy of an owner as far as it was published on this server: a policy of a publisher, or what came
// to one of the shipped catalogue.
type OwnedPolicy struct {
	Name       string
	Path       string
	Publisher  string // AWSPublisher for one of the catalogue
	Created    time.Time
	Deprecated bool           `json:",omitempty"` // it stays where it is attached, and can be attached no more
	Versions   []OwnedVersion `json:",omitempty"` // oldest first; the newest is in force
}

// An OwnedVersion is a version that was published on this server.
type OwnedVersion struct {
	ID      string
	Created time.Time
	Entry   int // its publication's
}

// A Publication is an entry of the catalogue's history: a version of a policy, or the policy's deprecation.
type Publication struct {
	Entry     int       // from 1 on
	Time      time.Time // of the entry; never before that of the entry before
	Publisher string
	Policy    string // name
	Path      string
	Version   string    // that it is about; of a deprecation, the one in force. "" asks Publish for the next
	Created   time.Time // of the version: its owner's date
	Document  *Document `json:",omitempty"` // nil for a deprecation

	Note    string `json:",omitempty"` // why
	Feature string `json:",omitempty"` // that it belongs to

	// Rule is the rule that the document was made by, and that the policy is defined by while this version is in force; "" for a
	// document that somebody wrote. It is as internal/jobfunction prints it.
	Rule      string       `json:",omitempty"`
	Reference *ReferenceID `json:",omitempty"` // that the rule was applied to

	Deprecation bool     `json:",omitempty"`
	Verdict     string   `json:",omitempty"` // as of writ diff; "new" for the first version
	Added       []string `json:",omitempty"` // actions and patterns
	Removed     []string `json:",omitempty"`
	Reason      string   `json:",omitempty"` // for a removal that was allowed
	By          string   `json:",omitempty"` // ARN of who published it

	// Escalation is what the version changed in what the policy lets its holder become; nil if that was not worked out in time.
	Escalation *history.EscalationChange `json:",omitempty"`
}

// A CatalogHead says how far the history goes.
type CatalogHead struct {
	Entries int
	Time    time.Time // of the last entry
}

func OwnedPolicyKey(name string) string { return "owned/" + strings.ToLower(name) }
func PublicationKey(entry int) string {
	if entry == 0 {
		return "publication/"
	}
	return fmt.Sprintf("publication/%010d", entry)
}

func (p *Publishers) Key() string  { return "publishers/all" }
func (p *OwnedPolicy) Key() string { return OwnedPolicyKey(p.Name) }
func (p *Publication) Key() string { return PublicationKey(p.Entry) }
func (h *CatalogHead) Key() string { return "catalog/head" }

// awsPolicyARN is what the ARNs of owners' managed policies begin with; their path follows.
const awsPolicyARN = "arn:aws:iam::aws:policy"

// ARN returns the policy's ARN.
func (p *OwnedPolicy) ARN() string { return awsPolicyARN + p.Path + p.Name }

// ARN returns the ARN of the policy that the entry is about.
func (p *Publication) ARN() string { return awsPolicyARN + p.Path + p.Policy }

var (
	publisherForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	pathForm       = regexp.MustCompile(`^/([a-zA-Z0-9+=,.@_-]+/)+$`)
	policyNameForm = regexp.MustCompile(`^[a-zA-Z0-9+=,.@_-]{1,128}$`)
)

// reservedPaths are those of AWS's own policies.
var reservedPaths = []string{"/service-role/", "/job-function/", "/aws-service-role/", "/root-task/"}

// CreatePublisher names a publisher. Its path must be its own: neither one of AWS's nor inside another's, nor around it.
func CreatePublisher(tx Txn, p Publisher) error {
	switch {
	case !publisherForm.MatchString(p.Name) || p.Name == AWSPublisher:
		return Errorf(ValidationError, "Name must be of 1 to 32 small letters, digits and hyphens, and not %s.", AWSPublisher)
	case !pathForm.MatchString(p.Path) || len(p.Path) > 256:
		return Errorf(ValidationError, "Path must begin and end with a slash, as in /platform/.")
	}
	overlaps := func(path string) bool { return strings.HasPrefix(p.Path, path) || strings.HasPrefix(path, p.Path) }
	if i := slices.IndexFunc(reservedPaths, overlaps); i >= 0 {
		return Errorf(ValidationError, "Path %s is one of AWS's own.", reservedPaths[i])
	}
	all, err := getPublishers(tx)
	if err != nil {
		return err
	}
	for _, other := range all.List {
		switch {
		case other.Name == p.Name:
			return Errorf(EntityAlreadyExists, "Publisher %s already exists.", p.Name)
		case overlaps(other.Path):
			return Errorf(EntityAlreadyExists, "Path %s overlaps with %s, which is of publisher %s.", p.Path, other.Path, other.Name)
		}
	}
	all.List = append(all.List, p)
	slices.SortFunc(all.List, func(a, b Publisher) int { return strings.Compare(a.Name, b.Name) })
	tx.Put(all)
	return nil
}

func getPublishers(tx Txn) (*Publishers, error) {
	all, err := Get[Publishers](tx, (*Publishers)(nil).Key())
	if err == nil && all == nil {
		all = &Publishers{}
	}
	return all, err
}

// Named returns the publisher of a name, or nil.
func (p *Publishers) Named(name string) *Publisher {
	if p == nil {
		return nil
	}
	if i := slices.IndexFunc(p.List, func(p Publisher) bool { return p.Name == name }); i >= 0 {
		return &p.List[i]
	}
	return nil
}

// NoPublisher is the message for a publisher that is not there.
const NoPublisher = "Publisher %s does not exist."

// Published is what a publication needs to be told.
type Published struct {
	Publication
	// Was is the version in force that the new one was compared with; "" for the first version of a policy. If another one is in
	// force by now, nothing is published.
	Was string
}

// Publish puts a new version of an owner's managed policy in force, for all that it is attached to, and enters it in the history.
func Publish(tx Txn, p *Published) (*Publication, error) {
	shipped, _ := managed.Lookup(p.Policy)
	owned, err := Get[OwnedPolicy](tx, OwnedPolicyKey(p.Policy))
	if err != nil {
		return nil, err
	}
	switch {
	case owned == nil && shipped == nil:
		if owned, err = newOwned(tx, p); err != nil {
			return nil, err
		}
	case owned == nil:
		owned = &OwnedPolicy{Name: shipped.Name, Path: shipped.Path, Publisher: AWSPublisher, Created: shipped.Versions()[0].Created}
	}
	current, number, date := "", 0, time.Time{}
	if shipped != nil {
		v := shipped.Default()
		current, number, date = v.ID, versionNumber(v.ID), v.Created
	}
	if n := len(owned.Versions); n > 0 {
		v := owned.Versions[n-1]
		current, number, date = v.ID, versionNumber(v.ID), v.Created
	}
	switch {
	case owned.Publisher != p.Publisher:
		return nil, Errorf(AccessDenied, "Policy %s is not of publisher %s.", p.Policy, p.Publisher)
	case owned.Path != p.Path:
		return nil, Errorf(EntityAlreadyExists, "A policy called %s already exists, as %s. Duplicate names are not allowed.", owned.Name, owned.ARN())
	case owned.Deprecated || shipped != nil && shipped.Deprecated:
		return nil, Errorf(PolicyNotAttachable, "Policy %s is deprecated: it gets no more versions.", owned.ARN())
	case current != p.Was:
		return nil, Errorf(ConcurrentModification, "Version %s of policy %s was published meanwhile.", current, owned.ARN())
	}
	if err := checkReference(tx, p.Reference); err != nil {
		return nil, err
	}
	entry := p.Publication
	entry.Policy, entry.Path = owned.Name, owned.Path
	switch n := versionNumber(entry.Version); {
	case entry.Version == "":
		entry.Version = fmt.Sprint("v", number+1)
	case n <= number || entry.Version != fmt.Sprint("v", n):
		return nil, Errorf(ValidationError, "Version %s does not come after %s.", entry.Version, current)
	}
	if entry.Created.Before(date) {
		entry.Created = date // dates never go back
	}
	if err := enter(tx, &entry); err != nil {
		return nil, err
	}
	owned.Versions = append(owned.Versions, OwnedVersion{entry.Version, entry.Created, entry.Entry})
	tx.Put(owned)
	return &entry, nil
}

// newOwned makes the first record of a publisher's policy.
func newOwned(tx Txn, p *Published) (*OwnedPolicy, error) {
	if p.Publisher != AWSPublisher {
		all, err := getPublishers(tx)
		if err != nil {
			return nil, err
		}
		publisher := all.Named(p.Publisher)
		if publisher == nil {
			return nil, Errorf(NoSuchEntity, NoPublisher, p.Publisher)
		}
		if !strings.HasPrefix(p.Path, publisher.Path) {
			return nil, Errorf(ValidationError, "The path of a policy of publisher %s begins with %s.", publisher.Name, publisher.Path)
		}
	}
	if i := slices.IndexFunc(managed.Names(), func(name string) bool { return strings.EqualFold(name, p.Policy) }); i >= 0 {
		return nil, Errorf(EntityAlreadyExists, "A policy called %s already exists. Duplicate names are not allowed.", managed.Names()[i])
	}
	if !policyNameForm.MatchString(p.Policy) || p.Path != "/" && !pathForm.MatchString(p.Path) || len(p.Path) > 512 {
		return nil, Errorf(ValidationError, "%s is not the path and name of a managed policy.", p.Path+p.Policy)
	}
	return &OwnedPolicy{Name: p.Policy, Path: p.Path, Publisher: p.Publisher, Created: p.Created}, nil
}

func versionNumber(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "v"))
	if err != nil {
		return 0
	}
	return n
}

// Deprecate withdraws an owner's managed policy: it stays where it is attached, but can be attached no more.
func Deprecate(tx Txn, p Publication) (*Publication, error) {
	shipped, _ := managed.Lookup(p.Policy)
	owned, err := Get[OwnedPolicy](tx, OwnedPolicyKey(p.Policy))
	if err != nil {
		return nil, err
	}
	if owned == nil && shipped != nil {
		owned = &OwnedPolicy{Name: shipped.Name, Path: shipped.Path, Publisher: AWSPublisher, Created: shipped.Versions()[0].Created}
	}
	switch {
	case owned == nil:
		return nil, NoPolicy(p.ARN())
	case owned.Publisher != p.Publisher || owned.Path != p.Path:
		return nil, Errorf(AccessDenied, "Policy %s is not of publisher %s.", owned.ARN(), p.Publisher)
	case owned.Deprecated || shipped != nil && shipped.Deprecated:
		return nil, Errorf(PolicyNotAttachable, "Policy %s is deprecated already.", owned.ARN())
	}
	if p.Version = ""; shipped != nil {
		p.Version = shipped.Default().ID
	}
	if n := len(owned.Versions); n > 0 {
		p.Version = owned.Versions[n-1].ID
	}
	p.Policy, p.Path, p.Deprecation = owned.Name, owned.Path, true
	if err := enter(tx, &p); err != nil {
		return nil, err
	}
	owned.Deprecated = true
	tx.Put(owned)
	return &p, nil
}

// enter gives an entry its place in the history, behind all others.
func enter(tx Txn, p *Publication) error {
	head, err := Get[CatalogHead](tx, (*CatalogHead)(nil).Key())
	if err != nil {
		return err
	}
	if head == nil {
		head = &CatalogHead{}
	}
	head.Entries++
	if p.Entry = head.Entries; p.Time.Before(head.Time) {
		p.Time = head.Time
	}
	head.Time = p.Time
	tx.Put(head)
	return create(tx, p, "Entry %d of the catalogue's history is there already.", p.Entry)
}
