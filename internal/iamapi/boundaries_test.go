package iamapi_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func TestPermissionsBoundaries(t *testing.T) {
	c := withHolders(t)
	x, none := aws.String("x"), aws.String("none")
	user := func() *types.AttachedPermissionsBoundary {
		return must(t, c.GetUser, &iam.GetUserInput{UserName: x}).User.PermissionsBoundary
	}
	role := func() *types.AttachedPermissionsBoundary {
		return must(t, c.GetRole, &iam.GetRoleInput{RoleName: x}).Role.PermissionsBoundary
	}
	own := must(t, c.CreatePolicy, newPolicy("Own")).Policy.Arn
	must(t, c.PutUserPermissionsBoundary, &iam.PutUserPermissionsBoundaryInput{UserName: x, PermissionsBoundary: own})
	must(t, c.PutRolePermissionsBoundary, &iam.PutRolePermissionsBoundaryInput{RoleName: x, PermissionsBoundary: own})
	for _, b := range []*types.AttachedPermissionsBoundary{user(), role()} {
		if b == nil || *b.PermissionsBoundaryArn != *own ||
			b.PermissionsBoundaryType != types.PermissionsBoundaryAttachmentTypePolicy {
			t.Errorf("boundary %+v", b)
		}
	}
	fails(t, "DeleteConflict", "", c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: own})
	must(t, c.PutUserPermissionsBoundary,
		&iam.PutUserPermissionsBoundaryInput{UserName: x, PermissionsBoundary: aws.String(readOnly)})
	must(t, c.DeleteRolePermissionsBoundary, &iam.DeleteRolePermissionsBoundaryInput{RoleName: x})
	must(t, c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: own})
	must(t, c.DeleteUserPermissionsBoundary, &iam.DeleteUserPermissionsBoundaryInput{UserName: x})
	if user() != nil || role() != nil {
		t.Error("a boundary that was deleted is there")
	}

	missing := aws.String(noSuchPolicy)
	fails(t, "NoSuchEntity", "not attachable", c.PutUserPermissionsBoundary,
		&iam.PutUserPermissionsBoundaryInput{UserName: x, PermissionsBoundary: missing})
	fails(t, "NoSuchEntity", "not attachable", c.PutRolePermissionsBoundary,
		&iam.PutRolePermissionsBoundaryInput{RoleName: x, PermissionsBoundary: missing})
	fails(t, "NoSuchEntity", "user with name none", c.PutUserPermissionsBoundary,
		&iam.PutUserPermissionsBoundaryInput{UserName: none, PermissionsBoundary: aws.String(readOnly)})
	fails(t, "NoSuchEntity", "role with name none", c.PutRolePermissionsBoundary,
		&iam.PutRolePermissionsBoundaryInput{RoleName: none, PermissionsBoundary: aws.String(readOnly)})
	fails(t, "NoSuchEntity", "user with name none", c.DeleteUserPermissionsBoundary,
		&iam.DeleteUserPermissionsBoundaryInput{UserName: none})
	fails(t, "NoSuchEntity", "role with name none", c.DeleteRolePermissionsBoundary,
		&iam.DeleteRolePermissionsBoundaryInput{RoleName: none})
}

// The way of AWS's page: whoever may make users and roles makes only such as have the boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
func TestDelegatedAdministratorIsHeldToTheBoundary(t *testing.T) {
	s := writtest.New(t)
	root := s.IAM()
	maria := newUser(t, s, "maria", statements(
		`{"Effect":"Allow","Action":["iam:CreateUser","iam:CreateRole","iam:PutUserPolicy","iam:DeleteUserPolicy","iam:PutRolePolicy",`+
			`"iam:DeleteRolePolicy","iam:AttachRolePolicy","iam:DetachRolePolicy","iam:AttachUserPolicy","iam:DetachUserPolicy","iam:DeleteRole",`+
			`"iam:UpdateRole","iam:UpdateRoleDescription","iam:UpdateAssumeRolePolicy","iam:GetRole","iam:PutUserPermissionsBoundary",`+
			`"iam:PutRolePermissionsBoundary"],"Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"`+readOnly+`"}}}`,
		`{"Effect":"Deny","Action":"iam:Attach*","Resource":"*","Condition":{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/Administrator*"}}}`,
	))
	free, bound := aws.String("free"), aws.String("bound")
	must(t, root.CreateUser, &iam.CreateUserInput{UserName: free})
	must(t, root.CreateRole, newRole("free"))
	fails(t, "AccessDenied", "iam:CreateUser", maria.CreateUser, &iam.CreateUserInput{UserName: bound})
	fails(t, "AccessDenied", "iam:CreateRole", maria.CreateRole, newRole("bound"))
	must(t, maria.CreateUser, &iam.CreateUserInput{UserName: bound, PermissionsBoundary: aws.String(readOnly)})
	in := newRole("bound")
	in.PermissionsBoundary = aws.String(readOnly)
	must(t, maria.CreateRole, in)

	for name, want := range map[*string]string{bound: "", free: "AccessDenied"} {
		for what, call := range map[string]func() error{
			"PutUserPolicy": try(maria.PutUserPolicy,
				&iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: aws.String(anything)}),
			"PutRolePolicy": try(maria.PutRolePolicy,
				&iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: aws.String(anything)}),
			"AttachUserPolicy": try(maria.AttachUserPolicy,
				&iam.AttachUserPolicyInput{UserName: name, PolicyArn: aws.String(readOnly)}),
			"AttachRolePolicy": try(maria.AttachRolePolicy,
				&iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String(readOnly)}),
			"GetRole":    try(maria.GetRole, &iam.GetRoleInput{RoleName: name}),
			"UpdateRole": try(maria.UpdateRole, &iam.UpdateRoleInput{RoleName: name}),
			"UpdateRoleDescription": try(maria.UpdateRoleDescription,
				&iam.UpdateRoleDescriptionInput{RoleName: name, Description: name}),
			"UpdateAssumeRolePolicy": try(maria.UpdateAssumeRolePolicy,
				&iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(ec2Trust)}),
		} {
			answers(t, what+" "+*name, want, call())
		}
		for _, undo := range []struct {
			what string
			call func() error
		}{
			{"DeleteUserPolicy", try(maria.DeleteUserPolicy,
				&iam.DeleteUserPolicyInput{UserName: name, PolicyName: name})},
			{"DeleteRolePolicy", try(maria.DeleteRolePolicy,
				&iam.DeleteRolePolicyInput{RoleName: name, PolicyName: name})},
			{"DetachUserPolicy", try(maria.DetachUserPolicy,
				&iam.DetachUserPolicyInput{UserName: name, PolicyArn: aws.String(readOnly)})},
			{"DetachRolePolicy", try(maria.DetachRolePolicy,
				&iam.DetachRolePolicyInput{RoleName: name, PolicyArn: aws.String(readOnly)})},
		} {
			answers(t, undo.what+" "+*name, want, undo.call())
		}
	}
	const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
	fails(t, "AccessDenied", "explicit deny", maria.AttachRolePolicy,
		&iam.AttachRolePolicyInput{RoleName: bound, PolicyArn: aws.String(administrator)})
	fails(t, "AccessDenied", "", maria.PutRolePermissionsBoundary,
		&iam.PutRolePermissionsBoundaryInput{RoleName: bound, PermissionsBoundary: aws.String(administrator)})
	must(t, maria.PutRolePermissionsBoundary,
		&iam.PutRolePermissionsBoundaryInput{RoleName: free, PermissionsBoundary: aws.String(readOnly)})
	fails(t, "AccessDenied", "", maria.DeleteRolePermissionsBoundary,
		&iam.DeleteRolePermissionsBoundaryInput{RoleName: bound})
	must(t, maria.DeleteRole, &iam.DeleteRoleInput{RoleName: bound})
}
