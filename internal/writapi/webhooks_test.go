package writapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/writapi"
)

const nowhere = "https://hooks.example/writ"

// policy gives a user an inline policy.
func (w *world) policy(user, document string) {
	w.t.Helper()
	_, err := w.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &user, PolicyName: aws.String("p"), PolicyDocument: &document})
	w.must(err)
}

// failsAs reports whether an error is the API's of a type.
func failsAs(err error, want string) bool {
	e, ok := err.(*apiError)
	return want == "" && err == nil || ok && e.Type == want
}

// TestWebhooksAreTheAccounts: their operations take permissions on the webhook, creation that of reading entries, too, and nobody
// sees those of another account.
func TestWebhooksAreTheAccounts(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	dev := w.user("dev", "")
	statement := func(action, resource string) string {
		return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":%s,"Resource":"%s"}}`, action, resource)
	}
	create := func(who aws.Config, name string) error {
		_, err := call[writapi.CreateWebhookOutput](w, who, "CreateWebhook", writapi.CreateWebhookInput{Name: name, URL: nowhere})
		return err
	}
	arn := "arn:aws:writ::" + account + ":webhook/"
	for _, test := range []struct{ document, name, want string }{
		{statement(`"writ:CreateWebhook"`, "*"), "own", "AccessDenied"},
		{statement(`"writ:ListCatalogEntries"`, "*"), "own", "AccessDenied"},
		{statement(`["writ:CreateWebhook","writ:ListCatalogEntries"]`, arn+"own"), "own", "AccessDenied"},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"writ:ListCatalogEntries","Resource":"*"},{"Effect":"Allow","Action":"writ:*","Resource":"` + arn + `own"}]}`, "other", "AccessDenied"},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"writ:ListCatalogEntries","Resource":"*"},{"Effect":"Allow","Action":"writ:*","Resource":"` + arn + `own"}]}`, "own", ""},
	} {
		w.policy("dev", test.document)
		if err := create(dev, test.name); !failsAs(err, test.want) {
			t.Errorf("%s: %v, want %q", test.document, err, test.want)
		}
	}
	w.must(create(w.root(), "roots"))
	member := w.member()
	w.must(create(member, "own"))
	for operation, in := range map[string]any{
		"GetWebhook": writapi.GetWebhookInput{Name: "roots"}, "DeleteWebhook": writapi.DeleteWebhookInput{Name: "roots"},
		"EnableWebhook": writapi.EnableWebhookInput{Name: "roots"}, "TestWebhook": writapi.TestWebhookInput{Name: "roots"},
		"ListDeadLetters": writapi.ListDeadLettersInput{Name: "roots"}, "RedeliverDeadLetter": writapi.RedeliverDeadLetterInput{Name: "roots"},
	} {
		if _, err := call[struct{}](w, dev, operation, in); !failsAs(err, "AccessDenied") {
			t.Errorf("%s by somebody who may do all with another webhook: %v", operation, err)
		}
		if _, err := call[struct{}](w, member, operation, in); !failsAs(err, "NoSuchEntity") {
			t.Errorf("%s by another account: %v", operation, err)
		}
	}
	if _, err := call[struct{}](w, dev, "ListWebhooks", writapi.ListWebhooksInput{}); !failsAs(err, "AccessDenied") {
		t.Errorf("ListWebhooks: %v", err)
	}
	for who, want := range map[*aws.Config]string{ptr(w.root()): "own roots", &member: "own"} {
		out, err := call[writapi.ListWebhooksOutput](w, *who, "ListWebhooks", writapi.ListWebhooksInput{})
		w.must(err)
		var names []string
		for _, h := range out.Webhooks {
			names = append(names, h.Name)
		}
		if strings.Join(names, " ") != want {
			t.Errorf("got %v, want %s", names, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// member makes another account, and returns the credentials of an administrator of it.
func (w *world) member() aws.Config {
	w.t.Helper()
	_, err := w.Organizations().CreateOrganization(ctx, nil)
	w.must(err)
	made, err := w.Organizations().CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("dev"), Email: aws.String("dev@example.com")})
	w.must(err)
	if made.CreateAccountStatus.AccountId == nil {
		w.t.Fatalf("%+v", made.CreateAccountStatus)
	}
	operator := w.user("operator", "arn:aws:iam::aws:policy/AdministratorAccess")
	s, err := sts.NewFromConfig(operator).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + *made.CreateAccountStatus.AccountId + ":role/OrganizationAccountAccessRole"), RoleSessionName: aws.String("dev")})
	w.must(err)
	return w.Config(*s.Credentials.AccessKeyId, *s.Credentials.SecretAccessKey, *s.Credentials.SessionToken)
}

// TestAWebhookOfAnAccountMayAskForWhatItUses: attached is about the webhook's own account, the moment that an entry is published.
func TestAWebhookOfAnAccountMayAskForWhatItUses(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	var got atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	t.Cleanup(receiver.Close)
	_, err := call[writapi.CreateWebhookOutput](w, w.root(), "CreateWebhook", writapi.CreateWebhookInput{
		Name: "used", URL: receiver.URL, Filter: writapi.WebhookFilter{Attached: true}})
	w.must(err)
	for _, name := range []string{"Deployer", "Unused"} {
		w.mustPublish(writapi.PublishManagedPolicyInput{Name: name, Document: allow("iam:ListUsers")})
	}
	w.user("dev", deployer)
	for _, name := range []string{"Unused", "Deployer"} {
		w.mustPublish(writapi.PublishManagedPolicyInput{Name: name, Document: allow("iam:ListUsers", "iam:ListRoles")})
	}
	h := w.settled("used")
	if got.Load() != 1 || h.After != 4 || h.LastDelivered == nil {
		t.Errorf("%d were sent: %+v", got.Load(), h)
	}
}

// settled waits until a webhook has got all that was published.
func (w *world) settled(name string) writapi.Webhook {
	w.t.Helper()
	entries := len(w.entries(""))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		out, err := call[writapi.GetWebhookOutput](w, w.root(), "GetWebhook", writapi.GetWebhookInput{Name: name})
		w.must(err)
		if out.Webhook.After == entries && out.Webhook.Pending == 0 {
			return out.Webhook
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%+v", out)
		}
	}
}

// TestWhatAWebhookMayNotBe.
func TestWhatAWebhookMayNotBe(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	for _, test := range []struct {
		in   writapi.CreateWebhookInput
		want string
	}{
		{writapi.CreateWebhookInput{Name: "x"}, "ValidationError"},
		{writapi.CreateWebhookInput{Name: "", URL: nowhere}, "ValidationError"},
		{writapi.CreateWebhookInput{Name: "a/b", URL: nowhere}, "ValidationError"},
		{writapi.CreateWebhookInput{Name: "x", URL: "https://169.254.169.254/"}, "ValidationError"},
		{writapi.CreateWebhookInput{Name: "x", URL: nowhere, Filter: writapi.WebhookFilter{Publishers: []string{"nobody"}}}, "ValidationError"},
		{writapi.CreateWebhookInput{Name: "x", URL: nowhere}, ""},
		{writapi.CreateWebhookInput{Name: "x", URL: nowhere}, "EntityAlreadyExists"},
	} {
		out, err := call[writapi.CreateWebhookOutput](w, w.root(), "CreateWebhook", test.in)
		if !failsAs(err, test.want) {
			t.Errorf("%+v: %v, want %q", test.in, err, test.want)
		}
		if err == nil && (!strings.HasPrefix(out.SigningSecret, "whsec_") || out.Webhook.ARN != "arn:aws:writ::"+account+":webhook/x") {
			t.Errorf("%+v", out)
		}
	}
	for n := range 49 {
		_, err := call[writapi.CreateWebhookOutput](w, w.root(), "CreateWebhook", writapi.CreateWebhookInput{Name: fmt.Sprint("h", n), URL: nowhere})
		w.must(err)
	}
	if _, err := call[writapi.CreateWebhookOutput](w, w.root(), "CreateWebhook", writapi.CreateWebhookInput{Name: "more", URL: nowhere}); !failsAs(err, "LimitExceeded") {
		t.Errorf("the 51st: %v", err)
	}
	if _, err := call[writapi.GetWebhookOutput](w, w.root(), "GetWebhook", writapi.GetWebhookInput{Name: "X"}); !failsAs(err, "NoSuchEntity") {
		t.Errorf("in another case: %v", err)
	}
}
