package feeds

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/managed"
)

// A catalog is the history of all policies at one state: what is shipped, and so many publications.
type catalog struct {
	entries      []*entry // newest first
	policies     map[string]bool
	publications int
	first        time.Time // of the oldest entry
	seen         time.Time // when this server first had it so
	bodies       bodies
}

// An entry is one of the history: of the shipped catalogue, or a publication.
type entry struct {
	id     string
	date   time.Time
	policy string
	arn    string

	version   string   // "" for a deprecation
	verdict   string   // one of Verdicts
	before    string   // the version that it is beside, if others lie between the two
	adds      []string // actions and patterns
	removes   []string
	escalates *history.EscalationChange // nil if that is not known
	published *iam.Publication          // nil for a shipped version
}

// tag is what ids begin with. The authority and the date name Writ, and must not change.
const tag = "tag:writ-iam,2026:"

// newEntry makes the entry of a publication.
func newEntry(p *iam.Publication) *entry {
	e := &entry{
		id: ID(p), date: p.Time.UTC(), policy: p.Policy, arn: p.ARN(), version: p.Version, verdict: VerdictOf(p), adds: Adds(p), removes: p.Removed,
		escalates: p.Escalation, published: p,
	}
	if p.Deprecation {
		e.version = ""
	}
	return e
}

// shipped are the entries of the shipped catalogue. Versions without a date are none.
var shipped = sync.OnceValue(func() (all []*entry) {
	for _, p := range managed.All() {
		for _, step := range history.Steps(p) {
			if v := step.After; !v.Created.IsZero() {
				m := history.MeaningOf(v)
				e := &entry{id: tag + p.ARN + "@" + v.ID, date: v.Created, policy: p.Name, arn: p.ARN, version: v.ID,
					verdict: string(m.Verdict), adds: m.Added, removes: m.Removed}
				if step.Before != nil && step.Missing() > 0 {
					e.before = step.Before.ID
				}
				e.escalates, _ = step.Escalation(context.Background()) // which was worked out beforehand
				all = append(all, e)
			}
		}
	}
	return all
})

// current returns the catalogue as it is now. Each change makes a new one, with nothing rendered yet.
func (h *Handler) current() *catalog {
	h.mu.Lock()
	defer h.mu.Unlock()
	state := h.State() // behind the lock, so that it is not older than the one that h.catalog was made of
	n := 0
	if head := snapshot.Get[iam.CatalogHead](state, (*iam.CatalogHead)(nil).Key()); head != nil {
		n = head.Entries
	}
	if h.catalog == nil || h.catalog.publications != n {
		h.catalog = newCatalog(publications(state), h.Now())
		h.catalog.publications = n
	}
	return h.catalog
}

func publications(s *snapshot.Snapshot) (all []*iam.Publication) {
	for _, r := range s.List(iam.PublicationKey(0), "") {
		all = append(all, r.(*iam.Publication))
	}
	return all
}

// newCatalog puts the shipped catalogue and what was published here, oldest first, in the order of a feed.
func newCatalog(published []*iam.Publication, now time.Time) *catalog {
	c := &catalog{policies: map[string]bool{}, seen: now}
	for _, p := range managed.All() {
		c.policies[p.Name] = true
	}
	known := map[string]bool{}
	for _, p := range slices.Backward(published) {
		e := newEntry(p)
		c.policies[p.Policy] = true
		known[e.id] = true
		c.entries = append(c.entries, e)
	}
	for _, e := range shipped() {
		if !known[e.id] { // else it was published here before a release came with it, and is told with more
			c.entries = append(c.entries, e)
		}
	}
	slices.SortStableFunc(c.entries, func(a, b *entry) int {
		if o := b.date.Compare(a.date); o != 0 || a.published != nil || b.published != nil {
			return o // of one date: the publications first, the last of them before others
		}
		return cmp.Or(strings.Compare(a.policy, b.policy), len(b.version)-len(a.version), strings.Compare(b.version, a.version))
	})
	if n := len(c.entries); n > 0 {
		c.first = c.entries[n-1].date
	}
	return c
}

// The bounds on what is kept of rendered feeds.
const (
	maxBodies = 64
	maxKept   = 64 << 20 // bytes
)

// bodies are rendered feeds of one catalogue, by what was asked for.
type bodies struct {
	mu   sync.Mutex
	all  map[string]*body
	old  []string // keys, those first that were not asked for the longest
	size int
}

// A body is a rendered feed.
type body struct {
	text []byte
	etag string
}

func (b *bodies) find(key string) *body {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.all[key]
	if found != nil {
		i := slices.Index(b.old, key)
		b.old = append(slices.Delete(b.old, i, i+1), key)
	}
	return found
}

// keep keeps a body that is not kept yet, and forgets others for which there is no room.
func (b *bodies) keep(key string, text *body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all[key] != nil || len(text.text) > maxKept {
		return
	}
	for len(b.old) > 0 && (len(b.old) == maxBodies || b.size+len(text.text) > maxKept) {
		b.size -= len(b.all[b.old[0]].text)
		delete(b.all, b.old[0])
		b.old = slices.Delete(b.old, 0, 1)
	}
	if b.all == nil {
		b.all = map[string]*body{}
	}
	b.all[key] = text
	b.old = append(b.old, key)
	b.size += len(text.text)
}
