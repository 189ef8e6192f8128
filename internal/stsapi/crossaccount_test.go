package stsapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// member makes a member account, and returns its id.
func (w *world) member() string {
	w.t.Helper()
	_, err := w.Organizations().CreateOrganization(ctx, &organizations.CreateOrganizationInput{})
	w.must(err)
	out, err := w.Organizations().CreateAccount(ctx, &organizations.CreateAccountInput{
		AccountName: aws.String("dev"), Email: aws.String("dev@example.com"),
	})
	w.must(err)
	if out.CreateAccountStatus.State == orgtypes.CreateAccountStateFailed {
		w.t.Fatalf("the account was not made: %v", out.CreateAccountStatus.FailureReason)
	}
	status, err := w.Organizations().DescribeCreateAccountStatus(ctx, &organizations.DescribeCreateAccountStatusInput{
		CreateAccountRequestId: out.CreateAccountStatus.Id,
	})
	w.must(err)
	return *status.CreateAccountStatus.AccountId
}

func TestARoleOfAnotherAccountIsAssumed(t *testing.T) {
	w := newWorld(t)
	arn := "arn:aws:iam::" + w.member() + ":role/OrganizationAccountAccessRole"
	bob := w.user("bob", allow("sts:AssumeRole sts:DecodeAuthorizationMessage", "*"))
	_, err := assume(w.user("alice"), arn)
	wantError(t, err, "AccessDenied", "sts:AssumeRole on resource: "+arn)

	there := w.assume(bob, arn)
	_, err = iam.NewFromConfig(there).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("carol")})
	w.must(err)
	_, err = w.IAM().GetUser(ctx, &iam.GetUserInput{UserName: aws.String("carol")})
	wantError(t, err, "NoSuchEntity", "carol")

	// What denials there say is not for other accounts.
	_, err = assume(there, "arn:aws:iam::"+account+":role/none")
	wantError(t, err, "AccessDenied", "sts:AssumeRole")
	_, message, _ := strings.Cut(err.Error(), "Encoded authorization failure message: ")
	in := &sts.DecodeAuthorizationMessageInput{EncodedMessage: &strings.Fields(message)[0]}
	_, err = sts.NewFromConfig(bob).DecodeAuthorizationMessage(ctx, in)
	wantError(t, err, "InvalidAuthorizationMessageException", "")
	_, err = sts.NewFromConfig(there).DecodeAuthorizationMessage(ctx, in)
	w.must(err)
}
