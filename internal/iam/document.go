package iam

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// A Document is a policy document as its owner wrote it. It compiles when it is first needed, once for each policy
// type. Documents do not change.
type Document struct {
	Text string

	// Bound are the users and roles that the document names as principals, by ARN, and the unique ids that these had
	// when the document was saved. The document is decided by the ids, so that it does not grant anything to a later
	// namesake.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
	Bound map[string]string

	mu       sync.Mutex
	compiled [eval.Session + 1]*eval.Policy
}

// NewDocument returns a document without bound principals.
func NewDocument(text string) *Document { return &Document{Text: text} }

// MarshalJSON writes the text alone if no principal is bound.
func (d *Document) MarshalJSON() ([]byte, error) {
	if len(d.Bound) == 0 {
		return json.Marshal(d.Text)
	}
	return json.Marshal(struct {
		Text  string
		Bound map[string]string
	}{d.Text, d.Bound})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Document) UnmarshalJSON(src []byte) error {
	if src[0] == '"' {
		return json.Unmarshal(src, &d.Text)
	}
	var v struct {
		Text  string
		Bound map[string]string
	}
	err := json.Unmarshal(src, &v)
	d.Text, d.Bound = v.Text, v.Bound
	return err
}

// Policy returns the document compiled as a policy of a type. The error is a [*policy.Error]; a document that was
// checked when it was saved gives none.
func (d *Document) Policy(t eval.PolicyType) (*eval.Policy, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.compiled[t]; p != nil {
		return p, nil
	}
	doc, err := policy.Parse([]byte(d.Text))
	if err != nil {
		return nil, err
	}
	for _, name := range principals(doc) {
		if id, bound := d.Bound[name.Text]; bound {
			name.Text = id
		}
	}
	p, err := eval.Compile(doc, t)
	if err != nil {
		return nil, err
	}
	d.compiled[t] = p
	return p, nil
}

// principals returns the AWS principals that a document names.
func principals(doc *policy.Document) (names []*policy.Value) {
	for i := range doc.Statements {
		if p := doc.Statements[i].Principal; p != nil {
			for j := range p.Entries {
				if p.Entries[j].Type == policy.AWS {
					names = append(names, &p.Entries[j].Name)
				}
			}
		}
	}
	return names
}

// Bind returns the document with the users and roles it names bound to their unique ids. The function id finds the
// unique id of an AWS principal, which is "" for one that is no user or role, or not one of this server: that stays as
// it is written. A principal that cannot be is an error, as it is on AWS; so is a document that does not parse.
func Bind(text string, id func(principal string) (string, bool)) (*Document, error) {
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	d := NewDocument(text)
	for _, name := range principals(doc) {
		unique, ok := id(name.Text)
		if !ok {
			return nil, Errorf(MalformedPolicyDocument, `Invalid principal in policy: "AWS":"%s"`, name.Text)
		}
		if unique == "" {
			continue
		}
		if d.Bound == nil {
			d.Bound = map[string]string{}
		}
		d.Bound[name.Text] = unique
	}
	return d, nil
}

// Show returns the text as the API shows it: a bound principal by the ARN that it has now, which the function arn
// finds, or by its unique id if it is gone.
func (d *Document) Show(arn func(id string) (string, bool)) string {
	if len(d.Bound) == 0 {
		return d.Text
	}
	doc, err := policy.Parse([]byte(d.Text))
	if err != nil {
		return d.Text
	}
	names := principals(doc)
	slices.SortFunc(names, func(a, b *policy.Value) int { return a.Span.Start.Offset - b.Span.Start.Offset })
	var out strings.Builder
	end := 0
	for _, name := range names {
		id, bound := d.Bound[name.Text]
		if !bound {
			continue
		}
		now, ok := arn(id)
		if !ok {
			now = id
		}
		out.WriteString(d.Text[end:name.Span.Start.Offset])
		quoted, _ := json.Marshal(now)
		out.Write(quoted)
		end = name.Span.End.Offset
	}
	out.WriteString(d.Text[end:])
	return out.String()
}
