package writtest_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/writtest"
)

// The example of the package's documentation, word for word.
func TestUpload(t *testing.T) {
	srv, ctx := writtest.New(t), t.Context()
	user, policy := aws.String("uploader"), aws.String(`{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}}`)
	srv.IAM().CreateUser(ctx, &iam.CreateUserInput{UserName: user})
	srv.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: user, PolicyDocument: policy})
	key, err := srv.IAM().CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
	if err != nil {
		t.Fatal(err)
	}
	uploader := iam.NewFromConfig(srv.Config(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, ""))
	if _, err := uploader.ListUsers(ctx, nil); err != nil {
		t.Error(err)
	}
	if _, err := uploader.ListRoles(ctx, nil); err == nil {
		t.Error("the uploader may list roles")
	}
}

func TestTheDocumentationHasTheExample(t *testing.T) {
	test, err := os.ReadFile("writtest_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(test), "func TestUpload")
	example, _, _ = strings.Cut("func TestUpload"+example, "\n}\n")
	doc, err := os.ReadFile("writtest.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.SplitSeq(string(doc), "\n") {
		if strings.HasPrefix(line, "//") {
			lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(line, "//"), "\t"))
		}
	}
	if !strings.Contains(strings.Join(lines, "\n"), example) {
		t.Errorf("the package's documentation does not have\n%s", example)
	}
}

func TestTheClockIsTheTests(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	srv := writtest.NewAt(t, func() time.Time { return now })
	var told smithy.APIError
	if _, err := srv.STS().GetCallerIdentity(t.Context(), nil); !errors.As(err, &told) || told.ErrorCode() != "SignatureDoesNotMatch" {
		t.Errorf("signed by another clock: %v", err)
	}
	now = time.Now()
	if _, err := srv.STS().GetCallerIdentity(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := srv.Organizations().CreateOrganization(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestTheEnvironmentIsThatOfTheAWSCLI(t *testing.T) {
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Fatal("there is no AWS CLI")
	}
	srv := writtest.New(t)
	c := exec.Command(path, "--endpoint-url", srv.URL, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
	c.Env = append(os.Environ(), srv.Env()...)
	out, err := c.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "arn:aws:iam::"+writtest.Account+":root" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTwoServersShareNothing(t *testing.T) {
	one, two := writtest.New(t), writtest.New(t)
	c := two.Config(one.AccessKeyID, one.SecretAccessKey, "")
	var told smithy.APIError
	if _, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil); !errors.As(err, &told) || told.ErrorCode() != "InvalidClientTokenId" {
		t.Errorf("a key of another server: %v", err)
	}
}
