package eval

import (
	"fmt"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// A Policy is a compiled policy document. It does not change, and is safe for concurrent use.
type Policy struct {
	statements  []statement
	deny, allow index
}

// A statement is one of a policy, compiled.
type statement struct {
	src       *policy.Statement
	deny      bool
	never     bool        // it is an Allow that can match nothing
	principal *principals // nil: everybody, where the type of policy has no principals
	action    actions
	resource  resources
	condition []*condition.Condition
	// forPrincipalARN: a condition asks for certain values of aws:PrincipalArn.
	forPrincipalARN bool
}

// actions is an Action or NotAction element; the patterns are in lower case.
type actions struct {
	not      bool
	patterns []glob.Matcher
}

// resources is a Resource or NotResource element.
type resources struct {
	not      bool
	any      bool // Resource "*", or none in a trust policy
	patterns []resource
}

// A resource is a pattern over ARNs, or "*", which stands for what is no ARN, too.
type resource struct {
	any     bool
	pattern condition.ARNPattern
}

// Compile compiles a document as a policy of type t. The error, if any, is a [*policy.Error]: an element that the type
// does not take or needs, a pattern that is no ARN, an operator that does not exist, a value that its operator cannot
// read.
//
// The document may be built rather than parsed: what package policy checks when it parses is checked here, too. Compile
// keeps nothing of it that could change.
func Compile(doc *policy.Document, t PolicyType) (*Policy, error) {
	switch {
	case t >= numTypes:
		return nil, fail(doc.Span, "", "there is no policy type %d", t)
	case doc.Version != policy.VNone && doc.Version != policy.V2008 && doc.Version != policy.V2012:
		return nil, fail(doc.Span, "Version", "unknown version %q", doc.Version)
	case len(doc.Statements) == 0:
		return nil, fail(doc.Span, "Statement", "the policy has no statements")
	}
	p := &Policy{statements: make([]statement, len(doc.Statements))}
	for i := range doc.Statements {
		own := doc.Statements[i].Clone()
		c := compiler{doc, &own, t}
		if err := c.statement(&p.statements[i]); err != nil {
			if err.Path != "" {
				err.Path = "." + err.Path
			}
			err.Path = fmt.Sprintf("Statement[%d]%s", i, err.Path)
			return nil, err
		}
	}
	p.deny, p.allow = newIndex(p.statements, true), newIndex(p.statements, false)
	return p, nil
}

// A compiler compiles one statement.
type compiler struct {
	doc *policy.Document
	src *policy.Statement
	t   PolicyType
}

func fail(at policy.Span, path, format string, args ...any) *policy.Error {
	return &policy.Error{Pos: at.Start, Path: path, Reason: fmt.Sprintf(format, args...)}
}

func (c *compiler) options() condition.Options {
	return condition.Options{
		Version:     c.doc.Version,
		Multivalued: authref.Multivalued,
		Lenient:     c.src.Effect == policy.Allow,
	}
}

func (c *compiler) statement(s *statement) *policy.Error {
	switch {
	case c.src.Effect != policy.Allow && c.src.Effect != policy.Deny:
		return fail(c.src.Span, "Effect", "unknown effect %q", c.src.Effect)
	case !c.src.Action.Present():
		return fail(c.src.Span, "", "the statement has neither Action nor NotAction")
	}
	s.src, s.deny = c.src, c.src.Effect == policy.Deny
	s.action.not = c.src.Action.Not
	for _, a := range c.src.Action.Values {
		if err := policy.CheckAction(a.Text); err != nil {
			return fail(a.Span, "Action", "%v", err)
		}
		text := a.Text
		if text == "*:*" {
			text = "*"
		}
		s.action.patterns = append(s.action.patterns, glob.NewMatcher(glob.Compile(lowerText(text))))
	}
	if err := c.principals(s); err != nil {
		return err
	}
	if err := c.resources(s); err != nil {
		return err
	}
	for _, src := range c.src.Condition {
		cond, err := condition.Compile(src, c.options())
		if err != nil {
			e := err.(*policy.Error)
			e.Path = "Condition." + e.Path
			return e
		}
		s.condition = append(s.condition, cond)
		if cond.Key().Is("aws:principalarn") && cond.Operator().AsksForText() {
			s.forPrincipalARN = true
		}
	}
	return nil
}

// isTrust reports whether the statement is one of a role's trust policy: all of its actions are those of STS.
func (c *compiler) isTrust() bool {
	for _, a := range c.src.Action.Values {
		if len(a.Text) < 4 || !strings.EqualFold(a.Text[:4], "sts:") {
			return false
		}
	}
	return c.t == Resource && !c.src.Action.Not && len(c.src.Action.Values) > 0
}

// principals checks that the element is there where the type of policy has it, and only there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (c *compiler) principals(s *statement) *policy.Error {
	src := c.src.Principal
	name := "Principal"
	if src != nil && src.Not {
		name = "NotPrincipal"
	}
	switch c.t {
	case Identity, Boundary, Session, SCP:
		if src != nil {
			return fail(src.Span, name, "%s has no %s; it applies to whom it is attached to", typePhrases[c.t], name)
		}
		return nil
	case Endpoint:
		if src == nil {
			return nil // everybody who uses the endpoint
		}
	}
	switch {
	case src == nil:
		return fail(c.src.Span, "", "%s needs a Principal", typePhrases[c.t])
	case src.Not && c.src.Effect == policy.Allow:
		return fail(src.Span, name, `NotPrincipal is not supported with "Effect": "Allow"`)
	case src.Not && c.t == RCP:
		return fail(src.Span, name, "%s does not support NotPrincipal", typePhrases[c.t])
	case src.Not && c.isTrust():
		return fail(src.Span, name, "a trust policy does not support NotPrincipal")
	}
	s.principal = compilePrincipals(src)
	return nil
}

var typePhrases = [numTypes]string{
	RCP: "a resource control policy", SCP: "a service control policy", Endpoint: "a VPC endpoint policy",
	Resource: "a resource-based policy", Identity: "an identity-based policy", Boundary: "a permissions boundary",
	Session: "a session policy",
}

// resources checks the element and compiles its patterns.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func (c *compiler) resources(s *statement) *policy.Error {
	src := c.src.Resource
	if !src.Present() {
		if !c.isTrust() {
			return fail(c.src.Span, "", "the statement has neither Resource nor NotResource")
		}
		s.resource.any = true
		return nil
	}
	name := "Resource"
	if src.Not {
		name = "NotResource"
	}
	s.resource.not = src.Not
	for i, v := range src.Values {
		path := name
		if len(src.Values) > 1 {
			path = fmt.Sprintf("%s[%d]", name, i)
		}
		r, err := c.resource(v, path)
		if err != nil {
			return err
		}
		problem := r.pattern.Problem()
		if problem == "" {
			s.resource.patterns = append(s.resource.patterns, r)
			s.resource.any = s.resource.any || r.any && !src.Not
			continue
		}
		// The pattern matches nothing. In a Deny that would be an allow, so it is refused; in an Allow the pattern, or
		// the statement that excepts it, goes.
		if s.deny {
			return fail(v.Span, path, "%q %s", v.Text, problem)
		}
		s.never = s.never || src.Not
	}
	return nil
}

// resource compiles one pattern.
func (c *compiler) resource(v policy.Value, path string) (r resource, err *policy.Error) {
	if strings.Trim(v.Text, "*") == "" && v.Text != "" {
		return resource{any: true}, nil
	}
	if !strings.HasPrefix(v.Text, "arn:") {
		return r, fail(v.Span, path, `%q is neither an ARN nor "*"`, v.Text)
	}
	p, perr := condition.ParseARNPattern(v.Text, c.options())
	if perr != nil {
		return r, fail(v.Span, path, "%v", perr)
	}
	return resource{pattern: p}, nil
}
