package iamapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

var accessKeys = []op.Operation{
	op.New("CreateAccessKey", func(c *op.Call, in *api.CreateAccessKeyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, createAccessKey),
	op.New("ListAccessKeys", func(c *op.Call, in *api.ListAccessKeysInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, listAccessKeys),
	op.New("UpdateAccessKey", func(c *op.Call, in *api.UpdateAccessKeyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, updateAccessKey),
	op.New("DeleteAccessKey", func(c *op.Call, in *api.DeleteAccessKeyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, deleteAccessKey),
	op.New("GetAccessKeyLastUsed", func(c *op.Call, in *api.GetAccessKeyLastUsedInput) (op.Target, error) {
		return onAccessKey(c, *in.AccessKeyId)
	}, getAccessKeyLastUsed),
}

// onAccessKey is the target of an operation on an access key: the user whose key it is.
func onAccessKey(c *op.Call, id string) (op.Target, error) {
	_, u := accessKey(c, id)
	if u == nil {
		return op.Target{Resource: "arn:aws:iam::" + c.Account() + ":root"}, nil
	}
	return op.Target{Resource: u.ARN(), Tags: u.Tags}, nil
}

// accessKey finds an access key of the caller's account, and its user, who is nil if it is the root user's.
func accessKey(c *op.Call, id string) (*iam.AccessKey, *iam.User) {
	k := snapshot.Get[iam.AccessKey](c.State, iam.AccessKeyKey(id))
	if k == nil || k.Account != c.Account() {
		return nil, nil
	}
	u, _ := c.State.ByID(k.Owner).(*iam.User)
	return k, u
}

// statusOut is the status of a credential.
func statusOut(inactive bool) types.StatusType {
	if inactive {
		return types.StatusTypeInactive
	}
	return types.StatusTypeActive
}

// statusIn reports whether a credential is to be inactive. Nobody can make one expire by saying so.
func statusIn(s types.StatusType) (inactive bool, err error) {
	if s == types.StatusTypeExpired {
		return false, iam.Errorf(iam.InvalidInput, "The status %s cannot be set.", s)
	}
	return s == types.StatusTypeInactive, nil
}

// lastUsed is when a credential was last used; nil if never.
func lastUsed(c *op.Call, id string) *time.Time {
	if use := snapshot.Get[iam.Use](c.State, iam.UseKey(id)); use != nil {
		return aws.Time(use.Time.Truncate(time.Second))
	}
	return nil
}

// byAge is the key by which credentials of a user are listed: oldest first.
func byAge(made time.Time, id string) string { return made.UTC().Format(time.RFC3339) + " " + id }

// sorted is slice for items that are not in the order of their keys.
func sorted[T any](items []T, key func(T) string, marker *string, maxItems *int32, add func(T)) (*page, error) {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return slice(items, key, marker, maxItems, add)
}

func createAccessKey(
	ctx context.Context, c *op.Call, in *api.CreateAccessKeyInput,
) (*api.CreateAccessKeyOutput, error) {
	_, user, err := ownerOf(c, in.UserName)
	if err != nil {
		return nil, err
	}
	k := iam.AccessKey{
		ID: session.NewAccessKeyID(c.Rand, "AKIA", c.Account()), Account: c.Account(), Created: c.Time.Truncate(time.Second),
	}
	secret := session.NewSecret(c.Rand)
	k.Sealed = c.Keys.SealSecret(k.ID, secret)
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateAccessKey(tx, user, k) }); err != nil {
		return nil, err
	}
	return &api.CreateAccessKeyOutput{AccessKey: &types.AccessKey{
		AccessKeyId: aws.String(k.ID), SecretAccessKey: aws.String(secret), CreateDate: aws.Time(k.Created),
		Status: types.StatusTypeActive, UserName: orNil(user),
	}}, nil
}

func listAccessKeys(_ context.Context, c *op.Call, in *api.ListAccessKeysInput) (*api.ListAccessKeysOutput, error) {
	o, user, err := ownerOf(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListAccessKeysOutput{AccessKeyMetadata: []types.AccessKeyMetadata{}}
	p, err := sorted(keysOf(c, o), func(k *iam.AccessKey) string { return byAge(k.Created, k.ID) }, in.Marker, in.MaxItems,
		func(k *iam.AccessKey) {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, types.AccessKeyMetadata{
				AccessKeyId: aws.String(k.ID), CreateDate: aws.Time(k.Created), Status: statusOut(k.Inactive),
				UserName: orNil(user),
			})
		})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// keysOf are an owner's access keys.
func keysOf(c *op.Call, o iam.Owner) (keys []*iam.AccessKey) {
	for _, id := range *o.Credentials().Keys {
		if k := snapshot.Get[iam.AccessKey](c.State, iam.AccessKeyKey(id)); k != nil {
			keys = append(keys, k)
		}
	}
	return keys
}

func updateAccessKey(
	ctx context.Context, c *op.Call, in *api.UpdateAccessKeyInput,
) (*api.UpdateAccessKeyOutput, error) {
	_, user, err := ownerOf(c, in.UserName)
	if err != nil {
		return nil, err
	}
	inactive, err := statusIn(in.Status)
	if err != nil {
		return nil, err
	}
	return &api.UpdateAccessKeyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetAccessKeyStatus(tx, c.Account(), user, *in.AccessKeyId, inactive)
	})
}

func deleteAccessKey(
	ctx context.Context, c *op.Call, in *api.DeleteAccessKeyInput,
) (*api.DeleteAccessKeyOutput, error) {
	_, user, err := ownerOf(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &api.DeleteAccessKeyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteAccessKey(tx, c.Account(), user, *in.AccessKeyId)
	})
}

// notUsed is what AWS says for the region and the service of a credential that was never used, or where there is none.
const notUsed = "N/A"

func getAccessKeyLastUsed(
	_ context.Context, c *op.Call, in *api.GetAccessKeyLastUsedInput,
) (*api.GetAccessKeyLastUsedOutput, error) {
	k, u := accessKey(c, *in.AccessKeyId)
	if k == nil {
		return nil, iam.NoAccessKey(*in.AccessKeyId)
	}
	used := &types.AccessKeyLastUsed{
		Region: aws.String(notUsed), ServiceName: aws.String(notUsed), LastUsedDate: lastUsed(c, k.ID),
	}
	if use := snapshot.Get[iam.Use](c.State, iam.UseKey(k.ID)); use != nil {
		used.Region, used.ServiceName = orNotUsed(use.Region), orNotUsed(use.Service)
	}
	out := &api.GetAccessKeyLastUsedOutput{AccessKeyLastUsed: used}
	if u != nil {
		out.UserName = aws.String(u.Name)
	}
	return out, nil
}

func orNotUsed(s string) *string {
	if s == "" {
		s = notUsed
	}
	return aws.String(s)
}
