// Package cfnschemas reads AWS's published schemas of CloudFormation's resource types, for what the handlers of a type may call.
//
// AWS publishes them as one archive for each region, CloudformationSchema.zip, with a JSON document for each type:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/resource-type-schemas.html. Of a document only the
// name of the type and the permissions of its handlers are read:
//
//	{"typeName": "AWS::SNS::Topic", "handlers": {"create": {"permissions": ["sns:CreateTopic", "sns:TagResource"]}}}
//
// The permissions are those of all properties together, and so an upper bound of what a template needs.
package cfnschemas

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/writ-iam/writ/analysis/needs"
)

// The limits of an archive. AWS's has about 1,500 documents, and the largest is below 1 MB.
const (
	maxDocument  = 8 << 20
	maxDocuments = 20_000
)

// ErrNone says that an archive has no schema in it.
var ErrNone = errors.New("the archive has no schema of a resource type in it")

// An Error says which document of an archive cannot be read.
type Error struct {
	Document string
	Err      error
}

// Error returns a sentence with the document's name.
func (e *Error) Error() string { return e.Document + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the document.
func (e *Error) Unwrap() error { return e.Err }

// ReadFile reads the schemas of a zip archive in a file.
func ReadFile(name string) (map[string]needs.Handlers, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	types, err := ReadZip(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return types, nil
}

// ReadZip reads the schemas of a zip archive.
func ReadZip(r io.ReaderAt, size int64) (map[string]needs.Handlers, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("this is not a zip archive: %w", err)
	}
	return Read(archive)
}

// Read reads the schemas of all files of a tree whose names end in .json. A document without a typeName is none of a type.
func Read(tree fs.FS) (map[string]needs.Handlers, error) {
	types := map[string]needs.Handlers{}
	documents := 0
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || path.Ext(name) != ".json" {
			return nil
		}
		if documents++; documents > maxDocuments {
			return fmt.Errorf("there are more than %d documents", maxDocuments)
		}
		typeName, handlers, err := document(tree, name)
		if err != nil {
			return &Error{name, err}
		}
		if typeName != "" {
			types[typeName] = handlers
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(types) == 0 {
		return nil, ErrNone
	}
	return types, nil
}

// document reads one schema.
func document(tree fs.FS, name string) (string, needs.Handlers, error) {
	file, err := tree.Open(name)
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err != nil {
		return "", nil, err
	}
	if len(data) > maxDocument {
		return "", nil, fmt.Errorf("the document is larger than %d MiB", maxDocument>>20)
	}
	var schema struct {
		TypeName string `json:"typeName"`
		Handlers map[string]struct {
			Permissions []string `json:"permissions"`
		} `json:"handlers"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		return "", nil, err
	}
	handlers := needs.Handlers{}
	for _, phase := range []needs.Phase{needs.Create, needs.Read, needs.Update, needs.Delete} {
		if h, ok := schema.Handlers[phase.String()]; ok {
			handlers[phase] = h.Permissions
		}
	}
	return schema.TypeName, handlers, nil
}
