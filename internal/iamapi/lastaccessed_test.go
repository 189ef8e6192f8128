package iamapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func TestContextKeysAreThoseOfConditionsAndVariables(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	custom := must(t, client.GetContextKeysForCustomPolicy, &iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{
		statements(allowsAtHome, `{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{
			"StringEquals":{"AWS:sourceip":"x","aws:RequestTag/team":"${aws:PrincipalTag/team, 'none'}"},
			"StringLike":{"s3:prefix":["${*}","${aws:userid}/*"]}}}`),
		`{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${aws:text}"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*",
			"Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`,
	}})
	want := []string{
		"aws:PrincipalTag/team", "aws:RequestTag/team", "aws:SecureTransport", "aws:SourceIp", "aws:userid",
		"aws:username",
		"s3:prefix"}
	if !slices.Equal(custom.ContextKeyNames, want) {
		t.Errorf("got %q, want %q", custom.ContextKeyNames, want)
	}
	for _, test := range []struct {
		source string
		more   []string
		want   []string
	}{
		{alice, nil, []string{"aws:SourceIp", "aws:username"}},
		{alice, []string{statements(`{"Effect":"Allow","Action":"a:b","Resource":"${a:b}"}`)},
			[]string{"a:b", "aws:SourceIp", "aws:username"}},
		{devs, nil, nil},
		{deployer, nil, []string{"aws:CalledVia"}},
	} {
		out, err := client.GetContextKeysForPrincipalPolicy(t.Context(), &iam.GetContextKeysForPrincipalPolicyInput{
			PolicySourceArn: aws.String(test.source), PolicyInputList: test.more,
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out.ContextKeyNames, test.want) {
			t.Errorf("%s: got %q, want %q", test.source, out.ContextKeyNames, test.want)
		}
	}
	_, err := client.GetContextKeysForCustomPolicy(t.Context(), &iam.GetContextKeysForCustomPolicyInput{
		PolicyInputList: []string{"{"},
	})
	if code(err) != "InvalidInput" {
		t.Errorf("for no policy: got %v", err)
	}
}

// granting puts the policies of each namespace on a line.
func granting(out *iam.ListPoliciesGrantingServiceAccessOutput) (lines []string) {
	for _, e := range out.PoliciesGrantingServiceAccess {
		line := *e.ServiceNamespace + ":"
		for _, p := range e.Policies {
			line += fmt.Sprintf(" %s %s", p.PolicyType, *p.PolicyName)
			if p.PolicyArn != nil {
				line += " " + *p.PolicyArn
			}
			if p.EntityName != nil {
				line += fmt.Sprintf(" of %s %s", p.EntityType, *p.EntityName)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPoliciesGrantAccessToServices(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	for _, test := range []struct {
		arn        string
		namespaces []string
		want       []string
	}{
		{alice, []string{"sqs", "s3", "ec2", "sts"}, []string{
			"sqs: MANAGED queues arn:aws:iam::111122223333:policy/team/queues",
			"s3: INLINE home of USER alice INLINE logs of GROUP devs", "ec2:", "sts:",
		}},
		{devs, []string{"s3"}, []string{"s3: INLINE logs of GROUP devs"}},
		{deployer, []string{"amplify", "redshift"}, []string{
			"amplify: MANAGED AdministratorAccess-Amplify arn:aws:iam::aws:policy/AdministratorAccess-Amplify",
			"redshift:",
		}},
	} {
		out, err := client.ListPoliciesGrantingServiceAccess(t.Context(), &iam.ListPoliciesGrantingServiceAccessInput{
			Arn: aws.String(test.arn), ServiceNamespaces: test.namespaces,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := granting(out); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.arn, got, test.want)
		}
	}
	_, err := client.ListPoliciesGrantingServiceAccess(t.Context(), &iam.ListPoliciesGrantingServiceAccessInput{
		Arn: aws.String(alice), ServiceNamespaces: []string{"no-such-service"},
	})
	if code(err) != "InvalidInput" {
		t.Errorf("for no service: got %v", err)
	}
}

func TestWhatAPolicyDeniesEverywhereItDoesNotGrant(t *testing.T) {
	srv := writtest.New(t)
	for name, test := range map[string]struct{ document, want string }{
		"denied": {statements(allowsAll, `{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`), "sqs:"},
		"denied-somewhere": {statements(allowsAll, `{"Effect":"Deny","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:q"}`),
			"sqs: INLINE p of USER denied-somewhere"},
		"denied-at-times": {
			statements(allowsAll, `{"Effect":"Deny","Action":"sqs:*","Resource":"*",
				"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`),
			"sqs: INLINE p of USER denied-at-times"},
		"not-action": {statements(`{"Effect":"Allow","NotAction":"sqs:*","Resource":"*"}`), "sqs:"},
		"one-action": {
			statements(`{"Effect":"Allow","Action":"sqs:SendM*","Resource":"arn:aws:sqs:eu-west-1:111122223333:q"}`),
			"sqs: INLINE p of USER one-action"},
	} {
		newUser(t, srv, name, test.document)
		out := must(t, srv.IAM().ListPoliciesGrantingServiceAccess, &iam.ListPoliciesGrantingServiceAccessInput{
			Arn: aws.String("arn:aws:iam::111122223333:user/" + name), ServiceNamespaces: []string{"sqs"},
		})
		if got := granting(out); !slices.Equal(got, []string{test.want}) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestNamespacesComeInPages(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	in := &iam.ListPoliciesGrantingServiceAccessInput{
		Arn: aws.String(devs), ServiceNamespaces: slices.Repeat([]string{"s3"}, 150),
	}
	for _, want := range []int{100, 50} {
		out, err := client.ListPoliciesGrantingServiceAccess(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(out.PoliciesGrantingServiceAccess); got != want || out.IsTruncated != (want == 100) {
			t.Errorf("got %d entries, truncated %v, want %d", got, out.IsTruncated, want)
		}
		in.Marker = out.Marker
	}
}

// jobOn generates a report, and checks the form of its id.
func jobOn(t *testing.T, c *iam.Client, arn string, granularity types.AccessAdvisorUsageGranularityType) *string {
	t.Helper()
	out, err := c.GenerateServiceLastAccessedDetails(t.Context(), &iam.GenerateServiceLastAccessedDetailsInput{
		Arn: aws.String(arn), Granularity: granularity,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.JobId
}

func TestAReportListsTheServicesThatPoliciesAllow(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	for _, test := range []struct {
		arn         string
		granularity types.AccessAdvisorUsageGranularityType
		want        []string
	}{
		{alice, "", []string{"s3", "sqs"}},
		{devs, types.AccessAdvisorUsageGranularityTypeServiceLevel, []string{"s3"}},
		{"arn:aws:iam::111122223333:policy/team/queues", types.AccessAdvisorUsageGranularityTypeActionLevel,
			[]string{"sqs"}},
		{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "", []string{"s3", "s3-object-lambda"}},
	} {
		out, err := client.GetServiceLastAccessedDetails(t.Context(), &iam.GetServiceLastAccessedDetailsInput{
			JobId: jobOn(t, client, test.arn, test.granularity),
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range out.ServicesLastAccessed {
			got = append(got, *s.ServiceNamespace)
			if s.LastAuthenticated != nil || *s.TotalAuthenticatedEntities != 0 || *s.ServiceName == "" {
				t.Errorf("%s: unexpected use of %s", test.arn, *s.ServiceNamespace)
			}
		}
		kind := test.granularity
		if kind == "" {
			kind = types.AccessAdvisorUsageGranularityTypeServiceLevel
		}
		if !slices.Equal(got, test.want) || out.JobStatus != types.JobStatusTypeCompleted || out.JobType != kind {
			t.Errorf("%s: got %q, %s, %s, want %q", test.arn, got, out.JobStatus, out.JobType, test.want)
		}
	}
}

func TestAReportTellsTheLastUseThatIsKnown(t *testing.T) {
	srv := writtest.New(t)
	client := srv.IAM()
	busy := newUser(t, srv, "busy", statements(allowsAll))
	idle := "arn:aws:iam::111122223333:user/idle"
	newUser(t, srv, "idle", "")
	must(t, client.CreateGroup, &iam.CreateGroupInput{GroupName: aws.String("both")})
	must(t, client.AttachGroupPolicy, &iam.AttachGroupPolicyInput{
		GroupName: aws.String("both"), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMReadOnlyAccess"),
	})
	for _, name := range []string{"idle", "busy"} {
		must(t, client.AddUserToGroup, &iam.AddUserToGroupInput{
			GroupName: aws.String("both"), UserName: aws.String(name),
		})
	}
	must(t, busy.GetUser, &iam.GetUserInput{})

	job := jobOn(t, client, "arn:aws:iam::111122223333:group/both", "")
	var iamUse types.ServiceLastAccessed
	for tries := 0; iamUse.LastAuthenticated == nil; tries++ { // uses are written some time after the call
		if time.Sleep(20 * time.Millisecond); tries == 1000 {
			t.Fatal("the use does not appear")
		}
		out := must(t, client.GetServiceLastAccessedDetails, &iam.GetServiceLastAccessedDetailsInput{JobId: job})
		i := slices.IndexFunc(out.ServicesLastAccessed, func(s types.ServiceLastAccessed) bool {
			return *s.ServiceNamespace == "iam"
		})
		iamUse = out.ServicesLastAccessed[i]
	}
	got, n := *iamUse.LastAuthenticatedEntity, *iamUse.TotalAuthenticatedEntities
	if got != "arn:aws:iam::111122223333:user/busy" || n != 1 {
		t.Errorf("got %s of %d", got, n)
	}
	if got := aws.ToString(iamUse.LastAuthenticatedRegion); got != writtest.Region {
		t.Errorf("got region %q", got)
	}

	for _, source := range []string{
		"arn:aws:iam::111122223333:group/both", "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
	} {
		job := jobOn(t, client, source, "")
		in := &iam.GetServiceLastAccessedDetailsWithEntitiesInput{
			JobId: job, ServiceNamespace: aws.String("iam"), MaxItems: aws.Int32(1),
		}
		var got []string
		for {
			out := must(t, client.GetServiceLastAccessedDetailsWithEntities, in)
			for _, e := range out.EntityDetailsList {
				used := e.LastAuthenticated != nil
				got = append(got, fmt.Sprintf("%s %s %v", e.EntityInfo.Type, *e.EntityInfo.Arn, used))
			}
			if in.Marker = out.Marker; !out.IsTruncated {
				break
			}
		}
		want := []string{"USER arn:aws:iam::111122223333:user/busy true", "USER " + idle + " false"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
	out := must(t, client.GetServiceLastAccessedDetailsWithEntities, &iam.GetServiceLastAccessedDetailsWithEntitiesInput{
		JobId: job, ServiceNamespace: aws.String("s3"),
	})
	if len(out.EntityDetailsList) != 0 {
		t.Errorf("of a service that the group does not grant: got %v", out.EntityDetailsList)
	}
}

func TestReportsComeInPages(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	in := &iam.GetServiceLastAccessedDetailsInput{JobId: jobOn(t, client, deployer, ""), MaxItems: aws.Int32(7)}
	var all []string
	for {
		out, err := client.GetServiceLastAccessedDetails(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(out.ServicesLastAccessed); n > 7 || n == 0 {
			t.Fatalf("a page of %d", n)
		}
		for _, s := range out.ServicesLastAccessed {
			all = append(all, *s.ServiceNamespace)
		}
		if in.Marker = out.Marker; !out.IsTruncated {
			break
		}
	}
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) || !slices.Contains(all, "amplify") {
		t.Errorf("got %q", all)
	}
}

func TestAJobIDGrantsNothing(t *testing.T) {
	srv := writtest.New(t)
	client, ctx := simulatedWorld(t, srv), t.Context()
	job := jobOn(t, client, alice, "")
	reader := newUser(t, srv, "reader",
		statements(`{"Effect":"Allow","Action":"iam:GetServiceLastAccessed*","Resource":"*"}`))
	_, err := reader.GetServiceLastAccessedDetails(ctx, &iam.GetServiceLastAccessedDetailsInput{JobId: job})
	if code(err) != "NoSuchEntity" {
		t.Errorf("the job of another: got %v", err)
	}
	for _, id := range []string{strings.Repeat("0", 36), "00000000-0000-0000-0000-000000000000"} {
		_, err := client.GetServiceLastAccessedDetails(ctx, &iam.GetServiceLastAccessedDetailsInput{
			JobId: aws.String(id),
		})
		if code(err) != "NoSuchEntity" {
			t.Errorf("job %s: got %v", id, err)
		}
	}
	_, err = client.GetServiceLastAccessedDetailsWithEntities(ctx, &iam.GetServiceLastAccessedDetailsWithEntitiesInput{
		JobId: job, ServiceNamespace: aws.String("no-such-service"),
	})
	if code(err) != "InvalidInput" {
		t.Errorf("of no service: got %v", err)
	}
	for _, arn := range []string{
		"arn:aws:iam::aws:policy/NoSuchPolicy", "arn:aws:iam::111122223333:policy/none", deployer + "s",
	} {
		_, err := client.GenerateServiceLastAccessedDetails(ctx, &iam.GenerateServiceLastAccessedDetailsInput{
			Arn: aws.String(arn),
		})
		if code(err) != "NoSuchEntity" {
			t.Errorf("%s: got %v", arn, err)
		}
	}
}
