package lang_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/internal/lang"
)

// words calls yield with all texts over an alphabet of at most n characters.
func words(alphabet string, n int, yield func(string)) {
	var grow func(string, int)
	grow = func(s string, left int) {
		yield(s)
		if left > 0 {
			for _, r := range alphabet {
				grow(s+string(r), left-1)
			}
		}
	}
	grow("", n)
}

func pattern(r *rand.Rand, alphabet string) string {
	var b strings.Builder
	for range 1 + r.IntN(5) {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

func TestGlobMatchesAsPackageGlobDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		text := pattern(r, "ab*?:")
		m := lang.NewMachine(1)
		m.Add(0, lang.Glob(text, lang.Any, false))
		want := glob.Compile(text)
		words("ab:é", 4, func(s string) {
			if got := m.Signature(s).Has(0); got != want.Match(s) {
				t.Fatalf("%q on %q: %t", text, s, got)
			}
		})
	}
}

func TestARNMatchesAsPackageGlobDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	matched := 0
	for range 3000 {
		text := "arn:" + pattern(r, "a*:?") + ":" + pattern(r, "a*::b")
		if r.IntN(4) == 0 {
			text = pattern(r, "arn*?:")
		}
		m := lang.NewMachine(1)
		if p := lang.ARN(text, false); p != nil {
			m.Add(0, p)
		}
		want := glob.SplitARN(glob.Compile(text))
		for range 40 {
			s := "arn:" + pattern(r, "ab:") + ":" + pattern(r, "ab:") + ":" + pattern(r, "ab:")
			split := glob.Split(s)
			got := m.Signature(s).Has(0)
			if got != want.Match(&split) {
				t.Fatalf("%q on %q: %t", text, s, got)
			}
			if got {
				matched++
			}
		}
	}
	if matched < 500 {
		t.Errorf("only %d matches", matched)
	}
}

func TestEscapedWildcardsAreCharacters(t *testing.T) {
	m := lang.NewMachine(2)
	m.Add(0, lang.Glob("a${*}b${?}${$}", lang.Any, true))
	m.Add(1, lang.Glob("a${*}", lang.Any, false))
	for text, want := range map[string]string{"a*b?$": "[0]", "axb?$": "[]", "a${x}": "[1]", "a*": "[]"} {
		if got := fmt.Sprint(slices.Collect(m.Signature(text).All)); got != want {
			t.Errorf("%q is in %s, not %s", text, got, want)
		}
	}
}

func TestFoldMatchesWhatDiffersByCase(t *testing.T) {
	texts := []string{"k", "K", "\u212a", "s", "ſ", "S", "ß", "É", "é", "1", "kk"}
	for _, of := range texts {
		m := lang.NewMachine(1)
		m.Add(0, lang.Fold(of))
		for _, s := range texts {
			if got := m.Signature(s).Has(0); got != strings.EqualFold(of, s) {
				t.Errorf("%q and %q: %t", of, s, got)
			}
		}
	}
}

// TestWalkFindsEverySignature holds Walk against all short texts: what one of these has for a signature, Walk must have found,
// with a text that has it and is no longer.
func TestWalkFindsEverySignature(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for round := range 200 {
		n := 2 + r.IntN(4)
		m := lang.NewMachine(n)
		var texts []string
		for i := range n {
			for range 1 + r.IntN(2) {
				text := pattern(r, "ab*?:")
				class := []lang.Class{lang.Any, lang.NotColon, lang.NotSlash}[r.IntN(3)]
				texts = append(texts, fmt.Sprint(i, text, class))
				m.Add(i, lang.Glob(text, class, false))
			}
		}
		must := bitset.New(n)
		if r.IntN(2) == 0 {
			must.Add(r.IntN(n))
		}
		found := map[string]string{}
		if !m.Walk(must, 100_000, func(sig bitset.Set, text string) bool {
			if !m.Signature(text).Equal(sig) {
				t.Fatalf("round %d: %v: %q is said to have signature %v and has %v", round, texts, text, sig, m.Signature(text))
			}
			if !must.Within(sig) {
				t.Fatalf("round %d: a signature without what it must have", round)
			}
			found[fmt.Sprint(sig)] = text
			return true
		}) {
			t.Fatalf("round %d: not complete", round)
		}
		words("abx:/", 5, func(s string) {
			sig := m.Signature(s)
			if !must.Within(sig) {
				return
			}
			text, ok := found[fmt.Sprint(sig)]
			if !ok {
				t.Fatalf("round %d: %v: Walk missed the signature %v of %q; it has %v", round, texts, sig, s, slices.Collect(maps.Values(found)))
			}
			if len(text) > len(s) {
				t.Fatalf("round %d: %v: Walk says %q for what %q has, too", round, texts, text, s)
			}
		})
	}
}

func TestWalkStopsAtItsBound(t *testing.T) {
	m := lang.NewMachine(12)
	for i := range 12 {
		m.Add(i, lang.Glob("*"+string(rune('a'+i))+"*"+string(rune('a'+i))+"*", lang.Any, false))
	}
	seen := 0
	if m.Walk(bitset.New(12), 1000, func(bitset.Set, string) bool { seen++; return true }) {
		t.Error("a walk of 3^12 states is complete within 1,000")
	}
	if seen == 0 {
		t.Error("nothing was found before the bound")
	}
}

func TestClassesOfNames(t *testing.T) {
	m := lang.NewMachine(2)
	m.Add(0, lang.Pattern{{Class: lang.Word}, {Class: lang.Word, Run: true}})
	m.Add(1, slices.Repeat(lang.Pattern{{Class: lang.Digit}}, 3))
	var texts []string
	m.Walk(bitset.New(2), 1000, func(_ bitset.Set, text string) bool { texts = append(texts, text); return true })
	// What is neither, a name, and three digits.
	if got := fmt.Sprintf("%q", texts); got != `["" "x" "111"]` {
		t.Errorf("the signatures have %s", got)
	}
}

// TestThereIsAlwaysAnotherCharacter: patterns may name all characters that come to mind.
func TestThereIsAlwaysAnotherCharacter(t *testing.T) {
	m := lang.NewMachine(3)
	for r := '!'; r <= '~'; r++ {
		m.Add(0, lang.Literal(string(r)))
	}
	m.Add(1, lang.Pattern{{Class: lang.Word}})
	m.Add(2, lang.Pattern{{Class: lang.Any}})
	found := map[string]bool{}
	m.Walk(bitset.Of(3, 2), 1000, func(sig bitset.Set, _ string) bool {
		found[fmt.Sprint(slices.Collect(sig.All))] = true
		return true
	})
	for _, want := range []string{"[0 1 2]", "[0 2]", "[1 2]", "[2]"} {
		if !found[want] {
			t.Errorf("no text of the signature %s", want)
		}
	}
}

func TestGlobReadsWhatIsNoUTF8(t *testing.T) {
	m := lang.NewMachine(1)
	m.Add(0, lang.Glob("a\xff*", lang.Any, false))
	if m.Signature("ab").Has(0) || !m.Signature("a\xffb").Has(0) {
		t.Error("a stray byte is not itself")
	}
}

func TestAShortPatternIsNoARN(t *testing.T) {
	for _, text := range []string{"arn:aws:s3", "a", "", "*:b", "arn:aws:s3:::"} {
		parts, open := lang.SplitARN(text, false)
		if whole := text == "arn:aws:s3:::"; (parts != nil) != whole || open {
			t.Errorf("%q: %v %t", text, parts, open)
		}
	}
	if lang.ARN("aws:*:::::x", false) != nil {
		t.Error("what does not begin with arn is none")
	}
}
