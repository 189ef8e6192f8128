package actions_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/actions"
)

func TestShippedIsTheReference(t *testing.T) {
	ref := actions.Shipped()
	all, err := authref.Expand("*")
	if err != nil || ref.Len() != len(all) || len(ref.Services()) != len(authref.Services()) || len(ref.Unleveled()) > 0 {
		t.Fatalf("%d actions, not %d, %v", ref.Len(), len(all), err)
	}
	for _, name := range all {
		prefix, short, _ := strings.Cut(name, ":")
		s, ok := ref.Service(prefix)
		if !ok {
			t.Fatalf("no service %s", prefix)
		}
		want, _ := authref.LookupAction(name)
		if a, ok := s.Action(strings.ToUpper(short)); !ok || a.Name != want.Name || a.Level != want.AccessLevel {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestAReferenceIsKeptInLittleSpace(t *testing.T) {
	ref := actions.Shipped()
	data, err := ref.Encode()
	if err != nil || len(data) > 400_000 { // etcd takes 1.5 MB a request
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	again, err := actions.Decode(data)
	if err != nil || !reflect.DeepEqual(again.Services(), ref.Services()) || again.Digest() != ref.Digest() {
		t.Errorf("it does not come back: %v", err)
	}
	if _, err := actions.Decode(data[:len(data)/2]); err == nil {
		t.Error("half of it is read")
	}
}

func TestWrongReferencesAreRefused(t *testing.T) {
	list := func(names ...string) (list []actions.Action) {
		for _, n := range names {
			list = append(list, actions.Action{Name: n, Level: authref.Read})
		}
		return list
	}
	one := func(prefix string, list []actions.Action) actions.Service {
		return actions.Service{Prefix: prefix, Actions: list}
	}
	for want, services := range map[string][]actions.Service{
		`"S3" is not the prefix of a service`:               {one("S3", list("Get"))},
		`service s3 is given twice`:                         {one("s3", list("Get")), one("s3", nil)},
		`service s3: "Get Object" is not the name of an`:    {one("s3", list("Get Object"))},
		`service s3: "Get*" is not the name of an action`:   {one("s3", list("Get*"))},
		`action s3:get is given twice`:                      {one("s3", list("Get", "get"))},
		`action s3:Get has the access level 6, which there`: {one("s3", []actions.Action{{Name: "Get", Level: 6}})},
	} {
		if r, err := actions.New(services); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, %v, not %s", r, err, want)
		}
	}
}

// random makes a reference of some services and actions.
func random(t *testing.T, rng *rand.Rand) *actions.Reference {
	t.Helper()
	var services []actions.Service
	for i := range 4 {
		if rng.IntN(3) == 0 {
			continue
		}
		s := actions.Service{Prefix: fmt.Sprint("s", i)}
		for j := range 5 {
			if rng.IntN(2) == 0 {
				s.Actions = append(s.Actions, actions.Action{Name: fmt.Sprint("Do", j), Level: authref.AccessLevel(rng.IntN(6))})
			}
		}
		services = append(services, s)
	}
	r, err := actions.New(services)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// flat returns the levels of all actions, by name.
func flat(r *actions.Reference) map[string]authref.AccessLevel {
	all := map[string]authref.AccessLevel{}
	for _, s := range r.Services() {
		for _, a := range s.Actions {
			all[s.Prefix+":"+a.Name] = a.Level
		}
	}
	return all
}

// TestChangesMakeOneReferenceTheOther: what Compare says, applied to the one, gives the other; what Merge gives is as its comment says.
func TestChangesMakeOneReferenceTheOther(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		a, b := random(t, rng), random(t, rng)
		before, after := flat(a), flat(b)
		got := flat(a)
		for _, c := range actions.Compare(a, b) {
			for _, name := range c.Lost {
				delete(got, name)
			}
			for _, name := range c.Gained {
				if _, had := before[name]; had {
					t.Errorf("%s is gained, and was there", name)
				}
				got[name] = after[name]
			}
			for _, m := range c.Moved {
				if before[m.Action] != m.From {
					t.Errorf("%s was not %v", m.Action, m.From)
				}
				got[m.Action] = m.To
			}
		}
		if !reflect.DeepEqual(got, after) {
			t.Fatalf("%v\nand the changes give %v\nnot %v", before, got, after)
		}
		if same := a.Digest() == b.Digest(); same != reflect.DeepEqual(a.Services(), b.Services()) {
			t.Errorf("digests are the same: %v", same)
		}
		for _, complete := range []bool{false, true} {
			want := map[string]authref.AccessLevel{}
			for name, level := range before {
				prefix, _, _ := strings.Cut(name, ":")
				if _, newer := b.Service(prefix); !newer && !complete {
					want[name] = level
				}
			}
			for name, level := range after {
				if level == 0 {
					level = before[name]
				}
				want[name] = level
			}
			merged := a.Merge(b, complete)
			if !reflect.DeepEqual(flat(merged), want) {
				t.Fatalf("merged (%v) is %v, not %v", complete, flat(merged), want)
			}
			if !slices.IsSortedFunc(merged.Services(), func(x, y actions.Service) int { return strings.Compare(x.Prefix, y.Prefix) }) {
				t.Error("services are in no order")
			}
		}
		if !reflect.DeepEqual(flat(b), after) {
			t.Error("Merge changes what it is given")
		}
	}
}
