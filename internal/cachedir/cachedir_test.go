package cachedir_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/writ-iam/writ/internal/cachedir"
)

func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatIsPutIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	d, err := cachedir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Get("abcd"); got != nil {
		t.Errorf("an empty directory has %q", got)
	}
	d.Put("abcd", []byte("one"))
	d.Put("abcd", []byte("two"))
	d.Put("abce", []byte("three"))
	again, err := cachedir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := again.Get("abcd"), again.Get("abce"); string(a) != "two" || string(b) != "three" || d.Err() != nil {
		t.Errorf("%q, %q, %v", a, b, d.Err())
	}
	if list := files(t, dir); len(list) != 2 {
		t.Errorf("files are left over: %q", list)
	}
}

// TestWritersAtOnce: a reader sees what one of the writers put, whole.
func TestWritersAtOnce(t *testing.T) {
	dir := t.TempDir()
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for _, c := range "abcdef" {
		d, err := cachedir.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		writers.Go(func() {
			for range 100 {
				d.Put("00ff", bytes.Repeat([]byte(string(c)), 10_000))
			}
			if err := d.Err(); err != nil {
				t.Error(err)
			}
		})
		readers.Go(func() {
			for {
				if data := d.Get("00ff"); data != nil && (len(data) != 10_000 || strings.Trim(string(data), string(data[0])) != "") {
					t.Errorf("a reader sees %d bytes of several", len(data))
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if list := files(t, dir); len(list) != 1 {
		t.Errorf("files are left over: %q", list)
	}
}

// TestWhereNothingCanBeWritten has a file where the directory would be, which hinders root, too.
func TestWhereNothingCanBeWritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := cachedir.Open(filepath.Join(file, "cache")); err == nil {
		t.Error("a file is taken for a directory")
	}
	d, err := cachedir.Open(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cache", "ab"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	d.Put("abcd", []byte("x"))
	if d.Get("abcd") != nil || d.Err() == nil {
		t.Errorf("kept %q, error %v", d.Get("abcd"), d.Err())
	}
}
