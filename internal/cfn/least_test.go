package cfn_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// apps returns the templates of apps, by name: ours, and the deployed ones where they are present.
func apps(t testing.TB) map[string][]*needs.Template {
	t.Helper()
	all := map[string][]*needs.Template{}
	for _, pattern := range []string{"testdata/app/*.*", "testdata/app/*/*.*", "testdata/app/*/*/*.*"} {
		all["testdata/app"] = append(all["testdata/app"], read(t, pattern)...)
	}
	for _, folder := range deployed(t) {
		all[folder] = read(t, folder+"/*.json")
	}
	return all
}

// TestLeastPoliciesOfApps: the policies that are made for each app allow every call, without any one statement some call is
// denied, and roles get no more by their boundary than by their policies.
func TestLeastPoliciesOfApps(t *testing.T) {
	for name, templates := range apps(t) {
		t.Run(filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name), func(t *testing.T) {
			stacks, err := needs.Evaluate(templates, needs.Deployment{StackName: "amplify-app"})
			if err != nil {
				t.Fatal(err)
			}
			calls, unknown := needs.Calls(stacks, needs.CallOptions{})
			for _, u := range unknown {
				if u.Resource.Type == "AWS::CloudFormation::Stack" {
					continue // of ours, whose template is not given
				}
				t.Errorf("%s: %s", u.Resource.LogicalID, u.Reason)
			}
			calls = slices.DeleteFunc(calls, func(c needs.Call) bool { return !c.Certain() })
			if len(calls) == 0 {
				t.Fatal("there are no calls")
			}
			for _, o := range []needs.LeastOptions{{}, {Compact: true}, {MaxSize: 3000}} {
				docs, err := needs.Least(calls, o)
				if err != nil {
					t.Fatal(err)
				}
				if denied := decide(t, docs, calls); len(denied) > 0 {
					t.Errorf("%+v: %d calls are denied, such as %s on %s", o, len(denied), denied[0].Call.Action, denied[0].Call.Resource)
				}
				if o.Compact {
					continue // where a pattern may cover what another statement says
				}
				for i, doc := range docs {
					for j := range doc.Statements {
						without := *doc
						without.Statements = slices.Delete(slices.Clone(doc.Statements), j, j+1)
						others := slices.Clone(docs)
						if others[i] = &without; len(without.Statements) == 0 {
							others = slices.Delete(others, i, i+1)
						}
						if len(decide(t, others, calls)) == 0 {
							t.Errorf("%+v: %s is not needed", o, doc.Statements[j].Sid.Text)
						}
					}
				}
			}
			roles := needs.Roles(stacks)
			boundary, notes, err := needs.Boundary(roles, 0)
			if err != nil {
				t.Fatal(err, notes)
			}
			if boundary == nil {
				return
			}
			for _, r := range roles {
				if len(r.Policies) == 0 {
					continue
				}
				result, err := prove.Exceeds(context.Background(), prove.Policies{Identity: r.Policies}, prove.Policies{Identity: r.Policies, Boundary: boundary}, prove.Options{First: true})
				if err != nil {
					t.Fatal(err)
				}
				if result.Answer == prove.Refuted {
					t.Errorf("the boundary keeps %s from %+v", r.Role.LogicalID, result.Differences[0].Witness)
				}
			}
		})
	}
}

func decide(t *testing.T, docs []*policy.Document, calls []needs.Call) []needs.Denial {
	t.Helper()
	var compiled []*eval.Policy
	for _, doc := range docs {
		p, err := eval.Compile(doc, eval.Identity)
		if err != nil {
			t.Fatal(err)
		}
		compiled = append(compiled, p)
	}
	who, err := eval.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/deployer/session")
	if err != nil {
		t.Fatal(err)
	}
	denied, err := needs.Decide(calls, &needs.Deployer{Policies: &eval.Policies{Identity: compiled}, Principal: who, Account: "111122223333", Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	return denied
}

// BenchmarkCalls works out what an app needs.
func BenchmarkCalls(b *testing.B) {
	for name, templates := range apps(b) {
		b.Run(fmt.Sprint(filepath.Base(filepath.Dir(name)), "/", filepath.Base(name)), func(b *testing.B) {
			for b.Loop() {
				stacks, err := needs.Evaluate(templates, needs.Deployment{})
				if err != nil {
					b.Fatal(err)
				}
				needs.Calls(stacks, needs.CallOptions{})
			}
		})
	}
}
