package iam

import (
	"strings"
	"time"
	"unicode/utf8"
)

// MaxPreviousPasswords is how many earlier passwords a login remembers: the highest number that a password policy can
// refuse.
const MaxPreviousPasswords = 24

// The kinds of characters that a password policy asks for. The symbols are those of AWS's page.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
const (
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	digits    = "0123456789"
	symbols   = "!@#$%^&*()_+-=[]{}|'"
)

// errPasswordPolicy is AWS's message for every password that a policy refuses.
var errPasswordPolicy = Errorf(PasswordPolicyViolation, "Password does not conform to the account password policy.")

// CheckPassword holds a new password against the account's password policy, or against AWS's default policy if it has
// none: eight characters of three kinds, and neither the account's name nor its e-mail address.
func (a *Account) CheckPassword(password string) error {
	kinds := 0
	for _, kind := range []string{upperCase, lowerCase, digits, symbols} {
		if strings.ContainsAny(password, kind) {
			kinds++
		}
	}
	ok := false
	length := utf8.RuneCountInString(password)
	if p := a.PasswordPolicy; p != nil {
		ok = length >= int(p.MinimumLength) &&
			(!p.Upper || strings.ContainsAny(password, upperCase)) &&
			(!p.Lower || strings.ContainsAny(password, lowerCase)) &&
			(!p.Numbers || strings.ContainsAny(password, digits)) &&
			(!p.Symbols || strings.ContainsAny(password, symbols))
	} else {
		ok = length >= 8 && kinds >= 3 && password != a.Name && password != a.Email
	}
	if !ok {
		return errPasswordPolicy
	}
	return nil
}

// CheckReuse refuses a password that is one of the last that the policy forbids. The function verify compares it with
// a hash.
func (a *Account) CheckReuse(l *Login, verify func(hash string) bool) error {
	if a.PasswordPolicy == nil {
		return nil
	}
	last := append([]string{l.Hash}, l.Previous...)
	for _, hash := range last[:min(len(last), int(a.PasswordPolicy.ReusePrevention))] {
		if verify(hash) {
			return errPasswordPolicy
		}
	}
	return nil
}

// Expires is when the account's password policy has a password expire; zero if it does not.
func (a *Account) Expires(l *Login) time.Time {
	if a.PasswordPolicy == nil || a.PasswordPolicy.MaxAge == 0 {
		return time.Time{}
	}
	return l.Changed.AddDate(0, 0, int(a.PasswordPolicy.MaxAge))
}

// NoLogin is AWS's message for a user without a password.
func NoLogin(user string) error {
	return Errorf(NoSuchEntity, "Login Profile for User %s cannot be found.", user)
}

// CreateLogin gives a user a password.
func CreateLogin(tx Txn, account, user string, l *Login) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	if u.Login != nil {
		return Errorf(EntityAlreadyExists, "Login Profile for user %s already exists.", user)
	}
	u.Login = l
	tx.Put(u)
	return nil
}

// A LoginChange is what is new in a login.
type LoginChange struct {
	Hash string // of the new password; "" if it stays
	Was  string // hash of the password that was there when the new one was checked
	Time time.Time
	// Reset says whether the password must be changed at the next sign-in; nil leaves what there is.
	Reset *bool
}

// UpdateLogin changes a user's password, or whether it must be changed. A password that was changed since the new one
// was checked is an error, because the check of reuse no longer holds then.
func UpdateLogin(tx Txn, account, user string, c LoginChange) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	l := u.Login
	if l == nil {
		return NoLogin(user)
	}
	if c.Hash != "" {
		if l.Hash != c.Was {
			return Errorf(EntityTemporarilyUnmodifable,
				"The Login Profile for User %s cannot be modified right now. Please try again later.", user)
		}
		l.Previous = append([]string{l.Hash}, l.Previous...)
		l.Previous = l.Previous[:min(len(l.Previous), MaxPreviousPasswords-1)]
		l.Hash, l.Changed = c.Hash, c.Time
	}
	if c.Reset != nil {
		l.Reset = *c.Reset
	}
	tx.Put(u)
	return nil
}

// DeleteLogin takes a user's password away.
func DeleteLogin(tx Txn, account, user string) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	if u.Login == nil {
		return NoLogin(user)
	}
	u.Login = nil
	tx.Put(u)
	return nil
}
