package validate_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/validate"
)

// A pair is two documents that are near to each other, of which the first has a finding and the second has not. They are
// given as the members of a statement, to which statement adds what is missing, or as whole documents. The finding's
// first place is between « and ».
type pair struct {
	code     string
	t        validate.PolicyType
	has, not string
}

const (
	identity = validate.Identity
	resource = validate.Resource
	scp      = validate.SCP
	rcp      = validate.RCP
	trust    = validate.Trust
)

var pairs = []pair{
	// The document and its elements.
	{"JSON_SYNTAX_ERROR", identity, `{"Version": "2012-10-17"«,»}`, `{"Version": "2012-10-17"}`},
	{"JSON_SYNTAX_ERROR", identity, `"Action": "s3:GetObject", «"Action»": "s3:PutObject"`, `"Action": ["s3:GetObject", "s3:PutObject"]`},
	{"DATA_TYPE_MISMATCH", identity, `"Sid": «7»`, `"Sid": "7"`},
	{"DATA_TYPE_MISMATCH", identity, `"Resource": ["*", «true»]`, `"Resource": ["*"]`},
	{"DATA_TYPE_MISMATCH", identity, `"Condition": {"StringEquals": {"aws:username": «null»}}`, `"Condition": {"StringEquals": {"aws:username": "x"}}`},
	{"DATA_TYPE_MISMATCH", identity, `«["Statement"]»`, `{}`},
	{"INVALID_EFFECT", identity, `"Effect": «"allow"»`, `"Effect": "Allow"`},
	{"RCP_SYNTAX_ERROR_ALLOW", rcp, `"Effect": «"Allow"»`, `"Effect": "Deny"`},
	{"INVALID_POLICY_ELEMENT", identity, `«"Actions»": "s3:GetObject"`, `"Action": "s3:GetObject"`},
	{"INVALID_VERSION", identity, `{"Version": «"2012-10-18"», "Statement": []}`, `{"Version": "2012-10-17", "Statement": []}`},
	{"MISSING_VERSION", identity, `«{"Statement": []}»`, `{"Version": "2008-10-17", "Statement": []}`},
	{"MISSING_STATEMENT", identity, `«{"Version": "2012-10-17"}»`, `{"Version": "2012-10-17", "Statement": [{}]}`},
	{"MISSING_STATEMENT", identity, `{"Version": "2012-10-17", "Statement": «[]»}`, `{"Version": "2012-10-17", "Statement": [{}]}`},
	{"MISSING_ACTION", identity, `{"Statement": «{"Effect": "Allow", "Resource": "*"}»}`, `"NotAction": "s3:*"`},
	{"MISSING_EFFECT", identity, `{"Statement": «{"Action": "*", "Resource": "*"}»}`, `"Effect": "Deny"`},
	{"MISSING_RESOURCE", identity, `{"Statement": «{"Effect": "Allow", "Action": "*"}»}`, `"NotResource": "*"`},
	{"UNSUPPORTED_ELEMENT_COMBINATION", identity, `"Action": "s3:*", «"NotAction»": "s3:GetObject"`, `"NotAction": "s3:GetObject"`},
	{"RCP_SYNTAX_ERROR_NOTACTION", rcp, `«"NotAction»": "s3:*"`, `"Action": "s3:*"`},

	// What holds nothing.
	{"EMPTY_ARRAY_ACTION", identity, `"Action": «[]»`, `"NotAction": []`},
	{"EMPTY_ARRAY_RESOURCE", identity, `"Resource": «[]»`, `"Resource": ["*"]`},
	{"EMPTY_ARRAY_PRINCIPAL", resource, `"Principal": {"AWS": «[]»}`, `"Principal": {"AWS": ["*"]}`},
	{"EMPTY_OBJECT_PRINCIPAL", resource, `"Principal": «{}»`, `"Principal": "*"`},
	{"EMPTY_OBJECT_CONDITION", identity, `"Condition": «{}»`, `"Condition": {"Null": {"aws:username": "true"}}`},
	{"EMPTY_OBJECT_CONDITION", identity, `"Condition": {"Null": «{}»}`, `"Condition": {"Null": {"aws:username": "true"}}`},
	{"EMPTY_ARRAY_CONDITION", identity, `"Condition": {"StringEquals": {"aws:username": «[]»}}`, `"Condition": {"StringEqualsIfExists": {"aws:username": []}}`},
	{"EMPTY_ARRAY_CONDITION_FORALLVALUES", identity, `"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": «[]»}}`, `"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}`},
	{"EMPTY_ARRAY_CONDITION_FORANYVALUE", identity, `"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": «[]»}}`, `"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}`},
	{"EMPTY_ARRAY_CONDITION_IFEXISTS", identity, `"Condition": {"StringEqualsIfExists": {"aws:username": «[]»}}`, `"Condition": {"StringEquals": {"aws:username": []}}`},

	// Sids.
	{"EMPTY_SID_VALUE", identity, `"Sid": «""»`, `"Sid": "a"`},
	{"UNSUPPORTED_SID", identity, `"Sid": «"a b"»`, `"Sid": "ab"`},
	{"UNSUPPORTED_SID", identity, `"Sid": «"a-b"»`, `"Sid": "1"`},
	{"UNIQUE_SIDS_REQUIRED", identity, `{"Statement": [{"Sid": "a"}, {"Sid": «"a"»}]}`, `{"Statement": [{"Sid": "a"}, {"Sid": "A"}]}`},
	{"UNIQUE_SIDS_RECOMMENDED", resource, `{"Statement": [{"Sid": "a"}, {"Sid": «"a"»}]}`, `{"Statement": [{"Sid": "a"}, {"Sid": "b"}]}`},

	// Actions.
	{"INVALID_ACTION", identity, `"Action": «"s3:GetObjects"»`, `"Action": "s3:getobject"`},
	{"INVALID_ACTION", identity, `"Action": ["s3:Get*", «"amplifybackend: *"»]`, `"Action": ["s3:Get*", "amplifybackend:*"]`},
	{"INVALID_ACTION", identity, `"NotAction": «"GetObject"»`, `"NotAction": "*"`},
	{"INVALID_SERVICE_IN_ACTION", identity, `"Action": "«s33»:GetObject"`, `"Action": "S3:GetObject"`},
	{"INVALID_SERVICE_IN_ACTION", identity, `"Action": "«s*»:GetObject"`, `"Action": "*:*"`},
	{"UNSUPPORTED_ACTION_IN_POLICY", trust, `"Action": «"s3:GetObject"»`, `"Action": "sts:TagSession"`},
	{"RCP_SYNTAX_ERROR_ACTION", rcp, `"Action": «"ec2:RunInstances"»`, `"Action": "sqs:SendMessage"`},
	{"RCP_SYNTAX_ERROR_ACTION", rcp, `"Action": «"*"»`, `"Action": "s3:*"`},

	// Resources.
	{"INVALID_ARN_PREFIX", identity, `"Resource": «"aws:s3:::b"»`, `"Resource": "arn:aws:s3:::b"`},
	{"MISSING_ARN_FIELD", identity, `"Resource": «"arn:aws:s3::b"»`, `"Resource": "arn:aws:s3:*"`},
	{"INVALID_PARTITION", identity, `"Resource": "arn:«amazon»:s3:::b"`, `"Resource": "arn:aws-us-gov:s3:::b"`},
	{"WILDCARD_IN_SERVICE_NAME", identity, `"Resource": "arn:aws:«*code*»::111122223333:x"`, `"Resource": "arn:aws:codecommit:eu-west-1:111122223333:x"`},
	{"INVALID_SERVICE", identity, `"Resource": "arn:aws:«s33»:::b"`, `"Resource": "arn:aws:s3:::b"`},
	{"INVALID_SERVICE", identity, `"Condition": {"StringEquals": {«"s33:prefix»": "x"}}`, `"Condition": {"StringEquals": {"saml:sub": "x"}}`},
	{"INVALID_ARN_SERVICE_CASE", identity, `"Resource": "arn:aws:«S3»:::b"`, `"Resource": "arn:aws:s3:::B"`},
	{"INVALID_ARN_REGION", identity, `"Resource": "arn:aws:sqs:«eu-west-9»:111122223333:q"`, `"Resource": "arn:aws:sqs:eu-*:111122223333:q"`},
	{"INVALID_ARN_ACCOUNT", identity, `"Resource": "arn:aws:sqs:eu-west-1:«1111»:q"`, `"Resource": "arn:aws:sqs:eu-west-1:1111*:q"`},
	{"INVALID_ARN_RESOURCE", identity, `"Resource": "arn:aws:states:*:*:«statemachine:x»"`, `"Resource": "arn:aws:states:*:*:stateMachine:x"`},
	{"INVALID_ARN_RESOURCE", identity, `"Resource": "arn:aws:iam::*:«roles/${aws:username}»"`, `"Resource": "arn:aws:iam::*:role/${aws:username}"`},
	{"ARN_REGION_NOT_ALLOWED", identity, `"Resource": "arn:aws:iam:«eu-west-1»:111122223333:role/r"`, `"Resource": "arn:aws:iam:*:111122223333:role/r"`},
	{"ARN_ACCOUNT_NOT_ALLOWED", identity, `"Resource": "arn:aws:s3::«111122223333»:b"`, `"Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/a"`},
	{"MISSING_ARN_REGION", identity, `"Resource": «"arn:aws:sqs::111122223333:q"»`, `"Resource": "arn:aws:sqs:*:111122223333:q"`},
	{"MISSING_ARN_ACCOUNT", identity, `"Resource": «"arn:aws:sqs:eu-west-1::q"»`, `"Resource": "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"`},

	// Principals.
	{"MISSING_PRINCIPAL", resource, `{"Statement": «{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}»}`, `"Principal": "*"`},
	{"UNSUPPORTED_PRINCIPAL", identity, `«"Principal»": "*"`, `"Resource": "*"`},
	{"RCP_SYNTAX_ERROR_PRINCIPAL", rcp, `«"Principal»": {"AWS": "111122223333"}`, `"Principal": {"AWS": "*"}`},
	{"RCP_SYNTAX_ERROR_PRINCIPAL", rcp, `«"NotPrincipal»": "*"`, `"Principal": "*"`},
	{"SCP_SYNTAX_ERROR_PRINCIPAL", scp, `«"Principal»": "*"`, `"Resource": "*"`},
	{"INVALID_PRINCIPAL_FORMAT", resource, `"Principal": «"111122223333"»`, `"Principal": {"AWS": "111122223333"}`},
	{"INVALID_PRINCIPAL_FORMAT", resource, `"Principal": {"AWS": «"me"»}`, `"Principal": {"AWS": "arn:aws:iam::111122223333:user/me"}`},
	{"INVALID_PRINCIPAL_FORMAT", resource, `"Principal": «["*"]»`, `"Principal": {"AWS": ["*"]}`},
	{"INVALID_PRINCIPAL_KEY", resource, `"Principal": {«"Aws»": "*"}`, `"Principal": {"AWS": "*"}`},
	{"UNSUPPORTED_WILDCARD_IN_PRINCIPAL", resource, `"Principal": {"AWS": «"arn:aws:iam::111122223333:role/*"»}`, `"Principal": {"AWS": "*"}`},
	{"INVALID_ROLE_REFERENCE", resource, `"Principal": {"AWS": «"AROADBQP57FF2AEXAMPLE"»}`, `"Principal": {"AWS": "arn:aws:iam::111122223333:role/r"}`},
	{"INVALID_USER_REFERENCE", resource, `"Principal": {"AWS": «"AIDADBQP57FF2AEXAMPLE"»}`, `"Principal": {"AWS": "arn:aws:iam::111122223333:user/u"}`},
	{"INVALID_SERVICE_PRINCIPAL_FORMAT", trust, `"Principal": {"Service": «"lambda"»}`, `"Principal": {"Service": "lambda.amazonaws.com"}`},
	{"INVALID_SERVICE_PRINCIPAL_FORMAT", identity, `"Condition": {"StringEquals": {"iam:PassedToService": «"lambda"»}}`, `"Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}`},
	{"INVALID_SERVICE_PRINCIPAL_FORMAT", identity, `"Condition": {"StringEquals": {"kms:ViaService": «"s3.amazonaws.com"»}}`, `"Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}`},
	{"FEDERATED_PRINCIPAL_NOT_SUPPORTED", resource, `"Principal": {«"Federated»": "accounts.google.com"}`, `"Principal": {"Service": "s3.amazonaws.com"}`},
	{"ALLOW_WITH_NOT_PRINCIPAL", resource, `"Effect": "Allow", «"NotPrincipal»": {"AWS": "111122223333"}`, `"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}`},
	{"RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", resource, `"Principal": {"Service": «"sns.amazonaws.com"»}`, `"Principal": {"Service": "sns.amazonaws.com"}, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:t"}}`},
	{"RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", resource, `"Principal": {"Service": ["*", «"sns.amazonaws.com"»]}`, `"Principal": {"Service": "*"}`},
	{"RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", resource, `"Principal": {"Service": «"sns.amazonaws.com"»}, "Condition": {"StringEquals": {"aws:referer": "x"}}`, `"Principal": {"Service": "sns.amazonaws.com"}, "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}`},
	{"UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", resource, `"Principal": {"Service": "cloudfront.amazonaws.com"}, "Condition": {"StringEquals": {«"aws:PrincipalOrgID»": "o-a1b2c3d4e5"}}`, `"Principal": {"Service": "cloudfront.amazonaws.com"}, "Condition": {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}`},

	// Condition operators.
	{"INVALID_CONDITION_OPERATOR", identity, `"Condition": {«"StringEqual»": {"aws:username": "x"}}`, `"Condition": {"stringequals": {"aws:username": "x"}}`},
	{"NULL_WITH_IF_EXISTS", identity, `"Condition": {«"NullIfExists»": {"aws:username": "true"}}`, `"Condition": {"Null": {"aws:username": "true"}}`},
	{"NULL_WITH_QUALIFIER", identity, `"Condition": {«"ForAnyValue:Null»": {"aws:TagKeys": "true"}}`, `"Condition": {"Null": {"aws:TagKeys": "true"}}`},
	{"DUPLICATE_KEYS_WITH_DIFFERENT_CASE", identity, `"Condition": {"StringEquals": {"aws:username": "x", «"aws:UserName»": "y"}}`, `"Condition": {"StringEquals": {"aws:username": "x"}, "StringLike": {"aws:UserName": "y"}}`},
	{"MISSING_QUALIFIER", identity, `"Condition": {«"StringEquals»": {"aws:TagKeys": "x"}}`, `"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "x"}}`},
	{"FORALLVALUES_WITH_SINGLE_VALUED_KEY", identity, `"Condition": {«"ForAllValues:StringEquals»": {"aws:username": "x"}}`, `"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "x"}}`},
	{"TYPE_MISMATCH", identity, `"Condition": {«"StringEquals»": {"aws:MultiFactorAuthPresent": "true"}}`, `"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}`},
	{"TYPE_MISMATCH", identity, `"Condition": {«"ArnLike»": {"aws:username": "x"}}`, `"Condition": {"ArnLike": {"aws:RequestTag/owner": "arn:aws:iam::111122223333:user/u"}}`},
	{"STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", identity, `"Condition": {«"StringLike»": {"aws:PrincipalArn": "arn:aws:iam::*:role/r"}}`, `"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/r"}}`},
	{"WILDCARD_WITHOUT_LIKE_OPERATOR", identity, `"Condition": {"StringEquals": {"aws:username": «"dev-*"»}}`, `"Condition": {"StringEquals": {"aws:username": "dev-${*}"}}`},
	{"EQUIVALENT_TO_NULL_FALSE", identity, `"Condition": {"StringLike": {"aws:ResourceTag/team": «"*"»}}`, `"Condition": {"StringLikeIfExists": {"aws:ResourceTag/team": "*"}}`},
	{"EQUIVALENT_TO_NULL_TRUE", identity, `"Condition": {"StringNotLike": {"aws:ResourceTag/team": «"*"»}}`, `"Condition": {"StringNotLike": {"aws:ResourceTag/team": "?*"}}`},
	{"EQUIVALENT_TO_NULL_TRUE", identity, `"Condition": {"ForAllValues:StringNotLike": {"aws:TagKeys": «"*"»}}`, `"Condition": {"ForAllValues:StringLike": {"aws:TagKeys": "*"}}`},
	{"REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", identity, `"Condition": {"StringLikeIfExists": {"aws:ResourceTag/team": «"*"»}}`, `"Condition": {"StringNotLikeIfExists": {"aws:ResourceTag/team": "*"}}`},
	{"REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", identity, `"Condition": {"ForAllValues:StringLike": {"aws:TagKeys": ["a", «"*"»]}}`, `"Condition": {"ForAnyValue:StringLike": {"aws:TagKeys": "*"}}`},
	{"REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION", identity, `"Condition": {"ForAnyValue:StringNotLike": {"aws:TagKeys": «"*"»}}`, `"Condition": {"ForAnyValue:StringNotLike": {"aws:TagKeys": "a*"}}`},
	{"WILDCARD_USAGE_TOO_PERMISSIVE", identity, `"Condition": {"StringLike": {"aws:PrincipalOrgID": «"o-a1b2c3*"»}}`, `"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`},
	{"WILDCARD_USAGE_TOO_PERMISSIVE", identity, `"Condition": {"StringLike": {"aws:SourceVpce": «"vpce-*"»}}`, `"Condition": {"StringLike": {"aws:SourceVpce": "*"}}`},
	{"WILDCARD_USAGE_TOO_PERMISSIVE", identity, `"Condition": {"StringLike": {"aws:userid": «"AROA*"»}}`, `"Condition": {"StringLike": {"aws:userid": ["AROADBQP57FF2AEXAMPLE:*", "*:me", "111122223333"]}}`},
	{"VARIABLE_USAGE_TOO_PERMISSIVE", identity, `"Condition": {"StringLike": {"aws:ResourceAccount": «"${aws:PrincipalTag/account}"»}}`, `"Condition": {"StringLike": {"aws:ResourceAccount": ["${aws:PrincipalAccount}", "111122223333"]}}`},

	// Condition keys.
	{"INVALID_CONDITION_KEY_FORMAT", identity, `"Condition": {"StringEquals": {«"username»": "x"}}`, `"Condition": {"StringEquals": {"aws:username": "x"}}`},
	{"INVALID_GLOBAL_CONDITION_KEY", identity, `"Condition": {"StringEquals": {«"aws:user»": "x"}}`, `"Condition": {"StringEquals": {"AWS:UserName": "x"}}`},
	{"INVALID_SERVICE_CONDITION_KEY", identity, `"Condition": {"StringEquals": {«"s3:prefixes»": "x"}}`, `"Action": "s3:ListBucket", "Condition": {"StringEquals": {"s3:prefix": "x"}}`},
	{"MISSING_TAG_KEY_IN_CONDITION", identity, `"Condition": {"StringEquals": {«"aws:ResourceTag»": "x"}}`, `"Condition": {"StringEquals": {"aws:ResourceTag/owner": "x"}}`},
	{"UNSUPPORTED_GLOBAL_CONDITION_KEY", identity, `"Condition": {"ArnLike": {«"aws:ARN»": "x"}}`, `"Condition": {"ArnLike": {"aws:PrincipalArn": "x"}}`},
	{"DEPRECATED_GLOBAL_CONDITION_KEY", resource, `"Condition": {"ArnLike": {«"aws:ARN»": "x"}}`, `"Condition": {"ArnLike": {"aws:SourceArn": "x"}}`},
	{"MISSING_PAIRED_CONDITION_KEYS", identity, `"Condition": {"IpAddress": {«"aws:VpcSourceIp»": "10.0.0.0/8"}}`, `"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:SourceVpc": "vpc-12345678"}}`},
	{"UNTRUSTWORTHY_CONDITION_KEY", resource, `"Condition": {"StringLike": {«"aws:Referer»": "https://www.example.com/*"}}`, `"Condition": {"Null": {"aws:Referer": "true"}}`},
	{"UNTRUSTWORTHY_CONDITION_KEY", identity, `"Condition": {"StringLike": {«"aws:UserAgent»": "tool/*"}}`, `"Condition": {"StringLike": {"aws:PrincipalTag/tool": "tool/*"}}`},
	{"UNTRUSTWORTHY_CONDITION_KEY", resource, `"Principal": "*", "Condition": {"StringEquals": {«"aws:referer»": "x"}}`, `"Principal": {"Service": "ses.amazonaws.com"}, "Condition": {"StringEquals": {"aws:referer": "111122223333"}}`},
	{"S3_PREFIX_IN_NEGATIVE_CONTEXT", identity, `"Effect": "Deny", "Action": "s3:ListBucket", "Condition": {"StringLike": {«"s3:prefix»": "private/*"}}`, `"Effect": "Deny", "Action": "s3:ListBucket", "Condition": {"StringNotLike": {"s3:prefix": "public/*"}}`},
	{"S3_PREFIX_IN_NEGATIVE_CONTEXT", identity, `"Action": "s3:ListBucket", "Condition": {"StringNotLike": {«"s3:prefix»": "private/*"}}`, `"Action": "s3:ListBucket", "Condition": {"StringLike": {"s3:prefix": "public/*"}}`},
	{"DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", identity, `"Action": "dynamodb:GetItem", "Condition": {"ForAllValues:StringEquals": {«"dynamodb:Attributes»": ["id"]}}`, `"Action": "dynamodb:GetItem", "Condition": {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id"]}, "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}`},
	{"DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", identity, `"Action": "dynamodb:*", "Condition": {"ForAllValues:StringEquals": {«"dynamodb:Attributes»": ["id"]}}`, `"Action": "dynamodb:PutItem", "Condition": {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id"]}}`},
	{"INVALID_KMS_KEY_VALUE", resource, `"Action": "s3:PutObject", "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": «"alias/mine"»}}`, `"Action": "s3:PutObject", "Condition": {"ArnNotEqualsIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}`},
	{"INVALID_KMS_KEY_VALUE", resource, `"Action": "s3:PutObject", "Condition": {"ArnLike": {"s3:x-amz-server-side-encryption-aws-kms-key-id": «"arn:aws:kms:*:*:alias/*"»}}`, `"Action": "s3:PutObject", "Condition": {"ArnLike": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:*"}}`},
	{"RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", rcp, `"Condition": {"StringNotEqualsIfExists": {«"aws:PrincipalOrgID»": "o-a1b2c3d4e5"}}`, `"Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}`},
	{"RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", rcp, `"Condition": {"StringNotEquals": {«"aws:PrincipalTag/a»": "b"}}`, `"Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}`},
	{"RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", rcp, `"Condition": {"StringNotEqualsIfExists": {«"aws:SourceOrgID»": "o-a1b2c3d4e5"}}`, `"Condition": {"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-a1b2c3d4e5"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}`},
	{"RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", rcp, `"Condition": {"StringNotEqualsIfExists": {«"aws:SourceOrgID»": "o-a1b2c3d4e5"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}`, `"Condition": {"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-a1b2c3d4e5"}, "Null": {"aws:SourceAccount": "false"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}`},
	{"IRRELEVANT_CONDITION_KEY_IN_POLICY", resource, `"Condition": {"StringEquals": {«"aws:ResourceOrgID»": "o-a1b2c3d4e5"}}`, `"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`},
	{"UNSUPPORTED_ACTION_FOR_CONDITION_KEY", identity, `"Action": ["s3:ListBucket", «"s3:GetObject"»], "Condition": {"StringLike": {"s3:prefix": "home/*"}}`, `"Action": ["s3:ListBucket", "s3:*Object"], "Condition": {"StringLike": {"s3:prefix": "home/*"}}`},

	// Condition values.
	{"INVALID_CONDITION_DATA_TYPE", identity, `"Condition": {"StringEquals": {"aws:username": ["x", «1»]}}`, `"Condition": {"StringEquals": {"aws:username": ["x", "1"]}}`},
	{"INVALID_CONDITION_MULTIPLE_BOOLEAN", identity, `"Condition": {"Bool": {"aws:SecureTransport": «["true", "false"]»}}`, `"Condition": {"Bool": {"aws:SecureTransport": ["true"]}}`},
	{"TYPE_MISMATCH_BOOLEAN", identity, `"Condition": {"Bool": {"aws:SecureTransport": «"yes"»}}`, `"Condition": {"Bool": {"aws:SecureTransport": true}}`},
	{"TYPE_MISMATCH_DATE", identity, `"Condition": {"DateLessThan": {"aws:CurrentTime": «"tomorrow"»}}`, `"Condition": {"DateLessThan": {"aws:CurrentTime": "2026-10-01"}}`},
	{"INVALID_DATE_VALUE", identity, `"Condition": {"DateLessThan": {"aws:CurrentTime": «"1790000000"»}}`, `"Condition": {"DateLessThan": {"aws:CurrentTime": "2026-10-01T00:00:00Z"}}`},
	{"TYPE_MISMATCH_NUMBER", identity, `"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": «"1h"»}}`, `"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}`},
	{"TYPE_MISMATCH_STRING", identity, `"Condition": {"BinaryEquals": {"x.y:z": «"?"»}}`, `"Condition": {"BinaryEquals": {"x.y:z": "QmluYXJ5"}}`},
	{"TYPE_MISMATCH_IP_RANGE", identity, `"Condition": {"IpAddress": {"aws:SourceIp": «"203.0.113.0/33"»}}`, `"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/32"}}`},
	{"IMPROVE_IP_RANGE", identity, `"Condition": {"IpAddress": {"aws:SourceIp": «"203.0.113.7/24"»}}`, `"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.7"}}`},
	{"PRIVATE_IP_ADDRESS", identity, `"Condition": {"IpAddress": {"aws:SourceIp": «"10.0.0.0/8"»}}`, `"Condition": {"IpAddress": {"aws:SourceIp": "11.0.0.0/8"}}`},
	{"PRIVATE_NOT_IP_ADDRESS", identity, `"Condition": {"NotIpAddress": {"aws:SourceIp": [«"192.168.1.0/24"»]}}`, `"Condition": {"NotIpAddress": {"aws:VpcSourceIp": ["192.168.1.0/24"]}}`},
	{"PRIVATE_IP_ADDRESS_SUBSET", identity, `"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", «"172.16.0.0/12"»]}}`, `"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "172.0.0.0/8"]}}`},
	{"PRIVATE_NOT_IP_ADDRESS_SUBSET", identity, `"Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", «"fd00::/8"»]}}`, `"Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}`},
	{"INVALID_REGION", identity, `"Condition": {"StringEquals": {"aws:RequestedRegion": «"eu-west-9"»}}`, `"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}`},
	{"INVALID_REGION", identity, `"Condition": {"StringLike": {"aws:RequestedRegion": «"europe-*"»}}`, `"Condition": {"StringLike": {"aws:RequestedRegion": "eu-*"}}`},
	{"INVALID_VPC_FORMAT", identity, `"Condition": {"StringEquals": {"aws:SourceVpc": «"vpc-123"»}}`, `"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1a2b3c4d"}}`},
	{"INVALID_VPCE_FORMAT", identity, `"Condition": {"StringEquals": {"aws:SourceVpce": «"vpc-1a2b3c4d"»}}`, `"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}`},

	// Policy variables.
	{"EMPTY_VARIABLE", identity, `"Resource": "arn:aws:s3:::b/«${}»"`, `"Resource": "arn:aws:s3:::b/${$}{}"`},
	{"MISSING_BRACE_IN_VARIABLE", identity, `"Resource": "arn:aws:s3:::b/«${aws:username»"`, `"Resource": "arn:aws:s3:::b/${aws:username}"`},
	{"MISSING_QUOTE_IN_VARIABLE", identity, `"Resource": "arn:aws:s3:::b/«${aws:username, x}»"`, `"Resource": "arn:aws:s3:::b/${aws:username, 'x'}"`},
	{"UNSUPPORTED_SPACE_IN_VARIABLE", identity, `"Resource": "arn:aws:s3:::b/«${aws: username}»"`, `"Resource": "arn:aws:s3:::b/${aws:PrincipalTag/cost center}"`},
	{"UNSUPPORTED_SYMBOL_IN_VARIABLE", identity, `"Resource": "arn:aws:s3:::b/«${aws:user*}»"`, `"Resource": "arn:aws:s3:::b/${*}"`},
	{"VARIABLE_UNSUPPORTED_IN_ELEMENT", identity, `"Action": «"s3:${aws:username}"»`, `"Resource": "arn:aws:s3:::${aws:username}"`},
	{"VARIABLE_UNSUPPORTED_IN_ELEMENT", resource, `"Principal": {"AWS": «"arn:aws:iam::111122223333:user/${aws:username}"»}`, `"Principal": {"AWS": "arn:aws:iam::111122223333:user/u"}`},
	{"VARIABLE_UNSUPPORTED_IN_VERSION", identity, `{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::«${aws:username}»"}}`, `"Resource": "arn:aws:s3:::${aws:username}"`},
	{"INVALID_VARIABLE_FOR_OPERATOR", identity, `"Condition": {"NumericEquals": {"aws:MultiFactorAuthAge": «"${aws:PrincipalTag/age}"»}}`, `"Condition": {"StringEquals": {"aws:username": "${aws:PrincipalTag/name}"}}`},

	// Tags of resources.
	{"ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", identity, `"Action": ["iam:ListUsers", "ec2:StartInstances"], "Condition": {"StringEquals": {«"aws:ResourceTag/a»": "b"}}`, `"Action": "ec2:StartInstances", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}`},
	{"ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", identity, `"NotAction": "iam:*", "Condition": {"StringEquals": {«"aws:ResourceTag/a»": "b"}}`, `"NotAction": "iam:*", "Condition": {"StringEqualsIfExists": {"aws:ResourceTag/a": "b"}}`},
	{"DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", identity, `"Effect": "Deny", "Action": "iam:ListUsers", "Condition": {"StringEquals": {«"aws:ResourceTag/a»": "b"}}`, `"Effect": "Deny", "Action": "iam:ListUsers", "Condition": {"StringNotEquals": {"aws:ResourceTag/a": "b"}}`},
	{"DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", identity, `"Effect": "Deny", "NotAction": "iam:*", "Condition": {"StringEquals": {«"aws:ResourceTag/a»": "b"}}`, `"Effect": "Deny", "NotAction": "iam:*", "Condition": {"StringEquals": {"aws:RequestTag/a": "b"}}`},

	// Roles that are passed or made.
	{"PASS_ROLE_WITH_STAR_IN_RESOURCE", identity, `"Action": "iam:PassRole", "Resource": «"*"»`, `"Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/Service*"`},
	{"PASS_ROLE_WITH_STAR_IN_RESOURCE", identity, `"Action": "iam:PassRole", "Resource": «"arn:aws:iam::111122223333:role/*"»`, `"Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}`},
	{"PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", identity, `"Action": "iam:Pass*", "Resource": «"*"»`, `"Action": "iam:Get*", "Resource": "*"`},
	{"PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", identity, `"NotAction": "s3:*", "Resource": «"*"»`, `"NotAction": ["s3:*", "iam:*"], "Resource": "*"`},
	{"PASS_ROLE_WITH_NOT_RESOURCE", identity, `"Action": "iam:PassRole", «"NotResource»": "arn:aws:iam::*:role/admin"`, `"Effect": "Deny", "Action": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/admin"`},
	{"PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", identity, `"Action": "iam:*", «"NotResource»": "arn:aws:iam::*:role/admin"`, `"Action": "s3:*", "NotResource": "arn:aws:iam::*:role/admin"`},
	{"PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE", identity, `"NotAction": "s3:*", «"NotResource»": "arn:aws:iam::*:role/admin"`, `"NotAction": ["iam:PassRole", "iam:Create*"], "NotResource": "arn:aws:iam::*:role/admin"`},
	{"CREATE_SLR_WITH_STAR_IN_RESOURCE", identity, `"Action": "iam:CreateServiceLinkedRole", "Resource": «"arn:aws:iam::*:role/aws-service-role/*"»`, `"Action": "iam:CreateServiceLinkedRole", "Resource": "arn:aws:iam::*:role/aws-service-role/ecs.amazonaws.com/*"`},
	{"CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", identity, `"Action": "iam:Create*", "Resource": «"*"»`, `"Action": "iam:Create*", "Resource": "*", "Condition": {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}`},
	{"CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", identity, `"NotAction": "s3:*", "Resource": «"*"»`, `"NotAction": "*", "Resource": "*"`},
	{"CREATE_SLR_WITH_NOT_RESOURCE", identity, `"Action": "iam:CreateServiceLinkedRole", «"NotResource»": "arn:aws:iam::*:role/admin"`, `"Action": "iam:CreateRole", "NotResource": "arn:aws:iam::*:role/admin"`},
	{"CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", identity, `"Action": "iam:Create*", «"NotResource»": "arn:aws:iam::*:role/admin"`, `"Action": "iam:List*", "NotResource": "arn:aws:iam::*:role/admin"`},
	{"CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", identity, `"NotAction": "s3:*", «"NotResource»": "arn:aws:iam::*:role/admin"`, `"NotAction": ["iam:PassRole", "iam:Create*"], "NotResource": "arn:aws:iam::*:role/admin"`},

	// Trust policies.
	{"ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", trust, `«"Resource»": "*"`, `"Sid": "a"`},
	{"ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", trust, `«"NotPrincipal»": {"AWS": "111122223333"}`, `"Principal": {"AWS": "111122223333"}`},
	{"ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", trust, `"Principal": «"*"»`, `"Principal": {"AWS": "111122223333"}`},
	{"INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", trust, `"Action": "sts:AssumeRoleWithSAML", "Principal": {"Federated": «"okta"»}`, `"Action": "sts:AssumeRoleWithSAML", "Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/okta"}`},
	{"MISMATCHED_ACTION_FOR_PRINCIPAL", trust, `"Action": «"sts:AssumeRole"», "Principal": {"Federated": "cognito-identity.amazonaws.com"}`, `"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "cognito-identity.amazonaws.com"}`},
	{"MISMATCHED_ACTION_FOR_PRINCIPAL", trust, `"Action": «"sts:AssumeRoleWithSAML"», "Principal": {"AWS": "111122223333"}`, `"Action": ["sts:AssumeRoleWithSAML", "sts:AssumeRole"], "Principal": {"AWS": "111122223333", "Federated": "arn:aws:iam::111122223333:saml-provider/okta"}`},
	{"MISSING_ACTION_FOR_CONDITION_KEY", trust, `"Condition": {"StringLike": {«"sts:SourceIdentity»": "dev-*"}}`, `"Action": ["sts:AssumeRole", "sts:SetSourceIdentity"], "Condition": {"StringLike": {"sts:SourceIdentity": "dev-*"}}`},
	{"MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", trust, `"Principal": {"Service": «"rolesanywhere.amazonaws.com"»}`, `"Principal": {"Service": "rolesanywhere.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]`},
	{"MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", trust, `"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": «"accounts.google.com"»}`, `"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "accounts.google.com"}, "Condition": {"StringEquals": {"accounts.google.com:aud": "x"}}`},
	{"MISSING_GITHUB_REPO_CONDITION_KEY", trust, `"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": «"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"»}, "Condition": {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}`, `"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Condition": {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:a/b:ref:refs/heads/main"}}`},
	{"SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", trust, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": «"repo:a/*"»}}`, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:a/b:ref:refs/heads/main"}}`},
	{"SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", trust, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": «"repo:a/b:*"»}}`, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:a/b:*"}, "StringEquals": {"token.actions.githubusercontent.com:ref": "refs/heads/main"}}`},
	{"FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", trust, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {«"ForAnyValue:StringEquals»": {"accounts.google.com:aud": "x"}}`, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"accounts.google.com:aud": "x"}}`},
	{"CONFIRM_AUDIENCE_CLAIM_TYPE", trust, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {«"ForAllValues:StringEquals»": {"accounts.google.com:aud": "x"}}`, `"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"accounts.google.com:aud": "x"}}`},

	// Sizes.
	{"POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", identity, `«` + long(6145) + `»`, ` ` + long(6144) + ` `},
	{"POLICY_SIZE_EXCEEDS_SCP_QUOTA", scp, `«` + long(10241) + `»`, long(10240)},
	{"POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", resource, `«` + long(32<<10+1) + `»`, long(32 << 10)},
	{"POLICY_SIZE_EXCEEDS_RCP_QUOTA", rcp, `«` + long(5121) + `»`, long(5120)},
	{"POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", trust, `«` + long(2049) + `»`, long(2048)},

	// Redundancy.
	{"REDUNDANT_ACTION", identity, `"Action": ["iam:Get*", «"iam:GetCredentialReport"»]`, `"Action": ["iam:Get*", "iam:*CredentialReport"]`},
	{"REDUNDANT_RESOURCE", identity, `"Resource": [«"arn:aws:s3:::b/k"», "arn:aws:s3:::b/*"]`, `"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]`},
	{"REDUNDANT_STATEMENT", identity, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, «{"Sid": "again", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}»]}`, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]}`},
	{"REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", trust, `"Principal": {"AWS": ["arn:aws:iam::111122223333:role/r", «"arn:aws:sts::111122223333:assumed-role/r/s"»]}`, `"Principal": {"AWS": ["arn:aws:iam::111122223333:role/r", "arn:aws:sts::111122223333:assumed-role/q/s"]}`},
	{"REDUNDANT_CONDITION_VALUE_NUM", identity, `"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": [«"2700"», "3600"]}}`, `"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": ["3600"]}}`},
}

// long returns a document of n characters.
func long(n int) string {
	const start, end = `{"Version":"2012-10-17","Id":"`, `","Statement":[]}`
	return start + strings.Repeat("x", n-len(start)-len(end)) + end
}

// document returns the document that a pair gives, and where the finding is to be.
func (p pair) document(text string) (src []byte, start, end int) {
	if !strings.HasPrefix(strings.Trim(text, " «"), "{") && !strings.HasPrefix(text, "«[") {
		text = p.statement(text)
	}
	start = strings.Index(text, "«")
	text = strings.Replace(text, "«", "", 1)
	end = strings.Index(text, "»")
	text = strings.Replace(text, "»", "", 1)
	if start >= 0 && strings.HasPrefix(text[end:], `"`) && strings.HasPrefix(text[start:], `"`) {
		end++ // a mark inside the quotes of a key, for which the table has no room
	}
	return []byte(text), start, end
}

// statement makes a document of the members of a statement.
func (p pair) statement(members string) string {
	var b strings.Builder
	add := func(names []string, text string) {
		for _, name := range names {
			if strings.Contains(members, `"`+name+`"`) || strings.Contains(members, `"`+name+`»"`) {
				return
			}
		}
		b.WriteString(text + ", ")
	}
	effect, action := "Allow", "s3:GetObject"
	switch p.t {
	case rcp:
		effect = "Deny"
		add([]string{"Principal", "NotPrincipal"}, `"Principal": "*"`)
	case resource, trust:
		add([]string{"Principal", "NotPrincipal"}, `"Principal": {"AWS": "111122223333"}`)
	}
	if p.t == trust {
		action = "sts:AssumeRole"
	} else {
		add([]string{"Resource", "NotResource"}, `"Resource": "arn:aws:s3:::b/k"`)
	}
	add([]string{"Effect"}, `"Effect": "`+effect+`"`)
	add([]string{"Action", "NotAction"}, `"Action": "`+action+`"`)
	return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {" + b.String() + members + "}\n}"
}

func find(t *testing.T, src []byte, o validate.Options, code string) *validate.Finding {
	t.Helper()
	findings, err := validate.Validate(context.Background(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range findings {
		if findings[i].Code == code {
			return &findings[i]
		}
	}
	return nil
}

func TestEachFindingIsFoundWhereItIsAndNotNearby(t *testing.T) {
	for i, p := range pairs {
		t.Run(fmt.Sprint(p.code, "/", i), func(t *testing.T) {
			src, start, end := p.document(p.has)
			f := find(t, src, validate.Options{Type: p.t}, p.code)
			if f == nil {
				t.Fatalf("not found in %s", src)
			}
			if span := f.Locations[0].Span; span.Start.Offset != start || span.End.Offset != end {
				t.Errorf("found at %.80q, expected at %.80q", src[span.Start.Offset:span.End.Offset], src[start:end])
			}
			src, _, _ = p.document(p.not)
			if f := find(t, src, validate.Options{Type: p.t}, p.code); f != nil {
				t.Errorf("found in %s:\n%s", bytes.TrimSpace(src), f.Details)
			}
		})
	}
}
