package cli

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/spf13/cobra"
)

func (p *program) orgUnit(f *clientFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "unit",
		Short: "Create, rename and delete organizational units",
		Long: `Create, rename and delete organizational units. A unit stays below the parent that it was created
in: AWS has no operation that moves one. Its accounts can be moved with writ org account move.`,
		Example: `  writ org unit create /Sandbox/Teams
  writ org unit rename /Sandbox/Teams Groups
  writ org unit delete /Sandbox/Groups`,
	}
	c.AddCommand(p.orgUnitCreate(f), p.orgUnitRename(f), p.orgUnitDelete(f))
	return c
}

// unitJSON is a unit in JSON.
type unitJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Path string `json:"path,omitempty"`
}

func (p *program) orgUnitCreate(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:     "create PATH",
		Short:   "Create a unit",
		Long:    "Create a unit. What stands before its name in the path must be there.",
		Example: "  writ org unit create /Sandbox/Trials",
		Args:    arguments("PATH"),
	}, func(o *org, args []string) error {
		names := steps(args[0])
		if len(names) == 0 {
			return fmt.Errorf("PATH %q: expected a path such as /Sandbox", args[0])
		}
		last := len(names) - 1
		parent, err := o.unit("/" + strings.Join(names[:last], "/"))
		if err != nil {
			return err
		}
		out, err := o.CreateOrganizationalUnit(o.ctx, &organizations.CreateOrganizationalUnitInput{
			ParentId: &parent.id, Name: &names[last],
		})
		if err != nil {
			return err
		}
		j := unitJSON{*out.OrganizationalUnit.Id, names[last], "/" + strings.Join(names, "/")}
		next := []string{
			"writ", "org", "account", "create", "NAME", "--email", "NAME@example.com", "--unit", j.Path,
		}
		return o.done(j, next, "created", "unit", j.Path, j.ID)
	})
}

func (p *program) orgUnitRename(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:     "rename UNIT NAME",
		Short:   "Give a unit another name",
		Long:    "Give a unit another name. Its id, and what is in it, stay.",
		Example: "  writ org unit rename /Sandbox/Trials Experiments",
		Args:    arguments("UNIT", "NAME"),
	}, func(o *org, args []string) error {
		unit, err := o.unit(args[0])
		if err != nil {
			return err
		}
		if _, err := o.UpdateOrganizationalUnit(o.ctx, &organizations.UpdateOrganizationalUnitInput{
			OrganizationalUnitId: &unit.id, Name: &args[1],
		}); err != nil {
			return err
		}
		return o.done(unitJSON{ID: unit.id, Name: args[1]}, nil, "renamed", "unit", unit.name, "to "+args[1])
	})
}

func (p *program) orgUnitDelete(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:     "delete UNIT",
		Short:   "Delete a unit in which there is nothing",
		Long:    "Delete a unit in which there are no accounts and no units.",
		Example: "  writ org unit delete /Sandbox/Experiments",
		Args:    arguments("UNIT"),
	}, func(o *org, args []string) error {
		unit, err := o.unit(args[0])
		if err != nil {
			return err
		}
		if _, err := o.DeleteOrganizationalUnit(o.ctx, &organizations.DeleteOrganizationalUnitInput{
			OrganizationalUnitId: &unit.id,
		}); err != nil {
			return err
		}
		return o.done(unitJSON{ID: unit.id}, nil, "deleted", "unit", unit.name)
	})
}
