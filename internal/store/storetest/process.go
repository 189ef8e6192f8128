package storetest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// roleVariable is the environment variable that tells a process which role it plays.
const roleVariable = "WRIT_STORETEST_ROLE"

// A Role is what a process does that Start started: main, with the arguments that Start was given.
type Role func(args []string) error

// Main runs the tests of a package; but in a process that Start started, it plays the role. It ends the process. It is
// what TestMain is to call.
func Main(m *testing.M, roles map[string]Role) {
	name := os.Getenv(roleVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	role := roles[name]
	if name == etcdRole {
		role = runEtcd
	}
	if role == nil {
		fmt.Fprintf(os.Stderr, "no role is named %q\n", name)
		os.Exit(2)
	}
	go func() { // a process must not outlive its test, however that ends
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A Process plays a role until it ends or is killed, which it is at the end of the test.
type Process struct {
	Lines <-chan string // what it prints; closed when it has ended

	command *exec.Cmd
	stdin   io.Closer
	ended   sync.Once
}

// Start runs the test's own program again, as a process that plays the role.
func Start(t testing.TB, role string, args ...string) *Process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1024)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	p := &Process{Lines: lines, command: command, stdin: stdin}
	t.Cleanup(p.Kill)
	return p
}

// Kill kills the process, without warning, and waits for its end. What it printed before is still in Lines.
func (p *Process) Kill() {
	p.ended.Do(func() {
		p.command.Process.Kill()
		p.command.Process.Wait() // not of the command, which would close the pipe before it is read
		p.stdin.Close()
	})
}
