package server

import (
	"bytes"
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
	created := false
	_, err := s.Update(ctx, func(tx store.Txn) error {
		created = false
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
			created = true
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
	if errors.Is(err, fs.ErrExist) {
		err = root.inFile()
		if err != nil && !created { // who made the account before may keep its key elsewhere
			c.Log.Warn("the root credentials were not written", "error", err)
			err = nil
		}
	}
	return root, err
}

// inFile checks that the key is in the credentials file that is there. The file is left as it is, with whatever was
// added to it; it may be one of AWS's own keys.
func (r Root) inFile() error {
	text, err := os.ReadFile(r.File)
	if err == nil && !bytes.Contains(text, []byte(r.AccessKeyID)) {
		err = fmt.Errorf("%s is there, and does not have the root access key %s: move it away, or name another file",
			r.File, r.AccessKeyID)
	}
	return err
}

// write writes the credentials file, all of it or nothing. One that is there is an error.
func (r Root) write() error {
	if _, err := os.Lstat(r.File); err == nil {
		return fs.ErrExist
	}
	dir := filepath.Dir(r.File)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".root-credentials-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		r.AccessKeyID, r.SecretAccessKey)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), r.File)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
