package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/internal/spelling"
)

// publicResourceTypes are those that Access Analyzer checks for public access.
// https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckNoPublicAccess.html
var publicResourceTypes = []string{
	"AWS::ApiGateway::RestApi",
	"AWS::Backup::BackupVault",
	"AWS::CloudTrail::Dashboard",
	"AWS::CloudTrail::EventDataStore",
	"AWS::CodeArtifact::Domain",
	"AWS::DynamoDB::Stream",
	"AWS::DynamoDB::Table",
	"AWS::EFS::FileSystem",
	"AWS::IAM::AssumeRolePolicyDocument",
	"AWS::KMS::Key",
	"AWS::Kinesis::Stream",
	"AWS::Kinesis::StreamConsumer",
	"AWS::Lambda::Function",
	"AWS::OpenSearchService::Domain",
	"AWS::S3::AccessPoint",
	"AWS::S3::Bucket",
	"AWS::S3::Glacier",
	"AWS::S3Express::AccessPoint",
	"AWS::S3Express::DirectoryBucket",
	"AWS::S3Outposts::AccessPoint",
	"AWS::S3Outposts::Bucket",
	"AWS::S3Tables::Table",
	"AWS::S3Tables::TableBucket",
	"AWS::SNS::Topic",
	"AWS::SQS::Queue",
	"AWS::SecretsManager::Secret",
}

// checkResourceType returns an error for a type that Access Analyzer does not take, with those that may be meant.
func checkResourceType(t once) error {
	switch {
	case !t.given():
		return errors.New("--resource-type is missing; expected one such as AWS::S3::Bucket")
	case slices.Contains(publicResourceTypes, t.text):
		return nil
	}
	const slips = 3
	plain := func(name string) string { return strings.TrimPrefix(strings.ToLower(name), "aws::") }
	asked := plain(t.text)
	var near []string
	for _, name := range publicResourceTypes {
		if plain := plain(name); spelling.Near(plain, asked, slips) || strings.HasSuffix(plain, ":"+asked) {
			near = append(near, name)
		}
	}
	slices.SortStableFunc(near, func(x, y string) int {
		return spelling.Distance(plain(x), asked) - spelling.Distance(plain(y), asked)
	})
	return fmt.Errorf("--resource-type: Access Analyzer checks no resources of the type %q for public access%s", t.text, didYouMean(near[:min(len(near), 3)]))
}
