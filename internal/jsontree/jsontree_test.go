package jsontree_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

func TestParseKeepsOrderDuplicatesAndPlaces(t *testing.T) {
	n, err := jsontree.Parse([]byte("{\n  \"b\": [1, true, null],\n  \"a\": \"\\u00e9\",\n  \"a\": {}\n}"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range n.Members {
		keys = append(keys, m.Key.Text)
	}
	if got := strings.Join(keys, " "); n.Kind != jsontree.Object || got != "b a a" {
		t.Fatalf("%v with keys %q", n.Kind, got)
	}
	list := n.Members[0].Value
	if len(list.Elements) != 3 || list.Elements[1].Text != "true" || list.Elements[2].Kind != jsontree.Null {
		t.Errorf("the list is %+v", list)
	}
	text := n.Members[1].Value
	want := policy.Span{Start: policy.Pos{Offset: 33, Line: 3, Column: 8}, End: policy.Pos{Offset: 41, Line: 3, Column: 16}}
	if text.Text != "é" || text.Span != want {
		t.Errorf("%q stands at %+v, want %+v", text.Text, text.Span, want)
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "line 1, column 1: expected a value, found the end of the text",
		"{\n":                       "line 2, column 1: expected a key in double quotes, found the end of the text",
		`{"a" 1}`:                   `line 1, column 6: expected a colon behind the key "a", found '1'`,
		`{"a": 1,}`:                 "line 1, column 8: the comma before } is one too many",
		`[1 2]`:                     "line 1, column 4: expected a comma or ], found '2'",
		`{a: 1}`:                    "line 1, column 2: expected a key in double quotes, found 'a'",
		`"a`:                        "line 1, column 1: the string has no end",
		"\"a\nb\"":                  `line 1, column 3: the control character '\n' in a string must be escaped`,
		`"\x"`:                      `line 1, column 2: "\\x" is not an escape sequence`,
		`"\ud800"`:                  `line 1, column 2: \ud800 is half a surrogate pair`,
		"\"\xff\"":                  "line 1, column 2: the byte 0xff is not UTF-8",
		`01`:                        `line 1, column 1: "01" is not a number`,
		`1 2`:                       "line 1, column 3: there is text behind the end of the document",
		strings.Repeat("[", 100000): "line 1, column 66: values are nested more than 64 deep",
	} {
		_, err := jsontree.Parse([]byte(text))
		if e, ok := errors.AsType[*policy.Error](err); !ok || e.Error() != want {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","a":[1.5e3,true,null,"\ud83d\ude00"]}]}`))
	f.Add([]byte(`[[[{"a":"b`))
	f.Fuzz(func(t *testing.T, src []byte) {
		n, err := jsontree.Parse(src)
		if e, ok := errors.AsType[*policy.Error](err); err != nil && (!ok || e.Pos.Offset > len(src)) {
			t.Fatalf("the error %v is not in the text", err)
		}
		if err == nil && !json.Valid(src) {
			t.Fatalf("%q was read, but is not JSON", src)
		}
		if err != nil {
			return
		}
		var walk func(n *jsontree.Node, within policy.Span)
		walk = func(n *jsontree.Node, within policy.Span) {
			if n.Span.Start.Offset < within.Start.Offset || n.Span.End.Offset > within.End.Offset || n.Span.Start.Offset >= n.Span.End.Offset {
				t.Fatalf("the value at %+v is not in %+v", n.Span, within)
			}
			for _, m := range n.Members {
				walk(m.Value, n.Span)
			}
			for _, e := range n.Elements {
				walk(e, n.Span)
			}
		}
		walk(n, policy.Span{End: policy.Pos{Offset: len(src)}})
	})
}
