package feeds

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
	"github.com/writ-iam/writ/managed"
)

// A world is a handler on a store of its own. The clock is the test's.
type world struct {
	testing.TB
	*Handler
	store store.Store
	live  *snapshot.Live
	now   time.Time
	reads int // of accounts' feeds
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := member.Start(t.Context(), member.Config{Ephemeral: true, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); s.Close() })
	w := &world{TB: t, store: s, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	if w.live, err = snapshot.Follow(ctx, s, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	w.Handler = &Handler{
		State: w.live.Current, Now: func() time.Time { return w.now },
		Admit: func(*http.Request, *Reading) (*op.Call, error) {
			w.reads++
			return &op.Call{State: w.live.Current(), Caller: &op.Caller{Account: "111122223333"}}, nil
		},
	}
	w.update(func(tx iam.Txn) error {
		return iam.CreatePublisher(tx, iam.Publisher{Name: "platform", Path: "/platform/"})
	})
	return w
}

// update runs a transaction, and waits for what it wrote.
func (w *world) update(fn func(iam.Txn) error) {
	w.Helper()
	rev, err := w.store.Update(w.Context(), func(tx store.Txn) error { return fn(iam.NewTxn(tx)) })
	if err == nil {
		_, err = w.live.Wait(w.Context(), rev)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// publish publishes a version of a policy at the time of the world's clock: the next one.
func (w *world) publish(p iam.Publication) *iam.Publication {
	w.Helper()
	var entered *iam.Publication
	in := iam.Published{Publication: p}
	if in.Publisher == "" {
		in.Publisher, in.Path = "platform", "/platform/"
	}
	in.Time, in.Created = w.now, w.now
	in.By = "arn:aws:iam::111122223333:user/secret-publisher"
	if in.Document == nil {
		in.Document = iam.NewDocument(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","iam:List*"],"Resource":"*"}}`)
	}
	if known := w.live.Current().OwnerPolicyNamed(in.Policy); known != nil {
		in.Was, in.Path = known.Default().ID, known.Path
	}
	w.update(func(tx iam.Txn) (err error) {
		draft := in
		entered, err = iam.Publish(tx, &draft)
		return err
	})
	return entered
}

func (w *world) deprecate(policy string) {
	w.Helper()
	known := w.live.Current().OwnerPolicyNamed(policy)
	w.update(func(tx iam.Txn) error {
		_, err := iam.Deprecate(tx, iam.Publication{Publisher: known.Publisher, Policy: policy, Path: known.Path, Time: w.now, Created: w.now, Note: "use another"})
		return err
	})
}

// ask asks for a feed.
func (w *world) ask(method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// read reads a feed with a parser that is not ours.
func (w *world) read(path string) *gofeed.Feed {
	w.Helper()
	rec := w.ask("GET", path)
	if rec.Code != http.StatusOK {
		w.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
	f, err := parsed(rec.Body.String())
	if err != nil {
		w.Fatalf("%s: %v\n%s", path, err, rec.Body)
	}
	return f
}

// parsed parses a feed leniently, as readers do, and strictly, as a validator does.
func parsed(text string) (*gofeed.Feed, error) {
	if strings.HasPrefix(text, "{") {
		if !json.Valid([]byte(text)) {
			return nil, errors.New("it is not JSON")
		}
	} else {
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
		}
	}
	return gofeed.NewParser().ParseString(text)
}

func ids(f *gofeed.Feed) (all []string) {
	for _, item := range f.Items {
		all = append(all, item.GUID)
	}
	return all
}

// own asks for the entries of this server alone: the test's clock is behind the dates of the shipped catalogue.
const own = "?since=2026-10-25"

var tagForm = regexp.MustCompile(`^tag:writ-iam,2026:arn:aws:iam::aws:policy/[A-Za-z0-9+=,.@_/-]+@(v[0-9]+|deprecated)$`)

// TestAnEntryOnceOutIsAlwaysThere, in random histories, on a clock that now and then goes back.
func TestAnEntryOnceOutIsAlwaysThere(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			w := newWorld(t)
			names := []string{"Deployer", "Reader", "A@v1", "A", "AmazonRDSReadOnlyAccess", "ReadOnlyAccess", "a.json"}
			words := []string{"new", "broader", "narrower", "incomparable", "equivalent", "unknown"}
			before := map[string]time.Time{}
			var updated time.Time
			entries := 0
			for range 40 {
				w.now = w.now.Add(time.Duration(random.IntN(100)-20) * time.Minute)
				name := names[random.IntN(len(names))]
				switch known := w.live.Current().OwnerPolicyNamed(name); {
				case known != nil && known.Deprecated:
					continue
				case known != nil && random.IntN(12) == 0:
					w.deprecate(name)
				default:
					p := iam.Publication{Policy: name, Verdict: words[random.IntN(len(words))], Added: []string{"s3:PutObject"}, Removed: []string{"*"}, Note: "as wanted"}
					if _, ok := managed.Lookup(name); ok {
						p.Publisher = iam.AWSPublisher
					}
					w.publish(p)
				}
				if entries++; random.IntN(3) > 0 {
					continue
				}
				var others []string
				for _, format := range formats {
					f := w.read(Path + "catalog." + format.name + own)
					if len(f.Items) != entries {
						t.Fatalf("%s: %d entries, published %d", format.name, len(f.Items), entries)
					}
					now := map[string]time.Time{}
					last := *f.UpdatedParsed
					if last.Before(updated) || !last.Equal(*f.Items[0].PublishedParsed) {
						t.Errorf("%s: the feed is of %v, its newest entry of %v, the feed before was of %v", format.name, last, f.Items[0].PublishedParsed, updated)
					}
					for _, item := range f.Items {
						if _, twice := now[item.GUID]; twice || !tagForm.MatchString(item.GUID) {
							t.Errorf("%s: id %s", format.name, item.GUID)
						}
						if item.PublishedParsed.After(last) {
							t.Errorf("%s: %s is of %v, and behind one of %v", format.name, item.GUID, item.PublishedParsed, last)
						}
						last = *item.PublishedParsed
						now[item.GUID] = last
					}
					for id, date := range before {
						if !now[id].Equal(date) {
							t.Errorf("%s: %s was of %v, and is of %v", format.name, id, date, now[id])
						}
					}
					if others == nil {
						others = ids(f)
					} else if !slices.Equal(others, ids(f)) {
						t.Errorf("the formats differ:\n%v\n%v", others, ids(f))
					}
					if format == formats[len(formats)-1] {
						before, updated = now, *f.UpdatedParsed
					}
				}
			}
		})
	}
}

// TestEveryShippedVersionHasItsEntry, but for those without a date, in each format, among what is published here.
func TestEveryShippedVersionHasItsEntry(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: first})
	versions, dated := 0, 0
	want := map[string]bool{tag + "arn:aws:iam::aws:policy/platform/Deployer@v1": true}
	for _, p := range managed.All() {
		for _, v := range p.Versions() {
			if versions++; !v.Created.IsZero() {
				dated++
				want[tag+p.ARN+"@"+v.ID] = true
			}
		}
	}
	if versions != 6194 || dated != 6190 {
		t.Errorf("%d versions, %d with a date: the documentation has others", versions, dated)
	}
	var others []string
	for _, format := range formats {
		f := w.read(Path + "catalog." + format.name)
		if len(f.Items) != dated+1 || f.Items[0].GUID != tag+"arn:aws:iam::aws:policy/platform/Deployer@v1" {
			t.Fatalf("%s: %d entries, the first %+v", format.name, len(f.Items), f.Items[0])
		}
		for i, item := range f.Items {
			if !want[item.GUID] || item.Title == "" || item.Description == "" || item.Content == "" || !strings.HasPrefix(item.Link, "http") {
				t.Fatalf("%s: %+v", format.name, item)
			}
			if i > 0 && item.PublishedParsed.After(*f.Items[i-1].PublishedParsed) {
				t.Errorf("%s: %s stands behind older ones", format.name, item.GUID)
			}
		}
		if others == nil {
			others = ids(f)
		} else if !slices.Equal(others, ids(f)) {
			t.Error("the formats differ")
		}
	}
	slices.Sort(others)
	if len(slices.Compact(others)) != dated+1 {
		t.Error("an id is there twice")
	}
}

// TestAVersionThatIsShippedLaterStaysOneEntry: it was published here, and came with a release of the program.
func TestAVersionThatIsShippedLaterStaysOneEntry(t *testing.T) {
	p, _ := managed.Lookup("AdministratorAccess-Amplify")
	v := p.Default()
	c := newCatalog([]*iam.Publication{{Entry: 1, Publisher: iam.AWSPublisher, Policy: p.Name, Path: p.Path, Version: v.ID, Verdict: "broader", Time: v.Created.Add(time.Hour)}}, time.Time{})
	n := 0
	for _, e := range c.entries {
		if e.id == tag+p.ARN+"@"+v.ID {
			if n++; e.verdict != "broader" {
				t.Errorf("%+v", e)
			}
		}
	}
	if n != 1 || len(c.entries) != len(shipped()) {
		t.Errorf("%d entries of it, %d of %d", n, len(c.entries), len(shipped()))
	}
}

var markup = regexp.MustCompile(`<[^>]*>?`)

// FuzzAnyTextYieldsFeedsThatParse: whatever is in a note, a name or an action, the feeds parse, have one entry, and its HTML has no
// more elements than we put there.
func FuzzAnyTextYieldsFeedsThatParse(f *testing.F) {
	for _, text := range []string{"plain", "</title><script>alert(1)</script>", "]]>", "]]]]><![CDATA[>", "&lt;b&gt;", "\x00\x1b[2J\u202e", "\xff\xfe", "\"}]}", "a\r\nb", "\ufffe\uffff", "<!--", "<?xml?>", strings.Repeat("<", 400)} {
		f.Add(text, "Deployer", "s3:GetObject", text)
		f.Add("note", "Deployer", text, "")
		f.Add("note", text, "s3:GetObject", "reason")
	}
	f.Fuzz(func(t *testing.T, note, name, action, reason string) {
		for _, verdict := range append(Verdicts[:len(Verdicts)-1:len(Verdicts)-1], "") {
			p := &iam.Publication{
				Entry: 1, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Publisher: "platform", Policy: name, Path: "/platform/", Version: "v1",
				Note: note, Feature: note, Verdict: verdict, Deprecation: verdict == "", Added: []string{action, action + "x"}, Removed: []string{action},
				Reason: reason, By: "arn:aws:iam::111122223333:user/secret-publisher",
			}
			c := &catalog{entries: []*entry{newEntry(p)}}
			for _, format := range formats {
				b, err := c.render(&feed{format: format, base: "http://127.0.0.1:8650"})
				if err != nil {
					t.Fatal(err)
				}
				f, err := parsed(string(b.text))
				if err != nil {
					t.Fatalf("%s: %v\n%s", format.name, err, b.text)
				}
				if len(f.Items) != 1 {
					t.Fatalf("%s: %d entries\n%s", format.name, len(f.Items), b.text)
				}
				if nameForm.MatchString(name) && f.Items[0].GUID != c.entries[0].id {
					t.Errorf("%s: id %q, want %q", format.name, f.Items[0].GUID, c.entries[0].id)
				}
				for _, element := range markup.FindAllString(f.Items[0].Content, -1) {
					if !slices.Contains([]string{"<p>", "</p>", "<ul>", "</ul>", "<li>", "</li>", "<br>"}, element) {
						t.Errorf("%s: %s in %s", format.name, element, f.Items[0].Content)
					}
				}
				if strings.Contains(string(b.text), "secret-publisher") {
					t.Errorf("%s says who published", format.name)
				}
			}
		}
	})
}

var nameForm = regexp.MustCompile(`^[a-zA-Z0-9+=,.@_-]{1,128}$`)

// FuzzRequests: whatever is asked for, the answer is a feed that parses, or a text that says what is wrong.
func FuzzRequests(f *testing.F) {
	for _, s := range [][2]string{
		{"catalog.rss", ""}, {"policies/ReadOnlyAccess.atom", "since=2026-01-01"}, {"catalog.json", "service=s3&verdict=new"}, {"catalog.rss", "policy=<x>"},
		{"policies/<script>.rss", ""}, {"policies/../catalog.rss", ""}, {"catalog.json", "%zz"}, {"catalog.json", "a;b"}, {"catalog.atom", "service=*"},
		{"policies/\x00.json", "X-Amz-Signature=1"}, {"catalog.atom", "since=9999-12-31"}, {"catalog.rss", "since=0000-01-01T00:00:00%2B23:59&service=a"},
	} {
		f.Add(s[0], s[1])
	}
	c := newCatalog([]*iam.Publication{{Entry: 1, Policy: "Deployer", Path: "/platform/", Version: "v1", Verdict: "broader", Added: []string{"s3:*"}}}, time.Time{})
	c.entries = c.entries[len(c.entries)-200:]
	f.Fuzz(func(t *testing.T, path, query string) {
		asked, err := c.parsePath(Path + path)
		if err == nil {
			err = c.parseQuery(asked, query)
		}
		if err != nil {
			if p, ok := errors.AsType[*problem](err); !ok || p.status < 400 || p.status > 404 || len(p.text) > 2000 || strings.ContainsAny(p.text, "\x00\x1b\r\n") {
				t.Errorf("%s %s: %v", path, query, err)
			}
			return
		}
		asked.inUse = func(string) bool { return true }
		b, err := c.render(asked)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsed(string(b.text)); err != nil {
			t.Errorf("%s %s: %v\n%s", path, query, err, b.text)
		}
	})
}

// BenchmarkFeed is the feed of the whole catalogue: 6,190 entries.
func BenchmarkFeed(b *testing.B) {
	w := newWorld(b)
	for _, format := range formats {
		r := httptest.NewRequest("GET", Path+"catalog."+format.name, nil)
		serve := func() http.Header {
			discarded := discard{http.Header{}}
			w.ServeHTTP(discarded, r)
			return discarded.header
		}
		b.Run("uncached/"+format.name, func(b *testing.B) {
			for b.Loop() {
				w.catalog = nil // as after a publication
				serve()
			}
		})
		b.Run("cached/"+format.name, func(b *testing.B) {
			for b.Loop() {
				serve()
			}
		})
		b.Run("unchanged/"+format.name, func(b *testing.B) {
			r.Header.Set("If-None-Match", serve().Get("ETag"))
			for b.Loop() {
				serve()
			}
		})
	}
}

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
