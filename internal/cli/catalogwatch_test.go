package cli_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/writ-iam/writ/internal/cli"
	"github.com/writ-iam/writ/internal/server"
)

// A door leads to the server that runs now, and is closed while there is none. So a server may restart on another port.
type door struct {
	*httptest.Server
	leads atomic.Pointer[url.URL]
	calls atomic.Int64 // that were answered
}

func newDoor(t *testing.T) *door {
	d := &door{}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(d.leads.Load()); r.Out.Host = r.In.Host }, // which is signed
		ModifyResponse: func(*http.Response) error { d.calls.Add(1); return nil },
	}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.leads.Load() == nil {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

// open starts a server behind the door. The function that comes back stops it.
func (d *door) open(t *testing.T, dir string) (stop func()) {
	t.Helper()
	s, err := server.Start(t.Context(), server.Config{Account: "111122223333", Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL", d.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", s.Root.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Root.SecretAccessKey)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	d.leads.Store(at)
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		d.leads.Store(nil)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// A watch is a writ catalog watch that runs.
type watch struct {
	t              *testing.T
	stdout, stderr <-chan string // lines; they wait for nobody, or what is not read yet would stop the watch
	status         chan int
	interrupt      context.CancelFunc
}

func startWatch(t *testing.T, args ...string) *watch {
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	errs, stderr := io.Pipe()
	w := &watch{t, linesOf(out), linesOf(errs), make(chan int, 1), cancel}
	go func() {
		status := cli.Run(ctx, append([]string{"catalog", "watch", "--interval", "5ms"}, args...), strings.NewReader(""), stdout, stderr)
		stdout.Close()
		stderr.Close()
		w.status <- status
	}()
	t.Cleanup(cancel)
	return w
}

func linesOf(r io.Reader) <-chan string {
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// want waits for the next line of a stream.
func (w *watch) want(lines <-chan string, text string) {
	w.t.Helper()
	if got := <-lines; !strings.Contains(got, text) {
		w.t.Fatalf("%q, want %q", got, text)
	}
}

// ends waits for the end.
func (w *watch) ends(status int) {
	w.t.Helper()
	if rest := <-w.stdout + <-w.stderr; rest != "" {
		w.t.Errorf("at the end: %s", rest)
	}
	if got := <-w.status; got != status {
		w.t.Errorf("exit status %d, want %d", got, status)
	}
}

// publish publishes a version, by the API.
func (d *door) publish(t *testing.T, in string) {
	t.Helper()
	d.call(t, "PublishManagedPolicy", in)
}

// call calls an operation of the server's own API, as the environment says.
func (d *door) call(t *testing.T, operation, in string) {
	t.Helper()
	r, err := http.NewRequest("POST", d.URL, strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "Writ."+operation)
	sum := sha256.Sum256([]byte(in))
	root := aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}
	if err := v4.NewSigner().SignHTTP(t.Context(), root, r, hex.EncodeToString(sum[:]), "writ", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || strings.Contains(string(text), `"Refused"`) {
		t.Fatalf("%s: %s %s, %v", operation, resp.Status, text, err)
	}
}

// version is a version of a policy to publish; more are members besides.
func version(name, note, more string, actions ...string) string {
	quoted := func(text string) string {
		b, err := json.Marshal(text)
		if err != nil {
			panic(err) // a text
		}
		return string(b)
	}
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}}`
	return `{"Publisher":"platform","Name":` + quoted(name) + `,"Document":` + quoted(document) + `,"Note":` + quoted(note) + more + `}`
}

// TestWatchFollowsTheHistory through a restart of the server, and ends when it is interrupted.
func TestWatchFollowsTheHistory(t *testing.T) {
	d, dir := newDoor(t), t.TempDir()
	stop := d.open(t, dir)
	d.call(t, "CreatePublisher", `{"Name":"platform","Path":"/platform/"}`)
	d.publish(t, version("Deployer", "deploys", "", "s3:GetObject"))
	d.publish(t, version("Reader", "reads", "", "s3:ListBucket"))
	all, some, objects := startWatch(t), startWatch(t, "--policy", "Deployer", "--verdict", "new,narrower,deprecation"), startWatch(t, "--json", "--after", "1")
	all.want(all.stdout, "Z  Deployer@v1  new           deploys")
	all.want(all.stdout, "Z  Reader@v1  new           reads")
	some.want(some.stdout, "Deployer@v1  new") // so that each was answered before the restart
	objects.want(objects.stdout, `{"entry":2,`)
	d.publish(t, version("Deployer", "and \x1b[2J puts", "", "s3:GetObject", "s3:PutObject"))
	all.want(all.stdout, `Z  Deployer@v2  broader       adds s3:PutObject  and \x1b[2J puts`)

	stop()
	for _, w := range []*watch{all, some, objects} {
		w.want(w.stderr, "; trying again every 5ms")
	}
	d.open(t, dir)
	for _, w := range []*watch{all, some, objects} {
		w.want(w.stderr, d.URL+" answers again")
	}
	d.publish(t, version("Deployer", "", `,"AllowRemoval":"nobody puts"`, "s3:GetObject"))
	d.publish(t, version("Reader", "", `,"AllowRemoval":"nobody reads"`, "a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7"))
	d.call(t, "DeprecateManagedPolicy", `{"Publisher":"platform","Name":"Deployer","Note":"use Builder"}`)
	all.want(all.stdout, "Z  Deployer@v3  narrower      removes s3:PutObject  (takes away: nobody puts)")
	all.want(all.stdout, "Z  Reader@v2  incomparable  adds a:1, a:2, a:3, a:4, a:5 and 2 others, and removes s3:ListBucket  (takes away: nobody reads)")
	all.want(all.stdout, "Z  Deployer@v3  deprecation   use Builder")
	some.want(some.stdout, "Deployer@v3  narrower")
	some.want(some.stdout, "Deployer@v3  deprecation")
	for i := range 4 {
		var e struct {
			Entry                         int
			ARN, Verdict, Version, Reason string
			Added, Removed                []string
		}
		if err := json.Unmarshal([]byte(<-objects.stdout), &e); err != nil || e.Entry != i+3 || e.Added == nil || e.Removed == nil {
			t.Errorf("%+v, %v", e, err)
		}
		if i == 3 && (e.Verdict != "deprecation" || e.ARN != "arn:aws:iam::aws:policy/platform/Deployer" || e.Version != "v3") {
			t.Errorf("%+v", e)
		}
	}
	some.interrupt()
	some.ends(0)
	objects.interrupt()
	objects.ends(0)
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGINT); err != nil { // ^C
		t.Fatal(err)
	}
	all.ends(0)
}

// TestWatchErrors end it: what is wrong from the start, and what the server refuses.
func TestWatchErrors(t *testing.T) {
	d, dir := newDoor(t), t.TempDir()
	stop := d.open(t, dir)
	for args, want := range map[string]string{
		"--verdict narower":                 `--verdict: "narower" is unknown; expected new, equivalent, broader, narrower, incomparable, unknown or deprecation`,
		"--verdict narrower,":               `--verdict: "" is unknown`,
		"--interval 0s":                     "--interval: 0s is no time to wait",
		"--after -1":                        "--after: -1 is not the number of an entry",
		"--policy A --policy B":             "--policy is given twice",
		"Deployer":                          "takes no arguments",
		"--endpoint-url http://127.0.0.1:1": "does writ serve run there?",
	} {
		status, stdout, stderr := run(t, "", append([]string{"catalog", "watch"}, strings.Fields(args)...)...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %d %s%s", args, status, stdout, stderr)
		}
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	if status, _, stderr := run(t, "", "catalog", "watch"); status != 2 || !strings.Contains(stderr, "(SignatureDoesNotMatch)") {
		t.Errorf("%d %s", status, stderr)
	}
	stop()
	if status, _, stderr := run(t, "", "catalog", "watch"); status != 2 || strings.Contains(stderr, "trying again") {
		t.Errorf("no server from the start: %d %s", status, stderr)
	}
}

// TestWatchExamplesRun: each asks the server, and ends when it is interrupted.
func TestWatchExamplesRun(t *testing.T) {
	d := newDoor(t)
	d.open(t, t.TempDir())
	_, help, _ := run(t, "", "catalog", "watch", "--help")
	_, examples, _ := strings.Cut(help, "\nExamples:\n")
	examples, _, _ = strings.Cut(examples, "\n\n")
	ran := 0
	for example := range strings.Lines(examples) {
		ctx, cancel := context.WithCancel(t.Context())
		asked := d.calls.Load()
		status := make(chan int)
		var stderr strings.Builder
		go func() { status <- cli.Run(ctx, words(example)[1:], strings.NewReader(""), io.Discard, &stderr) }()
		for d.calls.Load() == asked {
			select {
			case got := <-status:
				t.Fatalf("%s: exit status %d before it asked: %s", example, got, stderr.String())
			case <-time.After(time.Millisecond):
			}
		}
		cancel()
		if got := <-status; got != 0 || stderr.Len() > 0 {
			t.Errorf("%s: exit status %d, %s", example, got, stderr.String())
		}
		ran++
	}
	if ran < 4 {
		t.Errorf("only %d examples were found", ran)
	}
}
