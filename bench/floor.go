package main

import (
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// floor looks the action's name up in a Go map of all actions of the service authorization reference. It decides nothing:
// it is what any engine must at least do that keeps its policies by action.
type floor struct{}

func (floor) name() string { return "map lookup" }

func (floor) module() string { return "" }

func (floor) limits() string { return "" }

func (floor) translate(policies) (source, []policy.Statement, error) { return floor{}, nil, nil }

func (floor) compile() (program, error) {
	names, err := authref.Expand("*")
	if err != nil {
		return nil, err
	}
	m := make(mapLookup, len(names))
	for i, name := range names {
		m[name] = i
	}
	return m, nil
}

// mapLookup maps the name of each action to a number.
type mapLookup map[string]int

func (m mapLookup) prepare(list []request) (decider, error) {
	d := &mapDecider{names: m}
	for _, r := range list {
		// A copy: comparing a string to itself would not look at its bytes.
		d.actions = append(d.actions, strings.Clone(r.action))
	}
	return d, nil
}

type mapDecider struct {
	names   mapLookup
	actions []string
}

func (d *mapDecider) decide(i int) (bool, error) {
	_, ok := d.names[d.actions[i]]
	return ok, nil
}
