package prove_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

func identity(docs ...*policy.Document) prove.Policies { return prove.Policies{Identity: docs} }

// statements makes an identity-based policy of statements in JSON.
func statements(list ...string) prove.Policies {
	return identity(parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`))
}

func find(t testing.TB, ref string) *policy.Document {
	t.Helper()
	v, err := managed.Find(ref)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := policy.Parse(v.Document())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// compare compares two sides, and confirms every witness by both evaluators.
func compare(t *testing.T, a, b prove.Policies, o prove.Options) *prove.Comparison {
	t.Helper()
	c, err := prove.Compare(context.Background(), a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	confirmAll(t, a, b, c.Removes)
	confirmAll(t, b, a, c.Adds)
	return c
}

func confirmAll(t *testing.T, a, b prove.Policies, r *prove.Result) {
	t.Helper()
	limits := a.Resource == nil && len(a.Identity)+len(b.Identity) == 0
	ca, err := compile(a, a.Resource != nil, limits)
	if err != nil {
		t.Fatal(err)
	}
	cb, err := compile(b, a.Resource != nil, limits)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		confirm(t, a, b, &ca, &cb, d.Witness, strings.Join(d.Actions, " "))
	}
}

// actions returns all actions of the differences, sorted.
func actions(r *prove.Result) []string {
	list := []string{}
	for _, d := range r.Differences {
		list = append(list, d.Actions...)
		list = append(list, d.Patterns...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestHistoryOfAdministratorAccessAmplify is what is known of the policy, from reading it.
func TestHistoryOfAdministratorAccessAmplify(t *testing.T) {
	step := func(from, to string, u prove.Universe) *prove.Comparison {
		return compare(t, identity(find(t, "AdministratorAccess-Amplify@"+from)), identity(find(t, "AdministratorAccess-Amplify@"+to)), prove.Options{Universe: u})
	}
	for _, u := range []prove.Universe{prove.Open, prove.Reference} {
		// amplifybackend: *, with a space, became amplifybackend:*, which has all that the former can match.
		if c := step("v1", "v2", u); c.Verdict != prove.Broader || !slices.Contains(actions(c.Adds), "amplifybackend:CreateBackend") {
			t.Errorf("v1 to v2, %v: %v", u, c.Verdict)
		}
		// Fourteen lines went, and amplify:* came.
		if c := step("v2", "v3", u); c.Verdict != prove.Broader || c.Removes.Answer != prove.Proved {
			t.Errorf("v2 to v3, %v: %v, removes %v", u, c.Verdict, actions(c.Removes))
		}
		if c := step("v10", "v11", u); c.Verdict != prove.Broader || !slices.Equal(actions(c.Adds), []string{"ecr:DescribeRepositories"}) {
			t.Errorf("v10 to v11, %v: %v, adds %v", u, c.Verdict, actions(c.Adds))
		}
	}
	c := step("v4", "v5", prove.Open)
	if c.Verdict != prove.Narrower || !slices.Equal(actions(c.Removes), []string{"lambda:GetLayerVersionByArn"}) {
		t.Errorf("v4 to v5: %v, removes %v", c.Verdict, actions(c.Removes))
	} else if d := c.Removes.Differences[0]; !slices.Equal(d.Witness.Context["aws:CalledVia"], []string{"cloudformation.amazonaws.com"}) || len(d.Witness.Context) != 1 {
		t.Errorf("v4 to v5: the witness is %+v", d.Witness)
	}
	if c := step("v4", "v5", prove.Reference); c.Verdict != prove.Equivalent { // there is no such action
		t.Errorf("v4 to v5 in the reference universe: %v, removes %v", c.Verdict, actions(c.Removes))
	}
}

// TestStackSetsOnStacksApplyToNothing: the StackSet actions act on no stack.
func TestStackSetsOnStacksApplyToNothing(t *testing.T) {
	a := statements(`{"Effect":"Allow","Action":"cloudformation:CreateStackSet","Resource":"arn:aws:cloudformation:*:*:stack/amplify-*"}`)
	for u, want := range map[prove.Universe]prove.Answer{prove.Open: prove.Refuted, prove.Reference: prove.Proved} {
		r, err := prove.Empty(context.Background(), a, prove.Options{Universe: u})
		if err != nil || r.Answer != want || r.Universe != u {
			t.Errorf("%v: %v, %v", u, r, err)
		}
	}
}

// TestThePageIsVersion10 compares the document on AWS's page on Amplify with v10.
func TestThePageIsVersion10(t *testing.T) {
	src, err := os.ReadFile("testdata/AdministratorAccess-Amplify.page.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := policy.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	if c := compare(t, identity(page), identity(find(t, "AdministratorAccess-Amplify@v10")), prove.Options{}); c.Verdict != prove.Equivalent {
		t.Errorf("%v: adds %v, removes %v", c.Verdict, actions(c.Adds), actions(c.Removes))
	}
}

// TestVerdicts is a table of pairs with what is to be said of them.
func TestVerdicts(t *testing.T) {
	src, err := os.ReadFile("testdata/pairs.json")
	if err != nil {
		t.Fatal(err)
	}
	var pairs []struct {
		Why      string
		A, B     []json.RawMessage
		Resource bool
		Universe string
		Verdict  string
		Adds     []string
		Removes  []string
		When     string
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&pairs); err != nil {
		t.Fatal(err)
	}
	side := func(list []json.RawMessage, resource bool) prove.Policies {
		doc, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + string(bytes.Join(asBytes(list), []byte(","))) + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if resource {
			return prove.Policies{Resource: doc}
		}
		return identity(doc)
	}
	for _, p := range pairs {
		t.Run(p.Why, func(t *testing.T) {
			u := prove.Open
			if p.Universe == "reference" {
				u = prove.Reference
			}
			c := compare(t, side(p.A, p.Resource), side(p.B, p.Resource), prove.Options{Universe: u})
			if c.Verdict.String() != p.Verdict {
				t.Errorf("%v, not %s; adds %v, removes %v, unknown %v %v", c.Verdict, p.Verdict, actions(c.Adds), actions(c.Removes), c.Adds.Unknown, c.Removes.Unknown)
			}
			if got := actions(c.Adds); p.Adds != nil && !slices.Equal(got, p.Adds) {
				t.Errorf("adds %q", got)
			}
			if got := actions(c.Removes); p.Removes != nil && !slices.Equal(got, p.Removes) {
				t.Errorf("removes %q", got)
			}
			if p.When != "" {
				for _, d := range slices.Concat(c.Adds.Differences, c.Removes.Differences) {
					if d.When != p.When {
						t.Errorf("when %q, not %q", d.When, p.When)
					}
				}
			}
		})
	}
}

func asBytes(list []json.RawMessage) (all [][]byte) {
	for _, m := range list {
		all = append(all, m)
	}
	return all
}

func TestBoundsSayUnknown(t *testing.T) {
	var patterns []string
	for c := 'a'; c < 'q'; c++ {
		patterns = append(patterns, `"arn:aws:s3:::*`+string(c)+`*`+string(c)+`*"`)
	}
	one := func(resource string) string {
		return `{"Effect":"Allow","Action":"s3:GetObject","Resource":` + resource + `}`
	}
	var list []string
	for _, p := range patterns {
		list = append(list, one(p))
	}
	r, err := prove.Exceeds(context.Background(), statements(one(`"arn:aws:s3:::*"`)), statements(append(list, one(`"arn:aws:s3:::*z"`))...), prove.Options{MaxStates: 300})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case r.Answer == prove.Refuted: // found before the bound, and confirmed
	case r.Answer != prove.Unknown || len(r.Unknown) == 0 || !strings.Contains(r.Unknown[0].Reason, "300"):
		t.Errorf("%v %+v", r.Answer, r.Unknown)
	}
	// All of these together are what the second allows; that takes more states than are given.
	r, err = prove.Exceeds(context.Background(), statements(list...), statements(slices.Concat(list[1:], []string{one(`"arn:aws:s3:::*a*"`)})...), prove.Options{MaxStates: 20})
	if err != nil {
		t.Fatal(err)
	}
	if r.Answer == prove.Proved && len(r.Unknown) > 0 || r.Answer == prove.Unknown && !strings.Contains(r.Unknown[0].Reason, "20") {
		t.Errorf("%v %+v", r.Answer, r.Unknown)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a, b := identity(find(t, "AdministratorAccess-Amplify@v1")), identity(find(t, "ReadOnlyAccess"))
	if _, err := prove.Compare(ctx, a, b, prove.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if _, err := prove.Redundant(ctx, a.Identity[0], eval.Identity); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestErrorsNameTheSideAndThePolicy(t *testing.T) {
	good := statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	bad := statements(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringMatches":{"aws:username":"a"}}}`)
	trust := prove.Policies{Resource: parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}`)}
	both := trust
	both.Identity = good.Identity
	for _, c := range []struct {
		a, b prove.Policies
		want string
	}{
		{good, bad, "the second side: identity[0]: line 1, column 96: Statement[0].Condition.StringMatches: unknown condition operator \"StringMatches\""},
		{bad, good, "the first side: identity[0]:"},
		{good, trust, "the first side: there is no resource-based policy to compare with the other side's"},
		{both, trust, "the first side: a resource-based policy is compared by itself"},
	} {
		_, err := prove.Compare(context.Background(), c.a, c.b, prove.Options{})
		if _, ok := errors.AsType[*prove.PolicyError](err); !ok || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("the error is %v, not %s", err, c.want)
		}
	}
}

// TestWhatIsRedundantCanGo takes all that Redundant lists out of policies that are made up, and compares.
func TestWhatIsRedundantCanGo(t *testing.T) {
	found := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 13))
		by := author{r, []testedKey{testedKeys[r.IntN(len(testedKeys))], testedKeys[r.IntN(len(testedKeys))]}, r.IntN(3) == 0}
		doc := by.document()
		typ := eval.Identity
		if by.resource {
			typ = eval.Resource
		}
		list, err := prove.Redundant(context.Background(), doc, typ)
		if err != nil {
			continue // a policy that cannot be compiled
		}
		found += len(list)
		less := without(doc, list)
		if len(less.Statements) == 0 {
			t.Fatalf("seed %d: all is said to be redundant: %+v in %s", seed, list, doc.Format())
		}
		a, b := identity(doc), identity(less)
		if by.resource {
			a, b = prove.Policies{Resource: doc}, prove.Policies{Resource: less}
		}
		if c := compare(t, a, b, prove.Options{}); c.Verdict != prove.Equivalent && c.Verdict != prove.Undecided {
			t.Fatalf("seed %d: without %+v it is %v:\n%s", seed, list, c.Verdict, doc.Format())
		}
	}
	if found < 50 {
		t.Errorf("only %d redundancies in all", found)
	}
}

// TestADenyStaysWhereNothingIsAllowed has denials of what the policy itself does not allow, which another policy may.
func TestADenyStaysWhereNothingIsAllowed(t *testing.T) {
	for _, c := range []struct {
		t    eval.PolicyType
		text string
		want int
	}{
		{eval.Identity, `{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`, 0},
		{eval.Resource, `{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
			{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`, 0},
		{eval.Identity, `{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:Run*","Resource":"*"}`, 1},
		{eval.Identity, `{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`, 1},
	} {
		list, err := prove.Redundant(context.Background(), parse(`{"Version":"2012-10-17","Statement":[`+c.text+`]}`), c.t)
		if err != nil || len(list) != c.want {
			t.Errorf("%+v, %v in %s", list, err, c.text)
		}
	}
}

// without returns the document without what is redundant.
func without(doc *policy.Document, list []prove.Redundancy) *policy.Document {
	gone := func(statement int, element string, condition, value int) bool {
		return slices.ContainsFunc(list, func(r prove.Redundancy) bool {
			return r.Statement == statement && r.Element == element && (element == "" || r.Condition == condition && r.Value == value)
		})
	}
	less := *doc
	less.Statements = nil
	for i := range doc.Statements {
		if gone(i, "", 0, 0) {
			continue
		}
		s := doc.Statements[i].Clone()
		keep := func(values []policy.Value, element string, condition int) (kept []policy.Value) {
			for j, v := range values {
				if !gone(i, element, condition, j) {
					kept = append(kept, v)
				}
			}
			return kept
		}
		name := func(element string, not bool) string {
			if not {
				return "Not" + element
			}
			return element
		}
		s.Action.Values = keep(s.Action.Values, name("Action", s.Action.Not), 0)
		s.Resource.Values = keep(s.Resource.Values, name("Resource", s.Resource.Not), 0)
		for j := range s.Condition {
			s.Condition[j].Values = keep(s.Condition[j].Values, "Condition", j)
		}
		if p := s.Principal; p != nil {
			var kept []policy.Principal
			for j, e := range p.Entries {
				if !gone(i, name("Principal", p.Not), 0, j) {
					kept = append(kept, e)
				}
			}
			p.Entries = kept
		}
		less.Statements = append(less.Statements, s)
	}
	return &less
}

func TestPatternsAreThoseOfTheClass(t *testing.T) {
	all := `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
	for _, c := range []struct {
		b        []string
		actions  int
		patterns []string
	}{
		{[]string{all, `{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}`}, 1, nil},
		{[]string{all, `{"Effect":"Deny","Action":"s3:DeleteObject*","Resource":"*"}`}, 3, []string{"s3:DeleteObject*"}},
		{[]string{all, `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::a"}`}, 3, []string{"s3:*"}},
		{[]string{`{"Effect":"Allow","NotAction":"s3:DeleteObject","Resource":"*"}`}, 1, nil},
	} {
		cmp := compare(t, statements(all), statements(c.b...), prove.Options{})
		if len(cmp.Removes.Differences) != 1 {
			t.Fatalf("%v: %+v", c.b, cmp.Removes.Differences)
		}
		d := cmp.Removes.Differences[0]
		if len(d.Actions) < c.actions || c.actions == 1 && len(d.Actions) > 1 || !slices.Equal(d.Patterns, c.patterns) {
			t.Errorf("%v: actions %v, patterns %v", c.b, d.Actions, d.Patterns)
		}
	}
}

// TestThePublicIsNobodyThatIsNamed: the witness of public access is somebody whom no statement names.
func TestThePublicIsNobodyThatIsNamed(t *testing.T) {
	doc := parse(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"},
		{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}]}`)
	r, err := prove.Public(context.Background(), doc, prove.Options{})
	if err != nil || r.Answer != prove.Refuted {
		t.Fatalf("%v, %v", r, err)
	}
	if who := r.Differences[0].Witness.Principal; strings.Contains(who, "111122223333") {
		t.Errorf("the public is %s", who)
	}
	if by := r.Differences[0]; len(by.Denied) > 0 {
		t.Errorf("denied by %v, which nobody wrote", by.Denied)
	}
}

// TestWhatFixesThePublic: somebody is fixed by what is named, and by values that are one and no pattern or variable.
func TestWhatFixesThePublic(t *testing.T) {
	const everybody = `"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"`
	for _, c := range []struct {
		want       prove.Answer
		statements string
	}{
		{prove.Refuted, `{ALLOW}`},
		{prove.Proved, `{ALLOW,"Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringLike":{"aws:SourceVpc":"vpc-*"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}}`},
		{prove.Proved, `{ALLOW,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}`},
		{prove.Proved, `{ALLOW,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"IpAddress":{"aws:SourceIp":"2000::/16"}}}`},
		{prove.Proved, `{ALLOW,"Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringLike":{"aws:PrincipalAccount":"1*"}}}`},
		{prove.Proved, `{ALLOW,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}}`},
		{prove.Proved, `{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"s3:GetObject","Resource":"*"}`},
		{prove.Proved, `{"Effect":"Allow","Principal":{"AWS":"AIDAX"},"Action":"s3:GetObject","Resource":"*"}`},
		{prove.Proved, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111122223333:federated-user/x"},"Action":"s3:GetObject","Resource":"*"}`},
		{prove.Proved, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/x"},"Action":"s3:GetObject","Resource":"*"}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringLike":{"aws:userid":"*"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringEquals":{"aws:SourceVpc":"${aws:SourceVpc}"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-1/*"}}}`},
		{prove.Refuted, `{ALLOW},{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`},
		{prove.Proved, `{ALLOW},{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringLike":{"aws:SourceVpc":"vpc-?"},"StringEquals":{"aws:SourceVpce":"${aws:SourceVpce}"}}}`},
		{prove.Proved, `{ALLOW,"Condition":{"StringEquals":{"aws:SourceVpc":["vpc-1"]}, "StringLike":{"aws:SourceVpc":"vpc-*"}}}`},
		{prove.Proved, `{ALLOW,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:111122223333:*"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:*:topic"}}}`},
		{prove.Refuted, `{ALLOW,"Condition":{"StringEquals":{"aws:PrincipalType":"FederatedUser"}}}`},
		{prove.Refuted, `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:PutObject","Resource":"*"},{ALLOW,"Condition":{"StringLike":{"aws:PrincipalAccount":"11112222333?","aws:PrincipalArn":"*user/*"}}}`},
	} {
		r, err := prove.Public(context.Background(), parse(`{"Version":"2012-10-17","Statement":[`+strings.ReplaceAll(c.statements, "ALLOW", everybody)+`]}`), prove.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Answer != c.want {
			t.Errorf("%s: %v", c.statements, r.Answer)
		}
	}
}

// TestLimitsAreNamedByNobody: where SCPs alone are compared, no identity-based policy is said to allow.
func TestLimitsAreNamedByNobody(t *testing.T) {
	scp := func(list ...string) prove.Policies {
		return prove.Policies{SCPs: [][]*policy.Document{statements(list...).Identity}}
	}
	all := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	c := compare(t, scp(all), scp(all, `{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`), prove.Options{})
	if c.Verdict != prove.Narrower || len(c.Removes.Differences) != 1 {
		t.Fatalf("%v %+v", c.Verdict, c.Removes.Differences)
	}
	if d := c.Removes.Differences[0]; len(d.By) > 0 || len(d.Denied) != 1 || d.Denied[0].Policy != "scp[0][0]" || !slices.Equal(d.Actions, []string{"s3:DeleteBucket"}) {
		t.Errorf("%+v", d)
	}
}

// TestChainsOfCallsAreNamedAsSuch: a policy may speak of the first or the last of a chain alone, but it is the chain that a
// request has.
func TestChainsOfCallsAreNamedAsSuch(t *testing.T) {
	a := statements(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Null":{"aws:CalledViaLast":"false"}}}`)
	b := statements(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Null":{"aws:CalledViaLast":"false"},"StringLike":{"aws:CalledViaFirst":"a*"}}}`)
	if c := compare(t, a, b, prove.Options{}); c.Verdict != prove.Narrower {
		t.Errorf("%v, %+v", c.Verdict, c.Removes)
	}
}

// TestPresenceLeavesValuesAlone: whether a number is there at all is no other way to compare it.
func TestPresenceLeavesValuesAlone(t *testing.T) {
	const age = `"NumericLessThan":{"aws:MultiFactorAuthAge":"300"}`
	a := statements(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{` + age + `}}`)
	b := statements(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{` + age + `,"Null":{"aws:MultiFactorAuthAge":"false"}}}`)
	if c := compare(t, a, b, prove.Options{}); c.Verdict != prove.Equivalent {
		t.Errorf("%v, %+v", c.Verdict, c.Removes)
	}
}

// TestWithoutVariablesTheyAreText: in a document of 2008 a colon of ${aws:…} is one of the ARN's.
func TestWithoutVariablesTheyAreText(t *testing.T) {
	old := parse(`{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam::${aws:PrincipalAccount}:role/x"}}`)
	r, err := prove.Empty(context.Background(), identity(old), prove.Options{})
	if err != nil || r.Answer != prove.Refuted {
		t.Errorf("%v, %v", r, err)
	}
}

// TestRCPsAboutServicesLeaveIdentitiesAlone: an identity-based policy is nothing to a service.
func TestRCPsAboutServicesLeaveIdentitiesAlone(t *testing.T) {
	a := statements(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	b := a
	b.RCPs = [][]*policy.Document{{parse(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:PrincipalIsAWSService":"true"}}}}`)}}
	if c := compare(t, a, b, prove.Options{}); c.Verdict != prove.Equivalent {
		t.Errorf("%v, %+v", c.Verdict, c.Removes)
	}
}

// TestSCPsDoNotKeepServicesOut: an SCP that allows nothing leaves those to whom it does not apply.
func TestSCPsDoNotKeepServicesOut(t *testing.T) {
	none := statements(`{"Effect":"Deny","Action":"*","Resource":"*"}`).Identity
	p := prove.Policies{SCPs: [][]*policy.Document{none}}
	if r, err := prove.Empty(context.Background(), p, prove.Options{}); err != nil || r.Answer != prove.Proved {
		t.Errorf("%v, %v", r, err)
	}
	p.RCPs = [][]*policy.Document{{parse(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}}`)}}
	r, err := prove.Empty(context.Background(), p, prove.Options{})
	if err != nil || r.Answer != prove.Refuted {
		t.Fatalf("%v, %v", r, err)
	}
	confirmAll(t, p, prove.Policies{SCPs: p.SCPs, RCPs: [][]*policy.Document{{parse(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`)}}}, r)
}

// TestWhatIsSaidOfTheRootUserIsNotRedundant: an SCP, if no other policy that has no Principal, is for the root user, too.
func TestWhatIsSaidOfTheRootUserIsNotRedundant(t *testing.T) {
	doc := statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`,
		`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}`).Identity[0]
	list, err := prove.Redundant(context.Background(), doc, eval.SCP)
	if err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestCaseBeyondASCII: an action of a letter that is not of ASCII is not the same with its capital.
func TestCaseBeyondASCII(t *testing.T) {
	a, b := statements(`{"Effect":"Allow","Action":"s3:É","Resource":"*"}`), statements(`{"Effect":"Allow","Action":"s3:é","Resource":"*"}`)
	if c, err := prove.Compare(context.Background(), a, b, prove.Options{}); err != nil || c.Verdict != prove.Incomparable {
		t.Errorf("%v, %v", c, err)
	}
}
