package iamapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/policy"
)

// A simulation is what a call of SimulateCustomPolicy or SimulatePrincipalPolicy asks about, but for the actions and
// resources: who would make the requests, with which policies and which context.
type simulation struct {
	principal    eval.Principal
	owner        string // account of resources whose ARN names none; "" is the principal's
	context      condition.Context
	identity     []simulated
	resource     *simulated // nil if there is none
	boundary     *simulated // likewise
	scps         [][]*eval.Policy
	organization bool // the answer tells what the organization's policies say

	policies eval.Policies // all of the above but the service control policies, which are decided first
}

// A simulated policy is one that takes part, with what the answer says of its statements.
type simulated struct {
	id     string
	source types.PolicySourceType
	text   string
	policy *eval.Policy
}

// AWS's words for where a statement is from. The model lists others, which AWS does not send.
const (
	iamPolicy      = "IAM Policy"
	resourcePolicy = "Resource Policy"
	boundaryPolicy = "Permissions Boundary Policy"
)

// anything and everybody allow everything that identity-based and resource-based policies can. Beside them, a
// decision is that of the one type of policies that is left.
var (
	anything  = iam.NewDocument(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	everybody = iam.NewDocument(`{"Version":"2012-10-17",
		"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`)
)

// alone returns p with everything allowed by the sides that p does not have.
func alone(p eval.Policies) (*eval.Policies, error) {
	var err error
	if p.Identity == nil {
		var all *eval.Policy
		if all, err = anything.Policy(eval.Identity); err != nil {
			return nil, err
		}
		p.Identity = []*eval.Policy{all}
	}
	if p.Resource == nil {
		p.Resource, err = everybody.Policy(eval.Resource)
	}
	return &p, err
}

// A verdict is the outcome of one action on one resource.
type verdict struct {
	types.ResourceSpecificResult
	withinOrganization bool // the service control policies allow it
}

// simulate decides an action on a resource, which is an ARN or "*".
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResourceSpecificResult.html
func (s *simulation) simulate(action, resource string) (*verdict, error) {
	v := &verdict{withinOrganization: true}
	v.EvalResourceName = aws.String(resource)
	v.MatchedStatements, v.MissingContextValues = []types.Statement{}, []string{}
	req := s.request(action, resource)

	if len(s.scps) > 0 {
		d, err := decideAlone(eval.Policies{SCPs: s.scps}, req)
		if err != nil {
			return nil, err
		}
		if !passes(d) { // as on AWS, nothing else is looked at
			v.withinOrganization = false
			v.EvalResourceDecision = decisionType(d)
			return v, nil
		}
	}
	x := s.policies.Explain(req)
	v.EvalResourceDecision = decisionType(x.Decision)
	v.MissingContextValues = append(v.MissingContextValues, x.MissingContext...)
	for _, ref := range x.Matched {
		if settled(x.Decision, ref) {
			v.MatchedStatements = append(v.MatchedStatements, s.statement(ref))
		}
	}
	if s.boundary != nil {
		d, err := decideAlone(eval.Policies{Boundary: s.boundary.policy}, req)
		if err != nil {
			return nil, err
		}
		v.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{
			AllowedByPermissionsBoundary: passes(d),
		}
	}
	if resource == "*" {
		return v, nil
	}
	var err error
	v.EvalDecisionDetails, err = s.details(req)
	return v, err
}

// request makes the request to decide. An action that acts on no particular resource is decided on "*", whatever
// resource it is simulated on.
func (s *simulation) request(action, resource string) *eval.Request {
	if a, known := authref.LookupAction(action); known && !a.TakesResource() {
		resource = "*"
	}
	req := &eval.Request{Principal: s.principal, Action: action, Resource: resource, Context: s.context}
	if name, err := arn.Parse(resource); err == nil && name.Account == "" {
		req.ResourceAccount = s.owner
	}
	return req
}

// details are the decisions of each type of policies, if the request is from one account to another; they are empty
// otherwise.
func (s *simulation) details(req *eval.Request) (map[string]types.PolicyEvaluationDecisionType, error) {
	out := map[string]types.PolicyEvaluationDecisionType{}
	account := req.ResourceAccount
	if name, err := arn.Parse(req.Resource); err == nil && name.Account != "" {
		account = name.Account
	}
	if account == "" || account == "aws" || s.principal.Account() == "" || account == s.principal.Account() {
		return out, nil
	}
	sides := map[string]eval.Policies{iamPolicy: {Identity: s.policies.Identity}}
	if s.boundary != nil {
		sides[boundaryPolicy] = eval.Policies{Boundary: s.boundary.policy}
	}
	if s.resource != nil {
		sides[resourcePolicy] = eval.Policies{Resource: s.resource.policy}
	} else {
		out[resourcePolicy] = types.PolicyEvaluationDecisionTypeImplicitDeny
	}
	for name, p := range sides {
		if name == iamPolicy && len(p.Identity) == 0 {
			out[name] = types.PolicyEvaluationDecisionTypeImplicitDeny
			continue
		}
		d, err := decideAlone(p, req)
		if err != nil {
			return nil, err
		}
		out[name] = decisionType(d)
	}
	return out, nil
}

func decideAlone(p eval.Policies, req *eval.Request) (eval.Decision, error) {
	with, err := alone(p)
	if err != nil {
		return eval.Decision{}, err
	}
	return with.Decide(req), nil
}

// passes reports whether no policy is in the way of a request, be it that AWS itself refuses it.
func passes(d eval.Decision) bool { return d.Allowed() || d.Unlisted }

func decisionType(d eval.Decision) types.PolicyEvaluationDecisionType {
	return types.PolicyEvaluationDecisionType(d.Outcome.String())
}

// settled reports whether a statement that matches is one of those that determine the decision. What a boundary
// allows grants nothing.
func settled(d eval.Decision, ref eval.StatementRef) bool {
	switch d.Outcome {
	case eval.ExplicitDeny:
		return ref.Source.Effect == policy.Deny
	case eval.Allowed:
		return ref.Source.Effect == policy.Allow && ref.Type != eval.Boundary
	}
	return false
}

// statement says where a statement is.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Statement.html
func (s *simulation) statement(ref eval.StatementRef) types.Statement {
	from := s.boundary
	switch ref.Type {
	case eval.Identity:
		from = &s.identity[ref.Index]
	case eval.Resource:
		from = s.resource
	}
	end := ref.Source.Span.End
	return types.Statement{
		SourcePolicyId: aws.String(from.id), SourcePolicyType: from.source,
		StartPosition: startPosition(from.text, ref.Source.Span.Start.Offset),
		EndPosition:   &types.Position{Line: int32(end.Line), Column: int32(end.Column)},
	}
}

// startPosition is where AWS has a statement begin whose brace is at an offset of the text: behind the token that
// comes before what it reads as the statement. That is behind the bracket of the list for its first statement, behind
// the brace of the statement before for the others, and behind the statement's own brace if it stands without a list.
// Lines and columns count from 1.
func startPosition(text string, brace int) *types.Position {
	const space = " \t\r\n"
	before := strings.TrimRight(text[:brace], space)
	if rest, found := strings.CutSuffix(before, ","); found {
		before = strings.TrimRight(rest, space)
	} else if strings.HasSuffix(before, ":") {
		before = text[:brace+1]
	}
	line := strings.LastIndexByte(before, '\n') + 1
	return &types.Position{
		Line:   int32(1 + strings.Count(before, "\n")),
		Column: int32(1 + utf8.RuneCountInString(before[line:])),
	}
}

// maxSimulated is the number of pairs of an action and a resource from which a page ends, so that an answer does not
// take long. It has one action at least.
const maxSimulated = 10_000

// results simulates a page of the actions on all of the resources.
func (s *simulation) results(
	ctx context.Context, in *api.SimulateCustomPolicyInput,
) ([]types.EvaluationResult, *page, error) {
	p, err := newPage(in.Marker, in.MaxItems)
	if err != nil {
		return nil, nil, err
	}
	resources := in.ResourceArns
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	p.room = min(p.room, max(1, maxSimulated/len(resources)))
	results := []types.EvaluationResult{}
	for i, action := range in.ActionNames {
		if !p.take(fmt.Sprintf("%08d", i)) {
			if p.full() {
				break
			}
			continue
		}
		var verdicts []*verdict
		for _, resource := range resources {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			v, err := s.simulate(action, resource)
			if err != nil {
				return nil, nil, err
			}
			verdicts = append(verdicts, v)
		}
		results = append(results, s.result(action, resources, verdicts))
	}
	return results, p, nil
}

// severity orders decisions: an action's is the most restrictive one of its resources.
func severity(d types.PolicyEvaluationDecisionType) int {
	return slices.Index([]types.PolicyEvaluationDecisionType{
		types.PolicyEvaluationDecisionTypeAllowed, types.PolicyEvaluationDecisionTypeImplicitDeny,
		types.PolicyEvaluationDecisionTypeExplicitDeny,
	}, d)
}

// result puts together what was decided for an action.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
func (s *simulation) result(action string, resources []string, verdicts []*verdict) types.EvaluationResult {
	out := types.EvaluationResult{
		EvalActionName: aws.String(action), EvalResourceName: aws.String(resourceTemplate(action, resources)),
		EvalDecision:      types.PolicyEvaluationDecisionTypeAllowed,
		MatchedStatements: []types.Statement{}, MissingContextValues: []string{},
	}
	if s.organization {
		out.OrganizationsDecisionDetail = &types.OrganizationsDecisionDetail{AllowedByOrganizations: true}
	}
	for _, v := range verdicts {
		if severity(v.EvalResourceDecision) > severity(out.EvalDecision) {
			out.EvalDecision = v.EvalResourceDecision
		}
	}
	for _, v := range verdicts {
		if v.EvalResourceDecision == out.EvalDecision {
			out.MatchedStatements = union(out.MatchedStatements, v.MatchedStatements, sameStatement)
		}
		out.MissingContextValues = union(out.MissingContextValues, v.MissingContextValues, strings.EqualFold)
		if !v.withinOrganization {
			out.OrganizationsDecisionDetail.AllowedByOrganizations = false
		}
		if b := v.PermissionsBoundaryDecisionDetail; b != nil {
			before := out.PermissionsBoundaryDecisionDetail
			out.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{
				AllowedByPermissionsBoundary: b.AllowedByPermissionsBoundary &&
					(before == nil || before.AllowedByPermissionsBoundary),
			}
		}
		for side, d := range v.EvalDecisionDetails {
			if known, ok := out.EvalDecisionDetails[side]; !ok || severity(d) > severity(known) {
				if out.EvalDecisionDetails == nil {
					out.EvalDecisionDetails = map[string]types.PolicyEvaluationDecisionType{}
				}
				out.EvalDecisionDetails[side] = d
			}
		}
		if v.EvalDecisionDetails != nil && out.EvalDecisionDetails == nil {
			out.EvalDecisionDetails = maps.Clone(v.EvalDecisionDetails)
		}
	}
	if slices.ContainsFunc(resources, func(r string) bool { return r != "*" }) {
		for _, v := range verdicts {
			out.ResourceSpecificResults = append(out.ResourceSpecificResults, v.ResourceSpecificResult)
		}
	}
	return out
}

// union adds to a list what it does not have.
func union[T any](list, more []T, same func(a, b T) bool) []T {
	for _, item := range more {
		if !slices.ContainsFunc(list, func(known T) bool { return same(known, item) }) {
			list = append(list, item)
		}
	}
	return list
}

func sameStatement(a, b types.Statement) bool {
	return *a.SourcePolicyId == *b.SourcePolicyId && a.SourcePolicyType == b.SourcePolicyType &&
		*a.EndPosition == *b.EndPosition
}

// resourceTemplate is the form of the ARNs that an action is simulated on, such as
// arn:${Partition}:s3:::${BucketName}/${ObjectName}, or "*".
func resourceTemplate(action string, resources []string) string {
	a, known := authref.LookupAction(action)
	if !known || slices.Contains(resources, "*") {
		return "*"
	}
	service, _ := authref.Lookup(a.Service)
	best, length := "*", 0
	for _, r := range a.Resources {
		t, found := service.ResourceType(r.Type)
		if !found {
			continue
		}
		for _, template := range t.ARNs {
			pattern, literal := templatePattern(template)
			if literal > length && matchesAll(pattern, resources) {
				best, length = template, literal
			}
		}
	}
	return best
}

// templatePattern makes a pattern of an ARN's template, and counts the characters that are the same in all of its ARNs.
func templatePattern(template string) (pattern glob.ARN, literal int) {
	var text strings.Builder
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		text.WriteString(before)
		literal += len(before)
		if found {
			text.WriteByte('*')
			_, after, _ = strings.Cut(after, "}")
		}
		rest = after
	}
	return glob.SplitARN(glob.Compile(text.String())), literal
}

func matchesAll(pattern glob.ARN, resources []string) bool {
	return !slices.ContainsFunc(resources, func(r string) bool {
		t := glob.Split(r)
		return !pattern.Match(&t)
	})
}
