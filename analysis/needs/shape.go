package needs

// A shape says what the names and ARNs of a type look like. Of the texts with braces see fill.
type shape struct {
	name       string // the property that sets the name; empty if the type is known by an id that the service makes up
	how        madeUp
	arn        string
	ref        string            // what Ref is: "arn", a text with braces, or the name if empty
	attributes map[string]string // what Fn::GetAtt is: "arn", listAttribute or a text with braces. Arn is the ARN without being named here
	tags       string            // the property of the tags, if it is not Tags
}

const stackType = "AWS::CloudFormation::Stack"

// shapes are the types that are known, which are those that backends of Amplify have and those around them.
var shapes = map[string]shape{
	stackType: {name: "StackName", arn: stackARN, ref: "arn"},

	"AWS::Amplify::App":    {arn: "arn:{P}:amplify:{R}:{A}:apps/*", ref: "arn", attributes: map[string]string{"AppId": "*", "AppName": "{Name}", "DefaultDomain": "*.amplifyapp.com"}},
	"AWS::Amplify::Branch": {name: "BranchName", arn: "arn:{P}:amplify:{R}:{A}:apps/{AppId}/branches/{N}", ref: "arn"},
	"AWS::Amplify::Domain": {name: "DomainName", arn: "arn:{P}:amplify:{R}:{A}:apps/{AppId}/domains/{N}", ref: "arn"},

	"AWS::ApiGateway::RestApi":         {arn: "arn:{P}:apigateway:{R}::/restapis/*", ref: "*"},
	"AWS::ApiGateway::Authorizer":      {arn: "arn:{P}:apigateway:{R}::/restapis/{RestApiId}/authorizers/*", ref: "*"},
	"AWS::ApiGateway::Deployment":      {arn: "arn:{P}:apigateway:{R}::/restapis/{RestApiId}/deployments/*", ref: "*"},
	"AWS::ApiGateway::GatewayResponse": {arn: "arn:{P}:apigateway:{R}::/restapis/{RestApiId}/gatewayresponses/{ResponseType}", ref: "*"},
	"AWS::ApiGateway::Method":          {arn: "arn:{P}:apigateway:{R}::/restapis/{RestApiId}/resources/{ResourceId}/methods/{HttpMethod}", ref: "*"},
	"AWS::ApiGateway::Model":           {name: "Name", how: byService, arn: "arn:{P}:apigateway:{R}::/restapis/{RestApiId}/models/{N}"},
	"AWS::ApiGateway::Resource":        {arn: "arn:{P}:apigateway:{R}::/restapis/{RestApiId}/resources/*", ref: "*"},
	"AWS::ApiGatewayV2::Authorizer":    {arn: "arn:{P}:apigateway:{R}::/apis/{ApiId}/authorizers/*", ref: "*"},
	"AWS::ApiGatewayV2::Deployment":    {arn: "arn:{P}:apigateway:{R}::/apis/{ApiId}/deployments/*", ref: "*"},
	"AWS::ApiGatewayV2::Integration":   {arn: "arn:{P}:apigateway:{R}::/apis/{ApiId}/integrations/*", ref: "*"},
	"AWS::ApiGatewayV2::Route":         {arn: "arn:{P}:apigateway:{R}::/apis/{ApiId}/routes/*", ref: "*"},
	"AWS::ApiGateway::Stage":           {name: "StageName", how: byService, arn: "arn:{P}:apigateway:{R}::/restapis/{RestApiId}/stages/{N}"},
	"AWS::ApiGatewayV2::Api":           {arn: "arn:{P}:apigateway:{R}::/apis/*", ref: "*", attributes: map[string]string{"ApiEndpoint": "*"}},
	"AWS::ApiGatewayV2::Stage":         {name: "StageName", how: byService, arn: "arn:{P}:apigateway:{R}::/apis/{ApiId}/stages/{N}"},
	"AWS::ApiGateway::ApiKey":          {arn: "arn:{P}:apigateway:{R}::/apikeys/*", ref: "*"},

	"AWS::AppSync::GraphQLApi":            {arn: "arn:{P}:appsync:{R}:{A}:apis/*", ref: "arn", attributes: map[string]string{"GraphQLUrl": "https://*.appsync-api.{R}.{S}/graphql"}},
	"AWS::AppSync::Api":                   {arn: "arn:{P}:appsync:{R}:{A}:apis/*", ref: "arn", attributes: map[string]string{"ApiArn": "arn"}},
	"AWS::AppSync::ApiKey":                {arn: "arn:{P}:appsync:{R}:{A}:apis/{ApiId}/apikeys/*", ref: "arn"},
	"AWS::AppSync::DataSource":            {name: "Name", arn: "arn:{P}:appsync:{R}:{A}:apis/{ApiId}/datasources/{N}", ref: "arn", attributes: map[string]string{"DataSourceArn": "arn"}},
	"AWS::AppSync::FunctionConfiguration": {arn: "arn:{P}:appsync:{R}:{A}:apis/{ApiId}/functions/*", ref: "arn", attributes: map[string]string{"FunctionArn": "arn", "Name": "{Name}", "DataSourceName": "{DataSourceName}"}},
	"AWS::AppSync::Resolver": {arn: "arn:{P}:appsync:{R}:{A}:apis/{ApiId}/types/{TypeName}/resolvers/{FieldName}", ref: "arn",
		attributes: map[string]string{"ResolverArn": "arn", "FieldName": "{FieldName}", "TypeName": "{TypeName}"}},
	"AWS::AppSync::GraphQLSchema": {ref: "*"},

	"AWS::Backup::BackupPlan":  {arn: "arn:{P}:backup:{R}:{A}:backup-plan:*", ref: "*", attributes: map[string]string{"BackupPlanArn": "arn"}, tags: "BackupPlanTags"},
	"AWS::Backup::BackupVault": {name: "BackupVaultName", how: byService, arn: "arn:{P}:backup:{R}:{A}:backup-vault:{N}", attributes: map[string]string{"BackupVaultArn": "arn"}, tags: "BackupVaultTags"},

	"AWS::CloudFront::Distribution":                   {arn: "arn:{P}:cloudfront::{A}:distribution/*", ref: "*", attributes: map[string]string{"DomainName": "*.cloudfront.net"}},
	"AWS::CloudFront::CloudFrontOriginAccessIdentity": {arn: "arn:{P}:cloudfront::{A}:origin-access-identity/*", ref: "*"},
	"AWS::CloudFront::OriginAccessControl":            {arn: "arn:{P}:cloudfront::{A}:origin-access-control/*", ref: "*"},
	"AWS::CloudFront::Function":                       {name: "Name", arn: "arn:{P}:cloudfront::{A}:function/{N}", ref: "arn", attributes: map[string]string{"FunctionARN": "arn"}},

	"AWS::CloudWatch::Alarm":      {name: "AlarmName", arn: "arn:{P}:cloudwatch:{R}:{A}:alarm:{N}"},
	"AWS::CloudWatch::Dashboard":  {name: "DashboardName", how: byService, arn: "arn:{P}:cloudwatch::{A}:dashboard/{N}"},
	"AWS::CodeBuild::Project":     {name: "Name", how: byLogicalID, arn: "arn:{P}:codebuild:{R}:{A}:project/{N}"},
	"AWS::CodePipeline::Pipeline": {name: "Name", arn: "arn:{P}:codepipeline:{R}:{A}:{N}"},

	"AWS::Cognito::IdentityPool": {arn: "arn:{P}:cognito-identity:{R}:{A}:identitypool/*", ref: "{R}:*", attributes: map[string]string{"Id": "{R}:*"}, tags: "IdentityPoolTags"},
	"AWS::Cognito::UserPool": {arn: "arn:{P}:cognito-idp:{R}:{A}:userpool/{R}_*", ref: "{R}_*", tags: "UserPoolTags",
		attributes: map[string]string{"UserPoolId": "{R}_*", "ProviderName": "cognito-idp.{R}.{S}/{R}_*", "ProviderURL": "https://cognito-idp.{R}.{S}/{R}_*"}},
	"AWS::Cognito::UserPoolClient":             {ref: "*"},
	"AWS::Cognito::UserPoolDomain":             {name: "Domain"},
	"AWS::Cognito::UserPoolGroup":              {name: "GroupName", how: byService},
	"AWS::Cognito::UserPoolIdentityProvider":   {name: "ProviderName"},
	"AWS::Cognito::UserPoolResourceServer":     {name: "Identifier"},
	"AWS::Cognito::UserPoolUser":               {name: "Username", how: byService},
	"AWS::Cognito::IdentityPoolRoleAttachment": {ref: "*"},

	"AWS::DynamoDB::Table":       {name: "TableName", arn: "arn:{P}:dynamodb:{R}:{A}:table/{N}", attributes: map[string]string{"StreamArn": "arn:{P}:dynamodb:{R}:{A}:table/{N}/stream/*"}},
	"AWS::DynamoDB::GlobalTable": {name: "TableName", how: byLogicalID, arn: "arn:{P}:dynamodb:{R}:{A}:table/{N}", attributes: map[string]string{"StreamArn": "arn:{P}:dynamodb:{R}:{A}:table/{N}/stream/*"}},

	"AWS::EC2::VPC": {arn: "arn:{P}:ec2:{R}:{A}:vpc/*", ref: "vpc-*", attributes: map[string]string{"VpcId": "vpc-*", "CidrBlock": "{CidrBlock}", "CidrBlockAssociations": listAttribute,
		"Ipv6CidrBlocks": listAttribute, "DefaultNetworkAcl": "acl-*", "DefaultSecurityGroup": "sg-*"}},
	"AWS::EC2::Subnet":        {arn: "arn:{P}:ec2:{R}:{A}:subnet/*", ref: "subnet-*", attributes: map[string]string{"SubnetId": "subnet-*", "Ipv6CidrBlocks": listAttribute, "VpcId": "{VpcId}"}},
	"AWS::EC2::SecurityGroup": {arn: "arn:{P}:ec2:{R}:{A}:security-group/*", ref: "*", attributes: map[string]string{"GroupId": "sg-*", "VpcId": "{VpcId}"}},

	"AWS::ECR::Repository": {name: "RepositoryName", how: byStackLow, arn: "arn:{P}:ecr:{R}:{A}:repository/{N}", attributes: map[string]string{"RepositoryUri": "{A}.dkr.ecr.{R}.{S}/{N}"}},
	"AWS::ECS::Cluster":    {name: "ClusterName", arn: "arn:{P}:ecs:{R}:{A}:cluster/{N}"},
	"AWS::ECS::Service":    {name: "ServiceName", how: byLogicalID, arn: "arn:{P}:ecs:{R}:{A}:service/*", ref: "arn", attributes: map[string]string{"ServiceArn": "arn"}},

	"AWS::Elasticsearch::Domain":     {name: "DomainName", how: byService, arn: "arn:{P}:es:{R}:{A}:domain/{N}", attributes: map[string]string{"DomainArn": "arn", "DomainEndpoint": "*"}},
	"AWS::OpenSearchService::Domain": {name: "DomainName", how: byService, arn: "arn:{P}:es:{R}:{A}:domain/{N}", attributes: map[string]string{"DomainArn": "arn", "DomainEndpoint": "*"}},

	"AWS::Events::Rule":     {name: "Name", arn: "arn:{P}:events:{R}:{A}:rule/{Bus/}{N}"},
	"AWS::Events::EventBus": {name: "Name", arn: "arn:{P}:events:{R}:{A}:event-bus/{N}"},

	"AWS::IAM::Role":              {name: "RoleName", arn: "arn:{P}:iam::{A}:role{Path}{N}"},
	"AWS::IAM::User":              {name: "UserName", arn: "arn:{P}:iam::{A}:user{Path}{N}"},
	"AWS::IAM::Group":             {name: "GroupName", arn: "arn:{P}:iam::{A}:group{Path}{N}"},
	"AWS::IAM::InstanceProfile":   {name: "InstanceProfileName", arn: "arn:{P}:iam::{A}:instance-profile{Path}{N}"},
	"AWS::IAM::ManagedPolicy":     {name: "ManagedPolicyName", arn: "arn:{P}:iam::{A}:policy{Path}{N}", ref: "arn", attributes: map[string]string{"PolicyArn": "arn"}},
	"AWS::IAM::Policy":            {name: "PolicyName", how: byService, ref: "*", attributes: map[string]string{"Id": "*"}},
	"AWS::IAM::RolePolicy":        {name: "PolicyName", how: byService},
	"AWS::IAM::UserPolicy":        {name: "PolicyName", how: byService},
	"AWS::IAM::GroupPolicy":       {name: "PolicyName", how: byService},
	"AWS::IAM::ServiceLinkedRole": {arn: "arn:{P}:iam::{A}:role/aws-service-role/{AWSServiceName}/*", ref: "*", attributes: map[string]string{"RoleName": "*"}},
	"AWS::IAM::OIDCProvider":      {arn: "arn:{P}:iam::{A}:oidc-provider/*", ref: "arn"},
	"AWS::IAM::SAMLProvider":      {name: "Name", how: byService, arn: "arn:{P}:iam::{A}:saml-provider/{N}", ref: "arn"},
	"AWS::IAM::AccessKey":         {ref: "*"},

	"AWS::KMS::Key":                        {arn: "arn:{P}:kms:{R}:{A}:key/*", ref: "*", attributes: map[string]string{"KeyId": "*"}},
	"AWS::KMS::Alias":                      {name: "AliasName", arn: "arn:{P}:kms:{R}:{A}:{N}"},
	"AWS::Kinesis::Stream":                 {name: "Name", how: byLogicalID, arn: "arn:{P}:kinesis:{R}:{A}:stream/{N}"},
	"AWS::KinesisFirehose::DeliveryStream": {name: "DeliveryStreamName", how: byLogicalID, arn: "arn:{P}:firehose:{R}:{A}:deliverystream/{N}"},

	"AWS::Lambda::Function": {name: "FunctionName", arn: "arn:{P}:lambda:{R}:{A}:function:{N}"},
	"AWS::Lambda::Alias": {name: "Name", arn: "arn:{P}:lambda:{R}:{A}:function:{Function}:{N}", ref: "arn",
		attributes: map[string]string{"AliasArn": "arn"}},
	"AWS::Lambda::Version":                {arn: "arn:{P}:lambda:{R}:{A}:function:{Function}:*", ref: "arn", attributes: map[string]string{"FunctionArn": "arn", "Version": "*"}},
	"AWS::Lambda::LayerVersion":           {name: "LayerName", how: byLogicalID, arn: "arn:{P}:lambda:{R}:{A}:layer:{N}:*", ref: "arn", attributes: map[string]string{"LayerVersionArn": "arn"}},
	"AWS::Lambda::LayerVersionPermission": {ref: "*"},
	"AWS::Lambda::EventSourceMapping":     {arn: "arn:{P}:lambda:{R}:{A}:event-source-mapping:*", ref: "*", attributes: map[string]string{"EventSourceMappingArn": "arn"}},
	"AWS::Lambda::Url":                    {arn: "arn:{P}:lambda:{R}:{A}:function:*", ref: "*", attributes: map[string]string{"FunctionArn": "arn"}},
	"AWS::Lambda::Permission":             {ref: "*"},

	"AWS::Lex::Bot":      {arn: "arn:{P}:lex:{R}:{A}:bot/*", ref: "*", tags: "BotTags", attributes: map[string]string{"Id": "*"}},
	"AWS::Lex::BotAlias": {arn: "arn:{P}:lex:{R}:{A}:bot-alias/{BotId}/*", ref: "*", tags: "BotAliasTags"},

	"AWS::Location::APIKey":             {name: "KeyName", arn: "arn:{P}:geo:{R}:{A}:api-key/{N}", attributes: map[string]string{"KeyArn": "arn"}},
	"AWS::Location::GeofenceCollection": {name: "CollectionName", arn: "arn:{P}:geo:{R}:{A}:geofence-collection/{N}", attributes: map[string]string{"CollectionArn": "arn"}},
	"AWS::Location::Map":                {name: "MapName", arn: "arn:{P}:geo:{R}:{A}:map/{N}", attributes: map[string]string{"MapArn": "arn"}},
	"AWS::Location::PlaceIndex":         {name: "IndexName", arn: "arn:{P}:geo:{R}:{A}:place-index/{N}", attributes: map[string]string{"IndexArn": "arn"}},
	"AWS::Location::RouteCalculator":    {name: "CalculatorName", arn: "arn:{P}:geo:{R}:{A}:route-calculator/{N}", attributes: map[string]string{"CalculatorArn": "arn"}},
	"AWS::Location::Tracker":            {name: "TrackerName", arn: "arn:{P}:geo:{R}:{A}:tracker/{N}", attributes: map[string]string{"TrackerArn": "arn"}},
	"AWS::Location::TrackerConsumer":    {ref: "{TrackerName}|{ConsumerArn}"},

	"AWS::Logs::LogGroup": {name: "LogGroupName", arn: "arn:{P}:logs:{R}:{A}:log-group:{N}", attributes: map[string]string{"Arn": "arn:{P}:logs:{R}:{A}:log-group:{N}:*"}},

	"AWS::Pinpoint::App":                   {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/*", ref: "*"},
	"AWS::Pinpoint::ADMChannel":            {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/channels/adm", ref: "*"},
	"AWS::Pinpoint::APNSChannel":           {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/channels/apns", ref: "*"},
	"AWS::Pinpoint::BaiduChannel":          {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/channels/baidu", ref: "*"},
	"AWS::Pinpoint::EmailChannel":          {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/channels/email", ref: "*"},
	"AWS::Pinpoint::GCMChannel":            {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/channels/gcm", ref: "*"},
	"AWS::Pinpoint::SMSChannel":            {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/channels/sms", ref: "*"},
	"AWS::Pinpoint::VoiceChannel":          {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/channels/voice", ref: "*"},
	"AWS::Pinpoint::EventStream":           {arn: "arn:{P}:mobiletargeting:{R}:{A}:apps/{ApplicationId}/eventstream", ref: "*"},
	"AWS::Rekognition::Collection":         {name: "CollectionId", arn: "arn:{P}:rekognition:{R}:{A}:collection/{N}"},
	"AWS::Route53::HostedZone":             {arn: "arn:{P}:route53:::hostedzone/*", ref: "*", tags: "HostedZoneTags", attributes: map[string]string{"Id": "*", "NameServers": listAttribute}},
	"AWS::Route53::HealthCheck":            {arn: "arn:{P}:route53:::healthcheck/*", ref: "*", tags: "HealthCheckTags"},
	"AWS::Route53::RecordSet":              {name: "Name", arn: "arn:{P}:route53:::hostedzone/{HostedZoneId}"},
	"AWS::Route53::RecordSetGroup":         {ref: "*", arn: "arn:{P}:route53:::hostedzone/{HostedZoneId}"},
	"AWS::CertificateManager::Certificate": {arn: "arn:{P}:acm:{R}:{A}:certificate/*", ref: "arn"},

	"AWS::S3::Bucket": {name: "BucketName", how: byStackLow, arn: "arn:{P}:s3:::{N}", attributes: map[string]string{"DomainName": "{N}.s3.{S}",
		"RegionalDomainName": "{N}.s3.{R}.{S}", "DualStackDomainName": "{N}.s3.dualstack.{R}.{S}", "WebsiteURL": "http://{N}.s3-website*{R}.{S}"}},
	"AWS::S3::BucketPolicy": {arn: "arn:{P}:s3:::{Bucket}", ref: "{Bucket}"},

	"AWS::SNS::Topic":        {name: "TopicName", arn: "arn:{P}:sns:{R}:{A}:{N}", ref: "arn", attributes: map[string]string{"TopicArn": "arn"}},
	"AWS::SNS::Subscription": {arn: "{TopicArn}:*", ref: "arn"},
	"AWS::SNS::TopicPolicy":  {ref: "*"},
	"AWS::SQS::Queue":        {name: "QueueName", arn: "arn:{P}:sqs:{R}:{A}:{N}", ref: "https://sqs.{R}.{S}/{A}/{N}", attributes: map[string]string{"QueueUrl": "https://sqs.{R}.{S}/{A}/{N}"}},
	"AWS::SQS::QueuePolicy":  {ref: "*"},

	"AWS::SSM::Parameter":              {name: "Name", how: byParameter, arn: "arn:{P}:ssm:{R}:{A}:parameter{/N}", attributes: map[string]string{"Type": "{Type}", "Value": "{Value}"}},
	"AWS::SecretsManager::Secret":      {name: "Name", how: byLogicalID, arn: "arn:{P}:secretsmanager:{R}:{A}:secret:{N}-*", ref: "arn", attributes: map[string]string{"Id": "arn"}},
	"AWS::StepFunctions::StateMachine": {name: "StateMachineName", how: byLogicalID, arn: "arn:{P}:states:{R}:{A}:stateMachine:{N}", ref: "arn", attributes: map[string]string{"Name": "{N}"}},
	"AWS::StepFunctions::Activity":     {name: "Name", arn: "arn:{P}:states:{R}:{A}:activity:{N}", ref: "arn"},
}
