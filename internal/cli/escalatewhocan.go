package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/graph"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/policy"
)

const whoCanHelp = `Say which principals of an account may do something to a resource. The engine decides for each, by all its
policies: those of its groups too, within its permissions boundary and the service control policies.
Principals whose policies say the same are one class.

Some may only if conditions are met: what is assumed of their surroundings is said, and the context of a
request that is allowed is shown. For sts:AssumeRole the role's trust policy counts. Other policies of
resources are not in the details, and not known. --reach adds those who can become one of them.

` + accountHelp + `

Exit status: 0, also if nobody may; 3 if it is not known of somebody; 2 for an error.`

func (p *program) escalateWhoCan() *cobra.Command {
	reach := false
	c := &cobra.Command{
		Use:   "who-can ACTION RESOURCE --details FILE",
		Short: "Say who may do something to a resource",
		Long:  whoCanHelp,
		Example: `  writ escalate who-can iam:PassRole arn:aws:iam::111122223333:role/deployer --details details.json
  writ escalate who-can s3:GetObject arn:aws:s3:::logs/a --details details.json --reach
  writ escalate who-can sts:AssumeRole arn:aws:iam::111122223333:role/deployer --details details.json --json`,
		Args: arguments("ACTION", "RESOURCE"),
	}
	f := newAccountFlags(c)
	f.addSure(c)
	c.Flags().BoolVar(&reach, "reach", false, "add those who can become one of them")
	c.RunE = func(c *cobra.Command, args []string) error {
		return p.runWhoCan(c.Context(), f, args[0], args[1], reach)
	}
	return c
}

type whoCanJSON struct {
	Classes []allowedJSON `json:"classes"`
	Reach   []stepJSON    `json:"reach,omitempty"` // the first steps of those who can become one of them
	Missing []string      `json:"missing"`
}

type allowedJSON struct {
	Members []string     `json:"members"` // ARNs
	Assumes []string     `json:"assumes"`
	Request *pdp.Request `json:"request,omitempty"`
	Unknown string       `json:"unknown,omitempty"`
}

func (p *program) runWhoCan(ctx context.Context, f *accountFlags, action, resource string, reach bool) error {
	if err := policy.CheckAction(action); err != nil {
		return fmt.Errorf("%q is no action: %w", action, err)
	}
	g, err := p.loadGraph(ctx, f, reach)
	if err != nil {
		return err
	}
	list, err := g.WhoCan(ctx, action, resource)
	if err != nil {
		return err
	}
	if f.sure {
		list = slices.DeleteFunc(list, func(a graph.Allowed) bool { return len(a.Assumes) > 0 })
	}
	var who []graph.Node
	for i := range list {
		if list[i].Request == nil {
			p.status = unknown
		} else {
			who = append(who, list[i].Members...)
		}
	}
	var steps []graph.Step
	if reach && len(who) > 0 {
		steps = g.FirstSteps(who, graph.Search{Sure: f.sure})
	}
	if f.json {
		out := whoCanJSON{Classes: []allowedJSON{}, Missing: append([]string{}, g.Missing()...)}
		for i := range list {
			a := allowedJSON{Members: arnsOf(list[i].Members), Assumes: append([]string{}, list[i].Assumes...), Unknown: list[i].Doubt}
			if r := list[i].Request; r != nil {
				a.Request = pdp.RequestOf(&r.Witness)
			}
			out.Classes = append(out.Classes, a)
		}
		for i := range steps {
			out.Reach = append(out.Reach, newStepJSON(&steps[i]))
		}
		return (&client{program: p}).printJSON(out)
	}
	several := severalAccounts(g)
	if len(list) == 0 {
		p.print("nobody  may %s on %s", printable(action), printable(resource))
	}
	for i := range list {
		if i == classesShown {
			p.print("… %d more classes", len(list)-i)
			break
		}
		a := &list[i]
		word := "may"
		switch {
		case a.Request == nil:
			word = "unknown"
		case len(a.Assumes) > 0 || len(a.Request.Context) > 0:
			word = "may if"
		}
		p.print("%-8s %d  %s", word, len(a.Members), membersText(a.Members, several))
		if a.Request != nil && len(a.Request.Context) > 0 {
			p.print("            with %s", contextText(a.Request))
		}
		for _, text := range a.Assumes {
			p.print("            assumes  %s", printable(text))
		}
		if a.Doubt != "" {
			p.print("            %s", printable(a.Doubt))
		}
	}
	if _, ok := authref.LookupAction(action); !ok {
		p.print("note  AWS lists no action %s", printable(action))
	}
	if reach {
		p.printEdges(steps, several, "can become one of them")
	}
	p.notes(g)
	return nil
}
