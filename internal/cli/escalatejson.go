package cli

import (
	"encoding/json"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/pdp"
)

// escalationJSON is an analysis in JSON; docs/escalation.md describes it. No list is null.
type escalationJSON struct {
	Admin    *bool           `json:"admin"` // null if it is not known
	Full     bool            `json:"full"`
	Holder   string          `json:"holder"`
	Shortest []string        `json:"shortest"` // actions of the shortest way
	Method   string          `json:"method,omitempty"`
	Remedy   json.RawMessage `json:"remedy,omitempty"` // what closes all ways to administration, with --remedy
	Methods  []findingJSON   `json:"methods"`
}

type findingJSON struct {
	ID      string         `json:"id"`
	Status  string         `json:"status"`
	Gains   string         `json:"gains"`
	Admin   bool           `json:"admin"`
	Missing []string       `json:"missing"` // actions that are not allowed; of several that would do, with " or " between them
	Reasons []reasonOf     `json:"reasons"` // why, likewise
	Scope   []string       `json:"scope"`
	Through string         `json:"through,omitempty"`
	Assumes []string       `json:"assumes"`
	Needs   []string       `json:"needs"`
	Steps   []*pdp.Request `json:"steps"`
	// Trust is the trust policy that the holder writes, where a step is allowed by that.
	Trust  json.RawMessage `json:"trust,omitempty"`
	Remedy json.RawMessage `json:"remedy,omitempty"`
}

type reasonOf struct {
	Missing string `json:"missing,omitempty"`
	Reason  string `json:"reason"`
}

func newFindingJSON(f *escalate.Finding) findingJSON {
	j := findingJSON{
		ID: f.Method.ID, Status: f.Status.String(), Gains: f.Method.Gains.String(), Admin: f.Administration,
		Missing: []string{}, Reasons: []reasonOf{}, Scope: notNil(f.Scope), Through: f.Through, Assumes: notNil(f.Assumes), Needs: notNil(f.Needs), Steps: []*pdp.Request{},
	}
	for _, m := range f.Missing {
		missing := strings.Join(m.Actions, " or ")
		if missing != "" {
			j.Missing = append(j.Missing, missing)
		}
		j.Reasons = append(j.Reasons, reasonOf{missing, m.Reason})
	}
	for i := range f.Requests {
		r := &f.Requests[i]
		j.Steps = append(j.Steps, pdp.RequestOf(&r.Witness))
		if r.Trust != nil {
			j.Trust = r.Trust.Format()
		}
	}
	return j
}

func (p *program) escalationJSON(q *escalation, r *escalate.Remedies) error {
	j := escalationJSON{Full: q.analysis.Full, Holder: q.holderName(), Shortest: []string{}, Methods: []findingJSON{}}
	if a := q.analysis.Administration; a != prove.Unknown {
		can := a == prove.Proved
		j.Admin = &can
	}
	if s := q.analysis.Shortest; s != nil {
		j.Method = s.Method.ID
		for i := range s.Requests {
			j.Shortest = append(j.Shortest, s.Requests[i].Action)
		}
	}
	for _, f := range q.analysis.Findings {
		if q.method.given() && f.Method.ID != q.method.text {
			continue
		}
		one := newFindingJSON(f)
		if r != nil && r.Each[f.Method.ID] != nil {
			one.Remedy = r.Each[f.Method.ID].Document.Format()
		}
		j.Methods = append(j.Methods, one)
	}
	if q.remedy && r.All != nil {
		j.Remedy = r.All.Document.Format()
	}
	enc := json.NewEncoder(p.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(j)
}

// methodJSON is a row of the table.
type methodJSON struct {
	ID     string       `json:"id"`
	Title  string       `json:"title"`
	Gains  string       `json:"gains"`
	Steps  [][]callJSON `json:"steps"` // of each, one call is made
	Target string       `json:"target,omitempty"`
	Trusts string       `json:"trusts,omitempty"`
	Needs  []string     `json:"needs"`
	Source string       `json:"source"`
}

type callJSON struct {
	Action   string              `json:"action"`
	Resource string              `json:"resource,omitempty"` // its type
	Which    string              `json:"which,omitempty"`    // self, own or other
	With     map[string][]string `json:"with,omitempty"`
	Without  []string            `json:"without,omitempty"`
}

func newMethodJSON(m *escalate.Method) methodJSON {
	j := methodJSON{ID: m.ID, Title: m.Title, Gains: m.Gains.String(), Target: m.Target.Kind, Trusts: m.Target.Trusts, Needs: notNil(m.Needs), Source: m.Source}
	for _, step := range m.Steps {
		var calls []callJSON
		for _, c := range step {
			calls = append(calls, callJSON{c.Action, c.On.Type, c.On.Name, c.With, c.Without})
		}
		j.Steps = append(j.Steps, calls)
	}
	return j
}
