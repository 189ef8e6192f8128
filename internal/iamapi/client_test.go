package iamapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/writtest"
)

// clientAt is a client as the root user whose clock is the server's, which need not be right.
func clientAt(s *writtest.Server, now func() time.Time) *iam.Client {
	return iam.NewFromConfig(s.Config(s.AccessKeyID, s.SecretAccessKey, ""), func(o *iam.Options) {
		o.HTTPSignerV4 = signer{v4.NewSigner(), now}
	})
}

// A signer signs by another clock.
type signer struct {
	*v4.Signer
	now func() time.Time
}

func (s signer) SignHTTP(
	ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time,
	options ...func(*v4.SignerOptions),
) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, service, region, s.now(), options...)
}

// An operation is a method of the SDK's client.
type operation[In, Out any] = func(context.Context, *In, ...func(*iam.Options)) (*Out, error)

// must calls an operation that succeeds.
func must[In, Out any](t *testing.T, do operation[In, Out], in *In) *Out {
	t.Helper()
	out, err := do(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fails calls an operation that is answered with an error of AWS's: its code, and words of its message.
func fails[In, Out any](t *testing.T, code, message string, do operation[In, Out], in *In) {
	t.Helper()
	_, err := do(context.Background(), in)
	var told smithy.APIError
	if !errors.As(err, &told) {
		t.Fatalf("error %v, want %s", err, code)
	}
	if told.ErrorCode() != code || !strings.Contains(told.ErrorMessage(), message) {
		t.Errorf("error %s: %s, want %s: %s", told.ErrorCode(), told.ErrorMessage(), code, message)
	}
}

// try is a call to make later.
func try[In, Out any](do operation[In, Out], in *In) func() error {
	return func() error {
		_, err := do(context.Background(), in)
		return err
	}
}

// newUser makes a user who may do what the document says, which may be "", and returns a client with the user's access
// key.
func newUser(t *testing.T, s *writtest.Server, name, document string) *iam.Client {
	t.Helper()
	root := s.IAM()
	must(t, root.CreateUser, &iam.CreateUserInput{UserName: &name})
	if document != "" {
		must(t, root.PutUserPolicy, &iam.PutUserPolicyInput{
			UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &document,
		})
	}
	key := must(t, root.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: &name}).AccessKey
	return iam.NewFromConfig(s.Config(*key.AccessKeyId, *key.SecretAccessKey, ""))
}

// A result is a page of a list: its items' names, and where the next one begins.
type result struct {
	names  []string
	marker *string
	more   bool
}

// pages reads a list one item a page, and checks that what comes is what is wanted in its order.
func pages(t *testing.T, what string, page func(marker *string, one *int32) result, want ...string) {
	t.Helper()
	var got []string
	var marker *string
	for range len(want) + 1 {
		r := page(marker, aws.Int32(1))
		if len(r.names) > 1 || r.more != (r.marker != nil) {
			t.Fatalf("%s: a page of one is %+v", what, r)
		}
		got = append(got, r.names...)
		if marker = r.marker; !r.more {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
	if whole := page(nil, nil); strings.Join(whole.names, " ") != strings.Join(want, " ") || whole.more {
		t.Errorf("%s in one page: %+v, want %q", what, whole, want)
	}
}

// names are the names of a list's items.
func names[T any](items []T, name func(T) *string) (all []string) {
	for _, item := range items {
		all = append(all, aws.ToString(name(item)))
	}
	return all
}
