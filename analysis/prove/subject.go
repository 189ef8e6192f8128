package prove

import (
	"context"
	"slices"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/policy"
)

// A Subject is a set of policies that much is asked of: they are compiled once. It is safe for concurrent use.
type Subject struct{ q *question }

// NewSubject compiles policies. The error is a [*PolicyError].
func NewSubject(p Policies) (*Subject, error) {
	q, err := newQuestion(p, p.none(), Options{})
	if err != nil {
		return nil, err
	}
	return &Subject{q}, nil
}

// Allows says which of the requests that the Allow statements of a document describe are allowed: of an action or more, on a
// resource, with what the conditions ask of the context. The document is read as a VPC endpoint policy is, without principals; a
// condition on aws:PrincipalArn keeps the question to one principal. The answer is [Proved] if none is. The error is that of a
// document which does not compile, or of ctx.
//
// It is [Granted] the other way round: there the question goes through the statements of the policies, to say what each
// grants; here through those of the document, which is much faster for one action and policies with thousands.
func (s *Subject) Allows(ctx context.Context, among *policy.Document, o Options) (*Result, error) {
	compiled, err := eval.Compile(among, eval.Endpoint)
	if err != nil {
		return nil, err
	}
	q := *s.q
	q.options = o
	q.all, q.actions = slices.Clone(q.all), slices.Clone(q.actions)
	a := *q.a
	a.gates = append([]gate{q.gateOf(among, compiled)}, a.gates...)
	q.a, q.only = &a, compiled
	q.partitions, q.accounts = partitionsOf(q.all), examplesOf(q.all)
	return q.ask(ctx)
}

// Policies returns the policies, compiled. They must not be changed.
func (s *Subject) Policies() *eval.Policies { return &s.q.a.policies }
