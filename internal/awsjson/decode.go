package awsjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-iam/writ/internal/awsmodel"
)

// maxDepth bounds how deep a request's JSON may be, ignored members included, and an output too. Inputs of the models
// are a few levels deep.
const maxDepth = 32

// DecodeInput reads a request's body into an operation's input, and holds the input against the model. The error is an
// [*awsmodel.InputError] or an [*awsmodel.ValidationError] for what the caller did; any other is a fault of the
// program: an input of another operation. For Organizations' form of the latter see [InvalidInput].
func DecodeInput(op *awsmodel.Operation, body []byte, into any) error {
	if err := Decode(op, body, into); err != nil {
		return err
	}
	return op.Validate(into)
}

// Decode reads a request's body into an operation's input, such as a *organizations.CreateAccountInput, whose fields
// must be zero. It checks syntax and types only; see [DecodeInput]. One violation of the model shows only here, and is
// returned as an [*awsmodel.ValidationError]: an enumeration's empty value, which the SDK's structs cannot tell from an
// absent one.
func Decode(op *awsmodel.Operation, body []byte, into any) error {
	b, v, err := op.BindInput(into)
	if err != nil {
		return err
	}
	if !utf8.Valid(body) {
		return serialization("The body is not UTF-8")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := decoder{json: json.NewDecoder(bytes.NewReader(body))}
	d.json.UseNumber()
	t, err := d.token()
	if err != nil {
		return err
	}
	switch {
	case t != json.Delim('{'):
		return serialization("The body must be an object")
	case b == nil:
		err = d.skip(t)
	default:
		err = d.structure(b, v)
	}
	if err != nil {
		return err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return serialization("The body goes on behind its object")
	}
	if len(d.empty) > 0 {
		return &awsmodel.ValidationError{Violations: d.empty}
	}
	return nil
}

func serialization(format string, args ...any) error {
	return &awsmodel.InputError{Code: CodeSerialization, Message: fmt.Sprintf(format, args...)}
}

type decoder struct {
	json  *json.Decoder
	path  []string // of the value at hand
	depth int
	empty []awsmodel.Violation
}

func (d *decoder) token() (json.Token, error) {
	t, err := d.json.Token()
	if err != nil {
		return nil, serialization("The body is not JSON: syntax error after byte %d", d.json.InputOffset())
	}
	return t, nil
}

// deeper begins an object or an array; shallower ends it.
func (d *decoder) deeper() error {
	if d.depth++; d.depth > maxDepth {
		return serialization("The body is too deep")
	}
	return nil
}

func (d *decoder) shallower() { d.depth-- }

// skip reads over a value that begins with a token.
func (d *decoder) skip(t json.Token) error {
	open := 0
	for {
		switch t {
		case json.Delim('{'), json.Delim('['):
			if open++; d.depth+open > maxDepth {
				return serialization("The body is too deep")
			}
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if open == 0 {
			return nil
		}
		var err error
		if t, err = d.token(); err != nil {
			return err
		}
	}
}

// structure reads an object behind its brace.
func (d *decoder) structure(b *awsmodel.Binding, v reflect.Value) error {
	if err := d.deeper(); err != nil {
		return err
	}
	defer d.shallower()
	seen := make([]bool, len(b.Fields))
	for {
		t, err := d.token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return nil // the closing brace
		}
		i := field(b, name)
		if t, err = d.token(); err != nil {
			return err
		}
		if i < 0 {
			if err := d.skip(t); err != nil {
				return err
			}
			continue
		}
		f := &b.Fields[i]
		d.path = append(d.path, f.Name)
		if seen[i] {
			return serialization("%s is there more than once", d.at())
		}
		seen[i] = true
		if err := d.value(f.Binding, v.Field(f.Index), t); err != nil {
			return err
		}
		d.path = d.path[:len(d.path)-1]
	}
}

func field(b *awsmodel.Binding, name string) int {
	for i := range b.Fields {
		if b.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// at is the path of the value at hand, as messages print it.
func (d *decoder) at() string { return strings.Join(d.path, ".") }

// value reads a value that begins with a token.
func (d *decoder) value(b *awsmodel.Binding, v reflect.Value, t json.Token) error {
	if t == nil {
		return nil
	}
	if b.Pointer {
		v.Set(reflect.New(b.Type))
		v = v.Elem()
	}
	switch b.Shape.Kind {
	case awsmodel.Structure:
		if t != json.Delim('{') {
			return d.mistyped("an object", t)
		}
		return d.structure(b, v)
	case awsmodel.List:
		if t != json.Delim('[') {
			return d.mistyped("a list", t)
		}
		return d.list(b, v)
	case awsmodel.Map:
		if t != json.Delim('{') {
			return d.mistyped("an object", t)
		}
		return d.dictionary(b, v)
	}
	return d.scalar(b, v, t)
}

func (d *decoder) scalar(b *awsmodel.Binding, v reflect.Value, t json.Token) error {
	switch b.Shape.Kind {
	case awsmodel.String:
		s, ok := t.(string)
		if !ok {
			return d.mistyped("a string", t)
		}
		if s == "" && len(b.Shape.Enum) > 0 {
			d.empty = append(d.empty, awsmodel.Violation{
				Path: lowerCamel(d.path), Shape: b.Shape, Constraint: awsmodel.InEnum,
			})
		}
		v.SetString(s)
	case awsmodel.Integer:
		n, ok := t.(json.Number)
		if !ok {
			return d.mistyped("an integer", t)
		}
		i, err := strconv.ParseInt(string(n), 10, b.Type.Bits())
		if err != nil {
			return serialization("%s must be an integer of %d bits", d.at(), b.Type.Bits())
		}
		v.SetInt(i)
	case awsmodel.Boolean:
		on, ok := t.(bool)
		if !ok {
			return d.mistyped("a boolean", t)
		}
		v.SetBool(on)
	case awsmodel.Timestamp:
		n, ok := t.(json.Number)
		if !ok {
			return d.mistyped("a number of seconds", t)
		}
		seconds, err := n.Float64()
		if err != nil || math.Abs(seconds) > maxSeconds {
			return serialization("%s is out of the range of times", d.at())
		}
		v.Set(reflect.ValueOf(time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()))
	case awsmodel.Blob:
		s, ok := t.(string)
		if !ok {
			return d.mistyped("a string in base64", t)
		}
		data, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil {
			return serialization("%s must be base64", d.at())
		}
		v.SetBytes(data)
	}
	return nil
}

// maxSeconds is the end of the year 9999.
const maxSeconds = 253402300799

// mistyped is the error of a value of another type, which it names and does not show.
func (d *decoder) mistyped(want string, t json.Token) error {
	got := "an object"
	switch t := t.(type) {
	case string:
		got = "a string"
	case json.Number:
		got = "a number"
	case bool:
		got = "a boolean"
	case json.Delim:
		if t == '[' {
			got = "a list"
		}
	}
	return serialization("%s must be %s and is %s", d.at(), want, got)
}

// list reads an array behind its bracket. A null in a list is an error, as an SDK's list cannot hold it.
func (d *decoder) list(b *awsmodel.Binding, v reflect.Value) error {
	if err := d.deeper(); err != nil {
		return err
	}
	defer d.shallower()
	v.Set(reflect.MakeSlice(b.Type, 0, 0))
	for i := 1; ; i++ {
		t, err := d.token()
		if err != nil {
			return err
		}
		if t == json.Delim(']') {
			return nil
		}
		d.path = append(d.path, strconv.Itoa(i), "member")
		if t == nil {
			return serialization("%s is null", d.at())
		}
		element := reflect.New(b.Type.Elem()).Elem()
		if err := d.value(b.Element, element, t); err != nil {
			return err
		}
		v.Set(reflect.Append(v, element))
		d.path = d.path[:len(d.path)-2]
	}
}

// dictionary reads an object as a map, behind its brace.
func (d *decoder) dictionary(b *awsmodel.Binding, v reflect.Value) error {
	if err := d.deeper(); err != nil {
		return err
	}
	defer d.shallower()
	v.Set(reflect.MakeMap(b.Type))
	for {
		t, err := d.token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return nil // the closing brace
		}
		if t, err = d.token(); err != nil {
			return err
		}
		d.path = append(d.path, "value")
		key := reflect.ValueOf(name).Convert(b.Type.Key())
		if v.MapIndex(key).IsValid() || t == nil {
			return serialization("%s is null or there more than once", d.at())
		}
		element := reflect.New(b.Type.Elem()).Elem()
		if err := d.value(b.Element, element, t); err != nil {
			return err
		}
		v.SetMapIndex(key, element)
		d.path = d.path[:len(d.path)-1]
	}
}

// lowerCamel is a path as messages of validation print it.
func lowerCamel(path []string) string {
	steps := make([]string, len(path))
	for i, s := range path {
		steps[i] = strings.ToLower(s[:1]) + s[1:]
	}
	return strings.Join(steps, ".")
}
