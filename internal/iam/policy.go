package iam

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/arn"
)

// AWS's messages for a managed policy that is not there.
const (
	notFound      = "Policy %s was not found."
	notAttachable = "Policy %s does not exist or is not attachable."
)

// CheckPolicyARN refuses what is no ARN of a managed policy. One that is well formed may still name no policy.
func CheckPolicyARN(s string) error {
	a, err := arn.Parse(s)
	if err != nil || a.Service != "iam" || a.Region != "" || !strings.HasPrefix(a.Resource, "policy/") {
		return Errorf(InvalidInput, "ARN %s is not valid.", s)
	}
	if a.Partition != "aws" {
		return Errorf(ValidationError, "Invalid ARN partition: %s", a.Partition)
	}
	return nil
}

// PolicyName returns the name in the ARN of a customer managed policy of the account.
func PolicyName(account, arn string) (string, bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::"+account+":policy/")
	return rest[strings.LastIndexByte(rest, '/')+1:], ok
}

// FindPolicy reads a customer managed policy by its ARN.
func FindPolicy(tx Txn, account, arn string) (*Policy, error) {
	return findPolicy(tx, account, arn, notFound)
}

func findPolicy(tx Txn, account, arn, missing string) (*Policy, error) {
	name, ok := PolicyName(account, arn)
	if !ok {
		return nil, Errorf(NoSuchEntity, missing, arn)
	}
	p, err := need[Policy](tx, PolicyKey(account, name), missing, arn)
	if err != nil {
		return nil, err
	}
	if p.ARN() != arn { // another path, or another case
		return nil, Errorf(NoSuchEntity, missing, arn)
	}
	return p, nil
}

// NoPolicy is AWS's error for a managed policy that is not there.
func NoPolicy(arn string) error { return Errorf(NoSuchEntity, notFound, arn) }

// CreatePolicy adds a customer managed policy with its first version.
func CreatePolicy(tx Txn, p *Policy, doc *Document) error {
	if err := policySize(doc); err != nil {
		return err
	}
	p.Versions, p.Default, p.Last, p.Updated = []Version{{"v1", p.Created, doc}}, "v1", 1, p.Created
	return create(tx, p, "A policy called %s already exists. Duplicate names are not allowed.", p.Name)
}

func policySize(doc *Document) error {
	if Size(doc.Text) > MaxPolicySize {
		return Errorf(LimitExceeded, "Cannot exceed quota for PolicySize: %d", MaxPolicySize)
	}
	return nil
}

// AddVersion adds a version to a customer managed policy, and makes it the default if asked to.
func AddVersion(tx Txn, account, arn string, doc *Document, setDefault bool, now time.Time) (*Version, error) {
	p, err := FindPolicy(tx, account, arn)
	if err != nil {
		return nil, err
	}
	if err := policySize(doc); err != nil {
		return nil, err
	}
	if len(p.Versions) >= MaxVersions {
		return nil, Errorf(LimitExceeded, "A managed policy can have up to %d versions. "+
			"Before you create a new version, you must delete an existing version.", MaxVersions)
	}
	p.Last++
	v := Version{fmt.Sprint("v", p.Last), now, doc}
	p.Versions = append(p.Versions, v)
	if setDefault {
		p.Default = v.ID
	}
	p.Updated = now
	tx.Put(p)
	return &v, nil
}

// Version finds a version by its id.
func (p *Policy) Version(id string) (*Version, bool) {
	i := slices.IndexFunc(p.Versions, func(v Version) bool { return v.ID == id })
	if i < 0 {
		return nil, false
	}
	return &p.Versions[i], true
}

// NoVersion is AWS's message for a version that is not there.
func NoVersion(arn, id string) error {
	return Errorf(NoSuchEntity, "Policy %s version %s does not exist or is not attachable.", arn, id)
}

// SetDefaultVersion puts a version in force.
func SetDefaultVersion(tx Txn, account, arn, id string, now time.Time) error {
	p, err := FindPolicy(tx, account, arn)
	if err != nil {
		return err
	}
	if _, ok := p.Version(id); !ok {
		return NoVersion(arn, id)
	}
	p.Default, p.Updated = id, now
	tx.Put(p)
	return nil
}

// DeleteVersion removes a version that is not the default.
func DeleteVersion(tx Txn, account, arn, id string, now time.Time) error {
	p, err := FindPolicy(tx, account, arn)
	if err != nil {
		return err
	}
	if _, ok := p.Version(id); !ok {
		return NoVersion(arn, id)
	}
	if id == p.Default {
		return Errorf(DeleteConflict, "Cannot delete the default version of a policy.")
	}
	p.Versions = slices.DeleteFunc(p.Versions, func(v Version) bool { return v.ID == id })
	p.Updated = now
	tx.Put(p)
	return nil
}

// DeletePolicy removes a customer managed policy that is attached nowhere and has no version but the default.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
func DeletePolicy(tx Txn, account, arn string) error {
	p, err := FindPolicy(tx, account, arn)
	if err != nil {
		return err
	}
	if attached, err := tx.guarded(p.ID); err != nil {
		return err
	} else if attached {
		return Errorf(DeleteConflict, "Cannot delete a policy attached to entities.")
	}
	if len(p.Versions) > 1 {
		return Errorf(DeleteConflict, "This policy has more than one version. Before you delete a policy, "+
			"you must delete the policy's versions. The default version is deleted with the policy.")
	}
	tx.Delete(p)
	return nil
}

// IsAWSManaged reports whether an ARN is in the place of AWS's own managed policies.
func IsAWSManaged(arn string) bool { return strings.HasPrefix(arn, "arn:aws:iam::aws:policy/") }

// AWSPolicyID is the unique id of an AWS managed policy, which is the same in all accounts and for ever. AWS's own ids
// are not public, so that it follows from the ARN.
func AWSPolicyID(arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}
