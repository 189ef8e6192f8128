package cli

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/validate"
)

// The members of SARIF that are written, of
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string        `json:"id"`
		Short         sarifMessage  `json:"shortDescription"` // GitHub wants all three texts
		Full          sarifMessage  `json:"fullDescription"`
		Help          sarifMessage  `json:"help"`
		HelpURI       string        `json:"helpUri"`
		Configuration sarifSeverity `json:"defaultConfiguration"`
	}
	sarifSeverity struct {
		Level string `json:"level"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"` // behind the last character
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
)

// sarifLevels are SARIF's words; it has none between error and warning.
var sarifLevels = map[validate.FindingType]string{
	validate.Error: "error", validate.SecurityWarning: "warning", validate.Warning: "warning", validate.Suggestion: "note",
}

// newSarifLog returns a log without results.
func newSarifLog() *sarifLog {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "writ", Rules: []sarifRule{}}
	if build, ok := debug.ReadBuildInfo(); ok {
		run.Tool.Driver.Version = build.Main.Version
	}
	return &sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

// rule returns the index of a rule, which is added if it is not there.
func (l *sarifLog) rule(r sarifRule) int {
	rules := &l.Runs[0].Tool.Driver.Rules
	if i := slices.IndexFunc(*rules, func(other sarifRule) bool { return other.ID == r.ID }); i >= 0 {
		return i
	}
	*rules = append(*rules, r)
	return len(*rules) - 1
}

func (l *sarifLog) add(r sarifResult) { l.Runs[0].Results = append(l.Runs[0].Results, r) }

// printSARIF prints a log of SARIF 2.1.0, which code scanning services read.
func (p *program) printSARIF(l *sarifLog) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(l)
}

// findingsSARIF prints the findings of writ validate.
func (p *program) findingsSARIF(all []*validated) error {
	log := newSarifLog()
	for _, v := range all {
		for _, f := range v.findings {
			result := sarifResult{RuleID: f.Code, RuleIndex: log.rule(sarifRuleOf(&f)), Level: sarifLevels[f.Type], Message: sarifMessage{f.Details}}
			for j, at := range f.Locations {
				if l := sarifPlace(v.name, at); j == 0 {
					result.Locations = []sarifLocation{l}
				} else {
					result.Related = append(result.Related, l)
				}
			}
			log.add(result)
		}
	}
	return p.printSARIF(log)
}

// sarifRuleOf describes the check that a finding is of.
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning#reportingdescriptor-object
func sarifRuleOf(f *validate.Finding) sarifRule {
	words := strings.ReplaceAll(strings.ToLower(f.Code), "_", " ")
	title := sarifMessage{strings.ToUpper(words[:1]) + words[1:]}
	return sarifRule{f.Code, title, title, sarifMessage{"See " + f.LearnMoreLink()}, f.LearnMoreLink(), sarifSeverity{sarifLevels[f.Type]}}
}

func sarifPlace(name string, at validate.Location) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{
		sarifArtifact{(&url.URL{Path: filepath.ToSlash(filepath.Clean(name))}).String()},
		sarifRegion{at.Span.Start.Line, at.Span.Start.Column, at.Span.End.Line, at.Span.End.Column},
	}}
	if path := at.String(); path != "" {
		l.Logical = []sarifLogical{{path}}
	}
	return l
}
