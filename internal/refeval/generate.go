package refeval

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// A Source is where the choices of a generated case come from: a *rand.Rand, or [Bytes].
type Source interface {
	// IntN returns a number from 0 to n-1. The generator asks for at most 100.
	IntN(n int) int
}

// Bytes is a Source that makes each choice by the next byte, so that a fuzzer's mutations stay local. When they are
// used up, every choice falls on the last possibility, which never is to go on.
type Bytes []byte

// IntN implements [Source].
func (b *Bytes) IntN(n int) int {
	if len(*b) == 0 {
		return n - 1
	}
	first := (*b)[0]
	*b = (*b)[1:]
	return int(first) % n
}

// Generate makes up a case. The vocabulary is small, and the policies are made with the request in view, so that all
// outcomes are common; about one case in ten has something in it that cannot be understood.
func Generate(s Source) Case {
	g := &generator{Source: s}
	return g.generate()
}

const (
	accountA = "111122223333"
	accountB = "444455556666"
)

// A generator makes up one case.
type generator struct {
	Source
	Case
}

// chance is true in so many of a hundred cases.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// The principals, by kind, with what may be known of them.
type someone struct {
	name   string
	issuer string
	id     string
}

var (
	users = []someone{
		{"arn:aws:iam::" + accountA + ":user/dev", "", "AIDADEV"},
		{"arn:aws:iam::" + accountA + ":user/team/dev", "", "AIDATEAMDEV"},
		{"arn:aws:iam::" + accountB + ":user/dev", "", "AIDAFOREIGN"},
	}
	roots = []someone{
		{accountA, "", ""},
		{"arn:aws:iam::" + accountA + ":root", "", ""},
		{"arn:aws:iam::" + accountB + ":root", "", accountB},
	}
	roles = []someone{
		{"arn:aws:iam::" + accountA + ":role/app", "", "AROAAPP"},
		{"arn:aws:iam::" + accountA + ":role/team/app", "", "AROATEAMAPP"},
		{"arn:aws:iam::" + accountA + ":role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "", "AROAX"},
	}
	sessions = []someone{
		{"arn:aws:sts::" + accountA + ":assumed-role/app/s1", "arn:aws:iam::" + accountA + ":role/app", "AROAAPP:s1"},
		{"arn:aws:sts::" + accountA + ":assumed-role/app/s1", "arn:aws:iam::" + accountA + ":role/team/app", "AROATEAMAPP:s1"},
		{"arn:aws:sts::" + accountB + ":assumed-role/app/s1", "arn:aws:iam::" + accountB + ":role/app", "AROAFOREIGN:s1"},
		{"arn:aws:sts::" + accountA + ":assumed-role/AWSServiceRoleForX/s1",
			"arn:aws:iam::" + accountA + ":role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "AROAX:s1"},
		{"arn:aws:sts::" + accountA + ":assumed-role/AWSServiceRoleForX/s1",
			"arn:aws:iam::" + accountA + ":role/AWSServiceRoleForX", "AROAX:s1"},
	}
	federated = []someone{
		{"arn:aws:sts::" + accountA + ":federated-user/bob", "arn:aws:iam::" + accountA + ":user/dev", accountA + ":bob"},
		{"arn:aws:sts::" + accountB + ":federated-user/bob", "arn:aws:iam::" + accountB + ":user/dev", accountB + ":bob"},
	}
	services  = []someone{{"amplify.amazonaws.com", "", ""}, {"cloudformation.amazonaws.com", "", ""}}
	providers = []someone{
		{"arn:aws:iam::" + accountA + ":saml-provider/Okta", "", ""},
		{"arn:aws:iam::" + accountA + ":oidc-provider/token.example.com/id", "", ""},
		{"accounts.google.com", "", ""},
	}
	anybody  = []someone{{"*", "", ""}}
	unnamed  = []someone{{"", "", "AIDANOBODY"}}
	nonsense = []someone{
		{"dev", "", ""}, {"arn:aws:iam::" + accountA + ":group/devs", "", ""}, {"arn:aws:iam::1:user/dev", "", ""},
		{"arn:aws:iam::" + accountA + ":user/*", "", ""}, {"arn:aws:iam::" + accountA + ":user", "", ""},
		{"arn:aws:sts::" + accountA + ":assumed-role/app", "", ""}, {"arn:aws:iam::" + accountA + ":role/", "", ""},
		{"arn:aws:sts::" + accountA + ":assumed-role//s1", "", ""}, {"arn:aws:iam::" + accountA, "", ""},
		{"arn:aws:s3:::logs", "", ""}, {"user:dev.x", "", ""}, {"arn:aws:sts::" + accountA + ":assumed-role/app/s/1", "", ""},
		{"arn:aws:iam::" + accountA + ":user/dev", "arn:aws:iam::" + accountA + ":role/app", ""},
		{"arn:aws:sts::" + accountA + ":assumed-role/app/s1", "arn:aws:iam::" + accountB + ":role/app", ""},
	}
)

// The actions, and the resources that they act on.
var acts = []struct {
	action    string
	resources []string
}{
	{"s3:GetObject", []string{"arn:aws:s3:::logs/dev", "arn:aws:s3:::logs/team/a", "arn:aws:s3:::logs/a:b*c?", "arn:aws:s3:::logs/*"}},
	{"s3:GetObjectAcl", []string{"arn:aws:s3:::logs/dev", "arn:aws:s3:::bobs/dev", "arn:aws:s3:::logs/é"}},
	{"s3:ListBucket", []string{"arn:aws:s3:::logs", "arn:aws:s3:::bobs"}},
	{"s3:ListAllMyBuckets", []string{"*", ""}},
	{"sqs:SendMessage", []string{"arn:aws:sqs:us-east-1:" + accountA + ":jobs", "arn:aws:sqs:us-east-1:" + accountB + ":jobs"}},
	{"kms:Decrypt", []string{"arn:aws:kms:us-east-1:" + accountA + ":key/1", "arn:aws:kms:us-east-1:" + accountB + ":key/1",
		"arn:aws:kms:us-east-1:" + accountA + ":alias/a"}},
	{"kms:RetireGrant", []string{"arn:aws:kms:us-east-1:" + accountA + ":key/1"}},
	{"sts:AssumeRole", []string{"arn:aws:iam::" + accountA + ":role/app", "arn:aws:iam::" + accountB + ":role/app"}},
	{"sts:TagSession", []string{"arn:aws:iam::" + accountA + ":role/app", "arn:aws:sts::" + accountA + ":federated-user/dev"}},
	{"sts:GetSessionToken", []string{"*"}},
	{"sts:GetFederationToken", []string{"arn:aws:sts::" + accountA + ":federated-user/dev"}},
	{"s3:PutBucketPolicy", []string{"arn:aws:s3:::bucket"}},
	{"sts:AssumeRoleWithSAML", []string{"arn:aws:iam::" + accountA + ":role/app"}},
	{"sts:GetCallerIdentity", []string{"*"}},
	{"iam:CreatePolicyVersion", []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::" + accountA + ":policy/own",
		"arn:aws:iam::aws:role/x", "arn:aws:iam::aws:policyx/y"}},
	{"iam:GetPolicy", []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::" + accountA + ":policy/own"}},
	{"iam:UpdateRole", []string{"arn:aws:iam::" + accountA + ":role/aws-reserved/sso/x", "arn:aws:iam::" + accountA + ":role/app"}},
	{"iam:PassRole", []string{"arn:aws:iam::" + accountA + ":role/aws-reserved/sso/x", "arn:aws:iam::" + accountA + ":role/app"}},
	{"logs:Put", []string{"arn:aws:logs:us-east-1:" + accountA + ":log-group:/a:b:*", "logs", "arn:aws:logs", "arn:aws:logs:::"}},
}

// The condition keys, with the family of operators that fits them and the values that a request has for them.
type conditionKey struct {
	key    string
	family string
	values [][]string
}

var keys = []conditionKey{
	{"aws:SourceIp", "ip", [][]string{{"10.1.2.3"}, {"10.1.2.200"}, {"2001:db8::1"}, {"2001:DB8:0:0::1"}, {"::ffff:10.1.2.3"}, {"here"}, {""},
		{"10.1.2.0/24"}, {"10.1.2.3/32"}, {"fe80::1%eth0"}, {"010.1.2.3"}, {"10.1.2.3:80"}}},
	{"aws:SecureTransport", "bool", [][]string{{"true"}, {"false"}, {"True"}, {"yes"}, {"1"}, {" true"}}},
	{"aws:CurrentTime", "date", [][]string{{"2024-01-01T00:00:00Z"}, {"2024-01-01T01:00:00+01:00"}, {"1704067200"}, {"2024-06-01"}, {"2024-01-01T00:00:00.5Z"}, {"soon"},
		{"2024"}, {"2024-01-01T00:00:00"}, {"1704067200.0"}, {"-1"}, {"+1704067200"}, {"2024-01-01t00:00:00z"}, {"2023-12-31T24:00:00Z"}, {"2024-01-01T00:00:00,5Z"}}},
	{"s3:max-keys", "numeric", [][]string{{"10"}, {"10.0"}, {"9.999999999999999999"}, {"-5"}, {"ten"}, {"9007199254740993"},
		{"1e1"}, {"10."}, {".5e1"}, {"-0"}, {"0x0a"}, {"1e400"}, {"Infinity"}, {"1_0"}, {"10 "}, {"１０"}}},
	{"aws:PrincipalTag/team", "string", [][]string{{"a"}, {"A"}, {"*"}, {""}, {"É"}, {"dev"}, {"K"}, {"ſ"}, {"ß"}}},
	{"s3:prefix", "string", [][]string{{"dev/"}, {"a"}, {""}, {"a", "b"}, {"dev/x/y"}}},
	{"aws:TagKeys", "string", [][]string{{"a"}, {"a", "b"}, {"b", "é"}, {""}, {}}},
	{"aws:CalledVia", "string", [][]string{{"cloudformation.amazonaws.com"}, {"athena.amazonaws.com", "a"}}},
	{"aws:SourceArn", "arn", [][]string{{"arn:aws:sns:us-east-1:" + accountA + ":topic"}, {"arn:aws:s3:::logs/a:b"}, {"topic"}, {"arn:aws:sns"}, {"arn:aws:s3:::"}, {"arn:::::"}, {"ARN:aws:s3:::logs"}, {"*"}}},
	{"x:blob", "binary", [][]string{{"QQ=="}, {"QUI="}, {"QQ"}, {"!"}, {"QR=="}, {"Q\nQ=="}, {""}, {"_-=="}, {"QQ==\n"}}},
	{"aws:username", "string", [][]string{{"alice"}, {"dev"}, {}}},
	{"aws:userid", "string", [][]string{{"AIDADEV"}}},
	{"aws:PrincipalArn", "arn", [][]string{{"arn:aws:iam::" + accountA + ":role/app"}, {}}},
	{"aws:PrincipalAccount", "string", [][]string{{accountB}, {accountA, accountB}}},
	{"aws:ResourceAccount", "string", [][]string{{accountB}}},
	{"aws:PrincipalType", "string", nil},
	{"aws:PrincipalIsAWSService", "bool", nil},
	{"aws:PrincipalServiceName", "string", nil},
}

// The operators, and the values that policies give them; those in the second list cannot be understood.
var families = map[string]struct {
	operators []string
	values    []string
	malformed []string
}{
	"string": {
		[]string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"},
		[]string{"a", "A", "*", "a*", "?", "dev", "dev/*", "d?v/", "", "é", "É", "K", "k", "s", "SS", "ss", "${aws:username}", "${AWS:UserName}/*",
			"${aws:PrincipalTag/Team}", "${aws:PrincipalTag/team, 'a'}", "${aws:PrincipalTag/team, '*'}", "${*}", "${?}", "${$}a",
			"${aws:TagKeys}", "${aws:TagKeys, 'a'}", "${s3:prefix}", "*${aws:username}?", "AIDADEV", "User", "AssumedRole", "Anonymous",
			accountA, accountB, "${aws:PrincipalAccount}", "cloudformation.amazonaws.com", "*.amazonaws.com", "amplify.amazonaws.com"},
		[]string{"${aws:username", "${}", "a${aws:username,'a'}", "${aws:username, a}"},
	},
	"numeric": {
		[]string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
		[]string{"10", "10.0", "010", "1e1", "+10", "9.999999999999999999", "-5", "-5.0", "0", "9007199254740992", "9007199254740993", "10.", ".5e1", "-0", "1e400", "1E1", "-1e-400"},
		[]string{"ten", "", "1/2", "0x10", "${aws:username}", "NaN", "1_000", " 1", "1e", ".", "+", "1e9999", "--1", "１０", "Inf", "1.2.3", "0b1", "1p3"},
	},
	"date": {
		[]string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
		[]string{"2024-01-01T00:00:00Z", "2024-01-01", "2024-01", "2023-12-31T23:00:00-01:00", "1704067200", "2024-06-01T00:00Z", "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500Z", "2024", "0", "-1", "1970", "1970-01-01", "2024-01-01T14:00:00+14:00", "2024-02-29"},
		[]string{"soon", "", "2024-13-01", "2024-1-1", "${aws:CurrentTime}", "2024-01-01*",
			"2024-01-01T00:00:00", "2024-01-01T00:00", "1704067200.5", "+1704067200", "2024-01-01t00:00:00z", "2024-01-01T00:00:60Z", "2024-01-01T24:00:00Z",
			"2023-02-29", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+25:00", "20240101", "20240101T000000Z", "99999999999999999999", "02024", "202", "2024-01-01 00:00:00Z",
			"2024-01-01T0:00:00Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00.5Z", "10000-01-01"},
	},
	"bool": {
		[]string{"Bool"},
		[]string{"true", "false", "TRUE", "False"},
		[]string{"yes", "", "1", " true", "t", "${aws:SecureTransport}", "${aws:username, 'true'}", "${aws:username"},
	},
	"null": {
		[]string{"Null"},
		[]string{"true", "false", "True"},
		[]string{"", "null", "${aws:SecureTransport}"},
	},
	"binary": {
		[]string{"BinaryEquals"},
		[]string{"QQ==", "QUI=", ""},
		[]string{"QQ", "!", "${aws:username}", "QR==", "Q\nQ==", "_-==", "QQ==QQ==", "QQ=", " QQ=="},
	},
	"ip": {
		[]string{"IpAddress", "NotIpAddress"},
		[]string{"10.1.2.3", "10.1.2.0/24", "10.1.2.3/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:DB8::1", "::ffff:10.1.2.3"},
		[]string{"10.1.2", "10.1.2.0/33", "010.1.2.3", "*", "", "fe80::1%eth0", "${aws:SourceIp}", "10.1.2.0/-1", "10.1.2.0/08", "10.1.2.0/", "10.1.2.0/+8",
			"fe80::1%eth0/64", "::ffff:10.1.2.3/100", "[::1]", "10.1.2.0/255.255.255.0", "1.2.3.4.5", "::/129", " 10.1.2.3", "0x0a.1.2.3"},
	},
	"arn": {
		[]string{"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"},
		[]string{"arn:aws:sns:us-east-1:" + accountA + ":topic", "arn:aws:sns:*:" + accountA + ":*", "arn:aws:sns:us-east-1*", "arn:aws:sns:*topic",
			"*", "arn:*", "a*", "*:aws:s3:::logs/*", "arn:aws:s3:::logs/*b", "topic", "", "arn:aws:iam::*:role/*", "arn:aws:iam::" + accountA + ":user/*",
			"arn:aws:iam::" + accountA + ":role/app", "arn:aws:iam::" + accountA + ":user/${aws:username}", "${aws:SourceArn}", "${aws:PrincipalArn}",
			"${aws:SourceArn, 'arn:aws:s3:::logs/a:b'}", "arn:aws:iam::${aws:PrincipalAccount}:*", "arn:aws:s3:::logs/a${*}", "arn:a${?}s:*", "arn:aws${*}"},
		[]string{"arn:aws:s3:::${aws:username", "${"},
	},
}

var familyNames = []string{"string", "numeric", "date", "bool", "null", "binary", "ip", "arn"}

func (g *generator) generate() Case {
	g.principal()
	act := acts[g.IntN(len(acts))]
	g.Action = act.action
	if g.chance(5) {
		g.Action = pick(g, strings.ToUpper(g.Action), strings.ToLower(g.Action))
	}
	g.Resource = act.resources[g.IntN(len(act.resources))]
	if g.chance(3) {
		g.Resource = acts[g.IntN(len(acts))].resources[0]
	}
	if g.chance(15) {
		g.ResourceAccount = pick(g, accountB, accountA)
	}
	g.context()

	for g.chance(65) && len(g.Identity) < 3 {
		g.Identity = append(g.Identity, g.document(asIdentity, false))
	}
	if g.chance(65) {
		g.ResourcePolicy = g.document(asResource, false)
	}
	if g.chance(20) {
		g.Boundary = g.document(asIdentity, true)
	}
	for g.chance(25) && len(g.Session) < 2 {
		g.Session = append(g.Session, g.document(asIdentity, true))
	}
	g.SCPs = g.levels(asIdentity)
	g.RCPs = g.levels(asRCP)
	for g.chance(12) && len(g.Endpoint) < 2 {
		g.Endpoint = append(g.Endpoint, g.document(asEndpoint, true))
	}
	return g.Case
}

func (g *generator) levels(as role) [][]*policy.Document {
	var levels [][]*policy.Document
	for g.chance(18) && len(levels) < 3 {
		level := []*policy.Document{}
		for g.chance(90) && len(level) < 1 || g.chance(15) && len(level) < 2 {
			level = append(level, g.document(as, true))
		}
		levels = append(levels, level)
	}
	return levels
}

func (g *generator) principal() {
	list := pick(g, users, users, users, users, roots, roles, roles, sessions, sessions, sessions, federated, federated,
		services, providers, anybody, unnamed)
	if g.chance(1) {
		list = nonsense
	}
	who := list[g.IntN(len(list))]
	g.Principal = who.name
	if g.chance(50) || g.Principal == nonsense[len(nonsense)-1].name {
		g.SessionIssuer = who.issuer
	}
	if g.chance(50) {
		g.UniqueID = who.id
	}
}

func (g *generator) context() {
	g.Context = make(map[string][]string)
	for _, k := range keys {
		if len(k.values) == 0 || !g.chance(35) || strings.HasPrefix(k.key, "aws:Principal") && k.family != "string" && !g.chance(30) {
			continue
		}
		name := k.key
		if g.chance(10) {
			name = strings.ToUpper(name)
		}
		g.Context[name] = k.values[g.IntN(len(k.values))]
	}
}

// document makes up a policy. A broad one allows all, more often than not: policies that limit are of that kind.
func (g *generator) document(as role, broad bool) *policy.Document {
	doc := &policy.Document{Version: pick(g, policy.V2012, policy.V2012, policy.V2012, policy.V2012, policy.V2008, policy.VNone)}
	if broad && g.chance(65) {
		s := policy.Statement{Effect: policy.Allow, Action: elements("*"), Resource: elements("*")}
		if as == asRCP || as == asEndpoint {
			s.Principal = &policy.Principals{Entries: []policy.Principal{{Type: policy.AWS, Name: value("*")}}}
		}
		doc.Statements = append(doc.Statements, s)
	}
	for len(doc.Statements) == 0 || g.chance(30) && len(doc.Statements) < 4 {
		doc.Statements = append(doc.Statements, g.statement(as))
	}
	return doc
}

func value(text string) policy.Value { return policy.Value{Text: text} }

func elements(texts ...string) policy.Element {
	values := []policy.Value{}
	for _, t := range texts {
		values = append(values, value(t))
	}
	return policy.Element{Values: values}
}

func (g *generator) statement(as role) policy.Statement {
	s := policy.Statement{Effect: policy.Allow}
	if g.chance(25) {
		s.Effect = policy.Deny
	}
	s.Principal = g.principals(as, s.Effect)
	s.Action = g.element(12, g.actionPattern)
	trust := as == asResource && strings.HasPrefix(strings.ToLower(g.Action), "sts:")
	if trust && g.chance(60) {
		s.Action = elements(g.Action)
	} else {
		s.Resource = g.element(12, g.resourcePattern)
	}
	if !trust && g.chance(1) && g.chance(40) {
		s.Resource = policy.Element{} // which a statement must have
	}
	for g.chance(40) && len(s.Condition) < 3 {
		s.Condition = g.condition(s.Condition, s.Principal != nil && slices.ContainsFunc(s.Principal.Entries, isEveryone))
	}
	return s
}

// element is a list of values or, in some of a hundred cases, of all but these.
func (g *generator) element(not int, one func() string) policy.Element {
	var e policy.Element
	e.Not = g.chance(not)
	e.Values = []policy.Value{}
	for len(e.Values) == 0 || g.chance(25) && len(e.Values) < 4 {
		if g.chance(1) { // an empty list
			break
		}
		e.Values = append(e.Values, value(one()))
	}
	return e
}

func (g *generator) actionPattern() string {
	if g.chance(25) {
		return acts[g.IntN(len(acts))].action
	}
	service, name, _ := strings.Cut(g.Action, ":")
	i := g.IntN(len(name))
	return pick(g, g.Action, "*", "*:*", service+":*", service+":"+name[:i]+"*", service+":*"+name[i:], service+":"+name[:i]+"?"+name[i+1:],
		service+":?"+name, strings.ToUpper(g.Action), strings.ToUpper(service)+":*"+strings.ToLower(name[i:])+"*", g.Action)
}

func (g *generator) resourcePattern() string {
	text := g.Resource
	switch n := g.IntN(100); {
	case n < 22:
		return pick(g, "*", "*", "*", "**")
	case n < 34:
		other := acts[g.IntN(len(acts))].resources
		text = other[g.IntN(len(other))]
	case n < 35 && g.chance(60):
		return pick(g, "logs", "", "Arn:aws:s3:::logs", "arn:aws:s3:::${aws:username", "arn:aws:s3:::${}", "${aws:username}", "?", "s3*")
	case n < 44:
		return pick(g, "arn:*", "arn:aws:*", "arn:aws:s3*", "arn:aws:s3:::*", "arn:aws:*bkt/x", "arn:aws:*dev", "arn:aws:s3:*:dev", "arn:aws:iam::*:*",
			"arn:aws:iam::aws:*", "arn:aws:?qs:*", "arn:aws:iam:*", "arn:aws", "arn:", "arn:aws:*:*:*:*", "arn:*:*:*:*:*:*", "arn:aws:s3:::**")
	case n < 58:
		return pick(g, "arn:aws:s3:::logs/${aws:username}", "arn:aws:s3:::logs/${aws:username}*", "arn:aws:s3:::logs/${aws:PrincipalTag/team}",
			"arn:aws:s3:::*/${aws:username, 'dev'}", "arn:aws:s3:::logs/a:b${*}c${?}", "arn:aws:s3:::logs/${*}", "arn:aws:s3:::${s3:prefix}*", "arn:aws:s3${*}:::logs",
			"arn:aws:iam::*:role/${aws:PrincipalTag/team, 'app'}", "arn:aws:kms:*:*:key/${aws:TagKeys, '1'}", "arn:aws:sqs:us-east-1:*:${aws:TagKeys}",
			"arn:aws:s3:::${aws:PrincipalTag/team}ogs*")
	case n < 61:
		return pick(g, "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:jobs", "arn:${aws:username}*", "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:jobs", "arn:aws:s3::${*}${aws:username}:x", "arn:aws:kms*${aws:username}", "arn:aws:s3${*}", "arn:${*}")
	}
	if !strings.HasPrefix(text, "arn:") {
		return "*"
	}
	if g.chance(50) {
		parts := strings.Split(text, ":")
		i := 1 + g.IntN(len(parts)-1)
		parts[i] = pick(g, "*", parts[i]+"*", "*"+parts[i], "?"+parts[i][min(1, len(parts[i])):])
		text = strings.Join(parts, ":")
	}
	if g.chance(20) {
		text = text[:max(len("arn:"), strings.LastIndexAny(text, ":/")+1)] + "*"
	}
	return text
}

// principals makes up a Principal element where the type of policy has one.
func (g *generator) principals(as role, effect policy.Effect) *policy.Principals {
	switch {
	case as == asIdentity && !(g.chance(1) && g.chance(20)), as == asEndpoint && g.chance(50), as != asEndpoint && g.chance(1) && g.chance(30):
		return nil
	}
	list := &policy.Principals{Not: effect == policy.Deny && as != asRCP && g.chance(35) || g.chance(1) && g.chance(30)}
	account := accountA
	if parts := splitARN(g.Principal); parts != nil {
		account = parts[4]
	}
	own := []string{g.Principal, account, "arn:aws:iam::" + account + ":root", g.SessionIssuer, "arn:aws:iam::" + account + ":role/app",
		"arn:aws:iam::" + account + ":role/team/app", g.UniqueID, "*"}
	others := []string{"arn:aws:iam::" + accountA + ":user/dev", "arn:aws:iam::" + accountA + ":role/team/app", "arn:aws:iam::" + accountB + ":user/dev",
		"arn:aws:iam::" + accountA + ":user/*", "arn:aws:iam::*:root", "arn:aws:iam::" + accountA + ":group/devs", "AIDADEV", "AROAAPP", "AROATEAMAPP",
		"arn:aws:sts::" + accountA + ":assumed-role/app/s1", "arn:aws:sts::" + accountA + ":assumed-role/app/*", accountB, "arn:aws:iam::" + accountA + ":user/Dev",
		"arn:aws:iam::" + accountB + ":role/app", "arn:aws:sts::" + accountA + ":assumed-role/app/s2"}
	for len(list.Entries) == 0 || g.chance(40) && len(list.Entries) < 6 {
		p := policy.Principal{Type: policy.AWS, Name: value(own[g.IntN(len(own))])}
		switch {
		case g.chance(20):
			p.Name = value(others[g.IntN(len(others))])
		case g.chance(12) || p.Name.Text == "":
			p = policy.Principal{Type: policy.Service, Name: value(pick(g, "amplify.amazonaws.com", "cloudformation.amazonaws.com", "*"))}
		case g.chance(8):
			p = policy.Principal{Type: policy.Federated, Name: value(pick(g, "accounts.google.com", "*", "arn:aws:iam::"+accountA+":saml-provider/Okta"))}
		case g.chance(2):
			p = policy.Principal{Type: policy.CanonicalUser, Name: value(pick(g, "79a59df900b949e5", "*"))}
		case p.Name.Text == g.Principal && strings.HasSuffix(g.Principal, ".com"):
			p.Type = pick(g, policy.Service, policy.Federated)
		case strings.Contains(p.Name.Text, "-provider/"):
			p.Type = policy.Federated
		}
		list.Entries = append(list.Entries, p)
	}
	if list.Not && g.chance(40) { // all that must be listed
		list.Entries = nil
		for _, name := range own[:6] {
			if !g.chance(10) && strings.Contains(name, ":") {
				list.Entries = append(list.Entries, policy.Principal{Type: policy.AWS, Name: value(name)})
			}
		}
	}
	return list
}

// condition adds a condition, unless the list has one under that operator: in JSON, it is a key of an object. With
// "*" as the principal, it often is one on aws:PrincipalArn, which then says who is meant.
func (g *generator) condition(list []policy.Condition, everyone bool) []policy.Condition {
	k := keys[g.IntN(len(keys))]
	if everyone && g.chance(40) {
		k = keys[slices.IndexFunc(keys, func(k conditionKey) bool { return k.key == "aws:PrincipalArn" })]
	}
	familyName := k.family
	if g.chance(8) {
		familyName = "null"
	} else if g.chance(8) {
		familyName = familyNames[g.IntN(len(familyNames))]
	}
	family := families[familyName]
	op := family.operators[g.IntN(len(family.operators))]
	switch {
	case familyName == "null" && !(g.chance(2)):
	case k.key == "aws:TagKeys" && g.chance(60), k.key == "aws:CalledVia" && g.chance(60), g.chance(15):
		op = pick(g, "ForAnyValue:", "ForAllValues:") + op
	}
	if (familyName != "null" || g.chance(2)) && g.chance(18) {
		op += "IfExists"
	}
	if g.chance(4) {
		op = strings.ToLower(op)
	}
	if g.chance(1) && g.chance(30) {
		op = pick(g, "StringMatches", "ForSomeValue:StringEquals", "IfExists", "ForAnyValue:", "NumericNotLessThan", "")
	}
	if slices.ContainsFunc(list, func(c policy.Condition) bool { return strings.EqualFold(c.Operator.Text, op) }) {
		return list
	}
	c := policy.Condition{Operator: value(op), Key: value(k.key), Values: []policy.Value{}}
	if g.chance(5) {
		c.Key = value(strings.ToUpper(k.key))
	}
	for len(c.Values) == 0 || g.chance(35) && len(c.Values) < 4 {
		if g.chance(1) {
			break
		}
		text := family.values[g.IntN(len(family.values))]
		if len(k.values) > 0 && familyName == k.family && g.chance(30) { // what some request has
			if of := k.values[g.IntN(len(k.values))]; len(of) > 0 && (operator{base: strings.ToLower(family.operators[0])}).reads(of[0]) {
				text = of[0]
			}
		}
		if fact := g.fact(); (familyName == "string" || familyName == "arn") && strings.HasPrefix(k.key, "aws:") && fact != "" && g.chance(30) {
			text = fact
		}
		if g.chance(1) {
			text = family.malformed[g.IntN(len(family.malformed))]
		}
		c.Values = append(c.Values, value(text))
	}
	return append(list, c)
}

// fact is something that is true of the principal or the resource, for conditions on the keys that follow from these.
func (g *generator) fact() string {
	account := "aws"
	if parts := splitARN(g.Principal); parts != nil {
		account = parts[4]
	}
	return pick(g, account, g.Principal, g.UniqueID, g.SessionIssuer, "arn:aws:iam::"+account+":role/app", "arn:*", lastName(g.Principal))
}
