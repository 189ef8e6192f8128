package op

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
)

// policyTypes are AWS's words for the types of policies in a denial.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var policyTypes = map[eval.PolicyType]string{
	eval.Identity: "identity-based policy",
	eval.Resource: "resource-based policy",
	eval.Boundary: "permissions boundary",
	eval.Session:  "session policy",
	eval.SCP:      "service control policy",
	eval.RCP:      "resource control policy",
	eval.Endpoint: "VPC endpoint policy",
}

// encodedMessage stands before the encoded authorization message in a denial.
const encodedMessage = ". Encoded authorization failure message: "

// denial is AWS's error for a decision that does not allow, with an encoded authorization message that says why.
func (c *Call) denial(d *decided) error {
	who := "anonymous"
	if c.Caller != nil {
		who = c.Caller.ARN
		if c.Caller.Provider != "" { // not a user yet, and not told more
			return &iam.Error{Code: iam.AccessDenied, Message: "Not authorized to perform " + d.request.Action}
		}
	}
	reason := ""
	types := d.decision.By.Types()
	switch {
	case d.decision.Outcome == eval.ExplicitDeny && len(types) > 0:
		t := policyTypes[types[0]]
		article := "a"
		if strings.ContainsRune("aeiou", rune(t[0])) {
			article = "an"
		}
		reason = fmt.Sprintf(" with an explicit deny in %s %s", article, t)
	case d.decision.Unlisted:
	case len(types) > 0:
		reason = fmt.Sprintf(" because no %s allows the %s action", policyTypes[types[0]], d.request.Action)
	default:
		reason = fmt.Sprintf(" because no identity-based policy allows the %s action", d.request.Action)
	}
	message := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s%s",
		who, d.request.Action, d.request.Resource, reason)
	if encoded, err := c.Keys.SealMessage(c.Account(), c.explain(d)); err == nil {
		message += encodedMessage + encoded
	}
	return &iam.Error{Code: iam.AccessDenied, Message: message}
}

// An item and a list of items, as DecodeAuthorizationMessage has them.
type (
	items[T any] struct {
		Items []T `json:"items"`
	}
	conditionValue struct {
		Value string `json:"value"`
	}
	conditionKey struct {
		Key    string                `json:"key"`
		Values items[conditionValue] `json:"values"`
	}
	matchedStatement struct {
		StatementID string   `json:"statementId"`
		Effect      string   `json:"effect"`
		PolicyType  string   `json:"policyType"`
		Policy      string   `json:"policy"`
		Actions     []string `json:"actions,omitempty"`
		Resources   []string `json:"resources,omitempty"`
	}
)

// explain returns the content of the encoded authorization message.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
func (c *Call) explain(d *decided) []byte {
	e := d.policies.Explain(&d.request)
	var m struct {
		Allowed           bool                     `json:"allowed"`
		ExplicitDeny      bool                     `json:"explicitDeny"`
		MatchedStatements items[matchedStatement]  `json:"matchedStatements"`
		Failures          items[map[string]string] `json:"failures"`
		Context           struct {
			Principal struct {
				ID  string `json:"id"`
				ARN string `json:"arn"`
			} `json:"principal"`
			Action     string              `json:"action"`
			Resource   string              `json:"resource"`
			Conditions items[conditionKey] `json:"conditions"`
		} `json:"context"`
		Revision int64 `json:"revision"`
	}
	m.Allowed = d.decision.Allowed()
	m.ExplicitDeny = d.decision.Outcome == eval.ExplicitDeny
	m.Revision = int64(c.State.Revision)
	m.MatchedStatements.Items = []matchedStatement{}
	for _, s := range e.Matched {
		m.MatchedStatements.Items = append(m.MatchedStatements.Items, matchedStatement{
			StatementID: s.Source.Sid.Text, Effect: strings.ToUpper(string(s.Source.Effect)),
			PolicyType: s.Type.String(), Policy: s.Policy(),
			Actions: s.Source.Action.Strings(), Resources: s.Source.Resource.Strings(),
		})
	}
	m.Failures.Items = []map[string]string{}
	for _, b := range e.BlockedBy {
		m.Failures.Items = append(m.Failures.Items, map[string]string{"policyType": b.String()})
	}
	m.Context.Principal.ID, m.Context.Principal.ARN = "anonymous", "anonymous"
	if c.Caller != nil {
		m.Context.Principal.ID, m.Context.Principal.ARN = c.Caller.UserID, c.Caller.ARN
	}
	m.Context.Action, m.Context.Resource = d.request.Action, d.request.Resource
	m.Context.Conditions.Items = []conditionKey{}
	for key, values := range d.context {
		k := conditionKey{Key: key, Values: items[conditionValue]{[]conditionValue{}}}
		for _, v := range values {
			k.Values.Items = append(k.Values.Items, conditionValue{v})
		}
		m.Context.Conditions.Items = append(m.Context.Conditions.Items, k)
	}
	slices.SortFunc(m.Context.Conditions.Items, func(a, b conditionKey) int { return strings.Compare(a.Key, b.Key) })
	text, _ := json.Marshal(&m)
	return text
}
