package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/cloudtrail"
	"github.com/writ-iam/writ/policy"
)

// recorded is what recorded calls used, and tried.
type recorded struct {
	q       *callsQuery
	granted *eval.Policies // nil if nothing is said to be granted

	records     int
	first, last time.Time
	data        bool // some are data events
	callers     map[string]int
	actions     map[string]*count
	denied      map[[3]string]*count // by action, resource and caller
	failed      map[[2]string]*count // by event and errorCode
	apart       map[string]int       // by reason
	unclear     map[string]int       // likewise
	matched     map[[2]int]bool      // statements of identity policies that allowed something
	groups      map[callGroup]*resources
	outside     []needs.Denial // calls that were used and that what is granted does not allow

	unused []string // actions that are granted and were not used
	docs   []*policy.Document
	within *prove.Result // of the docs in what is granted; nil if not asked
}

// A count counts calls.
type count struct {
	n       int
	last    time.Time
	derived bool
}

func (c *count) add(at time.Time) {
	if c.n++; at.After(c.last) {
		c.last = at
	}
}

// A callGroup is of calls that differ in their resources only.
type callGroup struct{ action, through, passedTo, of string }

// maxOfGroup is how many resources of a kind a policy lists; more of them become what they begin with.
const maxOfGroup = 20

// resources are those of a callGroup, each with a call.
type resources struct {
	calls   map[string]needs.Call
	callers map[string]eval.Principal
	prefix  string // of all, once there are too many
	many    bool
}

func newRecorded(q *callsQuery) (*recorded, error) {
	u := &recorded{q: q, callers: map[string]int{}, actions: map[string]*count{}, denied: map[[3]string]*count{}, failed: map[[2]string]*count{},
		apart: map[string]int{}, unclear: map[string]int{}, matched: map[[2]int]bool{}, groups: map[callGroup]*resources{}}
	if q.granted != nil {
		s, err := prove.NewSubject(q.granted.Policies)
		if err != nil {
			return nil, err
		}
		u.granted = s.Policies()
	}
	return u, nil
}

func counting[K comparable](m map[K]*count, k K) *count {
	if m[k] == nil {
		m[k] = &count{}
	}
	return m[k]
}

// add counts a record.
func (u *recorded) add(r *cloudtrail.Record) error {
	q := u.q
	if !q.from.IsZero() && r.EventTime.Before(q.from) || !q.to.IsZero() && !r.EventTime.Before(q.to) || q.principal.given() && !r.UserIdentity.Is(q.principal.text) {
		return nil
	}
	u.records++
	if u.first.IsZero() || r.EventTime.Before(u.first) {
		u.first = r.EventTime
	}
	if r.EventTime.After(u.last) {
		u.last = r.EventTime
	}
	u.data = u.data || r.EventCategory == "Data"
	if why := r.Apart(); why != "" {
		u.apart[why]++
		return nil
	}
	caller := r.UserIdentity.Caller()
	u.callers[caller]++
	calls, why := r.Call()
	if len(calls) == 0 {
		u.unclear[why]++
		return nil
	}
	switch r.Outcome() {
	case cloudtrail.Denied:
		counting(u.denied, [3]string{calls[0].Action, calls[0].Resource, caller}).add(r.EventTime)
		return nil
	case cloudtrail.Failed:
		counting(u.failed, [2]string{calls[0].Action, r.ErrorCode}).add(r.EventTime)
		return nil
	}
	for i := range calls {
		c := calls[i]
		n := counting(u.actions, c.Action)
		n.add(r.EventTime)
		n.derived = n.derived || c.Action == "iam:PassRole"
		if err := u.use(c, r); err != nil {
			return err
		}
	}
	return nil
}

// use takes a call that was allowed.
func (u *recorded) use(c needs.Call, r *cloudtrail.Record) error {
	kind := c.Resource
	if parts := strings.SplitN(kind, ":", 6); len(parts) == 6 {
		of, _, _ := strings.Cut(parts[5], "/")
		kind = strings.Join(append(parts[:5], of), ":")
	}
	g := callGroup{c.Action, c.Through, strings.Join(c.Context["iam:PassedToService"], " "), kind}
	in := u.groups[g]
	if in == nil {
		in = &resources{calls: map[string]needs.Call{}, callers: map[string]eval.Principal{}, prefix: c.Resource}
		u.groups[g] = in
	}
	for !strings.HasPrefix(c.Resource, in.prefix) {
		in.prefix = in.prefix[:len(in.prefix)-1]
	}
	key := c.Resource + " " + r.UserIdentity.ARN
	if _, known := in.calls[key]; known {
		return nil
	}
	who := r.UserIdentity.Principal()
	if len(in.calls) < maxOfGroup {
		in.calls[key], in.callers[key] = c, who
	} else if !slices.ContainsFunc(slices.Collect(maps.Values(in.calls)), func(d needs.Call) bool { return d.Resource == c.Resource }) {
		in.many = true
	}
	if u.granted == nil {
		return nil
	}
	d := &needs.Deployer{Policies: u.granted, Principal: who, Account: r.RecipientAccountID, Region: r.AWSRegion}
	req, err := d.Request(&c)
	if err != nil {
		return err
	}
	e := u.granted.Explain(req)
	if e.Decision.Allowed() {
		for _, m := range e.Matched {
			if m.Type == eval.Identity {
				u.matched[[2]int{m.Index, m.Statement}] = true
			}
		}
		return nil
	}
	const most = 1000
	if len(u.outside) < most {
		denials, err := needs.Decide([]needs.Call{c}, d)
		if err != nil {
			return err
		}
		u.outside = append(u.outside, denials...)
	}
	return nil
}

// calls are those that were used, and of which a policy is made: where there are too many resources, a pattern stands for them.
func (u *recorded) calls() (calls []needs.Call) {
	order := func(a, b callGroup) int {
		return slices.Compare([]string{a.action, a.through, a.passedTo, a.of}, []string{b.action, b.through, b.passedTo, b.of})
	}
	for _, g := range slices.SortedFunc(maps.Keys(u.groups), order) {
		in := u.groups[g]
		keys := slices.Sorted(maps.Keys(in.calls))
		if in.many {
			c := in.calls[keys[0]]
			c.Resource = in.prefix + "*"
			calls = append(calls, c)
			continue
		}
		for _, key := range keys {
			calls = append(calls, in.calls[key])
		}
	}
	return calls
}

// finish works out what was not used, and the policy.
func (u *recorded) finish(ctx context.Context) (cutOff string, err error) {
	calls := u.calls()
	if u.q.policy || u.q.json {
		if u.docs, err = needs.Least(calls, needs.LeastOptions{Compact: u.q.compact}); err != nil {
			return "", err
		}
		if err := u.confirm(); err != nil {
			return "", err
		}
	}
	if u.granted == nil {
		return "", nil
	}
	type answers struct{ all, within *prove.Result }
	got, cutOff, err := within(ctx, u.q.timeout, func(ctx context.Context) (a answers, err error) {
		if len(u.docs) > 0 {
			if a.within, err = prove.Exceeds(ctx, prove.Policies{Identity: u.docs}, u.q.granted.Policies, prove.Options{}); err != nil {
				return a, err
			}
		}
		if u.q.policy && !u.q.json {
			return a, nil
		}
		a.all, err = prove.Empty(ctx, u.q.granted.Policies, prove.Options{Universe: prove.Reference})
		return a, err
	})
	if err != nil {
		return "", err
	}
	u.within = got.within
	if u.within == nil && len(u.docs) > 0 {
		u.within = &prove.Result{Unknown: []prove.Doubt{{Reason: cutOff}}}
	}
	if got.all != nil {
		used := map[string]bool{}
		for action := range u.actions {
			used[strings.ToLower(action)] = true
		}
		for i := range got.all.Differences {
			for _, action := range got.all.Differences[i].Actions {
				if !used[strings.ToLower(action)] {
					u.unused = append(u.unused, action)
				}
			}
		}
		slices.Sort(u.unused)
		u.unused = slices.Compact(u.unused)
	}
	return cutOff, nil
}

// confirm has the engine decide every call by the policy that was made of them.
func (u *recorded) confirm() error {
	s, err := prove.NewSubject(prove.Policies{Identity: u.docs})
	if err != nil {
		return err
	}
	for _, in := range u.groups {
		for key, c := range in.calls {
			denials, err := needs.Decide([]needs.Call{c}, &needs.Deployer{Policies: s.Policies(), Principal: in.callers[key]})
			if err != nil {
				return err
			}
			if len(denials) > 0 && denials[0].Decision.Outcome == eval.ImplicitDeny {
				return fmt.Errorf("the policy does not allow %s on %s, which was used: %s", c.Action, c.Resource, denials[0].Reason)
			}
		}
	}
	return nil
}

// unusedStatements are those of what is granted that allowed none of the calls.
func (u *recorded) unusedStatements() (list []string) {
	if u.q.granted == nil {
		return nil
	}
	for i, doc := range u.q.granted.Identity {
		from := u.q.granted.sources[fmt.Sprintf("identity[%d]", i)]
		for j := range doc.Statements {
			s := &doc.Statements[j]
			if s.Effect != policy.Allow || u.matched[[2]int{i, j}] {
				continue
			}
			name := s.Sid.Text
			if name == "" {
				name = fmt.Sprintf("Statement[%d]", j)
			}
			list = append(list, fmt.Sprintf("%s  %s", from.at(s.Span.Start), name))
		}
	}
	return list
}
