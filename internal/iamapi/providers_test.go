package iamapi_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func TestOIDCProviderFromBeginningToEnd(t *testing.T) {
	c := writtest.New(t).IAM()
	thumbprint := strings.Repeat("a", 40)
	create := &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://token.actions.githubusercontent.com"), ClientIDList: []string{"sts.amazonaws.com", "sts.amazonaws.com"},
		ThumbprintList: []string{thumbprint}, Tags: tagged("a=b"),
	}
	made := must(t, c.CreateOpenIDConnectProvider, create)
	arn := made.OpenIDConnectProviderArn
	if *arn != ownARN("oidc-provider/token.actions.githubusercontent.com") || written(made.Tags) != "a=b" {
		t.Errorf("made %s", *arn)
	}
	get := func() *iam.GetOpenIDConnectProviderOutput {
		return must(t, c.GetOpenIDConnectProvider, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	}
	if got := get(); *got.Url != "token.actions.githubusercontent.com" || strings.Join(got.ClientIDList, " ") != "sts.amazonaws.com" || got.ThumbprintList[0] != thumbprint {
		t.Errorf("got %+v", got)
	}
	fails(t, "EntityAlreadyExists", "Provider with url https://token.actions.githubusercontent.com already exists.", c.CreateOpenIDConnectProvider, create)
	for _, id := range []string{"b", "a", "b"} {
		must(t, c.AddClientIDToOpenIDConnectProvider,
			&iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: &id})
	}
	for _, id := range []string{"sts.amazonaws.com", "none"} {
		must(t, c.RemoveClientIDFromOpenIDConnectProvider,
			&iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: &id})
	}
	other := strings.Repeat("b", 40)
	must(t, c.UpdateOpenIDConnectProviderThumbprint,
		&iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{other}})
	if got := get(); strings.Join(got.ClientIDList, " ") != "b a" || strings.Join(got.ThumbprintList, " ") != other {
		t.Errorf("changed to %v, %v", got.ClientIDList, got.ThumbprintList)
	}
	must(t, c.TagOpenIDConnectProvider,
		&iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: tagged("c=d")})
	must(t, c.UntagOpenIDConnectProvider,
		&iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, TagKeys: []string{"a"}})
	if got := written(must(t, c.ListOpenIDConnectProviderTags, &iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: arn}).Tags); got != "c=d" {
		t.Errorf("tags %s", got)
	}
	if list := must(t, c.ListOpenIDConnectProviders, &iam.ListOpenIDConnectProvidersInput{}).OpenIDConnectProviderList; len(list) != 1 || *list[0].Arn != *arn {
		t.Errorf("listed %v", list)
	}

	for _, url := range []string{"http://example.com", "https://", "https://example.com?a=b", "example.com"} {
		answers(t, url, "ValidationError: Invalid Open ID Connect Provider URL",
			try(c.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: &url})())
	}
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprint("client", i))
	}
	fails(t, "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", c.CreateOpenIDConnectProvider,
		&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://example.com"), ClientIDList: many})

	must(t, c.DeleteOpenIDConnectProvider, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	missing, id := "OpenIDConnect Provider not found for arn "+*arn, aws.String("b")
	fails(t, "NoSuchEntity", missing, c.GetOpenIDConnectProvider,
		&iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	fails(t, "NoSuchEntity", missing, c.DeleteOpenIDConnectProvider,
		&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	fails(t, "NoSuchEntity", missing, c.AddClientIDToOpenIDConnectProvider,
		&iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: id})
	fails(t, "NoSuchEntity", missing, c.RemoveClientIDFromOpenIDConnectProvider,
		&iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: id})
	fails(t, "NoSuchEntity", missing, c.UpdateOpenIDConnectProviderThumbprint,
		&iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{other}})
	fails(t, "NoSuchEntity", missing, c.TagOpenIDConnectProvider,
		&iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: tagged("a=")})
	fails(t, "NoSuchEntity", missing, c.UntagOpenIDConnectProvider,
		&iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, TagKeys: []string{"a"}})
	fails(t, "NoSuchEntity", missing, c.ListOpenIDConnectProviderTags,
		&iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: arn})
}

// metadata is that of a SAML identity provider; attributes are more of the root element's.
func metadata(attributes string) *string {
	return aws.String(`<?xml version="1.0"?><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com" ` + attributes +
		`><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/><!--` + strings.Repeat(" ", 1000) + `--></EntityDescriptor>`)
}

func TestSAMLProviderFromBeginningToEnd(t *testing.T) {
	c := writtest.New(t).IAM()
	create := &iam.CreateSAMLProviderInput{Name: aws.String("idp"), SAMLMetadataDocument: metadata(`validUntil="2040-01-02T03:04:05Z"`), Tags: tagged("a=b")}
	made := must(t, c.CreateSAMLProvider, create)
	arn := made.SAMLProviderArn
	if *arn != ownARN("saml-provider/idp") || written(made.Tags) != "a=b" {
		t.Errorf("made %+v", made)
	}
	fails(t, "EntityAlreadyExists", "", c.CreateSAMLProvider, create)
	fails(t, "InvalidInput", "Could not parse metadata", c.CreateSAMLProvider,
		&iam.CreateSAMLProviderInput{Name: aws.String("bad"), SAMLMetadataDocument: aws.String(strings.Repeat("m", 1000))})
	get := func() *iam.GetSAMLProviderOutput {
		return must(t, c.GetSAMLProvider, &iam.GetSAMLProviderInput{SAMLProviderArn: arn})
	}
	got := get()
	if *got.SAMLMetadataDocument != *create.SAMLMetadataDocument || !got.ValidUntil.Equal(time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)) ||
		*got.SAMLProviderUUID == "" {
		t.Errorf("got %+v", got)
	}
	if list := must(t, c.ListSAMLProviders, &iam.ListSAMLProvidersInput{}).SAMLProviderList; len(list) != 1 || *list[0].Arn != *arn || !list[0].ValidUntil.Equal(*got.ValidUntil) {
		t.Errorf("listed %v", list)
	}

	secret, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := aws.String(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(secret)})))
	fails(t, "InvalidInput", "private key", c.UpdateSAMLProvider,
		&iam.UpdateSAMLProviderInput{SAMLProviderArn: arn, AssertionEncryptionMode: types.AssertionEncryptionModeTypeRequired})
	fails(t, "InvalidInput", "PEM", c.UpdateSAMLProvider,
		&iam.UpdateSAMLProviderInput{SAMLProviderArn: arn, AddPrivateKey: aws.String("key")})
	must(t, c.UpdateSAMLProvider, &iam.UpdateSAMLProviderInput{
		SAMLProviderArn: arn, AddPrivateKey: key, AssertionEncryptionMode: types.AssertionEncryptionModeTypeRequired, SAMLMetadataDocument: metadata(""),
	})
	got = get()
	if len(got.PrivateKeyList) != 1 || got.AssertionEncryptionMode != types.AssertionEncryptionModeTypeRequired ||
		*got.SAMLMetadataDocument != *metadata("") ||
		got.ValidUntil.Before(time.Now().AddDate(99, 0, 0)) {
		t.Errorf("changed to %+v", got)
	}
	id := got.PrivateKeyList[0].KeyId
	fails(t, "NoSuchEntity", "private key", c.UpdateSAMLProvider,
		&iam.UpdateSAMLProviderInput{SAMLProviderArn: arn, RemovePrivateKey: aws.String(strings.Repeat("K", 22))})
	must(t, c.UpdateSAMLProvider, &iam.UpdateSAMLProviderInput{
		SAMLProviderArn: arn, RemovePrivateKey: id, AssertionEncryptionMode: types.AssertionEncryptionModeTypeAllowed,
	})
	if got := get(); len(got.PrivateKeyList) != 0 {
		t.Errorf("%d private keys", len(got.PrivateKeyList))
	}

	must(t, c.TagSAMLProvider, &iam.TagSAMLProviderInput{SAMLProviderArn: arn, Tags: tagged("c=d")})
	must(t, c.UntagSAMLProvider, &iam.UntagSAMLProviderInput{SAMLProviderArn: arn, TagKeys: []string{"a"}})
	if got := written(must(t, c.ListSAMLProviderTags, &iam.ListSAMLProviderTagsInput{SAMLProviderArn: arn}).Tags); got != "c=d" {
		t.Errorf("tags %s", got)
	}
	must(t, c.DeleteSAMLProvider, &iam.DeleteSAMLProviderInput{SAMLProviderArn: arn})
	missing := "Manifest not found for arn " + *arn
	fails(t, "NoSuchEntity", missing, c.GetSAMLProvider, &iam.GetSAMLProviderInput{SAMLProviderArn: arn})
	fails(t, "NoSuchEntity", missing, c.UpdateSAMLProvider, &iam.UpdateSAMLProviderInput{SAMLProviderArn: arn})
	fails(t, "NoSuchEntity", missing, c.DeleteSAMLProvider, &iam.DeleteSAMLProviderInput{SAMLProviderArn: arn})
	fails(t, "NoSuchEntity", missing, c.TagSAMLProvider,
		&iam.TagSAMLProviderInput{SAMLProviderArn: arn, Tags: tagged("a=")})
	fails(t, "NoSuchEntity", missing, c.UntagSAMLProvider,
		&iam.UntagSAMLProviderInput{SAMLProviderArn: arn, TagKeys: []string{"a"}})
	fails(t, "NoSuchEntity", missing, c.ListSAMLProviderTags, &iam.ListSAMLProviderTagsInput{SAMLProviderArn: arn})
}
