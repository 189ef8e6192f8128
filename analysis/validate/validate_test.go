package validate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/analysis/validate"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// TestEachCodeOfAWSIsJudgedOrListed holds the table of checks against AWS's list of codes.
func TestEachCodeOfAWSIsJudgedOrListed(t *testing.T) {
	types := map[string]string{}
	for _, c := range validate.Checks() {
		if types[c.Code] != "" {
			t.Errorf("%s is in the table twice", c.Code)
		}
		types[c.Code] = c.Type.String()
	}
	codes, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	divergences, err := os.ReadFile("../../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	judged := 0
	listed := map[string]bool{}
	for line := range strings.Lines(string(codes)) {
		code, kind, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || code == "#" {
			continue
		}
		listed[code] = true
		switch types[code] {
		case kind:
			judged++
		case "":
			if !bytes.Contains(divergences, []byte("`"+code+"`")) {
				t.Errorf("%s is neither judged nor listed in docs/divergences.md", code)
			}
		default:
			t.Errorf("%s is a %s, not a %s", code, kind, types[code])
		}
	}
	if judged < 120 {
		t.Errorf("only %d codes of AWS are judged", judged)
	}
	for code := range types {
		if !listed[code] && !bytes.Contains(divergences, []byte("`"+code+"`")) {
			t.Errorf("%s is not in AWS's list, and docs/divergences.md does not say where it comes from", code)
		}
	}
}

func TestEachCheckIsTested(t *testing.T) {
	for _, c := range validate.Checks() {
		switch c.Code {
		case "UNSUPPORTED_RESOURCE_ARN_IN_POLICY": // below
			continue
		}
		if !slices.ContainsFunc(pairs, func(p pair) bool { return p.code == c.Code }) {
			t.Errorf("no document is there for %s", c.Code)
		}
	}
}

func TestResourceTypeSaysWhatThePolicyCanName(t *testing.T) {
	const start, end = `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", `, `}}`
	bucket := validate.Options{Type: validate.Resource, ResourceType: "AWS::S3::Bucket"}
	for _, c := range []struct {
		code, has, not string
	}{
		{"UNSUPPORTED_RESOURCE_ARN_IN_POLICY", `"Action": "s3:*", "Resource": "arn:aws:sqs:*:*:q"`, `"Action": "s3:*", "Resource": "arn:aws:s3:::b"`},
		{"UNSUPPORTED_ACTION_IN_POLICY", `"Action": "kms:Decrypt", "Resource": "*"`, `"Action": "S3:*", "Resource": "*"`},
		{"IRRELEVANT_CONDITION_KEY_IN_POLICY", `"Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"s3:ResourceAccount": "111122223333"}}`, `"Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}`},
	} {
		if find(t, []byte(start+c.has+end), bucket, c.code) == nil {
			t.Errorf("%s is not found in %s", c.code, c.has)
		}
		for _, o := range []validate.Options{bucket, {Type: validate.Resource}} {
			if f := find(t, []byte(start+c.not+end), o, c.code); f != nil {
				t.Errorf("%s is found in %s: %s", c.code, c.not, f.Details)
			}
		}
	}
	trust := []byte(`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}`)
	for _, o := range []validate.Options{{Type: validate.Trust}, {Type: validate.Resource, ResourceType: "AWS::IAM::AssumeRolePolicyDocument"}} {
		if find(t, trust, o, "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL") == nil || find(t, trust, o, "MISSING_RESOURCE") != nil {
			t.Errorf("with %+v it is not judged as a trust policy", o)
		}
	}
}

func TestAllFaultsOfABrokenDocumentAreFound(t *testing.T) {
	src := []byte(`{"Statement": [{"Effect": "allow", "Action": ["s3:GetObjectt", 7], "Resource": "b"}, 5, {"Sid": 3}]}`)
	findings, err := validate.Validate(context.Background(), src, validate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	want := "MISSING_VERSION INVALID_EFFECT INVALID_ACTION DATA_TYPE_MISMATCH INVALID_ARN_PREFIX DATA_TYPE_MISMATCH " +
		"MISSING_ACTION MISSING_EFFECT MISSING_RESOURCE DATA_TYPE_MISMATCH"
	if got := strings.Join(codes, " "); got != want {
		t.Errorf("found  %s\nexpected %s", got, want)
	}
}

func TestACleanDocumentHasNoFindings(t *testing.T) {
	for src, kind := range map[string]validate.PolicyType{
		`{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/${aws:username}/*"],"Condition":{"Bool":{"aws:SecureTransport":"true"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}]}`: validate.Identity,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`:                                                                                                                                                                                                                                                    validate.SCP,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::b","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}`:                                                                                                                                                            validate.SCP,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`:                                                                                                                                                                                                                                    validate.RCP,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["s3:*","sqs:*"],"Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}`:                                                                                     validate.RCP,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`:                                                                                                                                                                                                       validate.Trust,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A1"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/A1:sub":"system:serviceaccount:a:b"}}}]}`: validate.Trust,
		`{"Version":"2012-10-17","Statement":[{"Sid":"from the distribution","Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}},{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`: validate.Resource,
	} {
		findings, err := validate.Validate(context.Background(), []byte(src), validate.Options{Type: kind})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			t.Errorf("%v policy %s\n%s: %s", kind, src, f.Code, f.Details)
		}
	}
}

func TestGuessType(t *testing.T) {
	for src, want := range map[string]validate.PolicyType{
		`{"Statement": {"Action": "s3:*"}}`:                                                        validate.Identity,
		`{"Statement": {"Principal": "*", "Action": "s3:*"}}`:                                      validate.Resource,
		`{"Statement": [{"Principal": "*", "Action": ["sts:AssumeRole", "STS:TagSession"]}]}`:      validate.Trust,
		`{"Statement": [{"Principal": "*", "Action": ["sts:AssumeRole", "s3:*"]}, {"Action": 1}]}`: validate.Resource,
		`{"Statement": [{"NotPrincipal": {}}]}`:                                                    validate.Resource,
		`nothing`:                                                                                  validate.Identity,
	} {
		if got := validate.GuessType([]byte(src)); got != want {
			t.Errorf("%s is taken for %v, not %v", src, got, want)
		}
	}
	for _, name := range validate.Types() {
		if kind, ok := validate.ParseType(name); !ok || kind.String() != name {
			t.Errorf("%s is read as %v", name, kind)
		}
	}
	if _, ok := validate.ParseType("boundary"); ok {
		t.Error("boundary is read as a type")
	}
}

// Lines are counted from 1, columns and offsets from 0, as
// https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Position.html says.
func TestTheJSONIsThatOfAWS(t *testing.T) {
	src := "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Sid\": \"\",\n" +
		"            \"Effect\": \"Allow\", \"Action\": \"s33:Get*\", \"Resource\": \"*\"}]}"
	findings, err := validate.Validate(context.Background(), []byte(src), validate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(findings)
	if err != nil {
		t.Fatal(err)
	}
	const link = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-"
	want := `[{"findingDetails":"the Sid is empty; give it a value or remove it","findingType":"SUGGESTION","issueCode":"EMPTY_SID_VALUE",` +
		`"learnMoreLink":"` + link + `suggestion-empty-sid-value",` +
		`"locations":[{"path":[{"value":"Statement"},{"index":0},{"value":"Sid"}],` +
		`"span":{"start":{"line":5,"column":19,"offset":79},"end":{"line":5,"column":21,"offset":81}}}]},` +
		`{"findingDetails":"there is no service with the prefix \"s33\"; did you mean s3?","findingType":"ERROR","issueCode":"INVALID_SERVICE_IN_ACTION",` +
		`"learnMoreLink":"` + link + `error-invalid-service-in-action",` +
		`"locations":[{"path":[{"value":"Statement"},{"index":0},{"value":"Action"},{"substring":{"start":0,"length":3}}],` +
		`"span":{"start":{"line":6,"column":42,"offset":125},"end":{"line":6,"column":45,"offset":128}}}]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if path := findings[1].Locations[0].String(); path != "Statement[0].Action" {
		t.Errorf("the path reads %s", path)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	many := []byte(`{"Version": "2012-10-17", "Statement": [` + strings.Repeat("1,", 20000) + `1]}`)
	findings, err := validate.Validate(context.Background(), many, validate.Options{})
	if err != nil || len(findings) != 10000 {
		t.Errorf("%d findings, %v", len(findings), err)
	}
	pairs := []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", "Action": [` + strings.Repeat(`"s3:GetObject",`, 400) + `"s3:GetObject"],
		"Condition": {"StringEquals": {"s3:prefix": "x"}}}}`)
	if f := find(t, pairs, validate.Options{}, "UNSUPPORTED_ACTION_FOR_CONDITION_KEY"); f == nil || len(f.Locations) != 20 {
		t.Errorf("%+v", f)
	}
	long := []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "` + strings.Repeat("x", 1<<20) + `", "Resource": "` + strings.Repeat("*a", 1<<19) + `"}}`)
	findings, err = validate.Validate(context.Background(), long, validate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if len(f.Details) > 1000 {
			t.Errorf("%s has a text of %d bytes", f.Code, len(f.Details))
		}
	}
}

// TestManyVariablesAreJudgedAtOnce has a text of which each variable was once measured from its start.
func TestManyVariablesAreJudgedAtOnce(t *testing.T) {
	src := []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::` + strings.Repeat("${aws:username}", 70000) + `"}}`)
	start := time.Now()
	if f := findAny(src, "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"); f == nil {
		t.Error("the policy is not too long")
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
}

// findAny is find of an identity-based policy for which redundancy is not judged.
func findAny(src []byte, code string) *validate.Finding {
	findings, _ := validate.Validate(context.Background(), src, validate.Options{})
	for i := range findings {
		if findings[i].Code == code {
			return &findings[i]
		}
	}
	return nil
}

func TestRedundancyOfADocumentThatIsTooLongIsAnError(t *testing.T) {
	src := []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:GetObject"` + strings.Repeat(`,"s3:GetObject"`, 20000) + `], "Resource": "*"}}`)
	findings, err := validate.Validate(context.Background(), src, validate.Options{})
	if err == nil || !strings.Contains(err.Error(), "characters") || len(findings) != 1 {
		t.Errorf("%d findings, %v", len(findings), err)
	}
}

func FuzzValidate(f *testing.F) {
	for _, p := range pairs {
		src, _, _ := p.document(p.has)
		if len(src) < 4096 {
			f.Add(src, uint8(p.t), "")
		}
	}
	f.Add([]byte(`{"Statement": {"Principal": {"AWS": "\u00e9${"}, "Resource": "arn:\ud83d\ude00:*:${a:b", "Action": "s3:${"}}`), uint8(1), "AWS::S3::Bucket")
	f.Fuzz(func(t *testing.T, src []byte, kind uint8, resourceType string) {
		findings, err := validate.Validate(context.Background(), src, validate.Options{Type: validate.PolicyType(kind % 5), ResourceType: resourceType})
		if err != nil {
			return // the prover's bounds
		}
		validate.GuessType(src)
		for _, f := range findings {
			if f.Type == 0 || f.Details == "" || len(f.Locations) == 0 {
				t.Fatalf("%+v lacks something", f)
			}
			for _, l := range f.Locations {
				start, end := l.Span.Start, l.Span.End
				if start.Offset < 0 || end.Offset < start.Offset || end.Offset > len(src) || start.Line < 1 || start.Column < 1 {
					t.Fatalf("%s is at %+v of %d bytes", f.Code, l.Span, len(src))
				}
				if line := 1 + bytes.Count(src[:start.Offset], []byte("\n")); line != start.Line {
					t.Fatalf("%s is said to be in line %d, and is in %d", f.Code, start.Line, line)
				}
			}
			if _, err := json.Marshal(f); err != nil {
				t.Fatal(err)
			}
		}
		// What cannot be decided with has a finding that says why. AWS takes Null with a set operator, package condition does not.
		if !slices.ContainsFunc(findings, func(f validate.Finding) bool {
			return f.Type >= validate.Warning && f.Code != "MISSING_VERSION" || f.Code == "NULL_WITH_QUALIFIER"
		}) {
			doc, err := policy.Parse(src)
			if err == nil {
				_, err = eval.Compile(doc, evalTypes[kind%5])
			}
			if err != nil {
				t.Fatalf("nothing is found in %s, but %v", src, err)
			}
		}
	})
}

var evalTypes = []eval.PolicyType{eval.Identity, eval.Resource, eval.SCP, eval.RCP, eval.Resource}
