package cfn

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/internal/jsonnumber"
	"github.com/writ-iam/writ/policy"
)

// short are the functions that have a short form, all but Ref and Condition, whose long form has no Fn:: before the name.
var short = []string{"And", "Base64", "Cidr", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "FindInMap", "ForEach", "GetAZs", "GetAtt", "GetStackOutput", "If",
	"ImportValue", "Join", "Length", "Not", "Or", "RefAll", "Select", "Split", "Sub", "ToJsonString", "Transform", "ValueOf", "ValueOfAll"}

func (r *reader) yaml(src []byte) (*needs.Node, error) {
	for i := 0; i >= 0; {
		r.lines = append(r.lines, i)
		next := bytes.IndexByte(src[i:], '\n')
		if next < 0 {
			break
		}
		i += next + 1
	}
	r.src = src
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	if err != nil {
		return nil, r.fail(start, "", "%v", err)
	}
	var doc, next yaml.Node
	if err := loader.Load(&doc); err != nil {
		return nil, r.yamlError(err)
	}
	// What is no error but the end of the text is a second document.
	if err := loader.Load(&next); err == nil {
		return nil, r.fail(r.pos(next.Line, next.Column), "", "a second document begins here; a template is one document")
	} else if fault := new(yaml.LoadError); errors.As(err, &fault) {
		return nil, r.yamlError(err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, r.fail(start, "", "the template is empty")
	}
	return r.fromYAML(doc.Content[0], "", 0)
}

// yamlError gives an error of the YAML library its place.
func (r *reader) yamlError(err error) error {
	var fault *yaml.LoadError
	if !errors.As(err, &fault) {
		if strings.Contains(err.Error(), "no documents") || err.Error() == "EOF" {
			return r.fail(start, "", "the template is empty")
		}
		return r.fail(start, "", "the template is not YAML: %v", err)
	}
	at := fault.Mark
	if at.Line == 0 {
		at = fault.ContextMark
	}
	reason := "the template is not YAML: " + fault.Message
	if strings.HasPrefix(fault.Message, "unknown anchor") {
		reason = noAlias
	}
	return r.fail(r.pos(at.Line, at.Column), "", "%s", reason)
}

const noAlias = "CloudFormation takes no YAML aliases; write the value out"

// pos returns the place of a line and column.
func (r *reader) pos(line, column int) policy.Pos {
	at := policy.Pos{Line: max(line, 1), Column: max(column, 1)}
	if at.Line > len(r.lines) {
		at.Offset = len(r.src)
		return at
	}
	at.Offset = r.lines[at.Line-1]
	for range at.Column - 1 {
		if at.Offset >= len(r.src) {
			break
		}
		_, n := utf8.DecodeRune(r.src[at.Offset:])
		at.Offset += n
	}
	return at
}

func (r *reader) fromYAML(y *yaml.Node, path string, depth int) (*needs.Node, error) {
	at := r.pos(y.Line, y.Column)
	if depth > MaxDepth {
		return nil, r.fail(at, "", "values are nested more than %d deep", MaxDepth)
	}
	if y.Kind == yaml.AliasNode {
		return nil, r.fail(at, path, noAlias)
	}
	tag := y.ShortTag()
	if strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") && tag != "!" {
		return r.function(y, tag[1:], at, path, depth)
	}
	if y.Style&yaml.TaggedStyle != 0 && !slices.Contains([]string{"!", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq"}, tag) {
		return nil, r.fail(at, path, "CloudFormation takes no YAML tag %.40s", tag)
	}
	return r.plain(y, at, path, depth)
}

// function reads the short form of a function as the long one.
func (r *reader) function(y *yaml.Node, name string, at policy.Pos, path string, depth int) (*needs.Node, error) {
	long := "Fn::" + name
	switch {
	case name == "Ref", name == "Condition":
		long = name
	case !slices.Contains(short, name):
		return nil, r.fail(at, path, "!%.40s is no function of CloudFormation", name)
	}
	argument := *y
	argument.Tag = ""
	if y.Kind == yaml.ScalarNode {
		argument.Tag = "!!str"
	}
	value, err := r.plain(&argument, at, join(path, long), depth+1)
	if err != nil {
		return nil, err
	}
	if resource, attribute, dotted := strings.Cut(value.Text, "."); name == "GetAtt" && value.Kind == needs.Text && dotted {
		value = &needs.Node{Kind: needs.List, Pos: at, Items: []*needs.Node{
			{Kind: needs.Text, Text: resource, Pos: at}, {Kind: needs.Text, Text: attribute, Pos: at}}}
	}
	return &needs.Node{Kind: needs.Map, Pos: at, Members: []needs.Member{{Name: long, Pos: at, Node: value}}}, nil
}

// plain reads a value that has no tag of its own.
func (r *reader) plain(y *yaml.Node, at policy.Pos, path string, depth int) (*needs.Node, error) {
	if depth > MaxDepth {
		return nil, r.fail(at, "", "values are nested more than %d deep", MaxDepth)
	}
	switch y.Kind {
	case yaml.ScalarNode:
		return scalar(y, at), nil
	case yaml.SequenceNode:
		n := &needs.Node{Kind: needs.List, Pos: at, Items: make([]*needs.Node, 0, len(y.Content))}
		for i, element := range y.Content {
			item, err := r.fromYAML(element, fmt.Sprintf("%s[%d]", path, i), depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
		return n, nil
	case yaml.MappingNode:
		n := &needs.Node{Kind: needs.Map, Pos: at, Members: make([]needs.Member, 0, len(y.Content)/2)}
		keys := keys{r: r, seen: make(map[string]policy.Pos, len(y.Content)/2)}
		for i := 0; i+1 < len(y.Content); i += 2 {
			key := y.Content[i]
			keyAt := r.pos(key.Line, key.Column)
			switch {
			case key.Kind == yaml.AliasNode:
				return nil, r.fail(keyAt, path, noAlias)
			case key.Kind != yaml.ScalarNode:
				return nil, r.fail(keyAt, path, "a key is a text, and this is a list or a map")
			case key.ShortTag() == "!!merge":
				return nil, r.fail(keyAt, path, "CloudFormation takes no hash merges (<<); write the members out")
			case key.Style&yaml.TaggedStyle != 0 && !strings.HasPrefix(key.ShortTag(), "!!"):
				return nil, r.fail(keyAt, path, "a key is a text, and %.40s makes it a function", key.Tag)
			}
			if err := keys.add(key.Value, keyAt, path); err != nil {
				return nil, err
			}
			value, err := r.fromYAML(y.Content[i+1], join(path, key.Value), depth+1)
			if err != nil {
				return nil, err
			}
			n.Members = append(n.Members, needs.Member{Name: key.Value, Pos: keyAt, Node: value})
		}
		return n, nil
	}
	return nil, r.fail(at, path, "this is no value")
}

// scalar reads a text, number, boolean or null.
func scalar(y *yaml.Node, at policy.Pos) *needs.Node {
	n := &needs.Node{Kind: needs.Text, Text: y.Value, Pos: at}
	unquoted := y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
	switch tag := y.ShortTag(); {
	case tag == "!!null":
		return &needs.Node{Kind: needs.Null, Text: "null", Pos: at}
	case tag == "!!bool":
		n.Kind, n.Text = needs.Bool, strings.ToLower(y.Value)
	case tag == "!!int" || tag == "!!float":
		// An id of an account that begins with 0 is no number of JSON, and its digits matter: it stays a text.
		if length, ok := jsonnumber.Scan([]byte(y.Value)); ok && length == len(y.Value) {
			n.Kind = needs.Number
		}
	case unquoted && tag == "!!str":
		switch y.Value {
		case "yes", "Yes", "YES", "on", "On", "ON":
			n.Kind, n.Text = needs.Bool, "true"
		case "no", "No", "NO", "off", "Off", "OFF":
			n.Kind, n.Text = needs.Bool, "false"
		}
	}
	if n.Kind == needs.Bool {
		switch n.Text {
		case "yes", "on", "y":
			n.Text = "true"
		case "no", "off", "n":
			n.Text = "false"
		}
	}
	return n
}
