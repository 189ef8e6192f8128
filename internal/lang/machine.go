package lang

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/writ-iam/writ/internal/bitset"
)

// A Machine runs languages over a text, side by side. The patterns of all languages stand in one tree, so that what
// they begin with in common is walked once.
type Machine struct {
	n     int // languages
	nodes []node
}

// A node is a place that a pattern has come to.
type node struct {
	loop   Class // if loops: of the run that the node is in
	loops  bool
	next   []edge     // by one character
	runs   []int32    // the runs that may begin here
	accept bitset.Set // the languages of which a pattern ends here
	below  bitset.Set // the languages of which a pattern ends here or further on
}

type edge struct {
	item Item
	to   int32
}

// NewMachine returns a machine for n languages, all empty yet.
func NewMachine(n int) *Machine {
	m := &Machine{n: n}
	m.newNode()
	return m
}

func (m *Machine) newNode() int32 {
	m.nodes = append(m.nodes, node{accept: bitset.New(m.n), below: bitset.New(m.n)})
	return int32(len(m.nodes) - 1)
}

// Add adds a pattern to a language.
func (m *Machine) Add(language int, p Pattern) {
	at := int32(0)
	m.nodes[at].below.Add(language)
	for _, item := range p {
		at = m.step(at, item)
		m.nodes[at].below.Add(language)
	}
	m.nodes[at].accept.Add(language)
}

// step returns the node behind an item, which is made if there is none.
func (m *Machine) step(at int32, item Item) int32 {
	if item.Run {
		for _, to := range m.nodes[at].runs {
			if m.nodes[to].loop == item.Class {
				return to
			}
		}
		to := m.newNode()
		m.nodes[to].loop, m.nodes[to].loops = item.Class, true
		m.nodes[at].runs = append(m.nodes[at].runs, to)
		return to
	}
	for _, e := range m.nodes[at].next {
		if e.item == item {
			return e.to
		}
	}
	to := m.newNode()
	m.nodes[at].next = append(m.nodes[at].next, edge{item, to})
	return to
}

// A state is where the machine is after some text: the nodes that patterns have come to, and the languages that the text
// is in however it goes on.
type state struct {
	nodes []int32 // sorted, each once
	sure  bitset.Set
}

func (m *Machine) start() state { return m.close([]int32{0}, bitset.New(m.n)) }

// close adds the runs that may begin, and drops what makes no difference any more.
func (m *Machine) close(nodes []int32, sure bitset.Set) state {
	for i := 0; i < len(nodes); i++ {
		for _, to := range m.nodes[nodes[i]].runs {
			if !slices.Contains(nodes, to) {
				nodes = append(nodes, to)
			}
		}
	}
	for _, id := range nodes {
		if n := &m.nodes[id]; n.loops && n.loop == Any {
			sure.Union(n.accept)
		}
	}
	kept := nodes[:0]
	for _, id := range nodes {
		if !m.nodes[id].below.Within(sure) {
			kept = append(kept, id)
		}
	}
	slices.Sort(kept)
	return state{slices.Compact(kept), sure}
}

func (m *Machine) next(s state, r rune) state {
	var to []int32
	for _, id := range s.nodes {
		n := &m.nodes[id]
		if n.loops && n.loop.has(r) {
			to = append(to, id)
		}
		for i := range n.next {
			item := &n.next[i].item
			if item.Class == One && strings.ContainsRune(item.Chars, r) || item.Class != One && item.Class.has(r) {
				to = append(to, n.next[i].to)
			}
		}
	}
	return m.close(to, s.sure.Clone())
}

func (m *Machine) signature(s state) bitset.Set {
	sig := s.sure.Clone()
	for _, id := range s.nodes {
		sig.Union(m.nodes[id].accept)
	}
	return sig
}

// Signature returns the languages that a text is in.
func (m *Machine) Signature(text string) bitset.Set {
	s := m.start()
	for _, r := range text {
		if len(s.nodes) == 0 {
			break
		}
		s = m.next(s, r)
	}
	return m.signature(s)
}

// Characters of last resort: of Word, and of none of the narrower classes.
const (
	private = string(Private + privates - 1)
	beyond  = string(Private + privates)
)

// chars returns characters that stand for all in a state: each that a pattern names there, and one of every class that the
// state tells apart.
func (m *Machine) chars(s state) []rune {
	var named []rune
	classes := [Word + 1]bool{}
	for _, id := range s.nodes {
		n := &m.nodes[id]
		if n.loops {
			classes[n.loop] = true
		}
		for i := range n.next {
			item := &n.next[i].item
			classes[item.Class] = true
			for _, r := range item.Chars {
				if !slices.Contains(named, r) {
					named = append(named, r)
				}
			}
		}
	}
	slices.Sort(named)
	other := func(candidates string) {
		for _, r := range candidates {
			if !slices.Contains(named, r) {
				named = append(named, r)
				return
			}
		}
	}
	const lower, digits, upper = "xabcdefghijklmnopqrstuvwyz", "1234567890", "XABCDEFGHIJKLMNOPQRSTUVWYZ"
	// What is neither named nor of one class only. Small letters go first, since some texts are matched in lower case; a policy
	// may name all of these, but not what is private.
	if classes[Digit] {
		other(lower + "-_." + upper + private)
		other(digits)
	} else {
		other(lower + digits + "-_." + upper + private)
	}
	if classes[NotColon] {
		other(":")
	}
	if classes[NotSlash] {
		other("/")
	}
	if classes[Word] {
		other("~#!%&()" + beyond)
	}
	return named
}

// stepsPerState bounds the work of a walk: a state of many nodes with many characters counts for more than one.
const stepsPerState = 500

// Walk calls visit for each signature that has all of the languages in must, with a text of it as short as any; visit returns
// false to end the walk. Walk looks at most at limit states, and at some hundred times as many ways from one to another;
// complete says that no signature was missed for it.
func (m *Machine) Walk(must bitset.Set, limit int, visit func(signature bitset.Set, text string) bool) (complete bool) {
	type visited struct {
		state
		from int
		by   rune
	}
	var (
		all  []visited
		seen = make(map[string]bool)
		sigs = make(map[string]bool)
		key  []byte
	)
	text := func(i int) string {
		var runes []rune
		for ; all[i].from >= 0; i = all[i].from {
			runes = append(runes, all[i].by)
		}
		slices.Reverse(runes)
		return string(runes)
	}
	add := func(s state, from int, by rune) {
		// What cannot come to all of must any more is not walked on.
		reach := s.sure.Clone()
		for _, id := range s.nodes {
			reach.Union(m.nodes[id].below)
		}
		if !must.Within(reach) {
			return
		}
		key = s.appendKey(key[:0])
		if !seen[string(key)] {
			seen[string(key)] = true
			all = append(all, visited{s, from, by})
		}
	}
	add(m.start(), -1, 0)
	steps := 0
	for i := 0; i < len(all); i++ {
		if i >= limit || steps > limit*stepsPerState {
			return false
		}
		sig := m.signature(all[i].state)
		if must.Within(sig) {
			key = appendWords(key[:0], sig)
			if !sigs[string(key)] {
				sigs[string(key)] = true
				if !visit(sig, text(i)) {
					return true
				}
			}
		}
		if len(all[i].nodes) == 0 {
			continue // nothing changes from here on
		}
		chars := m.chars(all[i].state)
		steps += len(chars) * len(all[i].nodes)
		for _, r := range chars {
			add(m.next(all[i].state, r), i, r)
		}
	}
	return true
}

func (s state) appendKey(key []byte) []byte {
	key = appendWords(key, s.sure)
	for _, id := range s.nodes {
		key = binary.LittleEndian.AppendUint32(key, uint32(id))
	}
	return key
}

func appendWords(key []byte, s bitset.Set) []byte {
	for _, w := range s {
		key = binary.LittleEndian.AppendUint64(key, w)
	}
	return key
}
