package iamapi

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var authorizationDetails = []op.Operation{
	op.New("GetAccountAuthorizationDetails", op.Everything[api.GetAccountAuthorizationDetailsInput], getAccountAuthorizationDetails),
}

// getAccountAuthorizationDetails goes through all kinds of entities with one page.
func getAccountAuthorizationDetails(
	_ context.Context, c *op.Call, in *api.GetAccountAuthorizationDetailsInput,
) (*api.GetAccountAuthorizationDetailsOutput, error) {
	p, err := newPage(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.GetAccountAuthorizationDetailsOutput{
		UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{},
		Policies: []types.ManagedPolicyDetail{},
	}
	for key, detail := range AuthorizationDetails(c, c.Account(), p.after, in.Filter...) {
		if !p.take(key) {
			if p.full() {
				break
			}
			continue
		}
		switch d := detail().(type) {
		case types.UserDetail:
			out.UserDetailList = append(out.UserDetailList, d)
		case types.GroupDetail:
			out.GroupDetailList = append(out.GroupDetailList, d)
		case types.RoleDetail:
			out.RoleDetailList = append(out.RoleDetailList, d)
		case types.ManagedPolicyDetail:
			out.Policies = append(out.Policies, d)
		}
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// AuthorizationDetails yields what GetAccountAuthorizationDetails says of an account, from behind a key on: of its users, groups,
// roles, customer managed policies, and the policies of AWS that it uses, or of those kinds of these that are asked for. Each
// comes with its key, in the order of the keys, and as a function that makes the types.UserDetail, types.GroupDetail,
// types.RoleDetail or types.ManagedPolicyDetail. The keys begin with the number of the kind.
//
// It does not ask whether the caller may read the account.
func AuthorizationDetails(c *op.Call, account, after string, kinds ...types.EntityType) iter.Seq2[string, func() any] {
	d := details{c, account}
	all := []struct {
		kind types.EntityType
		of   func(after string) iter.Seq2[string, func() any]
	}{
		{types.EntityTypeUser, each(c, iam.UserKey(account, ""), d.user)},
		{types.EntityTypeGroup, each(c, iam.GroupKey(account, ""), d.group)},
		{types.EntityTypeRole, each(c, iam.RoleKey(account, ""), d.role)},
		{types.EntityTypeLocalManagedPolicy, each(c, iam.PolicyKey(account, ""), d.policy)},
		{types.EntityTypeAWSManagedPolicy, d.awsPolicies},
	}
	return func(yield func(string, func() any) bool) {
		for i, list := range all {
			number, from := string(rune('0'+i)), ""
			if after > number {
				from = after[1:]
				if after[:1] != number {
					continue // they come before the key
				}
			}
			if len(kinds) > 0 && !slices.Contains(kinds, list.kind) {
				continue
			}
			for key, detail := range list.of(from) {
				if !yield(number+key, detail) {
					return
				}
			}
		}
	}
}

// details makes the details of an account.
type details struct {
	call    *op.Call
	account string
}

// each yields the keys of the records below a prefix, each with a function that makes the record's detail.
func each[R iam.Record, Detail any](c *op.Call, prefix string, detail func(R) Detail) func(string) iter.Seq2[string, func() any] {
	return func(after string) iter.Seq2[string, func() any] {
		return func(yield func(string, func() any) bool) {
			for key, record := range c.State.List(prefix, after) {
				if !yield(key, func() any { return detail(record.(R)) }) {
					return
				}
			}
		}
	}
}

// awsPolicies yields the policies of AWS that are attached somewhere in the account, or serve as a boundary.
func (d details) awsPolicies(after string) iter.Seq2[string, func() any] {
	return func(yield func(string, func() any) bool) {
		var used []*snapshot.OwnerPolicy
		for _, arn := range d.call.State.Used(d.account) {
			if p := d.call.State.OwnerPolicy(arn); p != nil {
				used = append(used, p)
			}
		}
		slices.SortFunc(used, func(a, b *snapshot.OwnerPolicy) int { return strings.Compare(a.Name, b.Name) })
		for _, p := range used {
			if key := awsPolicyKey(p); key > after && !yield(key, func() any { return d.awsPolicy(p) }) {
				return
			}
		}
	}
}

func (d details) user(u *iam.User) types.UserDetail {
	detail := types.UserDetail{
		Arn: aws.String(u.ARN()), CreateDate: &u.Created, Path: &u.Path, UserId: &u.ID, UserName: &u.Name, GroupList: []string{},
		AttachedManagedPolicies: attachedTo(u), UserPolicyList: inlineOf(u), PermissionsBoundary: boundaryOut(u.Boundary), Tags: tagsOut(u.Tags),
	}
	for _, id := range u.Groups {
		if g, ok := d.call.State.ByID(id).(*iam.Group); ok {
			detail.GroupList = append(detail.GroupList, g.Name)
		}
	}
	return detail
}

func (d details) group(g *iam.Group) types.GroupDetail {
	return types.GroupDetail{
		Arn: aws.String(g.ARN()), CreateDate: &g.Created, GroupId: &g.ID, GroupName: &g.Name, Path: &g.Path,
		AttachedManagedPolicies: attachedTo(g), GroupPolicyList: inlineOf(g),
	}
}

func (d details) role(r *iam.Role) types.RoleDetail {
	detail := types.RoleDetail{
		Arn: aws.String(r.ARN()), CreateDate: &r.Created, Path: &r.Path, RoleId: &r.ID, RoleName: &r.Name,
		AssumeRolePolicyDocument: trustOut(d.call, r), AttachedManagedPolicies: attachedTo(r), RolePolicyList: inlineOf(r),
		InstanceProfileList: []types.InstanceProfile{}, PermissionsBoundary: boundaryOut(r.Boundary), RoleLastUsed: lastUsedOut(d.call, r),
		Tags: tagsOut(r.Tags),
	}
	for _, record := range d.call.State.List(snapshot.InstancePrefix(r.ID), "") {
		detail.InstanceProfileList = append(detail.InstanceProfileList, *instanceProfileOut(d.call, record.(*iam.InstanceProfile)))
	}
	return detail
}

func (d details) policy(p *iam.Policy) types.ManagedPolicyDetail {
	detail := managedDetail(policyOut(d.call, p))
	if p.Description != "" {
		detail.Description = &p.Description
	}
	detail.PolicyVersionList = versionsOut(nil, p)
	for i := range detail.PolicyVersionList {
		v, _ := p.Version(*detail.PolicyVersionList[i].VersionId)
		detail.PolicyVersionList[i].Document = encoded(v.Document.Text)
	}
	return detail
}

// awsPolicy adds a policy of AWS with the version that is in force: some have more than a hundred.
func (d details) awsPolicy(p *snapshot.OwnerPolicy) types.ManagedPolicyDetail {
	detail, v := managedDetail(awsPolicyOut(d.call.State, d.account, p)), p.Default()
	detail.PolicyVersionList = []types.PolicyVersion{{
		CreateDate: known(v.Created), IsDefaultVersion: true, VersionId: &v.ID, Document: encoded(d.call.State.ManagedDocument(p.ARN, v.ID).Text),
	}}
	return detail
}

func managedDetail(p *types.Policy) types.ManagedPolicyDetail {
	return types.ManagedPolicyDetail{
		Arn: p.Arn, AttachmentCount: p.AttachmentCount, CreateDate: p.CreateDate, DefaultVersionId: p.DefaultVersionId, IsAttachable: p.IsAttachable,
		Path: p.Path, PermissionsBoundaryUsageCount: p.PermissionsBoundaryUsageCount, PolicyId: p.PolicyId, PolicyName: p.PolicyName,
		UpdateDate: p.UpdateDate,
	}
}

func attachedTo(who iam.Identity) []types.AttachedPolicy {
	out := []types.AttachedPolicy{}
	for _, arn := range who.Policies().Attached {
		out = append(out, attachedOut(arn))
	}
	return out
}

func inlineOf(who iam.Identity) []types.PolicyDetail {
	out := []types.PolicyDetail{}
	for _, p := range who.Policies().Inline {
		out = append(out, types.PolicyDetail{PolicyName: aws.String(p.Name), PolicyDocument: encoded(p.Document.Text)})
	}
	return out
}
