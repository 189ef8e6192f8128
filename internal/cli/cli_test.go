package cli_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/writ-iam/writ/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"writ": func() { os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// scriptCommands are those that the scripts have beside testscript's own.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	// status STATUS COMMAND… runs a command that must exit with the status.
	"status": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < 2 {
			ts.Fatalf("usage: status STATUS COMMAND…")
		}
		got := "0"
		if err := ts.Exec(args[1], args[2:]...); err != nil {
			got = strings.TrimPrefix(err.Error(), "exit status ")
		}
		if got != args[0] {
			ts.Fatalf("the exit status is %s, not %s", got, args[0])
		}
		// An error is one line, and no more.
		if stderr := ts.ReadFile("stderr"); got == "2" && (!strings.HasPrefix(stderr, "writ: ") || strings.Count(stderr, "\n") != 1) {
			ts.Fatalf("the error is not one line: %q", stderr)
		}
	},
	// repeat FILE SIZE TEXT appends text until the file has the size in MiB.
	"repeat": func(ts *testscript.TestScript, neg bool, args []string) {
		f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		ts.Check(err)
		block := bytes.Repeat([]byte(args[2]), 1<<20/len(args[2]))
		for range strings.Count(args[1], "+") {
			_, err := f.Write(block)
			ts.Check(err)
		}
		ts.Check(f.Close())
	},
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=10") // with -race, a process takes a second to exit otherwise
			return nil
		},
		Cmds: scriptCommands,
	})
}

// run executes a command line in this process.
func run(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = cli.Run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}
