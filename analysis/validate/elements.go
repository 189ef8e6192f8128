package validate

import (
	"slices"
	"strings"

	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/internal/spelling"
	"github.com/writ-iam/writ/policy"
)

// The elements of the policy grammar.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
var (
	documentElements  = []string{"Version", "Id", "Statement"}
	statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)

// elements judges which elements there are and whether they have the right JSON type.
func (d *document) elements() {
	if !d.wants(d.root, "the policy document", jsontree.Object) {
		return
	}
	d.checkKeys(d.root, documentElements, "the policy document")
	version, statement := false, false
	for _, m := range d.root.members() {
		switch m.name {
		case "Version":
			version = true
			d.checkVersion(m.value)
		case "Id":
			d.wants(m.value, "Id", jsontree.String)
		case "Statement":
			statement = true
			d.checkStatements(m.value)
		}
	}
	if !version {
		d.report("MISSING_VERSION", d.root.location(), `there is no Version, so policy variables are text; add "Version": "2012-10-17"`)
	}
	if !statement {
		d.report("MISSING_STATEMENT", d.root.location(), "the policy has no Statement; add one")
	}
	for _, s := range d.statements {
		d.checkStatement(s)
	}
}

// wants reports a value that is of none of the kinds, and says whether it is of one.
func (d *document) wants(v value, what string, kinds ...jsontree.Kind) bool {
	if slices.Contains(kinds, v.Kind) {
		return true
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.String()
	}
	d.report("DATA_TYPE_MISMATCH", v.location(), "%s is %v; write %s", what, v.Kind, strings.Join(names, " or "))
	return false
}

// wantsStrings is wants for a string or a list of strings.
func (d *document) wantsStrings(v value, what string) {
	if d.wants(v, what, jsontree.String, jsontree.Array) && v.Kind == jsontree.Array {
		for i := range v.Elements {
			d.wants(v.element(i), "a value of "+what, jsontree.String)
		}
	}
}

// checkKeys reports keys that the object does not have, and those given twice.
func (d *document) checkKeys(v value, known []string, what string) {
	seen := map[string]bool{}
	for _, m := range v.members() {
		switch {
		case !slices.Contains(known, m.name):
			d.report("INVALID_POLICY_ELEMENT", m.key, "%s has no element %s%s", what, quoted(m.name), d.didYouMean(m.name, known))
		case seen[m.name]:
			d.report("JSON_SYNTAX_ERROR", m.key, "the key %s is given twice; remove one", m.name)
		}
		seen[m.name] = true
	}
}

func (d *document) checkVersion(v value) {
	if d.wants(v, "Version", jsontree.String) && d.version == "" {
		d.report("INVALID_VERSION", v.location(), "%s is no version of the policy language; write %q", quoted(v.Text), policy.V2012)
	}
}

func (d *document) checkStatements(v value) {
	if !d.wants(v, "Statement", jsontree.Object, jsontree.Array) || v.Kind == jsontree.Object {
		return
	}
	if len(v.Elements) == 0 {
		d.report("MISSING_STATEMENT", v.location(), "the list of statements is empty; add a statement")
	}
	for i := range v.Elements {
		d.wants(v.element(i), "the statement", jsontree.Object)
	}
}

func (d *document) checkStatement(s *statement) {
	d.checkKeys(s.value, statementElements, "a statement")
	effect := false
	for _, m := range s.members() {
		switch m.name {
		case "Sid":
			d.wants(m.value, "Sid", jsontree.String)
		case "Effect":
			effect = true
			if d.wants(m.value, "Effect", jsontree.String) && s.effect == "" {
				d.report("INVALID_EFFECT", m.value.location(), "the effect %s is neither Allow nor Deny%s", quoted(m.value.Text), d.didYouMean(m.value.Text, []string{"Allow", "Deny"}))
			}
			if d.Type == RCP && s.effect == policy.Allow && !s.allowsAll() {
				d.report("RCP_SYNTAX_ERROR_ALLOW", m.value.location(), "a resource control policy of yours only denies; write Deny")
			}
		case "Action", "NotAction", "Resource", "NotResource":
			d.wantsStrings(m.value, m.name)
		case "Condition":
			d.checkCondition(m.value)
		}
	}
	if !effect {
		d.report("MISSING_EFFECT", s.location(), `the statement has no Effect; add "Effect": "Allow" or "Deny"`)
	}
	if !s.action.present {
		d.report("MISSING_ACTION", s.location(), "the statement has no Action; add Action or NotAction")
	}
	if !s.resource.present && d.Type != Trust {
		d.report("MISSING_RESOURCE", s.location(), "the statement has no Resource; add Resource or NotResource")
	}
	for _, name := range []string{"Action", "Resource", "Principal"} {
		d.checkPair(s, name)
	}
	if d.Type == RCP && s.action.not {
		d.report("RCP_SYNTAX_ERROR_NOTACTION", s.action.key, "a resource control policy has no NotAction; list the actions in Action")
	}
}

// allowsAll reports whether the statement allows everything, as the one of RCPFullAWSAccess does.
func (s *statement) allowsAll() bool {
	all := func(e *element) bool { return !e.not && len(e.values) == 1 && e.values[0].Text == "*" }
	return s.effect == policy.Allow && all(&s.action) && all(&s.resource) && s.principal.everybody && len(s.condition) == 0
}

// checkPair reports a statement that has an element and its negation.
func (d *document) checkPair(s *statement, name string) {
	var at []Location
	for _, m := range s.members() {
		if m.name == name || m.name == "Not"+name {
			at = append(at, m.key)
		}
	}
	if len(at) > 1 && s.hasKey(name) && s.hasKey("Not"+name) {
		d.reportAll("UNSUPPORTED_ELEMENT_COMBINATION", []Location{at[1], at[0]}, "the statement has both %s and Not%s; keep one of them", name, name)
	}
}

func (v value) hasKey(name string) bool {
	return slices.ContainsFunc(v.Members, func(m jsontree.Member) bool { return m.Key.Text == name })
}

func (d *document) checkCondition(v value) {
	if !d.wants(v, "Condition", jsontree.Object) {
		return
	}
	for _, operator := range v.members() {
		if !d.wants(operator.value, "the operator "+quoted(operator.name), jsontree.Object) {
			continue
		}
		for _, key := range operator.value.members() {
			what := "the value of the key " + quoted(key.name)
			if !d.wants(key.value, what, jsontree.String, jsontree.Number, jsontree.Bool, jsontree.Array) || key.value.Kind != jsontree.Array {
				continue
			}
			for i := range key.value.Elements {
				d.wants(key.value.element(i), "a value of the key "+quoted(key.name), jsontree.String, jsontree.Number, jsontree.Bool)
			}
		}
	}
}

// empty judges elements that hold nothing.
func (d *document) empty() {
	isEmpty := func(v value) bool { return v.Kind == jsontree.Array && len(v.Elements) == 0 }
	for _, s := range d.statements {
		if !s.action.not && isEmpty(s.action.value.orNull()) {
			d.report("EMPTY_ARRAY_ACTION", s.action.value.location(), "the statement names no action, so it does nothing; add actions or remove the statement")
		}
		if !s.resource.not && isEmpty(s.resource.value.orNull()) {
			d.report("EMPTY_ARRAY_RESOURCE", s.resource.value.location(), "the statement names no resource, so it does nothing; add resources or remove the statement")
		}
		for _, m := range s.members() {
			switch {
			case m.name == "Condition" && m.value.Kind == jsontree.Object:
				d.emptyCondition(m.value)
			case m.name == "Principal" || m.name == "NotPrincipal":
				d.emptyPrincipal(m.value)
			}
		}
	}
}

// orNull returns the value, and null for that of an element that is not there.
func (v value) orNull() value {
	if v.Node == nil {
		return value{Node: &jsontree.Node{}}
	}
	return v
}

func (d *document) emptyPrincipal(v value) {
	if v.Kind == jsontree.Object && len(v.Members) == 0 {
		d.report("EMPTY_OBJECT_PRINCIPAL", v.location(), "the statement names no principal, so it does nothing; add principals or remove the statement")
	}
	if v.Kind == jsontree.Array && len(v.Elements) == 0 {
		d.report("EMPTY_ARRAY_PRINCIPAL", v.location(), "the statement names no principal, so it does nothing; add principals or remove the statement")
	}
	for _, m := range v.members() {
		if m.value.Kind == jsontree.Array && len(m.value.Elements) == 0 {
			d.report("EMPTY_ARRAY_PRINCIPAL", m.value.location(), "the list of %s principals is empty; add principals or remove it", quoted(m.name))
		}
	}
}

func (d *document) emptyCondition(v value) {
	if len(v.Members) == 0 {
		d.report("EMPTY_OBJECT_CONDITION", v.location(), "the Condition is empty and does nothing; add conditions or remove it")
	}
	for _, operator := range v.members() {
		if operator.value.Kind == jsontree.Object && len(operator.value.Members) == 0 {
			d.report("EMPTY_OBJECT_CONDITION", operator.value.location(), "the operator has no keys and does nothing; add a key or remove it")
		}
		for _, key := range operator.value.members() {
			if key.value.Kind != jsontree.Array || len(key.value.Elements) > 0 {
				continue
			}
			switch op := parseOperator(operator.name); {
			case op.set == forAllValues:
				d.report("EMPTY_ARRAY_CONDITION_FORALLVALUES", key.value.location(), `ForAllValues without values holds only if the key is absent; write "Null": {%s: "true"}`, quoted(key.name))
			case op.set == forAnyValue:
				d.report("EMPTY_ARRAY_CONDITION_FORANYVALUE", key.value.location(), "ForAnyValue without values never holds; add values or remove the condition")
			case op.ifExists:
				d.report("EMPTY_ARRAY_CONDITION_IFEXISTS", key.value.location(), `IfExists without values holds only if the key is absent; write "Null": {%s: "true"}`, quoted(key.name))
			default:
				d.report("EMPTY_ARRAY_CONDITION", key.value.location(), "the key %s has no values to compare with; add values or remove the condition", quoted(key.name))
			}
		}
	}
}

// sids judges the statement ids. IAM and Organizations take letters and digits only and want them to be unique; services
// with policies of their own resources take more.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
func (d *document) sids() {
	first := map[string]Location{}
	for _, s := range d.statements {
		for _, m := range s.members() {
			if m.name != "Sid" || m.value.Kind != jsontree.String {
				continue
			}
			sid := m.value
			if sid.Text == "" {
				d.report("EMPTY_SID_VALUE", sid.location(), "the Sid is empty; give it a value or remove it")
				continue
			}
			other := strings.IndexFunc(sid.Text, func(r rune) bool {
				return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
			})
			if d.Type != Resource && other >= 0 {
				d.report("UNSUPPORTED_SID", sid.location(), "the Sid %s has a character other than A-Z, a-z and 0-9; remove it", quoted(sid.Text))
			}
			at, twice := first[sid.Text]
			switch {
			case !twice:
				first[sid.Text] = sid.location()
			case d.Type == Resource:
				d.reportAll("UNIQUE_SIDS_RECOMMENDED", []Location{sid.location(), at}, "the Sid %s is given to another statement, too; change one", quoted(sid.Text))
			default:
				d.reportAll("UNIQUE_SIDS_REQUIRED", []Location{sid.location(), at}, "the Sid %s is given to another statement, too; change one", quoted(sid.Text))
			}
		}
	}
}

// didYouMean returns the name among the known that is most like one that is not known, as the end of a sentence; or what
// else to write, if there are few.
func (d *document) didYouMean(name string, known []string) string {
	if best := d.nearest(name, known); best != "" {
		return "; did you mean " + best + "?"
	}
	if len(known) > 0 && len(known) <= 10 {
		return "; write " + orList(known)
	}
	return ""
}

// nearest returns the known name that is most like name, and "" if none is.
func (d *document) nearest(name string, known []string) (best string) {
	if d.suggestions++; len(name) > 128 || d.suggestions > maxSuggestions {
		return ""
	}
	lower := strings.ToLower(name)
	least := 2 + len(name)/8
	for _, k := range known {
		folded := strings.ToLower(k)
		if max(len(k)-len(name), len(name)-len(k)) >= least {
			continue
		}
		if n := spelling.Distance(lower, folded); n < least && n < len(k) {
			best, least = k, n
		}
	}
	return best
}
