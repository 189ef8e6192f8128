package op

import (
	"crypto/tls"
	"strings"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/audit"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
)

// audit writes the record of a call, whatever came of it.
func (h *Handler) audit(c *Call, q *Request, in, out any, told *iam.Error) error {
	r := audit.Record{
		UserIdentity: c.Caller.identity(), EventTime: audit.Time{Time: c.Time}, EventName: clip(q.Operation),
		AWSRegion: c.Region, SourceIPAddress: c.SourceIP, UserAgent: c.UserAgent, RequestID: c.RequestID,
		EventID: uuid(h.Backend.Rand), ManagementEvent: true,
	}
	if q.Service != nil {
		r.EventSource = q.Service.Name + ".amazonaws.com"
		r.ReadOnly = readOnly(q.Service, q.Operation)
	}
	if c.Caller != nil {
		r.RecipientAccountID = c.Caller.Account
		if s := c.Caller.Session; s != nil && len(s.CalledVia) > 0 {
			r.SourceIPAddress = s.CalledVia[len(s.CalledVia)-1]
		}
	}
	if in != nil {
		r.RequestParameters = audit.Parameters(in)
	}
	if told != nil {
		r.ErrorCode, r.ErrorMessage = string(told.Code), withoutEncoded(told.Message)
	} else if out != nil && !r.ReadOnly {
		r.ResponseElements = audit.Parameters(out)
	}
	for _, d := range c.decisions {
		if strings.HasPrefix(d.request.Resource, "arn:") {
			r.Resources = append(r.Resources,
				audit.Resource{ARN: d.request.Resource, AccountID: accountOf(d.request.Resource, "")})
		}
	}
	if t := q.HTTP.TLS; t != nil {
		r.TLSDetails = &audit.TLSDetails{
			TLSVersion: tls.VersionName(t.Version), CipherSuite: tls.CipherSuiteName(t.CipherSuite),
			ClientProvidedHostHeader: q.HTTP.Host,
		}
	}
	return h.Backend.Audit.Write(&r)
}

// withoutEncoded leaves out the encoded authorization message, whose content the record has itself.
func withoutEncoded(message string) string {
	before, _, _ := strings.Cut(message, encodedMessage)
	return before
}

// readOnly reports whether an operation changes nothing. CloudTrail counts the making of temporary credentials among
// these. Of an API of Writ's own, which the service reference does not have, the name says it.
func readOnly(s *Service, operation string) bool {
	if s.Name == "sts" {
		return true
	}
	if len(s.Model.Operations) == 0 {
		return s.Served(operation) && (strings.HasPrefix(operation, "Get") || strings.HasPrefix(operation, "List"))
	}
	a, ok := authref.LookupAction(s.Prefix + ":" + operation)
	if !ok {
		return false
	}
	return a.AccessLevel == authref.Read || a.AccessLevel == authref.List
}

// identity is the caller as CloudTrail describes it; without a caller, one that is not known.
func (who *Caller) identity() audit.UserIdentity {
	if who == nil {
		return audit.UserIdentity{Type: audit.Unknown}
	}
	id := audit.UserIdentity{
		Type: audit.IAMUser, PrincipalID: who.UserID, ARN: who.ARN, AccountID: who.Account, AccessKeyID: who.AccessKeyID,
	}
	switch {
	case who.Provider != "":
		return audit.UserIdentity{Type: audit.WebIdentityUser, IdentityProvider: who.Provider}
	case who.Service != "":
		return audit.UserIdentity{Type: audit.AWSService, InvokedBy: who.Service, AccessKeyID: who.AccessKeyID}
	case who.Entity == nil:
		id.Type = audit.Root
	default:
		id.UserName = who.Entity.Head().Name
	}
	s := who.Session
	if s == nil {
		return id
	}
	id.SessionContext = &audit.SessionContext{
		Attributes: &audit.SessionAttributes{
			CreationDate: audit.Time{Time: s.Issued}, MFAAuthenticated: audit.Flag(s.MFA),
		},
		SourceIdentity: s.SourceIdentity,
	}
	if n := len(s.CalledVia); n > 0 {
		id.InvokedBy = s.CalledVia[n-1]
	}
	issuer := &audit.SessionIssuer{AccountID: who.Account, PrincipalID: s.PrincipalID}
	switch s.Kind {
	case session.AssumedRole:
		id.Type, id.UserName, issuer.Type = audit.AssumedRole, "", "Role"
	case session.Federated:
		id.Type, id.UserName, issuer.Type = audit.FederatedUser, "", "IAMUser"
	case session.FederatedRoot:
		id.Type, issuer.Type, issuer.ARN = audit.FederatedUser, "Root", "arn:aws:iam::"+who.Account+":root"
	default:
		return id
	}
	if who.Entity != nil {
		issuer.ARN, issuer.UserName = who.Entity.ARN(), who.Entity.Head().Name
	}
	id.SessionContext.SessionIssuer = issuer
	if w := s.WebIdentity; w != nil {
		id.SessionContext.WebIDFederationData = &audit.WebIDFederation{FederatedProvider: w.Provider}
	}
	return id
}
