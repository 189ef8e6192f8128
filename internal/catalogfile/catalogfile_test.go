package catalogfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// encode makes a file of one policy a string of lines, each line a version.
func encode(t testing.TB, policies ...[]string) (file []byte, c *Catalog) {
	t.Helper()
	c = &Catalog{Source: "synthetic@1"}
	for i, docs := range policies {
		p := Policy{Name: fmt.Sprintf("Policy%03d", i), Path: "/", Deprecated: i%2 == 1}
		for j, doc := range docs {
			v := Version{Number: 1 + 2*j, Statements: i + j, Size: len(doc)}
			if j > 0 {
				v.Created = time.Unix(1_700_000_000+int64(j), 0).UTC()
			}
			p.Versions = append(p.Versions, v)
		}
		c.Policies = append(c.Policies, p)
	}
	file, err := Encode(c, func(i, j int) []byte { return []byte(policies[i][j]) })
	if err != nil {
		t.Fatal(err)
	}
	return file, c
}

func roundTrip(t *testing.T, policies ...[]string) {
	t.Helper()
	file, c := encode(t, policies...)
	f, err := Open(string(file))
	if err != nil {
		t.Fatal(err)
	}
	got := Catalog{f.Source, slices.Clone(f.Policies)}
	for i := range got.Policies {
		if got.Policies[i].Versions, err = f.Versions(i); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(got, *c) {
		t.Errorf("the file has\n%+v, want\n%+v", got, *c)
	}
	for i, docs := range policies {
		for j, want := range docs {
			got, err := f.Document(i, j)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("document %d of policy %d is\n%q, want\n%q", j, i, got, want)
			}
			for k := range got {
				got[k] = 'x' // it is the caller's
			}
		}
	}
}

var oddDocuments = []string{
	``,
	`{}`,
	`[]`,
	`{"Statement":[]}`,
	`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"},"Version":"2012-10-17"}`,
	`{"Statement":[{"Action":["s3:Get*","s3:List*"],"Effect":"Allow","Resource":[]}]}`,
	`{"Statement":[{"Action":["s3:Get*","s3:Put*","s3:List*"],"Effect":"Allow","Resource":[[],[[]],{}]}]}`,
	`{"a":true,"b":false,"c":null,"d":-1.50e+3,"e":1e400,"f":12345678901234567890}`,
	`{"q":"\"","b":"\\","s":"\/","u":"\u003c\u00e9\ud83d\ude00","t":"a,b[c{d"}`,
	`{"html":"<a href='x'>&amp;</a>","é":"naïve 😀","sep":"` + "\u2028\u2029" + `"}`,
	`{"a":{"b":{"c":{"d":{"e":[1,[2,[3,[4]]]]}}}}}`,
	`{"dup":1,"dup":2,"Dup":3}`,
	`,,,,[[[[{{{{"""" not JSON "\`,
	"\x00\xff\n\t",
}

func TestOddDocumentsComeBack(t *testing.T) {
	roundTrip(t, oddDocuments)
	var alone [][]string
	for _, doc := range oddDocuments {
		alone = append(alone, []string{doc})
	}
	roundTrip(t, alone...)
}

func TestEmptyCatalogComesBack(t *testing.T) {
	file, _ := encode(t)
	f, err := Open(string(file))
	if err != nil || len(f.Policies) != 0 || f.Source != "synthetic@1" {
		t.Errorf("Open = %+v, %v", f, err)
	}
}

func TestRandomHistoriesComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var policies [][]string
	for range 20 {
		var actions, docs []string
		for range 30 {
			at := random.IntN(len(actions) + 1)
			switch action := fmt.Sprintf(`"service%d:Operation%d"`, random.IntN(5), random.IntN(50)); {
			case len(actions) > 3 && random.IntN(4) == 0:
				actions = append(actions[:at/2], actions[at/2+1:]...)
			case len(actions) > 6 && random.IntN(4) == 0: // parts change places
				actions = append(append([]string{}, actions[at:]...), actions[:at]...)
			default:
				actions = append(actions[:at], append([]string{action}, actions[at:]...)...)
			}
			docs = append(docs, `{"Statement":[{"Action":[`+strings.Join(actions, ",")+`]}]}`)
		}
		policies = append(policies, docs)
	}
	roundTrip(t, policies...)
}

func TestSameCatalogMakesSameFile(t *testing.T) {
	a, _ := encode(t, oddDocuments, oddDocuments[3:], oddDocuments[:5], oddDocuments)
	b, _ := encode(t, oddDocuments, oddDocuments[3:], oddDocuments[:5], oddDocuments)
	if !bytes.Equal(a, b) {
		t.Error("two files differ")
	}
}

func TestSimilarVersionsCostLittle(t *testing.T) {
	var docs []string
	doc := `{"Statement":[{"Action":["a:First"`
	for i := range 200 {
		doc += fmt.Sprintf(`,"service:Operation%d"`, i*i)
		docs = append(docs, doc+`]}]}`)
	}
	file, _ := encode(t, docs)
	if most := 6000; len(file) > most {
		t.Errorf("the file has %d bytes, want at most %d", len(file), most)
	}
}

func TestEncodeRefusesDisorder(t *testing.T) {
	one := []Version{{Number: 1}}
	for want, c := range map[string]Catalog{
		`policy "A" does not come after "B"`: {Policies: []Policy{{Name: "B", Versions: one}, {Name: "A", Versions: one}}},
		`policy "A" does not come after "A"`: {Policies: []Policy{{Name: "A", Versions: one}, {Name: "A", Versions: one}}},
		`policy "A": no versions`:            {Policies: []Policy{{Name: "A"}}},
		`more than a line`:                   {Policies: []Policy{{Name: "A\nB", Versions: one}}},
		`policy "A": version 2 cannot`:       {Policies: []Policy{{Name: "A", Versions: []Version{{Number: 2}, {Number: 2}}}}},
		`policy "A": version 0 cannot`:       {Policies: []Policy{{Name: "A", Versions: []Version{{}}}}},
		`-1 statements`:                      {Policies: []Policy{{Name: "A", Versions: []Version{{Number: 1, Statements: -1}}}}},
		`cannot hold the time`:               {Policies: []Policy{{Name: "A", Versions: []Version{{Number: 1, Created: time.Unix(1, 1)}}}}},
	} {
		_, err := Encode(&c, func(int, int) []byte { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Encode = %v, want %s", err, want)
		}
	}
}

// readAll reads all of a file which may be damaged: errors are right, a panic is not.
func readAll(file string) {
	f, err := Open(file)
	if err != nil {
		return
	}
	for i := range f.Policies {
		versions, _ := f.Versions(i)
		for j := range versions {
			f.Document(i, j)
		}
	}
}

func TestDamagedFileDoesNotPanic(t *testing.T) {
	file, _ := encode(t, oddDocuments[:9], oddDocuments[4:])
	for i := range file {
		readAll(string(file[:i]))
		for _, bit := range []byte{0x01, 0x10, 0x80} {
			damaged := bytes.Clone(file)
			damaged[i] ^= bit
			readAll(string(damaged))
		}
	}
}

func TestDamagedEditsDoNotPanic(t *testing.T) {
	newer := []byte("0123456789")
	for _, edits := range []string{
		"", "\x05abc", "\x00", "\x00\x00", "\x00\x00\x00", "\x00\x01\x05", "\x00\x00\x7f", "\x0bmore than it",
		"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", "\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	} {
		r := reader{rest: []byte(edits)}
		if doc := r.document(nil, newer, 10); !r.failed {
			t.Errorf("edits %q made %q", edits, doc)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for i := range oddDocuments[2:] {
		f.Add(oddDocuments[i], oddDocuments[i+1], oddDocuments[i+2])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		roundTrip(t, []string{a, b, c}, []string{c + a, b + c}, []string{a + b})
	})
}

func FuzzOpen(f *testing.F) {
	file, _ := encode(f, oddDocuments[:9], oddDocuments[4:])
	f.Add(string(file))
	f.Add(magic)
	f.Fuzz(func(t *testing.T, file string) { readAll(file) })
}
