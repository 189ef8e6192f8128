package eval_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
)

func explain(t *testing.T, p eval.Policies, principal, action, resource string, ctx map[string][]string) *eval.Explanation {
	t.Helper()
	who, err := eval.ParsePrincipal(principal)
	if err != nil {
		t.Fatal(err)
	}
	c, err := condition.NewContext(ctx)
	if err != nil {
		t.Fatal(err)
	}
	req := &eval.Request{Principal: who, Action: action, Resource: resource, Context: c}
	x := p.Explain(req)
	if d := p.Decide(req); d != x.Decision {
		t.Errorf("%s: decided %+v, explained %+v", action, d, x.Decision)
	}
	return x
}

func TestExplanationNamesTheNearMissAndTheMissingKey(t *testing.T) {
	p := eval.Policies{Identity: mustFind(t, eval.Identity, "AdministratorAccess-Amplify@v10")}
	x := explain(t, p, "arn:aws:iam::111122223333:user/dev", "dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", nil)
	if x.Decision.Outcome != eval.ImplicitDeny || len(x.Matched) != 0 || len(x.BlockedBy) != 0 {
		t.Errorf("%+v", x)
	}
	if len(x.NearMisses) != 1 || x.NearMisses[0].Element != "Condition" || x.NearMisses[0].Source.Sid.Text != "CLIManageviaCFNPolicy" ||
		!strings.Contains(x.NearMisses[0].Reason, `ForAnyValue:StringEquals aws:CalledVia "cloudformation.amazonaws.com": the request does not have it`) {
		t.Errorf("near misses %+v", x.NearMisses)
	}
	if strings.Join(x.MissingContext, " ") != "aws:CalledVia" {
		t.Errorf("missing %v", x.MissingContext)
	}
	x = explain(t, p, "", "logs:CreateLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:/x", nil)
	if len(x.NearMisses) == 0 || x.NearMisses[0].Element != "Resource" || !strings.Contains(x.NearMisses[0].Reason, "log-group:") {
		t.Errorf("near misses %+v", x.NearMisses)
	}
	x = explain(t, p, "", "iam:PassRoles", "*", nil)
	if len(x.NearMisses) == 0 || x.NearMisses[0].Element != "Action" || !strings.Contains(x.NearMisses[0].Reason, "it has iam:PassRole, not iam:PassRoles") {
		t.Errorf("near misses %+v", x.NearMisses)
	}
}

func TestExplanationNamesWhatBlocked(t *testing.T) {
	all := func(typ eval.PolicyType) *eval.Policy { return mustCompile(t, typ, []byte(guard)) }
	some := func(typ eval.PolicyType) *eval.Policy {
		return mustCompile(t, typ, []byte(`{"Statement":{"Sid":"Some","Effect":"Allow","Action":"s3:Get*","Resource":"*"}}`))
	}
	p := eval.Policies{
		Identity: []*eval.Policy{some(eval.Identity), all(eval.Identity)},
		Boundary: some(eval.Boundary),
		SCPs:     [][]*eval.Policy{{all(eval.SCP)}, {some(eval.SCP), some(eval.SCP)}, {}},
	}
	const who = "arn:aws:iam::111122223333:user/dev"
	x := explain(t, p, who, "s3:PutObject", "arn:aws:s3:::b/k", nil)
	if got := fmt.Sprint(x.BlockedBy); got != "[scp[1] scp[2] boundary]" {
		t.Errorf("blocked by %s", got)
	}
	if len(x.Matched) != 2 || x.Matched[0].Policy() != "scp[0][0]" || x.Matched[1].Policy() != "identity[1]" || x.Matched[1].Statement != 0 {
		t.Errorf("matched %+v", x.Matched)
	}
	p.SCPs = nil
	if x = explain(t, p, who, "s3:GetObject", "arn:aws:s3:::b/k", nil); !x.Decision.Allowed() || x.BlockedBy != nil || x.Decision.By.String() != "identity" {
		t.Errorf("%+v", x)
	}
	if x = explain(t, p, who, "organizations:LeaveOrganization", "*", nil); x.Decision.Outcome != eval.ExplicitDeny || x.Decision.By.String() != "identity" {
		t.Errorf("%+v", x)
	}
}

func TestExplanationNotesWhatIsInNoPolicy(t *testing.T) {
	all := []*eval.Policy{mustCompile(t, eval.Identity, []byte(guard))}
	for _, c := range []struct {
		principal, action, resource, want string
		policies                          eval.Policies
	}{
		{"", "sts:GetCallerIdentity", "*", "needs no permission", eval.Policies{}},
		{"111122223333", "s3:GetObject", "arn:aws:s3:::b/k", "the root user has all permissions", eval.Policies{}},
		{"", "iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", "AWS owns arn:aws:iam::aws:policy/ReadOnlyAccess", eval.Policies{Identity: all}},
		{"", "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1", "AWS asks the key policy", eval.Policies{Identity: all}},
		{"", "sts:AssumeRole", "arn:aws:iam::111122223333:role/r", "AWS asks the role's trust policy", eval.Policies{Identity: all}},
		{"arn:aws:iam::444455556666:user/x", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q", "a resource-based policy must allow, too", eval.Policies{Identity: all}},
		{"amplify.amazonaws.com", "s3:GetObject", "arn:aws:s3:::b/k", "amplify.amazonaws.com has no identity-based policies", eval.Policies{Identity: all}},
		{"arn:aws:sts::111122223333:federated-user/x", "s3:GetObject", "arn:aws:s3:::b/k", "only what session policies allow", eval.Policies{Identity: all}},
		{"arn:aws:iam::111122223333:role/aws-service-role/x/AWSServiceRoleForX", "s3:GetObject", "arn:aws:s3:::b/k", "do not apply to service-linked roles", eval.Policies{Identity: all, SCPs: [][]*eval.Policy{{}}}},
		{"", "ec2:RunInstances", "*", "RCPs do not apply to ec2:RunInstances", eval.Policies{Identity: all, RCPs: [][]*eval.Policy{{}}}},
	} {
		x := explain(t, c.policies, c.principal, c.action, c.resource, nil)
		if !strings.Contains(strings.Join(x.Notes, "; "), c.want) {
			t.Errorf("%s %s: notes %q, want %s", c.principal, c.action, x.Notes, c.want)
		}
	}
}
