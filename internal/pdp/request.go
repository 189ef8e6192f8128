package pdp

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/spelling"
)

// A Request is one to decide, in texts. An empty text is one left out. All are UTF-8; only the resource
// and the values of the context may have control characters. In JSON it is the request of a case.
type Request struct {
	// Principal is who asks: the ARN of a user, role, session, federated user, root user or identity provider, an
	// account id, a service such as amplify.amazonaws.com, or "*" for an anonymous caller. Left out, it is a user of
	// the resource's account of whom nothing else is known.
	Principal string `json:"principal,omitempty"`
	// SessionIssuer is the role (with its path) that an assumed-role session is of, or the user whose credentials
	// asked for a federated user's.
	SessionIssuer string `json:"sessionIssuer,omitempty"`
	// Action is one action, without wildcards: "s3:GetObject". One that the service authorization reference does not
	// know is decided all the same, with a note.
	Action string `json:"action"`
	// Resource is an ARN, or "*", which it also is when left out. AWS decides an action that supports no
	// resource-level permissions on "*"; so does this, with a note.
	Resource string `json:"resource,omitempty"`
	// ResourceAccount is the account that the resource is in, twelve digits. Left out, it is the one in the ARN,
	// or the principal's.
	ResourceAccount string `json:"resourceAccount,omitempty"`
	// Context holds the values of condition keys. That of aws:userid also becomes the principal's unique id.
	Context map[string][]string `json:"context,omitempty"`
}

// A FieldError says which member of a [Request] cannot be understood.
type FieldError struct {
	Field  string // its name in JSON: "resourceAccount"
	Reason string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Explain decides the request by the policies, and says why. The error, if any, is a [*FieldError].
func (r *Request) Explain(policies *eval.Policies) (*eval.Explanation, error) {
	req, notes, err := r.read()
	if err != nil {
		return nil, err
	}
	x := policies.Explain(req)
	x.Notes = append(notes, x.Notes...)
	return x, nil
}

// read turns the texts into what they stand for. The notes say what was taken otherwise than it is written.
func (r *Request) read() (req *eval.Request, notes []string, err error) {
	fail := func(field, format string, args ...any) (*eval.Request, []string, error) {
		return nil, nil, &FieldError{field, fmt.Sprintf(format, args...)}
	}
	if err := r.checkTexts(); err != nil {
		return nil, nil, err
	}
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	req = &eval.Request{Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount}

	if req.Principal, err = eval.ParsePrincipal(r.Principal); err != nil {
		return fail("principal", "%v", err)
	}
	if r.SessionIssuer != "" {
		if req.Principal, err = req.Principal.WithSessionIssuer(r.SessionIssuer); err != nil {
			return fail("sessionIssuer", "%v", err)
		}
	}
	if reason := checkAction(r.Action); reason != "" {
		return fail("action", "%s", reason)
	}
	action, known := authref.LookupAction(r.Action)
	if !known {
		note("%s", unknownAction(r.Action))
	}
	switch {
	case req.Resource == "":
		req.Resource = "*"
	case req.Resource == "*":
	case known && !action.TakesResource():
		note("%v supports no resource-level permissions; it is decided on *, as AWS does, and not on %s", action, r.Resource)
		req.Resource = "*"
	case strings.ContainsAny(r.Resource, "*?"):
		note("the resource of a request has no wildcards; * and ? in %s are taken as characters", r.Resource)
	}
	if r.Resource != "" && r.Resource != "*" {
		if _, err := arn.Parse(r.Resource); err != nil {
			return fail("resource", `%v; expected an ARN or "*"`, err)
		}
	}
	if r.ResourceAccount != "" && !arn.IsAccountID(r.ResourceAccount) {
		return fail("resourceAccount", "%q is no account id; expected twelve digits", r.ResourceAccount)
	}
	if req.Context, err = condition.NewContext(r.Context); err != nil {
		return fail("context", "%v", err)
	}
	if id := req.Context.Values("aws:userid"); len(id) == 1 {
		req.Principal = req.Principal.WithUniqueID(id[0])
	}
	return req, notes, nil
}

// checkTexts returns an error for the first member that has what no text of a request has.
func (r *Request) checkTexts() error {
	for _, member := range []struct{ name, text string }{
		{"principal", r.Principal}, {"sessionIssuer", r.SessionIssuer}, {"action", r.Action}, {"resourceAccount", r.ResourceAccount},
	} {
		if reason := checkText(member.text); reason != "" {
			return &FieldError{member.name, reason}
		}
	}
	if !utf8.ValidString(r.Resource) { // control characters it may have: the names of S3 objects do
		return &FieldError{"resource", fmt.Sprintf("%q is not UTF-8", r.Resource)}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Context)) { // sorted, so that the error is the same each time
		if reason := checkText(key); reason != "" {
			return &FieldError{"context", "the key " + reason}
		}
		for _, value := range r.Context[key] { // s3:prefix is a part of such a name
			if !utf8.ValidString(value) {
				return &FieldError{"context", fmt.Sprintf("the value of %s: %q is not UTF-8", key, value)}
			}
		}
	}
	return nil
}

// checkText returns what keeps a text from being one of a request, and "" if nothing does.
func checkText(text string) string {
	if !utf8.ValidString(text) {
		return fmt.Sprintf("%q is not UTF-8", text)
	}
	if i := strings.IndexFunc(text, unicode.IsControl); i >= 0 {
		c, _ := utf8.DecodeRuneInString(text[i:])
		return fmt.Sprintf("%q has the control character %q", text, c)
	}
	return ""
}

// maxAction is AWS's bound on the characters of an action.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
const maxAction = 128

// checkAction returns what is wrong with the form of an action in a request, and "" if nothing is.
func checkAction(action string) string {
	service, name, ok := strings.Cut(action, ":")
	switch {
	case utf8.RuneCountInString(action) > maxAction:
		return fmt.Sprintf("the action has %d characters; AWS takes at most %d", utf8.RuneCountInString(action), maxAction)
	case action == "":
		return "the request has no action; expected one such as s3:GetObject"
	case strings.ContainsAny(action, "*?"):
		return fmt.Sprintf("%q has wildcards; a request is for one action such as s3:GetObject", action)
	case strings.ContainsFunc(action, unicode.IsSpace):
		return fmt.Sprintf("%q has white space; expected service:Name, as in s3:GetObject", action)
	case !ok || service == "" || name == "" || strings.Contains(name, ":"):
		return fmt.Sprintf("%q is no action; expected service:Name, as in s3:GetObject", action)
	}
	return ""
}

// unknownAction says that the reference does not have an action, and what may be meant.
func unknownAction(action string) string {
	prefix, name, _ := strings.Cut(action, ":")
	service, ok := authref.Lookup(prefix)
	if !ok {
		text := fmt.Sprintf("the service authorization reference has no service %q", prefix)
		if near := nearest(prefix, authref.Services()); near != "" {
			text += "; did you mean " + near + "?"
		}
		return text
	}
	names := make([]string, len(service.Actions))
	for i := range service.Actions {
		names[i] = service.Actions[i].Name
	}
	text := fmt.Sprintf("the service authorization reference has no action %s", action)
	if near := nearest(name, names); near != "" {
		text += fmt.Sprintf("; did you mean %s:%s?", service.Prefix, near)
	}
	return text
}

// nearest returns the name that is least slips of the hand away from s, at most two and no more than about a third of
// its length, and "" if none is.
func nearest(s string, names []string) (near string) {
	least := min(2, (len(s)+1)/3) + 1
	s = strings.ToLower(s)
	for _, name := range names {
		if max(len(s)-len(name), len(name)-len(s)) >= least {
			continue
		}
		if d := spelling.Distance(s, strings.ToLower(name)); d < least {
			near, least = name, d
		}
	}
	return near
}
