package iam

import (
	"errors"
	"testing"
	"time"
)

// TestTheLawsOfTheReference: nobody puts one in the place of another than they saw, its date does not go back, and no policy is made
// from one that was replaced.
func TestTheLawsOfTheReference(t *testing.T) {
	tx := NewTxn(memory{})
	conflict := func(err error) bool {
		e, ok := errors.AsType[*Error](err)
		return ok && e.Code == ConcurrentModification
	}
	of := func(digest string, at time.Time) ServiceReference {
		return ServiceReference{ReferenceID: ReferenceID{Name: digest, Digest: digest}, Updated: at}
	}
	ruled := func(digest, was string) error {
		_, err := Publish(tx, &Published{Was: was, Publication: Publication{
			Publisher: AWSPublisher, Policy: "NewReaders", Path: "/job-function/", Time: testTime, Created: testTime, Document: NewDocument("{}"),
			Rule: "{}", Reference: &ReferenceID{Digest: digest}}})
		return err
	}
	if err := ruled("shipped", ""); err != nil {
		t.Errorf("while the store has no reference: %v", err)
	}
	if err := UpdateReference(tx, of("a", testTime), "x"); !conflict(err) {
		t.Errorf("in the place of one that was never there: %v", err)
	}
	if err := UpdateReference(tx, of("a", testTime), ""); err != nil {
		t.Error(err)
	}
	if err := UpdateReference(tx, of("b", testTime), ""); !conflict(err) {
		t.Errorf("as if there were none: %v", err)
	}
	if err := UpdateReference(tx, of("b", testTime.Add(-time.Hour)), "a"); err != nil {
		t.Error(err)
	}
	now, err := Get[ServiceReference](tx, (*ServiceReference)(nil).Key())
	if err != nil || now.Digest != "b" || !now.Updated.Equal(testTime) {
		t.Errorf("%+v, %v", now, err)
	}
	if err := ruled("a", "v1"); !conflict(err) {
		t.Errorf("from the reference before: %v", err)
	}
	if err := ruled("b", "v1"); err != nil {
		t.Error(err)
	}
}
