// Package iamapi is the IAM API: a table of its operations.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
//
// A row names an operation, the resource it is authorized on, and its handler. What the handlers keep to is in package iam; what they read is the
// call's snapshot. Inputs and outputs are those of the AWS SDK for Go, so that field names are AWS's.
package iamapi

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

// Service makes the API.
func Service() *op.Service {
	return op.NewService("iam", awsmodel.IAM(), op.Query,
		users, groups, accessKeys, logins, accounts, mfaDevices, sshKeys, signingCertificates, serviceCredentials, serverCertificates,
		credentialReports, roles, policies, inlinePolicies, attachments, boundaries, instanceProfiles, serviceLinkedRoles,
		oidcProviders, samlProviders, authorizationDetails, simulations,
	)
}

// onNamed is the target of an operation on an entity: its ARN with the path it has, or without if it does not exist, and its tags.

func onUser(c *op.Call, name *string) (op.Target, error) {
	if name == nil { // the caller
		u, err := callingUser(c)
		if err != nil {
			return op.Target{Resource: c.Caller.ARN}, nil
		}
		return op.Target{Resource: u.ARN(), Tags: u.Tags}, nil
	}
	if u, err := c.User(*name); err == nil {
		return op.Target{Resource: u.ARN(), Tags: u.Tags}, nil
	}
	return op.Target{Resource: newARN(c, "user", nil, *name)}, nil
}

func onRole(c *op.Call, name *string) (op.Target, error) {
	if r, err := c.Role(*name); err == nil {
		return op.Target{Resource: r.ARN(), Tags: r.Tags}, nil
	}
	return op.Target{Resource: newARN(c, "role", nil, *name)}, nil
}

func onGroup(c *op.Call, name *string) (op.Target, error) {
	if g, err := c.Group(*name); err == nil {
		return op.Target{Resource: g.ARN()}, nil
	}
	return op.Target{Resource: newARN(c, "group", nil, *name)}, nil
}

// newARN is the ARN that an entity of the caller's account has or would have.
func newARN(c *op.Call, kind string, path *string, name string) string {
	p := "/"
	if path != nil && *path != "" {
		p = *path
	}
	return "arn:aws:iam::" + c.Account() + ":" + kind + p + name
}

// listed is the target of an operation that lists entities of a kind, below a path prefix.
func listed(c *op.Call, kind string, prefix *string) (op.Target, error) {
	return op.Target{Resource: newARN(c, kind, prefix, "")}, nil
}

// callingUser is the user who calls, for operations whose UserName may be left out.
func callingUser(c *op.Call) (*iam.User, error) {
	if u, ok := c.Caller.Entity.(*iam.User); ok {
		return u, nil
	}
	return nil, iam.Errorf(iam.ValidationError, "Must specify userName when calling with non-User credentials")
}

// userOrCaller is the user of a name or, without one, the caller.
func userOrCaller(c *op.Call, name *string) (*iam.User, error) {
	if name == nil {
		return callingUser(c)
	}
	return c.User(*name)
}

// encoded is a policy document as the API returns it: percent-encoded by RFC 3986.
func encoded(text string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(text), "+", "%20"))
}

// tags from the wire; keys that differ only in case are an error.
func tagsIn(in []types.Tag) ([]iam.Tag, error) {
	seen := map[string]bool{}
	var out []iam.Tag
	for _, t := range in {
		key := strings.ToLower(*t.Key)
		if seen[key] {
			return nil, iam.Errorf(iam.InvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if strings.HasPrefix(key, "aws:") {
			return nil, iam.Errorf(iam.InvalidInput, "Tag keys that begin with aws: are reserved for AWS.")
		}
		seen[key] = true
		out = append(out, iam.Tag{Key: *t.Key, Value: aws.ToString(t.Value)})
	}
	return out, nil
}

// tagsOut is nil for no tags, which the wire then does not have.
func tagsOut(tags []iam.Tag) (out []types.Tag) {
	for _, t := range tags {
		out = append(out, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return out
}

func boundaryOut(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(arn), PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

// quota refuses one more of what an account has only so many of.
func quota(c *op.Call, kind, name string, max int) error {
	if c.State.Count(kind+"/"+c.Account()+"/") >= max {
		return iam.Errorf(iam.LimitExceeded, "Cannot exceed quota for %s: %d", name, max)
	}
	return nil
}
