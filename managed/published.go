package managed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// A Published is a version of a policy that is not of the catalogue.
type Published struct {
	ID       string // as in "v10"
	Created  time.Time
	Document []byte
}

// New makes a policy of versions, oldest first, of which there must be one: a policy that another owner publishes as AWS does, or one of
// AWS's with versions that the catalogue does not have. It stands in no list, and neither [Lookup] nor [Find] knows it.
func New(name, path string, versions []Published) (*Policy, error) {
	p := &Policy{Name: name, Path: path, ARN: arnPrefix + path + name}
	if len(versions) == 0 {
		return nil, fmt.Errorf("policy %s has no version", name)
	}
	for i, from := range versions {
		var document bytes.Buffer
		var statements struct{ Statement json.RawMessage }
		v := &Version{Policy: p, ID: from.ID, Created: from.Created, Statements: 1, index: i}
		switch {
		case !isVersionID(v.ID):
			return nil, fmt.Errorf("policy %s: %q is no version such as v10", name, v.ID)
		case i > 0 && number(v) <= number(p.versions[i-1]):
			return nil, fmt.Errorf("policy %s: version %s comes after %s", name, v.ID, p.versions[i-1].ID)
		}
		err := json.Compact(&document, from.Document)
		if err == nil {
			err = json.Unmarshal(document.Bytes(), &statements)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: the document: %w", v.Ref(), err)
		}
		var list []json.RawMessage
		if json.Unmarshal(statements.Statement, &list) == nil {
			v.Statements = len(list)
		}
		v.document, v.Size = document.String(), document.Len()
		p.versions = append(p.versions, v)
	}
	p.once.Do(func() {})
	return p, nil
}
