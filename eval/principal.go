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

// A Principal is who makes a request. The zero Principal is a user of the account that the resource is in, of whom
// nothing else is known. A Principal does not change, and is cheap to copy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type Principal struct {
	details *details // nil in the zero Principal
}

// Details are what is known of a principal.
type details struct {
	kind    kind
	name    string // the ARN, the service, or "*"
	account string
	short   string // name of the user without its path, or of the role
	issuer  string // who the session comes from: the role's ARN, or that of the user who federated
	id      string // unique id: AIDA…, or AROA…:session

	serviceLinked bool
	ofRoot        bool             // a federated session that the root user asked for
	caller        condition.Caller // the condition keys that follow
}

var unknownUser = &details{caller: condition.Caller{PrincipalType: "User", PrincipalIsAWSService: "false"}}

func (p Principal) known() *details {
	if p.details == nil {
		return unknownUser
	}
	return p.details
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
		return details{kind: anonymous, name: s}.principal(), nil
	case arn.IsAccountID(s):
		return ParsePrincipal("arn:aws:iam::" + s + ":root")
	case slices.Contains(webProviders, s):
		return details{kind: provider, name: s}.principal(), nil
	case !strings.HasPrefix(s, "arn:"):
		if strings.Contains(s, ".") && !strings.ContainsAny(s, "*? /:") {
			return details{kind: service, name: s}.principal(), nil
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
	p := details{name: s, account: a.Account}
	p.caller.PrincipalARN = s
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
		p.kind, p.account, p.caller.PrincipalARN = provider, "", ""
	case a.Service == "sts" && typ == "assumed-role":
		name, session, ok := strings.Cut(path, "/")
		if !ok || name == "" || strings.Contains(session, "/") {
			return fail("expected assumed-role/role-name/session-name")
		}
		p.kind, p.short = assumedRole, name
		// AWS reserves the prefix for the roles that are linked to services.
		p.serviceLinked = strings.HasPrefix(name, "AWSServiceRoleFor")
		p.caller.PrincipalARN = "arn:" + a.Partition + ":iam::" + a.Account + ":role/" + name
	case a.Service == "sts" && typ == "federated-user":
		p.kind = federatedUser
	default:
		return fail("expected root, user/…, role/…, assumed-role/…/…, federated-user/…, oidc-provider/… or saml-provider/…")
	}
	return p.principal(), nil
}

// WithSessionIssuer says whom a session comes from: the role (with its path) of an assumed-role session, or the IAM or
// root user whose credentials asked for a federated user's. Without it, an assumed-role session is taken for one of any role
// of that name in the account, and a federated user for nobody's.
func (p Principal) WithSessionIssuer(issuer string) (Principal, error) {
	from, err := ParsePrincipal(issuer)
	if err != nil {
		return Principal{}, err
	}
	d, i := *p.known(), from.known()
	switch {
	case d.kind == assumedRole && i.kind == role && i.short == d.short && i.account == d.account:
		d.caller.PrincipalARN, d.serviceLinked = issuer, i.serviceLinked
	case d.kind == federatedUser && (i.kind == user || i.kind == root) && i.account == d.account:
		d.ofRoot = i.kind == root
	default:
		return Principal{}, &PrincipalError{issuer, "it cannot be the session issuer of " + orSomebody(d.name)}
	}
	d.issuer = issuer
	return d.principal(), nil
}

// WithUniqueID gives the principal its unique id: AIDA… for a user, AROA…:session for a role's session. Saved policies
// hold these in place of ARNs, so that they do not match a namesake. It is the value of aws:userid, too.
func (p Principal) WithUniqueID(id string) Principal {
	d := *p.known()
	d.id = id
	return d.principal()
}

// String returns the principal as ParsePrincipal reads it.
func (p Principal) String() string { return p.known().name }

// Account returns the id of the principal's account; empty for services, providers and anonymous callers.
func (p Principal) Account() string { return p.known().account }

// Caller returns the condition keys that follow from the principal.
func (p Principal) Caller() condition.Caller { return p.known().caller }

// hasOwnPolicies reports whether the principal has, or could have, identity-based policies.
func (d *details) hasOwnPolicies() bool {
	return d.kind != service && d.kind != provider && d.kind != anonymous
}

// canHaveBoundary reports whether the principal is, or comes from, a user or role.
func (d *details) canHaveBoundary() bool { return d.hasOwnPolicies() && d.kind != root }

// principal fills in the global condition keys that follow from the principal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties
func (d details) principal() Principal {
	c := &d.caller
	c.PrincipalAccount, c.UserID = d.account, d.id
	switch d.kind {
	case user:
		c.PrincipalType, c.UserName = "User", d.short
	case root:
		c.PrincipalType = "Account"
	case role, assumedRole:
		c.PrincipalType = "AssumedRole"
	case federatedUser:
		c.PrincipalType = "FederatedUser"
		if d.id == "" {
			c.UserID = d.account + ":" + d.short
		}
	case anonymous:
		c.PrincipalType, c.PrincipalAccount = "Anonymous", "anonymous"
	case service:
		c.PrincipalServiceName, c.PrincipalIsAWSService = d.name, "true"
	}
	if d.hasOwnPolicies() {
		c.PrincipalIsAWSService = "false"
	}
	return Principal{&d}
}
