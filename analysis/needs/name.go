package needs

import (
	"cmp"
	"maps"
	"strings"
)

// A madeUp says how the name is made up of a resource whose properties set none.
type madeUp uint8

const (
	byStack     madeUp = iota // STACK-LOGICALID-RANDOM, the two shortened to what the service takes
	byStackLow                // the same in lower case
	byLogicalID               // LOGICALID-RANDOM, in some spelling
	byParameter               // CFN-LOGICALID-RANDOM
	byService                 // nothing is known
)

const (
	// shortest is the shortest limit on names to which byStack and byStackLow fit: that of buckets.
	shortest = 63
	// random is the longest random part, with the two dashes.
	random = 15
	// kept is how much of the stack's name and of the logical id is kept for certain where both are shortened to the limit: each has
	// about half of what the random part leaves.
	kept = 20
)

// madeUpName returns the pattern of the name that CloudFormation makes up.
func madeUpName(how madeUp, stack, logicalID string) string {
	switch how {
	case byLogicalID:
		return "*" + firstOf(logicalID, kept) + "*"
	case byParameter:
		return "CFN-" + firstOf(logicalID, kept) + "*"
	case byService:
		return "*"
	case byStackLow:
		stack, logicalID = strings.ToLower(stack), strings.ToLower(logicalID)
	}
	if !strings.Contains(stack, "*") && len(stack)+len(logicalID)+random <= shortest {
		return stack + "-" + logicalID + "-*"
	}
	first, _, pattern := strings.Cut(stack, "*")
	start := firstOf(first, kept)
	if pattern || start != first {
		start += "*"
	}
	start += "-" + firstOf(logicalID, kept)
	if len(logicalID) <= kept {
		start += "-"
	}
	return start + "*"
}

func firstOf(s string, n int) string { return s[:min(n, len(s))] }

// physicalName returns the name that the template sets, or the pattern of the one that is made up; empty for a type that has none.
func (r *Resource) physicalName() string {
	shape, known := shapes[r.Type]
	if !known || shape.name == "" {
		return ""
	}
	if r.Properties.Has(shape.name) {
		return propertyText(r.Properties, shape.name)
	}
	return madeUpName(shape.how, r.Stack.Name, r.LogicalID)
}

// stackARN is the shape of the ARN of a stack. Its last part is random.
const stackARN = "arn:{P}:cloudformation:{R}:{A}:stack/{N}/*"

// fill puts what is known in place of the names in braces: {P}artition, {R}egion, {A}ccount, {N}ame, and properties by their names.
func fill(shape string, d *Deployment, name string, properties *Value) string {
	if d == nil {
		d = Deployment{}.complete()
	}
	var b strings.Builder
	for rest := shape; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			break
		}
		what, behind, _ := strings.Cut(after, "}")
		rest = behind
		switch what {
		case "P":
			b.WriteString(d.Partition)
		case "R":
			b.WriteString(d.Region)
		case "A":
			b.WriteString(d.Account)
		case "N":
			b.WriteString(cmp.Or(name, "*"))
		case "/N": // a name that may begin with its slash
			b.WriteString("/" + strings.TrimPrefix(cmp.Or(name, "*"), "/"))
		case "S":
			b.WriteString(d.urlSuffix())
		case "Path":
			path := properties.Get("Path").Or("/")
			if !strings.HasSuffix(path, "/") {
				path += "/"
			}
			b.WriteString(path)
		case "Bus/": // of a rule that is not on the default bus
			if bus := propertyText(properties, "EventBusName"); properties.Has("EventBusName") && bus != "default" {
				b.WriteString(bus[strings.LastIndexByte(bus, '/')+1:] + "/")
			}
		case "Function": // by its name or its ARN
			function := propertyText(properties, "FunctionName")
			if _, behind, is := strings.Cut(function, ":function:"); is {
				function = behind
			}
			b.WriteString(function)
		default:
			b.WriteString(propertyText(properties, what))
		}
	}
	text := b.String()
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return text
}

// propertyText returns the text of a property, * if it has none.
func propertyText(properties *Value, name string) string {
	if v := properties.Get(name); v != nil {
		if text, _, ok := v.piece(); ok && text != "" {
			return text
		}
	}
	return "*"
}

func (r *Resource) fill(shape string) string {
	return fill(shape, r.Stack.deployment, r.Name, r.Properties)
}

// ARN returns the ARN of the resource, as a pattern of what is known of it; empty if its type has none or is not known.
func (r *Resource) ARN() string {
	arn := shapes[r.Type].arn
	if arn == "" {
		return ""
	}
	return r.fill(arn)
}

// refText returns what Ref of the resource is.
func (r *Resource) refText() string {
	switch shape := shapes[r.Type]; {
	case shape.ref == "arn":
		return r.ARN()
	case shape.ref != "":
		return r.fill(shape.ref)
	case r.Name != "":
		return r.Name
	}
	return "*"
}

// listAttribute stands for an attribute that is a list.
const listAttribute = "[]"

// attributeText returns what an attribute of the resource is.
func (r *Resource) attributeText(attribute string) string {
	shape := shapes[r.Type]
	if text, known := shape.attributes[attribute]; known {
		switch text {
		case listAttribute:
			return text
		case "arn":
			return r.ARN()
		}
		return r.fill(text)
	}
	switch {
	case attribute == "Arn":
		if arn := r.ARN(); arn != "" {
			return arn
		}
		return "*"
	case shape.name != "" && attribute == shape.name:
		return r.Name
	}
	return "*"
}

// tags returns the tags that the resource has: those of the stack, and its own.
func (r *Resource) tags() map[string]string {
	all := maps.Clone(r.Stack.Tags)
	if all == nil {
		all = map[string]string{}
	}
	property := shapes[r.Type].tags
	if property == "" {
		property = "Tags"
	}
	v := r.Properties.Get(property)
	if v == nil || v.Unknown {
		return all
	}
	for _, m := range v.Members {
		all[m.Name] = m.Value.Or("*")
	}
	for _, item := range v.Items {
		key := item.Get("Key")
		if key == nil {
			key = item.Get("TagKey")
		}
		value := item.Get("Value")
		if value == nil {
			value = item.Get("TagValue")
		}
		if name := key.Or(""); name != "" {
			all[name] = value.Or("*")
		}
	}
	return all
}
