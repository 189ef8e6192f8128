package prove

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/lang"
)

// fresh is a character that no policy has, to stand for a value that nothing in the policies suggests.
const fresh = lang.Private

// An operand is a text that a dimension is matched with.
type operand struct {
	text      string
	variables []string // keys in lower case
	pure      bool     // it is a variable and nothing else
	as        condition.Comparison
	reads     bool   // variables in it
	dimension string // "resource", or the key
	wanted    bool   // the request must match it, if the text decides
	element   any    // of which element it is one of the alternatives
	s         *statement
}

// operands returns all texts that the statements match the resource and the keys with.
func (q *question) operands(statements []*statement, g *goal) (list []operand) {
	for _, s := range statements {
		holds := s.id == g.s.id || g.denied != nil && s.id == g.denied.id
		for _, gate := range q.a.gates {
			holds = holds || slices.ContainsFunc(gate.allows, func(t *statement) bool { return t.id == s.id })
		}
		add := func(text, dimension string, as condition.Comparison, variables, wanted bool, element any) {
			o := operand{text: text, as: as, reads: variables && s.options.Version.HasVariables(), dimension: dimension, wanted: wanted == holds, element: element, s: s}
			if o.reads {
				o.variables, _ = condition.Variables(text, s.options)
				o.pure = len(o.variables) == 1 && strings.HasPrefix(text, "${") && strings.IndexByte(text, '}') == len(text)-1
			}
			list = append(list, o)
		}
		for _, text := range s.resources {
			if !isAny(text) {
				add(text, "resource", condition.ARNs, true, !s.src.Resource.Not, s)
			}
		}
		for i := range s.conditions {
			c := &s.conditions[i]
			op := c.c.Operator()
			for _, text := range c.src.Strings() {
				add(text, dimensionOf(c.c.Key().Lower()), op.Comparison(), op.HasVariables(), !op.Negated(), c)
			}
		}
	}
	return list
}

// An assignment gives values to the keys that the variables of one text name.
type assignment struct {
	given     *formula            // that the keys have the values
	values    map[string][]string // of the context; those that are not here are absent
	principal *principal          // set if the variables need one
	account   *account            // likewise
}

// scope is what conditions are evaluated in: the assignment, and values for one more key.
func (a *assignment) scope(key string, values []string) *condition.Scope {
	all := maps.Clone(a.values)
	if all == nil {
		all = map[string][]string{}
	}
	if key != "" && values != nil {
		all[key] = values
	}
	context, err := condition.NewContext(all)
	if err != nil {
		panic(err) // the keys are in lower case
	}
	s := &condition.Scope{Context: context}
	if a.account != nil {
		s.ResourceAccount = a.account.key
	}
	if a.principal != nil {
		caller := a.principal.who.Caller()
		s.Caller = &caller
	}
	return s
}

// fill returns a text of a policy with its variables filled in; known is false if one has no value.
func (a *assignment) fill(text string, s *statement) (string, bool) {
	if !strings.Contains(text, "${") {
		return text, true
	}
	filled, known, err := condition.Fill(text, s.options, a.scope("", nil))
	return filled, known && err == nil
}

// variablesOf returns the keys that a Resource pattern takes values of.
func (sp *space) variablesOf(text string, s *statement) []string {
	keys, _ := condition.Variables(text, s.options)
	return keys
}

// variables returns the keys that a condition's values take values of.
func (c *compiledCondition) variables(s *statement) (keys []string) {
	if !c.c.Operator().HasVariables() {
		return nil
	}
	for _, text := range c.src.Strings() {
		of, _ := condition.Variables(text, s.options)
		keys = append(keys, of...)
	}
	return keys
}

// maxAssignments is how many assignments to the variables of one text are told apart.
const maxAssignments = 2000

// assignments returns all assignments to some keys that are told apart. Together they are all that can be.
func (sp *space) assignments(keys []string) []assignment {
	list := []assignment{{given: yes}}
	if len(keys) == 0 {
		return list
	}
	keys = slices.Clone(keys)
	slices.Sort(keys)
	times := func(ways []assignment) {
		if len(list)*len(ways) > maxAssignments {
			sp.doubt("the variables of a text can take more than %d combinations of values", maxAssignments)
			return
		}
		var next []assignment
		for _, a := range list {
			for _, w := range ways {
				b := assignment{given: allOf(a.given, w.given), values: maps.Clone(a.values), principal: a.principal, account: a.account}
				if b.values == nil {
					b.values = map[string][]string{}
				}
				maps.Copy(b.values, w.values)
				if w.principal != nil {
					b.principal = w.principal
				}
				if w.account != nil {
					b.account = w.account
				}
				next = append(next, b)
			}
		}
		list = next
	}
	var ofPrincipal []string
	for _, key := range slices.Compact(keys) {
		switch {
		case isPrincipalKey(key):
			ofPrincipal = append(ofPrincipal, key)
		case key == resourceAccountKey:
			times(sp.accountAssignments())
		case sp.domain.carries(key):
			times(sp.keyAssignments(key))
		}
	}
	if len(ofPrincipal) > 0 {
		times(sp.principalAssignments(ofPrincipal))
	}
	return list
}

// principalAssignments returns one assignment for each combination of values that some keys of the principal have.
func (sp *space) principalAssignments(keys []string) (ways []assignment) {
	principals, cut := sp.principals, sp.principals != nil
	if !cut {
		principals = sp.suggestedPrincipals()
	}
	by := map[string]int{}
	sets := []bitset.Set{}
	for i := range principals {
		p := &principals[i]
		caller := p.who.Caller()
		value := ""
		for _, key := range keys {
			of := map[string]string{
				principalARNKey: caller.PrincipalARN, principalAccountKey: caller.PrincipalAccount, userNameKey: caller.UserName,
				"aws:principaltype": caller.PrincipalType, "aws:principalisawsservice": caller.PrincipalIsAWSService,
				"aws:principalservicename": caller.PrincipalServiceName,
			}[key]
			value += of + "\x00"
		}
		n, ok := by[value]
		if !ok {
			n = len(ways)
			by[value] = n
			ways, sets = append(ways, assignment{principal: p}), append(sets, bitset.New(len(principals)))
		}
		sets[n].Add(i)
	}
	for i := range ways {
		if ways[i].given = yes; cut {
			ways[i].given = sp.in(principalVar, sets[i])
		}
	}
	return ways
}

// suggestedPrincipals returns principals for the variables in what tells the principals apart themselves: of each name and
// account that something suggests.
func (sp *space) suggestedPrincipals() (list []principal) {
	accounts := append(sp.accountValues(), exampleAccount)
	var arns []string
	for _, account := range accounts {
		for _, name := range sp.userNames() {
			arns = append(arns, "arn:aws:iam::"+account+":user/"+name)
		}
		arns = append(arns, "arn:aws:iam::"+account+":role/example", "arn:aws:iam::"+account+":root")
	}
	for _, text := range append(arns, sp.suggestions(principalARNKey)...) {
		if who, err := eval.ParsePrincipal(text); err == nil {
			list = append(list, principal{who: who, text: text})
		}
	}
	return list
}

// userNames returns the names of users to tell apart if variables speak of them.
func (sp *space) userNames() []string {
	if !sp.variable[userNameKey] {
		return []string{"example"}
	}
	return append(sp.suggestions(userNameKey), string(fresh))
}

// accountAssignments returns one assignment for each value of aws:ResourceAccount.
func (sp *space) accountAssignments() (ways []assignment) {
	if sp.accounts == nil { // not cut yet: of all values that something suggests, each is told apart by itself
		for _, value := range sp.accountValues() {
			ways = append(ways, assignment{given: yes, account: &account{key: value}})
		}
		return ways
	}
	by := map[string]bitset.Set{}
	for i, a := range sp.accounts {
		if by[a.key] == nil {
			by[a.key] = bitset.New(len(sp.accounts))
		}
		by[a.key].Add(i)
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		ways = append(ways, assignment{given: sp.in(sp.parts[accountPart], by[key]), account: &account{key: key}})
	}
	return ways
}

// keyAssignments returns one assignment for each value of a key, and one in which it is absent.
func (sp *space) keyAssignments(key string) (ways []assignment) {
	n := sp.keys[dimensionOf(key)]
	texts, v := sp.texts[n], sp.vars[n]
	for i, text := range texts {
		cell := bitset.Of(v.cells, i)
		w := assignment{values: map[string][]string{key: {text}}}
		if i == 0 {
			w.values = nil
		}
		switch {
		case key == calledViaFirstKey:
			w.given = sp.literal(n, first, cell, v.cells)
		case key == calledViaLastKey:
			w.given = sp.literal(n, last, cell, v.cells)
		case v.list && i == 0:
			w.given = sp.counts(n, none)
		case v.list:
			w.given = allOf(sp.counts(n, one), sp.literal(n, some, cell, v.cells))
		default:
			w.given = sp.in(n, cell)
		}
		ways = append(ways, w)
	}
	if v.list && key == dimensionOf(key) { // a list of several values is none in a text
		ways = append(ways, assignment{given: sp.counts(n, several), values: map[string][]string{key: {"x", "x"}}})
	}
	return ways
}

// cutVariables makes the dimensions of the keys that variables name, of those that are keys of the context: a fresh value for
// each, and what something suggests.
func (sp *space) cutVariables(statements []*statement) {
	var plain []string
	for key := range sp.variable {
		if !isPrincipalKey(key) && key != resourceAccountKey && sp.domain.carries(key) {
			plain = append(plain, dimensionOf(key))
		}
	}
	slices.Sort(plain)
	plain = slices.Compact(plain)
	for _, key := range plain {
		texts := sp.suggestions(key)
		for i := range plain {
			texts = append(texts, string(fresh+rune(i)))
		}
		name, list := sp.spelling(key), authref.Multivalued(key)
		for _, s := range statements {
			for i := range s.conditions {
				c := &s.conditions[i]
				if dimensionOf(c.c.Key().Lower()) != key {
					continue
				}
				name, list = c.src.Key.Text, list || isListIn(key, c)
				if _, exact := textPatterns(c, s, &assignment{}); !exact {
					sp.doubt("%s is a policy variable, and compared with what is no text", name)
					texts = append(texts, sampleValues(c.c.Operator().Comparison(), c.src.Strings())...)
				}
			}
		}
		slices.Sort(texts)
		sp.addKey(key, name, slices.Compact(texts), list || key == calledViaKey)
	}
}

// spelling returns a key, given in lower case, as a policy variable spells it.
func (sp *space) spelling(key string) string {
	for _, o := range sp.operands {
		for rest := o.text; strings.Contains(rest, "${"); {
			var inside string
			_, rest, _ = strings.Cut(rest, "${")
			inside, rest, _ = strings.Cut(rest, "}")
			if name, _, _ := strings.Cut(inside, ","); strings.ToLower(strings.TrimSpace(name)) == key {
				return strings.TrimSpace(name)
			}
		}
	}
	return key
}

// accountValues returns the accounts to tell apart if variables speak of accounts.
func (sp *space) accountValues() []string {
	if !sp.variable[principalAccountKey] && !sp.variable[resourceAccountKey] {
		return nil
	}
	list := []string{exampleAccount, otherAccount}
	for _, key := range []string{principalAccountKey, resourceAccountKey} {
		for _, text := range sp.suggestions(key) {
			if arn.IsAccountID(text) && !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return list
}

// suggestions returns values of a variable that the policies treat each in its own way: those that texts tell apart which are
// compared with the variable as a whole. pieces adds what stands between the colons, slashes and wildcards of the texts that a
// text with the variable may meet.
func (sp *space) suggestions(key string) (list []string) {
	pieces := len(sp.doubts) > 0
	operands := sp.operands
	add := func(s string) {
		const long = 200
		if len(s) < long && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	whole, part := sp.equalTo(key), map[string]bool{}
	for _, o := range operands {
		if slices.ContainsFunc(o.variables, func(v string) bool { return dimensionOf(v) == key }) {
			part[o.dimension] = true
			for rest := o.text; strings.Contains(rest, "${"); {
				var inside string
				_, rest, _ = strings.Cut(rest, "${")
				inside, rest, _ = strings.Cut(rest, "}")
				if _, fallback, ok := strings.Cut(inside, ","); ok {
					add(strings.Trim(strings.TrimSpace(fallback), "'"))
				}
			}
		}
	}
	var languages [][]lang.Pattern
	var hints []string
	for _, o := range operands {
		variables := o.s.options.Version.HasVariables()
		if whole[o.dimension] && o.dimension != "resource" && len(o.variables) == 0 {
			languages = append(languages, o.language())
			hints = append(hints, plain(o.text, variables)...)
		}
		if pieces && part[o.dimension] {
			for _, piece := range strings.FieldsFunc(generalized(o.text), func(r rune) bool { return strings.ContainsRune(":/*?", r) }) {
				add(piece)
			}
		}
	}
	anyCase := false
	for _, o := range operands {
		if len(o.variables) > 0 && o.as == condition.Booleans {
			languages = append(languages, []lang.Pattern{lang.Fold("true")}, []lang.Pattern{lang.Fold("false")})
		}
		anyCase = anyCase || len(o.variables) > 0 && o.anyCase()
	}
	texts, _ := sp.cells(languages, nil, append(hints, "example"))
	for _, text := range texts {
		add(text)
		if anyCase {
			add(strings.ToLower(text))
			add(strings.ToUpper(text))
		}
	}
	return list
}

// equalTo returns the dimensions whose values a key may be compared with as a whole, by way of other variables, too.
func (sp *space) equalTo(key string) map[string]bool {
	equal := map[string]bool{key: true}
	for grown := true; grown; {
		grown = false
		for _, o := range sp.operands {
			if !o.pure {
				continue
			}
			if v := dimensionOf(o.variables[0]); equal[v] != equal[o.dimension] {
				equal[v], equal[o.dimension], grown = true, true, true
			}
		}
	}
	return equal
}

// generalized returns a text with * in place of its variables.
func generalized(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		inside, after, _ := strings.Cut(rest, "}")
		if inside == "*" || inside == "?" || inside == "$" {
			b.WriteString("${" + inside + "}")
		} else {
			b.WriteByte('*')
		}
		text = after
	}
}

// unsettledBy says why trying some values for the variables leaves a doubt. If a request is one that the policies tell apart
// with some value, it is so with a fresh one in its place, as long as no wildcard counts its characters, and no other text that
// the request must match, too, asks for something in particular where the variable stands.
func unsettledBy(operands []operand) string {
	for _, o := range operands {
		if len(o.variables) == 0 {
			continue
		}
		if !o.pure {
			if reason := unsettledPart(o, operands); reason != "" {
				return reason
			}
		}
		for _, p := range operands {
			if o.anyCase() && o.wanted && !p.anyCase() && (p.dimension == o.dimension || slices.Contains(o.variables, p.dimension)) {
				return fmt.Sprintf("%q is compared in any case, and %q in one", o.text, p.text)
			}
			if p.dimension != o.dimension || o.pure && len(p.variables) == 0 {
				continue
			}
			counts := strings.ContainsRune(strings.ReplaceAll(p.last()+o.last(), "${?}", ""), '?')
			if !counts && (p.element == o.element || !o.wanted || !p.wanted || p.text == o.text) || apart(p, o) {
				continue
			}
			return fmt.Sprintf("%q and %q may meet for some values of the variables and not for others", o.text, p.text)
		}
	}
	return ""
}

// unsettledPart is [unsettledBy] for a text of which variables are a part.
func unsettledPart(o operand, operands []operand) string {
	meets := slices.ContainsFunc(operands, func(p operand) bool {
		return p.dimension == o.dimension && p.text != o.text && !apart(p, o)
	})
	for _, p := range operands {
		switch {
		case o.wanted && slices.Contains(p.variables, o.dimension):
			return fmt.Sprintf("%s is compared with %q and is a policy variable", o.dimension, o.text)
		case !slices.Contains(o.variables, p.dimension):
		case strings.ContainsAny(strings.Trim(p.text, "*"), "*?"), meets && p.loose() && strings.Trim(p.text, "*") != "":
			return fmt.Sprintf("%s is compared with %q and is part of %q", p.dimension, p.text, o.text)
		}
	}
	return ""
}

// language is what fits a text without variables.
func (o *operand) language() []lang.Pattern {
	language, _ := textLanguage(o.text, o.as, o.reads)
	return language
}

// loose reports whether several texts fit it, whatever its variables are.
func (o *operand) loose() bool {
	return o.anyCase() || (o.as == condition.Patterns || o.as == condition.ARNs) && strings.ContainsAny(o.text, "*?")
}

// anyCase reports whether the text is compared without regard to case.
func (o *operand) anyCase() bool { return o.as == condition.FoldedText || o.as == condition.Booleans }

// last returns the part of the text that may have variables: of the pattern of a resource the sixth, of others all.
func (o *operand) last() string {
	if o.dimension != "resource" {
		return o.text
	}
	parts := strings.SplitN(o.text, ":", arnParts)
	if len(parts) < arnParts {
		return "*"
	}
	return parts[arnParts-1]
}

// apart reports whether p, if it has no variables and no ? , matches all that o does, whatever its variables are, or nothing of it.
func apart(p, o operand) bool {
	if len(p.variables) > 0 {
		return false
	}
	m := lang.NewMachine(2)
	text := generalized(o.text)
	if o.dimension != "resource" {
		m.Add(0, lang.Glob(text, lang.Any, true))
	} else if p := lang.ARN(text, true); p != nil {
		m.Add(0, p)
	}
	for _, p := range p.language() {
		m.Add(1, p)
	}
	both, alone := false, false
	const enough = 10_000
	complete := m.Walk(bitset.Of(2, 0), enough, func(sig bitset.Set, _ string) bool {
		both, alone = both || sig.Has(1), alone || !sig.Has(1)
		return true
	})
	return complete && !(both && alone)
}
