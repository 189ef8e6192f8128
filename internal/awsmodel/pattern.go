package awsmodel

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// A Pattern is a regular expression of a model. The models are written for Java's java.util.regex and mean the whole
// value, anchored or not; a Pattern is the same expression for Go's linear-time engine.
type Pattern struct {
	source string
	match  func(string) bool
}

// String returns the expression as AWS writes it, as messages print it.
func (p *Pattern) String() string { return p.source }

// Match reports whether the whole of a value matches.
func (p *Pattern) Match(value string) bool { return p.match(value) }

// byHand are patterns that Go's engine cannot express.
var byHand = map[string]func(string) bool{
	// An account alias: 3 to 63 lower-case letters, digits and hyphens, no hyphen first, last or beside another.
	`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`: func(s string) bool {
		if len(s) < 3 || len(s) > 63 || strings.HasPrefix(s, "-") || strings.HasSuffix(s, "-") {
			return false
		}
		for i := range len(s) {
			c := s[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || s[i+1] == '-') {
				return false
			}
		}
		return true
	},
}

// CompilePattern translates a pattern of a model. What means something else to Go than to Java, or nothing, is an
// error: no pattern is ever dropped or weakened.
func CompilePattern(source string) (*Pattern, error) {
	if match := byHand[source]; match != nil {
		return &Pattern{source, match}, nil
	}
	text, err := translate(source)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", source, err)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", source, err)
	}
	if class := repeatedClass(tree); class != nil {
		return &Pattern{source, class.match}, nil
	}
	re, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", source, err)
	}
	return &Pattern{source, re.MatchString}, nil
}

// translate writes an expression of Java as one of Go.
//   - A \uXXXX, of exactly four digits, is a character. AWS's \u10000-\u10FFFF therefore is what it is in Java: the
//     character U+1000, the range from 0 to U+10FF, and an F.
//   - \s holds a vertical tab too, and a dot no line terminator of Unicode.
//   - Look-around, back references, possessive quantifiers, and classes in classes are refused.
func translate(source string) (string, error) {
	var out strings.Builder
	inClass := false
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch {
		case rest[0] == '\\':
			if len(rest) < 2 {
				return "", errors.New("ends in a backslash")
			}
			i++
			switch c := rest[1]; {
			case c == 'u':
				if len(rest) < 6 || strings.Trim(rest[2:6], "0123456789abcdefABCDEF") != "" {
					return "", errors.New(`\u without four hexadecimal digits`)
				}
				out.WriteString(`\x{` + rest[2:6] + `}`)
				i += 4
			case c == 's' && inClass:
				out.WriteString(`\s\x0B`)
			case c == 's':
				out.WriteString(`[\s\x0B]`)
			case c == 'S' && !inClass:
				out.WriteString(`[^\s\x0B]`)
			case c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' && c != 'S' && c != 'W' && c != 'D' ||
				c >= 'a' && c <= 'z' && !strings.ContainsRune("wdptnrx", rune(c)):
				return "", fmt.Errorf(`\%c is not translated`, c)
			default: // \S in a class may also match a vertical tab: the models have it only beside \s
				out.WriteString(rest[:2])
			}
		case inClass && (rest[0] == '[' || strings.HasPrefix(rest, "&&")):
			return "", errors.New("a class in a class is not translated")
		case inClass:
			inClass = rest[0] != ']'
			out.WriteByte(rest[0])
		case rest[0] == '[':
			inClass = true
			out.WriteByte('[')
			if strings.HasPrefix(rest, "[^") {
				out.WriteByte('^')
				i++
			}
		case rest[0] == '.':
			out.WriteString(`[^\n\r\x{85}\x{2028}\x{2029}]`)
		case strings.HasPrefix(rest, "(?"):
			return "", errors.New("a group that begins with (? is not translated")
		case len(rest) > 1 && strings.ContainsRune("*+?}", rune(rest[0])) && rest[1] == '+':
			return "", errors.New("a possessive quantifier is not translated")
		default:
			out.WriteByte(rest[0])
		}
	}
	return out.String(), nil
}

// A class is a set of characters that a whole value is made of. Most patterns are such sets, and a policy document of
// 128 KB is checked several times faster than by the general engine.
type class struct {
	ascii  [128]bool
	ranges []rune // pairs: first, last
	empty  bool   // whether the empty value matches
}

// repeatedClass returns the class if the expression is one with a star or plus behind it, and nil otherwise.
func repeatedClass(tree *syntax.Regexp) *class {
	if tree.Op == syntax.OpConcat && len(tree.Sub) == 3 &&
		tree.Sub[0].Op == syntax.OpBeginText && tree.Sub[2].Op == syntax.OpEndText {
		tree = tree.Sub[1]
	}
	for tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	if tree.Op != syntax.OpStar && tree.Op != syntax.OpPlus {
		return nil
	}
	c := &class{empty: tree.Op == syntax.OpStar}
	switch sub := tree.Sub[0]; sub.Op {
	case syntax.OpCharClass:
		c.ranges = sub.Rune
	case syntax.OpAnyChar:
		c.ranges = []rune{0, utf8.MaxRune}
	default:
		return nil
	}
	for r := range rune(len(c.ascii)) {
		c.ascii[r] = c.has(r)
	}
	return c
}

func (c *class) has(r rune) bool {
	for i := 0; i+1 < len(c.ranges); i += 2 {
		if c.ranges[i] <= r && r <= c.ranges[i+1] {
			return true
		}
	}
	return false
}

func (c *class) match(s string) bool {
	for _, r := range s {
		if uint32(r) < uint32(len(c.ascii)) {
			if !c.ascii[r] {
				return false
			}
		} else if !c.has(r) {
			return false
		}
	}
	return s != "" || c.empty
}
