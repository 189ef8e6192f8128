// Package history says what the updates of an AWS managed policy meant: which requests each version allows that the one
// before it did not, and the other way round.
//
//	for _, step := range history.Steps(policy) {
//		u, err := step.Update(ctx, history.Options{Cache: cache})
//		…
//		fmt.Println(u.After.ID, u.Verdict, u.Removed)
//	}
//
// The words are those of package analysis/prove: an update is equivalent, broader, narrower, incomparable or unknown, and the
// first version that the catalogue has is new. AWS says that it never removes permissions from a managed policy; an update
// that is narrower or incomparable did ([Update.Lost]), and each [Change] has a request that package eval has confirmed to be
// allowed before and not after. What cannot be decided is unknown, with the reason, and never a silent pass.
//
// [Blame] asks the question of each permission: which version first granted it, and whether it went away. [Announced] has what AWS
// said of an update, where a page of AWS keeps a table.
//
// # Gaps
//
// The catalogue does not have all versions: ReadOnlyAccess goes from v140 to v159. Such a step is compared as it stands, and
// [Step.Missing] says how many versions lie between. What went and came back between them is not seen.
//
// # What is kept
//
// An update is worked out from two documents, the universe, the service reference and the method, and from nothing else. So the
// result is kept under a hash of these in the [Cache] that the caller gives: an audit of all policies that is interrupted goes on where it
// was. What a cache returns is checked, and worked out anew if it is not what was kept.
//
// The package does no input or output but through that interface, and bounds no time: an answer depends on the policies, and not on the
// machine. A context that ends, ends the work with its error, and nothing half done is kept.
package history

import (
	"context"
	"runtime"
	"strings"
	"sync"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// Method numbers the way in which updates are worked out. It is raised when package prove, or what is kept here of its
// answer, changes, so that nothing is taken from a cache that was kept by another method.
const Method = 1

// states is the bound of package prove on what it does for one class of actions. Its own default leaves a few more updates of the
// catalogue unknown; with twice as many, those that are left stay so.
const states = 250_000

// Options say how updates are worked out. The zero Options are good defaults.
type Options struct {
	Universe prove.Universe
	Service  string // a prefix such as s3: only what an update did to this service counts; empty: all counts
	Cache    Cache  // nil: nothing is kept
}

// A Step is from one version of a managed policy to the next that the catalogue has.
type Step struct {
	Before *managed.Version // nil: After is the first
	After  *managed.Version
}

// Steps returns the steps of a policy, oldest first: one for each of its versions.
func Steps(p *managed.Policy) []Step {
	var steps []Step
	var before *managed.Version
	for _, v := range p.Versions() {
		steps = append(steps, Step{before, v})
		before = v
	}
	return steps
}

// Missing returns how many versions lie between the two by their numbers, or before the first, that the catalogue does not
// have.
func (s Step) Missing() int {
	before := 0
	if s.Before != nil {
		before = number(s.Before)
	}
	return number(s.After) - before - 1
}

// MissingBefore returns how many versions just before one the catalogue does not have: what came or went with it may have done so with one of
// these.
func MissingBefore(v *managed.Version) int {
	for _, s := range Steps(v.Policy) {
		if s.After == v {
			return s.Missing()
		}
	}
	return 0
}

func number(v *managed.Version) (n int) {
	for _, digit := range strings.TrimPrefix(v.ID, "v") {
		n = 10*n + int(digit-'0')
	}
	return n
}

// A Verdict is what a version is beside the one before it, in the words of package prove.
type Verdict string

// The verdicts.
const (
	New          Verdict = "new" // the first version
	Equivalent   Verdict = "equivalent"
	Broader      Verdict = "broader"
	Narrower     Verdict = "narrower"
	Incomparable Verdict = "incomparable"
	Unknown      Verdict = "unknown"
)

// Verdicts are all verdicts, in the order in which they are best listed.
var Verdicts = []Verdict{New, Broader, Equivalent, Narrower, Incomparable, Unknown}

// An Update is what a step meant.
type Update struct {
	Step
	Universe prove.Universe
	Verdict  Verdict
	Added    []Change // what After allows and Before does not
	Removed  []Change // what Before allows and After does not
	Unknown  []Doubt
}

// Lost reports whether the update removed access, whatever it added.
func (u *Update) Lost() bool { return len(u.Removed) > 0 }

// Undecided reports whether it is not known that the update removed nothing.
func (u *Update) Undecided() bool {
	for _, d := range u.Unknown {
		if d.Removal {
			return true
		}
	}
	return false
}

// A Change is actions that one of two versions allows under some circumstances, and the other does not.
type Change struct {
	// Actions are the names: actions of the service reference in its spelling, and others that the policies name.
	Actions []string `json:"actions"`
	// Patterns are those with wildcards that allow more than these names.
	Patterns []string `json:"patterns"`
	// When is on which resources and under which conditions; empty: always.
	When    string  `json:"when"`
	Witness Request `json:"witness"`
}

// A Doubt is actions of which it is not known whether they changed.
type Doubt struct {
	Removal bool     `json:"removal"` // whether they may have been removed; else, added
	Actions []string `json:"actions"`
	Reason  string   `json:"reason"`
}

// A Request is one that only one of two versions allows. In JSON it is the request of a case of writ decide --cases.
type Request struct {
	Principal       string              `json:"principal,omitempty"`
	SessionIssuer   string              `json:"sessionIssuer,omitempty"`
	Action          string              `json:"action"`
	Resource        string              `json:"resource"`
	ResourceAccount string              `json:"resourceAccount,omitempty"`
	Context         map[string][]string `json:"context,omitempty"`
}

// Update says what the step meant. The error is that of a document that cannot be read, or that of ctx.
func (s Step) Update(ctx context.Context, o Options) (*Update, error) {
	r, err := o.compared(ctx, s)
	if err != nil {
		return nil, err
	}
	return &Update{Step: s, Universe: o.Universe, Verdict: r.Verdict, Added: r.Added, Removed: r.Removed, Unknown: r.Unknown}, nil
}

// compare works out what a step meant.
func (s Step) compare(ctx context.Context, o Options) (*result, error) {
	after, err := o.read(s.After)
	if err != nil {
		return nil, err
	}
	if s.Before == nil {
		granted, err := prove.Empty(ctx, after, o.prover())
		if err != nil {
			return nil, err
		}
		return &result{Verdict: New, Added: changes(granted), Unknown: doubts(granted, false)}, ctx.Err()
	}
	before, err := o.read(s.Before)
	if err != nil {
		return nil, err
	}
	c, err := prove.Compare(ctx, before, after, o.prover())
	if err != nil {
		return nil, err
	}
	return &result{
		Verdict: Verdict(c.Verdict.String()),
		Added:   changes(c.Adds), Removed: changes(c.Removes),
		Unknown: append(doubts(c.Removes, true), doubts(c.Adds, false)...),
	}, ctx.Err() // where a deadline came, the answer is not that of the policies
}

func (o *Options) prover() prove.Options {
	return prove.Options{Universe: o.Universe, MaxStates: states}
}

// read returns a version as one side of a comparison. One service alone is compared within a boundary that allows just that.
func (o *Options) read(v *managed.Version) (p prove.Policies, err error) {
	doc, err := policy.Parse(v.Document())
	if err != nil {
		return p, &DocumentError{v, err}
	}
	p.Identity = []*policy.Document{doc}
	if o.Service != "" {
		p.Boundary = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{
			Effect:   policy.Allow,
			Action:   policy.Element{Values: []policy.Value{{Text: o.Service + ":*"}}},
			Resource: policy.Element{Values: []policy.Value{{Text: "*"}}},
		}}}
	}
	return p, nil
}

// A DocumentError is that of a document of the catalogue that cannot be read.
type DocumentError struct {
	Version *managed.Version
	Err     error // a *policy.Error
}

func (e *DocumentError) Error() string { return e.Version.Ref() + ": " + e.Err.Error() }

// Unwrap returns the error of the document.
func (e *DocumentError) Unwrap() error { return e.Err }

func changes(r *prove.Result) (list []Change) {
	for _, d := range r.Differences {
		c := Change{When: d.When, Patterns: d.Patterns, Witness: Request(d.Witness)}
		for _, name := range d.Actions {
			if isName(name) {
				c.Actions = append(c.Actions, spelled(name))
			} else {
				c.Patterns = append(c.Patterns, name)
			}
		}
		list = append(list, c)
	}
	return list
}

func doubts(r *prove.Result, removal bool) (list []Doubt) {
	for _, d := range r.Unknown {
		list = append(list, Doubt{removal, d.Actions, d.Reason})
	}
	return list
}

// All works out the updates of many steps, in as many goroutines as jobs says (0: one for each processor), and calls done
// with each, by its index, in any order but never twice at once. It ends at the first error.
func All(ctx context.Context, steps []Step, o Options, jobs int, done func(int, *Update)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if jobs < 1 {
		jobs = runtime.GOMAXPROCS(0)
	}
	next := make(chan int)
	var workers sync.WaitGroup
	var one sync.Mutex
	for range jobs {
		workers.Go(func() {
			for i := range next {
				u, err := steps[i].Update(ctx, o)
				if err != nil {
					cancel(err) // of which the first counts
					continue
				}
				one.Lock()
				done(i, u)
				one.Unlock()
			}
		})
	}
	for i := range steps {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}
