package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/internal/graph"
	"github.com/writ-iam/writ/policy"
)

var (
	first    = flag.Int("first", 0, "the seed of the first random account")
	accounts = flag.Int("accounts", 8, "how many random accounts are compared with brute force")
)

// TestGraphAgreesWithBruteForce builds random small accounts, and compares who reaches whom with what comes of
// judging every principal, method and target by itself.
func TestGraphAgreesWithBruteForce(t *testing.T) {
	paths, doubts := 0, 0
	for seed := *first; seed < *first+*accounts; seed++ {
		src := randomAccounts(rand.New(rand.NewPCG(uint64(seed), 7)))
		var d authdetails.Details
		if err := d.Read(bytes.NewReader(src)); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, src)
		}
		var scps [][]*policy.Document
		if seed%3 == 0 {
			scps = [][]*policy.Document{{document(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":["iam:CreateAccessKey","organizations:*"],"Resource":"*"}]}`)}}
		}
		g, err := graph.Build(t.Context(), &d, graph.Options{SCPs: func(account string) [][]*policy.Document {
			if account == "111122223333" {
				return scps
			}
			return nil
		}}, nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		doubts += len(g.Doubts)
		b := &brute{t: t, d: &d, scps: scps, states: map[string]*state{}, frees: map[string]bool{}}
		want := b.reach()
		for _, e := range d.Principals() {
			n, err := g.Principal(e.ARN)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			admins := map[string]bool{}
			for _, r := range g.Reached(n, graph.Search{}) {
				switch {
				case r.IsAdmin():
					admins[r.Account] = true
				case r.Changed == "":
					got = append(got, r.Entity.ARN)
				}
			}
			for _, other := range d.Principals() {
				if admins[other.Account] && other != e {
					got = append(got, other.ARN)
				}
			}
			for a := range admins {
				got = append(got, "admin "+a)
			}
			slices.Sort(got)
			if !slices.Equal(got, want[e.ARN]) {
				for _, other := range append(got, want[e.ARN]...) {
					if to, err := g.Goal(strings.Replace(other, "admin ", "admin:", 1)); err == nil && slices.Contains(got, other) != slices.Contains(want[e.ARN], other) {
						for _, p := range g.Paths(n, to, graph.Search{Limit: 2}) {
							for _, s := range p.Steps {
								t.Log(s.From, s.Method, s.To, s.Assumes)
							}
						}
					}
				}
				t.Fatalf("seed %d: %s reaches\n\t%v; by brute force\n\t%v\n%s", seed, e.ARN, got, want[e.ARN], src)
			}
			goals, err := g.Goal("admin")
			if err != nil {
				t.Fatal(err)
			}
			found := g.Paths(n, goals, graph.Search{Limit: 3})
			if (len(found) > 0) != (len(admins) > 0) {
				t.Errorf("seed %d: %s: %d paths, and the administrations %v are reached", seed, e.ARN, len(found), admins)
			}
			for _, p := range found {
				paths++
				for i := range p.Steps {
					if requests, err := g.Requests(t.Context(), &p.Steps[i]); err != nil {
						t.Errorf("seed %d: %s to %s: %v", seed, p.Steps[i].From, p.Steps[i].To, err)
					} else if len(requests) == 0 && p.Steps[i].Method != nil {
						t.Errorf("seed %d: no requests of %s", seed, p.Steps[i].Method.ID)
					}
				}
			}
		}
	}
	if paths < *accounts/2 || doubts > 10**accounts {
		t.Errorf("%d paths were found, with %d doubts", paths, doubts)
	}
}

func document(t *testing.T, src string) *policy.Document {
	t.Helper()
	doc, err := policy.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// randomAccounts returns the details of two accounts, of which the second is small.
func randomAccounts(r *rand.Rand) []byte {
	type object = map[string]any
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	chance := func(percent int) bool { return r.IntN(100) < percent }
	const one, two = "111122223333", "444455556666"
	statement := func() object {
		s := object{"Effect": "Allow"}
		var actions []string
		for range 1 + r.IntN(3) {
			actions = append(actions, pick("iam:PassRole", "lambda:*", "lambda:UpdateFunctionCode", "ec2:RunInstances", "iam:CreateAccessKey", "iam:UpdateLoginProfile", "sts:AssumeRole",
				"iam:PutUserPolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:AddUserToGroup",
				"iam:PutGroupPolicy", "iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPolicy", "iam:DetachUserPolicy", "iam:RemoveUserFromGroup", "ssm:StartSession", "s3:GetObject", "iam:Create*"))
		}
		s["Action"] = actions
		s["Resource"] = pick("*", "*", "arn:aws:iam::*:role/r*", "arn:aws:iam::"+one+":role/r1", "arn:aws:iam::*:user/u1", "arn:aws:iam::"+one+":user/${aws:username}",
			"arn:aws:iam::"+one+":group/*", "arn:aws:iam::"+one+":policy/p?", "arn:aws:lambda:*:*:function:*", "arn:aws:iam::"+two+":role/*", "arn:aws:iam::*:role/${aws:PrincipalTag/team}*")
		if chance(4) {
			s["Action"], s["Resource"] = "*", "*"
		}
		if chance(6) {
			delete(s, "Action")
			s["NotAction"], s["Resource"] = []string{"iam:*", "organizations:*"}, "*"
		}
		if chance(15) {
			s["Effect"] = "Deny"
		}
		switch r.IntN(14) {
		case 0:
			s["Condition"] = object{"StringEquals": object{"iam:PassedToService": pick("lambda.amazonaws.com", "ec2.amazonaws.com")}}
		case 1:
			s["Condition"] = object{"Bool": object{"aws:MultiFactorAuthPresent": pick("true", "false")}}
		case 2:
			s["Condition"] = object{"StringEquals": object{pick("aws:ResourceTag/team", "iam:ResourceTag/team"): pick("a", "b", "${aws:PrincipalTag/team}")}}
		case 3:
			s["Condition"] = object{"StringEquals": object{"aws:PrincipalTag/team": pick("a", "b")}}
		case 4:
			s["Condition"] = object{"ArnLike": object{"aws:PrincipalArn": pick("arn:aws:iam::*:user/u1", "arn:aws:iam::*:role/*")}}
		}
		return s
	}
	doc := func() object {
		var list []object
		for range 1 + r.IntN(2) {
			list = append(list, statement())
		}
		return object{"Version": "2012-10-17", "Statement": list}
	}
	var policies []object
	var arns []string
	for i := range 3 {
		arn := fmt.Sprintf("arn:aws:iam::%s:policy/p%d", one, i)
		arns = append(arns, arn)
		versions := []object{{"VersionId": "v2", "IsDefaultVersion": true, "Document": doc()}}
		if chance(30) {
			versions = append(versions, object{"VersionId": "v1", "Document": object{"Version": "2012-10-17", "Statement": object{"Effect": "Allow", "Action": "*", "Resource": "*"}}})
		}
		policies = append(policies, object{"PolicyName": fmt.Sprintf("p%d", i), "Arn": arn, "DefaultVersionId": "v2", "PolicyVersionList": versions})
	}
	give := func(e object, inline string, account string) object {
		if chance(60) {
			e[inline] = []object{{"PolicyName": "own", "PolicyDocument": doc()}}
		}
		if account == one && chance(30) {
			e["AttachedManagedPolicies"] = []object{{"PolicyArn": pick(arns...)}}
		}
		if account == one && chance(20) {
			e["PermissionsBoundary"] = object{"PermissionsBoundaryArn": pick(arns...)}
		}
		if chance(50) {
			e["Tags"] = []object{{"Key": "team", "Value": pick("a", "b", "r")}}
		}
		return e
	}
	var users, groups, roles []object
	for i := range 2 {
		g := object{"GroupName": fmt.Sprintf("g%d", i), "Arn": fmt.Sprintf("arn:aws:iam::%s:group/g%d", one, i)}
		give(g, "GroupPolicyList", one)
		delete(g, "PermissionsBoundary")
		delete(g, "Tags")
		groups = append(groups, g)
	}
	for i := range 4 {
		u := give(object{"UserName": fmt.Sprintf("u%d", i), "Arn": fmt.Sprintf("arn:aws:iam::%s:user/u%d", one, i)}, "UserPolicyList", one)
		if chance(50) {
			u["GroupList"] = []string{pick("g0", "g1")}
		}
		users = append(users, u)
	}
	users = append(users, give(object{"UserName": "v0", "Arn": "arn:aws:iam::" + two + ":user/v0"}, "UserPolicyList", two))
	for i := range 6 {
		account := one
		if i > 3 {
			account = two
		}
		trust := object{"Effect": "Allow", "Action": "sts:AssumeRole"}
		switch r.IntN(8) {
		case 0, 1, 2:
			trust["Principal"] = object{"Service": pick("lambda.amazonaws.com", "ec2.amazonaws.com")}
		case 3:
			trust["Principal"] = object{"AWS": "arn:aws:iam::" + pick(one, two) + ":root"}
		case 4:
			trust["Principal"] = object{"AWS": pick(one, "*")}
			trust["Condition"] = object{"ArnLike": object{"aws:PrincipalArn": pick("arn:aws:iam::*:user/u*", "arn:aws:iam::*:role/r1")}}
		case 5:
			trust["Principal"] = object{"AWS": pick("arn:aws:iam::"+one+":user/u1", "arn:aws:iam::"+one+":role/r0", "arn:aws:iam::"+two+":user/v0")}
		case 6:
			trust["Principal"] = object{"AWS": "arn:aws:iam::" + one + ":root"}
			trust["Condition"] = object{"StringEquals": object{"sts:ExternalId": "x"}, "Bool": object{"aws:MultiFactorAuthPresent": pick("true", "false")}}
		case 7:
			trust["Principal"] = object{"AWS": "arn:aws:iam::" + one + ":root"}
			trust["Condition"] = object{"StringEquals": object{"aws:PrincipalTag/team": "a"}}
		}
		statements := []object{trust}
		if chance(10) {
			statements = append(statements, object{"Effect": "Deny", "Principal": object{"AWS": "arn:aws:iam::" + one + ":user/u1"}, "Action": "sts:*"})
		}
		role := give(object{"RoleName": fmt.Sprintf("r%d", i), "Arn": fmt.Sprintf("arn:aws:iam::%s:role/r%d", account, i), "AssumeRolePolicyDocument": object{"Version": "2012-10-17", "Statement": statements}}, "RolePolicyList", account)
		if chance(50) {
			role["InstanceProfileList"] = []object{{"Arn": "arn:aws:iam::" + account + ":instance-profile/x"}}[:r.IntN(2)]
		}
		roles = append(roles, role)
	}
	src, err := json.MarshalIndent(object{"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies}, "", " ")
	if err != nil {
		panic(err)
	}
	return src
}

// brute finds out the same as a graph, one principal, method and target at a time, by all their policies.
type brute struct {
	t      *testing.T
	d      *authdetails.Details
	scps   [][]*policy.Document
	states map[string]*state
	order  []*state
	frees  map[string]bool // whether a boundary bounds nothing
}

// A state is a principal with the policies that it has after some methods.
type state struct {
	key      string
	e        *authdetails.Entity
	groups   []*authdetails.Entity
	bounded  bool
	stripped [3]bool // of inline, attached and group policies with a Deny
	all      bool
	joined   bool
	to       map[string]bool
}

func (b *brute) state(s state) *state {
	s.key = fmt.Sprintf("%s %t %v %t %t", s.e.ARN, s.bounded, s.stripped, s.all, s.joined)
	if known := b.states[s.key]; known != nil {
		return known
	}
	s.to = map[string]bool{}
	b.states[s.key] = &s
	b.order = append(b.order, &s)
	return &s
}

func denies(doc *policy.Document) bool {
	return slices.ContainsFunc(doc.Statements, func(st policy.Statement) bool { return st.Effect == policy.Deny })
}

func (b *brute) inForce(arn string) *policy.Document {
	m := b.d.Policies[arn]
	return m.Versions[m.Default]
}

var allowAll = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{Effect: policy.Allow, Action: policy.Element{Values: []policy.Value{{Text: "*"}}}, Resource: policy.Element{Values: []policy.Value{{Text: "*"}}}}}}

func (b *brute) policies(s *state, without string, more ...*policy.Document) (p prove.Policies) {
	p.Identity = []*policy.Document{{Version: policy.V2012, Statements: []policy.Statement{{Effect: policy.Allow, Action: policy.Element{Values: []policy.Value{{Text: "sts:GetCallerIdentity"}}}, Resource: policy.Element{Values: []policy.Value{{Text: "*"}}}}}}}
	p.Identity = append(p.Identity, more...)
	have := s.groups
	if !s.joined {
		have = append([]*authdetails.Entity{s.e}, have...)
	}
	for _, e := range have {
		for _, in := range e.Inline {
			if strip := s.stripped[0] && e == s.e || s.stripped[2] && e != s.e; !strip || !denies(in.Document) {
				p.Identity = append(p.Identity, in.Document)
			}
		}
		for _, arn := range e.Attached {
			doc := b.inForce(arn)
			if strip := s.stripped[1] && e == s.e || s.stripped[2] && e != s.e; (!strip || !denies(doc)) && arn != without {
				p.Identity = append(p.Identity, doc)
			}
		}
	}
	if s.all {
		p.Identity = append(p.Identity, allowAll)
	}
	if s.bounded {
		p.Boundary = b.inForce(s.e.Boundary)
	}
	if s.e.Account == "111122223333" {
		p.SCPs = b.scps
	}
	return p
}

func (b *brute) covers(p prove.Policies) bool {
	r, err := prove.Exceeds(context.Background(), prove.Policies{Identity: []*policy.Document{allowAll}, SCPs: p.SCPs}, p, prove.Options{First: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.Answer == prove.Proved
}

func (b *brute) free(s *state) bool {
	if !s.bounded {
		return true
	}
	key := s.e.Boundary + s.e.Account
	if known, ok := b.frees[key]; ok {
		return known
	}
	b.frees[key] = b.covers(prove.Policies{Identity: []*policy.Document{allowAll}, Boundary: b.inForce(s.e.Boundary), SCPs: b.policies(s, "").SCPs})
	return b.frees[key]
}

func (b *brute) serves(role *authdetails.Entity, service string) bool {
	trust, err := eval.Compile(role.Trust, eval.Resource)
	if err != nil {
		b.t.Fatal(err)
	}
	who, err := eval.ParsePrincipal(service)
	if err != nil {
		b.t.Fatal(err)
	}
	p := eval.Policies{Resource: trust}
	return p.Decide(&eval.Request{Principal: who, Action: "sts:AssumeRole", Resource: role.ARN}).Allowed()
}

// assumes tries all contexts that could matter.
func (b *brute) assumes(s *state, role *authdetails.Entity) bool {
	compile := func(doc *policy.Document, t eval.PolicyType) *eval.Policy {
		c, err := eval.Compile(doc, t)
		if err != nil {
			b.t.Fatal(err)
		}
		return c
	}
	docs := b.policies(s, "")
	p := eval.Policies{Resource: compile(role.Trust, eval.Resource)}
	for _, doc := range docs.Identity {
		p.Identity = append(p.Identity, compile(doc, eval.Identity))
	}
	if docs.Boundary != nil {
		p.Boundary = compile(docs.Boundary, eval.Boundary)
	}
	for _, level := range docs.SCPs {
		var list []*eval.Policy
		for _, doc := range level {
			list = append(list, compile(doc, eval.SCP))
		}
		p.SCPs = append(p.SCPs, list)
	}
	text := s.e.ARN
	if s.e.Kind == "role" {
		text = strings.NewReplacer("iam::", "sts::", ":role/", ":assumed-role/").Replace(text) + "/s"
	}
	who, err := eval.ParsePrincipal(text)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, external := range []bool{false, true} {
		for _, mfa := range []string{"", "true", "false"} {
			values := map[string][]string{"aws:SecureTransport": {"true"}}
			if external {
				values["sts:ExternalId"] = []string{"x"}
			}
			if mfa != "" {
				values["aws:MultiFactorAuthPresent"] = []string{mfa}
			}
			for k, v := range s.e.Tags {
				values["aws:PrincipalTag/"+k] = []string{v}
			}
			for k, v := range role.Tags {
				values["aws:ResourceTag/"+k], values["iam:ResourceTag/"+k] = []string{v}, []string{v}
			}
			c, err := condition.NewContext(values)
			if err != nil {
				b.t.Fatal(err)
			}
			if p.Decide(&eval.Request{Principal: who, Action: "sts:AssumeRole", Resource: role.ARN, Context: c}).Allowed() {
				return true
			}
		}
	}
	return false
}

// reach returns whom each principal reaches.
func (b *brute) reach() map[string][]string {
	for _, e := range b.d.Principals() {
		b.state(state{e: e, groups: b.d.GroupsOf(e), bounded: e.Boundary != ""})
	}
	for i := 0; i < len(b.order); i++ {
		b.edges(b.order[i])
	}
	base := map[string]*state{}
	for _, s := range b.order {
		if base[s.e.ARN] == nil {
			base[s.e.ARN] = s
		}
	}
	result := map[string][]string{}
	for _, e := range b.d.Principals() {
		seen := map[string]bool{}
		queue := []string{base[e.ARN].key}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			if seen[at] {
				continue
			}
			seen[at] = true
			if account, ok := strings.CutPrefix(at, "admin "); ok {
				for _, other := range b.d.Principals() {
					if other.Account == account {
						queue = append(queue, base[other.ARN].key)
					}
				}
				continue
			}
			for next := range b.states[at].to {
				queue = append(queue, next)
			}
		}
		for key := range seen {
			if strings.HasPrefix(key, "admin ") {
				result[e.ARN] = append(result[e.ARN], key)
			} else if s := b.states[key]; s == base[s.e.ARN] && s.e != e && !s.joined {
				result[e.ARN] = append(result[e.ARN], s.e.ARN)
			}
		}
		slices.Sort(result[e.ARN])
	}
	return result
}

// edges finds all that a state leads to.
func (b *brute) edges(s *state) {
	admin := "admin " + s.e.Account
	if b.covers(b.policies(s, "")) {
		s.to[admin] = true
	}
	account := func(list []*authdetails.Entity) []*authdetails.Entity {
		return slices.DeleteFunc(slices.Clone(list), func(e *authdetails.Entity) bool { return e.Account != s.e.Account })
	}
	key := func(e *authdetails.Entity) string {
		return b.state(state{e: e, groups: b.d.GroupsOf(e), bounded: e.Boundary != ""}).key
	}
	tags := s.e.Tags
	if tags == nil {
		tags = map[string]string{}
	}
	asker, err := escalate.NewAsker(context.Background(), &escalate.Holder{Policies: b.policies(s, ""), Principal: s.e.ARN, Tags: tags}, escalate.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range b.d.Principals() {
		facts := escalate.Facts{}
		for k, v := range e.Tags {
			facts["aws:ResourceTag/"+k], facts["iam:ResourceTag/"+k] = v, v
		}
		if e.Boundary != "" {
			facts["iam:PermissionsBoundary"] = e.Boundary
		}
		asker.Know(e.ARN, facts)
	}
	assumable := map[*authdetails.Entity]bool{}
	for _, role := range b.d.Roles {
		if assumable[role] = b.assumes(s, role); assumable[role] {
			s.to[key(role)] = true
		}
	}
	change := func(with func(*state)) {
		c := *s
		with(&c)
		s.to[b.state(c).key] = true
	}
	own := func() { // the holder gets what permissions it likes
		if b.free(s) {
			s.to[admin] = true
		} else {
			change(func(c *state) { c.all = true })
		}
	}
	var customer []string // policies of its own
	have := s.groups
	if !s.joined {
		have = append([]*authdetails.Entity{s.e}, have...)
	}
	for _, e := range have {
		customer = append(customer, e.Attached...)
	}
	group := escalate.Resource{Type: "group", Name: escalate.Other}
	managed := escalate.Resource{Type: "policy", Name: escalate.Other}
	for _, m := range escalate.Methods() {
		if slices.Contains(m.Needs, "a holder that is a user") && s.e.Kind != "user" || slices.ContainsFunc(m.Needs, func(need string) bool { return strings.Contains(need, "which AWS closed") }) {
			continue
		}
		if m.Kind() != "" && m.Kind() != s.e.Kind || m.Gains == escalate.Application || strings.Contains(m.ID, "saml") || strings.Contains(m.ID, "oidc") {
			continue
		}
		calls := slices.Concat(m.Steps...)
		has := func(f func(c escalate.Call) bool) bool { return slices.ContainsFunc(calls, f) }
		acts := func(action string) bool { return has(func(c escalate.Call) bool { return c.Action == action }) }
		assume := !acts("iam:UpdateAssumeRolePolicy") && has(func(c escalate.Call) bool {
			return c.Action == "sts:AssumeRole" && !c.Trusted && c.On.Name == escalate.Other
		})
		target := ""
		for _, c := range calls {
			if c.On.Name == escalate.Other && (c.On.Type == "user" || c.On.Type == "role") {
				target = c.On.Type
			}
		}
		if assume { // trust is asked about above, together with the policies
			if len(m.Steps) == 1 {
				continue
			}
			without := *m
			without.Steps = slices.DeleteFunc(slices.Clone(m.Steps), func(step escalate.Step) bool { return step[0].Action == "sts:AssumeRole" })
			m = &without
		}
		usable := func(on map[escalate.Resource]string) bool { return asker.JudgeOn(m, on).Status.Usable() }
		targets := account(b.d.Users)
		if target == "role" || m.Target.Kind == "role" {
			targets = account(b.d.Roles)
		}
		switch {
		case m.Gains == escalate.Principal:
			for _, e := range targets {
				needsProfile := slices.Contains(m.Needs, "an instance profile of the role") && e.InstanceProfiles != nil && len(e.InstanceProfiles) == 0
				if service := m.Target.Trusts; service != "" && (!b.serves(e, service) || needsProfile) {
					continue
				}
				if f := asker.Judge(m, e.ARN); f.Status.Usable() {
					s.to[key(e)] = true
				}
			}
		case m.Gains == escalate.Restriction:
			self := has(func(c escalate.Call) bool { return c.On.Name == escalate.Self })
			inGroups := slices.DeleteFunc(slices.Clone(s.groups), func(g *authdetails.Entity) bool {
				return !slices.ContainsFunc(g.Attached, func(a string) bool { return denies(b.inForce(a)) }) && !slices.ContainsFunc(g.Inline, func(in authdetails.Inline) bool { return denies(in.Document) })
			})
			switch {
			case s.joined:
			case strings.Contains(m.ID, "boundary"):
				if s.bounded && usable(nil) {
					change(func(c *state) { c.bounded = false })
				}
			case self && strings.Contains(m.ID, "inline"):
				if slices.ContainsFunc(s.e.Inline, func(in authdetails.Inline) bool { return denies(in.Document) }) && usable(nil) {
					change(func(c *state) { c.stripped[0] = true })
				}
			case self:
				if slices.ContainsFunc(s.e.Attached, func(a string) bool { return denies(b.inForce(a)) }) && usable(nil) {
					change(func(c *state) { c.stripped[1] = true })
				}
			default:
				all := len(inGroups) > 0
				for _, g := range inGroups {
					all = all && usable(map[escalate.Resource]string{group: g.ARN})
				}
				if all {
					change(func(c *state) { c.stripped[2] = true })
				}
			}
		case target != "":
			on := escalate.Resource{Type: target, Name: escalate.Other}
			for _, e := range targets {
				if e.Boundary != "" && !b.free(b.state(state{e: e, groups: b.d.GroupsOf(e), bounded: true})) || assume && !assumable[e] || e == s.e {
					continue
				}
				if !acts("iam:CreatePolicyVersion") {
					if usable(map[escalate.Resource]string{on: e.ARN}) {
						s.to[admin] = true
					}
					continue
				}
				for _, arn := range e.Attached {
					if usable(map[escalate.Resource]string{on: e.ARN, managed: arn}) {
						s.to[admin] = true
					}
				}
			}
		case has(func(c escalate.Call) bool { return c.On.Name == escalate.Self }):
			if usable(nil) {
				own()
			}
		case has(func(c escalate.Call) bool {
			return c.On.Name == escalate.Own && (c.On.Type == "user" || c.On.Type == "role")
		}):
			withoutGroups := *m
			withoutGroups.Steps = nil
			for _, step := range m.Steps {
				withoutGroups.Steps = append(withoutGroups.Steps, slices.DeleteFunc(slices.Clone(step), func(c escalate.Call) bool { return c.On == group }))
			}
			if asker.Judge(&withoutGroups, "").Status.Usable() {
				s.to[admin] = true
			}
		case acts("iam:AddUserToGroup") && has(func(c escalate.Call) bool { return c.On == group }):
			for _, g := range account(b.d.Groups) {
				if b.free(s) && usable(map[escalate.Resource]string{group: g.ARN}) {
					e := &authdetails.Entity{Kind: "user", Name: "member-of-" + g.Name, Account: g.Account, ARN: "arn:aws:iam::" + g.Account + ":user/member-of-" + g.Name}
					s.to[b.state(state{e: e, groups: []*authdetails.Entity{g}, joined: true}).key] = true
				}
			}
		case has(func(c escalate.Call) bool { return c.On == group }):
			for _, g := range s.groups {
				if usable(map[escalate.Resource]string{group: g.ARN}) {
					own()
				}
			}
		case has(func(c escalate.Call) bool { return c.On == managed }):
			reverts := acts("iam:SetDefaultPolicyVersion")
			for _, arn := range customer {
				old := b.d.Policies[arn].Versions["v1"]
				p := prove.Policies{}
				if reverts {
					if old == nil {
						continue
					}
					p = b.policies(s, arn, old)
					p.Boundary = nil
				}
				if (!reverts || b.covers(p)) && usable(map[escalate.Resource]string{managed: arn}) {
					own()
				}
			}
			if b := s.e.Boundary; s.bounded && !slices.Contains(customer, b) && strings.Contains(b, s.e.Account) && !reverts && usable(map[escalate.Resource]string{managed: b}) {
				change(func(c *state) { c.bounded = false })
			}
		default:
			if usable(nil) {
				own()
			}
		}
	}
}
