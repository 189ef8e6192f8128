package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"
)

// clientFlags are the flags that all commands have that call a server.
type clientFlags struct {
	endpoint once
	json     bool
}

// newClientFlags gives a command, and those below it, the flags.
func newClientFlags(c *cobra.Command) *clientFlags {
	f := &clientFlags{}
	c.PersistentFlags().Var(&f.endpoint, "endpoint-url", "`URL` of the server, in place of AWS_ENDPOINT_URL")
	c.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON")
	c.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) }
	return f
}

// describeJSON says in a command's help what it prints with --json.
func (f *clientFlags) describeJSON(c *cobra.Command, what string) {
	c.PersistentFlags().Lookup("json").Usage = "print JSON: " + what
}

// A client calls a server, for the time of one command.
type client struct {
	*program
	ctx      context.Context
	config   aws.Config
	endpoint string
	hints    map[string]string // what to do about an error, by its code
	json     bool
}

// dial makes a client. It asks nothing of the server, nor of the cloud that this machine may be in: credentials are
// those that somebody set. The function endpoint says where a configuration leads.
func (p *program) dial(ctx context.Context, f *clientFlags, endpoint func(aws.Config) *string) (*client, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithDefaultRegion("us-east-1"), config.WithEC2IMDSClientEnableState(imds.ClientDisabled),
		config.WithHTTPClient(awshttp.NewBuildableClient()))
	if err != nil {
		return nil, err
	}
	if f.endpoint.given() {
		cfg.BaseEndpoint = aws.String(f.endpoint.text)
	}
	at := endpoint(cfg)
	if at == nil { // this would be AWS
		return nil, errors.New("no server is named; set AWS_ENDPOINT_URL as writ serve prints it, or give --endpoint-url")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, errors.New("no credentials are set; writ serve prints the lines that set them")
	}
	return &client{program: p, ctx: ctx, config: cfg, endpoint: *at, json: f.json}, nil
}

// told puts an error of the server into words.
func (c *client) told(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		message, _, _ := strings.Cut(api.ErrorMessage(), " Encoded authorization failure message:")
		hint := c.hints[api.ErrorCode()]
		if hint != "" {
			hint = "; " + hint
		}
		return fmt.Errorf("%s (%s)%s", strings.TrimSuffix(message, "."), api.ErrorCode(), hint)
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%s: %w; does writ serve run there?", c.endpoint, dial.Err)
	}
	return err
}

// done prints what a command did, as JSON or in words, and the command that is likely next.
func (c *client) done(result any, next []string, words ...string) error {
	if c.json {
		return c.printJSON(result)
	}
	c.print("%s", aligned([][]string{words})[0])
	if len(next) > 0 {
		c.print("  next  %s", shellQuoted(next))
	}
	return nil
}

func (c *client) printJSON(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
