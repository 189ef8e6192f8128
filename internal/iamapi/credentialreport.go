package iamapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var credentialReports = []op.Operation{
	op.New("GenerateCredentialReport", op.Everything[api.GenerateCredentialReportInput], generateCredentialReport),
	op.New("GetCredentialReport", op.Everything[api.GetCredentialReportInput], getCredentialReport),
}

// reportColumns are the columns of a credential report.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
var reportColumns = []string{
	"user", "arn", "user_creation_time",
	"password_enabled", "password_last_used", "password_last_changed", "password_next_rotation", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated",
	"access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service",
	"access_key_2_active", "access_key_2_last_rotated",
	"access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
}

// What a report says where there is no date.
const (
	notSupported  = "not_supported"
	noInformation = "no_information"
)

// generateCredentialReport makes a report at once: who asks again is told that it is complete, as AWS does when it is.
func generateCredentialReport(
	ctx context.Context, c *op.Call, _ *api.GenerateCredentialReportInput,
) (*api.GenerateCredentialReportOutput, error) {
	complete := &api.GenerateCredentialReportOutput{State: types.ReportStateTypeComplete}
	if credentialReport(c).Current(c.Time) {
		return complete, nil
	}
	text, err := compressed(reportRows(c))
	if err != nil {
		return nil, err
	}
	r := &iam.CredentialReport{Account: c.Account(), Generated: c.Time.Truncate(time.Second), CSV: text}
	var current bool
	err = c.Update(ctx, func(tx iam.Txn) (err error) {
		current, err = iam.PutCredentialReport(tx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	if current { // made by another call at the same moment
		return complete, nil
	}
	return &api.GenerateCredentialReportOutput{
		State:       types.ReportStateTypeStarted,
		Description: aws.String("No report exists. Starting a new report generation task"),
	}, nil
}

func getCredentialReport(
	_ context.Context, c *op.Call, _ *api.GetCredentialReportInput,
) (*api.GetCredentialReportOutput, error) {
	r := credentialReport(c)
	if r == nil {
		return nil, iam.Errorf(iam.CredentialReportNotPresent, "No report is present. Generate a new credential report.")
	}
	if !r.Current(c.Time) {
		return nil, iam.Errorf(iam.CredentialReportExpired,
			"The credential report has expired. Generate a new credential report.")
	}
	z, err := gzip.NewReader(bytes.NewReader(r.CSV))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return &api.GetCredentialReportOutput{Content: text, GeneratedTime: aws.Time(r.Generated),
		ReportFormat: types.ReportFormatTypeTextCsv}, nil
}

// credentialReport is the account's latest report, or nil.
func credentialReport(c *op.Call) *iam.CredentialReport {
	return snapshot.Get[iam.CredentialReport](c.State, iam.CredentialReportKey(c.Account()))
}

// compressed writes rows as CSV, compressed: a report of an account with all the users it may have fits into one
// record.
func compressed(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	err := errors.Join(csv.NewWriter(z).WriteAll(rows), z.Close())
	return b.Bytes(), err
}

// reportRows are the columns' names, the root user's row, and one for each user.
func reportRows(c *op.Call) [][]string {
	a := account(c)
	root := []string{
		"<root_account>", a.ARN(), reportTime(a.Created), notSupported,
		reportTime(aws.ToTime(lastUsed(c, a.ID)), noInformation),
		notSupported, notSupported,
	}
	rows := [][]string{reportColumns, append(root, credentialColumns(c, a, nil)...)}
	for _, r := range c.State.List(iam.UserKey(a.ID, ""), "") {
		u := r.(*iam.User)
		row := []string{u.Name, u.ARN(), reportTime(u.Created), strconv.FormatBool(u.Login != nil)}
		if u.Login != nil {
			row = append(row, reportTime(aws.ToTime(lastUsed(c, u.ID)), noInformation), reportTime(u.Login.Changed),
				reportTime(a.Expires(u.Login)))
		} else {
			row = append(row, notUsed, notUsed, notUsed)
		}
		rows = append(rows, append(row, credentialColumns(c, u, u.SigningCertificates)...))
	}
	return rows
}

// credentialColumns are the columns from mfa_active on.
func credentialColumns(c *op.Call, o iam.Owner, certificates []iam.SigningCertificate) []string {
	row := []string{strconv.FormatBool(len(*o.Credentials().MFA) > 0)}
	keys := keysOf(c, o)
	for i := range iam.MaxAccessKeys {
		if i >= len(keys) {
			row = append(row, "false", notUsed, notUsed, notUsed, notUsed)
			continue
		}
		k := keys[i]
		row = append(row, strconv.FormatBool(!k.Inactive), reportTime(k.Created))
		if use := snapshot.Get[iam.Use](c.State, iam.UseKey(k.ID)); use != nil {
			row = append(row, reportTime(use.Time), *orNotUsed(use.Region), *orNotUsed(use.Service))
		} else {
			row = append(row, notUsed, notUsed, notUsed)
		}
	}
	for i := range iam.MaxSigningCertificates {
		if i < len(certificates) {
			row = append(row, strconv.FormatBool(!certificates[i].Inactive), reportTime(certificates[i].Uploaded))
		} else {
			row = append(row, "false", notUsed)
		}
	}
	return row
}

// reportTime is a time as reports have it; for the zero time it is what is said otherwise, or "N/A".
func reportTime(t time.Time, otherwise ...string) string {
	if !t.IsZero() {
		return t.UTC().Format("2006-01-02T15:04:05+00:00")
	}
	if len(otherwise) > 0 {
		return otherwise[0]
	}
	return notUsed
}
