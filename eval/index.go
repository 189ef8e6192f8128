package eval

import (
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/writ-iam/writ/internal/glob"
)

// This file leads from an action to the statements that can match it. Action names without wildcards are looked up in
// a table. Those with wildcards are filed by their service, and among many by the text before the first wildcard.
// Statements that may match any action (NotAction, and Action "*") are tried each time.

// An actionName is a request's action. Its lower case is made only where a pattern asks for it.
type actionName struct {
	raw  string
	head uint64 // the first eight bytes in lower case
	hash uint64
	n    int // how many bytes of buf are set
	buf  [72]byte
	long string // the lower case, if buf is too short: no action of AWS is

	serviceHash uint64 // once hasService
	serviceLen  int
	hasService  bool
}

func (a *actionName) set(action string) {
	a.raw = action
	a.head, a.hash = hash(action)
}

// isOf reports whether the action starts with the prefix of a service of three letters and a colon.
func (a *actionName) isOf(prefix string) bool {
	return uint32(a.head) == uint32(prefix[0])|uint32(prefix[1])<<8|uint32(prefix[2])<<16|uint32(prefix[3])<<24
}

// service returns the part before the colon, empty without one, and its hash.
func (a *actionName) service() (string, uint64) {
	if !a.hasService {
		a.serviceLen = max(strings.IndexByte(a.raw, ':'), 0)
		_, a.serviceHash = hash(a.raw[:a.serviceLen])
		a.hasService = true
	}
	return a.raw[:a.serviceLen], a.serviceHash
}

// text returns the name in lower case. It must not be kept.
func (a *actionName) text() string {
	if len(a.raw) > len(a.buf) {
		if a.long == "" {
			a.long = lowerText(a.raw)
		}
		return a.long
	}
	if a.n < len(a.raw) {
		a.n = len(a.raw)
		i := 0
		for ; i+8 <= len(a.raw); i += 8 {
			store(a.buf[i:], lower(load(a.raw[i:])))
		}
		if i < len(a.raw) {
			store(a.buf[i:], lower(loadTail(a.raw, i)))
		}
	}
	return unsafe.String(&a.buf[0], a.n)
}

// load returns the first eight bytes of s.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// loadTail returns the bytes of s from i on, of which there are fewer than eight.
func loadTail(s string, i int) (w uint64) {
	if n := len(s) - i; n > 0 && len(s) >= 8 {
		return load(s[len(s)-8:]) >> (8 * (8 - n))
	}
	for j := len(s) - 1; j >= i; j-- {
		w = w<<8 | uint64(s[j])
	}
	return w
}

func store(b []byte, w uint64) {
	_ = b[7]
	b[0], b[1], b[2], b[3] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
	b[4], b[5], b[6], b[7] = byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56)
}

// lower turns the ASCII capitals among eight bytes into small letters.
func lower(w uint64) uint64 {
	const ones = 0x0101010101010101
	low := w & (0x7f * ones)
	fromA := low + (0x80-'A')*ones
	afterZ := low + (0x7f-'Z')*ones
	capital := (fromA ^ afterZ) &^ w & (0x80 * ones)
	return w | capital>>2
}

// lowerText turns the ASCII capitals of a text into small letters, byte by byte.
func lowerText(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// hash returns the first eight bytes of s in lower case, and a hash of s in any case. It looks at the start, the middle,
// the end and the length, which tell the names of actions apart; a table compares the rest. That somebody can make
// names that collide costs them time on their own policy only.
func hash(s string) (head, h uint64) {
	if len(s) < 8 {
		head = lower(loadTail(s, 0))
		return head, mix(head, uint64(len(s)))
	}
	head = lower(load(s))
	middle, end := lower(load(s[len(s)/2-4:])), lower(load(s[len(s)-8:]))
	return head, mix(mix(head, uint64(len(s)))^middle, end)
}

func mix(h, w uint64) uint64 {
	h = (h ^ w) * odd
	return h ^ h>>32
}

// odd spreads the bits of what is multiplied by it upwards: the golden ratio of 64 bits.
const odd = 0x9e3779b97f4a7c15

// isLowerOf reports whether s in lower case is name.
func isLowerOf(name, s string) bool {
	if len(name) != len(s) {
		return false
	}
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if load(name[i:]) != lower(load(s[i:])) {
			return false
		}
	}
	return i == len(s) || loadTail(name, i) == lower(loadTail(s, i))
}

// A table finds values by the hash of their names: open addressing with a tag of 32 bits a slot, so that the table of a
// policy that does not have the name is seldom looked at further.
type table[V any] struct {
	tags    []uint32   // 0: free; a power of two in number, at most half of them taken
	entries []entry[V] // for each slot
}

type entry[V any] struct {
	name  string // in lower case
	value V
}

func newTable[V any](values map[string]V) (t table[V]) {
	if len(values) == 0 {
		return t
	}
	size := 4
	for size < 2*len(values) {
		size *= 2
	}
	t = table[V]{make([]uint32, size), make([]entry[V], size)}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		_, h := hash(name)
		slot := int(h) & (size - 1)
		for t.tags[slot] != 0 {
			slot = (slot + 1) & (size - 1)
		}
		t.tags[slot], t.entries[slot] = tag(h), entry[V]{name, values[name]}
	}
	return t
}

func tag(h uint64) uint32 { return uint32(h>>32) | 1 }

// find returns the value of a name in any case, whose hash is h, or nil.
func (t *table[V]) find(h uint64, name string) *V {
	mask := len(t.tags) - 1
	if mask < 0 {
		return nil
	}
	for slot, want := int(h)&mask, tag(h); t.tags[slot] != 0; slot = (slot + 1) & mask {
		if e := &t.entries[slot]; t.tags[slot] == want && isLowerOf(e.name, name) {
			return &e.value
		}
	}
	return nil
}

// few is up to how many candidates are tried one by one.
const few = 8

// An index leads from an action to the statements of one effect that can match.
type index struct {
	starts  uint64            // a bit for each start of an action that the statements may be about
	any     candidates        // statements that may match any action
	actions table[candidates] // by a name without wildcards, the statements that list it
	wild    table[wildcards]  // by service, the names with wildcards
}

// A wildcard is an action name with wildcards, and the statement that lists it.
type wildcard struct {
	pattern   glob.Matcher
	statement int32
}

// wildcards are those of one service.
type wildcards struct {
	list []wildcard
	tree *prefixTree // over list; nil for a few
}

// candidates are statements to try. Among many, the resource tells which.
type candidates struct {
	list []int32
	tree *prefixTree // over list, by the start of the resource; nil for a few
}

// newIndex files the statements of one effect.
func newIndex(all []statement, deny bool) (ix index) {
	listed := make(map[string][]int32)
	wild := make(map[string][]wildcard)
	var any []int32
	for i := range all {
		s, id := &all[i], int32(i)
		if s.deny != deny || s.never {
			continue
		}
		if s.action.not || slices.ContainsFunc(s.action.patterns, func(m glob.Matcher) bool { return m.Pattern() == glob.Any }) {
			any = append(any, id)
			ix.starts = ^uint64(0)
			continue
		}
		for _, m := range s.action.patterns {
			p := m.Pattern()
			ix.starts |= startBits(p)
			if p.IsLiteral() {
				if l := listed[string(p)]; len(l) == 0 || l[len(l)-1] != id {
					listed[string(p)] = append(l, id)
				}
				continue
			}
			service, _, _ := strings.Cut(string(p), ":")
			wild[service] = append(wild[service], wildcard{glob.NewMatcher(p), id})
		}
	}
	ix.any = newCandidates(any, all)
	actions := make(map[string]candidates, len(listed))
	for name, list := range listed {
		actions[name] = newCandidates(list, all)
	}
	ix.actions = newTable(actions)
	services := make(map[string]wildcards, len(wild))
	for service, list := range wild {
		services[service] = newWildcards(list)
	}
	ix.wild = newTable(services)
	return ix
}

func newWildcards(list []wildcard) wildcards {
	w := wildcards{list: list}
	if len(list) <= few {
		return w
	}
	w.tree = new(prefixTree)
	for i := range list {
		prefix, _ := list[i].pattern.Pattern().Prefix()
		w.tree.add(prefix, int32(i))
	}
	return w
}

// startBit returns the bit that stands in [index.starts] for all names that start with the same three bytes: a
// quick way to see that a policy is not about an action.
func startBit(head uint64) uint64 { return 1 << (head & 0xffffff * odd >> 58) }

// startBits returns the bits for what a name of an action, perhaps with wildcards, may start with.
func startBits(p glob.Pattern) uint64 {
	start, _ := p.Prefix()
	if len(start) < 3 && !p.IsLiteral() {
		return ^uint64(0)
	}
	return startBit(loadTail(start[:min(len(start), 3)], 0))
}

func newCandidates(list []int32, all []statement) candidates {
	// Those that are soonest decided go first: order does not matter for the outcome.
	slices.SortStableFunc(list, func(a, b int32) int { return all[a].cost() - all[b].cost() })
	c := candidates{list: list}
	if len(list) <= few {
		return c
	}
	c.tree = new(prefixTree)
	for _, id := range list {
		prefixes := []string{""}
		if r := &all[id].resource; !r.not && !r.any {
			prefixes = prefixes[:0]
			for i := range r.patterns {
				prefixes = append(prefixes, r.patterns[i].pattern.Start())
			}
		}
		slices.Sort(prefixes)
		for _, p := range slices.Compact(prefixes) {
			c.tree.add(p, id)
		}
	}
	return c
}

// cost is a rough measure of how long the statement takes to match.
func (s *statement) cost() int {
	cost := 2 * len(s.condition)
	if !s.resource.any {
		cost++
	}
	return cost
}

// A prefixTree finds, among many prefixes, those of a given text: a radix tree.
type prefixTree struct {
	label    string  // what the way to this node adds to the prefix
	ids      []int32 // filed under the prefix that ends here
	children []*prefixTree
	first    string // the first bytes of the children's labels, sorted
}

func (t *prefixTree) add(prefix string, id int32) {
	if prefix == "" {
		t.ids = append(t.ids, id)
		return
	}
	i := strings.IndexByte(t.first, prefix[0])
	if i < 0 {
		i = 0
		for i < len(t.first) && t.first[i] < prefix[0] {
			i++
		}
		t.first = t.first[:i] + prefix[:1] + t.first[i:]
		t.children = slices.Insert(t.children, i, &prefixTree{label: prefix})
		t.children[i].ids = []int32{id}
		return
	}
	child := t.children[i]
	n := 0
	for n < len(prefix) && n < len(child.label) && prefix[n] == child.label[n] {
		n++
	}
	if n < len(child.label) { // split the way to the child
		child.label = child.label[n:]
		t.children[i] = &prefixTree{label: prefix[:n], children: []*prefixTree{child}, first: child.label[:1]}
		child = t.children[i]
	}
	child.add(prefix[n:], id)
}

// next returns the node one step further along s, and what of s is left, or nil where no longer prefix fits.
func (t *prefixTree) next(s string) (*prefixTree, string) {
	if s == "" {
		return nil, ""
	}
	i := strings.IndexByte(t.first, s[0])
	if i < 0 {
		return nil, ""
	}
	child := t.children[i]
	rest, ok := strings.CutPrefix(s, child.label)
	if !ok {
		return nil, ""
	}
	return child, rest
}
