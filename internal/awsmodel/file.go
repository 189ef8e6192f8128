package awsmodel

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A File is a service's model as it is embedded: JSON in gzip, with names in place of pointers. The generator
// internal/gen/awsmodel writes it and nothing else does.
type File struct {
	Botocore   string          `json:"botocore"` // the version that the model was taken from
	Version    string          `json:"version"`
	Namespace  string          `json:"namespace,omitempty"`
	Protocol   Protocol        `json:"protocol"`
	Target     string          `json:"target,omitempty"`
	Operations []FileOperation `json:"operations"` // sorted by name
	Shapes     []FileShape     `json:"shapes"`     // sorted by name; only those that operations reach
}

// A FileOperation is an operation of a [File].
type FileOperation struct {
	Name   string   `json:"n"`
	Input  string   `json:"i,omitempty"`
	Output string   `json:"o,omitempty"`
	Result string   `json:"r,omitempty"`
	Errors []string `json:"e,omitempty"`
	NoAuth bool     `json:"noauth,omitempty"`
}

// A FileShape is a shape of a [File].
type FileShape struct {
	Name      string       `json:"n"`
	Kind      Kind         `json:"k"`
	Members   []FileMember `json:"m,omitempty"`
	Element   string       `json:"of,omitempty"`
	Key       string       `json:"key,omitempty"`
	Min       *int64       `json:"min,omitempty"`
	Max       *int64       `json:"max,omitempty"`
	Pattern   string       `json:"p,omitempty"`
	Enum      []string     `json:"enum,omitempty"`
	Sensitive bool         `json:"secret,omitempty"`
	Error     *FileError   `json:"err,omitempty"`
}

// A FileMember is a member of a structure of a [File].
type FileMember struct {
	Name     string `json:"n"`
	Shape    string `json:"s"`
	Required bool   `json:"r,omitempty"`
}

// A FileError says of a structure of a [File] that it is an error.
type FileError struct {
	Code   string `json:"c"`
	Status int    `json:"s"`
}

// Encode returns the file's bytes: the same for the same model.
func (f *File) Encode() ([]byte, error) {
	if _, err := f.service("", ""); err != nil {
		return nil, err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zip.Write(text); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decodeFile reads what Encode wrote.
func decodeFile(content []byte) (*File, error) {
	zip, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		return nil, err
	}
	f := new(File)
	return f, json.Unmarshal(text, f)
}

// service puts pointers in place of names, and compiles the patterns.
func (f *File) service(name, source string) (*Service, error) {
	s := &Service{
		Name: name, Version: f.Version, Namespace: f.Namespace, Protocol: f.Protocol, TargetPrefix: f.Target,
		Source: source + f.Botocore, byName: map[string]*Operation{}, errors: map[string]*Error{},
	}
	if s.Protocol != Query && s.Protocol != JSON {
		return nil, fmt.Errorf("unknown protocol %q", s.Protocol)
	}
	var wrong []error
	shapes := make(map[string]*Shape, len(f.Shapes))
	for i := range f.Shapes {
		shapes[f.Shapes[i].Name] = &Shape{Name: f.Shapes[i].Name}
	}
	shape := func(user, name string) *Shape {
		if shapes[name] == nil {
			wrong = append(wrong, fmt.Errorf("%s names the shape %q, which is missing", user, name))
		}
		return shapes[name]
	}
	byShape := map[string]*Error{}
	for i := range f.Shapes {
		from := &f.Shapes[i]
		to := shapes[from.Name]
		to.Kind, to.Min, to.Max, to.Enum, to.Sensitive = from.Kind, from.Min, from.Max, from.Enum, from.Sensitive
		if from.Pattern != "" {
			pattern, err := CompilePattern(from.Pattern)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", from.Name, err))
			}
			to.Pattern = pattern
		}
		switch from.Kind {
		case Structure:
			to.Members = make([]Member, len(from.Members))
			for j, m := range from.Members {
				if m.Name == "" {
					return nil, fmt.Errorf("%s has a member without a name", from.Name)
				}
				to.Members[j] = Member{
					Name: m.Name, Path: lowerCamel(m.Name), Required: m.Required, Shape: shape(from.Name, m.Shape),
				}
			}
		case Map:
			to.Key = shape(from.Name, from.Key)
			to.Element = shape(from.Name, from.Element)
		case List:
			to.Element = shape(from.Name, from.Element)
		case String, Integer, Boolean, Timestamp, Blob:
		default:
			wrong = append(wrong, fmt.Errorf("%s is of the unknown kind %q", from.Name, from.Kind))
		}
		if from.Error != nil {
			e := &Error{Shape: to, Code: from.Error.Code, Status: from.Error.Status}
			if s.errors[e.Code] != nil {
				wrong = append(wrong, fmt.Errorf("two errors have the code %s", e.Code))
			}
			s.errors[e.Code], byShape[from.Name] = e, e
		}
	}
	s.Operations = make([]Operation, len(f.Operations))
	for i, from := range f.Operations {
		o := &s.Operations[i]
		*o = Operation{Name: from.Name, Service: s, ResultWrapper: from.Result, NoAuth: from.NoAuth}
		if from.Input != "" {
			o.Input = shape(from.Name, from.Input)
		}
		if from.Output != "" {
			o.Output = shape(from.Name, from.Output)
		}
		for _, name := range from.Errors {
			if byShape[name] == nil {
				wrong = append(wrong, fmt.Errorf("%s declares %s, which is no error", from.Name, name))
				continue
			}
			o.Errors = append(o.Errors, byShape[name])
		}
		s.byName[o.Name] = o
	}
	return s, errors.Join(wrong...)
}
