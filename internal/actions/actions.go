// Package actions is the part of a service authorization reference that rules over access levels are about: which actions each
// service has, and the access level of each. [Shipped] is that of package authref, which is part of the program; a newer one
// is made by [New] from what internal/actionsource reads, is kept by a server in the form of [Reference.Encode], and may be of a
// few services only, which [Reference.Merge] puts in the place of the older ones.
//
// It has neither resource types nor condition keys. Decisions need none of it; what validates and proves has package authref.
package actions

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/reffile"
)

// A Reference is a list of services. It does not change.
type Reference struct {
	services []Service
}

// A Service is a service with its actions, sorted by their names in lower case.
type Service struct {
	Prefix  string // of its actions: "s3"
	Actions []Action
}

// An Action is an action of a service. Its level is 0 if the source does not say one: no rule over levels is about it then.
type Action struct {
	Name  string // "GetObject"
	Level authref.AccessLevel
}

// Shipped returns the reference that is part of the program.
var Shipped = sync.OnceValue(func() *Reference {
	r := &Reference{}
	for _, prefix := range authref.Services() {
		page, _ := authref.Lookup(prefix)
		s := Service{Prefix: prefix}
		for i := range page.Actions {
			s.Actions = append(s.Actions, Action{page.Actions[i].Name, page.Actions[i].AccessLevel})
		}
		r.services = append(r.services, s)
	}
	return r
})

// Level returns the access level of a name as AWS spells it.
func Level(name string) (authref.AccessLevel, bool) {
	i := slices.Index(reffile.AccessLevels[:], name)
	return authref.AccessLevel(max(i, 0)), i > 0
}

// Levels are the access levels, in AWS's order.
var Levels = []authref.AccessLevel{authref.List, authref.Read, authref.Write, authref.Tagging, authref.PermissionsManagement}

var (
	prefixForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,127}$`)
	nameForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)
)

// New makes a reference. It takes over the services, and sorts them.
func New(services []Service) (*Reference, error) {
	slices.SortFunc(services, func(a, b Service) int { return strings.Compare(a.Prefix, b.Prefix) })
	for i := range services {
		s := &services[i]
		switch {
		case !prefixForm.MatchString(s.Prefix):
			return nil, fmt.Errorf("%.40q is not the prefix of a service", s.Prefix)
		case i > 0 && services[i-1].Prefix == s.Prefix:
			return nil, fmt.Errorf("service %s is given twice", s.Prefix)
		}
		slices.SortFunc(s.Actions, func(a, b Action) int { return compareFold(a.Name, b.Name) })
		for j, a := range s.Actions {
			switch {
			case !nameForm.MatchString(a.Name):
				return nil, fmt.Errorf("service %s: %.40q is not the name of an action", s.Prefix, a.Name)
			case int(a.Level) >= len(reffile.AccessLevels):
				return nil, fmt.Errorf("action %s:%s has the access level %d, which there is not", s.Prefix, a.Name, a.Level)
			case j > 0 && compareFold(s.Actions[j-1].Name, a.Name) == 0:
				return nil, fmt.Errorf("action %s:%s is given twice", s.Prefix, a.Name)
			}
		}
	}
	return &Reference{services}, nil
}

func compareFold(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }

// Services returns the services, sorted by prefix. They are shared and must not be changed.
func (r *Reference) Services() []Service { return r.services }

// Service returns the service of a prefix.
func (r *Reference) Service(prefix string) (*Service, bool) {
	i, ok := slices.BinarySearchFunc(r.services, prefix, func(s Service, prefix string) int { return strings.Compare(s.Prefix, prefix) })
	if !ok {
		return nil, false
	}
	return &r.services[i], true
}

// Action returns the action of a name, whatever its case.
func (s *Service) Action(name string) (Action, bool) {
	i, ok := sort.Find(len(s.Actions), func(i int) int { return compareFold(name, s.Actions[i].Name) })
	if !ok {
		return Action{}, false
	}
	return s.Actions[i], true
}

// Len returns the number of actions.
func (r *Reference) Len() (n int) {
	for i := range r.services {
		n += len(r.services[i].Actions)
	}
	return n
}

// Unleveled returns the actions without an access level.
func (r *Reference) Unleveled() (list []string) {
	for i := range r.services {
		for _, a := range r.services[i].Actions {
			if a.Level == 0 {
				list = append(list, r.services[i].Prefix+":"+a.Name)
			}
		}
	}
	return list
}

// Digest returns a text that two references have in common if they say the same, and in practice only then.
func (r *Reference) Digest() string {
	h := sha256.New()
	for i := range r.services {
		fmt.Fprintln(h, r.services[i].Prefix)
		for _, a := range r.services[i].Actions {
			fmt.Fprintln(h, "", a.Name, int(a.Level))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Merge returns the reference with the services of a newer one in the place of its own. A complete one has all services that there
// are: those that it has not are gone. Where the newer one gives an action no access level, the older one's stands.
func (r *Reference) Merge(newer *Reference, complete bool) *Reference {
	merged := &Reference{}
	for i := range newer.services {
		s := newer.services[i]
		if old, ok := r.Service(s.Prefix); ok {
			s.Actions = slices.Clone(s.Actions)
			for j := range s.Actions {
				if a := &s.Actions[j]; a.Level == 0 {
					before, _ := old.Action(a.Name)
					a.Level = before.Level
				}
			}
		}
		merged.services = append(merged.services, s)
	}
	for i := range r.services {
		if _, ok := newer.Service(r.services[i].Prefix); !ok && !complete {
			merged.services = append(merged.services, r.services[i])
		}
	}
	slices.SortFunc(merged.services, func(a, b Service) int { return strings.Compare(a.Prefix, b.Prefix) })
	return merged
}

// A Change is what two references say otherwise about a service.
type Change struct {
	Service string
	Gained  []string // names of actions with the prefix, sorted
	Lost    []string
	Moved   []Move // to another access level
}

// A Move is an action whose access level is another.
type Move struct {
	Action   string
	From, To authref.AccessLevel
}

// Compare returns how one reference differs from another, by service.
func Compare(before, after *Reference) (changes []Change) {
	add := func(old, fresh *Service) {
		c := Change{Service: fresh.Prefix}
		for _, a := range fresh.Actions {
			name := fresh.Prefix + ":" + a.Name
			switch was, ok := old.Action(a.Name); {
			case !ok:
				c.Gained = append(c.Gained, name)
			case was.Level != a.Level:
				c.Moved = append(c.Moved, Move{name, was.Level, a.Level})
			}
		}
		for _, a := range old.Actions {
			if _, ok := fresh.Action(a.Name); !ok {
				c.Lost = append(c.Lost, fresh.Prefix+":"+a.Name)
			}
		}
		if len(c.Gained)+len(c.Lost)+len(c.Moved) > 0 {
			changes = append(changes, c)
		}
	}
	for i := range after.services {
		s := &after.services[i]
		old, ok := before.Service(s.Prefix)
		if !ok {
			old = &Service{Prefix: s.Prefix}
		}
		add(old, s)
	}
	for i := range before.services {
		s := &before.services[i]
		if _, ok := after.Service(s.Prefix); !ok {
			add(s, &Service{Prefix: s.Prefix})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Service, b.Service) })
	return changes
}

// Encode returns the reference in the form in which a server keeps it: a file of package reffile with names and levels alone.
func (r *Reference) Encode() ([]byte, error) {
	var prefixes []string
	var services []*reffile.Service
	for i := range r.services {
		f := &reffile.Service{}
		for _, a := range r.services[i].Actions {
			f.Actions = append(f.Actions, reffile.Action{Name: a.Name, Level: int(a.Level)})
		}
		prefixes, services = append(prefixes, r.services[i].Prefix), append(services, f)
	}
	return reffile.Encode(prefixes, services, nil)
}

// Decode reads what Encode writes.
func Decode(data []byte) (*Reference, error) {
	f, err := reffile.Open(data)
	if err != nil {
		return nil, err
	}
	services := make([]Service, len(f.Prefixes))
	for i, prefix := range f.Prefixes {
		s, err := f.Service(i)
		if err != nil {
			return nil, fmt.Errorf("service %s: %w", prefix, err)
		}
		services[i].Prefix = prefix
		for _, a := range s.Actions {
			services[i].Actions = append(services[i].Actions, Action{a.Name, authref.AccessLevel(a.Level)})
		}
	}
	return New(services)
}
