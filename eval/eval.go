// Package eval decides requests as AWS IAM does.
//
// [Compile] turns a policy document into a [Policy]. The policies that bear on a request, by type, are [Policies];
// [Policies.Decide] says whether they allow a [Request], and [Policies.Explain] says why:
//
//	doc, err := policy.Parse(src)
//	…
//	p, err := eval.Compile(doc, eval.Identity)
//	…
//	policies := eval.Policies{Identity: []*eval.Policy{p}}
//	d := policies.Decide(&eval.Request{Principal: dev, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"})
//	if d.Allowed() { … }
//
// # How a decision is made
//
// A statement matches a request if its principal, action and resource do and all of its conditions hold. A Deny that
// matches in any policy that applies is an explicit deny, whatever allows. Otherwise the policy types are weighed:
//
//  1. Service control policies must allow at every level, from the root of the organization down, and a VPC endpoint
//     policy must allow if there is one. Resource control policies always allow, since AWS attaches
//     RCPFullAWSAccess at every level; they only deny.
//  2. In one account, the identity-based policies or the resource-based policy must allow. What the identity-based
//     ones allow counts only within the permissions boundary and the session policies, and so does what the
//     resource-based policy grants to a role or to everyone; what it grants to the very user or session that
//     asks, or to everyone under a condition on aws:PrincipalArn, counts without them.
//  3. Across accounts, the resource-based policy and the principal's own side must both allow.
//  4. The trust policy of a role and the policy of a KMS key must allow by themselves; naming the account there hands the
//     decision to the account's identity-based policies.
//
// The file decide.go reads as these sentences do. The zero [Decision] is an implicit deny.
//
// # What is compiled
//
// Whatever could fail does so in Compile, with a position: at decision time a statement that cannot be evaluated could
// only count as one that does not match, which for a Deny is an allow. A compiled policy does not change and is safe for
// concurrent use. An action leads by a table to the few statements that can match it, so that a decision does not
// depend on the number of statements; it allocates nothing.
//
// # What it does not do
//
// eval has no clock, reads no files, and knows no state: aws:CurrentTime and the keys that services set are the
// caller's to put into the request context. It fills in only what follows from the principal and the resource
// (aws:PrincipalArn, aws:username, aws:ResourceAccount and their like). It does not know which actions exist.
//
// Implemented from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, the pages
// below it, and those of AWS Organizations on SCPs and RCPs; docs/divergences.md lists where pages disagree and what
// was chosen.
package eval

import (
	"fmt"
	"strings"
)

// A PolicyType is a kind of policy by the role it has in a decision.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#access_policy-types
type PolicyType uint8

// The policy types, in the order in which AWS's flow chart comes to them.
const (
	RCP      PolicyType = iota // resource control policy of the resource's organization
	SCP                        // service control policy of the principal's organization
	Endpoint                   // VPC endpoint policy
	Resource                   // resource-based policy; the trust policy of a role
	Identity                   // identity-based policy of the principal or of its groups
	Boundary                   // permissions boundary of the principal
	Session                    // session policy
	numTypes
)

var typeNames = [numTypes]string{"rcp", "scp", "endpoint", "resource", "identity", "boundary", "session"}

// String returns the type's name in lower case: "identity", "scp".
func (t PolicyType) String() string {
	if t >= numTypes {
		return fmt.Sprintf("PolicyType(%d)", uint8(t))
	}
	return typeNames[t]
}

// A TypeSet is a set of policy types.
type TypeSet uint8

func bit(t PolicyType) TypeSet { return 1 << t }

// Has reports whether t is in the set.
func (s TypeSet) Has(t PolicyType) bool { return s>>t&1 == 1 }

// Types lists the set's members.
func (s TypeSet) Types() []PolicyType {
	list := []PolicyType{}
	for t := range numTypes {
		if s.Has(t) {
			list = append(list, t)
		}
	}
	return list
}

// String returns the names of the members: "identity, resource".
func (s TypeSet) String() string {
	var names []string
	for _, t := range s.Types() {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}

// Policies are the policies that bear on one request, by type. The zero Policies allow nothing. No list may hold nil.
type Policies struct {
	Identity []*Policy   // of the principal and its groups, managed and inline
	Resource *Policy     // of the resource; nil if it has none, or none is known
	Boundary *Policy     // nil if the principal has none
	Session  []*Policy   // empty if none were passed; what one of them allows, the session allows
	SCPs     [][]*Policy // one list a level, from the root down; empty without an organization
	RCPs     [][]*Policy // likewise; RCPFullAWSAccess is implied at every level
	Endpoint []*Policy   // empty without a VPC endpoint
}

// Outcome is what a decision comes to, in AWS's words.
type Outcome uint8

// The outcomes. Only Allowed lets the request pass.
const (
	ImplicitDeny Outcome = iota // nothing allows it, or something that must allow does not
	ExplicitDeny                // a Deny statement matches
	Allowed
)

// String returns the outcome as AWS's simulation API spells it.
func (o Outcome) String() string {
	switch o {
	case ExplicitDeny:
		return "explicitDeny"
	case Allowed:
		return "allowed"
	}
	return "implicitDeny"
}

// Outcome says what the policy says of a request by itself, as if it were the only one there is: ExplicitDeny if a Deny
// matches, Allowed if an Allow does. Nothing of what AWS adds counts, such as which types of policies apply to whom.
func (p *Policy) Outcome(req *Request) Outcome {
	var e evaluation
	e.set(req)
	switch {
	case p.scan(&p.deny, &e, false) != 0:
		return ExplicitDeny
	case p.scan(&p.allow, &e, false) != 0:
		return Allowed
	}
	return ImplicitDeny
}

// Names reports whether the Principal or NotPrincipal element of a statement, given by its place from 0, covers a
// principal that has no permissions boundary. A statement without such an element covers everybody.
func (p *Policy) Names(statement int, who Principal) bool {
	e := evaluation{who: who.known()}
	return p.statements[statement].names(&e) != 0
}

// A Decision says whether a request is allowed, and which types of policies settled it. The zero Decision is an
// implicit deny.
type Decision struct {
	Outcome Outcome
	// By holds the types that allowed, or that denied, or, for an implicit deny, those that had to allow and did
	// not. It is empty where no policy says anything.
	By TypeSet
	// Unlisted says that AWS itself settled it, whatever policies say: sts:GetCallerIdentity needs no permission,
	// what AWS owns cannot be changed, the root user cannot assume a role. The explanation has a note on it.
	Unlisted bool
}

// Allowed reports whether the request may pass.
func (d Decision) Allowed() bool { return d.Outcome == Allowed }
