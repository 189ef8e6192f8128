package cli

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/iam"
)

func (p *program) roles() *cobra.Command {
	c := &cobra.Command{
		Use:   "roles",
		Short: "Make the roles that services assume",
		Long: `Make the roles that services assume, as the IAM console makes them for a use case: with the trust policy
that lets the service in, and the managed policies that it gets. The role for Amplify's backends is
the one of AWS's page on Amplify: Amplify-Backend Deployment, with AdministratorAccess-Amplify.

Roles are made by calls of the IAM API, so that the server may be any: AWS_ENDPOINT_URL says which.`,
		Example: `  writ roles list-service-roles lambda
  writ roles create-service-role amplify`,
	}
	c.AddCommand(p.createServiceRole(), p.listServiceRoles())
	return c
}

// serviceRoleJSON is a service role in JSON.
type serviceRoleJSON struct {
	Service  string   `json:"service"`
	UseCase  string   `json:"useCase"`
	Name     string   `json:"name"`
	Policies []string `json:"policies"`      // ARNs
	ARN      string   `json:"arn,omitempty"` // of a role that was made
}

func newServiceRoleJSON(r *iam.ServiceRole) serviceRoleJSON {
	return serviceRoleJSON{Service: r.Principal(), UseCase: r.UseCase, Name: r.Name, Policies: r.PolicyARNs()}
}

func (p *program) listServiceRoles() *cobra.Command {
	c := &cobra.Command{
		Use:   "list-service-roles [SERVICE]",
		Short: "List the service roles that can be made",
		Long: `List the service roles that can be made: service, use case, name of the role, and the managed policies it
gets. Nothing is asked of a server.`,
		Example: `  writ roles list-service-roles
  writ roles list-service-roles lambda --json`,
		Args: cobra.MaximumNArgs(1),
	}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		list := []serviceRoleJSON{}
		var rows [][]string
		for _, r := range iam.ServiceRoles() {
			if len(args) > 0 && r.Service != strings.TrimSuffix(args[0], ".amazonaws.com") {
				continue
			}
			list = append(list, newServiceRoleJSON(&r))
			rows = append(rows, []string{r.Service, r.UseCase, r.Name, strings.Join(r.Policies, ", ")})
		}
		if len(list) == 0 {
			p.status = notFound
		}
		if *asJSON {
			return (&client{program: p}).printJSON(list)
		}
		for _, line := range aligned(rows) {
			p.print("%s", line)
		}
		return nil
	}
	return c
}

func (p *program) createServiceRole() *cobra.Command {
	var useCase, name once
	c := &cobra.Command{
		Use:   "create-service-role SERVICE",
		Short: "Make a role for a service and attach its managed policies",
		Long: `Make a role for a service to assume, and attach the managed policies that it gets. If a policy cannot be
attached, the role that was made is taken back.`,
		Example: `  writ roles create-service-role amplify
  writ roles create-service-role lambda --use-case sqs --name order-worker --json`,
		Args: arguments("SERVICE"),
	}
	f := newClientFlags(c)
	c.Flags().Var(&useCase, "use-case", "`text` in the name of the use case, of a service that has several")
	c.Flags().Var(&name, "name", "`name` of the role, in place of the usual one")
	return p.serviceCommand(f, c, func(c *client, args []string) error {
		r, ok := iam.FindServiceRole(args[0], useCase.text)
		if !ok {
			return unknownServiceRole(args[0], useCase.text)
		}
		made := newServiceRoleJSON(r)
		if name.given() {
			made.Name = name.text
		}
		calls := api.NewFromConfig(c.config)
		out, err := calls.CreateRole(c.ctx, &api.CreateRoleInput{
			RoleName: &made.Name, AssumeRolePolicyDocument: aws.String(r.Trust()), Description: aws.String(r.UseCase),
		})
		if err != nil {
			return err
		}
		made.ARN = *out.Role.Arn
		for i, arn := range made.Policies {
			if _, err := calls.AttachRolePolicy(c.ctx, &api.AttachRolePolicyInput{RoleName: &made.Name, PolicyArn: &arn}); err != nil {
				for _, attached := range made.Policies[:i] { // nothing half done; what fails here leaves the first error
					calls.DetachRolePolicy(c.ctx, &api.DetachRolePolicyInput{RoleName: &made.Name, PolicyArn: &attached})
				}
				calls.DeleteRole(c.ctx, &api.DeleteRoleInput{RoleName: &made.Name})
				return err
			}
		}
		if c.json {
			return c.printJSON(made)
		}
		c.print("created  %s  for %s (%s)", printable(made.ARN), made.Service, made.UseCase)
		for _, arn := range made.Policies {
			c.print("  attached  %s", arn)
		}
		c.print("  next  writ catalog show %s", r.Policies[0])
		return nil
	})
}

func unknownServiceRole(service, useCase string) error {
	var of []string
	for _, r := range iam.ServiceRoles() {
		if r.Service == strings.TrimSuffix(service, ".amazonaws.com") {
			of = append(of, fmt.Sprintf("%q", r.UseCase))
		}
	}
	if len(of) > 0 {
		return fmt.Errorf("--use-case %q: service %s has %s", useCase, service, strings.Join(of, ", "))
	}
	return fmt.Errorf("no service role of %q is known; see writ roles list-service-roles", service)
}
