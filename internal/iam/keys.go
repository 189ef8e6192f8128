package iam

import "slices"

// CreateAccessKey gives an access key to a user, or to the root user for "".
func CreateAccessKey(tx Txn, user string, k AccessKey) error {
	o, err := getOwner(tx, k.Account, user)
	if err != nil {
		return err
	}
	keys := o.Credentials().Keys
	if len(*keys) >= MaxAccessKeys {
		return Errorf(LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: %d", MaxAccessKeys)
	}
	*keys = append(*keys, k.ID)
	k.Owner = o.OwnerID()
	tx.Put(o)
	return create(tx, &k, "The Access Key with id %s already exists.", k.ID)
}

// NoAccessKey is AWS's message for an access key that is not there, or is not the user's.
func NoAccessKey(id string) error {
	return Errorf(NoSuchEntity, "The Access Key with id %s cannot be found.", id)
}

// SetAccessKeyStatus makes an access key active or inactive.
func SetAccessKeyStatus(tx Txn, account, user, id string, inactive bool) error {
	_, k, err := ownedKey(tx, account, user, id)
	if err != nil {
		return err
	}
	k.Inactive = inactive
	tx.Put(k)
	return nil
}

// DeleteAccessKey removes an access key.
func DeleteAccessKey(tx Txn, account, user, id string) error {
	o, k, err := ownedKey(tx, account, user, id)
	if err != nil {
		return err
	}
	keys := o.Credentials().Keys
	*keys = slices.DeleteFunc(*keys, func(have string) bool { return have == id })
	tx.Put(o)
	tx.Delete(k)
	tx.store.Delete(UseKey(id))
	return nil
}

func ownedKey(tx Txn, account, user, id string) (Owner, *AccessKey, error) {
	o, err := getOwner(tx, account, user)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(*o.Credentials().Keys, id) {
		return nil, nil, NoAccessKey(id)
	}
	k, err := Get[AccessKey](tx, AccessKeyKey(id))
	if err == nil && k == nil {
		err = NoAccessKey(id)
	}
	return o, k, err
}
