package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/pdp"
)

// A diffText puts a comparison into words for a reader at a terminal.
type diffText struct {
	screen       screen
	args         []string // of the command line
	comparison   *prove.Comparison
	universe     prove.Universe
	old, new     *side
	all, witness bool // as the flags say

	cut bool // whether something was left out
}

// Unless all is asked for, as much is shown.
const (
	maxGroups   = 60 // of actions in a section; if there are more, a line for each service
	maxServices = 40
	maxNamed    = 3 // actions of a service that are named beside their number
	maxWrapped  = 3 // lines of a group
	maxDoubts   = 10
)

func (t *diffText) lines() []string {
	lines := []string{t.verdict()}
	if t.comparison.Verdict == prove.Equivalent {
		return lines
	}
	lines = append(lines, "")
	lines = append(lines, t.section("adds", t.comparison.Adds, t.new, t.old)...)
	lines = append(lines, "")
	lines = append(lines, t.section("removes", t.comparison.Removes, t.old, t.new)...)
	if doubts := t.doubts(); doubts != nil {
		lines = append(append(lines, ""), doubts...)
	}
	if next := t.next(); next != "" && isPrintable(next) {
		lines = append(lines, "", "next  "+next)
	}
	return lines
}

func (t *diffText) verdict() string {
	old, new := printable(t.old.name), printable(t.new.name)
	have := "s" // allows
	if len(t.new.sources) != 1 {
		have = ""
	}
	paint, text := t.screen.yellow, ""
	switch t.comparison.Verdict {
	case prove.Equivalent:
		paint, text = t.screen.green, fmt.Sprintf("%s allow%s the same as %s", new, have, old)
	case prove.Broader:
		paint, text = t.screen.red, fmt.Sprintf("%s allow%s all that %s do%s, and more", new, have, old, doesOf(t.old))
	case prove.Narrower:
		paint, text = t.screen.green, fmt.Sprintf("%s allow%s less than %s", new, have, old)
	case prove.Incomparable:
		paint, text = t.screen.red, fmt.Sprintf("%s allow%s what %s do%s not, and the other way around", new, have, old, doesOf(t.old))
	default:
		text = fmt.Sprintf("it is not known what %s allow%s beside %s", new, have, old)
	}
	return fmt.Sprintf("%s  %s (%v universe)", paint(t.comparison.Verdict.String()), text, t.universe)
}

func doesOf(s *side) string {
	if len(s.sources) == 1 {
		return "es"
	}
	return ""
}

// A group is actions of one service that differ under the same circumstances.
type group struct {
	service     string
	when        string
	levels      map[string][]string // names and patterns, by access level
	differences []*prove.Difference // whose witnesses are in the group
}

// levels are the access levels, those first that matter most.
var levels = []string{
	authref.PermissionsManagement.String(), authref.Write.String(), authref.Tagging.String(), authref.Read.String(), authref.List.String(),
	notInReference,
}

// anyService stands for the service of a pattern that is of none.
const anyService = "any service"

func serviceOf(action string) string {
	if service, _, ok := strings.Cut(action, ":"); ok && !strings.ContainsAny(service, "*? ") {
		return service
	}
	return anyService
}

// groupsOf sorts differences by service, and by circumstances.
func groupsOf(differences []prove.Difference) (groups []*group) {
	type key struct{ service, when string }
	found := map[key]*group{}
	get := func(action, when string) *group {
		k := key{serviceOf(action), when}
		if found[k] == nil {
			found[k] = &group{service: k.service, when: when, levels: map[string][]string{}}
			groups = append(groups, found[k])
		}
		return found[k]
	}
	for i := range differences {
		d := &differences[i]
		for _, name := range slices.Concat(d.Actions, d.Patterns) {
			g, level := get(name, d.When), levelOf(name)
			_, short, _ := strings.Cut(name, ":")
			if g.service == anyService {
				short = name
			}
			if !slices.Contains(g.levels[level], short) {
				g.levels[level] = append(g.levels[level], short)
			}
		}
		g := get(d.Witness.Action, d.When)
		g.differences = append(g.differences, d)
	}
	for _, g := range groups {
		for _, names := range g.levels { // patterns stand last
			slices.SortFunc(names, func(x, y string) int {
				return cmp.Or(cmp.Compare(strings.Count(x, "*"), strings.Count(y, "*")), cmp.Compare(x, y))
			})
		}
	}
	slices.SortStableFunc(groups, func(x, y *group) int { // what is of any service stands first, and what holds always
		return cmp.Or(
			cmp.Compare(strings.TrimPrefix(x.service, anyService), strings.TrimPrefix(y.service, anyService)),
			cmp.Compare(min(1, len(x.when)), min(1, len(y.when))))
	})
	return groups
}

// section lists what the side allows, and the other one does not.
func (t *diffText) section(verb string, r *prove.Result, allows, other *side) []string {
	if len(r.Differences) == 0 {
		if r.Answer == prove.Proved {
			return []string{verb + " nothing"}
		}
		return []string{verb + " nothing that is known"}
	}
	groups := groupsOf(r.Differences)
	lines := []string{verb + " " + extent(groups)}
	shown := 0
	for _, g := range groups {
		shown += len(g.levels)
	}
	if shown > maxGroups && !t.all && !t.witness {
		return append(lines, t.services(groups)...)
	}
	width := 0
	for _, g := range groups {
		for level := range g.levels {
			width = max(width, len(level))
		}
	}
	service := ""
	for _, g := range groups {
		if g.service != service {
			service = g.service
			lines = append(lines, "  "+printable(service))
		}
		indent := "    "
		if g.when != "" {
			lines = append(lines, hanging(indent, strings.Fields(printable(g.when)))...)
			indent = "      "
		}
		for _, level := range levels {
			if names := g.levels[level]; len(names) > 0 {
				lines = append(lines, t.wrapped(indent, fmt.Sprintf("%-*s  ", width, level), listed(names), maxWrapped)...)
			}
		}
		if t.witness {
			for _, d := range g.differences {
				lines = append(lines, t.witnessed(indent, d, allows, other)...)
			}
		}
	}
	return lines
}

// extent counts what the groups have.
func extent(groups []*group) string {
	actions, services := map[string]bool{}, map[string]bool{}
	wild := false
	for _, g := range groups {
		services[g.service] = true
		for _, names := range g.levels {
			for _, name := range names {
				if strings.ContainsAny(name, "*?") {
					wild = true
				} else {
					actions[g.service+":"+name] = true
				}
			}
		}
	}
	delete(services, anyService)
	text := counted(len(actions), "action")
	if len(services) > 1 {
		text += " of " + counted(len(services), "service")
	}
	switch {
	case wild && len(actions) == 0:
		return "actions by wildcards"
	case wild:
		text += ", and more by wildcards"
	}
	return text
}

// counted returns "1 action", "2 actions", "3 policies".
func counted(n int, what string) string {
	stem, y := strings.CutSuffix(what, "y")
	switch {
	case n == 1:
		return "1 " + what
	case y:
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// listed puts a comma behind each name but the last.
func listed(names []string) []string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = printable(name)
		if i < len(names)-1 {
			words[i] += ","
		}
	}
	return words
}

// wrapped lays words out behind a label.
func (t *diffText) wrapped(indent, label string, words []string, most int) []string {
	if t.all {
		most = 0
	}
	lines := wrapped(words, textWidth-len(indent)-len(label), most)
	for i := range lines {
		if i > 0 {
			label = strings.Repeat(" ", len(label))
		}
		lines[i] = indent + label + lines[i]
	}
	if most > 0 && strings.Contains(lines[len(lines)-1], " … ") {
		t.cut = true
	}
	return lines
}

// services has a line for each service, with the number of actions of each access level.
func (t *diffText) services(groups []*group) (lines []string) {
	t.cut = true
	var rows [][]string
	for rest := groups; len(rest) > 0; {
		service := rest[0].service
		n := slices.IndexFunc(rest, func(g *group) bool { return g.service != service })
		if n < 0 {
			n = len(rest)
		}
		names := map[string]map[string]bool{}
		conditional := false
		for _, g := range rest[:n] {
			conditional = conditional || g.when != ""
			for level, list := range g.levels {
				if names[level] == nil {
					names[level] = map[string]bool{}
				}
				for _, name := range list {
					names[level][name] = true
				}
			}
		}
		total := 0
		for _, list := range names {
			total += len(list)
		}
		var counts []string
		for _, level := range levels {
			switch list := slices.Sorted(maps.Keys(names[level])); {
			case len(list) == 0:
			case level == notInReference:
				counts = append(counts, strings.Join(wrapped(listed(list), 40, 1), " ")+" "+level)
			case total <= maxNamed:
				counts = append(counts, fmt.Sprintf("%d %s (%s)", len(list), level, strings.Join(list, ", ")))
			default:
				counts = append(counts, fmt.Sprintf("%d %s", len(list), level))
			}
		}
		text := strings.Join(counts, ", ")
		if conditional {
			text += "; some only under conditions"
		}
		rows = append(rows, []string{printable(service), printable(text)})
		rest = rest[n:]
	}
	for _, line := range aligned(rows[:min(len(rows), maxServices)]) {
		lines = append(lines, "  "+line)
	}
	if more := len(rows) - maxServices; more > 0 {
		lines = append(lines, "  and "+counted(more, "more service"))
	}
	return lines
}

// witnessed shows a difference's witness, and the statements that it comes from.
func (t *diffText) witnessed(indent string, d *prove.Difference, allows, other *side) (lines []string) {
	request := pdp.RequestOf(&d.Witness)
	lines = append(lines, indent+"witness  "+requestLine(request))
	for _, note := range notesOf(request) {
		lines = append(lines, indent+"note     "+printable(note))
	}
	for _, by := range rowsOf(d.By, allows) {
		lines = append(lines, indent+"by       "+by)
	}
	for _, by := range rowsOf(d.Denied, other) {
		lines = append(lines, indent+"denied   "+by)
	}
	return lines
}

// requestLine returns a request in JSON, as it stands in a case.
func requestLine(request *pdp.Request) string {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(request); err != nil { // texts and lists of texts
		return err.Error()
	}
	return printable(strings.TrimSpace(text.String()))
}

// notesOf returns what writ decide remarks on a request whatever the policies are: that it takes it otherwise than it is
// written, or that the action is not in the reference.
func notesOf(request *pdp.Request) []string {
	x, err := request.Explain(&eval.Policies{})
	if err != nil {
		return nil
	}
	return x.Notes
}

// rowsOf names statements of a side.
func rowsOf(refs []prove.StatementRef, s *side) (lines []string) {
	var rows [][]string
	for _, r := range s.own(refs) {
		rows = append(rows, []string{
			printable(s.sources[r.Policy].at(r.Source.Span.Start)),
			r.Policy,
			fmt.Sprintf("Statement[%d]", r.Statement),
			printable(r.Source.Sid.Text),
		})
	}
	return aligned(rows)
}

// doubts lists what is not known, by reason.
func (t *diffText) doubts() (lines []string) {
	type doubt struct{ verb, reason string }
	var order []doubt
	actions := map[doubt][]string{}
	add := func(verb string, doubts []prove.Doubt) {
		for _, d := range doubts {
			k := doubt{verb, d.Reason}
			if _, ok := actions[k]; !ok {
				order = append(order, k)
			}
			actions[k] = append(actions[k], d.Actions...)
		}
	}
	add("adds", t.comparison.Adds.Unknown)
	add("removes", t.comparison.Removes.Unknown)
	if len(order) == 0 {
		return nil
	}
	lines = append(lines, "unknown")
	for i, d := range order {
		if i == maxDoubts && !t.all {
			t.cut = true
			return append(lines, fmt.Sprintf("  and for %d more reasons", len(order)-i))
		}
		most := 1
		if t.all {
			most = 0
		}
		what := strings.Join(wrapped(listed(actions[d]), 60, most), " ")
		t.cut = t.cut || strings.Contains(what, " … ")
		text := strings.TrimSpace("whether it "+d.verb+" "+what) + ": " + d.reason
		lines = append(lines, hanging("  ", strings.Fields(printable(text)))...)
	}
	return lines
}

// next returns a command that is useful after this one: what was left out, what counts in practice, or why the new side
// decides a witness as it does.
func (t *diffText) next() string {
	end := slices.Index(t.args, "--") // behind which there are no flags
	if end < 0 {
		end = len(t.args)
	}
	again := func(flags ...string) string {
		return shellQuoted(slices.Concat([]string{"writ"}, t.args[:end], flags, t.args[end:]))
	}
	differences := slices.Concat(t.comparison.Removes.Differences, t.comparison.Adds.Differences)
	switch {
	case t.cut:
		return again("--all")
	case t.universe == prove.Open && onlyUnknown(differences):
		return again("--universe", "reference")
	case len(differences) == 0:
		return ""
	case t.new.Policies.Identity == nil && t.new.Policies.Resource == nil || !t.new.canBeNamed():
		if t.witness {
			return ""
		}
		return again("--witness")
	}
	allowed := len(t.comparison.Removes.Differences) == 0
	return decideCommand(t.new, pdp.RequestOf(&differences[0].Witness), allowed)
}

// onlyUnknown reports whether the differences, of which there may be none, are only of what the reference does not know.
func onlyUnknown(differences []prove.Difference) bool {
	for _, d := range differences {
		for _, name := range d.Actions {
			if levelOf(name) != notInReference {
				return false
			}
		}
	}
	return true
}
