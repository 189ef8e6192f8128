// Package awsjson is the AWS JSON protocol, version 1.1, that of Organizations: JSON in, JSON out, and the operation's
// name in the header X-Amz-Target. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
//
// Inputs and outputs are the structs of the AWS SDK for Go; what a member is called on the wire, and of which kind it
// is, says package awsmodel.
//
//	name, ok := awsjson.Target(awsmodel.Organizations(), r.Header.Get(awsjson.TargetHeader))
//	err := awsjson.DecodeInput(op, body, in)
//	body, err := awsjson.EncodeResponse(nil, op, out)
//	body, status := awsjson.EncodeError(nil, service, "ConstraintViolationException", message, reason)
//
// # Requests
//
// Members are looked up by their exact names. A member that the input does not have is ignored, and null is the same
// as no member. Everything else must be right, or it is the error SerializationException: JSON's syntax, one object
// and nothing behind it, the type of each value, no member twice, UTF-8, and a bounded depth. Times are seconds since
// 1970, with a fraction or without. No body at all is an empty object.
//
// # Responses
//
// Members come in the order of the model. What is absent is left out and never null, with two exceptions that clients
// rely on: the lists of an output itself, and lists that the model requires, are there even if nil, and booleans and
// integers without a pointer even if zero. Times are seconds since 1970, to the millisecond. The content type is
// [ContentType]; an error's type is in its body, and belongs into the header [ErrorTypeHeader] as well.
package awsjson

import (
	"strings"

	"github.com/writ-iam/writ/internal/awsmodel"
)

const (
	// ContentType is the content type of requests and responses.
	ContentType = "application/x-amz-json-1.1"
	// TargetHeader names the operation: AWSOrganizationsV20161128.CreateAccount.
	TargetHeader = "X-Amz-Target"
	// ErrorTypeHeader repeats an error's code.
	ErrorTypeHeader = "X-Amzn-ErrorType"
	// CodeSerialization is the code of a request whose body cannot be read as the operation's input.
	CodeSerialization = "SerializationException"
)

// Target returns the operation that a target header names, and whether the header is one of the service. The service
// need not have the operation.
func Target(s *awsmodel.Service, header string) (operation string, ok bool) {
	prefix, operation, ok := strings.Cut(header, ".")
	if !ok || s.TargetPrefix == "" || prefix != s.TargetPrefix {
		return "", false
	}
	return operation, true
}
