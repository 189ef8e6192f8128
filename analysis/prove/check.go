package prove

import (
	"context"
	"slices"
	"strings"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/policy"
)

// Granted says which of some actions p allows on which of some resources, each a pattern as in a policy. No actions are all
// actions, no resources all resources. The answer is [Proved] if none is allowed: what Access Analyzer's CheckAccessNotGranted
// asks. https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckAccessNotGranted.html
func Granted(ctx context.Context, p Policies, actions, resources []string, o Options) (*Result, error) {
	only := allowing(actions, resources)
	if _, err := eval.Compile(only, eval.Endpoint); err != nil {
		return nil, err
	}
	q, err := newQuestion(p, p.none(), o)
	if err != nil {
		return nil, err
	}
	q.restrict(only)
	return q.ask(ctx)
}

// allowing returns a policy that allows actions on resources.
func allowing(actions, resources []string) *policy.Document {
	element := func(texts []string) (e policy.Element) {
		if len(texts) == 0 {
			texts = []string{"*"}
		}
		for _, text := range texts {
			e.Values = append(e.Values, policy.Value{Text: text})
		}
		return e
	}
	return &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{
		Effect: policy.Allow, Action: element(actions), Resource: element(resources),
	}}}
}

// restrict keeps the question to the requests that a policy, which names no principals, allows.
func (q *question) restrict(only *policy.Document) {
	q.only = mustCompile(only, eval.Endpoint)
	q.a.gates = append(q.a.gates, q.gateOf(only, q.only))
}

// gateOf numbers the statements of a policy that requests must be allowed by, too.
func (q *question) gateOf(only *policy.Document, compiled *eval.Policy) gate {
	g := gate{name: "asked for", t: eval.Endpoint}
	for i := range only.Statements {
		s := newStatement(only, i, eval.Endpoint, compiled)
		s.id = len(q.all)
		q.all, q.actions = append(q.all, s), append(q.actions, newActionSet(s))
		g.allows = append(g.allows, s)
	}
	return g
}

// Public says what a resource-based policy allows to the public: to somebody in an account, or somewhere on the network, that the
// policy does not fix. The answer is [Proved] if nothing: what Access Analyzer's CheckNoPublicAccess asks.
//
// A policy fixes principals by naming them, and by conditions on certain keys with values without wildcards and variables: accounts,
// organizations, ARNs, VPCs and their endpoints, and blocks of addresses that are not very large (/8 and less of IPv4, /32 and
// less of IPv6). Services are not the public.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func Public(ctx context.Context, doc *policy.Document, o Options) (*Result, error) {
	p := Policies{Resource: doc}
	q, err := newQuestion(p, p.none(), o)
	if err != nil {
		return nil, err
	}
	q.public = true
	return q.ask(ctx)
}

// fixingKeys are keys, in lower case, whose values fix who asks, or from where.
var fixingKeys = []string{
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceip", "aws:vpcsourceip",
	"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths",
	"aws:principalorgid", "aws:principalorgpaths", "aws:userid", "aws:ec2instancesourcevpc", "aws:federatedprovider",
	"s3:dataaccesspointarn", "s3:dataaccesspointaccount", "kms:calleraccount", "kms:viaservice", "lambda:eventsourcetoken",
}

// fixedAccounts returns the accounts that a statement names, be it about other actions.
func (q *question) fixedAccounts() map[string]bool {
	fixed := map[string]bool{}
	for _, s := range q.all {
		if s.src.Principal != nil {
			for _, e := range s.src.Principal.Entries {
				fixed[accountOf(e.Name.Text)] = true
			}
		}
		for i := range s.conditions {
			if c := &s.conditions[i]; c.c.Key().Lower() == principalAccountKey || c.c.Key().Lower() == principalARNKey {
				for _, text := range c.src.Strings() {
					fixed[accountOf(text)] = true
					if parts := strings.SplitN(text, ":", arnParts); len(parts) == arnParts {
						fixed[parts[accountPart]] = true
					}
				}
			}
		}
	}
	return fixed
}

// byThePublic is the formula that a request comes from somebody whom no statement fixes.
func (sp *space) byThePublic(fixed map[string]bool, statements []*statement) *formula {
	public := bitset.New(len(sp.principals))
	for i, p := range sp.principals {
		if p.kind == nobody || p.uniqueID == "" && (p.kind == aUser || p.kind == aSession || p.kind == theRoot || p.kind == aFederatedUser) && !fixed[p.who.Account()] {
			public.Add(i)
		}
	}
	kids := []*formula{sp.in(principalVar, public)}
	for _, s := range statements {
		for i := range s.conditions {
			c := &s.conditions[i]
			key := c.c.Key().Lower()
			n, ok := sp.keys[key]
			if !ok || !slices.Contains(fixingKeys, key) || !fixes(c) {
				continue
			}
			// The values that the condition names are those of somebody in particular.
			v := sp.vars[n]
			known := bitset.New(v.cells)
			for j, text := range sp.texts[n] {
				if j > 0 && namesValue(c, s, text) {
					known.Add(j)
				}
			}
			if others := known.Complement(v.cells); v.list {
				kids = append(kids, sp.literal(n, all, others, v.cells))
			} else {
				kids = append(kids, sp.in(n, others))
			}
		}
	}
	return allOf(kids...)
}

// fixes reports whether a condition's values are such as fix somebody. A value with a wildcard or a policy variable does not, but
// for one in the resource part of an ARN whose account is given.
func fixes(c *compiledCondition) bool {
	switch c.c.Operator().Comparison() {
	case condition.Presence:
		return false
	case condition.Addresses:
		return true
	}
	for _, text := range c.src.Strings() {
		if parts := strings.SplitN(text, ":", arnParts); len(parts) == arnParts {
			if account := parts[accountPart]; account != "" && !strings.ContainsAny(account, "*?$") || !strings.ContainsAny(text, "*?$") {
				continue
			}
			return false
		}
		if strings.Contains(text, "$") || strings.ContainsAny(text, "*?") && c.c.Operator().Comparison() != condition.Texts {
			return false
		}
	}
	return true
}

// namesValue reports whether the values of a condition, whether or not it is negated, are one that fits text.
func namesValue(c *compiledCondition, s *statement, text string) bool {
	src := *c.src
	if c.c.Operator().Comparison() == condition.Addresses { // the large blocks name nobody
		src.Operator.Text, src.Values = "IpAddress", nil
		for _, v := range c.src.Values {
			if isNarrow(v.Text) {
				src.Values = append(src.Values, v)
			}
		}
		if len(src.Values) == 0 {
			return false
		}
	} else if c.c.Operator().Negated() {
		src.Operator.Text = strings.Replace(c.c.Operator().String(), "Not", "", 1)
	}
	positive, err := condition.Compile(src, condition.Options{Version: s.options.Version})
	if err != nil {
		return false
	}
	a := assignment{values: map[string][]string{c.c.Key().Lower(): {text}}}
	return positive.Evaluate(a.scope("", nil)) == condition.True
}
