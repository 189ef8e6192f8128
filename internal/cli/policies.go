package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// policies are the policies of a question, and where each comes from.
type policies struct {
	eval.Policies
	sources map[string]source // by their place among the policies: "identity[0]", "scp[1][0]"
}

// A source is where a policy comes from: a file or a managed policy.
type source struct {
	file string
	ref  string // "AdministratorAccess-Amplify@v10"
}

// String names the source.
func (s source) String() string {
	if s.file == "" {
		return s.ref
	}
	return s.file
}

// at names a position in the source. Documents of managed policies are one line, so a position in them is no help.
func (s source) at(pos policy.Pos) string {
	if s.file == "" {
		return s.ref
	}
	return fmt.Sprintf("%s:%d:%d", s.file, pos.Line, pos.Column)
}

// loadPolicies reads and compiles the policies that the flags name.
func (p *program) loadPolicies(q *question) (*policies, error) {
	all := &policies{sources: map[string]source{}}
	var err error
	load := func(flag, name string, ref eval.StatementRef) *eval.Policy {
		if err != nil {
			return nil
		}
		var compiled *eval.Policy
		var from source
		compiled, from, err = p.loadPolicy(flag, name, ref.Type)
		all.sources[ref.Policy()] = from
		return compiled
	}
	list := func(flag string, names []string, t eval.PolicyType, level int) (list []*eval.Policy) {
		for i, name := range names {
			list = append(list, load(flag, name, eval.StatementRef{Type: t, Level: level, Index: i}))
		}
		return list
	}
	levels := func(flag string, names []string, t eval.PolicyType) (levels [][]*eval.Policy) {
		for i, level := range names {
			levels = append(levels, list(flag, splitLevel(level), t, i))
		}
		return levels
	}
	one := func(flag string, name once, t eval.PolicyType) *eval.Policy {
		if !name.given() {
			return nil
		}
		return load(flag, name.text, eval.StatementRef{Type: t})
	}
	all.Identity = list("--policy", q.policy, eval.Identity, 0)
	all.Boundary = one("--boundary", q.boundary, eval.Boundary)
	all.Session = list("--session", q.session, eval.Session, 0)
	all.Resource = one("--resource-policy", q.resourcePolicy, eval.Resource)
	all.SCPs = levels("--scp", q.scp, eval.SCP)
	all.RCPs = levels("--rcp", q.rcp, eval.RCP)
	all.Endpoint = list("--endpoint", q.endpoint, eval.Endpoint, 0)
	return all, err
}

// splitLevel returns the policies of a level, which are separated by commas.
func splitLevel(level string) []string {
	names := strings.Split(level, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

// loadPolicy reads and compiles one policy.
func (p *program) loadPolicy(flag, name string, t eval.PolicyType) (*eval.Policy, source, error) {
	src, from, err := p.readPolicy(flag, name)
	if err != nil {
		return nil, from, err
	}
	compiled, err := compile(src, from, t)
	return compiled, from, err
}

// compile compiles the text of a policy. The error names the place in the source.
func compile(src []byte, from source, t eval.PolicyType) (*eval.Policy, error) {
	doc, err := parse(src, from)
	if err != nil {
		return nil, err
	}
	compiled, err := eval.Compile(doc, t)
	return compiled, from.placed(err)
}

// parse reads the text of a policy. The error names the place in the source.
func parse(src []byte, from source) (*policy.Document, error) {
	doc, err := policy.Parse(src)
	if e, ok := errors.AsType[*policy.Error](err); ok {
		if other := notDocument(src); other != "" {
			err = &policy.Error{Pos: e.Pos, Reason: other}
		}
	}
	return doc, from.placed(err)
}

// placed makes the error of a document name the place in the source.
func (s source) placed(err error) error {
	e, ok := errors.AsType[*policy.Error](err)
	switch {
	case !ok:
		return err
	case e.Path == "":
		return fmt.Errorf("%s: %s", s.at(e.Pos), e.Reason)
	}
	return fmt.Errorf("%s: %s: %s", s.at(e.Pos), e.Path, e.Reason)
}

// readPolicy returns the text of a policy. A file that exists comes before a managed policy of that name.
func (p *program) readPolicy(flag, name string) ([]byte, source, error) {
	if name == "" {
		return nil, source{}, fmt.Errorf("%s is empty; expected a file, -, or a managed policy such as ReadOnlyAccess", flag)
	}
	if stat, err := os.Stat(name); name != "-" && (err != nil || stat.IsDir()) {
		v, unknown := managed.Find(name)
		switch {
		case unknown == nil:
			return v.Document(), source{ref: v.Ref()}, nil
		case errors.Is(err, fs.ErrNotExist):
			return nil, source{}, fmt.Errorf("%s %s", flag, noPolicy(name, unknown))
		case err == nil:
			return nil, source{}, fmt.Errorf("%s %s: is a directory", flag, name)
		}
	}
	in, err := p.open(flag, name)
	if err != nil {
		return nil, source{}, err
	}
	defer in.Close()
	from := source{file: nameOf(name)}
	src, err := io.ReadAll(io.LimitReader(in, policy.MaxSize+1))
	switch {
	case err != nil:
		return nil, from, fmt.Errorf("%s: %w", from.file, reason(err))
	case len(src) > policy.MaxSize:
		return nil, from, fmt.Errorf("%s: it has more than %d bytes, the most that are read", from.file, policy.MaxSize)
	}
	return src, from, nil
}

// noPolicy says that a name is neither a file nor a managed policy.
func noPolicy(name string, err error) string {
	e, ok := errors.AsType[*managed.RefError](err)
	switch {
	case !ok:
		return err.Error()
	case strings.HasPrefix(name, "arn:"):
		return fmt.Sprintf("%s: %s%s", name, e.Reason, didYouMean(e.Suggestions))
	case strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".json"):
		return fmt.Sprintf("%s: no such file%s", name, didYouMean(withoutPath(name)))
	}
	return fmt.Sprintf("%s: no such file, and %s%s", name, e.Reason, didYouMean(e.Suggestions))
}

// withoutPath returns the reference that a name ends in, if there is such a policy: that of job-function/ViewOnlyAccess,
// since references have no path.
func withoutPath(name string) []string {
	ref := name[strings.LastIndexAny(name, `/\`)+1:]
	if _, err := managed.Find(ref); err != nil {
		return nil
	}
	return []string{ref}
}

// notDocument says what a text is that is no policy document, but often taken for one, and "" if it is none of these.
func notDocument(src []byte) string {
	switch start := bytes.ToUpper(bytes.TrimSpace(src[:min(len(src), 100)])); {
	case bytes.HasPrefix(src, []byte("\ufeff")):
		return "it begins with a byte order mark; save it without"
	case bytes.HasPrefix(start, []byte("%7B")):
		return "this is a URL-encoded document; decode it"
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(src, &members) != nil {
		return ""
	}
	switch policy := members["Policy"]; {
	case members["PolicyVersion"] != nil:
		return "this looks like the output of aws iam get-policy-version; take its PolicyVersion.Document"
	case members["PolicyDocument"] != nil:
		return "this looks like the output of aws iam get-role-policy or another command; take its PolicyDocument"
	case bytes.Contains(policy, []byte(`"DefaultVersionId"`)):
		return "this looks like the output of aws iam get-policy, which has no document; aws iam get-policy-version has"
	}
	return ""
}

// open opens a file that a flag names, or standard input, which only one of them can read.
func (p *program) open(flag, name string) (io.ReadCloser, error) {
	if name == "-" {
		if p.stdinUsed != "" {
			return nil, fmt.Errorf("%s -: standard input is already read for %s", flag, p.stdinUsed)
		}
		p.stdinUsed = flag
		return io.NopCloser(p.stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, name, reason(err))
	}
	return f, nil
}

// nameOf returns what a file goes by in messages.
func nameOf(file string) string {
	if file == "-" {
		return "stdin"
	}
	return file
}

// reason returns what lies below an error of a file, without the operation and the name.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
