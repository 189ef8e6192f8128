package prove_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// An inventor makes up policies over three keys, whose texts are pieced together from variables, wildcards and characters.
type inventor struct{ *rand.Rand }

func (v inventor) pick(list ...string) string { return list[v.IntN(len(list))] }

func (v inventor) text() string {
	s := ""
	for s == "" || v.IntN(2) == 0 {
		s += v.pick("a", "b", "A", "*", "?", "/", ":", "${x:k}", "${x:l}", "${x:m}", "${x:l, 'a'}", "${x:q}", "${*}", "")
		if v.IntN(8) == 0 {
			break
		}
	}
	return s
}

func (v inventor) key() policy.Value { return policy.Value{Text: v.pick("x:k", "x:l", "x:m")} }

func (v inventor) condition() policy.Condition {
	if v.IntN(8) == 0 {
		return policy.Condition{Operator: policy.Value{Text: "Null"}, Key: v.key(), Values: []policy.Value{{Text: v.pick("true", "false")}}}
	}
	op := v.pick(append(textOperators, "StringEqualsIfExists", "StringLikeIfExists", "StringNotLikeIfExists", "ArnLike", "ForAllValues:StringNotEquals")...)
	c := policy.Condition{Operator: policy.Value{Text: op}, Key: v.key(), Values: []policy.Value{{Text: v.text()}}}
	if v.IntN(4) == 0 {
		c.Values = append(c.Values, policy.Value{Text: v.text()})
	}
	return c
}

func (v inventor) document() *policy.Document {
	doc := &policy.Document{Version: policy.V2012}
	if v.IntN(8) == 0 {
		doc.Version = policy.V2008
	}
	for len(doc.Statements) == 0 || v.IntN(3) == 0 {
		s := policy.Statement{Effect: policy.Allow, Action: policy.Element{Values: []policy.Value{{Text: "s3:GetObject"}}}, Resource: policy.Element{Values: []policy.Value{{Text: "*"}}}}
		if v.IntN(4) == 0 {
			s.Resource = policy.Element{Not: v.IntN(3) == 0, Values: []policy.Value{{Text: "arn:aws:s3:::" + v.text()}}}
		}
		if v.IntN(4) == 0 && len(doc.Statements) > 0 {
			s.Effect = policy.Deny
		}
		for len(s.Condition) == 0 || v.IntN(3) == 0 {
			s.Condition = append(s.Condition, v.condition())
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc
}

func (v inventor) request() *eval.Request {
	some := func() string {
		return v.pick("", "a", "b", "ab", "ba", "A", "a/b", "aa", "*", "$", "a:b") + v.pick("", "", "a", "b")
	}
	values := map[string][]string{}
	for _, key := range []string{"x:k", "x:l", "x:m"} {
		if v.IntN(4) > 0 {
			values[key] = []string{some()}
		}
	}
	c, err := condition.NewContext(values)
	if err != nil {
		panic(err) // of three different keys
	}
	return &eval.Request{Action: "s3:GetObject", Resource: v.pick("*", "arn:aws:s3:::"+some(), "arn:aws:s3:::"+some()), Context: c}
}

// TestVariablesAgreeWithTrying compares policies in which variables stand in the way of each other, and tries requests on both.
func TestVariablesAgreeWithTrying(t *testing.T) {
	const rounds, tries = 300, 2000
	counts := map[prove.Answer]int{}
	for seed := range uint64(rounds) {
		v := inventor{rand.New(rand.NewPCG(seed, 13))}
		a, b := v.document(), v.document()
		if m := mutate(v.Rand, []*policy.Document{a}, nil); len(m) > 0 && v.IntN(2) == 0 {
			b = m[0]
			b.Statements[0].Condition = append(b.Statements[0].Condition, v.condition())
		}
		ca, errA := eval.Compile(a, eval.Identity)
		cb, errB := eval.Compile(b, eval.Identity)
		if errA != nil || errB != nil {
			continue
		}
		r, err := prove.Exceeds(context.Background(), identity(a), identity(b), prove.Options{First: true})
		if err != nil {
			t.Fatal(err)
		}
		counts[r.Answer]++
		for range tries {
			if r.Answer != prove.Proved {
				break
			}
			if req := v.request(); ca.Outcome(req) == eval.Allowed && cb.Outcome(req) != eval.Allowed {
				t.Fatalf("seed %d: said to be proved, but %s with %v is allowed by the first and not by the second:\n%s\n---\n%s", seed, req.Resource, req.Context, a.Format(), b.Format())
			}
		}
	}
	t.Logf("%v", counts)
	if counts[prove.Proved] < rounds/10 || counts[prove.Refuted] < rounds/10 || counts[prove.Unknown] > rounds/3 {
		t.Errorf("the answers are %v", counts)
	}
}
