package needs

// A stackCondition is one of the section Conditions.
type stackCondition struct {
	node  *Node
	at    *trail
	state state
	truth truth
}

// A state is how far something is worked out, so that what needs itself is found.
type state uint8

const (
	fresh state = iota
	busy
	done
)

// condition says whether the condition with a name holds. from is where it is named.
func (s *scope) condition(name string, from *Node, at *trail) (truth, error) {
	c := s.conditions[name]
	switch {
	case c == nil:
		return no, s.fail(from.Pos, at, "there is no condition %.60q in this template", name)
	case c.state == done:
		return c.truth, nil
	case c.state == busy:
		return no, s.fail(c.node.Pos, c.at, "the condition needs itself: circular")
	}
	c.state = busy
	was := s.inCondition
	s.inCondition = true
	t, err := s.truth(c.node, c.at)
	s.inCondition = was
	if err != nil {
		return no, err
	}
	c.state, c.truth = done, t
	return t, nil
}

// truth works out a condition.
func (s *scope) truth(n *Node, at *trail) (truth, error) {
	name, argument := n.function()
	if name == "" {
		switch {
		case n.Kind == Bool || n.Kind == Text && (n.Text == "true" || n.Text == "false"):
			return truthOf(n.Text == "true"), nil
		}
		return no, s.fail(n.Pos, at, "expected a condition: one of Fn::And, Fn::Equals, Fn::Not, Fn::Or and Condition")
	}
	at = at.to(name)
	switch name {
	case "Condition":
		if argument.Kind != Text {
			return no, s.fail(argument.Pos, at, "expected the name of a condition")
		}
		return s.condition(argument.Text, argument, at)
	case "Fn::Equals":
		if err := s.arity(argument, at, name, 2, 2); err != nil {
			return no, err
		}
		a, err := s.value(argument.Items[0], at.item(0))
		if err != nil {
			return no, err
		}
		b, err := s.value(argument.Items[1], at.item(1))
		if err != nil {
			return no, err
		}
		return equal(a, b), nil
	case "Fn::Not":
		if err := s.arity(argument, at, name, 1, 1); err != nil {
			return no, err
		}
		t, err := s.truth(argument.Items[0], at.item(0))
		return t.not(), err
	case "Fn::And", "Fn::Or":
		if err := s.arity(argument, at, name, 1, 1000); err != nil {
			return no, err
		}
		all, some := yes, no
		for i, item := range argument.Items {
			t, err := s.truth(item, at.item(i))
			if err != nil {
				return no, err
			}
			all = min3(all, t)
			some = min3(some.not(), t.not()).not()
		}
		if name == "Fn::And" {
			return all, nil
		}
		return some, nil
	case "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll":
		return no, s.fail(n.Pos, at, "%s stands in Rules only", name)
	case "Ref", "Fn::FindInMap", "Fn::Select", "Fn::If":
		v, err := s.value(n, at)
		if err != nil {
			return no, err
		}
		if text, pattern, ok := v.piece(); ok && pattern {
			return unknown, nil
		} else if ok && (text == "true" || text == "false") {
			return truthOf(text == "true"), nil
		}
	}
	return no, s.fail(n.Pos, at, "%.60s is no condition: one of Fn::And, Fn::Equals, Fn::Not, Fn::Or and Condition is", name)
}
