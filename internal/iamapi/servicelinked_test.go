package iamapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func TestServiceLinkedRoleFromBeginningToEnd(t *testing.T) {
	c := writtest.New(t).IAM()
	ecs, name := aws.String("ecs.amazonaws.com"), aws.String("AWSServiceRoleForECS")
	create := &iam.CreateServiceLinkedRoleInput{AWSServiceName: ecs}
	made := must(t, c.CreateServiceLinkedRole, create).Role
	if *made.Arn != ownARN("role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS") ||
		!strings.Contains(decoded(t, made.AssumeRolePolicyDocument), *ecs) {
		t.Errorf("made %+v", made)
	}
	attached := must(t, c.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: name}).AttachedPolicies
	if len(attached) != 1 ||
		*attached[0].PolicyArn != "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy" {
		t.Errorf("attached %v", attached)
	}
	fails(t, "InvalidInput", "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.", c.CreateServiceLinkedRole, create)
	fails(t, "InvalidInput", "Custom suffix is not allowed for ecs.amazonaws.com", c.CreateServiceLinkedRole,
		&iam.CreateServiceLinkedRoleInput{AWSServiceName: ecs, CustomSuffix: aws.String("mine")})
	fails(t, "InvalidInput", "nowhere.amazonaws.com", c.CreateServiceLinkedRole,
		&iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("nowhere.amazonaws.com")})

	const protected = "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS"
	fails(t, "UnmodifiableEntity", protected, c.DeleteRole, &iam.DeleteRoleInput{RoleName: name})
	fails(t, "UnmodifiableEntity", protected, c.UpdateRole, &iam.UpdateRoleInput{RoleName: name})
	fails(t, "UnmodifiableEntity", protected, c.UpdateAssumeRolePolicy,
		&iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(ec2Trust)})
	for _, h := range []holder{holders(t, c, *name)["role"]} {
		answers(t, "attach", "UnmodifiableEntity: ", h.attach(readOnly))
		answers(t, "detach", "UnmodifiableEntity: ", h.detach(*attached[0].PolicyArn))
		answers(t, "put", "UnmodifiableEntity: ", h.put("p", anything))
		answers(t, "delete", "UnmodifiableEntity: ", h.drop("p"))
	}
	must(t, c.UpdateRoleDescription,
		&iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("runs tasks")})
	must(t, c.UpdateRole, &iam.UpdateRoleInput{RoleName: name, Description: aws.String("runs more")}) // as Terraform does it
	if r := must(t, c.GetRole, &iam.GetRoleInput{RoleName: name}).Role; *r.Description != "runs more" {
		t.Errorf("described as %s", *r.Description)
	}
	fails(t, "UnmodifiableEntity", protected, c.UpdateRole, &iam.UpdateRoleInput{
		RoleName: name, Description: aws.String("runs long"), MaxSessionDuration: aws.Int32(7200),
	})

	task := must(t, c.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: name}).DeletionTaskId
	if !strings.HasPrefix(*task, "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/") {
		t.Errorf("task %s", *task)
	}
	status := must(t, c.GetServiceLinkedRoleDeletionStatus,
		&iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task})
	if status.Status != types.DeletionTaskStatusTypeSucceeded || status.Reason != nil {
		t.Errorf("status %+v", status)
	}
	for _, other := range []string{*task + "0", "task/aws-service-role/ecs.amazonaws.com/None/u", "no task"} {
		fails(t, "NoSuchEntity", "", c.GetServiceLinkedRoleDeletionStatus,
			&iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: &other})
	}
	fails(t, "NoSuchEntity", "role with name AWSServiceRoleForECS", c.DeleteServiceLinkedRole,
		&iam.DeleteServiceLinkedRoleInput{RoleName: name})
	must(t, c.CreateRole, newRole("worker"))
	fails(t, "InvalidInput", "not a service-linked role", c.DeleteServiceLinkedRole,
		&iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("worker")})
}

func TestServiceLinkedRolesAreAllowedByService(t *testing.T) {
	alice := newUser(t, writtest.New(t), "alice", statements(`{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole",`+
		`"Resource":"arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*",`+
		`"Condition":{"StringLike":{"iam:AWSServiceName":"autoscaling.amazonaws.com"}}}`))
	must(t, alice.CreateServiceLinkedRole,
		&iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("autoscaling.amazonaws.com"), CustomSuffix: aws.String("mine")})
	fails(t, "AccessDenied", "iam:CreateServiceLinkedRole", alice.CreateServiceLinkedRole,
		&iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("ecs.amazonaws.com")})
}
