package prove

import (
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
	for _, id := range q.accounts {
		hints = append(hints, "arn:aws:iam::"+id+":user/example", "arn:aws:iam::"+id+":role/example", "arn:aws:iam::"+id+":root")
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
	session := func(role, name, id string) {
		parts := strings.SplitN(role, ":", 6)
		add(aSession, "arn:"+parts[1]+":sts::"+parts[4]+":assumed-role/"+role[strings.LastIndexByte(role, '/')+1:]+"/"+name, role, id)
	}
	for _, text := range userTexts {
		add(aUser, text, "", "")
	}
	for i, text := range roleTexts {
		// SCPs and RCPs do not apply to the roles that are linked to services.
		if !q.limited() || !roleIn[len(arns)].Has(i) {
			session(text, "session", "")
		}
	}
	everybody := q.mode == ofResource || len(named) > 0
	if q.mode != ofIdentity {
		rootTexts, _ := sp.cells(arns, []lang.Pattern{slices.Concat(arnOf(), lang.Literal("root"))}, hints)
		for _, text := range rootTexts {
			add(theRoot, text, "", "")
		}
	}
	if !everybody {
		return list
	}
	for _, e := range named {
		switch text := e.Name.Text; {
		case e.Type == policy.AWS && strings.Contains(text, ":assumed-role/"):
			_, path, _ := strings.Cut(text, ":assumed-role/")
			role, name, _ := strings.Cut(path, "/")
			for _, r := range roleTexts {
				if accountOf(r) == accountOf(text) && r[strings.LastIndexByte(r, '/')+1:] == role {
					session(r, name, "")
				}
			}
			add(aSession, text, "", "")
		case e.Type == policy.AWS && strings.Contains(text, ":federated-user/"):
			add(aFederatedUser, text, "", "")
		case e.Type == policy.AWS && !strings.HasPrefix(text, "arn:") && !arn.IsAccountID(text) && text != "*":
			for _, u := range userTexts {
				add(aUser, u, "", text)
			}
			for _, r := range roleTexts {
				session(r, "session", text+":session")
			}
		case e.Type == policy.Service:
			add(aService, text, "", "")
			services = append(services, []lang.Pattern{lang.Literal(text)})
		case e.Type == policy.Federated:
			add(aProvider, text, "", "")
		}
	}
	word := lang.Item{Class: lang.Word}
	serviceTexts, _ := sp.cells(services, []lang.Pattern{slices.Concat(lang.Pattern{word, {Class: lang.Word, Run: true}}, lang.Literal(".amazonaws.com"))},
		append(hints, "example.amazonaws.com"))
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

// arnOf is the pattern of what the ARNs of IAM begin with, up to the account.
func arnOf() lang.Pattern {
	return slices.Concat(lang.Literal("arn:aws"), lang.Pattern{{Class: lang.NotColon, Run: true}}, lang.Literal(":iam::"),
		slices.Repeat(lang.Pattern{{Class: lang.Digit}}, 12), lang.Literal(":"))
}

// named12 are the patterns of the ARNs of users or roles, with and without a path.
func named12(kind string) []lang.Pattern {
	name := lang.Pattern{{Class: lang.Word}, {Class: lang.Word, Run: true}}
	return []lang.Pattern{
		slices.Concat(arnOf(), lang.Literal(kind), name),
		slices.Concat(arnOf(), lang.Literal(kind), lang.Pattern{{Class: lang.NotColon, Run: true}}, lang.Literal("/"), name),
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
