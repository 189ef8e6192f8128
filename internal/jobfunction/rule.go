// Package jobfunction makes the documents of managed policies that are defined by a rule over the service reference, as AWS's
// policies for job functions are meant to be: "all that lists or reads, but no secrets".
//
// A [Rule] is a JSON object:
//
//	{
//	  "AccessLevels": ["List", "Read"],          all actions of these access levels,
//	  "Services": ["*"],                         of these services (all, if it is left out),
//	  "Also": ["sts:AssumeRole"],                and these,
//	  "Except": {                                but none of these, whatever stands above
//	    "Services": ["secretsmanager"],
//	    "Actions": ["s3:GetObject", "*:*Secret*"]
//	  },
//	  "Sid": "Reads",
//	  "Patterns": false
//	}
//
// Names are AWS's. In Services, Also and Actions * stands for any characters and ? for one, and case does not matter. Exceptions
// come last, so that a reader needs to look at one place to know what is never granted. The grammar has no conditions and no
// resources: a rule is about what kinds of things may be done, and what it makes is one statement that allows actions on "*".
//
// # What it makes
//
// The document lists each action by its name. That is long (all that lists and reads is 9,590 actions and 321,000 characters), and it is
// exact: the policy grants what the reference has today, and nothing that a service adds before somebody looks at its access
// level. A reference that gains an action makes a document that is broader by it, and one that loses an action makes a narrower
// one; nothing else differs. An owner's policy is not bound to the 6,144 characters of customers' policies, as AWS's own are not.
//
// With Patterns, names that begin alike are written as one pattern, ec2:Describe*, where it matches no action of the reference
// that the rule does not grant. Such documents are short, and they also allow what AWS will call so later; when that turns out to be
// of another level, the pattern must be parted, which takes away names that nothing bears yet, and counts as a removal.
//
// A rule says what it means only if what it names exists: [Rule.Check] finds a name that nothing has, as a misspelt exception would
// grant what it is to keep back. A pattern of an exception may match nothing, as it may be for what comes; [Rule.Idle] has these.
package jobfunction

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// A Rule says which actions a policy grants. The texts keep the places where they stand.
type Rule struct {
	Sid          string
	AccessLevels []authref.AccessLevel
	Services     []policy.Value // none stand for all
	Also         []policy.Value
	Except       Except
	Patterns     bool
}

// Except is what a rule never grants.
type Except struct {
	Services []policy.Value
	Actions  []policy.Value
}

// ErrNothing is the error of a rule that grants no action of the reference: there is no such policy.
var ErrNothing = errors.New("the rule grants no action of the reference")

// A matcher matches names by the patterns of a list.
type matcher []glob.Pattern

func newMatcher(list []policy.Value) (m matcher) {
	for _, v := range list {
		m = append(m, glob.Compile(strings.ToLower(v.Text)))
	}
	return m
}

// match takes a name in lower case.
func (m matcher) match(name string) bool {
	return slices.ContainsFunc(m, func(p glob.Pattern) bool { return p.Match(name) })
}

// each calls f for every action of the services of which the rule may grant some, with whether it does.
func (r *Rule) each(ref *actions.Reference, f func(s *actions.Service, a actions.Action, granted bool)) {
	services, also := newMatcher(r.Services), newMatcher(r.Also)
	noService, noAction := newMatcher(r.Except.Services), newMatcher(r.Except.Actions)
	for i := range ref.Services() {
		s := &ref.Services()[i]
		in := len(services) == 0 || services.match(s.Prefix)
		if !in && len(also) == 0 || noService.match(s.Prefix) {
			continue
		}
		for _, a := range s.Actions {
			name := strings.ToLower(s.Prefix + ":" + a.Name)
			f(s, a, (in && slices.Contains(r.AccessLevels, a.Level) && a.Level != 0 || also.match(name)) && !noAction.match(name))
		}
	}
}

// Actions returns the actions that the rule grants, sorted.
func (r *Rule) Actions(ref *actions.Reference) (list []string) {
	r.each(ref, func(s *actions.Service, a actions.Action, granted bool) {
		if granted {
			list = append(list, s.Prefix+":"+a.Name)
		}
	})
	slices.Sort(list)
	return list
}

// Document makes the policy document. The same rule and reference make the same document.
func (r *Rule) Document(ref *actions.Reference) (*policy.Document, error) {
	list := r.Actions(ref)
	if r.Patterns {
		list = r.patterns(ref)
	}
	if len(list) == 0 {
		return nil, ErrNothing
	}
	s := policy.Statement{Sid: policy.Value{Text: r.Sid}, Effect: policy.Allow, Resource: policy.Element{Values: []policy.Value{{Text: "*"}}}}
	for _, a := range list {
		s.Action.Values = append(s.Action.Values, policy.Value{Text: a})
	}
	return &policy.Document{Version: policy.V2012, Statements: []policy.Statement{s}}, nil
}

// Check returns the first name of the rule that nothing in the reference has, or the first pattern of what it grants that matches
// nothing, as a [*policy.Error].
func (r *Rule) Check(ref *actions.Reference) error {
	for _, e := range r.unmatched(ref) {
		if !e.mayCome {
			return e.Error
		}
	}
	return nil
}

// Idle returns the patterns of exceptions that match nothing in the reference.
func (r *Rule) Idle(ref *actions.Reference) (list []*policy.Error) {
	for _, e := range r.unmatched(ref) {
		if e.mayCome {
			list = append(list, e.Error)
		}
	}
	return list
}

// An unmatched is about a text of the rule that matches nothing.
type unmatched struct {
	*policy.Error
	mayCome bool // it is a pattern of an exception
}

func (r *Rule) unmatched(ref *actions.Reference) (found []unmatched) {
	var services, names []string
	for i := range ref.Services() {
		s := &ref.Services()[i]
		services = append(services, s.Prefix)
		for _, a := range s.Actions {
			names = append(names, strings.ToLower(s.Prefix+":"+a.Name))
		}
	}
	for _, list := range []struct {
		path, what string
		texts      []policy.Value
		of         []string
		excepts    bool
	}{
		{"Services", "service", r.Services, services, false}, {"Also", "action", r.Also, names, false},
		{"Except.Services", "service", r.Except.Services, services, true}, {"Except.Actions", "action", r.Except.Actions, names, true},
	} {
		for i, v := range list.texts {
			p := glob.Compile(strings.ToLower(v.Text))
			if !slices.ContainsFunc(list.of, p.Match) {
				e := &policy.Error{Pos: v.Span.Start, Path: fmt.Sprintf("%s[%d]", list.path, i), Reason: fmt.Sprintf("%q is no %s of the reference", v.Text, list.what)}
				found = append(found, unmatched{e, list.excepts && !p.IsLiteral()})
			}
		}
	}
	return found
}

// patterns writes the granted actions with few patterns, each cut before a capital. An action's pattern is the shortest that matches
// no action of the service but granted ones. That is one for each lot of actions that share it, and two patterns overlap only where
// the same letters are spelled in different cases.
func (r *Rule) patterns(ref *actions.Reference) (list []string) {
	granted, kept := map[string][]string{}, map[string][]string{} // by service: names as they are spelled, and in lower case
	r.each(ref, func(s *actions.Service, a actions.Action, yes bool) {
		if yes {
			granted[s.Prefix] = append(granted[s.Prefix], a.Name)
		} else {
			kept[s.Prefix] = append(kept[s.Prefix], strings.ToLower(a.Name))
		}
	})
	for service, names := range granted {
		matched := map[string][]string{} // by the pattern's beginning
		for _, name := range names {
			start := beginning(name, kept[service])
			key := strings.ToLower(start)
			matched[key] = append(matched[key], name)
		}
		for start, names := range matched {
			if len(names) == 1 {
				list = append(list, service+":"+names[0])
			} else {
				list = append(list, service+":"+names[0][:len(start)]+"*")
			}
		}
	}
	slices.Sort(list)
	return list
}

// beginning returns the shortest run of words in front of a name that no kept name begins with, and the name if there is none.
func beginning(name string, kept []string) string {
	for i := 1; i < len(name); i++ {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			start := strings.ToLower(name[:i])
			if !slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(k, start) }) {
				return name[:i]
			}
		}
	}
	return name
}
