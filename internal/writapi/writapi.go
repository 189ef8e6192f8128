// Package writapi is Writ's own API: the services that the operator registered, forward access sessions, the managed
// policies of owners with the webhooks that tell of these, and what is in all accounts.
//
// # Registered services
//
// A service is a program that takes signed requests from callers of Writ's accounts, as CloudFormation does on AWS,
// and acts for them. The operator registers it under a service principal, such as cloudformation.amazonaws.com, and
// it gets an access key of its own. With that key it is the principal {"Service": "cloudformation.amazonaws.com"}: it
// may assume the roles of any account that trust it. So services belong to the operator: they are resources of the
// first account, arn:aws:writ::ACCOUNT:service/NAME, and an identity of that account needs writ:RegisterService,
// writ:DeregisterService, writ:RotateServiceKey or writ:ListServices on them. No identity of another account can have
// that.
//
// # Forward access sessions
//
// For CreateForwardAccessSession a service hands over a signed request as it received it. Writ verifies the
// signature, and so knows who called the service without having to take the service's word. It answers with temporary
// credentials that act as that caller: the same principal, policies, session policies and tags, with the service at
// the end of aws:CalledVia. A request is good for one session, which cannot outlive the caller's own: it ends with
// the caller's session, or with the long-term access key that signed.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
//
// # Owners' managed policies
//
// AWS's catalogue is part of the program; publishers that the operator names own policies of their own, below a path of
// arn:aws:iam::aws:policy, for all accounts. PublishManagedPolicy compares a new version with the one in force. One that only
// adds is put in force in one transaction, for all that the policy is attached to; one that takes something away, or of which
// that is not known, is refused with a witness and with those who would lose it, unless a reason is given for it.
// DeprecateManagedPolicy withdraws: the policy stays where it is attached. Both enter what happened in the catalogue's history,
// in the same transaction. They act on arn:aws:writ::ACCOUNT:publisher/NAME/policy/NAME, resources of the first account, so that
// no identity of another account can have the permission. Anybody may read the history who may writ:ListCatalogEntries.
//
// A policy can be defined by a rule over access levels (package jobfunction) in place of a document: the server makes the document from its
// service reference, and keeps the rule with the version. UpdateServiceReference gives all nodes a newer reference and publishes what
// the rules make of it, policy by policy, by the same laws. It acts on arn:aws:writ::ACCOUNT:service-reference, and needs the permission to
// publish each policy that is defined by a rule. GetServiceReference has the reference's name and those policies.
//
// # All accounts
//
// GetOrganizationAuthorizationDetails says of many accounts what iam:GetAccountAuthorizationDetails says of one, in pages, with the
// SCPs and RCPs at each level above each. To an identity of the first account that may do it on arn:aws:writ::ACCOUNT:account/* it
// says that of all accounts of the server; to one of another management account that may do it on the ARN of its organization, of
// the accounts in that. No identity of a member account can have the permission, its administrator included.
//
// # Webhooks
//
// A webhook sends entries of the history to a URL, as package webhook says. It belongs to the account that created it, and is the
// resource arn:aws:writ::ACCOUNT:webhook/NAME. To create one takes the permission writ:ListCatalogEntries, too.
//
// # On the wire
//
// The API is served beside the others: POST / with X-Amz-Target: Writ.OPERATION, signed for the service "writ".
// Inputs and outputs are JSON with the members of the structs in this package; an error is {"__type": CODE,
// "message": TEXT}.
package writapi

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

// A Registered is a registered service.
type Registered struct {
	Name        string    // its principal
	SigningName string    // in the credential scope of requests to it
	CreateDate  time.Time // in RFC 3339, as all times of this API
	AccessKeys  []string  // ids
}

// An AccessKey is the long-term credential of a service. Its secret is shown once.
type AccessKey struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
}

type RegisterServiceInput struct {
	Name        string
	SigningName string // "" for the first part of the name
}

type RegisterServiceOutput struct {
	Service   Registered
	AccessKey AccessKey
}

type DeregisterServiceInput struct{ Name string }

type DeregisterServiceOutput struct{}

type RotateServiceKeyInput struct{ Name string }

type RotateServiceKeyOutput struct {
	Service   Registered
	AccessKey AccessKey
}

type ListServicesInput struct{}

type ListServicesOutput struct{ Services []Registered }

var services = []op.Operation{
	op.New("RegisterService", onService(func(in *RegisterServiceInput) string { return in.Name }), registerService),
	op.New("DeregisterService", onService(func(in *DeregisterServiceInput) string { return in.Name }), deregisterService),
	op.New("RotateServiceKey", onService(func(in *RotateServiceKeyInput) string { return in.Name }), rotateServiceKey),
	op.New("ListServices", onService(func(*ListServicesInput) string { return "*" }), listServices),
}

// onService is the target of the operations on services: resources of the first account, which is the operator's.
func onService[In any](name func(*In) string) func(*op.Call, *In) (op.Target, error) {
	return func(c *op.Call, in *In) (op.Target, error) {
		return op.Target{Resource: "arn:aws:writ::" + firstAccount(c) + ":service/" + name(in)}, nil
	}
}

// firstAccount returns the operator's account; "" if there is none yet.
func firstAccount(c *op.Call) string {
	if first := snapshot.Get[iam.First](c.State, (*iam.First)(nil).Key()); first != nil {
		return first.Account
	}
	return ""
}

// The forms of a service principal and of a name in credential scopes.
var (
	principalForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$`)
	signingNameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`)
)

const maxName = 64

// notServices are names that policies use for identity providers: a service of such a name would be taken for one.
var notServices = []string{
	"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com",
}

// ownNames are the signing names of Writ's own APIs, to which no other service gets requests.
var ownNames = []string{"iam", "sts", "organizations", "writ"}

// check completes and checks what is to be registered.
func (in *RegisterServiceInput) check() error {
	if !principalForm.MatchString(in.Name) || len(in.Name) > maxName || slices.Contains(notServices, in.Name) {
		return iam.Errorf(iam.ValidationError,
			"Name must be a service principal, such as cloudformation.amazonaws.com.")
	}
	if in.SigningName == "" {
		in.SigningName = in.Name[:slices.Index([]byte(in.Name), '.')]
	}
	name := in.SigningName
	if !signingNameForm.MatchString(name) || len(name) > maxName || slices.Contains(ownNames, name) {
		return iam.Errorf(iam.ValidationError,
			"SigningName must be the service's name in the credential scope of requests to it, and none of Writ's "+
				"own APIs.")
	}
	return nil
}

func registerService(ctx context.Context, c *op.Call, in *RegisterServiceInput) (*RegisterServiceOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s := &iam.Service{Name: in.Name, SigningName: in.SigningName, Created: c.Time.UTC().Truncate(time.Second)}
	key, shown := newKey(c, s.Name)
	err := c.Update(ctx, func(tx iam.Txn) error { created := *s; return iam.RegisterService(tx, &created, key) })
	if err != nil {
		return nil, err
	}
	s.Keys = []string{key.ID}
	return &RegisterServiceOutput{serviceOut(s), shown}, nil
}

// newKey makes an access key for a service, and what is shown of it once. Its id is that of a key of the operator's
// account.
func newKey(c *op.Call, service string) (*iam.AccessKey, AccessKey) {
	id, secret := session.NewAccessKeyID(c.Rand, "AKIA", c.Account()), session.NewSecret(c.Rand)
	key := &iam.AccessKey{ID: id, Owner: service, Created: c.Time.UTC().Truncate(time.Second)}
	key.Sealed = c.Keys.SealSecret(key.ID, secret)
	return key, AccessKey{key.ID, secret}
}

func serviceOut(s *iam.Service) Registered {
	return Registered{s.Name, s.SigningName, s.Created, s.Keys}
}

func deregisterService(ctx context.Context, c *op.Call, in *DeregisterServiceInput) (*DeregisterServiceOutput, error) {
	err := c.Update(ctx, func(tx iam.Txn) error { return iam.DeregisterService(tx, in.Name) })
	return &DeregisterServiceOutput{}, err
}

func rotateServiceKey(ctx context.Context, c *op.Call, in *RotateServiceKeyInput) (*RotateServiceKeyOutput, error) {
	key, shown := newKey(c, in.Name)
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.RotateServiceKey(tx, in.Name, key) }); err != nil {
		return nil, err
	}
	s := snapshot.Get[iam.Service](c.State, iam.ServiceKey(in.Name))
	if s == nil { // deregistered since
		return nil, iam.Errorf(iam.NoSuchEntity, iam.NoService, in.Name)
	}
	return &RotateServiceKeyOutput{serviceOut(s), shown}, nil
}

func listServices(_ context.Context, c *op.Call, _ *ListServicesInput) (*ListServicesOutput, error) {
	out := &ListServicesOutput{Services: []Registered{}}
	for _, r := range c.State.List(iam.ServiceKey(""), "") {
		out.Services = append(out.Services, serviceOut(r.(*iam.Service)))
	}
	return out, nil
}
