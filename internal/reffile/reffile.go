// Package reffile is the file that package authref embeds: the service
// authorization reference, one block a service, each opened on its own.
//
// A file is
//
//	magic, then the length of the index as a varint
//	the index, deflated: the preset dictionary, and each service's prefix and block length
//	one block a service, in the order of the index, each deflated with that dictionary
//
// and a service is the columns that [Service.columns] visits. The generator
// writes by visiting and the package reads by visiting, so that method is the
// only description of them.
package reffile

import "strings"

const (
	magic = "writ authref 1\n"
	end   = "\n" // of a text
)

// AccessLevels are the access levels by their number in the file, spelled as
// AWS spells them.
var AccessLevels = [...]string{1: "List", 2: "Read", 3: "Write", 4: "Tagging", 5: "Permissions management"}

// ConditionTypes are the types of a condition key's value by their number in
// the file; ArrayOf is added to the number of a key that holds several.
var ConditionTypes = [...]string{1: "String", 2: "ARN", 3: "Bool", 4: "Date", 5: "Numeric", 6: "IPAddress", 7: "Binary"}

// ArrayOf marks the type of a condition key that holds several values.
const ArrayOf = 1 << 3

// A Service is one service as the file has it. Lists stand once, and what
// has a list has its index: ec2's actions share most of theirs. List 0 of
// each table is the empty one.
type Service struct {
	Name           string
	Keys           []Key
	KeyLists       [][]int // indexes into Keys
	Actions        []Action
	ResourceTypes  []ResourceType
	ResourceLists  [][]Resource
	Dependents     []string // names of actions; a leading colon stands for the service's own prefix
	DependentLists [][]int  // indexes into Dependents
}

// A Key is a condition key; a leading colon stands for the service's prefix.
type Key struct {
	Name string
	Type int
}

// An Action refers to the lists of its Service.
type Action struct {
	Name                               string
	Level, Resources, Keys, Dependents int
}

// A ResourceType has its ARN formats separated by spaces.
type ResourceType struct {
	Name, ARNs string
	Keys       int
}

// A Resource is what an action says of a resource type.
type Resource struct {
	Type, Required, Keys, Dependents int
}

// An index says where the services are.
type index struct {
	Dictionary []string
	Entries    []entry
}

type entry struct {
	Prefix string
	Length int
}

// preset is the dictionary as the blocks have its texts.
func (x *index) preset() []byte {
	return []byte(strings.Join(x.Dictionary, end) + end)
}

// A columned thing shows its columns to a visitor, in the order of the file.
type columned interface{ columns(visitor) }

func (x *index) columns(v visitor) {
	column(v, &x.Dictionary, v.text)
	column(v, &x.Entries, func(e *entry) { v.text(&e.Prefix) })
	column(v, &x.Entries, func(e *entry) { v.number(&e.Length) })
}

// columns visits all of s in the order of the file. What is alike stands
// together, because that is what deflates well.
func (s *Service) columns(v visitor) {
	v.text(&s.Name)

	column(v, &s.Keys, func(k *Key) { v.text(&k.Name) })
	column(v, &s.Keys, func(k *Key) { v.number(&k.Type) })
	lists(v, &s.KeyLists)

	column(v, &s.Dependents, v.text)
	lists(v, &s.DependentLists)

	column(v, &s.ResourceTypes, func(t *ResourceType) { v.text(&t.Name) })
	column(v, &s.ResourceTypes, func(t *ResourceType) { v.text(&t.ARNs) })
	column(v, &s.ResourceTypes, func(t *ResourceType) { v.number(&t.Keys) })
	column(v, &s.ResourceLists, func(list *[]Resource) {
		column(v, list, func(r *Resource) {
			v.number(&r.Type)
			v.number(&r.Required)
			v.number(&r.Keys)
			v.number(&r.Dependents)
		})
	})

	column(v, &s.Actions, func(a *Action) { v.text(&a.Name) })
	column(v, &s.Actions, func(a *Action) { v.number(&a.Level) })
	column(v, &s.Actions, func(a *Action) { v.number(&a.Resources) })
	column(v, &s.Actions, func(a *Action) { v.number(&a.Keys) })
	column(v, &s.Actions, func(a *Action) { v.number(&a.Dependents) })
}

func lists(v visitor, table *[][]int) {
	column(v, table, func(list *[]int) { column(v, list, v.number) })
}

// column visits the length of a slice and one thing of each element. A
// reader makes the slice at its first column.
func column[T any](v visitor, slice *[]T, each func(*T)) {
	n := len(*slice)
	v.length(&n)
	if n != len(*slice) {
		*slice = make([]T, n)
	}
	for i := range *slice {
		each(&(*slice)[i])
	}
}

// A visitor writes what it is shown, or sets it to what it reads.
type visitor interface {
	text(*string)
	number(*int)
	length(*int)
}

// CutPlaceholder cuts a condition key around its ${Name} or <name>.
func CutPlaceholder(key string) (before, after string, found bool) {
	for _, marks := range [][2]string{{"${", "}"}, {"<", ">"}} {
		if before, rest, ok := strings.Cut(key, marks[0]); ok {
			_, after, _ := strings.Cut(rest, marks[1])
			return before, after, true
		}
	}
	return key, "", false
}
