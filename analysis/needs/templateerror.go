package needs

import (
	"fmt"

	"github.com/writ-iam/writ/policy"
)

// A TemplateError says what is wrong with a template, and where.
type TemplateError struct {
	File   string
	Pos    policy.Pos
	Path   string // of the element: "Resources.Function.Properties.Role"; empty for the template
	Reason string
}

// Error returns the file, the place, the path and the reason.
func (e *TemplateError) Error() string {
	of := ""
	if e.File != "" {
		of = e.File + ": "
	}
	if e.Pos.Line > 0 {
		of += e.Pos.String() + ": "
	}
	if e.Path != "" {
		of += e.Path + ": "
	}
	return of + e.Reason
}

// A trail is where in a template one is: the names from the root on, last first.
type trail struct {
	up   *trail
	name string
}

// to returns the trail of a member.
func (t *trail) to(name string) *trail { return &trail{up: t, name: name} }

// item returns the trail of an item of a list.
func (t *trail) item(i int) *trail { return &trail{up: t, name: fmt.Sprintf("[%d]", i)} }

// String returns the path: Resources.Function.Properties.Layers[0].
func (t *trail) String() string {
	if t == nil {
		return ""
	}
	up := t.up.String()
	if up != "" && t.name != "" && t.name[0] != '[' {
		up += "."
	}
	return up + t.name
}
