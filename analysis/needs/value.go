package needs

import (
	"strings"

	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// noValue is what AWS::NoValue stands for: the member or item that has it is left out.
var noValue = &Value{Kind: Null}

// textValue returns a text, which is a pattern if it says so. Of several * in a row one is enough.
func textValue(text string, pattern bool, at policy.Pos, file string) *Value {
	for pattern && strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return &Value{Kind: Text, Text: text, Pattern: pattern, Pos: at, File: file}
}

// piece returns the text that a value has within a longer one; ok is false for a list or a map, which has none.
func (v *Value) piece() (text string, pattern, ok bool) {
	switch {
	case v.Unknown:
		return "*", true, true
	case v.Kind == List || v.Kind == Map:
		return "", false, false
	case v.Kind == Null:
		return "", false, true
	}
	return v.Text, v.Pattern, true
}

// A truth is what is known of a condition.
type truth uint8

const (
	no truth = iota
	yes
	unknown
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// equal says whether two values are the same. Numbers and booleans are the same as the text they are written as.
func equal(a, b *Value) truth {
	if a.Unknown || b.Unknown || a.open || b.open {
		return unknown
	}
	aText, aPattern, aIs := a.piece()
	bText, bPattern, bIs := b.piece()
	switch {
	case aIs != bIs, a.Kind != b.Kind && !aIs:
		return no
	case aIs && !aPattern && !bPattern:
		return truthOf(aText == bText)
	case aIs && aPattern && bPattern:
		return unknown
	case aIs && aPattern:
		return mayBe(aText, bText)
	case aIs:
		return mayBe(bText, aText)
	}
	if len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return no
	}
	all := yes
	for i := range a.Items {
		all = min3(all, equal(a.Items[i], b.Items[i]))
	}
	for _, m := range a.Members {
		other := b.Get(m.Name)
		if other == nil {
			return no
		}
		all = min3(all, equal(m.Value, other))
	}
	return all
}

// mayBe says whether a pattern may come to be a text.
func mayBe(pattern, text string) truth {
	if glob.Compile(pattern).Match(text) {
		return unknown
	}
	return no
}

// min3 is the conjunction of two truths.
func min3(a, b truth) truth {
	switch {
	case a == no || b == no:
		return no
	case a == yes && b == yes:
		return yes
	}
	return unknown
}

// either returns the value that is a or b, which of them is not known: a pattern of what both texts have in common, the members of
// both maps, the items of both lists. What only one of them sets is there: a policy must allow the more.
func either(a, b *Value) *Value {
	if a == noValue || a == b {
		return b
	}
	if b == noValue {
		return a
	}
	aText, aPattern, aIs := a.piece()
	bText, bPattern, bIs := b.piece()
	switch {
	case a.Unknown:
		return a
	case b.Unknown:
		return b
	case aIs && bIs && aText == bText && aPattern == bPattern:
		return a
	case aIs && bIs:
		start := 0
		for start < len(aText) && start < len(bText) && aText[start] == bText[start] {
			start++
		}
		end := 0
		for end < len(aText)-start && end < len(bText)-start && aText[len(aText)-1-end] == bText[len(bText)-1-end] {
			end++
		}
		v := textValue(strings.ToValidUTF8(aText[:start], "")+"*"+strings.ToValidUTF8(aText[len(aText)-end:], ""), true, a.Pos, a.File)
		v.choices = append(a.alternatives(), b.alternatives()...)
		return v
	case a.Kind == List && b.Kind == List:
		return &Value{Kind: List, Items: append(append([]*Value{}, a.Items...), b.Items...), open: true, Pos: a.Pos, File: a.File}
	case a.Kind == Map && b.Kind == Map:
		both := &Value{Kind: Map, Pos: a.Pos, File: a.File}
		for _, m := range a.Members {
			if other := b.Get(m.Name); other != nil {
				m.Value = either(m.Value, other)
			}
			both.Members = append(both.Members, m)
		}
		for _, m := range b.Members {
			if a.Get(m.Name) == nil {
				both.Members = append(both.Members, m)
			}
		}
		return both
	}
	return &Value{Unknown: true, Pos: a.Pos, File: a.File}
}

// alternatives returns the values one of which v is.
func (v *Value) alternatives() []*Value {
	if v.choices != nil {
		return v.choices
	}
	return []*Value{v}
}

// Alternatives returns the texts that v may come to, patterns among them. They are one, v's own, unless v depends on a condition of which
// nothing is known. Nothing is returned for lists and maps.
func (v *Value) Alternatives() (texts []string) {
	if v == nil {
		return nil
	}
	for _, one := range v.alternatives() {
		if text, _, ok := one.piece(); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
