package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/policy"
)

// An Explanation says why a decision came out as it did.
type Explanation struct {
	Decision Decision
	// Matched are the statements that match the request, of whatever effect and type, in the order of the policies.
	Matched []StatementRef
	// BlockedBy names, for an implicit deny, what had to allow and did not although it was there: "boundary", "scp[1]"
	// for the second level of SCPs, "resource" where the resource's side must allow, too.
	BlockedBy []string
	// MissingContext are the condition keys that the request does not have, of statements that otherwise concern it,
	// as the policies spell them.
	MissingContext []string
	// NearMisses are, for an implicit deny, the Allow statements that would have matched but for one element.
	NearMisses []NearMiss
	// Notes are facts that are not in any policy: what did not apply and why.
	Notes []string
}

// A StatementRef names a statement among the policies of a decision.
type StatementRef struct {
	Type      PolicyType
	Level     int // of SCPs and RCPs, from 0 at the root
	Index     int // in the list of its type and level, from 0
	Statement int // in the policy, from 0
	Source    *policy.Statement
}

// Policy names the statement's policy by its place among the policies: "identity[0]", "scp[1][0]", "resource".
func (r StatementRef) Policy() string {
	switch r.Type {
	case SCP, RCP:
		return fmt.Sprintf("%v[%d][%d]", r.Type, r.Level, r.Index)
	case Resource, Boundary:
		return r.Type.String()
	}
	return fmt.Sprintf("%v[%d]", r.Type, r.Index)
}

// A NearMiss is an Allow statement that would have matched but for one element.
type NearMiss struct {
	StatementRef
	Element string // "Principal", "Action", "Resource" or "Condition"
	Reason  string // what the element asks for, and what the request has
}

// Explain decides as [Policies.Decide] does, by trying each statement of each policy, and says why.
func (p *Policies) Explain(req *Request) *Explanation {
	var e evaluation
	e.set(req, p)
	var f facts
	f.apply(p, &e)
	x := new(Explanation)
	type level struct {
		t     PolicyType
		index int
	}
	var blockedLevels []level
	var misses []NearMiss
	for _, l := range p.levels() {
		if !f.applies.Has(l.t) {
			continue
		}
		allows := false
		for i, policy := range l.list {
			for j := range policy.statements {
				s := &policy.statements[j]
				ref := StatementRef{l.t, l.index, i, j, s.src}
				x.absent(s, &e)
				if !s.action.match(&e.action) || s.never {
					misses = append(misses, s.nearMiss(ref, &e, req)...)
					continue
				}
				g := s.matches(&e)
				switch {
				case g == 0:
					misses = append(misses, s.nearMiss(ref, &e, req)...)
					continue
				case s.deny:
					f.deny |= bit(l.t)
				default:
					allows = true
					if l.t == Resource {
						f.grant |= g
					}
				}
				x.Matched = append(x.Matched, ref)
			}
		}
		if allows {
			f.allow |= bit(l.t)
		} else {
			blockedLevels = append(blockedLevels, level{l.t, l.index})
		}
	}
	for _, b := range blockedLevels { // each level of SCPs must allow
		f.allow &^= bit(b.t)
	}
	x.Decision = f.decision()
	x.note(&f, &e, p, req)
	if x.Decision.Outcome != ImplicitDeny {
		return x
	}

	blocking := x.Decision.By
	for _, t := range blocking.Types() {
		if t != SCP {
			x.BlockedBy = append(x.BlockedBy, t.String())
			continue
		}
		for _, b := range blockedLevels {
			if b.t == SCP {
				x.BlockedBy = append(x.BlockedBy, fmt.Sprintf("scp[%d]", b.index))
			}
		}
	}
	if blocking == 0 {
		blocking = (bit(Identity) | bit(Resource))
	}
	for _, m := range misses {
		if blocking.Has(m.Type) && slices.Contains(blockedLevels, level{m.Type, m.Level}) {
			x.NearMisses = append(x.NearMisses, m)
		}
	}
	return x
}

// A policyLevel is a list of policies of which one must allow.
type policyLevel struct {
	t     PolicyType
	index int
	list  []*Policy
}

// levels lists the policies in the order of AWS's flow chart. Types without policies have a level without policies.
func (p *Policies) levels() (levels []policyLevel) {
	one := func(p *Policy) []*Policy {
		if p == nil {
			return nil
		}
		return []*Policy{p}
	}
	for i, list := range p.RCPs {
		levels = append(levels, policyLevel{RCP, i, list})
	}
	for i, list := range p.SCPs {
		levels = append(levels, policyLevel{SCP, i, list})
	}
	return append(levels,
		policyLevel{Endpoint, 0, p.Endpoint},
		policyLevel{Resource, 0, one(p.Resource)},
		policyLevel{Identity, 0, p.Identity},
		policyLevel{Boundary, 0, one(p.Boundary)},
		policyLevel{Session, 0, p.Session},
	)
}

// absent collects the condition keys that a statement refers to and the request does not have, if the statement is
// about the request's principal, action and resource.
func (x *Explanation) absent(s *statement, e *evaluation) {
	if s.never || s.names(e) == 0 || !s.action.match(&e.action) {
		return
	}
	add := func(key string) {
		if !slices.ContainsFunc(x.MissingContext, func(k string) bool { return strings.EqualFold(k, key) }) {
			x.MissingContext = append(x.MissingContext, key)
		}
	}
	for i := range s.resource.patterns {
		s.resource.patterns[i].template.AbsentKeys(&e.scope, add)
	}
	if s.resource.match(e) {
		for _, c := range s.condition {
			c.AbsentKeys(&e.scope, add)
		}
	}
}

// nearMiss returns the statement if it is an Allow that fails to match by one element only.
func (s *statement) nearMiss(ref StatementRef, e *evaluation, req *Request) []NearMiss {
	if s.deny || s.never {
		return nil
	}
	miss := NearMiss{StatementRef: ref}
	fails := func(element, reason string) {
		if miss.Element != "" {
			element = "several"
		}
		miss.Element, miss.Reason = element, reason
	}
	if s.names(e) == 0 {
		fails("Principal", "it does not name "+orSomebody(e.who.name))
	}
	if !s.action.match(&e.action) {
		similar := s.similarAction(e.action.text())
		if similar == "" {
			return nil // any other statement is that far off
		}
		fails("Action", fmt.Sprintf("it has %s, not %s", similar, req.Action))
	}
	if !s.resource.match(e) {
		name := "Resource"
		if s.resource.not {
			name = "NotResource"
		}
		fails("Resource", fmt.Sprintf("%s is %s", name, some(s.src.Resource.Strings())))
	}
	if !s.holds(e) {
		fails("Condition", s.failing(e))
	}
	if miss.Element == "several" {
		return nil
	}
	return []NearMiss{miss}
}

func orSomebody(name string) string {
	if name == "" {
		return "the principal"
	}
	return name
}

// failing says which conditions do not hold, and what the request has.
func (s *statement) failing(e *evaluation) string {
	var reasons []string
	scope := &e.scope
	for i, c := range s.condition {
		result := c.Evaluate(scope)
		if result == condition.True {
			continue
		}
		src := &s.src.Condition[i]
		values := scope.Values(c.Key())
		has := "the request does not have it"
		if len(values) > 0 {
			has = "the request has " + some(values)
			if len(values) > 1 && !strings.Contains(src.Operator.Text, ":") {
				has += ", a list, which needs ForAnyValue or ForAllValues"
			}
		}
		reasons = append(reasons, fmt.Sprintf("%s %s %s: %s", src.Operator.Text, src.Key.Text, some(src.Strings()), has))
	}
	return strings.Join(reasons, "; ")
}

// some prints a list, shortened.
func some(list []string) string {
	const shown = 3
	var quoted []string
	for _, s := range list[:min(len(list), shown)] {
		quoted = append(quoted, fmt.Sprintf("%q", s))
	}
	switch {
	case len(list) == 0:
		return "an empty list"
	case len(list) > shown:
		return fmt.Sprintf("%s and %d more", strings.Join(quoted, ", "), len(list)-shown)
	}
	return strings.Join(quoted, ", ")
}

// similarAction returns an action that the statement lists and that may be meant by name, or "".
func (s *statement) similarAction(name string) string {
	if s.action.not {
		return ""
	}
	service, _, _ := strings.Cut(name, ":")
	for i := range s.action.patterns {
		text := s.action.patterns[i].Pattern().String()
		if strings.HasPrefix(text, service+":") && within(text, name, 2) {
			return s.src.Action.Values[i].Text
		}
	}
	return ""
}

// within reports whether a becomes b by at most n insertions, deletions and replacements of a byte.
func within(a, b string, n int) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	if a == "" || b == "" {
		return len(a)+len(b) <= n
	}
	return n > 0 && (within(a[1:], b, n-1) || within(a, b[1:], n-1) || within(a[1:], b[1:], n-1))
}

// note adds what a reader could not know from the policies.
func (x *Explanation) note(f *facts, e *evaluation, p *Policies, req *Request) {
	who := e.who
	add := func(format string, args ...any) { x.Notes = append(x.Notes, fmt.Sprintf(format, args...)) }
	switch {
	case f.apart:
		add("sts:GetCallerIdentity needs no permission, and no policy can deny it")
		return
	case x.Decision.Unlisted:
		add("AWS owns %s; nobody can change it", e.resource)
	}
	if who.serviceLinked && (len(p.SCPs) > 0 || len(p.RCPs) > 0) {
		add("SCPs and RCPs do not apply to service-linked roles")
	} else {
		if len(p.SCPs) > 0 && !f.applies.Has(SCP) {
			add("SCPs apply to users and roles of the organization's accounts, not to %s", who.name)
		}
		if len(p.RCPs) > 0 && !f.applies.Has(RCP) {
			add("RCPs do not apply to %s", req.Action)
		}
	}
	if p.Boundary != nil && !f.applies.Has(Boundary) {
		add("%s has no permissions boundary; the one given does not count", orSomebody(who.name))
	}
	if len(p.Session) > 0 && !f.applies.Has(Session) {
		add("%s has no session policies; those given do not count", orSomebody(who.name))
	}
	if len(p.Identity) > 0 && !f.ownPolicies {
		add("%s has no identity-based policies; those given do not count", who.name)
	}
	if f.root && !f.crossAccount && x.Decision.Allowed() && x.Decision.By == 0 {
		add("the root user has all permissions in its own account")
	}
	if x.Decision.Outcome == ImplicitDeny && f.grant == toAccount && !f.crossAccount && !f.allow.Has(Identity) {
		add("the resource-based policy names the account, which leaves it to the identity-based policies to allow")
	}
	if who.kind == federatedUser && len(p.Session) == 0 {
		add("a federated user has only what session policies allow, and none were given")
	}
	if p.Resource == nil && !f.crossAccount && x.Decision.Allowed() && needsOwnPolicy(e) {
		add("AWS asks %s to allow this, too; none was given, so it was left out", ownPolicyOf(e))
	}
	if f.crossAccount && p.Resource == nil {
		add("the principal is in account %s, the resource in %s: a resource-based policy must allow, too, and none was given", e.principalAccount(), e.account)
	}
}

func ownPolicyOf(e *evaluation) string {
	if strings.HasPrefix(e.action.text(), "kms:") {
		return "the key policy"
	}
	return "the role's trust policy"
}
