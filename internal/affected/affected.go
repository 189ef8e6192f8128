// Package affected says whom an update of a managed policy reaches, and what it changes for each: not by the policy alone, but in
// effect, beside the other policies that they have, within their permissions boundaries and the service control policies of their
// organization. An update that gives somebody nothing new says so.
package affected

import (
	"context"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/policy"
)

// An Update is a managed policy before and after.
type Update struct {
	ARN           string
	Before, After *policy.Document
}

// A Reached is a user or role that an update reaches.
type Reached struct {
	Entity *authdetails.Entity
	// Via says how: "attached", "boundary", "group NAME".
	Via []string
	// Change is what changes in effect from before to after.
	Change *prove.Comparison
	// Missing are ARNs of the entity's other managed policies that no document is known of: they are left out.
	Missing []string
}

// Others are the policies that bear on the users and roles besides those in the details.
type Others struct {
	// Document returns the document in force of another managed policy, or nil.
	Document func(arn string) *policy.Document
	// SCPs, one list a level, from the root down, take the place of those that the details have for each account; nil for these.
	SCPs [][]*policy.Document
}

// scps are the service control policies that bear on a user or role: those of its account, and none on a service-linked role.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func (o *Others) scps(d *authdetails.Details, e *authdetails.Entity) [][]*policy.Document {
	if isServiceLinked(e) {
		return nil
	}
	if a := d.Account(e.Account); o.SCPs == nil && a != nil {
		return authdetails.Documents(a.SCPs)
	}
	return o.SCPs
}

// By returns the users and roles that an update reaches, by ARN, with what it changes for each. After each that has been
// compared it calls progress, if there is one. Those who have the same policies are compared once.
func By(ctx context.Context, d *authdetails.Details, u Update, others Others, o prove.Options, progress func(done, all int)) ([]Reached, error) {
	var list []Reached
	for _, e := range d.Principals() {
		if via := how(d, e, u.ARN); via != nil {
			list = append(list, Reached{Entity: e, Via: via})
		}
	}
	known := map[string]*Reached{}
	for i := range list {
		r := &list[i]
		key := keyOf(d, r.Entity)
		if same, ok := known[key]; ok && key != "" {
			r.Change, r.Missing = same.Change, same.Missing
		} else {
			before, missing := others.sideOf(d, r.Entity, u.ARN, u.Before)
			after, _ := others.sideOf(d, r.Entity, u.ARN, u.After)
			c, err := prove.Compare(ctx, before, after, o)
			if err != nil {
				return nil, err
			}
			r.Change, r.Missing, known[key] = c, missing, r
		}
		if progress != nil {
			progress(i+1, len(list))
		}
	}
	return list, nil
}

// how says in which ways a managed policy bears on a user or role.
func how(d *authdetails.Details, e *authdetails.Entity, arn string) (via []string) {
	if slices.Contains(e.Attached, arn) {
		via = append(via, "attached")
	}
	for _, g := range d.GroupsOf(e) {
		if slices.Contains(g.Attached, arn) {
			via = append(via, "group "+g.Name)
		}
	}
	if e.Boundary == arn {
		via = append(via, "boundary")
	}
	return via
}

// keyOf is a text that two entities have in common if they have the same policies; "" for one with inline policies.
func keyOf(d *authdetails.Details, e *authdetails.Entity) string {
	all := slices.Clone(e.Attached)
	inline := len(e.Inline)
	for _, g := range d.GroupsOf(e) {
		all = append(all, g.Attached...)
		inline += len(g.Inline)
	}
	if inline > 0 {
		return ""
	}
	slices.Sort(all)
	key := strings.Join(slices.Compact(all), " ") + " within " + e.Boundary
	if isServiceLinked(e) {
		return key
	}
	for _, level := range d.Account(e.Account).SCPs {
		key += " below"
		for _, c := range level.Policies {
			key += " " + c.ARN
		}
	}
	return key + " in an account"
}

func isServiceLinked(e *authdetails.Entity) bool {
	return strings.Contains(e.ARN, ":role/aws-service-role/")
}

// sideOf returns all policies of a user or role, with doc for the managed policy in question.
func (o *Others) sideOf(d *authdetails.Details, e *authdetails.Entity, arn string, doc *policy.Document) (p prove.Policies, missing []string) {
	find := func(name string) *policy.Document {
		if name == arn {
			return doc
		}
		found := o.Document(name)
		if found == nil && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		return found
	}
	seen := map[string]bool{}
	for _, of := range append([]*authdetails.Entity{e}, d.GroupsOf(e)...) {
		for _, name := range of.Attached {
			if seen[name] {
				continue
			}
			seen[name] = true
			if found := find(name); found != nil {
				p.Identity = append(p.Identity, found)
			}
		}
		for _, in := range of.Inline {
			p.Identity = append(p.Identity, in.Document)
		}
	}
	if e.Boundary != "" {
		if p.Boundary = find(e.Boundary); p.Boundary == nil {
			p.Boundary = nothing // a boundary that is not known is taken to allow nothing
		}
	}
	p.SCPs = o.scps(d, e)
	if len(p.Identity) == 0 { // only a boundary: nothing is allowed, within whatever
		p.Identity = []*policy.Document{nothing}
	}
	return p, missing
}

// nothing is a policy that allows nothing.
var nothing = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{
	Effect: policy.Deny, Action: policy.Element{Values: []policy.Value{{Text: "*"}}}, Resource: policy.Element{Values: []policy.Value{{Text: "*"}}},
}}}
