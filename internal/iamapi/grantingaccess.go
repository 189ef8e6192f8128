package iamapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/policy"
)

// serviceNamed looks up a service namespace.
func serviceNamed(namespace string) (*authref.Service, error) {
	if s, ok := authref.Lookup(namespace); ok {
		return s, nil
	}
	return nil, invalid("Invalid service namespace: %s", namespace)
}

// reach returns policies that allow each action that the documents allow on some resource and under some condition.
// It is decided on "*".
func reach(docs ...*iam.Document) (*eval.Policies, error) {
	p := new(eval.Policies)
	for _, d := range docs {
		doc, err := policy.Parse([]byte(d.Text))
		if err != nil {
			return nil, err
		}
		if doc = widest(doc); len(doc.Statements) == 0 {
			continue
		}
		compiled, err := eval.Compile(doc, eval.Identity)
		if err != nil {
			return nil, err
		}
		p.Identity = append(p.Identity, compiled)
	}
	return p, nil
}

// widest returns a document with each Allow on all resources and without conditions, and of the Deny statements those
// that are so already: what the others deny is not denied everywhere.
func widest(doc *policy.Document) *policy.Document {
	out := &policy.Document{Version: doc.Version}
	everything := policy.Element{Values: []policy.Value{{Text: "*"}}}
	for i := range doc.Statements {
		s := doc.Statements[i].Clone()
		all := slices.Contains(s.Resource.Strings(), "*")
		switch {
		case s.Effect == policy.Deny && (len(s.Condition) > 0 || s.Resource.Not || !all):
			continue
		case s.Effect == policy.Allow && (s.Resource.Not && all || !s.Resource.Not && len(s.Resource.Values) == 0):
			continue // it is about no resource
		}
		s.Resource, s.Condition = everything, nil
		out.Statements = append(out.Statements, s)
	}
	return out
}

// grants reports whether the policies allow an action of the service. What AWS allows without policies does not count.
func grants(p *eval.Policies, s *authref.Service) bool {
	return slices.ContainsFunc(s.Actions, func(a authref.Action) bool {
		d := p.Decide(&eval.Request{Action: a.String()})
		return d.Allowed() && !d.Unlisted
	})
}

// listPoliciesGrantingServiceAccess lists, for each namespace, an identity's policies in the order in which a
// decision takes them: inline before managed, and a user's own before those of its groups.
func listPoliciesGrantingServiceAccess(
	_ context.Context, c *op.Call, in *api.ListPoliciesGrantingServiceAccessInput,
) (*api.ListPoliciesGrantingServiceAccessOutput, error) {
	identity, err := identityAt(c, *in.Arn)
	if err != nil {
		return nil, err
	}
	sources, err := c.State.Identity(identity)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in.Marker, nil)
	if err != nil {
		return nil, err
	}
	reaches := make([]*eval.Policies, len(sources))
	for i, from := range sources {
		if reaches[i], err = reach(from.Document); err != nil {
			return nil, err
		}
	}
	out := &api.ListPoliciesGrantingServiceAccessOutput{
		PoliciesGrantingServiceAccess: []types.ListPoliciesGrantingServiceAccessEntry{},
	}
	for i, namespace := range in.ServiceNamespaces {
		s, err := serviceNamed(namespace)
		if err != nil {
			return nil, err
		}
		if !p.take(fmt.Sprintf("%08d", i)) {
			continue
		}
		entry := types.ListPoliciesGrantingServiceAccessEntry{
			ServiceNamespace: aws.String(namespace), Policies: []types.PolicyGrantingServiceAccess{},
		}
		listed := map[string]bool{} // managed policies, which a user may have by more than one way
		for j, from := range sources {
			if !listed[from.ARN] && grants(reaches[j], s) {
				listed[from.ARN] = from.ARN != ""
				entry.Policies = append(entry.Policies, grantingPolicy(from))
			}
		}
		out.PoliciesGrantingServiceAccess = append(out.PoliciesGrantingServiceAccess, entry)
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func grantingPolicy(from snapshot.Source) types.PolicyGrantingServiceAccess {
	if from.ARN != "" {
		return types.PolicyGrantingServiceAccess{
			PolicyName: aws.String(from.Name), PolicyType: types.PolicyTypeManaged, PolicyArn: aws.String(from.ARN),
		}
	}
	return types.PolicyGrantingServiceAccess{
		PolicyName: aws.String(from.Name), PolicyType: types.PolicyTypeInline,
		EntityName: aws.String(from.Holder.Head().Name),
		EntityType: types.PolicyOwnerEntityType(strings.ToUpper(from.Holder.Kind())),
	}
}
