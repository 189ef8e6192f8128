package iam

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/writ-iam/writ/managed"
)

// TestTheLawsOfTheHistory publishes, deprecates and attaches at random, with clocks that go back and versions that others have
// overtaken, and after each step holds the history against what it was: entries are never changed or lost, their numbers have no
// gaps and their dates do not go back, versions only grow, and what is deprecated can be attached no more.
func TestTheLawsOfTheHistory(t *testing.T) {
	published, refused := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		tx := NewTxn(memory{})
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, p := range []Publisher{{"platform", "/platform/", now}, {"data", "/data/team/", now}} {
			if err := CreatePublisher(tx, p); err != nil {
				t.Fatal(err)
			}
		}
		policies := []struct{ publisher, path, name string }{
			{"platform", "/platform/", "Deployer"}, {"data", "/data/team/", "Reader"}, {AWSPublisher, "/", "AdministratorAccess-Amplify"},
			{"data", "/platform/", "Deployer"}, {"nobody", "/x/", "Other"}, {"platform", "/platform/", "readonlyaccess"}, {AWSPublisher, "/job-function/", "NewJobs"},
		}
		was := map[int]string{} // entries, as they are stored
		for step := range 40 {
			at := now.Add(time.Duration(step-r.IntN(10)) * time.Hour)
			of := policies[r.IntN(len(policies))]
			draft := Publication{Time: at, Created: at, Publisher: of.publisher, Path: of.path, Policy: of.name, Note: fmt.Sprint(step)}
			owned, err := Get[OwnedPolicy](tx, OwnedPolicyKey(of.name))
			if err != nil {
				t.Fatal(err)
			}
			if r.IntN(12) == 0 {
				_, err = Deprecate(tx, draft)
			} else {
				draft.Document, draft.Verdict = NewDocument(fmt.Sprintf("%d-%d", seed, step)), "broader"
				p := &Published{Publication: draft, Was: "v0"}
				shipped, _ := managed.Lookup(of.name)
				switch {
				case r.IntN(5) == 0: // somebody who was not there when it changed
				case owned != nil && len(owned.Versions) > 0:
					p.Was = owned.Versions[len(owned.Versions)-1].ID
				case shipped != nil:
					p.Was = shipped.Default().ID
				default:
					p.Was = ""
				}
				var e *Publication
				if e, err = Publish(tx, p); err == nil {
					published++
					if e.Created.Before(at) {
						t.Fatalf("seed %d: the version is dated before its publication", seed)
					}
				}
			}
			if err != nil {
				refused++
				if _, ok := errors.AsType[*Error](err); !ok {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			checkHistory(t, tx, was)
		}
	}
	if published < 300 || refused < 300 {
		t.Errorf("%d published, %d refused", published, refused)
	}
}

// checkHistory holds the history against what it was.
func checkHistory(t *testing.T, tx Txn, was map[int]string) {
	t.Helper()
	head, err := Get[CatalogHead](tx, (*CatalogHead)(nil).Key())
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	if head != nil {
		entries = head.Entries
	}
	if entries < len(was) || entries > len(was)+1 {
		t.Fatalf("%d entries after %d", entries, len(was))
	}
	var last time.Time
	versions := map[string][]string{}
	deprecated := map[string]bool{}
	for i := 1; i <= entries; i++ {
		e, err := Get[Publication](tx, PublicationKey(i))
		if err != nil || e == nil || e.Entry != i {
			t.Fatalf("entry %d is not there: %v", i, err)
		}
		text := string(Encode(e))
		if before, ok := was[i]; ok && before != text {
			t.Fatalf("entry %d has changed:\n%s\n%s", i, before, text)
		}
		was[i] = text
		if e.Time.Before(last) {
			t.Fatalf("entry %d is dated before the one before it", i)
		}
		last = e.Time
		if deprecated[e.Policy] {
			t.Fatalf("entry %d is about a policy that is deprecated", i)
		}
		if e.Deprecation {
			deprecated[e.Policy] = true
			continue
		}
		if list := versions[e.Policy]; len(list) > 0 && versionNumber(e.Version) <= versionNumber(list[len(list)-1]) {
			t.Fatalf("%s comes after %v", e.Version, list)
		}
		versions[e.Policy] = append(versions[e.Policy], e.Version)
	}
	for name, list := range versions {
		p, err := Get[OwnedPolicy](tx, OwnedPolicyKey(name))
		if err != nil || p == nil || p.Deprecated != deprecated[name] {
			t.Fatalf("%s: %+v, %v", name, p, err)
		}
		var has []string
		for i, v := range p.Versions {
			has = append(has, v.ID)
			if i > 0 && v.Created.Before(p.Versions[i-1].Created) {
				t.Fatalf("%s: %s is dated before %s", name, v.ID, p.Versions[i-1].ID)
			}
		}
		if !slices.Equal(has, list) {
			t.Fatalf("%s has versions %v, its history %v", name, has, list)
		}
		_, err = attachable(tx, "111122223333", p.ARN())
		if (err != nil) != p.Deprecated {
			t.Fatalf("%s, deprecated %t: attaching gives %v", name, p.Deprecated, err)
		}
	}
	for _, name := range slices.Collect(maps.Keys(deprecated)) {
		if len(versions[name]) == 0 && name != "AdministratorAccess-Amplify" {
			t.Fatalf("%s is deprecated and has no version", name)
		}
	}
}

func TestPathsOfPublishersDoNotOverlap(t *testing.T) {
	tx := NewTxn(memory{})
	for _, c := range []struct {
		name, path string
		ok         bool
	}{
		{"platform", "/platform/", true}, {"platform", "/other/", false}, {"inner", "/platform/inner/", false}, {"outer", "/", false},
		{"plat", "/plat/", true}, {"aws", "/aws/", false}, {"roles", "/service-role/x/", false}, {"X", "/x/", false}, {"x", "/x", false}, {"x", "//", false},
	} {
		if err := CreatePublisher(tx, Publisher{Name: c.name, Path: c.path}); (err == nil) != c.ok {
			t.Errorf("%s at %s: %v", c.name, c.path, err)
		}
	}
}
