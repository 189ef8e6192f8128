package refeval

import (
	"errors"
	"fmt"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// A role is what a policy is used as; it decides which elements the policy may have.
type role int

const (
	asIdentity role = iota // and boundary, session policy, SCP
	asResource
	asRCP
	asEndpoint
)

// check finds what in the case's policies cannot be understood.
func check(c Case) error {
	var err error
	each := func(as role, docs ...*policy.Document) {
		for _, doc := range docs {
			if doc == nil {
				continue
			}
			for i := range doc.Statements {
				err = errors.Join(err, checkStatement(doc, &doc.Statements[i], as))
			}
		}
	}
	each(asIdentity, c.Identity...)
	each(asIdentity, c.Boundary)
	each(asIdentity, c.Session...)
	for _, level := range c.SCPs {
		each(asIdentity, level...)
	}
	each(asResource, c.ResourcePolicy)
	for _, level := range c.RCPs {
		each(asRCP, level...)
	}
	each(asEndpoint, c.Endpoint...)
	return err
}

func checkStatement(doc *policy.Document, s *policy.Statement, as role) error {
	if err := checkPrincipal(s, as); err != nil {
		return err
	}
	if err := checkResource(doc, s, as); err != nil {
		return err
	}
	for _, c := range s.Condition {
		if err := checkCondition(doc, s, c); err != nil {
			return err
		}
	}
	return nil
}

// isTrust: a resource-based policy that is about assuming a role.
func isTrust(s *policy.Statement, as role) bool {
	for _, a := range s.Action.Strings() {
		if !strings.HasPrefix(strings.ToLower(a), "sts:") {
			return false
		}
	}
	return as == asResource && !s.Action.Not && len(s.Action.Values) > 0
}

func checkPrincipal(s *policy.Statement, as role) error {
	has := s.Principal != nil
	not := has && s.Principal.Not
	switch {
	case as == asIdentity && has:
		return errors.New("you cannot use the Principal element in an identity-based policy")
	case as == asResource && !has, as == asRCP && !has:
		return errors.New("you must use the Principal element in resource-based policies")
	case not && s.Effect == policy.Allow:
		return errors.New(`NotPrincipal must be used with "Effect":"Deny"`)
	case not && as == asRCP:
		return errors.New("RCPs do not support the NotPrincipal element")
	case not && isTrust(s, as):
		return errors.New("you cannot use the NotPrincipal element in an IAM role trust policy")
	}
	return nil
}

func checkResource(doc *policy.Document, s *policy.Statement, as role) error {
	if !s.Resource.Present() {
		if isTrust(s, as) {
			return nil
		}
		return errors.New("statements must include either a Resource or a NotResource element")
	}
	for _, text := range s.Resource.Strings() {
		if strings.Trim(text, "*") == "" && text != "" {
			continue
		}
		if !strings.HasPrefix(text, "arn:") {
			return fmt.Errorf("%q is no ARN", text)
		}
		if s.Effect == policy.Deny && incomplete(text) {
			return fmt.Errorf("%q is not a whole ARN", text)
		}
		if !doc.Version.HasVariables() {
			continue
		}
		if _, err := parseVariables(text); err != nil {
			return err
		}
		if s.Effect == policy.Deny && variableBeforeFifthColon(text) {
			return fmt.Errorf("%q has a variable where none is read", text)
		}
	}
	return nil
}

// checkCondition refuses what could only fail to match: in a Deny, that would be an allow.
func checkCondition(doc *policy.Document, s *policy.Statement, c policy.Condition) error {
	op, err := parseOperator(c.Operator.Text)
	if err != nil {
		return err
	}
	for _, text := range c.Strings() {
		hasVariables := false
		if doc.Version.HasVariables() {
			pieces, err := parseVariables(text)
			if err != nil && op.takesVariables() {
				return err
			}
			hasVariables = err != nil
			for _, p := range pieces {
				hasVariables = hasVariables || p.isVariable
			}
		}
		switch {
		case hasVariables && op.takesVariables():
			continue // what it stands for is known only at the request
		case hasVariables && s.Effect == policy.Allow && !op.negated:
			continue // it is text, and fits nothing; negated, it would fit everything
		case !op.reads(text):
			return fmt.Errorf("%s cannot read %q", c.Operator.Text, text)
		}
	}
	return nil
}
