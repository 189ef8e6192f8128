package validate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/glob"
)

// actions judges the values of Action and NotAction.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
func (d *document) actions() {
	for _, s := range d.statements {
		for _, a := range s.action.values {
			if hasVariable(a.Text) {
				continue // reported as such
			}
			if d.checkAction(a) {
				d.checkSupported(s, a)
			}
		}
	}
}

func isAllActions(pattern string) bool {
	return pattern == "*:*" || pattern != "" && strings.Trim(pattern, "*") == ""
}

// checkAction reports an action that does not exist, and says whether it does.
func (d *document) checkAction(a value) bool {
	if isAllActions(a.Text) {
		return true
	}
	prefix, name, ok := strings.Cut(a.Text, ":")
	if !ok {
		d.report("INVALID_ACTION", a.location(), "the action %s has no service prefix%s", quoted(a.Text), d.suggestAction(a.Text))
		return false
	}
	service, ok := authref.Lookup(prefix)
	if !ok {
		d.report("INVALID_SERVICE_IN_ACTION", a.part(0, len(prefix)), "there is no service with the prefix %s%s", quoted(prefix), d.suggestService(prefix))
		return false
	}
	if !d.matchesSome(service, name) {
		what := "no action of " + service.Prefix + " is called " + quoted(name)
		switch {
		case strings.Contains(name, " "):
			d.report("INVALID_ACTION", a.location(), "the action %s has a space, so it matches nothing; remove the space", quoted(a.Text))
			return false
		case strings.ContainsAny(name, "*?"):
			what = "no action matches " + quoted(a.Text)
		}
		d.report("INVALID_ACTION", a.location(), "%s%s", what, d.suggestActionOf(service, name))
		return false
	}
	return true
}

// suggestActionOf names the service's action that is most like a name.
func (d *document) suggestActionOf(service *authref.Service, name string) string {
	var names []string
	if d.suggestions < maxSuggestions {
		for i := range service.Actions {
			names = append(names, service.Actions[i].String())
		}
	}
	return d.didYouMean(service.Prefix+":"+name, names)
}

// suggestAction names an action for a text without a service prefix: the one of that name, if there is only one service
// that has it.
func (d *document) suggestAction(text string) string {
	found := ""
	if d.suggestions++; text == "" || strings.ContainsAny(text, "*? .") || d.suggestions > maxSuggestions {
		return "; write service:Action"
	}
	for _, prefix := range authref.Services() {
		service, _ := authref.Lookup(prefix)
		if a, ok := service.Action(text); ok {
			if found != "" {
				return "; write service:Action"
			}
			found = a.String()
		}
	}
	if found == "" {
		return "; write service:Action"
	}
	return "; did you mean " + found + "?"
}

func (d *document) suggestService(prefix string) string {
	if strings.ContainsAny(prefix, "*?") {
		return "; a prefix takes no wildcards"
	}
	if best := d.nearest(prefix, authref.Services()); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}

// matchesSome reports whether a pattern matches the name of one of the service's actions.
func (d *document) matchesSome(service *authref.Service, pattern string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		_, ok := service.Action(pattern)
		return ok
	}
	p := glob.Compile(strings.ToLower(pattern))
	names, ok := d.lowerNames[service.Prefix]
	if !ok {
		for i := range service.Actions {
			names = append(names, strings.ToLower(service.Actions[i].Name))
		}
		d.lowerNames[service.Prefix] = names
	}
	return slices.ContainsFunc(names, p.Match)
}

// matchesAction reports whether a value of an Action element matches an action, given in lower case.
func matchesAction(pattern, action string) bool {
	if pattern == "*:*" {
		return true
	}
	return glob.Compile(strings.ToLower(pattern)).Match(action)
}

// names reports whether the statement's Action lists the action itself, without wildcards.
func (s *statement) names(action string) bool {
	return !s.action.not && slices.ContainsFunc(s.action.values, func(v value) bool { return strings.EqualFold(v.Text, action) })
}

// The services whose actions the policy of a resource can name, by the types of resources that ValidatePolicy knows.
// https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
var resourceServices = map[string][]string{
	"AWS::DynamoDB::Table":            {"dynamodb"},
	"AWS::S3::AccessPoint":            {"s3"},
	"AWS::S3::Bucket":                 {"s3"},
	"AWS::S3::MultiRegionAccessPoint": {"s3"},
	"AWS::S3ObjectLambda::AccessPoint": {
		"s3", "s3-object-lambda",
	},
	trustPolicyType: {"sts"},
}

const trustPolicyType = "AWS::IAM::AssumeRolePolicyDocument"

// ResourceTypes returns the resource types that [Options] takes, sorted.
func ResourceTypes() []string {
	var names []string
	for name := range resourceServices {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkSupported reports an action that a policy of this type cannot name.
func (d *document) checkSupported(s *statement, a value) {
	prefix, _, _ := strings.Cut(strings.ToLower(a.Text), ":")
	services := resourceServices[d.ResourceType]
	switch {
	case d.Type == RCP && isAllActions(a.Text):
		if !s.allowsAll() {
			d.report("RCP_SYNTAX_ERROR_ACTION", a.location(), "a resource control policy of yours cannot name all actions; write them by service, such as s3:*")
		}
	case isAllActions(a.Text):
	case d.Type == RCP && !authref.SupportsRCP(prefix):
		d.report("RCP_SYNTAX_ERROR_ACTION", a.location(), "resource control policies do not apply to %s; remove the action", prefix)
	case services != nil && !slices.Contains(services, prefix):
		d.report("UNSUPPORTED_ACTION_IN_POLICY", a.location(), "the policy of %s cannot name actions of %s; write those of %s", d.ResourceType, prefix, strings.Join(services, " or "))
	}
}
