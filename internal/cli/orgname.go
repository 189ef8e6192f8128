package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/writ-iam/writ/internal/spelling"
)

// A place is the root, a unit or an account, as it was named and by its id.
type place struct {
	name, id string
}

var (
	unitID    = regexp.MustCompile(`^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`)
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	policyID  = regexp.MustCompile(`^p-[0-9a-zA-Z_]{8,128}$`)
)

// root reads the root.
func (o *org) root() (*types.Root, error) {
	if o.top == nil {
		out, err := o.ListRoots(o.ctx, &organizations.ListRootsInput{})
		if err != nil {
			return nil, err
		}
		if len(out.Roots) != 1 {
			return nil, fmt.Errorf("the organization has %d roots; expected one", len(out.Roots))
		}
		o.top = &out.Roots[0]
	}
	return o.top, nil
}

func (o *org) unitsBelow(id string) ([]types.OrganizationalUnit, error) {
	return every(o.ctx, organizations.NewListOrganizationalUnitsForParentPaginator(o,
		&organizations.ListOrganizationalUnitsForParentInput{ParentId: &id}),
		func(p *organizations.ListOrganizationalUnitsForParentOutput) []types.OrganizationalUnit {
			return p.OrganizationalUnits
		})
}

func (o *org) accountsBelow(id string) ([]types.Account, error) {
	return every(o.ctx, organizations.NewListAccountsForParentPaginator(o,
		&organizations.ListAccountsForParentInput{ParentId: &id}),
		func(p *organizations.ListAccountsForParentOutput) []types.Account { return p.Accounts })
}

// unit finds the root or a unit.
func (o *org) unit(name string) (place, error) {
	found, err := o.place(name)
	if err == nil && accountID.MatchString(found.id) {
		err = fmt.Errorf("%s is an account; expected a unit", name)
	}
	return found, err
}

// account finds an account.
func (o *org) account(name string) (place, error) {
	found, err := o.place(name)
	if err == nil && !accountID.MatchString(found.id) {
		err = fmt.Errorf("%s is a unit; expected an account", name)
	}
	return found, err
}

// place finds the root, a unit or an account by its id or its path.
func (o *org) place(name string) (place, error) {
	if unitID.MatchString(name) || accountID.MatchString(name) {
		return place{name, name}, nil
	}
	root, err := o.root()
	if err != nil {
		return place{}, err
	}
	at := place{"", *root.Id}
	steps := steps(name)
	for i, step := range steps {
		if at, err = o.step(at, step, i == len(steps)-1); err != nil {
			return place{}, err
		}
	}
	if at.name == "" {
		at.name = "/"
	}
	return at, nil
}

// steps are the names in a path.
func steps(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// step goes one step down. Only the last one leads to accounts.
func (o *org) step(at place, name string, last bool) (place, error) {
	var found []place
	var near []string
	consider := func(itsName, id string) {
		if itsName == name {
			found = append(found, place{at.name + "/" + name, id})
		} else if spelling.Near(itsName, name, 2) {
			near = append(near, at.name+"/"+itsName)
		}
	}
	units, err := o.unitsBelow(at.id)
	if err != nil {
		return place{}, err
	}
	for _, u := range units {
		consider(*u.Name, *u.Id)
	}
	if last {
		accounts, err := o.accountsBelow(at.id)
		if err != nil {
			return place{}, err
		}
		for _, a := range accounts {
			consider(deref(a.Name), *a.Id)
		}
	}
	switch len(found) {
	case 0:
		return place{}, fmt.Errorf("there is no %s/%s%s", at.name, name, didYouMean(near))
	case 1:
		return found[0], nil
	}
	var ids []string
	for _, f := range found {
		ids = append(ids, f.id)
	}
	return place{}, fmt.Errorf("%s/%s is the name of %s; give the id", at.name, name, strings.Join(ids, " and "))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// policiesOf lists the policies of a type.
func (o *org) policiesOf(t policyType) ([]types.PolicySummary, error) {
	return every(o.ctx, organizations.NewListPoliciesPaginator(o, &organizations.ListPoliciesInput{Filter: t.t}),
		func(p *organizations.ListPoliciesOutput) []types.PolicySummary { return p.Policies })
}

// policy finds a policy by its id or its name.
func (o *org) policy(name string) (*types.PolicySummary, error) {
	if policyID.MatchString(name) {
		out, err := o.DescribePolicy(o.ctx, &organizations.DescribePolicyInput{PolicyId: &name})
		if err != nil {
			return nil, err
		}
		return out.Policy.PolicySummary, nil
	}
	var found []types.PolicySummary
	var near []string
	for _, t := range policyTypes {
		all, err := o.policiesOf(t)
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			if *p.Name == name {
				found = append(found, p)
			} else if spelling.Near(*p.Name, name, 2) {
				near = append(near, *p.Name)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no policy %s%s", name, didYouMean(near))
	case 1:
		return &found[0], nil
	}
	return nil, fmt.Errorf("%s is an SCP, %s, and an RCP, %s; give the id", name, *found[0].Id, *found[1].Id)
}
