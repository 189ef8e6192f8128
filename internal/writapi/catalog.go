package writapi

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/jobfunction"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/policy"
)

// A Publisher is an owner of managed policies besides AWS.
type Publisher struct {
	Name       string
	Path       string // that its policies' paths begin with
	CreateDate time.Time
}

type CreatePublisherInput struct{ Name, Path string }

type CreatePublisherOutput struct{ Publisher Publisher }

type ListPublishersInput struct{}

type ListPublishersOutput struct{ Publishers []Publisher }

type PublishManagedPolicyInput struct {
	Publisher string // iam.AWSPublisher for a policy of the shipped catalogue
	Name      string
	Path      string     `json:",omitempty"` // of a new policy; "" for the publisher's own path
	Document  string     `json:",omitempty"` // of a policy that is not made by a rule
	Rule      string     `json:",omitempty"` // in place of Document: the rule that defines the policy from now on
	Note      string     `json:",omitempty"` // why
	Feature   string     `json:",omitempty"`
	VersionID string     `json:"VersionId,omitempty"` // the owner's number; "" for the next
	Date      *time.Time `json:",omitempty"`          // the owner's; nil for now

	// AllowRemoval publishes a version that takes something away, for this reason.
	AllowRemoval string `json:",omitempty"`
	// DryRun compares, and publishes nothing.
	DryRun bool `json:",omitempty"`
}

type PublishManagedPolicyOutput struct {
	Entry *Entry `json:",omitempty"` // nil if nothing was published
	// Unchanged says that the document is the one in force.
	Unchanged bool `json:",omitempty"`
	// RuleEnds says that the policy was defined by a rule until this version, which is a document that somebody wrote.
	RuleEnds bool `json:",omitempty"`
	// Refused says why nothing was published: what would be taken away, from whom.
	Refused *Refusal `json:",omitempty"`
}

// A Refusal is what a version would take away.
type Refusal struct {
	Verdict string
	Removes []Loss
	Unknown []string  // why it is not known whether more is
	Loses   []Reached // identities that would lose it
	More    int       // identities besides
}

// A Loss is a class of actions that a version would no longer allow.
type Loss struct {
	Actions []string
	When    string
	Witness json.RawMessage // a request as in writ decide --cases
}

// A Reached is an identity that a managed policy bears on.
type Reached struct {
	Account string
	ARN     string `json:"Arn"`
	As      string // "policy" or "boundary"
}

type DeprecateManagedPolicyInput struct {
	Publisher string
	Name      string
	Note      string
}

type DeprecateManagedPolicyOutput struct{ Entry Entry }

// An Entry is one of the catalogue's history: a version of a managed policy that was published here, or its deprecation.
type Entry struct {
	Entry       int
	Time        time.Time
	Publisher   string
	PolicyARN   string `json:"PolicyArn"`
	PolicyName  string
	VersionID   string    `json:"VersionId"`
	VersionDate time.Time // the owner's
	Verdict     string    // beside the version before, as of writ diff; "new" for the first; "" for a deprecation
	Added       []string
	Removed     []string
	Deprecation bool
	Rule        string `json:",omitempty"` // that the version was made by
	Reference   string `json:",omitempty"` // that the rule was applied to
	Note        string
	Feature     string
	Reason      string // for a removal that was allowed
	By          string // ARN of who published it
	// Escalation is what the version changed in what the policy lets its holder become; absent if that is not known.
	Escalation *EscalationChange `json:",omitempty"`
}

// An EscalationChange says which methods of privilege escalation a version opens and closes, and whether the holder could become an
// administrator and can: "already", "can", "can if", "cannot" or "unknown". Was is "" for the first version.
type EscalationChange struct {
	Was    string `json:",omitempty"`
	Is     string
	Opened []MethodChange
	Closed []MethodChange
}

// A MethodChange is a method of escalation and its status before and after.
type MethodChange struct{ ID, Was, Is string }

// History returns the change as package history has it, which has words for it; nil for nil.
func (c *EscalationChange) History() *history.EscalationChange {
	if c == nil {
		return nil
	}
	h := &history.EscalationChange{Was: history.Admin(c.Was), Is: history.Admin(c.Is)}
	for _, m := range c.Opened {
		h.Opened = append(h.Opened, history.MethodChange(m))
	}
	for _, m := range c.Closed {
		h.Closed = append(h.Closed, history.MethodChange(m))
	}
	return h
}

type ListCatalogEntriesInput struct {
	PolicyName string // "" for all
	After      int    // entries after this one
	MaxItems   int    // at most 1,000, which 0 stands for
}

type ListCatalogEntriesOutput struct {
	Entries []Entry // oldest first
	More    bool
}

var catalog = []op.Operation{
	op.New("CreatePublisher", onPublisher(func(in *CreatePublisherInput) (string, string) { return in.Name, "" }), createPublisher),
	op.New("ListPublishers", onPublisher(func(*ListPublishersInput) (string, string) { return "*", "" }), listPublishers),
	op.New("PublishManagedPolicy", onPublisher(func(in *PublishManagedPolicyInput) (string, string) { return in.Publisher, in.Name }), publish),
	op.New("DeprecateManagedPolicy", onPublisher(func(in *DeprecateManagedPolicyInput) (string, string) { return in.Publisher, in.Name }), deprecate),
	op.New("ListCatalogEntries", op.Everything[ListCatalogEntriesInput], listCatalogEntries),
}

// onPublisher is the target of the operations on publishers and their policies: resources of the first account, which is the
// operator's: arn:aws:writ::ACCOUNT:publisher/NAME and arn:aws:writ::ACCOUNT:publisher/NAME/policy/NAME.
func onPublisher[In any](names func(*In) (publisher, policy string)) func(*op.Call, *In) (op.Target, error) {
	return func(c *op.Call, in *In) (op.Target, error) {
		publisher, policy := names(in)
		resource := "arn:aws:writ::" + firstAccount(c) + ":publisher/" + publisher
		if policy != "" {
			resource += "/policy/" + policy
		}
		return op.Target{Resource: resource}, nil
	}
}

func createPublisher(ctx context.Context, c *op.Call, in *CreatePublisherInput) (*CreatePublisherOutput, error) {
	p := iam.Publisher{Name: in.Name, Path: in.Path, Created: c.Time.UTC().Truncate(time.Second)}
	err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreatePublisher(tx, p) })
	return &CreatePublisherOutput{Publisher{p.Name, p.Path, p.Created}}, err
}

func publishers(s *snapshot.Snapshot) *iam.Publishers {
	return snapshot.Get[iam.Publishers](s, (*iam.Publishers)(nil).Key())
}

func listPublishers(_ context.Context, c *op.Call, _ *ListPublishersInput) (*ListPublishersOutput, error) {
	out := &ListPublishersOutput{Publishers: []Publisher{}}
	if all := publishers(c.State); all != nil {
		for _, p := range all.List {
			out.Publishers = append(out.Publishers, Publisher{p.Name, p.Path, p.Created})
		}
	}
	return out, nil
}

// maxDocument is the number of bytes that an owner's document may have: what any document in a request may.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
const maxDocument = 131_072

// publish publishes a document, or what a rule makes of the service reference.
func publish(ctx context.Context, c *op.Call, in *PublishManagedPolicyInput) (*PublishManagedPolicyOutput, error) {
	switch {
	case in.Rule != "" && in.Document != "":
		return nil, iam.Errorf(iam.ValidationError, "Both Document and Rule are given; a rule makes the document.")
	case in.Rule != "":
		rule, err := jobfunction.Parse([]byte(in.Rule))
		if err != nil {
			return nil, iam.Errorf(iam.ValidationError, "Rule: %v", err)
		}
		ref, id, err := reference(c.State)
		if err != nil {
			return nil, err
		}
		if err := rule.Check(ref); err != nil {
			return nil, iam.Errorf(iam.ValidationError, "Rule: %v", err)
		}
		return publishRuled(ctx, c, *in, rule, ref, id)
	case len(in.Document) > maxDocument:
		return nil, iam.Errorf(iam.LimitExceeded, "The document has %d bytes; at most %d are taken.", len(in.Document), maxDocument)
	}
	return publishDocument(ctx, c, in, iam.Publication{})
}

// publishDocument compares a document with the version in force. What only adds is put in force; what takes something away, or may, is
// refused with what would break, unless a reason is given. The draft says by which rule the document was made, if by any.
func publishDocument(ctx context.Context, c *op.Call, in *PublishManagedPolicyInput, draft iam.Publication) (*PublishManagedPolicyOutput, error) {
	doc, err := iam.NewIdentityDocument(in.Document)
	if err != nil {
		return nil, err
	}
	now := c.Time.UTC().Truncate(time.Second)
	p := &iam.Published{Publication: iam.Publication{
		Time: now, Created: now, Publisher: in.Publisher, Policy: in.Name, Path: in.Path, Version: in.VersionID, Document: doc,
		Note: in.Note, Feature: in.Feature, Verdict: "new", By: c.Caller.ARN, Rule: draft.Rule, Reference: draft.Reference,
	}}
	if in.Date != nil {
		p.Created = in.Date.UTC().Truncate(time.Second)
	}
	out := &PublishManagedPolicyOutput{}
	switch theirs := c.State.OwnerPolicyNamed(in.Name); {
	case theirs != nil && (theirs.Publisher != in.Publisher || in.Path != "" && in.Path != theirs.Path):
		return nil, iam.Errorf(iam.EntityAlreadyExists, "A policy called %s already exists, as %s of publisher %s. Duplicate names are not allowed.",
			theirs.Name, theirs.ARN, theirs.Publisher)
	case theirs != nil:
		p.Path = theirs.Path
		current := theirs.Default()
		p.Was = current.ID
		was := ruleOf(current)
		if same(current.Document().Text, in.Document) && was == p.Rule {
			out.Unchanged = true
			return out, nil
		}
		out.RuleEnds = was != "" && p.Rule == ""
		comparison, err := compare(ctx, current.Document().Text, in.Document)
		if err != nil {
			return nil, err
		}
		p.Verdict, p.Added, p.Removed = comparison.Verdict.String(), names(comparison.Adds), names(comparison.Removes)
		if comparison.Removes.Answer != prove.Proved {
			if in.AllowRemoval == "" {
				out.Refused = refusal(c.State, theirs, comparison)
				return out, nil
			}
			p.Reason = in.AllowRemoval
		}
	case p.Path == "":
		if p.Path = "/"; publishers(c.State).Named(in.Publisher) != nil {
			p.Path = publishers(c.State).Named(in.Publisher).Path
		}
	}
	before := ""
	if theirs := c.State.OwnerPolicyNamed(in.Name); theirs != nil {
		before = theirs.Default().Document().Text
	}
	if p.Escalation, err = escalation(ctx, before, in.Document); err != nil {
		return nil, err
	}
	if in.DryRun {
		e := entryOut(&p.Publication)
		out.Entry = &e
		return out, nil
	}
	var entered *iam.Publication
	if err := c.Update(ctx, func(tx iam.Txn) (err error) {
		draft := *p
		entered, err = iam.Publish(tx, &draft)
		return err
	}); err != nil {
		return nil, err
	}
	e := entryOut(entered)
	out.Entry = &e
	return out, nil
}

// same reports whether two documents are the same but for white space and the like.
func same(a, b string) bool {
	if a == b {
		return true
	}
	x, errA := policy.Parse([]byte(a))
	y, errB := policy.Parse([]byte(b))
	return errA == nil && errB == nil && string(x.Format()) == string(y.Format())
}

// compareTime is how long the comparison of two versions may take. What is not known by then counts as taken away.
const compareTime = 8 * time.Second

func compare(ctx context.Context, before, after string) (*prove.Comparison, error) {
	ctx, cancel := context.WithTimeout(ctx, compareTime)
	defer cancel()
	var sides [2]prove.Policies
	for i, text := range []string{before, after} {
		doc, err := policy.Parse([]byte(text))
		if err != nil {
			return nil, iam.Errorf(iam.MalformedPolicyDocument, "%v", err)
		}
		sides[i].Identity = []*policy.Document{doc}
	}
	return prove.Compare(ctx, sides[0], sides[1], prove.Options{})
}

// escalation works out what a document changes in what its holder can become; before is "" for none. It is nil if there was not the time.
func escalation(ctx context.Context, before, after string) (*history.EscalationChange, error) {
	limited, cancel := context.WithTimeout(ctx, compareTime)
	defer cancel()
	var found [2]*history.Escalation
	for i, text := range []string{before, after} {
		if text == "" {
			continue
		}
		doc, err := policy.Parse([]byte(text))
		if err == nil {
			found[i], err = history.EscalationOfDocument(limited, doc)
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case limited.Err() != nil:
			return nil, nil
		case err != nil:
			return nil, iam.Errorf(iam.MalformedPolicyDocument, "%v", err)
		}
	}
	return found[1].Change(found[0]), nil
}

// names returns the actions of the differences, and the patterns of those that have more.
func names(r *prove.Result) []string {
	list := []string{}
	for _, d := range r.Differences {
		list = append(list, d.Actions...)
		list = append(list, d.Patterns...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// maxReached is how many identities an answer lists.
const maxReached = 50

func refusal(s *snapshot.Snapshot, p *snapshot.OwnerPolicy, c *prove.Comparison) *Refusal {
	r := &Refusal{Verdict: c.Verdict.String(), Removes: []Loss{}, Unknown: []string{}, Loses: []Reached{}}
	for _, d := range c.Removes.Differences {
		w, err := json.Marshal(pdp.RequestOf(&d.Witness))
		if err != nil {
			panic(err) // texts and lists of texts
		}
		r.Removes = append(r.Removes, Loss{slices.Concat(d.Actions, d.Patterns), d.When, w})
	}
	for _, u := range c.Removes.Unknown {
		r.Unknown = append(r.Unknown, strings.Join(u.Actions, ", ")+": "+u.Reason)
	}
	for reached := range s.Reached(p.ARN) {
		if len(r.Loses) == maxReached {
			r.More++
			continue
		}
		r.Loses = append(r.Loses, Reached{reached.Who.Head().Account, reached.Who.ARN(), reached.As})
	}
	return r
}

func deprecate(ctx context.Context, c *op.Call, in *DeprecateManagedPolicyInput) (*DeprecateManagedPolicyOutput, error) {
	theirs := c.State.OwnerPolicyNamed(in.Name)
	if theirs == nil {
		return nil, iam.Errorf(iam.NoSuchEntity, "Policy %s was not found.", in.Name)
	}
	now := c.Time.UTC().Truncate(time.Second)
	draft := iam.Publication{Time: now, Created: now, Publisher: in.Publisher, Policy: in.Name, Path: theirs.Path, Note: in.Note, By: c.Caller.ARN}
	var entered *iam.Publication
	if err := c.Update(ctx, func(tx iam.Txn) (err error) {
		entered, err = iam.Deprecate(tx, draft)
		return err
	}); err != nil {
		return nil, err
	}
	return &DeprecateManagedPolicyOutput{entryOut(entered)}, nil
}

const maxEntries = 1000

func listCatalogEntries(_ context.Context, c *op.Call, in *ListCatalogEntriesInput) (*ListCatalogEntriesOutput, error) {
	limit := in.MaxItems
	if limit <= 0 || limit > maxEntries {
		limit = maxEntries
	}
	after := ""
	if in.After > 0 {
		after = iam.PublicationKey(in.After)
	}
	out := &ListCatalogEntriesOutput{Entries: []Entry{}}
	for _, r := range c.State.List(iam.PublicationKey(0), after) {
		p := r.(*iam.Publication)
		if in.PolicyName != "" && !strings.EqualFold(in.PolicyName, p.Policy) {
			continue
		}
		if out.More = len(out.Entries) == limit; out.More {
			break
		}
		out.Entries = append(out.Entries, entryOut(p))
	}
	return out, nil
}

func entryOut(p *iam.Publication) Entry {
	notNil := func(list []string) []string { return append([]string{}, list...) }
	e := Entry{
		Entry: p.Entry, Time: p.Time, Publisher: p.Publisher, PolicyARN: p.ARN(), PolicyName: p.Policy, VersionID: p.Version,
		VersionDate: p.Created, Verdict: p.Verdict, Added: notNil(p.Added), Removed: notNil(p.Removed), Deprecation: p.Deprecation,
		Rule: p.Rule, Reference: referenceName(p), Note: p.Note, Feature: p.Feature, Reason: p.Reason, By: p.By,
	}
	if c := p.Escalation; c != nil {
		e.Escalation = &EscalationChange{string(c.Was), string(c.Is), methodChanges(c.Opened), methodChanges(c.Closed)}
	}
	return e
}

func methodChanges(list []history.MethodChange) []MethodChange {
	out := make([]MethodChange, len(list))
	for i, m := range list {
		out[i] = MethodChange(m)
	}
	return out
}
