package iam

// GetInstanceProfile reads an instance profile.
func GetInstanceProfile(tx Txn, account, name string) (*InstanceProfile, error) {
	return need[InstanceProfile](tx, InstanceProfileKey(account, name), NoInstanceProfile, name)
}

// NoInstanceProfile is AWS's message for an instance profile that is not there.
const NoInstanceProfile = "Instance Profile %s cannot be found."

// CreateInstanceProfile adds an instance profile without a role.
func CreateInstanceProfile(tx Txn, p *InstanceProfile) error {
	return create(tx, p, "Instance Profile %s already exists.", p.Name)
}

// AddRoleToInstanceProfile puts a role into an instance profile, which has room for one. To add the role that is there
// is an error, too.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
func AddRoleToInstanceProfile(tx Txn, account, profile, role string) error {
	p, err := GetInstanceProfile(tx, account, profile)
	if err != nil {
		return err
	}
	r, err := GetRole(tx, account, role)
	if err != nil {
		return err
	}
	if err := unmodifiable(r); err != nil {
		return err
	}
	if p.Role != "" {
		return Errorf(LimitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.Role = r.ID
	tx.guard(r.ID, p.ID)
	tx.Put(p)
	return nil
}

// RemoveRoleFromInstanceProfile takes the role out of an instance profile.
func RemoveRoleFromInstanceProfile(tx Txn, account, profile, role string) error {
	p, err := GetInstanceProfile(tx, account, profile)
	if err != nil {
		return err
	}
	r, err := GetRole(tx, account, role)
	if err != nil {
		return err
	}
	if err := unmodifiable(r); err != nil {
		return err
	}
	if p.Role != r.ID {
		return Errorf(NoSuchEntity, "The role with name %s is not in the instance profile with name %s.", role, profile)
	}
	p.Role = ""
	tx.unguard(r.ID, p.ID)
	tx.Put(p)
	return nil
}

// DeleteInstanceProfile removes an instance profile that has no role.
func DeleteInstanceProfile(tx Txn, account, name string) error {
	p, err := GetInstanceProfile(tx, account, name)
	if err != nil {
		return err
	}
	if p.Role != "" {
		return deleteConflict("remove roles from instance profile")
	}
	tx.Delete(p)
	return nil
}
