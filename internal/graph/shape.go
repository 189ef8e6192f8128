package graph

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/internal/bitset"
)

const assumeRole = "sts:AssumeRole"

// A shape is a method as the graph takes it: what of it an account that is known settles.
type shape struct {
	*escalate.Method
	kind    string           // of principals that it is for; empty: both
	judged  *escalate.Method // what the policies must allow, and nothing else
	steps   []bitset.Set     // of each step of it, the actions of which one must be granted
	actions bitset.Set       // all of these
	self    bool             // it acts on the holder
	target  string           // "user" or "role", if it acts on one, or makes the holder one
	on      []string         // the actions that act on the target
	must    [][]string       // these, by step: one of each must be allowed on the target
	unbinds bool             // it takes the target's permissions boundary away
	policy  []string         // likewise on a customer managed policy: the target's, or else the holder's
	version bool             // an earlier version of it comes back
	group   []string         // likewise on a group …
	joins   bool             // … that the holder is not in yet
	assumes bool             // the target must trust the holder
	service string           // the role must trust it
	trusts  string           // or a provider of a kind: "saml-provider", "oidc-provider"
	fixed   []string         // the actions on the provider
	profile bool             // the role must be in an instance profile
	makes   bool             // what is gained goes to an identity that the holder makes
	lifts   change           // what it takes away
	needs   []string         // what nobody can see in the details
}

var (
	onRole     = escalate.Resource{Type: "role", Name: escalate.Other}
	onUser     = escalate.Resource{Type: "user", Name: escalate.Other}
	onGroup    = escalate.Resource{Type: "group", Name: escalate.Other}
	onPolicy   = escalate.Resource{Type: "policy", Name: escalate.Other}
	onProfile  = escalate.Resource{Type: "instance-profile", Name: escalate.Other}
	roleSelf   = escalate.Resource{Type: "role", Name: escalate.Self}
	userSelf   = escalate.Resource{Type: "user", Name: escalate.Self}
	providerOf = map[string]escalate.Resource{
		"saml-provider": {Type: "saml-provider", Name: escalate.Other},
		"oidc-provider": {Type: "oidc-provider", Name: escalate.Other},
	}
)

// settled are the needs of methods that an account settles, with what is left of them to assume.
var settled = map[string]string{
	"a group that the holder is in":                                                  "",
	"a group that the holder is in, with a Deny":                                     "",
	"a group with an administrator's policy":                                         "",
	"a customer managed policy that the holder has":                                  "",
	"a customer managed policy that the holder has, with a version that allows more": "",
	"a role without a permissions boundary":                                          "",
	"a role without a permissions boundary that trusts the account":                  "",
	"a role with a permissions boundary that trusts the account":                     "",
	"a user with a permissions boundary, and with fewer than two access keys":        "fewer than two access keys of the user",
	"a role with a customer managed policy":                                          "",
	"a role with a customer managed policy that trusts the account":                  "",
	"a user without a permissions boundary, and with fewer than two access keys":     "fewer than two access keys of the user",
	"a permissions boundary of the holder":                                           "",
	"an inline policy of the holder with a Deny":                                     "",
	"a managed policy of the holder with a Deny":                                     "",
	needsUser:    "",
	needsProfile: "",
}

const (
	needsUser    = "a holder that is a user"
	needsProfile = "an instance profile of the role"
	closed       = "which AWS closed" // what nobody can use any more
)

// newShape returns the shape of a method, or nil for one that makes nobody another principal.
func (g *Graph) newShape(m *escalate.Method) *shape {
	if m.Gains == escalate.Application || slices.ContainsFunc(m.Needs, func(need string) bool { return strings.Contains(need, closed) }) {
		return nil
	}
	s := &shape{Method: m, kind: m.Kind(), judged: &escalate.Method{ID: m.ID, Gains: m.Gains}, target: m.Target.Kind, actions: bitset.New(len(g.actions))}
	if m.Gains != escalate.Principal {
		s.target = ""
	}
	for _, need := range m.Needs {
		switch need {
		case needsProfile:
			s.profile = true
		case needsUser:
			s.kind = "user"
		}
		left, ok := settled[need]
		if !ok {
			left = need
		}
		if left != "" {
			s.needs = append(s.needs, left)
		}
	}
	trustWritten, makesUser := false, false
	for _, step := range m.Steps {
		for _, c := range step {
			trustWritten = trustWritten || c.Action == "iam:UpdateAssumeRolePolicy"
			makesUser = makesUser || c.On.Name == escalate.Own && (c.On.Type == "user" || c.On.Type == "role")
		}
	}
	s.makes = makesUser
	if m.Target.Trusts != "" {
		switch {
		case strings.HasSuffix(m.Target.Trusts, ".amazonaws.com"):
			s.service = m.Target.Trusts
		case strings.Contains(m.Target.Trusts, "SAML"):
			s.trusts = "saml-provider"
		default:
			s.trusts = "oidc-provider"
		}
	}
	if m.Target.Running {
		s.needs = append([]string{"something in " + m.Target.Trusts + " that runs with the role"}, s.needs...)
	}
	for _, step := range m.Steps {
		var left escalate.Step
		granted := bitset.New(len(g.actions))
		free := false
		var must []string
		for _, c := range step {
			switch {
			case c.Action == assumeRole && !c.Trusted && c.On == onRole && !trustWritten:
				s.assumes, s.target = true, "role"
				continue
			case s.trusts != "" && c.On.Type == s.trusts && c.On.Name != escalate.Other:
				continue // no role trusts a provider that is yet to be made
			case makesUser && c.On == onGroup:
				continue // the other calls of the step do as well, without a group
			}
			left = append(left, c)
			switch c.On {
			case onRole, onUser:
				s.target = c.On.Type
				if !c.Trusted {
					add(&s.on, c.Action)
					add(&must, c.Action)
					s.unbinds = s.unbinds || strings.HasSuffix(c.Action, "PermissionsBoundary")
				}
			case roleSelf, userSelf:
				s.self = true
				add(&s.on, c.Action)
			case onGroup:
				add(&s.group, c.Action)
				s.joins = s.joins || c.Action == "iam:AddUserToGroup"
			case onPolicy:
				add(&s.policy, c.Action)
				s.version = s.version || c.Action == "iam:SetDefaultPolicyVersion"
			default:
				if s.trusts != "" && c.On == providerOf[s.trusts] {
					add(&s.fixed, c.Action)
				}
			}
			if c.Trusted {
				free = true
			} else {
				granted.Add(g.place[c.Action])
			}
			s.lifts |= liftOf(c.Action, m.Gains)
		}
		if len(left) == 0 {
			continue
		}
		if len(must) > 0 {
			s.must = append(s.must, must)
		}
		s.judged.Steps = append(s.judged.Steps, left)
		s.actions.Union(granted)
		if !free {
			s.steps = append(s.steps, granted)
		}
	}
	return s
}

func liftOf(action string, gains escalate.Gain) change {
	switch {
	case gains != escalate.Restriction:
		return 0
	case strings.HasSuffix(action, "PermissionsBoundary"):
		return unbounded
	case strings.Contains(action, "Group"):
		return noGroup
	case strings.Contains(action, ":Detach"):
		return noAttached
	}
	return noInline
}

// granted reports whether some Allow is about each step.
func (s *shape) granted(allows bitset.Set) bool {
	return !slices.ContainsFunc(s.steps, func(step bitset.Set) bool { return !step.Meets(allows) })
}

// isAssume reports whether the method is to assume a role, and nothing else.
func (s *shape) isAssume() bool { return s.assumes && len(s.judged.Steps) == 0 }
