package iam

import "time"

// editAccount changes an account's record.
func editAccount(tx Txn, id string, edit func(*Account) error) error {
	a, err := getAccount(tx, id)
	if err == nil {
		err = edit(a)
	}
	if err == nil {
		tx.Put(a)
	}
	return err
}

// SetPasswordPolicy sets what an account demands of passwords.
func SetPasswordPolicy(tx Txn, account string, p *PasswordPolicy) error {
	return editAccount(tx, account, func(a *Account) error {
		a.PasswordPolicy = p
		return nil
	})
}

// DeletePasswordPolicy puts AWS's default policy in place of the account's own.
func DeletePasswordPolicy(tx Txn, account string) error {
	return editAccount(tx, account, func(a *Account) error {
		if a.PasswordPolicy == nil {
			return Errorf(NoSuchEntity, "The account policy with name PasswordPolicy cannot be found.")
		}
		a.PasswordPolicy = nil
		return nil
	})
}

// SetAlias gives an account an alias that no other account has, in place of the one it has.
func SetAlias(tx Txn, account, alias string) error {
	return editAccount(tx, account, func(a *Account) error {
		if err := create(tx, &Alias{alias, account}, "The account alias %s already exists.", alias); err != nil {
			return err
		}
		if a.Alias != "" {
			tx.Delete(&Alias{Alias: a.Alias})
		}
		a.Alias = alias
		return nil
	})
}

// DeleteAlias takes an account's alias away.
func DeleteAlias(tx Txn, account, alias string) error {
	return editAccount(tx, account, func(a *Account) error {
		if a.Alias != alias {
			return Errorf(NoSuchEntity, "The account alias %s does not exist.", alias)
		}
		tx.Delete(&Alias{Alias: alias})
		a.Alias = ""
		return nil
	})
}

// SetTokenVersion says which tokens the account's global STS endpoint issues.
func SetTokenVersion(tx Txn, account, version string) error {
	return editAccount(tx, account, func(a *Account) error {
		a.TokenVersion = version
		return nil
	})
}

// CredentialReportLife is how long a credential report is kept; until then there is no newer one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
const CredentialReportLife = 4 * time.Hour

// Current reports whether a report, if there is one, is not too old.
func (r *CredentialReport) Current(now time.Time) bool {
	return r != nil && now.Sub(r.Generated) < CredentialReportLife
}

// PutCredentialReport keeps a report, unless there is one that is current. It reports whether there was.
func PutCredentialReport(tx Txn, r *CredentialReport) (current bool, err error) {
	have, err := Get[CredentialReport](tx, r.Key())
	if err != nil || have.Current(r.Generated) {
		return err == nil, err
	}
	tx.Put(r)
	return false, nil
}
