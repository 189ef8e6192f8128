package op

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

// decided is one decision of a call.
type decided struct {
	policies eval.Policies
	request  eval.Request
	context  map[string][]string
	decision eval.Decision
}

// authorize decides whether the caller may do what the target says, and everything that the call needs besides. The
// error is AWS's denial.
func (c *Call) authorize(t Target, tags requestTags) error {
	if t.Free {
		return nil
	}
	d, err := c.decide(t, tags)
	if err != nil {
		return err
	}
	c.decisions = append(c.decisions, *d)
	if !d.decision.Allowed() {
		return c.denial(d)
	}
	for _, also := range t.Also {
		if err := c.authorize(also, requestTags{}); err != nil {
			return err
		}
	}
	return nil
}

// Allowed decides one more action on behalf of the caller, without an error if it is denied.
func (c *Call) Allowed(t Target) (bool, error) {
	d, err := c.decide(t, requestTags{})
	return err == nil && d.decision.Allowed(), err
}

func (c *Call) decide(t Target, tags requestTags) (*decided, error) {
	if t.Action == "" {
		t.Action = c.service.Prefix + ":" + c.operation.Name
	}
	if t.Account == "" {
		t.Account = accountOf(t.Resource, c.Account())
	}
	values := c.context(t, tags)
	ctx, err := condition.NewContext(values)
	if err != nil {
		return nil, err
	}
	d := &decided{
		context: values,
		request: eval.Request{Action: t.Action, Resource: t.Resource, ResourceAccount: t.Account, Context: ctx},
	}
	if c.Caller != nil {
		d.request.Principal = c.Caller.Principal
	}
	if d.policies, err = Policies(c.State, c.Caller, t.Account); err != nil {
		return nil, err
	}
	d.policies.Resource = t.Policy
	d.decision = d.policies.Decide(&d.request)
	return d, nil
}

// accountOf returns the account in an ARN, or the default where there is none.
func accountOf(arn, otherwise string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[4] != "" && parts[4] != "aws" {
		return parts[4]
	}
	return otherwise
}

// Policies gathers all that bears on requests of a caller to resources of an account, but for the resource's own
// policy. An error means that something could not be had; nothing may be allowed then.
func Policies(s *snapshot.Snapshot, caller *Caller, resourceAccount string) (p eval.Policies, err error) {
	if caller != nil && caller.Entity != nil {
		sources, err := s.Identity(caller.Entity)
		if err != nil {
			return p, err
		}
		for _, source := range sources {
			p.Identity = append(p.Identity, source.Policy)
		}
		if p.Boundary, err = s.Boundary(caller.Entity); err != nil {
			return p, err
		}
	}
	if caller != nil && caller.Session != nil {
		if p.Session, err = sessionPolicies(s, caller.Session); err != nil {
			return p, err
		}
	}
	if caller != nil && caller.Account != "" {
		if p.SCPs, _, err = s.Organization(caller.Account); err != nil {
			return p, err
		}
	}
	if resourceAccount != "" {
		_, p.RCPs, err = s.Organization(resourceAccount)
	}
	return p, err
}

// nothing allows nothing. It is the session policy of a federated user's session for which none was passed, and stands
// for a managed policy that was deleted since it was passed.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
var nothing = iam.NewDocument(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}`)

func sessionPolicies(s *snapshot.Snapshot, t *session.Session) (all []*eval.Policy, err error) {
	for _, text := range t.Policies {
		p, err := iam.NewDocument(text).Policy(eval.Session)
		if err != nil {
			return nil, fmt.Errorf("session policy: %w", err)
		}
		all = append(all, p)
	}
	for _, arn := range t.PolicyARNs {
		doc := s.ManagedDocument(arn, "")
		if doc == nil {
			doc = nothing
		}
		p, err := doc.Policy(eval.Session)
		if err != nil {
			return nil, fmt.Errorf("session policy %s: %w", arn, err)
		}
		all = append(all, p)
	}
	if len(all) == 0 && (t.Kind == session.Federated || t.Kind == session.FederatedRoot) {
		p, err := nothing.Policy(eval.Session)
		return []*eval.Policy{p}, err
	}
	return all, nil
}

// context makes the request context. Keys that follow from the principal alone (aws:PrincipalArn, aws:username,
// aws:userid …) are eval's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (c *Call) context(t Target, tags requestTags) map[string][]string {
	m := map[string][]string{
		"aws:CurrentTime":     {c.Time.UTC().Format(time.RFC3339)},
		"aws:EpochTime":       {strconv.FormatInt(c.Time.Unix(), 10)},
		"aws:SecureTransport": {strconv.FormatBool(c.Secure)},
		"aws:ViaAWSService":   {"false"},
	}
	set := func(key, value string) {
		if value != "" {
			m[key] = []string{value}
		}
	}
	set("aws:SourceIp", c.SourceIP)
	set("aws:UserAgent", c.UserAgent)
	set("aws:RequestedRegion", c.Region)
	if c.Caller != nil {
		c.Caller.context(c.State, c.Time, m)
	}
	for _, tag := range t.Tags {
		set2(m, "aws:ResourceTag/"+tag.Key, tag.Value)
		set2(m, c.service.Prefix+":ResourceTag/"+tag.Key, tag.Value)
	}
	for _, tag := range tags.tags {
		set2(m, "aws:RequestTag/"+tag.Key, tag.Value)
	}
	if len(tags.keys) > 0 {
		m["aws:TagKeys"] = tags.keys
	}
	if t.Account != "" {
		organization(c.State, t.Account, "aws:Resource", m)
	}
	maps.Copy(m, t.Context)
	return m
}

// set2 sets a key whose value may be empty, as a tag's may.
func set2(m map[string][]string, key, value string) { m[key] = []string{value} }

// context adds the keys that follow from the caller's credentials.
func (who *Caller) context(s *snapshot.Snapshot, now time.Time, m map[string][]string) {
	if who.Entity != nil {
		for _, tag := range *who.Entity.Tagged() {
			set2(m, "aws:PrincipalTag/"+tag.Key, tag.Value)
		}
	}
	if who.Account != "" {
		organization(s, who.Account, "aws:Principal", m)
	}
	t := who.Session
	if t == nil {
		return
	}
	for _, tag := range t.Tags { // a session's tag takes the place of the role's
		key := "aws:PrincipalTag/" + tag.Key
		maps.DeleteFunc(m, func(have string, _ []string) bool { return iam.SameTagKey(have, key) })
		set2(m, key, tag.Value)
	}
	if t.ForwardedKey == "" { // not for a long-term key, be it that a service forwards
		m["aws:TokenIssueTime"] = []string{t.Issued.UTC().Format(time.RFC3339)}
		m["aws:MultiFactorAuthPresent"] = []string{strconv.FormatBool(t.MFA)}
	}
	if t.MFA {
		m["aws:MultiFactorAuthAge"] = []string{strconv.FormatInt(int64(now.Sub(t.MFATime).Seconds()), 10)}
	}
	if t.SourceIdentity != "" {
		m["aws:SourceIdentity"] = []string{t.SourceIdentity}
	}
	if t.WebIdentity != nil {
		m["aws:FederatedProvider"] = []string{t.WebIdentity.Provider}
		maps.Copy(m, t.WebIdentity.Context)
	}
	if len(t.CalledVia) > 0 {
		m["aws:CalledVia"] = t.CalledVia
		m["aws:CalledViaFirst"] = t.CalledVia[:1]
		m["aws:CalledViaLast"] = t.CalledVia[len(t.CalledVia)-1:]
		m["aws:ViaAWSService"] = []string{"true"}
	}
}

// organization adds aws:PrincipalOrgID and aws:PrincipalOrgPaths, or the same of the resource.
func organization(s *snapshot.Snapshot, account, prefix string, m map[string][]string) {
	a := snapshot.Get[iam.Account](s, iam.AccountKey(account))
	if a == nil || a.Organization == "" {
		return
	}
	path := ""
	for id := a.Parent; id != ""; {
		path = id + "/" + path
		u := snapshot.Get[iam.Unit](s, iam.UnitKey(a.Organization, id))
		if u == nil {
			break
		}
		id = u.Parent
	}
	m[prefix+"OrgID"] = []string{a.Organization}
	m[prefix+"OrgPaths"] = []string{a.Organization + "/" + path}
}
