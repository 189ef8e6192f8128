package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/policy"
)

func (p *program) check() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Check a policy, as IAM Access Analyzer's custom policy checks do",
		Long: `Check a policy as the custom policy checks of IAM Access Analyzer do, with their names and their
meaning, offline. A check that fails shows the statements at fault and a request that proves it.`,
		Example: `  writ check no-new-access --new policy.json --existing PowerUserAccess
  writ check access-not-granted --policy policy.json --actions iam:PassRole
  writ check no-public-access --policy bucket.json --resource-type AWS::S3::Bucket`,
	}
	c.AddCommand(p.checkNoNewAccess(), p.checkAccessNotGranted(), p.checkNoPublicAccess())
	return c
}

// checkExit is what the help of each check says of the exit status.
const checkExit = `

Exit status: 0 if the check passes, 1 if it fails, 3 if that is not known (which AWS does not have),
2 for an error.`

// checkFlags are the flags that all checks have.
type checkFlags struct {
	asked
	policyType once
}

func (p *program) newCheck(f *checkFlags, c *cobra.Command) *cobra.Command {
	c.Long += checkExit
	c.Args = arguments()
	c.PreRunE = func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) }
	c.Flags().SortFlags = false
	return c
}

func (f *checkFlags) registerType(c *cobra.Command) {
	c.Flags().Var(&f.policyType, "type", "`type` of the policy: identity or resource (default: what it looks like)")
	mustComplete(c, "type", completeWords(identityType, resourceType))
}

// A check is one whose answer is known.
type check struct {
	result  *prove.Result // Proved is a pass
	of      *side         // whose statements are at fault
	other   *side         // that it is compared with; nil: none
	subject string        // "new.json allows"
	pass    string        // what it is said to do if the check passes, …
	fail    string        // … and if it fails
	next    string        // the command that shows more of a failure; empty: that which decides the witness
}

// sidesOf loads the policies that flags name, each as a side of the type that is asked for.
func (p *program) sidesOf(f *checkFlags, flags ...[2]string) (sides []*side, err error) {
	var all []loaded
	for _, flag := range flags {
		l, err := p.load(flag[0], flag[1])
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	t, err := f.typeOf(all)
	if err != nil {
		return nil, err
	}
	for i, flag := range flags {
		s, err := newSide(strings.TrimPrefix(flag[0], "--"), t, all[i:i+1], limits{})
		if err != nil {
			return nil, err
		}
		sides = append(sides, s)
	}
	return sides, nil
}

// typeOf returns the type of the policies. AWS's names of the types will do, too.
func (f *checkFlags) typeOf(all []loaded) (string, error) {
	if !f.policyType.given() {
		return commonType(all)
	}
	switch f.policyType.text {
	case "IDENTITY_POLICY":
		return identityType, nil
	case "RESOURCE_POLICY":
		return resourceType, nil
	}
	return oneOf("--type", f.policyType.text, identityType, resourceType)
}

// required returns an error for the first of the flags that is not given.
func required(c *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := c.Flags().Lookup(name); !f.Changed {
			return fmt.Errorf("--%s is missing; expected %s", name, alternatives([]string{"a file", "-", "a managed policy such as ReadOnlyAccess"}))
		}
	}
	return nil
}

// runCheck asks, and prints the answer.
func (p *program) runCheck(c *cobra.Command, f *checkFlags, k *check, ask func(context.Context, prove.Options) (*prove.Result, error)) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	var cutOff string
	k.result, cutOff, err = within(c.Context(), f.timeout, func(ctx context.Context) (*prove.Result, error) { return ask(ctx, o) })
	if err != nil {
		return placed(err, k.of, k.other)
	}
	if cutOff != "" {
		fmt.Fprintf(p.stderr, "writ: %s\n", cutOff)
		k.result = &prove.Result{Universe: o.Universe, Unknown: []prove.Doubt{{Reason: cutOff}}}
	}
	p.status = [...]int{prove.Proved: success, prove.Refuted: failed, prove.Unknown: unknown}[k.result.Answer]
	switch {
	case f.json:
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(k.json())
	case cutOff == "":
		for _, line := range k.lines(p.screen) {
			p.print("%s", line)
		}
	}
	return nil
}

// answer returns the word for the answer, as AWS has it, and a sentence.
func (k *check) answer() (word, message string) {
	switch k.result.Answer {
	case prove.Proved:
		return "PASS", k.subject + " " + k.pass
	case prove.Refuted:
		return "FAIL", k.subject + " " + k.fail
	}
	return "UNKNOWN", "it is not known whether " + k.subject + " " + k.fail
}

// A fault is a statement, and what it does that the check does not want.
type fault struct {
	statement   prove.StatementRef
	differences []*prove.Difference
}

func (k *check) faults() (list []fault) {
	for i := range k.result.Differences {
		d := &k.result.Differences[i]
		for _, by := range k.of.own(d.By) {
			at := slices.IndexFunc(list, func(f fault) bool { return f.statement.Statement == by.Statement })
			if at < 0 {
				at = len(list)
				list = append(list, fault{statement: by})
			}
			if f := &list[at]; !slices.Contains(f.differences, d) {
				f.differences = append(f.differences, d)
			}
		}
	}
	slices.SortStableFunc(list, func(x, y fault) int { return cmp.Compare(x.statement.Statement, y.statement.Statement) })
	return list
}

// description says what the statement allows.
func (f *fault) description(k *check) string {
	const maxActions, maxCases = 4, 3
	var texts []string
	for i, d := range f.differences {
		if i == maxCases {
			texts = append(texts, counted(len(f.differences)-i, "more case"))
			break
		}
		names := slices.Concat(d.Actions, d.Patterns)
		text := strings.Join(names[:min(len(names), maxActions)], ", ")
		if more := len(names) - maxActions; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		if d.When != "" {
			text += ", " + d.When
		}
		if k.other != nil {
			for _, by := range k.other.own(d.Denied) {
				text += fmt.Sprintf(" (denied by Statement[%d] of %s)", by.Statement, k.other.name)
			}
		}
		texts = append(texts, text)
	}
	return "allows " + strings.Join(texts, "; and ")
}

func (k *check) lines(s screen) []string {
	word, message := k.answer()
	paint := s.yellow
	switch k.result.Answer {
	case prove.Proved:
		paint = s.green
	case prove.Refuted:
		paint = s.red
	}
	lines := []string{fmt.Sprintf("%s  %s (%v universe)", paint(word), printable(message), k.result.Universe)}
	faults := k.faults()
	for i := range faults {
		f := &faults[i]
		place := k.of.sources[f.statement.Policy].at(f.statement.Source.Span.Start)
		name := fmt.Sprintf("  %s  Statement[%d]  %s", place, f.statement.Statement, f.statement.Source.Sid.Text)
		lines = append(lines, "", strings.TrimRight(printable(name), " "))
		lines = append(lines, hanging("    ", strings.Fields(printable(f.description(k))))...)
		lines = append(lines, "    witness  "+requestLine(requestOf(&f.differences[0].Witness)))
	}
	for _, d := range k.result.Unknown {
		text := d.Reason
		if len(d.Actions) > 0 {
			text = wrapped(listed(d.Actions), 60, 1)[0] + ": " + text
		}
		lines = append(lines, hanging("  ", append([]string{"unknown "}, strings.Fields(printable(text))...))...)
	}
	if next := k.nextCommand(); next != "" && isPrintable(next) {
		lines = append(lines, "", "next  "+next)
	}
	return lines
}

func (k *check) nextCommand() string {
	switch {
	case k.result.Answer != prove.Refuted:
		return ""
	case k.next != "":
		return k.next
	case !k.of.canBeNamed():
		return ""
	}
	return decideCommand(k.of, requestOf(&k.result.Differences[0].Witness), true)
}

// checkJSON is the answer of a check in JSON: result, message, and the reasons' description, statementIndex and statementId
// are AWS's members. No list is null.
type checkJSON struct {
	Result   string       `json:"result"` // PASS, FAIL or UNKNOWN
	Message  string       `json:"message"`
	Universe string       `json:"universe"`
	Reasons  []reasonJSON `json:"reasons"`
	Witness  *pdp.Request `json:"witness,omitempty"` // that of the first reason
}

type reasonJSON struct {
	Description    string       `json:"description"`
	StatementIndex *int         `json:"statementIndex,omitempty"` // from 0; none if the reason is that something is not known
	StatementID    string       `json:"statementId,omitempty"`
	Source         string       `json:"source,omitempty"`
	Witness        *pdp.Request `json:"witness,omitempty"`
}

func (k *check) json() *checkJSON {
	word, message := k.answer()
	j := &checkJSON{Result: word, Message: message, Universe: k.result.Universe.String(), Reasons: []reasonJSON{}}
	faults := k.faults()
	for i := range faults {
		f := &faults[i]
		j.Reasons = append(j.Reasons, reasonJSON{
			Description:    f.description(k),
			StatementIndex: &f.statement.Statement,
			StatementID:    f.statement.Source.Sid.Text,
			Source:         k.of.sources[f.statement.Policy].at(f.statement.Source.Span.Start),
			Witness:        requestOf(&f.differences[0].Witness),
		})
	}
	if len(faults) > 0 {
		j.Witness = j.Reasons[0].Witness
	}
	for _, d := range k.result.Unknown {
		text := d.Reason
		if len(d.Actions) > 0 {
			text = strings.Join(d.Actions, ", ") + ": " + text
		}
		j.Reasons = append(j.Reasons, reasonJSON{Description: "unknown: " + text})
	}
	return j
}

func (p *program) checkNoNewAccess() *cobra.Command {
	var f checkFlags
	var new, existing once
	c := p.newCheck(&f, &cobra.Command{
		Use:   "no-new-access --new POLICY --existing POLICY",
		Short: "Check that a policy allows nothing that an existing one does not",
		Long: `Check that a new policy allows nothing that an existing one does not, as CheckNoNewAccess of IAM
Access Analyzer does. The existing policy may be one written to be such a bound.`,
		Example: `  writ check no-new-access --new policy.json --existing boundary.json
  writ check no-new-access --new AdministratorAccess-Amplify@v5 --existing AdministratorAccess-Amplify@v4 --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := required(c, "new", "existing"); err != nil {
				return err
			}
			sides, err := p.sidesOf(&f, [2]string{"--new", new.text}, [2]string{"--existing", existing.text})
			if err != nil {
				return err
			}
			k := &check{of: sides[0], other: sides[1], subject: sides[0].name}
			k.pass = "allows nothing that " + sides[1].name + " does not"
			k.fail = "allows what " + sides[1].name + " does not"
			if sides[0].canBeNamed() && sides[1].canBeNamed() {
				k.next = shellQuoted([]string{"writ", "diff", existing.text, new.text})
			}
			return p.runCheck(c, &f, k, func(ctx context.Context, o prove.Options) (*prove.Result, error) {
				return prove.Exceeds(ctx, k.of.Policies, k.other.Policies, o)
			})
		},
	})
	c.Flags().Var(&new, "new", "the updated `policy`")
	c.Flags().Var(&existing, "existing", "the `policy` that it must not exceed")
	f.registerType(c)
	f.register(c)
	mustComplete(c, "new", completePolicy)
	mustComplete(c, "existing", completePolicy)
	return c
}

// maxAccess is how many actions, and how many resources, Access Analyzer takes.
// https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Access.html
const maxAccess = 100

func (p *program) checkAccessNotGranted() *cobra.Command {
	var f checkFlags
	var name once
	var actions, resources []string
	c := p.newCheck(&f, &cobra.Command{
		Use:   "access-not-granted --policy POLICY [--actions ACTIONS] [--resources ARNS]",
		Short: "Check that a policy does not allow some actions, or on some resources",
		Long: `Check that a policy allows none of some actions on any of some resources, as CheckAccessNotGranted
of IAM Access Analyzer does. Without --actions, any action counts; without --resources, any
resource. Both may have the wildcards of a policy, and are separated by commas.`,
		Example: `  writ check access-not-granted --policy policy.json --actions iam:PassRole,sts:AssumeRole
  writ check access-not-granted --policy AdministratorAccess-Amplify --actions 's3:Delete*' --resources 'arn:aws:s3:::logs,arn:aws:s3:::logs/*'`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := required(c, "policy"); err != nil {
				return err
			}
			actions, resources := splitAll(actions, func(string) bool { return true }), splitAll(resources, isResource)
			switch {
			case len(actions)+len(resources) == 0:
				return errors.New("neither --actions nor --resources is given; expected actions such as s3:DeleteBucket, resources, or both")
			case len(actions) > maxAccess:
				return fmt.Errorf("--actions: %d actions; a check is of at most %d", len(actions), maxAccess)
			case len(resources) > maxAccess:
				return fmt.Errorf("--resources: %d resources; a check is of at most %d", len(resources), maxAccess)
			}
			sides, err := p.sidesOf(&f, [2]string{"--policy", name.text})
			if err != nil {
				return err
			}
			k := &check{of: sides[0], subject: sides[0].name, pass: "allows none of that access", fail: "allows access that it must not"}
			return p.runCheck(c, &f, k, func(ctx context.Context, o prove.Options) (*prove.Result, error) {
				r, err := prove.Granted(ctx, k.of.Policies, actions, resources, o)
				return r, ofFlags(err)
			})
		},
	})
	c.Flags().Var(&name, "policy", "the `policy` to check")
	c.Flags().StringArrayVar(&actions, "actions", nil, "`actions` that it must not allow, separated by commas (repeatable)")
	c.Flags().StringArrayVar(&resources, "resources", nil, "`ARNs` on which it must not allow them, separated by commas (repeatable)")
	f.registerType(c)
	f.register(c)
	mustComplete(c, "policy", completePolicy)
	mustComplete(c, "actions", completeActions)
	return c
}

// splitAll splits texts at commas, where what follows begins a new one.
func splitAll(texts []string, begins func(string) bool) (list []string) {
	for _, text := range texts {
		for i, part := range strings.Split(text, ",") {
			if part = strings.TrimSpace(part); i > 0 && !begins(part) {
				list[len(list)-1] += "," + part
			} else {
				list = append(list, part)
			}
		}
	}
	return list
}

// isResource reports whether a text begins as a resource does. The keys of S3 objects may have commas.
func isResource(text string) bool {
	return text == "" || strings.HasPrefix(text, "arn:") || strings.Trim(text, "*") == ""
}

// ofFlags makes the error of an action or resource that cannot be read name its flag.
func ofFlags(err error) error {
	e, ok := err.(*policy.Error)
	switch {
	case !ok:
		return err
	case strings.HasPrefix(e.Path, "Statement[0].Resource"):
		return fmt.Errorf("--resources: %s", e.Reason)
	}
	return fmt.Errorf("--actions: %s", e.Reason)
}

func (p *program) checkNoPublicAccess() *cobra.Command {
	var f checkFlags
	var name, resource once
	c := p.newCheck(&f, &cobra.Command{
		Use:   "no-public-access --policy POLICY --resource-type TYPE",
		Short: "Check that a resource-based policy gives the public no access",
		Long: `Check that a resource-based policy gives the public no access, as CheckNoPublicAccess of IAM Access
Analyzer does: nobody in an account, or somewhere on the network, that the policy does not fix.
--resource-type is one of those that Access Analyzer takes; in completion, they are all offered.
The answer is the same for all of them: what the policy says counts.`,
		Example: `  writ check no-public-access --policy bucket.json --resource-type AWS::S3::Bucket
  writ check no-public-access --policy trust.json --resource-type AWS::IAM::AssumeRolePolicyDocument --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := required(c, "policy"); err != nil {
				return err
			}
			if err := checkResourceType(resource); err != nil {
				return err
			}
			f.policyType = once{resourceType, 1}
			sides, err := p.sidesOf(&f, [2]string{"--policy", name.text})
			if err != nil {
				return err
			}
			k := &check{of: sides[0], subject: sides[0].name, pass: "gives the public no access", fail: "gives the public access"}
			return p.runCheck(c, &f, k, func(ctx context.Context, o prove.Options) (*prove.Result, error) {
				return prove.Public(ctx, k.of.Resource, o)
			})
		},
	})
	c.Flags().Var(&name, "policy", "the resource-based `policy` to check")
	c.Flags().Var(&resource, "resource-type", "`type` of the resource, such as AWS::S3::Bucket")
	f.register(c)
	mustComplete(c, "policy", completePolicy)
	mustComplete(c, "resource-type", completeWords(publicResourceTypes...))
	return c
}
