package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) catalogVersions() *cobra.Command {
	c := &cobra.Command{
		Use:   "versions NAME",
		Short: "List the versions of a managed policy",
		Long: `List the versions of an AWS managed policy, oldest first: version, date, size in characters
without white space, number of statements, and which one is the default. Versions can be missing,
where AWS's numbers have them and the source does not.

` + fromServer,
		Example: `  writ catalog versions AdministratorAccess-Amplify
  writ catalog versions ReadOnlyAccess --json
  writ catalog versions Deployer`,
		Args:              arguments("NAME"),
		ValidArgsFunction: completeName,
	}
	f := newClientFlags(c)
	f.describeJSON(c, "a list with a line for each version")
	c.RunE = func(c *cobra.Command, args []string) error {
		at, err := p.findPolicy(c.Context(), f, args[0])
		if err != nil {
			return err
		}
		if strings.Contains(args[0], "@") {
			return fmt.Errorf("%s takes a policy without a version; see writ catalog show %s", c.CommandPath(), at.Ref())
		}
		versions := at.Policy.Versions()
		if f.json {
			return p.printVersions(versions)
		}
		var rows [][]string
		for _, v := range versions {
			rows = append(rows, []string{v.ID, day(v), fmt.Sprintf("%6d", v.Size), statements(v.Statements), mark(v)})
		}
		for _, line := range aligned(rows) {
			p.print("%s", line)
		}
		return nil
	}
	return c
}

func statements(n int) string {
	if n == 1 {
		return "  1 statement"
	}
	return fmt.Sprintf("%3d statements", n)
}
