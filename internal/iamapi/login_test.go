package iamapi_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/writtest"
)

func TestLoginProfile(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	alice := aws.String("alice")
	own := newUser(t, s, "alice", allOfIAM)
	const missing = "Login Profile for User alice cannot be found."
	fails(t, "NoSuchEntity", missing, c.GetLoginProfile, &iam.GetLoginProfileInput{UserName: alice})
	fails(t, "NoSuchEntity", missing, c.UpdateLoginProfile, &iam.UpdateLoginProfileInput{
		UserName: alice, Password: aws.String("Abcdefg1"),
	})
	fails(t, "NoSuchEntity", missing, c.DeleteLoginProfile, &iam.DeleteLoginProfileInput{UserName: alice})
	fails(t, "NoSuchEntity", missing, own.ChangePassword, &iam.ChangePasswordInput{
		OldPassword: aws.String("x"), NewPassword: aws.String("x"),
	})
	fails(t, "PasswordPolicyViolation", "Password does not conform to the account password policy.", c.CreateLoginProfile,
		&iam.CreateLoginProfileInput{UserName: alice, Password: aws.String("short1A")})
	fails(t, "ValidationError", "Must specify userName", c.CreateLoginProfile, &iam.CreateLoginProfileInput{
		Password: aws.String("Abcdefg1"),
	})
	fails(t, "ValidationError", "Password", c.CreateLoginProfile, &iam.CreateLoginProfileInput{UserName: alice})

	made := must(t, c.CreateLoginProfile, &iam.CreateLoginProfileInput{
		UserName: alice, Password: aws.String("Abcdefg1"), PasswordResetRequired: true,
	}).LoginProfile
	got := must(t, own.GetLoginProfile, &iam.GetLoginProfileInput{}).LoginProfile // the caller's
	if *got.UserName != "alice" || !got.PasswordResetRequired || !got.CreateDate.Equal(*made.CreateDate) {
		t.Errorf("made %+v, got %+v", made, got)
	}
	fails(t, "EntityAlreadyExists", "Login Profile for user alice already exists.", c.CreateLoginProfile,
		&iam.CreateLoginProfileInput{UserName: alice, Password: aws.String("Abcdefg1")})
	must(t, c.UpdateLoginProfile, &iam.UpdateLoginProfileInput{UserName: alice, PasswordResetRequired: aws.Bool(false)})
	if got := must(t, c.GetLoginProfile,
		&iam.GetLoginProfileInput{UserName: alice}).LoginProfile; got.PasswordResetRequired {
		t.Errorf("got %+v", got)
	}
	fails(t, "DeleteConflict", "must delete", c.DeleteUser, &iam.DeleteUserInput{UserName: alice})
	must(t, own.DeleteLoginProfile, &iam.DeleteLoginProfileInput{})
}

func TestPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	alice := newUser(t, s, "alice", allOfIAM)
	change := func(from, to string) *iam.ChangePasswordInput {
		return &iam.ChangePasswordInput{OldPassword: &from, NewPassword: &to}
	}
	must(t, c.CreateLoginProfile, &iam.CreateLoginProfileInput{
		UserName: aws.String("alice"), Password: aws.String("Abcdefg1"), PasswordResetRequired: true,
	})
	must(t, c.UpdateAccountPasswordPolicy, &iam.UpdateAccountPasswordPolicyInput{PasswordReusePrevention: aws.Int32(2)})
	fails(t, "InvalidUserType", "Only IAM Users", c.ChangePassword, change("Abcdefg1", "Abcdefg2"))
	fails(t, "AccessDenied", "old password", alice.ChangePassword, change("Abcdefg2", "Abcdefg3"))
	fails(t, "PasswordPolicyViolation", "Password does not conform", alice.ChangePassword, change("Abcdefg1", "short"))
	fails(t, "PasswordPolicyViolation", "Password does not conform", alice.ChangePassword, change("Abcdefg1", "Abcdefg1"))
	must(t, alice.ChangePassword, change("Abcdefg1", "Abcdefg2"))
	fails(t, "PasswordPolicyViolation", "Password does not conform", alice.ChangePassword, change("Abcdefg2", "Abcdefg1"))
	fails(t, "PasswordPolicyViolation", "Password does not conform", c.UpdateLoginProfile,
		&iam.UpdateLoginProfileInput{UserName: aws.String("alice"), Password: aws.String("Abcdefg1")})
	must(t, alice.ChangePassword, change("Abcdefg2", "Abcdefg3"))
	must(t, alice.ChangePassword, change("Abcdefg3", "Abcdefg1")) // two others since
	if got := must(t, c.GetLoginProfile,
		&iam.GetLoginProfileInput{UserName: aws.String("alice")}).LoginProfile; got.PasswordResetRequired {
		t.Error("the user must change the password once more")
	}
}

func TestPasswordPolicyLetsUsersChangeTheirOwnPasswords(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	alice := newUser(t, s, "alice", "")
	mallory := newUser(t, s, "mallory",
		`{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iam:ChangePassword", "Resource": "*"}}`)
	change := &iam.ChangePasswordInput{OldPassword: aws.String("Abcdefg1"), NewPassword: aws.String("Abcdefg2")}
	for _, name := range []string{"alice", "mallory"} {
		must(t, c.CreateLoginProfile, &iam.CreateLoginProfileInput{UserName: &name, Password: change.OldPassword})
	}
	must(t, c.UpdateAccountPasswordPolicy, &iam.UpdateAccountPasswordPolicyInput{AllowUsersToChangePassword: false})
	fails(t, "AccessDenied", "iam:ChangePassword", alice.ChangePassword, change)
	must(t, c.UpdateAccountPasswordPolicy, &iam.UpdateAccountPasswordPolicyInput{AllowUsersToChangePassword: true})
	must(t, alice.ChangePassword, change)
	must(t, alice.GetAccountPasswordPolicy, &iam.GetAccountPasswordPolicyInput{})
	fails(t, "AccessDenied", "explicit deny", mallory.ChangePassword, change)
}
