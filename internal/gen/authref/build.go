package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/internal/actionsource"
	"github.com/writ-iam/writ/internal/reffile"
)

// A reference is what the generator writes.
type reference struct {
	source    *source
	prefixes  []string
	services  []*reffile.Service
	keyTypes  map[string]map[string]string // condition key in lower case, to service, to type
	rcp       []string
	notes     []string // what a reader of the summary may want to know
	dependent int      // actions with dependent actions
}

func (ref *reference) note(format string, args ...any) {
	ref.notes = append(ref.notes, fmt.Sprintf(format, args...))
}

// build merges the newest version with the dependent actions of the other.
func build(newest, older *source) (*reference, error) {
	ref := &reference{source: newest, keyTypes: make(map[string]map[string]string)}
	names, err := read[map[string]string](newest, "serviceNames.json")
	if err != nil {
		return nil, err
	}
	if ref.rcp, err = read[[]string](newest, "rcpSupportedServices.json"); err != nil {
		return nil, err
	}
	ref.prefixes = slices.Sorted(maps.Keys(names))
	for _, prefix := range ref.prefixes {
		if prefix != strings.ToLower(prefix) {
			return nil, fmt.Errorf("service prefix %s is not in lower case", prefix)
		}
		s, err := ref.service(prefix, names[prefix], newest, older)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", prefix, err)
		}
		ref.services = append(ref.services, s)
	}
	slices.Sort(ref.rcp)
	for _, prefix := range ref.rcp {
		if _, ok := names[prefix]; !ok {
			return nil, fmt.Errorf("rcpSupportedServices.json: no service %s", prefix)
		}
	}
	return ref, ref.checkDependents()
}

// service reads the three files of one service.
func (ref *reference) service(prefix, name string, newest, older *source) (*reffile.Service, error) {
	actions, err := read[map[string]sourceAction](newest, "actions/"+prefix+".json")
	if err != nil {
		return nil, err
	}
	types, err := read[map[string]sourceResourceType](newest, "resourceTypes/"+prefix+".json")
	if err != nil {
		return nil, err
	}
	keys, err := read[map[string]sourceKey](newest, "conditionKeys/"+prefix+".json")
	if err != nil {
		return nil, err
	}
	before := map[string]sourceAction{}
	if path := "actions/" + prefix + ".json"; older.files[path] != nil { // not a newer service
		if before, err = read[map[string]sourceAction](older, path); err != nil {
			return nil, err
		}
	}

	b := builder{
		prefix: prefix, Service: reffile.Service{Name: name},
		keys: names{}, types: names{}, actions: names{}, dependents: names{},
		keyLists: table{}, dependentLists: table{}, resourceLists: table{},
	}
	for _, folded := range slices.Sorted(maps.Keys(keys)) {
		key := keys[folded]
		number, err := conditionType(key.Type)
		if err != nil {
			return nil, fmt.Errorf("condition key %s: %w", key.Key, err)
		}
		if err := b.keys.add(folded, key.Key); err != nil {
			return nil, fmt.Errorf("condition key %w", err)
		}
		if _, after, _ := reffile.CutPlaceholder(key.Key); strings.ContainsAny(after, "${<") {
			return nil, fmt.Errorf("condition key %s has two parts to fill in", key.Key)
		}
		b.Keys = append(b.Keys, reffile.Key{Name: b.shorten(key.Key), Type: number})
		if ref.keyTypes[folded] == nil {
			ref.keyTypes[folded] = make(map[string]string)
		}
		ref.keyTypes[folded][prefix] = key.Type
	}
	for _, folded := range slices.Sorted(maps.Keys(types)) {
		t := types[folded]
		if err := b.types.add(folded, t.Key); err != nil {
			return nil, fmt.Errorf("resource type %w", err)
		}
		keys, err := b.keyList(t.ConditionKeys)
		if err != nil {
			return nil, fmt.Errorf("resource type %s: %w", t.Key, err)
		}
		formats := strings.Split(t.ARN, ", ")
		for _, format := range formats {
			if !strings.HasPrefix(format, "arn:${Partition}:") || strings.ContainsAny(format, " \n") {
				return nil, fmt.Errorf("resource type %s: %q is not an ARN format", t.Key, t.ARN)
			}
		}
		if len(formats) > 1 {
			ref.note("%s: resource type %q has %d ARN formats", prefix, t.Key, len(formats))
		}
		b.ResourceTypes = append(b.ResourceTypes, reffile.ResourceType{Name: t.Key, ARNs: strings.Join(formats, " "), Keys: keys})
	}
	for _, folded := range slices.Sorted(maps.Keys(actions)) {
		a := actions[folded]
		if err := b.actions.add(folded, a.Name); err != nil {
			return nil, fmt.Errorf("action %w", err)
		}
		if err := ref.merge(prefix, &a, before[folded]); err != nil {
			return nil, fmt.Errorf("action %s: %w", a.Name, err)
		}
		if err := b.action(a); err != nil {
			return nil, fmt.Errorf("action %s: %w", a.Name, err)
		}
	}
	return &b.Service, nil
}

// merge gives an action the dependent actions that it had before, and drops
// repeated resource types.
func (ref *reference) merge(prefix string, a *sourceAction, before sourceAction) error {
	var resources []sourceResource
	at := make(map[string]int)
	fresh := len(a.DependentActions)
	for _, r := range a.ResourceTypes {
		fresh += len(r.DependentActions)
		i, repeated := at[r.Name]
		if !repeated {
			at[r.Name] = len(resources)
			resources = append(resources, r)
			continue
		}
		if r.Required != resources[i].Required || !slices.Equal(r.ConditionKeys, resources[i].ConditionKeys) {
			return fmt.Errorf("resource type %s is listed twice, and differs", r.Name)
		}
		ref.note("%s:%s lists the resource type %s twice", prefix, a.Name, r.Name)
	}
	if n := len(a.ConditionKeys) - len(sortedOnce(slices.Clone(a.ConditionKeys))); n > 0 {
		ref.note("%s:%s repeats %d of its condition keys", prefix, a.Name, n)
	}
	if fresh > 0 {
		return errors.New("the newest version has dependent actions again; drop the older one")
	}
	a.DependentActions = slices.Clone(before.DependentActions)
	for _, r := range before.ResourceTypes {
		if len(r.DependentActions) == 0 {
			continue
		}
		if i, ok := at[r.Name]; ok {
			resources[i].DependentActions = append(resources[i].DependentActions, r.DependentActions...)
			continue
		}
		// The action no longer takes this resource type; what it depends on is
		// better said of the action than lost.
		a.DependentActions = append(a.DependentActions, r.DependentActions...)
		ref.note("%s:%s no longer takes %s; its dependent actions %v go to the action", prefix, a.Name, r.Name, r.DependentActions)
	}
	a.ResourceTypes = resources
	if len(a.DependentActions) > 0 || slices.ContainsFunc(resources, func(r sourceResource) bool { return len(r.DependentActions) > 0 }) {
		ref.dependent++
	}
	if before.Name != "" {
		is, err := actionsource.Level(a.AccessLevel)
		if err != nil {
			return err
		}
		if was, err := actionsource.Level(before.AccessLevel); err != nil {
			return err
		} else if is != was {
			ref.note("%s:%s was %s and is %s", prefix, a.Name, was, is)
		}
	}
	return nil
}

// checkDependents fails if a dependent action is not an action.
func (ref *reference) checkDependents() error {
	known := make(map[string]bool)
	for i, s := range ref.services {
		for _, a := range s.Actions {
			known[ref.prefixes[i]+":"+a.Name] = true
		}
	}
	for i, s := range ref.services {
		for _, name := range s.Dependents {
			if name = lengthen(ref.prefixes[i], name); !known[name] {
				return fmt.Errorf("%s: dependent action %s does not exist", ref.prefixes[i], name)
			}
		}
	}
	return nil
}

// A builder makes one service, whose lists stand once.
type builder struct {
	prefix string
	reffile.Service
	keys, types, actions, dependents        names
	keyLists, dependentLists, resourceLists table
}

func (b *builder) action(a sourceAction) error {
	level, err := actionsource.Level(a.AccessLevel)
	if err != nil {
		return err
	}
	keys, err := b.keyList(a.ConditionKeys)
	if err != nil {
		return err
	}
	resources, err := b.resourceList(a.ResourceTypes)
	if err != nil {
		return err
	}
	b.Actions = append(b.Actions, reffile.Action{
		Name: a.Name, Level: int(level), Resources: resources, Keys: keys, Dependents: b.dependentList(a.DependentActions),
	})
	return nil
}

func (b *builder) keyList(keys []string) (int, error) {
	var list []int
	for _, key := range keys {
		i, ok := b.keys[strings.ToLower(key)]
		if !ok {
			return 0, fmt.Errorf("no condition key %s", key)
		}
		list = append(list, i)
	}
	return intern(b.keyLists, &b.KeyLists, sortedOnce(list)), nil
}

func (b *builder) dependentList(actions []string) int {
	var list []int
	for _, name := range actions {
		i, ok := b.dependents[name]
		if !ok {
			i = len(b.Dependents)
			b.dependents[name] = i
			b.Dependents = append(b.Dependents, b.shorten(name))
		}
		list = append(list, i)
	}
	return intern(b.dependentLists, &b.DependentLists, sortedOnce(list))
}

func (b *builder) resourceList(resources []sourceResource) (int, error) {
	var list []reffile.Resource
	for _, r := range resources {
		i, ok := b.types[strings.ToLower(r.Name)]
		if !ok {
			return 0, fmt.Errorf("no resource type %s", r.Name)
		}
		keys, err := b.keyList(r.ConditionKeys)
		if err != nil {
			return 0, err
		}
		resource := reffile.Resource{Type: i, Keys: keys, Dependents: b.dependentList(r.DependentActions)}
		if r.Required {
			resource.Required = 1
		}
		list = append(list, resource)
	}
	slices.SortFunc(list, func(a, b reffile.Resource) int { return cmp.Compare(a.Type, b.Type) })
	return intern(b.resourceLists, &b.ResourceLists, list), nil
}

func (b *builder) shorten(name string) string {
	if rest, ok := strings.CutPrefix(name, b.prefix+":"); ok {
		return ":" + rest
	}
	return name
}

func lengthen(prefix, name string) string {
	if strings.HasPrefix(name, ":") {
		return prefix + name
	}
	return name
}

// names number things by their names in lower case, which are also their
// order in the file.
type names map[string]int

func (n names) add(folded, name string) error {
	if folded != strings.ToLower(name) {
		return fmt.Errorf("%s is filed under %s", name, folded)
	}
	n[folded] = len(n)
	return nil
}

// A table knows which number a list has.
type table map[string]int

// intern returns the number of a list among lists, where it stands once and
// the empty one is number 0.
func intern[T any](t table, lists *[][]T, list []T) int {
	if len(*lists) == 0 {
		t["[]"], *lists = 0, [][]T{nil}
	}
	id := fmt.Sprint(list)
	i, ok := t[id]
	if !ok {
		i = len(*lists)
		t[id] = i
		*lists = append(*lists, list)
	}
	return i
}

func sortedOnce[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

func conditionType(name string) (int, error) {
	single, array := strings.CutPrefix(name, "ArrayOf")
	i := slices.Index(reffile.ConditionTypes[:], single)
	if i < 1 {
		return 0, fmt.Errorf("type %q", name)
	}
	if array {
		i |= reffile.ArrayOf
	}
	return i, nil
}
