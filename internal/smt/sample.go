package smt

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// The sample that tests and benchmarks ask a solver about: small documents, since it takes long over large ones.
const (
	Seed    = 20260927
	Drawn   = 60   // pairs of successive versions of managed policies
	Largest = 1200 // characters of such a document
)

// A Pair is two policies, and the question whether the one allows what the other does not; and the other way round.
type Pair struct {
	Name string
	A, B *policy.Document
}

// Steps returns each two successive versions of a managed policy.
func Steps(name string) (pairs []Pair, err error) {
	p, ok := managed.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("there is no managed policy %s", name)
	}
	versions := p.Versions()
	for i := range versions[1:] {
		pair, err := pairOf(versions[i], versions[i+1])
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

func pairOf(a, b *managed.Version) (p Pair, err error) {
	p.Name = a.Ref() + " to " + b.ID
	if p.A, err = policy.Parse(a.Document()); err == nil {
		p.B, err = policy.Parse(b.Document())
	}
	return p, err
}

// Successive draws n pairs of successive versions of managed policies, of documents of at most size characters that can be
// expressed. It returns how many it has left out because they cannot, by the reason.
func Successive(r *rand.Rand, n, size int) (pairs []Pair, left map[string]int, err error) {
	left = map[string]int{}
	var all [][2]*managed.Version
	for _, p := range managed.All() {
		versions := p.Versions()
		for i := range versions[1:] {
			if versions[i].Size <= size && versions[i+1].Size <= size {
				all = append(all, [2]*managed.Version{versions[i], versions[i+1]})
			}
		}
	}
	for _, i := range r.Perm(len(all)) {
		if len(pairs) == n {
			break
		}
		p, err := pairOf(all[i][0], all[i][1])
		if err != nil {
			return nil, nil, err
		}
		var cannot *Unsupported
		if _, err := Exceeds(p.A, p.B); errors.As(err, &cannot) {
			left[cannot.Reason]++
			continue
		} else if err != nil {
			return nil, nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, left, nil
}

// A word is a condition key with what conditions on it are made of.
type word struct {
	key               string
	operators, values []string
	set               bool // with set operators, mostly
}

var (
	ofText = []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}
	ofARN  = []string{"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "StringLike"}
	words  = []word{
		{"aws:RequestTag/stage", ofText, []string{"prod", "Prod", "pro*", "*d", "?", "test", "*"}, false},
		{"lake:Colour", ofText, []string{"red", "RED", "r*", "*e*", "green", "blue"}, false},
		{"lake:Shores", ofText, []string{"north", "n*", "*h", "south", "S*", "?"}, true},
		{"aws:TagKeys", ofText, []string{"stage", "st*", "owner", "Owner", "*"}, true},
		{"aws:CalledVia", ofText, []string{"cloudformation.amazonaws.com", "*.amazonaws.com", "athena.amazonaws.com"}, true},
		{"aws:CalledViaFirst", ofText, []string{"cloudformation.amazonaws.com", "a*"}, false},
		{"aws:CalledViaLast", ofText, []string{"athena.amazonaws.com", "*formation*"}, false},
		{"aws:SourceArn", ofARN, []string{"arn:aws:sns:*:111122223333:*", "arn:aws:sns:*", "arn:aws:s3:::ponds", "arn:*:s3:*:*:p*", "arn:aws:sns:eu-west-1:111122223333:a:b"}, false},
		{"aws:SecureTransport", []string{"Bool"}, []string{"true", "false"}, false},
		{"aws:MultiFactorAuthAge", []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
			[]string{"60", "60.0", "300", "0.5", "-1"}, false},
		{"aws:ResourceAccount", ofText, []string{"111122223333", "1111*", "444455556666"}, false},
	}
	someActions = []string{"*", "s3:*", "s3:Get*", "s3:GetObject", "S3:getobjectacl", "s3:*Object*", "s3:?etObject", "sqs:SendMessage", "sqs:*Message*", "iam:*", "iam:CreateRole",
		"iam:Get*", "sts:*", "sts:GetCallerIdentity"}
	someResources = []string{"*", "arn:aws:s3:::*", "arn:aws:s3:::ponds/*", "arn:aws:s3:::ponds/carp", "arn:aws:s3:::p?nds/*", "arn:aws:sqs:*:111122223333:*", "arn:aws:sqs:eu-*:*:frogs",
		"arn:aws:*", "arn:aws:s3:*:*:*s/c*", "arn:aws:iam::*:role/*", "arn:aws:iam::aws:*", "arn:aws:sqs"}
)

// An author makes up policies.
type author struct{ *rand.Rand }

// MadeUp makes up n pairs of policies over a small vocabulary. Most second policies are changed copies of the first.
func MadeUp(r *rand.Rand, n int) (pairs []Pair) {
	by := author{r}
	for i := range n {
		p := Pair{Name: fmt.Sprintf("made up %d", i), A: by.document(), B: by.document()}
		if by.chance(70) {
			p.B = by.change(p.A)
		}
		pairs = append(pairs, p)
	}
	return pairs
}

func (a author) chance(percent int) bool { return a.IntN(100) < percent }

// some picks a few of a list, one at least.
func (a author) some(list []string) (values []policy.Value) {
	for len(values) == 0 || a.chance(35) {
		values = append(values, policy.Value{Text: list[a.IntN(len(list))]})
	}
	return values
}

func (a author) document() *policy.Document {
	doc := &policy.Document{Version: policy.V2012}
	for len(doc.Statements) == 0 || a.chance(40) {
		doc.Statements = append(doc.Statements, a.statement())
	}
	return doc
}

func (a author) statement() policy.Statement {
	s := policy.Statement{Effect: policy.Allow, Action: policy.Element{Not: a.chance(12), Values: a.some(someActions)}}
	resources := someResources
	if a.chance(25) {
		s.Effect = policy.Deny
		resources = resources[:len(resources)-1] // the last is none, and a Deny cannot have it
	}
	s.Resource = policy.Element{Not: a.chance(15), Values: a.some(resources)}
	for a.chance(42) {
		s.Condition = append(s.Condition, a.condition())
	}
	return s
}

func (a author) condition() policy.Condition {
	w := words[a.IntN(len(words))]
	op := w.operators[a.IntN(len(w.operators))]
	switch {
	case a.chance(10):
		return policy.Condition{Operator: policy.Value{Text: "Null"}, Key: policy.Value{Text: w.key}, Values: a.some([]string{"true", "false"})[:1]}
	case w.set && a.chance(85), a.chance(4):
		op = []string{"ForAnyValue:", "ForAllValues:"}[a.IntN(2)] + op
	}
	if a.chance(20) {
		op += "IfExists"
	}
	return policy.Condition{Operator: policy.Value{Text: op}, Key: policy.Value{Text: w.key}, Values: a.some(w.values)}
}

// change returns a document that differs in a few places.
func (a author) change(doc *policy.Document) *policy.Document {
	changed := &policy.Document{Version: doc.Version}
	for i := range doc.Statements {
		s := doc.Statements[i].Clone()
		switch a.IntN(7) {
		case 0:
			s.Action.Values = append(s.Action.Values, a.some(someActions)[0])
		case 1:
			s.Resource.Values = append(s.Resource.Values, a.some(someResources[:len(someResources)-1])[0])
		case 2:
			s.Condition = append(s.Condition, a.condition())
		case 3:
			if n := len(s.Condition); n > 0 {
				s.Condition = s.Condition[:n-1]
			}
		case 4:
			if n := len(s.Condition); n > 0 {
				s.Condition[n-1] = a.condition()
			}
		case 5:
			if i > 0 {
				continue
			}
		}
		changed.Statements = append(changed.Statements, s)
	}
	if a.chance(30) {
		changed.Statements = append(changed.Statements, a.statement())
	}
	return changed
}
