package iamapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

// A lastAccessedJob is what GenerateServiceLastAccessedDetails was asked for. Nothing is stored: the id says it all,
// so that every node knows the job, and the report is made when it is read. An id grants nothing: whoever reads the
// report must be allowed to generate it.
type lastAccessedJob struct {
	subject string // unique id of the user, group, role or customer managed policy; ARN of an AWS managed policy
	actions bool   // asked for actions, too
	created time.Time
}

// A job id has the form of a UUID. The first of its 16 bytes is the kind of subject, and a bit for whether actions
// were asked for. Eleven are the subject's unique id, whose 17 characters behind the prefix are base32, or for an AWS
// managed policy as much of a hash of its ARN. Four are the seconds since 1970.
const (
	subjectChars = 17
	actionsBit   = 0x80
)

// jobPrefixes are the kinds of subjects: the prefixes of unique ids, and the empty one for AWS managed policies.
var jobPrefixes = []string{"AIDA", "AGPA", "AROA", "ANPA", ""}

var jobEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// arnDigest stands for the unique id of an AWS managed policy.
func arnDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return jobEncoding.EncodeToString(sum[:])[:subjectChars]
}

func (j lastAccessedJob) id() (string, error) {
	prefix, rest := "", ""
	switch {
	case iam.IsAWSManaged(j.subject):
		rest = arnDigest(j.subject)
	case len(j.subject) == 4+subjectChars:
		prefix, rest = j.subject[:4], j.subject[4:]
	}
	kind := slices.Index(jobPrefixes, prefix)
	packed, err := jobEncoding.DecodeString(rest + "A") // 18 characters make 11 bytes, whose last bits are the A's
	if kind < 0 || err != nil || len(packed) != 11 {
		return "", fmt.Errorf("%q is no unique id of AWS's form", j.subject)
	}
	var b [16]byte
	b[0] = byte(kind)
	if j.actions {
		b[0] |= actionsBit
	}
	copy(b[1:], packed)
	binary.BigEndian.PutUint32(b[12:], uint32(j.created.Unix()))
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], nil
}

// parseJob reads a job id. Of an owner's policy the id has a digest, which the state tells the policy of.
func parseJob(state *snapshot.Snapshot, id string) (j lastAccessedJob, ok bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 || int(b[0]&^actionsBit) >= len(jobPrefixes) {
		return j, false
	}
	prefix, rest := jobPrefixes[b[0]&^actionsBit], jobEncoding.EncodeToString(b[1:12])[:subjectChars]
	j.actions = b[0]&actionsBit != 0
	j.created = time.Unix(int64(binary.BigEndian.Uint32(b[12:])), 0).UTC()
	if prefix != "" {
		j.subject = prefix + rest
		return j, true
	}
	for p := range state.OwnerPolicies() {
		if arnDigest(p.ARN) == rest {
			j.subject = p.ARN
			return j, true
		}
	}
	return j, false
}

func generateServiceLastAccessedDetails(
	_ context.Context, c *op.Call, in *api.GenerateServiceLastAccessedDetailsInput,
) (*api.GenerateServiceLastAccessedDetailsOutput, error) {
	subject, err := jobSubject(c, *in.Arn)
	if err != nil {
		return nil, err
	}
	j := lastAccessedJob{
		subject: subject, created: c.Time,
		actions: in.Granularity == types.AccessAdvisorUsageGranularityTypeActionLevel,
	}
	id, err := j.id()
	if err != nil {
		return nil, err
	}
	return &api.GenerateServiceLastAccessedDetailsOutput{JobId: aws.String(id)}, nil
}

// jobSubject is the subject of a job on the user, group, role or policy of an ARN.
func jobSubject(c *op.Call, text string) (string, error) {
	if a, err := arn.Parse(text); err == nil && a.Service == "iam" && strings.HasPrefix(a.Resource, "policy/") {
		if iam.IsAWSManaged(text) {
			if c.State.OwnerPolicy(text) != nil {
				return text, nil
			}
		} else if p := c.State.CustomerPolicy(text); p != nil && p.Account == c.Account() {
			return p.ID, nil
		}
		return "", iam.Errorf(iam.NoSuchEntity, "Policy %s does not exist.", text)
	}
	found, err := identityAt(c, text)
	if err != nil {
		return "", err
	}
	return found.Head().ID, nil
}

// A lastAccessedReport is a job's subject as it is now: its documents, and the users and roles that have them.
type lastAccessedReport struct {
	lastAccessedJob
	documents []*iam.Document
	entities  []iam.Entity
}

// lastAccessed finds a job's subject. A job that the caller could not have asked for is not known to it.
func lastAccessed(c *op.Call, id string) (*lastAccessedReport, error) {
	unknown := iam.Errorf(iam.NoSuchEntity, "Job with id %s cannot be found.", id)
	job, ok := parseJob(c.State, id)
	if !ok || job.created.After(c.Time) {
		return nil, unknown
	}
	r := &lastAccessedReport{lastAccessedJob: job}
	resource, err := r.find(c)
	if err != nil {
		return nil, err
	}
	if resource == "" {
		return nil, unknown
	}
	t := onIdentityARN(c, resource)
	t.Action = "iam:GenerateServiceLastAccessedDetails"
	if allowed, err := c.Allowed(t); err != nil || !allowed {
		return nil, cmp.Or(err, unknown)
	}
	return r, nil
}

// find fills in the report, and returns the subject's ARN. It is "" if there is none in the caller's account any more.
func (r *lastAccessedReport) find(c *op.Call) (string, error) {
	if iam.IsAWSManaged(r.subject) {
		return r.subject, r.ofPolicy(c, r.subject)
	}
	switch subject := c.State.ByID(r.subject).(type) {
	case *iam.Policy:
		if subject.Account == c.Account() {
			return subject.ARN(), r.ofPolicy(c, subject.ARN())
		}
	case iam.Identity:
		if subject.Head().Account == c.Account() {
			r.entities = entitiesOf(c.State, subject)
			sources, err := c.State.Identity(subject)
			for _, from := range sources {
				r.documents = append(r.documents, from.Document)
			}
			return subject.ARN(), err
		}
	}
	return "", nil
}

// ofPolicy makes it the report of a managed policy.
func (r *lastAccessedReport) ofPolicy(c *op.Call, policy string) error {
	_, doc, err := c.State.Managed(policy, eval.Identity)
	if err != nil {
		return err
	}
	r.documents = []*iam.Document{doc}
	seen := map[string]bool{}
	for _, record := range c.State.List(snapshot.AttachedPrefix(c.Account(), policy), "") {
		for _, e := range entitiesOf(c.State, record.(iam.Identity)) {
			if id := e.Head().ID; !seen[id] {
				seen[id] = true
				r.entities = append(r.entities, e)
			}
		}
	}
	return nil
}

// entitiesOf are the members of a group, and else the identity itself.
func entitiesOf(s *snapshot.Snapshot, i iam.Identity) (all []iam.Entity) {
	switch i := i.(type) {
	case iam.Entity:
		return []iam.Entity{i}
	case *iam.Group:
		for _, member := range s.List(snapshot.MemberPrefix(i.ID), "") {
			all = append(all, member.(iam.Entity))
		}
	}
	return all
}

// lastUse is the last use that is known of an entity's credentials with a service, or nil. Of each credential the
// store keeps the last use only, so that an earlier one with another service is not known.
func lastUse(s *snapshot.Snapshot, e iam.Entity, service string) (last *iam.Use) {
	ids := []string{e.Head().ID}
	if u, ok := e.(*iam.User); ok {
		ids = u.Keys
	}
	for _, id := range ids {
		use := snapshot.Get[iam.Use](s, iam.UseKey(id))
		if use != nil && use.Service == service && (last == nil || use.Time.After(last.Time)) {
			last = use
		}
	}
	return last
}

// getServiceLastAccessedDetails lists the services that the policies allow, and who used them last. No actions are
// tracked.
func getServiceLastAccessedDetails(
	_ context.Context, c *op.Call, in *api.GetServiceLastAccessedDetailsInput,
) (*api.GetServiceLastAccessedDetailsOutput, error) {
	r, err := lastAccessed(c, *in.JobId)
	if err != nil {
		return nil, err
	}
	policies, err := reach(r.documents...)
	if err != nil {
		return nil, err
	}
	out := &api.GetServiceLastAccessedDetailsOutput{
		JobCreationDate: aws.Time(r.created), JobCompletionDate: aws.Time(r.created),
		JobStatus:            types.JobStatusTypeCompleted,
		JobType:              types.AccessAdvisorUsageGranularityTypeServiceLevel,
		ServicesLastAccessed: []types.ServiceLastAccessed{},
	}
	if r.actions {
		out.JobType = types.AccessAdvisorUsageGranularityTypeActionLevel
	}
	var granted []*authref.Service
	for _, namespace := range authref.Services() {
		if s, _ := authref.Lookup(namespace); grants(policies, s) {
			granted = append(granted, s)
		}
	}
	prefix := func(s *authref.Service) string { return s.Prefix }
	p, err := slice(granted, prefix, in.Marker, in.MaxItems, func(s *authref.Service) {
		out.ServicesLastAccessed = append(out.ServicesLastAccessed, r.service(c.State, s))
	})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func (r *lastAccessedReport) service(state *snapshot.Snapshot, s *authref.Service) types.ServiceLastAccessed {
	out := types.ServiceLastAccessed{ServiceName: aws.String(s.Name), ServiceNamespace: aws.String(s.Prefix)}
	var last *iam.Use
	users := int32(0)
	for _, e := range r.entities {
		use := lastUse(state, e, s.Prefix)
		if use == nil {
			continue
		}
		users++
		if last == nil || use.Time.After(last.Time) {
			last = use
			out.LastAuthenticated = aws.Time(use.Time)
			out.LastAuthenticatedEntity = aws.String(e.ARN())
			out.LastAuthenticatedRegion = nil
			if use.Region != "" {
				out.LastAuthenticatedRegion = aws.String(use.Region)
			}
		}
	}
	out.TotalAuthenticatedEntities = aws.Int32(users)
	return out
}

// getServiceLastAccessedDetailsWithEntities lists the users and roles that can use a service by the policies, the
// last to do so first.
func getServiceLastAccessedDetailsWithEntities(
	_ context.Context, c *op.Call, in *api.GetServiceLastAccessedDetailsWithEntitiesInput,
) (*api.GetServiceLastAccessedDetailsWithEntitiesOutput, error) {
	s, err := serviceNamed(*in.ServiceNamespace)
	if err != nil {
		return nil, err
	}
	r, err := lastAccessed(c, *in.JobId)
	if err != nil {
		return nil, err
	}
	policies, err := reach(r.documents...)
	if err != nil {
		return nil, err
	}
	out := &api.GetServiceLastAccessedDetailsWithEntitiesOutput{
		JobCreationDate: aws.Time(r.created), JobCompletionDate: aws.Time(r.created),
		JobStatus:         types.JobStatusTypeCompleted,
		EntityDetailsList: []types.EntityDetails{},
	}
	var details []types.EntityDetails
	if grants(policies, s) {
		for _, e := range r.entities {
			details = append(details, entityDetails(e, lastUse(c.State, e, s.Prefix)))
		}
	}
	slices.SortFunc(details, func(a, b types.EntityDetails) int { return cmp.Compare(entityOrder(a), entityOrder(b)) })
	p, err := slice(details, entityOrder, in.Marker, in.MaxItems, func(d types.EntityDetails) {
		out.EntityDetailsList = append(out.EntityDetailsList, d)
	})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func entityDetails(e iam.Entity, use *iam.Use) types.EntityDetails {
	h := e.Head()
	d := types.EntityDetails{EntityInfo: &types.EntityInfo{
		Arn: aws.String(e.ARN()), Id: aws.String(h.ID), Name: aws.String(h.Name), Path: aws.String(h.Path),
		Type: types.PolicyOwnerEntityType(strings.ToUpper(e.Kind())),
	}}
	if use != nil {
		d.LastAuthenticated = aws.Time(use.Time)
	}
	return d
}

// entityOrder sorts entities by their last use, the newest first, and by id where it is the same or not known.
func entityOrder(d types.EntityDetails) string {
	age := int64(math.MaxInt64)
	if d.LastAuthenticated != nil {
		age -= d.LastAuthenticated.Unix()
	}
	return fmt.Sprintf("%016x/%s", age, *d.EntityInfo.Id)
}
