package escalate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/policy"
)

// This file fills in policy variables that the holder settles: what the policies say of it is then said without them, and can be
// proved. Names of users and ids of accounts have no wildcards.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

// settled returns the values of the variables that the holder settles, by name in lower case.
func (s *Asker) settled() map[string]string {
	known := map[string]string{"${aws:principalaccount}": s.account}
	if s.kind == "user" {
		known["${aws:username}"] = s.arn[strings.LastIndexByte(s.arn, '/')+1:]
	}
	return known
}

// filled returns a pattern of a statement's Resource element with the variables that the holder settles; any text for the others.
func (s *Asker) filled(st *statement, pattern string) string {
	if !st.version.HasVariables() {
		return pattern
	}
	known := s.settled()
	return variable.ReplaceAllStringFunc(pattern, func(v string) string {
		switch v {
		case "${*}", "${?}", "${$}":
			return v
		}
		if value, ok := known[strings.ToLower(v)]; ok {
			return value
		}
		return "*"
	})
}

// nowhere is a resource that there is not.
const nowhere = "arn:aws:iam::000000000000:nothing"

// namesUser reports whether a value has the variable of a user's name.
func namesUser(v policy.Value) bool {
	return slices.ContainsFunc(variable.FindAllString(v.Text, -1), func(v string) bool { return strings.EqualFold(v, "${aws:username}") })
}

// fillAll returns policies with the variables that the holder settles filled in, and whether there was one.
func (s *Asker) fillAll(p prove.Policies) (filled prove.Policies, some bool) {
	known := s.settled()
	text := func(t string) string {
		if !strings.Contains(t, "${") {
			return t
		}
		return variable.ReplaceAllStringFunc(t, func(v string) string {
			if value, ok := known[strings.ToLower(v)]; ok {
				some = true
				return value
			}
			return v
		})
	}
	one := func(doc *policy.Document) *policy.Document {
		if doc == nil || !doc.Version.HasVariables() {
			return doc
		}
		before := some
		some = false
		c := *doc
		c.Statements = nil
		for i := range doc.Statements {
			st := doc.Statements[i].Clone()
			for j := range st.Resource.Values {
				if s.kind == "role" && namesUser(st.Resource.Values[j]) { // which a role's sessions have no name for
					st.Resource.Values[j].Text, some = nowhere, true
					continue
				}
				st.Resource.Values[j].Text = text(st.Resource.Values[j].Text)
			}
			for j := range st.Condition {
				for k := range st.Condition[j].Values {
					st.Condition[j].Values[k].Text = text(st.Condition[j].Values[k].Text)
				}
			}
			c.Statements = append(c.Statements, st)
		}
		if !some { // the same document, so that it can be told to be
			some = before
			return doc
		}
		return &c
	}
	all := func(list []*policy.Document) []*policy.Document {
		list = slices.Clone(list)
		for i := range list {
			list[i] = one(list[i])
		}
		return list
	}
	levels := func(list [][]*policy.Document) [][]*policy.Document {
		list = slices.Clone(list)
		for i := range list {
			list[i] = all(list[i])
		}
		return list
	}
	filled = prove.Policies{
		Identity: all(p.Identity), Boundary: one(p.Boundary), Session: all(p.Session), SCPs: levels(p.SCPs), RCPs: levels(p.RCPs),
	}
	return filled, some
}
