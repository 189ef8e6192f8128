package stsapi

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

// The lengths of a role's sessions.
const (
	defaultRoleSession = time.Hour
	maxChainedSession  = time.Hour
)

func (a *api) roles() []op.Operation {
	return []op.Operation{op.New("AssumeRole", a.onAssumeRole, a.assumeRole)}
}

// distrust is the trust policy of roles that do not exist. It trusts nobody, so that the answer is the one that roles
// give to those they do not trust.
var distrust = iam.NewDocument(
	`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":[]},"Action":"sts:AssumeRole"}}`)

// findRole returns the role of an ARN, in whatever account, or nil.
func findRole(s *snapshot.Snapshot, arn string) *iam.Role {
	account, name, ok := cutRoleARN(arn)
	if !ok {
		return nil
	}
	r := snapshot.Get[iam.Role](s, iam.RoleKey(account, name))
	if r == nil || r.ARN() != arn { // another path, or another case
		return nil
	}
	return r
}

// cutRoleARN returns the account and the name in a role's ARN.
func cutRoleARN(arn string) (account, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	account, path, found := strings.Cut(rest, ":role/")
	return account, path[strings.LastIndexByte(path, '/')+1:], ok && found && len(account) == 12
}

// onTrusting is the target of the operations by which a role is assumed: the role, and its trust policy. It says
// nothing of whether the role exists.
func onTrusting(c *op.Call, arn, sessionName string) (op.Target, error) {
	if _, _, ok := cutRoleARN(arn); !ok {
		return op.Target{}, iam.Errorf(iam.ValidationError, "%s is invalid", arn)
	}
	t := op.Target{Resource: arn}
	trust := distrust
	if r := findRole(c.State, arn); r != nil {
		trust, t.Tags = r.Trust, r.Tags
	}
	var err error
	if t.Policy, err = trust.Policy(eval.Resource); err != nil {
		return t, err
	}
	t = t.With("sts:RoleSessionName", sessionName)
	for _, tag := range t.Tags {
		t = t.With("iam:ResourceTag/"+tag.Key, tag.Value)
	}
	return t, nil
}

// assumedAttributes are the attributes that a request of AssumeRole passes, and those that the session has.
func assumedAttributes(c *op.Call, in *sts.AssumeRoleInput) (passed, all *attributes, err error) {
	if passed, err = newAttributes(in.Tags, in.TransitiveTagKeys, in.SourceIdentity); err != nil {
		return nil, nil, err
	}
	all, err = passed.inherit(c.Caller.Session)
	return passed, all, err
}

func (a *api) onAssumeRole(c *op.Call, in *sts.AssumeRoleInput) (op.Target, error) {
	if c.Caller.Root() {
		return op.Target{}, iam.Errorf(iam.AccessDenied, "Roles may not be assumed by root accounts.")
	}
	if len(in.ProvidedContexts) > 0 {
		return op.Target{}, iam.Errorf(iam.InvalidParameterValue,
			"ProvidedContexts are not served: there is no provider whose assertions could be verified.")
	}
	passed, all, err := assumedAttributes(c, in)
	if err != nil {
		return op.Target{}, err
	}
	t, err := onTrusting(c, *in.RoleArn, *in.RoleSessionName)
	if err != nil {
		return t, err
	}
	d, err := a.check(c, in.SerialNumber, in.TokenCode)
	if err != nil {
		return t, err
	}
	if d != nil {
		t = t.With("aws:MultiFactorAuthPresent", "true").With("aws:MultiFactorAuthAge", "0")
	}
	if in.ExternalId != nil {
		t = t.With("sts:ExternalId", *in.ExternalId)
	}
	return passed.require(t, all), nil
}

// assumeRole issues the session of a role that its trust policy has granted to the caller.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (a *api) assumeRole(ctx context.Context, c *op.Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	r := findRole(c.State, *in.RoleArn)
	if r == nil {
		return nil, errGone(*in.RoleArn)
	}
	chained := c.Caller.Session != nil && c.Caller.Session.Kind == session.AssumedRole
	life, err := roleLifetime(r, in.DurationSeconds, chained)
	if err != nil {
		return nil, err
	}
	_, all, err := assumedAttributes(c, in)
	if err != nil {
		return nil, err
	}
	s := newRoleSession(c, r, *in.RoleSessionName, all)
	s.Chained = chained
	percent, err := limit(c, s, in.Policy, in.PolicyArns)
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
	credentials, err := issue(c, s, life)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: assumedRoleUser(r, s), Credentials: credentials, PackedPolicySize: percent,
		SourceIdentity: optional(s.SourceIdentity),
	}, nil
}

// errGone is for a role that trusts the caller and is not there: no decision allows that, but no panic is worth the
// proof.
func errGone(arn string) error {
	return iam.Errorf(iam.AccessDenied, "The role %s cannot be assumed.", arn)
}

// roleLifetime is how long a role's session lasts.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html#id_roles_use_view-role-max-session
func roleLifetime(r *iam.Role, seconds *int32, chained bool) (time.Duration, error) {
	if seconds == nil {
		return defaultRoleSession, nil
	}
	life := time.Duration(*seconds) * time.Second
	switch {
	case *seconds > r.MaxSession:
		return 0, iam.Errorf(iam.ValidationError,
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	case chained && life > maxChainedSession:
		return 0, iam.Errorf(iam.ValidationError,
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	return life, nil
}

func newRoleSession(c *op.Call, r *iam.Role, name string, all *attributes) *session.Session {
	return &session.Session{
		Kind: session.AssumedRole, Account: r.Account, PrincipalID: r.ID, Name: name, Issued: c.Time,
		Tags: all.tags, TransitiveTagKeys: all.transitive, SourceIdentity: all.sourceIdentity,
	}
}

func assumedRoleUser(r *iam.Role, s *session.Session) *types.AssumedRoleUser {
	return &types.AssumedRoleUser{
		Arn:           aws.String("arn:aws:sts::" + r.Account + ":assumed-role/" + r.Name + "/" + s.Name),
		AssumedRoleId: aws.String(r.ID + ":" + s.Name),
	}
}

// optional is nil for a member that the answer does not have.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
