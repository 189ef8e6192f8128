package eval_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

func TestCompileRefusesWhatThePolicyTypeDoesNotTake(t *testing.T) {
	for _, c := range []struct {
		typ       eval.PolicyType
		src, want string
	}{
		{eval.Identity, `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, "column 68: Statement[0].Principal: an identity-based policy has no Principal"},
		{eval.Identity, `{"Effect":"Allow","NotPrincipal":"*","Action":"*","Resource":"*"}`, "Statement[0].NotPrincipal: an identity-based policy has no NotPrincipal"},
		{eval.Boundary, `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, "a permissions boundary has no Principal"},
		{eval.Session, `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, "a session policy has no Principal"},
		{eval.SCP, `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, "a service control policy has no Principal"},
		{eval.Resource, `{"Effect":"Allow","Action":"*","Resource":"*"}`, "Statement[0]: a resource-based policy needs a Principal"},
		{eval.RCP, `{"Effect":"Deny","Action":"*","Resource":"*"}`, "a resource control policy needs a Principal"},
		{eval.RCP, `{"Effect":"Deny","NotPrincipal":"*","Action":"*","Resource":"*"}`, "a resource control policy does not support NotPrincipal"},
		{eval.Resource, `{"Effect":"Allow","NotPrincipal":"*","Action":"*","Resource":"*"}`, `NotPrincipal is not supported with "Effect": "Allow"`},
		{eval.Resource, `{"Effect":"Deny","NotPrincipal":"*","Action":"sts:AssumeRole"}`, "a trust policy does not support NotPrincipal"},
		{eval.Identity, `{"Effect":"Allow","Action":"*"}`, "Statement[0]: the statement has neither Resource nor NotResource"},
		{eval.Resource, `{"Effect":"Allow","Principal":"*","Action":"s3:*"}`, "neither Resource nor NotResource"},
		{eval.Identity, `{"Effect":"Allow","Action":"*","Resource":"bucket"}`, `Statement[0].Resource: "bucket" is neither an ARN nor "*"`},
		{eval.Identity, `{"Effect":"Allow","Action":"*","NotResource":["*",""]}`, `Statement[0].NotResource[1]: "" is neither an ARN nor "*"`},
		{eval.Identity, `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username"}`, `Statement[0].Resource: the policy variable ${aws:username has no }`},
		{eval.Identity, `{"Effect":"Deny","Action":"*","Resource":"arn:aws:sqs"}`, `has fewer than six parts`},
		{eval.Identity, `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3::${aws:userid}:b"}`, `has a policy variable before its fifth colon`},
		{eval.Identity, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"a":"b"}}}`, `Statement[0].Condition.StringIs: unknown condition operator "StringIs"`},
		{eval.Identity, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","10.0.0.0/99"]}}}`,
			`Statement[0].Condition.IpAddress.aws:SourceIp[1]: "10.0.0.0/99" is not an IP address or CIDR block`},
	} {
		doc, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + c.src + `]}`))
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		p, err := eval.Compile(doc, c.typ)
		var pe *policy.Error
		if p != nil || !errors.As(err, &pe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v policy %s:\n got %v\nwant %s", c.typ, c.src, err, c.want)
		}
	}
}

// A document need not come from Parse: what Parse refuses, Compile does, too.
func TestCompileRefusesBuiltDocuments(t *testing.T) {
	value := func(s string) []policy.Value { return []policy.Value{{Text: s}} }
	good := func() *policy.Document {
		return &policy.Document{Statements: []policy.Statement{{
			Effect: policy.Deny, Action: policy.Element{Values: value("s3:GetObject")}, Resource: policy.Element{Values: value("*")},
		}}}
	}
	if _, err := eval.Compile(good(), eval.Identity); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*policy.Document){
		"no statements": func(d *policy.Document) { d.Statements = nil },
		"a version":     func(d *policy.Document) { d.Version = "2012-10-71" },
		"an effect":     func(d *policy.Document) { d.Statements[0].Effect = "deny" },
		"no effect":     func(d *policy.Document) { d.Statements[0].Effect = "" },
		"no action":     func(d *policy.Document) { d.Statements[0].Action = policy.Element{} },
		"a vendor":      func(d *policy.Document) { d.Statements[0].Action.Values = value("s*:GetObject") },
		"an action":     func(d *policy.Document) { d.Statements[0].Action.Values = value("*Object") },
		"a long action": func(d *policy.Document) { d.Statements[0].Action.Values = value("s3:" + strings.Repeat("x", 2000)) },
		"no resource":   func(d *policy.Document) { d.Statements[0].Resource = policy.Element{} },
		"a condition":   func(d *policy.Document) { d.Statements[0].Condition = []policy.Condition{{}} },
	} {
		doc := good()
		spoil(doc)
		if _, err := eval.Compile(doc, eval.Identity); err == nil {
			t.Errorf("%s: it compiles", name)
		}
	}
	if _, err := eval.Compile(good(), 9); err == nil || eval.PolicyType(9).String() != "PolicyType(9)" {
		t.Error("there is a policy type 9")
	}
}

func TestACompiledPolicyKeepsNothingOfTheDocument(t *testing.T) {
	doc, err := policy.Parse([]byte(`{"Statement":{"Sid":"a","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"k":true}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := eval.Compile(doc, eval.Identity)
	if err != nil {
		t.Fatal(err)
	}
	s := &doc.Statements[0]
	s.Sid.Text, s.Action.Values[0].Text, s.Resource.Values, s.Condition[0].Values = "b", "s3:PutObject", nil, nil
	x := (&eval.Policies{Identity: []*eval.Policy{p}}).Explain(&eval.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"})
	if len(x.NearMisses) != 1 || x.NearMisses[0].Source.Sid.Text != "a" || !strings.Contains(x.NearMisses[0].Reason, `"true"`) {
		t.Errorf("explained %+v", x.NearMisses)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":["s3:G?t*","*:*"],"Resource":["arn:aws:s3:::${a, 'b'}/*","*"],"Condition":{"Null":{"a":true}}}}`), "s3:GetObject", "arn:aws:s3:::b/k")
	f.Add([]byte(guard), "iam:CreateUser", "*")
	f.Fuzz(func(t *testing.T, src []byte, action, resource string) {
		doc, err := policy.Parse(src)
		if err != nil {
			return
		}
		for typ := eval.RCP; typ <= eval.Session; typ++ {
			p, err := eval.Compile(doc, typ)
			if err != nil {
				var pe *policy.Error
				if !errors.As(err, &pe) || pe.Reason == "" {
					t.Fatalf("error %#v", err)
				}
				continue
			}
			policies := eval.Policies{Identity: []*eval.Policy{p}, Resource: p, Boundary: p, SCPs: [][]*eval.Policy{{p}}}
			req := &eval.Request{Action: action, Resource: resource}
			if d, x := policies.Decide(req), policies.Explain(req); d != x.Decision {
				t.Fatalf("decided %+v, explained %+v", d, x.Decision)
			}
		}
	})
}
