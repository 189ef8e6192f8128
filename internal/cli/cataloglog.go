package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/writapi"
)

const logHelp = `Print the history of an AWS managed policy in meaning, newest version first: version, date, what it
is beside the version before it, and the actions that it added and removed, by service.

A version is broader, narrower, equivalent or incomparable (it added and removed), proved for all
requests; unknown, with the reason, where that cannot be proved; the first is new. An action counts
as added or removed under the circumstances that stand behind it. Lists are cut; --json has all.

In the open universe, all that could be a request counts; in the reference universe, the actions,
resource types and condition keys of the service reference.

Where an update changes what the policy lets its holder become, the log says which methods of
privilege escalation it opens or closes; writ escalate says more of them.

Where AWS keeps a table of changes, what it says stands beside the versions, in our words; of what was
published on a server, what its owner said: note, feature, and the reason for a removal. Versions can
be missing from the catalogue; the log says where.

` + fromServer

const logExamples = `  writ catalog log AdministratorAccess-Amplify
  writ catalog log ReadOnlyAccess --limit 3
  writ catalog log AdministratorAccess-Amplify --universe reference --json
  writ catalog log Deployer`

func (p *program) catalogLog() *cobra.Command {
	var limit int
	c := p.historyCommand(&cobra.Command{
		Use:     "log NAME",
		Short:   "What each version of a managed policy added and removed",
		Long:    logHelp,
		Example: logExamples,
		PreRunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("limit") && limit < 1 {
				return fmt.Errorf("--limit: %d is no number of versions; expected 1 or more", limit)
			}
			return nil
		},
	}, "version", func(c *cobra.Command, h *chronicle) error { return p.log(c, h, limit) })
	c.Flags().IntVar(&limit, "limit", 0, "only the newest `n` versions")
	return c
}

func (p *program) log(c *cobra.Command, h *chronicle, limit int) error {
	steps := history.Steps(h.Policy)
	all := len(steps)
	if limit > 0 {
		steps = steps[max(0, all-limit):]
	}
	slices.Reverse(steps)
	updates, err := p.updates(c, steps, h.options, 0)
	if err != nil {
		return err
	}
	escalations := make([]*history.EscalationChange, len(steps))
	for i, s := range steps {
		if escalations[i], err = s.Escalation(c.Context()); err != nil {
			return err
		}
	}
	announced := history.Announced(h.Policy)
	if h.json {
		for i, u := range updates {
			j := newUpdateJSON(u, announced)
			j.Escalation = newEscalationChangeJSON(escalations[i])
			if e := h.published[u.After.ID]; e != nil {
				j.Published = newPublicationJSON(e)
				j.Note = strings.TrimPrefix(j.Note+"; "+e.Note, "; ")
			}
			if u.After.IsDefault() {
				j.Withdrawn = newPublicationJSON(h.withdrawn)
			}
			line, err := marshal(j)
			if err != nil {
				return err
			}
			p.print("%s", line)
		}
		return nil
	}
	if e := h.withdrawn; e != nil {
		p.print("     %s  deprecated: %s", e.Time.UTC().Format(time.DateOnly), printable(e.Note))
	}
	for i, u := range updates {
		p.logEntry(u, announced, h.published[u.After.ID], escalations[i])
	}
	text := logSummary(len(steps), all, h.options, announced)
	if owner := h.owner(); owner != "" {
		text += "; " + printable(owner)
	}
	p.print("%s", text)
	return nil
}

// logEntry prints one version, with what was said of it where it was published on a server.
func (p *program) logEntry(u *history.Update, a *history.Announcements, e *writapi.Entry, escalation *history.EscalationChange) {
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
	if e != nil && said(e) != "" {
		p.print("  %s", printable(said(e)))
	}
	p.changeLines("-", u.Removed)
	p.changeLines("+", u.Added)
	p.doubtLines(u)
	if text := escalation.Words(); text != "" {
		for _, line := range hanging("  ", strings.Fields("escalation: "+printable(text))) {
			p.print("%s", line)
		}
	}
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
