package prove

import "github.com/writ-iam/writ/internal/bitset"

// A formula is what must hold of a request, over the cells of its dimensions.
type formula struct {
	op   operator
	kids []*formula // of and, or
	lit  literal    // of atom
}

type operator uint8

const (
	atom operator = iota
	and           // of no formulas: true
	or            // of no formulas: false
)

// A literal says something of one variable.
type literal struct {
	of  int // the variable
	is  relation
	set bitset.Set
}

// A relation is how a literal's set restricts a variable.
type relation uint8

const (
	in    relation = iota // the cell of the variable is in the set
	some                  // one of the values of a list is in the set
	all                   // all values of a list are in the set
	count                 // how many values a list has is in the set: none, one, several
	first                 // the first value of a list is in the set, whose cell 0 is that there is none
	last                  // likewise the last
)

// The sizes of a list.
const (
	none = iota
	one
	several
	sizes
)

var (
	yes = &formula{op: and}
	no  = &formula{op: or}
)

func constant(b bool) *formula {
	if b {
		return yes
	}
	return no
}

func (f *formula) isTrue() bool  { return f.op == and && len(f.kids) == 0 }
func (f *formula) isFalse() bool { return f.op == or && len(f.kids) == 0 }

// join makes the conjunction or disjunction of formulas, with those that make no difference left out.
func join(op operator, kids ...*formula) *formula {
	f := &formula{op: op}
	for _, k := range kids {
		switch {
		case op == and && k.isTrue(), op == or && k.isFalse():
		case op == and && k.isFalse(), op == or && k.isTrue():
			return k
		case k.op == op:
			f.kids = append(f.kids, k.kids...)
		default:
			f.kids = append(f.kids, k)
		}
	}
	if len(f.kids) == 1 {
		return f.kids[0]
	}
	return f
}

func allOf(kids ...*formula) *formula { return join(and, kids...) }
func anyOf(kids ...*formula) *formula { return join(or, kids...) }

// not returns the formula that holds where f does not. vars are the variables, whose sizes a complement needs.
func not(f *formula, vars []variable) *formula {
	if f.op != atom {
		op := and
		if f.op == and {
			op = or
		}
		kids := make([]*formula, len(f.kids))
		for i, k := range f.kids {
			kids[i] = not(k, vars)
		}
		return join(op, kids...)
	}
	l := f.lit
	switch l.is {
	case some:
		l.is = all
	case all:
		l.is = some
	}
	n := vars[l.of].cells
	if l.is == count {
		n = sizes
	}
	l.set = l.set.Complement(n)
	return &formula{lit: l}
}

// A variable is a dimension of a request. Its cells are numbered; for a key, cell 0 is that the key is absent.
type variable struct {
	cells int
	list  bool // it has any number of values
}
