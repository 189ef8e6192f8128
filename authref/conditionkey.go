package authref

import (
	"slices"

	"github.com/writ-iam/writ/internal/reffile"
)

// A ConditionKey is a key that a Condition element can name. Its Key may have
// a part to fill in, as aws:RequestTag/${TagKey} and s3:ExistingObjectTag/<key>
// have.
type ConditionKey struct {
	Key  string
	Type ConditionType
}

// A ConditionType is the type of a condition key's value. ArrayOf is added to
// the type of a key that has several values, which needs a set operator:
// ArrayOf|String. The zero ConditionType is no type.
type ConditionType uint8

// The types; see
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html#context_keys_table.
const (
	String ConditionType = 1 + iota
	ARN
	Bool
	Date
	Numeric
	IPAddress
	Binary

	ArrayOf ConditionType = reffile.ArrayOf
)

// Multivalued reports whether t is an ArrayOf type.
func (t ConditionType) Multivalued() bool { return t&ArrayOf != 0 }

// Single returns the type of one value: ARN, if t is ArrayOf|ARN.
func (t ConditionType) Single() ConditionType { return t &^ ArrayOf }

// String returns the type as AWS spells it, such as "ArrayOfString".
func (t ConditionType) String() string {
	single := int(t.Single())
	switch {
	case single == 0 || single >= len(reffile.ConditionTypes):
		return ""
	case t.Multivalued():
		return "ArrayOf" + reffile.ConditionTypes[single]
	}
	return reffile.ConditionTypes[single]
}

// ConditionKey returns the key that the service lists for a key that a policy
// names: for "aws:RequestTag/team" it is aws:RequestTag/${TagKey}. A global
// key that the service does not list is not found; see [GlobalConditionKey].
func (s *Service) ConditionKey(key string) (*ConditionKey, bool) {
	return findKey(s.ConditionKeys, key)
}

// GlobalConditionKeys returns the condition keys that AWS documents for all
// services, sorted: those of aws:, and the few of a service, such as
// ec2:SourceInstanceArn, that hold in the requests to others. They are from
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
func GlobalConditionKeys() []ConditionKey { return slices.Clone(globalKeys[:]) }

// GlobalConditionKey returns the global condition key for a key that a policy
// names: for "aws:PrincipalTag/team" it is aws:PrincipalTag/${TagKey}.
func GlobalConditionKey(key string) (ConditionKey, bool) {
	k, ok := findKey(globalKeys[:], key)
	if !ok {
		return ConditionKey{}, false
	}
	return *k, true
}

// findKey looks for a key among keys sorted by name: the very key, or the one
// with most text of those that have a part to fill in.
func findKey(sorted []ConditionKey, key string) (*ConditionKey, bool) {
	if k, ok := find(sorted, key, func(k *ConditionKey) string { return k.Key }); ok {
		return k, true
	}
	var best *ConditionKey
	most := 0
	for i := range sorted {
		before, after, ok := reffile.CutPlaceholder(sorted[i].Key)
		if n := len(before) + len(after); ok && n > most && hasShape(key, before, after) {
			best, most = &sorted[i], n
		}
	}
	return best, best != nil
}

// Multivalued reports whether a request can have several values for a
// condition key, so that a condition on it needs ForAllValues or ForAnyValue.
// Service keys have what their own service says, and global keys what AWS's
// page says; a key that nobody lists has one value. It does not allocate.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html.
func Multivalued(key string) bool {
	if _, ok := slices.BinarySearchFunc(multivaluedKeys[:], key, compareFold); ok {
		return true
	}
	for i := range multivaluedPatterns {
		if p := &multivaluedPatterns[i]; hasShape(key, p.before, p.after) {
			return p.multivalued
		}
	}
	if len(key) < len("aws:") || !equalFold(key[:len("aws:")], "aws:") {
		return false
	}
	for i := range globalKeys {
		if globalKeys[i].Type.Multivalued() && equalFold(globalKeys[i].Key, key) {
			return true
		}
	}
	return false
}

// SupportsRCP reports whether resource control policies apply to a service,
// given by its prefix in lower case. It does not allocate.
//
// See https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html.
func SupportsRCP(servicePrefix string) bool {
	// By hand, since a search through package slices would let the argument escape to the heap.
	from, to := 0, len(rcpServices)
	for from < to {
		switch middle := (from + to) / 2; {
		case rcpServices[middle] == servicePrefix:
			return true
		case rcpServices[middle] < servicePrefix:
			from = middle + 1
		default:
			to = middle
		}
	}
	return false
}

// globalKeys are AWS's global condition keys, sorted without regard to case.
var globalKeys = [...]ConditionKey{
	{"aws:AssumedRoot", Bool},
	{"aws:CalledVia", ArrayOf | String},
	{"aws:CalledViaAWSMCP", String},
	{"aws:CalledViaFirst", String},
	{"aws:CalledViaLast", String},
	{"aws:ChatbotSourceArn", ARN},
	{"aws:CurrentTime", Date},
	{"aws:Ec2InstanceSourcePrivateIPv4", IPAddress},
	{"aws:Ec2InstanceSourceVpc", String},
	{"aws:EpochTime", Date},           // or Numeric
	{"aws:FederatedProvider", String}, // an ARN, for a provider that is not AWS's own
	{"aws:IsMcpServiceAction", Bool},
	{"aws:MultiFactorAuthAge", Numeric},
	{"aws:MultiFactorAuthPresent", Bool},
	{"aws:PrincipalAccount", String},
	{"aws:PrincipalArn", ARN},
	{"aws:PrincipalIsAWSService", Bool},
	{"aws:PrincipalOrgID", String},
	{"aws:PrincipalOrgPaths", ArrayOf | String},
	{"aws:PrincipalServiceName", String},
	{"aws:PrincipalServiceNamesList", ArrayOf | String},
	{"aws:PrincipalTag/${TagKey}", String},
	{"aws:PrincipalType", String},
	{"aws:referer", String},
	{"aws:RequestedRegion", String},
	{"aws:RequestTag/${TagKey}", String},
	{"aws:ResourceAccount", String},
	{"aws:ResourceOrgID", String},
	{"aws:ResourceOrgPaths", ArrayOf | String},
	{"aws:ResourceTag/${TagKey}", String},
	{"aws:SecureTransport", Bool},
	{"aws:SignInSessionArn", ARN},
	{"aws:SourceAccount", String},
	{"aws:SourceArn", ARN},
	{"aws:SourceIdentity", String},
	{"aws:SourceIp", IPAddress},
	{"aws:SourceOrgID", String},
	{"aws:SourceOrgPaths", ArrayOf | String},
	{"aws:SourceVpc", String},
	{"aws:SourceVpcArn", ARN},
	{"aws:SourceVpce", String},
	{"aws:TagKeys", ArrayOf | String},
	{"aws:TokenIssueTime", Date},
	{"aws:UserAgent", String},
	{"aws:userid", String},
	{"aws:username", String},
	{"aws:ViaAWSMCPService", Bool},
	{"aws:ViaAWSService", Bool},
	{"aws:VpceAccount", String},
	{"aws:VpceOrgID", String},
	{"aws:VpceOrgPaths", ArrayOf | String},
	{"aws:VpcSourceIp", IPAddress},
	{"codebuild:BuildArn", ARN},
	{"codebuild:ProjectArn", ARN},
	{"ec2:RoleDelivery", Numeric},
	{"ec2:SourceInstanceArn", ARN},
	{"glue:CredentialIssuingService", String},
	{"glue:RoleAssumedBy", String},
	{"identitystore:UserId", String},
	{"lambda:SourceFunctionArn", ARN},
	{"ssm:SourceInstanceArn", ARN},
}
