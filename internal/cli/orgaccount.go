package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/spf13/cobra"
)

func (p *program) orgAccount(f *clientFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "account",
		Short: "Create, list, move, close and remove accounts",
		Long:  "Create, list, move, close and remove the accounts of an organization.",
		Example: `  writ org account create build --email build@example.com
  writ org account move /build /Sandbox
  writ org account list`,
	}
	c.AddCommand(p.orgAccountCreate(f), p.orgAccountList(f), p.orgAccountMove(f), p.orgAccountClose(f),
		p.orgAccountRemove(f))
	return c
}

// accountJSON is an account in JSON.
type accountJSON struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	State string `json:"state,omitempty"`
	Unit  string `json:"unit,omitempty"`
	Role  string `json:"role,omitempty"` // ARN of the role in it that the management account can assume
}

func (p *program) orgAccountCreate(f *clientFlags) *cobra.Command {
	var email, unit, role once
	c := p.orgCommand(f, &cobra.Command{
		Use:   "create NAME --email ADDRESS [--unit UNIT]",
		Short: "Create an account",
		Long: `Create an account, with a role in it that has AdministratorAccess and that users and roles of the
management account may assume, if their policies allow it. That is the way into the account: it has
no other credentials.`,
		Example: `  writ org account create audit --email audit@example.com
  writ org account create test --email test@example.com --unit /Sandbox --role-name Admin`,
		Args: arguments("NAME"),
	}, func(o *org, args []string) error {
		if !email.given() {
			return errors.New("--email is missing; expected an address that no other account has")
		}
		to, err := o.unit(unit.text)
		if err != nil {
			return err
		}
		j, err := o.createAccount(args[0], email.text, role.text)
		if err != nil {
			return err
		}
		if j.Unit, err = to.name, o.moveAccount(j.ID, to.id); err != nil {
			return err
		}
		return o.done(j, []string{"writ", "org", "tree"}, "created", "account", j.Name, j.ID, "in "+j.Unit, "role "+j.Role)
	})
	c.Flags().Var(&email, "email", "`address` of the account's owner")
	c.Flags().Var(&unit, "unit", "`unit` to put it in (default the root)")
	c.Flags().Var(&role, "role-name", "`name` of the role (default OrganizationAccountAccessRole)")
	return c
}

func (o *org) createAccount(name, email, role string) (*accountJSON, error) {
	in := &organizations.CreateAccountInput{AccountName: &name, Email: &email}
	if role == "" {
		role = "OrganizationAccountAccessRole"
	}
	in.RoleName = &role
	out, err := o.CreateAccount(o.ctx, in)
	if err != nil {
		return nil, err
	}
	switch s := out.CreateAccountStatus; {
	case s.State == types.CreateAccountStateSucceeded:
		return &accountJSON{
			ID: *s.AccountId, Name: name, Email: email, State: "active", Role: "arn:aws:iam::" + *s.AccountId + ":role/" + role,
		}, nil
	case s.FailureReason == types.CreateAccountFailureReasonEmailAlreadyExists:
		return nil, fmt.Errorf("--email %s: another account has this address", email)
	case s.State == types.CreateAccountStateFailed:
		return nil, fmt.Errorf("the account was not created: %s", s.FailureReason)
	default:
		return nil, fmt.Errorf("the account is not there yet; its request %s goes on", *s.Id)
	}
}

// moveAccount moves an account to the root or a unit, if it is not there.
func (o *org) moveAccount(id, to string) error {
	parents, err := o.ListParents(o.ctx, &organizations.ListParentsInput{ChildId: &id})
	if err != nil {
		return err
	}
	if len(parents.Parents) == 1 && *parents.Parents[0].Id != to {
		_, err = o.MoveAccount(o.ctx, &organizations.MoveAccountInput{
			AccountId: &id, SourceParentId: parents.Parents[0].Id, DestinationParentId: &to,
		})
	}
	return err
}

func (p *program) orgAccountList(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Long:  "List the accounts: id, name, email address and state.",
		Example: `  writ org account list
  writ org account list --json`,
		Args: arguments(),
	}, func(o *org, _ []string) error {
		all, err := every(o.ctx, organizations.NewListAccountsPaginator(o, &organizations.ListAccountsInput{}),
			func(p *organizations.ListAccountsOutput) []types.Account { return p.Accounts })
		if err != nil {
			return err
		}
		list := []accountJSON{}
		var rows [][]string
		for _, a := range all {
			j := accountJSON{
				ID: *a.Id, Name: deref(a.Name), Email: deref(a.Email), State: strings.ToLower(string(a.State)),
			}
			list = append(list, j)
			rows = append(rows, []string{j.ID, j.Name, j.Email, j.State})
		}
		if o.json {
			return o.printJSON(list)
		}
		for _, line := range aligned(rows) {
			o.print("%s", printable(line))
		}
		return nil
	})
}

func (p *program) orgAccountMove(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "move ACCOUNT UNIT",
		Short: "Move an account to a unit or to the root",
		Long:  "Move an account to a unit, or to the root, which is /. The policies of its new place bear on it at once.",
		Example: `  writ org account move /audit /Sandbox
  writ org account move /Sandbox/audit /`,
		Args: arguments("ACCOUNT", "UNIT"),
	}, func(o *org, args []string) error {
		a, err := o.account(args[0])
		if err != nil {
			return err
		}
		to, err := o.unit(args[1])
		if err != nil {
			return err
		}
		if err := o.moveAccount(a.id, to.id); err != nil {
			return err
		}
		j := accountJSON{ID: a.id, Unit: to.name}
		return o.done(j, []string{"writ", "org", "tree"}, "moved", "account", a.name, "to "+to.name)
	})
}

func (p *program) orgAccountClose(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:     "close ACCOUNT",
		Short:   "Suspend an account for good",
		Long:    "Suspend an account for good: no credentials of it work any more.",
		Example: "  writ org account close /Sandbox/test",
		Args:    arguments("ACCOUNT"),
	}, func(o *org, args []string) error {
		a, err := o.account(args[0])
		if err != nil {
			return err
		}
		if _, err := o.CloseAccount(o.ctx, &organizations.CloseAccountInput{AccountId: &a.id}); err != nil {
			return err
		}
		return o.done(accountJSON{ID: a.id, State: "suspended"}, nil, "closed", "account", a.name)
	})
}

func (p *program) orgAccountRemove(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "remove ACCOUNT",
		Short: "Take an account out of the organization",
		Long: `Take an account out of the organization. It goes on by itself, and no SCP and no RCP bears on it
any more.`,
		Example: "  writ org account remove /audit",
		Args:    arguments("ACCOUNT"),
	}, func(o *org, args []string) error {
		a, err := o.account(args[0])
		if err != nil {
			return err
		}
		in := &organizations.RemoveAccountFromOrganizationInput{AccountId: &a.id}
		if _, err := o.RemoveAccountFromOrganization(o.ctx, in); err != nil {
			return err
		}
		return o.done(accountJSON{ID: a.id}, nil, "removed", "account", a.name)
	})
}
