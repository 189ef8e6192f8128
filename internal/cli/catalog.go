package cli

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/managed"
)

func (p *program) catalog() *cobra.Command {
	c := &cobra.Command{
		Use:   "catalog",
		Short: "Look up AWS managed policies, and publish managed policies on a server",
		Long: `Look up AWS managed policies. All versions are built in, as AWS published them; nothing is asked
of AWS. A reference is a name or an ARN, and a version if not the default one is meant:
AdministratorAccess-Amplify@v10.

And publish managed policies on a server, as their owner: publisher, publish, withdraw and import. What
was published there is its history, which entries lists, watch follows and webhook sends; show,
versions, log and blame know it, too. A rule over access levels can define such a policy; rule prints
the document that one makes.`,
		Example: `  writ catalog list '*Amplify*'
  writ catalog versions AdministratorAccess-Amplify
  writ catalog show AdministratorAccess-Amplify@v10
  writ catalog log AdministratorAccess-Amplify`,
	}
	c.AddCommand(p.catalogList(), p.catalogShow(), p.catalogVersions(), p.catalogLog(), p.catalogBlame(), p.catalogAudit(),
		p.catalogAffected(), p.catalogPublish(), p.catalogWithdraw(), p.catalogPublisher(), p.catalogEntries(), p.catalogWatch(), p.catalogImport(), p.catalogRule(),
		p.catalogWebhook())
	return c
}

// day returns the date of a version, and what stands for one that is not known.
func day(v *managed.Version) string {
	if v.Created.IsZero() {
		return "unknown"
	}
	return v.Created.Format(time.DateOnly)
}

// mark returns the words that qualify a version.
func mark(v *managed.Version) string {
	switch {
	case v.IsDefault() && v.Policy.Deprecated:
		return "default, deprecated"
	case v.IsDefault():
		return "default"
	}
	return ""
}

// versionJSON is a version of a managed policy in JSON.
type versionJSON struct {
	Name       string          `json:"name"`
	ARN        string          `json:"arn"`
	Path       string          `json:"path"`
	Version    string          `json:"version"`
	Created    *time.Time      `json:"created"` // null if it is not known
	Size       int             `json:"size"`    // in characters, without white space
	Statements int             `json:"statements"`
	Default    bool            `json:"default"`
	Deprecated bool            `json:"deprecated"` // the policy, not the version
	Document   json.RawMessage `json:"document,omitempty"`
}

func newVersionJSON(v *managed.Version) versionJSON {
	j := versionJSON{
		Name: v.Policy.Name, ARN: v.Policy.ARN, Path: v.Policy.Path, Version: v.ID, Size: v.Size, Statements: v.Statements,
		Default: v.IsDefault(), Deprecated: v.Policy.Deprecated,
	}
	if !v.Created.IsZero() {
		j.Created = &v.Created
	}
	return j
}

// printVersions prints a JSON list with a line for each version.
func (p *program) printVersions(versions []*managed.Version) error {
	if len(versions) == 0 {
		p.print("[]")
		return nil
	}
	for i, v := range versions {
		line, err := json.Marshal(newVersionJSON(v))
		if err != nil {
			return err
		}
		before, after := " ", ","
		if i == 0 {
			before = "["
		}
		if i == len(versions)-1 {
			after = "]"
		}
		p.print("%s%s%s", before, line, after)
	}
	return nil
}
