package op

import (
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/sigv4"
)

// Issue gives a session an access key, a secret and an end, and returns its sealed token.
func (c *Call) Issue(s *session.Session, until time.Time) (token string, err error) {
	s.AccessKeyID = session.NewAccessKeyID(c.Rand, "ASIA", s.Account)
	s.Secret = session.NewSecret(c.Rand)
	s.Expires = until.UTC().Truncate(time.Second)
	return c.Keys.SealToken(s)
}

// Presented finds out who signed a request that a service got from its own caller and presents here. The request must
// be signed for the service, by its name in credential scopes, and not longer ago than a signature in a header may
// be. Of its body the hash is enough.
func (c *Call) Presented(
	r *http.Request, body [sha256.Size]byte, signingName string,
) (*Caller, *sigv4.Signature, error) {
	sig, err := sigv4.Parse(r)
	if err != nil {
		return nil, nil, told(err)
	}
	if err := sig.CheckService(signingName); err != nil {
		return nil, nil, told(err)
	}
	caller, secret, err := credentials(c, sig)
	if err != nil {
		return nil, nil, err
	}
	var rules sigv4.Rules
	if signingName == "s3" {
		rules.Path = sigv4.LiteralPath
	}
	if err := new(sigv4.Keys).VerifyHash(rules, sig, r, body, secret, c.Time); err != nil {
		return nil, nil, told(err)
	}
	if c.Time.Sub(sig.Time) > sigv4.Window { // a presigned URL
		return nil, nil, iam.Errorf(
			"SignatureDoesNotMatch", "The request was signed more than %d minutes ago.", sigv4.Window/time.Minute)
	}
	return caller, sig, nil
}
