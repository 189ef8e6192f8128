package cloudtrail

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/authref"
)

// Apart says why an event says nothing of what a principal was allowed: it is no call of an API, or a service made it by itself. It is empty
// for all others.
func (r *Record) Apart() string {
	switch {
	case r.EventType != "" && r.EventType != "AwsApiCall":
		return r.EventType + " is no call of an API"
	case r.EventCategory != "" && r.EventCategory != "Management" && r.EventCategory != "Data":
		return "an event of the category " + r.EventCategory + " is no call of an API"
	case r.UserIdentity.Type == "AWSService":
		return "a service made the call by itself"
	}
	return ""
}

// An Outcome is what came of a call.
type Outcome uint8

// The outcomes.
const (
	Used   Outcome = iota // it was allowed. It may have failed for what it then found: a function that exists already
	Denied                // it was not allowed
	Failed                // it failed before it was decided, or it is not known whether it was
)

// Outcome tells from the errorCode what came of the call. What the service found out about its resources, it found out after the caller was
// allowed to ask: who looks whether a bucket exists needs the permission although there is none.
func (r *Record) Outcome() Outcome {
	code := strings.ToLower(r.ErrorCode)
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(code, word) {
				return true
			}
		}
		return false
	}
	switch {
	case code == "":
		return Used
	case has("accessdenied", "unauthorized", "notauthorized", "authorizationerror", "forbidden"):
		return Denied
	case has("notfound", "nosuch", "doesnotexist", "nonexistent", "notexist", "alreadyexist", "alreadyowned", "alreadyinuse", "entityalready", "conflict", "inuse", "conditionalcheckfailed",
		"deleteconflict", "limitexceeded", "quotaexceeded", "notmodified", "dryrunoperation", "nochanges") && !has("requestlimitexceeded", "throttl"):
		return Used
	}
	return Failed
}

// Call returns the calls of the event: one as a rule, none with the reason if it is not understood, and more if the operation takes several
// actions, has several resources, or passes a role. The derived ones, of iam:PassRole, say so in Why.
func (r *Record) Call() (calls []needs.Call, reason string) {
	prefix, ok := prefixOf(r.EventSource)
	if !ok {
		return nil, fmt.Sprintf("the service reference knows no service of %s", r.EventSource)
	}
	name := unversioned(r.EventName)
	if prefix == "apigateway" {
		if calls := r.apiGateway(name); calls != nil {
			return append(calls, r.passed("apigateway", name, nil)...), ""
		}
	}
	names, ok := operations[prefix+":"+name]
	if !ok {
		names = []string{name}
	}
	for i, name := range names {
		if !strings.Contains(name, ":") {
			name = prefix + ":" + name
		}
		action, ok := authref.LookupAction(name)
		if !ok {
			return nil, fmt.Sprintf("the service reference has no action for %s of %s", r.EventName, r.EventSource)
		}
		for _, resource := range r.resourcesOf(action, i > 0 && action.String() == "s3:GetObject") {
			calls = append(calls, r.call(action.String(), resource))
		}
	}
	return append(calls, r.passed(prefix, name, calls)...), ""
}

// call makes a call of the event.
func (r *Record) call(action, resource string) needs.Call {
	service, _, _ := strings.Cut(action, ":")
	return needs.Call{Action: action, Resource: resource, Context: r.context(), Through: r.Through(), Module: moduleOf(service), Why: r.EventName}
}

// moduleOf names a service as a Sid can: "CognitoIdp".
func moduleOf(prefix string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(prefix, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// context is what the record says of the context of the request.
func (r *Record) context() map[string][]string {
	values := map[string][]string{}
	if r.AWSRegion != "" {
		values["aws:RequestedRegion"] = []string{r.AWSRegion}
	}
	if mfa := r.UserIdentity.MFAAuthenticated; mfa == "true" || mfa == "false" {
		values["aws:MultiFactorAuthPresent"] = []string{mfa}
	}
	if ip, err := netip.ParseAddr(r.SourceIPAddress); err == nil {
		values["aws:SourceIp"] = []string{ip.String()}
	}
	return values
}

// forwarding are the services whose forwarded calls have aws:CalledVia.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia
var forwarding = map[string]bool{
	"aoss.amazonaws.com": true, "athena.amazonaws.com": true, "backup.amazonaws.com": true, "cloud9.amazonaws.com": true,
	"cloudformation.amazonaws.com": true, "databrew.amazonaws.com": true, "dataexchange.amazonaws.com": true, "dynamodb.amazonaws.com": true,
	"imagebuilder.amazonaws.com": true, "kms.amazonaws.com": true, "mgn.amazonaws.com": true, "nimble.amazonaws.com": true,
	"omics.amazonaws.com": true, "ram.amazonaws.com": true, "robomaker.amazonaws.com": true, "servicecatalog-appregistry.amazonaws.com": true,
	"sqlworkbench.amazonaws.com": true, "ssm-guiconnect.amazonaws.com": true,
}

// Through returns the service that forwarded the call for its caller: the aws:CalledVia of the request. A stack with a service role is
// another matter: there the role is the caller, in a session called AWSCloudFormation, and its calls are its own.
func (r *Record) Through() string {
	by := r.UserIdentity.InvokedBy
	if by == "" && r.SourceIPAddress == r.UserAgent {
		by = r.SourceIPAddress
	}
	if !forwarding[by] || strings.HasSuffix(r.UserIdentity.ARN, "/AWSCloudFormation") {
		return ""
	}
	return by
}
