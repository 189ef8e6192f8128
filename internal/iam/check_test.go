package iam

import (
	"strings"
	"testing"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
)

func TestDocumentsAreRefusedWithAWSsMessages(t *testing.T) {
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + s + `}]}` }
	identity := func(text string) error { _, err := NewIdentityDocument(text); return err }
	trust := func(text string) error {
		_, err := NewTrustDocument(text, func(name string) (string, bool) { return "", name != "arn:aws:iam::"+testAccount+":user/nobody" })
		return err
	}
	for _, test := range []struct {
		check func(string) error
		text  string
		want  string
	}{
		{identity, allowAll, ""},
		{identity, `{"Version":`, "MalformedPolicyDocument: Syntax errors in policy. (line 1, column 12: "},
		{identity, statement(`"Principal":"*","Action":"*","Resource":"*"`), "MalformedPolicyDocument: Policy document should not specify a principal."},
		{identity, statement(`"Action":"*"`), "MalformedPolicyDocument: Policy statement must contain resources."},
		{identity, statement(`"Action":"iam:GetUser","Resource":"arn:aws:iam:us-east-1:111122223333:user/a"`),
			"MalformedPolicyDocument: IAM resource ARN cannot contain region information."},
		{identity, statement(`"Sid":"a b","Action":"*","Resource":"*"`), "MalformedPolicyDocument: Statement IDs (SID) must be alpha-numeric."},
		{identity, `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},` +
			`{"Sid":"a","Effect":"Deny","Action":"s3:*","Resource":"*"}]}`,
			"MalformedPolicyDocument: Statement IDs (SID) in a single policy must be unique."},
		{identity, statement(`"Action":"*","Resource":"bucket"`), "MalformedPolicyDocument: Statement[0].Resource"},
		{identity, statement(`"Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/99"}}`), "MalformedPolicyDocument: Statement[0].Condition"},
		{trust, ec2Trust, ""},
		{trust, `policy.json`, "MalformedPolicyDocument: This policy contains invalid Json (line 1, column 1: "},
		{trust, ec2Trust + ",", "MalformedPolicyDocument: This policy contains invalid Json (line 1, column "},
		{trust, `{"Version":"2012-10-17","Statements":[]}`, "MalformedPolicyDocument: Syntax errors in policy. (line 1, column 25: "},
		{trust, statement(`"Principal":{"AWS":"*"},"Action":["sts:AssumeRole","sts:TagSession"]`), ""},
		{trust, statement(`"Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*"`), "MalformedPolicyDocument: Has prohibited field Resource"},
		{trust, statement(`"Action":"sts:AssumeRole"`), "MalformedPolicyDocument: Missing required field Principal"},
		{trust, statement(`"Principal":{"AWS":"*"},"Action":["sts:AssumeRole","s3:GetObject"]`),
			"MalformedPolicyDocument: AssumeRole policy may only specify STS AssumeRole actions."},
		{trust, statement(`"Principal":{"AWS":"*"},"NotAction":"sts:AssumeRole"`),
			"MalformedPolicyDocument: AssumeRole policy may only specify STS AssumeRole actions."},
		{trust, statement(`"Principal":{"AWS":"arn:aws:iam::111122223333:user/nobody"},"Action":"sts:AssumeRole"`),
			`MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/nobody"`},
		{trust, statement(`"Principal":{"Service":"` + strings.Repeat("a", MaxTrustSize) + `.amazonaws.com"},"Action":"sts:AssumeRole"`),
			"LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"},
	} {
		err := test.check(test.text)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) && !looksLike(err.Error(), test.want)) {
			t.Errorf("%.120s:\ngot  %v\nwant %s", test.text, err, test.want)
		}
	}
}

// looksLike reports whether a message has the code and the path that are wanted, with a position between them.
func looksLike(message, want string) bool {
	code, path, _ := strings.Cut(want, ": ")
	return strings.HasPrefix(message, code) && strings.Contains(message, path)
}

func TestATrustedUserIsBoundToItsUniqueID(t *testing.T) {
	const alice = "arn:aws:iam::111122223333:user/alice"
	d, err := NewTrustDocument(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["`+alice+`","444455556666"]},"Action":"sts:AssumeRole"}]}`,
		func(name string) (string, bool) {
			if name == alice {
				return "AIDAALICE", true
			}
			return "", true
		})
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := d.Policy(eval.Resource)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"AIDAALICE": true, "AIDANAMESAKE": false} {
		p, err := eval.ParsePrincipal(alice)
		if err != nil {
			t.Fatal(err)
		}
		ctx, err := condition.NewContext(nil)
		if err != nil {
			t.Fatal(err)
		}
		policies := eval.Policies{Resource: compiled}
		got := policies.Decide(&eval.Request{
			Principal: p.WithUniqueID(id), Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/worker", Context: ctx,
		}).Allowed()
		if got != want {
			t.Errorf("%s: allowed %t, want %t", id, got, want)
		}
	}
	if got := d.Show(func(string) (string, bool) { return "arn:aws:iam::111122223333:user/moved/alice", true }); !strings.Contains(got, "user/moved/alice") {
		t.Errorf("a user that moved shows as %s", got)
	}
	if got := d.Show(func(string) (string, bool) { return "", false }); !strings.Contains(got, `["AIDAALICE","444455556666"]`) {
		t.Errorf("a user that is gone shows as %s", got)
	}
}
