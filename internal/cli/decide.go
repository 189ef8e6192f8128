package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/writ-iam/writ/internal/pdp"
)

const decideHelp = `Decide a request as AWS IAM does, with the policies that are named, and say why.

A policy is named by a file, by - for standard input, or by a reference to an AWS managed policy,
which is its name or ARN, and a version if not the default one is meant:
AdministratorAccess-Amplify@v10.

Without --principal, a user in the resource's account asks. Without --resource, it is *.

--scp and --rcp name a level of the organization each, from the root down; the policies of one
level are separated by commas. RCPFullAWSAccess is implied at every level. Without --scp there is
no organization.

With --cases, requests and policies come from a file of JSON lines, and a JSON line is printed for
each, in order:

  {"id":"x","request":{"principal":"arn:aws:iam::111122223333:user/dev","action":"s3:GetObject",
    "resource":"arn:aws:s3:::b/k","resourceAccount":"111122223333","sessionIssuer":"arn:…",
    "context":{"aws:CalledVia":["cloudformation.amazonaws.com"]}},
   "policies":{"identity":[…],"boundary":[…],"session":[…],"resource":{…},
    "scp":[[…],[…]],"rcp":[[…]],"endpoint":[…]}}

on one line; only the action must be there. A policy is a document or a reference.

Exit status: 0 if the request is allowed, 1 if it is denied, 2 for an error. With --cases: 0 if
all were decided, whatever the decisions, and 2 if one could not be read (the others still are
decided).`

const decideExamples = `  writ decide --policy AdministratorAccess-Amplify@v10 --action dynamodb:CreateTable
  writ decide --policy policy.json --action s3:GetObject --resource arn:aws:s3:::b/k --json
  writ decide --policy PowerUserAccess --boundary boundary.json --scp root.json --scp ou.json,team.json --action s3:ListBucket --resource arn:aws:s3:::b
  writ decide --resource-policy trust.json --principal lambda.amazonaws.com --action sts:AssumeRole --resource arn:aws:iam::111122223333:role/worker
  writ decide --cases cases.jsonl`

// question is what the flags of writ decide ask.
type question struct {
	policy, session, scp, rcp, endpoint []string
	boundary, resourcePolicy            once

	principal, sessionIssuer, action, resource, resourceAccount once
	context                                                     []string

	cases once
	json  bool
}

func (p *program) decide() *cobra.Command {
	var q question
	c := &cobra.Command{
		Use:     "decide --policy POLICY --action ACTION [--resource ARN]",
		Short:   "Decide a request, or many, and say why",
		Long:    decideHelp,
		Example: decideExamples,
		Args:    arguments(),
		PreRunE: func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE: func(c *cobra.Command, _ []string) error {
			if q.cases.given() {
				return p.decideCases(c, &q)
			}
			return p.decideOne(c, &q)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&q.policy, "policy", nil, "identity-based `policy` of the principal or its groups (repeatable)")
	f.Var(&q.boundary, "boundary", "permissions boundary of the principal, a `policy`")
	f.StringArrayVar(&q.session, "session", nil, "session `policy` (repeatable)")
	f.Var(&q.resourcePolicy, "resource-policy", "resource-based `policy`; for sts:AssumeRole the role's trust policy")
	f.StringArrayVar(&q.scp, "scp", nil, "service control `policies` of one level, from the root down (repeatable)")
	f.StringArrayVar(&q.rcp, "rcp", nil, "resource control `policies` of one level, from the root down (repeatable)")
	f.StringArrayVar(&q.endpoint, "endpoint", nil, "VPC endpoint `policy` (repeatable)")
	f.Var(&q.principal, "principal", "who asks: an `ARN`, an account id, a service, or \"*\" for an anonymous caller")
	f.Var(&q.sessionIssuer, "session-issuer", "`ARN` of the role that the session is of, if its path matters")
	f.Var(&q.action, "action", "one `action`, such as s3:GetObject")
	f.Var(&q.resource, "resource", "`ARN` that the action is on")
	f.Var(&q.resourceAccount, "resource-account", "`id` of the account that the resource is in, if its ARN does not say")
	f.StringArrayVar(&q.context, "context", nil, "condition `key=value`; the same key again adds a value (repeatable)")
	f.BoolVar(&q.json, "json", false, "print JSON")
	f.Var(&q.cases, "cases", "decide the cases in a `file` of JSON lines, or - for standard input")
	for _, name := range []string{"policy", "boundary", "session", "endpoint"} {
		mustComplete(c, name, completePolicy)
	}
	mustComplete(c, "scp", completeSCPs)
	mustComplete(c, "rcp", completeRCPs)
	mustComplete(c, "action", completeAction)
	return c
}

// A once is the value of a flag that may be given once, and not be empty: an empty text is mostly a shell variable
// that was to be set. That is for checkOnce to check: to complete a command line, cobra sets the flags twice.
type once struct {
	text  string
	times int // that it was given
}

func (o *once) String() string { return o.text }
func (o *once) Type() string   { return "text" }
func (o *once) given() bool    { return o.times > 0 }

func (o *once) Set(text string) error {
	o.text = text
	o.times++
	return nil
}

// checkOnce returns an error for the first of the flags that is given twice, or empty.
func checkOnce(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		o, ok := f.Value.(*once)
		switch {
		case !ok || err != nil:
		case o.times > 1:
			err = fmt.Errorf("--%s is given twice", f.Name)
		case o.text == "":
			err = fmt.Errorf("--%s is empty", f.Name)
		}
	})
	return err
}

// request returns the request that the flags make.
func (q *question) request() (*pdp.Request, error) {
	if !q.action.given() {
		return nil, errors.New("--action is missing; expected one action such as s3:GetObject")
	}
	context, err := parseContext(q.context)
	return &pdp.Request{
		Principal:       q.principal.text,
		SessionIssuer:   q.sessionIssuer.text,
		Action:          q.action.text,
		Resource:        q.resource.text,
		ResourceAccount: q.resourceAccount.text,
		Context:         context,
	}, err
}

// parseContext reads key=value pairs. The case of a key does not matter.
func parseContext(pairs []string) (map[string][]string, error) {
	context := map[string][]string{}
	spelling := map[string]string{} // as it came first, by lower case
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--context %q: expected key=value, as in aws:SourceIp=203.0.113.7", pair)
		}
		lower := strings.ToLower(key)
		if _, ok := spelling[lower]; !ok {
			spelling[lower] = key
		}
		key = spelling[lower]
		context[key] = append(context[key], value)
	}
	return context, nil
}

func (p *program) decideOne(c *cobra.Command, q *question) error {
	request, err := q.request()
	if err != nil {
		return err
	}
	policies, err := p.loadPolicies(q)
	if err != nil {
		return err
	}
	x, err := request.Explain(&policies.Policies)
	if field, ok := errors.AsType[*pdp.FieldError](err); ok {
		return fmt.Errorf("--%s: %s", flagOf(field.Field), field.Reason)
	} else if err != nil {
		return err
	}
	if !x.Decision.Allowed() {
		p.status = denied
	}
	if q.json {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(pdp.Answer{Verdict: pdp.NewVerdict(x)})
	}
	flags := len(p.args)
	if c.ArgsLenAtDash() >= 0 { // a --, behind which there is nothing, since there are no arguments
		flags--
	}
	e := explainer{screen: p.screen, args: p.args, flags: flags, request: request, policies: policies, x: x}
	for _, line := range e.lines() {
		p.print("%s", line)
	}
	return nil
}

// flagOf returns the name of the flag for a field of a request: resource-account for resourceAccount.
func flagOf(field string) string {
	var b strings.Builder
	for _, r := range field {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('-')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p *program) decideCases(c *cobra.Command, q *question) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "cases" && f.Name != "json" {
			err = fmt.Errorf("--cases reads requests and policies from its file; leave out --%s", f.Name)
		}
	})
	if err != nil {
		return err
	}
	in, err := p.open("--cases", q.cases.text)
	if err != nil {
		return err
	}
	defer in.Close()
	progress, done := p.progress()
	t, err := pdp.Run(c.Context(), in, p.stdout.beneath, progress)
	done()
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", nameOf(q.cases.text), reason(err))
	case t.Errors > 0:
		return fmt.Errorf("%s: %d of %d cases could not be read; the error is in their place", nameOf(q.cases.text), t.Errors, t.Cases)
	}
	return nil
}

// progress returns what tells of a long run, once a second, to those who look at a terminal and do not see the answers
// there; and what wipes that away.
func (p *program) progress() (step func(pdp.Tally), done func()) {
	if p.screen.terminal || !screenOf(p.stderr).terminal {
		return nil, func() {}
	}
	last, shown := time.Now(), false
	step = func(t pdp.Tally) {
		if now := time.Now(); now.Sub(last) >= time.Second {
			last, shown = now, true
			fmt.Fprintf(p.stderr, "\r%d cases", t.Cases)
		}
	}
	return step, func() {
		if shown {
			fmt.Fprint(p.stderr, "\r\x1b[K")
		}
	}
}
