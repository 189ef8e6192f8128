package validate

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"

	cond "github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// conditionValues judges what keys are compared with.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func (d *document) conditionValues() {
	for _, s := range d.statements {
		for _, c := range s.condition {
			d.checkDataTypes(c)
			if !c.known {
				continue
			}
			if (c.family == boolFamily || c.family == nullFamily) && c.set == noSet && len(c.values) > 1 {
				d.report("INVALID_CONDITION_MULTIPLE_BOOLEAN", c.value.location(), "%s compares with one value; write true or false", c.base)
			}
			for _, v := range c.values {
				if !hasVariable(v.Text) {
					d.checkOperatorValue(c, v)
					d.checkKeyValue(c, v)
				}
			}
			if c.family == ipFamily && strings.EqualFold(c.key, "aws:SourceIp") {
				d.checkPrivate(c)
			}
		}
	}
}

// checkDataTypes reports a list of values of different JSON types.
func (d *document) checkDataTypes(c *condition) {
	for _, v := range c.values[min(1, len(c.values)):] {
		if first := c.values[0]; v.Kind != first.Kind {
			d.report("INVALID_CONDITION_DATA_TYPE", v.location(), "the list has %v, but begins with %v; write all values as strings", v.Kind, first.Kind)
			return
		}
	}
}

// checkOperatorValue reports a value that the operator cannot compare with.
func (d *document) checkOperatorValue(c *condition, v value) {
	text := v.Text
	switch c.family {
	case boolFamily, nullFamily:
		if !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
			d.report("TYPE_MISMATCH_BOOLEAN", v.location(), "%s compares with true or false, not with %s", c.base, quoted(text))
		}
	case dateFamily:
		switch {
		case !compiles(c, text):
			d.report("TYPE_MISMATCH_DATE", v.location(), "%s is no date; write YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ", quoted(text))
		case strings.Trim(text, "-0123456789") == "" && (len(text) < 4 || !strings.Contains(text[1:], "-")) && len(text) != 4:
			d.report("INVALID_DATE_VALUE", v.location(), "%s is read as seconds since 1970; write YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ", quoted(text))
		}
	case numericFamily:
		if !compiles(c, text) {
			d.report("TYPE_MISMATCH_NUMBER", v.location(), "%s is no number", quoted(text))
		}
	case binaryFamily:
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			d.report("TYPE_MISMATCH_STRING", v.location(), "%s is not in base64", quoted(text))
		}
	case ipFamily:
		d.checkIPRange(v)
	}
}

// compiles reports whether package condition can read the value under the operator.
func compiles(c *condition, text string) bool {
	_, err := cond.Compile(policy.Condition{
		Operator: policy.Value{Text: c.base}, Key: policy.Value{Text: "aws:CurrentTime"}, Values: []policy.Value{{Text: text}},
	}, cond.Options{Version: policy.V2012})
	return err == nil
}

// parseIPRange reads a CIDR block, or an address as the block of itself, with the bits behind the mask.
func parseIPRange(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func (d *document) checkIPRange(v value) {
	p, ok := parseIPRange(v.Text)
	switch {
	case !ok:
		d.report("TYPE_MISMATCH_IP_RANGE", v.location(), "%s is no address range; write it as in 203.0.113.0/24 or 2001:db8::/32", quoted(v.Text))
	case p != p.Masked():
		d.report("IMPROVE_IP_RANGE", v.location(), "the bits behind the mask do not count; write %s", p.Masked())
	}
}

// checkPrivate judges the values of aws:SourceIp, which is a public address.
func (d *document) checkPrivate(c *condition) {
	var private []Location
	for _, v := range c.values {
		if p, ok := parseIPRange(v.Text); ok && isPrivate(p) {
			private = append(private, v.location())
		}
	}
	if len(private) == 0 {
		return
	}
	code := "PRIVATE_IP_ADDRESS"
	if c.negated {
		code = "PRIVATE_NOT_IP_ADDRESS"
	}
	switch {
	case len(private) < len(c.values):
		d.reportAll(code+"_SUBSET", private, "aws:SourceIp is never a private address, so this one has no effect; remove it, or use aws:VpcSourceIp")
	case c.negated:
		d.reportAll(code, private, "aws:SourceIp is never a private address, so this holds for everybody; write public addresses, or use aws:VpcSourceIp")
	default:
		d.reportAll(code, private, "aws:SourceIp is never a private address, so this never holds; write public addresses, or use aws:VpcSourceIp")
	}
}

// privateRanges are those that no request from the internet comes from.
// https://www.rfc-editor.org/rfc/rfc1918, https://www.rfc-editor.org/rfc/rfc4193
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}

func isPrivate(p netip.Prefix) bool {
	return slices.ContainsFunc(privateRanges, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Contains(p.Addr()) })
}

// checkKeyValue reports a value that the key never has.
func (d *document) checkKeyValue(c *condition, v value) {
	if keyARNKeys[strings.ToLower(c.key)] && (c.family == stringFamily || c.family == arnFamily) && !canBeKeyARN(v.Text) {
		d.report("INVALID_KMS_KEY_VALUE", v.location(), "%s is no ARN of a KMS key; write arn:aws:kms:region:account:key/id", quoted(v.Text))
	}
	if c.family != stringFamily || v.Kind != jsontree.String {
		return
	}
	key := strings.ToLower(c.key)
	wildcards := c.isLike() && strings.ContainsAny(v.Text, "*?")
	switch {
	case regionKeys[key]:
		if p := glob.Compile(v.Text); wildcards && !slices.ContainsFunc(regions, p.Match) || !wildcards && !isRegion(v.Text) {
			d.report("INVALID_REGION", v.location(), "there is no Region %s%s", quoted(v.Text), d.didYouMean(v.Text, regions))
		}
	case strings.ContainsAny(v.Text, "*?"): // reported as such, if it is no wildcard
	case vpcKeys[key] && !isVPCID(v.Text, "vpc-"):
		d.report("INVALID_VPC_FORMAT", v.location(), "%s is no id of a VPC; write vpc- and 8 or 17 letters and digits", quoted(v.Text))
	case vpceKeys[key] && !isVPCID(v.Text, "vpce-"):
		d.report("INVALID_VPCE_FORMAT", v.location(), "%s is no id of a VPC endpoint; write vpce- and 8 or 17 letters and digits", quoted(v.Text))
	case serviceKeys[key] && !isServicePrincipal(v.Text):
		d.report("INVALID_SERVICE_PRINCIPAL_FORMAT", v.location(), "%s is no service principal; write service.amazonaws.com", quoted(v.Text))
	case regionalServiceKeys[key] && !isRegionalService(v.Text):
		d.report("INVALID_SERVICE_PRINCIPAL_FORMAT", v.location(), "%s is no service in a Region; write service.region.amazonaws.com", quoted(v.Text))
	}
}

// canBeKeyARN reports whether a pattern matches the ARN of some key of KMS.
func canBeKeyARN(pattern string) bool {
	p := cutARN(pattern)
	if p.n < numFields {
		return intersect(pattern, "arn:*:kms:*:*:key/*")
	}
	return intersect(p.field[fieldPrefix], "arn") && intersect(p.field[fieldService], "kms") && intersect(p.field[fieldResource], "key/*")
}

func isRegion(s string) bool { return slices.Contains(regions, s) }

// isVPCID reports whether a text is the prefix and 8 or 17 letters and digits.
func isVPCID(s, prefix string) bool {
	id, ok := strings.CutPrefix(s, prefix)
	return ok && (len(id) == 8 || len(id) == 17) && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// isRegionalService reports whether a text is of the form service.region.amazonaws.com.
func isRegionalService(s string) bool {
	return isServicePrincipal(s) && slices.ContainsFunc(strings.Split(strings.ToLower(s), "."), isRegion)
}
