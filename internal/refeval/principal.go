package refeval

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// A kind is what a caller is.
type kind string

const (
	user          kind = "user"
	root          kind = "root"
	iamRole       kind = "role"
	assumedRole   kind = "assumed-role"
	federatedUser kind = "federated-user"
	service       kind = "service"
	provider      kind = "provider"
	anonymous     kind = "anonymous"
)

// A caller is who makes the request.
type caller struct {
	kind    kind
	arn     string // empty for services, anonymous callers, and a user of whom nothing is known
	name    string // of a service or provider, as a policy names it
	account string // empty for services, providers and anonymous callers
	path    string // what stands behind "user/", "role/" or "assumed-role/"
	issuer  string // the ARN of the role or user that a session comes from, if known
	id      string // unique id, if known
	ofRoot  bool   // a federated session that the root user asked for
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	callerARN = regexp.MustCompile(`(?s)^arn:([^:]+):([^:]+):([^:]*):([0-9]{12}):(.+)$`)
)

// webProviders are the identity providers that AWS knows by their domain, not by an ARN.
var webProviders = map[string]bool{
	"accounts.google.com": true, "cognito-identity.amazonaws.com": true, "graph.facebook.com": true, "www.amazon.com": true,
}

func parseCaller(c Case) (caller, error) {
	who, err := parsePrincipal(c.Principal)
	if err != nil {
		return who, err
	}
	if c.SessionIssuer != "" {
		from, err := parsePrincipal(c.SessionIssuer)
		if err != nil {
			return who, err
		}
		roleName, _, _ := strings.Cut(who.path, "/")
		ofRole := who.kind == assumedRole && from.kind == iamRole && lastName(from.path) == roleName
		ofUser := who.kind == federatedUser && (from.kind == user && from.arn != "" || from.kind == root)
		if !ofRole && !ofUser || from.account != who.account {
			return who, fmt.Errorf("%s cannot be the session issuer of %q", c.SessionIssuer, c.Principal)
		}
		who.issuer, who.ofRoot = c.SessionIssuer, from.kind == root
	}
	if c.UniqueID != "" {
		who.id = c.UniqueID
	}
	return who, nil
}

func lastName(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func parsePrincipal(text string) (caller, error) {
	switch {
	case text == "":
		return caller{kind: user}, nil
	case text == "*":
		return caller{kind: anonymous}, nil
	case accountID.MatchString(text):
		return parsePrincipal("arn:aws:iam::" + text + ":root")
	case webProviders[text]:
		return caller{kind: provider, name: text}, nil
	case !strings.HasPrefix(text, "arn:") && strings.Contains(text, ".") && !strings.ContainsAny(text, "*? /:"):
		return caller{kind: service, name: text}, nil
	}
	m := callerARN.FindStringSubmatch(text)
	if m == nil || strings.ContainsAny(m[5], "*?") {
		return caller{}, fmt.Errorf("%q is no principal", text)
	}
	who := caller{arn: text, account: m[4]}
	typ, path, _ := strings.Cut(m[5], "/")
	who.path = path
	switch of := m[2] + ":" + typ; {
	case m[2] == "iam" && m[5] == "root":
		who.kind, who.id = root, who.account
		return who, nil
	case lastName(path) == "":
	case of == "iam:user":
		who.kind = user
		return who, nil
	case of == "iam:role":
		who.kind = iamRole
		return who, nil
	case of == "iam:saml-provider", of == "iam:oidc-provider":
		// A provider vouches for somebody; it is nobody of the account that registered it.
		return caller{kind: provider, name: text}, nil
	case of == "sts:assumed-role" && strings.Count(path, "/") == 1 && !strings.HasPrefix(path, "/"):
		who.kind = assumedRole
		return who, nil
	case of == "sts:federated-user":
		who.kind = federatedUser
		return who, nil
	}
	return caller{}, fmt.Errorf("%q is no principal", text)
}

// isOfAnAccount: users, roles, their sessions and the root user. Services, providers and anonymous callers are not.
func (who caller) isOfAnAccount() bool {
	return who.kind != service && who.kind != provider && who.kind != anonymous
}

// isServiceLinked: a role "linked directly to an AWS service" has the path aws-service-role; its session's ARN lacks the
// path, but AWS reserves the prefix of its name.
func (who caller) isServiceLinked() bool {
	switch {
	case who.kind == assumedRole && who.issuer == "":
		return strings.HasPrefix(who.path, "AWSServiceRoleFor")
	case who.kind == assumedRole, who.kind == iamRole:
		return strings.HasPrefix(splitARN(who.roleARN())[5], "role/aws-service-role/")
	}
	return false
}

// roleARN is the ARN of the role that a role or session is; a session does not tell the role's path.
func (who caller) roleARN() string {
	switch {
	case who.kind == iamRole:
		return who.arn
	case who.kind == assumedRole && who.issuer != "":
		return who.issuer
	case who.kind == assumedRole:
		parts := splitARN(who.arn)
		name, _, _ := strings.Cut(who.path, "/")
		return "arn:" + parts[1] + ":iam::" + who.account + ":role/" + name
	}
	return ""
}

// isRole reports whether the ARN of a role, as a policy has it, is the caller's.
func (who caller) isRole(arn string) bool {
	if who.kind == assumedRole && who.issuer == "" { // by the name alone
		parts := splitARN(arn)
		if parts == nil || parts[2] != "iam" || parts[4] != who.account {
			return false
		}
		path, isRole := strings.CutPrefix(parts[5], "role/")
		name, _, _ := strings.Cut(who.path, "/")
		return isRole && lastName(path) == name
	}
	return who.roleARN() != "" && who.roleARN() == arn
}

func isEveryone(p policy.Principal) bool { return p.Type == policy.AWS && p.Name.Text == "*" }

// namedBy says whether, and how, an entry of a Principal element names the caller.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (who caller) namedBy(p policy.Principal) grant {
	name := p.Name.Text
	switch {
	case isEveryone(p): // "everyone, including anonymous users"
		return byRole
	case p.Type == policy.Service && who.kind == service && (name == who.name || name == "*"):
		return directly
	case p.Type == policy.Federated && who.kind == provider && (name == who.name || name == "*"):
		return directly
	case p.Type != policy.AWS || !who.isOfAnAccount():
		return nobody
	case who.isAccount(name):
		return byAccount
	case who.isItself(name):
		return directly
	case who.isRole(name), who.hasRoleID(name), who.kind == federatedUser && who.issuer != "" && name == who.issuer:
		return byRole
	}
	return nobody
}

// isAccount: the account's id, or the ARN of its root: "the account ARN and the shortened account ID behave the same
// way".
func (who caller) isAccount(name string) bool {
	if accountID.MatchString(name) {
		return name == who.account
	}
	parts := splitARN(name)
	return parts != nil && parts[2] == "iam" && parts[5] == "root" && accountID.MatchString(parts[4]) && parts[4] == who.account
}

// isItself: the ARN of the user, session or federated user, or the user's unique id.
func (who caller) isItself(name string) bool {
	switch who.kind {
	case user:
		return name == who.arn && who.arn != "" || strings.HasPrefix(name, "AIDA") && name == who.id
	case assumedRole, federatedUser:
		return name == who.arn
	}
	return false
}

// hasRoleID: the unique id of the role, which is what stands before the colon in that of its session.
func (who caller) hasRoleID(name string) bool {
	if who.kind != iamRole && who.kind != assumedRole {
		return false
	}
	id, _, _ := strings.Cut(who.id, ":")
	return strings.HasPrefix(name, "AROA") && name == id
}

// exceptedBy reports whether a NotPrincipal element lists the caller with all that must be listed along with it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (r *request) exceptedBy(entries []policy.Principal) bool {
	// "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a permissions boundary
	// policy attached, regardless of the values specified."
	if r.boundaryApplies() {
		return false
	}
	listed := func(is func(name string) bool) bool {
		for _, p := range entries {
			if p.Type == policy.AWS && is(p.Name.Text) {
				return true
			}
		}
		return false
	}
	for _, p := range entries {
		if isEveryone(p) {
			return true
		}
	}
	who := r.who
	roleListed := func(name string) bool { return who.isRole(name) || who.hasRoleID(name) }
	switch who.kind {
	case root:
		return listed(who.isAccount)
	case user, federatedUser: // "you must also specify the account ARN of the not-denied principal"
		return listed(who.isAccount) && listed(who.isItself)
	case iamRole:
		return listed(who.isAccount) && listed(roleListed)
	case assumedRole: // "AWS might validate the account first, then the role, and then the assumed-role user"
		return listed(who.isAccount) && listed(roleListed) && listed(who.isItself)
	case service, provider:
		for _, p := range entries {
			if who.namedBy(p) != nobody {
				return true
			}
		}
	}
	return false
}
