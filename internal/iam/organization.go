package iam

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/managed"
)

// The codes of AWS Organizations' errors.
// https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html
const (
	AccountAlreadyClosed         Code = "AccountAlreadyClosedException"
	AccountNotFound              Code = "AccountNotFoundException"
	AlreadyInOrganization        Code = "AlreadyInOrganizationException"
	ChildNotFound                Code = "ChildNotFoundException"
	ConstraintViolation          Code = "ConstraintViolationException"
	CreateAccountStatusNotFound  Code = "CreateAccountStatusNotFoundException"
	DestinationParentNotFound    Code = "DestinationParentNotFoundException"
	DuplicateAccount             Code = "DuplicateAccountException"
	DuplicateOrganizationalUnit  Code = "DuplicateOrganizationalUnitException"
	DuplicateOrgPolicy           Code = "DuplicatePolicyException"
	DuplicateOrgPolicyAttachment Code = "DuplicatePolicyAttachmentException"
	EffectivePolicyNotFound      Code = "EffectivePolicyNotFoundException"
	InvalidOrgInput              Code = "InvalidInputException"
	MalformedOrgPolicy           Code = "MalformedPolicyDocumentException"
	MasterCannotLeave            Code = "MasterCannotLeaveOrganizationException"
	OrganizationNotEmpty         Code = "OrganizationNotEmptyException"
	OrganizationsAccessDenied    Code = "AccessDeniedException"
	OrganizationsNotInUse        Code = "AWSOrganizationsNotInUseException"
	OrganizationalUnitNotEmpty   Code = "OrganizationalUnitNotEmptyException"
	OrganizationalUnitNotFound   Code = "OrganizationalUnitNotFoundException"
	OrgPolicyInUse               Code = "PolicyInUseException"
	OrgPolicyNotAttached         Code = "PolicyNotAttachedException"
	OrgPolicyNotFound            Code = "PolicyNotFoundException"
	ParentNotFound               Code = "ParentNotFoundException"
	PolicyTypeAlreadyEnabled     Code = "PolicyTypeAlreadyEnabledException"
	PolicyTypeNotAvailable       Code = "PolicyTypeNotAvailableForOrganizationException"
	PolicyTypeNotEnabled         Code = "PolicyTypeNotEnabledException"
	RootNotFound                 Code = "RootNotFoundException"
	SourceParentNotFound         Code = "SourceParentNotFoundException"
	TargetNotFound               Code = "TargetNotFoundException"
)

// The quotas of an organization.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
const (
	MaxUnits                   = 2000
	MaxUnitDepth               = 5 // below the root
	MaxOrgAccounts             = 50000
	MaxSCPsOnTarget            = 10
	MaxRCPsOnTarget            = 5
	MaxSCPSize                 = 10240 // characters, white space counted
	MaxRCPSize                 = 5120  // likewise
	MaxServiceControlPolicies  = 10000
	MaxResourceControlPolicies = 1000
)

// The types of an organization's policies that Writ decides by.
const (
	ServiceControl  = "SERVICE_CONTROL_POLICY"
	ResourceControl = "RESOURCE_CONTROL_POLICY"
)

// The policies of AWS that are attached to all roots, units and accounts when these come to be.
const (
	FullAWSAccess    = "p-FullAWSAccess"
	RCPFullAWSAccess = "p-RCPFullAWSAccess"
)

// AWSOrgPolicies returns the two policies for organizations that AWS owns.
var AWSOrgPolicies = sync.OnceValue(func() []*OrgPolicy {
	one := func(id, t, description string) *OrgPolicy {
		p, _ := managed.Lookup(id[len("p-"):])
		doc := NewDocument(string(p.Default().Document()))
		return &OrgPolicy{ID: id, Name: p.Name, Type: t, Description: description, Document: doc}
	}
	return []*OrgPolicy{
		one(FullAWSAccess, ServiceControl, "Allows access to every operation"),
		one(RCPFullAWSAccess, ResourceControl, "Allows all access to every resource"),
	}
})

// AWSOrgPolicy returns AWS's policy of an id, or nil.
func AWSOrgPolicy(id string) *OrgPolicy {
	for _, p := range AWSOrgPolicies() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// AWSManaged reports whether the policy is AWS's.
func (p *OrgPolicy) AWSManaged() bool { return p.Organization == "" }

// Compiled returns the policy as the engine has it.
func (p *OrgPolicy) Compiled() (*eval.Policy, error) { return p.Document.Policy(compiledType(p.Type)) }

func compiledType(t string) eval.PolicyType {
	if t == ServiceControl {
		return eval.SCP
	}
	return eval.RCP
}

// NewOrgDocument returns a document that can be saved as a policy of a type.
func NewOrgDocument(text, t string) (*Document, error) {
	most := MaxSCPSize
	if t == ResourceControl {
		most = MaxRCPSize
	}
	if utf8.RuneCountInString(text) > most {
		return nil, ConstraintError("POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the maximum policy size.")
	}
	d := NewDocument(text)
	if _, err := d.Policy(compiledType(t)); err != nil {
		return nil, Errorf(MalformedOrgPolicy,
			"The provided policy document does not meet the requirements of the specified policy type. (%v)", err)
	}
	return d, nil
}

// ConstraintError is the error for what an organization's quotas and rules do not allow.
func ConstraintError(reason, message string) error {
	return &Error{Code: ConstraintViolation, Message: message, Reason: reason}
}

// InvalidOrgInputError is the error for an input that cannot be, with AWS's code for the reason.
func InvalidOrgInputError(reason, message string) error {
	return &Error{Code: InvalidOrgInput, Message: message, Reason: reason}
}

// The ARNs of what is in an organization have the management account's id.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html

func (o *Organization) arn(rest string) string {
	return "arn:aws:organizations::" + o.Management + ":" + rest
}

func (o *Organization) ARN() string { return o.arn("organization/" + o.ID) }

// AccountARN returns the ARN of an account in the organization.
func (o *Organization) AccountARN(id string) string { return o.arn("account/" + o.ID + "/" + id) }

// UnitARN returns the ARN of a unit or of the root.
func (o *Organization) UnitARN(id string) string {
	if IsRootID(id) {
		return o.arn("root/" + o.ID + "/" + id)
	}
	return o.arn("ou/" + o.ID + "/" + id)
}

// PolicyARN returns the ARN of a policy that the organization can use.
func (o *Organization) PolicyARN(p *OrgPolicy) string {
	t := strings.ToLower(p.Type)
	if p.AWSManaged() {
		return "arn:aws:organizations::aws:policy/" + t + "/" + p.ID
	}
	return o.arn("policy/" + o.ID + "/" + t + "/" + p.ID)
}

// IsRootID reports whether an id is that of a root.
func IsRootID(id string) bool { return strings.HasPrefix(id, "r-") }

// Uses reports whether policies of the type are in force in the organization.
func (o *Organization) Uses(t string) bool { return slices.Contains(o.Enabled, t) }

// An OrgTarget is what an organization's policies are attached to: the root, a unit or an account.
type OrgTarget interface {
	Tagged
	OrgTargetID() string
	// OrgPolicies are the ids of the policies attached, whether their type is enabled or not.
	OrgPolicies() *[]string
}

func (u *Unit) OrgTargetID() string       { return u.ID }
func (u *Unit) OrgPolicies() *[]string    { return &u.Policies }
func (a *Account) OrgTargetID() string    { return a.ID }
func (a *Account) OrgPolicies() *[]string { return &a.Policies }

// The guards of an organization are all below its id:
//
//	o-…/member/ACCOUNT       a member account, the management account not among them
//	o-…/PARENT/unit/NAME     a unit by its name, which is unique below its parent
//	o-…/PARENT/account/ID    an account in the root or a unit
//	o-…/name/TYPE/NAME       a policy by its name, which is unique among those of its type
//	o-…/p-…/TARGET           an attachment

func (u *Unit) place() string    { return u.Parent + "/unit/" + u.Name }
func (a *Account) place() string { return a.Parent + "/account/" + a.ID }

func (p *OrgPolicy) place() string { return "name/" + p.Type + "/" + p.Name }

// taken reports whether there is a guard.
func (tx Txn) taken(to, from string) (bool, error) {
	_, err := tx.store.Get(guard(to, from))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// claim makes a guard that must not be there yet.
func (tx Txn) claim(to, from string, taken error) error {
	there, err := tx.taken(to, from)
	if err == nil && there {
		err = taken
	}
	if err == nil {
		tx.guard(to, from)
	}
	return err
}

// deleteAll deletes the keys below a prefix.
func (tx Txn) deleteAll(prefix string) error {
	var keys []string
	for r, err := range tx.store.List(prefix) {
		if err != nil {
			return err
		}
		keys = append(keys, r.Key)
	}
	for _, key := range keys {
		tx.store.Delete(key)
	}
	return nil
}

// NotInOrganization is AWS's error for a caller whose account is in no organization.
var NotInOrganization = Errorf(OrganizationsNotInUse, "Your account is not a member of an organization.")

// organization reads an organization that must be there still.
func organization(tx Txn, id string) (*Organization, error) {
	o, err := Get[Organization](tx, OrganizationKey(id))
	if err == nil && o == nil {
		err = NotInOrganization
	}
	return o, err
}

// CreateOrganization makes an organization of its management account and a root.
func CreateOrganization(tx Txn, o *Organization) error {
	a, err := getAccount(tx, o.Management)
	if err != nil {
		return err
	}
	if a.Organization != "" {
		return Errorf(AlreadyInOrganization, "The provided account is already a member of an organization.")
	}
	if err := create(tx, o, "Organization %s already exists.", o.ID); err != nil {
		return err
	}
	tx.Put(&Unit{ID: o.Root, Organization: o.ID, Name: "Root", Policies: defaults(), Created: o.Created})
	join(tx, o, a, o.Created)
	return nil
}

// defaults are the policies that everything in an organization has from the beginning. Those of a type count while it
// is enabled.
func defaults() []string { return []string{FullAWSAccess, RCPFullAWSAccess} }

// join puts an account into the root.
func join(tx Txn, o *Organization, a *Account, now time.Time) {
	a.Organization, a.Parent, a.Policies, a.Joined = o.ID, o.Root, defaults(), now
	tx.guard(o.ID, a.place())
	if a.ID != o.Management {
		tx.guard(o.ID, "member/"+a.ID)
	}
	tx.Put(a)
}

// DeleteOrganization ends an organization that has no member accounts. Its units and policies go with it.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganization.html
func DeleteOrganization(tx Txn, id string) error {
	o, err := organization(tx, id)
	if err != nil {
		return err
	}
	if members, err := tx.store.Any(guard(id, "member/")); err != nil {
		return err
	} else if members {
		return Errorf(OrganizationNotEmpty,
			"To delete an organization you must first remove all member accounts (except the master).")
	}
	a, err := getAccount(tx, o.Management)
	if err != nil {
		return err
	}
	a.Organization, a.Parent, a.Policies, a.Joined, a.Tags = "", "", nil, time.Time{}, nil
	tx.Put(a)
	tx.Delete(o)
	for _, prefix := range []string{guard(id, ""), UnitKey(id, ""), OrgPolicyKey(id, ""), AccountRequestKey(id, "")} {
		if err := tx.deleteAll(prefix); err != nil {
			return err
		}
	}
	return nil
}

// EnablePolicyType puts the policies of a type in force.
func EnablePolicyType(tx Txn, org, root, t string) error {
	o, err := typed(tx, org, root, t)
	if err != nil {
		return err
	}
	if o.Uses(t) {
		return Errorf(PolicyTypeAlreadyEnabled, "The specified policy type is already enabled.")
	}
	o.Enabled = append(o.Enabled, t)
	slices.Sort(o.Enabled)
	tx.Put(o)
	return nil
}

var errTypeNotEnabled = Errorf(PolicyTypeNotEnabled, "This operation can be performed only for enabled policy types.")

// DisablePolicyType takes the policies of a type out of force. They are detached everywhere, so that, as on AWS,
// enabling the type again begins with AWS's policy alone.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_enable-disable.html
func DisablePolicyType(tx Txn, org, root, t string) error {
	o, err := typed(tx, org, root, t)
	if err != nil {
		return err
	}
	if !o.Uses(t) {
		return errTypeNotEnabled
	}
	targets, err := allTargets(tx, o)
	if err != nil {
		return err
	}
	for _, target := range targets {
		if err := resetPolicies(tx, o, target, t); err != nil {
			return err
		}
	}
	o.Enabled = slices.DeleteFunc(o.Enabled, func(e string) bool { return e == t })
	tx.Put(o)
	return nil
}

// TrustService lets a service of AWS work in the organization's accounts. Writ keeps this and decides nothing by it: a
// service acts here with the permissions of its roles.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnableAWSServiceAccess.html
func TrustService(tx Txn, org, principal string, now time.Time) error {
	if !strings.HasSuffix(principal, ".amazonaws.com") {
		return InvalidOrgInputError("UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal.")
	}
	o, err := organization(tx, org)
	if err != nil {
		return err
	}
	i, found := slices.BinarySearchFunc(o.Services, principal, byPrincipal)
	if !found {
		o.Services = slices.Insert(o.Services, i, TrustedService{Principal: principal, Since: now})
		tx.Put(o)
	}
	return nil
}

// DistrustService undoes TrustService.
func DistrustService(tx Txn, org, principal string) error {
	o, err := organization(tx, org)
	if err != nil {
		return err
	}
	if i, found := slices.BinarySearchFunc(o.Services, principal, byPrincipal); found {
		o.Services = slices.Delete(o.Services, i, i+1)
		tx.Put(o)
	}
	return nil
}

func byPrincipal(s TrustedService, principal string) int {
	return strings.Compare(s.Principal, principal)
}

// typed reads an organization by its root, for a type of policies that it can have.
func typed(tx Txn, org, root, t string) (*Organization, error) {
	o, err := organization(tx, org)
	switch {
	case err != nil:
		return nil, err
	case o.Root != root:
		return nil, Errorf(RootNotFound, "You specified a root that doesn't exist.")
	}
	return o, AvailableType(t)
}

// AvailableType returns an error for a type of policies that AWS has and Writ does not decide by.
func AvailableType(t string) error {
	if t == ServiceControl || t == ResourceControl {
		return nil
	}
	return Errorf(PolicyTypeNotAvailable, "Policies of type %s are not available for this organization.", t)
}

// allTargets reads all that policies are attached to.
func allTargets(tx Txn, o *Organization) (all []OrgTarget, err error) {
	for r, err := range tx.store.List(UnitKey(o.ID, "")) {
		if err != nil {
			return nil, err
		}
		u, err := Decode(r.Key, r.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, u.(*Unit))
	}
	ids := []string{o.Management}
	members := guard(o.ID, "member/")
	for r, err := range tx.store.List(members) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.Key[len(members):])
	}
	for _, id := range ids {
		a, err := getAccount(tx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// resetPolicies leaves a target AWS's policy alone, of those of a type.
func resetPolicies(tx Txn, o *Organization, target OrgTarget, t string) error {
	var keep []string
	changed := false
	for _, id := range *target.OrgPolicies() {
		p, err := FindOrgPolicy(tx, o.ID, id)
		switch {
		case err != nil:
			return err
		case p.Type != t:
			keep = append(keep, id)
		case p.AWSManaged(): // put back below
		default:
			changed = true
			tx.unguard(o.ID, id+"/"+target.OrgTargetID())
		}
	}
	if !changed {
		return nil
	}
	for _, p := range AWSOrgPolicies() {
		if p.Type == t {
			keep = append(keep, p.ID)
		}
	}
	*target.OrgPolicies() = keep
	tx.Put(target)
	return nil
}

// FindOrgPolicy reads a policy that an organization can use.
func FindOrgPolicy(tx Txn, org, id string) (*OrgPolicy, error) {
	if p := AWSOrgPolicy(id); p != nil {
		return p, nil
	}
	p, err := Get[OrgPolicy](tx, OrgPolicyKey(org, id))
	if err == nil && p == nil {
		err = NoOrgPolicy
	}
	return p, err
}

// NoOrgPolicy is AWS's error for a policy that is not there.
var NoOrgPolicy = Errorf(OrgPolicyNotFound, "We can't find a policy with the PolicyId that you specified.")

var errPolicyName = Errorf(DuplicateOrgPolicy, "A policy with the specified name and type already exists.")

// CreateOrgPolicy adds a policy.
func CreateOrgPolicy(tx Txn, p *OrgPolicy) error {
	if _, err := organization(tx, p.Organization); err != nil {
		return err
	}
	if err := claimName(tx, p); err != nil {
		return err
	}
	return create(tx, p, "Policy %s already exists.", p.ID)
}

// claimName keeps a policy's name from others of its type; AWS's policies have theirs, too.
func claimName(tx Txn, p *OrgPolicy) error {
	for _, aws := range AWSOrgPolicies() {
		if aws.place() == p.place() {
			return errPolicyName
		}
	}
	return tx.claim(p.Organization, p.place(), errPolicyName)
}

// errAWSOwned is the error for changing or deleting a policy of AWS's.
var errAWSOwned = InvalidOrgInputError("IMMUTABLE_POLICY", "You specified a policy that is managed by AWS and can't be modified.")

// UpdateOrgPolicy changes the name and whatever else of a policy; it is in force at once where the policy is attached.
func UpdateOrgPolicy(tx Txn, org, id string, change func(*OrgPolicy) error) error {
	p, err := ownOrgPolicy(tx, org, id)
	if err != nil {
		return err
	}
	name := p.Name
	old := p.place()
	if err := change(p); err != nil {
		return err
	}
	if p.Name != name {
		tx.unguard(org, old)
		if err := claimName(tx, p); err != nil {
			return err
		}
	}
	tx.Put(p)
	return nil
}

func ownOrgPolicy(tx Txn, org, id string) (*OrgPolicy, error) {
	p, err := FindOrgPolicy(tx, org, id)
	if err == nil && p.AWSManaged() {
		err = errAWSOwned
	}
	return p, err
}

// DeleteOrgPolicy removes a policy that is attached nowhere.
func DeleteOrgPolicy(tx Txn, org, id string) error {
	p, err := ownOrgPolicy(tx, org, id)
	if err != nil {
		return err
	}
	if attached, err := tx.store.Any(guard(org, id+"/")); err != nil {
		return err
	} else if attached {
		return Errorf(OrgPolicyInUse,
			"You cannot delete a policy that is attached to a root, an organizational unit or an account.")
	}
	tx.unguard(org, p.place())
	tx.Delete(p)
	return nil
}

// NoOrgTarget is AWS's error for a root, unit or account that is not there.
var NoOrgTarget = Errorf(TargetNotFound, "You specified a target that doesn't exist.")

// FindOrgTarget reads the root, the unit or the account of an id.
func FindOrgTarget(tx Txn, org, id string) (OrgTarget, error) {
	if strings.HasPrefix(id, "ou-") || IsRootID(id) {
		u, err := Get[Unit](tx, UnitKey(org, id))
		if err == nil && u == nil {
			err = NoOrgTarget
		}
		return orgTarget(u, err)
	}
	a, err := Get[Account](tx, AccountKey(id))
	if err == nil && (a == nil || a.Organization != org) {
		err = NoOrgTarget
	}
	return orgTarget(a, err)
}

// orgTarget keeps a nil pointer from becoming an OrgTarget that is not nil.
func orgTarget[P interface {
	*T
	OrgTarget
}, T any](p P, err error) (OrgTarget, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// AttachOrgPolicy attaches a policy to the root, a unit or an account.
func AttachOrgPolicy(tx Txn, org, policy, target string) error {
	o, p, to, err := attachment(tx, org, policy, target)
	if err != nil {
		return err
	}
	have := to.OrgPolicies()
	n, err := countType(tx, org, *have, p.Type)
	switch {
	case err != nil:
		return err
	case !o.Uses(p.Type):
		return errTypeNotEnabled
	case slices.Contains(*have, policy):
		return Errorf(DuplicateOrgPolicyAttachment, "A policy with the specified name and type already exists.")
	case p.Type == ServiceControl && n >= MaxSCPsOnTarget, p.Type == ResourceControl && n >= MaxRCPsOnTarget:
		return ConstraintError("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
			"You have attached the maximum number of policies to the specified target.")
	}
	*have = append(*have, policy)
	if !p.AWSManaged() {
		tx.guard(org, policy+"/"+target)
	}
	tx.Put(to)
	return nil
}

// DetachOrgPolicy detaches a policy. One service control policy always stays, and so does RCPFullAWSAccess.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_DetachPolicy.html
func DetachOrgPolicy(tx Txn, org, policy, target string) error {
	o, p, from, err := attachment(tx, org, policy, target)
	if err != nil {
		return err
	}
	have := from.OrgPolicies()
	n, err := countType(tx, org, *have, p.Type)
	switch {
	case err != nil:
		return err
	case !o.Uses(p.Type) || !slices.Contains(*have, policy):
		return Errorf(OrgPolicyNotAttached, "The specified policy is not attached to the specified target.")
	case policy == RCPFullAWSAccess:
		return InvalidOrgInputError("NON_DETACHABLE_POLICY", "You can't detach this policy, which is managed by AWS.")
	case p.Type == ServiceControl && n == 1:
		return ConstraintError("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
			"You cannot remove the last policy attached to the specified target. At least one must stay attached.")
	}
	*have = slices.DeleteFunc(*have, func(id string) bool { return id == policy })
	tx.unguard(org, policy+"/"+target)
	tx.Put(from)
	return nil
}

// attachment reads both ends of one.
func attachment(tx Txn, org, policy, target string) (*Organization, *OrgPolicy, OrgTarget, error) {
	o, err := organization(tx, org)
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := FindOrgPolicy(tx, org, policy)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := FindOrgTarget(tx, org, target)
	return o, p, t, err
}

// countType counts the policies of a type.
func countType(tx Txn, org string, ids []string, t string) (n int, err error) {
	for _, id := range ids {
		p, err := FindOrgPolicy(tx, org, id)
		if err != nil {
			return 0, err
		}
		if p.Type == t {
			n++
		}
	}
	return n, nil
}

// NoUnit is AWS's error for a unit that is not there.
var NoUnit = Errorf(OrganizationalUnitNotFound, "You specified an organizational unit that doesn't exist.")

var errUnitName = Errorf(DuplicateOrganizationalUnit, "An OU with the same name already exists.")

func getUnit(tx Txn, org, id string, notFound error) (*Unit, error) {
	u, err := Get[Unit](tx, UnitKey(org, id))
	if err == nil && u == nil {
		err = notFound
	}
	return u, err
}

// NoParent is AWS's error for a parent that is not there.
var NoParent = Errorf(ParentNotFound, "You specified parent that doesn't exist.")

// CreateUnit adds a unit below the root or another one.
func CreateUnit(tx Txn, u *Unit) error {
	parent, err := getUnit(tx, u.Organization, u.Parent, NoParent)
	if err != nil {
		return err
	}
	for depth := 1; parent.Parent != ""; depth++ {
		if depth >= MaxUnitDepth {
			return ConstraintError("OU_DEPTH_LIMIT_EXCEEDED", "You have exceeded the allowed depth of organizational units.")
		}
		if parent, err = getUnit(tx, u.Organization, parent.Parent, NoParent); err != nil {
			return err
		}
	}
	if err := tx.claim(u.Organization, u.place(), errUnitName); err != nil {
		return err
	}
	u.Policies = defaults()
	return create(tx, u, "Organizational unit %s already exists.", u.ID)
}

// RenameUnit gives a unit another name.
func RenameUnit(tx Txn, org, id, name string) error {
	u, err := getUnit(tx, org, id, NoUnit)
	if err != nil || u.Name == name {
		return err
	}
	tx.unguard(org, u.place())
	u.Name = name
	if err := tx.claim(org, u.place(), errUnitName); err != nil {
		return err
	}
	tx.Put(u)
	return nil
}

// DeleteUnit removes a unit in which there is nothing any more.
func DeleteUnit(tx Txn, org, id string) error {
	u, err := getUnit(tx, org, id, NoUnit)
	if err != nil {
		return err
	}
	if children, err := tx.store.Any(guard(org, id+"/")); err != nil {
		return err
	} else if children {
		return Errorf(OrganizationalUnitNotEmpty,
			"The specified organizational unit still contains accounts or organizational units.")
	}
	detachAll(tx, org, u)
	tx.unguard(org, u.place())
	tx.Delete(u)
	return nil
}

// detachAll lets go of the policies of a target that leaves.
func detachAll(tx Txn, org string, t OrgTarget) {
	for _, id := range *t.OrgPolicies() {
		tx.unguard(org, id+"/"+t.OrgTargetID())
	}
}

// orgResource reads what can have tags in an organization.
func orgResource(tx Txn, org, id string) (Tagged, error) {
	if !strings.HasPrefix(id, "p-") {
		return FindOrgTarget(tx, org, id)
	}
	p, err := Get[OrgPolicy](tx, OrgPolicyKey(org, id))
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, NoOrgTarget
	}
	return p, nil
}

// ErrOrgTags is the error for more tags than a resource may have.
var ErrOrgTags = ConstraintError("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the maximum number of tags for a resource.")

// TagOrgResource adds tags to the root, a unit, an account or a policy, or changes their values.
func TagOrgResource(tx Txn, org, id string, tags []Tag) error {
	r, err := orgResource(tx, org, id)
	if err != nil {
		return err
	}
	if err := SetTags(r, tags); err != nil {
		return ErrOrgTags
	}
	tx.Put(r)
	return nil
}

// UntagOrgResource removes tags.
func UntagOrgResource(tx Txn, org, id string, keys []string) error {
	r, err := orgResource(tx, org, id)
	if err != nil {
		return err
	}
	RemoveTags(r, keys)
	tx.Put(r)
	return nil
}
