package cli

import (
	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/writapi"
)

func (p *program) orgDetails(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "details",
		Short: "Print what is in all accounts, and the SCPs and RCPs above each",
		Long: `Print, as JSON, what "aws iam get-account-authorization-details" prints of one account, for each account:
its users, groups, roles and managed policies with their documents; and the SCPs and RCPs at each level
above it. It is a file for --details of writ catalog affected, to be read without the server.

The first account, which is the operator's, gets all accounts of the server, and needs
writ:GetOrganizationAuthorizationDetails on arn:aws:writ::ACCOUNT:account/*; another management account
gets its organization, and needs it on the organization's ARN. No member account can. Closed accounts
are left out.`,
		Example: "  writ org details > organization.json",
		Args:    arguments(),
	}, func(o *org, _ []string) error {
		// Only what is complete is printed: a file that ends early would be of fewer accounts, or of fewer SCPs.
		all := organizationDetails{
			Accounts: []writapi.AccountDetails{}, OrganizationPolicies: []writapi.OrganizationPolicy{}, named: map[string]bool{},
		}
		if err := o.eachDetailsPage(all.add); err != nil {
			return err
		}
		return o.printJSON(all)
	})
}

// organizationDetails are all pages in one.
type organizationDetails struct {
	Accounts             []writapi.AccountDetails
	OrganizationPolicies []writapi.OrganizationPolicy

	named map[string]bool // ARNs of those
}

func (all *organizationDetails) add(page *writapi.GetOrganizationAuthorizationDetailsOutput) error {
	for _, a := range page.Accounts {
		n := len(all.Accounts)
		if n == 0 || all.Accounts[n-1].ID != a.ID {
			all.Accounts = append(all.Accounts, a)
			continue
		}
		to := &all.Accounts[n-1] // it goes on
		to.UserDetailList = append(to.UserDetailList, a.UserDetailList...)
		to.GroupDetailList = append(to.GroupDetailList, a.GroupDetailList...)
		to.RoleDetailList = append(to.RoleDetailList, a.RoleDetailList...)
		to.Policies = append(to.Policies, a.Policies...)
	}
	for _, p := range page.OrganizationPolicies {
		if !all.named[p.ARN] {
			all.named[p.ARN] = true
			all.OrganizationPolicies = append(all.OrganizationPolicies, p)
		}
	}
	return nil
}

// eachDetailsPage reads what is in all accounts of a server, page by page.
func (c *client) eachDetailsPage(do func(*writapi.GetOrganizationAuthorizationDetailsOutput) error) error {
	for in := (writapi.GetOrganizationAuthorizationDetailsInput{MaxItems: 1000}); ; {
		page, err := callWrit[writapi.GetOrganizationAuthorizationDetailsOutput](c, "GetOrganizationAuthorizationDetails", in)
		if err != nil {
			return err
		}
		if err := do(page); err != nil {
			return err
		}
		if !page.IsTruncated {
			return nil
		}
		in.Marker = page.Marker
	}
}
