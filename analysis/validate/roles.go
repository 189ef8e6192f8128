package validate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// roles judges what identity-based policies allow with iam:PassRole and iam:CreateServiceLinkedRole.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func (d *document) roles() {
	if d.Type != Identity {
		return
	}
	for _, s := range d.statements {
		if s.effect == policy.Allow && s.action.present && s.resource.present {
			for i := range roleActions {
				d.checkRoleAction(s, &roleActions[i])
			}
		}
	}
}

// A roleAction is an action that should name the roles it is for.
type roleAction struct {
	code     string // how the codes begin
	action   string
	lower    string
	narrowed string // the condition key that says for which service
	start    string // how the resource fields of its roles begin, as far as that says nothing
	danger   string
}

var roleActions = []roleAction{
	{"PASS_ROLE_WITH_", "iam:PassRole", "iam:passrole", "iam:PassedToService", "role/", "lets roles be passed to services that you do not mean"},
	{"CREATE_SLR_WITH_", "iam:CreateServiceLinkedRole", "iam:createservicelinkedrole", "iam:AWSServiceName", "role/aws-service-role/", "lets service-linked roles be made that you do not mean"},
}

func (d *document) checkRoleAction(s *statement, a *roleAction) {
	action, how := s.grants(a)
	if how == "" {
		return
	}
	if s.resource.not {
		code := a.code + map[string]string{"itself": "", "star": "STAR_IN_ACTION_AND_", "not": "NOT_ACTION_AND_"}[how] + "NOT_RESOURCE"
		d.reportAll(code, []Location{s.resource.key, action}, "%s with NotResource %s; name the roles in Resource", a.action, a.danger)
		return
	}
	star, ok := a.star(s.resource.values)
	if !ok || s.has(a.narrowed) {
		return
	}
	code := a.code + map[string]string{"itself": "STAR_IN_RESOURCE", "star": "STAR_IN_ACTION_AND_RESOURCE", "not": "STAR_IN_RESOURCE_AND_NOT_ACTION"}[how]
	d.reportAll(code, []Location{star.location(), action}, "%s on %s %s; name the roles in Resource, or ask for %s in Condition", a.action, quoted(star.Text), a.danger, a.narrowed)
}

// grants says how the statement matches the action: it lists it itself, has a pattern with a star that matches it, or does
// not except it in NotAction; and where. how is empty if it does not match it.
func (s *statement) grants(a *roleAction) (at Location, how string) {
	i := slices.IndexFunc(s.action.values, func(v value) bool { return strings.EqualFold(v.Text, a.lower) })
	j := slices.IndexFunc(s.action.values, func(v value) bool { return matchesAction(v.Text, a.lower) })
	switch {
	case s.action.not && j < 0:
		return s.action.key, "not"
	case s.action.not:
	case i >= 0:
		return s.action.values[i].location(), "itself"
	case j >= 0:
		return s.action.values[j].location(), "star"
	}
	return Location{}, ""
}

// star returns the first of the resources that matches roles of any name. One with the beginning of a name does not: names
// of roles often begin with that of the service they are for.
func (a *roleAction) star(resources []value) (value, bool) {
	for _, r := range resources {
		p := cutARN(r.Text)
		if strings.Trim(r.Text, "*") == "" && r.Text != "" {
			return r, true
		}
		service, resource := p.field[fieldService], p.field[fieldResource]
		if p.n < numFields {
			if strings.HasSuffix(r.Text, "*") && (p.n <= fieldService || service == "iam") {
				return r, true
			}
			continue
		}
		if strings.Trim(strings.ReplaceAll(service, "iam", ""), "*?") != "" {
			continue
		}
		before, _, wildcard := strings.Cut(withoutVariables(resource), "*")
		if one := strings.IndexByte(before, '?'); one >= 0 {
			before, wildcard = before[:one], true
		}
		if wildcard && (strings.HasPrefix(a.start, before) || strings.HasPrefix(before, a.start) && strings.HasSuffix(before, "/") && a.start == "role/") {
			if !hasVariable(resource) {
				return r, true
			}
		}
	}
	return value{}, false
}
