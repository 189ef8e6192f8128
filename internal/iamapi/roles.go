package iamapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var roles = []op.Operation{
	op.New("CreateRole", func(c *op.Call, in *api.CreateRoleInput) (op.Target, error) {
		t := op.Target{Resource: newARN(c, "role", in.Path, *in.RoleName)}
		return withTags(withBoundary(t, in.PermissionsBoundary), "iam:TagRole", in.Tags), nil
	}, createRole),
	op.New("GetRole", func(c *op.Call, in *api.GetRoleInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, getRole),
	op.New("ListRoles", func(c *op.Call, in *api.ListRolesInput) (op.Target, error) {
		return listed(c, "role", in.PathPrefix)
	}, listRoles),
	op.New("UpdateRole", func(c *op.Call, in *api.UpdateRoleInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, updateRole),
	op.New("UpdateRoleDescription", func(c *op.Call, in *api.UpdateRoleDescriptionInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, updateRoleDescription),
	op.New("UpdateAssumeRolePolicy", func(c *op.Call, in *api.UpdateAssumeRolePolicyInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, updateAssumeRolePolicy),
	op.New("DeleteRole", func(c *op.Call, in *api.DeleteRoleInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, deleteRole),
	op.New("TagRole", func(c *op.Call, in *api.TagRoleInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, func(ctx context.Context, c *op.Call, in *api.TagRoleInput) (*api.TagRoleOutput, error) {
		return &api.TagRoleOutput{}, tag(ctx, c, in.Tags, roleOf(c, in.RoleName))
	}),
	op.New("UntagRole", func(c *op.Call, in *api.UntagRoleInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, func(ctx context.Context, c *op.Call, in *api.UntagRoleInput) (*api.UntagRoleOutput, error) {
		return &api.UntagRoleOutput{}, untag(ctx, c, in.TagKeys, roleOf(c, in.RoleName))
	}),
	op.New("ListRoleTags", func(c *op.Call, in *api.ListRoleTagsInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, listRoleTags),
}

// roleOf reads a role of the caller's account in a transaction.
func roleOf(c *op.Call, name *string) func(iam.Txn) (*iam.Role, error) {
	return func(tx iam.Txn) (*iam.Role, error) { return iam.GetRole(tx, c.Account(), *name) }
}

// roleOut is a role as lists have it.
func roleOut(c *op.Call, r *iam.Role) types.Role {
	out := types.Role{
		Arn: aws.String(r.ARN()), CreateDate: aws.Time(r.Created), Path: aws.String(r.Path), RoleId: aws.String(r.ID), RoleName: aws.String(r.Name),
		AssumeRolePolicyDocument: trustOut(c, r), MaxSessionDuration: aws.Int32(r.MaxSession),
	}
	if r.Description != "" {
		out.Description = aws.String(r.Description)
	}
	return out
}

// wholeRoleOut is a role with what lists leave out.
func wholeRoleOut(c *op.Call, r *iam.Role) *types.Role {
	out := roleOut(c, r)
	out.PermissionsBoundary, out.Tags, out.RoleLastUsed = boundaryOut(r.Boundary), tagsOut(r.Tags), lastUsedOut(c, r)
	return &out
}

// lastUsedOut says when and where a role was last used; it is there, and empty, for one that never was.
func lastUsedOut(c *op.Call, r *iam.Role) *types.RoleLastUsed {
	out := &types.RoleLastUsed{}
	if use := snapshot.Get[iam.Use](c.State, iam.UseKey(r.ID)); use != nil {
		out.LastUsedDate, out.Region = aws.Time(use.Time), aws.String(use.Region)
	}
	return out
}

// trustOut is a role's trust policy, in which principals that are gone show as the unique ids that they had.
func trustOut(c *op.Call, r *iam.Role) *string {
	return encoded(r.Trust.Show(func(id string) (string, bool) {
		who, ok := c.State.ByID(id).(iam.Entity)
		if !ok {
			return "", false
		}
		return who.ARN(), true
	}))
}

// trustDocument checks a trust policy and binds its principals.
func trustDocument(c *op.Call, text string) (*iam.Document, error) {
	return iam.NewTrustDocument(text, func(name string) (string, bool) { return principalID(c.State, name) })
}

// principalID finds the unique id of a principal that a trust policy names, and reports whether there can be such a
// principal. The id is "" for all but the users and roles of this server. Principals of accounts that are not on this
// server are taken as they are written: nobody can tell whether they exist, and nobody can use them here.
func principalID(s *snapshot.Snapshot, name string) (id string, ok bool) {
	if name == "*" {
		return "", true
	}
	if _, isEntity := s.ByID(name).(iam.Entity); isEntity {
		return name, true
	}
	p, err := eval.ParsePrincipal(name)
	if err != nil || p.Account() == "" {
		return "", false
	}
	a, err := arn.Parse(name)
	if err != nil || a.Service != "iam" || snapshot.Get[iam.Account](s, iam.AccountKey(a.Account)) == nil {
		return "", true // an account's id, or a session, or of another server
	}
	kind, path, _ := strings.Cut(a.Resource, "/")
	var who iam.Identity
	switch entity := path[strings.LastIndexByte(path, '/')+1:]; kind {
	case "user":
		if u := snapshot.Get[iam.User](s, iam.UserKey(a.Account, entity)); u != nil {
			who = u
		}
	case "role":
		if r := snapshot.Get[iam.Role](s, iam.RoleKey(a.Account, entity)); r != nil {
			who = r
		}
	default: // the account's root
		return "", true
	}
	if who == nil || who.ARN() != name {
		return "", false
	}
	return who.Head().ID, true
}

func createRole(ctx context.Context, c *op.Call, in *api.CreateRoleInput) (*api.CreateRoleOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	trust, err := trustDocument(c, *in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	if err := quota(c, "role", "RolesPerAccount", iam.MaxRoles); err != nil {
		return nil, err
	}
	r := &iam.Role{
		Header: c.Header("AROA", *in.RoleName, in.Path), Description: aws.ToString(in.Description), Trust: trust,
		MaxSession: iam.DefaultSession, Boundary: aws.ToString(in.PermissionsBoundary),
	}
	if in.MaxSessionDuration != nil {
		r.MaxSession = *in.MaxSessionDuration
	}
	if err := iam.SetTags(r, tags); err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { created := *r; return iam.CreateRole(tx, &created) }); err != nil {
		return nil, err
	}
	out := wholeRoleOut(c, r)
	out.RoleLastUsed = nil // as on AWS, which has it in GetRole alone
	return &api.CreateRoleOutput{Role: out}, nil
}

func getRole(_ context.Context, c *op.Call, in *api.GetRoleInput) (*api.GetRoleOutput, error) {
	r, err := c.Role(*in.RoleName)
	if err != nil {
		return nil, err
	}
	return &api.GetRoleOutput{Role: wholeRoleOut(c, r)}, nil
}

func listRoles(_ context.Context, c *op.Call, in *api.ListRolesInput) (*api.ListRolesOutput, error) {
	out := &api.ListRolesOutput{Roles: []types.Role{}}
	p, err := list(c, iam.RoleKey(c.Account(), ""), in.Marker, in.MaxItems,
		func(r *iam.Role) bool { return strings.HasPrefix(r.Path, aws.ToString(in.PathPrefix)) },
		func(r *iam.Role) { out.Roles = append(out.Roles, roleOut(c, r)) })
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// updateRole leaves the description if there is none in the request, but not the duration, which then is the default
// one, as AWS documents.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
func updateRole(ctx context.Context, c *op.Call, in *api.UpdateRoleInput) (*api.UpdateRoleOutput, error) {
	return &api.UpdateRoleOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		// Of a service-linked role, the description alone can be changed.
		if in.Description != nil && in.MaxSessionDuration == nil {
			if r, err := iam.GetRole(tx, c.Account(), *in.RoleName); err != nil || r.IsServiceLinked() {
				return iam.Describe(tx, c.Account(), *in.RoleName, *in.Description)
			}
		}
		return iam.UpdateRole(tx, c.Account(), *in.RoleName, func(r *iam.Role) {
			if in.Description != nil {
				r.Description = *in.Description
			}
			r.MaxSession = iam.DefaultSession
			if in.MaxSessionDuration != nil {
				r.MaxSession = *in.MaxSessionDuration
			}
		})
	})
}

func updateRoleDescription(
	ctx context.Context, c *op.Call, in *api.UpdateRoleDescriptionInput,
) (*api.UpdateRoleDescriptionOutput, error) {
	err := c.Update(ctx, func(tx iam.Txn) error { return iam.Describe(tx, c.Account(), *in.RoleName, *in.Description) })
	if err != nil {
		return nil, err
	}
	r, err := c.Role(*in.RoleName)
	if err != nil {
		return nil, err
	}
	out := roleOut(c, r)
	return &api.UpdateRoleDescriptionOutput{Role: &out}, nil
}

func updateAssumeRolePolicy(
	ctx context.Context, c *op.Call, in *api.UpdateAssumeRolePolicyInput,
) (*api.UpdateAssumeRolePolicyOutput, error) {
	if _, err := c.Role(*in.RoleName); err != nil {
		return nil, err
	}
	trust, err := trustDocument(c, *in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	return &api.UpdateAssumeRolePolicyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.UpdateRole(tx, c.Account(), *in.RoleName, func(r *iam.Role) { r.Trust = trust })
	})
}

func deleteRole(ctx context.Context, c *op.Call, in *api.DeleteRoleInput) (*api.DeleteRoleOutput, error) {
	return &api.DeleteRoleOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteRole(tx, c.Account(), *in.RoleName)
	})
}

func listRoleTags(_ context.Context, c *op.Call, in *api.ListRoleTagsInput) (*api.ListRoleTagsOutput, error) {
	r, err := c.Role(*in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &api.ListRoleTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = listTags(r, in.Marker, in.MaxItems)
	return out, err
}
