package feeds

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/snapshot"
)

// TestWhatAnEntrySays: what the update means, in the words of writ diff; and not who published it.
func TestWhatAnEntrySays(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: first, Note: "deploys\nwhat is built"})
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "broader", Added: []string{"s3:PutObject", "iam:ListRoles", "s3:*Acl"}, Feature: "roles <1>"})
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "incomparable", Added: []string{"a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7"}, Removed: []string{"*"}, Reason: "nobody does"})
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "equivalent"})
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "narrower", Removed: []string{"s3:PutObject"}})
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "unknown", Removed: []string{"s3:Get*"}})
	w.deprecate("Deployer")
	want := []struct{ title, summary, content string }{
		{"Deployer: deprecated", "Deployer is deprecated: it stays where it is attached, and can be attached no more. use another.", "<p>use another</p>"},
		{"Deployer v6: unknown", "It is not known what version v6 of Deployer allows beside the version before; it removes s3:Get*.", "<p>Removes</p><ul><li>s3: Get*</li></ul>"},
		{"Deployer v5: narrower", "Version v5 of Deployer allows less than the version before: it removes s3:PutObject.", "<p>Removes</p><ul><li>s3: PutObject</li></ul>"},
		{"Deployer v4: equivalent", "Version v4 of Deployer allows the same as the version before.", "<li>arn:aws:iam::aws:policy/platform/Deployer</li>"},
		{"Deployer v3: incomparable", "Version v3 of Deployer allows what the version before does not, and the other way around: " +
			"it adds a:1, a:2, a:3, a:4, a:5 and 2 others, and removes *. Why it takes away: nobody does.",
			"<p>Why it takes away: nobody does</p><p>Adds</p><ul><li>a: 1, 2, 3, 4, 5, 6, 7</li></ul><p>Removes</p><ul><li>any service: *</li></ul>"},
		{"Deployer v2: broader", "Version v2 of Deployer allows all that the version before does, and more: it adds s3:PutObject, iam:ListRoles and s3:*Acl.",
			"<p>Adds</p><ul><li>iam: ListRoles</li><li>s3: PutObject, *Acl</li></ul><ul><li>arn:aws:iam::aws:policy/platform/Deployer</li><li>published by platform</li><li>feature: roles &lt;1&gt;</li></ul>"},
		{"Deployer v1: new", "Version v1 is the first of Deployer. Its statements allow iam:List* and s3:GetObject. deploys what is built.",
			"<p>deploys<br>what is built</p><p>Allows</p><ul><li>iam: List*</li><li>s3: GetObject</li></ul>"},
	}
	for _, format := range formats {
		path := Path + "policies/Deployer." + format.name
		f := w.read(path)
		if len(f.Items) != len(want) {
			t.Fatalf("%s: %d entries", format.name, len(f.Items))
		}
		for i, item := range f.Items {
			content := strings.ReplaceAll(item.Content, "\n", "")
			if item.Title != want[i].title || item.Description != want[i].summary || !strings.Contains(content, want[i].content) {
				t.Errorf("%s: %s\n%s\n%s\nwant\n%+v", format.name, item.Title, item.Description, content, want[i])
			}
		}
		if body := w.ask("GET", path).Body.String(); strings.Contains(body, "secret-publisher") || strings.Contains(body, "111122223333") {
			t.Errorf("%s says who published", format.name)
		}
	}
	amplify := w.read(Path + "policies/AdministratorAccess-Amplify.atom")
	if item := amplify.Items[0]; len(amplify.Items) != 12 || item.Title != "AdministratorAccess-Amplify v12: broader" ||
		item.Description != "Version v12 of AdministratorAccess-Amplify allows all that the version before does, and more: "+
			"it adds cloudformation:TagResource and cloudformation:UntagResource." {
		t.Errorf("%d entries, %+v", len(amplify.Items), item)
	}
	if item := amplify.Items[7]; item.Title != "AdministratorAccess-Amplify v5: narrower" || !strings.HasSuffix(item.Description, "it removes lambda:GetLayerVersionByArn.") {
		t.Errorf("%+v", item)
	}
	// Of ReadOnlyAccess, the catalogue has no version between v140 and v159.
	readOnly := map[string]string{}
	for _, item := range w.read(Path + "policies/ReadOnlyAccess.atom").Items {
		readOnly[item.Title] = item.Description + item.Content
	}
	if got := readOnly["ReadOnlyAccess v159: equivalent"]; !strings.HasPrefix(got, "Version v159 of ReadOnlyAccess allows the same as v140, the version before it in the catalogue.") {
		t.Errorf("%s", got)
	}
	if got := readOnly["ReadOnlyAccess v1: new"]; !strings.Contains(got, " others: writ catalog log ReadOnlyAccess --json</p>") {
		t.Errorf("%s, of %d", got, len(readOnly))
	}
}

// TestFiltersOfShippedVersions: what AWS took away is one question, with the service or without.
func TestFiltersOfShippedVersions(t *testing.T) {
	w := newWorld(t)
	all := len(ids(w.read(Path + "catalog.atom")))
	n := 0
	for _, v := range Verdicts {
		for _, item := range w.read(Path + "catalog.atom?verdict=" + v).Items {
			if n++; !strings.HasSuffix(item.Title, ": "+v) {
				t.Errorf("%s is among the entries that are %s", item.Title, v)
			}
		}
	}
	if n != all {
		t.Errorf("%d entries by verdict, of %d", n, all)
	}
	// Version 2 was the first with ways that do not go through CloudFormation.
	feed := w.read(Path + "policies/AdministratorAccess-Amplify.json?escalation=opens")
	if want := "Managed policy AdministratorAccess-Amplify, opens methods of escalation"; feed.Title != want {
		t.Errorf("the title is %q, want %q", feed.Title, want)
	}
	opened := feed.Items
	if n := len(opened); n != 4 || !strings.Contains(opened[2].Description, "Escalation: opens pf-iam-005 (forwarded to open), ") {
		t.Errorf("%d versions open methods of escalation: %+v", n, opened)
	}
	if closed := w.read(Path + "policies/AdministratorAccess-Amplify.json?escalation=closes").Items; len(closed) != 0 {
		t.Errorf("%d versions close methods of escalation", len(closed))
	}
	got := ids(w.read(Path + "policies/AdministratorAccess-Amplify.json?verdict=narrower,incomparable&service=lambda"))
	if want := []string{tag + "arn:aws:iam::aws:policy/AdministratorAccess-Amplify@v5"}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// TestFilters narrow a feed down.
func TestFilters(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: first}) // s3:GetObject, iam:List*
	w.now = w.now.AddDate(0, 0, 1)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "broader", Added: []string{"ec2:RunInstances"}})
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "incomparable", Added: []string{"a:b"}, Removed: []string{"S3:GetObject"}})
	w.publish(iam.Publication{Policy: "Reader", Verdict: first, Document: iam.NewDocument(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"x:y","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}`)})
	w.publish(iam.Publication{Policy: "Reader", Verdict: "narrower", Removed: []string{"e*:Run*"}})
	w.publish(iam.Publication{Policy: "ReadOnlyAccess", Publisher: iam.AWSPublisher, Version: "v1000", Verdict: "broader", Added: []string{"*"}})
	w.deprecate("Reader")
	w.update(func(tx iam.Txn) error {
		tx.Put(&iam.Account{ID: "111122223333"})
		tx.Put(&iam.Account{ID: "444455556666"})
		user := func(account, name, boundary string, attached ...string) {
			u := &iam.User{Header: iam.Header{Account: account, Name: name, Path: "/", ID: "AIDA" + name}, Boundary: boundary}
			u.Attached = attached
			tx.Put(u)
		}
		user("111122223333", "dev", "arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/platform/Deployer")
		user("444455556666", "dev2", "", "arn:aws:iam::aws:policy/platform/Reader")
		return nil
	})
	for query, want := range map[string]string{
		"verdict=broader&since=2026-11-01":                      "ReadOnlyAccess@v1000 Deployer@v2",
		"verdict=narrower,incomparable&since=2026-11-01":        "Reader@v2 Deployer@v3",
		"verdict=deprecation&since=2026-11-01":                  "Reader@deprecated",
		"verdict=new&since=2026-11-01":                          "Reader@v1 Deployer@v1",
		"service=s3&since=2026-11-01":                           "ReadOnlyAccess@v1000 Reader@v1 Deployer@v3 Deployer@v1",
		"service=S3&verdict=incomparable&since=2026-11-01":      "Deployer@v3",
		"service=ec2&since=2026-11-01":                          "ReadOnlyAccess@v1000 Reader@v2 Reader@v1 Deployer@v2",
		"policy=Deployer":                                       "Deployer@v3 Deployer@v2 Deployer@v1",
		"policy=Deployer&since=2026-11-02":                      "Deployer@v3 Deployer@v2",
		"policy=Deployer&since=2026-11-02T12:00:01Z":            "",
		"since=2026-11-01T13:00:00%2B01:00&policy=Deployer":     "Deployer@v3 Deployer@v2 Deployer@v1",
		"since=2026-11-01":                                      "Reader@deprecated ReadOnlyAccess@v1000 Reader@v2 Reader@v1 Deployer@v3 Deployer@v2 Deployer@v1",
		"attached=true&since=2026-11-01":                        "Deployer@v3 Deployer@v2 Deployer@v1",
		"attached=true&policy=PowerUserAccess&since=2020-01-01": "",
	} {
		for _, format := range formats {
			var got []string
			f := w.read(Path + "catalog." + format.name + "?" + query)
			for _, id := range ids(f) {
				got = append(got, id[strings.LastIndexByte(id, '/')+1:])
			}
			if query == "attached=true&policy=PowerUserAccess&since=2020-01-01" {
				if len(got) == 0 {
					t.Error("a boundary is not in use")
				}
				continue
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s %s: %v, want %v", format.name, query, got, want)
			}
			if f.UpdatedParsed == nil && (len(got) > 0 || format.name != "json") { // which has no date of the feed itself
				t.Errorf("%s %s: the feed has no date", format.name, query)
			}
		}
	}
	if w.reads == 0 {
		t.Error("an account's feed was read by nobody in particular")
	}
	if rec := w.ask("GET", Path+"catalog.json?attached=true"); rec.Header().Get("Cache-Control") != "private, no-cache" || rec.Header().Get("Last-Modified") != "" {
		t.Errorf("%v", rec.Header())
	}
	if n := len(w.catalog.bodies.all); n > 3*12 {
		t.Errorf("%d feeds are kept: accounts' among them", n)
	}
}

func TestErrorsSayWhatThereIs(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: first})
	for _, c := range []struct {
		method, path string
		status       int
		text         string
	}{
		{"GET", "", 404, "/feeds/policies/NAME.FORMAT, with FORMAT one of rss, atom, json"},
		{"GET", "catalog", 404, "/feeds/catalog.FORMAT"},
		{"GET", "other.rss", 404, `there is no feed at "/feeds/other.rss"`},
		{"GET", "catalog.xml", 404, `there is no format "xml"; feeds end in .rss, .atom or .json`},
		{"GET", "policies/Deployer", 404, "with FORMAT one of"},
		{"GET", "policies/Deploier.rss", 404, `no managed policy is called "Deploier"; did you mean Deployer?`},
		{"GET", "policies/deployer.rss", 404, "did you mean Deployer or "},
		{"GET", "policies/readonlyaccess.rss", 404, "did you mean ReadOnlyAccess?"},
		{"GET", "policies/ReadOnlyAccess@v1.rss", 404, "the feed of ReadOnlyAccess has all its versions"},
		{"GET", "policies/.rss", 404, `no managed policy is called ""`},
		{"GET", "policies/a%2Fb.rss", 404, `no managed policy is called "a/b"`},
		{"GET", "policies/%3Cscript%3E%0a.rss", 404, `no managed policy is called "<script>\n"`},
		{"GET", "policies/" + strings.Repeat("x", 5000) + ".rss", 404, "xxx…"},
		{"GET", "catalog.rss?verdicts=new", 400, `there is no parameter "verdicts"; known are attached, escalation, policy, service, since, verdict`},
		{"GET", "policies/Deployer.rss?policy=Deployer", 400, `there is no parameter "policy"; known are attached, escalation, service, since, verdict`},
		{"GET", "catalog.rss?verdict=new&verdict=broader", 400, "the parameter verdict is given 2 times"},
		{"GET", "catalog.rss?verdict=newer", 400, "known are new, equivalent, broader, narrower, incomparable, unknown, deprecation"},
		{"GET", "catalog.rss?verdict=", 400, "there is no verdict"},
		{"GET", "catalog.rss?service=s3:GetObject", 400, "as in s3"},
		{"GET", "catalog.rss?service=", 400, "as in s3"},
		{"GET", "catalog.rss?since=yesterday", 400, "as in 2026-01-31"},
		{"GET", "catalog.rss?policy=Deploier", 400, "did you mean Deployer?"},
		{"GET", "catalog.rss?attached=false", 400, "attached is true, or left out"},
		{"GET", "catalog.rss?%zz", 400, "syntax error"},
		{"GET", "catalog.rss?" + strings.Repeat("x", maxQuery+1), 400, "at most 16384 are read"},
		{"POST", "catalog.rss", 405, "feeds are read by GET and HEAD"},
		{"DELETE", "policies/Deployer.atom", 405, "feeds are read by GET and HEAD"},
	} {
		rec := w.ask(c.method, Path+c.path)
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.text) || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s %.80s: %d %s", c.method, c.path, rec.Code, rec.Body)
		}
		if strings.Count(rec.Body.String(), "\n") != 1 || rec.Body.Len() > 1000 {
			t.Errorf("%s %.80s: %q", c.method, c.path, rec.Body)
		}
		if (rec.Header().Get("Allow") == "GET, HEAD") != (c.status == 405) {
			t.Errorf("%s %.80s: Allow %q", c.method, c.path, rec.Header().Get("Allow"))
		}
	}
}

// TestUnchangedFeedsAreNotSentAgain, and changed ones are, to clients with and without entity tags.
func TestUnchangedFeedsAreNotSentAgain(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: first})
	for i, format := range formats {
		path := Path + "policies/Deployer." + format.name
		one := w.ask("GET", path)
		etag := one.Header().Get("ETag")
		if one.Code != 200 || etag == "" || one.Header().Get("Content-Type") != format.mime || one.Header().Get("Cache-Control") != "no-cache" {
			t.Fatalf("%d %v", one.Code, one.Header())
		}
		head := w.ask("HEAD", path)
		if head.Code != 200 || head.Body.Len() > 0 || head.Header().Get("ETag") != etag || head.Header().Get("Content-Length") != fmt.Sprint(one.Body.Len()) {
			t.Errorf("HEAD: %d %v", head.Code, head.Header())
		}
		if again := w.ask("GET", path, "If-None-Match", etag); again.Code != 304 || again.Body.Len() > 0 {
			t.Errorf("unchanged: %d", again.Code)
		}
		// A client that knows dates alone, and asked in the very second of the entry.
		soon := one.Header().Get("Last-Modified")
		w.now = w.now.Add(2 * time.Minute)
		later := w.ask("GET", path).Header().Get("Last-Modified")
		w.now = w.now.Add(2 * time.Minute)
		if again := w.ask("GET", path, "If-Modified-Since", later); again.Code != 304 {
			t.Errorf("unchanged since %s: %d", later, again.Code)
		}
		w.publish(iam.Publication{Policy: "Deployer", Verdict: "broader", Added: []string{fmt.Sprint("a:", i)}})
		for _, header := range [][2]string{{"If-None-Match", etag}, {"If-Modified-Since", soon}, {"If-Modified-Since", later}} {
			if again := w.ask("GET", path, header[:]...); again.Code != 200 || again.Header().Get("ETag") == etag || !strings.Contains(again.Body.String(), fmt.Sprint("a:", i)) {
				t.Errorf("changed, %s: %d %v", header[0], again.Code, again.Header())
			}
		}
	}
}

// TestRenderedFeedsAreKept until the next entry, whatever else changes, and no more of them than there is room for.
func TestRenderedFeedsAreKept(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: first})
	kept := func() *body {
		w.Helper()
		w.read(Path + "policies/Deployer.rss?verdict=new,broader")
		w.read(Path + "policies/Deployer.rss?verdict=broader,new,new") // which is the same
		if len(w.catalog.bodies.all) != 1 {
			t.Errorf("%d feeds are kept", len(w.catalog.bodies.all))
		}
		for _, b := range w.catalog.bodies.all {
			return b
		}
		return nil
	}
	b := kept()
	w.update(func(tx iam.Txn) error { tx.Put(&iam.Account{ID: "444455556666"}); return nil })
	if kept() != b {
		t.Error("it is rendered again for another record")
	}
	w.publish(iam.Publication{Policy: "Deployer", Verdict: "broader"})
	if kept() == b {
		t.Error("it is kept in spite of a new entry")
	}
	// Other hosts are others' links.
	if one, other := w.ask("GET", "http://one.example/feeds/policies/Deployer.rss"), w.ask("GET", "https://other.example/feeds/policies/Deployer.rss"); !strings.Contains(one.Body.String(), "http://one.example/feeds/") ||
		!strings.Contains(other.Body.String(), "https://other.example/feeds/") || strings.Contains(other.Body.String(), "one.example") {
		t.Errorf("%s\n%s", one.Body, other.Body)
	}
	for i := range 2 * maxBodies {
		w.ask("GET", fmt.Sprintf("%spolicies/Deployer.rss?since=2026-01-01T00:00:%02dZ&service=s%d", Path, i%60, i))
		if n := len(w.catalog.bodies.all); n > maxBodies || n != len(w.catalog.bodies.old) {
			t.Fatalf("%d feeds are kept", n)
		}
	}
	for range 3 {
		all := &bodies{}
		for i := range 40 {
			all.keep(fmt.Sprint(i), &body{text: make([]byte, 3<<20)})
			all.find("0")
			if size := 0; all.all["0"] == nil {
				t.Fatal("what is asked for is forgotten")
			} else if size += len(all.all) * 3 << 20; size > maxKept || size != all.size {
				t.Fatalf("%d bytes are kept, %d are counted", size, all.size)
			}
		}
		if all.keep("large", &body{text: make([]byte, maxKept+1)}); all.find("large") != nil {
			t.Error("a feed beyond the bound is kept")
		}
	}
}

// TestReadersAtOnceSeeWholeStates: under publications, each of many readers sees ever more entries.
func TestReadersAtOnceSeeWholeStates(t *testing.T) {
	w := newWorld(t)
	done := make(chan struct{})
	failed := make(chan string, 4)
	for i := range 4 {
		go func() {
			defer func() { failed <- "" }()
			path := Path + "catalog." + formats[i%3].name + own
			var before []string
			for {
				select {
				case <-done:
					return
				default:
				}
				f, err := parsed(w.ask("GET", path).Body.String())
				if err != nil {
					failed <- err.Error()
					return
				}
				now := ids(f)
				if missing := slices.DeleteFunc(slices.Clone(before), func(id string) bool { return slices.Contains(now, id) }); len(missing) > 0 {
					failed <- fmt.Sprint("gone: ", missing)
				}
				before = now
			}
		}()
	}
	for range 40 {
		w.publish(iam.Publication{Policy: "Deployer", Verdict: "broader", Added: []string{"a:b"}})
	}
	close(done)
	for range 4 {
		if text := <-failed; text != "" {
			t.Error(text)
		}
	}
	if n := len(w.read(Path + "catalog.atom" + own).Items); n != 40 {
		t.Errorf("%d entries", n)
	}
}

// TestAStoreThatWentBack, as one restored under the server does, is read anew.
func TestAStoreThatWentBack(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer", Verdict: first})
	w.read(Path + "policies/Deployer.rss")
	w.State = snapshot.Empty
	if rec := w.ask("GET", Path+"policies/Deployer.rss"); rec.Code != http.StatusNotFound {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
