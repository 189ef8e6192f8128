package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/managed"
)

// A ServiceRole is a role that a customer makes for a service to assume, as the IAM console makes it for a use case: the
// service that its trust policy names, and the managed policies that it gets.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
type ServiceRole struct {
	Service  string   // first part of the service principal: "amplify"
	UseCase  string   // as in "Amplify-Backend Deployment"
	Name     string   // that the console suggests, or a usual one
	Policies []string // names of managed policies of AWS
}

// serviceRoles are use cases of the IAM console, by service, and of each service the usual one first. The pages of the services name
// the policies; for Amplify: https://docs.aws.amazon.com/amplify/latest/userguide/amplify-service-role.html.
var serviceRoles = [...]ServiceRole{
	{"amplify", "Amplify-Backend Deployment", "amplifyconsole-backend-role", []string{"AdministratorAccess-Amplify"}},
	{"apigateway", "API Gateway", "apigateway-cloudwatch-role", []string{"AmazonAPIGatewayPushToCloudWatchLogs"}},
	{"appsync", "Logs", "appsync-logs-role", []string{"AWSAppSyncPushToCloudWatchLogs"}},
	{"backup", "AWS Backup", "AWSBackupDefaultServiceRole", []string{"AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"}},
	{"batch", "Batch", "AWSBatchServiceRole", []string{"AWSBatchServiceRole"}},
	{"codedeploy", "CodeDeploy", "codedeploy-service-role", []string{"AWSCodeDeployRole"}},
	{"codedeploy", "CodeDeploy for Lambda", "codedeploy-lambda-role", []string{"AWSCodeDeployRoleForLambda"}},
	{"config", "Config - Customizable", "config-role", []string{"AWS_ConfigRole"}},
	{"dlm", "Data Lifecycle Manager", "AWSDataLifecycleManagerDefaultRole", []string{"AWSDataLifecycleManagerServiceRole"}},
	{"dms", "DMS logs", "dms-cloudwatch-logs-role", []string{"AmazonDMSCloudWatchLogsRole"}},
	{"dms", "DMS VPC", "dms-vpc-role", []string{"AmazonDMSVPCManagementRole"}},
	{"ec2", "EC2 Role for AWS Systems Manager", "AmazonSSMRoleForInstances", []string{"AmazonSSMManagedInstanceCore"}},
	{"ecs-tasks", "Elastic Container Service Task", "ecsTaskExecutionRole", []string{"AmazonECSTaskExecutionRolePolicy"}},
	{"eks", "EKS - Cluster", "eks-cluster-role", []string{"AmazonEKSClusterPolicy"}},
	{"elasticbeanstalk", "Elastic Beanstalk", "aws-elasticbeanstalk-service-role", []string{"AWSElasticBeanstalkEnhancedHealth", "AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy"}},
	{"glue", "Glue", "AWSGlueServiceRole", []string{"AWSGlueServiceRole"}},
	{"iot", "IoT logging", "iot-logging-role", []string{"AWSIoTLogging"}},
	{"lambda", "Lambda", "lambda-execution-role", []string{"AWSLambdaBasicExecutionRole"}},
	{"lambda", "Lambda in a VPC", "lambda-vpc-execution-role", []string{"AWSLambdaVPCAccessExecutionRole"}},
	{"lambda", "Lambda with DynamoDB streams", "lambda-dynamodb-execution-role", []string{"AWSLambdaDynamoDBExecutionRole"}},
	{"lambda", "Lambda with Kinesis", "lambda-kinesis-execution-role", []string{"AWSLambdaKinesisExecutionRole"}},
	{"lambda", "Lambda with SQS", "lambda-sqs-execution-role", []string{"AWSLambdaSQSQueueExecutionRole"}},
	{"monitoring.rds", "RDS - Enhanced Monitoring", "rds-monitoring-role", []string{"AmazonRDSEnhancedMonitoringRole"}},
	{"sns", "SNS", "sns-delivery-status-role", []string{"AmazonSNSRole"}},
	{"ssm", "Systems Manager maintenance", "ssm-maintenance-role", []string{"AmazonSSMMaintenanceWindowRole"}},
	{"transfer", "Transfer logs", "transfer-logging-role", []string{"AWSTransferLoggingAccess"}},
}

// ServiceRoles returns the use cases of service roles, by service.
func ServiceRoles() []ServiceRole { return slices.Clone(serviceRoles[:]) }

// FindServiceRole returns the service role of a service, given by the first part of its principal or by all of it, and of a use
// case, of which a part will do; "" is the usual one.
func FindServiceRole(service, useCase string) (*ServiceRole, bool) {
	service = strings.TrimSuffix(service, ".amazonaws.com")
	for i := range serviceRoles {
		r := &serviceRoles[i]
		if r.Service == service && strings.Contains(strings.ToLower(r.UseCase), strings.ToLower(useCase)) {
			return r, true
		}
	}
	return nil, false
}

// Principal returns the service principal that assumes the role.
func (r *ServiceRole) Principal() string { return r.Service + ".amazonaws.com" }

// Trust returns the role's trust policy.
func (r *ServiceRole) Trust() string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}]}`, r.Principal())
}

// PolicyARNs returns the ARNs of the policies that the role gets.
func (r *ServiceRole) PolicyARNs() (arns []string) {
	for _, name := range r.Policies {
		if p, ok := managed.Lookup(name); ok {
			arns = append(arns, p.ARN)
		}
	}
	return arns
}
