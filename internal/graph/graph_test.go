package graph_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/internal/graph"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// shipped returns the document in force of an AWS managed policy.
func shipped(arn string) *policy.Document {
	p, ok := managed.Lookup(arn)
	if !ok {
		return nil
	}
	doc, err := policy.Parse(p.Default().Document())
	if err != nil {
		return nil
	}
	return doc
}

func build(t *testing.T, src []byte, o graph.Options) *graph.Graph {
	t.Helper()
	var d authdetails.Details
	if err := d.Read(bytes.NewReader(src)); err != nil {
		t.Fatal(err)
	}
	o.Document = shipped
	g, err := graph.Build(t.Context(), &d, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Missing()) > 0 || len(g.Doubts) > 0 {
		t.Errorf("missing: %v; doubts: %v", g.Missing(), g.Doubts)
	}
	return g
}

// wayOf returns the methods of the shortest path, and confirms its requests.
func wayOf(t *testing.T, g *graph.Graph, from, to string, s graph.Search) string {
	t.Helper()
	start, err := g.Principal(from)
	if err != nil {
		t.Fatal(err)
	}
	goals, err := g.Goal(to)
	if err != nil {
		t.Fatal(err)
	}
	paths := g.Paths(start, goals, s)
	if len(paths) == 0 {
		return "none"
	}
	var ids []string
	for i := range paths[0].Steps {
		s := &paths[0].Steps[i]
		if s.Method == nil {
			ids = append(ids, "-")
			continue
		}
		ids = append(ids, s.Method.ID)
		if requests, err := g.Requests(t.Context(), s); err != nil || len(requests) == 0 {
			t.Errorf("%s to %s: %d requests, error %v", s.From, s.To, len(requests), err)
		}
	}
	return strings.Join(ids, ", ")
}

func TestVulnerableAccounts(t *testing.T) {
	a, err := txtar.ParseFile("testdata/vulnerable.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) < 80 {
		t.Errorf("only %d files", len(a.Files))
	}
	for pair := range slices.Chunk(a.Files, 2) {
		name := strings.TrimSuffix(pair[0].Name, ".txt")
		if pair[1].Name != name+".json" {
			t.Fatalf("%s stands beside %s", pair[1].Name, pair[0].Name)
		}
		t.Run(name, func(t *testing.T) {
			g := build(t, pair[1].Data, graph.Options{})
			lines := strings.Split(strings.TrimSpace(string(pair[0].Data)), "\n")[1:]
			for _, line := range lines {
				rest, sure := strings.CutPrefix(line, "sure ")
				i := strings.LastIndex(rest, ": ")
				from, to, _ := strings.Cut(rest[:i], " ")
				if got := wayOf(t, g, from, to, graph.Search{Sure: sure}); got != rest[i+2:] {
					t.Errorf("%s: the path is %s", line, got)
				}
			}
		})
	}
}

// denyRCP returns an RCP that denies to assume roles, under a condition.
func denyRCP(condition string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*"` + condition + `}}`
}

// TestTrust says who can assume a role, by its trust policy and the other side.
func TestTrust(t *testing.T) {
	const (
		here, there = "111122223333", "444455556666"
		allow       = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`
		other       = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`
		deny        = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}}`
		full        = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
		noSTS       = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"sts:*","Resource":"*"}}`
	)
	for _, c := range []struct {
		name      string
		principal string // the Principal element of the trust policy
		condition string
		account   string // of the role
		identity  string
		boundary  string
		scp       string // above the user's account
		scpThere  string // above the other one
		rcp       string // above the role's account
		want      bool
	}{
		{name: "the account, and the user may", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, identity: allow, want: true},
		{name: "the account by its id", principal: `{"AWS":"111122223333"}`, identity: allow, want: true},
		{name: "the account, and the user may not", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, identity: other},
		{name: "the user, who needs no permission", principal: `{"AWS":"arn:aws:iam::111122223333:user/dev"}`, identity: other, want: true},
		{name: "the user, who is denied", principal: `{"AWS":"arn:aws:iam::111122223333:user/dev"}`, identity: deny},
		{name: "another user", principal: `{"AWS":"arn:aws:iam::111122223333:user/other"}`, identity: allow},
		{name: "a service", principal: `{"Service":"lambda.amazonaws.com"}`, identity: allow},
		{name: "another account", principal: `{"AWS":"arn:aws:iam::444455556666:root"}`, identity: allow},
		{name: "everybody", principal: `"*"`, identity: other, want: true},
		{name: "everybody of an organization", principal: `"*"`, condition: `{"StringEquals":{"aws:PrincipalOrgID":"o-a"}}`, identity: allow, want: true},
		{name: "everybody but the user", principal: `"*"`, condition: `{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/dev"}}`, identity: allow},
		{name: "everybody like the user", principal: `"*"`, condition: `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/d*"}}`, identity: allow, want: true},
		{name: "across accounts, both sides", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, account: there, identity: allow, want: true},
		{name: "across accounts, the user, both sides", principal: `{"AWS":"arn:aws:iam::111122223333:user/dev"}`, account: there, identity: allow, want: true},
		{name: "across accounts, the role's side only", principal: `{"AWS":"arn:aws:iam::111122223333:user/dev"}`, account: there, identity: other},
		{name: "across accounts, everybody, the role's side only", principal: `"*"`, account: there, identity: other},
		{name: "across accounts, the user's side only", principal: `{"AWS":"arn:aws:iam::444455556666:root"}`, account: there, identity: allow},
		{name: "across accounts with an external id", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, condition: `{"StringEquals":{"sts:ExternalId":"x"}}`, account: there, identity: allow, want: true},
		{name: "a boundary that allows it", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, identity: allow, boundary: full, want: true},
		{name: "a boundary that does not", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, identity: allow, boundary: noSTS},
		{name: "a boundary that does not, and the user is named", principal: `{"AWS":"arn:aws:iam::111122223333:user/dev"}`, identity: other, boundary: noSTS, want: true},
		{name: "an SCP that does not", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, identity: allow, scp: noSTS},
		{name: "an SCP that does not, and the user is named", principal: `{"AWS":"arn:aws:iam::111122223333:user/dev"}`, identity: allow, scp: noSTS},
		{name: "an SCP above the role's account", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, account: there, identity: allow, scpThere: noSTS, want: true},
		{name: "an RCP that denies it", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, account: there, identity: allow, rcp: denyRCP("")},
		{name: "an RCP that denies it to others", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, account: there, identity: allow,
			rcp: denyRCP(`,"Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}`), want: true},
		{name: "an RCP that denies it to the user", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, account: there, identity: allow,
			rcp: denyRCP(`,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/d*"}}`)},
		{name: "an RCP for an organization", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`, account: there, identity: allow,
			rcp: denyRCP(`,"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a"}}`), want: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			account, condition, bound := here, "", ""
			if c.account != "" {
				account = c.account
			}
			if c.condition != "" {
				condition = `,"Condition":` + c.condition
			}
			policies := ""
			if c.boundary != "" {
				bound = `,"PermissionsBoundary":{"PermissionsBoundaryArn":"arn:aws:iam::111122223333:policy/b"}`
				policies = `{"PolicyName":"b","Arn":"arn:aws:iam::111122223333:policy/b","DefaultVersionId":"v1","PolicyVersionList":[{"VersionId":"v1","Document":` + c.boundary + `}]}`
			}
			src := `{"UserDetailList":[{"UserName":"dev","Arn":"arn:aws:iam::111122223333:user/dev","UserPolicyList":[{"PolicyName":"own","PolicyDocument":` + c.identity + `}]` + bound + `}],
				"RoleDetailList":[{"RoleName":"r","Arn":"arn:aws:iam::` + account + `:role/r","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":` + c.principal + `,"Action":"sts:AssumeRole"` + condition + `}}}],
				"Policies":[` + policies + `]}`
			o := graph.Options{RCPs: func(of string) [][]*policy.Document {
				if c.rcp == "" || of != account {
					return nil
				}
				return [][]*policy.Document{{document(t, c.rcp)}}
			}}
			o.SCPs = func(account string) [][]*policy.Document {
				text := map[string]string{here: c.scp, there: c.scpThere}[account]
				if text == "" {
					return nil
				}
				return [][]*policy.Document{{document(t, text)}}
			}
			g := build(t, []byte(src), o)
			if got := wayOf(t, g, "user/dev", "role/r", graph.Search{}); (got != "none") != c.want {
				t.Errorf("the path is %s", got)
			}
			// Who can by the question is who can by the graph.
			list, err := g.WhoCan(t.Context(), "sts:AssumeRole", "arn:aws:iam::"+account+":role/r")
			if err != nil {
				t.Fatal(err)
			}
			who := slices.ContainsFunc(list, func(a graph.Allowed) bool {
				return a.Request != nil && slices.ContainsFunc(a.Members, func(n graph.Node) bool { return n.String() == "user/dev" })
			})
			if who != c.want {
				t.Errorf("who can: %v", who)
			}
		})
	}
}
