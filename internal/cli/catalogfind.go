package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/managed"
)

// This file finds a managed policy where a command is given its name: in the catalogue that is built in, or on a server.

// fromServer is what the help of such a command says.
const fromServer = `AWS's policies are built in, and nothing is asked of a server. For a name that is not among them, and with
--endpoint-url for any, the server is asked that AWS_ENDPOINT_URL or the flag names: what publishers own is
there, and what came to AWS's policies. That needs writ:ListCatalogEntries, iam:ListPolicyVersions and
iam:GetPolicyVersion.`

// A found is a version of a managed policy, with what the policy's owner said when it was published.
type found struct {
	*managed.Version
	published map[string]*writapi.Entry // by version; none for the versions of the catalogue
	withdrawn *writapi.Entry            // nil if the policy is not deprecated on a server
}

var versionForm = regexp.MustCompile(`^v[1-9][0-9]*$`)

// ownersARN is what the ARNs of owners' policies begin with, AWS's among them.
const ownersARN = "arn:aws:iam::aws:policy/"

// findPolicy finds the version that a reference names, and the default one where it names none.
func (p *program) findPolicy(ctx context.Context, f *clientFlags, ref string) (*found, error) {
	v, unknown := managed.Find(ref)
	if unknown == nil && (!f.endpoint.given() || !strings.HasPrefix(v.Policy.ARN, ownersARN)) { // the latter are AWS Organizations' two
		return &found{Version: v}, nil
	}
	name, id, versioned := strings.Cut(ref, "@")
	if name == "" || versioned && !versionForm.MatchString(id) || strings.HasPrefix(name, "arn:") && !strings.HasPrefix(name, ownersARN) {
		return nil, unknown
	}
	c, err := p.dial(ctx, f, func(cfg aws.Config) *string { return cfg.BaseEndpoint })
	if err != nil {
		if f.endpoint.given() {
			return nil, err
		}
		return nil, unknown
	}
	at, err := c.ownersPolicy(name)
	switch {
	case err != nil && !f.endpoint.given(): // it may be a slip in the name of one of AWS's
		return nil, fmt.Errorf("AWS's catalogue has no policy %s, and of the server: %w", ref, c.told(err))
	case err != nil:
		return nil, c.told(err)
	case at == nil && unknown != nil:
		return nil, unknown
	case at == nil:
		return nil, fmt.Errorf("%s: there is no managed policy %s", c.endpoint, name)
	}
	if versioned {
		v, ok := at.Policy.Version(id)
		if !ok {
			var ids []string
			for _, v := range at.Policy.Versions() {
				ids = append(ids, v.ID)
			}
			return nil, fmt.Errorf("managed policy %q: %s has %s", ref, at.Policy.Name, few(ids, 12))
		}
		at.Version = v
	}
	return at, nil
}

// ownersPolicy returns an owner's policy as the server has it, at its default version; nil if there is none of the name or ARN.
func (c *client) ownersPolicy(name string) (*found, error) {
	entries, err := c.entriesOf(name)
	if err != nil {
		return nil, err
	}
	arn := name
	switch shipped, ok := managed.Lookup(name); {
	case strings.HasPrefix(name, ownersARN):
	case len(entries) > 0:
		arn = entries[0].PolicyARN
	case ok:
		arn = shipped.ARN
	default:
		return nil, nil
	}
	versions, err := c.policyVersions(arn)
	if err != nil {
		if e, ok := errors.AsType[smithy.APIError](err); ok && e.ErrorCode() == "NoSuchEntity" {
			return nil, nil
		}
		return nil, err
	}
	at := &found{published: map[string]*writapi.Entry{}}
	for i := range entries {
		if e := &entries[i]; e.Deprecation {
			at.withdrawn = e
		} else {
			at.published[e.VersionID] = e
		}
	}
	shipped, _ := managed.Lookup(arn)
	var list []managed.Published
	for _, v := range slices.Backward(versions) {
		of := managed.Published{ID: *v.VersionId, Created: aws.ToTime(v.CreateDate)}
		if of.Document = documentOf(shipped, of.ID); of.Document == nil || at.published[of.ID] != nil {
			text, err := c.policyDocument(arn, of.ID)
			if err != nil {
				return nil, err
			}
			of.Document = []byte(text)
		}
		list = append(list, of)
	}
	slash := strings.LastIndexByte(arn, '/')
	policy, err := managed.New(arn[slash+1:], arn[len(ownersARN)-1:slash+1], list)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.endpoint, err)
	}
	policy.Deprecated = at.withdrawn != nil || shipped != nil && shipped.Deprecated
	at.Version = policy.Default()
	return at, nil
}

// documentOf returns the document of a version of the catalogue; nil if it has none.
func documentOf(p *managed.Policy, id string) []byte {
	if p != nil {
		if v, ok := p.Version(id); ok {
			return v.Document()
		}
	}
	return nil
}

// entriesOf returns what was published of a policy on the server, oldest first.
func (c *client) entriesOf(name string) (entries []writapi.Entry, err error) {
	in := writapi.ListCatalogEntriesInput{PolicyName: name[strings.LastIndexByte(name, '/')+1:]}
	for {
		out, err := callWrit[writapi.ListCatalogEntriesOutput](c, "ListCatalogEntries", in)
		if err != nil {
			return nil, err
		}
		for _, e := range out.Entries {
			if !strings.HasPrefix(name, "arn:") || e.PolicyARN == name {
				entries = append(entries, e)
			}
			in.After = e.Entry
		}
		if !out.More {
			return entries, nil
		}
	}
}

// policyVersions lists the versions of a managed policy, newest first.
func (c *client) policyVersions(arn string) (versions []types.PolicyVersion, err error) {
	pages := api.NewListPolicyVersionsPaginator(api.NewFromConfig(c.config), &api.ListPolicyVersionsInput{PolicyArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(c.ctx)
		if err != nil {
			return nil, err
		}
		versions = append(versions, page.Versions...)
	}
	return versions, nil
}

// policyDocument returns the document of a version of a managed policy.
func (c *client) policyDocument(arn, version string) (string, error) {
	out, err := api.NewFromConfig(c.config).GetPolicyVersion(c.ctx, &api.GetPolicyVersionInput{PolicyArn: &arn, VersionId: &version})
	if err != nil {
		return "", err
	}
	return url.QueryUnescape(*out.PolicyVersion.Document)
}

// publicationJSON is what was said when a version was published, or a policy withdrawn, in JSON.
type publicationJSON struct {
	Publisher string    `json:"publisher"`
	Time      time.Time `json:"time"`
	Note      string    `json:"note"`
	Feature   string    `json:"feature"`
	Reason    string    `json:"reason"` // for a removal
	By        string    `json:"publishedBy"`
}

func newPublicationJSON(e *writapi.Entry) *publicationJSON {
	if e == nil {
		return nil
	}
	return &publicationJSON{e.Publisher, e.Time, e.Note, e.Feature, e.Reason, e.By}
}

// said puts what was said of a version into words.
func said(e *writapi.Entry) string {
	text := e.Note
	if e.Feature != "" {
		text = strings.TrimSuffix("for "+e.Feature+": "+text, ": ")
	}
	if e.Reason != "" {
		text += " (takes away: " + e.Reason + ")"
	}
	return strings.TrimSpace(text)
}

// owner says whose the policy is, if a server said so.
func (f *found) owner() string {
	for _, e := range f.published {
		return "published by " + e.Publisher
	}
	return ""
}
