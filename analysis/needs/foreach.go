package needs

import (
	"slices"
	"strings"
	"unicode"
)

// expand writes the loops in a value out: {"Fn::ForEach::Topics": ["Name", ["A", "B"], {"Topic${Name}": …}]} becomes TopicA and TopicB.
// A value without loops is returned as it is.
func (s *scope) expand(n *Node, at *trail) (*Node, error) {
	switch n.Kind {
	case List:
		var items []*Node
		for i, item := range n.Items {
			one, err := s.expand(item, at.item(i))
			if err != nil {
				return nil, err
			}
			if one != item && items == nil {
				items = slices.Clone(n.Items)
			}
			if items != nil {
				items[i] = one
			}
		}
		if items != nil {
			copied := *n
			copied.Items = items
			return &copied, nil
		}
	case Map:
		var members []Member
		changed := false
		for _, m := range n.Members {
			at := at.to(m.Name)
			if strings.HasPrefix(m.Name, forEach) {
				more, err := s.loop(m, at)
				if err != nil {
					return nil, err
				}
				members, changed = append(members, more...), true
				continue
			}
			one, err := s.expand(m.Node, at)
			if err != nil {
				return nil, err
			}
			changed = changed || one != m.Node
			m.Node = one
			members = append(members, m)
		}
		if changed {
			copied := *n
			copied.Members = members
			seen := map[string]bool{}
			for _, m := range members {
				if seen[m.Name] {
					return nil, s.fail(m.Pos, at, "a loop makes the key %.60q twice", m.Name)
				}
				seen[m.Name] = true
			}
			return &copied, nil
		}
	}
	return n, nil
}

// loop returns the members that a loop makes.
func (s *scope) loop(m Member, at *trail) (all []Member, err error) {
	if err := s.arity(m.Node, at, "Fn::ForEach", 3, 3); err != nil {
		return nil, err
	}
	name, over, body := m.Node.Items[0], m.Node.Items[1], m.Node.Items[2]
	switch {
	case name.Kind != Text || name.Text == "":
		return nil, s.fail(name.Pos, at.item(0), "expected the name that stands for the item of the loop")
	case body.Kind != Map:
		return nil, s.fail(body.Pos, at.item(2), "expected a map, found %s", body.Kind)
	}
	list, err := s.list(over, at.item(1))
	if err != nil {
		return nil, err
	}
	if list == nil || list.open {
		return nil, s.fail(over.Pos, at.item(1), "the items of the loop are not known; give the parameter a value")
	}
	for i, item := range list.Items {
		text, pattern, ok := item.piece()
		if !ok || pattern {
			return nil, s.fail(over.Pos, at.item(1).item(i), "the items of a loop are texts that are known")
		}
		turn, err := s.substitute(body, name.Text, text)
		if err != nil {
			return nil, err
		}
		if turn, err = s.expand(turn, at.item(2)); err != nil {
			return nil, err
		}
		all = append(all, turn.Members...)
	}
	return all, nil
}

// substitute returns a value with a text in place of a name: in ${Name}, in &{Name}, which leaves letters and digits only, and in Ref.
func (s *scope) substitute(n *Node, name, text string) (*Node, error) {
	if s.nodes++; s.nodes > maxNodes {
		return nil, s.fail(n.Pos, nil, "loops make more than %d values", maxNodes)
	}
	if function, argument := n.function(); function == "Ref" && argument.Kind == Text && argument.Text == name {
		return &Node{Kind: Text, Text: text, Pos: n.Pos}, nil
	}
	bare := strings.Map(func(c rune) rune {
		if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
			return c
		}
		return -1
	}, text)
	replace := strings.NewReplacer("${"+name+"}", text, "&{"+name+"}", bare)
	copied := *n
	if n.Kind == Text {
		copied.Text = replace.Replace(n.Text)
		if s.built += len(copied.Text); s.built > maxBuilt {
			return nil, s.fail(n.Pos, nil, "loops make more than %d bytes", maxBuilt)
		}
	}
	copied.Items = nil
	for _, item := range n.Items {
		one, err := s.substitute(item, name, text)
		if err != nil {
			return nil, err
		}
		copied.Items = append(copied.Items, one)
	}
	copied.Members = nil
	for _, m := range n.Members {
		m.Name = replace.Replace(m.Name)
		one, err := s.substitute(m.Node, name, text)
		if err != nil {
			return nil, err
		}
		m.Node = one
		copied.Members = append(copied.Members, m)
	}
	return &copied, nil
}
