package iam

// maxServiceKeys is how many access keys a service has: the one it uses, and the one before, for as long as it takes
// to replace it everywhere.
const maxServiceKeys = 2

// RegisterService adds a service with its first access key.
func RegisterService(tx Txn, s *Service, key *AccessKey) error {
	s.Keys = []string{key.ID}
	tx.Put(key)
	return create(tx, s, "The service %s is already registered.", s.Name)
}

// NoService is the message for a service that is not registered.
const NoService = "The service %s is not registered."

// GetService reads a service.
func GetService(tx Txn, name string) (*Service, error) {
	return need[Service](tx, ServiceKey(name), NoService, name)
}

// DeregisterService removes a service and its access keys.
func DeregisterService(tx Txn, name string) error {
	s, err := GetService(tx, name)
	if err != nil {
		return err
	}
	for _, id := range s.Keys {
		tx.store.Delete(AccessKeyKey(id))
		tx.store.Delete(UseKey(id))
	}
	tx.Delete(s)
	return nil
}

// RotateServiceKey gives a service another access key. The one before stays good; those before that do not.
func RotateServiceKey(tx Txn, name string, key *AccessKey) error {
	s, err := GetService(tx, name)
	if err != nil {
		return err
	}
	s.Keys = append(s.Keys, key.ID)
	for len(s.Keys) > maxServiceKeys {
		tx.store.Delete(AccessKeyKey(s.Keys[0]))
		tx.store.Delete(UseKey(s.Keys[0]))
		s.Keys = s.Keys[1:]
	}
	tx.Put(key)
	tx.Put(s)
	return nil
}

// Forward takes note of a request that a session is issued for, and fails if one was issued for it before. The
// records of outdated requests are removed in passing.
func Forward(tx Txn, f *Forwarded, outdated []string) error {
	for _, key := range outdated {
		tx.store.Delete(key)
	}
	return create(tx, f, "A session was issued for this request before.")
}
