package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
)

// policyEscalationJSON is what a managed policy lets its holder become, in JSON.
type policyEscalationJSON struct {
	Policy  string            `json:"policy"`
	Version string            `json:"version"`
	Admin   history.Admin     `json:"admin"`
	Usable  map[string]string `json:"usable"` // methods by id, with their status
}

// auditEscalation prints what policies let their holder become.
func (p *program) auditEscalation(c *cobra.Command, q *auditFlags) error {
	for _, flag := range []string{"since", "service", "universe", "cache", "jobs"} {
		if c.Flags().Changed(flag) {
			return fmt.Errorf("--%s is about updates, and --escalation about default versions; leave one out", flag)
		}
	}
	policies, err := q.selected()
	if err != nil {
		return err
	}
	by := map[history.Admin][]*managed.Version{}
	for _, policy := range policies {
		v := policy.Default()
		a := history.EscalationOf(v).Admin
		by[a] = append(by[a], v)
	}
	if len(by[history.Cannot]) < len(policies) {
		p.status = findings
	}
	for _, a := range history.Admins {
		if q.json {
			for _, v := range by[a] {
				e := history.EscalationOf(v)
				j := policyEscalationJSON{v.Policy.Name, v.ID, e.Admin, e.Usable}
				if j.Usable == nil {
					j.Usable = map[string]string{}
				}
				line, err := marshal(j)
				if err != nil {
					return err
				}
				p.print("%s", line)
			}
			continue
		}
		p.escalationClass(a, by[a])
	}
	if !q.json {
		var counts []string
		for _, a := range history.Admins {
			if n := len(by[a]); n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n, a))
			}
		}
		p.print("%s, by whether the holder can become an administrator: %s", counted(len(policies), "policy"), strings.Join(counts, ", "))
	}
	return nil
}

// escalationClass prints the policies with one answer; those that lead nowhere are only counted.
func (p *program) escalationClass(a history.Admin, versions []*managed.Version) {
	if len(versions) == 0 || a == history.Cannot {
		return
	}
	paint := p.screen.red
	if a == history.CanIf || a == history.AdminUnknown {
		paint = p.screen.yellow
	}
	p.print("%s", paint(string(a)))
	var rows [][]string
	for _, v := range versions {
		usable := history.EscalationOf(v).Usable
		ids := slices.SortedFunc(maps.Keys(usable), func(x, y string) int {
			if usable[x] != usable[y] {
				return statusOrder(usable[x]) - statusOrder(usable[y])
			}
			return strings.Compare(x, y)
		})
		const most = 3
		text := strings.Join(ids[:min(len(ids), most)], ", ")
		if n := len(ids) - most; n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
		rows = append(rows, []string{"  " + v.Ref(), counted(len(ids), "method"), text})
	}
	for _, line := range aligned(rows) {
		p.print("%s", line)
	}
	p.print("")
}

func statusOrder(status string) int {
	return slices.IndexFunc(statuses, func(s escalate.Status) bool { return s.String() == status })
}
