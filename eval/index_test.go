package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/glob"
)

func TestActionNamesHashAsTheirLowerCase(t *testing.T) {
	for _, name := range []string{"", ":", "s3:GetObject", "iam:PassRole", "a:b", "abcdefg:", "abcdefgh:i", "abcdefgh", "Partnercentral-account-management:AssociatePartnerUser",
		"x:@[`{Z", "é:ÄÖ", strings.Repeat("Svc", 30) + ":" + strings.Repeat("Action", 40), strings.Repeat("A", 127) + ":", strings.Repeat("A", 128)} {
		var a actionName
		a.set(name)
		lower := lowerText(name)
		service, _, colon := strings.Cut(lower, ":")
		if !colon {
			service = ""
		}
		if _, h := hash(lower); a.text() != lower || a.text() != lower || // made, and then kept
			a.hash != h || !isLowerOf(lower, name) || !strings.EqualFold(first(a.service()), service) || a.isOf("iam:") != strings.HasPrefix(lower, "iam:") {
			t.Errorf("%q: %q, service %q, hash %x, want %x", name, a.text(), first(a.service()), a.hash, h)
		}
		if len(lower) >= 3 && startBits(glob.Compile(lower[:3]+"*")) != startBit(a.head) || startBits(glob.Compile(lower)) != startBit(a.head) {
			t.Errorf("%q has another bit than its pattern", name)
		}
	}
}

func first(s string, _ uint64) string { return s }

func TestTableFindsWhatIsInIt(t *testing.T) {
	values := map[string]int{}
	for i := range 1000 {
		values[fmt.Sprintf("svc%d:act%d", i%17, i)] = i
	}
	full := newTable(values)
	for name, want := range values {
		_, h := hash(name)
		if got := full.find(h, strings.ToUpper(name)); got == nil || *got != want {
			t.Errorf("find(%q) = %v, want %d", name, got, want)
		}
		if other := name + "x"; full.find(h, other) != nil {
			t.Errorf("find(%q) finds something", other)
		}
	}
	var empty table[int]
	if empty.find(1, "a") != nil {
		t.Error("an empty table finds something")
	}
}

func TestPrefixTreeFindsAllPrefixes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) string {
		b := make([]byte, r.IntN(n))
		for i := range b {
			b[i] = "ab:"[r.IntN(3)]
		}
		return string(b)
	}
	for range 200 {
		var tree prefixTree
		var prefixes []string
		for i := range r.IntN(40) {
			prefixes = append(prefixes, random(8))
			tree.add(prefixes[i], int32(i))
		}
		text := random(14)
		var got, want []int32
		for node, rest := &tree, text; node != nil; node, rest = node.next(rest) {
			got = append(got, node.ids...)
		}
		for i, p := range prefixes {
			if strings.HasPrefix(text, p) {
				want = append(want, int32(i))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("prefixes %q of %q: %v, want %v", prefixes, text, got, want)
		}
	}
}
