package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/managed"
)

func (p *program) catalogShow() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show REF",
		Short: "Print the document of a managed policy",
		Long: `Print the document of an AWS managed policy as AWS wrote it, indented. What is printed is a policy
file. On a terminal, a line about the version goes before it, to standard error.`,
		Example: `  writ catalog show AdministratorAccess-Amplify
  writ catalog show arn:aws:iam::aws:policy/ReadOnlyAccess@v159 --json
  writ catalog show AdministratorAccess-Amplify@v10 > amplify.json`,
		Args:              arguments("REF"),
		ValidArgsFunction: completeReference,
		RunE: func(_ *cobra.Command, args []string) error {
			v, err := managed.Find(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				j := newVersionJSON(v)
				j.Document = v.Document()
				enc := json.NewEncoder(p.stdout)
				enc.SetEscapeHTML(false)
				return enc.Encode(j)
			}
			if p.screen.terminal {
				fmt.Fprintln(p.stderr, aligned([][]string{{v.Ref(), day(v), fmt.Sprintf("%d characters", v.Size), mark(v)}})[0])
			}
			var document bytes.Buffer
			if err := json.Indent(&document, v.Document(), "", "  "); err != nil {
				return err
			}
			p.print("%s", document.Bytes())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: facts about the version, and the document")
	return c
}
