package escalate

// cloudFormation is the one service that makes calls of the holder's choice with the holder's permissions.
const cloudFormation = "cloudformation.amazonaws.com"

// A way is how the holder brings CloudFormation to make calls for it.
type way struct {
	Steps []Step
	Needs []string
}

// With a new stack, CloudFormation makes resources; the calls on resources that exist take a stack that has them. The way with
// the fewest calls goes first.
var (
	newStack = []way{
		{Steps: []Step{do("cloudformation:CreateStack", "stack", Own)}},
		{Steps: []Step{do("cloudformation:CreateChangeSet", "stack", Own), do("cloudformation:ExecuteChangeSet", "stack", Own)}},
		{[]Step{do("cloudformation:UpdateStack", "stack", Other)}, []string{"a stack without a service role"}},
	}
	stackThatHas = []way{
		{[]Step{do("cloudformation:UpdateStack", "stack", Other)}, []string{"a stack without a service role that has the resource"}},
		{
			[]Step{do("cloudformation:CreateChangeSet", "stack", Other), do("cloudformation:ExecuteChangeSet", "stack", Other)},
			[]string{"a stack without a service role that has the resource, or can import it"},
		},
	}
)

// A forwarded is a call that CloudFormation makes with the permissions of the one who makes or updates a stack.
type forwarded struct {
	Type string // of the resource in the template for which it is made
	// Existing says that it reaches resources that no stack has, by their names: an inline policy is put into a role that
	// exists. Other calls are made only on the resources that the stack has, or that a change set has imported into it.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
	Existing bool
}

// ofStack reports whether CloudFormation makes a call only if the stack has the resource, which exists.
func (c *Call) ofStack() bool {
	return (c.On.Name == Other || c.On.Name == Self) && !forwards[c.Action].Existing
}

// forwards has the actions of the methods that CloudFormation calls; where it does for several types, with the one that reaches
// most. Calls that it makes to no use of the holder's are left out: it alone sees what ec2:DescribeInstances answers and the seed
// of an MFA device, and a nested stack has no service role of its own.
//
// It is from the handlers in the schemas of the resource types and from the pages of the types, and for some from what the type is for.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
var forwards = map[string]forwarded{
	// Any type that has a role passes it.
	"iam:PassRole": {"AWS::Lambda::Function", true},

	"iam:AddClientIDToOpenIDConnectProvider":    {"AWS::IAM::OIDCProvider", false},
	"iam:AddRoleToInstanceProfile":              {"AWS::IAM::InstanceProfile", false},
	"iam:AddUserToGroup":                        {"AWS::IAM::UserToGroupAddition", true},
	"iam:CreateAccessKey":                       {"AWS::IAM::AccessKey", true},
	"iam:CreateGroup":                           {"AWS::IAM::Group", false},
	"iam:CreateInstanceProfile":                 {"AWS::IAM::InstanceProfile", false},
	"iam:CreateLoginProfile":                    {"AWS::IAM::User", false},
	"iam:CreatePolicyVersion":                   {"AWS::IAM::ManagedPolicy", false},
	"iam:CreateRole":                            {"AWS::IAM::Role", false},
	"iam:CreateSAMLProvider":                    {"AWS::IAM::SAMLProvider", false},
	"iam:CreateUser":                            {"AWS::IAM::User", false},
	"iam:DeleteAccessKey":                       {"AWS::IAM::AccessKey", false},
	"iam:DeleteGroupPolicy":                     {"AWS::IAM::Group", false},
	"iam:DeleteRolePermissionsBoundary":         {"AWS::IAM::Role", false},
	"iam:DeleteRolePolicy":                      {"AWS::IAM::Role", false},
	"iam:DeleteUserPermissionsBoundary":         {"AWS::IAM::User", false},
	"iam:DeleteUserPolicy":                      {"AWS::IAM::User", false},
	"iam:DetachGroupPolicy":                     {"AWS::IAM::Group", false},
	"iam:DetachRolePolicy":                      {"AWS::IAM::Role", false},
	"iam:DetachUserPolicy":                      {"AWS::IAM::User", false},
	"iam:PutGroupPolicy":                        {"AWS::IAM::GroupPolicy", true},
	"iam:PutRolePermissionsBoundary":            {"AWS::IAM::Role", false},
	"iam:PutRolePolicy":                         {"AWS::IAM::RolePolicy", true},
	"iam:PutUserPermissionsBoundary":            {"AWS::IAM::User", false},
	"iam:PutUserPolicy":                         {"AWS::IAM::UserPolicy", true},
	"iam:RemoveUserFromGroup":                   {"AWS::IAM::UserToGroupAddition", false},
	"iam:UpdateAccessKey":                       {"AWS::IAM::AccessKey", false},
	"iam:UpdateAssumeRolePolicy":                {"AWS::IAM::Role", false},
	"iam:UpdateLoginProfile":                    {"AWS::IAM::User", false},
	"iam:UpdateOpenIDConnectProviderThumbprint": {"AWS::IAM::OIDCProvider", false},
	"iam:UpdateSAMLProvider":                    {"AWS::IAM::SAMLProvider", false},

	// AWS::IAM::ManagedPolicy attaches to roles, users and groups that exist, but no policy other than the one that it makes.
	"iam:AttachGroupPolicy": {"AWS::IAM::Group", false},
	"iam:AttachRolePolicy":  {"AWS::IAM::Role", false},
	"iam:AttachUserPolicy":  {"AWS::IAM::User", false},

	// A custom resource invokes the function that its service token names.
	"lambda:InvokeFunction": {"AWS::CloudFormation::CustomResource", true},

	"lambda:AddPermission":                   {"AWS::Lambda::Permission", true},
	"lambda:CreateEventSourceMapping":        {"AWS::Lambda::EventSourceMapping", true},
	"lambda:CreateFunction":                  {"AWS::Lambda::Function", false},
	"lambda:CreateFunctionUrlConfig":         {"AWS::Lambda::Url", true},
	"lambda:DeleteFunctionCodeSigningConfig": {"AWS::Lambda::Function", false},
	"lambda:PublishVersion":                  {"AWS::Lambda::Version", true},
	"lambda:PutFunctionCodeSigningConfig":    {"AWS::Lambda::Function", false},
	"lambda:UpdateFunctionCode":              {"AWS::Lambda::Function", false},
	"lambda:UpdateFunctionConfiguration":     {"AWS::Lambda::Function", false},
	"cloudfront:CreateDistribution":          {"AWS::CloudFront::Distribution", false},
	"cloudfront:UpdateDistribution":          {"AWS::CloudFront::Distribution", false},
	"dynamodb:CreateTable":                   {"AWS::DynamoDB::Table", false},
	"events:PutRule":                         {"AWS::Events::Rule", false},
	"events:PutTargets":                      {"AWS::Events::Rule", false},
	"s3:PutBucketNotification":               {"AWS::S3::Bucket", false},
	"sqs:CreateQueue":                        {"AWS::SQS::Queue", false},
	"sqs:SetQueueAttributes":                 {"AWS::SQS::QueuePolicy", true},

	"apprunner:CreateService":               {"AWS::AppRunner::Service", false},
	"apprunner:UpdateService":               {"AWS::AppRunner::Service", false},
	"autoscaling:CreateAutoScalingGroup":    {"AWS::AutoScaling::AutoScalingGroup", false},
	"autoscaling:CreateLaunchConfiguration": {"AWS::AutoScaling::LaunchConfiguration", false},
	"autoscaling:UpdateAutoScalingGroup":    {"AWS::AutoScaling::AutoScalingGroup", false},
	"ec2:AssociateIamInstanceProfile":       {"AWS::EC2::Instance", false},
	"ec2:CreateLaunchTemplate":              {"AWS::EC2::LaunchTemplate", false},
	"ec2:CreateLaunchTemplateVersion":       {"AWS::EC2::LaunchTemplate", false},
	"ec2:ModifyInstanceAttribute":           {"AWS::EC2::Instance", false},
	"ec2:RunInstances":                      {"AWS::EC2::Instance", false},
	"ec2:StartInstances":                    {"AWS::EC2::Instance", false},
	"ec2:StopInstances":                     {"AWS::EC2::Instance", false},
	"ecs:CreateCluster":                     {"AWS::ECS::Cluster", false},
	"ecs:CreateService":                     {"AWS::ECS::Service", false},
	"ecs:RegisterTaskDefinition":            {"AWS::ECS::TaskDefinition", false},
	"ecs:UpdateService":                     {"AWS::ECS::Service", false},

	"amplify:CreateApp":                   {"AWS::Amplify::App", false},
	"amplify:CreateBranch":                {"AWS::Amplify::Branch", true},
	"amplify:UpdateApp":                   {"AWS::Amplify::App", false},
	"amplify:UpdateBranch":                {"AWS::Amplify::Branch", false},
	"cloudformation:CreateStackInstances": {"AWS::CloudFormation::StackSet", false},
	"cloudformation:CreateStackSet":       {"AWS::CloudFormation::StackSet", false},
	"cloudformation:UpdateStackSet":       {"AWS::CloudFormation::StackSet", false},
	"codebuild:CreateProject":             {"AWS::CodeBuild::Project", false},
	"datapipeline:ActivatePipeline":       {"AWS::DataPipeline::Pipeline", false},
	"datapipeline:CreatePipeline":         {"AWS::DataPipeline::Pipeline", false},
	"datapipeline:PutPipelineDefinition":  {"AWS::DataPipeline::Pipeline", false},

	"appsync:CreateApiKey":                            {"AWS::AppSync::ApiKey", true},
	"appsync:CreateDataSource":                        {"AWS::AppSync::DataSource", true},
	"appsync:CreateFunction":                          {"AWS::AppSync::FunctionConfiguration", true},
	"appsync:CreateResolver":                          {"AWS::AppSync::Resolver", true},
	"appsync:UpdateDataSource":                        {"AWS::AppSync::DataSource", false},
	"appsync:UpdateResolver":                          {"AWS::AppSync::Resolver", false},
	"bedrock-agentcore:CreateCodeInterpreter":         {"AWS::BedrockAgentCore::CodeInterpreterCustom", false},
	"cognito-identity:SetIdentityPoolRoles":           {"AWS::Cognito::IdentityPoolRoleAttachment", true},
	"cognito-identity:UpdateIdentityPool":             {"AWS::Cognito::IdentityPool", false},
	"cognito-idp:AdminAddUserToGroup":                 {"AWS::Cognito::UserPoolUserToGroupAttachment", true},
	"cognito-idp:AdminCreateUser":                     {"AWS::Cognito::UserPoolUser", true},
	"cognito-idp:CreateGroup":                         {"AWS::Cognito::UserPoolGroup", true},
	"cognito-idp:CreateUserPoolClient":                {"AWS::Cognito::UserPoolClient", true},
	"cognito-idp:UpdateGroup":                         {"AWS::Cognito::UserPoolGroup", false},
	"cognito-idp:UpdateUserPoolClient":                {"AWS::Cognito::UserPoolClient", false},
	"glue:CreateDevEndpoint":                          {"AWS::Glue::DevEndpoint", false},
	"glue:CreateJob":                                  {"AWS::Glue::Job", false},
	"glue:CreateTrigger":                              {"AWS::Glue::Trigger", true},
	"glue:UpdateDevEndpoint":                          {"AWS::Glue::DevEndpoint", false},
	"glue:UpdateJob":                                  {"AWS::Glue::Job", false},
	"sagemaker:CreateNotebookInstance":                {"AWS::SageMaker::NotebookInstance", false},
	"sagemaker:CreateNotebookInstanceLifecycleConfig": {"AWS::SageMaker::NotebookInstanceLifecycleConfig", false},
	"sagemaker:CreateProcessingJob":                   {"AWS::SageMaker::ProcessingJob", false},
	"sagemaker:StartNotebookInstance":                 {"AWS::SageMaker::NotebookInstance", false},
	"sagemaker:StopNotebookInstance":                  {"AWS::SageMaker::NotebookInstance", false},
	"sagemaker:UpdateNotebookInstance":                {"AWS::SageMaker::NotebookInstance", false},
}
