// Package vectors holds test vectors for the decisions of AWS IAM, as data for any implementation: policies, requests,
// and what AWS answers, one rule of AWS's documentation a file.
//
//	all, err := vectors.All()
//	…
//	for _, v := range all {
//		for _, c := range v.Cases {
//			// decide c.Request by c.Policies, and compare with c.Want
//		}
//	}
//
// # Files
//
// A vector is a txtar archive. Its comment states the rule and names AWS's page, and may say more:
//
//	# Rule 85. An explicit Deny in a permissions boundary wins, whatever allows.
//	# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
//	-- identity/all.json --
//	{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}
//	-- boundary.json --
//	{"Version":"2012-10-17","Statement":[
//	  {"Effect":"Allow","Action":"s3:*","Resource":"*"},
//	  {"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}
//	-- requests --
//	allowed       s3:GetObject      arn:aws:s3:::logs/a
//	explicitDeny  s3:DeleteBucket   arn:aws:s3:::logs    decidedBy=boundary
//	implicitDeny  ec2:RunInstances  *                    blockedBy=boundary
//
// A file with the word Fact in place of Rule and its number says what follows from the rules for a policy that is in
// use. The files of policies add up to a scenario, which the file requests runs and ends; the next policy begins a new
// one. Their names say what they are; NAME is for the reader, and the order is that of the archive:
//
//	identity/NAME.json   an identity-based policy of the principal or of one of its groups
//	session/NAME.json    a session policy
//	boundary.json        the principal's permissions boundary
//	resource.json        the resource-based policy, or the trust policy of a role
//	scp/0/NAME.json      a service control policy at a level, 0 being the root of the organization
//	scp/0                an empty file: a level without policies
//	rcp/0/NAME.json      a resource control policy, likewise
//	endpoint/NAME.json   a VPC endpoint policy
//
// Each holds a policy document, kept as it is written, or a reference to an AWS managed policy, such as
// AdministratorAccess-Amplify@v10.
//
// # Requests
//
// A request is a line: the outcome in the words of AWS's simulator (allowed, explicitDeny, implicitDeny), the action,
// the resource (an ARN, or *; "" leaves it out of the request), and fields. Lines that start with # are comments.
//
//	principal=ARN      who asks: the ARN of a user, role, session …, a service, * for an anonymous caller;
//	                   without it a user of the resource's account of whom nothing else is known
//	account=ID         the account that the resource is in, where its ARN does not say so
//	issuer=ARN         the role that a session is of, or the user who federated
//	id=ID              the principal's unique id, which is the value of aws:userid, too
//	service:key=V,V    values of a condition key; every name with a colon is one
//
// A value that has spaces, commas or quotes, or is empty, stands in double quotes, escaped as in Go: aws:x="" is one empty
// value. aws:x=[] is a key that is there, with an empty list of values.
//
// Further fields say what an explanation must tell. All are lists of which the order does not matter; a field that is
// absent is not checked, and one without a value, as in missing=, is the empty list:
//
//	decidedBy=    for allowed the types of policies that grant: identity, resource; for explicitDeny the types in which a
//	              Deny matches; for implicitDeny the types that had to allow and did not, none if nothing says anything
//	blockedBy=    for implicitDeny the same, and of service control policies the levels: scp[1]
//	missing=      the condition keys that the request lacks, of statements that otherwise concern it
//	matched=      the statements that match, by policy and index from 0: identity[0]#1, scp[0][1]#0, boundary[0]#0
//	near=         for implicitDeny the Allow statements that fail by one element only: identity[0]#1:Condition
//
// A line with error and a text says that the policies are refused with a message that contains the text. With an action,
// a resource and fields behind the text it is the request that is refused:
//
//	error "Vendor s* is not valid"
//	error "s3:Get*"  s3:Get*  arn:aws:s3:::logs/a
//
// # JSON
//
// A [Case] marshals to the JSON that writ decide --cases reads.
package vectors

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// A Vector is one file.
type Vector struct {
	File  string // name of the file
	Rule  int    // number of the rule, 0 for a fact
	Title string // the rule as a sentence
	URL   string // AWS's page
	Cases []Case
}

// A Case is one request and the policies that decide it.
type Case struct {
	ID       string    `json:"id"` // file and number of the request: "002/1"
	Request  Request   `json:"request"`
	Policies *Policies `json:"policies"` // shared by the cases of a scenario
	Want     Want      `json:"-"`
	Line     int       `json:"-"` // in the file
}

// A Request is one to decide.
type Request struct {
	Principal       string              `json:"principal,omitempty"`
	Action          string              `json:"action"`
	Resource        string              `json:"resource,omitempty"`
	ResourceAccount string              `json:"resourceAccount,omitempty"`
	SessionIssuer   string              `json:"sessionIssuer,omitempty"`
	Context         map[string][]string `json:"context,omitempty"`
}

// Policies are the policies of a scenario, by type.
type Policies struct {
	Identity []Document   `json:"identity,omitempty"`
	Boundary []Document   `json:"boundary,omitempty"` // at most one
	Session  []Document   `json:"session,omitempty"`
	Resource Document     `json:"resource,omitempty"` // may be empty
	SCP      [][]Document `json:"scp,omitempty"`      // by level, root first
	RCP      [][]Document `json:"rcp,omitempty"`
	Endpoint []Document   `json:"endpoint,omitempty"`
}

// A Document is the text of a policy document, or a reference to a managed policy.
type Document string

// IsReference reports whether d names a managed policy.
func (d Document) IsReference() bool { return d != "" && d[0] != '{' && d[0] != '[' }

// MarshalJSON writes a reference as a string, and a document as the text that it is.
func (d Document) MarshalJSON() ([]byte, error) {
	if d.IsReference() || d == "" {
		return json.Marshal(string(d))
	}
	return []byte(d), nil
}

// Want is what a case must come to. A list that is nil is not checked.
type Want struct {
	Outcome   string   // "allowed", "explicitDeny", "implicitDeny", or "error"
	Error     string   // for an error, a part of its message
	Refused   bool     // for an error, that it is the request that is refused, not the policies
	DecidedBy []string // the lists are sorted
	BlockedBy []string
	Missing   []string
	Matched   []string
	Near      []string
}

//go:embed testdata/*.txtar
var files embed.FS

// All returns the vectors that come with the package, rules first.
func All() ([]Vector, error) {
	entries, err := files.ReadDir("testdata")
	if err != nil {
		return nil, err
	}
	var all []Vector
	for _, e := range entries {
		src, err := files.ReadFile("testdata/" + e.Name())
		if err != nil {
			return nil, err
		}
		v, err := Parse(e.Name(), src)
		if err != nil {
			return nil, err
		}
		all = append(all, *v)
	}
	slices.SortStableFunc(all, func(a, b Vector) int {
		const facts = 1 << 30 // behind the rules
		return cmp.Compare((a.Rule+facts-1)%facts, (b.Rule+facts-1)%facts)
	})
	return all, nil
}

// A ParseError says what is wrong with a file, and where.
type ParseError struct {
	File   string
	Line   int
	Reason string
}

func (e *ParseError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }

var (
	ruleName  = regexp.MustCompile(`^(\d{3})(-[a-z0-9]+)+\.txtar$`)
	factName  = regexp.MustCompile(`^facts(-[a-z0-9]+)+\.txtar$`)
	ruleTitle = regexp.MustCompile(`^Rule ([1-9]\d*)\. (\S.*\.)$`)
	factTitle = regexp.MustCompile(`^Fact\. (\S.*\.)$`)
	reference = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
)
