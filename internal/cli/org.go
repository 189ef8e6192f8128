package cli

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/spf13/cobra"
)

const orgHelp = `Keep an organization on a server: accounts in a tree of units, and the service control policies
(SCPs) and resource control policies (RCPs) that are attached to the root, to units and to accounts.

The server and the credentials are found as the AWS CLI finds them: AWS_ENDPOINT_URL,
AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE, AWS_ACCESS_KEY_ID and so on; writ serve prints the lines
that set them. All but describing the organization is for its management account. What is in all accounts,
to be read without the server, details prints.

A unit or account is named by its id, or by its path: /Sandbox is a unit below the root, which is /,
and /Sandbox/dev is a unit or an account in it. A policy is named by its id or its name.`

const orgExamples = `  writ org create
  writ org unit create /Sandbox
  writ org account create dev --email dev@example.com --unit /Sandbox
  writ org policy create NoLeaving --document scp.json
  writ org attach NoLeaving /Sandbox
  writ org tree
  writ org details > organization.json`

// An org is an organization on a server, for the time of one command.
type org struct {
	*organizations.Client
	*client
	top *types.Root // read when it is first needed
}

func (p *program) org() *cobra.Command {
	c := &cobra.Command{
		Use:     "org",
		Short:   "Keep accounts, units and their SCPs and RCPs on a server",
		Long:    orgHelp,
		Example: orgExamples,
	}
	f := newClientFlags(c)
	unit, account, policy := p.orgUnit(f), p.orgAccount(f), p.orgPolicy(f)
	for _, group := range []*cobra.Command{unit, account, policy} {
		p.onlyCommands(group)
	}
	c.AddCommand(p.orgTree(f), p.orgCreate(f), unit, account, policy, p.orgAttach(f), p.orgDetach(f),
		p.orgEnable(f), p.orgDisable(f), p.orgDetails(f))
	return c
}

// orgCommand gives a command its work: on an organization.
func (p *program) orgCommand(f *clientFlags, c *cobra.Command, run func(o *org, args []string) error) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := p.openOrg(c.Context(), f)
		if err != nil {
			return err
		}
		return o.told(run(o, args))
	}
	return c
}

// orgHints say what to do about errors.
var orgHints = map[string]string{
	"AWSOrganizationsNotInUseException": "writ org create makes one",
	"PolicyTypeNotEnabledException":     "writ org enable enables it",
}

func (p *program) openOrg(ctx context.Context, f *clientFlags) (*org, error) {
	c, err := p.dial(ctx, f, func(cfg aws.Config) *string { return organizations.NewFromConfig(cfg).Options().BaseEndpoint })
	if err != nil {
		return nil, err
	}
	c.hints = orgHints
	return &org{Client: organizations.NewFromConfig(c.config), client: c}, nil
}

// pages is a paginator of the SDK.
type pages[Out any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*organizations.Options)) (Out, error)
}

// every returns the items of all pages.
func every[Out, T any](ctx context.Context, p pages[Out], items func(Out) []T) (all []T, err error) {
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, items(page)...)
	}
	return all, nil
}

// organizationJSON is an organization in JSON.
type organizationJSON struct {
	ID         string   `json:"id"`
	Management string   `json:"managementAccount"`
	Root       string   `json:"root"`
	Enabled    []string `json:"policyTypes"`
}

func (p *program) orgCreate(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "create",
		Short: "Make the caller's account the management account of a new organization",
		Long: `Make the caller's account the management account of a new organization, in which SCPs and RCPs are
enabled. Neither bears on the management account itself.`,
		Example: "  writ org create",
		Args:    arguments(),
	}, func(o *org, _ []string) error {
		created, err := o.CreateOrganization(o.ctx, &organizations.CreateOrganizationInput{})
		if err != nil {
			return err
		}
		root, err := o.root()
		if err != nil {
			return err
		}
		j := organizationJSON{ID: *created.Organization.Id, Management: *created.Organization.MasterAccountId, Root: *root.Id}
		for _, t := range policyTypes {
			if err := o.enable(*root.Id, t.t); err != nil {
				return err
			}
			j.Enabled = append(j.Enabled, t.name)
		}
		next := []string{"writ", "org", "unit", "create", "/Sandbox"}
		return o.done(j, next, "created", "organization", j.ID, "root "+j.Root)
	})
}

func (o *org) enable(root string, t types.PolicyType) error {
	_, err := o.EnablePolicyType(o.ctx, &organizations.EnablePolicyTypeInput{RootId: &root, PolicyType: t})
	return err
}

func (o *org) disable(root string, t types.PolicyType) error {
	_, err := o.DisablePolicyType(o.ctx, &organizations.DisablePolicyTypeInput{RootId: &root, PolicyType: t})
	return err
}

func (p *program) orgEnable(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "enable TYPE",
		Short: "Put SCPs or RCPs in force",
		Long: `Put the policies of a type, scp or rcp, in force. writ org create has done so; other programs that
create organizations may not.`,
		Example: "  writ org enable scp",
		Args:    arguments("TYPE"),
	}, func(o *org, args []string) error {
		return o.change("enabled", args[0], o.enable)
	})
}

func (p *program) orgDisable(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "disable TYPE",
		Short: "Take SCPs or RCPs out of force",
		Long: `Take the policies of a type, scp or rcp, out of force, and detach them everywhere. The policies
themselves stay.`,
		Example: "  writ org disable scp",
		Args:    arguments("TYPE"),
	}, func(o *org, args []string) error {
		return o.change("disabled", args[0], o.disable)
	})
}

// change enables or disables a type of policies.
func (o *org) change(done, name string, change func(root string, t types.PolicyType) error) error {
	t, err := findPolicyType("TYPE", name)
	if err != nil {
		return err
	}
	root, err := o.root()
	if err != nil {
		return err
	}
	if err := change(*root.Id, t.t); err != nil {
		return err
	}
	return o.done(map[string]string{done: t.name}, nil, done, t.name)
}

// A policyType is a type of an organization's policies.
type policyType struct {
	name string // as the command line has it
	t    types.PolicyType
}

var policyTypes = []policyType{
	{"scp", types.PolicyTypeServiceControlPolicy},
	{"rcp", types.PolicyTypeResourceControlPolicy},
}
