package needs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/policy"
)

// MaxPolicySize is the number of characters that a customer managed policy may have, white space not counted.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const MaxPolicySize = 6144

// LeastOptions say how the least policy is written. The zero LeastOptions are good defaults.
type LeastOptions struct {
	// Compact allows patterns of actions, and of resources, that allow more than is needed: the names of actions that begin alike,
	// where all that begin so are of the access levels that are needed anyway. It makes fewer and shorter policies.
	Compact bool
	// Boundary is the ARN of a permissions boundary that the roles which the deployment makes must have; empty: none.
	Boundary string
	Upper    bool // allow what may be called, too: calls that are not Certain
	MaxSize  int  // of one policy; 0 means MaxPolicySize
}

// Least returns the least policies that allow the calls: statements by module, with a Sid that says so, direct calls apart from those that
// a service forwards, each on the resources that it is made on. They are split where one would be too long. What one statement allows, no
// other repeats: without any one of them, some call would be denied.
//
// The error says that a single statement is too long for a policy.
func Least(calls []Call, o LeastOptions) ([]*policy.Document, error) {
	if o.MaxSize == 0 {
		o.MaxSize = MaxPolicySize
	}
	grants := grantsOf(calls, o)
	statements := statementsOf(grants)
	docs, err := packed(statements, o.MaxSize)
	if err == nil && len(docs) == 1 && !o.Compact {
		return docs, nil
	}
	// Shorter: names that begin alike as one pattern, where that adds nothing that the reference knows.
	for i := range statements {
		shorten(&statements[i], o.Compact)
	}
	return packed(statements, o.MaxSize)
}

// A grant is one action on one resource under some conditions.
type grant struct {
	module, through, action, resource string
	passedTo                          string // of iam:PassRole; "" if any
	boundary                          string // that the request must carry; "" if any
}

// conditions of the grant, which those of one statement have in common.
func (g *grant) conditions() (list []policy.Condition) {
	if g.through != "" {
		list = append(list, conditionOf("ForAnyValue:StringEquals", "aws:CalledVia", g.through))
	}
	if g.passedTo != "" {
		list = append(list, conditionOf("StringEquals", passedToService, strings.Split(g.passedTo, " ")...))
	}
	if g.boundary != "" {
		list = append(list, conditionOf("StringEquals", "iam:PermissionsBoundary", g.boundary))
	}
	return list
}

// bounded are the actions that can be allowed for roles with one permissions boundary only.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
var bounded = map[string]bool{
	"iam:CreateRole": true, "iam:PutRolePermissionsBoundary": true, "iam:PutRolePolicy": true, "iam:AttachRolePolicy": true,
	"iam:DeleteRolePolicy": true, "iam:DetachRolePolicy": true,
}

// grantsOf returns what the calls need, without what other grants cover.
func grantsOf(calls []Call, o LeastOptions) (list []*grant) {
	seen := map[grant]bool{}
	for i := range calls {
		c := &calls[i]
		if !c.Certain() && !o.Upper {
			continue
		}
		g := grant{module: c.Module, through: c.Through, action: spelled(c.Action), resource: c.Resource}
		if g.module == "" {
			g.module = "Core"
		}
		if c.Action == "iam:PassRole" {
			services := slices.Sorted(slices.Values(c.Context[passedToService]))
			g.passedTo = strings.Join(services, " ")
		}
		if bounded[g.action] {
			g.boundary = o.Boundary
		}
		if !seen[g] {
			seen[g] = true
			list = append(list, &g)
		}
	}
	list = withObjects(list)
	byAction := map[string][]*grant{}
	for _, g := range list {
		byAction[g.action] = append(byAction[g.action], g)
	}
	place := map[*grant]int{}
	for i, g := range list {
		place[g] = i
	}
	return slices.DeleteFunc(list, func(g *grant) bool {
		return slices.ContainsFunc(byAction[g.action], func(h *grant) bool {
			return h != g && h.covers(g) && (!g.covers(h) || place[h] < place[g])
		})
	})
}

// withObjects returns the grants with those of several objects of a bucket as one, of all that begin as they do: a deployment reads
// assets, whose names are others the next time.
func withObjects(list []*grant) []*grant {
	type key struct {
		grant  grant
		bucket string
	}
	keyOf := func(g *grant) (k key, object string, ok bool) {
		bucket, object, ok := strings.Cut(g.resource, "/")
		k = key{*g, bucket}
		k.grant.module, k.grant.resource = "", ""
		return k, object, ok && strings.HasPrefix(g.action, "s3:GetObject") && object != "*"
	}
	objects := map[key][]string{}
	for _, g := range list {
		if k, object, ok := keyOf(g); ok && !slices.Contains(objects[k], object) {
			objects[k] = append(objects[k], object)
		}
	}
	done := map[key]bool{}
	var merged []*grant
	for _, g := range list {
		k, _, ok := keyOf(g)
		if !ok || len(objects[k]) < 2 {
			merged = append(merged, g)
			continue
		}
		if done[k] {
			continue
		}
		done[k] = true
		all := *g
		all.resource = k.bucket + "/" + commonFolder(objects[k]) + "*"
		merged = append(merged, &all)
	}
	return merged
}

// commonFolder returns what names have in common at their start, up to a slash.
func commonFolder(names []string) string {
	common := commonStart(names)
	return common[:strings.LastIndexByte(common, '/')+1]
}

// commonStart returns what names have in common at their start.
func commonStart(names []string) string {
	common := names[0]
	for _, n := range names[1:] {
		i := 0
		for i < len(common) && i < len(n) && common[i] == n[i] {
			i++
		}
		common = common[:i]
	}
	return common
}

// covers reports whether whatever g is needed for h allows.
func (h *grant) covers(g *grant) bool {
	return (h.through == "" || h.through == g.through) && (h.passedTo == "" || h.passedTo == g.passedTo) && h.boundary == g.boundary &&
		(h.resource == g.resource || h.resource == "*" || covers(h.resource, g.resource))
}

// covers reports whether a pattern over ARNs matches all that another one does. The * of the other are matched as any other character, by
// a * only.
func covers(pattern, other string) bool {
	if strings.Contains(pattern, "?") || other == "*" {
		return false
	}
	p, q := strings.SplitN(pattern, ":", 6), strings.SplitN(other, ":", 6)
	if len(p) != 6 || len(q) != 6 {
		return false
	}
	for i := range p {
		if m := glob.NewMatcher(glob.Compile(p[i])); !m.Match(q[i]) {
			return false
		}
	}
	return true
}

// statementsOf writes the grants as statements: by module, by conditions, and then by what actions share their resources.
func statementsOf(grants []*grant) (statements []policy.Statement) {
	type key struct{ module, through, passedTo, boundary string }
	var order []key
	buckets := map[key][]*grant{}
	for _, g := range grants {
		k := key{g.module, g.through, g.passedTo, g.boundary}
		if buckets[k] == nil {
			order = append(order, k)
		}
		buckets[k] = append(buckets[k], g)
	}
	modules := map[string]int{} // in the order in which they come up
	for _, k := range order {
		if _, ok := modules[k.module]; !ok {
			modules[k.module] = len(modules)
		}
	}
	slices.SortStableFunc(order, func(a, b key) int { return modules[a.module] - modules[b.module] })
	used := map[string]int{}
	for _, k := range order {
		resources := map[string][]string{} // of an action
		for _, g := range buckets[k] {
			resources[g.action] = append(resources[g.action], g.resource)
		}
		sets := map[string][]string{} // actions that have the same resources
		for _, action := range slices.Sorted(maps.Keys(resources)) {
			list := slices.Compact(slices.Sorted(slices.Values(resources[action])))
			set := strings.Join(list, " ")
			sets[set] = append(sets[set], action)
		}
		for _, set := range slices.Sorted(maps.Keys(sets)) {
			sid := sidOf(k.module, k.through, k.passedTo != "")
			if used[sid]++; used[sid] > 1 {
				sid += fmt.Sprint(used[sid])
			}
			statements = append(statements, statement(sid, sets[set], strings.Split(set, " "), buckets[k][0].conditions()))
		}
	}
	return statements
}

// sidOf names a statement. Sids have letters and digits only.
func sidOf(module, through string, passes bool) string {
	sid := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, module)
	if passes {
		sid += "PassRole"
	}
	if through != "" {
		service, _, _ := strings.Cut(through, ".")
		sid += "Through" + map[string]string{"cloudformation": "CloudFormation"}[service]
		if service != "cloudformation" {
			sid += strings.ToUpper(service[:1]) + service[1:]
		}
	}
	return sid
}

// size counts the characters of a document as AWS does, without white space.
func size(doc *policy.Document) (n int) {
	for _, r := range string(doc.Format()) {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// packed puts statements into as few policies as they fit in, in their order as far as that goes.
func packed(statements []policy.Statement, most int) (docs []*policy.Document, err error) {
	for i := range statements {
		parts, err := fitting(&statements[i], most)
		if err != nil {
			return nil, err
		}
		for _, s := range parts {
			at := slices.IndexFunc(docs, func(d *policy.Document) bool {
				with := &policy.Document{Version: d.Version, Statements: append(slices.Clip(d.Statements), s)}
				return size(with) <= most
			})
			if at < 0 {
				docs = append(docs, &policy.Document{Version: policy.V2012})
				at = len(docs) - 1
			}
			docs[at].Statements = append(docs[at].Statements, s)
		}
	}
	return docs, nil
}

// fitting returns a statement, in parts if it is too long for one policy.
func fitting(s *policy.Statement, most int) ([]policy.Statement, error) {
	if size(&policy.Document{Version: policy.V2012, Statements: []policy.Statement{*s}}) <= most {
		return []policy.Statement{*s}, nil
	}
	element := func(s *policy.Statement) *policy.Element {
		if len(s.Resource.Values) > len(s.Action.Values) {
			return &s.Resource
		}
		return &s.Action
	}
	n := len(element(s).Values)
	if n < 2 {
		return nil, fmt.Errorf("%s does not fit into a policy of %d characters", s.Sid.Text, most)
	}
	var parts []policy.Statement
	for i, half := range [][]policy.Value{element(s).Values[:n/2], element(s).Values[n/2:]} {
		part := s.Clone()
		element(&part).Values = slices.Clone(half)
		part.Sid.Text = fmt.Sprintf("%sPart%d", strings.TrimRight(s.Sid.Text, "0123456789"), i+1) + strings.TrimLeft(s.Sid.Text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
		more, err := fitting(&part, most)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	return parts, nil
}

// shorten writes actions of a statement that begin alike as one pattern, where no action of the reference begins so that is not among
// them; with compact, where those that do are of the same access levels.
func shorten(s *policy.Statement, compact bool) {
	actions := s.Action.Strings()
	has := map[string]bool{}
	levels := map[string]map[authref.AccessLevel]bool{}
	for _, a := range actions {
		has[a] = true
		if known, ok := authref.LookupAction(a); ok {
			if levels[known.Service] == nil {
				levels[known.Service] = map[authref.AccessLevel]bool{}
			}
			levels[known.Service][known.AccessLevel] = true
		}
	}
	fits := func(pattern string) bool {
		names, err := authref.Expand(pattern)
		if err != nil {
			return false
		}
		for _, name := range names {
			if has[name] {
				continue
			}
			known, ok := authref.LookupAction(name)
			if !compact || !ok || known.AccessLevel > authref.Read || !levels[known.Service][known.AccessLevel] {
				return false
			}
		}
		return true
	}
	var short []string
	for len(actions) > 0 {
		first := actions[0]
		best := first
		for end := strings.IndexByte(first, ':') + 1; end < len(first); end++ {
			var same []string
			for _, a := range actions {
				if strings.HasPrefix(a, first[:end]) {
					same = append(same, a)
				}
			}
			if len(same) < 2 {
				break
			}
			if pattern := commonStart(same) + "*"; fits(pattern) {
				best = pattern
				break // the shortest beginning covers most
			}
		}
		m := glob.NewMatcher(glob.Compile(best))
		actions = slices.DeleteFunc(actions, m.Match)
		short = append(short, best)
	}
	slices.Sort(short)
	s.Action = values(short...)
}
