package needs

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// # The table
//
// The files calls_*.go say which calls CloudFormation makes for a resource type. A type has the ARN of its resources and rules:
//
//	"AWS::DynamoDB::Table": of("dynamodb:$R:$A:table/{Name}",
//		create("dynamodb:CreateTable DescribeTable"),
//		change("dynamodb:UpdateTimeToLive").with("TimeToLiveSpecification"),
//		pass("RoleARN", "dynamodb.amazonaws.com"))
//
// A rule has the phases in which its calls are made and the actions, of which a word without a prefix is of the service before it. Its
// calls are made always, or only with a property that is set. They act on the type's ARN unless the rule names another with on, and on *
// if the service authorization reference says that the action acts on no resource.
//
// In the template of an ARN, of which arn: and the partition are left out, $R is the region and $A the account, {Name} the physical
// name, {Path.To.Property} the text of a property or * if that is not known, {} the value of the property that with names, {.Member} a
// member of it, and {@} the ARN of the resource that it refers to, by whatever attribute. A filter may follow: {FunctionName|function}.
// In a path, * stands for every item of a list or every member of a map.

// A resourceType is what the table says of a type.
type resourceType struct {
	arn   string
	rules []rule
}

// A rule says which calls are made in some phases.
type rule struct {
	phases  []Phase
	actions []string
	paths   []string // of the properties of which one must be set; none: always
	is      []string // the values that the property must have; none: any
	not     []string // the values that it must not have
	tagged  bool     // made if the resource has tags, be they the stack's
	arns    []string // templates, of which the first is taken that makes an ARN; none: the type's
	context map[string]string
	of      string // the service of which the value must be an ARN; "": any
	text    string // what the value must have in it
	unset   string // a property that must not be set
	also    string // a property that must be set too
	// upperBound says that the calls are those of the type's schema, and may not be made.
	upperBound bool
}

// types is the whole table, by type.
var types = sync.OnceValue(func() map[string]resourceType {
	all := map[string]resourceType{}
	for _, part := range []map[string]resourceType{
		cloudformationCalls(), cognitoCalls(), appsyncCalls(), dynamodbCalls(), s3Calls(), lambdaCalls(), iamCalls(), apigatewayCalls(), othersCalls(),
	} {
		maps.Copy(all, part)
	}
	return all
})

// of makes a type of the ARN of its resources and of rules.
func of(arn string, rules ...rule) resourceType { return resourceType{arn: arn, rules: rules} }

func create(actions string) rule { return in(actions, Create) }
func read(actions string) rule   { return in(actions, Read) }
func update(actions string) rule { return in(actions, Update) }
func remove(actions string) rule { return in(actions, Delete) }

// change is for what creating and updating have in common.
func change(actions string) rule { return in(actions, Create, Update) }

// always is for what every phase calls.
func always(actions string) rule { return in(actions, Create, Read, Update, Delete) }

// in makes a rule for phases.
func in(actions string, phases ...Phase) rule {
	r := rule{phases: phases}
	service := ""
	for _, action := range strings.Fields(actions) {
		if prefix, _, ok := strings.Cut(action, ":"); ok {
			service = prefix
		} else {
			action = service + ":" + action
		}
		r.actions = append(r.actions, action)
	}
	return r
}

// pass makes a rule that the role in a property is passed to a service: "" if it is not documented which principal that is.
func pass(property string, service string) rule {
	r := change("iam:PassRole").with(property).on("{}", "iam::$A:role/{|role}")
	if service != "" {
		r = r.ctx("iam:PassedToService", service)
	}
	return r
}

// key makes a rule for the calls on the key that a property holds.
func key(actions string, property string) rule {
	return onKey(change(actions).with(property))
}

// onKey has a rule act on the key that its property holds: by ARN, by id, or by an alias, which says nothing of the key.
func onKey(r rule) rule { return r.on("{|keyARN}", "kms:$R:$A:key/{|key}") }

// with restricts a rule to resources of which one of the properties is set.
func (r rule) with(paths ...string) rule { r.paths = paths; return r }

// on has a rule's calls act on another ARN: the first of the templates that makes one.
func (r rule) on(arns ...string) rule { r.arns = arns; return r }

// equals restricts a rule to some values of its property.
func (r rule) equals(values ...string) rule { r.is = values; return r }

// differs restricts a rule to other values of its property.
func (r rule) differs(values ...string) rule { r.not = values; return r }

// tags restricts a rule to resources with tags: of a property, or of the stack.
func (r rule) tags(paths ...string) rule { r.paths, r.tagged = paths, true; return r }

// ctx adds what the request of a rule's calls carries.
func (r rule) ctx(key, template string) rule {
	context := maps.Clone(r.context)
	if context == nil {
		context = map[string]string{}
	}
	context[key] = template
	r.context = context
	return r
}

// property is the property that asks for a rule's calls.
func (r *rule) property() string {
	if len(r.paths) == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.ReplaceAll(r.paths[0], ".*", ""), ".")
}

// matches are the values for which a rule's calls are made: one nil value for a rule without properties, and none if it does not apply.
func (r *rule) matches(resource *Resource) []*Value {
	if r.unset != "" && isSet(resource, r.unset) || r.also != "" && !resource.Properties.Has(r.also) {
		return nil
	}
	if len(r.paths) == 0 && !r.tagged {
		return []*Value{nil}
	}
	var found []*Value
	for _, path := range r.paths {
		found = append(found, at(resource.Properties, strings.Split(path, "."))...)
	}
	found = slices.DeleteFunc(found, func(v *Value) bool { return !r.accepts(v) })
	if r.tagged {
		if len(found) > 0 {
			return found[:1]
		}
		if len(resource.Tags) > 0 {
			return []*Value{nil}
		}
		return nil
	}
	return found
}

// accepts reports whether a rule's calls are, or may be, made for a value of its property.
func (r *rule) accepts(v *Value) bool {
	if r.of != "" && !ofService(v, r.of) {
		return false
	}
	if v.Unknown || v.Pattern {
		return true
	}
	text := v.Or("*")
	return (len(r.is) == 0 || slices.Contains(r.is, text)) && !slices.Contains(r.not, text) && strings.Contains(text, r.text)
}

// isSet reports whether a property certainly has a value.
func isSet(resource *Resource, property string) bool {
	v := resource.Properties.Get(property)
	return v != nil && !v.Unknown && v.Kind != Null
}

// at returns the values at a path, of which there may be several for a *. What is unknown is there.
func at(v *Value, path []string) []*Value {
	switch {
	case v == nil || v.Kind == Null && !v.Unknown:
		return nil
	case v.Unknown || len(path) == 0:
		return []*Value{v}
	case path[0] != "*":
		return at(v.Get(path[0]), path[1:])
	}
	var found []*Value
	for _, item := range v.Items {
		found = append(found, at(item, path[1:])...)
	}
	for _, m := range v.Members {
		found = append(found, at(m.Value, path[1:])...)
	}
	return found
}

// lookup returns the value that a template's variable names, its filter left out.
func lookup(variable string, r *Resource, v *Value) *Value {
	variable, _, _ = strings.Cut(variable, "|")
	from := r.Properties
	if variable == "" || variable[0] == '.' {
		from, variable = v, strings.TrimPrefix(variable, ".")
	}
	if variable == "" {
		return from
	}
	if found := at(from, strings.Split(variable, ".")); len(found) > 0 {
		return found[0]
	}
	return nil
}

// fill fills in the variables of a template.
func (c *caller) fill(template string, r *Resource, v *Value) string {
	or := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	var out strings.Builder
	for template != "" {
		switch {
		case strings.HasPrefix(template, "$R"):
			out.WriteString(or(c.Region))
			template = template[2:]
		case strings.HasPrefix(template, "$P"):
			out.WriteString(c.Partition)
			template = template[2:]
		case strings.HasPrefix(template, "$A"):
			out.WriteString(or(c.Account))
			template = template[2:]
		case template[0] == '{':
			variable, rest, _ := strings.Cut(template[1:], "}")
			out.WriteString(c.variable(variable, r, v))
			template = rest
		default:
			out.WriteByte(template[0])
			template = template[1:]
		}
	}
	text := out.String()
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return text
}

// variable is the text of one variable of a template.
func (c *caller) variable(variable string, r *Resource, v *Value) string {
	name, filter, _ := strings.Cut(variable, "|")
	text := ""
	switch name {
	case "Name":
		text = r.Name
		if text == "" {
			text = lookup(name, r, v).Or("")
		}
	case "Stack":
		text = r.Stack.Name // of a root, for which the resource was made
	case "LogicalID":
		text = r.LogicalID
	default:
		text = lookup(name, r, v).Or("")
	}
	if f := filters[filter]; f != nil {
		return f(text)
	}
	if text == "" {
		return "*"
	}
	return text
}

// filters take out of a text the part that an ARN needs. Each gives * for what is not known.
var filters = map[string]func(string) string{
	"function": functionName,
	"last": func(s string) string {
		return known(s[strings.LastIndexAny(s, ":/")+1:])
	},
	"role": func(s string) string { return known(after(s, ":role/")) },
	"key": func(s string) string {
		if strings.Contains(s, "alias/") {
			return "*"
		}
		return known(after(s, ":key/"))
	},
	"keyARN": func(s string) string {
		if !strings.Contains(s, ":key/") {
			return "*"
		}
		return s
	},
	"bucket": bucketName,
	// The bucket and the key in the address of an object.
	"bucketOf": func(s string) string {
		if !isAddress(s) {
			return "*"
		}
		return bucketName(s)
	},
	"object": objectKey,
	"domain": func(s string) string { // bucket.s3.amazonaws.com
		bucket, _, _ := strings.Cut(s, ".s3")
		return known(bucket)
	},
	"path": func(s string) string { // of IAM: it begins and ends with a slash
		if s == "" {
			return "/"
		}
		return s
	},
	"relative": func(s string) string { return known(strings.TrimPrefix(s, "/")) },
	"alias":    func(s string) string { return known(strings.TrimPrefix(s, "alias/")) },
	"host":     func(s string) string { return known(strings.TrimPrefix(s, "https://")) },
	"image": func(s string) string { // account.dkr.ecr.region.amazonaws.com/repository:tag
		_, repository, _ := strings.Cut(s, "/")
		repository, _, _ = strings.Cut(repository, "@")
		repository, _, _ = strings.Cut(repository, ":")
		return known(repository)
	},
}

// known is a text, or * if there is none.
func known(s string) string {
	if s == "" {
		return "*"
	}
	return s
}

// after is what follows the last separator in an ARN, or the whole text if that is none.
func after(s, separator string) string {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[i+len(separator):]
	}
	return s
}

// functionName is the name of a function that is given by name, ARN or the account and name, without a version or alias.
func functionName(s string) string {
	if i := strings.Index(s, "function:"); i >= 0 {
		s = s[i+len("function:"):]
	}
	s, _, _ = strings.Cut(s, ":")
	return known(s)
}

// bucketName is the name of a bucket that is given by name, by ARN or by the address of an object in it.
func bucketName(s string) string {
	if i := strings.Index(s, ":s3:::"); i >= 0 {
		bucket, _, _ := strings.Cut(s[i+len(":s3:::"):], "/")
		return known(bucket)
	}
	rest, isURL := strings.CutPrefix(s, "https://")
	if !isURL {
		rest, isURL = strings.CutPrefix(s, "s3://")
		if isURL {
			bucket, _, _ := strings.Cut(rest, "/")
			return known(bucket)
		}
		return known(s)
	}
	host, path, _ := strings.Cut(rest, "/")
	if bucket, _, ok := strings.Cut(host, ".s3"); ok { // bucket.s3.us-east-1.amazonaws.com/key
		return known(bucket)
	}
	bucket, _, _ := strings.Cut(path, "/") // s3.us-east-1.amazonaws.com/bucket/key
	return known(bucket)
}

// isAddress reports whether a text is the address or the ARN of an object, and not a path on the machine of who deploys, which stands for
// what aws cloudformation package uploads.
func isAddress(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "s3://") || strings.Contains(s, ":s3:::")
}

// objectKey is the key of an object that is given by ARN or address.
func objectKey(s string) string {
	switch {
	case strings.Contains(s, ":s3:::"):
		_, key, _ := strings.Cut(after(s, ":s3:::"), "/")
		return known(key)
	case strings.HasPrefix(s, "s3://"):
		_, key, _ := strings.Cut(s[len("s3://"):], "/")
		return known(key)
	case strings.HasPrefix(s, "https://"):
		host, key, _ := strings.Cut(s[len("https://"):], "/")
		if !strings.Contains(host, ".s3") {
			_, key, _ = strings.Cut(key, "/")
		}
		key, _, _ = strings.Cut(key, "?")
		return known(key)
	}
	return "*"
}

// upper marks a rule's calls as an upper bound: the schema of the type has them, but a deployment is not known to make them. So are those
// marked that AdministratorAccess-Amplify, with which such resources are deployed every day, does not grant.
func (r rule) upper() rule { r.upperBound = true; return r }

// matching restricts a rule to values that have, or may have, a text in them.
func (r rule) matching(text string) rule { r.text = text; return r }

// without restricts a rule to resources that do not have a property.
func (r rule) without(property string) rule { r.unset = property; return r }

// needs restricts a rule to resources that have a property beside the one that asks for its calls.
func (r rule) needs(property string) rule { r.also = property; return r }

// service restricts a rule to values that are, or may be, ARNs of a service.
func (r rule) service(name string) rule { r.of = name; return r }

// ofService reports whether a value is the ARN of something of a service, as far as is known.
func ofService(v *Value, service string) bool {
	if v.Of != nil {
		if parts := strings.Split(v.Of.Type, "::"); len(parts) == 3 && parts[0] == "AWS" && parts[1] != "CloudFormation" {
			return strings.EqualFold(parts[1], service)
		}
	}
	parts := strings.SplitN(v.Or("*"), ":", 4)
	if len(parts) < 3 {
		return v.Unknown || v.Pattern
	}
	return parts[2] == service || parts[2] == "*"
}
