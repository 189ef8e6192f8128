package stsapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
)

// The lengths of the sessions that users ask for themselves. The root user's are cut to an hour, whatever was asked
// for.
const (
	defaultUserSession = 12 * time.Hour
	maxRootSession     = time.Hour
)

func (a *api) users() []op.Operation {
	return []op.Operation{
		op.New("GetSessionToken", op.Everything[sts.GetSessionTokenInput], a.getSessionToken),
		op.New("GetFederationToken", onGetFederationToken, getFederationToken),
	}
}

// userLifetime is how long a session lasts that a user or the root user asks for.
func userLifetime(c *op.Call, seconds *int32) time.Duration {
	life := defaultUserSession
	if seconds != nil {
		life = time.Duration(*seconds) * time.Second
	}
	if c.Caller.Root() {
		life = min(life, maxRootSession)
	}
	return life
}

// newUserSession makes the session of the calling user, of one kind, or of the root user, of the other.
func newUserSession(c *op.Call, user, root session.Kind) (*session.Session, error) {
	s := &session.Session{Kind: root, Account: c.Account(), PrincipalID: c.Account(), Issued: c.Time}
	switch u, ok := c.Caller.Entity.(*iam.User); {
	case ok:
		s.Kind, s.PrincipalID = user, u.ID
	case !c.Caller.Root():
		return nil, iam.Errorf(iam.AccessDenied, "Only a user or the root user of an account can ask for this session.")
	}
	return s, nil
}

// getSessionToken issues a session with the caller's own permissions, and with what its MFA device says.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
func (a *api) getSessionToken(
	ctx context.Context, c *op.Call, in *sts.GetSessionTokenInput,
) (*sts.GetSessionTokenOutput, error) {
	s, err := newUserSession(c, session.User, session.Root)
	if err != nil {
		return nil, err
	}
	d, err := a.check(c, in.SerialNumber, in.TokenCode)
	if err != nil {
		return nil, err
	}
	if d != nil {
		if err := a.spend(ctx, c, d, in.TokenCode); err != nil {
			return nil, err
		}
		s.MFA, s.MFATime = true, c.Time
	}
	credentials, err := issue(c, s, userLifetime(c, in.DurationSeconds))
	if err != nil {
		return nil, err
	}
	return &sts.GetSessionTokenOutput{Credentials: credentials}, nil
}

func onGetFederationToken(c *op.Call, in *sts.GetFederationTokenInput) (op.Target, error) {
	passed, err := newAttributes(in.Tags, nil, nil)
	if err != nil {
		return op.Target{}, err
	}
	return passed.require(op.Target{Resource: federatedARN(c, *in.Name)}, passed), nil
}

func federatedARN(c *op.Call, name string) string {
	return "arn:aws:sts::" + c.Account() + ":federated-user/" + name
}

// getFederationToken issues a session for somebody whom the caller vouches for: with those of the caller's
// permissions that the session policies allow, too; without any it may do only what resource-based policies grant to
// it.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
func getFederationToken(
	_ context.Context, c *op.Call, in *sts.GetFederationTokenInput,
) (*sts.GetFederationTokenOutput, error) {
	s, err := newUserSession(c, session.Federated, session.FederatedRoot)
	if err != nil {
		return nil, err
	}
	passed, err := newAttributes(in.Tags, nil, nil)
	if err != nil {
		return nil, err
	}
	s.Name, s.Tags = *in.Name, passed.tags
	percent, err := limit(c, s, in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	credentials, err := issue(c, s, userLifetime(c, in.DurationSeconds))
	if err != nil {
		return nil, err
	}
	return &sts.GetFederationTokenOutput{
		Credentials: credentials, PackedPolicySize: percent,
		FederatedUser: &types.FederatedUser{
			Arn: aws.String(federatedARN(c, s.Name)), FederatedUserId: aws.String(s.Account + ":" + s.Name),
		},
	}, nil
}
