package history

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// A Permission is an action that some version of a policy allows, under whatever circumstances.
type Permission struct {
	Action string // of the service reference in its spelling, or a name that some version gives
	Spans  []Span // oldest first; there is at least one
}

// A Span is successive versions that all allow an action.
type Span struct {
	From  *managed.Version // the first of them
	Until *managed.Version // the first that does not, any more; nil if the last version does
}

// Since returns the version that first granted the permission.
func (p *Permission) Since() *managed.Version { return p.Spans[0].From }

// Gone returns the version that took the permission away for good, or nil.
func (p *Permission) Gone() *managed.Version { return p.Spans[len(p.Spans)-1].Until }

// An UnsureError says of which actions it could not be proved whether a version allows them.
type UnsureError struct {
	Version *managed.Version
	Doubts  []prove.Doubt
}

func (e *UnsureError) Error() string {
	d := e.Doubts[0]
	return e.Version.Ref() + ": it is not known whether it allows " + strings.Join(d.Actions[:min(len(d.Actions), 3)], ", ") + ": " + d.Reason
}

// Blame returns the permissions of a policy, sorted by their names: each action of the service reference, and each name in one of its
// versions, that some version allows. It goes by what the documents mean: a pattern counts for all actions that it matches, and an
// action that a Deny takes away whatever the circumstances is not allowed. It follows the updates ([Step.Update]), and so takes from the cache what an
// audit has left there.
//
// The error is as that of Update, or an [*UnsureError].
func Blame(ctx context.Context, p *managed.Policy, o Options) ([]Permission, error) {
	steps := Steps(p)
	spans := map[string][]Span{} // by action
	open := func(action string, v *managed.Version) {
		spans[action] = append(spans[action], Span{From: v})
	}
	isOpen := func(action string) bool {
		list := spans[action]
		return len(list) > 0 && list[len(list)-1].Until == nil
	}
	others, err := unlisted(p)
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		u, err := step.Update(ctx, o)
		if err != nil {
			return nil, err
		}
		// What an update adds, the version allows. What it removes, it may allow under other circumstances; and of a name that the
		// reference does not have, an update from a pattern to the name does not speak.
		granted := map[string]bool{}
		for _, action := range actionsOf(u.Added) {
			granted[action] = true
		}
		var asked []string
		for _, d := range u.Unknown {
			for _, a := range d.Actions {
				if isName(a) {
					asked = append(asked, spelled(a))
				}
			}
		}
		asked = slices.DeleteFunc(sortedNames(slices.Concat(actionsOf(u.Removed), others, asked)), func(a string) bool { return granted[a] })
		if len(asked) > 0 {
			allowed, err := grants(ctx, step.After, asked, o)
			if err != nil {
				return nil, err
			}
			for _, a := range allowed {
				granted[a] = true
			}
		}
		for action := range granted {
			if !isOpen(action) {
				open(action, step.After)
			}
		}
		for _, action := range asked {
			if list := spans[action]; isOpen(action) && !granted[action] {
				list[len(list)-1].Until = step.After
			}
		}
	}
	var list []Permission
	for _, action := range sortedNames(slices.Collect(maps.Keys(spans))) {
		list = append(list, Permission{action, spans[action]})
	}
	return list, nil
}

// actionsOf returns the names of actions in some changes, as the reference spells them.
func actionsOf(changes []Change) (list []string) {
	for _, c := range changes {
		list = append(list, c.Actions...)
	}
	return list
}

// unlisted returns the names of actions that the versions of a policy give and the service reference does not have, each in its first spelling.
func unlisted(p *managed.Policy) (list []string, err error) {
	seen := map[string]bool{}
	for _, v := range p.Versions() {
		doc, err := policy.Parse(v.Document())
		if err != nil {
			return nil, &DocumentError{v, err}
		}
		for i := range doc.Statements {
			for _, name := range doc.Statements[i].Action.Strings() {
				if _, ok := authref.LookupAction(name); !ok && isName(name) && !seen[strings.ToLower(name)] {
					seen[strings.ToLower(name)] = true
					list = append(list, name)
				}
			}
		}
	}
	return list, nil
}

// grants returns which of some actions a version allows, under whatever circumstances.
func grants(ctx context.Context, v *managed.Version, actions []string, o Options) (list []string, err error) {
	doc, err := o.read(v)
	if err != nil {
		return nil, err
	}
	r, err := prove.Granted(ctx, doc, actions, nil, o.prover())
	if err != nil {
		return nil, err
	}
	allowed := map[string]bool{}
	for _, d := range r.Differences {
		for _, a := range d.Actions {
			allowed[strings.ToLower(a)] = true
		}
	}
	for _, d := range r.Unknown {
		if slices.ContainsFunc(d.Actions, func(a string) bool { return !allowed[strings.ToLower(a)] }) {
			return nil, &UnsureError{v, r.Unknown}
		}
	}
	for _, a := range actions {
		if allowed[strings.ToLower(a)] {
			list = append(list, a)
		}
	}
	return list, ctx.Err()
}
