package prove_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/refeval"
	"github.com/writ-iam/writ/policy"
)

// Small universes: a few actions, resources, principals and values of keys, and all requests that can be made of them.

// Someone is a principal, of a session the role that it is of, and its unique id.
type someone struct{ name, issuer, id string }

// A testedKey is a condition key, the lists of values that requests have for it, and what policies compare it with.
type testedKey struct {
	name      string
	requests  [][]string // nil: the key is absent
	operators []string
	values    []string
	set       bool // conditions on it may have set operators
}

var (
	textOperators = []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}
	arnOperators  = []string{"ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals", "StringLike", "StringNotLike"}
)

func lists(values ...string) [][]string {
	all := [][]string{nil}
	for _, v := range values {
		all = append(all, []string{v})
	}
	return all
}

var testedKeys = []testedKey{
	{"aws:PrincipalTag/team", lists("a", "b", "A", "ab", "x", ""), textOperators, []string{"a", "b", "a*", "*b", "?", "?*", "*", "A", "", "${x:own}"}, false},
	{"x:own", lists("a", "b", "ab", "x", ""), textOperators, []string{"a", "b", "a*", "*", "ab", "", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'a'}"}, false},
	{"x:some", [][]string{nil, {"a"}, {"b"}, {"a", "b"}, {"b", "c"}, {"a", "a"}}, textOperators, []string{"a", "b", "a*", "*", "c"}, true},
	{"aws:TagKeys", [][]string{nil, {"a"}, {"b"}, {"c"}, {"a", "b"}, {"b", "c"}, {"a", "b", "c"}}, textOperators, []string{"a", "b", "?", "c*", "${x:own}"}, true},
	{"aws:CalledVia", [][]string{nil, {"a"}, {"b"}, {"a", "b"}, {"b", "a"}}, textOperators, []string{"a", "b", "*"}, true},
	{"aws:CalledViaFirst", [][]string{nil}, textOperators, []string{"a", "b", "a*"}, false},
	{"aws:CalledViaLast", [][]string{nil}, textOperators, []string{"a", "b"}, false},
	{"s3:max-keys", lists("-1", "5", "7", "10", "10.0", "11", "many"), []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
		"NumericGreaterThanEquals"}, []string{"5", "10", "7.5", "1e1"}, false},
	{"aws:CurrentTime", lists("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", "2025-01-01T00:00:00Z", "1704067200", "-62167219201", "253402300800", "soon"), []string{"DateEquals", "DateNotEquals", "DateLessThan",
		"DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"}, []string{"2024-01-01", "2024-06-01T00:00:00Z", "1704067200", "0000-01-01", "9999-12-31T23:59:59Z"}, false},
	{"aws:SourceIp", lists("10.0.0.1", "10.1.0.1", "192.0.2.1", "2001:db8::1", "here"), []string{"IpAddress", "NotIpAddress"},
		[]string{"10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "2001:db8::/32", "192.0.2.1"}, false},
	{"aws:SecureTransport", lists("true", "false", "TRUE", "yes"), []string{"Bool"}, []string{"true", "false"}, false},
	{"aws:SourceArn", lists("arn:aws:sns:us-east-1:111122223333:a", "arn:aws:sns:us-east-1:444455556666:b:c", "arn:aws:s3:::a", "a"), arnOperators,
		[]string{"arn:aws:sns:*:111122223333:*", "arn:aws:sns:*", "arn:aws:*:*:*:a", "arn:*:b*", "*", "a"}, false},
	{"x:blob", lists("QQ==", "QUI=", "!"), []string{"BinaryEquals"}, []string{"QQ==", "QUI="}, false},
	{"aws:PrincipalArn", [][]string{nil}, arnOperators, []string{"arn:aws:iam::111122223333:user/dev", "arn:aws:iam::*:role/*", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::444455556666:*"}, false},
	{"aws:PrincipalAccount", [][]string{nil}, textOperators, []string{"111122223333", "4444*", "${aws:ResourceAccount}"}, false},
	{"aws:ResourceAccount", [][]string{nil}, textOperators, []string{"111122223333", "444455556666", "${aws:PrincipalAccount}"}, false},
	{"aws:username", [][]string{nil}, textOperators, []string{"dev", "d*", "${aws:PrincipalTag/team}", "*"}, false},
	{"aws:PrincipalType", [][]string{nil}, textOperators, []string{"User", "AssumedRole", "FederatedUser", "*"}, false},
	{"aws:PrincipalServiceName", [][]string{nil}, textOperators, []string{"sns.amazonaws.com", "*.cn", "*"}, false},
}

var (
	testedActions   = []string{"s3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "sqs:SendMessage", "iam:CreatePolicyVersion", "iam:GetPolicy", "sts:GetCallerIdentity", "sts:AssumeRole"}
	actionPatterns  = []string{"*", "s3:*", "s3:Get*", "s3:GetObject", "s3:*Object", "s3:?utObject", "sqs:*", "sqs:SendMessage", "S3:getobject*", "iam:*", "iam:Get*", "sts:*"}
	testedResources = []string{"*", "arn:aws:s3:::a/dev", "arn:aws:s3:::a/a", "arn:aws:s3:::b/a:b", "arn:aws:s3:::b", "arn:aws:sqs:us-east-1:111122223333:a", "arn:aws:sqs:eu-west-1:444455556666:a",
		"arn:aws:iam::aws:policy/a", "arn:aws:iam::111122223333:policy/a", "arn:aws:iam::111122223333:role/aws-reserved/a"}
	resourcePatterns = []string{"*", "arn:aws:s3:::*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/dev", "arn:aws:s3:::a/${aws:username}", "arn:aws:s3:::?/a*", "arn:aws:s3:::b", "arn:aws:sqs:*:111122223333:*",
		"arn:aws:sqs:us-*:*:a", "arn:aws:iam::*:*", "arn:aws:*", "arn:aws:s3:::${x:own}*", "arn:aws:s3:::a/${aws:PrincipalTag/team}", "arn:aws:iam::aws:*"}
	testedPrincipals = []someone{
		{"arn:aws:iam::111122223333:user/dev", "", ""},
		{"arn:aws:iam::444455556666:user/team/dev", "", ""},
		{"arn:aws:iam::111122223333:user/a", "", ""},
		{"arn:aws:sts::111122223333:assumed-role/app/s1", "arn:aws:iam::111122223333:role/app", ""},
		{"arn:aws:sts::111122223333:assumed-role/app/s2", "arn:aws:iam::111122223333:role/team/app", ""},
		{"arn:aws:sts::444455556666:assumed-role/app/s1", "arn:aws:iam::444455556666:role/app", ""},
	}
	roots           = []someone{{"arn:aws:iam::111122223333:root", "", ""}, {"arn:aws:iam::444455556666:root", "", ""}}
	otherPrincipals = []someone{
		{"sns.amazonaws.com", "", ""}, {"sqs.amazonaws.com", "", ""}, {"*", "", ""},
		{"arn:aws:iam::111122223333:saml-provider/a", "", ""},
		{"arn:aws:sts::111122223333:federated-user/fred", "", ""}, {"arn:aws:sts::111122223333:federated-user/fred", "arn:aws:iam::111122223333:user/dev", ""},
		{"arn:aws:iam::111122223333:user/dev", "", "AIDADEV"}, {"sns.amazonaws.com.cn", "", ""},
		{"arn:aws:sts::111122223333:assumed-role/app/s1", "arn:aws:iam::111122223333:role/app", "AROAAPP:s1"},
	}
	principalEntries = []policy.Principal{
		{Type: policy.AWS, Name: policy.Value{Text: "*"}}, {Type: policy.AWS, Name: policy.Value{Text: "111122223333"}},
		{Type: policy.AWS, Name: policy.Value{Text: "arn:aws:iam::444455556666:root"}}, {Type: policy.AWS, Name: policy.Value{Text: "arn:aws:iam::111122223333:user/dev"}},
		{Type: policy.AWS, Name: policy.Value{Text: "arn:aws:iam::111122223333:role/app"}}, {Type: policy.AWS, Name: policy.Value{Text: "arn:aws:iam::111122223333:role/team/app"}},
		{Type: policy.AWS, Name: policy.Value{Text: "arn:aws:sts::111122223333:assumed-role/app/s1"}}, {Type: policy.AWS, Name: policy.Value{Text: "arn:aws:iam::111122223333:user/*"}},
		{Type: policy.Service, Name: policy.Value{Text: "sns.amazonaws.com"}}, {Type: policy.Service, Name: policy.Value{Text: "*"}},
		{Type: policy.Federated, Name: policy.Value{Text: "arn:aws:iam::111122223333:saml-provider/a"}}, {Type: policy.CanonicalUser, Name: policy.Value{Text: "79a59d"}},
		{Type: policy.AWS, Name: policy.Value{Text: "AIDADEV"}}, {Type: policy.AWS, Name: policy.Value{Text: "AROAAPP"}},
		{Type: policy.AWS, Name: policy.Value{Text: "arn:aws:sts::111122223333:federated-user/fred"}},
	}
)

// An author makes up policies over a few keys.
type author struct {
	*rand.Rand
	keys     []testedKey
	resource bool
}

func (a author) pick(list []string) string { return list[a.IntN(len(list))] }
func (a author) chance(percent int) bool   { return a.IntN(100) < percent }

func (a author) element(list []string, not int) (e policy.Element) {
	e.Not = a.chance(not)
	e.Values = []policy.Value{}
	for len(e.Values) == 0 || a.chance(30) {
		e.Values = append(e.Values, policy.Value{Text: a.pick(list)})
	}
	return e
}

func (a author) condition() policy.Condition {
	k := a.keys[a.IntN(len(a.keys))]
	op := a.pick(k.operators)
	if a.chance(10) {
		return policy.Condition{Operator: policy.Value{Text: "Null"}, Key: policy.Value{Text: k.name}, Values: []policy.Value{{Text: a.pick([]string{"true", "false"})}}}
	}
	if a.chance(20) {
		op += "IfExists"
	}
	if k.set && a.chance(80) || a.chance(10) {
		op = a.pick([]string{"ForAnyValue:", "ForAllValues:"}) + op
	}
	c := policy.Condition{Operator: policy.Value{Text: op}, Key: policy.Value{Text: k.name}}
	for len(c.Values) == 0 || a.chance(25) {
		c.Values = append(c.Values, policy.Value{Text: a.pick(k.values)})
	}
	return c
}

func (a author) document() *policy.Document {
	doc := &policy.Document{Version: policy.V2012}
	if a.chance(5) {
		doc.Version = policy.V2008
	}
	for len(doc.Statements) == 0 || a.chance(45) {
		s := policy.Statement{Effect: policy.Allow}
		if a.chance(30) {
			s.Effect = policy.Deny
		}
		s.Action, s.Resource = a.element(actionPatterns, 15), a.element(resourcePatterns, 20)
		for a.chance(45) {
			s.Condition = append(s.Condition, a.condition())
		}
		if a.resource {
			s.Principal = &policy.Principals{Not: s.Effect == policy.Deny && a.chance(40)}
			for len(s.Principal.Entries) == 0 || a.chance(35) {
				s.Principal.Entries = append(s.Principal.Entries, principalEntries[a.IntN(len(principalEntries))])
			}
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc
}

// A made request, as the engine has it and as the reference evaluator does.
type made struct {
	req *eval.Request
	c   refeval.Case
}

// everyRequest makes all requests over the keys, some of the actions and some of the resources.
func everyRequest(t *testing.T, r *rand.Rand, keys []testedKey, others []someone) (all []made) {
	some := func(list []string, n int) (of []string) {
		for _, i := range r.Perm(len(list))[:n] {
			of = append(of, list[i])
		}
		return of
	}
	actions, resources := some(testedActions, 4), some(testedResources, 5)
	contexts := []map[string][]string{{}}
	for _, k := range keys {
		var next []map[string][]string
		for _, c := range contexts {
			for _, values := range k.requests {
				d := map[string][]string{}
				for key, v := range c {
					d[key] = v
				}
				if values != nil {
					d[k.name] = values
				}
				next = append(next, d)
			}
		}
		contexts = next
	}
	principals := slices.Concat(testedPrincipals, others)
	for _, values := range contexts {
		for _, p := range principals {
			for _, action := range actions {
				for _, r := range resources {
					c := refeval.Case{Principal: p.name, SessionIssuer: p.issuer, UniqueID: p.id, Action: action, Resource: r, Context: values}
					req, err := request(c)
					if err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(r, "2222") && !strings.Contains(r, "5555") && !strings.Contains(r, ":aws:policy") {
						// The account of a bucket is not in its ARN.
						c.ResourceAccount = "111122223333"
						req.ResourceAccount = "111122223333"
					}
					all = append(all, made{req, c})
				}
			}
		}
	}
	return all
}

// allowedByReference asks the reference evaluator what [compiled.allows] asks the engine.
func allowedByReference(t *testing.T, p prove.Policies, w refeval.Case, limits bool) (allowed, known bool) {
	all := parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	all2 := parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`)
	who, err := eval.ParsePrincipal(w.Principal)
	if err != nil {
		t.Fatal(err)
	}
	account := w.ResourceAccount
	if parts := strings.SplitN(w.Resource, ":", 6); len(parts) == 6 && account == "" {
		account = parts[4]
	}
	c := w
	c.Identity, c.Boundary, c.Session, c.SCPs, c.RCPs, c.ResourcePolicy = p.Identity, p.Boundary, p.Session, p.SCPs, p.RCPs, p.Resource
	switch {
	case p.Resource != nil && (strings.HasPrefix(strings.ToLower(w.Action), "sts:") || strings.HasPrefix(strings.ToLower(w.Action), "iam:")):
		return false, false // of some actions AWS says by itself whether they are allowed
	case p.Resource != nil:
		// Across accounts and with all allowed on the principal's side, it is what the resource-based policy says.
		c.Identity = []*policy.Document{all}
		if strings.Contains(w.Principal, ":federated-user/") {
			c.Session = c.Identity // without one it can do nothing
		}
		c.Context = map[string][]string{}
		for k, v := range w.Context {
			c.Context[k] = v
		}
		if account == "" {
			account = who.Account()
		}
		if len(account) == 12 {
			c.Context["aws:ResourceAccount"] = []string{account}
		} else if _, ok := c.Context["aws:ResourceAccount"]; !ok {
			return false, false // there is no way to say that it is absent
		}
		c.ResourceAccount = "999988887777"
	case limits:
		c.Identity, c.ResourcePolicy = []*policy.Document{all}, all2
	case account != "" && account != "aws" && who.Account() != "" && account != who.Account():
		c.ResourcePolicy = all2
	}
	got, err := refeval.Decide(c)
	if err != nil {
		t.Fatalf("the reference evaluator: %v", err)
	}
	return got == refeval.Allowed, true
}

// confirm checks a witness with both evaluators.
func confirm(t *testing.T, a, b prove.Policies, ca, cb *compiled, w prove.Witness, where string) {
	t.Helper()
	req, err := w.Request()
	if err != nil {
		t.Fatalf("%s: the witness %+v: %v", where, w, err)
	}
	if !ca.allows(req) || cb.allows(req) {
		t.Fatalf("%s: the witness %+v is none:\n%s\n---\n%s", where, w, format(a), format(b))
	}
	c := refeval.Case{Principal: w.Principal, SessionIssuer: w.SessionIssuer, Action: w.Action, Resource: w.Resource, ResourceAccount: w.ResourceAccount, Context: w.Context}
	if id := w.Context["aws:userid"]; len(id) == 1 {
		c.UniqueID = id[0]
	}
	if allowed, known := allowedByReference(t, a, c, ca.limits); known && !allowed {
		t.Fatalf("%s: the reference evaluator does not allow %+v by the first:\n%s", where, w, format(a))
	}
	if allowed, known := allowedByReference(t, b, c, cb.limits); known && allowed {
		t.Fatalf("%s: the reference evaluator allows %+v by the second:\n%s\n---\n%s", where, w, format(a), format(b))
	}
}

// TestProverAgreesWithBruteForce compares policies over small universes, and tries all requests on both.
func TestProverAgreesWithBruteForce(t *testing.T) {
	counts := map[string]int{}
	used := map[string]int{}
	for seed := range uint64(universes) {
		r := rand.New(rand.NewPCG(seed, 11))
		var keys []testedKey
		for len(keys) < 2 {
			keys = append(keys, testedKeys[r.IntN(len(testedKeys))])
			if len(keys) == 2 && keys[0].name == keys[1].name {
				keys = keys[:1]
			}
		}
		if strings.HasPrefix(keys[0].name, "aws:CalledVia") || strings.HasPrefix(keys[1].name, "aws:CalledVia") {
			keys = testedKeys[4:7]
		}
		resource := r.IntN(3) == 0
		limits := !resource && r.IntN(5) == 0
		rcps := limits && r.IntN(2) == 0
		var others []someone
		switch {
		case resource, rcps:
			others = slices.Concat(roots, otherPrincipals)
		case limits:
			others = roots
		}
		requests := everyRequest(t, r, keys, others)
		by := author{r, keys, resource}
		for range 6 {
			a, b := prove.Policies{}, prove.Policies{}
			level := func(d *policy.Document) [][]*policy.Document { return [][]*policy.Document{{d}} }
			switch {
			case limits:
				a.SCPs, b.SCPs = level(by.document()), level(by.document())
				if m := mutate(r, a.SCPs[0], nil); len(m) > 0 && by.chance(60) {
					b.SCPs = [][]*policy.Document{m}
				}
				if rcps {
					as := author{r, keys, true}
					a.RCPs, b.RCPs = level(as.document()), level(as.document())
					if m := mutate(r, a.RCPs[0], nil); len(m) > 0 && by.chance(60) {
						b.RCPs = [][]*policy.Document{m}
					}
				}
			case resource:
				a.Resource, b.Resource = by.document(), by.document()
				if m := mutate(r, []*policy.Document{a.Resource}, nil); len(m) > 0 && by.chance(60) {
					b.Resource = m[0]
				}
			default:
				a.Identity, b.Identity = []*policy.Document{by.document()}, []*policy.Document{by.document()}
				if by.chance(60) {
					b.Identity = mutate(r, a.Identity, b.Identity)
				}
				if by.chance(15) {
					a.Boundary = by.document()
				}
				if by.chance(15) {
					b.SCPs = [][]*policy.Document{{by.document()}, {by.document()}}
				}
				if by.chance(10) {
					b.Session = []*policy.Document{by.document()}
				}
				if by.chance(10) {
					b.RCPs = level(author{r, keys, true}.document())
				}
			}
			ca, errA := compile(a, resource, limits)
			cb, errB := compile(b, resource, limits)
			if errA != nil || errB != nil {
				counts["refused"]++
				continue
			}
			for _, k := range keys {
				used[k.name]++
			}
			for turn := range 2 {
				where := fmt.Sprintf("seed %d, turn %d", seed, turn)
				result, err := prove.Exceeds(context.Background(), a, b, prove.Options{})
				if err != nil {
					t.Fatalf("%s: %v\n%s", where, err, format(a))
				}
				counts[result.Answer.String()]++
				for _, d := range result.Differences {
					confirm(t, a, b, &ca, &cb, d.Witness, where)
				}
				for i := range requests {
					m := &requests[i]
					if result.Answer == prove.Proved && ca.allows(m.req) && !cb.allows(m.req) {
						t.Fatalf("%s: said to be proved, but %s %s by %s (%s) with %v is allowed by the first and not by the second:\n%s\n---\n%s", where,
							m.c.Action, m.c.Resource, m.c.Principal, m.c.SessionIssuer, m.c.Context, format(a), format(b))
					}
				}
				a, b, ca, cb = b, a, cb, ca
			}
		}
	}
	t.Logf("%v", counts)
	t.Logf("%v", used)
	if counts["unknown"]*10 > counts["proved"]+counts["refuted"] {
		t.Errorf("too many unknown: %v", counts)
	}
}
