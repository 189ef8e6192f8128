package iam

import "time"

// A ServiceReference is the service authorization reference that was given to the servers of this store, in the place of the one that
// is part of the program. Policies that are defined by a rule are made from it.
type ServiceReference struct {
	ReferenceID
	Base    string    // name of the last source that had all services
	Updated time.Time // never before the update before
	By      string    `json:",omitempty"` // ARN of who gave it
	Data    []byte    // as internal/actions encodes it
}

// A ReferenceID says which reference something was made from.
type ReferenceID struct {
	Name   string // for people
	Digest string // of what it says
}

// Key is the same for all: there is one.
func (r *ServiceReference) Key() string { return "reference/actions" }

// UpdateReference puts a reference in the place of the one with the digest was, "" for none. If it is another one by now, nothing
// is done.
func UpdateReference(tx Txn, r ServiceReference, was string) error {
	now, err := Get[ServiceReference](tx, r.Key())
	if err != nil {
		return err
	}
	digest := ""
	if now != nil {
		digest = now.Digest
		if r.Updated.Before(now.Updated) {
			r.Updated = now.Updated
		}
	}
	if digest != was {
		return Errorf(ConcurrentModification, referenceUpdated)
	}
	tx.Put(&r)
	return nil
}

const referenceUpdated = "The service reference was updated meanwhile."

// checkReference checks that what a rule was applied to, if one was, is not the reference before an update: a policy would be made
// of it after the update had made all others again.
func checkReference(tx Txn, of *ReferenceID) error {
	if of == nil {
		return nil
	}
	now, err := Get[ServiceReference](tx, (*ServiceReference)(nil).Key())
	if err == nil && now != nil && now.Digest != of.Digest {
		err = Errorf(ConcurrentModification, referenceUpdated)
	}
	return err
}
