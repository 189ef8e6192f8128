package iam

import (
	"strings"
	"time"
)

// A Record is one entity as it is stored. Records read from a snapshot are shared: do not change one.
type Record interface {
	// Key is where the store has the record: "user/111122223333/alice".
	Key() string
}

// A Header is what users, groups, roles, policies, instance profiles and server certificates have in common.
type Header struct {
	Account string // twelve digits
	Name    string // in the case it was given
	Path    string // "/", or as in "/division_abc/"
	ID      string // unique id: AIDA…, AGPA…, AROA…, ANPA…, AIPA…, ASCA…
	Created time.Time
}

// A Tag is a key and a value that the account's people put on an entity.
type Tag struct{ Key, Value string }

// Grants are the policies of an identity.
type Grants struct {
	Attached []string `json:",omitempty"` // ARNs of managed policies, in the order they were attached
	Inline   []Inline `json:",omitempty"` // sorted by name
}

// An Inline is a policy that is embedded in an identity.
type Inline struct {
	Name     string
	Document *Document
}

// An Account is an AWS account. Its root user is part of it.
type Account struct {
	ID      string
	Name    string `json:",omitempty"`
	Email   string `json:",omitempty"`
	Created time.Time
	Alias   string `json:",omitempty"`

	Keys  []string `json:",omitempty"` // access keys of the root user
	MFA   []string `json:",omitempty"` // serial numbers of the root user's MFA devices
	Login *Login   `json:",omitempty"` // the root user's

	PasswordPolicy *PasswordPolicy `json:",omitempty"`
	TokenVersion   string          `json:",omitempty"` // of the global STS endpoint: v1Token or v2Token

	// The place in an organization, if the account is in one.
	Organization string   `json:",omitempty"` // o-…
	Parent       string   `json:",omitempty"` // r-… or ou-…
	Policies     []string `json:",omitempty"` // p-…: SCPs and RCPs attached to the account itself
	Joined       time.Time
	Suspended    bool  `json:",omitempty"`
	Tags         []Tag `json:",omitempty"`
}

// A User is an IAM user.
type User struct {
	Header
	Grants
	Boundary string   `json:",omitempty"` // ARN of a managed policy
	Tags     []Tag    `json:",omitempty"`
	Groups   []string `json:",omitempty"` // unique ids

	Keys                []string             `json:",omitempty"` // access keys, in the order they were made
	Login               *Login               `json:",omitempty"`
	MFA                 []string             `json:",omitempty"` // serial numbers of enabled devices
	SSHKeys             []SSHKey             `json:",omitempty"`
	SigningCertificates []SigningCertificate `json:",omitempty"`
	ServiceCredentials  []ServiceCredential  `json:",omitempty"`
}

// A Group is a group of users.
type Group struct {
	Header
	Grants
}

// A Role is an IAM role.
type Role struct {
	Header
	Grants
	Description   string    `json:",omitempty"`
	Trust         *Document // its principals are bound to unique ids
	MaxSession    int32     // seconds
	Boundary      string    `json:",omitempty"`
	Tags          []Tag     `json:",omitempty"`
	LinkedService string    `json:",omitempty"` // the service principal of a service-linked role
}

// A Policy is a customer managed policy.
type Policy struct {
	Header
	Description string    `json:",omitempty"`
	Default     string    // version in force
	Versions    []Version // oldest first, at most five
	Last        int       // the highest version number ever given: numbers are not used again
	Updated     time.Time
	Tags        []Tag `json:",omitempty"`
}

// A Version is one version of a customer managed policy.
type Version struct {
	ID       string // as in "v3"
	Created  time.Time
	Document *Document
}

// An InstanceProfile is a container for one role that an EC2 instance gets.
type InstanceProfile struct {
	Header
	Role string `json:",omitempty"` // unique id
	Tags []Tag  `json:",omitempty"`
}

// An AccessKey is a long-term credential of a user, of an account's root user, or of a registered service.
type AccessKey struct {
	ID       string // AKIA…
	Account  string `json:",omitempty"`
	Owner    string // unique id of the user; the account id for the root user; the service principal for a service
	Inactive bool   `json:",omitempty"`
	Created  time.Time
	Sealed   []byte // the secret, encrypted
}

// A Use says when and for what a credential, a password or a role was last used. Its key is UseKey of the id.
type Use struct {
	ID      string // of the access key, role or user
	Time    time.Time
	Service string `json:",omitempty"`
	Region  string `json:",omitempty"`
}

// A Login is a password.
type Login struct {
	Hash     string // argon2id
	Created  time.Time
	Changed  time.Time
	Reset    bool     `json:",omitempty"` // must be changed at the next sign-in
	Previous []string `json:",omitempty"` // hashes of earlier passwords, newest first
}

// A PasswordPolicy is what an account demands of its users' passwords.
type PasswordPolicy struct {
	MinimumLength                  int32
	Symbols, Numbers, Upper, Lower bool  `json:",omitempty"`
	AllowChange                    bool  `json:",omitempty"`
	MaxAge                         int32 `json:",omitempty"` // days; 0: they do not expire
	ReusePrevention                int32 `json:",omitempty"`
	HardExpiry                     bool  `json:",omitempty"`
}

// An MFADevice is a virtual MFA device.
type MFADevice struct {
	Account string
	Name    string
	Path    string
	Sealed  []byte // the seed, encrypted
	Created time.Time
	Owner   string    `json:",omitempty"` // unique id of the user, or the account id for the root user; "" while not assigned
	Enabled time.Time // zero while not assigned
	Counter int64     // of the last code that was accepted: a code is good once
	Tags    []Tag     `json:",omitempty"`
}

// An SSHKey is a public key that a user uploaded for AWS CodeCommit.
type SSHKey struct {
	ID, Fingerprint, Body string
	Inactive              bool `json:",omitempty"`
	Uploaded              time.Time
}

// A SigningCertificate is an X.509 certificate that a user uploaded.
type SigningCertificate struct {
	ID, Body string
	Inactive bool `json:",omitempty"`
	Uploaded time.Time
}

// A ServiceCredential is a user name and password for one service.
type ServiceCredential struct {
	ID, Service, UserName string
	Alias                 string `json:",omitempty"`
	Inactive              bool   `json:",omitempty"`
	Created               time.Time
	Expires               time.Time // zero: never
	Hash                  string
}

// An OIDCProvider is an OpenID Connect identity provider that roles may trust.
type OIDCProvider struct {
	Account     string
	URL         string // without the scheme: "token.actions.githubusercontent.com"
	ClientIDs   []string
	Thumbprints []string
	Created     time.Time
	Tags        []Tag `json:",omitempty"`
}

// A SAMLProvider is a SAML identity provider that roles may trust.
type SAMLProvider struct {
	Account    string
	Name       string
	UUID       string
	Metadata   string
	Created    time.Time
	ValidUntil time.Time
	Encryption string    `json:",omitempty"` // Required or Allowed
	Keys       []SAMLKey `json:",omitempty"`
	Tags       []Tag     `json:",omitempty"`
}

// A SAMLKey is a private key that opens encrypted assertions.
type SAMLKey struct {
	ID     string
	Added  time.Time
	Sealed []byte
}

// A ServerCertificate is a certificate for a load balancer or a distribution.
type ServerCertificate struct {
	Header
	Body    string
	Chain   string `json:",omitempty"`
	Sealed  []byte // the private key, encrypted
	Expires time.Time
	Tags    []Tag `json:",omitempty"`
}

// An Alias is an account's alias: unique among all accounts.
type Alias struct{ Alias, Account string }

// A CredentialReport is an account's latest credential report.
type CredentialReport struct {
	Account   string
	Generated time.Time
	CSV       []byte // compressed with gzip
}

// A Service is a service principal that the operator registered: a program that serves AWS-like requests and may turn a
// caller's session into a forward access session.
type Service struct {
	Name        string // as in "cloudformation.amazonaws.com"
	SigningName string // what requests to the service are signed for: "cloudformation"
	Created     time.Time
	Keys        []string // oldest first, at most two
}

// A Forwarded is a request that a forward access session was issued for: one request is good for one session. It is
// kept for as long as the request's signature would be good.
type Forwarded struct {
	Time      string // as signed: 20260102T150405Z
	Signature string
}

// An Organization joins accounts under one tree of units.
type Organization struct {
	ID         string // o-…
	Management string // account id
	Root       string // r-…
	Created    time.Time
	Enabled    []string         // policy types: SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY
	Services   []TrustedService `json:",omitempty"` // by their principals
}

// A TrustedService is a service of AWS that may work in the organization's accounts.
type TrustedService struct {
	Principal string
	Since     time.Time
}

// A Unit is an organizational unit, or the root of an organization.
type Unit struct {
	ID           string // ou-… or r-…
	Organization string
	Name         string
	Parent       string   `json:",omitempty"` // "" for the root
	Policies     []string `json:",omitempty"` // p-…, in the order they were attached
	Created      time.Time
	Tags         []Tag `json:",omitempty"`
}

// An OrgPolicy is a service control policy or a resource control policy.
type OrgPolicy struct {
	ID           string // p-…
	Organization string
	Name         string
	Type         string // SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY
	Description  string `json:",omitempty"`
	Document     *Document
	Created      time.Time
	Tags         []Tag `json:",omitempty"`
}

// An AccountRequest is what came of a request to create an account in an organization.
type AccountRequest struct {
	ID           string // car-…
	Organization string
	Account      string `json:",omitempty"` // id; "" if none was made
	Name         string // of the account
	Failure      string `json:",omitempty"` // why none was made: AWS's code
	Time         time.Time
}

// The keys. What stands before the last slash is the prefix of the records of one kind and account.

func named(kind, account, name string) string {
	return kind + "/" + account + "/" + strings.ToLower(name)
}

func AccountKey(id string) string                    { return "account/" + id }
func UserKey(account, name string) string            { return named("user", account, name) }
func GroupKey(account, name string) string           { return named("group", account, name) }
func RoleKey(account, name string) string            { return named("role", account, name) }
func PolicyKey(account, name string) string          { return named("policy", account, name) }
func InstanceProfileKey(account, name string) string { return named("profile", account, name) }
func AccessKeyKey(id string) string                  { return "key/" + id }
func UseKey(id string) string                        { return "use/" + id }

// MFADeviceKey has the device's path in it, without the first slash: two devices of one name are told apart by it, as
// on AWS.
func MFADeviceKey(account, pathAndName string) string { return named("mfa", account, pathAndName) }
func OIDCProviderKey(account, url string) string      { return named("oidc", account, url) }
func SAMLProviderKey(account, name string) string     { return named("saml", account, name) }
func ServerCertificateKey(account, name string) string {
	return named("certificate", account, name)
}
func RoleDeletionKey(account, role string) string { return named("deletion", account, role) }
func AliasKey(alias string) string                { return "alias/" + alias }
func CredentialReportKey(account string) string   { return "report/" + account }
func ServiceKey(name string) string               { return "service/" + name }
func OrganizationKey(id string) string            { return "organization/" + id }
func ForwardedKey(time, signature string) string  { return "forwarded/" + time + "-" + signature }
func UnitKey(organization, id string) string      { return named("unit", organization, id) }
func OrgPolicyKey(organization, id string) string { return named("orgpolicy", organization, id) }
func AccountRequestKey(organization, id string) string {
	return named("accountrequest", organization, id)
}

func (a *Account) Key() string           { return AccountKey(a.ID) }
func (u *User) Key() string              { return UserKey(u.Account, u.Name) }
func (g *Group) Key() string             { return GroupKey(g.Account, g.Name) }
func (r *Role) Key() string              { return RoleKey(r.Account, r.Name) }
func (p *Policy) Key() string            { return PolicyKey(p.Account, p.Name) }
func (p *InstanceProfile) Key() string   { return InstanceProfileKey(p.Account, p.Name) }
func (k *AccessKey) Key() string         { return AccessKeyKey(k.ID) }
func (u *Use) Key() string               { return UseKey(u.ID) }
func (d *MFADevice) Key() string         { return MFADeviceKey(d.Account, d.Path[1:]+d.Name) }
func (p *OIDCProvider) Key() string      { return OIDCProviderKey(p.Account, p.URL) }
func (p *SAMLProvider) Key() string      { return SAMLProviderKey(p.Account, p.Name) }
func (c *ServerCertificate) Key() string { return ServerCertificateKey(c.Account, c.Name) }
func (d *RoleDeletion) Key() string      { return RoleDeletionKey(d.Account, d.Role) }
func (a *Alias) Key() string             { return AliasKey(a.Alias) }
func (r *CredentialReport) Key() string  { return CredentialReportKey(r.Account) }
func (s *Service) Key() string           { return ServiceKey(s.Name) }
func (o *Organization) Key() string      { return OrganizationKey(o.ID) }
func (f *Forwarded) Key() string         { return ForwardedKey(f.Time, f.Signature) }
func (u *Unit) Key() string              { return UnitKey(u.Organization, u.ID) }
func (p *OrgPolicy) Key() string         { return OrgPolicyKey(p.Organization, p.ID) }
func (r *AccountRequest) Key() string    { return AccountRequestKey(r.Organization, r.ID) }

// kinds are what a key begins with, and the type of the record that it has. The names are in stores and stay.
var kinds = map[string]func() Record{
	"first":          newRecord[First],
	"account":        newRecord[Account],
	"user":           newRecord[User],
	"group":          newRecord[Group],
	"role":           newRecord[Role],
	"policy":         newRecord[Policy],
	"profile":        newRecord[InstanceProfile],
	"key":            newRecord[AccessKey],
	"use":            newRecord[Use],
	"mfa":            newRecord[MFADevice],
	"oidc":           newRecord[OIDCProvider],
	"saml":           newRecord[SAMLProvider],
	"certificate":    newRecord[ServerCertificate],
	"deletion":       newRecord[RoleDeletion],
	"alias":          newRecord[Alias],
	"report":         newRecord[CredentialReport],
	"service":        newRecord[Service],
	"forwarded":      newRecord[Forwarded],
	"organization":   newRecord[Organization],
	"unit":           newRecord[Unit],
	"orgpolicy":      newRecord[OrgPolicy],
	"accountrequest": newRecord[AccountRequest],
	"publishers":     newRecord[Publishers],
	"owned":          newRecord[OwnedPolicy],
	"publication":    newRecord[Publication],
	"catalog":        newRecord[CatalogHead],
	"reference":      newRecord[ServiceReference],
	"webhook":        newRecord[Webhook],
	"webhookcursor":  newRecord[WebhookCursor],
	"delivery":       newRecord[Delivery],
	"deadletter":     newRecord[DeadLetter],
}

func newRecord[T any, P record[T]]() Record { return P(new(T)) }

// blank returns an empty record of the kind that the key is for, or nil for a kind that is not known.
func blank(key string) Record {
	kind, _, _ := strings.Cut(key, "/")
	if create := kinds[kind]; create != nil {
		return create()
	}
	return nil
}

// arn returns arn:aws:iam:: with the account, the kind ("user"), path and name.
func (h Header) arn(kind string) string {
	return "arn:aws:iam::" + h.Account + ":" + kind + h.Path + h.Name
}

func (a *Account) ARN() string           { return "arn:aws:iam::" + a.ID + ":root" }
func (u *User) ARN() string              { return u.arn("user") }
func (g *Group) ARN() string             { return g.arn("group") }
func (r *Role) ARN() string              { return r.arn("role") }
func (p *Policy) ARN() string            { return p.arn("policy") }
func (p *InstanceProfile) ARN() string   { return p.arn("instance-profile") }
func (c *ServerCertificate) ARN() string { return c.arn("server-certificate") }
func (d *MFADevice) ARN() string         { return "arn:aws:iam::" + d.Account + ":mfa" + d.Path + d.Name }
func (p *OIDCProvider) ARN() string      { return "arn:aws:iam::" + p.Account + ":oidc-provider/" + p.URL }
func (p *SAMLProvider) ARN() string      { return "arn:aws:iam::" + p.Account + ":saml-provider/" + p.Name }
