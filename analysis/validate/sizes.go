package validate

import "unicode/utf8"

// sizes judges the size of the document against AWS's quotas.
func (d *document) sizes() {
	all := utf8.RuneCount(d.src)
	exceeds := func(code string, size, quota int, what, instead string) {
		if size > quota {
			d.report(code, d.root.location(), "the policy has %d characters; %s may have %d, so %s", size, what, quota, instead)
		}
	}
	const (
		split   = "make several of it"
		shorten = "make it shorter"
	)
	switch d.Type {
	case Identity:
		exceeds("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", all-d.whiteSpace(), identityQuota, "a managed policy", split)
	case SCP:
		exceeds("POLICY_SIZE_EXCEEDS_SCP_QUOTA", all, scpQuota, "a service control policy", split)
	case RCP:
		exceeds("POLICY_SIZE_EXCEEDS_RCP_QUOTA", all, rcpQuota, "a resource control policy", split)
	case Trust:
		exceeds("POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", all-d.whiteSpace(), trustQuota, "a trust policy", shorten+" or have the quota raised")
	case Resource:
		if d.ResourceType != "" {
			exceeds("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", all, bucketQuota, "the policy of "+d.ResourceType, shorten)
		} else {
			exceeds("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", all, resourceQuota, "the policy of a resource", shorten)
		}
	}
}

// whiteSpace counts the white space between the document's tokens, which IAM does not count.
func (d *document) whiteSpace() (n int) {
	inString := false
	for i := 0; i < len(d.src); i++ {
		switch c := d.src[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			n++
		}
	}
	return n
}
