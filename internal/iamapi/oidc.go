package iamapi

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var oidcProviders = []op.Operation{
	op.New("CreateOpenIDConnectProvider", func(c *op.Call, in *api.CreateOpenIDConnectProviderInput) (op.Target, error) {
		t := op.Target{Resource: newARN(c, "oidc-provider", nil, strings.TrimPrefix(*in.Url, "https://"))}
		return withTags(t, "iam:TagOpenIDConnectProvider", in.Tags), nil
	}, createOIDCProvider),
	op.New("GetOpenIDConnectProvider", func(c *op.Call, in *api.GetOpenIDConnectProviderInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, getOIDCProvider),
	op.New("ListOpenIDConnectProviders", func(c *op.Call, _ *api.ListOpenIDConnectProvidersInput) (op.Target, error) {
		return listed(c, "oidc-provider", nil)
	}, listOIDCProviders),
	op.New("DeleteOpenIDConnectProvider", func(c *op.Call, in *api.DeleteOpenIDConnectProviderInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, deleteOIDCProvider),
	op.New("AddClientIDToOpenIDConnectProvider", func(c *op.Call, in *api.AddClientIDToOpenIDConnectProviderInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, addClientID),
	op.New("RemoveClientIDFromOpenIDConnectProvider", func(c *op.Call, in *api.RemoveClientIDFromOpenIDConnectProviderInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, removeClientID),
	op.New("UpdateOpenIDConnectProviderThumbprint", func(c *op.Call, in *api.UpdateOpenIDConnectProviderThumbprintInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, updateThumbprint),
	op.New("TagOpenIDConnectProvider", func(c *op.Call, in *api.TagOpenIDConnectProviderInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, func(
		ctx context.Context, c *op.Call, in *api.TagOpenIDConnectProviderInput,
	) (*api.TagOpenIDConnectProviderOutput, error) {
		return &api.TagOpenIDConnectProviderOutput{},
			tag(ctx, c, in.Tags, oidcProviderOf(c, in.OpenIDConnectProviderArn))
	}),
	op.New("UntagOpenIDConnectProvider", func(c *op.Call, in *api.UntagOpenIDConnectProviderInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, func(
		ctx context.Context, c *op.Call, in *api.UntagOpenIDConnectProviderInput,
	) (*api.UntagOpenIDConnectProviderOutput, error) {
		return &api.UntagOpenIDConnectProviderOutput{},
			untag(ctx, c, in.TagKeys, oidcProviderOf(c, in.OpenIDConnectProviderArn))
	}),
	op.New("ListOpenIDConnectProviderTags", func(c *op.Call, in *api.ListOpenIDConnectProviderTagsInput) (op.Target, error) {
		return onOIDCProvider(c, in.OpenIDConnectProviderArn)
	}, listOIDCProviderTags),
}

// oidcProvider is the account's OpenID Connect provider of an ARN, or AWS's error.
func oidcProvider(c *op.Call, arn string) (*iam.OIDCProvider, error) {
	if url, ok := iam.OIDCProviderURL(c.Account(), arn); ok {
		if p := snapshot.Get[iam.OIDCProvider](c.State, iam.OIDCProviderKey(c.Account(), url)); p != nil {
			return p, nil
		}
	}
	return nil, iam.Errorf(iam.NoSuchEntity, iam.NoOIDCProvider, arn)
}

func onOIDCProvider(c *op.Call, arn *string) (op.Target, error) {
	t := op.Target{Resource: *arn}
	if p, err := oidcProvider(c, *arn); err == nil {
		t.Tags = p.Tags
	}
	return t, nil
}

// oidcProviderOf reads an OpenID Connect provider of the caller's account in a transaction.
func oidcProviderOf(c *op.Call, arn *string) func(iam.Txn) (*iam.OIDCProvider, error) {
	return func(tx iam.Txn) (*iam.OIDCProvider, error) { return iam.FindOIDCProvider(tx, c.Account(), *arn) }
}

// issuer checks the URL of a provider, and returns it without its scheme. Unlike on AWS it may have a port, as that of
// a provider on a laptop or in a test has.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
func issuer(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", iam.Errorf(iam.ValidationError, "Invalid Open ID Connect Provider URL")
	}
	return s[len("https://"):], nil
}

func createOIDCProvider(
	ctx context.Context, c *op.Call, in *api.CreateOpenIDConnectProviderInput,
) (*api.CreateOpenIDConnectProviderOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	name, err := issuer(*in.Url)
	if err != nil {
		return nil, err
	}
	if err := quota(c, "oidc", "OpenIdConnectProvidersPerAccount", iam.MaxProviders); err != nil {
		return nil, err
	}
	p := &iam.OIDCProvider{
		Account: c.Account(), URL: name, ClientIDs: unique(in.ClientIDList), Thumbprints: unique(in.ThumbprintList), Created: c.Time.Truncate(time.Second),
	}
	if err := iam.SetTags(p, tags); err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateOIDCProvider(tx, p) }); err != nil {
		return nil, err
	}
	return &api.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: aws.String(p.ARN()), Tags: tagsOut(p.Tags)}, nil
}

// unique returns the list without repetitions, in its order.
func unique(list []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func getOIDCProvider(
	_ context.Context, c *op.Call, in *api.GetOpenIDConnectProviderInput,
) (*api.GetOpenIDConnectProviderOutput, error) {
	p, err := oidcProvider(c, *in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	return &api.GetOpenIDConnectProviderOutput{
		ClientIDList: p.ClientIDs, CreateDate: &p.Created, Tags: tagsOut(p.Tags), ThumbprintList: p.Thumbprints, Url: &p.URL,
	}, nil
}

func listOIDCProviders(
	_ context.Context, c *op.Call, _ *api.ListOpenIDConnectProvidersInput,
) (*api.ListOpenIDConnectProvidersOutput, error) {
	out := &api.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []types.OpenIDConnectProviderListEntry{}}
	for _, record := range c.State.List(iam.OIDCProviderKey(c.Account(), ""), "") {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList,
			types.OpenIDConnectProviderListEntry{Arn: aws.String(record.(*iam.OIDCProvider).ARN())})
	}
	return out, nil
}

func deleteOIDCProvider(
	ctx context.Context, c *op.Call, in *api.DeleteOpenIDConnectProviderInput,
) (*api.DeleteOpenIDConnectProviderOutput, error) {
	return &api.DeleteOpenIDConnectProviderOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteOIDCProvider(tx, c.Account(), *in.OpenIDConnectProviderArn)
	})
}

// changeOIDCProvider changes the account's OpenID Connect provider of an ARN.
func changeOIDCProvider(ctx context.Context, c *op.Call, arn *string, change func(*iam.OIDCProvider)) error {
	return c.Update(ctx, func(tx iam.Txn) error { return iam.UpdateOIDCProvider(tx, c.Account(), *arn, change) })
}

// addClientID changes nothing if the provider has the client id already, as on AWS; so does removeClientID if it does
// not.
func addClientID(
	ctx context.Context, c *op.Call, in *api.AddClientIDToOpenIDConnectProviderInput,
) (*api.AddClientIDToOpenIDConnectProviderOutput, error) {
	return &api.AddClientIDToOpenIDConnectProviderOutput{}, changeOIDCProvider(ctx, c, in.OpenIDConnectProviderArn,
		func(p *iam.OIDCProvider) { p.ClientIDs = unique(append(p.ClientIDs, *in.ClientID)) })
}

func removeClientID(
	ctx context.Context, c *op.Call, in *api.RemoveClientIDFromOpenIDConnectProviderInput,
) (*api.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	return &api.RemoveClientIDFromOpenIDConnectProviderOutput{}, changeOIDCProvider(ctx, c, in.OpenIDConnectProviderArn,
		func(p *iam.OIDCProvider) {
			p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == *in.ClientID })
		})
}

func updateThumbprint(
	ctx context.Context, c *op.Call, in *api.UpdateOpenIDConnectProviderThumbprintInput,
) (*api.UpdateOpenIDConnectProviderThumbprintOutput, error) {
	return &api.UpdateOpenIDConnectProviderThumbprintOutput{}, changeOIDCProvider(ctx, c, in.OpenIDConnectProviderArn,
		func(p *iam.OIDCProvider) { p.Thumbprints = unique(in.ThumbprintList) })
}

func listOIDCProviderTags(
	_ context.Context, c *op.Call, in *api.ListOpenIDConnectProviderTagsInput,
) (*api.ListOpenIDConnectProviderTagsOutput, error) {
	p, err := oidcProvider(c, *in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListOpenIDConnectProviderTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = listTags(p, in.Marker, in.MaxItems)
	return out, err
}
