package policy_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/writ-iam/writ/policy"
)

func TestParseKeepsEveryElementAndItsPlace(t *testing.T) {
	const src = `{
  "Version": "2012-10-17",
  "Statement": {
    "Sid": "é1", "Effect": "Allow",
    "Principal": {"Service": "a.amazonaws.com", "AWS": ["111122223333", "*"]},
    "NotAction": ["s3:Get*", "s3:Put*"],
    "Resource": "arn:aws:s3:::b/*",
    "Condition": {"Bool": {"aws:SecureTransport": true}, "NumericLessThan": {"s3:max-keys": [10, "20"]}}
  }
}`
	doc, err := policy.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	s := doc.Statements[0]
	if doc.Version != policy.V2012 || len(doc.Statements) != 1 || s.Sid.Text != "é1" || s.Effect != policy.Allow {
		t.Errorf("read %+v", doc)
	}
	if got := s.Principal.Entries; len(got) != 3 || got[0].Type != policy.AWS || got[2].Type != policy.Service || s.Principal.Not {
		t.Errorf("principals %+v", got)
	}
	if !s.Action.Not || !reflect.DeepEqual(s.Action.Strings(), []string{"s3:Get*", "s3:Put*"}) {
		t.Errorf("action %+v", s.Action)
	}
	if s.Resource.Not || !reflect.DeepEqual(s.Resource.Strings(), []string{"arn:aws:s3:::b/*"}) {
		t.Errorf("resource %+v", s.Resource)
	}
	if len(s.Condition) != 2 || s.Condition[0].Values[0].Text != "true" || !reflect.DeepEqual(s.Condition[1].Strings(), []string{"10", "20"}) {
		t.Errorf("condition %+v", s.Condition)
	}
	// Each span is the very text in the source.
	for _, v := range append(s.Resource.Values, append(s.Action.Values, s.Sid, s.Condition[0].Operator, s.Condition[0].Key)...) {
		if got := src[v.Span.Start.Offset:v.Span.End.Offset]; got != `"`+v.Text+`"` {
			t.Errorf("the span of %q is %q", v.Text, got)
		}
	}
	if at := s.Condition[0].Values[0].Span.Start; at.Line != 8 || at.Column != 51 {
		t.Errorf("true stands at %v", at)
	}
	if got := s.Sid.Span; got.Start.Column != 12 || got.End.Column != 16 {
		t.Errorf("columns count characters: the Sid spans %+v", got)
	}
}

// malformed documents, and what the error must say.
var malformed = []struct{ src, want string }{
	{``, `line 1, column 1: expected a policy document (an object), found the end of the text`},
	{`[]`, `line 1, column 1: expected a policy document (an object), found a list`},
	{`{}`, `line 1, column 1: the policy has no Statement`},
	{`{"Statement":[]}`, `line 1, column 14: Statement: the list of statements is empty`},
	{`{"Statement":5}`, `line 1, column 14: Statement: expected a statement or a list of statements, found a number`},
	{`{"Version":"2012-10-18","Statement":[]}`, `line 1, column 12: Version: unknown version "2012-10-18"; expected "2012-10-17" or "2008-10-17"`},
	{`{"version":"2012-10-17"}`, `line 1, column 2: the key "version" is written "Version"`},
	{"{\n \"Stmt\":1}", `line 2, column 2: unknown key "Stmt" in the policy document; expected Version, Id or Statement`},
	{`{"Statement":{"Effect":"Deny","Effect":"Allow"}}`, `line 1, column 31: Statement: the key "Effect" is given twice`},
	{`{"Statement":[{"Effect":"Deny","effect":"Allow"}]}`, `line 1, column 32: Statement[0]: the key "effect" is written "Effect"`},
	{`{"Statement":{"Action":"*","Resource":"*"}}`, `line 1, column 14: Statement: the statement has no Effect; expected "Allow" or "Deny"`},
	{`{"Statement":{"Effect":"allow","Action":"*"}}`, `line 1, column 24: Statement.Effect: unknown effect "allow"; expected "Allow" or "Deny"`},
	{`{"Statement":{"Effect":"Allow","Resource":"*"}}`, `line 1, column 14: Statement: the statement has neither Action nor NotAction`},
	{`{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*"}}`, `line 1, column 45: Statement.NotAction: the statement has both Action and NotAction; expected one of them`},
	{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}}`, `column 60: Statement.NotResource: the statement has both Resource and NotResource`},
	{`{"Statement":{"Effect":"Allow","Action":"s*:Get*","Resource":"*"}}`, `column 41: Statement.Action: action "s*:Get*": Vendor s* is not valid`},
	{`{"Statement":{"Effect":"Allow","Action":["s3:*","get"],"Resource":"*"}}`, `column 49: Statement.Action[1]: action "get" has no service prefix`},
	{`{"Statement":{"Effect":"Allow","Action":true,"Resource":"*"}}`, `column 41: Statement.Action: expected a string, found a boolean`},
	{`{"Statement":{"Effect":"Allow","Action":[["*"]],"Resource":"*"}}`, `column 42: Statement.Action[0]: expected a string, found a list`},
	{`{"Statement":{"Effect":"Allow","Action":null,"Resource":"*"}}`, `column 41: Statement.Action: expected a string, found null`},
	{`{"Statement":{"Effect":"Allow","Principal":"all","Action":"*"}}`, `column 44: Statement.Principal: "all" is no principal; expected "*" or an object`},
	{`{"Statement":{"Effect":"Allow","Principal":{"aws":"*"},"Action":"*"}}`, `column 45: Statement.Principal: the key "aws" is written "AWS"`},
	{`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"k":{}}}}}`, `column 70: Statement.Condition.Bool.k: expected a string, a number, a boolean or a list of these, found an object`},
	{`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"k":1},"bool":{}}}}`, `column 73: Statement.Condition.bool: operator bool was given already as Bool`},
	{`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"k":01}}}}`, `column 70: Statement.Condition.Bool.k: "01}" is not a number`},
	{`{"Statement":{"Effect":"Allow" "Action":"*"}}`, `column 32: Statement: expected a comma or } in the statement, found a string`},
	{`{"Statement":{"Effect":"Allow","Action":["*" "*"]}}`, `column 46: Statement.Action: expected a comma or ] in the list, found a string`},
	{`{"Statement":{"Effect":"Allow","Action":"*",}}`, `column 45: Statement: expected a key of the statement, found '}'`},
	{`{"Statement":{"Effect":"Allow","Action":"*"}} x`, `column 47: text after the end of the document: 'x'`},
	{`{"Statement":{"Effect":"Allow","Action":"*"}}{}`, `column 46: text after the end of the document: an object`},
	{`{"Statement":{"Effect":"Al`, `column 24: Statement.Effect: the string has no end`},
	{"{\"Statement\":{\"Effect\":\"A\nllow\"}}", `column 26: Statement.Effect: the control character '\n' in a string must be escaped`},
	{`{"Statement":{"Sid":"\x"}}`, `column 22: Statement.Sid: "\\x" is not an escape sequence`},
	{`{"Statement":{"Sid":"\ud800"}}`, `column 22: Statement.Sid: \ud800 is half a surrogate pair`},
	{"{\"Id\":\"é\",\n\"Id\":\"\xff\"}", `line 2, column 7: the byte 0xff is not UTF-8`},
	{strings.Repeat("[", 100000), `line 1, column 1: expected a policy document (an object), found a list`},
	{`{"Statement":` + strings.Repeat("[", 100000), `column 15: Statement[0]: expected a statement (an object), found a list`},
	{`{"Id":"` + strings.Repeat("x", policy.MaxSize) + `"}`, `the document has 4194313 bytes; at most 4194304 are read`},
}

func TestMalformedDocumentsAreErrorsThatNameThePlace(t *testing.T) {
	for _, c := range malformed {
		doc, err := policy.Parse([]byte(c.src))
		var pe *policy.Error
		if doc != nil || !errors.As(err, &pe) {
			t.Errorf("Parse(%.80q) = %v, %v; want an *Error", c.src, doc, err)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%.80q):\n got %s\nwant %s", c.src, err, c.want)
		}
	}
}

// Quadratic time would take minutes here, so that the test needs no clock.
func TestParsingManyKeysIsLinear(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"k":true`)
	for i := range 150_000 {
		fmt.Fprintf(&b, `,"k%d":true`, i)
	}
	b.WriteString(`}}}}`)
	doc, err := policy.Parse([]byte(b.String()))
	if err != nil || len(doc.Statements[0].Condition) != 150_001 {
		t.Errorf("%v", err)
	}
}

func TestParseAtCountsFromThePlaceInTheLargerText(t *testing.T) {
	_, err := policy.ParseAt([]byte(`{"Statement": 1}`), policy.Pos{Offset: 100, Line: 7, Column: 20})
	var pe *policy.Error
	if !errors.As(err, &pe) || pe.Pos != (policy.Pos{Offset: 114, Line: 7, Column: 34}) {
		t.Errorf("error %v", err)
	}
}

func TestFormatIsCanonical(t *testing.T) {
	files, err := filepath.Glob("testdata/format/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	want, err := os.ReadFile("testdata/format.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files { // all mean the same
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := policy.Parse(src)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if got := doc.Format(); string(got) != string(want) {
			t.Errorf("%s is printed as\n%s", file, got)
		}
	}
}

// withoutSpans is the document with all spans zero, for comparison.
func withoutSpans(doc *policy.Document) *policy.Document {
	var clear func(v reflect.Value)
	clear = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				clear(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				clear(v.Index(i))
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[policy.Span]() {
				v.SetZero()
				return
			}
			for i := range v.NumField() {
				clear(v.Field(i))
			}
		}
	}
	clear(reflect.ValueOf(doc))
	return doc
}

func FuzzParse(f *testing.F) {
	for _, c := range malformed {
		if len(c.src) < 1000 {
			f.Add([]byte(c.src))
		}
	}
	f.Add([]byte(`{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"\ud83d\ude00","Effect":"Deny","NotPrincipal":{"Federated":[],"AWS":"*"},"Action":[],"NotResource":"*","Condition":{"Null":{"a":[true,1.5e3,"x"]},"Bool":{}}}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := policy.Parse(src)
		if err != nil {
			var pe *policy.Error
			if !errors.As(err, &pe) || pe.Reason == "" || pe.Pos.Line < 1 || pe.Pos.Column < 1 || pe.Pos.Offset > len(src) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		printed := doc.Format()
		again, err := policy.Parse(printed)
		if err != nil {
			t.Fatalf("printed as\n%s\nwhich does not parse: %v", printed, err)
		}
		if !reflect.DeepEqual(withoutSpans(doc), withoutSpans(again)) {
			t.Fatalf("printed as\n%s\nwhich parses to another document", printed)
		}
		if second := again.Format(); string(second) != string(printed) {
			t.Fatalf("printed as\n%s\nand then as\n%s", printed, second)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	src, err := os.ReadFile("testdata/format.golden")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := policy.Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}
