package prove

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/internal/lang"
)

// A class is actions that the statements of a goal do not tell apart.
type class struct {
	of      bitset.Set // the statements whose patterns match; of a NotAction, that is those that are not about the class
	special special
	example string   // an action of the class
	names   []string // known actions of the class
	open    bool     // there may be more
	beyond  string   // one of these
	domains []requestDomain
}

// A requestDomain is the requests for an action on one kind of resource.
type requestDomain struct {
	shapes  []shape
	carried map[string]bool // keys, or their prefixes with the slash, that a request may have; nil: all
}

// special says that AWS has rules of its own for an action.
type special uint8

const (
	ordinary special = iota
	ownRules         // AWS allows or refuses it whatever policies say
	getFederationToken
	assumeRole
	writesIAM
	numSpecial
)

// specialOf returns what is special about an action, in lower case.
func specialOf(action string) special {
	switch action {
	case "sts:getcalleridentity", "sts:getsessiontoken":
		return ownRules
	case "sts:getfederationtoken":
		return getFederationToken
	case "sts:assumerole":
		return assumeRole
	}
	if name, ok := strings.CutPrefix(action, "iam:"); ok && !slices.ContainsFunc(readsIAM, func(p string) bool { return strings.HasPrefix(name, p) }) {
		return writesIAM
	}
	return ordinary
}

// readsIAM are what the operations of IAM that change nothing begin with.
var readsIAM = []string{"get", "list", "generate", "simulate", "passrole"}

func (c *class) settledByAWS() bool { return c.special == ownRules }

func (c *class) isRCP() bool {
	action := lowerAction(c.example)
	service, _, _ := strings.Cut(action, ":")
	return authref.SupportsRCP(service) && action != "kms:retiregrant"
}

// carries reports whether a request can have a key, given in lower case.
func (d *requestDomain) carries(key string) bool {
	if d.carried == nil || d.carried[key] {
		return true
	}
	prefix, _, templated := strings.Cut(key, "/")
	if templated && d.carried[prefix+"/"] {
		return true
	}
	// What is of no service, such as the claims of an identity provider, nobody lists.
	service, _, _ := strings.Cut(key, ":")
	_, known := authref.Lookup(service)
	return !known && service != "aws"
}

// An actionSet is the patterns of a statement's Action or NotAction element.
type actionSet struct {
	all      bool
	literals map[string]bool              // in lower case
	patterns map[string][]wildcardPattern // with wildcards, by service
}

type wildcardPattern struct {
	text string // in lower case
	glob glob.Matcher
}

func newActionSet(s *statement) (a actionSet) {
	a.literals, a.patterns = map[string]bool{}, map[string][]wildcardPattern{}
	for _, text := range s.lowered {
		service, _, ok := strings.Cut(text, ":")
		switch {
		case !ok, service == "*":
			a.all = true
		case strings.ContainsAny(text, "*?"):
			a.patterns[service] = append(a.patterns[service], wildcardPattern{text, glob.NewMatcher(glob.Compile(text))})
		default:
			a.literals[text] = true
		}
	}
	return a
}

// match reports whether a pattern of the element matches an action, in lower case.
func (a *actionSet) match(action string) bool {
	if a.all || a.literals[action] {
		return true
	}
	if len(a.patterns) == 0 {
		return false
	}
	service, _, _ := strings.Cut(action, ":")
	for i := range a.patterns[service] {
		if a.patterns[service][i].glob.Match(action) {
			return true
		}
	}
	return false
}

// classes returns the classes of actions that a goal is about.
func (q *question) classes(g *goal, relevant []*statement) (classes []class, complete bool) {
	by := map[string]int{}
	add := func(of bitset.Set, action string, open bool) {
		sp := ordinary
		if q.hasOwnRules() {
			sp = specialOf(lowerAction(action))
		}
		c := class{of: of, special: sp, example: action, open: open}
		key := string(append(signatureKey(of), byte(sp)))
		if q.limited() && c.isRCP() {
			key += "rcp"
		}
		if q.options.Universe == Reference {
			key += domainText(action)
		}
		if i, ok := by[key]; ok {
			if !open {
				classes[i].names = append(classes[i].names, action)
			}
			if open {
				classes[i].open, classes[i].beyond = true, action
			}
			return
		}
		by[key] = len(classes)
		c.domains = q.domains(action)
		if open {
			c.beyond = action
		} else {
			c.names = []string{action}
		}
		classes = append(classes, c)
	}
	signature := func(action string) bitset.Set {
		of := bitset.New(len(q.all))
		for _, s := range relevant {
			if q.actions[s.id].match(action) {
				of.Add(s.id)
			}
		}
		return of
	}
	own := g.where(q)
	wanted := func(of bitset.Set, action string) bool {
		return g.own.match(action) != g.s.actionNot && (g.denied == nil || of.Has(g.denied.id) != g.denied.actionNot)
	}
	consider := func(action string) {
		lower := lowerAction(action)
		if of := signature(lower); isAction(lower) && wanted(of, lower) {
			add(of, action, false)
		}
	}
	if q.options.Universe == Reference {
		for action := range own.inReference {
			consider(action.name)
		}
		return classes, true
	}
	for _, name := range spelled(own.literals, g, relevant) {
		consider(name)
	}
	if len(own.patterns) == 0 && !own.all {
		return classes, true
	}
	complete = q.walkActions(&own, relevant, func(of bitset.Set, action string) {
		if wanted(of, action) {
			add(of, action, true)
		}
	})
	return classes, complete
}

// where returns a set that holds all actions that the goal is about, and perhaps others.
func (g *goal) where(q *question) actionSet {
	if d := g.denied; d != nil && !d.actionNot && !q.actions[d.id].all {
		return q.actions[d.id] // all that is denied
	}
	if g.own.all || g.s.actionNot {
		return actionSet{all: true}
	}
	return g.own
}

// isAction reports whether a text has the form of an action.
func isAction(text string) bool {
	service, name, ok := strings.Cut(text, ":")
	return ok && service != "" && name != ""
}

func signatureKey(s bitset.Set) []byte {
	var key []byte
	for _, w := range s {
		for range 8 {
			key = append(key, byte(w))
			w >>= 8
		}
	}
	return key
}

// spelled returns names, which are in lower case, as the statements spell them.
func spelled(names map[string]bool, g *goal, relevant []*statement) []string {
	list := []string{}
	for _, s := range append([]*statement{g.s}, relevant...) {
		for _, a := range s.actions {
			if names[lowerAction(a)] && !slices.ContainsFunc(list, func(b string) bool { return compareNames(a, b) == 0 }) {
				list = append(list, a)
			}
		}
		if len(list) == len(names) {
			break
		}
	}
	return list
}

// walkActions calls yield with an action of each class among those that the set matches.
func (q *question) walkActions(own *actionSet, relevant []*statement, yield func(of bitset.Set, action string)) (complete bool) {
	n := len(relevant)
	const (
		inSet = iota
		wellFormed
		extra
	)
	rules := specialLanguages
	if !q.hasOwnRules() {
		rules = nil
	}
	m := lang.NewMachine(n + extra + len(rules) + 1)
	vendors := map[string]bool{}
	for service, list := range own.patterns {
		vendors[service] = true
		for _, p := range list {
			m.Add(n+inSet, lang.Glob(p.text, lang.Any, false))
		}
	}
	anyRun := lang.Item{Class: lang.Any, Run: true}
	if own.all {
		m.Add(n+inSet, lang.Pattern{anyRun})
	}
	m.Add(n+wellFormed, lang.Pattern{{Class: lang.NotColon}, {Class: lang.NotColon, Run: true}, {Chars: ":"}, {Class: lang.Any}, anyRun})
	for i, s := range relevant {
		a := &q.actions[s.id]
		if a.all {
			m.Add(i, lang.Pattern{anyRun})
			continue
		}
		for service, list := range a.patterns {
			if own.all || vendors[service] {
				for _, p := range list {
					m.Add(i, lang.Glob(p.text, lang.Any, false))
				}
			}
		}
		for text := range a.literals {
			if service, _, _ := strings.Cut(text, ":"); own.all || vendors[service] {
				m.Add(i, lang.Literal(text))
			}
		}
	}
	for i, patterns := range rules {
		for _, text := range patterns {
			if service, _, _ := strings.Cut(text, ":"); own.all || vendors[service] {
				m.Add(n+extra+i, lang.Glob(text, lang.Any, false))
			}
		}
	}
	if q.limited() {
		for _, service := range authref.Services() {
			if authref.SupportsRCP(service) && (own.all || vendors[service]) {
				m.Add(n+extra+len(rules), lang.Glob(service+":*", lang.Any, false))
			}
		}
	}
	seen := map[string]bool{}
	return m.Walk(bitset.Of(n+extra+len(rules)+1, n+inSet, n+wellFormed), q.options.states(), func(sig bitset.Set, text string) bool {
		of := bitset.New(len(q.all))
		for i, s := range relevant {
			if sig.Has(i) {
				of.Add(s.id)
			}
		}
		if key := string(signatureKey(sig)); !seen[key] {
			seen[key] = true
			yield(of, text)
		}
		return true
	})
}

// specialLanguages tell apart what [specialOf] does.
var specialLanguages = [][]string{
	{"sts:getcalleridentity", "sts:getsessiontoken"},
	{"sts:getfederationtoken"},
	{"sts:assumerole"},
	{"iam:*"},
	{"iam:get*", "iam:list*", "iam:generate*", "iam:simulate*", "iam:passrole*"},
	{"kms:retiregrant"},
}

// A reference action is one that the service reference has.
type referenceAction struct{ name, lower string }

// referenceActions are all actions of the service reference, by the prefix of the service, each list sorted without regard to case.
var referenceActions = sync.OnceValue(func() map[string][]referenceAction {
	all := map[string][]referenceAction{}
	for _, prefix := range authref.Services() {
		s, _ := authref.Lookup(prefix)
		list := make([]referenceAction, len(s.Actions))
		for i := range s.Actions {
			name := s.Actions[i].String()
			list[i] = referenceAction{name, strings.ToLower(name)}
		}
		all[prefix] = list
	}
	return all
})

// inReference ranges over the actions of the service reference that the set matches.
func (a *actionSet) inReference(yield func(referenceAction) bool) {
	services := authref.Services()
	if !a.all {
		of := map[string]bool{}
		for text := range a.literals {
			service, _, _ := strings.Cut(text, ":")
			of[service] = true
		}
		for service := range a.patterns {
			of[service] = true
		}
		services = slices.Sorted(maps.Keys(of))
	}
	for _, prefix := range services {
		for _, action := range referenceActions()[prefix] {
			if a.match(action.lower) && !yield(action) {
				return
			}
		}
	}
}

// isNamed reports whether one of the statements lists the action, given in lower case, by its name.
func (q *question) isNamed(action string, relevant []*statement) bool {
	return slices.ContainsFunc(relevant, func(s *statement) bool { return q.actions[s.id].literals[action] })
}

// name finds the names of a class that was found by its patterns: actions of the reference, and names that the policies
// give.
func (q *question) name(g *goal, relevant []*statement, c *class) {
	if c.open {
		own := g.where(q)
		isOf := func(lower string) bool {
			if q.hasOwnRules() && specialOf(lower) != c.special || g.own.match(lower) == g.s.actionNot {
				return false
			}
			for _, s := range relevant {
				if q.actions[s.id].match(lower) != c.of.Has(s.id) {
					return false
				}
			}
			return true
		}
		for action := range own.inReference {
			if isOf(action.lower) {
				c.names = append(c.names, action.name)
			}
		}
		for _, s := range relevant {
			for _, text := range s.actions {
				if lower := lowerAction(text); !strings.ContainsAny(text, "*?") && own.match(lower) && isOf(lower) {
					c.names = append(c.names, text)
				}
			}
		}
	}
	if c.open && q.isNamed(c.beyond, relevant) { // what the walk came to is a name: there may be no others
		lower := c.beyond + "x"
		sp := ordinary
		if q.hasOwnRules() {
			sp = specialOf(lower)
		}
		c.open = sp == c.special && g.own.match(lower) != g.s.actionNot && !slices.ContainsFunc(relevant, func(s *statement) bool {
			return q.actions[s.id].match(lower) != c.of.Has(s.id)
		})
	}
	slices.SortFunc(c.names, compareNames)
	c.names = slices.CompactFunc(c.names, func(x, y string) bool { return compareNames(x, y) == 0 })
}

// compareNames compares the names of actions, in which case does not matter.
func compareNames(x, y string) int {
	for i := range min(len(x), len(y)) {
		a, b := x[i], y[i]
		if a != b {
			if c := cmp.Compare(lowerByte(a), lowerByte(b)); c != 0 {
				return c
			}
		}
	}
	return cmp.Compare(len(x), len(y))
}

// lowerAction returns an action in lower case, as package eval does: what is beyond ASCII has no case there.
func lowerAction(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lowerByte(b[i])
	}
	return string(b)
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
