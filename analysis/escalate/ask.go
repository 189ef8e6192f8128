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

// A Request is one that the holder makes, or that a service makes for it. Package eval allows it by the holder's policies.
type Request struct {
	prove.Witness
	Trust *policy.Document // of the role that is assumed, as the holder wrote it; nil for other requests
}

// An answer says whether the holder may make a call.
type answer struct {
	request *Request // nil: it may not, or it is not known
	doubt   string   // why it is not known
}

// The keys whose values follow from how a request is made: nobody can choose them.
const (
	calledVia      = "aws:CalledVia"
	viaService     = "aws:ViaAWSService"
	isService      = "aws:PrincipalIsAWSService"
	secure         = "aws:SecureTransport"
	principalARN   = "aws:PrincipalArn"
	username       = "aws:username"
	principalTagOf = "aws:principaltag/"

	requestedRegion = "aws:RequestedRegion"
)

// theRegion is where requests to services with one endpoint for all regions are made.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
const theRegion = "us-east-1"

// oneRegion reports whether an action is one of a service with one endpoint. iam:PassRole is none: the service that takes the role asks.
func oneRegion(action string) bool {
	switch service, _, _ := strings.Cut(action, ":"); service {
	case "iam", "cloudfront", "organizations", "route53":
		return action != "iam:PassRole"
	}
	return false
}

// absent are keys that only requests of services have, for resources of theirs.
var absent = []string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList"}

// ask says whether the holder may make a call on a resource, directly, or with a service (via) that forwards it.
//
// The engine is asked first, about the request as it would be made. If that is not allowed, and conditions
// have to do with it, the prover looks for values of the other keys of the context with which it is.
func (s *Asker) ask(c *Call, resource, via string) answer {
	key := fmt.Sprintf("%s %s %s %v %v %t", c.Action, resource, via, c.With, c.Without, c.Trusted)
	a, ok := s.known[key]
	if !ok {
		a = s.find(c, resource, via)
		s.known[key] = a
	}
	return a
}

func (s *Asker) find(c *Call, resource, via string) answer {
	if !c.Trusted && !s.Granted(c.Action) {
		return answer{}
	}
	for with := range variants(c.With) {
		if r := s.confirm(c, resource, s.contextOf(c, resource, with, via), with, via); r != nil {
			return answer{request: r}
		}
	}
	if !slices.ContainsFunc(s.about(c.Action), func(st *statement) bool { return s.doubtful(st, c, resource) }) {
		return answer{}
	}
	if s.terse {
		if r := s.guess(c, resource, via); r != nil {
			return answer{request: r}
		}
	}
	a := s.search(c, resource, via)
	if a.doubt != "" { // such as whether a variable and a wildcard beside it meet a name
		if r := s.guess(c, resource, via); r != nil {
			return answer{request: r}
		}
	}
	return a
}

// variants yields each choice of one value a key.
func variants(with map[string][]string) func(yield func(map[string][]string) bool) {
	return func(yield func(map[string][]string) bool) {
		keys := slices.Sorted(maps.Keys(with))
		if len(keys) == 0 {
			yield(nil)
			return
		}
		for _, v := range with[keys[0]] {
			rest := maps.Clone(with)
			delete(rest, keys[0])
			for other := range variants(rest) {
				one := map[string][]string{keys[0]: {v}}
				maps.Copy(one, other)
				if !yield(one) {
					return
				}
			}
		}
	}
}

// contextOf returns the context of a request as AWS fills it in.
func (s *Asker) contextOf(c *Call, resource string, with map[string][]string, via string) map[string][]string {
	values := map[string][]string{secure: {"true"}, isService: {"false"}, viaService: {"false"}}
	if oneRegion(c.Action) {
		values[requestedRegion] = []string{theRegion}
	}
	maps.Copy(values, s.knownFacts(c, resource))
	maps.Copy(values, with)
	maps.Copy(values, viaContext(via))
	if via != "" {
		values[calledVia+"First"], values[calledVia+"Last"] = []string{via}, []string{via}
	}
	for k, v := range s.tags {
		values["aws:PrincipalTag/"+k] = []string{v}
	}
	return values
}

func viaContext(via string) map[string][]string {
	if via == "" {
		return nil
	}
	return map[string][]string{calledVia: {via}, viaService: {"true"}}
}

// confirm returns the request if the engine allows it, with as little of the context as tells what is asked.
func (s *Asker) confirm(c *Call, resource string, context, shown map[string][]string, via string) *Request {
	if !s.allows(c, resource, context) {
		return nil
	}
	r := &Request{Witness: prove.Witness{Principal: s.who.String(), Action: c.Action, Resource: resource, Context: context}}
	if s.kind == "role" && strings.Count(s.arn, "/") > 1 {
		r.SessionIssuer = s.arn
	}
	if resource == "*" && s.account != exampleAccount {
		r.ResourceAccount = s.account
	}
	if c.Trusted {
		r.Trust = s.trust
	}
	asked := map[string][]string{}
	maps.Copy(asked, shown)
	maps.Copy(asked, viaContext(via))
	brief := maps.Clone(asked)
	if via == "" {
		for _, k := range []string{secure, isService, viaService} {
			delete(brief, k)
		}
	}
	for _, context := range []map[string][]string{brief, asked} {
		if s.allows(c, resource, context) {
			r.Context = context
			return r
		}
	}
	r.Context = least(r.Context, asked, func(values map[string][]string) bool { return s.allows(c, resource, values) })
	return r
}

// least returns a context with what is asked for, and without what else is needless for a request to be allowed.
func least(context, asked map[string][]string, allows func(map[string][]string) bool) map[string][]string {
	for _, k := range slices.Sorted(maps.Keys(context)) {
		if _, ok := asked[k]; ok {
			continue
		}
		less := maps.Clone(context)
		if delete(less, k); allows(less) {
			context = less
		}
	}
	return context
}

// allows asks the engine.
func (s *Asker) allows(c *Call, resource string, values map[string][]string) bool {
	if !c.Trusted {
		return s.allowsWith(c, resource, values, nil)
	}
	trust, err := s.compiledTrust(s.trust)
	return err == nil && s.allowsWith(c, resource, values, trust)
}

// allowsWith asks the engine about a resource that has a policy of its own, or nil.
func (s *Asker) allowsWith(c *Call, resource string, values map[string][]string, own *eval.Policy) bool {
	context, err := condition.NewContext(values)
	if err != nil {
		return false
	}
	p := *s.subject.Policies()
	r := eval.Request{Principal: s.who, Action: c.Action, Resource: resource, ResourceAccount: s.account, Context: context}
	if p.Resource = own; own != nil {
		r.ResourceAccount = "" // a role says itself where it is
	}
	return p.Decide(&r).Allowed()
}

// contextWith returns a context with which one of the requests of a document is allowed or, if there is none, or that is not known, the
// answer that says so.
func (s *Asker) contextWith(subject *prove.Subject, among *policy.Document, o prove.Options) (map[string][]string, *answer) {
	r, err := subject.Allows(s.ctx, among, o)
	switch {
	case err != nil:
		return nil, &answer{doubt: err.Error()}
	case r.Answer == prove.Proved:
		return nil, &answer{}
	case r.Answer == prove.Unknown:
		return nil, &answer{doubt: r.Unknown[0].Reason}
	}
	return r.Differences[0].Witness.Context, nil
}

// search has the prover look for a request that is allowed.
func (s *Asker) search(c *Call, resource, via string) answer {
	subject, err := s.distilled(c, resource, via)
	if err != nil {
		return answer{doubt: err.Error()}
	}
	if subject == nil {
		return answer{}
	}
	o := s.options
	o.Universe, o.First = universeOf(c.Action, resource), true
	found, none := s.contextWith(subject, s.described(c, resource, via), o)
	if none != nil {
		return *none
	}
	for with := range variants(c.With) {
		shown := maps.Clone(found)
		if shown == nil {
			shown = map[string][]string{}
		}
		maps.Copy(shown, with)
		full := s.contextOf(c, resource, shown, via)
		if r := s.confirm(c, resource, full, shown, via); r != nil {
			return answer{request: r}
		}
	}
	return answer{doubt: "a request was found that the engine does not confirm"}
}

func universeOf(action, resource string) prove.Universe {
	if _, ok := authref.LookupAction(action); ok && !isAWSDocument(resource) {
		return prove.Reference
	}
	return prove.Open
}

// everything is a policy that allows all.
var everything = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{Effect: policy.Allow, Action: values("*"), Resource: values("*")}}}

// described returns a document that allows the requests which are this call, by this holder, in this way. It is about the keys that
// the policies name for the action, and more, in lower case.
func (s *Asker) described(c *Call, resource, via string, more ...string) *policy.Document {
	st := policy.Statement{Effect: policy.Allow, Action: values(c.Action), Resource: values(resource)}
	must := func(operator, key string, texts ...string) {
		st.Condition = append(st.Condition, policy.Condition{Operator: policy.Value{Text: operator}, Key: policy.Value{Text: key}, Values: values(texts...).Values})
	}
	named := map[string]string{} // by name in lower case: as it is spelled
	for _, k := range more {
		named[strings.ToLower(k)] = k
	}
	for _, about := range s.about(c.Action) {
		for _, k := range about.variables {
			named[strings.ToLower(k)] = k
		}
		for i := range about.src.Condition {
			key := about.src.Condition[i].Key.Text
			named[strings.ToLower(key)] = key
		}
	}
	must("StringEquals", principalARN, s.arn)
	for _, k := range slices.Sorted(maps.Keys(c.With)) {
		must("StringEquals", k, c.With[k]...)
	}
	for _, k := range c.Without {
		must("Null", k, "true")
	}
	if via == "" {
		must("Null", calledVia, "true")
		must("Bool", viaService, "false")
	} else {
		must("ForAllValues:StringEquals", calledVia, via)
		must("ForAnyValue:StringEquals", calledVia, via)
		must("Bool", viaService, "true")
	}
	switch {
	case named[username] == "":
	case s.kind == "user":
		must("StringEquals", username, s.arn[strings.LastIndexByte(s.arn, '/')+1:])
	default: // a role's sessions have none
		must("Null", username, "true")
	}
	if named[strings.ToLower(isService)] != "" {
		must("Bool", isService, "false")
	}
	if named[strings.ToLower(secure)] != "" {
		must("Bool", secure, "true")
	}
	if named[strings.ToLower(requestedRegion)] != "" && oneRegion(c.Action) {
		must("StringEquals", requestedRegion, theRegion)
	}
	for _, k := range absent {
		if named[strings.ToLower(k)] != "" {
			must("Null", k, "true")
		}
	}
	for _, k := range slices.Sorted(maps.Keys(named)) {
		typed(named[k], must)
		if v, has, ok := s.settles(c, resource, k); ok {
			if has {
				must("StringEquals", named[k], v)
			} else {
				must("Null", named[k], "true")
			}
		}
		if tag, ok := strings.CutPrefix(k, principalTagOf); ok && s.tags != nil {
			if v, ok := tagOf(s.tags, tag); ok {
				must("StringEquals", named[k], v)
			} else {
				must("Null", named[k], "true")
			}
		}
	}
	return &policy.Document{Version: policy.V2012, Statements: []policy.Statement{st}}
}

// past is before any request is made: what is allowed until a time before it is not allowed any more.
const past = "2026-01-01T00:00:00Z"

// typed demands of a key, in lower case, that what value it has is of its type: aws:MultiFactorAuthPresent is true or false.
func typed(key string, must func(operator, key string, texts ...string)) {
	k, _ := authref.GlobalConditionKey(key)
	switch k.Type {
	case authref.Bool:
		must("BoolIfExists", key, "true", "false")
	case authref.Numeric:
		must("NumericGreaterThanEqualsIfExists", key, "0")
	case authref.Date:
		must("DateGreaterThanEqualsIfExists", key, past)
	case authref.IPAddress:
		must("IpAddressIfExists", key, "0.0.0.0/0", "::/0")
	}
}

// tagOf returns the value of a tag, whose key is given in lower case.
func tagOf(tags map[string]string, lower string) (string, bool) {
	for k, v := range tags {
		if strings.ToLower(k) == lower {
			return v, true
		}
	}
	return "", false
}
