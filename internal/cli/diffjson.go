package cli

import (
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/pdp"
)

// diffJSON is a comparison in JSON; docs/diff.md describes it. No list is null.
type diffJSON struct {
	Verdict  string           `json:"verdict"`
	Universe string           `json:"universe"`
	Old      string           `json:"old"`
	New      string           `json:"new"`
	Adds     []differenceJSON `json:"adds"`
	Removes  []differenceJSON `json:"removes"`
	Unknown  []doubtJSON      `json:"unknown"`
}

type differenceJSON struct {
	Actions  []string            `json:"actions"`
	Patterns []string            `json:"patterns"`
	When     string              `json:"when"`
	Levels   map[string][]string `json:"levels"`
	By       []statementJSON     `json:"by"`
	Denied   []statementJSON     `json:"denied"`
	Witness  *pdp.Request        `json:"witness"`
	Notes    []string            `json:"notes"` // what writ decide remarks on the witness
}

// A statementJSON is a statement of one of the sides.
type statementJSON struct {
	pdp.Statement
	Source string `json:"source"` // "policy.json:3:14", or the reference of a managed policy
}

type doubtJSON struct {
	Direction string   `json:"direction"` // "adds" or "removes"
	Actions   []string `json:"actions"`
	Reason    string   `json:"reason"`
}

func newDiffJSON(c *prove.Comparison, u prove.Universe, old, new *side) *diffJSON {
	j := &diffJSON{
		Verdict:  c.Verdict.String(),
		Universe: u.String(),
		Old:      old.name,
		New:      new.name,
		Adds:     differencesJSON(c.Adds, new, old),
		Removes:  differencesJSON(c.Removes, old, new),
		Unknown:  []doubtJSON{},
	}
	for _, r := range []struct {
		direction string
		doubts    []prove.Doubt
	}{{"adds", c.Adds.Unknown}, {"removes", c.Removes.Unknown}} {
		for _, d := range r.doubts {
			j.Unknown = append(j.Unknown, doubtJSON{r.direction, notNil(d.Actions), d.Reason})
		}
	}
	return j
}

// differencesJSON are those that the side allows, and the other one does not.
func differencesJSON(r *prove.Result, allows, other *side) []differenceJSON {
	list := make([]differenceJSON, len(r.Differences))
	for i := range r.Differences {
		d := &r.Differences[i]
		list[i] = differenceJSON{
			Actions:  notNil(d.Actions),
			Patterns: notNil(d.Patterns),
			When:     d.When,
			Levels:   map[string][]string{},
			By:       statementsJSON(d.By, allows),
			Denied:   statementsJSON(d.Denied, other),
			Witness:  requestOf(&d.Witness),
			Notes:    notNil(notesOf(requestOf(&d.Witness))),
		}
		for _, action := range d.Actions {
			level := levelOf(action)
			list[i].Levels[level] = append(list[i].Levels[level], action)
		}
	}
	return list
}

func statementsJSON(refs []prove.StatementRef, s *side) []statementJSON {
	list := []statementJSON{}
	for _, r := range s.own(refs) {
		list = append(list, statementJSON{
			pdp.Statement{Policy: r.Policy, Statement: r.Statement, Sid: r.Source.Sid.Text, Effect: string(r.Source.Effect)},
			s.sources[r.Policy].at(r.Source.Span.Start),
		})
	}
	return list
}

// notInReference stands for the access level of what the service reference does not know.
const notInReference = "not in the reference"

// levelOf returns the access level of an action.
func levelOf(action string) string {
	if a, ok := authref.LookupAction(action); ok && a.AccessLevel != 0 {
		return a.AccessLevel.String()
	}
	return notInReference
}

// notNil returns a list that JSON has as [], not as null, if it is empty.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
