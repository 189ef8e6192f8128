package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/store"
)

// Root is the root user of the first account.
type Root struct {
	Account         string
	AccessKeyID     string // "" if it has no access key any more
	SecretAccessKey string
	File            string // where its credentials are; "" if nowhere
}

// firstAccount makes the first account in a store that has none, and finds it in one that has. Its id is under a key of
// its own, so that servers that start at the same moment on one cluster make one account and not two.
func (c *Config) firstAccount(ctx context.Context, s store.Store, keys *session.Keys) (Root, error) {
	root := Root{File: c.file(c.RootCredentials, "root-credentials")}
	_, err := s.Update(ctx, func(tx store.Txn) error {
		t := iam.NewTxn(tx)
		first, err := iam.FirstAccount(t)
		if err != nil {
			return err
		}
		if first == nil {
			now := c.Now().UTC().Truncate(time.Second)
			id := session.NewAccessKeyID(rand.Reader, "AKIA", c.Account)
			key := &iam.AccessKey{ID: id, Account: c.Account, Owner: c.Account, Created: now}
			secret := session.NewSecret(rand.Reader)
			key.Sealed = keys.SealSecret(key.ID, secret)
			return iam.CreateFirstAccount(t, &iam.Account{ID: c.Account, Created: now, Keys: []string{key.ID}}, key)
		}
		return nil
	})
	if err != nil {
		return root, err
	}
	err = s.View(ctx, 0, func(r store.Reader) error {
		first, key, err := iam.FirstRoot(r)
		if err != nil {
			return err
		}
		root.Account = first.ID
		if key == nil {
			return nil
		}
		root.AccessKeyID = key.ID
		if root.SecretAccessKey, err = keys.OpenSecret(key.ID, key.Sealed); err != nil {
			return fmt.Errorf("the root access key of account %s cannot be decrypted: "+
				"this master key is not the one it was encrypted with: %w", first.ID, err)
		}
		return nil
	})
	if err == nil && root.File != "" && root.AccessKeyID != "" {
		err = root.write()
	}
	return root, err
}

// write writes the credentials file if it is not there. One that is there is left as it is, with whatever was added to
// it.
func (r Root) write() error {
	if err := os.MkdirAll(filepath.Dir(r.File), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(r.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		r.AccessKeyID, r.SecretAccessKey)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(r.File) // the next start would take a half for the whole
	}
	return err
}
