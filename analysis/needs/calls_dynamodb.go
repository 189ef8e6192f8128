package needs

// dynamodbCalls is the table of DynamoDB's types. It follows
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_DynamoDB.html and the schemas of the types.
func dynamodbCalls() map[string]resourceType {
	const stream = "dynamodb:$R:$A:table/{Name}/stream/*"
	// Reading and writing the table is what DynamoDB asks of who adds a replica.
	const replica = "dynamodb:Scan Query UpdateItem PutItem GetItem DeleteItem BatchWriteItem"
	return map[string]resourceType{
		"AWS::DynamoDB::Table": of("dynamodb:$R:$A:table/{Name}",
			create("dynamodb:CreateTable DescribeTable"),
			read("dynamodb:DescribeTable"),
			read("dynamodb:DescribeTimeToLive DescribeContinuousBackups ListTagsOfResource").upper(),
			read("dynamodb:DescribeContributorInsights DescribeKinesisStreamingDestination GetResourcePolicy").upper(),
			update("dynamodb:UpdateTable DescribeTable"),
			remove("dynamodb:DeleteTable DescribeTable"),
			change("dynamodb:UpdateTimeToLive DescribeTimeToLive").with("TimeToLiveSpecification"),
			change("dynamodb:UpdateContinuousBackups DescribeContinuousBackups").with("PointInTimeRecoverySpecification"),
			change("dynamodb:UpdateContributorInsights DescribeContributorInsights").with("ContributorInsightsSpecification"),
			change("dynamodb:UpdateContributorInsights DescribeContributorInsights").with("GlobalSecondaryIndexes.*.ContributorInsightsSpecification").
				on("dynamodb:$R:$A:table/{Name}/index/*"),
			change("dynamodb:EnableKinesisStreamingDestination DescribeKinesisStreamingDestination").with("KinesisStreamSpecification"),
			update("dynamodb:DisableKinesisStreamingDestination UpdateKinesisStreamingDestination").with("KinesisStreamSpecification"),
			change("kinesis:DescribeStream PutRecords").with("KinesisStreamSpecification.StreamArn").on("{}", "kinesis:$R:$A:stream/*"),
			create("iam:CreateServiceLinkedRole").with("KinesisStreamSpecification").
				on("iam::$A:role/aws-service-role/kinesisreplication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBKinesisDataStreamsReplication").
				ctx("iam:AWSServiceName", "kinesisreplication.dynamodb.amazonaws.com"),
			change("dynamodb:PutResourcePolicy GetResourcePolicy").with("ResourcePolicy"),
			change("dynamodb:PutResourcePolicy GetResourcePolicy").with("StreamSpecification.ResourcePolicy").on(stream),
			update("dynamodb:DeleteResourcePolicy").with("ResourcePolicy"),
			change("dynamodb:TagResource ListTagsOfResource").tags("Tags"),
			update("dynamodb:UntagResource").tags("Tags"),
			// AWS's own key needs no permission; one of the account's does.
			key("kms:DescribeKey CreateGrant", "SSESpecification.KMSMasterKeyId"),
			onKey(create("kms:Decrypt Encrypt").with("SSESpecification.KMSMasterKeyId")).upper(),
			change("kms:ListAliases").with("SSESpecification.KMSMasterKeyId"),
			onKey(update("kms:RevokeGrant").with("SSESpecification.KMSMasterKeyId")),
			create("dynamodb:ImportTable").with("ImportSourceSpecification"),
			create("dynamodb:DescribeImport").with("ImportSourceSpecification").on("dynamodb:$R:$A:table/{Name}/import/*"),
			create("s3:GetObject").with("ImportSourceSpecification.S3BucketSource").on("s3:::{.S3Bucket}/{.S3KeyPrefix}*"),
			create("s3:ListBucket").with("ImportSourceSpecification.S3BucketSource").on("s3:::{.S3Bucket}"),
			create("logs:CreateLogGroup PutRetentionPolicy DescribeLogStreams").with("ImportSourceSpecification").on("logs:$R:$A:log-group:/aws-dynamodb/imports:*"),
			create("logs:DescribeLogGroups").with("ImportSourceSpecification"),
			create("logs:CreateLogStream PutLogEvents").with("ImportSourceSpecification").on("logs:$R:$A:log-group:/aws-dynamodb/imports:log-stream:*"),
		),
		"AWS::DynamoDB::GlobalTable": of("dynamodb:*:$A:table/{Name}",
			create("dynamodb:CreateTable DescribeTable ListTagsOfResource"),
			read("dynamodb:DescribeTable ListTagsOfResource"),
			read("dynamodb:DescribeContinuousBackups DescribeContributorInsights DescribeKinesisStreamingDestination DescribeTableReplicaAutoScaling DescribeTimeToLive GetResourcePolicy").upper(),
			update("dynamodb:UpdateTable DescribeTable ListTagsOfResource"),
			remove("dynamodb:DeleteTable DescribeTable"),
			change("dynamodb:CreateTableReplica "+replica).with("Replicas.*"),
			change("dynamodb:UpdateTable").with("Replicas"),
			update("dynamodb:DeleteTableReplica").with("Replicas"),
			create("iam:CreateServiceLinkedRole").with("Replicas").
				on("iam::$A:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication").
				ctx("iam:AWSServiceName", "replication.dynamodb.amazonaws.com"),
			change("dynamodb:UpdateTimeToLive DescribeTimeToLive").with("TimeToLiveSpecification"),
			change("dynamodb:UpdateContinuousBackups DescribeContinuousBackups").with("Replicas.*.PointInTimeRecoverySpecification"),
			change("dynamodb:UpdateContributorInsights DescribeContributorInsights").with("Replicas.*.ContributorInsightsSpecification"),
			change("dynamodb:EnableKinesisStreamingDestination DescribeKinesisStreamingDestination").with("Replicas.*.KinesisStreamSpecification"),
			change("kinesis:DescribeStream PutRecords").with("Replicas.*.KinesisStreamSpecification.StreamArn").on("{}", "kinesis:*:$A:stream/*"),
			change("dynamodb:PutResourcePolicy GetResourcePolicy").with("Replicas.*.ResourcePolicy"),
			change("dynamodb:TagResource").with("Replicas.*.Tags"),
			change("dynamodb:TagResource").tags("Tags"),
			update("dynamodb:UntagResource").with("Replicas.*.Tags"),
			change("kms:DescribeKey CreateGrant").with("Replicas.*.SSESpecification.KMSMasterKeyId").on("{|keyARN}", "kms:*:$A:key/{|key}"),
			change("kms:ListAliases").with("Replicas.*.SSESpecification.KMSMasterKeyId"),
			change("application-autoscaling:RegisterScalableTarget PutScalingPolicy").with("WriteProvisionedThroughputSettings.WriteCapacityAutoScalingSettings").
				on("application-autoscaling:*:$A:scalable-target/*"),
			change("application-autoscaling:DescribeScalableTargets DescribeScalingPolicies").with("WriteProvisionedThroughputSettings.WriteCapacityAutoScalingSettings"),
			change("application-autoscaling:RegisterScalableTarget PutScalingPolicy").with("Replicas.*.ReadProvisionedThroughputSettings.ReadCapacityAutoScalingSettings").
				on("application-autoscaling:*:$A:scalable-target/*"),
			change("application-autoscaling:DescribeScalableTargets DescribeScalingPolicies").with("Replicas.*.ReadProvisionedThroughputSettings.ReadCapacityAutoScalingSettings"),
			remove("application-autoscaling:DeregisterScalableTarget DeleteScalingPolicy").with("WriteProvisionedThroughputSettings.WriteCapacityAutoScalingSettings").
				on("application-autoscaling:*:$A:scalable-target/*"),
		),
	}
}
