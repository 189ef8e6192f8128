package iamapi

import (
	"context"

	api "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var inlinePolicies = []op.Operation{
	op.New("PutUserPolicy", func(c *op.Call, in *api.PutUserPolicyInput) (op.Target, error) {
		return onBoundedUser(c, in.UserName)
	}, func(ctx context.Context, c *op.Call, in *api.PutUserPolicyInput) (*api.PutUserPolicyOutput, error) {
		return &api.PutUserPolicyOutput{},
			putInline(ctx, c, iam.UserKey(c.Account(), *in.UserName), *in.PolicyName, *in.PolicyDocument)
	}),
	op.New("GetUserPolicy", func(c *op.Call, in *api.GetUserPolicyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, func(_ context.Context, c *op.Call, in *api.GetUserPolicyInput) (*api.GetUserPolicyOutput, error) {
		who, err := c.User(*in.UserName)
		if err != nil {
			return nil, err
		}
		text, err := inlineText(who, *in.PolicyName)
		return &api.GetUserPolicyOutput{UserName: &who.Name, PolicyName: in.PolicyName, PolicyDocument: text}, err
	}),
	op.New("DeleteUserPolicy", func(c *op.Call, in *api.DeleteUserPolicyInput) (op.Target, error) {
		return onBoundedUser(c, in.UserName)
	}, func(ctx context.Context, c *op.Call, in *api.DeleteUserPolicyInput) (*api.DeleteUserPolicyOutput, error) {
		return &api.DeleteUserPolicyOutput{},
			deleteInline(ctx, c, iam.UserKey(c.Account(), *in.UserName), *in.PolicyName)
	}),
	op.New("ListUserPolicies", func(c *op.Call, in *api.ListUserPoliciesInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, func(_ context.Context, c *op.Call, in *api.ListUserPoliciesInput) (*api.ListUserPoliciesOutput, error) {
		who, err := c.User(*in.UserName)
		if err != nil {
			return nil, err
		}
		out := &api.ListUserPoliciesOutput{}
		out.PolicyNames, out.IsTruncated, out.Marker, err = listInline(who, in.Marker, in.MaxItems)
		return out, err
	}),
	op.New("PutGroupPolicy", func(c *op.Call, in *api.PutGroupPolicyInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, func(ctx context.Context, c *op.Call, in *api.PutGroupPolicyInput) (*api.PutGroupPolicyOutput, error) {
		return &api.PutGroupPolicyOutput{},
			putInline(ctx, c, iam.GroupKey(c.Account(), *in.GroupName), *in.PolicyName, *in.PolicyDocument)
	}),
	op.New("GetGroupPolicy", func(c *op.Call, in *api.GetGroupPolicyInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, func(_ context.Context, c *op.Call, in *api.GetGroupPolicyInput) (*api.GetGroupPolicyOutput, error) {
		who, err := c.Group(*in.GroupName)
		if err != nil {
			return nil, err
		}
		text, err := inlineText(who, *in.PolicyName)
		return &api.GetGroupPolicyOutput{GroupName: &who.Name, PolicyName: in.PolicyName, PolicyDocument: text}, err
	}),
	op.New("DeleteGroupPolicy", func(c *op.Call, in *api.DeleteGroupPolicyInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, func(ctx context.Context, c *op.Call, in *api.DeleteGroupPolicyInput) (*api.DeleteGroupPolicyOutput, error) {
		return &api.DeleteGroupPolicyOutput{},
			deleteInline(ctx, c, iam.GroupKey(c.Account(), *in.GroupName), *in.PolicyName)
	}),
	op.New("ListGroupPolicies", func(c *op.Call, in *api.ListGroupPoliciesInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, func(_ context.Context, c *op.Call, in *api.ListGroupPoliciesInput) (*api.ListGroupPoliciesOutput, error) {
		who, err := c.Group(*in.GroupName)
		if err != nil {
			return nil, err
		}
		out := &api.ListGroupPoliciesOutput{}
		out.PolicyNames, out.IsTruncated, out.Marker, err = listInline(who, in.Marker, in.MaxItems)
		return out, err
	}),
	op.New("PutRolePolicy", func(c *op.Call, in *api.PutRolePolicyInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, func(ctx context.Context, c *op.Call, in *api.PutRolePolicyInput) (*api.PutRolePolicyOutput, error) {
		return &api.PutRolePolicyOutput{},
			putInline(ctx, c, iam.RoleKey(c.Account(), *in.RoleName), *in.PolicyName, *in.PolicyDocument)
	}),
	op.New("GetRolePolicy", func(c *op.Call, in *api.GetRolePolicyInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, func(_ context.Context, c *op.Call, in *api.GetRolePolicyInput) (*api.GetRolePolicyOutput, error) {
		who, err := c.Role(*in.RoleName)
		if err != nil {
			return nil, err
		}
		text, err := inlineText(who, *in.PolicyName)
		return &api.GetRolePolicyOutput{RoleName: &who.Name, PolicyName: in.PolicyName, PolicyDocument: text}, err
	}),
	op.New("DeleteRolePolicy", func(c *op.Call, in *api.DeleteRolePolicyInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, func(ctx context.Context, c *op.Call, in *api.DeleteRolePolicyInput) (*api.DeleteRolePolicyOutput, error) {
		return &api.DeleteRolePolicyOutput{},
			deleteInline(ctx, c, iam.RoleKey(c.Account(), *in.RoleName), *in.PolicyName)
	}),
	op.New("ListRolePolicies", func(c *op.Call, in *api.ListRolePoliciesInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, func(_ context.Context, c *op.Call, in *api.ListRolePoliciesInput) (*api.ListRolePoliciesOutput, error) {
		who, err := c.Role(*in.RoleName)
		if err != nil {
			return nil, err
		}
		out := &api.ListRolePoliciesOutput{}
		out.PolicyNames, out.IsTruncated, out.Marker, err = listInline(who, in.Marker, in.MaxItems)
		return out, err
	}),
}

// putInline checks whether the identity exists before it looks at the document, as AWS does.
func putInline(ctx context.Context, c *op.Call, key, name, text string) error {
	doc, malformed := iam.NewIdentityDocument(text)
	return c.Update(ctx, func(tx iam.Txn) error {
		if _, err := iam.GetIdentity(tx, key); err != nil {
			return err
		}
		if malformed != nil {
			return malformed
		}
		return iam.PutInline(tx, key, name, doc)
	})
}

func inlineText(who iam.Identity, name string) (*string, error) {
	doc, ok := who.Policies().FindInline(name)
	if !ok {
		return nil, iam.NoInline(who.Kind(), name)
	}
	return encoded(doc.Text), nil
}

func deleteInline(ctx context.Context, c *op.Call, key, name string) error {
	return c.Update(ctx, func(tx iam.Txn) error { return iam.DeleteInline(tx, key, name) })
}

// listInline is a page of the names of an identity's inline policies.
func listInline(who iam.Identity, marker *string, maxItems *int32) ([]string, bool, *string, error) {
	names := []string{}
	p, err := slice(who.Policies().Inline, func(p iam.Inline) string { return p.Name }, marker, maxItems,
		func(p iam.Inline) { names = append(names, p.Name) })
	if err != nil {
		return nil, false, nil, err
	}
	return names, p.more, p.marker(), nil
}
