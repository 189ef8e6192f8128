package validate

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// A Finding is one thing that is wrong with a document, or could be better.
type Finding struct {
	Type      FindingType
	Code      string // AWS's issue code: "INVALID_ACTION"
	Details   string // what is wrong, and what to write instead
	Locations []Location
}

// A FindingType says how much a finding matters. The greater, the more; the zero FindingType is none.
type FindingType uint8

// The finding types.
const (
	Suggestion      FindingType = 1 + iota // of style; access stays as it is
	Warning                                // against AWS's best practices
	SecurityWarning                        // the policy may allow more than is meant
	Error                                  // a part of the policy does not work
)

var findingTypes = [...]string{"", "SUGGESTION", "WARNING", "SECURITY_WARNING", "ERROR"}

// String returns the type as AWS spells it, such as "SECURITY_WARNING".
func (t FindingType) String() string {
	if int(t) >= len(findingTypes) {
		return ""
	}
	return findingTypes[t]
}

// A Location is a place in the document.
type Location struct {
	Path []PathElement
	Span policy.Span // columns from 1; in the JSON of a finding they are from 0, as AWS has them
}

// A PathElement is one step from a value to one inside it.
type PathElement struct {
	Kind   PathKind
	Name   string // of a Key or a Value: the key of the object
	Index  int    // of an Index; of a Substring where it starts
	Length int    // of a Substring
}

// A PathKind is a kind of PathElement.
type PathKind uint8

// The kinds of path elements.
const (
	Index     PathKind = iota // an element of a list
	Key                       // a key of an object, itself
	Value                     // the value of a key
	Substring                 // a part of a string
)

// String returns the path as package policy writes it: "Statement[2].Condition".
func (l Location) String() string {
	var b strings.Builder
	for _, e := range l.Path {
		switch e.Kind {
		case Index:
			b.WriteString("[" + itoa(e.Index) + "]")
		case Key, Value:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(e.Name)
		}
	}
	return b.String()
}

// LearnMoreLink returns the address of AWS's description of the check.
func (f *Finding) LearnMoreLink() string {
	kind := map[FindingType]string{Suggestion: "suggestion", Warning: "general-warning", SecurityWarning: "security-warning", Error: "error"}[f.Type]
	return "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html" +
		"#access-analyzer-reference-policy-checks-" + kind + "-" + slug(f.Code)
}

// slug returns how a code is spelled in the anchors of AWS's page.
func slug(code string) string { return strings.ReplaceAll(strings.ToLower(code), "_", "-") }

// The JSON of a finding, which is that of
// https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicyFinding.html.
type (
	findingJSON struct {
		FindingDetails string     `json:"findingDetails"`
		FindingType    string     `json:"findingType"`
		IssueCode      string     `json:"issueCode"`
		LearnMoreLink  string     `json:"learnMoreLink"`
		Locations      []Location `json:"locations"`
	}
	locationJSON struct {
		Path []PathElement `json:"path"`
		Span spanJSON      `json:"span"`
	}
	spanJSON struct {
		Start positionJSON `json:"start"`
		End   positionJSON `json:"end"`
	}
	positionJSON struct {
		Line   int `json:"line"`   // from 1
		Column int `json:"column"` // from 0
		Offset int `json:"offset"` // from 0
	}
	substringJSON struct {
		Start  int `json:"start"`
		Length int `json:"length"`
	}
)

// MarshalJSON returns the finding as AWS's ValidatePolicy does.
func (f Finding) MarshalJSON() ([]byte, error) {
	locations := f.Locations
	if locations == nil {
		locations = []Location{}
	}
	return json.Marshal(findingJSON{f.Details, f.Type.String(), f.Code, f.LearnMoreLink(), locations})
}

// MarshalJSON returns the location as AWS's ValidatePolicy does.
func (l Location) MarshalJSON() ([]byte, error) {
	path := l.Path
	if path == nil {
		path = []PathElement{}
	}
	position := func(p policy.Pos) positionJSON { return positionJSON{p.Line, p.Column - 1, p.Offset} }
	return json.Marshal(locationJSON{path, spanJSON{position(l.Span.Start), position(l.Span.End)}})
}

// MarshalJSON returns the path element as AWS's ValidatePolicy does: an object of one member.
func (e PathElement) MarshalJSON() ([]byte, error) {
	switch e.Kind {
	case Key:
		return json.Marshal(map[string]string{"key": e.Name})
	case Value:
		return json.Marshal(map[string]string{"value": e.Name})
	case Substring:
		return json.Marshal(map[string]substringJSON{"substring": {e.Index, e.Length}})
	}
	return json.Marshal(map[string]int{"index": e.Index})
}

// sortFindings orders findings by their places; of one place the gravest goes first.
func sortFindings(found []Finding) {
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Locations[0].Span.Start.Offset, b.Locations[0].Span.Start.Offset),
			cmp.Compare(b.Type, a.Type),
			cmp.Compare(a.Code, b.Code),
		)
	})
}
