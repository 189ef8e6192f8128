package awsjson_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/writ-iam/writ/internal/awsjson"
	"github.com/writ-iam/writ/internal/awsmodel"
)

// That every operation's requests and responses are those of AWS's SDK is tested in package awsmodel.

func TestTarget(t *testing.T) {
	for header, want := range map[string]string{
		"AWSOrganizationsV20161128.CreateAccount": "CreateAccount", "AWSOrganizationsV20161128.": "", "CreateAccount": "none",
		"awsorganizationsv20161128.CreateAccount": "none", "": "none", ".CreateAccount": "none",
	} {
		got, ok := awsjson.Target(awsmodel.Organizations(), header)
		if !ok {
			got = "none"
		}
		if got != want {
			t.Errorf("%q is %q", header, got)
		}
	}
	if _, ok := awsjson.Target(awsmodel.IAM(), ".CreateUser"); ok {
		t.Error("a target for IAM")
	}
}

func TestDecode(t *testing.T) {
	at := time.UnixMilli(1500000000123).UTC()
	tests := []struct {
		operation, body string
		want            any
	}{
		{"CreateAccount", `{"AccountName":"a","Email":"b@c.d","Unknown":[1,{"x":null}],"IamUserAccessToBilling":"DENY"}`,
			&organizations.CreateAccountInput{AccountName: aws.String("a"), Email: aws.String("b@c.d"),
				IamUserAccessToBilling: "DENY"}},
		{"CreateAccount", `{"accountname":"a","RoleName":null,"Tags":null}`, &organizations.CreateAccountInput{}},
		{"CreateAccount", ` {"Tags":[{"Key":"k","Value":"\u00e9\ud83d\ude00"},{}]} `,
			&organizations.CreateAccountInput{Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("é😀")}, {}}}},
		{"CreateAccount", ``, &organizations.CreateAccountInput{}},
		{"ListAccounts", `{"MaxResults":20}`, &organizations.ListAccountsInput{MaxResults: aws.Int32(20)}},
		{"DescribeOrganization", `{"x":[[]]}`, &organizations.DescribeOrganizationInput{}},
		{"TerminateResponsibilityTransfer", `{"EndTimestamp":1500000000.123}`,
			&organizations.TerminateResponsibilityTransferInput{EndTimestamp: &at}},
		{"TerminateResponsibilityTransfer", `{"EndTimestamp":1.500000000123E9}`,
			&organizations.TerminateResponsibilityTransferInput{EndTimestamp: &at}},
	}
	for _, test := range tests {
		got := reflect.New(reflect.TypeOf(test.want).Elem()).Interface()
		err := awsjson.Decode(awsmodel.Organizations().Operation(test.operation), []byte(test.body), got)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v", test.body, got, err)
		}
	}
}

func TestDecodeMalformed(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	tests := []struct{ operation, body, want string }{
		{"CreateAccount", `{`, "The body is not JSON"},
		{"CreateAccount", `{"Email":}`, "The body is not JSON"},
		{"CreateAccount", `{"Email":"a",}`, "The body is not JSON"},
		{"CreateAccount", `[]`, "The body must be an object"},
		{"CreateAccount", `null`, "The body must be an object"},
		{"CreateAccount", `{} {}`, "The body goes on behind its object"},
		{"CreateAccount", `{}x`, "The body goes on behind its object"},
		{"CreateAccount", "{\"Email\":\"\xff\"}", "The body is not UTF-8"},
		{"CreateAccount", `{"Email":"a","Email":"b"}`, "Email is there more than once"},
		{"CreateAccount", `{"Email":"a","\u0045mail":"b"}`, "Email is there more than once"},
		{"CreateAccount", `{"Email":1}`, "Email must be a string and is a number"},
		{"CreateAccount", `{"Email":{"a":1}}`, "Email must be a string and is an object"},
		{"CreateAccount", `{"Tags":{}}`, "Tags must be a list and is an object"},
		{"CreateAccount", `{"Tags":[[]]}`, "Tags.1.member must be an object and is a list"},
		{"CreateAccount", `{"Tags":[null]}`, "Tags.1.member is null"},
		{"CreateAccount", `{"Tags":[{"Key":true}]}`, "Tags.1.member.Key must be a string and is a boolean"},
		{"CreateAccount", `{"x":` + deep + `}`, "The body is too deep"},
		{"DescribeOrganization", `{"x":` + deep + `}`, "The body is too deep"},
		{"ListAccounts", `{"MaxResults":"1"}`, "MaxResults must be an integer and is a string"},
		{"ListAccounts", `{"MaxResults":1.5}`, "MaxResults must be an integer of 32 bits"},
		{"ListAccounts", `{"MaxResults":4294967296}`, "MaxResults must be an integer of 32 bits"},
		{"TerminateResponsibilityTransfer", `{"EndTimestamp":"2026-01-01T00:00:00Z"}`,
			"EndTimestamp must be a number of seconds and is a string"},
		{"TerminateResponsibilityTransfer", `{"EndTimestamp":1e300}`, "EndTimestamp is out of the range of times"},
		{"TerminateResponsibilityTransfer", `{"EndTimestamp":1e999}`, "EndTimestamp is out of the range of times"},
	}
	for _, test := range tests {
		in := map[string]any{"CreateAccount": &organizations.CreateAccountInput{},
			"ListAccounts":                    &organizations.ListAccountsInput{},
			"DescribeOrganization":            &organizations.DescribeOrganizationInput{},
			"TerminateResponsibilityTransfer": &organizations.TerminateResponsibilityTransferInput{}}[test.operation]
		err := awsjson.Decode(awsmodel.Organizations().Operation(test.operation), []byte(test.body), in)
		var e *awsmodel.InputError
		if !errors.As(err, &e) || e.Code != "SerializationException" || !strings.HasPrefix(e.Message, test.want) {
			t.Errorf("%s: %v", test.body, err)
		}
	}
}

func TestInvalidInput(t *testing.T) {
	for body, want := range map[string]string{
		`{"Email":"a@b.cd","AccountName":"a"}`:                               "",
		`{"AccountName":"a"}`:                                                "INPUT_REQUIRED",
		`{"Email":"nobody","AccountName":"a"}`:                               "INVALID_PATTERN",
		`{"Email":"a@b.c","AccountName":"a"}`:                                "MIN_LENGTH_EXCEEDED",
		`{"Email":"a@b.cd","AccountName":"` + strings.Repeat("a", 51) + `"}`: "MAX_LENGTH_EXCEEDED",
		`{"Email":"a@b.cd","AccountName":"a","IamUserAccessToBilling":"no"}`: "INVALID_ENUM",
		`{"Email":"a@b.cd","AccountName":"a","IamUserAccessToBilling":""}`:   "INVALID_ENUM",
	} {
		err := awsjson.DecodeInput(awsmodel.Organizations().Operation("CreateAccount"), []byte(body),
			new(organizations.CreateAccountInput))
		got := ""
		var e *awsmodel.ValidationError
		if errors.As(err, &e) {
			_, got = awsjson.InvalidInput(e)
		}
		if got != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestEncode(t *testing.T) {
	joined := time.Unix(1500000000, 250_000_000)
	for _, test := range []struct {
		operation string
		out       any
		want      string
	}{
		{"DescribeAccount", &organizations.DescribeAccountOutput{Account: &types.Account{
			Id: aws.String("123456789012"), Name: aws.String("a\"\\<é>\n\x01\xff"), JoinedTimestamp: &joined,
			Status: "ACTIVE"}},
			`{"Account":{"Id":"123456789012","Name":"a\"\\<é>\n\u0001` + "\uFFFD" + `","Status":"ACTIVE",` +
				`"JoinedTimestamp":1500000000.25}}`},
		{"ListAccounts", &organizations.ListAccountsOutput{}, `{"Accounts":[]}`},
		{"DescribePolicy", &organizations.DescribePolicyOutput{Policy: &types.Policy{PolicySummary: &types.PolicySummary{}}},
			`{"Policy":{"PolicySummary":{"AwsManaged":false}}}`},
		{"DeletePolicy", nil, `{}`},
		{"DeletePolicy", &organizations.DeletePolicyOutput{}, `{}`},
	} {
		got, err := awsjson.EncodeResponse([]byte("kept "), awsmodel.Organizations().Operation(test.operation), test.out)
		if err != nil || string(got) != "kept "+test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", test.operation, err, got, test.want)
		}
	}
	for _, out := range []any{nil, organizations.ListAccountsOutput{}, &organizations.ListRootsOutput{}, 7} {
		if _, err := awsjson.EncodeResponse(nil, awsmodel.Organizations().Operation("ListAccounts"), out); err == nil {
			t.Errorf("%T was encoded", out)
		}
	}
	body, status := awsjson.EncodeError(nil, awsmodel.Organizations(), "ServiceException", "it \"failed\"", "")
	if string(body) != `{"__type":"ServiceException","Message":"it \"failed\""}` || status != 500 {
		t.Errorf("%d %s", status, body)
	}
}

// A handshake's resources are made of resources; ones without an end are a fault of the program, not a hang.
func TestEncodeIsBounded(t *testing.T) {
	endless := make([]types.HandshakeResource, 1)
	endless[0].Resources = endless
	_, err := awsjson.EncodeResponse(nil, awsmodel.Organizations().Operation("DescribeHandshake"),
		&organizations.DescribeHandshakeOutput{Handshake: &types.Handshake{Resources: endless}})
	if err == nil {
		t.Error("it was encoded")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"AccountName":"a","Email":"b@c.d","Tags":[{"Key":"k","Value":"v"}],"x":[1,{"x":null}]}`))
	f.Add([]byte(`{"Tags":[{"Key":"k","Key":"v"}]}`))
	f.Add([]byte(`{"Email":"\ud800"} `))
	f.Fuzz(func(t *testing.T, body []byte) {
		op := awsmodel.Organizations().Operation("CreateAccount")
		in := new(organizations.CreateAccountInput)
		err := awsjson.Decode(op, body, in)
		var malformed *awsmodel.InputError
		var invalid *awsmodel.ValidationError
		if err != nil {
			if !errors.As(err, &malformed) && !errors.As(err, &invalid) {
				t.Fatalf("neither malformed nor invalid: %v", err)
			}
			return
		}
		// What we read is what the standard library reads, which is more lenient.
		want := new(organizations.CreateAccountInput)
		if len(strings.TrimSpace(string(body))) == 0 {
			return
		}
		exact := map[string]json.RawMessage{}
		if err := json.Unmarshal(body, &exact); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(exact["Email"], &want.Email); exact["Email"] != nil && err != nil {
			t.Fatal(err)
		}
		if aws.ToString(want.Email) != aws.ToString(in.Email) {
			t.Fatalf("%q, not %q", aws.ToString(in.Email), aws.ToString(want.Email))
		}
	})
}

// FuzzEncode holds that a response is JSON whatever the strings hold, and that text arrives.
func FuzzEncode(f *testing.F) {
	f.Add("Bob\x00\xff\u2028")
	f.Fuzz(func(t *testing.T, name string) {
		body, _ := awsjson.EncodeError(nil, awsmodel.Organizations(), "X", name, "")
		var got struct{ Message string }
		if err := json.Unmarshal(body, &got); err != nil || got.Message != string([]rune(name)) {
			t.Fatalf("%v: %s", err, body)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	op := awsmodel.Organizations().Operation("CreateAccount")
	body := []byte(`{"AccountName":"a","Email":"b@example.com","Tags":[{"Key":"k","Value":"v"}]}`)
	b.ReportAllocs()
	for b.Loop() {
		var in organizations.CreateAccountInput
		if err := awsjson.DecodeInput(op, body, &in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	op := awsmodel.Organizations().Operation("ListAccounts")
	now := time.Now()
	out := new(organizations.ListAccountsOutput)
	for range 20 {
		out.Accounts = append(out.Accounts, types.Account{Id: aws.String("123456789012"), Name: aws.String("build"),
			Email: aws.String("build@example.com"), JoinedTimestamp: &now, Status: types.AccountStatusActive})
	}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buffer, err = awsjson.EncodeResponse(buffer[:0], op, out); err != nil {
			b.Fatal(err)
		}
	}
}
