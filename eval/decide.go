package eval

import (
	"strings"

	"github.com/writ-iam/writ/authref"
)

// Decide says whether the policies allow the request. It cannot fail: what could, did in [Compile].
func (p *Policies) Decide(req *Request) Decision {
	var e evaluation
	e.set(req)
	return p.decide(&e)
}

// DecidePrepared is [Policies.Decide] for a request that has been taken apart.
func (p *Policies) DecidePrepared(q *Prepared) Decision { return p.decide(&q.e) }

func (p *Policies) decide(e *evaluation) Decision {
	var f facts
	f.apply(p, e)
	if !f.apart {
		p.collect(&f, e)
	}
	return f.decision()
}

// Facts are all that a decision depends on: who asks whom, which types of policies take part, and what each says.
type facts struct {
	apart        bool    // AWS decides without policies
	applies      TypeSet // types that take part
	limits       TypeSet // of these, the ones that must allow whatever else does
	crossAccount bool
	ownPolicies  bool // the principal is one that has identity-based policies
	root         bool // it is the root user of its account, or a session of it
	mustName     bool // the resource's own policy must allow: a trust policy, a key policy
	refused      bool // AWS refuses it, whatever policies allow

	deny  TypeSet // types in which a Deny matches
	allow TypeSet // types in which an Allow matches; of SCPs, at every level
	grant grant   // as whom the resource-based policy allows the principal
}

// apply finds which types of policies take part in the decision.
func (f *facts) apply(p *Policies, e *evaluation) {
	who := e.who
	e.boundary = p.Boundary != nil && who.canHaveBoundary()
	f.apart, f.refused, f.crossAccount = e.apart, e.refusal != "", e.foreign
	f.ownPolicies, f.root = who.hasOwnPolicies(), who.kind == root || who.ofRoot
	if p.Resource != nil && !(f.root && !f.crossAccount && unlocksBucket(e)) {
		f.applies |= bit(Resource)
		f.mustName = needsOwnPolicy(e)
	}
	if len(p.Endpoint) > 0 {
		f.applies |= bit(Endpoint)
		f.limits |= bit(Endpoint)
	}
	if len(p.RCPs) > 0 && !who.serviceLinked && e.canHaveRCP() {
		f.applies |= bit(RCP)
	}
	if !f.ownPolicies {
		return
	}
	if len(p.Identity) > 0 {
		f.applies |= bit(Identity)
	}
	if len(p.SCPs) > 0 && !who.serviceLinked {
		f.applies |= bit(SCP)
		f.limits |= bit(SCP)
	}
	if e.boundary {
		f.applies |= bit(Boundary)
	}
	// A federated user has what the session policies allow, and nothing where none were passed.
	if len(p.Session) > 0 || who.kind == federatedUser {
		f.applies |= bit(Session)
	}
}

// canHaveRCP reports whether resource control policies apply to the action.
func (e *evaluation) canHaveRCP() bool {
	service, _ := e.action.service()
	action := e.action.text()
	return authref.SupportsRCP(action[:len(service)]) && action != "kms:retiregrant"
}

// unlocksBucket reports whether the action is one on a bucket's policy that the policy cannot keep the root user of its
// account from.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
func unlocksBucket(e *evaluation) bool {
	switch e.action.text() {
	case "s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy":
		return true
	}
	return false
}

// needsOwnPolicy reports whether the resource is one that nobody can use unless its own policy says so: a role to
// assume (and to tag the session of), a KMS key.
func needsOwnPolicy(e *evaluation) bool {
	return e.action.isOf("sts:") && (strings.HasPrefix(e.action.text(), "sts:assumerole") || strings.HasPrefix(e.split.Resource(), "role/")) ||
		e.action.isOf("kms:") && strings.Contains(e.resource, ":key/")
}

// collect finds the types in which a Deny matches, those in which an Allow does, and as whom the resource-based policy
// allows the principal.
func (p *Policies) collect(f *facts, e *evaluation) {
	f.hear(Identity, p.Identity, e)
	if f.applies == bit(Identity) {
		return // as for most requests
	}
	f.hear(Endpoint, p.Endpoint, e)
	f.hear(Session, p.Session, e)
	if f.applies.Has(Boundary) {
		f.hear(Boundary, []*Policy{p.Boundary}, e)
	}
	if f.applies.Has(Resource) {
		if p.Resource.scan(&p.Resource.deny, e, false) != 0 {
			f.deny |= bit(Resource)
		}
		if f.grant = p.Resource.scan(&p.Resource.allow, e, true); f.grant != 0 {
			f.allow |= bit(Resource)
		}
	}
	for _, level := range p.RCPs {
		f.hear(RCP, level, e)
	}
	silent := false // an SCP level without an Allow that matches
	for _, level := range p.SCPs {
		f.allow &^= bit(SCP)
		f.hear(SCP, level, e)
		silent = silent || !f.allow.Has(SCP)
	}
	if silent {
		f.allow &^= bit(SCP)
	}
}

// hear adds what the policies of a list say, if their type takes part.
func (f *facts) hear(t PolicyType, list []*Policy, e *evaluation) {
	if !f.applies.Has(t) {
		return
	}
	for _, policy := range list {
		if policy.deny.starts&e.start != 0 && policy.scan(&policy.deny, e, false) != 0 {
			f.deny |= bit(t)
		}
		if policy.allow.starts&e.start != 0 && !f.allow.Has(t) && policy.scan(&policy.allow, e, false) != 0 {
			f.allow |= bit(t)
		}
	}
}

// decision weighs the facts. This is all of AWS's logic that is about types of policies.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (f *facts) decision() Decision {
	switch {
	case f.apart:
		return Decision{Outcome: Allowed, Unlisted: true}
	case f.deny != 0:
		return Decision{Outcome: ExplicitDeny, By: f.deny}
	}

	identity, resource := f.allow.Has(Identity) || f.root, f.allow.Has(Resource)
	own := bit(Boundary) | bit(Session) // what limits the principal's own permissions
	limits := f.limits | own
	granted := false
	var lacks TypeSet // the side that does not allow, where both must
	switch {
	case !f.ownPolicies: // a service, a provider or an anonymous caller: only the resource can grant
		granted = resource
	case f.crossAccount:
		granted = identity && resource
		if identity && !resource {
			lacks = bit(Resource)
		} else if resource && !identity {
			lacks = bit(Identity)
		}
	case f.grant&toSelf != 0: // granted to the very principal, whom nothing of its own then limits
		granted, limits = true, f.limits
	case f.grant&(toRole|toAll) != 0:
		granted = true
	case identity && f.mustName && f.grant&toAccount == 0:
		lacks = bit(Resource)
	default:
		granted = identity
	}

	blocked := limits&f.applies&^f.allow | lacks
	switch {
	case blocked != 0:
		return Decision{By: blocked}
	case granted && f.refused:
		return Decision{Unlisted: true}
	case granted:
		return Decision{Outcome: Allowed, By: f.allow & (bit(Identity) | bit(Resource))}
	}
	return Decision{}
}

// needsNoPolicy reports whether AWS allows the request without policies, and against a Deny.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
func (e *evaluation) needsNoPolicy() bool {
	switch e.action.text() {
	case "sts:getcalleridentity":
		return true
	case "sts:getsessiontoken":
		return e.who.kind == user || e.who.kind == root
	}
	return false
}

// refuses says why an operation of IAM or STS is refused to administrators, too, and is empty if it is not: what AWS owns
// in every account (its managed policies, and the roles under aws-reserved) nobody changes, and the credentials of some
// principals are not good for all operations.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
func (e *evaluation) refuses() string {
	action := e.action.text()
	switch k := e.who.kind; {
	case e.apart:
		return ""
	case k == federatedUser:
		return "a federated user can call no operation of IAM, and none of STS but GetCallerIdentity"
	case (k == role || k == assumedRole) && (action == "sts:getsessiontoken" || action == "sts:getfederationtoken"):
		return "the session of a role cannot ask for another one in this way"
	case k == root && action == "sts:assumerole":
		return "the root user cannot assume roles"
	case e.action.isOf("iam:") && e.ownedByAWS() && !onlyReads(action[len("iam:"):]):
		return "AWS owns " + e.resource + "; nobody can change it"
	}
	return ""
}

func (e *evaluation) ownedByAWS() bool {
	return e.split.Account() == "aws" || strings.HasPrefix(e.split.Resource(), "role/aws-reserved/")
}

// onlyReads reports whether an operation of IAM changes nothing, given its name in lower case.
func onlyReads(name string) bool {
	for _, reads := range [...]string{"get", "list", "generate", "simulate", "passrole"} {
		if strings.HasPrefix(name, reads) {
			return true
		}
	}
	return false
}
