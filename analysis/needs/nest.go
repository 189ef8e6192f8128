package needs

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// A nest is the template of a nested stack, or why there is none.
type nest struct {
	template *Template
	why      string
}

// A pair is a nested stack and a template that may be its own.
type pair struct {
	parent   *Template
	resource Member
	child    *Template
	score    int
}

// The scores of what tells the template of a nested stack, the surest first.
const (
	byAsset      = 3000 // Metadata name the file
	byURL        = 1000 // TemplateURL ends in the name of the file; and more for each folder of the URL that the file's path has
	byFileName   = 100  // the file is named after the deployed stack
	byParameters = 1    // it has the parameters and outputs that are used
)

// nest finds the templates of nested stacks, and returns the roots: the templates that no other nests.
func (e *evaluation) nest(templates []*Template) (roots []*Template, err error) {
	e.nests = map[*Template]map[string]nest{}
	var pairs []pair
	faces := map[*Template]*face{}
	for _, t := range templates {
		faces[t] = faceOf(t)
	}
	for _, t := range templates {
		e.nests[t] = map[string]nest{}
		resources := t.Root.member("Resources")
		if resources == nil {
			continue
		}
		var used map[string][]string // the outputs that are used, by logical id
		for _, m := range resources.Members {
			if kind := m.Node.member("Type"); kind == nil || kind.Text != stackType {
				continue
			}
			if used == nil {
				used = map[string][]string{}
				outputsUsed(t.Root, used)
			}
			e.nests[t][m.Name] = nest{why: fmt.Sprintf("The template of the nested stack %s is not among those given, so what it needs is not known.", m.Name)}
			for _, child := range templates {
				if score := score(t, m, child, faces[child], used[m.Name]); score > 0 {
					pairs = append(pairs, pair{t, m, child, score})
				}
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	parents := map[*Template][]*Template{}
	type at struct {
		parent *Template
		name   string
	}
	settled := map[at]bool{}
	for i, p := range pairs {
		here := at{p.parent, p.resource.Name}
		if settled[here] || p.score < byURL && len(parents[p.child]) > 0 {
			continue
		}
		circle := nestedIn(p.parent, p.child, parents)
		if circle && p.score < byURL {
			continue
		}
		if circle {
			return nil, &TemplateError{File: p.parent.File, Pos: p.resource.Pos, Path: "Resources." + p.resource.Name,
				Reason: fmt.Sprintf("the nested stack has the template %s, in which this one is nested: circular", p.child.File)}
		}
		settled[here] = true
		tied := slices.IndexFunc(pairs[i+1:], func(q pair) bool {
			return q.parent == p.parent && q.resource.Name == p.resource.Name && q.score == p.score && q.child != p.child && (q.score >= byURL || len(parents[q.child]) == 0)
		})
		if tied >= 0 {
			e.nests[p.parent][p.resource.Name] = nest{why: fmt.Sprintf("The nested stack %s may have the template %s or %s, so what it needs is not known.", p.resource.Name, p.child.File, pairs[i+1+tied].child.File)}
			continue
		}
		e.nests[p.parent][p.resource.Name] = nest{template: p.child}
		parents[p.child] = append(parents[p.child], p.parent)
	}
	for _, t := range templates {
		if len(parents[t]) == 0 {
			roots = append(roots, t)
		}
	}
	return roots, nil
}

// nestedIn reports whether a template is another, or nested in it.
func nestedIn(t, in *Template, parents map[*Template][]*Template) bool {
	seen := map[*Template]bool{}
	var up func(t *Template) bool
	up = func(t *Template) bool {
		if t == in {
			return true
		}
		if seen[t] {
			return false
		}
		seen[t] = true
		return slices.ContainsFunc(parents[t], up)
	}
	return up(t)
}

// outputsUsed collects the outputs of nested stacks that are used within a value, by the logical ids of the stacks.
func outputsUsed(n *Node, used map[string][]string) {
	add := func(of, attribute string) {
		if output, is := strings.CutPrefix(attribute, "Outputs."); is && !strings.Contains(output, "${") {
			used[of] = append(used[of], output)
		}
	}
	switch name, argument := n.function(); {
	case name == "Fn::GetAtt" && argument.Kind == Text:
		of, attribute, _ := strings.Cut(argument.Text, ".")
		add(of, attribute)
	case name == "Fn::GetAtt" && len(argument.Items) == 2:
		add(argument.Items[0].Text, argument.Items[1].Text)
	case name == "Fn::Sub":
		text := argument
		if argument.Kind == List && len(argument.Items) > 0 {
			text = argument.Items[0]
		}
		parts, _ := subParts(text.Text)
		for _, p := range parts {
			of, attribute, _ := strings.Cut(p.name, ".")
			add(of, attribute)
		}
	}
	for _, item := range n.Items {
		outputsUsed(item, used)
	}
	for _, m := range n.Members {
		outputsUsed(m.Node, used)
	}
}

// score says how sure it is that a template is that of a nested stack; 0 if it is not.
func score(parent *Template, resource Member, child *Template, face *face, outputs []string) int {
	properties := resource.Node.member("Properties")
	given := properties.member("Parameters")
	fits, known := face.fits(given, outputs)
	if !fits {
		return 0
	}
	if asset := resource.Node.member("Metadata").member("aws:asset:path"); asset != nil && child != parent && path.Base(asset.Text) == base(child.File) {
		return byAsset
	}
	if url := strings.Split(ending(properties.member("TemplateURL")), "/"); url[len(url)-1] == base(child.File) && url[len(url)-1] != "" {
		folders := strings.Split(strings.ReplaceAll(child.File, `\`, "/"), "/")
		s := byURL
		// Of files with the same name the one that lies nearest to the parent is meant.
		for beside := strings.Split(strings.ReplaceAll(parent.File, `\`, "/"), "/"); s < byURL+9 && s-byURL < min(len(beside), len(folders))-1 && beside[s-byURL] == folders[s-byURL]; {
			s++
		}
		for i, rest := len(url)-2, folders[:len(folders)-1]; i >= 0; i-- {
			if at := lastIndex(rest, url[i]); at >= 0 {
				s, rest = s+10, rest[:at]
			}
		}
		return s
	}
	if child == parent {
		return 0
	}
	if named := namedAfter(parent, resource.Name, child); named > 0 {
		return byFileName + named
	}
	if known > 0 {
		return byParameters
	}
	return 0
}

func lastIndex(all []string, one string) int {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] == one {
			return i
		}
	}
	return -1
}

// A face is what a template shows of itself to the one that nests it.
type face struct {
	parameters, outputs map[string]bool
	required            []string // the parameters without a default
	open                bool     // loops or macros make more outputs
}

func faceOf(t *Template) *face {
	f := &face{parameters: map[string]bool{}, outputs: map[string]bool{}}
	if n := t.Root.member("Parameters"); n != nil {
		for _, m := range n.Members {
			f.parameters[m.Name] = true
			if m.Node.member("Default") == nil && !strings.HasPrefix(m.Name, "Fn::") {
				f.required = append(f.required, m.Name)
			}
		}
	}
	if n := t.Root.member("Outputs"); n != nil {
		for _, m := range n.Members {
			f.outputs[m.Name] = true
			f.open = f.open || strings.HasPrefix(m.Name, "Fn::")
		}
	}
	return f
}

// fits reports whether a template has the parameters that a nested stack gives and no more that it must give, and the outputs that are
// used; known is how many that are. CloudFormation refuses a stack of another.
func (f *face) fits(given *Node, outputs []string) (fits bool, known int) {
	names := map[string]bool{}
	sure := true
	if given != nil {
		for _, m := range given.Members {
			names[m.Name] = true
			sure = sure && !strings.HasPrefix(m.Name, "Fn::")
		}
	}
	if sure {
		for name := range names {
			if !f.parameters[name] {
				return false, 0
			}
			known++
		}
		for _, name := range f.required {
			if !names[name] {
				return false, 0
			}
		}
	}
	for _, output := range outputs {
		if !f.outputs[output] && !f.open {
			return false, 0
		}
		known++
	}
	return true, known
}

// base returns the name of a file without its folders.
func base(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }

// ending returns the end of the text that a value is, as far as it is written in the template; * stands for the rest.
func ending(n *Node) string {
	if n == nil {
		return ""
	}
	if n.Kind == Text {
		return n.Text
	}
	switch name, argument := n.function(); {
	case name == "Fn::Join" && len(argument.Items) == 2 && argument.Items[1].Kind == List:
		var parts []string
		for _, item := range argument.Items[1].Items {
			parts = append(parts, ending(item))
		}
		return strings.Join(parts, argument.Items[0].Text)
	case name == "Fn::Sub":
		text := argument
		if argument.Kind == List && len(argument.Items) > 0 {
			text = argument.Items[0]
		}
		all := ""
		parts, _ := subParts(text.Text)
		for _, p := range parts {
			if p.name != "" {
				p.literal = "*"
			}
			all += p.literal
		}
		return all
	}
	return "*"
}

// namedAfter says how much of a file's name says that it is of a nested stack: PARENT-LOGICALID-RANDOM, with the first two cut short if
// they are long. 0 says that the name is another.
func namedAfter(parent *Template, logicalID string, child *Template) int {
	name, _, _ := strings.Cut(base(child.File), ".")
	of, _, _ := strings.Cut(base(parent.File), ".")
	start, suffix, ok := cutLast(name)
	if !ok || len(suffix) < 8 || strings.ToUpper(suffix) != suffix {
		return 0
	}
	start, id, ok := cutLast(start)
	if !ok || id == "" || start == "" || !strings.HasPrefix(of, start) || !strings.HasPrefix(logicalID, id) {
		return 0
	}
	if id != logicalID && len(id) < kept {
		return 0
	}
	return len(id) + len(start)
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
