package clients

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/writ-iam/writ/internal/cli"
)

// TestMain gives the scripts the command writ.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"writ": func() { os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// capture FILE starts a service that stands for CloudFormation, at $CAPTURE_URL. It takes one request, writes it to the
// file as it came over the connection, and answers that a stack is being created.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: capture FILE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	file := ts.MkAbs(args[0])
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return // the script is over
		}
		defer conn.Close()
		raw, err := received(conn)
		if err == nil {
			err = os.WriteFile(file, raw, 0o600)
		}
		if err == nil {
			io.WriteString(conn, created)
		}
	}()
	ts.Setenv("CAPTURE_URL", "http://"+l.Addr().String())
}

// received returns a request as it comes over a connection.
func received(conn io.Reader) ([]byte, error) {
	var raw bytes.Buffer
	r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &raw)))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return raw.Bytes(), err
}

const created = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n" +
	`<CreateStackResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><CreateStackResult>` +
	`<StackId>arn:aws:cloudformation:us-east-1:111122223333:stack/app/1</StackId>` +
	`</CreateStackResult></CreateStackResponse>`

// load evaluates the export lines on the standard output of the command before.
func load(ts *testscript.TestScript, neg bool, args []string) {
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if neg || len(args) > 0 || !ok {
			ts.Fatalf("not an export line: %s", line)
		}
		ts.Setenv(name, value)
	}
}
