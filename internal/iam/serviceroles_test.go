package iam

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
)

// TestServiceRolesAreWhole: each has a trust policy that lets its service in and nobody else, and policies that exist and can be
// attached.
func TestServiceRolesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range ServiceRoles() {
		if key := r.Service + "/" + r.UseCase; seen[key] || seen[r.Name] {
			t.Errorf("%s is there twice", key)
		} else {
			seen[key], seen[r.Name] = true, true
		}
		if arns := r.PolicyARNs(); len(arns) != len(r.Policies) || len(arns) == 0 {
			t.Errorf("%s: of %v there are %v", r.UseCase, r.Policies, arns)
		}
		for _, name := range r.Policies {
			if p, ok := managed.Lookup(name); ok && p.Deprecated {
				t.Errorf("%s: %s is deprecated", r.UseCase, name)
			}
		}
		trust, err := NewDocument(r.Trust()).Policy(eval.Resource)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			who  string
			want eval.Outcome
		}{{r.Principal(), eval.Allowed}, {"other.amazonaws.com", eval.ImplicitDeny}, {"arn:aws:iam::111122223333:user/dev", eval.ImplicitDeny}} {
			who, err := eval.ParsePrincipal(c.who)
			if err != nil {
				t.Fatal(err)
			}
			if got := trust.Outcome(&eval.Request{Principal: who, Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/" + r.Name}); got != c.want {
				t.Errorf("%s: %s may assume it: %v", r.UseCase, c.who, got)
			}
		}
	}
	if !slices.IsSortedFunc(ServiceRoles(), func(a, b ServiceRole) int { return strings.Compare(a.Service, b.Service) }) {
		t.Error("they are not sorted by service")
	}
}

func TestFindServiceRole(t *testing.T) {
	for _, c := range []struct{ service, useCase, want string }{
		{"amplify", "", "amplifyconsole-backend-role"},
		{"amplify.amazonaws.com", "backend", "amplifyconsole-backend-role"},
		{"lambda", "", "lambda-execution-role"},
		{"lambda", "sqs", "lambda-sqs-execution-role"},
		{"lambda", "nothing", ""},
		{"nothing", "", ""},
	} {
		r, ok := FindServiceRole(c.service, c.useCase)
		if ok != (c.want != "") || ok && r.Name != c.want {
			t.Errorf("%s, %q: %+v", c.service, c.useCase, r)
		}
	}
}
