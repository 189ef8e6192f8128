package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/writ-iam/writ/internal/jsonnumber"
)

// A scanner reads JSON (RFC 8259) from src, and fails by panicking with an *Error.
type scanner struct {
	src  []byte
	pos  Pos
	base int      // offset of src[0]
	path []string // where we are: "Statement", "[2]", "Action"
	key  Value    // the last object key read
}

func (s *scanner) fail(at Pos, format string, args ...any) {
	panic(&Error{at, s.pathString(), fmt.Sprintf(format, args...)})
}

func (s *scanner) pathString() string {
	var b strings.Builder
	for _, e := range s.path {
		if b.Len() > 0 && !strings.HasPrefix(e, "[") {
			b.WriteByte('.')
		}
		b.WriteString(e)
	}
	return b.String()
}

func (s *scanner) push(element string) { s.path = append(s.path, element) }
func (s *scanner) pop()                { s.path = s.path[:len(s.path)-1] }

// expected fails: something else stands here.
func (s *scanner) expected(what string) {
	s.fail(s.pos, "expected %s, found %s", what, s.here())
}

// here describes what stands at the present position.
func (s *scanner) here() string {
	if s.atEnd() {
		return "the end of the text"
	}
	switch c := s.peek(); {
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == '"':
		return "a string"
	case c == '-' || '0' <= c && c <= '9':
		return "a number"
	case s.hasWord("true"), s.hasWord("false"):
		return "a boolean"
	case s.hasWord("null"):
		return "null"
	}
	r, _ := utf8.DecodeRune(s.rest())
	return strconv.QuoteRune(r)
}

func (s *scanner) rest() []byte { return s.src[s.pos.Offset-s.base:] }
func (s *scanner) atEnd() bool  { return s.pos.Offset-s.base >= len(s.src) }
func (s *scanner) hasWord(word string) bool {
	return strings.HasPrefix(string(s.rest()[:min(len(word), len(s.rest()))]), word)
}

// peek returns the byte at the present position, and 0 at the end.
func (s *scanner) peek() byte {
	if s.atEnd() {
		return 0
	}
	return s.src[s.pos.Offset-s.base]
}

// skip moves over n bytes that hold no line break.
func (s *scanner) skip(n int) {
	s.pos.Column += utf8.RuneCount(s.rest()[:n])
	s.pos.Offset += n
}

func (s *scanner) space() {
	for !s.atEnd() {
		switch s.peek() {
		case '\n':
			s.pos = Pos{s.pos.Offset + 1, s.pos.Line + 1, 1}
		case ' ', '\t', '\r':
			s.skip(1)
		default:
			return
		}
	}
}

// checkUTF8 fails at the first byte that is not UTF-8.
func (s *scanner) checkUTF8() {
	if utf8.Valid(s.src) {
		return
	}
	at := s.pos
	for i := 0; i < len(s.src); {
		r, n := utf8.DecodeRune(s.src[i:])
		if r == utf8.RuneError && n == 1 {
			s.fail(at, "the byte 0x%02x is not UTF-8", s.src[i])
		}
		i += n
		if at.Offset += n; r == '\n' {
			at.Line, at.Column = at.Line+1, 1
		} else {
			at.Column++
		}
	}
}

// keysSeen is what object read.
type keysSeen struct {
	names map[string]bool
	span  Span
}

func (k keysSeen) has(name string) bool { return k.names[name] }

// object reads an object and calls value for each key, at whose value the scanner then stands. what names the object
// in errors; keys, if any, are those that it may have.
func (s *scanner) object(what string, keys []string, value func(key string, at Pos)) (seen keysSeen) {
	s.space()
	seen.names, seen.span.Start = make(map[string]bool), s.pos
	if s.peek() != '{' {
		s.expected(article(what) + " (an object)")
	}
	s.skip(1)
	s.space()
	for first := true; s.peek() != '}'; first = false {
		if !first {
			if s.peek() != ',' {
				s.expected("a comma or } in the " + what)
			}
			s.skip(1)
			s.space()
		}
		if s.peek() != '"' {
			s.expected("a key of the " + what)
		}
		key := s.text()
		if keys != nil && !slices.Contains(keys, key.Text) {
			s.unknownKey(what, key, keys)
		}
		if seen.has(key.Text) {
			s.fail(key.Span.Start, "the key %q is given twice", key.Text)
		}
		seen.names[key.Text] = true
		s.space()
		if s.peek() != ':' {
			s.expected(fmt.Sprintf("a colon after %q", key.Text))
		}
		s.skip(1)
		s.push(key.Text)
		s.key = key
		value(key.Text, key.Span.Start)
		s.pop()
		s.space()
	}
	s.skip(1)
	seen.span.End = s.pos
	return seen
}

func article(noun string) string {
	if strings.HasPrefix(noun, "A") || strings.HasPrefix(noun, "a") {
		return "an " + noun
	}
	return "a " + noun
}

func (s *scanner) unknownKey(what string, key Value, keys []string) {
	for _, k := range keys {
		if strings.EqualFold(k, key.Text) {
			s.fail(key.Span.Start, "the key %q is written %q", key.Text, k)
		}
	}
	s.fail(key.Span.Start, "unknown key %q in the %s; expected %s or %s", key.Text, what,
		strings.Join(keys[:len(keys)-1], ", "), keys[len(keys)-1])
}

// array reads a list and calls element for each of its elements, at which the scanner then stands.
func (s *scanner) array(element func(i int)) {
	s.skip(1) // [
	s.space()
	for i := 0; s.peek() != ']'; i++ {
		if i > 0 {
			if s.peek() != ',' {
				s.expected("a comma or ] in the list")
			}
			s.skip(1)
			s.space()
		}
		s.push("[" + strconv.Itoa(i) + "]")
		element(i)
		s.pop()
		s.space()
	}
	s.skip(1)
}

// boolean reads true or false.
func (s *scanner) boolean() Value {
	for _, word := range []string{"true", "false"} {
		if s.hasWord(word) {
			start := s.pos
			s.skip(len(word))
			return Value{word, Span{start, s.pos}}
		}
	}
	s.expected("a value")
	panic("unreachable")
}

// number reads a number and keeps its text.
func (s *scanner) number() Value {
	start, rest := s.pos, s.rest()
	n, ok := jsonnumber.Scan(rest)
	if !ok {
		s.fail(start, "%.20q is not a number", rest[:min(n+1, len(rest))])
	}
	s.skip(n)
	return Value{string(rest[:n]), Span{start, s.pos}}
}

// text reads a string.
func (s *scanner) text() Value {
	s.space()
	start := s.pos
	if s.peek() != '"' {
		s.expected("a string")
	}
	s.skip(1)
	var b []byte
	for {
		rest := s.rest()
		n := 0
		for n < len(rest) && rest[n] != '"' && rest[n] != '\\' && rest[n] >= ' ' {
			n++
		}
		if n == len(rest) {
			s.fail(start, "the string has no end")
		}
		chunk := rest[:n]
		s.skip(n)
		switch {
		case rest[n] == '"' && b == nil: // no escapes: the common case
			s.skip(1)
			return Value{string(chunk), Span{start, s.pos}}
		case rest[n] == '"':
			b = append(b, chunk...)
			s.skip(1)
			return Value{string(b), Span{start, s.pos}}
		case rest[n] == '\\':
			b = append(b, chunk...)
			b = utf8.AppendRune(b, s.escape())
		default:
			s.fail(s.pos, "the control character %q in a string must be escaped", rest[n])
		}
	}
}

// escape reads an escape sequence from its backslash on.
func (s *scanner) escape() rune {
	rest := s.rest()
	if len(rest) >= 2 {
		if i := strings.IndexByte(`"\/bfnrt`, rest[1]); i >= 0 {
			s.skip(2)
			return rune("\"\\/\b\f\n\r\t"[i])
		}
		if r, ok := s.hex(rest); ok {
			switch {
			case !utf16.IsSurrogate(r):
				s.skip(6)
				return r
			default:
				if low, ok := s.hex(rest[6:]); ok {
					if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
						s.skip(12)
						return r
					}
				}
				s.fail(s.pos, "%s is half a surrogate pair", rest[:6])
			}
		}
	}
	s.fail(s.pos, `%q is not an escape sequence`, rest[:min(2, len(rest))])
	panic("unreachable")
}

// hex reads the code of a \uXXXX sequence at the start of b.
func (s *scanner) hex(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}
