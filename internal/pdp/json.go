package pdp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writ-iam/writ/policy"
)

// A reader takes a line of JSON apart, level by level: a value is first skipped, then read as what its place asks for.
// So a policy document stays the bytes it is, for package policy to read. It gives up by panicking with a *policy.Error.
type reader struct {
	line   []byte
	number int      // of the line, from 1
	path   []string // where we are: "policies", "identity", "[0]"

	counted struct{ at, columns int } // the place up to which pos counted last, and the characters before it
}

// A span is a stretch of the line that holds one value: line[start:end].
type span struct{ start, end int }

func (r *reader) raw(s span) []byte { return r.line[s.start:s.end] }

func (r *reader) fail(at int, format string, args ...any) {
	panic(&policy.Error{Pos: r.pos(at), Path: r.pathString(), Reason: fmt.Sprintf(format, args...)})
}

// pos counts on from where it last counted to, since a line may have many policies, and each is told where it begins.
func (r *reader) pos(at int) policy.Pos {
	if at < r.counted.at {
		r.counted.at, r.counted.columns = 0, 0
	}
	r.counted.columns += utf8.RuneCount(r.line[r.counted.at:at])
	r.counted.at = at
	return policy.Pos{Offset: at, Line: r.number, Column: r.counted.columns + 1}
}

func (r *reader) pathString() string {
	return strings.ReplaceAll(strings.Join(r.path, "."), ".[", "[")
}

// in calls read one step further down the path.
func (r *reader) in(step string, read func()) {
	r.path = append(r.path, step)
	read()
	r.path = r.path[:len(r.path)-1]
}

// checkUTF8 fails at the first byte that is not UTF-8.
func (r *reader) checkUTF8() {
	if utf8.Valid(r.line) {
		return
	}
	for i := 0; ; {
		c, n := utf8.DecodeRune(r.line[i:])
		if c == utf8.RuneError && n == 1 {
			r.fail(i, "the byte 0x%02x is not UTF-8", r.line[i])
		}
		i += n
	}
}

// peek returns the byte at a place, and 0 behind the end.
func (r *reader) peek(at int) byte {
	if at < len(r.line) {
		return r.line[at]
	}
	return 0
}

// space returns the next place that is no white space.
func (r *reader) space(at int) int {
	for at < len(r.line) && strings.IndexByte(" \t\r\n", r.line[at]) >= 0 {
		at++
	}
	return at
}

// expected fails: something else stands at the place.
func (r *reader) expected(at int, what string) {
	found := "the end of the line"
	switch c := r.peek(at); {
	case at >= len(r.line):
	case c == '{':
		found = "an object"
	case c == '[':
		found = "a list"
	case c == '"':
		found = "a string"
	case c == '-' || '0' <= c && c <= '9':
		found = "a number"
	case c == 't' || c == 'f':
		found = "a boolean"
	case bytes.HasPrefix(r.line[at:], []byte("null")):
		found = "null"
	default:
		c, _ := utf8.DecodeRune(r.line[at:])
		found = strconv.QuoteRune(c)
	}
	r.fail(at, "expected %s, found %s", what, found)
}

// value returns the span of the value that begins at or behind a place. Of what is inside a list or an object it looks
// only for its end.
func (r *reader) value(at int) span {
	at = r.space(at)
	start := at
	switch r.peek(at) {
	case '"':
		return span{start, r.endOfString(at)}
	case '{', '[':
		for depth := 0; at < len(r.line); at++ {
			switch r.line[at] {
			case '"':
				at = r.endOfString(at) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return span{start, at + 1}
				}
			}
		}
		r.fail(at, "the line ends inside of what starts at column %d", r.pos(start).Column)
	}
	for at < len(r.line) && strings.IndexByte(" \t\r\n,:]}", r.line[at]) < 0 {
		at++
	}
	if at == start {
		r.expected(at, "a value")
	}
	return span{start, at}
}

// endOfString returns the place behind the string that begins at a place.
func (r *reader) endOfString(start int) int {
	for at := start + 1; at < len(r.line); at++ {
		switch r.line[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}
	r.fail(start, "the string has no end")
	panic("unreachable")
}

// object reads an object, and calls member with the key and the value of each of its members. what names the object in
// errors; keys, if any, are those that it may have.
func (r *reader) object(s span, what string, keys []string, member func(key string, at int, value span)) {
	if r.peek(s.start) != '{' {
		r.expected(s.start, what+" (an object)")
	}
	seen := map[string]bool{}
	at := r.space(s.start + 1)
	for first := true; r.peek(at) != '}'; first = false {
		if !first {
			if r.peek(at) != ',' {
				r.expected(at, "a comma or }")
			}
			at = r.space(at + 1)
		}
		if r.peek(at) != '"' {
			r.expected(at, "a key")
		}
		keySpan := r.value(at)
		key := r.text(keySpan, "a key")
		if keys != nil && !slices.Contains(keys, key) {
			r.unknownKey(at, what, key, keys)
		}
		if seen[key] {
			r.fail(at, "the key %q is given twice", key)
		}
		seen[key] = true
		colon := r.space(keySpan.end)
		if r.peek(colon) != ':' {
			r.expected(colon, fmt.Sprintf("a colon after %q", key))
		}
		value := r.value(colon + 1)
		r.in(key, func() { member(key, at, value) })
		at = r.space(value.end)
	}
	if at+1 != s.end {
		r.fail(at+1, "text after the end of %s", what)
	}
}

func (r *reader) unknownKey(at int, what, key string, keys []string) {
	for _, k := range keys {
		if strings.EqualFold(k, key) {
			r.fail(at, "the key %q is written %q", key, k)
		}
	}
	r.fail(at, "unknown key %q in %s; expected %s or %s", key, what, strings.Join(keys[:len(keys)-1], ", "), keys[len(keys)-1])
}

// list reads a list, and calls element with each value in it.
func (r *reader) list(s span, element func(value span)) {
	at := r.space(s.start + 1)
	for i := 0; r.peek(at) != ']'; i++ {
		if i > 0 {
			if r.peek(at) != ',' {
				r.expected(at, "a comma or ]")
			}
			at++
		}
		value := r.value(at)
		r.in(fmt.Sprintf("[%d]", i), func() { element(value) })
		at = r.space(value.end)
	}
	if at+1 != s.end {
		r.fail(at+1, "text after the end of the list")
	}
}

// text reads a string.
func (r *reader) text(s span, what string) string {
	raw := r.raw(s)
	if raw[0] != '"' {
		r.expected(s.start, what)
	}
	plain := true
	for i, c := range raw[1 : len(raw)-1] {
		if c < ' ' {
			r.fail(s.start+1+i, "the control character %q in a string must be escaped", c)
		}
		plain = plain && c != '\\'
	}
	if plain {
		return string(raw[1 : len(raw)-1])
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		r.fail(s.start, "the string is not valid JSON: %v", err)
	}
	// encoding/json reads half a surrogate pair as U+FFFD. Nothing else here makes one of what was none.
	const lost = "\ufffd"
	written := bytes.Count(raw, []byte(lost)) + bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
	if strings.Count(text, lost) > written {
		r.fail(s.start, "the string has half a surrogate pair")
	}
	return text
}

// scalar reads a string, a number or a boolean. Numbers and booleans are kept as they are written.
func (r *reader) scalar(s span) string {
	raw := r.raw(s)
	switch c := raw[0]; {
	case c == '"':
		return r.text(s, "")
	case c == '{' || c == '[' || string(raw) == "null":
		r.expected(s.start, "a string, a number or a boolean")
	case !json.Valid(raw):
		r.fail(s.start, "%.20q is not valid JSON", raw)
	}
	return string(raw)
}

// isNull reports whether the value is null.
func (r *reader) isNull(s span) bool { return string(r.raw(s)) == "null" }
