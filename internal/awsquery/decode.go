package awsquery

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-iam/writ/internal/awsmodel"
)

// What a request may have, beyond the bound of its bytes. No list or map has more elements than the request has
// parameters, and no input of the models is nearly as deep.
const (
	MaxParameters = 10_000
	maxDepth      = 16
)

// DecodeInput reads a request's parameters into an operation's input, and holds the input against the model. The error
// is an [*awsmodel.InputError] or an [*awsmodel.ValidationError] for what the caller did; any other is a fault of the
// program: an input of another operation.
func DecodeInput(op *awsmodel.Operation, form url.Values, into any) error {
	if err := Decode(op, form, into); err != nil {
		return err
	}
	return op.Validate(into)
}

// Decode reads a request's parameters into an operation's input, such as a *iam.CreateUserInput, whose fields must be
// zero. It checks types only; see [DecodeInput]. One violation of the model shows only here, and is returned as an
// [*awsmodel.ValidationError]: an enumeration's empty value, which the SDK's structs cannot tell from an absent one.
//
// Action, Version and what signs the request are parameters that no input has.
func Decode(op *awsmodel.Operation, form url.Values, into any) error {
	b, v, err := op.BindInput(into)
	if err != nil || b == nil {
		return err
	}
	if len(form) > MaxParameters {
		return malformed("The request has more than %d parameters", MaxParameters)
	}
	d := decoder{form: form}
	if err := d.structure(b, v); err != nil {
		return err
	}
	if len(d.empty) > 0 {
		return &awsmodel.ValidationError{Violations: d.empty}
	}
	return nil
}

func malformed(format string, args ...any) error {
	return &awsmodel.InputError{Code: CodeMalformedInput, Message: fmt.Sprintf(format, args...)}
}

// A decoder walks the input, not the parameters: it asks for what the input can have.
type decoder struct {
	form   url.Values
	name   []byte   // the parameter that stands for the value at hand: Tags.member.1.Key
	sorted []string // the names of all parameters; nil until a list, map or structure asks
	depth  int
	empty  []awsmodel.Violation
}

// enter appends a step to the name, and returns what to cut it back to.
func (d *decoder) enter(step string) int {
	before := len(d.name)
	if before > 0 {
		d.name = append(d.name, '.')
	}
	d.name = append(d.name, step...)
	return before
}

// below are the parameters whose names begin with the current one and a dot, sorted.
func (d *decoder) below() []string {
	if d.sorted == nil {
		d.sorted = make([]string, 0, len(d.form))
		for name := range d.form {
			if strings.IndexByte(name, '.') >= 0 {
				d.sorted = append(d.sorted, name)
			}
		}
		slices.Sort(d.sorted)
	}
	prefix := string(d.name) + "."
	from, _ := slices.BinarySearch(d.sorted, prefix)
	n, _ := slices.BinarySearchFunc(d.sorted[from:], prefix, func(name, prefix string) int {
		if strings.HasPrefix(name, prefix) {
			return -1
		}
		return 1
	})
	return d.sorted[from : from+n]
}

// text is the value of the current parameter.
func (d *decoder) text() (value string, ok bool, err error) {
	values, ok := d.form[string(d.name)]
	switch {
	case !ok || len(values) == 0:
		return "", false, nil
	case len(values) > 1:
		return "", false, malformed("The parameter %s is there more than once", d.name)
	case !utf8.ValidString(values[0]):
		return "", false, malformed("The parameter %s is not UTF-8", d.name)
	}
	return values[0], true, nil
}

func (d *decoder) structure(b *awsmodel.Binding, v reflect.Value) error {
	if d.depth == maxDepth {
		return malformed("%s is too deep", d.name)
	}
	d.depth++
	defer func() { d.depth-- }()
	for i := range b.Fields {
		f := &b.Fields[i]
		before := d.enter(f.Name)
		if err := d.member(f.Binding, v.Field(f.Index)); err != nil {
			return err
		}
		d.name = d.name[:before]
	}
	return nil
}

// member reads the current parameter, and those below it, if there are any.
func (d *decoder) member(b *awsmodel.Binding, v reflect.Value) error {
	switch b.Shape.Kind {
	case awsmodel.Structure:
		if len(d.below()) == 0 {
			return nil
		}
		if b.Pointer {
			v.Set(reflect.New(b.Type))
			v = v.Elem()
		}
		return d.structure(b, v)
	case awsmodel.List:
		return d.list(b, v)
	case awsmodel.Map:
		return d.dictionary(b, v)
	}
	value, ok, err := d.text()
	if err != nil || !ok {
		return err
	}
	if b.Pointer {
		v.Set(reflect.New(b.Type))
		v = v.Elem()
	}
	return d.scalar(b, v, value)
}

func (d *decoder) scalar(b *awsmodel.Binding, v reflect.Value, value string) error {
	switch b.Shape.Kind {
	case awsmodel.String:
		if value == "" && len(b.Shape.Enum) > 0 {
			d.empty = append(d.empty, awsmodel.Violation{
				Path: path(d.name), Shape: b.Shape, Constraint: awsmodel.InEnum,
			})
		}
		v.SetString(value)
	case awsmodel.Integer:
		n, err := strconv.ParseInt(value, 10, b.Type.Bits())
		if errors.Is(err, strconv.ErrRange) {
			return malformed("The parameter %s is out of the range of integers", d.name)
		} else if err != nil {
			return malformed("The parameter %s must be an integer", d.name)
		}
		v.SetInt(n)
	case awsmodel.Boolean:
		switch value {
		case "true", "1":
			v.SetBool(true)
		case "false", "0":
			v.SetBool(false)
		default:
			return malformed("The parameter %s: boolean must follow xsd1.1 definition", d.name)
		}
	case awsmodel.Timestamp:
		t, err := parseTime(value)
		if err != nil {
			return malformed("The parameter %s: timestamp must follow ISO8601", d.name)
		}
		v.Set(reflect.ValueOf(t))
	case awsmodel.Blob:
		data, err := base64.StdEncoding.Strict().DecodeString(value)
		if err != nil {
			return malformed("The parameter %s must be base64", d.name)
		}
		v.SetBytes(data)
	}
	return nil
}

// path is a parameter as messages name it: Tags.member.1.Key is tags.1.member.key.
func path(name []byte) string {
	steps := strings.Split(string(name), ".")
	for i, s := range steps {
		if s == "member" && i+1 < len(steps) {
			steps[i], steps[i+1] = steps[i+1], s
		} else if s != "" && s[0] >= 'A' && s[0] <= 'Z' {
			steps[i] = string(s[0]+'a'-'A') + s[1:]
		}
	}
	return strings.Join(steps, ".")
}

// parseTime reads the forms of ISO 8601 that AWS's SDKs write; without a zone it is UTC.
func parseTime(value string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05", value)
	}
	return t.UTC(), err
}

// list reads X.member.1, X.member.2 …, or a lone X= as an empty list.
func (d *decoder) list(b *awsmodel.Binding, v reflect.Value) error {
	numbers, there, err := d.elements("member")
	if err != nil || !there {
		return err
	}
	v.Set(reflect.MakeSlice(b.Type, len(numbers), len(numbers)))
	return d.each("member", numbers, func(i int) error { return d.member(b.Element, v.Index(i)) })
}

// dictionary reads X.entry.1.key and X.entry.1.value. A key that is there twice is an error.
func (d *decoder) dictionary(b *awsmodel.Binding, v reflect.Value) error {
	numbers, there, err := d.elements("entry")
	if err != nil || !there {
		return err
	}
	v.Set(reflect.MakeMapWithSize(b.Type, len(numbers)))
	return d.each("entry", numbers, func(int) error {
		key, value := reflect.New(b.Type.Key()).Elem(), reflect.New(b.Type.Elem()).Elem()
		for _, part := range []struct {
			name string
			b    *awsmodel.Binding
			v    reflect.Value
		}{{"key", b.Key, key}, {"value", b.Element, value}} {
			before := d.enter(part.name)
			if err := d.member(part.b, part.v); err != nil {
				return err
			}
			d.name = d.name[:before]
		}
		if v.MapIndex(key).IsValid() {
			return malformed("The key of %s is there more than once", d.name)
		}
		v.SetMapIndex(key, value)
		return nil
	})
}

func (d *decoder) each(step string, numbers []int, read func(i int) error) error {
	if d.depth == maxDepth {
		return malformed("%s is too deep", d.name)
	}
	d.depth++
	defer func() { d.depth-- }()
	before := d.enter(step)
	for i, n := range numbers {
		at := d.enter(strconv.Itoa(n))
		if err := read(i); err != nil {
			return err
		}
		d.name = d.name[:at]
	}
	d.name = d.name[:before]
	return nil
}

// elements are the numbers of the elements that the request has for the current list or map, in their order, and
// whether it has the list or map at all.
func (d *decoder) elements(step string) (numbers []int, there bool, err error) {
	value, alone, err := d.text()
	if err != nil {
		return nil, false, err
	}
	if value != "" {
		return nil, false, malformed("The parameter %s is not a single value: its elements are %[1]s.%s.1 and so on",
			d.name, step)
	}
	names := d.below()
	last := ""
	for _, name := range names {
		rest, ok := strings.CutPrefix(name[len(d.name)+1:], step+".")
		digits, _, _ := strings.Cut(rest, ".")
		if ok && digits == last && digits != "" {
			continue // of the element before: the names are sorted
		}
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 1 || strconv.Itoa(n) != digits {
			return nil, false, malformed("The parameter %s is no element of %s: its elements are %[2]s.%s.1 and so on",
				clip(name), d.name, step)
		}
		numbers, last = append(numbers, n), digits
	}
	slices.Sort(numbers)
	return numbers, alone || len(numbers) > 0, nil
}

// clip bounds what a message repeats of a name that the caller chose.
func clip(name string) string {
	if len(name) > 128 {
		name = name[:128] + "..."
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}
