package refeval

import (
	"fmt"
	"strings"
)

// A symbol is one character of a pattern: itself, or, if it is wild, what * and ? stand for.
type symbol struct {
	char rune
	wild bool
}

// wild reads * and ? as wildcards, and all else as itself.
func wild(text string) []symbol {
	var pattern []symbol
	for _, c := range text {
		pattern = append(pattern, symbol{c, c == '*' || c == '?'})
	}
	return pattern
}

// literal reads every character as itself.
func literal(text string) []symbol {
	var pattern []symbol
	for _, c := range text {
		pattern = append(pattern, symbol{c, false})
	}
	return pattern
}

// like: "an asterisk (*) represents any combination of characters and a question mark (?) represents any single
// character".
func like(pattern []symbol, text string) bool { return likeRunes(pattern, []rune(text)) }

func likeRunes(pattern []symbol, text []rune) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	first := pattern[0]
	if first.wild && first.char == '*' {
		for i := 0; i <= len(text); i++ {
			if likeRunes(pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	}
	if len(text) == 0 {
		return false
	}
	return (first.wild || first.char == text[0]) && likeRunes(pattern[1:], text[1:])
}

// splitARN returns the six parts of an ARN, the sixth with all colons that follow; nil if the text is no ARN.
func splitARN(text string) []string {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return nil
	}
	return parts
}

// matchARN: "each of the six colon-delimited components of the ARN is checked separately and each can include
// multi-character match wildcards (*) or single-character match wildcards (?)". A pattern of fewer parts must end with
// an asterisk, which stands for the missing ones, too.
func matchARN(pattern []symbol, text string) bool {
	value := splitARN(text)
	if value == nil {
		return false
	}
	parts := [][]symbol{nil}
	for _, s := range pattern {
		if last := len(parts) - 1; s.char == ':' && len(parts) < 6 {
			parts = append(parts, nil)
		} else {
			parts[last] = append(parts[last], s)
		}
	}
	if len(parts) < 6 {
		if last := pattern[max(0, len(pattern)-1):]; len(last) == 0 || last[0] != (symbol{'*', true}) {
			return false
		}
	}
	for i, part := range parts {
		if !like(part, value[i]) {
			return false
		}
	}
	return true
}

// A piece of a text is characters or a variable.
type piece struct {
	text       string // the characters, or the variable's key
	character  bool   // ${*}, ${?} or ${$}: the text is that character, and no wildcard
	isVariable bool
	fallback   string // the default value
	hasDefault bool
}

// parseVariables takes a text with policy variables apart: "The variable is marked using a $ prefix followed by a pair
// of curly braces"; "to add a default value to a variable, surround the default value with single quotes, and separate
// the variable text and the default value with a comma and space".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func parseVariables(text string) ([]piece, error) {
	var pieces []piece
	for text != "" {
		before, after, found := strings.Cut(text, "${")
		if before != "" {
			pieces = append(pieces, piece{text: before})
		}
		if !found {
			break
		}
		inside, rest, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%q: a variable without its closing brace", text)
		}
		text = rest
		switch inside {
		case "*", "?", "$":
			pieces = append(pieces, piece{text: inside, character: true})
			continue
		}
		p := piece{text: inside, isVariable: true}
		if key, value, ok := strings.Cut(inside, ", "); ok {
			if len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' {
				return nil, fmt.Errorf("${%s}: a default value needs single quotes", inside)
			}
			p.text, p.fallback, p.hasDefault = key, value[1:len(value)-1], true
		}
		if p.text == "" {
			return nil, fmt.Errorf("%q: a variable without a key", text)
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// variableBeforeFifthColon reports whether a variable stands where the page allows none: "only in the resource portion
// of the ARN. This portion of the ARN appears after the fifth colon."
func variableBeforeFifthColon(text string) bool {
	pieces, _ := parseVariables(text)
	colons := 0
	for _, p := range pieces {
		if p.isVariable {
			return colons < 5
		}
		colons += strings.Count(p.text, ":")
	}
	return false
}

// incomplete reports whether a pattern has fewer than the six parts of an ARN, and no * that "can expand to match beyond
// the colon boundaries".
func incomplete(text string) bool {
	return strings.Count(text, ":") < 5 && !strings.HasSuffix(text, "*")
}

// substitute replaces the variables by their values, in which * and ? are no wildcards. It reports false if a variable
// has no value.
func (r *request) substitute(text string) ([]symbol, bool) {
	pieces, err := parseVariables(text)
	if err != nil {
		return nil, false
	}
	var pattern []symbol
	for _, p := range pieces {
		switch {
		case p.isVariable:
			value, ok := r.variable(p)
			if !ok {
				return nil, false
			}
			pattern = append(pattern, literal(value)...)
		case p.character:
			pattern = append(pattern, literal(p.text)...)
		default:
			pattern = append(pattern, wild(p.text)...)
		}
	}
	return pattern, true
}
