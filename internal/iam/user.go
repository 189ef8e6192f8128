package iam

// CreateUser adds a user, with its boundary if it names one.
func CreateUser(tx Txn, u *User) error {
	boundary := u.Boundary
	u.Boundary = ""
	if err := setBoundary(tx, u, boundary); err != nil {
		return err
	}
	return create(tx, u, "User with name %s already exists.", u.Name)
}

// GetUser reads a user.
func GetUser(tx Txn, account, name string) (*User, error) {
	return need[User](tx, UserKey(account, name), "The user with name %s cannot be found.", name)
}

// deleteConflict is the error for an entity that something still belongs to.
func deleteConflict(first string) error {
	return Errorf(DeleteConflict, "Cannot delete entity, must %s first.", first)
}

// DeleteUser removes a user that nothing belongs to any more.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
func DeleteUser(tx Txn, account, name string) error {
	u, err := GetUser(tx, account, name)
	if err != nil {
		return err
	}
	switch {
	case len(u.Inline) > 0:
		return deleteConflict("delete policies")
	case len(u.Attached) > 0:
		return deleteConflict("detach all policies")
	case len(u.Groups) > 0:
		return deleteConflict("remove users from group")
	case len(u.Keys) > 0:
		return deleteConflict("delete access keys")
	case u.Login != nil:
		return deleteConflict("delete login profile")
	case len(u.MFA) > 0:
		return deleteConflict("delete MFA device")
	case len(u.SSHKeys)+len(u.SigningCertificates)+len(u.ServiceCredentials) > 0: // recorded on AWS
		return deleteConflict("remove referenced objects")
	}
	if err := setBoundary(tx, u, ""); err != nil {
		return err
	}
	tx.Delete(u)
	tx.store.Delete(UseKey(u.ID))
	return nil
}

// RenameUser gives a user another name or path; "" leaves what there is. Its unique id stays, and with it its access
// keys, groups and what trusts it.
func RenameUser(tx Txn, account, name, newName, newPath string) error {
	u, err := GetUser(tx, account, name)
	if err != nil {
		return err
	}
	return rename(tx, u, &u.Header, newName, newPath, "User with name %s already exists.")
}

// rename changes the name and path in a record's header, and moves the record to the key of its new name, which must
// be free.
func rename[T any, P record[T]](tx Txn, r P, h *Header, newName, newPath, exists string) error {
	old := r.Key()
	if newName != "" {
		h.Name = newName
	}
	if newPath != "" {
		h.Path = newPath
	}
	if r.Key() == old { // another path, or the same name in another case
		tx.Put(r)
		return nil
	}
	tx.store.Delete(old)
	return create(tx, r, exists, newName)
}
