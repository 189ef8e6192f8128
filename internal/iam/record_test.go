package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// full returns a record of a kind in which every field has a value that says where it is.
func full(t *testing.T, kind string) Record {
	t.Helper()
	r := blank(kind + "/")
	fill(t, reflect.ValueOf(r).Elem(), kind)
	return r
}

func fill(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(testTime.Add(time.Duration(len(path)) * time.Second)))
		return
	case Document:
		v.Addr().Interface().(*Document).Text = path + `.Text "<é>"`
		v.Addr().Interface().(*Document).Bound = map[string]string{path + ".name": path + ".id"}
		return
	case []byte:
		v.SetBytes([]byte(path + "\x00\xff"))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), fmt.Sprint(path, "[", i, "]"))
		}
	case reflect.String:
		v.SetString(path)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(1000 + len(path)))
	default:
		t.Fatalf("%s is a %v, which this test does not know", path, v.Type())
	}
}

// keyOf is a key of a kind, which is all that Decode looks at.
func keyOf(kind string) string { return kind + "/x" }

func TestEveryKindOfRecordRoundTrips(t *testing.T) {
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		r := full(t, kind)
		if !strings.HasPrefix(r.Key(), kind+"/") {
			t.Errorf("the key of a %T is %s, which is not read as one", r, r.Key())
		}
		got, err := Decode(r.Key(), Encode(r))
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", kind, got, err, r)
		}
		empty := blank(keyOf(kind))
		if got, err := Decode(keyOf(kind), Encode(empty)); err != nil || !reflect.DeepEqual(got, empty) {
			t.Errorf("%s without values:\ngot  %+v, %v\nwant %+v", kind, got, err, empty)
		}
	}
}

func TestADocumentWithoutBoundPrincipalsRoundTripsAsItsText(t *testing.T) {
	p := &Policy{Versions: []Version{{ID: "v1", Document: NewDocument(allowAll)}}}
	got, err := Decode("policy/x", Encode(p))
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("got %+v, %v", got, err)
	}
	if want, _ := json.Marshal(allowAll); !bytes.Contains(Encode(p), append([]byte(`"Document":`), want...)) {
		t.Errorf("stored as %s", Encode(p))
	}
}

var update = flag.Bool("update", false, "add the kinds of records that testdata/records.txt does not have")

// golden are the records as a release wrote them, a key and a value a line. What is there never changes: stores have it.
const golden = "testdata/records.txt"

func TestRecordsOfEarlierReleasesAreReadable(t *testing.T) {
	text, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("no tab in %q", line)
		}
		kind, _, _ := strings.Cut(key, "/")
		seen[kind] = true
		r, err := Decode(key, []byte(value))
		if err != nil {
			t.Error(err)
			continue
		}
		if r.Key() != key {
			t.Errorf("the record of %s is now that of %s", key, r.Key())
		}
		// Every member is there with its value: one that was renamed or dropped would be lost here.
		var then, now any
		_, was, _ := strings.Cut(value, " ")
		if err := errors.Join(json.Unmarshal([]byte(was), &then), json.Unmarshal(Encode(r)[len(format):], &now)); err != nil {
			t.Fatal(err)
		}
		for _, lost := range lacks(then, now, kind) {
			t.Errorf("%s is read as something else, or not at all", lost)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		switch {
		case seen[kind]:
		case *update:
			r := full(t, kind)
			text = fmt.Appendf(text, "%s\t%s\n", r.Key(), Encode(r))
		default:
			t.Errorf("%s has no %s: add it with -update", golden, kind)
		}
	}
	if *update {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// lacks names the members of JSON that another does not have, or has otherwise. The other may have more.
func lacks(want, got any, path string) (lost []string) {
	switch want := want.(type) {
	case map[string]any:
		got, _ := got.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			lost = append(lost, lacks(want[name], got[name], path+"."+name)...)
		}
		return lost
	case []any:
		if got, ok := got.([]any); ok && len(got) == len(want) {
			for i := range want {
				lost = append(lost, lacks(want[i], got[i], fmt.Sprint(path, "[", i, "]"))...)
			}
			return lost
		}
	}
	if !reflect.DeepEqual(want, got) {
		return []string{path}
	}
	return nil
}

func TestUnknownKindsAndFormatsAreRefused(t *testing.T) {
	for _, test := range []struct{ key, value, want string }{
		{"spaceship/x", "1 {}", "a kind of record that this release does not know; a newer release wrote it"},
		{"users/x", "1 {}", "a kind of record that this release does not know; a newer release wrote it"},
		{"", "1 {}", "a kind of record that this release does not know; a newer release wrote it"},
		{"user/x", "2 {}", `format "2", and this release reads format "1"; a newer release wrote it`},
		{"user/x", "10 {}", `format "10", and this release reads format "1"; a newer release wrote it`},
		{"user/x", "{}", `format "{}", and this release reads format "1"; a newer release wrote it`},
		{"user/x", "", `format "", and this release reads format "1"; a newer release wrote it`},
		{"user/x", "1 {", "unexpected EOF"},
		{"user/x", `1 {"Name":"x","OnlyOnMondays":true}`, `json: unknown field "OnlyOnMondays"`},
		{"user/x", `1 {"Name":7}`, "json: cannot unmarshal number"},
		{"role/x", `1 {"Trust":7}`, "json: cannot unmarshal"},
		{"guard/ANPA1/AIDA1", "1", ""},
	} {
		r, err := Decode(test.key, []byte(test.value))
		var format *FormatError
		switch {
		case test.want == "" && (r != nil || err != nil):
			t.Errorf("%s = %q: %v, %v", test.key, test.value, r, err)
		case test.want != "" && (!errors.As(err, &format) || format.Key != test.key || !strings.HasPrefix(format.Reason, test.want)):
			t.Errorf("%s = %q: error %v, want %s", test.key, test.value, err, test.want)
		case err != nil && r != nil:
			t.Errorf("%s = %q: a record and an error", test.key, test.value)
		}
	}
}

func TestGetRefusesARecordOfAnotherKind(t *testing.T) {
	tx := NewTxn(memory{})
	tx.Put(&User{Header: testHeader("AIDA1", "alice")})
	var format *FormatError
	if _, err := Get[Role](tx, UserKey(testAccount, "alice")); !errors.As(err, &format) {
		t.Errorf("error %v", err)
	}
}
