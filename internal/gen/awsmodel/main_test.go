package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const query = `{
  "version":"2.0",
  "metadata":{"apiVersion":"2010-05-08","protocol":"query","xmlNamespace":"https://x/","serviceId":"X"},
  "operations":{
    "Make":{"name":"Make","http":{"method":"POST","requestUri":"/"},"authtype":"none","documentation":"<p>text</p>",
      "input":{"shape":"MakeRequest"},"output":{"shape":"MakeResponse","resultWrapper":"MakeResult"},
      "errors":[{"shape":"Gone"},{"shape":"Broken"}]}
  },
  "shapes":{
    "MakeRequest":{"type":"structure","required":["Name"],"members":{
      "Zeta":{"shape":"names","documentation":"<p>text</p>"},"Name":{"shape":"name"},"Alpha":{"shape":"table"}}},
    "MakeResponse":{"type":"structure","members":{}},
    "name":{"type":"string","min":1,"max":64,"pattern":"[\\w+=,.@-]+","sensitive":true},
    "names":{"type":"list","member":{"shape":"name"},"max":50},
    "table":{"type":"map","key":{"shape":"name"},"value":{"shape":"count"}},
    "count":{"type":"integer","box":true},
    "unused":{"type":"string"},
    "Gone":{"type":"structure","members":{"message":{"shape":"name"}},"exception":true,
      "error":{"code":"NoSuch","httpStatusCode":404,"senderFault":true}},
    "Broken":{"type":"structure","members":{},"exception":true,"fault":true}
  }
}`

const wantFile = `{"botocore":"1.2.3","version":"2010-05-08","namespace":"https://x/","protocol":"query",` +
	`"operations":[{"n":"Make",` +
	`"i":"MakeRequest","o":"MakeResponse","r":"MakeResult","e":["Gone","Broken"],"noauth":true}],` +
	`"shapes":[{"n":"Broken","k":"structure","err":{"c":"Broken","s":500}},` +
	`{"n":"Gone","k":"structure","m":[{"n":"message","s":"name"}],"err":{"c":"NoSuch","s":404}},` +
	`{"n":"MakeRequest","k":"structure","m":[{"n":"Zeta","s":"names"},{"n":"Name","s":"name","r":true},` +
	`{"n":"Alpha","s":"table"}]},` +
	`{"n":"MakeResponse","k":"structure"},` +
	`{"n":"count","k":"integer"},` +
	`{"n":"name","k":"string","min":1,"max":64,"p":"[\\w+=,.@-]+","secret":true},` +
	`{"n":"names","k":"list","of":"name","max":50},` +
	`{"n":"table","k":"map","of":"count","key":"name"}]}`

// unpack writes a folder such as botocore's, and returns it and a folder for the output.
func unpack(t *testing.T, version, model string) (data, into string) {
	t.Helper()
	dir := t.TempDir()
	data, into = filepath.Join(dir, "data"), filepath.Join(dir, "out")
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "__init__.py"), []byte("import os\n\n__version__ = '"+version+"'\n"))
	if err := os.MkdirAll(into, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, s := range services {
		name := filepath.Join(data, filepath.FromSlash(s.path), "service-2.json")
		if i > 0 {
			write(name, []byte(model))
			continue
		}
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		if _, err := zip.Write([]byte(model)); err != nil {
			t.Fatal(err)
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		write(name+".gz", packed.Bytes())
	}
	return data, into
}

func TestRun(t *testing.T) {
	data, into := unpack(t, "1.2.3", query)
	var first []byte
	for range 2 {
		var out bytes.Buffer
		if err := run(&out, data, "1.2.3", into); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "1 operations, 8 shapes, from botocore 1.2.3") {
			t.Error(out.String())
		}
		for _, s := range services {
			content, err := os.ReadFile(filepath.Join(into, s.name+".json.gz"))
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = content
			}
			if !bytes.Equal(content, first) {
				t.Error("the same input gave other bytes")
			}
		}
	}
	zip, err := gzip.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil || string(text) != wantFile {
		t.Errorf("%s\nwant\n%s", text, wantFile)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{`"box":true`, `"eventstream":true`, "unknown field"},
		{`"shape":"count"`, `"shape":"amount"`, "the shape amount is missing"},
		{`"type":"integer"`, `"type":"document"`, `unknown kind "document"`},
		{`"required":["Name"]`, `"required":["Nom"]`, "required member Nom"},
		{`[\\w+=,.@-]+`, `a(?=b)`, "is not translated"},
		{`"protocol":"query"`, `"protocol":"rest-xml"`, `unknown protocol "rest-xml"`},
		{`"authtype":"none"`, `"authtype":"v4-unsigned-body"`, "authtype"},
		{`"httpStatusCode":404`, `"httpStatusCode":200`, "HTTP status 200"},
		{`"resultWrapper":"MakeResult"`, `"resultWrapper":""`, "resultWrapper"},
		{`"requestUri":"/"`, `"requestUri":"/make"`, "/make"},
		{`"code":"NoSuch"`, `"code":"Broken"`, "two errors"},
		{`"version":"2.0"`, `"version":"1.0"`, "not 2.0"},
	} {
		changed := strings.Replace(query, test.old, test.new, 1)
		if changed == query {
			t.Fatal("nothing to replace:", test.old)
		}
		data, into := unpack(t, "1.2.3", changed)
		if err := run(io.Discard, data, "1.2.3", into); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.new, err)
		}
	}
	data, into := unpack(t, "1.2.2", query)
	err := run(io.Discard, data, "1.2.3", into)
	if err == nil || !strings.Contains(err.Error(), "this is botocore 1.2.2, not 1.2.3") {
		t.Error(err)
	}
}
