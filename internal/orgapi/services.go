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

var services = []op.Operation{
	row("EnableAWSServiceAccess", func(_ *tree, in *api.EnableAWSServiceAccessInput) op.Target {
		return onService(in.ServicePrincipal)
	}, enableService),
	row("DisableAWSServiceAccess", func(_ *tree, in *api.DisableAWSServiceAccessInput) op.Target {
		return onService(in.ServicePrincipal)
	}, disableService),
	row("ListAWSServiceAccessForOrganization", all[api.ListAWSServiceAccessForOrganizationInput], listServices),
}

func onService(principal *string) op.Target {
	return op.Target{Resource: "*"}.With("organizations:ServicePrincipal", *principal)
}

func enableService(
	ctx context.Context, t *tree, in *api.EnableAWSServiceAccessInput,
) (*api.EnableAWSServiceAccessOutput, error) {
	now := t.Time.UTC().Truncate(time.Second)
	return &api.EnableAWSServiceAccessOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.TrustService(tx, t.org.ID, *in.ServicePrincipal, now)
	})
}

func disableService(
	ctx context.Context, t *tree, in *api.DisableAWSServiceAccessInput,
) (*api.DisableAWSServiceAccessOutput, error) {
	return &api.DisableAWSServiceAccessOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.DistrustService(tx, t.org.ID, *in.ServicePrincipal)
	})
}

func listServices(
	_ context.Context, t *tree, in *api.ListAWSServiceAccessForOrganizationInput,
) (_ *api.ListAWSServiceAccessForOrganizationOutput, err error) {
	out := &api.ListAWSServiceAccessForOrganizationOutput{}
	out.EnabledServicePrincipals, out.NextToken, err = page(t.org.Services, func(s iam.TrustedService) string { return s.Principal },
		in.NextToken, in.MaxResults, func(s iam.TrustedService) types.EnabledServicePrincipal {
			return types.EnabledServicePrincipal{ServicePrincipal: aws.String(s.Principal), DateEnabled: aws.Time(s.Since)}
		})
	return out, err
}
