package prove_test

import (
	"context"
	"fmt"
	"log"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// read returns a version of a managed policy as one side of a comparison.
func read(ref string) prove.Policies {
	v, err := managed.Find(ref)
	if err != nil {
		log.Fatal(err)
	}
	doc, err := policy.Parse(v.Document())
	if err != nil {
		log.Fatal(err)
	}
	return prove.Policies{Identity: []*policy.Document{doc}}
}

// What an update of a managed policy took away.
func ExampleCompare() {
	c, err := prove.Compare(context.Background(), read("AdministratorAccess-Amplify@v4"), read("AdministratorAccess-Amplify@v5"), prove.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Verdict)
	for _, d := range c.Removes.Differences {
		fmt.Println(d.Actions, d.When)
		fmt.Println(d.Witness.Action, d.Witness.Resource, d.Witness.Context)
	}
	// Output:
	// narrower
	// [lambda:GetLayerVersionByArn] if ForAnyValue:StringEquals aws:CalledVia cloudformation.amazonaws.com
	// lambda:GetLayerVersionByArn * map[aws:CalledVia:[cloudformation.amazonaws.com]]
}

// Whether a policy of one's own stays within one that is maintained by somebody else.
func ExampleExceeds() {
	doc, err := policy.Parse([]byte(`{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow", "Action": ["amplify:GetApp", "logs:CreateLogGroup"], "Resource": "*"}}`))
	if err != nil {
		log.Fatal(err)
	}
	mine := prove.Policies{Identity: []*policy.Document{doc}}
	r, err := prove.Exceeds(context.Background(), mine, read("AdministratorAccess-Amplify"), prove.Options{Universe: prove.Reference})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Answer)
	for _, d := range r.Differences {
		fmt.Println(d.Actions, d.When)
	}
	// Output:
	// refuted
	// [logs:CreateLogGroup] except on arn:aws:logs:*:*:log-group:/aws/amplify/*
}

func ExampleGranted() {
	r, err := prove.Granted(context.Background(), read("AdministratorAccess-Amplify"), []string{"iam:PassRole", "dynamodb:CreateTable", "ec2:*"}, nil, prove.Options{Universe: prove.Reference})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range r.Differences {
		fmt.Println(d.Actions, d.When, d.By[0].Source.Sid)
	}
	// Output:
	// [dynamodb:CreateTable] if ForAnyValue:StringEquals aws:CalledVia cloudformation.amazonaws.com CLIManageviaCFNPolicy
	// [iam:PassRole]  CLISDKCalls
}

func ExamplePublic() {
	doc, err := policy.Parse([]byte(`{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*",
		"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}}}`))
	if err != nil {
		log.Fatal(err)
	}
	r, err := prove.Public(context.Background(), doc, prove.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range r.Differences {
		fmt.Println(d.Actions, d.Witness.Context)
	}
	// Output:
	// [s3:GetObject] map[aws:SourceIp:[0.0.0.0]]
}

func ExampleRedundant() {
	doc, err := policy.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["s3:Get*", "s3:GetObject"], "Resource": "arn:aws:s3:::site/*"},
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/index.html"}]}`))
	if err != nil {
		log.Fatal(err)
	}
	list, err := prove.Redundant(context.Background(), doc, eval.Identity)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range list {
		fmt.Println(r.Statement, r.Element, r.Value, "by", r.By)
	}
	// Output:
	// 1  0 by 0
	// 0 Action 1 by 0
}

func ExampleEmpty() {
	doc, err := policy.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"},
		{"Effect": "Deny", "NotAction": "s3:List*", "Resource": "*"}]}`))
	if err != nil {
		log.Fatal(err)
	}
	r, err := prove.Empty(context.Background(), prove.Policies{Identity: []*policy.Document{doc}}, prove.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Answer)
	// Output:
	// proved
}
