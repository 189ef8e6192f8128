package iam

import (
	"strings"
	"time"
)

// CreateMember makes an account in the root of an organization, with the role by which the management account
// administers it. What came of it is in the request, which is written in any case: an email address that another
// account has is no error of the call.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
func CreateMember(tx Txn, a *Account, admin *Role, request *AccountRequest) error {
	o, err := organization(tx, request.Organization)
	if err != nil {
		return err
	}
	email := strings.ToLower(a.Email)
	used, err := tx.taken("email", email)
	if err != nil {
		return err
	}
	if used {
		request.Failure = "EMAIL_ALREADY_EXISTS"
		tx.Put(request)
		return nil
	}
	tx.guard("email", email)
	if err := create(tx, a, "Account %s already exists.", a.ID); err != nil {
		return err
	}
	join(tx, o, a, a.Created)
	request.Account = a.ID
	tx.Put(request)
	return create(tx, admin, "Role with name %s already exists.", admin.Name)
}

// NoAccount is AWS's error for an account that is not in the organization.
var NoAccount = Errorf(AccountNotFound, "You specified an account that doesn't exist.")

// getMember reads an account of an organization, the management account included.
func getMember(tx Txn, org, id string) (*Organization, *Account, error) {
	o, err := organization(tx, org)
	if err != nil {
		return nil, nil, err
	}
	a, err := Get[Account](tx, AccountKey(id))
	if err == nil && (a == nil || a.Organization != org) {
		err = NoAccount
	}
	return o, a, err
}

var errNoDestination = Errorf(DestinationParentNotFound, "You specified a destination parent that doesn't exist.")

// MoveAccount moves an account from the root or a unit to another one.
func MoveAccount(tx Txn, org, id, from, to string) error {
	_, a, err := getMember(tx, org, id)
	if err != nil {
		return err
	}
	if a.Parent != from {
		return Errorf(SourceParentNotFound, "You specified a source parent that doesn't exist.")
	}
	if _, err := getUnit(tx, org, to, errNoDestination); err != nil {
		return err
	}
	if from == to {
		return Errorf(DuplicateAccount, "You specified an account that already exists in the destination.")
	}
	tx.unguard(org, a.place())
	a.Parent = to
	tx.guard(org, a.place())
	tx.Put(a)
	return nil
}

// CloseAccount suspends a member account: none of its credentials works any more.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
func CloseAccount(tx Txn, org, id string) error {
	o, a, err := getMember(tx, org, id)
	switch {
	case err != nil:
		return err
	case a.ID == o.Management:
		return ConstraintError("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You cannot close the management account of an organization.")
	case a.Suspended:
		return Errorf(AccountAlreadyClosed, "The provided account is already closed.")
	}
	a.Suspended = true
	tx.Put(a)
	return nil
}

// RemoveAccount makes a member account one that stands for itself. Its tags and policies in the organization are gone.
func RemoveAccount(tx Txn, org, id string) error {
	o, a, err := getMember(tx, org, id)
	switch {
	case err != nil:
		return err
	case a.ID == o.Management:
		return Errorf(MasterCannotLeave,
			"You can't remove the management account from the organization. Delete the organization instead.")
	}
	detachAll(tx, org, a)
	tx.unguard(org, a.place())
	tx.unguard(org, "member/"+a.ID)
	a.Organization, a.Parent, a.Policies, a.Joined, a.Tags = "", "", nil, time.Time{}, nil
	tx.Put(a)
	return nil
}
