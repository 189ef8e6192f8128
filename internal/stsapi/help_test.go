package stsapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/writtest"
)

var ctx = context.Background()

const account = writtest.Account

// A world is a server with a clock that the test turns.
type world struct {
	*writtest.Server
	t     *testing.T
	mu    sync.Mutex
	ahead time.Duration
}

func newWorld(t *testing.T) *world {
	t.Parallel()
	w := &world{t: t}
	w.Server = writtest.NewAt(t, w.now)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// turn turns the server's clock forward. Clients still sign by theirs, so that it must stay within five minutes.
func (w *world) turn(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// allow is a policy with one statement.
func allow(actions string, resource string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[%s],"Resource":%q}}`,
		quoted(actions), resource)
}

// trusting is a trust policy of one statement.
func trusting(principal, actions, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":%s,"Action":[%s]%s}}`,
		principal, quoted(actions), condition)
}

func quoted(list string) string {
	var out []string
	for _, s := range strings.Fields(list) {
		out = append(out, fmt.Sprintf("%q", s))
	}
	return strings.Join(out, ",")
}

// own is the principal of the whole account.
const own = `{"AWS":"` + account + `"}`

// user makes a user with inline policies, and returns the configuration of a client with its access key.
func (w *world) user(name string, policies ...string) aws.Config {
	w.t.Helper()
	_, err := w.IAM().CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	for i, p := range policies {
		_, err := w.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{
			UserName: &name, PolicyName: aws.String(fmt.Sprint("p", i)), PolicyDocument: &p,
		})
		w.must(err)
	}
	k, err := w.IAM().CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return w.Config(*k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey, "")
}

// role makes a role with inline policies, and returns its ARN.
func (w *world) role(name, trust string, policies ...string) string {
	w.t.Helper()
	r, err := w.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	w.must(err)
	for i, p := range policies {
		_, err := w.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &name, PolicyName: aws.String(fmt.Sprint("p", i)), PolicyDocument: &p,
		})
		w.must(err)
	}
	return *r.Role.Arn
}

// with is the configuration of a client with temporary credentials.
func (w *world) with(c *types.Credentials) aws.Config {
	return w.Config(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

// assume assumes a role.
func (w *world) assume(from aws.Config, arn string, options ...func(*sts.AssumeRoleInput)) aws.Config {
	w.t.Helper()
	out, err := assume(from, arn, options...)
	w.must(err)
	return w.with(out.Credentials)
}

func assume(from aws.Config, arn string, options ...func(*sts.AssumeRoleInput)) (*sts.AssumeRoleOutput, error) {
	in := &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session")}
	for _, o := range options {
		o(in)
	}
	return sts.NewFromConfig(from).AssumeRole(ctx, in)
}

// device gives a user a virtual MFA device.
func (w *world) device(user string) (serial, seed string) {
	w.t.Helper()
	d, err := w.IAM().CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &user})
	w.must(err)
	seed = string(d.VirtualMFADevice.Base32StringSeed)
	now := session.TOTPCounter(w.now())
	_, err = w.IAM().EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
		UserName: &user, SerialNumber: d.VirtualMFADevice.SerialNumber,
		AuthenticationCode1: aws.String(session.TOTP(seed, now-1)), AuthenticationCode2: aws.String(session.TOTP(seed, now)),
	})
	w.must(err)
	return *d.VirtualMFADevice.SerialNumber, seed
}

// code is what a device shows.
func (w *world) code(seed string) string { return session.TOTP(seed, session.TOTPCounter(w.now())) }

// wantError checks an error's code, and that its message contains a text.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

// canList reports whether the credentials may list users.
func canList(c aws.Config) error {
	_, err := iam.NewFromConfig(c).ListUsers(ctx, &iam.ListUsersInput{})
	return err
}

// whoAmI returns the caller's ARN and id.
func (w *world) whoAmI(c aws.Config) (arn, id string) {
	w.t.Helper()
	out, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	if *out.Account != account {
		w.t.Errorf("account %s", *out.Account)
	}
	return *out.Arn, *out.UserId
}

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
