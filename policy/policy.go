// Package policy holds IAM policy documents as plain data: [Parse] reads a document, [Document.Format] prints one.
// It never decides; package eval does.
//
// # Reading
//
// Parse is strict where encoding/json is not, because a policy that two readers understand differently is a hole:
// a key given twice, a key in the wrong case, an unknown key, a value of the wrong type, text after the document,
// bytes that are not UTF-8 and documents over [MaxSize] are errors. Each is an [*Error] that names the place (line,
// column, offset and JSON path) and what was expected there. Nesting is bounded by the grammar itself.
//
// Where AWS takes both, Parse does too: one statement or a list of them, a single value or a list, a number or a
// boolean for a condition value (kept as its text). Every element keeps the span of the source it came from, so that
// findings, explanations and editors can point at it.
//
// Parse knows the grammar, not the meaning: whether an operator exists or a CIDR block is one, which elements a
// type of policy needs and which it must not have, is checked by package eval when it compiles the document.
//
// # Printing
//
// Format prints one canonical document for all that parse to the same: keys in the order Sid, Effect, Principal,
// Action, Resource, Condition; Statement always a list; a list of one value as the value; values in their order.
//
// The grammar is that of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Parse does
// not read YAML, and does not apply the quotas on document size, which differ by the kind of policy.
package policy

import (
	"fmt"
	"slices"
)

// MaxSize is the size in bytes from which Parse refuses a document. It is far above AWS's own quotas (6,144
// characters for a managed policy, 131,072 for any document in a request), which are kept where policies are stored.
const MaxSize = 4 << 20

// A Document is one policy document: a tree to read, build and edit. Package eval compiles it to a form that does
// not change.
type Document struct {
	Version    Version
	ID         Value // the Id element, which some services' policies have; no meaning
	Statements []Statement
	Span       Span
}

// Version is the version of the policy language that a document is written in.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
type Version string

// The versions of the policy language. A document without one is read as V2008.
const (
	VNone Version = ""
	V2008 Version = "2008-10-17"
	V2012 Version = "2012-10-17"
)

// HasVariables reports whether ${…} in this version is a policy variable; otherwise it is text.
func (v Version) HasVariables() bool { return v == V2012 }

// A Statement is one element of a document's Statement list.
type Statement struct {
	Sid       Value // optional; no meaning for the decision
	Effect    Effect
	Principal *Principals // nil if the statement names none
	Action    Element     // Action or NotAction; always there
	Resource  Element     // Resource or NotResource; absent in a trust policy
	Condition []Condition // a request must meet all of them
	Span      Span        // from { to }
}

// Clone returns a copy that shares nothing with s.
func (s *Statement) Clone() Statement {
	c := *s
	if s.Principal != nil {
		p := *s.Principal
		p.Entries = slices.Clone(p.Entries)
		c.Principal = &p
	}
	c.Action.Values = slices.Clone(s.Action.Values)
	c.Resource.Values = slices.Clone(s.Resource.Values)
	c.Condition = slices.Clone(s.Condition)
	for i := range c.Condition {
		c.Condition[i].Values = slices.Clone(c.Condition[i].Values)
	}
	return c
}

// Effect says what a statement does with the requests it matches.
type Effect string

// The two effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// An Element is one that the grammar lets a statement state or negate: Action or NotAction, Resource or NotResource.
type Element struct {
	Not    bool    // NotAction, NotResource
	Values []Value // as written; a single value in the source is a list of one
	Span   Span    // of the value or list; the zero Span if the element is absent
}

// Present reports whether the statement has the element, be it an empty list.
func (e Element) Present() bool { return e.Values != nil }

// Strings returns the texts of the element's values.
func (e Element) Strings() []string { return texts(e.Values) }

// Principals is a Principal or NotPrincipal element. "*" is kept as {"AWS": "*"}, which means the same.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type Principals struct {
	Not     bool // NotPrincipal
	Entries []Principal
	Span    Span
}

// A Principal is one entry of a Principal element.
type Principal struct {
	Type PrincipalType
	Name Value // an ARN, an account id, a unique id, a service, or "*"
}

// PrincipalType is a key of a Principal element.
type PrincipalType string

// The types of principals.
const (
	AWS           PrincipalType = "AWS"           // accounts, users, roles, sessions
	Service       PrincipalType = "Service"       // AWS services: "amplify.amazonaws.com"
	Federated     PrincipalType = "Federated"     // OIDC and SAML providers
	CanonicalUser PrincipalType = "CanonicalUser" // accounts, by their Amazon S3 canonical user id
)

// principalTypes is the order in which they are printed.
var principalTypes = []PrincipalType{AWS, Service, Federated, CanonicalUser}

// A Condition is one key under one operator of a Condition element.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
type Condition struct {
	Operator Value   // "ForAnyValue:StringEquals"
	Key      Value   // "aws:CalledVia"
	Values   []Value // one of these must fit; empty if the list is
	Span     Span    // of the value or list
}

// Strings returns the texts of the condition's values.
func (c Condition) Strings() []string { return texts(c.Values) }

// A Value is a text of the document and where it stands. Numbers and booleans are kept as they are written.
type Value struct {
	Text string
	Span Span
}

func (v Value) String() string { return v.Text }

func texts(values []Value) []string {
	s := make([]string, len(values))
	for i, v := range values {
		s[i] = v.Text
	}
	return s
}

// A Span is a stretch of the source. The zero Span is that of what no source holds.
type Span struct{ Start, End Pos } // End is the position behind the last character

// A Pos is a position in the source.
type Pos struct {
	Offset int // bytes from the start of the document, from 0
	Line   int // from 1
	Column int // characters (not bytes) from the start of the line, from 1
}

func (p Pos) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// An Error says what is wrong with a document, and where.
type Error struct {
	Pos    Pos
	Path   string // JSON path of the element: "Statement[2].Condition"; empty for the document
	Reason string // what is wrong, and what was expected
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%v: %s", e.Pos, e.Reason)
	}
	return fmt.Sprintf("%v: %s: %s", e.Pos, e.Path, e.Reason)
}
