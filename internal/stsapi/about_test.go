package stsapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestGetCallerIdentityNeedsNoPermission(t *testing.T) {
	w := newWorld(t)
	deny := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`
	alice := w.user("alice", deny)
	bob := w.user("bob", allow("sts:*", "*"))
	arn := w.role("deployer", trusting(own, "sts:AssumeRole", ""), deny)
	federated, err := sts.NewFromConfig(bob).GetFederationToken(ctx, &sts.GetFederationTokenInput{
		Name: aws.String("carol"),
	})
	w.must(err)
	token, err := sts.NewFromConfig(bob).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)

	for _, c := range []struct {
		who     aws.Config
		arn, id string
	}{
		{w.Config(w.AccessKeyID, w.SecretAccessKey, ""), "arn:aws:iam::" + account + ":root", account},
		{alice, "arn:aws:iam::" + account + ":user/alice", "AIDA"},
		{w.assume(bob, arn), "arn:aws:sts::" + account + ":assumed-role/deployer/session", "AROA"},
		{w.with(federated.Credentials), "arn:aws:sts::" + account + ":federated-user/carol", account + ":carol"},
		{w.with(token.Credentials), "arn:aws:iam::" + account + ":user/bob", "AIDA"},
	} {
		if arn, id := w.whoAmI(c.who); arn != c.arn || !strings.HasPrefix(id, c.id) {
			t.Errorf("got %s and %s, want %s and %s…", arn, id, c.arn, c.id)
		}
	}
}

func TestAnAccessKeyIDTellsItsAccount(t *testing.T) {
	w := newWorld(t)
	out, err := w.STS().GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: &w.AccessKeyID})
	w.must(err)
	if *out.Account != account {
		t.Errorf("got %s", *out.Account)
	}
	_, err = w.STS().GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("NOTANACCESSKEYATALL0")})
	wantError(t, err, "ValidationError", "Invalid access key id")
	_, err = sts.NewFromConfig(w.user("alice")).GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{
		AccessKeyId: &w.AccessKeyID,
	})
	wantError(t, err, "AccessDenied",
		"User: arn:aws:iam::"+account+":user/alice is not authorized to perform: sts:GetAccessKeyInfo")
}

func TestADenialCanBeDecoded(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice", allow("sts:DecodeAuthorizationMessage", "*"))
	err := canList(alice)
	wantError(t, err, "AccessDenied", "iam:ListUsers")
	_, message, _ := strings.Cut(err.Error(), "Encoded authorization failure message: ")
	message = strings.Fields(message)[0]

	out, err := sts.NewFromConfig(alice).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{
		EncodedMessage: &message,
	})
	w.must(err)
	for _, part := range []string{`"allowed":false`, `"action":"iam:ListUsers"`, ":user/alice"} {
		if !strings.Contains(*out.DecodedMessage, part) {
			t.Errorf("%s has no %s", *out.DecodedMessage, part)
		}
	}
	for _, bad := range []string{"x", message[1:], message + "\n"} {
		_, err = sts.NewFromConfig(alice).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{
			EncodedMessage: &bad,
		})
		wantError(t, err, "InvalidAuthorizationMessageException", "Message is not valid")
	}
	_, err = sts.NewFromConfig(w.user("bob")).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{
		EncodedMessage: &message,
	})
	wantError(t, err, "AccessDenied", "sts:DecodeAuthorizationMessage")
}

func TestOperationsThatAreNotServedSaySo(t *testing.T) {
	w := newWorld(t)
	role, provider := "arn:aws:iam::"+account+":role/r", "arn:aws:iam::"+account+":saml-provider/p"
	_, err := w.STS().AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{
		RoleArn: &role, PrincipalArn: &provider, SAMLAssertion: aws.String("PHg+"),
	})
	wantError(t, err, "UnsupportedOperation", "AssumeRoleWithSAML")
	_, err = w.STS().GetWebIdentityToken(ctx, &sts.GetWebIdentityTokenInput{
		Audience: []string{"a"}, SigningAlgorithm: aws.String("RS256"),
	})
	wantError(t, err, "UnsupportedOperation", "GetWebIdentityToken")
	_, err = w.STS().GetDelegatedAccessToken(ctx, &sts.GetDelegatedAccessTokenInput{TradeInToken: aws.String("t")})
	wantError(t, err, "UnsupportedOperation", "GetDelegatedAccessToken")
}
