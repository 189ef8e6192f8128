package op

import (
	"slices"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/sigv4"
	"github.com/writ-iam/writ/internal/snapshot"
)

// authenticate verifies the request's signature and finds out who made it.
func (h *Handler) authenticate(c *Call, q *Request) error {
	if m := q.Service.Model.Operation(q.Operation); m != nil && m.NoAuth { // AssumeRoleWithWebIdentity
		return nil
	}
	sig, err := sigv4.Parse(q.HTTP)
	if err != nil {
		return told(err)
	}
	c.Region = sig.Region
	if err := sig.CheckService(q.Service.Name); err != nil {
		return told(err)
	}
	caller, secret, err := credentials(c, sig)
	if err != nil {
		return err
	}
	if err := h.keys.Verify(sig, q.HTTP, q.Body, secret, c.Time); err != nil {
		return told(err)
	}
	c.Caller = caller
	return nil
}

// told makes AWS's error of one of a signature.
func told(err error) error {
	if e, ok := err.(*sigv4.Error); ok {
		return &iam.Error{Code: iam.Code(e.Code), Message: e.Message}
	}
	return err
}

// credentials finds the caller of an access key, and its secret. Nothing of it counts before the signature is verified.
func credentials(c *Call, sig *sigv4.Signature) (*Caller, string, error) {
	if sig.SecurityToken != "" {
		t, err := c.Keys.OpenToken(sig.SecurityToken)
		if err != nil || t.AccessKeyID != sig.AccessKeyID {
			return nil, "", errUnknownToken
		}
		caller, err := temporary(c.State, t, c.Time)
		return caller, t.Secret, err
	}
	k := snapshot.Get[iam.AccessKey](c.State, iam.AccessKeyKey(sig.AccessKeyID))
	if k == nil {
		return nil, "", errUnknownToken
	}
	caller, err := longTerm(c.State, k)
	if err != nil {
		return nil, "", err
	}
	secret, err := c.Keys.OpenSecret(k.ID, k.Sealed)
	return caller, secret, err
}

// may keeps what AWS does not allow to some kinds of credentials, whatever policies say.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html#stsapi_comparison
func (who *Caller) may(s *Service, o *Operation) error {
	if who == nil || who.Session == nil {
		return nil
	}
	if len(who.Session.CalledVia) > 0 && s.Name == "sts" && o.Name != "GetCallerIdentity" {
		// A session that it asked for would outlive it, and not say through which services it came.
		return iam.Errorf(iam.AccessDenied, "Cannot call %s with forward access session credentials", o.Name)
	}
	if who.Session.ForwardedKey != "" {
		return nil
	}
	switch who.Session.Kind {
	case session.User, session.Root:
		if s.Name == "iam" && !who.Session.MFA {
			return errUnknownToken
		}
		if s.Name == "sts" && o.Name != "AssumeRole" && o.Name != "GetCallerIdentity" {
			return errSession(o)
		}
	case session.Federated, session.FederatedRoot:
		if s.Name == "iam" {
			return errUnknownToken
		}
		if s.Name == "sts" && o.Name != "GetCallerIdentity" {
			return errSession(o)
		}
	case session.AssumedRole:
		if s.Name == "sts" && slices.Contains([]string{"GetFederationToken", "GetSessionToken"}, o.Name) {
			return errSession(o)
		}
	}
	return nil
}

func errSession(o *Operation) error {
	return iam.Errorf(iam.AccessDenied, "Cannot call %s with session credentials", o.Name)
}

// unserved is the error for an operation that is not there, or that AWS has and this server has not.
func (s *Service) unserved(name string) error {
	if s.Model.Operation(name) != nil {
		return iam.Errorf("UnsupportedOperation",
			"%s is an operation of AWS that Writ does not serve; docs/divergences.md says why.", name)
	}
	return errNoOperation(name, s.Model.Version)
}

func errNoOperation(name, version string) error {
	return iam.Errorf("InvalidAction", "Could not find operation %s for version %s", clip(name), clip(version))
}
