package validate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// rcpConditions judges what denials of a resource control policy do to services, which RCPs bind, too, and whose requests
// do not have the keys of identities; nor have those of identities the keys of services.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgid
func (d *document) rcpConditions() {
	if d.Type != RCP {
		return
	}
	for _, s := range d.statements {
		if s.effect != policy.Deny {
			continue
		}
		saysWho := s.has("aws:PrincipalIsAWSService")
		for _, c := range few(s.condition) {
			if !c.holdsWithoutKey() {
				continue
			}
			if isPrincipalKey(c.key) && !saysWho {
				d.report("RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", c.keyAt, `requests of services have no %s and are denied, too; add "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}`, c.key)
			}
			if !slices.ContainsFunc(sourceKeys, func(key string) bool { return strings.EqualFold(c.key, key) }) {
				continue
			}
			if !saysWho {
				d.report("RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", c.keyAt, `only requests of services have %s, and all others are denied; add "BoolIfExists": {"aws:PrincipalIsAWSService": "true"}`, c.key)
			}
			if !s.asksForSource() {
				d.report("RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", c.keyAt, `some services do not send %s and are denied; add "Null": {"aws:SourceAccount": "false"}`, c.key)
			}
		}
	}
}

// holdsWithoutKey reports whether the condition is true in a request that has no such key.
func (o *operator) holdsWithoutKey() bool {
	return o.known && o.family != nullFamily && (o.ifExists || o.set == forAllValues || o.negated && o.set == noSet)
}

// isPrincipalKey reports whether a key is about an identity of an account.
func isPrincipalKey(key string) bool {
	switch lower := strings.ToLower(key); lower {
	case "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths":
		return true
	default:
		return strings.HasPrefix(lower, "aws:principaltag/")
	}
}

// asksForSource reports whether the statement is only for requests that say on whose behalf a service calls.
func (s *statement) asksForSource() bool {
	return slices.ContainsFunc(few(s.condition), func(c *condition) bool {
		return c.family == nullFamily && (strings.EqualFold(c.key, "aws:SourceAccount") || strings.EqualFold(c.key, "aws:SourceArn"))
	})
}
