package iamapi

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var attachments = []op.Operation{
	op.New("AttachUserPolicy", func(c *op.Call, in *api.AttachUserPolicyInput) (op.Target, error) {
		t, err := onBoundedUser(c, in.UserName)
		return t.With("iam:PolicyARN", *in.PolicyArn), err
	}, func(ctx context.Context, c *op.Call, in *api.AttachUserPolicyInput) (*api.AttachUserPolicyOutput, error) {
		return &api.AttachUserPolicyOutput{}, attach(ctx, c, iam.UserKey(c.Account(), *in.UserName), *in.PolicyArn)
	}),
	op.New("DetachUserPolicy", func(c *op.Call, in *api.DetachUserPolicyInput) (op.Target, error) {
		t, err := onBoundedUser(c, in.UserName)
		return t.With("iam:PolicyARN", *in.PolicyArn), err
	}, func(ctx context.Context, c *op.Call, in *api.DetachUserPolicyInput) (*api.DetachUserPolicyOutput, error) {
		return &api.DetachUserPolicyOutput{}, detach(ctx, c, iam.UserKey(c.Account(), *in.UserName), *in.PolicyArn)
	}),
	op.New("ListAttachedUserPolicies", func(c *op.Call, in *api.ListAttachedUserPoliciesInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, func(
		_ context.Context, c *op.Call, in *api.ListAttachedUserPoliciesInput,
	) (*api.ListAttachedUserPoliciesOutput, error) {
		who, err := c.User(*in.UserName)
		if err != nil {
			return nil, err
		}
		out := &api.ListAttachedUserPoliciesOutput{}
		out.AttachedPolicies, out.IsTruncated, out.Marker, err = listAttached(who, in.PathPrefix, in.Marker, in.MaxItems)
		return out, err
	}),
	op.New("AttachGroupPolicy", func(c *op.Call, in *api.AttachGroupPolicyInput) (op.Target, error) {
		t, err := onGroup(c, in.GroupName)
		return t.With("iam:PolicyARN", *in.PolicyArn), err
	}, func(ctx context.Context, c *op.Call, in *api.AttachGroupPolicyInput) (*api.AttachGroupPolicyOutput, error) {
		return &api.AttachGroupPolicyOutput{}, attach(ctx, c, iam.GroupKey(c.Account(), *in.GroupName), *in.PolicyArn)
	}),
	op.New("DetachGroupPolicy", func(c *op.Call, in *api.DetachGroupPolicyInput) (op.Target, error) {
		t, err := onGroup(c, in.GroupName)
		return t.With("iam:PolicyARN", *in.PolicyArn), err
	}, func(ctx context.Context, c *op.Call, in *api.DetachGroupPolicyInput) (*api.DetachGroupPolicyOutput, error) {
		return &api.DetachGroupPolicyOutput{}, detach(ctx, c, iam.GroupKey(c.Account(), *in.GroupName), *in.PolicyArn)
	}),
	op.New("ListAttachedGroupPolicies", func(c *op.Call, in *api.ListAttachedGroupPoliciesInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, func(
		_ context.Context, c *op.Call, in *api.ListAttachedGroupPoliciesInput,
	) (*api.ListAttachedGroupPoliciesOutput, error) {
		who, err := c.Group(*in.GroupName)
		if err != nil {
			return nil, err
		}
		out := &api.ListAttachedGroupPoliciesOutput{}
		out.AttachedPolicies, out.IsTruncated, out.Marker, err = listAttached(who, in.PathPrefix, in.Marker, in.MaxItems)
		return out, err
	}),
	op.New("AttachRolePolicy", func(c *op.Call, in *api.AttachRolePolicyInput) (op.Target, error) {
		t, err := onBoundedRole(c, in.RoleName)
		return t.With("iam:PolicyARN", *in.PolicyArn), err
	}, func(ctx context.Context, c *op.Call, in *api.AttachRolePolicyInput) (*api.AttachRolePolicyOutput, error) {
		return &api.AttachRolePolicyOutput{}, attach(ctx, c, iam.RoleKey(c.Account(), *in.RoleName), *in.PolicyArn)
	}),
	op.New("DetachRolePolicy", func(c *op.Call, in *api.DetachRolePolicyInput) (op.Target, error) {
		t, err := onBoundedRole(c, in.RoleName)
		return t.With("iam:PolicyARN", *in.PolicyArn), err
	}, func(ctx context.Context, c *op.Call, in *api.DetachRolePolicyInput) (*api.DetachRolePolicyOutput, error) {
		return &api.DetachRolePolicyOutput{}, detach(ctx, c, iam.RoleKey(c.Account(), *in.RoleName), *in.PolicyArn)
	}),
	op.New("ListAttachedRolePolicies", func(c *op.Call, in *api.ListAttachedRolePoliciesInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, func(
		_ context.Context, c *op.Call, in *api.ListAttachedRolePoliciesInput,
	) (*api.ListAttachedRolePoliciesOutput, error) {
		who, err := c.Role(*in.RoleName)
		if err != nil {
			return nil, err
		}
		out := &api.ListAttachedRolePoliciesOutput{}
		out.AttachedPolicies, out.IsTruncated, out.Marker, err = listAttached(who, in.PathPrefix, in.Marker, in.MaxItems)
		return out, err
	}),
	op.New("ListEntitiesForPolicy", func(c *op.Call, in *api.ListEntitiesForPolicyInput) (op.Target, error) {
		return onPolicy(c, in.PolicyArn)
	}, listEntitiesForPolicy),
}

func attach(ctx context.Context, c *op.Call, key, policyARN string) error {
	return c.Update(ctx, func(tx iam.Txn) error { return iam.AttachPolicy(tx, key, policyARN) })
}

func detach(ctx context.Context, c *op.Call, key, policyARN string) error {
	return c.Update(ctx, func(tx iam.Txn) error { return iam.DetachPolicy(tx, key, policyARN) })
}

// pathAndName are those in the ARN of a managed policy.
func pathAndName(policyARN string) (path, name string) {
	_, resource, _ := strings.Cut(policyARN, ":policy")
	i := strings.LastIndexByte(resource, '/') + 1
	return resource[:i], resource[i:]
}

func attachedOut(policyARN string) types.AttachedPolicy {
	_, name := pathAndName(policyARN)
	return types.AttachedPolicy{PolicyArn: aws.String(policyARN), PolicyName: aws.String(name)}
}

// listAttached is a page of the managed policies of an identity, in the order of their ARNs.
func listAttached(who iam.Identity, prefix, marker *string, maxItems *int32) ([]types.AttachedPolicy, bool, *string, error) {
	arns := slices.DeleteFunc(slices.Sorted(slices.Values(who.Policies().Attached)), func(policyARN string) bool {
		path, _ := pathAndName(policyARN)
		return !strings.HasPrefix(path, aws.ToString(prefix))
	})
	out := []types.AttachedPolicy{}
	p, err := slice(arns, func(policyARN string) string { return policyARN }, marker, maxItems,
		func(policyARN string) { out = append(out, attachedOut(policyARN)) })
	if err != nil {
		return nil, false, nil, err
	}
	return out, p.more, p.marker(), nil
}

// listEntitiesForPolicy lists those that a policy is attached to, and then those that have it as their boundary only.
// In each of the two, groups come first, then roles and users, by their names.
func listEntitiesForPolicy(
	_ context.Context, c *op.Call, in *api.ListEntitiesForPolicyInput,
) (*api.ListEntitiesForPolicyOutput, error) {
	if _, _, err := findPolicy(c, *in.PolicyArn); err != nil {
		return nil, err
	}
	p, err := newPage(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListEntitiesForPolicyOutput{
		PolicyGroups: []types.PolicyGroup{}, PolicyRoles: []types.PolicyRole{}, PolicyUsers: []types.PolicyUser{},
	}
	for key, who := range usersOf(c, in, p.after) {
		if p.take(key) {
			addEntity(out, who)
		} else if p.full() {
			break
		}
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// usersOf yields the identities that use a policy, by the keys under which the snapshot lists them, from behind a key.
func usersOf(c *op.Call, in *api.ListEntitiesForPolicyInput, after string) iter.Seq2[string, iam.Identity] {
	attached, boundary := snapshot.AttachedPrefix(c.Account(), *in.PolicyArn), snapshot.BoundaryPrefix(c.Account(), *in.PolicyArn)
	prefixes := []string{attached, boundary}
	switch in.PolicyUsageFilter {
	case types.PolicyUsageTypePermissionsPolicy:
		prefixes = prefixes[:1]
	case types.PolicyUsageTypePermissionsBoundary:
		prefixes = prefixes[1:]
	}
	return func(yield func(string, iam.Identity) bool) {
		for _, prefix := range prefixes {
			for key, record := range c.State.List(prefix, after) {
				who := record.(iam.Identity)
				twice := prefix == boundary && len(prefixes) == 2 && slices.Contains(who.Policies().Attached, *in.PolicyArn)
				if twice || in.EntityFilter != "" && !strings.EqualFold(string(in.EntityFilter), who.Kind()) ||
					!strings.HasPrefix(who.Head().Path, aws.ToString(in.PathPrefix)) {
					continue
				}
				if !yield(key, who) {
					return
				}
			}
		}
	}
}

func addEntity(out *api.ListEntitiesForPolicyOutput, who iam.Identity) {
	name, id := aws.String(who.Head().Name), aws.String(who.Head().ID)
	switch who.(type) {
	case *iam.Group:
		out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupName: name, GroupId: id})
	case *iam.Role:
		out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleName: name, RoleId: id})
	case *iam.User:
		out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserName: name, UserId: id})
	}
}
