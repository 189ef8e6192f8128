package iam

import (
	"strings"
)

// Paths under which only AWS makes roles.
const (
	ServiceLinkedPath = "/aws-service-role/"
	reservedPath      = "/aws-reserved/"
)

// DefaultSession is how many seconds a role's sessions may take if nothing else was said.
const DefaultSession = 3600

// CreateRole adds a role, with its boundary if it names one. Roles under AWS's paths, or with the prefix of the names
// of service-linked roles, are AWS's to make: CreateServiceLinkedRole does.
func CreateRole(tx Txn, r *Role) error {
	if isReserved(r.Path) {
		return Errorf(InvalidInput, "The path %s is reserved for AWS.", r.Path)
	}
	if strings.HasPrefix(strings.ToLower(r.Name), strings.ToLower(serviceLinkedPrefix)) {
		return Errorf(InvalidInput, "The prefix %s is reserved for service-linked roles.", serviceLinkedPrefix)
	}
	boundary := r.Boundary
	r.Boundary = ""
	if err := setBoundary(tx, r, boundary); err != nil {
		return err
	}
	return create(tx, r, "Role with name %s already exists.", r.Name)
}

func isReserved(path string) bool {
	return strings.HasPrefix(path, ServiceLinkedPath) || strings.HasPrefix(path, reservedPath)
}

// GetRole reads a role.
func GetRole(tx Txn, account, name string) (*Role, error) {
	return need[Role](tx, RoleKey(account, name), noSuch, "role", name)
}

// UpdateRole reads a role, changes it and writes it. A role that is AWS's is not changed.
func UpdateRole(tx Txn, account, name string, change func(*Role)) error {
	r, err := GetRole(tx, account, name)
	if err != nil {
		return err
	}
	if err := unmodifiable(r); err != nil {
		return err
	}
	change(r)
	tx.Put(r)
	return nil
}

// Describe changes the description of a role, which customers may do with service-linked roles, too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html#edit-service-linked-role
func Describe(tx Txn, account, name, description string) error {
	r, err := GetRole(tx, account, name)
	if err != nil {
		return err
	}
	if !r.IsServiceLinked() {
		if err := unmodifiable(r); err != nil {
			return err
		}
	}
	r.Description = description
	tx.Put(r)
	return nil
}

// DeleteRole removes a role that nothing belongs to any more.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
func DeleteRole(tx Txn, account, name string) error {
	r, err := GetRole(tx, account, name)
	if err != nil {
		return err
	}
	if err := unmodifiable(r); err != nil {
		return err
	}
	switch inProfile, err := tx.guarded(r.ID); {
	case err != nil:
		return err
	case len(r.Inline) > 0:
		return deleteConflict("delete policies")
	case len(r.Attached) > 0:
		return deleteConflict("detach all policies")
	case inProfile:
		return deleteConflict("remove roles from instance profile")
	}
	if err := setBoundary(tx, r, ""); err != nil {
		return err
	}
	deleteRole(tx, r)
	return nil
}

func deleteRole(tx Txn, r *Role) {
	tx.Delete(r)
	tx.store.Delete(UseKey(r.ID))
}

// unmodifiable is the error for changing an identity that is AWS's: a service-linked role, or one of a service's under
// the reserved path.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
func unmodifiable(who Identity) error {
	if r, ok := who.(*Role); ok && isReserved(r.Path) {
		return Errorf(UnmodifiableEntity, "Cannot perform the operation on the protected role '%s' - "+
			"this role is only modifiable by AWS", r.Name)
	}
	return nil
}
