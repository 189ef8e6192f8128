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

var users = []op.Operation{
	op.New("CreateUser", func(c *op.Call, in *api.CreateUserInput) (op.Target, error) {
		t := withBoundary(op.Target{Resource: newARN(c, "user", in.Path, *in.UserName)}, in.PermissionsBoundary)
		return withTags(t, "iam:TagUser", in.Tags), nil
	}, createUser),
	op.New("GetUser", func(c *op.Call, in *api.GetUserInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, getUser),
	op.New("ListUsers", func(c *op.Call, in *api.ListUsersInput) (op.Target, error) {
		return listed(c, "user", in.PathPrefix)
	}, listUsers),
	op.New("UpdateUser", func(c *op.Call, in *api.UpdateUserInput) (op.Target, error) {
		t, err := onUser(c, in.UserName)
		if u, _ := c.User(*in.UserName); u != nil {
			t = renamed(c, t, "user", u.Header, in.NewUserName, in.NewPath)
		}
		return t, err
	}, updateUser),
	op.New("DeleteUser", func(c *op.Call, in *api.DeleteUserInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, deleteUser),
	op.New("TagUser", func(c *op.Call, in *api.TagUserInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, tagUser),
	op.New("UntagUser", func(c *op.Call, in *api.UntagUserInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, untagUser),
	op.New("ListUserTags", func(c *op.Call, in *api.ListUserTagsInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, listUserTags),
}

// withBoundary adds the key that says which boundary a request sets.
func withBoundary(t op.Target, arn *string) op.Target {
	if arn == nil {
		return t
	}
	return t.With("iam:PermissionsBoundary", *arn)
}

// renamed adds what an entity is to be called: AWS wants permission on both.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
func renamed(c *op.Call, t op.Target, kind string, h iam.Header, name, path *string) op.Target {
	if name != nil {
		h.Name = *name
	}
	if path != nil {
		h.Path = *path
	}
	if arn := newARN(c, kind, &h.Path, h.Name); arn != t.Resource {
		t.Also = append(t.Also, op.Target{Resource: arn, Tags: t.Tags})
	}
	return t
}

// callerOr is the name of the user that an operation is about: the one it names or, without one, the caller.
func callerOr(c *op.Call, name *string) (string, error) {
	u, err := userOrCaller(c, name)
	if err != nil {
		return "", err
	}
	return u.Name, nil
}

// ownerOf is callerOr for what the root user has too: for itself, its name is "".
func ownerOf(c *op.Call, name *string) (iam.Owner, string, error) {
	if name == nil && c.Caller.Root() {
		return account(c), "", nil
	}
	u, err := userOrCaller(c, name)
	if err != nil {
		return nil, "", err
	}
	return u, u.Name, nil
}

// account is the caller's account.
func account(c *op.Call) *iam.Account {
	if a := snapshot.Get[iam.Account](c.State, iam.AccountKey(c.Account())); a != nil {
		return a
	}
	return &iam.Account{ID: c.Account()} // closed since the caller was authenticated
}

// orNil is nil for "", which the wire then does not have: the root user has no name.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func userOut(c *op.Call, u *iam.User) *types.User {
	return &types.User{
		Arn: aws.String(u.ARN()), CreateDate: aws.Time(u.Created), Path: aws.String(u.Path), UserId: aws.String(u.ID),
		UserName:            aws.String(u.Name),
		PermissionsBoundary: boundaryOut(u.Boundary), Tags: tagsOut(u.Tags), PasswordLastUsed: lastUsed(c, u.ID),
	}
}

// listedUser is a user as lists have it: as on AWS, without tags and boundary.
func listedUser(c *op.Call, u *iam.User) types.User {
	out := userOut(c, u)
	out.Tags, out.PermissionsBoundary = nil, nil
	return *out
}

// rootOut is the root user as a user.
func rootOut(c *op.Call) *types.User {
	a := account(c)
	return &types.User{
		Arn: aws.String(a.ARN()), CreateDate: aws.Time(a.Created), UserId: aws.String(a.ID),
		PasswordLastUsed: lastUsed(c, a.ID),
	}
}

func createUser(ctx context.Context, c *op.Call, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := quota(c, "user", "UsersPerAccount", iam.MaxUsers); err != nil {
		return nil, err
	}
	u := &iam.User{Header: c.Header("AIDA", *in.UserName, in.Path), Boundary: aws.ToString(in.PermissionsBoundary)}
	if err := iam.SetTags(u, tags); err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { created := *u; return iam.CreateUser(tx, &created) }); err != nil {
		return nil, err
	}
	return &api.CreateUserOutput{User: userOut(c, u)}, nil
}

func getUser(_ context.Context, c *op.Call, in *api.GetUserInput) (*api.GetUserOutput, error) {
	if in.UserName == nil && c.Caller.Root() {
		return &api.GetUserOutput{User: rootOut(c)}, nil
	}
	u, err := userOrCaller(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &api.GetUserOutput{User: userOut(c, u)}, nil
}

func listUsers(_ context.Context, c *op.Call, in *api.ListUsersInput) (*api.ListUsersOutput, error) {
	out := &api.ListUsersOutput{Users: []types.User{}}
	p, err := list(c, iam.UserKey(c.Account(), ""), in.Marker, in.MaxItems,
		func(u *iam.User) bool { return strings.HasPrefix(u.Path, aws.ToString(in.PathPrefix)) },
		func(u *iam.User) { out.Users = append(out.Users, listedUser(c, u)) })
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func updateUser(ctx context.Context, c *op.Call, in *api.UpdateUserInput) (*api.UpdateUserOutput, error) {
	return &api.UpdateUserOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.RenameUser(tx, c.Account(), *in.UserName, aws.ToString(in.NewUserName), aws.ToString(in.NewPath))
	})
}

func deleteUser(ctx context.Context, c *op.Call, in *api.DeleteUserInput) (*api.DeleteUserOutput, error) {
	return &api.DeleteUserOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteUser(tx, c.Account(), *in.UserName)
	})
}

func tagUser(ctx context.Context, c *op.Call, in *api.TagUserInput) (*api.TagUserOutput, error) {
	return &api.TagUserOutput{}, tag(ctx, c, in.Tags, func(tx iam.Txn) (*iam.User, error) {
		return iam.GetUser(tx, c.Account(), *in.UserName)
	})
}

func untagUser(ctx context.Context, c *op.Call, in *api.UntagUserInput) (*api.UntagUserOutput, error) {
	return &api.UntagUserOutput{}, untag(ctx, c, in.TagKeys, func(tx iam.Txn) (*iam.User, error) {
		return iam.GetUser(tx, c.Account(), *in.UserName)
	})
}

func listUserTags(_ context.Context, c *op.Call, in *api.ListUserTagsInput) (*api.ListUserTagsOutput, error) {
	u, err := c.User(*in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListUserTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = listTags(u, in.Marker, in.MaxItems)
	return out, err
}
