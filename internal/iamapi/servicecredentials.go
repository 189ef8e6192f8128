package iamapi

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
)

var serviceCredentials = []op.Operation{
	op.New("CreateServiceSpecificCredential",
		func(c *op.Call, in *api.CreateServiceSpecificCredentialInput) (op.Target, error) {
			t, err := onUser(c, in.UserName)
			if in.CredentialAgeDays != nil {
				t = t.With(credentialAge, strconv.Itoa(int(*in.CredentialAgeDays)))
			}
			return t.With(credentialService, *in.ServiceName), err
		}, createServiceCredential),
	op.New("ListServiceSpecificCredentials",
		func(c *op.Call, in *api.ListServiceSpecificCredentialsInput) (op.Target, error) {
			if aws.ToBool(in.AllUsers) {
				return listed(c, "user", nil)
			}
			return onUser(c, in.UserName)
		}, listServiceCredentials),
	op.New("UpdateServiceSpecificCredential",
		func(c *op.Call, in *api.UpdateServiceSpecificCredentialInput) (op.Target, error) {
			return onServiceCredential(c, in.UserName, *in.ServiceSpecificCredentialId)
		}, updateServiceCredential),
	op.New("ResetServiceSpecificCredential",
		func(c *op.Call, in *api.ResetServiceSpecificCredentialInput) (op.Target, error) {
			return onServiceCredential(c, in.UserName, *in.ServiceSpecificCredentialId)
		}, resetServiceCredential),
	op.New("DeleteServiceSpecificCredential",
		func(c *op.Call, in *api.DeleteServiceSpecificCredentialInput) (op.Target, error) {
			return onServiceCredential(c, in.UserName, *in.ServiceSpecificCredentialId)
		}, deleteServiceCredential),
}

// The condition keys of these operations.
const (
	credentialService = "iam:ServiceSpecificCredentialServiceName"
	credentialAge     = "iam:ServiceSpecificCredentialAgeDays"
)

// onServiceCredential is onUser with the service that the credential is for.
func onServiceCredential(c *op.Call, user *string, id string) (op.Target, error) {
	t, err := onUser(c, user)
	if u, _ := userOrCaller(c, user); u != nil {
		if cred, _ := iam.FindCredential(u, iam.ServiceCredentials, id); cred != nil {
			t = t.With(credentialService, cred.Service)
		}
	}
	return t, err
}

// A credentialKind is what a service's credentials are like.
type credentialKind struct {
	alias  string // what an API key's alias begins with; "" for a user name and a password
	prefix string // of an API key's secret
}

// credentialServices are the services that there are credentials for.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
var credentialServices = map[string]credentialKind{
	"codecommit.amazonaws.com": {},
	"cassandra.amazonaws.com":  {},
	"bedrock.amazonaws.com":    {"BedrockAPIKey", "ABSK"},
	"logs.amazonaws.com":       {"CWLogsAPIKey", "ACWL"},
}

// kindOf is the kind of a service's credentials, or AWS's error for a service without.
func kindOf(service string) (credentialKind, error) {
	kind, ok := credentialServices[service]
	if !ok {
		return kind, iam.Errorf(iam.NoSuchEntity, "No such service %s is supported for Service Specific Credentials", service)
	}
	return kind, nil
}

// secret makes the secret half of a credential, which is shown once.
func (k credentialKind) secret(c *op.Call, alias string) string {
	s := session.NewSecret(c.Rand)
	if k.alias == "" {
		return s
	}
	return k.prefix + base64.StdEncoding.EncodeToString([]byte(alias+":"+s))
}

// credentialStatus is the status of a credential, which may have expired.
func credentialStatus(c *op.Call, cred *iam.ServiceCredential) types.StatusType {
	if !cred.Expires.IsZero() && !c.Time.Before(cred.Expires) {
		return types.StatusTypeExpired
	}
	return statusOut(cred.Inactive)
}

func serviceCredentialOut(
	c *op.Call, user string, cred *iam.ServiceCredential,
) types.ServiceSpecificCredentialMetadata {
	out := types.ServiceSpecificCredentialMetadata{
		ServiceSpecificCredentialId: aws.String(cred.ID),
		ServiceName:                 aws.String(cred.Service),
		CreateDate:                  aws.Time(cred.Created),
		Status:                      credentialStatus(c, cred),
		UserName:                    aws.String(user),
		ServiceUserName:             orNil(cred.UserName),
		ServiceCredentialAlias:      orNil(cred.Alias),
	}
	if !cred.Expires.IsZero() {
		out.ExpirationDate = aws.Time(cred.Expires)
	}
	return out
}

// shownOnce is a credential with its secret.
func shownOnce(c *op.Call, user string, cred *iam.ServiceCredential, secret string) *types.ServiceSpecificCredential {
	m := serviceCredentialOut(c, user, cred)
	out := &types.ServiceSpecificCredential{
		ServiceSpecificCredentialId: m.ServiceSpecificCredentialId,
		ServiceName:                 m.ServiceName,
		CreateDate:                  m.CreateDate,
		Status:                      m.Status,
		UserName:                    m.UserName,
		ServiceUserName:             m.ServiceUserName,
		ServiceCredentialAlias:      m.ServiceCredentialAlias,
		ExpirationDate:              m.ExpirationDate,
	}
	if cred.Alias != "" {
		out.ServiceCredentialSecret = aws.String(secret)
	} else {
		out.ServicePassword = aws.String(secret)
	}
	return out
}

func createServiceCredential(
	ctx context.Context, c *op.Call, in *api.CreateServiceSpecificCredentialInput,
) (*api.CreateServiceSpecificCredentialOutput, error) {
	u, err := c.User(*in.UserName)
	if err != nil {
		return nil, err
	}
	kind, err := kindOf(*in.ServiceName)
	if err != nil {
		return nil, err
	}
	cred := iam.ServiceCredential{ID: c.NewID("ACCA"), Service: *in.ServiceName, Created: c.Time.Truncate(time.Second)}
	switch {
	case kind.alias != "":
		cred.Alias = kind.alias + "-" + strings.ToLower(c.NewID("")) + "-at-" + c.Account()
		if in.CredentialAgeDays != nil {
			cred.Expires = cred.Created.AddDate(0, 0, int(*in.CredentialAgeDays))
		}
	case in.CredentialAgeDays != nil:
		return nil, iam.Errorf(iam.InvalidInput, "CredentialAgeDays is not supported for the service %s.", cred.Service)
	}
	secret := kind.secret(c, cred.Alias)
	cred.Hash = session.HashPassword(c.Rand, secret)
	var added *iam.ServiceCredential
	err = c.Update(ctx, func(tx iam.Txn) (err error) {
		added, err = iam.AddServiceCredential(tx, c.Account(), u.Name, cred)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateServiceSpecificCredentialOutput{ServiceSpecificCredential: shownOnce(c, u.Name, added, secret)}, nil
}

func listServiceCredentials(
	_ context.Context, c *op.Call, in *api.ListServiceSpecificCredentialsInput,
) (*api.ListServiceSpecificCredentialsOutput, error) {
	if in.ServiceName != nil {
		if _, err := kindOf(*in.ServiceName); err != nil {
			return nil, err
		}
	}
	users, err := credentialUsers(c, in)
	if err != nil {
		return nil, err
	}
	type owned struct {
		user *iam.User
		cred *iam.ServiceCredential
	}
	var all []owned
	for _, u := range users {
		for i := range u.ServiceCredentials {
			if cred := &u.ServiceCredentials[i]; in.ServiceName == nil || cred.Service == *in.ServiceName {
				all = append(all, owned{u, cred})
			}
		}
	}
	out := &api.ListServiceSpecificCredentialsOutput{
		ServiceSpecificCredentials: []types.ServiceSpecificCredentialMetadata{},
	}
	key := func(o owned) string { return o.user.Key() + " " + byAge(o.cred.Created, o.cred.ID) }
	p, err := sorted(all, key, in.Marker, in.MaxItems, func(o owned) {
		out.ServiceSpecificCredentials = append(out.ServiceSpecificCredentials, serviceCredentialOut(c, o.user.Name, o.cred))
	})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// credentialUsers are the users whose credentials are listed.
func credentialUsers(c *op.Call, in *api.ListServiceSpecificCredentialsInput) ([]*iam.User, error) {
	if !aws.ToBool(in.AllUsers) {
		u, err := userOrCaller(c, in.UserName)
		return []*iam.User{u}, err
	}
	if in.UserName != nil {
		return nil, iam.Errorf(iam.InvalidInput, "AllUsers and UserName cannot be specified together.")
	}
	var users []*iam.User
	for _, r := range c.State.List(iam.UserKey(c.Account(), ""), "") {
		users = append(users, r.(*iam.User))
	}
	return users, nil
}

func updateServiceCredential(
	ctx context.Context, c *op.Call, in *api.UpdateServiceSpecificCredentialInput,
) (*api.UpdateServiceSpecificCredentialOutput, error) {
	user, err := callerOr(c, in.UserName)
	if err != nil {
		return nil, err
	}
	inactive, err := statusIn(in.Status)
	if err != nil {
		return nil, err
	}
	return &api.UpdateServiceSpecificCredentialOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetCredentialStatus(tx, c.Account(), user, iam.ServiceCredentials, *in.ServiceSpecificCredentialId,
			inactive)
	})
}

func resetServiceCredential(
	ctx context.Context, c *op.Call, in *api.ResetServiceSpecificCredentialInput,
) (*api.ResetServiceSpecificCredentialOutput, error) {
	u, err := userOrCaller(c, in.UserName)
	if err != nil {
		return nil, err
	}
	cred, err := iam.FindCredential(u, iam.ServiceCredentials, *in.ServiceSpecificCredentialId)
	if err != nil {
		return nil, err
	}
	secret := credentialServices[cred.Service].secret(c, cred.Alias)
	hash := session.HashPassword(c.Rand, secret)
	err = c.Update(ctx, func(tx iam.Txn) error {
		return iam.EditCredential(tx, c.Account(), u.Name, iam.ServiceCredentials, cred.ID,
			func(cred *iam.ServiceCredential) { cred.Hash = hash })
	})
	if err != nil {
		return nil, err
	}
	return &api.ResetServiceSpecificCredentialOutput{ServiceSpecificCredential: shownOnce(c, u.Name, cred, secret)}, nil
}

func deleteServiceCredential(
	ctx context.Context, c *op.Call, in *api.DeleteServiceSpecificCredentialInput,
) (*api.DeleteServiceSpecificCredentialOutput, error) {
	user, err := callerOr(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &api.DeleteServiceSpecificCredentialOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteCredential(tx, c.Account(), user, iam.ServiceCredentials, *in.ServiceSpecificCredentialId)
	})
}
