package iamapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/policy"
)

// The positions with a source are those that AWS answered for documents of this form.
func TestStatementsBeginWhereAWSHasThemBegin(t *testing.T) {
	for _, test := range []struct{ name, document, want string }{
		{"the first in a list", `{"Version":"2012-10-17","Statement":[{"Action":["ssm:*"],"Effect":"Deny","Resource":"*"}]}`,
			"1:38-1:89"},
		{"the next in a list", `{"Statement":[{"Effect":"Deny","Action":"a:b","Resource":"*"},{"Effect":"Allow","Action":"a:b","Resource":"*"}]}`,
			"1:15-1:62 1:62-1:111"},
		{"without a list",
			`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::abc"}}`,
			"1:41-1:118"},
		{"on a line of its own", "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n" +
			"      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}", "3:17-8:6"},
		{"characters, not bytes", `{"Statement":[{"Sid":"é","Effect":"Allow","Action":"a:b","Resource":"*"}]}`,
			"1:15-1:73"},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, err := policy.Parse([]byte(test.document))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range doc.Statements {
				at := startPosition(test.document, s.Span.Start.Offset)
				got = append(got, fmt.Sprintf("%d:%d-%d:%d", at.Line, at.Column, s.Span.End.Line, s.Span.End.Column))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestTheResourceOfAnActionIsTheFormOfItsARNs(t *testing.T) {
	for _, test := range []struct {
		action    string
		resources []string
		want      string
	}{
		{"s3:GetObject", []string{"arn:aws:s3:::b/k", "arn:aws:s3:::b/l"},
			"arn:${Partition}:s3:::${BucketName}/${ObjectName}"},
		{"s3:ListBucket", []string{"arn:aws:s3:::b"}, "arn:${Partition}:s3:::${BucketName}"},
		{"s3:GetObject", []string{"*"}, "*"},
		{"s3:GetObject", []string{"arn:aws:s3:::b/k", "*"}, "*"},
		{"s3:GetObject", []string{"arn:aws:sqs:eu-west-1:111122223333:q"}, "*"},
		{"s3:NoSuchAction", []string{"arn:aws:s3:::b"}, "*"},
		{"ec2:RunInstances", []string{"arn:aws:ec2:eu-west-1::image/ami-1", "arn:aws:ec2:eu-west-1:111122223333:subnet/s"},
			"*"},
	} {
		if got := resourceTemplate(test.action, test.resources); got != test.want {
			t.Errorf("%s on %v: got %s, want %s", test.action, test.resources, got, test.want)
		}
	}
}

func TestAJobIsKnownByItsID(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 30, 0, 0, time.UTC)
	for _, job := range []lastAccessedJob{
		{"AIDACKCEVSQ6C2EXAMPLE", false, at}, {"AGPACKCEVSQ6C2EXAMPLE", true, at},
		{"AROA22222222222222222", true, at}, {"ANPA77777777777777777", false, at},
		{"arn:aws:iam::aws:policy/AdministratorAccess-Amplify", true, at},
	} {
		id, err := job.id()
		if err != nil || len(id) != 36 {
			t.Errorf("%v: got %q, %v", job, id, err)
		}
		if got, ok := parseJob(snapshot.Empty(), id); !ok || got != job {
			t.Errorf("got %v, want %v", got, job)
		}
	}
	for _, subject := range []string{"", "AIDA", "ASIACKCEVSQ6C2EXAMPLE", "AIDACKCEVSQ6C2EXAMPL1"} {
		if id, err := (lastAccessedJob{subject, false, at}).id(); err == nil {
			t.Errorf("%q has the job id %q", subject, id)
		}
	}
	for _, id := range []string{"", strings.Repeat("z", 36), strings.Repeat("f", 36), "04" + strings.Repeat("0", 30)} {
		if job, ok := parseJob(snapshot.Empty(), id); ok {
			t.Errorf("%q is the id of %v", id, job)
		}
	}
}

// The operation's input has members that are newer than the model of the wire, so it is called directly.
func TestServiceControlPoliciesThatAreGivenAreDecidedFirst(t *testing.T) {
	document := func(statements string) string { return `{"Version":"2012-10-17","Statement":[` + statements + `]}` }
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	const logs = `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::logs/*"}`
	for _, test := range []struct {
		levels []string
		want   string
	}{
		{nil, "allowed 1 matched"},
		{[]string{document(all), document(all)}, "allowed 1 matched organization:true"},
		{[]string{document(all), document(logs)}, "implicitDeny 0 matched organization:false"},
		{[]string{document(all), document(all + "," + logs)}, "explicitDeny 0 matched organization:false"},
		{[]string{"{"}, "InvalidInput"},
		{[]string{""}, "InvalidInput"},
	} {
		in := &api.SimulateCustomPolicyInput{
			PolicyInputList: []string{document(all)}, ActionNames: []string{"s3:GetObject"},
			ResourceArns: []string{"arn:aws:s3:::b/k"},
		}
		if strings.Contains(test.want, "explicit") {
			in.ResourceArns = append(in.ResourceArns, "arn:aws:s3:::logs/k")
		}
		for _, text := range test.levels {
			var level types.OrderedOrganizationPolicyType
			if text != "" {
				level.ServiceControlPolicyInputList = []string{text}
			}
			in.OrderedOrganizationPolicyInputList = append(in.OrderedOrganizationPolicyInputList, level)
		}
		out, err := simulateCustomPolicy(t.Context(), &op.Call{}, in)
		got := ""
		if iam.Is(err, iam.InvalidInput) {
			got = string(iam.InvalidInput)
		} else if err != nil {
			t.Fatal(err)
		} else {
			r := out.EvaluationResults[0]
			got = fmt.Sprintf("%s %d matched", r.EvalDecision, len(r.MatchedStatements))
			if d := r.OrganizationsDecisionDetail; d != nil {
				got += fmt.Sprintf(" organization:%v", d.AllowedByOrganizations)
			}
		}
		if got != test.want {
			t.Errorf("%q: got %s, want %s", test.levels, got, test.want)
		}
	}
}
