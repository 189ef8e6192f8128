package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/validate"
)

const validateHelp = `Find what is wrong with policies, or could be better: the findings of AWS IAM Access Analyzer, by
type and issue code, each with its place and with what to write instead. Nothing is asked of AWS.

A policy is a file, - for standard input, or a reference to an AWS managed policy, which is its
name or ARN, and a version if not the default one is meant: AdministratorAccess-Amplify@v10. The
positions in a managed policy are those in what writ catalog show prints.

What a policy may hold depends on its type. Without --type it is guessed from the document: one
without principals is identity-based, one whose actions are all those of STS is a role's trust
policy, any other is resource-based. An SCP and an RCP must be said to be one.

Exit status: 0, 1 if there is a finding at or above --fail-on, 2 for an error.`

const validateExamples = `  writ validate policy.json
  writ validate AdministratorAccess-Amplify@v10
  writ validate team.json root.json --type scp --fail-on warning
  writ validate bucket.json --resource-type AWS::S3::Bucket --format json
  writ validate policy.json trust.json --format sarif > findings.sarif
  writ validate AdministratorAccess-Amplify --format github`

// proofTime bounds the search for what is redundant in one policy.
const proofTime = 20 * time.Second

// validation is what the flags of writ validate ask.
type validation struct {
	kind, resourceType, format, failOn once
	json                               bool
}

// The values of --fail-on, and the finding type from which each fails.
var failOns = map[string]validate.FindingType{
	"error": validate.Error, "security-warning": validate.SecurityWarning, "warning": validate.Warning,
	"suggestion": validate.Suggestion, "never": validate.Error + 1,
}

var (
	failOnNames = []string{"error", "security-warning", "warning", "suggestion", "never"}
	formatNames = []string{"text", "json", "sarif", "github"}
)

func (p *program) validate() *cobra.Command {
	var q validation
	c := &cobra.Command{
		Use:               "validate FILE…",
		Short:             "Find what is wrong with policies, or could be better",
		Long:              validateHelp,
		Example:           validateExamples,
		ValidArgsFunction: completePolicy,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s needs a FILE; see %s --help", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		PreRunE: func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE:    func(c *cobra.Command, args []string) error { return p.validateAll(c.Context(), &q, args) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.Var(&q.kind, "type", "`type` of the policies: identity, resource, scp, rcp or trust (default: guessed)")
	f.Var(&q.resourceType, "resource-type", "`type` of the resource that a resource-based policy is of, such as AWS::S3::Bucket")
	f.Var(&q.failOn, "fail-on", "`level` from which a finding makes the exit status 1: error, security-warning, warning, suggestion or never (default: error)")
	f.Var(&q.format, "format", "`format` of the output: text, json, sarif or github (default: text)")
	f.BoolVar(&q.json, "json", false, "print JSON, as --format json does")
	mustComplete(c, "type", completeNames(validate.Types()))
	mustComplete(c, "resource-type", completeNames(validate.ResourceTypes()))
	mustComplete(c, "fail-on", completeNames(failOnNames))
	mustComplete(c, "format", completeNames(formatNames))
	return c
}

// completeNames completes one of a few names.
func completeNames(names []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return beginning(begun, names), cobra.ShellCompDirectiveNoFileComp
	}
}

// A validated is a policy with what was found in it.
type validated struct {
	name     string // the file, or the reference of a managed policy
	managed  bool
	src      []byte
	options  validate.Options
	guessed  bool
	findings []validate.Finding
	unproved error // why redundancy was not judged
}

func (p *program) validateAll(ctx context.Context, q *validation, names []string) error {
	if err := q.check(); err != nil {
		return err
	}
	var all []*validated
	for _, name := range names {
		v, err := p.validateOne(ctx, q, name)
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	var err error
	switch q.format.text {
	case "json":
		err = p.findingsJSON(all)
	case "sarif":
		err = p.findingsSARIF(all)
	case "github":
		p.findingsGitHub(all)
	default:
		p.findingsText(all)
	}
	least := failOns[q.failOn.text]
	for _, v := range all {
		if v.unproved != nil {
			fmt.Fprintf(p.stderr, "writ: %s: redundancy was not judged: %s\n", printable(v.name), printable(v.unproved.Error()))
		}
		if slices.ContainsFunc(v.findings, func(f validate.Finding) bool { return f.Type >= least }) {
			p.status = findings
		}
	}
	return err
}

// check fills in the defaults and checks the values of the flags.
func (q *validation) check() error {
	oneOf := func(flag string, value *once, names []string, other string) error {
		if !value.given() {
			value.text = other
			return nil
		}
		if !slices.Contains(names, value.text) {
			return fmt.Errorf("--%s: %q is none of %s", flag, value.text, strings.Join(names, ", "))
		}
		return nil
	}
	if q.json && q.format.given() && q.format.text != "json" {
		return fmt.Errorf("--json and --format %s contradict each other; leave one out", q.format.text)
	}
	if q.resourceType.given() {
		if q.kind.given() && q.kind.text != "resource" {
			return fmt.Errorf("--resource-type is for resource-based policies; leave it out, or --type %s", q.kind.text)
		}
		q.kind = once{text: "resource", times: 1}
	}
	other := "text"
	if q.json {
		other = "json"
	}
	return errors.Join( // of which at most one is there, but for a command line with several faults
		oneOf("type", &q.kind, validate.Types(), ""),
		oneOf("resource-type", &q.resourceType, validate.ResourceTypes(), ""),
		oneOf("fail-on", &q.failOn, failOnNames, "error"),
		oneOf("format", &q.format, formatNames, other),
	)
}

// validateOne reads one policy and validates it.
func (p *program) validateOne(ctx context.Context, q *validation, name string) (*validated, error) {
	src, from, err := p.readPolicy("policy", name)
	if err != nil {
		return nil, err
	}
	v := &validated{name: from.file, src: src, guessed: q.kind.text == ""}
	if from.file == "" { // one line, in which a position is no help
		var indented bytes.Buffer
		if err := json.Indent(&indented, src, "", "  "); err != nil {
			return nil, err
		}
		v.name, v.managed, v.src = from.ref, true, indented.Bytes()
	}
	if other := notDocument(v.src); other != "" {
		return nil, fmt.Errorf("%s: %s", v.name, other)
	}
	kind, _ := validate.ParseType(q.kind.text)
	if v.guessed {
		kind = validate.GuessType(v.src)
	}
	v.options = validate.Options{Type: kind, ResourceType: q.resourceType.text}
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	v.findings, v.unproved = validate.Validate(ctx, v.src, v.options)
	return v, nil
}

// findingsJSON prints what AWS's ValidatePolicy answers with, and adds the file if there are several.
func (p *program) findingsJSON(all []*validated) error {
	list := []json.RawMessage{}
	for _, v := range all {
		for _, f := range v.findings {
			finding, err := marshal(f)
			if err != nil {
				return err
			}
			if len(all) > 1 {
				name, err := marshal(v.name)
				if err != nil {
					return err
				}
				finding = slices.Concat([]byte(`{"file":`), name, []byte(`,`), finding[1:])
			}
			list = append(list, finding)
		}
	}
	enc := json.NewEncoder(p.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"findings": list})
}

// marshal is json.Marshal without the escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// findingsGitHub prints workflow commands, which GitHub shows beside the lines of a change.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
func (p *program) findingsGitHub(all []*validated) {
	command := map[validate.FindingType]string{
		validate.Error: "error", validate.SecurityWarning: "warning", validate.Warning: "warning", validate.Suggestion: "notice",
	}
	for _, v := range all {
		for _, f := range v.findings {
			at := f.Locations[0].Span.Start
			p.print("%s", githubCommand(command[f.Type], v.name, at.Line, at.Column, f.Code, f.Details))
		}
	}
}

// githubCommand is one of these.
func githubCommand(level, file string, line, column int, title, text string) string {
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	return fmt.Sprintf("::%s file=%s,line=%d,col=%d,title=%s::%s", level, property.Replace(file), line, column, property.Replace(title), message.Replace(text))
}
