package orgapi

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var accounts = []op.Operation{
	row("CreateAccount", all[api.CreateAccountInput], createAccount),
	row("DescribeCreateAccountStatus", all[api.DescribeCreateAccountStatusInput], describeRequest),
	row("ListCreateAccountStatus", all[api.ListCreateAccountStatusInput], listRequests),
	row("DescribeAccount", func(t *tree, in *api.DescribeAccountInput) op.Target {
		return t.on(in.AccountId)
	}, describeAccount),
	row("ListAccounts", all[api.ListAccountsInput], listAccounts),
	row("ListAccountsForParent", func(t *tree, in *api.ListAccountsForParentInput) op.Target {
		return t.on(in.ParentId)
	}, listAccountsForParent),
	row("MoveAccount", func(t *tree, in *api.MoveAccountInput) op.Target {
		return t.also(t.on(in.AccountId), in.SourceParentId, in.DestinationParentId)
	}, moveAccount),
	row("CloseAccount", func(t *tree, in *api.CloseAccountInput) op.Target { return t.on(in.AccountId) }, closeAccount),
	row("RemoveAccountFromOrganization", func(t *tree, in *api.RemoveAccountFromOrganizationInput) op.Target {
		return t.on(in.AccountId)
	}, removeAccount),
}

func (t *tree) accountOut(a *iam.Account) types.Account {
	out := types.Account{
		Arn: aws.String(t.org.AccountARN(a.ID)), Id: aws.String(a.ID), JoinedTimestamp: aws.Time(a.Joined),
		JoinedMethod: types.AccountJoinedMethodCreated, Status: types.AccountStatusActive, State: types.AccountStateActive,
		Paths: []string{t.path(a.Parent) + a.ID + "/"},
	}
	if a.ID == t.org.Management {
		out.JoinedMethod = types.AccountJoinedMethodInvited // as AWS says of the account that made the organization
	}
	if a.Suspended {
		out.Status, out.State = types.AccountStatusSuspended, types.AccountStateSuspended
	}
	if a.Email != "" {
		out.Email = aws.String(a.Email)
	}
	if a.Name != "" {
		out.Name = aws.String(a.Name)
	}
	return out
}

// defaultRole is the name of the role in new accounts, if the request does not say another.
const defaultRole = "OrganizationAccountAccessRole"

func createAccount(ctx context.Context, t *tree, in *api.CreateAccountInput) (*api.CreateAccountOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	if len(t.accounts(anyAccount)) >= iam.MaxOrgAccounts {
		return nil, iam.ConstraintError("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of accounts.")
	}
	a, err := t.newAccount(in, tags)
	if err != nil {
		return nil, err
	}
	role := t.newRole(a, in.RoleName)
	id, err := newID(t.Rand, "car-", base36, 32)
	if err != nil {
		return nil, err
	}
	request := iam.AccountRequest{ID: id, Organization: t.org.ID, Name: a.Name, Time: a.Created}
	if err := t.Update(ctx, func(tx iam.Txn) error {
		a, role, request := *a, *role, request // the function may run again
		return iam.CreateMember(tx, &a, &role, &request)
	}); err != nil {
		return nil, err
	}
	status, err := t.request(id)
	return &api.CreateAccountOutput{CreateAccountStatus: status}, err
}

// newAccount makes an account with an id that no other account has.
func (t *tree) newAccount(in *api.CreateAccountInput, tags []iam.Tag) (*iam.Account, error) {
	for {
		id, err := newID(t.Rand, "", digits, 12)
		if err != nil {
			return nil, err
		}
		if snapshot.Get[iam.Account](t.State, iam.AccountKey(id)) == nil {
			return &iam.Account{
				ID: id, Name: *in.AccountName, Email: *in.Email, Created: t.Time.UTC().Truncate(time.Second), Tags: tags,
			}, nil
		}
	}
}

// newRole makes the role by which the management account administers a new account.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
func (t *tree) newRole(a *iam.Account, name *string) *iam.Role {
	h := t.Header("AROA", defaultRole, nil)
	h.Account = a.ID
	if aws.ToString(name) != "" {
		h.Name = *name
	}
	type principal struct{ AWS string }
	type statement struct {
		Effect    string
		Principal principal
		Action    string
	}
	trust, _ := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Allow", principal{"arn:aws:iam::" + t.org.Management + ":root"}, "sts:AssumeRole"}}})
	return &iam.Role{
		Header: h, Trust: iam.NewDocument(string(trust)), MaxSession: iam.DefaultSession,
		Grants: iam.Grants{Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}},
	}
}

func requestOut(r *iam.AccountRequest) types.CreateAccountStatus {
	out := types.CreateAccountStatus{
		Id: aws.String(r.ID), AccountName: aws.String(r.Name), State: types.CreateAccountStateSucceeded,
		RequestedTimestamp: aws.Time(r.Time), CompletedTimestamp: aws.Time(r.Time),
	}
	if r.Account != "" {
		out.AccountId = aws.String(r.Account)
	}
	if r.Failure != "" {
		out.State, out.FailureReason = types.CreateAccountStateFailed, types.CreateAccountFailureReason(r.Failure)
	}
	return out
}

func (t *tree) request(id string) (*types.CreateAccountStatus, error) {
	r := snapshot.Get[iam.AccountRequest](t.State, iam.AccountRequestKey(t.org.ID, id))
	if r == nil {
		return nil, iam.Errorf(iam.CreateAccountStatusNotFound, "You specified a create account request that doesn't exist.")
	}
	out := requestOut(r)
	return &out, nil
}

func describeRequest(
	_ context.Context, t *tree, in *api.DescribeCreateAccountStatusInput,
) (*api.DescribeCreateAccountStatusOutput, error) {
	status, err := t.request(*in.CreateAccountRequestId)
	return &api.DescribeCreateAccountStatusOutput{CreateAccountStatus: status}, err
}

func listRequests(
	_ context.Context, t *tree, in *api.ListCreateAccountStatusInput,
) (_ *api.ListCreateAccountStatusOutput, err error) {
	requests := records(t, iam.AccountRequestKey(t.org.ID, ""), func(r *iam.AccountRequest) bool {
		return len(in.States) == 0 || slices.Contains(in.States, requestOut(r).State)
	})
	out := &api.ListCreateAccountStatusOutput{}
	out.CreateAccountStatuses, out.NextToken, err = page(
		requests, func(r *iam.AccountRequest) string { return r.ID }, in.NextToken, in.MaxResults, requestOut)
	return out, err
}

func describeAccount(_ context.Context, t *tree, in *api.DescribeAccountInput) (*api.DescribeAccountOutput, error) {
	a := t.account(*in.AccountId)
	if a == nil {
		return nil, iam.NoAccount
	}
	out := t.accountOut(a)
	return &api.DescribeAccountOutput{Account: &out}, nil
}

func listAccounts(_ context.Context, t *tree, in *api.ListAccountsInput) (_ *api.ListAccountsOutput, err error) {
	out := &api.ListAccountsOutput{}
	out.Accounts, out.NextToken, err = page(
		t.accounts(anyAccount), idOfAccount, in.NextToken, in.MaxResults, t.accountOut)
	return out, err
}

func listAccountsForParent(
	_ context.Context, t *tree, in *api.ListAccountsForParentInput,
) (*api.ListAccountsForParentOutput, error) {
	err := t.parent(*in.ParentId)
	if err != nil {
		return nil, err
	}
	out := &api.ListAccountsForParentOutput{}
	out.Accounts, out.NextToken, err = page(
		t.accountsBelow(*in.ParentId), idOfAccount, in.NextToken, in.MaxResults, t.accountOut)
	return out, err
}

func moveAccount(ctx context.Context, t *tree, in *api.MoveAccountInput) (*api.MoveAccountOutput, error) {
	return &api.MoveAccountOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.MoveAccount(tx, t.org.ID, *in.AccountId, *in.SourceParentId, *in.DestinationParentId)
	})
}

func closeAccount(ctx context.Context, t *tree, in *api.CloseAccountInput) (*api.CloseAccountOutput, error) {
	return &api.CloseAccountOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.CloseAccount(tx, t.org.ID, *in.AccountId)
	})
}

func removeAccount(
	ctx context.Context, t *tree, in *api.RemoveAccountFromOrganizationInput,
) (*api.RemoveAccountFromOrganizationOutput, error) {
	return &api.RemoveAccountFromOrganizationOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.RemoveAccount(tx, t.org.ID, *in.AccountId)
	})
}
