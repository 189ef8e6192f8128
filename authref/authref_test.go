package authref

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestReferenceHasAllThatItsSourceHas(t *testing.T) {
	var actions, types, keys, dependent int
	levels := make(map[AccessLevel]int)
	for s := range everyService() {
		actions += len(s.Actions)
		types += len(s.ResourceTypes)
		keys += len(s.ConditionKeys)
		for _, a := range s.Actions {
			levels[a.AccessLevel]++
			if len(a.AllDependentActions()) > 0 {
				dependent++
			}
		}
	}
	got := fmt.Sprint(len(Services()), actions, types, keys, dependent, levels)
	want := fmt.Sprint(456, 22091, 2334, 2578, 1584, map[AccessLevel]int{
		List: 3719, Read: 5871, Write: 11357, Tagging: 719, PermissionsManagement: 425,
	})
	if got != want {
		t.Errorf("services, actions, resource types, condition keys, actions with dependents, levels:\n%s\nwant\n%s", got, want)
	}
}

func TestEverythingAServiceNamesExists(t *testing.T) {
	for s := range everyService() {
		hasKeys := func(what string, keys []string) {
			for _, key := range keys {
				if k, ok := s.ConditionKey(key); !ok || k.Key != key {
					t.Errorf("%s: %s names the condition key %s, which is not listed", s.Prefix, what, key)
				}
			}
		}
		isAction := func(what string, names []string) {
			for _, name := range names {
				if a, ok := LookupAction(name); !ok || a.String() != name {
					t.Errorf("%s depends on %s, which does not exist", what, name)
				}
			}
		}
		for _, a := range s.Actions {
			if a.Service != s.Prefix || a.AccessLevel.String() == "" {
				t.Errorf("%s: action %+v", s.Prefix, a)
			}
			hasKeys(a.Name, a.ConditionKeys)
			isAction(a.String(), a.DependentActions)
			for i, r := range a.Resources {
				if rt, ok := s.ResourceType(r.Type); !ok || rt.Name != r.Type {
					t.Errorf("%s acts on %s, which is not listed", &a, r.Type)
				}
				if slices.ContainsFunc(a.Resources[:i], func(o ActionResource) bool { return o.Type == r.Type }) {
					t.Errorf("%s lists %s twice", &a, r.Type)
				}
				hasKeys(a.Name, r.ConditionKeys)
				isAction(a.String(), r.DependentActions)
			}
		}
		for _, rt := range s.ResourceTypes {
			hasKeys(rt.Name, rt.ConditionKeys)
			if rt.ARN != rt.ARNs[0] {
				t.Errorf("%s %s: ARN %s is not the first of %q", s.Prefix, rt.Name, rt.ARN, rt.ARNs)
			}
			for _, arn := range rt.ARNs {
				if !strings.HasPrefix(arn, "arn:${Partition}:") || strings.ContainsAny(arn, ", \n") {
					t.Errorf("%s %s: ARN format %q", s.Prefix, rt.Name, arn)
				}
			}
		}
		for _, k := range s.ConditionKeys {
			if k.Type.String() == "" {
				t.Errorf("%s: %s has no type", s.Prefix, k.Key)
			}
		}
	}
}

func TestNamesAreSortedWithoutRegardToCaseAndFoundInAnyCase(t *testing.T) {
	for s := range everyService() {
		var previous string
		for i := range s.Actions {
			a := &s.Actions[i]
			if previous != "" && compareFold(previous, a.Name) >= 0 {
				t.Errorf("%s: %s stands before %s", s.Prefix, previous, a.Name)
			}
			previous = a.Name
			if got, ok := LookupAction(strings.ToUpper(a.String())); !ok || got != a {
				t.Errorf("%s is not found in upper case", a)
			}
		}
	}
	if !slices.IsSorted(Services()) {
		t.Error("Services is not sorted")
	}
	if s, ok := Lookup("S3"); !ok || s.Name != "Amazon S3" {
		t.Errorf(`Lookup("S3") = %v, %v`, s, ok)
	}
	for _, name := range []string{"", "s3", ":", "s3:", "s3:GetObjec", "s3:GetObject ", "s4:GetObject", "GetObject", "\u212Ams:Decrypt"} {
		if a, ok := LookupAction(name); ok {
			t.Errorf("LookupAction(%q) = %s", name, a)
		}
	}
}

// The facts are as AWS's pages have them.
func TestActionsHaveTheirAccessLevelAndResourceTypes(t *testing.T) {
	for _, test := range []struct {
		action    string
		level     AccessLevel
		resources string // required ones have a star, as on AWS's pages
	}{
		{"s3:GetObject", Read, "accesspointobject object"},
		{"s3:ListAllMyBuckets", List, ""},
		{"s3:ListBucket", List, "accesspoint bucket"},
		{"s3:PutObjectTagging", Tagging, "accesspointobject object"},
		{"s3:PutBucketPolicy", PermissionsManagement, "bucket*"},
		{"iam:PassRole", Write, "role*"},
		{"iam:AttachRolePolicy", PermissionsManagement, "role*"},
		{"iam:TagRole", Tagging, "role*"},
		{"iam:ListPolicies", List, ""},
		{"dynamodb:CreateTable", Write, "table*"},
		{"cloudformation:CreateStackInstances", Write, "stackset* stackset-target type"},
		{"cloudformation:DescribeStackSet", Read, "stackset*"},
		{"cloudformation:UpdateStackSet", Write, "stackset* stackset-target type"},
		{"amplify:CreateApp", Write, ""},
		{"sts:AssumeRole", Write, "role*"},
		{"ec2:DescribeInstances", List, ""},
	} {
		a, ok := LookupAction(test.action)
		if !ok {
			t.Errorf("no %s", test.action)
			continue
		}
		var resources []string
		for _, r := range a.Resources {
			if r.Required {
				r.Type += "*"
			}
			resources = append(resources, r.Type)
		}
		if got := strings.Join(resources, " "); a.AccessLevel != test.level || got != test.resources {
			t.Errorf("%s is %s on %q, want %s on %q", a, a.AccessLevel, got, test.level, test.resources)
		}
		if a.TakesResource() != (test.resources != "") {
			t.Errorf("%s.TakesResource() = %v", a, a.TakesResource())
		}
	}
}

func TestPassRoleHasItsConditionKeys(t *testing.T) {
	a, _ := LookupAction("iam:PassRole")
	if !slices.Equal(a.ConditionKeys, []string{"iam:AssociatedResourceArn", "iam:PassedToService"}) {
		t.Errorf("iam:PassRole has %q", a.ConditionKeys)
	}
}

func TestActionsDependOnOthers(t *testing.T) {
	for action, want := range map[string][]string{
		"lambda:CreateFunction":        {"iam:PassRole", "lambda:PassCapacityProvider"},
		"ecs:RunTask":                  {"iam:PassRole"},
		"wisdom:RenderMessageTemplate": {"wisdom:GetMessageTemplate"}, // was said of a resource type it no longer takes
		"s3:GetObject":                 nil,
	} {
		a, ok := LookupAction(action)
		if !ok {
			t.Errorf("no %s", action)
			continue
		}
		for _, name := range want {
			if !slices.Contains(a.AllDependentActions(), name) {
				t.Errorf("%s depends on %q, which lacks %s", a, a.AllDependentActions(), name)
			}
		}
		if want == nil && a.AllDependentActions() != nil {
			t.Errorf("%s depends on %q", a, a.AllDependentActions())
		}
	}
}

func TestResourceTypesHaveTheirARNFormats(t *testing.T) {
	for _, test := range []struct {
		service, name string
		arns          []string
	}{
		{"s3", "object", []string{"arn:${Partition}:s3:::${BucketName}/${ObjectName}"}},
		{"iam", "ROLE", []string{"arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"}},
		{"lex", "bot", []string{"arn:${Partition}:lex:${Region}:${Account}:bot/${BotId}", "arn:${Partition}:lex:${Region}:${Account}:bot:${BotName}"}},
	} {
		s, _ := Lookup(test.service)
		rt, ok := s.ResourceType(test.name)
		if !ok || !slices.Equal(rt.ARNs, test.arns) {
			t.Errorf("%s %s: %+v, want %q", test.service, test.name, rt, test.arns)
		}
	}
}

func TestAccessLevelsAreSpelledAsAWSSpellsThem(t *testing.T) {
	for level, want := range map[AccessLevel]string{
		0: "", List: "List", Read: "Read", Write: "Write", Tagging: "Tagging", PermissionsManagement: "Permissions management", 6: "", 255: "",
	} {
		if level.String() != want {
			t.Errorf("AccessLevel(%d) is %q, want %q", level, level, want)
		}
	}
}

func TestEmbeddedReferenceIsSmall(t *testing.T) {
	if n := len(referenceFile); n > 260_000 {
		t.Errorf("%d bytes", n)
	}
}

func TestServicesAreDecodedOnceForAllGoroutines(t *testing.T) {
	ref := openReference()
	first := make([]*Service, len(ref.prefixes))
	var group sync.WaitGroup
	var mu sync.Mutex
	for range 8 {
		group.Go(func() {
			for i := range ref.prefixes {
				s := ref.service(i)
				mu.Lock()
				if first[i] == nil {
					first[i] = s
				}
				if first[i] != s {
					t.Errorf("%s was decoded twice", s.Prefix)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
}

func TestGoroutinesLookUpAndExpand(t *testing.T) {
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if a, ok := LookupAction("ec2:RunInstances"); !ok || a.AccessLevel != Write {
				t.Errorf("ec2:RunInstances is %v", a)
			}
			if names, err := Expand([]string{"*", "ec2:Describe*"}[i%2]); err != nil || len(names) == 0 {
				t.Errorf("%d names, %v", len(names), err)
			}
		})
	}
	group.Wait()
}

// everyService yields all services.
func everyService() func(yield func(*Service) bool) {
	return func(yield func(*Service) bool) {
		for _, prefix := range Services() {
			if s, ok := Lookup(prefix); !ok || !yield(s) {
				return
			}
		}
	}
}

func BenchmarkColdLookupOfOneAction(b *testing.B) {
	for _, prefix := range []string{"s3", "ec2"} {
		b.Run(prefix, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ref := openReference()
				i, _ := slices.BinarySearch(ref.prefixes, prefix)
				if s := ref.service(i); len(s.Actions) == 0 {
					b.Fatal("no actions")
				}
			}
		})
	}
}

func BenchmarkWarmLookupOfOneAction(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		LookupAction("s3:GetObject")
	}
}

func BenchmarkColdEverything(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ref := openReference()
		for i := range ref.services {
			ref.service(i)
		}
	}
}
