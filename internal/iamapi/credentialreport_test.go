package iamapi_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func TestCredentialReportShowsTheMomentItWasGenerated(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	c := clientAt(writtest.NewAt(t, clock), clock)
	generate, get := &iam.GenerateCredentialReportInput{}, &iam.GetCredentialReportInput{}
	must(t, c.UpdateAccountPasswordPolicy, &iam.UpdateAccountPasswordPolicyInput{MaxPasswordAge: aws.Int32(90)})
	for _, name := range []string{"bob", "Alice"} {
		must(t, c.CreateUser, &iam.CreateUserInput{UserName: &name})
	}
	now = now.Add(time.Minute)
	must(t, c.CreateLoginProfile, &iam.CreateLoginProfileInput{
		UserName: aws.String("bob"), Password: aws.String("Abcdefg1"),
	})
	key := must(t, c.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: aws.String("bob")}).AccessKey
	must(t, c.UpdateAccessKey, &iam.UpdateAccessKeyInput{
		UserName: aws.String("bob"), AccessKeyId: key.AccessKeyId, Status: types.StatusTypeInactive,
	})
	must(t, c.UploadSigningCertificate, &iam.UploadSigningCertificateInput{
		UserName: aws.String("bob"), CertificateBody: aws.String(newPair(t, "bob", nil).certPEM),
	})

	fails(t, "ReportNotPresent", "", c.GetCredentialReport, get)
	if out := must(t, c.GenerateCredentialReport, generate); out.State != types.ReportStateTypeStarted {
		t.Errorf("the first report is %s", out.State)
	}
	if out := must(t, c.GenerateCredentialReport, generate); out.State != types.ReportStateTypeComplete {
		t.Errorf("the first report is %s when asked for again", out.State)
	}
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("carol")}) // too late
	out := must(t, c.GetCredentialReport, get)
	if out.ReportFormat != types.ReportFormatTypeTextCsv || !out.GeneratedTime.Equal(now) {
		t.Errorf("a report of %v in %s", out.GeneratedTime, out.ReportFormat)
	}
	rows, err := csv.NewReader(bytes.NewReader(out.Content)).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	const none, made, given = "false,N/A,N/A,N/A,N/A", "2026-03-01T12:00:00+00:00", "2026-03-01T12:01:00+00:00"
	arn := "arn:aws:iam::" + writtest.Account + ":"
	for i, want := range []string{
		"user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation," +
			"mfa_active," +
			"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date," +
			"access_key_1_last_used_region,access_key_1_last_used_service," +
			"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date," +
			"access_key_2_last_used_region,access_key_2_last_used_service," +
			"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated",
		"<root_account>," + arn + "root," + made + ",not_supported,no_information,not_supported,not_supported,false," +
			"true," + made + ",",
		"Alice," + arn + "user/Alice," + made + ",false,N/A,N/A,N/A,false," + none + "," + none + ",false,N/A,false,N/A",
		"bob," + arn + "user/bob," + made + ",true,no_information," + given + ",2026-05-30T12:01:00+00:00,false," +
			"false," + given + ",N/A,N/A,N/A," + none + ",true," + given + ",false,N/A",
	} {
		if got := strings.Join(rows[i], ","); !strings.HasPrefix(got, want) || len(rows[i]) != 22 {
			t.Errorf("row %d is\n%s, want\n%s", i, got, want)
		}
	}

	now = now.Add(4*time.Hour - time.Second)
	must(t, c.GetCredentialReport, get)
	now = now.Add(time.Second)
	fails(t, "ReportExpired", "", c.GetCredentialReport, get)
	if out := must(t, c.GenerateCredentialReport, generate); out.State != types.ReportStateTypeStarted {
		t.Errorf("the next report is %s", out.State)
	}
	if out := must(t, c.GetCredentialReport, get); !strings.Contains(string(out.Content), "carol") {
		t.Errorf("the next report is\n%s", out.Content)
	}
}
