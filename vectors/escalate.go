package vectors

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
)

// An EscalationMethod is one way in which permissions let their holder gain more, with vectors: policies, and what they say of it.
type EscalationMethod struct {
	Method  string             `json:"method"` // its id
	Holder  string             `json:"holder"` // the ARN of the user or role whose policies they are
	Calls   [][]EscalationCall `json:"calls"`  // in their order; of those in one list, one is made
	Vectors []EscalationVector `json:"vectors"`

	File string `json:"-"`
}

// An EscalationCall is a request that the holder makes. In its ARNs {} stands for nothing, or for team-: a vector that is scoped
// allows the calls on the second kind of names only.
type EscalationCall struct {
	Action  string              `json:"action"`
	On      []string            `json:"on"` // all resources that it must be allowed on
	Context map[string][]string `json:"context,omitempty"`
	// Trusted says that the role's trust policy names the holder, which wrote it.
	Trusted bool `json:"trusted,omitempty"`
}

// An EscalationVector is policies, and what they say of a method.
type EscalationVector struct {
	Name   string            `json:"name"`
	Is     string            `json:"is"`               // open, missing (a permission), denied or conditioned
	Holder string            `json:"holder,omitempty"` // in place of the method's
	Tags   map[string]string `json:"tags,omitempty"`   // of the holder; absent: not known
	EscalationPolicies
	// Status is open (on all resources), scoped (on some), forwarded (only if CloudFormation makes some of the calls), inert (some
	// call is allowed on no resource that it acts on, but on others) or closed.
	Status         string              `json:"status"`
	Missing        [][]string          `json:"missing,omitempty"` // the actions that are not allowed, of each list one would do; absent: not checked
	Assumes        map[string][]string `json:"assumes,omitempty"` // facts with which the calls are allowed; absent: none, if it is usable
	Administration bool                `json:"administration"`    // the holder ends as an administrator, if there is what the method needs
}

// EscalationPolicies are the policies of a holder. Each is a document or, as a string, a reference to a managed policy.
type EscalationPolicies struct {
	Identity []json.RawMessage   `json:"identity"`
	Boundary json.RawMessage     `json:"boundary,omitempty"`
	SCPs     [][]json.RawMessage `json:"scps,omitempty"` // by level, root first
}

// An EscalationSet is the policies of a holder, with what becomes of it.
type EscalationSet struct {
	Name   string            `json:"name"`
	After  string            `json:"after,omitempty"`  // the public list that has such a policy
	Holder string            `json:"holder,omitempty"` // absent: some user or some role
	Tags   map[string]string `json:"tags,omitempty"`   // of the holder; absent: not known
	EscalationPolicies
	Administration string   `json:"administration"`     // refuted, proved, unknown, or full: an administrator's policies already
	Method         string   `json:"method,omitempty"`   // of the shortest way to administration
	Requests       []string `json:"requests,omitempty"` // the actions of that way
	Usable         []string `json:"usable,omitempty"`   // further methods that are usable
	Closed         []string `json:"closed,omitempty"`   // methods that are not
}

// An EscalationReading is what a managed policy says of every method, read from its document by hand.
type EscalationReading struct {
	Policy   string   `json:"policy"`
	Method   string   `json:"method"`   // of the shortest way to administration
	Requests []string `json:"requests"` // the actions of that way
	Through  string   `json:"through,omitempty"`
	Methods  []struct {
		Method string `json:"method"`
		Status string `json:"status"`
		Reason string `json:"reason"`
	} `json:"methods"`
}

//go:embed escalate/*.json
var escalation embed.FS

// escalationFiles are the files of methods, by family of services.
var escalationFiles = []string{"iam", "lambda", "compute", "build", "data"}

// EscalationMethods returns the methods with their vectors.
func EscalationMethods() ([]EscalationMethod, error) {
	var all []EscalationMethod
	for _, name := range escalationFiles {
		var list []EscalationMethod
		if err := readEscalation(name, &list); err != nil {
			return nil, err
		}
		for _, m := range list {
			m.File = name + ".json"
			all = append(all, m)
		}
	}
	return all, nil
}

// EscalationSets returns sets of policies that are known to be vulnerable, after public lists, and some that are not.
func EscalationSets() (list []EscalationSet, err error) {
	err = readEscalation("sets", &list)
	return list, err
}

// EscalationReadings returns what is known of managed policies.
func EscalationReadings() (list []EscalationReading, err error) {
	err = readEscalation("amplify", &list)
	return list, err
}

func readEscalation(name string, into any) error {
	src, err := escalation.ReadFile("escalate/" + name + ".json")
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("escalate/%s.json: %w", name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("escalate/%s.json: something follows the list", name)
	}
	return nil
}
