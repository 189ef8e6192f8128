package needs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// A Deployer is who deploys.
type Deployer struct {
	Policies  *eval.Policies
	Principal eval.Principal
	Account   string // that is deployed to; what stands for * in ARNs …
	Region    string // … likewise
}

// A Denial is a call that the policies do not allow.
type Denial struct {
	Call     *Call
	Request  *eval.Request // the call with an example in place of what is not known
	Decision eval.Decision
	Reason   string
	// Grant is the smallest statement that would allow it, unless something denies it.
	Grant *policy.Statement
}

// Certain reports whether the call is made for certain, as far as is known: it is not an upper bound, or all that is known of its type
// is one. CloudFormation does without the others where they are denied.
func (c *Call) Certain() bool { return !c.Upper || c.For != nil && !Known(c.For.Type) }

// Decide decides every call by the engine, and returns those that are not allowed, in the order of the calls. Where a resource is a
// pattern, an example of it is decided: what the policies say of names that nobody can know cannot be told beforehand.
func Decide(calls []Call, d *Deployer) (denials []Denial, err error) {
	for i := range calls {
		c := &calls[i]
		req, err := d.Request(c)
		if err != nil {
			return nil, err
		}
		decision := d.Policies.Decide(req)
		if decision.Allowed() {
			continue
		}
		e := d.Policies.Explain(req)
		n := Denial{Call: c, Request: req, Decision: decision, Reason: reasonOf(e)}
		if decision.Outcome == eval.ImplicitDeny {
			n.Grant = c.grant()
		}
		denials = append(denials, n)
	}
	return denials, nil
}

// Request returns the call as a request.
func (d *Deployer) Request(c *Call) (*eval.Request, error) {
	values := maps.Clone(c.Context)
	if values == nil {
		values = map[string][]string{}
	}
	values["aws:ViaAWSService"] = []string{"false"}
	if c.Through != "" {
		values["aws:CalledVia"], values["aws:ViaAWSService"] = []string{c.Through}, []string{"true"}
	}
	for key, list := range values {
		values[key] = slices.Clone(list)
		for i := range values[key] {
			values[key][i] = d.Example(values[key][i])
		}
	}
	context, err := condition.NewContext(values)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Action, err)
	}
	return &eval.Request{Principal: d.Principal, Action: c.Action, Resource: d.Example(c.Resource), ResourceAccount: d.Account, Context: context}, nil
}

// example stands for what is not known of a name. No policy is likely to name it.
const example = "1EXAMPLE"

// Example returns a resource, or another text, with an example for each *. One that is * alone stays as it is.
func (d *Deployer) Example(pattern string) string {
	if pattern == "*" || !strings.Contains(pattern, "*") {
		return pattern
	}
	parts := strings.SplitN(pattern, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" {
		for i, value := range []string{1: "aws", 3: d.Region, 4: d.Account} {
			if parts[i] == "*" {
				parts[i] = value
			}
		}
		pattern = strings.Join(parts, ":")
	}
	return strings.ReplaceAll(pattern, "*", example)
}

// reasonOf says in a clause why a request is denied.
func reasonOf(e *eval.Explanation) string {
	if e.Decision.Outcome == eval.ExplicitDeny {
		for _, m := range e.Matched {
			if m.Source.Effect == policy.Deny {
				return "denied by " + m.Name()
			}
		}
		return "AWS allows it to nobody"
	}
	for _, b := range e.BlockedBy {
		return fmt.Sprintf("the %s does not allow it", b)
	}
	for _, element := range []string{"Condition", "Resource"} {
		for _, n := range e.NearMisses {
			if n.Element == element {
				return fmt.Sprintf("%s would allow it, but for its %s: %s", n.Name(), element, n.Reason)
			}
		}
	}
	return "no statement allows it"
}

// grant returns a statement that allows the call and as little else as a statement can.
func (c *Call) grant() *policy.Statement {
	s := statement("", []string{c.Action}, []string{c.Resource}, c.conditions())
	return &s
}

// conditions are those under which the call is made: the service that makes it, and to which a role is passed.
func (c *Call) conditions() (list []policy.Condition) {
	if c.Through != "" {
		list = append(list, conditionOf("ForAnyValue:StringEquals", "aws:CalledVia", c.Through))
	}
	if c.Action == "iam:PassRole" && len(c.Context[passedToService]) > 0 {
		list = append(list, conditionOf("StringEquals", passedToService, c.Context[passedToService]...))
	}
	return list
}

const passedToService = "iam:PassedToService"

func conditionOf(operator, key string, texts ...string) policy.Condition {
	return policy.Condition{Operator: policy.Value{Text: operator}, Key: policy.Value{Text: key}, Values: values(texts...).Values}
}

func values(texts ...string) (e policy.Element) {
	for _, text := range texts {
		e.Values = append(e.Values, policy.Value{Text: text})
	}
	return e
}

func statement(sid string, actions, resources []string, conditions []policy.Condition) policy.Statement {
	return policy.Statement{Sid: policy.Value{Text: sid}, Effect: policy.Allow, Action: values(actions...), Resource: values(resources...), Condition: conditions}
}

// spelled returns an action as the service reference spells it.
func spelled(action string) string {
	if a, ok := authref.LookupAction(action); ok {
		return a.String()
	}
	return action
}
