// Package validate finds what is wrong with a policy document, or could be better: the findings that AWS IAM Access
// Analyzer has for it, by type and issue code.
//
//	findings, err := validate.Validate(ctx, src, validate.Options{Type: validate.Identity})
//	for _, f := range findings {
//		fmt.Println(f.Type, f.Code, f.Details, f.Locations[0].Span.Start)
//	}
//
// The document may be broken: all that is wrong with it is found, but for text that is not JSON, of which the first
// fault is. Each finding says where it is, as a JSON path and a span of the text, and what to write instead. [Finding]
// marshals to the JSON that AWS's ValidatePolicy answers with.
//
// # What judges
//
// Actions, services, condition keys with the types of their values, and the formats of ARNs are those of package authref,
// of [authref.AsOf]; an action that is in it is never called invalid. Redundancy comes from the prover, package
// analysis/prove: what is redundant can go without any request being decided otherwise. All else is judged from the
// document.
//
// [Checks] lists the checks. What AWS finds and this package does not, or otherwise, is in docs/divergences.md.
//
// Implemented from
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html and
// https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html.
package validate

import (
	"context"
	"strings"

	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// A PolicyType is what kind of policy a document is, which decides what it may hold.
type PolicyType uint8

// The policy types. A role's trust policy is resource-based, too, but has rules of its own.
const (
	Identity PolicyType = iota
	Resource
	SCP
	RCP
	Trust
)

var typeNames = [...]string{"identity", "resource", "scp", "rcp", "trust"}

// String returns the type's name in lower case: "identity", "scp".
func (t PolicyType) String() string {
	if int(t) >= len(typeNames) {
		return "unknown"
	}
	return typeNames[t]
}

// ParseType returns the type of a name that String returns.
func ParseType(name string) (PolicyType, bool) {
	for i, n := range typeNames {
		if n == name {
			return PolicyType(i), true
		}
	}
	return 0, false
}

// Types returns the names of the policy types.
func Types() []string { return append([]string{}, typeNames[:]...) }

// Options say how a document is judged.
type Options struct {
	Type PolicyType

	// ResourceType is the type of the resource that a resource-based policy is attached to, such as AWS::S3::Bucket; one
	// of [ResourceTypes], or empty if it is not known. That of a role's trust policy is implied.
	ResourceType string
}

// Validate returns the findings of a document, in the order of their places. It does not return early: the error is that
// of what could not be judged, which is redundancy if ctx ends or the prover's bounds are met, and the findings are all
// others. At most 10,000 findings are told.
func Validate(ctx context.Context, src []byte, o Options) ([]Finding, error) {
	if o.Type == Resource && o.ResourceType == trustPolicyType {
		o.Type = Trust
	}
	switch o.Type {
	case Resource:
	case Trust:
		o.ResourceType = trustPolicyType
	default:
		o.ResourceType = ""
	}
	d := newDocument(src, o)
	tree, err := jsontree.Parse(src)
	if err != nil {
		d.syntaxError(err)
		return d.findings(), nil
	}
	d.read(tree)
	for _, m := range matters() {
		if m.judge != nil {
			m.judge(d)
		}
	}
	err = d.redundancy(ctx)
	return d.findings(), err
}

// GuessType tells from a document what type of policy it most likely is: one without principals is identity-based, one
// whose actions are all those of STS a trust policy, any other resource-based. Nothing in a document tells an SCP or RCP.
func GuessType(src []byte) PolicyType {
	tree, err := jsontree.Parse(src)
	if err != nil {
		return Identity
	}
	d := &document{src: src}
	d.read(tree)
	principals, sts, others := false, false, false
	for _, s := range d.statements {
		principals = principals || s.principal.present
		for _, a := range s.action.values {
			if len(a.Text) >= 4 && strings.EqualFold(a.Text[:4], "sts:") {
				sts = true
			} else {
				others = true
			}
		}
	}
	switch {
	case !principals:
		return Identity
	case sts && !others:
		return Trust
	}
	return Resource
}

// syntaxError reports the fault of a text that cannot be read.
func (d *document) syntaxError(err error) {
	e, ok := err.(*policy.Error)
	if !ok {
		return
	}
	end := e.Pos
	if end.Offset < len(d.src) && d.src[end.Offset] != '\n' {
		end.Offset++
		end.Column++
		for end.Offset < len(d.src) && d.src[end.Offset]&0xc0 == 0x80 { // the rest of the character
			end.Offset++
		}
	}
	d.report("JSON_SYNTAX_ERROR", Location{Span: policy.Span{Start: e.Pos, End: end}}, "%s", e.Reason)
}
