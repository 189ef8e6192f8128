package awsmodel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/internal/awsjson"
	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/awsquery"
)

// These tests hold the model and both codecs against the AWS SDK for Go: what its clients send is what we read, and
// what we write is what they read, for every operation and every error.

// A wire stands between a client of the SDK and a server: it keeps the request and gives a prepared answer.
type wire struct {
	request *http.Request
	body    []byte
	status  int
	header  http.Header
	answer  []byte
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.request, w.body = r, nil
	if r.Body != nil {
		var err error
		if w.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: w.status, Header: w.header, Body: io.NopCloser(bytes.NewReader(w.answer)), Request: r,
		ContentLength: int64(len(w.answer)),
	}, nil
}

const requestID = "c6104cbe-af31-11e0-8154-cbc7ccf896c7"

// An sdk is a client of the SDK with the model of its service.
type sdk struct {
	model  *awsmodel.Service
	client reflect.Value
	wire   *wire
	// unmodelled are operations of the SDK that are newer than the model.
	unmodelled []string
}

func clients() []sdk {
	config := func(w *wire) aws.Config {
		return aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String("http://writ.test"), HTTPClient: w,
			Retryer: func() aws.Retryer { return aws.NopRetryer{} },
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}, nil
			}),
		}
	}
	var a, b, c wire
	return []sdk{
		{awsmodel.IAM(), reflect.ValueOf(iam.NewFromConfig(config(&a))), &a,
			[]string{"AcquireRole", "GetAccountProperties", "GetRoleTemplateVersion", "PutAccountProperties"}},
		{awsmodel.STS(), reflect.ValueOf(sts.NewFromConfig(config(&b))), &b, nil},
		{awsmodel.Organizations(), reflect.ValueOf(organizations.NewFromConfig(config(&c))), &c, nil},
	}
}

// types are the operation's input and output structs.
func (s sdk) types(op *awsmodel.Operation) (in, out reflect.Type) {
	t := s.client.MethodByName(op.Name).Type()
	return t.In(1).Elem(), t.Out(0).Elem()
}

// call calls an operation.
func (s sdk) call(op *awsmodel.Operation, in reflect.Value) (out reflect.Value, err error) {
	results := s.client.MethodByName(op.Name).Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
	err, _ = results[1].Interface().(error)
	return results[0], err
}

// respond prepares the answer to a call that succeeds.
func (s sdk) respond(op *awsmodel.Operation, out any) (err error) {
	s.wire.status = http.StatusOK
	if s.model.Protocol == awsmodel.Query {
		s.wire.header = http.Header{"Content-Type": {awsquery.ContentType}, "X-Amzn-Requestid": {requestID}}
		s.wire.answer, err = awsquery.EncodeResponse(nil, op, out, requestID)
	} else {
		s.wire.header = http.Header{"Content-Type": {awsjson.ContentType}, "X-Amzn-Requestid": {requestID}}
		s.wire.answer, err = awsjson.EncodeResponse(nil, op, out)
	}
	return err
}

// read decodes the request that the client sent.
func (s sdk) read(op *awsmodel.Operation, into any) error {
	if s.model.Protocol == awsmodel.JSON {
		name, ok := awsjson.Target(s.model, s.wire.request.Header.Get(awsjson.TargetHeader))
		if !ok || name != op.Name {
			return fmt.Errorf("the target is %q", s.wire.request.Header.Get(awsjson.TargetHeader))
		}
		if got := s.wire.request.Header.Get("Content-Type"); got != awsjson.ContentType {
			return fmt.Errorf("the content type is %q", got)
		}
		return awsjson.Decode(op, s.wire.body, into)
	}
	form, err := url.ParseQuery(string(s.wire.body))
	if err != nil {
		return err
	}
	if form.Get("Action") != op.Name || form.Get("Version") != s.model.Version {
		return fmt.Errorf("the request is for %s of %s", form.Get("Action"), form.Get("Version"))
	}
	return awsquery.Decode(op, form, into)
}

func eachOperation(t *testing.T, test func(*testing.T, sdk, *awsmodel.Operation)) {
	for _, s := range clients() {
		for i := range s.model.Operations {
			op := &s.model.Operations[i]
			t.Run(s.model.Name+"/"+op.Name, func(t *testing.T) { test(t, s, op) })
		}
	}
}

func TestOperationsAreTheSDKs(t *testing.T) {
	for _, s := range clients() {
		var inSDK, inModel []string
		for i := range s.client.NumMethod() {
			if m := s.client.Type().Method(i); m.Type.NumIn() == 4 && m.Type.NumOut() == 2 {
				inSDK = append(inSDK, m.Name)
			}
		}
		for _, op := range s.model.Operations {
			inModel = append(inModel, op.Name)
			if s.model.Operation(op.Name).Name != op.Name {
				t.Error(s.model.Name, "does not find", op.Name)
			}
		}
		inModel = append(inModel, s.unmodelled...)
		slices.Sort(inModel)
		slices.Sort(inSDK)
		if !slices.Equal(inSDK, inModel) {
			t.Errorf("%s: the SDK has %d operations, the model with what it lacks %d: %v, %v", s.model.Name,
				len(inSDK), len(inModel), inSDK, inModel)
		}
	}
}

// Fields that the SDK has and the model lacks would be dropped without a word.
func TestMembersAreTheSDKs(t *testing.T) {
	newer := map[string]bool{ // than the model, and not served
		"Role.SourceRoleTemplate":                                      true,
		"SimulateCustomPolicyInput.OrderedOrganizationPolicyInputList": true,
		"SimulatePrincipalPolicyInput.PolicyExclusionList":             true,
	}
	for _, op := range []string{"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot",
		"GetFederationToken", "GetSessionToken"} {
		newer[op+"Input.MinimumSessionTokenSize"] = true
		newer[op+"Output.SessionTokenSize"] = true
		newer[op+"Output.SessionTokenUtilization"] = true
	}
	seen := map[*awsmodel.Binding]bool{}
	var walk func(t *testing.T, b *awsmodel.Binding)
	walk = func(t *testing.T, b *awsmodel.Binding) {
		if b == nil || seen[b] {
			return
		}
		seen[b] = true
		if b.Shape.Kind == awsmodel.Structure {
			known := map[string]bool{"ResultMetadata": true, "noSmithyDocumentSerde": true}
			for _, f := range b.Fields {
				known[b.Type.Field(f.Index).Name] = true
				walk(t, f.Binding)
			}
			for i := range b.Type.NumField() {
				if name := b.Type.Field(i).Name; !known[name] && !newer[b.Type.Name()+"."+name] {
					t.Errorf("%s.%s is not in the model", b.Type, name)
				}
			}
		}
		walk(t, b.Element)
		walk(t, b.Key)
	}
	eachOperation(t, func(t *testing.T, s sdk, op *awsmodel.Operation) {
		in, out := s.types(op)
		for _, side := range []struct {
			shape *awsmodel.Shape
			typ   reflect.Type
		}{{op.Input, in}, {op.Output, out}} {
			if side.shape == nil {
				for i := range side.typ.NumField() {
					if f := side.typ.Field(i); f.IsExported() && f.Name != "ResultMetadata" {
						t.Errorf("%s.%s is not in the model", side.typ, f.Name)
					}
				}
				continue
			}
			b, err := awsmodel.Bind(side.shape, side.typ)
			if err != nil {
				t.Fatal(err)
			}
			walk(t, b)
		}
	})
}

func TestRequestsOfTheSDK(t *testing.T) {
	eachOperation(t, func(t *testing.T, s sdk, op *awsmodel.Operation) {
		inType, outType := s.types(op)
		for round := range uint64(8) {
			r := random{rand.New(rand.NewPCG(round, uint64(len(op.Name)))), true}
			want, got := reflect.New(inType), reflect.New(inType)
			r.fill(t, op.Input, want.Elem())
			if err := s.respond(op, reflect.New(outType).Interface()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.call(op, want); err != nil {
				t.Fatalf("the SDK: %v", err)
			}
			if err := s.read(op, got.Interface()); err != nil {
				t.Fatalf("%v\n%s", err, s.wire.body)
			}
			if d := difference("", want.Elem(), got.Elem()); d != "" {
				t.Fatalf("%s\n%s", d, s.wire.body)
			}
		}
	})
}

func TestResponsesToTheSDK(t *testing.T) {
	eachOperation(t, func(t *testing.T, s sdk, op *awsmodel.Operation) {
		inType, outType := s.types(op)
		for round := range uint64(8) {
			r := random{rand.New(rand.NewPCG(round, uint64(len(op.Name)))), false}
			in, want := reflect.New(inType), reflect.New(outType)
			r.fill(t, op.Input, in.Elem())
			r.fill(t, op.Output, want.Elem())
			if err := s.respond(op, want.Interface()); err != nil {
				t.Fatal(err)
			}
			got, err := s.call(op, in)
			if err != nil {
				t.Fatalf("the SDK: %v\n%s", err, s.wire.answer)
			}
			if d := difference("", want.Elem(), got.Elem()); d != "" {
				t.Fatalf("%s\n%s", d, s.wire.answer)
			}
		}
	})
}

func TestErrorsToTheSDK(t *testing.T) {
	for _, s := range clients() {
		declared := map[string]bool{}
		for i := range s.model.Operations {
			op := &s.model.Operations[i]
			inType, _ := s.types(op)
			r := random{rand.New(rand.NewPCG(1, 2)), false}
			in := reflect.New(inType)
			r.fill(t, op.Input, in.Elem())
			common := &awsmodel.Error{Code: "ValidationError", Status: http.StatusBadRequest}
			denied := &awsmodel.Error{Code: "AccessDenied", Status: http.StatusForbidden}
			for _, e := range append([]*awsmodel.Error{common, denied}, op.Errors...) {
				message := "<" + e.Code + "> of \"" + op.Name + "\" & more"
				var status int
				if s.model.Protocol == awsmodel.Query {
					s.wire.header = http.Header{"Content-Type": {awsquery.ContentType}}
					s.wire.answer, status = awsquery.EncodeError(nil, s.model, e.Code, message, requestID)
				} else {
					s.wire.header = http.Header{"Content-Type": {awsjson.ContentType}}
					s.wire.header.Set(awsjson.ErrorTypeHeader, e.Code)
					s.wire.header.Set("X-Amzn-Requestid", requestID)
					s.wire.answer, status = awsjson.EncodeError(nil, s.model, e.Code, message, "A_REASON")
				}
				if s.wire.status = status; status != e.Status {
					t.Errorf("%s has the status %d, not %d", e.Code, status, e.Status)
				}
				_, err := s.call(op, in)
				var told smithy.APIError
				if !errors.As(err, &told) || told.ErrorCode() != e.Code || told.ErrorMessage() != message {
					t.Fatalf("%s of %s became %v", e.Code, op.Name, err)
				}
				want := "GenericAPIError"
				if e.Shape != nil {
					want = e.Shape.Name
					declared[e.Code] = true
					if reason := reflect.ValueOf(told).Elem().FieldByName("Reason"); reason.IsValid() &&
						reason.String() != "A_REASON" {
						t.Errorf("%s has the reason %q", e.Code, reason)
					}
				}
				if got := reflect.TypeOf(told).Elem().Name(); got != want {
					t.Errorf("%s of %s is a %s to the SDK, not a %s", e.Code, op.Name, got, want)
				}
				var response *awshttp.ResponseError
				if !errors.As(err, &response) || response.HTTPStatusCode() != e.Status ||
					response.ServiceRequestID() != requestID {
					t.Errorf("%s of %s has the response %v", e.Code, op.Name, response)
				}
			}
		}
		t.Logf("%s: %d errors", s.model.Name, len(declared))
	}
}

// random fills structs with values of the right type: any text, not what patterns ask for.
type random struct {
	*rand.Rand
	input bool
}

func (r random) fill(t *testing.T, shape *awsmodel.Shape, v reflect.Value) {
	if shape == nil {
		return
	}
	b, err := awsmodel.Bind(shape, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	r.value(b, v, 0)
}

func (r random) value(b *awsmodel.Binding, v reflect.Value, depth int) {
	if b.Pointer {
		v.Set(reflect.New(b.Type))
		v = v.Elem()
	}
	switch b.Shape.Kind {
	case awsmodel.Structure:
		for _, f := range b.Fields {
			switch {
			case f.Required, depth < 6 && r.IntN(4) > 0:
				r.value(f.Binding, v.Field(f.Index), depth+1)
			}
		}
		if b.Pointer && depth > 0 && r.input && v.IsZero() && len(b.Fields) > 0 {
			// The Query protocol cannot say that a structure is there and empty.
			r.value(b.Fields[0].Binding, v.Field(b.Fields[0].Index), depth+1)
		}
	case awsmodel.List:
		n := r.IntN(13)
		if depth > 3 {
			n %= 3
		}
		v.Set(reflect.MakeSlice(b.Type, n, n))
		for i := range n {
			r.value(b.Element, v.Index(i), depth+1)
			if e := v.Index(i); r.input && e.Kind() == reflect.Struct && e.IsZero() {
				r.value(b.Element.Fields[0].Binding, e.Field(b.Element.Fields[0].Index), depth+2)
			}
		}
	case awsmodel.Map:
		v.Set(reflect.MakeMap(b.Type))
		for range r.IntN(5) {
			key, value := reflect.New(b.Type.Key()).Elem(), reflect.New(b.Type.Elem()).Elem()
			r.value(b.Key, key, depth+1)
			r.value(b.Element, value, depth+1)
			v.SetMapIndex(key, value)
		}
	case awsmodel.String:
		if len(b.Shape.Enum) > 0 {
			v.SetString(b.Shape.Enum[r.IntN(len(b.Shape.Enum))])
			return
		}
		v.SetString(r.text())
	case awsmodel.Integer:
		v.SetInt(int64(int32(r.Uint32())))
	case awsmodel.Boolean:
		v.SetBool(r.IntN(2) == 0)
	case awsmodel.Timestamp:
		at := time.Unix(r.Int64N(1<<32), 0).UTC()
		if r.input {
			at = at.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
		}
		v.Set(reflect.ValueOf(at))
	case awsmodel.Blob:
		data := make([]byte, 1+r.IntN(40))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		v.SetBytes(data)
	}
}

// text is text that XML can carry: AWS's SDKs, and so Writ's answers, have nothing for other characters.
func (r random) text() string {
	pieces := []string{
		"a", "Z", "0", " ", "é", "ß", "日本", "😀", "<", ">", "&", "]]>", "\"", "'", "\r", "\n", "\t", "\r\n", "\\",
		"%20", "+", "=", ".", "member.1", "&amp;", "\u2028", "\uFFFD", "\U0010FFFD", "arn:aws:iam::1:user/", "{}", "/",
		"\u007F", "\u0085",
	}
	var b strings.Builder
	for range 1 + r.IntN(8) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// difference says where two values differ. A nil list is an empty one, as an answer cannot tell them apart.
func difference(path string, a, b reflect.Value) string {
	switch {
	case a.Type() == reflect.TypeFor[time.Time]():
		if !a.Interface().(time.Time).Equal(b.Interface().(time.Time)) {
			return fmt.Sprintf("%s: %v, %v", path, a, b)
		}
	case a.Kind() == reflect.Pointer:
		if a.IsNil() != b.IsNil() {
			return fmt.Sprintf("%s: %v, %v", path, a, b)
		}
		if !a.IsNil() {
			return difference(path, a.Elem(), b.Elem())
		}
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
				if d := difference(path+"."+f.Name, a.Field(i), b.Field(i)); d != "" {
					return d
				}
			}
		}
	case a.Kind() == reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d elements, %d", path, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if d := difference(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
	case a.Kind() == reflect.Map:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d entries, %d", path, a.Len(), b.Len())
		}
		for _, key := range a.MapKeys() {
			if !b.MapIndex(key).IsValid() {
				return fmt.Sprintf("%s: the key %q is missing", path, key)
			}
			if d := difference(fmt.Sprintf("%s[%q]", path, key), a.MapIndex(key), b.MapIndex(key)); d != "" {
				return d
			}
		}
	case !a.Equal(b):
		return fmt.Sprintf("%s: %q, %q", path, fmt.Sprint(a), fmt.Sprint(b))
	}
	return ""
}
