package needs

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/netip"
	"strconv"
	"strings"

	"github.com/writ-iam/writ/policy"
)

// forEach begins the key of a loop: Fn::ForEach::Name.
const forEach = "Fn::ForEach::"

// functions are the functions that stand in properties, by name. Fn::Transform is among them, as far as it can be: what a macro returns is
// unknown.
var functions map[string]func(s *scope, argument *Node, at *trail) (*Value, error)

func init() { // not in the declaration: the functions call each other by way of the table
	functions = map[string]func(s *scope, argument *Node, at *trail) (*Value, error){
		"Ref": (*scope).ref, "Fn::Base64": (*scope).base64, "Fn::Cidr": (*scope).cidr, "Fn::FindInMap": (*scope).findInMap,
		"Fn::GetAZs": (*scope).getAZs, "Fn::GetAtt": (*scope).getAtt, "Fn::If": (*scope).ifElse, "Fn::ImportValue": (*scope).importValue,
		"Fn::Join": (*scope).join, "Fn::Length": (*scope).length, "Fn::Select": (*scope).selectItem, "Fn::Split": (*scope).split,
		"Fn::Sub": (*scope).sub, "Fn::ToJsonString": (*scope).toJSONString, "Fn::Transform": (*scope).transform,
		"Fn::GetStackOutput": (*scope).importValue,
	}
	for _, name := range []string{"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"} {
		functions[name] = func(s *scope, argument *Node, at *trail) (*Value, error) {
			t, err := s.truth(&Node{Kind: Map, Pos: argument.Pos, Members: []Member{{Name: name, Pos: argument.Pos, Node: argument}}}, at.up)
			if t == unknown || err != nil {
				return s.unknown(argument.Pos), err
			}
			return &Value{Kind: Bool, Text: strconv.FormatBool(t == yes), Pos: argument.Pos, File: s.file}, nil
		}
	}
}

// value works out a value of the template.
func (s *scope) value(n *Node, at *trail) (*Value, error) {
	if s.values++; s.values > maxValues {
		return nil, s.fail(n.Pos, at, "the templates make more than %d values", maxValues)
	}
	switch n.Kind {
	case Text:
		return s.literal(n), nil
	case List:
		v := &Value{Kind: List, Pos: n.Pos, File: s.file, Items: make([]*Value, 0, len(n.Items))}
		for i, item := range n.Items {
			one, err := s.value(item, at.item(i))
			if err != nil {
				return nil, err
			}
			if one != noValue {
				v.Items = append(v.Items, one)
			}
		}
		return v, nil
	case Map:
		if name, argument := n.function(); name != "" && name != "Condition" {
			f := functions[name]
			if f == nil && s.open {
				return s.unknown(n.Pos), nil
			}
			if f == nil {
				return nil, s.fail(n.Pos, at, "%.60s is no function that may stand here", name)
			}
			return f(s, argument, at.to(name))
		}
		return s.mapValue(n, at)
	}
	return &Value{Kind: n.Kind, Text: n.Text, Pos: n.Pos, File: s.file}, nil
}

func (s *scope) mapValue(n *Node, at *trail) (*Value, error) {
	v := &Value{Kind: Map, Pos: n.Pos, File: s.file, Members: make([]ValueMember, 0, len(n.Members))}
	for _, m := range n.Members {
		switch {
		case m.Name == "Fn::Transform":
			s.macro(m.Pos, m.Node)
			continue
		case strings.HasPrefix(m.Name, "Fn::"):
			return nil, s.fail(m.Pos, at, "%.60s has to stand alone in its map", m.Name)
		}
		one, err := s.value(m.Node, at.to(m.Name))
		if err != nil {
			return nil, err
		}
		if one != noValue {
			v.Members = append(v.Members, ValueMember{Name: m.Name, Value: one})
		}
	}
	return v, nil
}

// literal returns a text as it is written; the dynamic references in it, {{resolve:ssm:name}}, stand for what is not known.
func (s *scope) literal(n *Node) *Value { return s.resolve(textValue(n.Text, false, n.Pos, s.file)) }

// resolve puts * in place of the dynamic references in a text, and notes that they are looked up.
func (s *scope) resolve(v *Value) *Value {
	const begin, end = "{{resolve:", "}}"
	if v.Kind != Text || !strings.Contains(v.Text, begin) {
		return v
	}
	var b strings.Builder
	rest := v.Text
	for {
		before, after, found := strings.Cut(rest, begin)
		reference, behind, closed := strings.Cut(after, end)
		b.WriteString(before)
		if !found {
			break
		}
		if !closed {
			b.WriteString(begin + after)
			break
		}
		b.WriteByte('*')
		service, name, _ := strings.Cut(reference, ":")
		if service == "secretsmanager" && strings.HasPrefix(name, "arn:") {
			// The ARN of a secret has seven fields; what follows says which part of its value is meant.
			if fields := strings.Split(name, ":"); len(fields) > 7 {
				name = strings.Join(fields[:7], ":")
			}
		} else if !strings.HasPrefix(name, "arn:") {
			name, _, _ = strings.Cut(name, ":") // version, or part of the value
		}
		s.lookUp(Lookup{Service: service, Name: name, For: s.current, Pos: v.Pos})
		rest = behind
	}
	resolved := *v
	resolved.Text, resolved.Pattern = b.String(), true
	return &resolved
}

func (s *scope) unknown(at policy.Pos) *Value { return &Value{Unknown: true, Pos: at, File: s.file} }

// anyText returns a text of which nothing is known.
func (s *scope) anyText(at policy.Pos) *Value { return textValue("*", true, at, s.file) }

// arity is an error unless the argument is a list of least to most items.
func (s *scope) arity(argument *Node, at *trail, name string, least, most int) error {
	switch {
	case argument.Kind != List:
		return s.fail(argument.Pos, at, "%s takes a list", name)
	case len(argument.Items) < least || len(argument.Items) > most:
		return s.fail(argument.Pos, at, "%s does not take a list of %d", name, len(argument.Items))
	}
	return nil
}

// text works out a value that has to be a text.
func (s *scope) text(n *Node, at *trail) (text string, pattern bool, err error) {
	v, err := s.value(n, at)
	if err != nil {
		return "", false, err
	}
	text, pattern, ok := v.piece()
	if !ok {
		return "", false, s.fail(n.Pos, at, "expected a text, found %s", v.Kind)
	}
	return text, pattern, nil
}

// String returns the kind with its article, as in "a text".
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a text", "a list", "a map"}[k]
}

func (s *scope) ref(argument *Node, at *trail) (*Value, error) {
	if argument.Kind != Text {
		return nil, s.fail(argument.Pos, at, "Ref takes the name of a parameter or the logical id of a resource")
	}
	return s.named(argument.Text, argument.Pos, at)
}

// named returns what a name in Ref or Fn::Sub stands for.
func (s *scope) named(name string, pos policy.Pos, at *trail) (*Value, error) {
	if v := s.parameters[name]; v != nil {
		return s.here(v, pos), nil
	}
	if strings.HasPrefix(name, "AWS::") {
		if v := s.pseudo(name, pos); v != nil {
			return v, nil
		}
	}
	r, err := s.resource(name, pos, at)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return s.anyText(pos), nil
	}
	v := textValue(r.refText(), true, pos, s.file)
	v.Pattern = strings.Contains(v.Text, "*")
	v.Of = r
	return v, nil
}

// here returns a value with the place where it is used, and not where it was given.
func (s *scope) here(v *Value, pos policy.Pos) *Value {
	used := *v
	used.Pos, used.File = pos, s.file
	return &used
}

// resource returns the resource that a name stands for; nil if it may be one that a macro adds.
func (s *scope) resource(name string, pos policy.Pos, at *trail) (*Resource, error) {
	d := s.declared[name]
	switch {
	case d == nil && s.open:
		return nil, nil
	case d == nil:
		return nil, s.fail(pos, at, "%.60q is no parameter and no resource of this template", name)
	case s.inCondition:
		return nil, s.fail(pos, at, "a condition cannot depend on a resource, and %.60q is one", name)
	case d.condition == no:
		return nil, s.fail(pos, at, "the resource %.60q is not made, because its condition %.60q is false", name, d.conditionName)
	}
	return d.resource, nil
}

// pseudo returns what a pseudo parameter stands for.
func (s *scope) pseudo(name string, pos policy.Pos) *Value {
	d := s.deployment
	text := ""
	switch name {
	case "AWS::NoValue":
		return noValue
	case "AWS::NotificationARNs":
		return s.unknown(pos)
	case "AWS::AccountId":
		text = d.Account
	case "AWS::Region":
		text = d.Region
	case "AWS::Partition":
		text = d.Partition
	case "AWS::URLSuffix":
		text = d.urlSuffix()
	case "AWS::StackName":
		text = s.stack.Name
	case "AWS::StackId":
		text = fill(stackARN, d, s.stack.Name, nil)
	default:
		return nil
	}
	return textValue(text, strings.Contains(text, "*"), pos, s.file)
}

func (s *scope) getAtt(argument *Node, at *trail) (*Value, error) {
	switch {
	case argument.Kind == Text:
		name, attribute, dotted := strings.Cut(argument.Text, ".")
		if !dotted {
			return nil, s.fail(argument.Pos, at, "expected the logical id of a resource, a dot and an attribute, found %.60q", argument.Text)
		}
		return s.attribute(name, attribute, argument.Pos, at)
	case argument.Kind == List && len(argument.Items) >= 2 && argument.Items[0].Kind == Text:
		attribute := ""
		for i, item := range argument.Items[1:] {
			one, _, err := s.text(item, at.item(i+1))
			if err != nil {
				return nil, err
			}
			if i > 0 {
				attribute += "."
			}
			attribute += one
		}
		return s.attribute(argument.Items[0].Text, attribute, argument.Pos, at)
	}
	return nil, s.fail(argument.Pos, at, "Fn::GetAtt takes the logical id of a resource and the name of an attribute")
}

// attribute returns an attribute of a resource.
func (s *scope) attribute(name, attribute string, pos policy.Pos, at *trail) (*Value, error) {
	r, err := s.resource(name, pos, at)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return s.anyText(pos), nil
	}
	if output, is := strings.CutPrefix(attribute, "Outputs."); is && r.Type == stackType {
		if child := s.children[r]; child != nil {
			v, err := child.output(output)
			if err != nil {
				return nil, err
			}
			if v != nil {
				return s.here(v, pos), nil
			}
			return nil, s.fail(pos, at, "the nested stack %.60q, of %s, has no output %.60q", name, child.file, output)
		}
	}
	v := s.anyText(pos)
	switch text := r.attributeText(attribute); {
	case text == listAttribute:
		v = s.unknown(pos)
	case text != "":
		v = textValue(text, strings.Contains(text, "*"), pos, s.file)
	}
	v.Of, v.Attribute = r, attribute
	return v, nil
}

func (s *scope) ifElse(argument *Node, at *trail) (*Value, error) {
	if err := s.arity(argument, at, "Fn::If", 3, 3); err != nil {
		return nil, err
	}
	t, err := s.ifTruth(argument, at)
	if err != nil {
		return nil, err
	}
	var both [2]*Value
	for i, branch := range []truth{yes, no} {
		if t == branch.not() {
			continue
		}
		if both[i], err = s.value(argument.Items[i+1], at.item(i+1)); err != nil {
			return nil, err
		}
	}
	switch {
	case both[0] == nil:
		return both[1], nil
	case both[1] == nil:
		return both[0], nil
	}
	return either(both[0], both[1]), nil
}

// ifTruth works out the condition of Fn::If.
func (s *scope) ifTruth(argument *Node, at *trail) (truth, error) {
	if argument.Items[0].Kind == Map {
		return s.truth(argument.Items[0], at.item(0))
	}
	return s.condition(argument.Items[0].Text, argument.Items[0], at.item(0))
}

// list works out a value that has to be a list; it is nil if nothing is known of it.
func (s *scope) list(n *Node, at *trail) (*Value, error) {
	v, err := s.value(n, at)
	switch {
	case err != nil:
		return nil, err
	case v.Unknown || v.Kind == Text && v.Text == "*" && v.Pattern:
		return nil, nil
	case v.Kind != List:
		return nil, s.fail(n.Pos, at, "expected a list, found %s", v.Kind)
	}
	return v, nil
}

func (s *scope) join(argument *Node, at *trail) (*Value, error) {
	if err := s.arity(argument, at, "Fn::Join", 2, 2); err != nil {
		return nil, err
	}
	delimiter, pattern, err := s.text(argument.Items[0], at.item(0))
	if err != nil {
		return nil, err
	}
	list, err := s.list(argument.Items[1], at.item(1))
	if err != nil {
		return nil, err
	}
	if list == nil || list.open && !list.prefix {
		return s.anyText(argument.Pos), nil
	}
	var b strings.Builder
	for i, item := range list.Items {
		if i > 0 {
			b.WriteString(delimiter)
		}
		text, unsure, ok := item.piece()
		if !ok {
			return nil, s.fail(item.Pos, at.item(1).item(i), "Fn::Join takes texts, found %s", item.Kind)
		}
		pattern = pattern || unsure
		b.WriteString(text)
		if s.built += len(text) + len(delimiter); s.built > maxBuilt {
			return nil, s.fail(argument.Pos, at, "the functions of the templates make more than %d bytes of text", maxBuilt)
		}
	}
	v := textValue(b.String(), pattern, argument.Pos, s.file)
	if len(list.Items) == 1 { // the same value: what is known of it stays known
		one := *list.Items[0]
		if one.Kind == Text && !one.Unknown {
			return &one, nil
		}
	}
	return s.resolve(v), nil
}

func (s *scope) sub(argument *Node, at *trail) (*Value, error) {
	text, names := argument, (*Node)(nil)
	if argument.Kind == List {
		if err := s.arity(argument, at, "Fn::Sub", 2, 2); err != nil {
			return nil, err
		}
		text, names = argument.Items[0], argument.Items[1]
		if names.Kind != Map {
			return nil, s.fail(names.Pos, at.item(1), "expected a map of names and their values")
		}
	}
	if text.Kind != Text {
		return nil, s.fail(text.Pos, at, "Fn::Sub takes a text, or a list of a text and a map")
	}
	parts, unclosed := subParts(text.Text)
	if unclosed >= 0 {
		return nil, s.fail(text.Pos, at, "the ${ at character %d of the text has no }", unclosed+1)
	}
	var b strings.Builder
	pattern := false
	worked := map[string]*Value{} // a name may stand there many times, with functions within functions in its value
	for _, p := range parts {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		v := worked[p.name]
		if v == nil {
			var err error
			if v, err = s.subName(p.name, names, text.Pos, at); err != nil {
				return nil, err
			}
			worked[p.name] = v
		}
		if len(parts) == 1 && v.Kind == Text && !v.Unknown {
			return v, nil
		}
		one, unsure, ok := v.piece()
		if !ok {
			return nil, s.fail(text.Pos, at, "${%.60s} is %s, and Fn::Sub takes texts", p.name, v.Kind)
		}
		pattern = pattern || unsure
		b.WriteString(one)
		if s.built += len(one); s.built > maxBuilt {
			return nil, s.fail(text.Pos, at, "the functions of the templates make more than %d bytes of text", maxBuilt)
		}
	}
	return s.resolve(textValue(b.String(), pattern, text.Pos, s.file)), nil
}

// subName returns what a name in the text of Fn::Sub stands for.
func (s *scope) subName(name string, names *Node, pos policy.Pos, at *trail) (*Value, error) {
	if n := names.member(name); n != nil {
		return s.value(n, at.item(1).to(name))
	}
	if resource, attribute, dotted := strings.Cut(name, "."); dotted {
		return s.attribute(resource, attribute, pos, at)
	}
	return s.named(name, pos, at)
}

func (s *scope) split(argument *Node, at *trail) (*Value, error) {
	if err := s.arity(argument, at, "Fn::Split", 2, 2); err != nil {
		return nil, err
	}
	delimiter, _, err := s.text(argument.Items[0], at.item(0))
	if err != nil {
		return nil, err
	}
	if delimiter == "" {
		return nil, s.fail(argument.Items[0].Pos, at.item(0), "the delimiter is empty")
	}
	text, pattern, err := s.text(argument.Items[1], at.item(1))
	if err != nil {
		return nil, err
	}
	v := &Value{Kind: List, Pos: argument.Pos, File: s.file}
	// The fields of an ARN before the resource hold no colon, so there a * is within its field.
	fields := 0
	if delimiter == ":" && strings.HasPrefix(text, "arn:") && strings.Count(text, ":") >= 5 {
		fields = 5
	}
	for i, one := range strings.Split(text, delimiter) {
		unsure := pattern && strings.Contains(one, "*")
		if unsure && i >= fields {
			// What is not known may hold the delimiter: from here on it is not known which part is which.
			v.open, v.prefix = true, true
			v.Items = append(v.Items, s.anyText(argument.Pos))
			return v, nil
		}
		v.Items = append(v.Items, textValue(one, unsure, argument.Pos, s.file))
	}
	return v, nil
}

func (s *scope) selectItem(argument *Node, at *trail) (*Value, error) {
	if err := s.arity(argument, at, "Fn::Select", 2, 2); err != nil {
		return nil, err
	}
	index, pattern, err := s.text(argument.Items[0], at.item(0))
	if err != nil {
		return nil, err
	}
	i, notNumber := strconv.Atoi(index)
	if !pattern && (notNumber != nil || i < 0) {
		return nil, s.fail(argument.Items[0].Pos, at.item(0), "%.60q is no index", index)
	}
	list, err := s.list(argument.Items[1], at.item(1))
	switch {
	case err != nil:
		return nil, err
	case list == nil, list.open && !list.prefix:
		return s.anyText(argument.Pos), nil
	case pattern:
		all := noValue
		for _, item := range list.Items {
			all = either(all, item)
		}
		if all == noValue || list.open {
			return s.anyText(argument.Pos), nil
		}
		return all, nil
	case i < len(list.Items):
		return list.Items[i], nil
	case list.open:
		return list.Items[len(list.Items)-1], nil
	}
	return nil, s.fail(argument.Pos, at, "there is no item %d: the list has %d, counted from 0", i, len(list.Items))
}

func (s *scope) findInMap(argument *Node, at *trail) (*Value, error) {
	if err := s.arity(argument, at, "Fn::FindInMap", 3, 4); err != nil {
		return nil, err
	}
	var instead *Value
	if len(argument.Items) == 4 {
		n := argument.Items[3].member("DefaultValue")
		if n == nil {
			return nil, s.fail(argument.Items[3].Pos, at.item(3), "expected a map with DefaultValue")
		}
		var err error
		if instead, err = s.value(n, at.item(3).to("DefaultValue")); err != nil {
			return nil, err
		}
	}
	found := []*Node{s.mappings}
	sure := true
	for i, item := range argument.Items[:3] {
		key, pattern, err := s.text(item, at.item(i))
		if err != nil {
			return nil, err
		}
		var next []*Node
		for _, n := range found {
			if n == nil {
				continue
			}
			for _, m := range n.Members {
				if m.Name == key || pattern && mayBe(key, m.Name) != no {
					next = append(next, m.Node)
				}
			}
		}
		if sure = sure && !pattern; sure && len(next) == 0 {
			if instead != nil {
				return instead, nil
			}
			what := [...]string{"mapping", "first key", "second key"}[i]
			return nil, s.fail(item.Pos, at.item(i), "Mappings have no %s %.60q", what, key)
		}
		found = next
	}
	all := noValue
	for _, n := range found {
		v, err := s.value(n, at)
		if err != nil {
			return nil, err
		}
		all = either(all, v)
	}
	if !sure && instead != nil {
		all = either(all, instead)
	}
	if all == noValue {
		return s.unknown(argument.Pos), nil
	}
	return all, nil
}

func (s *scope) importValue(argument *Node, at *trail) (*Value, error) {
	if _, err := s.value(argument, at); err != nil {
		return nil, err
	}
	return s.anyText(argument.Pos), nil
}

func (s *scope) base64(argument *Node, at *trail) (*Value, error) {
	text, pattern, err := s.text(argument, at)
	if err != nil || pattern {
		return s.anyText(argument.Pos), err
	}
	return textValue(base64.StdEncoding.EncodeToString([]byte(text)), false, argument.Pos, s.file), nil
}

// cidr works out the blocks of addresses in a block.
func (s *scope) cidr(argument *Node, at *trail) (*Value, error) {
	if err := s.arity(argument, at, "Fn::Cidr", 2, 3); err != nil {
		return nil, err
	}
	unsure := false
	texts := []string{"", "", ""}
	for i, item := range argument.Items {
		text, pattern, err := s.text(item, at.item(i))
		if err != nil {
			return nil, err
		}
		texts[i], unsure = text, unsure || pattern
	}
	if unsure {
		return s.unknown(argument.Pos), nil
	}
	block, err := netip.ParsePrefix(texts[0])
	if err != nil {
		return nil, s.fail(argument.Items[0].Pos, at.item(0), "%.60q is no block of addresses", texts[0])
	}
	if texts[2] == "" {
		texts[2] = "8"
	}
	count, countErr := strconv.Atoi(texts[1])
	bits, bitsErr := strconv.Atoi(texts[2])
	if countErr != nil || count < 1 || count > 256 {
		return nil, s.fail(argument.Items[1].Pos, at.item(1), "%.20q is not from 1 to 256", texts[1])
	}
	length := block.Addr().BitLen() - bits
	if bitsErr != nil || bits < 1 || length < block.Bits() || length-block.Bits() < 9 && count > 1<<(length-block.Bits()) {
		return nil, s.fail(argument.Pos, at, "there are no %d blocks of %s bits in %s", count, texts[2], block)
	}
	v := &Value{Kind: List, Pos: argument.Pos, File: s.file}
	address := new(big.Int).SetBytes(block.Masked().Addr().AsSlice())
	step := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	for range count {
		next, _ := netip.AddrFromSlice(address.FillBytes(make([]byte, block.Addr().BitLen()/8)))
		v.Items = append(v.Items, textValue(netip.PrefixFrom(next, length).String(), false, argument.Pos, s.file))
		address.Add(address, step)
	}
	return v, nil
}

func (s *scope) getAZs(argument *Node, at *trail) (*Value, error) {
	region, _, err := s.text(argument, at)
	if err != nil {
		return nil, err
	}
	if region == "" {
		region = s.deployment.Region
	}
	return &Value{Kind: List, Pos: argument.Pos, File: s.file, open: true, prefix: true,
		Items: []*Value{textValue(region+"*", true, argument.Pos, s.file)}}, nil
}

func (s *scope) length(argument *Node, at *trail) (*Value, error) {
	list, err := s.list(argument, at)
	if err != nil || list == nil || list.open {
		return s.anyText(argument.Pos), err
	}
	return &Value{Kind: Number, Text: strconv.Itoa(len(list.Items)), Pos: argument.Pos, File: s.file}, nil
}

func (s *scope) toJSONString(argument *Node, at *trail) (*Value, error) {
	v, err := s.value(argument, at)
	if err != nil {
		return nil, err
	}
	text, sure := v.json(nil)
	if !sure {
		return s.anyText(argument.Pos), nil
	}
	return textValue(string(text), false, argument.Pos, s.file), nil
}

// json appends a value as JSON; sure is false if part of it is not known.
func (v *Value) json(b []byte) (_ []byte, sure bool) {
	if v.Unknown || v.Pattern || v.open {
		return b, false
	}
	quote := func(text string) {
		quoted, _ := json.Marshal(text)
		b = append(b, quoted...)
	}
	sure = true
	switch v.Kind {
	case Null:
		b = append(b, "null"...)
	case Bool, Number:
		b = append(b, v.Text...)
	case Text:
		quote(v.Text)
	case List:
		b = append(b, '[')
		for i, item := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			if b, sure = item.json(b); !sure {
				return b, false
			}
		}
		b = append(b, ']')
	case Map:
		b = append(b, '{')
		for i, m := range v.Members {
			if i > 0 {
				b = append(b, ',')
			}
			quote(m.Name)
			b = append(b, ':')
			if b, sure = m.Value.json(b); !sure {
				return b, false
			}
		}
		b = append(b, '}')
	}
	return b, true
}

func (s *scope) transform(argument *Node, _ *trail) (*Value, error) {
	s.macro(argument.Pos, argument)
	return s.unknown(argument.Pos), nil
}
