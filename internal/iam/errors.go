package iam

import (
	"errors"
	"fmt"
)

// A Code is an error code of AWS's APIs, as on the wire.
type Code string

// The codes that this module's packages return. The HTTP status that belongs to each is known where it is written to
// the wire.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
const (
	AccessDenied                  Code = "AccessDenied"
	ConcurrentModification        Code = "ConcurrentModification"
	CredentialReportExpired       Code = "ReportExpired"
	CredentialReportNotPresent    Code = "ReportNotPresent"
	DeleteConflict                Code = "DeleteConflict"
	DuplicateCertificate          Code = "DuplicateCertificate"
	DuplicateSSHPublicKey         Code = "DuplicateSSHPublicKey"
	EntityAlreadyExists           Code = "EntityAlreadyExists"
	EntityTemporarilyUnmodifable  Code = "EntityTemporarilyUnmodifiable"
	ExpiredToken                  Code = "ExpiredToken"
	InvalidAuthenticationCode     Code = "InvalidAuthenticationCode"
	InvalidCertificate            Code = "InvalidCertificate"
	InvalidClientTokenID          Code = "InvalidClientTokenId"
	InvalidInput                  Code = "InvalidInput"
	InvalidParameterValue         Code = "InvalidParameterValue"
	InvalidPublicKey              Code = "InvalidPublicKey"
	InvalidUserType               Code = "InvalidUserType"
	KeyPairMismatch               Code = "KeyPairMismatch"
	LimitExceeded                 Code = "LimitExceeded"
	MalformedCertificate          Code = "MalformedCertificate"
	MalformedPolicyDocument       Code = "MalformedPolicyDocument"
	NoSuchEntity                  Code = "NoSuchEntity"
	NotSupportedService           Code = "NotSupportedService"
	PasswordPolicyViolation       Code = "PasswordPolicyViolation"
	PolicyEvaluation              Code = "PolicyEvaluation"
	PolicyNotAttachable           Code = "PolicyNotAttachable"
	ServiceFailure                Code = "ServiceFailure"
	ServiceUnavailable            Code = "ServiceUnavailable"
	UnmodifiableEntity            Code = "UnmodifiableEntity"
	UnrecognizedPublicKeyEncoding Code = "UnrecognizedPublicKeyEncoding"
	ValidationError               Code = "ValidationError"
)

// An Error is one that a caller of the API gets to see: AWS's code, and AWS's message where it is known.
type Error struct {
	Code    Code
	Message string
	Reason  string // a second code, which some errors of AWS Organizations have
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Is reports whether err is an Error with the code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
