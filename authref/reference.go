package authref

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/writ-iam/writ/internal/reffile"
)

//go:embed reference.bin
var referenceFile []byte

var reference = sync.OnceValue(openReference)

// openReference reads the index. It cannot fail but by a fault of the build,
// which is no error for a caller to handle.
func openReference() *lazyReference {
	file, err := reffile.Open(referenceFile)
	if err != nil {
		panic(fmt.Sprintf("authref: the embedded reference: %v", err))
	}
	return &lazyReference{prefixes: file.Prefixes, file: file, services: make([]lazyService, len(file.Prefixes))}
}

type lazyReference struct {
	prefixes []string // sorted
	file     *reffile.File
	services []lazyService // by the index of their prefixes
}

type lazyService struct {
	once    sync.Once
	service *Service
}

// service decodes the i-th service, the first time.
func (ref *lazyReference) service(i int) *Service {
	lazy := &ref.services[i]
	lazy.once.Do(func() {
		s, err := ref.file.Service(i)
		if err != nil {
			panic(fmt.Sprintf("authref: the embedded reference of %s: %v", ref.prefixes[i], err))
		}
		lazy.service = resolve(ref.prefixes[i], s)
	})
	return lazy.service
}

// resolve turns the indexes of the file into what they stand for. Actions
// with equal lists share one.
func resolve(prefix string, f *reffile.Service) *Service {
	full := func(name string) string {
		if strings.HasPrefix(name, ":") {
			return prefix + name
		}
		return name
	}
	keys := make([]string, len(f.Keys))
	for i, k := range f.Keys {
		keys[i] = full(k.Name)
	}
	dependents := make([]string, len(f.Dependents))
	for i, name := range f.Dependents {
		dependents[i] = full(name)
	}
	keyLists := pick(f.KeyLists, keys)
	dependentLists := pick(f.DependentLists, dependents)
	resourceLists := make([][]ActionResource, len(f.ResourceLists))
	for i, list := range f.ResourceLists {
		if len(list) == 0 {
			continue
		}
		resourceLists[i] = make([]ActionResource, len(list))
		for j, r := range list {
			resourceLists[i][j] = ActionResource{
				Type:             f.ResourceTypes[r.Type].Name,
				Required:         r.Required == 1,
				ConditionKeys:    keyLists[r.Keys],
				DependentActions: dependentLists[r.Dependents],
			}
		}
	}

	s := &Service{
		Prefix:        prefix,
		Name:          f.Name,
		Actions:       make([]Action, len(f.Actions)),
		ResourceTypes: make([]ResourceType, len(f.ResourceTypes)),
		ConditionKeys: make([]ConditionKey, len(f.Keys)),
	}
	for i, a := range f.Actions {
		s.Actions[i] = Action{
			Service:          prefix,
			Name:             a.Name,
			AccessLevel:      AccessLevel(a.Level),
			Resources:        resourceLists[a.Resources],
			ConditionKeys:    keyLists[a.Keys],
			DependentActions: dependentLists[a.Dependents],
		}
	}
	for i, t := range f.ResourceTypes {
		arns := strings.Split(t.ARNs, " ")
		s.ResourceTypes[i] = ResourceType{Name: t.Name, ARN: arns[0], ARNs: arns, ConditionKeys: keyLists[t.Keys]}
	}
	for i, k := range f.Keys {
		s.ConditionKeys[i] = ConditionKey{Key: keys[i], Type: ConditionType(k.Type)}
	}
	return s
}

// pick makes lists of names from lists of their indexes.
func pick(lists [][]int, names []string) [][]string {
	picked := make([][]string, len(lists))
	for i, list := range lists {
		if len(list) == 0 {
			continue
		}
		picked[i] = make([]string, len(list))
		for j, name := range list {
			picked[i][j] = names[name]
		}
	}
	return picked
}
