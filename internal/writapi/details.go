package writapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/iamapi"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

type GetOrganizationAuthorizationDetailsInput struct {
	Marker   string `json:",omitempty"` // of the page before; "" for the first
	MaxItems int    `json:",omitempty"` // accounts, and entities in them: at most 1,000; 0 for 100. A page may have fewer
}

// A GetOrganizationAuthorizationDetailsOutput is a page in the form that internal/authdetails reads.
type GetOrganizationAuthorizationDetailsOutput struct {
	Accounts []AccountDetails // by id; the first may go on from the page before
	// OrganizationPolicies are the SCPs and RCPs that the accounts of the page name, once each.
	OrganizationPolicies []OrganizationPolicy
	IsTruncated          bool
	Marker               string `json:",omitempty"`
}

// AccountDetails are what iam:GetAccountAuthorizationDetails says of an account, and where it is in its organization. Of an owner's policy
// that was published on this server, the version before the one in force comes along.
type AccountDetails struct {
	ID             string `json:"Id"`
	Name           string `json:",omitempty"`
	OrganizationID string `json:"OrganizationId,omitempty"`

	// The levels of policies that bear on the account, from the root down; null if none do.
	ServiceControlPolicies  []PolicyLevel
	ResourceControlPolicies []PolicyLevel

	UserDetailList  []json.RawMessage
	GroupDetailList []json.RawMessage
	RoleDetailList  []json.RawMessage
	Policies        []json.RawMessage
}

// A PolicyLevel is the root, a unit or an account, with the ARNs of the policies of one type that are attached there.
type PolicyLevel struct {
	ID       string `json:"Id"`
	Name     string
	Policies []string
}

// An OrganizationPolicy is an SCP or an RCP.
type OrganizationPolicy struct {
	ARN      string `json:"Arn"`
	Name     string
	Type     string
	Document string
}

var accountDetails = []op.Operation{
	op.New("GetOrganizationAuthorizationDetails", onAccounts, getOrganizationAuthorizationDetails),
}

// onAccounts is the target of the operation on many accounts. For callers of the first account, which is the operator's, it is
// all accounts of the server; for those of another management account, its organization. For all others it is the first account's
// resource, so that they are denied: no policy of theirs can allow what is another account's.
func onAccounts(c *op.Call, _ *GetOrganizationAuthorizationDetailsInput) (op.Target, error) {
	first := firstAccount(c)
	if org := managedBy(c); org != nil && c.Account() != first {
		return op.Target{Resource: org.ARN()}, nil
	}
	return op.Target{Resource: "arn:aws:writ::" + first + ":account/*"}, nil
}

// managedBy returns the organization that the caller's account manages, or nil.
func managedBy(c *op.Call) *iam.Organization {
	a := snapshot.Get[iam.Account](c.State, iam.AccountKey(c.Account()))
	if a == nil || a.Organization == "" {
		return nil
	}
	org := snapshot.Get[iam.Organization](c.State, iam.OrganizationKey(a.Organization))
	if org == nil || org.Management != a.ID {
		return nil
	}
	return org
}

// readable are the accounts that the caller is told of: what onAccounts names, seen from the other side. Closed accounts are left
// out: nobody can act in them.
func readable(c *op.Call) func(*iam.Account) bool {
	org, all := managedBy(c), c.Account() != "" && c.Account() == firstAccount(c)
	return func(a *iam.Account) bool {
		return !a.Suspended && (all || org != nil && a.Organization == org.ID)
	}
}

// Bounds of a page.
const (
	defaultDetails = 100
	maxDetails     = 1000
	maxDetailsSize = 1 << 20 // bytes, from which on nothing more is added
)

// A detailsPage collects a page.
type detailsPage struct {
	call  *op.Call
	out   *GetOrganizationAuthorizationDetailsOutput
	after string // key of the last item of the page before
	last  string // key of the last item taken
	room  int
	size  int
	named map[string]bool // ARNs of the SCPs and RCPs on the page
}

// getOrganizationAuthorizationDetails goes through all accounts with one page. The key of an account is its id, those of what is in
// it begin with the id and a slash.
func getOrganizationAuthorizationDetails(
	_ context.Context, c *op.Call, in *GetOrganizationAuthorizationDetailsInput,
) (*GetOrganizationAuthorizationDetailsOutput, error) {
	p := &detailsPage{call: c, room: defaultDetails, named: map[string]bool{}, out: &GetOrganizationAuthorizationDetailsOutput{
		Accounts: []AccountDetails{}, OrganizationPolicies: []OrganizationPolicy{},
	}}
	if in.MaxItems < 0 || in.MaxItems > maxDetails {
		return nil, iam.Errorf(iam.ValidationError, "MaxItems must be from 1 to %d.", maxDetails)
	}
	if in.MaxItems > 0 {
		p.room = in.MaxItems
	}
	if in.Marker != "" {
		key, err := base64.RawURLEncoding.DecodeString(in.Marker)
		if err != nil || len(key) == 0 {
			return nil, iam.Errorf(iam.ValidationError, "Invalid Marker.")
		}
		p.after = string(key)
	}
	may := readable(c)
	begin, _, _ := strings.Cut(p.after, "/")
	for a := range accountsFrom(c.State, begin) {
		if !may(a) {
			continue
		}
		if full, err := p.account(a); err != nil {
			return nil, err
		} else if full {
			p.out.IsTruncated, p.out.Marker = true, base64.RawURLEncoding.EncodeToString([]byte(p.last))
			break
		}
	}
	return p.out, nil
}

// accountsFrom yields the accounts by id, from one on.
func accountsFrom(s *snapshot.Snapshot, id string) iter.Seq[*iam.Account] {
	return func(yield func(*iam.Account) bool) {
		if a := snapshot.Get[iam.Account](s, iam.AccountKey(id)); a != nil && !yield(a) {
			return
		}
		for _, r := range s.List(iam.AccountKey(""), iam.AccountKey(id)) {
			if !yield(r.(*iam.Account)) {
				return
			}
		}
	}
}

// take reports whether there is room for the item of a key.
func (p *detailsPage) take(key string) bool {
	if p.room == 0 || p.size >= maxDetailsSize {
		return false
	}
	p.room--
	p.last = key
	return true
}

// account adds an account, or what of it comes behind the page before, as far as there is room.
func (p *detailsPage) account(a *iam.Account) (full bool, err error) {
	rest, goesOn := strings.CutPrefix(p.after, a.ID)
	var to *AccountDetails
	if !goesOn {
		rest = ""
		if !p.take(a.ID) {
			return true, nil
		}
		if to, err = p.place(a); err != nil {
			return false, err
		}
	}
	for key, detail := range iamapi.AuthorizationDetails(p.call, a.ID, strings.TrimPrefix(rest, "/")) {
		if !p.take(a.ID + "/" + key) {
			return true, nil
		}
		if to == nil {
			if to, err = p.place(a); err != nil {
				return false, err
			}
		}
		d := detail()
		if m, ok := d.(types.ManagedPolicyDetail); ok {
			d = withVersionBefore(p.call.State, m)
		}
		text, err := json.Marshal(d)
		if err != nil {
			return false, err
		}
		p.size += len(text)
		switch d.(type) {
		case types.UserDetail:
			to.UserDetailList = append(to.UserDetailList, text)
		case types.GroupDetail:
			to.GroupDetailList = append(to.GroupDetailList, text)
		case types.RoleDetail:
			to.RoleDetailList = append(to.RoleDetailList, text)
		case types.ManagedPolicyDetail:
			to.Policies = append(to.Policies, text)
		}
	}
	return false, nil
}

// withVersionBefore adds, to a policy whose version in force was published on this server, the version before it: without the server,
// nobody could say otherwise what the last update changed. The other versions of AWS's policies are part of the program.
func withVersionBefore(s *snapshot.Snapshot, m types.ManagedPolicyDetail) types.ManagedPolicyDetail {
	owned := s.OwnerPolicy(*m.Arn)
	if owned == nil || owned.Default().Publication() == nil {
		return m
	}
	if versions := owned.Versions(); len(versions) > 1 {
		before := versions[len(versions)-2]
		if doc := before.Document(); doc != nil {
			text := url.QueryEscape(doc.Text)
			m.PolicyVersionList = append(m.PolicyVersionList, types.PolicyVersion{CreateDate: &before.Created, VersionId: &before.ID, Document: &text})
		}
	}
	return m
}

// place adds an account without what is in it.
func (p *detailsPage) place(a *iam.Account) (*AccountDetails, error) {
	scps, rcps, err := p.call.State.Levels(a.ID)
	if err != nil {
		return nil, err
	}
	none := []json.RawMessage{}
	p.out.Accounts = append(p.out.Accounts, AccountDetails{
		ID: a.ID, Name: a.Name, OrganizationID: a.Organization,
		ServiceControlPolicies: p.levels(a, scps), ResourceControlPolicies: p.levels(a, rcps),
		UserDetailList: none, GroupDetailList: none, RoleDetailList: none, Policies: none,
	})
	return &p.out.Accounts[len(p.out.Accounts)-1], nil
}

// levels are levels on the wire. The policies that they name are on the page, too.
func (p *detailsPage) levels(a *iam.Account, levels []snapshot.Level) (out []PolicyLevel) {
	if len(levels) == 0 {
		return nil
	}
	org := snapshot.Get[iam.Organization](p.call.State, iam.OrganizationKey(a.Organization))
	for _, level := range levels {
		to := PolicyLevel{ID: level.Target.OrgTargetID(), Policies: []string{}}
		switch target := level.Target.(type) {
		case *iam.Unit:
			to.Name = target.Name
		case *iam.Account:
			to.Name = target.Name
		}
		for _, policy := range level.Policies {
			arn := org.PolicyARN(policy)
			to.Policies = append(to.Policies, arn)
			if p.named[arn] {
				continue
			}
			p.named[arn] = true
			p.size += len(policy.Document.Text)
			p.out.OrganizationPolicies = append(p.out.OrganizationPolicies, OrganizationPolicy{arn, policy.Name, policy.Type, policy.Document.Text})
		}
		out = append(out, to)
	}
	return out
}
