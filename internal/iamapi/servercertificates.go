package iamapi

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

var serverCertificates = []op.Operation{
	op.New("UploadServerCertificate", func(c *op.Call, in *api.UploadServerCertificateInput) (op.Target, error) {
		t := op.Target{Resource: newARN(c, "server-certificate", in.Path, *in.ServerCertificateName)}
		return withTags(t, "iam:TagServerCertificate", in.Tags), nil
	}, uploadServerCertificate),
	op.New("GetServerCertificate", func(c *op.Call, in *api.GetServerCertificateInput) (op.Target, error) {
		return onServerCertificate(c, *in.ServerCertificateName)
	}, getServerCertificate),
	op.New("ListServerCertificates", func(c *op.Call, in *api.ListServerCertificatesInput) (op.Target, error) {
		return listed(c, "server-certificate", in.PathPrefix)
	}, listServerCertificates),
	op.New("UpdateServerCertificate", func(c *op.Call, in *api.UpdateServerCertificateInput) (op.Target, error) {
		t, err := onServerCertificate(c, *in.ServerCertificateName)
		if cert, _ := serverCertificate(c, *in.ServerCertificateName); cert != nil {
			t = renamed(c, t, "server-certificate", cert.Header, in.NewServerCertificateName, in.NewPath)
		}
		return t, err
	}, updateServerCertificate),
	op.New("DeleteServerCertificate", func(c *op.Call, in *api.DeleteServerCertificateInput) (op.Target, error) {
		return onServerCertificate(c, *in.ServerCertificateName)
	}, deleteServerCertificate),
	op.New("TagServerCertificate", func(c *op.Call, in *api.TagServerCertificateInput) (op.Target, error) {
		return onServerCertificate(c, *in.ServerCertificateName)
	}, tagServerCertificate),
	op.New("UntagServerCertificate", func(c *op.Call, in *api.UntagServerCertificateInput) (op.Target, error) {
		return onServerCertificate(c, *in.ServerCertificateName)
	}, untagServerCertificate),
	op.New("ListServerCertificateTags", func(c *op.Call, in *api.ListServerCertificateTagsInput) (op.Target, error) {
		return onServerCertificate(c, *in.ServerCertificateName)
	}, listServerCertificateTags),
}

func onServerCertificate(c *op.Call, name string) (op.Target, error) {
	if cert, _ := serverCertificate(c, name); cert != nil {
		return op.Target{Resource: cert.ARN(), Tags: cert.Tags}, nil
	}
	return op.Target{Resource: newARN(c, "server-certificate", nil, name)}, nil
}

func serverCertificate(c *op.Call, name string) (*iam.ServerCertificate, error) {
	if cert := snapshot.Get[iam.ServerCertificate](c.State, iam.ServerCertificateKey(c.Account(), name)); cert != nil {
		return cert, nil
	}
	return nil, iam.NoServerCertificate(name)
}

// parseCertificate reads one certificate in PEM.
func parseCertificate(text string) (*x509.Certificate, error) {
	certs, err := parseCertificates(text)
	if err != nil || len(certs) != 1 {
		return nil, iam.Errorf(iam.MalformedCertificate,
			"Unable to parse certificate. Please ensure the certificate is in PEM format.")
	}
	return certs[0], nil
}

// parseCertificates reads any number of certificates in PEM.
func parseCertificates(text string) (certs []*x509.Certificate, err error) {
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

// parsePrivateKey reads a private key in PEM that is not encrypted.
func parsePrivateKey(text string) (crypto.Signer, error) {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if signer, ok := key.(crypto.Signer); ok {
				return signer, nil
			}
		}
	}
	return nil, iam.Errorf(iam.MalformedCertificate, "Invalid Private Key.")
}

// checkPair holds a certificate against the private key that belongs to it.
func checkPair(cert *x509.Certificate, key crypto.Signer) error {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(cert.PublicKey) {
		return iam.Errorf(iam.KeyPairMismatch, "The private key does not match the public key of the certificate.")
	}
	return nil
}

// checkChain holds a certificate against the chain of those that signed it, the nearest first.
func checkChain(cert *x509.Certificate, text string) error {
	chain, err := parseCertificates(text)
	if err != nil || len(chain) == 0 {
		return iam.Errorf(iam.MalformedCertificate,
			"Unable to parse certificate chain. Please ensure the certificate chain is in PEM format.")
	}
	for i, parent := range chain {
		if parent.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) != nil {
			return iam.Errorf(iam.MalformedCertificate,
				"Unable to validate certificate chain. The certificate chain must start with the immediate signing "+
					"certificate, followed by any intermediaries in order. "+
					"The index within the chain of the invalid certificate is: %d", i-1)
		}
		cert = parent
	}
	return nil
}

func serverCertificateOut(cert *iam.ServerCertificate) *types.ServerCertificateMetadata {
	return &types.ServerCertificateMetadata{
		Arn: aws.String(cert.ARN()), Path: aws.String(cert.Path), ServerCertificateId: aws.String(cert.ID),
		ServerCertificateName: aws.String(cert.Name),
		Expiration:            aws.Time(cert.Expires), UploadDate: aws.Time(cert.Created),
	}
}

func uploadServerCertificate(
	ctx context.Context, c *op.Call, in *api.UploadServerCertificateInput,
) (*api.UploadServerCertificateOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	parsed, err := parseCertificate(*in.CertificateBody)
	if err != nil {
		return nil, err
	}
	key, err := parsePrivateKey(*in.PrivateKey)
	if err != nil {
		return nil, err
	}
	if err := checkPair(parsed, key); err != nil {
		return nil, err
	}
	if in.CertificateChain != nil {
		if err := checkChain(parsed, *in.CertificateChain); err != nil {
			return nil, err
		}
	}
	if err := quota(c, "certificate", "ServerCertificatesPerAccount", iam.MaxServerCertificates); err != nil {
		return nil, err
	}
	cert := &iam.ServerCertificate{
		Header: c.Header("ASCA", *in.ServerCertificateName, in.Path), Expires: parsed.NotAfter,
		Body: strings.TrimSpace(*in.CertificateBody), Chain: strings.TrimSpace(aws.ToString(in.CertificateChain)),
	}
	cert.Sealed = c.Keys.SealSecret(cert.ID, *in.PrivateKey)
	if err := iam.SetTags(cert, tags); err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateServerCertificate(tx, cert) }); err != nil {
		return nil, err
	}
	return &api.UploadServerCertificateOutput{ServerCertificateMetadata: serverCertificateOut(cert),
		Tags: tagsOut(cert.Tags)}, nil
}

func getServerCertificate(
	_ context.Context, c *op.Call, in *api.GetServerCertificateInput,
) (*api.GetServerCertificateOutput, error) {
	cert, err := serverCertificate(c, *in.ServerCertificateName)
	if err != nil {
		return nil, err
	}
	out := &types.ServerCertificate{
		ServerCertificateMetadata: serverCertificateOut(cert), CertificateBody: aws.String(cert.Body),
		Tags: tagsOut(cert.Tags),
	}
	if cert.Chain != "" {
		out.CertificateChain = aws.String(cert.Chain)
	}
	return &api.GetServerCertificateOutput{ServerCertificate: out}, nil
}

func listServerCertificates(
	_ context.Context, c *op.Call, in *api.ListServerCertificatesInput,
) (*api.ListServerCertificatesOutput, error) {
	out := &api.ListServerCertificatesOutput{ServerCertificateMetadataList: []types.ServerCertificateMetadata{}}
	p, err := list(c, iam.ServerCertificateKey(c.Account(), ""), in.Marker, in.MaxItems,
		func(cert *iam.ServerCertificate) bool {
			return strings.HasPrefix(cert.Path, aws.ToString(in.PathPrefix))
		},
		func(cert *iam.ServerCertificate) {
			out.ServerCertificateMetadataList = append(out.ServerCertificateMetadataList, *serverCertificateOut(cert))
		})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func updateServerCertificate(
	ctx context.Context, c *op.Call, in *api.UpdateServerCertificateInput,
) (*api.UpdateServerCertificateOutput, error) {
	name, path := aws.ToString(in.NewServerCertificateName), aws.ToString(in.NewPath)
	return &api.UpdateServerCertificateOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.RenameServerCertificate(tx, c.Account(), *in.ServerCertificateName, name, path)
	})
}

func deleteServerCertificate(
	ctx context.Context, c *op.Call, in *api.DeleteServerCertificateInput,
) (*api.DeleteServerCertificateOutput, error) {
	return &api.DeleteServerCertificateOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteServerCertificate(tx, c.Account(), *in.ServerCertificateName)
	})
}

func tagServerCertificate(
	ctx context.Context, c *op.Call, in *api.TagServerCertificateInput,
) (*api.TagServerCertificateOutput, error) {
	return &api.TagServerCertificateOutput{}, tag(ctx, c, in.Tags, func(tx iam.Txn) (*iam.ServerCertificate, error) {
		return iam.GetServerCertificate(tx, c.Account(), *in.ServerCertificateName)
	})
}

func untagServerCertificate(
	ctx context.Context, c *op.Call, in *api.UntagServerCertificateInput,
) (*api.UntagServerCertificateOutput, error) {
	return &api.UntagServerCertificateOutput{}, untag(ctx, c, in.TagKeys,
		func(tx iam.Txn) (*iam.ServerCertificate, error) {
			return iam.GetServerCertificate(tx, c.Account(), *in.ServerCertificateName)
		})
}

func listServerCertificateTags(
	_ context.Context, c *op.Call, in *api.ListServerCertificateTagsInput,
) (*api.ListServerCertificateTagsOutput, error) {
	cert, err := serverCertificate(c, *in.ServerCertificateName)
	if err != nil {
		return nil, err
	}
	out := &api.ListServerCertificateTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = listTags(cert, in.Marker, in.MaxItems)
	return out, err
}
