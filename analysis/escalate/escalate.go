// Package escalate says what a policy really lets its holder become.
//
//	a, err := escalate.Analyze(ctx, &escalate.Holder{Policies: prove.Policies{Identity: docs}}, escalate.Options{})
//	…
//	fmt.Println(a.Administration)         // whether the holder can become an administrator
//	for _, r := range a.Shortest.Requests { // and by which requests
//		fmt.Println(r.Action, r.Resource)
//	}
//
// # Methods
//
// There are many ways in which permissions let their holder gain more: it attaches an administrator's policy to a role, makes an
// access key for another user, runs code with a role that it passes to a service. [Methods] is the table of them. A method is
// calls in their order, each on a resource and with what the request must carry, and what comes of them.
//
// # By meaning
//
// Each method is judged by what the policies mean, not by the names of actions in them. The
// resources of a type are taken apart into cells that no pattern of the policies tells apart (package internal/lang). For one
// resource of each cell, all calls of a method on it must be allowed by package eval: with the identity-based policies, within the
// permissions boundary and the SCPs, and past every Deny. Where conditions have to do with it, package analysis/prove looks for a
// context with which the call is allowed, among those in which the request can be made at all:
//
//   - The keys that say what a call asks for have the values that the method needs: a role is passed to the service that the
//     method runs it in, and has no permissions boundary if it is to be an administrator's.
//   - Nobody chooses the keys that follow from how a request is made. A direct request has no aws:CalledVia and no
//     aws:SourceArn; one that CloudFormation forwards has aws:CalledVia.
//   - Facts about the holder, its surroundings and the resources (aws:MultiFactorAuthPresent, aws:SourceIp, tags) are taken to be
//     such that the call is allowed, if any values are, and [Finding.Assumes] says so.
//   - All else is the holder's to choose.
//
// So each method has a [Status], and each usable one a sequence of requests that eval allows, one by one.
//
// # What is not looked at
//
// The policies are those of one principal. Whether an administrator's role exists that a service may assume is outside of them:
// [Finding.Needs] says what there must be. The graph of an account (internal/graph) knows.
package escalate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// Options bound an analysis. The zero Options are good defaults.
type Options struct {
	MaxStates int // as in package prove
}

// An Analysis is what some policies let their holder become.
type Analysis struct {
	// Administration says whether the holder can become an administrator, one with all that the SCPs leave: Refuted is no, Proved
	// is yes, if what the shortest way assumes and needs is so.
	Administration prove.Answer
	// Full says that the policies are an administrator's already.
	Full bool
	// Shortest is the way to administration with the least needs and, among those, the fewest requests; nil if there is none or
	// no way is needed.
	Shortest *Finding
	Findings []*Finding // of all methods, in the order of the table
}

// ErrNoPolicies is the error about a holder without identity-based policies, who is allowed nothing.
var ErrNoPolicies = errors.New("the holder has no identity-based policies")

// Analyze judges all methods for a holder. The error is [ErrNoPolicies], a [*prove.PolicyError], one about the principal, or that of ctx.
func Analyze(ctx context.Context, h *Holder, o Options) (*Analysis, error) {
	return analyze(ctx, h, o, true)
}

func analyze(ctx context.Context, h *Holder, o Options, lifting bool) (*Analysis, error) {
	who, err := newPersons(ctx, h, o)
	if err != nil {
		return nil, err
	}
	a := &Analysis{Administration: prove.Refuted}
	limit := prove.Policies{Identity: []*policy.Document{everything}, SCPs: h.Policies.SCPs, RCPs: h.Policies.RCPs}
	unknown := false
	if all, err := isAdministrator(ctx, limit, h.Policies, who.subject, o); err != nil {
		return nil, err
	} else if all == prove.Proved {
		a.Full, a.Administration = true, prove.Proved
	} else {
		unknown = all == prove.Unknown
	}
	unbounded := h.Policies.Boundary == nil || a.Full
	if !unbounded {
		limit := limit
		limit.Identity = []*policy.Document{h.Policies.Boundary}
		r, err := prove.Exceeds(ctx, prove.Policies{Identity: []*policy.Document{everything}}, limit, prove.Options{First: true, MaxStates: o.MaxStates})
		if err != nil {
			return nil, err
		}
		unbounded = r.Answer == prove.Proved
	}
	lifts := map[string]*Analysis{}
	for _, m := range methods {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f := who.judge(m)
		a.Findings = append(a.Findings, f)
		if f.Status.Usable() {
			switch m.Gains {
			case Administration:
				f.Administration = unbounded || m.leavesLimits()
				if !f.Administration && f.Status == Open && m.rewrites() { // the boundary first
					f.Administration = true
					f.Requests = slices.Concat(f.Requests, f.Requests)
					f.Needs = append(f.Needs, "a permissions boundary that is a customer managed policy")
				}
			case Principal:
				f.Administration = true
			case Restriction:
				if lifting && !a.Full {
					if err := lift(ctx, h, o, f, lifts); err != nil {
						return nil, err
					}
				}
			}
		}
		unknown = unknown || f.Status == Unknown && m.Gains <= Principal
	}
	if !a.Full {
		a.Shortest = shortest(a.Findings)
		switch {
		case a.Shortest != nil:
			a.Administration = prove.Proved
		case unknown:
			a.Administration = prove.Unknown
		}
	}
	return a, nil
}

// isAdministrator says whether policies allow all that a limit does. Most do not allow some one thing, which is found out at once.
func isAdministrator(ctx context.Context, limit, p prove.Policies, subject *prove.Subject, o Options) (prove.Answer, error) {
	most, err := prove.NewSubject(limit)
	if err != nil {
		return prove.Unknown, err
	}
	request := &eval.Request{Action: "iam:CreateUser", Resource: "arn:aws:iam::" + exampleAccount + ":user/any"}
	if most.Policies().Decide(request).Allowed() && !subject.Policies().Decide(request).Allowed() {
		return prove.Refuted, nil
	}
	r, err := prove.Exceeds(ctx, limit, p, prove.Options{First: true, MaxStates: o.MaxStates})
	if err != nil {
		return prove.Unknown, err
	}
	return r.Answer, nil
}

func kindOf(principal string) (string, error) {
	a, err := arn.Parse(principal)
	if err != nil {
		return "", err
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	if a.Service != "iam" || name == "" || kind != "user" && kind != "role" {
		return "", fmt.Errorf("%s is no ARN of a user or role", principal)
	}
	return kind, nil
}

// kind returns the kind of principal that a method is for; empty: both.
func (m *Method) kind() string {
	kind := ""
	for _, step := range m.Steps {
		for _, c := range step {
			switch {
			case c.On.Name == Self:
				return c.On.Type
			case c.On.Type == "group" && !m.leavesLimits(): // that the holder is in, or joins
				kind = "user"
			}
		}
	}
	return kind
}

// leavesLimits reports whether what a method gains is had by another user or role, which the holder's own boundary does not bear on.
func (m *Method) leavesLimits() bool {
	return slices.ContainsFunc(m.Steps, func(s Step) bool {
		return slices.ContainsFunc(s, func(c Call) bool { return c.On.Name != Self && (c.On.Type == "user" || c.On.Type == "role") })
	})
}

// lift says whether what a method takes away is what kept the holder from administration.
func lift(ctx context.Context, h *Holder, o Options, f *Finding, lifts map[string]*Analysis) error {
	free := *h
	what := "a Deny"
	if f.Method.liftsBoundary() {
		if what = "the boundary"; h.Policies.Boundary == nil {
			return nil
		}
		free.Policies.Boundary = nil
	} else {
		free.Policies.Identity = nil
		some := false
		for _, doc := range h.Policies.Identity {
			d := *doc
			d.Statements = slices.DeleteFunc(slices.Clone(doc.Statements), func(s policy.Statement) bool { return s.Effect == policy.Deny })
			some = some || len(d.Statements) < len(doc.Statements)
			if len(d.Statements) > 0 {
				free.Policies.Identity = append(free.Policies.Identity, &d)
			}
		}
		if !some || len(free.Policies.Identity) == 0 {
			return nil
		}
	}
	a := lifts[what]
	if a == nil {
		var err error
		if a, err = analyze(ctx, &free, o, false); err != nil {
			return err
		}
		lifts[what] = a
	}
	if a.Administration != prove.Proved {
		return nil
	}
	f.Administration = true
	if a.Shortest != nil {
		f.Requests = append(f.Requests, a.Shortest.Requests...)
		for _, n := range a.Shortest.Needs {
			if !slices.Contains(f.Needs, n) {
				f.Needs = append(f.Needs, n)
			}
		}
	}
	return nil
}

// rewrites reports whether a method is that of writing any customer managed policy.
func (m *Method) rewrites() bool {
	return len(m.Steps) == 1 && len(m.Steps[0]) == 1 && m.Steps[0][0].Action == "iam:CreatePolicyVersion"
}

func (m *Method) liftsBoundary() bool {
	return slices.ContainsFunc(m.Steps, func(s Step) bool {
		return slices.ContainsFunc(s, func(c Call) bool { return strings.HasSuffix(c.Action, "PermissionsBoundary") })
	})
}

// Order orders usable findings: those with the least needs first and, among those, the fewest requests.
func Order(f, g *Finding) int {
	return cmp.Or(
		cmp.Compare(min(len(f.Needs), 1), min(len(g.Needs), 1)),
		cmp.Compare(len(f.Assumes), len(g.Assumes)),
		cmp.Compare(len(f.Requests), len(g.Requests)),
		cmp.Compare(g.Status, f.Status),
		cmp.Compare(len(f.Needs), len(g.Needs)),
	)
}

// shortest returns the first way to administration in that order.
func shortest(findings []*Finding) (best *Finding) {
	for _, f := range findings {
		if f.Administration && (best == nil || Order(f, best) < 0) {
			best = f
		}
	}
	return best
}
