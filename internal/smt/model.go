package smt

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// request reads the values of a request's constants, as the solver prints them: ((name value) …).
func (q *Question) request(model string) (*Request, error) {
	p := reader{model}
	list, err := p.read()
	if err != nil {
		return nil, fmt.Errorf("z3 shows %.200q: %w", model, err)
	}
	values := map[string]term{}
	for _, pair := range list.list {
		if len(pair.list) == 2 {
			values[pair.list[0].text] = pair.list[1]
		}
	}
	r := &Request{Action: strings.Trim(values["service"].text, "|") + ":" + values["name"].text, Resource: "*", Context: map[string][]string{}}
	if values["star"].text == "false" {
		r.Resource = "arn"
		for _, part := range parts {
			r.Resource += ":" + values[part].text
		}
	}
	for _, k := range q.keys {
		n := 0
		if k.list {
			n, _ = strconv.Atoi(values[k.symbol+".n"].text)
		} else if values[k.there].text == "true" {
			n = 1
		}
		for _, slot := range k.slots[:n] {
			text := values[slot].text
			if k.numeric {
				number, ok := values[slot].decimal()
				if !ok {
					return nil, nil
				}
				if text = number; values[slot+".number"].text == "false" {
					text = "-"
				}
			}
			r.Context[k.name] = append(r.Context[k.name], text)
		}
		if strings.EqualFold(k.name, resourceAccount) && n == 1 {
			r.ResourceAccount = r.Context[k.name][0]
			delete(r.Context, k.name)
		}
	}
	return r, nil
}

// A term is a name, a number, a string without its quotes, or a list.
type term struct {
	text string
	list []term
}

// decimal returns a number, printed as 1.5, (- 1.5) or (/ 3.0 2.0), in digits, and false if they do not end.
func (t term) decimal() (string, bool) {
	r, ok := t.rational()
	if !ok {
		return "", false
	}
	n, exact := r.FloatPrec()
	return r.FloatString(n), exact
}

func (t term) rational() (*big.Rat, bool) {
	switch {
	case t.list == nil:
		return new(big.Rat).SetString(t.text)
	case len(t.list) == 2 && t.list[0].text == "-":
		r, ok := t.list[1].rational()
		if !ok {
			return nil, false
		}
		return r.Neg(r), true
	case len(t.list) == 3 && t.list[0].text == "/":
		a, ok1 := t.list[1].rational()
		b, ok2 := t.list[2].rational()
		if !ok1 || !ok2 || b.Sign() == 0 {
			return nil, false
		}
		return a.Quo(a, b), true
	}
	return nil, false
}

// A reader reads terms.
type reader struct{ rest string }

func (p *reader) read() (t term, err error) {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	switch {
	case p.rest == "":
		return t, fmt.Errorf("unexpected end")
	case p.rest[0] == '(':
		p.rest = p.rest[1:]
		t.list = []term{}
		for {
			p.rest = strings.TrimLeft(p.rest, " \t\r\n")
			if rest, ok := strings.CutPrefix(p.rest, ")"); ok {
				p.rest = rest
				return t, nil
			}
			item, err := p.read()
			if err != nil {
				return t, err
			}
			t.list = append(t.list, item)
		}
	case p.rest[0] == '"':
		for i := 1; i < len(p.rest); i++ {
			if p.rest[i] != '"' {
				continue
			}
			if i+1 < len(p.rest) && p.rest[i+1] == '"' {
				i++
				continue
			}
			t.text = unescape(strings.ReplaceAll(p.rest[1:i], `""`, `"`))
			p.rest = p.rest[i+1:]
			return t, nil
		}
		return t, fmt.Errorf("a string without an end")
	}
	n := strings.IndexAny(p.rest, "() \t\r\n")
	if n < 0 {
		n = len(p.rest)
	}
	t.text, p.rest = p.rest[:n], p.rest[n:]
	return t, nil
}

// unescape reads \u{1f} in a string.
func unescape(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, `\u{`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		code, after, _ := strings.Cut(rest, "}")
		n, _ := strconv.ParseUint(code, 16, 32)
		b.WriteRune(rune(n))
		s = after
	}
}
