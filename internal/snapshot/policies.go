package snapshot

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/managed"
)

// catalogue holds what has been used of AWS's policies. They never change in a running program.
var catalogue sync.Map // ARN and version → *iam.Document

// awsDocument returns the document of a version of an AWS managed policy.
func awsDocument(v *managed.Version) *iam.Document {
	if d, ok := catalogue.Load(v.Ref()); ok {
		return d.(*iam.Document)
	}
	d, _ := catalogue.LoadOrStore(v.Ref(), iam.NewDocument(string(v.Document())))
	return d.(*iam.Document)
}

// CustomerPolicy returns the customer managed policy of an ARN, or nil.
func (s *Snapshot) CustomerPolicy(arn string) *iam.Policy {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	account, _, _ := strings.Cut(rest, ":")
	name, in := iam.PolicyName(account, arn)
	if !ok || !in {
		return nil
	}
	p := Get[iam.Policy](s, iam.PolicyKey(account, name))
	if p == nil || p.ARN() != arn {
		return nil
	}
	return p
}

// ManagedDocument returns the document of a version of the managed policy of an ARN; version "" is the default one. It
// is nil if there is none.
func (s *Snapshot) ManagedDocument(arn, version string) *iam.Document {
	if iam.IsAWSManaged(arn) {
		p := s.OwnerPolicy(arn)
		if p == nil {
			return nil
		}
		if version == "" {
			return p.Default().Document()
		}
		v, _ := p.Version(version)
		return v.Document()
	}
	p := s.CustomerPolicy(arn)
	if p == nil {
		return nil
	}
	if version == "" {
		version = p.Default
	}
	v, ok := p.Version(version)
	if !ok {
		return nil
	}
	return v.Document
}

// A Source is a policy of an identity, and where it is from.
type Source struct {
	Policy   *eval.Policy
	Document *iam.Document
	Name     string // of the policy
	ARN      string // of a managed policy; "" for an inline one
	Holder   iam.Identity
}

// Identity returns the identity-based policies of a user or role: its own and those of its groups, inline before
// managed. An error means that one of them cannot be had: then nothing may be allowed.
func (s *Snapshot) Identity(who iam.Identity) ([]Source, error) {
	all, err := s.of(nil, who)
	if u, ok := who.(*iam.User); ok {
		for _, id := range u.Groups {
			g, ok := s.ByID(id).(*iam.Group)
			if !ok {
				return nil, fmt.Errorf("group %s of user %s is not there", id, u.Name)
			}
			if err == nil {
				all, err = s.of(all, g)
			}
		}
	}
	return all, err
}

func (s *Snapshot) of(all []Source, who iam.Identity) ([]Source, error) {
	g := who.Policies()
	for _, p := range g.Inline {
		compiled, err := p.Document.Policy(eval.Identity)
		if err != nil {
			return nil, fmt.Errorf("inline policy %s of %s: %w", p.Name, who.ARN(), err)
		}
		all = append(all, Source{compiled, p.Document, p.Name, "", who})
	}
	for _, arn := range g.Attached {
		compiled, doc, err := s.Managed(arn, eval.Identity)
		if err != nil {
			return nil, err
		}
		all = append(all, Source{compiled, doc, arn[strings.LastIndexByte(arn, '/')+1:], arn, who})
	}
	return all, nil
}

// Managed compiles the default version of the managed policy of an ARN.
func (s *Snapshot) Managed(arn string, t eval.PolicyType) (*eval.Policy, *iam.Document, error) {
	d := s.ManagedDocument(arn, "")
	if d == nil {
		return nil, nil, fmt.Errorf("managed policy %s is not there", arn)
	}
	p, err := d.Policy(t)
	if err != nil {
		return nil, nil, fmt.Errorf("managed policy %s: %w", arn, err)
	}
	return p, d, nil
}

// Boundary compiles the permissions boundary of a user or role; it is nil if there is none.
func (s *Snapshot) Boundary(who iam.Identity) (*eval.Policy, error) {
	arn := boundary(who)
	if arn == "" {
		return nil, nil
	}
	p, _, err := s.Managed(arn, eval.Boundary)
	return p, err
}

// A Level is the root of an organization, a unit, or an account, with the policies of one type that are attached there.
type Level struct {
	Target   iam.OrgTarget
	Policies []*iam.OrgPolicy
}

// Levels returns the service control policies that bear on principals of an account, and the resource control policies
// that bear on its resources: from the root down to the account. Without an organization there are none; nor are there
// service control policies for the management account, which they do not bind, nor resource control policies on its
// resources.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
func (s *Snapshot) Levels(account string) (scps, rcps []Level, err error) {
	a := Get[iam.Account](s, iam.AccountKey(account))
	if a == nil || a.Organization == "" {
		return nil, nil, nil
	}
	org := Get[iam.Organization](s, iam.OrganizationKey(a.Organization))
	if org == nil {
		return nil, nil, fmt.Errorf("organization %s of account %s is not there", a.Organization, account)
	}
	if org.Management == account {
		return nil, nil, nil
	}
	targets := []iam.OrgTarget{a}
	for id := a.Parent; id != ""; {
		u := Get[iam.Unit](s, iam.UnitKey(org.ID, id))
		if u == nil {
			return nil, nil, fmt.Errorf("unit %s of organization %s is not there", id, org.ID)
		}
		targets = append(targets, u)
		id = u.Parent
	}
	slices.Reverse(targets)
	for _, target := range targets {
		scp, rcp := Level{Target: target}, Level{Target: target}
		for _, id := range *target.OrgPolicies() {
			p := s.OrgPolicy(org.ID, id)
			switch {
			case p == nil:
				return nil, nil, fmt.Errorf("policy %s of organization %s is not there", id, org.ID)
			case p.Type == iam.ServiceControl:
				scp.Policies = append(scp.Policies, p)
			default:
				rcp.Policies = append(rcp.Policies, p)
			}
		}
		scps, rcps = append(scps, scp), append(rcps, rcp)
	}
	if !org.Uses(iam.ServiceControl) {
		scps = nil
	}
	if !org.Uses(iam.ResourceControl) {
		rcps = nil
	}
	return scps, rcps, nil
}

// Organization returns the policies of [Snapshot.Levels], compiled: a list a level.
func (s *Snapshot) Organization(account string) (scps, rcps [][]*eval.Policy, err error) {
	scp, rcp, err := s.Levels(account)
	if err != nil {
		return nil, nil, err
	}
	if scps, err = compiled(scp); err != nil {
		return nil, nil, err
	}
	rcps, err = compiled(rcp)
	return scps, rcps, err
}

func compiled(levels []Level) (all [][]*eval.Policy, err error) {
	for _, level := range levels {
		var list []*eval.Policy
		for _, p := range level.Policies {
			c, err := p.Compiled()
			if err != nil {
				return nil, fmt.Errorf("policy %s of organization %s: %w", p.ID, p.Organization, err)
			}
			list = append(list, c)
		}
		all = append(all, list)
	}
	return all, nil
}

// OrgPolicy returns the policy of an id that an organization can use, AWS's two included, or nil.
func (s *Snapshot) OrgPolicy(org, id string) *iam.OrgPolicy {
	if p := iam.AWSOrgPolicy(id); p != nil {
		return p
	}
	return Get[iam.OrgPolicy](s, iam.OrgPolicyKey(org, id))
}
