package iam

import "slices"

// CreateGroup adds a group.
func CreateGroup(tx Txn, g *Group) error {
	return create(tx, g, "Group with name %s already exists.", g.Name)
}

// GetGroup reads a group.
func GetGroup(tx Txn, account, name string) (*Group, error) {
	return need[Group](tx, GroupKey(account, name), noSuch, "group", name)
}

// RenameGroup gives a group another name or path; "" leaves what there is. Its unique id stays, and with it its
// members.
func RenameGroup(tx Txn, account, name, newName, newPath string) error {
	g, err := GetGroup(tx, account, name)
	if err != nil {
		return err
	}
	return rename(tx, g, &g.Header, newName, newPath, "Group with name %s already exists.")
}

// DeleteGroup removes a group without members and policies.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
func DeleteGroup(tx Txn, account, name string) error {
	g, err := GetGroup(tx, account, name)
	if err != nil {
		return err
	}
	members, err := tx.guarded(g.ID)
	switch {
	case err != nil:
		return err
	case members:
		return deleteConflict("remove users from group")
	case len(g.Inline) > 0:
		return deleteConflict("delete policies")
	case len(g.Attached) > 0:
		return deleteConflict("detach all policies")
	}
	tx.Delete(g)
	return nil
}

// AddUserToGroup makes a user a member of a group. Doing so again changes nothing.
func AddUserToGroup(tx Txn, account, group, user string) error {
	g, u, err := groupAndUser(tx, account, group, user)
	if err != nil {
		return err
	}
	if slices.Contains(u.Groups, g.ID) {
		return nil
	}
	if len(u.Groups) >= MaxGroups {
		return Errorf(LimitExceeded, "Cannot exceed quota for GroupsPerUser: %d", MaxGroups)
	}
	u.Groups = append(u.Groups, g.ID)
	tx.guard(g.ID, u.ID)
	tx.Put(u)
	return nil
}

// RemoveUserFromGroup ends a membership.
func RemoveUserFromGroup(tx Txn, account, group, user string) error {
	g, u, err := groupAndUser(tx, account, group, user)
	if err != nil {
		return err
	}
	i := slices.Index(u.Groups, g.ID)
	if i < 0 {
		return Errorf(NoSuchEntity, "The user with name %s is not in the group with name %s.", user, group)
	}
	u.Groups = slices.Delete(u.Groups, i, i+1)
	tx.unguard(g.ID, u.ID)
	tx.Put(u)
	return nil
}

func groupAndUser(tx Txn, account, group, user string) (*Group, *User, error) {
	g, err := GetGroup(tx, account, group)
	if err != nil {
		return nil, nil, err
	}
	u, err := GetUser(tx, account, user)
	return g, u, err
}
