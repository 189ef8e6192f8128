package cloudtrail_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/internal/audit"
	"github.com/writ-iam/writ/internal/cloudtrail"
)

// event writes a record of a call.
func event(source, name, parameters string) string {
	return fmt.Sprintf(`{"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/dev"}, "eventTime": "2026-01-02T03:04:05Z", "eventSource": "%s.amazonaws.com", "eventName": %q, "awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "requestParameters": %s}`, source, name, parameters)
}

func read(text string) (records []*cloudtrail.Record, err error) {
	err = cloudtrail.Read(strings.NewReader(text), func(r *cloudtrail.Record) error {
		records = append(records, r)
		return nil
	})
	return records, err
}

func TestCall(t *testing.T) {
	const in = "eu-west-1:111122223333:"
	for _, test := range []struct{ source, name, parameters, want string }{
		{"s3", "ListObjects", `{"bucketName": "b"}`, "s3:ListBucket arn:aws:s3:::b"},
		{"s3", "HeadObject", `{"bucketName": "b", "key": "d/k"}`, "s3:GetObject arn:aws:s3:::b/d/k"},
		{"s3", "CreateMultipartUpload", `{"bucketName": "b", "key": "k"}`, "s3:PutObject arn:aws:s3:::b/k"},
		{"s3", "CopyObject", `{"bucketName": "b", "key": "k", "x-amz-copy-source": "a/from"}`, "s3:PutObject arn:aws:s3:::b/k; s3:GetObject arn:aws:s3:::a/from"},
		{"s3", "GetBucketEncryption", `{"bucketName": "b"}`, "s3:GetEncryptionConfiguration arn:aws:s3:::b"},
		{"s3", "ListBuckets", `null`, "s3:ListAllMyBuckets *"},
		{"s3", "GetObject", `{"bucketName": "b", "key": "${aws:username}/k"}`, "s3:GetObject arn:aws:s3:::b/*/k"},
		{"lambda", "UpdateFunctionCode20150331v2", `{"functionName": "f"}`, "lambda:UpdateFunctionCode arn:aws:lambda:" + in + "function:f"},
		{"lambda", "Invoke", `{"functionName": "f", "qualifier": "live"}`, "lambda:InvokeFunction arn:aws:lambda:" + in + "function:f:live"},
		{"lambda", "CreateFunction20150331", `{"functionName": "f", "role": "arn:aws:iam::111122223333:role/r"}`,
			"lambda:CreateFunction arn:aws:lambda:" + in + "function:f; iam:PassRole arn:aws:iam::111122223333:role/r lambda.amazonaws.com"},
		{"cloudformation", "CreateStack", `{"stackName": "s", "roleARN": "arn:aws:iam::111122223333:role/r"}`,
			"cloudformation:CreateStack arn:aws:cloudformation:" + in + "stack/s/*; iam:PassRole arn:aws:iam::111122223333:role/r cloudformation.amazonaws.com"},
		{"cognito-identity", "SetIdentityPoolRoles", `{"identityPoolId": "eu-west-1:1", "roles": {"authenticated": "arn:aws:iam::111122223333:role/r"}}`,
			"cognito-identity:SetIdentityPoolRoles *; iam:PassRole arn:aws:iam::111122223333:role/r cognito-identity.amazonaws.com"},
		{"sts", "AssumeRole", `{"roleArn": "arn:aws:iam::111122223333:role/p/r"}`, "sts:AssumeRole arn:aws:iam::111122223333:role/p/r"},
		{"iam", "CreateRole", `{"roleName": "r", "path": "/p/"}`, "iam:CreateRole arn:aws:iam::111122223333:role/p/r"},
		{"iam", "CreateAccessKey", `null`, "iam:CreateAccessKey arn:aws:iam::111122223333:user/dev"},
		{"iam", "GetPolicy", `{"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}`, "iam:GetPolicy arn:aws:iam::aws:policy/ReadOnlyAccess"},
		{"dynamodb", "Query", `{"tableName": "t", "indexName": "i"}`, "dynamodb:Query arn:aws:dynamodb:" + in + "table/t/index/i"},
		{"dynamodb", "PutItem", `{"tableName": "t"}`, "dynamodb:PutItem arn:aws:dynamodb:" + in + "table/t"},
		{"cognito-idp", "CreateGroup", `{"userPoolId": "eu-west-1_1"}`, "cognito-idp:CreateGroup arn:aws:cognito-idp:" + in + "userpool/eu-west-1_1"},
		{"logs", "CreateLogGroup", `{"logGroupName": "/aws/lambda/f"}`, "logs:CreateLogGroup arn:aws:logs:" + in + "log-group:/aws/lambda/f:*"},
		{"ssm", "GetParameters", `{"names": ["/a/b", "c"]}`, "ssm:GetParameters arn:aws:ssm:" + in + "parameter/a/b; ssm:GetParameters arn:aws:ssm:" + in + "parameter/c"},
		{"sns", "Publish", `{"topicArn": "arn:aws:sns:eu-west-1:111122223333:t"}`, "sns:Publish arn:aws:sns:" + in + "t"},
		{"sqs", "SendMessageBatch", `{"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/q"}`, "sqs:SendMessage arn:aws:sqs:" + in + "q"},
		{"events", "PutRule", `{"name": "r", "eventBusName": "default"}`, "events:PutRule arn:aws:events:" + in + "rule/r"},
		{"kinesis", "PutRecord", `{"streamName": "s"}`, "kinesis:PutRecord arn:aws:kinesis:" + in + "stream/s"},
		{"states", "StartExecution", `{"stateMachineArn": "arn:aws:states:eu-west-1:111122223333:stateMachine:m"}`, "states:StartExecution arn:aws:states:" + in + "stateMachine:m"},
		{"amplify", "GetApp", `{"appId": "d1"}`, "amplify:GetApp arn:aws:amplify:" + in + "apps/d1"},
		{"apigateway", "CreateRestApi", `{}`, "apigateway:POST arn:aws:apigateway:eu-west-1::/restapis"},
		{"apigateway", "GetRestApis", `{}`, "apigateway:GET arn:aws:apigateway:eu-west-1::/restapis"},
		{"apigateway", "CreateResource", `{"restApiId": "a", "parentId": "p"}`, "apigateway:POST arn:aws:apigateway:eu-west-1::/restapis/a/resources/p"},
		{"apigateway", "DeleteStage", `{"apiId": "a", "stageName": "s"}`, "apigateway:DELETE arn:aws:apigateway:eu-west-1::/apis/a/stages/s"},
		{"cloudfront", "GetDistribution2020_05_31", `{"id": "E1"}`, "cloudfront:GetDistribution arn:aws:cloudfront::111122223333:distribution/E1"},
		{"monitoring", "PutMetricData", `{}`, "cloudwatch:PutMetricData *"},
		{"nowhere", "Do", `{}`, "the service reference knows no service of nowhere.amazonaws.com"},
		{"iam", "Frobnicate", `{}`, "the service reference has no action for Frobnicate of iam.amazonaws.com"},
	} {
		records, err := read(event(test.source, test.name, test.parameters))
		if err != nil || len(records) != 1 {
			t.Errorf("%s: %d records, %v", test.name, len(records), err)
			continue
		}
		calls, reason := records[0].Call()
		var got []string
		for _, c := range calls {
			got = append(got, strings.TrimSpace(c.Action+" "+c.Resource+" "+strings.Join(c.Context["iam:PassedToService"], " ")))
		}
		if text := strings.Join(got, "; ") + reason; text != test.want {
			t.Errorf("%s %s: got  %s\nwant %s", test.name, test.parameters, text, test.want)
		}
	}
}

func TestForms(t *testing.T) {
	one := event("iam", "ListUsers", "null")
	text, _ := json.Marshal(one)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte(`{"Records": [` + one + `,` + one + `]}`))
	w.Close()
	for form, want := range map[string]int{
		"": 0, one: 1, one + "\n" + one + "\n": 2, "[" + one + "]": 1, "[]": 0, `{"Records": []}`: 0,
		`{"NextToken": "x", "Events": [{"EventId": "1", "CloudTrailEvent": ` + string(text) + `}]}`: 1,
		`{"Events": [` + one + `], "NextToken": {"a": [1, 2]}}`:                                     1, zipped.String(): 2, "\ufeff" + one: 1,
	} {
		records, err := read(form)
		if err != nil || len(records) != want {
			t.Errorf("%.60q: %d records and %v, not %d", form, len(records), err, want)
		}
	}
	if _, err := read(zipped.String()[:zipped.Len()-20]); err == nil || !strings.Contains(err.Error(), "the compressed data ends in the middle") {
		t.Errorf("gzip that is cut off: %v", err)
	}
}

func TestErrors(t *testing.T) {
	one := event("iam", "ListUsers", "null")
	for text, want := range map[string]string{
		`{"Records": [` + one + `, 3]}`:                     "record 2, byte",
		`[` + one + `,` + one[:50]:                          "the text ends in the middle of a record",
		`"x"`:                                               `record 1, byte 0: expected a record or a list of them, found '"'`,
		`{"digestStartTime": "x"}`:                          "this is no record of CloudTrail: it has no eventTime",
		event("iam", "X", "[1]"):                            "requestParameters: expected an object, found a list",
		strings.Replace(one, `"ListUsers"`, "5", 1):         "eventName: expected a string, found a number",
		strings.Replace(one, "2026-01-02", "yesterday", 1):  "is no time",
		strings.Replace(one, "{", `{"eventName": "x", `, 1): "eventName: the member is given twice",
		event("iam", "X", strings.Repeat(`{"a":`, 100000)+"1"+strings.Repeat("}", 100000)): "nested more than 64 deep",
		event("iam", "X", `{"a": "`+strings.Repeat("x", cloudtrail.MaxSize)+`"}`):          "bytes, the most that are read of one",
		strings.Repeat("[", 100000): "expected a record, found '['",
	} {
		_, err := read(text)
		if _, ok := errors.AsType[*cloudtrail.Error](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v; want %q", text, err, want)
		}
	}
}

func TestThroughAndOutcome(t *testing.T) {
	file, err := os.ReadFile("testdata/trail.json")
	if err != nil {
		t.Fatal(err)
	}
	records, err := read(string(file))
	if err != nil || len(records) != 4 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if got := records[1].Through(); got != "cloudformation.amazonaws.com" {
		t.Errorf("through %q", got)
	}
	records[1].UserIdentity.ARN = "arn:aws:sts::111122223333:assumed-role/cfn/AWSCloudFormation"
	if got := records[1].Through(); got != "" {
		t.Errorf("the call of a service role is through %q", got)
	}
	for code, want := range map[string]cloudtrail.Outcome{
		"": cloudtrail.Used, "AccessDenied": cloudtrail.Denied, "Client.UnauthorizedOperation": cloudtrail.Denied, "ResourceNotFoundException": cloudtrail.Used,
		"EntityAlreadyExists": cloudtrail.Used, "ThrottlingException": cloudtrail.Failed, "RequestLimitExceeded": cloudtrail.Failed, "ValidationException": cloudtrail.Failed,
	} {
		if got := (&cloudtrail.Record{ErrorCode: code}).Outcome(); got != want {
			t.Errorf("%s: %d, not %d", code, got, want)
		}
	}
}

// FuzzRead reads anything without a panic, and what it reads becomes calls, or a reason.
func FuzzRead(f *testing.F) {
	file, err := os.ReadFile("testdata/trail.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte(event("apigateway", "Creates", `{"a": ["arn:aws:iam::1:role/${"]}`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		cloudtrail.Read(bytes.NewReader(text), func(r *cloudtrail.Record) error {
			calls, reason := r.Call()
			if (len(calls) == 0) != (reason != "") {
				t.Errorf("%d calls, and the reason %q", len(calls), reason)
			}
			for _, c := range calls {
				if strings.Contains(c.Resource, "${") {
					t.Errorf("%s would be a variable", c.Resource)
				}
			}
			return nil
		})
	})
}

// TestAuditLog reads what package audit writes.
func TestAuditLog(t *testing.T) {
	var out bytes.Buffer
	log := audit.New(&out)
	name, doc := "deploy", "{}"
	err := log.Write(&audit.Record{
		UserIdentity: audit.UserIdentity{Type: audit.IAMUser, ARN: "arn:aws:iam::111122223333:user/dev", AccountID: "111122223333"},
		EventTime:    audit.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, EventSource: "iam.amazonaws.com", EventName: "CreateRole", AWSRegion: "us-east-1",
		RequestParameters: audit.Parameters(&iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &doc}), RecipientAccountID: "111122223333",
	})
	if err != nil {
		t.Fatal(err)
	}
	records, err := read(out.String())
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	calls, reason := records[0].Call()
	if len(calls) != 1 || calls[0].Action != "iam:CreateRole" || calls[0].Resource != "arn:aws:iam::111122223333:role/deploy" {
		t.Errorf("%+v %s", calls, reason)
	}
}
