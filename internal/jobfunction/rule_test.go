package jobfunction_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/jobfunction"
	"github.com/writ-iam/writ/policy"
)

func parse(t testing.TB, text string) *jobfunction.Rule {
	t.Helper()
	r, err := jobfunction.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// small is a reference in which everything can be seen at once.
func small(t testing.TB) *actions.Reference {
	t.Helper()
	service := func(prefix string, levels map[string]authref.AccessLevel) actions.Service {
		s := actions.Service{Prefix: prefix}
		for name, level := range levels {
			s.Actions = append(s.Actions, actions.Action{Name: name, Level: level})
		}
		return s
	}
	r, err := actions.New([]actions.Service{
		service("s3", map[string]authref.AccessLevel{
			"GetObject": authref.Read, "GetObjectAcl": authref.Read, "ListBucket": authref.List, "PutObject": authref.Write, "GetUnleveled": 0}),
		service("ec2", map[string]authref.AccessLevel{
			"DescribeImages": authref.List, "DescribeVpcs": authref.List, "GetConsoleOutput": authref.Read, "GetCoffee": authref.Write}),
		service("secretsmanager", map[string]authref.AccessLevel{"GetSecretValue": authref.Read, "ListSecrets": authref.List}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRulesMeanWhatTheySay(t *testing.T) {
	ref := small(t)
	for rule, want := range map[string]string{
		`{"AccessLevels": ["List"]}`:                                                                                 "ec2:DescribeImages ec2:DescribeVpcs s3:ListBucket secretsmanager:ListSecrets",
		`{"AccessLevels": ["List", "Read"], "Services": ["S3"]}`:                                                     "s3:GetObject s3:GetObjectAcl s3:ListBucket",
		`{"AccessLevels": ["List", "Read"], "Services": ["s*"], "Except": {"Services": ["secrets*"]}}`:               "s3:GetObject s3:GetObjectAcl s3:ListBucket",
		`{"AccessLevels": ["List", "Read"], "Except": {"Services": ["ec2"], "Actions": ["*:*Secret*", "s3:Get*"]}}`:  "s3:ListBucket",
		`{"AccessLevels": ["List"], "Services": ["s3"], "Also": ["ec2:Get*"], "Except": {"Actions": ["ec2:*fee"]}}`:  "ec2:GetConsoleOutput s3:ListBucket",
		`{"Also": ["s3:getunleveled"]}`:                                                                              "s3:GetUnleveled",
		`{"AccessLevels": ["List", "Read"], "Patterns": true}`:                                                       "ec2:Describe* ec2:GetConsoleOutput s3:GetObject* s3:ListBucket secretsmanager:GetSecretValue secretsmanager:ListSecrets",
		`{"AccessLevels": ["List", "Read"], "Patterns": true, "Except": {"Actions": ["s3:GetObject"]}, "Sid": "A1"}`: "ec2:Describe* ec2:GetConsoleOutput s3:GetObjectAcl s3:ListBucket secretsmanager:GetSecretValue secretsmanager:ListSecrets",
	} {
		doc, err := parse(t, rule).Document(ref)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if got := strings.Join(doc.Statements[0].Action.Strings(), " "); got != want {
			t.Errorf("%s\nmakes %s\nwant  %s", rule, got, want)
		}
	}
	r := parse(t, `{"AccessLevels": ["Tagging"]}`)
	if doc, err := r.Document(ref); !errors.Is(err, jobfunction.ErrNothing) {
		t.Errorf("%v, %v", doc, err)
	}
}

// TestDocumentsGrantWhatTheRuleMeans, by a proof in the reference universe and by looking at every action of the reference.
func TestDocumentsGrantWhatTheRuleMeans(t *testing.T) {
	ref := actions.Shipped()
	for _, text := range []string{
		`{"AccessLevels": ["List", "Read"]}`,
		`{"AccessLevels": ["List", "Read"], "Patterns": true}`,
		`{"AccessLevels": ["List", "Read"], "Except": {"Actions": ["s3:GetObject*", "*:*Secret*", "ssm:GetParameter*"], "Services": ["codecommit"]}, "Patterns": true}`,
		`{"AccessLevels": ["Write", "Tagging", "Permissions management"], "Services": ["s3", "iot*"], "Also": ["ec2:Describe*"], "Patterns": true}`,
	} {
		r := parse(t, text)
		doc, err := r.Document(ref)
		if err != nil {
			t.Fatal(err)
		}
		again, err := r.Document(ref)
		if err != nil || !bytes.Equal(doc.Format(), again.Format()) || !slices.IsSorted(doc.Statements[0].Action.Strings()) {
			t.Errorf("%s: a second document differs, or is in no order: %v", text, err)
		}
		var granted []string
		for _, a := range doc.Statements[0].Action.Strings() {
			matched, err := authref.Expand(a)
			if err != nil {
				t.Fatal(err)
			}
			granted = append(granted, matched...)
		}
		slices.Sort(granted)
		means := r.Actions(ref)
		if granted = slices.Compact(granted); !slices.Equal(granted, means) {
			t.Errorf("%s: the document grants %d actions, and the rule means %d", text, len(granted), len(means))
		}
		explicit := &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{Effect: policy.Allow, Resource: doc.Statements[0].Resource}}}
		for _, a := range means {
			explicit.Statements[0].Action.Values = append(explicit.Statements[0].Action.Values, policy.Value{Text: a})
		}
		side := func(d *policy.Document) prove.Policies { return prove.Policies{Identity: []*policy.Document{d}} }
		c, err := prove.Compare(context.Background(), side(explicit), side(doc), prove.Options{Universe: prove.Reference})
		if err != nil || c.Verdict != prove.Equivalent {
			t.Errorf("%s: the document is %v to what the rule means, %v", text, c, err)
		}
	}
}

// TestPatternsMakeItShort: what lists and reads in one service fits into a customer's managed policy, however large the service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
func TestPatternsMakeItShort(t *testing.T) {
	for _, s := range actions.Shipped().Services() {
		doc, err := parse(t, `{"AccessLevels": ["List", "Read"], "Services": ["`+s.Prefix+`"], "Patterns": true}`).Document(actions.Shipped())
		if errors.Is(err, jobfunction.ErrNothing) {
			continue
		}
		if n := len(strings.Join(strings.Fields(string(doc.Format())), "")); err != nil || n > 6144 {
			t.Errorf("%s: %d characters, %v", s.Prefix, n, err)
		}
	}
}

// TestMeaningByHand holds rules that are made at random against a definition that is read from the comment of the package.
func TestMeaningByHand(t *testing.T) {
	ref := small(t)
	random := rand.New(rand.NewPCG(1, 2))
	some := func(of ...string) (list []string) {
		for _, x := range of {
			if random.IntN(3) == 0 {
				list = append(list, x)
			}
		}
		return list
	}
	matches := func(pattern, name string) bool { // of patterns with one * at most
		before, after, wild := strings.Cut(strings.ToLower(pattern), "*")
		name = strings.ToLower(name)
		return !wild && before == name || wild && len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
	}
	anyOf := func(patterns []string, name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
	}
	tried := 0
	for range 3000 {
		levels, services := some("List", "Read", "Write"), some("s3", "e*", "secretsmanager")
		also, exceptServices, exceptActions := some("s3:Get*", "ec2:GetCoffee"), some("s*", "ec2"), some("s3:*Acl", "ec2:Describe*")
		members := map[string]any{"Patterns": random.IntN(2) == 0}
		except := map[string]any{}
		for name, list := range map[string][]string{"AccessLevels": levels, "Services": services, "Also": also} {
			if len(list) > 0 {
				members[name] = list
			}
		}
		for name, list := range map[string][]string{"Services": exceptServices, "Actions": exceptActions} {
			if len(list) > 0 {
				except[name] = list
			}
		}
		members["Except"] = except
		if len(levels)+len(also) == 0 {
			continue
		}
		text, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		r := parse(t, string(text))
		doc, err := r.Document(ref)
		if err != nil && !errors.Is(err, jobfunction.ErrNothing) {
			t.Fatal(err)
		}
		for _, s := range ref.Services() {
			for _, a := range s.Actions {
				name := s.Prefix + ":" + a.Name
				want := (slices.Contains(levels, a.Level.String()) && (len(services) == 0 || anyOf(services, s.Prefix)) || anyOf(also, name)) &&
					!anyOf(exceptServices, s.Prefix) && !anyOf(exceptActions, name)
				got := doc != nil && anyOf(doc.Statements[0].Action.Strings(), name)
				if tried++; got != want {
					t.Fatalf("%s: %s is granted: %v, want %v", text, name, got, want)
				}
			}
		}
	}
	if tried < 10_000 {
		t.Errorf("only %d actions were looked at", tried)
	}
}

func TestWhatNamesNothingIsFound(t *testing.T) {
	ref := small(t)
	for rule, want := range map[string]string{
		`{"AccessLevels": ["List"], "Except": {"Actions": ["s3:GetObject"]}}`:               "",
		`{"AccessLevels": ["List"], "Except": {"Actions": ["s3:GetObjct"]}}`:                `line 1, column 51: Except.Actions[0]: "s3:GetObjct" is no action of the reference`,
		`{"AccessLevels": ["List"], "Services": ["s3", "s4"]}`:                              `line 1, column 47: Services[1]: "s4" is no service of the reference`,
		`{"AccessLevels": ["List"], "Also": ["ec2:Run*"]}`:                                  `line 1, column 37: Also[0]: "ec2:Run*" is no action of the reference`,
		`{"AccessLevels": ["List"], "Except": {"Services": ["S3"], "Actions": ["s4:Get"]}}`: `line 1, column 71: Except.Actions[0]: "s4:Get" is no action of the reference`,
		`{"AccessLevels": ["List"], "Except": {"Services": ["nope"], "Actions": ["s3:*"]}}`: `line 1, column 52: Except.Services[0]: "nope" is no service of the reference`,
	} {
		got := ""
		if err := parse(t, rule).Check(ref); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngives %s\nwant  %s", rule, got, want)
		}
	}
	later := parse(t, `{"AccessLevels": ["List"], "Except": {"Services": ["s3", "nope*"], "Actions": ["s3:*Secret*", "ec2:*"]}}`)
	if err := later.Check(ref); err != nil {
		t.Error(err)
	}
	if idle := later.Idle(ref); len(idle) != 2 || idle[0].Path != "Except.Services[1]" || idle[1].Path != "Except.Actions[0]" {
		t.Errorf("%v", idle)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		``:                                       "line 1, column 1: expected a value",
		`[]`:                                     "line 1, column 1: expected an object, found a list",
		`{}`:                                     "line 1, column 1: the rule has neither AccessLevels nor Also",
		`{"AccessLevels": []}`:                   "line 1, column 18: AccessLevels: expected a list of texts that is not empty",
		`{"AccessLevels": "Read"}`:               "line 1, column 18: AccessLevels: expected a list of texts",
		`{"AccessLevels": ["read"]}`:             `line 1, column 19: AccessLevels[0]: "read" is no access level; expected List, Read,`,
		`{"AccessLevels": ["Read", 1]}`:          "line 1, column 27: AccessLevels[1]: expected a text, found a number",
		"{\n \"accesslevels\": []}":              `line 2, column 2: "accesslevels" is no member of a rule`,
		`{"Also": ["s3:*"], "Also": ["s3:*"]}`:   `line 1, column 20: "Also" stands twice`,
		`{"Also": ["s3"]}`:                       `line 1, column 11: Also[0]: "s3" is not an action such as s3:GetObject`,
		`{"Also": ["*"]}`:                        `line 1, column 11: Also[0]: "*" is not an action`,
		`{"Also": ["s3:a:b"]}`:                   `line 1, column 11: Also[0]: "s3:a:b" is not an action`,
		`{"Also": ["s3:*"], "Services": ["s:"]}`: `line 1, column 33: Services[0]: "s:" is not a service's prefix`,
		`{"Also": ["s3:*"], "Except": []}`:       "line 1, column 30: Except: expected an object, found a list",
		`{"Also": ["s3:*"], "Except": {"Action": ["s3:*"]}}`:             `line 1, column 31: Except: "Action" is no member of a rule`,
		`{"Also": ["s3:*"], "Except": {"Actions": ["x"]}}`:               `line 1, column 43: Except.Actions[0]: "x" is not an action`,
		`{"Also": ["s3:*"], "Sid": "a b"}`:                               "line 1, column 27: Sid: expected a text of letters and digits",
		`{"Also": ["s3:*"], "Patterns": 1}`:                              "line 1, column 32: Patterns: expected true or false, found a number",
		`{"Also": ["` + strings.Repeat("x", jobfunction.MaxSize) + `"]}`: "line 1, column 1: the rule has 65550 bytes; at most 65536 are read",
	} {
		r, err := jobfunction.Parse([]byte(text))
		if _, typed := errors.AsType[*policy.Error](err); !typed || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60s\ngives %v, %v\nwant  %s", text, r, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"AccessLevels": ["List", "Permissions management"], "Services": ["s*"], "Also": ["ec2:Get*"], "Except": {"Services": ["s3"], "Actions": ["*:*A?l"]}, "Sid": "A", "Patterns": true}`)
	f.Add(`{"Also": ["s3:*"], "Except": {}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := jobfunction.Parse([]byte(text))
		if err != nil {
			if _, typed := errors.AsType[*policy.Error](err); !typed {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		again, err := jobfunction.Parse(r.Format())
		if err != nil || !bytes.Equal(again.Format(), r.Format()) {
			t.Errorf("%s is printed as %s, which is read as %v, %v", text, r.Format(), again, err)
		}
	})
}
