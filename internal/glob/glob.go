// Package glob matches the wildcards of IAM policies: * stands for any run of characters, the empty run
// included, and ? for exactly one character. Everything else, and a backslash too, stands for itself.
//
// A [Pattern] is one text with the wildcards written as two bytes that no UTF-8 text holds. So a literal asterisk
// (from the value of a policy variable, or from ${*}) can stand beside a wildcard, and a pattern can be put
// together from pieces at decision time: see [Append] and [Literal].
//
// Matching takes time linear in the text for any pattern (for a run of more than 64 bytes with a ? in it, times
// every 64 of them), and allocates nothing (but for such a run). [ARN] matches the patterns of Resource elements, whose wildcards stay
// within one part of the ARN.
//
// Implemented from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html.
package glob

import (
	"strings"
	"unicode/utf8"
)

// The wildcards inside a Pattern. Neither byte occurs in UTF-8.
const (
	anyRun = '\xff' // *
	anyOne = '\xfe' // ?
)

// A Pattern is a compiled pattern. It is comparable; the zero Pattern matches only the empty text.
type Pattern string

// Any matches every text.
const Any Pattern = "\xff"

// Compile reads * and ? in s as wildcards. Bytes of s that are not UTF-8 match nothing.
func Compile(s string) Pattern {
	if !strings.ContainsAny(s, "*?") && utf8.ValidString(s) {
		return Pattern(s)
	}
	return Pattern(Append(make([]byte, 0, len(s)), s))
}

// Append adds s, with its wildcards, to a pattern in the making.
func Append(p []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '*':
			if n := len(p); n == 0 || p[n-1] != anyRun { // ** is *
				p = append(p, anyRun)
			}
		case '?':
			p = append(p, anyOne)
		default:
			p = append(p, clean(c))
		}
	}
	return p
}

// Literal adds s to a pattern in the making; * and ? in it stand for themselves.
func Literal(p []byte, s string) []byte {
	for i := range len(s) {
		p = append(p, clean(s[i]))
	}
	return p
}

// clean keeps a stray byte from becoming a wildcard: 0xfd occurs in no UTF-8 text either, and means nothing here.
func clean(c byte) byte {
	if c == anyRun || c == anyOne {
		return 0xfd
	}
	return c
}

// A Matcher is a pattern that has been looked at once, so that the common ones (no wildcard, all, a prefix) match without
// another look for wildcards. The zero Matcher matches only the empty text.
type Matcher struct {
	pattern Pattern
	kind    kind
	prefix  string // for kind prefix: the pattern without its *
}

type kind uint8

const (
	literal kind = iota
	all
	prefix
	general
)

// NewMatcher returns the matcher of p.
func NewMatcher(p Pattern) Matcher {
	start, onlyPrefix := p.Prefix()
	switch {
	case p == Any:
		return Matcher{p, all, ""}
	case onlyPrefix:
		return Matcher{p, prefix, start}
	case len(start) == len(p):
		return Matcher{p, literal, ""}
	}
	return Matcher{p, general, ""}
}

// Pattern returns the matcher's pattern.
func (m *Matcher) Pattern() Pattern { return m.pattern }

// Match reports whether the pattern matches the whole of s.
func (m *Matcher) Match(s string) bool {
	switch m.kind {
	case literal:
		return string(m.pattern) == s
	case all:
		return true
	case prefix:
		return len(s) >= len(m.prefix) && s[:len(m.prefix)] == m.prefix
	}
	return m.pattern.Match(s)
}

// String returns the pattern with its wildcards as * and ?.
func (p Pattern) String() string {
	return strings.NewReplacer("\xff", "*", "\xfe", "?").Replace(string(p))
}

// IsLiteral reports whether p has no wildcard, so that it matches only itself.
func (p Pattern) IsLiteral() bool {
	return strings.IndexByte(string(p), anyRun) < 0 && strings.IndexByte(string(p), anyOne) < 0
}

// Prefix returns the literal text before the first wildcard, and whether what follows it is a single *, so that p
// matches just the texts with that prefix.
func (p Pattern) Prefix() (prefix string, onlyPrefix bool) {
	for i := range len(p) {
		if p[i] == anyRun || p[i] == anyOne {
			return string(p[:i]), p[i:] == Any
		}
	}
	return string(p), false
}

// Match reports whether p matches the whole of s.
func (p Pattern) Match(s string) bool {
	star := strings.IndexByte(string(p), anyRun)
	if star < 0 {
		rest, ok := matchStart(p, s)
		return ok && rest == ""
	}
	// The text before the first * is anchored at the start; each run between two *s is taken where it first
	// occurs, which leaves most to those behind it; the text after the last * is anchored at the end.
	s, ok := matchStart(p[:star], s)
	if !ok {
		return false
	}
	p = p[star+1:]
	for {
		star = strings.IndexByte(string(p), anyRun)
		if star < 0 {
			return matchEnd(p, s)
		}
		end := search(p[:star], s)
		if end < 0 {
			return false
		}
		s, p = s[end:], p[star+1:]
	}
}

// matchStart matches a run without * at the start of s, and returns what of s is left behind it.
func matchStart(run Pattern, s string) (rest string, ok bool) {
	one := strings.IndexByte(string(run), anyOne)
	if one < 0 {
		return strings.CutPrefix(s, string(run))
	}
	for one >= 0 {
		if !strings.HasPrefix(s, string(run[:one])) {
			return s, false
		}
		s = s[one:]
		if s == "" {
			return s, false
		}
		_, n := utf8.DecodeRuneInString(s)
		s, run = s[n:], run[one+1:]
		one = strings.IndexByte(string(run), anyOne)
	}
	return strings.CutPrefix(s, string(run))
}

// matchEnd reports whether a run without * matches at the end of s.
func matchEnd(run Pattern, s string) bool {
	one := strings.LastIndexByte(string(run), anyOne)
	for one >= 0 {
		if !strings.HasSuffix(s, string(run[one+1:])) {
			return false
		}
		s = s[:len(s)-(len(run)-one-1)]
		if s == "" {
			return false
		}
		_, n := utf8.DecodeLastRuneInString(s)
		s, run = s[:len(s)-n], run[:one]
		one = strings.LastIndexByte(string(run), anyOne)
	}
	return strings.HasSuffix(s, string(run))
}

// search finds the first place in s at which a run without * matches, and returns where the match ends, or -1.
func search(run Pattern, s string) (end int) {
	if strings.IndexByte(string(run), anyOne) < 0 {
		i := strings.Index(s, string(run))
		if i < 0 {
			return -1
		}
		return i + len(run)
	}
	return searchOnes(run, s)
}

// searchOnes is search for a run with ? in it, by the shift-and method: bit i of the state says that the first i+1
// bytes of the run match up to here, so that all places are tried in one pass. A ? takes the first byte of a
// character, and its bit stays while the character's further bytes (10xxxxxx) go by. A run of more than 64 bytes
// needs a state of several words, and is the one case that allocates.
func searchOnes(run Pattern, s string) (end int) {
	const width = 64
	words := (len(run) + width - 1) / width
	var (
		takes1        [256]uint64
		ones1, state1 [1]uint64
		takes         = takes1[:] // takes[c*words:]: the places of the run that take byte c
		ones          = ones1[:]  // the places of the run that are ?
		state         = state1[:]
	)
	if words > 1 {
		takes, ones, state = make([]uint64, 256*words), make([]uint64, words), make([]uint64, words)
	}
	for i := range len(run) {
		if word, bit := i/width, uint64(1)<<(i%width); run[i] == anyOne {
			ones[word] |= bit
		} else {
			takes[int(run[i])*words+word] |= bit
		}
	}
	last := uint64(1) << ((len(run) - 1) % width)
	for i := range len(s) {
		c := s[i]
		carry := uint64(1) // a match may start at every place
		for w, was := range state {
			take, next := takes[int(c)*words+w], was<<1|carry
			if utf8.RuneStart(c) {
				state[w] = next & (take | ones[w])
			} else {
				state[w] = next&take | was&ones[w]
			}
			carry = was >> (width - 1)
		}
		if state[words-1]&last != 0 {
			end := i + 1
			for end < len(s) && !utf8.RuneStart(s[end]) {
				end++ // the further bytes of the character that a ? took
			}
			return end
		}
	}
	return -1
}
