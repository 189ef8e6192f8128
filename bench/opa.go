package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// opa is the Rego evaluator of github.com/open-policy-agent/opa as a library, with a prepared query and parsed input. A
// statement is a rule for each of its resource patterns. Its actions are a literal set, so that OPA's rule index leads from
// an action to the rules that name it, and conditions are in the forms that it can index.
type opa struct{}

func (opa) name() string { return "OPA" }

func (opa) module() string { return "github.com/open-policy-agent/opa" }

func (opa) limits() string {
	return `OPA: one Rego rule a statement and resource pattern, with a prepared query; the index on rules leads from the action to
  them. The same statements in a data document by action took longer. Most of IAM could be
  expressed with Rego of one's own; the conversion stops at the operators that Cedar has, too.`
}

func (opa) translate(p policies) (source, []policy.Statement, error) {
	var b strings.Builder
	var omitted []policy.Statement
	b.WriteString("package iam\n\ndefault allow := false\n\nallow if {\n\tnot deny\n")
	for _, t := range p.types() {
		fmt.Fprintf(&b, "\t%s_allow\n", t.name)
	}
	b.WriteString("}\n\ndeny if false\n") // a rule must exist to be negated
	for _, t := range p.types() {
		list, out, err := rules(t)
		if err != nil {
			return nil, nil, err
		}
		omitted = append(omitted, out...)
		fmt.Fprintf(&b, "\n%s_allow if false\n", t.name)
		for _, r := range list {
			writeRego(&b, t.name, r)
		}
	}
	return regoSource(b.String()), omitted, nil
}

// writeRego writes one rule as rules of Rego.
func writeRego(b *strings.Builder, typ string, r rule) {
	var body []string
	if !r.anyAction {
		body = append(body, "input.action in "+regoSet(r.actions))
	}
	for _, c := range r.conditions {
		body = append(body, operators[c.Operator.Text].rego(c.Key.Text, c.Strings()))
	}
	patterns := r.resources
	if len(patterns) == 0 {
		patterns = []string{""}
	}
	for _, pattern := range patterns {
		if r.deny {
			b.WriteString("deny if {\n")
		} else {
			fmt.Fprintf(b, "%s_allow if {\n", typ)
		}
		for _, line := range body {
			fmt.Fprintf(b, "\t%s\n", line)
		}
		if pattern != "" {
			// Without delimiters, * stands for any characters, as in IAM.
			fmt.Fprintf(b, "\tglob.match(%s, null, input.resource)\n", strconv.Quote(pattern))
		}
		if len(body) == 0 && pattern == "" {
			b.WriteString("\ttrue\n")
		}
		b.WriteString("}\n")
	}
}

type regoSource string

func (s regoSource) compile() (program, error) {
	q, err := rego.New(rego.Query("data.iam.allow"), rego.Module("iam.rego", string(s))).PrepareForEval(context.Background())
	return regoProgram{q}, err
}

type regoProgram struct{ query rego.PreparedEvalQuery }

func (p regoProgram) prepare(list []request) (decider, error) {
	d := &regoDecider{query: p.query}
	for _, r := range list {
		keys := ast.NewObject()
		for key, values := range r.context {
			keys.Insert(ast.StringTerm(key), regoValue(key, values))
		}
		d.inputs = append(d.inputs, rego.EvalParsedInput(ast.NewObject(
			ast.Item(ast.StringTerm("action"), ast.StringTerm(r.action)),
			ast.Item(ast.StringTerm("resource"), ast.StringTerm(r.resource)),
			ast.Item(ast.StringTerm("context"), ast.NewTerm(keys)),
		)))
	}
	return d, nil
}

func regoValue(key string, values []string) *ast.Term {
	if !authref.Multivalued(key) {
		return ast.StringTerm(values[0])
	}
	var list []*ast.Term
	for _, v := range values {
		list = append(list, ast.StringTerm(v))
	}
	return ast.ArrayTerm(list...)
}

type regoDecider struct {
	query  rego.PreparedEvalQuery
	inputs []rego.EvalOption
}

func (d *regoDecider) decide(i int) (bool, error) {
	results, err := d.query.Eval(context.Background(), d.inputs[i])
	return results.Allowed(), err
}
