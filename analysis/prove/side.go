package prove

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// A mode is what a comparison is of.
type mode uint8

const (
	ofIdentity mode = iota // what the principal's own side allows
	ofLimits               // what SCPs, RCPs, boundaries let through of all
	ofResource             // what a resource-based policy says
)

// A side is one of the two sets of policies, taken apart.
type side struct {
	gates    []gate       // each must allow
	denies   []*statement // none may match
	policies eval.Policies
	limited  bool // by SCPs or RCPs
	nothing  bool // is allowed
}

// A gate is policies of which one must allow.
type gate struct {
	name   string // "identity", "scp[1]"
	t      eval.PolicyType
	allows []*statement
}

// A statement is one of a policy, with what is needed to reason about it.
type statement struct {
	id         int // of all statements of both sides
	ref        StatementRef
	src        *policy.Statement
	t          eval.PolicyType
	compiled   *eval.Policy
	options    condition.Options
	actionNot  bool
	actions    []string // as written
	lowered    []string // the same in lower case
	resources  []string // as written; nil: any
	conditions []compiledCondition
	text       string // what the statement says, but for its actions and resources: equal for equal statements
}

// A compiledCondition is a condition of a policy, and its compiled form.
type compiledCondition struct {
	src *policy.Condition
	c   *condition.Condition
}

// none returns a side that allows nothing.
func (p Policies) none() Policies { return Policies{nothing: true} }

// everything is a policy that allows all, for the part of a decision that is not compared.
var everything = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{
	Effect:   policy.Allow,
	Action:   policy.Element{Values: []policy.Value{{Text: "*"}}},
	Resource: policy.Element{Values: []policy.Value{{Text: "*"}}},
}}}

// everythingFromAll is the same as a resource-based policy.
var everythingFromAll = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{
	Effect:    policy.Allow,
	Principal: &policy.Principals{Entries: []policy.Principal{{Type: policy.AWS, Name: policy.Value{Text: "*"}}}},
	Action:    policy.Element{Values: []policy.Value{{Text: "*"}}},
	Resource:  policy.Element{Values: []policy.Value{{Text: "*"}}},
}}}

func mustCompile(doc *policy.Document, t eval.PolicyType) *eval.Policy {
	p, err := eval.Compile(doc, t)
	if err != nil {
		panic(err) // of a document of this package
	}
	return p
}

// newSide takes the policies apart. Statements are numbered from first on.
func newSide(p Policies, m mode, first int) (s *side, err error) {
	if p.nothing {
		return &side{gates: []gate{{t: eval.Endpoint}}, nothing: true}, nil
	}
	s = new(side)
	switch {
	case p.Resource != nil && (len(p.Identity) > 0 || p.Boundary != nil || len(p.Session) > 0 || len(p.SCPs) > 0):
		return nil, &PolicyError{Err: errors.New("a resource-based policy is compared by itself, not with policies of a principal")}
	case m == ofResource && p.Resource == nil:
		return nil, &PolicyError{Err: errors.New("there is no resource-based policy to compare with the other side's")}
	}
	next := first
	add := func(g *gate, doc *policy.Document, t eval.PolicyType, name string) (*eval.Policy, error) {
		compiled, err := eval.Compile(doc, t)
		if err != nil {
			return nil, &PolicyError{Policy: name, Err: err}
		}
		for i := range doc.Statements {
			st := newStatement(doc, i, t, compiled)
			st.id = next
			if doc != everything {
				st.ref.Policy = name
			}
			next++
			switch {
			case st.src.Effect == policy.Deny:
				s.denies = append(s.denies, st)
			case g != nil && !st.never():
				g.allows = append(g.allows, st)
			}
		}
		return compiled, nil
	}
	level := func(name string, list []*policy.Document, t eval.PolicyType, named func(int) string) (compiled []*eval.Policy, err error) {
		g := gate{name: name, t: t}
		for i, doc := range list {
			c, err := add(&g, doc, t, named(i))
			if err != nil {
				return nil, err
			}
			compiled = append(compiled, c)
		}
		s.gates = append(s.gates, g)
		return compiled, nil
	}
	numbered := func(name string) func(int) string {
		return func(i int) string { return fmt.Sprintf("%s[%d]", name, i) }
	}
	e := &s.policies
	switch m {
	case ofResource:
		list, err := level("resource", []*policy.Document{p.Resource}, eval.Resource, func(int) string { return "resource" })
		if err != nil {
			return nil, err
		}
		e.Resource = list[0]
	case ofLimits:
		e.Identity, err = level("identity", []*policy.Document{everything}, eval.Identity, numbered("identity"))
	case ofIdentity:
		e.Identity, err = level("identity", p.Identity, eval.Identity, numbered("identity"))
	}
	if err != nil {
		return nil, err
	}
	if p.Boundary != nil {
		list, err := level("boundary", []*policy.Document{p.Boundary}, eval.Boundary, numbered("boundary"))
		if err != nil {
			return nil, err
		}
		e.Boundary = list[0]
	}
	if len(p.Session) > 0 {
		if e.Session, err = level("session", p.Session, eval.Session, numbered("session")); err != nil {
			return nil, err
		}
	}
	for i, docs := range p.SCPs {
		name := fmt.Sprintf("scp[%d]", i)
		list, err := level(name, docs, eval.SCP, numbered(name))
		if err != nil {
			return nil, err
		}
		e.SCPs = append(e.SCPs, list)
	}
	for i, docs := range p.RCPs {
		var list []*eval.Policy
		for j, doc := range docs {
			c, err := add(nil, doc, eval.RCP, fmt.Sprintf("rcp[%d][%d]", i, j))
			if err != nil {
				return nil, err
			}
			list = append(list, c)
		}
		e.RCPs = append(e.RCPs, list)
	}
	s.limited = len(p.SCPs) > 0 || len(p.RCPs) > 0
	return s, nil
}

func newStatement(doc *policy.Document, i int, t eval.PolicyType, compiled *eval.Policy) *statement {
	src := &doc.Statements[i]
	s := &statement{
		ref: StatementRef{Statement: i, Source: src},
		src: src, t: t, compiled: compiled,
		options:   condition.Options{Version: doc.Version, Multivalued: authref.Multivalued, Lenient: src.Effect == policy.Allow},
		actionNot: src.Action.Not, actions: src.Action.Strings(),
	}
	s.lowered = lowered(s.actions)
	if src.Resource.Present() && (src.Resource.Not || !slices.ContainsFunc(src.Resource.Strings(), isAny)) {
		s.resources = []string{} // not nil: what is left may be nothing, and not everything
		for _, text := range src.Resource.Strings() {
			if src.Resource.Not || isAny(text) || s.problem(text) == "" {
				s.resources = append(s.resources, text)
			}
		}
	}
	for j := range src.Condition {
		c, err := condition.Compile(src.Condition[j], s.options)
		if err != nil {
			panic(err) // eval.Compile has done the same
		}
		s.conditions = append(s.conditions, compiledCondition{&src.Condition[j], c})
	}
	s.text = s.describe()
	return s
}

// isAny reports whether a Resource pattern is * alone, which is no pattern over ARNs.
func isAny(resource string) bool { return resource != "" && strings.Trim(resource, "*") == "" }

// never reports whether the statement, an Allow, can match nothing: it excepts a resource by a pattern that is none.
func (s *statement) never() bool {
	for _, r := range s.resources {
		if s.src.Resource.Not && !isAny(r) && s.problem(r) != "" {
			return true
		}
	}
	return false
}

// problem says why a Resource pattern can match nothing, and is empty for others.
func (s *statement) problem(resource string) string {
	p, err := condition.ParseARNPattern(resource, s.options)
	if err != nil {
		panic(err) // eval.Compile has done the same
	}
	return p.Problem()
}

// describe puts into words all that the statement says but its actions and resources, so that two statements that say the
// same have the same text.
func (s *statement) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v %v %v", s.src.Effect, s.options.Version.HasVariables(), s.actionNot, s.src.Resource.Not)
	if p := s.src.Principal; p != nil {
		fmt.Fprintf(&b, " %v", p.Not)
		var names []string
		for _, e := range p.Entries {
			names = append(names, fmt.Sprintf("%s=%q", e.Type, e.Name.Text))
		}
		slices.Sort(names)
		fmt.Fprintf(&b, " %s", slices.Compact(names))
	}
	var conditions []string
	for i := range s.src.Condition {
		c := &s.src.Condition[i]
		values := c.Strings()
		slices.Sort(values)
		conditions = append(conditions, fmt.Sprintf("%s %s %q", strings.ToLower(c.Operator.Text), strings.ToLower(c.Key.Text), slices.Compact(values)))
	}
	slices.Sort(conditions)
	fmt.Fprintf(&b, " %q", conditions)
	return b.String()
}
