package pdp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// A Decider decides cases. It keeps the policies that it has compiled, since many cases are about the same ones. The
// zero Decider is ready for use; it is not safe for concurrent use.
type Decider struct {
	compiled map[cached]*eval.Policy
	size     int // bytes of the keys
}

// cached names a compiled policy.
type cached struct {
	t    eval.PolicyType
	text string // the document, or the reference in quotes
}

// maxCached bounds the documents that a Decider keeps, in bytes. A compiled policy takes up to some twenty times the
// size of its document.
const maxCached = 8 << 20

// Decide decides the case on a line, whose number is for errors and for cases without an id. It does not keep the line.
func (d *Decider) Decide(number int, line []byte) Answer {
	r := &caseReader{reader: reader{line: line, number: number}, decider: d, places: map[string]int{}}
	if err := catch(r.read); err != nil {
		return failed(number, line, err)
	}
	x, err := r.request.Explain(&r.policies)
	if err != nil {
		return failed(number, line, r.placed(err.(*FieldError)))
	}
	return Answer{ID: r.id, Verdict: NewVerdict(x)}
}

// failed is the answer to a case that cannot be read. Its id is given if that much can be.
func failed(number int, line []byte, err error) Answer {
	a := Answer{ID: lineID(number), Error: shortened(err.Error())}
	r := &reader{line: line, number: number}
	_ = catch(func() { // up to where it is broken
		r.object(span{r.space(0), len(line)}, "a case", nil, func(key string, _ int, value span) {
			if key == "id" {
				if id := r.idOf(value); id != nil {
					a.ID = id
				}
			}
		})
	})
	return a
}

// shortened bounds a message that quotes what is wrong, be it as long as the line.
func shortened(message string) string {
	const most = 1000
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "…"
}

func lineID(number int) json.RawMessage { return fmt.Appendf(nil, `"line %d"`, number) }

// idOf reads an id, a string or a number, as it is written, and returns nil for an empty one.
func (r *reader) idOf(s span) json.RawMessage {
	switch c := r.peek(s.start); {
	case c == '-' || '0' <= c && c <= '9':
		r.scalar(s)
	default:
		if r.text(s, "a string or a number") == "" {
			return nil
		}
	}
	return bytes.Clone(r.raw(s))
}

// catch calls f and returns the error that it gave up with.
func catch(f func()) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *policy.Error:
			err = e
		default:
			panic(e)
		}
	}()
	f()
	return nil
}

// A caseReader reads the line of a case.
type caseReader struct {
	reader
	decider *Decider

	id       json.RawMessage
	request  Request
	places   map[string]int // of the request's members; that of "" is the request itself
	policies eval.Policies
}

// placed says where in the line the member is that cannot be understood.
func (r *caseReader) placed(e *FieldError) error {
	at, ok := r.places[e.Field]
	if !ok {
		at = r.places[""]
	}
	return &policy.Error{Pos: r.pos(at), Path: "request." + e.Field, Reason: e.Reason}
}

func (r *caseReader) read() {
	r.checkUTF8()
	r.checkStart()
	whole := r.value(0)
	if at := r.space(whole.end); at < len(r.line) {
		r.fail(at, "text after the end of the case")
	}
	r.id = lineID(r.number)
	asked := false
	r.object(whole, "a case", []string{"id", "request", "policies"}, func(key string, _ int, value span) {
		switch key {
		case "id":
			if id := r.idOf(value); id != nil {
				r.id = id
			}
		case "request":
			asked = true
			r.readRequest(value)
		case "policies":
			r.readPolicies(value)
		}
	})
	if !asked {
		r.fail(whole.start, "the case has no request")
	}
}

// checkStart fails if the line does not begin as an object does: what comes behind is then of no interest.
func (r *caseReader) checkStart() {
	switch at := r.space(0); {
	case bytes.HasPrefix(r.line[at:], []byte("\ufeff")):
		r.fail(at, "the line begins with a byte order mark (U+FEFF); expected a case (an object)")
	case r.peek(at) != '{':
		r.expected(at, "a case (an object)")
	}
}

var requestKeys = []string{"principal", "action", "resource", "resourceAccount", "sessionIssuer", "context"}

func (r *caseReader) readRequest(s span) {
	r.places[""] = s.start
	r.object(s, "a request", requestKeys, func(key string, _ int, value span) {
		r.places[key] = value.start
		switch key {
		case "principal":
			r.request.Principal = r.text(value, "a string")
		case "action":
			r.request.Action = r.text(value, "a string")
		case "resource":
			r.request.Resource = r.text(value, "a string")
		case "resourceAccount":
			r.request.ResourceAccount = r.text(value, "a string")
		case "sessionIssuer":
			r.request.SessionIssuer = r.text(value, "a string")
		case "context":
			r.request.Context = r.context(value)
		}
	})
}

// context reads the values of condition keys.
func (r *caseReader) context(s span) map[string][]string {
	context := map[string][]string{}
	spelling := map[string]string{} // as it came first, by lower case
	r.object(s, "the request context", nil, func(key string, at int, value span) {
		lower := strings.ToLower(key)
		if other, twice := spelling[lower]; twice {
			r.fail(at, "the key %q is given twice, first as %q; condition keys do not differ by case", key, other)
		}
		spelling[lower] = key
		if r.peek(value.start) != '[' {
			if c := r.peek(value.start); c == '{' || r.isNull(value) {
				r.expected(value.start, "a string, a number, a boolean or a list of these")
			}
			context[key] = []string{r.scalar(value)}
			return
		}
		context[key] = []string{}
		r.list(value, func(element span) { context[key] = append(context[key], r.scalar(element)) })
	})
	return context
}

var policyKeys = []string{"identity", "boundary", "session", "resource", "scp", "rcp", "endpoint"}

func (r *caseReader) readPolicies(s span) {
	if r.isNull(s) {
		return
	}
	p := &r.policies
	r.object(s, "the policies", policyKeys, func(key string, _ int, value span) {
		switch key {
		case "identity":
			p.Identity = r.policyList(value, eval.Identity)
		case "boundary":
			p.Boundary = r.atMostOne(value, eval.Boundary, "a principal has one permissions boundary")
		case "session":
			p.Session = r.policyList(value, eval.Session)
		case "resource":
			p.Resource = r.atMostOne(value, eval.Resource, "a resource has one resource-based policy")
		case "scp":
			p.SCPs = r.levels(value, eval.SCP)
		case "rcp":
			p.RCPs = r.levels(value, eval.RCP)
		case "endpoint":
			p.Endpoint = r.policyList(value, eval.Endpoint)
		}
	})
}

// levels reads one list of policies a level of the organization.
func (r *caseReader) levels(s span, t eval.PolicyType) (levels [][]*eval.Policy) {
	const what = "a list of levels, from the root of the organization down, each a list of policies"
	switch {
	case r.isNull(s):
		return nil
	case r.peek(s.start) != '[':
		r.expected(s.start, what)
	}
	r.list(s, func(level span) {
		if r.peek(level.start) != '[' {
			r.expected(level.start, fmt.Sprintf("a level, which is a list of policies (%v is %s)", t, what))
		}
		levels = append(levels, r.policyList(level, t))
	})
	return levels
}

func (r *caseReader) atMostOne(s span, t eval.PolicyType, law string) *eval.Policy {
	list := r.policyList(s, t)
	switch {
	case len(list) > 1:
		r.fail(s.start, "%s; %d are given", law, len(list))
	case len(list) == 0:
		return nil
	}
	return list[0]
}

// policyList reads a list of policies. One that is not in a list will do.
func (r *caseReader) policyList(s span, t eval.PolicyType) (list []*eval.Policy) {
	switch {
	case r.isNull(s):
	case r.peek(s.start) == '[':
		r.list(s, func(element span) { list = append(list, r.policy(element, t)) })
	default:
		list = append(list, r.policy(s, t))
	}
	return list
}

// policy reads one policy: a document, a string that holds one, or a reference to a managed policy.
func (r *caseReader) policy(s span, t eval.PolicyType) *eval.Policy {
	raw := r.raw(s)
	if p, ok := r.decider.compiled[cached{t, string(raw)}]; ok {
		return p
	}
	var p *eval.Policy
	var err error
	switch raw[0] {
	case '{':
		if p, err = compile(raw, r.pos(s.start), t); err != nil {
			e := err.(*policy.Error)
			e.Path = strings.TrimSuffix(r.pathString()+"."+e.Path, ".")
			panic(e)
		}
	case '"':
		text := r.text(s, "")
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			if p, err = compile([]byte(text), policy.Pos{Line: 1, Column: 1}, t); err != nil {
				err = fmt.Errorf("in the text: %w", err)
			}
		} else {
			p, err = r.decider.managed(text, t)
		}
		if err != nil {
			r.fail(s.start, "%v", err)
		}
	default:
		r.expected(s.start, "a policy document (an object) or a reference to a managed policy (a string)")
	}
	r.decider.keep(cached{t, string(raw)}, p)
	return p
}

// managed compiles the managed policy that ref names.
func (d *Decider) managed(ref string, t eval.PolicyType) (*eval.Policy, error) {
	v, err := managed.Find(ref)
	if err != nil {
		return nil, err
	}
	p, err := compile(v.Document(), policy.Pos{Line: 1, Column: 1}, t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Ref(), err)
	}
	return p, nil
}

func compile(src []byte, at policy.Pos, t eval.PolicyType) (*eval.Policy, error) {
	doc, err := policy.ParseAt(src, at)
	if err != nil {
		return nil, err
	}
	return eval.Compile(doc, t)
}

// keep adds a policy to the compiled ones. When these become too many, it starts over.
func (d *Decider) keep(key cached, p *eval.Policy) {
	if d.compiled == nil || d.size > maxCached {
		d.compiled, d.size = map[cached]*eval.Policy{}, 0
	}
	d.compiled[key] = p
	d.size += len(key.text)
}
