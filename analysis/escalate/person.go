package escalate

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	named   map[string]*Asker // by ARN: those that have a name for the sake of a method; nil: nobody can have it

	inConditions []string // the ARNs of holders that conditions name
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

// judge judges a method for the kind of holder that it is for. A holder that is not known may also be one that conditions name.
func (p *persons) judge(m *Method) *Finding {
	f := p.judgeKind(m)
	if p.holder.Principal != "" || f.Status.Usable() {
		return f
	}
	for _, name := range p.conditioned() {
		named := p.asker(name)
		if named == nil || m.kind() != "" && m.kind() != named.kind {
			continue
		}
		if g := named.Judge(m, ""); g.Status > f.Status {
			g.Status = min(g.Status, Scoped)
			if g.Status.Usable() {
				g.Needs = append([]string{"a holder with the ARN " + name}, g.Needs...)
			}
			f = g
		}
	}
	return f
}

// conditioned returns the ARNs of users and roles that conditions of the policies name as the holder's; with a name for what wildcards stand
// for.
func (p *persons) conditioned() []string {
	if p.inConditions == nil {
		p.inConditions = []string{}
		for _, s := range p.byKind {
			for _, st := range s.statements {
				for i := range st.src.Condition {
					if c := &st.src.Condition[i]; strings.EqualFold(c.Key.Text, principalARN) {
						for _, text := range c.Strings() {
							p.inConditions = append(p.inConditions, strings.NewReplacer("::*:", "::"+s.account+":", "*", "holder", "?", "x").Replace(text))
						}
					}
				}
			}
		}
		slices.Sort(p.inConditions)
		p.inConditions = slices.Compact(p.inConditions)
		p.inConditions = p.inConditions[:min(len(p.inConditions), maxNames)]
	}
	return p.inConditions
}

// maxNames bounds how many names of holders are tried that conditions have.
const maxNames = 8

// asker returns the holder under a name, or nil if no user or role can have it.
func (p *persons) asker(name string) *Asker {
	kind, err := kindOf(name)
	if err != nil {
		return nil
	}
	named, ok := p.named[name]
	if !ok {
		h := *p.holder
		h.Principal = name
		if named, err = newAsker(p.ctx, &h, kind, p.subject, p.options); err != nil {
			named = nil
		}
		p.named[name] = named
	}
	return named
}

func (p *persons) judgeKind(m *Method) *Finding {
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
		named := p.asker(name.arn)
		if named == nil {
			continue
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
