// Package awsquery is the AWS Query protocol, that of IAM and STS: form parameters in, XML out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html ,
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
//
// Inputs and outputs are the structs of the AWS SDK for Go; what a member is called on the wire, and of which kind it
// is, says package awsmodel.
//
//	in := new(iam.CreateUserInput)
//	err := awsquery.DecodeInput(op, form, in)               // UserName=Bob&Tags.member.1.Key=a&Tags.member.1.Value=b
//	body, err := awsquery.EncodeResponse(nil, op, out, id)  // <CreateUserResponse xmlns="…">…</CreateUserResponse>
//	body, status := awsquery.EncodeError(nil, service, "NoSuchEntity", "The user with name Bob cannot be found.", id)
//
// # Requests
//
// A list is Tags.member.1, Tags.member.2 and so on; a map is X.entry.1.key and X.entry.1.value; members of a
// structure follow a dot. The numbers give the order; gaps between them are closed, and they cost nothing. A list's
// name alone, without a value, is an empty list, as SDKs write it. Booleans are those of XML Schema, times those of
// ISO 8601, blobs base64. Names are case-sensitive.
//
// What the operation's input does not have is ignored, as AWS does. What it has must be readable: a parameter that is
// there twice, one below a list or map that is no element of it, a number or boolean that is none, and text that is
// not UTF-8 are the error MalformedInput. AWS's services agree on that code, less on its messages; ours name the
// parameter, not its value.
//
// # Responses
//
// Members come in the order of the model. What is absent is left out, with two exceptions that clients rely on: the
// lists of an output itself, and lists that the model requires, are there even if nil, as empty elements; booleans and
// integers without a pointer are there even if zero (IsTruncated). Times are in UTC and whole seconds. Characters that
// XML 1.0 cannot carry are written as U+FFFD. The content type is [ContentType].
//
// Policy documents are percent-encoded in IAM's responses; the handlers do so, not this package.
package awsquery

// ContentType is the content type of all responses.
const ContentType = "text/xml"

// CodeMalformedInput is the code of a request whose parameters cannot be read as the operation's input.
const CodeMalformedInput = "MalformedInput"
