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
	"github.com/writ-iam/writ/internal/glob"
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

// app returns the templates of the app that is here.
func app(t testing.TB) (templates []*needs.Template) {
	for _, pattern := range []string{"testdata/app/*.*", "testdata/app/*/*.*", "testdata/app/*/*/*.*"} {
		templates = append(templates, read(t, pattern)...)
	}
	return templates
}

// TestLessKnown evaluates apps with all that may be known, and with less: each text fits the pattern that stands for it when less is known.
func TestLessKnown(t *testing.T) {
	apps := map[string][]*needs.Template{"app": app(t)}
	for _, folder := range deployed(t) {
		apps[folder] = read(t, folder+"/*.json")
	}
	compared := 0
	for name, templates := range apps {
		known, err := needs.Evaluate(templates, needs.Deployment{StackName: "amplify-notes-dev-branch-12345678", Region: "eu-west-1", Account: "111122223333"})
		if err != nil {
			t.Fatal(err)
		}
		for _, less := range []needs.Deployment{{}, {StackName: "amplify-notes-dev-branch-12345678"}, {Region: "eu-west-1"}, {Account: "111122223333", Partition: "aws"}} {
			open, err := needs.Evaluate(templates, less)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range known {
				for j, r := range s.Resources {
					o := open[i].Resources[j]
					if !glob.Compile(o.Name).Match(r.Name) || !glob.Compile(o.ARN()).Match(r.ARN()) {
						t.Errorf("%s: %s is %q and %q, and %q and %q where less is known", name, r.LogicalID, r.Name, r.ARN(), o.Name, o.ARN())
					}
					compared += compare(t, name+": "+r.LogicalID, r.Properties, o.Properties)
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("%d texts were compared", compared)
	}
}

// compare has every text of a value fit that of another of which less is known, and returns how many there are.
func compare(t *testing.T, at string, v, less *needs.Value) (texts int) {
	switch {
	case v == nil || less != nil && less.Unknown:
		return 0
	case less == nil || v.Kind != less.Kind && less.Kind != needs.Text:
		t.Errorf("%s is not there where less is known", at)
		return 0
	case v.Kind == needs.List:
		for i, item := range v.Items {
			if less.Kind == needs.List && i < len(less.Items) {
				texts += compare(t, fmt.Sprintf("%s[%d]", at, i), item, less.Items[i])
			}
		}
		return texts
	case v.Kind == needs.Map:
		for _, m := range v.Members {
			texts += compare(t, at+"."+m.Name, m.Value, less.Get(m.Name))
		}
		return texts
	}
	if less.Text != v.Text && (!less.Pattern || !glob.Compile(less.Text).Match(v.Text)) {
		t.Errorf("%s is %q, and %q where less is known", at, v.Text, less.Text)
	}
	return 1
}

// TestApp evaluates an app in both languages: every stack, and every resource in the order in which it is made.
func TestApp(t *testing.T) {
	stacks, err := needs.Evaluate(app(t), needs.Deployment{StackName: "amplify-notes-dev", Region: "eu-west-1", Account: "111122223333"})
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
