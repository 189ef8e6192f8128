package iamapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func groupNameOf(g types.Group) *string { return g.GroupName }

func TestGroupsAndTheirMembersAreListedInPages(t *testing.T) {
	c := writtest.New(t).IAM()
	for _, name := range []string{"Ops", "devs", "all"} {
		g := must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: &name, Path: aws.String("/t/")}).Group
		if *g.Arn != "arn:aws:iam::"+writtest.Account+":group/t/"+name || !strings.HasPrefix(*g.GroupId, "AGPA") {
			t.Errorf("made %+v", g)
		}
	}
	for _, name := range []string{"bob", "Alice", "carol"} {
		must(t, c.CreateUser, &iam.CreateUserInput{UserName: &name})
		must(t, c.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: aws.String("devs"), UserName: &name})
	}
	must(t, c.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: aws.String("Ops"), UserName: aws.String("bob")})
	pages(t, "groups", func(marker *string, one *int32) result {
		out := must(t, c.ListGroups, &iam.ListGroupsInput{PathPrefix: aws.String("/t/"), Marker: marker, MaxItems: one})
		return result{names(out.Groups, groupNameOf), out.Marker, out.IsTruncated}
	}, "all", "devs", "Ops")
	pages(t, "members", func(marker *string, one *int32) result {
		out := must(t, c.GetGroup, &iam.GetGroupInput{GroupName: aws.String("devs"), Marker: marker, MaxItems: one})
		return result{names(out.Users, userNameOf), out.Marker, out.IsTruncated}
	}, "Alice", "bob", "carol")
	pages(t, "groups of a user", func(marker *string, one *int32) result {
		out := must(t, c.ListGroupsForUser, &iam.ListGroupsForUserInput{
			UserName: aws.String("bob"), Marker: marker, MaxItems: one,
		})
		return result{names(out.Groups, groupNameOf), out.Marker, out.IsTruncated}
	}, "devs", "Ops")
}

func TestGroupErrors(t *testing.T) {
	c := writtest.New(t).IAM()
	devs, none, alice := aws.String("devs"), aws.String("none"), aws.String("alice")
	must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: devs})
	must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: aws.String("ops")})
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	must(t, c.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: devs, UserName: alice})
	const noGroup, noUser = "The group with name none cannot be found.", "The user with name none cannot be found."
	fails(t, "EntityAlreadyExists", "Group with name Devs already exists.", c.CreateGroup, &iam.CreateGroupInput{
		GroupName: aws.String("Devs"),
	})
	fails(t, "NoSuchEntity", noGroup, c.GetGroup, &iam.GetGroupInput{GroupName: none})
	fails(t, "NoSuchEntity", noGroup, c.UpdateGroup, &iam.UpdateGroupInput{GroupName: none, NewPath: aws.String("/x/")})
	fails(t, "EntityAlreadyExists", "Group with name OPS already exists.", c.UpdateGroup, &iam.UpdateGroupInput{
		GroupName: devs, NewGroupName: aws.String("OPS"),
	})
	fails(t, "NoSuchEntity", noGroup, c.DeleteGroup, &iam.DeleteGroupInput{GroupName: none})
	fails(t, "NoSuchEntity", noGroup, c.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: none, UserName: alice})
	fails(t, "NoSuchEntity", noUser, c.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: devs, UserName: none})
	fails(t, "NoSuchEntity", noUser, c.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{GroupName: devs, UserName: none})
	fails(t, "NoSuchEntity", noUser, c.ListGroupsForUser, &iam.ListGroupsForUserInput{UserName: none})
	fails(t, "DeleteConflict", "Cannot delete entity, must remove users from group first.", c.DeleteGroup,
		&iam.DeleteGroupInput{GroupName: devs})
	must(t, c.UpdateGroup, &iam.UpdateGroupInput{GroupName: devs, NewGroupName: aws.String("builders")})
	must(t, c.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{GroupName: aws.String("builders"), UserName: alice})
	must(t, c.DeleteGroup, &iam.DeleteGroupInput{GroupName: aws.String("builders")})
}
