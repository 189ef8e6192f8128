package validate

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// maxProved is the size up to which redundancy is looked for, in characters without white space. Of the policies that AWS
// manages, which are the longest, none is longer.
const maxProved = 200_000

// redundancy reports what the prover finds redundant. A document that is not a policy yet has nothing to be proved about.
func (d *document) redundancy(ctx context.Context) error {
	doc, err := policy.Parse(d.src)
	if err != nil {
		return nil
	}
	if size := utf8.RuneCount(d.src) - d.whiteSpace(); size > maxProved {
		return fmt.Errorf("the policy has %d characters, and more than %d are not looked at", size, maxProved)
	}
	t := map[PolicyType]eval.PolicyType{Identity: eval.Identity, Resource: eval.Resource, SCP: eval.SCP, RCP: eval.RCP, Trust: eval.Resource}[d.Type]
	if _, err := eval.Compile(doc, t); err != nil {
		return nil
	}
	list, err := prove.Redundant(ctx, doc, t)
	for _, r := range list {
		d.reportRedundancy(doc, r)
	}
	return err
}

func (d *document) reportRedundancy(doc *policy.Document, r prove.Redundancy) {
	s := &doc.Statements[r.Statement]
	if r.Element == "" {
		at := []Location{d.locate(s.Span)}
		by := "other statements together mean"
		if r.By >= 0 {
			at = append(at, d.locate(doc.Statements[r.By].Span))
			by = "another statement means"
		}
		d.reportAll("REDUNDANT_STATEMENT", at, "%s all that this one does; remove it", by)
		return
	}
	code, values := "", []policy.Value(nil)
	switch r.Element {
	case "Action", "NotAction":
		code, values = "REDUNDANT_ACTION", s.Action.Values
	case "Resource", "NotResource":
		code, values = "REDUNDANT_RESOURCE", s.Resource.Values
	case "Principal", "NotPrincipal":
		if d.Type == Trust { // AWS has no code for others
			code = "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY"
			for _, p := range s.Principal.Entries {
				values = append(values, p.Name)
			}
		}
	case "Condition":
		c := &s.Condition[r.Condition]
		if strings.Contains(strings.ToLower(c.Operator.Text), "numeric") { // AWS has no code for others
			code, values = "REDUNDANT_CONDITION_VALUE_NUM", c.Values
		}
	}
	if code == "" {
		return
	}
	v := values[r.Value]
	at := []Location{d.locate(v.Span)}
	by := "others in the list mean together"
	if r.By >= 0 {
		at = append(at, d.locate(values[r.By].Span))
		by = quoted(values[r.By].Text) + " means"
	}
	d.reportAll(code, at, "%s all that %s does; remove it", by, quoted(v.Text))
}

// locate returns the location of the value at a span.
func (d *document) locate(span policy.Span) Location {
	v := d.root
	for v.Span != span {
		next, ok := v.around(span)
		if !ok {
			return Location{Span: span}
		}
		v = next
	}
	return v.location()
}

// around returns the value inside v that the span lies in.
func (v value) around(span policy.Span) (value, bool) {
	holds := func(s policy.Span) bool {
		return s.Start.Offset <= span.Start.Offset && span.End.Offset <= s.End.Offset
	}
	for i, m := range v.Members {
		if holds(m.Value.Span) {
			return v.members()[i].value, true
		}
	}
	for i, e := range v.Elements {
		if holds(e.Span) {
			return v.element(i), true
		}
	}
	return value{}, false
}
