package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/graph"
)

const graphHelp = `Say who can reach administration of the accounts, and by which methods of privilege escalation: the first
step of everybody's shortest path. Those who take the same step are one class.

` + accountHelp + `

--to takes a principal in place of administration. Pictures (--format mermaid or dot) and JSON are bounded
by --limit; what is left out is counted.

Exit status: 0 if only administrators reach it, 1 if somebody else does, 3 if that is not known, 2 for an error.`

var graphFormats = []string{"text", "json", "mermaid", "dot"}

func (p *program) escalateGraph() *cobra.Command {
	var to, format once
	limit := 200
	c := &cobra.Command{
		Use:   "graph --details FILE",
		Short: "Say who can reach administration of an account, and how",
		Long:  graphHelp,
		Example: `  writ escalate graph --details details.json
  writ escalate graph --details details.json --sure --format mermaid
  writ escalate graph --details details.json --format dot > graph.dot
  writ escalate graph --details details.json --to role/deployer --json`,
		Args: arguments(),
	}
	f := newAccountFlags(c)
	f.addSure(c)
	c.Flags().Var(&to, "to", "`principal` that is reached; admin, the default, is administration")
	c.Flags().Var(&format, "format", "`format` of the output: text, json, mermaid or dot (default: text)")
	c.Flags().IntVar(&limit, "limit", limit, "how many edges are shown, at most")
	mustComplete(c, "format", completeNames(graphFormats))
	c.RunE = func(c *cobra.Command, _ []string) error {
		switch {
		case limit < 1:
			return fmt.Errorf("--limit: %d is not positive", limit)
		case format.given() && !slices.Contains(graphFormats, format.text):
			return fmt.Errorf("--format: unknown format %q; expected %s", format.text, alternatives(graphFormats))
		case format.given() && f.json && format.text != "json":
			return fmt.Errorf("--json and --format %s do not go together", format.text)
		}
		if f.json {
			format.text = "json"
		}
		goal := to.text
		if !to.given() {
			goal = "admin"
		}
		return p.runGraph(c.Context(), f, goal, format.text, limit)
	}
	return c
}

func (p *program) runGraph(ctx context.Context, f *accountFlags, to, format string, limit int) error {
	g, err := p.loadGraph(ctx, f, true)
	if err != nil {
		return err
	}
	goals, err := g.Goal(to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	steps := g.FirstSteps(goals, graph.Search{Sure: f.sure})
	switch {
	case slices.ContainsFunc(steps, func(s graph.Step) bool { return s.Method != nil }):
		p.status = findings
	case len(g.Doubts) > 0:
		p.status = unknown
	}
	edges := edgesOf(steps, true)
	omitted := 0
	if format != "" && format != "text" && len(edges) > limit {
		edges, omitted = edges[:limit], len(edges)-limit
	}
	several := severalAccounts(g)
	switch format {
	case "json":
		return (&client{program: p}).printJSON(newGraphJSON(g, edges, omitted))
	case "mermaid":
		p.stdout.WriteString(graphMermaid(edges, omitted, several))
	case "dot":
		p.stdout.WriteString(graphDot(edges, omitted, several))
	default:
		principals, _, _, _ := g.Size()
		reached := 0
		for i := range steps {
			if steps[i].From.Changed == "" {
				reached++
			}
		}
		p.print("%d of %d principals reach %s", reached, principals, printable(to))
		if reached == 0 {
			p.notes(g)
			break
		}
		p.printEdges(steps, several, "reach it")
		p.notes(g)
		if i := slices.IndexFunc(steps, func(s graph.Step) bool { return s.Method != nil && s.From.Changed == "" }); i >= 0 {
			p.print("next  writ escalate paths --from %s --to %s", printable(shellQuoted([]string{principalName(steps[i].From, several)})), printable(to))
		}
	}
	return nil
}

// principalName returns what the flag --from takes.
func principalName(n graph.Node, several bool) string {
	if several {
		return n.Entity.ARN
	}
	return n.String()
}

// classesShown is how many classes a text shows, at most.
const classesShown = 60

// An edgeClass is principals that take the same step. Those that others become stand alone.
type edgeClass struct {
	from []graph.Node
	step *graph.Step // of the first
}

// edgesOf sorts steps into classes: first those who are administrators, then by how many take them. Those whom others become stand
// apart, if they are to.
func edgesOf(steps []graph.Step, apart bool) (list []*edgeClass) {
	targets := map[string]bool{}
	name := func(n graph.Node) string { return nodeName(n, true) }
	for i := range steps {
		targets[name(steps[i].To)] = apart
	}
	classes := map[string]*edgeClass{}
	for i := range steps {
		s := &steps[i]
		key := name(s.To) + "\x00" + strings.Join(s.Assumes, "\x00")
		if s.Method != nil {
			key += "\x00" + s.Method.ID
		}
		if targets[name(s.From)] {
			key += "\x00" + name(s.From)
		}
		if classes[key] == nil {
			classes[key] = &edgeClass{step: s}
			list = append(list, classes[key])
		}
		classes[key].from = append(classes[key].from, s.From)
	}
	slices.SortStableFunc(list, func(a, b *edgeClass) int {
		if (a.step.Method == nil) != (b.step.Method == nil) {
			if a.step.Method == nil {
				return -1
			}
			return 1
		}
		return len(b.from) - len(a.from)
	})
	return list
}

// printEdges prints the steps of those who reach something, class by class.
func (p *program) printEdges(steps []graph.Step, several bool, what string) {
	edges := edgesOf(slices.DeleteFunc(slices.Clone(steps), func(s graph.Step) bool { return s.From.Changed != "" }), false)
	if len(edges) == 0 {
		p.print("nobody else can")
		return
	}
	var rows [][]string
	left := 0
	for i, e := range edges {
		if i >= classesShown {
			left += len(e.from)
			continue
		}
		method, to := "is an administrator", nodeName(e.step.To, several)
		if e.step.Method != nil {
			method = e.step.Method.ID
		}
		assumes := ""
		if len(e.step.Assumes) > 0 {
			assumes = "assuming " + strings.Join(e.step.Assumes, "; ")
		}
		rows = append(rows, []string{fmt.Sprintf("%6d", len(e.from)), membersText(e.from, several), method, "to " + to, printable(assumes)})
	}
	for _, line := range aligned(rows) {
		p.print("%s", line)
	}
	if left > 0 {
		p.print("%6d  more %s, in %d classes", left, what, len(edges)-classesShown)
	}
}

type graphJSON struct {
	Principals int             `json:"principals"`
	Edges      []edgeClassJSON `json:"edges"`
	Omitted    int             `json:"omitted"` // how many edges are left out
	Missing    []string        `json:"missing"`
	Unknown    []string        `json:"unknown"`
}

type edgeClassJSON struct {
	From    []nodeJSON `json:"from"`
	To      nodeJSON   `json:"to"`
	Method  string     `json:"method,omitempty"` // none: they have all permissions that the SCPs leave
	Title   string     `json:"title"`
	Assumes []string   `json:"assumes"`
}

func newGraphJSON(g *loadedGraph, edges []*edgeClass, omitted int) graphJSON {
	principals, _, _, _ := g.Size()
	j := graphJSON{principals, []edgeClassJSON{}, omitted, append([]string{}, g.Missing()...), append([]string{}, g.Doubts...)}
	for _, e := range edges {
		s := newStepJSON(e.step)
		one := edgeClassJSON{[]nodeJSON{}, s.To, s.Method, s.Title, s.Assumes}
		for _, n := range e.from {
			one.From = append(one.From, newNodeJSON(n))
		}
		j.Edges = append(j.Edges, one)
	}
	return j
}

// A picture numbers what is drawn.
type picture struct {
	several bool
	ids     map[string]string
	nodes   []string // texts, in the order of their numbers
	admin   []bool
}

func (d *picture) node(text string, admin bool) string {
	id, ok := d.ids[text]
	if !ok {
		id = fmt.Sprintf("n%d", len(d.nodes)+1)
		d.ids[text] = id
		d.nodes, d.admin = append(d.nodes, text), append(d.admin, admin)
	}
	return id
}

// A drawnEdge is one between numbered nodes.
type drawnEdge struct {
	from, to, label string
	assumed         bool
}

func (d *picture) edges(list []*edgeClass) (drawn []drawnEdge) {
	for _, e := range list {
		label := "is an administrator"
		if e.step.Method != nil {
			label = e.step.Method.ID
		}
		drawn = append(drawn, drawnEdge{
			d.node(membersText(e.from, d.several), false), d.node(nodeName(e.step.To, d.several), e.step.To.IsAdmin()), label, len(e.step.Assumes) > 0,
		})
	}
	return drawn
}

func graphMermaid(list []*edgeClass, omitted int, several bool) string {
	d := &picture{several: several, ids: map[string]string{}}
	edges := d.edges(list)
	quoted := func(text string) string {
		return `"` + strings.NewReplacer(`"`, "#quot;", "`", "'", "<", "#lt;", ">", "#gt;").Replace(text) + `"`
	}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, text := range d.nodes {
		if d.admin[i] {
			fmt.Fprintf(&b, "  n%d{{%s}}\n", i+1, quoted(text))
		} else {
			fmt.Fprintf(&b, "  n%d[%s]\n", i+1, quoted(text))
		}
	}
	for _, e := range edges {
		arrow := "-- %s -->"
		if e.assumed {
			arrow = "-. %s .->"
		}
		fmt.Fprintf(&b, "  %s "+arrow+" %s\n", e.from, quoted(e.label), e.to)
	}
	if omitted > 0 {
		fmt.Fprintf(&b, "  more[%s]\n", quoted(fmt.Sprintf("%d more edges are left out", omitted)))
	}
	return b.String()
}

func graphDot(list []*edgeClass, omitted int, several bool) string {
	d := &picture{several: several, ids: map[string]string{}}
	edges := d.edges(list)
	quoted := func(text string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"` }
	var b strings.Builder
	b.WriteString("digraph escalation {\n  rankdir=LR\n  node [shape=box]\n")
	for i, text := range d.nodes {
		shape := ""
		if d.admin[i] {
			shape = " shape=hexagon"
		}
		fmt.Fprintf(&b, "  n%d [label=%s%s]\n", i+1, quoted(text), shape)
	}
	for _, e := range edges {
		style := ""
		if e.assumed {
			style = " style=dashed"
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s]\n", e.from, e.to, quoted(e.label), style)
	}
	if omitted > 0 {
		fmt.Fprintf(&b, "  more [label=%s shape=plaintext]\n", quoted(fmt.Sprintf("%d more edges are left out", omitted)))
	}
	b.WriteString("}\n")
	return b.String()
}
