package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// NewIdentityDocument returns a document that can be saved as an identity-based policy, managed or inline. What is
// wrong with another one is an [*Error]: MalformedPolicyDocument, with the sentence that AWS has for it if it is known,
// else with the position and the reason.
func NewIdentityDocument(text string) (*Document, error) {
	doc, err := parse(text, "Syntax errors in policy.")
	if err != nil {
		return nil, err
	}
	for i := range doc.Statements {
		s := &doc.Statements[i]
		switch {
		case s.Principal != nil:
			return nil, malformed("Policy document should not specify a principal.")
		case !s.Resource.Present():
			return nil, malformed("Policy statement must contain resources.")
		}
		for _, r := range s.Resource.Values {
			if namesRegion(r.Text) {
				return nil, malformed("IAM resource ARN cannot contain region information.")
			}
		}
	}
	return compiled(NewDocument(text), eval.Identity)
}

// NewTrustDocument returns a document that can be saved as the trust policy of a role. Its principals are bound as
// [Bind] says.
func NewTrustDocument(text string, id func(principal string) (string, bool)) (*Document, error) {
	doc, err := parse(text, "This policy contains invalid Json")
	if err != nil {
		return nil, err
	}
	for i := range doc.Statements {
		s := &doc.Statements[i]
		switch {
		case s.Resource.Present():
			return nil, malformed("Has prohibited field Resource")
		case s.Principal == nil:
			return nil, malformed("Missing required field Principal")
		case s.Action.Not || slices.ContainsFunc(s.Action.Values, func(a policy.Value) bool { return !isSTS(a.Text) }):
			return nil, malformed("AssumeRole policy may only specify STS AssumeRole actions.")
		}
	}
	if Size(text) > MaxTrustSize {
		return nil, Errorf(LimitExceeded, "Cannot exceed quota for ACLSizePerRole: %d", MaxTrustSize)
	}
	d, err := Bind(text, id)
	if err != nil {
		return nil, err
	}
	return compiled(d, eval.Resource)
}

// namesRegion reports whether a pattern of IAM's resources has a region, which they do not have.
func namesRegion(pattern string) bool {
	parts := strings.SplitN(pattern, ":", 5)
	return len(parts) == 5 && parts[2] == "iam" && parts[3] != "" && !strings.ContainsAny(parts[3], "*?$")
}

func isSTS(action string) bool { return len(action) > 4 && strings.EqualFold(action[:4], "sts:") }

// parse reads a document, and checks what holds for all documents that IAM saves, but not for those of other services.
// AWS's sentence for a text that is not JSON is not the same for all of them.
func parse(text, notJSON string) (*policy.Document, error) {
	doc, err := policy.Parse([]byte(text))
	switch {
	case err != nil && !json.Valid([]byte(text)):
		return nil, malformed(fmt.Sprintf("%s (%v)", notJSON, err))
	case err != nil:
		return nil, malformed(fmt.Sprintf("Syntax errors in policy. (%v)", err))
	}
	seen := map[string]bool{}
	for i := range doc.Statements {
		sid := doc.Statements[i].Sid.Text
		switch {
		case sid == "":
			continue
		case strings.IndexFunc(sid, func(c rune) bool { return !isAlphanumeric(c) }) >= 0:
			return nil, malformed("Statement IDs (SID) must be alpha-numeric. " +
				"Check that your input satisfies the regular expression [0-9A-Za-z]*")
		case seen[sid]:
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		seen[sid] = true
	}
	return doc, nil
}

func isAlphanumeric(c rune) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// compiled compiles a document for its first use, which also is the last check.
func compiled(d *Document, t eval.PolicyType) (*Document, error) {
	if _, err := d.Policy(t); err != nil {
		return nil, malformed(err.Error())
	}
	return d, nil
}

func malformed(message string) error { return &Error{Code: MalformedPolicyDocument, Message: message} }
