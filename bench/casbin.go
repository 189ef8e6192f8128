package main

import (
	"strings"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
	"github.com/writ-iam/writ/policy"
)

// casbinGo is github.com/casbin/casbin. A statement is a rule for each of its resource patterns, and its actions are members of
// a group, casbin's g. Casbin evaluates its matcher on one rule after the other, until the answer is certain.
//
// Its model compares fields of a request with fields of a rule, so statements with conditions are left out. There is
// eval(), which takes an expression out of a rule, but it parses the expression anew for each rule and decision; and a field
// made for aws:CalledVia would fit this policy only.
type casbinGo struct{}

func (casbinGo) name() string { return "casbin" }

func (casbinGo) module() string { return "github.com/casbin/casbin/v3" }

func (casbinGo) limits() string {
	return `casbin: one rule a statement and resource pattern, with a group of actions; this took a fifth of the time of one rule an
  action with keyMatch. It has no conditions that a rule can bring along, so every request is left out that a statement
  with conditions is about; its figures are for the rest. In the middle of a resource pattern, its globMatch lets "*" stop at a slash. It looks at rule after
  rule until one allows, so a request that none allows takes longest. Its cache of earlier answers was not used.`
}

func (casbinGo) translate(p policies) (source, []policy.Statement, error) {
	var src casbinSource
	var omitted []policy.Statement
	for _, t := range p.types() {
		list, out, err := rules(t)
		if err != nil {
			return nil, nil, err
		}
		omitted = append(omitted, out...)
		var set casbinSet
		for _, r := range list {
			if len(r.conditions) > 0 {
				omitted = append(omitted, r.statement)
				continue
			}
			set.add(r)
		}
		src = append(src, set)
	}
	return src, omitted, nil
}

// A casbinSource is one set of rules a policy type, all of which must allow.
type casbinSource []casbinSet

type casbinSet struct {
	rules  [][]string // group of actions, resource pattern, effect
	groups [][]string // action, group
	denies bool
}

func (s *casbinSet) add(r rule) {
	group, effect := r.id, "allow"
	if r.anyAction {
		group = "*"
	}
	if r.deny {
		effect, s.denies = "deny", true
	}
	if len(r.resources) == 0 {
		s.rules = append(s.rules, []string{group, "*", effect})
	}
	for _, pattern := range r.resources {
		s.rules = append(s.rules, []string{group, casbinGlob(pattern), effect})
	}
	for _, a := range r.actions {
		s.groups = append(s.groups, []string{a, group})
	}
}

// casbinGlob converts a resource pattern to one of globMatch, where * stops at a slash. At the end of a pattern **, which
// does not, makes up for it; elsewhere nothing does.
func casbinGlob(pattern string) string {
	if strings.HasSuffix(pattern, "*") {
		return pattern + "/**"
	}
	return pattern
}

const casbinModel = `
[request_definition]
r = action, resource

[policy_definition]
p = group, resource, eft

[role_definition]
g = _, _

[matchers]
m = (p.group == "*" || g(r.action, p.group)) && (p.resource == "*" || globMatch(r.resource, p.resource))

[policy_effect]
`

func (s casbinSource) compile() (program, error) {
	var p casbinProgram
	for _, set := range s {
		// Without a Deny to look for, casbin stops at the first rule that allows.
		effect := "e = some(where (p.eft == allow))"
		if set.denies {
			effect += " && !some(where (p.eft == deny))"
		}
		m, err := model.NewModelFromString(casbinModel + effect)
		if err != nil {
			return nil, err
		}
		e, err := casbin.NewEnforcer(m)
		if err != nil {
			return nil, err
		}
		if len(set.rules) > 0 {
			if _, err := e.AddPolicies(set.rules); err != nil {
				return nil, err
			}
		}
		if len(set.groups) > 0 {
			if _, err := e.AddGroupingPolicies(set.groups); err != nil {
				return nil, err
			}
		}
		p = append(p, e)
	}
	return p, nil
}

type casbinProgram []*casbin.Enforcer

func (p casbinProgram) prepare(list []request) (decider, error) {
	d := &casbinDecider{enforcers: p}
	for _, r := range list {
		d.requests = append(d.requests, []any{r.action, r.resource})
	}
	return d, nil
}

type casbinDecider struct {
	enforcers []*casbin.Enforcer
	requests  [][]any
}

func (d *casbinDecider) decide(i int) (bool, error) {
	for _, e := range d.enforcers {
		if ok, err := e.Enforce(d.requests[i]...); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}
