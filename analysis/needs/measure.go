package needs

import (
	"context"
	"slices"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/policy"
)

// States is a bound for package prove with which the policies that Least makes can be compared: they have many patterns for
// resources with several wildcards each.
const States = 1_000_000

// A Measure is how much some policies allow.
type Measure struct {
	Actions int      // of the service reference that are allowed, under whatever conditions
	Direct  int      // of these, those that are allowed to the holder itself, and not only where a service makes the call
	Methods []string // ids of the methods of privilege escalation that can be used, sorted
	Admin   prove.Answer
}

// MeasureOf counts what policies allow. The error is that of a policy that cannot be compiled, or of ctx.
func MeasureOf(ctx context.Context, p prove.Policies) (*Measure, error) {
	all, err := prove.Empty(ctx, p, prove.Options{Universe: prove.Reference, MaxStates: States})
	if err != nil {
		return nil, err
	}
	direct, err := prove.Empty(ctx, directly(p), prove.Options{Universe: prove.Reference, MaxStates: States})
	if err != nil {
		return nil, err
	}
	a, err := escalate.Analyze(ctx, &escalate.Holder{Policies: p}, escalate.Options{})
	if err != nil {
		return nil, err
	}
	m := &Measure{Actions: actionsIn(all), Direct: actionsIn(direct), Admin: a.Administration}
	for _, f := range a.Findings {
		if f.Status.Usable() {
			m.Methods = append(m.Methods, f.Method.ID)
		}
	}
	slices.Sort(m.Methods)
	return m, nil
}

// Closed are the methods of escalation that can be used with the policies measured by other, and not with those measured by m.
func (m *Measure) Closed(other *Measure) []string {
	return slices.DeleteFunc(slices.Clone(other.Methods), func(id string) bool { return slices.Contains(m.Methods, id) })
}

// directly returns the policies within a session policy that allows what no service forwards.
func directly(p prove.Policies) prove.Policies {
	s := statement("", []string{"*"}, []string{"*"}, []policy.Condition{conditionOf("Null", "aws:CalledVia", "true")})
	p.Session = append(p.Session, &policy.Document{Version: policy.V2012, Statements: []policy.Statement{s}})
	return p
}

func actionsIn(r *prove.Result) int {
	names := map[string]bool{}
	for i := range r.Differences {
		for _, a := range r.Differences[i].Actions {
			names[a] = true
		}
	}
	return len(names)
}
