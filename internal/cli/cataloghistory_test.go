package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/cli"
)

// TestAnAuditThatIsStoppedGoesOn stops an audit as soon as it has kept something, and runs it again.
func TestAnAuditThatIsStoppedGoesOn(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	args := []string{"catalog", "audit", "--policy", "AmazonECS_FullAccess", "--policy", "AmazonEKSServicePolicy", "--cache"}
	kept := func() int {
		files, err := filepath.Glob(filepath.Join(cache, "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	var out, errs bytes.Buffer
	if status := cli.Run(stopped, append(args, cache), nil, &out, &errs); status != 2 || out.Len() > 0 ||
		!regexp.MustCompile(`^writ: stopped after 0 of \d+ updates; the same command goes on from there\n$`).Match(errs.Bytes()) {
		t.Errorf("stopped at once: status %d, %q, %q", status, out.String(), errs.String())
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan struct{})
	go func() {
		defer stop()
		for kept() == 0 {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	out.Reset()
	errs.Reset()
	status := cli.Run(ctx, append(args, cache), nil, &out, &errs)
	close(done)
	if stopped := status == 2 && strings.HasPrefix(errs.String(), "writ: stopped after "); !stopped && (status == 2 || errs.Len() > 0) {
		t.Errorf("status %d, %q", status, errs.String())
	}
	if kept() == 0 {
		t.Error("nothing was kept")
	}
	_, whole, _ := run(t, "", append(args, cache)...)
	all := kept()
	_, fresh, _ := run(t, "", append(args, filepath.Join(t.TempDir(), "other"))...)
	if whole != fresh || !strings.Contains(whole, " updates of 2 policies ") {
		t.Errorf("after a stop:\n%s\nat once:\n%s", whole, fresh)
	}
	if _, again, _ := run(t, "", append(args, cache)...); again != whole || kept() != all {
		t.Errorf("again, with %d results and not %d:\n%s", kept(), all, again)
	}
	// What cannot be kept is said, and does not change the answer.
	full := filepath.Join(t.TempDir(), "full")
	if err := os.Mkdir(full, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, first := range "0123456789abcdef" { // a file where each directory of results would be
		for _, second := range "0123456789abcdef" {
			if err := os.WriteFile(filepath.Join(full, string(first)+string(second)), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	status, text, notice := run(t, "", append(args, full)...)
	if text != whole || status == 2 || !strings.HasPrefix(notice, "writ: results are not kept: ") || strings.Count(notice, "\n") != 1 {
		t.Errorf("where nothing can be kept: status %d, %q\n%s", status, notice, text)
	}
}
