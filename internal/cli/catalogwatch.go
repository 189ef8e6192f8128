package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/feeds"
	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/managed"
)

const watchHelp = `Follow what owners publish on a server: print the history of its managed policies, a line for each
entry, and then each entry as it comes, until interrupted (^C).

A line has the date, the policy and version, the verdict beside the version before, what is added and
removed, and the note. With --json it is an object with all of the entry. To go on where an earlier
watch ended, give its last entry's number to --after.

While the server does not answer, as during a restart, it is asked again; that it did not answer the
first time is an error. The server and the credentials are found as the AWS CLI finds them, as for
writ service. It takes the permission writ:ListCatalogEntries.`

const watchExamples = `  writ catalog watch
  writ catalog watch --policy ReadOnlyAccess
  writ catalog watch --verdict narrower,incomparable,unknown --interval 1m
  writ catalog watch --json --after 120`

// watchFlags are the flags of writ catalog watch.
type watchFlags struct {
	*clientFlags
	policy, verdict once
	interval        time.Duration
	after           int
}

func (p *program) catalogWatch() *cobra.Command {
	f := &watchFlags{}
	c := &cobra.Command{
		Use: "watch", Short: "Follow what owners publish on a server", Long: watchHelp, Example: watchExamples, Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error { return p.runWatch(c.Context(), f) },
	}
	f.clientFlags = newClientFlags(c)
	flags := c.Flags()
	flags.Var(&f.policy, "policy", "only entries of the policy with this `name`")
	flags.Var(&f.verdict, "verdict", "only entries with one of these `verdicts`, separated by commas: "+strings.Join(feeds.Verdicts, ", "))
	flags.DurationVar(&f.interval, "interval", 10*time.Second, "`time` between two questions to the server")
	flags.IntVar(&f.after, "after", 0, "only entries after the one with this `number`")
	mustComplete(c, "policy", completeNames(managed.Names()))
	mustComplete(c, "verdict", completeWords(feeds.Verdicts...))
	return c
}

// verdicts reads the flag; none stand for all.
func (f *watchFlags) verdicts() ([]string, error) {
	if !f.verdict.given() {
		return nil, nil
	}
	list := strings.Split(f.verdict.text, ",")
	for _, v := range list {
		if !slices.Contains(feeds.Verdicts, v) {
			return nil, fmt.Errorf("--verdict: %q is unknown; expected %s", v, alternatives(feeds.Verdicts))
		}
	}
	return list, nil
}

func (p *program) runWatch(ctx context.Context, f *watchFlags) error {
	verdicts, err := f.verdicts()
	switch {
	case err != nil:
		return err
	case f.interval <= 0:
		return fmt.Errorf("--interval: %v is no time to wait", f.interval)
	case f.after < 0:
		return fmt.Errorf("--after: %d is not the number of an entry", f.after)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	api, err := p.dial(ctx, f.clientFlags, func(cfg aws.Config) *string { return cfg.BaseEndpoint })
	if err != nil {
		return err
	}
	in := writapi.ListCatalogEntriesInput{PolicyName: f.policy.text, After: f.after}
	answered, lost := false, false
	for {
		out, err := callWrit[writapi.ListCatalogEntriesOutput](api, "ListCatalogEntries", in)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (!answered || !passing(err)):
			return api.told(err)
		case err != nil:
			if !lost {
				fmt.Fprintf(p.stderr, "writ: %s; trying again every %v\n", printable(api.told(err).Error()), f.interval)
			}
			lost = true
		default:
			if lost {
				fmt.Fprintf(p.stderr, "writ: %s answers again\n", printable(api.endpoint))
			}
			answered, lost = true, false
			for _, e := range out.Entries {
				in.After = e.Entry
				if verdicts != nil && !slices.Contains(verdicts, verdictOf(&e)) {
					continue
				}
				if err := api.printEntry(&e); err != nil {
					return err
				}
			}
			if err := p.stdout.Flush(); err != nil {
				return err
			}
			if out.More {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(f.interval):
		}
	}
}

// passing reports whether an error may be over when the server is asked again: there was no answer, or one that says so.
func passing(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return !ok || slices.Contains([]string{"ServiceUnavailable", "ServiceFailure", "Throttling"}, api.ErrorCode())
}

// verdictOf is what an entry is selected by.
func verdictOf(e *writapi.Entry) string {
	if e.Deprecation {
		return "deprecation"
	}
	return e.Verdict
}

// printEntry prints an entry of a server's history, in a line.
func (c *client) printEntry(e *writapi.Entry) error {
	if c.json {
		return c.printJSON(feeds.Entry{
			Entry: e.Entry, Time: e.Time, Publisher: e.Publisher, Policy: e.PolicyName, ARN: e.PolicyARN, Version: e.VersionID, Created: e.VersionDate,
			Verdict: verdictOf(e), Added: e.Added, Removed: e.Removed, Note: e.Note, Feature: e.Feature, Reason: e.Reason, PublishedBy: e.By,
			Rule: json.RawMessage(e.Rule), Reference: e.Reference, Escalation: e.Escalation.History(),
		})
	}
	verdict := verdictOf(e)
	padding := strings.Repeat(" ", max(0, len("incomparable")-len(verdict)))
	verdict = c.screen.verdict(printable(verdict))
	var said []string
	if len(e.Added) > 0 {
		said = append(said, "adds "+feeds.Named(e.Added))
	}
	if len(e.Removed) > 0 {
		said = append(said, "removes "+feeds.Named(e.Removed))
	}
	if text := e.Escalation.History().Words(); text != "" {
		said = append(said, text)
	}
	line := []string{strings.Join(said, ", and ")}
	if e.Note != "" {
		line = append(line, e.Note)
	}
	if e.Reason != "" {
		line = append(line, "(takes away: "+e.Reason+")")
	}
	if e.Rule != "" {
		line = append(line, "(by its rule)")
	}
	text := strings.TrimSpace(strings.Join(line, "  "))
	c.print("%s", strings.TrimRight(fmt.Sprintf("%s  %s@%s  %s%s  %s",
		e.Time.UTC().Format(time.RFC3339), printable(e.PolicyName), printable(e.VersionID), verdict, padding, printable(text)), " "))
	return nil
}
