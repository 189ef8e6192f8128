package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/graph"
	"github.com/writ-iam/writ/internal/pdp"
)

const pathsHelp = `Say how a principal of an account becomes another one, or an administrator: by which methods of privilege
escalation, one after the other, and by which requests, each of which the engine allows.

` + accountHelp + `

The shortest path that assumes nothing is shown, or, if there is none, the shortest one. Without --to, and
with --to admin, it leads to the administration of any of the accounts; --to admin:ACCOUNT names one.

Exit status: 0 if there is no path, 1 if there is one, 3 if that is not known, 2 for an error.`

func (p *program) escalatePaths() *cobra.Command {
	var from, to once
	limit := 1
	c := &cobra.Command{
		Use:   "paths --from PRINCIPAL [--to PRINCIPAL] --details FILE",
		Short: "Say how a principal becomes another one, or an administrator",
		Long:  pathsHelp,
		Example: `  writ escalate paths --from user/dev --to admin --details details.json
  writ escalate paths --from user/dev --to role/deployer --details details.json --limit 3
  writ escalate paths --from arn:aws:iam::111122223333:user/dev --details details.json --sure --json`,
		Args: arguments(),
	}
	f := newAccountFlags(c)
	f.addSure(c)
	c.Flags().Var(&from, "from", "`principal` who begins: user/NAME, role/NAME or an ARN")
	c.Flags().Var(&to, "to", "`principal` to become; admin, the default, is administration")
	c.Flags().IntVar(&limit, "limit", limit, "how many of the shortest paths are shown, at most")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !from.given() {
			return errors.New("--from is missing; expected user/NAME, role/NAME or an ARN")
		}
		if limit < 1 {
			return fmt.Errorf("--limit: %d is not positive", limit)
		}
		goal := to.text
		if !to.given() {
			goal = "admin"
		}
		return p.runPaths(c.Context(), f, from.text, goal, limit)
	}
	return c
}

func (p *program) runPaths(ctx context.Context, f *accountFlags, from, to string, limit int) error {
	g, err := p.loadGraph(ctx, f, true)
	if err != nil {
		return err
	}
	start, err := g.Principal(from)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	goals, err := g.Goal(to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	paths := g.Paths(start, goals, graph.Search{Sure: f.sure, Limit: limit})
	switch {
	case len(paths) > 0:
		p.status = findings
	case len(g.Doubts) > 0:
		p.status = unknown
	}
	if f.json {
		out := []pathJSON{}
		for i := range paths {
			j, err := newPathJSON(ctx, g, &paths[i])
			if err != nil {
				return err
			}
			out = append(out, j)
		}
		return (&client{program: p}).printJSON(pathsJSON{out, append([]string{}, g.Missing()...), append([]string{}, g.Doubts...)})
	}
	several := severalAccounts(g)
	if len(paths) == 0 {
		p.print("no path  from %s to %s", nodeName(start, several), printable(to))
	}
	for i := range paths {
		if i > 0 {
			p.print("")
		}
		if err := p.printPath(ctx, g, &paths[i], several); err != nil {
			return err
		}
	}
	p.notes(g)
	if len(paths) == 1 && limit == 1 {
		p.print("next  writ escalate paths --from %s --to %s --limit 5", printable(shellQuoted([]string{from})), printable(shellQuoted([]string{to})))
	}
	return nil
}

type pathsJSON struct {
	Paths   []pathJSON `json:"paths"`
	Missing []string   `json:"missing"` // ARNs of managed policies of which no document is known
	Unknown []string   `json:"unknown"` // why there may be more
}

type pathJSON struct {
	Assumes []string   `json:"assumes"`
	Steps   []stepJSON `json:"steps"`
}

func newPathJSON(ctx context.Context, g *loadedGraph, path *graph.Path) (j pathJSON, err error) {
	j.Assumes = append([]string{}, path.Assumes()...)
	for i := range path.Steps {
		s := newStepJSON(&path.Steps[i])
		requests, err := g.Requests(ctx, &path.Steps[i])
		if err != nil {
			return j, err
		}
		for k := range requests {
			s.Requests = append(s.Requests, pdp.RequestOf(&requests[k].Witness))
		}
		j.Steps = append(j.Steps, s)
	}
	return j, nil
}

func (p *program) printPath(ctx context.Context, g *loadedGraph, path *graph.Path, several bool) error {
	n := len(path.Steps)
	word := "steps"
	if n == 1 {
		word = "step"
	}
	p.print("%s reaches %s in %d %s", nodeName(path.Steps[0].From, several), p.screen.red(nodeName(path.Steps[n-1].To, several)), n, word)
	for i := range path.Steps {
		s := &path.Steps[i]
		p.print("\n%d  %s  to  %s", i+1, nodeName(s.From, several), nodeName(s.To, several))
		if s.Method == nil {
			p.print("   %s", stepTitle(s))
			continue
		}
		p.print("   %s  (%s)", s.Method.Title, s.Method.ID)
		requests, err := g.Requests(ctx, s)
		if err != nil {
			return err
		}
		var rows [][]string
		for k := range requests {
			r := &requests[k]
			rows = append(rows, []string{"    ", printable(r.Action), printable(r.Resource), contextText(r)})
		}
		for _, line := range aligned(rows) {
			p.print("%s", line)
		}
		for _, a := range s.Assumes {
			p.print("   assumes  %s", printable(a))
		}
		if len(s.Also) > 0 {
			var ids []string
			for _, m := range s.Also {
				ids = append(ids, m.ID)
			}
			p.print("   also by  %s", fewOf(ids))
		}
	}
	return nil
}
