package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/prove"
)

const diffHelp = `Compare what policies allow: what B allows and A does not, and what A allows and B does not, by
service and access level, with the condition or the resource under which it holds.

The first line has the verdict, which is proved, and not sampled: B is equivalent to A, broader,
narrower, or incomparable if each allows something that the other does not; or it is unknown, with
the reasons. With --witness, each difference comes with a request that the one allows and the
other does not, in the form that writ decide --cases reads.

A policy is named by a file, by - for standard input, or by a reference to an AWS managed policy
such as AdministratorAccess-Amplify@v10. Policies with a Principal are compared as resource-based
ones. With --type scp (or rcp), A and B are service (or resource) control policies of one level.

A and B stand for --old-policy A and --new-policy B. A side can have more policies, a permissions
boundary, session policies, SCPs and RCPs: flags that begin with --old- are for the first side,
with --new- for the second, and --policy, --boundary, --session, --scp and --rcp for both. The
policies of one level of SCPs or RCPs are separated by commas. What one side has no policies of,
does not limit it. Without identity-based policies, the limits alone are compared.

In the open universe, any action on any ARN counts; in that of the reference, only the actions,
resources and condition keys that AWS documents for each other do.

Exit status: 0; with --exit-code 0 if the policies are equivalent, 1 if they differ, and 3 if it is
not known. 3 also if the time of --timeout is over, and 2 for an error.`

const diffExamples = `  writ diff AdministratorAccess-Amplify@v4 AdministratorAccess-Amplify@v5
  writ diff AdministratorAccess-Amplify@v10 AdministratorAccess-Amplify --witness
  writ diff policy.json new.json --universe reference --exit-code
  writ diff --policy PowerUserAccess --old-boundary boundary.json --new-boundary PowerUserAccess --json
  writ diff bucket.json new-bucket.json
  writ diff root.json team.json --type scp`

// diffFlags are the flags of writ diff.
type diffFlags struct {
	asked
	both, old, new          sideFlags
	policyType              once
	exitCode, quiet         bool
	allActions, withWitness bool
	arguments               []string // A and B, or none
}

func (p *program) diff() *cobra.Command {
	f := diffFlags{
		old:  sideFlags{prefix: "old-", of: "the old side"},
		new:  sideFlags{prefix: "new-", of: "the new side"},
		both: sideFlags{of: "both sides"},
	}
	c := &cobra.Command{
		Use:     "diff A B",
		Short:   "Prove what one policy allows and another does not",
		Long:    diffHelp,
		Example: diffExamples,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return fmt.Errorf("%s compares two policies, A and B; found only %q", c.CommandPath(), args[0])
			case len(args) > 2:
				return fmt.Errorf("%s compares two policies, A and B; found %q, too (--old-policy and --new-policy give a side more)", c.CommandPath(), args[2])
			}
			return nil
		},
		ValidArgsFunction: completeTwoPolicies,
		PreRunE:           func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE: func(c *cobra.Command, args []string) error {
			f.arguments = args
			return p.runDiff(c, &f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.Var(&f.policyType, "type", "`type` of the policies that are compared: identity, resource, scp or rcp (default: what they look like)")
	flags.BoolVar(&f.withWitness, "witness", false, "show a request for each difference, and the statements that make it")
	flags.BoolVar(&f.allActions, "all", false, "show all actions")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 if the policies differ, and with 3 if it is not known")
	flags.BoolVar(&f.quiet, "quiet", false, "print nothing; implies --exit-code")
	f.asked.register(c)
	f.old.register(c)
	f.new.register(c)
	f.both.register(c)
	mustComplete(c, "type", completeWords(identityType, resourceType, scpType, rcpType))
	return c
}

func (p *program) runDiff(c *cobra.Command, f *diffFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	old, new, err := p.loadSides(f)
	if err != nil {
		return err
	}
	o.First = f.quiet
	comparison, cutOff, err := within(c.Context(), f.timeout, func(ctx context.Context) (*prove.Comparison, error) {
		return prove.Compare(ctx, old.Policies, new.Policies, o)
	})
	if err != nil {
		return placed(err, old, new)
	}
	if cutOff != "" {
		p.status = unknown
		if !f.quiet {
			fmt.Fprintf(p.stderr, "writ: %s\n", cutOff)
		}
		doubt := []prove.Doubt{{Reason: cutOff}}
		comparison = &prove.Comparison{
			Adds:    &prove.Result{Universe: o.Universe, Unknown: doubt},
			Removes: &prove.Result{Universe: o.Universe, Unknown: doubt},
		}
	}
	if f.exitCode || f.quiet {
		switch comparison.Verdict {
		case prove.Equivalent:
		case prove.Undecided:
			p.status = unknown
		default:
			p.status = differs
		}
	}
	switch {
	case f.quiet:
	case f.json:
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(newDiffJSON(comparison, o.Universe, old, new))
	case cutOff == "":
		t := diffText{screen: p.screen, args: p.args, comparison: comparison, universe: o.Universe, old: old, new: new, all: f.allActions, witness: f.withWitness}
		for _, line := range t.lines() {
			p.print("%s", line)
		}
	}
	return nil
}

// loadSides loads the policies of both sides.
func (p *program) loadSides(f *diffFlags) (old, new *side, err error) {
	var arguments [2][]loaded
	for i, name := range f.arguments {
		l, err := p.load([]string{"A", "B"}[i], name)
		if err != nil {
			return nil, nil, err
		}
		arguments[i] = []loaded{l}
	}
	var policies [3][]loaded
	var l [3]limits
	for i, flags := range []*sideFlags{&f.old, &f.new, &f.both} {
		if policies[i], l[i], err = p.loadFlags(flags); err != nil {
			return nil, nil, err
		}
	}
	both := 2
	for i := range both {
		policies[i] = slices.Concat(arguments[i], policies[i], policies[both])
		switch {
		case l[i].boundary == nil:
			l[i].boundary = l[both].boundary
		case l[both].boundary != nil:
			return nil, nil, errors.New("--boundary is for both sides, and a principal has one permissions boundary; leave out --old-boundary and --new-boundary")
		}
		l[i].session = slices.Concat(l[both].session, l[i].session)
		l[i].scp = slices.Concat(l[both].scp, l[i].scp)
		l[i].rcp = slices.Concat(l[both].rcp, l[i].rcp)
	}
	t, err := f.typeOf(slices.Concat(policies[0], policies[1]))
	if err != nil {
		return nil, nil, err
	}
	names := [2]string{"old", "new"}
	for i := range both {
		if other := 1 - i; len(policies[i]) == 0 && len(policies[other]) > 0 && (t == identityType || t == resourceType) {
			return nil, nil, fmt.Errorf("the %s side has no policy and the %s side has; give it one with --%s-policy, or both with --policy", names[i], names[other], names[i])
		}
	}
	if old, err = newSide(names[0], t, policies[0], l[0]); err != nil {
		return nil, nil, err
	}
	if new, err = newSide(names[1], t, policies[1], l[1]); err != nil {
		return nil, nil, err
	}
	if len(old.sources)+len(new.sources) == 0 {
		return nil, nil, errors.New("there is nothing to compare; expected two policies, as in writ diff A B")
	}
	return old, new, nil
}

// typeOf returns the type of the policies that are compared.
func (f *diffFlags) typeOf(all []loaded) (string, error) {
	if !f.policyType.given() {
		return commonType(all)
	}
	return oneOf("--type", f.policyType.text, identityType, resourceType, scpType, rcpType)
}

// oneOf checks that the value of a flag is one of some words.
func oneOf(flag, text string, words ...string) (string, error) {
	if slices.Contains(words, text) {
		return text, nil
	}
	return "", fmt.Errorf("%s: %q is unknown; expected %s", flag, text, alternatives(words))
}
