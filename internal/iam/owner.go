package iam

// An Owner owns credentials: a user, or an account on behalf of its root user.
type Owner interface {
	Record
	// OwnerID is what credentials call their owner: the user's unique id, or the account's id.
	OwnerID() string
	// Credentials are the owner's access keys, password and MFA devices, to read or to change.
	Credentials() Credentials
}

// Credentials point into the record of their owner.
type Credentials struct {
	Keys  *[]string // ids of access keys
	MFA   *[]string // serial numbers
	Login **Login
}

func (u *User) OwnerID() string    { return u.ID }
func (a *Account) OwnerID() string { return a.ID }

func (u *User) Credentials() Credentials    { return Credentials{&u.Keys, &u.MFA, &u.Login} }
func (a *Account) Credentials() Credentials { return Credentials{&a.Keys, &a.MFA, &a.Login} }

// getOwner reads the user of a name, or the account itself for "", its root user.
func getOwner(tx Txn, account, user string) (Owner, error) {
	if user != "" {
		u, err := GetUser(tx, account, user)
		if err != nil {
			return nil, err
		}
		return u, nil
	}
	a, err := getAccount(tx, account)
	if err != nil {
		return nil, err
	}
	return a, nil
}

func getAccount(tx Txn, id string) (*Account, error) {
	return need[Account](tx, AccountKey(id), "The account with id %s cannot be found.", id)
}
