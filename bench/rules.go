package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// A rule is a statement, reduced to what the peers have in common: sets of actions, resource patterns, and a few condition
// operators.
type rule struct {
	id         string // unique among the policies: "identity/0/2" is statement 2 of the first identity-based policy
	deny       bool
	anyAction  bool
	actions    []string // in AWS's spelling; none if anyAction
	resources  []string // patterns; none if any resource will do
	conditions []policy.Condition
	statement  policy.Statement // that it comes from
}

// rules converts the statements of documents. None of the peers has wildcards on actions that it can look up, so a pattern
// becomes the actions that the service authorization reference knows; and none ignores case, so these are in AWS's
// spelling, as the requests are. Statements that the peers do not express are returned as they are.
func rules(t policiesOfType) (list []rule, omitted []policy.Statement, err error) {
	for i, doc := range t.documents {
		for j, s := range doc.Statements {
			if !common(s) {
				omitted = append(omitted, s)
				continue
			}
			r := rule{id: t.name + "/" + strconv.Itoa(i) + "/" + strconv.Itoa(j), deny: s.Effect == policy.Deny, conditions: s.Condition, statement: s}
			for _, pattern := range s.Action.Strings() {
				if pattern == "*" {
					r.anyAction = true
					continue
				}
				names, err := authref.Expand(pattern)
				if err != nil {
					return nil, nil, err
				}
				if len(names) == 0 {
					// The reference need not know an action for it to be granted; and a statement whose
					// pattern no known action matches stays one.
					names = []string{pattern}
				}
				r.actions = append(r.actions, names...)
			}
			if r.anyAction {
				r.actions = nil
			}
			slices.Sort(r.actions)
			r.actions = slices.Compact(r.actions)
			if resources := s.Resource.Strings(); !slices.Contains(resources, "*") {
				r.resources = resources
			}
			list = append(list, r)
		}
	}
	return list, omitted, nil
}

// common reports whether all peers but casbin, which has no conditions, express a statement as it is converted here. Cedar's like has no
// wildcard for one character, and no peer has policy variables; brackets would be special in OPA's and casbin's patterns.
func common(s policy.Statement) bool {
	if s.Principal != nil || s.Action.Not || s.Resource.Not {
		return false
	}
	for _, r := range s.Resource.Strings() {
		if strings.ContainsAny(r, `?$[]{}\`) {
			return false
		}
	}
	for _, c := range s.Condition {
		if _, ok := operators[c.Operator.Text]; !ok {
			return false
		}
		for _, v := range c.Strings() {
			if strings.ContainsAny(v, `$\`) {
				return false
			}
		}
	}
	return true
}

// An operator is a condition operator in Cedar's words and in OPA's, for a key and a list of values. The rest of AWS's some
// fifty operators would need code of our own in either, and no policy that matters here uses them.
type operator struct {
	cedar func(key string, values []string) string
	rego  func(key string, values []string) string
}

// operators are those that the peers express. In the context that they are given, a key that AWS declares as multivalued
// is a set (in OPA, an array), any other a string.
var operators = map[string]operator{
	"StringEquals": {
		cedar: func(key string, values []string) string {
			k := strconv.Quote(key)
			return "context has " + k + " && " + cedarSet(values) + ".contains(context[" + k + "])"
		},
		rego: func(key string, values []string) string { return regoKey(key) + " in " + regoSet(values) },
	},
	"ForAnyValue:StringEquals": {
		cedar: func(key string, values []string) string {
			k := strconv.Quote(key)
			if len(values) == 1 {
				return "context has " + k + " && context[" + k + "].contains(" + strconv.Quote(values[0]) + ")"
			}
			return "context has " + k + " && context[" + k + "].containsAny(" + cedarSet(values) + ")"
		},
		rego: func(key string, values []string) string {
			if len(values) == 1 {
				return strconv.Quote(values[0]) + " in " + regoKey(key) // a form that OPA can index
			}
			return "some value in " + regoKey(key) + "; value in " + regoSet(values)
		},
	},
	"ForAllValues:StringEquals": {
		cedar: func(key string, values []string) string {
			k := strconv.Quote(key)
			return "(!(context has " + k + ") || " + cedarSet(values) + ".containsAll(context[" + k + "]))"
		},
		rego: func(key string, values []string) string {
			return "every value in object.get(input.context, " + strconv.Quote(key) + ", []) { value in " + regoSet(values) + " }"
		},
	},
	"Null": {
		cedar: func(key string, values []string) string {
			if values[0] == "true" {
				return "!(context has " + strconv.Quote(key) + ")"
			}
			return "context has " + strconv.Quote(key)
		},
		rego: func(key string, values []string) string {
			if values[0] == "true" {
				return "not " + regoKey(key)
			}
			return regoKey(key)
		},
	},
}

func quoted(values []string) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(v))
	}
	return b.String()
}

func cedarSet(values []string) string { return "[" + quoted(values) + "]" }

func regoSet(values []string) string { return "{" + quoted(values) + "}" }

func regoKey(key string) string { return "input.context[" + strconv.Quote(key) + "]" }
