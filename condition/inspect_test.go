package condition_test

import (
	"slices"
	"testing"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/policy"
)

func TestFillAndVariables(t *testing.T) {
	context, err := condition.NewContext(map[string][]string{"aws:username": {"a*b"}, "x:list": {"1", "2"}, "x:dollar": {"$?"}})
	if err != nil {
		t.Fatal(err)
	}
	scope := &condition.Scope{Context: context}
	for _, c := range []struct {
		text, filled string
		known        bool
		variables    []string
	}{
		{"plain/*", "plain/*", true, nil},
		{"x/${aws:username}/*", "x/a${*}b/*", true, []string{"aws:username"}},
		{"${AWS:UserName}${x:dollar}", "a${*}b${$}${?}", true, []string{"aws:username", "x:dollar"}},
		{"${*}${?}${$}", "${*}${?}${$}", true, nil},
		{"${aws:PrincipalTag/t}", "", false, []string{"aws:principaltag/t"}},
		{"${aws:PrincipalTag/t, 'none*'}", "none${*}", true, []string{"aws:principaltag/t"}},
		{"${x:list, 'none'}", "", false, []string{"x:list"}},
	} {
		o := condition.Options{Version: policy.V2012}
		filled, known, err := condition.Fill(c.text, o, scope)
		if err != nil || known != c.known || known && filled != c.filled {
			t.Errorf("Fill(%q) is %q, %t, %v", c.text, filled, known, err)
		}
		if keys, err := condition.Variables(c.text, o); err != nil || !slices.Equal(keys, c.variables) {
			t.Errorf("Variables(%q) is %q, %v", c.text, keys, err)
		}
	}
	old := condition.Options{Version: policy.V2008}
	if filled, known, err := condition.Fill("${aws:username}", old, scope); filled != "${aws:username}" || !known || err != nil {
		t.Errorf("in the old version, a variable is filled in: %q, %t, %v", filled, known, err)
	}
	if _, _, err := condition.Fill("${aws:username", condition.Options{Version: policy.V2012}, scope); err == nil {
		t.Error("no error for a variable without an end")
	}
}

func TestComparisonOfOperators(t *testing.T) {
	for name, want := range map[string]condition.Comparison{
		"StringEquals": condition.Texts, "StringNotEqualsIgnoreCase": condition.FoldedText, "ForAnyValue:StringLikeIfExists": condition.Patterns,
		"ArnNotEquals": condition.ARNs, "NumericLessThan": condition.Numbers, "DateEquals": condition.Dates, "Bool": condition.Booleans,
		"NotIpAddress": condition.Addresses, "BinaryEquals": condition.Bytes, "Null": condition.Presence,
	} {
		op, err := condition.ParseOperator(name)
		if err != nil {
			t.Fatal(err)
		}
		if op.Comparison() != want {
			t.Errorf("%s compares %d", name, op.Comparison())
		}
	}
	op, err := condition.ParseOperator("ForAllValues:StringNotLikeIfExists")
	if err != nil {
		t.Fatal(err)
	}
	if !op.ForAllValues() || op.ForAnyValue() || !op.Negated() || !op.IfExists() || !op.HasVariables() {
		t.Errorf("%v is not what it says", op)
	}
}
