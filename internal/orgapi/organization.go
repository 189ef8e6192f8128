package orgapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var organization = []op.Operation{
	op.New("CreateOrganization", op.Everything[api.CreateOrganizationInput], createOrganization),
	// Member accounts may call this, too.
	op.New("DescribeOrganization", op.Everything[api.DescribeOrganizationInput], describeOrganization),
	row("DeleteOrganization", all[api.DeleteOrganizationInput], deleteOrganization),
	row("ListRoots", all[api.ListRootsInput], listRoots),
	row("EnablePolicyType", func(t *tree, in *api.EnablePolicyTypeInput) op.Target {
		return ofType(t.on(in.RootId), string(in.PolicyType))
	}, enablePolicyType),
	row("DisablePolicyType", func(t *tree, in *api.DisablePolicyTypeInput) op.Target {
		return ofType(t.on(in.RootId), string(in.PolicyType))
	}, disablePolicyType),
}

func (t *tree) organizationOut() *types.Organization {
	out := &types.Organization{
		Arn: aws.String(t.org.ARN()), Id: aws.String(t.org.ID), FeatureSet: types.OrganizationFeatureSetAll,
		MasterAccountArn: aws.String(t.org.AccountARN(t.org.Management)), MasterAccountId: aws.String(t.org.Management),
		// AWS says this whatever is enabled; ListRoots tells what is.
		AvailablePolicyTypes: []types.PolicyTypeSummary{
			{Type: types.PolicyTypeServiceControlPolicy, Status: types.PolicyTypeStatusEnabled},
		},
	}
	if a := t.account(t.org.Management); a != nil && a.Email != "" {
		out.MasterAccountEmail = aws.String(a.Email)
	}
	return out
}

func createOrganization(
	ctx context.Context, c *op.Call, in *api.CreateOrganizationInput,
) (*api.CreateOrganizationOutput, error) {
	if in.FeatureSet == types.OrganizationFeatureSetConsolidatedBilling {
		return nil, iam.InvalidOrgInputError("INVALID_ENUM", "Organizations have all features here: use ALL.")
	}
	id, err := newID(c.Rand, "o-", base36, 10)
	if err != nil {
		return nil, err
	}
	root, err := newID(c.Rand, "r-", base36, 4)
	if err != nil {
		return nil, err
	}
	now := c.Time.UTC().Truncate(time.Second)
	if err := c.Update(ctx, func(tx iam.Txn) error {
		return iam.CreateOrganization(tx, &iam.Organization{ID: id, Management: c.Account(), Root: root, Created: now})
	}); err != nil {
		return nil, err
	}
	t := &tree{c, snapshot.Get[iam.Organization](c.State, iam.OrganizationKey(id))}
	if t.org == nil {
		return nil, iam.NotInOrganization // deleted already
	}
	return &api.CreateOrganizationOutput{Organization: t.organizationOut()}, nil
}

func describeOrganization(
	_ context.Context, c *op.Call, _ *api.DescribeOrganizationInput,
) (*api.DescribeOrganizationOutput, error) {
	t := treeOf(c)
	if t == nil {
		return nil, iam.NotInOrganization
	}
	return &api.DescribeOrganizationOutput{Organization: t.organizationOut()}, nil
}

func deleteOrganization(
	ctx context.Context, t *tree, _ *api.DeleteOrganizationInput,
) (*api.DeleteOrganizationOutput, error) {
	return &api.DeleteOrganizationOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteOrganization(tx, t.org.ID)
	})
}

// rootOut is the root, with the policy types that are enabled in it.
func (t *tree) rootOut(root *iam.Unit) types.Root {
	out := types.Root{
		Arn: aws.String(t.org.UnitARN(root.ID)), Id: aws.String(root.ID), Name: aws.String(root.Name),
		PolicyTypes: []types.PolicyTypeSummary{},
	}
	for _, p := range t.org.Enabled {
		out.PolicyTypes = append(out.PolicyTypes, types.PolicyTypeSummary{
			Type: types.PolicyType(p), Status: types.PolicyTypeStatusEnabled,
		})
	}
	return out
}

func listRoots(_ context.Context, t *tree, in *api.ListRootsInput) (_ *api.ListRootsOutput, err error) {
	out := &api.ListRootsOutput{}
	out.Roots, out.NextToken, err = page(t.unitsBelow(""), idOfUnit, in.NextToken, in.MaxResults, t.rootOut)
	return out, err
}

func enablePolicyType(
	ctx context.Context, t *tree, in *api.EnablePolicyTypeInput,
) (*api.EnablePolicyTypeOutput, error) {
	root, err := t.changeTypes(ctx, *in.RootId, in.PolicyType, iam.EnablePolicyType)
	return &api.EnablePolicyTypeOutput{Root: root}, err
}

func disablePolicyType(
	ctx context.Context, t *tree, in *api.DisablePolicyTypeInput,
) (*api.DisablePolicyTypeOutput, error) {
	root, err := t.changeTypes(ctx, *in.RootId, in.PolicyType, iam.DisablePolicyType)
	return &api.DisablePolicyTypeOutput{Root: root}, err
}

// changeTypes enables or disables a type of policies, and returns the root afterwards.
func (t *tree) changeTypes(
	ctx context.Context, root string, p types.PolicyType, change func(tx iam.Txn, org, root, policyType string) error,
) (*types.Root, error) {
	if err := t.Update(ctx, func(tx iam.Txn) error { return change(tx, t.org.ID, root, string(p)) }); err != nil {
		return nil, err
	}
	now := treeOf(t.Call)
	if now == nil {
		return nil, iam.NotInOrganization // deleted already
	}
	out := now.rootOut(now.unit(root))
	return &out, nil
}
