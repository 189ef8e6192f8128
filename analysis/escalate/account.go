package escalate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// This file is what package graph asks, which knows an account: about resources that are there.

// Kind returns the kind of principal that a method is for, "user" or "role"; empty: both.
func (m *Method) Kind() string { return m.kind() }

// Actions returns the actions that an analysis asks about: those of some methods, and those that bring a service to make calls.
func Actions(methods []*Method) []string {
	var list []string
	add := func(steps []Step) {
		for _, step := range steps {
			list = append(list, actionsOf(step)...)
		}
	}
	for _, m := range methods {
		add(m.Steps)
	}
	for _, w := range slices.Concat(newStack, stackThatHas) {
		add(w.Steps)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Forwarding returns the actions by which the holder brings a service to make calls for it.
func Forwarding() []string { return Actions(nil) }

// Facts are values of condition keys that follow from a resource: its tags ("aws:ResourceTag/team", and the like of "iam:") and
// its permissions boundary ("iam:PermissionsBoundary"). A request for the resource has no others of these keys.
type Facts map[string]string

// Know tells the asker of a user or role that there is.
func (s *Asker) Know(arn string, facts Facts) {
	if s.facts == nil {
		s.facts = map[string]Facts{}
	}
	if facts == nil {
		facts = Facts{}
	}
	s.facts[arn] = facts
}

// FactKey reports whether a condition key, in any case, is one that [Facts] settle.
func FactKey(key string) bool {
	key = strings.ToLower(key)
	return key == strings.ToLower(boundaryKey) || strings.HasPrefix(key, "aws:resourcetag/") || strings.HasPrefix(key, "iam:resourcetag/")
}

// settles reports whether what is known of a resource settles a key, and the value, if there is one. What a call says itself goes
// before: the permissions boundary that is put is not the one that is there.
func (s *Asker) settles(c *Call, resource, lower string) (value string, has, settled bool) {
	facts, ok := s.facts[resource]
	if !ok || !FactKey(lower) || lower == strings.ToLower(boundaryKey) && strings.HasSuffix(c.Action, "PermissionsBoundary") {
		return "", false, false
	}
	for k, v := range facts {
		if strings.ToLower(k) == lower {
			return v, true, true
		}
	}
	return "", false, true
}

// As returns an asker with the same policies for another principal, of the same kind.
func (s *Asker) As(principal string, tags map[string]string) (*Asker, error) {
	kind, err := kindOf(principal)
	if err != nil {
		return nil, err
	}
	other, err := newAsker(s.ctx, &Holder{Policies: s.documents, Principal: principal, Tags: tags}, kind, s.subject, s.options)
	if err == nil {
		other.facts, other.trusts = s.facts, s.trusts
	}
	return other, err
}

// JudgeOn is [Asker.Judge] for resources that are there: each named one is the one of the ARN. It does not say why something is
// not allowed.
func (s *Asker) JudgeOn(m *Method, on map[Resource]string) *Finding {
	s.fixed, s.terse = on, true
	defer func() { s.fixed, s.terse = nil, false }()
	return s.Judge(m, "")
}

// May says whether the holder may do something to a resource, as the finding about a method of one call. Its status is [Open],
// [Closed] or [Unknown].
func (s *Asker) May(action, resource string) *Finding {
	c := &Call{Action: action}
	f := &Finding{Method: &Method{Steps: []Step{{*c}}}}
	s.terse = true
	defer func() { s.terse = false }()
	s.note(f, s.ask(c, resource, ""))
	return f
}

func (s *Asker) note(f *Finding, a answer) {
	switch {
	case a.request != nil:
		f.Status, f.Requests = Open, []Request{*a.request}
		f.Assumes = s.assumed(f.Method, f.Requests)
	case a.doubt != "":
		f.Status, f.Missing = Unknown, []Missing{{Reason: a.doubt}}
	}
}

const assumeRole = "sts:AssumeRole"

// AssumeCall is the call by which the holder becomes a role that trusts it.
var AssumeCall = Call{Action: assumeRole, On: Resource{Type: "role", Name: Other}}

// Assume says whether the holder may assume a role that has a trust policy, of its account or another one. As in
// package eval, a trust policy that names the holder is enough in one account, one that names the account hands the decision to
// the holder's policies, and across accounts both must allow. The RCPs are those above the role's account, a list a level.
func (s *Asker) Assume(role string, trust *policy.Document, rcps [][]*policy.Document) (*Finding, error) {
	f := &Finding{Method: &Method{Steps: []Step{{AssumeCall}}}}
	compiled, err := s.compiledTrust(trust)
	if err != nil {
		return nil, err
	}
	limits := make([][]*eval.Policy, len(rcps))
	for i, level := range rcps {
		for _, doc := range level {
			p, err := s.compiledRCP(doc)
			if err != nil {
				return nil, err
			}
			limits[i] = append(limits[i], p)
		}
	}
	key := "assume " + role
	a, ok := s.known[key]
	if !ok {
		a = s.findAssume(role, trust, rcps, compiled, limits)
		s.known[key] = a
	}
	s.note(f, a)
	return f, nil
}

func (s *Asker) compiledTrust(trust *policy.Document) (*eval.Policy, error) {
	return s.compiled(trust, eval.Resource)
}

func (s *Asker) compiledRCP(doc *policy.Document) (*eval.Policy, error) {
	return s.compiled(doc, eval.RCP)
}

// compiled compiles a document of others, once.
func (s *Asker) compiled(doc *policy.Document, t eval.PolicyType) (*eval.Policy, error) {
	if p, ok := s.trusts[doc]; ok {
		return p, nil
	}
	p, err := eval.Compile(doc, t)
	if err != nil {
		return nil, err
	}
	if s.trusts == nil {
		s.trusts = map[*policy.Document]*eval.Policy{}
	}
	s.trusts[doc] = p
	return p, nil
}

func (s *Asker) findAssume(role string, trust *policy.Document, rcps [][]*policy.Document, compiled *eval.Policy, limits [][]*eval.Policy) answer {
	c := &AssumeCall
	try := func(values map[string][]string) bool {
		context, err := condition.NewContext(values)
		if err != nil {
			return false
		}
		p := *s.subject.Policies()
		p.Resource, p.RCPs = compiled, limits
		return p.Decide(&eval.Request{Principal: s.who, Action: c.Action, Resource: role, Context: context}).Allowed()
	}
	confirm := func(context, shown map[string][]string) answer {
		r := &Request{Witness: prove.Witness{Principal: s.who.String(), Action: c.Action, Resource: role, Context: context}, Trust: trust}
		if s.kind == "role" && strings.Count(s.arn, "/") > 1 {
			r.SessionIssuer = s.arn
		}
		if try(shown) {
			r.Context = shown
		} else {
			r.Context = least(context, shown, try)
		}
		return answer{request: r}
	}
	plain := s.contextOf(c, role, nil, "")
	if try(plain) {
		return confirm(plain, nil)
	}
	var allows []policy.Statement // of the trust policy, that name the holder
	var denies []policy.Statement
	var keys []string // that its conditions name
	named, conditions := false, slices.ContainsFunc(s.about(assumeRole), func(st *statement) bool { return s.doubtful(st, c, role) })
	anybody := anybodyOf(s.account, s.kind)
	for i := range trust.Statements {
		st := &trust.Statements[i]
		if !compiled.Names(i, s.who) || !newStatement(st, trust.Version, eval.Resource).isAbout(strings.ToLower(assumeRole)) {
			continue
		}
		bare := *st
		bare.Principal, bare.Resource = nil, values("*")
		conditions = conditions || len(st.Condition) > 0
		about := newStatement(st, trust.Version, eval.Resource)
		keys = slices.Concat(keys, about.keys, about.variables)
		if st.Effect == policy.Deny {
			denies = append(denies, bare)
			continue
		}
		allows = append(allows, bare)
		named = named || !compiled.Names(i, anybody)
	}
	limiting := slices.Clone(denies)
	for _, level := range rcps {
		for _, doc := range level {
			for i := range doc.Statements {
				about := newStatement(&doc.Statements[i], doc.Version, eval.RCP)
				if about.isAbout(strings.ToLower(assumeRole)) && s.hasConditions(about) {
					conditions = true
					limiting = append(limiting, doc.Statements[i])
					keys = slices.Concat(keys, about.keys, about.variables)
				}
			}
		}
	}
	if len(allows) == 0 || !conditions {
		return answer{}
	}
	if shown := s.guessAssume(role, allows, limiting, try); shown != nil {
		return confirm(s.contextOf(c, role, shown, ""), shown)
	}
	documents := s.documents
	documents.RCPs = rcps
	documents.Identity = slices.Clone(documents.Identity)
	if len(denies) > 0 {
		documents.Identity = append(documents.Identity, &policy.Document{Version: trust.Version, Statements: denies})
	}
	if parts := strings.SplitN(role, ":", 6); named && len(parts) == 6 && parts[4] == s.account {
		documents.Identity = append(documents.Identity, everything)
		if s.kind == "user" {
			documents.Boundary, documents.Session = nil, nil
		}
	}
	subject, err := prove.NewSubject(documents)
	if err != nil {
		return answer{doubt: err.Error()}
	}
	among := &policy.Document{Version: trust.Version}
	for _, st := range allows {
		d := s.described(c, role, "", keys...).Statements[0]
		d.Condition = append(d.Condition, st.Condition...)
		among.Statements = append(among.Statements, d)
	}
	o := s.options
	o.Universe, o.First = prove.Reference, true
	shown, none := s.contextWith(subject, among, o)
	if none != nil {
		return *none
	}
	context := s.contextOf(c, role, shown, "")
	if !try(context) {
		return answer{doubt: "a request was found that the engine does not confirm"}
	}
	return confirm(context, shown)
}

// guessAssume is guess for a role with statements of its trust policy.
func (s *Asker) guessAssume(role string, allows, denies []policy.Statement, try func(map[string][]string) bool) map[string][]string {
	c := &AssumeCall
	dodged := s.dodged(c, role)
	for i := range denies {
		s.fit(dodged, denies[i].Condition, c, role, true)
	}
	for i := range allows {
		base := maps.Clone(dodged)
		if !s.fit(base, allows[i].Condition, c, role, false) {
			continue
		}
		if try(s.contextOf(c, role, base, "")) {
			return base
		}
		for _, st := range s.about(assumeRole) {
			shown := maps.Clone(base)
			if st.src.Effect == policy.Allow && len(st.keys) > 0 && s.fit(shown, st.src.Condition, c, role, false) && try(s.contextOf(c, role, shown, "")) {
				return shown
			}
		}
	}
	return nil
}

// anybodyOf returns a principal of an account whom nobody names.
func anybodyOf(account, kind string) eval.Principal {
	text := fmt.Sprintf("arn:aws:iam::%s:user/writ-nobody-of-this-name", account)
	if kind == "role" {
		text = fmt.Sprintf("arn:aws:sts::%s:assumed-role/writ-nobody-of-this-name/session", account)
	}
	who, err := eval.ParsePrincipal(text)
	if err != nil {
		return eval.Principal{}
	}
	return who
}

func (s *Asker) hasConditions(st *statement) bool { return len(st.keys) > 0 || st.variable }

// doubtful reports whether the conditions of a statement have to do with keys whose values are not settled when a call is made.
func (s *Asker) doubtful(st *statement, c *Call, resource string) bool {
	doubt := func(key string) bool { return !s.isSettled(c, resource, key) }
	return slices.ContainsFunc(st.keys, doubt) || slices.ContainsFunc(st.variables, doubt)
}

// isSettled reports whether the value of a key, in lower case, is known when a call is made.
func (s *Asker) isSettled(c *Call, resource, key string) bool {
	switch key {
	case "aws:principalarn", "aws:username", "aws:principalaccount", "aws:principaltype", "aws:resourceaccount":
		return true
	}
	if _, _, ok := s.settles(c, resource, key); ok {
		return true
	}
	if key == strings.ToLower(requestedRegion) && oneRegion(c.Action) {
		return true
	}
	for k := range c.With {
		if strings.ToLower(k) == key {
			return true
		}
	}
	is := func(k string) bool { return strings.ToLower(k) == key }
	return slices.ContainsFunc(c.Without, is) || slices.ContainsFunc(absent, is) || slices.ContainsFunc(made, is) ||
		s.tags != nil && strings.HasPrefix(key, principalTagOf)
}

// guess returns a request that the engine allows with values that the conditions name, or nil: those of some Allow, and others than
// those of each Deny. It finds most of what the prover would, much faster.
func (s *Asker) guess(c *Call, resource, via string) *Request {
	dodged := s.dodged(c, resource)
	for with := range variants(c.With) {
		for _, st := range s.about(c.Action) {
			if st.t != eval.Identity || st.src.Effect != policy.Allow || len(st.keys)+len(st.named)+len(dodged) == 0 {
				continue
			}
			shown := maps.Clone(dodged)
			s.meet(shown, st, c, resource)
			maps.Copy(shown, with)
			if !s.fit(shown, st.src.Condition, c, resource, false) {
				continue
			}
			if r := s.confirm(c, resource, s.contextOf(c, resource, shown, via), shown, via); r != nil {
				return r
			}
		}
	}
	return nil
}

// meet adds to a context values of policy variables with which a Resource element of a statement has a resource, if it finds any.
func (s *Asker) meet(shown map[string][]string, st *statement, c *Call, resource string) {
	for _, pattern := range st.src.Resource.Strings() {
		var keys []string
		expression := regexp.MustCompile(`\$\{[^}]*\}|[*?]|[^*?$]+|\$`).ReplaceAllStringFunc(pattern, func(part string) string {
			switch keysOf := variablesOf([]string{part}); {
			case len(keysOf) == 1:
				keys = append(keys, strings.TrimSuffix(strings.TrimPrefix(part, "${"), "}"))
				return "(.+?)"
			case part == "*":
				return ".*?"
			case part == "?":
				return "."
			}
			return regexp.QuoteMeta(strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$").Replace(part))
		})
		if len(keys) == 0 || slices.ContainsFunc(keys, func(k string) bool { return s.isSettled(c, resource, strings.ToLower(k)) || !carries(c.Action, k) }) {
			continue
		}
		if found := regexp.MustCompile("^" + expression + "$").FindStringSubmatch(resource); found != nil {
			for i, key := range keys {
				shown[key] = []string{found[i+1]}
			}
			return
		}
	}
}

// dodged returns a context with which the conditions of each Deny about a call fail, as far as that is easy.
func (s *Asker) dodged(c *Call, resource string) map[string][]string {
	values := map[string][]string{}
	for _, st := range s.about(c.Action) {
		if st.src.Effect == policy.Deny {
			s.fit(values, st.src.Condition, c, resource, true)
		}
	}
	return values
}

// fit adds to a context what meets conditions, or what does not. It reports whether it found values, of keys that requests for the
// action have.
func (s *Asker) fit(shown map[string][]string, conditions []policy.Condition, c *Call, resource string, failing bool) bool {
	for i := range conditions {
		condition := &conditions[i]
		key := condition.Key.Text
		if s.isSettled(c, resource, strings.ToLower(key)) {
			continue
		}
		operator := strings.TrimSuffix(condition.Operator.Text[strings.LastIndexByte(condition.Operator.Text, ':')+1:], "IfExists")
		if len(condition.Values) == 0 || operator != "Bool" && strings.Contains(operator, "Not") != failing {
			continue // no value will do, if any does
		}
		value := condition.Values[0].Text
		switch {
		case strings.Contains(value, "${"), operator == "Null", strings.HasPrefix(operator, "Date"), !carries(c.Action, key):
			return false
		case operator == "Bool" && failing:
			value = map[string]string{"true": "false", "false": "true"}[strings.ToLower(value)]
		case strings.HasSuffix(operator, "Like") || strings.HasPrefix(operator, "Arn"):
			value = strings.NewReplacer("*", "example", "?", "x").Replace(value)
		case strings.HasSuffix(operator, "IpAddress"):
			value, _, _ = strings.Cut(value, "/")
		}
		shown[key] = []string{value}
	}
	return true
}

// carries reports whether requests for an action have a condition key: one that AWS lists for it or for its resources, or a
// global one.
func carries(action, key string) bool {
	a, ok := authref.LookupAction(action)
	if !ok {
		return true
	}
	lower := strings.ToLower(key)
	tags := strings.HasPrefix(lower, "aws:resourcetag/") || strings.HasPrefix(lower, "aws:requesttag/") || lower == "aws:tagkeys"
	if _, ok := authref.GlobalConditionKey(key); ok && !tags {
		return true
	}
	lists := [][]string{a.ConditionKeys}
	service, ok := authref.Lookup(a.Service)
	for _, r := range a.Resources {
		lists = append(lists, r.ConditionKeys)
		if ok {
			if t, ok := service.ResourceType(r.Type); ok {
				lists = append(lists, t.ConditionKeys)
			}
		}
	}
	return slices.ContainsFunc(slices.Concat(lists...), func(listed string) bool {
		prefix, _, open := strings.Cut(strings.ToLower(listed), "${")
		return lower == prefix || open && strings.HasPrefix(lower, prefix)
	})
}

// made are keys that follow from how a call is made.
var made = []string{calledVia, "aws:CalledViaFirst", "aws:CalledViaLast", viaService, isService, secure}

// variablesOf returns the keys of the policy variables in texts, in lower case.
func variablesOf(texts []string) (keys []string) {
	for _, text := range texts {
		for _, v := range variable.FindAllString(text, -1) {
			key, _, _ := strings.Cut(strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(v, "${"), "}")), ",")
			if key = strings.TrimSpace(key); key != "*" && key != "?" && key != "$" && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// knownFacts returns what is known of a resource, as the context of a request for it has it.
func (s *Asker) knownFacts(c *Call, resource string) map[string][]string {
	values := map[string][]string{}
	for k, v := range s.facts[resource] {
		if _, _, ok := s.settles(c, resource, strings.ToLower(k)); ok {
			values[k] = []string{v}
		}
	}
	return values
}
