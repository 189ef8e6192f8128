package iam

import (
	"fmt"
	"testing"
	"time"
)

func TestUserAndRootHaveTwoAccessKeysAtMost(t *testing.T) {
	tx := newAccount(t, "alice")
	for _, user := range []string{"alice", ""} {
		for i := range MaxAccessKeys {
			wantCode(t, "create", CreateAccessKey(tx, user, AccessKey{ID: fmt.Sprint("AKIA", user, i), Account: testAccount}),
				"")
		}
		wantCode(t, "one more", CreateAccessKey(tx, user, AccessKey{ID: "AKIAmore" + user, Account: testAccount}),
			LimitExceeded)
	}
	k, err := Get[AccessKey](tx, AccessKeyKey("AKIAalice0"))
	if err != nil || k.Owner != "AIDAalice" {
		t.Errorf("the user's key is %+v, %v", k, err)
	}
	k, err = Get[AccessKey](tx, AccessKeyKey("AKIA0"))
	if err != nil || k.Owner != testAccount {
		t.Errorf("the root user's key is %+v, %v", k, err)
	}
}

func TestAccessKeyIsChangedOnlyThroughItsOwner(t *testing.T) {
	tx := newAccount(t, "alice", "bob")
	wantCode(t, "create", CreateAccessKey(tx, "alice", AccessKey{ID: "AKIA1", Account: testAccount}), "")
	for _, user := range []string{"bob", ""} {
		wantCode(t, "status by "+user, SetAccessKeyStatus(tx, testAccount, user, "AKIA1", true), NoSuchEntity)
		wantCode(t, "delete by "+user, DeleteAccessKey(tx, testAccount, user, "AKIA1"), NoSuchEntity)
	}
	wantCode(t, "status", SetAccessKeyStatus(tx, testAccount, "alice", "AKIA1", true), "")
	if k, _ := Get[AccessKey](tx, AccessKeyKey("AKIA1")); k == nil || !k.Inactive {
		t.Errorf("the key is %+v", k)
	}
	tx.Put(&Use{ID: "AKIA1", Time: testTime})
	wantCode(t, "delete", DeleteAccessKey(tx, testAccount, "alice", "AKIA1"), "")
	if u, _ := Get[Use](tx, UseKey("AKIA1")); u != nil {
		t.Error("the key's last use is still there")
	}
	wantCode(t, "delete the user", DeleteUser(tx, testAccount, "alice"), "")
}

func TestMFADeviceBelongsToOneUserAtATime(t *testing.T) {
	tx := newAccount(t, "alice", "bob")
	d := &MFADevice{Account: testAccount, Name: "phone", Path: "/", Created: testTime}
	wantCode(t, "create", CreateMFADevice(tx, d), "")
	wantCode(t, "create again", CreateMFADevice(tx, &MFADevice{Account: testAccount, Name: "Phone", Path: "/"}),
		EntityAlreadyExists)
	wantCode(t, "create at another path",
		CreateMFADevice(tx, &MFADevice{Account: testAccount, Name: "phone", Path: "/x/"}), "")
	good := func(*MFADevice) (int64, error) { return 7, nil }
	bad := func(*MFADevice) (int64, error) { return 0, Errorf(InvalidAuthenticationCode, "no") }
	serial := d.ARN()

	wantCode(t, "enable with wrong codes", EnableMFADevice(tx, testAccount, "alice", serial, testTime, bad),
		InvalidAuthenticationCode)
	wantCode(t, "enable one that is not there", EnableMFADevice(tx, testAccount, "alice", serial+"x", testTime, good),
		NoSuchEntity)
	another := "arn:aws:iam::111122223333:mfa/PHONE"
	wantCode(t, "enable one in another case", EnableMFADevice(tx, testAccount, "alice", another, testTime, good),
		NoSuchEntity)
	wantCode(t, "enable", EnableMFADevice(tx, testAccount, "alice", serial, testTime, good), "")
	wantCode(t, "enable for another", EnableMFADevice(tx, testAccount, "bob", serial, testTime, good), EntityAlreadyExists)
	wantCode(t, "delete", DeleteMFADevice(tx, testAccount, serial), DeleteConflict)
	wantCode(t, "deactivate for another", DeactivateMFADevice(tx, testAccount, "bob", serial), NoSuchEntity)
	wantCode(t, "resync for another", ResyncMFADevice(tx, testAccount, "bob", serial, good), NoSuchEntity)
	wantCode(t, "resync", ResyncMFADevice(tx, testAccount, "alice", serial, good), "")
	wantCode(t, "deactivate", DeactivateMFADevice(tx, testAccount, "alice", serial), "")
	if d, _ := GetMFADevice(tx, testAccount, serial); d.Owner != "" || !d.Enabled.IsZero() || d.Counter != 7 {
		t.Errorf("the device is %+v", d)
	}
	wantCode(t, "delete", DeleteMFADevice(tx, testAccount, serial), "")
	wantCode(t, "delete again", DeleteMFADevice(tx, testAccount, serial), NoSuchEntity)
	wantCode(t, "delete a thing without an ARN", DeleteMFADevice(tx, testAccount, "GAHT12345678"), NoSuchEntity)
}

func TestUserHasEightMFADevicesAtMost(t *testing.T) {
	tx := newAccount(t, "alice")
	for i := range MaxMFADevices + 1 {
		d := &MFADevice{Account: testAccount, Name: fmt.Sprint("d", i), Path: "/"}
		wantCode(t, "create", CreateMFADevice(tx, d), "")
		code := Code("")
		if i == MaxMFADevices {
			code = LimitExceeded
		}
		err := EnableMFADevice(tx, testAccount, "alice", d.ARN(), testTime, func(*MFADevice) (int64, error) { return 1, nil })
		wantCode(t, d.Name, err, code)
	}
}

func TestCredentialsInTheUsersRecordKeepTheirQuotas(t *testing.T) {
	tx := newAccount(t, "alice")
	for i := range MaxSSHKeys {
		wantCode(t, "SSH key", AddSSHKey(tx, testAccount, "alice", SSHKey{ID: fmt.Sprint(i), Fingerprint: fmt.Sprint(i)}), "")
	}
	wantCode(t, "SSH key again", AddSSHKey(tx, testAccount, "alice", SSHKey{ID: "x", Fingerprint: "0"}),
		DuplicateSSHPublicKey)
	wantCode(t, "one more SSH key", AddSSHKey(tx, testAccount, "alice", SSHKey{ID: "x", Fingerprint: "x"}), LimitExceeded)

	for i := range MaxSigningCertificates {
		wantCode(t, "certificate",
			AddSigningCertificate(tx, testAccount, "alice", SigningCertificate{ID: fmt.Sprint(i), Body: fmt.Sprint(i)}), "")
	}
	wantCode(t, "certificate again",
		AddSigningCertificate(tx, testAccount, "alice", SigningCertificate{ID: "x", Body: "0"}), DuplicateCertificate)
	wantCode(t, "one more certificate",
		AddSigningCertificate(tx, testAccount, "alice", SigningCertificate{ID: "x", Body: "x"}), LimitExceeded)

	var names []string
	for range MaxServiceCredentials {
		c, err := AddServiceCredential(tx, testAccount, "alice", ServiceCredential{ID: fmt.Sprint(len(names)), Service: "a"})
		wantCode(t, "service credential", err, "")
		names = append(names, c.UserName)
	}
	if fmt.Sprint(names) != "[alice-at-111122223333 alice+1-at-111122223333]" {
		t.Errorf("user names are %v", names)
	}
	_, err := AddServiceCredential(tx, testAccount, "alice", ServiceCredential{ID: "x", Service: "a"})
	wantCode(t, "one more for the service", err, LimitExceeded)
	_, err = AddServiceCredential(tx, testAccount, "alice", ServiceCredential{ID: "x", Service: "b"})
	wantCode(t, "one for another service", err, "")
	for i := range MaxServiceCredentials + 1 {
		c, err := AddServiceCredential(tx, testAccount, "alice", ServiceCredential{
			ID: fmt.Sprint(i), Service: "c", Alias: fmt.Sprint(i),
		})
		if i < MaxServiceCredentials && (err != nil || c.UserName != "") {
			t.Errorf("API key: %+v, %v", c, err)
		} else if i == MaxServiceCredentials {
			wantCode(t, "one API key more", err, LimitExceeded)
		}
	}
}

func TestCredentialInTheUsersRecordIsChangedByItsID(t *testing.T) {
	tx := newAccount(t, "alice")
	wantCode(t, "add", AddSSHKey(tx, testAccount, "alice", SSHKey{ID: "APKA1"}), "")
	wantCode(t, "status of another", SetCredentialStatus(tx, testAccount, "alice", SSHKeys, "APKA2", true), NoSuchEntity)
	wantCode(t, "status", SetCredentialStatus(tx, testAccount, "alice", SSHKeys, "APKA1", true), "")
	u, _ := GetUser(tx, testAccount, "alice")
	if k, err := FindCredential(u, SSHKeys, "APKA1"); err != nil || !k.Inactive {
		t.Errorf("the key is %+v, %v", k, err)
	}
	wantCode(t, "delete another", DeleteCredential(tx, testAccount, "alice", SSHKeys, "APKA2"), NoSuchEntity)
	wantCode(t, "delete", DeleteCredential(tx, testAccount, "alice", SSHKeys, "APKA1"), "")
	wantCode(t, "delete for nobody", DeleteCredential(tx, testAccount, "bob", SSHKeys, "APKA1"), NoSuchEntity)
}

func TestAliasIsUniqueAmongAllAccounts(t *testing.T) {
	tx := newAccount(t)
	other := "444455556666"
	tx.Put(&Account{ID: other})
	wantCode(t, "set", SetAlias(tx, testAccount, "acme"), "")
	wantCode(t, "set for another account", SetAlias(tx, other, "acme"), EntityAlreadyExists)
	wantCode(t, "set another", SetAlias(tx, testAccount, "acme-corp"), "")
	wantCode(t, "set the one that is free again", SetAlias(tx, other, "acme"), "")
	wantCode(t, "delete one that is another account's", DeleteAlias(tx, testAccount, "acme"), NoSuchEntity)
	wantCode(t, "delete", DeleteAlias(tx, testAccount, "acme-corp"), "")
	wantCode(t, "delete again", DeleteAlias(tx, testAccount, "acme-corp"), NoSuchEntity)
}

func TestCredentialReportIsKeptForFourHours(t *testing.T) {
	tx := newAccount(t)
	for _, test := range []struct {
		after   time.Duration
		current bool
	}{{0, false}, {time.Hour, true}, {CredentialReportLife - time.Second, true}, {CredentialReportLife, false}} {
		current, err := PutCredentialReport(tx, &CredentialReport{Account: testAccount, Generated: testTime.Add(test.after)})
		if err != nil || current != test.current {
			t.Errorf("after %v: current %v, %v, want %v", test.after, current, err, test.current)
		}
	}
}
