package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/internal/cfn"
)

// templateSection begins a section that tells a template from what else is written in JSON and YAML.
var templateSection = regexp.MustCompile(`(?:^|[\s{,"'])(?:Resources|AWSTemplateFormatVersion)["']?\s*:`)

// readTemplates reads a file, or the templates in a folder and below; others are the files there that are none. Folders of an app have
// package.json and the like in them, and the CDK's have its manifests. What npm has installed is not the app's.
func readTemplates(path string) (templates []*needs.Template, others []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, bare(err))
	}
	if !info.IsDir() {
		t, err := readTemplate(path, func([]byte) bool { return true })
		return []*needs.Template{t}, nil, err
	}
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", file, bare(err))
		}
		if d.IsDir() && d.Name() == "node_modules" && file != path {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() || !slices.Contains([]string{".json", ".yaml", ".yml", ".template"}, filepath.Ext(file)) {
			return nil
		}
		t, err := readTemplate(file, templateSection.Match)
		switch {
		case err != nil:
			return err
		case t == nil || !slices.ContainsFunc(t.Root.Members, func(m needs.Member) bool { return templateSection.MatchString(m.Name + ":") }):
			others = append(others, file)
		default:
			templates = append(templates, t)
		}
		return nil
	})
	if err == nil && len(templates) == 0 {
		err = fmt.Errorf("%s: there is no template in it, a file with a section Resources whose name ends in .json, .yaml, .yml or .template", path)
	}
	return templates, others, err
}

// readTemplate reads a file: nil if by its text it is none that is wanted.
func readTemplate(file string, wanted func(src []byte) bool) (*needs.Template, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, bare(err))
	}
	if !wanted(src) {
		return nil, nil
	}
	t, err := cfn.Read(file, src)
	if err != nil {
		return nil, inTemplate(err)
	}
	return t, nil
}

// passedOver says which files of a folder are no templates.
func passedOver(folder string, files []string) string {
	const most = 3
	count, are, more := counted(len(files), "file"), "are no templates", ""
	if len(files) == 1 {
		are = "is no template"
	}
	if n := len(files) - most; n > 0 {
		files, more = files[:most], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s in %s %s: %s%s", count, folder, are, strings.Join(files, ", "), more)
}

// readNotes says what was not read.
func (p *program) readNotes(apps ...*app) {
	for _, a := range apps {
		for _, n := range a.notes {
			fmt.Fprintf(p.stderr, "writ: %s\n", printable(n))
		}
	}
}
