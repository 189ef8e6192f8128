package iamapi

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var groups = []op.Operation{
	op.New("CreateGroup", func(c *op.Call, in *api.CreateGroupInput) (op.Target, error) {
		return op.Target{Resource: newARN(c, "group", in.Path, *in.GroupName)}, nil
	}, createGroup),
	op.New("GetGroup", func(c *op.Call, in *api.GetGroupInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, getGroup),
	op.New("ListGroups", func(c *op.Call, in *api.ListGroupsInput) (op.Target, error) {
		return listed(c, "group", in.PathPrefix)
	}, listGroups),
	op.New("UpdateGroup", func(c *op.Call, in *api.UpdateGroupInput) (op.Target, error) {
		t, err := onGroup(c, in.GroupName)
		if g, _ := c.Group(*in.GroupName); g != nil {
			t = renamed(c, t, "group", g.Header, in.NewGroupName, in.NewPath)
		}
		return t, err
	}, updateGroup),
	op.New("DeleteGroup", func(c *op.Call, in *api.DeleteGroupInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, deleteGroup),
	op.New("AddUserToGroup", func(c *op.Call, in *api.AddUserToGroupInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, addUserToGroup),
	op.New("RemoveUserFromGroup", func(c *op.Call, in *api.RemoveUserFromGroupInput) (op.Target, error) {
		return onGroup(c, in.GroupName)
	}, removeUserFromGroup),
	op.New("ListGroupsForUser", func(c *op.Call, in *api.ListGroupsForUserInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, listGroupsForUser),
}

func groupOut(g *iam.Group) *types.Group {
	return &types.Group{
		Arn: aws.String(g.ARN()), CreateDate: aws.Time(g.Created), GroupId: aws.String(g.ID), GroupName: aws.String(g.Name),
		Path: aws.String(g.Path),
	}
}

func createGroup(ctx context.Context, c *op.Call, in *api.CreateGroupInput) (*api.CreateGroupOutput, error) {
	if err := quota(c, "group", "GroupsPerAccount", iam.MaxGroupsInAccount); err != nil {
		return nil, err
	}
	g := &iam.Group{Header: c.Header("AGPA", *in.GroupName, in.Path)}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateGroup(tx, g) }); err != nil {
		return nil, err
	}
	return &api.CreateGroupOutput{Group: groupOut(g)}, nil
}

func getGroup(_ context.Context, c *op.Call, in *api.GetGroupInput) (*api.GetGroupOutput, error) {
	g, err := c.Group(*in.GroupName)
	if err != nil {
		return nil, err
	}
	out := &api.GetGroupOutput{Group: groupOut(g), Users: []types.User{}}
	p, err := list(c, snapshot.MemberPrefix(g.ID), in.Marker, in.MaxItems, nil,
		func(u *iam.User) { out.Users = append(out.Users, listedUser(c, u)) })
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func listGroups(_ context.Context, c *op.Call, in *api.ListGroupsInput) (*api.ListGroupsOutput, error) {
	out := &api.ListGroupsOutput{Groups: []types.Group{}}
	p, err := list(c, iam.GroupKey(c.Account(), ""), in.Marker, in.MaxItems,
		func(g *iam.Group) bool { return strings.HasPrefix(g.Path, aws.ToString(in.PathPrefix)) },
		func(g *iam.Group) { out.Groups = append(out.Groups, *groupOut(g)) })
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func updateGroup(ctx context.Context, c *op.Call, in *api.UpdateGroupInput) (*api.UpdateGroupOutput, error) {
	return &api.UpdateGroupOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.RenameGroup(tx, c.Account(), *in.GroupName, aws.ToString(in.NewGroupName), aws.ToString(in.NewPath))
	})
}

func deleteGroup(ctx context.Context, c *op.Call, in *api.DeleteGroupInput) (*api.DeleteGroupOutput, error) {
	return &api.DeleteGroupOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteGroup(tx, c.Account(), *in.GroupName)
	})
}

func addUserToGroup(ctx context.Context, c *op.Call, in *api.AddUserToGroupInput) (*api.AddUserToGroupOutput, error) {
	return &api.AddUserToGroupOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.AddUserToGroup(tx, c.Account(), *in.GroupName, *in.UserName)
	})
}

func removeUserFromGroup(
	ctx context.Context, c *op.Call, in *api.RemoveUserFromGroupInput,
) (*api.RemoveUserFromGroupOutput, error) {
	return &api.RemoveUserFromGroupOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.RemoveUserFromGroup(tx, c.Account(), *in.GroupName, *in.UserName)
	})
}

func listGroupsForUser(
	_ context.Context, c *op.Call, in *api.ListGroupsForUserInput,
) (*api.ListGroupsForUserOutput, error) {
	u, err := c.User(*in.UserName)
	if err != nil {
		return nil, err
	}
	var all []*iam.Group
	for _, id := range u.Groups {
		if g, ok := c.State.ByID(id).(*iam.Group); ok {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b *iam.Group) int { return strings.Compare(a.Key(), b.Key()) })
	out := &api.ListGroupsForUserOutput{Groups: []types.Group{}}
	p, err := slice(all, (*iam.Group).Key, in.Marker, in.MaxItems,
		func(g *iam.Group) { out.Groups = append(out.Groups, *groupOut(g)) })
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}
