package iam

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTheValidityOfSAMLMetadata(t *testing.T) {
	const ns = `xmlns="urn:oasis:names:tc:SAML:2.0:metadata"`
	for _, test := range []struct {
		metadata string
		want     time.Time // zero: InvalidInput
	}{
		{`<EntityDescriptor ` + ns + ` entityID="idp"><IDPSSODescriptor/></EntityDescriptor>`, testTime.AddDate(100, 0, 0)},
		{`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="idp" validUntil="2030-01-02T03:04:05.6Z"><md:IDPSSODescriptor/></md:EntityDescriptor>`,
			time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)},
		{`<EntityDescriptor ` + ns + ` entityID="idp" validUntil="soon"><IDPSSODescriptor/></EntityDescriptor>`, time.Time{}},
		{`<EntityDescriptor ` + ns + ` entityID="idp" validUntil="9999-12-31T23:59:59-01:00"><IDPSSODescriptor/></EntityDescriptor>`, time.Time{}},
		{`<EntityDescriptor ` + ns + `><IDPSSODescriptor/></EntityDescriptor>`, time.Time{}},
		{`<EntityDescriptor ` + ns + ` entityID="sp"><SPSSODescriptor/></EntityDescriptor>`, time.Time{}},
		{`<EntityDescriptor entityID="idp"><IDPSSODescriptor/></EntityDescriptor>`, time.Time{}},
		{`<EntityDescriptor ` + ns + ` entityID="idp"><IDPSSODescriptor>`, time.Time{}},
		{`not XML`, time.Time{}},
	} {
		got, err := MetadataValidity(test.metadata, testTime)
		if !got.Equal(test.want) || test.want.IsZero() != Is(err, InvalidInput) {
			t.Errorf("%s: got %v, %v; want %v", test.metadata, got, err, test.want)
		}
	}
}

func TestProvidersKeepTheirQuotas(t *testing.T) {
	list := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint(i))
		}
		return all
	}
	for _, test := range []struct {
		want string
		p    OIDCProvider
	}{
		{"", OIDCProvider{ClientIDs: list(100), Thumbprints: list(5)}},
		{"LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", OIDCProvider{ClientIDs: list(101)}},
		{"InvalidInput: Thumbprint list must contain fewer than 5 entries.", OIDCProvider{Thumbprints: list(6)}},
	} {
		if err := test.p.check(); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	for _, test := range []struct {
		want Code
		p    SAMLProvider
	}{
		{"", SAMLProvider{Encryption: "Required", Keys: make([]SAMLKey, 2)}},
		{LimitExceeded, SAMLProvider{Keys: make([]SAMLKey, 3)}},
		{InvalidInput, SAMLProvider{Encryption: "Required"}},
		{LimitExceeded, SAMLProvider{Metadata: strings.Repeat("m", maxSAMLRecord)}},
	} {
		if err := test.p.check(); (err == nil) != (test.want == "") || err != nil && !Is(err, test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}
