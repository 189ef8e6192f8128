package escalate

import (
	"context"
	"fmt"
	"slices"

	"github.com/writ-iam/writ/analysis/prove"
)

// persons are the principals that a holder may be: the one that it is or, if that is not known, some user and some role, of whatever
// name.
type persons struct {
	ctx     context.Context
	holder  *Holder
	options prove.Options
	subject *prove.Subject
	byKind  map[string]*Asker
	named   map[string]*Asker // by ARN: those that have a name for the sake of a method
}

func newPersons(ctx context.Context, h *Holder, o Options) (*persons, error) {
	kinds := []string{"user", "role"}
	if h.Principal != "" {
		kind, err := kindOf(h.Principal)
		if err != nil {
			return nil, err
		}
		kinds = []string{kind}
	}
	if len(h.Policies.Identity) == 0 {
		return nil, ErrNoPolicies
	}
	subject, err := prove.NewSubject(h.Policies)
	if err != nil {
		return nil, err
	}
	p := &persons{ctx: ctx, holder: h, options: prove.Options{MaxStates: o.MaxStates}, subject: subject, byKind: map[string]*Asker{}, named: map[string]*Asker{}}
	for _, kind := range kinds {
		if p.byKind[kind], err = newAsker(ctx, h, kind, subject, p.options); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// judge judges a method for the kind of holder that it is for.
func (p *persons) judge(m *Method) *Finding {
	kind := m.kind()
	if kind == "" {
		if s := p.byKind["user"]; s != nil {
			return s.Judge(m, "")
		}
		return p.byKind["role"].Judge(m, "")
	}
	s := p.byKind[kind]
	if s == nil {
		return &Finding{Method: m, Missing: []Missing{{Reason: fmt.Sprintf("the holder is no %s", kind)}}}
	}
	f := s.Judge(m, "")
	if p.holder.Principal != "" {
		return f
	}
	if !f.Status.Usable() {
		f = p.judgeNames(m, kind, f)
	}
	if need := fmt.Sprintf("a holder that is a %s", kind); f.Status.Usable() && !slices.Contains(f.Needs, need) {
		f.Needs = append([]string{need}, f.Needs...)
	}
	return f
}

// judgeNames judges a method that is about the holder itself for holders of other names: one for each cell of names that
// the policies tell apart.
func (p *persons) judgeNames(m *Method, kind string, f *Finding) *Finding {
	s := p.byKind[kind]
	var actions []string
	for _, step := range m.Steps {
		for _, c := range step {
			if c.On.Name == Self && s.Granted(c.Action) {
				actions = append(actions, c.Action)
			}
		}
	}
	if len(actions) == 0 {
		return f
	}
	for _, name := range s.cellsOf("iam", Resource{kind, Other}, actions) {
		named := p.named[name.arn]
		if named == nil {
			h := *p.holder
			h.Principal = name.arn
			var err error
			if named, err = newAsker(p.ctx, &h, kind, p.subject, p.options); err != nil {
				continue // a name that no user or role can have
			}
			p.named[name.arn] = named
		}
		if g := named.Judge(m, ""); g.Status > f.Status {
			g.Status = min(g.Status, Scoped)
			if g.Status.Usable() {
				g.Scope = append(s.scopeOf(actions[0], []cell{name}), g.Scope...)
			}
			f = g
		}
	}
	return f
}
