package iamapi

import (
	"context"
	"encoding/base32"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var signingCertificates = []op.Operation{
	op.New("UploadSigningCertificate", func(c *op.Call, in *api.UploadSigningCertificateInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, uploadSigningCertificate),
	op.New("ListSigningCertificates", func(c *op.Call, in *api.ListSigningCertificatesInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, listSigningCertificates),
	op.New("UpdateSigningCertificate", func(c *op.Call, in *api.UpdateSigningCertificateInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, updateSigningCertificate),
	op.New("DeleteSigningCertificate", func(c *op.Call, in *api.DeleteSigningCertificateInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, deleteSigningCertificate),
}

// certificateIDSize makes ids of 32 characters. They have no prefix, as AWS's have none.
const certificateIDSize = 20

func signingCertificateOut(user string, cert iam.SigningCertificate) types.SigningCertificate {
	return types.SigningCertificate{
		CertificateId: aws.String(cert.ID), CertificateBody: aws.String(cert.Body), Status: statusOut(cert.Inactive),
		UploadDate: aws.Time(cert.Uploaded), UserName: aws.String(user),
	}
}

func uploadSigningCertificate(
	ctx context.Context, c *op.Call, in *api.UploadSigningCertificateInput,
) (*api.UploadSigningCertificateOutput, error) {
	user, err := callerOr(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if _, err := parseCertificate(*in.CertificateBody); err != nil {
		return nil, err
	}
	random := make([]byte, certificateIDSize)
	if _, err := io.ReadFull(c.Rand, random); err != nil {
		return nil, err
	}
	cert := iam.SigningCertificate{
		ID: base32.StdEncoding.EncodeToString(random), Body: *in.CertificateBody,
		Uploaded: c.Time.Truncate(time.Second),
	}
	if err := c.Update(ctx,
		func(tx iam.Txn) error { return iam.AddSigningCertificate(tx, c.Account(), user, cert) }); err != nil {
		return nil, err
	}
	out := signingCertificateOut(user, cert)
	return &api.UploadSigningCertificateOutput{Certificate: &out}, nil
}

func listSigningCertificates(
	_ context.Context, c *op.Call, in *api.ListSigningCertificatesInput,
) (*api.ListSigningCertificatesOutput, error) {
	out := &api.ListSigningCertificatesOutput{Certificates: []types.SigningCertificate{}}
	if in.UserName == nil && c.Caller.Root() { // which has none
		return out, nil
	}
	u, err := userOrCaller(c, in.UserName)
	if err != nil {
		return nil, err
	}
	p, err := sorted(u.SigningCertificates,
		func(cert iam.SigningCertificate) string { return byAge(cert.Uploaded, cert.ID) }, in.Marker, in.MaxItems,
		func(cert iam.SigningCertificate) {
			out.Certificates = append(out.Certificates, signingCertificateOut(u.Name, cert))
		})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func updateSigningCertificate(
	ctx context.Context, c *op.Call, in *api.UpdateSigningCertificateInput,
) (*api.UpdateSigningCertificateOutput, error) {
	user, err := callerOr(c, in.UserName)
	if err != nil {
		return nil, err
	}
	inactive, err := statusIn(in.Status)
	if err != nil {
		return nil, err
	}
	return &api.UpdateSigningCertificateOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetCredentialStatus(tx, c.Account(), user, iam.SigningCertificates, *in.CertificateId, inactive)
	})
}

func deleteSigningCertificate(
	ctx context.Context, c *op.Call, in *api.DeleteSigningCertificateInput,
) (*api.DeleteSigningCertificateOutput, error) {
	user, err := callerOr(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &api.DeleteSigningCertificateOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteCredential(tx, c.Account(), user, iam.SigningCertificates, *in.CertificateId)
	})
}
