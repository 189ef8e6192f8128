package prove

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/lang"
	"github.com/writ-iam/writ/policy"
)

// A Redundancy is a part of a policy that can go without changing what the policy means.
type Redundancy struct {
	Statement int    // index in Document.Statements
	Element   string // "" for the whole statement, else "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal" or "Condition"
	Condition int    // with Element "Condition": index in Statement.Condition
	Value     int    // index of the value in the element's list
	By        int    // index of one value of the same list (or, for a whole statement, of one other statement) that covers it by itself; -1 if only several together do
}

// Redundant lists what is redundant in doc as a policy of type t: statements, and values in the lists of a statement. All that is
// listed can go at once; of two equal parts, the later is listed. What cannot be settled is not listed. The error is a
// [*PolicyError] or that of ctx.
//
// A policy is taken by what it says: an action that AWS allows without permission is none the less for it.
func Redundant(ctx context.Context, doc *policy.Document, t eval.PolicyType) ([]Redundancy, error) {
	compiled, err := eval.Compile(doc, t)
	if err != nil {
		return nil, &PolicyError{Err: err}
	}
	list, err := redundantStatements(ctx, doc, t)
	if err != nil {
		return nil, err
	}
	for i := range doc.Statements {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := newStatement(doc, i, t, compiled)
		add := func(element string, condition int, values []covering) {
			for _, v := range values {
				list = append(list, Redundancy{i, element, condition, v.value, v.by})
			}
		}
		add(not2("Action", s.src.Action.Not), 0, redundantActions(s))
		add(not2("Resource", s.src.Resource.Not), 0, redundantResources(s))
		if p := s.src.Principal; p != nil {
			add(not2("Principal", p.Not), 0, redundantPrincipals(p))
		}
		for j := range s.conditions {
			add("Condition", j, redundantValues(s, &s.conditions[j]))
		}
	}
	return list, nil
}

func not2(element string, negated bool) string {
	if negated {
		return "Not" + element
	}
	return element
}

// redundantStatements finds the statements without which a policy means the same. An Allow can go if nothing is allowed by it
// alone, a Deny if other Denys deny all that it does: what the policy does not allow, another one may.
func redundantStatements(ctx context.Context, doc *policy.Document, t eval.PolicyType) (list []Redundancy, err error) {
	kept := slices.Clone(doc.Statements)
	places := make([]int, len(kept)) // in doc
	for i := range places {
		places[i] = i
	}
	for i := len(kept) - 1; i >= 0 && len(kept) > 1; i-- {
		without := slices.Delete(slices.Clone(kept), i, i+1)
		more, less := kept, without
		if kept[i].Effect == policy.Deny {
			more, less = denies(without), denies(kept)
		}
		same, err := covers(ctx, doc.Version, less, more, t)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		r := Redundancy{Statement: places[i], By: -1}
		for j := range kept {
			if j == i || kept[j].Effect != kept[i].Effect {
				continue
			}
			one, other := slices.Clone(kept[j:j+1]), slices.Clone(kept[i:i+1])
			one[0].Effect, other[0].Effect = policy.Allow, policy.Allow
			if ok, err := covers(ctx, doc.Version, one, other, t); err != nil {
				return nil, err
			} else if ok {
				r.By = places[j]
				break
			}
		}
		list = append(list, r)
		kept, places = without, slices.Delete(places, i, i+1)
	}
	slices.Reverse(list)
	return list, nil
}

func denies(list []policy.Statement) (denies []policy.Statement) {
	for _, s := range list {
		if s.Effect == policy.Deny {
			denies = append(denies, s)
		}
	}
	return denies
}

// covers reports whether the statements are known to allow all that others do. Statements that only deny are taken together with
// one that allows everything.
func covers(ctx context.Context, v policy.Version, statements, others []policy.Statement, t eval.PolicyType) (bool, error) {
	side := func(list []policy.Statement) Policies {
		if !slices.ContainsFunc(slices.Concat(statements, others), func(s policy.Statement) bool { return s.Effect == policy.Allow }) {
			all := everything
			if hasPrincipals(t) {
				all = everythingFromAll
			}
			list = append(slices.Clip(list), all.Statements[0])
		}
		doc := &policy.Document{Version: v, Statements: list}
		if hasPrincipals(t) {
			return Policies{Resource: doc}
		}
		return Policies{Identity: []*policy.Document{doc}}
	}
	a, b := side(others), side(statements)
	if hasNotPrincipalAllow(statements) || hasNotPrincipalAllow(others) {
		return false, nil // as a Deny it is fine, as an Allow there is no such statement
	}
	q, err := newQuestion(a, b, Options{First: true})
	if err != nil {
		return false, err
	}
	q.written, q.answerOnly = true, true
	r, err := q.ask(ctx)
	return err == nil && r.Answer == Proved, err
}

func hasNotPrincipalAllow(list []policy.Statement) bool {
	return slices.ContainsFunc(list, func(s policy.Statement) bool {
		return s.Effect == policy.Allow && s.Principal != nil && s.Principal.Not
	})
}

func hasPrincipals(t eval.PolicyType) bool {
	return t == eval.Resource || t == eval.RCP || t == eval.Endpoint
}

// A covering is a value of a list that others cover.
type covering struct{ value, by int }

// redundant finds the values of a list that the others cover. in says for each value which of some texts, which stand for all, it
// matches.
func redundant(in []bitset.Set) (list []covering) {
	gone := make([]bool, len(in))
	for i := len(in) - 1; i >= 0; i-- {
		left := in[i].Clone()
		for j := range in {
			if j != i && !gone[j] {
				left.Remove(in[j])
			}
		}
		gone[i] = left.Empty() && !in[i].Empty()
	}
	for i := range in {
		if gone[i] {
			by := -1
			for j := range in {
				if by < 0 && !gone[j] && in[i].Within(in[j]) {
					by = j
				}
			}
			list = append(list, covering{i, by})
		}
	}
	return list
}

// covered cuts all texts by the languages of the values of a list, and finds those that others cover. A list whose texts
// cannot be told apart within the bound has none.
func covered(languages [][]lang.Pattern) []covering {
	if len(languages) < 2 {
		return nil
	}
	sp := space{limit: defaultStates}
	_, in := sp.cells(languages, nil, nil)
	if len(sp.doubts) > 0 {
		return nil
	}
	return redundant(in)
}

// redundantActions finds the patterns that others cover. Those of one service have nothing in common with those of another,
// so each service's are looked at by themselves.
func redundantActions(s *statement) (list []covering) {
	by := map[string][]int{} // by service
	everything := -1
	for i, text := range s.actions {
		service, _, _ := strings.Cut(lowerAction(text), ":")
		if service == "*" && everything < 0 {
			everything = i
			continue
		}
		by[service] = append(by[service], i)
	}
	if everything >= 0 {
		for i := range s.actions {
			if i != everything {
				list = append(list, covering{i, everything})
			}
		}
		return list
	}
	for _, service := range slices.Sorted(maps.Keys(by)) {
		places := by[service]
		var languages [][]lang.Pattern
		for _, i := range places {
			languages = append(languages, []lang.Pattern{lang.Glob(lowerAction(s.actions[i]), lang.Any, false)})
		}
		for _, c := range covered(languages) {
			if c.value = places[c.value]; c.by >= 0 {
				c.by = places[c.by]
			}
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(x, y covering) int { return x.value - y.value })
	return list
}

// redundantResources finds the patterns that others cover. A variable is taken for a text that only itself and * match.
func redundantResources(s *statement) []covering {
	var languages [][]lang.Pattern
	for _, v := range s.src.Resource.Values {
		keys, _ := condition.Variables(v.Text, s.options)
		text, variables := opaque(v.Text, s.options.Version)
		var patterns []lang.Pattern
		switch p := lang.ARN(text, variables); {
		case isAny(v.Text):
			patterns = []lang.Pattern{{{Class: lang.Any, Run: true}}}
		case len(keys) > 0 && s.src.Resource.Not: // it matters whether it has a value
		case p != nil:
			patterns = []lang.Pattern{p}
		}
		languages = append(languages, patterns)
	}
	return covered(languages)
}

// opaque returns a text with each variable replaced by a text that no policy has, the same for the same variable.
func opaque(text string, v policy.Version) (filled string, variables bool) {
	if !v.HasVariables() {
		return text, false
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		inside, after, _ := strings.Cut(rest, "}")
		text = after
		if inside == "*" || inside == "?" || inside == "$" {
			b.WriteString("${" + inside + "}")
			continue
		}
		// Longer than any ? can count.
		b.WriteString(strings.Repeat(string(fresh), 40) + condition.Escape(strings.ToLower(strings.NewReplacer(":", "", "/", "").Replace(inside))) + string(fresh))
	}
}

// redundantPrincipals finds the entries that others cover: "*" all of AWS, an account's id its root's ARN, a role its sessions.
func redundantPrincipals(p *policy.Principals) (list []covering) {
	gone := make([]bool, len(p.Entries))
	for i := len(p.Entries) - 1; i >= 0; i-- {
		for j, e := range p.Entries {
			if i != j && !gone[j] && coversPrincipal(e, p.Entries[i], p.Not) {
				gone[i] = true
				list = append(list, covering{i, j})
				break
			}
		}
	}
	slices.Reverse(list)
	return list
}

func coversPrincipal(p, q policy.Principal, not bool) bool {
	if p.Type != q.Type {
		return false
	}
	rootOf := func(text string) string {
		if arn.IsAccountID(text) {
			return "arn:aws:iam::" + text + ":root"
		}
		return text
	}
	switch a, b := rootOf(p.Name.Text), rootOf(q.Name.Text); {
	case a == b, a == "*" && !not:
		return true
	case not: // each of account, role and session must be listed
		return false
	default:
		return strings.Contains(b, ":assumed-role/") && a == roleOf(b)
	}
}

// redundantValues finds the values of a condition that others cover: the request's value fits one of the others whenever it
// fits them.
func redundantValues(s *statement, c *compiledCondition) []covering {
	op := c.c.Operator()
	if len(c.src.Values) < 2 || op.Comparison() == condition.Presence {
		return nil
	}
	if _, exact := textPatterns(c, s, &assignment{}); exact && op.Comparison() != condition.Booleans {
		var languages [][]lang.Pattern
		for _, v := range c.src.Values {
			one := *c.src
			text := v.Text
			if op.HasVariables() {
				text, _ = opaque(v.Text, s.options.Version)
			}
			one.Values = []policy.Value{{Text: text}}
			of, _ := textPatterns(&compiledCondition{&one, c.c}, s, &assignment{})
			languages = append(languages, of)
		}
		return covered(languages)
	}
	// Of what is no text, the values are tried one by one on samples that stand for all.
	samples := sampleValues(op.Comparison(), c.src.Strings())
	if op.Comparison() == condition.Booleans {
		samples = []string{"true", "false"}
	}
	in := make([]bitset.Set, len(c.src.Values))
	for i, v := range c.src.Values {
		in[i] = bitset.New(len(samples))
		one := *c.src
		one.Operator.Text, one.Values = strings.Replace(op.String(), "Not", "", 1), []policy.Value{v}
		fits, err := condition.Compile(one, condition.Options{Version: s.options.Version, Multivalued: authref.Multivalued})
		if err != nil {
			return nil // a variable where none is read: it fits nothing
		}
		key := c.c.Key().Lower()
		for j, text := range samples {
			a := assignment{values: map[string][]string{key: {text}}}
			if fits.Evaluate(a.scope("", nil)) == condition.True {
				in[i].Add(j)
			}
		}
	}
	return redundant(in)
}
