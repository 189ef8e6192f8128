package writapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

// Service makes the API.
func Service() *op.Service {
	model := &awsmodel.Service{Name: "writ", TargetPrefix: "Writ", Protocol: awsmodel.JSON}
	return op.NewService("writ", model, wire{}, services, forwards, catalog, references, accountDetails, webhooks)
}

// wire is the API's protocol: that of AWS's JSON services on the outside, and the structs of this package inside,
// without a model.
type wire struct{}

// Decode reads an input. Members that are not known are an error: a misspelt one must not be a default.
func (wire) Decode(_ *awsmodel.Operation, q *op.Request, in any) error {
	d := json.NewDecoder(bytes.NewReader(q.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		return iam.Errorf("SerializationException", "The body is not the operation's input in JSON.")
	}
	if _, err := d.Token(); err != io.EOF {
		return iam.Errorf("SerializationException", "The body has something after the operation's input.")
	}
	return nil
}

// Encode writes an output.
func (wire) Encode(_ *awsmodel.Operation, out any, _ string) (op.Response, error) {
	body, err := json.Marshal(out)
	return op.Response{Status: http.StatusOK, ContentType: contentType, Body: body}, err
}

const contentType = "application/x-amz-json-1.1"

// statuses are the HTTP statuses of this API's errors that are not those of all services.
var statuses = map[iam.Code]int{
	iam.NoSuchEntity:        http.StatusNotFound,
	iam.EntityAlreadyExists: http.StatusConflict,
	invalidRequest:          http.StatusForbidden,
	alreadyForwarded:        http.StatusConflict,

	iam.MalformedPolicyDocument: http.StatusBadRequest,
	iam.PolicyNotAttachable:     http.StatusConflict,
	iam.ConcurrentModification:  http.StatusConflict,
	iam.LimitExceeded:           http.StatusConflict,

	iam.EntityTemporarilyUnmodifable: http.StatusConflict,
}

// EncodeError writes an error.
func (wire) EncodeError(s *awsmodel.Service, e *iam.Error, _ string) op.Response {
	status, ok := statuses[e.Code]
	if !ok {
		status = s.Status(string(e.Code))
	}
	body, err := json.Marshal(struct {
		Type    iam.Code `json:"__type"`
		Message string   `json:"message"`
	}{e.Code, e.Message})
	if err != nil {
		panic(err) // two texts
	}
	return op.Response{Status: status, ContentType: contentType, ErrorType: string(e.Code), Body: body}
}
