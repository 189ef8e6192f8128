package iamapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/writtest"
)

func TestUserWithoutPoliciesIsDeniedByActionAndResource(t *testing.T) {
	s := writtest.New(t)
	root := s.IAM()
	must(t, root.CreateUser, &iam.CreateUserInput{UserName: aws.String("bob"), Path: aws.String("/dev/")})
	must(t, root.CreateGroup, &iam.CreateGroupInput{GroupName: aws.String("devs"), Path: aws.String("/dev/")})
	alice := newUser(t, s, "alice", "")
	key := must(t, root.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: aws.String("bob")}).AccessKey.AccessKeyId

	const arn = "arn:aws:iam::" + writtest.Account + ":"
	const self, bob, devs = arn + "user/alice", arn + "user/dev/bob", arn + "group/dev/devs"
	const device, cert = arn + "mfa/phone", arn + "server-certificate/web"
	name, group, code := aws.String("bob"), aws.String("devs"), aws.String("123456")
	id := aws.String("ACCA12345678901234567")
	tags, keys := []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}, []string{"k"}
	serial, password, service := aws.String(device), aws.String("Secret-123"), aws.String("codecommit.amazonaws.com")
	active := types.StatusTypeActive
	for _, test := range []struct {
		action, resource string
		call             func() error
	}{
		{"CreateUser", arn + "user/x/carol",
			try(alice.CreateUser, &iam.CreateUserInput{UserName: aws.String("carol"), Path: aws.String("/x/")})},
		{"GetUser", bob, try(alice.GetUser, &iam.GetUserInput{UserName: name})},
		{"GetUser", self, try(alice.GetUser, &iam.GetUserInput{})},
		{"GetUser", arn + "user/nobody", try(alice.GetUser, &iam.GetUserInput{UserName: aws.String("nobody")})},
		{"ListUsers", arn + "user/", try(alice.ListUsers, &iam.ListUsersInput{})},
		{"ListUsers", arn + "user/dev/", try(alice.ListUsers, &iam.ListUsersInput{PathPrefix: aws.String("/dev/")})},
		{"UpdateUser", bob, try(alice.UpdateUser, &iam.UpdateUserInput{UserName: name, NewUserName: aws.String("rob")})},
		{"DeleteUser", bob, try(alice.DeleteUser, &iam.DeleteUserInput{UserName: name})},
		{"TagUser", bob, try(alice.TagUser, &iam.TagUserInput{UserName: name, Tags: tags})},
		{"UntagUser", bob, try(alice.UntagUser, &iam.UntagUserInput{UserName: name, TagKeys: keys})},
		{"ListUserTags", bob, try(alice.ListUserTags, &iam.ListUserTagsInput{UserName: name})},

		{"CreateGroup", arn + "group/x", try(alice.CreateGroup, &iam.CreateGroupInput{GroupName: aws.String("x")})},
		{"GetGroup", devs, try(alice.GetGroup, &iam.GetGroupInput{GroupName: group})},
		{"ListGroups", arn + "group/", try(alice.ListGroups, &iam.ListGroupsInput{})},
		{"UpdateGroup", devs, try(alice.UpdateGroup, &iam.UpdateGroupInput{GroupName: group})},
		{"DeleteGroup", devs, try(alice.DeleteGroup, &iam.DeleteGroupInput{GroupName: group})},
		{"AddUserToGroup", devs, try(alice.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: group, UserName: name})},
		{"RemoveUserFromGroup", devs,
			try(alice.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{GroupName: group, UserName: name})},
		{"ListGroupsForUser", bob, try(alice.ListGroupsForUser, &iam.ListGroupsForUserInput{UserName: name})},

		{"CreateAccessKey", self, try(alice.CreateAccessKey, &iam.CreateAccessKeyInput{})},
		{"ListAccessKeys", self, try(alice.ListAccessKeys, &iam.ListAccessKeysInput{})},
		{"UpdateAccessKey", bob,
			try(alice.UpdateAccessKey, &iam.UpdateAccessKeyInput{UserName: name, AccessKeyId: key, Status: active})},
		{"DeleteAccessKey", bob, try(alice.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: key})},
		{"GetAccessKeyLastUsed", bob, try(alice.GetAccessKeyLastUsed, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key})},

		{"CreateLoginProfile", bob,
			try(alice.CreateLoginProfile, &iam.CreateLoginProfileInput{UserName: name, Password: password})},
		{"GetLoginProfile", self, try(alice.GetLoginProfile, &iam.GetLoginProfileInput{})},
		{"UpdateLoginProfile", bob, try(alice.UpdateLoginProfile, &iam.UpdateLoginProfileInput{UserName: name})},
		{"DeleteLoginProfile", self, try(alice.DeleteLoginProfile, &iam.DeleteLoginProfileInput{})},
		{"ChangePassword", self,
			try(alice.ChangePassword, &iam.ChangePasswordInput{OldPassword: password, NewPassword: password})},
		{"UpdateAccountPasswordPolicy", "*", try(alice.UpdateAccountPasswordPolicy, &iam.UpdateAccountPasswordPolicyInput{})},
		{"GetAccountPasswordPolicy", "*", try(alice.GetAccountPasswordPolicy, &iam.GetAccountPasswordPolicyInput{})},
		{"DeleteAccountPasswordPolicy", "*", try(alice.DeleteAccountPasswordPolicy, &iam.DeleteAccountPasswordPolicyInput{})},
		{"CreateAccountAlias", "*",
			try(alice.CreateAccountAlias, &iam.CreateAccountAliasInput{AccountAlias: aws.String("acme")})},
		{"ListAccountAliases", "*", try(alice.ListAccountAliases, &iam.ListAccountAliasesInput{})},
		{"DeleteAccountAlias", "*",
			try(alice.DeleteAccountAlias, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("acme")})},
		{"GetAccountSummary", "*", try(alice.GetAccountSummary, &iam.GetAccountSummaryInput{})},
		{"SetSecurityTokenServicePreferences", "*", try(alice.SetSecurityTokenServicePreferences,
			&iam.SetSecurityTokenServicePreferencesInput{GlobalEndpointTokenVersion: types.GlobalEndpointTokenVersionV2Token})},
		{"GenerateCredentialReport", "*", try(alice.GenerateCredentialReport, &iam.GenerateCredentialReportInput{})},
		{"GetCredentialReport", "*", try(alice.GetCredentialReport, &iam.GetCredentialReportInput{})},

		{"CreateVirtualMFADevice", device,
			try(alice.CreateVirtualMFADevice, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})},
		{"DeleteVirtualMFADevice", device,
			try(alice.DeleteVirtualMFADevice, &iam.DeleteVirtualMFADeviceInput{SerialNumber: serial})},
		{"EnableMFADevice", bob, try(alice.EnableMFADevice,
			&iam.EnableMFADeviceInput{UserName: name, SerialNumber: serial, AuthenticationCode1: code,
				AuthenticationCode2: code})},
		{"ResyncMFADevice", bob, try(alice.ResyncMFADevice,
			&iam.ResyncMFADeviceInput{UserName: name, SerialNumber: serial, AuthenticationCode1: code,
				AuthenticationCode2: code})},
		{"DeactivateMFADevice", bob,
			try(alice.DeactivateMFADevice, &iam.DeactivateMFADeviceInput{UserName: name, SerialNumber: serial})},
		{"ListMFADevices", self, try(alice.ListMFADevices, &iam.ListMFADevicesInput{})},
		{"ListVirtualMFADevices", arn + "mfa/", try(alice.ListVirtualMFADevices, &iam.ListVirtualMFADevicesInput{})},
		{"GetMFADevice", bob, try(alice.GetMFADevice, &iam.GetMFADeviceInput{UserName: name, SerialNumber: serial})},
		{"TagMFADevice", device, try(alice.TagMFADevice, &iam.TagMFADeviceInput{SerialNumber: serial, Tags: tags})},
		{"UntagMFADevice", device, try(alice.UntagMFADevice, &iam.UntagMFADeviceInput{SerialNumber: serial, TagKeys: keys})},
		{"ListMFADeviceTags", device, try(alice.ListMFADeviceTags, &iam.ListMFADeviceTagsInput{SerialNumber: serial})},

		{"UploadSSHPublicKey", bob,
			try(alice.UploadSSHPublicKey, &iam.UploadSSHPublicKeyInput{UserName: name, SSHPublicKeyBody: aws.String("x")})},
		{"GetSSHPublicKey", bob, try(alice.GetSSHPublicKey,
			&iam.GetSSHPublicKeyInput{UserName: name, SSHPublicKeyId: id, Encoding: types.EncodingTypeSsh})},
		{"ListSSHPublicKeys", self, try(alice.ListSSHPublicKeys, &iam.ListSSHPublicKeysInput{})},
		{"UpdateSSHPublicKey", bob,
			try(alice.UpdateSSHPublicKey, &iam.UpdateSSHPublicKeyInput{UserName: name, SSHPublicKeyId: id, Status: active})},
		{"DeleteSSHPublicKey", bob,
			try(alice.DeleteSSHPublicKey, &iam.DeleteSSHPublicKeyInput{UserName: name, SSHPublicKeyId: id})},
		{"UploadSigningCertificate", self,
			try(alice.UploadSigningCertificate, &iam.UploadSigningCertificateInput{CertificateBody: aws.String("x")})},
		{"ListSigningCertificates", self, try(alice.ListSigningCertificates, &iam.ListSigningCertificatesInput{})},
		{"UpdateSigningCertificate", bob, try(alice.UpdateSigningCertificate, &iam.UpdateSigningCertificateInput{
			UserName: name, CertificateId: aws.String(*id + *id), Status: active,
		})},
		{"DeleteSigningCertificate", bob, try(alice.DeleteSigningCertificate, &iam.DeleteSigningCertificateInput{
			UserName: name, CertificateId: aws.String(*id + *id),
		})},
		{"CreateServiceSpecificCredential", bob, try(alice.CreateServiceSpecificCredential,
			&iam.CreateServiceSpecificCredentialInput{UserName: name, ServiceName: service})},
		{"ListServiceSpecificCredentials", self,
			try(alice.ListServiceSpecificCredentials, &iam.ListServiceSpecificCredentialsInput{})},
		{"UpdateServiceSpecificCredential", bob, try(alice.UpdateServiceSpecificCredential,
			&iam.UpdateServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: id, Status: active})},
		{"ResetServiceSpecificCredential", bob, try(alice.ResetServiceSpecificCredential,
			&iam.ResetServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: id})},
		{"DeleteServiceSpecificCredential", bob, try(alice.DeleteServiceSpecificCredential,
			&iam.DeleteServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: id})},

		{"UploadServerCertificate", cert, try(alice.UploadServerCertificate, &iam.UploadServerCertificateInput{
			ServerCertificateName: aws.String("web"), CertificateBody: aws.String("x"), PrivateKey: aws.String("x"),
		})},
		{"GetServerCertificate", cert,
			try(alice.GetServerCertificate, &iam.GetServerCertificateInput{ServerCertificateName: aws.String("web")})},
		{"ListServerCertificates", arn + "server-certificate/",
			try(alice.ListServerCertificates, &iam.ListServerCertificatesInput{})},
		{"UpdateServerCertificate", cert,
			try(alice.UpdateServerCertificate, &iam.UpdateServerCertificateInput{ServerCertificateName: aws.String("web")})},
		{"DeleteServerCertificate", cert,
			try(alice.DeleteServerCertificate, &iam.DeleteServerCertificateInput{ServerCertificateName: aws.String("web")})},
		{"TagServerCertificate", cert, try(alice.TagServerCertificate,
			&iam.TagServerCertificateInput{ServerCertificateName: aws.String("web"), Tags: tags})},
		{"UntagServerCertificate", cert, try(alice.UntagServerCertificate,
			&iam.UntagServerCertificateInput{ServerCertificateName: aws.String("web"), TagKeys: keys})},
		{"ListServerCertificateTags", cert, try(alice.ListServerCertificateTags,
			&iam.ListServerCertificateTagsInput{ServerCertificateName: aws.String("web")})},
	} {
		want := "User: " + self + " is not authorized to perform: iam:" + test.action + " on resource: " + test.resource + " "
		err := test.call()
		var told smithy.APIError
		if !errors.As(err, &told) || told.ErrorCode() != "AccessDenied" || !strings.HasPrefix(told.ErrorMessage(), want) {
			t.Errorf("%s: %v, want AccessDenied: %s…", test.action, err, want)
		}
	}
}

func TestTagsAndNewNamesNeedPermissionOfTheirOwn(t *testing.T) {
	s := writtest.New(t)
	alice := newUser(t, s, "alice", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["iam:CreateUser", "iam:CreateVirtualMFADevice"], "Resource": "*"},
		{"Effect": "Allow", "Action": "iam:TagUser", "Resource": "*",
			"Condition": {"StringEquals": {"aws:RequestTag/team": "red"}}},
		{"Effect": "Allow", "Action": "iam:UpdateUser", "Resource": "arn:aws:iam::*:user/team-*"}]}`)
	tag := func(value string) []types.Tag { return []types.Tag{{Key: aws.String("team"), Value: &value}} }
	must(t, alice.CreateUser, &iam.CreateUserInput{UserName: aws.String("team-1"), Tags: tag("red")})
	fails(t, "AccessDenied", "iam:TagUser", alice.CreateUser, &iam.CreateUserInput{
		UserName: aws.String("team-2"), Tags: tag("blue"),
	})
	fails(t, "AccessDenied", "iam:TagMFADevice", alice.CreateVirtualMFADevice,
		&iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("m"), Tags: tag("red")})
	must(t, alice.UpdateUser, &iam.UpdateUserInput{UserName: aws.String("team-1"), NewUserName: aws.String("team-3")})
	fails(t, "AccessDenied", "user/boss", alice.UpdateUser, &iam.UpdateUserInput{
		UserName: aws.String("team-3"), NewUserName: aws.String("boss"),
	})
	fails(t, "AccessDenied", "user/alice", alice.UpdateUser, &iam.UpdateUserInput{
		UserName: aws.String("alice"), NewUserName: aws.String("team-4"),
	})
}
