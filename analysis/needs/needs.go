// Package needs says what deploying CloudFormation templates needs: the calls that are made, on which resources, and the least policy
// that allows them.
//
// # The way of a template
//
// A [Template] is read from its source by package internal/cfn, as a tree of [Node]. [Evaluate] works out its conditions, mappings and
// functions as far as they can be known before a deployment, and follows nested stacks: what comes of it are [Resource] values,
// whose properties are [Value] trees. A text of which a part is known only after the deployment, such as the id of a user pool or the
// name that CloudFormation makes up, is a pattern with * in place of that part.
//
// What is known errs on the side of more. Where it cannot be known which branch Fn::If takes, the value has what either sets; a resource under
// a condition that cannot be known is there, as Conditional. A template that is not given, and what a macro such as
// AWS::Serverless-2016-10-31 adds, cannot be seen at all: the [Stack] has a [Note] that says so, and the resources that the macro
// would replace keep their types. A template that CloudFormation would refuse is a [*TemplateError] with the file and the place: a
// name that stands for nothing, a circle, a list where a text belongs.
//
// [Calls] says for each resource which calls CloudFormation makes for it with the permissions of the one who deploys, by its type
// and by the properties that are set, and which are made beside it: on the stacks, the deployment bucket, by Amplify's own tools. A
// type that it does not know is said to be unknown, and never left out.
package needs

import (
	"github.com/writ-iam/writ/policy"
)

// A Kind is a kind of value in a template.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Map
)

// A Node is a value of a template as it is written, functions included: {"Ref": "Name"}, or !Ref Name in YAML, which is read as the same.
type Node struct {
	Kind    Kind
	Text    string // of a Text; of a Bool or Number as it is written
	Items   []*Node
	Members []Member // in the order of the source
	Pos     policy.Pos
}

// A Member is a member of a Map.
type Member struct {
	Name string
	Pos  policy.Pos // of the name
	Node *Node
}

// A Template is one as it was read.
type Template struct {
	File string // its name, for messages
	Root *Node
}

// A Value is a value of a property after evaluation.
type Value struct {
	Kind    Kind
	Text    string // as in Node. Of a Text that is a pattern, * stands for what is not known
	Pattern bool   // a Text in which every * stands for something that is not known before the deployment
	Unknown bool   // nothing is known of it: neither kind nor value. All accessors treat it as there
	Items   []*Value
	Members []ValueMember
	// Of is the logical id of the resource whose Ref or GetAtt the value is, and Attribute the attribute ("" for Ref), if it is just that.
	Of        *Resource
	Attribute string
	Pos       policy.Pos
	File      string

	choices []*Value // of a pattern that is one of several values, which one is not known
	open    bool     // of a List: how many items there are, and which stands where, is not known
	prefix  bool     // of an open List: all but the last item are known to stand where they do
}

// A ValueMember is a member of a Map.
type ValueMember struct {
	Name  string
	Value *Value
}

// A Resource is one that a deployment makes.
type Resource struct {
	Type       string // "AWS::Lambda::Function"
	LogicalID  string
	Stack      *Stack
	Properties *Value // a Map; nil if there are none
	// Name is the physical name if the type has one and it is known, or a pattern for it: "amplify-app-dev-*-Fn-*".
	Name        string
	Tags        map[string]string // on the resource, with those of the stack; a pattern where not known
	Retained    bool              // DeletionPolicy Retain: not deleted with the stack
	Conditional bool              // whether it is made depends on what is not known before the deployment
	Pos         policy.Pos        // of the logical id
	DependsOn   []*Resource       // by DependsOn and by what its properties refer to
}

// A Stack is one that is deployed: of a template, or nested.
type Stack struct {
	Name      string // or a pattern
	Parent    *Resource
	Template  *Template   // nil if it was not found among those given: see Notes
	Resources []*Resource // in the order in which they are made
	Tags      map[string]string
	Lookups   []Lookup
	Notes     []Note

	deployment *Deployment // of which it is
}

// A Lookup is a value that CloudFormation fetches with the permissions of the one who deploys: for a parameter of a type such as
// AWS::SSM::Parameter::Value<String>, or for a dynamic reference such as {{resolve:secretsmanager:name}}.
type Lookup struct {
	Service string    // "ssm", "ssm-secure" or "secretsmanager"
	Name    string    // of the parameter or secret, or its ARN; a pattern where not known
	For     *Resource // nil for a parameter of the stack
	Pos     policy.Pos
}

// A Note is what is not known of a stack, and ought to be said: its template was not given, or a macro adds what no one knows.
type Note struct {
	File string
	Pos  policy.Pos
	Text string
}

// A Call is one that a deployment makes.
type Call struct {
	Action string
	// Resource is an ARN, or a pattern for one; * for an action that acts on no resource.
	Resource string
	Context  map[string][]string // what the request carries: iam:PassedToService
	// Through is the service that makes the call for the one who deploys: "cloudformation.amazonaws.com"; empty for a direct call.
	Through string
	Phase   Phase
	Module  string // "Auth", "API", "Storage", "Functions", "Hosting", "Analytics", "Geo", "Interactions", "Predictions" or "Core"
	// For says what asks for the call: the resource, and the property if it is one; nil for a call of a tool.
	For      *Resource
	Property string // "BucketEncryption"
	Pos      policy.Pos
	Upper    bool   // an upper bound: the call may not be made
	Why      string // of a call of a tool: what makes it, as in "amplify push"
}

// A Phase is when in the life of a stack a call is made.
type Phase uint8

// The phases. Deploying for the first time takes those of Create and Read.
const (
	Create Phase = iota
	Read         // after creating and updating, to learn attributes
	Update
	Delete
)

// String returns "create", "read", "update" or "delete".
func (p Phase) String() string { return [...]string{"create", "read", "update", "delete"}[p] }

// Get returns the value of a path of members, or nil: v.Get("VersioningConfiguration", "Status").
func (v *Value) Get(path ...string) *Value {
	for _, name := range path {
		if v == nil {
			return nil
		}
		if v.Unknown {
			return v
		}
		var next *Value
		for i := range v.Members {
			if v.Members[i].Name == name {
				next = v.Members[i].Value
			}
		}
		v = next
	}
	return v
}

// Has reports whether there is, or may be, a value at a path.
func (v *Value) Has(path ...string) bool {
	found := v.Get(path...)
	return found != nil && (found.Unknown || found.Kind != Null)
}

// Or returns the text of v, or another if there is none or nothing is known of it.
func (v *Value) Or(other string) string {
	if v == nil || v.Unknown || v.Kind == Null || v.Kind == List || v.Kind == Map {
		return other
	}
	return v.Text
}
