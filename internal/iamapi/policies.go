package iamapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var policies = []op.Operation{
	op.New("CreatePolicy", func(c *op.Call, in *api.CreatePolicyInput) (op.Target, error) {
		return withTags(op.Target{Resource: newARN(c, "policy", in.Path, *in.PolicyName)}, "iam:TagPolicy", in.Tags), nil
	}, createPolicy),
	op.New("GetPolicy", func(c *op.Call, in *api.GetPolicyInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, getPolicy),
	op.New("CreatePolicyVersion", func(c *op.Call, in *api.CreatePolicyVersionInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, createPolicyVersion),
	op.New("GetPolicyVersion", func(c *op.Call, in *api.GetPolicyVersionInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, getPolicyVersion),
	op.New("ListPolicyVersions", func(c *op.Call, in *api.ListPolicyVersionsInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, listPolicyVersions),
	op.New("SetDefaultPolicyVersion", func(c *op.Call, in *api.SetDefaultPolicyVersionInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, setDefaultPolicyVersion),
	op.New("DeletePolicyVersion", func(c *op.Call, in *api.DeletePolicyVersionInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, deletePolicyVersion),
	op.New("DeletePolicy", func(c *op.Call, in *api.DeletePolicyInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, deletePolicy),
	op.New("ListPolicies", func(c *op.Call, in *api.ListPoliciesInput) (op.Target, error) {
		return listed(c, "policy", in.PathPrefix)
	}, listPolicies),
	op.New("TagPolicy", func(c *op.Call, in *api.TagPolicyInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, func(ctx context.Context, c *op.Call, in *api.TagPolicyInput) (*api.TagPolicyOutput, error) {
		return &api.TagPolicyOutput{}, tag(ctx, c, in.Tags, policyOf(c, in.PolicyArn))
	}),
	op.New("UntagPolicy", func(c *op.Call, in *api.UntagPolicyInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, func(ctx context.Context, c *op.Call, in *api.UntagPolicyInput) (*api.UntagPolicyOutput, error) {
		return &api.UntagPolicyOutput{}, untag(ctx, c, in.TagKeys, policyOf(c, in.PolicyArn))
	}),
	op.New("ListPolicyTags", func(c *op.Call, in *api.ListPolicyTagsInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, listPolicyTags),
}

// onPolicy is the target of an operation on a managed policy. Those of AWS are in every account; that nobody can change
// them is package eval's to say.
func onPolicy(c *op.Call, arn *string) (op.Target, error) {
	if err := iam.CheckPolicyARN(*arn); err != nil {
		return op.Target{}, err
	}
	t := op.Target{Resource: *arn}
	if iam.IsAWSManaged(*arn) {
		t.Account = c.Account()
	} else if p := ownPolicy(c, *arn); p != nil {
		t.Tags = p.Tags
	}
	return t, nil
}

// ownPolicy is the customer managed policy of an ARN in the caller's account, or nil.
func ownPolicy(c *op.Call, arn string) *iam.Policy {
	if _, own := iam.PolicyName(c.Account(), arn); !own {
		return nil
	}
	return c.State.CustomerPolicy(arn)
}

// policyOf reads a customer managed policy of the caller's account in a transaction.
func policyOf(c *op.Call, arn *string) func(iam.Txn) (*iam.Policy, error) {
	return func(tx iam.Txn) (*iam.Policy, error) { return iam.FindPolicy(tx, c.Account(), *arn) }
}

// findPolicy finds a managed policy: an owner's, or one of the caller's account. The other one is nil.
func findPolicy(c *op.Call, arn string) (*snapshot.OwnerPolicy, *iam.Policy, error) {
	if iam.IsAWSManaged(arn) {
		if p := c.State.OwnerPolicy(arn); p != nil {
			return p, nil, nil
		}
	} else if p := ownPolicy(c, arn); p != nil {
		return nil, p, nil
	}
	return nil, nil, iam.NoPolicy(arn)
}

// policyOut is a policy as lists have it.
func policyOut(c *op.Call, p *iam.Policy) *types.Policy {
	return counted(c.State, p.Account, &types.Policy{
		Arn: aws.String(p.ARN()), PolicyName: &p.Name, PolicyId: &p.ID, Path: &p.Path,
		CreateDate: &p.Created, UpdateDate: &p.Updated, DefaultVersionId: &p.Default, IsAttachable: true,
	})
}

// awsPolicyOut is policyOut for an owner's policy, as an account sees it. The catalogue has no descriptions.
func awsPolicyOut(s *snapshot.Snapshot, account string, p *snapshot.OwnerPolicy) *types.Policy {
	current := p.Default()
	return counted(s, account, &types.Policy{
		Arn: &p.ARN, PolicyName: &p.Name, PolicyId: aws.String(iam.AWSPolicyID(p.ARN)), Path: &p.Path,
		CreateDate: known(p.Created), UpdateDate: known(current.Created), DefaultVersionId: &current.ID, IsAttachable: !p.Deprecated,
	})
}

// known is nil for a time that is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// counted fills in how often the policy is used in an account.
func counted(s *snapshot.Snapshot, account string, p *types.Policy) *types.Policy {
	p.AttachmentCount = aws.Int32(int32(s.Count(snapshot.AttachedPrefix(account, *p.Arn))))
	p.PermissionsBoundaryUsageCount = aws.Int32(int32(s.Count(snapshot.BoundaryPrefix(account, *p.Arn))))
	return p
}

func createPolicy(ctx context.Context, c *op.Call, in *api.CreatePolicyInput) (*api.CreatePolicyOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	doc, err := iam.NewIdentityDocument(*in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	if err := quota(c, "policy", "PoliciesPerAccount", iam.MaxPolicies); err != nil {
		return nil, err
	}
	p := &iam.Policy{Header: c.Header("ANPA", *in.PolicyName, in.Path), Description: aws.ToString(in.Description)}
	if err := iam.SetTags(p, tags); err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreatePolicy(tx, p, doc) }); err != nil {
		return nil, err
	}
	out := policyOut(c, p)
	out.Tags = tagsOut(p.Tags)
	return &api.CreatePolicyOutput{Policy: out}, nil
}

func getPolicy(_ context.Context, c *op.Call, in *api.GetPolicyInput) (*api.GetPolicyOutput, error) {
	theirs, own, err := findPolicy(c, *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if theirs != nil {
		return &api.GetPolicyOutput{Policy: awsPolicyOut(c.State, c.Account(), theirs)}, nil
	}
	out := policyOut(c, own)
	out.Tags = tagsOut(own.Tags)
	if own.Description != "" {
		out.Description = &own.Description
	}
	return &api.GetPolicyOutput{Policy: out}, nil
}

// listPolicies lists the account's own policies, and then AWS's, each by name.
func listPolicies(_ context.Context, c *op.Call, in *api.ListPoliciesInput) (*api.ListPoliciesOutput, error) {
	p, err := newPage(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListPoliciesOutput{Policies: []types.Policy{}}
	add := func(key string, policy *types.Policy) bool {
		if wanted(in, policy) && p.take(key) {
			out.Policies = append(out.Policies, *policy)
		}
		return !p.full()
	}
	if in.Scope != types.PolicyScopeTypeAws {
		for key, record := range c.State.List(iam.PolicyKey(c.Account(), ""), p.after) {
			if !add(key, policyOut(c, record.(*iam.Policy))) {
				break
			}
		}
	}
	if in.Scope != types.PolicyScopeTypeLocal && !p.full() {
		for policy := range c.State.OwnerPolicies() {
			key := awsPolicyKey(policy)
			if key > p.after && !add(key, awsPolicyOut(c.State, c.Account(), policy)) {
				break
			}
		}
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// awsPolicyKey is the key of a policy of AWS in a list. It comes behind those of all customers' policies, since an
// account's id is of digits.
func awsPolicyKey(p *snapshot.OwnerPolicy) string { return "policy/aws/" + p.Name }

// wanted reports whether ListPolicies lists a policy.
func wanted(in *api.ListPoliciesInput, p *types.Policy) bool {
	attached, boundary := *p.AttachmentCount > 0, *p.PermissionsBoundaryUsageCount > 0
	switch in.PolicyUsageFilter {
	case types.PolicyUsageTypePermissionsBoundary:
		if !boundary {
			return false
		}
	case types.PolicyUsageTypePermissionsPolicy:
		if boundary && !attached { // it serves as a boundary alone
			return false
		}
	}
	used := attached || boundary && in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary
	return (used || !in.OnlyAttached) && strings.HasPrefix(*p.Path, aws.ToString(in.PathPrefix))
}

// versionsOut are the versions of a policy, newest first, without their documents.
func versionsOut(theirs *snapshot.OwnerPolicy, own *iam.Policy) (out []types.PolicyVersion) {
	if theirs != nil {
		current := theirs.Default().ID
		for _, v := range theirs.Versions() {
			out = append(out, types.PolicyVersion{CreateDate: known(v.Created), IsDefaultVersion: v.ID == current, VersionId: &v.ID})
		}
	} else {
		for _, v := range own.Versions {
			out = append(out, *versionOut(own, &v))
		}
	}
	slices.Reverse(out)
	return out
}

func versionOut(p *iam.Policy, v *iam.Version) *types.PolicyVersion {
	return &types.PolicyVersion{CreateDate: &v.Created, IsDefaultVersion: v.ID == p.Default, VersionId: &v.ID}
}

func createPolicyVersion(
	ctx context.Context, c *op.Call, in *api.CreatePolicyVersionInput,
) (*api.CreatePolicyVersionOutput, error) {
	doc, err := iam.NewIdentityDocument(*in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	var added *iam.Version
	err = c.Update(ctx, func(tx iam.Txn) (err error) {
		added, err = iam.AddVersion(tx, c.Account(), *in.PolicyArn, doc, in.SetAsDefault, c.Time.Truncate(time.Second))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreatePolicyVersionOutput{PolicyVersion: &types.PolicyVersion{
		CreateDate: &added.Created, IsDefaultVersion: in.SetAsDefault, VersionId: &added.ID,
	}}, nil
}

func getPolicyVersion(
	_ context.Context, c *op.Call, in *api.GetPolicyVersionInput,
) (*api.GetPolicyVersionOutput, error) {
	theirs, own, err := findPolicy(c, *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	for _, v := range versionsOut(theirs, own) {
		if *v.VersionId == *in.VersionId {
			v.Document = encoded(c.State.ManagedDocument(*in.PolicyArn, *in.VersionId).Text)
			return &api.GetPolicyVersionOutput{PolicyVersion: &v}, nil
		}
	}
	return nil, iam.NoVersion(*in.PolicyArn, *in.VersionId)
}

func listPolicyVersions(
	_ context.Context, c *op.Call, in *api.ListPolicyVersionsInput,
) (*api.ListPolicyVersionsOutput, error) {
	theirs, own, err := findPolicy(c, *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListPolicyVersionsOutput{Versions: []types.PolicyVersion{}}
	p, err := slice(versionsOut(theirs, own), descending, in.Marker, in.MaxItems,
		func(v types.PolicyVersion) { out.Versions = append(out.Versions, v) })
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// descending is a key of a version by which newer ones come first.
func descending(v types.PolicyVersion) string {
	n, _ := strconv.Atoi((*v.VersionId)[1:])
	return fmt.Sprintf("%010d", 1_000_000_000-n)
}

func setDefaultPolicyVersion(
	ctx context.Context, c *op.Call, in *api.SetDefaultPolicyVersionInput,
) (*api.SetDefaultPolicyVersionOutput, error) {
	return &api.SetDefaultPolicyVersionOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetDefaultVersion(tx, c.Account(), *in.PolicyArn, *in.VersionId, c.Time.Truncate(time.Second))
	})
}

func deletePolicyVersion(
	ctx context.Context, c *op.Call, in *api.DeletePolicyVersionInput,
) (*api.DeletePolicyVersionOutput, error) {
	return &api.DeletePolicyVersionOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteVersion(tx, c.Account(), *in.PolicyArn, *in.VersionId, c.Time.Truncate(time.Second))
	})
}

func deletePolicy(ctx context.Context, c *op.Call, in *api.DeletePolicyInput) (*api.DeletePolicyOutput, error) {
	return &api.DeletePolicyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeletePolicy(tx, c.Account(), *in.PolicyArn)
	})
}

func listPolicyTags(_ context.Context, c *op.Call, in *api.ListPolicyTagsInput) (*api.ListPolicyTagsOutput, error) {
	_, own, err := findPolicy(c, *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if own == nil {
		own = &iam.Policy{} // AWS's have none
	}
	out := &api.ListPolicyTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = listTags(own, in.Marker, in.MaxItems)
	return out, err
}
