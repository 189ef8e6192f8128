package needs

import "strings"

// member returns the member of a map with a name, or nil.
func (n *Node) member(name string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Members {
		if n.Members[i].Name == name {
			return n.Members[i].Node
		}
	}
	return nil
}

// function returns the name and the argument of a function, as "Fn::Join", "Ref" or "Condition"; the name is empty if n is none.
func (n *Node) function() (name string, argument *Node) {
	if n.Kind != Map || len(n.Members) != 1 {
		return "", nil
	}
	m := n.Members[0]
	if m.Name == "Ref" || m.Name == "Condition" || strings.HasPrefix(m.Name, "Fn::") && !strings.HasPrefix(m.Name, forEach) {
		return m.Name, m.Node
	}
	return "", nil
}

// texts returns the text of n, or those of its items: DependsOn and Transform take both.
func (n *Node) texts() (all []*Node) {
	if n == nil {
		return nil
	}
	if n.Kind == List {
		return n.Items
	}
	return []*Node{n}
}

// A part is a part of the text of Fn::Sub: a literal text, or the name of what stands for it.
type part struct {
	literal string
	name    string
}

// subParts takes the text of Fn::Sub apart. ${!Name} is the literal ${Name}. The offset of a ${ without an end is returned, or -1.
func subParts(text string) (parts []part, unclosed int) {
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		if before != "" {
			parts = append(parts, part{literal: before})
		}
		if !found {
			break
		}
		name, behind, closed := strings.Cut(after, "}")
		if !closed {
			return parts, len(text) - len(after) - 2
		}
		if literal, escaped := strings.CutPrefix(name, "!"); escaped {
			parts = append(parts, part{literal: "${" + literal + "}"})
		} else {
			parts = append(parts, part{name: strings.TrimSpace(name)})
		}
		rest = behind
	}
	return parts, -1
}
