package iam

import (
	"fmt"
	"testing"
)

func newGroup(t *testing.T, tx Txn, name string) {
	t.Helper()
	if err := CreateGroup(tx, &Group{Header: testHeader("AGPA"+name, name)}); err != nil {
		t.Fatal(err)
	}
}

func TestDeleteGroupWithMembersOrPoliciesConflicts(t *testing.T) {
	tx := newAccount(t, "alice")
	newGroup(t, tx, "devs")
	wantCode(t, "add", AddUserToGroup(tx, testAccount, "devs", "alice"), "")
	wantCode(t, "with a member", DeleteGroup(tx, testAccount, "devs"), DeleteConflict)
	wantCode(t, "remove", RemoveUserFromGroup(tx, testAccount, "devs", "alice"), "")
	wantCode(t, "remove again", RemoveUserFromGroup(tx, testAccount, "devs", "alice"), NoSuchEntity)

	key := GroupKey(testAccount, "devs")
	wantCode(t, "embed", PutInline(tx, key, "p", NewDocument("{}")), "")
	wantCode(t, "with an inline policy", DeleteGroup(tx, testAccount, "devs"), DeleteConflict)
	wantCode(t, "delete the policy", DeleteInline(tx, key, "p"), "")

	readOnly := "arn:aws:iam::aws:policy/ReadOnlyAccess"
	wantCode(t, "attach", AttachPolicy(tx, key, readOnly), "")
	wantCode(t, "with an attached policy", DeleteGroup(tx, testAccount, "devs"), DeleteConflict)
	wantCode(t, "detach", DetachPolicy(tx, key, readOnly), "")
	wantCode(t, "with nothing left", DeleteGroup(tx, testAccount, "devs"), "")
}

func TestRenamedGroupKeepsItsMembers(t *testing.T) {
	tx := newAccount(t, "alice")
	newGroup(t, tx, "devs")
	wantCode(t, "add", AddUserToGroup(tx, testAccount, "devs", "alice"), "")
	wantCode(t, "rename", RenameGroup(tx, testAccount, "devs", "builders", "/eng/"), "")
	wantCode(t, "delete", DeleteGroup(tx, testAccount, "builders"), DeleteConflict)
	wantCode(t, "remove", RemoveUserFromGroup(tx, testAccount, "Builders", "ALICE"), "")
}

func TestUserIsInTenGroupsAtMost(t *testing.T) {
	tx := newAccount(t, "alice")
	for i := range MaxGroups + 1 {
		newGroup(t, tx, fmt.Sprint("g", i))
	}
	for i := range MaxGroups {
		wantCode(t, "add", AddUserToGroup(tx, testAccount, fmt.Sprint("g", i), "alice"), "")
	}
	wantCode(t, "add again", AddUserToGroup(tx, testAccount, "g0", "alice"), "")
	wantCode(t, "one more", AddUserToGroup(tx, testAccount, fmt.Sprint("g", MaxGroups), "alice"), LimitExceeded)
}
