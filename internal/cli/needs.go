package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/cfnschemas"
	"github.com/writ-iam/writ/policy"
)

const needsHelp = `Say what deploying CloudFormation templates needs: the calls that CloudFormation makes with the permissions
of the one who deploys, by module and resource, and those that are made beside it. Nothing is asked of
AWS, and nothing is deployed.

A TEMPLATE is a file, in JSON or YAML, or a folder of them: the templates of an app, with its nested
stacks. Parameters, conditions and functions are worked out as far as they can be known; where a name
is not known before the deployment, * stands in the ARN. A resource type that Writ does not know is
said to be unknown, and never left out.

With --role-policies, each call is decided by the engine with these policies: would they deploy it? For
each call that is denied, the resource and the property that ask for it are named, and the smallest
statement that would allow it.

With --policy, the least policy is printed that allows all calls, in parts if it is too long for one.
The engine has confirmed it for each call; on standard error it says how it compares with
AdministratorAccess-Amplify, and whether it lies within that. --boundary prints a permissions boundary
for the roles that the app makes.

With --old and --new in place of TEMPLATE, it says what a change to an app needs that was not needed.

With --from-calls, what recorded calls used: CloudTrail's records, or the audit log of writ serve. With
--role-policies it says which of the permissions that are granted were never used; with --policy it
prints the least policy for what was used, proved to lie within what is granted.

Exit status: 0 if all calls are allowed or nothing was decided, 1 if one is denied, or if with --old
and --new something new is needed, 2 for an error, 3 if a resource type is unknown and nothing else is
wrong.`

const needsExamples = `  writ needs app/
  writ needs app/ --role-policies AdministratorAccess-Amplify
  writ needs app/ --policy > policy.json
  writ needs app/template.yaml --stack amplify-shop-main --region eu-west-1 --account 111122223333
  writ needs app/ --boundary > edge.json
  writ needs --old app/ --new app/
  writ needs --from-calls calls.json --role-policies ReadOnlyAccess
  writ needs --from-calls calls.json --policy > least.json`

// needing is what the flags of writ needs ask.
type needing struct {
	sideFlags
	stack, region, account, principal, tool, bucket, format, old, new, within once
	since, until                                                              once
	parameters, schemas, fromCalls                                            []string
	update, delete, policyOnly, compact, boundaryOnly, json, upper            bool
	requireBoundary                                                           once
	timeout                                                                   time.Duration

	side *side
}

var needsFormats = []string{"text", "json", "sarif", "github"}

var toolNames = []string{"amplify", "ampx", "hosting", "none"}

func (p *program) needs() *cobra.Command {
	q := needing{sideFlags: sideFlags{of: "who deploys"}}
	c := &cobra.Command{
		Use:     "needs [TEMPLATE…]",
		Short:   "What deploying templates needs, and the least policy for it",
		Long:    needsHelp,
		Example: needsExamples,
		PreRunE: func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE:    func(c *cobra.Command, args []string) error { return p.needsAll(c, &q, args) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&q.sideFlags.policy, "role-policies", nil, "`policy` of who deploys, by which the calls are decided (repeatable)")
	f.Var(&q.sideFlags.boundary, "role-boundary", "permissions boundary of who deploys, a `policy`")
	f.StringArrayVar(&q.sideFlags.scp, "scp", nil, "service control `policies` of one level, from the root down (repeatable)")
	f.Var(&q.principal, "principal", "`ARN` of the user or role that deploys")
	f.BoolVar(&q.policyOnly, "policy", false, "print the least policy that allows all calls")
	f.BoolVar(&q.compact, "compact", false, "with --policy: patterns of actions that read, too, in place of names")
	f.BoolVar(&q.upper, "upper", false, "with --policy: allow what CloudFormation may call and does without, too")
	f.Var(&q.requireBoundary, "require-boundary", "with --policy: roles can be made with the policy of this `ARN` as their permissions boundary only")
	f.Var(&q.within, "within", "`policy` that the least one is compared with (default: AdministratorAccess-Amplify)")
	f.BoolVar(&q.boundaryOnly, "boundary", false, "print a permissions boundary for the roles that the templates make")
	f.Var(&q.old, "old", "`folder` or file of an app's templates before a change")
	f.Var(&q.new, "new", "`folder` or file of the templates after it")
	f.StringArrayVar(&q.fromCalls, "from-calls", nil, "`file` or folder of CloudTrail records, or -, in place of templates (repeatable)")
	f.Var(&q.since, "since", "with --from-calls: only calls from this `date` or time on")
	f.Var(&q.until, "until", "with --from-calls: only calls before this `date` or time")
	f.Var(&q.stack, "stack", "`name` of the stack (default: that of the root template's file, or of each if there are several)")
	f.StringArrayVar(&q.parameters, "parameter", nil, "parameter of the root stack, as `KEY=VALUE` (repeatable)")
	f.Var(&q.region, "region", "`region` that is deployed to (default: any)")
	f.Var(&q.account, "account", "`id` of the account that is deployed to (default: any)")
	f.Var(&q.tool, "tool", "`tool` that deploys, whose own calls count: amplify, ampx, hosting or none (default: what the templates look like)")
	f.Var(&q.bucket, "bucket", "`name` of the deployment bucket (default: the tool's)")
	f.BoolVar(&q.update, "update", false, "count the calls of updating the stack, too")
	f.BoolVar(&q.delete, "delete", false, "count the calls of deleting the stack, too")
	f.StringArrayVar(&q.schemas, "schemas", nil, "`archive` of AWS's resource schemas, for types that are not known (repeatable)")
	f.Var(&q.format, "format", "`format` of the output: text, json, sarif or github (default: text)")
	f.BoolVar(&q.json, "json", false, "print JSON, as --format json does")
	f.DurationVar(&q.timeout, "timeout", time.Minute, "how long the proof that a policy lies within another may take")
	mustComplete(c, "role-policies", completePolicy)
	mustComplete(c, "role-boundary", completePolicy)
	mustComplete(c, "within", completePolicy)
	mustComplete(c, "scp", completeSCPs)
	mustComplete(c, "tool", completeNames(toolNames))
	mustComplete(c, "format", completeNames(needsFormats))
	return c
}

// An app is the templates of one, and what deploying them needs.
type app struct {
	name    string
	stacks  []*needs.Stack
	calls   []needs.Call
	unknown []needs.Unknown
	notes   []string // what was not read
}

// root is the name of the root stack: "" if there are several.
func (a *app) root() (name string) {
	for _, s := range a.stacks {
		if s.Parent != nil {
			continue
		}
		if name != "" {
			return ""
		}
		name = s.Name
	}
	return name
}

func (p *program) needsAll(c *cobra.Command, q *needing, args []string) error {
	if err := q.check(args); err != nil {
		return err
	}
	if err := p.loadDeployer(q); err != nil {
		return err
	}
	if len(q.fromCalls) > 0 {
		return p.needsFromCalls(c, &callsQuery{
			sideFlags: q.sideFlags, files: q.fromCalls, principal: q.principal, since: q.since, until: q.until,
			policy: q.policyOnly, compact: q.compact, json: q.json, timeout: q.timeout, granted: q.side,
		})
	}
	schemas, err := readSchemas(q.schemas)
	if err != nil {
		return err
	}
	if q.old.given() {
		before, err := q.app([]string{q.old.text}, schemas)
		if err != nil {
			return err
		}
		after, err := q.app([]string{q.new.text}, schemas)
		if err != nil {
			return err
		}
		// Both are one app, which has one name, whatever the files are called.
		if one, name := before.root(), after.root(); one != "" && name != "" && one != name {
			renamed := *q
			renamed.stack.text = name
			if before, err = renamed.app([]string{q.old.text}, schemas); err != nil {
				return err
			}
		}
		p.readNotes(before, after)
		return p.needsChange(q, before, after)
	}
	a, err := q.app(args, schemas)
	if err != nil {
		return err
	}
	p.readNotes(a)
	switch {
	case q.boundaryOnly:
		return p.needsBoundary(a)
	case q.policyOnly:
		return p.needsPolicy(c.Context(), q, a)
	}
	return p.needsCalls(q, a)
}

// check checks the flags, and fills in defaults.
func (q *needing) check(args []string) error {
	switch {
	case q.old.given() != q.new.given():
		return errors.New("--old and --new go together: the templates before and after a change")
	case q.old.given() && len(args) > 0:
		return fmt.Errorf("--old and --new name the templates; leave out %s", args[0])
	case len(q.fromCalls) > 0 && len(args) > 0:
		return fmt.Errorf("--from-calls is about recorded calls, in place of templates; leave out %s", args[0])
	case len(q.fromCalls) > 0 && (q.old.given() || q.boundaryOnly || q.requireBoundary.given() || q.upper || len(q.schemas) > 0 || q.stack.given() || q.tool.given()):
		return errors.New("--from-calls is about recorded calls; flags about templates do not go with it")
	case len(q.fromCalls) > 0 && q.format.given() && q.format.text != "json" && q.format.text != "text":
		return fmt.Errorf("--from-calls has no places in files to show; leave out --format %s", q.format.text)
	case len(q.fromCalls) == 0 && (q.since.given() || q.until.given()):
		return errors.New("--since and --until are about recorded calls; add --from-calls")
	case !q.old.given() && len(args) == 0 && len(q.fromCalls) == 0:
		return errors.New("writ needs takes a TEMPLATE, a file or a folder; see writ needs --help")
	case q.policyOnly && q.boundaryOnly:
		return errors.New("--policy and --boundary print a policy each; leave one out")
	case (q.policyOnly || q.boundaryOnly) && q.old.given():
		return errors.New("--policy and --boundary are about one version of an app; name its templates in place of --old and --new")
	case q.compact && !q.policyOnly:
		return errors.New("--compact says how --policy writes the policy; add --policy")
	case q.upper && !q.policyOnly:
		return errors.New("--upper says what --policy allows; add --policy")
	case q.requireBoundary.given() && !q.policyOnly:
		return errors.New("--require-boundary says what --policy asks of roles; add --policy")
	case q.requireBoundary.given() && !isPolicyARN(q.requireBoundary.text):
		return fmt.Errorf("--require-boundary: %q is no ARN of a policy; expected one such as arn:aws:iam::111122223333:policy/edge", q.requireBoundary.text)
	case q.within.given() && !q.policyOnly:
		return errors.New("--within names what --policy is compared with; add --policy")
	case (q.policyOnly || q.boundaryOnly) && len(q.sideFlags.policy) > 0 && len(q.fromCalls) == 0:
		return errors.New("--policy and --boundary make policies, and --role-policies asks whether given ones are enough; leave one out")
	case q.json && q.format.given() && q.format.text != "json":
		return fmt.Errorf("--json and --format %s contradict each other; leave one out", q.format.text)
	case q.json:
		q.format.text = "json"
	case !q.format.given():
		q.format.text = "text"
	case !slices.Contains(needsFormats, q.format.text):
		return fmt.Errorf("--format: %q is none of %s", q.format.text, strings.Join(needsFormats, ", "))
	}
	if q.json = q.format.text == "json"; len(q.fromCalls) > 0 {
		return nil
	}
	if (q.policyOnly || q.boundaryOnly) && q.format.text != "text" {
		return fmt.Errorf("--policy and --boundary print policies, which are JSON; leave out --format %s", q.format.text)
	}
	if q.account.given() && !arn.IsAccountID(q.account.text) {
		return fmt.Errorf("--account: %q is no account id, which has twelve digits", q.account.text)
	}
	if q.tool.given() && !slices.Contains(toolNames, q.tool.text) {
		return fmt.Errorf("--tool: %q is none of %s", q.tool.text, strings.Join(toolNames, ", "))
	}
	for _, text := range q.parameters {
		if key, _, ok := strings.Cut(text, "="); !ok || key == "" {
			return fmt.Errorf("--parameter: %q is not KEY=VALUE", text)
		}
	}
	return nil
}

// loadDeployer reads the policies of who deploys, if any are named.
func (p *program) loadDeployer(q *needing) error {
	if len(q.sideFlags.policy) == 0 {
		if q.sideFlags.boundary.given() || len(q.scp) > 0 {
			return errors.New("--role-boundary and --scp limit what --role-policies allow; add --role-policies")
		}
		if q.principal.given() && len(q.fromCalls) == 0 {
			return errors.New("--principal says whose --role-policies are; add --role-policies")
		}
		return nil
	}
	all, err := p.loadAll("--role-policies", q.sideFlags.policy)
	if err != nil {
		return err
	}
	var l limits
	if q.sideFlags.boundary.given() {
		one, err := p.load("--role-boundary", q.sideFlags.boundary.text)
		if err != nil {
			return err
		}
		l.boundary = &one
	}
	if l.scp, err = p.loadLevels("--scp", q.scp); err != nil {
		return err
	}
	q.side, err = newSide("deployer's", identityType, all, l)
	return err
}

// deployer returns who deploys, with the policies of a side.
func (q *needing) deployer(s prove.Policies) (*needs.Deployer, error) {
	subject, err := prove.NewSubject(s)
	if err != nil {
		return nil, err
	}
	d := &needs.Deployer{Policies: subject.Policies(), Account: q.account.text, Region: q.region.text}
	if q.principal.given() {
		if d.Principal, err = eval.ParsePrincipal(q.principal.text); err != nil {
			return nil, fmt.Errorf("--principal: %w", err)
		}
		// Who calls CloudFormation deploys into the account that they are in.
		switch of := d.Principal.Account(); {
		case !arn.IsAccountID(of):
			return nil, fmt.Errorf("--principal: %s is no user or role of an account", q.principal.text)
		case d.Account == "":
			d.Account = of
		case of != d.Account:
			return nil, fmt.Errorf("--principal is of the account %s, and --account says %s; who deploys is in the account that is deployed to", of, d.Account)
		}
	}
	if d.Account == "" {
		d.Account = "111122223333"
	}
	if d.Region == "" {
		d.Region = "us-east-1"
	}
	if !q.principal.given() {
		d.Principal, err = eval.ParsePrincipal(fmt.Sprintf("arn:aws:sts::%s:assumed-role/deployer/session", d.Account))
	}
	return d, err
}

// app reads templates, and works out what deploying them needs.
func (q *needing) app(paths []string, schemas map[string]needs.Handlers) (*app, error) {
	a := &app{name: strings.Join(paths, ", ")}
	var templates []*needs.Template
	for _, path := range paths {
		read, others, err := readTemplates(path)
		if err != nil {
			return nil, err
		}
		for _, t := range read {
			if !slices.ContainsFunc(templates, func(u *needs.Template) bool { return filepath.Clean(u.File) == filepath.Clean(t.File) }) {
				templates = append(templates, t)
			}
		}
		if len(others) > 0 {
			a.notes = append(a.notes, passedOver(path, others))
		}
	}
	o := needs.Deployment{StackName: q.stack.text, NameOf: func(t *needs.Template) string { return stackNameOf(t.File) }, Region: q.region.text, Account: q.account.text, Partition: partitionOf(q.region.text)}
	stacks, err := needs.Evaluate(templates, o)
	if err != nil {
		return nil, inTemplate(err)
	}
	tool := toolOf(q.tool.text)
	if q.tool.text == "" {
		tool = needs.ToolOf(templates)
	}
	// The tool names what it makes after the root, which the first pass has found.
	if len(stacks) > 0 {
		o.Parameters = tool.Parameters(stacks[0].Name)
	}
	if o.Parameters == nil {
		o.Parameters = map[string]string{}
	}
	for _, text := range q.parameters {
		key, value, _ := strings.Cut(text, "=")
		o.Parameters[key] = value
	}
	if stacks, err = needs.Evaluate(templates, o); err != nil {
		return nil, inTemplate(err)
	}
	phases := []needs.Phase{needs.Create, needs.Read}
	if q.update {
		phases = append(phases, needs.Update)
	}
	if q.delete {
		phases = append(phases, needs.Delete)
	}
	a.stacks = stacks
	a.calls, a.unknown = needs.Calls(stacks, needs.CallOptions{
		Partition: partitionOf(q.region.text),
		Region:    q.region.text, Account: q.account.text, Phases: phases, Schemas: schemas, Tool: tool, Bucket: q.bucket.text,
	})
	return a, nil
}

// partitionOf returns the partition of a region; that of most if none is given.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// inTemplate makes the error of a template name its place as those of policies do.
func inTemplate(err error) error {
	e, ok := errors.AsType[*needs.TemplateError](err)
	if !ok || e.Pos.Line == 0 {
		return err
	}
	text := fmt.Sprintf("%s:%d:%d: ", e.File, e.Pos.Line, e.Pos.Column)
	if e.Path != "" {
		text += e.Path + ": "
	}
	return errors.New(text + e.Reason)
}

func toolOf(name string) needs.Tool {
	if name == "none" {
		name = ""
	}
	return needs.Tool(name)
}

// stackNameOf returns the name of the stack that a template's file is named after.
func stackNameOf(file string) string {
	name := filepath.Base(file)
	for _, suffix := range []string{".json", ".yaml", ".yml", ".template"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

// readSchemas reads archives of AWS's resource schemas.
func readSchemas(paths []string) (map[string]needs.Handlers, error) {
	all := map[string]needs.Handlers{}
	for _, path := range paths {
		schemas, err := cfnschemas.ReadFile(path)
		if _, ofFile := errors.AsType[*fs.PathError](err); err != nil && !ofFile {
			return nil, fmt.Errorf("--schemas %w", err) // which names the archive
		}
		if err != nil {
			return nil, fmt.Errorf("--schemas %s: %w", path, bare(err))
		}
		for name, h := range schemas {
			all[name] = h
		}
	}
	return all, nil
}

// needsBoundary prints a permissions boundary for the roles that an app makes.
func (p *program) needsBoundary(a *app) error {
	roles := needs.Roles(a.stacks)
	doc, notes, err := needs.Boundary(roles, 0)
	for _, n := range notes {
		fmt.Fprintf(p.stderr, "writ: %s\n", printable(n))
	}
	if err != nil {
		return err
	}
	if doc == nil {
		fmt.Fprintf(p.stderr, "writ: the templates make no role with a policy: there is nothing to bound\n")
		return nil
	}
	p.print("%s", doc.Format())
	fmt.Fprintf(p.stderr, "writ: a boundary for %s; to have all roles made with it: writ needs … --policy --require-boundary ARN\n", counted(len(roles), "role"))
	return nil
}

// needsPolicy prints the least policy for an app.
func (p *program) needsPolicy(ctx context.Context, q *needing, a *app) error {
	other, err := p.load("--within", cmp.Or(q.within.text, "AdministratorAccess-Amplify"))
	if err != nil {
		return err
	}
	docs, err := needs.Least(a.calls, needs.LeastOptions{Compact: q.compact, Upper: q.upper, Boundary: q.requireBoundary.text})
	if err != nil {
		return err
	}
	if len(docs) == 0 {
		return errors.New("the templates need no call")
	}
	confirmed := slices.Clone(a.calls)
	if q.requireBoundary.given() {
		confirmed = withBoundary(confirmed, q.requireBoundary.text)
	}
	if !q.upper {
		confirmed = slices.DeleteFunc(confirmed, func(c needs.Call) bool { return !c.Certain() })
	}
	d, err := q.deployer(prove.Policies{Identity: docs})
	if err != nil {
		return err
	}
	denied, err := needs.Decide(confirmed, d)
	if err != nil {
		return err
	}
	if len(denied) > 0 {
		n := denied[0]
		return fmt.Errorf("the policy that was made does not allow %s on %s: %s; this is a fault of writ", n.Call.Action, n.Request.Resource, n.Reason)
	}
	for _, doc := range docs {
		p.print("%s", doc.Format())
	}
	allow := "allow"
	if len(docs) == 1 {
		allow = "allows"
	}
	fmt.Fprintf(p.stderr, "writ: %s, which %s all %s\n", counted(len(docs), "policy"), allow, counted(len(confirmed), "call"))
	p.unknownLines(a)
	if len(a.unknown) > 0 {
		p.status = unknown
	}
	return p.saved(ctx, q, docs, other)
}

// withBoundary returns the calls as they are made for roles that have a permissions boundary.
func withBoundary(calls []needs.Call, boundary string) []needs.Call {
	for i := range calls {
		c := &calls[i]
		if strings.HasPrefix(c.Action, "iam:") && strings.HasSuffix(c.Action, "Role") || strings.HasSuffix(c.Action, "RolePolicy") || strings.HasSuffix(c.Action, "PermissionsBoundary") {
			context := map[string][]string{"iam:PermissionsBoundary": {boundary}}
			for k, v := range c.Context {
				if k != "iam:PermissionsBoundary" {
					context[k] = v
				}
			}
			c.Context = context
		}
	}
	return calls
}

// saved says what the least policies leave out, beside the policy that they are compared with.
func (p *program) saved(ctx context.Context, q *needing, docs []*policy.Document, other loaded) error {
	ours, theirs := prove.Policies{Identity: docs}, prove.Policies{Identity: []*policy.Document{other.doc}}
	var measure [2]*needs.Measure
	var outside *prove.Result
	_, cutOff, err := within(ctx, q.timeout, func(ctx context.Context) (_ struct{}, err error) {
		for i, side := range []prove.Policies{ours, theirs} {
			if measure[i], err = needs.MeasureOf(ctx, side); err != nil {
				return struct{}{}, err
			}
		}
		outside, err = prove.Exceeds(ctx, ours, theirs, prove.Options{Universe: prove.Reference, MaxStates: needs.States})
		return struct{}{}, err
	})
	if err != nil {
		return err
	}
	if cutOff != "" {
		fmt.Fprintf(p.stderr, "writ: how it compares with %s is not known: %s\n", printable(other.from.String()), cutOff)
		return nil
	}
	rows := [][]string{
		{"", "least policy", other.from.String()},
		{"actions allowed", fmt.Sprint(measure[0].Actions), fmt.Sprint(measure[1].Actions)},
		{"of these, not only through CloudFormation", fmt.Sprint(measure[0].Direct), fmt.Sprint(measure[1].Direct)},
		{"methods of escalation that can be used", fmt.Sprint(len(measure[0].Methods)), fmt.Sprint(len(measure[1].Methods))},
	}
	for _, line := range aligned(rows) {
		fmt.Fprintf(p.stderr, "  %s\n", printable(line))
	}
	for _, part := range []struct {
		label string
		ids   []string
	}{{"closed", measure[0].Closed(measure[1])}, {"left", measure[0].Methods}} {
		for _, line := range hanging("    ", append([]string{part.label + ":"}, listed(part.ids)...)) {
			if len(part.ids) > 0 {
				fmt.Fprintln(p.stderr, line)
			}
		}
	}
	switch outside.Answer {
	case prove.Proved:
		fmt.Fprintf(p.stderr, "  it lies within %s: proved\n", printable(other.from.String()))
	case prove.Refuted:
		fmt.Fprintf(p.stderr, "  %s is not enough for these templates:\n", printable(other.from.String()))
		for i := range outside.Differences {
			d := &outside.Differences[i]
			for _, line := range hanging("    ", append(listed(slices.Concat(d.Actions, d.Patterns)), strings.Fields(printable(d.When))...)) {
				fmt.Fprintln(p.stderr, line)
			}
		}
	default:
		fmt.Fprintf(p.stderr, "  whether it lies within %s is not known: %s\n", printable(other.from.String()), printable(outside.Unknown[0].Reason))
	}
	return nil
}
