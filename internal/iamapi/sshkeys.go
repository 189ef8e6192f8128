package iamapi

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/crypto/ssh"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var sshKeys = []op.Operation{
	op.New("UploadSSHPublicKey", func(c *op.Call, in *api.UploadSSHPublicKeyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, uploadSSHPublicKey),
	op.New("GetSSHPublicKey", func(c *op.Call, in *api.GetSSHPublicKeyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, getSSHPublicKey),
	op.New("ListSSHPublicKeys", func(c *op.Call, in *api.ListSSHPublicKeysInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, listSSHPublicKeys),
	op.New("UpdateSSHPublicKey", func(c *op.Call, in *api.UpdateSSHPublicKeyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, updateSSHPublicKey),
	op.New("DeleteSSHPublicKey", func(c *op.Call, in *api.DeleteSSHPublicKeyInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, deleteSSHPublicKey),
}

// minimumRSA is the length in bits that AWS asks of a public key.
const minimumRSA = 2048

// parseSSHKey reads an RSA public key in the format of SSH or in PEM.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSSHPublicKey.html
func parseSSHKey(text string) (ssh.PublicKey, error) {
	key, err := decodeSSHKey(text)
	if err != nil {
		return nil, iam.Errorf(iam.UnrecognizedPublicKeyEncoding, "The public key is neither in ssh-rsa nor in PEM format.")
	}
	if holder, ok := key.(ssh.CryptoPublicKey); ok {
		if public, ok := holder.CryptoPublicKey().(*rsa.PublicKey); ok && public.Size()*8 >= minimumRSA {
			return key, nil
		}
	}
	return nil, iam.Errorf(iam.InvalidPublicKey, "The public key is not an RSA key of at least %d bits.", minimumRSA)
}

func decodeSSHKey(text string) (ssh.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
		return key, err
	}
	if public, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return ssh.NewPublicKey(public)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}

// encodeSSHKey writes a key that was uploaded in either format in the one that is asked for.
func encodeSSHKey(text string, encoding types.EncodingType) (string, error) {
	isPEM := strings.Contains(text, "-----BEGIN ")
	if isPEM == (encoding == types.EncodingTypePem) {
		return text, nil
	}
	key, err := parseSSHKey(text)
	if err != nil {
		return "", err
	}
	if !isPEM {
		der, err := x509.MarshalPKIXPublicKey(key.(ssh.CryptoPublicKey).CryptoPublicKey())
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), nil
}

func sshKeyOut(user string, k *iam.SSHKey, body string) *types.SSHPublicKey {
	return &types.SSHPublicKey{
		SSHPublicKeyId: aws.String(k.ID), Fingerprint: aws.String(k.Fingerprint), SSHPublicKeyBody: aws.String(body),
		Status: statusOut(k.Inactive), UploadDate: aws.Time(k.Uploaded), UserName: aws.String(user),
	}
}

func uploadSSHPublicKey(
	ctx context.Context, c *op.Call, in *api.UploadSSHPublicKeyInput,
) (*api.UploadSSHPublicKeyOutput, error) {
	u, err := c.User(*in.UserName)
	if err != nil {
		return nil, err
	}
	body := strings.TrimSpace(*in.SSHPublicKeyBody)
	key, err := parseSSHKey(body)
	if err != nil {
		return nil, err
	}
	k := iam.SSHKey{
		ID: c.NewID("APKA"), Fingerprint: ssh.FingerprintLegacyMD5(key), Body: body, Uploaded: c.Time.Truncate(time.Second),
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.AddSSHKey(tx, c.Account(), u.Name, k) }); err != nil {
		return nil, err
	}
	return &api.UploadSSHPublicKeyOutput{SSHPublicKey: sshKeyOut(u.Name, &k, body)}, nil
}

func getSSHPublicKey(_ context.Context, c *op.Call, in *api.GetSSHPublicKeyInput) (*api.GetSSHPublicKeyOutput, error) {
	u, err := c.User(*in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := iam.FindCredential(u, iam.SSHKeys, *in.SSHPublicKeyId)
	if err != nil {
		return nil, err
	}
	body, err := encodeSSHKey(k.Body, in.Encoding)
	if err != nil {
		return nil, err
	}
	return &api.GetSSHPublicKeyOutput{SSHPublicKey: sshKeyOut(u.Name, k, body)}, nil
}

func listSSHPublicKeys(
	_ context.Context, c *op.Call, in *api.ListSSHPublicKeysInput,
) (*api.ListSSHPublicKeysOutput, error) {
	u, err := userOrCaller(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListSSHPublicKeysOutput{SSHPublicKeys: []types.SSHPublicKeyMetadata{}}
	p, err := sorted(u.SSHKeys, func(k iam.SSHKey) string { return byAge(k.Uploaded, k.ID) }, in.Marker, in.MaxItems,
		func(k iam.SSHKey) {
			out.SSHPublicKeys = append(out.SSHPublicKeys, types.SSHPublicKeyMetadata{
				SSHPublicKeyId: aws.String(k.ID), Status: statusOut(k.Inactive), UploadDate: aws.Time(k.Uploaded),
				UserName: aws.String(u.Name),
			})
		})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func updateSSHPublicKey(
	ctx context.Context, c *op.Call, in *api.UpdateSSHPublicKeyInput,
) (*api.UpdateSSHPublicKeyOutput, error) {
	inactive, err := statusIn(in.Status)
	if err != nil {
		return nil, err
	}
	return &api.UpdateSSHPublicKeyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetCredentialStatus(tx, c.Account(), *in.UserName, iam.SSHKeys, *in.SSHPublicKeyId, inactive)
	})
}

func deleteSSHPublicKey(
	ctx context.Context, c *op.Call, in *api.DeleteSSHPublicKeyInput,
) (*api.DeleteSSHPublicKeyOutput, error) {
	return &api.DeleteSSHPublicKeyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteCredential(tx, c.Account(), *in.UserName, iam.SSHKeys, *in.SSHPublicKeyId)
	})
}
