package prove

import (
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/lang"
)

// A space is the requests that a search looks at: the dimensions that the statements at hand speak of, cut into cells.
type space struct {
	vars     []variable
	limit    int
	operands []operand
	examples []string        // accounts
	variable map[string]bool // keys, in lower case, that policy variables name

	principals []principal // the cells of variable principalVar
	domain     *requestDomain
	shapes     []shape       // of shapeVar
	parts      [arnParts]int // the variables of the parts of the ARN, from the partition on; 0 for "arn", which is fixed
	texts      map[int][]string
	accounts   []account // the cells of the variable of the account part
	keys       map[string]int
	names      map[int]string // of the keys, as policies spell them
	partCells  [arnParts]map[string]bitset.Set
	doubts     []string // why not finding anything proves nothing
}

const arnParts = 6

const (
	principalVar = iota
	shapeVar
)

// A shape is a kind of resource.
type shape struct {
	star    bool
	parts   []lang.Pattern // of the parts of the ARN, from "arn" on; nil for any
	example []string       // what may stand for each part

	unknowns int // how many parts of the type's ARN are to be filled in
}

// An account is a cell of the account part of an ARN, and what aws:ResourceAccount is then; empty: absent.
type account struct{ part, key string }

func (sp *space) add(v variable) int {
	sp.vars = append(sp.vars, v)
	return len(sp.vars) - 1
}

func (sp *space) doubt(format string, args ...any) {
	sp.doubts = append(sp.doubts, fmt.Sprintf(format, args...))
}

// cells cuts the texts of one dimension by languages, each a union of patterns. It returns the texts that stand for the
// cells, and for each language the cells that are in it. Of the hints, the first that is in a cell stands for it. domain is
// the pattern that all texts have; nil for any.
func (sp *space) cells(languages [][]lang.Pattern, domain []lang.Pattern, hints []string) (texts []string, in []bitset.Set) {
	m := lang.NewMachine(len(languages) + 1)
	for i, patterns := range languages {
		for _, p := range patterns {
			m.Add(i, p)
		}
	}
	all := len(languages)
	if domain == nil {
		domain = []lang.Pattern{{{Class: lang.Any, Run: true}}}
	}
	for _, p := range domain {
		m.Add(all, p)
	}
	var signatures []bitset.Set
	complete := m.Walk(bitset.Of(all+1, all), sp.limit, func(sig bitset.Set, text string) bool {
		texts, signatures = append(texts, text), append(signatures, sig)
		return true
	})
	if !complete {
		sp.doubt("more than %d states to tell its texts apart", sp.limit)
	}
	hinted := make([]int, len(texts))
	for h, hint := range hints {
		sig := m.Signature(hint)
		for i := range signatures {
			if hinted[i] == 0 && signatures[i].Equal(sig) {
				hinted[i], texts[i] = h+1, hint
			}
		}
	}
	in = make([]bitset.Set, len(languages))
	for l := range languages {
		in[l] = bitset.New(len(texts))
		for i, sig := range signatures {
			if sig.Has(l) {
				in[l].Add(i)
			}
		}
	}
	return texts, in
}

// newSpace makes the space for statements, which must hold all that the formulas will ask about.
func newSpace(q *question, g *goal, class *class, d *requestDomain, statements []*statement) *space {
	sp := &space{domain: d, shapes: d.shapes, limit: q.options.states(), texts: map[int][]string{}, keys: map[string]int{}, names: map[int]string{},
		variable: map[string]bool{}}
	sp.operands, sp.examples = q.operands(statements, g), q.accounts
	for _, o := range sp.operands {
		for _, key := range o.variables {
			sp.variable[key] = true
		}
	}
	if reason := unsettledBy(sp.operands); reason != "" {
		sp.doubt("%s", reason)
	}
	// The variables of each of these have their cells before the next asks for them.
	sp.add(variable{}) // of the principal
	sp.add(variable{cells: len(sp.shapes)})
	sp.cutVariables(statements)
	sp.principals = q.principalsFor(statements, sp)
	sp.vars[principalVar].cells = len(sp.principals)
	sp.cutAccounts(class, statements)
	sp.cutKeys(statements)
	sp.cutResource(class, statements)
	return sp
}

// cutResource makes the dimensions of the parts of an ARN.
func (sp *space) cutResource(class *class, statements []*statement) {
	var patterns [arnParts]map[string]lang.Pattern
	for i := range patterns {
		patterns[i] = map[string]lang.Pattern{}
	}
	if class.special == writesIAM {
		for _, text := range []string{ownedByAWS, reservedRoles} {
			parts, _ := lang.SplitARN(text, false)
			for i, p := range parts {
				patterns[i][partKey(p)] = p
			}
		}
	}
	var hints [arnParts][]string
	addARN := func(text string, variables bool) {
		parts, _ := lang.SplitARN(text, variables)
		for i, p := range parts {
			patterns[i][partKey(p)] = p
		}
		for i, part := range strings.SplitN(text, ":", arnParts) {
			hints[i] = append(hints[i], plain(part, variables)...)
			if i == arnParts-1 { // a name may be one of several steps
				hints[i] = append(hints[i], strings.ReplaceAll(part, "*", "example/example"))
			}
		}
	}
	hints[1], hints[3] = []string{"aws", "aws-cn", "aws-us-gov"}, []string{"us-east-1", "eu-west-1", ""}
	for _, s := range statements {
		for _, r := range s.resources {
			for _, a := range sp.assignments(sp.variablesOf(r, s)) {
				if filled, known := a.fill(r, s); known && !isAny(r) {
					addARN(filled, s.options.Version.HasVariables())
				}
			}
		}
	}
	for _, s := range sp.shapes {
		for i, p := range s.parts {
			patterns[i][partKey(p)] = p
			hints[i] = append(hints[i], s.example[i])
		}
	}
	service, _, _ := strings.Cut(class.example, ":")
	hints[2] = append(hints[2], service)
	for _, part := range []int{2, 5} {
		hints[part] = append(hints[part], "example", "x")
	}
	for i := 1; i < arnParts; i++ {
		if i == accountPart {
			continue
		}
		domain := []lang.Pattern{{{Class: lang.NotColon, Run: true}}}
		if i == arnParts-1 {
			domain = nil
		}
		texts, in := sp.cells(listed(patterns[i]), domain, hints[i])
		n := sp.add(variable{cells: len(texts)})
		sp.parts[i], sp.texts[n], sp.partCells[i] = n, texts, named(patterns[i], in)
	}
}

// listed returns patterns as languages, in the order of their keys; named gives the cells of each its key again.
func listed(patterns map[string]lang.Pattern) (languages [][]lang.Pattern) {
	for _, key := range slices.Sorted(maps.Keys(patterns)) {
		languages = append(languages, []lang.Pattern{patterns[key]})
	}
	return languages
}

func named(patterns map[string]lang.Pattern, in []bitset.Set) map[string]bitset.Set {
	cells := make(map[string]bitset.Set, len(patterns))
	for i, key := range slices.Sorted(maps.Keys(patterns)) {
		cells[key] = in[i]
	}
	return cells
}

const accountPart = 4

// The accounts of examples.
const (
	exampleAccount = "111122223333"
	otherAccount   = "444455556666"
)

// cutAccounts makes the dimension of the account part, whose cells say what aws:ResourceAccount is, too.
func (sp *space) cutAccounts(class *class, statements []*statement) {
	patterns := map[string]lang.Pattern{}
	add := func(text string, variables bool) {
		if parts, _ := lang.SplitARN(text, variables); len(parts) > accountPart {
			patterns[partKey(parts[accountPart])] = parts[accountPart]
		}
	}
	if class.special == writesIAM {
		add(ownedByAWS, false)
		add(reservedRoles, false)
	}
	tested := sp.variable[resourceAccountKey]
	var languages [][]lang.Pattern
	for _, s := range statements {
		for _, r := range s.resources {
			if s.options.Version.HasVariables() {
				r = generalized(r) // no variable is read in this part
			}
			add(r, s.options.Version.HasVariables())
		}
		for i := range s.conditions {
			if c := &s.conditions[i]; c.c.Key().Lower() == resourceAccountKey {
				tested = true
				of, exact := sp.languages(c, s)
				if !exact {
					sp.doubt("%s is compared with what is no text", c.src.Key.Text)
				}
				languages = append(languages, of...)
			}
		}
	}
	for _, s := range sp.shapes {
		if s.parts != nil {
			patterns[partKey(s.parts[accountPart])] = s.parts[accountPart]
		}
	}
	for _, account := range sp.accountValues() {
		languages = append(languages, []lang.Pattern{lang.Literal(account)})
	}
	digits := slices.Repeat(lang.Pattern{{Class: lang.Digit}}, 12)
	first := len(patterns) + len(languages)
	isAccount, isEmpty := first, first+1
	languages = slices.Concat(listed(patterns), languages, [][]lang.Pattern{{digits}, {{}}})
	texts, in := sp.cells(languages, []lang.Pattern{{{Class: lang.NotColon, Run: true}}}, append(slices.Clone(sp.examples), "222233334444"))
	n := len(sp.vars)
	var from []int // the cell of texts that an account is of
	cell := func(i int, key string) {
		sp.accounts, from = append(sp.accounts, account{texts[i], key}), append(from, i)
		sp.texts[n] = append(sp.texts[n], texts[i])
	}
	// Those that are accounts go first, since a reader expects one in an ARN.
	for i := range in[isAccount].All {
		cell(i, texts[i])
	}
	for i := range texts {
		switch {
		case in[isAccount].Has(i):
		case in[isEmpty].Has(i) && tested: // no account in the ARN: any may be the resource's
			for j := range in[isAccount].All {
				cell(i, texts[j])
			}
		default:
			cell(i, "")
		}
	}
	sp.parts[accountPart] = sp.add(variable{cells: len(sp.accounts)})
	for l := range in {
		cells := bitset.New(len(sp.accounts))
		for i, of := range from {
			if in[l].Has(of) {
				cells.Add(i)
			}
		}
		in[l] = cells
	}
	sp.partCells[accountPart] = named(patterns, in)
}

// partKey is a text for a pattern, by which equal ones are found.
func partKey(p lang.Pattern) string {
	var b strings.Builder
	for _, item := range p {
		if item.Class == lang.One {
			b.WriteString(item.Chars)
			continue
		}
		b.WriteByte(0xff)
		b.WriteByte(byte(item.Class))
		if item.Run {
			b.WriteByte(0xfe)
		}
	}
	return b.String()
}

// plain returns texts that a pattern suggests as examples of what it matches: its wildcards as a word, or as nothing.
func plain(text string, variables bool) []string {
	if !strings.ContainsAny(text, "*?$") {
		return []string{text}
	}
	if variables {
		text = strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$").Replace(text)
	}
	word := strings.NewReplacer("*", "example", "?", "x")
	return []string{word.Replace(text), strings.NewReplacer("*", "x", "?", "x").Replace(text), strings.NewReplacer("*", "", "?", "x").Replace(text)}
}

// The keys that are not simply keys of the context.
const (
	resourceAccountKey = "aws:resourceaccount"
	calledViaKey       = "aws:calledvia"
	calledViaFirstKey  = "aws:calledviafirst"
	calledViaLastKey   = "aws:calledvialast"
)

// dimensionOf returns the key whose dimension a key belongs to.
func dimensionOf(key string) string {
	if key == calledViaFirstKey || key == calledViaLastKey {
		return calledViaKey
	}
	return key
}

// cutKeys makes the dimensions of the condition keys.
func (sp *space) cutKeys(statements []*statement) {
	type tested struct {
		c *compiledCondition
		s *statement
	}
	by := map[string][]tested{}
	for _, s := range statements {
		for i := range s.conditions {
			c := &s.conditions[i]
			if key := c.c.Key().Lower(); !isPrincipalKey(key) && key != resourceAccountKey && sp.domain.carries(key) {
				by[dimensionOf(key)] = append(by[dimensionOf(key)], tested{c, s})
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		if _, cut := sp.keys[key]; cut { // a variable
			continue
		}
		var languages [][]lang.Pattern
		var hints []string
		samples := map[condition.Comparison][]string{} // values of policies, by what they are taken for
		list := false
		for _, t := range by[key] {
			list = list || isListIn(key, t.c)
			if t.c.c.Operator().Comparison() == condition.Presence {
				continue // what is there at all makes no difference between values
			}
			if of, exact := sp.languages(t.c, t.s); exact {
				languages = append(languages, of...)
				for _, v := range t.c.src.Strings() {
					hints = append(hints, plain(v, t.s.options.Version.HasVariables())...)
				}
			} else {
				of := t.c.c.Operator().Comparison()
				samples[of] = append(samples[of], t.c.src.Strings()...)
			}
		}
		var texts []string
		if len(samples) == 0 || len(languages) > 0 {
			texts, _ = sp.cells(languages, domainOf(key), append(hints, "example", "x"))
		}
		for _, of := range slices.Sorted(maps.Keys(samples)) {
			texts = append(texts, sampleValues(of, samples[of])...)
		}
		if len(samples) > 1 || len(samples) == 1 && len(languages) > 0 {
			sp.doubt("%s is compared with values of several kinds", by[key][0].c.src.Key.Text)
		}
		sp.addKey(key, by[key][0].c.src.Key.Text, texts, list)
	}
}

// domainOf is the pattern of all values of a key; nil for any text. No call is forwarded by a service without a name.
func domainOf(key string) []lang.Pattern {
	if key == calledViaKey {
		return []lang.Pattern{{{Class: lang.Any}, {Class: lang.Any, Run: true}}}
	}
	return nil
}

// isListIn reports whether a condition takes its key, which AWS does not list with one value, for a list.
func isListIn(key string, c *compiledCondition) bool {
	op := c.c.Operator()
	return c.c.Key().Multivalued() || key == calledViaKey || (op.ForAnyValue() || op.ForAllValues()) && !knownSingle(key)
}

// addKey makes the dimension of a key; cell 0 is that it is absent.
func (sp *space) addKey(key, name string, texts []string, list bool) {
	if key == calledViaKey {
		name = "aws:CalledVia" // the policies may speak of the first or the last of them
	}
	n := sp.add(variable{cells: len(texts) + 1, list: list})
	sp.keys[key], sp.names[n], sp.texts[n] = n, name, append([]string{""}, texts...)
}

// languages returns what a condition's values are, if it compares texts: a language for each assignment to its variables.
func (sp *space) languages(c *compiledCondition, s *statement) (languages [][]lang.Pattern, exact bool) {
	for _, a := range sp.assignments(c.variables(s)) {
		patterns, exact := textPatterns(c, s, &a)
		if !exact {
			return nil, false
		}
		languages = append(languages, patterns)
	}
	if c.c.Operator().Comparison() == condition.Booleans { // a value that is neither fits nothing
		languages = append(languages, []lang.Pattern{lang.Fold("true")}, []lang.Pattern{lang.Fold("false")})
	}
	return languages, true
}

// textPatterns returns the patterns of a condition's values, if it compares texts, with variables filled in.
func textPatterns(c *compiledCondition, s *statement, a *assignment) (patterns []lang.Pattern, exact bool) {
	variables := s.options.Version.HasVariables() && c.c.Operator().HasVariables()
	for _, v := range c.src.Strings() {
		filled, known := v, true
		if variables {
			filled, known = a.fill(v, s)
		}
		if !known {
			continue
		}
		of, exact := textLanguage(filled, c.c.Operator().Comparison(), variables)
		if !exact {
			return nil, false
		}
		patterns = append(patterns, of...)
	}
	return patterns, true
}

// textLanguage returns what fits a text of a policy, its variables filled in, as a comparison takes it. exact is false if the
// comparison is not one of texts.
func textLanguage(text string, as condition.Comparison, variables bool) (language []lang.Pattern, exact bool) {
	switch as {
	case condition.Texts:
		return []lang.Pattern{lang.Literal(unescaped(text, variables))}, true
	case condition.FoldedText, condition.Booleans:
		return []lang.Pattern{lang.Fold(unescaped(text, variables))}, true
	case condition.Patterns:
		return []lang.Pattern{lang.Glob(text, lang.Any, variables)}, true
	case condition.ARNs:
		if p := lang.ARN(text, variables); p != nil {
			return []lang.Pattern{p}, true
		}
		return nil, true
	}
	return nil, as == condition.Presence
}

// unescaped returns what a text without wildcards stands for.
func unescaped(text string, variables bool) string {
	if !variables {
		return text
	}
	return strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$").Replace(text)
}

// sampleValues returns values that stand for all that comparisons with the policy's values tell apart, for operators that do
// not compare texts. The last is one that they cannot read.
func sampleValues(c condition.Comparison, values []string) (samples []string) {
	switch c {
	case condition.Numbers:
		samples = sampleNumbers(values)
	case condition.Dates:
		samples = sampleDates(values)
	case condition.Addresses:
		samples = sampleAddresses(values)
	case condition.Bytes:
		samples = append(slices.Clone(values), "ZXhhbXBsZQ==", "eA==")
	}
	return append(samples, "-")
}

// sampleNumbers returns the numbers, one between each two that follow each other, and one on either side of all.
func sampleNumbers(values []string) (samples []string) {
	var numbers []*big.Rat
	for _, v := range values {
		if r, ok := new(big.Rat).SetString(v); ok && !strings.ContainsAny(v, "/xX_") {
			numbers = append(numbers, r)
		}
	}
	slices.SortFunc(numbers, (*big.Rat).Cmp)
	print := func(r *big.Rat) string {
		if r.IsInt() {
			return r.Num().String()
		}
		n, _ := r.FloatPrec()
		return r.FloatString(n)
	}
	step := big.NewRat(1, 1)
	for i, r := range numbers {
		if i == 0 {
			samples = append(samples, print(new(big.Rat).Sub(r, step)))
		} else if middle := new(big.Rat).Add(numbers[i-1], r); numbers[i-1].Cmp(r) != 0 {
			samples = append(samples, print(middle.Quo(middle, big.NewRat(2, 1))))
		}
		samples = append(samples, print(r))
	}
	if n := len(numbers); n > 0 {
		samples = append(samples, print(new(big.Rat).Add(numbers[n-1], step)))
	}
	return samples
}

// sampleDates returns the dates, and one on either side of each.
func sampleDates(values []string) (samples []string) {
	var dates []time.Time
	for _, v := range values {
		if t, ok := parseDate(v); ok {
			dates = append(dates, t)
		} else if n, err := strconv.ParseInt(v, 10, 64); err == nil { // too far away for a time.Time
			samples = append(samples, fmt.Sprint(n-1), v, fmt.Sprint(n+1))
		}
	}
	slices.SortFunc(dates, time.Time.Compare)
	print := func(t time.Time) {
		text := t.UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
		if year := t.UTC().Year(); year < 0 || year > 9999 { // no four digits
			text = fmt.Sprint(t.Unix())
		}
		samples = append(samples, text)
	}
	for i, t := range dates {
		if i == 0 {
			print(t.Add(-time.Second))
		} else if gap := t.Sub(dates[i-1]); gap > 2*time.Second {
			print(dates[i-1].Add(time.Second))
		} else if gap > 1 {
			print(dates[i-1].Add(gap / 2))
		}
		print(t)
	}
	if n := len(dates); n > 0 {
		print(dates[n-1].Add(time.Second))
	}
	return samples
}

// parseDate reads a date that package condition has read already. Four digits are a year.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly, "2006-01-02T15:04Z07:00", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	const far = 1 << 55 // seconds, of which a time.Time counts some more
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(n, 0), err == nil && n > -far && n < far
}

// sampleAddresses returns the first address of each range that the blocks cut the addresses into.
func sampleAddresses(values []string) (samples []string) {
	starts := []netip.Addr{netip.AddrFrom4([4]byte{203, 0, 113, 1}), netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	for _, v := range values {
		p, err := netip.ParsePrefix(v)
		if err != nil {
			a, err := netip.ParseAddr(v)
			if err != nil {
				continue
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		p = p.Masked()
		starts = append(starts, p.Addr())
		if next := lastOf(p).Next(); next.IsValid() {
			starts = append(starts, next)
		}
	}
	for _, a := range starts {
		samples = append(samples, a.String())
	}
	return samples
}

// lastOf returns the last address of a block.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// isNarrow reports whether a block of addresses is small enough to be somebody's: AWS takes what is larger than a /8 of
// IPv4, or a /32 of IPv6, for the public.
func isNarrow(block string) bool {
	p, err := netip.ParsePrefix(block)
	if err != nil {
		return true // one address
	}
	return p.Addr().Is4() && p.Bits() >= 8 || !p.Addr().Is4() && p.Bits() >= 32
}
