package orgapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/writtest"
)

func TestOrganizationIsCreatedDescribedAndDeleted(t *testing.T) {
	org := writtest.New(t).Organizations()
	_, err := org.DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{})
	wantError(t, err, "AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")

	created := must(t, org.CreateOrganization, &organizations.CreateOrganizationInput{
		FeatureSet: types.OrganizationFeatureSetAll,
	})
	described := must(t, org.DescribeOrganization, &organizations.DescribeOrganizationInput{})
	o := described.Organization
	if *o.Id != *created.Organization.Id || !strings.HasPrefix(*o.Id, "o-") || len(*o.Id) != 12 ||
		*o.Arn != "arn:aws:organizations::"+writtest.Account+":organization/"+*o.Id ||
		*o.MasterAccountId != writtest.Account || o.FeatureSet != types.OrganizationFeatureSetAll ||
		*o.MasterAccountArn != "arn:aws:organizations::"+writtest.Account+":account/"+*o.Id+"/"+writtest.Account {
		t.Errorf("organization: %+v", o)
	}
	root := must(t, org.ListRoots, &organizations.ListRootsInput{}).Roots[0]
	if len(*root.Id) != 6 || *root.Name != "Root" || len(root.PolicyTypes) != 0 ||
		*root.Arn != "arn:aws:organizations::"+writtest.Account+":root/"+*o.Id+"/"+*root.Id {
		t.Errorf("root: %+v", root)
	}
	_, err = org.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{})
	wantError(t, err, "AlreadyInOrganizationException", "already a member")

	must(t, org.CreateOrganizationalUnit, &organizations.CreateOrganizationalUnitInput{
		Name: aws.String("a"), ParentId: root.Id,
	})
	must(t, org.CreatePolicy, &organizations.CreatePolicyInput{
		Name: aws.String("p"), Type: scp, Content: aws.String(denyIAM), Description: aws.String(""),
	})
	must(t, org.DeleteOrganization, &organizations.DeleteOrganizationInput{})
	_, err = org.ListRoots(t.Context(), &organizations.ListRootsInput{})
	wantError(t, err, "AWSOrganizationsNotInUseException", "")
	must(t, org.CreateOrganization, &organizations.CreateOrganizationInput{})
}

func TestOrganizationWithMembersCannotBeDeletedAndOneWithoutCan(t *testing.T) {
	w := newWorld(t)
	account := w.account("dev", w.root)
	_, err := w.DeleteOrganization(t.Context(), &organizations.DeleteOrganizationInput{})
	wantError(t, err, "OrganizationNotEmptyException", "member accounts")
	must(t, w.RemoveAccountFromOrganization, &organizations.RemoveAccountFromOrganizationInput{AccountId: &account})
	must(t, w.DeleteOrganization, &organizations.DeleteOrganizationInput{})
}

func TestUnitsAreDescribedRenamedAndDeleted(t *testing.T) {
	w := newWorld(t)
	outer := w.unit("Outer", w.root)
	inner := w.unit("Inner", outer)
	must(t, w.UpdateOrganizationalUnit, &organizations.UpdateOrganizationalUnitInput{
		OrganizationalUnitId: &inner, Name: aws.String("Renamed"),
	})
	w.unit("Inner", outer) // the name is free again
	u := must(t, w.DescribeOrganizationalUnit, &organizations.DescribeOrganizationalUnitInput{
		OrganizationalUnitId: &inner,
	})
	if got := u.OrganizationalUnit; *got.Name != "Renamed" || *got.Id != inner ||
		!strings.HasSuffix(*got.Path, "/"+w.root+"/"+outer+"/"+inner+"/") || !strings.Contains(*got.Arn, ":ou/o-") {
		t.Errorf("unit: %+v", got)
	}
	if !strings.HasPrefix(inner, "ou-"+w.root[2:]+"-") {
		t.Errorf("the id %s does not begin with that of the root %s", inner, w.root)
	}
	must(t, w.DeleteOrganizationalUnit, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &inner})
	w.unit("Renamed", outer)
}

func TestNewUnitsAndAccountsHaveTheFullAccessPolicies(t *testing.T) {
	w := newWorld(t)
	unit := w.unit("Sandbox", w.root)
	for _, target := range []string{w.root, unit, w.account("dev", unit), writtest.Account} {
		if got := w.attached(target, scp) + " " + w.attached(target, rcp); got != "p-FullAWSAccess p-RCPFullAWSAccess" {
			t.Errorf("%s has %s", target, got)
		}
	}
	out := must(t, w.ListTargetsForPolicy, &organizations.ListTargetsForPolicyInput{PolicyId: aws.String("p-FullAWSAccess")})
	if len(out.Targets) != 4 {
		t.Errorf("targets: %+v", out.Targets)
	}
	kinds := map[types.TargetType]int{}
	for _, target := range out.Targets {
		kinds[target.Type]++
	}
	if kinds[types.TargetTypeAccount] != 2 || kinds[types.TargetTypeRoot] != 1 {
		t.Errorf("types of targets: %v", kinds)
	}
	p := must(t, w.DescribePolicy, &organizations.DescribePolicyInput{PolicyId: aws.String("p-FullAWSAccess")}).Policy
	if s := p.PolicySummary; !s.AwsManaged || *s.Name != "FullAWSAccess" || s.Type != scp ||
		*s.Arn != "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess" {
		t.Errorf("policy: %+v", s)
	}
}

func TestTagsAreKept(t *testing.T) {
	w := newWorld(t)
	unit := w.unit("Sandbox", w.root)
	for _, id := range []string{w.root, unit, w.account("dev", unit), w.policy("p", scp, denyIAM)} {
		must(t, w.TagResource, &organizations.TagResourceInput{ResourceId: &id, Tags: []types.Tag{
			{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")},
		}})
		must(t, w.UntagResource, &organizations.UntagResourceInput{ResourceId: &id, TagKeys: []string{"b"}})
		out := must(t, w.ListTagsForResource, &organizations.ListTagsForResourceInput{ResourceId: &id})
		if len(out.Tags) != 1 || *out.Tags[0].Key != "a" || *out.Tags[0].Value != "1" {
			t.Errorf("tags of %s: %+v", id, out.Tags)
		}
	}
}

// A failure is a call that AWS answers with an error.
type failure struct {
	name, code, part string // of the message, or the reason
	call             func() error
}

// try is a call to make later.
func try[In, Out any](
	t *testing.T, do func(context.Context, *In, ...func(*organizations.Options)) (*Out, error), in *In,
) func() error {
	return func() error {
		_, err := do(t.Context(), in)
		return err
	}
}

func TestDeclaredErrors(t *testing.T) {
	w := newWorld(t)
	s := aws.String
	outer := w.unit("Outer", w.root)
	inner := w.unit("Inner", outer)
	account := w.account("dev", w.root)
	closed := w.account("closed", w.root)
	must(t, w.CloseAccount, &organizations.CloseAccountInput{AccountId: &closed})
	deny, other := w.policy("Deny", scp, denyIAM), w.policy("Other", scp, denyIAM)
	w.attach(deny, outer)
	deep := outer
	for i := range 4 {
		deep = w.unit(fmt.Sprint("Deep", i), deep)
	}
	full := w.unit("Full", w.root)
	for i := range 9 { // beside FullAWSAccess
		w.attach(w.policy(fmt.Sprint("P", i), scp, denyIAM), full)
	}
	var tags []types.Tag
	for i := range 51 {
		tags = append(tags, types.Tag{Key: s(fmt.Sprint("k", i)), Value: s("")})
	}
	noUnit, noAccount, noPolicy := s("ou-"+w.root[2:]+"-00000000"), s("000000000000"), s("p-00000000")
	unit := func(name, parent string) *organizations.CreateOrganizationalUnitInput {
		return &organizations.CreateOrganizationalUnitInput{Name: &name, ParentId: &parent}
	}
	policy := func(name string, p types.PolicyType, document string) *organizations.CreatePolicyInput {
		return &organizations.CreatePolicyInput{Name: &name, Type: p, Content: &document, Description: s("")}
	}
	move := func(account, from, to string) func() error {
		return try(t, w.MoveAccount, &organizations.MoveAccountInput{
			AccountId: &account, SourceParentId: &from, DestinationParentId: &to,
		})
	}
	attach := func(policy, target string) func() error {
		return try(t, w.AttachPolicy, &organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &target})
	}
	detach := func(policy, target string) func() error {
		return try(t, w.DetachPolicy, &organizations.DetachPolicyInput{PolicyId: &policy, TargetId: &target})
	}
	tag := func(id string, tags ...types.Tag) func() error {
		return try(t, w.TagResource, &organizations.TagResourceInput{ResourceId: &id, Tags: tags})
	}
	for _, f := range []failure{
		{"enable twice", "PolicyTypeAlreadyEnabledException", "already enabled", try(t, w.EnablePolicyType,
			&organizations.EnablePolicyTypeInput{RootId: &w.root, PolicyType: scp})},
		{"enable at another root", "RootNotFoundException", "root that doesn't exist", try(t, w.EnablePolicyType,
			&organizations.EnablePolicyTypeInput{RootId: s("r-0000"), PolicyType: scp})},
		{"enable tag policies", "PolicyTypeNotAvailableForOrganizationException", "TAG_POLICY", try(t, w.EnablePolicyType,
			&organizations.EnablePolicyTypeInput{RootId: &w.root, PolicyType: types.PolicyTypeTagPolicy})},
		{"unit below nothing", "ParentNotFoundException", "parent", try(t, w.CreateOrganizationalUnit, unit("a", *noUnit))},
		{"unit of a sibling's name", "DuplicateOrganizationalUnitException", "An OU with the same name already exists.",
			try(t, w.CreateOrganizationalUnit, unit("Outer", w.root))},
		{"unit on the sixth level", "ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED",
			try(t, w.CreateOrganizationalUnit, unit("a", deep))},
		{"unit with a key twice", "InvalidInputException", "DUPLICATE_TAG_KEY", try(t, w.CreateOrganizationalUnit,
			&organizations.CreateOrganizationalUnitInput{Name: s("a"), ParentId: &w.root, Tags: []types.Tag{tags[0], tags[0]}})},
		{"describe no unit", "OrganizationalUnitNotFoundException", "", try(t, w.DescribeOrganizationalUnit,
			&organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: noUnit})},
		{"rename no unit", "OrganizationalUnitNotFoundException", "", try(t, w.UpdateOrganizationalUnit,
			&organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: noUnit, Name: s("a")})},
		{"rename to a sibling's name", "DuplicateOrganizationalUnitException", "", try(t, w.UpdateOrganizationalUnit,
			&organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &outer, Name: s("Full")})},
		{"delete no unit", "OrganizationalUnitNotFoundException", "", try(t, w.DeleteOrganizationalUnit,
			&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: noUnit})},
		{"delete a unit with a unit", "OrganizationalUnitNotEmptyException", "", try(t, w.DeleteOrganizationalUnit,
			&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &outer})},
		{"units of no parent", "ParentNotFoundException", "", try(t, w.ListOrganizationalUnitsForParent,
			&organizations.ListOrganizationalUnitsForParentInput{ParentId: noUnit})},
		{"accounts of no parent", "ParentNotFoundException", "", try(t, w.ListAccountsForParent,
			&organizations.ListAccountsForParentInput{ParentId: noUnit})},
		{"children of no parent", "ParentNotFoundException", "", try(t, w.ListChildren,
			&organizations.ListChildrenInput{ParentId: noUnit, ChildType: types.ChildTypeAccount})},
		{"parents of no child", "ChildNotFoundException", "", try(t, w.ListParents,
			&organizations.ListParentsInput{ChildId: noAccount})},
		{"another page's token", "InvalidInputException", "INVALID_NEXT_TOKEN", try(t, w.ListAccounts,
			&organizations.ListAccountsInput{NextToken: s("?")})},
		{"a page that is too long", "InvalidInputException", "MAX_VALUE_EXCEEDED", try(t, w.ListAccounts,
			&organizations.ListAccountsInput{MaxResults: aws.Int32(21)})},
		{"no request", "CreateAccountStatusNotFoundException", "", try(t, w.DescribeCreateAccountStatus,
			&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: s("car-00000000")})},
		{"describe no account", "AccountNotFoundException", "", try(t, w.DescribeAccount,
			&organizations.DescribeAccountInput{AccountId: noAccount})},
		{"close no account", "AccountNotFoundException", "", try(t, w.CloseAccount,
			&organizations.CloseAccountInput{AccountId: noAccount})},
		{"close twice", "AccountAlreadyClosedException", "", try(t, w.CloseAccount,
			&organizations.CloseAccountInput{AccountId: &closed})},
		{"close the management account", "ConstraintViolationException", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
			try(t, w.CloseAccount, &organizations.CloseAccountInput{AccountId: s(writtest.Account)})},
		{"remove the management account", "MasterCannotLeaveOrganizationException", "", try(t, w.RemoveAccountFromOrganization,
			&organizations.RemoveAccountFromOrganizationInput{AccountId: s(writtest.Account)})},
		{"remove no account", "AccountNotFoundException", "", try(t, w.RemoveAccountFromOrganization,
			&organizations.RemoveAccountFromOrganizationInput{AccountId: noAccount})},
		{"move no account", "AccountNotFoundException", "", move(*noAccount, w.root, outer)},
		{"move from elsewhere", "SourceParentNotFoundException", "", move(account, outer, inner)},
		{"move to nowhere", "DestinationParentNotFoundException", "", move(account, w.root, *noUnit)},
		{"move to the same place", "DuplicateAccountException", "", move(account, w.root, w.root)},
		{"malformed policy", "MalformedPolicyDocumentException", "line 1, column 2", try(t, w.CreatePolicy, policy("a", scp, `{,`))},
		{"SCP with a principal", "MalformedPolicyDocumentException", "requirements of the specified policy type",
			try(t, w.CreatePolicy, policy("a", scp, denyRCP))},
		{"RCP that allows", "MalformedPolicyDocumentException", "requirements of the specified policy type",
			try(t, w.CreatePolicy, policy("a", rcp, allowAll))},
		{"SCP that is too long", "ConstraintViolationException", "POLICY_CONTENT_LIMIT_EXCEEDED",
			try(t, w.CreatePolicy, policy("a", scp, denyIAM+strings.Repeat(" ", 10241)))},
		{"policy of another's name", "DuplicatePolicyException", "specified name and type already exists",
			try(t, w.CreatePolicy, policy("Deny", scp, denyIAM))},
		{"policy of AWS's name", "DuplicatePolicyException", "", try(t, w.CreatePolicy, policy("FullAWSAccess", scp, denyIAM))},
		{"backup policy", "PolicyTypeNotAvailableForOrganizationException", "",
			try(t, w.CreatePolicy, policy("a", types.PolicyTypeBackupPolicy, "{}"))},
		{"describe no policy", "PolicyNotFoundException", "", try(t, w.DescribePolicy,
			&organizations.DescribePolicyInput{PolicyId: noPolicy})},
		{"update no policy", "PolicyNotFoundException", "", try(t, w.UpdatePolicy,
			&organizations.UpdatePolicyInput{PolicyId: noPolicy})},
		{"update AWS's policy", "InvalidInputException", "IMMUTABLE_POLICY", try(t, w.UpdatePolicy,
			&organizations.UpdatePolicyInput{PolicyId: s("p-FullAWSAccess"), Name: s("a")})},
		{"update to another's name", "DuplicatePolicyException", "", try(t, w.UpdatePolicy,
			&organizations.UpdatePolicyInput{PolicyId: &other, Name: s("Deny")})},
		{"update to nonsense", "MalformedPolicyDocumentException", "", try(t, w.UpdatePolicy,
			&organizations.UpdatePolicyInput{PolicyId: &other, Content: s("{}x")})},
		{"delete no policy", "PolicyNotFoundException", "", try(t, w.DeletePolicy,
			&organizations.DeletePolicyInput{PolicyId: noPolicy})},
		{"delete AWS's policy", "InvalidInputException", "IMMUTABLE_POLICY", try(t, w.DeletePolicy,
			&organizations.DeletePolicyInput{PolicyId: s("p-RCPFullAWSAccess")})},
		{"delete an attached policy", "PolicyInUseException", "", try(t, w.DeletePolicy,
			&organizations.DeletePolicyInput{PolicyId: &deny})},
		{"attach no policy", "PolicyNotFoundException", "", attach(*noPolicy, outer)},
		{"attach to no target", "TargetNotFoundException", "", attach(deny, *noAccount)},
		{"attach to no unit", "TargetNotFoundException", "", attach(deny, *noUnit)},
		{"attach twice", "DuplicatePolicyAttachmentException", "", attach(deny, outer)},
		{"attach one too many", "ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", attach(deny, full)},
		{"detach what is not attached", "PolicyNotAttachedException", "", detach(deny, account)},
		{"detach the last SCP", "ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
			detach("p-FullAWSAccess", account)},
		{"detach AWS's RCP", "InvalidInputException", "NON_DETACHABLE_POLICY", detach("p-RCPFullAWSAccess", account)},
		{"policies of no target", "TargetNotFoundException", "", try(t, w.ListPoliciesForTarget,
			&organizations.ListPoliciesForTargetInput{TargetId: noAccount, Filter: scp})},
		{"targets of no policy", "PolicyNotFoundException", "", try(t, w.ListTargetsForPolicy,
			&organizations.ListTargetsForPolicyInput{PolicyId: noPolicy})},
		{"effective SCP", "InvalidInputException", "INVALID_ENUM", try(t, w.DescribeEffectivePolicy,
			&organizations.DescribeEffectivePolicyInput{PolicyType: "SERVICE_CONTROL_POLICY"})},
		{"effective tag policy", "EffectivePolicyNotFoundException", "", try(t, w.DescribeEffectivePolicy,
			&organizations.DescribeEffectivePolicyInput{PolicyType: types.EffectivePolicyTypeTagPolicy})},
		{"tag nothing", "TargetNotFoundException", "", tag(*noAccount, tags[0])},
		{"tag no policy", "TargetNotFoundException", "", tag(*noPolicy, tags[0])},
		{"51 tags", "ConstraintViolationException", "MAX_TAG_LIMIT_EXCEEDED", tag(account, tags...)},
		{"AWS's tag", "InvalidInputException", "INVALID_SYSTEM_TAGS_PARAMETER",
			tag(account, types.Tag{Key: s("aws:x"), Value: s("")})},
		{"tags of nothing", "TargetNotFoundException", "", try(t, w.ListTagsForResource,
			&organizations.ListTagsForResourceInput{ResourceId: noAccount})},
		{"consolidated billing", "InvalidInputException", "INVALID_ENUM", try(t, w.CreateOrganization,
			&organizations.CreateOrganizationInput{FeatureSet: types.OrganizationFeatureSetConsolidatedBilling})},
	} {
		t.Run(f.name, func(t *testing.T) { wantError(t, f.call(), f.code, f.part) })
	}
	must(t, w.DisablePolicyType, &organizations.DisablePolicyTypeInput{RootId: &w.root, PolicyType: rcp})
	wantError(t, try(t, w.DisablePolicyType, &organizations.DisablePolicyTypeInput{RootId: &w.root, PolicyType: rcp})(),
		"PolicyTypeNotEnabledException", "enabled policy types")
	wantError(t, attach(w.policy("R", rcp, denyRCP), w.root)(), "PolicyTypeNotEnabledException", "enabled policy types")
}

// A pager is one of the SDK's paginators.
type pager[Out any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*organizations.Options)) (Out, error)
}

// ids reads all pages, and returns the ids of their items.
func ids[Out, T any](p pager[Out], items func(Out) []T, id func(T) *string) func(*testing.T) []string {
	return func(t *testing.T) (all []string) {
		t.Helper()
		for p.HasMorePages() {
			page, err := p.NextPage(t.Context())
			allowed(t, err)
			if n := len(items(page)); n > 2 {
				t.Errorf("a page has %d items", n)
			}
			for _, item := range items(page) {
				all = append(all, *id(item))
			}
		}
		return all
	}
}

func TestListsComeInPagesWithoutGapsAndRepeats(t *testing.T) {
	w := newWorld(t)
	const n = 5
	unit := w.unit("Unit", w.root)
	deny := w.policy("Deny", scp, denyIAM)
	for i := range n {
		w.unit(fmt.Sprint("U", i), unit)
		w.attach(deny, w.account(fmt.Sprint("account", i), unit))
		if i < 3 {
			w.attach(w.policy(fmt.Sprint("P", i), scp, denyIAM), unit)
		}
	}
	two := aws.Int32(2)
	for name, list := range map[string]struct {
		ids  func(*testing.T) []string
		want int
	}{
		"roots": {ids(organizations.NewListRootsPaginator(w, &organizations.ListRootsInput{MaxResults: two}),
			func(o *organizations.ListRootsOutput) []types.Root { return o.Roots },
			func(r types.Root) *string { return r.Id }), 1},
		"units": {ids(organizations.NewListOrganizationalUnitsForParentPaginator(w,
			&organizations.ListOrganizationalUnitsForParentInput{ParentId: &unit, MaxResults: two}),
			func(o *organizations.ListOrganizationalUnitsForParentOutput) []types.OrganizationalUnit {
				return o.OrganizationalUnits
			},
			func(u types.OrganizationalUnit) *string { return u.Id }), n},
		"accounts": {ids(organizations.NewListAccountsPaginator(w, &organizations.ListAccountsInput{MaxResults: two}),
			func(o *organizations.ListAccountsOutput) []types.Account { return o.Accounts },
			func(a types.Account) *string { return a.Id }), n + 1},
		"accounts of a unit": {ids(organizations.NewListAccountsForParentPaginator(w,
			&organizations.ListAccountsForParentInput{ParentId: &unit, MaxResults: two}),
			func(o *organizations.ListAccountsForParentOutput) []types.Account { return o.Accounts },
			func(a types.Account) *string { return a.Id }), n},
		"children": {ids(organizations.NewListChildrenPaginator(w,
			&organizations.ListChildrenInput{ParentId: &unit, ChildType: types.ChildTypeOrganizationalUnit, MaxResults: two}),
			func(o *organizations.ListChildrenOutput) []types.Child { return o.Children },
			func(c types.Child) *string { return c.Id }), n},
		"requests": {ids(organizations.NewListCreateAccountStatusPaginator(w,
			&organizations.ListCreateAccountStatusInput{MaxResults: two}),
			func(o *organizations.ListCreateAccountStatusOutput) []types.CreateAccountStatus {
				return o.CreateAccountStatuses
			},
			func(s types.CreateAccountStatus) *string { return s.Id }), n},
		"policies": {ids(organizations.NewListPoliciesPaginator(w,
			&organizations.ListPoliciesInput{Filter: scp, MaxResults: two}),
			func(o *organizations.ListPoliciesOutput) []types.PolicySummary { return o.Policies },
			func(p types.PolicySummary) *string { return p.Id }), 5},
		"policies of a target": {ids(organizations.NewListPoliciesForTargetPaginator(w,
			&organizations.ListPoliciesForTargetInput{TargetId: &unit, Filter: scp, MaxResults: two}),
			func(o *organizations.ListPoliciesForTargetOutput) []types.PolicySummary { return o.Policies },
			func(p types.PolicySummary) *string { return p.Id }), 4},
		"targets of a policy": {ids(organizations.NewListTargetsForPolicyPaginator(w,
			&organizations.ListTargetsForPolicyInput{PolicyId: &deny, MaxResults: two}),
			func(o *organizations.ListTargetsForPolicyOutput) []types.PolicyTargetSummary { return o.Targets },
			func(p types.PolicyTargetSummary) *string { return p.TargetId }), n},
	} {
		got := list.ids(t)
		if len(got) != list.want || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("%s: %v; want %d", name, got, list.want)
		}
	}
}

// calls are calls of all operations that act on an organization, none of which is invalid.
func calls(w *world, c *organizations.Client, unit, account, policy string) map[string]func() error {
	t, s := w.t, aws.String
	return map[string]func() error{
		"DeleteOrganization": try(t, c.DeleteOrganization, &organizations.DeleteOrganizationInput{}),
		"ListRoots":          try(t, c.ListRoots, &organizations.ListRootsInput{}),
		"EnablePolicyType": try(t, c.EnablePolicyType,
			&organizations.EnablePolicyTypeInput{RootId: &w.root, PolicyType: scp}),
		"DisablePolicyType": try(t, c.DisablePolicyType,
			&organizations.DisablePolicyTypeInput{RootId: &w.root, PolicyType: scp}),
		"CreateOrganizationalUnit": try(t, c.CreateOrganizationalUnit,
			&organizations.CreateOrganizationalUnitInput{ParentId: &w.root, Name: s("a")}),
		"DescribeOrganizationalUnit": try(t, c.DescribeOrganizationalUnit,
			&organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: &unit}),
		"UpdateOrganizationalUnit": try(t, c.UpdateOrganizationalUnit,
			&organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &unit, Name: s("b")}),
		"DeleteOrganizationalUnit": try(t, c.DeleteOrganizationalUnit,
			&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &unit}),
		"ListOrganizationalUnitsForParent": try(t, c.ListOrganizationalUnitsForParent,
			&organizations.ListOrganizationalUnitsForParentInput{ParentId: &w.root}),
		"ListChildren": try(t, c.ListChildren,
			&organizations.ListChildrenInput{ParentId: &w.root, ChildType: types.ChildTypeAccount}),
		"ListParents": try(t, c.ListParents, &organizations.ListParentsInput{ChildId: &unit}),
		"CreateAccount": try(t, c.CreateAccount,
			&organizations.CreateAccountInput{AccountName: s("n"), Email: s("n@example.com")}),
		"DescribeCreateAccountStatus": try(t, c.DescribeCreateAccountStatus,
			&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: s("car-00000000")}),
		"ListCreateAccountStatus": try(t, c.ListCreateAccountStatus, &organizations.ListCreateAccountStatusInput{}),
		"DescribeAccount":         try(t, c.DescribeAccount, &organizations.DescribeAccountInput{AccountId: &account}),
		"ListAccounts":            try(t, c.ListAccounts, &organizations.ListAccountsInput{}),
		"ListAccountsForParent": try(t, c.ListAccountsForParent,
			&organizations.ListAccountsForParentInput{ParentId: &w.root}),
		"MoveAccount": try(t, c.MoveAccount, &organizations.MoveAccountInput{
			AccountId: &account, SourceParentId: &w.root, DestinationParentId: &unit,
		}),
		"CloseAccount": try(t, c.CloseAccount, &organizations.CloseAccountInput{AccountId: &account}),
		"RemoveAccountFromOrganization": try(t, c.RemoveAccountFromOrganization,
			&organizations.RemoveAccountFromOrganizationInput{AccountId: &account}),
		"CreatePolicy": try(t, c.CreatePolicy, &organizations.CreatePolicyInput{
			Name: s("a"), Type: scp, Content: s(denyIAM), Description: s(""),
		}),
		"UpdatePolicy":   try(t, c.UpdatePolicy, &organizations.UpdatePolicyInput{PolicyId: &policy}),
		"DeletePolicy":   try(t, c.DeletePolicy, &organizations.DeletePolicyInput{PolicyId: &policy}),
		"DescribePolicy": try(t, c.DescribePolicy, &organizations.DescribePolicyInput{PolicyId: &policy}),
		"ListPolicies":   try(t, c.ListPolicies, &organizations.ListPoliciesInput{Filter: scp}),
		"AttachPolicy": try(t, c.AttachPolicy,
			&organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &unit}),
		"DetachPolicy": try(t, c.DetachPolicy,
			&organizations.DetachPolicyInput{PolicyId: &policy, TargetId: &unit}),
		"ListPoliciesForTarget": try(t, c.ListPoliciesForTarget,
			&organizations.ListPoliciesForTargetInput{TargetId: &unit, Filter: scp}),
		"ListTargetsForPolicy": try(t, c.ListTargetsForPolicy,
			&organizations.ListTargetsForPolicyInput{PolicyId: &policy}),
		"DescribeEffectivePolicy": try(t, c.DescribeEffectivePolicy,
			&organizations.DescribeEffectivePolicyInput{PolicyType: types.EffectivePolicyTypeTagPolicy}),
		"TagResource": try(t, c.TagResource,
			&organizations.TagResourceInput{ResourceId: &unit, Tags: []types.Tag{{Key: s("a"), Value: s("")}}}),
		"UntagResource": try(t, c.UntagResource,
			&organizations.UntagResourceInput{ResourceId: &unit, TagKeys: []string{"a"}}),
		"ListTagsForResource": try(t, c.ListTagsForResource,
			&organizations.ListTagsForResourceInput{ResourceId: &unit}),
	}
}

func TestUserWithoutPoliciesMayDoNothing(t *testing.T) {
	w := newWorld(t)
	unit, account, policy := w.unit("Unit", w.root), w.account("dev", w.root), w.policy("p", scp, denyIAM)
	nobody := organizations.NewFromConfig(w.user(w.rootConfig(), "nobody"))
	for name, call := range calls(w, nobody, unit, account, policy) {
		wantError(t, call(), "AccessDeniedException", "User: arn:aws:iam::"+writtest.Account+
			":user/nobody is not authorized to perform: organizations:"+name)
	}
	_, err := nobody.DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{})
	wantError(t, err, "AccessDeniedException", "organizations:DescribeOrganization")
	_, err = nobody.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{})
	wantError(t, err, "AccessDeniedException", "organizations:CreateOrganization")
}

func TestMemberAccountMayOnlyDescribeTheOrganization(t *testing.T) {
	w := newWorld(t)
	unit, account, policy := w.unit("Unit", w.root), w.account("dev", w.root), w.policy("p", scp, denyIAM)
	member := organizations.NewFromConfig(w.in(account))
	for name, call := range calls(w, member, unit, account, policy) {
		if err := call(); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			wantError(t, err, "AccessDeniedException", "You don't have permissions to access this resource.")
		}
	}
	must(t, member.DescribeOrganization, &organizations.DescribeOrganizationInput{})
}

func TestPermissionsCanBeForOnePartOfTheTreeAndOneTypeOfPolicy(t *testing.T) {
	w := newWorld(t)
	mine, theirs := w.unit("Mine", w.root), w.unit("Theirs", w.root)
	guard, closed := w.policy("Guard", scp, denyIAM), w.policy("Closed", rcp, denyRCP)
	as := w.user(w.rootConfig(), "keeper")
	must(t, w.srv.IAM().PutUserPolicy, &iam.PutUserPolicyInput{
		UserName: aws.String("keeper"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17",
		"Statement":[{"Effect":"Allow","Action":"organizations:AttachPolicy",
		"Resource":["arn:aws:organizations::*:policy/*","arn:aws:organizations::*:ou/*/` + mine + `"],
		"Condition":{"StringEquals":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}]}`),
	})
	keeper := organizations.NewFromConfig(as)
	attach := func(policy, target string) error {
		_, err := keeper.AttachPolicy(t.Context(), &organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &target})
		return err
	}
	allowed(t, attach(guard, mine))
	wantError(t, attach(guard, theirs), "AccessDeniedException", "/"+theirs)
	wantError(t, attach(closed, mine), "AccessDeniedException", "/"+closed)
}

// code is the code of an error of AWS's, or "" for none.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

// atOnce makes calls at the same moment, and returns the codes of their errors.
func atOnce(calls ...func() error) []string {
	codes := make([]string, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { codes[i] = code(call()) })
	}
	all.Wait()
	return codes
}

func TestMovingAndDeletingAtTheSameMomentKeepsTheTreeWhole(t *testing.T) {
	w := newWorld(t)
	account := w.account("dev", w.root)
	for i := range 25 {
		unit := w.unit("Unit", w.root)
		codes := atOnce(
			try(t, w.MoveAccount, &organizations.MoveAccountInput{
				AccountId: &account, SourceParentId: &w.root, DestinationParentId: &unit,
			}),
			try(t, w.DeleteOrganizationalUnit, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &unit}),
		)
		switch strings.Join(codes, " ") {
		case "<nil> OrganizationalUnitNotEmptyException":
			if got := w.parent(account); got != unit {
				t.Fatalf("round %d: the account is in %s", i, got)
			}
			w.move(account, unit, w.root)
			must(t, w.DeleteOrganizationalUnit, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &unit})
		case "DestinationParentNotFoundException <nil>":
			if got := w.parent(account); got != w.root {
				t.Fatalf("round %d: the account is in %s", i, got)
			}
		default:
			t.Fatalf("round %d: %q", i, codes)
		}
	}
}

func TestAttachingAndDeletingAtTheSameMomentLeavesNoDeadAttachment(t *testing.T) {
	w := newWorld(t)
	for i := range 25 {
		policy := w.policy("P", scp, denyIAM)
		codes := atOnce(
			try(t, w.AttachPolicy, &organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &w.root}),
			try(t, w.DeletePolicy, &organizations.DeletePolicyInput{PolicyId: &policy}),
		)
		switch strings.Join(codes, " ") {
		case "<nil> PolicyInUseException":
			w.detach(policy, w.root)
			must(t, w.DeletePolicy, &organizations.DeletePolicyInput{PolicyId: &policy})
		case "PolicyNotFoundException <nil>":
		default:
			t.Fatalf("round %d: %q", i, codes)
		}
		if got := w.attached(w.root, scp); got != "p-FullAWSAccess" {
			t.Fatalf("round %d: attached: %s", i, got)
		}
	}
}

func TestOfTwoUnitsOfOneNameAtTheSameMomentOneIsCreated(t *testing.T) {
	w := newWorld(t)
	for i := range 10 {
		create := try(t, w.CreateOrganizationalUnit, &organizations.CreateOrganizationalUnitInput{
			Name: aws.String(fmt.Sprint("Unit", i)), ParentId: &w.root,
		})
		codes := atOnce(create, create, create)
		slices.Sort(codes)
		duplicate := "DuplicateOrganizationalUnitException"
		if got := strings.Join(codes, " "); got != "<nil> "+duplicate+" "+duplicate {
			t.Fatal(got)
		}
	}
}
