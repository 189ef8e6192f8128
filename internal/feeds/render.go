package feeds

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/feeds"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/managed"
)

// A format is how feeds are written.
type format struct {
	name, mime string
	write      func(io.Writer, *feed, *feeds.Feed, []*entry) error
}

var formats = []*format{
	{"rss", "application/rss+xml; charset=utf-8", writeRSS},
	{"atom", "application/atom+xml; charset=utf-8", writeAtom},
	{"json", "application/feed+json", writeJSON},
}

func formatNamed(name string) *format {
	for _, f := range formats {
		if f.name == name {
			return f
		}
	}
	return nil
}

func formatNames() string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

// render writes a feed.
func (c *catalog) render(f *feed) (*body, error) {
	var entries []*entry
	for _, e := range c.entries {
		if f.has(e) {
			entries = append(entries, e)
		}
	}
	// A feed without entries must have a date, too: one that no entry comes before.
	updated := c.first
	if len(entries) > 0 {
		updated = entries[0].date
	}
	all := &feeds.Feed{
		Title: f.title(), Description: f.description(), Id: f.id(), Link: &feeds.Link{Href: f.url(), Rel: "self"},
		Author: &feeds.Author{Name: "Writ"}, Updated: updated, Created: updated,
	}
	for _, e := range entries {
		w := e.words()
		all.Add(&feeds.Item{
			Id: e.id, IsPermaLink: "false", Title: w.title, Description: w.summary, Content: w.content, Link: &feeds.Link{Href: f.link(e)},
			Created: e.date, Updated: e.date,
		})
	}
	var text bytes.Buffer
	if err := f.format.write(&text, f, all, entries); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text.Bytes())
	return &body{text.Bytes(), `"` + hex.EncodeToString(sum[:16]) + `"`}, nil
}

// link is the page of an entry: AWS's own on its policy or, as the policies of others have none, the policy's feed.
func (f *feed) link(e *entry) string {
	if p, ok := managed.Lookup(e.arn); ok && (e.published == nil || e.published.Publisher == iam.AWSPublisher) {
		return "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/" + url.PathEscape(p.Name) + ".html"
	}
	return f.base + Path + "policies/" + url.PathEscape(e.policy) + "." + f.format.name
}

func (f *feed) title() string {
	title := "Managed policies"
	if f.name != "" {
		title = "Managed policy " + f.name
	}
	if f.policy != "" {
		title = "Managed policy " + f.policy
	}
	if f.service != "" {
		title += ", service " + f.service
	}
	if len(f.verdicts) > 0 {
		title += ", " + strings.Join(f.verdicts, " or ")
	}
	if f.escalate != "" {
		title += ", " + f.escalate + " methods of escalation"
	}
	if !f.since.IsZero() {
		title += ", since " + strings.TrimSuffix(f.since.Format(time.RFC3339), "T00:00:00Z")
	}
	if f.account != "" {
		title += ", in use in account " + f.account
	}
	return title
}

func (f *feed) description() string {
	if f.name != "" || f.policy != "" {
		return "Versions of a managed policy, and what each changes."
	}
	return "Versions of managed policies, and what each changes."
}

// writeRSS writes RSS 2.0. A description is HTML there.
func writeRSS(w io.Writer, _ *feed, all *feeds.Feed, entries []*entry) error {
	rss := (&feeds.Rss{Feed: all}).RssFeed()
	rss.ManagingEditor = "" // which is an address of mail
	for i, item := range rss.Items {
		item.Description = html.EscapeString(item.Description)
		item.Category = entries[i].verdict
	}
	return feeds.WriteXML(rss, w)
}

// writeAtom writes Atom 1.0.
func writeAtom(w io.Writer, _ *feed, all *feeds.Feed, entries []*entry) error {
	atom := (&feeds.Atom{Feed: all}).AtomFeed()
	atom.Id = all.Id
	for i, e := range atom.Entries {
		e.Summary.Type = "text"
		e.Published = entries[i].date.Format(time.RFC3339)
	}
	return feeds.WriteXML(atom, w)
}

// writeJSON writes JSON Feed 1.1. A feed without entries has an empty list of them.
func writeJSON(w io.Writer, f *feed, all *feeds.Feed, entries []*entry) error {
	j := (&feeds.JSON{Feed: all}).JSONFeed()
	j.HomePageUrl, j.FeedUrl = "", f.url()
	j.Author = nil // of version 1.0
	for i, item := range j.Items {
		if v := entries[i].verdict; v != "" {
			item.Tags = []string{v}
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		*feeds.JSONFeed
		Items []*feeds.JSONItem `json:"items"`
	}{j, append([]*feeds.JSONItem{}, j.Items...)})
}
