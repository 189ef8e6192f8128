package iamapi

import (
	"context"

	api "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var boundaries = []op.Operation{
	op.New("PutUserPermissionsBoundary", func(c *op.Call, in *api.PutUserPermissionsBoundaryInput) (op.Target, error) {
		t, err := onUser(c, in.UserName)
		return withBoundary(t, in.PermissionsBoundary), err
	}, func(
		ctx context.Context, c *op.Call, in *api.PutUserPermissionsBoundaryInput,
	) (*api.PutUserPermissionsBoundaryOutput, error) {
		return &api.PutUserPermissionsBoundaryOutput{},
			setBoundary(ctx, c, iam.UserKey(c.Account(), *in.UserName), *in.PermissionsBoundary)
	}),
	op.New("DeleteUserPermissionsBoundary", func(c *op.Call, in *api.DeleteUserPermissionsBoundaryInput) (op.Target, error) {
		return onBoundedUser(c, in.UserName)
	}, func(
		ctx context.Context, c *op.Call, in *api.DeleteUserPermissionsBoundaryInput,
	) (*api.DeleteUserPermissionsBoundaryOutput, error) {
		return &api.DeleteUserPermissionsBoundaryOutput{},
			setBoundary(ctx, c, iam.UserKey(c.Account(), *in.UserName), "")
	}),
	op.New("PutRolePermissionsBoundary", func(c *op.Call, in *api.PutRolePermissionsBoundaryInput) (op.Target, error) {
		t, err := onRole(c, in.RoleName)
		return withBoundary(t, in.PermissionsBoundary), err
	}, func(
		ctx context.Context, c *op.Call, in *api.PutRolePermissionsBoundaryInput,
	) (*api.PutRolePermissionsBoundaryOutput, error) {
		return &api.PutRolePermissionsBoundaryOutput{},
			setBoundary(ctx, c, iam.RoleKey(c.Account(), *in.RoleName), *in.PermissionsBoundary)
	}),
	op.New("DeleteRolePermissionsBoundary", func(c *op.Call, in *api.DeleteRolePermissionsBoundaryInput) (op.Target, error) {
		return onBoundedRole(c, in.RoleName)
	}, func(
		ctx context.Context, c *op.Call, in *api.DeleteRolePermissionsBoundaryInput,
	) (*api.DeleteRolePermissionsBoundaryOutput, error) {
		return &api.DeleteRolePermissionsBoundaryOutput{},
			setBoundary(ctx, c, iam.RoleKey(c.Account(), *in.RoleName), "")
	}),
}

// onBoundedUser is the target of an operation that may be allowed only on users with a certain permissions boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
func onBoundedUser(c *op.Call, name *string) (op.Target, error) {
	t, err := onUser(c, name)
	if u, _ := c.User(*name); u != nil {
		t = having(t, u.Boundary)
	}
	return t, err
}

// onBoundedRole is onBoundedUser for a role.
func onBoundedRole(c *op.Call, name *string) (op.Target, error) {
	t, err := onRole(c, name)
	if r, _ := c.Role(*name); r != nil {
		t = having(t, r.Boundary)
	}
	return t, err
}

// having adds the key that says which boundary the entity has.
func having(t op.Target, boundary string) op.Target {
	if boundary == "" {
		return t
	}
	return t.With("iam:PermissionsBoundary", boundary)
}

func setBoundary(ctx context.Context, c *op.Call, key, arn string) error {
	return c.Update(ctx, func(tx iam.Txn) error { return iam.SetBoundary(tx, key, arn) })
}
