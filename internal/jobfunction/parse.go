package jobfunction

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// MaxSize is the number of bytes that the text of a rule may have.
const MaxSize = 64 << 10

var (
	sidForm     = regexp.MustCompile(`^[A-Za-z0-9]*$`)
	serviceForm = regexp.MustCompile(`^[A-Za-z0-9*?-]+$`)
	actionForm  = regexp.MustCompile(`^[A-Za-z0-9*?-]+:[A-Za-z0-9*?_.-]+$`)
)

// Parse reads a rule. Members that there are not, or that stand twice, and values of another kind are errors, as is all that a
// policy document would not take. An error is a [*policy.Error], which says where.
func Parse(src []byte) (*Rule, error) {
	if len(src) > MaxSize {
		return nil, &policy.Error{Pos: policy.Pos{Line: 1, Column: 1}, Reason: fmt.Sprintf("the rule has %d bytes; at most %d are read", len(src), MaxSize)}
	}
	root, err := jsontree.Parse(src)
	if err != nil {
		return nil, err
	}
	r := &Rule{}
	err = object(root, "", map[string]func(*jsontree.Node, string) error{
		"AccessLevels": func(n *jsontree.Node, path string) error {
			names, err := texts(n, path)
			for i, name := range names {
				level, ok := actions.Level(name.Text)
				if !ok {
					return fail(name.Span.Start, fmt.Sprintf("%s[%d]", path, i), "%.40q is no access level; expected List, Read, Write, Tagging or Permissions management", name.Text)
				}
				r.AccessLevels = append(r.AccessLevels, level)
			}
			return err
		},
		"Services": patterns(&r.Services, serviceForm, "a service's prefix such as s3"),
		"Also":     patterns(&r.Also, actionForm, "an action such as s3:GetObject"),
		"Except": func(n *jsontree.Node, path string) error {
			return object(n, path, map[string]func(*jsontree.Node, string) error{
				"Services": patterns(&r.Except.Services, serviceForm, "a service's prefix such as s3"),
				"Actions":  patterns(&r.Except.Actions, actionForm, "an action such as s3:GetObject"),
			})
		},
		"Sid": func(n *jsontree.Node, path string) error {
			if n.Kind != jsontree.String || !sidForm.MatchString(n.Text) {
				return fail(n.Span.Start, path, "expected a text of letters and digits")
			}
			r.Sid = n.Text
			return nil
		},
		"Patterns": func(n *jsontree.Node, path string) error {
			if n.Kind != jsontree.Bool {
				return fail(n.Span.Start, path, "expected true or false, found %s", n.Kind)
			}
			r.Patterns = n.Text == "true"
			return nil
		},
	})
	switch {
	case err != nil:
		return nil, err
	case len(r.AccessLevels) == 0 && len(r.Also) == 0:
		return nil, fail(root.Span.Start, "", "the rule has neither AccessLevels nor Also, and so grants nothing")
	}
	return r, nil
}

func fail(at policy.Pos, path, format string, args ...any) error {
	return &policy.Error{Pos: at, Path: path, Reason: fmt.Sprintf(format, args...)}
}

// object reads an object, each member by its reader.
func object(n *jsontree.Node, path string, members map[string]func(*jsontree.Node, string) error) error {
	if n.Kind != jsontree.Object {
		return fail(n.Span.Start, path, "expected an object, found %s", n.Kind)
	}
	seen := map[string]bool{}
	for _, m := range n.Members {
		place := strings.TrimPrefix(path+"."+m.Key.Text, ".")
		read, ok := members[m.Key.Text]
		switch {
		case !ok:
			return fail(m.Key.Span.Start, path, "%.40q is no member of a rule", m.Key.Text)
		case seen[m.Key.Text]:
			return fail(m.Key.Span.Start, path, "%q stands twice", m.Key.Text)
		}
		seen[m.Key.Text] = true
		if err := read(m.Value, place); err != nil {
			return err
		}
	}
	return nil
}

// texts reads a list of texts, which is not empty.
func texts(n *jsontree.Node, path string) (list []policy.Value, err error) {
	if n.Kind != jsontree.Array || len(n.Elements) == 0 {
		return nil, fail(n.Span.Start, path, "expected a list of texts that is not empty")
	}
	for i, e := range n.Elements {
		if e.Kind != jsontree.String {
			return nil, fail(e.Span.Start, fmt.Sprintf("%s[%d]", path, i), "expected a text, found %s", e.Kind)
		}
		list = append(list, policy.Value{Text: e.Text, Span: e.Span})
	}
	return list, nil
}

// patterns makes what reads a list of names and patterns of a form.
func patterns(list *[]policy.Value, form *regexp.Regexp, expected string) func(*jsontree.Node, string) error {
	return func(n *jsontree.Node, path string) (err error) {
		if *list, err = texts(n, path); err != nil {
			return err
		}
		for i, v := range *list {
			if !form.MatchString(v.Text) {
				return fail(v.Span.Start, fmt.Sprintf("%s[%d]", path, i), "%.80q is not %s, or a pattern of such", v.Text, expected)
			}
		}
		return nil
	}
}

// Format returns the rule as JSON in one line. Parse reads it back to the same rule, but for the places.
func (r *Rule) Format() []byte {
	type except struct {
		Services []string `json:",omitempty"`
		Actions  []string `json:",omitempty"`
	}
	out := struct {
		AccessLevels []string `json:",omitempty"`
		Services     []string `json:",omitempty"`
		Also         []string `json:",omitempty"`
		Except       *except  `json:",omitempty"`
		Sid          string   `json:",omitempty"`
		Patterns     bool     `json:",omitempty"`
	}{levelNames(r.AccessLevels), names(r.Services), names(r.Also), nil, r.Sid, r.Patterns}
	if len(r.Except.Services)+len(r.Except.Actions) > 0 {
		out.Except = &except{names(r.Except.Services), names(r.Except.Actions)}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // texts, and lists of texts
	}
	return text
}

func levelNames(levels []authref.AccessLevel) (list []string) {
	for _, l := range levels {
		list = append(list, l.String())
	}
	return list
}

func names(values []policy.Value) (list []string) {
	for _, v := range values {
		list = append(list, v.Text)
	}
	return list
}
