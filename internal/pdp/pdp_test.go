package pdp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/writ-iam/writ/eval"
)

const (
	allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	allowS3  = `{"Version":"2012-10-17","Statement":[{"Sid":"S3","Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	get      = `"request":{"action":"s3:GetObject"}`
)

// answer decides one case and returns its answer in JSON.
func answer(t testing.TB, line string) string {
	t.Helper()
	var d Decider
	b, err := json.Marshal(d.Decide(7, []byte(line)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPoliciesComeInEveryForm(t *testing.T) {
	text, _ := json.Marshal(allowAll)
	for _, policies := range []string{
		`"identity":[` + allowAll + `]`,
		`"identity":` + allowAll,
		`"identity":"AdministratorAccess"`,
		`"identity":["arn:aws:iam::aws:policy/AdministratorAccess@v1"]`,
		`"identity":[` + string(text) + `]`,
		`"identity":[` + allowAll + `],"boundary":[],"session":null,"resource":null,"scp":null,"rcp":[],"endpoint":[]`,
		`"identity":[` + allowAll + `],"boundary":` + allowS3 + `,"session":` + allowS3 + `,"endpoint":[` + allowS3 + `]`,
		`"identity":[` + allowAll + `],"boundary":[` + allowS3 + `],"scp":[[` + allowAll + `],["PowerUserAccess",` + allowS3 + `]],"rcp":[[]]`,
		`"resource":{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`,
		`"resource":[{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}]`,
	} {
		if got := answer(t, `{`+get+`,"policies":{`+policies+`}}`); !strings.HasPrefix(got, `{"id":"line 7","decision":"allowed",`) {
			t.Errorf("%s\n%s", policies, got)
		}
	}
	for _, line := range []string{
		`{` + get + `}`,
		`{` + get + `,"policies":null}`,
		`{` + get + `,"policies":{"identity":[` + allowAll + `],"scp":[[]]}}`,
	} {
		if got := answer(t, line); !strings.Contains(got, `"decision":"implicitDeny"`) {
			t.Errorf("%s\n%s", line, got)
		}
	}
}

func TestRequestMembers(t *testing.T) {
	when := func(condition string) string {
		return `,"policies":{"identity":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + condition + `}}}}}`
	}
	const user = `"principal":"arn:aws:iam::111122223333:user/dev",`
	for _, line := range []string{
		`{"request":{"action":"s3:GetObject","context":{"a:b":1.50}}` + when(`"StringEquals":{"a:b":"1.50"}`),
		`{"request":{"action":"s3:GetObject","context":{"a:b":true}}` + when(`"Bool":{"a:b":"true"}`),
		`{"request":{"action":"s3:GetObject","context":{"a:b":["x","\u0079",3]}}` + when(`"ForAllValues:StringEquals":{"a:b":["x","y","3"]}`),
		`{"request":{"action":"s3:GetObject","context":{"a:b":[]}}` + when(`"Null":{"a:b":"true"}`),
		`{"request":{` + user + `"action":"s3:GetObject"}` + when(`"StringEquals":{"aws:username":"dev"}`),
		`{"request":{"action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resourceAccount":"111122223333"}` + when(`"StringEquals":{"aws:ResourceAccount":"111122223333"}`),
		`{"request":{"principal":"111122223333","action":"s3:GetObject"}` + when(`"StringEquals":{"aws:PrincipalType":"Account"}`),
		`{"request":{"principal":"arn:aws:sts::111122223333:assumed-role/r/s","sessionIssuer":"arn:aws:iam::111122223333:role/path/r","action":"s3:GetObject"}` +
			when(`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/path/r"}`),
	} {
		if got := answer(t, line); !strings.Contains(got, `"decision":"allowed"`) {
			t.Errorf("%s\n%s", line, got)
		}
	}

	// aws:userid is also the unique id that a saved policy names.
	got := answer(t, `{"request":{`+user+`"action":"s3:GetObject","context":{"aws:userid":"AIDA1"}},"policies":{"resource":{"Statement":`+
		`{"Effect":"Allow","Principal":{"AWS":"AIDA1"},"Action":"*","Resource":"*"}}}}`)
	if !strings.Contains(got, `"decidedBy":["resource"]`) {
		t.Error(got)
	}
}

func TestNotes(t *testing.T) {
	for line, want := range map[string]string{
		`{"request":{"action":"s3:GetObjekt"}}`:                                            "did you mean s3:GetObject?",
		`{"request":{"action":"s3:NothingLikeIt"}}`:                                        `no action s3:NothingLikeIt"`,
		`{"request":{"action":"dynamodbb:GetItem"}}`:                                       "did you mean dynamodb?",
		`{"request":{"action":"s3:ListAllMyBuckets","resource":"arn:aws:s3:::b"}}`:         "it is decided on *",
		`{"request":{"action":"s3:GetObject","resource":"arn:aws:s3:::b/*"}}`:              "no wildcards",
		`{"request":{"action":"sts:GetCallerIdentity"},"policies":{"identity":"` + "x\"}}": "no AWS managed policy",
	} {
		if got := answer(t, line); !strings.Contains(got, want) {
			t.Errorf("%s\n%s", line, got)
		}
	}
	if got := answer(t, `{"request":{"action":"S3:getobject","resource":"arn:aws:s3:::b/k"}}`); strings.Contains(got, "notes") {
		t.Error(got)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for line, want := range map[string]string{
		`{}`:       "line 7, column 1: the case has no request",
		`not json`: "line 7, column 1: expected a case (an object), found 'n'",
		`"x" y`:    "line 7, column 1: expected a case (an object), found a string",
		"\ufeff{}": "line 7, column 1: the line begins with a byte order mark (U+FEFF); expected a case (an object)",
		`{"request":{"action":"s3:Get\nObject"}}`:                                           `line 7, column 22: request.action: "s3:Get\nObject" has the control character '\n'`,
		`{"request":{"action":"s3:Get\u0085Object"}}`:                                       `request.action: "s3:Get\u0085Object" has the control character '\u0085'`,
		`{"request":{"action":"s3:Get Object"}}`:                                            `request.action: "s3:Get Object" has white space; expected service:Name, as in s3:GetObject`,
		`{"request":{"action":"s3:Get\u2003Object"}}`:                                       `has white space`,
		`{"request":{"action":"s3:` + strings.Repeat("é", 126) + `"}}`:                      `request.action: the action has 129 characters; AWS takes at most 128`,
		`{"request":{"action":"a:b","principal":"arn:aws:iam::111122223333:user/a\u001b"}}`: `request.principal: "arn:aws:iam::111122223333:user/a\x1b" has the control character '\x1b'`,
		`{"request":{"action":"a:b","sessionIssuer":"\u007f"}}`:                             `request.sessionIssuer: "\x7f" has the control character '\x7f'`,
		`{"request":{"action":"a:b","context":{"a\nb":"x"}}}`:                               `request.context: the key "a\nb" has the control character '\n'`,
		`[]`:                        "line 7, column 1: expected a case (an object), found a list",
		`{"id":true,` + get + `}`:   "line 7, column 7: id: expected a string or a number, found a boolean",
		`{"request":{}}`:            "line 7, column 12: request.action: the request has no action; expected one such as s3:GetObject",
		`{"request":[]}`:            "line 7, column 12: request: expected a request (an object), found a list",
		`{"request":null}`:          "line 7, column 12: request: expected a request (an object), found null",
		`{"request":{"action":[]}}`: "line 7, column 22: request.action: expected a string, found a list",
		`{"request":{"action":"a:b","resource":null}}`:                                   "line 7, column 39: request.resource: expected a string, found null",
		`{"request":{"action":"a:b","resource":"x"}}`:                                    `line 7, column 39: request.resource: "x" is not an ARN: it does not start with "arn:"; expected an ARN or "*"`,
		`{"request":{"action":"a:b","resourceAccount":"1"}}`:                             `line 7, column 46: request.resourceAccount: "1" is no account id; expected twelve digits`,
		`{"request":{"action":"a:b","sessionIssuer":"x.y"}}`:                             "line 7, column 44: request.sessionIssuer: ",
		`{"request":{"action":"ab"}}`:                                                    `line 7, column 22: request.action: "ab" is no action`,
		`{"request":{"action":"a:b:c"}}`:                                                 "is no action",
		`{"request":{"action":"a:"}}`:                                                    "is no action",
		`{"request":{"action":"a:?"}}`:                                                   "has wildcards",
		`{"Request":{}}`:                                                                 `line 7, column 2: the key "Request" is written "request"`,
		`{"requests":{}}`:                                                                `line 7, column 2: unknown key "requests" in a case; expected id, request or policies`,
		`{` + get + `,` + get + `}`:                                                      `the key "request" is given twice`,
		`{"request":{"action":"a:b","context":{"k":{}}}}`:                                "request.context.k: expected a string, a number, a boolean or a list of these, found an object",
		`{"request":{"action":"a:b","context":{"k":["x",null]}}}`:                        "request.context.k[1]: expected a string, a number or a boolean, found null",
		`{"request":{"action":"a:b","context":{"k":[["x"]]}}}`:                           "request.context.k[0]: expected a string, a number or a boolean, found a list",
		`{"request":{"action":"a:b","context":{"k":01}}}`:                                `request.context.k: "01" is not valid JSON`,
		`{"request":{"action":"a:b","context":{"k":"1","K":"2"}}}`:                       `request.context.K: the key "K" is given twice, first as "k"`,
		`{"request":{"action":"a:b","context":{"":"1"}}}`:                                "request.context: ",
		`{"request":{"action":"a:b","context":{"k":"\ud800"}}}`:                          "half a surrogate pair",
		`{"request":{"action":"a:b","context":{"k":"\x"}}}`:                              "the string is not valid JSON",
		"{\"request\":{\"action\":\"a:\tb\"}}":                                           `the control character '\t' in a string must be escaped`,
		"{\"request\":{\"action\":\"a:\xff\"}}":                                          "line 7, column 25: the byte 0xff is not UTF-8",
		`{` + get + `} x`:                                                                "text after the end of the case",
		`{` + get + `,}`:                                                                 "expected a key, found '}'",
		`{` + get + ` "id":"x"}`:                                                         "expected a comma or }, found a string",
		`{"id" "x"}`:                                                                     `expected a colon after "id", found a string`,
		`{"request":{"action":"a:b"]}`:                                                   "expected a comma or }, found ']'",
		`{"request":{"action":"a:b"`:                                                     "the line ends inside of what starts at column 1",
		`{"request":}`:                                                                   "expected a value, found '}'",
		`{` + get + `,"policies":[]}`:                                                    "policies: expected the policies (an object), found a list",
		`{` + get + `,"policies":{"scps":[]}}`:                                           `unknown key "scps" in the policies; expected identity, `,
		`{` + get + `,"policies":{"identity":[1]}}`:                                      "policies.identity[0]: expected a policy document (an object) or a reference to a managed policy (a string), found a number",
		`{` + get + `,"policies":{"identity":[null]}}`:                                   "policies.identity[0]: expected a policy document",
		`{` + get + `,"policies":{"identity":[""]}}`:                                     "policies.identity[0]: ",
		`{` + get + `,"policies":{"identity":[{}]}}`:                                     "line 7, column 62: policies.identity[0]: the policy has no Statement",
		`{` + get + `,"policies":{"identity":[{]}}`:                                      "line 7, column 66: the line ends inside of what starts at column 1",
		`{` + get + `,"policies":{"identity":[` + allowAll + `{}]}}`:                     "policies.identity: expected a comma or ], found an object",
		`{` + get + `,"policies":{"scp":` + allowAll + `}}`:                              "policies.scp: expected a list of levels",
		`{` + get + `,"policies":{"rcp":[` + allowAll + `]}}`:                            "policies.rcp[0]: expected a level, which is a list of policies (rcp is a list of levels",
		`{` + get + `,"policies":{"scp":["PowerUserAccess"]}}`:                           "policies.scp[0]: expected a level",
		`{` + get + `,"policies":{"scp":[[],[{"Statement":[]}]]}}`:                       "policies.scp[1][0].Statement: the list of statements is empty",
		`{` + get + `,"policies":{"boundary":["` + `ReadOnlyAccess","ReadOnlyAccess"]}}`: "policies.boundary: a principal has one permissions boundary; 2 are given",
		`{` + get + `,"policies":{"resource":"ReadOnlyAccess"}}`:                         "policies.resource: ReadOnlyAccess@v",
		`{` + get + `,"policies":{"identity":"{\"Statement\":1}"}}`:                      "policies.identity: in the text: line 1, column 14: Statement: expected a statement",
	} {
		got := answer(t, line)
		want, _ := json.Marshal(want)
		if !strings.HasPrefix(got, `{"id":"line 7","error":`) || !strings.Contains(got, string(want[1:len(want)-1])) {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func TestIDIsKnownWhereverTheErrorIs(t *testing.T) {
	for _, line := range []string{
		`{"id":"x"`,
		`{"id":"x",`,
		`{"id":"x","request":{"action":"a:*"}}`,
		`{"request":{"action":"a:*"},"id":"x"}`,
		`{"unknown":1,"id":"x"}`,
		"{\"id\":\"x\",\"request\":\"\xff\"}",
	} {
		if got := answer(t, line); !strings.HasPrefix(got, `{"id":"x","error":"line 7`) {
			t.Errorf("%s\n%s", line, got)
		}
	}
	if got := answer(t, `{"id":-1.50,`+get+`}`); !strings.HasPrefix(got, `{"id":-1.50,"decision":`) {
		t.Errorf("a number as the id: %s", got)
	}
	if got := answer(t, `{"id":"",`+get+`}`); !strings.HasPrefix(got, `{"id":"line 7","decision":`) {
		t.Error(got)
	}
}

func TestPoliciesAreCompiledOnce(t *testing.T) {
	var d Decider
	for range 3 {
		d.Decide(1, []byte(`{`+get+`,"policies":{"identity":["ReadOnlyAccess",`+allowAll+`],"boundary":`+allowAll+`}}`))
	}
	if len(d.compiled) != 3 { // a boundary is another kind of policy
		t.Errorf("%d policies are kept", len(d.compiled))
	}
	d.size = maxCached + 1
	d.Decide(1, []byte(`{`+get+`,"policies":{"identity":`+allowS3+`}}`))
	if len(d.compiled) != 1 || d.size != len(allowS3) {
		t.Errorf("%d policies of %d bytes are kept, after there were too many", len(d.compiled), d.size)
	}
}

// A turns reader gives a line at a time, and checks that the one before was answered.
type turns struct {
	t     *testing.T
	lines []string
	given int
	out   *bytes.Buffer
}

func (r *turns) Read(b []byte) (int, error) {
	if n := bytes.Count(r.out.Bytes(), []byte("\n")); n != r.given {
		r.t.Errorf("%d of %d lines were answered before more was read", n, r.given)
	}
	if r.given == len(r.lines) {
		return 0, io.EOF
	}
	r.given++
	return copy(b, r.lines[r.given-1]+"\n"), nil
}

func TestRunAnswersBeforeItWaits(t *testing.T) {
	var out bytes.Buffer
	in := &turns{t: t, lines: []string{`{` + get + `}`, `x`, `{` + get + `}`}, out: &out}
	tally, err := Run(t.Context(), in, &out, nil)
	if err != nil || tally != (Tally{3, 1}) {
		t.Errorf("%+v, %v", tally, err)
	}
}

func TestRunSkipsEmptyLinesAndBoundsLongOnes(t *testing.T) {
	long := `{"id":"long","request":{"action":"` + strings.Repeat("x", MaxLine)
	in := "\n \t\r\n{" + get + "}\r\n" + long + "\n{" + get + "}"
	var out strings.Builder
	tally, err := Run(t.Context(), strings.NewReader(in), &out, nil)
	if err != nil || tally != (Tally{3, 1}) {
		t.Errorf("%+v, %v", tally, err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{`{"id":"line 3","decision":`, `{"id":"long","error":"line 4 has 8388642 bytes; at most 8388608 are read"}`, `{"id":"line 5","decision":`, ""} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %.200s, not %s", i, lines[i], want)
		}
	}
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, strings.NewReader(strings.Repeat("{}\n", 10)), io.Discard, func(t Tally) {
		if t.Cases == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	broken := errors.New("broken")
	if _, err := Run(t.Context(), io.MultiReader(strings.NewReader("{}\n"), failing{broken}), io.Discard, nil); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := Run(t.Context(), strings.NewReader("{}\n"), failing{broken}, nil); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestLongErrorsAreShortened(t *testing.T) {
	if got := answer(t, `{"request":{"action":"`+strings.Repeat("é", 1<<20)+`"}}`); len(got) > 1200 {
		t.Errorf("the answer has %d bytes", len(got))
	}
}

func TestRequestsAreUTF8(t *testing.T) {
	const broken = "arn:aws:s3:::b/\xff"
	for field, r := range map[string]Request{
		"principal":       {Action: "a:b", Principal: broken},
		"sessionIssuer":   {Action: "a:b", SessionIssuer: broken},
		"action":          {Action: "a:\xff"},
		"resource":        {Action: "a:b", Resource: broken},
		"resourceAccount": {Action: "a:b", ResourceAccount: broken},
		"context":         {Action: "a:b", Context: map[string][]string{"k": {"x", broken}, "l": {broken}}},
	} {
		_, err := r.Explain(&eval.Policies{})
		if err == nil || !strings.HasPrefix(err.Error(), field+": ") || !strings.HasSuffix(err.Error(), `\xff" is not UTF-8`) {
			t.Errorf("%s: %v", field, err)
		}
	}
	longest := Request{Action: "s3:" + strings.Repeat("é", 125)}
	if _, err := longest.Explain(&eval.Policies{}); err != nil {
		t.Error(err)
	}
}

func TestSuggestionsAreClose(t *testing.T) {
	for action, want := range map[string]string{
		"foo:Bar":                       "",
		"s4:GetObject":                  "did you mean s3?",
		"dynamodbb:GetItem":             "did you mean dynamodb?",
		"s3:GetObjekts":                 "did you mean s3:GetObject?",
		"s3:Bar":                        "",
		strings.Repeat("x", 100) + ":y": "",
	} {
		if got := unknownAction(action); (want == "") == strings.Contains(got, "did you mean") || !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", action, got)
		}
	}
}

// TestLongLinesAreReadInLinearTime has as many members that reading them against each other would take minutes.
func TestLongLinesAreReadInLinearTime(t *testing.T) {
	const n = 300_000
	var keys, policies, unknown strings.Builder
	for i := range n {
		fmt.Fprintf(&keys, `,"k:%d":"x"`, i)
		fmt.Fprintf(&unknown, `"k%d":1,`, i)
	}
	for i := range n / 4 {
		fmt.Fprintf(&policies, `,{"Id":"%d","Statement":[{"Effect":"Deny","Action":"a:b","Resource":"*"}]}`, i)
	}
	for line, want := range map[string]string{
		`{"request":{"action":"s3:GetObject","context":{` + keys.String()[1:] + `}}}`:         `"decision":"implicitDeny"`,
		`{"request":{"action":"s3:GetObject","context":{` + keys.String()[1:] + `,"K:0":1}}}`: `the key \"K:0\" is given twice, first as \"k:0\"`,
		`{` + get + `,"policies":{"identity":[` + policies.String()[1:] + `]}}`:               `"decision":"implicitDeny"`,
		`{` + unknown.String() + `"id":"x"}`:                                                  `{"id":"x","error":"line 7, column 2: unknown key`,
	} {
		if got := answer(t, line); len(line) > MaxLine || !strings.Contains(got, want) {
			t.Errorf("%.100s… of %d bytes\n%.500s", line, len(line), got)
		}
	}
}

func TestColumnsAreCounted(t *testing.T) {
	r := &reader{line: []byte(`"é", "語", "x"`), number: 3}
	for _, at := range []int{0, 6, 3, 13, 1, 15, 15, 0} {
		if got, want := r.pos(at).Column, utf8.RuneCount(r.line[:at])+1; got != want {
			t.Errorf("place %d is in column %d, not %d", at, got, want)
		}
	}
}

func FuzzDecide(f *testing.F) {
	for _, line := range []string{
		`{"id":"x","request":{"principal":"arn:aws:iam::111122223333:user/dev","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resourceAccount":"111122223333",` +
			`"sessionIssuer":"","context":{"aws:CalledVia":["cloudformation.amazonaws.com"],"a:b":1.5e3,"a:c":true}},"policies":{"identity":[` + allowAll + `,"ReadOnlyAccess"],` +
			`"boundary":[` + allowS3 + `],"session":[],"resource":null,"scp":[[` + allowAll + `],[]],"rcp":[[]],"endpoint":[` + allowS3 + `]}}`,
		`{"request":{"action":"\u0073\ud83d\ude00:é"},"policies":{"resource":"{}"}}`,
		`{"id":"x`, `[`, `{]`, `{"a":{"b":[}`, "\xff", `{"id":"\ud800"}`,
	} {
		f.Add([]byte(line))
	}
	var d Decider
	f.Fuzz(func(t *testing.T, line []byte) {
		start := time.Now()
		a := d.Decide(1, line)
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v", took)
		}
		b, err := json.Marshal(a)
		if err != nil || bytes.ContainsAny(b, "\n\r") || !json.Valid(b) {
			t.Errorf("%s, %v", b, err)
		}
		if (a.Error == "") == (a.Verdict == nil) || len(a.ID) == 0 {
			t.Errorf("neither a verdict nor an error, or both: %s", b)
		}
		if a.Error == "" && !json.Valid(line) {
			t.Errorf("decided what is not JSON: %q", line)
		}
	})
}
