package server_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/store/storetest"
)

// The lines that a first start prints must be good for something, and the keys of another server, or of AWS, are not
// overwritten for it.
func TestAFirstStartDoesNotTakeAnothersCredentialsFile(t *testing.T) {
	file, log := filepath.Join(t.TempDir(), "credentials"), &bytes.Buffer{}
	theirs := "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
	if err := os.WriteFile(file, []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	c := server.Config{Account: account, RootCredentials: file, Log: slog.New(slog.NewTextHandler(log, nil))}
	if s, err := server.Start(t.Context(), c); err == nil {
		stop(t, s)
		t.Error("an ephemeral server took the file")
	} else if !strings.Contains(err.Error(), file) {
		t.Errorf("error %v", err)
	}
	c.Data = t.TempDir()
	if s, err := server.Start(t.Context(), c); err == nil {
		stop(t, s)
		t.Error("a server with a store took the file")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != theirs {
		t.Errorf("the file is now %q, %v", text, err)
	}

	// The account is there now. Its key may be elsewhere by intent, so that this is no error any more.
	s := start(t, c)
	if s.Root.SecretAccessKey == "" || !strings.Contains(log.String(), file) {
		t.Errorf("root %+v, log %q", s.Root, log)
	}
}

// serve is a process that serves what is in a folder.
func serve(args []string) error {
	s, err := server.Start(context.Background(), server.Config{Account: account, Data: args[0], PrivateWebhooks: true})
	if err != nil {
		return err
	}
	fmt.Println(s.URL(), s.Root.AccessKeyID, s.Root.SecretAccessKey)
	return <-s.Failed()
}

func TestAKilledServerLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	acknowledged := map[string]string{} // users' ids by name
	for round := range 3 {
		p := storetest.Start(t, "serve", dir)
		var url, id, secret string
		if _, err := fmt.Sscan(<-p.Lines, &url, &id, &secret); err != nil {
			t.Fatal(err)
		}
		c := configAt(url, id, secret, "")
		var writers sync.WaitGroup
		enough := make(chan struct{}, 1000)
		for w := range 8 {
			writers.Go(func() {
				client := iam.NewFromConfig(c)
				for i := 0; ; i++ {
					name := fmt.Sprintf("user-%d-%d-%d", round, w, i)
					out, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
					if err != nil {
						return // killed
					}
					mu.Lock()
					acknowledged[name] = *out.User.UserId
					mu.Unlock()
					select {
					case enough <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 100 {
			<-enough
		}
		p.Kill() // in the middle of some calls
		writers.Wait()
	}

	s := start(t, server.Config{Data: dir})
	found := map[string]string{}
	for p := iam.NewListUsersPaginator(iam.NewFromConfig(root(s)), &iam.ListUsersInput{}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			found[*u.UserName] = *u.UserId
		}
	}
	for name, id := range acknowledged {
		if found[name] != id {
			t.Errorf("%s was made as %s, and is %q", name, id, found[name])
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range acknowledged {
		if !bytes.Contains(log, []byte(`"userName":"`+name+`"`)) {
			t.Errorf("%s was made, and is not in the audit log", name)
		}
	}
	t.Logf("%d users were made before the kills", len(acknowledged))
}
