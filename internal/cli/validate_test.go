package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestSARIFHasItsRequiredMembers checks a log against what the schema of SARIF 2.1.0 requires, and what GitHub reads.
func TestSARIFHasItsRequiredMembers(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"a policy.json": `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:GetObjects", "iam:PassRole"], "Resource": "*"}}`,
		"b.json":        `{"Statement": []}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	status, stdout, stderr := run(t, "", "validate", "a policy.json", "./b.json", "--format", "sarif")
	if status != 1 || stderr != "" {
		t.Fatalf("exit status %d, error %q", status, stderr)
	}
	type location struct {
		PhysicalLocation *struct {
			ArtifactLocation *struct{ URI string }
			Region           *struct{ StartLine, StartColumn, EndLine, EndColumn int }
		}
		LogicalLocations []struct{ FullyQualifiedName string }
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool *struct {
				Driver *struct {
					Name  string
					Rules []struct {
						ID, HelpURI                             string
						ShortDescription, FullDescription, Help struct{ Text string }
					}
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID           string
				RuleIndex        int
				Level            string
				Message          *struct{ Text string }
				Locations        []location
				RelatedLocations []location
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-2.1.0") || len(log.Runs) != 1 {
		t.Fatalf("version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	r := log.Runs[0]
	if r.Tool == nil || r.Tool.Driver == nil || r.Tool.Driver.Name != "writ" || r.ColumnKind != "unicodeCodePoints" || len(r.Results) < 4 {
		t.Fatalf("the run is %+v", r)
	}
	ids := map[string]bool{}
	for _, rule := range r.Tool.Driver.Rules {
		if rule.ID == "" || ids[rule.ID] || !strings.HasPrefix(rule.HelpURI, "https://") ||
			rule.ShortDescription.Text == "" || rule.FullDescription.Text == "" || rule.Help.Text == "" {
			t.Errorf("the rule %+v", rule)
		}
		ids[rule.ID] = true
	}
	files := map[string]bool{}
	for _, result := range r.Results {
		if result.Message == nil || result.Message.Text == "" || result.RuleIndex >= len(r.Tool.Driver.Rules) ||
			r.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID || len(result.Locations) != 1 {
			t.Fatalf("the result %+v", result)
		}
		if level := result.Level; level != "error" && level != "warning" && level != "note" {
			t.Errorf("SARIF has no level %q", level)
		}
		for _, l := range append(result.Locations, result.RelatedLocations...) {
			p := l.PhysicalLocation
			if p == nil || p.ArtifactLocation == nil || p.Region == nil || p.Region.StartLine < 1 || p.Region.StartColumn < 1 ||
				p.Region.EndLine < p.Region.StartLine || p.Region.EndColumn < 1 {
				t.Fatalf("the location %+v", p)
			}
			files[p.ArtifactLocation.URI] = true
		}
	}
	if !files["a%20policy.json"] || !files["b.json"] || len(files) != 2 {
		t.Errorf("the files are %v", files)
	}
	if _, stdout, _ := run(t, "", "validate", "FullAWSAccess", "--type", "scp", "--format", "sarif"); !strings.Contains(stdout, `"results": []`) {
		t.Errorf("a policy without findings has no results: %s", stdout)
	}
}
