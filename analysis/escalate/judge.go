package escalate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// A Status is what the policies say of a method.
type Status uint8

// The statuses, from the one that gives nothing to the one that gives most.
const (
	Closed    Status = iota // some call is not allowed
	Inert                   // some call is allowed only on resources that the action never acts on
	Unknown                 // it could not be settled
	Forwarded               // some call is allowed only when a service forwards it, and the holder can have it do so
	Scoped                  // open on some resources only
	Open                    // all calls are allowed, on whatever resource
)

// String returns "closed", "inert", "unknown", "forwarded", "scoped" or "open".
func (s Status) String() string {
	return [...]string{"closed", "inert", "unknown", "forwarded", "scoped", "open"}[s]
}

// Usable reports whether the holder can use a method of this status.
func (s Status) Usable() bool { return s >= Forwarded }

// A Finding is what the policies say of one method.
type Finding struct {
	Method   *Method
	Status   Status
	Requests []Request // of a usable method: a sequence in which each is allowed
	Scope    []string  // of one that is not open on all resources: the patterns that it is open on
	Through  string    // the service that forwards calls, if one has to
	Missing  []Missing // of one that is closed or inert: what is not allowed
	Assumes  []string  // facts about the holder, its surroundings and the resources, with which the requests are allowed
	Needs    []string  // what else there must be
	// Administration says that the holder ends as an administrator, if what is assumed and needed is so.
	Administration bool
}

// A Missing is a call, or one of several, that is not allowed.
type Missing struct {
	Actions []string // of which one would do
	Reason  string
}

// A found is an outcome for some calls.
type found struct {
	status   Status
	requests []Request
	scope    []string
	through  string
	missing  []Missing
	needs    []string
	doubt    string

	forwarded []bool // of each call
}

// Judge says what the policies say of a method. With a target, the ARN of a user or role of the holder's account, it is
// about becoming that one.
func (s *Asker) Judge(m *Method, target string) *Finding {
	if kind := m.kind(); kind != "" && kind != s.kind {
		return &Finding{Method: m, Missing: []Missing{{Reason: fmt.Sprintf("the holder is no %s", kind)}}}
	}
	s.target = target
	f := s.judgeSteps(m.Steps, true)
	tags := s.agreed(m, f)
	r := &Finding{Method: m, Status: f.status, Missing: f.missing}
	if f.status == Unknown {
		r.Missing = []Missing{{Reason: f.doubt}}
	}
	if f.status.Usable() {
		r.Requests, r.Scope, r.Through = f.requests, f.scope, f.through
		r.Assumes = append(s.assumed(m, f.requests), tags...)
		r.Needs = slices.Concat(m.Needs, m.targetNeeds(), f.needs)
	}
	return r
}

// agreed sees to it that the requests of a usable outcome take the holder to have the same tags, if these are not known: it has one
// value of each. It tries the values that single requests take, and returns those that it settled on, as assumptions. If none will do
// for all, it is not known whether others would.
func (s *Asker) agreed(m *Method, f *found) (assumes []string) {
	if s.tags != nil || !f.status.Usable() {
		return nil
	}
	var sets []map[string]string
	all := map[string]string{}
	differing := ""
	for i := range f.requests {
		set := map[string]string{}
		for k, v := range f.requests[i].Context {
			name, ok := strings.CutPrefix(strings.ToLower(k), principalTagOf)
			if !ok || len(v) != 1 {
				continue
			}
			set[name] = v[0]
			if was, ok := all[name]; ok && was != v[0] {
				differing = k
			}
			all[name] = v[0]
		}
		sets = append(sets, set)
	}
	if differing == "" {
		return nil
	}
	for _, set := range sets {
		for name, value := range all {
			if _, ok := set[name]; !ok {
				set[name] = value
			}
		}
		other, err := s.As(s.arn, set)
		if err != nil {
			continue
		}
		other.target, other.fixed, other.terse = s.target, s.fixed, s.terse
		if g := other.judgeSteps(m.Steps, true); g.status.Usable() {
			*f = *g
			for _, name := range slices.Sorted(maps.Keys(set)) {
				assumes = append(assumes, fmt.Sprintf("aws:PrincipalTag/%s is %s", name, set[name]))
			}
			return assumes
		}
	}
	*f = found{status: Unknown, doubt: fmt.Sprintf("the calls take values of %s that differ, and the holder has one", differing)}
	return nil
}

// targetNeeds says what there must be for the holder to become an administrator by becoming the target.
func (m *Method) targetNeeds() []string {
	t := &m.Target
	switch {
	case t.Kind == "user":
		return []string{"a user that is an administrator"}
	case t.Kind == "role" && t.Running:
		return []string{fmt.Sprintf("a resource that runs with an administrator's role, which trusts %s", t.Trusts)}
	case t.Kind == "role" && t.Trusts != "":
		return []string{fmt.Sprintf("an administrator's role that trusts %s", t.Trusts)}
	case t.Kind == "role" && m.writesTrust():
		return []string{"an administrator's role"}
	case t.Kind == "role":
		return []string{"an administrator's role that trusts the account"}
	}
	return nil
}

// writesTrust reports whether a step makes the target trust the holder.
func (m *Method) writesTrust() bool {
	return slices.ContainsFunc(m.Steps, func(s Step) bool { return s[0].Action == "iam:UpdateAssumeRolePolicy" })
}

// judgeSteps takes the best of all choices of one call a step.
func (s *Asker) judgeSteps(steps []Step, forwarding bool) *found {
	var missing []Missing
	possible := make([]Step, len(steps))
	for i, step := range steps {
		for _, c := range step {
			if c.Trusted || s.Granted(c.Action) {
				possible[i] = append(possible[i], c)
			}
		}
		if len(possible[i]) == 0 {
			missing = append(missing, Missing{actionsOf(step), "no policy allows it"})
		}
	}
	if missing != nil {
		return &found{missing: missing}
	}
	var best *found
	for calls := range choices(possible) {
		if f := s.judgeCalls(calls, forwarding); best == nil || f.status > best.status || f.status == best.status && len(f.requests) < len(best.requests) {
			best = f
		}
	}
	return best
}

func actionsOf(step Step) (list []string) {
	for _, c := range step {
		list = append(list, c.Action)
	}
	return list
}

// choices yields each choice of one call of each step.
func choices(steps []Step) func(yield func([]Call) bool) {
	return func(yield func([]Call) bool) {
		if len(steps) == 0 {
			yield(nil)
			return
		}
		for _, c := range steps[0] {
			for rest := range choices(steps[1:]) {
				if !yield(append([]Call{c}, rest...)) {
					return
				}
			}
		}
	}
}

// A group is calls on the same resource.
type group struct {
	service string
	on      Resource
	calls   []int
	primary []bool // of each call: the resource is the one that matters, and its request is shown
}

// groupsOf sorts calls by what they act on.
func groupsOf(calls []Call) (groups []*group) {
	named := map[Resource]*group{}
	add := func(i int, on Resource, primary bool) {
		g := named[on]
		if g == nil {
			service, _, _ := strings.Cut(calls[i].Action, ":")
			g = &group{service: service, on: on}
			groups = append(groups, g)
			if on.Name != "" {
				named[on] = g
			}
		}
		g.calls, g.primary = append(g.calls, i), append(g.primary, primary)
	}
	for i := range calls {
		c := &calls[i]
		primary := true
		if c.On.Type != "" {
			add(i, c.On, true)
			primary = false
		}
		for _, t := range requiredTypes(c.Action) {
			if t != c.On.Type && !(c.On.Type != "" && either[c.Action]) {
				add(i, Resource{Type: t}, primary)
				primary = false
			}
		}
		if primary { // it acts on no resource, or on one of several
			add(i, Resource{Type: anyType(c.Action)}, true)
		}
	}
	return groups
}

// either has actions of which the service reference says that they need several types of resources, where one that a policy names
// will do: a code interpreter is AWS's or one's own, and an operation in GraphQL is about fields.
var either = map[string]bool{
	"bedrock-agentcore:StartCodeInterpreterSession": true,
	"bedrock-agentcore:InvokeCodeInterpreter":       true,
	"appsync:GraphQL": true,
}

// requiredTypes returns the types of resources that must all be allowed for an action.
func requiredTypes(action string) (types []string) {
	if a, ok := authref.LookupAction(action); ok {
		for _, r := range a.Resources {
			if r.Required {
				types = append(types, r.Type)
			}
		}
	}
	return types
}

// anyType returns the type of resource that an action acts on if on any.
func anyType(action string) string {
	if a, ok := authref.LookupAction(action); ok && len(a.Resources) > 0 {
		return a.Resources[0].Type
	}
	return ""
}

// A mode says in which ways a call may be made.
type mode uint8

const (
	eitherWay mode = iota
	directly
	throughService
)

// judgeCalls looks for resources on which all calls are allowed.
func (s *Asker) judgeCalls(calls []Call, forwarding bool) *found {
	modes := make([]mode, len(calls))
	if !forwarding {
		for i := range modes {
			modes[i] = directly
		}
	}
	best := s.judgeModes(calls, modes)
	pass := slices.IndexFunc(calls, func(c Call) bool { return c.Action == "iam:PassRole" })
	if pass < 0 || pass+1 == len(calls) || !best.status.Usable() || best.forwarded[pass] == best.forwarded[pass+1] {
		return best
	}
	// Passing a role is checked when the role is taken, in the same way.
	best = nil
	for _, m := range []mode{directly, throughService} {
		modes[pass], modes[pass+1] = m, m
		if f := s.judgeModes(calls, modes); best == nil || f.status > best.status {
			best = f
		}
	}
	return best
}

// judgeModes looks for resources on which all calls are allowed, each made in one of the ways that its mode has.
func (s *Asker) judgeModes(calls []Call, modes []mode) *found {
	f := &found{status: Open, forwarded: make([]bool, len(calls))}
	requests := make([]*Request, len(calls))
	for _, g := range groupsOf(calls) {
		j := s.judgeGroup(g, calls, modes)
		f.status = min(f.status, j.status)
		f.missing = append(f.missing, j.missing...)
		if f.doubt == "" {
			f.doubt = j.doubt
		}
		for _, p := range j.scope {
			if !slices.Contains(f.scope, p) {
				f.scope = append(f.scope, p)
			}
		}
		for k, i := range g.calls {
			if j.status.Usable() && g.primary[k] {
				requests[i], f.forwarded[i] = j.requests[k], j.forwarded[k]
			}
		}
	}
	if !f.status.Usable() {
		return f
	}
	ofStack := false
	for i := range calls {
		ofStack = ofStack || f.forwarded[i] && calls[i].ofStack()
	}
	for i, r := range requests {
		f.needs = append(f.needs, calls[i].Needs...)
		if f.forwarded[i] && f.through == "" {
			w := s.way(ofStack)
			f.through = cloudFormation
			f.needs = append(f.needs, w.needs...)
			f.requests = append(f.requests, w.requests...)
			for _, p := range w.scope {
				if !slices.Contains(f.scope, p) {
					f.scope = append(f.scope, p)
				}
			}
		}
		f.requests = append(f.requests, *r)
	}
	return f
}

// A judged is an outcome for one group of calls.
type judged struct {
	status    Status
	requests  []*Request // by the calls of the group
	forwarded []bool     // likewise
	scope     []string
	missing   []Missing
	doubt     string
}

// judgeGroup tries a resource of each cell.
func (s *Asker) judgeGroup(g *group, calls []Call, modes []mode) *judged {
	var actions []string
	for _, i := range g.calls {
		actions = append(actions, calls[i].Action)
	}
	cells := s.cellsOf(g.service, g.on, actions)
	if s.terse { // one will do; those that the policies name are the likelier
		cells = slices.Clone(cells)
		slices.Reverse(cells)
	}
	var best *judged
	var usable, without []cell
	fewest, failing := len(g.calls)+1, []Missing(nil)
	ever := make([]bool, len(g.calls)) // allowed on some cell
	doubt := ""
	all := Open
	for _, cell := range cells {
		j := &judged{status: Open}
		var missing []Missing
		for k, i := range g.calls {
			c := &calls[i]
			var a answer
			via := false
			if modes[i] != throughService {
				a = s.ask(c, cell.arn, "")
			}
			if a.request == nil && modes[i] != directly && s.canForward(c) {
				if b := s.ask(c, cell.arn, cloudFormation); b.request != nil {
					a, via, j.status = b, true, Forwarded
				} else if a.doubt == "" {
					a.doubt = b.doubt
				}
			}
			j.requests, j.forwarded = append(j.requests, a.request), append(j.forwarded, via)
			if a.request != nil {
				ever[k] = true
				continue
			}
			if a.doubt != "" {
				doubt = a.doubt
			}
			missing = append(missing, Missing{[]string{c.Action}, s.why(c, cell.arn, modes[i])})
		}
		if len(missing) > 0 {
			without = append(without, cell)
			if len(missing) < fewest {
				fewest, failing = len(missing), missing
			}
			continue
		}
		usable = append(usable, cell)
		all = min(all, j.status)
		if best == nil || j.status > best.status {
			best = j
		}
		if s.terse && best.status == Open {
			break
		}
	}
	if best == nil {
		f := &judged{missing: failing, doubt: doubt}
		switch {
		case doubt != "":
			f.status = Unknown
		case s.inert(g, calls, modes, ever):
			f.status = Inert
		}
		return f
	}
	if len(without) > 0 || all < best.status {
		best.status = min(best.status, Scoped)
	}
	if len(without) > 0 {
		if best.scope = s.scopeOf(actions[0], usable); len(best.scope) == 0 {
			var but []string
			for _, c := range without {
				for _, p := range c.in {
					if strings.Trim(p, "*") != "" && !slices.Contains(but, p) {
						but = append(but, p)
					}
				}
			}
			best.scope = []string{"all but " + strings.Join(but, ", ")}
		}
	}
	return best
}

// canForward reports whether the holder can have CloudFormation make a call.
func (s *Asker) canForward(c *Call) bool {
	_, ok := forwards[c.Action]
	return ok && s.way(c.ofStack()) != nil
}

// way returns how the holder can have CloudFormation make calls for it, those on resources of a stack included or not, and nil if
// it cannot.
func (s *Asker) way(ofStack bool) *found {
	if f, ok := s.forwarding[ofStack]; ok {
		return f
	}
	ways := newStack
	if ofStack {
		ways = stackThatHas
	}
	var best *found
	for _, w := range ways {
		if f := s.judgeSteps(w.Steps, false); f.status.Usable() {
			f.needs = w.Needs
			best = f
			break
		}
	}
	s.forwarding[ofStack] = best
	return best
}

// inert reports whether the calls of a group would all be allowed, if those that are allowed on no resource of the type
// acted on some other one, too.
func (s *Asker) inert(g *group, calls []Call, modes []mode, ever []bool) bool {
	if s.terse || g.on.Name == Self || s.target != "" && g.on.Name == Other {
		return false // there are others of the type
	}
	some := false
	for k, i := range g.calls {
		if ever[k] {
			continue
		}
		some = true
		c := &calls[i]
		if !slices.ContainsFunc(s.about(c.Action), namesResources) || !s.somewhere(c, modes[i], prove.Open) || s.somewhere(c, modes[i], universeOf(c.Action, "*")) {
			return false
		}
	}
	return some
}

// somewhere reports whether a call is allowed on some resource of a universe, wherever that is.
func (s *Asker) somewhere(c *Call, m mode, u prove.Universe) bool {
	for _, via := range []string{"", cloudFormation} {
		if via == "" && m == throughService || via != "" && (m == directly || !s.canForward(c)) {
			continue
		}
		o := s.options
		o.Universe, o.First = u, true
		subject, err := s.distilled(c, "*", via)
		if err != nil || subject == nil {
			return false
		}
		if r, err := subject.Allows(s.ctx, s.described(c, "*", via), o); err == nil && r.Answer != prove.Proved {
			return true
		}
	}
	return false
}

// namesResources reports whether a statement allows something on some resources only.
func namesResources(st *statement) bool {
	return st.src.Effect == policy.Allow && (st.src.Resource.Not || !slices.Contains(st.src.Resource.Strings(), "*"))
}

// why says why a call is not allowed.
func (s *Asker) why(c *Call, resource string, m mode) string {
	if s.terse {
		return ""
	}
	var with map[string][]string
	for with = range variants(c.With) {
		break
	}
	context, err := condition.NewContext(s.contextOf(c, resource, with, ""))
	if err != nil {
		return err.Error()
	}
	e := s.subject.Policies().Explain(&eval.Request{Principal: s.who, Action: c.Action, Resource: resource, ResourceAccount: s.account, Context: context})
	if e.Decision.Outcome == eval.ExplicitDeny {
		for _, m := range e.Matched {
			if m.Source.Effect == policy.Deny {
				return "denied by " + m.Name()
			}
		}
		return "AWS does not allow it"
	}
	for _, b := range e.BlockedBy {
		return fmt.Sprintf("the %s does not allow it", b)
	}
	if s.ask(c, resource, cloudFormation).request != nil {
		if _, ok := forwards[c.Action]; !ok {
			return "only when CloudFormation forwards it, which makes no such call of use"
		}
		if m == directly && s.canForward(c) {
			return "only when CloudFormation forwards it, and then not for what the holder does itself"
		}
		return "only when CloudFormation forwards it, and the holder has no way to make it"
	}
	for _, element := range []string{"Condition", "Resource"} {
		for _, n := range e.NearMisses {
			if n.Element != element {
				continue
			}
			if element == "Condition" {
				return fmt.Sprintf("only under a condition of %s that cannot be met: %s", n.Name(), n.Reason)
			}
			return fmt.Sprintf("not on this resource: %s", n.Reason)
		}
	}
	return "no policy allows it"
}

// assumed lists what in the context of some requests the holder does not choose.
func (s *Asker) assumed(m *Method, requests []Request) (list []string) {
	for i := range requests {
		for _, key := range slices.Sorted(maps.Keys(requests[i].Context)) {
			lower := strings.ToLower(key)
			if _, _, known := s.settles(&AssumeCall, requests[i].Resource, lower); known {
				continue
			}
			if tag, ok := strings.CutPrefix(lower, principalTagOf); ok && s.tags != nil {
				if _, known := tagOf(s.tags, tag); known {
					continue
				}
			}
			if !isFact(lower) {
				continue
			}
			text := fmt.Sprintf("%s is %s", key, strings.Join(requests[i].Context[key], ", "))
			if !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return list
}

// isFact reports whether a key, in lower case, is about the holder, its surroundings or a resource: the holder does not choose its
// value when it makes a request.
func isFact(key string) bool {
	if strings.Contains(key, "resourcetag/") {
		return true
	}
	switch key {
	case "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:viaawsservice", "aws:principalisawsservice", "aws:securetransport",
		"aws:requestedregion", "aws:tagkeys", "aws:principalarn", "aws:resourceaccount", "aws:referer", "aws:useragent":
		return false
	}
	return strings.HasPrefix(key, "aws:") && !strings.HasPrefix(key, "aws:requesttag/")
}
