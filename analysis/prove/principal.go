package prove

import (
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/lang"
	"github.com/writ-iam/writ/policy"
)

// A principal is one that stands for all that the policies do not tell apart from it.
type principal struct {
	who      eval.Principal
	text     string // as eval.ParsePrincipal reads it
	issuer   string // of a session
	uniqueID string
	kind     principalKind
}

type principalKind uint8

const (
	somebody principalKind = iota // a user of whom nothing matters
	aUser
	aSession
	theRoot
	aFederatedUser
	aService
	aProvider
	nobody // an anonymous caller
)

// Keys that follow from the principal.
const (
	principalARNKey     = "aws:principalarn"
	principalAccountKey = "aws:principalaccount"
	userNameKey         = "aws:username"
)

// isPrincipalKey reports whether a condition key, in lower case, follows from the principal.
func isPrincipalKey(key string) bool {
	switch key {
	case principalARNKey, principalAccountKey, userNameKey, "aws:principaltype", "aws:principalisawsservice", "aws:principalservicename":
		return true
	}
	return false
}

// principalsFor returns principals that stand for all, as far as the statements tell them apart.
func (q *question) principalsFor(statements []*statement, sp *space) []principal {
	matters := q.mode == ofResource
	for key := range sp.variable {
		matters = matters || isPrincipalKey(key)
	}
	for _, s := range statements {
		matters = matters || s.src.Principal != nil || slices.ContainsFunc(s.conditions, func(c compiledCondition) bool { return isPrincipalKey(c.c.Key().Lower()) })
	}
	if !matters {
		return []principal{{kind: somebody}}
	}
	return q.tellApart(statements, sp)
}

// tellApart is principalsFor where principals matter.
func (q *question) tellApart(statements []*statement, sp *space) (list []principal) {
	var (
		arns, users [][]lang.Pattern // languages over the ARN of a user, role or root; those of users only
		services    [][]lang.Pattern
		hints       []string
		named       []policy.Principal
	)
	account := func(p lang.Pattern) { arns = append(arns, []lang.Pattern{ofAccount(p)}) }
	for _, s := range statements {
		for i := range s.conditions {
			c := &s.conditions[i]
			key := c.c.Key().Lower()
			if !isPrincipalKey(key) {
				continue
			}
			languages, exact := sp.languages(c, s)
			if !exact {
				sp.doubt("%s is compared with what is no text", c.src.Key.Text)
			}
			for _, v := range c.src.Strings() {
				for _, text := range plain(generalized(v), s.options.Version.HasVariables()) {
					hints = append(hints, text, "arn:aws:iam::"+text+":user/example", "arn:aws:iam::"+q.accounts[0]+":user/"+text)
				}
			}
			switch key {
			case principalARNKey:
				arns = append(arns, languages...)
			case principalAccountKey:
				arns = append(arns, each(languages, ofAccount)...)
			case userNameKey:
				users = append(users, each(languages, ofName)...)
			case "aws:principalservicename":
				services = append(services, languages...)
			}
		}
		if p := s.src.Principal; p != nil {
			named = append(named, p.Entries...)
		}
	}
	for _, text := range sp.accountValues() {
		account(lang.Literal(text))
		hints = append(hints, "arn:aws:iam::"+text+":user/example", "arn:aws:iam::"+text+":role/example")
	}
	if sp.variable[userNameKey] {
		for _, text := range sp.userNames() {
			users = append(users, []lang.Pattern{ofName(lang.Literal(text))})
			hints = append(hints, "arn:aws:iam::"+exampleAccount+":user/"+text)
		}
	}
	if sp.variable[principalARNKey] {
		for _, text := range sp.suggestions(principalARNKey) {
			arns = append(arns, []lang.Pattern{lang.Literal(text)})
		}
	}
	for _, e := range named {
		if e.Type == policy.AWS {
			if id := accountOf(e.Name.Text); id != "" {
				account(lang.Literal(id))
				hints = append(hints, "arn:aws:iam::"+id+":user/example", "arn:aws:iam::"+id+":role/example")
			}
			if strings.HasPrefix(e.Name.Text, "arn:") {
				role := roleOf(e.Name.Text)
				arns = append(arns, []lang.Pattern{lang.Literal(e.Name.Text)}, []lang.Pattern{lang.Literal(role)})
				if role != e.Name.Text { // a session, perhaps of a role of that name with a path
					arns = append(arns, []lang.Pattern{lang.Glob(strings.Replace(role, ":role/", ":role/*/", 1), lang.Any, false)})
				}
			}
		}
	}
	if q.public {
		for _, id := range slices.Sorted(maps.Keys(q.fixedAccounts())) {
			if arn.IsAccountID(id) {
				account(lang.Literal(id))
			}
		}
	}
	for _, id := range q.accounts {
		hints = append(hints, "arn:aws:iam::"+id+":user/example", "arn:aws:iam::"+id+":role/example", "arn:aws:iam::"+id+":root", "arn:aws:sts::"+id+":federated-user/example")
	}

	serviceLinked := []lang.Pattern{lang.Glob("arn:*:iam::*:role/aws-service-role/*", lang.Any, false)}
	userTexts, _ := sp.cells(append(slices.Clone(arns), users...), named12("user/"), hints)
	roleTexts, roleIn := sp.cells(append(slices.Clone(arns), serviceLinked), named12("role/"), hints)
	add := func(kind principalKind, text, issuer, id string) {
		who, err := eval.ParsePrincipal(text)
		if err == nil && issuer != "" {
			who, err = who.WithSessionIssuer(issuer)
		}
		if err != nil {
			return // a text that is none, such as one with a wildcard
		}
		if id != "" {
			who = who.WithUniqueID(id)
		}
		list = append(list, principal{who, text, issuer, id, kind})
	}
	for _, text := range userTexts {
		for _, id := range uniqueIDs(named, "AROA") {
			add(aUser, text, "", id)
		}
	}
	for i, text := range roleTexts {
		if q.limited() && roleIn[len(arns)].Has(i) {
			continue // SCPs and RCPs do not apply to the roles that are linked to services
		}
		for _, name := range sessionsOf(text, named) {
			for _, id := range uniqueIDs(named, "AIDA") {
				if id != "" {
					id += ":" + name
				}
				add(aSession, sessionARN(text, name), text, id)
			}
		}
	}
	if q.mode == ofResource || q.written || q.mode == ofLimits && !q.ofPrincipals() {
		rootTexts, _ := sp.cells(arns, []lang.Pattern{slices.Concat(arnOf("iam"), lang.Literal("root"))}, hints)
		for _, text := range rootTexts {
			add(theRoot, text, "", "")
		}
	}
	if q.mode == ofResource || q.written {
		federated, _ := sp.cells(arns, []lang.Pattern{slices.Concat(arnOf("sts"), lang.Literal("federated-user/"), nameOf)}, hints)
		for _, text := range federated {
			add(aFederatedUser, text, "", "")
			for _, e := range named { // what names a user names those who federated with its credentials, too
				if strings.Contains(e.Name.Text, ":user/") && accountOf(e.Name.Text) == accountOf(text) {
					add(aFederatedUser, text, e.Name.Text, "")
				}
			}
		}
	}
	if q.mode != ofResource && (q.mode == ofIdentity || len(named) == 0) {
		return list
	}
	for _, e := range named {
		switch e.Type {
		case policy.Service:
			services = append(services, []lang.Pattern{lang.Literal(e.Name.Text)})
			hints = append(hints, e.Name.Text)
		case policy.Federated:
			add(aProvider, e.Name.Text, "", "")
		}
	}
	dot := lang.Literal(".")
	serviceTexts, _ := sp.cells(services, []lang.Pattern{slices.Concat(nameOf, dot, nameOf)}, append(hints, "example.amazonaws.com"))
	for _, text := range serviceTexts {
		add(aService, text, "", "")
	}
	add(aProvider, "arn:aws:iam::"+exampleAccount+":saml-provider/example", "", "")
	add(nobody, "*", "", "")
	if q.public { // nobody is a better example of the public than somebody
		last := len(list) - 1
		list = slices.Insert(list[:last:last], 0, list[last])
	}
	return list
}

// ofPrincipals reports whether a permissions boundary or session policies stand on either side: the root user has none.
func (q *question) ofPrincipals() bool {
	return slices.ContainsFunc(slices.Concat(q.a.gates, q.b.gates), func(g gate) bool { return g.t == eval.Boundary || g.t == eval.Session })
}

// uniqueIDs returns the unique ids that entries name, and first of all none. Those that begin as ids of others do are left out:
// a user has none of a role, which begin with AROA, and a role none of a user, which begin with AIDA.
func uniqueIDs(named []policy.Principal, others string) []string {
	ids := []string{""}
	for _, e := range named {
		text := e.Name.Text
		isID := e.Type == policy.AWS && !strings.HasPrefix(text, "arn:") && !arn.IsAccountID(text) && text != "*"
		if isID && !strings.HasPrefix(text, others) && !slices.Contains(ids, text) {
			ids = append(ids, text)
		}
	}
	return ids
}

// sessionsOf returns the names of the sessions of a role that entries name, and first of all one that none does.
func sessionsOf(role string, named []policy.Principal) []string {
	names := []string{"session"}
	for _, e := range named {
		before, path, ok := strings.Cut(e.Name.Text, ":assumed-role/")
		if !ok || e.Type != policy.AWS {
			continue
		}
		_, name, _ := strings.Cut(path, "/")
		if sessionARN(role, name) == before+":assumed-role/"+path && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// sessionARN returns the ARN of a session of a role.
func sessionARN(role, name string) string {
	parts := strings.SplitN(role, ":", arnParts)
	return "arn:" + parts[1] + ":sts::" + parts[4] + ":assumed-role/" + role[strings.LastIndexByte(role, '/')+1:] + "/" + name
}

// nameOf is the pattern of a name of IAM.
var nameOf = lang.Pattern{{Class: lang.Word}, {Class: lang.Word, Run: true}}

// arnOf is the pattern of what the ARNs of IAM or STS begin with, up to the account.
func arnOf(service string) lang.Pattern {
	return slices.Concat(lang.Literal("arn:aws"), lang.Pattern{{Class: lang.NotColon, Run: true}}, lang.Literal(":"+service+"::"),
		slices.Repeat(lang.Pattern{{Class: lang.Digit}}, 12), lang.Literal(":"))
}

// named12 are the patterns of the ARNs of users or roles, with and without a path.
func named12(kind string) []lang.Pattern {
	return []lang.Pattern{
		slices.Concat(arnOf("iam"), lang.Literal(kind), nameOf),
		slices.Concat(arnOf("iam"), lang.Literal(kind), lang.Pattern{{Class: lang.NotColon, Run: true}}, lang.Literal("/"), nameOf),
	}
}

// each puts the patterns of languages into others.
func each(languages [][]lang.Pattern, put func(lang.Pattern) lang.Pattern) (of [][]lang.Pattern) {
	for _, patterns := range languages {
		var list []lang.Pattern
		for _, p := range patterns {
			list = append(list, put(p))
		}
		of = append(of, list)
	}
	return of
}

// ofAccount is the pattern of the ARNs in the accounts that p matches.
func ofAccount(p lang.Pattern) lang.Pattern {
	run := lang.Pattern{{Class: lang.NotColon, Run: true}}
	colon := lang.Literal(":")
	return slices.Concat(lang.Literal("arn:"), run, colon, run, colon, run, colon, without(p, lang.NotColon), colon, lang.Pattern{{Class: lang.Any, Run: true}})
}

// ofName is the pattern of the ARNs of users of the names that p matches.
func ofName(p lang.Pattern) lang.Pattern {
	return slices.Concat(lang.Pattern{{Class: lang.Any, Run: true}}, lang.Literal("/"), without(p, lang.NotSlash))
}

// without is p with its wildcards over all characters narrowed to a class.
func without(p lang.Pattern, class lang.Class) lang.Pattern {
	p = slices.Clone(p)
	for i := range p {
		if p[i].Class == lang.Any {
			p[i].Class = class
		}
	}
	return p
}

// accountOf returns the account that an entry of a Principal element is of, and "" if it says none.
func accountOf(entry string) string {
	if arn.IsAccountID(entry) {
		return entry
	}
	if a, err := arn.Parse(entry); err == nil && arn.IsAccountID(a.Account) {
		return a.Account
	}
	return ""
}

// roleOf returns the ARN of the role that a session, given by its ARN, is of if the role has no path; other ARNs it returns as they are.
func roleOf(text string) string {
	before, path, ok := strings.Cut(text, ":assumed-role/")
	if !ok {
		return text
	}
	role, _, _ := strings.Cut(path, "/")
	return strings.Replace(before, ":sts:", ":iam:", 1) + ":role/" + role
}

// limited reports whether SCPs or RCPs stand on either side.
func (q *question) limited() bool { return q.a.limited || q.b.limited }
