package cli_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/writ-iam/writ/writtest"
)

// TestOrgScripts runs each script against a server of its own, as its root user.
func TestOrgScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/org",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, append(writtest.New(t).Env(), "GORACE=atexit_sleep_ms=10")...)
			return nil
		},
		Cmds: scriptCommands,
	})
}

// orgExampleFiles are the files that the examples name.
const orgExampleFiles = `
-- scp.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}}
-- rcp.json --
{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}}
`

// orgExamples are the commands of writ org in an order in which their examples work, since one needs what another made.
// What begins with writ is run as it is.
var orgExamples = []string{
	"org create",
	"writ org unit create /Sandbox",
	"org unit", "org unit create", "org unit rename", "org unit delete",
	"org account", "org account create", "org account list", "org account move", "org account close", "org account remove",
	"org policy", "org policy create", "org attach", "org tree", "org details", "org detach",
	"org policy delete", "org policy list", "org policy show", "org policy update",
	"org disable", "org enable",
}

// TestOrgHelpExamplesRun runs every example of every help text of writ org.
func TestOrgHelpExamplesRun(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, f := range txtar.Parse([]byte(orgExampleFiles)).Files {
		if err := os.WriteFile(f.Name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, commands := range [][]string{{"org"}, orgExamples} {
		for _, variable := range writtest.New(t).Env() {
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
		}
		for _, command := range commands {
			examples := command
			if !strings.HasPrefix(command, "writ ") {
				_, help, _ := run(t, "", append(strings.Fields(command), "--help")...)
				_, examples, _ = strings.Cut(help, "\nExamples:\n")
				examples, _, _ = strings.Cut(examples, "\n\n")
			}
			if examples == "" {
				t.Errorf("the help of writ %s has no examples", command)
			}
			for line := range strings.Lines(examples) {
				if status, stdout, stderr := run(t, "", words(line)[1:]...); status != 0 || stdout == "" || stderr != "" {
					t.Errorf("%s: exit status %d, %d bytes out, error %s", line, status, len(stdout), stderr)
				}
			}
		}
	}
}
