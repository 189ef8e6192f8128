package stsapi

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
)

// attributes are what a request sets for the session that it asks for, besides policies.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
type attributes struct {
	tags           []session.Tag
	transitive     []string // keys
	sourceIdentity string
}

// newAttributes checks what a request passes.
func newAttributes(tags []types.Tag, transitive []string, sourceIdentity *string) (*attributes, error) {
	a := &attributes{transitive: transitive, sourceIdentity: aws.ToString(sourceIdentity)}
	for _, t := range tags {
		a.tags = append(a.tags, session.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
	}
	return a, a.check()
}

func (a *attributes) check() error {
	if len(a.tags) > iam.MaxTags {
		return iam.Errorf(iam.ValidationError,
			"1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length "+
				"less than or equal to %d", iam.MaxTags)
	}
	for i, t := range a.tags {
		if reserved(t.Key) {
			return iam.Errorf(iam.InvalidParameterValue,
				"The tag key %s begins with aws:, which is reserved for AWS.", t.Key)
		}
		if find(a.tags[:i], t.Key) >= 0 {
			return iam.Errorf(iam.InvalidParameterValue,
				"Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
	}
	for _, key := range a.transitive {
		if find(a.tags, key) < 0 {
			return iam.Errorf(iam.InvalidParameterValue,
				"The specified transitive tag key must be included in the requested tags.")
		}
	}
	if reserved(a.sourceIdentity) {
		return iam.Errorf(iam.ValidationError, "A source identity cannot begin with aws:, which is reserved for AWS.")
	}
	return nil
}

func reserved(s string) bool { return len(s) >= 4 && strings.EqualFold(s[:4], "aws:") }

// find finds a tag by its key, in whose case there is no difference.
func find(tags []session.Tag, key string) int {
	return slices.IndexFunc(tags, func(t session.Tag) bool { return iam.SameTagKey(t.Key, key) })
}

// inherit adds what a chained session has from the one that asks for it: the transitive tags, which cannot be set to
// anything else, and the source identity, which cannot be changed.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
func (a *attributes) inherit(from *session.Session) (*attributes, error) {
	if from == nil {
		return a, nil
	}
	all := &attributes{slices.Clone(a.tags), slices.Clone(a.transitive), a.sourceIdentity}
	for _, key := range from.TransitiveTagKeys {
		if find(a.tags, key) >= 0 {
			return nil, iam.Errorf(iam.InvalidParameterValue,
				"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "+
					"from the calling session.")
		}
		if i := find(from.Tags, key); i >= 0 {
			all.tags = append(all.tags, from.Tags[i])
			all.transitive = append(all.transitive, key)
		}
	}
	switch {
	case from.SourceIdentity == "":
	case a.sourceIdentity == "", a.sourceIdentity == from.SourceIdentity:
		all.sourceIdentity = from.SourceIdentity
	default:
		return nil, iam.Errorf(iam.AccessDenied, "The source identity of the calling session cannot be changed.")
	}
	return all, nil
}

// require adds to a target what a session with these attributes needs besides: sts:TagSession if it has tags, passed
// or inherited, and sts:SetSourceIdentity if it has a source identity. Both are asked of the same policies, with the
// same keys.
func (a *attributes) require(t op.Target, all *attributes) op.Target {
	if len(a.tags) > 0 {
		keys := make([]string, len(a.tags))
		for i, tag := range a.tags {
			keys[i] = tag.Key
			t = t.With("aws:RequestTag/"+tag.Key, tag.Value)
		}
		t = t.With("aws:TagKeys", keys...)
	}
	if len(a.transitive) > 0 {
		t = t.With("sts:TransitiveTagKeys", a.transitive...)
	}
	if a.sourceIdentity != "" {
		t = t.With("sts:SourceIdentity", a.sourceIdentity)
	}
	also := t
	if len(all.tags) > 0 {
		also.Action = "sts:TagSession"
		t.Also = append(t.Also, also)
	}
	if all.sourceIdentity != "" {
		also.Action = "sts:SetSourceIdentity"
		t.Also = append(t.Also, also)
	}
	return t
}
