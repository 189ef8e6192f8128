package main

import (
	"fmt"
	"strings"

	"github.com/writ-iam/writ/managed"
)

// mission is the policy whose actions all requests are about.
const mission = "AdministratorAccess-Amplify@v10"

// attached are policies as they are attached to one role, twenty being the most that AWS allows.
var attached = []string{
	mission, "AmazonS3ReadOnlyAccess", "AmazonDynamoDBReadOnlyAccess", "AWSLambda_ReadOnlyAccess", "CloudWatchReadOnlyAccess",
	"AmazonSQSFullAccess", "AmazonSNSFullAccess", "AmazonEC2ReadOnlyAccess", "AmazonRDSReadOnlyAccess", "AWSStepFunctionsReadOnlyAccess",
	"AmazonKinesisReadOnlyAccess", "AmazonESReadOnlyAccess", "AmazonSESReadOnlyAccess", "AWSCloudFormationReadOnlyAccess", "AmazonVPCReadOnlyAccess",
	"AWSXrayReadOnlyAccess", "AmazonRoute53ReadOnlyAccess", "AmazonCognitoReadOnly", "AWSCodeBuildReadOnlyAccess", "AWSCodeCommitReadOnly",
}

// The guards allow everything but a few actions, as boundaries and SCPs mostly do. Each denies one that mission grants.
const (
	boundaryGuard = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":["iam:DeleteRolePermissionsBoundary","iam:PutRolePermissionsBoundary"],"Resource":"*"}]}`
	scpGuard = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":["organizations:LeaveOrganization","s3:PutBucketAcl"],"Resource":"*"},
		{"Effect":"Deny","Action":"iam:CreateRole","Resource":"arn:aws:iam::*:role/aws-*"}]}`
)

// A scenario is a set of policies that one principal has.
type scenario struct {
	name     string
	policies policies
}

// The names of the scenarios that the goals are about.
const (
	onePolicy      = "1 policy"
	guarded        = "20 policies, boundary, SCP"
	fewStatements  = "10 statements"
	manyStatements = "10,000 statements"
)

func scenarios() ([]scenario, error) {
	var all []document
	for _, ref := range attached {
		doc, err := find(ref)
		if err != nil {
			return nil, err
		}
		all = append(all, doc)
	}
	boundary, err := parse([]byte(boundaryGuard))
	if err != nil {
		return nil, err
	}
	scp, err := parse([]byte(scpGuard))
	if err != nil {
		return nil, err
	}
	list := []scenario{
		{onePolicy, policies{identity: all[:1]}},
		{"5 policies", policies{identity: all[:5]}},
		{"20 policies", policies{identity: all}},
		{guarded, policies{identity: all, boundary: []document{boundary}, scp: []document{scp}}},
	}
	for _, n := range []struct {
		name       string
		statements int
	}{{fewStatements, 10}, {"100 statements", 100}, {"1,000 statements", 1000}, {manyStatements, 10000}} {
		doc, err := padded(all[0], n.statements)
		if err != nil {
			return nil, err
		}
		list = append(list, scenario{n.name, policies{identity: []document{doc}}})
	}
	return list, nil
}

// padded returns a policy of n statements: those of doc, and then others about other actions, about wildcards in the same
// service, and about other resources of the same action.
func padded(doc document, n int) (document, error) {
	var b strings.Builder
	b.WriteString(strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(string(doc.Format())), "]\n}"), " \n"))
	for i := len(doc.Statements); i < n; i++ {
		action, resource := fmt.Sprintf("svc%d:Act%d", i%97, i), "*"
		switch i % 3 {
		case 1:
			action = fmt.Sprintf("lambda:Get%d*", i)
		case 2:
			action, resource = "lambda:CreateFunction", fmt.Sprintf("arn:aws:lambda:*:*:function:f%d-*", i)
		}
		fmt.Fprintf(&b, `,{"Effect":"Allow","Action":%q,"Resource":%q}`, action, resource)
	}
	b.WriteString("]}")
	return parse([]byte(b.String()))
}

// find parses an AWS managed policy.
func find(ref string) (document, error) {
	v, err := managed.Find(ref)
	if err != nil {
		return document{}, err
	}
	return parse(v.Document())
}
