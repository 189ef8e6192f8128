// Package orgapi is a part of the AWS Organizations API: accounts, units and the policies that are attached to them.
// https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html
//
// A row names an operation, the resource it is authorized on, and its handler, as in package iamapi. The laws are in
// package iam. All but a few operations are for the management account alone; [row] sees to that.
package orgapi

import (
	"context"
	"encoding/base64"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

// Service makes the API.
func Service() *op.Service {
	return op.NewService("organizations", awsmodel.Organizations(), op.JSON, organization, units, accounts, policies, services, tags)
}

// A tree is an organization as a call finds it.
type tree struct {
	*op.Call
	org *iam.Organization
}

// treeOf finds the organization that the caller's account is in; it is nil if there is none.
func treeOf(c *op.Call) *tree {
	a := snapshot.Get[iam.Account](c.State, iam.AccountKey(c.Account()))
	if a == nil || a.Organization == "" {
		return nil
	}
	org := snapshot.Get[iam.Organization](c.State, iam.OrganizationKey(a.Organization))
	if org == nil {
		return nil
	}
	return &tree{c, org}
}

// errMember is the error for an operation that only the management account may call.
var errMember = iam.Errorf(iam.OrganizationsAccessDenied, "You don't have permissions to access this resource.")

// row makes the row of an operation for the management account.
func row[In, Out any](
	name string, target func(*tree, *In) op.Target, handle func(context.Context, *tree, *In) (*Out, error),
) op.Operation {
	return op.New(name,
		func(c *op.Call, in *In) (op.Target, error) {
			t := treeOf(c)
			switch {
			case t == nil:
				return op.Target{Resource: "*"}, nil
			case t.org.Management != c.Account():
				return op.Target{}, errMember
			}
			return target(t, in), nil
		},
		func(ctx context.Context, c *op.Call, in *In) (*Out, error) {
			t := treeOf(c)
			if t == nil {
				return nil, iam.NotInOrganization
			}
			return handle(ctx, t, in)
		})
}

// all is the target of operations that act on no particular resource.
func all[In any](*tree, *In) op.Target { return op.Target{Resource: "*"} }

// on is the target of an operation on the root, the unit, the account or the policy of an id, be it there or not.
func (t *tree) on(id *string) op.Target {
	switch id := aws.ToString(id); {
	case strings.HasPrefix(id, "p-"):
		return t.onPolicy(id)
	case strings.HasPrefix(id, "ou-") || iam.IsRootID(id):
		target := op.Target{Resource: t.org.UnitARN(id)}
		if u := t.unit(id); u != nil {
			target.Tags = u.Tags
		}
		return target
	default:
		target := op.Target{Resource: t.org.AccountARN(id)}
		if a := t.account(id); a != nil {
			target.Tags = a.Tags
		}
		return target
	}
}

func (t *tree) onPolicy(id string) op.Target {
	p := t.State.OrgPolicy(t.org.ID, id)
	if p == nil {
		p = &iam.OrgPolicy{ID: id, Organization: t.org.ID, Type: iam.ServiceControl}
	}
	return ofType(op.Target{Resource: t.org.PolicyARN(p), Tags: p.Tags}, p.Type)
}

// ofType adds the key that says which type of policies a call is about.
func ofType(t op.Target, policyType string) op.Target {
	return t.With("organizations:PolicyType", policyType)
}

// also adds what the call acts on besides.
func (t *tree) also(target op.Target, ids ...*string) op.Target {
	for _, id := range ids {
		more := t.on(id)
		for key, values := range target.Context {
			more = more.With(key, values...)
		}
		target.Also = append(target.Also, more)
	}
	return target
}

// unit returns the root or unit of an id, or nil.
func (t *tree) unit(id string) *iam.Unit {
	return snapshot.Get[iam.Unit](t.State, iam.UnitKey(t.org.ID, id))
}

// account returns the account of an id if it is in the organization, or nil.
func (t *tree) account(id string) *iam.Account {
	a := snapshot.Get[iam.Account](t.State, iam.AccountKey(id))
	if a == nil || a.Organization != t.org.ID {
		return nil
	}
	return a
}

// records returns the records below a prefix that are to be kept, in the order of their keys.
func records[R iam.Record](t *tree, prefix string, keep func(R) bool) (kept []R) {
	for _, record := range t.State.List(prefix, "") {
		if r := record.(R); keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

func (t *tree) unitsBelow(parent string) []*iam.Unit {
	return records(t, iam.UnitKey(t.org.ID, ""), func(u *iam.Unit) bool { return u.Parent == parent })
}

func (t *tree) accounts(keep func(*iam.Account) bool) []*iam.Account {
	return records(t, iam.AccountKey(""), func(a *iam.Account) bool { return a.Organization == t.org.ID && keep(a) })
}

func (t *tree) accountsBelow(parent string) []*iam.Account {
	return t.accounts(func(a *iam.Account) bool { return a.Parent == parent })
}

// path returns the ids from the organization down to a unit, each with a slash behind it.
func (t *tree) path(id string) string {
	path := ""
	for u := t.unit(id); u != nil; u = t.unit(u.Parent) {
		path = u.ID + "/" + path
	}
	return t.org.ID + "/" + path
}

// pageSize is how many items a page has at most, and if MaxResults does not say.
const pageSize = 20

var errToken = iam.InvalidOrgInputError("INVALID_NEXT_TOKEN", "You specified an invalid value for NextToken.")

// page returns the items that NextToken and MaxResults ask for, as they are on the wire. The items are sorted by their
// ids. A token is the id of the last item returned, so that what is added or removed meanwhile neither repeats nor
// hides other items.
func page[T, U any](items []T, id func(T) string, token *string, max *int32, out func(T) U) ([]U, *string, error) {
	begin := 0
	if token != nil {
		after, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil || len(after) == 0 {
			return nil, nil, errToken
		}
		begin, _ = slices.BinarySearchFunc(items, string(after)+"\x00", func(item T, key string) int {
			return strings.Compare(id(item), key)
		})
	}
	end := min(begin+pageSize, len(items))
	if max != nil {
		end = min(begin+int(*max), len(items))
	}
	results := make([]U, 0, end-begin)
	for _, item := range items[begin:end] {
		results = append(results, out(item))
	}
	if end == len(items) {
		return results, nil, nil
	}
	return results, aws.String(base64.RawURLEncoding.EncodeToString([]byte(id(items[end-1])))), nil
}

func idOfUnit(u *iam.Unit) string        { return u.ID }
func idOfAccount(a *iam.Account) string  { return a.ID }
func idOfPolicy(p *iam.OrgPolicy) string { return p.ID }
func idOfTarget(t iam.OrgTarget) string  { return t.OrgTargetID() }
func idOfString(id string) string        { return id }
func anyAccount(*iam.Account) bool       { return true }
func sortedBy[T any](s []T, id func(T) string) []T {
	slices.SortFunc(s, func(a, b T) int { return strings.Compare(id(a), id(b)) })
	return s
}

const (
	digits = "0123456789"
	base36 = digits + "abcdefghijklmnopqrstuvwxyz"
)

// newID makes an id of a prefix and n random characters of an alphabet.
func newID(random io.Reader, prefix, alphabet string, n int) (string, error) {
	fair := 256 - 256%len(alphabet) // bytes from here on would favour the first characters
	id := []byte(prefix)
	for b := make([]byte, 1); n > 0; {
		if _, err := io.ReadFull(random, b); err != nil {
			return "", err
		}
		if int(b[0]) < fair {
			id = append(id, alphabet[int(b[0])%len(alphabet)])
			n--
		}
	}
	return string(id), nil
}
