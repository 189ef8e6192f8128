package feeds

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/spelling"
	"github.com/writ-iam/writ/managed"
)

// A feed is what a request asks for.
type feed struct {
	filter
	format *format
	name   string // of the feed of one policy; "" for that of the catalogue
	base   string // of URLs: scheme and host
}

// A filter is the query of a feed.
type filter struct {
	policy   string    // ?policy=NAME
	service  string    // ?service=s3: adds or removes actions of it
	verdicts []string  // ?verdict=narrower,incomparable
	since    time.Time // ?since=2026-01-01
	attached bool      // ?attached=true
	escalate string    // ?escalation=opens or closes: changes what the policy lets its holder become

	account string                // of the caller, with attached
	inUse   func(arn string) bool // in that account
}

const (
	first       = "new"         // the verdict of a first version
	deprecation = "deprecation" // what stands in place of one
)

// Verdicts are those that entries have: those of writ diff, that of a first version, and deprecation.
var Verdicts = []string{first, "equivalent", "broader", "narrower", "incomparable", "unknown", deprecation}

// has reports whether an entry is in the feed.
func (f *feed) has(e *entry) bool {
	switch {
	case f.name != "" && e.policy != f.name,
		f.policy != "" && e.policy != f.policy,
		e.date.Before(f.since),
		len(f.verdicts) > 0 && !slices.Contains(f.verdicts, e.verdict),
		f.service != "" && !slices.ContainsFunc(e.adds, f.ofService) && !slices.ContainsFunc(e.removes, f.ofService),
		f.escalate != "" && !e.escalates.Does(f.escalate),
		f.attached && !f.inUse(e.arn):
		return false
	}
	return true
}

// ofService reports whether an action, or a pattern of actions, is one of the service that is asked for.
func (f *feed) ofService(action string) bool { return OfService(ServiceOf(action), f.service) }

// values is the query again, so that equal ones are written in one way.
func (f *feed) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("policy", f.policy)
	set("service", f.service)
	set("verdict", strings.Join(f.verdicts, ","))
	if !f.since.IsZero() {
		v.Set("since", f.since.Format(time.RFC3339))
	}
	set("escalation", f.escalate)
	if f.attached {
		v.Set("attached", "true")
	}
	return v
}

// path is the feed's, without the format.
func (f *feed) path() string {
	if f.name == "" {
		return "catalog"
	}
	return "policies/" + f.name
}

// id is the feed's own, the same in each format.
func (f *feed) id() string {
	id := tag + "feeds/" + f.path()
	if f.account != "" {
		id = tag + f.account + "/feeds/" + f.path()
	}
	if v := f.values().Encode(); v != "" {
		id += "?" + v
	}
	return id
}

// url is where the feed is.
func (f *feed) url() string {
	u := f.base + Path + f.path() + "." + f.format.name
	if v := f.values().Encode(); v != "" {
		u += "?" + v
	}
	return u
}

// key is what rendered feeds are kept by.
func (f *feed) key() string { return f.url() }

// parsePath reads what feed is asked for.
func (c *catalog) parsePath(path string) (*feed, error) {
	f := &feed{}
	rest := strings.TrimPrefix(path, Path)
	i := strings.LastIndexByte(rest, '.')
	if i < 0 {
		return nil, problemf(http.StatusNotFound, "there is no feed at %q; there are %scatalog.FORMAT and %spolicies/NAME.FORMAT, with FORMAT one of %s",
			clip(path), Path, Path, formatNames())
	}
	rest, name := rest[:i], rest[i+1:]
	policy, ofPolicy := strings.CutPrefix(rest, "policies/")
	if rest != "catalog" && !ofPolicy {
		return nil, problemf(http.StatusNotFound, "there is no feed at %q; there are %scatalog.FORMAT and %spolicies/NAME.FORMAT, with FORMAT one of %s",
			clip(path), Path, Path, formatNames())
	}
	if f.format = formatNamed(name); f.format == nil {
		return nil, problemf(http.StatusNotFound, "there is no format %q; feeds end in .rss, .atom or .json", clip(name))
	}
	if ofPolicy {
		if err := c.mustHave(policy, http.StatusNotFound); err != nil {
			return nil, err
		}
		f.name = policy
	}
	return f, nil
}

// mustHave returns an error, with names that are near, if no policy has the name.
func (c *catalog) mustHave(name string, status int) error {
	if c.policies[name] {
		return nil
	}
	bare, _, _ := strings.Cut(name, "@")
	if c.policies[bare] {
		return problemf(status, "no managed policy is called %q; the feed of %s has all its versions", clip(name), bare)
	}
	var near []string // what was published here before what is shipped
	lower := strings.ToLower(name)
	for _, other := range slices.Sorted(maps.Keys(c.policies)) {
		if _, ok := managed.Lookup(other); !ok && spelling.Near(lower, strings.ToLower(other), 1+len(name)/6) {
			near = append(near, other)
		}
	}
	_, err := managed.Find(name)
	if e, ok := errors.AsType[*managed.RefError](err); ok {
		near = append(near, e.Suggestions...)
	}
	text := ""
	if n := len(near); n > 0 {
		text = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return problemf(status, "no managed policy is called %q%s", clip(name), text)
}

// IsService reports whether a text may be a service's, as in s3.
func IsService(text string) bool { return serviceForm.MatchString(text) }

var serviceForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// maxQuery is the number of bytes that a query may have. A presigned one with a session token is long.
const maxQuery = 16 << 10

// parseQuery reads the filter. Parameters of a signature are for whoever verifies it.
func (c *catalog) parseQuery(f *feed, raw string) error {
	if len(raw) > maxQuery {
		return problemf(http.StatusBadRequest, "the query has %d bytes; at most %d are read", len(raw), maxQuery)
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return problemf(http.StatusBadRequest, "the query has a syntax error")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		set := f.parameters(c)[name]
		if set == nil {
			return problemf(http.StatusBadRequest, "there is no parameter %q; known are %s", clip(name), strings.Join(slices.Sorted(maps.Keys(f.parameters(c))), ", "))
		}
		if n := len(query[name]); n != 1 {
			return problemf(http.StatusBadRequest, "the parameter %s is given %d times", name, n)
		}
		if err := set(query[name][0]); err != nil {
			return err
		}
	}
	return nil
}

// parameters are those that the feed has, and how each is read.
func (f *feed) parameters(c *catalog) map[string]func(string) error {
	all := map[string]func(string) error{
		"policy": func(text string) error {
			f.policy = text
			return c.mustHave(text, http.StatusBadRequest)
		},
		"service": func(text string) error {
			if f.service = strings.ToLower(text); !IsService(f.service) {
				return problemf(http.StatusBadRequest, "service is the first part of an action's name, as in s3; found %q", clip(text))
			}
			return nil
		},
		"verdict": func(text string) error {
			for v := range strings.SplitSeq(text, ",") {
				if !slices.Contains(Verdicts, v) {
					return problemf(http.StatusBadRequest, "there is no verdict %q; known are %s", clip(v), strings.Join(Verdicts, ", "))
				}
				f.verdicts = append(f.verdicts, v)
			}
			slices.Sort(f.verdicts)
			f.verdicts = slices.Compact(f.verdicts)
			return nil
		},
		"since": func(text string) error {
			for _, layout := range []string{time.DateOnly, time.RFC3339} {
				if t, err := time.Parse(layout, text); err == nil {
					f.since = t.UTC()
					return nil
				}
			}
			return problemf(http.StatusBadRequest, "since is a date, as in 2026-01-31 or 2026-01-31T12:00:00Z; found %q", clip(text))
		},
		"escalation": func(text string) error {
			if f.escalate = text; !slices.Contains(history.EscalationWords, text) {
				return problemf(http.StatusBadRequest, "escalation is opens or closes, methods of escalation; found %q", clip(text))
			}
			return nil
		},
		"attached": func(text string) error {
			if f.attached = text == "true"; !f.attached {
				return problemf(http.StatusBadRequest, "attached is true, or left out; found %q", clip(text))
			}
			return nil
		},
	}
	if f.name != "" {
		delete(all, "policy")
	}
	return all
}
