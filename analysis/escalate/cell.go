package escalate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/bitset"
	"github.com/writ-iam/writ/internal/lang"
	"github.com/writ-iam/writ/policy"
)

// A cell is all resources of a type, in the holder's account, that the Resource elements of the policies do not tell apart. One
// stands for all: what the policies say of it, they say of each.
type cell struct {
	arn string // of the one
	in  []string
}

// maxStates bounds the walk over the patterns of one type.
const maxStates = 5000

// cellsOf returns the cells of a resource type of a service, as the policies see it for some actions. Those of "" are that of *,
// for actions that act on no resource. The first is one that the policies name least.
func (s *Asker) cellsOf(service string, on Resource, actions []string) []cell {
	switch {
	case s.fixed[on] != "":
		return []cell{{arn: s.fixed[on]}}
	case on.Name == Self:
		return []cell{{arn: s.arn}}
	case s.target != "" && on.Name == Other && (on.Type == "role" || on.Type == "user"):
		return []cell{{arn: s.target}}
	}
	formats := s.formatsOf(service, on.Type)
	if len(formats) == 0 {
		return []cell{{arn: "*"}}
	}
	var patterns []string
	for _, action := range actions {
		for _, st := range s.about(action) {
			for _, r := range st.src.Resource.Strings() {
				patterns = append(patterns, s.filled(st, r))
			}
		}
	}
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	key := strings.Join(formats, " ") + " " + on.Name + " " + strings.Join(patterns, " ")
	if list, ok := s.candidates[key]; ok {
		return list
	}
	m := lang.NewMachine(2 + len(patterns))
	for _, f := range formats {
		m.Add(0, formatPattern(f))
	}
	for _, r := range reserved {
		m.Add(1, lang.ARN(r, false))
	}
	m.Add(1, lang.Literal(s.arn)) // whom the holder becomes is another one, and whom it makes, too
	for i, p := range patterns {
		if strings.Trim(p, "*") == "" {
			m.Add(2+i, lang.Pattern{{Class: lang.Any, Run: true}})
		} else if pattern := lang.ARN(p, true); pattern != nil {
			m.Add(2+i, pattern)
		}
	}
	var list []cell
	m.Walk(bitset.Of(2+len(patterns), 0), maxStates, func(signature bitset.Set, text string) bool {
		if signature.Has(1) {
			return true
		}
		c := cell{arn: readable(m, signature, text, on.Name)}
		for i, p := range patterns {
			if signature.Has(2 + i) {
				c.in = append(c.in, p)
			}
		}
		list = append(list, c)
		return true
	})
	slices.SortStableFunc(list, func(a, b cell) int { return len(a.in) - len(b.in) })
	s.candidates[key] = list
	return list
}

// reserved are roles that nobody but AWS can make, change or pass, and names that IAM does not take: ${aws:username}, where that is
// no variable.
var reserved = []string{"arn:*:iam::*:role/aws-reserved/*", "arn:*:iam::*:role/aws-service-role/*", "arn:*:iam::*:*$*"}

// formatsOf returns the formats of the ARNs of a resource type, in the holder's account.
func (s *Asker) formatsOf(service, resourceType string) (formats []string) {
	svc, ok := authref.Lookup(service)
	if !ok || resourceType == "" {
		return nil
	}
	t, ok := svc.ResourceType(resourceType)
	if !ok {
		return nil
	}
	for _, f := range t.ARNs {
		if strings.Count(f, ":") >= 5 {
			formats = append(formats, strings.NewReplacer("${Partition}", "aws", "${Account}", s.account).Replace(f))
			if service == "ssm" && resourceType == "document" {
				formats = append(formats, strings.NewReplacer("${Partition}", "aws", "${Account}", "").Replace(f))
			}
		}
	}
	return formats
}

// isAWSDocument reports whether a resource is a document of Systems Manager that is AWS's, such as AWS-RunShellScript: it is in no
// account, which the service reference does not tell.
func isAWSDocument(resource string) bool {
	parts := strings.SplitN(resource, ":", 6)
	return len(parts) == 6 && parts[2] == "ssm" && parts[4] == "" && strings.HasPrefix(parts[5], "document/")
}

func formatPattern(format string) (p lang.Pattern) {
	for i, part := range strings.SplitN(format, ":", 6) {
		if i > 0 {
			p = append(p, lang.Literal(":")...)
		}
		p = append(p, lang.FormatPart(part, i)...)
	}
	return p
}

// readable returns a text of a signature that reads better than one as short as can be: with a region that exists, and with words in
// place of what stands for any text.
func readable(m *lang.Machine, signature bitset.Set, text, name string) string {
	same := func(t string) bool { return m.Signature(t).Equal(signature) }
	parts := strings.SplitN(text, ":", 6)
	better := func(place *string, choices ...string) {
		was := *place
		for _, *place = range choices {
			if same(strings.Join(parts, ":")) {
				return
			}
		}
		*place = was
	}
	if parts[3] != "" {
		better(&parts[3], "us-east-1")
	}
	word := map[string]string{Own: "mine", Other: "admin"}[name]
	if word == "" {
		word = "example"
	}
	single := parts[5]
	for strings.Contains(single, "//") {
		single = strings.ReplaceAll(single, "//", "/")
	}
	if strings.HasSuffix(single, "/") {
		single += word
	}
	better(&parts[5], single)
	// The resource part, run by run between slashes and colons; the first is the resource type, if there are more.
	for at, i := 0, 0; at <= len(parts[5]); i++ {
		n := strings.IndexAny(parts[5][at:], "/:")
		if n < 0 {
			n = len(parts[5]) - at
		}
		bare := parts[5][at : at+n]
		before, after := parts[5][:at], parts[5][at+n:]
		if i > 0 || after == "" {
			head := bare
			if cut := strings.IndexFunc(bare, func(r rune) bool { return r >= lang.Private }); cut >= 0 {
				head = bare[:cut]
			}
			switch r, _ := utf8.DecodeLastRuneInString(head); {
			case len(head) == 1 && !unicode.IsLetter(r) && !unicode.IsDigit(r):
				better(&parts[5], before+word+after, before+word+head+word+after, before+head+word+after)
			case len(head) <= 1:
				better(&parts[5], before+word+after, before+head+word+after)
			case !unicode.IsLetter(r) && !unicode.IsDigit(r) || head != bare:
				better(&parts[5], before+head+word+after)
			}
		}
		at = len(parts[5]) - len(after) + 1
	}
	return strings.Join(parts, ":")
}

// scopeOf returns the patterns by which the holder is allowed an action on cells, but for those that are *.
func (s *Asker) scopeOf(action string, cells []cell) (scope []string) {
	for _, c := range cells {
		for _, st := range s.about(action) {
			if st.t != eval.Identity || st.src.Effect != policy.Allow || st.src.Resource.Not {
				continue
			}
			for _, r := range st.src.Resource.Strings() {
				if slices.Contains(c.in, s.filled(st, r)) && !slices.Contains(scope, r) {
					scope = append(scope, r)
				}
			}
		}
	}
	if slices.Contains(scope, "*") { // all but what a Deny names
		return nil
	}
	return scope
}
