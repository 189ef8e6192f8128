package writapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/jobfunction"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

// A ServiceReference describes the service authorization reference that rules are applied to.
type ServiceReference struct {
	Name     string
	Digest   string
	Services int
	Actions  int
	Updated  *time.Time `json:",omitempty"` // when it was given to the server; nil for the one that is part of the program
}

type GetServiceReferenceInput struct{}

type GetServiceReferenceOutput struct {
	Reference ServiceReference
	Policies  []RuledPolicy // by name
}

// A RuledPolicy is a managed policy whose version in force was made by a rule.
type RuledPolicy struct {
	PolicyARN  string `json:"PolicyArn"`
	PolicyName string
	Publisher  string
	VersionID  string `json:"VersionId"`
	Rule       string
	Reference  string // that the version was made from
	// Current says that the rule makes the same of the server's reference.
	Current bool
}

type UpdateServiceReferenceInput struct {
	Name     string // what it is and of when, for people
	Complete bool   // services that are not given are no more; else they stay
	// ServiceActions has the actions' names by service and access level; "" for those of which no level is known, which keep theirs.
	ServiceActions map[string]map[string][]string
	Note           string // why, for the history of the policies
	// AllowRemoval publishes also what takes something away, for this reason.
	AllowRemoval string `json:",omitempty"`
	// DryRun says what would be done.
	DryRun bool `json:",omitempty"`
}

type UpdateServiceReferenceOutput struct {
	Reference ServiceReference
	Unchanged bool // the server had it already
	Changes   []ReferenceChange
	Policies  []RuledOutcome // what came of each policy that is defined by a rule, by name
}

// A ReferenceChange is what a reference says otherwise about a service.
type ReferenceChange struct {
	Service string
	Gained  []string
	Lost    []string
	Moved   []Move
}

// A Move is an action whose access level is another.
type Move struct{ Action, From, To string }

// A RuledOutcome is what came of a policy that is defined by a rule.
type RuledOutcome struct {
	PolicyName string
	PublishManagedPolicyOutput
	Error string `json:",omitempty"` // why it could not be made or published
}

var references = []op.Operation{
	op.New("GetServiceReference", onReference[GetServiceReferenceInput](nil), getReference),
	op.New("UpdateServiceReference", onReference[UpdateServiceReferenceInput](ruled), updateReference),
}

// onReference is the target of the operations on the service reference, a resource of the first account. Who updates it publishes the
// policies that are made from it, and must be allowed that of each.
func onReference[In any](publishes func(*snapshot.Snapshot) []*snapshot.OwnerPolicy) func(*op.Call, *In) (op.Target, error) {
	return func(c *op.Call, _ *In) (op.Target, error) {
		t := op.Target{Resource: "arn:aws:writ::" + firstAccount(c) + ":service-reference"}
		if publishes != nil {
			for _, p := range publishes(c.State) {
				t.Also = append(t.Also, publication(c, p))
			}
		}
		return t, nil
	}
}

// publication is the target of publishing a policy.
func publication(c *op.Call, p *snapshot.OwnerPolicy) op.Target {
	return op.Target{Action: "writ:PublishManagedPolicy", Resource: "arn:aws:writ::" + firstAccount(c) + ":publisher/" + p.Publisher + "/policy/" + p.Name}
}

// ruled returns the policies that are defined by a rule: their versions in force were made by one.
func ruled(s *snapshot.Snapshot) (list []*snapshot.OwnerPolicy) {
	for p := range s.OwnerPolicies() {
		if !p.Deprecated && ruleOf(p.Default()) != "" {
			list = append(list, p)
		}
	}
	return list
}

// ruleOf returns the rule that a version was made by, "" if by none.
func ruleOf(v snapshot.OwnerVersion) string {
	if p := v.Publication(); p != nil {
		return p.Rule
	}
	return ""
}

func referenceName(p *iam.Publication) string {
	if p.Reference == nil {
		return ""
	}
	return p.Reference.Name
}

// kept returns the reference that was given to the server, or nil.
func kept(s *snapshot.Snapshot) *iam.ServiceReference {
	return snapshot.Get[iam.ServiceReference](s, (*iam.ServiceReference)(nil).Key())
}

// reference returns the reference that rules are applied to.
func reference(s *snapshot.Snapshot) (*actions.Reference, iam.ReferenceID, error) {
	k := kept(s)
	if k == nil {
		ref := actions.Shipped()
		return ref, iam.ReferenceID{Name: ShippedReference, Digest: ref.Digest()}, nil
	}
	ref, err := actions.Decode(k.Data)
	if err != nil {
		return nil, iam.ReferenceID{}, fmt.Errorf("the store's service reference: %w", err)
	}
	return ref, k.ReferenceID, nil
}

// ShippedReference is the name of the reference that is part of the program.
const ShippedReference = "the built-in reference of " + authref.AsOf

func describe(ref *actions.Reference, id iam.ReferenceID) ServiceReference {
	return ServiceReference{Name: id.Name, Digest: id.Digest, Services: len(ref.Services()), Actions: ref.Len()}
}

func getReference(_ context.Context, c *op.Call, _ *GetServiceReferenceInput) (*GetServiceReferenceOutput, error) {
	ref, id, err := reference(c.State)
	if err != nil {
		return nil, err
	}
	out := &GetServiceReferenceOutput{Reference: describe(ref, id), Policies: []RuledPolicy{}}
	if k := kept(c.State); k != nil {
		out.Reference.Updated = &k.Updated
	}
	for _, p := range ruled(c.State) {
		v := p.Default()
		text, err := made(v.Publication().Rule, ref)
		doc := v.Document()
		out.Policies = append(out.Policies, RuledPolicy{
			PolicyARN: p.ARN, PolicyName: p.Name, Publisher: p.Publisher, VersionID: v.ID, Rule: v.Publication().Rule,
			Reference: referenceName(v.Publication()), Current: err == nil && doc != nil && text == doc.Text,
		})
	}
	return out, nil
}

// made returns the document that a rule makes, as it is kept: without white space.
func made(rule string, ref *actions.Reference) (string, error) {
	r, err := jobfunction.Parse([]byte(rule))
	if err != nil {
		return "", err
	}
	return makeDocument(r, ref)
}

func makeDocument(r *jobfunction.Rule, ref *actions.Reference) (string, error) {
	doc, err := r.Document(ref)
	if err != nil {
		return "", iam.Errorf(iam.ValidationError, "Rule: %v.", err)
	}
	var text bytes.Buffer
	if err := json.Compact(&text, doc.Format()); err != nil {
		return "", err
	}
	if text.Len() > maxRuled {
		return "", iam.Errorf(iam.LimitExceeded, "The rule makes a document of %d bytes; at most %d are taken. With Patterns it makes a shorter one.", text.Len(), maxRuled)
	}
	return text.String(), nil
}

// maxRuled is the number of bytes that a document may have that a rule makes: more than one in a request, as it lists every action
// by its name, and less than what the store takes in a transaction.
const maxRuled = 1 << 20

// publishRuled publishes what a rule makes of a reference.
func publishRuled(
	ctx context.Context, c *op.Call, in PublishManagedPolicyInput, rule *jobfunction.Rule, ref *actions.Reference, id iam.ReferenceID,
) (out *PublishManagedPolicyOutput, err error) {
	if in.Document, err = makeDocument(rule, ref); err != nil {
		return nil, err
	}
	return publishDocument(ctx, c, &in, iam.Publication{Rule: string(rule.Format()), Reference: &id})
}

// Put sets what the input has of actions.
func (in *UpdateServiceReferenceInput) Put(ref *actions.Reference) {
	in.ServiceActions = map[string]map[string][]string{}
	for _, s := range ref.Services() {
		levels := map[string][]string{}
		for _, a := range s.Actions {
			levels[a.Level.String()] = append(levels[a.Level.String()], a.Name)
		}
		in.ServiceActions[s.Prefix] = levels
	}
}

// reference makes what the input has.
func (in *UpdateServiceReferenceInput) reference() (*actions.Reference, error) {
	if n := len(in.Name); n == 0 || n > 256 {
		return nil, iam.Errorf(iam.ValidationError, "Name must say in 1 to 256 characters what the reference is.")
	}
	var services []actions.Service
	for prefix, levels := range in.ServiceActions {
		s := actions.Service{Prefix: prefix}
		for name, list := range levels {
			level, ok := actions.Level(name)
			if !ok && name != "" {
				return nil, iam.Errorf(iam.ValidationError, "Service %s: %q is no access level.", prefix, name)
			}
			for _, a := range list {
				s.Actions = append(s.Actions, actions.Action{Name: a, Level: level})
			}
		}
		services = append(services, s)
	}
	ref, err := actions.New(services)
	if err != nil {
		return nil, iam.Errorf(iam.ValidationError, "ServiceActions: %v.", err)
	}
	if ref.Len() == 0 {
		return nil, iam.Errorf(iam.ValidationError, "ServiceActions: there is no action.")
	}
	return ref, nil
}

// updateReference keeps a newer reference, and then publishes what the rules make of it, policy by policy. What ends in between is
// completed by the same call again: a reference that is there already, and a document that is in force, are left as they are.
func updateReference(ctx context.Context, c *op.Call, in *UpdateServiceReferenceInput) (*UpdateServiceReferenceOutput, error) {
	newer, err := in.reference()
	if err != nil {
		return nil, err
	}
	base, was, err := reference(c.State)
	if err != nil {
		return nil, err
	}
	ref := base.Merge(newer, in.Complete)
	id := iam.ReferenceID{Name: in.Name, Digest: ref.Digest()}
	now := iam.ServiceReference{Base: in.Name, Updated: c.Time.UTC().Truncate(time.Second), By: c.Caller.ARN}
	had := ""
	if !in.Complete {
		now.Base = ShippedReference
	}
	if k := kept(c.State); k != nil {
		if had = k.Digest; !in.Complete {
			now.Base = k.Base
		}
	}
	if !in.Complete {
		id.Name = now.Base + ", with " + in.Name
	}
	out := &UpdateServiceReferenceOutput{Unchanged: id == was || !in.Complete && id.Digest == was.Digest, Changes: ReferenceChanges(base, ref), Policies: []RuledOutcome{}}
	if out.Unchanged {
		id = was
	}
	out.Reference = describe(ref, id)
	if !out.Unchanged && !in.DryRun {
		if now.Data, err = ref.Encode(); err != nil {
			return nil, err
		}
		now.ReferenceID = id
		if err := c.Update(ctx, func(tx iam.Txn) error { return iam.UpdateReference(tx, now, had) }); err != nil {
			return nil, err
		}
	}
	for _, p := range ruled(c.State) { // with those that came since the caller's permissions were checked
		outcome, err := remake(ctx, c, in, p.Name, ref, id)
		if err != nil {
			return nil, err
		}
		if outcome != nil {
			out.Policies = append(out.Policies, *outcome)
		}
	}
	return out, nil
}

// remake publishes what the rule of a policy makes of a reference; nil is the outcome for one that is not defined by a rule any more.
// An error of one policy does not keep the others from theirs.
func remake(ctx context.Context, c *op.Call, in *UpdateServiceReferenceInput, name string, ref *actions.Reference, id iam.ReferenceID) (*RuledOutcome, error) {
	p := c.State.OwnerPolicyNamed(name) // as publishDocument sees it: its rule may be another by now
	if p == nil || ruleOf(p.Default()) == "" {
		return nil, nil
	}
	outcome := &RuledOutcome{PolicyName: p.Name}
	if ok, err := c.Allowed(publication(c, p)); err != nil || !ok {
		outcome.Error = "You are not allowed to publish it."
		return outcome, err
	}
	rule, err := jobfunction.Parse([]byte(ruleOf(p.Default())))
	if err == nil {
		var done *PublishManagedPolicyOutput
		again := PublishManagedPolicyInput{Publisher: p.Publisher, Name: p.Name, Note: in.Note, AllowRemoval: in.AllowRemoval, DryRun: in.DryRun}
		if done, err = publishRuled(ctx, c, again, rule, ref, id); err == nil {
			outcome.PublishManagedPolicyOutput = *done
			return outcome, nil
		}
	}
	if e, ok := errors.AsType[*iam.Error](err); ok {
		outcome.Error = e.Message
		return outcome, nil
	}
	return nil, err
}

// ReferenceChanges returns how one reference differs from another, by service.
func ReferenceChanges(before, after *actions.Reference) []ReferenceChange {
	list := []ReferenceChange{}
	for _, change := range actions.Compare(before, after) {
		r := ReferenceChange{change.Service, append([]string{}, change.Gained...), append([]string{}, change.Lost...), []Move{}}
		for _, m := range change.Moved {
			r.Moved = append(r.Moved, Move{m.Action, m.From.String(), m.To.String()})
		}
		list = append(list, r)
	}
	return list
}
