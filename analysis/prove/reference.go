package prove

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/lang"
)

// openDomain is that of an action of which nothing is known: any resource, any keys.
var openDomain = requestDomain{shapes: []shape{{star: true}, {}}}

// domainText is a text that two actions have in common if requests for them have the same domains.
func domainText(action string) string {
	a, ok := authref.LookupAction(action)
	if !ok {
		return ""
	}
	var b strings.Builder
	b.WriteString(strings.Join(a.ConditionKeys, " "))
	for _, r := range a.Resources {
		fmt.Fprintf(&b, "\n%s %s %t ", a.Service, r.Type, r.Required)
		b.WriteString(strings.Join(r.ConditionKeys, " "))
	}
	return b.String()
}

// domains returns what requests there are for an action.
func (q *question) domains(action string) []requestDomain {
	if q.options.Universe == Open {
		return []requestDomain{openDomain}
	}
	return q.referenceDomains(action)
}

// referenceDomains returns the requests that the service reference knows for an action, one domain for each resource type
// that it acts on.
func (q *question) referenceDomains(action string) (domains []requestDomain) {
	a, ok := authref.LookupAction(action)
	if !ok {
		return nil
	}
	service, _ := authref.Lookup(a.Service)
	required := false
	for _, r := range a.Resources {
		required = required || r.Required
		if t, ok := service.ResourceType(r.Type); ok && len(q.shapesOf(t)) > 0 {
			domains = append(domains, requestDomain{shapes: q.shapesOf(t), carried: carried(a.ConditionKeys, r.ConditionKeys, t.ConditionKeys)})
		}
	}
	// Of several, those with a simple ARN make the better examples: an object before one by way of an access point.
	slices.SortStableFunc(domains, func(x, y requestDomain) int { return x.shapes[0].unknowns - y.shapes[0].unknowns })
	// An action that acts on nothing, or on one resource if at all, is decided on *.
	if len(a.Resources) == 0 || len(a.Resources) == 1 && !required {
		domains = append(domains, requestDomain{shapes: []shape{{star: true}}, carried: carried(a.ConditionKeys)})
	}
	return domains
}

// carried returns the keys that a request may have, in lower case: those listed and the global ones. Of a key with a part to fill
// in, what is before the part.
func carried(lists ...[]string) map[string]bool {
	keys := map[string]bool{}
	for key := range globalKeys() {
		keys[key] = true
	}
	for _, list := range lists {
		for _, key := range list {
			keys[keyPrefix(key)] = true
		}
	}
	return keys
}

// keyPrefix returns a key in lower case, and of one with a part to fill in what is before that.
func keyPrefix(key string) string {
	key = strings.ToLower(key)
	if i := strings.IndexAny(key, "$<"); i > 0 {
		key = key[:i]
	}
	if prefix, ok := strings.CutSuffix(key, "/tag-key"); ok {
		key = prefix + "/"
	}
	return key
}

// globalKeys are the keys that any request may have. Those about tags in the request and on the resource are listed for the
// actions that have them.
var globalKeys = sync.OnceValue(func() map[string]bool {
	keys := map[string]bool{}
	for _, k := range authref.GlobalConditionKeys() {
		switch prefix := keyPrefix(k.Key); prefix {
		case "aws:requesttag/", "aws:resourcetag/", "aws:tagkeys":
		default:
			keys[prefix] = true
		}
	}
	return keys
})

// knownSingle reports whether AWS lists a key with one value.
func knownSingle(key string) bool {
	if authref.Multivalued(key) {
		return false
	}
	if _, ok := authref.GlobalConditionKey(key); ok {
		return true
	}
	prefix, _, _ := strings.Cut(key, ":")
	if s, ok := authref.Lookup(prefix); ok {
		_, ok := s.ConditionKey(key)
		return ok
	}
	return false
}

// shapesOf returns the shapes of the ARNs of a resource type.
func (q *question) shapesOf(t *authref.ResourceType) (shapes []shape) {
	for _, format := range t.ARNs {
		parts := strings.SplitN(format, ":", arnParts)
		if len(parts) != arnParts {
			continue
		}
		for _, partition := range q.partitions {
			var s shape
			s.unknowns = len(lang.Placeholder.FindAllString(format, -1))
			for i, part := range parts {
				if i == 1 && lang.Placeholder.MatchString(part) {
					part = partition
				}
				s.parts = append(s.parts, lang.FormatPart(part, i))
				s.example = append(s.example, lang.Placeholder.ReplaceAllString(part, [arnParts]string{"arn", "aws", "example", "us-east-1", exampleAccount, "example"}[i]))
			}
			shapes = append(shapes, s)
		}
	}
	return shapes
}

// examplesOf returns accounts for examples. Those that stand in the statements go last, so that an account that nobody names is one
// that nobody names.
func examplesOf(statements []*statement) (list []string) {
	var named []string
	for _, account := range []string{exampleAccount, otherAccount, "777788889999", "123456789012"} {
		isNamed := func(texts ...string) bool {
			return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, account) })
		}
		if slices.ContainsFunc(statements, func(s *statement) bool {
			return isNamed(s.resources...) || isNamed(s.text)
		}) {
			named = append(named, account)
		} else {
			list = append(list, account)
		}
	}
	return append(list, named...)
}

// partitionsOf returns the partitions that the statements name, and aws if they name none: that of the service reference.
func partitionsOf(statements []*statement) []string {
	list := []string{}
	for _, s := range statements {
		for _, r := range s.resources {
			if parts := strings.SplitN(r, ":", 3); len(parts) == 3 && strings.HasPrefix(parts[1], "aws") && !strings.ContainsAny(parts[1], "*?$") && !slices.Contains(list, parts[1]) {
				list = append(list, parts[1])
			}
		}
	}
	if len(list) == 0 {
		return []string{"aws"}
	}
	slices.Sort(list)
	return list
}
