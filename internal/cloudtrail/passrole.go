package cloudtrail

import (
	"strings"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/jsontree"
)

// passing are operations that pass a role and of which the service reference does not say so.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
var passing = map[string]bool{
	"amplify:CreateApp": true, "amplify:UpdateApp": true, "amplify:CreateBranch": true, "amplify:UpdateBranch": true,
	"apigateway:CreateAuthorizer": true, "apigateway:PutIntegration": true, "apigateway:UpdateAccount": true, "apigateway:CreateIntegration": true,
	"appsync:CreateDataSource": true, "appsync:UpdateDataSource": true, "appsync:CreateGraphqlApi": true, "appsync:UpdateGraphqlApi": true,
	"cloudformation:CreateStack": true, "cloudformation:UpdateStack": true, "cloudformation:DeleteStack": true, "cloudformation:CreateChangeSet": true,
	"cloudformation:ContinueUpdateRollback": true, "cloudformation:RollbackStack": true, "cloudformation:CreateStackSet": true, "cloudformation:UpdateStackSet": true,
	"cloudtrail:CreateTrail": true, "cloudtrail:UpdateTrail": true,
	"codebuild:CreateProject": true, "codebuild:UpdateProject": true, "codepipeline:CreatePipeline": true, "codepipeline:UpdatePipeline": true,
	"cognito-identity:SetIdentityPoolRoles": true, "cognito-idp:CreateGroup": true, "cognito-idp:UpdateGroup": true,
	"cognito-idp:CreateUserPool": true, "cognito-idp:UpdateUserPool": true,
	"ecs:RegisterTaskDefinition": true, "ecs:CreateService": true, "events:PutRule": true, "events:PutTargets": true,
	"firehose:CreateDeliveryStream": true, "firehose:UpdateDestination": true, "glue:CreateJob": true, "glue:CreateCrawler": true,
	"lambda:UpdateFunctionConfiguration": true,
}

// services are those that roles are passed to where it is not that of the event.
var services = map[string]string{
	"cognito-idp:CreateGroup": "cognito-identity.amazonaws.com", "cognito-idp:UpdateGroup": "cognito-identity.amazonaws.com",
	"ecs:RegisterTaskDefinition": "ecs-tasks.amazonaws.com", "ecs:RunTask": "ecs-tasks.amazonaws.com", "ecs:StartTask": "ecs-tasks.amazonaws.com",
	"logs:PutSubscriptionFilter": "logs.amazonaws.com",
}

// passed returns the calls of iam:PassRole that an operation takes: for each ARN of a role in a parameter whose name says that it is one.
func (r *Record) passed(prefix, name string, of []needs.Call) (calls []needs.Call) {
	operation := prefix + ":" + name
	passes := passing[operation]
	for i := range of {
		if a, ok := authref.LookupAction(of[i].Action); ok {
			for _, dependent := range a.AllDependentActions() {
				passes = passes || dependent == "iam:PassRole"
			}
		}
	}
	if !passes || r.RequestParameters == nil {
		return nil
	}
	to, ok := services[operation]
	if !ok {
		to = strings.TrimSuffix(r.EventSource, ".cn")
	}
	seen := map[string]bool{}
	var walk func(name string, n *jsontree.Node)
	walk = func(name string, n *jsontree.Node) {
		for _, m := range n.Members {
			under := m.Key.Text
			if strings.EqualFold(name, "roles") { // of SetIdentityPoolRoles: authenticated and unauthenticated
				under = name
			}
			walk(under, m.Value)
		}
		for _, e := range n.Elements {
			walk(name, e)
		}
		if n.Kind != jsontree.String || seen[n.Text] || !strings.Contains(strings.ToLower(name), "role") && !strings.EqualFold(name, "credentials") {
			return
		}
		role, err := arn.Parse(n.Text)
		if err != nil || role.Service != "iam" || !strings.HasPrefix(role.Resource, "role/") {
			return
		}
		seen[n.Text] = true
		call := r.call("iam:PassRole", literal(n.Text))
		call.Context["iam:PassedToService"] = []string{to}
		call.Property, call.Why = name, "derived from "+r.EventName
		calls = append(calls, call)
	}
	walk("", r.RequestParameters)
	return calls
}
