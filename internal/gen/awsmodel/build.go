package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/writ-iam/writ/internal/awsmodel"
)

// build keeps of a model what package awsmodel knows.
func build(from *sourceModel, version string) (*awsmodel.File, error) {
	if from.Version != "2.0" {
		return nil, fmt.Errorf("a model of version %q, not 2.0", from.Version)
	}
	meta := from.Metadata
	to := &awsmodel.File{
		Botocore: version, Version: meta.APIVersion, Namespace: meta.XMLNamespace, Target: meta.TargetPrefix,
	}
	switch {
	case meta.Protocol == "query" && meta.XMLNamespace != "" && meta.TargetPrefix == "":
		to.Protocol = awsmodel.Query
	case meta.Protocol == "json" && meta.JSONVersion == "1.1" && meta.XMLNamespace == "" && meta.TargetPrefix != "":
		to.Protocol = awsmodel.JSON
	default:
		return nil, fmt.Errorf("unknown protocol %q", meta.Protocol)
	}
	reached := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(from.Operations)) {
		o := from.Operations[name]
		if o.Name != name || o.HTTP.Method != http.MethodPost || o.HTTP.RequestURI != "/" {
			return nil, fmt.Errorf("the operation %s is %s %s %s", name, o.Name, o.HTTP.Method, o.HTTP.RequestURI)
		}
		op := awsmodel.FileOperation{Name: name}
		switch o.AuthType {
		case "":
		case "none":
			op.NoAuth = true
		default:
			return nil, fmt.Errorf("the operation %s has the authtype %q", name, o.AuthType)
		}
		if o.Input != nil {
			op.Input = o.Input.Shape
			reach(from, op.Input, reached)
		}
		if o.Output != nil {
			if (o.Output.ResultWrapper != "") != (to.Protocol == awsmodel.Query) {
				return nil, fmt.Errorf("the operation %s has the resultWrapper %q", name, o.Output.ResultWrapper)
			}
			op.Output, op.Result = o.Output.Shape, o.Output.ResultWrapper
			reach(from, op.Output, reached)
		}
		for _, e := range o.Errors {
			op.Errors = append(op.Errors, e.Shape)
			reach(from, e.Shape, reached)
		}
		to.Operations = append(to.Operations, op)
	}
	for _, name := range slices.Sorted(maps.Keys(reached)) {
		if _, ok := from.Shapes[name]; !ok {
			return nil, fmt.Errorf("the shape %s is missing", name)
		}
		shape, err := buildShape(name, from.Shapes[name])
		if err != nil {
			return nil, fmt.Errorf("the shape %s: %w", name, err)
		}
		to.Shapes = append(to.Shapes, shape)
	}
	return to, nil
}

// reach marks a shape and those that it is made of.
func reach(m *sourceModel, name string, reached map[string]bool) {
	if reached[name] {
		return
	}
	reached[name] = true
	s := m.Shapes[name]
	for _, member := range s.Members {
		reach(m, member.Shape, reached)
	}
	for _, ref := range []*sourceReference{s.Member, s.Key, s.Value} {
		if ref != nil {
			reach(m, ref.Shape, reached)
		}
	}
}

func buildShape(name string, from sourceShape) (awsmodel.FileShape, error) {
	to := awsmodel.FileShape{
		Name: name, Kind: awsmodel.Kind(from.Type), Min: from.Min, Max: from.Max, Pattern: from.Pattern,
		Enum: from.Enum, Sensitive: from.Sensitive,
	}
	if from.Member != nil {
		to.Element = from.Member.Shape
	}
	if from.Key != nil && from.Value != nil {
		to.Key, to.Element = from.Key.Shape, from.Value.Shape
	}
	for _, m := range from.Members {
		to.Members = append(to.Members, awsmodel.FileMember{
			Name: m.Name, Shape: m.Shape, Required: slices.Contains(from.Required, m.Name),
		})
	}
	for _, required := range from.Required {
		if !slices.ContainsFunc(to.Members, func(m awsmodel.FileMember) bool { return m.Name == required }) {
			return to, fmt.Errorf("the required member %s is missing", required)
		}
	}
	if from.Exception {
		to.Error = &awsmodel.FileError{Code: name, Status: http.StatusBadRequest}
		if from.Fault {
			to.Error.Status = http.StatusInternalServerError
		}
		if e := from.Error; e != nil {
			to.Error.Code = e.Code
			if to.Error.Status = e.HTTPStatusCode; to.Error.Status < 400 || to.Error.Status > 599 {
				return to, fmt.Errorf("the error has the HTTP status %d", e.HTTPStatusCode)
			}
		}
	}
	return to, nil
}
