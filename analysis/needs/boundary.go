package needs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// RolePolicies are what a role that a deployment makes is allowed by its policies in the templates.
type RolePolicies struct {
	Role     *Resource
	Policies []*policy.Document
	// Missing are policies that are attached and of which no document is known, and documents that cannot be read.
	Missing []string
}

// Roles returns the roles that stacks make, with their policies: inline ones, those of resources that put a policy into them, and managed
// ones, as far as the stacks make these or AWS has published them. What is not known before the deployment is * there.
func Roles(stacks []*Stack) []*RolePolicies {
	var list []*RolePolicies
	of := map[*Resource]*RolePolicies{}
	all := resourcesOf(stacks)
	for _, r := range all {
		if r.Type == "AWS::IAM::Role" {
			p := &RolePolicies{Role: r}
			list = append(list, p)
			of[r] = p
			for _, inline := range itemsOf(r.Properties.Get("Policies")) {
				p.add(inline.Get("PolicyDocument"), "the inline policy "+inline.Get("PolicyName").Or("*"))
			}
			for _, arn := range itemsOf(r.Properties.Get("ManagedPolicyArns")) {
				p.attach(arn)
			}
		}
	}
	for _, r := range all {
		switch r.Type {
		case "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy":
			for _, role := range itemsOf(r.Properties.Get("Roles")) {
				if p := of[role.Of]; p != nil {
					p.add(r.Properties.Get("PolicyDocument"), r.LogicalID)
				}
			}
		case "AWS::IAM::RolePolicy":
			if p := of[r.Properties.Get("RoleName").of()]; p != nil {
				p.add(r.Properties.Get("PolicyDocument"), r.LogicalID)
			}
		}
	}
	return list
}

func (v *Value) of() *Resource {
	if v == nil {
		return nil
	}
	return v.Of
}

func (p *RolePolicies) add(v *Value, name string) {
	doc, err := documentOf(v)
	if err != nil {
		p.Missing = append(p.Missing, fmt.Sprintf("%s: %v", name, err))
		return
	}
	p.Policies = append(p.Policies, doc)
}

// attach adds the managed policy of an ARN, which the stacks make or AWS has published.
func (p *RolePolicies) attach(arn *Value) {
	if r := arn.Of; r != nil && r.Type == "AWS::IAM::ManagedPolicy" {
		p.add(r.Properties.Get("PolicyDocument"), r.LogicalID)
		return
	}
	name := arn.Or("*")
	v, err := managed.Find(strings.Replace(name, "arn:*:", "arn:aws:", 1))
	if err != nil {
		p.Missing = append(p.Missing, name)
		return
	}
	doc, err := policy.Parse(v.Document())
	if err != nil {
		p.Missing = append(p.Missing, fmt.Sprintf("%s: %v", name, err))
		return
	}
	p.Policies = append(p.Policies, doc)
}

func itemsOf(v *Value) []*Value {
	if v == nil {
		return nil
	}
	return v.Items
}

// resourcesOf returns the resources of all stacks.
func resourcesOf(stacks []*Stack) (list []*Resource) {
	for _, s := range stacks {
		list = append(list, s.Resources...)
	}
	return list
}

// documentOf reads a policy document of a template.
func documentOf(v *Value) (*policy.Document, error) {
	if v == nil || v.Unknown {
		return nil, fmt.Errorf("its document is not known before the deployment")
	}
	text, err := json.Marshal(v.plain())
	if err != nil {
		return nil, err
	}
	return policy.Parse(text)
}

// plain returns the value as package encoding/json has it. What is not known is *.
func (v *Value) plain() any {
	switch {
	case v == nil || v.Kind == Null && !v.Unknown:
		return nil
	case v.Unknown:
		return "*"
	}
	switch v.Kind {
	case Bool:
		return v.Text == "true"
	case Number:
		return json.Number(v.Text)
	case List:
		list := []any{}
		for _, item := range v.Items {
			list = append(list, item.plain())
		}
		return list
	case Map:
		m := map[string]any{}
		for _, member := range v.Members {
			m[member.Name] = member.Value.plain()
		}
		return m
	}
	return v.Text
}

// Boundary returns a permissions boundary for the roles that a deployment makes: what their policies allow, together, and no more, as
// far as that fits into a policy; otherwise their actions on all resources. The notes say what is not in it.
func Boundary(roles []*RolePolicies, most int) (doc *policy.Document, notes []string, err error) {
	if most == 0 {
		most = MaxPolicySize
	}
	var statements []policy.Statement
	merged := map[string]int{} // by what a statement says but its actions
	for _, r := range roles {
		for _, m := range r.Missing {
			notes = append(notes, fmt.Sprintf("%s: %s is not in the boundary", r.Role.LogicalID, m))
		}
		for _, d := range r.Policies {
			for i := range d.Statements {
				s := d.Statements[i].Clone()
				if s.Effect != policy.Allow {
					continue
				}
				key := fmt.Sprint(s.Action.Not, s.Resource.Not, slices.Sorted(slices.Values(s.Resource.Strings())))
				for j := range s.Condition {
					key += fmt.Sprint(s.Condition[j].Operator, s.Condition[j].Key, s.Condition[j].Strings())
				}
				if at, ok := merged[key]; ok && !s.Action.Not {
					actions := append(statements[at].Action.Strings(), s.Action.Strings()...)
					statements[at].Action = values(slices.Compact(slices.Sorted(slices.Values(actions)))...)
					continue
				}
				merged[key] = len(statements)
				s.Sid.Text = fmt.Sprintf("Roles%d", len(statements)+1)
				statements = append(statements, s)
			}
		}
	}
	if len(statements) == 0 {
		return nil, notes, nil
	}
	doc = &policy.Document{Version: policy.V2012, Statements: statements}
	if size(doc) <= most {
		return doc, notes, nil
	}
	var actions []string
	for i := range statements {
		if statements[i].Action.Not {
			return nil, notes, fmt.Errorf("the policies of the roles do not fit into a boundary of %d characters", most)
		}
		actions = append(actions, statements[i].Action.Strings()...)
	}
	wide := statement("Roles", slices.Compact(slices.Sorted(slices.Values(actions))), []string{"*"}, nil)
	shorten(&wide, false)
	doc = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{wide}}
	if size(doc) > most {
		return nil, notes, fmt.Errorf("the policies of the roles do not fit into a boundary of %d characters", most)
	}
	return doc, append(notes, "the boundary allows the actions of the roles on all resources: with the resources it would be too long"), nil
}
