package iamapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var instanceProfiles = []op.Operation{
	op.New("CreateInstanceProfile", func(c *op.Call, in *api.CreateInstanceProfileInput) (op.Target, error) {
		t := op.Target{Resource: newARN(c, "instance-profile", in.Path, *in.InstanceProfileName)}
		return withTags(t, "iam:TagInstanceProfile", in.Tags), nil
	}, createInstanceProfile),
	op.New("GetInstanceProfile", func(c *op.Call, in *api.GetInstanceProfileInput) (op.Target, error) {
		return onInstanceProfile(c, in.InstanceProfileName)
	}, getInstanceProfile),
	op.New("DeleteInstanceProfile", func(c *op.Call, in *api.DeleteInstanceProfileInput) (op.Target, error) {
		return onInstanceProfile(c, in.InstanceProfileName)
	}, deleteInstanceProfile),
	op.New("ListInstanceProfiles", func(c *op.Call, in *api.ListInstanceProfilesInput) (op.Target, error) {
		return listed(c, "instance-profile", in.PathPrefix)
	}, listInstanceProfiles),
	op.New("ListInstanceProfilesForRole", func(c *op.Call, in *api.ListInstanceProfilesForRoleInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, listInstanceProfilesForRole),
	op.New("AddRoleToInstanceProfile", func(c *op.Call, in *api.AddRoleToInstanceProfileInput) (op.Target, error) {
		t, err := onInstanceProfile(c, in.InstanceProfileName)
		if err == nil {
			t.Also = []op.Target{passingRole(c, in.RoleName, "ec2.amazonaws.com")}
		}
		return t, err
	}, addRoleToInstanceProfile),
	op.New("RemoveRoleFromInstanceProfile", func(c *op.Call, in *api.RemoveRoleFromInstanceProfileInput) (op.Target, error) {
		return onInstanceProfile(c, in.InstanceProfileName)
	}, removeRoleFromInstanceProfile),
	op.New("TagInstanceProfile", func(c *op.Call, in *api.TagInstanceProfileInput) (op.Target, error) {
		return onInstanceProfile(c, in.InstanceProfileName)
	}, func(ctx context.Context, c *op.Call, in *api.TagInstanceProfileInput) (*api.TagInstanceProfileOutput, error) {
		return &api.TagInstanceProfileOutput{}, tag(ctx, c, in.Tags, instanceProfileOf(c, in.InstanceProfileName))
	}),
	op.New("UntagInstanceProfile", func(c *op.Call, in *api.UntagInstanceProfileInput) (op.Target, error) {
		return onInstanceProfile(c, in.InstanceProfileName)
	}, func(
		ctx context.Context, c *op.Call, in *api.UntagInstanceProfileInput,
	) (*api.UntagInstanceProfileOutput, error) {
		return &api.UntagInstanceProfileOutput{},
			untag(ctx, c, in.TagKeys, instanceProfileOf(c, in.InstanceProfileName))
	}),
	op.New("ListInstanceProfileTags", func(c *op.Call, in *api.ListInstanceProfileTagsInput) (op.Target, error) {
		return onInstanceProfile(c, in.InstanceProfileName)
	}, listInstanceProfileTags),
}

// instanceProfileNamed is the account's instance profile of a name, or AWS's error.
func instanceProfileNamed(c *op.Call, name string) (*iam.InstanceProfile, error) {
	if p := snapshot.Get[iam.InstanceProfile](c.State, iam.InstanceProfileKey(c.Account(), name)); p != nil {
		return p, nil
	}
	return nil, iam.Errorf(iam.NoSuchEntity, iam.NoInstanceProfile, name)
}

func onInstanceProfile(c *op.Call, name *string) (op.Target, error) {
	if p, err := instanceProfileNamed(c, *name); err == nil {
		return op.Target{Resource: p.ARN(), Tags: p.Tags}, nil
	}
	return op.Target{Resource: newARN(c, "instance-profile", nil, *name)}, nil
}

// passingRole is the target of handing a role to a service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func passingRole(c *op.Call, name *string, service string) op.Target {
	t, _ := onRole(c, name)
	t.Action = "iam:PassRole"
	return t.With("iam:PassedToService", service)
}

// instanceProfileOf reads an instance profile of the caller's account in a transaction.
func instanceProfileOf(c *op.Call, name *string) func(iam.Txn) (*iam.InstanceProfile, error) {
	return func(tx iam.Txn) (*iam.InstanceProfile, error) { return iam.GetInstanceProfile(tx, c.Account(), *name) }
}

// instanceProfileOut is an instance profile with its role, as lists have it.
func instanceProfileOut(c *op.Call, p *iam.InstanceProfile) *types.InstanceProfile {
	out := &types.InstanceProfile{
		Arn: aws.String(p.ARN()), CreateDate: &p.Created, InstanceProfileId: &p.ID, InstanceProfileName: &p.Name, Path: &p.Path,
		Roles: []types.Role{},
	}
	if r, ok := c.State.ByID(p.Role).(*iam.Role); ok {
		out.Roles = append(out.Roles, roleOut(c, r))
	}
	return out
}

func createInstanceProfile(
	ctx context.Context, c *op.Call, in *api.CreateInstanceProfileInput,
) (*api.CreateInstanceProfileOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := quota(c, "profile", "InstanceProfilesPerAccount", iam.MaxProfiles); err != nil {
		return nil, err
	}
	p := &iam.InstanceProfile{Header: c.Header("AIPA", *in.InstanceProfileName, in.Path)}
	if err := iam.SetTags(p, tags); err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateInstanceProfile(tx, p) }); err != nil {
		return nil, err
	}
	out := instanceProfileOut(c, p)
	out.Tags = tagsOut(p.Tags)
	return &api.CreateInstanceProfileOutput{InstanceProfile: out}, nil
}

func getInstanceProfile(
	_ context.Context, c *op.Call, in *api.GetInstanceProfileInput,
) (*api.GetInstanceProfileOutput, error) {
	p, err := instanceProfileNamed(c, *in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	out := instanceProfileOut(c, p)
	out.Tags = tagsOut(p.Tags)
	return &api.GetInstanceProfileOutput{InstanceProfile: out}, nil
}

func deleteInstanceProfile(
	ctx context.Context, c *op.Call, in *api.DeleteInstanceProfileInput,
) (*api.DeleteInstanceProfileOutput, error) {
	return &api.DeleteInstanceProfileOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteInstanceProfile(tx, c.Account(), *in.InstanceProfileName)
	})
}

func listInstanceProfiles(
	_ context.Context, c *op.Call, in *api.ListInstanceProfilesInput,
) (*api.ListInstanceProfilesOutput, error) {
	out := &api.ListInstanceProfilesOutput{InstanceProfiles: []types.InstanceProfile{}}
	p, err := list(c, iam.InstanceProfileKey(c.Account(), ""), in.Marker, in.MaxItems,
		func(p *iam.InstanceProfile) bool { return strings.HasPrefix(p.Path, aws.ToString(in.PathPrefix)) },
		func(p *iam.InstanceProfile) {
			out.InstanceProfiles = append(out.InstanceProfiles, *instanceProfileOut(c, p))
		})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func listInstanceProfilesForRole(
	_ context.Context, c *op.Call, in *api.ListInstanceProfilesForRoleInput,
) (*api.ListInstanceProfilesForRoleOutput, error) {
	r, err := c.Role(*in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &api.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}
	p, err := list(c, snapshot.InstancePrefix(r.ID), in.Marker, in.MaxItems, nil,
		func(p *iam.InstanceProfile) {
			out.InstanceProfiles = append(out.InstanceProfiles, *instanceProfileOut(c, p))
		})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func addRoleToInstanceProfile(
	ctx context.Context, c *op.Call, in *api.AddRoleToInstanceProfileInput,
) (*api.AddRoleToInstanceProfileOutput, error) {
	return &api.AddRoleToInstanceProfileOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.AddRoleToInstanceProfile(tx, c.Account(), *in.InstanceProfileName, *in.RoleName)
	})
}

func removeRoleFromInstanceProfile(
	ctx context.Context, c *op.Call, in *api.RemoveRoleFromInstanceProfileInput,
) (*api.RemoveRoleFromInstanceProfileOutput, error) {
	return &api.RemoveRoleFromInstanceProfileOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.RemoveRoleFromInstanceProfile(tx, c.Account(), *in.InstanceProfileName, *in.RoleName)
	})
}

func listInstanceProfileTags(
	_ context.Context, c *op.Call, in *api.ListInstanceProfileTagsInput,
) (*api.ListInstanceProfileTagsOutput, error) {
	p, err := instanceProfileNamed(c, *in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	out := &api.ListInstanceProfileTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = listTags(p, in.Marker, in.MaxItems)
	return out, err
}
