package member_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/store/member"
	"github.com/writ-iam/writ/internal/store/storetest"
)

// load runs a member in the folder and writes as fast as it can, from several goroutines. What was acknowledged, it
// prints: the key and the revision.
func load(args []string) error {
	ctx := context.Background()
	s, err := member.Start(ctx, member.Config{Dir: args[0]})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%s/%d/%d", args[1], w, i)
				rev, err := s.Update(ctx, func(tx store.Txn) error {
					tx.Put(key, []byte(key))
					tx.Put("last/"+strconv.Itoa(w), []byte(key))
					return nil
				})
				if err != nil {
					failed <- err
					return
				}
				fmt.Printf("%s %d\n", key, rev)
			}
		}()
	}
	return <-failed
}

func TestKilledMemberLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]store.Revision{}
	for round := range 3 {
		p := storetest.Start(t, "load", dir, fmt.Sprint("round", round))
		n := 0
		for line := range p.Lines { // to the end: what was printed before the kill counts
			var key string
			var rev store.Revision
			if _, err := fmt.Sscanf(line, "%s %d", &key, &rev); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			acknowledged[key] = rev
			if n++; n == 200*(round+1) {
				p.Kill()
			}
		}
		if n == 0 {
			t.Fatal("the process acknowledged nothing")
		}
		s := start(t, member.Config{Dir: dir})
		stored := map[string]store.Record{}
		if err := s.View(context.Background(), 0, func(r store.Reader) error {
			for record, err := range r.List("") {
				if err != nil {
					return err
				}
				stored[record.Key] = record
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for key, rev := range acknowledged {
			if r := stored[key]; string(r.Value) != key || r.Revision != rev {
				t.Errorf("round %d: %s, acknowledged at %d, is %q at %d", round, key, rev, r.Value, r.Revision)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
