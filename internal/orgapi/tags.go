package orgapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var tags = []op.Operation{
	row("TagResource", func(t *tree, in *api.TagResourceInput) op.Target { return t.on(in.ResourceId) }, tagResource),
	row("UntagResource", func(t *tree, in *api.UntagResourceInput) op.Target {
		return t.on(in.ResourceId)
	}, untagResource),
	row("ListTagsForResource", func(t *tree, in *api.ListTagsForResourceInput) op.Target {
		return t.on(in.ResourceId)
	}, listTags),
}

// tagsIn are tags from the wire. That no key is there twice is seen to before a call is authorized.
func tagsIn(in []types.Tag) (out []iam.Tag, err error) {
	for _, t := range in {
		if strings.HasPrefix(strings.ToLower(aws.ToString(t.Key)), "aws:") {
			return nil, iam.InvalidOrgInputError("INVALID_SYSTEM_TAGS_PARAMETER", "Tag keys that begin with aws: are reserved.")
		}
		out = append(out, iam.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
	}
	if len(out) > iam.MaxTags {
		return nil, iam.ErrOrgTags
	}
	return out, nil
}

func tagResource(ctx context.Context, t *tree, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.TagOrgResource(tx, t.org.ID, *in.ResourceId, tags)
	})
}

func untagResource(ctx context.Context, t *tree, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	return &api.UntagResourceOutput{}, t.Update(ctx, func(tx iam.Txn) error {
		return iam.UntagOrgResource(tx, t.org.ID, *in.ResourceId, in.TagKeys)
	})
}

func listTags(_ context.Context, t *tree, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	var tagged iam.Tagged
	if id := *in.ResourceId; strings.HasPrefix(id, "p-") {
		if p := t.State.OrgPolicy(t.org.ID, id); p != nil {
			tagged = p
		}
	} else if target := t.target(id); target != nil {
		tagged = target
	}
	if tagged == nil {
		return nil, iam.NoOrgTarget
	}
	out := &api.ListTagsForResourceOutput{}
	var err error
	out.Tags, out.NextToken, err = page(*tagged.Tagged(), func(t iam.Tag) string { return t.Key }, in.NextToken, nil,
		func(t iam.Tag) types.Tag { return types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)} })
	return out, err
}
