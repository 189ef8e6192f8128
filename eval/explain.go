package eval

import (
	"fmt"
	"strings"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/internal/spelling"
	"github.com/writ-iam/writ/policy"
)

// An Explanation says why a decision came out as it did.
type Explanation struct {
	Decision Decision
	// Matched are the statements that match the request, of whatever effect and type, in the order of the policies.
	Matched []StatementRef
	// BlockedBy lists, for an implicit deny, what had to allow and did not although it was there: "boundary", "scp[1]"
	// for the second level of SCPs, "resource" where the resource's side must allow, too.
	BlockedBy []Blocker
	// MissingContext are the condition keys that the request does not have, of statements that otherwise concern it,
	// as the policies spell them.
	MissingContext []string
	// NearMisses are, for an implicit deny, the Allow statements that would have matched but for one element.
	NearMisses []NearMiss
	// Notes are facts that are not in any policy: what did not apply and why.
	Notes []string
}

// A Blocker is a type of policies, or a level of SCPs, that had to allow and did not.
type Blocker struct {
	Type  PolicyType
	Level int // of SCPs, from 0 at the root
}

// String returns "boundary", or "scp[1]" for the second level of SCPs.
func (b Blocker) String() string {
	if b.Type == SCP {
		return fmt.Sprintf("%v[%d]", b.Type, b.Level)
	}
	return b.Type.String()
}

// A StatementRef names a statement among the policies of a decision.
type StatementRef struct {
	Type      PolicyType
	Level     int               // of SCPs and RCPs, from 0 at the root
	Index     int               // in the list of its type and level, from 0
	Statement int               // in the policy, from 0
	Source    *policy.Statement // a copy that the compiled policy keeps: not to be changed
}

// Policy names the statement's policy by its place among the policies: "identity[0]", "boundary[0]", "scp[1][0]", and
// "resource", of which there is never a list.
func (r StatementRef) Policy() string {
	switch r.Type {
	case SCP, RCP:
		return fmt.Sprintf("%v[%d][%d]", r.Type, r.Level, r.Index)
	case Resource:
		return r.Type.String()
	}
	return fmt.Sprintf("%v[%d]", r.Type, r.Index)
}

// Name names the statement for a reader: "CLISDKCalls of identity[0]", or "Statement[2] of boundary[0]" if it has no Sid.
func (r StatementRef) Name() string {
	if sid := r.Source.Sid.Text; sid != "" {
		return sid + " of " + r.Policy()
	}
	return fmt.Sprintf("Statement[%d] of %s", r.Statement, r.Policy())
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
	e.set(req)
	var f facts
	f.apply(p, &e)
	x := new(Explanation)
	missing := make(map[string]bool) // the keys of x.MissingContext, in lower case
	var silent []policyLevel         // of those that take part, the ones without an Allow that matches
	for _, l := range p.levels() {
		if !f.applies.Has(l.t) {
			continue
		}
		allows := false
		for ref, s := range l.statements {
			if s.never || !s.action.match(&e.action) {
				continue
			}
			s.absentKeys(&e, func(key string) {
				if lower := strings.ToLower(key); !missing[lower] {
					missing[lower] = true
					x.MissingContext = append(x.MissingContext, key)
				}
			})
			g := s.matches(&e)
			if g == 0 {
				continue
			}
			x.Matched = append(x.Matched, ref)
			switch {
			case s.deny:
				f.deny |= bit(l.t)
			case l.t == Resource:
				f.grant |= g
				allows = true
			default:
				allows = true
			}
		}
		if allows {
			f.allow |= bit(l.t)
		} else {
			silent = append(silent, l)
		}
	}
	for _, l := range silent { // of SCPs, each level must allow
		f.allow &^= bit(l.t)
	}
	x.Decision = f.decision()
	x.addNotes(&f, &e, p, req)
	if x.Decision.Outcome == ImplicitDeny {
		x.addBlocked(silent, &e, req)
	}
	return x
}

// addBlocked says what had to allow and did not, and which statements nearly did.
func (x *Explanation) addBlocked(silent []policyLevel, e *evaluation, req *Request) {
	blocking := x.Decision.By
	if blocking == 0 {
		blocking = bit(Identity) | bit(Resource)
	}
	for _, t := range x.Decision.By.Types() {
		if t != SCP {
			x.BlockedBy = append(x.BlockedBy, Blocker{Type: t})
		}
		for _, l := range silent {
			if t == SCP && l.t == SCP {
				x.BlockedBy = append(x.BlockedBy, Blocker{SCP, l.index})
			}
		}
	}
	for _, l := range silent {
		if !blocking.Has(l.t) {
			continue
		}
		for ref, s := range l.statements {
			if miss, ok := s.nearMiss(ref, e, req); ok {
				x.NearMisses = append(x.NearMisses, miss)
			}
		}
	}
}

// A policyLevel is a list of policies of which one must allow.
type policyLevel struct {
	t     PolicyType
	index int
	list  []*Policy
}

// statements ranges over the statements of the level's policies.
func (l policyLevel) statements(yield func(StatementRef, *statement) bool) {
	for i, policy := range l.list {
		for j := range policy.statements {
			s := &policy.statements[j]
			if !yield(StatementRef{l.t, l.index, i, j, s.src}, s) {
				return
			}
		}
	}
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

// absentKeys calls yield for the condition keys that a statement about the request's action refers to and the request does
// not have: if the statement is about its principal, too, and those of conditions if it is about its resource.
func (s *statement) absentKeys(e *evaluation, yield func(key string)) {
	if s.names(e) == 0 {
		return
	}
	for i := range s.resource.patterns {
		s.resource.patterns[i].pattern.AbsentKeys(&e.scope, yield)
	}
	if len(s.condition) > 0 && s.resource.match(e) {
		for _, c := range s.condition {
			c.AbsentKeys(&e.scope, yield)
		}
	}
}

// nearMiss returns the statement if it is an Allow that fails to match by one element only.
func (s *statement) nearMiss(ref StatementRef, e *evaluation, req *Request) (miss NearMiss, ok bool) {
	if s.deny || s.never {
		return miss, false
	}
	failing := 0
	fails := func(element, reason string) {
		failing++
		miss = NearMiss{ref, element, reason}
	}
	if !s.action.match(&e.action) {
		similar := s.similarAction(e.action.text())
		if similar == "" {
			return miss, false // any other statement is that far off
		}
		fails("Action", fmt.Sprintf("it has %s, not %s", similar, req.Action))
	}
	if s.names(e) == 0 {
		fails("Principal", "it does not name "+orSomebody(e.who.name))
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
	return miss, failing == 1
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
	service := name[:strings.IndexByte(name, ':')+1]
	for i := range s.action.patterns {
		p := s.action.patterns[i].Pattern()
		if strings.HasPrefix(string(p), service) && p.IsLiteral() && spelling.Near(string(p), name, 2) {
			return s.src.Action.Values[i].Text
		}
	}
	return ""
}

// addNotes adds what a reader could not know from the policies.
func (x *Explanation) addNotes(f *facts, e *evaluation, p *Policies, req *Request) {
	who := e.who
	add := func(format string, args ...any) { x.Notes = append(x.Notes, fmt.Sprintf(format, args...)) }
	switch {
	case f.apart:
		add("%s needs no permission, and no policy can deny it", req.Action)
		return
	case x.Decision.Unlisted:
		add("%s", e.refusal)
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
	if p.Resource != nil && !f.applies.Has(Resource) {
		add("the bucket's policy does not bind the root user of its account in %s", req.Action)
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
