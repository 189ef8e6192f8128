package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

var versionLine = regexp.MustCompile(`(?m)^__version__ = ['"]([0-9.]+)['"]$`)

// readVersion reads botocore's version from the file beside its data.
func readVersion(data string) (string, error) {
	content, err := os.ReadFile(filepath.Join(data, "..", "__init__.py"))
	if err != nil {
		return "", err
	}
	found := versionLine.FindSubmatch(content)
	if found == nil {
		return "", errors.New("__init__.py names no version")
	}
	return string(found[1]), nil
}

// read reads a service's model, which newer packages compress.
func read(dir string) (*sourceModel, error) {
	content, err := os.ReadFile(filepath.Join(dir, "service-2.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if content, err = os.ReadFile(filepath.Join(dir, "service-2.json.gz")); err == nil {
			content, err = inflate(content)
		}
	}
	if err != nil {
		return nil, err
	}
	m := new(sourceModel)
	return m, strict(content, m)
}

func inflate(content []byte) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zip)
}

// strict decodes JSON, and fails on a member that it does not know.
func strict(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// The shapes of a model. What is not kept is json.RawMessage.
type (
	sourceModel struct {
		Version       string
		Documentation json.RawMessage
		Metadata      struct {
			APIVersion          string
			Protocol            string
			Protocols           []string
			XMLNamespace        string
			TargetPrefix        string
			JSONVersion         string
			Auth                json.RawMessage
			EndpointPrefix      json.RawMessage
			GlobalEndpoint      json.RawMessage
			ServiceAbbreviation json.RawMessage
			ServiceFullName     json.RawMessage
			ServiceID           json.RawMessage
			SignatureVersion    json.RawMessage
			UID                 json.RawMessage
		}
		Operations map[string]sourceOperation
		Shapes     map[string]sourceShape
	}
	sourceOperation struct {
		Name          string
		HTTP          struct{ Method, RequestURI string }
		Input         *struct{ Shape string }
		Output        *struct{ Shape, ResultWrapper string }
		Errors        []struct{ Shape string }
		AuthType      string
		Auth          json.RawMessage
		Documentation json.RawMessage
	}
	sourceShape struct {
		Type          string
		Required      []string
		Members       orderedMembers
		Member        *sourceReference
		Key, Value    *sourceReference
		Min, Max      *int64
		Pattern       string
		Enum          []string
		Sensitive     bool
		Exception     bool
		Fault         bool
		Box           json.RawMessage
		Documentation json.RawMessage
		Error         *struct {
			Code           string
			HTTPStatusCode int
			SenderFault    json.RawMessage
		}
	}
	sourceReference struct {
		Shape         string
		Documentation json.RawMessage
	}
)

// orderedMembers are the members of a structure in the order of the file, which
// is the order of the elements in AWS's XML.
type orderedMembers []struct {
	Name string
	sourceReference
}

func (m *orderedMembers) UnmarshalJSON(content []byte) error {
	byName := map[string]sourceReference{}
	if err := strict(content, &byName); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if _, err := decoder.Token(); err != nil { // the brace
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		*m = append(*m, struct {
			Name string
			sourceReference
		}{name.(string), byName[name.(string)]})
	}
	return nil
}
