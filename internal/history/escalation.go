package history

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// An Escalation is what a version lets its holder become, as package analysis/escalate says, for a holder that has this policy alone.
type Escalation struct {
	Admin Admin `json:"admin"`
	// Usable has the methods that the holder can use, by id, with their status: open, scoped or forwarded.
	Usable map[string]string `json:"usable,omitempty"`
}

// Admin is whether the holder can become an administrator.
type Admin string

// The answers.
const (
	Already      Admin = "already" // the policy is an administrator's
	Can          Admin = "can"     // with what the policy allows alone
	CanIf        Admin = "can if"  // with something else, such as an administrator's role that must exist
	Cannot       Admin = "cannot"
	AdminUnknown Admin = "unknown"
)

// Admins are all answers, the most powerful first.
var Admins = []Admin{Already, Can, CanIf, AdminUnknown, Cannot}

// EscalationOfDocument works out what a document lets its holder become. The error is that of a document that cannot be compiled, or of ctx.
func EscalationOfDocument(ctx context.Context, doc *policy.Document) (*Escalation, error) {
	a, err := escalate.Analyze(ctx, &escalate.Holder{Policies: prove.Policies{Identity: []*policy.Document{doc}}}, escalate.Options{})
	if err != nil {
		return nil, err
	}
	e := &Escalation{Usable: map[string]string{}}
	for _, f := range a.Findings {
		if f.Status.Usable() {
			e.Usable[f.Method.ID] = f.Status.String()
		}
	}
	switch {
	case a.Full:
		e.Admin = Already
	case a.Administration == prove.Refuted:
		e.Admin = Cannot
	case a.Administration == prove.Unknown:
		e.Admin = AdminUnknown
	case len(a.Shortest.Needs) > 0:
		e.Admin = CanIf
	default:
		e.Admin = Can
	}
	return e, nil
}

// A MethodChange is a method of escalation whose status changed between two versions.
type MethodChange struct {
	ID  string `json:"id"`
	Was string `json:"was"` // a status, or "closed"
	Is  string `json:"is"`
}

// Since returns the methods whose status changed, those that opened and those that closed, each in the order of the table of methods. A
// nil before is a version that allows nothing.
func (e *Escalation) Since(before *Escalation) (opened, closed []MethodChange) {
	if before == nil {
		before = &Escalation{}
	}
	for _, m := range escalate.Methods() {
		c := MethodChange{m.ID, before.status(m.ID), e.status(m.ID)}
		switch was, is := rank[c.Was], rank[c.Is]; {
		case is > was:
			opened = append(opened, c)
		case is < was:
			closed = append(closed, c)
		}
	}
	return opened, closed
}

func (e *Escalation) status(id string) string {
	if s := e.Usable[id]; s != "" {
		return s
	}
	return escalate.Closed.String()
}

// rank orders statuses by what they give.
var rank = func() map[string]int {
	m := map[string]int{}
	for s := escalate.Closed; s <= escalate.Open; s++ {
		m[s.String()] = int(s)
	}
	return m
}()

// escalationsFile is JSON of a map from "NAME@VERSION", compressed. go run ./internal/gen/escalations writes it.
//
//go:embed escalations.json.gz
var escalationsFile []byte

var escalations = sync.OnceValue(func() map[string]*Escalation { return embedded[*Escalation](escalationsFile, "escalations.json.gz") })

// EscalationOf returns what was worked out beforehand of a version of the shipped catalogue, or nil.
func EscalationOf(v *managed.Version) *Escalation {
	if p, ok := managed.Lookup(v.Policy.Name); !ok || p != v.Policy {
		return nil // of some other catalogue
	}
	return escalations()[v.Ref()]
}

// escalation returns what a version lets its holder become, which is worked out if it is not shipped.
func escalation(ctx context.Context, v *managed.Version) (*Escalation, error) {
	if e := EscalationOf(v); e != nil {
		return e, nil
	}
	doc, err := policy.Parse(v.Document())
	if err != nil {
		return nil, &DocumentError{v, err}
	}
	return EscalationOfDocument(ctx, doc)
}

// Escalation returns what the step changed. The error is that of a document that cannot be read, or that of ctx.
func (s Step) Escalation(ctx context.Context) (*EscalationChange, error) {
	after, err := escalation(ctx, s.After)
	if err != nil || s.Before == nil {
		return after.Change(nil), err
	}
	before, err := escalation(ctx, s.Before)
	if err != nil {
		return nil, err
	}
	return after.Change(before), nil
}

// Change returns what changed since a version before; nil for one that allows nothing.
func (e *Escalation) Change(before *Escalation) *EscalationChange {
	if e == nil {
		return nil
	}
	c := &EscalationChange{Is: e.Admin}
	if before != nil {
		c.Was = before.Admin
	}
	c.Opened, c.Closed = e.Since(before)
	return c
}

// An EscalationChange is what an update did to escalation.
type EscalationChange struct {
	Was    Admin          `json:"was,omitempty"` // empty for the first version
	Is     Admin          `json:"is"`
	Opened []MethodChange `json:"opened,omitempty"`
	Closed []MethodChange `json:"closed,omitempty"`
}

// EscalationWords select updates by what they do to methods of escalation.
var EscalationWords = []string{"opens", "closes"}

// Does reports whether the update opens or closes a method, as one of EscalationWords asks.
func (c *EscalationChange) Does(word string) bool {
	return c != nil && (word == "opens" && len(c.Opened) > 0 || word == "closes" && len(c.Closed) > 0)
}

// Nothing reports whether nothing changed.
func (c *EscalationChange) Nothing() bool {
	return c == nil || (c.Was == c.Is || c.Was == "" && c.Is == Cannot) && len(c.Opened)+len(c.Closed) == 0
}

// Words says in a line what changed; "" if nothing did.
func (c *EscalationChange) Words() string {
	if c.Nothing() {
		return ""
	}
	var parts []string
	if c.Was != c.Is {
		text := "the holder " + c.Is.words()
		if c.Was != "" {
			text += ", and before it " + c.Was.were()
		}
		parts = append(parts, text)
	}
	list := func(verb string, changes []MethodChange) {
		const most = 6
		var ids []string
		for _, m := range changes {
			id := m.ID
			if m.Was != "closed" && m.Is != "closed" {
				id += " (" + m.Was + " to " + m.Is + ")"
			} else if m.Is != "closed" && m.Is != "open" {
				id += " (" + m.Is + ")"
			}
			ids = append(ids, id)
		}
		if n := len(ids) - most; n > 1 {
			ids = append(ids[:most], fmt.Sprintf("and %d more", n))
		}
		if len(ids) > 0 {
			parts = append(parts, verb+" "+strings.Join(ids, ", "))
		}
	}
	list("opens", c.Opened)
	list("closes", c.Closed)
	return strings.Join(parts, "; ")
}

func (a Admin) words() string {
	switch a {
	case Already:
		return "is an administrator"
	case Can:
		return "can become an administrator"
	case CanIf:
		return "can become an administrator if what a method needs is there"
	case Cannot:
		return "cannot become an administrator"
	}
	return "may be able to become an administrator"
}

// were is words of the version before.
func (a Admin) were() string {
	switch a {
	case Already:
		return "was one"
	case Can:
		return "could become one"
	case CanIf:
		return "could become one if what a method needs is there"
	case Cannot:
		return "could not become one"
	}
	return "may have been able to become one"
}
