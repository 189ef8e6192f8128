package escalate

// Services that run code, or act, with a role that is passed to them.
const (
	agentCore       = "bedrock-agentcore.amazonaws.com"
	amplify         = "amplify.amazonaws.com"
	appRunner       = "apprunner.amazonaws.com"
	appRunnerTasks  = "tasks.apprunner.amazonaws.com"
	appSync         = "appsync.amazonaws.com"
	codeBuild       = "codebuild.amazonaws.com"
	codeStar        = "codestar.amazonaws.com"
	cognitoIdentity = "cognito-identity.amazonaws.com"
	cognitoIDP      = "cognito-idp.amazonaws.com"
	dataPipeline    = "datapipeline.amazonaws.com"
	ec2             = "ec2.amazonaws.com"
	ecsTasks        = "ecs-tasks.amazonaws.com"
	edgeLambda      = "edgelambda.amazonaws.com"
	emr             = "elasticmapreduce.amazonaws.com"
	glue            = "glue.amazonaws.com"
	lambda          = "lambda.amazonaws.com"
	sageMaker       = "sagemaker.amazonaws.com"
)

// roleOf returns the target that is a role which the holder passes to a service.
func roleOf(service string) Target { return Target{Kind: "role", Trusts: service} }

// runningIn returns the target that is a role with which something in a service runs already.
func runningIn(service string) Target { return Target{Kind: "role", Trusts: service, Running: true} }
