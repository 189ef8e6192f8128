package bitset_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/writ-iam/writ/internal/bitset"
)

// TestSetsAgreeWithMaps holds each operation against the same on a map.
func TestSetsAgreeWithMaps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		n := 1 + r.IntN(150)
		random := func() (bitset.Set, map[int]bool) {
			s, m := bitset.New(n), map[int]bool{}
			for range r.IntN(n + 1) {
				i := r.IntN(n)
				s.Add(i)
				m[i] = true
			}
			return s, m
		}
		a, ma := random()
		b, mb := random()
		check := func(what string, s bitset.Set, want func(int) bool) {
			t.Helper()
			for i := range n {
				if s.Has(i) != want(i) {
					t.Fatalf("%s of %v and %v: %d", what, slices.Sorted(maps.Keys(ma)), slices.Sorted(maps.Keys(mb)), i)
				}
			}
		}
		union, meet, left := a.Clone(), a.Clone(), a.Clone()
		union.Union(b)
		meet.Intersect(b)
		left.Remove(b)
		check("union", union, func(i int) bool { return ma[i] || mb[i] })
		check("intersection", meet, func(i int) bool { return ma[i] && mb[i] })
		check("difference", left, func(i int) bool { return ma[i] && !mb[i] })
		check("complement", a.Complement(n), func(i int) bool { return !ma[i] })
		check("copy", a, func(i int) bool { return ma[i] })
		if a.Meets(b) != !meet.Empty() || a.Within(b) != left.Empty() || a.Equal(b) != maps.Equal(ma, mb) || a.Len() != len(ma) {
			t.Fatalf("%v and %v: Meets %t, Within %t, Equal %t, Len %d", a, b, a.Meets(b), a.Within(b), a.Equal(b), a.Len())
		}
		members := slices.Sorted(maps.Keys(ma))
		if !slices.Equal(slices.Collect(a.All), members) {
			t.Fatalf("All: %v, not %v", slices.Collect(a.All), members)
		}
		least := -1
		if len(members) > 0 {
			least = members[0]
		}
		if a.First() != least {
			t.Fatalf("First: %d, not %d", a.First(), least)
		}
		if !bitset.Of(n, members...).Equal(a) || bitset.Full(n).Len() != n {
			t.Fatal("Of or Full")
		}
	}
}
