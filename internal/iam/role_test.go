package iam

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/eval"
)

func TestARoleIsDeletedWhenNothingBelongsToIt(t *testing.T) {
	worker := RoleKey(testAccount, "worker")
	drop := func(tx Txn) error { return DeleteRole(tx, testAccount, "worker") }
	for _, test := range []struct {
		want       string
		begin, end func(Txn) error
	}{
		{"delete policies", func(tx Txn) error { return PutInline(tx, worker, "p", NewDocument(allowAll)) },
			func(tx Txn) error { return DeleteInline(tx, worker, "p") }},
		{"detach all policies", func(tx Txn) error { return AttachPolicy(tx, worker, ownARN) },
			func(tx Txn) error { return DetachPolicy(tx, worker, ownARN) }},
		{"remove roles from instance profile", func(tx Txn) error { return AddRoleToInstanceProfile(tx, testAccount, "box", "worker") },
			func(tx Txn) error { return RemoveRoleFromInstanceProfile(tx, testAccount, "box", "worker") }},
	} {
		s := furnished(t)
		s.do(t, test.begin)
		s.fails(t, "DeleteConflict: Cannot delete entity, must "+test.want+" first.", drop)
		s.do(t, test.end)
		s.do(t, drop)
		s.fails(t, "NoSuchEntity: The role with name worker cannot be found.", drop)
	}
}

func TestAnInstanceProfileHoldsOneRole(t *testing.T) {
	s := furnished(t)
	add := func(tx Txn) error { return AddRoleToInstanceProfile(tx, testAccount, "box", "worker") }
	remove := func(tx Txn) error { return RemoveRoleFromInstanceProfile(tx, testAccount, "box", "worker") }
	s.fails(t, "NoSuchEntity: The role with name worker is not in the instance profile", remove)
	s.do(t, add)
	s.fails(t, "LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", add)
	s.fails(t, "DeleteConflict: Cannot delete entity, must remove roles from instance profile first.", func(tx Txn) error {
		return DeleteInstanceProfile(tx, testAccount, "box")
	})
	s.do(t, remove)
	s.do(t, func(tx Txn) error { return DeleteInstanceProfile(tx, testAccount, "box") })
	s.fails(t, "NoSuchEntity: Instance Profile box cannot be found.", add)
}

func TestNamesAndPathsOfAWSAreReserved(t *testing.T) {
	s := furnished(t)
	for _, h := range []Header{
		{Account: testAccount, Name: "r", Path: "/aws-service-role/ecs.amazonaws.com/", ID: "AROAR"},
		{Account: testAccount, Name: "r", Path: "/aws-reserved/sso.amazonaws.com/", ID: "AROAR"},
		{Account: testAccount, Name: "AWSServiceRoleForECS", Path: "/", ID: "AROAR"},
		{Account: testAccount, Name: "awsserviceroleforecs", Path: "/", ID: "AROAR"},
	} {
		s.fails(t, "InvalidInput: ", func(tx Txn) error { return CreateRole(tx, &Role{Header: h, Trust: NewDocument(ec2Trust)}) })
	}
}

func TestServiceLinkedRolesAreTheirServices(t *testing.T) {
	s := furnished(t)
	ecs, ok := FindLinkedService("ecs.amazonaws.com")
	if !ok {
		t.Fatal("ecs.amazonaws.com is not known")
	}
	r, err := NewServiceLinkedRole(ecs, testHeader("AROAECS", ""), "", "")
	if err != nil {
		t.Fatal(err)
	}
	create := func(tx Txn) error { return CreateServiceLinkedRole(tx, r) }
	s.do(t, create)
	s.fails(t, "InvalidInput: Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.", create)

	key := RoleKey(testAccount, r.Name)
	for _, law := range []func(Txn) error{
		func(tx Txn) error { return AttachPolicy(tx, key, ownARN) },
		func(tx Txn) error { return DetachPolicy(tx, key, r.Attached[0]) },
		func(tx Txn) error { return PutInline(tx, key, "p", NewDocument(allowAll)) },
		func(tx Txn) error { return DeleteInline(tx, key, "p") },
		func(tx Txn) error { return SetBoundary(tx, key, ownARN) },
		func(tx Txn) error { return SetBoundary(tx, key, "") },
		func(tx Txn) error { return AddRoleToInstanceProfile(tx, testAccount, "box", r.Name) },
		func(tx Txn) error { return RemoveRoleFromInstanceProfile(tx, testAccount, "box", r.Name) },
		func(tx Txn) error { return UpdateRole(tx, testAccount, r.Name, func(r *Role) { r.MaxSession = 7200 }) },
		func(tx Txn) error { return DeleteRole(tx, testAccount, r.Name) },
	} {
		s.fails(t, "UnmodifiableEntity: Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS", law)
	}
	s.do(t, func(tx Txn) error { return Describe(tx, testAccount, r.Name, "described") })

	s.fails(t, "InvalidInput: ", func(tx Txn) error {
		_, err := DeleteServiceLinkedRole(tx, testAccount, "worker", "u", testTime)
		return err
	})
	s.do(t, func(tx Txn) error {
		d, err := DeleteServiceLinkedRole(tx, testAccount, r.Name, "u", testTime)
		if err == nil && d.Task != "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/u" {
			t.Errorf("task %s", d.Task)
		}
		return err
	})
	s.do(t, create)
}

func TestACustomSuffixIsForSomeServices(t *testing.T) {
	autoscaling, _ := FindLinkedService("autoscaling.amazonaws.com")
	r, err := NewServiceLinkedRole(autoscaling, testHeader("AROAAS", ""), "mine", "")
	if err != nil || r.Name != "AWSServiceRoleForAutoScaling_mine" || r.Path != "/aws-service-role/autoscaling.amazonaws.com/" {
		t.Errorf("got %+v, %v", r, err)
	}
	ecs, _ := FindLinkedService("ecs.amazonaws.com")
	_, err = NewServiceLinkedRole(ecs, testHeader("AROAECS", ""), "mine", "")
	if want := "InvalidInput: Custom suffix is not allowed for ecs.amazonaws.com"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTheTableOfLinkedServices(t *testing.T) {
	names := map[string]bool{}
	for i := range linkedServices {
		s := &linkedServices[i]
		if i > 0 && linkedServices[i-1].Principal() >= s.Principal() {
			t.Errorf("%s stands behind %s", s.name, linkedServices[i-1].name)
		}
		if s.PolicyARN() == "" {
			t.Errorf("%s: the catalogue has no policy %s", s.name, s.policy)
		}
		if name := s.RoleName(""); len(name) > 64 || names[name] {
			t.Errorf("%s: name %s is too long, or there twice", s.name, name)
		}
		names[s.RoleName("")] = true
		if _, err := s.trust().Policy(eval.Resource); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	for _, name := range suffixed {
		if !slices.ContainsFunc(linkedServices[:], func(s LinkedService) bool { return s.name == name }) {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestTheRoleInATask(t *testing.T) {
	if name, ok := TaskRole("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/u"); !ok || name != "AWSServiceRoleForECS" {
		t.Errorf("got %q, %t", name, ok)
	}
	for _, task := range []string{"", "task", "task/role/ecs.amazonaws.com/r/u", strings.Repeat("/", 4), "task/aws-service-role/r/u"} {
		if name, ok := TaskRole(task); ok {
			t.Errorf("%q names the role %q", task, name)
		}
	}
}
