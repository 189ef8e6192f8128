// Package refeval decides requests as AWS's pages say, and nothing else: it is the oracle that tests hold package eval
// against, and is imported by tests only.
//
// Its worth is that it shares nothing with the engine. It works on the policy documents as they are, sentence by
// sentence of the pages: a pattern is matched by trying, a number is a big.Rat, a date a time.Time, every document is
// read again for every request. It is slow, and meant to be so obvious that a reader can check it against the page.
//
// Where the pages disagree or say nothing, it follows the choices that docs/divergences.md lists, as the engine must.
//
// [Decide] decides one [Case]; [Generate] makes up cases over a small vocabulary, so that policies and requests really
// meet.
package refeval

import (
	"fmt"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// A Case is a request and all the policies that bear on it.
type Case struct {
	Principal     string // as eval.ParsePrincipal reads it
	SessionIssuer string // as Principal.WithSessionIssuer reads it; empty if not known
	UniqueID      string // for Principal.WithUniqueID; empty if not known

	Action          string
	Resource        string
	ResourceAccount string
	Context         map[string][]string

	Identity       []*policy.Document
	ResourcePolicy *policy.Document
	Boundary       *policy.Document
	Session        []*policy.Document
	SCPs           [][]*policy.Document
	RCPs           [][]*policy.Document
	Endpoint       []*policy.Document
}

// The outcomes, as AWS's simulation API spells them.
const (
	Allowed      = "allowed"
	ExplicitDeny = "explicitDeny"
	ImplicitDeny = "implicitDeny"
)

// Decide returns [Allowed], [ExplicitDeny] or [ImplicitDeny]. It returns an error if the principal or a policy cannot be
// understood, whether or not the policy would have a say.
func Decide(c Case) (string, error) {
	if err := check(c); err != nil {
		return "", err
	}
	r, err := newRequest(c)
	if err != nil {
		return "", err
	}
	return r.decide(), nil
}

// A request is a case with what follows from it.
type request struct {
	Case
	who     caller
	account string // that the resource is in; empty if nobody knows
}

func newRequest(c Case) (*request, error) {
	if c.Resource == "" {
		c.Resource = "*"
	}
	who, err := parseCaller(c)
	if err != nil {
		return nil, err
	}
	if err := checkContext(c.Context); err != nil {
		return nil, err
	}
	r := &request{Case: c, who: who, account: c.ResourceAccount}
	if parts := splitARN(c.Resource); r.account == "" && parts != nil {
		r.account = parts[4]
	}
	if r.account == "" {
		r.account = who.account
	}
	if who.kind == user && who.arn == "" { // of whom only that is known: a user of the resource's account
		r.who.account = r.account
	}
	return r, nil
}

func checkContext(context map[string][]string) error {
	seen := make(map[string]bool)
	for key := range context {
		lower := strings.ToLower(key)
		if key == "" || seen[lower] {
			return fmt.Errorf("the request context has the key %q empty or twice", key)
		}
		seen[lower] = true
	}
	return nil
}

// decide follows the flow chart.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (r *request) decide() string {
	switch {
	case r.needsNoPermission():
		return Allowed
	case r.explicitlyDenied():
		return ExplicitDeny
	case r.changesWhatAWSOwns(), r.hasNoCredentialsFor():
		return ImplicitDeny
	case !r.scpsAllow(), !r.endpointAllows():
		return ImplicitDeny
	case r.isCrossAccount() && r.crossAccountAllows():
		return Allowed
	case !r.isCrossAccount() && r.sameAccountAllows():
		return Allowed
	}
	return ImplicitDeny
}

// "No permissions are required to perform this operation. If an administrator attaches a policy to your identity that
// explicitly denies access to the sts:GetCallerIdentity action, you can still perform this operation."
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
//
// "No permissions are required for users to perform this operation [sts:GetSessionToken]. … You cannot use policies to
// control authentication operations."
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
func (r *request) needsNoPermission() bool {
	switch strings.ToLower(r.Action) {
	case "sts:getcalleridentity":
		return true
	case "sts:getsessiontoken":
		return r.who.kind == user || r.who.kind == root
	}
	return false
}

// hasNoCredentialsFor follows the table of what the credentials of each kind of principal are not good for.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
func (r *request) hasNoCredentialsFor() bool {
	action := strings.ToLower(r.Action)
	service, _, _ := strings.Cut(action, ":")
	switch r.who.kind {
	case federatedUser: // "Cannot call IAM operations", "Cannot call STS operations except GetCallerIdentity"
		return service == "iam" || service == "sts"
	case iamRole, assumedRole: // "Cannot call GetFederationToken or GetSessionToken"
		return action == "sts:getfederationtoken" || action == "sts:getsessiontoken"
	case root: // "Roles may not be assumed by root accounts"
		return action == "sts:assumerole"
	}
	return false
}

// "You cannot change the permissions defined in AWS managed policies", nor the roles that AWS reserves for itself.
func (r *request) changesWhatAWSOwns() bool {
	service, name, _ := strings.Cut(strings.ToLower(r.Action), ":")
	if service != "iam" {
		return false
	}
	for _, reading := range []string{"get", "list", "generate", "simulate", "passrole"} {
		if strings.HasPrefix(name, reading) {
			return false
		}
	}
	parts := splitARN(r.Resource)
	if parts == nil || parts[2] != "iam" {
		return false
	}
	ofAWS := parts[4] == "aws" // managed policies
	reservedRole := strings.HasPrefix(parts[5], "role/aws-reserved/")
	return ofAWS || reservedRole
}

// "If the code finds even one explicit deny that applies, the code returns a final decision of Deny."
func (r *request) explicitlyDenied() bool {
	if r.identityApplies() && r.anyDenies(r.Identity) {
		return true
	}
	if r.resourcePolicyApplies() && r.denies(r.ResourcePolicy) {
		return true
	}
	if r.boundaryApplies() && r.denies(r.Boundary) {
		return true
	}
	if r.sessionApplies() && r.anyDenies(r.Session) {
		return true
	}
	if r.scpsApply() {
		for _, level := range r.SCPs {
			if r.anyDenies(level) {
				return true
			}
		}
	}
	if r.rcpsApply() {
		for _, level := range r.RCPs {
			if r.anyDenies(level) {
				return true
			}
		}
	}
	return r.anyDenies(r.Endpoint)
}

// "Identity-based policies … grant permissions to IAM entities": services, providers and anonymous callers are none.
func (r *request) identityApplies() bool { return r.who.isOfAnAccount() }

// The root principal in a bucket owner's account can read, put and delete the bucket's policy, "even if their bucket policy
// explicitly denies the root principal's access".
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
func (r *request) resourcePolicyApplies() bool {
	if r.ResourcePolicy == nil {
		return false
	}
	switch strings.ToLower(r.Action) {
	case "s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy":
		return !r.isRoot() || r.isCrossAccount()
	}
	return true
}

// isRoot: the root user, or who was federated by it.
func (r *request) isRoot() bool { return r.who.kind == root || r.who.ofRoot }

// A permissions boundary is "for an IAM entity (user or role)", and their sessions; the root user cannot have one.
func (r *request) boundaryApplies() bool {
	return r.Boundary != nil && r.who.isOfAnAccount() && r.who.kind != root
}

// "Session policies are advanced policies that you pass … when you programmatically create a temporary session."
func (r *request) sessionApplies() bool { return r.who.isOfAnAccount() }

// "SCPs affect only IAM users and roles that are managed by accounts that are part of the organization", "including
// each AWS account root user", and "SCPs do not affect any service-linked role".
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func (r *request) scpsApply() bool { return r.who.isOfAnAccount() && !r.who.isServiceLinked() }

// "RCPs apply to resources for a subset of AWS services", they "do not restrict service-linked roles", and not
// kms:RetireGrant; they do restrict callers from outside of the organization.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
func (r *request) rcpsApply() bool {
	service, _, _ := strings.Cut(strings.ToLower(r.Action), ":")
	return authref.SupportsRCP(service) && !strings.EqualFold(r.Action, "kms:RetireGrant") && !r.who.isServiceLinked()
}

// "For a permission to be allowed for a specific account, there must be an explicit Allow statement at every level from
// the root through each OU in the direct path to the account."
func (r *request) scpsAllow() bool {
	if !r.scpsApply() {
		return true
	}
	for _, level := range r.SCPs {
		if !r.anyAllows(level) {
			return false
		}
	}
	return true
}

// An endpoint policy "controls which AWS principals can use the VPC endpoint to access the endpoint service".
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
func (r *request) endpointAllows() bool { return len(r.Endpoint) == 0 || r.anyAllows(r.Endpoint) }

// isCrossAccount: the caller is of one account and the resource in another. What AWS owns is foreign to nobody.
func (r *request) isCrossAccount() bool {
	return r.who.isOfAnAccount() && r.who.account != r.account && r.account != "aws"
}

// "The request is allowed only if both evaluations return a decision of Allow."
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func (r *request) crossAccountAllows() bool {
	return r.resourceGrants() != nobody && r.ownSideAllows()
}

// "If an action is allowed by an identity-based policy, a resource-based policy, or both, then AWS allows the action."
func (r *request) sameAccountAllows() bool {
	granted := r.resourceGrants()
	switch {
	case granted == directly: // "an implicit deny in an identity-based policy, a permissions boundary, or a session policy does not impact the final decision"
		return true
	case granted == byRole && r.withinLimits(): // "limited by an implicit deny in a permissions boundary or session policy"
		return true
	case r.mustBeGrantedByResource() && r.resourcePolicyApplies():
		return granted != nobody && r.ownSideAllows()
	}
	return r.ownSideAllows()
}

// "IAM role trust policies and KMS key policies are exceptions to this logic, because they must explicitly allow access
// for principals."
func (r *request) mustBeGrantedByResource() bool {
	action := strings.ToLower(r.Action)
	trust := strings.HasPrefix(action, "sts:assumerole")
	if parts := splitARN(r.Resource); parts != nil && strings.HasPrefix(action, "sts:") { // sts:TagSession, sts:SetSourceIdentity
		trust = trust || strings.HasPrefix(parts[5], "role/")
	}
	key := strings.HasPrefix(action, "kms:") && strings.Contains(r.Resource, ":key/")
	return trust || key
}

// ownSideAllows: what the principal's own account says.
func (r *request) ownSideAllows() bool {
	if !r.identityApplies() {
		return false
	}
	if r.isRoot() { // "the AWS account root user, which has full access"
		return r.withinLimits()
	}
	return r.anyAllows(r.Identity) && r.withinLimits()
}

// withinLimits: the permissions boundary and the session policies allow, where there are any.
func (r *request) withinLimits() bool {
	if r.boundaryApplies() && !r.allows(r.Boundary) {
		return false
	}
	if r.sessionApplies() && len(r.Session) > 0 && !r.anyAllows(r.Session) {
		return false
	}
	// "If you do not pass a policy [to GetFederationToken], the resulting federated user session has no permissions."
	if r.who.kind == federatedUser && len(r.Session) == 0 {
		return false
	}
	return true
}

// A grant says how a resource-based policy lets the caller in. The later ones are the stronger.
type grant int

const (
	nobody    grant = iota
	byAccount       // through the account, which hands the decision to its identity-based policies
	byRole          // through the role of a session, or through "*": limited by boundary and session policies
	directly        // by the caller's own name
)

// resourceGrants is the strongest grant of the resource-based policy's statements.
func (r *request) resourceGrants() grant {
	strongest := nobody
	if !r.resourcePolicyApplies() {
		return nobody
	}
	for i := range r.ResourcePolicy.Statements {
		s := &r.ResourcePolicy.Statements[i]
		if s.Effect == policy.Allow && r.matches(r.ResourcePolicy, s) {
			strongest = max(strongest, r.grantedTo(s))
		}
	}
	return strongest
}

// grantedTo is the strongest way in which the statement's Principal names the caller.
func (r *request) grantedTo(s *policy.Statement) grant {
	strongest := nobody
	for _, p := range s.Principal.Entries {
		g := r.who.namedBy(p)
		// "Identity-based policy types, such as permissions boundaries or session policies, do not limit permissions
		// granted using the aws:PrincipalArn condition key with a wildcard (*) in the Principal element."
		if isEveryone(p) && asksForPrincipalARN(s) {
			g = directly
		}
		strongest = max(strongest, g)
	}
	return strongest
}

func asksForPrincipalARN(s *policy.Statement) bool {
	for _, c := range s.Condition {
		op, err := parseOperator(c.Operator.Text)
		if err == nil && !op.negated && op.takesVariables() && strings.EqualFold(c.Key.Text, "aws:PrincipalArn") {
			return true
		}
	}
	return false
}

func (r *request) anyAllows(docs []*policy.Document) bool {
	for _, doc := range docs {
		if r.allows(doc) {
			return true
		}
	}
	return false
}

func (r *request) anyDenies(docs []*policy.Document) bool {
	for _, doc := range docs {
		if r.denies(doc) {
			return true
		}
	}
	return false
}

func (r *request) allows(doc *policy.Document) bool { return r.has(doc, policy.Allow) }
func (r *request) denies(doc *policy.Document) bool { return r.has(doc, policy.Deny) }

// has reports whether the document has a statement of this effect that matches the request.
func (r *request) has(doc *policy.Document, effect policy.Effect) bool {
	for i := range doc.Statements {
		if s := &doc.Statements[i]; s.Effect == effect && r.matches(doc, s) {
			return true
		}
	}
	return false
}

// matches: the statement's principal, action and resource are those of the request, and all of its conditions are met.
func (r *request) matches(doc *policy.Document, s *policy.Statement) bool {
	return r.principalMatches(s) && r.actionMatches(s) && r.resourceMatches(doc, s) && r.conditionsMet(doc, s)
}

// A statement without Principal or NotPrincipal is for whoever the policy is attached to.
func (r *request) principalMatches(s *policy.Statement) bool {
	switch {
	case s.Principal == nil:
		return true
	case s.Principal.Not:
		return !r.exceptedBy(s.Principal.Entries)
	}
	for _, p := range s.Principal.Entries {
		if r.who.namedBy(p) != nobody {
			return true
		}
	}
	return false
}

// "The prefix and the action name are case insensitive." NotAction "matches everything except the specified list".
func (r *request) actionMatches(s *policy.Statement) bool {
	listed := false
	for _, pattern := range s.Action.Strings() {
		if like(wild(strings.ToLower(pattern)), strings.ToLower(r.Action)) {
			listed = true
		}
	}
	return listed != s.Action.Not
}

// resourceMatches tests Resource or NotResource. A trust policy has neither: it is about the role it is attached to.
func (r *request) resourceMatches(doc *policy.Document, s *policy.Statement) bool {
	if !s.Resource.Present() {
		return true
	}
	listed := false
	for _, text := range s.Resource.Strings() {
		if strings.Trim(text, "*") == "" && text != "" {
			listed = true
			continue
		}
		pattern, known := wild(text), !incomplete(text)
		if known && doc.Version.HasVariables() {
			if variableBeforeFifthColon(text) {
				known = false // "You can't use a variable to replace parts of the ARN before the fifth colon"
			} else {
				pattern, known = r.substitute(text)
			}
		}
		switch {
		case !known && s.Resource.Not: // nobody knows what is excepted
			return false
		case known && matchARN(pattern, r.Resource):
			listed = true
		}
	}
	return listed != s.Resource.Not
}

// "If your policy has multiple condition operators or multiple keys …, the conditions are evaluated using a logical
// AND."
func (r *request) conditionsMet(doc *policy.Document, s *policy.Statement) bool {
	for _, c := range s.Condition {
		if !r.conditionMet(doc, c) {
			return false
		}
	}
	return true
}
