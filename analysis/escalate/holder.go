package escalate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// A Holder is a user or role with its policies.
type Holder struct {
	Policies prove.Policies // of the principal's side
	// Principal is the ARN of the user or role. Without it, the policies are taken to be those of some user or of some role,
	// whichever a method is for.
	Principal string
	Tags      map[string]string // of the principal; nil: not known
}

// exampleAccount is where a holder is of whom nothing is known, and whose policies name no account.
const exampleAccount = "111122223333"

// account returns the holder's account: its own, or the one that its policies name most.
func (h *Holder) account() string {
	if a, err := arn.Parse(h.Principal); err == nil {
		return a.Account
	}
	count := map[string]int{}
	best := exampleAccount
	for _, doc := range h.Policies.Identity {
		for i := range doc.Statements {
			for _, r := range doc.Statements[i].Resource.Strings() {
				if parts := strings.SplitN(r, ":", 6); len(parts) == 6 && arn.IsAccountID(parts[4]) {
					if count[parts[4]]++; count[parts[4]] > count[best] {
						best = parts[4]
					}
				}
			}
		}
	}
	return best
}

// An Asker is a holder as one principal, ready to be asked about methods. It keeps what it has found out, and is not safe for
// concurrent use.
type Asker struct {
	ctx     context.Context
	options prove.Options
	kind    string // "user" or "role"
	arn     string
	account string
	who     eval.Principal
	target  string              // the user or role to become, if it is fixed
	fixed   map[Resource]string // resources that are there
	facts   map[string]Facts    // what is known of them, by ARN
	terse   bool                // nobody asks why something is not allowed
	tags    map[string]string

	documents  prove.Policies
	subject    *prove.Subject
	small      map[string]*prove.Subject // of one action on one resource
	trust      *policy.Document
	trusts     map[*policy.Document]*eval.Policy
	statements []*statement
	concerning map[string][]*statement
	known      map[string]answer
	candidates map[string][]cell
	forwarding map[bool]*found // how CloudFormation makes calls, those on resources of a stack or not; nil: there is no way
}

// NewAsker makes an asker of a holder whose Principal is known. The errors are those of [Analyze].
func NewAsker(ctx context.Context, h *Holder, o Options) (*Asker, error) {
	kind, err := kindOf(h.Principal)
	if err != nil {
		return nil, err
	}
	p, err := newPersons(ctx, h, o)
	if err != nil {
		return nil, err
	}
	return p.byKind[kind], nil
}

// A statement is one of the holder's policies.
type statement struct {
	src       *policy.Statement
	version   policy.Version
	t         eval.PolicyType
	actions   []glob.Matcher // over lower case
	keys      []string       // that the conditions name, in lower case
	variable  bool           // it has policy variables
	variables []string       // their keys, in lower case …
	named     []string       // … and of those in the Resource element

	// What it says of resources, and of keys that are settled by how a request is made, compiled when it is asked for.
	onResource, anywhere *eval.Policy
}

// newAsker makes an asker of a kind, "user" or "role".
func newAsker(ctx context.Context, h *Holder, kind string, subject *prove.Subject, o prove.Options) (*Asker, error) {
	s := &Asker{
		ctx: ctx, options: o, kind: kind, arn: h.Principal, account: h.account(), tags: h.Tags, documents: h.Policies, subject: subject,
		concerning: map[string][]*statement{}, known: map[string]answer{}, candidates: map[string][]cell{}, forwarding: map[bool]*found{}, small: map[string]*prove.Subject{},
	}
	if s.arn == "" {
		s.arn = fmt.Sprintf("arn:aws:iam::%s:%s/holder", s.account, kind)
	}
	text := s.arn
	if kind == "role" {
		a, err := arn.Parse(s.arn)
		if err != nil {
			return nil, err
		}
		text = fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/session", a.Partition, a.Account, s.arn[strings.LastIndexByte(s.arn, '/')+1:])
	}
	who, err := eval.ParsePrincipal(text)
	if err == nil && kind == "role" {
		who, err = who.WithSessionIssuer(s.arn)
	}
	if err != nil {
		return nil, err
	}
	s.who = who
	s.trust = &policy.Document{Version: policy.V2012, Statements: []policy.Statement{{
		Effect:    policy.Allow,
		Principal: &policy.Principals{Entries: []policy.Principal{{Type: policy.AWS, Name: policy.Value{Text: text}}}},
		Action:    values("sts:AssumeRole"),
	}}}
	add := func(t eval.PolicyType, docs ...*policy.Document) {
		for _, doc := range docs {
			if doc == nil {
				continue
			}
			for i := range doc.Statements {
				s.statements = append(s.statements, newStatement(&doc.Statements[i], doc.Version, t))
			}
		}
	}
	p := &h.Policies
	if filled, some := s.fillAll(*p); some {
		if s.subject, err = prove.NewSubject(filled); err != nil {
			return nil, err
		}
		s.documents, p = filled, &filled
	}
	add(eval.Identity, p.Identity...)
	add(eval.Boundary, p.Boundary)
	add(eval.Session, p.Session...)
	for _, level := range p.SCPs {
		add(eval.SCP, level...)
	}
	for _, level := range p.RCPs {
		add(eval.RCP, level...)
	}
	return s, nil
}

func values(texts ...string) (e policy.Element) {
	for _, text := range texts {
		e.Values = append(e.Values, policy.Value{Text: text})
	}
	return e
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

func newStatement(src *policy.Statement, version policy.Version, t eval.PolicyType) *statement {
	s := &statement{src: src, version: version, t: t}
	for _, a := range src.Action.Strings() {
		s.actions = append(s.actions, glob.NewMatcher(glob.Compile(strings.ToLower(a))))
	}
	texts := src.Resource.Strings()
	for i := range src.Condition {
		c := &src.Condition[i]
		s.keys = append(s.keys, strings.ToLower(c.Key.Text))
		texts = append(texts, c.Strings()...)
	}
	if version.HasVariables() {
		s.variable = slices.ContainsFunc(texts, variable.MatchString)
		s.variables, s.named = variablesOf(texts), variablesOf(src.Resource.Strings())
	}
	return s
}

func (s *statement) isAbout(lower string) bool {
	return slices.ContainsFunc(s.actions, func(m glob.Matcher) bool { return m.Match(lower) }) != s.src.Action.Not
}

// about returns the statements that concern an action.
func (s *Asker) about(action string) []*statement {
	list, ok := s.concerning[action]
	if !ok {
		lower := strings.ToLower(action)
		for _, st := range s.statements {
			if st.isAbout(lower) {
				list = append(list, st)
			}
		}
		s.concerning[action] = list
	}
	return list
}

// Granted reports whether some identity-based policy allows an action, under whatever conditions.
func (s *Asker) Granted(action string) bool {
	return slices.ContainsFunc(s.about(action), func(st *statement) bool { return st.t == eval.Identity && st.src.Effect == policy.Allow })
}
