package iamapi

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var samlProviders = []op.Operation{
	op.New("CreateSAMLProvider", func(c *op.Call, in *api.CreateSAMLProviderInput) (op.Target, error) {
		return withTags(op.Target{Resource: newARN(c, "saml-provider", nil, *in.Name)}, "iam:TagSAMLProvider", in.Tags), nil
	}, createSAMLProvider),
	op.New("GetSAMLProvider", func(c *op.Call, in *api.GetSAMLProviderInput) (op.Target, error) {
		return onSAMLProvider(c, in.SAMLProviderArn)
	}, getSAMLProvider),
	op.New("ListSAMLProviders", func(c *op.Call, _ *api.ListSAMLProvidersInput) (op.Target, error) {
		return listed(c, "saml-provider", nil)
	}, listSAMLProviders),
	op.New("UpdateSAMLProvider", func(c *op.Call, in *api.UpdateSAMLProviderInput) (op.Target, error) {
		return onSAMLProvider(c, in.SAMLProviderArn)
	}, updateSAMLProvider),
	op.New("DeleteSAMLProvider", func(c *op.Call, in *api.DeleteSAMLProviderInput) (op.Target, error) {
		return onSAMLProvider(c, in.SAMLProviderArn)
	}, deleteSAMLProvider),
	op.New("TagSAMLProvider", func(c *op.Call, in *api.TagSAMLProviderInput) (op.Target, error) {
		return onSAMLProvider(c, in.SAMLProviderArn)
	}, func(ctx context.Context, c *op.Call, in *api.TagSAMLProviderInput) (*api.TagSAMLProviderOutput, error) {
		return &api.TagSAMLProviderOutput{}, tag(ctx, c, in.Tags, samlProviderOf(c, in.SAMLProviderArn))
	}),
	op.New("UntagSAMLProvider", func(c *op.Call, in *api.UntagSAMLProviderInput) (op.Target, error) {
		return onSAMLProvider(c, in.SAMLProviderArn)
	}, func(ctx context.Context, c *op.Call, in *api.UntagSAMLProviderInput) (*api.UntagSAMLProviderOutput, error) {
		return &api.UntagSAMLProviderOutput{}, untag(ctx, c, in.TagKeys, samlProviderOf(c, in.SAMLProviderArn))
	}),
	op.New("ListSAMLProviderTags", func(c *op.Call, in *api.ListSAMLProviderTagsInput) (op.Target, error) {
		return onSAMLProvider(c, in.SAMLProviderArn)
	}, listSAMLProviderTags),
}

// samlProvider is the account's SAML provider of an ARN, or AWS's error.
func samlProvider(c *op.Call, arn string) (*iam.SAMLProvider, error) {
	if name, ok := iam.SAMLProviderName(c.Account(), arn); ok {
		if p := snapshot.Get[iam.SAMLProvider](c.State, iam.SAMLProviderKey(c.Account(), name)); p != nil {
			return p, nil
		}
	}
	return nil, iam.Errorf(iam.NoSuchEntity, iam.NoSAMLProvider, arn)
}

func onSAMLProvider(c *op.Call, arn *string) (op.Target, error) {
	t := op.Target{Resource: *arn}
	if p, err := samlProvider(c, *arn); err == nil {
		t.Tags = p.Tags
	}
	return t, nil
}

// samlProviderOf reads a SAML provider of the caller's account in a transaction.
func samlProviderOf(c *op.Call, arn *string) func(iam.Txn) (*iam.SAMLProvider, error) {
	return func(tx iam.Txn) (*iam.SAMLProvider, error) { return iam.FindSAMLProvider(tx, c.Account(), *arn) }
}

// samlKey reads a private key in PEM, and returns it with its secret part encrypted; it is nil where none is given.
func samlKey(c *op.Call, text *string) (*iam.SAMLKey, error) {
	if text == nil {
		return nil, nil
	}
	block, _ := pem.Decode([]byte(*text))
	if block == nil {
		return nil, iam.Errorf(iam.InvalidInput, "The private key is not in PEM format.")
	}
	_, pkcs8 := x509.ParsePKCS8PrivateKey(block.Bytes)
	_, pkcs1 := x509.ParsePKCS1PrivateKey(block.Bytes)
	if pkcs8 != nil && pkcs1 != nil {
		return nil, iam.Errorf(iam.InvalidInput, "The private key cannot be read.")
	}
	k := &iam.SAMLKey{ID: c.NewID("SAMLK"), Added: c.Time.Truncate(time.Second)}
	k.Sealed = c.Keys.SealSecret(k.ID, *text)
	return k, nil
}

func createSAMLProvider(
	ctx context.Context, c *op.Call, in *api.CreateSAMLProviderInput,
) (*api.CreateSAMLProviderOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := quota(c, "saml", "SAMLProvidersPerAccount", iam.MaxProviders); err != nil {
		return nil, err
	}
	until, err := iam.MetadataValidity(*in.SAMLMetadataDocument, c.Time)
	if err != nil {
		return nil, err
	}
	key, err := samlKey(c, in.AddPrivateKey)
	if err != nil {
		return nil, err
	}
	p := &iam.SAMLProvider{
		Account: c.Account(), Name: *in.Name, UUID: c.NewID("SAMLP"), Metadata: *in.SAMLMetadataDocument,
		Created: c.Time.Truncate(time.Second), ValidUntil: until, Encryption: string(in.AssertionEncryptionMode),
	}
	if key != nil {
		p.Keys = []iam.SAMLKey{*key}
	}
	if err := iam.SetTags(p, tags); err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateSAMLProvider(tx, p) }); err != nil {
		return nil, err
	}
	return &api.CreateSAMLProviderOutput{SAMLProviderArn: aws.String(p.ARN()), Tags: tagsOut(p.Tags)}, nil
}

func getSAMLProvider(_ context.Context, c *op.Call, in *api.GetSAMLProviderInput) (*api.GetSAMLProviderOutput, error) {
	p, err := samlProvider(c, *in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	out := &api.GetSAMLProviderOutput{
		AssertionEncryptionMode: types.AssertionEncryptionModeType(p.Encryption), CreateDate: &p.Created, SAMLMetadataDocument: &p.Metadata,
		SAMLProviderUUID: &p.UUID, Tags: tagsOut(p.Tags), ValidUntil: &p.ValidUntil,
	}
	for _, k := range p.Keys {
		out.PrivateKeyList = append(out.PrivateKeyList, types.SAMLPrivateKey{KeyId: &k.ID, Timestamp: &k.Added})
	}
	return out, nil
}

func listSAMLProviders(
	_ context.Context, c *op.Call, _ *api.ListSAMLProvidersInput,
) (*api.ListSAMLProvidersOutput, error) {
	out := &api.ListSAMLProvidersOutput{SAMLProviderList: []types.SAMLProviderListEntry{}}
	for _, record := range c.State.List(iam.SAMLProviderKey(c.Account(), ""), "") {
		p := record.(*iam.SAMLProvider)
		out.SAMLProviderList = append(out.SAMLProviderList,
			types.SAMLProviderListEntry{Arn: aws.String(p.ARN()), CreateDate: &p.Created, ValidUntil: &p.ValidUntil})
	}
	return out, nil
}

func updateSAMLProvider(
	ctx context.Context, c *op.Call, in *api.UpdateSAMLProviderInput,
) (*api.UpdateSAMLProviderOutput, error) {
	var until time.Time
	if in.SAMLMetadataDocument != nil {
		var err error
		if until, err = iam.MetadataValidity(*in.SAMLMetadataDocument, c.Time); err != nil {
			return nil, err
		}
	}
	key, err := samlKey(c, in.AddPrivateKey)
	if err != nil {
		return nil, err
	}
	err = c.Update(ctx, func(tx iam.Txn) error {
		return iam.UpdateSAMLProvider(tx, c.Account(), *in.SAMLProviderArn, func(p *iam.SAMLProvider) error {
			if in.SAMLMetadataDocument != nil {
				p.Metadata, p.ValidUntil = *in.SAMLMetadataDocument, until
			}
			if in.AssertionEncryptionMode != "" {
				p.Encryption = string(in.AssertionEncryptionMode)
			}
			if key != nil {
				p.Keys = append(p.Keys, *key)
			}
			if in.RemovePrivateKey != nil {
				return p.RemoveKey(*in.RemovePrivateKey)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateSAMLProviderOutput{SAMLProviderArn: in.SAMLProviderArn}, nil
}

func deleteSAMLProvider(
	ctx context.Context, c *op.Call, in *api.DeleteSAMLProviderInput,
) (*api.DeleteSAMLProviderOutput, error) {
	return &api.DeleteSAMLProviderOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteSAMLProvider(tx, c.Account(), *in.SAMLProviderArn)
	})
}

func listSAMLProviderTags(
	_ context.Context, c *op.Call, in *api.ListSAMLProviderTagsInput,
) (*api.ListSAMLProviderTagsOutput, error) {
	p, err := samlProvider(c, *in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListSAMLProviderTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = listTags(p, in.Marker, in.MaxItems)
	return out, err
}
