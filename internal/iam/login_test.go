package iam

import (
	"fmt"
	"testing"
)

func TestPasswordIsHeldAgainstThePolicy(t *testing.T) {
	strict := &PasswordPolicy{MinimumLength: 10, Symbols: true, Numbers: true, Upper: true, Lower: true}
	for _, test := range []struct {
		policy   *PasswordPolicy
		password string
		ok       bool
	}{
		{nil, "Abcdefg1", true},
		{nil, "abcdef1!", true},
		{nil, "Abcde1!", false},  // seven characters
		{nil, "abcdefg1", false}, // two kinds
		{nil, "Example Corp", false},
		{nil, "root@example.com", false},
		{strict, "Abcdefg1!x", true},
		{strict, "Abcdefg1!", false},
		{strict, "abcdefg1!x", false},
		{strict, "ABCDEFG1!X", false},
		{strict, "Abcdefgh!x", false},
		{strict, "Abcdefg1xx", false},
		{&PasswordPolicy{MinimumLength: 6}, "aaaaaa", true},
		{&PasswordPolicy{MinimumLength: 6}, "äöü", false}, // counted in characters, not bytes
	} {
		a := &Account{Name: "Example Corp", Email: "root@example.com", PasswordPolicy: test.policy}
		code := PasswordPolicyViolation
		if test.ok {
			code = ""
		}
		wantCode(t, test.password, a.CheckPassword(test.password), code)
	}
}

func TestReuseIsRefusedAsFarBackAsThePolicySays(t *testing.T) {
	l := &Login{Hash: "c", Previous: []string{"b", "a"}}
	for prevented, allowed := range map[int32]string{0: "abc", 1: "ab", 2: "a", 3: "", 24: ""} {
		a := &Account{PasswordPolicy: &PasswordPolicy{ReusePrevention: prevented}}
		got := ""
		for _, password := range []string{"a", "b", "c"} {
			if a.CheckReuse(l, func(hash string) bool { return hash == password }) == nil {
				got += password
			}
		}
		if got != allowed {
			t.Errorf("with %d prevented, %q may be used again, want %q", prevented, got, allowed)
		}
	}
}

func TestLoginRemembersEnoughPasswordsAndNoMore(t *testing.T) {
	tx := newAccount(t, "alice")
	wantCode(t, "create", CreateLogin(tx, testAccount, "alice", &Login{Hash: "0"}), "")
	wantCode(t, "create again", CreateLogin(tx, testAccount, "alice", &Login{Hash: "0"}), EntityAlreadyExists)
	for i := range 40 {
		c := LoginChange{Was: fmt.Sprint(i), Hash: fmt.Sprint(i + 1), Time: testTime}
		wantCode(t, "change", UpdateLogin(tx, testAccount, "alice", c), "")
	}
	u, _ := GetUser(tx, testAccount, "alice")
	if n := 1 + len(u.Login.Previous); n != MaxPreviousPasswords || u.Login.Hash != "40" || u.Login.Previous[0] != "39" {
		t.Errorf("the login has %d passwords: %+v", n, u.Login)
	}
}

func TestPasswordThatChangedMeanwhileIsNotChanged(t *testing.T) {
	tx := newAccount(t, "alice")
	wantCode(t, "change without one", UpdateLogin(tx, testAccount, "alice", LoginChange{}), NoSuchEntity)
	wantCode(t, "create", CreateLogin(tx, testAccount, "alice", &Login{Hash: "now"}), "")
	wantCode(t, "change", UpdateLogin(tx, testAccount, "alice", LoginChange{Was: "before", Hash: "new"}),
		EntityTemporarilyUnmodifable)
	reset := true
	wantCode(t, "only reset", UpdateLogin(tx, testAccount, "alice", LoginChange{Was: "before", Reset: &reset}), "")
	wantCode(t, "delete", DeleteLogin(tx, testAccount, "alice"), "")
	wantCode(t, "delete again", DeleteLogin(tx, testAccount, "alice"), NoSuchEntity)
}
