package iamapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func TestInstanceProfileFromBeginningToEnd(t *testing.T) {
	c := writtest.New(t).IAM()
	box, worker := aws.String("Box"), aws.String("worker")
	must(t, c.CreateRole, newRole("worker"))
	made := must(t, c.CreateInstanceProfile,
		&iam.CreateInstanceProfileInput{InstanceProfileName: box, Path: aws.String("/app/"), Tags: tagged("a=b")}).InstanceProfile
	if *made.Arn != ownARN("instance-profile/app/Box") || !strings.HasPrefix(*made.InstanceProfileId, "AIPA") || len(made.Roles) != 0 ||
		written(made.Tags) != "a=b" {
		t.Errorf("made %+v", made)
	}
	must(t, c.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: box, RoleName: worker})
	got := must(t, c.GetInstanceProfile,
		&iam.GetInstanceProfileInput{InstanceProfileName: aws.String("box")}).InstanceProfile
	if len(got.Roles) != 1 || *got.Roles[0].RoleName != "worker" || got.Roles[0].AssumeRolePolicyDocument == nil ||
		written(got.Tags) != "a=b" {
		t.Errorf("got %+v", got)
	}
	fails(t, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", c.AddRoleToInstanceProfile,
		&iam.AddRoleToInstanceProfileInput{InstanceProfileName: box, RoleName: worker})
	fails(t, "DeleteConflict", "must remove roles from instance profile first.", c.DeleteInstanceProfile,
		&iam.DeleteInstanceProfileInput{InstanceProfileName: box})
	fails(t, "DeleteConflict", "must remove roles from instance profile first.", c.DeleteRole,
		&iam.DeleteRoleInput{RoleName: worker})

	must(t, c.TagInstanceProfile, &iam.TagInstanceProfileInput{InstanceProfileName: box, Tags: tagged("c=d")})
	must(t, c.UntagInstanceProfile, &iam.UntagInstanceProfileInput{InstanceProfileName: box, TagKeys: []string{"a"}})
	if got := written(must(t, c.ListInstanceProfileTags, &iam.ListInstanceProfileTagsInput{InstanceProfileName: box}).Tags); got != "c=d" {
		t.Errorf("tags %s", got)
	}
	must(t, c.RemoveRoleFromInstanceProfile,
		&iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: box, RoleName: worker})
	must(t, c.DeleteInstanceProfile, &iam.DeleteInstanceProfileInput{InstanceProfileName: box})
	missing := "Instance Profile Box cannot be found."
	fails(t, "NoSuchEntity", missing, c.GetInstanceProfile, &iam.GetInstanceProfileInput{InstanceProfileName: box})
	fails(t, "NoSuchEntity", missing, c.DeleteInstanceProfile,
		&iam.DeleteInstanceProfileInput{InstanceProfileName: box})
	fails(t, "NoSuchEntity", missing, c.TagInstanceProfile,
		&iam.TagInstanceProfileInput{InstanceProfileName: box, Tags: tagged("a=")})
	fails(t, "NoSuchEntity", missing, c.UntagInstanceProfile,
		&iam.UntagInstanceProfileInput{InstanceProfileName: box, TagKeys: []string{"a"}})
	fails(t, "NoSuchEntity", missing, c.ListInstanceProfileTags,
		&iam.ListInstanceProfileTagsInput{InstanceProfileName: box})
	fails(t, "NoSuchEntity", missing, c.AddRoleToInstanceProfile,
		&iam.AddRoleToInstanceProfileInput{InstanceProfileName: box, RoleName: worker})
	fails(t, "NoSuchEntity", missing, c.RemoveRoleFromInstanceProfile,
		&iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: box, RoleName: worker})
	fails(t, "NoSuchEntity", "role with name none", c.ListInstanceProfilesForRole,
		&iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("none")})
}

func TestInstanceProfilesAreListed(t *testing.T) {
	c := writtest.New(t).IAM()
	worker := aws.String("worker")
	must(t, c.CreateRole, newRole("worker"))
	for _, name := range []string{"a", "b", "c"} {
		must(t, c.CreateInstanceProfile,
			&iam.CreateInstanceProfileInput{InstanceProfileName: &name, Path: aws.String("/" + name + "/")})
		if name != "b" {
			must(t, c.AddRoleToInstanceProfile,
				&iam.AddRoleToInstanceProfileInput{InstanceProfileName: &name, RoleName: worker})
		}
	}
	fails(t, "EntityAlreadyExists", "Instance Profile A already exists.", c.CreateInstanceProfile,
		&iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("A")})
	name := func(p types.InstanceProfile) *string { return p.InstanceProfileName }
	for prefix, want := range map[string]string{"/": "a b c", "/b/": "b"} {
		pages(t, prefix, func(marker *string, one *int32) result {
			out := must(t, c.ListInstanceProfiles,
				&iam.ListInstanceProfilesInput{PathPrefix: &prefix, Marker: marker, MaxItems: one})
			return result{names(out.InstanceProfiles, name), out.Marker, out.IsTruncated}
		}, strings.Fields(want)...)
	}
	pages(t, "for the role", func(marker *string, one *int32) result {
		out := must(t, c.ListInstanceProfilesForRole,
			&iam.ListInstanceProfilesForRoleInput{RoleName: worker, Marker: marker, MaxItems: one})
		return result{names(out.InstanceProfiles, name), out.Marker, out.IsTruncated}
	}, "a", "c")
}

func TestRoleOfAnInstanceProfileMustBePassed(t *testing.T) {
	s := writtest.New(t)
	root := s.IAM()
	must(t, root.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("box")})
	for _, name := range []string{"worker", "admin"} {
		must(t, root.CreateRole, newRole(name))
	}
	add := func(c *iam.Client, role string) func() error {
		return try(c.AddRoleToInstanceProfile,
			&iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("box"), RoleName: &role})
	}
	const mayAdd = `{"Effect":"Allow","Action":"iam:AddRoleToInstanceProfile","Resource":"*"}`
	passing := func(service string) string {
		return `{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/worker","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	}
	alice := newUser(t, s, "alice", statements(mayAdd))
	answers(t, "without iam:PassRole", "AccessDenied: iam:PassRole on resource: "+ownARN("role/worker"), add(alice, "worker")())
	bob := newUser(t, s, "bob", statements(mayAdd, passing("lambda.amazonaws.com")))
	answers(t, "to another service", "AccessDenied: iam:PassRole", add(bob, "worker")())
	carol := newUser(t, s, "carol", statements(mayAdd, passing("ec2.amazonaws.com")))
	answers(t, "another role", "AccessDenied: iam:PassRole", add(carol, "admin")())
	answers(t, "to EC2", "", add(carol, "worker")())
}

func TestRoleIsNotDeletedWhileAnInstanceProfileTakesIt(t *testing.T) {
	c := writtest.New(t).IAM()
	for i := range 8 {
		box, role := aws.String(fmt.Sprint("box", i)), fmt.Sprint("worker", i)
		must(t, c.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: box})
		must(t, c.CreateRole, newRole(role))
		codes := strings.Join(race(
			try(c.AddRoleToInstanceProfile,
				&iam.AddRoleToInstanceProfileInput{InstanceProfileName: box, RoleName: &role}),
			try(c.DeleteRole, &iam.DeleteRoleInput{RoleName: &role})), ",")
		held := len(must(t, c.GetInstanceProfile,
			&iam.GetInstanceProfileInput{InstanceProfileName: box}).InstanceProfile.Roles)
		if !(codes == "NoSuchEntity," && held == 0 || codes == ",DeleteConflict" && held == 1) {
			t.Fatalf("errors %q, and the profile holds %d roles", codes, held)
		}
	}
}
