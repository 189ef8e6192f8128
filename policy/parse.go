package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Parse reads a policy document. The error, if any, is an [*Error].
func Parse(src []byte) (*Document, error) {
	return ParseAt(src, Pos{Offset: 0, Line: 1, Column: 1})
}

// ParseAt is Parse for a document that stands inside a larger text, at the position at: the positions in the
// document and in errors are those in that text.
func ParseAt(src []byte, at Pos) (doc *Document, err error) {
	p := &parser{scanner: scanner{src: src, pos: at, base: at.Offset}}
	// The parser gives up at the first error from wherever it is; no panic but its own is caught.
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			doc, err = nil, e
		default:
			panic(e)
		}
	}()
	if len(src) > MaxSize {
		p.fail(at, "the document has %d bytes; at most %d are read", len(src), MaxSize)
	}
	p.checkUTF8()
	doc = p.document()
	p.space()
	if !p.atEnd() {
		p.fail(p.pos, "text after the end of the document: %s", p.here())
	}
	return doc, nil
}

// A parser reads one document by the grammar, one method for each rule of it.
type parser struct {
	scanner
}

func (p *parser) document() *Document {
	doc := new(Document)
	seen := p.object("policy document", []string{"Version", "Id", "Statement"}, func(key string, at Pos) {
		switch key {
		case "Version":
			doc.Version = p.version()
		case "Id":
			doc.ID = p.text()
		case "Statement":
			doc.Statements = p.statements()
		}
	})
	doc.Span = seen.span
	if !seen.has("Statement") {
		p.fail(seen.span.Start, "the policy has no Statement")
	}
	return doc
}

func (p *parser) version() Version {
	v := p.text()
	switch Version(v.Text) {
	case V2008, V2012:
		return Version(v.Text)
	}
	p.fail(v.Span.Start, "unknown version %q; expected %q or %q", v.Text, V2012, V2008)
	panic("unreachable")
}

func (p *parser) statements() []Statement {
	p.space()
	switch p.peek() {
	case '{':
		return []Statement{p.statement()}
	case '[':
		start := p.pos
		var list []Statement
		p.array(func(int) { list = append(list, p.statement()) })
		if len(list) == 0 {
			p.fail(start, "the list of statements is empty")
		}
		return list
	}
	p.expected("a statement or a list of statements")
	panic("unreachable")
}

var statementKeys = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}

func (p *parser) statement() Statement {
	var s Statement
	seen := p.object("statement", statementKeys, func(key string, at Pos) {
		switch key {
		case "Sid":
			s.Sid = p.text()
		case "Effect":
			s.Effect = p.effect()
		case "Principal", "NotPrincipal":
			p.notBoth(s.Principal != nil, "Principal", at)
			s.Principal = p.principals(key == "NotPrincipal")
		case "Action", "NotAction":
			p.notBoth(s.Action.Present(), "Action", at)
			s.Action = p.element(key == "NotAction")
			for i, a := range s.Action.Values {
				p.checkAction(a, len(s.Action.Values) > 1, i)
			}
		case "Resource", "NotResource":
			p.notBoth(s.Resource.Present(), "Resource", at)
			s.Resource = p.element(key == "NotResource")
		case "Condition":
			s.Condition = p.conditions()
		}
	})
	s.Span = seen.span
	if !seen.has("Effect") {
		p.fail(s.Span.Start, `the statement has no Effect; expected "Allow" or "Deny"`)
	}
	if !s.Action.Present() {
		p.fail(s.Span.Start, "the statement has neither Action nor NotAction")
	}
	return s
}

func (p *parser) notBoth(already bool, name string, at Pos) {
	if already {
		p.fail(at, "the statement has both %s and Not%s; expected one of them", name, name)
	}
}

func (p *parser) effect() Effect {
	v := p.text()
	if e := Effect(v.Text); e == Allow || e == Deny {
		return e
	}
	p.fail(v.Span.Start, `unknown effect %q; expected "Allow" or "Deny"`, v.Text)
	panic("unreachable")
}

func (p *parser) checkAction(a Value, listed bool, i int) {
	if err := CheckAction(a.Text); err != nil {
		if listed {
			p.push(fmt.Sprintf("[%d]", i))
		}
		p.fail(a.Span.Start, "%v", err)
	}
}

// maxAction is the length of an action, in bytes, from which it is refused; AWS's own bound is 128 characters.
const maxAction = 1024

// CheckAction says what is wrong with the form of an action in a policy: it is * alone, or a service prefix without
// wildcards, a colon and a name. Nothing is said of whether the action exists.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
func CheckAction(action string) error {
	if action == "*" || action == "*:*" {
		return nil
	}
	vendor, _, ok := strings.Cut(action, ":")
	switch {
	case len(action) > maxAction:
		return fmt.Errorf("an action of %d bytes; at most %d are read", len(action), maxAction)
	case !ok:
		return fmt.Errorf(`action %q has no service prefix; expected "*" or "service:Action"`, action)
	case vendor == "" || strings.ContainsAny(vendor, "*? "):
		return fmt.Errorf("action %q: Vendor %s is not valid; expected a service prefix such as s3, without wildcards", action, vendor)
	}
	return nil
}

func (p *parser) principals(not bool) *Principals {
	p.space()
	start := p.pos
	list := &Principals{Not: not}
	if p.peek() == '"' {
		v := p.text()
		if v.Text != "*" {
			p.fail(v.Span.Start, `%q is no principal; expected "*" or an object such as {"AWS": "arn:…"}`, v.Text)
		}
		list.Entries = []Principal{{AWS, v}}
	} else {
		p.object("principal", []string{string(AWS), string(Service), string(Federated), string(CanonicalUser)}, func(key string, _ Pos) {
			for _, v := range p.values(false) {
				list.Entries = append(list.Entries, Principal{PrincipalType(key), v})
			}
		})
	}
	// The types in one order, so that what Format prints parses to the same.
	slices.SortStableFunc(list.Entries, func(a, b Principal) int {
		return slices.Index(principalTypes, a.Type) - slices.Index(principalTypes, b.Type)
	})
	list.Span = Span{start, p.pos}
	return list
}

func (p *parser) element(not bool) Element {
	p.space()
	start := p.pos
	values := p.values(false)
	return Element{not, values, Span{start, p.pos}}
}

func (p *parser) conditions() []Condition {
	list := []Condition{}
	operators := make(map[string]string) // as written, by lower case
	p.object("Condition", nil, func(_ string, at Pos) {
		operator := p.key
		lower := strings.ToLower(operator.Text)
		if other, twice := operators[lower]; twice {
			p.fail(at, "operator %s was given already as %s", operator.Text, other)
		}
		operators[lower] = operator.Text
		p.object("condition operator", nil, func(_ string, _ Pos) {
			c := Condition{Operator: operator, Key: p.key}
			p.space()
			start := p.pos
			c.Values = p.values(true)
			c.Span = Span{start, p.pos}
			list = append(list, c)
		})
	})
	return list
}

// values reads one value or a list of them. The result is never nil.
func (p *parser) values(scalars bool) []Value {
	p.space()
	if p.peek() != '[' {
		return []Value{p.value(scalars)}
	}
	list := []Value{}
	p.array(func(int) { list = append(list, p.value(scalars)) })
	return list
}

// value reads a string and, among the values of a condition, a number or a boolean.
func (p *parser) value(scalars bool) Value {
	p.space()
	if scalars {
		switch c := p.peek(); {
		case c == 't' || c == 'f':
			return p.boolean()
		case c == '-' || '0' <= c && c <= '9':
			return p.number()
		case c != '"':
			p.expected("a string, a number, a boolean or a list of these")
		}
	}
	return p.text()
}
