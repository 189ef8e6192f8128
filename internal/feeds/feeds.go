// Package feeds serves the history of managed policies as RSS 2.0, Atom and JSON Feed:
//
//	GET /feeds/catalog.rss         all policies; also .atom and .json
//	GET /feeds/policies/NAME.rss   one policy; also .atom and .json
//
// There is an entry for each version of AWS's shipped catalogue, and for each publication on this server: a version, with what it
// means beside the one before, or a policy's deprecation. What shipped versions mean was worked out beforehand
// ([history.MeaningOf]). A query narrows a feed down; see [filter].
//
// # Laws
//
// A publication and its entry are one record of the store ([iam.Publication]), so that there is none without the other. An entry
// that was once in a feed stays in it, with the same id: a tag URI (RFC 4151) of the policy's ARN and the version. Dates do not
// go back along the entries of this server, and a feed's date is that of its newest entry.
// https://www.rfc-editor.org/rfc/rfc4151 https://www.rfc-editor.org/rfc/rfc4287
// https://www.rssboard.org/rss-specification https://www.jsonfeed.org/version/1.1/
//
// # Who may read them
//
// Feeds are for whoever reaches the listener. They hold what owners publish for all accounts, and nothing of any account: not who
// published, nor what a policy is attached to. With ?attached=true a feed is about the caller's account; it takes a signature, and
// the permission writ:ListCatalogEntries.
package feeds

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
)

// Path is where the feeds are.
const Path = "/feeds/"

// A Handler serves the feeds.
type Handler struct {
	State func() *snapshot.Snapshot // the current one
	Now   func() time.Time
	Admit func(*http.Request, *Reading) (*op.Call, error) // authorises a reader of an account's feed

	mu        sync.Mutex
	catalog   *catalog // as of the newest state that was asked for
	rendering sync.Mutex
}

// A Reading is what the audit log has of a call for an account's feed.
type Reading struct{ Feed string }

// A problem is an answer other than a feed: its text is for the reader.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func problemf(status int, format string, args ...any) error {
	return &problem{status, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers a request for a feed.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.serve(w, r); err != nil {
		status := http.StatusInternalServerError
		if p, ok := errors.AsType[*problem](err); ok {
			status = p.status
		}
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD")
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, err.Error(), status)
	}
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return problemf(http.StatusMethodNotAllowed, "feeds are read by GET and HEAD; found %s", clip(r.Method))
	}
	c := h.current()
	f, err := c.parsePath(r.URL.Path)
	if err != nil {
		return err
	}
	if err := c.parseQuery(f, r.URL.RawQuery); err != nil {
		return err
	}
	if f.base = "http://"; r.TLS != nil {
		f.base = "https://"
	}
	f.base += r.Host
	var b *body
	if f.attached {
		b, err = h.ofAccount(r, c, f)
	} else {
		b, err = h.public(c, f)
	}
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", f.format.mime)
	header.Set("ETag", b.etag)
	header.Set("X-Content-Type-Options", "nosniff")
	if header.Set("Cache-Control", "no-cache"); f.attached { // kept, but asked for again: an entry is there at once
		header.Set("Cache-Control", "private, no-cache")
	}
	http.ServeContent(w, r, "", c.modified(h.Now(), f), bytes.NewReader(b.text))
	return nil
}

// modified is the date for clients without entity tags: when this server first saw the catalogue as it is. The newest entry's
// date would not do: an entry may be of the same second, or of a version of AWS's that came with another release. As it has no
// more than seconds, and clocks of servers differ, it is never within the last minute.
// https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2
func (c *catalog) modified(now time.Time, f *feed) time.Time {
	const margin = time.Minute
	if f.attached { // which changes with attachments, and these have no date
		return time.Time{}
	}
	if latest := now.Add(-margin); c.seen.After(latest) {
		return latest
	}
	return c.seen
}

// public renders a feed that is for all, or finds it as it was rendered.
func (h *Handler) public(c *catalog, f *feed) (*body, error) {
	key := f.key()
	if b := c.bodies.find(key); b != nil {
		return b, nil
	}
	h.rendering.Lock() // one at a time: a large feed takes memory, and others may want the same
	defer h.rendering.Unlock()
	if b := c.bodies.find(key); b != nil {
		return b, nil
	}
	b, err := c.render(f)
	if err == nil {
		c.bodies.keep(key, b)
	}
	return b, err
}

// ofAccount renders the feed of what is in use in the caller's account. It is not kept.
func (h *Handler) ofAccount(r *http.Request, c *catalog, f *feed) (*body, error) {
	call, err := h.Admit(r, &Reading{Feed: r.URL.Path})
	if err != nil {
		return nil, refusal(r, err)
	}
	f.account = call.Account()
	f.inUse = func(arn string) bool { return call.State.InUse(f.account, arn) }
	h.rendering.Lock()
	defer h.rendering.Unlock()
	return c.render(f)
}

// refusal makes the answer of an error of Admit.
func refusal(r *http.Request, err error) error {
	told, ok := errors.AsType[*iam.Error](err)
	if !ok {
		return err
	}
	switch told.Code {
	case "Throttling":
		return problemf(http.StatusTooManyRequests, "%s", told.Message)
	case iam.ServiceUnavailable:
		return problemf(http.StatusServiceUnavailable, "%s", told.Message)
	case iam.ServiceFailure:
		return problemf(http.StatusInternalServerError, "%s", told.Message)
	}
	if r.Header.Get("Authorization") == "" && !strings.Contains(r.URL.RawQuery, "X-Amz-Signature=") {
		return problemf(http.StatusForbidden, "?attached=true is about the policies in use in your account: sign the request with "+
			"Signature Version 4 for the service writ, in the Authorization header or as a presigned URL; "+
			"it needs the permission writ:ListCatalogEntries")
	}
	return problemf(http.StatusForbidden, "%s (%s)", told.Message, told.Code)
}

// clip bounds what a text repeats of a request.
func clip(s string) string {
	const most = 128
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
