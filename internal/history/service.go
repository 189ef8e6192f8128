package history

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
)

// isName reports whether a text is the name of an action, and not a pattern.
func isName(text string) bool { return !strings.ContainsAny(text, "*?") }

// spelled returns the name of an action as the service reference spells it, if that has it.
func spelled(name string) string {
	if a, ok := authref.LookupAction(name); ok {
		return a.String()
	}
	return name
}

// Level returns the access level of an action, and zero for one that the service reference does not have.
func Level(action string) authref.AccessLevel {
	if a, ok := authref.LookupAction(action); ok {
		return a.AccessLevel
	}
	return 0
}

// ServiceOf returns the prefix of an action or a pattern, in lower case; "*" for a pattern over services.
func ServiceOf(action string) string {
	prefix, _, ok := strings.Cut(action, ":")
	if !ok || !isName(prefix) {
		return "*"
	}
	return strings.ToLower(prefix)
}

// Names returns what the changes are of, each once and sorted without regard to case: the actions, and of a change without any its patterns.
func Names(changes []Change) []string {
	list := []string{}
	for _, c := range changes {
		if len(c.Actions) > 0 {
			list = append(list, c.Actions...)
		} else {
			list = append(list, c.Patterns...)
		}
	}
	return sortedNames(list)
}

func sortedNames(list []string) []string {
	slices.SortFunc(list, func(x, y string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(x), strings.ToLower(y)), cmp.Compare(x, y))
	})
	return slices.CompactFunc(list, strings.EqualFold)
}

// A Share is what of some changes falls to one service.
type Share struct {
	Service string              // its prefix; "*" for patterns over services
	Names   []string            // as [Names] gives them
	Levels  []Count             // by access level
	When    map[string][]string // the circumstances, and the names under each
}

// A Count is how many actions there are of an access level.
type Count struct {
	Level authref.AccessLevel // zero for patterns, and for actions that the service reference does not have
	N     int
}

// Shares takes changes apart by service, sorted.
func Shares(changes []Change) []Share {
	of := map[string]*Share{}
	for _, c := range changes {
		for _, name := range Names([]Change{c}) {
			prefix := ServiceOf(name)
			s := of[prefix]
			if s == nil {
				s = &Share{Service: prefix, When: map[string][]string{}}
				of[prefix] = s
			}
			s.Names = append(s.Names, name)
			s.When[c.When] = append(s.When[c.When], name)
		}
	}
	var shares []Share
	for _, prefix := range slices.Sorted(maps.Keys(of)) {
		s := of[prefix]
		s.Names = sortedNames(s.Names)
		s.Levels = CountLevels(s.Names)
		shares = append(shares, *s)
	}
	return shares
}

// CountLevels counts actions by access level, in the order of the levels, with what has none last.
func CountLevels(actions []string) (counts []Count) {
	n := map[authref.AccessLevel]int{}
	for _, a := range actions {
		n[Level(a)]++
	}
	for level := authref.List; level <= authref.PermissionsManagement; level++ {
		if n[level] > 0 {
			counts = append(counts, Count{level, n[level]})
		}
	}
	if n[0] > 0 {
		counts = append(counts, Count{0, n[0]})
	}
	return counts
}
