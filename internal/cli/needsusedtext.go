package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/pdp"
)

// recordedText prints for a reader at a terminal.
func (p *program) recordedText(u *recorded) {
	span := ""
	if u.records > 0 {
		span = fmt.Sprintf(", from %s to %s", stamp(u.first), stamp(u.last))
	}
	p.print("%s by %s%s", counted(u.records, "record"), counted(len(u.callers), "caller"), span)
	rows := [][]string{}
	for _, who := range slices.Sorted(maps.Keys(u.callers)) {
		rows = append(rows, []string{"  " + who, fmt.Sprint(u.callers[who])})
	}
	p.rows("", rows)
	rows = nil
	for _, action := range slices.Sorted(maps.Keys(u.actions)) {
		n := u.actions[action]
		note := ""
		if n.derived {
			note = "derived from what passes a role"
		}
		rows = append(rows, []string{"  " + action, fmt.Sprint(n.n), stamp(n.last), note})
	}
	p.rows(fmt.Sprintf("used  %s", counted(len(rows), "action")), rows)
	if u.granted != nil {
		p.print("")
		p.print("never used  %s of those that are granted by %s", counted(len(u.unused), "action"), printable(u.q.granted.name))
		for _, service := range byService(u.unused) {
			for _, line := range hanging("  ", listed(service)) {
				p.print("%s", line)
			}
		}
		if !u.data {
			p.print("  no data events are recorded: actions such as s3:GetObject and lambda:InvokeFunction may be used nonetheless")
		}
		rows = nil
		for _, s := range u.unusedStatements() {
			rows = append(rows, []string{"  " + s})
		}
		p.rows("statements that allowed no call", rows)
		rows = nil
		for i := range u.outside {
			d := &u.outside[i]
			rows = append(rows, []string{"  " + d.Call.Action, d.Call.Resource, d.Reason})
		}
		p.rows("used, but not allowed by what is granted", rows)
	}
	rows = nil
	for _, k := range sortedKeys(u.denied) {
		rows = append(rows, []string{"  " + k[0], k[1], fmt.Sprint(u.denied[k].n), stamp(u.denied[k].last), k[2]})
	}
	p.rows("denied", rows)
	rows = nil
	for _, k := range sortedKeys2(u.failed) {
		rows = append(rows, []string{"  " + k[0], k[1], fmt.Sprint(u.failed[k].n)})
	}
	p.rows("failed, and not counted as use", rows)
	p.reasons("not understood", u.unclear)
	p.reasons("no calls of a caller", u.apart)
	words := append([]string{"writ", "needs"}, u.q.words()...)
	if next := shellQuoted(append(words, "--policy")); len(u.actions) > 0 && isPrintable(next) && !slices.Contains(words, "-") {
		p.print("")
		p.print("next  %s", next)
	}
}

// words are the flags that ask the same again.
func (q *callsQuery) words() (words []string) {
	add := func(flag string, values ...string) {
		for _, v := range values {
			words = append(words, flag, v)
		}
	}
	add("--from-calls", q.files...)
	add("--role-policies", q.sideFlags.policy...)
	for _, o := range []struct {
		flag string
		once *once
	}{{"--role-boundary", &q.boundary}, {"--principal", &q.principal}, {"--since", &q.since}, {"--until", &q.until}} {
		if o.once.given() {
			add(o.flag, o.once.text)
		}
	}
	add("--scp", q.scp...)
	return words
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// rows prints rows behind a heading, if there are any.
func (p *program) rows(heading string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	if heading != "" {
		p.print("")
		p.print("%s", heading)
	}
	for _, line := range aligned(rows) {
		p.print("%s", printable(line))
	}
}

func (p *program) reasons(heading string, counts map[string]int) {
	var rows [][]string
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		rows = append(rows, []string{"  " + fmt.Sprint(counts[why]), why})
	}
	p.rows(heading, rows)
}

func byService(actions []string) (services [][]string) {
	last := ""
	for _, a := range actions {
		service, _, _ := strings.Cut(a, ":")
		if service != last {
			services, last = append(services, nil), service
		}
		services[len(services)-1] = append(services[len(services)-1], a)
	}
	return services
}

func sortedKeys(m map[[3]string]*count) [][3]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) })
}

func sortedKeys2(m map[[2]string]*count) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
}

// recordedPolicy prints the policies on standard output, and what is known of them on standard error.
func (p *program) recordedPolicy(u *recorded) {
	for _, doc := range u.docs {
		p.print("%s", strings.TrimSuffix(string(doc.Format()), "\n"))
	}
	fmt.Fprintf(p.stderr, "writ: the engine confirms that %s %s what was used\n", counted(len(u.docs), "policy"), map[bool]string{true: "allows", false: "allow"}[len(u.docs) == 1])
	if u.within == nil {
		return
	}
	name := printable(u.q.granted.name)
	switch u.within.Answer {
	case prove.Proved:
		fmt.Fprintf(p.stderr, "writ: it is proved to allow nothing that %s does not\n", name)
	case prove.Refuted:
		w := &u.within.Differences[0].Witness
		fmt.Fprintf(p.stderr, "writ: it allows what %s does not: %s on %s\n", name, printable(w.Action), printable(w.Resource))
		p.status = failed
	default:
		fmt.Fprintf(p.stderr, "writ: it is not known whether it allows more than %s\n", name)
		p.status = unknown
	}
}

// recordedJSON is what recorded calls used in JSON; docs/needs-from-calls.md describes it. No list is null.
type recordedJSON struct {
	Records          int               `json:"records"`
	First            string            `json:"first,omitempty"`
	Last             string            `json:"last,omitempty"`
	Callers          map[string]int    `json:"callers"`
	Used             []usedJSON        `json:"used"`
	Unused           []string          `json:"unused"`
	UnusedStatements []string          `json:"unusedStatements"`
	NotAllowed       []usedJSON        `json:"notAllowed"`
	Denied           []usedJSON        `json:"denied"`
	Failed           []usedJSON        `json:"failed"`
	NotUnderstood    map[string]int    `json:"notUnderstood"`
	Apart            map[string]int    `json:"apart"`
	DataEvents       bool              `json:"dataEvents"`
	Policies         []json.RawMessage `json:"policies"`
	Within           string            `json:"within,omitempty"`
	Witness          *pdp.Request      `json:"witness,omitempty"`
}

type usedJSON struct {
	Action    string `json:"action"`
	Resource  string `json:"resource,omitempty"`
	Caller    string `json:"caller,omitempty"`
	ErrorCode string `json:"errorCode,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Calls     int    `json:"calls,omitempty"`
	Last      string `json:"last,omitempty"`
	Derived   bool   `json:"derived,omitempty"`
}

func (p *program) recordedJSON(u *recorded) error {
	j := recordedJSON{
		Records: u.records, Callers: u.callers, Used: []usedJSON{}, Unused: notNil(u.unused), UnusedStatements: notNil(u.unusedStatements()),
		NotAllowed: []usedJSON{}, Denied: []usedJSON{}, Failed: []usedJSON{}, NotUnderstood: u.unclear, Apart: u.apart, DataEvents: u.data,
		Policies: []json.RawMessage{},
	}
	if u.records > 0 {
		j.First, j.Last = stamp(u.first), stamp(u.last)
	}
	for _, action := range slices.Sorted(maps.Keys(u.actions)) {
		n := u.actions[action]
		j.Used = append(j.Used, usedJSON{Action: action, Calls: n.n, Last: stamp(n.last), Derived: n.derived})
	}
	for i := range u.outside {
		d := &u.outside[i]
		j.NotAllowed = append(j.NotAllowed, usedJSON{Action: d.Call.Action, Resource: d.Call.Resource, Reason: d.Reason})
	}
	for _, k := range sortedKeys(u.denied) {
		n := u.denied[k]
		j.Denied = append(j.Denied, usedJSON{Action: k[0], Resource: k[1], Caller: k[2], Calls: n.n, Last: stamp(n.last)})
	}
	for _, k := range sortedKeys2(u.failed) {
		n := u.failed[k]
		j.Failed = append(j.Failed, usedJSON{Action: k[0], ErrorCode: k[1], Calls: n.n, Last: stamp(n.last)})
	}
	for _, doc := range u.docs {
		j.Policies = append(j.Policies, doc.Format())
	}
	if u.within != nil {
		j.Within = u.within.Answer.String()
		p.status = [...]int{prove.Proved: success, prove.Refuted: failed, prove.Unknown: unknown}[u.within.Answer]
		if u.within.Answer == prove.Refuted {
			j.Witness = pdp.RequestOf(&u.within.Differences[0].Witness)
		}
	}
	enc := json.NewEncoder(p.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(j)
}
