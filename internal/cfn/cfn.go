// Package cfn reads CloudFormation templates, in JSON and YAML, as trees of [needs.Node] that keep the place of each value.
//
// # YAML
//
// YAML is taken as CloudFormation takes it, which is YAML 1.1 with exceptions. The short forms of functions become the long ones:
// !GetAtt Table.Arn is read as {"Fn::GetAtt": ["Table", "Arn"]}, !Ref and !Condition as {"Ref": …} and {"Condition": …}. An unknown
// tag is an error. A date is a text; yes, no, on and off without quotes are booleans; keys are texts, whatever they look like.
// Aliases, hash merges (<<) and the tags binary, omap, pairs, set and timestamp are errors, as they are to CloudFormation: a template
// that is small on disk is therefore small in memory too.
//
// # What is refused
//
// Templates of more than [MaxSize] bytes (CloudFormation's quota is 1 MB), values nested deeper than [MaxDepth], a key that is given
// twice, several documents in a file, and text that is not UTF-8. Every error is a [*needs.TemplateError] with the file and the place.
//
// Read knows nothing of what the sections of a template mean: that is the work of [needs.Evaluate].
package cfn

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// MaxSize is the size in bytes from which Read refuses a template. CloudFormation takes 1 MB; what tools write on disk may have
// white space that they leave out when they upload it.
const MaxSize = 2 << 20

// MaxDepth is the depth of nesting from which Read refuses a template.
const MaxDepth = jsontree.MaxDepth

// Read reads the template that a file holds. The name says whether it is YAML only where the text does not: a text that begins with
// a brace is JSON unless the name ends in .yaml or .yml. The error, if any, is a [*needs.TemplateError].
func Read(file string, src []byte) (*needs.Template, error) {
	r := &reader{file: file, src: src}
	if len(src) > MaxSize {
		return nil, r.fail(start, "", "the template has %d bytes; at most %d are read", len(src), MaxSize)
	}
	if !utf8.Valid(src) {
		return nil, r.notUTF8()
	}
	text := bytes.TrimPrefix(src, []byte("\ufeff"))
	first := bytes.TrimLeft(text, " \t\r\n")
	if len(first) == 0 {
		return nil, r.fail(start, "", "the template is empty")
	}
	read := r.yaml
	if first[0] == '{' || first[0] == '[' {
		if read = r.json; strings.HasSuffix(file, ".yaml") || strings.HasSuffix(file, ".yml") {
			if _, err := jsontree.Parse(text); err != nil {
				read = r.yaml
			}
		}
	}
	root, err := read(text)
	if err != nil {
		return nil, err
	}
	if root.Kind != needs.Map {
		return nil, r.fail(root.Pos, "", "a template is a map of sections such as Resources, and this is none")
	}
	return &needs.Template{File: file, Root: root}, nil
}

var start = policy.Pos{Line: 1, Column: 1}

// A reader reads src, the text of a file.
type reader struct {
	file  string
	src   []byte
	lines []int // where each line of YAML begins
}

func (r *reader) fail(at policy.Pos, path, format string, args ...any) *needs.TemplateError {
	return &needs.TemplateError{File: r.file, Pos: at, Path: path, Reason: fmt.Sprintf(format, args...)}
}

// notUTF8 says where the first byte is that is not UTF-8.
func (r *reader) notUTF8() error {
	at := start
	for rest := r.src; len(rest) > 0; {
		c, n := utf8.DecodeRune(rest)
		if c == utf8.RuneError && n == 1 {
			return r.fail(at, "", "the byte 0x%02x is not UTF-8", rest[0])
		}
		at.Offset += n
		at.Column++
		if c == '\n' {
			at.Line, at.Column = at.Line+1, 1
		}
		rest = rest[n:]
	}
	return nil
}

func (r *reader) json(src []byte) (*needs.Node, error) {
	tree, err := jsontree.Parse(src)
	if err != nil {
		var at *policy.Error
		if errors.As(err, &at) {
			return nil, r.fail(at.Pos, at.Path, "%s", at.Reason)
		}
		return nil, r.fail(start, "", "%v", err)
	}
	return r.fromJSON(tree, "")
}

func (r *reader) fromJSON(tree *jsontree.Node, path string) (*needs.Node, error) {
	n := &needs.Node{Pos: tree.Span.Start, Text: tree.Text}
	switch tree.Kind {
	case jsontree.Bool:
		n.Kind = needs.Bool
	case jsontree.Number:
		n.Kind = needs.Number
	case jsontree.String:
		n.Kind = needs.Text
	case jsontree.Array:
		n.Kind = needs.List
		n.Items = make([]*needs.Node, 0, len(tree.Elements))
		for i, element := range tree.Elements {
			item, err := r.fromJSON(element, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
	case jsontree.Object:
		n.Kind = needs.Map
		keys := keys{r: r, seen: make(map[string]policy.Pos, len(tree.Members))}
		n.Members = make([]needs.Member, 0, len(tree.Members))
		for _, m := range tree.Members {
			if err := keys.add(m.Key.Text, m.Key.Span.Start, path); err != nil {
				return nil, err
			}
			value, err := r.fromJSON(m.Value, join(path, m.Key.Text))
			if err != nil {
				return nil, err
			}
			n.Members = append(n.Members, needs.Member{Name: m.Key.Text, Pos: m.Key.Span.Start, Node: value})
		}
	}
	return n, nil
}

// join returns the path of a member.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// keys are those of a map that were read.
type keys struct {
	r    *reader
	seen map[string]policy.Pos
}

// add takes a key; one that was there before is an error.
func (k *keys) add(name string, at policy.Pos, path string) error {
	if before, twice := k.seen[name]; twice {
		return k.r.fail(at, path, "the key %.60q is given twice; it stands at line %d too", name, before.Line)
	}
	k.seen[name] = at
	return nil
}
