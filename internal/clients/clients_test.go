package clients

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/writ-iam/writ/writtest"
)

// environment is that of a client, which finds nothing on this machine but the server.
func environment(t testing.TB, srv *writtest.Server) []string {
	home := t.TempDir()
	return append(srv.Env(), "HOME="+home, "PATH="+os.Getenv("PATH"), "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1",
		"AWS_CONFIG_FILE="+filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(home, "credentials"))
}

// TestREADME runs the commands that the README shows for the AWS CLI, and compares what they print last with what it says.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "are run by a test of internal/clients, as they stand. -->\n```sh\n")
	commands, rest, ok2 := strings.Cut(rest, "```\n\n```\n")
	want, _, ok3 := strings.Cut(rest, "```\n")
	if !ok || !ok2 || !ok3 {
		t.Fatal("the README does not have the commands")
	}
	srv := writtest.New(t)
	// An AWS CLI before 2.13 does not read AWS_ENDPOINT_URL.
	script := `set -e; aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }` + "\n" + commands
	c := exec.Command("sh", "-c", script)
	c.Env = environment(t, srv)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasSuffix(string(out), want) {
		t.Errorf("the commands print\n%s\nand the README says\n%s", out, want)
	}
}

// TestAWSCLI runs the scripts of testdata, each against a server of its own.
func TestAWSCLI(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			for _, v := range environment(t, writtest.New(t)) {
				name, value, _ := strings.Cut(v, "=")
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"aws":     aws,
			"get":     get,
			"capture": capture,
			"load":    load,
			// text NAME… sets environment variables to the fields of the standard output of the command before.
			"text": func(ts *testscript.TestScript, neg bool, args []string) {
				fields := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\t")
				if len(fields) != len(args) {
					ts.Fatalf("the output has %d fields, not %d", len(fields), len(args))
				}
				for i, name := range args {
					ts.Setenv(name, fields[i])
				}
			},
			// as ID SECRET [TOKEN] calls with other credentials from here on; without arguments as root again.
			"as": func(ts *testscript.TestScript, neg bool, args []string) {
				names := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
				for i, name := range names {
					if ts.Getenv("ROOT_"+name) == "" && i < 2 {
						ts.Setenv("ROOT_"+name, ts.Getenv(name))
					}
					switch {
					case len(args) == 0:
						ts.Setenv(name, ts.Getenv("ROOT_"+name))
					case i < len(args):
						ts.Setenv(name, args[i])
					default:
						ts.Setenv(name, "")
					}
				}
			},
		},
	})
}

// aws runs the AWS CLI on the script's server. Its output is text.
func aws(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("aws", append([]string{"--endpoint-url", ts.Getenv("AWS_ENDPOINT_URL"), "--output", "text"}, args...)...)
	if neg == (err == nil) {
		ts.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
}

// get fetches a path of the script's server, and prints it.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: get PATH")
	}
	resp, err := http.Get(ts.Getenv("AWS_ENDPOINT_URL") + args[0])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s: %s", args[0], resp.Status, body)
	}
	fmt.Fprint(ts.Stdout(), string(body))
}
