package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/spelling"
	"github.com/writ-iam/writ/managed"
)

const auditHelp = `Find the updates of AWS managed policies that took access away. AWS says that it does not remove
permissions from them; this compares each version with the one before it, both ways, and prints each
update that removed something, with a request that was allowed before and is not after.

Without flags it goes through the whole catalogue, some 4,600 updates, which takes a minute or two
at first. Results are kept, so a second run takes seconds; ^C ends it, and the next run goes on from
there.

With --service, an update is judged by what it did to that service alone.

With --escalation it prints instead what the policies let their holder become, in their default
versions, the most powerful first, and how many methods of privilege escalation can be used.

Exit status: 0 if no update took access away, 1 if one did, or may have, 2 for an error. With
--escalation: 0 if no holder can become an administrator, 1 if one can, or may be able to.`

const auditExamples = `  writ catalog audit --policy AdministratorAccess-Amplify
  writ catalog audit --policy AdministratorAccess-Amplify --policy AWSCloud9User --service lambda
  writ catalog audit --policy ReadOnlyAccess --since 2025-01-01 --universe reference --json
  writ catalog audit --escalation`

// auditFlags are the flags of writ catalog audit.
type auditFlags struct {
	historyFlags
	since, service once
	policies       []string
	jobs           int
	json           bool
	escalation     bool
}

func (p *program) catalogAudit() *cobra.Command {
	var q auditFlags
	c := &cobra.Command{
		Use:     "audit",
		Short:   "Which updates of managed policies took access away",
		Long:    auditHelp,
		Example: auditExamples,
		Args:    arguments(),
		PreRunE: func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE:    func(c *cobra.Command, _ []string) error { return p.audit(c, &q) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&q.policies, "policy", nil, "only updates of this managed `policy` (repeatable; default: all policies)")
	f.Var(&q.since, "since", "only updates made on this `date` or later, such as 2023-02-24, and those of which it is not known")
	f.Var(&q.service, "service", "only what was taken from a service, by its `prefix`, such as s3")
	q.add(c)
	f.IntVar(&q.jobs, "jobs", 0, "how many updates to work out at once (default: one for each processor)")
	f.BoolVar(&q.escalation, "escalation", false, "what the policies let their holder become, in place of what updates took away")
	f.BoolVar(&q.json, "json", false, "print JSON: a line for each update that took access away, or may have, or for each policy")
	mustComplete(c, "policy", func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return completeName(c, nil, begun)
	})
	mustComplete(c, "service", completeService)
	return c
}

func (p *program) audit(c *cobra.Command, q *auditFlags) error {
	if q.escalation {
		return p.auditEscalation(c, q)
	}
	steps, err := q.steps(c)
	if err != nil {
		return err
	}
	if c.Flags().Changed("jobs") && q.jobs < 1 {
		return fmt.Errorf("--jobs: %d is no number of updates; expected 1 or more", q.jobs)
	}
	service := strings.ToLower(q.service.text)
	if err := checkService(service); err != nil {
		return err
	}
	options, err := q.options()
	if err != nil {
		return err
	}
	if options.Cache == nil {
		fmt.Fprintln(p.stderr, "writ: results are not kept: there is no folder for the user's caches; --cache names another")
	}
	defer p.closing(&q.historyFlags)
	defer p.interruptible(c)()
	updates, err := p.updates(c, steps, options, q.jobs)
	if err != nil {
		return err
	}
	if service != "" {
		options.Service = service
		if updates, err = p.updates(c, touching(updates, service), options, q.jobs); err != nil {
			return err
		}
	}
	verdicts := map[history.Verdict]int{}
	policies := map[*managed.Policy]bool{}
	losing := map[*managed.Policy]bool{}
	lost := 0
	for _, u := range updates {
		verdicts[u.Verdict]++
		policies[u.After.Policy] = true
		if !u.Lost() && !u.Undecided() {
			continue
		}
		p.status = findings
		if u.Lost() {
			lost++
			losing[u.After.Policy] = true
		}
		if q.json {
			j := newUpdateJSON(u, history.Announced(u.After.Policy))
			j.Policy = u.After.Policy.Name
			if u.Lost() {
				j.Witness, _ = lostRequest(u)
			}
			line, err := marshal(j)
			if err != nil {
				return err
			}
			p.print("%s", line)
			continue
		}
		p.auditEntry(u)
	}
	if q.json {
		return nil
	}
	var counts []string
	for _, v := range history.Verdicts {
		if n := verdicts[v]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, v))
		}
	}
	of := ""
	if service != "" {
		of = " that changed what is allowed of " + service
	}
	text := fmt.Sprintf("%s of %s%s in the %s universe", counted(len(updates), "update"), counted(len(policies), "policy"), of, options.Universe)
	if len(counts) > 0 {
		text += ": " + strings.Join(counts, ", ")
	}
	p.print("%s", text)
	switch {
	case lost > 0:
		p.print("%s of %s took access away", counted(lost, "update"), counted(len(losing), "policy"))
	case p.status == success:
		p.print("none took access away")
	}
	return nil
}

// steps returns the updates that the flags select.
func (q *auditFlags) steps(c *cobra.Command) (steps []history.Step, err error) {
	var since time.Time
	if q.since.given() {
		if since, err = time.Parse(time.DateOnly, q.since.text); err != nil {
			return nil, fmt.Errorf("--since: %q is no date; expected one such as 2023-02-24", q.since.text)
		}
	}
	policies, err := q.selected()
	if err != nil {
		return nil, err
	}
	for _, policy := range policies {
		for _, s := range history.Steps(policy)[1:] {
			if created := s.After.Created; created.IsZero() || !created.Before(since) {
				steps = append(steps, s)
			}
		}
	}
	return steps, nil
}

// selected returns the policies that --policy names, or all.
func (q *auditFlags) selected() (policies []*managed.Policy, err error) {
	if len(q.policies) == 0 {
		return managed.All(), nil
	}
	for _, name := range q.policies {
		policy, err := policyNamed("--policy", name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(policies, policy) {
			policies = append(policies, policy)
		}
	}
	return policies, nil
}

// touching returns the steps of the updates that changed, or may have changed, what is allowed of a service.
func touching(updates []*history.Update, service string) (steps []history.Step) {
	for _, u := range updates {
		of := func(s history.Share) bool { return s.Service == service || s.Service == "*" }
		if len(u.Unknown) > 0 || slices.ContainsFunc(history.Shares(slices.Concat(u.Added, u.Removed)), of) {
			steps = append(steps, u.Step)
		}
	}
	return steps
}

// checkService returns an error for a prefix that neither the service reference nor a managed policy knows: for such a one,
// no finding would be no answer.
func checkService(prefix string) error {
	if _, ok := authref.Lookup(prefix); ok || prefix == "" || named(prefix) {
		return nil
	}
	var near []string
	for _, s := range authref.Services() {
		if spelling.Distance(prefix, s) <= 1+len(prefix)/6 {
			near = append(near, s)
		}
	}
	return fmt.Errorf("--service: %q is no service%s", prefix, didYouMean(near[:min(len(near), 3)]))
}

// named reports whether some version of a managed policy names actions with a prefix, as of a service that is no more.
func named(prefix string) bool {
	for _, policy := range managed.All() {
		for _, v := range policy.Versions() {
			if bytes.Contains(bytes.ToLower(v.Document()), []byte(`"`+prefix+`:`)) {
				return true
			}
		}
	}
	return false
}

func (p *program) auditEntry(u *history.Update) {
	p.print("%s", strings.TrimRight(fmt.Sprintf("%s  %s → %s  %s  %s  %s", u.After.Policy.Name, u.Before.ID, u.After.ID, day(u.After), p.verdict(u.Verdict), between(u.Step)), " "))
	p.changeLines("-", u.Removed)
	p.doubtLines(u)
	if u.Lost() {
		p.print("  e.g.  %s", printable(requestExample(u)))
	}
}

// between says how many versions are missing between the two of a step.
func between(s history.Step) string {
	if n := s.Missing(); n > 0 {
		return counted(n, "version") + " between them missing"
	}
	return ""
}
