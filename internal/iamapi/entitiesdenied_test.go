package iamapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/writtest"
)

func TestUserWithoutPoliciesIsDeniedWhatConcernsRolesAndPolicies(t *testing.T) {
	s := writtest.New(t)
	root, app := s.IAM(), aws.String("/app/")
	name := aws.String("x")
	must(t, root.CreateUser, &iam.CreateUserInput{UserName: name, Path: app})
	must(t, root.CreateGroup, &iam.CreateGroupInput{GroupName: name, Path: app})
	in := newRole("x")
	in.Path = app
	must(t, root.CreateRole, in)
	made := newPolicy("x")
	made.Path = app
	own := must(t, root.CreatePolicy, made).Policy.Arn
	alice := newUser(t, s, "alice", "")

	const arn = "arn:aws:iam::" + writtest.Account + ":"
	const role, user, group, policy = arn + "role/app/x", arn + "user/app/x", arn + "group/app/x", arn + "policy/app/x"
	doc, v1, theirs := aws.String(ec2Trust), aws.String("v1"), aws.String(readOnly)
	tags, keys, thumbprints := tagged("k=v"), []string{"k"}, []string{strings.Repeat("a", 40)}
	oidc, saml := aws.String(arn+"oidc-provider/idp.example.com"), aws.String(arn+"saml-provider/idp")
	for _, test := range []struct {
		action, resource string
		call             func() error
	}{
		{"GetRole", role, try(alice.GetRole, &iam.GetRoleInput{RoleName: name})},
		{"UpdateRole", role, try(alice.UpdateRole, &iam.UpdateRoleInput{RoleName: name})},
		{"UpdateRoleDescription", role,
			try(alice.UpdateRoleDescription, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: name})},
		{"UpdateAssumeRolePolicy", role,
			try(alice.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: doc})},
		{"DeleteRole", role, try(alice.DeleteRole, &iam.DeleteRoleInput{RoleName: name})},
		{"TagRole", role, try(alice.TagRole, &iam.TagRoleInput{RoleName: name, Tags: tags})},
		{"UntagRole", role, try(alice.UntagRole, &iam.UntagRoleInput{RoleName: name, TagKeys: keys})},
		{"ListRoleTags", role, try(alice.ListRoleTags, &iam.ListRoleTagsInput{RoleName: name})},
		{"PutRolePermissionsBoundary", role,
			try(alice.PutRolePermissionsBoundary,
				&iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: theirs})},
		{"DeleteRolePermissionsBoundary", role,
			try(alice.DeleteRolePermissionsBoundary, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})},
		{"PutRolePolicy", role,
			try(alice.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: doc})},
		{"GetRolePolicy", role, try(alice.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: name, PolicyName: name})},
		{"DeleteRolePolicy", role,
			try(alice.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: name})},
		{"ListRolePolicies", role, try(alice.ListRolePolicies, &iam.ListRolePoliciesInput{RoleName: name})},
		{"AttachRolePolicy", role,
			try(alice.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: theirs})},
		{"DetachRolePolicy", role,
			try(alice.DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: theirs})},
		{"ListAttachedRolePolicies", role,
			try(alice.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: name})},
		{"ListInstanceProfilesForRole", role,
			try(alice.ListInstanceProfilesForRole, &iam.ListInstanceProfilesForRoleInput{RoleName: name})},
		{"DeleteServiceLinkedRole", role,
			try(alice.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: name})},
		{"CreateRole", arn + "role/new",
			try(alice.CreateRole, &iam.CreateRoleInput{RoleName: aws.String("new"), AssumeRolePolicyDocument: doc})},
		{"ListRoles", arn + "role/app/", try(alice.ListRoles, &iam.ListRolesInput{PathPrefix: aws.String("/app/")})},
		{"PutUserPermissionsBoundary", user,
			try(alice.PutUserPermissionsBoundary,
				&iam.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: theirs})},
		{"DeleteUserPermissionsBoundary", user,
			try(alice.DeleteUserPermissionsBoundary, &iam.DeleteUserPermissionsBoundaryInput{UserName: name})},
		{"PutUserPolicy", user,
			try(alice.PutUserPolicy, &iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: doc})},
		{"GetUserPolicy", user, try(alice.GetUserPolicy, &iam.GetUserPolicyInput{UserName: name, PolicyName: name})},
		{"DeleteUserPolicy", user,
			try(alice.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: name, PolicyName: name})},
		{"ListUserPolicies", user, try(alice.ListUserPolicies, &iam.ListUserPoliciesInput{UserName: name})},
		{"AttachUserPolicy", user,
			try(alice.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: theirs})},
		{"DetachUserPolicy", user,
			try(alice.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: theirs})},
		{"ListAttachedUserPolicies", user,
			try(alice.ListAttachedUserPolicies, &iam.ListAttachedUserPoliciesInput{UserName: name})},
		{"PutGroupPolicy", group,
			try(alice.PutGroupPolicy,
				&iam.PutGroupPolicyInput{GroupName: name, PolicyName: name, PolicyDocument: doc})},
		{"GetGroupPolicy", group, try(alice.GetGroupPolicy,
			&iam.GetGroupPolicyInput{GroupName: name, PolicyName: name})},
		{"DeleteGroupPolicy", group,
			try(alice.DeleteGroupPolicy, &iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: name})},
		{"ListGroupPolicies", group, try(alice.ListGroupPolicies, &iam.ListGroupPoliciesInput{GroupName: name})},
		{"AttachGroupPolicy", group,
			try(alice.AttachGroupPolicy, &iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: theirs})},
		{"DetachGroupPolicy", group,
			try(alice.DetachGroupPolicy, &iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: theirs})},
		{"ListAttachedGroupPolicies", group,
			try(alice.ListAttachedGroupPolicies, &iam.ListAttachedGroupPoliciesInput{GroupName: name})},
		{"CreatePolicy", policy,
			try(alice.CreatePolicy,
				&iam.CreatePolicyInput{PolicyName: name, PolicyDocument: doc, Path: aws.String("/app/")})},
		{"GetPolicy", policy, try(alice.GetPolicy, &iam.GetPolicyInput{PolicyArn: own})},
		{"CreatePolicyVersion", policy,
			try(alice.CreatePolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: own, PolicyDocument: doc})},
		{"GetPolicyVersion", policy,
			try(alice.GetPolicyVersion, &iam.GetPolicyVersionInput{PolicyArn: own, VersionId: v1})},
		{"ListPolicyVersions", policy, try(alice.ListPolicyVersions, &iam.ListPolicyVersionsInput{PolicyArn: own})},
		{"SetDefaultPolicyVersion", policy,
			try(alice.SetDefaultPolicyVersion, &iam.SetDefaultPolicyVersionInput{PolicyArn: own, VersionId: v1})},
		{"DeletePolicyVersion", policy,
			try(alice.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: own, VersionId: v1})},
		{"DeletePolicy", policy, try(alice.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: own})},
		{"TagPolicy", policy, try(alice.TagPolicy, &iam.TagPolicyInput{PolicyArn: own, Tags: tags})},
		{"UntagPolicy", policy, try(alice.UntagPolicy, &iam.UntagPolicyInput{PolicyArn: own, TagKeys: keys})},
		{"ListPolicyTags", policy, try(alice.ListPolicyTags, &iam.ListPolicyTagsInput{PolicyArn: own})},
		{"ListEntitiesForPolicy", policy,
			try(alice.ListEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: own})},
		{"GetPolicy", *theirs, try(alice.GetPolicy, &iam.GetPolicyInput{PolicyArn: theirs})},
		{"ListPolicies", arn + "policy/", try(alice.ListPolicies, &iam.ListPoliciesInput{})},
		{"CreateInstanceProfile", arn + "instance-profile/x",
			try(alice.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: name})},
		{"GetInstanceProfile", arn + "instance-profile/x",
			try(alice.GetInstanceProfile, &iam.GetInstanceProfileInput{InstanceProfileName: name})},
		{"DeleteInstanceProfile", arn + "instance-profile/x",
			try(alice.DeleteInstanceProfile, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})},
		{"AddRoleToInstanceProfile", arn + "instance-profile/x",
			try(alice.AddRoleToInstanceProfile,
				&iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name})},
		{"RemoveRoleFromInstanceProfile", arn + "instance-profile/x",
			try(alice.RemoveRoleFromInstanceProfile,
				&iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: name})},
		{"TagInstanceProfile", arn + "instance-profile/x",
			try(alice.TagInstanceProfile, &iam.TagInstanceProfileInput{InstanceProfileName: name, Tags: tags})},
		{"UntagInstanceProfile", arn + "instance-profile/x",
			try(alice.UntagInstanceProfile, &iam.UntagInstanceProfileInput{InstanceProfileName: name, TagKeys: keys})},
		{"ListInstanceProfileTags", arn + "instance-profile/x",
			try(alice.ListInstanceProfileTags, &iam.ListInstanceProfileTagsInput{InstanceProfileName: name})},
		{"ListInstanceProfiles", arn + "instance-profile/",
			try(alice.ListInstanceProfiles, &iam.ListInstanceProfilesInput{})},
		{"CreateServiceLinkedRole", arn + "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
			try(alice.CreateServiceLinkedRole,
				&iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("ecs.amazonaws.com")})},
		{"GetServiceLinkedRoleDeletionStatus", arn + "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
			try(alice.GetServiceLinkedRoleDeletionStatus,
				&iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: aws.String("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/u")})},
		{"CreateOpenIDConnectProvider", *oidc,
			try(alice.CreateOpenIDConnectProvider,
				&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://idp.example.com")})},
		{"GetOpenIDConnectProvider", *oidc,
			try(alice.GetOpenIDConnectProvider, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc})},
		{"DeleteOpenIDConnectProvider", *oidc,
			try(alice.DeleteOpenIDConnectProvider,
				&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc})},
		{"AddClientIDToOpenIDConnectProvider", *oidc,
			try(alice.AddClientIDToOpenIDConnectProvider,
				&iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc, ClientID: name})},
		{"RemoveClientIDFromOpenIDConnectProvider", *oidc,
			try(alice.RemoveClientIDFromOpenIDConnectProvider,
				&iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc, ClientID: name})},
		{"UpdateOpenIDConnectProviderThumbprint", *oidc,
			try(alice.UpdateOpenIDConnectProviderThumbprint,
				&iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: oidc, ThumbprintList: thumbprints})},
		{"TagOpenIDConnectProvider", *oidc,
			try(alice.TagOpenIDConnectProvider,
				&iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc, Tags: tags})},
		{"UntagOpenIDConnectProvider", *oidc,
			try(alice.UntagOpenIDConnectProvider,
				&iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc, TagKeys: keys})},
		{"ListOpenIDConnectProviderTags", *oidc,
			try(alice.ListOpenIDConnectProviderTags,
				&iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: oidc})},
		{"ListOpenIDConnectProviders", arn + "oidc-provider/",
			try(alice.ListOpenIDConnectProviders, &iam.ListOpenIDConnectProvidersInput{})},
		{"CreateSAMLProvider", *saml,
			try(alice.CreateSAMLProvider,
				&iam.CreateSAMLProviderInput{Name: aws.String("idp"), SAMLMetadataDocument: metadata("")})},
		{"GetSAMLProvider", *saml, try(alice.GetSAMLProvider, &iam.GetSAMLProviderInput{SAMLProviderArn: saml})},
		{"UpdateSAMLProvider", *saml, try(alice.UpdateSAMLProvider,
			&iam.UpdateSAMLProviderInput{SAMLProviderArn: saml})},
		{"DeleteSAMLProvider", *saml, try(alice.DeleteSAMLProvider,
			&iam.DeleteSAMLProviderInput{SAMLProviderArn: saml})},
		{"TagSAMLProvider", *saml,
			try(alice.TagSAMLProvider, &iam.TagSAMLProviderInput{SAMLProviderArn: saml, Tags: tags})},
		{"UntagSAMLProvider", *saml,
			try(alice.UntagSAMLProvider, &iam.UntagSAMLProviderInput{SAMLProviderArn: saml, TagKeys: keys})},
		{"ListSAMLProviderTags", *saml,
			try(alice.ListSAMLProviderTags, &iam.ListSAMLProviderTagsInput{SAMLProviderArn: saml})},
		{"ListSAMLProviders", arn + "saml-provider/", try(alice.ListSAMLProviders, &iam.ListSAMLProvidersInput{})},
		{"GetAccountAuthorizationDetails", "",
			try(alice.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{})},
	} {
		want := "AccessDenied: User: " + arn + "user/alice is not authorized to perform: iam:" + test.action + " "
		if test.resource != "" {
			want += "on resource: " + test.resource + " "
		}
		answers(t, test.action, want, test.call())
	}
}
