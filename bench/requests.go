package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	caller  = "arn:aws:iam::" + account + ":user/dev"
)

// calledVia is the context of a call that CloudFormation forwards.
var calledVia = map[string][]string{"aws:CalledVia": {"cloudformation.amazonaws.com"}}

// requests makes the requests that every scenario decides: each action of a managed policy, on a resource of a type that the
// action takes, or, where the policy lists resources, on one in each pattern and one outside; then a tenth as many
// actions that the policy does not list. Each is asked for directly, and forwarded by CloudFormation. The order is random
// and always the same.
func requests(ref string) ([]request, error) {
	doc, err := find(ref)
	if err != nil {
		return nil, err
	}
	var list []request
	seen := map[string]bool{}
	add := func(action, resource string) {
		if key := action + " " + resource; !seen[key] {
			seen[key] = true
			list = append(list, request{action, resource, nil}, request{action, resource, calledVia})
		}
	}
	listed := map[string]bool{}
	for _, s := range doc.Statements {
		for _, pattern := range s.Action.Strings() {
			names, err := authref.Expand(pattern)
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				listed[name] = true
				for _, r := range s.Resource.Strings() {
					if r == "*" {
						add(name, someResource(name))
						continue
					}
					add(name, inside(r))
					add(name, outside(r))
				}
			}
		}
	}
	others, err := authref.Expand("*")
	if err != nil {
		return nil, err
	}
	others = slices.DeleteFunc(others, func(name string) bool { return listed[name] })
	for i, n := 0, len(list)/2/10; i < n; i++ {
		name := others[i*len(others)/n]
		add(name, someResource(name))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list, nil
}

// someResource returns the ARN of a resource that an action acts on, or "*" if it acts on none in particular.
func someResource(action string) string {
	a, ok := authref.LookupAction(action)
	if !ok || !a.TakesResource() {
		return "*"
	}
	s, ok := authref.Lookup(a.Service)
	if !ok {
		return "*"
	}
	t, ok := s.ResourceType(a.Resources[0].Type)
	if !ok {
		return "*"
	}
	return os.Expand(t.ARN, func(name string) string {
		switch name {
		case "Partition":
			return "aws"
		case "Region":
			return region
		case "Account":
			return account
		}
		return "app"
	})
}

// inside returns an ARN that a resource pattern matches, and outside one that differs from it in the resource alone.
func inside(pattern string) string {
	parts := strings.SplitN(pattern, ":", 6)
	for i, some := range map[int]string{3: region, 4: account} {
		if parts[i] == "*" {
			parts[i] = some
		}
	}
	parts[5] = strings.ReplaceAll(parts[5], "*", "app")
	return strings.Join(parts, ":")
}

func outside(pattern string) string {
	parts := strings.SplitN(inside(pattern), ":", 6)
	parts[5] = "elsewhere/app"
	return strings.Join(parts, ":")
}

// touchedBy says of each request whether its action and resource are those of one of the statements, so that an engine that
// does without these statements cannot be asked.
func touchedBy(statements []policy.Statement, list []request) ([]bool, error) {
	touched := make([]bool, len(list))
	if len(statements) == 0 {
		return touched, nil
	}
	doc := policy.Document{Version: policy.V2012}
	for _, s := range statements {
		s.Effect, s.Condition = policy.Allow, nil
		doc.Statements = append(doc.Statements, s)
	}
	p, err := eval.Compile(&doc, eval.Identity)
	if err != nil {
		return nil, err
	}
	all := eval.Policies{Identity: []*eval.Policy{p}}
	own, err := evalRequests(list)
	if err != nil {
		return nil, err
	}
	for i := range own {
		touched[i] = all.Decide(&own[i]).Allowed()
	}
	return touched, nil
}

func evalRequests(list []request) ([]eval.Request, error) {
	who, err := eval.ParsePrincipal(caller)
	if err != nil {
		return nil, err
	}
	own := make([]eval.Request, len(list))
	for i, r := range list {
		c, err := condition.NewContext(r.context)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", r, err)
		}
		own[i] = eval.Request{Principal: who, Action: r.action, Resource: r.resource, Context: c}
	}
	return own, nil
}
