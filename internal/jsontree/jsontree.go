// Package jsontree reads JSON into a tree that keeps what a linter needs and encoding/json throws away: the order of
// keys, keys that are given twice, the text of numbers, and where each key and value stands.
//
// It knows no policies; package policy reads those, and stops at the first fault. What is read here may be any JSON
// text (RFC 8259), so that all that is wrong with a document can be told, not only the first thing.
package jsontree

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/writ-iam/writ/internal/jsonnumber"
	"github.com/writ-iam/writ/policy"
)

// MaxDepth is the depth of nesting from which Parse refuses a text. A policy has five levels.
const MaxDepth = 64

// A Kind is a kind of JSON value.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind with its article, as in "a string".
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// A Node is a value.
type Node struct {
	Kind     Kind
	Text     string   // of a string what it stands for, of a number, a boolean and null how it is written
	Members  []Member // of an object, as they stand
	Elements []*Node  // of an array
	Span     policy.Span
}

// A Member is a key of an object and its value.
type Member struct {
	Key   policy.Value
	Value *Node
}

// Parse reads a text that holds one value and nothing else. The error, if any, is a [*policy.Error].
func Parse(src []byte) (*Node, error) {
	r := &reader{src: src, pos: policy.Pos{Line: 1, Column: 1}}
	if len(src) > policy.MaxSize {
		return nil, r.fail("the document has %d bytes; at most %d are read", len(src), policy.MaxSize)
	}
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if r.space(); r.pos.Offset < len(src) {
		return nil, r.fail("there is text behind the end of the document")
	}
	return n, nil
}

// A reader reads src from pos on.
type reader struct {
	src []byte
	pos policy.Pos
}

func (r *reader) fail(format string, args ...any) error {
	return &policy.Error{Pos: r.pos, Reason: fmt.Sprintf(format, args...)}
}

// peek returns the byte that comes next, and 0 at the end.
func (r *reader) peek() byte {
	if r.pos.Offset >= len(r.src) {
		return 0
	}
	return r.src[r.pos.Offset]
}

// skip moves over n bytes without a line break.
func (r *reader) skip(n int) {
	r.pos.Column += utf8.RuneCount(r.src[r.pos.Offset : r.pos.Offset+n])
	r.pos.Offset += n
}

func (r *reader) space() {
	for {
		switch r.peek() {
		case '\n':
			r.pos = policy.Pos{Offset: r.pos.Offset + 1, Line: r.pos.Line + 1, Column: 1}
		case ' ', '\t', '\r':
			r.skip(1)
		default:
			return
		}
	}
}

// found describes what stands at the present place.
func (r *reader) found() string {
	if r.pos.Offset >= len(r.src) {
		return "the end of the text"
	}
	c, n := utf8.DecodeRune(r.src[r.pos.Offset:])
	if c == utf8.RuneError && n == 1 {
		return fmt.Sprintf("the byte 0x%02x", r.src[r.pos.Offset])
	}
	return strconv.QuoteRune(c)
}

func (r *reader) value(depth int) (n *Node, err error) {
	r.space()
	n = &Node{Span: policy.Span{Start: r.pos}}
	if depth > MaxDepth {
		return nil, r.fail("values are nested more than %d deep", MaxDepth)
	}
	switch c := r.peek(); {
	case c == '{':
		n.Kind = Object
		err = r.object(n, depth)
	case c == '[':
		n.Kind = Array
		err = r.array(n, depth)
	case c == '"':
		n.Kind = String
		n.Text, err = r.text()
	case c == '-' || '0' <= c && c <= '9':
		n.Kind = Number
		n.Text, err = r.number()
	default:
		err = r.word(n)
	}
	if err != nil {
		return nil, err
	}
	n.Span.End = r.pos
	return n, nil
}

func (r *reader) word(n *Node) error {
	for word, kind := range map[string]Kind{"true": Bool, "false": Bool, "null": Null} {
		if strings.HasPrefix(string(r.src[r.pos.Offset:min(len(r.src), r.pos.Offset+len(word))]), word) {
			n.Kind, n.Text = kind, word
			r.skip(len(word))
			return nil
		}
	}
	return r.fail("expected a value, found %s", r.found())
}

// next moves to the next item of a list or object, past the comma unless it is the first, or past its end.
func (r *reader) next(first bool, end byte) (more bool, err error) {
	r.space()
	if r.peek() == end {
		r.skip(1)
		return false, nil
	}
	if first {
		return true, nil
	}
	if r.peek() != ',' {
		return false, r.fail("expected a comma or %c, found %s", end, r.found())
	}
	comma := r.pos
	r.skip(1)
	if r.space(); r.peek() == end {
		r.pos = comma
		return false, r.fail("the comma before %c is one too many", end)
	}
	return true, nil
}

func (r *reader) object(n *Node, depth int) error {
	r.skip(1)
	for {
		more, err := r.next(len(n.Members) == 0, '}')
		if err != nil || !more {
			return err
		}
		start := r.pos
		if r.peek() != '"' {
			return r.fail("expected a key in double quotes, found %s", r.found())
		}
		key, err := r.text()
		if err != nil {
			return err
		}
		m := Member{Key: policy.Value{Text: key, Span: policy.Span{Start: start, End: r.pos}}}
		if r.space(); r.peek() != ':' {
			return r.fail("expected a colon behind the key %.40q, found %s", key, r.found())
		}
		r.skip(1)
		if m.Value, err = r.value(depth + 1); err != nil {
			return err
		}
		n.Members = append(n.Members, m)
	}
}

func (r *reader) array(n *Node, depth int) error {
	r.skip(1)
	for {
		more, err := r.next(len(n.Elements) == 0, ']')
		if err != nil || !more {
			return err
		}
		element, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Elements = append(n.Elements, element)
	}
}

func (r *reader) number() (string, error) {
	rest := r.src[r.pos.Offset:]
	n, ok := jsonnumber.Scan(rest)
	if !ok {
		return "", r.fail("%.20q is not a number", rest[:min(n+1, len(rest))])
	}
	r.skip(n)
	return string(rest[:n]), nil
}

// text reads a string.
func (r *reader) text() (string, error) {
	start := r.pos
	r.skip(1)
	var b strings.Builder
	for {
		rest := r.src[r.pos.Offset:]
		n := 0
		for n < len(rest) && rest[n] != '"' && rest[n] != '\\' && rest[n] >= ' ' {
			n++
		}
		if i := invalidUTF8(rest[:n]); i >= 0 {
			r.skip(i)
			return "", r.fail("the byte 0x%02x is not UTF-8", rest[i])
		}
		b.Write(rest[:n])
		r.skip(n)
		switch {
		case n == len(rest):
			r.pos = start
			return "", r.fail("the string has no end")
		case rest[n] == '"':
			r.skip(1)
			return b.String(), nil
		case rest[n] < ' ':
			return "", r.fail("the control character %q in a string must be escaped", rest[n])
		}
		c, err := r.escape()
		if err != nil {
			return "", err
		}
		b.WriteRune(c)
	}
}

// invalidUTF8 returns where the first byte is that is not UTF-8, and -1 if all are.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; ; {
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
}

// escape reads an escape sequence from its backslash on.
func (r *reader) escape() (rune, error) {
	rest := r.src[r.pos.Offset:]
	if len(rest) < 2 {
		return 0, r.fail("the string has no end")
	}
	if i := strings.IndexByte(`"\/bfnrt`, rest[1]); i >= 0 {
		r.skip(2)
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	c, ok := hex(rest)
	switch {
	case !ok:
		return 0, r.fail(`%q is not an escape sequence`, rest[:2])
	case !utf16.IsSurrogate(c):
		r.skip(6)
		return c, nil
	}
	if low, ok := hex(rest[6:]); ok {
		if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
			r.skip(12)
			return c, nil
		}
	}
	return 0, r.fail("%s is half a surrogate pair", rest[:6])
}

// hex reads the code of a \uXXXX sequence at the start of b.
func hex(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}
