package iamapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

const codeCommit, bedrock = "codecommit.amazonaws.com", "bedrock.amazonaws.com"

func credentialIDOf(c types.ServiceSpecificCredentialMetadata) *string {
	return c.ServiceSpecificCredentialId
}

func TestServiceSpecificCredentialsOfAUser(t *testing.T) {
	now := time.Now()
	s := writtest.NewAt(t, func() time.Time { return now })
	c := s.IAM()
	alice := aws.String("alice")
	own := newUser(t, s, "alice", allOfIAM)
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("bob")})
	create := &iam.CreateServiceSpecificCredentialInput{UserName: alice, ServiceName: aws.String(codeCommit)}
	var ids []string
	for _, name := range []string{"alice-at-" + writtest.Account, "alice+1-at-" + writtest.Account} {
		cred := must(t, c.CreateServiceSpecificCredential, create).ServiceSpecificCredential
		if *cred.ServiceUserName != name || len(*cred.ServicePassword) < 32 || cred.ServiceCredentialSecret != nil ||
			cred.ExpirationDate != nil ||
			!strings.HasPrefix(*cred.ServiceSpecificCredentialId, "ACCA") {
			t.Errorf("made %+v", cred)
		}
		ids = append(ids, *cred.ServiceSpecificCredentialId)
		now = now.Add(time.Second)
	}
	fails(t, "LimitExceeded", "Cannot exceed quota", c.CreateServiceSpecificCredential, create)
	of := must(t, c.CreateServiceSpecificCredential, &iam.CreateServiceSpecificCredentialInput{
		UserName: aws.String("bob"), ServiceName: aws.String(codeCommit),
	}).ServiceSpecificCredential.ServiceSpecificCredentialId

	pages(t, "credentials", func(marker *string, one *int32) result {
		out := must(t, own.ListServiceSpecificCredentials, &iam.ListServiceSpecificCredentialsInput{
			Marker: marker, MaxItems: one,
		})
		return result{names(out.ServiceSpecificCredentials, credentialIDOf), out.Marker, out.IsTruncated}
	}, ids...)
	pages(t, "credentials of all", func(marker *string, one *int32) result {
		out := must(t, c.ListServiceSpecificCredentials, &iam.ListServiceSpecificCredentialsInput{
			AllUsers: aws.Bool(true), ServiceName: aws.String(codeCommit), Marker: marker, MaxItems: one,
		})
		return result{names(out.ServiceSpecificCredentials, credentialIDOf), out.Marker, out.IsTruncated}
	}, append(ids, *of)...)

	reset := must(t, own.ResetServiceSpecificCredential, &iam.ResetServiceSpecificCredentialInput{
		ServiceSpecificCredentialId: &ids[0],
	})
	if cred := reset.ServiceSpecificCredential; *cred.ServiceUserName != "alice-at-"+writtest.Account ||
		cred.ServicePassword == nil {
		t.Errorf("reset to %+v", cred)
	}
	must(t, own.UpdateServiceSpecificCredential, &iam.UpdateServiceSpecificCredentialInput{
		ServiceSpecificCredentialId: &ids[0], Status: types.StatusTypeInactive,
	})
	if got := must(t, own.ListServiceSpecificCredentials,
		&iam.ListServiceSpecificCredentialsInput{}); got.ServiceSpecificCredentials[0].Status != types.StatusTypeInactive {
		t.Errorf("updated to %+v", got.ServiceSpecificCredentials[0])
	}
	must(t, own.DeleteServiceSpecificCredential, &iam.DeleteServiceSpecificCredentialInput{
		ServiceSpecificCredentialId: &ids[0],
	})
	if again := must(t, c.CreateServiceSpecificCredential,
		create).ServiceSpecificCredential; *again.ServiceUserName != "alice-at-"+writtest.Account {
		t.Errorf("a free user name is given again: %+v", again)
	}
}

func TestAPIKeyOfAServiceExpires(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	c := clientAt(writtest.NewAt(t, clock), clock)
	alice := aws.String("alice")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	cred := must(t, c.CreateServiceSpecificCredential, &iam.CreateServiceSpecificCredentialInput{
		UserName: alice, ServiceName: aws.String(bedrock), CredentialAgeDays: aws.Int32(2),
	}).ServiceSpecificCredential
	if !strings.HasPrefix(*cred.ServiceCredentialAlias,
		"BedrockAPIKey-") || !strings.HasPrefix(*cred.ServiceCredentialSecret, "ABSK") ||
		cred.ServiceUserName != nil || cred.ServicePassword != nil ||
		!cred.ExpirationDate.Equal(now.Truncate(time.Second).AddDate(0, 0, 2)) {
		t.Errorf("made %+v", cred)
	}
	for _, want := range []types.StatusType{types.StatusTypeActive, types.StatusTypeExpired} {
		got := must(t, c.ListServiceSpecificCredentials, &iam.ListServiceSpecificCredentialsInput{
			UserName: alice,
		}).ServiceSpecificCredentials
		if got[0].Status != want {
			t.Errorf("the key is %s, want %s", got[0].Status, want)
		}
		now = now.AddDate(0, 0, 2)
	}
}

func TestServiceSpecificCredentialErrors(t *testing.T) {
	c := writtest.New(t).IAM()
	alice, id := aws.String("alice"), aws.String("ACCA12345678901234567")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	const unsupported = "No such service x.amazonaws.com is supported for Service Specific Credentials"
	const missing = "No such credential ID exists"
	fails(t, "NoSuchEntity", unsupported, c.CreateServiceSpecificCredential,
		&iam.CreateServiceSpecificCredentialInput{UserName: alice, ServiceName: aws.String("x.amazonaws.com")})
	fails(t, "NoSuchEntity", unsupported, c.ListServiceSpecificCredentials,
		&iam.ListServiceSpecificCredentialsInput{UserName: alice, ServiceName: aws.String("x.amazonaws.com")})
	fails(t, "InvalidInput", "CredentialAgeDays", c.CreateServiceSpecificCredential,
		&iam.CreateServiceSpecificCredentialInput{
			UserName: alice, ServiceName: aws.String(codeCommit), CredentialAgeDays: aws.Int32(1),
		})
	fails(t, "InvalidInput", "AllUsers", c.ListServiceSpecificCredentials,
		&iam.ListServiceSpecificCredentialsInput{UserName: alice, AllUsers: aws.Bool(true)})
	fails(t, "NoSuchEntity", "The user with name nobody", c.CreateServiceSpecificCredential,
		&iam.CreateServiceSpecificCredentialInput{UserName: aws.String("nobody"), ServiceName: aws.String(codeCommit)})
	fails(t, "NoSuchEntity", missing, c.UpdateServiceSpecificCredential,
		&iam.UpdateServiceSpecificCredentialInput{
			UserName: alice, ServiceSpecificCredentialId: id, Status: types.StatusTypeActive,
		})
	fails(t, "NoSuchEntity", missing, c.ResetServiceSpecificCredential,
		&iam.ResetServiceSpecificCredentialInput{UserName: alice, ServiceSpecificCredentialId: id})
	fails(t, "NoSuchEntity", missing, c.DeleteServiceSpecificCredential,
		&iam.DeleteServiceSpecificCredentialInput{UserName: alice, ServiceSpecificCredentialId: id})
}
