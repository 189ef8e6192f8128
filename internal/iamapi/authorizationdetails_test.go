package iamapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

// entities are the names in the answer, by kind and in its order.
func entities(out *iam.GetAccountAuthorizationDetailsOutput) (all []string) {
	for _, u := range out.UserDetailList {
		all = append(all, "user:"+*u.UserName)
	}
	for _, g := range out.GroupDetailList {
		all = append(all, "group:"+*g.GroupName)
	}
	for _, r := range out.RoleDetailList {
		all = append(all, "role:"+*r.RoleName)
	}
	for _, p := range out.Policies {
		all = append(all, "policy:"+*p.PolicyName)
	}
	return all
}

func TestAccountAuthorizationDetails(t *testing.T) {
	c := writtest.New(t).IAM()
	own := must(t, c.CreatePolicy, newPolicy("Own")).Policy.Arn
	must(t, c.CreatePolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: own, PolicyDocument: aws.String(anything)})
	for _, name := range []string{"a", "b"} {
		must(t, c.CreateUser, &iam.CreateUserInput{UserName: &name, Tags: tagged("k=v")})
		must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: &name})
		must(t, c.CreateRole, newRole(name))
		for _, h := range holders(t, c, name) {
			answers(t, "attach", "", h.attach(readOnly))
			answers(t, "put", "", h.put("inline", anything))
		}
	}
	must(t, c.AddUserToGroup, &iam.AddUserToGroupInput{UserName: aws.String("a"), GroupName: aws.String("b")})
	must(t, c.PutRolePermissionsBoundary,
		&iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("a"), PermissionsBoundary: own})
	must(t, c.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("box")})
	must(t, c.AddRoleToInstanceProfile,
		&iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("box"), RoleName: aws.String("a")})

	for _, test := range []struct {
		filter []types.EntityType
		want   string
	}{
		{nil, "user:a user:b group:a group:b role:a role:b policy:Own policy:ReadOnlyAccess"},
		{[]types.EntityType{types.EntityTypeRole, types.EntityTypeUser}, "user:a user:b role:a role:b"},
		{[]types.EntityType{types.EntityTypeGroup}, "group:a group:b"},
		{[]types.EntityType{types.EntityTypeLocalManagedPolicy}, "policy:Own"},
		{[]types.EntityType{types.EntityTypeAWSManagedPolicy}, "policy:ReadOnlyAccess"},
	} {
		pages(t, "details", func(marker *string, one *int32) result {
			out := must(t, c.GetAccountAuthorizationDetails,
				&iam.GetAccountAuthorizationDetailsInput{Filter: test.filter, Marker: marker, MaxItems: one})
			return result{entities(out), out.Marker, out.IsTruncated}
		}, strings.Fields(test.want)...)
	}

	out := must(t, c.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{})
	user, role, policy := out.UserDetailList[0], out.RoleDetailList[0], out.Policies[0]
	if strings.Join(user.GroupList, " ") != "b" || written(user.Tags) != "k=v" ||
		*user.AttachedManagedPolicies[0].PolicyArn != readOnly ||
		decoded(t, user.UserPolicyList[0].PolicyDocument) != anything {
		t.Errorf("user %+v", user)
	}
	if decoded(t, role.AssumeRolePolicyDocument) != ec2Trust || *role.PermissionsBoundary.PermissionsBoundaryArn != *own ||
		role.RoleLastUsed == nil ||
		*role.InstanceProfileList[0].InstanceProfileName != "box" ||
		*role.InstanceProfileList[0].Roles[0].RoleName != "a" {
		t.Errorf("role %+v", role)
	}
	if group := out.GroupDetailList[0]; *group.AttachedManagedPolicies[0].PolicyName != "ReadOnlyAccess" || *group.GroupPolicyList[0].PolicyName != "inline" {
		t.Errorf("group %+v", group)
	}
	if len(policy.PolicyVersionList) != 2 || *policy.PolicyVersionList[0].VersionId != "v2" ||
		*policy.PermissionsBoundaryUsageCount != 1 ||
		decoded(t, policy.PolicyVersionList[1].Document) != anything {
		t.Errorf("policy %+v", policy)
	}
	if theirs := out.Policies[1]; *theirs.AttachmentCount != 6 || len(theirs.PolicyVersionList) != 1 || !theirs.PolicyVersionList[0].IsDefaultVersion ||
		!strings.Contains(decoded(t, theirs.PolicyVersionList[0].Document), "Statement") {
		t.Errorf("policy of AWS: %d attachments", *theirs.AttachmentCount)
	}
	fails(t, "ValidationError", "Marker", c.GetAccountAuthorizationDetails,
		&iam.GetAccountAuthorizationDetailsInput{Marker: aws.String("!")})
}
