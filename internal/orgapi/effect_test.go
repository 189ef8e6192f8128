package orgapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/writtest"
)

// createGroup is a call that AdministratorAccess allows.
func createGroup(t *testing.T, as aws.Config, name string) error {
	_, err := iam.NewFromConfig(as).CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: &name})
	return err
}

func TestSCPOnAUnitDeniesWhatAnIdentityPolicyAllows(t *testing.T) {
	w := newWorld(t)
	sandbox := w.unit("Sandbox", w.root)
	inside, outside := w.account("inside", sandbox), w.account("outside", w.root)
	as := w.in(inside)
	allowed(t, createGroup(t, as, "before"))

	deny := w.policy("DenyIAM", scp, denyIAM)
	w.attach(deny, sandbox)
	wantError(t, createGroup(t, as, "during"), "AccessDenied", "with an explicit deny in a service control policy")
	allowed(t, createGroup(t, w.in(outside), "elsewhere"))

	w.detach(deny, sandbox)
	allowed(t, createGroup(t, as, "after"))
}

func TestSCPBearsOnAnAccountWhereverItIsMoved(t *testing.T) {
	w := newWorld(t)
	outer := w.unit("Outer", w.root)
	inner := w.unit("Inner", outer)
	account := w.account("dev", w.root)
	as := w.in(account)
	w.attach(w.policy("DenyIAM", scp, denyIAM), outer)
	allowed(t, createGroup(t, as, "a"))
	w.move(account, w.root, inner)
	wantError(t, createGroup(t, as, "b"), "AccessDenied", "service control policy")
	w.move(account, inner, w.root)
	allowed(t, createGroup(t, as, "c"))
}

func TestWithoutAnAllowOnEachLevelAnSCPDenies(t *testing.T) {
	w := newWorld(t)
	sandbox := w.unit("Sandbox", w.root)
	as := w.in(w.account("dev", sandbox))
	w.attach(w.policy("OnlyRead", scp,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","sts:*"],"Resource":"*"}]}`), sandbox)
	w.detach("p-FullAWSAccess", sandbox)
	wantError(t, createGroup(t, as, "a"), "AccessDenied", "because no service control policy allows the iam:CreateGroup action")
}

func TestRCPDeniesAnotherAccountToAssumeARole(t *testing.T) {
	w := newWorld(t)
	account := w.account("dev", w.root)
	w.in(account)
	w.attach(w.policy("Closed", rcp, denyRCP), account)
	_, err := w.tryAssume(w.asAdmin(), account, "OrganizationAccountAccessRole")
	wantError(t, err, "AccessDenied", "with an explicit deny in a resource control policy")
}

func TestSCPsAndRCPsDoNotBearOnTheManagementAccount(t *testing.T) {
	w := newWorld(t)
	w.attach(w.policy("DenyIAM", scp, denyIAM), w.root)
	w.attach(w.policy("Closed", rcp, denyRCP), w.root)
	allowed(t, createGroup(t, w.asAdmin(), "a"))
	must(t, iam.NewFromConfig(w.asAdmin()).CreateRole, &iam.CreateRoleInput{
		RoleName: aws.String("own"), AssumeRolePolicyDocument: aws.String(trusting("arn:aws:iam::"+writtest.Account+":root", "")),
	})
	w.assume(w.asAdmin(), writtest.Account, "own")
}

// trusting is a trust policy, with a condition if it is not "".
func trusting(principal, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal +
		`"},"Action":"sts:AssumeRole"` + condition + `}]}`
}

func TestTrustPolicyCanAskForTheOrganization(t *testing.T) {
	w := newWorld(t)
	sandbox := w.unit("Sandbox", w.root)
	owner, inside, left := w.account("owner", w.root), w.account("inside", sandbox), w.account("left", w.root)
	out := must(t, w.DescribeOrganization, &organizations.DescribeOrganizationInput{})
	id := *out.Organization.Id
	for role, condition := range map[string]string{
		"anyone": `{"StringEquals":{"aws:PrincipalOrgID":"` + id + `"}}`,
		"sandbox": `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"` +
			id + `/` + w.root + `/` + sandbox + `/*"}}`,
	} {
		must(t, iam.NewFromConfig(w.in(owner)).CreateRole, &iam.CreateRoleInput{
			RoleName: aws.String(role), AssumeRolePolicyDocument: aws.String(trusting("*", condition)),
		})
	}
	fromInside, fromLeft := w.in(inside), w.in(left)
	w.assume(fromInside, owner, "anyone")
	w.assume(fromInside, owner, "sandbox")
	w.assume(fromLeft, owner, "anyone")
	_, err := w.tryAssume(fromLeft, owner, "sandbox")
	wantError(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole")

	must(t, w.RemoveAccountFromOrganization, &organizations.RemoveAccountFromOrganizationInput{AccountId: &left})
	_, err = w.tryAssume(fromLeft, owner, "anyone")
	wantError(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole")
}

func TestDisabledPolicyTypesDoNothingAndComeBackEmpty(t *testing.T) {
	w := newWorld(t)
	account := w.account("dev", w.root)
	as := w.in(account)
	deny := w.policy("DenyIAM", scp, denyIAM)
	w.attach(deny, account)
	must(t, w.DisablePolicyType, &organizations.DisablePolicyTypeInput{RootId: &w.root, PolicyType: scp})
	allowed(t, createGroup(t, as, "a"))
	if got := w.attached(account, scp); got != "" {
		t.Errorf("attached while disabled: %s", got)
	}
	w.enable(scp)
	if got := w.attached(account, scp); got != "p-FullAWSAccess" {
		t.Errorf("attached afterwards: %s", got)
	}
	allowed(t, createGroup(t, as, "b"))
	must(t, w.DeletePolicy, &organizations.DeletePolicyInput{PolicyId: &deny})
}

func TestUpdatedPolicyIsInForceAtOnce(t *testing.T) {
	w := newWorld(t)
	account := w.account("dev", w.root)
	as := w.in(account)
	p := w.policy("Guard", scp, allowAll)
	w.attach(p, account)
	allowed(t, createGroup(t, as, "a"))
	out := must(t, w.UpdatePolicy, &organizations.UpdatePolicyInput{
		PolicyId: &p, Content: aws.String(denyIAM), Name: aws.String("Guard2"),
	})
	if *out.Policy.Content != denyIAM || *out.Policy.PolicySummary.Name != "Guard2" {
		t.Errorf("updated: %+v", out.Policy)
	}
	wantError(t, createGroup(t, as, "b"), "AccessDenied", "service control policy")
}

func TestCreatedAccountHasARoleForTheManagementAccount(t *testing.T) {
	w := newWorld(t)
	out := must(t, w.CreateAccount, &organizations.CreateAccountInput{
		AccountName: aws.String("dev"), Email: aws.String("dev@example.com"), RoleName: aws.String("Admin"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}},
	})
	status := out.CreateAccountStatus
	if status.State != types.CreateAccountStateSucceeded || len(*status.AccountId) != 12 || !strings.HasPrefix(*status.Id, "car-") {
		t.Fatalf("status: %+v", status)
	}
	as := w.assume(w.asAdmin(), *status.AccountId, "Admin")
	who := must(t, sts.NewFromConfig(as).GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if *who.Account != *status.AccountId {
		t.Errorf("the role is in account %s", *who.Account)
	}
	role := must(t, iam.NewFromConfig(as).ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{
		RoleName: aws.String("Admin"),
	})
	if len(role.AttachedPolicies) != 1 || *role.AttachedPolicies[0].PolicyName != "AdministratorAccess" {
		t.Errorf("attached: %+v", role.AttachedPolicies)
	}
	a := must(t, w.DescribeAccount, &organizations.DescribeAccountInput{AccountId: status.AccountId}).Account
	if *a.Name != "dev" || *a.Email != "dev@example.com" || a.State != types.AccountStateActive ||
		a.JoinedMethod != types.AccountJoinedMethodCreated || w.parent(*a.Id) != w.root {
		t.Errorf("account: %+v", a)
	}
}

func TestEmailOfAnotherAccountFailsTheRequestAndNotTheCall(t *testing.T) {
	w := newWorld(t)
	w.account("dev", w.root)
	out := must(t, w.CreateAccount, &organizations.CreateAccountInput{
		AccountName: aws.String("other"), Email: aws.String("DEV@example.com"),
	})
	if s := out.CreateAccountStatus; s.State != types.CreateAccountStateFailed ||
		s.FailureReason != types.CreateAccountFailureReasonEmailAlreadyExists || s.AccountId != nil {
		t.Errorf("status: %+v", s)
	}
	found := must(t, w.DescribeCreateAccountStatus, &organizations.DescribeCreateAccountStatusInput{
		CreateAccountRequestId: out.CreateAccountStatus.Id,
	})
	if found.CreateAccountStatus.State != types.CreateAccountStateFailed {
		t.Errorf("described: %+v", found.CreateAccountStatus)
	}
	failed := must(t, w.ListCreateAccountStatus, &organizations.ListCreateAccountStatusInput{
		States: []types.CreateAccountState{types.CreateAccountStateFailed},
	})
	if len(failed.CreateAccountStatuses) != 1 {
		t.Errorf("listed: %+v", failed.CreateAccountStatuses)
	}
}

func TestClosedAccountsCredentialsStopWorking(t *testing.T) {
	w := newWorld(t)
	account := w.account("dev", w.root)
	as := w.in(account)
	must(t, w.CloseAccount, &organizations.CloseAccountInput{AccountId: &account})
	wantError(t, createGroup(t, as, "a"), "InvalidClientTokenId", "")
	a := must(t, w.DescribeAccount, &organizations.DescribeAccountInput{AccountId: &account}).Account
	if a.State != types.AccountStateSuspended {
		t.Errorf("state: %s", a.State)
	}
}
