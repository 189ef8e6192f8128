package history_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

func blame(t *testing.T, name string, o history.Options) map[string]history.Permission {
	t.Helper()
	list, err := history.Blame(context.Background(), policyOf(t, name), o)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]history.Permission{}
	for _, p := range list {
		of[p.Action] = p
	}
	if len(of) != len(list) {
		t.Errorf("%s: some permission is there twice", name)
	}
	return of
}

func document(t *testing.T, v *managed.Version) *policy.Document {
	t.Helper()
	doc, err := policy.Parse(v.Document())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestBlameOfAdministratorAccessAmplify(t *testing.T) {
	of := blame(t, "AdministratorAccess-Amplify", history.Options{})
	for action, want := range map[string]string{
		"iam:CreateRole":                  "v1",
		"amplify:CreateApp":               "v1",
		"lambda:GetLayerVersionByArn":     "v4 to v5", // which the reference does not have
		"ecr:DescribeRepositories":        "v11",
		"iam:UntagRole":                   "v10",
		"amplifybackend:CreateBackend":    "v2", // v1 has it with a space
		"s3:PutBucketPublicAccessBlock":   "v10",
		"cloudformation:DeleteStackSet":   "v4",
		"ssm:GetParameter":                "v3",
		"amplifyuibuilder:ListThemes":     "v7",
		"lambda:UpdateEventSourceMapping": "v8",
	} {
		p, ok := of[action]
		if !ok {
			t.Errorf("%s is granted by none", action)
			continue
		}
		if got := spans(p); got != want {
			t.Errorf("%s: %s, not %s", action, got, want)
		}
	}
	if _, ok := blame(t, "AdministratorAccess-Amplify", history.Options{Universe: prove.Reference})["cloudformation:DeleteStackSet"]; ok {
		t.Error("cloudformation:DeleteStackSet on the ARN of a stack applies to nothing")
	}
}

// spans returns "v4 to v5, v7" for what v4 granted, v5 took away and v7 gave back.
func spans(p history.Permission) string {
	var list []string
	for _, s := range p.Spans {
		text := s.From.ID
		if s.Until != nil {
			text += " to " + s.Until.ID
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// TestBlameAgreesWithTheVersions holds what blame says against each version: by what its statements name, and by requests.
func TestBlameAgreesWithTheVersions(t *testing.T) {
	for _, name := range []string{"AdministratorAccess-Amplify", "AmplifyBackendDeployFullAccess", "AWSCloud9User", "PowerUserAccess", "AmazonECS_FullAccess", "AWSCleanRoomsFullAccessNoQuerying", "AWSEC2SpotServiceRolePolicy"} {
		p := policyOf(t, name)
		cache := new(memory)
		of := blame(t, name, history.Options{Cache: cache})
		for _, v := range p.Versions() {
			doc := document(t, v)
			compiled, err := eval.Compile(doc, eval.Identity)
			if err != nil {
				t.Fatal(err)
			}
			policies := eval.Policies{Identity: []*eval.Policy{compiled}}
			granted, err := prove.Empty(context.Background(), prove.Policies{Identity: []*policy.Document{doc}}, prove.Options{})
			if err != nil || len(granted.Unknown) > 0 {
				t.Fatal(err, granted.Unknown)
			}
			witness := map[string]bool{}
			for _, d := range granted.Differences {
				for _, a := range d.Actions {
					if strings.ContainsAny(a, "*?") {
						continue
					}
					if b, ok := authref.LookupAction(a); ok {
						a = b.String()
					}
					witness[a] = true
					if b, ok := of[a]; !ok || !has(b, v) {
						t.Errorf("%s allows %s, and blame does not know: %s", v.Ref(), a, spans(b))
					}
				}
				req, err := d.Witness.Request()
				if err != nil {
					t.Fatal(err)
				}
				if !policies.Decide(req).Allowed() {
					t.Errorf("%s does not allow %+v", v.Ref(), d.Witness)
				}
			}
			for action, b := range of {
				if has(b, v) && !witness[action] && known(action) {
					t.Errorf("%s: blame has %s, which it does not allow", v.Ref(), action)
				}
			}
			for _, s := range doc.Statements { // what it names, if nothing is denied
				if s.Effect == policy.Deny {
					break
				}
				if s.Action.Not {
					continue
				}
				for _, pattern := range s.Action.Strings() {
					names, err := authref.Expand(pattern)
					if err != nil {
						continue // "amplifybackend: *"
					}
					for _, a := range names {
						if b, ok := of[a]; !ok || !has(b, v) {
							if a != "sts:GetCallerIdentity" && a != "sts:GetSessionToken" { // which need no permission
								t.Errorf("%s names %s by %s, and blame does not know", v.Ref(), a, pattern)
							}
						}
					}
				}
			}
		}
		puts := cache.puts
		if again := blame(t, name, history.Options{Cache: cache}); len(again) != len(of) || cache.puts != puts {
			t.Errorf("%s: a second time, %d permissions and %d steps worked out", name, len(again), cache.puts-puts)
		}
	}
}

func known(action string) bool { _, ok := authref.LookupAction(action); return ok }

// has reports whether a version is in one of the spans.
func has(p history.Permission, v *managed.Version) bool {
	at := func(v *managed.Version) int { return slices.Index(v.Policy.Versions(), v) }
	return slices.ContainsFunc(p.Spans, func(s history.Span) bool {
		return at(s.From) <= at(v) && (s.Until == nil || at(v) < at(s.Until))
	})
}
