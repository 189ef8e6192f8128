package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/arn"
)

const escalateHelp = `Say what policies let their holder become: whether it can gain an administrator's permissions, by
which requests, and which of the known methods of privilege escalation are open to it.

Each method is judged by what the policies mean, all their conditions, resources, denies and
limits included, and each one that is open has requests that the engine allows one by one:

  open       all its calls are allowed, on whatever resource
  scoped     open on some resources only
  forwarded  a call is allowed only when CloudFormation forwards it, and the holder can make it do so
  inert      a call is allowed only on resources that the action never acts on
  closed     a call is not allowed
  unknown    it could not be settled

What a method needs besides permissions, such as an administrator's role that trusts the service, is
taken to be there and said; so is what it assumes of the holder, such as MFA. Without --principal the
holder is some user, or some role where a method is for one.

--remedy prints a policy that closes all ways to administration, and what else it takes away; with
--json, what closes each way, too.

Exit status: 0 if the holder cannot become an administrator, 1 if it can, 3 if that is not known,
2 for an error. With --remedy, 0 if there is one or nothing to close.`

const escalateExamples = `  writ escalate --policy AdministratorAccess-Amplify
  writ escalate --policy policy.json --boundary team.json --principal arn:aws:iam::111122223333:user/dev
  writ escalate --policy AdministratorAccess-Amplify@v1 --method iam-createrole-attach
  writ escalate --policy AdministratorAccess-Amplify --remedy > deny.json
  writ escalate --policy AdministratorAccess-Amplify --format mermaid
  writ escalate --policy policy.json --format sarif > findings.sarif`

// escalation is what the flags of writ escalate ask.
type escalation struct {
	sideFlags
	principal, method, format, boundaryARN once
	json, all, remedy, asBoundary          bool
	timeout                                time.Duration

	side     *side
	holder   *escalate.Holder
	analysis *escalate.Analysis
}

var escalateFormats = []string{"text", "json", "sarif", "svg", "mermaid"}

func (p *program) escalate() *cobra.Command {
	q := escalation{sideFlags: sideFlags{of: "the holder"}}
	c := &cobra.Command{
		Use:     "escalate --policy POLICY",
		Short:   "What a policy really lets its holder become",
		Long:    escalateHelp,
		Example: escalateExamples,
		Args:    arguments(),
		PreRunE: func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE:    func(c *cobra.Command, _ []string) error { return p.escalateAll(c, &q) },
	}
	q.register(c)
	f := c.Flags()
	f.SortFlags = false
	f.Var(&q.principal, "principal", "`ARN` of the user or role that holds the policies")
	f.Var(&q.method, "method", "only the method of this `id`, with all that is known of it")
	f.BoolVar(&q.all, "all", false, "list the closed methods, too")
	f.BoolVar(&q.remedy, "remedy", false, "print a policy that closes all ways to administration")
	f.Var(&q.boundaryARN, "require-boundary", "with --remedy: the holder may still make roles and users that have the policy of this `ARN` as their boundary")
	f.BoolVar(&q.asBoundary, "as-boundary", false, "with --remedy: print a permissions boundary, which allows the rest")
	f.Var(&q.format, "format", "`format` of the output: text, json, sarif, svg or mermaid (default: text)")
	f.BoolVar(&q.json, "json", false, "print JSON, as --format json does")
	f.DurationVar(&q.timeout, "timeout", time.Minute, "how long it may take")
	mustComplete(c, "method", completeMethod)
	mustComplete(c, "format", completeNames(escalateFormats))
	c.AddCommand(p.escalateMethods())
	c.AddCommand(p.escalateGraphCommands()...)
	return c
}

func completeMethod(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var ids []string
	for _, m := range escalate.Methods() {
		ids = append(ids, m.ID)
	}
	return beginning(begun, ids), cobra.ShellCompDirectiveNoFileComp
}

func (p *program) escalateAll(c *cobra.Command, q *escalation) error {
	if err := q.check(c); err != nil {
		return err
	}
	if err := p.loadHolder(q); err != nil {
		return err
	}
	var remedies *escalate.Remedies
	_, cutOff, err := within(c.Context(), q.timeout, func(ctx context.Context) (_ struct{}, err error) {
		analysis, err := escalate.Analyze(ctx, q.holder, escalate.Options{})
		if err != nil {
			return struct{}{}, err
		}
		if q.remedy || q.method.given() {
			if remedies, err = analysis.Remedy(ctx, q.holder, escalate.RemedyOptions{RequiredBoundary: q.boundaryARN.text, Only: q.method.text}); err != nil {
				return struct{}{}, err
			}
		}
		q.analysis = analysis
		return struct{}{}, nil
	})
	if err != nil {
		return placed(err, q.side)
	}
	if cutOff != "" {
		fmt.Fprintf(p.stderr, "writ: %s\n", cutOff)
		p.status = unknown
		return nil
	}
	p.status = [...]int{prove.Refuted: success, prove.Proved: failed, prove.Unknown: unknown}[q.analysis.Administration]
	switch {
	case q.remedy && q.format.text == "text":
		return p.printRemedy(q, remedies)
	case q.format.text == "json":
		return p.escalationJSON(q, remedies)
	case q.format.text == "sarif":
		return p.escalationSARIF(q)
	case q.format.text == "svg":
		p.stdout.WriteString(escalationSVG(q))
	case q.format.text == "mermaid":
		p.stdout.WriteString(escalationMermaid(q))
	case q.method.given():
		p.methodText(q, remedies)
	default:
		p.escalationText(q)
	}
	return nil
}

// check checks the flags, and fills in defaults.
func (q *escalation) check(c *cobra.Command) error {
	if len(q.policy) == 0 {
		return required(c, "policy")
	}
	if q.json && q.format.given() && q.format.text != "json" {
		return fmt.Errorf("--json and --format %s contradict each other; leave one out", q.format.text)
	}
	switch {
	case q.json:
		q.format.text = "json"
	case !q.format.given():
		q.format.text = "text"
	case !slices.Contains(escalateFormats, q.format.text):
		return fmt.Errorf("--format: %q is none of %s", q.format.text, strings.Join(escalateFormats, ", "))
	}
	if q.method.given() {
		if _, ok := escalate.Lookup(q.method.text); !ok {
			return fmt.Errorf("--method: %q is no method; writ escalate methods lists them", q.method.text)
		}
	}
	switch {
	case !q.remedy && (q.asBoundary || q.boundaryARN.given()) && !q.method.given():
		return errors.New("--as-boundary and --require-boundary say what --remedy is to print; add --remedy")
	case q.remedy && q.format.text != "text" && q.format.text != "json":
		return fmt.Errorf("--remedy prints a policy; leave out --format %s", q.format.text)
	case q.asBoundary && q.format.text == "json":
		return errors.New("--as-boundary says what policy --remedy prints; leave out --json, which has the denies")
	case q.boundaryARN.given() && !isPolicyARN(q.boundaryARN.text):
		return fmt.Errorf("--require-boundary: %q is no ARN of a policy; expected one such as arn:aws:iam::111122223333:policy/edge", q.boundaryARN.text)
	case q.timeout <= 0:
		return fmt.Errorf("--timeout: %v is no time to work in; expected one such as 1m", q.timeout)
	}
	return nil
}

// isPolicyARN reports whether a text is the ARN of a managed policy, which a permissions boundary is.
func isPolicyARN(text string) bool {
	a, err := arn.Parse(text)
	return err == nil && a.Service == "iam" && a.Account != "" && strings.HasPrefix(a.Resource, "policy/") && !strings.HasSuffix(text, "/")
}

// loadHolder reads the policies.
func (p *program) loadHolder(q *escalation) error {
	policies, l, err := p.loadFlags(&q.sideFlags)
	if err != nil {
		return err
	}
	for _, one := range policies {
		if t, at := typeOf(one.doc); t != identityType {
			return fmt.Errorf("%s: %s is a resource-based policy, for it has a Principal; nobody holds it", one.from.at(at), one.from.String())
		}
	}
	if q.side, err = newSide("holder's", identityType, policies, l); err != nil {
		return err
	}
	q.holder = &escalate.Holder{Policies: q.side.Policies, Principal: q.principal.text}
	if q.principal.given() {
		// Asked now, so that the error names the flag.
		if _, err := escalate.NewAsker(context.Background(), q.holder, escalate.Options{}); err != nil {
			if _, ok := errors.AsType[*prove.PolicyError](err); ok {
				return placed(err, q.side)
			}
			return fmt.Errorf("--principal: %w", err)
		}
	}
	return nil
}

// printRemedy prints what closes the ways to administration, or the one method that was asked for: the policy on standard
// output, and what it does on standard error.
func (p *program) printRemedy(q *escalation, r *escalate.Remedies) error {
	remedy, what := r.All, "the ways to administration"
	if q.method.given() {
		remedy, what = r.Each[q.method.text], q.method.text
	}
	switch {
	case q.analysis.Administration == prove.Refuted:
		fmt.Fprintf(p.stderr, "writ: %s cannot become an administrator: there is nothing to close\n", printable(q.holderName()))
		return nil
	case remedy == nil && q.method.given():
		return fmt.Errorf("no policy was found that closes %s: it is not open as a way to administration", q.method.text)
	case remedy == nil:
		return errors.New("no policy was found that closes all ways to administration")
	}
	doc := remedy.Document
	if q.asBoundary {
		doc = remedy.Boundary()
	}
	p.status = success
	p.print("%s", doc.Format())
	fmt.Fprintf(p.stderr, "writ: beside the other policies, this closes %s: %s\n", what, counted(len(remedy.Closes), "method"))
	for _, line := range takes(remedy) {
		fmt.Fprintln(p.stderr, line)
	}
	return nil
}

// takes says what else a remedy takes away.
func takes(r *escalate.Remedy) []string {
	lines := []string{"what the holder can no longer do:"}
	for i := range r.Takes.Differences {
		d := &r.Takes.Differences[i]
		words := append(listed(slices.Concat(d.Actions, d.Patterns)), strings.Fields(printable(d.When))...)
		lines = append(lines, hanging("  ", words)...)
	}
	for _, d := range r.Takes.Unknown {
		lines = append(lines, hanging("  not known: ", append(listed(d.Actions), strings.Fields(printable(d.Reason))...))...)
	}
	return lines
}

// holderName is what the holder goes by in a sentence.
func (q *escalation) holderName() string {
	if q.holder.Principal != "" {
		return q.holder.Principal
	}
	if len(q.side.sources) > 1 {
		return "the holder of these policies"
	}
	return "the holder of " + q.side.name
}

func (p *program) escalateMethods() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "methods",
		Short: "The methods of privilege escalation that are judged",
		Long: `List the methods of privilege escalation that writ escalate judges: the id of each, what comes of it,
and what the holder does. With --json, their calls, needs and sources, too.`,
		Example: `  writ escalate methods
  writ escalate methods --json`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			var rows [][]string
			for _, m := range escalate.Methods() {
				if asJSON {
					line, err := json.Marshal(newMethodJSON(m))
					if err != nil {
						return err
					}
					p.print("%s", line)
					continue
				}
				rows = append(rows, []string{m.ID, m.Gains.String(), m.Title})
			}
			for _, line := range aligned(rows) {
				p.print("%s", line)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: a line for each method")
	return c
}
