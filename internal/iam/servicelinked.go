package iam

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/managed"
)

// serviceLinkedPrefix begins the names of service-linked roles.
const serviceLinkedPrefix = "AWSServiceRoleFor"

// A LinkedService is an AWS service that has a service-linked role.
type LinkedService struct {
	name   string // its principal, without the domain
	role   string // name of the role behind serviceLinkedPrefix
	policy string // name of the AWS managed policy that the role has
}

// FindLinkedService finds the service of a principal, in exact case.
func FindLinkedService(principal string) (*LinkedService, bool) {
	for i := range linkedServices {
		if linkedServices[i].Principal() == principal {
			return &linkedServices[i], true
		}
	}
	return nil, false
}

// Principal returns the service's principal, as in "autoscaling.amazonaws.com".
func (s *LinkedService) Principal() string { return s.name + ".amazonaws.com" }

// RoleName returns the name of the service's role.
func (s *LinkedService) RoleName(suffix string) string {
	if suffix != "" {
		suffix = "_" + suffix
	}
	return serviceLinkedPrefix + s.role + suffix
}

// Path returns the path of the service's role.
func (s *LinkedService) Path() string { return ServiceLinkedPath + s.Principal() + "/" }

// PolicyARN returns the ARN of the AWS managed policy that the role gets, or "" if the catalogue does not have it.
func (s *LinkedService) PolicyARN() string {
	arn := "arn:aws:iam::aws:policy" + ServiceLinkedPath + s.policy
	if _, ok := managed.Lookup(arn); !ok {
		return ""
	}
	return arn
}

// trust is the trust policy of the service's role.
func (s *LinkedService) trust() *Document {
	return NewDocument(fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}]}`, s.Principal()))
}

// NewServiceLinkedRole makes the role of a service, of which the header has account, id and time; its name and path are
// the service's.
func NewServiceLinkedRole(s *LinkedService, h Header, suffix, description string) (*Role, error) {
	if suffix != "" && !slices.Contains(suffixed[:], s.name) {
		return nil, Errorf(InvalidInput, "Custom suffix is not allowed for %s", s.Principal())
	}
	h.Name, h.Path = s.RoleName(suffix), s.Path()
	r := &Role{
		Header: h, Description: description, Trust: s.trust(), MaxSession: DefaultSession, LinkedService: s.Principal(),
	}
	if arn := s.PolicyARN(); arn != "" {
		r.Attached = []string{arn}
	}
	return r, nil
}

// CreateServiceLinkedRole adds a role that NewServiceLinkedRole made.
func CreateServiceLinkedRole(tx Txn, r *Role) error {
	err := create(tx, r, "")
	if Is(err, EntityAlreadyExists) {
		return Errorf(InvalidInput, "Service role name %s has been taken in this account, "+
			"please try a different suffix.", r.Name)
	}
	return err
}

func (r *Role) IsServiceLinked() bool { return strings.HasPrefix(r.Path, ServiceLinkedPath) }

// A RoleDeletion is the last deletion of a service-linked role of some name. No service uses the role here, so that
// each deletion is done when it is asked for; the record remembers that it was.
type RoleDeletion struct {
	Account string
	Role    string // name
	Task    string // "task/aws-service-role/SERVICE/ROLE/UUID"
	Time    time.Time
}

// DeleteServiceLinkedRole removes a service-linked role, and records the task that did.
func DeleteServiceLinkedRole(tx Txn, account, name, uuid string, now time.Time) (*RoleDeletion, error) {
	r, err := GetRole(tx, account, name)
	if err != nil {
		return nil, err
	}
	if !r.IsServiceLinked() {
		return nil, Errorf(InvalidInput, "The role with name %s is not a service-linked role.", name)
	}
	d := &RoleDeletion{Account: account, Role: r.Name, Task: "task" + r.Path + r.Name + "/" + uuid, Time: now}
	deleteRole(tx, r)
	tx.Put(d)
	return d, nil
}

// TaskRole returns the name of the role in the id of a deletion task.
func TaskRole(task string) (string, bool) {
	parts := strings.Split(task, "/")
	if len(parts) != 5 || parts[0] != "task" || "/"+parts[1]+"/" != ServiceLinkedPath {
		return "", false
	}
	return parts[3], true
}
