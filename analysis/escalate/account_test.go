package escalate_test

import (
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// TestJudgeOnAgreesWithJudge compares the short way, which guesses at conditions, with the long one, on AWS's policies.
func TestJudgeOnAgreesWithJudge(t *testing.T) {
	usable, asked := 0, 0
	for i, p := range managed.All() {
		if i%12 != 0 && p.Name != "AdministratorAccess-Amplify" {
			continue
		}
		doc, err := policy.Parse(p.Default().Document())
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"arn:aws:iam::111122223333:user/dev", "arn:aws:iam::111122223333:role/dev"} {
			h := &escalate.Holder{Policies: prove.Policies{Identity: []*policy.Document{doc}}, Principal: who, Tags: map[string]string{}}
			long, err := escalate.NewAsker(t.Context(), h, escalate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			short, err := escalate.NewAsker(t.Context(), h, escalate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range escalate.Methods() {
				if kind := m.Kind(); kind != "" && !strings.Contains(who, kind+"/") {
					continue
				}
				f, g := long.Judge(m, ""), short.JudgeOn(m, nil)
				if f.Status.Usable() != g.Status.Usable() && f.Status != escalate.Unknown {
					t.Errorf("%s, %s, %s: %s at length, %s in short", p.Name, who, m.ID, f.Status, g.Status)
				}
				if asked++; g.Status.Usable() {
					usable++
				}
			}
		}
	}
	if usable < 100 {
		t.Errorf("only %d of %d are usable", usable, asked)
	}
}

// TestMay asks about single requests of a holder whose tags, and those of the user that it acts on, are known.
func TestMay(t *testing.T) {
	doc, err := policy.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*", "Condition": {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}}},
		{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": {"StringLike": {"s3:prefix": "home/*"}}},
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
		{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "no key of it"}}},
		{"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:s3:::b"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := escalate.NewAsker(t.Context(), &escalate.Holder{
		Policies: prove.Policies{Identity: []*policy.Document{doc}}, Principal: "arn:aws:iam::111122223333:user/dev", Tags: map[string]string{"team": "red"},
	}, escalate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, team := range map[string]string{"red": "red", "blue": "blue"} {
		s.Know("arn:aws:iam::111122223333:user/"+name, escalate.Facts{"aws:ResourceTag/team": team, "iam:ResourceTag/team": team})
	}
	s.Know("arn:aws:iam::111122223333:user/none", nil)
	for _, c := range []struct {
		action, resource string
		want             bool
		assumes          int
	}{
		{"iam:CreateAccessKey", "arn:aws:iam::111122223333:user/red", true, 0},
		{"iam:CreateAccessKey", "arn:aws:iam::111122223333:user/blue", false, 0},
		{"iam:CreateAccessKey", "arn:aws:iam::111122223333:user/none", false, 0},
		{"s3:ListBucket", "arn:aws:s3:::b", true, 0},
		{"s3:GetObject", "arn:aws:s3:::b/k", true, 1},
		{"s3:PutObject", "arn:aws:s3:::b/k", false, 0},
		{"s3:DeleteObject", "arn:aws:s3:::b/k", false, 0},
	} {
		f := s.May(c.action, c.resource)
		if f.Status.Usable() != c.want || len(f.Assumes) != c.assumes {
			t.Errorf("%s on %s: %s, assuming %q", c.action, c.resource, f.Status, f.Assumes)
		}
	}
}
