package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/managed"
)

const publishHelp = `Publish a version of a managed policy on a server, as its owner.

Owners are AWS, whose catalogue is built in (--publisher aws), and publishers that the operator
names with writ catalog publisher. Their policies are for all accounts of the server, below a
path of their own: arn:aws:iam::aws:policy/platform/Deployer. Customers attach them and cannot
change them.

The document is compared with the version in force, as writ diff does. If it only adds, it is put
in force at once, for every identity that the policy is attached to. If it takes something away,
or if that is not known, nothing is published: what would break is shown, with a request that
would be denied, and who would lose it. With --allow-removal and a reason it is published all the
same, and the history says so.

With --rule in place of --document, the policy is defined by a rule (see writ catalog rule): the server
makes the document from its service reference, and makes it again whenever writ reference update gives
it a newer one. A later version with --document ends that.

Exit status: 0 if it was published, or is in force already; 1 if it was refused; 2 for an error.`

func (p *program) catalogPublish() *cobra.Command {
	var publisher, document, rule, path, note, feature, reason once
	var dryRun bool
	c := &cobra.Command{
		Use:   "publish NAME --document FILE|--rule FILE --note WHY",
		Short: "Publish a version of a managed policy on a server",
		Long:  publishHelp,
		Example: `  writ catalog publish Deployer --publisher platform --document deployer.json --note "deploys the shop"
  writ catalog publish Deployer --publisher platform --document deployer.json --note "less" --dry-run
  writ catalog publish Deployer --publisher platform --document deployer.json --note "less" --allow-removal "nobody lists users any more"
  writ catalog publish Readers --publisher platform --rule readers.json --note "all that reads, but no secrets"`,
		Args: arguments("NAME"),
	}
	f := newClientFlags(c)
	c.Flags().Var(&publisher, "publisher", "`name` of the owner (default aws for a policy of AWS's catalogue)")
	c.Flags().Var(&document, "document", "`file` of the policy document, or - for standard input")
	c.Flags().Var(&rule, "rule", "`file` of the rule that defines the policy, or - for standard input")
	c.Flags().Var(&path, "path", "`path` of a new policy (default the publisher's)")
	c.Flags().Var(&note, "note", "`why` there is a new version, for the history")
	c.Flags().Var(&feature, "feature", "`name` of what the version belongs to, for the history")
	c.Flags().Var(&reason, "allow-removal", "publish although something is taken away, for this `reason`")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "compare, and publish nothing")
	return p.serviceCommand(f, c, func(c *client, args []string) error {
		switch {
		case !document.given() && !rule.given():
			return errors.New("--document is missing; expected a file, or - for standard input")
		case document.given() && rule.given():
			return errors.New("--document and --rule are both given; a rule makes the document")
		case !note.given():
			return errors.New("--note is missing; say why there is a new version: the history keeps it")
		}
		in := writapi.PublishManagedPolicyInput{
			Publisher: publisher.text, Name: args[0], Path: path.text, Note: note.text, Feature: feature.text,
			AllowRemoval: reason.text, DryRun: dryRun,
		}
		if rule.given() {
			r, err := c.readRule("--rule", rule.text)
			if err != nil {
				return err
			}
			in.Rule = r.text
		} else {
			text, _, err := c.readPolicy("--document", document.text)
			if err != nil {
				return err
			}
			in.Document = string(text)
		}
		if !publisher.given() {
			if _, ok := managed.Lookup(args[0]); !ok {
				return fmt.Errorf("--publisher is missing; AWS's catalogue has no policy %q", args[0])
			}
			in.Publisher = "aws"
		}
		out, err := callWrit[writapi.PublishManagedPolicyOutput](c, "PublishManagedPolicy", in)
		if err != nil {
			return err
		}
		if out.Refused != nil {
			c.status = differs
		}
		if c.json {
			return c.printJSON(out)
		}
		c.printPublished(args[0], out, dryRun)
		return nil
	})
}

// printPublished says what came of a publication.
func (c *client) printPublished(name string, out *writapi.PublishManagedPolicyOutput, dryRun bool) {
	switch {
	case out.Unchanged:
		c.print("unchanged  %s: the version in force has this document", printable(name))
	case out.Refused != nil:
		c.printRefusal(name, out.Refused)
	default:
		e := out.Entry
		word := "published"
		if dryRun {
			word = "would publish"
		}
		version := e.VersionID
		if version == "" {
			version = "the next version"
		}
		c.print("%s  %s@%s  %s", word, printable(e.PolicyName), version, c.screen.verdict(e.Verdict))
		for _, line := range changes(e) {
			c.print("  %s", printable(line))
		}
		if text := e.Escalation.History().Words(); text != "" {
			c.print("  %s  %s", c.screen.yellow("escalation"), printable(text))
		}
		if out.RuleEnds {
			c.print("  it is not defined by a rule any more")
		}
		if !dryRun {
			c.print("  next  writ catalog entries --policy %s", printable(e.PolicyName))
		}
	}
}

func (c *client) printRefusal(name string, r *writapi.Refusal) {
	c.print("%s  %s: the new document is %s", c.screen.red("refused"), printable(name), r.Verdict)
	for _, loss := range r.Removes {
		text := "  removes  " + few(loss.Actions, 6)
		if loss.When != "" {
			text += "  " + loss.When
		}
		c.print("%s", printable(text))
		c.print("  witness  %s", printable(string(loss.Witness)))
	}
	for _, doubt := range r.Unknown {
		c.print("  unknown  %s", printable(doubt))
	}
	for _, who := range r.Loses {
		c.print("  loses it  %s  (as its %s)", printable(who.ARN), who.As)
	}
	if r.More > 0 {
		c.print("  loses it  and %d more", r.More)
	}
	c.print("  next  the same with --allow-removal and a reason, or with a document that keeps these")
}

// verdict colours a verdict by what it means for those who have the policy.
func (s screen) verdict(verdict string) string {
	switch verdict {
	case "narrower", "incomparable", "unknown", "deprecation":
		return s.yellow(verdict)
	}
	return s.green(verdict)
}

// changes are the lines on what an entry adds and removes.
func changes(e *writapi.Entry) (lines []string) {
	if len(e.Added) > 0 {
		lines = append(lines, "adds     "+few(e.Added, 8))
	}
	if len(e.Removed) > 0 {
		lines = append(lines, "removes  "+few(e.Removed, 8))
	}
	if e.Reason != "" {
		lines = append(lines, "reason   "+e.Reason)
	}
	if e.Rule != "" {
		lines = append(lines, "by rule  of "+e.Reference)
	}
	return lines
}

// few lists texts, at most n of them.
func few(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}

func (p *program) catalogWithdraw() *cobra.Command {
	var publisher, note once
	c := &cobra.Command{
		Use:   "withdraw NAME --publisher NAME --note WHY",
		Short: "Deprecate a managed policy on a server",
		Long: `Deprecate a managed policy on a server, as its owner. It stays where it is attached, and counts there as
before; nobody can attach it any more, and it gets no more versions.`,
		Example: `  writ catalog withdraw Deployer --publisher platform --note "Builder replaces it"`,
		Args:    arguments("NAME"),
	}
	f := newClientFlags(c)
	c.Flags().Var(&publisher, "publisher", "`name` of the owner")
	c.Flags().Var(&note, "note", "`why` it is withdrawn, for the history")
	return p.serviceCommand(f, c, func(c *client, args []string) error {
		switch {
		case !publisher.given():
			return errors.New("--publisher is missing; expected the owner's name, or aws")
		case !note.given():
			return errors.New("--note is missing; say why it is withdrawn: the history keeps it")
		}
		in := writapi.DeprecateManagedPolicyInput{Publisher: publisher.text, Name: args[0], Note: note.text}
		out, err := callWrit[writapi.DeprecateManagedPolicyOutput](c, "DeprecateManagedPolicy", in)
		if err != nil {
			return err
		}
		return c.done(out.Entry, []string{"writ", "catalog", "entries", "--policy", args[0]}, "deprecated", out.Entry.PolicyARN, "it stays where it is attached")
	})
}

func (p *program) catalogPublisher() *cobra.Command {
	c := &cobra.Command{
		Use:   "publisher",
		Short: "Name the publishers of managed policies on a server",
		Long: `Name those who own managed policies on a server besides AWS: a platform team, say, whose policies are
for all accounts. Who may publish is a matter of policies, as all else: writ:PublishManagedPolicy on
arn:aws:writ::ACCOUNT:publisher/NAME/policy/*, for identities of the first account.`,
		Example: `  writ catalog publisher create platform --path /platform/
  writ catalog publisher list`,
	}
	c.AddCommand(p.publisherCreate(), p.publisherList())
	return c
}

func (p *program) publisherCreate() *cobra.Command {
	var path once
	c := &cobra.Command{
		Use:     "create NAME --path /PATH/",
		Short:   "Name a publisher",
		Long:    `Name a publisher. The paths of its policies begin with its own, which no other publisher's may overlap with.`,
		Example: `  writ catalog publisher create platform --path /platform/`,
		Args:    arguments("NAME"),
	}
	f := newClientFlags(c)
	c.Flags().Var(&path, "path", "`path` of its policies (default /NAME/)")
	return p.serviceCommand(f, c, func(c *client, args []string) error {
		in := writapi.CreatePublisherInput{Name: args[0], Path: path.text}
		if !path.given() {
			in.Path = "/" + args[0] + "/"
		}
		out, err := callWrit[writapi.CreatePublisherOutput](c, "CreatePublisher", in)
		if err != nil {
			return err
		}
		return c.done(publisherJSON{out.Publisher.Name, out.Publisher.Path, out.Publisher.CreateDate},
			[]string{"writ", "catalog", "publish", "NAME", "--publisher", args[0], "--document", "FILE", "--note", "WHY"},
			"publisher", args[0], "arn:aws:iam::aws:policy"+out.Publisher.Path+"*")
	})
}

// publisherJSON is a publisher in JSON.
type publisherJSON struct {
	Name    string    `json:"name"`
	Path    string    `json:"path"`
	Created time.Time `json:"created"`
}

func (p *program) publisherList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List the publishers",
		Long:  "List the publishers: name, path and date.",
		Example: `  writ catalog publisher list
  writ catalog publisher list --json`,
		Args: arguments(),
	}
	return p.serviceCommand(newClientFlags(c), c, func(c *client, _ []string) error {
		out, err := callWrit[writapi.ListPublishersOutput](c, "ListPublishers", writapi.ListPublishersInput{})
		if err != nil {
			return err
		}
		list := []publisherJSON{}
		var rows [][]string
		for _, p := range out.Publishers {
			list = append(list, publisherJSON{p.Name, p.Path, p.CreateDate})
			rows = append(rows, []string{p.Name, p.Path, p.CreateDate.Format(time.DateOnly)})
		}
		if c.json {
			return c.printJSON(list)
		}
		for _, line := range aligned(rows) {
			c.print("%s", printable(line))
		}
		return nil
	})
}

func (p *program) catalogEntries() *cobra.Command {
	var policy once
	c := &cobra.Command{
		Use:   "entries [--policy NAME]",
		Short: "List what owners published on a server",
		Long: `List what owners published on a server, oldest first, as writ catalog watch prints it: date, policy and
version, what the version is beside the one before, what it adds and removes, why, and whether a rule made
it. With --json, a line of JSON an entry, with the rule.`,
		Example: `  writ catalog entries
  writ catalog entries --policy Deployer --json`,
		Args: arguments(),
	}
	f := newClientFlags(c)
	c.Flags().Var(&policy, "policy", "only those of the policy of this `name`")
	return p.serviceCommand(f, c, func(c *client, _ []string) error {
		for after := 0; ; {
			in := writapi.ListCatalogEntriesInput{PolicyName: policy.text, After: after}
			out, err := callWrit[writapi.ListCatalogEntriesOutput](c, "ListCatalogEntries", in)
			if err != nil {
				return err
			}
			for i := range out.Entries {
				if err := c.printEntry(&out.Entries[i]); err != nil {
					return err
				}
				after = out.Entries[i].Entry
			}
			if !out.More {
				return nil
			}
		}
	})
}
