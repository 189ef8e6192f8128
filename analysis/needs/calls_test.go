package needs

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// vector is what the calls of a type are: for a plain resource, and more for each property that adds some. A call is written as
// "create iam:PassRole ARN iam:PassedToService=lambda.amazonaws.com", with "at most" before an upper bound.
type vector struct {
	Type  string
	Name  string         `json:",omitempty"` // physical
	Plain map[string]any `json:",omitempty"` // properties
	Calls []string       `json:",omitempty"`
	With  []addition     `json:",omitempty"`
}

type addition struct {
	Property string
	Set      map[string]any `json:",omitempty"` // properties, beside those of the plain resource
	Tags     bool           `json:",omitempty"` // the stack has tags
	Adds     []string
}

// value makes a Value of one of encoding/json. An object {"Pattern": "a*"} is a text of which a part is not known.
func value(v any) *Value {
	switch v := v.(type) {
	case nil:
		return &Value{Kind: Null}
	case bool:
		return &Value{Kind: Bool, Text: fmt.Sprint(v)}
	case float64:
		return &Value{Kind: Number, Text: fmt.Sprint(v)}
	case string:
		return &Value{Kind: Text, Text: v}
	case []any:
		out := &Value{Kind: List}
		for _, item := range v {
			out.Items = append(out.Items, value(item))
		}
		return out
	case map[string]any:
		if pattern, ok := v["Pattern"].(string); ok && len(v) == 1 {
			return &Value{Kind: Text, Text: pattern, Pattern: true}
		}
		out := &Value{Kind: Map}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out.Members = append(out.Members, ValueMember{Name: name, Value: value(v[name])})
		}
		return out
	}
	panic(fmt.Sprintf("%T is no value of JSON", v))
}

var everyPhase = []Phase{Create, Read, Update, Delete}

// callsOf are the calls for one resource.
func callsOf(t *testing.T, typ, name string, properties map[string]any, tags bool) (lines []string) {
	t.Helper()
	stack := &Stack{Name: "amplify-app-dev-123"}
	r := &Resource{Type: typ, Name: name, LogicalID: "It", Stack: stack, Properties: value(properties)}
	if tags {
		r.Tags = map[string]string{"user:Stack": "dev"}
	}
	stack.Resources = []*Resource{r}
	stacks := []*Stack{stack}
	if typ == stackType {
		stacks = append(stacks, &Stack{Parent: r, Template: &Template{}})
	}
	calls, unknown := Calls(stacks, CallOptions{Region: "us-east-1", Account: "111122223333", Phases: everyPhase})
	if len(unknown) > 0 {
		t.Errorf("%s is unknown", typ)
	}
	for _, phase := range everyPhase {
		for _, c := range calls {
			if c.For == r && c.Phase == phase {
				if c.Through != CloudFormation {
					t.Errorf("%s: %s is not made by CloudFormation", typ, c.Action)
				}
				lines = append(lines, line(c))
			}
		}
	}
	return lines
}

// line writes a call.
func line(c Call) string {
	text := fmt.Sprintf("%s %s %s", c.Phase, c.Action, c.Resource)
	for _, key := range slices.Sorted(maps.Keys(c.Context)) {
		text += " " + key + "=" + strings.Join(c.Context[key], ",")
	}
	if c.Upper {
		text = "at most " + text
	}
	return text
}

// without are the lines of a that b does not have.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func readVectors(t *testing.T) (all []vector) {
	t.Helper()
	files, err := filepath.Glob("testdata/calls/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no vectors: ", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var vectors []vector
		if err := json.Unmarshal(data, &vectors); err != nil {
			t.Fatal(file, ": ", err)
		}
		all = append(all, vectors...)
	}
	return all
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	t.Errorf("%s:\ngot, but not wanted:\n\t%s\nwanted, but not got:\n\t%s", what,
		strings.Join(without(got, want), "\n\t"), strings.Join(without(want, got), "\n\t"))
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		plain := callsOf(t, v.Type, v.Name, v.Plain, false)
		same(t, v.Type, plain, v.Calls)
		for _, a := range v.With {
			properties := maps.Clone(v.Plain)
			if properties == nil {
				properties = map[string]any{}
			}
			maps.Copy(properties, a.Set)
			same(t, v.Type+" with "+a.Property, without(callsOf(t, v.Type, v.Name, properties, a.Tags), plain), a.Adds)
		}
	}
}

// Every type has a vector, and so has every property that the table names.
func TestVectorsAreComplete(t *testing.T) {
	vectors := map[string]vector{}
	for _, v := range readVectors(t) {
		if _, twice := vectors[v.Type]; twice {
			t.Errorf("%s has two vectors", v.Type)
		}
		vectors[v.Type] = v
	}
	for name, typ := range types() {
		v, ok := vectors[name]
		if !ok {
			t.Errorf("%s has no vector", name)
			continue
		}
		for _, rule := range typ.rules {
			paths := rule.paths
			if rule.tagged && len(paths) == 0 {
				paths = []string{"tags"}
			}
			for _, path := range paths {
				in := len(at(value(any(v.Plain)), strings.Split(path, "."))) > 0
				for _, a := range v.With {
					if len(at(value(any(a.Set)), strings.Split(path, "."))) > 0 || path == "tags" && a.Tags {
						in = true
					}
				}
				if !in {
					t.Errorf("%s has no vector with %s", name, path)
				}
			}
		}
	}
	for name := range vectors {
		if _, ok := types()[name]; !ok {
			t.Errorf("there is a vector of %s, of which there is no table", name)
		}
	}
}
