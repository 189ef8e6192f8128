package iamapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/crypto/ssh"

	"github.com/writ-iam/writ/writtest"
)

// newSSHKey makes a public key in the format of SSH.
func newSSHKey(t *testing.T, public any) string {
	t.Helper()
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSSHPublicKeyIsShownInEitherEncoding(t *testing.T) {
	now := time.Now()
	s := writtest.NewAt(t, func() time.Time { return now })
	c := s.IAM()
	alice := aws.String("alice")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	key, other := newRSA(t, 2048), newRSA(t, 2048)
	der, err := x509.MarshalPKIXPublicKey(&other.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	var ids []string
	for _, body := range []string{newSSHKey(t, &key.PublicKey) + " alice@example.com", inPEM} {
		k := must(t, c.UploadSSHPublicKey, &iam.UploadSSHPublicKeyInput{
			UserName: alice, SSHPublicKeyBody: &body,
		}).SSHPublicKey
		if !strings.HasPrefix(*k.SSHPublicKeyId, "APKA") || strings.Count(*k.Fingerprint, ":") != 15 ||
			k.Status != types.StatusTypeActive {
			t.Errorf("uploaded %+v", k)
		}
		ids = append(ids, *k.SSHPublicKeyId)
		fails(t, "DuplicateSSHPublicKey", "", c.UploadSSHPublicKey, &iam.UploadSSHPublicKeyInput{
			UserName: alice, SSHPublicKeyBody: &body,
		})
		for encoding, prefix := range map[types.EncodingType]string{types.EncodingTypeSsh: "ssh-rsa ",
			types.EncodingTypePem: "-----BEGIN PUBLIC KEY-----"} {
			got := must(t, c.GetSSHPublicKey, &iam.GetSSHPublicKeyInput{
				UserName: alice, SSHPublicKeyId: k.SSHPublicKeyId, Encoding: encoding,
			}).SSHPublicKey
			if !strings.HasPrefix(*got.SSHPublicKeyBody, prefix) || *got.Fingerprint != *k.Fingerprint {
				t.Errorf("as %s it is %+v", encoding, got)
			}
		}
		now = now.Add(time.Second)
	}
	pages(t, "keys", func(marker *string, one *int32) result {
		out := must(t, c.ListSSHPublicKeys, &iam.ListSSHPublicKeysInput{UserName: alice, Marker: marker, MaxItems: one})
		return result{
			names(out.SSHPublicKeys, func(k types.SSHPublicKeyMetadata) *string { return k.SSHPublicKeyId }), out.Marker,
			out.IsTruncated,
		}
	}, ids...)
	must(t, c.UpdateSSHPublicKey, &iam.UpdateSSHPublicKeyInput{
		UserName: alice, SSHPublicKeyId: &ids[0], Status: types.StatusTypeInactive,
	})
	if got := must(t, c.ListSSHPublicKeys,
		&iam.ListSSHPublicKeysInput{UserName: alice}).SSHPublicKeys; got[0].Status != types.StatusTypeInactive {
		t.Errorf("the key is %s", got[0].Status)
	}
	must(t, c.DeleteSSHPublicKey, &iam.DeleteSSHPublicKeyInput{UserName: alice, SSHPublicKeyId: &ids[0]})
	fails(t, "NoSuchEntity", ids[0], c.DeleteSSHPublicKey, &iam.DeleteSSHPublicKeyInput{
		UserName: alice, SSHPublicKeyId: &ids[0],
	})
}

func TestSSHPublicKeyErrors(t *testing.T) {
	c := writtest.New(t).IAM()
	alice, nobody, id := aws.String("alice"), aws.String("nobody"), aws.String("APKA12345678901234567")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	short := newSSHKey(t, &newRSA(t, 1024).PublicKey)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for body, code := range map[string]string{
		"no key": "UnrecognizedPublicKeyEncoding", short: "InvalidPublicKey",
		newSSHKey(t, &curve.PublicKey):                               "InvalidPublicKey",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----": "UnrecognizedPublicKeyEncoding",
	} {
		fails(t, code, "", c.UploadSSHPublicKey, &iam.UploadSSHPublicKeyInput{UserName: alice, SSHPublicKeyBody: &body})
	}
	fails(t, "NoSuchEntity", "user", c.UploadSSHPublicKey, &iam.UploadSSHPublicKeyInput{
		UserName: nobody, SSHPublicKeyBody: &short,
	})
	fails(t, "NoSuchEntity", "user", c.ListSSHPublicKeys, &iam.ListSSHPublicKeysInput{UserName: nobody})
	fails(t, "ValidationError", "Must specify userName", c.ListSSHPublicKeys, &iam.ListSSHPublicKeysInput{})
	fails(t, "NoSuchEntity", *id, c.GetSSHPublicKey, &iam.GetSSHPublicKeyInput{
		UserName: alice, SSHPublicKeyId: id, Encoding: types.EncodingTypeSsh,
	})
	fails(t, "NoSuchEntity", *id, c.UpdateSSHPublicKey, &iam.UpdateSSHPublicKeyInput{
		UserName: alice, SSHPublicKeyId: id, Status: types.StatusTypeActive,
	})
}
