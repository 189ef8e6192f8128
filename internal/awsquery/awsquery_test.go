package awsquery_test

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/awsquery"
)

// That every operation's requests and responses are those of AWS's SDK is tested in package awsmodel.

func values(t testing.TB, query string) url.Values {
	form, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func TestDecode(t *testing.T) {
	bob := aws.String("Bob")
	tests := []struct {
		operation, query string
		want             any
	}{
		{"CreateUser", "Action=CreateUser&Version=2010-05-08&UserName=Bob", &iam.CreateUserInput{UserName: bob}},
		{"CreateUser", "UserName=", &iam.CreateUserInput{UserName: aws.String("")}},
		{"CreateUser", "username=Bob&UserName.x=1&Nothing=1&Nothing=2&.=&=", &iam.CreateUserInput{}},
		{"CreateUser", "UserName=Bob&Tags=", &iam.CreateUserInput{UserName: bob, Tags: []types.Tag{}}},
		{"CreateUser", "Tags.member.1.Key=a&Tags.member.1.Value=b", &iam.CreateUserInput{Tags: []types.Tag{tag("a", "b")}}},
		// The numbers are an order: 10 after 2, and a gap costs nothing.
		{"UntagUser", "TagKeys.member.10=c&TagKeys.member.2=b&TagKeys.member.1=a&TagKeys.member.999999999=d",
			&iam.UntagUserInput{TagKeys: []string{"a", "b", "c", "d"}}},
		{"CreateUser", "Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.10.Key=c&Tags.member.10.Value=3" +
			"&Tags.member.2.Key=b&Tags.member.2.Value=2",
			&iam.CreateUserInput{Tags: []types.Tag{tag("a", "1"), tag("b", "2"), tag("c", "3")}}},
		// What an element does not have is ignored; the element is there.
		{"CreateUser", "Tags.member.1.Colour=red", &iam.CreateUserInput{Tags: []types.Tag{{}}}},
		{"ListUsers", "MaxItems=%2B7", &iam.ListUsersInput{MaxItems: aws.Int32(7)}},
		{"ListPolicies", "OnlyAttached=1&Scope=Local", &iam.ListPoliciesInput{OnlyAttached: true, Scope: "Local"}},
		{"ListPolicies", "OnlyAttached=false", &iam.ListPoliciesInput{}},
		{"SimulateCustomPolicy", "ContextEntries.member.1.ContextKeyName=k" +
			"&ContextEntries.member.1.ContextKeyValues.member.1=v&ContextEntries.member.1.ContextKeyValues.member.3=w",
			&iam.SimulateCustomPolicyInput{ContextEntries: []types.ContextEntry{
				{ContextKeyName: aws.String("k"), ContextKeyValues: []string{"v", "w"}}}}},
		{"GetAccountSummary", "UserName=Bob", &iam.GetAccountSummaryInput{}},
	}
	for _, test := range tests {
		got := reflect.New(reflect.TypeOf(test.want).Elem()).Interface()
		err := awsquery.Decode(awsmodel.IAM().Operation(test.operation), values(t, test.query), got)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v", test.query, got, err)
		}
	}
}

func TestDecodeMalformed(t *testing.T) {
	tests := []struct{ operation, query, want string }{
		{"CreateUser", "UserName=a&UserName=b", "The parameter UserName is there more than once"},
		{"CreateUser", "UserName=%ff", "The parameter UserName is not UTF-8"},
		{"CreateUser", "Tags=red", "The parameter Tags is not a single value: its elements are Tags.member.1 and so on"},
		{"CreateUser", "Tags.1.Key=a",
			"The parameter Tags.1.Key is no element of Tags: its elements are Tags.member.1 and so on"},
		{"CreateUser", "Tags.member.0.Key=a", "The parameter Tags.member.0.Key is no element"},
		{"CreateUser", "Tags.member.-1.Key=a", "The parameter Tags.member.-1.Key is no element"},
		{"CreateUser", "Tags.member.01.Key=a", "The parameter Tags.member.01.Key is no element"},
		{"CreateUser", "Tags.member..Key=a", "The parameter Tags.member..Key is no element"},
		{"CreateUser", "Tags.member=a", "The parameter Tags.member is no element"},
		{"CreateUser", "Tags.member.99999999999999999999.Key=a", "The parameter Tags.member.99999999999999999999.Key is no"},
		{"CreateUser", "Tags.%ff=a", "The parameter Tags.\uFFFD is no element"},
		{"ListUsers", "MaxItems=ten", "The parameter MaxItems must be an integer"},
		{"ListUsers", "MaxItems=", "The parameter MaxItems must be an integer"},
		{"ListUsers", "MaxItems=1e3", "The parameter MaxItems must be an integer"},
		{"ListUsers", "MaxItems=4294967296", "The parameter MaxItems is out of the range of integers"},
		{"ListPolicies", "OnlyAttached=yes", "The parameter OnlyAttached: boolean must follow xsd1.1 definition"},
	}
	for _, test := range tests {
		op := awsmodel.IAM().Operation(test.operation)
		in := map[string]any{"CreateUser": &iam.CreateUserInput{}, "ListUsers": &iam.ListUsersInput{},
			"ListPolicies": &iam.ListPoliciesInput{}}[test.operation]
		var e *awsmodel.InputError
		if err := awsquery.Decode(op, values(t, test.query), in); !errors.As(err, &e) || e.Code != "MalformedInput" ||
			!strings.HasPrefix(e.Message, test.want) {
			t.Errorf("%s: %v", test.query, err)
		}
	}
}

func TestDecodeBounds(t *testing.T) {
	op := awsmodel.IAM().Operation("UntagUser")
	form := url.Values{}
	for i := range awsquery.MaxParameters {
		form.Set("TagKeys.member."+strconv.Itoa(i+1), "k")
	}
	in := new(iam.UntagUserInput)
	if err := awsquery.Decode(op, form, in); err != nil || len(in.TagKeys) != awsquery.MaxParameters {
		t.Errorf("%d keys, %v", len(in.TagKeys), err)
	}
	form.Set("One", "more")
	var e *awsmodel.InputError
	if err := awsquery.Decode(op, form, new(iam.UntagUserInput)); !errors.As(err, &e) {
		t.Error(err)
	}
}

func TestDecodeInput(t *testing.T) {
	for _, test := range []struct{ operation, query, want string }{
		{"CreateUser", "UserName=Bob", ""},
		{"CreateUser", "Path=/", "1 validation error detected: Value null at 'userName' failed to satisfy constraint: " +
			"Member must not be null"},
		{"ListPolicies", "Scope=", "1 validation error detected: Value at 'scope' failed to satisfy constraint: " +
			"Member must satisfy enum value set: [All, AWS, Local]"},
		{"ListPolicies", "Scope=Mine&MaxItems=0", "2 validation errors detected: Value at 'scope' failed to satisfy " +
			"constraint: Member must satisfy enum value set: [All, AWS, Local]; Value '0' at 'maxItems' failed to " +
			"satisfy constraint: Member must have value greater than or equal to 1"},
	} {
		in := map[string]any{"CreateUser": &iam.CreateUserInput{}, "ListPolicies": &iam.ListPoliciesInput{}}[test.operation]
		got := ""
		if err := awsquery.DecodeInput(awsmodel.IAM().Operation(test.operation), values(t, test.query), in); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s", test.query, got)
		}
	}
}

func TestEncodeResponse(t *testing.T) {
	created := time.Date(2026, 9, 28, 12, 30, 0, 999, time.FixedZone("", 7200))
	user := types.User{
		UserName: aws.String("Bob"), Path: aws.String("/"), UserId: aws.String("AIDA"),
		Arn: aws.String("arn:aws:iam::1:user/Bob"), CreateDate: &created,
	}
	const userXML = `<Path>/</Path><UserName>Bob</UserName><UserId>AIDA</UserId><Arn>arn:aws:iam::1:user/Bob</Arn>` +
		`<CreateDate>2026-09-28T10:30:00Z</CreateDate>`
	const end = `<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></`
	const ns = ` xmlns="https://iam.amazonaws.com/doc/2010-05-08/">`
	for _, test := range []struct {
		operation string
		out       any
		want      string
	}{
		{"CreateUser", &iam.CreateUserOutput{User: &user}, `<CreateUserResponse` + ns + `<CreateUserResult><User>` + userXML +
			`</User></CreateUserResult>` + end + `CreateUserResponse>`},
		{"DeleteUser", nil, `<DeleteUserResponse` + ns + end + `DeleteUserResponse>`},
		{"DeleteUser", &iam.DeleteUserOutput{}, `<DeleteUserResponse` + ns + end + `DeleteUserResponse>`},
		// Lists and IsTruncated are there even if nil and false; a user's tags are not.
		{"ListUsers", &iam.ListUsersOutput{}, `<ListUsersResponse` + ns + `<ListUsersResult><Users></Users>` +
			`<IsTruncated>false</IsTruncated></ListUsersResult>` + end + `ListUsersResponse>`},
		{"ListUsers", &iam.ListUsersOutput{Users: []types.User{user}, IsTruncated: true, Marker: aws.String("<m>")},
			`<ListUsersResponse` + ns + `<ListUsersResult><Users><member>` + userXML + `</member></Users>` +
				`<IsTruncated>true</IsTruncated><Marker>&lt;m&gt;</Marker></ListUsersResult>` + end + `ListUsersResponse>`},
		{"GetInstanceProfile", &iam.GetInstanceProfileOutput{InstanceProfile: &types.InstanceProfile{}},
			`<GetInstanceProfileResponse` + ns + `<GetInstanceProfileResult><InstanceProfile><Roles></Roles></InstanceProfile>` +
				`</GetInstanceProfileResult>` + end + `GetInstanceProfileResponse>`},
		{"GetAccountSummary", &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{"Users": 2, "Groups": 0}},
			`<GetAccountSummaryResponse` + ns + `<GetAccountSummaryResult><SummaryMap><entry><key>Groups</key>` +
				`<value>0</value></entry><entry><key>Users</key><value>2</value></entry></SummaryMap>` +
				`</GetAccountSummaryResult>` + end + `GetAccountSummaryResponse>`},
	} {
		got, err := awsquery.EncodeResponse([]byte("kept "), awsmodel.IAM().Operation(test.operation), test.out, "id")
		if err != nil || string(got) != "kept "+test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", test.operation, err, got, test.want)
		}
	}
}

func TestEncodeResponseRefusesAnotherOutput(t *testing.T) {
	op := awsmodel.IAM().Operation("CreateUser")
	var nothing *iam.CreateUserOutput
	for _, out := range []any{nil, nothing, iam.CreateUserOutput{}, &iam.ListUsersOutput{}, 7} {
		if _, err := awsquery.EncodeResponse(nil, op, out, "id"); err == nil {
			t.Errorf("%T was encoded", out)
		}
	}
}

func TestEncodeError(t *testing.T) {
	const message = "The user with name <b> cannot be found."
	body, status := awsquery.EncodeError(nil, awsmodel.IAM(), "NoSuchEntity", message, "id")
	const want = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>` +
		`<Code>NoSuchEntity</Code><Message>The user with name &lt;b&gt; cannot be found.</Message></Error>` +
		`<RequestId>id</RequestId></ErrorResponse>`
	if string(body) != want || status != 404 {
		t.Errorf("%d %s", status, body)
	}
	body, status = awsquery.EncodeError(nil, awsmodel.STS(), "ServiceFailure", "", "id")
	if !strings.Contains(string(body), "<Type>Receiver</Type>") || status != 500 {
		t.Errorf("%d %s", status, body)
	}
}

// Whatever a name holds, the XML is well formed, and what XML can carry arrives.
func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\tc\n":           "a\r\nb\tc\n",
		"]]><&\"'>":             "]]><&\"'>",
		"\x00\x01\x1f":          "\uFFFD\uFFFD\uFFFD",
		"\xff\xc3(":             "\uFFFD\uFFFD(",
		"\uFFFE\uFFFF\uFFFD":    "\uFFFD\uFFFD\uFFFD",
		"\xed\xa0\x80":          "\uFFFD\uFFFD\uFFFD", // half of a surrogate pair
		"日本 😀 \u0085\u2028\x7f": "日本 😀 \u0085\u2028\x7f",
	} {
		body, _ := awsquery.EncodeError(nil, awsmodel.IAM(), "X", in, "id")
		var got struct{ Error struct{ Message string } }
		if err := xml.Unmarshal(body, &got); err != nil || got.Error.Message != want {
			t.Errorf("%q became %q, %v", in, got.Error.Message, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("UserName=Bob&Tags.member.1.Key=a&Tags.member.1.Value=b", uint8(0))
	f.Add("Tags.member.1.Key=a&Tags.member.999999999.Value=b&Tags=", uint8(0))
	f.Add("TagKeys.member.1=a&TagKeys.member.1=b", uint8(1))
	f.Add("ContextEntries.member.1.ContextKeyValues.member.1=v&MaxItems=-1", uint8(2))
	f.Add("PolicyArns.member.1.arn=arn:aws:iam::aws:policy/A&DurationSeconds=900", uint8(3))
	f.Fuzz(func(t *testing.T, query string, which uint8) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		service, name, in := awsmodel.IAM(), "", any(nil)
		switch which % 4 {
		case 0:
			name, in = "CreateUser", &iam.CreateUserInput{}
		case 1:
			name, in = "UntagUser", &iam.UntagUserInput{}
		case 2:
			name, in = "SimulateCustomPolicy", &iam.SimulateCustomPolicyInput{}
		case 3:
			service, name, in = awsmodel.STS(), "AssumeRole", &sts.AssumeRoleInput{}
		}
		before := maps.Clone(form)
		err = awsquery.DecodeInput(service.Operation(name), form, in)
		if !reflect.DeepEqual(before, form) {
			t.Fatal("the form was changed")
		}
		var malformed *awsmodel.InputError
		var invalid *awsmodel.ValidationError
		if err != nil && !errors.As(err, &malformed) && !errors.As(err, &invalid) {
			t.Fatalf("neither malformed nor invalid: %v", err)
		}
		if err != nil {
			// Whatever the message repeats of the request fits into a response.
			body, _ := awsquery.EncodeError(nil, service, "X", err.Error(), "id")
			if err := wellFormed(body); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
		}
	})
}

// FuzzEncode holds that a response is well-formed XML whatever the strings hold.
func FuzzEncode(f *testing.F) {
	f.Add("Bob", "<tag>", "&\x00")
	f.Fuzz(func(t *testing.T, name, key, value string) {
		body, err := awsquery.EncodeResponse(nil, awsmodel.IAM().Operation("GetUser"), &iam.GetUserOutput{
			User: &types.User{UserName: &name, Tags: []types.Tag{{Key: &key, Value: &value}}}}, "id")
		if err == nil {
			err = wellFormed(body)
		}
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	})
}

func wellFormed(body []byte) error {
	for d := xml.NewDecoder(strings.NewReader(string(body))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func BenchmarkDecodeGetUser(b *testing.B) {
	op := awsmodel.IAM().Operation("GetUser")
	form := values(b, "Action=GetUser&Version=2010-05-08&UserName=Bob")
	b.ReportAllocs()
	for b.Loop() {
		var in iam.GetUserInput
		if err := awsquery.DecodeInput(op, form, &in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeListAttachedRolePolicies(b *testing.B) {
	op := awsmodel.IAM().Operation("ListAttachedRolePolicies")
	form := values(b, "Action=ListAttachedRolePolicies&Version=2010-05-08&RoleName=deploy&PathPrefix=/&MaxItems=100")
	b.ReportAllocs()
	for b.Loop() {
		var in iam.ListAttachedRolePoliciesInput
		if err := awsquery.DecodeInput(op, form, &in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeAssumeRole(b *testing.B) {
	op := awsmodel.STS().Operation("AssumeRole")
	form := values(b, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/deploy"+
		"&RoleSessionName=me&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c&Tags.member.2.Value=d"+
		"&TransitiveTagKeys.member.1=a")
	b.ReportAllocs()
	for b.Loop() {
		var in sts.AssumeRoleInput
		if err := awsquery.DecodeInput(op, form, &in); err != nil || len(in.Tags) != 2 {
			b.Fatal(err, []ststypes.Tag(in.Tags))
		}
	}
}

func BenchmarkEncodeGetUser(b *testing.B) {
	op := awsmodel.IAM().Operation("GetUser")
	now := time.Now()
	out := &iam.GetUserOutput{User: &types.User{
		UserName: aws.String("Bob"), Path: aws.String("/"), UserId: aws.String("AIDACKCEVSQ6C2EXAMPLE"),
		Arn: aws.String("arn:aws:iam::123456789012:user/Bob"), CreateDate: &now, Tags: []types.Tag{tag("a", "b")},
	}}
	benchmarkEncode(b, op, out)
}

func BenchmarkEncodeListAttachedRolePolicies(b *testing.B) {
	op := awsmodel.IAM().Operation("ListAttachedRolePolicies")
	out := new(iam.ListAttachedRolePoliciesOutput)
	for range 10 {
		out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{
			PolicyArn:  aws.String("arn:aws:iam::aws:policy/AdministratorAccess-Amplify"),
			PolicyName: aws.String("AdministratorAccess-Amplify"),
		})
	}
	benchmarkEncode(b, op, out)
}

func benchmarkEncode(b *testing.B, op *awsmodel.Operation, out any) {
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buffer, err = awsquery.EncodeResponse(buffer[:0], op, out, "c6104cbe-af31-11e0-8154-cbc7ccf896c7"); err != nil {
			b.Fatal(err)
		}
	}
}
