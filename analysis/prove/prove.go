// Package prove says what a change to policies means: exactly which requests one set of policies allows and another does
// not, with an example of each kind, or that there are none.
//
//	c, err := prove.Compare(ctx, before, after, prove.Options{})
//	…
//	fmt.Println(c.Verdict) // equivalent, broader, narrower, incomparable or unknown
//	for _, d := range c.Removes.Differences {
//		fmt.Println(d.Actions, d.When, d.Witness)
//	}
//
// [Exceeds] is one direction of it: what a allows and b does not. Its [Result] is [Proved] (nothing), [Refuted], with each
// class of actions that differs and a [Witness] for it, or [Unknown], with the reason. A witness is a whole request that
// package eval has confirmed to be allowed by the one and not by the other; an answer that cannot be confirmed is Unknown,
// never silently right. [Empty] and [Redundant] ask the same of one policy.
//
// # How it is decided
//
// Whatever policies say of a request, they say by patterns over its action, over the parts of its resource's ARN, and over
// the values of condition keys. Each of these is a dimension. In each, all texts that no pattern at hand tells apart are one
// cell, and one text stands for it: cells are found by walking one automaton for all patterns (package internal/lang), and for
// numbers, dates and addresses by cutting the line at each bound that is named. So the question becomes one over finitely
// many cells, which a search with propagation answers; and whether a condition holds in a cell is not worked out
// anew, but asked of package condition, for the text that stands for the cell.
//
//  1. What a and b have in common word for word is set aside: only what is left of each Allow statement of a can make a
//     difference.
//  2. The actions it allows are taken apart into classes that no statement tells apart, each with its names.
//  3. For each class few statements are left; a request is sought that one Allow of a matches and no Deny of a, and for
//     which every Allow of b fails or a Deny of b matches.
//  4. What is found becomes a request, and eval must confirm it.
//
// # What a request can be
//
// In the [Open] universe an action is any service and any name, a resource any ARN or *, and a context has any keys. In the
// [Reference] universe actions are those of package authref, a resource is of a type that the action acts on (or * if it acts
// on none), and the context has the keys that AWS lists for the action and its resource, and the global ones. Grants that
// can never apply, such as one of a StackSet action on the ARN of a stack, count in the first only.
//
// A key that AWS lists with one value has at most one; one that it lists as multivalued has any number; a key that nobody
// lists has any number if some condition asks for all or any of its values, and otherwise at most one. The keys that follow
// from the principal (aws:PrincipalArn, aws:username …) do follow from it, aws:ResourceAccount agrees with the ARN, and
// aws:CalledViaFirst and -Last with aws:CalledVia. Other keys are taken to be independent of each other.
//
// Identity-based policies, boundaries, session policies, SCPs and RCPs are compared by what they let through together, for
// users and sessions of roles (but those of service-linked roles, where SCPs or RCPs take part, which do not apply to them), and
// for the root user where only SCPs and RCPs are compared; the other side of a request across accounts is taken to allow it. A
// resource-based policy is compared by what it says itself, for all principals: those that it names, and others.
//
// # Policy variables
//
// A variable has the same value wherever it stands. Values are tried: a fresh one, each that some other pattern suggests, and
// none. If that leaves a doubt, because several patterns with wildcards would have to meet in a text with the variable, the answer
// is Unknown.
//
// # Bounds
//
// [Options.MaxStates] bounds the states of each automaton and the steps of each search, and the deadline of the context the
// time; where one of them is hit, the answer for that class of actions, or for all that are left, is Unknown and says so. A
// context that is cancelled ends the comparison with its error.
package prove

import (
	"context"
	"fmt"

	"github.com/writ-iam/writ/policy"
)

// A Universe says which requests count.
type Universe uint8

// The universes.
const (
	Open      Universe = iota // whatever could be a request
	Reference                 // those that the service authorization reference knows
)

// String returns "open" or "reference".
func (u Universe) String() string {
	if u == Reference {
		return "reference"
	}
	return "open"
}

// ParseUniverse reads what String returns.
func ParseUniverse(s string) (Universe, error) {
	switch s {
	case "open":
		return Open, nil
	case "reference":
		return Reference, nil
	}
	return Open, fmt.Errorf("unknown universe %q; expected open or reference", s)
}

// Policies are one side of a comparison: policy documents by type, as in eval.Policies. A side has either a Resource
// policy or policies of the other types. Without Identity on both sides, the limits alone are compared: boundary, session
// policies and SCPs are what is let through of all.
type Policies struct {
	Identity []*policy.Document   // of the principal and its groups
	Resource *policy.Document     // a resource-based policy; the trust policy of a role
	Boundary *policy.Document     // nil if there is none
	Session  []*policy.Document   // empty if none are passed
	SCPs     [][]*policy.Document // one list a level, from the root down
	RCPs     [][]*policy.Document // likewise

	nothing bool // is allowed
}

// Options bound a comparison. The zero Options are good defaults.
type Options struct {
	Universe  Universe
	MaxStates int // of an automaton, and steps of a search; 0 means 50,000
	// First ends the comparison at the first difference.
	First bool
}

const defaultStates = 50_000

func (o *Options) states() int {
	if o.MaxStates > 0 {
		return o.MaxStates
	}
	return defaultStates
}

// An Answer is what came of a question.
type Answer uint8

// The answers. The zero Answer is Unknown.
const (
	Unknown Answer = iota // for some class of actions no answer was found, and no difference for any
	Proved                // there is no such request
	Refuted               // there is one; see the differences
)

// String returns "unknown", "proved" or "refuted".
func (a Answer) String() string { return [...]string{"unknown", "proved", "refuted"}[a] }

// A Result is what one side allows and the other does not.
type Result struct {
	Answer      Answer
	Universe    Universe
	Differences []Difference // by the first of their actions
	Unknown     []Doubt
}

// A Difference is a class of actions that one side allows, under some circumstances, where the other does not.
type Difference struct {
	// Actions are the names in the class: actions of the service reference, and names that the policies give, as they
	// spell them. If the class has no such names, they are the patterns that it comes from.
	Actions []string
	// Patterns are patterns with wildcards that it comes from, if the class has names beyond Actions: of the statement that
	// allows it, or of the narrower one that denies it.
	Patterns []string
	// When says on which resource and under which conditions the side allows it, and where the other does, too. Empty:
	// always.
	When string
	// By are the statements that allow it; none where the limits alone are compared.
	By []StatementRef
	// Denied are the statements of the other side that deny it, if that is the difference.
	Denied  []StatementRef
	Witness Witness
}

// A Doubt is a class of actions of which it is not known whether it differs.
type Doubt struct {
	Actions []string
	Reason  string
}

// A StatementRef names a statement of a side.
type StatementRef struct {
	Policy    string // "identity[0]", "boundary[0]", "scp[1][0]", "resource"
	Statement int    // from 0
	Source    *policy.Statement
}

// A Witness is a request that one side allows and the other does not.
type Witness struct {
	Principal       string              // as eval.ParsePrincipal reads it; empty: a user of whom nothing matters
	SessionIssuer   string              // the role of a session, if its path matters; the user that federated, if that does
	Action          string              // "s3:GetObject"
	Resource        string              // an ARN, or "*"
	ResourceAccount string              // if the ARN does not say it, and it matters
	Context         map[string][]string // nil if it is empty
}

// A Verdict is what the second of two sides is beside the first.
type Verdict uint8

// The verdicts.
const (
	Undecided    Verdict = iota // neither proved nor refuted
	Equivalent                  // the same requests are allowed
	Broader                     // the second allows all that the first does, and more
	Narrower                    // the second allows less
	Incomparable                // each allows something that the other does not
)

// String returns "unknown", "equivalent", "broader", "narrower" or "incomparable".
func (v Verdict) String() string {
	return [...]string{"unknown", "equivalent", "broader", "narrower", "incomparable"}[v]
}

// A Comparison is what changes from one side to the other.
type Comparison struct {
	Verdict Verdict
	Adds    *Result // what the second side allows and the first does not
	Removes *Result // what the first side allows and the second does not
}

// Compare says what changes from a to b. The error is a [*PolicyError] for a policy that cannot be compiled,
// or that of a ctx that is cancelled.
func Compare(ctx context.Context, a, b Policies, o Options) (*Comparison, error) {
	q, err := newQuestion(a, b, o)
	if err != nil {
		return nil, err
	}
	c := new(Comparison)
	if c.Removes, err = q.ask(ctx); err != nil {
		return nil, err
	}
	if c.Adds, err = q.reversed().ask(ctx); err != nil {
		return nil, err
	}
	switch adds, removes := c.Adds.Answer, c.Removes.Answer; {
	case adds == Refuted && removes == Refuted:
		c.Verdict = Incomparable
	case adds == Unknown || removes == Unknown:
		c.Verdict = Undecided
	case adds == Refuted:
		c.Verdict = Broader
	case removes == Refuted:
		c.Verdict = Narrower
	default:
		c.Verdict = Equivalent
	}
	return c, nil
}

// Exceeds says what a allows and b does not. The error is as that of [Compare].
func Exceeds(ctx context.Context, a, b Policies, o Options) (*Result, error) {
	q, err := newQuestion(a, b, o)
	if err != nil {
		return nil, err
	}
	return q.ask(ctx)
}

// Empty says whether p allows nothing: the answer is [Proved] if so, and otherwise the differences are what it allows.
func Empty(ctx context.Context, p Policies, o Options) (*Result, error) {
	return Exceeds(ctx, p, p.none(), o)
}

// A PolicyError is that of a document on one of the sides.
type PolicyError struct {
	Side   int    // 0 for the first, 1 for the second
	Policy string // "identity[0]"; empty for what is wrong with the side as a whole
	Err    error  // a *policy.Error
}

func (e *PolicyError) Error() string {
	side := [...]string{"first", "second"}[e.Side]
	if e.Policy == "" {
		return fmt.Sprintf("the %s side: %v", side, e.Err)
	}
	return fmt.Sprintf("the %s side: %s: %v", side, e.Policy, e.Err)
}

// Unwrap returns the error of the document.
func (e *PolicyError) Unwrap() error { return e.Err }
