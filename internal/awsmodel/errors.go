package awsmodel

import "net/http"

// commonStatus are the HTTP statuses of errors that all services have and no model declares.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html ; where AWS's services answer otherwise than
// that page says, as they do.
var commonStatus = map[string]int{
	"AccessDenied":               http.StatusForbidden,
	"ExpiredToken":               http.StatusForbidden,
	"InvalidClientTokenId":       http.StatusForbidden,
	"MissingAuthenticationToken": http.StatusForbidden,
	"OptInRequired":              http.StatusForbidden,
	"SignatureDoesNotMatch":      http.StatusForbidden,
	"MalformedQueryString":       http.StatusNotFound,
	"RequestEntityTooLarge":      http.StatusRequestEntityTooLarge,
	"InternalFailure":            http.StatusInternalServerError,
	"ServiceFailure":             http.StatusInternalServerError,
	"ServiceUnavailable":         http.StatusServiceUnavailable,
}

// Status returns the HTTP status of an error code: the model's, that of an error that all services have, or 400.
// An error whose status the model leaves open has 400, as on the services' pages.
func (s *Service) Status(code string) int {
	if e := s.errors[code]; e != nil {
		return e.Status
	}
	if status := commonStatus[code]; status != 0 {
		return status
	}
	return http.StatusBadRequest
}

// An InputError is a request that cannot be read as the operation's input. Code is that of AWS: MalformedInput for the
// Query protocol, SerializationException for JSON. Message repeats no values, so it holds no secrets.
type InputError struct {
	Code    string
	Message string
}

func (e *InputError) Error() string { return e.Code + ": " + e.Message }

// ErrorCode returns the code on the wire.
func (e *InputError) ErrorCode() string { return e.Code }

// ErrorMessage returns the message on the wire.
func (e *InputError) ErrorMessage() string { return e.Message }
