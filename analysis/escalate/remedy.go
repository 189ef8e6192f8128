package escalate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// A Remedy is a policy of Deny statements, for the holder beside its others, that closes methods.
type Remedy struct {
	Closes   []*Method // in the order of the table
	Document *policy.Document
	// Takes is what the holder may do without the remedy and not with it, in the reference universe.
	Takes *prove.Result
}

// Boundary returns the remedy as a permissions boundary: it allows all but what the remedy denies.
func (r *Remedy) Boundary() *policy.Document {
	all := everything.Statements[0].Clone()
	all.Sid.Text = "AllowTheRest"
	return &policy.Document{Version: policy.V2012, Statements: append([]policy.Statement{all}, r.Document.Statements...)}
}

// RemedyOptions say how methods are to be closed. The zero RemedyOptions are good defaults.
type RemedyOptions struct {
	Options
	// RequiredBoundary is the ARN of a policy. With it, identities may still be made, if they have that policy as their
	// permissions boundary; it must not let them escalate either.
	RequiredBoundary string
	Only             string // the id of the one method that is to be closed; empty: all
}

// Remedies are what closes the methods that a holder can use to become an administrator.
type Remedies struct {
	// Each has, for each such method, by its id, the smallest remedy that was found: the one that takes least.
	Each map[string]*Remedy
	// All closes all of them; nil if no way was found to.
	All *Remedy
}

// Remedy looks for what closes the methods that lead the holder to administration. Each remedy has been confirmed: with it, the
// methods are judged closed. a is the analysis of h. The errors are those of [Analyze].
func (a *Analysis) Remedy(ctx context.Context, h *Holder, o RemedyOptions) (*Remedies, error) {
	var open []*Finding
	for _, f := range a.Findings {
		if f.Administration && f.Status.Usable() {
			open = append(open, f)
		}
	}
	r := &Remedies{Each: map[string]*Remedy{}}
	var all []*cut
	weigh := func(findings []*Finding) error {
		for _, f := range findings {
			if o.Only != "" && f.Method.ID != o.Only {
				continue
			}
			for _, c := range cutsFor(f.Method, h, o.RequiredBoundary) {
				if !slices.ContainsFunc(all, func(d *cut) bool { return d.key() == c.key() }) {
					all = append(all, c)
				}
			}
		}
		for _, c := range all {
			var err error
			if c.closes, err = closes(ctx, h, c, findings, o.Options); err != nil {
				return err
			}
		}
		return nil
	}
	if err := weigh(open); err != nil {
		return nil, err
	}
	for _, f := range open {
		if o.Only != "" && f.Method.ID != o.Only {
			continue
		}
		var best *cut
		for _, c := range all {
			if slices.Contains(c.closes, f) && (best == nil || cmp.Or(cmp.Compare(c.cost, best.cost), cmp.Compare(len(best.closes), len(c.closes))) < 0) {
				best = c
			}
		}
		if best == nil {
			continue
		}
		remedy, err := remedyOf(ctx, h, best.closes, document(best), o.Options)
		if err != nil {
			return nil, err
		}
		r.Each[f.Method.ID] = remedy
	}
	if o.Only != "" {
		return r, nil
	}
	// A Deny is something that the holder may be able to remove: what would do that is closed, too.
	for {
		chosen, ok := cover(open, all)
		if !ok || len(chosen) == 0 {
			return r, nil
		}
		doc := document(chosen...)
		with := h.with(doc)
		after, err := Analyze(ctx, &with, o.Options)
		if err != nil {
			return nil, err
		}
		if after.Administration == prove.Refuted {
			r.All, err = remedyOf(ctx, h, open, doc, o.Options)
			return r, err
		}
		before := len(open)
		for i, f := range after.Findings {
			if f.Administration && a.Findings[i].Status.Usable() && !slices.Contains(open, a.Findings[i]) {
				open = append(open, a.Findings[i])
			}
		}
		if len(open) == before {
			return r, nil
		}
		if err := weigh(open); err != nil {
			return nil, err
		}
	}
}

// with returns the holder with one more policy.
func (h *Holder) with(doc *policy.Document) Holder {
	c := *h
	c.Policies.Identity = append(slices.Clip(c.Policies.Identity), doc)
	return c
}

func remedyOf(ctx context.Context, h *Holder, closed []*Finding, doc *policy.Document, o Options) (*Remedy, error) {
	r := &Remedy{Document: doc}
	for _, f := range closed {
		r.Closes = append(r.Closes, f.Method)
	}
	var err error
	r.Takes, err = prove.Exceeds(ctx, h.Policies, h.with(doc).Policies, prove.Options{Universe: prove.Reference, MaxStates: o.MaxStates})
	return r, err
}

// closes returns those of the findings whose methods cannot be used with a cut.
func closes(ctx context.Context, h *Holder, c *cut, open []*Finding, o Options) (list []*Finding, err error) {
	with := h.with(document(c))
	who, err := newPersons(ctx, &with, o)
	if err != nil {
		return nil, err
	}
	for _, f := range open {
		if f.Through == "" && !c.concerns(f.Method) {
			continue
		}
		if g := who.judge(f.Method); !g.Status.Usable() && g.Status != Unknown {
			list = append(list, f)
		}
	}
	return list, ctx.Err()
}

// A cut is a Deny that may close methods.
type cut struct {
	sid       string
	actions   []string
	resource  string
	condition []policy.Condition
	cost      int // what it takes, roughly
	closes    []*Finding
}

// concerns reports whether a cut denies an action of a method. It can close no other, but one for which a service has to make calls.
func (c *cut) concerns(m *Method) bool {
	return slices.ContainsFunc(m.Steps, func(s Step) bool {
		return slices.ContainsFunc(s, func(call Call) bool { return slices.Contains(c.actions, call.Action) })
	})
}

func (c *cut) key() string {
	text := fmt.Sprint(c.actions, c.resource)
	for i := range c.condition {
		text += fmt.Sprint(c.condition[i].Operator, c.condition[i].Key, c.condition[i].Strings())
	}
	return text
}

// The costs of a cut: what leaves most of an action to the holder is the cheapest.
const (
	aPart    = 1
	anAction = 4 // for each
)

// cutsFor returns Deny statements that take a step of a method away.
func cutsFor(m *Method, h *Holder, boundary string) (cuts []*cut) {
	for _, step := range m.Steps {
		if slices.ContainsFunc(step, func(c Call) bool { return c.Trusted }) {
			continue
		}
		actions := slices.Compact(slices.Sorted(slices.Values(actionsOf(step))))
		every := func(is func(*Call) bool) bool {
			return !slices.ContainsFunc(step, func(c Call) bool { return !is(&c) })
		}
		if every(func(c *Call) bool { return len(c.With[passedToService]) > 0 }) {
			cuts = append(cuts, &cut{sid: "DenyPassingRolesTo", actions: actions, resource: "*", cost: aPart,
				condition: []policy.Condition{conditionOf("StringEquals", passedToService, step[0].With[passedToService]...)}})
		}
		if boundary != "" && every(func(c *Call) bool { return slices.Contains(c.Without, boundaryKey) }) {
			cuts = append(cuts, &cut{sid: "DenyWithoutBoundary", actions: actions, resource: "*", cost: aPart,
				condition: []policy.Condition{conditionOf("StringNotEquals", boundaryKey, boundary)}})
		}
		if every(func(c *Call) bool { return c.On.Name == Self }) {
			if self := selfPattern(step[0].On.Type, h); self != "" {
				cuts = append(cuts, &cut{sid: "DenyOnSelf", actions: actions, resource: self, cost: aPart})
			}
		}
		if boundary != "" && every(func(c *Call) bool { return strings.HasSuffix(c.Action, "PermissionsBoundary") && c.On.Name != Self }) {
			// Who is made must keep the boundary.
			cuts = append(cuts, &cut{sid: "DenyTakingBoundariesAway", actions: actions, resource: "*", cost: aPart})
			continue
		}
		if every(changes) { // else it would take what the method needs only to be convenient
			cuts = append(cuts, &cut{sid: "DenyEscalation", actions: actions, resource: "*", cost: anAction * len(actions)})
		}
	}
	return cuts
}

// changes reports whether a call does more than read.
func changes(c *Call) bool {
	a, ok := authref.LookupAction(c.Action)
	return !ok || a.AccessLevel != authref.Read && a.AccessLevel != authref.List
}

// selfPattern returns a pattern for the holder's own ARN.
func selfPattern(kind string, h *Holder) string {
	switch {
	case h.Principal != "":
		return h.Principal
	case kind == "user":
		return "arn:aws:iam::*:user/${aws:username}"
	}
	return ""
}

func conditionOf(operator, key string, texts ...string) policy.Condition {
	return policy.Condition{Operator: policy.Value{Text: operator}, Key: policy.Value{Text: key}, Values: values(texts...).Values}
}

// cover chooses cuts that together close all findings: each time the one that closes most for its cost. Those that the later
// ones make needless go.
func cover(open []*Finding, all []*cut) (chosen []*cut, ok bool) {
	left := map[*Finding]bool{}
	for _, f := range open {
		left[f] = true
	}
	for len(left) > 0 {
		var best *cut
		gain := 0
		for _, c := range all {
			n := 0
			for _, f := range c.closes {
				if left[f] {
					n++
				}
			}
			if n > 0 && (best == nil || n*best.cost > gain*c.cost) {
				best, gain = c, n
			}
		}
		if best == nil {
			return nil, false
		}
		chosen = append(chosen, best)
		for _, f := range best.closes {
			delete(left, f)
		}
	}
	for i := 0; i < len(chosen); {
		others := slices.Delete(slices.Clone(chosen), i, i+1)
		needless := !slices.ContainsFunc(open, func(f *Finding) bool {
			return !slices.ContainsFunc(others, func(c *cut) bool { return slices.Contains(c.closes, f) })
		})
		if needless {
			chosen = others
		} else {
			i++
		}
	}
	return chosen, true
}

// document puts cuts together: those that differ by their actions only, and those that deny passing roles, become one statement.
func document(cuts ...*cut) *policy.Document {
	merged := map[string]*cut{}
	for _, c := range cuts {
		key := c.sid + (&cut{resource: c.resource, condition: c.condition}).key()
		if c.sid == "DenyPassingRolesTo" {
			key = c.sid
		}
		m := merged[key]
		if m == nil {
			copied := *c
			copied.actions, copied.condition = slices.Clone(c.actions), slices.Clone(c.condition)
			merged[key] = &copied
			continue
		}
		m.actions = slices.Compact(slices.Sorted(slices.Values(append(m.actions, c.actions...))))
		if c.sid == "DenyPassingRolesTo" {
			services := slices.Sorted(slices.Values(append(m.condition[0].Strings(), c.condition[0].Strings()...)))
			m.condition[0].Values = values(slices.Compact(services)...).Values
		}
	}
	doc := &policy.Document{Version: policy.V2012}
	sids := map[string]int{}
	for _, key := range slices.SortedFunc(maps.Keys(merged), strings.Compare) {
		c := merged[key]
		sid := c.sid
		if sids[sid]++; sids[sid] > 1 {
			sid += fmt.Sprint(sids[sid])
		}
		doc.Statements = append(doc.Statements, policy.Statement{
			Sid: policy.Value{Text: sid}, Effect: policy.Deny, Action: values(c.actions...), Resource: values(c.resource), Condition: c.condition,
		})
	}
	return doc
}
