package graph

import (
	"slices"
	"sort"
	"strings"

	"github.com/writ-iam/writ/internal/glob"
)

// A cell is users or roles of an account that the statements of a class, about some actions, do not tell apart.
type cell struct {
	targets []int32 // by ARN
	text    string  // what the statements say of them
}

// among are the users or roles that cells are made of.
type among struct {
	name     string // of the list, for one account
	account  *account
	list     []int32
	whatever bool // whether an Allow is about them or not
}

// cellsOf sorts users or roles that the class's statements reach: of each step, those about some action.
func (j *judging) cellsOf(steps [][]string, from among) []cell {
	var list []*statement
	key := []byte(from.account.id + from.name + "\x00" + j.c.kind)
	for _, actions := range steps {
		for _, a := range actions {
			place := j.g.place[a]
			for _, s := range j.about(place) {
				key = appendID(key, s.id)
				list = append(list, s)
			}
			key = append(key, '|')
		}
		key = append(key, '&')
	}
	var principal []string
	for _, s := range list {
		for _, f := range s.principal {
			add(&principal, f)
		}
	}
	text := string(key) + factText(j.g.nodes[j.rep], principal)
	j.g.mu.Lock()
	cells, ok := j.g.cells[text]
	j.g.mu.Unlock()
	if ok {
		return cells
	}
	reached := from.list
	if !from.whatever {
		reached = j.allowedAll(steps, reached, from.account)
	}
	cells = j.split(list, reached)
	j.g.mu.Lock()
	j.g.cells[text] = cells
	j.g.mu.Unlock()
	return cells
}

// about returns the class's statements about an action, those of limits too.
func (j *judging) about(action int) (list []*statement) {
	for _, s := range j.c.identity {
		if s.about.Has(action) {
			list = append(list, s)
		}
	}
	for _, s := range j.c.limits {
		if s.about.Has(action) {
			list = append(list, s)
		}
	}
	return list
}

// allowed returns those of a list that some identity-based Allow about an action is about.
func (j *judging) allowed(action string, list []int32, a *account) []int32 {
	place := j.g.place[action]
	var found []int32
	for _, s := range j.c.identity {
		if !s.allow || !s.about.Has(place) {
			continue
		}
		if s.not {
			return list
		}
		for _, r := range s.resources {
			pattern, _ := j.fill(s, r)
			if strings.Trim(pattern, "*") == "" {
				return list
			}
			some := j.g.matching(pattern, list, a)
			if len(some) == len(list) {
				return list
			}
			found = append(found, some...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// allowedAll returns those of a list on which, of each step, some action may be allowed.
func (j *judging) allowedAll(steps [][]string, list []int32, a *account) []int32 {
	for _, actions := range steps {
		var some []int32
		for _, action := range actions {
			some = append(some, j.allowed(action, list, a)...)
		}
		if len(actions) > 1 {
			slices.Sort(some)
			some = slices.Compact(some)
		}
		list = some
	}
	return list
}

// matching returns those of a list of users or roles of an account that a pattern matches.
func (g *Graph) matching(pattern string, list []int32, a *account) []int32 {
	arn := func(i int32) string { return g.nodes[i].entity.ARN }
	if !strings.ContainsAny(pattern, "*?") {
		if n, ok := g.byARN[pattern]; ok {
			if _, ok := slices.BinarySearch(list, n); ok {
				return []int32{n}
			}
		}
		return nil
	}
	m := glob.SplitARN(glob.Compile(pattern))
	rest := list
	only := false
	if parts := strings.SplitN(pattern, ":", 6); len(parts) == 6 {
		sample := glob.Split(a.prefix + "x")
		front := glob.SplitARN(glob.Compile(strings.Join(parts[:5], ":") + ":*"))
		if !front.Match(&sample) {
			return nil
		}
		// Of the ARNs in their order, those with what stands before the first wildcard.
		head, onlyPrefix := glob.Compile(parts[5]).Prefix()
		head, only = a.prefix+head, onlyPrefix
		lo := sort.Search(len(rest), func(i int) bool { return arn(rest[i]) >= head })
		rest = rest[lo:]
		hi := sort.Search(len(rest), func(i int) bool { return !strings.HasPrefix(arn(rest[i]), head) })
		rest = rest[:hi]
	}
	if only {
		return rest
	}
	var found []int32
	for _, i := range rest {
		text := glob.Split(arn(i))
		if m.Match(&text) {
			found = append(found, i)
		}
	}
	return found
}

// fill returns a pattern of a statement with the policy variables that the representative settles, and * for others; exact is
// whether there are none of these.
func (j *judging) fill(s *statement, pattern string) (text string, exact bool) {
	if !s.version.HasVariables() || !strings.Contains(pattern, "${") {
		return pattern, true
	}
	exact = true
	n := j.g.nodes[j.rep]
	return variable.ReplaceAllStringFunc(pattern, func(v string) string {
		key := variableKey(v)
		if !strings.Contains(v, ",") {
			switch {
			case key == "aws:username" && n.kind() == "user":
				return n.entity.Name
			case key == "aws:principalaccount":
				return n.account.id
			case strings.HasPrefix(key, "aws:principaltag/"):
				if value, ok := tagOf(n.entity.Tags, strings.TrimPrefix(key, "aws:principaltag/")); ok && !strings.ContainsAny(value, "*?") {
					return value
				}
			}
		}
		exact = false
		return "*"
	}), exact
}

// split sorts users or roles by what statements say of them.
func (j *judging) split(statements []*statement, list []int32) []cell {
	tell := j.teller(statements)
	if tell == nil && len(list) > 0 {
		return []cell{{targets: list}}
	}
	place := map[string]int{}
	var cells []cell
	for _, i := range list {
		e := j.g.nodes[i].entity
		text := tell.text(e.ARN, e.Tags, e.Boundary)
		at, ok := place[text]
		if !ok {
			at = len(cells)
			place[text] = at
			cells = append(cells, cell{text: text})
		}
		cells[at].targets = append(cells[at].targets, i)
	}
	return cells
}

// A teller tells resources apart as some statements do.
type teller struct {
	matchers []glob.ARN
	facts    []string
	each     bool // each from all others
	buffer   []byte
}

// teller returns the teller of some statements, or nil if they say the same of all resources.
func (j *judging) teller(statements []*statement) *teller {
	t := &teller{}
	var patterns []string
	for _, s := range statements {
		for _, r := range s.resources {
			pattern, exact := j.fill(s, r)
			t.each = t.each || !exact
			if strings.Trim(pattern, "*") != "" {
				add(&patterns, pattern)
			}
		}
		for _, f := range s.facts {
			add(&t.facts, f)
		}
	}
	if len(patterns) == 0 && len(t.facts) == 0 && !t.each {
		return nil
	}
	for _, p := range patterns {
		t.matchers = append(t.matchers, glob.SplitARN(glob.Compile(p)))
	}
	return t
}

// text returns what is said of a resource.
func (t *teller) text(arn string, tags map[string]string, boundary string) string {
	if t == nil {
		return ""
	}
	if t.each {
		return arn
	}
	b := t.buffer[:0]
	split := glob.Split(arn)
	for i := range t.matchers {
		if t.matchers[i].Match(&split) {
			b = append(b, '1')
		} else {
			b = append(b, '0')
		}
	}
	for _, f := range t.facts {
		b = append(b, 0)
		if f == "iam:permissionsboundary" {
			b = append(b, boundary...)
		} else if v, ok := tagOf(tags, f[strings.IndexByte(f, '/')+1:]); ok {
			b = append(append(b, '='), v...)
		}
	}
	t.buffer = b
	return string(b)
}
