package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func (p *program) catalogShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show REF",
		Short: "Print the document of a managed policy",
		Long: `Print the document of an AWS managed policy as AWS wrote it, indented. What is printed is a policy
file. On a terminal, a line about the version goes before it, to standard error.

` + fromServer,
		Example: `  writ catalog show AdministratorAccess-Amplify
  writ catalog show arn:aws:iam::aws:policy/ReadOnlyAccess@v159 --json
  writ catalog show AdministratorAccess-Amplify@v10 > amplify.json
  writ catalog show Deployer`,
		Args:              arguments("REF"),
		ValidArgsFunction: completeReference,
	}
	f := newClientFlags(c)
	f.describeJSON(c, "facts about the version, and the document")
	c.RunE = func(c *cobra.Command, args []string) error {
		at, err := p.findPolicy(c.Context(), f, args[0])
		if err != nil {
			return err
		}
		v := at.Version
		if f.json {
			j := newVersionJSON(v)
			j.Document = v.Document()
			enc := json.NewEncoder(p.stdout)
			enc.SetEscapeHTML(false)
			return enc.Encode(j)
		}
		if p.screen.terminal {
			fmt.Fprintln(p.stderr, printable(aligned([][]string{{v.Ref(), day(v), fmt.Sprintf("%d characters", v.Size), mark(v)}})[0]))
		}
		var document bytes.Buffer
		if err := json.Indent(&document, v.Document(), "", "  "); err != nil {
			return err
		}
		p.print("%s", document.Bytes())
		return nil
	}
	return c
}
