package needs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/cfn"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// granted are the actions that AdministratorAccess-Amplify allows: those that only hold through CloudFormation, and those that always do.
func granted(t *testing.T) (through, direct map[string]bool) {
	t.Helper()
	v, err := managed.Find("AdministratorAccess-Amplify")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := policy.Parse(v.Document())
	if err != nil {
		t.Fatal(err)
	}
	through, direct = map[string]bool{}, map[string]bool{}
	for _, s := range doc.Statements {
		for _, pattern := range s.Action.Strings() {
			names, err := authref.Expand(pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				through[name] = true
				if len(s.Condition) == 0 {
					direct[name] = true
				}
			}
		}
	}
	return through, direct
}

// Apps of Amplify's first generation are deployed, updated and deleted with AdministratorAccess-Amplify, so that what it does not grant is
// no certain need of theirs.
func TestAppsNeedNoMoreThanAWSGrants(t *testing.T) {
	folders, err := filepath.Glob("../../../shared/data/templates/*/gen1")
	if err != nil {
		t.Fatal(err)
	}
	through, direct := granted(t)
	for _, folder := range folders {
		files, err := filepath.Glob(folder + "/*.json")
		if err != nil {
			t.Fatal(err)
		}
		root := slices.MinFunc(files, func(a, b string) int { return len(a) - len(b) })
		name, _, _ := strings.Cut(filepath.Base(root), ".")
		var templates []*needs.Template
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			template, err := cfn.Read(file, src)
			if err != nil {
				t.Fatal(err)
			}
			templates = append(templates, template)
		}
		stacks, err := needs.Evaluate(templates, needs.Deployment{StackName: name, Region: "us-east-1", Account: "111122223333",
			Parameters: needs.AmplifyCLI.Parameters(name)})
		if err != nil {
			t.Fatal(err)
		}
		calls, unknown := needs.Calls(stacks, needs.CallOptions{Region: "us-east-1", Account: "111122223333", Tool: needs.AmplifyCLI,
			Phases: []needs.Phase{needs.Create, needs.Read, needs.Update, needs.Delete}})
		for _, u := range unknown {
			t.Errorf("%s: %s: %s", name, u.Resource.LogicalID, u.Reason)
		}
		if len(calls) < 100 {
			t.Errorf("%s needs only %d calls", name, len(calls))
		}
		for _, c := range calls {
			grants := direct
			if c.Through == needs.CloudFormation {
				grants = through
			}
			if !c.Upper && !grants[c.Action] {
				t.Errorf("%s: %s %s through %q is not granted", name, c.Phase, c.Action, c.Through)
			}
		}
	}
}
