package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/policy"
)

// A side is one of two sets of policies that are compared.
type side struct {
	prove.Policies
	name    string            // what it goes by: the one policy that it is, or "the old policies"
	sources map[string]source // by their place among the policies: "identity[0]", "scp[1][0]"
	flags   []string          // of writ decide, that name the same policies
}

// sideFlags are the flags that name the policies of one side, or of both.
type sideFlags struct {
	prefix, of                string // "old-", "the old side"
	policy, session, scp, rcp []string
	boundary                  once
}

func (f *sideFlags) register(c *cobra.Command) {
	flags := c.Flags()
	list := func(target *[]string, name, usage string, complete cobra.CompletionFunc) {
		flags.StringArrayVar(target, f.prefix+name, nil, fmt.Sprintf(usage, f.of))
		mustComplete(c, f.prefix+name, complete)
	}
	list(&f.policy, "policy", "`policy` of %s (repeatable)", completePolicy)
	flags.Var(&f.boundary, f.prefix+"boundary", "permissions boundary of "+f.of+", a `policy`")
	mustComplete(c, f.prefix+"boundary", completePolicy)
	list(&f.session, "session", "session `policy` of %s (repeatable)", completePolicy)
	list(&f.scp, "scp", "service control `policies` of one level of %s, from the root down (repeatable)", completeSCPs)
	list(&f.rcp, "rcp", "resource control `policies` of one level of %s, from the root down (repeatable)", completeRCPs)
}

// A loaded policy is a document, and where it comes from.
type loaded struct {
	doc  *policy.Document
	from source
	name string // as it was given
}

// A limits holds the policies of a side but those that are compared by --type.
type limits struct {
	boundary *loaded
	session  []loaded
	scp, rcp [][]loaded
}

func (p *program) load(flag, name string) (loaded, error) {
	src, from, err := p.readPolicy(flag, name)
	if err != nil {
		return loaded{}, err
	}
	doc, err := parse(src, from)
	return loaded{doc, from, name}, err
}

func (p *program) loadAll(flag string, names []string) (list []loaded, err error) {
	for _, name := range names {
		l, err := p.load(flag, name)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// loadFlags loads what the flags name.
func (p *program) loadFlags(f *sideFlags) (policies []loaded, l limits, err error) {
	flag := "--" + f.prefix
	if policies, err = p.loadAll(flag+"policy", f.policy); err != nil {
		return nil, l, err
	}
	if f.boundary.given() {
		one, err := p.load(flag+"boundary", f.boundary.text)
		if err != nil {
			return nil, l, err
		}
		l.boundary = &one
	}
	if l.session, err = p.loadAll(flag+"session", f.session); err != nil {
		return nil, l, err
	}
	if l.scp, err = p.loadLevels(flag+"scp", f.scp); err != nil {
		return nil, l, err
	}
	l.rcp, err = p.loadLevels(flag+"rcp", f.rcp)
	return policies, l, err
}

func (p *program) loadLevels(flag string, names []string) (levels [][]loaded, err error) {
	for _, level := range names {
		list, err := p.loadAll(flag, splitLevel(level))
		if err != nil {
			return nil, err
		}
		levels = append(levels, list)
	}
	return levels, nil
}

// The types that the policies which are compared may be of.
const (
	identityType = "identity"
	resourceType = "resource"
	scpType      = "scp"
	rcpType      = "rcp"
)

// typeOf returns the type that a document looks like: a resource-based policy says for whom it is, with a place where.
func typeOf(doc *policy.Document) (string, policy.Pos) {
	for i := range doc.Statements {
		if s := &doc.Statements[i]; s.Principal != nil {
			return resourceType, s.Principal.Span.Start
		}
	}
	return identityType, doc.Span.Start
}

// commonType returns the type of all policies of both sides.
func commonType(all []loaded) (string, error) {
	var first loaded
	common := ""
	for _, l := range all {
		t, _ := typeOf(l.doc)
		switch {
		case common == "":
			first, common = l, t
		case t != common:
			identity, resource := first, l
			if t == identityType {
				identity, resource = l, first
			}
			_, pos := typeOf(resource.doc)
			return "", fmt.Errorf("%s: %s is a resource-based policy, for it has a Principal, and %s is an identity-based one; these cannot be compared (--type says what both are)",
				resource.from.at(pos), resource.from.String(), identity.from.String())
		}
	}
	return common, nil
}

// newSide puts together the policies of one side. Those that are compared are of the type t.
func newSide(name, t string, policies []loaded, l limits) (*side, error) {
	s := &side{name: "the " + name + " policies", sources: map[string]source{}}
	add := func(place string, l loaded) *policy.Document {
		s.sources[place] = l.from
		return l.doc
	}
	addLevel := func(t string, level int, list []loaded) (docs []*policy.Document) {
		for i, l := range list {
			docs = append(docs, add(fmt.Sprintf("%s[%d][%d]", t, level, i), l))
		}
		return docs
	}
	switch t {
	case identityType:
		for i, l := range policies {
			s.Identity = append(s.Identity, add(fmt.Sprintf("identity[%d]", i), l))
			s.flags = append(s.flags, "--policy", l.name)
		}
	case resourceType:
		if len(policies) != 1 {
			return nil, fmt.Errorf("the %s side has %d resource-based policies; a resource has one", name, len(policies))
		}
		if l.boundary != nil || len(l.session) > 0 || len(l.scp) > 0 {
			return nil, fmt.Errorf("%s is a resource-based policy, which is compared by what it says itself; leave out boundary, session and scp", policies[0].from.String())
		}
		s.Resource = add("resource", policies[0])
		s.flags = append(s.flags, "--resource-policy", policies[0].name)
	case scpType:
		if len(policies) > 0 {
			l.scp = append(l.scp[:len(l.scp):len(l.scp)], policies)
		}
	case rcpType:
		if len(policies) > 0 {
			l.rcp = append(l.rcp[:len(l.rcp):len(l.rcp)], policies)
		}
	}
	if l.boundary != nil {
		s.Boundary = add("boundary[0]", *l.boundary)
		s.flags = append(s.flags, "--boundary", l.boundary.name)
	}
	for i, one := range l.session {
		s.Session = append(s.Session, add(fmt.Sprintf("session[%d]", i), one))
		s.flags = append(s.flags, "--session", one.name)
	}
	for i, level := range l.scp {
		s.SCPs = append(s.SCPs, addLevel(scpType, i, level))
		s.flags = append(s.flags, "--scp", joined(level))
	}
	for i, level := range l.rcp {
		s.RCPs = append(s.RCPs, addLevel(rcpType, i, level))
		s.flags = append(s.flags, "--rcp", joined(level))
	}
	switch len(s.sources) {
	case 0:
		s.name = "no limits"
	case 1:
		for _, from := range s.sources {
			s.name = from.String()
		}
	}
	return s, nil
}

// joined names the policies of a level.
func joined(level []loaded) string {
	names := make([]string, len(level))
	for i, l := range level {
		names[i] = l.name
	}
	return strings.Join(names, ",")
}

// placed makes the error of a comparison name the place in the source.
func placed(err error, sides ...*side) error {
	e, ok := errors.AsType[*prove.PolicyError](err)
	if !ok {
		return err
	}
	if from, ok := sides[e.Side].sources[e.Policy]; ok {
		return from.placed(e.Err)
	}
	return fmt.Errorf("%s: %w", sides[e.Side].name, e.Err)
}

// asked are the flags that all questions to package prove have.
type asked struct {
	universe once
	timeout  time.Duration
	json     bool
}

func (a *asked) register(c *cobra.Command) {
	f := c.Flags()
	f.Var(&a.universe, "universe", "`universe` of the requests that count: open (any) or reference (those that AWS documents) (default open)")
	f.DurationVar(&a.timeout, "timeout", time.Minute, "how long it may take")
	f.BoolVar(&a.json, "json", false, "print JSON")
	mustComplete(c, "universe", completeWords("open", "reference"))
}

// options returns the options of the flags.
func (a *asked) options() (o prove.Options, err error) {
	if a.universe.given() {
		if o.Universe, err = prove.ParseUniverse(a.universe.text); err != nil {
			return o, fmt.Errorf("--universe: %w", err)
		}
	}
	if a.timeout <= 0 {
		return o, fmt.Errorf("--timeout: %v is no time to work in; expected one such as 1m", a.timeout)
	}
	return o, nil
}

// graceForAnswer is how long an answer is waited for once the time is over: what was found until then is worth having.
const graceForAnswer = 3 * time.Second

// within returns what ask does, if it does so in time; otherwise cutOff says so. A question that does not end soon after its
// context does is left behind.
func within[T any](ctx context.Context, timeout time.Duration, ask func(context.Context) (T, error)) (answer T, cutOff string, err error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan error, 1)
	var late T
	if limited.Err() == nil {
		go func() {
			var err error
			late, err = ask(limited)
			done <- err
		}()
	}
	answered := func(err error) bool { return !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil }
	select {
	case err := <-done:
		if answered(err) {
			return late, "", err
		}
	case <-limited.Done():
		if ctx.Err() != nil {
			return answer, "", ctx.Err()
		}
		select {
		case err := <-done:
			if answered(err) {
				return late, "", err
			}
		case <-time.After(graceForAnswer):
		}
	}
	return answer, fmt.Sprintf("no answer within %v; --timeout gives it more time", timeout), nil
}

// own returns those of the statements that are of policies that were given. Where limits alone are compared, package prove
// puts a policy beside them that allows everything.
func (s *side) own(refs []prove.StatementRef) (own []prove.StatementRef) {
	for _, r := range refs {
		if _, given := s.sources[r.Policy]; given {
			own = append(own, r)
		}
	}
	return own
}

// canBeNamed reports whether another command can read the policies of the side, too: standard input is gone.
func (s *side) canBeNamed() bool { return !slices.Contains(s.flags, "-") }

// decideCommand returns the command that decides a request by the policies of a side, which do or do not allow it.
func decideCommand(s *side, r *pdp.Request, allowed bool) string {
	words := append([]string{"writ", "decide"}, s.flags...)
	if allowed && s.Resource != nil && strings.HasPrefix(r.Principal, "arn:") { // in another account it needs to be allowed, too
		words = append(words, "--policy", "AdministratorAccess")
		if strings.Contains(r.Principal, ":federated-user/") {
			words = append(words, "--session", "AdministratorAccess")
		}
	}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, name, value)
		}
	}
	flag("--principal", r.Principal)
	flag("--session-issuer", r.SessionIssuer)
	flag("--action", r.Action)
	flag("--resource", r.Resource)
	flag("--resource-account", r.ResourceAccount)
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		for _, value := range r.Context[key] {
			flag("--context", key+"="+value)
		}
	}
	return shellQuoted(words)
}
