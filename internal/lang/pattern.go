// Package lang asks about several languages at once: which combinations of them have a text in common, and what is one
// such text.
//
// A language is a union of patterns, and a [Pattern] a line of items: a character, any character of a class, or any run of
// such. That is what policies can express of a text: literals, * and ?, ARNs whose first parts keep their wildcards to
// themselves, texts that do not differ by case.
//
// A [Machine] runs languages side by side over a text, as one automaton that is made state by state as far as it is
// walked. [Machine.Walk] finds every combination of languages that some text is in (its signature), each with a text as
// short as can be. Whatever the policies say of a text, two texts of the same signature cannot be told apart by it, so
// one text for each signature stands for all.
package lang

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Class is a class of characters.
type Class uint8

// The classes.
const (
	One      Class = iota // the characters of Item.Chars
	Any                   // all
	NotColon              // all but :
	NotSlash              // all but /
	Digit                 // 0 to 9
	Word                  // those of the names of IAM: letters and digits of ASCII, + = , . @ - _, and [Private]
)

// Private is the first of some characters of Unicode's private use, which no policy has: they stand for what no policy names.
const Private = '\uE000'

const privates = 0x100 // how many are of Word

func (c Class) has(r rune) bool {
	switch c {
	case Any:
		return true
	case NotColon:
		return r != ':'
	case NotSlash:
		return r != '/'
	case Digit:
		return '0' <= r && r <= '9'
	case Word:
		return r >= Private && r < Private+privates || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("+=,.@-_", r))
	}
	return false
}

// An Item is one step of a pattern: a character of a class, or any run of these, the empty one included.
type Item struct {
	Class Class
	Chars string // for One: the characters that will do, sorted
	Run   bool   // for the other classes only
}

// A Pattern is a line of items that a text must go through.
type Pattern []Item

// Literal returns the pattern of s alone.
func Literal(s string) Pattern {
	var p Pattern
	for _, r := range s {
		p = append(p, Item{Chars: string(r)})
	}
	return p
}

// Fold returns the pattern of all texts that differ from s by case only.
func Fold(s string) Pattern {
	var p Pattern
	for _, r := range s {
		orbit := []rune{r}
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			orbit = append(orbit, f)
		}
		slices.Sort(orbit)
		p = append(p, Item{Chars: string(orbit)})
	}
	return p
}

// Glob returns the pattern of a text of a policy, in which * and ? are wildcards over the characters of a class. With
// variables, ${*}, ${?} and ${$} are the characters themselves; other variables must have been filled in.
func Glob(text string, class Class, variables bool) Pattern {
	var p Pattern
	for text != "" {
		if variables && len(text) >= 4 && text[:2] == "${" && text[3] == '}' && strings.IndexByte("*?$", text[2]) >= 0 {
			p = append(p, Item{Chars: text[2:3]})
			text = text[4:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch r {
		case '*':
			if n := len(p); n == 0 || !p[n-1].Run { // ** is *
				p = append(p, Item{Class: class, Run: true})
			}
		case '?':
			p = append(p, Item{Class: class})
		default:
			p = append(p, Item{Chars: string(r)})
		}
	}
	return p
}

// arnParts is the number of parts of an ARN.
const arnParts = 6

// SplitARN takes a pattern over ARNs apart at its colons, into at most six parts, each a pattern. A pattern that ends with
// * before the sixth part stands for the missing ones, too; then open is set. One that is too short and does not
// matches nothing: it has no parts.
func SplitARN(text string, variables bool) (parts []Pattern, open bool) {
	whole := Glob(text, Any, variables)
	for len(parts) < arnParts-1 {
		colon := slices.IndexFunc(whole, func(i Item) bool { return i.Chars == ":" })
		if colon < 0 {
			break
		}
		parts = append(parts, within(whole[:colon], NotColon))
		whole = whole[colon+1:]
	}
	if len(parts) == arnParts-1 {
		return append(parts, whole), false
	}
	if n := len(whole); n == 0 || !whole[n-1].Run {
		return nil, false
	}
	return append(parts, within(whole, NotColon)), true
}

func within(p Pattern, class Class) Pattern {
	p = slices.Clone(p)
	for i := range p {
		if p[i].Class == Any {
			p[i].Class = class
		}
	}
	return p
}

// ARN returns the pattern of whole ARNs for a pattern over ARNs, and nil if it matches none.
func ARN(text string, variables bool) Pattern {
	parts, open := SplitARN(text, variables)
	if parts == nil {
		return nil
	}
	// A text is an ARN only if it begins with arn:, whatever the pattern lets stand there.
	if !matchesARN(parts[0]) {
		return nil
	}
	p := Literal("arn")
	if open && len(parts) == 1 {
		parts = append(parts, Pattern{{Class: NotColon, Run: true}})
	}
	for _, part := range parts[1:] {
		p = append(p, Item{Chars: ":"})
		p = append(p, part...)
	}
	if open {
		for n := len(parts); n < arnParts; n++ {
			class := NotColon
			if n == arnParts-1 {
				class = Any
			}
			p = append(p, Item{Chars: ":"}, Item{Class: class, Run: true})
		}
	}
	return p
}

// matchesARN reports whether the first part of a pattern fits the text arn.
func matchesARN(p Pattern) bool {
	m := NewMachine(1)
	m.Add(0, p)
	return m.Signature("arn").Has(0)
}
