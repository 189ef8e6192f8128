package needs

import "maps"

// othersCalls is the table of the services of which Amplify's backends have few resources. It follows the services' pages at
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html and the schemas of the types.
func othersCalls() map[string]resourceType {
	all := map[string]resourceType{}
	for _, part := range []map[string]resourceType{
		hostingCalls(), analyticsCalls(), messagingCalls(), aiCalls(), operationsCalls(),
	} {
		maps.Copy(all, part)
	}
	return all
}

// hostingCalls is for what websites are made of.
func hostingCalls() map[string]resourceType {
	const (
		app    = "amplify:$R:$A:apps/{AppId|last}"
		branch = app + "/branches/{BranchName}"
		zone   = "route53:::hostedzone/{HostedZoneId}"
	)
	record := []rule{
		in("route53:ChangeResourceRecordSets", Create, Update, Delete),
		in("route53:GetChange", Create, Update, Delete).on("route53:::change/*"),
		// The zone is looked up if it is given by its name.
		in("route53:ListHostedZonesByName", Create, Update, Delete).with("HostedZoneName"),
		read("route53:ListResourceRecordSets").upper(),
	}
	replicator := func(property string) rule {
		return change("iam:CreateServiceLinkedRole").with(property).
			on("iam::$A:role/aws-service-role/replicator.lambda.amazonaws.com/AWSServiceRoleForLambdaReplicator").
			ctx("iam:AWSServiceName", "replicator.lambda.amazonaws.com")
	}
	// studio makes the rules of a type of Amplify Studio.
	studio := func(kind, action string) resourceType {
		arn := "amplifyuibuilder:$R:$A:app/{AppId}/environment/{EnvironmentName}/" + kind + "/*"
		return of(arn,
			create("amplifyuibuilder:Create"+action+" Get"+action),
			read("amplifyuibuilder:Get"+action),
			update("amplifyuibuilder:Update"+action+" Get"+action),
			remove("amplifyuibuilder:Delete"+action+" Get"+action),
			always("amplify:GetApp").on("amplify:$R:$A:apps/{AppId}"),
			change("amplifyuibuilder:TagResource").tags("Tags"),
			update("amplifyuibuilder:UntagResource").tags("Tags"),
		)
	}
	// cloudfront makes the rules of a type whose resources have an id that AWS makes up.
	cloudfront := func(kind, action string) resourceType {
		return of("cloudfront::$A:"+kind+"/*",
			create("cloudfront:Create"+action),
			read("cloudfront:Get"+action),
			update("cloudfront:Get"+action+" Update"+action),
			remove("cloudfront:Get"+action+" Delete"+action),
		)
	}
	return map[string]resourceType{
		"AWS::Amplify::App": of("amplify:$R:$A:apps/*",
			create("amplify:CreateApp GetApp"),
			read("amplify:GetApp"),
			read("amplify:ListTagsForResource").upper(),
			update("amplify:UpdateApp GetApp"),
			remove("amplify:DeleteApp GetApp"),
			change("amplify:TagResource").tags("Tags"),
			update("amplify:UntagResource ListTagsForResource").tags("Tags"),
			pass("IAMServiceRole", "amplify.amazonaws.com"),
			pass("ComputeRoleArn", "amplify.amazonaws.com"),
			// A repository of CodeCommit has a trigger, which tells Amplify through a topic. Others are asked by their own tokens.
			change("codecommit:GetRepository PutRepositoryTriggers GetRepositoryTriggers").with("Repository").matching("codecommit").on("codecommit:$R:$A:{|last}"),
			change("sns:CreateTopic Subscribe").with("Repository").matching("codecommit").on("sns:$R:$A:*"),
			remove("codecommit:GetRepository PutRepositoryTriggers GetRepositoryTriggers").with("Repository").matching("codecommit").on("codecommit:$R:$A:{|last}"),
			remove("sns:Unsubscribe").with("Repository").matching("codecommit").on("sns:$R:$A:*"),
		),
		"AWS::Amplify::Branch": of(branch,
			create("amplify:CreateBranch GetBranch"),
			read("amplify:GetBranch"),
			read("amplify:ListTagsForResource").upper(),
			update("amplify:UpdateBranch GetBranch"),
			remove("amplify:DeleteBranch GetBranch"),
			change("amplify:TagResource").tags("Tags"),
			update("amplify:UntagResource ListTagsForResource").tags("Tags"),
			pass("ComputeRoleArn", "amplify.amazonaws.com"),
		),
		"AWS::Amplify::Domain": of(app+"/domains/{DomainName}",
			create("amplify:CreateDomainAssociation GetDomainAssociation"),
			read("amplify:GetDomainAssociation"),
			read("amplify:ListTagsForResource").upper(),
			update("amplify:UpdateDomainAssociation GetDomainAssociation"),
			remove("amplify:DeleteDomainAssociation"),
			pass("AutoSubDomainIAMRole", "amplify.amazonaws.com"),
			change("route53:ListHostedZones").upper(),
			change("route53:ChangeResourceRecordSets").on("route53:::hostedzone/*").upper(),
		),
		"AWS::AmplifyUIBuilder::Component": studio("components", "Component"),
		"AWS::AmplifyUIBuilder::Form":      studio("forms", "Form"),
		"AWS::AmplifyUIBuilder::Theme":     studio("themes", "Theme"),
		"AWS::CloudFront::Distribution": of("cloudfront::$A:distribution/*",
			create("cloudfront:CreateDistribution GetDistribution"),
			read("cloudfront:GetDistribution GetDistributionConfig"),
			read("cloudfront:ListTagsForResource").upper(),
			update("cloudfront:UpdateDistribution GetDistribution GetDistributionConfig"),
			remove("cloudfront:DeleteDistribution GetDistribution GetDistributionConfig"),
			change("cloudfront:TagResource").tags("Tags"),
			update("cloudfront:UntagResource ListTagsForResource").tags("Tags"),
			create("cloudfront:CreateConnectionGroup GetConnectionGroup").with("DistributionConfig.ConnectionMode").equals("tenant-only").
				on("cloudfront::$A:connection-group/*"),
			change("cloudfront:GetVpcOrigin").with("DistributionConfig.Origins.*.VpcOriginConfig").on("cloudfront::$A:vpcorigin/{.VpcOriginId}"),
			// The logs' bucket lets the service in by its access control list.
			change("s3:GetBucketAcl PutBucketAcl").with("DistributionConfig.Logging.Bucket").on("s3:::{|domain}"),
			update("cloudfront:UpdateDistributionWithStagingConfig").with("DistributionConfig.Staging").equals("true"),
			// A function that runs at the edge is copied to the regions.
			change("lambda:GetFunction EnableReplication").with("DistributionConfig.DefaultCacheBehavior.LambdaFunctionAssociations.*.LambdaFunctionARN").
				on("{}", "lambda:$R:$A:function:*"),
			change("lambda:GetFunction EnableReplication").with("DistributionConfig.CacheBehaviors.*.LambdaFunctionAssociations.*.LambdaFunctionARN").
				on("{}", "lambda:$R:$A:function:*"),
			replicator("DistributionConfig.DefaultCacheBehavior.LambdaFunctionAssociations.*"),
			replicator("DistributionConfig.CacheBehaviors.*.LambdaFunctionAssociations.*"),
		),
		"AWS::CloudFront::CloudFrontOriginAccessIdentity": cloudfront("origin-access-identity", "CloudFrontOriginAccessIdentity"),
		"AWS::CloudFront::OriginAccessControl":            cloudfront("origin-access-control", "OriginAccessControl"),
		"AWS::CloudFront::CachePolicy":                    cloudfront("cache-policy", "CachePolicy"),
		"AWS::CloudFront::OriginRequestPolicy":            cloudfront("origin-request-policy", "OriginRequestPolicy"),
		"AWS::CloudFront::ResponseHeadersPolicy":          cloudfront("response-headers-policy", "ResponseHeadersPolicy"),
		"AWS::CloudFront::KeyGroup":                       cloudfront("key-group", "KeyGroup"),
		"AWS::CloudFront::PublicKey":                      cloudfront("public-key", "PublicKey"),
		"AWS::CloudFront::Function": of("cloudfront::$A:function/{Name}",
			create("cloudfront:CreateFunction DescribeFunction GetFunction"),
			read("cloudfront:DescribeFunction GetFunction"),
			update("cloudfront:UpdateFunction DescribeFunction GetFunction"),
			remove("cloudfront:DeleteFunction DescribeFunction"),
			change("cloudfront:PublishFunction").with("AutoPublish").equals("true"),
		),
		"AWS::Route53::RecordSet":      of(zone, record...),
		"AWS::Route53::RecordSetGroup": of(zone, record...),
		"AWS::Route53::HostedZone": of("route53:::hostedzone/*",
			create("route53:CreateHostedZone"),
			create("route53:GetChange").on("route53:::change/*"),
			read("route53:GetHostedZone"),
			read("route53:ListTagsForResource ListQueryLoggingConfigs").upper(),
			update("route53:GetHostedZone UpdateHostedZoneComment"),
			remove("route53:GetHostedZone DeleteHostedZone"),
			change("route53:ChangeTagsForResource").tags("HostedZoneTags"),
			change("route53:CreateQueryLoggingConfig").with("QueryLoggingConfig"),
			update("route53:DeleteQueryLoggingConfig").with("QueryLoggingConfig").on("route53:::queryloggingconfig/*"),
			change("ec2:DescribeVpcs").with("VPCs"),
			change("route53:AssociateVPCWithHostedZone DisassociateVPCFromHostedZone").with("VPCs"),
		),
		"AWS::Route53::HealthCheck": of("route53:::healthcheck/*",
			create("route53:CreateHealthCheck"),
			read("route53:GetHealthCheck"),
			read("route53:ListTagsForResource").upper(),
			update("route53:UpdateHealthCheck"),
			remove("route53:DeleteHealthCheck"),
			change("route53:ChangeTagsForResource").tags("HealthCheckTags"),
		),
		"AWS::CertificateManager::Certificate": of("acm:$R:$A:certificate/*",
			create("acm:RequestCertificate DescribeCertificate"),
			read("acm:DescribeCertificate"),
			update("acm:DescribeCertificate UpdateCertificateOptions"),
			remove("acm:DeleteCertificate DescribeCertificate"),
			change("acm:AddTagsToCertificate").tags("Tags"),
			// The records that prove the domain are written into the zone.
			create("route53:ChangeResourceRecordSets").with("DomainValidationOptions.*.HostedZoneId").on("route53:::hostedzone/{}"),
		),
		"AWS::WAFv2::WebACL": of("wafv2:$R:$A:*/webacl/{Name}/*",
			create("wafv2:CreateWebACL GetWebACL"),
			read("wafv2:GetWebACL"),
			read("wafv2:ListTagsForResource").upper(),
			update("wafv2:UpdateWebACL GetWebACL"),
			remove("wafv2:DeleteWebACL GetWebACL"),
			change("wafv2:TagResource").tags("Tags"),
		),
		"AWS::WAFv2::WebACLAssociation": of("",
			in("wafv2:AssociateWebACL", Create, Update).with("WebACLArn").on("{}", "wafv2:$R:$A:*/webacl/*/*"),
			in("wafv2:AssociateWebACL", Create, Update).with("ResourceArn").on("{}", "*"),
			in("wafv2:DisassociateWebACL", Update, Delete).with("ResourceArn").on("{}", "*"),
			read("wafv2:GetWebACLForResource").with("ResourceArn").on("{}", "*"),
			change("appsync:SetWebACL").with("ResourceArn").service("appsync"),
			change("apigateway:SetWebACL").with("ResourceArn").service("apigateway").on("{}", "apigateway:$R::/restapis/*/stages/*"),
			change("cognito-idp:AssociateWebACL").with("ResourceArn").service("cognito-idp").on("{}", "cognito-idp:$R:$A:userpool/*"),
		),
	}
}

// analyticsCalls is for streams, search and Pinpoint.
func analyticsCalls() map[string]resourceType {
	const (
		app    = "mobiletargeting:$R:$A:apps/{ApplicationId}"
		stream = "kinesis:$R:$A:stream/{Name}"
	)
	all := map[string]resourceType{
		"AWS::Pinpoint::App": of("mobiletargeting:$R:$A:apps/*",
			create("mobiletargeting:CreateApp"),
			read("mobiletargeting:GetApp"),
			update("mobiletargeting:GetApp"),
			remove("mobiletargeting:DeleteApp"),
			change("mobiletargeting:TagResource").tags("Tags"),
			update("mobiletargeting:UntagResource").tags("Tags"),
		),
		"AWS::Pinpoint::ApplicationSettings": of(app, in("mobiletargeting:UpdateApplicationSettings", Create, Update, Delete), read("mobiletargeting:GetApplicationSettings")),
		"AWS::Pinpoint::EventStream": of(app+"/eventstream",
			change("mobiletargeting:PutEventStream"),
			read("mobiletargeting:GetEventStream"),
			remove("mobiletargeting:DeleteEventStream"),
			pass("RoleArn", "pinpoint.amazonaws.com"),
		),
		"AWS::Kinesis::Stream": of(stream,
			create("kinesis:CreateStream DescribeStreamSummary"),
			read("kinesis:DescribeStreamSummary"),
			read("kinesis:ListTagsForStream ListTagsForResource").upper(),
			update("kinesis:DescribeStreamSummary"),
			remove("kinesis:DeleteStream DescribeStreamSummary"),
			change("kinesis:IncreaseStreamRetentionPeriod").with("RetentionPeriodHours"),
			update("kinesis:DecreaseStreamRetentionPeriod").with("RetentionPeriodHours"),
			update("kinesis:UpdateShardCount").with("ShardCount"),
			update("kinesis:UpdateStreamMode").with("StreamModeDetails"),
			change("kinesis:StartStreamEncryption").with("StreamEncryption"),
			onKey(change("kinesis:StartStreamEncryption").with("StreamEncryption.KeyId")),
			update("kinesis:StopStreamEncryption").with("StreamEncryption"),
			change("kinesis:EnableEnhancedMonitoring").with("DesiredShardLevelMetrics"),
			update("kinesis:DisableEnhancedMonitoring").with("DesiredShardLevelMetrics"),
			change("kinesis:UpdateMaxRecordSize").with("MaxRecordSizeInKiB"),
			change("kinesis:UpdateStreamWarmThroughput").with("WarmThroughputMiBps"),
			change("kinesis:AddTagsToStream").tags("Tags"),
			update("kinesis:RemoveTagsFromStream ListTagsForStream").tags("Tags"),
		),
		"AWS::Kinesis::StreamConsumer": of("kinesis:$R:$A:stream/{StreamARN|last}/consumer/{ConsumerName}:*",
			create("kinesis:RegisterStreamConsumer").on("{StreamARN}", "kinesis:$R:$A:stream/*"),
			in("kinesis:DescribeStreamConsumer", Create, Read, Delete),
			remove("kinesis:DeregisterStreamConsumer"),
		),
		"AWS::KinesisFirehose::DeliveryStream": of("firehose:$R:$A:deliverystream/{Name}",
			create("firehose:CreateDeliveryStream DescribeDeliveryStream"),
			read("firehose:DescribeDeliveryStream"),
			read("firehose:ListTagsForDeliveryStream").upper(),
			update("firehose:UpdateDestination DescribeDeliveryStream"),
			remove("firehose:DeleteDeliveryStream DescribeDeliveryStream"),
			change("firehose:TagDeliveryStream").tags("Tags"),
			update("firehose:UntagDeliveryStream ListTagsForDeliveryStream").tags("Tags"),
			// Every destination and source names the role that reads or writes it.
			pass("*.RoleARN", "firehose.amazonaws.com"),
			pass("*.S3Configuration.RoleARN", "firehose.amazonaws.com"),
			pass("*.S3BackupConfiguration.RoleARN", "firehose.amazonaws.com"),
			pass("*.DataFormatConversionConfiguration.SchemaConfiguration.RoleARN", "firehose.amazonaws.com"),
			pass("*.AuthenticationConfiguration.RoleARN", "firehose.amazonaws.com"),
			update("firehose:StartDeliveryStreamEncryption StopDeliveryStreamEncryption").with("DeliveryStreamEncryptionConfigurationInput"),
			key("kms:CreateGrant DescribeKey", "DeliveryStreamEncryptionConfigurationInput.KeyARN"),
			onKey(in("kms:RevokeGrant", Update, Delete).with("DeliveryStreamEncryptionConfigurationInput.KeyARN")),
		),
		"AWS::Elasticsearch::Domain": searchDomain(
			create("es:CreateElasticsearchDomain DescribeElasticsearchDomain"),
			read("es:DescribeElasticsearchDomain"),
			update("es:UpdateElasticsearchDomainConfig DescribeElasticsearchDomain"),
			remove("es:DeleteElasticsearchDomain DescribeElasticsearchDomain"),
			update("es:UpgradeElasticsearchDomain").with("ElasticsearchVersion").upper(),
		),
		"AWS::OpenSearchService::Domain": searchDomain(
			create("es:CreateDomain DescribeDomain DescribeDomainChangeProgress"),
			read("es:DescribeDomain"),
			update("es:UpdateDomainConfig DescribeDomain DescribeDomainChangeProgress"),
			remove("es:DeleteDomain DescribeDomain"),
			update("es:UpgradeDomain").with("EngineVersion").upper(),
		),
		"AWS::KinesisAnalytics::Application": of("kinesisanalytics:$R:$A:application/{Name}",
			create("kinesisanalytics:CreateApplication"),
			read("kinesisanalytics:DescribeApplication"),
			update("kinesisanalytics:UpdateApplication DescribeApplication"),
			remove("kinesisanalytics:DeleteApplication DescribeApplication"),
			pass("Inputs.*.KinesisStreamsInput.RoleARN", "kinesisanalytics.amazonaws.com"),
			pass("Inputs.*.KinesisFirehoseInput.RoleARN", "kinesisanalytics.amazonaws.com"),
		),
	}
	for name, channel := range map[string][2]string{
		"ADM": {"Adm", "adm"}, "APNS": {"Apns", "apns"}, "APNSSandbox": {"ApnsSandbox", "apns_sandbox"}, "APNSVoip": {"ApnsVoip", "apns_voip"},
		"APNSVoipSandbox": {"ApnsVoipSandbox", "apns_voip_sandbox"}, "Baidu": {"Baidu", "baidu"}, "Email": {"Email", "email"},
		"GCM": {"Gcm", "gcm"}, "SMS": {"Sms", "sms"}, "Voice": {"Voice", "voice"},
	} {
		rules := []rule{
			change("mobiletargeting:Update" + channel[0] + "Channel"),
			read("mobiletargeting:Get" + channel[0] + "Channel"),
			remove("mobiletargeting:Delete" + channel[0] + "Channel"),
		}
		if name == "Email" {
			rules = append(rules, pass("RoleArn", "pinpoint.amazonaws.com"), pass("OrchestrationSendingRoleArn", "pinpoint.amazonaws.com"))
		}
		all["AWS::Pinpoint::"+name+"Channel"] = of(app+"/channels/"+channel[1], rules...)
	}
	return all
}

// searchDomain makes a type of domains, with the rules that those of OpenSearch and of Elasticsearch have in common.
func searchDomain(rules ...rule) resourceType {
	return of("es:$R:$A:domain/{Name}", append([]rule{
		change("es:AddTags").tags("Tags"),
		read("es:ListTags").upper(),
		update("es:RemoveTags ListTags").tags("Tags"),
		pass("CognitoOptions.RoleArn", ""),
		change("ec2:DescribeVpcs DescribeSubnets DescribeSecurityGroups").with("VPCOptions"),
		create("iam:CreateServiceLinkedRole").with("VPCOptions").
			on("iam::$A:role/aws-service-role/opensearchservice.amazonaws.com/AWSServiceRoleForAmazonOpenSearchService").
			ctx("iam:AWSServiceName", "opensearchservice.amazonaws.com"),
		key("kms:DescribeKey CreateGrant", "EncryptionAtRestOptions.KmsKeyId"),
	}, rules...)...)
}

// messagingCalls is for events, topics and queues.
func messagingCalls() map[string]resourceType {
	const (
		rule1  = "events:$R:$A:rule/{Name}"
		onBus  = "events:$R:$A:rule/{EventBusName|last}/{Name}"
		topic  = "sns:$R:$A:{Name}"
		queue  = "sqs:$R:$A:{Name}"
		target = "sns:$R:$A:{TopicArn|last}"
	)
	// A rule's ARN has the name of its bus in it, unless it is of the default bus.
	var rules []rule
	for _, r := range []rule{
		create("events:PutRule DescribeRule"),
		read("events:DescribeRule"),
		read("events:ListTargetsByRule ListTagsForResource").upper(),
		update("events:PutRule DescribeRule"),
		remove("events:DeleteRule DescribeRule"),
	} {
		rules = append(rules, r.without("EventBusName"), r.with("EventBusName").on(onBus))
	}
	for _, r := range []rule{
		change("events:PutTargets"),
		in("events:RemoveTargets", Update, Delete),
		remove("events:ListTargetsByRule"),
	} {
		rules = append(rules, r.with("Targets").without("EventBusName"), r.with("Targets").on(onBus).needs("EventBusName"))
	}
	rules = append(rules,
		change("events:TagResource").tags("Tags").without("EventBusName"),
		change("events:TagResource").tags("Tags").on(onBus).needs("EventBusName"),
		update("events:UntagResource").tags("Tags").without("EventBusName"),
		update("events:UntagResource").tags("Tags").on(onBus).needs("EventBusName"),
		pass("RoleArn", "events.amazonaws.com"),
		pass("Targets.*.RoleArn", "events.amazonaws.com"),
	)
	return map[string]resourceType{
		"AWS::Events::Rule": of(rule1, rules...),
		"AWS::Events::EventBus": of("events:$R:$A:event-bus/{Name}",
			create("events:CreateEventBus DescribeEventBus"),
			read("events:DescribeEventBus"),
			read("events:ListTagsForResource").upper(),
			update("events:UpdateEventBus DescribeEventBus"),
			remove("events:DeleteEventBus DescribeEventBus"),
			change("events:PutPermission").with("Policy"),
			update("events:RemovePermission").with("Policy"),
			change("events:TagResource").tags("Tags"),
			update("events:UntagResource").tags("Tags"),
		),
		"AWS::Events::EventBusPolicy": of("events:$R:$A:event-bus/{EventBusName}",
			change("events:PutPermission"),
			read("events:DescribeEventBus"),
			remove("events:RemovePermission DescribeEventBus"),
		),
		"AWS::Events::Connection": of("events:$R:$A:connection/{Name}*",
			create("events:CreateConnection DescribeConnection"),
			read("events:DescribeConnection"),
			update("events:UpdateConnection DescribeConnection"),
			remove("events:DeleteConnection DescribeConnection"),
			// The credentials become a secret, which the service keeps with the permissions of who makes the connection.
			create("secretsmanager:CreateSecret GetSecretValue PutSecretValue").with("AuthParameters").on("secretsmanager:$R:$A:secret:events!connection/*"),
			update("secretsmanager:UpdateSecret GetSecretValue PutSecretValue").with("AuthParameters").on("secretsmanager:$R:$A:secret:events!connection/*"),
			remove("secretsmanager:DeleteSecret").with("AuthParameters").on("secretsmanager:$R:$A:secret:events!connection/*"),
			create("iam:CreateServiceLinkedRole").on("iam::$A:role/aws-service-role/apidestinations.events.amazonaws.com/AWSServiceRoleForAmazonEventBridgeApiDestinations").
				ctx("iam:AWSServiceName", "apidestinations.events.amazonaws.com"),
		),
		"AWS::Events::ApiDestination": of("events:$R:$A:api-destination/{Name}*",
			create("events:CreateApiDestination DescribeApiDestination"),
			create("events:CreateApiDestination").with("ConnectionArn").on("{}", "events:$R:$A:connection/*"),
			read("events:DescribeApiDestination"),
			update("events:UpdateApiDestination DescribeApiDestination"),
			remove("events:DeleteApiDestination DescribeApiDestination"),
		),
		"AWS::Events::Archive": of("events:$R:$A:archive/{Name}",
			create("events:CreateArchive DescribeArchive"),
			create("events:CreateArchive").with("SourceArn").on("{}", "events:$R:$A:event-bus/*"),
			read("events:DescribeArchive"),
			update("events:UpdateArchive DescribeArchive"),
			remove("events:DeleteArchive DescribeArchive"),
		),
		"AWS::Pipes::Pipe": of("pipes:$R:$A:pipe/{Name}",
			create("pipes:CreatePipe DescribePipe"),
			read("pipes:DescribePipe"),
			update("pipes:UpdatePipe DescribePipe"),
			remove("pipes:DeletePipe DescribePipe"),
			pass("RoleArn", "pipes.amazonaws.com"),
			change("pipes:TagResource").tags("Tags"),
			update("pipes:UntagResource").tags("Tags"),
		),
		"AWS::Scheduler::ScheduleGroup": of("scheduler:$R:$A:schedule-group/{Name}",
			create("scheduler:CreateScheduleGroup GetScheduleGroup"),
			read("scheduler:GetScheduleGroup"),
			read("scheduler:ListTagsForResource").upper(),
			update("scheduler:GetScheduleGroup"),
			remove("scheduler:DeleteScheduleGroup GetScheduleGroup"),
			change("scheduler:TagResource").tags("Tags"),
			update("scheduler:UntagResource").tags("Tags"),
		),
		"AWS::Scheduler::Schedule": of("scheduler:$R:$A:schedule/*/{Name}",
			create("scheduler:CreateSchedule GetSchedule"),
			read("scheduler:GetSchedule"),
			update("scheduler:UpdateSchedule GetSchedule"),
			remove("scheduler:DeleteSchedule GetSchedule"),
			pass("Target.RoleArn", "scheduler.amazonaws.com"),
		),
		"AWS::SNS::Topic": of(topic,
			create("sns:CreateTopic GetTopicAttributes"),
			read("sns:GetTopicAttributes"),
			read("sns:ListTagsForResource ListSubscriptionsByTopic GetDataProtectionPolicy").upper(),
			update("sns:SetTopicAttributes GetTopicAttributes"),
			remove("sns:DeleteTopic GetTopicAttributes"),
			change("sns:Subscribe").with("Subscription.*"),
			update("sns:Unsubscribe ListSubscriptionsByTopic").with("Subscription"),
			change("sns:PutDataProtectionPolicy").with("DataProtectionPolicy"),
			change("sns:TagResource").tags("Tags"),
			update("sns:UntagResource ListTagsForResource").tags("Tags"),
			pass("DeliveryStatusLogging.*.SuccessFeedbackRoleArn", "sns.amazonaws.com"),
			pass("DeliveryStatusLogging.*.FailureFeedbackRoleArn", "sns.amazonaws.com"),
		),
		"AWS::SNS::Subscription": of(target,
			create("sns:Subscribe").on("{TopicArn}", target),
			read("sns:GetSubscriptionAttributes"),
			update("sns:SetSubscriptionAttributes"),
			remove("sns:Unsubscribe GetSubscriptionAttributes"),
			pass("SubscriptionRoleArn", "sns.amazonaws.com"),
		),
		"AWS::SNS::TopicPolicy": of("",
			in("sns:SetTopicAttributes", Create, Update, Delete).with("Topics.*").on("{}", "sns:$R:$A:*"),
		),
		"AWS::SQS::Queue": of(queue,
			create("sqs:CreateQueue GetQueueUrl GetQueueAttributes"),
			read("sqs:GetQueueAttributes"),
			read("sqs:ListQueueTags").upper(),
			update("sqs:SetQueueAttributes GetQueueAttributes"),
			remove("sqs:DeleteQueue GetQueueAttributes"),
			change("sqs:TagQueue ListQueueTags").tags("Tags"),
			update("sqs:UntagQueue").tags("Tags"),
		),
		"AWS::SQS::QueuePolicy": of("",
			in("sqs:SetQueueAttributes", Create, Update, Delete).with("Queues.*").on("{@}", "sqs:$R:$A:{|last}"),
		),
	}
}

// aiCalls is for maps, bots and what recognises.
func aiCalls() map[string]resourceType {
	// location makes the rules of one of Amazon Location's types.
	location := func(arn, action string, more ...rule) resourceType {
		return of(arn, append([]rule{
			create("geo:Create" + action + " Describe" + action),
			read("geo:Describe" + action),
			update("geo:Update" + action + " Describe" + action),
			remove("geo:Delete" + action + " Describe" + action),
			change("geo:TagResource").tags("Tags"),
			update("geo:UntagResource").tags("Tags"),
		}, more...)...)
	}
	const bot = "lex:$R:$A:bot/*"
	return map[string]resourceType{
		"AWS::Location::Map":                location("geo:$R:$A:map/{Name}", "Map"),
		"AWS::Location::PlaceIndex":         location("geo:$R:$A:place-index/{Name}", "PlaceIndex"),
		"AWS::Location::RouteCalculator":    location("geo:$R:$A:route-calculator/{Name}", "RouteCalculator"),
		"AWS::Location::GeofenceCollection": location("geo:$R:$A:geofence-collection/{Name}", "GeofenceCollection", key("kms:DescribeKey CreateGrant", "KmsKeyId")),
		"AWS::Location::Tracker":            location("geo:$R:$A:tracker/{Name}", "Tracker", key("kms:DescribeKey CreateGrant", "KmsKeyId")),
		// Who makes a key must be allowed what the key allows.
		"AWS::Location::APIKey": location("geo:$R:$A:api-key/{Name}", "Key",
			change("geo:GetMapTile GetMapStyleDescriptor GetMapSprites GetMapGlyphs").with("Restrictions.AllowActions.*").equals("geo:GetMap*").on("geo:$R:$A:map/*"),
			change("geo:SearchPlaceIndexForText SearchPlaceIndexForPosition SearchPlaceIndexForSuggestions GetPlace").
				with("Restrictions.AllowActions.*").equals("geo:SearchPlaceIndexForText", "geo:SearchPlaceIndexForPosition", "geo:SearchPlaceIndexForSuggestions", "geo:GetPlace").
				on("geo:$R:$A:place-index/*"),
			change("geo:CalculateRoute CalculateRouteMatrix").with("Restrictions.AllowActions.*").equals("geo:CalculateRoute", "geo:CalculateRouteMatrix").
				on("geo:$R:$A:route-calculator/*"),
		),
		"AWS::Location::TrackerConsumer": of("geo:$R:$A:tracker/{TrackerName}",
			create("geo:AssociateTrackerConsumer ListTrackerConsumers"),
			read("geo:ListTrackerConsumers"),
			remove("geo:DisassociateTrackerConsumer ListTrackerConsumers"),
		),
		"AWS::Lex::Bot": of(bot,
			create("lex:CreateBot DescribeBot"),
			create("lex:CreateUploadUrl StartImport DescribeImport CreateBotLocale DescribeBotLocale ListBotLocales"),
			read("lex:DescribeBot"),
			read("lex:ListTagsForResource ListBotLocales").upper(),
			update("lex:UpdateBot DescribeBot CreateUploadUrl StartImport DescribeImport CreateBotLocale UpdateBotLocale DeleteBotLocale DescribeBotLocale ListBotLocales"),
			remove("lex:DeleteBot DescribeBot"),
			change("lex:CreateIntent UpdateIntent DeleteIntent CreateSlot UpdateSlot DeleteSlot CreateSlotType UpdateSlotType DeleteSlotType").with("BotLocales"),
			change("lex:CreateCustomVocabulary UpdateCustomVocabulary DeleteCustomVocabulary").with("BotLocales.*.CustomVocabulary"),
			change("lex:BuildBotLocale").with("AutoBuildBotLocales").equals("true"),
			change("lex:UpdateBotAlias").with("TestBotAliasSettings").on("lex:$R:$A:bot-alias/*/*"),
			change("lex:CreateBotReplica DescribeBotReplica").with("Replication"),
			update("lex:DeleteBotReplica").with("Replication"),
			change("s3:GetObject").with("BotFileS3Location").on("s3:::{.S3Bucket}/{.S3ObjectKey}"),
			change("lex:TagResource").tags("BotTags"),
			change("lex:TagResource").with("TestBotAliasTags").on("lex:$R:$A:bot-alias/*/*"),
			update("lex:UntagResource ListTagsForResource").tags("BotTags"),
			pass("RoleArn", "lexv2.amazonaws.com"),
		),
		"AWS::Lex::BotVersion": of("lex:$R:$A:bot/{BotId}",
			create("lex:CreateBotVersion DescribeBotVersion DescribeBot DescribeBotLocale BuildBotLocale"),
			read("lex:DescribeBotVersion"),
			remove("lex:DeleteBotVersion DescribeBotVersion"),
		),
		"AWS::Lex::BotAlias": of("lex:$R:$A:bot-alias/{BotId}/*",
			create("lex:CreateBotAlias DescribeBotAlias"),
			create("lex:DescribeBot").on("lex:$R:$A:bot/{BotId}"),
			read("lex:DescribeBotAlias"),
			update("lex:UpdateBotAlias DescribeBotAlias"),
			remove("lex:DeleteBotAlias DescribeBotAlias"),
			change("lex:TagResource").tags("BotAliasTags"),
		),
		"AWS::Rekognition::Collection": of("rekognition:$R:$A:collection/{Name}",
			create("rekognition:CreateCollection DescribeCollection"),
			read("rekognition:DescribeCollection"),
			read("rekognition:ListTagsForResource").upper(),
			update("rekognition:DescribeCollection"),
			remove("rekognition:DeleteCollection"),
			change("rekognition:TagResource").tags("Tags"),
			update("rekognition:UntagResource ListTagsForResource").tags("Tags"),
		),
	}
}
