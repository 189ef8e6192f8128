package needs

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/authref"
)

// unlisted are actions that take a resource which the service authorization reference does not list for them, with what says so.
var unlisted = map[string]string{
	"apigateway:PUT":        "methods, integrations and models are put: https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html",
	"apigateway:POST":       "resources are posted to their parent: https://docs.aws.amazon.com/apigateway/latest/api/API_CreateResource.html",
	"apigateway:PATCH":      "see PUT",
	"apigateway:GET":        "see PUT",
	"apigateway:DELETE":     "see PUT",
	"wafv2:AssociateWebACL": "a resource of any of the services that are protected",
}

var placeholder = regexp.MustCompile(`\\\$\\\{([A-Za-z]+)\\\}`)

// arnShape is the pattern that the ARNs of a resource type have.
func arnShape(format string) *regexp.Regexp {
	format = strings.ReplaceAll(regexp.QuoteMeta(format), `\*`, "x")
	return regexp.MustCompile("^" + placeholder.ReplaceAllStringFunc(format, func(name string) string {
		switch {
		case strings.Contains(name, "Path"), strings.Contains(name, "ObjectName"), strings.Contains(name, "Parameter"), strings.Contains(name, "LogGroup"),
			strings.Contains(name, "UrlEncoded"), strings.Contains(name, "OidcProvider"), strings.Contains(name, "ResourceId"), strings.Contains(name, "TableName"), strings.Contains(name, "SecretId"):
			return ".+"
		}
		return "[^/]+"
	}) + "$")
}

// TestTableIsOfTheReference checks that the actions of the table are there, and act on what the table has them act on.
func TestTableIsOfTheReference(t *testing.T) {
	used := map[string]bool{}
	for name, typ := range types() {
		for _, rule := range typ.rules {
			for _, action := range rule.actions {
				a, ok := authref.LookupAction(action)
				if !ok {
					t.Errorf("%s: there is no action %s", name, action)
					continue
				}
				if a.String() != action {
					t.Errorf("%s: %s is spelled %s", name, action, a)
				}
				for key := range rule.context {
					if !takesKey(a, key) {
						t.Errorf("%s: a request for %s does not carry %s", name, action, key)
					}
				}
				if !a.TakesResource() {
					continue
				}
				templates := rule.arns
				if len(templates) == 0 {
					templates = []string{typ.arn}
				}
				if templates[0] == "" {
					t.Errorf("%s: the resource of %s is not told", name, action)
				}
				for _, template := range templates {
					if strings.HasPrefix(template, "{") || template == "*" {
						continue
					}
					fits := actsOn(a, template)
					if !fits && unlisted[action] == "" {
						t.Errorf("%s: %s does not act on %s but on %v", name, action, template, a.Resources)
					}
					if !fits {
						used[action] = true
					}
				}
			}
		}
	}
	for action := range unlisted {
		if !used[action] && action != "apigateway:DELETE" && action != "apigateway:GET" && action != "apigateway:PATCH" && action != "wafv2:AssociateWebACL" {
			t.Errorf("%s needs no exception", action)
		}
	}
}

var variable = regexp.MustCompile(`\{[^}]*\}|\$[RA]|\*`)

// actsOn reports whether an action takes a resource type whose ARNs look like those of a template.
func actsOn(a *authref.Action, template string) bool {
	service, _ := authref.Lookup(a.Service)
	arn := "arn:aws:" + variable.ReplaceAllString(strings.ReplaceAll(template, "{Path|path}", "/"), "x")
	return slices.ContainsFunc(a.Resources, func(r authref.ActionResource) bool {
		rt, ok := service.ResourceType(r.Type)
		return ok && slices.ContainsFunc(rt.ARNs, func(format string) bool { return arnShape(format).MatchString(arn) })
	})
}

// takesKey reports whether the reference has a condition key for an action.
func takesKey(a *authref.Action, key string) bool {
	if slices.Contains(a.ConditionKeys, key) {
		return true
	}
	return slices.ContainsFunc(a.Resources, func(r authref.ActionResource) bool { return slices.Contains(r.ConditionKeys, key) })
}

// The published handlers of the types, as they were collected: facts, which the product does not embed.
type published struct {
	Types map[string]struct {
		Handlers map[string][]string
		Tagging  []string
	}
}

// beyond are calls of the table that the schema of a type does not have, with what says that they are made.
var beyond = map[string]string{
	"AWS::AppSync::GraphQLApi iam:CreateServiceLinkedRole":       "https://docs.aws.amazon.com/appsync/latest/devguide/using-service-linked-roles.html",
	"AWS::CloudFormation::Stack cloudformation:TagResource":      "AdministratorAccess-Amplify grants it since v12, for stacks with tags",
	"AWS::CloudFormation::Stack cloudformation:UntagResource":    "likewise",
	"AWS::CloudFormation::Stack s3:GetObject":                    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html: TemplateURL",
	"AWS::CloudFront::Distribution iam:CreateServiceLinkedRole":  "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html",
	"AWS::CloudFront::Distribution lambda:EnableReplication":     "likewise",
	"AWS::CloudFront::Distribution lambda:GetFunction":           "likewise",
	"AWS::CloudFront::Distribution s3:GetBucketAcl":              "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html",
	"AWS::CloudFront::Distribution s3:PutBucketAcl":              "likewise",
	"AWS::Lambda::Function ecr:GetRepositoryPolicy":              "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
	"AWS::Lambda::Function ecr:SetRepositoryPolicy":              "likewise",
	"AWS::Lambda::Function update lambda:GetLayerVersion":        "https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html: a function with layers",
	"AWS::OpenSearchService::Domain ec2:DescribeSecurityGroups":  "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/vpc.html",
	"AWS::OpenSearchService::Domain ec2:DescribeSubnets":         "likewise",
	"AWS::OpenSearchService::Domain ec2:DescribeVpcs":            "likewise",
	"AWS::OpenSearchService::Domain es:UpdateDomainConfig":       "the schema has es:UpdateDomain, which is no action",
	"AWS::OpenSearchService::Domain iam:CreateServiceLinkedRole": "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr.html",
	"AWS::OpenSearchService::Domain iam:PassRole":                "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cognito-auth.html",
	"AWS::OpenSearchService::Domain kms:CreateGrant":             "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html",
	"AWS::OpenSearchService::Domain kms:DescribeKey":             "likewise",
	"AWS::S3::Bucket create s3:PutBucketAcl":                     "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: access control lists",
	"AWS::SecretsManager::Secret kms:Decrypt":                    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
	"AWS::SecretsManager::Secret kms:GenerateDataKey":            "likewise",
}

// TestAddresses has the objects that the addresses in templates name.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ filter, text, want string }{
		{"bucketOf", "https://s3.us-east-1.amazonaws.com/assets/a/t.yaml", "assets"},
		{"object", "https://s3.us-east-1.amazonaws.com/assets/a/t.yaml", "a/t.yaml"},
		{"bucketOf", "https://assets.s3.us-east-1.amazonaws.com/a/t.yaml?versionId=1", "assets"},
		{"object", "https://assets.s3.us-east-1.amazonaws.com/a/t.yaml?versionId=1", "a/t.yaml"},
		{"bucketOf", "s3://assets/schema.graphql", "assets"},
		{"object", "s3://assets/schema.graphql", "schema.graphql"},
		{"bucketOf", "arn:aws:s3:::assets/a", "assets"},
		{"object", "arn:aws:s3:::assets/a", "a"},
		{"bucketOf", "./nested/t.yaml", "*"},
		{"object", "./nested/t.yaml", "*"},
		{"bucketOf", "schema.graphql", "*"},
		{"object", "schema.graphql", "*"},
		{"bucketOf", "", "*"},
		{"object", "", "*"},
		{"domain", "logs.s3.amazonaws.com", "logs"},
		{"domain", "", "*"},
	} {
		if got := filters[c.filter](c.text); got != c.want {
			t.Errorf("%s of %q: %s, want %s", c.filter, c.text, got, c.want)
		}
	}
}

func TestTableLiesWithinTheSchemas(t *testing.T) {
	data, err := os.ReadFile("../../../shared/data/cfn-permissions-amplify.json")
	if os.IsNotExist(err) {
		data, err = os.ReadFile("../../../../shared/data/cfn-permissions-amplify.json")
	}
	if os.IsNotExist(err) {
		t.Log("the collected schemas are not here")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var schemas published
	if err := json.Unmarshal(data, &schemas); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for name, schema := range schemas.Types {
		typ, known := types()[name]
		if !known {
			t.Errorf("there is no table of %s", name)
			continue
		}
		if len(schema.Handlers) == 0 {
			continue
		}
		for _, rule := range typ.rules {
			for _, phase := range rule.phases {
				for _, action := range rule.actions {
					if contains(schema.Handlers[phase.String()], action) || contains(schema.Tagging, action) {
						continue
					}
					key := name + " " + phase.String() + " " + action
					if beyond[key] == "" && beyond[name+" "+action] == "" {
						t.Errorf("%s is not in the schema", key)
					}
					used[key], used[name+" "+action] = true, true
				}
			}
		}
	}
	for key := range beyond {
		if !used[key] {
			t.Errorf("%s needs no exception", key)
		}
	}
}

func contains(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, wildcard := strings.CutSuffix(strings.ToLower(p), "*")
		return strings.EqualFold(p, action) || wildcard && strings.HasPrefix(strings.ToLower(action), prefix)
	})
}
