package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/internal/graph"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/policy"
)

// accountHelp stands in the help of the commands that look at whole accounts.
const accountHelp = `The accounts come from files (--details, repeatable, or - for standard input), or else from a server.
A file is the output of "aws iam get-account-authorization-details", for one account, or of "writ org
details", for all of them, which has their service control policies (SCPs), too. Of a server, an operator
and a management account read all accounts with their SCPs; others read their own, without SCPs. --scp
names SCPs in place of those that are read: of one level of the organization, separated by commas, from
the root down. Principals are named as user/NAME, role/NAME or by ARN.

A step may assume what the details cannot show: a function that runs with a role, MFA, a password that
is there already. --sure leaves such steps out.`

// accountFlags are those of the commands that look at whole accounts.
type accountFlags struct {
	*clientFlags
	details []string
	scp     []string
	sure    bool
}

func newAccountFlags(c *cobra.Command) *accountFlags {
	f := &accountFlags{clientFlags: newClientFlags(c)}
	c.Flags().StringArrayVar(&f.details, "details", nil, "`file` of what aws iam get-account-authorization-details or writ org details prints (repeatable)")
	c.Flags().StringArrayVar(&f.scp, "scp", nil, "service control `policies` of one level, from the root down, in place of those that are read (repeatable)")
	mustComplete(c, "scp", completeSCPs)
	return f
}

func (f *accountFlags) addSure(c *cobra.Command) {
	c.Flags().BoolVar(&f.sure, "sure", false, "only steps that assume nothing")
}

// escalateGraphCommands are the commands of writ escalate that look at whole accounts.
func (p *program) escalateGraphCommands() []*cobra.Command {
	return []*cobra.Command{p.escalatePaths(), p.escalateGraph(), p.escalateWhoCan(), p.escalateWhatCan()}
}

// A loaded graph is that of accounts, and what was read of them.
type loadedGraph struct {
	*graph.Graph
	read string
}

// loadGraph reads the accounts, and works out who can become whom, if there are to be edges.
func (p *program) loadGraph(ctx context.Context, f *accountFlags, edges bool) (*loadedGraph, error) {
	d := new(authdetails.Details)
	scps, err := p.loadSCPs(f.scp)
	if err != nil {
		return nil, err
	}
	if _, err := p.readAllDetails(ctx, f.clientFlags, f.details, d); err != nil {
		return nil, err
	}
	o := graph.Options{
		Document: func(arn string) *policy.Document { return documentInForce(d, arn) },
		SCPs: func(account string) [][]*policy.Document {
			if a := d.Account(account); len(f.scp) == 0 && a != nil {
				return authdetails.Documents(a.SCPs)
			}
			return scps
		},
		RCPs: func(account string) [][]*policy.Document {
			if a := d.Account(account); a != nil {
				return authdetails.Documents(a.RCPs)
			}
			return nil
		},
	}
	read := accountsRead(d, len(f.scp) > 0)
	if !edges {
		g, err := graph.Read(ctx, d, o)
		return &loadedGraph{g, read}, err
	}
	var b *bar
	g, err := graph.Build(ctx, d, o, func(done, all int) {
		if b == nil {
			b = p.bar(all)
		}
		b.step(done)
	})
	b.wipe()
	return &loadedGraph{g, read}, err
}

// notes prints what is not known, and what was read.
func (p *program) notes(g *loadedGraph) {
	p.print("")
	for _, arn := range g.Missing() {
		p.print("left out  %s, of which no document is known", printable(arn))
	}
	const shown = 5
	for i, doubt := range g.Doubts {
		if i == shown {
			p.print("unknown   … %d more", len(g.Doubts)-shown)
			break
		}
		p.print("unknown   %s", printable(doubt))
	}
	p.print("%s", printable(g.read))
}

// nodeName returns how a node is shown: with its account, if the graph has several.
func nodeName(n graph.Node, several bool) string {
	if several {
		return printable(n.Account + ":" + n.String())
	}
	return printable(n.String())
}

// nodeJSON is a node, in JSON.
type nodeJSON struct {
	ARN     string `json:"arn,omitempty"` // none for administration
	Account string `json:"account"`
	Admin   bool   `json:"admin,omitempty"`   // it is the administration of the account
	Changed string `json:"changed,omitempty"` // "without its permissions boundary"
}

func newNodeJSON(n graph.Node) nodeJSON {
	j := nodeJSON{Account: n.Account, Admin: n.IsAdmin(), Changed: n.Changed}
	if n.Entity != nil {
		j.ARN = n.Entity.ARN
	}
	return j
}

// stepJSON is a step, in JSON.
type stepJSON struct {
	From     nodeJSON       `json:"from"`
	To       nodeJSON       `json:"to"`
	Method   string         `json:"method,omitempty"` // none for what needs no method
	Title    string         `json:"title"`
	Assumes  []string       `json:"assumes"`
	Also     []string       `json:"also,omitempty"` // other methods
	Requests []*pdp.Request `json:"requests,omitempty"`
}

func newStepJSON(s *graph.Step) stepJSON {
	j := stepJSON{From: newNodeJSON(s.From), To: newNodeJSON(s.To), Title: stepTitle(s), Assumes: append([]string{}, s.Assumes...)}
	if s.Method != nil {
		j.Method = s.Method.ID
	}
	for _, m := range s.Also {
		j.Also = append(j.Also, m.ID)
	}
	return j
}

// stepTitle says what is done.
func stepTitle(s *graph.Step) string {
	switch {
	case s.Method != nil:
		return s.Method.Title
	case s.From.IsAdmin():
		return "administers the account that it is in"
	}
	return "has all permissions that the SCPs leave"
}

// contextText returns the context of a request as "key=value".
func contextText(r *escalate.Request) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(r.Context)) {
		list = append(list, k+"="+strings.Join(r.Context[k], ","))
	}
	return printable(strings.Join(list, " "))
}

// membersText names some of a class.
func membersText(members []graph.Node, several bool) string {
	const shown = 4
	var names []string
	for i, n := range members {
		if i == shown && len(members) > shown+1 {
			return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), len(members)-shown)
		}
		names = append(names, nodeName(n, several))
	}
	return strings.Join(names, ", ")
}

func arnsOf(members []graph.Node) []string {
	list := []string{}
	for _, n := range members {
		list = append(list, n.Entity.ARN)
	}
	return list
}

func severalAccounts(g *loadedGraph) bool { return len(g.Accounts()) > 1 }

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
