package iamapi

import (
	"context"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var serviceLinkedRoles = []op.Operation{
	op.New("CreateServiceLinkedRole", func(c *op.Call, in *api.CreateServiceLinkedRoleInput) (op.Target, error) {
		name := ""
		if s, ok := iam.FindLinkedService(*in.AWSServiceName); ok {
			name = s.RoleName(aws.ToString(in.CustomSuffix))
		}
		path := iam.ServiceLinkedPath + *in.AWSServiceName + "/"
		return op.Target{Resource: newARN(c, "role", &path, name)}.With("iam:AWSServiceName", *in.AWSServiceName), nil
	}, createServiceLinkedRole),
	op.New("DeleteServiceLinkedRole", func(c *op.Call, in *api.DeleteServiceLinkedRoleInput) (op.Target, error) {
		return onRole(c, in.RoleName)
	}, deleteServiceLinkedRole),
	op.New("GetServiceLinkedRoleDeletionStatus", func(c *op.Call, in *api.GetServiceLinkedRoleDeletionStatusInput) (op.Target, error) {
		// The role is gone when the task is done; its ARN is in the task's id, between "task" and the UUID.
		_, role, _ := strings.Cut(*in.DeletionTaskId, "/")
		if i := strings.LastIndexByte(role, '/'); i >= 0 {
			role = role[:i]
		}
		return op.Target{Resource: newARN(c, "role", nil, role)}, nil
	}, getServiceLinkedRoleDeletionStatus),
}

func createServiceLinkedRole(
	ctx context.Context, c *op.Call, in *api.CreateServiceLinkedRoleInput,
) (*api.CreateServiceLinkedRoleOutput, error) {
	s, ok := iam.FindLinkedService(*in.AWSServiceName)
	if !ok {
		return nil, iam.Errorf(iam.InvalidInput, "No service-linked role is known for the service %s.", *in.AWSServiceName)
	}
	if err := quota(c, "role", "RolesPerAccount", iam.MaxRoles); err != nil {
		return nil, err
	}
	r, err := iam.NewServiceLinkedRole(s, c.Header("AROA", "", nil), aws.ToString(in.CustomSuffix), aws.ToString(in.Description))
	if err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateServiceLinkedRole(tx, r) }); err != nil {
		return nil, err
	}
	out := roleOut(c, r)
	out.MaxSessionDuration = nil // as on AWS
	return &api.CreateServiceLinkedRoleOutput{Role: &out}, nil
}

func deleteServiceLinkedRole(
	ctx context.Context, c *op.Call, in *api.DeleteServiceLinkedRoleInput,
) (*api.DeleteServiceLinkedRoleOutput, error) {
	id, err := newUUID(c.Rand)
	if err != nil {
		return nil, err
	}
	var task string
	err = c.Update(ctx, func(tx iam.Txn) error {
		d, err := iam.DeleteServiceLinkedRole(tx, c.Account(), *in.RoleName, id, c.Time.Truncate(time.Second))
		if err == nil {
			task = d.Task
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteServiceLinkedRoleOutput{DeletionTaskId: &task}, nil
}

// newUUID makes a random UUID, version 4.
func newUUID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], nil
}

func getServiceLinkedRoleDeletionStatus(
	_ context.Context, c *op.Call, in *api.GetServiceLinkedRoleDeletionStatusInput,
) (*api.GetServiceLinkedRoleDeletionStatusOutput, error) {
	if name, ok := iam.TaskRole(*in.DeletionTaskId); ok {
		d := snapshot.Get[iam.RoleDeletion](c.State, iam.RoleDeletionKey(c.Account(), name))
		if d != nil && d.Task == *in.DeletionTaskId {
			return &api.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded}, nil
		}
	}
	return nil, iam.Errorf(iam.NoSuchEntity, "The deletion task with id %s cannot be found.", *in.DeletionTaskId)
}
