package iamapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

// withTags adds the permission that setting tags takes when an entity is created with them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
func withTags(t op.Target, action string, tags []types.Tag) op.Target {
	if len(tags) == 0 {
		return t
	}
	also := op.Target{Action: action, Resource: t.Resource}
	var keys []string
	for _, tag := range tags {
		also = also.With("aws:RequestTag/"+*tag.Key, aws.ToString(tag.Value))
		keys = append(keys, *tag.Key)
	}
	t.Also = append(t.Also, also.With("aws:TagKeys", keys...))
	return t
}

// tag adds tags to the record that get reads.
func tag[R iam.Tagged](ctx context.Context, c *op.Call, in []types.Tag, get func(iam.Txn) (R, error)) error {
	tags, err := tagsIn(in)
	if err != nil {
		return err
	}
	return c.Update(ctx, func(tx iam.Txn) error {
		r, err := get(tx)
		if err != nil {
			return err
		}
		if err := iam.SetTags(r, tags); err != nil {
			return err
		}
		tx.Put(r)
		return nil
	})
}

// untag removes tags from the record that get reads.
func untag[R iam.Tagged](ctx context.Context, c *op.Call, keys []string, get func(iam.Txn) (R, error)) error {
	return c.Update(ctx, func(tx iam.Txn) error {
		r, err := get(tx)
		if err != nil {
			return err
		}
		iam.RemoveTags(r, keys)
		tx.Put(r)
		return nil
	})
}

// listTags is a page of the tags of a record. They are sorted by their keys.
func listTags(r iam.Tagged, marker *string, maxItems *int32) (tags []types.Tag, more bool, next *string, err error) {
	tags = []types.Tag{}
	p, err := slice(tagsOut(*r.Tagged()), func(t types.Tag) string { return *t.Key }, marker, maxItems,
		func(t types.Tag) { tags = append(tags, t) })
	if err != nil {
		return nil, false, nil, err
	}
	return tags, p.more, p.marker(), nil
}
