// Package op runs the operations of the APIs. A request takes one way through it, and no operation has another:
//
//	authenticate  the signature is verified and a Caller comes out, never a string
//	decode        the form becomes the operation's input, which is held against AWS's model
//	authorize     the operation's row names what it acts on; package eval decides on what the snapshot holds
//	handle        the operation's own work: on the snapshot, and through one transaction if it writes
//	audit         one record, whatever came of it
//	encode        the output or the error, in AWS's form
//
// An [Operation] is a row: a name, a function that names its [Target], and a function that does the work. A handler
// runs only for a caller who may. Inputs and outputs are the structs of the AWS SDK for Go.
//
// Whatever fails before the decision denies.
package op

import (
	"context"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/iam"
)

// An Operation is one operation of an API.
type Operation struct {
	Name string

	input  func() any
	target func(*Call, any) (Target, error)
	handle func(context.Context, *Call, any) (any, error)
	model  *awsmodel.Operation // filled in by NewService
}

// New makes the row of an operation. The function target says what a call acts on, the function handle does the work of
// a call that is allowed. Errors of both that are [*iam.Error] are told to the caller; others are failures of the
// service.
func New[In, Out any](
	name string, target func(*Call, *In) (Target, error), handle func(context.Context, *Call, *In) (*Out, error),
) Operation {
	return Operation{
		Name:   name,
		input:  func() any { return new(In) },
		target: func(c *Call, in any) (Target, error) { return target(c, in.(*In)) },
		handle: func(ctx context.Context, c *Call, in any) (any, error) {
			out, err := handle(ctx, c, in.(*In))
			if err != nil {
				return nil, err // not a nil *Out in an interface
			}
			return out, nil
		},
	}
}

// A Target is what a call acts on, as far as authorization is concerned.
type Target struct {
	Action   string // "iam:PassRole"; "" for the operation's own
	Resource string // an ARN, or "*"
	Account  string // that the resource is in; "" if the ARN says so
	Tags     []iam.Tag
	Policy   *eval.Policy // the resource's own policy: a role's trust policy
	Context  map[string][]string
	Also     []Target // what the call needs besides
	Free     bool     // needs no permission beyond a valid signature
}

// Everything is the target of operations that act on no particular resource.
func Everything[In any](*Call, *In) (Target, error) { return Target{Resource: "*"}, nil }

// With adds a condition key to the target.
func (t Target) With(key string, values ...string) Target {
	m := map[string][]string{key: values}
	for k, v := range t.Context {
		m[k] = v
	}
	t.Context = m
	return t
}

// A Service is one API: its name in credential scopes, its model, its operations.
type Service struct {
	Name       string // iam, sts, organizations
	Prefix     string // of its actions; the name, if empty
	Model      *awsmodel.Service
	Protocol   Protocol
	operations map[string]*Operation
}

// NewService makes an API of rows. It panics if a row names an operation that the model does not have, or names one
// twice.
func NewService(name string, model *awsmodel.Service, protocol Protocol, rows ...[]Operation) *Service {
	s := &Service{Name: name, Prefix: name, Model: model, Protocol: protocol, operations: map[string]*Operation{}}
	for _, list := range rows {
		for _, row := range list {
			m := model.Operation(row.Name)
			if len(model.Operations) == 0 { // an API of Writ's own, whose protocol needs no more than the structs
				m = &awsmodel.Operation{Name: row.Name, Service: model}
			}
			if m == nil || s.operations[row.Name] != nil {
				panic("op: " + row.Name + " is not in the model, or twice in the table")
			}
			row.model = m
			s.operations[row.Name] = &row
		}
	}
	return s
}

// Served reports whether the service has the operation.
func (s *Service) Served(operation string) bool { return s.operations[operation] != nil }
