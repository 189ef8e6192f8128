package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/condition"
)

// kind is what a principal is.
type kind uint8

const (
	user kind = iota // an IAM user; without an ARN, one of the resource's account
	root
	role        // a role, asking without a session name
	assumedRole // a session of a role
	federatedUser
	service
	provider // an OIDC or SAML identity provider, on whose word a role is assumed
	anonymous
)

// A Principal is who makes a request. It is comparable; the zero Principal is a user of the account that the resource
// is in, of whom nothing else is known.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type Principal struct {
	kind    kind
	name    string // the ARN, the service, or "*"
	account string
	short   string // name of the user without its path, or of the role
	issuer  string // who the session comes from: the role's ARN, or that of the user who federated
	id      string // unique id: AIDA…, or AROA…:session

	principalARN  string // the value of aws:PrincipalArn
	serviceLinked bool
}

// A PrincipalError says why a text names no principal.
type PrincipalError struct {
	Text   string
	Reason string
}

func (e *PrincipalError) Error() string {
	return fmt.Sprintf("%q is no principal: %s", e.Text, e.Reason)
}

// webProviders are the identity providers that a trust policy names by their domain.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity
var webProviders = []string{"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}

// ParsePrincipal reads a principal: the ARN of a user, role, assumed-role session, federated user, account root, or
// OIDC or SAML provider; an account id, for its root user; a service such as "amplify.amazonaws.com"; "*" for an
// anonymous caller; or nothing, for the zero Principal. The error, if any, is a [*PrincipalError].
func ParsePrincipal(s string) (Principal, error) {
	fail := func(reason string) (Principal, error) { return Principal{}, &PrincipalError{s, reason} }
	switch {
	case s == "":
		return Principal{}, nil
	case s == "*":
		return Principal{kind: anonymous, name: s}, nil
	case arn.IsAccountID(s):
		return ParsePrincipal("arn:aws:iam::" + s + ":root")
	case slices.Contains(webProviders, s):
		return Principal{kind: provider, name: s}, nil
	case !strings.HasPrefix(s, "arn:"):
		if strings.Contains(s, ".") && !strings.ContainsAny(s, "*? /:") {
			return Principal{kind: service, name: s}, nil
		}
		return fail(`expected an ARN, an account id, a service such as amplify.amazonaws.com, or "*"`)
	}
	a, err := arn.Parse(s)
	if err != nil {
		return fail(err.(*arn.ParseError).Reason)
	}
	if !arn.IsAccountID(a.Account) {
		return fail("its account is not one of twelve digits")
	}
	p := Principal{name: s, account: a.Account, principalARN: s}
	typ, path, _ := strings.Cut(a.Resource, "/")
	p.short = path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case strings.ContainsAny(a.Resource, "*?"):
		return fail("a principal has no wildcards")
	case a.Service == "iam" && a.Resource == "root":
		p.kind, p.id = root, a.Account
	case a.Service == "iam" && typ == "group":
		return fail("a group is not a principal; name one of its users")
	case p.short == "":
		return fail("expected root, user/…, role/…, assumed-role/…/…, federated-user/…, oidc-provider/… or saml-provider/…")
	case a.Service == "iam" && typ == "user":
		p.kind = user
	case a.Service == "iam" && typ == "role":
		p.kind, p.serviceLinked = role, strings.HasPrefix(path, "aws-service-role/")
	case a.Service == "iam" && (typ == "oidc-provider" || typ == "saml-provider"):
		p.kind, p.principalARN = provider, ""
	case a.Service == "sts" && typ == "assumed-role":
		name, session, ok := strings.Cut(path, "/")
		if !ok || name == "" || strings.Contains(session, "/") {
			return fail("expected assumed-role/role-name/session-name")
		}
		p.kind, p.short = assumedRole, name
		// AWS reserves the prefix for the roles that are linked to services.
		p.serviceLinked = strings.HasPrefix(name, "AWSServiceRoleFor")
		p.principalARN = "arn:" + a.Partition + ":iam::" + a.Account + ":role/" + name
	case a.Service == "sts" && typ == "federated-user":
		p.kind = federatedUser
	default:
		return fail("expected root, user/…, role/…, assumed-role/…/…, federated-user/…, oidc-provider/… or saml-provider/…")
	}
	return p, nil
}

// WithSessionIssuer says whom a session comes from: the role (with its path) of an assumed-role session, or the IAM
// user whose credentials asked for a federated user's. Without it, an assumed-role session is taken for one of any role
// of that name in the account, and a federated user for nobody's.
func (p Principal) WithSessionIssuer(issuer string) (Principal, error) {
	i, err := ParsePrincipal(issuer)
	switch {
	case err != nil:
		return Principal{}, err
	case p.kind == assumedRole && i.kind == role && i.short == p.short && i.account == p.account:
		p.principalARN, p.serviceLinked = issuer, i.serviceLinked
	case p.kind == federatedUser && i.kind == user && i.account == p.account:
	default:
		return Principal{}, &PrincipalError{issuer, "it cannot be the session issuer of " + p.name}
	}
	p.issuer = issuer
	return p, nil
}

// WithUniqueID gives the principal its unique id: AIDA… for a user, AROA…:session for a role's session. Saved policies
// hold these in place of ARNs, so that they do not match a namesake. It is the value of aws:userid, too.
func (p Principal) WithUniqueID(id string) Principal {
	p.id = id
	return p
}

// String returns the principal as ParsePrincipal reads it.
func (p Principal) String() string { return p.name }

// Account returns the id of the principal's account; empty for services, providers and anonymous callers.
func (p Principal) Account() string { return p.account }

// hasOwnPolicies reports whether the principal has, or could have, identity-based policies.
func (p *Principal) hasOwnPolicies() bool {
	return p.kind != service && p.kind != provider && p.kind != anonymous
}

// derive fills in the global condition keys that follow from the principal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties
func (p *Principal) derive(d *condition.Derived) {
	d[condition.PrincipalARN] = p.principalARN
	d[condition.PrincipalAccount] = p.account
	d[condition.UserID] = p.id
	switch p.kind {
	case user:
		d[condition.PrincipalType] = "User"
		d[condition.UserName] = p.short
	case root:
		d[condition.PrincipalType] = "Account"
	case role, assumedRole:
		d[condition.PrincipalType] = "AssumedRole"
	case federatedUser:
		d[condition.PrincipalType] = "FederatedUser"
	case anonymous:
		d[condition.PrincipalType] = "Anonymous"
	case service:
		d[condition.PrincipalServiceName] = p.name
	}
	if p.kind == service {
		d[condition.PrincipalIsAWSService] = "true"
	} else if p.hasOwnPolicies() {
		d[condition.PrincipalIsAWSService] = "false"
	}
}
