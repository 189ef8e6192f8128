package managed

import "sync"

// AWS Organizations keeps two managed policies of its own, which it attaches where SCPs and RCPs are in use. They are not
// IAM's: they stand in no list of it, and not in [All]; [Lookup] and [Find] know them.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
var organizations = sync.OnceValue(func() []*Policy {
	const prefix = "arn:aws:organizations::aws:policy/"
	return []*Policy{
		fixed("FullAWSAccess", prefix+"service_control_policy/p-FullAWSAccess",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
		fixed("RCPFullAWSAccess", prefix+"resource_control_policy/p-RCPFullAWSAccess",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`),
	}
})

// fixed returns a policy with one version, which never changes.
func fixed(name, arn, document string) *Policy {
	p := &Policy{Name: name, Path: "/", ARN: arn}
	p.once.Do(func() {
		p.versions = []*Version{{Policy: p, ID: "v1", Size: len(document), Statements: 1, document: document}}
	})
	return p
}
