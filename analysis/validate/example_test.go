package validate_test

import (
	"context"
	"fmt"

	"github.com/writ-iam/writ/analysis/validate"
)

func ExampleValidate() {
	src := []byte(`{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Action": ["s3:GetObjects", "iam:PassRole"],
    "Resource": "*"
  }
}`)
	findings, err := validate.Validate(context.Background(), src, validate.Options{Type: validate.Identity})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings {
		at := f.Locations[0]
		fmt.Printf("%d:%d %v %s at %v\n  %s\n", at.Span.Start.Line, at.Span.Start.Column, f.Type, f.Code, at, f.Details)
	}

	// Output:
	// 5:16 ERROR INVALID_ACTION at Statement.Action[0]
	//   no action of s3 is called "GetObjects"; did you mean s3:GetObject?
	// 6:17 SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_RESOURCE at Statement.Resource
	//   iam:PassRole on "*" lets roles be passed to services that you do not mean; name the roles in Resource, or ask for iam:PassedToService in Condition
}

func ExampleGuessType() {
	fmt.Println(validate.GuessType([]byte(`{"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}`)))
	// Output: trust
}

func ExampleChecks() {
	for _, c := range validate.Checks()[:3] {
		fmt.Println(c.Code, c.Type)
	}
	// Output:
	// ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE SUGGESTION
	// ALLOW_WITH_NOT_PRINCIPAL SECURITY_WARNING
	// ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE SUGGESTION
}
