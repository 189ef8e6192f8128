package iamapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/policy"
)

// simulations are the operations that tell what policies would decide. They change nothing.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
var simulations = []op.Operation{
	op.New("SimulateCustomPolicy", op.Everything[api.SimulateCustomPolicyInput], simulateCustomPolicy),
	op.New("SimulatePrincipalPolicy",
		onARN(func(in *api.SimulatePrincipalPolicyInput) *string { return in.PolicySourceArn }),
		simulatePrincipalPolicy),
	op.New("GetContextKeysForCustomPolicy",
		op.Everything[api.GetContextKeysForCustomPolicyInput],
		getContextKeysForCustomPolicy),
	op.New("GetContextKeysForPrincipalPolicy",
		onARN(func(in *api.GetContextKeysForPrincipalPolicyInput) *string { return in.PolicySourceArn }),
		getContextKeysForPrincipalPolicy),
	op.New("ListPoliciesGrantingServiceAccess",
		onARN(func(in *api.ListPoliciesGrantingServiceAccessInput) *string { return in.Arn }),
		listPoliciesGrantingServiceAccess),
	op.New("GenerateServiceLastAccessedDetails",
		onARN(func(in *api.GenerateServiceLastAccessedDetailsInput) *string { return in.Arn }),
		generateServiceLastAccessedDetails),
	op.New("GetServiceLastAccessedDetails",
		op.Everything[api.GetServiceLastAccessedDetailsInput],
		getServiceLastAccessedDetails),
	op.New("GetServiceLastAccessedDetailsWithEntities",
		op.Everything[api.GetServiceLastAccessedDetailsWithEntitiesInput],
		getServiceLastAccessedDetailsWithEntities),
}

// invalid is AWS's error for an input that the model allows and the operation does not.
func invalid(format string, args ...any) error { return iam.Errorf(iam.InvalidInput, format, args...) }

// onARN makes the target of an operation on the identity or managed policy whose ARN the input has.
func onARN[In any](text func(*In) *string) func(*op.Call, *In) (op.Target, error) {
	return func(c *op.Call, in *In) (op.Target, error) { return onIdentityARN(c, *text(in)), nil }
}

// identityNamed splits the ARN of a user, group or role into the ARN, the kind and the name.
func identityNamed(text string) (a arn.ARN, kind, name string, err error) {
	a, err = arn.Parse(text)
	kind, path, _ := strings.Cut(a.Resource, "/")
	name = path[strings.LastIndexByte(path, '/')+1:]
	known := slices.Contains([]string{"user", "group", "role"}, kind)
	if err != nil || a.Service != "iam" || a.Account == "" || !known || name == "" {
		return a, "", "", invalid("Invalid Entity Arn: %s does not clearly define entity type and name.", text)
	}
	return a, kind, name, nil
}

// identityAt returns the user, group or role of an ARN in the caller's account, or AWS's error.
func identityAt(c *op.Call, text string) (iam.Identity, error) {
	a, kind, name, err := identityNamed(text)
	if err != nil {
		return nil, err
	}
	if a.Account != c.Account() {
		return nil, invalid(
			"Invalid Policy Source Arn: caller's account %s does not have access to policies in account %s",
			c.Account(), a.Account)
	}
	var found iam.Identity
	switch kind {
	case "user":
		found, err = c.User(name)
	case "group":
		found, err = c.Group(name)
	case "role":
		found, err = c.Role(name)
	}
	if err != nil {
		return nil, err
	}
	if found.ARN() != text { // another path
		return nil, iam.Errorf(iam.NoSuchEntity, "The %s with name %s cannot be found.", kind, name)
	}
	return found, nil
}

// onIdentityARN is the target of an operation on an identity, or on a managed policy, that is given by its ARN. It is
// decided as one of the caller's account: one that is of another is refused afterwards.
func onIdentityARN(c *op.Call, text string) op.Target {
	t := op.Target{Resource: text, Account: c.Account()}
	if found, err := identityAt(c, text); err == nil {
		if e, ok := found.(iam.Entity); ok {
			t.Tags = *e.Tagged()
		}
	} else if p := c.State.CustomerPolicy(text); p != nil && p.Account == c.Account() {
		t.Tags = p.Tags
	}
	return t
}

func simulateCustomPolicy(
	ctx context.Context, c *op.Call, in *api.SimulateCustomPolicyInput,
) (*api.SimulateCustomPolicyOutput, error) {
	s := new(simulation)
	for i, level := range in.OrderedOrganizationPolicyInputList {
		if len(level.ServiceControlPolicyInputList) == 0 {
			return nil, invalid("OrderedOrganizationPolicyInputList.%d has no service control policy.", i+1)
		}
		var policies []*eval.Policy
		for j, text := range level.ServiceControlPolicyInputList {
			id := fmt.Sprintf("OrderedOrganizationPolicyInputList.%d.ServiceControlPolicyInputList.%d", i+1, j+1)
			p, err := given(id, "", text, eval.SCP)
			if err != nil {
				return nil, err
			}
			policies = append(policies, p.policy)
		}
		s.scps, s.organization = append(s.scps, policies), true
	}
	if err := s.read(c, in); err != nil {
		return nil, err
	}
	results, p, err := s.results(ctx, in)
	if err != nil {
		return nil, err
	}
	return &api.SimulateCustomPolicyOutput{EvaluationResults: results, IsTruncated: p.more, Marker: p.marker()}, nil
}

func simulatePrincipalPolicy(
	ctx context.Context, c *op.Call, in *api.SimulatePrincipalPolicyInput,
) (*api.SimulatePrincipalPolicyOutput, error) {
	source, err := identityAt(c, *in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	s := new(simulation)
	if err := s.attached(c.State, source); err != nil {
		return nil, err
	}
	common := &api.SimulateCustomPolicyInput{
		ActionNames: in.ActionNames, CallerArn: in.CallerArn, ContextEntries: in.ContextEntries,
		PolicyInputList: in.PolicyInputList, PermissionsBoundaryPolicyInputList: in.PermissionsBoundaryPolicyInputList,
		ResourceArns: in.ResourceArns, ResourceHandlingOption: in.ResourceHandlingOption,
		ResourceOwner: in.ResourceOwner, ResourcePolicy: in.ResourcePolicy,
		Marker: in.Marker, MaxItems: in.MaxItems,
	}
	if common.CallerArn == nil {
		common.CallerArn = in.PolicySourceArn
	}
	if err := s.read(c, common); err != nil {
		return nil, err
	}
	if err := s.organized(c.State, c.Account()); err != nil {
		return nil, err
	}
	results, p, err := s.results(ctx, common)
	if err != nil {
		return nil, err
	}
	return &api.SimulatePrincipalPolicyOutput{EvaluationResults: results, IsTruncated: p.more, Marker: p.marker()}, nil
}

// unevaluable is AWS's error for stored policies that cannot be had.
func unevaluable(err error) error {
	return iam.Errorf(iam.PolicyEvaluation, "The policies cannot be evaluated: %v", err)
}

// attached adds the policies of the identity, and its boundary.
func (s *simulation) attached(state *snapshot.Snapshot, source iam.Identity) error {
	sources, err := state.Identity(source)
	if err != nil {
		return unevaluable(err)
	}
	for _, from := range sources {
		s.identity = append(s.identity, simulated{sourceID(from), iamPolicy, from.Document.Text, from.Policy})
	}
	boundary := boundaryOf(source)
	if boundary == "" {
		return nil
	}
	p, doc, err := state.Managed(boundary, eval.Boundary)
	if err != nil {
		return unevaluable(err)
	}
	s.boundary = &simulated{boundary[strings.LastIndexByte(boundary, '/')+1:], boundaryPolicy, doc.Text, p}
	return nil
}

func boundaryOf(i iam.Identity) string {
	switch i := i.(type) {
	case *iam.User:
		return i.Boundary
	case *iam.Role:
		return i.Boundary
	}
	return ""
}

// sourceID is how the answer names an identity's policy: the name of a managed policy, and of an inline one with its
// holder.
func sourceID(from snapshot.Source) string {
	if from.ARN != "" {
		return from.Name
	}
	return from.Holder.Kind() + "_" + from.Holder.Head().Name + "_" + from.Name
}

// organized adds the service control policies that bear on an account, if that is one of an organization. They are
// always those of the account that has the policies: a CallerArn of another account must not tell about that one.
func (s *simulation) organized(state *snapshot.Snapshot, account string) error {
	a := snapshot.Get[iam.Account](state, iam.AccountKey(account))
	if a == nil || a.Organization == "" {
		return nil
	}
	s.organization = true
	var err error
	if s.scps, _, err = state.Organization(account); err != nil {
		return unevaluable(err)
	}
	return nil
}

// given compiles a policy that the request brings.
func given(id string, source types.PolicySourceType, text string, t eval.PolicyType) (*simulated, error) {
	p, err := iam.NewDocument(text).Policy(t)
	if err != nil {
		return nil, invalid("%s: %v", id, err)
	}
	return &simulated{id, source, text, p}, nil
}

// read adds what the request brings, and checks the actions and resources.
func (s *simulation) read(c *op.Call, in *api.SimulateCustomPolicyInput) (err error) {
	for i, text := range in.PolicyInputList {
		p, err := given(fmt.Sprintf("PolicyInputList.%d", i+1), iamPolicy, text, eval.Identity)
		if err != nil {
			return err
		}
		s.identity = append(s.identity, *p)
	}
	if n := len(in.PermissionsBoundaryPolicyInputList); n > 1 {
		return invalid("PermissionsBoundaryPolicyInputList has %d policies; an entity has one permissions boundary.", n)
	}
	for _, text := range in.PermissionsBoundaryPolicyInputList { // instead of the entity's own
		s.boundary, err = given("PermissionsBoundaryPolicyInputList.1", boundaryPolicy, text, eval.Boundary)
		if err != nil {
			return err
		}
	}
	kind, err := s.calledBy(c, in.CallerArn)
	if err != nil {
		return err
	}
	if s.owner, err = ownerAccount(in.ResourceOwner); err != nil {
		return err
	}
	if in.ResourcePolicy != nil {
		if kind != "user" {
			return invalid("Invalid caller - Caller must be an IAM user in this context.")
		}
		if len(in.ResourceArns) == 0 || slices.Contains(in.ResourceArns, "*") {
			return invalid("ResourceArns must name the resources that have the ResourcePolicy.")
		}
		if s.resource, err = given("ResourcePolicy", resourcePolicy, *in.ResourcePolicy, eval.Resource); err != nil {
			return err
		}
	}
	if s.context, err = simulatedContext(in.ContextEntries); err != nil {
		return err
	}
	for _, action := range in.ActionNames {
		if err := checkActionName(action); err != nil {
			return err
		}
	}
	if err := checkResources(in.ResourceArns, in.ResourceHandlingOption); err != nil {
		return err
	}
	s.combine()
	return nil
}

// combine makes the policies that decide.
func (s *simulation) combine() {
	for i := range s.identity {
		s.policies.Identity = append(s.policies.Identity, s.identity[i].policy)
	}
	if s.resource != nil {
		s.policies.Resource = s.resource.policy
	}
	if s.boundary != nil {
		s.policies.Boundary = s.boundary.policy
	}
}

// calledBy sets who makes the simulated requests. A group makes none: with one, as without a caller, the requests are
// those of some user.
func (s *simulation) calledBy(c *op.Call, caller *string) (kind string, err error) {
	if caller == nil {
		return "", nil
	}
	_, kind, _, err = identityNamed(*caller)
	if err != nil || kind == "group" {
		return kind, err
	}
	if s.principal, err = eval.ParsePrincipal(*caller); err != nil {
		return "", invalid("Invalid Entity Arn: %v", err)
	}
	if u, err := identityAt(c, *caller); err == nil && kind == "user" {
		s.principal = s.principal.WithUniqueID(u.Head().ID)
	}
	return kind, nil
}

// ownerAccount is the account of a ResourceOwner: the ARN of an account, or its id.
func ownerAccount(owner *string) (string, error) {
	if owner == nil {
		return "", nil
	}
	if arn.IsAccountID(*owner) {
		return *owner, nil
	}
	a, err := arn.Parse(*owner)
	if err != nil || a.Service != "iam" || a.Resource != "root" || !arn.IsAccountID(a.Account) {
		return "", invalid("'%s' is not a valid as a Resource Owner.", *owner)
	}
	return a.Account, nil
}

func checkActionName(action string) error {
	service, name, found := strings.Cut(action, ":")
	bad := !found || service == "" || name == "" || strings.ContainsAny(action, "*?") || strings.Contains(name, ":") ||
		strings.ContainsFunc(action, unicode.IsSpace)
	if bad {
		return invalid("Invalid Action Name: %s. Expected one operation, such as s3:GetObject.", action)
	}
	return nil
}

// scenarios are the values of ResourceHandlingOption, and the resources of Amazon EC2 that each of them needs.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
var scenarios = map[string][]string{
	"EC2-VPC-InstanceStore":        {"instance", "image", "security-group", "network-interface"},
	"EC2-VPC-InstanceStore-Subnet": {"instance", "image", "security-group", "network-interface", "subnet"},
	"EC2-VPC-EBS":                  {"instance", "image", "security-group", "network-interface", "volume"},
	"EC2-VPC-EBS-Subnet":           {"instance", "image", "security-group", "network-interface", "subnet", "volume"},
}

// checkResources checks the form of the resources, and that there are those that a scenario needs.
func checkResources(resources []string, scenario *string) error {
	there := map[string]bool{}
	for _, resource := range resources {
		if resource == "*" {
			continue
		}
		a, err := arn.Parse(resource)
		if err != nil {
			return invalid("ResourceNames are not in a valid ARN format: %s.", resource)
		}
		if a.Service == "ec2" {
			kind, _, _ := strings.Cut(a.Resource, "/")
			there[kind] = true
		}
	}
	if scenario == nil {
		return nil
	}
	needs, known := scenarios[*scenario]
	if !known {
		return invalid("Invalid Resource Handling Option: %s", *scenario)
	}
	for _, kind := range needs {
		if !there[kind] {
			return invalid("%s needs the ARN of a resource of type %s.", *scenario, kind)
		}
	}
	return nil
}

// typeOperators are the types of context entries, but for the lists of each, with a condition operator that reads
// such values: a value must be one that a condition could ask for.
var typeOperators = map[string]string{
	"string": "StringEquals", "numeric": "NumericEquals", "boolean": "Bool",
	"ip": "IpAddress", "binary": "BinaryEquals", "date": "DateEquals",
}

// simulatedContext makes the request context. An entry without values counts as none.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ContextEntry.html
func simulatedContext(entries []types.ContextEntry) (condition.Context, error) {
	values := map[string][]string{}
	seen := map[string]bool{}
	for _, e := range entries {
		key := aws.ToString(e.ContextKeyName)
		if key == "" {
			return condition.Context{}, invalid("A context entry has no ContextKeyName.")
		}
		lower := strings.ToLower(key)
		if seen[lower] {
			return condition.Context{}, invalid("Duplicate context key: %s", key)
		}
		seen[lower] = true
		if err := checkContextValues(key, e); err != nil {
			return condition.Context{}, err
		}
		values[key] = e.ContextKeyValues
	}
	return condition.NewContext(values)
}

func checkContextValues(key string, e types.ContextEntry) error {
	if e.ContextKeyType == "" {
		return nil
	}
	single, list := strings.CutSuffix(string(e.ContextKeyType), "List")
	operator, known := typeOperators[single]
	if !known {
		return invalid("Invalid type of context key %s: %s", key, e.ContextKeyType)
	}
	if n := len(e.ContextKeyValues); n > 1 && !list {
		return invalid("Context key %s of type %s has %d values; expected one.", key, e.ContextKeyType, n)
	}
	for _, v := range e.ContextKeyValues {
		asked := policy.Condition{
			Operator: policy.Value{Text: operator}, Key: policy.Value{Text: key}, Values: []policy.Value{{Text: v}},
		}
		if _, err := condition.Compile(asked, condition.Options{}); err != nil {
			return invalid("Invalid value of context key %s of type %s: %s", key, e.ContextKeyType, v)
		}
	}
	return nil
}
