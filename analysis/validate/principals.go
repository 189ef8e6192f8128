package validate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// principals judges Principal and NotPrincipal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (d *document) principals() {
	for _, s := range d.statements {
		p := &s.principal
		switch {
		case !p.present && (d.Type == Resource || d.Type == RCP || d.Type == Trust):
			d.report("MISSING_PRINCIPAL", s.location(), "the statement has no Principal; add one")
		case !p.present:
		case d.Type == SCP:
			d.report("SCP_SYNTAX_ERROR_PRINCIPAL", p.key, "a service control policy names no principals; remove %s, or ask for aws:PrincipalArn in Condition", p.name())
		case d.Type == Identity:
			d.report("UNSUPPORTED_PRINCIPAL", p.key, "an identity-based policy names no principals; remove %s", p.name())
		case d.Type == RCP && (p.not || !p.everybody && !isEverybody(p)):
			d.report("RCP_SYNTAX_ERROR_PRINCIPAL", p.key, `a resource control policy applies to everybody; write "Principal": "*", and exceptions in Condition`)
		default:
			d.checkPrincipals(s)
		}
	}
}

func (p *principals) name() string {
	if p.not {
		return "NotPrincipal"
	}
	return "Principal"
}

// isEverybody reports whether the element is {"AWS": "*"}, which is "*".
func isEverybody(p *principals) bool {
	return !p.not && len(p.entries) == 1 && p.entries[0].kind == policy.AWS && p.entries[0].Text == "*"
}

func (d *document) checkPrincipals(s *statement) {
	p := &s.principal
	if p.not && s.effect == policy.Allow {
		d.report("ALLOW_WITH_NOT_PRINCIPAL", p.key, "Allow with NotPrincipal allows everybody else, anonymous callers too; name in Principal who is meant")
	}
	switch {
	case p.value.Kind == jsontree.String && !p.everybody:
		d.report("INVALID_PRINCIPAL_FORMAT", p.value.location(), `%s is no principal by itself; write "*" or an object such as {"AWS": "111122223333"}`, quoted(p.value.Text))
		return
	case p.value.Kind != jsontree.Object && p.value.Kind != jsontree.String && !(p.value.Kind == jsontree.Array && len(p.value.Elements) == 0):
		d.report("INVALID_PRINCIPAL_FORMAT", p.value.location(), `%s is %v; write "*" or an object such as {"AWS": "111122223333"}`, p.name(), p.value.Kind)
		return
	}
	kinds := []string{string(policy.AWS), string(policy.Service), string(policy.Federated), string(policy.CanonicalUser)}
	for _, m := range p.value.members() {
		if !slices.Contains(kinds, m.name) {
			d.report("INVALID_PRINCIPAL_KEY", m.key, "there are no principals of the kind %s%s", quoted(m.name), d.didYouMean(m.name, kinds))
			continue
		}
		d.wantsStrings(m.value, m.name)
		if m.name == string(policy.Federated) && d.Type != Trust && len(m.value.texts()) > 0 {
			d.report("FEDERATED_PRINCIPAL_NOT_SUPPORTED", m.key, "only a role's trust policy names federated providers; name roles or accounts under AWS")
		}
	}
	if p.everybody {
		return
	}
	for _, e := range p.entries {
		if hasVariable(e.Text) {
			continue // reported as such
		}
		d.checkPrincipal(e)
	}
}

func (d *document) checkPrincipal(e principal) {
	if strings.ContainsAny(e.Text, "*?") {
		if e.kind != policy.AWS || e.Text != "*" {
			d.report("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", e.location(), "%s has a wildcard, which the name of a principal cannot have; write out who is meant, or ask for aws:PrincipalArn in Condition", quoted(e.Text))
		}
		return
	}
	switch e.kind {
	case policy.AWS:
		d.checkAWSPrincipal(e.value)
	case policy.Service:
		if !isServicePrincipal(e.Text) {
			d.report("INVALID_SERVICE_PRINCIPAL_FORMAT", e.location(), "%s is no service principal; write service.amazonaws.com", quoted(e.Text))
		}
	}
}

// checkAWSPrincipal judges a principal of accounts: an account id, an ARN of IAM or of a session, or a unique id.
func (d *document) checkAWSPrincipal(v value) {
	a, err := arn.Parse(v.Text)
	switch {
	case err == nil:
		if a.Service != "iam" && a.Service != "sts" || !arn.IsAccountID(a.Account) && !(a.Service == "iam" && a.Account == "cloudfront") {
			d.report("INVALID_PRINCIPAL_FORMAT", v.location(), "%s names no account, user, role or session; write an ARN of IAM or STS, with the account id", quoted(v.Text))
		}
	case arn.IsAccountID(v.Text):
	case isUniqueID(v.Text, "AROA"):
		d.report("INVALID_ROLE_REFERENCE", v.location(), "%s is the id of a role, perhaps of one that was deleted; write the role's ARN", quoted(v.Text))
	case isUniqueID(v.Text, "AIDA"):
		d.report("INVALID_USER_REFERENCE", v.location(), "%s is the id of a user, perhaps of one that was deleted; write the user's ARN", quoted(v.Text))
	case isUniqueID(v.Text, "A"):
	default:
		d.report("INVALID_PRINCIPAL_FORMAT", v.location(), "%s is no principal; write an account id, or the ARN of an account, user, role or session", quoted(v.Text))
	}
}

// isUniqueID reports whether a text is a unique id of IAM with the prefix.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func isUniqueID(s, prefix string) bool {
	return strings.HasPrefix(s, prefix) && len(s) >= 16 && len(s) <= 128 &&
		strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// isServicePrincipal reports whether a text has the form of a service principal.
func isServicePrincipal(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == "" &&
		slices.ContainsFunc(serviceDomains, func(domain string) bool {
			name, ok := strings.CutSuffix(strings.ToLower(s), domain)
			return ok && name != ""
		})
}

// servicePrincipals judges what a resource-based policy allows to services, which act for whoever sets them up to.
func (d *document) servicePrincipals() {
	if d.Type != Resource {
		return
	}
	for _, s := range d.statements {
		services := s.principal.names(policy.Service)
		if len(services) == 0 || s.principal.not {
			continue
		}
		for _, c := range s.condition {
			if s.principal.onlyServices() && ownerKeys[strings.ToLower(c.key)] && c.holdsOnlyIfPresent() {
				d.report("UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", c.keyAt, "requests of a service principal have no %s; remove the key, or use %s", c.key, orList(sourceKeys))
			}
		}
		if s.effect != policy.Allow || slices.ContainsFunc(sourceKeys, s.has) {
			continue
		}
		for _, v := range few(services) {
			if strings.ContainsAny(v.Text, "*?") {
				continue // reported as such
			}
			if len(s.condition) == 0 {
				d.report("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", v.location(), "%s may act here for anybody; say for whom with %s in Condition", quoted(v.Text), orList(sourceKeys))
				continue
			}
			at := []Location{v.location()}
			for _, c := range few(s.condition) {
				at = append(at, c.keyAt)
			}
			d.reportAll("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", at, "the conditions do not say for whom %s acts; use %s", quoted(v.Text), orList(sourceKeys))
		}
	}
}

// onlyServices reports whether all that the element names are services.
func (p *principals) onlyServices() bool {
	return !p.not && len(p.entries) > 0 && len(p.names(policy.Service)) == len(p.entries)
}
