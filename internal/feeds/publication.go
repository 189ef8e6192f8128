package feeds

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/policy"
)

// This file has what feeds, webhooks and the command line have to say of a publication in the same words.

// An Entry is an entry of a server's history in JSON.
type Entry struct {
	Entry       int       `json:"entry"`
	Time        time.Time `json:"time"`
	Publisher   string    `json:"publisher"`
	Policy      string    `json:"policy"`
	ARN         string    `json:"arn"`
	Version     string    `json:"version"`
	Created     time.Time `json:"created"` // the version's date, which is its owner's
	Verdict     string    `json:"verdict"` // one of Verdicts
	Added       []string  `json:"added"`
	Removed     []string  `json:"removed"`
	Note        string    `json:"note,omitempty"`
	Feature     string    `json:"feature,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	PublishedBy string    `json:"publishedBy,omitempty"`
	// Rule made the version, applied to a reference; they are missing if somebody wrote it.
	Rule      json.RawMessage `json:"rule,omitempty"`
	Reference string          `json:"reference,omitempty"`
	// Escalation is what the version changed in what the policy lets its holder become; missing if that is not known.
	Escalation *history.EscalationChange `json:"escalation,omitempty"`
}

// EntryOf returns the entry of a publication.
func EntryOf(p *iam.Publication) Entry {
	e := Entry{
		Entry: p.Entry, Time: p.Time, Publisher: p.Publisher, Policy: p.Policy, ARN: p.ARN(), Version: p.Version, Created: p.Created,
		Verdict: VerdictOf(p), Added: append([]string{}, p.Added...), Removed: append([]string{}, p.Removed...),
		Note: p.Note, Feature: p.Feature, Reason: p.Reason, PublishedBy: p.By, Rule: json.RawMessage(p.Rule), Escalation: p.Escalation,
	}
	if p.Reference != nil {
		e.Reference = p.Reference.Name
	}
	return e
}

// ID returns the id that a publication has in all feeds.
func ID(p *iam.Publication) string {
	if p.Deprecation {
		return tag + p.ARN() + "@deprecated"
	}
	return tag + p.ARN() + "@" + p.Version
}

// VerdictOf is what a publication is selected by: one of Verdicts.
func VerdictOf(p *iam.Publication) string {
	if p.Deprecation {
		return deprecation
	}
	return p.Verdict
}

// Adds returns the actions, and patterns of actions, that a publication adds; of a first version, those of its Allow statements.
func Adds(p *iam.Publication) []string {
	if VerdictOf(p) == first && p.Document != nil {
		if doc, err := policy.Parse([]byte(p.Document.Text)); err == nil {
			return history.Allows(doc)
		}
	}
	return p.Added
}

// ServiceOf returns the service of an action, or of a pattern of actions, which may be a pattern itself: * for one of any service.
func ServiceOf(action string) string {
	service, _, ok := strings.Cut(strings.ToLower(action), ":")
	if !ok || strings.Contains(service, " ") {
		return "*"
	}
	return service
}

// OfService reports whether what ServiceOf returned may be a service.
func OfService(pattern, service string) bool { return glob.Compile(pattern).Match(service) }
