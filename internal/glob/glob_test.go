package glob

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// slow is the meaning of a pattern, written to be read: one case a line.
func slow(p, s []rune) bool {
	switch {
	case len(p) == 0:
		return len(s) == 0
	case p[0] == '*':
		return slow(p[1:], s) || len(s) > 0 && slow(p, s[1:])
	case len(s) == 0:
		return false
	case p[0] == '?', p[0] == s[0]:
		return slow(p[1:], s[1:])
	}
	return false
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a:b/c\n", true}, {"**", "x", true},
		{"?", "", false}, {"?", "ä", true}, {"?", "日本", false}, {"??", "日本", true}, {"*?", "日", true},
		{"a*", "a", true}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c-b", false}, {"*ab", "aab", true},
		{"s3:get*", "s3:getobject", true}, {"*.x", "yx", false}, {"[a]", "a", false}, {"(a", "(a", true}, {`\*`, `\z`, true},
		{"*b?d*", "xbbdy", true}, {"*b?d", "abcd", true}, {"*b?d", "abcde", false}, {"x*?", "x", false}, {"a?*b", "ab", false},
		{"*ä?*", "xä", false}, {"*ä?*", "xäö", true}, {"*?ö", "ö", false}, {"\xff", "a", false}, {"\xfe", "a", false},
	} {
		if got := Compile(c.pattern).Match(c.text); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

func TestLiteralAddsNoWildcard(t *testing.T) {
	p := Pattern(Append(Literal(Append(nil, "a*"), "*?"), "?"))
	for text, want := range map[string]bool{"a-*?z": true, "a--?z": false, "a-*zz": false, "a*?z": true, "a*?": false} {
		if p.Match(text) != want {
			t.Errorf("%v matches %q: %v, want %v", p, text, !want, want)
		}
	}
}

func TestMatchingIsLinear(t *testing.T) {
	// The patterns that take backtracking matchers exponential or quadratic time, on a text of a million bytes:
	// a quadratic matcher would take minutes here, so that the test needs no clock.
	text := strings.Repeat("a", 1<<20)
	for _, p := range []string{
		strings.Repeat("a*", 10) + "b",
		"*" + strings.Repeat("a", 1000) + "b",
		"*" + strings.Repeat("a", 60) + "?b",
		"*" + strings.Repeat("a?", 500) + "b*",
		strings.Repeat("*a?", 50) + "*b",
	} {
		if Compile(p).Match(text) {
			t.Errorf("%.20q… matches a text without b", p)
		}
	}
}

func TestMatchingAllocatesNothing(t *testing.T) {
	p, a := Compile("arn:*:b?cket/*x"), SplitARN(Compile("arn:aws:s3:*:*:b*/?"))
	if n := testing.AllocsPerRun(100, func() {
		text := Split("arn:aws:s3:::bucket/k")
		if !a.Match(&text) || !p.Match("arn:aws:bucket/yx") {
			t.Fatal("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWildcardsStayWithinAPartOfAnARN(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "arn:aws:s3:::b/k", true},
		{"*", "not-an-arn", false}, // a Resource of "*" is a case of its own, before patterns are compiled
		{"arn:aws:s3:::*", "arn:aws:s3:::b/k:x", true},
		{"arn:aws:s3:::b", "arn:aws:s3:::b/k", false},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b", false},
		{"arn:aws:*b/x", "arn:aws:s3:::b/x", false},
		{"arn:aws:s3*", "arn:aws:s3:::b", true},
		{"arn:aws:rds:*", "arn:aws:rds:eu-west-1:111122223333:db:x", true},
		{"arn:aws:rds", "arn:aws:rds:eu-west-1:111122223333:db:x", false},
		{"arn:aws:s3:*b*", "arn:aws:s3:::b", false},
		{"arn:*:*:*:*:*", "arn:aws:s3:::b", true},
		{"arn:aws:iam::*:user/dev", "arn:aws:iam::111122223333:user/dev", true},
		{"arn:aws:iam::*:user/dev", "arn:aws:iam::1:x:user/dev", false},
		{"arn:aws:iam::11112222333?:root", "arn:aws:iam::111122223333:root", true},
		{"arn:aws:logs:*:*:log-group:*:log-stream:*", "arn:aws:logs:r:1:log-group:a:b:log-stream:c", true},
	} {
		p, text := SplitARN(Compile(c.pattern)), Split(c.text)
		if got := p.Match(&text); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*ä?*z", "xäöyz")
	f.Add("*"+strings.Repeat("ab?", 30)+"*", strings.Repeat("abc", 31))
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(text) > 200 || strings.Count(pattern, "*") > 4 {
			return // the slow matcher is exponential
		}
		got := Compile(pattern).Match(text)
		if utf8.ValidString(pattern) && utf8.ValidString(text) {
			if want := slow([]rune(pattern), []rune(text)); got != want {
				t.Fatalf("%q matches %q: %v, want %v", pattern, text, got, want)
			}
		}
		p, split := SplitARN(Compile(pattern)), Split("arn:"+text)
		p.Match(&split)
	})
}

func BenchmarkMatch(b *testing.B) {
	text := Split("arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-app-main-123/0a1b")
	p := SplitARN(Compile("arn:aws:cloudformation:*:*:stack/amplify-*"))
	for b.Loop() {
		if !p.Match(&text) {
			b.Fatal("no match")
		}
	}
}
