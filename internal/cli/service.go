package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/writapi"
)

const serviceHelp = `Register the services that may act for their callers on a server, and forward calls as one of them.

A service takes signed requests from users and roles, as CloudFormation does on AWS. For each request
it may get a forward access session: temporary credentials of the caller, whose calls carry the
service in aws:CalledVia.

The server and the credentials are found as the AWS CLI finds them: AWS_ENDPOINT_URL,
AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE, AWS_ACCESS_KEY_ID and so on; writ serve prints the lines
that set them. To register, list, rotate and deregister is for the first account; to forward, for the
service itself.`

const serviceExamples = `  writ service register cloudformation.amazonaws.com --profile cloudformation >> "$AWS_SHARED_CREDENTIALS_FILE"
  writ service list
  AWS_PROFILE=cloudformation writ service forward --request request.http`

func (p *program) service() *cobra.Command {
	c := &cobra.Command{
		Use:     "service",
		Short:   "Register services on a server, and forward their callers' calls",
		Long:    serviceHelp,
		Example: serviceExamples,
	}
	f := newClientFlags(c)
	c.AddCommand(p.serviceRegister(f), p.serviceList(f), p.serviceRotate(f), p.serviceDeregister(f), p.serviceForward(f))
	return c
}

// serviceCommand gives a command its work: on a server's own API.
func (p *program) serviceCommand(
	f *clientFlags, c *cobra.Command, run func(c *client, args []string) error,
) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := p.dial(c.Context(), f, func(cfg aws.Config) *string { return cfg.BaseEndpoint })
		if err != nil {
			return err
		}
		return api.told(run(api, args))
	}
	return c
}

// maxAnswer is above the size of any answer of the API.
const maxAnswer = 16 << 20

// callWrit calls an operation of a server's own API.
func callWrit[Out any](c *client, operation string, in any) (*Out, error) {
	r, err := c.writRequest(operation, in)
	if err != nil {
		return nil, err
	}
	resp, err := c.config.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s: the answer breaks off: %w", c.endpoint, err)
	}
	var failure struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	out := new(Out)
	switch {
	case resp.StatusCode == http.StatusOK && json.Unmarshal(body, out) == nil:
		return out, nil
	case json.Unmarshal(body, &failure) == nil && failure.Type != "":
		return nil, &smithy.GenericAPIError{Code: failure.Type, Message: failure.Message}
	}
	return nil, &notWritError{c.endpoint, resp.Status}
}

// A notWritError says that what answered is no server of Writ's.
type notWritError struct{ endpoint, status string }

func (e *notWritError) Error() string {
	return fmt.Sprintf("%s: the answer, with status %s, is not one of writ serve", e.endpoint, e.status)
}

// writRequest makes a signed request.
func (c *client) writRequest(operation string, in any) (*http.Request, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Amz-Target", "Writ."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("User-Agent", "writ")
	credentials, err := c.config.Credentials.Retrieve(c.ctx)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(body)
	return r, v4.NewSigner().SignHTTP(
		c.ctx, credentials, r, hex.EncodeToString(hash[:]), "writ", c.config.Region, time.Now())
}

// serviceJSON is a service in JSON. The key is there when it was just made.
type serviceJSON struct {
	Name        string          `json:"name"`
	SigningName string          `json:"signingName"`
	Created     time.Time       `json:"created"`
	AccessKeys  []string        `json:"accessKeys"` // ids
	New         *credentialJSON `json:"newAccessKey,omitempty"`
}

func newServiceJSON(s *writapi.Registered) serviceJSON {
	return serviceJSON{Name: s.Name, SigningName: s.SigningName, Created: s.CreateDate, AccessKeys: s.AccessKeys}
}

// credentialJSON is a credential in the form in which the AWS CLI and the SDKs take it from a credential_process.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
type credentialJSON struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string     `json:",omitempty"`
	Expiration      *time.Time `json:",omitempty"`
}

// exportCredential prints a credential for a shell. A session token is always set: one that is left from other
// credentials would go with these.
func (c *client) exportCredential(k *credentialJSON) {
	for _, v := range [][2]string{
		{"AWS_ACCESS_KEY_ID", k.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", k.SecretAccessKey},
		{"AWS_SESSION_TOKEN", k.SessionToken},
	} {
		value := ""
		if v[1] != "" {
			value = shellQuoted(v[1:])
		}
		c.print("export %s=%s", v[0], value)
	}
}

var profileForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@+-]*$`)

// profileFlag adds the flag that names a section of an AWS credentials file to a command.
func profileFlag(c *cobra.Command, profile *once) {
	c.Flags().Var(profile, "profile",
		"print a section of an AWS credentials file with this `name`, in place of export lines")
}

// checkProfile checks the name. That comes before the key is made, whose secret is shown once.
func checkProfile(profile *once) error {
	if profile.given() && !profileForm.MatchString(profile.text) {
		return fmt.Errorf("--profile %q: expected letters, digits, and any of _.@+-", profile.text)
	}
	return nil
}

// printKey prints a service's new access key.
func (c *client) printKey(s *writapi.Registered, key writapi.AccessKey, profile *once) error {
	k := &credentialJSON{Version: 1, AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}
	switch {
	case c.json:
		j := newServiceJSON(s)
		j.New = k
		return c.printJSON(j)
	case profile.given():
		c.print("\n[%s]\naws_access_key_id = %s\naws_secret_access_key = %s", profile.text, k.AccessKeyID, k.SecretAccessKey)
	default:
		c.exportCredential(k)
	}
	return nil
}

func (p *program) serviceRegister(f *clientFlags) *cobra.Command {
	var signingName, profile once
	c := p.serviceCommand(f, &cobra.Command{
		Use:   "register NAME [--signing-name NAME] [--profile NAME]",
		Short: "Register a service and print its access key",
		Long: `Register a service under the name that policies know it by, and print its access key: as export
lines, or with --profile as a section of an AWS credentials file. The secret is not shown again.

With the key the service may also assume the roles, of any account, whose trust policies name it.`,
		Example: `  eval "$(writ service register dynamodb.amazonaws.com)"
  writ service register orders.example.com --signing-name shop --profile orders >> orders-credentials
  writ service register billing.example.com --json`,
		Args: arguments("NAME"),
	}, func(c *client, args []string) error {
		if err := checkProfile(&profile); err != nil {
			return err
		}
		in := writapi.RegisterServiceInput{Name: args[0], SigningName: signingName.text}
		out, err := callWrit[writapi.RegisterServiceOutput](c, "RegisterService", in)
		if err != nil {
			return err
		}
		return c.printKey(&out.Service, out.AccessKey, &profile)
	})
	c.Flags().Var(&signingName, "signing-name",
		"`name` that requests to the service are signed for (default the first part of NAME)")
	profileFlag(c, &profile)
	return c
}

func (p *program) serviceRotate(f *clientFlags) *cobra.Command {
	var profile once
	c := p.serviceCommand(f, &cobra.Command{
		Use:   "rotate NAME [--profile NAME]",
		Short: "Give a service another access key",
		Long: `Give a service another access key, and print it as writ service register does. The key before stays
good until the next rotation: to end it, rotate twice.`,
		Example: `  writ service rotate orders.example.com --profile orders > orders-credentials`,
		Args:    arguments("NAME"),
	}, func(c *client, args []string) error {
		if err := checkProfile(&profile); err != nil {
			return err
		}
		in := writapi.RotateServiceKeyInput{Name: args[0]}
		out, err := callWrit[writapi.RotateServiceKeyOutput](c, "RotateServiceKey", in)
		if err != nil {
			return err
		}
		return c.printKey(&out.Service, out.AccessKey, &profile)
	})
	profileFlag(c, &profile)
	return c
}

func (p *program) serviceList(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:   "list",
		Short: "List the services",
		Long:  "List the services: name, signing name, date and the ids of the access keys, the newest last.",
		Example: `  writ service list
  writ service list --json`,
		Args: arguments(),
	}, func(c *client, _ []string) error {
		out, err := callWrit[writapi.ListServicesOutput](c, "ListServices", writapi.ListServicesInput{})
		if err != nil {
			return err
		}
		list := []serviceJSON{}
		var rows [][]string
		for _, s := range out.Services {
			list = append(list, newServiceJSON(&s))
			rows = append(rows, append([]string{s.Name, s.SigningName, s.CreateDate.Format(time.DateOnly)}, s.AccessKeys...))
		}
		if c.json {
			return c.printJSON(list)
		}
		for _, line := range aligned(rows) {
			c.print("%s", printable(line))
		}
		return nil
	})
}

func (p *program) serviceDeregister(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:     "deregister NAME",
		Short:   "Remove a service",
		Long:    `Remove a service. Its access keys and all forward access sessions that came through it end at once.`,
		Example: "  writ service deregister orders.example.com",
		Args:    arguments("NAME"),
	}, func(c *client, args []string) error {
		in := writapi.DeregisterServiceInput{Name: args[0]}
		if _, err := callWrit[writapi.DeregisterServiceOutput](c, "DeregisterService", in); err != nil {
			return err
		}
		return c.done(map[string]string{"deregistered": args[0]}, nil, "deregistered", "service", args[0])
	})
}
