package spelling_test

import (
	"testing"

	"github.com/writ-iam/writ/internal/spelling"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 2},
		{"kitten", "sitting", 3}, {"getobject", "getobjects", 1}, {"ab", "ba", 2},
	} {
		if got := spelling.Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if !spelling.Near(c.a, c.b, c.want) || c.want > 0 && spelling.Near(c.a, c.b, c.want-1) {
			t.Errorf("Near(%q, %q) does not agree with the distance %d", c.a, c.b, c.want)
		}
	}
}
