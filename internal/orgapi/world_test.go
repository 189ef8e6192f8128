package orgapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/writtest"
)

const (
	scp = types.PolicyTypeServiceControlPolicy
	rcp = types.PolicyTypeResourceControlPolicy

	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	denyIAM  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:Create*","Resource":"*"}]}`
	denyRCP  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}`
)

// A world is a server whose first account manages an organization, in which SCPs and RCPs are enabled.
type world struct {
	*organizations.Client
	t     *testing.T
	srv   *writtest.Server
	root  string
	admin *aws.Config // a user of the management account who may do everything; see asAdmin
}

func newWorld(t *testing.T) *world {
	t.Helper()
	srv := writtest.New(t)
	w := &world{Client: srv.Organizations(), t: t, srv: srv}
	must(t, w.CreateOrganization, &organizations.CreateOrganizationInput{})
	roots := must(t, w.ListRoots, &organizations.ListRootsInput{})
	w.root = *roots.Roots[0].Id
	w.enable(scp)
	w.enable(rcp)
	return w
}

// must calls an operation that succeeds.
func must[In, Out, Option any](
	t *testing.T, do func(context.Context, *In, ...func(*Option)) (*Out, error), in *In,
) *Out {
	t.Helper()
	out, err := do(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// allowed checks that a call succeeded.
func allowed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks an error's code, and that its message or reason has a part.
func wantError(t *testing.T, err error, code, part string) {
	t.Helper()
	api, isAPI := errors.AsType[smithy.APIError](err)
	if !isAPI || api.ErrorCode() != code {
		t.Fatalf("the error is %v; want %s", err, code)
	}
	reason := ""
	if e, ok := errors.AsType[*types.ConstraintViolationException](err); ok {
		reason = string(e.Reason)
	} else if e, ok := errors.AsType[*types.InvalidInputException](err); ok {
		reason = string(e.Reason)
	}
	if reason != part && !strings.Contains(api.ErrorMessage(), part) {
		t.Fatalf("the error is %q with reason %q; want %q", api.ErrorMessage(), reason, part)
	}
}

func (w *world) enable(p types.PolicyType) {
	w.t.Helper()
	must(w.t, w.EnablePolicyType, &organizations.EnablePolicyTypeInput{RootId: &w.root, PolicyType: p})
}

func (w *world) unit(name, parent string) string {
	w.t.Helper()
	out := must(w.t, w.CreateOrganizationalUnit, &organizations.CreateOrganizationalUnitInput{
		Name: &name, ParentId: &parent,
	})
	return *out.OrganizationalUnit.Id
}

// account makes an account and moves it to a unit.
func (w *world) account(name, parent string) string {
	w.t.Helper()
	out := must(w.t, w.CreateAccount, &organizations.CreateAccountInput{
		AccountName: &name, Email: aws.String(name + "@example.com"),
	})
	id := *out.CreateAccountStatus.AccountId
	if parent != w.root {
		w.move(id, w.root, parent)
	}
	return id
}

func (w *world) move(account, from, to string) {
	w.t.Helper()
	must(w.t, w.MoveAccount, &organizations.MoveAccountInput{
		AccountId: &account, SourceParentId: &from, DestinationParentId: &to,
	})
}

func (w *world) policy(name string, p types.PolicyType, document string) string {
	w.t.Helper()
	out := must(w.t, w.CreatePolicy, &organizations.CreatePolicyInput{
		Name: &name, Type: p, Content: &document, Description: aws.String(""),
	})
	return *out.Policy.PolicySummary.Id
}

func (w *world) attach(policy, target string) {
	w.t.Helper()
	must(w.t, w.AttachPolicy, &organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &target})
}

func (w *world) detach(policy, target string) {
	w.t.Helper()
	must(w.t, w.DetachPolicy, &organizations.DetachPolicyInput{PolicyId: &policy, TargetId: &target})
}

// attached returns the ids of the policies of a type on a target.
func (w *world) attached(target string, p types.PolicyType) string {
	w.t.Helper()
	out := must(w.t, w.ListPoliciesForTarget, &organizations.ListPoliciesForTargetInput{
		TargetId: &target, Filter: p,
	})
	var ids []string
	for _, p := range out.Policies {
		ids = append(ids, *p.Id)
	}
	return strings.Join(ids, " ")
}

func (w *world) parent(child string) string {
	w.t.Helper()
	out := must(w.t, w.ListParents, &organizations.ListParentsInput{ChildId: &child})
	return *out.Parents[0].Id
}

// user makes a user of the account of a configuration, with managed policies, and returns a configuration for it.
func (w *world) user(in aws.Config, name string, policies ...string) aws.Config {
	w.t.Helper()
	client := iam.NewFromConfig(in)
	must(w.t, client.CreateUser, &iam.CreateUserInput{UserName: &name})
	for _, p := range policies {
		must(w.t, client.AttachUserPolicy, &iam.AttachUserPolicyInput{
			UserName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/" + p),
		})
	}
	key := must(w.t, client.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: &name}).AccessKey
	return w.srv.Config(*key.AccessKeyId, *key.SecretAccessKey, "")
}

// rootConfig is that of the management account's root user.
func (w *world) rootConfig() aws.Config {
	return w.srv.Config(w.srv.AccessKeyID, w.srv.SecretAccessKey, "")
}

// asAdmin is a user of the management account: its root user cannot assume roles.
func (w *world) asAdmin() aws.Config {
	w.t.Helper()
	if w.admin == nil {
		c := w.user(w.rootConfig(), "admin", "AdministratorAccess")
		w.admin = &c
	}
	return *w.admin
}

// tryAssume assumes a role as somebody.
func (w *world) tryAssume(as aws.Config, account, role string) (aws.Config, error) {
	out, err := sts.NewFromConfig(as).AssumeRole(w.t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(fmt.Sprintf("arn:aws:iam::%s:role/%s", account, role)), RoleSessionName: aws.String("test"),
	})
	if err != nil {
		return aws.Config{}, err
	}
	return w.srv.Config(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken), nil
}

// assume is tryAssume where it succeeds.
func (w *world) assume(as aws.Config, account, role string) aws.Config {
	w.t.Helper()
	c, err := w.tryAssume(as, account, role)
	allowed(w.t, err)
	return c
}

// in is a session of the role by which the management account administers an account.
func (w *world) in(account string) aws.Config {
	w.t.Helper()
	return w.assume(w.asAdmin(), account, "OrganizationAccountAccessRole")
}
