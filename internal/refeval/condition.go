package refeval

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/policy"
)

// An operator is a condition operator, taken apart.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type operator struct {
	set      string // "", "forallvalues" or "foranyvalue"
	base     string // in lower case, and without the negation: "stringequals", "ipaddress"
	negated  bool
	ifExists bool
}

// operators are the names in lower case, with the operator that they negate.
var operators = map[string]string{
	"stringequals": "", "stringequalsignorecase": "", "stringlike": "",
	"stringnotequals": "stringequals", "stringnotequalsignorecase": "stringequalsignorecase", "stringnotlike": "stringlike",
	"numericequals": "", "numericnotequals": "numericequals", "numericlessthan": "", "numericlessthanequals": "",
	"numericgreaterthan": "", "numericgreaterthanequals": "",
	"dateequals": "", "datenotequals": "dateequals", "datelessthan": "", "datelessthanequals": "",
	"dategreaterthan": "", "dategreaterthanequals": "",
	"bool": "", "binaryequals": "", "null": "",
	"ipaddress": "", "notipaddress": "ipaddress",
	"arnequals": "", "arnlike": "", "arnnotequals": "arnequals", "arnnotlike": "arnlike",
}

func parseOperator(text string) (operator, error) {
	var op operator
	name := strings.ToLower(text)
	for _, set := range []string{"forallvalues", "foranyvalue"} {
		if rest, ok := strings.CutPrefix(name, set+":"); ok {
			op.set, name = set, rest
			break
		}
	}
	if rest, ok := strings.CutSuffix(name, "ifexists"); ok {
		op.ifExists, name = true, rest
	}
	negates, known := operators[name]
	if !known {
		return op, fmt.Errorf("there is no condition operator %q", text)
	}
	op.base = name
	if negates != "" {
		op.base, op.negated = negates, true
	}
	// "You can add IfExists to the end of any condition operator name except the Null condition."
	if op.base == "null" && (op.ifExists || op.set != "") {
		return op, fmt.Errorf("Null takes neither IfExists nor a set operator: %q", text)
	}
	return op, nil
}

// takesVariables: "You can use a policy variable with the String condition operator", ARN and Boolean; with Numeric,
// Date, Binary, IpAddress and Null you can not.
func (op operator) takesVariables() bool {
	return strings.HasPrefix(op.base, "string") || strings.HasPrefix(op.base, "arn") || op.base == "bool"
}

// reads reports whether a value of the policy is one that the operator can compare with.
func (op operator) reads(text string) (ok bool) {
	switch {
	case strings.HasPrefix(op.base, "numeric"):
		_, ok = parseNumber(text)
	case strings.HasPrefix(op.base, "date"):
		_, ok = parseDate(text)
	case op.base == "bool", op.base == "null":
		_, ok = parseBool(text)
	case op.base == "binaryequals":
		_, ok = parseBinary(text)
	case op.base == "ipaddress":
		_, ok = parseBlock(text)
	default:
		ok = true
	}
	return ok
}

// conditionMet tests one key under one operator.
func (r *request) conditionMet(doc *policy.Document, c policy.Condition) bool {
	op, err := parseOperator(c.Operator.Text)
	if err != nil || len(c.Values) == 0 {
		return false
	}
	values := r.values(c.Key.Text)
	if op.base == "null" { // "true (the key doesn't exist — it is null) or false (the key exists and its value is not null)"
		for _, text := range c.Strings() {
			if want, ok := parseBool(text); ok && want == (values == nil) {
				return true
			}
		}
		return false
	}
	fits := func(value string) bool { // one value of the request against those of the policy
		for _, text := range c.Strings() {
			if r.fits(doc, op, text, value) {
				return !op.negated // "evaluated using a logical OR", and a negated operator with a NOR
			}
		}
		return op.negated
	}
	switch {
	case op.set == "foranyvalue": // "returns false" without a matching key, or on an empty set
		for _, v := range values {
			if fits(v) {
				return true
			}
		}
		return false
	case op.set == "forallvalues": // "also returns true if there are no keys in the request"
		for _, v := range values {
			if !fits(v) {
				return false
			}
		}
		return true
	case len(values) == 0:
		// "If the key is not present, evaluate the condition element as true." Without IfExists "the values do not
		// match", and "if the policy condition requires that the key is not matched …, the condition is true".
		return op.ifExists || op.negated
	case len(values) > 1 || authref.Multivalued(c.Key.Text): // "Multivalued context keys require a condition set operator."
		return false
	}
	return fits(values[0])
}

// fits compares a value of the request with one of the policy under the operator that op negates, or is.
func (r *request) fits(doc *policy.Document, op operator, text, value string) bool {
	if !op.takesVariables() {
		return compare(op.base, text, value)
	}
	wildcards := op.base == "stringlike" || strings.HasPrefix(op.base, "arn")
	pattern := wild(text)
	if doc.Version.HasVariables() {
		var known bool
		if pattern, known = r.substitute(text); !known {
			return false
		}
	}
	switch {
	case strings.HasPrefix(op.base, "arn"): // "ArnEquals and ArnLike condition operators behave identically"
		return matchARN(pattern, value)
	case wildcards:
		return like(pattern, value)
	}
	var b strings.Builder
	for _, s := range pattern {
		b.WriteRune(s.char)
	}
	switch op.base {
	case "stringequals": // "exact matching, case sensitive"
		return b.String() == value
	case "stringequalsignorecase": // "exact matching, ignoring case"
		return strings.EqualFold(b.String(), value)
	}
	want, ok := parseBool(b.String())
	is, isBool := parseBool(value)
	return ok && isBool && want == is
}

func compare(base, text, value string) bool {
	if family, relation, ok := strings.Cut(base, "numeric"); ok && family == "" {
		want, ok := parseNumber(text)
		is, isNumber := parseNumber(value)
		return ok && isNumber && ordered(relation, is.Cmp(want))
	}
	if family, relation, ok := strings.Cut(base, "date"); ok && family == "" {
		want, ok := parseDate(text)
		is, isDate := parseDate(value)
		return ok && isDate && ordered(relation, is.Compare(want))
	}
	switch base {
	case "binaryequals": // "byte for byte against a base-64 encoded representation of the binary value"
		want, ok := parseBinary(text)
		is, isBinary := parseBinary(value)
		return ok && isBinary && want == is
	case "ipaddress":
		block, ok := parseBlock(text)
		is, err := netip.ParseAddr(value)
		return ok && err == nil && block.Contains(is)
	}
	return false
}

func ordered(relation string, cmp int) bool {
	switch relation {
	case "equals":
		return cmp == 0
	case "lessthan":
		return cmp < 0
	case "lessthanequals":
		return cmp <= 0
	case "greaterthan":
		return cmp > 0
	case "greaterthanequals":
		return cmp >= 0
	}
	return false
}

var number = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$`)

// parseNumber reads "an integer or decimal value", of any size.
func parseNumber(text string) (*big.Rat, bool) {
	if !number.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// w3cDates are the "W3C implementations of the ISO 8601 date formats": a year, a month, a day, or a time of the day with
// its zone.
// https://www.w3.org/TR/NOTE-datetime
var w3cDates = []struct {
	shape  *regexp.Regexp
	layout string
}{
	{regexp.MustCompile(`^[0-9]{4}$`), "2006"},
	{regexp.MustCompile(`^[0-9]{4}-[0-9]{2}$`), "2006-01"},
	{regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`), "2006-01-02"},
	{regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$`), "2006-01-02T15:04Z07:00"},
	{regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`), "2006-01-02T15:04:05Z07:00"},
}

var epoch = regexp.MustCompile(`^-?[0-9]+$`)

// parseDate reads a date in one of these formats "or in epoch (UNIX) time". Four digits are a year.
func parseDate(text string) (time.Time, bool) {
	for _, format := range w3cDates {
		if format.shape.MatchString(text) {
			t, err := time.Parse(format.layout, text)
			return t, err == nil
		}
	}
	if !epoch.MatchString(text) {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func parseBool(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

func parseBinary(text string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(text)
	return string(b), err == nil
}

// parseBlock reads an address or a CIDR block: "If you specify an IP address without the associated routing prefix, IAM
// uses the default prefix value of /32."
func parseBlock(text string) (netip.Prefix, bool) {
	if block, err := netip.ParsePrefix(text); err == nil {
		return block.Masked(), true
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address, address.BitLen()), true
}

// values returns what the request has for a key, nil if it is absent. "Condition key names are not case-sensitive."
func (r *request) values(key string) []string {
	for k, values := range r.Context {
		if strings.EqualFold(k, key) && len(values) > 0 {
			return values
		}
	}
	if value := r.derived(strings.ToLower(key)); value != "" {
		return []string{value}
	}
	return nil
}

// variable returns the value of a policy variable. "You cannot use multivalued context keys as policy variables."
func (r *request) variable(p piece) (string, bool) {
	values := r.values(p.text)
	switch {
	case len(values) == 0 && p.hasDefault:
		return p.fallback, true
	case len(values) != 1 || authref.Multivalued(p.text):
		return "", false
	}
	return values[0], true
}

// derived returns the global keys that follow from the principal and the resource; empty if absent.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (r *request) derived(key string) string {
	who := r.who
	switch key {
	case "aws:principalarn":
		if role := who.roleARN(); role != "" { // "for IAM roles, the request context returns the ARN of the role"
			return role
		}
		if who.isOfAnAccount() {
			return who.arn
		}
	case "aws:principalaccount":
		if accountID.MatchString(who.account) {
			return who.account
		}
		if who.kind == anonymous { // "anonymous requests return anonymous"
			return "anonymous"
		}
	case "aws:principaltype":
		return map[kind]string{
			user: "User", root: "Account", iamRole: "AssumedRole", assumedRole: "AssumedRole",
			federatedUser: "FederatedUser", anonymous: "Anonymous",
		}[who.kind]
	case "aws:principalisawsservice":
		switch {
		case who.kind == service:
			return "true"
		case who.isOfAnAccount():
			return "false"
		}
	case "aws:principalservicename":
		if who.kind == service {
			return who.name
		}
	case "aws:username":
		if who.kind == user {
			return lastName(who.path)
		}
	case "aws:userid":
		if who.kind == federatedUser && who.id == "" { // "account:caller-specified-name"
			return who.account + ":" + lastName(who.path)
		}
		return who.id
	case "aws:calledviafirst":
		if chain := r.values("aws:CalledVia"); len(chain) > 0 {
			return chain[0]
		}
	case "aws:calledvialast":
		if chain := r.values("aws:CalledVia"); len(chain) > 0 {
			return chain[len(chain)-1]
		}
	case "aws:resourceaccount":
		if accountID.MatchString(r.account) {
			return r.account
		}
	}
	return ""
}
