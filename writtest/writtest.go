// Package writtest gives a test a running Writ: IAM and STS with real users, roles, sessions and enforcement, on a free
// port of the loopback interface, and gone when the test ends.
//
//	func TestUpload(t *testing.T) {
//		srv, ctx := writtest.New(t), t.Context()
//		user, policy := aws.String("uploader"), aws.String(`{"Version": "2012-10-17", "Statement": {
//			"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}}`)
//		srv.IAM().CreateUser(ctx, &iam.CreateUserInput{UserName: user})
//		srv.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: user, PolicyDocument: policy})
//		key, err := srv.IAM().CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
//		if err != nil {
//			t.Fatal(err)
//		}
//		uploader := iam.NewFromConfig(srv.Config(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, ""))
//		if _, err := uploader.ListUsers(ctx, nil); err != nil {
//			t.Error(err)
//		}
//		if _, err := uploader.ListRoles(ctx, nil); err == nil {
//			t.Error("the uploader may list roles")
//		}
//	}
//
// Programs that are given AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION find it,
// too: Env has these.
package writtest

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/server"
)

// Account is the account that a new server has.
const Account = "111122223333"

// Region is the region that requests are signed for. Writ takes any.
const Region = "us-east-1"

// A Server is a running Writ. Its root user's credentials are AccessKeyID and SecretAccessKey.
type Server struct {
	URL             string
	AccessKeyID     string
	SecretAccessKey string

	server *server.Server
}

// New starts a server that keeps nothing and ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	return start(t, server.Config{Account: Account, Ephemeral: true})
}

// NewAt is New with another clock, which the test may turn forward.
func NewAt(t testing.TB, now func() time.Time) *Server {
	t.Helper()
	return start(t, server.Config{Account: Account, Ephemeral: true, Now: now})
}

func start(t testing.TB, c server.Config) *Server {
	t.Helper()
	c.PrivateWebhooks = true // a test's receivers are on this machine
	s, err := server.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return &Server{URL: s.URL(), AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.SecretAccessKey, server: s}
}

// Env is the environment by which the AWS CLI, the SDKs and Terraform find the server as its root user.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL, "AWS_DEFAULT_REGION=" + Region, "AWS_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=" + s.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + s.SecretAccessKey,
	}
}

// Config is a configuration for clients of the AWS SDK with these credentials; token is "" for long-term ones. They do
// not retry: a test wants the first answer.
func (s *Server) Config(accessKeyID, secretAccessKey, token string) aws.Config {
	return aws.Config{
		Region: Region, BaseEndpoint: aws.String(s.URL), RetryMaxAttempts: 1,
		HTTPClient:  plainBodies{awshttp.NewBuildableClient()},
		Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, secretAccessKey, token),
	}
}

func (s *Server) root() aws.Config { return s.Config(s.AccessKeyID, s.SecretAccessKey, "") }

// IAM is a client of the IAM API as the root user.
func (s *Server) IAM() *iam.Client { return iam.NewFromConfig(s.root()) }

// STS is a client of the STS API as the root user.
func (s *Server) STS() *sts.Client { return sts.NewFromConfig(s.root()) }

// Organizations is a client of the Organizations API as the root user.
func (s *Server) Organizations() *organizations.Client { return organizations.NewFromConfig(s.root()) }

// plainBodies keeps the SDK's request bodies from offering WriteTo. The SDK closes a body as soon as there is an
// answer; from then on its WriteTo fails where Read ends, and an answer as fast as this server's can come before
// net/http has asked whether there is more to send. The connection is closed then, and a long answer breaks off.
type plainBodies struct{ client aws.HTTPClient }

func (p plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.client.Do(r)
}
