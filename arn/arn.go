// Package arn reads and writes Amazon Resource Names.
//
// An [ARN] is a comparable value of six parts:
//
//	arn:partition:service:region:account:resource
//
// Parse splits a text at its first five colons and checks nothing but the shape: which regions, accounts and
// resources exist is the business of the services. Everything behind the fifth colon is the resource, colons and
// slashes included. The zero ARN is not a valid ARN.
//
// This package knows no wildcards. Patterns over ARNs, as the Resource element of a policy holds them, are
// matched by package eval.
//
// The format is that of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html.
package arn

import (
	"fmt"
	"strings"
)

// An ARN is the name of one resource. ARNs are compared with ==.
type ARN struct {
	Partition string // "aws", "aws-cn", "aws-us-gov"
	Service   string // "s3"
	Region    string // "eu-west-1"; empty for global resources
	Account   string // twelve digits, "aws" for what AWS owns, or empty
	Resource  string // "user/dev", "function:name", "bucket/key"; never empty
}

// A ParseError says why a text is not an ARN.
type ParseError struct {
	Text   string // what was to be parsed
	Reason string // what is wrong with it
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("%q is not an ARN: %s", e.Text, e.Reason)
}

// Parse splits s into its six parts. The error, if any, is a [*ParseError].
func Parse(s string) (ARN, error) {
	fail := func(reason string) (ARN, error) { return ARN{}, &ParseError{s, reason} }
	rest, ok := strings.CutPrefix(s, "arn:")
	if !ok {
		return fail(`it does not start with "arn:"`)
	}
	parts := strings.SplitN(rest, ":", 5)
	if len(parts) < 5 {
		return fail("it has fewer than six parts (arn:partition:service:region:account:resource)")
	}
	a := ARN{parts[0], parts[1], parts[2], parts[3], parts[4]}
	switch {
	case a.Partition == "":
		return fail("the partition is empty")
	case a.Service == "":
		return fail("the service is empty")
	case a.Resource == "":
		return fail("the resource is empty")
	}
	return a, nil
}

// String returns the text that Parse reads, and "" for the zero ARN.
func (a ARN) String() string {
	if a == (ARN{}) {
		return ""
	}
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// IsAccountID reports whether s is an AWS account id: twelve digits.
func IsAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
