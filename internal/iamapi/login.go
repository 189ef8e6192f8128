package iamapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
)

var logins = []op.Operation{
	op.New("CreateLoginProfile", func(c *op.Call, in *api.CreateLoginProfileInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, createLoginProfile),
	op.New("GetLoginProfile", func(c *op.Call, in *api.GetLoginProfileInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, getLoginProfile),
	op.New("UpdateLoginProfile", func(c *op.Call, in *api.UpdateLoginProfileInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, updateLoginProfile),
	op.New("DeleteLoginProfile", func(c *op.Call, in *api.DeleteLoginProfileInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, deleteLoginProfile),
	op.New("ChangePassword", func(c *op.Call, _ *api.ChangePasswordInput) (op.Target, error) {
		t, err := onUser(c, nil)
		if err != nil {
			return t, err
		}
		return allowUsers(c, t)
	}, changePassword),
}

// ownPasswords is what a password policy grants that lets users change their own password: on top of their policies,
// whose denials still hold.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_enable-user-change.html
var ownPasswords = iam.NewDocument(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*",
	"Action": ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"], "Resource": "*"}}`)

// allowUsers adds what the account's password policy grants to its users.
func allowUsers(c *op.Call, t op.Target) (op.Target, error) {
	_, user := c.Caller.Entity.(*iam.User)
	if p := account(c).PasswordPolicy; !user || p == nil || !p.AllowChange {
		return t, nil
	}
	granted, err := ownPasswords.Policy(eval.Resource)
	t.Policy = granted
	return t, err
}

func loginOut(u *iam.User) *types.LoginProfile {
	return &types.LoginProfile{
		UserName: aws.String(u.Name), CreateDate: aws.Time(u.Login.Created), PasswordResetRequired: u.Login.Reset,
	}
}

func createLoginProfile(
	ctx context.Context, c *op.Call, in *api.CreateLoginProfileInput,
) (*api.CreateLoginProfileOutput, error) {
	user, err := callerOr(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if in.Password == nil {
		return nil, iam.Errorf(iam.ValidationError,
			"Password must be specified unless the call is made with an AssumeRoot session.")
	}
	if err := account(c).CheckPassword(*in.Password); err != nil {
		return nil, err
	}
	now := c.Time.Truncate(time.Second)
	l := &iam.Login{
		Hash: session.HashPassword(c.Rand, *in.Password), Created: now, Changed: now, Reset: in.PasswordResetRequired,
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateLogin(tx, c.Account(), user, l) }); err != nil {
		return nil, err
	}
	return &api.CreateLoginProfileOutput{LoginProfile: loginOut(&iam.User{Header: iam.Header{Name: user}, Login: l})}, nil
}

func getLoginProfile(_ context.Context, c *op.Call, in *api.GetLoginProfileInput) (*api.GetLoginProfileOutput, error) {
	u, err := userOrCaller(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if u.Login == nil {
		return nil, iam.NoLogin(u.Name)
	}
	return &api.GetLoginProfileOutput{LoginProfile: loginOut(u)}, nil
}

func updateLoginProfile(
	ctx context.Context, c *op.Call, in *api.UpdateLoginProfileInput,
) (*api.UpdateLoginProfileOutput, error) {
	u, err := c.User(*in.UserName)
	if err != nil {
		return nil, err
	}
	return &api.UpdateLoginProfileOutput{}, updateLogin(ctx, c, u, in.Password, in.PasswordResetRequired)
}

// updateLogin changes a user's password, if there is a new one, as the account's password policy allows.
func updateLogin(ctx context.Context, c *op.Call, u *iam.User, password *string, reset *bool) error {
	if u.Login == nil {
		return iam.NoLogin(u.Name)
	}
	change := iam.LoginChange{Was: u.Login.Hash, Time: c.Time.Truncate(time.Second), Reset: reset}
	if password != nil {
		a := account(c)
		if err := a.CheckPassword(*password); err != nil {
			return err
		}
		if err := a.CheckReuse(u.Login,
			func(hash string) bool { return session.VerifyPassword(hash, *password) }); err != nil {
			return err
		}
		change.Hash = session.HashPassword(c.Rand, *password)
	}
	return c.Update(ctx, func(tx iam.Txn) error { return iam.UpdateLogin(tx, c.Account(), u.Name, change) })
}

func deleteLoginProfile(
	ctx context.Context, c *op.Call, in *api.DeleteLoginProfileInput,
) (*api.DeleteLoginProfileOutput, error) {
	user, err := callerOr(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &api.DeleteLoginProfileOutput{}, c.Update(ctx,
		func(tx iam.Txn) error { return iam.DeleteLogin(tx, c.Account(), user) })
}

func changePassword(ctx context.Context, c *op.Call, in *api.ChangePasswordInput) (*api.ChangePasswordOutput, error) {
	u, ok := c.Caller.Entity.(*iam.User)
	if !ok {
		return nil, iam.Errorf(iam.InvalidUserType, "Only IAM Users can change their own password.")
	}
	if u.Login == nil {
		return nil, iam.NoLogin(u.Name)
	}
	if !session.VerifyPassword(u.Login.Hash, *in.OldPassword) {
		return nil, iam.Errorf(iam.AccessDenied, "The old password was incorrect.")
	}
	return &api.ChangePasswordOutput{}, updateLogin(ctx, c, u, in.NewPassword, aws.Bool(false))
}
