package iamapi_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func keyIDOf(k types.AccessKeyMetadata) *string { return k.AccessKeyId }

const allOfIAM = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}`

func TestAccessKeySignsUntilItIsInactive(t *testing.T) {
	s := writtest.New(t)
	root := s.IAM()
	alice := newUser(t, s, "alice", allOfIAM)
	second := must(t, alice.CreateAccessKey, &iam.CreateAccessKeyInput{}).AccessKey // for the caller
	if *second.UserName != "alice" || second.Status != types.StatusTypeActive {
		t.Errorf("made %+v", second)
	}
	fails(t, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", alice.CreateAccessKey,
		&iam.CreateAccessKeyInput{})
	with := iam.NewFromConfig(s.Config(*second.AccessKeyId, *second.SecretAccessKey, ""))
	must(t, with.GetUser, &iam.GetUserInput{})

	must(t, root.UpdateAccessKey, &iam.UpdateAccessKeyInput{
		UserName: aws.String("alice"), AccessKeyId: second.AccessKeyId, Status: types.StatusTypeInactive,
	})
	fails(t, "InvalidClientTokenId", "", with.GetUser, &iam.GetUserInput{})
	for _, k := range must(t, alice.ListAccessKeys, &iam.ListAccessKeysInput{}).AccessKeyMetadata {
		if want := *k.AccessKeyId == *second.AccessKeyId; (k.Status == types.StatusTypeInactive) != want {
			t.Errorf("%s is %s", *k.AccessKeyId, k.Status)
		}
	}
	must(t, alice.DeleteAccessKey, &iam.DeleteAccessKeyInput{AccessKeyId: second.AccessKeyId})
	if keys := must(t, alice.ListAccessKeys, &iam.ListAccessKeysInput{}).AccessKeyMetadata; len(keys) != 1 {
		t.Errorf("keys are %+v", keys)
	}
}

func TestAccessKeysAreListedInPages(t *testing.T) {
	now := time.Now()
	s := writtest.NewAt(t, func() time.Time { return now })
	c := s.IAM()
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("alice")})
	var want []string
	for range 2 {
		want = append(want,
			*must(t, c.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: aws.String("alice")}).AccessKey.AccessKeyId)
		now = now.Add(time.Second)
	}
	pages(t, "keys", func(marker *string, one *int32) result {
		out := must(t, c.ListAccessKeys, &iam.ListAccessKeysInput{
			UserName: aws.String("alice"), Marker: marker, MaxItems: one,
		})
		return result{names(out.AccessKeyMetadata, keyIDOf), out.Marker, out.IsTruncated}
	}, want...)
}

func TestRootUserHasAccessKeysOfItsOwn(t *testing.T) {
	s := writtest.New(t)
	root := s.IAM()
	made := must(t, root.CreateAccessKey, &iam.CreateAccessKeyInput{}).AccessKey
	fails(t, "LimitExceeded", "AccessKeysPerUser", root.CreateAccessKey, &iam.CreateAccessKeyInput{})
	second := iam.NewFromConfig(s.Config(*made.AccessKeyId, *made.SecretAccessKey, ""))
	keys := must(t, second.ListAccessKeys, &iam.ListAccessKeysInput{}).AccessKeyMetadata
	if len(keys) != 2 || keys[0].UserName != nil {
		t.Errorf("keys are %+v", keys)
	}
	must(t, second.DeleteAccessKey, &iam.DeleteAccessKeyInput{AccessKeyId: &s.AccessKeyID})
	fails(t, "InvalidClientTokenId", "", root.ListAccessKeys, &iam.ListAccessKeysInput{})
}

func TestAccessKeyErrors(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	newUser(t, s, "alice", "")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("bob")})
	of := must(t, c.ListAccessKeys,
		&iam.ListAccessKeysInput{UserName: aws.String("alice")}).AccessKeyMetadata[0].AccessKeyId
	nobody, bob, none := aws.String("nobody"), aws.String("bob"), aws.String("AKIAAAAAAAAAAAAAAAAA")
	missing := "The Access Key with id " + *of + " cannot be found."
	fails(t, "NoSuchEntity", "The user with name nobody cannot be found.", c.CreateAccessKey, &iam.CreateAccessKeyInput{
		UserName: nobody,
	})
	fails(t, "NoSuchEntity", "The user with name nobody cannot be found.", c.ListAccessKeys, &iam.ListAccessKeysInput{
		UserName: nobody,
	})
	fails(t, "NoSuchEntity", missing, c.UpdateAccessKey, &iam.UpdateAccessKeyInput{
		UserName: bob, AccessKeyId: of, Status: types.StatusTypeActive,
	})
	fails(t, "InvalidInput", "Expired", c.UpdateAccessKey, &iam.UpdateAccessKeyInput{
		UserName: bob, AccessKeyId: of, Status: types.StatusTypeExpired,
	})
	fails(t, "NoSuchEntity", missing, c.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: bob, AccessKeyId: of})
	fails(t, "NoSuchEntity", missing, c.DeleteAccessKey, &iam.DeleteAccessKeyInput{AccessKeyId: of})
	fails(t, "NoSuchEntity", "AKIAAAAAAAAAAAAAAAAA", c.GetAccessKeyLastUsed, &iam.GetAccessKeyLastUsedInput{
		AccessKeyId: none,
	})
}

func TestLastUseOfAnAccessKeyIsShown(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	alice := newUser(t, s, "alice", allOfIAM)
	id := must(t, c.ListAccessKeys,
		&iam.ListAccessKeysInput{UserName: aws.String("alice")}).AccessKeyMetadata[0].AccessKeyId
	out := must(t, c.GetAccessKeyLastUsed, &iam.GetAccessKeyLastUsedInput{AccessKeyId: id})
	if used := out.AccessKeyLastUsed; *out.UserName != "alice" || used.LastUsedDate != nil || *used.Region != "N/A" ||
		*used.ServiceName != "N/A" {
		t.Errorf("a key that was never used: %+v", used)
	}
	must(t, alice.GetUser, &iam.GetUserInput{})
	deadline := time.Now().Add(20 * time.Second)
	for out.AccessKeyLastUsed.LastUsedDate == nil && time.Now().Before(deadline) { // uses are written some at a time
		time.Sleep(50 * time.Millisecond)
		out = must(t, c.GetAccessKeyLastUsed, &iam.GetAccessKeyLastUsedInput{AccessKeyId: id})
	}
	if used := out.AccessKeyLastUsed; used.LastUsedDate == nil || *used.Region != writtest.Region ||
		*used.ServiceName != "iam" {
		t.Errorf("a key that was used: %+v", used)
	}
}
