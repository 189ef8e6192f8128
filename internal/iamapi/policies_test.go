package iamapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/writtest"
)

func TestManagedPolicyFromBeginningToEnd(t *testing.T) {
	c := writtest.New(t).IAM()
	made := must(t, c.CreatePolicy, &iam.CreatePolicyInput{
		PolicyName: aws.String("Own"), Path: aws.String("/app/"), PolicyDocument: aws.String(anything), Description: aws.String("everything"),
		Tags: tagged("a=b"),
	}).Policy
	arn := made.Arn
	if *arn != ownARN("policy/app/Own") || !strings.HasPrefix(*made.PolicyId, "ANPA") || *made.DefaultVersionId != "v1" ||
		!made.IsAttachable ||
		*made.AttachmentCount != 0 || written(made.Tags) != "a=b" || made.Description != nil {
		t.Errorf("made %+v", made)
	}
	got := must(t, c.GetPolicy, &iam.GetPolicyInput{PolicyArn: arn}).Policy
	if *got.Description != "everything" || *got.PolicyId != *made.PolicyId || written(got.Tags) != "a=b" ||
		!got.UpdateDate.Equal(*made.CreateDate) {
		t.Errorf("got %+v", got)
	}
	version := must(t, c.GetPolicyVersion,
		&iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}).PolicyVersion
	if decoded(t, version.Document) != anything || !version.IsDefaultVersion {
		t.Errorf("version %+v", version)
	}

	reads := strings.Replace(anything, `"*"`, `"s3:Get*"`, 1)
	added := must(t, c.CreatePolicyVersion,
		&iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &reads, SetAsDefault: true}).PolicyVersion
	if *added.VersionId != "v2" || !added.IsDefaultVersion || added.Document != nil {
		t.Errorf("added %+v", added)
	}
	pages(t, "versions", func(marker *string, one *int32) result {
		out := must(t, c.ListPolicyVersions,
			&iam.ListPolicyVersionsInput{PolicyArn: arn, Marker: marker, MaxItems: one})
		return result{names(out.Versions, func(v types.PolicyVersion) *string { return v.VersionId }), out.Marker, out.IsTruncated}
	}, "v2", "v1")
	fails(t, "DeleteConflict", "more than one version", c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: arn})
	fails(t, "DeleteConflict", "default version", c.DeletePolicyVersion,
		&iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	must(t, c.SetDefaultPolicyVersion, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	must(t, c.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})

	must(t, c.TagPolicy, &iam.TagPolicyInput{PolicyArn: arn, Tags: tagged("c=d", "A=z")})
	must(t, c.UntagPolicy, &iam.UntagPolicyInput{PolicyArn: arn, TagKeys: []string{"C"}})
	if got := written(must(t, c.ListPolicyTags, &iam.ListPolicyTagsInput{PolicyArn: arn}).Tags); got != "A=z" {
		t.Errorf("tags %s", got)
	}
	must(t, c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: arn})
	fails(t, "NoSuchEntity", "Policy "+*arn+" was not found.", c.GetPolicy, &iam.GetPolicyInput{PolicyArn: arn})
}

func TestWhatManagedPoliciesRefuse(t *testing.T) {
	c := writtest.New(t).IAM()
	arn := must(t, c.CreatePolicy, newPolicy("Own")).Policy.Arn
	fails(t, "EntityAlreadyExists", "A policy called own already exists. Duplicate names are not allowed.", c.CreatePolicy, newPolicy("own"))
	for document, message := range map[string]string{
		"{":      "Syntax errors in policy.",
		ec2Trust: "Policy document should not specify a principal.",
		strings.Replace(anything, `,"Resource":"*"`, "", 1): "Policy statement must contain resources.",
	} {
		fails(t, "MalformedPolicyDocument", message, c.CreatePolicy,
			&iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: &document})
		fails(t, "MalformedPolicyDocument", message, c.CreatePolicyVersion,
			&iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &document})
	}
	large := strings.Replace(anything, `"*"`, `["s3:`+strings.Repeat(strings.Repeat("a", 600)+`","s3:`, 10)+`b"]`, 1)
	fails(t, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144", c.CreatePolicy,
		&iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: &large})

	for _, missing := range []string{ownARN("policy/None"), ownARN("policy/app/Own"), noSuchPolicy} {
		missing, v1 := &missing, aws.String("v1")
		message := "Policy " + *missing + " was not found."
		fails(t, "NoSuchEntity", message, c.GetPolicy, &iam.GetPolicyInput{PolicyArn: missing})
		fails(t, "NoSuchEntity", message, c.GetPolicyVersion,
			&iam.GetPolicyVersionInput{PolicyArn: missing, VersionId: v1})
		fails(t, "NoSuchEntity", message, c.ListPolicyVersions, &iam.ListPolicyVersionsInput{PolicyArn: missing})
		fails(t, "NoSuchEntity", message, c.ListPolicyTags, &iam.ListPolicyTagsInput{PolicyArn: missing})
		fails(t, "NoSuchEntity", message, c.ListEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: missing})
		if *missing == noSuchPolicy {
			continue // which nobody may change, be it there or not
		}
		fails(t, "NoSuchEntity", message, c.CreatePolicyVersion,
			&iam.CreatePolicyVersionInput{PolicyArn: missing, PolicyDocument: aws.String(anything)})
		fails(t, "NoSuchEntity", message, c.SetDefaultPolicyVersion,
			&iam.SetDefaultPolicyVersionInput{PolicyArn: missing, VersionId: v1})
		fails(t, "NoSuchEntity", message, c.DeletePolicyVersion,
			&iam.DeletePolicyVersionInput{PolicyArn: missing, VersionId: v1})
		fails(t, "NoSuchEntity", message, c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: missing})
		fails(t, "NoSuchEntity", message, c.TagPolicy, &iam.TagPolicyInput{PolicyArn: missing, Tags: tagged("a=")})
		fails(t, "NoSuchEntity", message, c.UntagPolicy,
			&iam.UntagPolicyInput{PolicyArn: missing, TagKeys: []string{"a"}})
	}
	v9, message := aws.String("v9"), "Policy "+*arn+" version v9 does not exist or is not attachable."
	fails(t, "NoSuchEntity", message, c.GetPolicyVersion, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: v9})
	fails(t, "NoSuchEntity", message, c.SetDefaultPolicyVersion,
		&iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: v9})
	fails(t, "NoSuchEntity", message, c.DeletePolicyVersion,
		&iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: v9})

	for _, bad := range []string{"AdministratorAccess-Amplify", "arn:aws:iam:aws:policy/AdministratorAccess", ownARN("role/worker"), "arn:aws:s3:::policy/bucket"} {
		fails(t, "InvalidInput", "ARN "+bad+" is not valid.", c.GetPolicy, &iam.GetPolicyInput{PolicyArn: &bad})
	}
	fails(t, "ValidationError", "Invalid ARN partition", c.GetPolicy,
		&iam.GetPolicyInput{PolicyArn: aws.String("arn:aws-cn:iam::aws:policy/ReadOnlyAccess")})
	fails(t, "AccessDenied", "", c.GetPolicy,
		&iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::444455556666:policy/Theirs")})
}

func TestPolicyOfAWSIsReadAndNotChanged(t *testing.T) {
	c := writtest.New(t).IAM()
	const arn = "arn:aws:iam::aws:policy/AdministratorAccess-Amplify"
	theirs, _ := managed.Lookup(arn)
	got := must(t, c.GetPolicy, &iam.GetPolicyInput{PolicyArn: aws.String(arn)}).Policy
	if *got.DefaultVersionId != theirs.Default().ID || !got.UpdateDate.Equal(theirs.Default().Created) || *got.PolicyName != theirs.Name ||
		!got.IsAttachable {
		t.Errorf("got %+v", got)
	}
	v10 := must(t, c.GetPolicyVersion,
		&iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: aws.String("v10")}).PolicyVersion
	if want, _ := theirs.Version("v10"); decoded(t, v10.Document) != string(want.Document()) {
		t.Error("v10 is another document")
	}
	if all := must(t, c.ListPolicyVersions,
		&iam.ListPolicyVersionsInput{PolicyArn: aws.String(arn)}).Versions; len(all) != len(theirs.Versions()) ||
		*all[0].VersionId != *got.DefaultVersionId || !all[0].IsDefaultVersion {
		t.Errorf("%d versions, want %d", len(all), len(theirs.Versions()))
	}
	if tags := must(t, c.ListPolicyTags, &iam.ListPolicyTagsInput{PolicyArn: aws.String(arn)}).Tags; len(tags) != 0 {
		t.Errorf("tags %v", tags)
	}
	withdrawn := must(t, c.GetPolicy,
		&iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::aws:policy/AWSIoT1ClickFullAccess")}).Policy
	if withdrawn.IsAttachable {
		t.Error("a policy that AWS withdrew is attachable")
	}

	for name, change := range map[string]func() error{
		"CreatePolicyVersion": try(c.CreatePolicyVersion,
			&iam.CreatePolicyVersionInput{PolicyArn: aws.String(arn), PolicyDocument: aws.String(anything)}),
		"SetDefaultPolicyVersion": try(c.SetDefaultPolicyVersion,
			&iam.SetDefaultPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: aws.String("v1")}),
		"DeletePolicyVersion": try(c.DeletePolicyVersion,
			&iam.DeletePolicyVersionInput{PolicyArn: aws.String(arn), VersionId: aws.String("v1")}),
		"DeletePolicy": try(c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: aws.String(arn)}),
		"TagPolicy":    try(c.TagPolicy, &iam.TagPolicyInput{PolicyArn: aws.String(arn), Tags: tagged("a=")}),
		"UntagPolicy": try(c.UntagPolicy,
			&iam.UntagPolicyInput{PolicyArn: aws.String(arn), TagKeys: []string{"a"}}),
	} {
		if err := change(); code(err) != "AccessDenied" || !strings.Contains(err.Error(), "iam:"+name) {
			t.Errorf("%s by the root user: %v, want AccessDenied", name, err)
		}
	}
}

// listPolicies reads a list of policies in pages, and returns their names.
func listPolicies(t *testing.T, c *iam.Client, in iam.ListPoliciesInput) (all []string) {
	t.Helper()
	for {
		out := must(t, c.ListPolicies, &in)
		all = append(all, names(out.Policies, func(p types.Policy) *string { return p.PolicyName })...)
		if in.Marker = out.Marker; !out.IsTruncated {
			return all
		}
	}
}

func TestPoliciesOfAWSAndOwnAreInOneList(t *testing.T) {
	c := writtest.New(t).IAM()
	for _, name := range []string{"Own-b", "Own-a", "Own-c"} {
		in := newPolicy(name)
		in.Path = aws.String("/app/")
		must(t, c.CreatePolicy, in)
	}
	must(t, c.CreateRole, newRole("worker"))
	must(t, c.AttachRolePolicy,
		&iam.AttachRolePolicyInput{RoleName: aws.String("worker"), PolicyArn: aws.String(readOnly)})
	must(t, c.AttachRolePolicy,
		&iam.AttachRolePolicyInput{RoleName: aws.String("worker"), PolicyArn: aws.String(ownARN("policy/app/Own-b"))})
	must(t, c.PutRolePermissionsBoundary,
		&iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("worker"), PermissionsBoundary: aws.String(ownARN("policy/app/Own-c"))})

	theirs := managed.Names()
	want := append([]string{"Own-a", "Own-b", "Own-c"}, theirs...)
	for _, size := range []int32{100, 1000} {
		if got := listPolicies(t, c, iam.ListPoliciesInput{MaxItems: &size}); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("in pages of %d: %d policies, want %d", size, len(got), len(want))
		}
	}
	if got := listPolicies(t, c, iam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws}); strings.Join(got, " ") != strings.Join(theirs, " ") {
		t.Errorf("of AWS: %d policies, want %d", len(got), len(theirs))
	}
	for _, test := range []struct {
		in   iam.ListPoliciesInput
		want string
	}{
		{iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal, MaxItems: aws.Int32(1)}, "Own-a Own-b Own-c"},
		{iam.ListPoliciesInput{PathPrefix: aws.String("/app/")}, "Own-a Own-b Own-c"},
		{iam.ListPoliciesInput{OnlyAttached: true, MaxItems: aws.Int32(1)}, "Own-b ReadOnlyAccess"},
		{iam.ListPoliciesInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary}, "Own-c"},
		{iam.ListPoliciesInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary, OnlyAttached: true}, "Own-c"},
		{iam.ListPoliciesInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsPolicy, Scope: types.PolicyScopeTypeLocal}, "Own-a Own-b"},
	} {
		if got := strings.Join(listPolicies(t, c, test.in), " "); got != test.want {
			t.Errorf("%+v: %s, want %s", test.in, got, test.want)
		}
	}
	got := must(t, c.ListPolicies, &iam.ListPoliciesInput{OnlyAttached: true}).Policies[0]
	if *got.AttachmentCount != 1 || *got.PermissionsBoundaryUsageCount != 0 || got.Description != nil ||
		got.Tags != nil {
		t.Errorf("listed as %+v", got)
	}
}

func TestOfTwoVersionsAtOnceTheFifthWins(t *testing.T) {
	c := writtest.New(t).IAM()
	arn := must(t, c.CreatePolicy, newPolicy("Own")).Policy.Arn
	version := try(c.CreatePolicyVersion,
		&iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(anything)})
	for range 3 {
		if err := version(); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		codes := race(version, version)
		if won := strings.Join(codes, " "); strings.TrimSpace(won) != "LimitExceeded" {
			t.Fatalf("errors %q, want one LimitExceeded", codes)
		}
		all := must(t, c.ListPolicyVersions, &iam.ListPolicyVersionsInput{PolicyArn: arn}).Versions
		if len(all) != 5 {
			t.Fatalf("%d versions", len(all))
		}
		must(t, c.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: all[0].VersionId})
	}
}

func TestPolicyIsNotDeletedWhileItIsAttached(t *testing.T) {
	c := writtest.New(t).IAM()
	user := aws.String("alice")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: user})
	attached := func() int {
		return len(must(t, c.ListAttachedUserPolicies,
			&iam.ListAttachedUserPoliciesInput{UserName: user}).AttachedPolicies)
	}
	for i := range 10 {
		arn := must(t, c.CreatePolicy, newPolicy(fmt.Sprint("Own", i))).Policy.Arn
		attach := try(c.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: arn})
		detach := try(c.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: arn})
		drop := try(c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: arn})

		switch codes := strings.Join(race(attach, drop), ","); {
		case codes == "NoSuchEntity," && attached() == 0: // deleted first
			continue
		case codes == ",DeleteConflict" && attached() == 1: // attached first
		default:
			t.Fatalf("attach and delete: errors %q, %d attached", codes, attached())
		}
		switch codes := strings.Join(race(detach, drop), ","); {
		case codes == "," && attached() == 0:
		case codes == ",DeleteConflict" && attached() == 0: // too early
			if err := drop(); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("detach and delete: errors %q, %d attached", codes, attached())
		}
	}
}
