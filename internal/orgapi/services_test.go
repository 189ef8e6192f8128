package orgapi_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
)

// Terraform reads these with every organization.
func TestServicesAreTrustedAndDistrusted(t *testing.T) {
	w := newWorld(t)
	trust := func(principals ...string) {
		for _, p := range principals {
			must(t, w.EnableAWSServiceAccess, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: &p})
		}
	}
	trusted := func() (got []string) {
		in := &organizations.ListAWSServiceAccessForOrganizationInput{MaxResults: aws.Int32(1)}
		for p := organizations.NewListAWSServiceAccessForOrganizationPaginator(w, in); p.HasMorePages(); {
			page, err := p.NextPage(t.Context())
			allowed(t, err)
			for _, s := range page.EnabledServicePrincipals {
				if s.DateEnabled.IsZero() {
					t.Errorf("%s has no date", *s.ServicePrincipal)
				}
				got = append(got, *s.ServicePrincipal)
			}
		}
		return got
	}
	if got := trusted(); len(got) != 0 {
		t.Errorf("at first %v are trusted", got)
	}
	trust("sso.amazonaws.com", "cloudtrail.amazonaws.com", "sso.amazonaws.com")
	if got := trusted(); len(got) != 2 || got[0] != "cloudtrail.amazonaws.com" || got[1] != "sso.amazonaws.com" {
		t.Errorf("%v are trusted", got)
	}
	for range 2 {
		must(t, w.DisableAWSServiceAccess, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: aws.String("sso.amazonaws.com")})
	}
	if got := trusted(); len(got) != 1 {
		t.Errorf("%v are trusted", got)
	}
	_, err := w.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("sso")})
	wantError(t, err, "InvalidInputException", "UNRECOGNIZED_SERVICE_PRINCIPAL")
}
