package validate

import "unicode/utf8"

// sizes judges the size of the document against AWS's quotas.
func (d *document) sizes() {
	all := utf8.RuneCount(d.src)
	exceeds := func(code string, size, quota int, what string) {
		if size > quota {
			d.report(code, d.root.location(), "the policy has %d characters; %s may have %d, so make several of it", size, what, quota)
		}
	}
	switch d.Type {
	case Identity:
		exceeds("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", all-d.whiteSpace(), identityQuota, "a managed policy")
	case SCP:
		exceeds("POLICY_SIZE_EXCEEDS_SCP_QUOTA", all, orgQuota, "a service control policy")
	case RCP:
		exceeds("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", all, orgQuota, "a resource control policy")
	case Trust:
		exceeds("POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", all-d.whiteSpace(), trustQuota, "a trust policy")
	case Resource:
		if d.ResourceType != "" {
			exceeds("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", all, bucketQuota, "the policy of "+d.ResourceType)
		} else {
			exceeds("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", all, resourceQuota, "no resource's policy is read that has more; it")
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
