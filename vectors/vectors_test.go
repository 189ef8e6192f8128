package vectors_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/refeval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
	"github.com/writ-iam/writ/vectors"
)

func all(t *testing.T) []vectors.Vector {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryRuleHasAVector(t *testing.T) {
	files := map[int][]string{}
	for _, v := range all(t) {
		if v.Rule != 0 {
			files[v.Rule] = append(files[v.Rule], v.File)
		}
		if len(v.Cases) < 2 {
			t.Errorf("%s has only one request", v.File)
		}
	}
	for rule := 1; rule <= 100; rule++ {
		if len(files[rule]) != 1 {
			t.Errorf("rule %d has the vectors %q; expected one", rule, files[rule])
		}
		delete(files, rule)
	}
	for rule, names := range files {
		t.Errorf("%q are of rule %d; there are 100", names, rule)
	}
}

func TestEngine(t *testing.T) {
	for _, v := range all(t) {
		t.Run(strings.TrimSuffix(v.File, ".txtar"), func(t *testing.T) {
			for _, c := range v.Cases {
				if problem := checkEngine(c); problem != "" {
					t.Errorf("%s, line %d: %s %s on %q: %s", c.ID, c.Line, c.Want.Outcome, c.Request.Action, c.Request.Resource, problem)
				}
			}
		})
	}
}

// checkEngine decides a case and says what is not as wanted.
func checkEngine(c vectors.Case) string {
	policies, err := compile(c.Policies)
	request := new(eval.Request)
	if c.Want.Refused || c.Want.Outcome != "error" {
		if err != nil {
			return "the policies: " + err.Error()
		}
		request, err = makeRequest(c.Request)
	}
	switch {
	case c.Want.Outcome == "error" && err == nil:
		return "no error"
	case c.Want.Outcome == "error":
		if !strings.Contains(err.Error(), c.Want.Error) {
			return fmt.Sprintf("the error is %q, without %q", err, c.Want.Error)
		}
		return ""
	case err != nil:
		return err.Error()
	}

	x := policies.Explain(request)
	if d := policies.Decide(request); d != x.Decision {
		return fmt.Sprintf("Decide says %v by %v, Explain %v by %v", d.Outcome, d.By, x.Decision.Outcome, x.Decision.By)
	}
	var problems []string
	if got := x.Decision.Outcome.String(); got != c.Want.Outcome {
		problems = append(problems, fmt.Sprintf("%s by [%v]", got, x.Decision.By))
	}
	var matched, near, by []string
	for _, t := range x.Decision.By.Types() {
		by = append(by, t.String())
	}
	for _, m := range x.Matched {
		matched = append(matched, fmt.Sprintf("%s#%d", m.Policy(), m.Statement))
	}
	for _, m := range x.NearMisses {
		near = append(near, fmt.Sprintf("%s#%d:%s", m.Policy(), m.Statement, m.Element))
	}
	for _, list := range []struct {
		name      string
		got, want []string
	}{
		{"decidedBy", by, c.Want.DecidedBy},
		{"blockedBy", texts(x.BlockedBy), c.Want.BlockedBy},
		{"missing", x.MissingContext, c.Want.Missing},
		{"matched", matched, c.Want.Matched},
		{"near", near, c.Want.Near},
	} {
		got := slices.Sorted(slices.Values(list.got))
		if list.want != nil && !slices.Equal(got, list.want) {
			problems = append(problems, fmt.Sprintf("%s is %q, not %q", list.name, got, list.want))
		}
	}
	return strings.Join(problems, "; ")
}

// TestReference runs the vectors against the reference evaluator, which knows outcomes only.
func TestReference(t *testing.T) {
	for _, v := range all(t) {
		t.Run(strings.TrimSuffix(v.File, ".txtar"), func(t *testing.T) {
			for _, c := range v.Cases {
				got, err := decideReference(c)
				if err != nil {
					got = "error"
				}
				if got != c.Want.Outcome {
					t.Errorf("%s, line %d: %s %s on %q: %s, %v", c.ID, c.Line, c.Want.Outcome, c.Request.Action, c.Request.Resource, got, err)
				}
			}
		})
	}
}

func decideReference(c vectors.Case) (string, error) {
	request, err := makeRequest(c.Request)
	if err != nil {
		return "", err
	}
	r := refeval.Case{
		Principal: c.Request.Principal, SessionIssuer: c.Request.SessionIssuer,
		Action: c.Request.Action, Resource: c.Request.Resource, ResourceAccount: c.Request.ResourceAccount,
		Context: c.Request.Context,
	}
	if id := request.Context.Values("aws:userid"); len(id) == 1 {
		r.UniqueID = id[0]
	}
	one := func(src vectors.Document) (doc *policy.Document) {
		if err == nil {
			doc, err = parse(src)
		}
		return doc
	}
	list := func(src []vectors.Document) (docs []*policy.Document) {
		for _, d := range src {
			docs = append(docs, one(d))
		}
		return docs
	}
	levels := func(src [][]vectors.Document) (levels [][]*policy.Document) {
		for _, l := range src {
			levels = append(levels, list(l))
		}
		return levels
	}
	r.Identity, r.Session, r.Endpoint = list(c.Policies.Identity), list(c.Policies.Session), list(c.Policies.Endpoint)
	r.SCPs, r.RCPs = levels(c.Policies.SCP), levels(c.Policies.RCP)
	for _, d := range c.Policies.Boundary {
		r.Boundary = one(d)
	}
	if c.Policies.Resource != "" {
		r.ResourcePolicy = one(c.Policies.Resource)
	}
	if err != nil {
		return "", err
	}
	return refeval.Decide(r)
}

// makeRequest reads a request as those who call eval do.
func makeRequest(r vectors.Request) (*eval.Request, error) {
	if !strings.Contains(r.Action, ":") || strings.ContainsAny(r.Action, "*?") {
		return nil, fmt.Errorf("action %q: expected service:Action, without wildcards", r.Action)
	}
	who, err := eval.ParsePrincipal(r.Principal)
	if err != nil {
		return nil, err
	}
	if r.SessionIssuer != "" {
		if who, err = who.WithSessionIssuer(r.SessionIssuer); err != nil {
			return nil, err
		}
	}
	context, err := condition.NewContext(r.Context)
	if err != nil {
		return nil, err
	}
	if id := context.Values("aws:userid"); len(id) == 1 {
		who = who.WithUniqueID(id[0])
	}
	return &eval.Request{Principal: who, Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount, Context: context}, nil
}

func compile(src *vectors.Policies) (*eval.Policies, error) {
	p := new(eval.Policies)
	var err error
	one := func(t eval.PolicyType, src vectors.Document) (compiled *eval.Policy) {
		if err == nil {
			compiled, err = compileOne(t, src)
		}
		return compiled
	}
	list := func(t eval.PolicyType, src []vectors.Document) (list []*eval.Policy) {
		for _, d := range src {
			list = append(list, one(t, d))
		}
		return list
	}
	p.Identity = list(eval.Identity, src.Identity)
	p.Session = list(eval.Session, src.Session)
	p.Endpoint = list(eval.Endpoint, src.Endpoint)
	for _, d := range src.Boundary {
		p.Boundary = one(eval.Boundary, d)
	}
	if src.Resource != "" {
		p.Resource = one(eval.Resource, src.Resource)
	}
	for _, level := range src.SCP {
		p.SCPs = append(p.SCPs, list(eval.SCP, level))
	}
	for _, level := range src.RCP {
		p.RCPs = append(p.RCPs, list(eval.RCP, level))
	}
	return p, err
}

func compileOne(t eval.PolicyType, src vectors.Document) (*eval.Policy, error) {
	doc, err := parse(src)
	if err != nil {
		return nil, err
	}
	return eval.Compile(doc, t)
}

func parse(src vectors.Document) (*policy.Document, error) {
	if !src.IsReference() {
		return policy.Parse([]byte(src))
	}
	v, err := managed.Find(string(src))
	if err != nil {
		return nil, err
	}
	return policy.Parse(v.Document())
}

const comment = "# Rule 2. One matching Deny denies.\n# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html\n"

func TestFormat(t *testing.T) {
	const src = comment + `# A remark.
-- identity/all.json --
{"Version":"2012-10-17",
 "Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}
-- identity/amplify.json --
AdministratorAccess-Amplify@v10
-- scp/0 --
-- scp/1/all.json --
{}
-- requests --
# a comment

allowed  s3:GetObject  "arn:aws:s3:::logs/a b"  principal=arn:aws:iam::111122223333:user/dev account=111122223333 issuer=x
implicitDeny s3:GetObject "" id=AIDAX aws:a=x,"y, \"z\"" aws:b="" aws:c=[] missing= blockedBy=scp[1],boundary
-- requests --
error "Vendor s* is not valid"
error "no" s3:Get* * aws:x=1
`
	v, err := vectors.Parse("002-one-matching-deny-denies.txtar", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if v.Rule != 2 || v.Title != "One matching Deny denies." || !strings.HasSuffix(v.URL, "evaluation-logic.html") || len(v.Cases) != 4 {
		t.Errorf("got %+v", v)
	}
	for i, want := range []string{
		`{"id":"002/1","request":{"principal":"arn:aws:iam::111122223333:user/dev","action":"s3:GetObject","resource":"arn:aws:s3:::logs/a b",` +
			`"resourceAccount":"111122223333","sessionIssuer":"x"},"policies":{"identity":[{"Version":"2012-10-17","Statement":` +
			`{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}},"AdministratorAccess-Amplify@v10"],"scp":[[],[{}]]}}`,
		`{"id":"002/2","request":{"action":"s3:GetObject","context":{"aws:a":["x","y, \"z\""],"aws:b":[""],"aws:c":[],"aws:userid":["AIDAX"]}},` +
			`"policies":{"identity":[{"Version":"2012-10-17","Statement":` +
			`{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}},"AdministratorAccess-Amplify@v10"],"scp":[[],[{}]]}}`,
		`{"id":"002/3","request":{"action":"s3:GetObject","resource":"arn:aws:s3:::logs/a"},"policies":{}}`,
		`{"id":"002/4","request":{"action":"s3:Get*","resource":"*","context":{"aws:x":["1"]}},"policies":{}}`,
	} {
		got, err := json.Marshal(v.Cases[i])
		if err != nil || string(got) != want {
			t.Errorf("case %d is\n%s, %v\nnot\n%s", i, got, err, want)
		}
	}
	want := vectors.Want{Outcome: "implicitDeny", Missing: []string{}, BlockedBy: []string{"boundary", "scp[1]"}}
	if got := v.Cases[1].Want; fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		t.Errorf("want of case 1 is %#v, not %#v", got, want)
	}
	if c := v.Cases[1]; c.Line != 16 {
		t.Errorf("case 1 is on line %d, not 16", c.Line)
	}
	if w := v.Cases[2].Want; w.Error != "Vendor s* is not valid" || w.Refused || !v.Cases[3].Want.Refused {
		t.Errorf("wants of errors: %+v, %+v", w, v.Cases[3].Want)
	}
}

func TestFormatErrors(t *testing.T) {
	const (
		name = "002-one-matching-deny-denies.txtar"
		doc  = "-- identity/a.json --\n{}\n"
		ok   = "-- requests --\nallowed s3:GetObject *\n"
	)
	request := func(l string) string { return comment + doc + "-- requests --\n" + l + "\n" }
	for _, test := range []struct{ file, src, want string }{
		{"2-x.txtar", comment + ok, "1: expected a name such as"},
		{"002-X.txtar", comment + ok, "1: expected a name such as"},
		{"003-x.txtar", comment + ok, "1: the file's name says rule 3, its title rule 2"},
		{"facts-x.txtar", comment + ok, "1: expected a title that is a sentence"},
		{name, "# Rule 2. No stop\n# https://docs.aws.amazon.com/x\n" + ok, "1: expected a title that is a sentence"},
		{name, "# Rule 2. It is so.\n" + ok, "expected a line with the address"},
		{name, "# Rule 2. It is so.\n# https://example.com/\n" + ok, "expected a line with the address"},
		{name, "Rule 2. It is so.\n" + ok, "1: expected a line that starts with #"},
		{name, comment, "the file has no requests"},
		{name, comment + doc, "no requests follow"},
		{name, comment + ok + doc, "no requests follow"},
		{name, comment + doc + "-- requests --\n# nothing\n", "6: the scenario has no requests"},
		{name, comment + "-- identity/a.json --\nNo reference\n" + ok, "3: identity/a.json is neither"},
		{name, comment + "-- identity/a.json --\n{\"Version\":}\n" + ok, "identity/a.json is not JSON"},
		{name, comment + "-- identity/a.json --\n" + ok, "identity/a.json is not JSON"},
		{name, comment + "-- identity/a --\n{}\n" + ok, "expected identity/NAME.json"},
		{name, comment + "-- policy.json --\n{}\n" + ok, "policy.json: expected identity/"},
		{name, comment + "-- boundary.json --\n{}\n-- boundary.json --\n{}\n" + ok, "5: boundary.json is given twice"},
		{name, comment + "-- resource.json --\n{}\n-- resource.json --\n{}\n" + ok, "5: resource.json is given twice"},
		{name, comment + "-- scp/1/a.json --\n{}\n" + ok, "level 1 does not follow level -1"},
		{name, comment + "-- scp/0/a.json --\n{}\n-- scp/2/a.json --\n{}\n" + ok, "level 2 does not follow level 0"},
		{name, comment + "-- scp/0 --\n-- scp/0/a.json --\n{}\n" + ok, "level 0 is without policies"},
		{name, comment + "-- scp/0/a.json --\n{}\n-- scp/0 --\n" + ok, "level 0 is without policies"},
		{name, comment + "-- scp/a.json --\n{}\n" + ok, "expected scp/LEVEL/NAME.json"},
		{name, request("allow s3:GetObject *"), `6: unknown outcome "allow"`},
		{name, request("allowed s3:GetObject"), "6: expected an action and a resource"},
		{name, request("allowed s3:GetObject account=111122223333"), "6: expected an action and a resource"},
		{name, request("allowed s3:GetObject * x"), "6: expected name=value instead of x"},
		{name, request("allowed s3:GetObject * x=y"), `6: unknown field "x"`},
		{name, request("allowed s3:GetObject * account="), "6: account is empty"},
		{name, request("allowed s3:GetObject * aws:x="), `6: aws:x: expected aws:x=""`},
		{name, request("allowed s3:GetObject * aws:x=a,,b"), "6: an empty value"},
		{name, request("allowed s3:GetObject * aws:x=1 aws:x=2"), "6: aws:x is given twice"},
		{name, request("allowed s3:GetObject * aws:userid=1 id=2"), "6: aws:userid is given twice"},
		{name, request(`allowed s3:GetObject * aws:x="1`), "6: "},
		{name, request(`allowed s3:GetObject * aws:x=1"2"`), "6: 1\"2\": quotes must stand around"},
		{name, request("error"), "6: expected a text in quotes behind error"},
		{name, request(`error "x" s3:GetObject`), "6: expected an action and a resource"},
	} {
		_, err := vectors.Parse(test.file, []byte(test.src))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s:\n%s\ngot the error %v, without %q", test.file, test.src, err, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(comment + "-- identity/a.json --\n{}\n-- requests --\nallowed s3:GetObject * aws:x=\"a b\",c\n")
	f.Fuzz(func(t *testing.T, src string) {
		v, err := vectors.Parse("002-x.txtar", []byte(src))
		if err != nil {
			return
		}
		for _, c := range v.Cases {
			if _, err := json.Marshal(c); err != nil {
				t.Errorf("case %s: %v", c.ID, err)
			}
		}
	})
}

func texts(list []eval.Blocker) (texts []string) {
	for _, b := range list {
		texts = append(texts, b.String())
	}
	return texts
}
