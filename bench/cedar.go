package main

import (
	"fmt"
	"strconv"
	"strings"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// cedarGo is github.com/cedar-policy/cedar-go. A statement is one policy, and its actions are members of one action group,
// so that the policy's scope asks for membership and no list of actions is searched. A resource is an entity with its
// ARN as an attribute, and the request context is Cedar's. Cedar evaluates all policies of a set, by design.
type cedarGo struct{}

func (cedarGo) name() string { return "cedar-go" }

func (cedarGo) module() string { return "github.com/cedar-policy/cedar-go" }

func (cedarGo) limits() string {
	return `cedar-go: one policy a statement, with an action group and, if it lists resources, a "like" on the resource's ARN; one policy set
  for each policy type. It has no "?" in a pattern. Conditions on numbers, dates and addresses it has in a way of its own; the conversion does not need
  them. It evaluates every policy of a set, so its time grows with the statements.`
}

func (cedarGo) translate(p policies) (source, []policy.Statement, error) {
	src := cedarSource{groups: map[string][]string{}}
	var omitted []policy.Statement
	for _, t := range p.types() {
		list, out, err := rules(t)
		if err != nil {
			return nil, nil, err
		}
		omitted = append(omitted, out...)
		var b strings.Builder
		for _, r := range list {
			writeCedar(&b, r)
			for _, a := range r.actions {
				src.groups[a] = append(src.groups[a], r.id)
			}
		}
		src.sets = append(src.sets, []byte(b.String()))
	}
	return src, omitted, nil
}

// writeCedar writes one rule as a Cedar policy.
func writeCedar(b *strings.Builder, r rule) {
	effect, action := "permit", "action"
	if r.deny {
		effect = "forbid"
	}
	if !r.anyAction {
		action = "action in Action::" + strconv.Quote(r.id)
	}
	fmt.Fprintf(b, "%s (principal, %s, resource)", effect, action)
	if len(r.resources) > 0 {
		var any []string
		for _, pattern := range r.resources {
			any = append(any, "resource.arn like "+strconv.Quote(pattern))
		}
		fmt.Fprintf(b, "\nwhen { %s }", strings.Join(any, " || "))
	}
	for _, c := range r.conditions {
		fmt.Fprintf(b, "\nwhen { %s }", operators[c.Operator.Text].cedar(c.Key.Text, c.Strings()))
	}
	b.WriteString(";\n")
}

// A cedarSource is one set of policies a policy type, all of which must allow, and the groups that each action is in.
type cedarSource struct {
	sets   [][]byte
	groups map[string][]string
}

func (s cedarSource) compile() (program, error) {
	p := cedarProgram{actions: cedar.EntityMap{}}
	for action, groups := range s.groups {
		var parents []cedar.EntityUID
		for _, g := range groups {
			parents = append(parents, cedar.NewEntityUID("Action", cedar.String(g)))
		}
		uid := cedar.NewEntityUID("Action", cedar.String(action))
		p.actions[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(parents...)}
	}
	for _, src := range s.sets {
		set, err := cedar.NewPolicySetFromBytes("", src)
		if err != nil {
			return nil, err
		}
		p.sets = append(p.sets, set)
	}
	return p, nil
}

type cedarProgram struct {
	sets    []*cedar.PolicySet
	actions cedar.EntityMap
}

func (p cedarProgram) prepare(list []request) (decider, error) {
	d := &cedarDecider{sets: p.sets, entities: p.actions.Clone()}
	dev := cedar.NewEntityUID("User", caller)
	d.entities[dev] = cedar.Entity{UID: dev}
	for _, r := range list {
		resource := cedar.NewEntityUID("Resource", cedar.String(r.resource))
		d.entities[resource] = cedar.Entity{
			UID:        resource,
			Attributes: cedar.NewRecord(cedar.RecordMap{"arn": cedar.String(r.resource)}),
		}
		context := cedar.RecordMap{}
		for key, values := range r.context {
			context[cedar.String(key)] = cedarValue(key, values)
		}
		d.requests = append(d.requests, cedar.Request{
			Principal: dev,
			Action:    cedar.NewEntityUID("Action", cedar.String(r.action)),
			Resource:  resource,
			Context:   cedar.NewRecord(context),
		})
	}
	return d, nil
}

func cedarValue(key string, values []string) cedar.Value {
	if !authref.Multivalued(key) {
		return cedar.String(values[0])
	}
	var set []cedar.Value
	for _, v := range values {
		set = append(set, cedar.String(v))
	}
	return cedar.NewSet(set...)
}

type cedarDecider struct {
	sets     []*cedar.PolicySet
	entities cedar.EntityMap
	requests []cedar.Request
}

func (d *cedarDecider) decide(i int) (bool, error) {
	for _, set := range d.sets {
		decision, diagnostic := cedar.Authorize(set, d.entities, d.requests[i])
		if len(diagnostic.Errors) > 0 {
			return false, fmt.Errorf("%v", diagnostic.Errors)
		}
		if decision != cedar.Allow {
			return false, nil
		}
	}
	return true, nil
}
