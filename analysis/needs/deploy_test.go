package needs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/authref"
)

// app is an Amplify app of the first generation: a root with a bucket, a role and a nested stack for auth.
func app() []*Stack {
	root := &Stack{Name: "amplify-app-dev-123", Template: &Template{}}
	add := func(s *Stack, typ, id, name string, properties map[string]any) *Resource {
		r := &Resource{Type: typ, LogicalID: id, Name: name, Stack: s, Properties: value(any(properties))}
		s.Resources = append(s.Resources, r)
		return r
	}
	add(root, "AWS::S3::Bucket", "DeploymentBucket", "amplify-app-dev-123-deployment", nil)
	add(root, "AWS::IAM::Role", "AuthRole", "amplify-app-dev-123-authRole", nil)
	nest := add(root, stackType, "authapp", "amplify-app-dev-123-authapp-*", map[string]any{"TemplateURL": "https://s3.amazonaws.com/amplify-app-dev-123-deployment/auth.json"})
	auth := &Stack{Name: "amplify-app-dev-123-authapp-*", Parent: nest, Template: &Template{}}
	add(auth, "AWS::Cognito::UserPool", "UserPool", "app", nil)
	add(auth, "AWS::IAM::Role", "TriggerRole", "trigger", nil)
	add(root, "AWS::S3::Bucket", "Kept", "kept", nil).Retained = true
	return []*Stack{root, auth}
}

// actions are the calls that are certain, written as PHASE ACTION.
func actions(calls []Call, fits func(Call) bool) (all []string) {
	for _, c := range calls {
		if !c.Upper && fits(c) {
			all = append(all, c.Phase.String()+" "+c.Action)
		}
	}
	return all
}

func TestCallsAreInOrder(t *testing.T) {
	calls, unknown := Calls(app(), CallOptions{Region: "us-east-1", Account: "111122223333"})
	if len(unknown) != 0 {
		t.Errorf("unknown: %v", unknown)
	}
	same(t, "a first deployment", actions(calls, func(c Call) bool { return c.For != nil }), []string{
		"create s3:CreateBucket", "create iam:CreateRole", "create iam:GetRole", "read iam:GetRole",
		"create s3:GetObject", "create cloudformation:CreateStack", "create cloudformation:DescribeStacks", "read cloudformation:DescribeStacks",
		"create cognito-idp:CreateUserPool", "create cognito-idp:DescribeUserPool", "read cognito-idp:DescribeUserPool",
		"create iam:CreateRole", "create iam:GetRole", "read iam:GetRole",
		"create s3:CreateBucket",
	})
	first := slices.IndexFunc(calls, func(c Call) bool { return c.For != nil })
	if i := slices.IndexFunc(calls, func(c Call) bool { return c.Action == "cloudformation:CreateStack" }); i < 0 || i > first {
		t.Error("the root stack is not created before its resources")
	}
}

func TestDeletingGoesBackwards(t *testing.T) {
	calls, _ := Calls(app(), CallOptions{Phases: []Phase{Delete}})
	same(t, "deleting", actions(calls, func(c Call) bool { return c.For != nil && !strings.HasPrefix(c.Action, "iam:List") }), []string{
		// What is retained is not deleted.
		"delete cloudformation:DescribeStacks", "delete cloudformation:DeleteStack",
		"delete iam:DeleteRole", "delete iam:GetRole", "delete cognito-idp:DeleteUserPool",
		"delete iam:DeleteRole", "delete iam:GetRole", "delete s3:DeleteBucket",
	})
}

func TestPhases(t *testing.T) {
	calls, _ := Calls(app(), CallOptions{Phases: []Phase{Update}})
	for _, c := range calls {
		if c.Phase != Update {
			t.Errorf("%s is called to %s", c.Action, c.Phase)
		}
	}
	if len(calls) == 0 {
		t.Error("nothing is called to update")
	}
}

func TestModules(t *testing.T) {
	stacks := app()
	for id, want := range map[string]string{"DeploymentBucket": Core, "AuthRole": Core, "authapp": Auth, "UserPool": Auth, "TriggerRole": Auth} {
		for _, s := range stacks {
			for _, r := range s.Resources {
				if got := Module(r); r.LogicalID == id && got != want {
					t.Errorf("%s is of %s, not of %s", id, got, want)
				}
			}
		}
	}
	plain := &Stack{Name: "mine"}
	for typ, want := range map[string]string{
		"AWS::S3::Bucket": Storage, "AWS::Lambda::Function": Functions, "AWS::IAM::Role": Core, "AWS::Location::Map": Geo, "Custom::Thing": Core,
		"AWS::AppSync::Resolver": API, "AWS::Kinesis::Stream": Analytics, "AWS::Lex::Bot": Interactions, "AWS::Rekognition::Collection": Predictions,
		"AWS::CloudFront::Distribution": Hosting,
	} {
		if got := Module(&Resource{Type: typ, Stack: plain}); got != want {
			t.Errorf("%s is of %s, not of %s", typ, got, want)
		}
	}
	if Module(nil) != Core {
		t.Error("what is of no resource is not of Core")
	}
}

func TestWhatIsNotKnownIsSaid(t *testing.T) {
	root := &Stack{Name: "s"}
	root.Resources = []*Resource{
		{Type: "AWS::New::Thing", LogicalID: "New", Stack: root},
		{Type: stackType, LogicalID: "Nested", Stack: root},
		{Type: "Custom::Thing", LogicalID: "Own", Stack: root},
	}
	calls, unknown := Calls([]*Stack{root}, CallOptions{Phases: everyPhase})
	var got []string
	for _, u := range unknown {
		got = append(got, u.Resource.LogicalID)
	}
	same(t, "unknown", got, []string{"New", "Nested"})
	// The nested stack itself is made all the same.
	if !slices.ContainsFunc(calls, func(c Call) bool { return c.For == root.Resources[1] && c.Action == "cloudformation:CreateStack" }) {
		t.Error("the nested stack is not created")
	}
	for typ, want := range map[string]bool{"AWS::New::Thing": false, "Custom::Thing": true, "AWS::S3::Bucket": true} {
		if Known(typ) != want {
			t.Errorf("Known(%s) is %v", typ, !want)
		}
	}
}

// A property of which nothing is known may be set, and to anything.
func TestUnknownPropertiesAreIn(t *testing.T) {
	stack := &Stack{Name: "s"}
	of := func(typ string, properties *Value) []string {
		r := &Resource{Type: typ, LogicalID: "It", Name: "it", Stack: stack, Properties: properties}
		stack.Resources = []*Resource{r}
		calls, _ := Calls([]*Stack{stack}, CallOptions{Phases: []Phase{Create}})
		var lines []string
		for _, c := range calls {
			if c.For == r {
				lines = append(lines, line(c))
			}
		}
		return lines
	}
	unknown := &Value{Unknown: true}
	bucket := of("AWS::S3::Bucket", &Value{Kind: Map, Members: []ValueMember{{Name: "ObjectLockEnabled", Value: unknown}}})
	if !slices.Contains(bucket, "create s3:PutBucketObjectLockConfiguration arn:aws:s3:::it") {
		t.Errorf("a bucket that may be locked: %v", bucket)
	}
	pattern := &Value{Kind: Text, Text: "*", Pattern: true}
	pool := of("AWS::Cognito::UserPool", &Value{Kind: Map, Members: []ValueMember{{Name: "MfaConfiguration", Value: pattern}}})
	if !slices.Contains(pool, "create cognito-idp:SetUserPoolMfaConfig arn:aws:cognito-idp:*:*:userpool/*_*") {
		t.Errorf("a pool that may have MFA: %v", pool)
	}
	role := of("AWS::Lambda::Function", &Value{Kind: Map, Members: []ValueMember{{Name: "Role", Value: unknown}}})
	if !slices.Contains(role, "create iam:PassRole arn:aws:iam::*:role/* iam:PassedToService=lambda.amazonaws.com") {
		t.Errorf("a function with a role: %v", role)
	}
	all := of("AWS::S3::Bucket", unknown)
	if len(all) < 20 {
		t.Errorf("a bucket of which nothing is known: %v", all)
	}
	rule := of("AWS::Events::Rule", &Value{Kind: Map, Members: []ValueMember{{Name: "EventBusName", Value: unknown}}})
	for _, want := range []string{"create events:PutRule arn:aws:events:*:*:rule/it", "create events:PutRule arn:aws:events:*:*:rule/*/it"} {
		if !slices.Contains(rule, want) {
			t.Errorf("a rule on a bus that may be any: %v", rule)
		}
	}
}

// What refers to a role by its name has the role's ARN, with its path.
func TestReferencesAreFollowed(t *testing.T) {
	stack := &Stack{Name: "s"}
	role := &Resource{Type: "AWS::IAM::Role", LogicalID: "Role", Name: "worker", Stack: stack, Properties: value(map[string]any{"Path": "/service/"})}
	ref := &Value{Kind: Text, Text: "worker", Of: role}
	policy := &Resource{Type: "AWS::IAM::Policy", LogicalID: "Policy", Stack: stack,
		Properties: &Value{Kind: Map, Members: []ValueMember{{Name: "Roles", Value: &Value{Kind: List, Items: []*Value{ref}}}}}}
	stack.Resources = []*Resource{policy}
	calls, _ := Calls([]*Stack{stack}, CallOptions{Phases: []Phase{Create}, Account: "111122223333"})
	i := slices.IndexFunc(calls, func(c Call) bool { return c.Action == "iam:PutRolePolicy" })
	if i < 0 || !strings.HasSuffix(calls[i].Resource, ":role/service/worker") || calls[i].Property != "Roles" {
		t.Errorf("the policy is put on %+v", calls)
	}
}

func TestLookups(t *testing.T) {
	stack := &Stack{Name: "s"}
	r := &Resource{Type: "AWS::S3::Bucket", LogicalID: "B", Name: "b", Stack: stack}
	stack.Resources = []*Resource{r}
	stack.Lookups = []Lookup{
		{Service: "ssm", Name: "/aws/service/ami-amazon-linux-latest/al2023"},
		{Service: "ssm", Name: "/cdk-bootstrap/hnb659fds/version"},
		{Service: "ssm-secure", Name: "pass", For: r},
		{Service: "secretsmanager", Name: "db", For: r},
		{Service: "secretsmanager", Name: "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-1a", For: r},
	}
	calls, _ := Calls([]*Stack{stack}, CallOptions{Region: "us-east-1", Account: "111122223333"})
	var got []string
	for _, c := range calls {
		if strings.HasPrefix(c.Why, "fetching") {
			got = append(got, fmt.Sprint(line(c), " ", c.Through, " ", c.For == r))
		}
	}
	same(t, "lookups", got, []string{
		"create ssm:GetParameters arn:aws:ssm:us-east-1::parameter/aws/service/ami-amazon-linux-latest/al2023 cloudformation.amazonaws.com false",
		"create ssm:GetParameters arn:aws:ssm:us-east-1:111122223333:parameter/cdk-bootstrap/hnb659fds/version cloudformation.amazonaws.com false",
		"create ssm:GetParameters arn:aws:ssm:us-east-1:111122223333:parameter/pass cloudformation.amazonaws.com true",
		"create secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:111122223333:secret:db-* cloudformation.amazonaws.com true",
		"create secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:111122223333:secret:x-1a cloudformation.amazonaws.com true",
	})
}

func TestTools(t *testing.T) {
	for _, tool := range Tools() {
		calls, _ := Calls(app(), CallOptions{Tool: tool, Region: "us-east-1", Account: "111122223333", Phases: everyPhase, Bucket: "b"})
		for _, c := range calls {
			if c.For == nil && c.Why == "" {
				t.Errorf("%q: nothing says why %s is called", tool, c.Action)
			}
			if c.For == nil && c.Module != Core && c.Module != Auth {
				t.Errorf("%q: %s is called for %s, of which the app has nothing", tool, c.Action, c.Module)
			}
		}
	}
	has := func(tool Tool, bucket, want string) {
		t.Helper()
		calls, _ := Calls(app(), CallOptions{Tool: tool, Region: "us-east-1", Account: "111122223333", Bucket: bucket})
		if !slices.ContainsFunc(calls, func(c Call) bool { return c.For == nil && c.Through == "" && line(c) == want }) {
			t.Errorf("%q does not call %s", tool, want)
		}
	}
	has(CommandLine, "templates", "create s3:PutObject arn:aws:s3:::templates/*")
	has(CommandLine, "", "create cloudformation:ExecuteChangeSet arn:aws:cloudformation:us-east-1:111122223333:stack/amplify-app-dev-123/*")
	has(AmplifyCLI, "", "create s3:PutObject arn:aws:s3:::amplify-app-dev-123-deployment/*")
	has(AmplifyCLI, "", "create amplify:CreateBackendEnvironment arn:aws:amplify:us-east-1:111122223333:apps/*")
	has(AmplifyCLI, "", "at most create cognito-idp:ListUserPools *")
	has(Ampx, "", "create sts:AssumeRole arn:aws:iam::111122223333:role/cdk-*-deploy-role-111122223333-us-east-1")
	has(Ampx, "", "create s3:PutObject arn:aws:s3:::cdk-*-assets-111122223333-us-east-1/*")
	has(HostedBuild, "", "create logs:CreateLogGroup arn:aws:logs:us-east-1:111122223333:log-group:/aws/amplify/*")
	calls, _ := Calls(app(), CallOptions{})
	if slices.ContainsFunc(calls, func(c Call) bool { return c.For == nil && strings.HasPrefix(c.Action, "s3:") }) {
		t.Error("a deployment without a bucket calls S3 by itself")
	}
}

func TestTransforms(t *testing.T) {
	text := func(s string) *Node { return &Node{Kind: Text, Text: s} }
	root := &Stack{Name: "s", Template: &Template{Root: &Node{Kind: Map, Members: []Member{{Name: "Transform", Node: &Node{Kind: List, Items: []*Node{
		text("AWS::Serverless-2016-10-31"), text("AWS::LanguageExtensions"), text("Own"), {Kind: Map},
	}}}}}}}
	calls, _ := Calls([]*Stack{root}, CallOptions{Region: "us-east-1"})
	var got []string
	for _, c := range calls {
		if strings.HasPrefix(c.Why, "the transform") {
			got = append(got, line(c))
		}
	}
	same(t, "transforms", got, []string{
		"create cloudformation:CreateChangeSet arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31",
		"at most create cloudformation:CreateChangeSet arn:aws:cloudformation:us-east-1:aws:transform/LanguageExtensions",
	})
}

func TestParametersOfTools(t *testing.T) {
	if got := AmplifyCLI.Parameters("amplify-app-dev-123"); got["DeploymentBucketName"] != "amplify-app-dev-123-deployment" || got["AuthRoleName"] != "amplify-app-dev-123-authRole" {
		t.Errorf("the parameters of amplify are %v", got)
	}
	if got := Ampx.Parameters("s"); got != nil {
		t.Errorf("the parameters of ampx are %v", got)
	}
}

// Whatever a property is, what comes of it are calls of actions that there are, on ARNs or on *.
func TestOddValues(t *testing.T) {
	unknown := &Value{Unknown: true}
	odd := []*Value{
		nil, {Kind: Null}, unknown, {Kind: Text}, {Kind: Text, Text: "*", Pattern: true}, {Kind: Text, Text: "arn:"}, {Kind: Text, Text: "{$R}|{}"},
		{Kind: Text, Text: "https://"}, {Kind: Text, Text: "s3://"}, {Kind: Text, Text: "arn:aws:s3:::"}, {Kind: Number, Text: "1"}, {Kind: Bool, Text: "true"},
		{Kind: List}, {Kind: List, Items: []*Value{nil, unknown}}, {Kind: Map}, {Kind: Map, Members: []ValueMember{{Name: "x", Value: nil}, {Name: "y", Value: unknown}}},
		{Kind: Text, Text: "name", Of: &Resource{Type: "AWS::IAM::Role", Name: "name", Stack: &Stack{}}},
	}
	for name, typ := range types() {
		paths := map[string]bool{"": true}
		for _, rule := range typ.rules {
			for _, path := range rule.paths {
				paths[path] = true
			}
		}
		for path := range paths {
			for _, v := range odd {
				if path != "" {
					parts := strings.Split(path, ".")
					for _, part := range slices.Backward(parts) {
						if part == "*" {
							v = &Value{Kind: List, Items: []*Value{v}}
						} else {
							v = &Value{Kind: Map, Members: []ValueMember{{Name: part, Value: v}}}
						}
					}
				}
				calls, _ := Calls([]*Stack{{Name: "s", Resources: []*Resource{{Type: name, LogicalID: "It", Properties: v}}}}, CallOptions{Phases: everyPhase})
				for _, c := range calls {
					if _, ok := authref.LookupAction(c.Action); !ok || c.Resource != "*" && !strings.HasPrefix(c.Resource, "arn:") || strings.Contains(c.Resource, "**") {
						t.Fatalf("%s with %s: %+v", name, path, c)
					}
				}
			}
		}
	}
}

// The rows of the tools are of the reference, as those of the types are.
func TestToolsAreOfTheReference(t *testing.T) {
	for _, row := range toolCalls {
		if row.why == "" || len(row.tools) == 0 || len(row.phases) == 0 {
			t.Errorf("%q has no tool, no phase or no reason", row.actions)
		}
		for _, action := range in(row.actions).actions {
			a, ok := authref.LookupAction(action)
			if !ok || a.String() != action {
				t.Errorf("there is no action %s", action)
				continue
			}
			for key := range row.context {
				if !takesKey(a, key) {
					t.Errorf("a request for %s does not carry %s", action, key)
				}
			}
			if a.TakesResource() != (row.on != "*") {
				t.Errorf("%s acts on %q", action, row.on)
				continue
			}
			if row.on != "*" && !actsOn(a, row.on) {
				t.Errorf("%s does not act on %s but on %v", action, row.on, a.Resources)
			}
		}
	}
}

// The tags of a root stack are set by who deploys it.
func TestStackTags(t *testing.T) {
	stacks := app()
	stacks[0].Tags = map[string]string{"user:Application": "app"}
	calls, _ := Calls(stacks, CallOptions{})
	if !slices.ContainsFunc(calls, func(c Call) bool {
		return c.Action == "cloudformation:TagResource" && c.Through == "" && c.For == nil && strings.HasSuffix(c.Resource, ":stack/amplify-app-dev-123/*")
	}) {
		t.Error("the root stack is not tagged")
	}
}
