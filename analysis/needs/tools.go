package needs

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
)

// A Tool is what deploys. It makes calls of its own beside those that CloudFormation makes for it.
type Tool string

// The tools.
const (
	CommandLine Tool = ""        // aws cloudformation deploy, create-stack and the like
	AmplifyCLI  Tool = "amplify" // Amplify's first generation: amplify init, amplify push
	Ampx        Tool = "ampx"    // Amplify's second generation and the AWS CDK: ampx pipeline-deploy, cdk deploy
	HostedBuild Tool = "hosting" // a build of Amplify Hosting, which runs ampx pipeline-deploy
)

// Tools are the tools that CallOptions may name.
func Tools() []Tool { return []Tool{CommandLine, AmplifyCLI, Ampx, HostedBuild} }

// A toolCall is a row of what tools call by themselves. Of a module's calls none is made if no resource is of the module.
type toolCall struct {
	tools   []Tool
	module  string
	phases  []Phase
	actions string // as in the table of types
	on      string // a template, in which {Stack} is the root's name and {Bucket} the deployment bucket; * for none
	context map[string]string
	upper   bool
	why     string
}

var (
	deploying = []Phase{Create, Update}
	anyTime   = []Phase{Create, Update, Delete}
	gen1      = []Tool{AmplifyCLI}
	gen2      = []Tool{Ampx, HostedBuild}
)

// toolCalls is what AWS documents. What the first generation's command line calls is in AdministratorAccess-Amplify, in the statements
// CLICloudformationPolicy, CLISDKCalls, AmplifySSMCalls, GeoPowerUser and AmplifyStorageSDKCalls, to which Amplify's own page on its
// permissions refers: https://docs.aws.amazon.com/amplify/latest/userguide/security-iam-awsmanpol.html. The policy does not say which
// command makes which call, so that what a push need not make is marked as an upper bound. What Amplify's pages have for Studio, such as
// managing users, is left out. The second generation's calls are in AmplifyBackendDeployFullAccess on the same page; it deploys by
// the roles of the CDK's bootstrap stack, and what those are allowed is what one needs who deploys without them:
// https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html.
var toolCalls = []toolCall{
	// The stack itself, whatever deploys.
	{tools: Tools(), module: Core, phases: []Phase{Create}, actions: "cloudformation:CreateStack", on: rootStack, why: "creating the stack"},
	{tools: Tools(), module: Core, phases: []Phase{Update}, actions: "cloudformation:UpdateStack", on: rootStack, why: "updating the stack"},
	{tools: []Tool{CommandLine, Ampx, HostedBuild}, module: Core, phases: deploying,
		actions: "cloudformation:CreateChangeSet DescribeChangeSet ExecuteChangeSet", on: rootStack, why: "deploying the stack by a change set"},
	{tools: Tools(), module: Core, phases: deploying, actions: "cloudformation:GetTemplateSummary", on: rootStack, why: "reading the template's parameters"},
	{tools: Tools(), module: Core, phases: []Phase{Create, Read, Update, Delete}, actions: "cloudformation:DescribeStacks DescribeStackEvents", on: rootStack, why: "waiting for the stack"},
	{tools: Tools(), module: Core, phases: []Phase{Delete}, actions: "cloudformation:DeleteStack", on: rootStack, why: "deleting the stack"},
	{tools: gen1, module: Core, phases: deploying, actions: "cloudformation:DescribeStackResource DescribeStackResources ListStackResources", on: rootStack, why: "amplify push"},
	{tools: gen1, module: Core, phases: deploying, actions: "cloudformation:CreateChangeSet DescribeChangeSet ExecuteChangeSet GetTemplate", on: rootStack, upper: true, why: "amplify push"},
	{tools: gen1, module: Core, phases: deploying, actions: "cloudformation:ListStacks", on: "*", upper: true, why: "amplify push"},
	{tools: gen2, module: Core, phases: deploying, actions: "cloudformation:ListStackResources GetTemplate DeleteChangeSet", on: rootStack, why: "cdk deploy"},
	{tools: gen2, module: Core, phases: deploying, actions: "cloudformation:ListStacks", on: "*", why: "ampx"},
	{tools: gen2, module: Core, phases: deploying, actions: "cloudformation:DescribeStacks DescribeStackEvents GetTemplate ListStackResources GetTemplateSummary",
		on: "cloudformation:$R:$A:stack/CDKToolkit/*", why: "ampx: is the account bootstrapped"},

	// The deployment bucket, which has the templates and the code. CloudFormation reads the root's template from it.
	{tools: Tools(), module: Core, phases: deploying, actions: "s3:PutObject GetObject", on: "s3:::{Bucket}/*", why: "putting templates and code into the deployment bucket"},
	{tools: Tools(), module: Core, phases: deploying, actions: "s3:ListBucket", on: "s3:::{Bucket}", why: "looking into the deployment bucket"},
	{tools: gen1, module: Core, phases: []Phase{Delete}, actions: "s3:DeleteObject DeleteObjectVersion", on: "s3:::{Bucket}/*", why: "amplify delete: emptying the deployment bucket"},
	{tools: gen1, module: Core, phases: []Phase{Delete}, actions: "s3:DeleteBucket ListBucket ListBucketVersions", on: "s3:::{Bucket}", why: "amplify delete"},
	{tools: gen2, module: Core, phases: deploying, actions: "s3:GetBucketLocation GetEncryptionConfiguration", on: "s3:::{Bucket}", why: "cdk deploy: publishing assets"},

	// Amplify's own backend environments.
	{tools: gen1, module: Core, phases: []Phase{Create}, actions: "amplify:CreateApp ListApps", on: "*", why: "amplify init"},
	{tools: gen1, module: Core, phases: []Phase{Create}, actions: "amplify:CreateBackendEnvironment", on: "amplify:$R:$A:apps/*", why: "amplify init"},
	{tools: gen1, module: Core, phases: anyTime, actions: "amplify:GetApp GetBackendEnvironment ListBackendEnvironments", on: "amplify:$R:$A:apps/*", why: "amplify init, amplify push"},
	{tools: gen1, module: Core, phases: []Phase{Delete}, actions: "amplify:DeleteBackendEnvironment DeleteApp", on: "amplify:$R:$A:apps/*", why: "amplify delete"},
	{tools: gen1, module: Core, phases: deploying, actions: "amplifybackend:GetBackend", on: "amplifybackend:$R:$A:/backend/*/*", upper: true, why: "amplify push: is Studio on"},
	{tools: gen1, module: Core, phases: deploying, actions: "sts:AssumeRole", on: "iam::$A:role/*", upper: true, why: "a profile with a role"},

	// The second generation deploys by the roles of the CDK's bootstrap stack.
	{tools: gen2, module: Core, phases: anyTime, actions: "sts:AssumeRole", on: "iam::$A:role/cdk-*-deploy-role-$A-$R", why: "cdk deploy"},
	{tools: gen2, module: Core, phases: anyTime, actions: "sts:AssumeRole", on: "iam::$A:role/cdk-*-lookup-role-$A-$R", upper: true, why: "cdk deploy: context"},
	{tools: gen2, module: Core, phases: deploying, actions: "sts:AssumeRole", on: "iam::$A:role/cdk-*-file-publishing-role-$A-$R", why: "cdk deploy: publishing assets"},
	{tools: gen2, module: Core, phases: deploying, actions: "sts:AssumeRole", on: "iam::$A:role/cdk-*-image-publishing-role-$A-$R", upper: true, why: "cdk deploy: publishing images"},
	{tools: gen2, module: Core, phases: anyTime, actions: "iam:PassRole", on: "iam::$A:role/cdk-*-cfn-exec-role-$A-$R",
		context: map[string]string{"iam:PassedToService": CloudFormation}, upper: true, why: "cdk deploy: CloudFormation works with the bootstrap stack's role"},
	{tools: gen2, module: Core, phases: anyTime, actions: "ssm:GetParameter", on: "ssm:$R:$A:parameter/cdk-bootstrap/*/version", why: "cdk deploy: the bootstrap stack's version"},
	{tools: gen2, module: Core, phases: deploying, actions: "amplify:ListApps", on: "*", why: "ampx"},
	{tools: gen2, module: Core, phases: deploying, actions: "ssm:GetParametersByPath GetParameters GetParameter", on: "ssm:$R:$A:parameter/amplify/*", why: "ampx: secrets"},
	{tools: gen2, module: API, phases: deploying, actions: "appsync:GetIntrospectionSchema", on: "*", why: "ampx generate"},

	// What the first generation's command line looks up or does by category.
	{tools: gen1, module: Auth, phases: deploying, actions: "cognito-idp:DescribeUserPool DescribeUserPoolClient GetUserPoolMfaConfig ListIdentityProviders DescribeIdentityProvider ListUserPoolClients",
		on: "cognito-idp:$R:$A:userpool/*", upper: true, why: "amplify push, amplify pull: auth"},
	{tools: gen1, module: Auth, phases: deploying, actions: "cognito-idp:ListUserPools", on: "*", upper: true, why: "amplify import auth"},
	{tools: gen1, module: Auth, phases: deploying, actions: "cognito-identity:DescribeIdentityPool GetIdentityPoolRoles", on: "cognito-identity:$R:$A:identitypool/*", upper: true, why: "amplify push, amplify import auth"},
	{tools: gen1, module: Auth, phases: deploying, actions: "cognito-identity:ListIdentityPools", on: "*", upper: true, why: "amplify import auth"},
	{tools: gen1, module: Auth, phases: deploying, actions: "sns:GetSMSSandboxAccountStatus", on: "*", upper: true, why: "amplify push: is the account in the SMS sandbox"},
	{tools: gen1, module: Auth, phases: anyTime, actions: "ssm:PutParameter GetParameter GetParameters GetParametersByPath DeleteParameter DeleteParameters", on: "ssm:$R:$A:parameter/amplify/*", upper: true, why: "amplify push: secrets of identity providers"},
	{tools: gen1, module: API, phases: deploying, actions: "appsync:GetIntrospectionSchema ListApiKeys UpdateApiKey", on: "*", upper: true, why: "amplify codegen, amplify push"},
	{tools: gen1, module: API, phases: deploying, actions: "dynamodb:DescribeTable", on: "dynamodb:$R:$A:table/*", upper: true, why: "amplify push: indexes of tables"},
	{tools: gen1, module: API, phases: deploying, actions: "ecr:DescribeRepositories", on: "ecr:$R:$A:repository/*", upper: true, why: "amplify push: containers"},
	{tools: gen1, module: Storage, phases: deploying, actions: "s3:ListAllMyBuckets", on: "*", upper: true, why: "amplify import storage"},
	{tools: gen1, module: Storage, phases: deploying, actions: "s3:GetBucketLocation ListBucket", on: "s3:::*", upper: true, why: "amplify import storage"},
	{tools: gen1, module: Storage, phases: deploying, actions: "dynamodb:ListTables", on: "*", upper: true, why: "amplify import storage"},
	{tools: gen1, module: Storage, phases: deploying, actions: "dynamodb:DescribeTable", on: "dynamodb:$R:$A:table/*", upper: true, why: "amplify import storage"},
	{tools: gen1, module: Functions, phases: deploying, actions: "lambda:GetFunction", on: "lambda:$R:$A:function:*", upper: true, why: "amplify push, amplify mock"},
	{tools: gen1, module: Functions, phases: deploying, actions: "lambda:ListLayerVersions", on: "*", upper: true, why: "amplify push: layers"},
	{tools: gen1, module: Functions, phases: deploying, actions: "lambda:DeleteLayerVersion", on: "lambda:$R:$A:layer:*:*", upper: true, why: "amplify push: old versions of layers"},
	{tools: gen1, module: Functions, phases: anyTime, actions: "ssm:PutParameter GetParameter GetParameters GetParametersByPath DeleteParameter DeleteParameters", on: "ssm:$R:$A:parameter/amplify/*", upper: true, why: "amplify push: secrets of functions"},
	{tools: gen1, module: Hosting, phases: deploying, actions: "s3:ListBucket", on: "s3:::*", upper: true, why: "amplify publish"},
	{tools: gen1, module: Hosting, phases: deploying, actions: "s3:PutObject DeleteObject PutObjectAcl", on: "s3:::*/*", upper: true, why: "amplify publish"},
	{tools: gen1, module: Hosting, phases: deploying, actions: "cloudfront:CreateInvalidation", on: "cloudfront::$A:distribution/*", upper: true, why: "amplify publish"},
	{tools: gen1, module: Hosting, phases: deploying, actions: "amplify:CreateBranch CreateDeployment StartDeployment ", on: "amplify:$R:$A:apps/*/branches/*", upper: true, why: "amplify publish"},
	{tools: gen1, module: Analytics, phases: deploying, actions: "mobiletargeting:CreateApp", on: "mobiletargeting:$R:$A:apps/*", upper: true, why: "amplify add notifications"},
	{tools: gen1, module: Analytics, phases: anyTime, actions: "mobiletargeting:GetApp DeleteApp", on: "mobiletargeting:$R:$A:apps/*", upper: true, why: "amplify push: analytics and notifications"},
	{tools: gen1, module: Analytics, phases: anyTime, actions: "mobiletargeting:GetChannels", on: "mobiletargeting:$R:$A:apps/*/channels", upper: true, why: "amplify push: notifications"},
	{tools: gen1, module: Analytics, phases: anyTime, actions: "mobiletargeting:UpdateGcmChannel UpdateApnsChannel UpdateApnsSandboxChannel UpdateEmailChannel UpdateSmsChannel",
		on: "mobiletargeting:$R:$A:apps/*/channels/*", upper: true, why: "amplify push: notifications"},
	{tools: gen1, module: Geo, phases: deploying, actions: "geo:ListGeofences BatchPutGeofence", on: "geo:$R:$A:geofence-collection/*", upper: true, why: "amplify geo import"},
	{tools: gen1, module: Geo, phases: deploying, actions: "geo:ListGeofenceCollections", on: "geo:$R:$A:geofence-collection/*", upper: true, why: "amplify geo import"},
	{tools: gen1, module: Interactions, phases: deploying, actions: "lex:GetBot", on: "lex:$R:$A:bot:*:*", upper: true, why: "amplify add interactions"},
	{tools: gen1, module: Interactions, phases: deploying, actions: "lex:GetBuiltinIntent GetBuiltinIntents GetBuiltinSlotTypes", on: "*", upper: true, why: "amplify add interactions"},
	{tools: gen1, module: Predictions, phases: deploying, actions: "rekognition:DescribeCollection", on: "rekognition:$R:$A:collection/*", upper: true, why: "amplify push: predictions"},
	{tools: gen1, module: Predictions, phases: deploying, actions: "polly:DescribeVoices", on: "*", upper: true, why: "amplify add predictions"},

	// A build of Amplify Hosting works with the app's service role.
	{tools: []Tool{HostedBuild}, module: Core, phases: deploying, actions: "codecommit:GitPull", on: "codecommit:$R:$A:*", upper: true, why: "the build: a repository of CodeCommit"},
	{tools: []Tool{HostedBuild}, module: Core, phases: deploying, actions: "logs:DescribeLogGroups", on: "*", why: "the build: logs of the app's server"},
	{tools: []Tool{HostedBuild}, module: Core, phases: deploying, actions: "logs:CreateLogGroup", on: "logs:$R:$A:log-group:/aws/amplify/*", why: "the build: logs of the app's server"},
	{tools: []Tool{HostedBuild}, module: Core, phases: deploying, actions: "logs:CreateLogStream PutLogEvents", on: "logs:$R:$A:log-group:/aws/amplify/*:log-stream:*", why: "the build: logs of the app's server"},
}

// Parameters returns what a tool gives the parameters of the root of its templates, whose defaults stand for nothing: Amplify's first
// generation names the deployment bucket and the roles of the root after the stack.
func (t Tool) Parameters(stackName string) map[string]string {
	if t != AmplifyCLI {
		return nil
	}
	return map[string]string{
		"DeploymentBucketName": stackName + "-deployment", "AuthRoleName": stackName + "-authRole", "UnauthRoleName": stackName + "-unauthRole",
	}
}

const rootStack = "cloudformation:$R:$A:stack/{Stack}/*"

// stackOperations adds the calls that the tool makes itself for a root stack, and what CloudFormation reads for it before all resources.
func (c *caller) stackOperations(s *Stack) {
	modules := map[string]bool{Core: true}
	c.eachResource(s, func(r *Resource) { modules[Module(r)] = true })
	bucket := c.bucket(s)
	for i := range toolCalls {
		t := &toolCalls[i]
		if !slices.Contains(t.tools, c.Tool) || !modules[t.module] {
			continue
		}
		if bucket == "" && strings.Contains(t.on, "{Bucket}") {
			continue
		}
		template, suffix, inBucket := strings.Cut(t.on, "{Bucket}")
		if inBucket {
			suffix = bucket + suffix
		}
		for _, phase := range c.pass {
			if !slices.Contains(t.phases, phase) {
				continue
			}
			for _, action := range in(t.actions).actions {
				call := Call{Action: action, Resource: "*", Phase: phase, Module: t.module, Upper: t.upper, Why: t.why}
				if a, ok := authref.LookupAction(action); template != "*" && (!ok || a.TakesResource()) {
					call.Resource = c.arn(template, &Resource{Stack: s}, nil) + suffix
				}
				for key, value := range t.context {
					call.Context = map[string][]string{key: {value}}
				}
				c.add(call)
			}
		}
	}
	if len(s.Tags) > 0 && c.Tool != HostedBuild {
		c.tagStack(s)
	}
	for _, phase := range c.pass {
		if phase != Create && phase != Update {
			continue
		}
		if bucket != "" {
			c.add(Call{Action: "s3:GetObject", Resource: "arn:" + c.Partition + ":s3:::" + bucket + "/*", Through: CloudFormation, Phase: phase, Module: Core, Why: "reading the template"})
		}
	}
}

// tagStack adds the calls for the tags of a root stack.
func (c *caller) tagStack(s *Stack) {
	arn := c.arn(rootStack, &Resource{Stack: s}, nil)
	for _, phase := range c.pass {
		if phase == Create || phase == Update {
			c.add(Call{Action: "cloudformation:TagResource", Resource: arn, Phase: phase, Module: Core, Why: "the stack's tags"})
		}
		if phase == Update {
			c.add(Call{Action: "cloudformation:UntagResource", Resource: arn, Phase: phase, Module: Core, Why: "the stack's tags"})
		}
	}
}

// bucket is the name of the deployment bucket, or a pattern for it: "" if there is none.
func (c *caller) bucket(s *Stack) string {
	if c.Bucket != "" {
		return c.Bucket
	}
	switch c.Tool {
	case AmplifyCLI:
		for _, r := range s.Resources {
			// Where the parameter for the name was not given, it has the default of all these templates, which is no bucket's name.
			if r.Type == "AWS::S3::Bucket" && r.LogicalID == "DeploymentBucket" && r.Name != "" && r.Name != "DeploymentBucket" {
				return r.Name
			}
		}
		return c.fill("{Stack}-deployment", &Resource{Stack: s}, nil)
	case Ampx, HostedBuild:
		return c.fill("cdk-*-assets-$A-$R", nil, nil)
	}
	return ""
}

// eachResource calls f with the resources of a stack and of those nested in it.
func (c *caller) eachResource(s *Stack, f func(*Resource)) {
	for _, r := range s.Resources {
		f(r)
		for _, nested := range c.nested[r] {
			c.eachResource(nested, f)
		}
	}
}

// transforms adds the calls by which who deploys is allowed the transforms of AWS that a template names:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html. AWS documents it of one of them.
func (c *caller) transforms(s *Stack) {
	if s.Template == nil {
		return
	}
	for _, n := range s.Template.Root.member("Transform").texts() {
		name, ofAWS := strings.CutPrefix(n.Text, "AWS::")
		if n.Kind != Text || !ofAWS {
			continue
		}
		call := Call{Action: "cloudformation:CreateChangeSet", Resource: c.arn("cloudformation:$R:aws:transform/", nil, nil) + name,
			For: s.Parent, Pos: n.Pos, Upper: name != "Serverless-2016-10-31", Why: "the transform " + n.Text}
		if s.Parent != nil {
			call.Through = CloudFormation
		}
		for _, call.Phase = range c.pass {
			if call.Phase == Create || call.Phase == Update {
				c.add(call)
			}
		}
	}
}

// lookedUp adds the calls by which CloudFormation fetches what parameters and properties refer to: parameters of Systems Manager, and secrets.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html.
func (c *caller) lookedUp(s *Stack, r *Resource) {
	for _, l := range s.Lookups {
		if l.For != r {
			continue
		}
		call := Call{Through: CloudFormation, For: r, Pos: l.Pos, Why: "fetching " + l.Name}
		switch {
		case l.Service != "secretsmanager" && strings.HasPrefix(l.Name, "/aws/service/"): // a public parameter, which is of no account
			call.Action, call.Resource = "ssm:GetParameters", c.arn("ssm:$R::parameter", nil, nil)+l.Name
		case l.Service != "secretsmanager":
			call.Action, call.Resource = "ssm:GetParameters", c.arn("ssm:$R:$A:parameter/", nil, nil)+strings.TrimPrefix(l.Name, "/")
		case strings.HasPrefix(l.Name, "arn:"):
			call.Action, call.Resource = "secretsmanager:GetSecretValue", l.Name
		default:
			call.Action, call.Resource = "secretsmanager:GetSecretValue", c.arn("secretsmanager:$R:$A:secret:", nil, nil)+l.Name+"-*"
		}
		if r == nil && s.Parent != nil {
			call.For = s.Parent
		}
		for _, call.Phase = range c.pass {
			if call.Phase == Create || call.Phase == Update {
				c.add(call)
			}
		}
	}
}
