package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
)

const blameHelp = `Print each permission of an AWS managed policy with its access level, and the version and date that
first granted it; and if it went away, when, and whether it came back.

A permission is an action that some version allows, under whatever circumstances. It is found by
meaning: a pattern counts for all actions of the service reference that it matches, and what a Deny
takes back does not count. Names that the reference does not have are there if a version gives them.
Of a version that was published on a server, what its owner said stands behind it.

` + fromServer + `

Exit status: 0 if there are any, 1 if no permissions match, 2 for an error.`

const blameExamples = `  writ catalog blame AdministratorAccess-Amplify
  writ catalog blame AdministratorAccess-Amplify --service lambda
  writ catalog blame AdministratorAccess-Amplify --action 'iam:*Policy' --json
  writ catalog blame Deployer`

func (p *program) catalogBlame() *cobra.Command {
	var service, action once
	c := p.historyCommand(&cobra.Command{
		Use:     "blame NAME",
		Short:   "Which version of a managed policy granted each permission",
		Long:    blameHelp,
		Example: blameExamples,
		PreRunE: func(c *cobra.Command, _ []string) error {
			if action.given() && action.text != "*" && !strings.Contains(action.text, ":") {
				return fmt.Errorf("--action: %q has no service; expected a pattern such as s3:Get*", action.text)
			}
			return nil
		},
	}, "permission", func(c *cobra.Command, h *chronicle) error {
		matches := glob.Compile(strings.ToLower(action.text))
		return p.blame(c, h, func(name string) bool {
			return (!service.given() || history.ServiceOf(name) == strings.ToLower(service.text)) && (!action.given() || matches.Match(strings.ToLower(name)))
		})
	})
	c.Flags().Var(&service, "service", "only permissions of a service, by its `prefix`, such as s3")
	c.Flags().Var(&action, "action", "only actions that a `pattern` matches, such as 's3:Get*'")
	mustComplete(c, "service", completeService)
	mustComplete(c, "action", completeAction)
	return c
}

func (p *program) blame(c *cobra.Command, h *chronicle, wanted func(action string) bool) error {
	// The updates are worked out by themselves, in parallel, so that what takes time is shown, and kept.
	if h.options.Cache != nil {
		if _, err := p.updates(c, history.Steps(h.Policy), h.options, 0); err != nil {
			return err
		}
	}
	permissions, err := history.Blame(c.Context(), h.Policy, h.options)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(permissions, func(b history.Permission) bool { return !wanted(b.Action) })
	if len(list) == 0 {
		fmt.Fprintln(p.stderr, "writ: no permissions match")
		p.status = notFound
		return nil
	}
	if h.json {
		return p.blameJSON(h, list)
	}
	p.blameText(h, list)
	return nil
}

func completeService(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return beginning(begun, authref.Services()), cobra.ShellCompDirectiveNoFileComp
}

// interruptible lets ^C end the work of a command, in good order; a second one ends the program.
func (p *program) interruptible(c *cobra.Command) (stop func()) {
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	c.SetContext(ctx)
	return stop
}

func (p *program) blameText(h *chronicle, list []history.Permission) {
	var rows [][]string
	gone := 0
	before := map[*managed.Version]int{}
	missing := func(v *managed.Version) int {
		if _, ok := before[v]; !ok {
			before[v] = history.MissingBefore(v)
		}
		return before[v]
	}
	for i := range list {
		b := &list[i]
		var later []string
		if n := missing(b.Since()); n > 0 {
			later = append(later, earlier(n))
		}
		if e := h.published[b.Since().ID]; e != nil && said(e) != "" {
			later = append(later, said(e))
		}
		event := func(what string, v *managed.Version) {
			text := fmt.Sprintf("%s in %s %s", what, v.ID, day(v))
			if n := missing(v); n > 0 {
				text += ", " + earlier(n)
			}
			if e := h.published[v.ID]; e != nil && said(e) != "" {
				text += ": " + said(e)
			}
			later = append(later, text)
		}
		for _, s := range b.Spans {
			if s.From != b.Since() {
				event("back", s.From)
			}
			if s.Until != nil {
				event("gone", s.Until)
			}
		}
		if b.Gone() != nil {
			gone++
		}
		rows = append(rows, []string{printable(b.Action), accessLevel(b.Action), b.Since().ID, day(b.Since()), printable(strings.Join(later, "; "))})
	}
	for _, line := range aligned(rows) {
		p.print("%s", line)
	}
	text := counted(len(list), "permission")
	if gone > 0 {
		text += fmt.Sprintf(", %d of them gone", gone)
	}
	if owner := h.owner(); owner != "" {
		text += "; " + printable(owner)
	}
	p.print("%s", text)
}

// earlier says that what a version did, one of n before it may have done that the catalogue does not have.
func earlier(n int) string {
	if n == 1 {
		return "or in the version missing before it"
	}
	return fmt.Sprintf("or in one of the %d versions missing before it", n)
}

// accessLevel returns the access level of an action, and a dash for one that the service reference does not have.
func accessLevel(action string) string {
	if l := history.Level(action); l != 0 {
		return l.String()
	}
	return "-"
}

// permissionJSON is a permission in JSON. docs/history.md describes it.
type permissionJSON struct {
	Action      string     `json:"action"`
	Service     string     `json:"service"`
	AccessLevel *string    `json:"accessLevel"` // null: the service reference does not have the action
	Since       atJSON     `json:"since"`
	Gone        *atJSON    `json:"gone"` // null: the default version grants it
	Spans       []spanJSON `json:"spans"`
}

type spanJSON struct {
	From  atJSON  `json:"from"`
	Until *atJSON `json:"until"`
}

type atJSON struct {
	Version string     `json:"version"`
	Date    *time.Time `json:"date"`
	Missing int        `json:"missing"` // versions just before this one that the catalogue does not have

	Published *publicationJSON `json:"published,omitempty"` // on a server
}

// at is a version in JSON.
func (h *chronicle) at(v *managed.Version) *atJSON {
	if v == nil {
		return nil
	}
	j := &atJSON{Version: v.ID, Missing: history.MissingBefore(v), Published: newPublicationJSON(h.published[v.ID])}
	if !v.Created.IsZero() {
		j.Date = &v.Created
	}
	return j
}

func (p *program) blameJSON(h *chronicle, list []history.Permission) error {
	for i := range list {
		b := &list[i]
		j := permissionJSON{Action: b.Action, Service: history.ServiceOf(b.Action), Since: *h.at(b.Since()), Gone: h.at(b.Gone())}
		if l := history.Level(b.Action); l != 0 {
			text := l.String()
			j.AccessLevel = &text
		}
		for _, s := range b.Spans {
			j.Spans = append(j.Spans, spanJSON{*h.at(s.From), h.at(s.Until)})
		}
		line, err := marshal(j)
		if err != nil {
			return err
		}
		p.print("%s", line)
	}
	return nil
}
