package prove_test

import (
	"context"
	"slices"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/policy"
)

const forwarded = `"Condition":{"ForAnyValue:StringEquals":{"aws:CalledVia":"cloudformation.amazonaws.com"}}`

func TestSubjectAllows(t *testing.T) {
	amplify, err := prove.NewSubject(identity(find(t, "AdministratorAccess-Amplify@v10")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, among string
		want        prove.Answer
		resource    string
	}{
		{"a role of that name", `"Action":"iam:CreateRole","Resource":"arn:aws:iam::111122223333:role/x"`, prove.Refuted, "arn:aws:iam::111122223333:role/x"},
		{"directly", `"Action":"lambda:PublishLayerVersion","Resource":"*","Condition":{"Null":{"aws:CalledVia":"true"}}`, prove.Proved, ""},
		{"through CloudFormation", `"Action":"lambda:PublishLayerVersion","Resource":"*",` + forwarded, prove.Refuted, ""},
		{"a stack set has no such ARN", `"Action":"cloudformation:UpdateStackSet","Resource":"*"`, prove.Proved, ""},
		{"by one user", `"Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/dev"}}`, prove.Refuted, ""},
	} {
		r, err := amplify.Allows(context.Background(), parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+c.among+`}}`), prove.Options{Universe: prove.Reference, First: true})
		if err != nil {
			t.Fatal(c.name, err)
		}
		if r.Answer != c.want {
			t.Errorf("%s: %v, want %v", c.name, r.Answer, c.want)
		}
		if r.Answer == prove.Refuted && c.resource != "" && r.Differences[0].Witness.Resource != c.resource {
			t.Errorf("%s: the witness is about %s", c.name, r.Differences[0].Witness.Resource)
		}
	}
	if _, err := amplify.Allows(context.Background(), &policy.Document{Statements: []policy.Statement{{Effect: policy.Allow, Action: policy.Element{Values: []policy.Value{{Text: "nothing"}}}}}}, prove.Options{}); err == nil {
		t.Error("a document that is wrong is no error")
	}
}

// TestSubjectAsGranted asks the same both ways.
func TestSubjectAsGranted(t *testing.T) {
	for _, ref := range []string{"AdministratorAccess-Amplify", "PowerUserAccess", "ReadOnlyAccess", "AWSLambda_FullAccess"} {
		doc := identity(find(t, ref))
		s, err := prove.NewSubject(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range []string{"iam:PassRole", "iam:CreateRole", "s3:GetObject", "lambda:UpdateFunctionCode", "cloudformation:UpdateStackSet"} {
			o := prove.Options{Universe: prove.Reference}
			r, err := s.Allows(context.Background(), parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"`+action+`","Resource":"*"}}`), o)
			if err != nil {
				t.Fatal(err)
			}
			g, err := prove.Granted(context.Background(), doc, []string{action}, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Answer != g.Answer {
				t.Errorf("%s of %s: %v, and %v by Granted", action, ref, r.Answer, g.Answer)
			}
			if r.Answer == prove.Refuted && !slices.Contains(r.Differences[0].Actions, action) {
				t.Errorf("%s of %s: the difference is in %q", action, ref, r.Differences[0].Actions)
			}
		}
	}
}

// BenchmarkSubjectAllows asks one thing of a policy with many statements.
func BenchmarkSubjectAllows(b *testing.B) {
	s, among := subjectOf(b, "AdministratorAccess-Amplify"), parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:PublishLayerVersion","Resource":"*",`+forwarded+`}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Allows(context.Background(), among, prove.Options{Universe: prove.Reference, First: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func subjectOf(b *testing.B, ref string) *prove.Subject {
	p := identity(find(b, ref))
	s, err := prove.NewSubject(p)
	if err != nil {
		b.Fatal(err)
	}
	return s
}
