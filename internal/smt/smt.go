// Package smt puts the question that package analysis/prove answers to an SMT solver, so that somebody else answers it, too:
// does one identity-based policy allow a request that another one does not?
//
//	q, err := smt.Exceeds(a, b)         // an *Unsupported says what cannot be expressed
//	answer, request, err := q.Ask(ctx)  // by a process of Z3
//
// It is for tests and benchmarks; nothing of the product imports it, and no solver is a dependency. To be a check, it shares
// nothing with analysis/prove, nor with what that is built on: a question is written from the policy document alone, in SMT-LIB 2
// with the theory of strings and regular expressions, as AWS's pages read. Of this module it knows only package policy, for
// documents, and package authref, for which keys are lists.
//
// # What a request is
//
// The constants of a question are one request: the service and the name of the action in lower case, whether the resource is *
// and otherwise the five parts of an ARN behind "arn:", and for each condition key whether it is there and its value, or how many
// values it has, up to [MaxValues], and these. A value that only numeric operators read is a real number, or not a number.
//
// As in the open universe of analysis/prove, an action is any service and any name (here: of ASCII characters), a resource
// any ARN, and a key that AWS lists with one value has at most one; a key that AWS does not list has several if some condition has
// a set operator on it. aws:ResourceAccount agrees with the ARN (an ARN without an account is of a resource in some account; * may be of none), and
// aws:CalledViaFirst and -Last with aws:CalledVia. The
// principal is a user of whom nothing is known. What AWS decides whatever policies say (sts:GetCallerIdentity and
// sts:GetSessionToken, changes to what AWS owns in IAM) is no request here.
//
// # What cannot be expressed
//
// Policy variables, dates, IP addresses, binary values, the keys that follow from the principal, a Principal element, and a key
// that is compared both as a number and as a text.
package smt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// MaxValues is the largest number of values that a key has in a question.
const MaxValues = 3

// An Answer is what a solver says.
type Answer uint8

// The answers. The zero Answer is Unknown.
const (
	Unknown Answer = iota // no answer, or none in time
	Unsat                 // there is no such request
	Sat                   // there is one
)

// String returns the solver's word.
func (a Answer) String() string { return [...]string{"unknown", "unsat", "sat"}[a] }

// A Request is one that a solver found.
type Request struct {
	Action          string
	Resource        string
	ResourceAccount string // if the ARN does not say it
	Context         map[string][]string
}

// An Unsupported says what of a policy cannot be expressed.
type Unsupported struct{ Reason string }

func (e *Unsupported) Error() string { return "not expressed in SMT-LIB: " + e.Reason }

// Seconds bounds the time of a solver for a question.
const Seconds = 20

// Solver returns the path of the program z3, and an error if there is none.
func Solver() (string, error) { return exec.LookPath("z3") }

// Ask starts the solver, asks, and waits for the answer. Without an answer in [Seconds], it is Unknown. The request is nil if
// there is none, or none that can be written as text. The process ends with ctx.
func (q *Question) Ask(ctx context.Context) (Answer, *Request, error) {
	path, err := Solver()
	if err != nil {
		return Unknown, nil, err
	}
	cmd := exec.CommandContext(ctx, path, "-in", "-smt2", fmt.Sprintf("-T:%d", Seconds))
	cmd.Stdin = strings.NewReader(q.Text)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run() // an error, too, if there is no model to show
	if ctx.Err() != nil {
		return Unknown, nil, ctx.Err()
	}
	word, rest, _ := strings.Cut(out.String(), "\n")
	switch strings.TrimSpace(word) {
	case "sat":
		request, err := q.request(rest)
		return Sat, request, err
	case "unsat":
		return Unsat, nil, nil
	case "unknown", "timeout":
		return Unknown, nil, nil
	}
	return Unknown, nil, errors.Join(err, fmt.Errorf("z3 says %.200q", out.String()))
}
