package eval_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// withoutSpans clears the spans of a document, so that two can be compared.
func withoutSpans(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			withoutSpans(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			withoutSpans(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[policy.Span]() {
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			withoutSpans(v.Field(i))
		}
	}
}

func TestEveryManagedPolicyVersionParsesPrintsAndCompiles(t *testing.T) {
	versions := 0
	for _, p := range managed.All() {
		for _, v := range p.Versions() {
			versions++
			doc, err := policy.Parse(v.Document())
			if err != nil {
				t.Errorf("%s: %v", v.Ref(), err)
				continue
			}
			if _, err := eval.Compile(doc, eval.Identity); err != nil {
				t.Errorf("%s: %v", v.Ref(), err)
			}
			printed := doc.Format()
			again, err := policy.Parse(printed)
			if err != nil {
				t.Errorf("%s: printed, it does not parse: %v", v.Ref(), err)
				continue
			}
			withoutSpans(reflect.ValueOf(doc))
			withoutSpans(reflect.ValueOf(again))
			if !reflect.DeepEqual(doc, again) {
				t.Errorf("%s: printed, it parses to another document", v.Ref())
			}
		}
	}
	if versions != 6194 {
		t.Errorf("%d versions, want 6194", versions)
	}
}

// An asker decides requests of one user against a policy, as the tests below put them.
type asker struct {
	t        *testing.T
	policies eval.Policies
}

func (a asker) ask(action, resource string, calledVia ...string) eval.Outcome {
	a.t.Helper()
	who, err := eval.ParsePrincipal("arn:aws:iam::111122223333:user/dev")
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, err := condition.NewContext(map[string][]string{"aws:CalledVia": calledVia})
	if err != nil {
		a.t.Fatal(err)
	}
	req := &eval.Request{Principal: who, Action: action, Resource: resource, Context: ctx}
	d := a.policies.Decide(req)
	if x := a.policies.Explain(req); x.Decision != d {
		a.t.Errorf("%s on %s: decided %+v, explained %+v", action, resource, d, x.Decision)
	}
	return d.Outcome
}

// The facts about AdministratorAccess-Amplify v10 that its page and its statements hold.
func TestAdministratorAccessAmplify(t *testing.T) {
	const (
		cfn    = "cloudformation.amazonaws.com"
		athena = "athena.amazonaws.com"
		ddb    = "dynamodb.amazonaws.com"
	)
	a := asker{t, eval.Policies{Identity: mustFind(t, eval.Identity, "AdministratorAccess-Amplify@v10")}}
	for _, c := range []struct {
		action, resource string
		calledVia        []string
		want             eval.Outcome
	}{
		{"lambda:CreateFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f", nil, eval.Allowed},
		{"lambda:CreateFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f", []string{cfn}, eval.Allowed},
		{"dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", nil, eval.ImplicitDeny},
		{"dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", []string{cfn}, eval.Allowed},
		{"dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", []string{athena, cfn}, eval.Allowed},
		{"dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", []string{athena, ddb}, eval.ImplicitDeny},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/any", nil, eval.Allowed},
		{"iam:CreateRole", "arn:aws:iam::111122223333:role/any", nil, eval.Allowed},
		{"iam:AttachRolePolicy", "arn:aws:iam::111122223333:role/any", nil, eval.Allowed},
		{"cloudformation:CreateStack", "arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-x/1", nil, eval.Allowed},
		{"cloudformation:CreateStack", "arn:aws:cloudformation:eu-west-1:111122223333:stack/other/1", nil, eval.ImplicitDeny},
		{"cloudformation:DeleteStackSet", "arn:aws:cloudformation:*:111122223333:stackset/amplify-x:1", nil, eval.ImplicitDeny},
		{"logs:CreateLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/amplify/app", nil, eval.Allowed},
		{"logs:CreateLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f", nil, eval.ImplicitDeny},
		{"ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/amplify/app/key", nil, eval.Allowed},
		{"ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/other", nil, eval.ImplicitDeny},
	} {
		if got := a.ask(c.action, c.resource, c.calledVia...); got != c.want {
			t.Errorf("%s on %s via %v: %v, want %v", c.action, c.resource, c.calledVia, got, c.want)
		}
	}

	doc, err := policy.Parse(mustDocument(t, "AdministratorAccess-Amplify@v10"))
	if err != nil {
		t.Fatal(err)
	}
	viaCFN := doc.Statements[1]
	only := 0
	for _, action := range viaCFN.Action.Strings() {
		if a.ask(action, "*") != eval.Allowed && a.ask(action, "*", cfn) == eval.Allowed {
			only++
		}
	}
	if viaCFN.Sid.Text != "CLIManageviaCFNPolicy" || len(viaCFN.Action.Values) != 166 {
		t.Errorf("statement 1 is %s with %d actions", viaCFN.Sid.Text, len(viaCFN.Action.Values))
	}
	// By the letter, 100 are in no other statement; but mobiletargeting:* of another covers mobiletargeting:GetApp.
	if only != 99 {
		t.Errorf("%d actions hold only when CloudFormation calls, want 99", only)
	}
	for _, action := range []string{"dynamodb:CreateTable", "appsync:CreateFunction", "iam:TagRole", "kinesis:CreateStream"} {
		if a.ask(action, "arn:aws:x:eu-west-1:111122223333:y") != eval.ImplicitDeny || a.ask(action, "arn:aws:x:eu-west-1:111122223333:y", cfn) != eval.Allowed {
			t.Errorf("%s does not hold only when CloudFormation calls", action)
		}
	}
}

// The index must find what trying every statement finds, on real policies and real actions: Explain tries them all.
func TestDecideAgreesWithExplainOnRealPolicies(t *testing.T) {
	actions, err := authref.Expand("*")
	if err != nil {
		t.Fatal(err)
	}
	who, err := eval.ParsePrincipal("arn:aws:iam::111122223333:user/dev")
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[eval.Outcome]int{}
	for i, p := range managed.All() {
		policies := eval.Policies{Identity: mustFind(t, eval.Identity, p.Name)}
		for j := i % 211; j < len(actions); j += 211 {
			service, _, _ := strings.Cut(actions[j], ":")
			for _, resource := range []string{"*", "arn:aws:" + service + ":eu-west-1:111122223333:x/y"} {
				req := &eval.Request{Principal: who, Action: actions[j], Resource: resource}
				d := policies.Decide(req)
				outcomes[d.Outcome]++
				if x := policies.Explain(req); x.Decision != d {
					t.Fatalf("%s: %s on %s: decided %+v, explained %+v", p.Name, actions[j], resource, d, x.Decision)
				}
			}
		}
	}
	if outcomes[eval.Allowed] < 1000 || outcomes[eval.ImplicitDeny] < 1000 {
		t.Errorf("the requests test little: %v", outcomes)
	}
}

func TestDecidingAllocatesNothing(t *testing.T) {
	guard1, guard2 := mustCompile(t, eval.Boundary, []byte(guard)), mustCompile(t, eval.SCP, []byte(guard))
	bucket := mustCompile(t, eval.Resource, []byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/dev"]},"Action":"s3:*",
		 "Resource":"arn:aws:s3:::b/${aws:username}/*","Condition":{
			"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]},
			"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},
			"NumericLessThanEquals":{"s3:max-keys":"100.0"},
			"StringLike":{"s3:prefix":["${aws:username}/?*"]},
			"StringEqualsIgnoreCase":{"aws:PrincipalTag/Team":"${aws:RequestTag/Team, 'none'}"},
			"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/${aws:username}"},
			"BinaryEquals":{"x:bin":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="},
			"Bool":{"aws:SecureTransport":"true"},"Null":{"aws:TokenIssueTime":"true"},
			"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}},
		{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/dev"]},"Action":"*","NotResource":"arn:aws:s3:::b/*"}]}`))
	policies := eval.Policies{
		Identity: mustFind(t, eval.Identity, attached...), Boundary: guard1, SCPs: [][]*eval.Policy{{guard2}},
		RCPs:     [][]*eval.Policy{{mustCompile(t, eval.RCP, []byte(`{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*"}}`))}},
		Resource: bucket, Endpoint: []*eval.Policy{mustCompile(t, eval.Endpoint, []byte(guard))},
	}
	who, err := eval.ParsePrincipal("arn:aws:iam::111122223333:user/dev")
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := condition.NewContext(map[string][]string{
		"aws:SourceIp": {"203.0.113.9"}, "aws:CurrentTime": {"2026-01-01T00:00:00Z"}, "s3:max-keys": {"1e2"}, "s3:prefix": {"dev/a"},
		"aws:PrincipalTag/Team": {"NONE"}, "x:bin": {"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}, "aws:SecureTransport": {"true"}, "aws:TagKeys": {"a"},
		"aws:CalledVia": {"cloudformation.amazonaws.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	requests := benchmarkRequests(t)
	full := &eval.Request{Principal: who, Action: "s3:ListBucket", Resource: "arn:aws:s3:::b/dev/x", Context: ctx}
	if d := policies.Decide(full); d.Outcome != eval.ImplicitDeny && d.Outcome != eval.Allowed {
		t.Errorf("decided %v", d.Outcome)
	}
	if g := (&eval.Policies{Resource: bucket}).Decide(full); !g.Allowed() {
		t.Errorf("the conditions do not all hold: %+v", (&eval.Policies{Resource: bucket}).Explain(full))
	}
	if n := testing.AllocsPerRun(100, func() {
		req := *full // on the stack
		policies.Decide(&req)
		for _, r := range requests {
			policies.Decide(r)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
