package awsmodel

import (
	"fmt"
	"reflect"
	"sync"
	"time"
)

// A Binding joins a shape with the Go type of its values, so that a codec finds fields by index. Bindings are made
// once for a pair and kept.
type Binding struct {
	Shape   *Shape
	Type    reflect.Type // without the pointer
	Pointer bool         // values are pointers to Type; nil is a value that is absent
	Fields  []Field      // of a structure, one for each member, in the order of the model
	Element *Binding     // of a list; a map's values
	Key     *Binding     // of a map
}

// A Field is a structure's member with the index of its Go field.
type Field struct {
	*Member
	Index   int
	Binding *Binding
}

type boundPair struct {
	shape *Shape
	typ   reflect.Type
}

// bindings holds what Bind made, for all services: their shapes are distinct pointers.
var bindings sync.Map // boundPair → *Binding

// Bind joins a shape with a type. It fails if the type is not one that the SDK would have for the shape: a member
// without a field, a field of another kind. Fields that the shape does not have are left alone; they are what a newer
// SDK knows, and the SDK's own ResultMetadata.
func Bind(shape *Shape, typ reflect.Type) (*Binding, error) {
	if b, ok := bindings.Load(boundPair{shape, typ}); ok {
		return b.(*Binding), nil
	}
	b, err := bind(shape, typ, map[boundPair]*Binding{})
	if err != nil {
		return nil, err
	}
	kept, _ := bindings.LoadOrStore(boundPair{shape, typ}, b)
	return kept.(*Binding), nil
}

// bind makes a binding. The map holds those under way, as a shape may be among its own members.
func bind(shape *Shape, typ reflect.Type, under map[boundPair]*Binding) (*Binding, error) {
	if b := under[boundPair{shape, typ}]; b != nil {
		return b, nil
	}
	b := &Binding{Shape: shape, Type: typ}
	under[boundPair{shape, typ}] = b
	if typ.Kind() == reflect.Pointer {
		b.Type, b.Pointer = typ.Elem(), true
	}
	fits := false
	var err error
	switch shape.Kind {
	case Structure:
		if fits = b.Type.Kind() == reflect.Struct; fits {
			err = b.bindFields(under)
		}
	case List:
		if fits = b.Type.Kind() == reflect.Slice && !b.Pointer; fits {
			b.Element, err = bind(shape.Element, b.Type.Elem(), under)
		}
	case Map:
		if fits = b.Type.Kind() == reflect.Map && b.Type.Key().Kind() == reflect.String && !b.Pointer; fits {
			if b.Key, err = bind(shape.Key, b.Type.Key(), under); err == nil {
				b.Element, err = bind(shape.Element, b.Type.Elem(), under)
			}
		}
	case String:
		fits = b.Type.Kind() == reflect.String
	case Integer:
		fits = b.Type.Kind() == reflect.Int32 || b.Type.Kind() == reflect.Int64
	case Boolean:
		fits = b.Type.Kind() == reflect.Bool
	case Timestamp:
		fits = b.Type == reflect.TypeFor[time.Time]()
	case Blob:
		fits = b.Type == reflect.TypeFor[[]byte]() && !b.Pointer
	}
	if !fits && err == nil {
		err = fmt.Errorf("a Go %s does not hold the %s %s", typ, shape.Kind, shape.Name)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Binding) bindFields(under map[boundPair]*Binding) error {
	b.Fields = make([]Field, len(b.Shape.Members))
	for i := range b.Shape.Members {
		m := &b.Shape.Members[i]
		field, ok := b.Type.FieldByName(upperCamel(m.Name))
		if !ok || len(field.Index) != 1 || !field.IsExported() {
			return fmt.Errorf("a Go %s has no field for the member %s of %s", b.Type, m.Name, b.Shape.Name)
		}
		bound, err := bind(m.Shape, field.Type, under)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", m.Name, b.Shape.Name, err)
		}
		b.Fields[i] = Field{Member: m, Index: field.Index[0], Binding: bound}
	}
	return nil
}

// Absent reports whether a value is one that is left out: a nil pointer, list, map or blob, and an enumeration's "",
// which the SDK has in place of a pointer. Booleans and integers without a pointer are never absent.
func (b *Binding) Absent(v reflect.Value) bool {
	switch {
	case b.Pointer || b.Shape.Kind == List || b.Shape.Kind == Map || b.Shape.Kind == Blob:
		return v.IsNil()
	case b.Shape.Kind == String:
		return v.Len() == 0
	case b.Shape.Kind == Timestamp:
		return v.IsZero()
	}
	return false
}

// BindInput joins the operation's input with the struct that a pointer points at, and returns both. It returns nil for
// an operation without an input.
func (o *Operation) BindInput(in any) (*Binding, reflect.Value, error) {
	return bindPointer(o, o.Input, "input", in)
}

// BindOutput does so with the output.
func (o *Operation) BindOutput(out any) (*Binding, reflect.Value, error) {
	return bindPointer(o, o.Output, "output", out)
}

func bindPointer(o *Operation, shape *Shape, what string, p any) (*Binding, reflect.Value, error) {
	if shape == nil {
		return nil, reflect.Value{}, nil
	}
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, reflect.Value{}, fmt.Errorf("the %s of %s must be a pointer to a struct, not %T", what, o.Name, p)
	}
	b, err := Bind(shape, v.Type().Elem())
	if err != nil {
		return nil, reflect.Value{}, fmt.Errorf("the %s of %s: %w", what, o.Name, err)
	}
	return b, v.Elem(), nil
}
