package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/analysis/validate"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/policy"
)

// needsCalls prints the calls of an app or, with policies of who deploys, those that are denied.
func (p *program) needsCalls(q *needing, a *app) error {
	var denied []needs.Denial
	if q.side != nil {
		d, err := q.deployer(q.side.Policies)
		if err != nil {
			return placed(err, q.side)
		}
		if denied, err = needs.Decide(a.calls, d); err != nil {
			return err
		}
	}
	denied, maybe := certain(denied)
	switch {
	case len(denied) > 0:
		p.status = differs
	case len(a.unknown) > 0:
		p.status = unknown
	}
	switch q.format.text {
	case "json":
		return p.needsJSON(q, a, denied, maybe)
	case "sarif":
		return p.needsSARIF(a, denied)
	case "github":
		p.needsGitHub(a, denied)
		return nil
	}
	p.stackNotes(a)
	if q.side != nil {
		p.deniedText(q, a, denied, maybe)
	} else {
		p.callsText(q, a)
	}
	return nil
}

// certain parts denials of calls that are made for certain from those of calls that CloudFormation may make, and does without.
func certain(list []needs.Denial) (denied, maybe []needs.Denial) {
	for _, n := range list {
		if n.Call.Certain() {
			denied = append(denied, n)
		} else {
			maybe = append(maybe, n)
		}
	}
	return denied, maybe
}

// stackNotes prints what is not known of the stacks.
func (p *program) stackNotes(a *app) {
	for _, s := range a.stacks {
		for _, n := range s.Notes {
			fmt.Fprintf(p.stderr, "writ: %s:%d:%d: %s\n", printable(n.File), n.Pos.Line, n.Pos.Column, printable(n.Text))
		}
	}
}

// sizeOf says how large an app is.
func (a *app) sizeOf() string {
	n := 0
	for _, s := range a.stacks {
		n += len(s.Resources)
	}
	return fmt.Sprintf("%s, %s", counted(len(a.stacks), "stack"), counted(n, "resource"))
}

// A need is an action on a resource, however many calls ask for it.
type need struct {
	action, resource, through string
}

// callsText lists calls by module, and in it by resource.
func (p *program) callsText(q *needing, a *app) {
	actions := map[string]bool{}
	type group struct{ module, through, actions string }
	resources := map[[3]string][]string{} // by module, service and resource: actions
	var places [][3]string
	certain := 0
	for i := range a.calls {
		c := &a.calls[i]
		if !c.Certain() {
			continue
		}
		certain++
		actions[c.Action] = true
		at := [3]string{c.Module, c.Through, c.Resource}
		if resources[at] == nil {
			places = append(places, at)
		}
		if !slices.Contains(resources[at], c.Action) {
			resources[at] = append(resources[at], c.Action)
		}
	}
	var order []group
	of := map[group][]string{} // resources
	for _, at := range places {
		g := group{at[0], at[1], strings.Join(listed(resources[at]), " ")}
		if of[g] == nil {
			order = append(order, g)
		}
		of[g] = append(of[g], at[2])
	}
	p.print("%s: %s; %s of %s", printable(a.name), a.sizeOf(), counted(certain, "call"), counted(len(actions), "action"))
	rank := moduleRank(a.calls)
	slices.SortStableFunc(order, func(x, y group) int {
		if x.module != y.module {
			return rank[x.module] - rank[y.module]
		}
		return strings.Compare(x.through, y.through)
	})
	var last group
	for i, g := range order {
		if i == 0 || g.module != last.module || g.through != last.through {
			how := "directly"
			if g.through != "" {
				how = "through " + g.through
			}
			p.print("")
			p.print("%s  %s", g.module, how)
		}
		last = g
		const most = 4
		for i, r := range of[g] {
			if i == most-1 && len(of[g]) > most {
				p.print("  and %s more like these", counted(len(of[g])-i, "resource"))
				break
			}
			p.print("  %s", printable(r))
		}
		for _, line := range hanging("      ", strings.Fields(g.actions)) {
			p.print("%s", line)
		}
	}
	p.unknownText(a)
	p.print("")
	p.print("next  writ needs %s --policy", shellQuoted(q.words(a)))
}

// words are the templates, as they were named.
func (q *needing) words(a *app) []string { return strings.Split(a.name, ", ") }

// moduleRank orders modules by when they come up.
func moduleRank(calls []needs.Call) map[string]int {
	rank := map[string]int{}
	for i := range calls {
		if _, ok := rank[calls[i].Module]; !ok {
			rank[calls[i].Module] = len(rank)
		}
	}
	return rank
}

// unknownByType groups the resources of which nothing is known.
func (a *app) unknownByType() (types []string, of map[string][]needs.Unknown) {
	of = map[string][]needs.Unknown{}
	for _, u := range a.unknown {
		of[u.Resource.Type] = append(of[u.Resource.Type], u)
	}
	return slices.Sorted(maps.Keys(of)), of
}

func (p *program) unknownText(a *app) {
	types, of := a.unknownByType()
	if len(types) == 0 {
		return
	}
	p.print("")
	p.print("%s  what these resources need is not known; --schemas may know", p.screen.yellow("unknown"))
	for _, t := range types {
		more := ""
		if n := len(of[t]) - 1; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		p.print("  %s  %s%s", printable(t), placeOf(of[t][0].Resource, of[t][0].Pos), more)
	}
}

// unknownLines says the same beside a policy, on standard error.
func (p *program) unknownLines(a *app) {
	types, of := a.unknownByType()
	for _, t := range types {
		fmt.Fprintf(p.stderr, "writ: unknown: what %s needs is not in the policy: %s\n", printable(t), placeOf(of[t][0].Resource, of[t][0].Pos))
	}
}

// placeOf names a place in the template that a resource is from.
func placeOf(r *needs.Resource, at policy.Pos) string {
	if r == nil || r.Stack == nil || r.Stack.Template == nil {
		return ""
	}
	return printable(fmt.Sprintf("%s:%d:%d", r.Stack.Template.File, at.Line, at.Column))
}

// askedBy says what asks for a call.
func askedBy(c *needs.Call) string {
	if c.For == nil {
		return c.Why
	}
	text := fmt.Sprintf("%s (%s)", c.For.LogicalID, c.For.Type)
	if c.Property != "" {
		text += " " + c.Property
	}
	return text
}

// deniedText says whether the policies would deploy an app.
func (p *program) deniedText(q *needing, a *app, list, maybe []needs.Denial) {
	defer p.maybeText(maybe)
	certain := 0
	for i := range a.calls {
		if a.calls[i].Certain() {
			certain++
		}
	}
	if len(list) == 0 {
		p.print("%s  %s allow%s all %s of %s (%s)", p.screen.green("would deploy"), printable(q.policiesName()), q.plural(), counted(certain, "call"), printable(a.name), a.sizeOf())
		p.unknownText(a)
		return
	}
	p.print("%s  %s den%s %d of %s of %s (%s)", p.screen.red("would not deploy"), printable(q.policiesName()), map[string]string{"s": "ies", "": "y"}[q.plural()], len(list), counted(certain, "call"), printable(a.name), a.sizeOf())
	var last string
	for i := range list {
		n := &list[i]
		by := askedBy(n.Call)
		if by != last {
			p.print("")
			p.print("%s", strings.TrimRight(printable(by)+"  "+placeOf(n.Call.For, n.Call.Pos), " "))
			last = by
		}
		through := ""
		if n.Call.Through != "" {
			through = "  through " + n.Call.Through
		}
		p.print("  %s on %s%s", n.Call.Action, printable(n.Call.Resource), through)
		for _, line := range hanging("    ", strings.Fields(printable(n.Reason))) {
			p.print("%s", line)
		}
		if n.Grant != nil {
			p.print("    grant  %s", printable(oneLine(n.Grant)))
		}
	}
	p.unknownText(a)
}

// maybeText says what is denied and does not matter to CloudFormation, as far as is known.
func (p *program) maybeText(list []needs.Denial) {
	if len(list) == 0 {
		return
	}
	var names []string
	for i := range list {
		names = append(names, list[i].Call.Action)
	}
	slices.Sort(names)
	p.print("")
	p.print("denied, too, and CloudFormation does without it:")
	for _, line := range hanging("  ", listed(slices.Compact(names))) {
		p.print("%s", line)
	}
}

func (q *needing) plural() string {
	if len(q.side.sources) > 1 {
		return ""
	}
	return "s"
}

func (q *needing) policiesName() string {
	if len(q.side.sources) > 1 {
		return "the policies"
	}
	return q.side.name
}

// oneLine is a statement in JSON, as short as it can be.
func oneLine(s *policy.Statement) string {
	doc := &policy.Document{Version: policy.V2012, Statements: []policy.Statement{*s}}
	var parsed struct{ Statement []json.RawMessage }
	if err := json.Unmarshal(doc.Format(), &parsed); err != nil || len(parsed.Statement) != 1 {
		return string(doc.Format())
	}
	line, err := marshal(parsed.Statement[0])
	if err != nil {
		return string(parsed.Statement[0])
	}
	return string(line)
}

// needsJSON is what deploying templates needs, in JSON. No list is null.
type needsJSON struct {
	Stacks    int               `json:"stacks"`
	Resources int               `json:"resources"`
	Deploys   *bool             `json:"deploys"` // null if no policies were given
	Calls     []callNeedJSON    `json:"calls"`
	Denied    []denialJSON      `json:"denied"`
	Unknown   []unknownTypeJSON `json:"unknown"`
}

type callNeedJSON struct {
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Context  map[string][]string `json:"context,omitempty"`
	Through  string              `json:"through,omitempty"`
	Phase    string              `json:"phase"`
	Module   string              `json:"module"`
	Type     string              `json:"type,omitempty"`
	ID       string              `json:"logicalId,omitempty"`
	Stack    string              `json:"stack,omitempty"`
	Property string              `json:"property,omitempty"`
	Source   string              `json:"source,omitempty"`
	Upper    bool                `json:"upper,omitempty"`
	Why      string              `json:"why,omitempty"`
}

type denialJSON struct {
	callNeedJSON
	Request *pdp.Request    `json:"request"`
	Outcome string          `json:"outcome"`
	Reason  string          `json:"reason"`
	Grant   json.RawMessage `json:"grant,omitempty"`
}

type unknownTypeJSON struct {
	Type   string `json:"type"`
	ID     string `json:"logicalId"`
	Reason string `json:"reason"`
	Source string `json:"source,omitempty"`
}

func newCallNeedJSON(c *needs.Call) callNeedJSON {
	j := callNeedJSON{
		Action: c.Action, Resource: c.Resource, Context: c.Context, Through: c.Through, Phase: c.Phase.String(), Module: c.Module,
		Property: c.Property, Source: placeOf(c.For, c.Pos), Upper: c.Upper, Why: c.Why,
	}
	if c.For != nil {
		j.Type, j.ID = c.For.Type, c.For.LogicalID
		if c.For.Stack != nil {
			j.Stack = c.For.Stack.Name
		}
	}
	return j
}

func (p *program) needsJSON(q *needing, a *app, denied, maybe []needs.Denial) error {
	j := needsJSON{Stacks: len(a.stacks), Calls: []callNeedJSON{}, Denied: []denialJSON{}, Unknown: newUnknownJSON(a)}
	for _, s := range a.stacks {
		j.Resources += len(s.Resources)
	}
	if q.side != nil {
		would := len(denied) == 0
		j.Deploys = &would
	}
	for i := range a.calls {
		j.Calls = append(j.Calls, newCallNeedJSON(&a.calls[i]))
	}
	all := slices.Concat(denied, maybe)
	for i := range all {
		n := &all[i]
		d := denialJSON{callNeedJSON: newCallNeedJSON(n.Call), Outcome: n.Decision.Outcome.String(), Reason: n.Reason,
			Request: &pdp.Request{Principal: n.Request.Principal.String(), Action: n.Request.Action, Resource: n.Request.Resource, ResourceAccount: n.Request.ResourceAccount, Context: contextOf(n)}}
		if n.Grant != nil {
			d.Grant = json.RawMessage(oneLine(n.Grant))
		}
		j.Denied = append(j.Denied, d)
	}
	return p.printNeeds(j)
}

func newUnknownJSON(a *app) []unknownTypeJSON {
	list := []unknownTypeJSON{}
	for _, u := range a.unknown {
		list = append(list, unknownTypeJSON{u.Resource.Type, u.Resource.LogicalID, u.Reason, placeOf(u.Resource, u.Pos)})
	}
	return list
}

func (p *program) printNeeds(j any) error {
	line, err := marshal(j)
	if err != nil {
		return err
	}
	p.print("%s", line)
	return nil
}

// contextOf returns the context of a request that is denied.
func contextOf(n *needs.Denial) map[string][]string {
	context := map[string][]string{}
	for key, values := range n.Request.Context.All() {
		context[key] = values
	}
	return context
}

// A needFinding is something to show in review, at a place in a template.
type needFinding struct {
	code, level, text string
	resource          *needs.Resource
	pos               policy.Pos
}

// findingsOf are the calls that are denied, by what asks for them, and the resources of which nothing is known.
func findingsOf(a *app, denied []needs.Denial) (list []needFinding) {
	for i := range denied {
		n := &denied[i]
		text := fmt.Sprintf("%s needs %s on %s, which is denied: %s", askedBy(n.Call), n.Call.Action, n.Call.Resource, n.Reason)
		if n.Grant != nil {
			text += "; " + oneLine(n.Grant) + " would allow it"
		}
		list = append(list, needFinding{"deployment-denied", "error", text, n.Call.For, n.Call.Pos})
	}
	for _, u := range a.unknown {
		list = append(list, needFinding{"resource-type-unknown", "warning", u.Reason, u.Resource, u.Pos})
	}
	return list
}

// needsDocs is the page about findings of writ needs.
const needsDocs = "https://github.com/writ-iam/writ/blob/main/docs/needs.md"

func (p *program) needsSARIF(a *app, denied []needs.Denial) error {
	return p.findingsAsSARIF(findingsOf(a, denied))
}

func (p *program) findingsAsSARIF(list []needFinding) error {
	log := newSarifLog()
	for _, f := range list {
		title := sarifMessage{strings.ToUpper(f.code[:1]) + strings.ReplaceAll(f.code[1:], "-", " ")}
		result := sarifResult{RuleID: f.code, Level: f.level, Message: sarifMessage{f.text},
			RuleIndex: log.rule(sarifRule{f.code, title, title, sarifMessage{"See " + needsDocs}, needsDocs, sarifSeverity{f.level}})}
		if r := f.resource; r != nil && r.Stack.Template != nil {
			result.Locations = []sarifLocation{sarifPlace(r.Stack.Template.File, validate.Location{Span: policy.Span{Start: f.pos, End: f.pos}})}
		}
		log.add(result)
	}
	return p.printSARIF(log)
}

func (p *program) needsGitHub(a *app, denied []needs.Denial) {
	p.findingsAsGitHub(findingsOf(a, denied))
}

func (p *program) findingsAsGitHub(list []needFinding) {
	for _, f := range list {
		file, line, column := "", 1, 1
		if r := f.resource; r != nil && r.Stack.Template != nil {
			file, line, column = r.Stack.Template.File, f.pos.Line, f.pos.Column
		}
		p.print("%s", githubCommand(f.level, file, line, column, f.code, f.text))
	}
}

// needsChange says what a change to an app needs that was not needed before, and what it needs no more.
func (p *program) needsChange(q *needing, before, after *app) error {
	// A permission is new, too, if the role is passed to another service, or if the call was one that CloudFormation does without.
	type call struct {
		need
		context string
		certain bool
	}
	of := func(c *needs.Call) call {
		return call{need{c.Action, c.Resource, c.Through}, fmt.Sprint(c.Context), c.Certain()} // maps are printed in order
	}
	has := func(a *app) map[call]bool {
		m := map[call]bool{}
		for i := range a.calls {
			n := of(&a.calls[i])
			m[n] = true
			n.certain = false // what is allowed for certain is allowed
			m[n] = true
		}
		return m
	}
	old, current := has(before), has(after)
	var added, gone []needs.Call
	only := func(calls []needs.Call, not map[call]bool) (list []needs.Call) {
		seen := map[call]bool{}
		for i := range calls {
			n := of(&calls[i])
			if !not[n] && !seen[n] {
				seen[n] = true
				list = append(list, calls[i])
			}
		}
		return list
	}
	added, gone = only(after.calls, old), only(before.calls, current)
	var denied []needs.Denial
	if q.side != nil {
		d, err := q.deployer(q.side.Policies)
		if err != nil {
			return placed(err, q.side)
		}
		if denied, err = needs.Decide(after.calls, d); err != nil {
			return err
		}
	}
	denied, maybe := certain(denied)
	notCertain := func(c needs.Call) bool { return !c.Certain() }
	addedCertain, goneCertain := slices.DeleteFunc(slices.Clone(added), notCertain), slices.DeleteFunc(slices.Clone(gone), notCertain)
	switch {
	case len(addedCertain) > 0 && q.side == nil || len(denied) > 0:
		p.status = differs
	case len(after.unknown) > 0:
		p.status = unknown
	}
	findings := findingsOf(after, denied)
	if q.side == nil {
		for i := range addedCertain {
			c := &addedCertain[i]
			findings = append(findings, needFinding{"permission-new", "warning", fmt.Sprintf("%s needs %s on %s, which was not needed before", askedBy(c), c.Action, c.Resource), c.For, c.Pos})
		}
	}
	switch q.format.text {
	case "sarif":
		return p.findingsAsSARIF(findings)
	case "github":
		p.findingsAsGitHub(findings)
		return nil
	case "json":
		j := struct {
			Added   []callNeedJSON    `json:"added"`
			Removed []callNeedJSON    `json:"removed"`
			Denied  []callNeedJSON    `json:"denied"`
			Unknown []unknownTypeJSON `json:"unknown"`
		}{[]callNeedJSON{}, []callNeedJSON{}, []callNeedJSON{}, newUnknownJSON(after)}
		for i := range added {
			j.Added = append(j.Added, newCallNeedJSON(&added[i]))
		}
		for i := range gone {
			j.Removed = append(j.Removed, newCallNeedJSON(&gone[i]))
		}
		for i := range denied {
			j.Denied = append(j.Denied, newCallNeedJSON(denied[i].Call))
		}
		return p.printNeeds(j)
	}
	p.stackNotes(after)
	if len(addedCertain) == 0 && len(goneCertain) == 0 {
		p.print("%s  %s needs what %s does", p.screen.green("the same"), printable(after.name), printable(before.name))
	}
	for _, part := range []struct {
		sign, title string
		calls       []needs.Call
	}{{"+", "needs now", addedCertain}, {"-", "needs no more", goneCertain}} {
		if len(part.calls) == 0 {
			continue
		}
		p.print("%s", part.title)
		var rows [][]string
		for i := range part.calls {
			c := &part.calls[i]
			rows = append(rows, []string{"  " + part.sign, c.Action, c.Resource, askedBy(c)})
		}
		for _, line := range aligned(rows) {
			p.print("%s", printable(line))
		}
	}
	if q.side == nil {
		p.unknownText(after)
		return nil
	}
	p.print("")
	p.deniedText(q, after, denied, maybe)
	return nil
}
