package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/writapi"
)

func (p *program) serviceForward(f *clientFlags) *cobra.Command {
	var request once
	var duration time.Duration
	c := p.serviceCommand(f, &cobra.Command{
		Use:   "forward --request FILE",
		Short: "Get temporary credentials of the caller of a signed request",
		Long: `Get temporary credentials of the caller of a signed request, as the service that received it. The
credentials that this command is called with are the service's. It prints export lines or, with --json,
what the AWS CLI and the SDKs take from a credential_process.

The request is what came over the connection: request line, headers, an empty line and the body.
It must have been signed for the service within the last five minutes, and is good for one session.
Its body is not sent to the server, but its hash.`,
		Example: `  AWS_PROFILE=cloudformation writ service forward --request request.http
  eval "$(AWS_PROFILE=cloudformation writ service forward --request - --duration 1h < request.http)"
  AWS_PROFILE=cloudformation writ service forward --request request.http --json`,
		Args: arguments(),
	}, func(c *client, _ []string) error {
		if !request.given() {
			return errors.New("--request is missing; expected a file, or - for standard input")
		}
		if duration < 0 || duration%time.Second != 0 || duration > 24*time.Hour {
			return fmt.Errorf("--duration %v: expected whole seconds, from 15m to 1h", duration)
		}
		received, err := c.readRequest("--request", request.text)
		if err != nil {
			return err
		}
		c.hints = map[string]string{"AccessDenied": "set the credentials that writ service register printed"}
		out, err := callWrit[writapi.CreateForwardAccessSessionOutput](c, "CreateForwardAccessSession",
			writapi.CreateForwardAccessSessionInput{CallerRequest: *received, DurationSeconds: int32(duration / time.Second)})
		if err != nil {
			return err
		}
		k := out.Credentials
		j := &credentialJSON{1, k.AccessKeyID, k.SecretAccessKey, k.SessionToken, &k.Expiration}
		if c.json {
			return c.printJSON(j)
		}
		c.exportCredential(j)
		return nil
	})
	c.Flags().Var(&request, "request", "`file` with the request, or - for standard input")
	c.Flags().DurationVar(&duration, "duration", 0,
		"how `long` the credentials are good for, from 15m to 1h (default 15m)")
	return c
}

// readRequest reads an HTTP request from a file.
func (p *program) readRequest(flag, name string) (*writapi.Request, error) {
	in, err := p.open(flag, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	q, err := parseRequest(bufio.NewReader(in))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(name), reason(err))
	}
	return q, nil
}

// parseRequest reads an HTTP request as it came over a connection, and nothing behind it but ends of lines, which
// editors and shells add.
func parseRequest(in *bufio.Reader) (*writapi.Request, error) {
	r, err := http.ReadRequest(in)
	switch {
	case err == io.EOF:
		return nil, errors.New("it is empty; expected an HTTP request")
	case err == io.ErrUnexpectedEOF:
		return nil, errors.New("it ends within the headers; expected an empty line behind them")
	case err != nil:
		return nil, fmt.Errorf("not an HTTP request: %w", err)
	}
	hash := sha256.New()
	n, err := io.Copy(hash, r.Body)
	if err == io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("the body ends after %d bytes, before it should", n)
	}
	if err != nil {
		return nil, fmt.Errorf("the body cannot be read: %w", err)
	}
	rest, err := io.ReadAll(io.LimitReader(in, 1<<10))
	if err != nil {
		return nil, err
	}
	if len(bytes.Trim(rest, "\r\n")) > 0 {
		return nil, fmt.Errorf("something follows the request, whose body has %d bytes by its headers", n)
	}
	headers := r.Header
	if r.Host != "" {
		headers.Set("Host", r.Host) // which ReadRequest keeps elsewhere
	}
	return &writapi.Request{
		Method: r.Method, URL: r.RequestURI, Headers: headers, BodySHA256: hex.EncodeToString(hash.Sum(nil)),
	}, nil
}
