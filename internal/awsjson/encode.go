package awsjson

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-iam/writ/internal/awsmodel"
)

// EncodeResponse appends to dst the response of an operation that succeeded: its output, such as a
// *organizations.CreateAccountOutput. An operation without an output takes any, nil included, and its response is an
// empty object. It fails if the output is not the operation's, which is a fault of the program.
func EncodeResponse(dst []byte, op *awsmodel.Operation, output any) ([]byte, error) {
	b, v, err := op.BindOutput(output)
	if err != nil {
		return dst, err
	}
	if b == nil {
		return append(dst, '{', '}'), nil
	}
	dst, err = appendStructure(dst, b, v, 1)
	if err != nil {
		return dst, fmt.Errorf("the output of %s: %w", op.Name, err)
	}
	return dst, nil
}

// EncodeError appends to dst the response of a call that failed, and returns it with the HTTP status. A reason is the
// second code that some errors of Organizations have; "" is none.
func EncodeError(dst []byte, s *awsmodel.Service, code, message, reason string) ([]byte, int) {
	dst = append(dst, `{"__type":`...)
	dst = appendString(dst, code)
	dst = append(dst, `,"Message":`...)
	dst = appendString(dst, message)
	if reason != "" {
		dst = append(dst, `,"Reason":`...)
		dst = appendString(dst, reason)
	}
	return append(dst, '}'), s.Status(code)
}

// appendStructure writes an object. At depth 1 it is the output, whose lists are written even if nil.
func appendStructure(dst []byte, b *awsmodel.Binding, v reflect.Value, depth int) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	for i := range b.Fields {
		f := &b.Fields[i]
		value := v.Field(f.Index)
		always := f.Shape.Kind == awsmodel.List && (f.Required || depth == 1)
		if f.Binding.Absent(value) && !always {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendString(dst, f.Name)
		dst = append(dst, ':')
		var err error
		if dst, err = appendValue(dst, f.Binding, value, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendValue(dst []byte, b *awsmodel.Binding, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, fmt.Errorf("%s is too deep", b.Shape.Name)
	}
	if b.Pointer {
		if v.IsNil() {
			return dst, fmt.Errorf("a %s in a list or map is nil", b.Shape.Name)
		}
		v = v.Elem()
	}
	switch b.Shape.Kind {
	case awsmodel.Structure:
		return appendStructure(dst, b, v, depth)
	case awsmodel.List:
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendValue(dst, b.Element, v.Index(i), depth+1); err != nil {
				return dst, err
			}
		}
		dst = append(dst, ']')
	case awsmodel.Map:
		return appendMap(dst, b, v, depth)
	case awsmodel.String:
		dst = appendString(dst, v.String())
	case awsmodel.Integer:
		dst = strconv.AppendInt(dst, v.Int(), 10)
	case awsmodel.Boolean:
		dst = strconv.AppendBool(dst, v.Bool())
	case awsmodel.Timestamp:
		millis := v.Interface().(time.Time).UnixMilli()
		dst = strconv.AppendFloat(dst, float64(millis)/1000, 'f', -1, 64)
	case awsmodel.Blob:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
		dst = append(dst, '"')
	}
	return dst, nil
}

// appendMap writes the members sorted by key, so that the same output is the same text.
func appendMap(dst []byte, b *awsmodel.Binding, v reflect.Value, depth int) ([]byte, error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, key.String())
		dst = append(dst, ':')
		var err error
		if dst, err = appendValue(dst, b.Element, v.MapIndex(key), depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendString writes a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0 // of what is copied as it is
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r >= utf8.RuneSelf && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, "\uFFFD"...)
		}
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
