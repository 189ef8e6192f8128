package smt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// A Question is one to a solver.
type Question struct {
	Text string // commands of SMT-LIB 2, which print an answer and then the values of the request's constants
	keys []*key
}

// A key is a condition key.
type key struct {
	name              string // as the first condition on it spells it
	symbol            string
	list              bool     // it may have several values
	known             bool     // AWS lists it as multivalued
	compared, numeric bool     // with something, with numbers
	slots             []string // the constants of its values
	there             string   // the term that it is there
}

// The constants of action and resource. The parts of the ARN are those behind "arn:".
var parts = [...]string{"arn.partition", "arn.service", "arn.region", "arn.account", "arn.resource"}

const (
	calledVia       = "aws:calledvia"
	calledViaFirst  = "aws:calledviafirst"
	calledViaLast   = "aws:calledvialast"
	resourceAccount = "aws:resourceaccount"
)

// ofPrincipal are the keys that follow from the principal.
var ofPrincipal = []string{"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principalisawsservice", "aws:principalservicename",
	"aws:username", "aws:userid"}

// what a request can be, but for its keys: characters of ASCII for names, and parts of an ARN without a colon.
const prelude = `(declare-const service Service)
(declare-const name String)
(declare-const star Bool)
(assert (str.in_re name (re.+ (re.union (re.range "!" "@") (re.range "[" "~")))))
`

// what AWS decides whatever policies say, where the policies speak of sts and iam by name.
const (
	ruleOfSTS = `(assert (not (and (= service |sts|) (or (= name "getcalleridentity") (= name "getsessiontoken")))))
`
	ruleOfIAM = `(assert (not (and (= service |iam|) (not star)
  (not (or (str.prefixof "get" name) (str.prefixof "list" name) (str.prefixof "generate" name) (str.prefixof "simulate" name) (str.prefixof "passrole" name)))
  (or (= arn.account "aws") (str.prefixof "role/aws-reserved/" arn.resource)))))
`
)

const (
	anyChar  = "re.allchar"
	notColon = `(re.union (re.range "\u{0}" "9") (re.range ";" "\u{2ffff}"))`
	account  = `((_ re.^ 12) (re.range "0" "9"))`
)

// Exceeds writes the question whether a allows a request that b does not. The error is an [*Unsupported].
func Exceeds(a, b *policy.Document) (*Question, error) {
	w := writer{keys: map[string]*key{}}
	services := map[string]bool{}
	for _, doc := range []*policy.Document{a, b} {
		for i := range doc.Statements {
			for _, action := range doc.Statements[i].Action.Strings() {
				if service, _, ok := strings.Cut(strings.ToLower(action), ":"); ok && service != "*" {
					services[service] = true
				}
			}
		}
		if err := w.meetKeys(doc); err != nil {
			return nil, err
		}
	}
	w.declareRequest(services)
	w.declareKeys()
	allowedByA, err := w.allows(a)
	if err != nil {
		return nil, err
	}
	allowedByB, err := w.allows(b)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&w, "(assert %s)\n(assert (not %s))\n(check-sat-using (then simplify propagate-values solve-eqs smt))\n", allowedByA, allowedByB)
	q := &Question{keys: w.order}
	w.WriteString("(get-value (service name star " + strings.Join(parts[:], " "))
	for _, k := range q.keys {
		for _, symbol := range k.constants() {
			w.WriteString(" " + symbol)
		}
	}
	w.WriteString("))\n")
	q.Text = w.String()
	return q, nil
}

// declareRequest declares the constants of action and resource. A service is one of those that the policies name, or one that
// they do not.
func (w *writer) declareRequest(services map[string]bool) {
	other := "example"
	for services[other] {
		other += "s"
	}
	fmt.Fprintf(w, "(set-logic ALL)\n(declare-datatypes () ((Service |%s|", other)
	for _, service := range slices.Sorted(maps.Keys(services)) {
		fmt.Fprintf(w, " |%s|", service)
	}
	w.WriteString(")))\n" + prelude)
	for i, part := range parts {
		fmt.Fprintf(w, "(declare-const %s String)\n", part)
		if i < len(parts)-1 {
			fmt.Fprintf(w, "(assert (str.in_re %s (re.* %s)))\n", part, notColon)
		}
	}
	if services["sts"] {
		w.WriteString(ruleOfSTS)
	}
	if services["iam"] {
		w.WriteString(ruleOfIAM)
	}
}

type writer struct {
	strings.Builder
	keys  map[string]*key // by the name in lower case
	order []*key          // those with constants of their own
}

func unsupported(format string, args ...any) error {
	return &Unsupported{fmt.Sprintf(format, args...)}
}

// An operator is a condition operator taken apart.
type operator struct {
	base     string // in lower case, without prefix and suffix
	negated  bool
	ifExists bool
	any, all bool // ForAnyValue, ForAllValues
}

func parseOperator(text string) (op operator) {
	lower := strings.ToLower(text)
	if rest, ok := strings.CutPrefix(lower, "foranyvalue:"); ok {
		lower, op.any = rest, true
	} else if rest, ok := strings.CutPrefix(lower, "forallvalues:"); ok {
		lower, op.all = rest, true
	}
	lower, op.ifExists = strings.CutSuffix(lower, "ifexists")
	for _, family := range []string{"string", "numeric", "arn"} {
		if rest, ok := strings.CutPrefix(lower, family+"not"); ok {
			lower, op.negated = family+rest, true
		}
	}
	op.base = lower
	return op
}

// meetKeys notes which keys the document has conditions on, and of what kind they are.
func (w *writer) meetKeys(doc *policy.Document) error {
	for i := range doc.Statements {
		s := &doc.Statements[i]
		if s.Principal != nil {
			return unsupported("a Principal element")
		}
		for _, c := range s.Condition {
			lower, op := strings.ToLower(c.Key.Text), parseOperator(c.Operator.Text)
			switch {
			case slices.Contains(ofPrincipal, lower):
				return unsupported("the key %s", c.Key.Text)
			case strings.HasPrefix(op.base, "date"), strings.HasPrefix(op.base, "binary"), strings.Contains(op.base, "ipaddress"):
				return unsupported("the operator %s", c.Operator.Text)
			}
			names := []string{lower}
			if lower == calledViaFirst || lower == calledViaLast {
				names = append(names, calledVia) // it has no constants but those
			}
			for _, name := range names {
				k := w.keys[name]
				if k == nil {
					k = &key{name: c.Key.Text}
					if name != lower {
						k.name = "aws:CalledVia"
					}
					w.keys[name] = k
					k.known = authref.Multivalued(name)
					k.list = k.known || name == calledVia
				}
				if op.base != "null" && name == lower {
					numeric := strings.HasPrefix(op.base, "numeric")
					if k.compared && k.numeric != numeric {
						return unsupported("%s, both as a number and as a text", c.Key.Text)
					}
					k.compared, k.numeric = true, numeric
				}
				k.list = k.list || (op.any || op.all) && name == lower && !isListed(name)
			}
		}
	}
	return nil
}

// isListed reports whether AWS lists the key.
func isListed(key string) bool {
	if _, ok := authref.GlobalConditionKey(key); ok {
		return true
	}
	prefix, _, _ := strings.Cut(key, ":")
	s, ok := authref.Lookup(prefix)
	if ok {
		_, ok = s.ConditionKey(key)
	}
	return ok
}

// declareKeys declares the constants of the keys.
func (w *writer) declareKeys() {
	for _, name := range slices.Sorted(maps.Keys(w.keys)) {
		k := w.keys[name]
		if name == calledViaFirst || name == calledViaLast {
			continue
		}
		k.symbol = fmt.Sprintf("key%d", len(w.order)+1)
		w.order = append(w.order, k)
		fmt.Fprintf(w, "; %s\n", quote(k.name))
		n := 1
		if k.list {
			n = MaxValues
			k.there = fmt.Sprintf("(> %s.n 0)", k.symbol)
			fmt.Fprintf(w, "(declare-const %[1]s.n Int)\n(assert (<= 0 %[1]s.n %[2]d))\n", k.symbol, MaxValues)
		} else {
			k.there = k.symbol + ".there"
			fmt.Fprintf(w, "(declare-const %s Bool)\n", k.there)
		}
		for i := range n {
			slot := fmt.Sprintf("%s.%d", k.symbol, i+1)
			k.slots = append(k.slots, slot)
			if k.numeric {
				fmt.Fprintf(w, "(declare-const %[1]s Real)\n(declare-const %[1]s.number Bool)\n", slot)
			} else {
				fmt.Fprintf(w, "(declare-const %s String)\n", slot)
			}
		}
		if name == resourceAccount {
			fmt.Fprintf(w, "(assert (=> %s (str.in_re %s %s)))\n", k.there, k.slots[0], account)
			// An ARN says in which account the resource is; one without an account is of a resource that is in some account.
			fmt.Fprintf(w, "(assert (=> (not star) (ite (= arn.account \"\") %[1]s (and (= %[1]s (str.in_re arn.account %[2]s)) (=> %[1]s (= %[3]s arn.account))))))\n",
				k.there, account, k.slots[0])
		}
	}
	via := w.keys[calledVia]
	if first := w.keys[calledViaFirst]; first != nil {
		first.slots = via.slots[:1]
		first.there = and(via.there, not(fmt.Sprintf(`(= %s "")`, first.slots[0])))
	}
	if last := w.keys[calledViaLast]; last != nil {
		text := via.slots[0]
		for i := 1; i < MaxValues; i++ {
			text = fmt.Sprintf("(ite (> %s.n %d) %s %s)", via.symbol, i, via.slots[i], text)
		}
		last.slots = []string{text}
		last.there = and(via.there, not(fmt.Sprintf(`(= %s "")`, text)))
	}
}

func (k *key) constants() (symbols []string) {
	if k.list {
		symbols = append(symbols, k.symbol+".n")
	} else {
		symbols = append(symbols, k.there)
	}
	for _, slot := range k.slots {
		symbols = append(symbols, slot)
		if k.numeric {
			symbols = append(symbols, slot+".number")
		}
	}
	return symbols
}

// allows is the term that the document allows the request: an Allow matches, and no Deny.
func (w *writer) allows(doc *policy.Document) (string, error) {
	var allows, denies []string
	for i := range doc.Statements {
		s := &doc.Statements[i]
		matches, err := w.matches(s, doc.Version.HasVariables())
		if err != nil {
			return "", err
		}
		if s.Effect == policy.Deny {
			denies = append(denies, matches)
		} else {
			allows = append(allows, matches)
		}
	}
	return and(or(allows...), not(or(denies...))), nil
}

func (w *writer) matches(s *policy.Statement, variables bool) (string, error) {
	action, err := matchesAction(s.Action)
	if err != nil {
		return "", err
	}
	resource, err := matchesResource(s, variables)
	if err != nil {
		return "", err
	}
	terms := []string{action, resource}
	for _, c := range s.Condition {
		holds, err := w.holds(c, variables)
		if err != nil {
			return "", err
		}
		terms = append(terms, holds)
	}
	return and(terms...), nil
}

// matchesAction is the term that an Action or NotAction element matches.
func matchesAction(e policy.Element) (string, error) {
	by := map[string][]string{}
	for _, text := range e.Strings() {
		text = strings.ToLower(text)
		if text == "*" || text == "*:*" {
			by = map[string][]string{"": nil}
			break
		}
		service, name, ok := strings.Cut(text, ":")
		if !ok || service == "" || strings.ContainsAny(service, `*?|\`) {
			return "", unsupported("the action %q", text)
		}
		by[service] = append(by[service], name)
	}
	var ways []string
	for _, service := range slices.Sorted(maps.Keys(by)) {
		if service == "" {
			ways = append(ways, "true")
			continue
		}
		var names []string
		for _, name := range by[service] {
			names = append(names, glob("name", name, anyChar))
		}
		ways = append(ways, and(fmt.Sprintf("(= service |%s|)", service), or(names...)))
	}
	return maybeNot(e.Not, or(ways...)), nil
}

// matchesResource is the term that a Resource or NotResource element matches.
func matchesResource(s *policy.Statement, variables bool) (string, error) {
	if !s.Resource.Present() {
		return "", unsupported("a statement without Resource")
	}
	var ways []string
	for _, text := range s.Resource.Strings() {
		switch {
		case text != "" && strings.Trim(text, "*") == "":
			ways = append(ways, "true")
			continue
		case variables && strings.Contains(text, "${"):
			return "", unsupported("policy variables")
		}
		patterns, ok := splitARN(text)
		if !ok {
			// What names no resource matches none, and who excepts it matches nothing.
			if s.Resource.Not {
				return "false", nil
			}
			continue
		}
		terms := []string{"(not star)"}
		for i, p := range patterns {
			class := notColon
			if i == len(parts)-1 {
				class = anyChar
			}
			terms = append(terms, glob(parts[i], p, class))
		}
		ways = append(ways, and(terms...))
	}
	return maybeNot(s.Resource.Not, or(ways...)), nil
}

// splitARN returns the patterns of the parts behind "arn:". Missing parts are any if what there is ends with *; otherwise the
// pattern matches nothing.
func splitARN(text string) (patterns []string, ok bool) {
	patterns = strings.SplitN(text, ":", len(parts)+1)
	if len(patterns) <= len(parts) && !strings.HasSuffix(text, "*") {
		return nil, false
	}
	if !matchesText(patterns[0], "arn") {
		return nil, false
	}
	return patterns[1:], true
}

// matchesText reports whether a short pattern matches a short text.
func matchesText(pattern, text string) bool {
	switch {
	case pattern == "":
		return text == ""
	case pattern[0] == '*':
		return matchesText(pattern[1:], text) || text != "" && matchesText(pattern, text[1:])
	case text == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == text[0]) && matchesText(pattern[1:], text[1:])
}

// holds is the term that a condition holds.
func (w *writer) holds(c policy.Condition, variables bool) (string, error) {
	op, k := parseOperator(c.Operator.Text), w.keys[strings.ToLower(c.Key.Text)]
	if len(c.Values) == 0 {
		return "false", nil
	}
	if op.base == "null" {
		var ways []string
		for _, v := range c.Strings() {
			ways = append(ways, maybeNot(strings.EqualFold(v, "true"), k.there))
		}
		return or(ways...), nil
	}
	fits := make([]string, len(k.slots))
	for i, slot := range k.slots {
		var ways []string
		for _, v := range c.Strings() {
			if variables && strings.Contains(v, "${") {
				return "", unsupported("policy variables")
			}
			fit, err := compare(op.base, slot, v)
			if err != nil {
				return "", err
			}
			ways = append(ways, fit)
		}
		fits[i] = maybeNot(op.negated, or(ways...))
	}
	has := func(i int) string { // the i-th value is there
		if !k.list {
			return k.there
		}
		return fmt.Sprintf("(> %s.n %d)", k.symbol, i)
	}
	var terms []string
	switch {
	case op.any:
		for i := range fits {
			terms = append(terms, and(has(i), fits[i]))
		}
		return or(terms...), nil
	case op.all:
		for i := range fits {
			terms = append(terms, or(not(has(i)), fits[i]))
		}
		return and(terms...), nil
	}
	// Several values need a set operator, and so does one of a key that is known for a list.
	fit := fits[0]
	switch {
	case k.known:
		fit = "false"
	case k.list:
		fit = and(fmt.Sprintf("(= %s.n 1)", k.symbol), fit)
	}
	if op.negated || op.ifExists {
		return or(not(k.there), fit), nil
	}
	return and(k.there, fit), nil
}

// compare is the term that a value of the request fits one of the policy, leaving negation aside.
func compare(base, slot, v string) (string, error) {
	switch base {
	case "stringequals":
		return fmt.Sprintf("(= %s %s)", slot, quote(v)), nil
	case "stringequalsignorecase":
		return inRE(slot, folded(v)), nil
	case "stringlike":
		return glob(slot, v, anyChar), nil
	case "bool":
		return inRE(slot, folded(v)), nil
	case "arnequals", "arnlike":
		patterns, ok := splitARN(v)
		if !ok {
			return "false", nil
		}
		items := []string{`(str.to_re "arn")`}
		for i := range parts {
			class, p := notColon, "*"
			if i == len(parts)-1 {
				class = anyChar
			}
			if i < len(patterns) {
				p = patterns[i]
			}
			items = append(items, `(str.to_re ":")`)
			items = append(items, globItems(p, class)...)
		}
		return inRE(slot, "(re.++ "+strings.Join(items, " ")+")"), nil
	}
	relation, ok := map[string]string{"numericequals": "=", "numericlessthan": "<", "numericlessthanequals": "<=", "numericgreaterthan": ">",
		"numericgreaterthanequals": ">="}[base]
	if !ok {
		return "", unsupported("the operator %s", base)
	}
	number, ok := decimal(v)
	if !ok {
		return "", unsupported("the number %q", v)
	}
	return fmt.Sprintf("(and %s.number (%s %s %s))", slot, relation, slot, number), nil
}

// decimal writes a number without an exponent.
func decimal(v string) (string, bool) {
	digits, negative := strings.CutPrefix(v, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	for _, r := range whole + fraction {
		if r < '0' || r > '9' {
			return "", false
		}
	}
	if whole == "" {
		return "", false
	}
	text := whole + "." + fraction + "0"
	if text = strings.TrimLeft(text, "0"); text[0] == '.' {
		text = "0" + text
	}
	if negative {
		text = "(- " + text + ")"
	}
	return text, true
}

// glob is the term that a constant has the form of a pattern, whose wildcards stand for characters of a class.
func glob(symbol, pattern, class string) string {
	if !strings.ContainsAny(pattern, "*?") {
		return fmt.Sprintf("(= %s %s)", symbol, quote(pattern))
	}
	if strings.Trim(pattern, "*") == "" {
		return "true" // the parts that must not have a colon have none
	}
	items := globItems(pattern, class)
	if len(items) == 1 {
		return inRE(symbol, items[0])
	}
	return inRE(symbol, "(re.++ "+strings.Join(items, " ")+")")
}

func globItems(pattern, class string) (items []string) {
	for pattern != "" {
		n := strings.IndexAny(pattern, "*?")
		if n < 0 {
			n = len(pattern)
		}
		if n > 0 {
			items, pattern = append(items, "(str.to_re "+quote(pattern[:n])+")"), pattern[n:]
			continue
		}
		if pattern[0] == '?' {
			items = append(items, class)
		} else {
			items = append(items, "(re.* "+class+")")
		}
		pattern = pattern[1:]
	}
	return items
}

// folded is the regular expression of the texts that differ from one by case only.
func folded(text string) string {
	var items []string
	for _, r := range text {
		same := []string{"(str.to_re " + quote(string(r)) + ")"}
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			same = append(same, "(str.to_re "+quote(string(f))+")")
		}
		items = append(items, join("re.union", "", same))
	}
	return join("re.++", `(str.to_re "")`, items)
}

func inRE(symbol, re string) string { return fmt.Sprintf("(str.in_re %s %s)", symbol, re) }

// quote writes a text as a string of SMT-LIB.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"':
			b.WriteString(`""`)
		case r == '\\' || r < ' ' || r > '~':
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

func join(function, none string, terms []string) string {
	switch len(terms) {
	case 0:
		return none
	case 1:
		return terms[0]
	}
	return "(" + function + " " + strings.Join(terms, " ") + ")"
}

func and(terms ...string) string { return join("and", "true", terms) }
func or(terms ...string) string  { return join("or", "false", terms) }
func not(term string) string     { return "(not " + term + ")" }

func maybeNot(negated bool, term string) string {
	if negated {
		return not(term)
	}
	return term
}
