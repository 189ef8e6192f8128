package escalate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// This file makes small policies of large ones: what they say of one action on one resource. Only conditions are left to
// reason about then, and not the patterns of all resources.

// distilled returns policies that say of a call on a resource, made directly or forwarded by a service, what the holder's say; nil if some type of policies that must allow it
// does not, whatever the conditions. A resource of * stands for any.
func (s *Asker) distilled(c *Call, resource, via string) (*prove.Subject, error) {
	key := c.Action + " " + resource + " " + via
	if c.Trusted {
		key += " trusted"
	}
	if subject, ok := s.small[key]; ok {
		return subject, nil
	}
	subject, err := s.distil(c, resource, via)
	if err == nil {
		s.small[key] = subject
	}
	return subject, err
}

func (s *Asker) distil(c *Call, resource, via string) (*prove.Subject, error) {
	of := map[*policy.Statement]*statement{}
	for _, st := range s.about(c.Action) {
		of[st.src] = st
	}
	blocked := false
	// gate gathers what the policies of a type say; at least one statement must allow.
	gate := func(docs []*policy.Document) []*policy.Document {
		var list []*policy.Document
		allows := false
		for _, doc := range docs {
			small := &policy.Document{Version: doc.Version}
			for i := range doc.Statements {
				st := of[&doc.Statements[i]]
				if st == nil || !st.applies(s, resource, via) {
					continue
				}
				one := st.src.Clone()
				one.Action = values(c.Action)
				if resource != "*" && !st.depends(s, resource) {
					one.Resource = values("*")
				}
				small.Statements = append(small.Statements, one)
				allows = allows || one.Effect == policy.Allow
			}
			if len(small.Statements) > 0 {
				list = append(list, small)
			}
		}
		blocked = blocked || !allows
		return list
	}
	p := &s.documents
	var small prove.Policies
	if c.Trusted { // which the trust policy allows: only what denies counts, and what bears on all
		small.Identity = append(gate(p.Identity), everything)
		blocked = false
	} else {
		small.Identity = gate(p.Identity)
		if p.Boundary != nil {
			if list := gate([]*policy.Document{p.Boundary}); len(list) > 0 {
				small.Boundary = list[0]
			}
		}
		if len(p.Session) > 0 {
			small.Session = gate(p.Session)
		}
	}
	for _, level := range p.SCPs {
		small.SCPs = append(small.SCPs, gate(level))
	}
	must := blocked
	for _, level := range p.RCPs { // which only deny
		small.RCPs = append(small.RCPs, gate(level))
	}
	if must {
		return nil, nil
	}
	return prove.NewSubject(small)
}

// settledKeys are keys whose values follow from how a request is made, in lower case.
var settledKeys = func() map[string]bool {
	keys := map[string]bool{}
	for _, k := range append([]string{calledVia, calledVia + "First", calledVia + "Last", viaService, isService, secure}, absent...) {
		keys[strings.ToLower(k)] = true
	}
	return keys
}()

// depends reports whether it takes values of the context that are not settled to say whether the statement is about a resource: a
// tag of the holder that its Resource element has as a policy variable, say.
func (st *statement) depends(s *Asker, resource string) bool {
	return slices.ContainsFunc(st.named, func(key string) bool { return !s.isSettled(&Call{}, resource, key) })
}

// applies reports whether the statement is about a resource, in requests that are made in some way, whatever the other
// conditions say.
func (st *statement) applies(s *Asker, resource, via string) bool {
	anywhere := resource == "*" || !st.src.Resource.Present() || st.depends(s, resource)
	compiled := &st.onResource
	if anywhere {
		compiled = &st.anywhere
	}
	if *compiled == nil {
		bare := policy.Statement{Effect: policy.Allow, Action: values("*"), Resource: st.src.Resource}
		if anywhere {
			bare.Resource = values("*")
		}
		for i := range st.src.Condition {
			if settledKeys[strings.ToLower(st.src.Condition[i].Key.Text)] {
				bare.Condition = append(bare.Condition, st.src.Condition[i])
			}
		}
		p, err := eval.Compile(&policy.Document{Version: st.version, Statements: []policy.Statement{bare}}, eval.Identity)
		if err != nil {
			return true // it was compiled before, so this does not happen; taken to apply, it is asked about
		}
		*compiled = p
	}
	context, err := condition.NewContext(s.contextOf(&Call{}, resource, nil, via))
	if err != nil {
		return true
	}
	return (*compiled).Outcome(&eval.Request{Principal: s.who, Action: "writ:Any", Resource: resource, ResourceAccount: s.account, Context: context}) == eval.Allowed
}
