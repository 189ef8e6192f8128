package cfn_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/internal/cfn"
)

// read reads the templates that a pattern of names fits.
func read(t testing.TB, pattern string) (all []*needs.Template) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		template, err := cfn.Read(filepath.ToSlash(file), src)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, template)
	}
	return all
}

// deployed returns the folders of templates of deployed apps, if they are there beside the repository.
func deployed(t testing.TB) []string {
	folders, err := filepath.Glob("../../../shared/data/templates/*/gen*")
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// TestDeployedApps evaluates the templates of apps that were deployed: no error, one root, and every nested stack found.
func TestDeployedApps(t *testing.T) {
	for _, folder := range deployed(t) {
		t.Run(strings.Join(strings.Split(filepath.ToSlash(folder), "/")[6:], "/"), func(t *testing.T) {
			templates := read(t, folder+"/*.json")
			root := slices.MinFunc(templates, func(a, b *needs.Template) int { return len(a.File) - len(b.File) })
			name, _, _ := strings.Cut(filepath.Base(root.File), ".")
			stacks, err := needs.Evaluate(templates, needs.Deployment{StackName: name, Region: "eu-west-1", Account: "111122223333"})
			if err != nil {
				t.Fatal(err)
			}
			if len(stacks) != len(templates) {
				t.Errorf("%d stacks of %d templates", len(stacks), len(templates))
			}
			for _, s := range stacks {
				if s.Template == nil {
					t.Errorf("%s: %v", s.Name, s.Notes)
					continue
				}
				if s.Parent != nil {
					file := filepath.Base(s.Template.File)
					at := strings.LastIndexByte(file, '-')
					id := file[strings.LastIndexByte(file[:at], '-')+1 : at]
					if !strings.HasPrefix(s.Parent.LogicalID, id) {
						t.Errorf("%s has %s", s.Parent.LogicalID, file)
					}
				}
				for _, n := range s.Notes {
					t.Errorf("%s: %v: %s", n.File, n.Pos, n.Text)
				}
				if testing.Verbose() {
					for _, r := range s.Resources {
						t.Logf("%s %s name=%q arn=%q %v", r.Type, r.LogicalID, r.Name, r.ARN(), r.Conditional)
					}
					t.Logf("%v", s.Lookups)
				}
			}
		})
	}
}

// TestApp evaluates an app in both languages: every stack, and every resource in the order in which it is made.
func TestApp(t *testing.T) {
	var templates []*needs.Template
	for _, pattern := range []string{"testdata/app/*.*", "testdata/app/*/*.*", "testdata/app/*/*/*.*"} {
		templates = append(templates, read(t, pattern)...)
	}
	stacks, err := needs.Evaluate(templates, needs.Deployment{StackName: "amplify-notes-dev", Region: "eu-west-1", Account: "111122223333"})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range stacks {
		file := "no template"
		if s.Template != nil {
			file = strings.TrimPrefix(s.Template.File, "testdata/app/")
		}
		fmt.Fprintf(&got, "%s: %s\n", s.Name, file)
		for _, n := range s.Notes {
			fmt.Fprintf(&got, "\tnote: %s\n", n.Text)
		}
		for _, l := range s.Lookups {
			fmt.Fprintf(&got, "\tlooks up: %s %s\n", l.Service, l.Name)
		}
		for _, r := range s.Resources {
			fmt.Fprintf(&got, "\t%s %s %s", r.LogicalID, r.Type, cmp.Or(r.ARN(), "no ARN"))
			if r.Conditional {
				got.WriteString(" conditional")
			}
			if r.Retained {
				got.WriteString(" retained")
			}
			for i, d := range r.DependsOn {
				got.WriteString([...]string{" behind ", ", "}[min(i, 1)] + d.LogicalID)
			}
			got.WriteString("\n")
		}
	}
	want, err := os.ReadFile("testdata/app.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}
