package server_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/storetest"
	"github.com/writ-iam/writ/internal/writapi"
)

// shopReference is a reference in which a shop has some operations that read.
func shopReference(operations ...string) writapi.UpdateServiceReferenceInput {
	return writapi.UpdateServiceReferenceInput{Name: "a test's", ServiceActions: map[string]map[string][]string{"shop": {"Read": operations}}}
}

// TestAnUpdateThatIsKilledIsCompletedByAnother: the server ends while the policies are made from a newer reference. The same update
// again makes those that were left, and none twice.
func TestAnUpdateThatIsKilledIsCompletedByAnother(t *testing.T) {
	const policies = 30
	dir := t.TempDir()
	p := storetest.Start(t, "serve", dir)
	var url, id, secret string
	if _, err := fmt.Sscan(<-p.Lines, &url, &id, &secret); err != nil {
		t.Fatal(err)
	}
	c := configAt(url, id, secret, "")
	if err := writ(c, "CreatePublisher", writapi.CreatePublisherInput{Name: "platform", Path: "/platform/"}, &writapi.CreatePublisherOutput{}); err != nil {
		t.Fatal(err)
	}
	if err := writ(c, "UpdateServiceReference", shopReference("GetOrder"), &writapi.UpdateServiceReferenceOutput{}); err != nil {
		t.Fatal(err)
	}
	for i := range policies {
		in := writapi.PublishManagedPolicyInput{Publisher: "platform", Name: fmt.Sprint("P", i), Rule: `{"AccessLevels":["Read"],"Services":["shop"]}`}
		if err := writ(c, "PublishManagedPolicy", in, &writapi.PublishManagedPolicyOutput{}); err != nil {
			t.Fatal(err)
		}
	}
	newer := shopReference("GetOrder", "GetInvoice")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = writ(c, "UpdateServiceReference", newer, &writapi.UpdateServiceReferenceOutput{}) // killed, most likely
	}()
	for out := (writapi.ListCatalogEntriesOutput{}); len(out.Entries) <= policies; {
		if err := writ(c, "ListCatalogEntries", writapi.ListCatalogEntriesInput{}, &out); err != nil {
			t.Fatal(err)
		}
	}
	p.Kill()
	<-ended
	s := start(t, server.Config{Data: dir})
	var shown writapi.GetServiceReferenceOutput
	var again writapi.UpdateServiceReferenceOutput
	var out writapi.ListCatalogEntriesOutput
	if err := writ(root(s), "UpdateServiceReference", newer, &again); err != nil || !again.Unchanged || len(again.Policies) != policies {
		t.Fatalf("%+v, %v", again, err)
	}
	if err := writ(root(s), "GetServiceReference", writapi.GetServiceReferenceInput{}, &shown); err != nil || len(shown.Policies) != policies {
		t.Fatalf("%+v, %v", shown, err)
	}
	for _, p := range shown.Policies {
		if !p.Current || p.VersionID != "v2" {
			t.Errorf("%+v", p)
		}
	}
	if err := writ(root(s), "ListCatalogEntries", writapi.ListCatalogEntriesInput{}, &out); err != nil || len(out.Entries) != 2*policies {
		t.Errorf("%d entries of %d policies, %v", len(out.Entries), policies, err)
	}
}

// TestAllNodesHaveTheReference that one of them was given.
func TestAllNodesHaveTheReference(t *testing.T) {
	cluster := storetest.NewCluster(t, 1)
	dir := t.TempDir()
	c := server.Config{
		Etcd: &store.Config{Endpoints: cluster.Endpoints()}, KeyFile: filepath.Join(dir, "master.key"),
		RootCredentials: filepath.Join(dir, "root-credentials"), AuditFile: filepath.Join(dir, "audit-1.jsonl"),
	}
	one := start(t, c)
	c.AuditFile = filepath.Join(dir, "audit-2.jsonl")
	two := start(t, c)
	var out writapi.UpdateServiceReferenceOutput
	if err := writ(root(one), "UpdateServiceReference", shopReference("GetOrder"), &out); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		var shown writapi.GetServiceReferenceOutput
		err := writ(root(two), "GetServiceReference", writapi.GetServiceReferenceInput{}, &shown)
		if err == nil && shown.Reference.Digest != out.Reference.Digest {
			err = fmt.Errorf("the other node has %+v", shown.Reference)
		}
		return err
	})
}
