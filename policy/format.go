package policy

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Format prints the document in its canonical form, indented by two spaces and with a line break at the end.
// [Parse] reads it back to the same document, but for the spans.
func (d *Document) Format() []byte {
	w := new(printer)
	w.open('{')
	if d.Version != VNone {
		w.key("Version")
		w.text(string(d.Version))
	}
	if d.ID.Text != "" {
		w.key("Id")
		w.text(d.ID.Text)
	}
	w.key("Statement")
	w.open('[')
	for i := range d.Statements {
		w.item()
		w.statement(&d.Statements[i])
	}
	w.close(']')
	w.close('}')
	w.b.WriteByte('\n')
	return w.b.Bytes()
}

// A printer writes indented JSON.
type printer struct {
	b     bytes.Buffer
	depth int
	first bool // nothing was written yet in the innermost object or list
}

func (w *printer) open(c byte) {
	w.b.WriteByte(c)
	w.depth++
	w.first = true
}

func (w *printer) close(c byte) {
	w.depth--
	if !w.first {
		w.line()
	}
	w.first = false
	w.b.WriteByte(c)
}

func (w *printer) line() {
	w.b.WriteByte('\n')
	w.b.WriteString(strings.Repeat("  ", w.depth))
}

func (w *printer) item() {
	if !w.first {
		w.b.WriteByte(',')
	}
	w.first = false
	w.line()
}

func (w *printer) key(name string) {
	w.item()
	w.text(name)
	w.b.WriteString(": ")
}

func (w *printer) text(s string) {
	enc := json.NewEncoder(&w.b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // writing a string to a buffer does not fail
	w.b.Truncate(w.b.Len() - 1)
}

// values writes a list, and a list of one as its value.
func (w *printer) values(values []Value) {
	if len(values) == 1 {
		w.text(values[0].Text)
		return
	}
	w.open('[')
	for _, v := range values {
		w.item()
		w.text(v.Text)
	}
	w.close(']')
}

func (w *printer) element(name string, e Element) {
	if !e.Present() {
		return
	}
	if e.Not {
		name = "Not" + name
	}
	w.key(name)
	w.values(e.Values)
}

func (w *printer) statement(s *Statement) {
	w.open('{')
	if s.Sid.Text != "" {
		w.key("Sid")
		w.text(s.Sid.Text)
	}
	w.key("Effect")
	w.text(string(s.Effect))
	if s.Principal != nil {
		w.principals(s.Principal)
	}
	w.element("Action", s.Action)
	w.element("Resource", s.Resource)
	if s.Condition != nil {
		w.key("Condition")
		w.conditions(s.Condition)
	}
	w.close('}')
}

func (w *printer) principals(p *Principals) {
	name := "Principal"
	if p.Not {
		name = "NotPrincipal"
	}
	w.key(name)
	if len(p.Entries) == 1 && p.Entries[0].Type == AWS && p.Entries[0].Name.Text == "*" {
		w.text("*")
		return
	}
	w.open('{')
	for _, t := range principalTypes {
		var names []Value
		for _, e := range p.Entries {
			if e.Type == t {
				names = append(names, e.Name)
			}
		}
		if names != nil {
			w.key(string(t))
			w.values(names)
		}
	}
	w.close('}')
}

// conditions writes the operators in the order in which they first come; so are the keys of each.
func (w *printer) conditions(list []Condition) {
	var operators []string
	of := make(map[string][]Condition)
	for _, c := range list {
		if of[c.Operator.Text] == nil {
			operators = append(operators, c.Operator.Text)
		}
		of[c.Operator.Text] = append(of[c.Operator.Text], c)
	}
	w.open('{')
	for _, operator := range operators {
		w.key(operator)
		w.open('{')
		for _, c := range of[operator] {
			w.key(c.Key.Text)
			w.values(c.Values)
		}
		w.close('}')
	}
	w.close('}')
}
