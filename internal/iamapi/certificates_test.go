package iamapi_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

// A pair is a certificate with its private key.
type pair struct {
	cert            *x509.Certificate
	key             crypto.Signer
	certPEM, keyPEM string
}

// newPair makes a certificate that the parent signed, or that signed itself.
func newPair(t *testing.T, name string, parent *pair) *pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, IsCA: true,
		BasicConstraintsValid: true,
		NotBefore:             from, NotAfter: from.AddDate(10, 0, 0),
	}
	p := &pair{key: key}
	issuer, signer := template, crypto.Signer(key)
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p.certPEM = strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	p.keyPEM = strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return p
}

func TestServerCertificateIsHeldAgainstItsKeyAndChain(t *testing.T) {
	c := writtest.New(t).IAM()
	top := newPair(t, "root", nil)
	middle := newPair(t, "intermediate", top)
	leaf := newPair(t, "www.example.com", middle)
	const chainInvalid = "The index within the chain of the invalid certificate is: "
	upload := func(body, key, chain string) *iam.UploadServerCertificateInput {
		in := &iam.UploadServerCertificateInput{
			ServerCertificateName: aws.String("web"), CertificateBody: &body, PrivateKey: &key,
		}
		if chain != "" {
			in.CertificateChain = &chain
		}
		return in
	}
	for _, test := range []struct{ body, key, chain, code, message string }{
		{"x", leaf.keyPEM, "", "MalformedCertificate",
			"Unable to parse certificate. Please ensure the certificate is in PEM format."},
		{leaf.certPEM + "\n" + middle.certPEM, leaf.keyPEM, "", "MalformedCertificate", "Unable to parse certificate."},
		{leaf.certPEM, "x", "", "MalformedCertificate", "Invalid Private Key."},
		{leaf.certPEM, leaf.certPEM, "", "MalformedCertificate", "Invalid Private Key."},
		{leaf.certPEM, middle.keyPEM, "", "KeyPairMismatch", "does not match"},
		{leaf.certPEM, leaf.keyPEM, "x", "MalformedCertificate", "Unable to parse certificate chain."},
		{leaf.certPEM, leaf.keyPEM, top.certPEM, "MalformedCertificate", chainInvalid + "-1"},
		{leaf.certPEM, leaf.keyPEM, middle.certPEM + "\n" + leaf.certPEM, "MalformedCertificate", chainInvalid + "0"},
	} {
		fails(t, test.code, test.message, c.UploadServerCertificate, upload(test.body, test.key, test.chain))
	}
	chain := middle.certPEM + "\n" + top.certPEM
	must(t, c.UploadServerCertificate, upload(leaf.certPEM, leaf.keyPEM, chain))
	got := must(t, c.GetServerCertificate, &iam.GetServerCertificateInput{
		ServerCertificateName: aws.String("web"),
	}).ServerCertificate
	m := got.ServerCertificateMetadata
	if *got.CertificateBody != leaf.certPEM || *got.CertificateChain != chain || !m.Expiration.Equal(leaf.cert.NotAfter) ||
		*m.Arn != "arn:aws:iam::"+writtest.Account+":server-certificate/web" || !strings.HasPrefix(*m.ServerCertificateId,
		"ASCA") {
		t.Errorf("got %+v of %+v", got, m)
	}
	fails(t, "EntityAlreadyExists", "The Server Certificate with name web already exists.", c.UploadServerCertificate,
		upload(leaf.certPEM, leaf.keyPEM, ""))
}

func TestServerCertificatesAreListedRenamedTaggedAndDeleted(t *testing.T) {
	c := writtest.New(t).IAM()
	p := newPair(t, "www.example.com", nil)
	for name, path := range map[string]string{"b": "/", "A": "/cloudfront/", "c": "/cloudfront/x/"} {
		must(t, c.UploadServerCertificate, &iam.UploadServerCertificateInput{
			ServerCertificateName: &name, Path: &path, CertificateBody: &p.certPEM, PrivateKey: &p.keyPEM,
			Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
		})
	}
	list := func(prefix string, want ...string) {
		pages(t, prefix, func(marker *string, one *int32) result {
			out := must(t, c.ListServerCertificates, &iam.ListServerCertificatesInput{
				PathPrefix: &prefix, Marker: marker, MaxItems: one,
			})
			name := func(m types.ServerCertificateMetadata) *string { return m.ServerCertificateName }
			return result{names(out.ServerCertificateMetadataList, name), out.Marker, out.IsTruncated}
		}, want...)
	}
	list("/", "A", "b", "c")
	list("/cloudfront/", "A", "c")
	b, none := aws.String("b"), aws.String("none")
	fails(t, "EntityAlreadyExists", "already exists", c.UpdateServerCertificate,
		&iam.UpdateServerCertificateInput{ServerCertificateName: b, NewServerCertificateName: aws.String("C")})
	must(t, c.UpdateServerCertificate, &iam.UpdateServerCertificateInput{
		ServerCertificateName: b, NewServerCertificateName: aws.String("z"), NewPath: aws.String("/cloudfront/"),
	})
	list("/cloudfront/", "A", "c", "z")

	z := aws.String("z")
	must(t, c.TagServerCertificate, &iam.TagServerCertificateInput{
		ServerCertificateName: z, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}},
	})
	pages(t, "tags", func(marker *string, one *int32) result {
		out := must(t, c.ListServerCertificateTags, &iam.ListServerCertificateTagsInput{
			ServerCertificateName: z, Marker: marker, MaxItems: one,
		})
		return result{names(out.Tags, func(t types.Tag) *string { return t.Key }), out.Marker, out.IsTruncated}
	}, "a", "k")
	must(t, c.UntagServerCertificate, &iam.UntagServerCertificateInput{
		ServerCertificateName: z, TagKeys: []string{"a", "k"},
	})
	must(t, c.DeleteServerCertificate, &iam.DeleteServerCertificateInput{ServerCertificateName: z})

	const missing = "The Server Certificate with name none cannot be found."
	fails(t, "NoSuchEntity", missing, c.GetServerCertificate, &iam.GetServerCertificateInput{ServerCertificateName: none})
	fails(t, "NoSuchEntity", missing, c.UpdateServerCertificate, &iam.UpdateServerCertificateInput{
		ServerCertificateName: none,
	})
	fails(t, "NoSuchEntity", missing, c.DeleteServerCertificate, &iam.DeleteServerCertificateInput{
		ServerCertificateName: none,
	})
	fails(t, "NoSuchEntity", missing, c.ListServerCertificateTags, &iam.ListServerCertificateTagsInput{
		ServerCertificateName: none,
	})
	fails(t, "NoSuchEntity", missing, c.TagServerCertificate, &iam.TagServerCertificateInput{
		ServerCertificateName: none, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}},
	})
	fails(t, "NoSuchEntity", missing, c.UntagServerCertificate, &iam.UntagServerCertificateInput{
		ServerCertificateName: none, TagKeys: []string{"a"},
	})
}

func TestSigningCertificatesOfAUser(t *testing.T) {
	now := time.Now()
	s := writtest.NewAt(t, func() time.Time { return now })
	c := s.IAM()
	alice := aws.String("alice")
	own := newUser(t, s, "alice", allOfIAM)
	var ids []string
	// A certificate comes back as it was given, with the line's end of a file: Terraform compares.
	bodies := []string{newPair(t, "one", nil).certPEM + "\n", newPair(t, "two", nil).certPEM, newPair(t, "three", nil).certPEM}
	for _, body := range bodies[:2] {
		cert := must(t, own.UploadSigningCertificate, &iam.UploadSigningCertificateInput{CertificateBody: &body}).Certificate
		if *cert.UserName != "alice" || *cert.CertificateBody != body || len(*cert.CertificateId) != 32 {
			t.Errorf("uploaded %+v", cert)
		}
		ids = append(ids, *cert.CertificateId)
		if len(ids) == 1 {
			fails(t, "DuplicateCertificate", "", own.UploadSigningCertificate, &iam.UploadSigningCertificateInput{
				CertificateBody: aws.String(strings.TrimSpace(body)),
			})
		}
		now = now.Add(time.Second)
	}
	fails(t, "LimitExceeded", "CertificatesPerUser: 2", own.UploadSigningCertificate, &iam.UploadSigningCertificateInput{
		CertificateBody: &bodies[2],
	})
	fails(t, "MalformedCertificate", "PEM", own.UploadSigningCertificate, &iam.UploadSigningCertificateInput{
		CertificateBody: aws.String("x"),
	})
	fails(t, "NoSuchEntity", "user", c.UploadSigningCertificate, &iam.UploadSigningCertificateInput{
		UserName: aws.String("nobody"), CertificateBody: &bodies[2],
	})
	pages(t, "certificates", func(marker *string, one *int32) result {
		out := must(t, c.ListSigningCertificates, &iam.ListSigningCertificatesInput{
			UserName: alice, Marker: marker, MaxItems: one,
		})
		return result{
			names(out.Certificates, func(c types.SigningCertificate) *string { return c.CertificateId }), out.Marker,
			out.IsTruncated,
		}
	}, ids...)
	must(t, own.UpdateSigningCertificate, &iam.UpdateSigningCertificateInput{
		CertificateId: &ids[1], Status: types.StatusTypeInactive,
	})
	if got := must(t, own.ListSigningCertificates,
		&iam.ListSigningCertificatesInput{}).Certificates; got[1].Status != types.StatusTypeInactive {
		t.Errorf("the certificate is %s", got[1].Status)
	}
	must(t, own.DeleteSigningCertificate, &iam.DeleteSigningCertificateInput{CertificateId: &ids[1]})
	fails(t, "NoSuchEntity", ids[1], c.DeleteSigningCertificate, &iam.DeleteSigningCertificateInput{
		UserName: alice, CertificateId: &ids[1],
	})
	fails(t, "NoSuchEntity", ids[1], c.UpdateSigningCertificate,
		&iam.UpdateSigningCertificateInput{UserName: alice, CertificateId: &ids[1], Status: types.StatusTypeActive})
	if got := must(t, c.ListSigningCertificates, &iam.ListSigningCertificatesInput{}).Certificates; len(got) != 0 {
		t.Errorf("the root user has %v", got)
	}
}
