package eval

import (
	"strings"

	"github.com/writ-iam/writ/condition"
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

// A Prepared is a request, taken apart once to be decided under many sets of policies. It is not for concurrent use.
type Prepared struct {
	e evaluation
}

// Prepare takes the request apart. What is changed in r later does not count.
func (r *Request) Prepare() *Prepared {
	q := new(Prepared)
	q.e.set(r)
	return q
}

// An evaluation is a request, taken apart for matching. It lives on the stack for one decision, and keeps no pointer to
// the request, so that a request on the caller's stack stays there, too.
type evaluation struct {
	who      *details
	action   actionName
	start    uint64 // the bit that stands for the action in index.starts
	resource string
	split    condition.ARN // resource, taken apart
	account  string        // that the resource is in; empty if not known
	scope    condition.Scope
	apart    bool   // AWS allows it without policies
	refusal  string // why AWS refuses it, whatever policies allow; see refuses
	foreign  bool   // the resource is in another account than the principal
	boundary bool   // the principal has a permissions boundary: of the policies, not of the request
}

func (e *evaluation) set(req *Request) {
	e.who, e.resource, e.account = req.Principal.known(), req.Resource, req.ResourceAccount
	e.action.set(req.Action)
	e.start = startBit(e.action.head)
	if e.resource == "" {
		e.resource = "*"
	}
	e.split.Set(e.resource)
	if e.account == "" {
		if e.account = e.split.Account(); e.account == "" {
			e.account = e.who.account
		}
	}
	e.scope.Context, e.scope.Caller = req.Context, &e.who.caller
	e.scope.ResourceAccount = e.account
	if e.action.isOf("sts:") || e.action.isOf("iam:") {
		e.apart, e.refusal = e.needsNoPolicy(), e.refuses()
	}
	if mine := e.principalAccount(); mine != "" && e.account != mine {
		e.foreign = e.account != "" && e.account != "aws" && e.who.hasOwnPolicies()
	}
}

// principalAccount returns the account of the principal; that of the resource for the zero Principal.
func (e *evaluation) principalAccount() string {
	if e.who.kind == user && e.who.account == "" {
		return e.account
	}
	return e.who.account
}

func (a *actions) match(name *actionName) bool {
	for i := range a.patterns {
		if a.patterns[i].Match(name.text()) {
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
		if !p.any {
			matches, known = p.pattern.Match(&e.split, &e.scope)
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
		if c.Evaluate(&e.scope) != condition.True {
			return false
		}
	}
	return true
}

// matches says as whom the statement names the principal of a request whose action it lists, and 0 if it does not match
// the request.
func (s *statement) matches(e *evaluation) grant {
	g := toAll
	if s.principal != nil { // to call what would say the same takes time, here and below
		g = s.names(e)
	}
	if g == 0 || !s.resource.any && !s.resource.match(e) || len(s.condition) > 0 && !s.holds(e) {
		return 0
	}
	return g
}

// scan looks for statements of an index that match. It stops at the first, unless it collects all grants.
func (p *Policy) scan(ix *index, e *evaluation, all bool) (grants grant) {
	if ix.starts&e.start == 0 {
		return 0
	}
	if len(ix.any.list) > 0 {
		if grants = p.try(&ix.any, e, true, all); grants != 0 && !all {
			return grants
		}
	}
	if listed := ix.actions.find(e.action.hash, e.action.raw); listed != nil {
		if grants |= p.try(listed, e, false, all); grants != 0 && !all {
			return grants
		}
	}
	if len(ix.wild.tags) > 0 {
		service, h := e.action.service()
		if w := ix.wild.find(h, service); w != nil {
			grants |= p.tryWildcards(w, e.action.text(), e, all)
		}
	}
	return grants
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
		if g := s.matches(e); g != 0 {
			if grants |= g; !all {
				return grants
			}
		}
	}
	return grants
}

// tryWildcards tries the statements that list a name with wildcards that matches the action.
func (p *Policy) tryWildcards(w *wildcards, name string, e *evaluation, all bool) (grants grant) {
	if w.tree == nil {
		for i := range w.list {
			if grants |= p.tryWildcard(&w.list[i], name, e); grants != 0 && !all {
				return grants
			}
		}
		return grants
	}
	for node, rest := w.tree, name; node != nil; node, rest = node.next(rest) {
		for _, i := range node.ids {
			if grants |= p.tryWildcard(&w.list[i], name, e); grants != 0 && !all {
				return grants
			}
		}
	}
	return grants
}

func (p *Policy) tryWildcard(w *wildcard, name string, e *evaluation) grant {
	if !w.pattern.Match(name) {
		return 0
	}
	return p.statements[w.statement].matches(e)
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
				switch d := named.known(); d.kind {
				case root:
					e.account = d.account
				case role:
					e.role, e.of = d.short, d.account
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
	p := e.who
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
func (n *principalEntry) namesRole(p *details) grant {
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
	switch e.who.kind {
	case user, federatedUser:
		return g&toSelf != 0 && g&toAccount != 0 || g&toAll != 0
	case role:
		return g&toRole != 0 && g&toAccount != 0 || g&toAll != 0
	case assumedRole:
		return g&toSelf != 0 && g&toRole != 0 && g&toAccount != 0 || g&toAll != 0
	}
	return g != 0
}
