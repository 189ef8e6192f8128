package stsapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func TestASessionTokenIsGoodForIAMOnlyWithMFA(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice", allow("iam:ListUsers", "*"))
	serial, seed := w.device("alice")
	token := func(serial, code *string) (aws.Config, error) {
		out, err := sts.NewFromConfig(alice).GetSessionToken(ctx, &sts.GetSessionTokenInput{
			SerialNumber: serial, TokenCode: code,
		})
		if err != nil {
			return aws.Config{}, err
		}
		return w.with(out.Credentials), nil
	}

	without, err := token(nil, nil)
	w.must(err)
	wantError(t, canList(without), "InvalidClientTokenId", "The security token included in the request is invalid.")

	w.turn(30 * time.Second)
	code := w.code(seed)
	with, err := token(&serial, &code)
	w.must(err)
	w.must(canList(with))

	// A code is good once, of several calls at the same moment for one.
	w.turn(30 * time.Second)
	code = w.code(seed)
	results := make(chan error, 8)
	for range cap(results) {
		go func() { _, err := token(&serial, &code); results <- err }()
	}
	good := 0
	for range cap(results) {
		if err := <-results; err == nil {
			good++
		} else {
			wantError(t, err, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
		}
	}
	if good != 1 {
		t.Errorf("a code was good %d times", good)
	}
	_, err = token(&serial, &code)
	wantError(t, err, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
	_, err = token(&serial, nil)
	wantError(t, err, "AccessDenied", "must provide both MFA serial number and one time pass code")
	_, err = token(nil, &code)
	wantError(t, err, "AccessDenied", "must provide both MFA serial number and one time pass code")
	other := strings.Replace(serial, "alice", "nobody", 1)
	_, err = token(&other, &code)
	wantError(t, err, "AccessDenied", "unable to validate MFA code")
	w.user("bob")
	theirs, _ := w.device("bob")
	_, err = token(&theirs, &code)
	wantError(t, err, "AccessDenied", "unable to validate MFA code")
}

func TestCodesOfAnMFADeviceCannotBeGuessed(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	serial, seed := w.device("alice")
	w.turn(30 * time.Second)
	try := func(code string) error {
		_, err := sts.NewFromConfig(alice).GetSessionToken(ctx, &sts.GetSessionTokenInput{
			SerialNumber: &serial, TokenCode: &code,
		})
		return err
	}
	right := w.code(seed)
	wrong := strings.Map(func(r rune) rune { return '0' + (r-'0'+5)%10 }, right)
	for range 10 {
		wantError(t, try(wrong), "AccessDenied", "invalid MFA one time pass code")
	}
	wantError(t, try(right), "AccessDenied", "invalid MFA one time pass code")
	w.turn(4 * time.Minute)
	wantError(t, try(w.code(seed)), "AccessDenied", "invalid MFA one time pass code")
}

func TestARoleCanDemandMFA(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice", allow("sts:AssumeRole", "*"))
	serial, seed := w.device("alice")
	arn := w.role("r", trusting(own, "sts:AssumeRole",
		`{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}`),
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*",
			"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}`)
	_, err := assume(alice, arn)
	wantError(t, err, "AccessDenied", "sts:AssumeRole")

	w.turn(30 * time.Second)
	code := w.code(seed)
	mfa := func(in *sts.AssumeRoleInput) { in.SerialNumber, in.TokenCode = &serial, &code }
	// A call that is denied for something else does not use the code up.
	other := w.role("other", trusting(`{"Service":"lambda.amazonaws.com"}`, "sts:AssumeRole", ""))
	_, err = assume(alice, other, mfa)
	wantError(t, err, "AccessDenied", "not authorized")
	w.must(canList(w.assume(alice, arn, mfa)))
	_, err = assume(alice, arn, mfa)
	wantError(t, err, "AccessDenied", "invalid MFA one time pass code")

	// So can the session that a token with MFA is.
	w.turn(30 * time.Second)
	out, err := sts.NewFromConfig(alice).GetSessionToken(ctx, &sts.GetSessionTokenInput{
		SerialNumber: &serial, TokenCode: aws.String(w.code(seed)),
	})
	w.must(err)
	w.assume(w.with(out.Credentials), arn)
	w.turn(61 * time.Second)
	_, err = assume(w.with(out.Credentials), arn)
	wantError(t, err, "AccessDenied", "sts:AssumeRole")
}

func TestAFederatedUserMayDoWhatCallerAndSessionPoliciesAllow(t *testing.T) {
	w := newWorld(t)
	arn := "arn:aws:sts::" + account + ":federated-user/"
	alice := w.user("alice", allow("sts:GetFederationToken", arn+"carol"), allow("sts:TagSession", arn+"*"),
		allow("organizations:Describe* iam:*", "*"))
	in := &sts.GetFederationTokenInput{
		Name: aws.String("carol"), Policy: aws.String(allow("organizations:*", "*")),
		Tags: []types.Tag{tag("team", "red")},
	}
	out, err := sts.NewFromConfig(alice).GetFederationToken(ctx, in)
	w.must(err)
	if *out.FederatedUser.Arn != arn+"carol" || *out.FederatedUser.FederatedUserId != account+":carol" ||
		*out.PackedPolicySize < 1 {
		t.Errorf("got %+v", out.FederatedUser)
	}
	if life := out.Credentials.Expiration.Sub(w.now()); life > 12*time.Hour || life < 12*time.Hour-time.Minute {
		t.Errorf("lasts %v", life)
	}
	// Neither IAM nor, with one exception, STS.
	wantError(t, canList(w.with(out.Credentials)), "InvalidClientTokenId", "")
	_, err = assume(w.with(out.Credentials), "arn:aws:iam::"+account+":role/r")
	wantError(t, err, "AccessDenied", "Cannot call AssumeRole with session credentials")

	// Without session policies there is nothing that it may do.
	org := func(c *types.Credentials) error {
		_, err := organizations.NewFromConfig(w.with(c)).DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
		return err
	}
	wantError(t, org(out.Credentials), "AWSOrganizationsNotInUseException", "")
	bare, err := sts.NewFromConfig(alice).GetFederationToken(ctx, &sts.GetFederationTokenInput{
		Name: aws.String("carol"),
	})
	w.must(err)
	wantError(t, org(bare.Credentials), "AccessDeniedException",
		"no session policy allows the organizations:DescribeOrganization action")

	in.Name = aws.String("dave")
	_, err = sts.NewFromConfig(alice).GetFederationToken(ctx, in)
	wantError(t, err, "AccessDenied", "sts:GetFederationToken on resource: "+arn+"dave")
	in.Policy = aws.String("{")
	in.Name = aws.String("carol")
	_, err = sts.NewFromConfig(alice).GetFederationToken(ctx, in)
	wantError(t, err, "MalformedPolicyDocument", "")
	in.Policy, in.Tags = nil, []types.Tag{tag("a", "1"), tag("A", "1")}
	_, err = sts.NewFromConfig(alice).GetFederationToken(ctx, in)
	wantError(t, err, "InvalidParameterValue", "Duplicate tag keys found")
	_, err = sts.NewFromConfig(w.user("bob")).GetFederationToken(ctx, &sts.GetFederationTokenInput{
		Name: aws.String("carol"),
	})
	wantError(t, err, "AccessDenied", "sts:GetFederationToken")
}

func TestTheRootUsersSessionsLastAnHour(t *testing.T) {
	w := newWorld(t)
	token, err := w.STS().GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(129600)})
	w.must(err)
	federated, err := w.STS().GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("carol")})
	w.must(err)
	for _, c := range []*types.Credentials{token.Credentials, federated.Credentials} {
		if life := c.Expiration.Sub(w.now()); life > time.Hour || life < 59*time.Minute {
			t.Errorf("lasts %v", life)
		}
	}
	if arn, _ := w.whoAmI(w.with(token.Credentials)); arn != "arn:aws:iam::"+account+":root" {
		t.Errorf("got %s", arn)
	}
}

func TestSessionsCannotAskForMoreOfTheirKind(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice", allow("sts:*", "*"))
	arn := w.role("r", trusting(own, "sts:AssumeRole", ""), allow("sts:*", "*"))
	out, err := sts.NewFromConfig(alice).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	for _, who := range []aws.Config{w.assume(alice, arn), w.with(out.Credentials)} {
		_, err = sts.NewFromConfig(who).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
		wantError(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
		_, err = sts.NewFromConfig(who).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("carol")})
		wantError(t, err, "AccessDenied", "Cannot call GetFederationToken with session credentials")
	}
	// A user's session may assume roles.
	w.assume(w.with(out.Credentials), arn)
}

func TestASessionEndsWithItsUser(t *testing.T) {
	w := newWorld(t)
	name := aws.String("alice")
	alice := w.user("alice")
	out, err := sts.NewFromConfig(alice).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	keys, err := w.IAM().ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: name})
	w.must(err)
	_, err = w.IAM().DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{
		UserName: name, AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId,
	})
	w.must(err)
	_, err = w.IAM().DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	w.must(err)
	w.user("alice")
	_, err = sts.NewFromConfig(w.with(out.Credentials)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wantError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
}
