package awsmodel

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Constraint is what a member can fail to satisfy.
type Constraint int

// The constraints of the models.
const (
	NotNull   Constraint = iota + 1 // a required member is missing
	InEnum                          // the value is none of the enumeration
	Matches                         // the value does not match the pattern
	MinLength                       // too short: characters, bytes or elements
	MaxLength                       // too long
	MinValue                        // too small
	MaxValue                        // too large
)

// A Violation is one constraint that one member does not satisfy.
type Violation struct {
	Path       string // of the member: tags.1.member.key
	Shape      *Shape // of the member
	Constraint Constraint
	value      string // as printed, with the space before; "" if it must not be, or has no short form
}

// ValidationErrorCode is the code of a [ValidationError].
const ValidationErrorCode = "ValidationError"

// A ValidationError is an input that does not satisfy its constraints: all of them, not the first. It is AWS's error
// ValidationError, of HTTP status 400.
type ValidationError struct {
	Violations []Violation
}

// ErrorCode returns the code on the wire.
func (e *ValidationError) ErrorCode() string { return ValidationErrorCode }

// ErrorMessage returns AWS's message.
func (e *ValidationError) ErrorMessage() string { return e.Error() }

// maxPrinted bounds how many violations a message spells out. Their number is always the true one.
const maxPrinted = 10

// Error returns AWS's message: "1 validation error detected: Value 'a b' at 'userName' failed to satisfy constraint:
// Member must satisfy regular expression pattern: [\w+=,.@-]+", and more of the kind after semicolons.
func (e *ValidationError) Error() string {
	b := strconv.AppendInt(nil, int64(len(e.Violations)), 10)
	if len(e.Violations) == 1 {
		b = append(b, " validation error detected: "...)
	} else {
		b = append(b, " validation errors detected: "...)
	}
	for i, v := range e.Violations {
		if i > 0 {
			b = append(b, "; "...)
		}
		if i == maxPrinted {
			b = append(b, '.', '.', '.')
			break
		}
		b = append(b, v.String()...)
	}
	return string(b)
}

// String returns the violation as AWS's message has it.
func (v Violation) String() string {
	return "Value" + v.value + " at '" + v.Path + "' failed to satisfy constraint: Member must " + v.must()
}

func (v Violation) must() string {
	switch v.Constraint {
	case NotNull:
		return "not be null"
	case InEnum:
		return "satisfy enum value set: [" + strings.Join(v.Shape.Enum, ", ") + "]"
	case Matches:
		return "satisfy regular expression pattern: " + v.Shape.Pattern.String()
	case MinLength:
		return "have length greater than or equal to " + strconv.FormatInt(*v.Shape.Min, 10)
	case MaxLength:
		return "have length less than or equal to " + strconv.FormatInt(*v.Shape.Max, 10)
	case MinValue:
		return "have value greater than or equal to " + strconv.FormatInt(*v.Shape.Min, 10)
	case MaxValue:
		return "have value less than or equal to " + strconv.FormatInt(*v.Shape.Max, 10)
	}
	return "satisfy constraint " + strconv.Itoa(int(v.Constraint))
}

// Validate holds an input, such as a *iam.CreateUserInput, against the operation's model. The error is a
// [*ValidationError] with everything that is wrong, or another if the input is not of the operation's type.
//
// Characters are Unicode's code points, as in the Smithy specification that the models come from. A value is printed
// up to 256 characters. Values of sensitive members, of enumerations, lists, maps and blobs are not printed.
func (o *Operation) Validate(in any) error {
	b, v, err := o.BindInput(in)
	if err != nil || b == nil {
		return err
	}
	return ValidateBound(b, v)
}

// ValidateBound holds a value against the shape that it is bound to.
func ValidateBound(b *Binding, v reflect.Value) error {
	var c check
	c.value(b, v)
	if len(c.found) == 0 {
		return nil
	}
	return &ValidationError{c.found}
}

// A check is one walk over a value.
type check struct {
	path  []byte
	found []Violation
	depth int
}

// maxDepth is beyond all inputs of the models; no value built by a codec is deeper.
const maxDepth = 32

func (c *check) fail(s *Shape, constraint Constraint, value string) {
	c.found = append(c.found, Violation{string(c.path), s, constraint, value})
}

// enter appends a step to the path, and returns what to cut it back to.
func (c *check) enter(step string) int {
	before := len(c.path)
	if before > 0 {
		c.path = append(c.path, '.')
	}
	c.path = append(c.path, step...)
	return before
}

// member checks a value that may be absent.
func (c *check) member(f *Field, v reflect.Value) {
	before := c.enter(f.Path)
	if !f.Binding.Absent(v) {
		c.value(f.Binding, v)
	} else if f.Required {
		c.fail(f.Shape, NotNull, " null")
	}
	c.path = c.path[:before]
}

// value checks a value that is there.
func (c *check) value(b *Binding, v reflect.Value) {
	if c.depth == maxDepth {
		return
	}
	if b.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	s := b.Shape
	switch s.Kind {
	case Structure:
		c.depth++
		for i := range b.Fields {
			c.member(&b.Fields[i], v.Field(b.Fields[i].Index))
		}
		c.depth--
	case List:
		c.length(s, v.Len(), "")
		c.depth++
		for i := range v.Len() {
			before := c.enter(strconv.Itoa(i+1) + ".member")
			c.value(b.Element, v.Index(i))
			c.path = c.path[:before]
		}
		c.depth--
	case Map:
		c.length(s, v.Len(), "")
		c.depth++
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			before := c.enter(printable(key.String()))
			c.value(b.Key, key)
			c.value(b.Element, v.MapIndex(key))
			c.path = c.path[:before]
		}
		c.depth--
	case String:
		c.string(s, v.String())
	case Integer:
		if n := v.Int(); s.Min != nil && n < *s.Min {
			c.fail(s, MinValue, quoted(s, strconv.FormatInt(n, 10)))
		} else if s.Max != nil && n > *s.Max {
			c.fail(s, MaxValue, quoted(s, strconv.FormatInt(n, 10)))
		}
	case Blob:
		c.length(s, v.Len(), "")
	}
}

// string checks the pattern before the length: so do the messages recorded on AWS.
func (c *check) string(s *Shape, value string) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		c.fail(s, InEnum, "")
	}
	if s.Pattern != nil && !s.Pattern.Match(value) {
		c.fail(s, Matches, quoted(s, value))
	}
	if s.Min == nil && s.Max == nil {
		return
	}
	n := len(value)
	if s.Max != nil && int64(n) > *s.Max || s.Min != nil && int64(n) < 4**s.Min {
		n = utf8.RuneCountInString(value) // only where bytes do not decide
	}
	c.length(s, n, value)
}

// length checks a length; value is printed if there is one to print.
func (c *check) length(s *Shape, n int, value string) {
	printed := ""
	if s.Kind == String {
		printed = quoted(s, value)
	}
	if s.Min != nil && int64(n) < *s.Min {
		c.fail(s, MinLength, printed)
	} else if s.Max != nil && int64(n) > *s.Max {
		c.fail(s, MaxLength, printed)
	}
}

// quoted is a value as a message repeats it: nothing at all if it is a secret.
func quoted(s *Shape, value string) string {
	if s.Sensitive {
		return ""
	}
	return " '" + printable(value) + "'"
}

// printable cuts a long value.
func printable(value string) string {
	const most = 256
	n := 0
	for i := range value {
		if n == most {
			return strings.ToValidUTF8(value[:i], "\uFFFD") + "..."
		}
		n++
	}
	return strings.ToValidUTF8(value, "\uFFFD")
}
