package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/history"
)

const logHelp = `Print the history of an AWS managed policy in meaning, newest version first: version, date, what it
is beside the version before it, and the actions that it added and removed, by service.

A version is broader, narrower, equivalent or incomparable (it added and removed), proved for all
requests; unknown, with the reason, where that cannot be proved; the first is new. An action counts
as added or removed under the circumstances that stand behind it. Lists are cut; --json has all.

In the open universe, all that could be a request counts; in the reference universe, the actions,
resource types and condition keys of the service reference.

Where AWS keeps a table of changes, what it says stands beside the versions, in our words. Versions
can be missing from the catalogue; the log says where. What publishers published on a server has its
history there: writ catalog entries --policy NAME.`

const logExamples = `  writ catalog log AdministratorAccess-Amplify
  writ catalog log ReadOnlyAccess --limit 3
  writ catalog log AdministratorAccess-Amplify --universe reference --json`

func (p *program) catalogLog() *cobra.Command {
	var flags historyFlags
	var limit int
	var asJSON bool
	c := &cobra.Command{
		Use:               "log NAME",
		Short:             "What each version of a managed policy added and removed",
		Long:              logHelp,
		Example:           logExamples,
		Args:              arguments("NAME"),
		ValidArgsFunction: completeName,
		PreRunE:           func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("limit") && limit < 1 {
				return fmt.Errorf("--limit: %d is no number of versions; expected 1 or more", limit)
			}
			policy, err := policyNamed(c.CommandPath(), args[0])
			if err != nil {
				return err
			}
			options, err := flags.options()
			if err != nil {
				return err
			}
			defer p.closing(&flags)
			defer p.interruptible(c)()
			steps := history.Steps(policy)
			all := len(steps)
			if limit > 0 {
				steps = steps[max(0, all-limit):]
			}
			slices.Reverse(steps)
			updates, err := p.updates(c, steps, options, 0)
			if err != nil {
				return err
			}
			announced := history.Announced(policy)
			for _, u := range updates {
				if asJSON {
					line, err := marshal(newUpdateJSON(u, announced))
					if err != nil {
						return err
					}
					p.print("%s", line)
					continue
				}
				p.logEntry(u, announced)
			}
			if !asJSON {
				p.print("%s", logSummary(len(steps), all, options, announced))
			}
			return nil
		},
	}
	flags.add(c)
	c.Flags().IntVar(&limit, "limit", 0, "only the newest `n` versions")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: a line for each version")
	return c
}

// logEntry prints one version.
func (p *program) logEntry(u *history.Update, a *history.Announcements) {
	for _, row := range slices.Backward(a.Between(u.After)) {
		p.print("     %s  announced, and no version made for it: %s", row.Date.Format(time.DateOnly), row.About)
	}
	p.print("%s", strings.TrimRight(fmt.Sprintf("%-4s %-10s  %s  %s", u.After.ID, day(u.After), p.verdict(u.Verdict), gap(u.Step)), " "))
	for _, row := range a.Of(u.After) {
		p.print("  announced %s: %s", row.Date.Format(time.DateOnly), row.About)
	}
	if a.Silent(u.After) {
		p.print("  not announced: AWS's table of changes has no row for it")
	}
	p.changeLines("-", u.Removed)
	p.changeLines("+", u.Added)
	p.doubtLines(u)
}

func logSummary(shown, all int, o history.Options, a *history.Announcements) string {
	text := counted(all, "version")
	if shown < all {
		text = fmt.Sprintf("the newest %d of %s", shown, text)
	}
	text += fmt.Sprintf(", newest first, in the %s universe", o.Universe)
	if a != nil {
		text += fmt.Sprintf("; announced on %s (as of %s)", a.Page.URL, a.Page.AsOf.Format(time.DateOnly))
	}
	return text
}

// updates works out some steps, and shows how far it is to those who wait at a terminal.
func (p *program) updates(c *cobra.Command, steps []history.Step, o history.Options, jobs int) ([]*history.Update, error) {
	bar := p.bar(len(steps))
	updates := make([]*history.Update, len(steps))
	done := 0
	err := history.All(c.Context(), steps, o, jobs, func(i int, u *history.Update) {
		updates[i] = u
		done++
		bar.step(done)
	})
	bar.wipe()
	if err != nil && c.Context().Err() != nil {
		kept := ""
		if o.Cache != nil {
			kept = "; the same command goes on from there"
		}
		return nil, errors.New(fmt.Sprintf("stopped after %d of %s", done, counted(len(steps), "update")) + kept)
	}
	return updates, err
}
