package validate

// Facts that AWS's pages name and the service authorization reference does not have.

// partitions are the partitions of AWS, those that most have first.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}

// regions are the Regions of all partitions, as of September 2026.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
var regions = []string{
	"af-south-1",
	"ap-east-1", "ap-east-2",
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
	"ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1",
	"cn-north-1", "cn-northwest-1",
	"eu-central-1", "eu-central-2",
	"eu-isoe-west-1",
	"eu-north-1",
	"eu-south-1", "eu-south-2",
	"eu-west-1", "eu-west-2", "eu-west-3",
	"eusc-de-east-1",
	"il-central-1",
	"me-central-1", "me-south-1", "me-west-1",
	"mx-central-1",
	"sa-east-1", "sa-west-1",
	"us-east-1", "us-east-2",
	"us-gov-east-1", "us-gov-west-1",
	"us-iso-east-1", "us-iso-west-1",
	"us-isob-east-1", "us-isob-west-1",
	"us-isof-east-1", "us-isof-south-1",
	"us-west-1", "us-west-2",
}

// regionKeys are the condition keys whose values are Regions, in lower case.
var regionKeys = map[string]bool{
	"account:targetregion": true, "aws:requestedregion": true, "cloudformation:targetregion": true, "dsql:witnessregion": true,
	"ec2:region": true, "kms:primaryregion": true, "kms:replicaregion": true, "s3:destinationregion": true,
	"secretsmanager:addreplicaregions": true, "secretsmanager:secretprimaryregion": true, "ses:replicaregion": true,
}

// vpcKeys and vpceKeys are the condition keys whose values are ids of VPCs and of VPC endpoints, in lower case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var (
	vpcKeys  = map[string]bool{"aws:sourcevpc": true, "aws:ec2instancesourcevpc": true, "s3:vpc": true}
	vpceKeys = map[string]bool{"aws:sourcevpce": true}
)

// serviceKeys are the condition keys whose values are service principals, in lower case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var serviceKeys = map[string]bool{
	"aws:calledvia": true, "aws:calledviafirst": true, "aws:calledvialast": true, "aws:principalservicename": true,
	"aws:principalservicenameslist": true, "iam:awsservicename": true, "iam:passedtoservice": true,
}

// regionalServiceKeys are those whose values name the Region, too: service.region.amazonaws.com.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
var regionalServiceKeys = map[string]bool{"kms:viaservice": true}

// serviceDomains are the ends of the names of service principals.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
var serviceDomains = []string{
	".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".amazon.com", ".aws.internal", ".aws.com", ".api.aws", ".c2s.ic.gov",
	".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov",
}

// unsupportedKeys are the global condition keys that do not exist any more, in lower case, and what to use instead.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-error-unsupported-global-condition-key
var unsupportedKeys = map[string]string{"aws:arn": "aws:PrincipalArn or aws:SourceArn"}

// pairedKeys are the condition keys that say little alone, in lower case, and those of which one should stand beside.
// A private address is one in every VPC.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-security-warning-missing-paired-condition-keys
var pairedKeys = map[string][]string{
	"aws:vpcsourceip":                  {"aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"},
	"aws:ec2instancesourceprivateipv4": {"aws:Ec2InstanceSourceVpc"},
}

// irrelevantKeys are the condition keys that say nothing in a resource-based policy, in lower case: they describe the
// resource that it is attached to. With resource types, they do in the policies of these.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-suggestion-irrelevant-condition-key-in-policy
var irrelevantKeys = map[string][]string{
	"aws:resourceaccount":  nil,
	"aws:resourceorgid":    nil,
	"aws:resourceorgpaths": nil,
	"s3:resourceaccount":   {"AWS::S3::AccessPoint", "AWS::S3::Bucket"},
}

// sourceKeys are the condition keys that say on whose behalf a service principal calls.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-security-warning-restrict-access-to-service-principal
var sourceKeys = []string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"}

// sensitiveKeys are the condition keys for which a pattern has no good use, in lower case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sensitive
var sensitiveKeys = map[string]bool{
	"aws:principalaccount": true, "aws:principalorgid": true, "aws:resourceaccount": true, "aws:resourceorgid": true,
	"aws:sourceaccount": true, "aws:sourceorgid": true, "aws:sourcevpc": true, "aws:sourcevpce": true, "aws:vpceaccount": true,
	"aws:vpceorgid": true,
}

// untrustworthyKeys are the condition keys whose values are whatever the caller sends, in lower case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-useragent
var untrustworthyKeys = map[string]bool{"aws:referer": true, "aws:useragent": true}

// keyARNKeys are the condition keys whose values are ARNs of KMS keys, in lower case.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
var keyARNKeys = map[string]bool{"s3:x-amz-server-side-encryption-aws-kms-key-id": true}

// ownerKeys are the condition keys that a service principal's request never has, in lower case: they describe an identity
// of IAM.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var ownerKeys = map[string]bool{"aws:principalorgid": true, "aws:principalorgpaths": true, "aws:username": true}

// The quotas on the sizes of policies, in characters; those of IAM do not count white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
const (
	identityQuota = 6144
	trustQuota    = 2048
	scpQuota      = 10240
	rcpQuota      = 5120
	bucketQuota   = 20 << 10
	resourceQuota = 32 << 10 // of a KMS key's, the largest; for a resource whose type is not known
)

// github is the OIDC provider of GitHub's actions.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html#idp_oidc_Create_GitHub
const github = "token.actions.githubusercontent.com"

// oidcDomains are the OIDC providers that IAM knows without an ARN.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity
var oidcDomains = []string{"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}

// trustActions are the actions of STS that a condition key in a trust policy is about, in lower case. Without the action the
// key cannot be set.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-error-missing-action-for-condition-key
var trustActions = map[string]string{
	"sts:sourceidentity": "sts:SetSourceIdentity", "sts:transitivetagkeys": "sts:TagSession", "aws:tagkeys": "sts:TagSession",
}

// ownedResources are resources that AWS owns and services let policies name without an account id, by how their fields
// begin.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/security_iam_id-based-policy-examples.html
// https://docs.aws.amazon.com/resource-explorer/latest/userguide/aws-service-views.html
var ownedResources = map[string][]string{
	"ssm":                 {"document/", "automation-definition/", "parameter/aws/", "patchbaseline/"},
	"resource-explorer-2": {"view/AWSServiceView"},
}

// otherResources are resources that pages of AWS name in policies and the reference does not have, by how their fields
// begin.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
var otherResources = map[string][]string{"cloudformation": {"transform/"}}
