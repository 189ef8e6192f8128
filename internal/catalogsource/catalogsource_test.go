package catalogsource_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/writ-iam/writ/internal/catalogsource"
)

const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`

// tarball packs a member as npm does.
func tarball(t *testing.T, name, text string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func show(list []catalogsource.Policy) string {
	var b strings.Builder
	for _, p := range list {
		fmt.Fprintf(&b, "%s%s", p.Path, p.Name)
		for _, v := range p.Versions {
			fmt.Fprintf(&b, " %s(%d)", v.ID, v.Created.Year())
		}
		b.WriteString("; ")
	}
	return b.String()
}

func TestSources(t *testing.T) {
	list, err := catalogsource.Package(tarball(t, "package/dist/managedPolicies.json",
		`{"B":{"ARN":"arn:aws:iam::aws:policy/service-role/B","Versions":{"v10":{"Document":`+document+`},"v9":{"Document":`+document+`}}},
		"A":{"ARN":"arn:aws:iam::aws:policy/A","Versions":{"v1":{"Document":`+document+`}}}}`))
	if err != nil || show(list) != "/A v1(1); /service-role/B v9(1) v10(1); " {
		t.Errorf("%s %v", show(list), err)
	}
	list, err = catalogsource.Details(strings.NewReader(`{"Policies":[
		{"PolicyName":"A","Arn":"arn:aws:iam::aws:policy/job-function/A","DefaultVersionId":"v3","PolicyVersionList":[{"VersionId":"v3","IsDefaultVersion":true,"CreateDate":"2026-10-01T00:00:00+00:00","Document":` + document + `}]},
		{"PolicyName":"Own","Arn":"arn:aws:iam::111122223333:policy/Own","DefaultVersionId":"v1","PolicyVersionList":[{"VersionId":"v1","IsDefaultVersion":true,"Document":` + document + `}]}]}`))
	if err != nil || show(list) != "/job-function/A v3(2026); " {
		t.Errorf("%s %v", show(list), err)
	}
	list, err = catalogsource.Folder(fstest.MapFS{"B@v12.json": {Data: []byte(document)}, "B@v11.json": {Data: []byte(document)}, "A.json": {Data: []byte(document)}, "notes.txt": {}})
	if err != nil || show(list) != "A (1); B v11(1) v12(1); " {
		t.Errorf("%s %v", show(list), err)
	}
}

func TestSourcesThatAreNone(t *testing.T) {
	for want, read := range map[string]func() ([]catalogsource.Policy, error){
		"not a file of npm pack: ":             func() ([]catalogsource.Policy, error) { return catalogsource.Package(strings.NewReader("x")) },
		"no package/dist/managedPolicies.json": func() ([]catalogsource.Policy, error) { return catalogsource.Package(tarball(t, "package/x", "{}")) },
		"managedPolicies.json: invalid character": func() ([]catalogsource.Policy, error) {
			return catalogsource.Package(tarball(t, "package/dist/managedPolicies.json", "x"))
		},
		"managedPolicies.json: A: its ARN is \"\"": func() ([]catalogsource.Policy, error) {
			return catalogsource.Package(tarball(t, "package/dist/managedPolicies.json", `{"A":{}}`))
		},
		"not the output of aws iam get-account-aut": func() ([]catalogsource.Policy, error) { return catalogsource.Details(strings.NewReader("x")) },
		"no documents; expected":                    func() ([]catalogsource.Policy, error) { return catalogsource.Folder(fstest.MapFS{}) },
		"A: \"twelve\" is no version": func() ([]catalogsource.Policy, error) {
			return catalogsource.Folder(fstest.MapFS{"A@twelve.json": {Data: []byte(document)}})
		},
		"A@v1: line 1, column 1: expected": func() ([]catalogsource.Policy, error) {
			return catalogsource.Folder(fstest.MapFS{"A@v1.json": {Data: []byte("x")}})
		},
		"A.json stands beside 1 with a version": func() ([]catalogsource.Policy, error) {
			return catalogsource.Folder(fstest.MapFS{"A@v1.json": {Data: []byte(document)}, "A.json": {Data: []byte(document)}})
		},
	} {
		if list, err := read(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, %v, not %s", list, err, want)
		}
	}
}
