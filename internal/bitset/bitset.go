// Package bitset holds sets of small integers, for code that asks thousands of times whether two sets meet.
package bitset

import "math/bits"

// A Set is a set of integers from 0 up to the size it was made for. Sets that are combined have the same size.
type Set []uint64

// New returns an empty set for the integers below n.
func New(n int) Set { return make(Set, (n+63)/64) }

// Full returns the set of all integers below n.
func Full(n int) Set {
	s := New(n)
	for i := range n {
		s.Add(i)
	}
	return s
}

// Of returns a set for the integers below n that holds the members.
func Of(n int, members ...int) Set {
	s := New(n)
	for _, i := range members {
		s.Add(i)
	}
	return s
}

// Add puts i into the set.
func (s Set) Add(i int) { s[i/64] |= 1 << (i % 64) }

// Has reports whether i is in the set.
func (s Set) Has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }

// Clone returns a copy.
func (s Set) Clone() Set { return append(Set(nil), s...) }

// Empty reports whether nothing is in the set.
func (s Set) Empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// Len returns how many are in the set.
func (s Set) Len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// First returns the least member, and -1 if there is none.
func (s Set) First() int {
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return -1
}

// All ranges over the members, from the least on.
func (s Set) All(yield func(int) bool) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			if !yield(i*64 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// Meets reports whether the sets have a member in common.
func (s Set) Meets(t Set) bool {
	for i, w := range s {
		if w&t[i] != 0 {
			return true
		}
	}
	return false
}

// Within reports whether all members of s are in t.
func (s Set) Within(t Set) bool {
	for i, w := range s {
		if w&^t[i] != 0 {
			return false
		}
	}
	return true
}

// Equal reports whether the sets have the same members.
func (s Set) Equal(t Set) bool { return s.Within(t) && t.Within(s) }

// Union adds the members of t to s.
func (s Set) Union(t Set) {
	for i, w := range t {
		s[i] |= w
	}
}

// Intersect takes from s what is not in t.
func (s Set) Intersect(t Set) {
	for i := range s {
		s[i] &= t[i]
	}
}

// Remove takes from s what is in t.
func (s Set) Remove(t Set) {
	for i := range s {
		s[i] &^= t[i]
	}
}

// Complement returns the integers below n that are not in s.
func (s Set) Complement(n int) Set {
	c := Full(n)
	c.Remove(s)
	return c
}
