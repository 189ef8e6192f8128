package cloudtrail

import (
	"regexp"
	"strings"

	"github.com/writ-iam/writ/authref"
)

// prefixes are those of services whose eventSource begins with another word.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-aws-service-specific-topics.html
var prefixes = map[string]string{
	"amazonmq": "mq", "cloudcontrolapi": "cloudformation", "email": "ses", "iotdata": "iot", "marketplacecatalog": "aws-marketplace",
	"monitoring": "cloudwatch", "models.lex": "lex", "models-v2-lex": "lex", "pinpoint": "mobiletargeting", "rdsdata": "rds-data",
	"runtime.lex": "lex", "runtime-v2-lex": "lex", "tagging": "tag",
}

// prefixOf returns the prefix that the actions of an eventSource have.
func prefixOf(source string) (string, bool) {
	host, ok := strings.CutSuffix(strings.TrimSuffix(source, ".cn"), ".amazonaws.com")
	if !ok {
		return "", false
	}
	if prefix, ok := prefixes[host]; ok {
		return prefix, true
	}
	s, ok := authref.Lookup(host)
	if !ok {
		return "", false
	}
	return s.Prefix, true
}

// version is the date of an operation's version, as Lambda (CreateFunction20150331, UpdateFunctionCode20150331v2) and CloudFront
// (CreateDistribution2020_05_31) have it in the names of events.
var version = regexp.MustCompile(`\d{4}(\d{4}|_\d{2}_\d{2})(v\d+)?$`)

func unversioned(name string) string { return version.ReplaceAllString(name, "") }

// operations are those whose actions are called otherwise; of an operation that takes several, the one on what it writes is the first.
//
// S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
var operations = map[string][]string{
	"s3:ListObjects":             {"ListBucket"},
	"s3:ListObjectsV2":           {"ListBucket"},
	"s3:HeadBucket":              {"ListBucket"},
	"s3:ListObjectVersions":      {"ListBucketVersions"},
	"s3:ListBuckets":             {"ListAllMyBuckets"},
	"s3:ListMultipartUploads":    {"ListBucketMultipartUploads"},
	"s3:ListParts":               {"ListMultipartUploadParts"},
	"s3:HeadObject":              {"GetObject"},
	"s3:SelectObjectContent":     {"GetObject"},
	"s3:CreateMultipartUpload":   {"PutObject"},
	"s3:UploadPart":              {"PutObject"},
	"s3:CompleteMultipartUpload": {"PutObject"},
	"s3:PostObject":              {"PutObject"},
	"s3:CopyObject":              {"PutObject", "GetObject"},
	"s3:UploadPartCopy":          {"PutObject", "GetObject"},
	"s3:DeleteObjects":           {"DeleteObject"},

	"s3:GetBucketEncryption":                         {"GetEncryptionConfiguration"},
	"s3:PutBucketEncryption":                         {"PutEncryptionConfiguration"},
	"s3:DeleteBucketEncryption":                      {"PutEncryptionConfiguration"},
	"s3:GetBucketCors":                               {"GetBucketCORS"},
	"s3:PutBucketCors":                               {"PutBucketCORS"},
	"s3:DeleteBucketCors":                            {"PutBucketCORS"},
	"s3:GetBucketLifecycle":                          {"GetLifecycleConfiguration"},
	"s3:GetBucketLifecycleConfiguration":             {"GetLifecycleConfiguration"},
	"s3:PutBucketLifecycle":                          {"PutLifecycleConfiguration"},
	"s3:PutBucketLifecycleConfiguration":             {"PutLifecycleConfiguration"},
	"s3:DeleteBucketLifecycle":                       {"PutLifecycleConfiguration"},
	"s3:GetBucketReplication":                        {"GetReplicationConfiguration"},
	"s3:PutBucketReplication":                        {"PutReplicationConfiguration"},
	"s3:DeleteBucketReplication":                     {"PutReplicationConfiguration"},
	"s3:GetBucketNotificationConfiguration":          {"GetBucketNotification"},
	"s3:PutBucketNotificationConfiguration":          {"PutBucketNotification"},
	"s3:GetBucketAccelerateConfiguration":            {"GetAccelerateConfiguration"},
	"s3:GetAccelerateConfiguration":                  {"GetAccelerateConfiguration"},
	"s3:PutBucketAccelerateConfiguration":            {"PutAccelerateConfiguration"},
	"s3:GetBucketAnalyticsConfiguration":             {"GetAnalyticsConfiguration"},
	"s3:ListBucketAnalyticsConfigurations":           {"GetAnalyticsConfiguration"},
	"s3:PutBucketAnalyticsConfiguration":             {"PutAnalyticsConfiguration"},
	"s3:DeleteBucketAnalyticsConfiguration":          {"PutAnalyticsConfiguration"},
	"s3:GetBucketInventoryConfiguration":             {"GetInventoryConfiguration"},
	"s3:ListBucketInventoryConfigurations":           {"GetInventoryConfiguration"},
	"s3:PutBucketInventoryConfiguration":             {"PutInventoryConfiguration"},
	"s3:DeleteBucketInventoryConfiguration":          {"PutInventoryConfiguration"},
	"s3:GetBucketMetricsConfiguration":               {"GetMetricsConfiguration"},
	"s3:ListBucketMetricsConfigurations":             {"GetMetricsConfiguration"},
	"s3:PutBucketMetricsConfiguration":               {"PutMetricsConfiguration"},
	"s3:DeleteBucketMetricsConfiguration":            {"PutMetricsConfiguration"},
	"s3:GetBucketIntelligentTieringConfiguration":    {"GetIntelligentTieringConfiguration"},
	"s3:ListBucketIntelligentTieringConfigurations":  {"GetIntelligentTieringConfiguration"},
	"s3:PutBucketIntelligentTieringConfiguration":    {"PutIntelligentTieringConfiguration"},
	"s3:DeleteBucketIntelligentTieringConfiguration": {"PutIntelligentTieringConfiguration"},
	"s3:GetObjectLockConfiguration":                  {"GetBucketObjectLockConfiguration"},
	"s3:PutObjectLockConfiguration":                  {"PutBucketObjectLockConfiguration"},
	"s3:GetPublicAccessBlock":                        {"GetBucketPublicAccessBlock"},
	"s3:PutPublicAccessBlock":                        {"PutBucketPublicAccessBlock"},
	"s3:DeletePublicAccessBlock":                     {"PutBucketPublicAccessBlock"},
	"s3:DeleteBucketPublicAccessBlock":               {"PutBucketPublicAccessBlock"},
	"s3:DeleteAccountPublicAccessBlock":              {"PutAccountPublicAccessBlock"},
	"s3:DeleteBucketTagging":                         {"PutBucketTagging"},
	"s3:DeleteBucketOwnershipControls":               {"PutBucketOwnershipControls"},

	"lambda:Invoke":                   {"InvokeFunction"},
	"lambda:InvokeAsync":              {"InvokeFunction"},
	"lambda:InvokeWithResponseStream": {"InvokeFunction"},

	"dynamodb:TransactGetItems": {"GetItem"},

	"sns:PublishBatch":                 {"Publish"},
	"sqs:SendMessageBatch":             {"SendMessage"},
	"sqs:DeleteMessageBatch":           {"DeleteMessage"},
	"sqs:ChangeMessageVisibilityBatch": {"ChangeMessageVisibility"},

	"kms:ReEncrypt": {"ReEncryptTo", "ReEncryptFrom"},

	"cloudfront:CreateDistributionWithTags":          {"CreateDistribution", "TagResource"},
	"cloudfront:CreateStreamingDistributionWithTags": {"CreateStreamingDistribution", "TagResource"},
}
