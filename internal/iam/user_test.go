package iam

import "testing"

func TestRenamedUserKeepsItsIDAndMayChangeTheCaseOfItsName(t *testing.T) {
	tx := newAccount(t, "alice", "bob")
	wantCode(t, "to a name in use, in another case", RenameUser(tx, testAccount, "alice", "BOB", ""), EntityAlreadyExists)

	tx = newAccount(t, "alice", "bob")
	wantCode(t, "to another case", RenameUser(tx, testAccount, "alice", "Alice", ""), "")
	wantCode(t, "to another path", RenameUser(tx, testAccount, "alice", "", "/dev/"), "")
	wantCode(t, "to another name", RenameUser(tx, testAccount, "alice", "carol", ""), "")
	u, err := GetUser(tx, testAccount, "carol")
	if err != nil || u.ID != "AIDAalice" || u.ARN() != "arn:aws:iam::111122223333:user/dev/carol" {
		t.Errorf("renamed user is %+v, %v", u, err)
	}
	_, err = GetUser(tx, testAccount, "alice")
	wantCode(t, "the old name", err, NoSuchEntity)
}

func TestDeleteUserConflictsWithWhatBelongsToIt(t *testing.T) {
	belongings := map[string]func(*User){
		"Cannot delete entity, must delete policies first.":           func(u *User) { u.Inline = []Inline{{Name: "p"}} },
		"Cannot delete entity, must detach all policies first.":       func(u *User) { u.Attached = []string{"arn"} },
		"Cannot delete entity, must remove users from group first.":   func(u *User) { u.Groups = []string{"AGPA"} },
		"Cannot delete entity, must delete access keys first.":        func(u *User) { u.Keys = []string{"AKIA"} },
		"Cannot delete entity, must delete login profile first.":      func(u *User) { u.Login = &Login{} },
		"Cannot delete entity, must delete MFA device first.":         func(u *User) { u.MFA = []string{"arn"} },
		"Cannot delete entity, must remove referenced objects first.": func(u *User) { u.SSHKeys = []SSHKey{{ID: "APKA"}} },
	}
	for message, give := range belongings {
		tx := newAccount(t, "alice")
		u, _ := GetUser(tx, testAccount, "alice")
		give(u)
		tx.Put(u)
		err := DeleteUser(tx, testAccount, "alice")
		wantCode(t, message, err, DeleteConflict)
		if e, ok := err.(*Error); ok && e.Message != message {
			t.Errorf("message %q, want %q", e.Message, message)
		}
	}
	tx := newAccount(t, "alice")
	wantCode(t, "a user without belongings", DeleteUser(tx, testAccount, "alice"), "")
	wantCode(t, "a user who is gone", DeleteUser(tx, testAccount, "alice"), NoSuchEntity)
}
