package op

import (
	"time"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

// A Caller is who makes a call: what authentication comes to.
type Caller struct {
	Principal   eval.Principal
	Account     string // "" for a registered service, and for an identity provider
	ARN         string // of the user, the session or the account's root
	UserID      string // AIDA…, AROA…:session, ACCOUNT:federated name, or the account id
	AccessKeyID string
	Entity      iam.Entity       // the user or role whose policies count; nil for the root user and for services
	Session     *session.Session // nil with a long-term access key
	Service     string           // the service principal, for a registered service
	Provider    string           // ARN of the identity provider, for a caller with a token and no credentials yet
}

// Root reports whether the caller is the root user of its account, by whatever credentials.
func (c *Caller) Root() bool { return c.Entity == nil && c.Service == "" && c.Provider == "" }

// errUnknownToken is AWS's answer to credentials that it does not know, or knows no more.
var errUnknownToken = iam.Errorf(iam.InvalidClientTokenID, "The security token included in the request is invalid.")

// longTerm makes the caller of a long-term access key.
func longTerm(s *snapshot.Snapshot, k *iam.AccessKey) (*Caller, error) {
	if k.Inactive {
		return nil, errUnknownToken
	}
	c := &Caller{Account: k.Account, AccessKeyID: k.ID}
	switch {
	case k.Account == "":
		if snapshot.Get[iam.Service](s, iam.ServiceKey(k.Owner)) == nil {
			return nil, errUnknownToken
		}
		c.Service, c.ARN, c.UserID = k.Owner, k.Owner, k.Owner
	case k.Owner == k.Account:
		c.ARN, c.UserID = "arn:aws:iam::"+k.Account+":root", k.Account
	default:
		u, ok := s.ByID(k.Owner).(*iam.User)
		if !ok {
			return nil, errUnknownToken
		}
		c.Entity, c.ARN, c.UserID = u, u.ARN(), u.ID
	}
	return c.identified(s, "")
}

// temporary makes the caller of a session. The user or role behind it must still be there: by its unique id, so that a
// namesake made later does not revive the sessions of one that was deleted. So must the services that a forward access
// session came through and, if it stands for a long-term access key, that key.
func temporary(s *snapshot.Snapshot, t *session.Session, now time.Time) (*Caller, error) {
	if !now.Before(t.Expires) {
		return nil, iam.Errorf(iam.ExpiredToken, "The security token included in the request is expired")
	}
	for _, name := range t.CalledVia {
		if snapshot.Get[iam.Service](s, iam.ServiceKey(name)) == nil {
			return nil, errUnknownToken
		}
	}
	if t.ForwardedKey != "" {
		k := snapshot.Get[iam.AccessKey](s, iam.AccessKeyKey(t.ForwardedKey))
		if k == nil || k.Account != t.Account {
			return nil, errUnknownToken
		}
		c, err := longTerm(s, k)
		if err == nil {
			c.Session, c.AccessKeyID = t, t.AccessKeyID
		}
		return c, err
	}
	c := &Caller{Account: t.Account, AccessKeyID: t.AccessKeyID, Session: t}
	issuer := ""
	switch t.Kind {
	case session.AssumedRole:
		r, ok := s.ByID(t.PrincipalID).(*iam.Role)
		if !ok {
			return nil, errUnknownToken
		}
		issuer = r.ARN()
		c.Entity, c.ARN = r, "arn:aws:sts::"+t.Account+":assumed-role/"+r.Name+"/"+t.Name
		c.UserID = r.ID + ":" + t.Name
	case session.User, session.Federated:
		u, ok := s.ByID(t.PrincipalID).(*iam.User)
		if !ok {
			return nil, errUnknownToken
		}
		c.Entity, c.ARN, c.UserID = u, u.ARN(), u.ID
	case session.Root, session.FederatedRoot:
		c.ARN, c.UserID = "arn:aws:iam::"+t.Account+":root", t.Account
	default:
		return nil, errUnknownToken
	}
	if t.Kind == session.Federated || t.Kind == session.FederatedRoot {
		issuer = c.ARN
		c.ARN, c.UserID = "arn:aws:sts::"+t.Account+":federated-user/"+t.Name, t.Account+":"+t.Name
	}
	return c.identified(s, issuer)
}

// identified fills in the principal, and refuses callers of accounts that are gone.
func (c *Caller) identified(s *snapshot.Snapshot, issuer string) (*Caller, error) {
	if c.Account != "" {
		if a := snapshot.Get[iam.Account](s, iam.AccountKey(c.Account)); a == nil || a.Suspended {
			return nil, errUnknownToken
		}
	}
	p, err := eval.ParsePrincipal(c.ARN)
	if err == nil && issuer != "" {
		p, err = p.WithSessionIssuer(issuer)
	}
	if err != nil {
		return nil, err
	}
	if c.Service == "" {
		p = p.WithUniqueID(c.UserID)
	}
	c.Principal = p
	return c, nil
}
