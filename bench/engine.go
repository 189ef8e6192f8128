package main

import (
	"fmt"

	"github.com/writ-iam/writ/policy"
)

// An engine decides requests by policies. To convert, to compile and to decide are three steps, since only the last two
// are measured.
type engine interface {
	name() string
	// module is the path of the Go module that is measured; empty for what is not a peer.
	module() string
	// limits says, for the report, in which form the engine runs and what it cannot express.
	limits() string
	// translate converts policies to the engine's own language. Statements that it cannot express are left out and returned.
	translate(p policies) (source, []policy.Statement, error)
}

// A source is policies in an engine's own language.
type source interface {
	// compile does all that can be done before there is a request.
	compile() (program, error)
}

// A program is compiled policies.
type program interface {
	// prepare converts requests to the engine's own types.
	prepare(list []request) (decider, error)
}

// A decider decides the requests it was prepared for.
type decider interface {
	// decide reports whether request i is allowed.
	decide(i int) (bool, error)
}

// engines are those that are compared, and the order in which they take turns. The first is the floor, the second Writ, the third
// Writ in another form.
var engines = []engine{floor{}, writ{}, writFromText{}, cedarGo{}, opa{}, casbinGo{}}

// A request is one to decide, in nobody's types.
type request struct {
	action   string
	resource string
	context  map[string][]string
}

func (r request) String() string { return fmt.Sprint(r.action, " on ", r.resource, " ", r.context) }

// Policies are the policies that bear on the requests. A request is allowed if no policy denies it and each of the types
// that are there allows it.
type policies struct {
	identity []document
	boundary []document // none, or one
	scp      []document // none, or one
}

// A document is a policy document, as its source and parsed.
type document struct {
	src []byte
	*policy.Document
}

func parse(src []byte) (document, error) {
	doc, err := policy.Parse(src)
	return document{src, doc}, err
}

// types returns the policies by type, in a fixed order, without the types that have none. All of them must allow.
func (p policies) types() []policiesOfType {
	var list []policiesOfType
	for _, t := range []policiesOfType{{"identity", p.identity}, {"boundary", p.boundary}, {"scp", p.scp}} {
		if len(t.documents) > 0 {
			list = append(list, t)
		}
	}
	return list
}

type policiesOfType struct {
	name      string
	documents []document
}

// A contender is an engine with policies, ready to decide.
type contender struct {
	engine
	decider  decider
	requests []int // the requests that it can decide, as indices of all
}

// contend makes all engines ready to decide those of the requests that they can.
func contend(p policies, all []request) ([]contender, error) {
	var list []contender
	for _, e := range engines {
		c, err := newContender(e, p, all)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name(), err)
		}
		list = append(list, c)
	}
	return list, nil
}

func newContender(e engine, p policies, all []request) (contender, error) {
	src, omitted, err := e.translate(p)
	if err != nil {
		return contender{}, err
	}
	prog, err := src.compile()
	if err != nil {
		return contender{}, err
	}
	touched, err := touchedBy(omitted, all)
	if err != nil {
		return contender{}, err
	}
	c := contender{engine: e}
	var own []request
	for i, r := range all {
		if !touched[i] {
			own = append(own, r)
			c.requests = append(c.requests, i)
		}
	}
	c.decider, err = prog.prepare(own)
	return c, err
}
