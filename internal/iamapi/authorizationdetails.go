package iamapi

import (
	"context"
	"iter"
	"slices"

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

// details collects the answer of GetAccountAuthorizationDetails.
type details struct {
	call *op.Call
	out  *api.GetAccountAuthorizationDetailsOutput
}

// getAccountAuthorizationDetails goes through all kinds of entities with one page: users, groups, roles, customer
// managed policies, and the policies of AWS that the account uses. The keys of the page begin with the number of the
// kind.
func getAccountAuthorizationDetails(
	_ context.Context, c *op.Call, in *api.GetAccountAuthorizationDetailsInput,
) (*api.GetAccountAuthorizationDetailsOutput, error) {
	p, err := newPage(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	d := &details{c, &api.GetAccountAuthorizationDetailsOutput{
		UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{},
		Policies: []types.ManagedPolicyDetail{},
	}}
	kinds := []struct {
		filter types.EntityType
		all    func(after string) iter.Seq2[string, func()]
	}{
		{types.EntityTypeUser, each(c, iam.UserKey(c.Account(), ""), d.user)},
		{types.EntityTypeGroup, each(c, iam.GroupKey(c.Account(), ""), d.group)},
		{types.EntityTypeRole, each(c, iam.RoleKey(c.Account(), ""), d.role)},
		{types.EntityTypeLocalManagedPolicy, each(c, iam.PolicyKey(c.Account(), ""), d.policy)},
		{types.EntityTypeAWSManagedPolicy, d.awsPolicies},
	}
	for i, kind := range kinds {
		if p.full() || len(in.Filter) > 0 && !slices.Contains(in.Filter, kind.filter) {
			continue
		}
		number := string(rune('0' + i))
		after := ""
		if p.after > number {
			after = p.after[1:]
			if p.after[:1] != number {
				continue // an earlier page had them
			}
		}
		for key, add := range kind.all(after) {
			if p.take(number + key) {
				add()
			} else if p.full() {
				break
			}
		}
	}
	d.out.IsTruncated, d.out.Marker = p.more, p.marker()
	return d.out, nil
}

// each yields the keys of the records below a prefix, each with a function that adds the record to the answer.
func each[R iam.Record](c *op.Call, prefix string, add func(R)) func(string) iter.Seq2[string, func()] {
	return func(after string) iter.Seq2[string, func()] {
		return func(yield func(string, func()) bool) {
			for key, record := range c.State.List(prefix, after) {
				if !yield(key, func() { add(record.(R)) }) {
					return
				}
			}
		}
	}
}

// awsPolicies yields the policies of AWS that are attached somewhere in the account, or serve as a boundary.
func (d *details) awsPolicies(after string) iter.Seq2[string, func()] {
	return func(yield func(string, func()) bool) {
		for p := range d.call.State.OwnerPolicies() {
			key := awsPolicyKey(p)
			used := d.call.State.Count(snapshot.AttachedPrefix(d.call.Account(), p.ARN)) +
				d.call.State.Count(snapshot.BoundaryPrefix(d.call.Account(), p.ARN))
			if key > after && used > 0 && !yield(key, func() { d.awsPolicy(p) }) {
				return
			}
		}
	}
}

func (d *details) user(u *iam.User) {
	detail := types.UserDetail{
		Arn: aws.String(u.ARN()), CreateDate: &u.Created, Path: &u.Path, UserId: &u.ID, UserName: &u.Name, GroupList: []string{},
		AttachedManagedPolicies: attachedTo(u), UserPolicyList: inlineOf(u), PermissionsBoundary: boundaryOut(u.Boundary), Tags: tagsOut(u.Tags),
	}
	for _, id := range u.Groups {
		if g, ok := d.call.State.ByID(id).(*iam.Group); ok {
			detail.GroupList = append(detail.GroupList, g.Name)
		}
	}
	d.out.UserDetailList = append(d.out.UserDetailList, detail)
}

func (d *details) group(g *iam.Group) {
	d.out.GroupDetailList = append(d.out.GroupDetailList, types.GroupDetail{
		Arn: aws.String(g.ARN()), CreateDate: &g.Created, GroupId: &g.ID, GroupName: &g.Name, Path: &g.Path,
		AttachedManagedPolicies: attachedTo(g), GroupPolicyList: inlineOf(g),
	})
}

func (d *details) role(r *iam.Role) {
	detail := types.RoleDetail{
		Arn: aws.String(r.ARN()), CreateDate: &r.Created, Path: &r.Path, RoleId: &r.ID, RoleName: &r.Name,
		AssumeRolePolicyDocument: trustOut(d.call, r), AttachedManagedPolicies: attachedTo(r), RolePolicyList: inlineOf(r),
		InstanceProfileList: []types.InstanceProfile{}, PermissionsBoundary: boundaryOut(r.Boundary), RoleLastUsed: lastUsedOut(d.call, r),
		Tags: tagsOut(r.Tags),
	}
	for _, record := range d.call.State.List(snapshot.InstancePrefix(r.ID), "") {
		detail.InstanceProfileList = append(detail.InstanceProfileList, *instanceProfileOut(d.call, record.(*iam.InstanceProfile)))
	}
	d.out.RoleDetailList = append(d.out.RoleDetailList, detail)
}

func (d *details) policy(p *iam.Policy) {
	detail := managedDetail(policyOut(d.call, p))
	if p.Description != "" {
		detail.Description = &p.Description
	}
	detail.PolicyVersionList = versionsOut(nil, p)
	for i := range detail.PolicyVersionList {
		v, _ := p.Version(*detail.PolicyVersionList[i].VersionId)
		detail.PolicyVersionList[i].Document = encoded(v.Document.Text)
	}
	d.out.Policies = append(d.out.Policies, detail)
}

// awsPolicy adds a policy of AWS with the version that is in force: some have more than a hundred.
func (d *details) awsPolicy(p *snapshot.OwnerPolicy) {
	detail, v := managedDetail(awsPolicyOut(d.call, p)), p.Default()
	detail.PolicyVersionList = []types.PolicyVersion{{
		CreateDate: known(v.Created), IsDefaultVersion: true, VersionId: &v.ID, Document: encoded(d.call.State.ManagedDocument(p.ARN, v.ID).Text),
	}}
	d.out.Policies = append(d.out.Policies, detail)
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
