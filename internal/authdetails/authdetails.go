// Package authdetails reads the users, groups, roles and managed policies of accounts, with all their documents: from what
// "aws iam get-account-authorization-details" prints of one account, and from what "writ org details" prints of all of an
// organization. Several outputs, of several accounts, may be read together.
//
// A document stands there as an object, as the AWS CLI and the SDKs that decode it have it, or as a text, URL-encoded or not.
// Members that are not needed are passed over. What is needed and missing is an error that names the place.
//
// # An organization
//
// The output of "writ org details" has the same lists for each of several accounts, and the SCPs and RCPs that bear on the account:
//
//	{"Accounts": [{
//	    "Id": "111122223333", "Name": "dev", "OrganizationId": "o-…",
//	    "ServiceControlPolicies": [{"Id": "r-…", "Name": "Root", "Policies": ["arn:aws:organizations::…"]}, …],
//	    "ResourceControlPolicies": null,
//	    "UserDetailList": […], "GroupDetailList": […], "RoleDetailList": […], "Policies": […]}],
//	 "OrganizationPolicies": [{"Arn": "arn:aws:organizations::…", "Name": "FullAWSAccess", "Document": {…}}]}
//
// Levels come from the root down to the account; null is an account on which none bear, as on one that is in no organization. An
// account may stand there in several parts, as it does where an output comes in pages. Operation GetOrganizationAuthorizationDetails
// of Writ's own API answers in this form.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
package authdetails

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/policy"
)

// MaxSize is the size in bytes from which an output is refused.
const MaxSize = 512 << 20

// Details are the entities of one or more accounts.
type Details struct {
	Users    []*Entity
	Groups   []*Entity
	Roles    []*Entity
	Policies map[string]*Managed // by ARN

	Accounts []*Account // of which something was read, by id

	controls map[string]*Control // by ARN

	groups map[string]*Entity // by account and name
	known  map[string]bool    // ARNs of users, groups and roles
}

// An Entity is a user, a group or a role.
type Entity struct {
	Kind     string // "user", "group" or "role"
	Name     string
	ARN      string
	Account  string
	Attached []string          // ARNs of managed policies
	Inline   []Inline          // in the order of the output
	Boundary string            // ARN; "" if there is none
	Groups   []string          // of a user, by name
	Trust    *policy.Document  // of a role
	Tags     map[string]string // of a user or role
	// InstanceProfiles are the ARNs of those that a role is in; nil if the output does not say.
	InstanceProfiles []string
}

// An Inline is a policy that is embedded in an entity.
type Inline struct {
	Name     string
	Document *policy.Document
}

// A Managed is a managed policy.
type Managed struct {
	ARN      string
	Name     string
	Default  string                      // version in force
	Versions map[string]*policy.Document // by id
	Created  map[string]time.Time        // likewise; zero if the output does not say
}

// wire is the output as it stands.
type wire struct {
	lists
	Accounts             []account
	OrganizationPolicies []control
}

// lists are what an output has of one account.
type lists struct {
	UserDetailList  []entity
	GroupDetailList []entity
	RoleDetailList  []entity
	Policies        []struct {
		Arn, PolicyName, DefaultVersionId string
		PolicyVersionList                 []struct {
			VersionId        string
			CreateDate       time.Time
			Document         json.RawMessage
			IsDefaultVersion bool
		}
	}
}

type entity struct {
	UserName, GroupName, RoleName, Arn string
	GroupList                          []string
	UserPolicyList, GroupPolicyList    []inline
	RolePolicyList                     []inline
	AttachedManagedPolicies            []struct{ PolicyArn string }
	PermissionsBoundary                *struct{ PermissionsBoundaryArn string }
	AssumeRolePolicyDocument           json.RawMessage
	Tags                               []struct{ Key, Value string }
	InstanceProfileList                []struct{ Arn string }
}

type inline struct {
	PolicyName     string
	PolicyDocument json.RawMessage
}

// An Error says what is wrong with an output, and where.
type Error struct {
	Path   string // as in "UserDetailList[3].UserPolicyList[0].PolicyDocument"
	Reason string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// Read adds the entities of an output. The error, if any, is an [*Error], or that of r.
func (d *Details) Read(r io.Reader) error {
	src, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return err
	}
	if len(src) > MaxSize {
		return &Error{Reason: fmt.Sprintf("the output has more than %d bytes", MaxSize)}
	}
	var w wire
	dec := json.NewDecoder(bytes.NewReader(src))
	if err := dec.Decode(&w); err != nil {
		return &Error{Reason: fmt.Sprintf("not the output of aws iam get-account-authorization-details: %v", err)}
	}
	if _, err := dec.Token(); err != io.EOF {
		return &Error{Reason: "there is something behind the output"}
	}
	d.begin()
	if w.Accounts != nil {
		return d.readOrganization(&w)
	}
	if w.empty() {
		return &Error{Reason: "not the output of aws iam get-account-authorization-details: it has neither users, groups, roles nor policies"}
	}
	return d.readLists(&w.lists, "", "")
}

// begin makes the maps.
func (d *Details) begin() {
	if d.Policies == nil {
		d.Policies, d.groups, d.known = map[string]*Managed{}, map[string]*Entity{}, map[string]bool{}
		d.controls = map[string]*Control{}
	}
}

func (w *lists) empty() bool {
	return w.UserDetailList == nil && w.GroupDetailList == nil && w.RoleDetailList == nil && w.Policies == nil
}

// readLists adds the entities of an account, which stand at a place. The account is "" if the output does not say which it is.
func (d *Details) readLists(w *lists, account, place string) error {
	for i, p := range w.Policies {
		at := fmt.Sprintf("%sPolicies[%d]", place, i)
		if p.Arn == "" {
			return &Error{at, "it has no Arn"}
		}
		m := &Managed{ARN: p.Arn, Name: p.PolicyName, Default: p.DefaultVersionId, Versions: map[string]*policy.Document{}, Created: map[string]time.Time{}}
		for j, v := range p.PolicyVersionList {
			doc, err := document(v.Document, fmt.Sprintf("%s.PolicyVersionList[%d].Document", at, j))
			if err != nil {
				return err
			}
			m.Created[v.VersionId] = v.CreateDate
			if m.Versions[v.VersionId] = doc; v.IsDefaultVersion {
				m.Default = v.VersionId
			}
		}
		if m.Versions[m.Default] == nil {
			return &Error{at, fmt.Sprintf("of its default version, %q, there is no document", m.Default)}
		}
		d.Policies[p.Arn] = m
	}
	for _, list := range []struct {
		kind, name string
		of         []entity
		to         *[]*Entity
	}{{"user", "UserDetailList", w.UserDetailList, &d.Users}, {"group", "GroupDetailList", w.GroupDetailList, &d.Groups}, {"role", "RoleDetailList", w.RoleDetailList, &d.Roles}} {
		for i := range list.of {
			at := fmt.Sprintf("%s%s[%d]", place, list.name, i)
			e, err := newEntity(&list.of[i], list.kind, at)
			if err != nil {
				return err
			}
			if account != "" && e.Account != account {
				return &Error{at + ".Arn", fmt.Sprintf("%s is not in account %s", e.ARN, account)}
			}
			if d.known[e.ARN] {
				return &Error{at, e.ARN + " is there twice: it was read before"}
			}
			d.known[e.ARN] = true
			d.account(e.Account)
			*list.to = append(*list.to, e)
			if list.kind == "group" {
				d.groups[e.Account+"/"+strings.ToLower(e.Name)] = e
			}
		}
	}
	return nil
}

func newEntity(w *entity, kind, at string) (*Entity, error) {
	e := &Entity{Kind: kind, ARN: w.Arn, Groups: w.GroupList}
	a, err := arn.Parse(w.Arn)
	if err != nil || !arn.IsAccountID(a.Account) {
		return nil, &Error{at + ".Arn", fmt.Sprintf("%q is no ARN of a %s", w.Arn, kind)}
	}
	e.Account = a.Account
	e.Name = w.Arn[strings.LastIndexByte(w.Arn, '/')+1:]
	for _, p := range w.AttachedManagedPolicies {
		e.Attached = append(e.Attached, p.PolicyArn)
	}
	if w.PermissionsBoundary != nil {
		e.Boundary = w.PermissionsBoundary.PermissionsBoundaryArn
	}
	for _, list := range []struct {
		name string
		of   []inline
	}{{"UserPolicyList", w.UserPolicyList}, {"GroupPolicyList", w.GroupPolicyList}, {"RolePolicyList", w.RolePolicyList}} {
		for i, p := range list.of {
			doc, err := document(p.PolicyDocument, fmt.Sprintf("%s.%s[%d].PolicyDocument", at, list.name, i))
			if err != nil {
				return nil, err
			}
			e.Inline = append(e.Inline, Inline{p.PolicyName, doc})
		}
	}
	if kind == "role" && len(w.AssumeRolePolicyDocument) > 0 {
		if e.Trust, err = document(w.AssumeRolePolicyDocument, at+".AssumeRolePolicyDocument"); err != nil {
			return nil, err
		}
	}
	if w.InstanceProfileList != nil {
		e.InstanceProfiles = []string{}
		for _, p := range w.InstanceProfileList {
			e.InstanceProfiles = append(e.InstanceProfiles, p.Arn)
		}
	}
	for _, t := range w.Tags {
		if e.Tags == nil {
			e.Tags = map[string]string{}
		}
		e.Tags[t.Key] = t.Value
	}
	return e, nil
}

// document reads a policy document: an object, or a text that holds one.
func document(raw json.RawMessage, at string) (*policy.Document, error) {
	src := []byte(raw)
	if len(src) > 0 && src[0] == '"' {
		var text string
		if err := json.Unmarshal(src, &text); err != nil {
			return nil, &Error{at, err.Error()}
		}
		if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") { // URL-encoded, white space included
			decoded, err := url.QueryUnescape(text)
			if err != nil {
				return nil, &Error{at, fmt.Sprintf("the text is not URL-encoded: %v", err)}
			}
			text = decoded
		}
		src = []byte(text)
	}
	if len(src) == 0 {
		return nil, &Error{at, "there is no document"}
	}
	doc, err := policy.Parse(src)
	if err != nil {
		return nil, &Error{at, err.Error()}
	}
	return doc, nil
}

// GroupsOf returns the groups that a user is in. A group that the output does not have is left out.
func (d *Details) GroupsOf(user *Entity) (list []*Entity) {
	for _, name := range user.Groups {
		if g := d.groups[user.Account+"/"+strings.ToLower(name)]; g != nil {
			list = append(list, g)
		}
	}
	return list
}

// Principals returns the users and roles, which are those who can ask, by ARN.
func (d *Details) Principals() []*Entity {
	list := slices.Concat(d.Users, d.Roles)
	slices.SortStableFunc(list, func(a, b *Entity) int { return strings.Compare(a.ARN, b.ARN) })
	return list
}
