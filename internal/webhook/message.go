package webhook

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/writ-iam/writ/internal/feeds"
	"github.com/writ-iam/writ/internal/iam"
)

// The types of messages.
const (
	typePublished  = "managed_policy.published"
	typeDeprecated = "managed_policy.deprecated"
	typeTest       = "webhook.test"
)

// maxActions is how many actions added, and how many removed, a message lists: receivers bound what they read.
const maxActions = 1000

// A message is the body of what is sent.
type message struct {
	Type       string      `json:"type"`
	Timestamp  time.Time   `json:"timestamp"` // of the entry
	Attributes *attributes `json:"attributes,omitempty"`
	Data       any         `json:"data"`
}

// attributes are texts and lists of texts without objects in them, as brokers and routers of messages filter by.
type attributes struct {
	Publisher       string   `json:"publisher"`
	Policy          string   `json:"policy"`
	ARN             string   `json:"arn"`
	Version         string   `json:"version"`
	Verdict         string   `json:"verdict"`
	Removal         bool     `json:"removal"`         // something was taken away, or may have been
	Services        []string `json:"services"`        // that actions were added or removed of; * for a pattern of any service
	ServicesAdded   []string `json:"servicesAdded"`   // for a first version, those of its Allow statements
	ServicesRemoved []string `json:"servicesRemoved"` //
	Feature         string   `json:"feature,omitempty"`
}

// data is what a message is about: the entry as writ catalog entries --json has it.
type data struct {
	ID string `json:"id"` // in the feeds
	feeds.Entry
	Omitted int `json:"omitted,omitempty"` // actions that are not listed
}

// body makes the body of a delivery of an entry, or of a test, for which it is nil. It follows from the entry alone, and so is the
// same in each attempt.
func body(w *iam.Webhook, p *iam.Delivery, entry *iam.Publication) ([]byte, error) {
	m := &message{Type: typeTest, Timestamp: p.Made, Data: struct {
		Webhook string `json:"webhook"`
	}{iam.WebhookARN(w.Account, w.Name)}}
	if entry != nil {
		m = newMessage(entry)
	}
	return json.Marshal(m)
}

func newMessage(p *iam.Publication) *message {
	e := &data{ID: feeds.ID(p), Entry: feeds.EntryOf(p)}
	for _, list := range []*[]string{&e.Added, &e.Removed} {
		if n := len(*list) - maxActions; n > 0 {
			*list, e.Omitted = (*list)[:maxActions], e.Omitted+n
		}
	}
	a := &attributes{
		Publisher: p.Publisher, Policy: p.Policy, ARN: p.ARN(), Version: p.Version, Verdict: e.Verdict, Removal: len(p.Removed) > 0 || p.Reason != "",
		ServicesAdded: services(feeds.Adds(p)), ServicesRemoved: services(p.Removed), Feature: p.Feature,
	}
	a.Services = slices.Concat(a.ServicesAdded, a.ServicesRemoved)
	slices.Sort(a.Services)
	a.Services = slices.Compact(a.Services)
	m := &message{Type: typePublished, Timestamp: p.Time, Attributes: a, Data: e}
	if p.Deprecation {
		m.Type = typeDeprecated
	}
	return m
}

// services are the services of actions, each once.
func services(actions []string) []string {
	list := []string{}
	for _, action := range actions {
		list = append(list, feeds.ServiceOf(action))
	}
	slices.Sort(list)
	return slices.Compact(list)
}
