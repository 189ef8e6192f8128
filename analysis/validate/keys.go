package validate

import (
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/reffile"
	"github.com/writ-iam/writ/policy"
)

// keysOfAllServices are the condition keys of the whole reference. It takes some milliseconds, so it is made at first use.
var keysOfAllServices = sync.OnceValue(func() (all struct {
	byName   map[string]authref.ConditionKey // in lower case
	toFill   []authref.ConditionKey          // those with a part to fill in
	prefixes map[string]bool
}) {
	all.byName, all.prefixes = map[string]authref.ConditionKey{}, map[string]bool{}
	for _, prefix := range authref.Services() {
		page, _ := authref.Lookup(prefix)
		for _, k := range page.ConditionKeys {
			lower := strings.ToLower(k.Key)
			if _, ok := all.byName[lower]; ok {
				continue
			}
			all.byName[lower] = k
			if _, _, ok := reffile.CutPlaceholder(k.Key); ok {
				all.toFill = append(all.toFill, k)
			}
			before, _, _ := strings.Cut(lower, ":")
			all.prefixes[before] = true
		}
	}
	return all
})

// findKey returns the reference's key for one that a policy names: a global one, one of the service of its prefix, or
// else one that another service lists, as EC2's keys are in requests to others.
func findKey(key string) (authref.ConditionKey, bool) {
	if k, ok := authref.GlobalConditionKey(key); ok {
		return k, true
	}
	prefix, _, _ := strings.Cut(key, ":")
	if page, ok := authref.Lookup(prefix); ok {
		if k, ok := keyOn(page, key); ok {
			return *k, true
		}
	}
	all := keysOfAllServices()
	lower := strings.ToLower(key)
	if k, ok := all.byName[lower]; ok {
		return k, true
	}
	for _, k := range all.toFill {
		before, after, _ := reffile.CutPlaceholder(k.Key)
		if len(lower) > len(before)+len(after) && strings.HasPrefix(lower, strings.ToLower(before)) && strings.HasSuffix(lower, strings.ToLower(after)) {
			return k, true
		}
	}
	return authref.ConditionKey{}, false
}

// keyOn returns the key of a service's page for one that a policy names. The pages of some services write the tag's key,
// which is to be filled in, as tag-key or leave it out.
func keyOn(page *authref.Service, key string) (*authref.ConditionKey, bool) {
	if k, ok := page.ConditionKey(key); ok {
		return k, true
	}
	before, tag, ok := strings.Cut(key, "/")
	if !ok || tag == "" || !strings.HasSuffix(strings.ToLower(before), "tag") {
		return nil, false
	}
	if k, ok := page.ConditionKey(before + "/tag-key"); ok {
		return k, true
	}
	return page.ConditionKey(before + "/")
}

// typeOfKey returns the type of a key's values, if the key is known. The keys of federated providers are said to be
// strings, which no page promises.
func typeOfKey(key string) (authref.ConditionType, bool) {
	prefix, _, _ := strings.Cut(key, ":")
	if strings.Contains(prefix, ".") {
		return 0, false
	}
	k, ok := findKey(key)
	return k.Type, ok
}

// conditionKeys judges condition keys by themselves and with the statement's actions.
func (d *document) conditionKeys() {
	for _, s := range d.statements {
		for i, c := range s.condition {
			if d.checkKey(c) && i < len(few(s.condition)) {
				d.checkRelevance(s, c)
			}
		}
	}
}

// checkKey reports a key that does not exist, and says whether it does.
func (d *document) checkKey(c *condition) bool {
	prefix, name, ok := strings.Cut(c.key, ":")
	lower := strings.ToLower(c.key)
	if !ok || prefix == "" || name == "" || strings.Contains(prefix, " ") {
		d.report("INVALID_CONDITION_KEY_FORMAT", c.keyAt, "the condition key %s is not of the form service:key", quoted(c.key))
		return false
	}
	if strings.Contains(prefix, ".") {
		return false // a federated provider's, which has what claims it likes
	}
	if instead, ok := unsupportedKeys[lower]; ok {
		code := "UNSUPPORTED_GLOBAL_CONDITION_KEY"
		if d.Type == Resource {
			code = "DEPRECATED_GLOBAL_CONDITION_KEY"
		}
		d.report(code, c.keyAt, "the key %s is no more; use %s", c.key, instead)
		return false
	}
	if strings.Contains(prefix, "${") { // as in a CDK template
		d.report("INVALID_CONDITION_KEY_FORMAT", c.keyAt, "the condition key %s has a policy variable, which a key cannot have", quoted(c.key))
		return false
	}
	if _, ok := findKey(c.key); ok {
		return true
	}
	if _, ok := findKey(strings.TrimSuffix(c.key, "/") + "/x"); ok && !strings.Contains(strings.TrimSuffix(name, "/"), "/") {
		d.report("MISSING_TAG_KEY_IN_CONDITION", c.keyAt, "the condition key %s says of no tag; write %s/tag-key", quoted(c.key), strings.TrimSuffix(c.key, "/"))
		return false
	}
	if strings.EqualFold(prefix, "aws") {
		d.report("INVALID_GLOBAL_CONDITION_KEY", c.keyAt, "there is no global condition key %s%s", quoted(c.key), d.suggestKey(c.key, authref.GlobalConditionKeys()))
		return false
	}
	page, known := authref.Lookup(prefix)
	if !known && !keysOfAllServices().prefixes[strings.ToLower(prefix)] {
		d.report("INVALID_SERVICE", c.keyAt, "no service has condition keys with the prefix %s%s", quoted(prefix), d.suggestService(prefix))
		return false
	}
	var keys []authref.ConditionKey
	if known {
		keys = page.ConditionKeys
	}
	d.report("INVALID_SERVICE_CONDITION_KEY", c.keyAt, "%s has no condition key %s%s", prefix, quoted(c.key), d.suggestKey(c.key, keys))
	return false
}

// suggestKey names the key that is most like another, as the end of a sentence, or those that there are, if they are few.
func (d *document) suggestKey(key string, keys []authref.ConditionKey) string {
	var names []string
	if d.suggestions < maxSuggestions {
		for _, k := range keys {
			names = append(names, k.Key)
		}
	}
	if best := d.nearest(key, names); best == "" && len(names) > 0 && len(names) <= 10 {
		return "; it has " + andList(names)
	}
	return d.didYouMean(key, names)
}

// checkRelevance reports a key that exists, but says nothing here.
func (d *document) checkRelevance(s *statement, c *condition) {
	lower := strings.ToLower(c.key)
	if pairs := pairedKeys[lower]; pairs != nil && !slices.ContainsFunc(pairs, s.has) {
		d.report("MISSING_PAIRED_CONDITION_KEYS", c.keyAt, "%s says little without %s, since any network can have such an address; add it", c.key, orList(pairs))
	}
	if types, ok := irrelevantKeys[lower]; ok && (d.Type == Resource || d.Type == Trust) && (types == nil || slices.Contains(types, d.ResourceType)) {
		d.report("IRRELEVANT_CONDITION_KEY_IN_POLICY", c.keyAt, "%s is about the resource that the policy is attached to, so it is always the same; use it in identity-based policies", c.key)
	}
	d.checkActionsHaveKey(s, c)
	if c.known && c.family != nullFamily {
		d.checkEffective(s, c)
	}
}

// checkEffective reports a condition that is easily met or avoided by who should not.
func (d *document) checkEffective(s *statement, c *condition) {
	switch lower := strings.ToLower(c.key); {
	case untrustworthyKeys[lower] && !s.principal.onlyServices():
		d.report("UNTRUSTWORTHY_CONDITION_KEY", c.keyAt, "callers send what they like as %s; use a key of the principal or the network", c.key)
	case lower == "s3:prefix" && s.effect == policy.Deny && !c.negated:
		d.report("S3_PREFIX_IN_NEGATIVE_CONTEXT", c.keyAt, "a request with a shorter prefix is not denied, and lists the same objects; deny with StringNotLike what may not be listed")
	case lower == "s3:prefix" && s.effect == policy.Allow && c.negated:
		d.report("S3_PREFIX_IN_NEGATIVE_CONTEXT", c.keyAt, "a request with a shorter prefix is allowed, and lists these objects, too; allow with StringLike what may be listed")
	case lower == "dynamodb:attributes" && s.effect == policy.Allow && !s.has("dynamodb:Select") && s.selects():
		d.report("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", c.keyAt, `a read that names no attributes returns all of them; ask for "dynamodb:Select": "SPECIFIC_ATTRIBUTES", too`)
	}
}

// selects reports whether the statement's actions include one of DynamoDB that returns the attributes it is asked for.
func (s *statement) selects() bool {
	page, ok := authref.Lookup("dynamodb")
	if !ok || s.action.not {
		return ok
	}
	return slices.ContainsFunc(few(s.action.values), func(v value) bool {
		prefix, name, _ := strings.Cut(v.Text, ":")
		return isAllActions(v.Text) || strings.EqualFold(prefix, page.Prefix) && someHasKey(page, name, "dynamodb:Select")
	})
}

// checkActionsHaveKey reports actions, written out, whose requests never have the key of another or the same service.
// Patterns are left out, as AWS does: that some of what they match has not the key is often meant.
func (d *document) checkActionsHaveKey(s *statement, c *condition) {
	prefix, _, _ := strings.Cut(strings.ToLower(c.key), ":")
	if _, global := authref.GlobalConditionKey(c.key); global || prefix == "aws" || s.action.not || c.ifExists || c.family == nullFamily {
		return
	}
	var without []string
	var at []Location
	for _, v := range few(s.action.values) {
		if strings.ContainsAny(v.Text, "*?") {
			continue
		}
		if a, ok := authref.LookupAction(v.Text); ok && !hasKey(a, c.key) {
			without, at = append(without, a.String()), append(at, v.location())
		}
	}
	if len(without) > 0 {
		if len(without) > 5 {
			without = append(without[:5:5], "others")
		}
		at = append(at[:min(len(at), maxLocations-1)], c.value.location())
		d.reportAll("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", at, "requests for %s have no %s; move them to a statement without the key", andList(without), c.key)
	}
}

func andList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// hasKey reports whether requests for an action can have a condition key: the action lists it, or a resource type that it
// acts on does.
func hasKey(a *authref.Action, key string) bool {
	page, ok := authref.Lookup(a.Service)
	if !ok {
		return false
	}
	k, ok := keyOn(page, key)
	if !ok {
		return false
	}
	if slices.Contains(a.ConditionKeys, k.Key) {
		return true
	}
	for _, r := range a.Resources {
		if slices.Contains(r.ConditionKeys, k.Key) {
			return true
		}
		if t, ok := page.ResourceType(r.Type); ok && slices.Contains(t.ConditionKeys, k.Key) {
			return true
		}
	}
	return false
}

// tagKeys judges conditions on the tags of resources, with actions whose requests do not have these.
func (d *document) tagKeys() {
	for _, s := range d.statements {
		for _, c := range few(s.condition) {
			if len(c.key) > len("aws:ResourceTag/") && strings.EqualFold(c.key[:len("aws:ResourceTag/")], "aws:ResourceTag/") && c.holdsOnlyIfPresent() {
				d.checkTagKey(s, c)
			}
		}
	}
}

func (d *document) checkTagKey(s *statement, c *condition) {
	effect := strings.ToUpper(string(s.effect))
	if effect == "" || !s.action.present {
		return
	}
	if s.action.not {
		d.report(effect+"_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", c.keyAt,
			"%s is not in the requests for many of the actions that NotAction leaves, so these are not %s; list the actions in Action", c.key, past(effect))
		return
	}
	supported := map[string]bool{} // by service
	first := map[string]Location{}
	for _, v := range few(s.action.values) {
		prefix, name, _ := strings.Cut(v.Text, ":")
		page, ok := authref.Lookup(prefix)
		if !ok {
			continue
		}
		if _, ok := first[page.Prefix]; !ok {
			first[page.Prefix] = v.location()
		}
		if !supported[page.Prefix] {
			supported[page.Prefix] = someHasKey(page, name, c.key)
		}
	}
	var without []string
	for prefix := range first {
		if !supported[prefix] {
			without = append(without, prefix)
		}
	}
	if len(without) == 0 {
		return
	}
	slices.Sort(without)
	at := []Location{c.keyAt}
	for _, prefix := range without {
		at = append(at, first[prefix])
	}
	d.reportAll(effect+"_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", at,
		"requests for these actions of %s have no %s, so they are not %s; move them to a statement without the key", andList(without), c.key, past(effect))
}

func past(effect string) string {
	if effect == "DENY" {
		return "denied"
	}
	return "allowed"
}

// someHasKey reports whether some action of the service that the pattern matches has the key.
func someHasKey(page *authref.Service, pattern, key string) bool {
	if _, ok := keyOn(page, key); !ok {
		return false
	}
	return slices.ContainsFunc(page.Actions, func(a authref.Action) bool {
		return matchesAction(pattern, strings.ToLower(a.Name)) && hasKey(&a, key)
	})
}
