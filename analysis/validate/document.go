package validate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// A document is what is judged: the tree of its text, read as a policy as far as that goes, and what was found so far.
type document struct {
	Options
	src        []byte
	root       value
	version    string // "" if there is none that could be read
	statements []*statement

	types       map[string]FindingType // by code
	found       []Finding
	suggestions int                 // how many were looked for
	lowerNames  map[string][]string // of the actions of services, by prefix
}

// The most findings that are told, and the most names that are suggested, each of which takes a look at all there are.
const (
	maxFindings    = 10000
	maxSuggestions = 200
)

// few bounds a list of which each element is judged with each of another list, so that a document made to be slow is not.
func few[T any](list []T) []T {
	const most = 300
	return list[:min(len(list), most)]
}

// maxLocations is the most places of a finding that are told.
const maxLocations = 20

func newDocument(src []byte, o Options) *document {
	d := &document{Options: o, src: src, types: map[string]FindingType{}, lowerNames: map[string][]string{}}
	for _, c := range Checks() {
		d.types[c.Code] = c.Type
	}
	return d
}

// A value is a value of the tree and the way to it.
type value struct {
	*jsontree.Node
	path []PathElement
}

func (v value) location() Location { return Location{v.path, v.Span} }

// part returns the location of a part of a string. The span is that of the part if the text stands as it is in the
// source, and of the whole string if there are escape sequences in it.
func (v value) part(start, length int) Location {
	l := Location{append(slices.Clip(v.path), PathElement{Kind: Substring, Index: start, Length: length}), v.Span}
	if v.Span.End.Offset-v.Span.Start.Offset == len(v.Text)+len(`""`) {
		before := len(`"`) + start
		l.Span.Start.Offset += before
		l.Span.Start.Column += len(`"`) + runes(v.Text[:start])
		l.Span.End = l.Span.Start
		l.Span.End.Offset += length
		l.Span.End.Column += runes(v.Text[start : start+length])
	}
	return l
}

func runes(s string) int { return utf8.RuneCountInString(s) }

func itoa(n int) string { return strconv.Itoa(n) }

// element returns the i-th element of a list.
func (v value) element(i int) value {
	return value{v.Elements[i], append(slices.Clip(v.path), PathElement{Kind: Index, Index: i})}
}

// A member is a key of an object and its value.
type member struct {
	name  string
	key   Location
	value value
}

func (v value) members() []member {
	list := make([]member, len(v.Members))
	for i, m := range v.Members {
		list[i] = member{
			m.Key.Text,
			Location{append(slices.Clip(v.path), PathElement{Kind: Key, Name: m.Key.Text}), m.Key.Span},
			value{m.Value, append(slices.Clip(v.path), PathElement{Kind: Value, Name: m.Key.Text})},
		}
	}
	return list
}

// texts returns the strings of a value that is a string or a list of them, and leaves out what is neither.
func (v value) texts() (list []value) {
	switch v.Kind {
	case jsontree.String:
		return []value{v}
	case jsontree.Array:
		for i := range v.Elements {
			if e := v.element(i); e.Kind == jsontree.String {
				list = append(list, e)
			}
		}
	}
	return list
}

// scalars returns the values of a condition: strings, numbers and booleans.
func (v value) scalars() (list []value) {
	all := []value{v}
	if v.Kind == jsontree.Array {
		all = nil
		for i := range v.Elements {
			all = append(all, v.element(i))
		}
	}
	for _, e := range all {
		if e.Kind == jsontree.String || e.Kind == jsontree.Number || e.Kind == jsontree.Bool {
			list = append(list, e)
		}
	}
	return list
}

// A statement is one statement as far as it can be read.
type statement struct {
	value
	effect    policy.Effect // "" if there is none that could be read
	action    element
	resource  element
	principal principals
	condition []*condition
}

// An element is one that a statement states or negates.
type element struct {
	present bool
	not     bool
	key     Location
	value   value
	values  []value // its strings
}

// A principals is a Principal or NotPrincipal element.
type principals struct {
	element
	everybody bool // the string "*"
	entries   []principal
}

// A principal is one entry of a Principal element.
type principal struct {
	kind policy.PrincipalType
	value
}

// A condition is one key under one operator.
type condition struct {
	operator
	operatorKey Location
	key         string
	keyAt       Location
	value       value
	values      []value
}

// read takes the tree apart. What does not fit is left out; the matter of elements tells of it.
func (d *document) read(tree *jsontree.Node) {
	d.root = value{Node: tree}
	for _, m := range d.root.members() {
		switch m.name {
		case "Version":
			if v := policy.Version(m.value.Text); m.value.Kind == jsontree.String && (v == policy.V2008 || v == policy.V2012) {
				d.version = m.value.Text
			}
		case "Statement":
			switch m.value.Kind {
			case jsontree.Object:
				d.statements = append(d.statements, readStatement(m.value))
			case jsontree.Array:
				for i := range m.value.Elements {
					if e := m.value.element(i); e.Kind == jsontree.Object {
						d.statements = append(d.statements, readStatement(e))
					}
				}
			}
		}
	}
}

func readStatement(v value) *statement {
	s := &statement{value: v}
	set := func(e *element, m member) bool {
		if e.present {
			return false
		}
		*e = element{true, strings.HasPrefix(m.name, "Not"), m.key, m.value, m.value.texts()}
		return true
	}
	for _, m := range v.members() {
		switch m.name {
		case "Effect":
			if e := policy.Effect(m.value.Text); m.value.Kind == jsontree.String && (e == policy.Allow || e == policy.Deny) {
				s.effect = e
			}
		case "Action", "NotAction":
			set(&s.action, m)
		case "Resource", "NotResource":
			set(&s.resource, m)
		case "Principal", "NotPrincipal":
			if set(&s.principal.element, m) {
				s.principal.readEntries()
			}
		case "Condition":
			for _, operator := range m.value.members() {
				for _, key := range operator.value.members() {
					s.condition = append(s.condition, &condition{
						parseOperator(operator.name), operator.key, key.name, key.key, key.value, key.value.scalars(),
					})
				}
			}
		}
	}
	return s
}

func (p *principals) readEntries() {
	p.everybody = p.value.Kind == jsontree.String && p.value.Text == "*"
	if p.everybody {
		p.entries = []principal{{policy.AWS, p.value}}
	}
	for _, m := range p.value.members() {
		switch kind := policy.PrincipalType(m.name); kind {
		case policy.AWS, policy.Service, policy.Federated, policy.CanonicalUser:
			for _, v := range m.value.texts() {
				p.entries = append(p.entries, principal{kind, v})
			}
		}
	}
}

// names returns the entries of a kind.
func (p *principals) names(kind policy.PrincipalType) (list []value) {
	for _, e := range p.entries {
		if e.kind == kind {
			list = append(list, e.value)
		}
	}
	return list
}

// has reports whether the statement has a condition on a key.
func (s *statement) has(key string) bool {
	return slices.ContainsFunc(few(s.condition), func(c *condition) bool { return strings.EqualFold(c.key, key) })
}

// report adds a finding of one place.
func (d *document) report(code string, at Location, format string, args ...any) {
	d.reportAll(code, []Location{at}, format, args...)
}

// reportAll adds a finding of several places, the one that matters most first.
func (d *document) reportAll(code string, at []Location, format string, args ...any) {
	t, ok := d.types[code]
	if !ok {
		panic("validate: no check has the code " + code) // a fault of this package, which its tests find
	}
	if len(d.found) == maxFindings {
		return
	}
	details := fmt.Sprintf(format, args...)
	if len(details) > maxDetails {
		details = strings.ToValidUTF8(details[:maxDetails], "") + "…"
	}
	d.found = append(d.found, Finding{t, code, details, at[:min(len(at), maxLocations)]})
}

// maxDetails bounds a text that quotes the document, in bytes.
const maxDetails = 600

func (d *document) findings() []Finding {
	sortFindings(d.found)
	return d.found
}

// quoted returns a text in double quotes, shortened.
func quoted(s string) string {
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
