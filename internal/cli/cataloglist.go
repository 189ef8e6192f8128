package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/managed"
)

func (p *program) catalogList() *cobra.Command {
	var path string
	var deprecated, asJSON bool
	c := &cobra.Command{
		Use:   "list [PATTERN]",
		Short: "List AWS managed policies",
		Long: `List AWS managed policies: name, default version, its date, its size in characters, and the path
if there is one.

PATTERN selects by name; * stands for any characters, ? for one, and case does not matter. Without
a * or ? it is a part of the name.

Exit status: 0 if there are any, 1 if no policies match, 2 for an error.`,
		Example: `  writ catalog list
  writ catalog list amplify
  writ catalog list 'AWS*RolePolicy' --path service-role
  writ catalog list --deprecated --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("%s takes one PATTERN; found %q, too (quote it, so that the shell leaves it alone)", c.CommandPath(), args[1])
			}
			return nil
		},
		ValidArgsFunction: completeName,
		RunE: func(_ *cobra.Command, args []string) error {
			pattern := ""
			if len(args) > 0 {
				pattern = args[0]
			}
			matches := namePattern(pattern)
			if path != "" {
				path = slashed(path)
			}
			var versions []*managed.Version
			for _, policy := range managed.All() {
				if matches(policy.Name) && (path == "" || policy.Path == path) && (!deprecated || policy.Deprecated) {
					versions = append(versions, policy.Default())
				}
			}
			if len(versions) == 0 {
				fmt.Fprintln(p.stderr, "writ: no policies match")
				p.status = notFound
			}
			if asJSON {
				return p.printVersions(versions)
			}
			var rows [][]string
			for _, v := range versions {
				row := []string{v.Policy.Name, v.ID, day(v), fmt.Sprintf("%6d", v.Size), strings.TrimPrefix(v.Policy.Path, "/")}
				if v.Policy.Deprecated {
					row[4] = strings.TrimPrefix(row[4]+", deprecated", ", ")
				}
				rows = append(rows, row)
			}
			for _, line := range aligned(rows) {
				p.print("%s", line)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&deprecated, "deprecated", false, "only those that AWS has withdrawn")
	c.Flags().StringVar(&path, "path", "", "only those with this `path`, such as service-role")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: a list with a line for each policy")
	mustComplete(c, "path", completePath)
	return c
}

// slashed returns a path as IAM writes it: /service-role/.
func slashed(path string) string {
	if path = strings.Trim(path, "/"); path == "" {
		return "/"
	}
	return "/" + path + "/"
}

// namePattern returns a test of names by a pattern or, where that has no wildcard, by a part of the name.
func namePattern(pattern string) func(name string) bool {
	pattern = strings.ToLower(pattern)
	if !strings.ContainsAny(pattern, "*?") {
		pattern = "*" + pattern + "*"
	}
	m := glob.Compile(pattern)
	return func(name string) bool { return m.Match(strings.ToLower(name)) }
}

func completePath(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	seen := map[string]bool{}
	var paths []cobra.Completion
	for _, p := range managed.All() {
		if !seen[p.Path] {
			seen[p.Path] = true
			paths = append(paths, p.Path)
		}
	}
	return paths, cobra.ShellCompDirectiveNoFileComp
}
