package needs

// s3Calls is the table of S3's types. It follows
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html,
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html (for access control lists and object lock) and the schemas of
// the types. What the schema has for reading a bucket is asked for only to find drift, or to import one.
func s3Calls() map[string]resourceType {
	rules := []rule{
		create("s3:CreateBucket"),
		in("s3:ListBucket", Create, Read, Update, Delete).upper(),
		remove("s3:DeleteBucket"),
		change("s3:PutBucketTagging").tags("Tags"),
		change("s3:TagResource").tags("Tags").upper(),
		read("s3:GetBucketTagging").tags("Tags").upper(),
		update("s3:UntagResource").tags("Tags").upper(),
		change("s3:PutBucketAcl").with("AccessControl"),
		// Object lock is set with the bucket, which has versions then.
		create("s3:PutBucketObjectLockConfiguration PutBucketVersioning").with("ObjectLockEnabled").equals("true"),
		pass("ReplicationConfiguration.Role", "s3.amazonaws.com"),
		change("s3:GetBucketMetadataTableConfiguration CreateBucketMetadataTableConfiguration").with("MetadataTableConfiguration"),
		change("s3:GetBucketMetadataTableConfiguration CreateBucketMetadataTableConfiguration").with("MetadataConfiguration"),
		change("s3tables:CreateTableBucket").with("MetadataConfiguration").on("s3tables:$R:$A:bucket/aws-s3"),
		change("s3tables:CreateNamespace CreateTable PutTableBucketPolicy").with("MetadataConfiguration").on("s3tables:$R:$A:bucket/aws-s3"),
		change("s3tables:GetTable GetTableMetadataLocation PutTableEncryption PutTablePolicy UpdateTableMetadataLocation").
			with("MetadataConfiguration").on("s3tables:$R:$A:bucket/aws-s3/table/*"),
		change("s3tables:CreateNamespace CreateTable").with("MetadataTableConfiguration.S3TablesDestination.TableBucketArn").on("{}", "s3tables:$R:$A:bucket/*"),
		change("s3tables:GetTable PutTablePolicy").with("MetadataTableConfiguration.S3TablesDestination.TableBucketArn").on("s3tables:$R:$A:bucket/{|last}/table/*"),
	}
	for _, group := range []struct{ property, set, get string }{
		{"AbacStatus", "PutBucketAbac", "GetBucketAbac"},
		{"AccelerateConfiguration", "PutAccelerateConfiguration", "GetAccelerateConfiguration"},
		{"AnalyticsConfigurations", "PutAnalyticsConfiguration", "GetAnalyticsConfiguration"},
		{"BucketEncryption", "PutEncryptionConfiguration", "GetEncryptionConfiguration"},
		{"CorsConfiguration", "PutBucketCORS", "GetBucketCORS"},
		{"IntelligentTieringConfigurations", "PutIntelligentTieringConfiguration", "GetIntelligentTieringConfiguration"},
		{"InventoryConfigurations", "PutInventoryConfiguration", "GetInventoryConfiguration"},
		{"LifecycleConfiguration", "PutLifecycleConfiguration", "GetLifecycleConfiguration"},
		{"LoggingConfiguration", "PutBucketLogging", "GetBucketLogging"},
		{"MetricsConfigurations", "PutMetricsConfiguration", "GetMetricsConfiguration"},
		{"NotificationConfiguration", "PutBucketNotification", "GetBucketNotification"},
		{"ObjectLockConfiguration", "PutBucketObjectLockConfiguration", "GetBucketObjectLockConfiguration"},
		{"OwnershipControls", "PutBucketOwnershipControls", "GetBucketOwnershipControls"},
		{"PublicAccessBlockConfiguration", "PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock"},
		{"ReplicationConfiguration", "PutReplicationConfiguration", "GetReplicationConfiguration"},
		{"VersioningConfiguration", "PutBucketVersioning", "GetBucketVersioning"},
		{"WebsiteConfiguration", "PutBucketWebsite", "GetBucketWebsite"},
	} {
		rules = append(rules, change("s3:"+group.set).with(group.property), read("s3:"+group.get).with(group.property).upper())
	}
	rules = append(rules, update("s3:DeleteBucketWebsite").with("WebsiteConfiguration").upper())
	return map[string]resourceType{
		"AWS::S3::Bucket": of("s3:::{Name}", rules...),
		"AWS::S3::BucketPolicy": of("s3:::{Bucket}",
			change("s3:PutBucketPolicy"),
			remove("s3:DeleteBucketPolicy"),
			always("s3:GetBucketPolicy").upper(),
		),
		"AWS::S3::AccessPoint": of("s3:$R:$A:accesspoint/{Name}",
			create("s3:CreateAccessPoint"),
			read("s3:GetAccessPoint"),
			read("s3:GetAccessPointPolicy").upper(),
			update("s3:GetAccessPoint"),
			remove("s3:DeleteAccessPoint"),
			change("s3:PutAccessPointPolicy GetAccessPointPolicy").with("Policy"),
			create("s3:PutAccessPointPublicAccessBlock").with("PublicAccessBlockConfiguration"),
			change("s3:TagResource").tags("Tags"),
		),
	}
}
