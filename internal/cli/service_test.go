package cli_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/writ-iam/writ/writtest"
)

// signed returns a request as a service gets it over a connection, signed by the root user.
func signed(t testing.TB, srv *writtest.Server, service, body string) []byte {
	t.Helper()
	r, err := http.NewRequest("POST", "https://"+service+".example.com/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Amz-Sdk-Invocation-Id", rand.Text()) // no two requests are the same
	sum := sha256.Sum256([]byte(body))
	root := aws.Credentials{AccessKeyID: srv.AccessKeyID, SecretAccessKey: srv.SecretAccessKey}
	err = v4.NewSigner().SignHTTP(
		context.Background(), root, r, hex.EncodeToString(sum[:]), service, writtest.Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if err := r.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// memberUser makes a user of an account, which is named, of the organization that the first account manages. It returns its section
// of a credentials file. The account is administered by its role OrganizationAccountAccessRole, as a user of the first account.
func memberUser(srv *writtest.Server, account, name, policy string) (string, error) {
	ctx := context.Background()
	operator := "operator-" + name
	as := srv.IAM()
	profile, err := userWith(ctx, as, operator, "arn:aws:iam::aws:policy/AdministratorAccess")
	if err != nil {
		return "", err
	}
	accounts, err := srv.Organizations().ListAccounts(ctx, &organizations.ListAccountsInput{})
	if err != nil {
		return "", err
	}
	for _, a := range accounts.Accounts {
		if aws.ToString(a.Name) != account {
			continue
		}
		s, err := sts.NewFromConfig(srv.Config(*profile.AccessKeyId, *profile.SecretAccessKey, "")).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + *a.Id + ":role/OrganizationAccountAccessRole"), RoleSessionName: &operator,
		})
		if err != nil {
			return "", err
		}
		c := s.Credentials
		k, err := userWith(ctx, iam.NewFromConfig(srv.Config(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)), name, policy)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, *k.AccessKeyId, *k.SecretAccessKey), nil
	}
	return "", fmt.Errorf("there is no account %s", account)
}

// userWith makes a user with a managed policy, and an access key.
func userWith(ctx context.Context, as *iam.Client, name, policy string) (*types.AccessKey, error) {
	if _, err := as.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		return nil, err
	}
	if _, err := as.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: &policy}); err != nil {
		return nil, err
	}
	out, err := as.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return nil, err
	}
	return out.AccessKey, nil
}

// serviceEnvironment is what writ serve prints: the server, and a credentials file, in a folder, with the root user's
// key. Those of services are added to it.
func serviceEnvironment(t testing.TB, srv *writtest.Server, dir string) []string {
	t.Helper()
	file := filepath.Join(dir, "credentials")
	root := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		srv.AccessKeyID, srv.SecretAccessKey)
	if err := os.WriteFile(file, []byte(root), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"AWS_ENDPOINT_URL=" + srv.URL, "AWS_DEFAULT_REGION=" + writtest.Region, "AWS_SHARED_CREDENTIALS_FILE=" + file,
		"AWS_CONFIG_FILE=" + filepath.Join(dir, "config"), "GORACE=atexit_sleep_ms=10",
	}
}

// A receiver of webhooks keeps what it gets, and answers with a status that the test may change.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []string // headers and body
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var text bytes.Buffer
		q.Header.Write(&text)
		io.Copy(&text, q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, text.String())
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// until waits for a condition.
func until(is func() bool) bool {
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// TestServiceScripts runs each script against a server of its own, as its root user.
func TestServiceScripts(t *testing.T) {
	type key struct{}
	type receiverKey struct{}
	commands := map[string]func(*testscript.TestScript, bool, []string){
		// sign SERVICE FILE BODY makes a request of the root user to a service. Each is another one.
		"sign": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 3 {
				ts.Fatalf("usage: sign SERVICE FILE BODY")
			}
			raw := signed(t, ts.Value(key{}).(*writtest.Server), args[0], args[2])
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o666))
		},
		// append FILE adds the standard output of the command before to a file.
		"append": func(ts *testscript.TestScript, neg bool, args []string) {
			before := ts.ReadFile(args[0])
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(before+ts.ReadFile("stdout")), 0o600))
		},
		// user ACCOUNT NAME POLICY makes a user in a member account, with a managed policy, and adds its profile to the credentials.
		"user": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 3 {
				ts.Fatalf("usage: user ACCOUNT NAME POLICY")
			}
			profile, err := memberUser(ts.Value(key{}).(*writtest.Server), args[0], args[1], args[2])
			ts.Check(err)
			file := ts.MkAbs("credentials")
			ts.Check(os.WriteFile(file, []byte(ts.ReadFile(file)+profile), 0o600))
		},
		// load evaluates the export lines on the standard output of the command before.
		"load": func(ts *testscript.TestScript, neg bool, args []string) {
			for line := range strings.Lines(ts.ReadFile("stdout")) {
				name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
				if !ok {
					ts.Fatalf("not an export line: %s", line)
				}
				ts.Setenv(name, value)
			}
		},
	}
	// answer STATUS is what the receiver of webhooks answers from now on.
	commands["answer"] = func(ts *testscript.TestScript, neg bool, args []string) {
		status, err := strconv.Atoi(args[0])
		ts.Check(err)
		ts.Value(receiverKey{}).(*receiver).answer(status)
	}
	// received NUMBER waits until the receiver has so many messages, and writes the last to the file message.
	commands["received"] = func(ts *testscript.TestScript, neg bool, args []string) {
		n, err := strconv.Atoi(args[0])
		ts.Check(err)
		r := ts.Value(receiverKey{}).(*receiver)
		if !until(func() bool { return len(r.all()) >= n }) || len(r.all()) > n {
			ts.Fatalf("the receiver got %d messages: %q", len(r.all()), r.all())
		}
		ts.Check(os.WriteFile(ts.MkAbs("message"), []byte(r.all()[n-1]), 0o666))
	}
	// until PATTERN COMMAND… runs a command until its output matches.
	commands["until"] = func(ts *testscript.TestScript, neg bool, args []string) {
		pattern, err := regexp.Compile("(?m)" + args[0])
		ts.Check(err)
		if !until(func() bool { return ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout")) }) {
			ts.Fatalf("no match for %s in %s", args[0], ts.ReadFile("stdout"))
		}
	}
	for name, f := range scriptCommands {
		commands[name] = f
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/service",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			srv := writtest.New(t)
			env.Values[key{}] = srv
			elsewhere := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(elsewhere.Close)
			env.Vars = append(env.Vars, serviceEnvironment(t, srv, env.WorkDir)...)
			env.Setenv("ELSEWHERE", elsewhere.URL)
			r := newReceiver(t)
			env.Values[receiverKey{}] = r
			env.Setenv("RECEIVER", r.URL)
			return nil
		},
		Cmds: commands,
	})
}

// TestServiceHelpExamplesRun runs every example of every help text of writ service, by a shell.
func TestServiceHelpExamplesRun(t *testing.T) {
	srv, dir := writtest.New(t), t.TempDir()
	environment := append(os.Environ(), serviceEnvironment(t, srv, dir)...)
	for _, command := range []string{"", "forward", "register", "rotate", "list", "deregister"} {
		_, help, _ := run(t, "", strings.Fields("service "+command+" --help")...)
		_, examples, ok := strings.Cut(help, "\nExamples:\n")
		if !ok {
			t.Errorf("the help of writ service %s has no examples", command)
		}
		examples, _, _ = strings.Cut(examples, "\n\n")
		for line := range strings.Lines(examples) {
			request := filepath.Join(dir, "request.http") // another one each time: it is good for one session
			if err := os.WriteFile(request, signed(t, srv, "cloudformation", "Action=ListStacks"), 0o666); err != nil {
				t.Fatal(err)
			}
			c := exec.Command("sh", "-e", "-c", line)
			c.Dir, c.Env = dir, environment
			if out, err := c.CombinedOutput(); err != nil || bytes.Contains(out, []byte("writ: ")) {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
	}
}

// TestPublishingHelpExamplesRun runs every example of the help texts of the commands by which owners publish and roles are made, and of
// those that look up what was published, each command's against a server of its own. Where one needs what others make, that is made before.
func TestPublishingHelpExamplesRun(t *testing.T) {
	const publisher = "writ catalog publisher create platform"
	const losses = publisher + ` && writ catalog webhook create losses --url "$RECEIVER"`
	const gone = `writ catalog publish Deployer --publisher platform --document old.json --note first` +
		` && until writ catalog webhook list | grep disabled; do :; done && writ catalog webhook enable losses`
	const deployer = publisher + " && writ catalog publish Deployer --publisher platform --document old.json --note first"
	const readers = publisher + " && writ catalog publish Readers --publisher platform --rule readers.json --note first"
	for command, before := range map[string]string{
		"catalog show": deployer, "catalog versions": deployer, "catalog log": deployer, "catalog blame": deployer,
		"catalog publisher": "true", "catalog publisher create": "true", "catalog publisher list": publisher, "catalog publish": deployer,
		"catalog webhook": "true", "catalog webhook create": "true", "catalog webhook list": losses, "catalog webhook show": losses,
		"catalog webhook test": losses, "catalog webhook dead-letters": losses, "catalog webhook redeliver": losses + " && " + gone + "\nanswer 204",
		"catalog webhook enable": losses, "catalog webhook delete": losses,
		"catalog entries": deployer, "catalog withdraw": deployer, "catalog import": "true", "roles": "true", "roles list-service-roles": "true", "roles create-service-role": "true",
		"reference": readers, "reference diff": "true", "reference update": readers, "reference show": readers,
	} {
		srv, dir := writtest.New(t), t.TempDir()
		receiver := newReceiver(t)
		receiver.answer(http.StatusGone)
		environment := append(os.Environ(), append(serviceEnvironment(t, srv, dir), "XDG_CACHE_HOME="+dir, "RECEIVER="+receiver.URL)...)
		for name, actions := range map[string]string{"old.json": `"iam:ListUsers"`, "deployer.json": `"iam:ListUsers", "iam:ListRoles"`} {
			text := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": [` + actions + `], "Resource": "*"}}`
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		newer := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "rds:*", "Resource": "*"}, {"Effect": "Allow", "Action": ["cloudwatch:*", "logs:*", "ec2:*", "devops-guru:*"], "Resource": "*"}]}`
		for _, folder := range []string{"newer", "service-reference"} {
			if err := os.Mkdir(filepath.Join(dir, folder), 0o777); err != nil {
				t.Fatal(err)
			}
		}
		const s3 = `{"Name": "s3", "Actions": [{"Name": "ListBucket", "Annotations": {"Properties": {"IsList": true}}}]}`
		const shop = `{"Name": "shop", "Actions": [{"Name": "ListOrders", "Annotations": {"Properties": {"IsList": true}}}]}`
		for name, text := range map[string]string{"newer/AmazonRDSReadOnlyAccess.json": newer, "details.json": `{"UserDetailList": []}`, "s3.json": s3, "service-reference/shop.json": shop,
			"readers.json": `{"AccessLevels": ["List", "Read"], "Except": {"Actions": ["*:*Secret*"]}}`} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, help, _ := run(t, "", strings.Fields(command+" --help")...)
		_, examples, ok := strings.Cut(help, "\nExamples:\n")
		if !ok {
			t.Errorf("the help of writ %s has no examples", command)
		}
		examples, _, _ = strings.Cut(examples, "\n\n")
		for line := range strings.Lines(before + "\n" + examples) {
			if status, ok := strings.CutPrefix(line, "answer "); ok {
				n, err := strconv.Atoi(strings.TrimSpace(status))
				if err != nil {
					t.Fatal(err)
				}
				receiver.answer(n)
				continue
			}
			c := exec.Command("sh", "-e", "-c", line)
			c.Dir, c.Env = dir, environment
			if out, err := c.CombinedOutput(); err != nil || bytes.Contains(out, []byte("writ: ")) {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
	}
}
