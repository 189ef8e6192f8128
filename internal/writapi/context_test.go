package writapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/writtest"
)

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"

// TestEachContextKeyDecides proves of each condition key that real, signed requests have it, with the value that AWS
// gives it: a policy that asks for this value allows the call, and one that asks for another does not. The test is in
// this package because some keys need a service that forwards requests.
func TestEachContextKeyDecides(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	w := &world{t: t, Server: writtest.NewAt(t, func() time.Time { return now })}
	c := newCast(w, now)
	const arn = "arn:aws:iam::" + account
	at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339) }
	epoch := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	externalID := c.assume(func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("x-1") })
	sourceIdentity := c.assume(func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("al") })

	for _, test := range []struct {
		operator, key string
		fits, fitsNot any
		who           aws.Config
		call          func(aws.Config) error
	}{
		{"ArnEquals", "aws:PrincipalArn", arn + ":user/alice", arn + ":role/ops", c.user, listUsers},
		{"ArnEquals", "aws:PrincipalArn", arn + ":role/ops", arn + ":user/alice", c.role, listUsers},
		{"StringEquals", "aws:PrincipalAccount", account, "444455556666", c.user, listUsers},
		{"StringEquals", "aws:PrincipalType", "User", "AssumedRole", c.user, listUsers},
		{"StringEquals", "aws:PrincipalType", "AssumedRole", "User", c.role, listUsers},
		{"Bool", "aws:PrincipalIsAWSService", "false", "true", c.user, listUsers},
		{"StringEquals", "aws:PrincipalTag/team", "red", "blue", c.user, listUsers},
		{"StringEquals", "aws:PrincipalTag/team", "blue", "red", c.role, listUsers},
		{"StringEquals", "aws:PrincipalTag/team", "red", "blue", c.mfa, listUsers},
		{"StringEquals", "aws:PrincipalTag/team", "red", "blue", c.forwarded, listUsers},
		{"StringEquals", "aws:PrincipalOrgID", c.organization, "o-another0000", c.user, listUsers},
		{"ForAnyValue:StringLike", "aws:PrincipalOrgPaths", c.organization + "/" + c.unit + "/*", "o-another0000/*", c.user, listUsers},
		{"StringEquals", "aws:ResourceOrgID", c.organization, "o-another0000", c.user, listUsers},
		{"StringEquals", "aws:ResourceAccount", account, "444455556666", c.user, getBob},
		{"StringEquals", "aws:username", "alice", "bob", c.user, listUsers},
		{"StringEquals", "aws:username", "alice", "bob", c.mfa, listUsers},
		{"Null", "aws:username", "true", "false", c.role, listUsers},
		{"StringEquals", "aws:userid", c.userID, c.roleID, c.user, listUsers},
		{"StringEquals", "aws:userid", c.roleID + ":deploy", c.roleID, c.role, listUsers},
		{"IpAddress", "aws:SourceIp", "127.0.0.0/8", "10.0.0.0/8", c.user, listUsers},
		{"DateEquals", "aws:CurrentTime", at(0), at(time.Second), c.user, listUsers},
		{"DateLessThan", "aws:CurrentTime", at(time.Second), at(0), c.user, listUsers},
		{"NumericEquals", "aws:EpochTime", epoch(0), epoch(time.Second), c.user, listUsers},
		{"Bool", "aws:SecureTransport", "false", "true", c.user, listUsers},
		{"StringLike", "aws:UserAgent", "aws-sdk-go-v2/*", "Boto3/*", c.user, listUsers},
		{"StringEquals", "aws:RequestedRegion", writtest.Region, "eu-west-1", c.user, listUsers},

		{"Null", "aws:MultiFactorAuthPresent", "true", "false", c.user, listUsers},
		{"Bool", "aws:MultiFactorAuthPresent", "false", "true", c.role, listUsers},
		{"Bool", "aws:MultiFactorAuthPresent", "true", "false", c.mfa, listUsers},
		{"NumericEquals", "aws:MultiFactorAuthAge", "0", "60", c.mfa, listUsers},
		{"Null", "aws:MultiFactorAuthAge", "true", "false", c.role, listUsers},
		{"DateEquals", "aws:TokenIssueTime", at(0), at(time.Second), c.role, listUsers},
		{"Null", "aws:TokenIssueTime", "true", "false", c.user, listUsers},
		{"StringEquals", "aws:SourceIdentity", "alice-laptop", "bob-laptop", c.role, listUsers},

		{"ForAnyValue:StringEquals", "aws:CalledVia", "cloudformation.amazonaws.com", "athena.amazonaws.com", c.forwarded, listUsers},
		{"Null", "aws:CalledVia", "true", "false", c.user, listUsers},
		{"StringEquals", "aws:CalledViaFirst", "servicecatalog.amazonaws.com", "cloudformation.amazonaws.com", c.forwarded, listUsers},
		{"StringEquals", "aws:CalledViaLast", "cloudformation.amazonaws.com", "servicecatalog.amazonaws.com", c.forwarded, listUsers},
		{"Bool", "aws:ViaAWSService", "true", "false", c.forwarded, listUsers},
		{"Bool", "aws:ViaAWSService", "false", "true", c.user, listUsers},

		{"StringEquals", "aws:RequestTag/cost", "7", "8", c.user, tagBob},
		{"StringEquals", "aws:RequestTag/app", "", "x", c.user, tagBob},
		{"ForAllValues:StringEquals", "aws:TagKeys", []string{"cost", "app"}, []string{"cost"}, c.user, tagBob},
		{"ForAnyValue:StringEquals", "aws:TagKeys", "cost", "app", c.user, untagBob},
		{"StringEquals", "aws:ResourceTag/stage", "test", "live", c.user, getBob},
		{"StringEquals", "iam:ResourceTag/stage", "test", "live", c.user, getBob},
		{"ArnEquals", "iam:PolicyARN", readOnly, administrator, c.user, attachBob},
		{"ArnEquals", "iam:PermissionsBoundary", administrator, readOnly, c.user, attachBob}, // that bob has
		{"ArnEquals", "iam:PermissionsBoundary", readOnly, administrator, c.user, boundBob},  // that bob is to have
		{"StringEqualsIfExists", "iam:PassedToService", "ec2.amazonaws.com", "lambda.amazonaws.com", c.user, c.pass},
		{"StringEquals", "iam:AWSServiceName", "autoscaling.amazonaws.com", "ec2.amazonaws.com", c.user, link},
		{"StringEquals", "organizations:PolicyType", "SERVICE_CONTROL_POLICY", "TAG_POLICY", c.user, listSCPs},

		{"StringEquals", "sts:RoleSessionName", "deploy", "alice", c.user, c.assume(nil)},
		{"StringEquals", "sts:ExternalId", "x-1", "x-2", c.user, externalID},
		{"Null", "sts:ExternalId", "true", "false", c.user, c.assume(nil)},
		{"StringEquals", "sts:SourceIdentity", "al", "bo", c.user, sourceIdentity},
		{"StringEquals", "aws:ResourceTag/team", "blue", "red", c.user, c.assume(nil)},
	} {
		name := fmt.Sprintf("%s %s %v", test.operator, test.key, test.fits)
		c.allow(test.operator, test.key, test.fits)
		if err := test.call(test.who); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c.allow(test.operator, test.key, test.fitsNot)
		var told smithy.APIError
		if err := test.call(test.who); !errors.As(err, &told) || !strings.HasPrefix(told.ErrorCode(), "AccessDenied") {
			t.Errorf("%s, but the policy asks for %v: error %v", name, test.fitsNot, err)
		}
	}
}

// A cast is who calls: a user and a role with tags, and what can be made of the user's access key.
type cast struct {
	*world
	user, role, mfa, forwarded aws.Config
	userID, roleID             string
	organization, unit         string
}

func newCast(w *world, now time.Time) *cast {
	w.t.Helper()
	c, root := &cast{world: w, user: w.user("alice", "")}, w.IAM()
	made(w, root.TagUser, &iam.TagUserInput{UserName: aws.String("alice"), Tags: tags("team", "red")})
	c.userID = *made(w, root.GetUser, &iam.GetUserInput{UserName: aws.String("alice")}).User.UserId
	c.roleID = *made(w, root.CreateRole, &iam.CreateRoleInput{
		RoleName: aws.String("ops"), Tags: tags("team", "blue"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",
			"Principal":{"AWS":"` + account + `"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}}`),
	}).Role.RoleId
	made(w, root.CreateUser, &iam.CreateUserInput{
		UserName: aws.String("bob"), Tags: tags("stage", "test"), PermissionsBoundary: aws.String(administrator),
	})
	c.organization = *made(w, w.Organizations().CreateOrganization, &organizations.CreateOrganizationInput{}).Organization.Id
	c.unit = *made(w, w.Organizations().ListRoots, &organizations.ListRootsInput{}).Roots[0].Id
	c.allow("Null", "aws:CurrentTime", "false") // everything

	assumed, err := sts.NewFromConfig(c.user).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(opsARN), RoleSessionName: aws.String("deploy"), SourceIdentity: aws.String("alice-laptop"),
	})
	w.must(err)
	c.role = w.Config(*assumed.Credentials.AccessKeyId, *assumed.Credentials.SecretAccessKey, *assumed.Credentials.SessionToken)

	d := made(w, root.CreateVirtualMFADevice, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("d")}).VirtualMFADevice
	code := func(ahead int64) *string {
		return aws.String(session.TOTP(string(d.Base32StringSeed), session.TOTPCounter(now)+ahead))
	}
	made(w, root.EnableMFADevice, &iam.EnableMFADeviceInput{
		UserName: aws.String("alice"), SerialNumber: d.SerialNumber, AuthenticationCode1: code(-1), AuthenticationCode2: code(0),
	})
	token, err := sts.NewFromConfig(c.user).GetSessionToken(ctx, &sts.GetSessionTokenInput{
		SerialNumber: d.SerialNumber, TokenCode: code(1),
	})
	w.must(err)
	c.mfa = w.Config(*token.Credentials.AccessKeyId, *token.Credentials.SecretAccessKey, *token.Credentials.SessionToken)

	c.forwarded = c.user
	for _, name := range []string{"servicecatalog", "cloudformation"} {
		out, err := w.forward(w.register(name+".amazonaws.com"), w.received(newBackend(w.t), c.forwarded, name, time.Now()))
		w.must(err)
		c.forwarded = w.with(out.Credentials)
	}
	return c
}

// allow gives the user and the role a policy that allows everything under a condition.
func (c *cast) allow(operator, key string, value any) {
	c.t.Helper()
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{
		"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": map[string]any{operator: map[string]any{key: value}},
	}})
	c.must(err)
	policy, document := aws.String("p"), aws.String(string(text))
	made(c.world, c.IAM().PutUserPolicy, &iam.PutUserPolicyInput{UserName: aws.String("alice"), PolicyName: policy, PolicyDocument: document})
	made(c.world, c.IAM().PutRolePolicy, &iam.PutRolePolicyInput{RoleName: aws.String("ops"), PolicyName: policy, PolicyDocument: document})
}

// made calls an operation that succeeds.
func made[In, Out, Option any](w *world, do func(context.Context, *In, ...func(*Option)) (*Out, error), in *In) *Out {
	w.t.Helper()
	out, err := do(ctx, in)
	w.must(err)
	return out
}

func tags(pairs ...string) (all []types.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return all
}

// The calls. Each can be made again and again.

const opsARN = "arn:aws:iam::" + account + ":role/ops"

var bob = aws.String("bob")

func listUsers(c aws.Config) error {
	_, err := iam.NewFromConfig(c).ListUsers(ctx, nil)
	return err
}

func getBob(c aws.Config) error {
	_, err := iam.NewFromConfig(c).GetUser(ctx, &iam.GetUserInput{UserName: bob})
	return err
}

func tagBob(c aws.Config) error {
	_, err := iam.NewFromConfig(c).TagUser(ctx, &iam.TagUserInput{UserName: bob, Tags: tags("cost", "7", "app", "")})
	return err
}

func untagBob(c aws.Config) error {
	_, err := iam.NewFromConfig(c).UntagUser(ctx, &iam.UntagUserInput{UserName: bob, TagKeys: []string{"cost"}})
	return err
}

func attachBob(c aws.Config) error {
	_, err := iam.NewFromConfig(c).AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: bob, PolicyArn: aws.String(readOnly)})
	return err
}

func boundBob(c aws.Config) error {
	_, err := iam.NewFromConfig(c).PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{
		UserName: bob, PermissionsBoundary: aws.String(readOnly),
	})
	return err
}

func link(c aws.Config) error {
	_, err := iam.NewFromConfig(c).CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String("autoscaling.amazonaws.com"),
	})
	return err
}

func listSCPs(c aws.Config) error {
	_, err := organizations.NewFromConfig(c).ListPolicies(ctx, &organizations.ListPoliciesInput{
		Filter: orgtypes.PolicyTypeServiceControlPolicy,
	})
	return err
}

// pass puts the role into an instance profile, which needs iam:PassRole.
func (c *cast) pass(who aws.Config) error {
	profile := aws.String("profile")
	_, err := c.IAM().CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: profile})
	var exists *types.EntityAlreadyExistsException
	if err != nil && !errors.As(err, &exists) {
		c.t.Fatal(err)
	}
	_, err = iam.NewFromConfig(who).AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{
		InstanceProfileName: profile, RoleName: aws.String("ops"),
	})
	return err
}

// assume is a call that assumes the role.
func (c *cast) assume(change func(*sts.AssumeRoleInput)) func(aws.Config) error {
	return func(who aws.Config) error {
		in := &sts.AssumeRoleInput{RoleArn: aws.String(opsARN), RoleSessionName: aws.String("deploy")}
		if change != nil {
			change(in)
		}
		_, err := sts.NewFromConfig(who).AssumeRole(ctx, in)
		return err
	}
}
