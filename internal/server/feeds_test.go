package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/mmcdole/gofeed"

	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/store/storetest"
	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/managed"
)

var emptyHash = func() string { sum := sha256.Sum256(nil); return hex.EncodeToString(sum[:]) }()

// writ calls an operation of Writ's own API.
func writ(c aws.Config, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequest("POST", *c.BaseEndpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Target", "Writ."+operation)
	sum := sha256.Sum256(body)
	k, _ := c.Credentials.Retrieve(context.Background())
	if err := v4.NewSigner().SignHTTP(context.Background(), k, r, hex.EncodeToString(sum[:]), "writ", c.Region, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, text)
	}
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	return err
}

func publish(c aws.Config, name string, actions ...string) (*writapi.Entry, error) {
	var out writapi.PublishManagedPolicyOutput
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}}`
	err := writ(c, "PublishManagedPolicy", writapi.PublishManagedPolicyInput{Publisher: "platform", Name: name, Document: document, AllowRemoval: "as wanted"}, &out)
	return out.Entry, err
}

// fed reads a feed.
func fed(url string) (*gofeed.Feed, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("%s: %s", resp.Status, text)
	}
	return gofeed.NewParser().Parse(resp.Body)
}

// ofThisServer is the query for what is newer than the shipped catalogue.
var ofThisServer = func() string {
	var last time.Time
	for _, p := range managed.All() {
		for _, v := range p.Versions() {
			if v.Created.After(last) {
				last = v.Created
			}
		}
	}
	return "?since=" + last.Add(time.Second).Format(time.RFC3339)
}()

// TestFeedsSurviveKills: whatever was published to the end, and whatever was in a feed, is in the feeds after a kill, once, and with the
// same date; a publication that broke off is either all there or not at all.
func TestFeedsSurviveKills(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	known := map[string]time.Time{}   // ids seen in feeds
	acknowledged := map[string]bool{} // ids
	for round := range 3 {
		p := storetest.Start(t, "serve", dir)
		var url, id, secret string
		if _, err := fmt.Sscan(<-p.Lines, &url, &id, &secret); err != nil {
			t.Fatal(err)
		}
		c := configAt(url, id, secret, "")
		if round == 0 {
			if err := writ(c, "CreatePublisher", writapi.CreatePublisherInput{Name: "platform", Path: "/platform/"}, &writapi.CreatePublisherOutput{}); err != nil {
				t.Fatal(err)
			}
		}
		var workers sync.WaitGroup
		enough, seen := make(chan struct{}, 1000), make(chan struct{}, 1)
		for w := range 3 {
			workers.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("Policy%d", w)
					e, err := publish(c, name, fmt.Sprintf("a:%d-%d", round, i))
					if err != nil {
						return // killed
					}
					mu.Lock()
					acknowledged["tag:writ-iam,2026:"+e.PolicyARN+"@"+e.VersionID] = true
					mu.Unlock()
					select {
					case enough <- struct{}{}:
					default:
					}
				}
			})
		}
		workers.Go(func() {
			defer close(seen)
			for {
				f, err := fed(url + "/feeds/catalog.atom" + ofThisServer)
				if err != nil {
					return // killed
				}
				mu.Lock()
				for _, item := range f.Items {
					known[item.GUID] = *item.PublishedParsed
				}
				mu.Unlock()
				select {
				case seen <- struct{}{}:
				default:
				}
			}
		})
		for range 20 {
			<-enough
		}
		<-seen
		p.Kill()
		workers.Wait()
	}
	s := start(t, server.Config{Data: dir})
	var out writapi.ListCatalogEntriesOutput
	if err := writ(root(s), "ListCatalogEntries", writapi.ListCatalogEntriesInput{}, &out); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"rss", "atom", "json"} {
		f, err := fed(s.URL() + "/feeds/catalog." + format + ofThisServer)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]time.Time{}
		for _, item := range f.Items {
			found[item.GUID] = *item.PublishedParsed
		}
		if len(found) != len(f.Items) || len(found) != len(out.Entries) {
			t.Errorf("%s: %d entries with %d ids; the history has %d", format, len(f.Items), len(found), len(out.Entries))
		}
		for id := range acknowledged {
			if _, ok := found[id]; !ok {
				t.Errorf("%s: %s was published, and is not there", format, id)
			}
		}
		for id, date := range known {
			if !found[id].Equal(date) {
				t.Errorf("%s: %s was of %v, and is of %v", format, id, date, found[id])
			}
		}
	}
	if len(acknowledged) < 60 || len(known) == 0 {
		t.Errorf("%d were published, %d were seen", len(acknowledged), len(known))
	}
}

// TestTheFeedOfAnAccount takes a signature, in a header or in the URL, and the permission; it has what is in use in the account.
func TestTheFeedOfAnAccount(t *testing.T) {
	dir := t.TempDir()
	s := start(t, server.Config{Data: dir})
	ctx, admin := t.Context(), iam.NewFromConfig(root(s))
	if err := writ(root(s), "CreatePublisher", writapi.CreatePublisherInput{Name: "platform", Path: "/platform/"}, &writapi.CreatePublisherOutput{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Attached", "Boundary", "Unused"} {
		if _, err := publish(root(s), name, "s3:GetObject"); err != nil {
			t.Fatal(err)
		}
	}
	const path = "arn:aws:iam::aws:policy/platform/"
	user := func(name string, boundary *string) aws.Config {
		t.Helper()
		if _, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, PermissionsBoundary: boundary}); err != nil {
			t.Fatal(err)
		}
		k, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
		if err != nil {
			t.Fatal(err)
		}
		return config(s, *k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey, "")
	}
	reader, nobody := user("reader", nil), user("nobody", aws.String(path+"Boundary"))
	if _, err := admin.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("nobody"), PolicyArn: aws.String(path + "Attached")}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("reader"), PolicyName: aws.String("feeds"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"writ:ListCatalogEntries","Resource":"*"}}`)}); err != nil {
		t.Fatal(err)
	}
	ask := func(c *aws.Config, service, query string, presigned bool) (int, string) {
		t.Helper()
		r, err := http.NewRequest("GET", s.URL()+"/feeds/catalog.json"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c != nil {
			k, _ := c.Credentials.Retrieve(ctx)
			if presigned {
				values := r.URL.Query()
				values.Set("X-Amz-Expires", "604800")
				r.URL.RawQuery = values.Encode()
				url, _, err := v4.NewSigner().PresignHTTP(ctx, k, r, emptyHash, service, c.Region, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				return get(t, http.DefaultClient, url)
			}
			if err := v4.NewSigner().SignHTTP(ctx, k, r, emptyHash, service, c.Region, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	const query = "?attached=true&since=2026-01-01"
	for _, presigned := range []bool{false, true} {
		status, text := ask(&reader, "writ", query, presigned)
		if status != 200 {
			t.Fatalf("presigned %v: %d %s", presigned, status, text)
		}
		f, err := gofeed.NewParser().ParseString(text)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, item := range f.Items {
			got[strings.TrimPrefix(item.GUID, "tag:writ-iam,2026:"+path)] = true
		}
		if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"Attached@v1", "Boundary@v1"}) {
			t.Errorf("presigned %v: %v", presigned, names)
		}
		if strings.Contains(text, "X-Amz-") {
			t.Errorf("the feed repeats the signature: %s", text)
		}
		if status, text := ask(&nobody, "writ", query, presigned); status != 403 || !strings.Contains(text, "writ:ListCatalogEntries") || !strings.Contains(text, "AccessDenied") {
			t.Errorf("without permission, presigned %v: %d %s", presigned, status, text)
		}
		if status, text := ask(&reader, "iam", query, presigned); status != 403 || !strings.Contains(text, "correct service: 'writ'") {
			t.Errorf("signed for another service, presigned %v: %d %s", presigned, status, text)
		}
		k, _ := reader.Credentials.Retrieve(ctx)
		forged := config(s, k.AccessKeyID, "not the secret", "")
		if status, text := ask(&forged, "writ", query, presigned); status != 403 || !strings.Contains(text, "SignatureDoesNotMatch") {
			t.Errorf("forged, presigned %v: %d %s", presigned, status, text)
		}
	}
	if status, text := ask(nil, "", query, false); status != 403 || !strings.Contains(text, "sign the request") {
		t.Errorf("unsigned: %d %s", status, text)
	}
	if status, text := ask(nil, "", query+"&X-Amz-Signature=00", false); status != 403 || strings.Contains(text, "Attached@") {
		t.Errorf("badly signed: %d %s", status, text)
	}
	// A public feed needs no signature, and says nothing of accounts and of those who publish.
	if status, text := ask(nil, "", "?since=2026-01-01", false); status != 200 || strings.Contains(text, account) || !strings.Contains(text, "Unused@v1") {
		t.Errorf("public: %d", status)
	}
	log, err := os.ReadFile(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	denied, allowed := 0, 0
	for line := range strings.Lines(string(log)) {
		switch {
		case !strings.Contains(line, `"requestParameters":{"feed":"/feeds/catalog.json"}`):
		case !strings.Contains(line, `"eventName":"ListCatalogEntries"`):
			t.Error(line)
		case strings.Contains(line, `"errorCode"`):
			denied++
		default:
			allowed++
		}
	}
	if denied != 8 || allowed != 2 {
		t.Errorf("the audit log has %d denied and %d allowed calls", denied, allowed)
	}
	// The path is no place for anything else.
	if resp, err := http.Post(s.URL()+"/feeds/catalog.json", "text/plain", nil); err != nil || resp.StatusCode != 405 {
		t.Errorf("%v, %v", resp, err)
	}
}
