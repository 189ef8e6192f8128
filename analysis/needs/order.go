package needs

import "strings"

// findNeeds finds the resources that a resource needs: those of DependsOn, and those that it refers to.
func (s *scope) findNeeds(d *declaration) error {
	add := func(name string, n *Node) {
		if of := s.declared[name]; of != nil && of.condition != no {
			d.needs = append(d.needs, need{of: of, pos: n.Pos})
		}
	}
	for i, n := range d.node.member("DependsOn").texts() {
		at := d.at.to("DependsOn").item(i)
		switch {
		case n.Kind != Text:
			return s.fail(n.Pos, at, "expected a logical id, found %s", n.Kind)
		case s.declared[n.Text] == nil && !s.open:
			return s.fail(n.Pos, at, "%.60q is no resource of this template", n.Text)
		}
		add(n.Text, n)
	}
	if n := d.node.member("Properties"); n != nil {
		return s.references(n, d.at.to("Properties"), add)
	}
	return nil
}

// references calls add with all that is referred to within a value, in the branches that may be taken.
func (s *scope) references(n *Node, at *trail, add func(name string, n *Node)) error {
	if n.Kind == List {
		for i, item := range n.Items {
			if err := s.references(item, at.item(i), add); err != nil {
				return err
			}
		}
		return nil
	}
	name, argument := n.function()
	switch name {
	case "Ref":
		if argument.Kind == Text {
			add(argument.Text, argument)
		}
		return nil
	case "Fn::GetAtt":
		switch {
		case argument.Kind == Text:
			resource, _, _ := strings.Cut(argument.Text, ".")
			add(resource, argument)
		case argument.Kind == List && len(argument.Items) > 0:
			add(argument.Items[0].Text, argument)
		}
		return nil
	case "Fn::Sub":
		text, names := argument, (*Node)(nil)
		if argument.Kind == List && len(argument.Items) == 2 {
			text, names = argument.Items[0], argument.Items[1]
		}
		parts, _ := subParts(text.Text)
		for _, p := range parts {
			if names.member(p.name) == nil {
				resource, _, _ := strings.Cut(p.name, ".")
				add(resource, text)
			}
		}
		if names == nil {
			return nil
		}
		return s.references(names, at.to(name).item(1), add)
	case "Fn::If":
		if err := s.arity(argument, at.to(name), name, 3, 3); err != nil {
			return err
		}
		t, err := s.ifTruth(argument, at.to(name))
		if err != nil {
			return err
		}
		for i, branch := range []truth{yes, no} {
			if t == branch.not() {
				continue
			}
			if err := s.references(argument.Items[i+1], at.to(name).item(i+1), add); err != nil {
				return err
			}
		}
		return nil
	}
	for _, m := range n.Members {
		if err := s.references(m.Node, at.to(m.Name), add); err != nil {
			return err
		}
	}
	return nil
}
