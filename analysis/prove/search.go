package prove

import (
	"context"
	"errors"
	"slices"

	"github.com/writ-iam/writ/internal/bitset"
)

// A domain is what is still possible for a variable.
type domain struct {
	cells bitset.Set // that the variable may be in; of a list, that its values may be in

	// Of a list only:
	need        []bitset.Set // of each, some value must be in it
	size        bitset.Set   // how many values there may be
	first, last bitset.Set   // cells of the first and last value; cell 0: there is none. nil: not asked for
}

func (v variable) domain() domain {
	d := domain{cells: bitset.Full(v.cells)}
	if v.list {
		d.cells = d.cells.Clone()
		d.cells.Remove(bitset.Of(v.cells, 0)) // no value is absent
		d.size = bitset.Full(sizes)
	}
	return d
}

// possible reports whether something is left, and draws the conclusions that follow.
func (d *domain) possible() bool {
	if d.size == nil {
		return !d.cells.Empty()
	}
	hasEnds := d.first != nil || d.last != nil
	if len(d.need) > 0 || d.first != nil && !d.first.Has(0) || d.last != nil && !d.last.Has(0) {
		d.size.Remove(bitset.Of(sizes, none))
	}
	for _, n := range d.need {
		if !n.Meets(d.cells) {
			return false
		}
	}
	if d.cells.Empty() || hasEnds && !d.endsFit(d.cells) {
		d.size.Intersect(bitset.Of(sizes, none))
	}
	if d.size.Has(one) && d.only().Empty() {
		d.size.Remove(bitset.Of(sizes, one))
	}
	return !d.size.Empty()
}

// endsFit reports whether the first and the last value can be among the cells.
func (d *domain) endsFit(cells bitset.Set) bool {
	return (d.first == nil || d.first.Meets(cells)) && (d.last == nil || d.last.Meets(cells))
}

// only returns the cells that a list of one value may have it in.
func (d *domain) only() bitset.Set {
	cells := d.cells.Clone()
	for _, n := range d.need {
		cells.Intersect(n)
	}
	if d.first != nil {
		cells.Intersect(d.first)
	}
	if d.last != nil {
		cells.Intersect(d.last)
	}
	return cells
}

// assert restricts the domain by a literal. It reports false if nothing is left. The sets of the domain are replaced, never
// changed, since copies of the domain share them.
func (d *domain) assert(l *literal) bool {
	switch l.is {
	case in, all:
		d.cells = meet(d.cells, l.set)
	case some:
		d.need = append(slices.Clip(d.need), l.set)
	case count:
		d.size = meet(d.size, l.set)
	case first:
		d.first = meetOr(d.first, l.set)
	case last:
		d.last = meetOr(d.last, l.set)
	}
	if d.size != nil {
		d.size = d.size.Clone()
	}
	return d.possible()
}

func meet(a, b bitset.Set) bitset.Set {
	c := a.Clone()
	c.Intersect(b)
	return c
}

func meetOr(a, b bitset.Set) bitset.Set {
	if a == nil {
		return b
	}
	return meet(a, b)
}

// truth is what is known of a formula.
type truth uint8

const (
	open truth = iota
	holds
	fails
)

// judge says whether a literal holds whatever is chosen in the domain, or fails.
func (d *domain) judge(l *literal) truth {
	switch l.is {
	case in:
		switch {
		case !d.cells.Meets(l.set):
			return fails
		case d.cells.Within(l.set):
			return holds
		}
	case some:
		for _, n := range d.need {
			if meet(n, d.cells).Within(l.set) {
				return holds
			}
		}
		if !d.cells.Meets(l.set) || !d.size.Has(one) && !d.size.Has(several) {
			return fails
		}
	case all:
		if d.cells.Within(l.set) || !d.size.Has(one) && !d.size.Has(several) {
			return holds
		}
		for _, n := range d.need {
			if !meet(n, d.cells).Meets(l.set) {
				return fails
			}
		}
		if !d.size.Has(none) && !d.cells.Meets(l.set) {
			return fails
		}
	case count:
		switch {
		case !d.size.Meets(l.set):
			return fails
		case d.size.Within(l.set):
			return holds
		}
	case first, last:
		// Left open: the search decides it by assertion.
	}
	return open
}

// errBound is that of a search, or of a walk through an automaton, that came to its bound.
var errBound = errors.New("bound")

// A search looks for cells of all variables for which formulas hold.
type search struct {
	ctx   context.Context
	steps int // that are left
}

// solve returns domains in which all formulas hold whatever is chosen, or nil if there are none. The domains given are
// not changed.
func (s *search) solve(domains []domain, agenda []*formula) ([]domain, error) {
	if s.steps--; s.steps < 0 {
		return nil, errBound
	}
	if s.steps%256 == 0 && s.ctx.Err() != nil {
		return nil, s.ctx.Err()
	}
	domains = slices.Clone(domains)
	agenda = slices.Clone(agenda)
	for changed := true; changed; {
		changed = false
		var left []*formula
		for len(agenda) > 0 {
			f := agenda[len(agenda)-1]
			agenda = agenda[:len(agenda)-1]
			f, t := simplify(f, domains)
			switch {
			case t == fails:
				return nil, nil
			case t == holds:
			case f.op == atom:
				if !domains[f.lit.of].assert(&f.lit) {
					return nil, nil
				}
				changed = true
			case f.op == and:
				agenda = append(agenda, f.kids...)
			default:
				left = append(left, f)
			}
		}
		agenda = left
	}
	if len(agenda) == 0 {
		return domains, nil
	}
	// All that is left are choices. The one with the fewest ways goes first.
	least := 0
	for i, f := range agenda {
		if len(f.kids) < len(agenda[least].kids) {
			least = i
		}
	}
	choice := agenda[least]
	rest := slices.Delete(slices.Clone(agenda), least, least+1)
	for _, way := range choice.kids {
		found, err := s.solve(domains, append(slices.Clip(rest), way))
		if found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// simplify returns what is left of a formula in the domains, and whether it holds or fails there.
func simplify(f *formula, domains []domain) (*formula, truth) {
	if f.op == atom {
		if l := &f.lit; l.is != first && l.is != last {
			return f, domains[l.of].judge(l)
		}
		return f, open
	}
	settles, passes := fails, holds // what one kid makes of a conjunction, and what makes no difference in it
	if f.op == or {
		settles, passes = holds, fails
	}
	kept := f.kids[:0:0]
	for _, k := range f.kids {
		k, t := simplify(k, domains)
		switch t {
		case settles:
			return f, settles
		case open:
			kept = append(kept, k)
		}
	}
	switch len(kept) {
	case 0:
		return f, passes
	case 1:
		return kept[0], open
	}
	return &formula{op: f.op, kids: kept}, open
}
