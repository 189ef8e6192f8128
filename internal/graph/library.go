package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// A library keeps policy documents and their statements, each once by what it says.
type library struct {
	names      []string // of the actions, in lower case
	place      map[string]int
	find       func(arn string) *policy.Document
	documents  map[*policy.Document]*document
	byContent  map[[sha256.Size]byte]*document
	statements map[[sha256.Size]byte]*statement
	patterns   map[string]bitset.Set // of actions, by pattern
	missing    map[string]bool
	elements   map[string]policy.Element // lists of actions, by the actions
}

// A document is a policy document as the graph sees it.
type document struct {
	id         uint32
	src        *policy.Document
	statements []*statement // that are about an action of the methods
	allows     bitset.Set   // actions that its Allow statements are about
	wide       bool         // some Allow is of all actions, or of all but some
	denies     bool         // it has a Deny
}

// A statement is one that is about an action of the methods.
type statement struct {
	id        uint32
	src       *policy.Statement
	version   policy.Version
	about     bitset.Set
	allow     bool
	resources []string
	not       bool     // NotResource
	principal []string // facts about the principal that it mentions, in lower case
	facts     []string // facts about the user or role that it is asked about, likewise
}

func (l *library) init(actions []string, find func(string) *policy.Document) {
	l.place = map[string]int{}
	for i, a := range actions {
		l.names = append(l.names, strings.ToLower(a))
		l.place[a] = i
	}
	l.find = find
	l.documents, l.byContent = map[*policy.Document]*document{}, map[[sha256.Size]byte]*document{}
	l.statements, l.patterns, l.missing = map[[sha256.Size]byte]*statement{}, map[string]bitset.Set{}, map[string]bool{}
	l.elements = map[string]policy.Element{}
}

func (l *library) missingList() (list []string) {
	for arn := range l.missing {
		list = append(list, arn)
	}
	slices.Sort(list)
	return list
}

// document returns what is known of a document.
func (l *library) document(src *policy.Document) *document {
	if d, ok := l.documents[src]; ok {
		return d
	}
	key := sha256.Sum256(src.Format())
	d, ok := l.byContent[key]
	if !ok {
		d = l.newDocument(src)
		l.byContent[key] = d
	}
	l.documents[src] = d
	return d
}

func (l *library) newDocument(src *policy.Document) *document {
	d := &document{id: uint32(len(l.byContent) + 1), src: src, allows: bitset.New(len(l.names))}
	for i := range src.Statements {
		st := &src.Statements[i]
		allow := st.Effect == policy.Allow
		if allow {
			d.wide = d.wide || st.Action.Not || slices.ContainsFunc(st.Action.Values, func(v policy.Value) bool { return strings.Trim(v.Text, "*:") == "" })
		} else {
			d.denies = true
		}
		about := l.about(st)
		if about.Empty() {
			continue
		}
		if allow {
			d.allows.Union(about)
		}
		d.statements = append(d.statements, l.statement(st, src.Version, about))
	}
	return d
}

// about returns the actions that a statement is about.
func (l *library) about(st *policy.Statement) bitset.Set {
	set := bitset.New(len(l.names))
	for _, v := range st.Action.Values {
		text := strings.ToLower(v.Text)
		one, ok := l.patterns[text]
		if !ok {
			one = bitset.New(len(l.names))
			m := glob.NewMatcher(glob.Compile(text))
			for i, name := range l.names {
				if m.Match(name) {
					one.Add(i)
				}
			}
			l.patterns[text] = one
		}
		set.Union(one)
	}
	if st.Action.Not {
		return set.Complement(len(l.names))
	}
	return set
}

func (l *library) statement(st *policy.Statement, v policy.Version, about bitset.Set) *statement {
	bare := *st
	bare.Sid = policy.Value{}
	key := sha256.Sum256((&policy.Document{Version: v, Statements: []policy.Statement{bare}}).Format())
	if s, ok := l.statements[key]; ok {
		return s
	}
	s := &statement{id: uint32(len(l.statements) + 1), src: st, version: v, about: about, allow: st.Effect == policy.Allow, not: st.Resource.Not, resources: st.Resource.Strings()}
	mention := func(key string) {
		switch key = strings.ToLower(key); {
		case escalate.FactKey(key):
			add(&s.facts, key)
		case isPrincipalFact(key):
			add(&s.principal, key)
		}
	}
	for i := range st.Condition {
		mention(st.Condition[i].Key.Text)
	}
	if v.HasVariables() {
		texts := slices.Clone(s.resources)
		for i := range st.Condition {
			texts = append(texts, st.Condition[i].Strings()...)
		}
		for _, text := range texts {
			for _, v := range variable.FindAllString(text, -1) {
				mention(variableKey(v))
			}
		}
	}
	l.statements[key] = s
	return s
}

// restricted returns a statement with the actions that it is about among some. Those of the AWS managed policies have thousands, which
// would be compiled for each class.
func (l *library) restricted(s *statement, among bitset.Set) policy.Statement {
	about := s.about.Clone()
	about.Intersect(among)
	key := make([]byte, 0, 8*len(about))
	for _, word := range about {
		key = binary.LittleEndian.AppendUint64(key, word)
	}
	actions, ok := l.elements[string(key)]
	if !ok {
		var names []string
		for i := range about.All {
			names = append(names, l.names[i])
		}
		actions = values(names...)
		l.elements[string(key)] = actions
	}
	st := *s.src
	st.Action = actions
	return st
}

func add(list *[]string, text string) {
	if !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// variableKey returns the key of a policy variable, in lower case.
func variableKey(text string) string {
	key, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(text, "${"), "}"), ",")
	return strings.ToLower(strings.TrimSpace(key))
}

// isPrincipalFact reports whether a condition key, in lower case, tells principals of one kind in one account apart.
func isPrincipalFact(key string) bool {
	switch key {
	case "aws:principalarn", "aws:username", "aws:userid":
		return true
	}
	return strings.HasPrefix(key, "aws:principaltag/")
}

func appendID(key []byte, id uint32) []byte { return binary.LittleEndian.AppendUint32(key, id) }
