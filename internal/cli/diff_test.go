package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/writ-iam/writ/managed"
)

// A comparison is the JSON of writ diff, as docs/diff.md has it.
type comparison struct {
	Verdict       string
	Universe      string
	Adds, Removes []difference
	Unknown       []struct {
		Direction, Reason string
		Actions           []string
	}
}

type difference struct {
	Actions, Patterns []string
	When              string
	By, Denied        []struct{ Policy, Source string }
	Witness           json.RawMessage
	Notes             []string
}

func diff(t *testing.T, args ...string) (c comparison) {
	t.Helper()
	status, stdout, stderr := run(t, "", append([]string{"diff", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &c); status != 0 || stderr != "" || err != nil {
		t.Fatalf("writ diff %s: exit status %d, %s%v", strings.Join(args, " "), status, stderr, err)
	}
	if strings.Contains(stdout, "null") {
		t.Errorf("writ diff %s: null in %s", strings.Join(args, " "), stdout)
	}
	return c
}

func actionsOf(differences []difference) (actions []string) {
	for _, d := range differences {
		actions = append(actions, d.Actions...)
	}
	return actions
}

// TestHistoryOfAmplify is what became of AdministratorAccess-Amplify, of which AWS says that permissions are only ever added.
func TestHistoryOfAmplify(t *testing.T) {
	const policy = "AdministratorAccess-Amplify@v"
	for _, c := range []struct {
		from, to          int
		universe, verdict string
	}{
		{2, 3, "open", "broader"},
		{4, 5, "open", "narrower"},
		{4, 5, "reference", "equivalent"},
		{10, 11, "open", "broader"},
		{10, 11, "reference", "broader"},
	} {
		got := diff(t, fmt.Sprint(policy, c.from), fmt.Sprint(policy, c.to), "--universe", c.universe)
		if got.Verdict != c.verdict || got.Universe != c.universe || len(got.Unknown) > 0 {
			t.Errorf("v%d to v%d: %+v, not %s in the %s universe", c.from, c.to, got, c.verdict, c.universe)
		}
		var adds, removes []string
		switch {
		case c.from == 4 && c.universe == "open":
			removes = []string{"lambda:GetLayerVersionByArn"}
		case c.from == 10:
			adds = []string{"ecr:DescribeRepositories"}
		case c.from == 2:
			adds = actionsOf(got.Adds)
		}
		if !slices.Equal(actionsOf(got.Removes), removes) || !slices.Equal(actionsOf(got.Adds), adds) {
			t.Errorf("v%d to v%d adds %q and removes %q", c.from, c.to, actionsOf(got.Adds), actionsOf(got.Removes))
		}
	}
}

// sidePolicies are policies of one side, as the flags name them and as a case has them.
type sidePolicies map[string]string

// sideFiles are policies whose differences are of every kind.
const sideFiles = `
-- tags.json --
{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*"},
	{"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]}
-- wide.json --
{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*/*"},
	{"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:CreateTags"], "Resource": "*", "Condition": {
		"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]}, "NumericLessThan": {"ec2:VolumeSize": "100"},
		"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}, "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}}]}
-- role.json --
{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": ["iam:PassRole", "sts:AssumeRole"], "Resource": "arn:aws:iam::111122223333:role/app-*",
		"Condition": {"StringEqualsIfExists": {"iam:PassedToService": "lambda.amazonaws.com"}}},
	{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "NotResource": "arn:aws:s3:::secret/*",
		"Condition": {"StringLike": {"aws:username": "dev-*"}}}]}
-- deny.json --
{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "*", "Resource": "*"},
	{"Effect": "Deny", "NotAction": ["s3:*", "sts:*"], "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}}]}
`

// TestWitnessesAreConfirmed gives each witness to writ decide --cases, with the policies of each side. One of an action that
// supports no resource-level permissions is decided otherwise than it is written, of which both commands have the same note.
func TestWitnessesAreConfirmed(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, f := range txtar.Parse([]byte(sideFiles)).Files {
		if err := os.WriteFile(f.Name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var pairs [][2]sidePolicies
	add := func(old, new sidePolicies) { pairs = append(pairs, [2]sidePolicies{old, new}) }
	for _, name := range []string{"AdministratorAccess-Amplify", "AWSCloudTrail_FullAccess", "AmazonEKSClusterPolicy", "AWSLambda_FullAccess"} {
		p, ok := managed.Lookup(name)
		if !ok {
			t.Fatalf("no policy %s", name)
		}
		for versions := p.Versions(); len(versions) > 1; versions = versions[1:] {
			add(sidePolicies{"policy": versions[0].Ref()}, sidePolicies{"policy": versions[1].Ref()})
		}
	}
	files := []string{"tags.json", "wide.json", "role.json"}
	for i, old := range files {
		for _, new := range files[i+1:] {
			add(sidePolicies{"policy": old}, sidePolicies{"policy": new})
		}
		for _, limit := range []string{"boundary", "session", "scp"} {
			add(sidePolicies{"policy": old}, sidePolicies{"policy": old, limit: "deny.json"})
		}
	}
	for _, limit := range []string{"boundary", "session", "scp"} {
		add(sidePolicies{"policy": "wide.json", limit: "tags.json"}, sidePolicies{"policy": "wide.json", limit: "wide.json"})
	}
	witnesses := 0
	for _, pair := range pairs {
		var args []string
		for i, prefix := range []string{"--old-", "--new-"} {
			for flag, name := range pair[i] {
				args = append(args, prefix+flag, name)
			}
		}
		c := diff(t, args...)
		sides := [2]string{pair[0].json(t), pair[1].json(t)}
		confirm(t, strings.Join(args, " "), c.Removes, sides[0], sides[1])
		confirm(t, strings.Join(args, " "), c.Adds, sides[1], sides[0])
		witnesses += len(c.Removes) + len(c.Adds)
	}
	if witnesses < 60 {
		t.Errorf("only %d witnesses were found", witnesses)
	}
}

// confirm checks that one side allows each witness, and the other does not.
func confirm(t *testing.T, name string, differences []difference, allows, other string) {
	t.Helper()
	var cases strings.Builder
	for _, d := range differences {
		fmt.Fprintf(&cases, `{"request":%s,"policies":%s}`+"\n"+`{"request":%[1]s,"policies":%[3]s}`+"\n", d.Witness, allows, other)
	}
	status, stdout, stderr := run(t, cases.String(), "decide", "--cases", "-")
	if status != 0 {
		t.Fatalf("%s: %s%s\n%s", name, stderr, stdout, cases.String())
	}
	type decision struct {
		Decision string
		Notes    []string
	}
	dec := json.NewDecoder(strings.NewReader(stdout))
	for _, d := range differences {
		var allowed, not decision
		if err := errors.Join(dec.Decode(&allowed), dec.Decode(&not)); err != nil {
			t.Fatal(err)
		}
		isDecidedOtherwise := slices.ContainsFunc(d.Notes, func(note string) bool {
			return strings.Contains(note, "supports no resource-level permissions") && slices.Contains(allowed.Notes, note)
		})
		if !isDecidedOtherwise && allowed.Decision != "allowed" || not.Decision == "allowed" {
			t.Errorf("writ diff %s\n%q %s\n%s\nis %s and %s", name, d.Actions, d.When, d.Witness, allowed.Decision, not.Decision)
		}
	}
}

// json returns the policies as those of a case.
func (s sidePolicies) json(t *testing.T) string {
	var members []string
	for flag, name := range s {
		doc := fmt.Sprintf("%q", name)
		if strings.HasSuffix(name, ".json") {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			doc = strings.ReplaceAll(string(src), "\n", " ")
		}
		switch flag {
		case "policy":
			flag, doc = "identity", "["+doc+"]"
		case "session":
			doc = "[" + doc + "]"
		case "scp":
			doc = "[[" + doc + "]]"
		}
		members = append(members, fmt.Sprintf("%q:%s", flag, doc))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// TestDocumentedDiffs runs the comparisons that the documentation shows.
func TestDocumentedDiffs(t *testing.T) {
	for file, want := range map[string]int{"../../README.md": 1, "../../docs/diff.md": 1} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown := regexp.MustCompile("(?s)```sh\nwrit (diff [^\n]*)\n```\n\n```\n(.*?)```").FindAllStringSubmatch(string(src), -1)
		if len(shown) != want {
			t.Errorf("%s: %d comparisons are found, not %d", file, len(shown), want)
		}
		for _, s := range shown {
			if _, stdout, _ := run(t, "", strings.Fields(s[1])...); stdout != s[2] {
				t.Errorf("%s: writ %s prints\n%s", file, s[1], stdout)
			}
		}
	}
	src, err := os.ReadFile("../../docs/diff.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	_, rest, _ := strings.Cut(string(src), "```json\n")
	object, _, _ := strings.Cut(rest, "```")
	if err := json.Compact(&shown, []byte(object)); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := run(t, "", "diff", "--json", "AdministratorAccess-Amplify@v4", "AdministratorAccess-Amplify@v5")
	if strings.TrimSpace(stdout) != shown.String() {
		t.Errorf("docs/diff.md: the JSON is %s", stdout)
	}
}
