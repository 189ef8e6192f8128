package op

import (
	"errors"
	"net/http"

	"github.com/writ-iam/writ/internal/awsjson"
	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/awsquery"
	"github.com/writ-iam/writ/internal/iam"
)

// Query is the AWS Query protocol: that of IAM and STS.
var Query Protocol = query{}

type query struct{}

func (query) Decode(m *awsmodel.Operation, q *Request, in any) error {
	return inputError(awsquery.DecodeInput(m, q.Form, in))
}

func (query) Encode(m *awsmodel.Operation, out any, requestID string) (Response, error) {
	body, err := awsquery.EncodeResponse(nil, m, out, requestID)
	return Response{Status: http.StatusOK, ContentType: awsquery.ContentType, Body: body}, err
}

func (query) EncodeError(s *awsmodel.Service, e *iam.Error, requestID string) Response {
	body, status := awsquery.EncodeError(nil, s, string(e.Code), e.Message, requestID)
	return Response{Status: status, ContentType: awsquery.ContentType, Body: body}
}

// JSON is the AWS JSON protocol: that of Organizations.
var JSON Protocol = jsonProtocol{}

type jsonProtocol struct{}

func (jsonProtocol) Decode(m *awsmodel.Operation, q *Request, in any) error {
	err := awsjson.DecodeInput(m, q.Body, in)
	if invalid, ok := errors.AsType[*awsmodel.ValidationError](err); ok {
		message, reason := awsjson.InvalidInput(invalid)
		return &iam.Error{Code: awsjson.CodeInvalidInput, Message: message, Reason: reason}
	}
	return inputError(err)
}

func (jsonProtocol) Encode(m *awsmodel.Operation, out any, _ string) (Response, error) {
	body, err := awsjson.EncodeResponse(nil, m, out)
	return Response{Status: http.StatusOK, ContentType: awsjson.ContentType, Body: body}, err
}

func (jsonProtocol) EncodeError(s *awsmodel.Service, e *iam.Error, _ string) Response {
	code := string(e.Code)
	if other, ok := jsonCodes[e.Code]; ok {
		code = other
	}
	body, status := awsjson.EncodeError(nil, s, code, e.Message, e.Reason)
	return Response{Status: status, ContentType: awsjson.ContentType, ErrorType: code, Body: body}
}

// jsonCodes are the codes that errors of all APIs have in JSON, where these are not those of the Query protocol.
// https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html
var jsonCodes = map[iam.Code]string{
	iam.AccessDenied:             "AccessDeniedException",
	iam.ConcurrentModification:   "ConcurrentModificationException",
	iam.ExpiredToken:             "ExpiredTokenException",
	"IncompleteSignature":        "IncompleteSignatureException",
	"InvalidAction":              "UnknownOperationException",
	iam.InvalidClientTokenID:     "UnrecognizedClientException",
	iam.InvalidInput:             "InvalidInputException",
	iam.LimitExceeded:            "ConstraintViolationException",
	"MissingAuthenticationToken": "MissingAuthenticationTokenException",
	iam.ServiceFailure:           "ServiceException",
	"SignatureDoesNotMatch":      "InvalidSignatureException",
	"Throttling":                 "TooManyRequestsException",
}

// inputError makes AWS's error of one of an input.
func inputError(err error) error {
	var wire interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &wire) {
		return &iam.Error{Code: iam.Code(wire.ErrorCode()), Message: wire.ErrorMessage()}
	}
	return err
}
