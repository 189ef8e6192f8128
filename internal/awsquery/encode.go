package awsquery

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
// *iam.CreateUserOutput, and the request's id. An operation without an output takes any, nil included. It fails if the
// output is not the operation's, which is a fault of the program.
func EncodeResponse(dst []byte, op *awsmodel.Operation, output any, requestID string) ([]byte, error) {
	b, v, err := op.BindOutput(output)
	if err != nil {
		return dst, err
	}
	dst = append(dst, '<')
	dst = append(dst, op.Name...)
	dst = append(dst, `Response xmlns="`...)
	dst = appendText(dst, op.Service.Namespace)
	dst = append(dst, '"', '>')
	if b != nil {
		dst = appendOpen(dst, op.ResultWrapper)
		for i := range b.Fields {
			f := &b.Fields[i]
			always := f.Required || f.Shape.Kind == awsmodel.List
			if dst, err = appendMember(dst, f, v.Field(f.Index), always, 1); err != nil {
				return dst, fmt.Errorf("the output of %s: %w", op.Name, err)
			}
		}
		dst = appendClose(dst, op.ResultWrapper)
	}
	dst = append(dst, `<ResponseMetadata><RequestId>`...)
	dst = appendText(dst, requestID)
	dst = append(dst, `</RequestId></ResponseMetadata></`...)
	dst = append(dst, op.Name...)
	return append(dst, `Response>`...), nil
}

// EncodeError appends to dst the response of a call that failed, and returns it with the HTTP status: that of the
// model, or of the errors that all services have. The Type is Receiver for what is the service's fault.
func EncodeError(dst []byte, s *awsmodel.Service, code, message, requestID string) ([]byte, int) {
	status := s.Status(code)
	kind := "Sender"
	if status >= 500 {
		kind = "Receiver"
	}
	dst = append(dst, `<ErrorResponse xmlns="`...)
	dst = appendText(dst, s.Namespace)
	dst = append(dst, `"><Error><Type>`...)
	dst = append(dst, kind...)
	dst = append(dst, `</Type><Code>`...)
	dst = appendText(dst, code)
	dst = append(dst, `</Code><Message>`...)
	dst = appendText(dst, message)
	dst = append(dst, `</Message></Error><RequestId>`...)
	dst = appendText(dst, requestID)
	return append(dst, `</RequestId></ErrorResponse>`...), status
}

// appendMember writes a member with its element, or nothing if it is absent. Always says of a list that it is written
// even if nil.
func appendMember(dst []byte, f *awsmodel.Field, v reflect.Value, always bool, depth int) ([]byte, error) {
	if f.Binding.Absent(v) && !(always && f.Shape.Kind == awsmodel.List) {
		return dst, nil
	}
	return appendElement(dst, f.Name, f.Binding, v, depth)
}

func appendElement(dst []byte, name string, b *awsmodel.Binding, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, fmt.Errorf("%s is too deep", b.Shape.Name)
	}
	if b.Pointer {
		if v.IsNil() {
			return dst, fmt.Errorf("a %s in a list or map is nil", b.Shape.Name)
		}
		v = v.Elem()
	}
	dst = appendOpen(dst, name)
	var err error
	switch b.Shape.Kind {
	case awsmodel.Structure:
		for i := range b.Fields {
			f := &b.Fields[i]
			if dst, err = appendMember(dst, f, v.Field(f.Index), f.Required, depth+1); err != nil {
				return dst, err
			}
		}
	case awsmodel.List:
		for i := range v.Len() {
			if dst, err = appendElement(dst, "member", b.Element, v.Index(i), depth+1); err != nil {
				return dst, err
			}
		}
	case awsmodel.Map:
		if dst, err = appendMap(dst, b, v, depth); err != nil {
			return dst, err
		}
	case awsmodel.String:
		dst = appendText(dst, v.String())
	case awsmodel.Integer:
		dst = strconv.AppendInt(dst, v.Int(), 10)
	case awsmodel.Boolean:
		dst = strconv.AppendBool(dst, v.Bool())
	case awsmodel.Timestamp:
		dst = v.Interface().(time.Time).UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
	case awsmodel.Blob:
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
	}
	return appendClose(dst, name), nil
}

// appendMap writes the entries sorted by key, so that the same output is the same text.
func appendMap(dst []byte, b *awsmodel.Binding, v reflect.Value, depth int) ([]byte, error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	var err error
	for _, key := range keys {
		dst = appendOpen(dst, "entry")
		if dst, err = appendElement(dst, "key", b.Key, key, depth+1); err != nil {
			return dst, err
		}
		if dst, err = appendElement(dst, "value", b.Element, v.MapIndex(key), depth+1); err != nil {
			return dst, err
		}
		dst = appendClose(dst, "entry")
	}
	return dst, nil
}

func appendOpen(dst []byte, name string) []byte {
	dst = append(dst, '<')
	dst = append(dst, name...)
	return append(dst, '>')
}

func appendClose(dst []byte, name string) []byte {
	dst = append(dst, '<', '/')
	dst = append(dst, name...)
	return append(dst, '>')
}

// isPlain reports whether a byte is an ASCII character that stands for itself in text and in attributes. A line feed
// and a tab do in text, where all but the namespace goes.
func isPlain(c byte) bool {
	switch c {
	case '<', '>', '&', '"':
		return false
	case '\n', '\t':
		return true
	}
	return c >= ' ' && c < utf8.RuneSelf
}

// appendText escapes text. A carriage return is written as a reference, as parsers turn a literal one into a line
// feed; what no XML 1.0 document can hold, even as a reference, becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	start := 0 // of what is copied as it is
	for i := 0; i < len(s); {
		if isPlain(s[i]) {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r >= utf8.RuneSelf && (r != utf8.RuneError || size > 1) && r != 0xFFFE && r != 0xFFFF {
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch r {
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '&':
			dst = append(dst, "&amp;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\r':
			dst = append(dst, "&#xD;"...)
		default:
			dst = append(dst, "\uFFFD"...)
		}
		i += size
		start = i
	}
	return append(dst, s[start:]...)
}
