package main

import (
	"strings"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// writ is the engine of this repository, package eval.
type writ struct{}

func (writ) name() string { return "Writ" }

func (writ) module() string { return "" }

func (writ) limits() string { return "" }

func (writ) translate(p policies) (source, []policy.Statement, error) { return writSource(p), nil, nil }

type writSource policies

// compile parses and compiles the documents from their source, as the peers do theirs.
func (s writSource) compile() (program, error) {
	list := func(docs []document, t eval.PolicyType) (out []*eval.Policy, err error) {
		for _, d := range docs {
			doc, err := policy.Parse(d.src)
			if err != nil {
				return nil, err
			}
			p, err := eval.Compile(doc, t)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
		return out, nil
	}
	identity, err := list(s.identity, eval.Identity)
	if err != nil {
		return nil, err
	}
	boundary, err := list(s.boundary, eval.Boundary)
	if err != nil {
		return nil, err
	}
	scp, err := list(s.scp, eval.SCP)
	if err != nil {
		return nil, err
	}
	p := &writProgram{eval.Policies{Identity: identity}}
	if len(boundary) > 0 {
		p.policies.Boundary = boundary[0]
	}
	if len(scp) > 0 {
		p.policies.SCPs = [][]*eval.Policy{scp}
	}
	return p, nil
}

type writProgram struct{ policies eval.Policies }

// prepare takes the requests apart, as it makes the peers' requests values of their own types.
func (p *writProgram) prepare(list []request) (decider, error) {
	own, err := ownRequests(list)
	d := &writDecider{policies: p.policies}
	for i := range own {
		d.requests = append(d.requests, own[i].Prepare())
	}
	return d, err
}

func ownRequests(list []request) ([]eval.Request, error) {
	own, err := evalRequests(list)
	for i := range own {
		own[i].Action = strings.Clone(own[i].Action) // as the floor does
	}
	return own, err
}

type writDecider struct {
	policies eval.Policies
	requests []*eval.Prepared
}

func (d *writDecider) decide(i int) (bool, error) {
	return d.policies.DecidePrepared(d.requests[i]).Allowed(), nil
}

// writFromText is Writ given requests as texts: it takes each apart when it decides it.
type writFromText struct{ writ }

func (writFromText) name() string { return "Writ from text" }

func (writFromText) limits() string {
	return "Writ from text is Writ, given each request as texts: it hashes the action and splits the ARN within the decision. The other columns are about requests in the engines' own types."
}

func (writFromText) translate(p policies) (source, []policy.Statement, error) {
	return textSource{writSource(p)}, nil, nil
}

type textSource struct{ writSource }

func (s textSource) compile() (program, error) {
	p, err := s.writSource.compile()
	if err != nil {
		return nil, err
	}
	return textProgram{p.(*writProgram)}, nil
}

type textProgram struct{ *writProgram }

func (p textProgram) prepare(list []request) (decider, error) {
	own, err := ownRequests(list)
	return &textDecider{p.policies, own}, err
}

type textDecider struct {
	policies eval.Policies
	requests []eval.Request
}

func (d *textDecider) decide(i int) (bool, error) {
	return d.policies.Decide(&d.requests[i]).Allowed(), nil
}
