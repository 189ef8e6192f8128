package escalate

import "slices"

// A Method is one way in which permissions let their holder gain more. All are in [Methods].
type Method struct {
	ID     string   // as public lists and data have it: "iam-createrole-attach"
	Title  string   // what the holder does, as a clause: "makes a role, and attaches a policy to it"
	Steps  []Step   // in the order in which they are made
	Gains  Gain     // what comes of it …
	Target Target   // … and whom the holder becomes, if Gains is Principal
	Needs  []string // what else there must be, which no step makes, but for Target: each a noun phrase
	Source string   // who has described it
}

// A Gain is what comes of a method.
type Gain uint8

// The gains.
const (
	// Administration: whatever permissions the holder likes, for itself or for an identity that it has made.
	Administration Gain = iota + 1
	// Principal: the permissions of some other user or role: whoever is the [Target].
	Principal
	// Restriction: less of what keeps the holder back: its permissions boundary, or a Deny.
	Restriction
	// Application: what a user of an application has, or a credential for one service: no IAM principal.
	Application
)

// String returns "administration", "principal", "restriction" or "application".
func (g Gain) String() string {
	return [...]string{"", "administration", "principal", "restriction", "application"}[g]
}

// A Target is the user or role that the holder becomes.
type Target struct {
	Kind string // "user" or "role"
	// Trusts is who must be able to assume the role: a service ("lambda.amazonaws.com"), if the holder's code runs there with it,
	// or "" for the holder, by its account.
	Trusts string
	// Running says that the role must be in use already, by a resource that the holder takes over: it is not passed.
	Running bool
}

// A Step is one or more calls that do as well as each other. One of them is made.
type Step []Call

// A Call is a request that the holder makes.
type Call struct {
	Action string
	// On is what it acts on. Of an action with several resources it is the one that matters; any will do for the others that the
	// service reference says are required. The zero Resource stands for any.
	On Resource
	// With are values of the request's context, of which one will do: for iam:PassRole, iam:PassedToService.
	With map[string][]string
	// Without are context keys that the request must not have: a role with a permissions boundary is no administrator's.
	Without []string
	// Needs is what else there must be if this call is made.
	Needs []string
	// Trusted says that the role's trust policy, which the holder wrote, names it: no identity-based policy need allow the call.
	Trusted bool
}

// A Resource is one that a call acts on, of a type of the service reference. Calls that act on the same type by the same name
// act on the same resource.
type Resource struct {
	Type string // "role"; "" for the types that the action requires
	// Name tells resources of a type apart. Self is the holder; Own a resource that the holder makes, under a name that it likes;
	// Other one that exists. Names do not show in ARNs.
	Name string
}

// Names of resources.
const (
	Self  = "self"
	Own   = "own"
	Other = "other"
)

// Keys that steps ask about.
const (
	passedToService = "iam:PassedToService"
	policyARN       = "iam:PolicyARN"
	boundaryKey     = "iam:PermissionsBoundary"
)

// powerful are managed policies that it is worth attaching.
var powerful = []string{"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/IAMFullAccess"}

// do returns a step of one call, on a resource of a type, by name; without a type, on whatever the action acts on.
func do(action string, on ...string) Step {
	c := Call{Action: action}
	if len(on) > 0 {
		c.On = Resource{Type: on[0], Name: on[1]}
	}
	return Step{c}
}

// pass returns the step of passing the target, a role, to a service. It stands before the step that takes the role: AWS checks it when
// that call is made, so if one is forwarded both are.
func pass(service string) Step {
	return do("iam:PassRole", "role", Other).with(passedToService, service)
}

// oneOf returns the step of making one of some calls.
func oneOf(steps ...Step) Step { return slices.Concat(steps...) }

// with returns the step with one of some values of a context key in its calls.
func (s Step) with(key string, values ...string) Step {
	return s.each(func(c *Call) { c.With = map[string][]string{key: values} })
}

// without returns the step with no values of a key in its calls.
func (s Step) without(keys ...string) Step { return s.each(func(c *Call) { c.Without = keys }) }

// needing returns the step with what else there must be for its calls.
func (s Step) needing(needs ...string) Step { return s.each(func(c *Call) { c.Needs = needs }) }

// trusted returns the step with calls that a trust policy of the holder's own making allows.
func (s Step) trusted() Step { return s.each(func(c *Call) { c.Trusted = true }) }

func (s Step) each(change func(*Call)) Step {
	list := slices.Clone(s)
	for i := range list {
		change(&list[i])
	}
	return list
}

// Methods returns the table of methods, in its order, which is by service. It is shared and must not be changed.
func Methods() []*Method { return methods }

var methods = pointers(slices.Concat(ofIAM, ofLambda, ofCompute, ofBuild, ofData))

func pointers(list []Method) []*Method {
	all := make([]*Method, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all
}

// Lookup returns the method of an id.
func Lookup(id string) (*Method, bool) {
	i := slices.IndexFunc(methods, func(m *Method) bool { return m.ID == id })
	if i < 0 {
		return nil, false
	}
	return methods[i], true
}
