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

func userNameOf(u types.User) *string { return u.UserName }

func TestUserIsShownAsItWasMade(t *testing.T) {
	c := writtest.New(t).IAM()
	boundary := "arn:aws:iam::aws:policy/PowerUserAccess"
	made := must(t, c.CreateUser, &iam.CreateUserInput{
		UserName: aws.String("Alice"), Path: aws.String("/dev/"), PermissionsBoundary: &boundary,
		Tags: []types.Tag{
			{Key: aws.String("team"), Value: aws.String("red")}, {Key: aws.String("Cost"), Value: aws.String("")},
		},
	}).User
	if *made.Arn != "arn:aws:iam::"+writtest.Account+":user/dev/Alice" || !strings.HasPrefix(*made.UserId, "AIDA") ||
		len(*made.UserId) != 21 {
		t.Errorf("made %s, %s", *made.Arn, *made.UserId)
	}
	for _, name := range []string{"Alice", "alice"} { // names are not told apart by case
		got := must(t, c.GetUser, &iam.GetUserInput{UserName: &name}).User
		if *got.UserName != "Alice" || *got.UserId != *made.UserId || !got.CreateDate.Equal(*made.CreateDate) ||
			len(got.Tags) != 2 || got.PermissionsBoundary == nil ||
			*got.PermissionsBoundary.PermissionsBoundaryArn != boundary || got.PasswordLastUsed != nil {
			t.Errorf("%s is %+v", name, got)
		}
	}
	listed := must(t, c.ListUsers, &iam.ListUsersInput{}).Users
	if len(listed) != 1 || listed[0].Tags != nil || listed[0].PermissionsBoundary != nil {
		t.Errorf("lists leave out tags and boundaries: %+v", listed)
	}
	root := must(t, c.GetUser, &iam.GetUserInput{}).User
	if *root.Arn != "arn:aws:iam::"+writtest.Account+":root" || *root.UserId != writtest.Account {
		t.Errorf("the root user is %+v", root)
	}
}

func TestUserErrors(t *testing.T) {
	c := writtest.New(t).IAM()
	alice, nobody := aws.String("alice"), aws.String("nobody")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("bob")})
	const missing = "The user with name nobody cannot be found."
	fails(t, "EntityAlreadyExists", "User with name ALICE already exists.", c.CreateUser, &iam.CreateUserInput{
		UserName: aws.String("ALICE"),
	})
	fails(t, "NoSuchEntity", "does not exist or is not attachable", c.CreateUser, &iam.CreateUserInput{
		UserName: aws.String("carol"), PermissionsBoundary: aws.String("arn:aws:iam::" + writtest.Account + ":policy/none"),
	})
	fails(t, "InvalidInput", "Duplicate tag keys", c.CreateUser, &iam.CreateUserInput{
		UserName: aws.String("carol"), Tags: []types.Tag{
			{Key: aws.String("a"), Value: aws.String("")}, {Key: aws.String("A"), Value: aws.String("")},
		},
	})
	fails(t, "NoSuchEntity", missing, c.GetUser, &iam.GetUserInput{UserName: nobody})
	fails(t, "NoSuchEntity", missing, c.UpdateUser, &iam.UpdateUserInput{UserName: nobody, NewPath: aws.String("/x/")})
	fails(t, "EntityAlreadyExists", "User with name Bob already exists.", c.UpdateUser, &iam.UpdateUserInput{
		UserName: alice, NewUserName: aws.String("Bob"),
	})
	fails(t, "NoSuchEntity", missing, c.DeleteUser, &iam.DeleteUserInput{UserName: nobody})
	fails(t, "NoSuchEntity", missing, c.TagUser, &iam.TagUserInput{
		UserName: nobody, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}},
	})
	fails(t, "NoSuchEntity", missing, c.UntagUser, &iam.UntagUserInput{UserName: nobody, TagKeys: []string{"a"}})
	fails(t, "NoSuchEntity", missing, c.ListUserTags, &iam.ListUserTagsInput{UserName: nobody})
	fails(t, "ValidationError", "Marker", c.ListUsers, &iam.ListUsersInput{Marker: aws.String("?")})
}

func TestUsersAreListedByNameAndPath(t *testing.T) {
	c := writtest.New(t).IAM()
	for name, path := range map[string]string{"Carol": "/", "alice": "/dev/", "bob": "/dev/web/", "dave": "/ops/"} {
		must(t, c.CreateUser, &iam.CreateUserInput{UserName: &name, Path: &path})
	}
	for prefix, want := range map[string][]string{
		"/": {"alice", "bob", "Carol", "dave"}, "/dev/": {"alice", "bob"}, "/dev/w": {"bob"}, "/none/": nil,
	} {
		pages(t, prefix, func(marker *string, one *int32) result {
			out := must(t, c.ListUsers, &iam.ListUsersInput{PathPrefix: &prefix, Marker: marker, MaxItems: one})
			return result{names(out.Users, userNameOf), out.Marker, out.IsTruncated}
		}, want...)
	}
}

func TestRenamedUserKeepsWhatItHas(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	alice := newUser(t, s, "alice",
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}}`)
	must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: aws.String("devs")})
	must(t, c.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: aws.String("devs"), UserName: aws.String("alice")})
	before := must(t, alice.GetUser, &iam.GetUserInput{}).User
	must(t, c.UpdateUser, &iam.UpdateUserInput{
		UserName: aws.String("alice"), NewUserName: aws.String("alicia"), NewPath: aws.String("/x/"),
	})
	after := must(t, alice.GetUser, &iam.GetUserInput{}).User // with the same access key
	if *after.UserId != *before.UserId || *after.UserName != "alicia" || *after.Path != "/x/" {
		t.Errorf("renamed user is %+v", after)
	}
	members := must(t, c.GetGroup, &iam.GetGroupInput{GroupName: aws.String("devs")}).Users
	if len(members) != 1 || *members[0].UserName != "alicia" {
		t.Errorf("members are %+v", members)
	}
	fails(t, "DeleteConflict", "Cannot delete entity", c.DeleteUser, &iam.DeleteUserInput{UserName: aws.String("alicia")})
}

func TestTagsOfAUser(t *testing.T) {
	c := writtest.New(t).IAM()
	alice := aws.String("alice")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	var many []types.Tag
	for i := range 50 {
		many = append(many, types.Tag{Key: aws.String(fmt.Sprintf("k%02d", i)), Value: aws.String("v")})
	}
	must(t, c.TagUser, &iam.TagUserInput{UserName: alice, Tags: many})
	must(t, c.TagUser,
		&iam.TagUserInput{UserName: alice,
			Tags: []types.Tag{{Key: aws.String("K00"), Value: aws.String("w")}}}) // in place of k00
	fails(t, "LimitExceeded", "tags", c.TagUser, &iam.TagUserInput{
		UserName: alice, Tags: []types.Tag{{Key: aws.String("x"), Value: aws.String("v")}},
	})
	var keys []string
	for _, tag := range many[3:] {
		keys = append(keys, *tag.Key)
	}
	must(t, c.UntagUser, &iam.UntagUserInput{UserName: alice, TagKeys: append(keys[:46:46], "none")})
	must(t, c.UntagUser, &iam.UntagUserInput{UserName: alice, TagKeys: keys[46:]})
	pages(t, "tags", func(marker *string, one *int32) result {
		out := must(t, c.ListUserTags, &iam.ListUserTagsInput{UserName: alice, Marker: marker, MaxItems: one})
		return result{names(out.Tags, func(t types.Tag) *string { return t.Key }), out.Marker, out.IsTruncated}
	}, "K00", "k01", "k02")
}
