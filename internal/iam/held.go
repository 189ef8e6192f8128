package iam

import (
	"fmt"
	"slices"
	"strings"
)

// The quotas of credentials that are kept in their user's record.
const (
	MaxSSHKeys             = 5
	MaxSigningCertificates = 2
	MaxServiceCredentials  = 2 // for each service
)

// held is a credential that is kept in its user's record.
type held[T any] interface {
	*T
	id() string
	setInactive(bool)
	// missing is AWS's error for one that is not there.
	missing(id string) error
}

func (k *SSHKey) id() string             { return k.ID }
func (c *SigningCertificate) id() string { return c.ID }
func (c *ServiceCredential) id() string  { return c.ID }

func (k *SSHKey) setInactive(v bool)             { k.Inactive = v }
func (c *SigningCertificate) setInactive(v bool) { c.Inactive = v }
func (c *ServiceCredential) setInactive(v bool)  { c.Inactive = v }

func (*SSHKey) missing(id string) error {
	return Errorf(NoSuchEntity, "The Public Key with id %s cannot be found.", id)
}

func (*SigningCertificate) missing(id string) error {
	return Errorf(NoSuchEntity, "The Certificate with id %s cannot be found.", id)
}

func (*ServiceCredential) missing(string) error {
	return Errorf(NoSuchEntity, "No such credential ID exists")
}

// The places of credentials in a user's record.

func SSHKeys(u *User) *[]SSHKey                         { return &u.SSHKeys }
func SigningCertificates(u *User) *[]SigningCertificate { return &u.SigningCertificates }
func ServiceCredentials(u *User) *[]ServiceCredential   { return &u.ServiceCredentials }

// FindCredential finds a credential of a user by its id.
func FindCredential[T any, P held[T]](u *User, place func(*User) *[]T, id string) (P, error) {
	list := *place(u)
	i := indexHeld[T, P](list, id)
	if i < 0 {
		return nil, P(nil).missing(id)
	}
	return &list[i], nil
}

func indexHeld[T any, P held[T]](list []T, id string) int {
	for i := range list {
		if P(&list[i]).id() == id {
			return i
		}
	}
	return -1
}

// EditCredential changes a credential in the record of its user.
func EditCredential[T any, P held[T]](tx Txn, account, user string, place func(*User) *[]T, id string,
	edit func(P)) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	c, err := FindCredential[T, P](u, place, id)
	if err != nil {
		return err
	}
	edit(c)
	tx.Put(u)
	return nil
}

// SetCredentialStatus makes a credential active or inactive.
func SetCredentialStatus[T any, P held[T]](tx Txn, account, user string, place func(*User) *[]T, id string,
	inactive bool) error {
	return EditCredential(tx, account, user, place, id, func(c P) { c.setInactive(inactive) })
}

// DeleteCredential removes a credential from the record of its user.
func DeleteCredential[T any, P held[T]](tx Txn, account, user string, place func(*User) *[]T, id string) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	list := place(u)
	i := indexHeld[T, P](*list, id)
	if i < 0 {
		return P(nil).missing(id)
	}
	*list = slices.Delete(*list, i, i+1)
	tx.Put(u)
	return nil
}

// AddSSHKey adds a public key to a user who does not have it yet.
func AddSSHKey(tx Txn, account, user string, k SSHKey) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(u.SSHKeys, func(have SSHKey) bool { return have.Fingerprint == k.Fingerprint }) {
		return Errorf(DuplicateSSHPublicKey, "The SSH public key is already associated with the user %s.", user)
	}
	if len(u.SSHKeys) >= MaxSSHKeys {
		return Errorf(LimitExceeded, "Cannot exceed quota for SSHPublicKeysPerUser: %d", MaxSSHKeys)
	}
	u.SSHKeys = append(u.SSHKeys, k)
	tx.Put(u)
	return nil
}

// AddSigningCertificate adds a certificate to a user who does not have it yet.
func AddSigningCertificate(tx Txn, account, user string, c SigningCertificate) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(u.SigningCertificates, func(have SigningCertificate) bool {
		return strings.TrimSpace(have.Body) == strings.TrimSpace(c.Body)
	}) {
		return Errorf(DuplicateCertificate, "The certificate is already associated with the user %s.", user)
	}
	if len(u.SigningCertificates) >= MaxSigningCertificates {
		return Errorf(LimitExceeded, "Cannot exceed quota for CertificatesPerUser: %d", MaxSigningCertificates)
	}
	u.SigningCertificates = append(u.SigningCertificates, c)
	tx.Put(u)
	return nil
}

// AddServiceCredential adds a credential for a service. One without an alias gets a user name, which has a number in
// it if the user has such a credential already: bob-at-111122223333, bob+1-at-111122223333.
func AddServiceCredential(tx Txn, account, user string, c ServiceCredential) (*ServiceCredential, error) {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return nil, err
	}
	others := 0
	taken := map[string]bool{}
	for _, have := range u.ServiceCredentials {
		if have.Service == c.Service {
			others++
			taken[have.UserName] = true
		}
	}
	if others >= MaxServiceCredentials {
		return nil, Errorf(LimitExceeded, "Cannot exceed quota for ServiceSpecificCredentialsPerUser: %d",
			MaxServiceCredentials)
	}
	if c.Alias == "" {
		c.UserName = u.Name + "-at-" + account
		for n := 1; taken[c.UserName]; n++ {
			c.UserName = fmt.Sprintf("%s+%d-at-%s", u.Name, n, account)
		}
	}
	u.ServiceCredentials = append(u.ServiceCredentials, c)
	tx.Put(u)
	return &c, nil
}
