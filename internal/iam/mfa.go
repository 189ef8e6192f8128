package iam

import (
	"slices"
	"strings"
	"time"
)

// MaxMFADevices is how many MFA devices a user may have.
const MaxMFADevices = 8

// MFASerialKey returns the key of the virtual MFA device of a serial number, which is its ARN, if it is one of the
// account.
func MFASerialKey(account, serial string) (key string, ok bool) {
	name, ok := strings.CutPrefix(serial, "arn:aws:iam::"+account+":mfa/")
	return MFADeviceKey(account, name), ok
}

// NoMFADevice is AWS's message for a virtual MFA device that is not there.
func NoMFADevice(serial string) error {
	return Errorf(NoSuchEntity, "VirtualMFADevice with serial number %s doesn't exist.", serial)
}

// GetMFADevice reads a virtual MFA device by its serial number.
func GetMFADevice(tx Txn, account, serial string) (*MFADevice, error) {
	key, ok := MFASerialKey(account, serial)
	if !ok {
		return nil, NoMFADevice(serial)
	}
	d, err := Get[MFADevice](tx, key)
	if err == nil && (d == nil || d.ARN() != serial) {
		return nil, NoMFADevice(serial)
	}
	return d, err
}

// CreateMFADevice adds a virtual MFA device that is assigned to nobody.
func CreateMFADevice(tx Txn, d *MFADevice) error {
	return create(tx, d, "MFADevice entity at the same path and name already exists.")
}

// DeleteMFADevice removes a virtual MFA device that is assigned to nobody.
func DeleteMFADevice(tx Txn, account, serial string) error {
	d, err := GetMFADevice(tx, account, serial)
	if err != nil {
		return err
	}
	if d.Owner != "" {
		return Errorf(DeleteConflict, "MFA VirtualDevice in use. Must deactivate first.")
	}
	tx.Delete(d)
	return nil
}

// EnableMFADevice assigns a virtual MFA device to a user. The function counter checks the codes that the user sent; it
// returns the counter of the last one.
func EnableMFADevice(
	tx Txn, account, user, serial string, now time.Time, counter func(*MFADevice) (int64, error),
) error {
	u, err := GetUser(tx, account, user)
	if err != nil {
		return err
	}
	d, err := GetMFADevice(tx, account, serial)
	if err != nil {
		return err
	}
	if d.Owner != "" {
		return Errorf(EntityAlreadyExists, "MFADevice with serial number %s is already in use.", serial)
	}
	if len(u.MFA) >= MaxMFADevices {
		return Errorf(LimitExceeded, "Cannot exceed quota for MFADevicesPerUser: %d", MaxMFADevices)
	}
	if d.Counter, err = counter(d); err != nil {
		return err
	}
	d.Owner, d.Enabled = u.ID, now
	u.MFA = append(u.MFA, serial)
	tx.Put(d)
	tx.Put(u)
	return nil
}

// ResyncMFADevice takes note of where a user's device is, as the function counter finds out.
func ResyncMFADevice(tx Txn, account, user, serial string, counter func(*MFADevice) (int64, error)) error {
	_, d, err := ownedMFA(tx, account, user, serial)
	if err != nil {
		return err
	}
	if d.Counter, err = counter(d); err != nil {
		return err
	}
	tx.Put(d)
	return nil
}

// DeactivateMFADevice takes a virtual MFA device away from a user, or from the root user for "".
func DeactivateMFADevice(tx Txn, account, user, serial string) error {
	o, d, err := ownedMFA(tx, account, user, serial)
	if err != nil {
		return err
	}
	devices := o.Credentials().MFA
	*devices = slices.DeleteFunc(*devices, func(have string) bool { return have == serial })
	d.Owner, d.Enabled = "", time.Time{} // its counter stays: a code is good once, whoever has the device
	tx.Put(o)
	tx.Put(d)
	return nil
}

// ownedMFA reads an owner and a device that is its own.
func ownedMFA(tx Txn, account, user, serial string) (Owner, *MFADevice, error) {
	o, err := getOwner(tx, account, user)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(*o.Credentials().MFA, serial) {
		return nil, nil, Errorf(NoSuchEntity, "MFA Device invalid for user.")
	}
	d, err := GetMFADevice(tx, account, serial)
	return o, d, err
}
