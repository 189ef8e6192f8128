package cli

import (
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/analysis/validate"
	"github.com/writ-iam/writ/policy"
)

// escalationPage describes the methods.
const escalationPage = "https://github.com/writ-iam/writ/blob/main/docs/escalation.md"

// escalationSARIF prints the methods that lead to administration as results, each at the statements that allow its requests.
func (p *program) escalationSARIF(q *escalation) error {
	subject, err := prove.NewSubject(q.holder.Policies)
	if err != nil {
		return placed(err, q.side)
	}
	log := newSarifLog()
	for _, f := range q.analysis.Findings {
		if !f.Administration || q.method.given() && f.Method.ID != q.method.text {
			continue
		}
		title := sarifMessage{"The holder " + f.Method.Title}
		rule := log.rule(sarifRule{f.Method.ID, title, title, sarifMessage{"See " + escalationPage}, escalationPage, sarifSeverity{"error"}})
		result := sarifResult{RuleID: f.Method.ID, RuleIndex: rule, Level: "error", Message: sarifMessage{q.messageOf(f)}}
		if len(f.Needs) > 0 {
			result.Level = "warning"
		}
		for i := range f.Requests {
			for _, l := range q.placesOf(subject, &f.Requests[i]) {
				if len(result.Locations) == 0 {
					result.Locations = []sarifLocation{l}
				} else {
					result.Related = append(result.Related, l)
				}
			}
		}
		log.add(result)
	}
	return p.printSARIF(log)
}

func (q *escalation) messageOf(f *escalate.Finding) string {
	var actions []string
	for i := range f.Requests {
		actions = append(actions, f.Requests[i].Action)
	}
	text := "The holder can become an administrator: it " + f.Method.Title + " (" + strings.Join(actions, ", ") + ")"
	if len(f.Needs) > 0 {
		text += ", if there is " + alternativesAnd(f.Needs)
	}
	return text + "."
}

// placesOf returns where the statements stand that allow a request.
func (q *escalation) placesOf(s *prove.Subject, r *escalate.Request) (list []sarifLocation) {
	req, err := r.Request()
	if err != nil {
		return nil
	}
	for _, m := range s.Policies().Explain(req).Matched {
		from, ok := q.side.sources[m.Policy()]
		if !ok || m.Source.Effect != policy.Allow || !strings.HasPrefix(m.Policy(), identityType) {
			continue
		}
		list = append(list, sarifPlace(from.String(), validate.Location{Span: m.Source.Span}))
	}
	return list
}
