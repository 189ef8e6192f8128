package iamapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

const (
	anything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	ec2Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

	readOnly     = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	noSuchPolicy = "arn:aws:iam::aws:policy/NoSuchPolicy"
)

// ownARN is the ARN of something of the server's account.
func ownARN(resource string) string { return "arn:aws:iam::" + writtest.Account + ":" + resource }

// newRole is a role that EC2 may assume.
func newRole(name string) *iam.CreateRoleInput {
	return &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(ec2Trust)}
}

// newPolicy is a policy that allows everything.
func newPolicy(name string) *iam.CreatePolicyInput {
	return &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(anything)}
}

// tagged are tags: "key=value".
func tagged(pairs ...string) (tags []types.Tag) {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		tags = append(tags, types.Tag{Key: &key, Value: &value})
	}
	return tags
}

// manyTags are so many tags.
func manyTags(n int) []types.Tag {
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("k%02d=", i))
	}
	return tagged(pairs...)
}

// written are tags as they are given to the function tagged.
func written(tags []types.Tag) string {
	return strings.Join(names(tags, func(t types.Tag) *string { return aws.String(*t.Key + "=" + *t.Value) }), " ")
}

// decoded is a policy document as it was before the API encoded it.
func decoded(t *testing.T, text *string) string {
	t.Helper()
	s, err := url.PathUnescape(aws.ToString(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// race makes calls at the same moment, and returns the codes of their errors.
func race(calls ...func() error) []string {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	codes := make([]string, len(calls))
	for i, call := range calls {
		wg.Go(func() {
			<-begin
			codes[i] = code(call())
		})
	}
	close(begin)
	wg.Wait()
	return codes
}

// keyOf makes a user without policies, and returns its access key.
func keyOf(t *testing.T, root *iam.Client, name string) *types.AccessKey {
	t.Helper()
	must(t, root.CreateUser, &iam.CreateUserInput{UserName: &name})
	return must(t, root.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: &name}).AccessKey
}
