package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// lostRequest returns a request that an update no longer allows, and whether writ decide says so, too: that of a removal for which it
// does, if there is one. What writ decide knows beyond the policy can stand against it: AWS decides some actions on * alone,
// and across accounts the resource's own policy must allow as well.
func lostRequest(u *history.Update) (r *history.Request, decides bool) {
	before, after := compiledVersion(u.Before), compiledVersion(u.After)
	for i := range u.Removed {
		if r := &u.Removed[i].Witness; allowedBy(before, r) && !allowedBy(after, r) {
			return r, true
		}
	}
	return &u.Removed[0].Witness, false
}

// compiledVersion returns the policies of who has a version attached and nothing else. The document was read before.
func compiledVersion(v *managed.Version) *eval.Policies {
	doc, err := policy.Parse(v.Document())
	if err != nil {
		return &eval.Policies{}
	}
	p, err := eval.Compile(doc, eval.Identity)
	if err != nil {
		return &eval.Policies{}
	}
	return &eval.Policies{Identity: []*eval.Policy{p}}
}

func allowedBy(p *eval.Policies, r *history.Request) bool {
	request := pdp.Request{
		Principal: r.Principal, SessionIssuer: r.SessionIssuer, Action: r.Action,
		Resource: r.Resource, ResourceAccount: r.ResourceAccount, Context: r.Context,
	}
	x, err := request.Explain(p)
	return err == nil && x.Decision.Allowed()
}

// requestExample is the command line that shows what an update took away or, where none does, the request in words.
func requestExample(u *history.Update) string {
	r, decides := lostRequest(u)
	if decides {
		return shellQuoted(decideWords(u.Before.Ref(), r))
	}
	text := r.Action + " on " + r.Resource
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		text += fmt.Sprintf(" with %s=%s", key, strings.Join(r.Context[key], ","))
	}
	a, known := authref.LookupAction(r.Action)
	switch {
	case known && !a.TakesResource() && r.Resource != "*":
		return text + ", which AWS decides on * alone"
	case r.Principal != "":
		return text + " by " + r.Principal + ", where the resource's own policy allows it"
	}
	return text + ", which no request can ask"
}

// decideWords is the command line that decides a request under a version of a managed policy.
func decideWords(ref string, r *history.Request) []string {
	words := []string{"writ", "decide", "--policy", ref, "--action", r.Action}
	for _, flag := range [][2]string{{"--resource", r.Resource}, {"--resource-account", r.ResourceAccount}, {"--principal", r.Principal}, {"--session-issuer", r.SessionIssuer}} {
		if flag[1] != "" && flag[1] != "*" {
			words = append(words, flag[0], flag[1])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		for _, value := range r.Context[key] {
			words = append(words, "--context", key+"="+value)
		}
	}
	return words
}
