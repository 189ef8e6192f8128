package needs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// A Deployment is what is known of a deployment beside its templates. What is empty is not known, and becomes a pattern.
type Deployment struct {
	// StackName is the name of the root stack, of which there can be one then.
	StackName string
	// NameOf returns the name of a root stack by its template, if StackName is empty. Nil: the names are not known.
	NameOf func(*Template) string
	// Parameters are those of the root stacks. One that is not given has its default; one without a default is not known.
	Parameters map[string]string
	Region     string
	Account    string
	Partition  string // if empty, that of Region
	Tags       map[string]string
}

// urlSuffix returns what AWS::URLSuffix stands for.
func (d *Deployment) urlSuffix() string {
	switch d.Partition {
	case "aws", "aws-us-gov":
		return "amazonaws.com"
	case "aws-cn":
		return "amazonaws.com.cn"
	}
	return "*"
}

// complete returns the deployment with patterns for what is not known.
func (d Deployment) complete() *Deployment {
	if d.Partition == "" && d.Region != "" {
		switch {
		case strings.HasPrefix(d.Region, "cn-"):
			d.Partition = "aws-cn"
		case strings.HasPrefix(d.Region, "us-gov-"):
			d.Partition = "aws-us-gov"
		default:
			d.Partition = "aws"
		}
	}
	for _, s := range []*string{&d.StackName, &d.Region, &d.Account, &d.Partition} {
		if *s == "" {
			*s = "*"
		}
	}
	return &d
}

const (
	// maxStacks is how many stacks are followed: templates that nest each other twice over would make any number.
	maxStacks = 1000
	// maxBuilt is how many bytes of text, and maxNodes how many values of loops, the functions of templates may make.
	maxBuilt = 64 << 20
	maxNodes = 200_000
	// maxValues is how many values are worked out.
	maxValues = 10_000_000
)

// An evaluation is the work of one call of Evaluate.
type evaluation struct {
	deployment *Deployment
	nests      map[*Template]map[string]nest
	stacks     []*Stack
	given      map[string]bool // parameters of the deployment that a root has
	built      int
	nodes      int
	values     int
}

// Evaluate works out the stacks that are deployed by templates: those that no other template nests, and the stacks nested in them,
// each behind the one that nests it.
//
// A parameter, a pseudo parameter or an attribute that nothing tells becomes a pattern. A resource whose condition cannot be known is
// kept, as Conditional; one whose condition is false is left out. Where Fn::If depends on what is not known, the value has what either
// branch sets. Resources stand in the order in which they are made, which is that of their dependencies.
//
// Ref and Fn::GetAtt of a resource are its name and attributes as far as the template tells them, and else patterns of the right form: the
// names that CloudFormation makes up begin with the names of stack and resource, and services cut both short. The values of dynamic
// references and of parameters from Systems Manager are not known; that they are fetched is in Lookups.
//
// A nested stack has the template whose file is named by TemplateURL, or by the asset that Metadata name; for templates that were fetched from
// deployed stacks, and are named after them, the one that has the logical id in its name; otherwise the only one that has the
// parameters and outputs that are used. If there is none, the stack has no template and a Note says so.
//
// The error, if any, is a [*TemplateError].
func Evaluate(templates []*Template, deployment Deployment) ([]*Stack, error) {
	e := &evaluation{deployment: deployment.complete(), given: map[string]bool{}}
	roots, err := e.nest(templates)
	if err != nil {
		return nil, err
	}
	if deployment.StackName != "" && len(roots) > 1 {
		return nil, &TemplateError{File: roots[1].File, Pos: roots[1].Root.Pos,
			Reason: fmt.Sprintf("no template nests this one or %s, so they are stacks of their own, and cannot both have the name %q", roots[0].File, deployment.StackName)}
	}
	for _, t := range roots {
		st := &Stack{Name: e.deployment.StackName, Template: t, deployment: e.deployment, Tags: maps.Clone(deployment.Tags)}
		if deployment.StackName == "" && deployment.NameOf != nil {
			st.Name = deployment.NameOf(t)
		}
		if _, err := e.stack(st, nil); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(deployment.Parameters)) {
		if !e.given[name] {
			file := ""
			if len(roots) > 0 {
				file = roots[0].File
			}
			return nil, &TemplateError{File: file, Path: "Parameters", Reason: fmt.Sprintf("there is no parameter %.60q to give a value to", name)}
		}
	}
	return e.stacks, nil
}

// A scope is what the names in a template stand for, in one stack.
type scope struct {
	*evaluation
	file        string
	stack       *Stack
	parameters  map[string]*Value
	mappings    *Node
	conditions  map[string]*stackCondition
	declared    map[string]*declaration
	order       []*declaration // as in the template
	children    map[*Resource]*scope
	outputs     map[string]*Node
	outputValue map[string]*Value
	said        map[any]bool // the notes and lookups that are there already
	inCondition bool
	open        bool      // a macro may add names and functions that are not known
	current     *Resource // the one whose properties are worked out
}

// A declaration is a resource as the template declares it.
type declaration struct {
	name          string
	node          *Node
	pos           policy.Pos
	at            *trail
	condition     truth
	conditionName string
	resource      *Resource
	needs         []need
	state         state
}

// A need is that for another resource, and where it is said.
type need struct {
	of  *declaration
	pos policy.Pos
}

func (s *scope) fail(pos policy.Pos, at *trail, format string, args ...any) error {
	return &TemplateError{File: s.file, Pos: pos, Path: at.String(), Reason: fmt.Sprintf(format, args...)}
}

func (s *scope) note(pos policy.Pos, format string, args ...any) {
	n := Note{File: s.file, Pos: pos, Text: fmt.Sprintf(format, args...)}
	if !s.said[n] {
		s.said[n] = true
		s.stack.Notes = append(s.stack.Notes, n)
	}
}

func (s *scope) lookUp(l Lookup) {
	if !s.said[l] {
		s.said[l] = true
		s.stack.Lookups = append(s.stack.Lookups, l)
	}
}

// macro notes that a macro changes the template. From then on a name or a function that the template does not have may be the macro's,
// and is not known.
func (s *scope) macro(pos policy.Pos, n *Node) {
	name := n
	s.open = true
	if n.Kind == Map {
		name = n.member("Name")
	}
	switch {
	case name == nil || name.Kind != Text:
		s.note(pos, "What a macro makes of the template is not known.")
	default:
		s.note(pos, "What the macro %s makes of the template is not known.", name.Text)
	}
}

// section returns a section of the template, which has to be a map; it is empty if there is none.
func (s *scope) section(name string) (*Node, *trail, error) {
	at := (*trail)(nil).to(name)
	n := s.stack.Template.Root.member(name)
	switch {
	case n == nil:
		return &Node{Kind: Map}, at, nil
	case n.Kind != Map:
		return nil, nil, s.fail(n.Pos, at, "expected a map, found %s", n.Kind)
	}
	return n, at, nil
}

// stack works out a stack of its template and the values that its parameters are given.
func (e *evaluation) stack(st *Stack, given map[string]*Value) (*scope, error) {
	e.stacks = append(e.stacks, st)
	s := &scope{evaluation: e, file: st.Template.File, stack: st, parameters: map[string]*Value{}, conditions: map[string]*stackCondition{},
		declared: map[string]*declaration{}, children: map[*Resource]*scope{}, outputs: map[string]*Node{}, outputValue: map[string]*Value{}, said: map[any]bool{}}
	if len(e.stacks) > maxStacks {
		return nil, s.fail(st.Template.Root.Pos, nil, "there are more than %d stacks", maxStacks)
	}
	for _, n := range st.Template.Root.member("Transform").texts() {
		if n.Text != "AWS::LanguageExtensions" { // what it adds is known here
			s.macro(n.Pos, n)
		}
	}
	if st.Template.Root.member("Resources") == nil {
		return nil, s.fail(st.Template.Root.Pos, nil, "the template has no section Resources")
	}
	for _, read := range []func() error{
		func() error { return s.readParameters(given) }, s.readMappings, s.readConditions, s.readResources, s.makeResources, s.readOutputs} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *scope) readMappings() (err error) {
	var at *trail
	s.mappings, at, err = s.section("Mappings")
	if err != nil {
		return err
	}
	for _, mapping := range s.mappings.Members {
		at := at.to(mapping.Name)
		if mapping.Node.Kind != Map {
			return s.fail(mapping.Node.Pos, at, "expected a map, found %s", mapping.Node.Kind)
		}
		if mapping.Name == "Fn::Transform" {
			s.macro(mapping.Pos, mapping.Node)
			continue
		}
		for _, first := range mapping.Node.Members {
			at := at.to(first.Name)
			if first.Name == "Fn::Transform" {
				s.macro(first.Pos, first.Node)
				continue
			}
			if first.Node.Kind != Map {
				return s.fail(first.Node.Pos, at, "expected a map, found %s", first.Node.Kind)
			}
			for _, second := range first.Node.Members {
				for _, n := range second.Node.texts() {
					if n.Kind == Map || n.Kind == List {
						return s.fail(n.Pos, at.to(second.Name), "Mappings hold texts and lists of texts, found %s", n.Kind)
					}
				}
			}
		}
	}
	return nil
}

func (s *scope) readConditions() error {
	n, at, err := s.section("Conditions")
	if err != nil {
		return err
	}
	if n, err = s.expand(n, at); err != nil {
		return err
	}
	for _, m := range n.Members {
		s.conditions[m.Name] = &stackCondition{node: m.Node, at: at.to(m.Name)}
	}
	for _, m := range n.Members {
		if _, err := s.condition(m.Name, m.Node, at.to(m.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *scope) readResources() error {
	n, at, err := s.section("Resources")
	if err != nil {
		return err
	}
	if n, err = s.expand(n, at); err != nil {
		return err
	}
	for _, m := range n.Members {
		at := at.to(m.Name)
		if m.Name == "Fn::Transform" {
			s.macro(m.Pos, m.Node)
			continue
		}
		if m.Node.Kind != Map {
			return s.fail(m.Node.Pos, at, "a resource is a map, found %s", m.Node.Kind)
		}
		kind := m.Node.member("Type")
		if kind == nil || kind.Kind != Text || kind.Text == "" {
			return s.fail(m.Pos, at, "the resource has no Type")
		}
		if properties := m.Node.member("Properties"); properties != nil && properties.Kind != Map && properties.Kind != Null {
			return s.fail(properties.Pos, at.to("Properties"), "expected a map, found %s", properties.Kind)
		}
		d := &declaration{name: m.Name, node: m.Node, pos: m.Pos, at: at, condition: yes}
		if c := m.Node.member("Condition"); c != nil {
			if c.Kind != Text {
				return s.fail(c.Pos, at.to("Condition"), "expected the name of a condition, found %s", c.Kind)
			}
			if d.condition, err = s.condition(c.Text, c, at.to("Condition")); err != nil {
				return err
			}
			d.conditionName = c.Text
		}
		d.resource = &Resource{Type: kind.Text, LogicalID: m.Name, Stack: s.stack, Pos: m.Pos,
			Conditional: d.condition == unknown || s.stack.Parent != nil && s.stack.Parent.Conditional}
		if _, twice := s.declared[m.Name]; twice {
			return s.fail(m.Pos, at, "there are two resources with this logical id")
		}
		s.declared[m.Name] = d
		if d.condition != no {
			s.order = append(s.order, d)
		}
	}
	return nil
}

// makeResources works out the resources in the order in which they are made.
func (s *scope) makeResources() error {
	for _, d := range s.order {
		if err := s.findNeeds(d); err != nil {
			return err
		}
	}
	for _, d := range s.order {
		if err := s.deploy(d, nil); err != nil {
			return err
		}
	}
	return nil
}

// deploy works out a resource after those that it needs. chain is how one came to it.
func (s *scope) deploy(d *declaration, chain []need) error {
	switch d.state {
	case done:
		return nil
	case busy:
		return s.circle(d, chain)
	}
	d.state = busy
	listed := map[*declaration]bool{}
	for _, n := range d.needs {
		if err := s.deploy(n.of, append(chain, n)); err != nil {
			return err
		}
		if !listed[n.of] {
			listed[n.of] = true
			d.resource.DependsOn = append(d.resource.DependsOn, n.of.resource)
		}
	}
	d.state = done
	s.current = d.resource
	defer func() { s.current = nil }()
	s.stack.Resources = append(s.stack.Resources, d.resource)
	return s.workOut(d)
}

// circle is the error of a resource that needs itself: chain are the needs that lead to it, the last from within the circle.
func (s *scope) circle(d *declaration, chain []need) error {
	start := len(chain) - 1
	for start > 0 && chain[start-1].of != d {
		start--
	}
	var b strings.Builder
	b.WriteString(d.name)
	for _, n := range chain[start:] {
		fmt.Fprintf(&b, " needs %s (line %d)", n.of.name, n.pos.Line)
		if n.of != d {
			b.WriteString(", which")
		}
	}
	return s.fail(d.pos, d.at, "the resources depend on each other in a circle: %s", b.String())
}

// workOut works out the properties of a resource, and the stack that it nests.
func (s *scope) workOut(d *declaration) error {
	r := d.resource
	if n := d.node.member("Properties"); n != nil && n.Kind == Map {
		v, err := s.value(n, d.at.to("Properties"))
		if err != nil {
			return err
		}
		if v != noValue {
			r.Properties = v
		}
	}
	if n := d.node.member("DeletionPolicy"); n != nil {
		text, pattern, err := s.text(n, d.at.to("DeletionPolicy"))
		if err != nil {
			return err
		}
		r.Retained = !pattern && strings.HasPrefix(text, "Retain")
	}
	r.Name = r.physicalName()
	r.Tags = r.tags()
	if r.Type != stackType {
		return nil
	}
	st := &Stack{Name: r.Name, Parent: r, Tags: r.Tags, deployment: s.deployment}
	nested := s.nests[s.stack.Template][r.LogicalID]
	if st.Template = nested.template; st.Template == nil {
		s.evaluation.stacks = append(s.evaluation.stacks, st)
		st.Notes = []Note{{File: s.file, Pos: r.Pos, Text: nested.why}}
		return nil
	}
	given := map[string]*Value{}
	if parameters := r.Properties.Get("Parameters"); parameters != nil {
		for _, m := range parameters.Members {
			given[m.Name] = m.Value
		}
	}
	child, err := s.evaluation.stack(st, given)
	if err != nil {
		return err
	}
	s.children[r] = child
	return nil
}

func (s *scope) readOutputs() error {
	n, at, err := s.section("Outputs")
	if err != nil {
		return err
	}
	if n, err = s.expand(n, at); err != nil {
		return err
	}
	for _, m := range n.Members {
		s.outputs[m.Name] = m.Node
	}
	for _, m := range n.Members {
		if _, err := s.output(m.Name); err != nil {
			return err
		}
	}
	return nil
}

// output returns the value of an output, or nil if there is none.
func (s *scope) output(name string) (*Value, error) {
	if v, is := s.outputValue[name]; is {
		return v, nil
	}
	n := s.outputs[name]
	if n == nil || name == "Fn::Transform" {
		return nil, nil
	}
	at := (*trail)(nil).to("Outputs").to(name)
	if n.Kind != Map {
		return nil, s.fail(n.Pos, at, "an output is a map, found %s", n.Kind)
	}
	if c := n.member("Condition"); c != nil {
		t := no
		if c.Kind == Text {
			var err error
			if t, err = s.condition(c.Text, c, at.to("Condition")); err != nil {
				return nil, err
			}
		} else {
			return nil, s.fail(c.Pos, at.to("Condition"), "expected the name of a condition, found %s", c.Kind)
		}
		if t == no {
			s.outputValue[name] = nil
			return nil, nil
		}
	}
	value := n.member("Value")
	if value == nil {
		return nil, s.fail(n.Pos, at, "the output has no Value")
	}
	v, err := s.value(value, at.to("Value"))
	if err != nil {
		return nil, err
	}
	if v == noValue {
		v = nil
	}
	s.outputValue[name] = v
	return v, nil
}
