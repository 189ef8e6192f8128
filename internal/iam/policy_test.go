package iam

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func addVersion(tx Txn) error {
	_, err := AddVersion(tx, testAccount, ownARN, NewDocument(allowAll), false, testTime)
	return err
}

func TestAManagedPolicyHasUpToFiveVersions(t *testing.T) {
	s := furnished(t)
	for range MaxVersions - 1 {
		s.do(t, addVersion)
	}
	s.fails(t, "LimitExceeded: A managed policy can have up to 5 versions.", addVersion)
}

func TestVersionNumbersAreNotUsedAgain(t *testing.T) {
	s := furnished(t)
	s.do(t, addVersion)
	s.do(t, func(tx Txn) error { return DeleteVersion(tx, testAccount, ownARN, "v2", testTime) })
	s.do(t, addVersion)
	p, err := FindPolicy(NewTxn(s), testAccount, ownARN)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, v := range p.Versions {
		ids = append(ids, v.ID)
	}
	if want := []string{"v1", "v3"}; !slices.Equal(ids, want) {
		t.Errorf("versions %v, want %v", ids, want)
	}
}

func TestTheDefaultVersionStays(t *testing.T) {
	s := furnished(t)
	s.fails(t, "DeleteConflict: Cannot delete the default version of a policy.", func(tx Txn) error {
		return DeleteVersion(tx, testAccount, ownARN, "v1", testTime)
	})
	s.fails(t, "NoSuchEntity: Policy "+ownARN+" version v9 does not exist", func(tx Txn) error {
		return SetDefaultVersion(tx, testAccount, ownARN, "v9", testTime)
	})
	s.do(t, addVersion)
	s.do(t, func(tx Txn) error { return SetDefaultVersion(tx, testAccount, ownARN, "v2", testTime) })
	s.do(t, func(tx Txn) error { return DeleteVersion(tx, testAccount, ownARN, "v1", testTime) })
}

func TestAPolicyInUseIsNotDeleted(t *testing.T) {
	drop := func(tx Txn) error { return DeletePolicy(tx, testAccount, ownARN) }
	for name, use := range map[string]struct{ begin, end func(Txn) error }{
		"attached to a user": {
			func(tx Txn) error { return AttachPolicy(tx, UserKey(testAccount, "alice"), ownARN) },
			func(tx Txn) error { return DetachPolicy(tx, UserKey(testAccount, "alice"), ownARN) },
		},
		"attached to a group": {
			func(tx Txn) error { return AttachPolicy(tx, GroupKey(testAccount, "staff"), ownARN) },
			func(tx Txn) error { return DetachPolicy(tx, GroupKey(testAccount, "staff"), ownARN) },
		},
		"a role's boundary": {
			func(tx Txn) error { return SetBoundary(tx, RoleKey(testAccount, "worker"), ownARN) },
			func(tx Txn) error { return SetBoundary(tx, RoleKey(testAccount, "worker"), "") },
		},
		"a boundary that another one replaces": {
			func(tx Txn) error { return SetBoundary(tx, RoleKey(testAccount, "worker"), ownARN) },
			func(tx Txn) error {
				return SetBoundary(tx, RoleKey(testAccount, "worker"), "arn:aws:iam::aws:policy/ReadOnlyAccess")
			},
		},
		"a boundary of a role that is deleted": {
			func(tx Txn) error { return SetBoundary(tx, RoleKey(testAccount, "worker"), ownARN) },
			func(tx Txn) error { return DeleteRole(tx, testAccount, "worker") },
		},
		"more than one version": {
			addVersion,
			func(tx Txn) error { return DeleteVersion(tx, testAccount, ownARN, "v2", testTime) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := furnished(t)
			s.do(t, use.begin)
			s.fails(t, "DeleteConflict: ", drop)
			s.do(t, use.end)
			s.do(t, drop)
			s.fails(t, "NoSuchEntity: Policy "+ownARN+" was not found.", drop)
		})
	}
}

func TestAPolicyThatIsAttachedAndABoundaryIsGuardedTwice(t *testing.T) {
	s, worker := furnished(t), RoleKey(testAccount, "worker")
	s.do(t, func(tx Txn) error { return AttachPolicy(tx, worker, ownARN) })
	s.do(t, func(tx Txn) error { return SetBoundary(tx, worker, ownARN) })
	s.do(t, func(tx Txn) error { return DetachPolicy(tx, worker, ownARN) })
	s.fails(t, "DeleteConflict: ", func(tx Txn) error { return DeletePolicy(tx, testAccount, ownARN) })
}

func TestWhatCannotBeAttached(t *testing.T) {
	s := furnished(t)
	s.do(t, func(tx Txn) error {
		return CreatePolicy(tx, &Policy{Header: Header{Account: "444455556666", Name: "Theirs", Path: "/", ID: "ANPATHEIRS"}}, NewDocument(allowAll))
	})
	for _, test := range []struct{ arn, want string }{
		{"arn:aws:iam::aws:policy/NoSuchPolicy", "NoSuchEntity: Policy arn:aws:iam::aws:policy/NoSuchPolicy does not exist or is not attachable."},
		{"arn:aws:iam::" + testAccount + ":policy/None", "NoSuchEntity: "},
		{"arn:aws:iam::" + testAccount + ":policy/own", "NoSuchEntity: "},
		{"arn:aws:iam::" + testAccount + ":policy/path/Own", "NoSuchEntity: "},
		{"arn:aws:iam::444455556666:policy/Theirs", "NoSuchEntity: "},
		{"arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy", "PolicyNotAttachable: Cannot attach a Service Role Policy to a Customer Role."},
		{"arn:aws:iam::aws:policy/AWSIoT1ClickFullAccess", "PolicyNotAttachable: "},
	} {
		s.fails(t, test.want, func(tx Txn) error { return AttachPolicy(tx, UserKey(testAccount, "alice"), test.arn) })
		s.fails(t, test.want, func(tx Txn) error { return SetBoundary(tx, UserKey(testAccount, "alice"), test.arn) })
	}
}

func TestAnIdentityHasUpToTenManagedPolicies(t *testing.T) {
	s, worker := furnished(t), RoleKey(testAccount, "worker")
	for i := range MaxAttached {
		name := fmt.Sprint("P", i)
		s.do(t, func(tx Txn) error {
			if err := CreatePolicy(tx, &Policy{Header: testHeader("ANPA"+name, name)}, NewDocument(allowAll)); err != nil {
				return err
			}
			return AttachPolicy(tx, worker, "arn:aws:iam::"+testAccount+":policy/"+name)
		})
	}
	s.do(t, func(tx Txn) error { return AttachPolicy(tx, worker, "arn:aws:iam::"+testAccount+":policy/P0") }) // again
	s.fails(t, "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10", func(tx Txn) error { return AttachPolicy(tx, worker, ownARN) })
	s.fails(t, "NoSuchEntity: Policy "+ownARN+" was not found.", func(tx Txn) error { return DetachPolicy(tx, worker, ownARN) })
}

func TestAPolicyThatLeftTheCatalogueCanBeDetached(t *testing.T) {
	const gone = "arn:aws:iam::aws:policy/GoneSince"
	s := furnished(t)
	tx := NewTxn(s)
	tx.Put(&User{Header: testHeader("AIDAALICE", "alice"), Grants: Grants{Attached: []string{gone}}, Boundary: gone})
	s.do(t, func(tx Txn) error { return DetachPolicy(tx, UserKey(testAccount, "alice"), gone) })
	s.do(t, func(tx Txn) error { return SetBoundary(tx, UserKey(testAccount, "alice"), "") })
}

func TestSizesAreCountedWithoutWhiteSpace(t *testing.T) {
	sized := func(n int) *Document {
		const frame = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:","Resource":"*"}]}`
		return NewDocument(strings.Replace(frame, "s3:", "s3:"+strings.Repeat("a", n-len(frame))+strings.Repeat(" \n\t", 50), 1))
	}
	s := furnished(t)
	for kind, max := range map[string]int{"user/" + testAccount + "/alice": MaxUserInline, "group/" + testAccount + "/staff": MaxGroupInline, "role/" + testAccount + "/worker": MaxRoleInline} {
		s.do(t, func(tx Txn) error { return PutInline(tx, kind, "half", sized(max/2)) })
		s.do(t, func(tx Txn) error { return PutInline(tx, kind, "rest", sized(max-max/2)) })
		s.fails(t, fmt.Sprintf("LimitExceeded: Maximum policy size of %d bytes exceeded for ", max), func(tx Txn) error {
			return PutInline(tx, kind, "rest", sized(max-max/2+1))
		})
		s.do(t, func(tx Txn) error { return DeleteInline(tx, kind, "half") })
		s.fails(t, "NoSuchEntity: The ", func(tx Txn) error { return DeleteInline(tx, kind, "half") })
	}
	s.do(t, func(tx Txn) error {
		return CreatePolicy(tx, &Policy{Header: testHeader("ANPABIG", "Big")}, sized(MaxPolicySize))
	})
	s.fails(t, "LimitExceeded: Cannot exceed quota for PolicySize: 6144", func(tx Txn) error {
		return CreatePolicy(tx, &Policy{Header: testHeader("ANPABIGGER", "Bigger")}, sized(MaxPolicySize+1))
	})
	s.fails(t, "LimitExceeded: Cannot exceed quota for PolicySize: 6144", func(tx Txn) error {
		_, err := AddVersion(tx, testAccount, ownARN, sized(MaxPolicySize+1), true, testTime)
		return err
	})
}

func TestIDsOfAWSsPoliciesAreStable(t *testing.T) {
	const want = "ANPALE6GQV3KDNHKW76EP"
	if got := AWSPolicyID("arn:aws:iam::aws:policy/AdministratorAccess-Amplify"); len(got) != 21 || got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
