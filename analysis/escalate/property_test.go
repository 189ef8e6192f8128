package escalate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/policy"
)

var (
	someResources = []string{
		"*", "*", "*", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/team-*", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::*:user/${aws:username}",
		"arn:aws:iam::111122223333:user/dev", "arn:aws:iam::*:group/*", "arn:aws:iam::*:policy/team/*", "arn:aws:lambda:*:*:function:team-*",
		"arn:aws:cloudformation:*:*:stack/team-*", "arn:aws:ec2:*:*:instance/*", "arn:aws:s3:::*", "arn:*:*:*:*:*",
	}
	someConditions = []string{
		`{"ForAnyValue:StringEquals":{"aws:CalledVia":"cloudformation.amazonaws.com"}}`,
		`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`,
		`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`,
		`{"Bool":{"aws:ViaAWSService":"false"}}`,
		`{"StringEquals":{"iam:PassedToService":["lambda.amazonaws.com","ec2.amazonaws.com"]}}`,
		`{"StringNotEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`,
		`{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/limit"}}`,
		`{"StringNotEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/limit"}}`,
		`{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/Admin*"}}`,
		`{"StringEquals":{"aws:PrincipalTag/team":"a"}}`,
		`{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}`,
		`{"Null":{"aws:SourceArn":"false"}}`,
		`{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`,
		`{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}`,
	}
)

// someStatement makes a statement about some of a list of actions.
func someStatement(rnd *rand.Rand, effect string, actions []string, share float64) string {
	var some []string
	for _, a := range actions {
		if rnd.Float64() < share {
			some = append(some, fmt.Sprintf("%q", a))
		}
	}
	if len(some) == 0 {
		some = append(some, fmt.Sprintf("%q", actions[rnd.IntN(len(actions))]))
	}
	if rnd.IntN(12) == 0 {
		some = append(some, []string{`"iam:*Role*"`, `"lambda:*"`, `"*:Create*"`}[rnd.IntN(2)])
	}
	condition := ""
	if rnd.IntN(3) == 0 {
		condition = fmt.Sprintf(`,"Condition":%s`, someConditions[rnd.IntN(len(someConditions))])
	}
	return fmt.Sprintf(`{"Effect":%q,"Action":[%s],"Resource":%q%s}`, effect, strings.Join(some, ","), someResources[rnd.IntN(len(someResources))], condition)
}

// someHolder makes a holder that can do most of what some methods take.
func someHolder(t *testing.T, rnd *rand.Rand) (*escalate.Holder, []string) {
	t.Helper()
	methods := escalate.Methods()
	actions := []string{"cloudformation:CreateStack"}
	for range 1 + rnd.IntN(3) {
		for _, step := range methods[rnd.IntN(len(methods))].Steps {
			for _, c := range step {
				if !c.Trusted && !slices.Contains(actions, c.Action) {
					actions = append(actions, c.Action)
				}
			}
		}
	}
	var statements []string
	for range 1 + rnd.IntN(3) {
		statements = append(statements, someStatement(rnd, "Allow", actions, 0.8))
	}
	if rnd.IntN(2) == 0 {
		statements = append(statements, someStatement(rnd, "Deny", actions, 0.2))
	}
	h := &escalate.Holder{Policies: prove.Policies{Identity: []*policy.Document{documentOf(t, statements...)}}}
	h.Principal = []string{"", "arn:aws:iam::111122223333:user/dev", "arn:aws:iam::111122223333:role/team-ci"}[rnd.IntN(3)]
	if rnd.IntN(4) == 0 {
		h.Tags = map[string]string{"team": []string{"a", "b"}[rnd.IntN(2)]}
	}
	if rnd.IntN(6) == 0 {
		h.Policies.Boundary = documentOf(t, someStatement(rnd, "Allow", actions, 0.9))
	}
	return h, actions
}

func documentOf(t *testing.T, statements ...string) *policy.Document {
	t.Helper()
	return document(t, fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[%s]}`, strings.Join(statements, ",")))
}

// TestMoreAndLess adds statements to policies made at random: a Deny never opens a method, and an Allow never closes one.
func TestMoreAndLess(t *testing.T) {
	t.Parallel()
	const rounds = 18
	usable, moved, unknown, all := 0, 0, 0, 0
	for seed := range uint64(rounds) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		h, actions := someHolder(t, rnd)
		a := analyze(t, h)
		for _, effect := range []string{"Deny", "Allow"} {
			src := someStatement(rnd, effect, actions, 0.5)
			with := *h
			with.Policies.Identity = append(slices.Clip(h.Policies.Identity), documentOf(t, src))
			b := analyze(t, &with)
			for i, f := range a.Findings {
				less, more := b.Findings[i], f
				if effect == "Allow" {
					less, more = more, less
				}
				all++
				if less.Status == escalate.Unknown || more.Status == escalate.Unknown {
					unknown++
					continue
				}
				if f.Status.Usable() {
					usable++
				}
				if less.Status != more.Status {
					moved++
				}
				if less.Status > more.Status && less.Status.Usable() {
					t.Errorf("seed %d: %s is %s, and with %s it is %s; the policies are %s, those of %q", seed, f.Method.ID, f.Status, src, b.Findings[i].Status, h.Policies.Identity[0].Format(), h.Principal)
				}
			}
			confirm(t, fmt.Sprintf("seed %d with %s", seed, src), &with, b.Findings...)
		}
		confirm(t, fmt.Sprintf("seed %d", seed), h, a.Findings...)
	}
	if usable < rounds || moved < rounds/4 || unknown > all/100 {
		t.Errorf("of %d findings %d are usable, %d moved, and %d are unknown: the policies do not test much", all, usable, moved, unknown)
	}
}

func analyze(t *testing.T, h *escalate.Holder) *escalate.Analysis {
	t.Helper()
	a, err := escalate.Analyze(t.Context(), h, escalate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// FuzzAnalyze reads any document as the policies of a user and of a role: nothing panics, and each request that is found is allowed.
func FuzzAnalyze(f *testing.F) {
	for _, src := range []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"s3:*","NotResource":"arn:aws:iam::*:role/a*"},{"Effect":"Deny","Action":"iam:*User*","Resource":"arn:aws:iam::*:user/${aws:username}"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:PassRole","lambda:*"],"Resource":"*","Condition":{"StringLikeIfExists":{"iam:PassedToService":"l*"},"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}}]}`,
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := policy.Parse(src)
		if err != nil {
			return
		}
		for _, principal := range []string{"arn:aws:iam::111122223333:user/dev", "arn:aws:iam::111122223333:role/path/ci"} {
			h := &escalate.Holder{Principal: principal, Policies: prove.Policies{Identity: []*policy.Document{doc}}}
			a, err := escalate.Analyze(t.Context(), h, escalate.Options{MaxStates: 5000})
			if err != nil {
				return
			}
			confirm(t, principal, h, a.Findings...)
		}
	})
}
