package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/graph"
	"github.com/writ-iam/writ/internal/pdp"
)

const whatCanHelp = `Say what a principal of an account may do, and whom it can become. What it may do is proved from all its
policies, within its permissions boundary and the service control policies: each class of actions, by
service and access level, with when it is allowed. --witness shows a request for each.

` + accountHelp + `

Exit status: 0, or 3 if something of it is not known, 2 for an error.`

func (p *program) escalateWhatCan() *cobra.Command {
	witness := false
	timeout := time.Minute
	c := &cobra.Command{
		Use:   "what-can PRINCIPAL --details FILE",
		Short: "Say what a principal may do, and whom it can become",
		Long:  whatCanHelp,
		Example: `  writ escalate what-can user/dev --details details.json
  writ escalate what-can role/deployer --details details.json --sure --json`,
		Args: arguments("PRINCIPAL"),
	}
	f := newAccountFlags(c)
	f.addSure(c)
	c.Flags().BoolVar(&witness, "witness", false, "show a request for each class of actions")
	c.Flags().DurationVar(&timeout, "timeout", timeout, "how long the proof may take")
	c.RunE = func(c *cobra.Command, args []string) error {
		return p.runWhatCan(c.Context(), f, args[0], witness, timeout)
	}
	return c
}

type whatCanJSON struct {
	ARN     string     `json:"arn"`
	Full    bool       `json:"full"` // it has all permissions that the SCPs leave
	Allows  []gainJSON `json:"allows"`
	Becomes []nodeJSON `json:"becomes"` // by one step
	Reaches []nodeJSON `json:"reaches"` // by more
	Unknown []string   `json:"unknown"`
	Missing []string   `json:"missing"`
}

func (p *program) runWhatCan(ctx context.Context, f *accountFlags, name string, witness bool, timeout time.Duration) error {
	g, err := p.loadGraph(ctx, f, true)
	if err != nil {
		return err
	}
	who, err := g.Principal(name)
	if err != nil {
		return err
	}
	can, cutOff, err := within(ctx, timeout, func(ctx context.Context) (*graph.Capacity, error) {
		return g.WhatCan(ctx, who, graph.Search{Sure: f.sure})
	})
	if err != nil {
		return err
	}
	if cutOff != "" {
		fmt.Fprintf(p.stderr, "writ: %s\n", cutOff)
		p.status = unknown
		return nil
	}
	var differences []prove.Difference
	unknowns := append([]string{}, g.Doubts...)
	if can.Allows != nil {
		differences = can.Allows.Differences
		for _, u := range can.Allows.Unknown {
			unknowns = append(unknowns, few(u.Actions, 3)+": "+u.Reason)
		}
		if len(can.Allows.Unknown) > 0 {
			p.status = unknown
		}
	}
	if f.json {
		out := whatCanJSON{ARN: who.Entity.ARN, Full: can.Full, Allows: []gainJSON{}, Becomes: []nodeJSON{}, Reaches: []nodeJSON{}, Unknown: unknowns, Missing: append([]string{}, g.Missing()...)}
		for i := range differences {
			d := &differences[i]
			out.Allows = append(out.Allows, gainJSON{d.Actions, d.When, pdp.RequestOf(&d.Witness)})
		}
		for _, n := range can.Becomes {
			out.Becomes = append(out.Becomes, newNodeJSON(n))
		}
		for _, n := range can.Reaches {
			out.Reaches = append(out.Reaches, newNodeJSON(n))
		}
		return (&client{program: p}).printJSON(out)
	}
	several := severalAccounts(g)
	switch {
	case can.Full:
		p.print("%s  %s", nodeName(who, several), p.screen.red("is an administrator: it may do all that the SCPs leave"))
	case len(differences) == 0:
		p.print("%s  may do nothing by its own policies", nodeName(who, several))
	default:
		p.print("%s may", nodeName(who, several))
	}
	for _, line := range p.capacityLines(differences, witness) {
		p.print("%s", line)
	}
	for _, row := range []struct {
		word string
		list []graph.Node
	}{{"becomes", can.Becomes}, {"reaches", can.Reaches}} {
		if len(row.list) > 0 {
			p.print("%s  %s", row.word, membersText(row.list, several))
		}
	}
	if len(can.Becomes)+len(can.Reaches) == 0 && !can.Full {
		p.print("becomes  nobody else")
	}
	for _, u := range unknowns[len(g.Doubts):] {
		p.print("unknown   %s", printable(u))
	}
	p.notes(g)
	return nil
}

// capacityLines lists what is allowed by service, access level and when.
func (p *program) capacityLines(differences []prove.Difference, witness bool) (lines []string) {
	type key struct{ service, level, when string }
	actions := map[key][]string{}
	requests := map[key]*prove.Witness{}
	var order []key
	for i := range differences {
		d := &differences[i]
		for _, name := range d.Actions {
			service, bare, _ := strings.Cut(name, ":")
			level := ""
			if a, ok := authref.LookupAction(name); ok {
				level = a.AccessLevel.String()
			}
			k := key{service, level, d.When}
			if actions[k] == nil {
				order = append(order, k)
				requests[k] = &d.Witness
			}
			actions[k] = append(actions[k], bare)
		}
	}
	slices.SortStableFunc(order, func(a, b key) int { return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.level, b.level)) })
	var rows [][]string
	for _, k := range order {
		list := actions[k]
		slices.Sort(list)
		rows = append(rows, []string{" ", k.service, k.level, few(slices.Compact(list), 5), printable(k.when)})
	}
	shown := map[*prove.Witness]bool{} // a request stands for a class, which may have several services and levels
	for i, line := range aligned(rows) {
		lines = append(lines, line)
		if w := requests[order[i]]; witness && !shown[w] {
			shown[w] = true
			lines = append(lines, "      "+printable(jsonText(pdp.RequestOf(w))))
		}
	}
	return lines
}
