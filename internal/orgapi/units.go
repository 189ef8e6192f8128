package orgapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var units = []op.Operation{
	row("CreateOrganizationalUnit", func(t *tree, in *api.CreateOrganizationalUnitInput) op.Target {
		return t.on(in.ParentId)
	}, createUnit),
	row("DescribeOrganizationalUnit", func(t *tree, in *api.DescribeOrganizationalUnitInput) op.Target {
		return t.on(in.OrganizationalUnitId)
	}, describeUnit),
	row("UpdateOrganizationalUnit", func(t *tree, in *api.UpdateOrganizationalUnitInput) op.Target {
		return t.on(in.OrganizationalUnitId)
	}, updateUnit),
	row("DeleteOrganizationalUnit", func(t *tree, in *api.DeleteOrganizationalUnitInput) op.Target {
		return t.on(in.OrganizationalUnitId)
	}, deleteUnit),
	row("ListOrganizationalUnitsForParent", func(t *tree, in *api.ListOrganizationalUnitsForParentInput) op.Target {
		return t.on(in.ParentId)
	}, listUnits),
	row("ListChildren", func(t *tree, in *api.ListChildrenInput) op.Target { return t.on(in.ParentId) }, listChildren),
	row("ListParents", func(t *tree, in *api.ListParentsInput) op.Target { return t.on(in.ChildId) }, listParents),
}

func (t *tree) unitOut(u *iam.Unit) types.OrganizationalUnit {
	return types.OrganizationalUnit{
		Arn: aws.String(t.org.UnitARN(u.ID)), Id: aws.String(u.ID), Name: aws.String(u.Name), Path: aws.String(t.path(u.ID)),
	}
}

// foundUnit is the unit of an id as it is now, or AWS's error.
func (t *tree) foundUnit(id string) (*types.OrganizationalUnit, error) {
	u := t.unit(id)
	if u == nil {
		return nil, iam.NoUnit
	}
	out := t.unitOut(u)
	return &out, nil
}

func createUnit(
	ctx context.Context, t *tree, in *api.CreateOrganizationalUnitInput,
) (*api.CreateOrganizationalUnitOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	if t.State.Count(iam.UnitKey(t.org.ID, ""))-1 >= iam.MaxUnits { // the root is none
		return nil, iam.ConstraintError("OU_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of OUs.")
	}
	id, err := newID(t.Rand, "ou-"+t.org.Root[len("r-"):]+"-", base36, 8)
	if err != nil {
		return nil, err
	}
	u := iam.Unit{
		ID: id, Organization: t.org.ID, Name: *in.Name, Parent: *in.ParentId, Tags: tags,
		Created: t.Time.UTC().Truncate(time.Second),
	}
	if err := t.Update(ctx, func(tx iam.Txn) error { created := u; return iam.CreateUnit(tx, &created) }); err != nil {
		return nil, err
	}
	out, err := t.foundUnit(id)
	return &api.CreateOrganizationalUnitOutput{OrganizationalUnit: out}, err
}

func describeUnit(
	_ context.Context, t *tree, in *api.DescribeOrganizationalUnitInput,
) (*api.DescribeOrganizationalUnitOutput, error) {
	out, err := t.foundUnit(*in.OrganizationalUnitId)
	return &api.DescribeOrganizationalUnitOutput{OrganizationalUnit: out}, err
}

func updateUnit(
	ctx context.Context, t *tree, in *api.UpdateOrganizationalUnitInput,
) (*api.UpdateOrganizationalUnitOutput, error) {
	id := *in.OrganizationalUnitId
	if in.Name != nil {
		if err := t.Update(ctx, func(tx iam.Txn) error { return iam.RenameUnit(tx, t.org.ID, id, *in.Name) }); err != nil {
			return nil, err
		}
	}
	out, err := t.foundUnit(id)
	return &api.UpdateOrganizationalUnitOutput{OrganizationalUnit: out}, err
}

func deleteUnit(
	ctx context.Context, t *tree, in *api.DeleteOrganizationalUnitInput,
) (*api.DeleteOrganizationalUnitOutput, error) {
	return &api.DeleteOrganizationalUnitOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteUnit(tx, t.org.ID, *in.OrganizationalUnitId)
	})
}

// parent checks that there is a root or unit of an id.
func (t *tree) parent(id string) error {
	if t.unit(id) == nil {
		return iam.NoParent
	}
	return nil
}

func listUnits(
	_ context.Context, t *tree, in *api.ListOrganizationalUnitsForParentInput,
) (*api.ListOrganizationalUnitsForParentOutput, error) {
	err := t.parent(*in.ParentId)
	if err != nil {
		return nil, err
	}
	out := &api.ListOrganizationalUnitsForParentOutput{}
	out.OrganizationalUnits, out.NextToken, err = page(
		t.unitsBelow(*in.ParentId), idOfUnit, in.NextToken, in.MaxResults, t.unitOut)
	return out, err
}

func listChildren(_ context.Context, t *tree, in *api.ListChildrenInput) (*api.ListChildrenOutput, error) {
	err := t.parent(*in.ParentId)
	if err != nil {
		return nil, err
	}
	var ids []string
	if in.ChildType == types.ChildTypeAccount {
		for _, a := range t.accountsBelow(*in.ParentId) {
			ids = append(ids, a.ID)
		}
	} else {
		for _, u := range t.unitsBelow(*in.ParentId) {
			ids = append(ids, u.ID)
		}
	}
	out := &api.ListChildrenOutput{}
	out.Children, out.NextToken, err = page(ids, idOfString, in.NextToken, in.MaxResults, func(id string) types.Child {
		return types.Child{Id: aws.String(id), Type: in.ChildType}
	})
	return out, err
}

func listParents(_ context.Context, t *tree, in *api.ListParentsInput) (*api.ListParentsOutput, error) {
	parent := ""
	if a := t.account(*in.ChildId); a != nil {
		parent = a.Parent
	} else if u := t.unit(*in.ChildId); u != nil {
		parent = u.Parent
	}
	if parent == "" {
		return nil, iam.Errorf(iam.ChildNotFound, "You specified a child that doesn't exist.")
	}
	kind := types.ParentTypeOrganizationalUnit
	if iam.IsRootID(parent) {
		kind = types.ParentTypeRoot
	}
	return &api.ListParentsOutput{Parents: []types.Parent{{Id: aws.String(parent), Type: kind}}}, nil
}
