package iam

import (
	"maps"
	"strings"
	"testing"
)

// try runs a law as a transaction: what it wrote counts only if it returns no error.
func (m memory) try(law func(Txn) error) error {
	next := maps.Clone(m)
	if err := law(NewTxn(next)); err != nil {
		return err
	}
	clear(m)
	maps.Copy(m, next)
	return nil
}

// do is try of what must succeed.
func (m memory) do(t *testing.T, law func(Txn) error) {
	t.Helper()
	if err := m.try(law); err != nil {
		t.Fatal(err)
	}
}

// fails checks that a law fails with a code and a message, of which want is the beginning.
func (m memory) fails(t *testing.T, want string, law func(Txn) error) {
	t.Helper()
	before := maps.Clone(m)
	err := m.try(law)
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if !maps.EqualFunc(m, before, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Error("a law that failed changed the state")
	}
}

const (
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	ec2Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	ownARN   = "arn:aws:iam::" + testAccount + ":policy/Own"
)

// furnished is a state with the user alice, the group staff, the role worker, the instance profile box and the managed
// policy Own.
func furnished(t *testing.T) memory {
	t.Helper()
	m := memory{}
	m.do(t, func(tx Txn) error {
		if err := CreateUser(tx, &User{Header: testHeader("AIDAALICE", "alice")}); err != nil {
			return err
		}
		if err := CreateGroup(tx, &Group{Header: testHeader("AGPASTAFF", "staff")}); err != nil {
			return err
		}
		if err := CreateRole(tx, &Role{Header: testHeader("AROAWORKER", "worker"), Trust: NewDocument(ec2Trust)}); err != nil {
			return err
		}
		if err := CreateInstanceProfile(tx, &InstanceProfile{Header: testHeader("AIPABOX", "box")}); err != nil {
			return err
		}
		return CreatePolicy(tx, &Policy{Header: testHeader("ANPAOWN", "Own")}, NewDocument(allowAll))
	})
	return m
}
