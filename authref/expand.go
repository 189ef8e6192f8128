package authref

import (
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/internal/glob"
)

// Expand returns the actions that a pattern of an Action element matches, in
// AWS's spelling and sorted: Expand("s3:Get*"). In the name of the action, *
// stands for any run of characters and ? for one; case does not matter. The
// patterns "*" and "*:*" match all actions. A service that does not exist, and
// a pattern that matches nothing, give an empty list.
//
// The error is a [*PatternError], for a pattern that IAM refuses in any policy.
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html.
func Expand(pattern string) ([]string, error) {
	if pattern == "*" || pattern == "*:*" {
		return slices.Clone(allActions()), nil
	}
	prefix, name, err := cutPattern(pattern)
	if err != nil {
		return nil, err
	}
	s, ok := Lookup(prefix)
	if !ok {
		return nil, nil
	}
	p := glob.Compile(toLower(name))
	if p.IsLiteral() {
		if a, ok := s.Action(name); ok {
			return []string{a.String()}, nil
		}
		return nil, nil
	}
	var matches []string
	for i := range s.Actions {
		if p.Match(toLower(s.Actions[i].Name)) {
			matches = append(matches, s.Actions[i].String())
		}
	}
	slices.Sort(matches) // the actions are sorted without regard to case
	return matches, nil
}

var allActions = sync.OnceValue(func() []string {
	var all []string
	ref := reference()
	for i := range ref.services {
		for _, a := range ref.service(i).Actions {
			all = append(all, a.String())
		}
	}
	slices.Sort(all)
	return all
})

// cutPattern cuts the pattern service:name.
func cutPattern(pattern string) (prefix, name string, err error) {
	prefix, name, ok := strings.Cut(pattern, ":")
	switch {
	case !ok:
		return "", "", &PatternError{pattern, NoVendor}
	case prefix == "" || strings.ContainsFunc(prefix, notInVendor):
		return "", "", &PatternError{pattern, BadVendor}
	case name == "":
		return "", "", &PatternError{pattern, NoName}
	case strings.Contains(name, ":"):
		return "", "", &PatternError{pattern, ManyColons}
	}
	return prefix, name, nil
}

func notInVendor(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-')
}

// A PatternError says why a pattern is not one of an Action element.
type PatternError struct {
	Pattern string
	Reason  PatternReason
}

// A PatternReason is one of the faults of a pattern. A service prefix is a
// vendor in IAM's messages.
type PatternReason uint8

// The faults.
const (
	NoVendor   PatternReason = 1 + iota // it has no colon
	BadVendor                           // the vendor is empty, or has a wildcard or another character that none has
	NoName                              // nothing follows the colon
	ManyColons                          // it has more than one colon
)

// Error gives IAM's message where it has one.
func (e *PatternError) Error() string {
	switch e.Reason {
	case NoVendor:
		return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	case BadVendor:
		vendor, _, _ := strings.Cut(e.Pattern, ":")
		return "Vendor " + vendor + " is not valid"
	case ManyColons:
		return "Actions/Condition can contain only one colon."
	}
	return "Action " + e.Pattern + " has no name"
}
