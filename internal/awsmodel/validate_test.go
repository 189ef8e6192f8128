package awsmodel_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/awsmodel"
)

func TestValidate(t *testing.T) {
	tags := func(n int) (list []iamtypes.Tag) {
		for range n {
			list = append(list, iamtypes.Tag{Key: aws.String("k"), Value: aws.String("")})
		}
		return list
	}
	tests := []struct {
		service   *awsmodel.Service
		operation string
		in        any
		want      string // the message; "" for none
	}{
		{awsmodel.IAM(), "CreateUser", &iam.CreateUserInput{UserName: aws.String("Bob")}, ""},
		{awsmodel.IAM(), "CreateUser", &iam.CreateUserInput{UserName: aws.String("Bob"), Tags: tags(50)}, ""},
		{awsmodel.IAM(), "GetUser", &iam.GetUserInput{}, ""},
		{awsmodel.IAM(), "GetAccountSummary", &iam.GetAccountSummaryInput{}, ""},
		{awsmodel.IAM(), "CreateUser", &iam.CreateUserInput{},
			"1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null"},
		{awsmodel.IAM(), "CreateUser", &iam.CreateUserInput{UserName: aws.String("a b")},
			"1 validation error detected: Value 'a b' at 'userName' failed to satisfy constraint: " +
				`Member must satisfy regular expression pattern: [\w+=,.@-]+`},
		// As recorded on AWS, in the STS service: the pattern, then the length.
		{awsmodel.STS(), "AssumeRole", &sts.AssumeRoleInput{RoleArn: aws.String(""), RoleSessionName: aws.String("me")},
			"2 validation errors detected: Value '' at 'roleArn' failed to satisfy constraint: Member must satisfy regular " +
				`expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+; ` +
				"Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{awsmodel.STS(), "GetFederationToken", &sts.GetFederationTokenInput{
			Name: aws.String("somebody@department.example.com-x")},
			"1 validation error detected: Value 'somebody@department.example.com-x' at 'name' failed to satisfy constraint: " +
				"Member must have length less than or equal to 32"},
		{awsmodel.STS(), "AssumeRole", &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/r"),
			RoleSessionName: aws.String("me"), DurationSeconds: aws.Int32(43201)},
			"1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: " +
				"Member must have value less than or equal to 43200"},
		{awsmodel.IAM(), "ListUsers", &iam.ListUsersInput{MaxItems: aws.Int32(0)},
			"1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: " +
				"Member must have value greater than or equal to 1"},
		{awsmodel.IAM(), "TagUser", &iam.TagUserInput{UserName: aws.String("Bob"), Tags: []iamtypes.Tag{
			{Key: aws.String("a"), Value: aws.String("b")}, {Key: aws.String("("), Value: aws.String("b")},
			{Key: aws.String("c")}}},
			"2 validation errors detected: Value '(' at 'tags.2.member.key' failed to satisfy constraint: Member must satisfy " +
				`regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+; Value null at 'tags.3.member.value' failed to satisfy ` +
				"constraint: Member must not be null"},
		{awsmodel.IAM(), "UntagUser", &iam.UntagUserInput{UserName: aws.String("Bob"), TagKeys: []string{"a", "("}},
			"1 validation error detected: Value '(' at 'tagKeys.2.member' failed to satisfy constraint: Member must satisfy " +
				`regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`},
		{awsmodel.IAM(), "CreateUser", &iam.CreateUserInput{UserName: aws.String("Bob"), Tags: tags(51)},
			"1 validation error detected: Value at 'tags' failed to satisfy constraint: " +
				"Member must have length less than or equal to 50"},
		{awsmodel.IAM(), "UpdateAccessKey", &iam.UpdateAccessKeyInput{
			AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE"), Status: "On"},
			"1 validation error detected: Value at 'status' failed to satisfy constraint: " +
				"Member must satisfy enum value set: [Active, Inactive, Expired]"},
		{awsmodel.IAM(), "UpdateAccessKey", &iam.UpdateAccessKeyInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")},
			"1 validation error detected: Value null at 'status' failed to satisfy constraint: Member must not be null"},
		// A secret is not repeated.
		{awsmodel.IAM(), "CreateLoginProfile", &iam.CreateLoginProfileInput{
			UserName: aws.String("Bob"), Password: aws.String("пароль")},
			"1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular " +
				`expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`},
		// Characters, not bytes; and a long value is cut.
		{awsmodel.IAM(), "CreatePolicy", &iam.CreatePolicyInput{PolicyName: aws.String("p"),
			PolicyDocument: aws.String(strings.Repeat("é", 131072))}, ""},
		{awsmodel.IAM(), "CreatePolicy", &iam.CreatePolicyInput{PolicyName: aws.String("p"),
			PolicyDocument: aws.String(strings.Repeat("é", 131073))},
			"1 validation error detected: Value '" + strings.Repeat("é", 256) + "...' at 'policyDocument' failed to satisfy " +
				"constraint: Member must have length less than or equal to 131072"},
		{awsmodel.Organizations(), "CreateAccount", &organizations.CreateAccountInput{AccountName: aws.String("a"),
			Email: aws.String("none"), IamUserAccessToBilling: orgtypes.IAMUserAccessToBillingAllow},
			"2 validation errors detected: Value at 'email' failed to satisfy constraint: Member must satisfy regular " +
				`expression pattern: [^\s@]+@[^\s@]+\.[^\s@]+; Value at 'email' failed to satisfy constraint: Member ` +
				"must have length greater than or equal to 6"},
	}
	for _, test := range tests {
		got := ""
		err := test.service.Operation(test.operation).Validate(test.in)
		if err != nil {
			got = err.Error()
			var e *awsmodel.ValidationError
			if !errors.As(err, &e) || e.ErrorCode() != "ValidationError" || e.ErrorMessage() != got {
				t.Errorf("%s: the error is %#v", test.operation, err)
			}
		}
		if got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.operation, got, test.want)
		}
	}
}

func TestValidateNamesAllViolations(t *testing.T) {
	in := &iam.SimulateCustomPolicyInput{PolicyInputList: []string{"{}"}}
	for range 200 {
		in.ActionNames = append(in.ActionNames, "x")
	}
	err := awsmodel.IAM().Operation("SimulateCustomPolicy").Validate(in)
	var e *awsmodel.ValidationError
	if !errors.As(err, &e) || len(e.Violations) != 200 {
		t.Fatal(err)
	}
	const begin = "200 validation errors detected: Value 'x' at 'actionNames.1.member' failed"
	if text := err.Error(); !strings.HasPrefix(text, begin) || len(text) > 4000 {
		t.Errorf("a message of %d bytes: %s", len(text), text)
	}
}

func TestValidateRefusesAnotherInput(t *testing.T) {
	op := awsmodel.IAM().Operation("CreateUser")
	var nothing *iam.CreateUserInput
	for _, in := range []any{nil, nothing, iam.CreateUserInput{}, &iam.GetRoleInput{}, new(int), "x"} {
		err := op.Validate(in)
		var e *awsmodel.ValidationError
		if err == nil || errors.As(err, &e) {
			t.Errorf("%T: %v", in, err)
		}
	}
}

func TestModel(t *testing.T) {
	for _, test := range []struct {
		s                        *awsmodel.Service
		operations               int
		version, target, xml, op string
	}{
		{awsmodel.IAM(), 176, "2010-05-08", "", "https://iam.amazonaws.com/doc/2010-05-08/", "CreateUser"},
		{awsmodel.STS(), 11, "2011-06-15", "", "https://sts.amazonaws.com/doc/2011-06-15/", "AssumeRole"},
		{awsmodel.Organizations(), 63, "2016-11-28", "AWSOrganizationsV20161128", "", "CreateAccount"},
	} {
		s := test.s
		if len(s.Operations) != test.operations || s.Version != test.version || s.TargetPrefix != test.target ||
			s.Namespace != test.xml {
			t.Errorf("%s: %d operations, %q, %q, %q", s.Name, len(s.Operations), s.Version, s.TargetPrefix, s.Namespace)
		}
		if s.Operation(test.op) == nil || s.Operation("Create") != nil || !strings.HasPrefix(s.Source, "botocore 1.") {
			t.Error(s.Name, s.Source)
		}
		for _, op := range s.Operations {
			unsigned := op.Name == "AssumeRoleWithSAML" || op.Name == "AssumeRoleWithWebIdentity"
			if op.NoAuth != unsigned || op.Service != s {
				t.Errorf("%s: NoAuth is %v", op.Name, op.NoAuth)
			}
		}
	}
	for _, test := range []struct {
		s      *awsmodel.Service
		code   string
		status int
	}{
		{awsmodel.IAM(), "NoSuchEntity", 404}, {awsmodel.IAM(), "DeleteConflict", 409},
		{awsmodel.IAM(), "ServiceFailure", 500}, {awsmodel.IAM(), "ReportExpired", 410},
		{awsmodel.IAM(), "AccessDenied", 403}, {awsmodel.IAM(), "ValidationError", 400},
		{awsmodel.IAM(), "OrganizationNotFoundException", 400}, {awsmodel.STS(), "IDPRejectedClaim", 403},
		{awsmodel.STS(), "PackedPolicyTooLarge", 400}, {awsmodel.STS(), "ServiceFailure", 500},
		{awsmodel.Organizations(), "ServiceException", 500}, {awsmodel.Organizations(), "AccessDeniedException", 400},
		{awsmodel.Organizations(), "NoSuchThing", 400},
	} {
		if got := test.s.Status(test.code); got != test.status {
			t.Errorf("%s %s: %d, not %d", test.s.Name, test.code, got, test.status)
		}
	}
	if awsmodel.IAM().Error("NoSuchEntity").Shape.Name != "NoSuchEntityException" ||
		awsmodel.IAM().Error("ValidationError") != nil {
		t.Error("the errors of IAM are others")
	}
}

func BenchmarkValidate(b *testing.B) {
	op := awsmodel.IAM().Operation("CreateUser")
	in := &iam.CreateUserInput{UserName: aws.String("Bob"), Path: aws.String("/division/"), Tags: []iamtypes.Tag{
		{Key: aws.String("team"), Value: aws.String("payments")}}}
	b.ReportAllocs()
	for b.Loop() {
		if err := op.Validate(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenModel(b *testing.B) {
	for b.Loop() {
		if err := awsmodel.OpenIAM(); err != nil {
			b.Fatal(err)
		}
	}
}
