package managed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/internal/spelling"
)

// A RefError says why [Find] cannot resolve a reference.
type RefError struct {
	Ref         string   // as given
	Reason      string   // what is wrong, or what exists instead
	Suggestions []string // names, or ARNs if Ref is one: the nearest first, at most three
}

func (e *RefError) Error() string {
	s := fmt.Sprintf("managed policy %q: %s", e.Ref, e.Reason)
	switch n := len(e.Suggestions); n {
	case 0:
		return s
	case 1:
		return s + "; did you mean " + e.Suggestions[0] + "?"
	default:
		return s + "; did you mean " + strings.Join(e.Suggestions[:n-1], ", ") + " or " + e.Suggestions[n-1] + "?"
	}
}

// Find resolves a reference: a name or an ARN, and after an @ a version, as in
// AdministratorAccess-Amplify@v10. Without one it is the default version. An
// error is a [*RefError].
func Find(ref string) (*Version, error) {
	nameOrARN, id, versioned := cutLast(ref, "@")
	switch {
	case ref == "":
		return nil, &RefError{Ref: ref, Reason: "empty; expected a name or an ARN, with @ and a version if wanted"}
	case nameOrARN == "":
		return nil, &RefError{Ref: ref, Reason: "expected a name or an ARN before the @"}
	case versioned && !isVersionID(id):
		return nil, &RefError{Ref: ref, Reason: "expected a version such as v10 after the @"}
	}
	p, ok := Lookup(nameOrARN)
	if !ok {
		return nil, unknown(ref, nameOrARN)
	}
	if !versioned {
		return p.Default(), nil
	}
	v, ok := p.Version(id)
	if !ok {
		return nil, &RefError{Ref: ref, Reason: p.Name + " has " + describe(p.load())}
	}
	return v, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// isVersionID reports whether id is v and a number, without leading zeros.
func isVersionID(id string) bool {
	digits, ok := strings.CutPrefix(id, "v")
	return ok && digits != "" && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// describe lists versions by ranges: "versions v1 to v8, v10 and v12".
func describe(versions []*Version) string {
	if len(versions) == 1 {
		return "only version " + versions[0].ID
	}
	var ranges []string
	for first := 0; first < len(versions); {
		last := first
		for last+1 < len(versions) && number(versions[last+1]) == number(versions[last])+1 {
			last++
		}
		switch last - first {
		case 0:
			ranges = append(ranges, versions[first].ID)
		case 1:
			ranges = append(ranges, versions[first].ID, versions[last].ID)
		default:
			ranges = append(ranges, versions[first].ID+" to "+versions[last].ID)
		}
		first = last + 1
	}
	if n := len(ranges) - 1; n > 0 {
		return "versions " + strings.Join(ranges[:n], ", ") + " and " + ranges[n]
	}
	return "versions " + ranges[0]
}

func number(v *Version) (n int) {
	for _, digit := range v.ID[1:] {
		n = 10*n + int(digit-'0')
	}
	return n
}

func unknown(ref, nameOrARN string) *RefError {
	near := nearest(nameOrARN[strings.LastIndexByte(nameOrARN, '/')+1:])
	e := &RefError{Ref: ref, Reason: "no AWS managed policy has this name"}
	isARN := strings.HasPrefix(nameOrARN, "arn:")
	switch {
	case isARN && !strings.HasPrefix(nameOrARN, arnPrefix+"/"):
		e.Reason = "the ARN of an AWS managed policy begins with " + arnPrefix + "/"
	case isARN:
		e.Reason = "no AWS managed policy has this ARN"
	}
	for _, p := range near {
		if isARN {
			e.Suggestions = append(e.Suggestions, p.ARN)
		} else {
			e.Suggestions = append(e.Suggestions, p.Name)
		}
	}
	return e
}

const (
	maxSuggestions = 3
	maxName        = 128 // characters, AWS's limit: what is longer is like no policy
	minPart        = 3   // characters in which a name is sought as a part of another
)

// nearest returns the policies whose names are most like name, in any case: the one
// that differs in case alone; else those that differ by a slip of the hand; then
// those of which one name holds the other, the beginning before the middle.
func nearest(name string) []*Policy {
	if len(name) > maxName {
		return nil
	}
	type candidate struct {
		policy *Policy
		rank   int
	}
	var near []candidate
	name = strings.ToLower(name)
	slips := 1 + len(name)/6
	for _, p := range catalog() {
		other := strings.ToLower(p.Name)
		if name == other {
			return []*Policy{p} // no two names differ in case alone
		}
		apart := max(len(name)-len(other), len(other)-len(name)) // a lower bound of the distance
		rank := slips + 1
		if apart <= slips {
			rank = spelling.Distance(name, other)
		}
		if rank > slips {
			switch {
			case len(name) < minPart:
				continue
			case strings.HasPrefix(other, name) || strings.HasPrefix(name, other):
				rank = maxName + apart
			case strings.Contains(other, name) || strings.Contains(name, other):
				rank = 2*maxName + apart
			default:
				continue
			}
		}
		near = append(near, candidate{p, rank})
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.rank, b.rank) })
	var policies []*Policy
	for _, c := range near[:min(len(near), maxSuggestions)] {
		policies = append(policies, c.policy)
	}
	return policies
}
