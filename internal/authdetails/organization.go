package authdetails

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/policy"
)

// An Account is one whose details were read.
type Account struct {
	ID           string
	Name         string // "" if it has none, or the output does not say
	Organization string // o-…; likewise

	// Placed says that the output has the place of the account in its organization, or that it is in none: SCPs and RCPs are those that
	// bear on it. What get-account-authorization-details prints does not say.
	Placed bool
	// SCPs and RCPs are the service control and the resource control policies that bear on the account, from the root down. They are
	// nil if none do: without an organization, in its management account, and where policies of the type are not enabled.
	SCPs, RCPs []Level
}

// A Level is the root of an organization, a unit or the account itself, with the policies of one type that are attached there.
type Level struct {
	ID       string // r-…, ou-… or the account's
	Name     string
	Policies []*Control
}

// A Control is a service control policy or a resource control policy.
type Control struct {
	ARN      string
	Name     string
	Document *policy.Document
}

// Documents are the documents of levels, a list a level, as analysis/prove takes them; nil for no levels.
func Documents(levels []Level) (all [][]*policy.Document) {
	for _, level := range levels {
		list := []*policy.Document{}
		for _, c := range level.Policies {
			list = append(list, c.Document)
		}
		all = append(all, list)
	}
	return all
}

// Account returns an account of which something was read, or nil.
func (d *Details) Account(id string) *Account {
	if i, ok := d.find(id); ok {
		return d.Accounts[i]
	}
	return nil
}

func (d *Details) find(id string) (int, bool) {
	return slices.BinarySearchFunc(d.Accounts, id, func(a *Account, id string) int { return strings.Compare(a.ID, id) })
}

// account is Account for one that is there from now on.
func (d *Details) account(id string) *Account {
	i, ok := d.find(id)
	if !ok {
		d.Accounts = slices.Insert(d.Accounts, i, &Account{ID: id})
	}
	return d.Accounts[i]
}

// account is an account, or a part of one, as it stands.
type account struct {
	lists
	ID                      string `json:"Id"`
	Name, OrganizationId    string
	ServiceControlPolicies  []level
	ResourceControlPolicies []level
}

type level struct {
	ID       string `json:"Id"`
	Name     string
	Policies []string
}

type control struct {
	Arn, Name string
	Document  json.RawMessage
}

// readOrganization adds accounts with the policies that bear on them. Of an account that comes in parts the first says where it is.
func (d *Details) readOrganization(w *wire) error {
	if !w.empty() {
		return &Error{Reason: "it has both Accounts and the lists of one account"}
	}
	for i, c := range w.OrganizationPolicies {
		at := fmt.Sprintf("OrganizationPolicies[%d]", i)
		if c.Arn == "" {
			return &Error{at, "it has no Arn"}
		}
		doc, err := document(c.Document, at+".Document")
		if err != nil {
			return err
		}
		if d.controls[c.Arn] == nil { // else an earlier page had it
			d.controls[c.Arn] = &Control{c.Arn, c.Name, doc}
		}
	}
	for i := range w.Accounts {
		from, at := &w.Accounts[i], fmt.Sprintf("Accounts[%d]", i)
		if !arn.IsAccountID(from.ID) {
			return &Error{at + ".Id", fmt.Sprintf("%q is no id of an account", from.ID)}
		}
		if a := d.account(from.ID); !a.Placed {
			var err error
			if a.SCPs, err = d.levels(from.ServiceControlPolicies, at+".ServiceControlPolicies"); err != nil {
				return err
			}
			if a.RCPs, err = d.levels(from.ResourceControlPolicies, at+".ResourceControlPolicies"); err != nil {
				return err
			}
			a.Name, a.Organization, a.Placed = from.Name, from.OrganizationId, true
		}
		if err := d.readLists(&from.lists, from.ID, at+"."); err != nil {
			return err
		}
	}
	return nil
}

// levels finds the policies of levels. None is left out: without an SCP that an output names, more would seem to be allowed.
func (d *Details) levels(from []level, at string) (levels []Level, err error) {
	for i, l := range from {
		to := Level{ID: l.ID, Name: l.Name}
		for j, name := range l.Policies {
			c := d.controls[name]
			if c == nil {
				return nil, &Error{fmt.Sprintf("%s[%d].Policies[%d]", at, i, j), fmt.Sprintf("%q is not among the OrganizationPolicies", name)}
			}
			to.Policies = append(to.Policies, c)
		}
		levels = append(levels, to)
	}
	return levels, nil
}
