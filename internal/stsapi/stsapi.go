// Package stsapi is the STS API: a table of its operations, each of which issues a session or tells something about
// one.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
//
// A session is not in the store: it is its sealed token. What it may do is decided anew with each call that it signs,
// on the role or user that is behind it at that time (package op).
//
// The package keeps two things in memory, both of them bounded: the keys of identity providers, so that not every web
// identity token costs a request to its issuer, and the wrong codes that were tried on MFA devices, so that six
// digits cannot be guessed.
package stsapi

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
)

// api is what the operations share.
type api struct {
	issuers issuers
	guesses guesses
}

// Service makes the API.
func Service() *op.Service {
	a := new(api)
	return op.NewService("sts", awsmodel.STS(), op.Query, about, a.roles(), a.users(), a.webIdentities())
}

// issue seals a session that lasts for some time from now.
func issue(c *op.Call, s *session.Session, life time.Duration) (*types.Credentials, error) {
	token, err := c.Issue(s, c.Time.Add(life))
	if err != nil {
		return nil, err
	}
	return &types.Credentials{
		AccessKeyId: aws.String(s.AccessKeyID), SecretAccessKey: aws.String(s.Secret), SessionToken: aws.String(token),
		Expiration: aws.Time(s.Expires),
	}, nil
}
