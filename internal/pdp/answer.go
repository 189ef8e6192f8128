package pdp

import (
	"encoding/json"

	"github.com/writ-iam/writ/eval"
)

// An Answer is the decision on a case and why, or the error that kept it from being decided.
type Answer struct {
	ID json.RawMessage `json:"id,omitempty"` // a string or a number, as the case has it
	*Verdict
	Error string `json:"error,omitempty"`
}

// A Verdict is an [eval.Explanation] in JSON.
type Verdict struct {
	Decision       string      `json:"decision"`       // "allowed", "explicitDeny" or "implicitDeny"
	DecidedBy      []string    `json:"decidedBy"`      // policy types that allow, that deny, or that had to allow and did not
	Matched        []Statement `json:"matched"`        // all that match, of whatever effect
	BlockedBy      []string    `json:"blockedBy"`      // for implicitDeny what had to allow: "boundary", "scp[1]"
	MissingContext []string    `json:"missingContext"` // condition keys that the request does not have
	NearMisses     []NearMiss  `json:"nearMisses,omitempty"`
	Notes          []string    `json:"notes,omitempty"`
}

// A Statement is one that matches.
type Statement struct {
	Policy    string `json:"policy"`    // "identity[0]", "scp[1][0]", "resource"
	Statement int    `json:"statement"` // from 0
	Sid       string `json:"sid"`
	Effect    string `json:"effect"`
}

// A NearMiss is an Allow statement that would have matched but for one element.
type NearMiss struct {
	Policy    string `json:"policy"`
	Statement int    `json:"statement"`
	Sid       string `json:"sid"`
	Element   string `json:"element"` // "Principal", "Action", "Resource" or "Condition"
	Reason    string `json:"reason"`
}

// NewVerdict puts an explanation into JSON's terms.
func NewVerdict(x *eval.Explanation) *Verdict {
	v := &Verdict{
		Decision:       x.Decision.Outcome.String(),
		DecidedBy:      []string{},
		Matched:        []Statement{},
		BlockedBy:      []string{},
		MissingContext: notNil(x.MissingContext),
		Notes:          x.Notes,
	}
	for _, t := range x.Decision.By.Types() {
		v.DecidedBy = append(v.DecidedBy, t.String())
	}
	for _, b := range x.BlockedBy {
		v.BlockedBy = append(v.BlockedBy, b.String())
	}
	for _, m := range x.Matched {
		v.Matched = append(v.Matched, Statement{m.Policy(), m.Statement, m.Source.Sid.Text, string(m.Source.Effect)})
	}
	for _, m := range x.NearMisses {
		v.NearMisses = append(v.NearMisses, NearMiss{m.Policy(), m.Statement, m.Source.Sid.Text, m.Element, m.Reason})
	}
	return v
}

// notNil returns a list that JSON has as [], not as null, if it is empty.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
