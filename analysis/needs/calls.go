package needs

import (
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// CloudFormation is the service that makes the calls for the resources of a stack.
const CloudFormation = "cloudformation.amazonaws.com"

// CallOptions are what Calls is told beside the stacks.
type CallOptions struct {
	Partition string // "aws" if empty
	Region    string // not known if empty: *
	Account   string // likewise
	Phases    []Phase
	// Schemas has the handlers of types that Writ has no table of, from AWS's published resource schemas.
	Schemas map[string]Handlers
	// Tool is what deploys: its own calls are in as well. None is AWS's command line.
	Tool Tool
	// Bucket is the bucket that the templates and the code are put into, or a pattern for its name. If empty, it is the tool's.
	Bucket string
}

// Handlers are the actions that the handlers of a resource type may call, by phase: an upper bound over all its properties.
type Handlers map[Phase][]string

// An Unknown is a resource of which Calls cannot say what it needs.
type Unknown struct {
	Resource *Resource
	Reason   string
	Pos      policy.Pos
}

// Calls returns the calls that deploying stacks makes, in the order in which they are made, and the resources of which it cannot say.
// The stacks are those of Evaluate: the root first, nested ones after it. CallOptions.Phases are those of a first deployment if none are
// named. The calls of a type for which only a schema is there are marked as Upper. Calls that are made of what is Conditional, or
// of properties of which the value is not known, are all in.
func Calls(stacks []*Stack, options CallOptions) ([]Call, []Unknown) {
	if options.Partition == "" {
		options.Partition = "aws"
	}
	if len(options.Phases) == 0 {
		options.Phases = []Phase{Create, Read}
	}
	c := &caller{CallOptions: options, types: types(), nested: map[*Resource][]*Stack{}, seen: map[identity]int{}}
	var roots []*Stack
	for _, s := range stacks {
		if s.Parent == nil {
			roots = append(roots, s)
		} else {
			c.nested[s.Parent] = append(c.nested[s.Parent], s)
		}
	}
	// A stack is created and read, then updated and read, then deleted backwards.
	for _, pass := range [][]Phase{{Create, Read}, {Update, Read}, {Delete}} {
		c.pass = slices.DeleteFunc(pass, func(p Phase) bool { return !slices.Contains(options.Phases, p) })
		for _, s := range roots {
			c.stack(s)
		}
	}
	return c.calls, c.unknown
}

// Known reports whether there is a table of a resource type's calls.
func Known(resourceType string) bool {
	_, known := types()[resourceType]
	return known || custom(resourceType)
}

// A caller collects calls.
type caller struct {
	CallOptions
	types   map[string]resourceType
	nested  map[*Resource][]*Stack
	pass    []Phase
	calls   []Call
	unknown []Unknown
	seen    map[identity]int // where the calls are that are there already
}

// An identity is what makes two calls the same.
type identity struct {
	of                                      *Resource
	phase                                   Phase
	action, resource, through, why, context string
}

// stack adds the calls of a root stack.
func (c *caller) stack(s *Stack) {
	if len(c.pass) == 0 {
		return
	}
	c.stackOperations(s)
	c.resources(s)
}

// resources adds the calls for the resources of a stack, and of the stacks that are nested in it.
func (c *caller) resources(s *Stack) {
	c.transforms(s)
	c.lookedUp(s, nil)
	order := slices.Clone(s.Resources)
	deleting := slices.Contains(c.pass, Delete)
	if deleting {
		slices.Reverse(order)
	}
	for _, r := range order {
		if deleting && r.Retained {
			continue
		}
		c.lookedUp(s, r)
		c.resource(r)
		templates := 0
		for _, nested := range c.nested[r] {
			if nested.Template != nil || len(nested.Resources) > 0 {
				templates++
			}
			c.resources(nested)
		}
		if r.Type == stackType && templates == 0 {
			c.notKnown(r, "The template of this nested stack is not among those that were given.")
		}
	}
}

// resource adds the calls for a resource.
func (c *caller) resource(r *Resource) {
	t, known := c.types[r.Type]
	if !known && custom(r.Type) {
		t, known = c.types["AWS::CloudFormation::CustomResource"]
	}
	handlers, published := c.Schemas[r.Type]
	_, told := handlers[Create]
	switch {
	case known:
		for _, phase := range c.pass {
			for i := range t.rules {
				c.rule(r, t, &t.rules[i], phase)
			}
		}
	case told:
		for _, phase := range c.pass {
			for _, action := range expand(handlers[phase]) {
				c.add(Call{Action: action, Resource: "*", Through: CloudFormation, Phase: phase, For: r, Pos: r.Pos, Upper: true})
			}
		}
	case published: // of a type that CloudFormation makes by itself, the schema has no handlers
		c.notKnown(r, "There is no table of the calls that CloudFormation makes for the type "+r.Type+", and its schema does not say what is called to make one.")
	default:
		c.notKnown(r, "There is no table of the calls that CloudFormation makes for the type "+r.Type+", and no schema of it was given.")
	}
}

// notKnown adds a resource to those of which it cannot be said what they need, unless it is there from another pass.
func (c *caller) notKnown(r *Resource, reason string) {
	if !slices.ContainsFunc(c.unknown, func(u Unknown) bool { return u.Resource == r }) {
		c.unknown = append(c.unknown, Unknown{Resource: r, Pos: r.Pos, Reason: reason})
	}
}

// expand spells the actions of a schema as the reference does, and has every action that a pattern matches. What the reference does not
// know is left as it is.
func expand(patterns []string) (actions []string) {
	for _, pattern := range patterns {
		if names, err := authref.Expand(pattern); err == nil && len(names) > 0 {
			actions = append(actions, names...)
		} else {
			actions = append(actions, pattern)
		}
	}
	return actions
}

// rule adds the calls of one rule of a resource type.
func (c *caller) rule(r *Resource, t resourceType, rule *rule, phase Phase) {
	if !slices.Contains(rule.phases, phase) {
		return
	}
	for _, v := range rule.matches(r) {
		property, pos := rule.property(), r.Pos
		if v != nil && v.Pos != (policy.Pos{}) && (r.Stack == nil || r.Stack.Template == nil || v.File == r.Stack.Template.File) {
			pos = v.Pos
		}
		for _, action := range rule.actions {
			call := Call{
				Action: action, Resource: c.resourceOf(r, t, rule, v, action), Through: CloudFormation,
				Phase: phase, For: r, Property: property, Pos: pos, Upper: rule.upperBound,
			}
			for key, template := range rule.context {
				value := c.contextValue(template, r, v)
				if value == "" {
					continue
				}
				if call.Context == nil {
					call.Context = map[string][]string{}
				}
				call.Context[key] = []string{value}
			}
			c.add(call)
		}
	}
}

// contextValue is what a request carries: an ARN if the template is one, and "" if the property that it names is not set.
func (c *caller) contextValue(template string, r *Resource, v *Value) string {
	if strings.Count(template, "{") != 1 || template[0] != '{' || !strings.HasSuffix(template, "}") {
		return c.fill(template, r, v)
	}
	if arn := c.arn(template, r, v); arn != "" {
		return arn
	}
	if lookup(strings.Trim(template, "{}"), r, v) == nil {
		return ""
	}
	return c.fill(template, r, v)
}

// resourceOf is the ARN that an action of a rule acts on.
func (c *caller) resourceOf(r *Resource, t resourceType, rule *rule, v *Value, action string) string {
	if a, ok := authref.LookupAction(action); ok && !a.TakesResource() {
		return "*"
	}
	templates := rule.arns
	if len(templates) == 0 {
		templates = []string{t.arn}
	}
	for _, template := range templates {
		if template == "*" {
			return "*"
		}
		if arn := c.arn(template, r, v); arn != "" {
			return arn
		}
	}
	return "*"
}

// arn fills in a template, and returns "" if that does not make an ARN.
func (c *caller) arn(template string, r *Resource, v *Value) string {
	switch {
	case template == "{@}":
		if v != nil && v.Of != nil {
			return v.Of.ARN()
		}
		return ""
	case !strings.HasPrefix(template, "{"):
		return "arn:" + c.Partition + ":" + c.fill(template, r, v)
	}
	if arn := c.fill(template, r, v); strings.HasPrefix(arn, "arn:") {
		return arn
	}
	return ""
}

// add adds a call, unless it is there already.
func (c *caller) add(call Call) {
	if call.Module == "" {
		call.Module = Module(call.For)
	}
	key := identity{of: call.For, phase: call.Phase, action: call.Action, resource: call.Resource, through: call.Through, why: call.Why}
	for _, name := range slices.Sorted(maps.Keys(call.Context)) {
		key.context += name + "=" + strings.Join(call.Context[name], ",") + "\n"
	}
	i, there := c.seen[key]
	switch {
	case !there:
		c.seen[key] = len(c.calls)
		c.calls = append(c.calls, call)
	case c.calls[i].Upper && !call.Upper:
		c.calls[i] = call
	}
}

// custom reports whether a type is one of custom resources, which a function or a topic of the template's author makes.
func custom(resourceType string) bool { return strings.HasPrefix(resourceType, "Custom::") }
