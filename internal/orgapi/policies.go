package orgapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var policies = []op.Operation{
	row("CreatePolicy", func(t *tree, in *api.CreatePolicyInput) op.Target {
		p := &iam.OrgPolicy{ID: "*", Organization: t.org.ID, Type: string(in.Type)} // its id is not known yet
		return ofType(op.Target{Resource: t.org.PolicyARN(p)}, p.Type)
	}, createPolicy),
	row("UpdatePolicy", func(t *tree, in *api.UpdatePolicyInput) op.Target { return t.on(in.PolicyId) }, updatePolicy),
	row("DeletePolicy", func(t *tree, in *api.DeletePolicyInput) op.Target { return t.on(in.PolicyId) }, deletePolicy),
	row("DescribePolicy", func(t *tree, in *api.DescribePolicyInput) op.Target {
		return t.on(in.PolicyId)
	}, describePolicy),
	row("ListPolicies", func(t *tree, in *api.ListPoliciesInput) op.Target {
		return ofType(op.Target{Resource: "*"}, string(in.Filter))
	}, listPolicies),
	row("AttachPolicy", func(t *tree, in *api.AttachPolicyInput) op.Target {
		return t.also(t.on(in.PolicyId), in.TargetId)
	}, attachPolicy),
	row("DetachPolicy", func(t *tree, in *api.DetachPolicyInput) op.Target {
		return t.also(t.on(in.PolicyId), in.TargetId)
	}, detachPolicy),
	row("ListPoliciesForTarget", func(t *tree, in *api.ListPoliciesForTargetInput) op.Target {
		return ofType(t.on(in.TargetId), string(in.Filter))
	}, listPoliciesForTarget),
	row("ListTargetsForPolicy", func(t *tree, in *api.ListTargetsForPolicyInput) op.Target {
		return t.on(in.PolicyId)
	}, listTargetsForPolicy),
	row("DescribeEffectivePolicy", func(t *tree, in *api.DescribeEffectivePolicyInput) op.Target {
		target := aws.ToString(in.TargetId)
		if target == "" {
			target = t.Account()
		}
		return ofType(t.on(&target), string(in.PolicyType))
	}, describeEffectivePolicy),
}

func (t *tree) summaryOut(p *iam.OrgPolicy) types.PolicySummary {
	return types.PolicySummary{
		Arn: aws.String(t.org.PolicyARN(p)), AwsManaged: p.AWSManaged(), Description: aws.String(p.Description),
		Id: aws.String(p.ID), Name: aws.String(p.Name), Type: types.PolicyType(p.Type),
	}
}

// foundPolicy is the policy of an id as it is now, or AWS's error.
func (t *tree) foundPolicy(id string) (*types.Policy, error) {
	p := t.State.OrgPolicy(t.org.ID, id)
	if p == nil {
		return nil, iam.NoOrgPolicy
	}
	summary := t.summaryOut(p)
	return &types.Policy{Content: aws.String(p.Document.Text), PolicySummary: &summary}, nil
}

// policiesOf returns the policies of a type that the organization can use, AWS's included.
func (t *tree) policiesOf(policyType string) []*iam.OrgPolicy {
	all := records(t, iam.OrgPolicyKey(t.org.ID, ""), func(p *iam.OrgPolicy) bool { return p.Type == policyType })
	for _, p := range iam.AWSOrgPolicies() {
		if p.Type == policyType {
			all = append(all, p)
		}
	}
	return sortedBy(all, idOfPolicy)
}

// maxPolicies is how many policies of a type an organization may have.
func maxPolicies(policyType string) int {
	if policyType == iam.ServiceControl {
		return iam.MaxServiceControlPolicies
	}
	return iam.MaxResourceControlPolicies
}

func createPolicy(ctx context.Context, t *tree, in *api.CreatePolicyInput) (*api.CreatePolicyOutput, error) {
	policyType := string(in.Type)
	if err := iam.AvailableType(policyType); err != nil {
		return nil, err
	}
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	document, err := iam.NewOrgDocument(*in.Content, policyType)
	if err != nil {
		return nil, err
	}
	if len(t.policiesOf(policyType)) > maxPolicies(policyType) { // one of these is AWS's
		return nil, iam.ConstraintError("POLICY_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of policies.")
	}
	id, err := newID(t.Rand, "p-", base36, 8)
	if err != nil {
		return nil, err
	}
	p := iam.OrgPolicy{
		ID: id, Organization: t.org.ID, Name: *in.Name, Type: policyType, Description: *in.Description, Document: document,
		Created: t.Time.UTC().Truncate(time.Second), Tags: tags,
	}
	err = t.Update(ctx, func(tx iam.Txn) error { created := p; return iam.CreateOrgPolicy(tx, &created) })
	if err != nil {
		return nil, err
	}
	out, err := t.foundPolicy(id)
	return &api.CreatePolicyOutput{Policy: out}, err
}

func updatePolicy(ctx context.Context, t *tree, in *api.UpdatePolicyInput) (*api.UpdatePolicyOutput, error) {
	err := t.Update(ctx, func(tx iam.Txn) error {
		return iam.UpdateOrgPolicy(tx, t.org.ID, *in.PolicyId, func(p *iam.OrgPolicy) (err error) {
			if in.Name != nil {
				p.Name = *in.Name
			}
			if in.Description != nil {
				p.Description = *in.Description
			}
			if in.Content != nil {
				p.Document, err = iam.NewOrgDocument(*in.Content, p.Type)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	out, err := t.foundPolicy(*in.PolicyId)
	return &api.UpdatePolicyOutput{Policy: out}, err
}

func deletePolicy(ctx context.Context, t *tree, in *api.DeletePolicyInput) (*api.DeletePolicyOutput, error) {
	return &api.DeletePolicyOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteOrgPolicy(tx, t.org.ID, *in.PolicyId)
	})
}

func describePolicy(_ context.Context, t *tree, in *api.DescribePolicyInput) (*api.DescribePolicyOutput, error) {
	out, err := t.foundPolicy(*in.PolicyId)
	return &api.DescribePolicyOutput{Policy: out}, err
}

func listPolicies(_ context.Context, t *tree, in *api.ListPoliciesInput) (_ *api.ListPoliciesOutput, err error) {
	out := &api.ListPoliciesOutput{}
	out.Policies, out.NextToken, err = page(
		t.policiesOf(string(in.Filter)), idOfPolicy, in.NextToken, in.MaxResults, t.summaryOut)
	return out, err
}

func attachPolicy(ctx context.Context, t *tree, in *api.AttachPolicyInput) (*api.AttachPolicyOutput, error) {
	return &api.AttachPolicyOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.AttachOrgPolicy(tx, t.org.ID, *in.PolicyId, *in.TargetId)
	})
}

func detachPolicy(ctx context.Context, t *tree, in *api.DetachPolicyInput) (*api.DetachPolicyOutput, error) {
	return &api.DetachPolicyOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.DetachOrgPolicy(tx, t.org.ID, *in.PolicyId, *in.TargetId)
	})
}

// target returns the root, the unit or the account of an id, or nil.
func (t *tree) target(id string) iam.OrgTarget {
	if a := t.account(id); a != nil {
		return a
	}
	if u := t.unit(id); u != nil {
		return u
	}
	return nil
}

func listPoliciesForTarget(
	_ context.Context, t *tree, in *api.ListPoliciesForTargetInput,
) (_ *api.ListPoliciesForTargetOutput, err error) {
	target := t.target(*in.TargetId)
	if target == nil {
		return nil, iam.NoOrgTarget
	}
	var attached []*iam.OrgPolicy
	for _, id := range *target.OrgPolicies() {
		p := t.State.OrgPolicy(t.org.ID, id)
		if p != nil && p.Type == string(in.Filter) && t.org.Uses(p.Type) {
			attached = append(attached, p)
		}
	}
	out := &api.ListPoliciesForTargetOutput{}
	out.Policies, out.NextToken, err = page(
		sortedBy(attached, idOfPolicy), idOfPolicy, in.NextToken, in.MaxResults, t.summaryOut)
	return out, err
}

func (t *tree) targetOut(target iam.OrgTarget) types.PolicyTargetSummary {
	id := target.OrgTargetID()
	out := types.PolicyTargetSummary{TargetId: aws.String(id), Type: types.TargetTypeOrganizationalUnit}
	switch target := target.(type) {
	case *iam.Account:
		out.Arn, out.Name, out.Type = aws.String(t.org.AccountARN(id)), aws.String(target.Name), types.TargetTypeAccount
	case *iam.Unit:
		out.Arn, out.Name = aws.String(t.org.UnitARN(id)), aws.String(target.Name)
		if target.Parent == "" {
			out.Type = types.TargetTypeRoot
		}
	}
	return out
}

func listTargetsForPolicy(
	_ context.Context, t *tree, in *api.ListTargetsForPolicyInput,
) (_ *api.ListTargetsForPolicyOutput, err error) {
	p := t.State.OrgPolicy(t.org.ID, *in.PolicyId)
	if p == nil {
		return nil, iam.NoOrgPolicy
	}
	var attached []iam.OrgTarget
	add := func(target iam.OrgTarget) bool {
		for _, id := range *target.OrgPolicies() {
			if id == p.ID && t.org.Uses(p.Type) {
				attached = append(attached, target)
			}
		}
		return false
	}
	records(t, iam.UnitKey(t.org.ID, ""), func(u *iam.Unit) bool { return add(u) })
	t.accounts(func(a *iam.Account) bool { return add(a) })
	out := &api.ListTargetsForPolicyOutput{}
	out.Targets, out.NextToken, err = page(
		sortedBy(attached, idOfTarget), idOfTarget, in.NextToken, in.MaxResults, t.targetOut)
	return out, err
}

// describeEffectivePolicy has nothing to say: it is for types of policies that are merged down the tree, which Writ does
// not keep. AWS refuses it for service control and resource control policies, and so does the model.
func describeEffectivePolicy(
	_ context.Context, t *tree, in *api.DescribeEffectivePolicyInput,
) (*api.DescribeEffectivePolicyOutput, error) {
	return nil, iam.Errorf(iam.EffectivePolicyNotFound,
		"There is no effective policy of type %s, since there are no policies of this type.", in.PolicyType)
}
