package needs

import (
	"slices"
	"strings"
)

// readParameters gives the parameters of a stack their values: those that the parent gives, or the deployment for a root; else the defaults.
func (s *scope) readParameters(given map[string]*Value) error {
	n, at, err := s.section("Parameters")
	if err != nil {
		return err
	}
	for _, m := range n.Members {
		at := at.to(m.Name)
		if m.Name == "Fn::Transform" {
			s.macro(m.Pos, m.Node)
			continue
		}
		if m.Node.Kind != Map {
			return s.fail(m.Node.Pos, at, "a parameter is a map, found %s", m.Node.Kind)
		}
		kind := m.Node.member("Type")
		if kind == nil || kind.Kind != Text {
			return s.fail(m.Pos, at, "the parameter has no Type")
		}
		v := given[m.Name]
		if s.stack.Parent == nil {
			if text, is := s.deployment.Parameters[m.Name]; is {
				v = textValue(text, false, m.Pos, s.file)
				s.given[m.Name] = true
			}
		}
		if fallback := m.Node.member("Default"); v == nil && fallback != nil {
			switch fallback.Kind {
			case Map, Null:
				return s.fail(fallback.Pos, at.to("Default"), "expected a text, found %s", fallback.Kind)
			case List:
				if v, err = s.value(fallback, at.to("Default")); err != nil {
					return err
				}
			default:
				v = textValue(fallback.Text, false, fallback.Pos, s.file)
			}
		}
		if v == nil {
			v = s.anyText(m.Pos)
		}
		v = s.typed(v, kind.Text, m)
		if allowed := m.Node.member("AllowedValues"); allowed != nil && allowed.Kind == List {
			for _, one := range append([]*Value{v}, v.Items...) {
				if one.Kind == List || one.Pattern || one.Unknown || slices.ContainsFunc(allowed.Items, func(n *Node) bool { return n.Text == one.Text }) {
					continue
				}
				return s.fail(m.Pos, at, "the value %.60q is not one of AllowedValues", one.Text)
			}
		}
		s.parameters[m.Name] = v
	}
	return nil
}

// typed returns what Ref of a parameter is: for lists the items, and for a parameter of Systems Manager its value, which is not known.
func (s *scope) typed(v *Value, kind string, m Member) *Value {
	if of, is := strings.CutPrefix(kind, "AWS::SSM::Parameter::Value<"); is {
		name, _, _ := v.piece()
		s.lookUp(Lookup{Service: "ssm", Name: name, Pos: m.Pos})
		if strings.HasPrefix(of, "List<") || strings.HasPrefix(of, "CommaDelimitedList") {
			return s.unknown(m.Pos)
		}
		return s.anyText(m.Pos)
	}
	if v.Unknown || v.Kind == Map {
		return v
	}
	if isList := kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<"); isList && v.Kind != List {
		if v.Pattern {
			return s.unknown(m.Pos)
		}
		list := &Value{Kind: List, Pos: v.Pos, File: v.File}
		if v.Text != "" {
			for _, item := range strings.Split(v.Text, ",") {
				list.Items = append(list.Items, textValue(strings.TrimSpace(item), false, v.Pos, v.File))
			}
		}
		return list
	} else if !isList && v.Kind == List {
		texts, pattern := []string{}, false
		for _, item := range v.Items {
			text, unsure, ok := item.piece()
			if !ok {
				return s.unknown(m.Pos)
			}
			texts, pattern = append(texts, text), pattern || unsure
		}
		if v.open {
			return s.anyText(m.Pos)
		}
		return textValue(strings.Join(texts, ","), pattern, v.Pos, v.File)
	}
	return v
}
