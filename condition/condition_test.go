package condition_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/policy"
)

func compile(operator, key string, values []string, o condition.Options) (*condition.Condition, error) {
	c := policy.Condition{Operator: policy.Value{Text: operator}, Key: policy.Value{Text: key}, Values: []policy.Value{}}
	for _, v := range values {
		c.Values = append(c.Values, policy.Value{Text: v})
	}
	return condition.Compile(c, o)
}

func context(t testing.TB, values map[string][]string) condition.Context {
	t.Helper()
	c, err := condition.NewContext(values)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var options = condition.Options{
	Version:     policy.V2012,
	Multivalued: func(key string) bool { return key == "aws:tagkeys" },
}

// list splits a cell of the tables below: values are separated by spaces, "”" is an empty one, "-" no value at all.
func list(cell string) (values []string) {
	for v := range strings.FieldsSeq(cell) {
		switch v {
		case "-":
		case "''":
			values = append(values, "")
		default:
			values = append(values, v)
		}
	}
	return values
}

func TestOperators(t *testing.T) {
	const yes, no, missing = condition.True, condition.False, condition.Missing
	for _, c := range []struct {
		operator, policy, request string
		want                      condition.Result
	}{
		// Strings.
		{"StringEquals", "a b", "b", yes}, {"StringEquals", "a", "A", no}, {"StringEquals", "a*", "ab", no}, {"StringEquals", "a*", "a*", yes},
		{"StringEquals", "a", "-", missing}, {"StringEquals", "''", "''", yes}, {"StringEquals", "-", "a", no},
		{"StringNotEquals", "a b", "c", yes}, {"StringNotEquals", "a b", "b", no}, {"StringNotEquals", "a", "-", yes}, {"StringNotEquals", "-", "a", no},
		{"StringEqualsIgnoreCase", "aB", "Ab", yes}, {"StringNotEqualsIgnoreCase", "aB", "Ab", no},
		{"StringLike", "a*c", "abc", yes}, {"StringLike", "a?", "a", no}, {"StringLike", "*", "''", yes}, {"StringLike", "*", "-", missing},
		{"StringNotLike", "a*", "b", yes}, {"StringNotLike", "a* b", "b", no}, {"stringlike", "a", "a", yes},
		// IfExists.
		{"StringEqualsIfExists", "a", "-", yes}, {"StringEqualsIfExists", "a", "b", no}, {"StringNotEqualsIfExists", "a", "-", yes},
		{"BoolIfExists", "true", "-", yes}, {"Bool", "false", "-", missing},
		// Sets.
		{"StringEquals", "a b", "a b", no}, {"StringNotEquals", "x", "a b", no},
		{"ForAnyValue:StringEquals", "a b", "c b", yes}, {"ForAnyValue:StringEquals", "a", "-", missing}, {"ForAnyValue:StringEqualsIfExists", "a", "-", missing},
		{"ForAnyValue:StringNotEquals", "a", "a b", yes}, {"ForAnyValue:StringNotEquals", "a", "a a", no}, {"ForAnyValue:StringNotEquals", "a", "-", missing},
		{"ForAllValues:StringEquals", "a b", "a a", yes}, {"ForAllValues:StringEquals", "a b", "a c", no}, {"ForAllValues:StringEquals", "a", "-", yes},
		{"ForAllValues:StringNotEquals", "a", "b c", yes}, {"ForAllValues:StringNotEquals", "a", "a c", no}, {"ForAllValues:StringLikeIfExists", "a*", "-", yes},
		{"ForAllValues:StringEquals", "a", "''", no}, {"foranyvalue:stringequals", "a", "a", yes}, {"ForAllValues:StringEquals", "-", "a", no},
		// Numbers.
		{"NumericEquals", "10", "10.0", yes}, {"NumericEquals", "0.1", "1e-1", yes}, {"NumericEquals", "0.001e5", "100.00", yes}, {"NumericLessThan", "10.05", "10.049", yes}, {"NumericLessThan", "0.05", "0.049e0", yes}, {"NumericGreaterThan", "-100", "-99.9", yes}, {"NumericEquals", "000", "-0.0e9", yes}, {"NumericLessThan", "105", "1e2", yes},
		{"NumericEquals", "9007199254740993", "9007199254740992", no},
		{"NumericEquals", "-0", "0", yes}, {"NumericEquals", "5", "five", no}, {"NumericNotEquals", "5", "five", yes}, {"NumericNotEquals", "5", "5.00", no},
		{"NumericLessThan", "10", "9.99", yes}, {"NumericLessThan", "10", "10", no}, {"NumericLessThanEquals", "10", "10", yes}, {"NumericLessThan", "-2", "-10", yes},
		{"NumericGreaterThan", "1e3", "1001", yes}, {"NumericGreaterThanEquals", "1e3", "1000.0", yes}, {"NumericGreaterThan", "0", "-1", no}, {"NumericLessThan", "1 100", "50", yes},
		// Dates.
		{"DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", yes}, {"DateEquals", "2026-01-01T01:00:00+01:00", "1767225600", yes}, {"DateEquals", "2026", "2026-01", yes},
		{"DateLessThan", "2026-01-01T00:00Z", "2025-12-31T23:59:59.999Z", yes}, {"DateGreaterThan", "2026-01-01", "2026-01-01", no}, {"DateGreaterThanEquals", "2026-01-01", "2026-01-01", yes},
		{"DateNotEquals", "2026-01-01", "2026-01-02", yes}, {"DateLessThan", "2026-01-01", "yesterday", no}, {"DateLessThanEquals", "2026-01-01", "2026-13-01", no},
		{"DateLessThan", "2027-01-01", "2026-01-01T00:00:00,5Z", no},
		// Booleans, bytes, addresses.
		{"Bool", "TRUE", "true", yes}, {"Bool", "false", "true", no}, {"Bool", "true", "yes", no},
		{"BinaryEquals", "AQID", "AQID", yes}, {"BinaryEquals", "AQID", "AQIE", no}, {"BinaryEquals", "AQID", "!", no},
		{"IpAddress", "203.0.113.0/24", "203.0.113.7", yes}, {"IpAddress", "203.0.113.9/24", "203.0.113.7", yes}, {"IpAddress", "203.0.113.7", "203.0.113.7", yes},
		{"IpAddress", "203.0.113.7", "203.0.113.8", no}, {"IpAddress", "2001:DB8::/32", "2001:0db8:0::1", yes}, {"IpAddress", "0.0.0.0/0", "::1", no}, {"IpAddress", "::/0", "10.0.0.1", no},
		{"IpAddress", "0.0.0.0/0", "300.1.1.1", no}, {"NotIpAddress", "10.0.0.0/8", "10.1.1.1", no}, {"NotIpAddress", "10.0.0.0/8", "192.0.2.1", yes}, {"NotIpAddress", "10.0.0.0/8", "-", yes},
		// ARNs.
		{"ArnEquals", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", yes}, {"ArnLike", "arn:aws:iam::*:role/a", "arn:aws:iam::1:x:role/a", no}, {"ArnLike", "arn:aws:iam::*:role/?", "arn:aws:iam::1:role/a", yes},
		{"ArnLike", "arn:aws:s3:::*", "bucket", no}, {"ArnNotLike", "arn:aws:s3:::*", "bucket", yes}, {"ArnNotEquals", "arn:aws:s3:::b", "arn:aws:s3:::b", no}, {"ArnNotLike", "arn:aws:s3:::*", "-", yes},
		// Null.
		{"Null", "true", "-", yes}, {"Null", "true", "a", no}, {"Null", "false", "''", yes}, {"Null", "false", "-", no}, {"Null", "true false", "-", yes}, {"Null", "false", "a b", yes},
	} {
		cond, err := compile(c.operator, "k", list(c.policy), options)
		if err != nil {
			t.Errorf("%s %q: %v", c.operator, c.policy, err)
			continue
		}
		scope := &condition.Scope{Context: context(t, map[string][]string{"K": list(c.request)})}
		if got := cond.Evaluate(scope); got != c.want {
			t.Errorf("%s: policy %q, request %q: %v, want %v", c.operator, c.policy, c.request, got, c.want)
		}
	}
}

func TestAKeyThatIsAListNeedsASetOperator(t *testing.T) {
	scope := &condition.Scope{Context: context(t, map[string][]string{"aws:TagKeys": {"team"}})}
	for operator, want := range map[string]condition.Result{
		"StringEquals": condition.False, "StringNotEquals": condition.False, "ForAnyValue:StringEquals": condition.True, "ForAllValues:StringNotEquals": condition.False,
	} {
		cond, err := compile(operator, "aws:tagkeys", []string{"team"}, options)
		if err != nil {
			t.Fatal(err)
		}
		if got := cond.Evaluate(scope); got != want {
			t.Errorf("%s: %v, want %v", operator, got, want)
		}
	}
}

func TestVariables(t *testing.T) {
	scope := &condition.Scope{
		Context: context(t, map[string][]string{
			"aws:PrincipalTag/Team": {"red*"}, "aws:TagKeys": {"x"}, "list": {"a", "b"}, "aws:username": {"dev"}, "empty": {""}, "flag": {"True"},
		}),
		Caller: &condition.Caller{UserName: "shadowed", PrincipalAccount: "111122223333"},
	}
	for _, c := range []struct {
		operator, policy, request string
		want                      condition.Result
	}{
		{"StringEquals", "${aws:username}", "dev", condition.True},
		{"StringEquals", "${AWS:UserName}", "dev", condition.True},
		{"StringEquals", "a-${aws:username}-${aws:PrincipalAccount}.", "a-dev-111122223333.", condition.True},
		{"StringEquals", "a-${aws:username}", "a-dev2", condition.False},
		{"StringLike", "${aws:PrincipalTag/team}", "red*", condition.True},
		{"StringLike", "${aws:PrincipalTag/team}", "redder", condition.False},
		{"StringLike", "${aws:PrincipalTag/team}/*", "red*/x", condition.True},
		{"StringEqualsIgnoreCase", "X${aws:username}", "xDEV", condition.True},
		{"StringEquals", "${none}", "", condition.False},
		{"StringNotEquals", "${none}", "x", condition.True},
		{"StringEquals", "${none, 'a, b'}", "a, b", condition.True},
		{"StringEquals", "${empty, 'x'}", "", condition.True},
		{"StringEquals", "${list, 'x'}", "x", condition.False},
		{"StringEquals", "${aws:TagKeys}", "x", condition.False},
		{"StringLike", "${*}${?}${$}{x}*", "*?${x}y", condition.True},
		{"StringLike", "${*}", "x", condition.False},
		{"ArnLike", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::dev/k", condition.True},
		{"ArnLike", "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::redx/k", condition.False},
		{"Bool", "${flag}", "true", condition.True},
		{"Bool", "${none}", "true", condition.False},
		{"Bool", "${aws:username}", "dev", condition.False},        // equal, but no boolean
		{"NumericEquals", "${aws:username}", "1", condition.False}, // a text, in an Allow
	} {
		o := options
		o.Lenient = true
		cond, err := compile(c.operator, "k", []string{c.policy}, o)
		if err != nil {
			t.Errorf("%s %q: %v", c.operator, c.policy, err)
			continue
		}
		with := *scope
		values := map[string][]string{"k": {c.request}}
		for key, v := range scope.Context.All() {
			values[key] = v
		}
		with.Context = context(t, values)
		if got := cond.Evaluate(&with); got != c.want {
			t.Errorf("%s %q, request %q: %v, want %v", c.operator, c.policy, c.request, got, c.want)
		}
	}
	for _, version := range []policy.Version{policy.V2008, policy.VNone} {
		cond, err := compile("StringEquals", "k", []string{"${aws:username}"}, condition.Options{Version: version})
		if err != nil {
			t.Fatal(err)
		}
		literal := &condition.Scope{Context: context(t, map[string][]string{"k": {"${aws:username}"}, "aws:username": {"dev"}})}
		if cond.Evaluate(literal) != condition.True {
			t.Errorf("version %q reads a variable", version)
		}
	}
}

func TestAbsentKeysNamesWhatTheRequestLacks(t *testing.T) {
	cond, err := compile("StringEquals", "s3:Prefix", []string{"${aws:username}/${aws:PrincipalTag/Team, 'x'}", "${aws:userid}"}, options)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	cond.AbsentKeys(&condition.Scope{Context: context(t, map[string][]string{"aws:userid": {"AIDA"}})}, func(key string) { got = append(got, key) })
	if strings.Join(got, " ") != "s3:Prefix aws:username" {
		t.Errorf("absent: %v", got)
	}
}

func TestWhatIsNotUnderstoodIsAnError(t *testing.T) {
	for _, c := range []struct{ operator, value, want string }{
		{"StringMatches", "a", `unknown condition operator "StringMatches"`},
		{"ForSomeValues:StringEquals", "a", `unknown set operator "ForSomeValues"`},
		{"NullIfExists", "true", `Null cannot be combined with IfExists`},
		{"ForAnyValue:Null", "true", `Null takes no set operator`},
		{"Null", "yes", `"yes" is not a boolean`},
		{"Bool", "1", `"1" is not a boolean`},
		{"NumericEquals", "ten", `"ten" is not a number`},
		{"NumericEquals", "1e999", `"1e999" is not a number`},
		{"DateEquals", "tomorrow", `"tomorrow" is not a date`},
		{"DateEquals", "2026-01-01T00:00:00", `is not a date`},
		{"IpAddress", "10.0.0.0/99", `"10.0.0.0/99" is not an IP address or CIDR block`},
		{"IpAddress", "fe80::1%eth0", `is not an IP address`},
		{"BinaryEquals", "***", `is not base64`},
		{"StringEquals", "${aws:username", `has no }`},
		{"StringEquals", "${}", `names no key`},
		{"StringEquals", "${a, b}", `is not in single quotes`},
		{"NumericEquals", "${aws:username}", `is not a number`}, // in a Deny
	} {
		_, err := compile(c.operator, "k", []string{c.value}, options)
		var pe *policy.Error
		if !errors.As(err, &pe) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(pe.Path, c.operator) {
			t.Errorf("%s %q: error %v, want one about %s", c.operator, c.value, err, c.want)
		}
	}
	if _, err := compile("Bool", "", []string{"true"}, options); err == nil {
		t.Error("an empty key compiles")
	}
	if _, err := condition.NewContext(map[string][]string{"aws:x": {"1"}, "AWS:X": {"2"}}); err == nil {
		t.Error("a context takes a key twice")
	}
}

// A text that is no number fits none, which would make a negated operator hold for everything.
func TestVariablesUnderNegatedNumbersAreErrorsInAnAllowToo(t *testing.T) {
	lenient := options
	lenient.Lenient = true
	for operator, ok := range map[string]bool{"NumericEquals": true, "IpAddress": true, "DateLessThan": true, "Null": true, "NumericNotEquals": false, "NotIpAddress": false, "DateNotEquals": false} {
		if _, err := compile(operator, "k", []string{"${aws:username}"}, lenient); (err == nil) != ok {
			t.Errorf("%s: %v", operator, err)
		}
	}
}

func TestOperatorsPrintAsAWSSpellsThem(t *testing.T) {
	for in, want := range map[string]string{"foranyvalue:STRINGLIKEIFEXISTS": "ForAnyValue:StringLikeIfExists", "notipaddress": "NotIpAddress", "FORALLVALUES:arnequals": "ForAllValues:ArnEquals"} {
		op, err := condition.ParseOperator(in)
		if err != nil || op.String() != want {
			t.Errorf("ParseOperator(%q) = %v, %v; want %s", in, op, err, want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"StringLike|a${b, 'c'}*|abc", "NumericLessThan|1e5|99", "DateEquals|2026-01-01T00:00Z|5", "IpAddress|10.0.0.0/8|::1", "ArnLike|arn:*|arn:a:b:c:d:e", "BinaryEquals|AQID|AQID", "Null|true|x"} {
		parts := strings.Split(s, "|")
		f.Add(parts[0], parts[1], parts[2])
	}
	f.Fuzz(func(t *testing.T, operator, value, request string) {
		cond, err := compile(operator, "k", []string{value}, options)
		if err != nil {
			var pe *policy.Error
			if !errors.As(err, &pe) || pe.Reason == "" {
				t.Fatalf("error %#v", err)
			}
			return
		}
		op, err := condition.ParseOperator(cond.Operator().String())
		if err != nil || op != cond.Operator() {
			t.Fatalf("%v is printed as what parses to %v, %v", cond.Operator(), op, err)
		}
		for _, values := range [][]string{nil, {request}, {request, value}} {
			scope := &condition.Scope{Context: context(t, map[string][]string{"k": values})}
			got := cond.Evaluate(scope)
			if got == condition.Missing && len(values) > 0 {
				t.Fatalf("a key that is there is missing")
			}
		}
	})
}
