package validate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/policy"
)

// trust judges what only the trust policies of roles have.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp.html
func (d *document) trust() {
	if d.Type != Trust {
		return
	}
	for _, s := range d.statements {
		if s.resource.present {
			d.report("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", s.resource.key, "a trust policy is about its role and names no resource; remove the element")
		}
		if s.principal.present && s.principal.not {
			d.report("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", s.principal.key, "a trust policy has no NotPrincipal; name in Principal who may assume the role")
		}
		if s.principal.everybody && s.effect == policy.Allow {
			d.report("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", s.principal.value.location(), `"*" lets everybody assume the role; name the principals`)
		}
		d.checkProviders(s)
		d.checkTrustActions(s)
		d.checkRolesAnywhere(s)
	}
}

// A provider is a federated principal.
type provider struct {
	value
	saml bool
	host string // of an OIDC provider: what its condition keys begin with
}

// providers returns the federated principals that can be read, and reports the others.
func (d *document) providers(s *statement) (list []provider) {
	for _, v := range s.principal.names(policy.Federated) {
		if strings.ContainsAny(v.Text, "*?") || hasVariable(v.Text) {
			continue // reported as such
		}
		a, err := arn.Parse(v.Text)
		saml, isSAML := strings.CutPrefix(a.Resource, "saml-provider/")
		host, isOIDC := strings.CutPrefix(a.Resource, "oidc-provider/")
		switch {
		case err == nil && a.Service == "iam" && isSAML && saml != "":
			list = append(list, provider{v, true, ""})
		case err == nil && a.Service == "iam" && isOIDC && host != "":
			list = append(list, provider{v, false, host})
		case err != nil && strings.Contains(v.Text, ".") && !strings.ContainsAny(v.Text, " :"):
			list = append(list, provider{v, false, v.Text})
		default:
			d.report("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", v.location(),
				"%s is no federated provider; write its domain, such as %s, or the ARN of an OIDC or SAML provider", quoted(v.Text), oidcDomains[0])
		}
	}
	return list
}

// checkProviders judges federated principals with the conditions that say whose tokens are taken.
func (d *document) checkProviders(s *statement) {
	list := few(d.providers(s))
	d.checkAssumeActions(s, list)
	for _, c := range s.condition {
		switch {
		case !isAudience(c.key):
		case c.set == forAnyValue:
			d.report("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", c.operatorKey, "a token has one audience in %s; remove ForAnyValue", c.key)
		case c.set == forAllValues:
			d.report("CONFIRM_AUDIENCE_CLAIM_TYPE", c.operatorKey, "a token has one audience in %s, and ForAllValues holds without any; remove ForAllValues", c.key)
		}
		if strings.EqualFold(c.key, github+":sub") && c.known && !c.negated {
			for _, v := range c.values {
				if c.isLike() && strings.ContainsAny(v.Text, "*?") && !(namesRepository(v.Text) && s.has(github+":ref")) {
					d.report("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", v.location(), "%s takes in more repositories or branches than you may mean; write repo:owner/name:ref:refs/heads/branch, or ask for the branch in %s:ref, too", quoted(v.Text), github)
				}
			}
		}
	}
	if s.effect != policy.Allow || s.principal.not {
		return
	}
	for _, p := range list {
		switch {
		case p.saml:
		case strings.EqualFold(p.host, github):
			if !s.has(github + ":sub") {
				d.report("MISSING_GITHUB_REPO_CONDITION_KEY", p.location(), "every repository on GitHub gets such tokens; ask for %s:sub in Condition, with the repository and the branch", github)
			}
		case !slices.ContainsFunc(few(s.condition), func(c *condition) bool { return hasPrefixFold(c.key, p.host+":") }):
			d.report("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", p.location(), "whoever has a token of %s may assume the role; ask for %s:aud or :sub in Condition", p.host, p.host)
		}
	}
}

// namesRepository reports whether the subject of a token of GitHub names one repository, whatever else it leaves open.
func namesRepository(subject string) bool {
	repository, _, ok := strings.Cut(strings.TrimPrefix(subject, "repo:"), ":")
	return ok && strings.HasPrefix(subject, "repo:") && !strings.ContainsAny(repository, "*?")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// checkAssumeActions reports principals that cannot assume a role by the actions of the statement.
func (d *document) checkAssumeActions(s *statement, providers []provider) {
	if s.action.not || s.principal.not || s.effect != policy.Allow {
		return
	}
	for _, v := range few(s.action.values) {
		wrong := []Location{v.location()}
		var names []string
		add := func(p value) { wrong, names = append(wrong, p.location()), append(names, p.Text) }
		switch action := strings.ToLower(v.Text); action {
		case "sts:assumerolewithsaml", "sts:assumerolewithwebidentity":
			for _, p := range providers {
				if p.saml != (action == "sts:assumerolewithsaml") {
					add(p.value)
				}
			}
			for _, p := range few(s.principal.entries) {
				if p.kind != policy.Federated && p.Text != "*" {
					add(p.value)
				}
			}
		case "sts:assumerole":
			for _, p := range providers {
				add(p.value)
			}
		}
		if len(names) > 0 && !s.hasRightAction(providers) {
			d.reportAll("MISMATCHED_ACTION_FOR_PRINCIPAL", wrong, "%s cannot call %s; SAML providers take sts:AssumeRoleWithSAML, OIDC providers sts:AssumeRoleWithWebIdentity, others sts:AssumeRole", andList(names), v.Text)
		}
	}
}

// hasRightAction reports whether each principal finds an action for itself, so that what one cannot call is for another.
func (s *statement) hasRightAction(providers []provider) bool {
	var kinds []string
	for _, p := range providers {
		if p.saml {
			kinds = append(kinds, "sts:assumerolewithsaml")
		} else {
			kinds = append(kinds, "sts:assumerolewithwebidentity")
		}
	}
	for _, p := range few(s.principal.entries) {
		if p.kind != policy.Federated {
			kinds = append(kinds, "sts:assumerole")
		}
	}
	for _, v := range s.action.values { // and no action is left over
		lower := strings.ToLower(v.Text)
		if strings.HasPrefix(lower, "sts:assumerole") && !slices.Contains(kinds, lower) {
			return false
		}
	}
	return !slices.ContainsFunc(kinds, func(k string) bool { return !s.names(k) })
}

// checkTrustActions reports a condition on what only another action sets.
func (d *document) checkTrustActions(s *statement) {
	if s.action.not || s.effect != policy.Allow {
		return
	}
	for _, c := range few(s.condition) {
		lower := strings.ToLower(c.key)
		action := trustActions[lower]
		if strings.HasPrefix(lower, "aws:requesttag/") {
			action = "sts:TagSession"
		}
		if action == "" || slices.ContainsFunc(few(s.action.values), func(v value) bool { return matchesAction(v.Text, strings.ToLower(action)) }) {
			continue
		}
		d.report("MISSING_ACTION_FOR_CONDITION_KEY", c.keyAt, "a session gets %s only with %s; add the action to the statement", c.key, action)
	}
}

// checkRolesAnywhere reports what IAM Roles Anywhere lacks.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
func (d *document) checkRolesAnywhere(s *statement) {
	if s.action.not || s.effect != policy.Allow {
		return
	}
	for _, v := range few(s.principal.names(policy.Service)) {
		if !strings.EqualFold(v.Text, "rolesanywhere.amazonaws.com") {
			continue
		}
		var missing []string
		for _, action := range []string{"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"} {
			if !slices.ContainsFunc(few(s.action.values), func(v value) bool { return matchesAction(v.Text, strings.ToLower(action)) }) {
				missing = append(missing, action)
			}
		}
		if len(missing) > 0 {
			d.report("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", v.location(), "IAM Roles Anywhere needs %s, too; add what is missing", andList(missing))
		}
	}
}
