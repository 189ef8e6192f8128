package eval

import (
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// A Request is one to decide.
type Request struct {
	Principal Principal
	Action    string // "s3:GetObject"; case does not matter
	// Resource is an ARN, or "*" for an action that acts on no particular resource; empty is "*".
	Resource string
	// ResourceAccount is the account that the resource is in. Empty: the account in the ARN, or the principal's where
	// the ARN has none.
	ResourceAccount string
	Context         condition.Context
}

// An evaluation is a request, taken apart for matching. It lives on the stack for one decision.
type evaluation struct {
	req      *Request
	action   actionName
	resource string
	split    glob.SplitText // of resource, once isSplit
	isSplit  bool
	scope    condition.Scope // once hasScope
	hasScope bool
	account  string // that the resource is in; empty if not known
	boundary bool   // the principal has a permissions boundary
}

func (e *evaluation) set(req *Request, p *Policies) {
	e.req, e.resource, e.account = req, req.Resource, req.ResourceAccount
	e.action.set(req.Action)
	if e.resource == "" {
		e.resource = "*"
	}
	if e.account == "" {
		if e.account = arn.AccountOf(e.resource); e.account == "" {
			e.account = req.Principal.account
		}
	}
	e.boundary = p.Boundary != nil && req.Principal.canHaveBoundary()
}

// arn returns the resource, split.
func (e *evaluation) arn() *glob.SplitText {
	if !e.isSplit {
		e.split, e.isSplit = glob.Split(e.resource), true
	}
	return &e.split
}

// conditions returns the scope that conditions are evaluated in.
func (e *evaluation) conditions() *condition.Scope {
	if !e.hasScope {
		e.hasScope = true
		e.scope.Context = e.req.Context
		e.req.Principal.derive(&e.scope.Derived)
		if arn.IsAccountID(e.account) {
			e.scope.Derived[condition.ResourceAccount] = e.account
		}
		if p := &e.req.Principal; p.kind == user && p.account == "" {
			e.scope.Derived[condition.PrincipalAccount] = e.scope.Derived[condition.ResourceAccount]
		}
	}
	return &e.scope
}

// principalAccount returns the account of the principal; that of the resource for the zero Principal.
func (e *evaluation) principalAccount() string {
	if p := &e.req.Principal; p.kind != user || p.account != "" {
		return p.account
	}
	return e.account
}

func (a *actions) match(name *actionName) bool {
	for _, p := range a.patterns {
		if p.Match(name.text()) {
			return !a.not
		}
	}
	return a.not
}

func (r *resources) match(e *evaluation) bool {
	if r.any {
		return true
	}
	for i := range r.patterns {
		p := &r.patterns[i]
		matches, known := p.any, true
		switch {
		case p.any:
		case p.template != nil:
			matches, known = p.template.MatchARN(e.arn(), e.conditions())
		default:
			matches = p.arn.Match(e.arn())
		}
		switch {
		case !known && r.not:
			return false // a variable without a value: the statement matches no resource
		case matches:
			return !r.not
		}
	}
	return r.not
}

// holds reports whether all conditions do.
func (s *statement) holds(e *evaluation) bool {
	for _, c := range s.condition {
		if c.Evaluate(e.conditions()) != condition.True {
			return false
		}
	}
	return true
}

// matches reports whether the statement matches a request whose action does, and as whom it names the principal.
func (s *statement) matches(e *evaluation) (grant, bool) {
	g := s.names(e)
	return g, g != 0 && !s.never && s.resource.match(e) && s.holds(e)
}

// scan looks for statements of an index that match. It stops at the first, unless it collects all grants.
func (p *Policy) scan(ix *index, e *evaluation, all bool) (grants grant) {
	if ix.size == 0 {
		return 0
	}
	if grants = p.try(&ix.any, e, true, all); grants != 0 && !all {
		return grants
	}
	name := e.action.text()
	if i := ix.actions.find(e.action.hash, name); i >= 0 {
		if grants |= p.try(&ix.statements[i], e, false, all); grants != 0 && !all {
			return grants
		}
	}
	if e.action.colon < 0 {
		return grants
	}
	i := ix.services.find(e.action.service, name[:e.action.colon])
	if i < 0 {
		return grants
	}
	w := &ix.wild[i]
	if w.tree == nil {
		for _, c := range w.list {
			if grants |= p.tryWildcard(c, name, e); grants != 0 && !all {
				return grants
			}
		}
		return grants
	}
	for node, rest := w.tree, name; node != nil; node, rest = node.next(rest) {
		for _, j := range node.ids {
			if grants |= p.tryWildcard(w.list[j], name, e); grants != 0 && !all {
				return grants
			}
		}
	}
	return grants
}

func (p *Policy) tryWildcard(c wildcard, name string, e *evaluation) grant {
	if c.pattern.Match(name) {
		if g, ok := p.statements[c.statement].matches(e); ok {
			return g
		}
	}
	return 0
}

// try tries candidates. checkAction says that they are such as may not match the action.
func (p *Policy) try(c *candidates, e *evaluation, checkAction, all bool) (grants grant) {
	if c.tree == nil {
		return p.tryEach(c.list, e, checkAction, all)
	}
	for node, rest := c.tree, e.resource; node != nil; node, rest = node.next(rest) {
		if grants |= p.tryEach(node.ids, e, checkAction, all); grants != 0 && !all {
			return grants
		}
	}
	return grants
}

func (p *Policy) tryEach(list []int32, e *evaluation, checkAction, all bool) (grants grant) {
	for _, id := range list {
		s := &p.statements[id]
		if checkAction && !s.action.match(&e.action) {
			continue
		}
		if g, ok := s.matches(e); ok {
			if grants |= g; !all {
				return grants
			}
		}
	}
	return grants
}

// A grant is a set of the ways in which a statement names the principal.
type grant uint8

const (
	toSelf    grant = 1 << iota // the user, the session, the federated user, the service, the provider
	toRole                      // the role of a session, the user of a federated session
	toAccount                   // the account
	toAll                       // everybody
)

// names says as whom the statement names the principal, if at all.
func (s *statement) names(e *evaluation) grant {
	p := s.principal
	if p == nil {
		return toAll
	}
	if p.not {
		if p.excepts(e) {
			return 0
		}
		return toAll
	}
	var g grant
	for i := range p.entries {
		g |= p.entries[i].names(e)
	}
	if g&toAll != 0 && s.forPrincipalARN {
		g |= toSelf // a grant to everybody whose ARN is such counts as one to the session itself
	}
	return g
}

// principals is a Principal or NotPrincipal element.
type principals struct {
	not     bool
	entries []principalEntry
}

// A principalEntry is one entry of a Principal element.
type principalEntry struct {
	typ     policy.PrincipalType
	name    string // as written
	account string // set if it names an account: by its id or its root
	role    string // name without path, if it is the ARN of a role
	of      string // the role's account
}

func compilePrincipals(src *policy.Principals) *principals {
	p := &principals{not: src.Not}
	for _, s := range src.Entries {
		e := principalEntry{typ: s.Type, name: s.Name.Text}
		if s.Type == policy.AWS {
			if named, err := ParsePrincipal(e.name); err == nil {
				switch named.kind {
				case root:
					e.account = named.account
				case role:
					e.role, e.of = named.short, named.account
				}
			}
		}
		p.entries = append(p.entries, e)
	}
	return p
}

// names says as whom the entry names the principal. There are no wildcards but "*": user/* is nobody.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (n *principalEntry) names(e *evaluation) grant {
	p := &e.req.Principal
	switch n.typ {
	case policy.AWS:
		switch {
		case n.name == "*":
			return toAll
		case !p.hasOwnPolicies():
			return 0
		case n.account != "":
			if n.account == e.principalAccount() {
				return toAccount
			}
			return 0
		case n.role != "":
			return n.namesRole(p)
		case n.name == p.name, p.kind == user && p.id != "" && n.name == p.id:
			return toSelf
		case p.kind == federatedUser && p.issuer != "" && n.name == p.issuer:
			return toRole
		case p.id != "" && (p.kind == assumedRole || p.kind == role):
			if id, _, _ := strings.Cut(p.id, ":"); n.name == id {
				return toRole
			}
		}
	case policy.Service:
		if p.kind == service && (n.name == p.name || n.name == "*") {
			return toSelf
		}
	case policy.Federated:
		if p.kind == provider && (n.name == p.name || n.name == "*") {
			return toSelf
		}
	}
	return 0
}

// namesRole is names for the ARN of a role. A session does not say the path of its role: unless its issuer is known,
// the name decides.
func (n *principalEntry) namesRole(p *Principal) grant {
	switch p.kind {
	case role:
		if n.name == p.name {
			return toRole
		}
	case assumedRole:
		if n.name == p.issuer || p.issuer == "" && n.role == p.short && n.of == p.account {
			return toRole
		}
	}
	return 0
}

// excepts reports whether a NotPrincipal element lists the principal, so that its Deny does not apply: the account must
// be listed besides the user, and for a session the role, too. A principal with a permissions boundary is never
// excepted.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (p *principals) excepts(e *evaluation) bool {
	var g grant
	for i := range p.entries {
		g |= p.entries[i].names(e)
	}
	if e.boundary {
		return false
	}
	switch e.req.Principal.kind {
	case user, federatedUser:
		return g&toSelf != 0 && g&toAccount != 0 || g&toAll != 0
	case role:
		return g&toRole != 0 && g&toAccount != 0 || g&toAll != 0
	case assumedRole:
		return g&toSelf != 0 && g&toRole != 0 && g&toAccount != 0 || g&toAll != 0
	}
	return g != 0
}
