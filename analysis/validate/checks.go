package validate

import "slices"

// A Check is one of the checks of AWS's page, by its issue code.
type Check struct {
	Code string
	Type FindingType
}

// A matter is what one function judges, and the checks that it can report.
type matter struct {
	judge  func(*document) // nil: what reports these needs more than the document, and Validate calls it
	checks []Check
}

// matters returns the table of all checks. Each code stands with the function that reports it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
func matters() []matter {
	return []matter{
		{nil, []Check{ // (*document).syntaxError; (*document).elements has keys given twice
			{"JSON_SYNTAX_ERROR", Error},
		}},
		{(*document).elements, []Check{
			{"DATA_TYPE_MISMATCH", Error},
			{"INVALID_EFFECT", Error},
			{"INVALID_POLICY_ELEMENT", Error},
			{"INVALID_VERSION", Error},
			{"MISSING_ACTION", Error},
			{"MISSING_EFFECT", Error},
			{"MISSING_RESOURCE", Error},
			{"MISSING_STATEMENT", Error},
			{"MISSING_VERSION", Warning},
			{"RCP_SYNTAX_ERROR_ALLOW", Error},
			{"RCP_SYNTAX_ERROR_NOTACTION", Error},
			{"UNSUPPORTED_ELEMENT_COMBINATION", Error},
		}},
		{(*document).empty, []Check{
			{"EMPTY_ARRAY_ACTION", Suggestion},
			{"EMPTY_ARRAY_CONDITION", Suggestion},
			{"EMPTY_ARRAY_CONDITION_FORALLVALUES", Suggestion},
			{"EMPTY_ARRAY_CONDITION_FORANYVALUE", Suggestion},
			{"EMPTY_ARRAY_CONDITION_IFEXISTS", Suggestion},
			{"EMPTY_ARRAY_PRINCIPAL", Suggestion},
			{"EMPTY_ARRAY_RESOURCE", Suggestion},
			{"EMPTY_OBJECT_CONDITION", Suggestion},
			{"EMPTY_OBJECT_PRINCIPAL", Suggestion},
		}},
		{(*document).sids, []Check{
			{"EMPTY_SID_VALUE", Suggestion},
			{"UNIQUE_SIDS_RECOMMENDED", Warning},
			{"UNIQUE_SIDS_REQUIRED", Error},
			{"UNSUPPORTED_SID", Error},
		}},
		{(*document).actions, []Check{
			{"INVALID_ACTION", Error},
			{"INVALID_SERVICE_IN_ACTION", Error},
			{"RCP_SYNTAX_ERROR_ACTION", Error},
			{"UNSUPPORTED_ACTION_IN_POLICY", Error},
		}},
		{(*document).resources, []Check{
			{"ARN_ACCOUNT_NOT_ALLOWED", Error},
			{"ARN_REGION_NOT_ALLOWED", Error},
			{"INVALID_ARN_ACCOUNT", Error},
			{"INVALID_ARN_PREFIX", Error},
			{"INVALID_ARN_REGION", Error},
			{"INVALID_ARN_RESOURCE", Error},
			{"INVALID_ARN_SERVICE_CASE", Error},
			{"INVALID_PARTITION", Error},
			{"INVALID_SERVICE", Error}, // of condition keys, too
			{"MISSING_ARN_ACCOUNT", Error},
			{"MISSING_ARN_FIELD", Error},
			{"MISSING_ARN_REGION", Error},
			{"UNSUPPORTED_RESOURCE_ARN_IN_POLICY", Error},
			{"WILDCARD_IN_SERVICE_NAME", Suggestion},
		}},
		{(*document).principals, []Check{
			{"ALLOW_WITH_NOT_PRINCIPAL", SecurityWarning},
			{"FEDERATED_PRINCIPAL_NOT_SUPPORTED", Error},
			{"INVALID_PRINCIPAL_FORMAT", Error},
			{"INVALID_PRINCIPAL_KEY", Error},
			{"INVALID_ROLE_REFERENCE", Warning},
			{"INVALID_SERVICE_PRINCIPAL_FORMAT", Error}, // of condition values, too
			{"INVALID_USER_REFERENCE", Warning},
			{"MISSING_PRINCIPAL", Error},
			{"RCP_SYNTAX_ERROR_PRINCIPAL", Error},
			{"SCP_SYNTAX_ERROR_PRINCIPAL", Error},
			{"UNSUPPORTED_PRINCIPAL", Error},
			{"UNSUPPORTED_WILDCARD_IN_PRINCIPAL", Error},
		}},
		{(*document).servicePrincipals, []Check{
			{"RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", Suggestion},
			{"RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", SecurityWarning},
			{"UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", Error},
		}},
		{(*document).operators, []Check{
			{"DUPLICATE_KEYS_WITH_DIFFERENT_CASE", Error},
			{"EQUIVALENT_TO_NULL_FALSE", Suggestion},
			{"EQUIVALENT_TO_NULL_TRUE", Suggestion},
			{"FORALLVALUES_WITH_SINGLE_VALUED_KEY", SecurityWarning},
			{"INVALID_CONDITION_OPERATOR", Error},
			{"MISSING_QUALIFIER", Error},
			{"NULL_WITH_IF_EXISTS", Error},
			{"NULL_WITH_QUALIFIER", Suggestion},
			{"REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", Suggestion},
			{"REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION", Suggestion},
			{"STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", SecurityWarning},
			{"TYPE_MISMATCH", Warning},
			{"VARIABLE_USAGE_TOO_PERMISSIVE", Error},
			{"WILDCARD_USAGE_TOO_PERMISSIVE", Error},
			{"WILDCARD_WITHOUT_LIKE_OPERATOR", Warning},
		}},
		{(*document).conditionKeys, []Check{
			{"DEPRECATED_GLOBAL_CONDITION_KEY", Warning},
			{"DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", SecurityWarning},
			{"INVALID_CONDITION_KEY_FORMAT", Error},
			{"INVALID_GLOBAL_CONDITION_KEY", Error},
			{"INVALID_SERVICE_CONDITION_KEY", Error},
			{"IRRELEVANT_CONDITION_KEY_IN_POLICY", Suggestion},
			{"MISSING_PAIRED_CONDITION_KEYS", SecurityWarning},
			{"MISSING_TAG_KEY_IN_CONDITION", Error},
			{"S3_PREFIX_IN_NEGATIVE_CONTEXT", SecurityWarning},
			{"UNSUPPORTED_ACTION_FOR_CONDITION_KEY", Error},
			{"UNSUPPORTED_GLOBAL_CONDITION_KEY", Error},
			{"UNTRUSTWORTHY_CONDITION_KEY", SecurityWarning},
		}},
		{(*document).rcpConditions, []Check{
			{"RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", Warning},
			{"RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", Warning},
			{"RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", Warning},
		}},
		{(*document).conditionValues, []Check{
			{"IMPROVE_IP_RANGE", Suggestion},
			{"INVALID_CONDITION_DATA_TYPE", Error},
			{"INVALID_CONDITION_MULTIPLE_BOOLEAN", Error},
			{"INVALID_DATE_VALUE", Warning},
			{"INVALID_KMS_KEY_VALUE", Error},
			{"INVALID_REGION", Error},
			{"INVALID_VPCE_FORMAT", Error},
			{"INVALID_VPC_FORMAT", Error},
			{"PRIVATE_IP_ADDRESS", Error},
			{"PRIVATE_IP_ADDRESS_SUBSET", Suggestion},
			{"PRIVATE_NOT_IP_ADDRESS", Error},
			{"PRIVATE_NOT_IP_ADDRESS_SUBSET", Suggestion},
			{"TYPE_MISMATCH_BOOLEAN", Warning},
			{"TYPE_MISMATCH_DATE", Warning},
			{"TYPE_MISMATCH_IP_RANGE", Error},
			{"TYPE_MISMATCH_NUMBER", Warning},
			{"TYPE_MISMATCH_STRING", Warning},
		}},
		{(*document).variables, []Check{
			{"EMPTY_VARIABLE", Error},
			{"INVALID_VARIABLE_FOR_OPERATOR", Error},
			{"MISSING_BRACE_IN_VARIABLE", Error},
			{"MISSING_QUOTE_IN_VARIABLE", Error},
			{"UNSUPPORTED_SPACE_IN_VARIABLE", Error},
			{"UNSUPPORTED_SYMBOL_IN_VARIABLE", Error},
			{"VARIABLE_UNSUPPORTED_IN_ELEMENT", Error},
			{"VARIABLE_UNSUPPORTED_IN_VERSION", Error},
		}},
		{(*document).tagKeys, []Check{
			{"ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Suggestion},
			{"ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Suggestion},
			{"DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", SecurityWarning},
			{"DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", SecurityWarning},
		}},
		{(*document).roles, []Check{
			{"CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", Warning},
			{"CREATE_SLR_WITH_NOT_RESOURCE", Warning},
			{"CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", Warning},
			{"CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", Warning},
			{"CREATE_SLR_WITH_STAR_IN_RESOURCE", Warning},
			{"CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", Warning},
			{"PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE", SecurityWarning},
			{"PASS_ROLE_WITH_NOT_RESOURCE", SecurityWarning},
			{"PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", SecurityWarning},
			{"PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", SecurityWarning},
			{"PASS_ROLE_WITH_STAR_IN_RESOURCE", SecurityWarning},
			{"PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", SecurityWarning},
		}},
		{(*document).trust, []Check{
			{"CONFIRM_AUDIENCE_CLAIM_TYPE", Suggestion},
			{"FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", SecurityWarning},
			{"INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", Error},
			{"MISMATCHED_ACTION_FOR_PRINCIPAL", Error},
			{"MISSING_ACTION_FOR_CONDITION_KEY", Error},
			{"MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", Error},
			{"MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", SecurityWarning},
			{"MISSING_GITHUB_REPO_CONDITION_KEY", SecurityWarning},
			{"ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", Error},
			{"ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", Error},
			{"ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", Error},
			{"SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", Warning},
		}},
		{(*document).sizes, []Check{
			{"POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", Warning},
			{"POLICY_SIZE_EXCEEDS_RCP_QUOTA", Error},
			{"POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", Warning},
			{"POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", Warning},
			{"POLICY_SIZE_EXCEEDS_SCP_QUOTA", Error},
		}},
		{nil, []Check{ // (*document).redundancy
			{"REDUNDANT_ACTION", Suggestion},
			{"REDUNDANT_CONDITION_VALUE_NUM", Suggestion},
			{"REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", Suggestion},
			{"REDUNDANT_RESOURCE", Suggestion},
			{"REDUNDANT_STATEMENT", Suggestion},
		}},
	}
}

// Checks returns all checks, sorted by code.
func Checks() []Check {
	var all []Check
	for _, m := range matters() {
		all = append(all, m.checks...)
	}
	slices.SortFunc(all, func(a, b Check) int {
		if a.Code < b.Code {
			return -1
		}
		return 1
	})
	return all
}
