package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// exampleFiles are the files that the examples name.
const exampleFiles = `
-- policy.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
-- boundary.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
-- root.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
-- ou.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
-- team.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}}
-- trust.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}
-- new.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}}
-- bucket.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}}
-- new-bucket.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}}
-- readers.json --
{"AccessLevels": ["List", "Read"], "Except": {"Services": ["secretsmanager"], "Actions": ["s3:GetObject", "*:*Secret*"]}}
-- readers-policy.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}}
-- details.json --
{"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/u", "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess-Amplify"}]},
  {"Arn": "arn:aws:iam::111122223333:user/dev", "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}]}],
 "RoleDetailList": [{"Arn": "arn:aws:iam::111122223333:role/deployer", "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
  "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}}]}
-- organization.json --
{"Accounts": [{"Id": "111122223333", "ServiceControlPolicies": [{"Id": "r-1", "Name": "Root", "Policies": []}]}]}
-- app/template.yaml --
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
-- calls.json --
{"Records": [{"eventTime": "2026-01-02T03:04:05Z", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets"}]}
-- cases.jsonl --
{"id": "x", "request": {"action": "s3:GetObject"}, "policies": {"identity": ["ReadOnlyAccess"]}}
`

// TestHelpExamplesRun runs every example of every help text.
func TestHelpExamplesRun(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, f := range txtar.Parse([]byte(exampleFiles)).Files {
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ran := 0
	for _, command := range []string{"", "decide", "diff", "check", "check no-new-access", "check access-not-granted",
		"check no-public-access", "validate", "escalate", "escalate paths", "escalate graph", "escalate who-can", "escalate what-can", "escalate methods", "needs", "catalog", "catalog list", "catalog audit", "catalog rule",
		"catalog affected", "version"} {
		_, help, _ := run(t, "", append(strings.Fields(command), "--help")...)
		_, examples, ok := strings.Cut(help, "\nExamples:\n")
		if !ok {
			t.Errorf("the help of writ %s has no examples", command)
		}
		examples, _, _ = strings.Cut(examples, "\n\n")
		for line := range strings.Lines(examples) {
			words := words(line)
			if words[0] != "writ" {
				t.Errorf("not an example: %s", line)
			}
			if status, stdout, stderr := run(t, "", words[1:]...); status == 2 || stdout == "" || stderr != "" && !strings.Contains(line, " > ") {
				t.Errorf("%s: exit status %d, %d bytes out, error %s", line, status, len(stdout), stderr)
			}
			ran++
		}
	}
	if ran < 30 {
		t.Errorf("only %d examples were found", ran)
	}
}

// words splits a line as a shell does: words in single quotes, and nothing behind a >.
func words(line string) (words []string) {
	line, _, _ = strings.Cut(line, " > ")
	for _, w := range strings.Fields(line) {
		words = append(words, strings.Trim(w, "'"))
	}
	return words
}
